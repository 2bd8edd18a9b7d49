// The pages as people use them, in a real browser over a real server.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { NEW_PASSWORD, Office, choose, factor, fits, isClean, openBrowser, workbook } from './office.mjs'

let office, browser
before(async () => {
  office = await new Office(process.env.SHOUHU).open()
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

test('a new account changes its password, sets up its second factor and arrives', async () => {
  const made = await office.admin.post('/people', { login: 'newcomer', name: '新人', body: 'gov' })
  const page = await office.page(browser, null)
  await page.to('/registers')
  await page.waitForURL('**/sign-in?to=/registers')
  await isClean(page)
  await page.getByLabel('账号').fill('newcomer')
  await page.getByLabel('口令').fill('not-the-one-it-is')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByRole('alert').getByText('账号、口令或动态码不对').waitFor()
  await page.getByLabel('口令').fill(made.initial_password)
  await page.keyboard.press('Enter')
  await page.getByLabel('新口令', { exact: true }).fill('short')
  await page.getByLabel('再输入一次新口令').fill('short')
  await page.getByRole('button', { name: '下一步' }).click()
  await page.locator('.el-form-item__error').waitFor()
  await page.getByLabel('新口令', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel('再输入一次新口令').fill(NEW_PASSWORD)
  await isClean(page)
  await page.getByRole('button', { name: '下一步' }).click()
  const secret = await page.locator('dd code').first().textContent()
  await isClean(page)
  await page.getByLabel('动态码').fill(factor(secret))
  await page.getByRole('button', { name: '绑定并进入' }).click()
  await page.waitForURL('**/work?refused=/registers') // no grant yet: nothing but this page
  await page.getByText('尚无岗位').waitFor()
  // again, now with the code
  await page.context().clearCookies()
  await page.to('/')
  await page.getByLabel('账号').fill('newcomer')
  await page.getByLabel('口令').fill(NEW_PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByLabel('动态码').waitFor()
  await page.getByLabel('动态码').fill(factor(secret, 1))
  await page.keyboard.press('Enter')
  await page.waitForURL('**/work')
  await page.context().close()
})

test('the pages send a strict content policy, keep hashed files for ever and ask again for the first', async () => {
  const index = await fetch(office.url + '/registers/bodies')
  assert.equal(index.status, 200)
  assert.match(index.headers.get('content-security-policy'), /default-src 'none'; script-src 'self';/)
  assert.doesNotMatch(index.headers.get('content-security-policy'), /script-src[^;]*unsafe/)
  assert.equal(index.headers.get('cache-control'), 'no-cache')
  const again = await fetch(office.url + '/', { headers: { 'If-None-Match': index.headers.get('etag') } })
  assert.equal(again.status, 304)
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(await index.text())[1]
  const packed = await fetch(office.url + script)
  assert.equal(packed.headers.get('content-encoding'), 'gzip')
  assert.match(packed.headers.get('cache-control'), /immutable/)
  assert.equal((await fetch(office.url + script, { headers: { 'Accept-Encoding': 'identity' } })).headers.get('content-encoding'), null)
  for (const none of ['/assets/none.js', '/api/v1/none', '/api', '/assets/..%2f..%2fpackage.json', '/index.html/x.js'])
    assert.ok([400, 404].includes((await fetch(office.url + none)).status), none)
  assert.equal((await fetch(office.url + '/', { method: 'POST' })).status, 404)
})

test('a register is searched, a record proposed, approved, and its versions compared', async () => {
  await office.body('ag1', 'agency', '虚构市医疗保障经办中心')
  const page = await office.page(browser, office.admin)
  await page.to('/registers')
  await page.getByRole('heading', { name: '机构（部门）名录' }).click()
  await page.getByRole('grid').getByText('虚构市医疗保障经办中心').waitFor()
  await isClean(page)
  await page.getByLabel('查找记录').fill('经办')
  await page.waitForURL('**q=*')
  await page.getByText('共 1 条').waitFor()
  await page.getByRole('grid').focus()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: '历史版本' }).waitFor()
  await isClean(page)
  await page.getByRole('button', { name: '修改' }).click()
  await page.getByLabel('名称').fill('')
  await page.getByRole('button', { name: '提交审批' }).click()
  await page.getByRole('alert').waitFor() // the server names the field; the page leads to it
  await page.locator('.el-form-item.is-error').first().waitFor()
  await isClean(page)
  await page.getByLabel('名称').fill('虚构市医保中心')
  await page.getByLabel('理由').fill('更名')
  await page.getByRole('button', { name: '提交审批' }).click()
  await page.getByText('已提交，等待另一人审批').waitFor()
  const change = (await office.boss.get('/changes?state=proposed')).items[0]
  await office.boss.post(`/changes/${change.id}/approval`)
  await page.reload()
  await page.getByRole('button', { name: '与上一版比较' }).click()
  await page.locator('td.gone').getByText('虚构市医疗保障经办中心').waitFor()
  await isClean(page)
  await page.context().close()
})

test('a table is taken away for a purpose, which whoever reviews such things reads', async () => {
  await office.body('ag3', 'agency', '乙经办机构')
  const page = await office.page(browser, office.admin)
  await page.to('/registers/bodies')
  await page.getByRole('button', { name: '导出 CSV' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('查看目的').fill('看')
  assert.ok(await dialog.getByRole('button', { name: '导出 CSV' }).isDisabled())
  await isClean(page)
  await dialog.getByLabel('查看目的').fill('。。。。')
  await dialog.getByRole('button', { name: '导出 CSV' }).click()
  await dialog.getByRole('alert').getByText('请写明查阅目的').waitFor() // marks say nothing: the server's word, the dialog stays
  await dialog.getByLabel('查看目的').fill('核对机构名录')
  const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: '导出 CSV' }).click()])
  assert.equal(file.suggestedFilename(), '机构（部门）名录.csv')
  const { readFile } = await import('node:fs/promises')
  assert.match(await readFile(await file.path(), 'utf8'), /乙经办机构/)
  await dialog.waitFor({ state: 'detached' })
  const taken = (await office.boss.get('/access-log?limit=200')).items.filter(one => one.kind === 'export' && one.register === 'bodies')
  assert.deepEqual(taken.map(one => one.purpose), ['核对机构名录'])
  await page.context().close()
})

