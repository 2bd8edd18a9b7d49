-- What the audit found beside what the SQL found: by rule, and one by one (rule, point, person, lines with money, amount).
-- ${RECEIPTS} receipts of the audit, ${OUT} findings of the SQL, ${LAKE} for the codes.
CREATE TEMP TABLE audited AS
SELECT r.rule.id AS rule, coalesce(r.knowledge.point, '') AS point, r.person,
       list_sort(list_transform(list_filter(r.lines, lambda l: l.blamed AND (l.amount <> 0 OR r.money.amount IS NULL OR r.money.amount = 0)), lambda l: l.id)) AS lines,
       (r.money.amount * 100)::BIGINT AS amount
FROM read_json('${RECEIPTS}', format = 'newline_delimited', maximum_object_size = 67108864,
               columns = {rule: 'STRUCT(id VARCHAR)', knowledge: 'STRUCT(point VARCHAR)', person: 'VARCHAR',
                          lines: 'STRUCT(id VARCHAR, blamed BOOLEAN, amount DECIMAL(18, 2))[]', money: 'STRUCT(amount DECIMAL(18, 2))'}) r
WHERE r.rule.id IN (${RULES});
CREATE TEMP TABLE queried AS
SELECT f.rule, f.point, p.code AS person, list_sort(coalesce(f.lines, [])) AS lines, f.amount::BIGINT AS amount
FROM read_parquet('${OUT}/*.parquet', union_by_name = true) f
LEFT JOIN (SELECT id, code FROM read_parquet('${LAKE}/dict/*-person.parquet')) p ON p.id = f.person;
CREATE TEMP TABLE more AS SELECT 'only in the audit' AS side, * FROM (FROM audited EXCEPT ALL FROM queried);
CREATE TEMP TABLE less AS SELECT 'only in the SQL' AS side, * FROM (FROM queried EXCEPT ALL FROM audited);
SELECT 'count', rule, coalesce(a.n, 0), coalesce(a.fen, 0), coalesce(q.n, 0), coalesce(q.fen, 0)
FROM (SELECT rule, count(*) AS n, sum(amount) AS fen FROM audited GROUP BY rule) a
FULL JOIN (SELECT rule, count(*) AS n, sum(amount) AS fen FROM queried GROUP BY rule) q USING (rule)
UNION ALL 
SELECT * FROM (SELECT 'difference', rule, side, count(*) OVER (PARTITION BY rule, side), point || ' ' || person || ' ' || array_to_string(lines[:5], ','), amount::VARCHAR
               FROM (FROM more UNION ALL FROM less) QUALIFY row_number() OVER (PARTITION BY rule, side ORDER BY person, lines) <= 3 ORDER BY rule, side);
