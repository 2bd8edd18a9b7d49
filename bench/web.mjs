#!/usr/bin/env node
// How fast the pages are: `name value unit`, one a line. usage: web.mjs SHOUHU [ROWS], from the top of the tree, after
// tools/web.sh. ROWS (1,000,000) findings are the seeded city's, multiplied.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
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
const FIRSTS = 7 // first pages
const FIGURES = 4 // of the first page of an auditor
const ROUNDS = 20 // of all pages: a path's 95th of a hundred is then not its worst

/** Findings of run r1 again and again under other ids, as run `big`; the desk's tables as src/gate/desk.c makes them. */
async function multiply(lake, rows) {
  const duckdb = createRequire(import.meta.url)('../third_party/duckdb/node_modules/@duckdb/node-bindings-linux-x64/duckdb.node')
  const connection = await duckdb.connect(await duckdb.open(':memory:'))
  const [from, to] = [`${lake}/audits/r1`, `${lake}/audits/big`]
  mkdirSync(to)
  copyFileSync(`${from}/run.json`, `${to}/run.json`)
  const copy = (what, file, form) => duckdb.query(connection, `copy (${what}) to '${to}/${file}.parquet' (format parquet, ${form})`)
  const many = file => `select * replace (substr(md5(f.id || k.range), 1, 32) as id, (counted + (k.range % 997) / 100.0)::decimal(18,2) as counted)
    from read_parquet('${from}/${file}.parquet') f, range(0, (select ${rows} // count(*) + 1 from read_parquet('${from}/${file}.parquet'))) k`
  await copy(`${many('findings')} order by rule, id limit ${rows}`, 'findings', 'compression zstd, row_group_size 65536')
  await duckdb.query(connection, `create table desk as ${many('desk-money')} limit ${rows}`)
  for (const [desk, order] of [['money', 'counted desc, id'], ['day', 'day_key, id'], ['rule', 'rule, id'], ['institution', 'institution_key, id']])
    await copy(`from desk order by ${order}`, `desk-${desk}`, 'compression lz4_raw, row_group_size 10240')
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

/** Processor time so far, in ticks: of the whole machine, and of what this program started. */
function spent() {
  const all = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1, 9).map(Number)
  const processes = readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(id => {
    try {
      const [before, after] = readFileSync(`/proc/${id}/stat`, 'utf8').split(/\) (?=[^)]*$)/)
      const of = after.split(' ').map(Number)
      return [{ id: parseInt(before), parent: of[1], ticks: of[11] + of[12] + of[13] + of[14] }] // with its children that ended
    } catch {
      return [] // ended while it was looked at
    }
  })
  const mine = new Set([process.pid])
  for (let n = 0; n !== mine.size; ) {
    n = mine.size
    for (const one of processes) if (mine.has(one.parent)) mine.add(one.id)
  }
  const own = processes.filter(one => mine.has(one.id)).reduce((sum, one) => sum + one.ticks, 0)
  return { all: all.reduce((a, b) => a + b), busy: all.reduce((a, b) => a + b) - all[3] - all[4], own }
}
const OTHERS_MAX = 0.1 // share of the machine that others may take while a page loads
/** What `load` finds, and whether nobody else used the machine meanwhile: a time by the clock tells of the pages only then. */
async function watched(load) {
  const before = spent()
  const found = await load()
  const after = spent()
  const others = (after.busy - before.busy - (after.own - before.own)) / (after.all - before.all)
  return { found, isAlone: others <= OTHERS_MAX }
}

