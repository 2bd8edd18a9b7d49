/* What a published point says: its cell and its sentence read side by side. Where they part, the point is
 * left to people. */
#include "rule/national.h"

/* What readers call a column, in both languages. */
#define NAMED(column, chinese, english) "#! name " column ": " chinese " / " english "\n"
#define DRUG "#! key item: line.item =\n" NAMED("item", "项目编码", "Item code")
#define COURSE                                                                                               \
    DRUG "#! type days: days\n#! type scope: scope\n#! type span: flag\n" NAMED("days", "天数", "Days")      \
        NAMED("scope", "计算范围", "Scope") NAMED("span", "按跨度计", "Counted over the span")

const struct sh_national_table sh_national_tables[SH_NATIONAL_CLASSES] = {
    [SH_NATIONAL_INJURY] = {"药品限工伤保险",
                            "drug_insurance",
                            "#! english: Drugs of the work-injury insurance\n#! rows: allow\n" DRUG
                            "#! type insurance: word insurance\n" NAMED("insurance", "险种",
                                                                        "Kind of insurance"),
                            {"insurance"}},
    [SH_NATIONAL_MATERNITY] = {"药品限生育保险",
                               "drug_maternity",
                               "#! english: Drugs of the maternity insurance\n#! rows: allow\n" DRUG
                               "#! type insurance: word insurance\n" NAMED("insurance", "险种",
                                                                           "Kind of insurance"),
                               {"insurance"}},
    [SH_NATIONAL_HERB_UNPAID] = {"中药饮片单复方均不予支付",
                                 "herb_unpaid",
                                 "#! english: Herbs never paid\n#! rows: forbid\n" DRUG,
                                 {NULL}},
    [SH_NATIONAL_HERB_SINGLE] =
        {"中药饮片单方使用不予支付",
         "herb_single",
         "#! english: Herbs not paid when given alone\n#! rows: forbid\n#! type herbs: set item\n" NAMED(
             "herbs", "饮片编码", "Codes of the herbs"),
         {NULL}},
    [SH_NATIONAL_SECOND_LINE] = {"药品限二线使用", "drug_second_line", "", {NULL}},
    [SH_NATIONAL_DRUG_AGE] = {"药品限儿童使用",
                              "drug_age",
                              "#! english: Drugs paid for children only\n#! rows: allow\n" DRUG
                              "#! type age: range years\n" NAMED("age", "年龄", "Age"),
                              {"age"}},
    [SH_NATIONAL_INDICATION] = {"药品限适应症", "drug_indication", "", {NULL}},
    [SH_NATIONAL_DRUG_COURSE] = {"药品限支付疗程",
                                 "drug_course",
                                 "#! english: Drugs: covered course of treatment\n#! rows: limit\n" COURSE,
                                 {"days", "scope", "span"}},
    [SH_NATIONAL_LEVEL] = {"药品限医疗机构级别",
                           "drug_level",
                           "#! english: Drugs: level of the institution\n#! rows: allow\n" DRUG
                           "#! type min_level: level institution_level\n" NAMED(
                               "min_level", "最低机构级别", "Least level of the institution"),
                           {"min_level"}},
    [SH_NATIONAL_VISIT] = {"药品限就医方式",
                           "drug_visit",
                           "#! english: Drugs by kind of visit\n#! rows: allow\n" DRUG
                           "#! type visits: set visit\n" NAMED("visits", "就医方式", "Kinds of visit"),
                           {"visits"}},
    [SH_NATIONAL_SURGERY] =
        {"手术项目未按规定折价收费",
         "surgery_group",
         "#! english: Operations of one incision, to be charged at a discount\n#! rows: limit\n" DRUG
         "#! type group: text\n" NAMED("group", "切口组", "Group of the incision"),
         {"group"}},
    [SH_NATIONAL_SERVICE_COURSE] =
        {"医疗服务项目限支付疗程",
         "service_course",
         "#! english: Services: covered course of treatment\n#! rows: limit\n" COURSE,
         {"days", "scope", "span"}},
    [SH_NATIONAL_PAIR] = {"医疗服务项目重复收费",
                          "service_pair",
                          "#! english: Services charged twice\n#! rows: forbid\n#! key a: line.item =\n#! "
                          "key b: line.item =\n#! type within: scope\n" NAMED("within", "比对范围",
                                                                              "Compared within")
                              NAMED("a", "项目甲", "Item A") NAMED("b", "项目乙", "Item B"),
                          {"within"}},
    [SH_NATIONAL_FREQUENCY] = {"医疗服务项目限定频次",
                               "service_frequency",
                               "#! english: Services: how often\n#! rows: limit\n" DRUG
                               "#! type max: qty\n#! type unit: word unit\n" NAMED(
                                   "max", "最多数量", "At most") NAMED("unit", "计数单位", "Counted by"),
                               {"max", "unit"}},
    [SH_NATIONAL_SERVICE_AGE] = {"医疗服务项目限年龄", "service_age", "", {NULL}},
    [SH_NATIONAL_PERIOD] = {"医疗服务项目周期超频次",
                            "service_period",
                            "#! english: Services: how often in a period\n#! rows: limit\n" DRUG
                            "#! type max: qty\n#! type past: days\n" NAMED("max", "最多数量", "At most")
                                NAMED("past", "此前天数", "Days before"),
                            {"max", "past"}},
    [SH_NATIONAL_INTERNET] = {"超互联网医院药品支付范围",
                              "internet_banned",
                              "#! english: Drugs internet hospitals are not paid for\n#! rows: forbid\n" DRUG,
                              {NULL}},
    [SH_NATIONAL_DRUG_CHILD] = {"药品儿童专用",
                                "drug_child",
                                "#! english: Drugs for children alone\n#! rows: allow\n" DRUG,
                                {NULL}},
    [SH_NATIONAL_DRUG_SEX] = {"药品区分性别使用",
                              "drug_sex",
                              "#! english: Drugs by sex\n#! rows: allow\n" DRUG
                              "#! type sex: word sex\n" NAMED("sex", "性别", "Sex"),
                              {"sex"}},
    [SH_NATIONAL_SERVICE_CHILD] = {"医疗服务项目儿童专用",
                                   "service_child",
                                   "#! english: Services for children alone\n#! rows: allow\n" DRUG
                                   "#! type age: range years\n#! type age_days: range days\n" NAMED(
                                       "age", "年龄", "Age") NAMED("age_days", "日龄", "Age in days"),
                                   {"age", "age_days"}},
    [SH_NATIONAL_SERVICE_SEX] = {"医疗服务项目区分性别使用",
                                 "service_sex",
                                 "#! english: Services by sex\n#! rows: allow\n" DRUG
                                 "#! type sex: word sex\n" NAMED("sex", "性别", "Sex"),
                                 {"sex"}},
};

