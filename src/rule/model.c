/* The words rules may use: the lake's columns as they are, joins between tables, and derived columns. Text of
 * docs/lake.md too. */
#include "rule/model.h"
#include "rule/rule.h"
#include <string.h>

/* A column that no Parquet file holds. `domain` is that of the code or the level; joined table or -1. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): ordered as the table below reads
struct extra {
    uint16_t table;
    const char *name;
    enum sh_derived derived;
    enum sh_kind kind;
    enum sh_unit unit;
    int8_t scale;
    enum sh_storage storage;
    const char *domain;
    int16_t join;
    bool empty_none;
    const char *known_from;
    const char *meaning;
};

#define E(t) SH_TABLE_##t
#define M(t) SH_MODEL_##t
#define JOIN(t, n, d, to, from, zh)                                                                          \
    { t, n, SH_DERIVED_JOIN_##d, SH_KIND_TEXT, SH_UNIT_NONE, 0, SH_STORE_I32, NULL, to, false, from, zh }
#define CODED(t, n, d, dom, from, zh)                                                                        \
    { t, n, SH_DERIVED_##d, SH_KIND_CODE, SH_UNIT_NONE, 0, SH_STORE_I32, dom, -1, false, from, zh }
#define COUNT_DAYS(t, n, d, from, zh)                                                                        \
    { t, n, SH_DERIVED_##d, SH_KIND_NUMBER, SH_UNIT_DAYS, 0, SH_STORE_I32, NULL, -1, false, from, zh }
#define DATED(t, n, d, none, from, zh)                                                                       \
    { t, n, SH_DERIVED_##d, SH_KIND_DATE, SH_UNIT_NONE, 0, SH_STORE_I32, NULL, -1, none, from, zh }
#define TIMED(t, n, d, none, from, zh)                                                                       \
    { t, n, SH_DERIVED_##d, SH_KIND_TIME, SH_UNIT_NONE, 0, SH_STORE_I64, NULL, -1, none, from, zh }
#define MONEY(t, n, d, from, zh)                                                                             \
    { t, n, SH_DERIVED_##d, SH_KIND_NUMBER, SH_UNIT_YUAN, 2, SH_STORE_I64, NULL, -1, false, from, zh }
#define LEVELED(t, n, d, dom, from, zh)                                                                      \
    { t, n, SH_DERIVED_##d, SH_KIND_LEVEL, SH_UNIT_NONE, 0, SH_STORE_I8, dom, -1, false, from, zh }
#define FLAG(t, n, d, from, zh)                                                                              \
    { t, n, SH_DERIVED_##d, SH_KIND_BOOL, SH_UNIT_NONE, 0, SH_STORE_I8, NULL, -1, true, from, zh }
#define NAMED(t, dom, zh)                                                                                    \
    { t, "name", SH_DERIVED_NAME, SH_KIND_TEXT, SH_UNIT_NONE, 0, SH_STORE_I32, dom, -1, false, "order", zh }
#define SELF(t, dom, to, zh)                                                                                 \
    { t, "code", SH_DERIVED_SELF, SH_KIND_CODE, SH_UNIT_NONE, 0, SH_STORE_I32, dom, to, false, "order", zh }

#define STATISTIC(n, scale, zh)                                                                              \
    {                                                                                                        \
        M(STAT), n, SH_DERIVED_OTHER, SH_KIND_NUMBER, SH_UNIT_NONE, scale, SH_STORE_I64, NULL, -1, false,    \
            "audit", zh                                                                                      \
    }

/* Order within a table is the order of the columns; append only at the end of a table's block. */
static const struct extra extras[] = {
    {E(PERSON), "died", SH_DERIVED_DIED, SH_KIND_BOOL, SH_UNIT_NONE, 0, SH_STORE_I8, NULL, -1, false, "order",
     "已死亡：有死亡日期；各来源的死亡日期不一致时为缺失"},

    JOIN(E(ENCOUNTER), "settlement", SETTLEMENT, E(SETTLEMENT), "settlement", "结算；多次结算时为最后一次"),
    JOIN(E(ENCOUNTER), "stay", STAY, M(STAY), "order", "所属住院过程；非住院为空"),
    JOIN(E(ENCOUNTER), "list", LIST, E(SETTLEMENT_LIST), "list", "结算清单；多张时为最后一张"),
    DATED(E(ENCOUNTER), "day", DAY, false, "order", "开始（入院）日"),
    DATED(E(ENCOUNTER), "last_day", LAST_DAY, true, "discharge", "结束（出院）日；空为在院"),
    COUNT_DAYS(E(ENCOUNTER), "days", DAYS, "discharge", "日历天数：结束日 − 开始日 + 1"),
    COUNT_DAYS(E(ENCOUNTER), "nights", NIGHTS, "discharge", "夜数：结束日 − 开始日"),
    CODED(E(ENCOUNTER), "main_category", MAIN_CATEGORY, "diagnosis3", "discharge",
          "主诊断类目（编码前三位）"),
    MONEY(E(ENCOUNTER), "covered", COVERED, "settlement", "全部明细符合政策范围金额之和（冲抵退费后）"),

    JOIN(E(SETTLEMENT), "encounter", ENCOUNTER, E(ENCOUNTER), "settlement", "就诊"),
    DATED(E(SETTLEMENT), "day", DAY, false, "settlement", "结算日"),

    JOIN(E(DIAGNOSIS), "encounter", ENCOUNTER, E(ENCOUNTER), "order", "就诊"),
    DATED(E(DIAGNOSIS), "day", ENCOUNTER_DAY, false, "order", "所属就诊的开始（入院）日"),
    CODED(E(DIAGNOSIS), "category", CATEGORY, "diagnosis3", "list", "诊断类目（编码前三位）"),

    JOIN(E(OPERATION), "encounter", ENCOUNTER, E(ENCOUNTER), "order", "就诊"),

    JOIN(E(LINE), "encounter", ENCOUNTER, E(ENCOUNTER), "order", "就诊"),
    JOIN(E(LINE), "settlement", SETTLEMENT, E(SETTLEMENT), "settlement",
         "结算；明细未写结算ID且该就诊只有一次结算时取该次"),
    JOIN(E(LINE), "stay", STAY, M(STAY), "order", "所属住院过程；非住院为空"),
    DATED(E(LINE), "day", DAY, false, "order", "费用发生日（自然日）"),
    CODED(E(LINE), "insurance", INSURANCE, "insurance", "order", "险种：以结算为准，未结算时以就诊为准"),
    COUNT_DAYS(
        E(LINE), "supply_days", SUPPLY_DAYS, "order",
        "覆盖天数：服务项目、耗材与住院（非出院带药）为1；其余为用药天数向上取整且不小于1，未填为缺失"),
    {E(LINE), "base_quantity", SH_DERIVED_BASE_QUANTITY, SH_KIND_NUMBER, SH_UNIT_NONE, 4, SH_STORE_I64, NULL,
     -1, false, "charge",
     "折合最小制剂单位的数量（冲抵退费后）：单位是包装单位时乘以最小包装数量；单位或包装不明、单位与目录不符"
     "时为缺失"},

    JOIN(E(SETTLEMENT_LIST), "encounter", ENCOUNTER, E(ENCOUNTER), "list", "就诊"),
    JOIN(E(SETTLEMENT_LIST), "settlement", SETTLEMENT, E(SETTLEMENT), "list", "结算"),
    DATED(E(SETTLEMENT_LIST), "day", DAY, false, "list", "入院日"),

    DATED(E(CARE_SERVICE), "day", DAY, false, "charge", "服务开始日"),

    JOIN(E(TRACE_SCAN), "settlement", SETTLEMENT, E(SETTLEMENT), "settlement", "结算；自费与采购为空"),
    JOIN(E(TRACE_SCAN), "line", LINE, E(LINE), "settlement",
         "费用明细：按流水号，否则为该结算中同一项目唯一的一行"),
    DATED(E(TRACE_SCAN), "day", DAY, false, "charge", "扫码日"),

    JOIN(M(STAY), "person", PERSON, E(PERSON), "order", "参保人"),
    {M(STAY), "institution", SH_DERIVED_JOIN_INSTITUTION, SH_KIND_CODE, SH_UNIT_NONE, 0, SH_STORE_I32,
     "institution", M(INSTITUTION), false, "order", "定点医药机构"},
    JOIN(M(STAY), "encounter", ENCOUNTER, E(ENCOUNTER), "order", "最后一次就诊"),
    TIMED(M(STAY), "from", FROM, false, "order", "最早入院时间"),
    TIMED(M(STAY), "to", TO, true, "discharge", "最晚出院时间；空为在院"),
    DATED(M(STAY), "day", DAY, false, "order", "入院日"),
    DATED(M(STAY), "last_day", LAST_DAY, true, "discharge", "出院日；空为在院"),
    COUNT_DAYS(M(STAY), "days", DAYS, "discharge", "日历天数：出院日 − 入院日 + 1"),
    COUNT_DAYS(M(STAY), "nights", NIGHTS, "discharge", "夜数：出院日 − 入院日"),
    CODED(M(STAY), "main_diagnosis", MAIN_DIAGNOSIS, "diagnosis", "discharge", "最后一次就诊的主诊断"),
    CODED(M(STAY), "main_category", MAIN_CATEGORY, "diagnosis3", "discharge", "主诊断类目（编码前三位）"),
    CODED(M(STAY), "leaving", LEAVING, "leaving", "discharge", "最后一次就诊的离院方式"),
    CODED(M(STAY), "kind", ENCOUNTER_KIND, "encounter_kind", "order", "最后一次就诊的医疗类别"),
    CODED(M(STAY), "insurance", INSURANCE, "insurance", "order", "最后一次就诊的险种"),
    MONEY(M(STAY), "covered", COVERED, "settlement", "全部明细符合政策范围金额之和（冲抵退费后）"),
    FLAG(M(STAY), "cross_year", CROSS_YEAR, "discharge", "含跨年度结算的就诊"),
    FLAG(M(STAY), "newborn", NEWBORN, "order", "任一就诊标记新生儿"),
    FLAG(M(STAY), "open", OPEN, "order", "在院未结束"),

    SELF(M(INSTITUTION), "institution", M(INSTITUTION), "定点医药机构编码"),
    NAMED(M(INSTITUTION), "institution", "机构名称"),
    LEVELED(M(INSTITUTION), "kind", KIND, "institution_kind", "order", "机构类别：hospital clinic pharmacy"),

    SELF(M(ITEM), "item", M(ITEM), "医疗目录编码"),
    NAMED(M(ITEM), "item", "目录名称"),
    CODED(M(ITEM), "substance", SUBSTANCE, "substance", "order",
          "药品通用成分：西药（X）编码前10位，中成药（Z）前11位；其余为空"),
    CODED(M(ITEM), "base", BASE, "item_base", "order",
          "服务项目15位编码的前11位，耗材27位编码的前20位；其余为空"),
    FLAG(M(ITEM), "surcharge", SURCHARGE, "order", "加收项：服务项目编码末四位非0000"),
    LEVELED(M(ITEM), "kind", KIND, "item_kind", "order",
            "目录类别：drug 药品 herb 中药饮片 service 服务项目 consumable 耗材"),

    SELF(M(DEPARTMENT), "department", M(DEPARTMENT), "科室（机构编码:科室代码）"),
    NAMED(M(DEPARTMENT), "department", "科室名称"),

    SELF(M(PRACTITIONER), "practitioner", M(PRACTITIONER), "医保医师编码"),
    NAMED(M(PRACTITIONER), "practitioner", "姓名（默认不显示）"),

    STATISTIC("value", 6, "统计值"),
    STATISTIC("median", 6, "同类的中位数（偶数个取较小者）"),
    STATISTIC("mad", 6, "同类与中位数之差绝对值的中位数"),
    STATISTIC("bound", 6, "上限：中位数 + k × 1.4826 × MAD"),
    STATISTIC("missing", 6, "因字段缺失而未计入的行的占比"),
    STATISTIC("peers", 0, "同类的其他个数"),
    STATISTIC("encounters", 0, "就诊次数"),
    STATISTIC("members", 0, "计入的行数"),
};

