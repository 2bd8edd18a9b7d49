-- Two stays of one person that share a night; the cheaper is the finding, the later on a tie. Few stays a person: a self-join.
CREATE TEMP TABLE "found_overlapping-stays" AS (
    WITH pairs AS (
        SELECT a.person, a.number AS a_number, b.number AS b_number, a.institution AS a_institution, b.institution AS b_institution,
               a.encounters AS a_encounters, b.encounters AS b_encounters, a.encounter_key AS a_encounter, b.encounter_key AS b_encounter,
               a."from" AS a_from, b."from" AS b_from, a.from_day AS a_from_day, a.to_day AS a_to_day, b.from_day AS b_from_day, b.to_day AS b_to_day, a.id AS a_id, b.id AS b_id,
               least(a.to_day, b.to_day) - greatest(a.from_day, b.from_day) AS nights -- an open end reaches as far as the other
        FROM stay a JOIN stay b ON a.person = b.person AND (a."from", a.id) < (b."from", b.id)
        WHERE least(a.to_day, b.to_day) - greatest(a.from_day, b.from_day) >= 1 AND NOT a.newborn AND NOT b.newborn
    ), concerned AS MATERIALIZED (
        SELECT unnest(a_encounters) AS encounter_key, person, a_institution AS institution, a_number AS number FROM pairs
        UNION SELECT unnest(b_encounters), person, b_institution, b_number FROM pairs
    ), lines AS MATERIALIZED (
        SELECT c.person, c.institution, c.number, l.id, l.time, l.encounter_key, l.settlement_key, l.charged_quantity, l.charged_amount, l.charged_covered
        FROM line l JOIN concerned c ON c.encounter_key = l.encounter_key
    ), cost AS (
        SELECT l.person, l.institution, l.number, sum(l.charged_covered - coalesce(n.covered, 0))::BIGINT AS covered,
               list(l.id ORDER BY l.time, l.id) AS lines
        FROM lines l LEFT JOIN net n ON n.encounter_key = l.encounter_key AND n.id = l.id
        WHERE NOT (l.charged_quantity = coalesce(n.quantity, 0) AND l.charged_amount = coalesce(n.amount, 0))
          AND NOT EXISTS (FROM undone u WHERE u.settlement_key = l.settlement_key)
        GROUP BY l.person, l.institution, l.number
    ), judged AS (
        SELECT p.*, coalesce(a.covered, 0) < coalesce(b.covered, 0) AS first_is_cheaper, a.lines AS a_lines, b.lines AS b_lines,
               coalesce(a.covered, 0) AS a_covered, coalesce(b.covered, 0) AS b_covered
        FROM pairs p
        LEFT JOIN cost a ON a.person = p.person AND a.institution = a_institution AND a.number = a_number
        LEFT JOIN cost b ON b.person = p.person AND b.institution = b_institution AND b.number = b_number
    )
    , sides AS (
        SELECT *, if(first_is_cheaper, a_institution, b_institution) AS institution, if(first_is_cheaper, a_encounter, b_encounter) AS encounter_key,
               if(first_is_cheaper, a_from, b_from) AS "from", if(first_is_cheaper, coalesce(a_to_day, a_from_day), coalesce(b_to_day, b_from_day)) AS day,
               if(first_is_cheaper, a_lines, b_lines) AS lines, if(first_is_cheaper, b_lines, a_lines) AS others, least(a_covered, b_covered) AS amount
        FROM judged
    )
    SELECT 'overlapping-stays' AS rule, '' AS point, person, institution, encounter_key, any_value(lines) AS lines,
           flatten(list(others)) AS involved, any_value(amount) AS amount, any_value(day) AS day,
           '{person}/{institution}/' || time_text("from") AS key,
           first('住院 ' || day_text(a_from_day) || ' 至 ' || coalesce(day_text(a_to_day), '') || ' 与住院 ' || day_text(b_from_day) || ' 至 ' || coalesce(day_text(b_to_day), '')
                 || ' 重叠 ' || nights || ' 夜' ORDER BY a_from, b_from) AS say,
           val('overlap(a, b) in nights', first(nights ORDER BY a_from, b_from)::VARCHAR) AS vals,
           'overlap(a, b) in nights >= 1' AS deciding, 'overlap(a, b) in nights < 1' AS clearing,
           CASE WHEN min(nights) = 1 THEN 'overlap(a, b) in nights = 1' END AS doubt
    FROM sides GROUP BY person, institution, encounter_key, "from"
);
