-- 47: drugs an internet hospital may not be paid for.
COPY (
    SELECT 'internet-banned' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day
    FROM candidate c JOIN k_internet_banned k ON k.item = c.item AND c.day >= k."from"
    JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE (e.online = 1 OR e.visit = word_id('互联网'))
) TO '${OUT}/internet-banned.parquet';
