-- 36: the amount is not quantity times price. 10^-10 yuan on both sides, so nothing is divided.
CREATE TEMP TABLE "found_line-arithmetic" AS (
    WITH wrong AS MATERIALIZED (
        SELECT person, institution, encounter_key, settlement_key, id, time, charged_quantity, charged_amount, charged_covered, unit_price, discount
        FROM line
        WHERE abs(charged_amount::HUGEINT * 100000000 - charged_quantity::HUGEINT * unit_price) > ${TOLERANCE_FEN} * 100000000::HUGEINT
    )
    SELECT 'line-arithmetic' AS rule, '' AS point, w.institution, w.encounter_key, w.person, [w.id] AS lines,
           rounded(greatest(0::HUGEINT, (w.charged_covered - coalesce(n.covered, 0))::HUGEINT * 100000000
                                        - (w.charged_quantity - coalesce(n.quantity, 0))::HUGEINT * w.unit_price), 1, 100000000) AS amount,
           w.charged_quantity, w.unit_price, w.charged_amount,
           (w.time // 86400)::INTEGER AS day,
           '：金额 ' || yuan(w.charged_amount) || ' 元，数量 ' || quantity_text(w.charged_quantity) || ' 乘单价 ' || price_text(w.unit_price) || ' 不等' AS say,
           val('charged_amount', yuan(w.charged_amount)) || ',' || val('charged_quantity', quantity_text(w.charged_quantity)) || ','
           || val('unit_price', price_text(w.unit_price)) || ',' || val('param(arithmetic.tolerance)', yuan(${TOLERANCE_FEN})) AS vals,
           'abs(charged_amount - charged_quantity * unit_price) > param(arithmetic.tolerance)' AS deciding,
           'abs(charged_amount - charged_quantity * unit_price) <= ' || yuan(${TOLERANCE_FEN}) AS clearing
    FROM wrong w LEFT JOIN net n ON n.encounter_key = w.encounter_key AND n.id = w.id
    WHERE coalesce(w.discount, 0) = 0
      AND NOT (w.charged_quantity = coalesce(n.quantity, 0) AND w.charged_amount = coalesce(n.amount, 0))
      AND NOT EXISTS (FROM undone u WHERE u.settlement_key = w.settlement_key)
);
