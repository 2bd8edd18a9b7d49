-- 5: no first-line drug of the point in the days before. Both sides are a few lines of `candidate`.
CREATE TEMP TABLE "found_drug-second-line" AS (
    WITH second AS (
        SELECT c.*, k.k, k.point, k.past FROM candidate c JOIN k_drug_second_line k ON k.item = c.item AND c.day >= k."from"
        WHERE c.covered > 0
    ), first AS (
        SELECT c.person, c.day, c.time, c.id, f.point FROM candidate c JOIN k_first_line f ON f.item = c.item
        SEMI JOIN second s ON s.person = c.person
    )
    SELECT 'drug-second-line' AS rule, s.point, s.institution, s.encounter_key, s.person, [s.id] AS lines, s.covered AS amount, s.day,
           s.k, '：限二线使用，' || s.past || ' 天内没有一线药品的使用记录，纳入支付 ' || yuan(s.covered) || ' 元' AS say,
           val('none(line in person past k.past where item in k.first)', 'true') AS vals,
           'none(line in person past k.past where item in k.first)' AS deciding,
           'any(line in person past k.past where item in k.first)' AS clearing
    FROM second s
    WHERE NOT EXISTS (FROM first f WHERE f.person = s.person AND f.point = s.point AND f.day > s.day - s.past AND f.day <= s.day)
      AND NOT EXISTS (FROM diagnosis d JOIN k_exempt x ON x.code = d.code WHERE d.encounter_key = s.encounter_key AND x.point = s.point)
);
