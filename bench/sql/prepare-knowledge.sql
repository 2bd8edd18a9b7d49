-- The knowledge tables as typed rows bound to item ids, and every line of an item that some table names: 21 of the rules read
-- nothing else. ${KNOWLEDGE} folder of the tables, ${PLACE} division code.
CREATE MACRO day_number(text, open_end) AS coalesce((nullif(text, '')::DATE - DATE '1970-01-01')::INTEGER, open_end);
-- Rows in force at the place: the nation's, the province's, the city's, the county's.
CREATE MACRO knowledge_text(name) AS TABLE
SELECT r.k, t.* EXCLUDE (number)
FROM (SELECT row_number() OVER () AS number, *
      FROM read_csv('${KNOWLEDGE}/' || name || '.csv', all_varchar = true, comment = '#', header = true, delim = ',', quote = '"', parallel = false)) t
JOIN (SELECT row_number() OVER (ORDER BY k) - 1 AS number, k -- the header is number 0; k: line of the file, as receipts name it
      FROM (SELECT unnest(rows_read) AS text, unnest(range(1, len(rows_read) + 1)) AS k
            FROM (SELECT string_split(content, chr(10)) AS rows_read FROM read_text('${KNOWLEDGE}/' || name || '.csv')))
      WHERE text <> '' AND NOT starts_with(text, '#')) r USING (number);
-- Each file is read once.
CREATE TEMP TABLE raw_drug_insurance AS FROM knowledge_text('drug_insurance');
CREATE TEMP TABLE raw_drug_maternity AS FROM knowledge_text('drug_maternity');
CREATE TEMP TABLE raw_herb_unpaid AS FROM knowledge_text('herb_unpaid');
CREATE TEMP TABLE raw_herb_single AS FROM knowledge_text('herb_single');
CREATE TEMP TABLE raw_drug_second_line AS FROM knowledge_text('drug_second_line');
CREATE TEMP TABLE raw_drug_age AS FROM knowledge_text('drug_age');
CREATE TEMP TABLE raw_drug_indication AS FROM knowledge_text('drug_indication');
CREATE TEMP TABLE raw_drug_course AS FROM knowledge_text('drug_course');
CREATE TEMP TABLE raw_drug_level AS FROM knowledge_text('drug_level');
CREATE TEMP TABLE raw_drug_visit AS FROM knowledge_text('drug_visit');
CREATE TEMP TABLE raw_surgery_group AS FROM knowledge_text('surgery_group');
CREATE TEMP TABLE raw_price_cap AS FROM knowledge_text('price_cap');
CREATE TEMP TABLE raw_service_course AS FROM knowledge_text('service_course');
CREATE TEMP TABLE raw_service_pair AS FROM knowledge_text('service_pair');
CREATE TEMP TABLE raw_service_frequency AS FROM knowledge_text('service_frequency');
CREATE TEMP TABLE raw_service_age AS FROM knowledge_text('service_age');
CREATE TEMP TABLE raw_service_period AS FROM knowledge_text('service_period');
CREATE TEMP TABLE raw_internet_banned AS FROM knowledge_text('internet_banned');
CREATE TEMP TABLE raw_drug_child AS FROM knowledge_text('drug_child');
CREATE TEMP TABLE raw_drug_sex AS FROM knowledge_text('drug_sex');
CREATE TEMP TABLE raw_service_child AS FROM knowledge_text('service_child');
CREATE TEMP TABLE raw_service_sex AS FROM knowledge_text('service_sex');
CREATE MACRO knowledge(name) AS TABLE
SELECT * REPLACE (day_number("from", -2147483648) AS "from") FROM query_table('raw_' || name);
-- One row an item: a cell names several as A|B.
CREATE MACRO bound(name) AS TABLE
SELECT k.* EXCLUDE (item), i.id AS item
FROM (SELECT * REPLACE (unnest(string_split(item, '|')) AS item) FROM knowledge(name)) k JOIN item i ON i.code = trim(k.item);
-- A range written low..high, half open; an open side is left out.
CREATE MACRO range_low(text, open_end) AS coalesce(nullif(string_split(text, '..')[1], '')::INTEGER, open_end);
CREATE MACRO range_high(text, open_end) AS coalesce(nullif(string_split(text, '..')[2], '')::INTEGER, open_end);

