/* The cases of a rule: only their form is checked here; room audit makes claims of them. */
#include "base/date.h"
#include "base/decimal.h"
#include "rule/build.h"
#include "rule/model.h"
#include <assert.h>

static const char *const case_keys[] = {
    "about",          "place",        "person",        "people",      "encounters",
    "settlements",    "diagnoses",    "operations",    "lines",       "complete",
    "hits",           "exempt",       "not_evaluated", "note",        "settlement_lists",
    "chronic_rights", "enrolments",   "allowances",    "stock_moves", "care_services",
    "trace_scans",    "institutions", "practitioners", "departments", "items"};
static const struct {
    const char *key;
    enum sh_table table;
    bool is_one; /* a map, not a list of maps */
} facts[] = {
    {"person", SH_TABLE_PERSON, true},
    {"people", SH_TABLE_PERSON, false},
    {"encounters", SH_TABLE_ENCOUNTER, false},
    {"settlements", SH_TABLE_SETTLEMENT, false},
    {"diagnoses", SH_TABLE_DIAGNOSIS, false},
    {"operations", SH_TABLE_OPERATION, false},
    {"lines", SH_TABLE_LINE, false},
    {"settlement_lists", SH_TABLE_SETTLEMENT_LIST, false},
    {"chronic_rights", SH_TABLE_CHRONIC_RIGHT, false},
    {"enrolments", SH_TABLE_ENROLMENT, false},
    {"allowances", SH_TABLE_ALLOWANCE, false},
    {"care_services", SH_TABLE_CARE_SERVICE, false},
    {"trace_scans", SH_TABLE_TRACE_SCAN, false},
    {"stock_moves", SH_TABLE_STOCK_MOVE, false},
    {"institutions", SH_TABLE_INSTITUTION, false},
    {"practitioners", SH_TABLE_PRACTITIONER, false},
    {"departments", SH_TABLE_DEPARTMENT, false},
    {"items", SH_TABLE_ITEM, false},
};

/* Decimals of a column that holds numbers; -1 for others. */
static int decimals_of(enum sh_column_type type) {
    switch ((int)type) {
    case SH_COLUMN_MONEY:
        return 2;
    case SH_COLUMN_QTY:
        return 4;
    case SH_COLUMN_PRICE:
        return 6;
    default:
        return -1;
    }
}

/* The value of a column, in the form the lake wants. */
static sh_code check_value(struct sh_build *b, const struct sh_yaml *value, enum sh_column_type type) {
    int64_t number = 0;
    const int scale = decimals_of(type);
    if (value->text.len == 0)
        return SH_OK;
    if (scale >= 0 && sh_decimal_scan(value->text.at, value->text.len, scale, &number) != SH_DECIMAL_OK)
        return sh_yaml_fail(b->err, value, "'%.*s' is no number with at most %d decimals",
                            SH_ARG(value->text), scale);
    const bool is_day = type == SH_COLUMN_DATE || type == SH_COLUMN_TIME;
    if (is_day && sh_time_scan(value->text.at, value->text.len, &number) != SH_DATE_OK)
        return sh_yaml_fail(b->err, value, "'%.*s' is no date or time; write 2026-02-03 or 2026-02-03T09:00",
                            SH_ARG(value->text));
    return SH_OK;
}

/* Keys of a fact: columns of the lake, and the ids by which facts name each other. */
static sh_code check_fact(struct sh_build *b, const struct sh_yaml *row, enum sh_table table) {
    static const char *const links[] = {"id",   "encounter", "settlement", "person",
                                        "line", "code",      "name",       "kind"};
    enum { LINKS = sizeof(links) / sizeof(links[0]) };
    const struct sh_lake_table *t = &sh_lake_schema[table];
    if (row->kind != SH_YAML_MAP)
        return sh_yaml_fail(b->err, row, "a row is a map: {item: \"…\", time: 2026-02-03, covered: 20.00}");
    const char **known = sh_new(b->arena, const char *, (size_t)t->n_columns + LINKS);
    if (!known)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the names of columns");
    for (uint16_t c = 0; c < t->n_columns; c++)
        known[c] = t->columns[c].name;
    memcpy(known + t->n_columns, links, sizeof(links));
    SH_TRY(sh_yaml_only(row, known, (size_t)t->n_columns + LINKS, b->err));
    for (size_t i = 0; i < row->n; i++) {
        const struct sh_yaml *value = row->entries[i].value;
        if (value->kind != SH_YAML_TEXT)
            return sh_yaml_fail(b->err, value, "one value is wanted here");
        const int c = sh_lake_column(table, row->entries[i].key.at);
        if (c >= 0)
            SH_TRY(check_value(b, value, t->columns[c].type));
    }
    return SH_OK;
}

