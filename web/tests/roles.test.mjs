// Each role's way through one office: an institution explains and appeals, a third party decides, a panel over fifty
// thousand yuan, one yuan followed from the funnel to its line, an auditor of the journal.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Office, choose, fits, isClean, moved, once, openBrowser, placeOf } from './office.mjs'

let office, browser, who, hospital
/** One dot. */
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64')

/** A step on the newest version of a matter. */
async function act(person, matter, step, fields, more = {}) {
  const shown = await person.get(`/matters/${matter}`)
  return person.post(`/matters/${matter}/actions`, { step, ...(fields ? { fields } : {}), ...more }, { 'If-Match': `"v${shown.version}"` })
}
/** Every open paper of a matter is handed over. */
async function serve(matter) {
  const day = new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10)
  for (const sub of (await who.auditor.get(`/matters?parent=${matter}&procedure=service&state=open`)).items)
    await act(who.auditor, sub.id, 'hand', { way: 'direct', receipt: 'R-1' }, { occurred: day })
}
async function items(person, query) {
  const found = []
  let after = ''
  do {
    const page = await person.get(`/items?limit=200&${query}${after ? `&after=${encodeURIComponent(after)}` : ''}`)
    found.push(...page.items)
    after = page.next
  } while (after)
  return found
}
async function bulk(person, step, rows, fields) {
  const done = await person.post('/items/actions', { step, rows: rows.map(row => ({ id: row.id, version: row.version })), fields, why: '批量' })
  assert.equal(done.n, rows.length, JSON.stringify(done.refused.slice(0, 2)))
}
async function record(editor, register, fields, approver) {
  const made = await editor.post(`/registers/${register}/records`, { why: '登记', fields })
  if (made.change) await approver.post(`/changes/${made.change}/approval`)
}

/** A batch whose findings have all been sent to their institution; what no doubt touches is paid. */
const sent = once(async () => {
  const batches = (await who.reviewer.get(`/matters?procedure=claim-batch&subject=${hospital.key}`)).items
  const batch = batches.sort((a, b) => a.n_items - b.n_items)[0].id
  const all = await items(who.reviewer, `matter=${batch}`)
  assert.ok(all.length > 1, String(all.length))
  await bulk(who.reviewer, 'screen', all, { screened: 'send' })
  await act(who.reviewer, batch, 'count', { not_evaluated_why: '缺诊断，已抽查病历', received: '900000.00', clean: '1000.00', fund: '390' })
  await act(who.reviewer, batch, 'certify')
  await act(who.finance, batch, 'pay_clean')
  await serve(batch)
  return batch
})
/** That batch judged by somebody else: what was not explained in a page is now. */
const judged = once(async () => {
  const batch = await sent()
  await bulk(who.user, 'explain', await items(who.user, 'state=sent'), { explanation: '见病历' })
  await bulk(who.checker, 'check', await items(who.checker, `matter=${batch}&state=explained`), { verdict: 'deduct', evidence: '病历抽查' })
  await act(who.checker, batch, 'judge')
  return batch
})
/** Sixty thousand yuan to be paid back: noticed, and its institution has nothing to say. */
const noticed = once(async () => {
  const made = await who.auditor.post('/matters', { procedure: 'breach-decision', subject: hospital.key })
  await act(who.auditor, made.id, 'notify', { facts: '多收床位费', evidence: '病历与清单', clause: '协议第二十条', source: 'B-9', measure: 'recover', severity: 'normal', amount: '60000.00', fund: '390' })
  await serve(made.id)
  await act(who.user, made.id, 'answer', { answer: 'waived' })
  for (const one of ['checker', 'contract', 'finance']) // its joint examination
    await act(who[one], made.id, 'examine', { examined_on: '2026-01-05', examined_at: '会议室', examiners: '甲|复核|同意', examination: '事实清楚', handling: 'handle' })
  return made.id
})
/** What all who spoke in the panel sign. */
const MINUTES = {
  held_on: '2026-01-05', held_at: '二号会议室', chair: '主任', recorder: '记录人', report: '拟处理意见的汇报',
  roster: '主任|主要负责人|到会|\n甲|成员|到会|\n乙|成员|到会|', opinions: '主任|同意|\n甲|同意|\n乙|同意|',
}
/** Decided, if no page has done it yet. */
const decided = once(async () => {
  const id = await noticed()
  if ((await who.head.get(`/matters/${id}`)).state === 'decided') return
  for (const one of ['chief', 'member1', 'member2']) await act(who[one], id, 'gate.panel', { opinion: 'agree' })
  for (const one of ['chief', 'member1', 'member2']) await act(who[one], id, 'minute', MINUTES)
  await act(who.head, id, 'decide', {})
})