static const char *const item_kinds[] = {"drug", "herb", "service", "consumable", NULL};
static const char *const institution_kinds[] = {"hospital", "clinic", "pharmacy", NULL};
static const char *const level_domains[] = {"institution_level", "item_kind", "institution_kind"};
enum { LEVEL_DOMAINS = sizeof(level_domains) / sizeof(level_domains[0]) };

static size_t extras_of(uint16_t table, const struct extra **ret_first) {
    size_t n = 0;
    for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
        if (extras[i].table != table)
            continue;
        if (n == 0)
            *ret_first = &extras[i];
        n++;
    }
    return n;
}

static int16_t domain_find(const struct sh_rule_model *m, const char *name) {
    for (uint16_t i = 0; i < m->model.n_domains; i++)
        if (strcmp(m->model.domain_names[i], name) == 0)
            return (int16_t)i;
    return -1;
}
int16_t sh_model_domain(const struct sh_rule_model *m, struct sh_str name) {
    for (uint16_t i = 0; i < m->model.n_domains; i++)
        if (sh_str_is(name, m->model.domain_names[i]))
            return (int16_t)i;
    return -1;
}
static int16_t level_find(const char *name) {
    for (int i = 0; i < LEVEL_DOMAINS; i++)
        if (strcmp(level_domains[i], name) == 0)
            return (int16_t)i;
    return -1;
}
int16_t sh_model_level_domain(struct sh_str name) {
    for (int i = 0; i < LEVEL_DOMAINS; i++)
        if (sh_str_is(name, level_domains[i]))
            return (int16_t)i;
    return -1;
}