CREATE TEMP TABLE k_drug_insurance AS SELECT k, point, item, "from", word_id(insurance) AS insurance FROM bound('drug_insurance');
CREATE TEMP TABLE k_drug_maternity AS SELECT k, point, item, "from", word_id(insurance) AS insurance FROM bound('drug_maternity');
CREATE TEMP TABLE k_herb_unpaid AS SELECT k, point, item, "from" FROM bound('herb_unpaid');
CREATE TEMP TABLE k_herb_single AS
SELECT k, point, "from", i.id AS item FROM (SELECT k, point, "from", unnest(string_split(herbs, '|')) AS herb FROM knowledge('herb_single')) k
JOIN item i ON i.code = trim(k.herb);
CREATE TEMP TABLE k_drug_second_line AS
SELECT k, point, item, "from", past::INTEGER AS past, string_split(first, '|') AS first, string_split(exempt, '|') AS exempt
FROM bound('drug_second_line');
CREATE TEMP TABLE k_first_line AS -- prefixes to items: a handful of pairs
SELECT DISTINCT k.point, i.id AS item FROM (SELECT point, unnest(first) AS prefix FROM k_drug_second_line) k
JOIN item i ON starts_with(i.code, trim(k.prefix));
CREATE TEMP TABLE k_exempt AS
SELECT DISTINCT k.point, d.id AS code FROM (SELECT point, unnest(exempt) AS prefix FROM k_drug_second_line) k
JOIN icd d ON starts_with(d.code, trim(k.prefix));
CREATE TEMP TABLE k_drug_age AS
SELECT k, point, item, "from", age, range_low(age, 0) AS low, range_high(age, 1000) AS high FROM bound('drug_age');
CREATE TEMP TABLE k_drug_indication AS SELECT k, point, item, "from", icd FROM bound('drug_indication');
CREATE TEMP TABLE k_indicated AS
SELECT k.point, d.id AS code, min(k.place) AS place
FROM (SELECT point, unnest(string_split(icd, '|')) AS prefix, generate_subscripts(string_split(icd, '|'), 1) AS place FROM k_drug_indication) k
JOIN icd d ON starts_with(d.code, trim(k.prefix)) GROUP BY k.point, d.id;
CREATE TEMP TABLE k_drug_course AS
SELECT k, point, item, "from", days::INTEGER AS days, scope, span = '1' AS span FROM bound('drug_course');
CREATE TEMP TABLE k_drug_level AS
SELECT k, point, item, "from", list_position(['未定级', '一级', '二级', '三级'], min_level) - 1 AS min_level FROM bound('drug_level');
CREATE TEMP TABLE k_drug_visit AS
SELECT k, point, item, "from", list_transform(string_split(visits, '|'), lambda v: trim(v)) AS visits FROM bound('drug_visit');
CREATE TEMP TABLE k_surgery AS
SELECT g.k, g.point, g.item, g."from", g."group", p.fen AS cap
FROM bound('surgery_group') g
LEFT JOIN (SELECT item, (price::DECIMAL(18, 6) * 1000000)::BIGINT AS fen FROM bound('price_cap') WHERE layer = '${PLACE}') p ON p.item = g.item;
CREATE TEMP TABLE k_service_course AS
SELECT k, point, item, "from", days::INTEGER AS days, scope, span = '1' AS span FROM bound('service_course');
CREATE TEMP TABLE k_pair AS
SELECT DISTINCT k.k, k.point, k."from", k.within, ia.id AS a, ib.id AS b
FROM (SELECT k, point, "from", within, unnest(string_split(a, '|')) AS a, b FROM knowledge('service_pair')) k
JOIN item ia ON ia.code = trim(k.a)
JOIN item ib ON ib.code IN (SELECT trim(unnest(string_split(k.b, '|'))));
CREATE TEMP TABLE k_service_frequency AS
SELECT k, point, item, "from", (max::DECIMAL(18, 4) * 10000)::BIGINT AS max, unit FROM bound('service_frequency');
CREATE TEMP TABLE k_service_age AS
SELECT k, point, item, "from", word_id(sex) AS sex, day_number(string_split(born, '..')[1], -2147483648) AS born_from,
       day_number(string_split(born, '..')[2], 2147483647) AS born_to, age, range_low(age, 0) AS low, range_high(age, 100000) AS high, level
FROM bound('service_age');
CREATE TEMP TABLE k_service_period AS
SELECT k, point, item, "from", (max::DECIMAL(18, 4) * 10000)::BIGINT AS max, nullif(past, 'week')::INTEGER AS past FROM bound('service_period');
CREATE TEMP TABLE k_internet_banned AS SELECT k, point, item, "from" FROM bound('internet_banned');
CREATE TEMP TABLE k_drug_child AS SELECT k, point, item, "from" FROM bound('drug_child');
CREATE TEMP TABLE k_drug_sex AS SELECT k, point, item, "from", word_id(sex) AS sex FROM bound('drug_sex');
CREATE TEMP TABLE k_service_child AS
SELECT k, point, item, "from", age, age_days, range_low(age, 0) AS low, range_high(age, 1000) AS high FROM bound('service_child');
CREATE TEMP TABLE k_service_sex AS SELECT k, point, item, "from", word_id(sex) AS sex FROM bound('service_sex');

