-- 47: drugs an internet hospital may not be paid for.
CREATE TEMP TABLE "found_internet-banned" AS (
    SELECT 'internet-banned' AS rule, k.point, c.institution, c.encounter_key, c.person, [c.id] AS lines, c.covered AS amount, c.day,
           k.k, '：麻醉、精神药品不得在互联网诊疗中开具，纳入支付 ' || yuan(c.covered) || ' 元' AS say,
           CASE WHEN e.online IS NULL THEN '' ELSE val('encounter.online', if(e.online = 1, 'true', 'false')) || ',' END
           || val('encounter.visit', word_text(e.visit)) AS vals,
           'encounter.online or encounter.visit = 互联网' AS deciding, 'not encounter.online and encounter.visit != 互联网' AS clearing
    FROM candidate c JOIN k_internet_banned k ON k.item = c.item AND c.day >= k."from"
    JOIN encounter e ON e.encounter_key = c.encounter_key
    WHERE (e.online = 1 OR e.visit = word_id('互联网'))
);
