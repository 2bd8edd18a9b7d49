// A matter over its days: what waits and what is late, what stands on its page, the calendars it is counted by. The
// server's clock stands still and is set on by the tests.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Office, choose, fits, isClean, openBrowser } from './office.mjs'

let office, browser, matter, who
const LONG = '虚构市第一人民医院（虚构市人民医院医疗集团总院、虚构医学院附属第一医院）'
const PROPOSAL = { facts: '多收床位费', evidence: '病历与清单', clause: '协议第二十条', source: 'B-1', measure: 'recover', severity: 'normal', amount: '1200.00', fund: '390' }

async function act(person, id, step, fields, more = {}) {
  const { version } = await person.get(`/matters/${id}`)
  return person.post(`/matters/${id}/actions`, { step, ...(fields ? { fields } : {}), ...more }, { 'If-Match': `"v${version}"` })
}
/** An agency, a hospital, and whoever acts in these tests. */
async function settle(of) {
  const made = {}
  await of.body('ag1', 'agency', '虚构市医保中心')
  await of.body('h1', 'institution', LONG)
  for (const [login, role, body] of [['auditor', 'agency.auditor', 'ag1'], ['contract', 'agency.contract', 'ag1'], ['head', 'agency.head', 'ag1'], ['user', 'institution.user', 'h1']])
    made[login] = await of.hire(login, body, role)
  const { change } = await made.contract.post('/registers/institutions/records', { why: '登记', fields: { code: 'H1', name: LONG, body: 'h1', kind: 'hospital', place: '990100', agency: 'ag1', grid: 'g1' } })
  await made.head.post(`/changes/${change}/approval`)
  return made
}
/** A decision that begins: its notice waits to be served. */
async function notified(person) {
  const { id } = await person.post('/matters', { procedure: 'breach-decision', subject: 'H1' })
  await act(person, id, 'notify', PROPOSAL)
  return id
}
async function at(clock) {
  await office.at(clock)
  for (const person of [office.admin, office.boss, ...Object.values(who)]) await person.back()
}
/** Background of what says how urgent something is, as a word. */
const colourOf = place =>
  place.evaluate(of => {
    const css = getComputedStyle(document.documentElement)
    const probe = document.createElement('i')
    document.body.append(probe)
    const named = ['yellow', 'orange', 'red'].find(name => ((probe.style.background = css.getPropertyValue(`--${name}-soft`)), getComputedStyle(probe).backgroundColor === getComputedStyle(of).backgroundColor))
    probe.remove()
    return named ?? 'calm'
  })

