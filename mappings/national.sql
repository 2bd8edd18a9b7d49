-- mapping: national
-- title: 国家医保标准抽取表：结算、就诊、费用明细、清单诊断、清单手术，以及进销存四表
-- delimiter: ,
-- quote: "
-- encoding: auto
-- empty: NULL, \N
--
-- Money is in yuan with at most 2 decimals, prices 6, quantities 4. Times are the wall clock of Shanghai.
-- Code lists are the national ones; the words they become are those of docs/lake.md.
--   gend        1 男, 2 女, 9 未说明; 0 未知 is missing
--   med_type    the first two digits are national, longer codes are provincial and named where they differ in kind
--   hosp_lv     01-04 三级, 05-07 二级, 08-10 一级, 11 未定级
--   insutype    kept as written; 工伤 has no national code, the local code 210 stands for it here
--   vali_flag   0 marks a row as void; settlements of setl_type 3 are void too

-- source: mdtrt_d 就诊信息
-- recognised by: mdtrt_id, med_type, begntime, chfpdr_code
-- required: endtime
-- fills: newborn, online, cross_year, open

-- table: encounter
SELECT
    psn_no AS person,
    fixmedins_code AS institution,
    mdtrt_id AS encounter_key,
    mdtrt_id AS id,
    begntime AS "from",
    endtime AS "to",
    med_type AS kind,
    CASE
        WHEN pay_loc = '5' THEN '互联网'
        WHEN med_type IN ('11', '12', '16', '51', '53') THEN '门诊'
        WHEN med_type = '13' THEN '急诊'
        WHEN med_type IN ('14', '140104', '140201') THEN '慢特'
        WHEN med_type IN ('21', '22', '23', '24', '25', '26', '27', '28', '52', '5212', '2101', '2102', '2114') THEN '住院'
        WHEN med_type = '41' THEN '购药'
    END AS visit,
    CASE
        WHEN med_type IN ('21', '22', '23', '24', '25', '26', '27', '28', '52', '5212', '2101', '2102', '2114') THEN '1'
        WHEN med_type IN ('11', '12', '13', '14', '16', '41', '51', '53', '140104', '140201') THEN '0'
    END AS inpatient,
    CASE WHEN nwb_flag = '1' OR med_type = '5212' THEN '1' ELSE nwb_flag END AS newborn,
    insutype AS insurance,
    psn_type AS person_kind,
    sp_psn_type AS special,
    insu_admdvs AS insured_region,
    emp_no AS employer,
    CASE
        WHEN hosp_lv IN ('01', '02', '03', '04') THEN '三级'
        WHEN hosp_lv IN ('05', '06', '07') THEN '二级'
        WHEN hosp_lv IN ('08', '09', '10') THEN '一级'
        WHEN hosp_lv = '11' THEN '未定级'
    END AS institution_level,
    fix_blng_admdvs AS region,
    pay_loc AS pay_place,
    CASE WHEN pay_loc = '5' THEN '1' WHEN pay_loc IS NOT NULL THEN '0' END AS online,
    ars_year_ipt_flag AS cross_year,
    CASE WHEN inhosp_stas IS NOT NULL THEN CASE inhosp_stas WHEN '1' THEN '1' ELSE '0' END END AS open,
    fixmedins_code || ':' || adm_dept_codg AS department_in,
    fixmedins_code || ':' || dscg_dept_codg AS department_out,
    wardarea_bed AS bed,
    chfpdr_code AS physician,
    dscg_maindiag_code AS main_diagnosis,
    dise_no AS disease,
    dscg_way AS leaving,
    geso_val AS gestation_weeks,
    split_part(split_part(birctrl_matn_date, ' ', 1), 'T', 1) AS birth_date,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    CASE upper(left(fixmedins_code, 1)) WHEN 'H' THEN 'hospital' WHEN 'P' THEN 'pharmacy' END AS institution_kind,
    adm_dept_name AS department_name,
    chfpdr_name AS practitioner_name,
    dscg_maindiag_name AS diagnosis_name