static bool has(struct sh_str text, const char *part) {
    return sh_str_find(text, sh_str_of(part)) != SH_STR_NONE;
}
static void say(struct sh_limit *l, struct sh_str a, struct sh_str b, struct sh_str c) {
    if (l->n_rows == SH_LIMIT_ROWS) {
        l->reason = "条目文字含四个以上并列条件，需人工录入";
        return;
    }
    l->cells[l->n_rows][0] = a, l->cells[l->n_rows][1] = b, l->cells[l->n_rows++][2] = c;
}
static const struct sh_str nothing = {0};

static void limit_sex(const struct sh_national_point *p, struct sh_str inherited, struct sh_limit *l) {
    const struct sh_str sex = p->cell.len ? p->cell : inherited;
    if (sh_str_is(sex, "男") || sh_str_is(sex, "女"))
        say(l, sex, nothing, nothing);
    else
        l->reason = "没有限定性别的单元格，文字未写明性别，不能推测";
}

/* ---- ages
 * ------------------------------------------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
/* Number at the beginning; moves behind it. */
static bool take_number(struct sh_str *s, int *ret) {
    size_t n = 0;
    int value = 0;
    for (; n < s->len && n < 3 && is_digit(s->at[n]); n++)
        value = 10 * value + (s->at[n] - '0');
    if (n == 0 || (n < s->len && is_digit(s->at[n])))
        return false;
    *s = sh_str_sub(*s, n, s->len);
    *ret = value;
    return true;
}
static bool take(struct sh_str *s, const char *word) {
    if (!sh_str_starts_with(*s, sh_str_of(word)))
        return false;
    *s = sh_str_sub(*s, strlen(word), s->len);
    return true;
}

