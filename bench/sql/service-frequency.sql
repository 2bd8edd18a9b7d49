-- 27: more units on a day than a day has. Sums first, lists only for the days over the limit.
COPY (
    WITH lines AS MATERIALIZED (
        SELECT c.person, c.institution, k.point, c.day, k.max, c.id, c.time, c.encounter_key, c.covered, c.quantity
        FROM candidate c JOIN k_service_frequency k ON k.item = c.item AND c.day >= k."from" WHERE c.covered > 0
    ), over AS (
        SELECT person, institution, point, day, max, sum(quantity)::BIGINT AS n, sum(covered)::BIGINT AS covered
        FROM lines GROUP BY person, institution, point, day, max HAVING sum(quantity) > max
    )
    SELECT 'service-frequency' AS rule, o.point, o.institution, last(l.encounter_key ORDER BY l.time, l.id) AS encounter_key, o.person,
           list(l.id ORDER BY l.time, l.id) AS lines, rounded(o.covered, o.n - o.max, o.n) AS amount, o.day, o.n AS quantity, o.max
    FROM over o JOIN lines l ON l.person = o.person AND l.institution = o.institution AND l.point = o.point AND l.day = o.day AND l.max = o.max
    GROUP BY o.point, o.institution, o.person, o.day, o.max, o.n, o.covered
) TO '${OUT}/service-frequency.parquet';
