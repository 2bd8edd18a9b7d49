-- 15: the second and further operations of one incision, charged above their share of the full price.
COPY (
    WITH ranked AS (
        SELECT c.*, k."group", k.point, k.cap,
               dense_rank() OVER (PARTITION BY c.encounter_key, c.day, k."group" ORDER BY k.cap DESC, c.item) AS nth,
               count(*) OVER own AS n, count(k.cap) OVER own AS n_cap
        FROM candidate c JOIN k_surgery k ON k.item = c.item AND c.day >= k."from"
        WHERE c.covered > 0
        WINDOW own AS (PARTITION BY c.encounter_key, c.day, k."group")
    ), dear AS ( -- fen: share x cap (10^-6 yuan) x whole units, compared at 10^-6 yuan x 10^-4
        SELECT *, ${SECOND_SHARE_E4}::HUGEINT * cap * ((quantity + 9999) // 10000) AS full_e10 FROM ranked
        WHERE n = n_cap AND nth > 1
    )
    SELECT 'surgery-discount' AS rule, '' AS point, any_value(institution) AS institution, encounter_key, any_value(person) AS person,
           list(id ORDER BY time, id) AS lines,
           rounded(sum(amount::HUGEINT * 100000000 - full_e10), sum(covered)::HUGEINT, sum(amount)::HUGEINT * 100000000) AS amount, day, "group"
    FROM dear WHERE amount::HUGEINT * 100000000 > full_e10
    GROUP BY encounter_key, day, "group"
) TO '${OUT}/surgery-discount.parquet';
