// The bench of rules: an edited copy is checked as it is typed, back-tested over the lake, compared and proposed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Office, isClean, openBrowser } from './office.mjs'

let office, browser, author, reviewer
before(async () => {
  office = new Office(process.env.SHOUHU)
  office.city(200)
  await office.open()
  await office.body('ag1', 'agency', '虚构市医保中心')
  author = await office.hire('author', 'ag1', 'agency.rules_author')
  reviewer = await office.hire('reviewer', 'ag1', 'agency.reviewer')
  office.run('findings', 'load', '--data', office.data, '--lake', office.lake, '--run', 'r1', '--body', 'ag1', '--actor', reviewer.id)
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

test('a rule is edited, its faults are named while typing, it is back-tested, compared and proposed with both texts', async () => {
  const page = await office.page(browser, author)
  await page.to('/rules/service-frequency')
  await page.locator('[data-test=history]').getByText('尚未提出过调整').waitFor()
  await page.getByRole('button', { name: '试写' }).click()
  const editor = page.getByRole('textbox', { name: '试写台' })
  const bench = page.locator('[data-test=backtest]')
  await page.getByText(/写法正确，\d+ 个用例全部符合/).waitFor()
  assert.ok(await bench.getByRole('button', { name: '开始回溯' }).isDisabled()) // nothing is changed yet
  const text = await editor.inputValue()
  const hit = 'hit: sum(line.quantity) > k.max\n'
  assert.ok(text.includes(hit))

  await editor.fill(text.replace(hit, 'hit: sum(line.quantity) > nosuch\n'))
  await page.getByText('规则写法有误').waitFor()
  await page.getByRole('link', { name: /service-frequency\.yaml:\d+/ }).first().click()
  assert.match(await editor.evaluate(of => of.value.slice(of.selectionStart, of.selectionEnd)), /nosuch/) // led to its line
  assert.ok(await bench.getByRole('button', { name: '开始回溯' }).isDisabled())
  await isClean(page)

  const remarked = text + '# 试算\n'
  await editor.fill(remarked)
  await page.getByText(/写法正确，\d+ 个用例全部符合/).waitFor()
  await bench.getByRole('button', { name: '开始回溯' }).click()
  await bench.getByText('没有任何疑点因此改变').waitFor() // a remark changes nothing
  await bench.getByText('新疑点中没有本单位已有结论的').waitFor()
  const [same] = (await author.get('/jobs')).items
  assert.equal(same.kind, 'backtest')

  // what the office has concluded says how precise it would be
  const [left] = (await reviewer.get('/items?rule=service-frequency&state=new')).items
  await reviewer.post('/items/actions', { step: 'screen', rows: [{ id: left.id, version: left.version }], fields: { screened: 'out', reason: '已核对医嘱' }, why: '筛查' })
  await bench.getByRole('button', { name: '开始回溯' }).click()
  await bench.getByText('成立 0 条，不成立 1 条').waitFor()
  const { all } = (await author.get(`/jobs/${(await author.get('/jobs')).items[0].id}/backtest`)).comparison
  assert.deepEqual([all.share, all.low, all.rejected], ['0.00', '0.00', 1])
  await bench.locator('[data-test=precision]').getByText(`0.00% 95% 区间 0.00–${all.high}`).waitFor()
  await isClean(page)

  // its own cases say no: seen, not proposed
  await editor.fill(text.replace(hit, 'hit: sum(line.quantity) > k.max + k.max\n'))
  await page.getByText(/个用例中 \d+ 个不符/).waitFor()
  await bench.getByText('回溯之后文本又有改动').waitFor()
  assert.ok(await bench.getByRole('button', { name: '提出调整' }).isDisabled())
  await page.evaluate(() => sessionStorage.clear()) // as another tab, or after signing out
  await page.reload() // what was typed stays
  await page.getByText(/个用例中 \d+ 个不符/).waitFor()

  const found = (await author.get('/runs/newest/totals?rule=service-frequency')).findings
  const other = text.replace('in_force: {from: 2026-01-06}', 'in_force: {from: 2026-01-06, to: 2026-02-27}')
  assert.notEqual(other, text)
  await editor.fill(other)
  await page.getByText(/写法正确，\d+ 个用例全部符合/).waitFor()
  await bench.getByRole('button', { name: '开始回溯' }).click()
  await bench.getByText('金额变化最大的机构').waitFor()
  const job = (await author.get('/jobs')).items[0]
  const { comparison } = await author.get(`/jobs/${job.id}/backtest`)
  assert.equal(comparison.all.was, found)
  assert.equal(comparison.all.vanished, found)
  assert.ok(found > 0)
  await isClean(page)
  await bench.getByRole('link').last().click() // a figure leads to its finding
  await page.waitForURL(/\/findings\?run=r1&rule=service-frequency&at=/)
  await page.locator('.evidence .say').waitFor()
  await page.goBack()

  await bench.getByRole('button', { name: '提出调整' }).click()
  const dialog = page.getByRole('dialog', { name: '提出调整' })
  await dialog.getByLabel('理由').fill('依据新目录调整等级')
  await isClean(page)
  await dialog.getByRole('button', { name: '发起' }).click()
  await page.waitForURL(/\/matters\//)
  await page.locator('[data-test=files]').getByText('service-frequency.yaml').waitFor()
  await page.locator('[data-test=files]').getByText('service-frequency-backtest.md').waitFor()
  await page.getByRole('button', { name: '提出', exact: true }).click()
  const form = page.locator('form.form')
  assert.equal(await form.getByLabel('回溯比较报告编号').inputValue(), job.id)
  await form.getByRole('button', { name: '提出', exact: true }).click()
  await page.locator('[aria-current=step]').getByText('待审查').waitFor()
  await isClean(page)
  await page.to('/rules/service-frequency')
  await page.locator('[data-test=history]').getByText('待审查').waitFor()
  await page.context().close()
})

/** A job that runs for as long as the test wants: its process is stopped before it is over. One that was quicker than we
 * could look is followed by another. */
async function holdJob(person, name) {
  for (let i = 0; ; i++) {
    const run = `${name}-${i}`
    const { id } = await person.post('/jobs', { kind: 'audit', arguments: { place: '990100', run } })
    for (let state = 'waiting'; ['waiting', 'running'].includes(state); state = (await person.get(`/jobs/${id}`)).state)
      for (const child of office.jobs().filter(one => !one.isStopped))
        if (await child.stop()) return { id, run, letGo: child.end }
  }
}

test('jobs are cancelled from the page while they wait and while they run, and who tries no rules sees no bench', async () => {
  const auditor = await office.hire('auditor', 'ag1', 'agency.auditor')
  const held = [await holdJob(auditor, 'held'), await holdJob(auditor, 'kept')] // every place is taken: what comes now waits
  try {
    const page = await office.page(browser, author)
    await page.to('/rules/drug-sex')
    await page.getByRole('button', { name: '试写' }).click()
    const editor = page.getByRole('textbox', { name: '试写台' })
    await page.getByText(/写法正确，\d+ 个用例全部符合/).waitFor()
    await editor.fill(`${await editor.inputValue()}# 试算\n`)
    const bench = page.locator('[data-test=backtest]')
    await bench.getByRole('button', { name: '开始回溯' }).and(page.locator(':not([disabled])')).click()
    await bench.getByRole('status').getByText('排队').waitFor()
    const [job] = (await author.get('/jobs')).items
    assert.deepEqual([job.kind, job.state], ['backtest', 'waiting'])
    await bench.getByRole('button', { name: '取消' }).click()
    await bench.getByRole('status').getByText('已取消').waitFor()
    assert.equal((await author.get(`/jobs/${job.id}`)).state, 'cancelled')
    await isClean(page)
    await page.context().close()

    const jobs = await office.page(browser, auditor)
    await jobs.to('/admin/jobs')
    const row = jobs.getByRole('row', { name: held[0].run })
    await row.getByText('进行中').waitFor()
    await row.getByRole('button', { name: '取消' }).click()
    await row.getByText('已取消').waitFor() // it does not even answer a signal: killed
    assert.equal((await auditor.get(`/jobs/${held[0].id}`)).state, 'cancelled')
    assert.equal((await auditor.get(`/jobs/${held[1].id}`)).state, 'running')
    await isClean(jobs)
    await jobs.context().close()
  } finally {
    for (const one of held) one.letGo()
  }
  const theirs = await office.page(browser, auditor)
  await theirs.to('/rules/drug-sex')
  await theirs.locator('pre.text').waitFor()
  assert.equal(await theirs.getByRole('button', { name: '试写' }).count(), 0)
  await theirs.context().close()
})

test('a job is started at the page and goes on while it is closed; who comes back finds how it ended and its result', async () => {
  const starter = await office.hire('starter', 'ag1', 'agency.auditor')
  const page = await office.page(browser, starter)
  await page.to('/admin/jobs')
  const isStart = answer => answer.request().method() === 'POST' && answer.url().endsWith('/jobs')
  const [answer] = await Promise.all([page.waitForResponse(isStart), page.getByRole('button', { name: '开始' }).click()])
  const { id } = await answer.json()
  await page.context().close()
  for (let state = ''; !['done', 'failed'].includes(state); ({ state } = await starter.get(`/jobs/${id}`))) await new Promise(resolve => setTimeout(resolve, 50))
  const done = await starter.get(`/jobs/${id}`)
  assert.deepEqual([done.state, done.result], ['done', 'exit 10'])
  const again = await office.page(browser, starter)
  await again.to('/admin/jobs')
  const row = again.getByRole('row', { name: /审核 990100/ }).first()
  await row.getByText('完成').waitFor()
  await row.getByText('结束，有疑点').waitFor()
  await row.getByText(done.progress).waitFor() // its last word
  await isClean(again)
  await row.getByRole('link', { name: '疑点' }).click()
  await again.waitForURL('**/findings*')
  await again.context().close()
})