/* One statement of age at the front of s: 3-12岁, 2岁至11岁, 5至12岁以下, 3岁及以上, 3岁及3岁以上. high -1:
 * open. */
static bool take_age(struct sh_str *s, int *ret_low, int *ret_high) {
    struct sh_str at = *s;
    int low, high;
    if (!take_number(&at, &low))
        return false;
    const bool has_unit = take(&at, "岁");
    if (take(&at, "-") || take(&at, "~") || take(&at, "～") || take(&at, "至")) {
        if (!take_number(&at, &high) || !take(&at, "岁"))
            return false;
        *ret_high = take(&at, "以下") ? high : high + 1;
    } else if (has_unit && take(&at, "及")) {
        if (take_number(&at, &high) && !(high == low && take(&at, "岁")))
            return false;
        if (!take(&at, "以上"))
            return false;
        *ret_high = -1;
    } else
        return false;
    *ret_low = low;
    *s = at;
    return true;
}

static sh_code range_text(int low, int high, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    size_t len;
    const char *text = sh_arena_printf(arena, &len, "%d..%d", low, high);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a range");
    *ret = (struct sh_str){text, len};
    return SH_OK;
}

/* The text's ranges win over the cell's one word; each range is an alternative. */
static sh_code limit_age(const struct sh_national_point *p, struct sh_limit *l, struct sh_arena *arena,
                         struct sh_err *err) {
    enum { CHILD = 18 };
    size_t ages = 0;
    struct sh_str rest = p->text;
    while (rest.len > 0) {
        int low, high;
        struct sh_str range;
        if (take_age(&rest, &low, &high)) {
            ages++;
            SH_TRY(range_text(low, high < 0 ? CHILD : high, arena, &range, err));
            say(l, range, nothing, nothing);
        } else if (take_number(&rest, &low)) {
            if (take(&rest, "岁") || take(&rest, "周岁"))
                l->reason = "条目文字中的年龄不是可识别的区间";
        } else
            rest = sh_str_sub(rest, 1, rest.len);
    }
    if (ages == 0 && !l->reason) {
        if (has(p->text, "儿童") || has(p->text, "⼉童") || sh_str_is(p->cell, "儿童"))
            say(l, SH_STR("0..18"), nothing, nothing);
        else
            l->reason = "条目文字没有年龄";
    }
    return SH_OK;
}

static void limit_child(const struct sh_national_point *p, struct sh_limit *l) {
    const struct sh_str whole = p->cell.len ? p->cell : p->text;
    if (has(whole, "新生儿"))
        say(l, SH_STR("0.."), SH_STR("0..29"), nothing);
    else if (has(whole, "婴幼儿"))
        say(l, SH_STR("0..3"), SH_STR("0.."), nothing);
    else if (has(whole, "儿童"))
        say(l, SH_STR("0..18"), SH_STR("0.."), nothing);
    else
        l->reason = "没有限定对象（儿童、婴幼儿、新生儿）";
}

/* ---- visit, level
 * ----------------------------------------------------------------------------------------------- */

