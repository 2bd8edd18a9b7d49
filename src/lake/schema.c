/* The tables of the lake, written down once. Order of columns is the order in the Parquet files. */
#include "lake/columns.h"
#include "lake/schema.h"
#include <stddef.h>
#include <string.h>

#define CODE(n, d, dom, from, nat, zh)                                                                       \
    { n, SH_COLUMN_CODE, d, dom, false, from, nat, zh }
#define CODE_OR_NONE(n, d, dom, from, nat, zh)                                                               \
    { n, SH_COLUMN_CODE, d, dom, true, from, nat, zh }
#define WORD(n, dom, from, nat, zh)                                                                          \
    { n, SH_COLUMN_CODE, SH_DICT_WORD, dom, false, from, nat, zh }
#define NUMBER(n, dom, from, nat, zh)                                                                        \
    { n, SH_COLUMN_CODE, SH_DICT_NUMBER, dom, false, from, nat, zh }
#define PLAIN(n, t, from, nat, zh)                                                                           \
    { n, t, SH_DICTS, NULL, false, from, nat, zh }
#define OR_NONE(n, t, from, nat, zh)                                                                         \
    { n, t, SH_DICTS, NULL, true, from, nat, zh }
#define LEVEL(n, dom, from, nat, zh)                                                                         \
    { n, SH_COLUMN_LEVEL, SH_DICTS, dom, false, from, nat, zh }

/* Bookkeeping: which bucket, which batch brought the row, and whether the source marks it as not valid. */
#define BOOK                                                                                                 \
    PLAIN("bucket", SH_COLUMN_INT, "order", "", "桶"), PLAIN("batch", SH_COLUMN_INT, "order", "", "批次"),   \
        OR_NONE("void", SH_COLUMN_FLAG, "order", "vali_flag", "无效行：只供数据质量规则读取")
#define PERSON CODE("person", SH_DICT_PERSON, "person", "order", "psn_no", "参保人")
#define INSTITUTION                                                                                          \
    CODE("institution", SH_DICT_INSTITUTION, "institution", "order", "fixmedins_code", "定点医药机构")

static const struct sh_lake_column person_columns[] = {
    BOOK,
    PERSON,
    WORD("sex", "sex", "order", "gend", "性别：男 女 未说明"),
    PLAIN("birth", SH_COLUMN_DATE, "order", "brdy", "出生日期"),
    OR_NONE("death", SH_COLUMN_DATE, "discharge", "die_date", "死亡日期；空为在世"),
    PLAIN("identity", SH_COLUMN_KEY, "order", "certno", "证件号码的带钥散列，同一人多个人员编号时相同"),
    NUMBER("family", "family", "order", "户编号", "家庭（同户）编号；国标抽取表没有，由参保登记提供"),
};

static const struct sh_lake_column encounter_columns[] = {
    BOOK,
    PERSON,
    INSTITUTION,
    PLAIN("encounter_key", SH_COLUMN_KEY, "order", "mdtrt_id", "就诊连接键"),
    PLAIN("id", SH_COLUMN_ID, "order", "mdtrt_id", "就诊ID"),
    PLAIN("from", SH_COLUMN_TIME, "order", "begntime", "开始（入院）时间"),
    OR_NONE("to", SH_COLUMN_TIME, "discharge", "endtime", "结束（出院）时间；空为在院"),
    WORD("kind", "encounter_kind", "order", "med_type", "医疗类别"),
    WORD("visit", "visit", "order", "med_type", "就医方式：门诊 急诊 慢特 住院 购药 互联网"),
    PLAIN("inpatient", SH_COLUMN_FLAG, "order", "med_type", "是否住院"),
    OR_NONE("newborn", SH_COLUMN_FLAG, "order", "nwb_flag", "新生儿（费用可能记在母亲名下）"),
    WORD("insurance", "insurance", "order", "insutype", "险种"),
    WORD("person_kind", "person_kind", "order", "psn_type", "人员类别"),
    WORD("special", "special", "order", "sp_psn_type", "特殊人员类型"),
    WORD("insured_region", "region", "order", "insu_admdvs", "参保地区划"),
    NUMBER("employer", "employer", "order", "emp_no", "单位"),
    LEVEL("institution_level", "institution_level", "order", "hosp_lv", "医院等级：未定级 一级 二级 三级"),
    WORD("region", "region", "order", "fix_blng_admdvs", "就医地区划"),
    WORD("pay_place", "pay_place", "order", "pay_loc", "支付地点类别"),
    OR_NONE("online", SH_COLUMN_FLAG, "order", "pay_loc", "互联网诊疗"),
    OR_NONE("cross_year", SH_COLUMN_FLAG, "discharge", "ars_year_ipt_flag", "跨年度住院"),
    OR_NONE("open", SH_COLUMN_FLAG, "order", "inhosp_stas", "在院未结束"),
    CODE("department_in", SH_DICT_DEPARTMENT, "department", "order", "adm_dept_codg", "入院科室"),
    CODE("department_out", SH_DICT_DEPARTMENT, "department", "discharge", "dscg_dept_codg", "出院科室"),
    NUMBER("bed", "bed", "order", "wardarea_bed", "病区床位"),
    CODE("physician", SH_DICT_PRACTITIONER, "practitioner", "order", "chfpdr_code", "主诊医师"),
    CODE("main_diagnosis", SH_DICT_DIAGNOSIS, "diagnosis", "discharge", "dscg_maindiag_code", "主诊断"),
    WORD("disease", "disease", "order", "dise_no", "病种（门慢特 M 码、按病种）"),
    WORD("leaving", "leaving", "discharge", "dscg_way", "离院方式"),
    PLAIN("gestation_weeks", SH_COLUMN_INT, "order", "geso_val", "孕周"),
    PLAIN("birth_date", SH_COLUMN_DATE, "discharge", "birctrl_matn_date", "计划生育手术或生育日期"),
    WORD("maternity", "maternity", "order", "matn_stas",
         "生育状态：非孕哺 备孕 妊娠 哺乳；抽取表没有时为空，空不等于未孕"),
    WORD("condition", "condition", "order", "adm_cond", "入院病情"),
    NUMBER("bed_in", "bed", "order", "adm_bed", "入院床位"),
    NUMBER("bed_out", "bed", "discharge", "dscg_bed", "出院床位"),
};