before(async () => {
  office = new Office(process.env.SHOUHU)
  office.city(200)
  await office.open()
  await office.body('ag1', 'agency', '虚构市医保中心')
  await office.body('tp1', 'third_party', '虚构评估中心')
  who = {}
  for (const [login, role] of [
    ['reviewer', 'reviewer'], ['checker', 'checker'], ['head', 'head'], ['contract', 'contract'], ['auditor', 'auditor'],
    ['chief', 'chief'], ['member1', 'panel'], ['member2', 'panel'], ['finance', 'finance'],
  ])
    who[login] = await office.hire(login, 'ag1', `agency.${role}`)
  // the institution with the most findings of one month
  const groups = (await who.auditor.get('/runs/r1/groups?by=institution')).items.filter(one => one.key)
  hospital = groups.sort((a, b) => b.findings - a.findings)[0]
  await office.body(hospital.key, 'institution', hospital.name)
  who.user = await office.hire('user', hospital.key, 'institution.user')
  await record(who.contract, 'institutions', { code: hospital.key, name: hospital.name, body: hospital.key, kind: 'hospital', level: '3', place: '990100', agency: 'ag1', grid: 'g1' }, who.head)
  await record(who.contract, 'third_parties', { code: 'tp1', name: '虚构评估中心', kind: 'quality', credit_code: '91350100M000100Y43', place: '990100' }, who.head)
  await record(who.contract, 'contracts', { number: 'C-1', third_party: 'tp1', scope: '申诉评估', signed_on: '2026-01-01', ends_on: '2099-01-01', place: '990100' }, who.head)
  for (const [person, seat] of [['chief', 'chief'], ['member1', 'member'], ['member2', 'deputy']])
    await record(who.head, 'panel_members', { body: 'ag1', panel: 'agency', person: who[person].id, seat, place: '990100' }, who.chief)
  office.run('findings', 'load', '--data', office.data, '--lake', office.lake, '--run', 'r1', '--body', 'ag1', '--actor', who.reviewer.id)
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

test('an institution explains a finding from its own page and appeals what was deducted', async () => {
  const batch = await sent()
  const page = await office.page(browser, who.user)
  await page.to('/portal')
  await page.locator('[data-test=peers] svg').waitFor()
  await page.locator('[data-test=peersof]').getByText('同为医院、三级且有疑点的其他机构只有 0 家').waitFor()
  await isClean(page)
  await page.getByRole('link', { name: /待说明/ }).click()
  await page.waitForURL('**/review?state=sent*')
  await page.getByRole('button', { name: /^机构说明/ }).and(page.locator(':not([disabled])')).waitFor()
  const at = await placeOf(page)
  await page.getByRole('button', { name: /^机构说明/ }).click()
  const form = page.locator('form.form')
  await form.getByLabel('机构说明').fill('两次手术分属不同部位，手术记录见附件')
  await isClean(page)
  await form.getByRole('button', { name: '机构说明' }).click()
  await moved(page, at)
  assert.equal((await who.checker.get(`/items/${at}`)).state, 'explained')
  await page.context().close()
  await judged() // the others by the interface
  const early = await office.page(browser, who.user)
  await early.to(`/review?state=deducted&at=${at}`)
  await early.getByRole('button', { name: /^申诉/ }).waitFor()
  assert.ok(await early.getByRole('button', { name: /^申诉/ }).isDisabled()) // the letter is not served: no clock, no appeal
  await early.getByText('为何不能').first().click()
  await early.getByText('不在申诉期限内').waitFor()
  await serve(batch)
  await early.reload()
  await early.getByRole('button', { name: /^申诉/ }).and(early.locator(':not([disabled])')).click()
  await early.locator('form.form').getByLabel('申诉理由').fill('第三方病历评估可以证明')
  await early.locator('form.form').getByRole('button', { name: '申诉' }).click()
  await moved(early, at)
  assert.equal((await who.checker.get(`/items/${at}`)).state, 'appealed')
  await early.context().close()
})

test('a paper is read in the page, as the court would get it', async () => {
  const batch = await judged()
  const page = await office.page(browser, who.head)
  await page.to(`/matters/${batch}`)
  const [paper] = await Promise.all([page.waitForResponse(/\/papers\//), page.locator('[data-test=papers]').getByRole('button', { name: '审核结果告知书' }).click()])
  assert.equal(paper.headers()['content-type'], 'application/pdf')
  await page.locator('iframe.paper[src^="blob:"]').waitFor()
  await page.getByRole('dialog').getByText('审核结果告知书 医保审结').waitFor()
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('an appeal to a third party: filed, accepted by one, assigned by another, decided by the third party, settled as it said', async () => {
  const page = await office.page(browser, who.user)
  await page.to('/matters')
  await page.getByRole('button', { name: '立项' }).click()
  const dialog = page.getByRole('dialog')
  await choose(page, dialog.getByRole('combobox', { name: '程序' }), '第三方申诉')
  await dialog.getByLabel(/对象代码/).fill(hospital.key)
  await dialog.getByRole('button', { name: '立项' }).click()
  await page.waitForURL(/matters\/[0-9a-f]{32}/)
  await isClean(page)
  const appeal = page.url().split('/').pop()
  await page.context().close()
  await act(who.checker, appeal, 'accept', { source: 'B-1', grounds: '手术分属不同部位' })
  await assert.rejects(act(who.checker, appeal, 'assign', { third: 'tp1', contract: 'C-1' }), /409/)
  const desk = await office.page(browser, who.head)
  await desk.to(`/matters/${appeal}`)
  await desk.getByRole('button', { name: '委托第三方' }).click()
  const form = desk.locator('form.form')
  await form.getByLabel('第三方机构').fill('tp1')
  await form.getByLabel('委托合同').fill('C-1')
  await form.getByRole('button', { name: '委托第三方' }).click()
  await desk.getByText('已办理').waitFor()
  assert.equal((await who.head.get(`/matters/${appeal}`)).state, 'assigned')
  // what the third party reads lies in the file, with its custody; notes among colleagues stay among them
  const files = desk.locator('[data-test=files]')
  await files.getByLabel('添加附件').setInputFiles({ name: '手术记录.png', mimeType: 'image/png', buffer: PICTURE })
  await files.getByLabel('来源（由谁提供、如何取得）').fill('机构提交')
  await files.getByText('当事人可见').click()
  await files.getByRole('button', { name: '收入案卷' }).click()
  await files.getByText('来源：机构提交').waitFor()
  await files.getByRole('button', { name: '查看' }).click()
  await desk.locator('.picture[src^="blob:"]').waitFor()
  await desk.getByRole('button', { name: /关闭/ }).click()
  await desk.reload() // who had it in hand is told: taken in, and looked at
  await files.getByText('保管记录').click()
  const hands = files.locator('details li')
  await hands.nth(1).getByText(/李\* 调阅/).waitFor()
  await hands.first().getByText(/李\* 收入/).waitFor()
  await files.getByText((await who.head.get(`/matters/${appeal}`)).attachments[0].hash).waitFor()
  const talk = desk.locator('[data-test=talk]')
  await talk.getByRole('textbox', { name: '写下意见' }).fill('请核对手术部位')
  await talk.getByRole('button', { name: '发表' }).click()
  await talk.getByText('请核对手术部位').waitFor()
  await isClean(desk)
  assert.equal((await who.user.get(`/matters/${appeal}`)).comments.length, 0)
  const expert = await office.page(browser, await office.hire('expert', 'tp1', 'third.expert'))
  await expert.to('/matters')
  await expert.getByRole('grid').locator('.body').first().click()
  await expert.getByRole('grid').locator('.body').first().press('Enter')
  await expert.waitForURL(`**/matters/${appeal}`)
  await expert.getByRole('button', { name: '出具意见' }).click()
  assert.equal(await expert.locator('[data-test=talk]').count(), 0)
  const opinion = expert.locator('form.form')
  await choose(expert, opinion.getByRole('combobox', { name: '第三方意见' }), '改变')
  await opinion.getByLabel('意见说明').fill('两次手术部位不同')
  await isClean(expert)
  await opinion.getByRole('button', { name: '出具意见' }).click()
  await expert.getByText('已办理').waitFor()
  assert.equal((await who.head.get(`/matters/${appeal}`)).state, 'given')
  await expert.context().close()
  await desk.reload()
  await desk.getByRole('button', { name: '按意见办结' }).click()
  for (const [choice, after] of [['维持', '处理须与第三方意见一致'], ['改变', '已办理']]) {
    await choose(desk, form.getByRole('combobox', { name: '处理' }), choice)
    await form.getByRole('button', { name: '按意见办结' }).click()
    await desk.getByText(after).first().waitFor() // against the opinion: refused, with its article
  }
  assert.equal((await who.head.get(`/matters/${appeal}`)).state, 'settled')
  await desk.context().close()
})

test('a leader cannot decide over fifty thousand yuan until the panel has spoken and signed its minutes', async () => {
  const id = await noticed()
  const page = await office.page(browser, who.head)
  await page.to(`/matters/${id}`)
  assert.ok(await page.getByRole('button', { name: '作出决定' }).isDisabled())
  await page.getByText('S4§21').first().waitFor()
  await isClean(page)
  const chief = await office.page(browser, who.chief)
  await chief.to(`/matters/${id}`)
  await chief.getByRole('button', { name: '负责人集体讨论' }).click()
  const form = chief.locator('form.form')
  await choose(chief, form.getByRole('combobox').first(), '同意')
  await form.getByRole('button', { name: '负责人集体讨论' }).click()
  await chief.getByText('已办理').waitFor()
  for (const one of ['member1', 'member2']) await act(who[one], id, 'gate.panel', { opinion: 'agree' })
  await page.reload()
  assert.ok(await page.getByRole('button', { name: '作出决定' }).isDisabled()) // nothing is written down yet
  for (const one of ['member1', 'member2']) await act(who[one], id, 'minute', MINUTES)
  await chief.reload()
  await chief.getByRole('button', { name: '签署集体讨论记录' }).click()
  for (const [label, words] of [['讨论日期', MINUTES.held_on], ['讨论地点', MINUTES.held_at], ['主持人', MINUTES.chair], ['记录人', MINUTES.recorder], ['汇报内容', MINUTES.report], ['组成人员', MINUTES.roster], ['各人意见', MINUTES.opinions]])
    await form.getByLabel(label).first().fill(words)
  await isClean(chief)
  await form.getByRole('button', { name: '签署集体讨论记录' }).click()
  await chief.getByText('已办理').waitFor()
  await page.reload()
  await page.getByRole('button', { name: '作出决定' }).and(page.locator(':not([disabled])')).click()
  await page.locator('form.form').getByRole('button', { name: '作出决定' }).click()
  await page.getByText('已办理').waitFor()
  assert.equal((await who.head.get(`/matters/${id}`)).state, 'decided')
  await chief.context().close()
  await page.context().close()
})

test('a meeting shows what it takes up and leads there', async () => {
  const meeting = await who.head.post('/matters', { procedure: 'meeting', subject: 'ag1' })
  const one = await who.head.post('/matters', { procedure: 'discussion', subject: 'M-1' })
  await act(who.head, one.id, 'report', { kind: 'breach', matter: 'M-1', topic: '拒付 6 万元', report: '事实清楚' })
  const page = await office.page(browser, who.chief)
  await page.to(`/matters/${meeting.id}`)
  await page.getByText('集体讨论会').first().waitFor()
  assert.equal(await page.locator('[data-test=gathered]').count(), 0) // nothing yet
  await act(who.head, one.id, 'table', { meeting: meeting.number })
  await page.reload()
  const row = page.locator('[data-test=gathered] li')
  await row.getByText('已列入议程').waitFor()
  assert.equal(await row.count(), 1)
  await isClean(page)
  await row.getByRole('link').click()
  await page.getByText('拒付 6 万元').first().waitFor()
  await page.context().close()
})

test('an institution checks its own files from its page and takes the workbook home', async () => {
  const page = await office.page(browser, who.user)
  await page.to('/portal')
  const { readdirSync } = await import('node:fs')
  const city = `${office.dir}/city`
  const files = readdirSync(city).filter(name => name.endsWith('.csv')).map(name => `${city}/${name}`)
  await page.getByLabel(/选择文件/).setInputFiles(files)
  await page.getByText(new RegExp(`已选 ${files.length} 个文件`)).waitFor()
  await page.getByRole('button', { name: '上传并自查' }).click()
  await page.getByText('有疑点，见工作簿').waitFor()
  await isClean(page)
  const [book] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '下载工作簿' }).click()])
  assert.match(book.suggestedFilename(), /^报送前自查-.*\.xlsx$/)
  await page.getByRole('button', { name: '删除' }).click()
  await page.getByText('还没有自查过').waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await fits(page)
  await page.context().close()
})

test('one yuan is followed from the funnel to the line it was charged on; stages add up', async () => {
  await judged()
  await decided()
  const sums = {}
  for (const by of ['', '?by=institution', '?by=month', '?by=rule']) sums[by] = (await who.head.get(`/funnel${by}`)).items
  const [whole] = sums['']
  for (const by of ['?by=institution', '?by=month', '?by=rule'])
    for (const stage of ['found', 'confirmed', 'refused', 'due', 'deposited']) {
      if (by === '?by=rule' && ['due', 'deposited'].includes(stage)) continue
      assert.equal(sums[by].reduce((sum, one) => sum + Math.round(Number(one[stage].amount) * 100), 0), Math.round(Number(whole[stage].amount) * 100), by + stage)
    }
  assert.equal(Number(whole.due.amount), 60000) // what the panel let the leader decide
  assert.equal(Number(whole.deposited.amount), 0)
  await assert.rejects(who.head.get('/funnel?by=person'), /400/)
  await assert.rejects(who.head.get('/items?stage=due'), /400/) // counts matters, no items
  const own = (await who.user.get('/funnel?by=institution')).items
  assert.ok(own.every(one => one.key === hospital.key)) // nothing of others
  const page = await office.page(browser, who.head)
  await page.to('/glance')
  // every figure leads to a list that sums to it: whole, and by institution, rule and month
  const figures = new Map()
  const recoveries = new Map()
  for (const by of ['按机构', '按规则', '按月']) {
    if (by !== '按机构') await choose(page, page.locator('[data-test=funnel]').getByRole('combobox'), by)
    await page.locator('[data-test=funnel] th').getByText(by, { exact: true }).waitFor()
    await page.locator('[data-test=funnel] tbody a').first().waitFor()
    for (const [href, figure] of await page.locator('[data-test=funnel] a[href^="/review"]').evaluateAll(all => all.map(a => [a.getAttribute('href'), (a.querySelector('b') ?? a).textContent])))
      figures.set(href, figure)
    for (const [href, figure] of await page.locator('[data-test=funnel] a[href^="/matters"]').evaluateAll(all => all.map(a => [a.getAttribute('href'), (a.querySelector('b') ?? a).textContent])))
      recoveries.set(href, figure)
  }
  const dueOf = async query => {
    const { items } = await who.head.get(`/matters${query}`)
    const field = query.includes('stage=deposited') ? 'paid' : 'amount'
    const all = await Promise.all(items.map(one => who.head.get(`/matters/${one.id}`)))
    return all.reduce((sum, one) => sum + Number(one.fields.find(f => f.field === field)?.value || 0), 0)
  }
  assert.ok([...recoveries.keys()].some(href => href.includes('opened=')) && [...recoveries.keys()].some(href => href.includes('subject=')), [...recoveries].join(' '))
  for (const [href, figure] of recoveries) assert.equal(Number(figure.replaceAll(',', '')), await dueOf(href.slice('/matters'.length)), href)
  assert.equal(await dueOf('?stage=due&opened=2019'), 0) // and nothing of another time
  for (const wrong of ['stage=found', 'opened=2026-13']) await assert.rejects(who.head.get(`/matters?${wrong}`), /400/)
  assert.ok(figures.size > 8, [...figures].join(' '))
  for (const [href, figure] of figures) {
    const { amount } = await who.head.get(`/items/totals${href.slice('/review'.length)}`)
    assert.equal(Number(figure.replaceAll(',', '')), Number(amount), href)
  }
  await page.locator('[data-test=funnel]').getByRole('link', { name: /^已认定/ }).click()
  await page.waitForURL('**/review?stage=confirmed*')
  await page.locator('.evidence .say').waitFor()
  await page.locator('.evidence tr.blamed').first().waitFor()
  // what the institution said of it stands beside the evidence, and its money is followed on demand
  const at = await placeOf(page)
  const item = await who.head.get(`/items/${at}`)
  const said = page.locator('[data-test=said]')
  for (const field of item.fields.filter(one => one.value && one.type === 'text')) await said.getByText(field.value).first().waitFor()
  await said.getByText('这笔钱的去向').click()
  const { hops } = await who.head.get(`/items/${at}/trail`)
  assert.equal(hops[0].hop, 'finding')
  await said.locator('li').nth(hops.length - 1).waitFor()
  assert.equal(await said.locator('li').count(), hops.length)
  await isClean(page)
  await page.context().close()
})

test('at a glance the newest re-reviews stand with their three ratios, and each leads to its matter', async () => {
  // the answers of the server for a batch, told as three re-reviews: how one is drawn and judged is tests/gate/review.py
  const [row] = (await who.head.get('/matters?procedure=claim-batch&limit=1')).items
  const whole = await who.head.get(`/matters/${row.id}`)
  const made = [
    { id: 'a'.repeat(32), state: 'filed', opened: '2026-03-01T01:00:00Z', period: '2026-01', rates: ['5.00', '2.50', '0.75'] },
    { id: 'b'.repeat(32), state: 'done', opened: '2026-04-01T01:00:00Z', period: '2026-02', rates: ['4.00', '1.25', null] },
    { id: 'c'.repeat(32), state: 'filed', opened: '2026-02-01T01:00:00Z', period: '2025-12', rates: ['0.00', '0.00', '0.00'] },
  ]
  const as = (of, { rates, ...one }) => ({ ...of, ...one, procedure: 'rereview' })
  const fieldsOf = ({ rates }) => ['case_rate', 'line_rate', 'amount_rate'].map((field, i) => ({ ...whole.fields[0], field, value: rates[i] }))
  const page = await office.page(browser, who.head)
  await page.route(/\/api\/v1\/matters\?.*procedure=rereview/, route => {
    const state = new URL(route.request().url()).searchParams.get('state')
    return route.fulfill({ json: { items: made.filter(one => one.state === state).map(one => as(row, one)), next: null } })
  })
  for (const one of made) await page.route(`**/api/v1/matters/${one.id}`, route => route.fulfill({ json: { ...as(whole, one), fields: fieldsOf(one) } }))
  await page.to('/glance')
  const card = page.locator('[data-test=rereview]')
  await card.locator('tbody tr').first().waitFor()
  const shown = await card.locator('tbody tr').evaluateAll(rows => rows.map(one => [...one.cells].slice(1).map(cell => cell.textContent)))
  assert.deepEqual(shown, [['2026-02', '4.00 %', '1.25 %', '—'], ['2026-01', '5.00 %', '2.50 %', '0.75 %'], ['2025-12', '0.00 %', '0.00 %', '0.00 %']]) // the newest first
  await isClean(page)
  await card.getByRole('link').nth(1).click()
  await page.waitForURL(`**/matters/${made[0].id}`)
  await page.context().close()
})

test('one box finds an institution, a rule and a finding; the bell leads to what runs out', async () => {
  const page = await office.page(browser, who.head)
  await page.to('/work')
  await page.getByRole('heading', { name: '我的工作' }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type(hospital.key)
  await page.getByRole('option', { name: new RegExp(hospital.key) }).first().waitFor()
  await isClean(page)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/registers/institutions/*')
  await page.keyboard.press('/')
  await page.keyboard.type('service-frequency')
  await page.getByRole('option', { name: /service-frequency/ }).click()
  await page.waitForURL('**/rules/service-frequency')
  await page.getByRole('combobox', { name: /查找/ }).fill('绝不存在的字样')
  await page.getByText('没有找到').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('[data-test=bell]').click()
  await page.getByRole('menuitem').first().waitFor()
  await isClean(page)
  await page.context().close()
})