FROM mdtrt_d;

-- table: person
SELECT
    psn_no AS person,
    CASE gend WHEN '1' THEN '男' WHEN '2' THEN '女' WHEN '9' THEN '未说明' END AS sex,
    brdy AS birth,
    split_part(split_part(die_date, ' ', 1), 'T', 1) AS death,
    certno AS identity,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void
FROM mdtrt_d;

-- source: setl_d 结算信息
-- recognised by: setl_id, mdtrt_id, setl_time, medfee_sumamt, fund_pay_sumamt
-- fills: refund, interim

-- table: settlement
SELECT
    psn_no AS person,
    fixmedins_code AS institution,
    setl_id AS settlement_key,
    mdtrt_id AS encounter_key,
    setl_id AS id,
    setl_time AS time,
    insutype AS insurance,
    setl_type AS kind,
    medfee_sumamt AS total,
    inscp_amt AS covered,
    fund_pay_sumamt AS fund,
    hifp_pay AS pooled,
    cvlserv_pay AS civil_servant,
    hifes_pay AS enterprise,
    hifmi_pay AS serious_illness,
    hifob_pay AS large_amount,
    hifdm_pay AS disabled,
    maf_pay AS aid,
    othfund_pay AS other_fund,
    acct_pay AS account,
    acct_mulaid_pay AS family_account,
    cash_payamt AS cash,
    act_pay_dedc AS deductible,
    refd_setl_flag AS refund,
    init_setl_id AS refund_of,
    mid_setl_flag AS interim,
    invono AS invoice,
    pay_loc AS pay_place,
    clr_way AS payment_mode,
    year,
    CASE WHEN vali_flag = '0' OR setl_type = '3' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    CASE upper(left(fixmedins_code, 1)) WHEN 'H' THEN 'hospital' WHEN 'P' THEN 'pharmacy' END AS institution_kind
FROM setl_d;

-- table: person
SELECT
    psn_no AS person,
    CASE gend WHEN '1' THEN '男' WHEN '2' THEN '女' WHEN '9' THEN '未说明' END AS sex,
    brdy AS birth,
    certno AS identity,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void
FROM setl_d;

-- source: fee_list_d 费用明细
-- The line's id is bkkp_sn, and feedetl_sn where an extract has that instead. rx_drord_no is a prescription number for
-- outpatients only; for inpatients it numbers one order and is left out.
-- recognised by: mdtrt_id, fee_ocur_time, med_list_codg, det_item_fee_sumamt
-- required: psn_no, fixmedins_code, cnt, pric

-- table: line
SELECT
    psn_no AS person,
    fixmedins_code AS institution,
    mdtrt_id AS encounter_key,
    setl_id AS settlement_key,
    coalesce(bkkp_sn, feedetl_sn) AS id,
    med_list_codg AS item,
    medins_list_codg AS local_item,
    fee_ocur_time AS time,
    cnt AS charged_quantity,
    pric AS unit_price,
    det_item_fee_sumamt AS charged_amount,
    inscp_amt AS charged_covered,
    fulamt_ownpay_amt AS self_paid,
    overlmt_selfpay AS over_ceiling,
    preselfpay_amt AS prepaid,
    pric_uplmt_amt AS ceiling,
    med_chrgitm_type AS category,
    chrgitm_lv AS grade,
    selfpay_prop AS self_ratio,
    medins_disc_amt AS discount,
    fixmedins_code || ':' || bilg_dept_codg AS ordering_department,
    bilg_dr_code AS ordering_practitioner,
    fixmedins_code || ':' || acord_dept_codg AS performing_department,
    acord_dr_code AS performing_practitioner,
    CASE WHEN med_type IN ('11', '12', '13', '14', '16', '41', '51', '53', '140104', '140201') THEN rx_drord_no END
        AS prescription,
    tcmdrug_used_way AS herb_use,
    dise_codg AS disease,
    oprn_oprt_code AS operation_code,
    matn_fee_flag AS maternity_fee,
    etip_flag AS outside_test,
    dscg_tkdrug_flag AS take_home,
    rx_circ_flag AS dispensed_outside,
    hosp_appr_flag AS approved,
    lmt_used_flag AS limited_use,
    prd_days AS days,
    sin_dos_dscr AS dose,
    used_frqu_dscr AS frequency,
    medc_way_dscr AS route,
    init_feedetl_sn AS refund_of,
    crte_time AS uploaded,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    CASE upper(left(fixmedins_code, 1)) WHEN 'H' THEN 'hospital' WHEN 'P' THEN 'pharmacy' END AS institution_kind,
    bilg_dept_name AS department_name,
    bilg_dr_name AS practitioner_name,
    hilist_name AS item_name,
    CASE
        WHEN list_type IN ('102', '106') OR med_list_codg LIKE 'T%' THEN 'herb'
        WHEN list_type = '201' OR med_list_codg LIKE '0%' THEN 'service'
        WHEN list_type = '301' OR med_list_codg LIKE 'C%' THEN 'consumable'
        WHEN list_type IN ('101', '103', '104') OR med_list_codg LIKE 'X%' OR med_list_codg LIKE 'Z%' THEN 'drug'
    END AS item_kind
