-- 80: services for children only.
COPY (
    SELECT 'service-child' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, years_old(p.birth, c.day) AS age
    FROM candidate c JOIN k_service_child k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE NOT (years_old(p.birth, c.day) >= k.low AND years_old(p.birth, c.day) < k.high) AND e.newborn IS NOT TRUE
) TO '${OUT}/service-child.parquet';
