-- 27: more units on a day than a day has. Sums first, lists only for the days over the limit.
CREATE TEMP TABLE "found_service-frequency" AS (
    WITH lines AS MATERIALIZED (
        SELECT c.person, c.institution, k.k, k.point, c.day, k.max, c.id, c.time, c.encounter_key, c.covered, c.quantity
        FROM candidate c JOIN k_service_frequency k ON k.item = c.item AND c.day >= k."from" WHERE c.covered > 0
    ), over AS (
        SELECT person, institution, point, day, max, sum(quantity)::BIGINT AS n, sum(covered)::BIGINT AS covered
        FROM lines GROUP BY person, institution, point, day, max HAVING sum(quantity) > max
    )
    , told AS (
        SELECT any_value(l.k) AS k, o.point, o.institution, first(l.encounter_key ORDER BY l.time, l.id) AS encounter_key, o.person,
               list(l.id ORDER BY l.time, l.id) AS lines, rounded(o.covered, o.n - o.max, o.n) AS amount, o.day, o.n, o.max
        FROM over o JOIN lines l ON l.person = o.person AND l.institution = o.institution AND l.point = o.point AND l.day = o.day AND l.max = o.max
        GROUP BY o.point, o.institution, o.person, o.day, o.max, o.n, o.covered
    ), stayed AS ( -- all units of the point in the encounter, paid or not
        SELECT t.encounter_key, t.k, sum(c.quantity) AS units
        FROM (SELECT DISTINCT encounter_key, k FROM told) t JOIN k_service_frequency k ON k.k = t.k
        JOIN candidate c ON c.encounter_key = t.encounter_key AND c.item = k.item GROUP BY ALL
    )
    SELECT 'service-frequency' AS rule, t.k, t.point, t.institution, t.encounter_key, t.person, t.lines, t.amount, t.day,
           '{person}|{institution}|' || t.point || '|' || day_text(t.day) AS key,
           '：' || day_text(t.day) || ' 计费 ' || quantity_text(t.n) || '，每日限 ' || quantity_text(t.max) AS say,
           val('sum(line.quantity)', quantity_text(t.n)) || ',' || val('k.max', quantity_text(t.max)) AS vals,
           'sum(line.quantity) > k.max' AS deciding, 'sum(line.quantity) <= ' || quantity_text(t.max) AS clearing,
           CASE WHEN NOT e.inpatient THEN NULL WHEN e.to_day IS NULL THEN 'encounter.to'
                WHEN s.units <= t.max * (e.to_day - e.from_day + 1) THEN 'encounter.inpatient and sum(line.quantity in encounter where item in k.item) <= k.max * encounter.days / 1 day' END AS doubt
    FROM told t JOIN stayed s ON s.encounter_key = t.encounter_key AND s.k = t.k LEFT JOIN encounter e ON e.encounter_key = t.encounter_key
);
