-- Same person, institution, item, second, price and physician: all but the first. Counting the key's hash alone keeps the
-- table of all lines narrow; the lines of the few repeated hashes are read in full, netted and counted again.
CREATE TEMP TABLE "found_duplicate-line" AS (
    WITH keyed AS NOT MATERIALIZED (
        SELECT bucket, hash(person, institution, item, time, unit_price, ordering_practitioner) AS key FROM line WHERE charged_covered > 0 AND time_exact = 1
    ), repeated AS MATERIALIZED ( -- by slices of buckets, whose row groups lie apart: eight small tables instead of one that misses the cache
        SELECT key FROM keyed WHERE bucket < getvariable('n_buckets') // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 1 // 8 AND bucket < getvariable('n_buckets') * 2 // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 2 // 8 AND bucket < getvariable('n_buckets') * 3 // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 3 // 8 AND bucket < getvariable('n_buckets') * 4 // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 4 // 8 AND bucket < getvariable('n_buckets') * 5 // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 5 // 8 AND bucket < getvariable('n_buckets') * 6 // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 6 // 8 AND bucket < getvariable('n_buckets') * 7 // 8 GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT key FROM keyed WHERE bucket >= getvariable('n_buckets') * 7 // 8 GROUP BY key HAVING count(*) > 1
    ), members AS MATERIALIZED (
        SELECT person, institution, item, time, unit_price, ordering_practitioner, id, encounter_key, settlement_key, prescription,
               charged_quantity AS quantity, charged_amount AS amount, charged_covered AS covered
        FROM line SEMI JOIN repeated ON repeated.key = hash(person, institution, item, time, unit_price, ordering_practitioner)
        WHERE charged_covered > 0 AND time_exact = 1 AND institution IS NOT NULL AND item IS NOT NULL AND time IS NOT NULL AND unit_price IS NOT NULL
          AND ordering_practitioner IS NOT NULL
    ), alive AS (
        SELECT m.* EXCLUDE (quantity, amount, covered), m.covered - coalesce(n.covered, 0) AS covered
        FROM members m LEFT JOIN net n ON n.encounter_key = m.encounter_key AND n.id = m.id
        WHERE NOT (m.quantity = coalesce(n.quantity, 0) AND m.amount = coalesce(n.amount, 0)) AND m.covered > coalesce(n.covered, 0)
          AND NOT EXISTS (FROM undone u WHERE u.settlement_key = m.settlement_key)
    )
    SELECT 'duplicate-line' AS rule, '' AS point, institution, list(encounter_key ORDER BY id)[2] AS encounter_key, person,
           list(id ORDER BY id)[2:] AS lines, [min(id)] AS involved, (sum(covered) - min_by(covered, id))::BIGINT AS amount, (time // 86400)::INTEGER AS day,
           '{person}|{institution}|' || i.code || '|' || time_text(time - time % 3600) || '|' || time_text(time) || '|' || price_text(unit_price) || '|' || p.code AS key,
           '：' || time_text(time) || ' 同一医师开具、同一单价记账 ' || count(*) || ' 次' AS say,
           val('count()', count(*)::VARCHAR) AS vals, 'count() > 1' AS deciding, 'count() <= 1' AS clearing,
           CASE WHEN count(prescription) < count(*) THEN 'line.prescription' WHEN count(DISTINCT prescription) > 1 THEN 'distinct(prescription) > 1' END AS doubt
    FROM alive JOIN (SELECT id AS i_id, code FROM item) i ON i.i_id = item JOIN (SELECT id AS p_id, code FROM practitioner) p ON p.p_id = ordering_practitioner
    GROUP BY person, institution, item, i.code, p.code, time, unit_price, ordering_practitioner HAVING count(*) > 1
);
