-- 25: what a main item contains, charged beside it: by day, visit, six hours, or units of an hour. A paid b meets any a.
COPY (
    WITH a AS (
        SELECT DISTINCT k.point, k.within, c.id, c.person, c.institution, c.encounter_key, c.time, c.day, c.time_exact, c.quantity
        FROM k_pair k JOIN candidate c ON c.item = k.a WHERE c.quantity > 0
    ), b AS (
        SELECT DISTINCT k.point, k.within, c.id, c.person, c.institution, c.encounter_key, c.time, c.day, c.time_exact, c.quantity, c.covered
        FROM k_pair k JOIN candidate c ON c.item = k.b AND c.day >= k."from" WHERE c.covered > 0
    ), whole AS ( -- an equality key each, so that none of them becomes a product
        SELECT b.* FROM b SEMI JOIN a ON b.within = 'day' AND a.point = b.point AND a.person = b.person AND a.institution = b.institution
                                      AND a.day = b.day AND a.id <> b.id
        UNION ALL
        SELECT b.* FROM b SEMI JOIN a ON b.within = 'visit' AND a.point = b.point AND a.encounter_key = b.encounter_key AND a.id <> b.id
        UNION ALL
        SELECT b.* FROM b SEMI JOIN a ON b.within = '6 hours' AND a.point = b.point AND a.person = b.person AND a.institution = b.institution
                                      AND a.time BETWEEN b.time - 21600 AND b.time + 21600 AND a.time_exact = 1 AND b.time_exact = 1 AND a.id <> b.id
    ), days AS ( -- days with both sides of an hour's pair; a line of several hours has no hour of its own
        SELECT point, person, institution, day, max(a_units) AS a_units, max(b_units) AS b_units, max(a_long) OR max(b_long) AS is_long
        FROM (SELECT point, person, institution, day, sum(quantity) AS a_units, 0 AS b_units, bool_or(quantity > 10000) AS a_long, false AS b_long
              FROM a WHERE within = 'hour' GROUP BY ALL
              UNION ALL
              SELECT point, person, institution, day, 0, sum(quantity), false, bool_or(quantity > 10000) FROM b WHERE within = 'hour' GROUP BY ALL)
        GROUP BY point, person, institution, day HAVING max(a_units) > 0 AND max(b_units) > 0
    ), a_hours AS (
        SELECT point, person, institution, time // 3600 AS hour, sum(quantity) AS units FROM a WHERE within = 'hour' AND time_exact = 1 GROUP BY ALL
    ), b_hours AS (
        SELECT point, person, institution, time // 3600 AS hour, sum(quantity) AS units FROM b WHERE within = 'hour' AND time_exact = 1 GROUP BY ALL
    ), shares AS (
        SELECT b.*, least(d.a_units + d.b_units - 240000, d.b_units) AS num, d.b_units AS den, true AS by_day
        FROM b JOIN days d USING (point, person, institution, day) WHERE b.within = 'hour' AND d.is_long AND d.a_units + d.b_units > 240000
        UNION ALL
        SELECT b.*, least(x.units, y.units), y.units, false
        FROM b JOIN days d USING (point, person, institution, day)
        JOIN a_hours x ON x.point = b.point AND x.person = b.person AND x.institution = b.institution AND x.hour = b.time // 3600
        JOIN b_hours y ON y.point = b.point AND y.person = b.person AND y.institution = b.institution AND y.hour = b.time // 3600
        WHERE b.within = 'hour' AND NOT d.is_long AND b.time_exact = 1
    )
    SELECT 'service-pair' AS rule, point, institution, encounter_key, person, [id] AS lines, covered AS amount, day, within, 'certain' AS level FROM whole
    UNION ALL
    SELECT 'service-pair', point, institution, encounter_key, person, [id], rounded(covered, num::BIGINT, den::BIGINT), day, within, 'suspected' FROM shares
) TO '${OUT}/service-pair.parquet';
