// The desk over a city's findings: a reviewer, an institution, an author of rules, an auditor of the journal.
import assert from 'node:assert/strict'
import { cpSync, renameSync, rmSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Office, choose, isClean, moved, openBrowser, placeOf } from './office.mjs'

let office, browser, auditor
before(async () => {
  office = new Office(process.env.SHOUHU)
  office.city(300)
  await office.open()
  await office.body('ag1', 'agency', '虚构市医保中心')
  auditor = await office.hire('auditor', 'ag1', 'agency.auditor')
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  office?.close()
})

test('fifty findings are read by keyboard alone, and the address keeps the filter and the place', async () => {
  const page = await office.page(browser, auditor)
  await page.to('/findings?level=certain')
  const grid = page.getByRole('grid')
  await grid.locator('.body').first().waitFor()
  const totals = await auditor.get('/runs/r1/totals?level=certain')
  await page.locator('[data-test=totals]').getByText(`共 ${totals.findings.toLocaleString('en-US')} 条`).waitFor()
  await grid.focus()
  const seen = new Set()
  for (let i = 0, at = null; i < 50; i++) {
    await page.keyboard.press('j')
    seen.add((at = await moved(page, at)))
  }
  assert.equal(seen.size, 50)
  await page.locator('.evidence .say').waitFor()
  await page.keyboard.press('Enter') // into the evidence, and back to the same row
  assert.equal(await page.evaluate(() => document.activeElement.className.includes('panel')), true)
  await page.keyboard.press('Escape')
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'grid')
  const at = await placeOf(page)
  await page.reload()
  await page.locator('.evidence').getByText(at).waitFor()
  assert.match(page.url(), /level=certain/)
  await isClean(page)
  await page.context().close()
})

test('in English every page names a rule in English, and in Chinese again when the language goes back', async () => {
  const page = await office.page(browser, auditor)
  const [english, chinese] = ['Duplicate charging of medical services', '医疗服务项目重复收费']
  await page.to('/findings?rule=service-pair')
  await page.locator('[data-test=totals]').waitFor()
  const grid = page.getByRole('grid')
  await grid.locator('.body').first().click()
  await page.locator('.evidence').getByRole('link', { name: chinese, exact: true }).waitFor()
  await page.getByRole('button', { name: 'English' }).click()
  await grid.locator('.body').first().getByText(english).waitFor()
  await page.locator('.evidence').getByRole('link', { name: english, exact: true }).waitFor()
  await page.locator('.evidence').getByText('Item A', { exact: true }).waitFor() // columns of the knowledge by its own text
  await page.locator('.evidence').getByRole('link', { name: /^Services charged twice/ }).click()
  await page.getByRole('heading', { name: 'Services charged twice' }).waitFor()
  await page.getByRole('columnheader', { name: 'Compared within' }).waitFor()
  await page.to('/knowledge')
  await page.getByRole('link', { name: 'Services charged twice' }).waitFor()
  assert.equal(await page.locator('main').getByRole('link', { name: /[\u4e00-\u9fff]/ }).count(), 0)
  const tables = (await auditor.get('/knowledge')).items
  for (const { id } of tables)
    for (const [lang, foreign] of [['en', /[\u4e00-\u9fff]/], ['zh-CN', /^[a-z_]+$/]]) {
      const { title, names } = await auditor.ask('GET', `/knowledge/${id}?limit=1`, undefined, { 'Accept-Language': lang })
      assert.deepEqual([title, ...names].filter(name => foreign.test(name)), [], id)
    }
  await page.to('/rules/service-pair')
  await page.getByRole('heading', { name: english }).waitFor()
  await page.to('/rules')
  await page.getByRole('link', { name: english }).waitFor()
  assert.equal(await page.getByRole('grid').getByRole('link', { name: /[\u4e00-\u9fff]/ }).count(), 0)
  await page.to('/glance')
  await page.getByText('By rule (counted, yuan)').first().waitFor()
  await page.getByRole('button', { name: '中文' }).click()
  await page.to('/findings?rule=service-pair')
  await grid.locator('.body').first().getByText(chinese).waitFor()
  await grid.locator('.body').first().click()
  await page.locator('.evidence').getByText('项目甲', { exact: true }).waitFor()
  await isClean(page)
  await page.context().close()
})

