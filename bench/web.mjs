#!/usr/bin/env node
// How fast the pages are: `name value unit`, one a line. usage: web.mjs SHOUHU [ROWS], from the top of the tree, after
// tools/web.sh. ROWS (1,000,000) findings are the seeded city's, multiplied.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Office, openBrowser } from '../web/tests/office.mjs'

const [program, many = '1000000'] = process.argv.slice(2)
if (!program) {
  console.error('usage: web.mjs SHOUHU [ROWS]')
  process.exit(2)
}
const say = (name, value, unit) => console.log(`${name} ${typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : value} ${unit}`)
const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]
const median = values => at(values, 0.5)

/** Findings of run r1 again and again under other ids, as run `big`; the desk's table as src/gate/desk.c makes it. */
async function multiply(lake, rows) {
  const duckdb = createRequire(import.meta.url)('../third_party/duckdb/node_modules/@duckdb/node-bindings-linux-x64/duckdb.node')
  const connection = await duckdb.connect(await duckdb.open(':memory:'))
  const [from, to] = [`${lake}/audits/r1`, `${lake}/audits/big`]
  mkdirSync(to)
  copyFileSync(`${from}/run.json`, `${to}/run.json`)
  for (const [file, order, groups] of [['findings', 'rule, id', 65536], ['desk', 'counted desc, id', 10240]])
    await duckdb.query(connection, `copy (select * replace (substr(md5(f.id || k.range), 1, 32) as id, (counted + (k.range % 997) / 100.0)::decimal(18,2) as counted)
      from read_parquet('${from}/${file}.parquet') f, range(0, (select ${rows} // count(*) + 1 from read_parquet('${from}/${file}.parquet'))) k
      order by ${order} limit ${rows}) to '${to}/${file}.parquet' (format parquet, compression ${file === 'desk' ? 'lz4_raw' : 'zstd'}, row_group_size ${groups})`)
}

const office = new Office(resolve(program))
office.city(800)
await office.open()
await office.body('ag1', 'agency', '虚构市医保中心')
const auditor = await office.hire('auditor', 'ag1', 'agency.auditor')
const reviewer = await office.hire('reviewer', 'ag1', 'agency.reviewer')
office.run('findings', 'load', '--data', office.data, '--lake', office.lake, '--run', 'r1', '--body', 'ag1', '--actor', reviewer.id)
const browser = await openBrowser()

/** Processor time of the page's own thread so far, ms: what a busy machine hardly moves. */
async function threadOf(page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => 1000 * (await devtools.send('Performance.getMetrics')).metrics.find(one => one.name === 'TaskDuration').value
}

