-- 31: a sliding limit. A line stands when what stands in the days before it and itself keep the limit; of one that does not, the
-- part above the limit is the money. Keys with no more than the limit in all cannot hit and are dropped before lists are folded.
CREATE TEMP TABLE "found_service-period" AS (
    WITH lines AS (
        SELECT c.person, k.k, k.past, k.point, c.id, c.time, c.day, c.quantity, c.covered, c.institution, c.encounter_key, k.max,
               c.day < k."from" AS early, -- stands, unjudged
               CASE WHEN k.past IS NULL THEN c.day - (c.day + 3) % 7 ELSE c.day - k.past + 1 END AS first_day
        FROM candidate c JOIN k_service_period k ON k.item = c.item WHERE c.covered > 0
        QUALIFY sum(c.quantity) OVER (PARTITION BY c.person, k.point) > k.max
    ), folded AS ( -- each line is a list of one, so that the fold appends; standing: what stands in its window before it
        SELECT person, point, any_value(k) AS k, any_value(max) AS max, list_reduce(
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
        SELECT person, point, k, max, all_lines, unnest(all_lines, recursive := true) FROM folded
    ), runs AS (
        SELECT *, n - row_number() OVER (PARTITION BY person, point, max, stands ORDER BY n) AS run FROM judged
    )
    , run_of AS (
        SELECT any_value(k) AS k, point, max, first(institution ORDER BY n) AS institution, first(encounter_key ORDER BY n) AS encounter_key,
               person, list(id ORDER BY n) AS lines, first(covered ORDER BY n) AS covered, first(quantity ORDER BY n) AS quantity, first(standing ORDER BY n) AS standing,
               list(rounded(covered, quantity - greatest(0, max - standing), quantity) ORDER BY n) AS shares, min(day) AS day,
               any_value(all_lines) AS all_lines, min(n) AS first_n, max(n) AS last_n, first(first_day ORDER BY n) AS first_day
        FROM runs WHERE NOT stands GROUP BY person, point, max, run
    ), told AS ( -- what stands in the window before it; all that is seen in it
        SELECT *, list_filter(all_lines, lambda b: b.stands AND b.n < first_n AND b.day >= first_day) AS before,
               list_filter(all_lines, lambda b: b.n <= last_n AND b.day >= first_day) AS seen
        FROM run_of
    )
    SELECT 'service-period' AS rule, k, point, institution, encounter_key, person, lines, list_transform(before, lambda b: b.id) AS involved, shares,
           list_sum(shares)::BIGINT AS amount, day, '{person}|' || point || '|{row}' AS key,
           '：' || day_text(day) || ' 再次计费，周期内限 ' || quantity_text(max) || ' 次，纳入支付 ' || yuan(covered) || ' 元' AS say,
           val('standing(sum(line.quantity))', quantity_text(standing)) || ',' || val('line.quantity', quantity_text(quantity)) || ',' || val('k.max', quantity_text(max)) AS vals,
           'standing(sum(line.quantity)) + line.quantity > k.max' AS deciding,
           'standing(sum(line.quantity)) + line.quantity <= ' || quantity_text(max) AS clearing,
           CASE WHEN len(list_distinct(list_transform(seen, lambda b: b.institution))) > 1 THEN 'distinct(institution) > 1' END AS doubt
    FROM told
);
