-- 23: as 10 for treatments; each line is one day.
CREATE TEMP TABLE "found_service-course" AS (
    WITH supplied AS (
        SELECT c.person, c.institution, c.encounter_key, c.id, c.time, c.day, c.covered, k.k, k.point, k.days, k.scope, k.span,
               CASE WHEN true THEN 1 ELSE greatest(1, (c.days + 9999) // 10000) END::INTEGER AS supply
        FROM candidate c JOIN k_service_course k ON k.item = c.item AND c.day >= k."from"
        LEFT JOIN encounter e ON e.encounter_key = c.encounter_key
        WHERE c.covered > 0
    ), marked AS ( -- a course begins where GAP days before it are not covered by any line so far
        SELECT *, CASE WHEN scope = 'course' AND day - max(day + coalesce(supply, 1)) OVER (PARTITION BY person, point, scope
                              ORDER BY time, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= ${COURSE_GAP} THEN 1 ELSE 0 END AS begins
        FROM supplied
    ), placed AS (
        SELECT *, CASE scope WHEN 'visit' THEN encounter_key
                             WHEN 'course' THEN sum(begins) OVER (PARTITION BY person, point ORDER BY time, id)::BIGINT
                             ELSE 0 END AS course
        FROM marked
    ), long AS MATERIALIZED ( -- only courses that could be too long, before anything is counted day by day
        SELECT * FROM placed
        WINDOW whole AS (PARTITION BY person, point, course)
        QUALIFY max(day + coalesce(supply, 1)) OVER whole - min(day) OVER whole > days
            AND (span OR count(supply) OVER whole = count(*) OVER whole)
    ), covered_days AS ( -- the rank of a day among the days its course covers
        SELECT person, point, course, day AS on_day, row_number() OVER (PARTITION BY person, point, course ORDER BY day) AS nth_day
        FROM (SELECT DISTINCT person, point, course, unnest(range(day, day + supply))::INTEGER AS day FROM long WHERE NOT span)
    ), beyond AS ( -- days of a line that lie beyond the limit
        SELECT l.person, l.institution, l.encounter_key, l.id, l.time, l.day, l.covered, l.k, l.point, l.scope, l.span, l.course, l.supply, l.days,
               count(*) FILTER (d.nth_day > l.days) AS over
        FROM long l JOIN covered_days d ON d.person = l.person AND d.point = l.point AND d.course = l.course
                   AND d.on_day >= l.day AND d.on_day < l.day + l.supply
        WHERE NOT l.span GROUP BY ALL
        UNION ALL
        SELECT person, institution, encounter_key, id, time, day, covered, k, point, scope, span, course, 1, days,
               (day >= min(day) OVER whole + days)::INTEGER AS over
        FROM long WHERE span
        WINDOW whole AS (PARTITION BY person, point, course)
        QUALIFY max(day) OVER whole - min(day) OVER whole + 1 > days
    )
    , told AS (
        SELECT any_value(k) AS k, point, first(institution ORDER BY time, id) AS institution, first(encounter_key ORDER BY time, id) AS encounter_key,
               person, list(id ORDER BY time, id) FILTER (over > 0) AS lines, list(id ORDER BY time, id) FILTER (over = 0) AS involved,
               rounded(sum(covered::HUGEINT * over * (9690712164777231700912800 // supply)), 1, 9690712164777231700912800) AS amount, min(day) AS day, any_value(scope) AS scope, any_value(span) AS span, any_value(days) AS days,
               (max(day) - min(day) + 1)::VARCHAR AS span_days, any_value(n_days)::VARCHAR AS n_days
        FROM beyond JOIN (SELECT person, point, course, count(*) AS n_days FROM (
                              SELECT DISTINCT person, point, course, unnest(range(day, day + supply)) AS on_day FROM long) GROUP BY ALL) USING (person, point, course)
        GROUP BY person, point, course HAVING sum(over) > 0
    )
    SELECT 'service-course' AS rule, k, point, institution, encounter_key, person, lines, involved, amount, day,
           '{person}|' || point || '|' || CASE scope WHEN 'visit' THEN '{encounter}' WHEN 'course' THEN day_text(day) ELSE 'ever' END AS key,
           '：支付不超过 ' || days || ' 天，实际 ' || n_days || ' 天，首末日跨 ' || span_days || ' 天' AS say,
           CASE WHEN span THEN val('k.span', 'true') || ',' || val('span()', span_days) ELSE val('days()', n_days) END || ',' || val('k.days', days::VARCHAR) AS vals,
           CASE WHEN span THEN 'k.span and span() > k.days' ELSE 'days() > k.days' END AS deciding,
           if(span, 'span() <= ', 'days() <= ') || days AS clearing
    FROM told
);