FROM fee_list_d;

-- source: setl_list_diag_d 结算清单诊断
-- recognised by: mdtrt_id, psn_no, diag_code, diag_type

-- table: diagnosis
SELECT
    psn_no AS person,
    mdtrt_id AS encounter_key,
    coalesce(setl_list_diag_id, rid) AS id,
    diag_code AS code,
    diag_type AS kind,
    maindiag_flag AS main,
    adm_cond_type AS admission_condition,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    diag_name AS diagnosis_name
FROM setl_list_diag_d;

-- source: setl_list_oprn_d 结算清单手术
-- recognised by: mdtrt_id, psn_no, oprn_oprt_code, oprn_oprt_date

-- table: operation
SELECT
    psn_no AS person,
    mdtrt_id AS encounter_key,
    coalesce(setl_list_oprn_id, rid) AS id,
    oprn_oprt_code AS code,
    main_oprn_flag AS main,
    split_part(split_part(oprn_oprt_date, ' ', 1), 'T', 1) AS day,
    oprn_oprt_begntime AS "from",
    oprn_oprt_endtime AS "to",
    anst_way AS anaesthesia,
    anst_begntime AS anaesthesia_from,
    anst_endtime AS anaesthesia_to,
    oper_dr_code AS surgeon,
    anst_dr_code AS anaesthetist,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    oprn_oprt_name AS operation_name,
    oper_dr_name AS practitioner_name
FROM setl_list_oprn_d;

-- 进销存 The tables have no key of their own: it is put together from what names the row. 序号 belongs to it where it is given;
-- without it two equal movements of one day are one. 对方部门 may name a patient and is not read.

-- source: store_5_1 药库结转
-- recognised by: 年月, 机构编码, 药库名称, 项目代码, 上期结存数
-- required: 结转日期

-- table: stock_move
SELECT
    机构编码 AS institution,
    concat_ws('|', 年月, '药库', 药库名称, 项目代码, 国标代码, 供应商名称, 购入价, 零售价) AS id,
    国标代码 AS item,
    项目代码 AS local_item,
    '结转' AS kind,
    结转日期 AS day,
    上期结存数 AS opening,
    本期收入数 AS received,
    本期支出数 AS issued,
    本期结存数 AS closing,
    库存单位 AS unit,
    拆零比 AS pack,
    购入价 AS purchase_price,
    零售价 AS retail_price,
    药库名称 AS store,
    供应商名称 AS supplier,
    机构名称 AS institution_name,
    商品名称 AS item_name,
    CASE WHEN 商品类型 IN ('西药', '中成药') THEN 'drug' WHEN 商品类型 = '中草药' THEN 'herb'
         WHEN 商品类型 = '卫生材料' THEN 'consumable' END AS item_kind
