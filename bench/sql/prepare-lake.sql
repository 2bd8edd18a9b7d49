-- The lake as an expert would lay it out for 28 rules: dictionaries, persons and encounters in memory, the long table left
-- in Parquet. ${LAKE} folder of the lake.
CREATE TEMP TABLE item AS SELECT id, code, name, kind FROM read_parquet('${LAKE}/dict/*-item.parquet');
CREATE TEMP TABLE word AS SELECT id, code FROM read_parquet('${LAKE}/dict/*-word.parquet');
CREATE TEMP TABLE icd AS SELECT id, code FROM read_parquet('${LAKE}/dict/*-diagnosis.parquet');
CREATE TEMP TABLE institution AS SELECT id, code, name, kind FROM read_parquet('${LAKE}/dict/*-institution.parquet');
CREATE TEMP TABLE practitioner AS SELECT id, code FROM read_parquet('${LAKE}/dict/*-practitioner.parquet');
CREATE MACRO word_id(text) AS (SELECT min(id) FROM word WHERE code = text);

-- Several rows of one person: what sources disagree on is unknown.
CREATE TEMP TABLE person AS
SELECT person,
       CASE WHEN min(sex) = max(sex) THEN min(sex) END AS sex,
       CASE WHEN min(birth) = max(birth) THEN min(birth) END AS birth,
       CASE WHEN min(death) = max(death) THEN min(death) END AS death
FROM read_parquet('${LAKE}/data/person/*.parquet') WHERE void IS DISTINCT FROM 1 GROUP BY person;

-- Settlements that were undone (a settlement with its full reversal, or of the kind that is none) take their lines along.
CREATE TEMP TABLE settled AS
SELECT settlement_key, encounter_key, id, insurance, pooled, refund_of, total, covered, fund, payment_mode, refund = 1 AS refund,
       void IS NOT DISTINCT FROM 1 OR kind IS NOT DISTINCT FROM word_id('3') AS undone
FROM read_parquet('${LAKE}/data/settlement/*.parquet');
CREATE TEMP TABLE reversed AS
SELECT unnest([r.settlement_key, s.settlement_key]) AS settlement_key
FROM settled r JOIN settled s ON s.settlement_key = r.refund_of WHERE r.refund AND r.total + s.total = 0;
UPDATE settled SET undone = true WHERE settlement_key IN (FROM reversed);
CREATE TEMP TABLE settlement AS SELECT settlement_key, encounter_key, insurance, pooled FROM settled WHERE NOT undone;
CREATE TEMP TABLE undone AS SELECT settlement_key FROM settled WHERE undone;
-- For lines that name no settlement: the only one of their encounter.
CREATE TEMP TABLE only_settlement AS
SELECT encounter_key, any_value(settlement_key) AS settlement_key
FROM settlement GROUP BY encounter_key HAVING count(*) = 1;

CREATE TEMP TABLE encounter AS
SELECT person, institution, encounter_key, id, "from", "to", ("from" // 86400)::INTEGER AS from_day,
       ("to" // 86400)::INTEGER AS to_day, kind, visit, coalesce(inpatient, 0) = 1 AS inpatient,
       coalesce(newborn, 0) = 1 AS newborn, insurance, person_kind, institution_level, region, online,
       coalesce(cross_year, 0) = 1 AS cross_year, coalesce("open", 0) = 1 AS is_open, main_diagnosis, leaving
FROM read_parquet('${LAKE}/data/encounter/*.parquet')
WHERE void IS DISTINCT FROM 1
  AND encounter_key NOT IN (SELECT encounter_key FROM settled WHERE encounter_key IS NOT NULL
                            GROUP BY encounter_key HAVING bool_and(undone OR coalesce(refund, false)));

-- Lines that are neither void nor themselves refunds. Each rule joins `net` and `undone` to its hits only: over all lines
-- that would decode two more columns of twenty million values for a handful of rows.
CREATE VIEW line AS
SELECT * FROM read_parquet('${LAKE}/data/line/*.parquet')
WHERE void IS DISTINCT FROM 1 AND charged_quantity >= 0 AND charged_amount >= 0;
SET VARIABLE n_buckets = (SELECT max(bucket) + 1 FROM read_parquet('${LAKE}/data/line/*.parquet'));
-- What was taken off a line, matched by the import. Few lines have a refund.
CREATE TEMP TABLE net AS
SELECT encounter_key, line AS id, sum(quantity)::BIGINT AS quantity, sum(amount)::BIGINT AS amount,
       sum(covered)::BIGINT AS covered
FROM read_parquet('${LAKE}/data/netting/*.parquet') WHERE line IS NOT NULL GROUP BY encounter_key, line;

CREATE VIEW diagnosis AS SELECT * FROM read_parquet('${LAKE}/data/diagnosis/*.parquet') WHERE void IS DISTINCT FROM 1;

-- Stays: inpatient encounters of one person and institution, joined where one begins on the day the other ended or the
-- year's end cut them.
CREATE TEMP TABLE stay AS
WITH marked AS (
    SELECT *, CASE from_day - lag(to_day) OVER own WHEN 0 THEN 0 WHEN 1 THEN (NOT (cross_year OR lag(cross_year) OVER own))::INT
                                                  ELSE 1 END AS begins
    FROM encounter WHERE inpatient AND "from" IS NOT NULL
    WINDOW own AS (PARTITION BY person, institution ORDER BY "from", id)
), numbered AS (
    SELECT *, sum(begins) OVER (PARTITION BY person, institution ORDER BY "from", id) AS number FROM marked
)
SELECT person, institution, number, min("from") AS "from", min(from_day) AS from_day,
       CASE WHEN count("to") = count(*) THEN max("to") END AS "to",
       CASE WHEN count("to") = count(*) THEN max(to_day) END AS to_day,
       bool_or(newborn) AS newborn, bool_or(is_open) AS is_open,
       last(main_diagnosis ORDER BY "from", id) AS main_diagnosis, last(leaving ORDER BY "from", id) AS leaving,
       last(kind ORDER BY "from", id) AS kind, last(id ORDER BY "from", id) AS id,
       last(encounter_key ORDER BY "from", id) AS encounter_key, list(encounter_key) AS encounters
FROM numbered GROUP BY person, institution, number;