test('a table is tried before it is taken, and each fault stands beside its row', async () => {
  const page = await office.page(browser, office.admin)
  await page.to('/registers/bodies/import')
  await page.getByLabel('选择 CSV 或 XLSX 文件').setInputFiles({
    name: 'bodies.csv', mimeType: 'text/csv',
    buffer: Buffer.from('code,name,kind,place\nt1,甲,agency,990100\nt2,,agency,990100\nt3,丙,nonsense,990100\n'),
  })
  await page.getByText('试导入结果').waitFor().catch(async error => assert.fail(`${error}\n${await page.locator('main').innerText()}`))
  assert.deepEqual(await page.locator('[data-test=bad] tbody').evaluateAll(rows => rows.map(one => one.rows[0].cells[0].textContent)), ['3', '4'])
  await isClean(page)
  await page.getByRole('button', { name: '写入合格的 1 行' }).click()
  await page.getByText('已写入 1 行').waitFor()
  await page.context().close()
})

test('a workbook goes out and comes back: its rows with faults stand in place, each bad cell marked, and what is mended is taken', async () => {
  await office.body('ag4', 'agency', '丁经办机构')
  const page = await office.page(browser, office.admin)
  await page.to('/registers/bodies')
  await page.getByRole('button', { name: '导出 XLSX' }).click()
  await page.getByRole('dialog').getByLabel('查看目的').fill('核对机构名录')
  const [out] = await Promise.all([page.waitForEvent('download'), page.getByRole('dialog').getByRole('button', { name: '导出 XLSX' }).click()])
  assert.equal(out.suggestedFilename(), '机构（部门）名录.xlsx')
  const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
  const take = async (name, buffer) => {
    await page.to('/registers/bodies/import')
    await page.getByLabel('选择 CSV 或 XLSX 文件').setInputFiles({ name, mimeType: XLSX, buffer })
    await page.getByText('试导入结果').waitFor()
  }
  const sumOf = name => page.locator('.sums > div', { hasText: name }).locator('b').textContent()
  await take('again.xlsx', readFileSync(await out.path())) // what went out is what is on record
  assert.equal(await sumOf('未变'), await sumOf('读到'))
  assert.equal(await page.locator('[data-test=bad]').count(), 0)

  const rows = [['code', 'name', 'kind', 'place'], ['w1', '戊', 'agency', '990100'], ['w2', '己', '没有的类别', '990100'], ['w3', '', 'agency', '9']]
  await take('bodies.xlsx', workbook(rows))
  const bad = page.locator('[data-test=bad] tbody')
  assert.equal(await bad.count(), 2)
  for (const [i, row, cells] of [[0, rows[2], ['没有的类别']], [1, rows[3], ['—', '9']]]) {
    assert.deepEqual((await bad.nth(i).locator('tr').first().locator('td').allTextContents()).slice(1), row.map(cell => cell || '—'))
    assert.deepEqual(await bad.nth(i).locator('td.fault').allTextContents(), cells)
    assert.notEqual((await bad.nth(i).locator('.why').textContent()).trim(), '')
  }
  await isClean(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await fits(page)
  rows[2][2] = 'agency'
  rows[3][1] = '庚'
  rows[3][3] = '990100'
  await take('bodies.xlsx', workbook(rows))
  assert.equal(await sumOf('待审批'), '3')
  await page.getByRole('button', { name: '写入合格的 3 行' }).click()
  await page.getByText('已写入 3 行').waitFor()
  assert.equal((await office.boss.get('/changes?state=proposed&limit=200')).items.filter(one => one.register === 'bodies' && one.why === 'import').length >= 3, true)
  await page.context().close()
})

test('a session that ends in the middle of a form asks to sign in above it, and the form is sent', async () => {
  const person = await office.hire('clerk', 'gov', 'admin.users')
  const page = await office.page(browser, person)
  await page.to('/registers/bodies/new')
  await page.getByLabel('名称').fill('中途登录机构')
  await choose(page, page.getByRole('combobox', { name: '类别' }), '经办机构')
  await page.getByLabel('机构代码').fill('mid1')
  await page.getByLabel('行政区划').fill('990100')
  await page.getByLabel('理由').fill('新设')
  await page.context().clearCookies()
  await page.getByRole('button', { name: '提交审批' }).click()
  await page.getByText('登录已过期').waitFor()
  await page.getByLabel('账号').fill('clerk')
  await page.locator('#signin-password').fill(NEW_PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByLabel('动态码').waitFor()
  await page.getByLabel('动态码').fill(factor(person.secret, 1))
  await page.keyboard.press('Enter')
  await page.getByText('已提交，等待另一人审批').waitFor()
  assert.ok((await office.boss.get('/changes?state=proposed')).items.length > 0)
  await page.context().close()
})

test('the page speaks English, goes dark, and fits a narrow screen', async () => {
  const page = await office.page(browser, office.admin, { viewport: { width: 390, height: 844 } })
  await page.to('/registers')
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'Registers' }).waitFor()
  await page.to('/registers/institutions/new') // who may instead, by name
  await page.getByText('these do: Contract officer').waitFor()
  await page.to('/registers')
  await page.getByRole('button', { name: /Appearance/ }).click()
  await page.getByRole('button', { name: /Appearance/ }).click()
  assert.ok(await page.evaluate(() => document.documentElement.classList.contains('dark')))
  await isClean(page)
  await fits(page)
  await page.context().close()
})