static void limit_visit(const struct sh_national_point *p, struct sh_limit *l) {
    const bool ward = has(p->text, "住院"), emergency = has(p->text, "急诊"), clinic = has(p->text, "门诊");
    if (sh_str_is(p->cell, "住院") && ward && (emergency || clinic))
        l->reason = "单元格写住院，文字写急诊或住院，两者不一";
    else if (p->cell.len && !(sh_str_is(p->cell, "住院") && ward))
        l->reason = "单元格与文字不一";
    else if (ward && !emergency && !clinic)
        say(l, SH_STR("住院"), nothing, nothing);
    else if (has(p->text, "限急诊或住院患者") && !clinic)
        say(l, SH_STR("急诊|住院"), nothing, nothing);
    else
        l->reason = "文字未写明就医方式";
}

static void limit_level(const struct sh_national_point *p, struct sh_limit *l) {
    const bool second = has(p->text, "限二级及以上医疗机构"), third = has(p->text, "限三级");
    if (has(p->text, "首次处方时需由"))
        l->reason = "只限首次处方，不是机构级别";
    else if (has(p->text, "眼科专科"))
        l->reason = "三级医院眼科或二级眼科专科医院，不是单一级别；另有累计支数";
    else if (second == third)
        l->reason = "文字未写明级别";
    else if (p->cell.len && !sh_str_is(p->cell, second ? "二级" : "三级"))
        l->reason = "单元格与文字不一";
    else
        say(l, second ? SH_STR("二级") : SH_STR("三级"), nothing, nothing);
}

/* ---- courses
 * ---------------------------------------------------------------------------------------------------- */

/* The one number in front of 天 behind 不超过 or 最多支付; 个月 and 一年 are spans. */
static bool days_of(struct sh_str text, int *ret_days, bool *ret_span) {
    static const char *const leads[] = {"支付不超过", "最多支付", "总时间不超过"};
    int found = 0;
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        const size_t at = sh_str_find(text, sh_str_of(leads[i]));
        if (at == SH_STR_NONE)
            continue;
        struct sh_str rest = sh_str_sub(text, at + strlen(leads[i]), text.len);
        int number = 0;
        if (take(&rest, "一年"))
            number = 365, *ret_span = true;
        else if (!take_number(&rest, &number))
            continue;
        else if (take(&rest, "个月")) {
            if (number != 12)
                return false;
            number = 365, *ret_span = true;
        } else if (!take(&rest, "天"))
            continue;
        if (found && number != *ret_days)
            return false;
        found++;
        *ret_days = number;
    }
    return found > 0;
}

static sh_code limit_course(const struct sh_national_point *p, struct sh_limit *l, struct sh_arena *arena,
                            struct sh_err *err) {
    int days = 0, cell = 0;
    bool span = has(p->text, "总时间");
    if (!days_of(p->text, &days, &span)) {
        l->reason = "文字中没有唯一的天数";
        return SH_OK;
    }
    struct sh_str rest = p->cell;
    if (p->cell.len && (!take_number(&rest, &cell) || cell != days)) {
        l->reason = "单元格的天数与文字的天数不一";
        return SH_OK;
    }
    const bool illness = has(p->text, "一个疾病过程"), drug = p->class == SH_NATIONAL_DRUG_COURSE;
    size_t len;
    const char *text = sh_arena_printf(arena, &len, "%d", days);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a number");
    l->level = illness || (span && drug) ? "suspected" : "certain";
    say(l, (struct sh_str){text, len},
        illness         ? SH_STR("course")
        : drug && !span ? SH_STR("visit")
                        : SH_STR("ever"),
        span ? SH_STR("1") : SH_STR("0"));
    return SH_OK;
}

/* ---- services
 * --------------------------------------------------------------------------------------------------- */

static void limit_pair(const struct sh_national_point *p, struct sh_limit *l) {
    static const char *const words[][2] = {
        {"单日", "day"}, {"单次就诊", "visit"}, {"6小时", "6 hours"}, {"同一小时", "hour"}};
    for (size_t i = 0; i < 4; i++)
        if (sh_str_is(p->cell, words[i][0]))
            say(l, sh_str_of(words[i][1]), nothing, nothing);
    if (l->n_rows == 0)
        l->reason = "没有频度：缺第7批的项目对表";
    else if (p->n_codes != 2)
        l->reason = "主项与从项不是恰好两个";
    l->level = sh_str_is(p->cell, "同一小时") ? "suspected" : "certain";
}

