/* A random rule from the grammar of docs/rules-language.md, typed by the model: which columns there are is
 * read from it, so a new one takes part by itself. Kept as trees, so that it can be made smaller. */
#pragma once
#include "random_lake.h"
#include "rule/model.h"
#include "rule/rule.h"

/* What a term is: b condition, p plain number, y yuan, D days, d date, t time, c anything else (never
 * replaced). */
struct term {
    char type;
    const char *form; /* a '$' for each kid */
    struct term *kids[3];
    size_t n;
};

enum clause { WHERE, HIT, UNLESS, DOUBT, AMOUNT, AMOUNT_LIMIT, BLAME, CLAUSES };
static const char *const clause_names[CLAUSES] = {"where", "hit", "unless", "doubt", "amount", "", "blame"};

struct random_rule {
    const char *head;  /* shape and keys: lines of YAML */
    const char *limit; /* the line of its shape that says how far or how near; "": none */
    const char *in_force;
    const char *uses, *with, *level, *lines, *remind;
    struct term *clauses[CLAUSES]; /* NULL: not written */
    bool is_stat;
    const char *amount; /* NULL, "0", "the cheaper", or a form of AMOUNT and AMOUNT_LIMIT */
};

/* Names a condition may read. */
struct reach {
    const char *name;
    uint16_t table;
};
struct rule_maker {
    struct sh_rng *rng;
    struct sh_arena *arena;
    const struct sh_rule_model *model;
    struct reach rows[12];
    size_t n_rows;
    uint16_t table;
    const char *self;  /* name of the subject */
    const char *k;     /* knowledge table, NULL */
    bool many, window; /* aggregates are allowed; standing() too */
    bool inside;       /* within a related call or an aggregate: no other one */
    bool member;       /* nth() */
    const char *window_keys;
};

#define RULE_PRINT(m, ...) sh_arena_printf((m)->arena, NULL, __VA_ARGS__)

static inline bool rule_odds(struct rule_maker *m, unsigned percent) {
    return sh_rng_below(m->rng, 100) < percent;
}

static inline struct term *term_of(struct rule_maker *m, char type, const char *form, struct term *a,
                                   struct term *b, struct term *c) {
    struct term *t = sh_new(m->arena, struct term, 1);
    *t = (struct term){.type = type, .form = form, .kids = {a, b, c}, .n = c ? 3 : b ? 2 : a ? 1 : 0};
    return t;
}

static inline struct term *rule_condition(struct rule_maker *m, int depth);
static inline struct term *rule_number(struct rule_maker *m, char type, int depth);

static inline void term_print(const struct term *t, struct sh_buf *out) {
    size_t kid = 0;
    for (const char *c = t->form; *c; c++) {
        if (*c == '$')
            term_print(t->kids[kid++], out);
        else if (*c == '"')
            sh_buf_add_text(out, "\\\"");
        else
            sh_buf_add_char(out, *c);
    }
}

/* ---- columns
 * ----------------------------------------------------------------------------------------------- */

static inline char type_letter(struct sh_type type) {
    switch (type.kind) {
    case SH_KIND_BOOL:
        return 'b';
    case SH_KIND_DATE:
        return 'd';
    case SH_KIND_TIME:
        return 't';
    case SH_KIND_CODE:
        return 'C';
    case SH_KIND_LEVEL:
        return 'L';
    case SH_KIND_NUMBER:
        return type.unit == SH_UNIT_YUAN   ? 'y'
               : type.unit == SH_UNIT_DAYS ? 'D'
               : type.unit == SH_UNIT_NONE ? 'p'
                                           : '-';
    case SH_KIND_TEXT:
    case SH_KIND_SET:
    case SH_KIND_RANGE:
    case SH_KIND_SCOPE:
        break;
    }
    return '-';
}

static inline bool is_book(const char *name) {
    static const char *const books[] = {"bucket", "batch", "void"};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(name, books[i]) == 0)
            return true;
    return false;
}

/* "row.column" of a type, NULL when chance found none. */
static inline const char *rule_column(struct rule_maker *m, char type, const struct sh_model_column **ret) {
    for (int attempt = 0; attempt < 60; attempt++) {
        const struct reach *r = &m->rows[sh_rng_below(m->rng, rule_odds(m, 55) ? 1 : m->n_rows)];
        const struct sh_model_table *t = &m->model->model.tables[r->table];
        const struct sh_model_column *c = &t->columns[sh_rng_below(m->rng, t->n_columns)];
        if (type_letter(c->type) != type || is_book(c->name) || c->join == SH_TABLE_SETTLEMENT_LIST)
            continue;
        if (ret)
            *ret = c;
        return RULE_PRINT(m, "%s.%s", r->name, c->name);
    }
    return NULL;
}

/* ---- numbers
 * ----------------------------------------------------------------------------------------------- */