-- Items any of these rules asks about; herbs because of herb-single.
CREATE TEMP TABLE concerned AS
SELECT item FROM k_drug_insurance UNION SELECT item FROM k_drug_maternity UNION SELECT item FROM k_herb_unpaid
UNION SELECT id FROM item WHERE kind = 'herb' UNION SELECT item FROM k_drug_second_line UNION SELECT item FROM k_first_line
UNION SELECT item FROM k_drug_age UNION SELECT item FROM k_drug_indication UNION SELECT item FROM k_drug_course
UNION SELECT item FROM k_drug_level UNION SELECT item FROM k_drug_visit UNION SELECT item FROM k_surgery
UNION SELECT item FROM k_service_course UNION SELECT a FROM k_pair UNION SELECT b FROM k_pair UNION SELECT item FROM k_service_frequency
UNION SELECT item FROM k_service_age UNION SELECT item FROM k_service_period UNION SELECT item FROM k_internet_banned
UNION SELECT item FROM k_drug_child UNION SELECT item FROM k_drug_sex UNION SELECT item FROM k_service_child UNION SELECT item FROM k_service_sex;

-- Their lines, net of refunds; what was refunded whole is gone.
CREATE TEMP TABLE candidate AS
SELECT l.item, l.person, l.institution, l.encounter_key, l.settlement_key, l.id, l.time, (l.time // 86400)::INTEGER AS day,
       l.time_exact, l.unit_price, l.prescription, l.days, l.take_home, l.maternity_fee, l.herb_use, l.dispensed_outside,
       l.ordering_practitioner, l.performing_practitioner,
       l.charged_quantity - coalesce(n.quantity, 0) AS quantity, l.charged_amount - coalesce(n.amount, 0) AS amount,
       l.charged_covered - coalesce(n.covered, 0) AS covered
FROM line l SEMI JOIN concerned c ON c.item = l.item
LEFT JOIN net n ON n.encounter_key = l.encounter_key AND n.id = l.id
WHERE NOT (l.charged_quantity = coalesce(n.quantity, 0) AND l.charged_amount = coalesce(n.amount, 0))
  AND NOT EXISTS (FROM undone u WHERE u.settlement_key = l.settlement_key);

UPDATE candidate SET settlement_key = o.settlement_key FROM only_settlement o
WHERE candidate.settlement_key IS NULL AND o.encounter_key = candidate.encounter_key;

-- Completed years on a day; who is born on 29 February turns a year older on 1 March.
CREATE MACRO months_old(birth, day) AS
    (year(DATE '1970-01-01' + day) - year(DATE '1970-01-01' + birth)) * 12
    + month(DATE '1970-01-01' + day) - month(DATE '1970-01-01' + birth)
    - (dayofmonth(DATE '1970-01-01' + day) < dayofmonth(DATE '1970-01-01' + birth))::INTEGER;
CREATE MACRO years_old(birth, day) AS months_old(birth, day) // 12;
-- x * n / d to the nearest, half away from zero, without a division of floats. All non-negative.
CREATE MACRO rounded(x, n, d) AS ((2 * x::HUGEINT * n::HUGEINT + d::HUGEINT) // (2 * d::HUGEINT))::BIGINT;

-- Texts as people read them in a receipt.
CREATE MACRO yuan(fen) AS concat(if(fen < 0, '-', ''), abs(fen) // 100, '.', lpad((abs(fen) % 100)::VARCHAR, 2, '0'));
CREATE MACRO quantity_text(q) AS q // 10000 || if(q % 10000 = 0, '', rtrim('.' || lpad((q % 10000)::VARCHAR, 4, '0'), '0'));
CREATE MACRO price_text(p) AS p // 1000000 || '.' || lpad((p % 1000000 // 10000)::VARCHAR, 2, '0') || rtrim(lpad((p % 10000)::VARCHAR, 4, '0'), '0');
CREATE MACRO day_text(d) AS (DATE '1970-01-01' + d::INTEGER)::VARCHAR;
CREATE MACRO time_text(t) AS make_timestamp(t * 1000000)::VARCHAR;
CREATE MACRO level_text(l) AS (['未定级', '一级', '二级', '三级'])[l + 1];
CREATE MACRO range_text(cell, unit) AS '[' || string_split(cell, '..')[1] || ', ' || string_split(cell, '..')[2] || ')' || unit;
SET VARIABLE words = (SELECT list(code ORDER BY id) FROM word); -- ids are dense from 0
CREATE MACRO word_text(id) AS getvariable('words')[id + 1];
CREATE MACRO val(name, text) AS concat('{"name":"', name, '","value":', to_json(text), '}');
CREATE MACRO level_rank(l) AS list_position(['indicator', 'suspected', 'certain'], l) - 1;