static void limit_numbers(const struct sh_national_point *p, struct sh_limit *l) {
    struct sh_str number = p->cell;
    int value = 0;
    const bool is_number = take_number(&number, &value) && number.len == 0 && value > 0;
    if (!is_number || p->cell2.len == 0) {
        l->reason = p->cell.len ? "限制数量不是正整数" : "没有数量与单位：缺第8批的表";
    } else if (p->class == SH_NATIONAL_PERIOD) {
        struct sh_str past = p->cell2;
        int days = 0;
        if (has(p->text, "每周"))
            say(l, p->cell, SH_STR("week"), nothing);
        else if (take_number(&past, &days) && past.len == 0 && days > 0)
            say(l, p->cell, p->cell2, nothing);
        else
            l->reason = "周期不是天数";
    } else if (sh_str_is(p->cell2, "日") || sh_str_is(p->cell2, "天"))
        say(l, p->cell, SH_STR("日"), nothing);
    else if (sh_str_is(p->cell2, "小时"))
        say(l, p->cell, p->cell2, nothing);
    else
        l->reason = "数量单位不是日或小时";
}

sh_code sh_national_limit(struct sh_national_point *p, struct sh_str inherited, struct sh_arena *arena,
                          struct sh_err *err) {
    struct sh_limit *l = &p->limit;
    *l = (struct sh_limit){.level = "certain"};
    switch (p->class) {
    case SH_NATIONAL_INJURY:
    case SH_NATIONAL_MATERNITY:
        say(l, p->class == SH_NATIONAL_INJURY ? SH_STR("210") : SH_STR("510"), nothing, nothing);
        break;
    case SH_NATIONAL_HERB_UNPAID:
    case SH_NATIONAL_HERB_SINGLE:
    case SH_NATIONAL_INTERNET:
    case SH_NATIONAL_DRUG_CHILD:
        say(l, nothing, nothing, nothing);
        break;
    case SH_NATIONAL_SECOND_LINE:
        l->reason = "没有指明一线药品的编码，需专家录入";
        break;
    case SH_NATIONAL_INDICATION:
        l->reason = "适应症是文字，没有诊断编码，需专家录入";
        break;
    case SH_NATIONAL_SERVICE_AGE:
        l->reason = "法定就业年龄随性别、类别与出生年月而变，见随附的 service_age 表";
        break;
    case SH_NATIONAL_DRUG_AGE:
        return limit_age(p, l, arena, err);
    case SH_NATIONAL_DRUG_COURSE:
    case SH_NATIONAL_SERVICE_COURSE:
        return limit_course(p, l, arena, err);
    case SH_NATIONAL_LEVEL:
        limit_level(p, l);
        break;
    case SH_NATIONAL_VISIT:
        limit_visit(p, l);
        break;
    case SH_NATIONAL_SURGERY: {
        const struct sh_str group = p->cell.len ? p->cell : p->text;
        if (has(group, "手术组"))
            say(l, group, nothing, nothing);
        else
            l->reason = "没有切口组";
        break;
    }
    case SH_NATIONAL_PAIR:
        limit_pair(p, l);
        break;
    case SH_NATIONAL_FREQUENCY:
    case SH_NATIONAL_PERIOD:
        limit_numbers(p, l);
        break;
    case SH_NATIONAL_DRUG_SEX:
    case SH_NATIONAL_SERVICE_SEX:
        limit_sex(p, inherited, l);
        break;
    case SH_NATIONAL_SERVICE_CHILD:
        limit_child(p, l);
        break;
    case SH_NATIONAL_CLASSES:
        break;
    }
    return SH_OK;
}