static inline struct term *constant_of(struct rule_maker *m, char type) {
    static const char *const plain[] = {"0", "1", "1", "2", "2", "3", "0.5", "1.3333", "40"};
    static const char *const days[] = {"0", "1", "2", "3", "14", "30"};
    const char *text = type == 'p'   ? LAKE_PICK(m->rng, plain)
                       : type == 'y' ? RULE_PRINT(m, "%s yuan", LAKE_PICK(m->rng, lake_money))
                       : type == 'D' ? RULE_PRINT(m, "%s days", LAKE_PICK(m->rng, days))
                       : type == 'd' ? LAKE_PICK(m->rng, lake_days)
                                     : lake_time(m->rng, m->arena);
    return term_of(m, type, text, NULL, NULL, NULL);
}

static inline struct term *cell_of(struct rule_maker *m, char type) {
    static const struct {
        const char *table;
        char type;
        const char *cell;
    } cells[] = {{"d_limit", 'p', "k.max"},    {"d_limit", 'y', "k.price"}, {"d_limit", 'd', "k.after"},
                 {"d_course", 'D', "k.days"},  {"d_pair", 'p', "k.share"},  {"d_visit", 'p', "k.max"},
                 {"d_visit", 'D', "k.nights"}, {"d_course", 'D', "k.gap"}};
    for (size_t i = 0; m->k && i < sizeof(cells) / sizeof(cells[0]); i++)
        if (strcmp(cells[i].table, m->k) == 0 && cells[i].type == type && rule_odds(m, 60))
            return term_of(m, type, cells[i].cell, NULL, NULL, NULL);
    return NULL;
}

static inline struct term *leaf_of(struct rule_maker *m, char type) {
    struct term *cell = rule_odds(m, 35) ? cell_of(m, type) : NULL;
    const char *column = cell || rule_odds(m, 25) ? NULL : rule_column(m, type, NULL);
    return cell ? cell : column ? term_of(m, type, column, NULL, NULL, NULL) : constant_of(m, type);
}

/* An aggregate over the members; [where C]. */
static inline struct term *aggregate_of(struct rule_maker *m, char type, int depth) {
    static const char *const calls[] = {"sum", "sum", "min", "max"};
    m->inside = true;
    struct term *where = rule_odds(m, 35) ? rule_condition(m, depth - 1) : NULL, *ret = NULL;
    if (type == 'p' && rule_odds(m, 40)) {
        const char *column = rule_odds(m, 50) ? rule_column(m, "CdpL"[sh_rng_below(m->rng, 4)], NULL) : NULL;
        ret = where ? column
                          ? term_of(m, type, RULE_PRINT(m, "distinct(%s where $)", column), where, NULL, NULL)
                          : term_of(m, type, "count(where $)", where, NULL, NULL)
                    : term_of(m, type, column ? RULE_PRINT(m, "distinct(%s)", column) : "count()", NULL, NULL,
                              NULL);
    } else if (type == 'D' && rule_odds(m, 50)) {
        ret = term_of(m, type, rule_odds(m, 50) ? "days()" : "span()", NULL, NULL, NULL);
    } else {
        const char *call = LAKE_PICK(m->rng, calls);
        struct term *of = rule_number(m, type, depth - 2);
        ret = where ? term_of(m, type, RULE_PRINT(m, "%s($ where $)", call), of, where, NULL)
                    : term_of(m, type, RULE_PRINT(m, "%s($)", call), of, NULL, NULL);
    }
    m->inside = false;
    if (m->window && (type == 'p' || type == 'y') && rule_odds(m, 60))
        return term_of(m, type, "standing($)", ret, NULL, NULL);
    return ret;
}

/* Tables that texts make: tests/difftest/data/views. UINT16_MAX where the model has none of that name. */
static const char *const view_names[] = {"v_bill",      "v_item_day", "v_month", "v_bed_day",
                                         "v_visit_day", "v_shift",    "v_again", "v_often"};

static inline uint16_t view_table(const struct rule_maker *m, const char *name) {
    for (uint16_t t = 0; t < m->model->model.n_tables; t++)
        if (strcmp(m->model->model.tables[t].name, name) == 0)
            return t;
    return UINT16_MAX;
}

static inline bool is_view(const struct rule_maker *m, uint16_t table) {
    return strncmp(m->model->model.tables[table].name, "v_", 2) == 0;
}

