-- 12: below the level of institutions the drug is paid in.
CREATE TEMP TABLE "found_drug-level" AS (
    SELECT 'drug-level' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day, e.institution_level,
           k.k, '：限' || level_text(k.min_level) || '及以上医疗机构，本机构为' || level_text(e.institution_level) || '，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           val('encounter.institution_level', level_text(e.institution_level)) || ',' || val('k.min_level', level_text(k.min_level)) AS vals,
           'encounter.institution_level < k.min_level' AS deciding, 'encounter.institution_level >= ' || level_text(k.min_level) AS clearing,
           CASE WHEN e.institution_level = 0 THEN 'encounter.institution_level = 未定级' END AS doubt
    FROM candidate c JOIN k_drug_level k ON k.item = c.item AND c.day >= k."from"
    JOIN encounter e ON e.encounter_key = c.encounter_key
    JOIN institution i ON i.id = c.institution
    WHERE c.covered > 0 AND i.kind <> 'pharmacy' AND e.online IS DISTINCT FROM 1 AND e.institution_level < k.min_level
);
