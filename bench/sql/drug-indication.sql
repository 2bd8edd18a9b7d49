-- 8: the encounter has diagnoses, and none of them is one the drug is paid for.
COPY (
    WITH lines AS (
        SELECT c.*, k.point FROM candidate c JOIN k_drug_indication k ON k.item = c.item AND c.day >= k."from" WHERE c.covered > 0
    ), dx AS MATERIALIZED (
        SELECT d.encounter_key, d.code FROM diagnosis d SEMI JOIN lines l ON l.encounter_key = d.encounter_key
    )
    SELECT 'drug-indication' AS rule, l.point, l.institution, l.encounter_key, l.person, [l.id] AS lines, l.covered AS amount, l.day
    FROM lines l
    WHERE EXISTS (FROM dx WHERE dx.encounter_key = l.encounter_key)
      AND NOT EXISTS (FROM dx JOIN k_indicated g ON g.code = dx.code WHERE dx.encounter_key = l.encounter_key AND g.point = l.point)
) TO '${OUT}/drug-indication.parquet';
