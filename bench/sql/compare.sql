-- What the audit found beside what the SQL found: by rule, finding by finding, and receipt by receipt.
-- ${RECEIPTS} receipts of the audit, one a line; ${OUT} findings and receipts of the SQL.
-- A finding is equal when rule, point, person, blamed lines and amount are; a receipt when its text is, byte for byte.
CREATE TEMP TABLE audited AS
SELECT r.rule.id AS rule, r.id, coalesce(r.knowledge.point, '') AS point, r.person,
       list_sort(list_transform(list_filter(r.lines, lambda l: l.blamed), lambda l: l.id)) AS lines,
       coalesce(r.money.amount * 100, 0)::BIGINT AS amount
FROM read_json('${RECEIPTS}', format = 'newline_delimited', maximum_object_size = 67108864,
               columns = {rule: 'STRUCT(id VARCHAR)', id: 'VARCHAR', knowledge: 'STRUCT(point VARCHAR)', person: 'VARCHAR',
                          lines: 'STRUCT(id VARCHAR, blamed BOOLEAN)[]', money: 'STRUCT(amount DECIMAL(18, 2))'}) r
WHERE r.rule.id IN (${RULES});
CREATE TEMP TABLE written AS -- the texts as they are
SELECT text[8:39] AS id, text FROM read_csv('${RECEIPTS}', columns = {text: 'VARCHAR'}, header = false, delim = chr(1), quote = '', escape = '',
                                            auto_detect = false, max_line_size = 67108864);
CREATE TEMP TABLE queried AS
SELECT rule, id, point, person, list_sort(string_split(lines, '|')) AS lines, (amount * 100)::BIGINT AS amount, receipt, digest
FROM read_parquet('${OUT}/receipts.parquet');
CREATE TEMP TABLE found_here AS SELECT rule, id, point, person, lines, amount FROM queried;
CREATE TEMP TABLE more AS SELECT 'only in the audit' AS side, * FROM (FROM audited EXCEPT ALL FROM found_here);
CREATE TEMP TABLE less AS SELECT 'only in the SQL' AS side, * FROM (FROM found_here EXCEPT ALL FROM audited);
SELECT 'count', rule, coalesce(a.n, 0), coalesce(a.fen, 0), coalesce(q.n, 0), coalesce(q.fen, 0)
FROM (SELECT rule, count(*) AS n, sum(amount) AS fen FROM audited GROUP BY rule) a
FULL JOIN (SELECT rule, count(*) AS n, sum(amount) AS fen FROM queried GROUP BY rule) q USING (rule)
UNION ALL
SELECT * FROM (SELECT 'difference', rule, side, count(*) OVER (PARTITION BY rule, side), point || ' ' || person || ' ' || array_to_string(lines[:5], ','), amount::VARCHAR
               FROM (FROM more UNION ALL FROM less) QUALIFY row_number() OVER (PARTITION BY rule, side ORDER BY person, lines) <= 3 ORDER BY rule, side)
UNION ALL
SELECT * FROM (SELECT 'receipt', rule, n.place::VARCHAR, count(*) OVER (PARTITION BY rule), w.text[greatest(1, n.place - 60):n.place + 60], q.receipt[greatest(1, n.place - 60):n.place + 60]
               FROM queried q JOIN written w ON w.id = q.id AND (w.text <> q.receipt OR q.digest <> sha256(w.text)),
                    LATERAL (SELECT coalesce(min(i), 0) AS place FROM range(1, length(w.text) + 1) r(i) WHERE w.text[i] <> q.receipt[i]) n
               QUALIFY row_number() OVER (PARTITION BY rule ORDER BY q.id) <= 3 ORDER BY rule)
UNION ALL
SELECT 'lines hit', '', '', count(*), '', '' FROM (SELECT DISTINCT person, unnest(lines) FROM queried);
