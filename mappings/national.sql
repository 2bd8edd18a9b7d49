-- mapping: national
-- title: 国家医保标准抽取表：结算、就诊、费用明细、清单诊断、清单手术、清单表头、进销存四表，以及登记、追溯码与目录各表
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
--   clr_way     01 按项目, also where it is written 1 or in words
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
    CASE matn_stas WHEN '1' THEN '非孕哺' WHEN '2' THEN '备孕' WHEN '3' THEN '妊娠' WHEN '4' THEN '哺乳' END AS maternity,
    adm_cond AS condition,
    adm_bed AS bed_in,
    dscg_bed AS bed_out,
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
    CASE WHEN clr_way IN ('1', '按项目') THEN '01' ELSE clr_way END AS payment_mode,
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
    coalesce(cnt_prcunt, spec_unt) AS unit,
    CASE
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(mg|毫克|ml|毫升|iu|u|单位|片|粒|支|袋|丸|瓶|贴|滴|包|枚|揿|吸|喷)(/次)?') THEN regexp_extract(sin_dos_dscr, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1)
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(g|克|l|升)(/次)?')
            THEN CAST(TRY_CAST(regexp_extract(sin_dos_dscr, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1) AS DECIMAL(18, 4)) * 1000 AS VARCHAR)
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(万单位|万u|万iu)(/次)?')
            THEN CAST(TRY_CAST(regexp_extract(sin_dos_dscr, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1) AS DECIMAL(18, 4)) * 10000 AS VARCHAR)
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(μg|ug|mcg|微克)(/次)?') THEN regexp_extract(sin_dos_dscr, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1)
    END AS dose_amount,
    CASE
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(mg|毫克|g|克)(/次)?') THEN 'mg'
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(ml|毫升|l|升)(/次)?') THEN 'ml'
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(iu|u|单位|万单位|万u|万iu)(/次)?') THEN 'IU'
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(μg|ug|mcg|微克)(/次)?') THEN 'μg'
        WHEN regexp_full_match(lower(sin_dos_dscr), '([0-9]{1,9}([.][0-9]{1,4})?) *(片|粒|支|袋|丸|瓶|贴|滴|包|枚|揿|吸|喷)(/次)?') THEN regexp_extract(lower(sin_dos_dscr), '(片|粒|支|袋|丸|瓶|贴|滴|包|枚|揿|吸|喷)')
    END AS dose_unit,
    CASE
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('qd', 'qn', 'q24h', '11', '41', '每晚1次', '每晨1次', '睡前1次') THEN '1'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('bid', 'q12h', '12', '37') THEN '2'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('tid', 'q8h', '13', '36') THEN '3'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('qid', 'q6h', '14', '35') THEN '4'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('q4h', '33') THEN '6'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('q3h') THEN '8'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('q2h', '32') THEN '12'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('qh', 'q1h', '31') THEN '24'
        WHEN regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', '') IN ('qod', '42', '隔日1次') THEN '0.5'
        WHEN regexp_full_match(regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', ''), '(每|1)?日[1-9]次') THEN regexp_extract(regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', ''), '日([1-9])次', 1)
        WHEN regexp_full_match(regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', ''), '[1-9]次/(日|d)') THEN left(regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', ''), 1)
        WHEN regexp_full_match(regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', ''), '每(2|3|4|6|8|12)小时1次')
            THEN CAST(24 // TRY_CAST(regexp_extract(regexp_replace(translate(lower(used_frqu_dscr), '一二两三四五六八天', '12234568日'), ' *[（(].*$', ''), '[0-9]+') AS INTEGER) AS VARCHAR)
    END AS times_per_day,
    long_drord_flag AS standing_order,
    comb_no AS group_no,
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
    CASE adm_cond_type WHEN '1' THEN '1' WHEN '4' THEN '0' END AS present_on_admission,
    diag_srt_no AS "order",
    '清单' AS source,
    diag_time AS time,
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
    oprn_oprt_type AS kind,
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
    CASE
        WHEN 库存单位 = 拆零单位 OR TRY_CAST(拆零比 AS DECIMAL(18, 4)) = 1 THEN 上期结存数
        WHEN 库存单位 = 包装单位
            THEN CAST(TRY_CAST(上期结存数 AS DECIMAL(18, 4)) * TRY_CAST(拆零比 AS DECIMAL(18, 4)) AS VARCHAR)
    END AS base_quantity,
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
    CASE
        WHEN 库存单位 = 拆零单位 OR TRY_CAST(拆零比 AS DECIMAL(18, 4)) = 1 THEN 上期结存数
        WHEN 库存单位 = 包装单位
            THEN CAST(TRY_CAST(上期结存数 AS DECIMAL(18, 4)) * TRY_CAST(拆零比 AS DECIMAL(18, 4)) AS VARCHAR)
    END AS base_quantity,
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
    CASE
        WHEN 出入库单位 = 拆零单位 OR TRY_CAST(拆零比 AS DECIMAL(18, 4)) = 1 THEN 出入库数量
        WHEN 出入库单位 = 包装单位
            THEN CAST(TRY_CAST(出入库数量 AS DECIMAL(18, 4)) * TRY_CAST(拆零比 AS DECIMAL(18, 4)) AS VARCHAR)
    END AS base_quantity,
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
    CASE
        WHEN 出入库单位 = 拆零单位 OR TRY_CAST(拆零比 AS DECIMAL(18, 4)) = 1 THEN 出入库数量
        WHEN 出入库单位 = 包装单位
            THEN CAST(TRY_CAST(出入库数量 AS DECIMAL(18, 4)) * TRY_CAST(拆零比 AS DECIMAL(18, 4)) AS VARCHAR)
    END AS base_quantity,
    购入价 AS purchase_price,
    零售价 AS retail_price,
    药房名称 AS store,
    供应商名称 AS supplier,
    机构名称 AS institution_name,
    商品名称 AS item_name,
    CASE WHEN 商品类型 IN ('西药', '中成药') THEN 'drug' WHEN 商品类型 = '中草药' THEN 'herb'
         WHEN 商品类型 = '卫生材料' THEN 'consumable' END AS item_kind
FROM store_5_4;

-- 登记、清单表头、追溯码与目录. The nation publishes no extract layout for these; columns are named as in the interface
-- (4101A, 2503, 3505 …), and in Chinese where the interface has no word. National end dates name the last day
-- included; the lake's windows are half-open, so one day is added. 9999- and 2999- mean no end.

-- source: setl_list_d 结算清单表头（4101A setlinfo）
-- recognised by: psn_no, mdtrt_id, setl_id, medcasno, setl_begn_date, setl_end_date
-- required: fixmedins_code

-- table: settlement_list
SELECT
    psn_no AS person,
    fixmedins_code AS institution,
    setl_id AS settlement_key,
    mdtrt_id AS encounter_key,
    coalesce(setl_list_id, setl_id) AS id,
    dcla_time AS declared,
    medcasno AS record_no,
    CASE gend WHEN '1' THEN '男' WHEN '2' THEN '女' WHEN '9' THEN '未说明' END AS sex,
    brdy AS birth,
    ntly AS nationality,
    naty AS ethnicity,
    prfs AS occupation,
    hi_type AS insurance,
    CASE WHEN coner_name IS NOT NULL AND coner_tel IS NOT NULL THEN '1' ELSE '0' END AS contact_given,
    ipt_med_type AS stay_kind,
    adm_way AS admission_way,
    trt_type AS treatment_kind,
    adm_time AS "from",
    dscg_time AS "to",
    act_ipt_days AS days,
    adm_caty AS admission_specialty,
    dscg_caty AS discharge_specialty,
    dscg_way AS leaving,
    CASE days_rinp_flag_31 WHEN '1' THEN '1' WHEN '0' THEN '0' END AS readmission_planned,
    days_rinp_pup_31 AS readmission_purpose,
    nwb_age AS newborn_days,
    nwb_adm_type AS newborn_admission,
    nwb_bir_wt AS birth_weight,
    nwb_adm_wt AS admission_weight,
    wm_dise_code AS outpatient_diagnosis,
    diag_code_cnt AS diagnosis_count,
    oprn_oprt_code_cnt AS operation_count,
    vent_used_dura AS ventilator,
    spga_nurscare_days AS special_nursing_days,
    lv1_nurscare_days AS nursing1_days,
    scd_nurscare_days AS nursing2_days,
    lv3_nurscare_days AS nursing3_days,
    scs_cutd_sum_dura AS icu_hours,
    medfee_sumamt AS total,
    fund_pay_sumamt AS fund,
    psn_ownpay AS self_paid,
    psn_selfpay AS own_share,
    acct_pay AS account,
    psn_cashpay AS cash,
    hi_paymtd AS payment_mode,
    drg_code AS drg,
    setl_begn_date AS settled_from,
    setl_end_date AS settled_to,
    bill_no AS invoice,
    chfpdr_code AS physician,
    resp_nurs_code AS nurse,
    stas_type AS status,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    chfpdr_name AS practitioner_name
FROM setl_list_d;

-- source: psn_opsp_reg_d 门慢门特登记（2503）
-- recognised by: psn_no, opsp_dise_code, begndate
-- required: enddate

-- table: chronic_right
SELECT
    psn_no AS person,
    coalesce(trt_dcla_detl_sn, concat_ws('|', opsp_dise_code, begndate)) AS id,
    opsp_dise_code AS disease,
    insutype AS insurance,
    split_part(split_part(begndate, ' ', 1), 'T', 1) AS "from",
    CASE
        WHEN enddate LIKE '9999%' OR enddate LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(enddate, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), enddate)
    END AS "to",
    ide_fixmedins_no AS institution,
    diag_dr_codg AS physician,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    ide_fixmedins_name AS institution_name,
    diag_dr_name AS practitioner_name
FROM psn_opsp_reg_d;

-- source: psn_insu_d 参保登记
-- paus_insu_date is the first day without insurance.
-- recognised by: psn_no, insutype, psn_insu_date
-- required: paus_insu_date

-- table: enrolment
SELECT
    psn_no AS person,
    coalesce(psn_insu_rlts_id, concat_ws('|', insutype, emp_no, psn_insu_date)) AS id,
    emp_no AS employer,
    insutype AS insurance,
    psn_type AS person_kind,
    split_part(split_part(psn_insu_date, ' ', 1), 'T', 1) AS "from",
    CASE WHEN paus_insu_date LIKE '9999%' OR paus_insu_date LIKE '2999%' THEN NULL
         ELSE split_part(split_part(paus_insu_date, ' ', 1), 'T', 1) END AS "to",
    缴费基数 AS wage_base,
    insu_admdvs AS region,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void
FROM psn_insu_d;

-- table: person
-- when: 户编号 not empty
SELECT
    psn_no AS person,
    户编号 AS family,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void
FROM psn_insu_d;

-- source: matn_alwn_d 生育津贴
-- recognised by: 津贴流水号, psn_no, 津贴金额
-- required: begndate, enddate

-- table: allowance
SELECT
    psn_no AS person,
    津贴流水号 AS id,
    emp_no AS employer,
    coalesce(津贴类别, '生育津贴') AS kind,
    split_part(split_part(begndate, ' ', 1), 'T', 1) AS "from",
    CASE
        WHEN enddate LIKE '9999%' OR enddate LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(enddate, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), enddate)
    END AS "to",
    支付时间 AS time,
    津贴金额 AS amount,
    计发基数 AS basis,
    享受天数 AS days,
    split_part(split_part(birctrl_matn_date, ' ', 1), 'T', 1) AS birth_date,
    fixmedins_code AS institution,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name