test('evidence names the money, the article, the lines and the drawn half year; another order goes on where it was', async () => {
  const [first] = (await auditor.get('/runs/r1/findings?sort=-money&limit=1&rule=service-pair')).items
  const receipt = await auditor.get(`/runs/r1/findings/${first.id}/receipt`)
  assert.match(receipt.person, /\*/)
  const timeline = await auditor.get(`/runs/r1/findings/${first.id}/timeline`)
  assert.ok(receipt.lines.every(line => timeline.lines.some(row => row.id === line.id)))
  const page = await office.page(browser, auditor)
  await page.to(`/findings?at=${first.id}`)
  const panel = page.locator('.evidence')
  await panel.getByText(receipt.say).waitFor()
  await panel.getByText(receipt.basis[0]).waitFor()
  await panel.locator('svg .blamed').first().waitFor()
  await panel.getByRole('button', { name: '看表格' }).click()
  assert.ok((await panel.locator('tr.marked').count()) >= receipt.lines.length)
  await isClean(page)
  // a person with stays, drugs in supply and refunds: each has its lane and its form
  const wanted = { stay: '.inpatient', drug: '.line', refund: '.line.refund' }
  const seen = new Set()
  let isCleared = false
  for (const { id } of (await auditor.get('/runs/r1/findings?sort=-money&limit=200')).items) {
    const rows = await auditor.get(`/runs/r1/findings/${id}/timeline`)
    const has = { stay: rows.encounters.some(one => one.inpatient), drug: rows.lines.some(one => one.kind === 'drug' && Number(one.days) > 1), refund: rows.lines.some(one => Number(one.quantity) < 0) }
    const fresh = Object.keys(has).filter(kind => has[kind] && !seen.has(kind))
    const kept = await auditor.get(`/runs/r1/findings/${id}/receipt`)
    if (!fresh.length && (isCleared || !kept.clearing)) continue
    await page.to(`/findings?at=${id}`)
    await panel.getByText(kept.say).waitFor()
    if (kept.clearing) await panel.locator('.clearing').getByText(kept.clearing).waitFor() // what would clear it
    isCleared ||= !!kept.clearing
    await panel.locator('svg text.name').first().waitFor()
    for (let i = 0; i < 12; i++) await panel.getByRole('button', { name: '缩小' }).click() // the whole half year
    for (const kind of fresh) await panel.locator(`svg ${wanted[kind]}`).first().waitFor({ state: 'attached' })
    for (const kind of fresh) seen.add(kind)
    if (seen.size === 3 && isCleared) break
  }
  assert.deepEqual([...seen].sort(), ['drug', 'refund', 'stay'])
  assert.ok(isCleared)
  // keyset paging in every order: no finding twice, none left out, none out of its place
  const { findings } = await auditor.get('/runs/r1/totals')
  const keys = { money: one => Number(one.counted), day: one => one.day ?? '', rule: one => one.rule, institution: one => one.institution ?? '' }
  for (const sort of Object.keys(keys).flatMap(name => [name, `-${name}`])) {
    const [sign, keyOf] = [sort.startsWith('-') ? -1 : 1, keys[sort.replace('-', '')]]
    const found = []
    let after = ''
    do {
      const part = await auditor.get(`/runs/r1/findings?sort=${sort}&limit=97${after ? `&after=${encodeURIComponent(after)}` : ''}`)
      found.push(...part.items)
      after = part.next
    } while (after)
    assert.equal(new Set(found.map(one => one.id)).size, found.length, sort)
    assert.equal(found.length, findings, sort)
    const place = (a, b) => (keyOf(a) < keyOf(b) ? -sign : keyOf(a) > keyOf(b) ? sign : a.id < b.id ? -1 : 1)
    assert.deepEqual(found.map(one => one.id), [...found].sort(place).map(one => one.id), sort)
  }
  await assert.rejects(auditor.get('/runs/r1/findings?sort=id'), /422/)
  await page.context().close()
})

