-- 31: a sliding limit. A line stands when what stands in the days before it and itself keep the limit; of one that does not, the
-- part above the limit is the money. Keys with no more than the limit in all cannot hit and are dropped before lists are folded.
COPY (
    WITH lines AS (
        SELECT c.person, k.point, c.id, c.time, c.day, c.quantity, c.covered, c.institution, c.encounter_key, k.max,
               c.day < k."from" AS early, -- stands, unjudged
               CASE WHEN k.past IS NULL THEN c.day - (c.day + 3) % 7 ELSE c.day - k.past + 1 END AS first_day
        FROM candidate c JOIN k_service_period k ON k.item = c.item WHERE c.covered > 0
        QUALIFY sum(c.quantity) OVER (PARTITION BY c.person, k.point) > k.max
    ), folded AS ( -- each line is a list of one, so that the fold appends; standing: what stands in its window before it
        SELECT person, point, any_value(max) AS max, list_reduce(
            list([{n: 1::BIGINT, day: day, first_day: first_day, quantity: quantity, standing: 0::BIGINT, early: early,
                   stands: early OR quantity <= max, id: id, covered: covered, institution: institution,
                   encounter_key: encounter_key}] ORDER BY time, id),
            lambda before, one: list_append(before, list_transform(
                [coalesce(list_sum(list_transform(list_filter(before, lambda b: b.stands AND b.day >= one[1].first_day),
                                                  lambda b: b.quantity)), 0)::BIGINT],
                lambda s: {n: len(before) + 1, day: one[1].day, first_day: one[1].first_day, quantity: one[1].quantity, standing: s,
                           early: one[1].early, stands: one[1].early OR s + one[1].quantity <= max, id: one[1].id,
                           covered: one[1].covered, institution: one[1].institution, encounter_key: one[1].encounter_key})[1])) AS all_lines
        FROM lines GROUP BY person, point, max
    ), judged AS (
        SELECT person, point, max, unnest(all_lines, recursive := true) FROM folded
    ), runs AS (
        SELECT *, n - row_number() OVER (PARTITION BY person, point, max, stands ORDER BY n) AS run FROM judged
    )
    SELECT 'service-period' AS rule, point, first(institution ORDER BY n) AS institution, first(encounter_key ORDER BY n) AS encounter_key,
           person, list(id ORDER BY n) AS lines,
           sum(rounded(covered, quantity - greatest(0, max - standing), quantity))::BIGINT AS amount, min(day) AS day
    FROM runs WHERE NOT stands GROUP BY person, point, max, run
) TO '${OUT}/service-period.parquet';
