-- 1: paid by another insurance than the one the drug is limited to.
CREATE TEMP TABLE "found_drug-work-injury" AS (
    SELECT 'drug-work-injury' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, coalesce(s.insurance, e.insurance) AS insurance,
           k.k, '：仅限工伤保险支付，本次按险种 ' || word_text(coalesce(s.insurance, e.insurance)) || ' 结算，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('insurance', word_text(coalesce(s.insurance, e.insurance))) || ',' || val('k.insurance', word_text(k.insurance)) AS vals,
           'insurance != k.insurance' AS deciding, 'insurance = ' || word_text(k.insurance) AS clearing
    FROM candidate c JOIN k_drug_insurance k ON k.item = c.item AND c.day >= k."from"
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE c.covered > 0 AND coalesce(s.insurance, e.insurance) <> k.insurance
);