test('a filter is kept under a name, opened again after another, and let go', async () => {
  const page = await office.page(browser, auditor)
  await page.to('/findings?level=certain&amount_min=50')
  const sums = page.locator('[data-test=totals]')
  const said = async filter => `共 ${(await auditor.get(`/runs/r1/totals?${filter}`)).findings.toLocaleString('en-US')} 条，`
  await sums.getByText(await said('level=certain&amount_min=50')).waitFor()
  await page.getByRole('button', { name: '保存视图' }).click()
  await page.getByRole('textbox', { name: '视图名称' }).fill('明确且不小')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: '清除筛选' }).click()
  await sums.getByText(await said('')).waitFor()
  await page.reload() // kept in this browser
  await page.getByRole('button', { name: /^已存视图/ }).click()
  await isClean(page)
  await page.getByRole('menuitem', { name: /明确且不小/ }).click()
  await page.waitForURL(/level=certain&amount_min=50/)
  await sums.getByText(await said('level=certain&amount_min=50')).waitFor()
  await page.getByRole('button', { name: /^已存视图/ }).click()
  await page.getByRole('button', { name: /明确且不小/ }).click()
  await page.getByRole('button', { name: /^已存视图/ }).waitFor({ state: 'detached' })
  await page.context().close()
})

test('filters that are no numbers or days are refused by name, and sums by rule add up', async () => {
  for (const bad of ['amount_min=abc', 'from=2026-13-01', 'sort=nonsense', 'amount_max=1;drop'])
    await assert.rejects(auditor.get(`/runs/r1/findings?${bad}`), /422/)
  await assert.rejects(auditor.get('/runs/r1/groups?by=person'), /422/)
  assert.deepEqual(await auditor.get('/runs/newest/totals'), await auditor.get('/runs/r1/totals'))
  await assert.rejects(office.admin.get('/runs/newest/totals'), /403/)
  await assert.rejects(auditor.get('/runs/r1/findings?department=x'), /department.*尚未载入/) // not loaded: not known
  assert.deepEqual((await auditor.get('/runs/r1/groups?by=department')).items, [])
  const totals = await auditor.get('/runs/r1/totals?amount_min=100.00')
  const groups = (await auditor.get('/runs/r1/groups?by=rule&amount_min=100.00')).items
  assert.equal(groups.reduce((sum, one) => sum + one.findings, 0), totals.findings)
  assert.equal(groups.reduce((sum, one) => sum + Math.round(one.counted * 100), 0), Math.round(totals.counted * 100))
  assert.equal((await auditor.get(`/runs/r1/totals?q=${encodeURIComponent("' or 1=1 --")}`)).findings, 0)
  // kept sums are those of the file that lies there now
  const audits = `${office.lake}/audits`
  cpSync(`${audits}/r1`, `${audits}/a0`, { recursive: true })
  for (let i = 0; i < 2; i++) assert.deepEqual((await auditor.get('/runs/a0/groups?by=rule&amount_min=100.00')).items, groups)
  assert.throws(() => office.run('audit', '--lake', office.lake, '--place', '990100', '--run', 'a1', '--rule', 'service-pair', '--quiet'), { status: 10 })
  renameSync(`${audits}/a1/findings.parquet`, `${audits}/a0/findings.parquet`)
  const now = (await auditor.get('/runs/a0/groups?by=rule&amount_min=100.00')).items
  assert.deepEqual(now, groups.filter(one => one.key === 'service-pair'))
  for (const run of ['a0', 'a1']) rmSync(`${audits}/${run}`, { recursive: true })
})