static const struct sh_lake_column settlement_columns[] = {
    BOOK,
    PERSON,
    INSTITUTION,
    PLAIN("settlement_key", SH_COLUMN_KEY, "settlement", "setl_id", "结算连接键"),
    PLAIN("encounter_key", SH_COLUMN_KEY, "settlement", "mdtrt_id", "就诊连接键"),
    PLAIN("id", SH_COLUMN_ID, "settlement", "setl_id", "结算ID"),
    PLAIN("time", SH_COLUMN_TIME, "settlement", "setl_time", "结算时间"),
    WORD("insurance", "insurance", "settlement", "insutype", "险种"),
    WORD("kind", "settlement_kind", "settlement", "setl_type", "结算类别"),
    PLAIN("total", SH_COLUMN_MONEY, "settlement", "medfee_sumamt", "医疗费总额"),
    PLAIN("covered", SH_COLUMN_MONEY, "settlement", "inscp_amt", "符合政策范围金额"),
    PLAIN("fund", SH_COLUMN_MONEY, "settlement", "fund_pay_sumamt", "基金支付总额"),
    PLAIN("pooled", SH_COLUMN_MONEY, "settlement", "hifp_pay", "统筹基金支出"),
    PLAIN("civil_servant", SH_COLUMN_MONEY, "settlement", "cvlserv_pay", "公务员医疗补助"),
    PLAIN("enterprise", SH_COLUMN_MONEY, "settlement", "hifes_pay", "企业补充"),
    PLAIN("serious_illness", SH_COLUMN_MONEY, "settlement", "hifmi_pay", "居民大病"),
    PLAIN("large_amount", SH_COLUMN_MONEY, "settlement", "hifob_pay", "职工大额"),
    PLAIN("disabled", SH_COLUMN_MONEY, "settlement", "hifdm_pay", "伤残人员保障"),
    PLAIN("aid", SH_COLUMN_MONEY, "settlement", "maf_pay", "医疗救助"),
    PLAIN("other_fund", SH_COLUMN_MONEY, "settlement", "othfund_pay", "其他基金"),
    PLAIN("account", SH_COLUMN_MONEY, "settlement", "acct_pay", "个人账户支出"),
    PLAIN("family_account", SH_COLUMN_MONEY, "settlement", "acct_mulaid_pay", "个人账户共济支付"),
    PLAIN("cash", SH_COLUMN_MONEY, "settlement", "cash_payamt", "现金支付"),
    PLAIN("deductible", SH_COLUMN_MONEY, "settlement", "act_pay_dedc", "实际支付起付线"),
    OR_NONE("refund", SH_COLUMN_FLAG, "settlement", "refd_setl_flag", "退费结算"),
    OR_NONE("refund_of", SH_COLUMN_KEY, "settlement", "init_setl_id", "原结算连接键"),
    OR_NONE("interim", SH_COLUMN_FLAG, "settlement", "mid_setl_flag", "中途结算"),
    OR_NONE("invoice", SH_COLUMN_TEXT, "settlement", "invono", "发票号"),
    WORD("pay_place", "pay_place", "settlement", "pay_loc", "支付地点类别"),
    WORD("payment_mode", "payment_mode", "settlement", "clr_way", "清算方式：01 按项目"),
    PLAIN("year", SH_COLUMN_INT, "settlement", "year", "年度"),
};

static const struct sh_lake_column diagnosis_columns[] = {
    BOOK,
    PERSON,
    PLAIN("encounter_key", SH_COLUMN_KEY, "list", "mdtrt_id", "就诊连接键"),
    PLAIN("id", SH_COLUMN_ID, "list", "setl_list_diag_id", "诊断记录ID"),
    CODE("code", SH_DICT_DIAGNOSIS, "diagnosis", "list", "diag_code", "诊断代码（国家医保版）"),
    WORD("kind", "diagnosis_kind", "list", "diag_type", "1 西医 2 中医主病 3 中医主证"),
    PLAIN("main", SH_COLUMN_FLAG, "list", "maindiag_flag", "主诊断"),
    WORD("admission_condition", "admission_condition", "list", "adm_cond_type", "入院病情"),
    PLAIN("present_on_admission", SH_COLUMN_FLAG, "list", "adm_cond_type",
          "入院时已有：入院病情 1 有为是，4 无为否，2 临床未确定与 3 情况不明为未知"),
    PLAIN("order", SH_COLUMN_INT, "order", "diag_srt_no", "诊断排序号"),
    WORD("source", "diagnosis_source", "order", "", "来源：门诊 入院 出院 清单"),
    PLAIN("time", SH_COLUMN_TIME, "order", "diag_time", "诊断时间"),
};

