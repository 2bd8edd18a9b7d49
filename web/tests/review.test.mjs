// Review by keyboard, and a matter drawn from its definition.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Office, choose, fits, isClean, moved, openBrowser, placeOf } from './office.mjs'

let office, browser, reviewer
before(async () => {
  office = new Office(process.env.SHOUHU)
  office.city(200)
  await office.open()
  await office.body('ag1', 'agency', '虚构市医保中心')
  reviewer = await office.hire('reviewer', 'ag1', 'agency.reviewer')
  writeFileSync(join(office.lake, 'audits/r1/desk-money.parquet.part'), 'PAR1 and no more') // a load that was killed
  office.run('findings', 'load', '--data', office.data, '--lake', office.lake, '--run', 'r1', '--body', 'ag1', '--actor', reviewer.id)
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

async function waiting() {
  let n = 0
  let after = ''
  do {
    const page = await reviewer.get(`/items?state=new&limit=200${after ? `&after=${encodeURIComponent(after)}` : ''}`)
    n += page.items.length
    after = page.next
  } while (after)
  return n
}

test('a reviewer clears fifty findings by keyboard alone, and takes one back', async () => {
  const page = await office.page(browser, reviewer)
  const whole = await waiting()
  await page.to('/work')
  await page.getByRole('link', { name: '筛查' }).click()
  await page.waitForURL('**/review?*')
  await page.locator('.evidence .say').waitFor()
  await isClean(page)
  await page.getByRole('grid').focus()
  for (let i = 0; i < 50; i++) {
    await page.getByRole('button', { name: /^筛查：反馈机构/ }).and(page.locator(':not([disabled])')).waitFor()
    const before = await placeOf(page)
    await page.keyboard.press('s')
    await moved(page, before)
  }
  assert.equal(await waiting(), whole - 50)
  await page.getByRole('button', { name: /撤回/ }).waitFor()
  await page.keyboard.press('u')
  await page.getByText('已撤回 1 条').waitFor()
  assert.equal(await waiting(), whole - 49)
  await page.context().close()
})

test('a finding is left out only with a reason, and the refusal says so beside the form', async () => {
  const page = await office.page(browser, reviewer)
  const whole = await waiting()
  await page.to('/review?state=new')
  await page.locator('.evidence .say').waitFor()
  await page.getByRole('grid').focus()
  await page.getByRole('button', { name: /^筛查：排除/ }).and(page.locator(':not([disabled])')).waitFor()
  const at = await placeOf(page)
  await page.keyboard.press('o')
  await page.getByText(/排除疑点须写明理由（S4§17）/).waitFor()
  assert.equal(await waiting(), whole)
  await isClean(page)
  const form = page.locator('form')
  await form.getByLabel('理由').fill('病历已核对，属于另一次手术')
  await form.getByRole('button', { name: '筛查' }).click()
  await moved(page, at)
  assert.equal(await waiting(), whole - 1)
  const left = await reviewer.get(`/items/${at}`)
  assert.equal(left.state, 'out')
  // an outcome of its rule: beside the next finding of it, at the rule, and among all rules with its interval
  const of = async rule => (await reviewer.get('/outcomes')).items.find(one => one.rule === rule)
  const told = await of(left.rule)
  assert.deepEqual([told.reviewed, told.confirmed, told.overturned, told.share], [1, 0, 1, '0.00'])
  const { advice, ...alone } = await reviewer.get(`/rules/${left.rule}/outcomes`)
  assert.deepEqual(alone, told)
  await page.to(`/findings?at=${left.key}`)
  await page.locator('.evidence [data-test=outcomes]').getByText(`已有终局结论 1 条：成立 0 条，不成立 1 条。 成立率 0.00%（95% 区间 0.00%–${told.high}%）`).waitFor()
  await isClean(page)
  await page.to(`/rules/${left.rule}`)
  await page.locator('[data-test=outcomes]').getByText(/不成立 1 条/).waitFor()
  await page.locator('[data-test=outcomes]').getByRole('link').click()
  await page.waitForURL(`**/review?rule=${left.rule}*`)
  await page.to('/rules')
  await page.getByRole('row', { name: left.name }).getByText(`0.00%（0.00–${told.high}）`).waitFor()
  await isClean(page)
  await page.context().close()
})

test('the queue is narrowed by state, rule, level and money in the address; the sums are those of the filter', async () => {
  const page = await office.page(browser, reviewer)
  await page.to('/review')
  await page.locator('.evidence .say').waitFor()
  const all = await reviewer.get('/items/totals')
  await page.locator('[data-test=totals]').getByText(`${all.n.toLocaleString('en-US')} 条，合计`).waitFor()
  for (const [box, option] of [['状态', '新疑点'], ['等级', '明确违规']]) await choose(page, page.getByRole('combobox', { name: box }), option)
  await page.waitForURL(/state=new&level=certain/)
  await page.getByLabel('计入金额 ≥').fill('100')
  await page.waitForURL(/amount_min=100/)
  const some = await reviewer.get('/items/totals?state=new&level=certain&amount_min=100')
  await page.locator('[data-test=totals]').getByText(`${some.n.toLocaleString('en-US')} 条，合计`).waitFor()
  assert.ok(some.n > 0 && some.n < all.n, JSON.stringify([some, all]))
  const rows = (await reviewer.get('/items?state=new&level=certain&amount_min=100&limit=200')).items
  if (rows.length === some.n) assert.equal(rows.reduce((sum, row) => sum + Math.round(row.amount * 100), 0), Math.round(some.amount * 100))
  assert.ok(rows.every(row => row.level === 'certain' && row.state === 'new' && Number(row.amount) >= 100))
  await assert.rejects(reviewer.get('/items/totals?amount_min=abc'), /400/)
  await isClean(page)
  await page.getByRole('button', { name: '清除筛选' }).click()
  await page.locator('[data-test=totals]').getByText(`${all.n.toLocaleString('en-US')} 条，合计`).waitFor()
  const kept = rows.find(row => row.rule === 'service-pair') ?? rows[0]
  await page.to(`/review?rule=${kept.rule}`)
  await page.getByRole('grid').locator('.body').first().getByText(kept.name).waitFor()
  await page.getByRole('button', { name: 'English' }).click() // the same finding, its rule by its English name
  const english = (await reviewer.get(`/rules/${kept.rule}`)).text.match(/^english: "?(.*?)"?$/m)[1]
  await page.getByRole('grid').locator('.body').first().getByText(english).waitFor()
  await page.locator('.evidence').getByRole('link', { name: english }).waitFor()
  await page.context().close()
})

test('findings are narrowed to the department and the practitioner of their claim once they are loaded', async () => {
  const page = await office.page(browser, reviewer)
  const whole = await reviewer.get('/runs/r1/totals')
  const [head, ...fees] = readFileSync(`${office.dir}/city/fee_list_d.csv`, 'utf8').trim().split(/\r?\n/).map(row => row.split(','))
  const cell = (fee, name) => fee[head.indexOf(name)]
  const source = new Map(fees.map(fee => [`${cell(fee, 'mdtrt_id')} ${cell(fee, 'bkkp_sn')}`, { department: `${cell(fee, 'fixmedins_code')}:${cell(fee, 'bilg_dept_codg')}`, practitioner: cell(fee, 'bilg_dr_code') }]))
  for (const by of ['department', 'practitioner']) {
    const groups = (await reviewer.get(`/runs/r1/groups?by=${by}`)).items
    assert.equal(groups.reduce((sum, one) => sum + one.findings, 0), whole.findings)
    const { key } = groups.find(one => one.key)
    const rows = (await reviewer.get(`/runs/r1/findings?${by}=${key}&sort=-money&limit=20`)).items
    assert.ok(rows.length && rows.every(row => row[by] === key))
    for (const row of rows) assert.equal(source.get(`${row.encounter} ${row.lines.split('|')[0]}`)[by], key, row.id) // as the hospital filed it
  }
  const [most] = (await reviewer.get('/runs/r1/groups?by=department')).items.filter(one => one.key)
  await page.to('/findings')
  await page.getByRole('grid').locator('.body').first().waitFor()
  await choose(page, page.getByRole('combobox', { name: '科室' }), `${most.name || most.key}（${most.findings.toLocaleString('en-US')}）`)
  await page.waitForURL(new RegExp(`department=${most.key}`))
  await page.locator('[data-test=totals]').getByText(`共 ${most.findings.toLocaleString('en-US')} 条`).waitFor()
  await page.reload() // chosen in the address: named again, not by its code
  await page.locator('.filters').getByText(most.name || most.key).first().waitFor()
  await isClean(page)
  await page.context().close()
})

test('a bulk act says what and how much before it runs', async () => {
  const page = await office.page(browser, reviewer)
  const whole = await waiting()
  await page.to('/review?state=new')
  await page.locator('.evidence .say').waitFor()
  for (let i = 0; i < 3; i++) await page.locator('.body input[type=checkbox]').nth(i).check()
  await page.getByText(/已选 3 条，合计/).waitFor()
  await page.getByRole('button', { name: /^筛查：反馈机构/ }).click()
  await page.getByText(/将办理 3 条，合计 [\d,.]+ 元/).waitFor()
  assert.equal(await waiting(), whole)
  await isClean(page)
  await page.getByRole('dialog').getByRole('button', { name: '筛查：反馈机构' }).click()
  await page.getByRole('button', { name: /撤回/ }).waitFor()
  assert.equal(await waiting(), whole - 3)
  await page.context().close()
})

test('two reviewers at one finding: the second is told, nothing is done twice, and what was typed stands', async () => {
  const other = await office.hire('reviewer2', 'ag1', 'agency.reviewer')
  const [one, two] = [await office.page(browser, reviewer), await office.page(browser, other)]
  const whole = await waiting()
  const [first] = (await reviewer.get('/items?state=new&sort=queue&limit=1')).items
  for (const page of [one, two]) {
    await page.to(`/review?state=new&at=${first.id}`)
    await page.getByRole('button', { name: /^筛查：反馈机构/ }).and(page.locator(':not([disabled])')).waitFor()
    await page.locator('.evidence .say').waitFor()
  }
  await one.getByRole('button', { name: /^筛查：反馈机构/ }).click()
  await one.getByRole('button', { name: /撤回/ }).waitFor()
  await two.getByRole('button', { name: /^筛查：反馈机构/ }).click()
  await two.getByRole('alert').first().waitFor()
  assert.equal(await waiting(), whole - 1)
  // and what the second has typed meanwhile stands
  const [next] = (await reviewer.get('/items?state=new&sort=queue&limit=1')).items
  for (const page of [one, two]) {
    await page.to(`/review?state=new&at=${next.id}`)
    await page.getByRole('button', { name: /^筛查：反馈机构/ }).and(page.locator(':not([disabled])')).waitFor()
  }
  await two.getByRole('grid').focus()
  await two.keyboard.press('o')
  const form = two.locator('form.form')
  await form.getByLabel('理由').fill('病历已核对，属于另一次手术，附手术记录')
  await one.getByRole('button', { name: /^筛查：反馈机构/ }).click()
  await one.getByRole('button', { name: /撤回/ }).waitFor()
  await form.getByRole('button', { name: '筛查' }).click()
  await two.getByRole('alert').getByText(/内容已被他人更新/).waitFor()
  await two.getByRole('button', { name: /^筛查：反馈机构/ }).and(two.locator(':not([disabled])')).waitFor({ state: 'detached' }) // what may be done now was read
  await form.getByText('已被他人办理，这一步不能再提交').waitFor()
  assert.ok(await form.getByRole('button', { name: '筛查' }).isDisabled())
  assert.equal(await form.getByLabel('理由').inputValue(), '病历已核对，属于另一次手术，附手术记录')
  assert.notEqual((await reviewer.get(`/items/${next.id}`)).state, 'out')
  assert.equal(await waiting(), whole - 2)
  await isClean(two)
  await one.context().close()
  await two.context().close()
})

test('a matter shows its path, does what is allowed by form, and greys what is not with every article', async () => {
  const [batch] = (await reviewer.get('/matters?procedure=claim-batch&limit=1')).items
  const page = await office.page(browser, reviewer)
  await page.to('/matters')
  await page.getByRole('grid').getByText(batch.number).waitFor()
  await isClean(page)
  await page.to(`/matters/${batch.id}`)
  await page.locator('[aria-current=step]').getByText('审核中').waitFor()
  await page.getByText('尚未登记批次数据').waitFor()
  assert.ok(await page.getByRole('button', { name: '初审完成' }).isDisabled())
  await isClean(page)
  await page.getByRole('button', { name: '登记批次数据' }).click()
  const form = page.locator('form.form')
  for (const [name, value] of [['申报金额', '1000.00'], ['无疑点金额', '2000.00'], ['基金', '390']])
    await form.getByLabel(name, { exact: true }).fill(value)
  await form.getByRole('button', { name: '登记批次数据' }).click()
  await page.getByRole('alert').getByText(/大于申报金额/).waitFor() // refused, with its article; what was typed stays
  await form.getByLabel('无疑点金额', { exact: true }).fill('900.00')
  await form.getByRole('button', { name: '登记批次数据' }).click()
  await page.getByText('已办理').waitFor()
  await page.getByText(/\d+ 条规则因数据缺失未能全部评估，须写明原因和处理/).waitFor() // what the audit told of itself
  await isClean(page)
  await page.getByRole('button', { name: 'English' }).click() // over a shoulder: the same refusal, its papers and gates
  await page.getByText(/\d+ rules could not be evaluated everywhere: say why/).waitFor()
  await page.getByText("Panel of the agency's leaders").first().waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await fits(page)
  await page.context().close()
})
