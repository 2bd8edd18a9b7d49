-- Two stays of one person that share a night; the cheaper is the finding, the later on a tie. Few stays a person: a self-join.
COPY (
    WITH pairs AS (
        SELECT a.person, a.number AS a_number, b.number AS b_number, a.institution AS a_institution, b.institution AS b_institution,
               a.encounters AS a_encounters, b.encounters AS b_encounters, a.id AS a_id, b.id AS b_id,
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
               list(l.id ORDER BY l.time, l.id) FILTER (l.charged_covered <> coalesce(n.covered, 0)) AS lines
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
    SELECT 'overlapping-stays' AS rule, '' AS point, person, if(first_is_cheaper, a_institution, b_institution) AS institution,
           if(first_is_cheaper, a_id, b_id) AS stay, any_value(if(first_is_cheaper, a_lines, b_lines)) AS lines,
           any_value(least(a_covered, b_covered)) AS amount, max(nights) AS nights,
           list(if(first_is_cheaper, b_id, a_id)) AS others
    FROM judged GROUP BY ALL
) TO '${OUT}/overlapping-stays.parquet';
