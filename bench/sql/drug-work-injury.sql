-- 1: paid by another insurance than the one the drug is limited to.
COPY (
    SELECT 'drug-work-injury' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, coalesce(s.insurance, e.insurance) AS insurance
    FROM candidate c JOIN k_drug_insurance k ON k.item = c.item AND c.day >= k."from"
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE c.covered > 0 AND coalesce(s.insurance, e.insurance) <> k.insurance
) TO '${OUT}/drug-work-injury.parquet';