/* T [in SCOPE] [past D] [where C]: the part after the table's name or field. */
static inline struct term *related_tail(struct rule_maker *m, const char *call, const char *field,
                                        uint16_t *table, int depth) {
    static const uint16_t tables[] = {SH_TABLE_LINE,      SH_TABLE_LINE,      SH_TABLE_DIAGNOSIS,
                                      SH_TABLE_ENCOUNTER, SH_TABLE_OPERATION, SH_MODEL_STAY};
    static const char *const scopes[] = {
        "", "", " in person", " in stay", " in person, institution", " in day", " in institution"};
    static const char *const near[] = {"",
                                       "",
                                       "",
                                       " past 3 days",
                                       " past 6 hours",
                                       " next 2 days",
                                       " within 6 hours",
                                       " next 6 hours",
                                       " within 1 day"};
    struct rule_maker in = *m;
    const uint16_t view = rule_odds(m, 12) ? view_table(m, LAKE_PICK(m->rng, view_names)) : UINT16_MAX;
    *table = view != UINT16_MAX && *field == '\0' ? view : LAKE_PICK(m->rng, tables);
    in.rows[0] = (struct reach){"row", *table};
    in.n_rows = 1;
    if (in.rows[0].table == SH_TABLE_LINE)
        in.rows[in.n_rows++] = (struct reach){"row.item", SH_MODEL_ITEM};
    in.rows[in.n_rows++] = m->rows[0];
    in.inside = true, in.many = false, in.k = m->k;
    const char *name = m->model->model.tables[in.rows[0].table].name;
    struct term *where = rule_odds(m, 60) ? rule_condition(&in, depth - 1) : NULL;
    const char *begin =
        RULE_PRINT(m, "%s(%s%s%s%s", call, name, field, LAKE_PICK(m->rng, scopes), LAKE_PICK(m->rng, near));
    return where ? term_of(m, 'c', RULE_PRINT(m, "%s where $)", begin), where, NULL, NULL)
                 : term_of(m, 'c', RULE_PRINT(m, "%s)", begin), NULL, NULL, NULL);
}

static inline struct term *related_number(struct rule_maker *m, char type, int depth) {
    uint16_t table;
    struct term *t;
    if (type == 'p' && rule_odds(m, 60)) {
        t = related_tail(m, "count", "", &table, depth);
    } else if (type == 'y') {
        t = related_tail(m, "sum", ".covered", &table, depth);
    } else {
        return NULL;
    }
    t->type = type;
    return t;
}

static inline struct term *special_number(struct rule_maker *m, char type) {
    if (type == 'D' && rule_odds(m, 60))
        return term_of(m, type, "gap($, $)", leaf_of(m, 'd'), leaf_of(m, 'd'), NULL);
    if (type == 'p' && m->member)
        return term_of(m, type,
                       rule_odds(m, 50) || m->table != SH_TABLE_LINE
                           ? "nth()"
                           : "nth(line.covered by line.unit_price desc)",
                       NULL, NULL, NULL);
    if (type == 'p' && rule_odds(m, 50)) {
        static const char *const parts[] = {"month($)", "quarter($)", "year($)"};
        return rule_odds(m, 50) ? term_of(m, type, LAKE_PICK(m->rng, parts), leaf_of(m, 'd'), NULL, NULL)
                                : term_of(m, type, "hour($)", leaf_of(m, 't'), NULL, NULL);
    }
    return type == 'p' && !m->inside ? term_of(m, type, rule_odds(m, 50) ? "$ / $" : "$ / max($, 1 yuan)",
                                               leaf_of(m, 'y'), leaf_of(m, 'y'), NULL)
                                     : NULL;
}

static inline struct term *rule_number(struct rule_maker *m, char type, int depth) {
    static const char *const two[] = {"$ + $", "$ - $", "min($, $)", "max($, $)", "($ + $)", "($ - $)"};
    if (type == 'd' || type == 't') {
        if (depth > 0 && rule_odds(m, 25))
            return type == 'd' ? term_of(m, 'd', rule_odds(m, 50) ? "$ + 1 month" : "$ - 2 days",
                                         leaf_of(m, 'd'), NULL, NULL)
                               : term_of(m, 't', "$ + 6 hours", leaf_of(m, 't'), NULL, NULL);
        return type == 'd' && rule_odds(m, 15) ? term_of(m, 'd', "day($)", leaf_of(m, 't'), NULL, NULL)
                                               : leaf_of(m, type);
    }
    struct term *t = NULL;
    if (m->many && !m->inside && rule_odds(m, 65) && (t = aggregate_of(m, type, depth)) != NULL)
        return t;
    if (!m->many && !m->inside && rule_odds(m, 20) && (t = related_number(m, type, depth)) != NULL)
        return t;
    if (rule_odds(m, 20) && (t = special_number(m, type)) != NULL)
        return t;
    if (depth <= 0 || rule_odds(m, 45))
        return leaf_of(m, type);
    if (rule_odds(m, 25))
        return type == 'p' ? term_of(m, type, rule_odds(m, 50) ? "ceil($)" : "abs($)",
                                     rule_number(m, type, depth - 1), NULL, NULL)
                           : term_of(m, type, m->inside || rule_odds(m, 50) ? "$ * $" : "$ / $",
                                     leaf_of(m, type), leaf_of(m, 'p'), NULL);
    if (type == 'p' && rule_odds(m, 30))
        return term_of(m, type, m->inside || rule_odds(m, 50) ? "($) * $" : "($) / $",
                       rule_number(m, type, depth - 1), leaf_of(m, type), NULL);
    return term_of(m, type, LAKE_PICK(m->rng, two), rule_number(m, type, depth - 1),
                   rule_number(m, type, depth - 1), NULL);
}

