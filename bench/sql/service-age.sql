-- 29: below or above working age, by sex and month of birth.
COPY (
    SELECT 'service-age' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, months_old(p.birth, c.day) AS months, k.level
    FROM candidate c JOIN k_service_age k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person AND p.sex = k.sex AND p.birth >= k.born_from AND p.birth < k.born_to
    WHERE c.covered > 0 AND NOT (months_old(p.birth, c.day) >= k.low AND months_old(p.birth, c.day) < k.high)
) TO '${OUT}/service-age.parquet';
