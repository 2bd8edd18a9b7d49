// Every page as an image: light and dark, Chinese and English, wide and narrow. usage: screenshots.mjs SHOUHU OUT [NAME]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Office, barriers, openBrowser } from './office.mjs'

const [shouhu, out, only] = process.argv.slice(2)
if (!shouhu || !out) {
  console.error('usage: screenshots.mjs SHOUHU OUT [NAME]')
  process.exit(2)
}
mkdirSync(out, { recursive: true })
const office = new Office(shouhu)
office.city(800)
await office.open()
await office.body('ag1', 'agency', '虚构市医疗保障经办服务中心')
await office.body('h1', 'institution', '虚构市第一人民医院（虚构市人民医院医疗集团总院、虚构医学院附属第一医院）')
const auditor = await office.hire('auditor', 'ag1', 'agency.auditor')
const contract = await office.hire('contract', 'ag1', 'agency.contract')
const author = await office.hire('author', 'ag1', 'agency.rules_author')
const run = 'r1'
// the office at work: findings in review, an institution with many of them at its own page
const reviewer = await office.hire('reviewer', 'ag1', 'agency.reviewer')
const [most] = (await auditor.get(`/runs/${run}/groups?by=institution`)).items.filter(one => one.key)
await office.body(most.key, 'institution', most.name)
const hospital = await office.hire('hospital', most.key, 'institution.user')
office.run('findings', 'load', '--data', office.data, '--lake', office.lake, '--run', run, '--body', 'ag1', '--actor', reviewer.id)
const [batch] = (await auditor.get('/matters?procedure=claim-batch&limit=1')).items
const [first] = (await auditor.get(`/runs/${run}/findings?sort=-money&limit=1&rule=service-pair,service-frequency,drug-days`)).items
// evidence preserved by hand; a report whose sealed part two holders have opened
const [item] = (await reviewer.get('/items?state=new&sort=queue&limit=1')).items
await reviewer.post(`/matters/${item.matter}/evidence`, { items: [item.id], why: '机构提出异议' })
for (let i = 0; i < 600 && !(await reviewer.get(`/matters/${item.matter}`)).evidence[0].hash; i++) await new Promise(resolve => setTimeout(resolve, 100))
const bureau = {}
for (const [login, role] of [['desk', 'desk'], ['officer', 'officer'], ['bhead', 'head'], ['keeper1', 'sealed_holder'], ['keeper2', 'sealed_holder']])
  bureau[login] = await office.hire(login, 'gov', `bureau.${role}`)