/* ---- conditions
 * -------------------------------------------------------------------------------------------- */

static inline struct term *code_condition(struct rule_maker *m) {
    const struct sh_model_column *c;
    const char *column = rule_column(m, 'C', &c);
    if (!column)
        return NULL;
    if (m->model->model.domain_unnamed[c->type.domain])
        return NULL;
    const char *domain = m->model->model.domain_names[c->type.domain];
    const char *a = lake_word(m->rng, strcmp(domain, "diagnosis3") == 0 ? "diagnosis" : domain),
               *b = lake_word(m->rng, domain);
    if (strcmp(domain, "diagnosis3") == 0)
        a = b = "I10";
    const char *form =
        rule_odds(m, 40) ? RULE_PRINT(m, "%s %s \"%s\"", column, rule_odds(m, 70) ? "=" : "!=", a)
        : rule_odds(m, 60) || (unsigned char)a[0] > 127
            ? RULE_PRINT(m, "%s %s {\"%s\", \"%s\"}", column, rule_odds(m, 70) ? "in" : "not in", a, b)
            : RULE_PRINT(m, "%s %s \"%.2s\"", column, rule_odds(m, 70) ? "under" : "not under", a);
    return term_of(m, 'b', form, NULL, NULL, NULL);
}

static inline struct term *level_condition(struct rule_maker *m) {
    static const char *const levels[] = {"未定级", "一级", "二级", "三级"};
    static const char *const signs[] = {"<", "<=", "=", "!=", ">", ">="};
    const struct sh_model_column *c;
    const char *column = rule_column(m, 'L', &c);
    if (!column || c->type.domain != 0)
        return NULL;
    return term_of(m, 'b',
                   RULE_PRINT(m, "%s %s %s", column, LAKE_PICK(m->rng, signs), LAKE_PICK(m->rng, levels)),
                   NULL, NULL, NULL);
}

static inline struct term *cell_condition(struct rule_maker *m) {
    static const struct {
        const char *table, *form;
    } cells[] = {{"d_allow", "person.age in k.age"},
                 {"d_allow", "person.age not in k.age"},
                 {"d_allow", "line.covered in k.spend"},
                 {"d_allow", "encounter.main_diagnosis in k.dx"},
                 {"d_allow", "encounter.visit not in k.visits"},
                 {"d_allow", "k.on"},
                 {"d_allow", "encounter.institution_level < k.least"},
                 {"d_allow", "person.age_days in k.days"},
                 {"d_forbid", "line.insurance = k.insurance"},
                 {"d_forbid", "person.age in k.months"},
                 {"d_forbid", "encounter.main_diagnosis not in k.dx"}};
    if (!m->k || m->inside)
        return NULL;
    for (int attempt = 0; attempt < 8; attempt++) {
        const size_t i = sh_rng_below(m->rng, sizeof(cells) / sizeof(cells[0]));
        if (strcmp(cells[i].table, m->k) == 0)
            return term_of(m, 'b', cells[i].form, NULL, NULL, NULL);
    }
    return NULL;
}

static inline struct term *many_condition(struct rule_maker *m, int depth) {
    uint16_t table;
    if (m->inside)
        return NULL;
    if (m->many) {
        m->inside = true;
        struct term *t = term_of(m, 'b', rule_odds(m, 50) ? "any($)" : "every($)",
                                 rule_condition(m, depth - 1), NULL, NULL);
        m->inside = false;
        return t;
    }
    static const char *const calls[] = {"any", "any", "none", "every"};
    struct term *t = related_tail(m, LAKE_PICK(m->rng, calls), "", &table, depth);
    t->type = 'b';
    return t;
}

static inline struct term *age_condition(struct rule_maker *m) {
    static const char *const forms[] = {"person.age >= 18",
                                        "person.age < 1",
                                        "person.age_months in [0, 216)",
                                        "person.age in [17, 18]",
                                        "person.age_days <= 28",
                                        "known(person.birth)",
                                        "day > person.death",
                                        "known(person.death)",
                                        "complete(line in person)",
                                        "complete(diagnosis in encounter)"};
    return m->inside ? NULL : term_of(m, 'b', LAKE_PICK(m->rng, forms), NULL, NULL, NULL);
}

static inline struct term *comparison(struct rule_maker *m, int depth) {
    static const char *const signs[] = {"$ = $", "$ != $", "$ < $",  "$ <= $",
                                        "$ > $", "$ > $",  "$ >= $", "$ >= $"};
    static const char types[] = {'p', 'p', 'y', 'y', 'D', 'd', 't'};
    const char type = types[sh_rng_below(m->rng, sizeof(types))];
    if (rule_odds(m, 12))
        return term_of(m, 'b', rule_odds(m, 50) ? "$ in [$, $)" : "$ not in [$, $]",
                       rule_number(m, type, depth - 1), constant_of(m, type), constant_of(m, type));
    if (rule_odds(m, 8))
        return term_of(m, 'b', "known($)", rule_number(m, type, depth - 1), NULL, NULL);
    return term_of(m, 'b', LAKE_PICK(m->rng, signs), rule_number(m, type, depth - 1),
                   rule_number(m, type, depth - 1), NULL);
}

