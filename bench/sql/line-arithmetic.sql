-- 36: the amount is not quantity times price. 10^-10 yuan on both sides, so nothing is divided.
COPY (
    WITH wrong AS MATERIALIZED (
        SELECT person, institution, encounter_key, settlement_key, id, time, charged_quantity, charged_amount, charged_covered, unit_price, discount
        FROM line
        WHERE abs(charged_amount::HUGEINT * 100000000 - charged_quantity::HUGEINT * unit_price) > ${TOLERANCE_FEN} * 100000000::HUGEINT
    )
    SELECT 'line-arithmetic' AS rule, '' AS point, w.institution, w.encounter_key, w.person, [w.id] AS lines,
           rounded(greatest(0::HUGEINT, (w.charged_covered - coalesce(n.covered, 0))::HUGEINT * 100000000
                                        - (w.charged_quantity - coalesce(n.quantity, 0))::HUGEINT * w.unit_price), 1, 100000000) AS amount,
           w.charged_quantity, w.unit_price, w.charged_amount
    FROM wrong w LEFT JOIN net n ON n.encounter_key = w.encounter_key AND n.id = w.id
    WHERE coalesce(w.discount, 0) = 0
      AND NOT (w.charged_quantity = coalesce(n.quantity, 0) AND w.charged_amount = coalesce(n.amount, 0))
      AND NOT EXISTS (FROM undone u WHERE u.settlement_key = w.settlement_key)
) TO '${OUT}/line-arithmetic.parquet';
