// A server over a fresh directory and people who work in it, for tests and pictures of the pages.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const NEW_PASSWORD = 'Harbour-4711-lamp'
const COOKIE = '__Host-shouhu'
/** Longest wait for something that comes: a server with sanitizers on a busy machine is thirty times slower than ours. */
const PATIENCE_MS = Number(process.env.SHOUHU_WEB_PATIENCE_MS ?? 180_000)

/** A one-time code (RFC 6238), written apart from the program. A code is taken once and counts from the step before its
 * own to the step after: one binds with this step's (good for 30 s at least), then signs in with the next's (60 s). */
export function factor(secret, step = 0, now = Date.now()) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map(c => letters.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30000) + step))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = mac[mac.length - 1] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0')
}

export class Person {
  constructor(office, login) {
    Object.assign(this, { office, login, cookie: '', csrf: '', secret: '', id: '' })
  }
  async ask(method, path, body, headers = {}) {
    const response = await fetch(`${this.office.url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.cookie ? { Cookie: `${COOKIE}=${this.cookie}` } : {}),
        ...(this.csrf ? { 'X-CSRF-Token': this.csrf } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const cookie = /__Host-shouhu=([^;]*)/.exec(response.headers.get('set-cookie') ?? '')
    if (cookie) this.cookie = cookie[1]
    const text = await response.text()
    const json = text && (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : null
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    if (json?.csrf) this.csrf = json.csrf
    return json
  }
  get(path) {
    return this.ask('GET', path)
  }
  post(path, body = {}, headers = {}) {
    return this.ask('POST', path, body, headers)
  }
  /** First sign-in: the password is changed, the second factor set up. */
  async settle(initial) {
    await this.post('/session', { login: this.login, password: initial })
    await this.post('/session/password', { old: initial, new: NEW_PASSWORD })
    this.secret = (await this.post('/session/factor')).secret
    this.id = (await this.post('/session/factor', { code: factor(this.secret, 0, this.office.now()) })).person
    return this
  }
  /** Another sign-in, on another day: the clock was set on. */
  async back() {
    this.cookie = this.csrf = ''
    await this.post('/session', { login: this.login, password: NEW_PASSWORD, code: factor(this.secret, 0, this.office.now()) })
    return this
  }
}

export class Office {
  constructor(shouhu, options = {}) {
    this.shouhu = shouhu
    this.lake = options.lake ?? ''
    this.clock = options.clock ?? '' // "2026-03-02 09:00:00" where the office is, standing still; "": that of the machine
    this.dir = mkdtempSync(join(tmpdir(), 'shouhu-web-'))
    this.data = join(this.dir, 'data')
  }
  get env() {
    return { ...process.env, SHOUHU_LANG: 'en', ...(this.clock ? { SHOUHU_CLOCK: this.clock } : {}) }
  }
  now() {
    return this.clock ? Date.parse(`${this.clock.replace(' ', 'T')}+08:00`) : Date.now()
  }
  run(...args) {
    return execFileSync(this.shouhu, args, { encoding: 'utf8', env: this.env })
  }
  /** The same office at another time. Sessions end with the server: people come back. */
  async at(clock) {
    this.clock = clock
    this.process.removeAllListeners('exit')
    const over = new Promise(resolve => this.process.once('exit', resolve))
    this.process.kill('SIGTERM')
    await over
    await this.start()
  }
  add(login, role, name = '张三') {
    const text = this.run('user', 'add', '--data', this.data, '--login', login, '--name', name, '--role', role, '--body', 'gov',
      '--body-name', '虚构市医疗保障局', '--body-kind', 'bureau', '--place', '990100')
    return /: (\S+)\s*$/.exec(text)[1]
  }
  /** A small city with its findings, made once for a process. */
  city(persons = 300) {
    this.lake = join(this.dir, 'lake')
    const city = join(this.dir, 'city')
    this.run('synth', '--persons', String(persons), '--months', '3', '--seed', '1', '--plant', '0.05', '--out', city)
    const files = execFileSync('sh', ['-c', `ls ${city}/*.csv`], { encoding: 'utf8' }).trim().split('\n')
    this.run('import', '--lake', this.lake, '--mapping', 'national', '--quiet', ...files)
    try {
      this.run('audit', '--lake', this.lake, '--place', '990100', '--run', 'r1', '--quiet')
    } catch (error) {
      if (error.status !== 10) throw error // 10: there are findings
    }
  }
  async open() {
    const [admin, boss] = [this.add('admin', 'admin.users', '王管理'), this.add('boss', 'security.approver', '赵审批')]
    await this.start()
    this.admin = await new Person(this, 'admin').settle(admin)
    this.boss = await new Person(this, 'boss').settle(boss)
    return this
  }
  start() {
    const log = openSync(join(this.dir, 'log'), 'a')
    const args = ['serve', '--listen', '127.0.0.1:0', '--data', this.data, ...(this.lake ? ['--lake', this.lake] : [])]
    this.process = spawn(this.shouhu, args, { stdio: ['ignore', 'pipe', log], env: this.env })
    return new Promise((resolve, reject) => {
      let said = ''
      this.process.stdout.on('data', bytes => {
        said += bytes
        const at = /http:\/\/(\S+)\s/.exec(said)
        if (at) resolve((this.url = `http://${at[1]}`))
      })
      this.process.on('exit', code => reject(new Error(`the server ended (${code}): ${readFileSync(join(this.dir, 'log'), 'utf8')}`)))
    })
  }
  /** The processes of the jobs that run. */
  jobs() {
    const server = `/proc/${this.process.pid}/task`
    const ids = readdirSync(server).flatMap(task => unlessGone(() => readFileSync(`${server}/${task}/children`, 'utf8'))?.trim().split(' ') ?? [])
    const stateOf = id => unlessGone(() => readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1][0]) ?? 'X'
    const tell = (id, signal) => unlessGone(() => process.kill(Number(id), signal))
    return ids.filter(Boolean).map(id => ({
      isStopped: stateOf(id) === 'T',
      /** False: it was over before it could be stopped. */
      async stop() {
        for (tell(id, 'SIGSTOP'); !'TZX'.includes(stateOf(id)); ) await new Promise(resolve => setTimeout(resolve, 1))
        return stateOf(id) === 'T'
      },
      end: () => tell(id, 'SIGKILL'),
    }))
  }
  /** A body on record, by two persons. */
  async body(code, kind, name, place = '990100') {
    const change = await this.admin.post('/registers/bodies/records', { why: '设立', valid_from: '2020-01-01', fields: { code, name, kind, place } })
    return (await this.boss.post(`/changes/${change.change}/approval`)).record
  }
  /** An account with granted roles, signed in. */
  async hire(login, body, ...roles) {
    const made = await this.admin.post('/people', { login, name: '李四', body })
    const to = new Date(this.now() + 300 * 86400_000).toISOString().slice(0, 10)
    for (const role of roles) {
      const asked = await this.admin.post('/grants', { person: made.id, role, body, to, why: '工作需要', ...(role.startsWith('third.') ? { contract: 'C-1' } : {}) })
      await this.boss.post(`/grants/${asked.id}/approval`)
    }
    return new Person(this, login).settle(made.initial_password)
  }
  /** A page of a person who is signed in already. */
  async page(browser, person, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN', ...options })
    if (person) await context.addCookies([{ name: COOKIE, value: person.cookie, url: this.url.replace('http:', 'https:'), secure: true, httpOnly: true, sameSite: 'Strict' }])
    const page = await context.newPage()
    if (this.clock) await page.clock.setFixedTime(this.now())
    page.setDefaultTimeout(PATIENCE_MS)
    if (process.env.SHOUHU_WEB_SLOW) await slowDown(page)
    page.faults = []
    page.on('console', message => message.type() === 'error' && !/status of 4\d\d/.test(message.text()) && page.faults.push(message.text()))
    page.on('pageerror', error => page.faults.push(String(error)))
    page.to = path => page.goto(this.url + path)
    let pending = 0
    let quietSince = Date.now()
    const over = () => ((pending -= 1), (quietSince = Date.now()))
    page.on('request', () => (pending += 1)).on('requestfinished', over).on('requestfailed', over)
    /** Nothing asked for half a second, and nothing waited for. */
    page.settled = async () => {
      for (let i = 0; i < 300 && (pending > 0 || Date.now() - quietSince < 500); i++) await page.waitForTimeout(100)
      await isRead(page)
    }
    return page
  }
  close() {
    this.process?.removeAllListeners('exit')
    this.process?.kill('SIGKILL')
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** CRC-32 of a zip (node has one from version 22). */
function crc32(bytes) {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
/** An XLSX of one sheet of texts, written apart from the program: a zip whose members are stored as they are. */
export function workbook(rows) {
  const escaped = text => text.replace(/[&<>]/g, one => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[one])
  const sheet = rows.map((row, r) => `<row r="${r + 1}">${row.map((cell, c) => `<c r="${String.fromCharCode(65 + c)}${r + 1}" t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`).join('')}</row>`).join('')
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const members = Object.entries({
    '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets><sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}"><sheetData>${sheet}</sheetData></worksheet>`,
  })
  const files = []
  const directory = []
  let at = 0
  for (const [path, text] of members) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)]
    const about = Buffer.alloc(26) // what both headers say alike
    about.writeUInt16LE(20, 0)
    about.writeUInt32LE(crc32(content), 10)
    about.writeUInt32LE(content.length, 14)
    about.writeUInt32LE(content.length, 18)
    about.writeUInt16LE(name.length, 22)
    files.push(Buffer.from('PK\x03\x04'), about, name, content)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), about, place, name)
    at += 30 + name.length + content.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(members.length, 4)
  end.writeUInt16LE(members.length, 6)
  end.writeUInt32LE(listed.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...files, listed, Buffer.from('PK\x05\x06'), end])
}