static inline struct term *rule_condition(struct rule_maker *m, int depth) {
    static const char *const two[] = {"($ and $)", "($ or $)", "($ and not $)", "(not $ or $)"};
    struct term *t = NULL;
    if (depth > 0 && rule_odds(m, 35))
        return term_of(m, 'b', LAKE_PICK(m->rng, two), rule_condition(m, depth - 1),
                       rule_condition(m, depth - 1), NULL);
    switch (sh_rng_below(m->rng, 8)) {
    case 0:
        t = code_condition(m);
        break;
    case 1:
        t = level_condition(m);
        break;
    case 2:
        t = cell_condition(m);
        break;
    case 3:
        t = many_condition(m, depth);
        break;
    case 4:
        t = age_condition(m);
        break;
    case 5: {
        const char *flag = rule_column(m, 'b', NULL);
        t = flag ? term_of(m, 'b', flag, NULL, NULL, NULL) : NULL;
        break;
    }
    default:
        break;
    }
    return t ? t : comparison(m, depth);
}

/* How far a window reaches, how near rows are that meet, how far above its peers is far. */
static const char *const rule_pasts[] = {"3 days", "1 day", "15 days", "week"};
static const char *const rule_within[] = {"day", "visit", "hour", "6 hours", "ever"};
static const char *const rule_bounds[] = {"0.1", "0.5", "1", "2"};

/* ---- shapes
 * ------------------------------------------------------------------------------------------------ */

static inline void rule_reach(struct rule_maker *m, const char *self, uint16_t table) {
    m->table = table, m->self = self, m->n_rows = 0;
    m->rows[m->n_rows++] = (struct reach){self, table};
    m->rows[m->n_rows++] = (struct reach){"person", SH_TABLE_PERSON};
    if (table != SH_TABLE_ENCOUNTER)
        m->rows[m->n_rows++] = (struct reach){"encounter", SH_TABLE_ENCOUNTER};
    if (table == SH_TABLE_LINE) {
        m->rows[m->n_rows++] = (struct reach){"settlement", SH_TABLE_SETTLEMENT};
        m->rows[m->n_rows++] = (struct reach){"item", SH_MODEL_ITEM};
        m->rows[m->n_rows++] = (struct reach){"stay", SH_MODEL_STAY};
    }
}

static inline const char *view_keys(struct rule_maker *m) {
    static const struct {
        const char *view, *keys[5];
    } all[] = {
        {"v_bill", {"institution, period", "person, day", "period", "person, institution", "person"}},
        {"v_item_day", {"person", "item", "encounter", "person, day", "item, day"}},
        {"v_month", {"month", "person", "person, month", "last", "month, last"}},
        {"v_bed_day", {"institution, day", "person", "day", "stay", "person, month"}},
        {"v_visit_day", {"bed, day", "person, day", "institution, day", "encounter", "institution, month"}},
        {"v_shift", {"practitioner, day", "person, day", "practitioner", "day", "person"}},
        {"v_again", {"institution", "person", "person, institution", "next_from", "institution, gone"}},
        {"v_often", {"person", "twice", "person, twice", "person, day", "person"}}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].view, m->model->model.tables[m->table].name) == 0)
            return LAKE_PICK(m->rng, all[i].keys);
    return "person";
}

static inline const char *rule_keys(struct rule_maker *m, bool window) {
    static const char *const first[] = {"person",
                                        "person",
                                        "encounter",
                                        "person, encounter.institution",
                                        "person, day",
                                        "person, month",
                                        "person, week",
                                        "person, encounter.visit",
                                        "person, encounter.institution_level",
                                        "person, year",
                                        "person, quarter"};
    static const char *const of_lines[] = {"",
                                           "",
                                           ", item",
                                           ", day",
                                           ", hour",
                                           ", institution",
                                           ", covered",
                                           ", item.kind",
                                           ", settlement",
                                           ", stay",
                                           ", line.time_exact",
                                           ", year",
                                           ", quarter",
                                           ", month(line.time)",
                                           ", hour(line.time)",
                                           ", day(encounter.from)",
                                           ", week(line.time)"};
    /* Periods of a time and nothing else: everybody's rows of that time. */
    static const char *const of_time[] = {"day", "week", "month", "quarter", "year", "day, month"};
    static const char *const of_line_time[] = {"hour",
                                               "hour(line.time)",
                                               "day(line.time)",
                                               "week(line.time)",
                                               "month(line.time)",
                                               "quarter(line.time)",
                                               "year(line.time)",
                                               "month(line.time), hour(line.time)",
                                               "month(line.day)",
                                               "hour, line.time_exact"};
    static const char *const of_many[] = {
        "institution, item, day", "settlement.invoice", "institution, month",        "item",
        "encounter.bed",          "institution, day",   "encounter.insurance, week", "item.kind, day"};
    if (is_view(m, m->table))
        return view_keys(m);
    if (rule_odds(m, 10))
        return m->table == SH_TABLE_LINE && rule_odds(m, 70) ? LAKE_PICK(m->rng, of_line_time)
                                                             : LAKE_PICK(m->rng, of_time);
    if (m->table == SH_TABLE_LINE && rule_odds(m, 18)) /* rows of many persons */
        return LAKE_PICK(m->rng, of_many);
    const char *text = LAKE_PICK(m->rng, first);
    if (m->table == SH_TABLE_LINE)
        text = RULE_PRINT(m, "%s%s", text, LAKE_PICK(m->rng, of_lines));
    if (m->k && strcmp(m->k, "d_course") == 0 && !window && rule_odds(m, 70))
        return RULE_PRINT(m, "%s, course(k)", text);
    return m->k && rule_odds(m, 85) ? RULE_PRINT(m, "%s, k.point", text) : text;
}

