/* The tables of the lake, written down once. Order of columns is the order in the Parquet files. */
#include "lake/schema.h"
#include <stddef.h>
#include <string.h>

#define CODE(n, d, dom, from, nat, zh)                                                                       \
    { n, SH_COLUMN_CODE, d, dom, false, from, nat, zh }
#define CODE_OR_NONE(n, d, dom, from, nat, zh)                                                               \
    { n, SH_COLUMN_CODE, d, dom, true, from, nat, zh }
#define WORD(n, dom, from, nat, zh)                                                                          \
    { n, SH_COLUMN_CODE, SH_DICT_WORD, dom, false, from, nat, zh }
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
    WORD("employer", "employer", "order", "emp_no", "单位"),
    LEVEL("institution_level", "institution_level", "order", "hosp_lv", "医院等级：未定级 一级 二级 三级"),
    WORD("region", "region", "order", "fix_blng_admdvs", "就医地区划"),
    WORD("pay_place", "pay_place", "order", "pay_loc", "支付地点类别"),
    OR_NONE("online", SH_COLUMN_FLAG, "order", "pay_loc", "互联网诊疗"),
    OR_NONE("cross_year", SH_COLUMN_FLAG, "discharge", "ars_year_ipt_flag", "跨年度住院"),
    OR_NONE("open", SH_COLUMN_FLAG, "order", "inhosp_stas", "在院未结束"),
    CODE("department_in", SH_DICT_DEPARTMENT, "department", "order", "adm_dept_codg", "入院科室"),
    CODE("department_out", SH_DICT_DEPARTMENT, "department", "discharge", "dscg_dept_codg", "出院科室"),
    WORD("bed", "bed", "order", "wardarea_bed", "病区床位"),
    CODE("physician", SH_DICT_PRACTITIONER, "practitioner", "order", "chfpdr_code", "主诊医师"),
    CODE("main_diagnosis", SH_DICT_DIAGNOSIS, "diagnosis", "discharge", "dscg_maindiag_code", "主诊断"),
    WORD("disease", "disease", "order", "dise_no", "病种（门慢特 M 码、按病种）"),
    WORD("leaving", "leaving", "discharge", "dscg_way", "离院方式"),
    PLAIN("gestation_weeks", SH_COLUMN_INT, "order", "geso_val", "孕周"),
    PLAIN("birth_date", SH_COLUMN_DATE, "discharge", "birctrl_matn_date", "计划生育手术或生育日期"),
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
};

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