static const struct sh_lake_column operation_columns[] = {
    BOOK,
    PERSON,
    PLAIN("encounter_key", SH_COLUMN_KEY, "list", "mdtrt_id", "就诊连接键"),
    PLAIN("id", SH_COLUMN_ID, "list", "setl_list_oprn_id", "手术记录ID"),
    CODE("code", SH_DICT_OPERATION, "operation", "list", "oprn_oprt_code", "手术操作代码"),
    PLAIN("main", SH_COLUMN_FLAG, "list", "main_oprn_flag", "主手术"),
    PLAIN("day", SH_COLUMN_DATE, "list", "oprn_oprt_date", "手术日期"),
    PLAIN("from", SH_COLUMN_TIME, "list", "oprn_oprt_begntime", "手术开始"),
    PLAIN("to", SH_COLUMN_TIME, "list", "oprn_oprt_endtime", "手术结束"),
    WORD("anaesthesia", "anaesthesia", "list", "anst_way", "麻醉方式"),
    PLAIN("anaesthesia_from", SH_COLUMN_TIME, "list", "anst_begntime", "麻醉开始"),
    PLAIN("anaesthesia_to", SH_COLUMN_TIME, "list", "anst_endtime", "麻醉结束"),
    CODE("surgeon", SH_DICT_PRACTITIONER, "practitioner", "list", "oper_dr_code", "术者"),
    CODE("anaesthetist", SH_DICT_PRACTITIONER, "practitioner", "list", "anst_dr_code", "麻醉医师"),
    WORD("kind", "operation_kind", "list", "oprn_oprt_type", "手术操作类别"),
};