/* Two rows of a view meet, of one person or of many. */
static inline void view_shape(struct rule_maker *m, struct random_rule *r, uint16_t table) {
    static const char *const within[] = {"day", "ever", "ever"};
    const char *name = m->model->model.tables[table].name;
    rule_reach(m, name, table);
    switch (sh_rng_below(m->rng, 4)) {
    case 0:
        r->head = RULE_PRINT(m, "each: %s\n", name);
        return;
    case 1:
    case 2:
        m->many = true;
        r->head = RULE_PRINT(m, "each: [%s]\nof: %s\n", view_keys(m), name);
        return;
    default:
        r->head = RULE_PRINT(m, "pair: {a: %s, b: %s}\nin: [%s]\n", name, name, view_keys(m));
        r->limit = RULE_PRINT(m, "within: %s\n", LAKE_PICK(m->rng, within));
        rule_reach(m, "a", table);
        m->n_rows = 1;
        m->rows[m->n_rows++] = (struct reach){"b", table};
    }
}

/* Aggregates of one side of two tables, with a sign between them. */
static inline struct term *two_sided(struct rule_maker *m, const uint16_t *tables, char type) {
    static const char *const signs[] = {"$ > $", "$ >= $", "$ = $", "$ + 1 > $ * 2", "$ < $"};
    static const char *const in_yuan[] = {"$ > $", "$ >= $", "$ = $", "$ + 1 yuan > $ * 2", "$ < $"};
    struct term *sides[2];
    for (size_t s = 0; s < 2; s++) {
        struct rule_maker one = *m;
        one.many = true, one.window = false, one.n_rows = 0;
        one.rows[one.n_rows++] = (struct reach){m->model->model.tables[tables[s]].name, tables[s]};
        sides[s] = aggregate_of(&one, type, 1);
    }
    return term_of(m, 'b', type == 'y' ? LAKE_PICK(m->rng, in_yuan) : LAKE_PICK(m->rng, signs), sides[0],
                   sides[1], NULL);
}

static inline void two_tables(struct rule_maker *m, struct random_rule *r) {
    static const char *const keys[] = {"person, month", "person, day",  "month",       "day",
                                       "person",        "person, year", "institution", "institution, month"};
    static const uint16_t of[] = {SH_TABLE_LINE, SH_TABLE_ENCOUNTER, SH_MODEL_STAY, SH_TABLE_CARE_SERVICE,
                                  SH_TABLE_LINE};
    uint16_t tables[2] = {LAKE_PICK(m->rng, of), LAKE_PICK(m->rng, of)};
    if (tables[0] == tables[1])
        tables[1] = tables[0] == SH_TABLE_LINE ? SH_TABLE_ENCOUNTER : SH_TABLE_LINE;
    rule_reach(m, m->model->model.tables[tables[0]].name, tables[0]);
    r->head = RULE_PRINT(m, "each: [%s]\nof: [%s, %s]\n", LAKE_PICK(m->rng, keys),
                         m->model->model.tables[tables[0]].name, m->model->model.tables[tables[1]].name);
    r->clauses[HIT] = two_sided(m, tables, rule_odds(m, 60) ? 'p' : 'y');
    if (rule_odds(m, 30))
        r->clauses[UNLESS] = two_sided(m, tables, 'p');
    r->amount = "0";
}

