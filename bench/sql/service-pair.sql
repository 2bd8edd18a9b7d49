-- 25: what a main item contains, charged beside it: by day, visit, six hours, or units of an hour. A paid b meets any a.
CREATE TEMP TABLE "found_service-pair" AS (
    WITH a AS (
        SELECT DISTINCT k.k, k.point, k.within, c.item, c.id, c.person, c.institution, c.encounter_key, c.time, c.day, c.time_exact, c.quantity
        FROM k_pair k JOIN candidate c ON c.item = k.a WHERE c.quantity > 0
    ), b AS (
        SELECT DISTINCT k.k, k.point, k.within, c.item, c.id, c.person, c.institution, c.encounter_key, c.time, c.day, c.time_exact, c.quantity, c.covered
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
    , hits AS (
        SELECT k, point, institution, encounter_key, person, id, item, time, day, within, covered, covered AS amount, NULL AS by_day FROM whole
        UNION ALL
        SELECT k, point, institution, encounter_key, person, id, item, time, day, within, covered, rounded(covered, num::BIGINT, den::BIGINT), by_day FROM shares
    ), met AS ( -- the main items each of them meets, in order of time
        SELECT h.person, h.point, h.id, list(DISTINCT a.id) AS involved, first(a.item ORDER BY a.time, a.id) AS a_item
        FROM hits h JOIN a ON a.point = h.point AND a.person = h.person AND a.id <> h.id
                          AND CASE h.within WHEN 'visit' THEN a.encounter_key = h.encounter_key ELSE a.institution = h.institution
                              AND CASE h.within WHEN 'day' THEN a.day = h.day
                                       WHEN '6 hours' THEN a.time BETWEEN h.time - 21600 AND h.time + 21600 AND a.time_exact = 1
                                       ELSE if(h.by_day, a.day = h.day, a.time // 3600 = h.time // 3600 AND a.time_exact = 1) END END
        GROUP BY ALL
    )
    SELECT 'service-pair' AS rule, h.k, h.point, h.institution, h.encounter_key, h.person, [h.id] AS lines, m.involved, h.amount, h.day,
           x.name || ' 已包含 ' || y.name || '，不得另行收费，重复收取 ' || yuan(h.covered) || ' 元' AS say,
           val('a.item', x.code) || ',' || val('b.item', y.code) AS vals, 'a.item != b.item' AS deciding, 'a.item = ' || y.code AS clearing
    FROM hits h JOIN met m ON m.person = h.person AND m.point = h.point AND m.id = h.id JOIN item x ON x.id = m.a_item JOIN item y ON y.id = h.item
);
