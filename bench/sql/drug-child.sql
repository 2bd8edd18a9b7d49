-- 65: for children only.
COPY (
    SELECT 'drug-child' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, years_old(p.birth, c.day) AS age
    FROM candidate c JOIN k_drug_child k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    LEFT JOIN institution i ON i.id = c.institution
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    WHERE years_old(p.birth, c.day) >= ${CHILD_AGE_BELOW}
      AND (e.newborn OR (i.kind = 'pharmacy' AND s.pooled = 0)) IS NOT TRUE
) TO '${OUT}/drug-child.parquet';
