-- Every finding with its receipt, as the audit writes them: rule and article, the row of knowledge, the sentence, the values
-- read, the deciding fact and the smallest change, each line with its part of the money, and the money drawn once.
-- ${FOUND} all found_* tables, by name; ${RULE_TEXTS} rules as JSON: what every receipt of a rule says alike.
CREATE TEMP TABLE rule AS
SELECT rule, number, name, level, knowledge, remind, rule_json, basis_json, basis FROM read_json('${RULE_TEXTS}', columns = {
    rule: 'VARCHAR', number: 'BIGINT', name: 'VARCHAR', level: 'VARCHAR', knowledge: 'VARCHAR', remind: 'BOOLEAN', rule_json: 'VARCHAR',
    basis_json: 'VARCHAR', basis: 'VARCHAR'});
CREATE MACRO knowledge_json(tbl) AS TABLE
SELECT k, any_value(value) FILTER (name = 'level') AS level,
       '"line":' || k || ',"layer":' || to_json(coalesce(any_value(value) FILTER (name = 'layer'), '000000')) || ',"source":'
       || to_json(any_value(value) FILTER (name = 'source')) || ',"from":' || to_json(any_value(value) FILTER (name = 'from'))
       || coalesce(',"to":' || to_json(any_value(value) FILTER (name = 'to')), '')
       || ',"cells":{' || string_agg(to_json(name) || ':' || to_json(value), ',') || '}}' AS text
FROM (UNPIVOT (FROM query_table('raw_' || tbl)) ON COLUMNS(* EXCLUDE (k)) INTO NAME name VALUE value) WHERE value <> '' GROUP BY k;
CREATE TEMP TABLE knowledge_row AS
SELECT 'drug_insurance' AS name, * FROM knowledge_json('drug_insurance')
UNION ALL SELECT 'drug_maternity' AS name, * FROM knowledge_json('drug_maternity')
UNION ALL SELECT 'herb_unpaid' AS name, * FROM knowledge_json('herb_unpaid')
UNION ALL SELECT 'herb_single' AS name, * FROM knowledge_json('herb_single')
UNION ALL SELECT 'drug_second_line' AS name, * FROM knowledge_json('drug_second_line')
UNION ALL SELECT 'drug_age' AS name, * FROM knowledge_json('drug_age')
UNION ALL SELECT 'drug_indication' AS name, * FROM knowledge_json('drug_indication')
UNION ALL SELECT 'drug_course' AS name, * FROM knowledge_json('drug_course')
UNION ALL SELECT 'drug_level' AS name, * FROM knowledge_json('drug_level')
UNION ALL SELECT 'drug_visit' AS name, * FROM knowledge_json('drug_visit')
UNION ALL SELECT 'surgery_group' AS name, * FROM knowledge_json('surgery_group')
UNION ALL SELECT 'service_course' AS name, * FROM knowledge_json('service_course')
UNION ALL SELECT 'service_pair' AS name, * FROM knowledge_json('service_pair')
UNION ALL SELECT 'service_frequency' AS name, * FROM knowledge_json('service_frequency')
UNION ALL SELECT 'service_age' AS name, * FROM knowledge_json('service_age')
UNION ALL SELECT 'service_period' AS name, * FROM knowledge_json('service_period')
UNION ALL SELECT 'internet_banned' AS name, * FROM knowledge_json('internet_banned')
UNION ALL SELECT 'drug_child' AS name, * FROM knowledge_json('drug_child')
UNION ALL SELECT 'drug_sex' AS name, * FROM knowledge_json('drug_sex')
UNION ALL SELECT 'service_child' AS name, * FROM knowledge_json('service_child')
UNION ALL SELECT 'service_sex' AS name, * FROM knowledge_json('service_sex');

CREATE TEMP TABLE found AS
SELECT row_number() OVER () AS f, rule, point, k, person, institution, encounter_key, lines, involved, shares, amount::BIGINT AS amount, day, key, say,
       vals, deciding, clearing, doubt
FROM (SELECT NULL::BIGINT AS k, NULL::VARCHAR[] AS involved, NULL::BIGINT[] AS shares, NULL::VARCHAR AS key, NULL::VARCHAR AS doubt WHERE false
      UNION ALL BY NAME ${FOUND});
-- Lines of the findings; one that is named twice counts once.
CREATE TEMP TABLE member AS
SELECT f, person, id, bool_or(blamed) AS blamed, max(share) AS share
FROM (SELECT f, person, unnest(lines) AS id, true AS blamed, unnest(shares) AS share FROM found
      UNION ALL SELECT f, person, unnest(involved), false, NULL FROM found) GROUP BY f, person, id;
