/* Cells of knowledge tables: what a word of the header says about a column, and a text as a value. */
#include "base/date.h"
#include "base/decimal.h"
#include "rule/knowledge.h"
#include "rule/model.h"

static const struct {
    const char *word;
    enum sh_expr_scope scope;
} scopes[] = {
    {"hour", SH_SCOPE_HOUR},
    {"day", SH_SCOPE_DAY},
    {"week", SH_SCOPE_WEEK},
    {"month", SH_SCOPE_MONTH},
    {"quarter", SH_SCOPE_QUARTER},
    {"year", SH_SCOPE_YEAR},
    {"encounter", SH_SCOPE_ENCOUNTER},
    {"visit", SH_SCOPE_ENCOUNTER},
    {"prescription", SH_SCOPE_PRESCRIPTION},
    {"stay", SH_SCOPE_STAY},
    {"course", SH_SCOPE_COURSE},
    {"person", SH_SCOPE_PERSON},
    {"institution", SH_SCOPE_INSTITUTION},
    {"ever", SH_SCOPE_EVER},
    {"6 hours", SH_SCOPE_SIX_HOURS},
};

enum sh_expr_scope sh_scope_of(struct sh_str word) {
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
        if (sh_str_is(word, scopes[i].word))
            return scopes[i].scope;
    return SH_SCOPE_NONE;
}

static const struct {
    const char *word;
    enum sh_unit unit;
    int8_t scale;
} numbers[] = {
    {"qty", SH_UNIT_NONE, 4},   {"money", SH_UNIT_YUAN, 2},  {"price", SH_UNIT_YUAN, 6},
    {"days", SH_UNIT_DAYS, 0},  {"years", SH_UNIT_YEARS, 0}, {"months", SH_UNIT_MONTHS, 0},
    {"count", SH_UNIT_NONE, 0},
};

static bool number_type(struct sh_str word, struct sh_type *ret) {
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!sh_str_is(word, numbers[i].word))
            continue;
        *ret = (struct sh_type){
            .kind = SH_KIND_NUMBER, .unit = numbers[i].unit, .scale = numbers[i].scale, .domain = -1};
        return true;
    }
    return false;
}

static bool coded_type(const struct sh_rule_model *m, struct sh_str head, struct sh_str rest,
                       struct sh_type *ret, bool *ret_under) {
    struct sh_str domain = {0}, under = {0};
    if (!rest.at || !sh_str_split(&rest, ' ', &domain))
        return false;
    if (rest.at)
        under = sh_str_trim(rest);
    if (sh_str_is(head, "level")) {
        *ret = (struct sh_type){.kind = SH_KIND_LEVEL, .domain = sh_model_level_domain(domain)};
        return ret->domain >= 0 && under.len == 0;
    }
    const int16_t number = sh_model_domain(m, domain);
    if (number < 0)
        return false;
    if (sh_str_is(head, "word")) {
        *ret = (struct sh_type){.kind = SH_KIND_CODE, .domain = number};
        return under.len == 0;
    }
    *ret = (struct sh_type){.kind = SH_KIND_SET, .domain = number, .member = SH_KIND_CODE};
    *ret_under = sh_str_is(under, "under");
    return sh_str_is(head, "set") && (under.len == 0 || *ret_under);
}

bool sh_cell_type(const struct sh_rule_model *m, struct sh_str words, struct sh_type *ret, bool *ret_under) {
    struct sh_str rest = sh_str_trim(words), head = {0};
    *ret_under = false;
    if (rest.len == 0 || !sh_str_split(&rest, ' ', &head))
        return false;
    rest = sh_str_trim(rest);
    if (rest.len == 0) {
        *ret = (struct sh_type){.domain = -1};
        if (sh_str_is(head, "scope"))
            ret->kind = SH_KIND_SCOPE;
        else if (sh_str_is(head, "text"))
            ret->kind = SH_KIND_TEXT;
        else if (sh_str_is(head, "flag"))
            ret->kind = SH_KIND_BOOL;
        else if (sh_str_is(head, "date"))
            ret->kind = SH_KIND_DATE;
        else
            return number_type(head, ret);
        return true;
    }
    if (!sh_str_is(head, "range"))
        return coded_type(m, head, rest, ret, ret_under);
    struct sh_type member = {.kind = SH_KIND_DATE, .domain = -1};
    if (!sh_str_is(rest, "date") && !number_type(rest, &member))
        return false;
    *ret = member;
    ret->kind = SH_KIND_RANGE;
    ret->member = member.kind;
    return true;
}