test('an institution sees its own findings, its own lines and no sums of the place', async () => {
  const [one] = (await auditor.get('/runs/r1/findings?limit=1&rule=service-pair')).items
  const foreign = (await auditor.get('/runs/r1/findings?limit=200')).items.find(row => row.institution !== one.institution)
  await office.body(one.institution, 'institution', one.institution_name)
  const user = await office.hire('hospital', one.institution, 'institution.user')
  const mine = await user.get('/runs/r1/totals')
  assert.equal(mine.institutions, 1)
  for (const path of ['', '/receipt', '/timeline']) await assert.rejects(user.get(`/runs/r1/findings/${foreign.id}${path}`), /404/)
  await assert.rejects(user.get('/runs/r1'), /404/)
  const timeline = await user.get(`/runs/r1/findings/${one.id}/timeline`)
  assert.ok(timeline.lines.every(line => line.institution === one.institution))
  const page = await office.page(browser, user)
  await page.to('/findings')
  await page.getByText(`共 ${mine.findings.toLocaleString('en-US')} 条，计入`).waitFor()
  await page.to('/rules')
  await page.getByRole('grid').locator('.body').first().waitFor()
  await isClean(page)
  await page.context().close()
})

test('an author tries an edited rule: faults of type by line, failing cases, then all hold', async () => {
  const author = await office.hire('author', 'ag1', 'agency.rules_author')
  const page = await office.page(browser, author)
  await page.to('/rules/service-frequency')
  await page.getByRole('button', { name: '试写' }).click()
  await page.getByText(/写法正确，\d+ 个用例全部符合/).waitFor()
  const editor = page.getByRole('textbox', { name: '试写台' })
  const text = await editor.inputValue()
  await editor.fill(text.replaceAll('k.max', 'k.nosuch'))
  await page.getByText('规则写法有误').waitFor()
  await page.getByText(/k\.nosuch/).first().waitFor()
  await editor.fill(text.replace('> k.max', '>= k.max'))
  await page.getByText(/个用例中 \d+ 个不符/).waitFor()
  await isClean(page)
  await page.reload() // the draft is still there, and what its cases say of it
  await page.getByText(/个用例中 \d+ 个不符/).waitFor()
  await assert.rejects(auditor.post('/rules/check', { text }), /403/)
  await page.context().close()
})

test('findings are taken away for a purpose, as the filter stands', async () => {
  const page = await office.page(browser, auditor)
  await page.to('/findings?level=certain')
  const totals = await auditor.get('/runs/r1/totals?level=certain')
  await page.getByRole('button', { name: /^导出/ }).click()
  await page.getByRole('menuitem', { name: /CSV/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('查看目的').fill('核对明确违规')
  await isClean(page)
  const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: '导出 CSV' }).click()])
  const { readFile } = await import('node:fs/promises')
  const rows = (await readFile(await file.path(), 'utf8')).trim().split(/\r?\n/)
  assert.equal(rows.length, totals.findings + 1)
  await page.context().close()
})