FROM matn_alwn_d;

-- source: ltc_serv_d 长期护理服务记录
-- recognised by: 服务流水号, psn_no, 护理人员编号, begntime

-- table: care_service
SELECT
    psn_no AS person,
    fixmedins_code AS institution,
    服务流水号 AS id,
    护理人员编号 AS practitioner,
    med_list_codg AS item,
    begntime AS "from",
    endtime AS "to",
    服务分钟数 AS minutes,
    服务计划编号 AS plan,
    det_item_fee_sumamt AS amount,
    inscp_amt AS covered,
    fund_pay_sumamt AS fund,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    hilist_name AS item_name,
    护理人员姓名 AS practitioner_name,
    CASE WHEN med_list_codg IS NOT NULL THEN 'service' END AS item_kind
FROM ltc_serv_d;

-- source: seltrac_d 追溯码：销售与销售退货（3505、3506 的 drugtracinfo，一码一行）
-- Sales to nobody insured stand under '#' and the institution's code.
-- recognised by: drug_trac_codg, sel_retn_time, fixmedins_code
-- required: med_list_codg

-- table: trace_scan
SELECT
    coalesce(psn_no, concat('#', fixmedins_code)) AS person,
    fixmedins_code AS institution,
    concat_ws('|', CASE WHEN infno = '3506' OR sel_retn_cnt LIKE '-%' THEN '退' ELSE '售' END, drug_trac_codg, sel_retn_time, coalesce(feedetl_sn, setl_id, stoout_no, rtal_docno)) AS id,
    med_list_codg AS item,
    drug_trac_codg AS trace_code,
    CASE WHEN infno = '3506' OR sel_retn_cnt LIKE '-%' THEN '销售退货' ELSE '销售' END AS kind,
    sel_retn_time AS time,
    ltrim(sel_retn_cnt, '-') AS quantity,
    setl_id AS settlement_key,
    feedetl_sn AS line_id,
    trdn_flag AS split_pack,
    rtal_docno AS receipt,
    manu_lotnum AS lot,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    fixmedins_hilist_name AS item_name,
    'drug' AS item_kind
