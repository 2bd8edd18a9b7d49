-- 42: lines charged to an inpatient encounter before its first or after its last day.
CREATE TEMP TABLE "found_charge-outside-stay" AS (
    WITH hits AS MATERIALIZED (
        SELECT l.institution, l.encounter_key, l.settlement_key, l.person, l.id, l.time, l.charged_quantity,
               l.charged_amount, l.charged_covered, e.from_day, e.to_day
        FROM line l
        JOIN (SELECT encounter_key, from_day, to_day, (from_day - ${STAY_BEFORE_DAYS})::BIGINT * 86400 AS first_second,
                     coalesce((to_day + 1)::BIGINT * 86400, 9223372036854775807) AS end_second
              FROM encounter WHERE inpatient) e
          ON e.encounter_key = l.encounter_key AND (l.time < e.first_second OR l.time >= e.end_second)
    )
    SELECT 'charge-outside-stay' AS rule, '' AS point, h.institution, h.encounter_key, h.person, [h.id] AS lines,
           h.charged_covered - coalesce(n.covered, 0) AS amount, h.time // 86400 AS day, h.from_day, h.to_day,
           '：计费日 ' || day_text(h.time // 86400) || ' 不在住院期间 ' || day_text(h.from_day) || ' 至 ' || coalesce(day_text(h.to_day), '') AS say,
           val('day', day_text(h.time // 86400)) || ',' || val('param(stay.before_days)', '${STAY_BEFORE_DAYS}') || ',' || val('encounter.day', day_text(h.from_day))
           || CASE WHEN h.to_day IS NULL THEN '' ELSE ',' || val('encounter.last_day', day_text(h.to_day)) END AS vals,
           'day + param(stay.before_days) < encounter.day or day > encounter.last_day' AS deciding,
           CASE WHEN h.time // 86400 + ${STAY_BEFORE_DAYS} < h.from_day THEN 'day + param(stay.before_days) >= ' || day_text(h.from_day) ELSE 'day <= ' || day_text(h.to_day) END AS clearing
    FROM hits h LEFT JOIN net n ON n.encounter_key = h.encounter_key AND n.id = h.id
    WHERE NOT (h.charged_quantity = coalesce(n.quantity, 0) AND h.charged_amount = coalesce(n.amount, 0))
      AND NOT EXISTS (FROM undone u WHERE u.settlement_key = h.settlement_key)
);
