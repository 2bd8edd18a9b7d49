-- 8: the encounter has diagnoses, and none of them is one the drug is paid for.
CREATE TEMP TABLE "found_drug-indication" AS (
    WITH lines AS (
        SELECT c.*, k.k, k.point FROM candidate c JOIN k_drug_indication k ON k.item = c.item AND c.day >= k."from" WHERE c.covered > 0
    ), dx AS MATERIALIZED (
        SELECT d.encounter_key, d.code, d.time, d.id FROM diagnosis d SEMI JOIN lines l ON l.encounter_key = d.encounter_key
    )
    SELECT 'drug-indication' AS rule, l.point, l.institution, l.encounter_key, l.person, [l.id] AS lines, l.covered AS amount, l.day,
           l.k, '：诊断中没有支付限定的适应症，纳入支付 ' || yuan(l.covered) || ' 元，请核对病历' AS say,
           val('none(diagnosis where code in k.icd)', 'true') || ',' || val('last(diagnosis.code)', (SELECT code FROM icd WHERE id = x.last)) || ','
           || val('k.icd', (SELECT '{' || string_agg(d.code, ', ' ORDER BY g.place, d.code) || '}' FROM k_indicated g JOIN icd d ON d.id = g.code WHERE g.point = l.point)) AS vals,
           'none(diagnosis where code in k.icd) and last(diagnosis.code) not in k.icd' AS deciding,
           'any(diagnosis where code in k.icd)' AS clearing
    FROM lines l JOIN (SELECT encounter_key, last(code ORDER BY time, id) AS last FROM dx GROUP BY encounter_key) x USING (encounter_key)
    WHERE NOT EXISTS (FROM dx JOIN k_indicated g ON g.code = dx.code WHERE dx.encounter_key = l.encounter_key AND g.point = l.point)
);