-- They alone are fetched again from the lake, in one pass for all rules.
CREATE TEMP TABLE hit AS
SELECT person, id, time, encounter_key, settlement_key, item, institution, unit_price, charged_quantity, charged_covered
FROM line SEMI JOIN member USING (person, id);
CREATE TEMP TABLE hit_line AS
SELECT l.person, l.id, l.time, l.encounter_key, l.item, l.institution, coalesce(l.settlement_key, o.settlement_key) AS settlement_key, i.name AS item_name,
       l.charged_covered - coalesce(n.covered, 0) AS covered,
       concat('{"id":', to_json(l.id), ',"institution":', to_json(h.code), coalesce(',"encounter":' || to_json(e.id), ''),
                  coalesce(',"settlement":' || to_json(s.id), ''), coalesce(',"item":' || to_json(i.code) || ',"name":' || to_json(i.name), ''),
                  coalesce(',"time":"' || time_text(l.time) || '"', ''),
                  coalesce(',"quantity":' || quantity_text(l.charged_quantity - coalesce(n.quantity, 0)), ''),
                  coalesce(',"unit_price":' || price_text(l.unit_price), ''),
                  coalesce(',"covered":' || yuan(l.charged_covered - coalesce(n.covered, 0)), '')) AS text
FROM hit l
LEFT JOIN net n ON n.encounter_key = l.encounter_key AND n.id = l.id
LEFT JOIN only_settlement o ON o.encounter_key = l.encounter_key
LEFT JOIN settled s ON s.settlement_key = coalesce(l.settlement_key, o.settlement_key)
LEFT JOIN encounter e ON e.encounter_key = l.encounter_key
LEFT JOIN institution h ON h.id = l.institution
LEFT JOIN item i ON i.id = l.item;