FROM seltrac_d;

-- source: purctrac_d 追溯码：采购与采购退货（3503、3504，一码一行）
-- Packs are bought whole.
-- recognised by: drug_trac_codg, purc_retn_stoin_time, fixmedins_code
-- required: med_list_codg

-- table: trace_scan
SELECT
    concat('#', fixmedins_code) AS person,
    fixmedins_code AS institution,
    concat_ws('|', CASE WHEN infno = '3504' OR purc_retn_cnt LIKE '-%' THEN '购退' ELSE '购' END, drug_trac_codg, purc_retn_stoin_time) AS id,
    med_list_codg AS item,
    drug_trac_codg AS trace_code,
    CASE WHEN infno = '3504' OR purc_retn_cnt LIKE '-%' THEN '采购退货' ELSE '采购' END AS kind,
    purc_retn_stoin_time AS time,
    ltrim(purc_retn_cnt, '-') AS quantity,
    '0' AS split_pack,
    manu_lotnum AS lot,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    fixmedins_hilist_name AS item_name,
    'drug' AS item_kind
FROM purctrac_d;

-- source: medins_b 定点医药机构
-- recognised by: fixmedins_code, fixmedins_name, fixmedins_type, medins_lv

-- table: institution
SELECT
    fixmedins_code AS institution,
    split_part(split_part(begndate, ' ', 1), 'T', 1) AS valid_from,
    CASE
        WHEN enddate LIKE '9999%' OR enddate LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(enddate, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), enddate)
    END AS valid_to,
    CASE
        WHEN medins_lv IN ('01', '02', '03', '04') THEN '三级'
        WHEN medins_lv IN ('05', '06', '07') THEN '二级'
        WHEN medins_lv IN ('08', '09', '10') THEN '一级'
        WHEN medins_lv = '11' THEN '未定级'
    END AS level,
    econ_type AS ownership,
    medins_type AS specialty,
    fix_blng_admdvs AS region,
    aprv_bed_cnt AS beds,
    hi_crtf_bed_cnt AS insured_beds,
    split_part(split_part(协议开始日期, ' ', 1), 'T', 1) AS designated_from,
    CASE
        WHEN 协议结束日期 LIKE '9999%' OR 协议结束日期 LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(协议结束日期, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), 协议结束日期)
    END AS designated_to,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    fixmedins_name AS institution_name,
    CASE fixmedins_type WHEN '1' THEN 'hospital' WHEN '2' THEN 'pharmacy' END AS institution_kind
