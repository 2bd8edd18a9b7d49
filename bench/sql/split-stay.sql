-- 49: readmitted to the same institution within the days, for the same category of diagnosis.
COPY (
    WITH ordered AS (
        SELECT *, lag(to_day) OVER own AS p_to_day, lag(main_diagnosis) OVER own AS p_main_diagnosis,
               lag(leaving) OVER own AS p_leaving, lag(id) OVER own AS p_id
        FROM stay WINDOW own AS (PARTITION BY person, institution ORDER BY "from", id)
    ), hits AS MATERIALIZED (
        SELECT s.* FROM ordered s JOIN icd d ON d.id = s.main_diagnosis JOIN icd p ON p.id = s.p_main_diagnosis
        LEFT JOIN word w ON w.id = s.p_leaving
        WHERE s.from_day - s.p_to_day <= ${SPLIT_DAYS} AND d.code[:3] = p.code[:3]
          AND (d.code[:3] IN ('Z51', 'Z49') OR w.code IN ('2', '3', '5', '转院', '转社区', '死亡')) IS NOT TRUE
    ), lines AS MATERIALIZED (
        SELECT h.person, h.institution, h.number, l.id, l.time, l.encounter_key, l.settlement_key, l.charged_quantity, l.charged_amount, l.charged_covered
        FROM line l JOIN (SELECT person, institution, number, unnest(encounters) AS encounter_key FROM hits) h ON h.encounter_key = l.encounter_key
    ), cost AS (
        SELECT l.person, l.institution, l.number, sum(l.charged_covered - coalesce(n.covered, 0))::BIGINT AS covered,
               list(l.id ORDER BY l.time, l.id) FILTER (l.charged_covered <> coalesce(n.covered, 0)) AS lines
        FROM lines l LEFT JOIN net n ON n.encounter_key = l.encounter_key AND n.id = l.id
        WHERE NOT (l.charged_quantity = coalesce(n.quantity, 0) AND l.charged_amount = coalesce(n.amount, 0))
          AND NOT EXISTS (FROM undone u WHERE u.settlement_key = l.settlement_key)
        GROUP BY l.person, l.institution, l.number
    )
    SELECT 'split-stay' AS rule, '' AS point, h.institution, h.encounter_key, h.person, c.lines, coalesce(c.covered, 0) AS amount,
           h.from_day - h.p_to_day AS gap, h.id AS stay, h.p_id
    FROM hits h LEFT JOIN cost c ON c.person = h.person AND c.institution = h.institution AND c.number = h.number
) TO '${OUT}/split-stay.parquet';