FROM store_5_1;

-- source: store_5_2 药房结转
-- recognised by: 年月, 机构编码, 药房名称, 项目代码, 上期结存数
-- required: 结转日期

-- table: stock_move
SELECT
    机构编码 AS institution,
    concat_ws('|', 年月, '药房', 药房名称, 项目代码, 国标代码, 供应商名称, 购入价, 零售价) AS id,
    国标代码 AS item,
    项目代码 AS local_item,
    '结转' AS kind,
    结转日期 AS day,
    上期结存数 AS opening,
    本期收入数 AS received,
    本期支出数 AS issued,
    本期结存数 AS closing,
    库存单位 AS unit,
    拆零比 AS pack,
    购入价 AS purchase_price,
    零售价 AS retail_price,
    药房名称 AS store,
    供应商名称 AS supplier,
    机构名称 AS institution_name,
    商品名称 AS item_name,
    CASE WHEN 商品类型 IN ('西药', '中成药') THEN 'drug' WHEN 商品类型 = '中草药' THEN 'herb'
         WHEN 商品类型 = '卫生材料' THEN 'consumable' END AS item_kind
FROM store_5_2;

-- source: store_5_3 药库出入库
-- recognised by: 机构编码, 药库名称, 项目代码, 出入库类型, 出入库数量, 业务日期

-- table: stock_move
SELECT
    机构编码 AS institution,
    concat_ws('|', 业务日期, '药库', 药库名称, 项目代码, 国标代码, 出入库类型, 出入库数量, 购入价, 零售价, 序号) AS id,
    国标代码 AS item,
    项目代码 AS local_item,
    CASE 出入库类型
        WHEN '物资采购' THEN '采购'
        WHEN '库房调拨' THEN '调拨'
        WHEN '科室领用' THEN '领用'
        WHEN '库存盘点' THEN '盘点'
        WHEN '其他业务' THEN '其他'
        ELSE 出入库类型
    END AS kind,
    业务日期 AS day,
    出入库数量 AS quantity,
    出入库单位 AS unit,
    拆零比 AS pack,
    购入价 AS purchase_price,
    零售价 AS retail_price,
    药库名称 AS store,
    供应商名称 AS supplier,
    机构名称 AS institution_name,
    商品名称 AS item_name,
    CASE WHEN 商品类型 IN ('西药', '中成药') THEN 'drug' WHEN 商品类型 = '中草药' THEN 'herb'
         WHEN 商品类型 = '卫生材料' THEN 'consumable' END AS item_kind
FROM store_5_3;

-- source: store_5_4 药房出入库
-- recognised by: 机构编码, 药房名称, 项目代码, 出入库类型, 出入库数量, 业务日期

-- table: stock_move
SELECT
    机构编码 AS institution,
    concat_ws('|', 业务日期, '药房', 药房名称, 项目代码, 国标代码, 出入库类型, 出入库数量, 购入价, 零售价, 序号) AS id,
    国标代码 AS item,
    项目代码 AS local_item,
    CASE 出入库类型
        WHEN '门诊销售' THEN '销售'
        WHEN '住院销售' THEN '销售'
        WHEN '药房调拨' THEN '调拨'
        WHEN '科室领用' THEN '领用'
        WHEN '库存盘点' THEN '盘点'
        WHEN '其他业务' THEN '其他'
        ELSE 出入库类型
    END AS kind,
    业务日期 AS day,
    出入库数量 AS quantity,
    出入库单位 AS unit,
    拆零比 AS pack,
    购入价 AS purchase_price,
    零售价 AS retail_price,
    药房名称 AS store,
    供应商名称 AS supplier,
    机构名称 AS institution_name,
    商品名称 AS item_name,
    CASE WHEN 商品类型 IN ('西药', '中成药') THEN 'drug' WHEN 商品类型 = '中草药' THEN 'herb'
         WHEN 商品类型 = '卫生材料' THEN 'consumable' END AS item_kind
FROM store_5_4;
