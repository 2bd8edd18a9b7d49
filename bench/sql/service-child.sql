-- 80: services for children only.
CREATE TEMP TABLE "found_service-child" AS (
    SELECT 'service-child' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, years_old(p.birth, c.day) AS age,
           k.k, '：儿童专用项目，治疗时 ' || years_old(p.birth, c.day) || ' 周岁，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('person.age', years_old(p.birth, c.day)::VARCHAR) || ',' || val('k.age', range_text(k.age, '')) || ','
           || val('person.age_days', (c.day - p.birth)::VARCHAR) || ',' || val('k.age_days', range_text(k.age_days, ' days')) AS vals,
           'person.age not in k.age or person.age_days not in k.age_days' AS deciding,
           'person.age in ' || range_text(k.age, '') AS clearing
    FROM candidate c JOIN k_service_child k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE NOT (years_old(p.birth, c.day) >= k.low AND years_old(p.birth, c.day) < k.high) AND e.newborn IS NOT TRUE
);
