-- mapping: generic
-- title: plain CSV with the lake's own column names, one file a table
-- delimiter: ,
-- quote: "
-- encoding: auto
--
-- For whoever can write the columns of docs/lake.md directly. Which table a file is follows from its header; columns that are not
-- there are missing. Ids are as the source has them: `encounter`, `settlement` are the ids of those rows. In the table of
-- lines, quantity, amount and covered are as charged, before refunds are netted. Departments are written INSTITUTION:CODE.

-- source: person
-- recognised by: person, sex, birth

-- table: person
SELECT
    void,
    person,
    sex,
    birth,
    death,
    identity
FROM person;

-- source: encounter
-- recognised by: person, institution, encounter, kind, visit

-- table: encounter
SELECT
    void,
    person,
    institution,
    encounter AS encounter_key,
    encounter AS id,
    "from" AS "from",
    "to" AS "to",
    kind,
    visit,
    inpatient,
    newborn,
    insurance,
    person_kind,
    special,
    insured_region,
    employer,
    institution_level,
    region,
    pay_place,
    online,
    cross_year,
    open,
    department_in,
    department_out,
    bed,
    physician,
    main_diagnosis,
    disease,
    leaving,
    gestation_weeks,
    birth_date,
    institution_name,
    institution_kind,
    department_name,
    practitioner_name,
    diagnosis_name
FROM encounter;

-- source: settlement
-- recognised by: person, institution, settlement, encounter, total

-- table: settlement
SELECT
    void,
    person,
    institution,
    settlement AS settlement_key,
    encounter AS encounter_key,
    settlement AS id,
    time,
    insurance,
    kind,
    total,
    covered,
    fund,
    pooled,
    civil_servant,
    enterprise,
    serious_illness,
    large_amount,
    disabled,
    aid,
    other_fund,
    account,
    family_account,
    cash,
    deductible,
    refund,
    refund_of,
    interim,
    invoice,
    pay_place,
    payment_mode,
    year,
    institution_name,
    institution_kind
FROM settlement;

-- source: diagnosis
-- recognised by: person, encounter, diagnosis

-- table: diagnosis
SELECT
    void,
    person,
    encounter AS encounter_key,
    id,
    diagnosis AS code,
    kind,
    main,
    admission_condition,
    diagnosis_name
FROM diagnosis;

-- source: operation
-- recognised by: person, encounter, operation

-- table: operation
SELECT
    void,
    person,
    encounter AS encounter_key,
    id,
    operation AS code,
    main,
    day,
    "from" AS "from",
    "to" AS "to",
    anaesthesia,
    anaesthesia_from,
    anaesthesia_to,
    surgeon,
    anaesthetist,
    operation_name,
    practitioner_name
FROM operation;

-- source: line
-- recognised by: person, institution, encounter, id, item, amount

-- table: line
SELECT
    void,
    person,
    institution,
    encounter AS encounter_key,
    settlement AS settlement_key,
    id,
    item,
    local_item,
    time,
    time_exact,
    quantity AS charged_quantity,
    unit_price,
    amount AS charged_amount,
    covered AS charged_covered,
    self_paid,
    over_ceiling,
    prepaid,
    ceiling,
    category,
    grade,
    self_ratio,
    discount,
    ordering_department,
    ordering_practitioner,
    performing_department,
    performing_practitioner,
    prescription,
    herb_use,
    disease,
    operation_code,
    maternity_fee,
    outside_test,
    take_home,
    dispensed_outside,
    approved,
    limited_use,
    days,
    dose,
    frequency,
    route,
    refund_of,
    uploaded,
    institution_name,
    institution_kind,
    department_name,
    practitioner_name,
    item_name,
    item_kind
FROM line;

-- source: stock_move
-- recognised by: institution, id, item, day, quantity

-- table: stock_move
SELECT
    void,
    institution,
    id,
    item,
    local_item,
    kind,
    day,
    quantity,
    opening,
    received,
    issued,
    closing,
    unit,
    pack,
    purchase_price,
    retail_price,
    store,
    supplier,
    institution_name,
    item_name,
    item_kind
FROM stock_move;
