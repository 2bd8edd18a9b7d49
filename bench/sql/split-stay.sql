-- 49: readmitted to the same institution within the days, for the same category of diagnosis.
CREATE TEMP TABLE "found_split-stay" AS (
    WITH ordered AS (
        SELECT *, lag(to_day) OVER own AS p_to_day, lag(main_diagnosis) OVER own AS p_main_diagnosis,
               lag(leaving) OVER own AS p_leaving, lag(id) OVER own AS p_id
        FROM stay WINDOW own AS (PARTITION BY person, institution ORDER BY "from", id)
    ), hits AS MATERIALIZED (
        SELECT s.*, d.code AS main_code, c.code AS category FROM ordered s JOIN icd d ON d.id = s.main_diagnosis JOIN icd p ON p.id = s.p_main_diagnosis
        JOIN (SELECT code[:3] AS head, min_by(code, id) AS code FROM icd GROUP BY ALL) c ON c.head = d.code[:3] -- a category is named by its first code
        LEFT JOIN word w ON w.id = s.p_leaving
        WHERE s.from_day - s.p_to_day <= ${SPLIT_DAYS} AND d.code[:3] = p.code[:3]
          AND (d.code[:3] IN ('Z51', 'Z49') OR w.code IN ('2', '3', '5', '转院', '转社区', '死亡')) IS NOT TRUE
    ), lines AS MATERIALIZED (
        SELECT h.person, h.institution, h.number, l.id, l.time, l.encounter_key, l.settlement_key, l.charged_quantity, l.charged_amount, l.charged_covered
        FROM line l JOIN (SELECT person, institution, number, unnest(encounters) AS encounter_key FROM hits) h ON h.encounter_key = l.encounter_key
    ), cost AS (
        SELECT l.person, l.institution, l.number, sum(l.charged_covered - coalesce(n.covered, 0))::BIGINT AS covered,
               list(l.id ORDER BY l.time, l.id) AS lines
        FROM lines l LEFT JOIN net n ON n.encounter_key = l.encounter_key AND n.id = l.id
        WHERE NOT (l.charged_quantity = coalesce(n.quantity, 0) AND l.charged_amount = coalesce(n.amount, 0))
          AND NOT EXISTS (FROM undone u WHERE u.settlement_key = l.settlement_key)
        GROUP BY l.person, l.institution, l.number
    )
    SELECT 'split-stay' AS rule, '' AS point, h.institution, h.encounter_key, h.person, c.lines, coalesce(c.covered, 0) AS amount,
           coalesce(h.to_day, h.from_day) AS day, '{person}/{institution}/' || time_text(h."from") AS key,
           '上次出院 ' || day_text(h.p_to_day) || '，' || (h.from_day - h.p_to_day) || ' 天后以同一类目诊断 ' || h.main_code || ' 再次住院，本次纳入支付 '
           || yuan(coalesce(c.covered, 0)) || ' 元' AS say,
           val('p.to', day_text(h.p_to_day)) || ',' || val('from', day_text(h.from_day)) || ',' || val('param(split.days)', '${SPLIT_DAYS}') || ','
           || val('main_category', h.category) || ',' || val('p.main_category', h.category) AS vals,
           'gap(p.to, from) <= param(split.days) and main_category = p.main_category' AS deciding, 'gap(p.to, from) > ${SPLIT_DAYS}' AS clearing
    FROM hits h LEFT JOIN cost c ON c.person = h.person AND c.institution = h.institution AND c.number = h.number
);
