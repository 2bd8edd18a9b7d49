-- 65: for children only.
CREATE TEMP TABLE "found_drug-child" AS (
    SELECT 'drug-child' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, years_old(p.birth, c.day) AS age,
           k.k, '：儿童专用药品，用药时 ' || years_old(p.birth, c.day) || ' 周岁，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('person.age', years_old(p.birth, c.day)::VARCHAR) || ',' || val('param(child.age_below)', '${CHILD_AGE_BELOW}') AS vals,
           'person.age >= param(child.age_below)' AS deciding, 'person.age < ${CHILD_AGE_BELOW}' AS clearing
    FROM candidate c JOIN k_drug_child k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    LEFT JOIN institution i ON i.id = c.institution
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    WHERE years_old(p.birth, c.day) >= ${CHILD_AGE_BELOW}
      AND (e.newborn OR (i.kind = 'pharmacy' AND s.pooled = 0)) IS NOT TRUE
);