async function act(person, matter, step, fields = {}) {
  const { version } = await person.get(`/matters/${matter}`)
  return person.post(`/matters/${matter}/actions`, { step, fields, why: '办理' }, { 'If-Match': `"v${version}"` })
}
const report = await bureau.desk.post('/matters', { procedure: 'report', subject: most.key })
await act(bureau.desk, report.id, 'receive', { channel: 'phone', target_kind: 'hospital', facts: '挂床住院', real_name: 'true', reporter_name: '欧阳某', reporter_phone: '13800000000' })
const unseal = await bureau.officer.post('/matters', { procedure: 'unseal', subject: report.number })
await act(bureau.officer, unseal.id, 'ask', { matter: report.number, kind: 'reporter', what: '联系方式', purpose: '告知实名举报人处理结果', asked_by: '办案人员' })
await act(bureau.bhead, unseal.id, 'grant', { result: 'granted', holders: '甲\n乙', until: new Date(Date.now() + 32 * 3600_000).toISOString().slice(0, 10), why: '必要' })
await act(bureau.keeper1, unseal.id, 'open_two')
await act(bureau.keeper2, unseal.id, 'open_two')
// tables as jobs, of the desk and of a register
const later = { Prefer: 'respond-async', 'X-Purpose': encodeURIComponent('核对机构异议') }
for (const format of ['xlsx', 'csv']) await auditor.ask('GET', `/runs/${run}/export?format=${format}`, undefined, later)
await office.admin.ask('GET', '/registers/bodies/export?format=csv', undefined, later)
const bodies = (await office.admin.get('/registers/bodies/records')).items
const pages = [
  ['signin', '/sign-in', null],
  ['work', '/work', auditor],
  ['findings', '/findings', auditor],
  ['finding', `/findings?at=${first.id}`, auditor],
  ['findings-empty', '/findings?q=nothing-fits-this', auditor],
  ['review', '/review', reviewer],
  ['review-empty', '/review?state=final', reviewer],
  ['portal', '/portal', hospital],
  ['matter', `/matters/${batch.id}`, reviewer],
  ['sealed', `/matters/${unseal.id}`, bureau.keeper1, page => page.locator('[data-test=sealed] button').click()],
  ['sealed-shut', `/matters/${unseal.id}`, bureau.bhead],
  ['sealed-report', `/matters/${report.id}`, bureau.officer],
  ['evidence', `/matters/${item.matter}`, reviewer, openPackage],
  ['evidence-item', `/review?state=new&at=${item.id}`, reviewer, page => page.locator('[data-test=itempackages]').scrollIntoViewIfNeeded()],
  ['matters', '/matters', auditor],
  ['registers', '/registers', auditor],
  ['register', '/registers/bodies', office.admin],
  ['record', `/registers/bodies/${bodies.at(-1).id}`, office.admin],
  ['record-new', '/registers/institutions/new', contract],
  ['import', '/registers/bodies/import', office.admin],
  ['import-bad', '/registers/bodies/import', office.admin, sendBadRows],
  ['rules', '/rules', auditor],
  ['rule', '/rules/service-frequency', author],
  ['rule-bench', '/rules/service-frequency', author, tryRule],
  ['knowledge', '/knowledge', auditor],
  ['knowledge-table', '/knowledge/service_frequency', auditor],
  ['glance', '/glance', auditor],
  ['parameters', '/admin/parameters', office.admin],
  ['calendars', '/admin/calendars', office.admin],
  ['roles', '/admin/roles', office.admin],
  ['people', '/admin/people', office.admin],
  ['grants', '/admin/grants', office.boss],
  ['changes', '/admin/changes', office.boss],
  ['jobs', '/admin/jobs', auditor],
  ['journal', '/admin/journal', office.boss],
  ['account', '/account', auditor],
  ['notfound', '/nothing/here', auditor],
]
async function sendBadRows(page) {
  const rows = ['code,name,kind,place', 't1,甲,agency,990100', 't2,,agency,990100', 't3,虚构市第一人民医院（虚构市人民医院医疗集团总院）,nonsense,99']
  await page.locator('input[type=file]').setInputFiles({ name: 'bodies.csv', mimeType: 'text/csv', buffer: Buffer.from(`${rows.join('\n')}\n`) })
  await page.locator('[data-test=bad]').waitFor()
}
async function openPackage(page) {
  await page.locator('[data-test=packages] button').first().click()
  await page.getByRole('dialog').getByRole('textbox').fill('核对机构异议')
  await page.getByRole('dialog').locator('button.el-button--primary').click()
  await page.locator('[data-test=package]').waitFor()
}
async function tryRule(page) {
  await page.locator('.head button, header button').filter({ hasText: /试写|Try/ }).first().click()
  const editor = page.locator('textarea.editor')
  await editor.fill((await editor.inputValue()).replace('in_force: {from: 2026-01-06}', 'in_force: {from: 2026-01-06, to: 2026-02-27}'))
  await page.locator('[data-test=backtest] button:not([disabled])').first().click()
  await page.locator('[data-test=backtest] table').first().waitFor()
  await page.locator('[data-test=backtest]').scrollIntoViewIfNeeded()
}
const browser = await openBrowser()
const looks = [
  { name: 'light-zh', language: 'zh-CN', theme: 'light', width: 1280, height: 800 },
  { name: 'dark-en', language: 'en', theme: 'dark', width: 1280, height: 800 },
  { name: 'narrow-zh', language: 'zh-CN', theme: 'light', width: 390, height: 844 },
]
let faults = 0
for (const look of looks)
  for (const [name, path, person, prepare] of pages) {
    if (only && !only.split(',').some(one => name.includes(one))) continue
    const page = await office.page(browser, person, { viewport: { width: look.width, height: look.height } })
    await page.addInitScript(({ language, theme }) => (localStorage.setItem('language', language), localStorage.setItem('theme', theme)), look)
    await page.to(path)
    await page.settled()
    if (prepare) await prepare(page).then(() => page.settled())
    await page.screenshot({ path: join(out, `${name}-${look.name}.png`) })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    const found = [...page.faults, ...(await barriers(page)), ...(wide > 0 ? [`${wide} px too wide`] : [])]
    for (const fault of found) console.log(`${name}-${look.name}: ${fault}`)
    faults += found.length
    await page.context().close()
  }
await browser.close()
office.close()
console.log(`${faults} faults`)
process.exit(faults ? 1 : 0)