/* A statistic says a value and no hit. */
static inline void statistic(struct rule_maker *m, struct random_rule *r) {
    static const uint16_t of[] = {SH_TABLE_LINE, SH_TABLE_LINE, SH_TABLE_ENCOUNTER, SH_MODEL_STAY,
                                  SH_TABLE_SETTLEMENT};
    static const char *const members[] = {"institution, month", "day", "encounter.visit", "person.sex, month",
                                          "encounter.institution_level, encounter.visit"};
    static const char *const peers[] = {"month", "day", "encounter.visit", "person.sex",
                                        "encounter.institution_level"};
    const uint16_t table = LAKE_PICK(m->rng, of);
    const char *name = m->model->model.tables[table].name;
    rule_reach(m, name, table);
    m->many = true;
    const char type = rule_odds(m, 60) ? 'p' : 'y';
    struct term *a = aggregate_of(m, type, 1), *b = aggregate_of(m, type, 1);
    SH_CLEANUP(sh_buf_free) struct sh_buf value = {0};
    term_print(rule_odds(m, 70) ? term_of(m, 'p', "$ / $", a, b, NULL) : a, &value);
    const size_t i = sh_rng_below(m->rng, 5);
    r->head = RULE_PRINT(m, "each: %s\nvalue: \"%.*s\"\nof: [%s]\npeers: [%s]\n", name,
                         SH_ARG(sh_buf_view(&value)), members[i],
                         i == 0   ? "month"
                         : i == 1 ? (rule_odds(m, 50) ? "month" : "year")
                                  : peers[i]);
    r->limit = RULE_PRINT(m, "bound: %s\n", LAKE_PICK(m->rng, rule_bounds));
    r->is_stat = true;
}

static inline void shape_of(struct rule_maker *m, struct random_rule *r) {
    static const uint16_t tables[] = {SH_TABLE_LINE,       SH_TABLE_LINE,      SH_TABLE_LINE,
                                      SH_TABLE_ENCOUNTER,  SH_TABLE_DIAGNOSIS, SH_TABLE_OPERATION,
                                      SH_TABLE_SETTLEMENT, SH_MODEL_STAY};
    static const char *const of_items[] = {"d_limit", "d_allow", "d_forbid", "d_course", "d_limit"};
    const uint16_t table = LAKE_PICK(m->rng, tables);
    const char *name = m->model->model.tables[table].name;
    const unsigned shape = (unsigned)sh_rng_below(m->rng, 10);
    const uint16_t view = rule_odds(m, 20) ? view_table(m, LAKE_PICK(m->rng, view_names)) : UINT16_MAX;
    if (view != UINT16_MAX) {
        view_shape(m, r, view);
        return;
    }
    if (rule_odds(m, 7)) {
        two_tables(m, r);
        return;
    }
    if (rule_odds(m, 7)) {
        statistic(m, r);
        return;
    }
    if (table == SH_TABLE_LINE && rule_odds(m, 65))
        m->k = LAKE_PICK(m->rng, of_items);
    else if ((table == SH_TABLE_ENCOUNTER || table == SH_TABLE_LINE) && rule_odds(m, 25))
        m->k = "d_visit";
    rule_reach(m, name, table);
    if (shape < 4) {
        r->head = RULE_PRINT(m, "each: %s\n", name);
        if (rule_odds(m, 25)) {
            static const char *const rows[] = {"previous(encounter in person)",
                                               "next(stay in person, institution)",
                                               "previous(line in person where quantity > 1)",
                                               "next(line in encounter)", "next(encounter in person)"};
            static const uint16_t of[] = {SH_TABLE_ENCOUNTER, SH_MODEL_STAY, SH_TABLE_LINE, SH_TABLE_LINE,
                                          SH_TABLE_ENCOUNTER};
            const size_t i = sh_rng_below(m->rng, 5);
            r->with = RULE_PRINT(m, "with: {n: \"%s\"}\n", rows[i]);
            m->rows[m->n_rows++] = (struct reach){"n", of[i]};
        }
        return;
    }
    if (shape < 7) {
        m->many = true;
        r->head = RULE_PRINT(m, "each: [%s]\nof: %s\n", rule_keys(m, false), name);
        return;
    }
    if (shape < 8 && (table == SH_TABLE_LINE || table == SH_TABLE_ENCOUNTER || table == SH_MODEL_STAY)) {
        m->many = m->window = true;
        const bool cell = m->k && strcmp(m->k, "d_limit") == 0 && rule_odds(m, 60);
        r->head = RULE_PRINT(m, "each: %s\n", name);
        m->window_keys = rule_keys(m, true);
        r->limit = RULE_PRINT(m, "window: {key: [%s], past: %s}\n", m->window_keys,
                              cell ? "k.past" : LAKE_PICK(m->rng, rule_pasts));
        return;
    }
    m->k = NULL;
    if (table == SH_TABLE_LINE && rule_odds(m, 70))
        m->k = "d_pair";
    if (table != SH_TABLE_LINE && table != SH_TABLE_ENCOUNTER && table != SH_MODEL_STAY) {
        r->head = RULE_PRINT(m, "each: %s\n", name);
        return;
    }
    rule_reach(m, "a", table);
    m->n_rows = 1;
    m->rows[m->n_rows++] = (struct reach){"b", table};
    r->head = RULE_PRINT(m, "pair: {a: %s, b: %s}\nin: [%s]\n", name, name,
                         rule_odds(m, 60) ? "person" : "person, institution");
    r->limit =
        RULE_PRINT(m, "within: %s\n", m->k && rule_odds(m, 70) ? "k.within" : LAKE_PICK(m->rng, rule_within));
}

