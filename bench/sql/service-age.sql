-- 29: below or above working age, by sex and month of birth.
CREATE TEMP TABLE "found_service-age" AS (
    SELECT 'service-age' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, months_old(p.birth, c.day) AS months, k.level,
           k.k, '：限法定就业年龄，治疗时 ' || years_old(p.birth, c.day) || ' 周岁，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('person.age', months_old(p.birth, c.day)::VARCHAR) || ',' || val('k.age', range_text(k.age, ' months')) AS vals,
           'person.age not in k.age' AS deciding, 'person.age in ' || range_text(k.age, ' months') AS clearing
    FROM candidate c JOIN k_service_age k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person AND p.sex = k.sex AND p.birth >= k.born_from AND p.birth < k.born_to
    WHERE c.covered > 0 AND NOT (months_old(p.birth, c.day) >= k.low AND months_old(p.birth, c.day) < k.high)
);
