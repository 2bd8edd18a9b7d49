-- 12: below the level of institutions the drug is paid in.
COPY (
    SELECT 'drug-level' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, e.institution_level
    FROM candidate c JOIN k_drug_level k ON k.item = c.item AND c.day >= k."from"
    JOIN encounter e ON e.encounter_key = c.encounter_key
    JOIN institution i ON i.id = c.institution
    WHERE c.covered > 0 AND i.kind <> 'pharmacy' AND e.online IS DISTINCT FROM 1 AND e.institution_level < k.min_level
) TO '${OUT}/drug-level.parquet';