static const struct sh_lake_column line_columns[] = {
    BOOK,
    PERSON,
    INSTITUTION,
    PLAIN("encounter_key", SH_COLUMN_KEY, "order", "mdtrt_id", "就诊连接键"),
    PLAIN("settlement_key", SH_COLUMN_KEY, "settlement", "setl_id", "结算连接键"),
    PLAIN("id", SH_COLUMN_ID, "charge", "bkkp_sn", "记账流水号（无则费用明细流水号）"),
    CODE("item", SH_DICT_ITEM, "item", "order", "med_list_codg", "医疗目录编码"),
    PLAIN("local_item", SH_COLUMN_ID, "order", "medins_list_codg", "机构目录编码"),
    PLAIN("time", SH_COLUMN_TIME, "charge", "fee_ocur_time", "费用发生时间"),
    PLAIN("time_exact", SH_COLUMN_FLAG, "charge", "fee_ocur_time", "时间精确到时分（否则只有日期）"),
    PLAIN("charged_quantity", SH_COLUMN_QTY, "charge", "cnt", "数量（未冲抵退费）"),
    PLAIN("unit_price", SH_COLUMN_PRICE, "charge", "pric", "单价"),
    PLAIN("charged_amount", SH_COLUMN_MONEY, "charge", "det_item_fee_sumamt", "金额（未冲抵退费）"),
    PLAIN("charged_covered", SH_COLUMN_MONEY, "settlement", "inscp_amt",
          "符合政策范围金额（未冲抵退费；空则按总额减自费、超限价、先行自付）"),
    PLAIN("self_paid", SH_COLUMN_MONEY, "settlement", "fulamt_ownpay_amt", "全自费金额"),
    PLAIN("over_ceiling", SH_COLUMN_MONEY, "settlement", "overlmt_selfpay", "超限价自费"),
    PLAIN("prepaid", SH_COLUMN_MONEY, "settlement", "preselfpay_amt", "先行自付"),
    PLAIN("ceiling", SH_COLUMN_PRICE, "settlement", "pric_uplmt_amt", "定价上限"),
    WORD("category", "charge_category", "charge", "med_chrgitm_type", "医疗收费项目类别"),
    WORD("grade", "grade", "charge", "chrgitm_lv", "收费项目等级 甲乙丙"),
    PLAIN("self_ratio", SH_COLUMN_RATIO, "settlement", "selfpay_prop", "自付比例"),
    PLAIN("discount", SH_COLUMN_MONEY, "charge", "medins_disc_amt", "机构折扣"),
    CODE("ordering_department", SH_DICT_DEPARTMENT, "department", "order", "bilg_dept_codg", "开单科室"),
    CODE("ordering_practitioner", SH_DICT_PRACTITIONER, "practitioner", "order", "bilg_dr_code", "开单医师"),
    CODE("performing_department", SH_DICT_DEPARTMENT, "department", "charge", "acord_dept_codg", "受单科室"),
    CODE("performing_practitioner", SH_DICT_PRACTITIONER, "practitioner", "charge", "acord_dr_code",
         "受单医师"),
    {"prescription", SH_COLUMN_KEY, SH_DICTS, "prescription", false, "order", "rx_drord_no",
     "处方号（仅门诊；住院为医嘱号，映射时留空）"},
    WORD("herb_use", "herb_use", "order", "tcmdrug_used_way", "中药使用方式：复方 单方"),
    WORD("disease", "disease", "order", "dise_codg", "病种"),
    CODE("operation_code", SH_DICT_OPERATION, "operation", "charge", "oprn_oprt_code", "手术操作代码"),
    OR_NONE("maternity_fee", SH_COLUMN_FLAG, "charge", "matn_fee_flag", "生育费用"),
    OR_NONE("outside_test", SH_COLUMN_FLAG, "order", "etip_flag", "外检"),
    OR_NONE("take_home", SH_COLUMN_FLAG, "order", "dscg_tkdrug_flag", "出院带药"),
    OR_NONE("dispensed_outside", SH_COLUMN_FLAG, "order", "rx_circ_flag", "外购处方"),
    OR_NONE("approved", SH_COLUMN_FLAG, "order", "hosp_appr_flag", "医院审批通过"),
    OR_NONE("limited_use", SH_COLUMN_FLAG, "charge", "lmt_used_flag", "限制使用"),
    PLAIN("days", SH_COLUMN_QTY, "order", "prd_days", "用药天数"),
    PLAIN("dose", SH_COLUMN_TEXT, "order", "sin_dos_dscr", "单次剂量描述"),
    PLAIN("frequency", SH_COLUMN_TEXT, "order", "used_frqu_dscr", "使用频次描述"),
    PLAIN("route", SH_COLUMN_TEXT, "order", "medc_way_dscr", "用药途径描述"),
    OR_NONE("refund_of", SH_COLUMN_ID, "charge", "init_feedetl_sn", "原费用流水号（退费行）"),
    PLAIN("uploaded", SH_COLUMN_TIME, "charge", "crte_time", "到达时间"),
    WORD("unit", "unit", "charge", "cnt_prcunt", "计价单位；抽取表常无此列，空为未知"),
    PLAIN("dose_amount", SH_COLUMN_QTY, "order", "sin_dos_dscr",
          "单次剂量的数值，由描述解析（质量化为 mg，体积化为 ml）；解析不出为空"),
    WORD("dose_unit", "dose_unit", "order", "sin_dos_dscr", "单次剂量的单位：mg ml IU 片 粒 支 袋 丸 …"),
    PLAIN("times_per_day", SH_COLUMN_QTY, "order", "used_frqu_dscr",
          "每日次数，由频次描述解析；必要时、立即、每周与解析不出为空"),
    OR_NONE("standing_order", SH_COLUMN_FLAG, "order", "long_drord_flag", "长期医嘱"),
    {"group_no", SH_COLUMN_KEY, SH_DICTS, "group_no", false, "order", "comb_no",
     "组号：同组医嘱一起使用；与机构、就诊合用"},
    /* Made by the reader, never in the files: after netting of refunds (rules-sketch item 2). */
    PLAIN("quantity", SH_COLUMN_QTY, "charge", "", "数量（冲抵退费后）"),
    PLAIN("amount", SH_COLUMN_MONEY, "charge", "", "金额（冲抵退费后）"),
    PLAIN("covered", SH_COLUMN_MONEY, "settlement", "", "符合政策范围金额（冲抵退费后）"),
    OR_NONE("refund_line", SH_COLUMN_FLAG, "charge", "", "退费行：1 已冲抵 2 找不到原行"),
};

static const struct sh_lake_column netting_columns[] = {
    BOOK,
    PERSON,
    PLAIN("encounter_key", SH_COLUMN_KEY, "charge", "", "就诊连接键"),
    PLAIN("refund", SH_COLUMN_ID, "charge", "", "退费行ID"),
    PLAIN("line", SH_COLUMN_ID, "charge", "", "被冲抵行ID；空为找不到"),
    PLAIN("quantity", SH_COLUMN_QTY, "charge", "", "冲抵数量"),
    PLAIN("amount", SH_COLUMN_MONEY, "charge", "", "冲抵金额"),
    PLAIN("covered", SH_COLUMN_MONEY, "charge", "", "冲抵的符合政策范围金额"),
};

static const struct sh_lake_column stock_columns[] = {
    BOOK,
    INSTITUTION,
    PLAIN("id", SH_COLUMN_ID, "audit", "", "记录键"),
    CODE("item", SH_DICT_ITEM, "item", "audit", "国标代码", "医疗目录编码"),
    PLAIN("local_item", SH_COLUMN_ID, "audit", "项目代码", "机构项目代码"),
    WORD("kind", "stock_kind", "audit", "出入库类型", "结转 采购 销售 调拨 领用 盘点 退货 其他"),
    PLAIN("day", SH_COLUMN_DATE, "audit", "业务日期", "业务日期"),
    PLAIN("quantity", SH_COLUMN_QTY, "audit", "出入库数量", "数量（入正出负）"),
    PLAIN("opening", SH_COLUMN_QTY, "audit", "上期结存数", "上期结存"),
    PLAIN("received", SH_COLUMN_QTY, "audit", "本期收入数", "本期收入"),
    PLAIN("issued", SH_COLUMN_QTY, "audit", "本期支出数", "本期支出"),
    PLAIN("closing", SH_COLUMN_QTY, "audit", "本期结存数", "本期结存"),
    WORD("unit", "unit", "audit", "出入库单位", "单位"),
    PLAIN("pack", SH_COLUMN_QTY, "audit", "拆零比", "拆零比"),
    PLAIN("purchase_price", SH_COLUMN_PRICE, "audit", "购入价", "购入价"),
    PLAIN("retail_price", SH_COLUMN_PRICE, "audit", "零售价", "零售价"),
    WORD("store", "store", "audit", "药库名称/药房名称", "药库或药房"),
    PLAIN("supplier", SH_COLUMN_TEXT, "audit", "供应商名称", "供应商"),
    PLAIN("base_quantity", SH_COLUMN_QTY, "audit", "出入库数量 × 拆零比；结转行：上期结存数 × 拆零比",
          "折合最小（拆零）单位的数量；结转行是上期结存；单位或拆零比不明时为空"),
};

