// A package of evidence (docs/journal.md), read and verified in this browser: each part against its hash, the chain
// over all of them, the whole and the list of findings against what the record says.
import type { Schema } from '@/api/client'
import { bytes, hex, sm3 } from '@/parts/proof'

export interface Part {
  name: string
  kind: string
  bytes: number
  good: boolean
  text: string
}
export interface Verdict {
  parts: Part[]
  /** part at which the file can be read no further; -1: it was read to its end */
  brokenAt: number
  isWhole: boolean
  isList: boolean
  previous: string
}
const HEAD = 'shouhu-evidence 1\n'
const LINE_MAX = 4096
const TEXT_MAX = 200_000 // shown on the page; the file has it whole
const asText = (of: Uint8Array) => new TextDecoder().decode(of)

/** The line at `at` without its end, or null when there is none. */
function lineAt(file: Uint8Array, at: number): string | null {
  const end = file.subarray(at, at + LINE_MAX).indexOf(10)
  return end < 0 ? null : asText(file.subarray(at, at + end))
}
function linked(chain: string, is: Uint8Array, name: string): string {
  return hex(sm3(new Uint8Array([...bytes(chain), ...is, ...new TextEncoder().encode(name)])))
}
const breath = () => new Promise(resolve => setTimeout(resolve))

export async function verify(file: Uint8Array, record: Schema['Evidence']): Promise<Verdict> {
  const out: Verdict = { parts: [], brokenAt: 0, isWhole: hex(sm3(file)) === record.hash, isList: false, previous: '' }
  if (asText(file.subarray(0, HEAD.length)) !== HEAD) return out
  let at = HEAD.length
  let chain = ''
  for (;;) {
    const line = lineAt(file, at)
    if (line === 'end' && at + 4 === file.length) break
    const found = /^part (\d+) ([0-9a-f]{64}) ([0-9a-f]{64}) (.+)$/.exec(line ?? '')
    if (!line || !found) return { ...out, brokenAt: out.parts.length }
    const [, length, hash, next, name] = found as unknown as [string, string, string, string, string]
    const start = at + new TextEncoder().encode(line).length + 1
    const content = file.subarray(start, start + Number(length))
    const is = sm3(content)
    if (name === 'about' && !out.parts.length) chain = (out.previous = previousOf(content)) || '0'.repeat(64)
    if (name === 'list') out.isList = hex(is) === record.list
    chain = linked(chain, is, name)
    out.parts.push({ name, kind: name.split('/')[0]!, bytes: content.length, good: hex(is) === hash && chain === next, text: asText(content.subarray(0, TEXT_MAX)) })
    at = start + content.length + 1
    if (out.parts.length % 20 === 0) await breath()
  }
  return { ...out, brokenAt: -1 }
}
function previousOf(about: Uint8Array): string {
  try {
    return String((JSON.parse(asText(about)) as { previous?: string }).previous ?? '')
  } catch {
    return '' // its hash tells what is wrong with it
  }
}