FROM medins_b;

-- source: dr_b 医保医师、药师、护士
-- recognised by: dr_code, dr_name, drord_dr_profttl, fixmedins_code

-- table: practitioner
SELECT
    dr_code AS practitioner,
    split_part(split_part(begndate, ' ', 1), 'T', 1) AS valid_from,
    CASE
        WHEN enddate LIKE '9999%' OR enddate LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(enddate, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), enddate)
    END AS valid_to,
    人员类别 AS kind,
    CASE drord_dr_profttl
        WHEN '231' THEN '主任医师' WHEN '232' THEN '副主任医师' WHEN '233' THEN '主治医师' WHEN '234' THEN '医师'
        WHEN '235' THEN '医士' ELSE drord_dr_profttl
    END AS title,
    caty AS specialty,
    fixmedins_code AS institution,
    split_part(split_part(资格开始日期, ' ', 1), 'T', 1) AS qualified_from,
    CASE
        WHEN 资格结束日期 LIKE '9999%' OR 资格结束日期 LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(资格结束日期, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), 资格结束日期)
    END AS qualified_to,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    dr_name AS practitioner_name
FROM dr_b;

-- source: dept_b 科室（3401）
-- recognised by: fixmedins_code, hosp_dept_codg, caty, hosp_dept_name