/* The header of a settlement list (4101A), one row a list. Names and addresses of people stay outside. */
static const struct sh_lake_column settlement_list_columns[] = {
    BOOK,
    PERSON,
    INSTITUTION,
    PLAIN("settlement_key", SH_COLUMN_KEY, "list", "setl_id", "结算连接键"),
    PLAIN("encounter_key", SH_COLUMN_KEY, "list", "mdtrt_id", "就诊连接键"),
    PLAIN("id", SH_COLUMN_ID, "list", "setl_list_id", "清单流水号（无则结算ID）"),
    PLAIN("declared", SH_COLUMN_TIME, "list", "dcla_time", "申报时间"),
    PLAIN("record_no", SH_COLUMN_TEXT, "list", "medcasno", "病案号"),
    WORD("sex", "sex", "list", "gend", "性别：男 女 未说明"),
    PLAIN("birth", SH_COLUMN_DATE, "list", "brdy", "出生日期"),
    WORD("nationality", "nationality", "list", "ntly", "国籍"),
    WORD("ethnicity", "ethnicity", "list", "naty", "民族"),
    WORD("occupation", "occupation", "list", "prfs", "职业"),
    WORD("insurance", "insurance", "list", "hi_type", "医保类型"),
    PLAIN("contact_given", SH_COLUMN_FLAG, "list", "coner_name, coner_tel",
          "填写了联系人姓名与电话（内容不入湖）"),
    WORD("stay_kind", "stay_kind", "list", "ipt_med_type", "住院医疗类型"),
    WORD("admission_way", "admission_way", "list", "adm_way", "入院途径"),
    WORD("treatment_kind", "treatment_kind", "list", "trt_type", "治疗类别"),
    PLAIN("from", SH_COLUMN_TIME, "list", "adm_time", "入院时间"),
    PLAIN("to", SH_COLUMN_TIME, "list", "dscg_time", "出院时间"),
    PLAIN("days", SH_COLUMN_QTY, "list", "act_ipt_days", "实际住院天数"),
    WORD("admission_specialty", "specialty", "list", "adm_caty", "入院科别"),
    WORD("discharge_specialty", "specialty", "list", "dscg_caty", "出院科别"),
    WORD("leaving", "leaving", "list", "dscg_way", "离院方式"),
    PLAIN("readmission_planned", SH_COLUMN_FLAG, "list", "days_rinp_flag_31",
          "有出院31天内再住院计划；未填为未知"),
    PLAIN("readmission_purpose", SH_COLUMN_TEXT, "list", "days_rinp_pup_31", "再住院目的"),
    PLAIN("newborn_days", SH_COLUMN_INT, "list", "nwb_age", "不足一周岁的年龄（天）"),
    WORD("newborn_admission", "newborn_admission", "list", "nwb_adm_type", "新生儿入院类型"),
    PLAIN("birth_weight", SH_COLUMN_QTY, "list", "nwb_bir_wt", "新生儿出生体重（克）"),
    PLAIN("admission_weight", SH_COLUMN_QTY, "list", "nwb_adm_wt", "新生儿入院体重（克）"),
    CODE("outpatient_diagnosis", SH_DICT_DIAGNOSIS, "diagnosis", "list", "wm_dise_code",
         "门（急）诊西医诊断代码"),
    PLAIN("diagnosis_count", SH_COLUMN_INT, "list", "diag_code_cnt", "诊断代码计数"),
    PLAIN("operation_count", SH_COLUMN_INT, "list", "oprn_oprt_code_cnt", "手术操作代码计数"),
    PLAIN("ventilator", SH_COLUMN_TEXT, "list", "vent_used_dura", "呼吸机使用时长（天/时/分）"),
    PLAIN("special_nursing_days", SH_COLUMN_INT, "list", "spga_nurscare_days", "特级护理天数"),
    PLAIN("nursing1_days", SH_COLUMN_INT, "list", "lv1_nurscare_days", "一级护理天数"),
    PLAIN("nursing2_days", SH_COLUMN_INT, "list", "scd_nurscare_days", "二级护理天数"),
    PLAIN("nursing3_days", SH_COLUMN_INT, "list", "lv3_nurscare_days", "三级护理天数"),
    PLAIN("icu_hours", SH_COLUMN_QTY, "list", "scs_cutd_sum_dura", "重症监护合计时长（小时）"),
    PLAIN("total", SH_COLUMN_MONEY, "list", "medfee_sumamt", "清单金额合计"),
    PLAIN("fund", SH_COLUMN_MONEY, "list", "fund_pay_sumamt", "基金支付合计"),
    PLAIN("self_paid", SH_COLUMN_MONEY, "list", "psn_ownpay", "个人自费"),
    PLAIN("own_share", SH_COLUMN_MONEY, "list", "psn_selfpay", "个人自付"),
    PLAIN("account", SH_COLUMN_MONEY, "list", "acct_pay", "个人账户支出"),
    PLAIN("cash", SH_COLUMN_MONEY, "list", "psn_cashpay", "个人现金支付"),
    WORD("payment_mode", "payment_mode", "list", "hi_paymtd", "医保支付方式"),
    WORD("drg", "drg", "list", "drg_code", "DRG/DIP 分组"),
    PLAIN("settled_from", SH_COLUMN_DATE, "list", "setl_begn_date", "结算开始日期"),
    PLAIN("settled_to", SH_COLUMN_DATE, "list", "setl_end_date", "结算结束日期"),
    PLAIN("invoice", SH_COLUMN_TEXT, "list", "bill_no", "票据号码"),
    CODE("physician", SH_DICT_PRACTITIONER, "practitioner", "list", "chfpdr_code", "主诊医师"),
    CODE("nurse", SH_DICT_PRACTITIONER, "practitioner", "list", "resp_nurs_code", "责任护士"),
    WORD("status", "list_status", "list", "stas_type", "状态分类"),
};

