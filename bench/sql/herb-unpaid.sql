-- 3: herbs the fund never pays.
CREATE TEMP TABLE "found_herb-unpaid" AS (
    SELECT 'herb-unpaid' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day,
           k.k, '：不得纳入基金支付范围的饮片，纳入支付 ' || yuan(c.covered) || ' 元' AS say, val('covered', yuan(c.covered)) AS vals,
           'covered > 0 yuan' AS deciding, 'covered <= 0.00' AS clearing
    FROM candidate c JOIN k_herb_unpaid k ON k.item = c.item AND c.day >= k."from"
    WHERE c.covered > 0
);