static inline void amount_of(struct rule_maker *m, struct random_rule *r, bool pair) {
    if (rule_odds(m, 35))
        return;
    if (rule_odds(m, 20)) {
        r->amount = "0";
    } else if (pair && rule_odds(m, 50)) {
        r->amount = "the cheaper";
    } else if (rule_odds(m, 45)) {
        r->amount = "excess";
        const char type = rule_odds(m, 75) ? 'p' : 'y';
        r->clauses[AMOUNT] = rule_number(m, type, 1), r->clauses[AMOUNT_LIMIT] = rule_number(m, type, 1);
    } else if (m->many && !m->window && rule_odds(m, 30)) {
        r->amount = "after";
        r->clauses[AMOUNT_LIMIT] = leaf_of(m, 'D');
    } else {
        r->amount = "";
        r->clauses[AMOUNT] = rule_number(m, 'y', 2);
    }
}

/* A clause anew. Conditions of single rows speak of no aggregate. */
static inline struct term *rule_clause(struct rule_maker *m, enum clause c) {
    struct rule_maker row = *m;
    row.many = row.window = false;
    switch (c) {
    case HIT:
        return rule_condition(m, 2);
    case UNLESS:
    case DOUBT:
        return rule_condition(m, 1);
    case BLAME:
        row.member = true, row.inside = true;
        return rule_condition(&row, 1);
    case WHERE:
    case AMOUNT:
    case AMOUNT_LIMIT:
    case CLAUSES:
        break;
    }
    return rule_condition(&row, 1);
}

static const char *const rule_levels[] = {"certain", "certain", "suspected", "indicator"};

/* The maker says afterwards what the rule's clauses may speak of. */
static inline void rule_make(struct rule_maker *m, struct random_rule *r) {
    *r = (struct random_rule){.uses = "",
                              .with = "",
                              .lines = "",
                              .remind = "",
                              .limit = "",
                              .in_force = "in_force: {from: 2024-02-29, to: 2026-03-02}\n"};
    shape_of(m, r);
    const bool pair = strncmp(r->head, "pair", 4) == 0;
    if (m->k)
        r->uses = RULE_PRINT(m, "uses: {k: %s}\n", m->k);
    if (m->table == SH_TABLE_LINE && rule_odds(m, 40))
        r->lines = "lines: paid\n";
    if (rule_odds(m, 10))
        r->remind = "open: remind\n";
    r->level = r->is_stat ? "indicator" : LAKE_PICK(m->rng, rule_levels);
    if (r->is_stat || r->clauses[HIT]) /* of two tables: said already */
        return;
    r->clauses[HIT] = rule_clause(m, HIT);
    amount_of(m, r, pair);
    if (rule_odds(m, 25))
        r->clauses[UNLESS] = rule_clause(m, UNLESS);
    if (rule_odds(m, 25))
        r->clauses[DOUBT] = rule_clause(m, DOUBT);
    if (rule_odds(m, 35))
        r->clauses[WHERE] = rule_clause(m, WHERE);
    if (m->many && !m->window && rule_odds(m, 25))
        r->clauses[BLAME] = rule_clause(m, BLAME);
}

/* ---- as text
 * ----------------------------------------------------------------------------------------------- */

static inline void clause_print(const struct random_rule *r, enum clause c, struct sh_buf *out) {
    sh_buf_addf(out, "%s: \"", clause_names[c]);
    term_print(r->clauses[c], out);
    sh_buf_add_text(out, "\"\n");
}

static inline void amount_print(const struct random_rule *r, struct sh_buf *out) {
    sh_buf_addf(out, "amount: \"%s", r->amount);
    const bool call = r->clauses[AMOUNT_LIMIT] != NULL;
    sh_buf_add_text(out, call ? "(" : "");
    if (r->clauses[AMOUNT])
        term_print(r->clauses[AMOUNT], out);
    sh_buf_add_text(out, call && r->clauses[AMOUNT] ? ", " : "");
    if (call)
        term_print(r->clauses[AMOUNT_LIMIT], out);
    sh_buf_add_text(out, call ? ")\"\n" : "\"\n");
}

static inline void rule_print(const struct random_rule *r, const char *id, struct sh_buf *out) {
    sh_buf_addf(out,
                "rule: %s\nname: 随机\nlevel: %s\nstate: draft\nstages: [after]\nbasis: [测试]\n"
                "%s%s%s%s%s%s%s",
                id, r->level, r->in_force, r->uses, r->lines, r->remind, r->head, r->limit, r->with);
    for (enum clause c = WHERE; c < CLAUSES; c++)
        if (r->clauses[c] && c != AMOUNT && c != AMOUNT_LIMIT)
            clause_print(r, c, out);
    if (r->amount)
        amount_print(r, out);
    sh_buf_add_text(out, "say: \"随机\"\n");
}