before(async () => {
  office = await new Office(process.env.SHOUHU, { clock: '2026-03-02 09:00:00' }).open()
  who = await settle(office)
  matter = await notified(who.auditor)
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

test('a matter page has its papers with their hashes, who acted and who may read it, its parts, its times and how they are counted', async () => {
  const page = await office.page(browser, who.auditor)
  await page.to(`/matters/${matter}`)
  const shown = await who.auditor.get(`/matters/${matter}`)
  const [paper] = shown.papers
  assert.match(paper.hash, /^[0-9a-f]{64}$/)
  const notified = page.locator('ol.done li').filter({ hasText: paper.number })
  await notified.getByText(paper.hash).waitFor() // at the step that issued it
  await notified.getByText('李*').waitFor() // whoever took it, by his masked name
  await notified.getByText('2026-03-02 09:00').waitFor()
  const people = page.locator('[data-test=people]')
  await people.getByText('稽核员').waitFor()
  await people.getByText('虚构市医保中心').waitFor()
  await people.locator('li', { hasText: LONG }).getByText('当事人，仅见其部分').waitFor()
  await page.locator('[data-test=subs]').getByRole('link', { name: /送达/ }).waitFor()
  await isClean(page)
  const [answer] = await Promise.all([page.waitForResponse(/\/papers\//), page.locator('[data-test=papers]').getByRole('button').click()])
  assert.equal(answer.headers()['content-type'], 'application/pdf')
  await page.locator('iframe.paper[src^="blob:"]').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('iframe.paper').waitFor({ state: 'detached' })
  await page.locator('[data-test=subs]').getByRole('link', { name: /送达/ }).click() // its part, and back to the whole
  await page.locator('[data-test=deadlines]').getByText('送达期限').waitFor()
  await page.locator('[data-test=deadlines]').getByText('剩 9 天').waitFor()
  await page.locator('[data-test=deadlines]').getByText('如何计算').click()
  for (const line of (await who.auditor.get(`/matters/${shown.subs[0].id}`)).deadlines[0].account) await page.locator('[data-test=deadlines]').getByText(line, { exact: true }).waitFor()
  await isClean(page)
  await page.getByRole('link', { name: '上级事项' }).click()
  await page.waitForURL(`**/matters/${matter}`)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.locator('[data-test=people]').waitFor()
  await page.locator('[data-test=acting]').getByText('虚构市医保中心').waitFor() // for whom one acts stays in sight
  await page.locator('[data-test=acting]').getByText('稽核员').waitFor()
  await fits(page)
  await page.context().close()

  const party = await office.page(browser, who.user) // is told what was done and by which role, and no more
  await party.to(`/matters/${matter}`)
  await party.locator('ol.done').getByText('稽核员').first().waitFor()
  assert.equal(await party.locator('[data-test=people]').count(), 0)
  assert.equal((await who.user.get(`/matters/${matter}`)).people, undefined)
  await party.context().close()
})

test('what may not be done is grey, with every condition that fails and its article', async () => {
  const page = await office.page(browser, who.head)
  await page.to(`/matters/${matter}`)
  const shut = (await who.head.get(`/matters/${matter}`)).actions.filter(one => !one.allowed)
  assert.ok(shut.length > 0 && shut.some(one => one.failed.length > 1), JSON.stringify(shut))
  for (const one of shut) {
    const card = page.locator('.action').filter({ has: page.getByRole('button', { name: one.name, exact: true, disabled: true }) })
    await card.first().waitFor()
    for (const why of one.failed) {
      await card.getByText(why.message).first().waitFor()
      if (why.basis) await card.getByText(why.basis).first().waitFor()
    }
  }
  await isClean(page)
  await page.context().close()
})

test('a page that waits says so, one that cannot be read says why, and an empty list says what would stand there', async () => {
  const page = await office.page(browser, who.auditor)
  let go
  const held = new Promise(resolve => (go = resolve))
  await page.route(`**/api/v1/matters/${matter}`, async route => {
    await held
    await route.continue()
  })
  await page.to(`/matters/${matter}`)
  await page.getByRole('status').getByText('正在读取').waitFor()
  await isClean(page)
  go()
  await page.locator('[aria-current=step]').waitFor()
  assert.equal(await page.getByText('正在读取').count(), 0)
  await page.to(`/matters/${'0'.repeat(32)}`)
  await page.getByRole('alert').waitFor()
  assert.equal(await page.getByText('正在读取').count(), 0)
  await page.getByRole('heading', { name: '事项' }).waitFor()
  await page.to('/matters?procedure=filing')
  await page.getByText('没有事项。由有权岗位立项，或由审核结果生成。').waitFor()
  await isClean(page)
  await page.context().close()
})

test('my work tells by colour what is due, due today and overdue, and each leads to its matters', async () => {
  const look = async () => {
    const page = await office.page(browser, who.auditor)
    await page.to('/work')
    const row = page.locator('[data-test=mine] tbody tr', { hasText: '送达' }).first()
    await row.waitFor()
    return { page, row }
  }
  const [service] = (await who.auditor.get(`/matters/${matter}`)).subs
  assert.equal(service.due, '2026-03-11') // seven working days
  const card = (page, name) => page.locator('.figures button', { hasText: name }).locator('b')
  const chip = row => row.locator('td.time > *').first()
  {
    const { page, row } = await look()
    await row.getByText('剩 9 天 2026-03-11').waitFor()
    assert.equal(await colourOf(chip(row)), 'calm')
    assert.equal(await card(page, '已逾期').textContent(), '0')
    await isClean(page)
    await page.context().close()
  }
  for (const [clock, says, colour] of [['2026-03-09 09:00:00', '剩 2 天', 'yellow'], ['2026-03-10 09:00:00', '剩 1 天', 'orange']]) {
    await at(clock)
    const { page, row } = await look()
    await row.getByText(says).waitFor()
    assert.equal(await colourOf(chip(row)), colour)
    await page.context().close()
  }
  for (const [clock, name, says, colour, address] of [
    ['2026-03-11 09:00:00', '今天到期', '! 1 件今天到期', 'orange', /due_until=2026-03-11/],
    ['2026-03-12 09:00:00', '已逾期', '‼ 1 件逾期', 'red', /overdue=true/],
  ]) {
    await at(clock)
    for (let i = 0; name === '已逾期' && i < 600 && !(await who.auditor.get(`/matters/${service.id}`)).late && !(await who.auditor.get('/work')).items.some(one => one.overdue); i++) await new Promise(resolve => setTimeout(resolve, 100))
    const { page, row } = await look()
    assert.equal(await card(page, name).textContent(), '1')
    await row.getByText(says).waitFor()
    assert.equal(await colourOf(chip(row)), colour)
    await page.locator('.figures button', { hasText: name }).click() // only those
    await page.waitForFunction(words => [...document.querySelectorAll('[data-test=mine] tbody tr')].every(one => one.textContent.includes(words)), says)
    await isClean(page)
    await row.getByRole('link', { name: says }).click()
    await page.waitForURL(address)
    await page.getByRole('grid').getByText(service.number).waitFor()
    await page.getByText('共 1 条').waitFor()
    await page.getByRole('grid').getByText(LONG).waitFor() // named, not only by its code
    await isClean(page)
    await page.context().close()
  }
  // done late: it says why, and is owed no more
  await act(who.auditor, service.id, 'hand', { way: 'direct', receipt: 'R-1' }, { occurred: '2026-03-12', why: '机构搬迁' })
  assert.equal((await who.auditor.get('/matters?overdue=true')).items.length, 0)
  assert.ok((await who.auditor.get('/work')).items.every(one => one.overdue === 0))
  await assert.rejects(who.auditor.get('/matters?overdue=yes'), /400/)
})

test('a calendar that is missing is named on top, with who must enter it; with none missing it says so', async () => {
  const look = async () => {
    const page = await office.page(browser, who.auditor)
    await page.to('/admin/calendars')
    await page.locator('[data-test=calendar]').first().waitFor()
    return page
  }
  const page = await look()
  await page.getByText('应录入的年份齐全').waitFor()
  await page.locator('[data-test=calendar] tr', { hasText: '2026' }).getByText('国庆').first().waitFor()
  await isClean(page)
  await page.context().close()
  const late = await new Office(process.env.SHOUHU, { clock: '2026-12-24 09:00:00' }).open() // from October on the next year should be there
  try {
    const { auditor } = await settle(late)
    const [calendar] = (await auditor.get('/calendars')).items
    assert.deepEqual(calendar.missing, [2027])
    const [service] = (await auditor.get(`/matters/${await notified(auditor)}`)).subs
    const part = await late.page(browser, auditor) // a time that reaches into that year says so, and leads there
    await part.to(`/matters/${service.id}`)
    await part.locator('[data-test=deadlines]').getByText('缺 2027 年年历').waitFor()
    await isClean(part)
    await part.getByRole('link', { name: '由谁录入' }).click()
    await part.waitForURL('**/admin/calendars')
    await part.getByText('缺 2027 年').waitFor()
    await part.getByText(`由${calendar.entered_by}录入`).waitFor()
    await isClean(part)
    await part.context().close()
  } finally {
    late.close()
  }
})
