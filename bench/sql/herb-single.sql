-- 4: prescriptions whose paid herbs are all on the list.
CREATE TEMP TABLE "found_herb-single" AS (
    WITH herbs AS (
        SELECT c.*, k.k, k.point, l.item IS NOT NULL AS listed
        FROM candidate c JOIN item i ON i.id = c.item AND i.kind = 'herb'
        CROSS JOIN (SELECT DISTINCT k, point, "from" FROM k_herb_single) k
        LEFT JOIN k_herb_single l ON l.point = k.point AND l.item = c.item
        WHERE c.covered > 0 AND c.prescription IS NOT NULL AND c.day >= k."from"
    ), groups AS (
        SELECT k, point, encounter_key, prescription, any_value(institution) AS institution, any_value(person) AS person,
               list(id ORDER BY time, id) AS lines, sum(covered)::BIGINT AS amount,
               arg_min(settlement_key, (time, id)) AS settlement_key, min(day) AS day
        FROM herbs GROUP BY ALL HAVING bool_and(listed)
    )
    SELECT 'herb-single' AS rule, g.point, g.institution, g.encounter_key, g.person, g.lines, g.amount, g.day, len(g.lines) AS n,
           g.k, '{encounter}|' || lower(lpad(hex(g.prescription), 16, '0')) || '|' || g.point AS key,
           '处方仅含单独使用不予支付的饮片（' || len(g.lines) || ' 味），统筹基金不予支付，纳入支付 ' || yuan(g.amount) || ' 元' AS say,
           val('every(item in k.herbs)', 'true') AS vals, 'every(item in k.herbs)' AS deciding, 'not every(item in k.herbs)' AS clearing
    FROM groups g
    LEFT JOIN settlement s ON s.settlement_key = g.settlement_key
    WHERE (s.pooled = 0) IS NOT TRUE
);