/* Domains are numbered by first use in the schema; diagnosis3 and the stems of item codes last. */
static sh_code collect_domains(struct sh_rule_model *m, struct sh_arena *arena, struct sh_err *err) {
    size_t most = 3;
    for (int t = 0; t < SH_TABLES; t++)
        most += sh_lake_schema[t].n_columns;
    const char **names = sh_new(arena, const char *, most);
    enum sh_dict *dicts = sh_new(arena, enum sh_dict, most);
    bool *unnamed = sh_new(arena, bool, most);
    if (!names || !dicts || !unnamed)
        return sh_fail(err, SH_E_NOMEM, "no room for the domains of the model");
    m->model.domain_names = names, m->model.domain_unnamed = unnamed, m->domain_dicts = dicts;
    for (int t = 0; t < SH_TABLES; t++)
        for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++) {
            const struct sh_lake_column *column = &sh_lake_schema[t].columns[c];
            if (column->type != SH_COLUMN_CODE || domain_find(m, column->domain) >= 0)
                continue;
            names[m->model.n_domains] = column->domain;
            unnamed[m->model.n_domains] = sh_dict_is_large(column->dict);
            dicts[m->model.n_domains++] = column->dict;
        }
    names[m->model.n_domains] = "diagnosis3";
    dicts[m->model.n_domains++] = SH_DICT_DIAGNOSIS;
    names[m->model.n_domains] = "substance";
    dicts[m->model.n_domains++] = SH_DICT_STEM;
    names[m->model.n_domains] = "item_base";
    dicts[m->model.n_domains++] = SH_DICT_STEM;
    return SH_OK;
}

