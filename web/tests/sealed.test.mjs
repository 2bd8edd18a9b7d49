// What is sealed: who reported, opened by two holders together and by nobody else.
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
