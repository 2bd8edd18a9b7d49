// What is sealed: who reported, opened by two holders together and by nobody else; packages of evidence, verified in
// the browser.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Office, isClean, openBrowser } from './office.mjs'

let office, browser
before(async () => {
  office = new Office(process.env.SHOUHU)
  office.city(120)
  await office.open()
  await office.body('ag1', 'agency', '虚构市医保中心')
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

const REPORTER = { reporter_name: '欧阳密告', reporter_phone: '13877665544' }
const tomorrow = () => new Date(Date.now() + 32 * 3600_000).toISOString().slice(0, 10)

async function act(person, matter, step, fields) {
  const shown = await person.get(`/matters/${matter}`)
  return person.post(`/matters/${matter}/actions`, { step, fields, why: '办理' }, { 'If-Match': `"v${shown.version}"` })
}

test('who reported is read by the two holders who opened it together; everybody else sees only that something is sealed', async () => {
  const people = {}
  for (const [login, role] of [['desk', 'bureau.desk'], ['officer', 'bureau.officer'], ['bhead', 'bureau.head'], ['keeper1', 'bureau.sealed_holder'], ['keeper2', 'bureau.sealed_holder'], ['keeper3', 'bureau.sealed_holder']])
    people[login] = await office.hire(login, 'gov', role)
  const { desk, officer, bhead, keeper1, keeper2, keeper3 } = people
  const report = await desk.post('/matters', { procedure: 'report', subject: 'H1' })

  // written down on the page; what is sealed never comes back to it
  const page = await office.page(browser, desk)
  await page.to(`/matters/${report.id}`)
  const sealed = page.locator('[data-test=sealed]')
  await sealed.getByText('举报人身份').waitFor()
  await sealed.getByText('未填写').waitFor()
  await page.getByRole('button', { name: '登记', exact: true }).click()
  await page.getByText('提交后封存，仅由两名保管人共同开启').first().waitFor()
  await isClean(page)
  await page.context().close()
  const received = await act(desk, report.id, 'receive', { channel: 'phone', target_kind: 'hospital', facts: '挂床住院', real_name: 'true', ...REPORTER })

  const unseal = await officer.post('/matters', { procedure: 'unseal', subject: received.number })
  await act(officer, unseal.id, 'ask', { matter: received.number, kind: 'reporter', what: '联系方式', purpose: '告知实名举报人处理结果', asked_by: '办案人员' })
  const waiting = await office.page(browser, officer) // asked: it waits for who decides
  await waiting.to('/work')
  const row = waiting.locator('[data-test=others] tr', { hasText: unseal.number })
  await row.getByText('处室负责人').waitFor()
  await waiting.locator('.figures button', { hasText: '等待他人办理' }).getByText('1', { exact: true }).waitFor()
  await isClean(waiting)
  await row.getByRole('link').click()
  await waiting.waitForURL(`**/matters/${unseal.id}`)
  await waiting.context().close()
  await act(bhead, unseal.id, 'grant', { result: 'granted', holders: '甲\n乙', until: tomorrow(), why: '必要' })

  for (const [i, keeper] of [keeper1, keeper2].entries()) {
    const page = await office.page(browser, keeper)
    await page.to(`/matters/${unseal.id}`)
    const sealed = page.locator('[data-test=sealed]')
    await sealed.getByText('现在不能查阅').waitFor() // one holder opens nothing
    assert.equal(await sealed.getByRole('button').count(), 0)
    await page.getByRole('button', { name: '两名保管人共同开启' }).click()
    await page.locator('form.form').getByRole('button', { name: '两名保管人共同开启' }).click()
    await page.getByText('已办理').waitFor()
    if (i === 0) await sealed.getByText('现在不能查阅').waitFor()
    else await sealed.getByRole('button', { name: '查阅' }).waitFor()
    await isClean(page)
    await page.context().close()
  }
  for (const keeper of [keeper1, keeper2]) {
    const page = await office.page(browser, keeper)
    await page.to(`/matters/${unseal.id}`)
    const sealed = page.locator('[data-test=sealed]')
    await sealed.getByText('每次查阅均记录查阅人和用途').waitFor()
    assert.equal(await sealed.getByText(REPORTER.reporter_name).count(), 0) // not before it is asked for
    await sealed.getByRole('button', { name: '查阅' }).click()
    for (const text of Object.values(REPORTER)) await sealed.getByText(text).waitFor()
    await isClean(page)
    await sealed.getByRole('button', { name: '收起' }).click()
    await sealed.getByText(REPORTER.reporter_name).waitFor({ state: 'detached' })
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
    assert.ok(!kept.includes(REPORTER.reporter_name) && !kept.includes(REPORTER.reporter_phone))
    await page.context().close()
  }
  // a holder who did not open it, who agreed to it, and who handles the report
  for (const [person, matter, says] of [[keeper3, unseal.id, '现在不能查阅'], [bhead, unseal.id, '现在不能查阅'], [desk, report.id, '已封存'], [officer, report.id, '已封存']]) {
    const page = await office.page(browser, person)
    await page.to(`/matters/${matter}`)
    const sealed = page.locator('[data-test=sealed]')
    await sealed.getByText(says).waitFor()
    assert.equal(await sealed.getByRole('button').count(), 0)
    const all = await page.content()
    assert.ok(!all.includes(REPORTER.reporter_name) && !all.includes(REPORTER.reporter_phone), person.login)
    await isClean(page)
    await page.context().close()
  }
})

test('evidence is preserved from the review desk, listed in its matter, and verified by the browser; a changed byte is named', async () => {
  const reviewer = await office.hire('reviewer', 'ag1', 'agency.reviewer')
  office.run('findings', 'load', '--data', office.data, '--lake', office.lake, '--run', 'r1', '--body', 'ag1', '--actor', reviewer.id)
  const [item] = (await reviewer.get('/items?state=new&sort=queue&limit=1')).items
  const page = await office.page(browser, reviewer)
  await page.to(`/review?state=new&at=${item.id}`)
  const mine = page.locator('[data-test=itempackages]')
  await mine.getByText('尚未留存').waitFor()
  await mine.getByRole('button', { name: '留存证据' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('理由').fill('机构提出异议')
  await dialog.getByRole('button', { name: '留存证据' }).click()
  await mine.getByRole('link').waitFor()
  await isClean(page)
  await page.to(`/findings?run=${(await reviewer.get(`/items/${item.id}`)).run}&at=${item.key}`) // and at the desk of findings
  await page.locator('[data-test=inreview]').getByRole('link', { name: '新疑点' }).waitFor()
  await page.locator('[data-test=inreview] [data-test=itempackages]').getByRole('link').waitFor()
  await isClean(page)
  for (let i = 0; i < 600 && !(await reviewer.get(`/matters/${item.matter}`)).evidence[0].hash; i++) await page.waitForTimeout(100)
  const [record] = (await reviewer.get(`/matters/${item.matter}`)).evidence
  await page.to(`/matters/${item.matter}`)
  const card = page.locator('[data-test=packages]')
  await card.getByText(record.number).waitFor()
  await card.getByText('已封存').waitFor()
  await card.getByText('保管记录').click()
  await card.getByText(record.hash).waitFor()
  const open = async () => {
    await card.getByRole('button', { name: '打开并核验' }).click()
    const ask = page.getByRole('dialog', { name: record.number })
    assert.ok(await ask.getByRole('button', { name: '打开并核验' }).isDisabled()) // not without a purpose
    await ask.getByRole('textbox').fill('核对机构异议')
    await ask.getByRole('button', { name: '打开并核验' }).click()
  }
  await open()
  const shown = page.locator('[data-test=package]')
  await shown.getByText('核验通过').waitFor()
  for (const part of ['说明', '疑点清单', '依据（费用明细与取值）', '规则文本']) await shown.getByText(part, { exact: true }).first().waitFor()
  await shown.getByRole('button', { name: item.id }).first().click()
  await shown.locator('pre').getByText(item.rule).waitFor()
  await isClean(page)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('dialog').getByRole('button', { name: '下载' }).click()])
  assert.equal(download.suggestedFilename(), `${record.number}.evidence`)
  await page.keyboard.press('Escape')
  // on its way one byte of a receipt changes
  await page.route('**/evidence/*', async route => {
    const answer = await route.fetch()
    const body = await answer.body()
    const at = body.indexOf('receipt/')
    body[at + 200] ^= 1
    await route.fulfill({ response: answer, body })
  })
  await open()
  await shown.getByText('核验不符').waitFor()
  await shown.getByText(/^receipt\/.* 的哈希不符$/).waitFor()
  await shown.getByText('全包的哈希与封存时登记的不同').waitFor()
  assert.equal((await reviewer.get(`/matters/${item.matter}`)).evidence[0].custody.filter(one => one.what === 'opened').length, 2)
  await page.context().close()
})