static sh_code collect_levels(struct sh_rule_model *m, struct sh_arena *arena, struct sh_err *err) {
    const char *const **words = sh_new(arena, const char *const *, LEVEL_DOMAINS);
    if (!words)
        return sh_fail(err, SH_E_NOMEM, "no room for the levels of the model");
    words[0] = sh_level_words("institution_level");
    words[1] = item_kinds, words[2] = institution_kinds;
    m->model.level_words = words;
    m->model.n_level_domains = LEVEL_DOMAINS;
    return SH_OK;
}

/* Dictionary tables are joined by the code itself: a dictionary id is the row number. */
static int16_t dictionary_table(const struct sh_lake_column *column) {
    if (column->type != SH_COLUMN_CODE)
        return -1;
    if (column->dict == SH_DICT_INSTITUTION)
        return SH_MODEL_INSTITUTION;
    if (column->dict == SH_DICT_ITEM)
        return SH_MODEL_ITEM;
    if (column->dict == SH_DICT_DEPARTMENT)
        return SH_MODEL_DEPARTMENT;
    if (column->dict == SH_DICT_PRACTITIONER)
        return SH_MODEL_PRACTITIONER;
    return -1;
}

static struct sh_type number_of(enum sh_unit unit, int scale) {
    return (struct sh_type){.kind = SH_KIND_NUMBER, .unit = unit, .scale = (int8_t)scale, .domain = -1};
}

