-- 13: outside the kinds of visit the drug is paid in.
CREATE TEMP TABLE "found_drug-visit" AS (
    SELECT 'drug-visit' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, w.code AS visit,
           k.k, '：就医方式 ' || w.code || ' 不在支付限定之内，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('encounter.visit', w.code) || ',' || val('k.visits', '{' || array_to_string(k.visits, ', ') || '}') AS vals,
           'encounter.visit not in k.visits' AS deciding, 'encounter.visit in {' || array_to_string(k.visits, ', ') || '}' AS clearing
    FROM candidate c JOIN k_drug_visit k ON k.item = c.item AND c.day >= k."from"
    JOIN encounter e ON e.encounter_key = c.encounter_key
    JOIN word w ON w.id = e.visit
    WHERE c.covered > 0 AND NOT list_contains(k.visits, w.code)
);
