// After the build: writes NAME.gz beside every text file, and fails when the first load has grown over its budget.
import { readFileSync, readdirSync, statSync, writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url).pathname
const FIRST_LOAD_MAX = 350_000 // bytes of JavaScript, gzip, before the first page can be used
const PAGE_MAX = 400_000 // the heaviest page alone: the one with charts

const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'))
const sizes = new Map()
function compress(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) {
      compress(path)
    } else if (/\.(js|css|html|svg|json)$/.test(name)) {
      const packed = gzipSync(readFileSync(path), { level: 9 })
      sizes.set(path.slice(dist.length), packed.length)
      writeFileSync(path + '.gz', packed)
    }
  }
}
rmSync(join(dist, '.vite'), { recursive: true })
compress(dist)

function load(key, seen = new Set()) {
  const chunk = manifest[key]
  if (!chunk || seen.has(chunk.file)) return 0
  seen.add(chunk.file)
  return (chunk.imports ?? []).reduce((sum, next) => sum + load(next, seen), sizes.get(chunk.file) ?? 0)
}
const entry = Object.keys(manifest).find(key => manifest[key].isEntry)
const shared = new Set()
/** Scripts the page itself names, that of the bundle among them. */
const named = [...readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/<script[^>]*\ssrc="\/([^"]+)"/g)].map(found => found[1])
const beside = named.filter(file => file !== manifest[entry].file)
const unknown = beside.filter(file => !sizes.has(file))
if (unknown.length) throw new Error(`index.html loads ${unknown}, which is not in the build`)
const first = load(entry, shared) + beside.reduce((sum, file) => sum + sizes.get(file), 0)
console.log(`first load: ${(first / 1000).toFixed(1)} kB of JavaScript (gzip, with ${beside.join(', ') || 'nothing beside'}), at most ${FIRST_LOAD_MAX / 1000}`)
let failed = first > FIRST_LOAD_MAX
for (const key of Object.keys(manifest).filter(key => manifest[key].isDynamicEntry)) {
  const bytes = load(key, new Set(shared))
  if (bytes > PAGE_MAX) {
    console.error(`${key}: ${(bytes / 1000).toFixed(0)} kB of JavaScript, at most ${PAGE_MAX / 1000}`)
    failed = true
  }
}
if (failed) process.exit(1)