// The first page with an empty cache and a processor slowed four times, until its figures are painted. The page itself notes
// when: asking it from outside would cost it time, four times as much.
const firsts = []
const tasks = []
async function firstPage() {
  const page = await office.page(browser, auditor)
  const devtools = await page.context().newCDPSession(page)
  const thread = await threadOf(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await page.addInitScript(() => {
    window.figures = { n: 0, at: 0 }
    new MutationObserver(() => {
      const n = document.querySelectorAll('.figures b').length
      if (n === window.figures.n) return
      window.figures.n = n
      requestAnimationFrame(() => setTimeout(() => (window.figures.at = performance.now())))
    }).observe(document, { childList: true, subtree: true })
  })
  await page.to('/work')
  await page.settled()
  const found = { ...(await page.evaluate(() => window.figures)), thread: await thread() }
  await page.context().close()
  return found
}
for (let i = 0; i < FIRSTS; i++) {
  const { found, isAlone } = await watched(firstPage)
  if (found.n < FIGURES) throw new Error(`the first page has ${found.n} figures`)
  firsts.push({ ms: found.at, isAlone })
  tasks.push(found.thread)
}
/** As the machine was, and of the times nobody else used it; how many those are. */
function sayTimes(name, all, share) {
  const alone = all.filter(one => one.isAlone)
  say(name, at(all.map(one => one.ms), share), 'ms')
  if (alone.length) say(`${name.replace(/_ms$/, '')}_alone_ms`, at(alone.map(one => one.ms), share), 'ms')
  say(`${name.replace(/_ms$/, '')}_alone_n`, `${alone.length}/${all.length}`, 'times')
}
sayTimes('web_first_page_cpu4x_ms', firsts, 0.5)
say('web_first_page_thread_ms', median(tasks), 'ms')

// Every request the pages make over the seeded city: as the page sees it, until its first byte, and by the server's own log.
const paths = ['/work', '/findings', '/review', '/matters', '/registers', '/registers/bodies', '/rules', '/rules/service-frequency', '/knowledge', '/glance', '/admin/jobs', '/account']
const asked = []
async function requestsOf(path) {
  const page = await office.page(browser, path === '/review' ? reviewer : auditor)
  await page.to(path)
  await page.settled()
  const found = await page.evaluate(() => performance.getEntriesByType('resource').filter(one => one.name.includes('/api/')).map(one => ({ path: new URL(one.name).pathname, ms: one.responseEnd - one.requestStart, first: one.responseStart - one.requestStart })))
  await page.context().close()
  return found
}
for (let i = 0; i < ROUNDS; i++)
  for (const path of paths) {
    const { found, isAlone } = await watched(() => requestsOf(path))
    asked.push(...found.map(one => ({ ...one, isAlone })))
  }
sayTimes('web_requests_p95_ms', asked, 0.95)
const slow = new Map()
for (const one of asked) slow.set(one.path, [...(slow.get(one.path) ?? []), one])
const p95 = (of, what) => at(of.map(one => one[what]), 0.95)
for (const [path, of] of [...slow].sort((a, b) => p95(b[1], 'ms') - p95(a[1], 'ms'))) {
  const alone = of.filter(one => one.isAlone)
  say(`web_request_p95_ms ${path}`, p95(of, 'ms'), 'ms')
  say(`web_request_first_byte_p95_ms ${path}`, p95(of, 'first'), 'ms')
  if (alone.length) say(`web_request_alone_p95_ms ${path}`, p95(alone, 'ms'), 'ms')
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
const PAGES = 40 // of each order
async function walk(query) {
  const pages = []
  const began = ticks()
  for (let after = ''; pages.length < PAGES && after !== null; ) {
    const { ms, answer } = await timed(`/runs/big/findings?${query}&limit=200${after ? `&after=${encodeURIComponent(after)}` : ''}`)
    pages.push(ms)
    after = answer.next
  }
  say(`web_findings_page_p95_ms ${query}`, at(pages, 0.95), 'ms')
  say(`web_findings_page_cpu_ms ${query}`, (ticks() - began) / pages.length, 'ms')
}
const most = (await auditor.get('/runs/big/groups?by=rule')).items.reduce((a, b) => (b.findings > a.findings ? b : a)).key
for (const sort of ['-money', 'money', 'day', '-day', 'rule', '-rule', 'institution', '-institution']) await walk(`sort=${sort}`)
for (const filter of [`rule=${most}`, 'amount_min=10&amount_max=60', 'q=%E6%AC%A1']) for (const sort of ['-money', '-rule']) await walk(`sort=${sort}&${filter}`)
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