static sh_code check_hits(struct sh_build *b, const struct sh_yaml *hits) {
    static const char *const keys[] = {"amount", "lines", "level", "name", "say"};
    if (hits->kind != SH_YAML_LIST)
        return sh_yaml_fail(b->err, hits, "hits is a list of {amount: 20.00, lines: [1]}; [] for none");
    for (size_t i = 0; i < hits->n; i++) {
        const struct sh_yaml *hit = hits->items[i];
        if (hit->kind != SH_YAML_MAP)
            return sh_yaml_fail(b->err, hit, "a hit is a map: {amount: 20.00, lines: [1]}");
        SH_TRY(sh_yaml_only(hit, keys, sizeof(keys) / sizeof(keys[0]), b->err));
        const struct sh_yaml *amount = sh_yaml_get(hit, "amount");
        int64_t fen = 0;
        if (amount && sh_decimal_scan(amount->text.at, amount->text.len, 2, &fen) != SH_DECIMAL_OK)
            return sh_yaml_fail(b->err, amount, "'%.*s' is no amount in yuan", SH_ARG(amount->text));
    }
    return SH_OK;
}

static sh_code check_case(struct sh_build *b, const struct sh_yaml *node, struct sh_rule_case *ret) {
    if (node->kind != SH_YAML_MAP)
        return sh_yaml_fail(b->err, node, "a case is a map: about, facts, and what must come out");
    SH_TRY(sh_yaml_only(node, case_keys, sizeof(case_keys) / sizeof(case_keys[0]), b->err));
    const struct sh_yaml *about;
    SH_TRY(sh_yaml_need(node, "about", SH_YAML_TEXT, &about, b->err));
    *ret = (struct sh_rule_case){.about = about->text,
                                 .place = b->rule->layer.len > 0 ? b->rule->layer : SH_STR("000000"),
                                 .node = node,
                                 .line = node->place.line};
    if (sh_yaml_get(node, "place"))
        ret->place = sh_yaml_text(node, "place");
    for (size_t f = 0; f < sizeof(facts) / sizeof(facts[0]); f++) {
        const struct sh_yaml *rows = sh_yaml_get(node, facts[f].key);
        if (!rows)
            continue;
        if (facts[f].is_one) {
            SH_TRY(check_fact(b, rows, facts[f].table));
            continue;
        }
        if (rows->kind != SH_YAML_LIST)
            return sh_yaml_fail(b->err, rows, "'%s' is a list of rows", facts[f].key);
        for (size_t i = 0; i < rows->n; i++)
            SH_TRY(check_fact(b, rows->items[i], facts[f].table));
    }
    const struct sh_yaml *hits = sh_yaml_get(node, "hits");
    if (!hits && !sh_yaml_get(node, "exempt") && !sh_yaml_get(node, "not_evaluated"))
        return sh_yaml_fail(b->err, node,
                            "the case does not say what must come out: hits, exempt or not_evaluated");
    return hits ? check_hits(b, hits) : SH_OK;
}

sh_code sh_build_cases(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *node = sh_yaml_get(b->root, "cases");
    if (!node || node->kind != SH_YAML_LIST || node->n == 0) {
        if (r->state == SH_STATE_DRAFT)
            return SH_OK;
        return sh_build_note(
            b, sh_yaml_fail(b->err, node ? node : b->root,
                            "a rule beyond draft brings its cases: 'cases' is missing or empty"));
    }
    r->cases = sh_new(b->arena, struct sh_rule_case, node->n);
    if (!r->cases)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the cases");
    for (size_t i = 0; i < node->n; i++)
        SH_TRY(sh_build_note(b, check_case(b, node->items[i], &r->cases[i])));
    r->n_cases = node->n;
    return SH_OK;
}
