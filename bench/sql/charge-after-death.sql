-- Lines dated after the day their person died. The dead are few: they are the hash table.
COPY (
    WITH hits AS MATERIALIZED (
        SELECT l.institution, l.encounter_key, l.settlement_key, l.person, l.id, l.time, l.charged_quantity,
               l.charged_amount, l.charged_covered, p.death
        FROM line l JOIN person p ON p.person = l.person AND l.time >= (p.death + 1)::BIGINT * 86400
        WHERE p.death IS NOT NULL
    )
    SELECT 'charge-after-death' AS rule, '' AS point, h.institution, h.encounter_key, h.person, [h.id] AS lines,
           h.charged_covered - coalesce(n.covered, 0) AS amount, h.time // 86400 AS day, h.death
    FROM hits h LEFT JOIN net n ON n.encounter_key = h.encounter_key AND n.id = h.id
    WHERE NOT (h.charged_quantity = coalesce(n.quantity, 0) AND h.charged_amount = coalesce(n.amount, 0))
      AND NOT EXISTS (FROM undone u WHERE u.settlement_key = h.settlement_key)
) TO '${OUT}/charge-after-death.parquet';