static void type_lake_column(const struct sh_rule_model *m, const struct sh_lake_column *column,
                             struct sh_model_column *ret) {
    ret->storage = SH_STORE_I64;
    ret->type = (struct sh_type){.kind = SH_KIND_TEXT, .domain = -1};
    switch (column->type) {
    case SH_COLUMN_CODE:
        ret->type.kind = SH_KIND_CODE, ret->type.domain = domain_find(m, column->domain),
        ret->storage = SH_STORE_I32;
        break;
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        ret->storage = SH_STORE_I32;
        break;
    case SH_COLUMN_KEY:
        break;
    case SH_COLUMN_MONEY:
        ret->type = number_of(SH_UNIT_YUAN, 2);
        break;
    case SH_COLUMN_PRICE:
        ret->type = number_of(SH_UNIT_YUAN, 6);
        break;
    case SH_COLUMN_QTY:
        ret->type = number_of(strcmp(column->name, "days") == 0 ? SH_UNIT_DAYS : SH_UNIT_NONE, 4);
        break;
    case SH_COLUMN_DATE:
        ret->type.kind = SH_KIND_DATE, ret->storage = SH_STORE_I32;
        break;
    case SH_COLUMN_TIME:
        ret->type.kind = SH_KIND_TIME;
        break;
    case SH_COLUMN_INT:
        ret->type = number_of(SH_UNIT_NONE, 0), ret->storage = SH_STORE_I32;
        break;
    case SH_COLUMN_RATIO:
        ret->type = number_of(SH_UNIT_NONE, 4), ret->storage = SH_STORE_I32;
        break;
    case SH_COLUMN_FLAG: /* refund_line counts to 2: a number */
        ret->type.kind = SH_KIND_BOOL, ret->storage = SH_STORE_I8;
        if (strcmp(column->name, "refund_line") == 0)
            ret->type = number_of(SH_UNIT_NONE, 0);
        break;
    case SH_COLUMN_LEVEL:
        ret->type.kind = SH_KIND_LEVEL, ret->type.domain = level_find(column->domain),
        ret->storage = SH_STORE_I8;
        break;
    }
}

static void add_lake_columns(const struct sh_rule_model *m, uint16_t table, struct sh_model_column *columns,
                             enum sh_derived *derived, const char **known_from) {
    const struct sh_lake_table *lake = &sh_lake_schema[table];
    for (uint16_t c = 0; c < lake->n_columns; c++) {
        const struct sh_lake_column *column = &lake->columns[c];
        columns[c] = (struct sh_model_column){.name = column->name,
                                              .join = dictionary_table(column),
                                              .empty_none = column->empty_none,
                                              .meaning = column->meaning};
        type_lake_column(m, column, &columns[c]);
        known_from[c] = column->known_from;
        /* `person` is a join: its value is the row of table person in the frame, one row a person. */
        if (table != SH_TABLE_PERSON && strcmp(column->name, "person") == 0) {
            columns[c].join = SH_TABLE_PERSON;
            derived[c] = SH_DERIVED_JOIN_PERSON;
        }
        if (table == SH_TABLE_PERSON &&
            (strcmp(column->name, "sex") == 0 || strcmp(column->name, "birth") == 0 ||
             strcmp(column->name, "death") == 0))
            derived[c] = SH_DERIVED_CONFLICT;
    }
}

static void add_extras(const struct sh_rule_model *m, const struct extra *first, size_t n,
                       struct sh_model_column *columns, enum sh_derived *derived, const char **known_from) {
    for (size_t i = 0; i < n; i++) {
        const struct extra *x = &first[i];
        int16_t domain = -1;
        if (x->domain)
            domain = x->kind == SH_KIND_LEVEL ? level_find(x->domain) : domain_find(m, x->domain);
        columns[i] = (struct sh_model_column){
            .name = x->name,
            .type = {.kind = x->kind, .unit = x->unit, .scale = x->scale, .domain = domain},
            .storage = x->storage,
            .join = x->join,
            .empty_none = x->empty_none,
            .meaning = x->meaning};
        derived[i] = x->derived;
        known_from[i] = x->known_from;
    }
}