-- table: department
SELECT
    fixmedins_code || ':' || hosp_dept_codg AS department,
    split_part(split_part(begntime, ' ', 1), 'T', 1) AS valid_from,
    CASE
        WHEN endtime LIKE '9999%' OR endtime LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(endtime, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), endtime)
    END AS valid_to,
    fixmedins_code AS institution,
    caty AS specialty,
    aprv_bed_cnt AS beds,
    hi_crtf_bed_cnt AS insured_beds,
    medtech_flag AS technical,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    hosp_dept_name AS department_name,
    fixmedins_name AS institution_name
FROM dept_b;

-- source: medlist_b 药品与耗材目录（1304 等下载的目录）
-- recognised by: drug_spec, dosform, min_pac_cnt, min_pacunt

-- table: item
SELECT
    coalesce(med_list_codg, med_list_code) AS item,
    split_part(split_part(begndate, ' ', 1), 'T', 1) AS valid_from,
    CASE
        WHEN enddate LIKE '9999%' OR enddate LIKE '2999%' THEN NULL
        ELSE coalesce(strftime(try_strptime(enddate, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d', '%Y/%m/%d'])::DATE + 1, '%Y-%m-%d'), enddate)
    END AS valid_to,
    min_pac_cnt AS pack,
    min_pacunt AS pack_unit,
    min_prepunt AS form_unit,
    drug_spec AS strength,
    CASE
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(mg|毫克|ml|毫升|iu|u|单位|片|粒|支|袋|丸|瓶|贴|滴|包|枚|揿|吸|喷)(/(片|粒|支|袋|丸|瓶))?') THEN regexp_extract(drug_spec, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1)
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(g|克|l|升)(/(片|粒|支|袋|丸|瓶))?')
            THEN CAST(TRY_CAST(regexp_extract(drug_spec, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1) AS DECIMAL(18, 4)) * 1000 AS VARCHAR)
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(万单位|万u|万iu)(/(片|粒|支|袋|丸|瓶))?')
            THEN CAST(TRY_CAST(regexp_extract(drug_spec, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1) AS DECIMAL(18, 4)) * 10000 AS VARCHAR)
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(μg|ug|mcg|微克)(/(片|粒|支|袋|丸|瓶))?') THEN regexp_extract(drug_spec, '^([0-9]{1,9}([.][0-9]{1,4})?) *', 1)
    END AS strength_amount,
    CASE
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(mg|毫克|g|克)(/(片|粒|支|袋|丸|瓶))?') THEN 'mg'
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(ml|毫升|l|升)(/(片|粒|支|袋|丸|瓶))?') THEN 'ml'
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(iu|u|单位|万单位|万u|万iu)(/(片|粒|支|袋|丸|瓶))?') THEN 'IU'
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(μg|ug|mcg|微克)(/(片|粒|支|袋|丸|瓶))?') THEN 'μg'
        WHEN regexp_full_match(lower(drug_spec), '([0-9]{1,9}([.][0-9]{1,4})?) *(片|粒|支|袋|丸|瓶|贴|滴|包|枚|揿|吸|喷)(/(片|粒|支|袋|丸|瓶))?') THEN regexp_extract(lower(drug_spec), '(片|粒|支|袋|丸|瓶|贴|滴|包|枚|揿|吸|喷)')
    END AS strength_unit,
    dosform AS dose_form,
    pham_type AS pharm_class,
    管制类别 AS control,
    抗菌药物分级 AS antibiotic_grade,
    otc_flag AS over_the_counter,
    高值耗材 AS high_value,
    CASE WHEN vali_flag = '0' THEN '1' ELSE '0' END AS void,
    coalesce(drug_genname, hilist_name) AS item_name,
    CASE
        WHEN coalesce(med_list_codg, med_list_code) LIKE 'T%' THEN 'herb'
        WHEN coalesce(med_list_codg, med_list_code) LIKE 'C%' THEN 'consumable'
        WHEN coalesce(med_list_codg, med_list_code) LIKE 'X%' OR coalesce(med_list_codg, med_list_code) LIKE 'Z%' THEN 'drug'
    END AS item_kind
FROM medlist_b;
