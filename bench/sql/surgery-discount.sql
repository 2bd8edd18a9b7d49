-- 15: the second and further operations of one incision, charged above their share of the full price.
CREATE TEMP TABLE "found_surgery-discount" AS (
    WITH ranked AS (
        SELECT c.*, k.k, k."group", k.point, k.cap,
               dense_rank() OVER (PARTITION BY c.encounter_key, c.day, k."group" ORDER BY k.cap DESC, c.item) AS nth,
               count(*) OVER own AS n, count(k.cap) OVER own AS n_cap
        FROM candidate c JOIN k_surgery k ON k.item = c.item AND c.day >= k."from"
        WHERE c.covered > 0
        WINDOW own AS (PARTITION BY c.encounter_key, c.day, k."group")
    ), dear AS ( -- fen: share x cap (10^-6 yuan) x whole units, compared at 10^-6 yuan x 10^-4
        SELECT *, ${SECOND_SHARE_E4}::HUGEINT * cap * ((quantity + 9999) // 10000) AS full_e10,
               least(amount::HUGEINT * 100000000, cap::HUGEINT * quantity) AS within_e10 FROM ranked
    )
    , judged AS (
        SELECT *, nth > 1 AND n = n_cap AND within_e10 > full_e10 AS is_hit FROM dear
    )
    SELECT 'surgery-discount' AS rule, '' AS point, first(k ORDER BY time, id) AS k, any_value(institution) AS institution, encounter_key, any_value(person) AS person,
           list(id ORDER BY time, id) FILTER (is_hit) AS lines, list(id ORDER BY time, id) FILTER (NOT is_hit) AS involved,
           rounded(sum(within_e10 - full_e10) FILTER (is_hit), (sum(covered) FILTER (is_hit))::HUGEINT,
                   (sum(amount) FILTER (is_hit))::HUGEINT * 100000000) AS amount, day,
           '{encounter}|' || day_text(day) || '|' || "group" AS key,
           day_text(day) || ' ' || "group" || ' 同日收取 ' || count(DISTINCT item) || ' 项手术，第二项起未按规定折价' AS say,
           val('any(nth(item by cap.price desc) > 1 and min(amount, cap.price * quantity) > param(surgery.second_share) * cap.price * ceil(quantity))', 'true') AS vals,
           'any(nth(item by cap.price desc) > 1 and min(amount, cap.price * quantity) > param(surgery.second_share) * cap.price * ceil(quantity))' AS deciding,
           'not any(nth(item by cap.price desc) > 1 and min(amount, cap.price * quantity) > param(surgery.second_share) * cap.price * ceil(quantity))' AS clearing
    FROM judged GROUP BY encounter_key, day, "group" HAVING bool_or(is_hit)
);
