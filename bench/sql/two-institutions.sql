-- Lines of one institution on a day the person lay in another; the days of admission and discharge are outside.
CREATE TEMP TABLE "found_two-institutions" AS (
    WITH hits AS MATERIALIZED (
        SELECT l.institution, l.encounter_key, l.settlement_key, l.person, l.id, l.time, l.charged_quantity,
               l.charged_amount, l.charged_covered, s.institution AS elsewhere
        FROM line l
        JOIN (SELECT person, institution, (from_day + 1)::BIGINT * 86400 AS first_second,
                     CASE WHEN is_open THEN 9223372036854775807 ELSE to_day::BIGINT * 86400 END AS end_second
              FROM stay WHERE is_open OR to_day - from_day >= 2) s
          ON s.person = l.person AND s.institution <> l.institution AND l.time >= s.first_second AND l.time < s.end_second
        WHERE l.outside_test IS DISTINCT FROM 1 AND l.take_home IS DISTINCT FROM 1
    )
    SELECT 'two-institutions' AS rule, '' AS point, h.institution, h.encounter_key, h.person, [h.id] AS lines,
           h.charged_covered - coalesce(any_value(n.covered), 0) AS amount, h.time // 86400 AS day,
           list(DISTINCT h.elsewhere) AS elsewhere,
           '：' || day_text(h.time // 86400) || ' 在本机构发生费用 ' || yuan(h.charged_covered - coalesce(any_value(n.covered), 0)) || ' 元，当日该参保人在另一机构住院' AS say,
           val('any(stay in person where institution != line.institution and row.day < line.day and (open or last_day > line.day))', 'true') AS vals,
           'any(stay in person where institution != line.institution and row.day < line.day and (open or last_day > line.day))' AS deciding, 'none(stay in person where institution != line.institution and row.day < line.day and (open or last_day > line.day))' AS clearing
    FROM hits h LEFT JOIN institution i ON i.id = h.institution
    LEFT JOIN only_settlement o ON o.encounter_key = h.encounter_key
    LEFT JOIN settled s ON s.settlement_key = coalesce(h.settlement_key, o.settlement_key)
    LEFT JOIN net n ON n.encounter_key = h.encounter_key AND n.id = h.id
    WHERE NOT (h.charged_quantity = coalesce(n.quantity, 0) AND h.charged_amount = coalesce(n.amount, 0))
      AND (i.kind = 'pharmacy' AND s.pooled = 0) IS NOT TRUE
      AND NOT EXISTS (FROM undone u WHERE u.settlement_key = h.settlement_key)
    GROUP BY h.institution, h.encounter_key, h.person, h.id, h.charged_covered, h.time
);
