-- 13: outside the kinds of visit the drug is paid in.
COPY (
    SELECT 'drug-visit' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, w.code AS visit
    FROM candidate c JOIN k_drug_visit k ON k.item = c.item AND c.day >= k."from"
    JOIN encounter e ON e.encounter_key = c.encounter_key
    JOIN word w ON w.id = e.visit
    WHERE c.covered > 0 AND NOT list_contains(k.visits, w.code)
) TO '${OUT}/drug-visit.parquet';
