// Every text a person reads stands in both message files, says the same {values}, and is used; no page holds text of
// its own. A missing key also fails the type check; this finds the rest. Prints each fault, exits 1 when there is one.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const src = new URL('../src/', import.meta.url).pathname
const faults = []
const entry = /^  '?([\w.\-]+)'?:\s*(['"`])((?:\\.|(?!\2).)*)\2,?\s*$/

function messages(file) {
  const found = new Map()
  readFileSync(join(src, 'text', file), 'utf8').split('\n').forEach((line, i) => {
    const m = entry.exec(line)
    if (!m) {
      if (/^  \S/.test(line) && !/^  \/\//.test(line)) faults.push(`${file}:${i + 1}: not one message a line`)
      return
    }
    if (found.has(m[1])) faults.push(`${file}:${i + 1}: ${m[1]} stands twice`)
    found.set(m[1], m[3])
  })
  return found
}
const zh = messages('zh-CN.ts')
const en = messages('en.ts')
const values = text => (text.match(/\{\w+\}/g) ?? []).sort().join()
for (const [key, text] of zh) {
  if (!en.has(key)) faults.push(`en.ts: ${key} is missing`)
  else if (values(en.get(key)) !== values(text)) faults.push(`en.ts: ${key} names other values than zh-CN.ts`)
}
for (const key of en.keys()) if (!zh.has(key)) faults.push(`zh-CN.ts: ${key} is missing`)

const sources = []
function walk(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) walk(path)
    else if (/\.(vue|ts)$/.test(name) && !path.includes('/text/') && !name.endsWith('.d.ts')) sources.push(path)
  }
}
walk(src)
let all = ''
for (const path of sources) {
  const text = readFileSync(path, 'utf8')
  all += text
  text.split('\n').forEach((line, i) => {
    const code = line.replace(/\/\/.*$|<!--.*?-->|\/\*.*?\*\//g, '')
    if (/[\u3400-\u9fff]/.test(code)) faults.push(`${path.slice(src.length)}:${i + 1}: text outside the message files`)
  })
}
// Keys may be built from a prefix: t(`level.${x}`), word('level', x).
const prefixes = [...all.matchAll(/`([\w.\-]+\.)\$\{/g)].map(m => m[1]).concat([...all.matchAll(/\bword\('(\w+)'/g)].map(m => m[1] + '.'))
for (const key of zh.keys())
  if (!all.includes(`'${key}'`) && !all.includes(`"${key}"`) && !prefixes.some(p => key.startsWith(p)))
    faults.push(`zh-CN.ts: ${key} is used nowhere`)

for (const fault of faults) console.error(fault)
if (faults.length) process.exit(1)
console.log(`${zh.size} messages in two languages`)