-- The amount over its lines by largest remainder, ties by id.
CREATE TEMP TABLE part AS
WITH weighed AS (
    SELECT m.f, m.person, m.id, m.blamed, l.time, l.covered, l.settlement_key, l.text,
           CASE WHEN m.blamed THEN coalesce(m.share, greatest(l.covered, 0)) ELSE 0 END AS weight
    FROM member m JOIN hit_line l ON l.person = m.person AND l.id = m.id
), shared AS (
    SELECT w.*, CASE WHEN sum(weight) OVER own > 0 AND amount > 0 THEN (amount::HUGEINT * weight // sum(weight) OVER own)::BIGINT ELSE 0 END AS whole,
           CASE WHEN sum(weight) OVER own > 0 AND amount > 0 THEN amount::HUGEINT * weight % sum(weight) OVER own ELSE 0 END AS rest,
           CASE WHEN sum(weight) OVER own > 0 THEN amount ELSE 0 END AS amount
    FROM weighed w JOIN found USING (f) WINDOW own AS (PARTITION BY f)
)
SELECT f, person, id, blamed, time, covered, settlement_key, text,
       whole + if(rest > 0 AND row_number() OVER (PARTITION BY f ORDER BY rest DESC, id) <= amount - sum(whole) OVER (PARTITION BY f), 1, 0) AS amount
FROM shared;

CREATE TEMP TABLE named AS -- whose they are, and in which order money is drawn
SELECT f.* EXCLUDE (key, say), p.code AS person_code, h.code AS institution_code, h.name AS institution_name, e.id AS encounter, r.number,
       if(starts_with(f.say, '：'), l.item_name || f.say, f.say) AS say,
       coalesce(f.doubt, CASE WHEN r.remind AND e.is_open THEN 'encounter.open' END) AS why,
       least(level_rank(r.level), coalesce(level_rank(k.level), 2), if(why IS NULL, 2, 1)) AS rank,
       CASE WHEN f.key IS NULL THEN h.code || '/' || coalesce(e.id, '') || '/' || f.lines[1]
            ELSE replace(replace(replace(replace(f.key, '{row}', '{encounter}/' || f.lines[1]), '{encounter}', '{institution}/' || coalesce(e.id, '')),
                                 '{institution}', coalesce(h.code, '')), '{person}', p.code) END AS whole_key,
       sha256(encode(f.rule) || '\x00'::BLOB || encode(f.point) || '\x00'::BLOB || encode(whole_key))[:32] AS id,
       k.text AS knowledge, r.knowledge AS knowledge_name
FROM found f JOIN rule r USING (rule)
LEFT JOIN (SELECT id, code FROM read_parquet('${LAKE}/dict/*-person.parquet')) p ON p.id = f.person
LEFT JOIN institution h ON h.id = f.institution
LEFT JOIN encounter e ON e.encounter_key = f.encounter_key
LEFT JOIN hit_line l ON l.person = f.person AND l.id = f.lines[1]
LEFT JOIN knowledge_row k ON k.name = r.knowledge AND k.k = f.k;

-- Certain before suspected, by number of the national list, by id: what is left of a line is counted, and of a settlement's fund its share.
CREATE TEMP TABLE drawn AS
WITH turn AS (
    SELECT f, row_number() OVER (ORDER BY rank DESC, coalesce(number, 2147483647), id) AS turn FROM named
), counted AS (
    SELECT p.*, turn, CASE WHEN p.amount > 0 THEN greatest(0, least(p.amount, greatest(covered, 0)
                                 - coalesce(sum(p.amount) OVER (PARTITION BY person, id ORDER BY turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) ELSE 0 END AS counted
    FROM part p JOIN turn USING (f)
), of_settlement AS (
    SELECT f, turn, settlement_key, sum(counted) AS counted FROM counted WHERE amount > 0 GROUP BY ALL
), paid AS (
    SELECT o.f, o.turn, o.settlement_key, o.counted, s.settlement_key IS NOT NULL AS settled, s.payment_mode IS NOT NULL AS known,
           coalesce(word_text(s.payment_mode) IN ('01', '1', '按项目'), false) AS by_item, s.fund, s.covered,
           CASE WHEN o.counted > 0 AND by_item AND s.covered > 0 THEN (o.counted::HUGEINT * s.fund // s.covered)::BIGINT ELSE 0 END AS share
    FROM of_settlement o LEFT JOIN settled s ON s.settlement_key = o.settlement_key
), funded AS (
    SELECT f, NOT settled OR (counted > 0 AND (NOT known OR (by_item AND (fund IS NULL OR coalesce(covered, 0) <= 0)))) AS unknown,
           counted > 0 AND known AND NOT by_item AS by_case,
           greatest(0, least(share, greatest(fund, 0) - coalesce(sum(share) OVER (PARTITION BY settlement_key ORDER BY turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS fund
    FROM paid
), sums AS (
    SELECT f, sum(fund)::BIGINT AS fund, CASE WHEN bool_or(unknown) THEN 'unknown' WHEN bool_or(by_case) THEN 'paid by case' ELSE 'by item' END AS state FROM funded GROUP BY f
), texts AS (
    SELECT f, sum(counted)::BIGINT AS counted, string_agg(id, '|' ORDER BY id) FILTER (blamed) AS lines,
           string_agg(concat(text, if(blamed, concat(',"blamed":true,"amount":', yuan(amount), ',"counted":', yuan(counted), '}'),
                  ',"blamed":false}')), ',' ORDER BY time, id) AS text
    FROM counted GROUP BY f
)
SELECT t.f, t.counted, t.lines, t.text, coalesce(s.fund, 0) AS fund, coalesce(s.state, 'by item') AS state FROM texts t LEFT JOIN sums s USING (f);

COPY (SELECT *, sha256(receipt) AS digest FROM (
    SELECT id, rule, r.number, r.name, (['indicator', 'suspected', 'certain'])[rank + 1] AS told_level, point, institution_code AS institution, institution_name, person_code AS person, encounter, day_text(day)::DATE AS day, d.lines,
           (n.amount * 0.01)::DECIMAL(18, 2) AS amount, (d.counted * 0.01)::DECIMAL(18, 2) AS counted, CASE WHEN state = 'by item' THEN (d.fund * 0.01)::DECIMAL(18, 2) END AS fund,
           say, r.basis,
           concat('{"id":"', id, '","rule":', r.rule_json, ',"basis":', r.basis_json, ',"level":"', told_level, '","say":', to_json(say),
                  coalesce(',"knowledge":{"table":"' || knowledge_name || '","point":' || to_json(point) || ',' || n.knowledge, ''), ',"person":',
                  to_json(person_code), ',"institution":', to_json(coalesce(institution_code, '')), ',"institution_name":',
                  to_json(coalesce(institution_name, '')), coalesce(',"encounter":' || to_json(n.encounter), ''),
                  coalesce(',"day":"' || day_text(day) || '"', ''), ',"key":', to_json(whole_key), ',"values":[', vals, '],"deciding":',
                  to_json(deciding), coalesce(',"clearing":' || to_json(clearing), ''), coalesce(',"doubt":' || to_json(why), ''), ',"lines":[',
                  d.text, '],"money":{"amount":', yuan(n.amount), ',"counted":', yuan(d.counted), ',"fund":', yuan(d.fund), ',"fund_state":"', state,
                  '"},"manifest":${MANIFEST}}') AS receipt
    FROM named n JOIN drawn d USING (f) JOIN rule r USING (rule)
)) TO '${OUT}/receipts.parquet' (FORMAT parquet, COMPRESSION zstd);
