-- 2: as 1; births and maternity fees paid by the merged fund are lawful.
CREATE TEMP TABLE "found_drug-maternity" AS (
    SELECT 'drug-maternity' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, coalesce(s.insurance, e.insurance) AS insurance, e.kind,
           k.k, '：仅限生育保险支付，本次医疗类别 ' || word_text(e.kind) || '、险种 ' || word_text(coalesce(s.insurance, e.insurance)) || '，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('insurance', word_text(coalesce(s.insurance, e.insurance))) || ',' || val('k.insurance', word_text(k.insurance)) AS vals,
           'insurance != k.insurance' AS deciding, 'insurance = ' || word_text(k.insurance) AS clearing
    FROM candidate c JOIN k_drug_maternity k ON k.item = c.item AND c.day >= k."from"
    LEFT JOIN settlement s ON s.settlement_key = c.settlement_key
    LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE c.covered > 0 AND coalesce(s.insurance, e.insurance) <> k.insurance
      AND (e.kind IN (word_id('51'), word_id('52'), word_id('53')) OR c.maternity_fee = 1) IS NOT TRUE
);
