// Checks that a page makes itself, so that it does not take the server's word for it: SM3 (GB/T 32905), written apart
// from the server's; whether one head of the journal continues another (RFC 6962 section 2.1.2).

const IV = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e]
const rotate = (x: number, n: number) => ((x << (n & 31)) | (x >>> (32 - (n & 31)))) >>> 0
const p0 = (x: number) => (x ^ rotate(x, 9) ^ rotate(x, 17)) >>> 0
const p1 = (x: number) => (x ^ rotate(x, 15) ^ rotate(x, 23)) >>> 0

function compress(v: number[], block: DataView): void {
  const w = new Array<number>(68).fill(0)
  for (let i = 0; i < 16; i++) w[i] = block.getUint32(4 * i)
  for (let i = 16; i < 68; i++)
    w[i] = (p1((w[i - 16]! ^ w[i - 9]! ^ rotate(w[i - 3]!, 15)) >>> 0) ^ rotate(w[i - 13]!, 7) ^ w[i - 6]!) >>> 0
  let [a, b, c, d, e, f, g, h] = v as [number, number, number, number, number, number, number, number]
  for (let j = 0; j < 64; j++) {
    const t = j < 16 ? 0x79cc4519 : 0x7a879d8a
    const ss1 = rotate((rotate(a, 12) + e + rotate(t, j)) >>> 0, 7)
    const ss2 = (ss1 ^ rotate(a, 12)) >>> 0
    const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c)
    const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g)
    const tt1 = (ff + d + ss2 + (w[j]! ^ w[j + 4]!)) >>> 0
    const tt2 = (gg + h + ss1 + w[j]!) >>> 0
    ;[d, c, b, a] = [c, rotate(b, 9), a, tt1]
    ;[h, g, f, e] = [g, rotate(f, 19), e, p0(tt2)]
  }
  ;[a, b, c, d, e, f, g, h].forEach((x, i) => (v[i] = (v[i]! ^ x) >>> 0))
}

export function sm3(message: Uint8Array): Uint8Array {
  const length = Math.ceil((message.length + 9) / 64) * 64
  const padded = new Uint8Array(length)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(length - 8, Math.floor(message.length / 0x20000000))
  view.setUint32(length - 4, (message.length << 3) >>> 0)
  const v = [...IV]
  for (let at = 0; at < length; at += 64) compress(v, new DataView(padded.buffer, at, 64))
  const out = new DataView(new ArrayBuffer(32))
  v.forEach((x, i) => out.setUint32(4 * i, x))
  return new Uint8Array(out.buffer)
}

export const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16))
export const hex = (of: Uint8Array) => [...of].map(byte => byte.toString(16).padStart(2, '0')).join('')
export function node(left: string, right: string): string {
  return hex(sm3(new Uint8Array([1, ...bytes(left), ...bytes(right)])))
}

/** Does the tree of `to` leaves with root `newRoot` begin with that of `from` leaves and `oldRoot`? 0 < from < to. */
export function continues(from: number, oldRoot: string, to: number, newRoot: string, proof: string[]): boolean {
  const hashes = [...proof]
  let at = from - 1
  let last = to - 1
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  let old = at > 0 ? hashes.shift() : oldRoot
  let now = old
  if (!old || !now) return false
  while (at > 0 || last > 0) {
    if (at % 2 === 1 || at === last) {
      if (at > 0) {
        const sister = hashes.shift()
        if (!sister) return false
        old = node(sister, old)
        now = node(sister, now)
        while (at % 2 === 0 && at > 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
      }
    } else {
      const sister = hashes.shift()
      if (!sister) return false
      now = node(now, sister)
    }
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return !hashes.length && old === oldRoot.toLowerCase() && now === newRoot.toLowerCase()
}