test('at a glance every figure leads to its findings, and charts have a table', async () => {
  const page = await office.page(browser, auditor)
  await page.to('/glance')
  await page.getByText('按规则（计入金额，元）').waitFor()
  await page.locator('svg text').first().waitFor()
  await isClean(page)
  for (let closed = page.getByRole('button', { name: '看表格' }); await closed.count(); ) await closed.first().click()
  // every figure: no number stands on a card or in a table that is not in a link, or in the row of one
  const bare = await page.evaluate(() =>
    [...document.querySelectorAll('.figures b, .charts td.num')].filter(one => !one.closest('a, tr:has(a)')).map(one => one.textContent))
  assert.deepEqual(bare, [])
  // and each that leads to findings leads to those it counts
  const links = await page.evaluate(() =>
    [...document.querySelectorAll('main a[href^="/findings"]')].map(a => ({ href: a.getAttribute('href'), figure: a.querySelector('b')?.textContent ?? a.closest('tr')?.querySelector('td.num')?.textContent ?? '' })))
  assert.ok(links.length > 20, JSON.stringify(links))
  for (const { href, figure } of links) {
    const filters = new URL(href, office.url).searchParams
    filters.delete('run')
    filters.delete('sort')
    const sums = await auditor.get(`/runs/r1/totals?${filters}`)
    assert.ok([sums.findings, Number(sums.counted)].includes(Number(figure.replaceAll(',', ''))), `${href}: ${figure}, not ${JSON.stringify(sums)}`)
  }
  await page.locator('.figures').getByRole('link', { name: /^已判定/ }).click()
  await page.waitForURL('**/rules?sort=-unknown')
  await page.getByRole('columnheader', { name: /无法判定 ↓/ }).waitFor()
  await page.to('/glance')
  await page.getByRole('button', { name: '看表格' }).first().click()
  await page.locator('table.plain tbody a[href*="rule="]').first().click()
  await page.waitForURL('**/findings?*rule=*')
  const first = page.getByRole('grid').locator('.body').first()
  await first.click()
  await page.locator('.evidence tr.blamed').first().waitFor() // down to the line
  await page.context().close()
})

test('institutions stand out among those of their kind and level, as the register has them, and what no batch takes is said', async () => {
  const contract = await office.hire('contract', 'ag1', 'agency.contract')
  const head = await office.hire('ahead', 'ag1', 'agency.head')
  await office.body('h1', 'institution', '虚构市第一医院')
  const groups = (await auditor.get('/runs/r1/groups?by=institution')).items
  // the greatest of the hospitals is held against the least: it stands out, whatever the city came to
  const paid = groups.filter(one => one.key.startsWith('H') && Number(one.counted)).sort((a, b) => a.counted - b.counted)
  const third = new Set([...paid.slice(0, 6), ...paid.slice(-1)].map(one => one.key))
  const kindOf = one => (one.key.startsWith('P') ? ['pharmacy', 'none'] : ['hospital', third.has(one.key) ? '3' : '2'])
  const kinds = new Map()
  for (const one of groups.filter(one => one.key)) {
    const [kind, level] = kindOf(one)
    kinds.set(one.key, `${kind} ${level}`)
    const fields = { code: one.key, name: one.name, body: 'h1', kind, level, place: '990100', agency: 'ag1', grid: 'g1' }
    const made = await contract.post('/registers/institutions/records', { why: '登记', fields })
    await head.post(`/changes/${made.change}/approval`)
  }
  // reckoned apart from the page
  const parameters = (await auditor.get('/parameters')).items
  const value = name => Number(parameters.find(one => one.name === name && !one.missing).value)
  const median = of => of.sort((a, b) => a - b)[Math.floor((of.length - 1) / 2)]
  const expected = []
  for (const kind of new Set(kinds.values())) {
    const of = groups.filter(one => kinds.get(one.key) === kind)
    if (of.length <= value('stat.min_peers')) continue
    const middle = median(of.map(one => Number(one.counted)))
    const bound = middle + value('stat.bound') * 1.4826 * median(of.map(one => Math.abs(Number(one.counted) - middle)))
    expected.push(...of.filter(one => middle > 0 && Number(one.counted) > bound).map(one => one.name))
  }
  assert.ok(expected.length > 0, JSON.stringify(groups.map(one => [one.key, one.counted])))
  const page = await office.page(browser, auditor)
  await page.to('/glance')
  const card = page.locator('[data-test=outliers]')
  await card.getByText(/医院 [二三]级|零售药店/).first().waitFor()
  assert.deepEqual((await card.locator('tbody tr td:first-child').allTextContents()).sort(), expected.slice(0, 10).sort())
  const homeless = groups.find(one => !one.key)?.findings ?? 0
  assert.equal(await page.getByText(`本批次另有 ${homeless} 条疑点没有机构`).count(), homeless ? 1 : 0)
  await isClean(page)
  await card.getByRole('link').first().click()
  await page.waitForURL('**/findings?*institution=*')
  await page.context().close()

  // one of them reads at its own page whom it is held against
  const ofKind = kinds.get(groups.find(one => one.name === expected[0]).key)
  const taken = new Set((await office.admin.get('/registers/bodies/records?limit=200')).items.map(one => one.fields.code))
  const own = groups.find(one => kinds.get(one.key) === ofKind && !taken.has(one.key))
  await office.body(own.key, 'institution', own.name)
  const portal = await office.page(browser, await office.hire('ownuser', own.key, 'institution.user'))
  await portal.to('/portal')
  const words = { 'pharmacy none': '零售药店、未定级', 'hospital 3': '医院、三级', 'hospital 2': '医院、二级' }[ofKind]
  const others = [...kinds.values()].filter(kind => kind === ofKind).length - 1
  await portal.locator('[data-test=peersof]').getByText(`同为${words}的其他 ${others} 家机构`).waitFor()
  await isClean(portal)
  await portal.context().close()
})