export function browserPath() {
  return [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(path => path && existsSync(path))
}
export function openBrowser() {
  const isRoot = process.getuid() === 0
  return chromium.launch({
    executablePath: isRoot ? fileURLToPath(new URL('ordinary.sh', import.meta.url)) : browserPath(),
    env: { ...process.env, CHROMIUM_PROGRAM: browserPath() ?? '' },
    args: ['--disable-dev-shm-usage', '--disable-gpu', ...(isRoot ? ['--no-sandbox'] : [])],
  })
}

/** No table still waits for its rows. */
function isRead(page) {
  return page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))
}
/** Nothing on the page moves: a dialog that still slides in takes a click elsewhere. */
export function still(page) {
  return page.evaluate(async () => {
    const moving = () => document.getAnimations().filter(one => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity)
    for (let i = 0; i < 20 && moving().length; i++) await Promise.allSettled(moving().map(one => one.finished))
  })
}
/** Open a select, by keyboard as its box lies under its placeholder, and take an option. */
export async function choose(page, box, option) {
  await box.press('ArrowDown')
  await page.getByRole('option', { name: option, exact: true }).click()
}
/** What the address says the page stands at, and the same once it is no longer `before`: page.url() comes late. */
export function placeOf(page) {
  return page.evaluate(() => new URL(location.href).searchParams.get('at'))
}
export async function moved(page, before) {
  await page.waitForFunction(was => new URL(location.href).searchParams.get('at') !== was, before)
  return placeOf(page)
}
/** Nothing reaches beyond the screen, once the page knows its new width. */
export function fits(page) {
  return page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth)
}
/** SHOUHU_WEB_SLOW=1: a processor six times slower and every answer up to a second late, to hunt for what depends on time. */
async function slowDown(page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  await page.route('**/api/**', async route => {
    await new Promise(resolve => setTimeout(resolve, 1000 * Math.random()))
    await route.continue().catch(() => {}) // left meanwhile
  })
}
/** A piece of work that several tests stand on, done by whichever of them runs first. */
export function once(work) {
  let done
  return () => (done ??= work())
}

/** What `look` finds, or nothing when the process it asks about is no more. */
function unlessGone(look) {
  try {
    return look()
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error
  }
}

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
/** Serious faults of accessibility on the page as it stands, as lines. */
export async function barriers(page) {
  await isRead(page) // old rows are dimmed until the new ones are there
  await page.emulateMedia({ reducedMotion: 'reduce' }) // a notice that leaves while axe looks is there or gone, not faded
  await still(page) // half-way through a fade no colour has its contrast
  await page.evaluate(axe)
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] }))
  await page.emulateMedia({ reducedMotion: null })
  return found.violations
    .filter(one => one.impact === 'serious' || one.impact === 'critical')
    .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`))
}

/** No barrier that axe-core calls serious, no fault of the page itself. */
export async function isClean(page) {
  assert.deepEqual(await barriers(page), [])
  assert.deepEqual(page.faults, [])
}