static sh_code read_number(struct sh_type type, struct sh_str text, int64_t *ret, const char **ret_why) {
    if (type.kind == SH_KIND_DATE || (type.kind == SH_KIND_RANGE && type.member == SH_KIND_DATE)) {
        int32_t day = 0;
        const sh_date_fault fault = sh_date_scan(text.at, text.len, &day);
        *ret_why = sh_date_fault_text(fault);
        *ret = day;
        return fault == SH_DATE_OK ? SH_OK : SH_E_INPUT;
    }
    const sh_decimal_fault fault = sh_decimal_scan(text.at, text.len, type.scale, ret);
    *ret_why = sh_decimal_fault_text(fault);
    return fault == SH_DECIMAL_OK ? SH_OK : SH_E_INPUT;
}

/* 3..13 is [3, 13); a side left out is open. */
static sh_code read_range(struct sh_type type, struct sh_str text, struct sh_range *ret,
                          const char **ret_why) {
    const size_t dots = sh_str_find(text, SH_STR(".."));
    if (dots == SH_STR_NONE) {
        *ret_why = "a range is written LOW..HIGH, the low end inside, the high end outside; an open side is "
                   "left out";
        return SH_E_INPUT;
    }
    const struct sh_str low = sh_str_trim(sh_str_sub(text, 0, dots)),
                        high = sh_str_trim(sh_str_sub(text, dots + 2, text.len));
    *ret = (struct sh_range){.low = SH_MISSING, .high = SH_MISSING, .unit = type.unit};
    if (low.len > 0)
        SH_TRY(read_number(type, low, &ret->low, ret_why));
    if (high.len > 0)
        SH_TRY(read_number(type, high, &ret->high, ret_why));
    if (low.len > 0 && high.len > 0 && ret->low >= ret->high) {
        *ret_why = "the range is empty: its low end is not below its high end";
        return SH_E_INPUT;
    }
    return SH_OK;
}

static sh_code read_level(const struct sh_rule_model *m, struct sh_type type, struct sh_str text,
                          int64_t *ret, const char **ret_why) {
    const char *const *words = m->model.level_words[type.domain];
    for (int i = 0; words[i]; i++)
        if (sh_str_is(text, words[i])) {
            *ret = i;
            return SH_OK;
        }
    *ret_why = "no such word in the level list";
    return SH_E_INPUT;
}

static sh_code read_words(struct sh_str text, const char **ret_why) {
    for (struct sh_str rest = text, word; sh_str_split(&rest, '|', &word);)
        if (sh_str_trim(word).len == 0) {
            *ret_why = "an empty code between two '|'";
            return SH_E_INPUT;
        }
    return SH_OK;
}

sh_code sh_cell_read(const struct sh_rule_model *m, const struct sh_knowledge_column *column,
                     struct sh_str text, struct sh_cell *ret, const char **ret_why) {
    text = sh_str_trim(text);
    *ret = (struct sh_cell){.is_missing = text.len == 0, .value = SH_MISSING};
    if (text.len == 0)
        return SH_OK;
    const struct sh_type type = column->type;
    switch (type.kind) {
    case SH_KIND_NUMBER:
        if (type.unit == SH_UNIT_DAYS && sh_str_is(text, "week")) {
            ret->value = SH_PAST_WEEK;
            return SH_OK;
        }
        return read_number(type, text, &ret->value, ret_why);
    case SH_KIND_DATE:
        return read_number(type, text, &ret->value, ret_why);
    case SH_KIND_RANGE:
        return read_range(type, text, &ret->range, ret_why);
    case SH_KIND_LEVEL:
        return read_level(m, type, text, &ret->value, ret_why);
    case SH_KIND_SCOPE:
        ret->value = sh_scope_of(text);
        *ret_why = "no grouping word; use hour, day, week, month, year, visit, prescription, stay, course, "
                   "ever or 6 hours";
        return ret->value == SH_SCOPE_NONE ? SH_E_INPUT : SH_OK;
    case SH_KIND_BOOL:
        ret->value = sh_str_is(text, "1") || sh_str_is(text, "是");
        *ret_why = "a flag is 1 or 0 (是 or 否)";
        return ret->value || sh_str_is(text, "0") || sh_str_is(text, "否") ? SH_OK : SH_E_INPUT;
    case SH_KIND_SET:
        return read_words(text, ret_why);
    case SH_KIND_CODE:
    case SH_KIND_TEXT:
    case SH_KIND_TIME:
        return SH_OK;
    }
    return SH_OK;
}
