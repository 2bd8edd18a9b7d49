-- 67: for the other sex.
CREATE TEMP TABLE "found_drug-sex" AS (
    SELECT 'drug-sex' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, p.sex,
           k.k, '：限' || word_text(k.sex) || '性使用，参保人性别 ' || word_text(p.sex) || '，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('person.sex', word_text(p.sex)) || ',' || val('k.sex', word_text(k.sex)) AS vals,
           'person.sex != k.sex' AS deciding, 'person.sex = ' || word_text(k.sex) AS clearing
    FROM candidate c JOIN k_drug_sex k ON k.item = c.item AND c.day >= k."from"
    JOIN person p ON p.person = c.person
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    LEFT JOIN institution i ON i.id = c.institution
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    WHERE p.sex <> k.sex AND p.sex IS DISTINCT FROM word_id('未说明')
      AND (e.newborn OR (i.kind = 'pharmacy' AND s.pooled = 0)) IS NOT TRUE
      AND NOT EXISTS (FROM diagnosis d JOIN icd x ON x.id = d.code WHERE d.encounter_key = c.encounter_key
                      AND (x.code[:3] IN ('Q56', 'Q96', 'Q97', 'Q98', 'Q99') OR starts_with(x.code, 'E34.5')))
);