static int16_t column_named(const struct sh_model_table *t, const char *name) {
    for (uint16_t i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return (int16_t)i;
    return -1;
}
int sh_model_column(const struct sh_rule_model *m, uint16_t table, const char *name) {
    return column_named(&m->model.tables[table], name);
}

bool sh_is_of_person(const struct sh_rule_model *m, const struct sh_expr *key) {
    const int16_t join = sh_expr_join(key);
    if (join < 0)
        return false;
    const struct sh_model_table *t = &m->model.tables[join];
    return join == SH_TABLE_PERSON || (!t->knowledge && column_named(t, "person") >= 0);
}

/* By which columns a table is dated: a time or a day, and where it has one its end. */
static void date_table(uint16_t table, struct sh_model_table *t) {
    static const char *const begins[] = {"from", "time", "day"};
    t->time_column = t->end_column = -1;
    if (table < SH_TABLES && (sh_table_is_dimension((enum sh_table)table) || table == SH_TABLE_PERSON ||
                              table == SH_TABLE_NETTING))
        return;
    /* diagnoses stand on the day of their encounter, operations on the one the list names */
    if (table == SH_TABLE_DIAGNOSIS || table == SH_TABLE_OPERATION) {
        t->time_column = column_named(t, "day");
        return;
    }
    for (size_t i = 0; t->time_column < 0 && i < 3; i++)
        t->time_column = column_named(t, begins[i]);
    if (t->time_column >= 0 && t->time_column == column_named(t, "from"))
        t->end_column = column_named(t, "to");
}

static sh_code add_table(struct sh_rule_model *m, uint16_t table, struct sh_model_table *ret,
                         const enum sh_derived **ret_derived, const char *const **ret_known_from,
                         struct sh_arena *arena, struct sh_err *err) {
    const struct extra *first = NULL;
    const size_t n_extra = extras_of(table, &first),
                 n_lake = table < SH_TABLES ? sh_lake_schema[table].n_columns : 0;
    struct sh_model_column *columns = sh_new(arena, struct sh_model_column, n_lake + n_extra);
    enum sh_derived *derived = sh_new(arena, enum sh_derived, n_lake + n_extra);
    const char **known_from = sh_new(arena, const char *, n_lake + n_extra);
    if (!columns || !derived || !known_from)
        return sh_fail(err, SH_E_NOMEM, "no room for the columns of the model");
    if (n_lake > 0)
        add_lake_columns(m, table, columns, derived, known_from);
    add_extras(m, first, n_extra, columns + n_lake, derived + n_lake, known_from + n_lake);
    ret->name = table < SH_TABLES ? sh_lake_schema[table].name : table == SH_MODEL_STAT ? "stat" : "stay";
    ret->columns = columns;
    ret->n_columns = (uint16_t)(n_lake + n_extra);
    date_table(table, ret);
    *ret_derived = derived;
    *ret_known_from = known_from;
    return SH_OK;
}

sh_code sh_rule_model_build(size_t n_more, struct sh_arena *arena, struct sh_rule_model **ret,
                            struct sh_err *err) {
    struct sh_rule_model *m = sh_new(arena, struct sh_rule_model, 1);
    const size_t n = SH_MODEL_FIXED_TABLES + n_more;
    struct sh_model_table *tables = sh_new(arena, struct sh_model_table, n);
    const enum sh_derived **derived = sh_new(arena, const enum sh_derived *, n);
    const char *const **known_from = sh_new(arena, const char *const *, n);
    if (!m || !tables || !derived || !known_from)
        return sh_fail(err, SH_E_NOMEM, "no room for the model");
    SH_TRY(collect_domains(m, arena, err));
    SH_TRY(collect_levels(m, arena, err));
    for (int t = 0; t < SH_MODEL_FIXED_TABLES; t++)
        SH_TRY(add_table(m, (uint16_t)t, &tables[t], &derived[t], &known_from[t], arena, err));
    m->model.tables = tables;
    m->model.n_tables = SH_MODEL_FIXED_TABLES;
    m->derived = derived;
    m->known_from = known_from;
    m->growing_tables = tables;
    *ret = m;
    return SH_OK;
}
