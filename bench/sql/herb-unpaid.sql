-- 3: herbs the fund never pays.
COPY (
    SELECT 'herb-unpaid' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day
    FROM candidate c JOIN k_herb_unpaid k ON k.item = c.item AND c.day >= k."from"
    WHERE c.covered > 0
) TO '${OUT}/herb-unpaid.parquet';
