-- 5: no first-line drug of the point in the days before. Both sides are a few lines of `candidate`.
COPY (
    WITH second AS (
        SELECT c.*, k.point, k.past FROM candidate c JOIN k_drug_second_line k ON k.item = c.item AND c.day >= k."from"
        WHERE c.covered > 0
    ), first AS (
        SELECT c.person, c.day, c.time, c.id, f.point FROM candidate c JOIN k_first_line f ON f.item = c.item
        SEMI JOIN second s ON s.person = c.person
    )
    SELECT 'drug-second-line' AS rule, s.point, s.institution, s.encounter_key, s.person, [s.id] AS lines, s.covered AS amount, s.day
    FROM second s
    WHERE NOT EXISTS (FROM first f WHERE f.person = s.person AND f.point = s.point AND f.day > s.day - s.past AND f.day <= s.day)
      AND NOT EXISTS (FROM diagnosis d JOIN k_exempt x ON x.code = d.code WHERE d.encounter_key = s.encounter_key AND x.point = s.point)
) TO '${OUT}/drug-second-line.parquet';