static const struct sh_lake_column chronic_right_columns[] = {
    BOOK,
    PERSON,
    PLAIN("id", SH_COLUMN_ID, "order", "trt_dcla_detl_sn", "待遇申报明细流水号（无则病种与开始日）"),
    WORD("disease", "disease", "order", "opsp_dise_code", "门慢门特病种（M 码）"),
    WORD("insurance", "insurance", "order", "insutype", "险种"),
    PLAIN("from", SH_COLUMN_DATE, "order", "begndate", "待遇开始日（含）"),
    OR_NONE("to", SH_COLUMN_DATE, "order", "enddate", "待遇结束日（不含）；空为仍有效"),
    CODE("institution", SH_DICT_INSTITUTION, "institution", "order", "ide_fixmedins_no", "鉴定或约定机构"),
    CODE("physician", SH_DICT_PRACTITIONER, "practitioner", "order", "diag_dr_codg", "诊断医师"),
};

static const struct sh_lake_column enrolment_columns[] = {
    BOOK,
    PERSON,
    PLAIN("id", SH_COLUMN_ID, "audit", "psn_insu_rlts_id", "参保关系ID（无则单位与开始日）"),
    NUMBER("employer", "employer", "audit", "emp_no", "单位"),
    WORD("insurance", "insurance", "audit", "insutype", "险种"),
    WORD("person_kind", "person_kind", "audit", "psn_type", "人员类别"),
    PLAIN("from", SH_COLUMN_DATE, "audit", "psn_insu_date", "参保开始日（含）"),
    OR_NONE("to", SH_COLUMN_DATE, "audit", "paus_insu_date", "停保日（不含）；空为仍参保"),
    PLAIN("wage_base", SH_COLUMN_MONEY, "audit", "缴费基数", "月缴费基数"),
    WORD("region", "region", "audit", "insu_admdvs", "参保地区划"),
};

static const struct sh_lake_column allowance_columns[] = {
    BOOK,
    PERSON,
    PLAIN("id", SH_COLUMN_ID, "audit", "津贴流水号", "津贴申领流水号"),
    NUMBER("employer", "employer", "audit", "emp_no", "单位"),
    WORD("kind", "allowance_kind", "audit", "津贴类别", "津贴类别：生育津贴 计划生育津贴 …"),
    PLAIN("from", SH_COLUMN_DATE, "audit", "begndate", "享受开始日（含）"),
    PLAIN("to", SH_COLUMN_DATE, "audit", "enddate", "享受结束日（不含）"),
    PLAIN("time", SH_COLUMN_TIME, "audit", "支付时间", "支付时间"),
    PLAIN("amount", SH_COLUMN_MONEY, "audit", "津贴金额", "津贴金额"),
    PLAIN("basis", SH_COLUMN_MONEY, "audit", "计发基数", "计发基数（月）"),
    PLAIN("days", SH_COLUMN_QTY, "audit", "享受天数", "享受天数"),
    PLAIN("birth_date", SH_COLUMN_DATE, "audit", "birctrl_matn_date", "生育或计划生育手术日期"),
    CODE("institution", SH_DICT_INSTITUTION, "institution", "audit", "fixmedins_code", "生育医疗机构"),
};