test('parameters nobody has set stand first; internal control verifies the journal in the browser and a changed root is seen', async () => {
  const page = await office.page(browser, await office.hire('control', 'ag1', 'agency.control'))
  await page.to('/admin/parameters')
  const missing = await page.locator('tr.missing code').first().textContent()
  await page.getByRole('textbox', { name: '查找参数、依据' }).fill(missing)
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length < 20) // axe-core takes a minute for four hundred rows
  await isClean(page)
  await page.to('/admin/journal')
  await page.getByRole('button', { name: '核对连续性' }).click()
  await page.getByText('已记下当前状态').waitFor()
  await office.body('ag9', 'agency', '又一个中心') // new leaves
  await page.getByRole('button', { name: '核对连续性' }).click()
  await page.getByText(/核对通过：第 [\d,]+ 条之前的记录未被改动/).waitFor()
  await isClean(page)
  await page.evaluate(() => {
    const seen = JSON.parse(localStorage.getItem('journal.head'))
    localStorage.setItem('journal.head', JSON.stringify({ ...seen, size: seen.size - 1, root: seen.root.replace(/^./, c => (c === '0' ? '1' : '0')) }))
  })
  await page.reload()
  await page.getByRole('button', { name: '核对连续性' }).click()
  await page.getByText('请立即报告内控').waitFor()
  await page.context().close()
})

test('an audit runs as a job, the page may be closed meanwhile, and a grant is asked and approved in the pages', async () => {
  const page = await office.page(browser, auditor)
  await page.to('/admin/jobs')
  await page.getByLabel('区划').fill('990100')
  await page.getByRole('button', { name: '开始' }).click()
  await page.locator('tbody').getByText('审核').first().waitFor()
  await isClean(page)
  await page.close()
  const made = await office.admin.post('/people', { login: 'second', name: '钱二', body: 'ag1' })
  const desk = await office.page(browser, office.admin)
  await desk.to('/admin/people')
  await desk.getByRole('row', { name: /second/ }).getByRole('button', { name: '申请授权' }).click()
  await choose(desk, desk.getByRole('combobox', { name: '岗位' }), '窗口经办')
  await desk.getByLabel('理由').fill('窗口轮岗')
  await isClean(desk)
  await desk.getByRole('dialog').getByRole('button', { name: '申请授权' }).click()
  await desk.getByText('已申请，等待审批').waitFor()
  const boss = await office.page(browser, office.boss)
  await boss.to('/admin/grants')
  await boss.getByRole('row', { name: /窗口轮岗/ }).getByRole('button', { name: '批准', exact: true }).click()
  await boss.getByText('已办理').waitFor()
  assert.equal((await office.admin.get(`/grants?person=${made.id}`)).items[0].state, 'granted')
  for (;;) {
    const [job] = (await auditor.get('/jobs')).items
    if (!['waiting', 'running'].includes(job.state)) {
      assert.equal(job.state, 'done')
      break
    }
    await new Promise(resolve => setTimeout(resolve, 500))
  }
})
