-- mapping: tuva
-- title: US claims in the input layout of the Tuva Project: medical_claim, pharmacy_claim, eligibility
-- delimiter: ,
-- quote: "
-- encoding: utf-8
--
-- An example of a foreign source. Dollars are read as yuan (cents as fen). HCPCS, revenue-centre and NDC codes are items, ICD
-- codes diagnoses and operations; they are not the national lists, so that only rules without knowledge say anything here.
-- The facility is the institution, else the billing or the rendering provider; a claim is an encounter. One claim line carries up to 25
-- diagnoses and 25 procedures: a `table` block each, skipped where the column is empty. All lines of a claim repeat the
-- claim's facts; the landing counts those rows as repeated. Amounts with binary residues (441.65999999999997) are rejected, not rounded.

-- source: medical_claim
-- recognised by: claim_id, claim_line_number, claim_type, diagnosis_code_1, hcpcs_code
-- required: patient_id, billing_npi, facility_npi, claim_start_date

-- table: line
SELECT
    patient_id AS person,
    coalesce(facility_npi, billing_npi, rendering_npi, 'provider not named') AS institution,
    claim_id AS encounter_key,
    claim_line_number AS id,
    coalesce(hcpcs_code, revenue_center_code) AS item,
    coalesce(claim_line_start_date, claim_start_date) AS time,
    service_unit_quantity AS charged_quantity,
    coalesce(charge_amount, paid_amount) AS charged_amount,
    coalesce(allowed_amount, paid_amount) AS charged_covered,
    rendering_npi AS performing_practitioner,
    CASE WHEN hcpcs_code IS NOT NULL OR revenue_center_code IS NOT NULL THEN 'service' END AS item_kind
FROM medical_claim;

-- table: encounter
SELECT
    patient_id AS person,
    coalesce(facility_npi, billing_npi, rendering_npi, 'provider not named') AS institution,
    claim_id AS encounter_key,
    claim_id AS id,
    coalesce(admission_date, claim_start_date) AS "from",
    coalesce(discharge_date, claim_end_date) AS "to",
    claim_type AS kind,
    CASE WHEN bill_type_code LIKE '11%' OR bill_type_code LIKE '011%' THEN '住院' ELSE '门诊' END AS visit,
    CASE WHEN bill_type_code LIKE '11%' OR bill_type_code LIKE '011%' THEN '1' ELSE '0' END AS inpatient,
    diagnosis_code_1 AS main_diagnosis,
    discharge_disposition_code AS leaving
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_1 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_1 AS code, '1' AS kind,
    '1' AS main, diagnosis_poa_1 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_2 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_2 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_2 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_3 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_3 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_3 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_4 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_4 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_4 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_5 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_5 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_5 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_6 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_6 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_6 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_7 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_7 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_7 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_8 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_8 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_8 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_9 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_9 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_9 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_10 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_10 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_10 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_11 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_11 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_11 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_12 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_12 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_12 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_13 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_13 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_13 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_14 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_14 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_14 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_15 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_15 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_15 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_16 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_16 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_16 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_17 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_17 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_17 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_18 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_18 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_18 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_19 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_19 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_19 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_20 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_20 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_20 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_21 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_21 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_21 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_22 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_22 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_22 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_23 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_23 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_23 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_24 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_24 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_24 AS admission_condition
FROM medical_claim;

-- table: diagnosis
-- when: diagnosis_code_25 not empty
SELECT patient_id AS person, claim_id AS encounter_key, diagnosis_code_25 AS code, '1' AS kind,
    '0' AS main, diagnosis_poa_25 AS admission_condition
FROM medical_claim;

-- table: operation
-- when: procedure_code_1 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_1 AS code, '1' AS main,
    procedure_date_1 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_2 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_2 AS code, '0' AS main,
    procedure_date_2 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_3 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_3 AS code, '0' AS main,
    procedure_date_3 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_4 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_4 AS code, '0' AS main,
    procedure_date_4 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_5 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_5 AS code, '0' AS main,
    procedure_date_5 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_6 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_6 AS code, '0' AS main,
    procedure_date_6 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_7 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_7 AS code, '0' AS main,
    procedure_date_7 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_8 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_8 AS code, '0' AS main,
    procedure_date_8 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_9 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_9 AS code, '0' AS main,
    procedure_date_9 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_10 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_10 AS code, '0' AS main,
    procedure_date_10 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_11 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_11 AS code, '0' AS main,
    procedure_date_11 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_12 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_12 AS code, '0' AS main,
    procedure_date_12 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_13 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_13 AS code, '0' AS main,
    procedure_date_13 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_14 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_14 AS code, '0' AS main,
    procedure_date_14 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_15 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_15 AS code, '0' AS main,
    procedure_date_15 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_16 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_16 AS code, '0' AS main,
    procedure_date_16 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_17 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_17 AS code, '0' AS main,
    procedure_date_17 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_18 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_18 AS code, '0' AS main,
    procedure_date_18 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_19 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_19 AS code, '0' AS main,
    procedure_date_19 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_20 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_20 AS code, '0' AS main,
    procedure_date_20 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_21 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_21 AS code, '0' AS main,
    procedure_date_21 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_22 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_22 AS code, '0' AS main,
    procedure_date_22 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_23 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_23 AS code, '0' AS main,
    procedure_date_23 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_24 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_24 AS code, '0' AS main,
    procedure_date_24 AS day
FROM medical_claim;

-- table: operation
-- when: procedure_code_25 not empty
SELECT patient_id AS person, claim_id AS encounter_key, procedure_code_25 AS code, '0' AS main,
    procedure_date_25 AS day
FROM medical_claim;

-- source: pharmacy_claim
-- recognised by: claim_id, claim_line_number, ndc_code, dispensing_date
-- required: patient_id

-- table: line
SELECT
    patient_id AS person,
    coalesce(dispensing_provider_npi, 'pharmacy not named') AS institution,
    claim_id AS encounter_key,
    claim_line_number AS id,
    ndc_code AS item,
    dispensing_date AS time,
    quantity AS charged_quantity,
    paid_amount AS charged_amount,
    coalesce(allowed_amount, paid_amount) AS charged_covered,
    prescribing_provider_npi AS ordering_practitioner,
    days_supply AS days,
    'drug' AS item_kind
FROM pharmacy_claim;

-- table: encounter
SELECT
    patient_id AS person,
    coalesce(dispensing_provider_npi, 'pharmacy not named') AS institution,
    claim_id AS encounter_key,
    claim_id AS id,
    dispensing_date AS "from",
    dispensing_date AS "to",
    'pharmacy' AS kind,
    '购药' AS visit,
    '0' AS inpatient,
    'pharmacy' AS institution_kind
FROM pharmacy_claim;

-- source: eligibility
-- recognised by: patient_id, gender, birth_date, enrollment_start_date

-- table: person
SELECT
    patient_id AS person,
    CASE lower(gender) WHEN 'male' THEN '男' WHEN 'female' THEN '女' END AS sex,
    birth_date AS birth,
    death_date AS death,
    patient_id AS identity
FROM eligibility;