static const struct sh_lake_column care_service_columns[] = {
    BOOK,
    PERSON,
    INSTITUTION,
    PLAIN("id", SH_COLUMN_ID, "charge", "服务流水号", "长护服务流水号"),
    CODE("practitioner", SH_DICT_PRACTITIONER, "practitioner", "charge", "护理人员编号", "护理人员"),
    CODE("item", SH_DICT_ITEM, "item", "charge", "med_list_codg", "服务项目"),
    PLAIN("from", SH_COLUMN_TIME, "charge", "begntime", "服务开始"),
    PLAIN("to", SH_COLUMN_TIME, "charge", "endtime", "服务结束"),
    PLAIN("time_exact", SH_COLUMN_FLAG, "charge", "begntime", "时间精确到时分（否则只有日期）"),
    PLAIN("minutes", SH_COLUMN_INT, "charge", "服务分钟数", "服务分钟数"),
    NUMBER("plan", "care_plan", "charge", "服务计划编号", "服务计划"),
    PLAIN("amount", SH_COLUMN_MONEY, "charge", "det_item_fee_sumamt", "金额"),
    PLAIN("covered", SH_COLUMN_MONEY, "settlement", "inscp_amt", "符合政策范围金额"),
    PLAIN("fund", SH_COLUMN_MONEY, "settlement", "fund_pay_sumamt", "基金支付"),
};

/* A scan of a drug's trace code. Sales to nobody insured stand on a person made of the institution's code, so
 * that every scan has its place. */
static const struct sh_lake_column trace_scan_columns[] = {
    BOOK,
    CODE("person", SH_DICT_PERSON, "person", "charge", "psn_no", "参保人；采购与自费销售记在“#机构编码”名下"),
    INSTITUTION,
    PLAIN("id", SH_COLUMN_ID, "charge", "", "记录键"),
    CODE("item", SH_DICT_ITEM, "item", "charge", "med_list_codg", "医疗目录编码"),
    PLAIN("trace_code", SH_COLUMN_TEXT, "charge", "drug_trac_codg", "追溯码"),
    WORD("kind", "scan_kind", "charge", "3503–3506", "采购 采购退货 销售 销售退货"),
    PLAIN("time", SH_COLUMN_TIME, "charge", "sel_retn_time", "扫码（销售、退货、入库）时间"),
    PLAIN("time_exact", SH_COLUMN_FLAG, "charge", "sel_retn_time", "时间精确到时分（否则只有日期）"),
    PLAIN("quantity", SH_COLUMN_QTY, "charge", "sel_retn_cnt", "数量"),
    PLAIN("settlement_key", SH_COLUMN_KEY, "settlement", "setl_id", "结算连接键；空为自费或未结算"),
    PLAIN("line_id", SH_COLUMN_ID, "charge", "feedetl_sn", "费用流水号；空时按结算与项目对应"),
    PLAIN("split_pack", SH_COLUMN_FLAG, "charge", "trdn_flag", "拆零销售：一盒可售多次；空为未知"),
    PLAIN("receipt", SH_COLUMN_TEXT, "charge", "rtal_docno", "零售单据号"),
    NUMBER("lot", "lot", "charge", "manu_lotnum", "生产批号"),
};

/* Facts about what dictionaries name: one row a thing and day from which it holds. Rules read them as
 * `institution.level`, `practitioner.title` …, merged to one row a thing. */
#define VALID                                                                                                \
    PLAIN("valid_from", SH_COLUMN_DATE, "order", "begndate", "本行自何日起（含）；空为一直"),                \
        OR_NONE("valid_to", SH_COLUMN_DATE, "order", "enddate", "本行至何日止（不含）；空为至今")

static const struct sh_lake_column institution_columns[] = {
    BOOK,
    INSTITUTION,
    VALID,
    LEVEL("level", "institution_level", "order", "medins_lv", "医院等级：未定级 一级 二级 三级"),
    WORD("ownership", "ownership", "order", "econ_type", "经济类型"),
    WORD("specialty", "specialty", "order", "medins_type", "专科类别：综合 眼科 精神 …"),
    WORD("region", "region", "order", "fix_blng_admdvs", "所在地区划"),
    PLAIN("beds", SH_COLUMN_INT, "order", "aprv_bed_cnt", "批准床位数"),
    PLAIN("insured_beds", SH_COLUMN_INT, "order", "hi_crtf_bed_cnt", "医保认可床位数"),
    PLAIN("designated_from", SH_COLUMN_DATE, "order", "协议开始日", "定点协议自何日起（含）"),
    OR_NONE("designated_to", SH_COLUMN_DATE, "order", "协议结束日", "定点协议至何日止（不含）；空为仍有效"),
};

static const struct sh_lake_column practitioner_columns[] = {
    BOOK,
    CODE("practitioner", SH_DICT_PRACTITIONER, "practitioner", "order", "dr_code",
         "医保医师（药师、护士）编码"),
    VALID,
    WORD("kind", "practitioner_kind", "order", "人员类别", "医师 药师 护士 技师 护理员"),
    WORD("title", "title", "order", "drord_dr_profttl", "职称：主任医师 副主任医师 主治医师 医师 医士 …"),
    WORD("specialty", "specialty", "order", "caty", "执业范围（科别代码）"),
    CODE("institution", SH_DICT_INSTITUTION, "institution", "order", "fixmedins_code", "执业机构"),
    PLAIN("qualified_from", SH_COLUMN_DATE, "order", "资格开始日", "医保支付资格自何日起（含）"),
    OR_NONE("qualified_to", SH_COLUMN_DATE, "order", "资格结束日",
            "医保支付资格至何日止（不含）；空为仍有效"),
};

