-- 7: outside the age the drug is paid for.
CREATE TEMP TABLE "found_drug-child-only" AS (
    SELECT 'drug-child-only' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, years_old(p.birth, c.day) AS age,
           k.k, '：限儿童使用，用药时 ' || years_old(p.birth, c.day) || ' 周岁，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('person.age', years_old(p.birth, c.day)::VARCHAR) || ',' || val('k.age', range_text(k.age, '')) AS vals,
           'person.age not in k.age' AS deciding, 'person.age in ' || range_text(k.age, '') AS clearing
    FROM candidate c JOIN k_drug_age k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    LEFT JOIN institution i ON i.id = c.institution
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    WHERE c.covered > 0 AND NOT (years_old(p.birth, c.day) >= k.low AND years_old(p.birth, c.day) < k.high)
      AND (e.newborn OR (i.kind = 'pharmacy' AND s.pooled = 0)) IS NOT TRUE
);
