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
    identity,
    family
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
    maternity,
    condition,
    bed_in,
    bed_out,
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
    present_on_admission,
    "order" AS "order",
    source,
    time,
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
    kind,
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
    unit,
    dose_amount,
    dose_unit,
    times_per_day,
    standing_order,
    group_no,
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
    base_quantity,
    institution_name,
    item_name,
    item_kind
FROM stock_move;

-- source: settlement_list
-- recognised by: person, institution, encounter, settlement, record_no

-- table: settlement_list
SELECT
    void,
    person,
    institution,
    settlement AS settlement_key,
    encounter AS encounter_key,
    id,
    declared,
    record_no,
    sex,
    birth,
    nationality,
    ethnicity,
    occupation,
    insurance,
    contact_given,
    stay_kind,
    admission_way,
    treatment_kind,
    "from" AS "from",
    "to" AS "to",
    days,
    admission_specialty,
    discharge_specialty,
    leaving,
    readmission_planned,
    readmission_purpose,
    newborn_days,
    newborn_admission,
    birth_weight,
    admission_weight,
    outpatient_diagnosis,
    diagnosis_count,
    operation_count,
    ventilator,
    special_nursing_days,
    nursing1_days,
    nursing2_days,
    nursing3_days,
    icu_hours,
    total,
    fund,
    self_paid,
    own_share,
    account,
    cash,
    payment_mode,
    drg,
    settled_from,
    settled_to,
    invoice,
    physician,
    nurse,
    status
FROM settlement_list;

-- source: chronic_right
-- recognised by: person, id, disease, from, to

-- table: chronic_right
SELECT
    void,
    person,
    id,
    disease,
    insurance,
    "from" AS "from",
    "to" AS "to",
    institution,
    physician
FROM chronic_right;

-- source: enrolment
-- recognised by: person, id, employer, from, wage_base

-- table: enrolment
SELECT
    void,
    person,
    id,
    employer,
    insurance,
    person_kind,
    "from" AS "from",
    "to" AS "to",
    wage_base,
    region
FROM enrolment;

-- source: allowance
-- recognised by: person, id, from, to, basis

-- table: allowance
SELECT
    void,
    person,
    id,
    employer,
    kind,
    "from" AS "from",
    "to" AS "to",
    time,
    amount,
    basis,
    days,
    birth_date,
    institution
FROM allowance;

-- source: care_service
-- recognised by: person, institution, id, minutes, plan

-- table: care_service
SELECT
    void,
    person,
    institution,
    id,
    practitioner,
    item,
    "from" AS "from",
    "to" AS "to",
    minutes,
    plan,
    amount,
    covered,
    fund
FROM care_service;

-- source: trace_scan
-- recognised by: person, institution, id, trace_code

-- table: trace_scan
SELECT
    void,
    person,
    institution,
    id,
    item,
    trace_code,
    kind,
    time,
    quantity,
    settlement AS settlement_key,
    line_id,
    split_pack,
    receipt,
    lot
FROM trace_scan;

-- source: institution
-- recognised by: institution, level, beds, valid_from

-- table: institution
SELECT
    void,
    institution,
    valid_from,
    valid_to,
    level,
    ownership,
    specialty,
    region,
    beds,
    insured_beds,
    designated_from,
    designated_to,
    institution_name,
    institution_kind
FROM institution;

-- source: practitioner
-- recognised by: practitioner, title, qualified_from

-- table: practitioner
SELECT
    void,
    practitioner,
    valid_from,
    valid_to,
    kind,
    title,
    specialty,
    institution,
    qualified_from,
    qualified_to,
    practitioner_name
FROM practitioner;

-- source: department
-- recognised by: department, specialty, technical

-- table: department
SELECT
    void,
    department,
    valid_from,
    valid_to,
    institution,
    specialty,
    beds,
    insured_beds,
    technical,
    department_name
FROM department;

-- source: item
-- recognised by: item, pack, pack_unit, dose_form

-- table: item
SELECT
    void,
    item,
    valid_from,
    valid_to,
    pack,
    pack_unit,
    form_unit,
    strength,
    strength_amount,
    strength_unit,
    dose_form,
    pharm_class,
    control,
    antibiotic_grade,
    over_the_counter,
    high_value,
    item_name,
    item_kind
FROM item;