// The first page with an empty cache and a processor slowed four times, until its figures are there.
const firsts = []
const tasks = []
for (let i = 0; i < 5; i++) {
  const page = await office.page(browser, auditor)
  const devtools = await page.context().newCDPSession(page)
  const thread = await threadOf(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await page.to('/work')
  await page.locator('.figures b').last().waitFor()
  firsts.push(await page.evaluate(() => performance.now()))
  tasks.push(await thread())
  await page.context().close()
}
say('web_first_page_cpu4x_ms', median(firsts), 'ms')
say('web_first_page_thread_ms', median(tasks), 'ms')

// Every request the pages make over the seeded city: as the page sees it, until its first byte, and by the server's own log.
const paths = ['/work', '/findings', '/review', '/matters', '/registers', '/registers/bodies', '/rules', '/rules/service-frequency', '/knowledge', '/glance', '/admin/jobs', '/account']
const asked = []
const ROUNDS = 5
for (let i = 0; i < ROUNDS; i++)
  for (const path of paths) {
    const page = await office.page(browser, path === '/review' ? reviewer : auditor)
    await page.to(path)
    await page.settled()
    asked.push(...(await page.evaluate(() => performance.getEntriesByType('resource').filter(one => one.name.includes('/api/')).map(one => ({ path: new URL(one.name).pathname, ms: one.responseEnd - one.requestStart, first: one.responseStart - one.requestStart })))))
    await page.context().close()
  }
say('web_requests_p95_ms', at(asked.map(one => one.ms), 0.95), 'ms')
const slow = new Map()
for (const one of asked) slow.set(one.path, [...(slow.get(one.path) ?? []), one])
const p95 = (of, what) => at(of.map(one => one[what]), 0.95)
for (const [path, of] of [...slow].sort((a, b) => p95(b[1], 'ms') - p95(a[1], 'ms')).slice(0, 8)) {
  say(`web_request_p95_ms ${path}`, p95(of, 'ms'), 'ms')
  say(`web_request_first_byte_p95_ms ${path}`, p95(of, 'first'), 'ms')
}
const logged = [...readFileSync(join(office.dir, 'log'), 'utf8').matchAll(/ route="\/api\/[^"]*" status=\d+ ms=(\d+)/g)].slice(-asked.length).map(m => Number(m[1]))
say('web_requests_server_p95_ms', at(logged, 0.95), 'ms')
say('web_requests_server_max_ms', at(logged, 1), 'ms')

// Processor time of the server alone, which a busy machine hardly moves.
const ticks = () => {
  const [user, system] = readFileSync(`/proc/${office.process.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13)
  return 10 * (Number(user) + Number(system))
}
async function cpu(path, person = auditor, times = 20) {
  const began = ticks()
  for (let i = 0; i < times; i++) await person.get(path)
  say(`web_request_cpu_ms ${path}`, (ticks() - began) / times, 'ms')
}
for (const path of ['/session', '/runs', '/runs/r1/totals', '/runs/r1/groups?by=rule', '/runs/r1/findings?sort=-money&limit=200', '/rules', '/work', '/funnel', '/items?limit=200']) await cpu(path)

// A million findings: pages by keyset wherever one is, in every order, the sums beside them, and the table under the wheel.
await multiply(office.lake, many)
const timed = async path => {
  const began = performance.now()
  const answer = await auditor.get(path)
  return { ms: performance.now() - began, answer }
}
const pages = []
let after = ''
for (let i = 0; i < 20; i++) {
  const { ms, answer } = await timed(`/runs/big/findings?sort=-money&limit=200${after ? `&after=${encodeURIComponent(after)}` : ''}`)
  pages.push(ms)
  after = answer.next
}
say('web_findings_page_p95_ms', at(pages, 0.95), 'ms')
for (const sort of ['-money', 'money', 'day', 'rule', 'institution', 'id']) await cpu(`/runs/big/findings?sort=${sort}&limit=200`, auditor, 5)
await cpu('/runs/big/findings?sort=-money&limit=200&q=%E6%AC%A1', auditor, 5)
await cpu('/runs/big/totals', auditor, 5)
say('web_findings_totals_ms', median((await Promise.all([0, 1, 2].map(() => timed('/runs/big/totals')))).map(one => one.ms)), 'ms')
const page = await office.page(browser, auditor)
await page.to('/findings?run=big')
await page.getByRole('grid').locator('.body').first().waitFor()
await page.settled()
const FRAMES = 240
const thread = await threadOf(page)
const before = await thread()
const frames = await page.evaluate(async n => {
  const box = document.querySelector('.box')
  const gaps = []
  let last = performance.now()
  for (let i = 0; i < n; i++) {
    box.scrollTop += 400
    await new Promise(done => requestAnimationFrame(done))
    gaps.push(performance.now() - last)
    last = performance.now()
  }
  return { gaps, rows: document.querySelectorAll('.box .body').length }
}, FRAMES)
say('web_scroll_frame_thread_ms', ((await thread()) - before) / FRAMES, 'ms')
say('web_scroll_frame_p95_ms', at(frames.gaps, 0.95), 'ms')
say('web_scroll_rows_drawn', frames.rows, 'rows')
await browser.close()
office.close()