static const struct sh_lake_column department_columns[] = {
    BOOK,
    CODE("department", SH_DICT_DEPARTMENT, "department", "order", "fixmedins_code:hosp_dept_codg", "科室"),
    VALID,
    CODE("institution", SH_DICT_INSTITUTION, "institution", "order", "fixmedins_code", "定点医药机构"),
    WORD("specialty", "specialty", "order", "caty", "科别（国家诊疗科目代码）"),
    PLAIN("beds", SH_COLUMN_INT, "order", "aprv_bed_cnt", "批准床位数"),
    PLAIN("insured_beds", SH_COLUMN_INT, "order", "hi_crtf_bed_cnt", "医保认可床位数"),
    PLAIN("technical", SH_COLUMN_FLAG, "order", "medtech_flag", "医技科室"),
};

static const struct sh_lake_column item_columns[] = {
    BOOK,
    CODE("item", SH_DICT_ITEM, "item", "order", "med_list_codg", "医疗目录编码"),
    VALID,
    PLAIN("pack", SH_COLUMN_QTY, "order", "min_pac_cnt", "最小包装数量：一个包装单位含多少制剂单位"),
    WORD("pack_unit", "unit", "order", "min_pacunt", "最小包装单位：盒 瓶 …"),
    WORD("form_unit", "unit", "order", "min_prepunt", "最小制剂单位：片 粒 支 …"),
    PLAIN("strength", SH_COLUMN_TEXT, "order", "drug_spec", "规格"),
    PLAIN("strength_amount", SH_COLUMN_QTY, "order", "drug_spec",
          "一个制剂单位的含量，由规格解析（质量化为 mg，体积化为 ml）；解析不出为空"),
    WORD("strength_unit", "dose_unit", "order", "drug_spec", "含量的单位：mg ml IU"),
    WORD("dose_form", "dose_form", "order", "dosform", "剂型"),
    WORD("pharm_class", "pharm_class", "order", "pham_type", "药理分类"),
    WORD("control", "control", "order", "管制类别",
         "管制：麻醉药品 第一类精神药品 第二类精神药品 医疗用毒性药品 …"),
    WORD("antibiotic_grade", "antibiotic_grade", "order", "抗菌药物分级",
         "非限制使用级 限制使用级 特殊使用级"),
    OR_NONE("over_the_counter", SH_COLUMN_FLAG, "order", "otc_flag", "非处方药"),
    OR_NONE("high_value", SH_COLUMN_FLAG, "order", "高值耗材", "高值医用耗材"),
};

#define TABLE(n, c)                                                                                          \
    { n, c, (uint16_t)(sizeof(c) / sizeof((c)[0])) }
const struct sh_lake_table sh_lake_schema[SH_TABLES] = {
    [SH_TABLE_PERSON] = TABLE("person", person_columns),
    [SH_TABLE_ENCOUNTER] = TABLE("encounter", encounter_columns),
    [SH_TABLE_SETTLEMENT] = TABLE("settlement", settlement_columns),
    [SH_TABLE_DIAGNOSIS] = TABLE("diagnosis", diagnosis_columns),
    [SH_TABLE_OPERATION] = TABLE("operation", operation_columns),
    [SH_TABLE_LINE] = TABLE("line", line_columns),
    [SH_TABLE_NETTING] = TABLE("netting", netting_columns),
    [SH_TABLE_STOCK_MOVE] = TABLE("stock_move", stock_columns),
    [SH_TABLE_SETTLEMENT_LIST] = TABLE("settlement_list", settlement_list_columns),
    [SH_TABLE_CHRONIC_RIGHT] = TABLE("chronic_right", chronic_right_columns),
    [SH_TABLE_ENROLMENT] = TABLE("enrolment", enrolment_columns),
    [SH_TABLE_ALLOWANCE] = TABLE("allowance", allowance_columns),
    [SH_TABLE_CARE_SERVICE] = TABLE("care_service", care_service_columns),
    [SH_TABLE_TRACE_SCAN] = TABLE("trace_scan", trace_scan_columns),
    [SH_TABLE_INSTITUTION] = TABLE("institution", institution_columns),
    [SH_TABLE_PRACTITIONER] = TABLE("practitioner", practitioner_columns),
    [SH_TABLE_DEPARTMENT] = TABLE("department", department_columns),
    [SH_TABLE_ITEM] = TABLE("item", item_columns),
};

enum sh_dict sh_table_lead(enum sh_table table) {
    return sh_lake_schema[table].columns[3].dict; /* behind bucket, batch, void */
}

bool sh_table_is_dimension(enum sh_table table) {
    return table >= SH_TABLE_INSTITUTION && table <= SH_TABLE_ITEM;
}

int sh_lake_column(enum sh_table table, const char *name) {
    const struct sh_lake_table *t = &sh_lake_schema[table];
    for (int i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return i;
    return -1;
}

static const char *const institution_levels[] = {"未定级", "一级", "二级", "三级", NULL};

const char *const *sh_level_words(const char *domain) {
    return strcmp(domain, "institution_level") == 0 ? institution_levels : NULL;
}

size_t sh_column_bytes(enum sh_column_type type) {
    return sh_physical_size(sh_physical_of(type));
}
