/* A small lake from a few lines of YAML: facts become rows, rows become sorted columns with dictionaries of
 * the words used. */
#include "audit/memlake.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/money.h"
#include <assert.h>
#include <string.h>

#define COLUMNS_MAX 64

/* One fact. Texts live beside numbers; a missing number is SH_MISSING. */
struct row {
    const struct sh_yaml *node; /* NULL: a row nobody wrote */
    struct sh_str id;
    int32_t person, encounter, settlement; /* numbers in the lists; -1 */
    int64_t *values;                       /* [columns] */
    struct sh_str *texts;                  /* [columns] */
    int32_t position;                      /* from 1 */
};

struct list {
    struct row *rows;
    size_t n;
};

struct words {
    struct sh_str *code, *name, *kind;
    uint32_t n;
    size_t cap;
};

/* Tables whose rows a case may give beside the old ones. */
static const struct {
    enum sh_table table;
    const char *key, *prefix;
} more[] = {
    {SH_TABLE_SETTLEMENT_LIST, "settlement_lists", "SL"},
    {SH_TABLE_CHRONIC_RIGHT, "chronic_rights", "CR"},
    {SH_TABLE_ENROLMENT, "enrolments", "EN"},
    {SH_TABLE_ALLOWANCE, "allowances", "AL"},
    {SH_TABLE_CARE_SERVICE, "care_services", "CS"},
    {SH_TABLE_TRACE_SCAN, "trace_scans", "T"},
    {SH_TABLE_STOCK_MOVE, "stock_moves", "M"},
    {SH_TABLE_INSTITUTION, "institutions", "H"},
    {SH_TABLE_PRACTITIONER, "practitioners", "D"},
    {SH_TABLE_DEPARTMENT, "departments", "K"},
    {SH_TABLE_ITEM, "items", "I"},
};
enum { MORE = sizeof(more) / sizeof(more[0]), LEAD = 3 /* behind bucket, batch, void */ };

struct build {
    const struct sh_yaml *root;
    struct sh_arena *arena;
    struct sh_err *err;
    struct list tables[SH_TABLES];
    struct words words[SH_DICTS];
    struct sh_str first_institution;
    size_t n_persons; /* people but for further sources of one who is there already */
};

static sh_code out_of_room(struct build *b) {
    return sh_fail(b->err, SH_E_NOMEM, "no room for a small lake");
}

static void build_release(struct build *b) {
    for (int d = 0; d < SH_DICTS; d++) {
        sh_free(b->words[d].code);
        sh_free(b->words[d].kind);
        sh_free(b->words[d].name);
    }
}

/* ---- words -------------------------------------------------------------------------------------- */

static struct sh_str item_kind(struct sh_str code) {
    const char c = code.len > 0 ? code.at[0] : ' ';
    return c == 'X' || c == 'Z' ? SH_STR("drug")
           : c == 'T'           ? SH_STR("herb")
           : c == 'C'           ? SH_STR("consumable")
           : c == '0'           ? SH_STR("service")
                                : SH_STR("");
}

static sh_code word_id(struct build *b, enum sh_dict dict, struct sh_str code, int64_t *ret) {
    struct words *w = &b->words[dict];
    *ret = SH_MISSING;
    if (code.len == 0)
        return SH_OK;
    for (uint32_t i = 0; i < w->n; i++)
        if (sh_str_eq(w->code[i], code)) {
            *ret = i;
            return SH_OK;
        }
    size_t cap = w->cap, cap_name = w->cap;
    SH_TRY(sh_grow(&w->code, &cap, w->n + 1, sizeof(*w->code), UINT32_MAX, b->err));
    SH_TRY(sh_grow(&w->name, &cap_name, w->n + 1, sizeof(*w->name), UINT32_MAX, b->err));
    SH_TRY(sh_grow(&w->kind, &w->cap, w->n + 1, sizeof(*w->kind), UINT32_MAX, b->err));
    w->code[w->n] = code;
    w->name[w->n] = dict == SH_DICT_ITEM || dict == SH_DICT_INSTITUTION ? code : (struct sh_str){0};
    w->kind[w->n] = dict == SH_DICT_ITEM ? item_kind(code)
                    : dict == SH_DICT_INSTITUTION
                        ? (code.at[0] == 'P' ? SH_STR("pharmacy") : SH_STR("hospital"))
                        : (struct sh_str){0};
    *ret = w->n++;
    return SH_OK;
}

static int64_t key_of(struct sh_str institution, struct sh_str id) {
    return (int64_t)(sh_hash64(id.at, id.len, sh_hash64(institution.at, institution.len, 7)) >> 1);
}

/* ---- values ------------------------------------------------------------------------------------- */

static sh_code bad(struct build *b, const struct sh_yaml *node, const char *what) {
    return sh_yaml_fail(b->err, node, "'%.*s' is no %s", SH_ARG(node->text), what);
}

static sh_code decimal(struct build *b, const struct sh_yaml *node, int scale, int64_t *ret) {
    return sh_decimal_scan(node->text.at, node->text.len, scale, ret) == SH_DECIMAL_OK
               ? SH_OK
               : bad(b, node, "number of this form");
}

static sh_code level_value(struct build *b, const struct sh_yaml *node, const char *domain, int64_t *ret) {
    const char *const *words = sh_level_words(domain);
    for (int64_t i = 0; words && words[i]; i++)
        if (sh_str_is(node->text, words[i])) {
            *ret = i;
            return SH_OK;
        }
    return bad(b, node, "word of this list");
}

static sh_code read_value(struct build *b, const struct sh_lake_column *column, const struct sh_yaml *node,
                          struct row *row, size_t c) {
    int64_t *ret = &row->values[c];
    int32_t day;
    row->texts[c] = node->text;
    *ret = SH_MISSING;
    if (node->text.len == 0)
        return SH_OK;
    switch (column->type) {
    case SH_COLUMN_CODE:
        return word_id(b, column->dict, node->text, ret);
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        return SH_OK;
    case SH_COLUMN_KEY:
        *ret = key_of((struct sh_str){0}, node->text);
        return SH_OK;
    case SH_COLUMN_MONEY:
        return decimal(b, node, 2, ret);
    case SH_COLUMN_PRICE:
        return decimal(b, node, 6, ret);
    case SH_COLUMN_QTY:
    case SH_COLUMN_RATIO:
        return decimal(b, node, 4, ret);
    case SH_COLUMN_INT:
    case SH_COLUMN_FLAG:
        return decimal(b, node, 0, ret);
    case SH_COLUMN_LEVEL:
        return level_value(b, node, column->domain, ret);
    case SH_COLUMN_DATE:
        if (sh_date_scan(node->text.at, node->text.len, &day) != SH_DATE_OK)
            return bad(b, node, "date");
        *ret = day;
        return SH_OK;
    case SH_COLUMN_TIME:
        return sh_time_scan(node->text.at, node->text.len, ret) == SH_DATE_OK ? SH_OK : bad(b, node, "time");
    }
    return SH_OK;
}

static int64_t *value_at(struct row *row, enum sh_table t, const char *name) {
    const int c = sh_lake_column(t, name);
    assert(c >= 0);
    return &row->values[c];
}

static bool is_written(const struct row *row, const char *key) {
    return row->node && sh_yaml_get(row->node, key);
}

/* A number unless the case wrote one. */
static void otherwise(struct row *row, enum sh_table t, const char *name, int64_t value) {
    if (!is_written(row, name))
        *value_at(row, t, name) = value;
}

static sh_code otherwise_word(struct build *b, struct row *row, enum sh_table t, const char *name,
                              struct sh_str word) {
    const int c = sh_lake_column(t, name);
    if (is_written(row, name))
        return SH_OK;
    row->texts[c] = word;
    return word_id(b, sh_lake_schema[t].columns[c].dict, word, &row->values[c]);
}

/* ---- rows --------------------------------------------------------------------------------------- */

static sh_code read_row(struct build *b, enum sh_table t, const struct sh_yaml *node, size_t position,
                        const char *prefix, struct row *row) {
    const struct sh_lake_table *table = &sh_lake_schema[t];
    row->node = node;
    row->position = (int32_t)position + 1;
    row->person = row->encounter = row->settlement = -1;
    row->values = sh_new(b->arena, int64_t, COLUMNS_MAX);
    row->texts = sh_new(b->arena, struct sh_str, COLUMNS_MAX);
    size_t len;
    const char *id = sh_arena_printf(b->arena, &len, "%s%zu", prefix, position + 1);
    if (!row->values || !row->texts || !id)
        return out_of_room(b);
    row->id = (struct sh_str){id, len};
    for (uint16_t c = 0; c < table->n_columns; c++) {
        row->values[c] = SH_MISSING;
        const struct sh_yaml *value = node ? sh_yaml_get(node, table->columns[c].name) : NULL;
        const bool is_person = strcmp(table->columns[c].name, "person") == 0;
        if (value && !is_person)
            SH_TRY(read_value(b, &table->columns[c], value, row, c));
    }
    if (node && sh_yaml_text(node, "id").len > 0)
        row->id = sh_yaml_text(node, "id");
    const int c_id = sh_lake_column(t, "id");
    if (c_id >= 0)
        row->texts[c_id] = row->id;
    return SH_OK;
}

static sh_code read_list(struct build *b, enum sh_table t, const char *key, const char *prefix) {
    const struct sh_yaml *list = sh_yaml_get(b->root, key);
    const size_t n = list ? list->n : 0;
    b->tables[t].rows = sh_new(b->arena, struct row, n + 1);
    if (!b->tables[t].rows)
        return out_of_room(b);
    for (size_t i = 0; i < n; i++)
        SH_TRY(read_row(b, t, list->items[i], i, prefix, &b->tables[t].rows[i]));
    b->tables[t].n = n;
    return SH_OK;
}

static sh_code find_row(struct build *b, enum sh_table t, const struct row *from, const char *key,
                        int32_t *ret) {
    const struct list *list = &b->tables[t];
    *ret = list->n > 0 ? 0 : -1;
    const struct sh_yaml *named = from->node ? sh_yaml_get(from->node, key) : NULL;
    if (!named)
        return SH_OK;
    *ret = -1;
    if (named->text.len == 0)
        return SH_OK;
    for (size_t i = 0; i < list->n; i++)
        if (sh_str_eq(list->rows[i].id, named->text)) {
            *ret = (int32_t)i;
            return SH_OK;
        }
    return sh_yaml_fail(b->err, named, "no %s has the id '%.*s'", key, SH_ARG(named->text));
}

/* ---- defaults ----------------------------------------------------------------------------------- */

/* People are numbered as they come; an id said again is another source's row of the same person. */
static sh_code number_persons(struct build *b) {
    const struct list *list = &b->tables[SH_TABLE_PERSON];
    for (size_t i = 0; i < list->n; i++) {
        size_t first = 0;
        while (!sh_str_eq(list->rows[first].id, list->rows[i].id))
            first++;
        if (first == i && b->n_persons < i)
            return sh_yaml_fail(b->err, list->rows[i].node, "rows that say an id again come last");
        b->n_persons += first == i;
        list->rows[i].person = (int32_t)first;
    }
    return SH_OK;
}

static sh_code read_persons(struct build *b) {
    SH_TRY(read_list(b, SH_TABLE_PERSON, "people", "P"));
    struct list *list = &b->tables[SH_TABLE_PERSON];
    if (list->n > 0)
        return number_persons(b);
    list->n = 1;
    SH_TRY(read_row(b, SH_TABLE_PERSON, sh_yaml_get(b->root, "person"), 0, "P", &list->rows[0]));
    return number_persons(b);
}

/* The first of a case's institutions is where things happen unless they say otherwise. */
static sh_code read_institutions(struct build *b) {
    const struct sh_yaml *list = sh_yaml_get(b->root, "institutions");
    int64_t id;
    b->first_institution = SH_STR("H1");
    if (list && list->n > 0)
        b->first_institution = sh_yaml_text(list->items[0], "code");
    return word_id(b, SH_DICT_INSTITUTION, b->first_institution, &id);
}

static sh_code fill_encounter(struct build *b, struct row *e, int32_t number) {
    const enum sh_table T = SH_TABLE_ENCOUNTER;
    SH_TRY(find_row(b, SH_TABLE_PERSON, e, "person", &e->person));
    SH_TRY(otherwise_word(b, e, T, "institution", b->first_institution));
    const bool stays =
        sh_str_is(e->texts[sh_lake_column(T, "visit")], "住院") || *value_at(e, T, "inpatient") == 1;
    SH_TRY(otherwise_word(b, e, T, "insurance", SH_STR("310")));
    SH_TRY(otherwise_word(b, e, T, "kind", stays ? SH_STR("21") : SH_STR("11")));
    SH_TRY(otherwise_word(b, e, T, "visit", stays ? SH_STR("住院") : SH_STR("门诊")));
    otherwise(e, T, "inpatient", stays);
    otherwise(e, T, "institution_level", 3);
    *value_at(e, T, "encounter_key") = key_of(e->texts[sh_lake_column(T, "institution")], e->id);
    int64_t first = SH_MISSING, last = SH_MISSING;
    for (size_t i = 0; i < b->tables[SH_TABLE_LINE].n; i++) {
        struct row *line = &b->tables[SH_TABLE_LINE].rows[i];
        const int64_t time = *value_at(line, SH_TABLE_LINE, "time");
        if (line->encounter != number || time == SH_MISSING)
            continue;
        first = first == SH_MISSING || time < first ? time : first;
        last = last == SH_MISSING || time > last ? time : last;
    }
    otherwise(e, T, "from", first);
    otherwise(e, T, "to", last);
    return SH_OK;
}

static sh_code fill_settlement(struct build *b, struct row *s) {
    const enum sh_table T = SH_TABLE_SETTLEMENT;
    SH_TRY(find_row(b, SH_TABLE_ENCOUNTER, s, "encounter", &s->encounter));
    struct row *e = s->encounter >= 0 ? &b->tables[SH_TABLE_ENCOUNTER].rows[s->encounter] : NULL;
    s->person = e ? e->person : 0;
    SH_TRY(otherwise_word(b, s, T, "institution",
                          e ? e->texts[sh_lake_column(SH_TABLE_ENCOUNTER, "institution")]
                            : b->first_institution));
    SH_TRY(otherwise_word(b, s, T, "insurance",
                          e ? e->texts[sh_lake_column(SH_TABLE_ENCOUNTER, "insurance")] : SH_STR("310")));
    SH_TRY(otherwise_word(b, s, T, "payment_mode", SH_STR("01")));
    const struct sh_str institution = s->texts[sh_lake_column(T, "institution")];
    *value_at(s, T, "settlement_key") = key_of(institution, s->id);
    *value_at(s, T, "encounter_key") = e ? *value_at(e, SH_TABLE_ENCOUNTER, "encounter_key") : SH_MISSING;
    const struct sh_yaml *first = s->node ? sh_yaml_get(s->node, "refund_of") : NULL;
    if (first && first->text.len > 0)
        *value_at(s, T, "refund_of") = key_of(institution, first->text);
    otherwise(s, T, "time", e ? *value_at(e, SH_TABLE_ENCOUNTER, "to") : SH_MISSING);
    return SH_OK;
}

/* Diagnoses and operations. The first diagnosis of an encounter is the main one. */
static sh_code fill_listed(struct build *b, enum sh_table t, struct row *r, bool is_first) {
    SH_TRY(find_row(b, SH_TABLE_ENCOUNTER, r, "encounter", &r->encounter));
    struct row *e = r->encounter >= 0 ? &b->tables[SH_TABLE_ENCOUNTER].rows[r->encounter] : NULL;
    r->person = e ? e->person : 0;
    *value_at(r, t, "encounter_key") = e ? *value_at(e, SH_TABLE_ENCOUNTER, "encounter_key") : SH_MISSING;
    otherwise(r, t, "main", is_first);
    if (t != SH_TABLE_DIAGNOSIS)
        return SH_OK;
    SH_TRY(otherwise_word(b, r, t, "kind", SH_STR("1")));
    if (is_first && e)
        SH_TRY(
            otherwise_word(b, e, SH_TABLE_ENCOUNTER, "main_diagnosis", r->texts[sh_lake_column(t, "code")]));
    return SH_OK;
}

static void fill_prices(struct row *l) {
    const enum sh_table T = SH_TABLE_LINE;
    otherwise(l, T, "quantity", 10000);
    if (!is_written(l, "amount"))
        *value_at(l, T, "amount") = *value_at(l, T, "covered");
    if (!is_written(l, "covered"))
        *value_at(l, T, "covered") = *value_at(l, T, "amount");
    const int64_t amount = *value_at(l, T, "amount"), quantity = *value_at(l, T, "quantity");
    int64_t price = SH_MISSING;
    if (amount != SH_MISSING && quantity != SH_MISSING && quantity != 0)
        (void)!sh_div_round((sh_i128)amount * 10000 * 10000, quantity, &price);
    otherwise(l, T, "unit_price", price);
    otherwise(l, T, "charged_quantity", quantity);
    otherwise(l, T, "charged_amount", amount);
    otherwise(l, T, "charged_covered", *value_at(l, T, "covered"));
    otherwise(l, T, "time_exact", 1);
}

static sh_code fill_line(struct build *b, struct row *l) {
    const enum sh_table T = SH_TABLE_LINE;
    struct row *e = l->encounter >= 0 ? &b->tables[SH_TABLE_ENCOUNTER].rows[l->encounter] : NULL;
    l->person = e ? e->person : 0;
    SH_TRY(otherwise_word(b, l, T, "institution",
                          e ? e->texts[sh_lake_column(SH_TABLE_ENCOUNTER, "institution")]
                            : b->first_institution));
    SH_TRY(find_row(b, SH_TABLE_SETTLEMENT, l, "settlement", &l->settlement));
    *value_at(l, T, "encounter_key") = e ? *value_at(e, SH_TABLE_ENCOUNTER, "encounter_key") : SH_MISSING;
    *value_at(l, T, "settlement_key") = l->settlement >= 0
                                            ? *value_at(&b->tables[SH_TABLE_SETTLEMENT].rows[l->settlement],
                                                        SH_TABLE_SETTLEMENT, "settlement_key")
                                            : SH_MISSING;
    fill_prices(l);
    return SH_OK;
}

/* Encounter, settlement, line and person of a row, as far as its table knows them; the institution. */
static sh_code fill_links(struct build *b, enum sh_table t, struct row *r) {
    int32_t line = -1;
    r->encounter = r->settlement = -1;
    if (is_written(r, "line") && t == SH_TABLE_TRACE_SCAN) {
        SH_TRY(find_row(b, SH_TABLE_LINE, r, "line", &line));
        if (line >= 0) {
            struct row *l = &b->tables[SH_TABLE_LINE].rows[line];
            r->texts[sh_lake_column(t, "line_id")] = l->id;
            otherwise(r, t, "item", *value_at(l, SH_TABLE_LINE, "item"));
            r->settlement = l->settlement, r->encounter = l->encounter;
        }
    }
    if (is_written(r, "settlement"))
        SH_TRY(find_row(b, SH_TABLE_SETTLEMENT, r, "settlement", &r->settlement));
    if (r->settlement >= 0 && r->encounter < 0)
        r->encounter = b->tables[SH_TABLE_SETTLEMENT].rows[r->settlement].encounter;
    if (r->encounter < 0 && sh_lake_column(t, "encounter_key") >= 0)
        SH_TRY(find_row(b, SH_TABLE_ENCOUNTER, r, "encounter", &r->encounter));
    struct row *e = r->encounter >= 0 ? &b->tables[SH_TABLE_ENCOUNTER].rows[r->encounter] : NULL;
    if (e && sh_lake_column(t, "encounter_key") >= 0)
        *value_at(r, t, "encounter_key") = *value_at(e, SH_TABLE_ENCOUNTER, "encounter_key");
    if (r->settlement >= 0 && sh_lake_column(t, "settlement_key") >= 0)
        *value_at(r, t, "settlement_key") = *value_at(&b->tables[SH_TABLE_SETTLEMENT].rows[r->settlement],
                                                      SH_TABLE_SETTLEMENT, "settlement_key");
    r->person = e ? e->person : 0;
    if (is_written(r, "person"))
        SH_TRY(find_row(b, SH_TABLE_PERSON, r, "person", &r->person));
    if (sh_lake_column(t, "institution") < 0)
        return SH_OK;
    return otherwise_word(b, r, t, "institution",
                          e ? e->texts[sh_lake_column(SH_TABLE_ENCOUNTER, "institution")]
                            : b->first_institution);
}

static sh_code fill_more(struct build *b, enum sh_table t, struct row *r) {
    if (sh_table_is_dimension(t))
        return SH_OK;
    SH_TRY(fill_links(b, t, r));
    if (sh_lake_column(t, "time_exact") >= 0)
        otherwise(r, t, "time_exact", 1);
    if (t == SH_TABLE_TRACE_SCAN) {
        SH_TRY(otherwise_word(b, r, t, "kind", SH_STR("销售")));
        otherwise(r, t, "quantity", 10000);
    }
    struct row *e = r->encounter >= 0 ? &b->tables[SH_TABLE_ENCOUNTER].rows[r->encounter] : NULL;
    if (t == SH_TABLE_SETTLEMENT_LIST && e) {
        otherwise(r, t, "from", *value_at(e, SH_TABLE_ENCOUNTER, "from"));
        otherwise(r, t, "to", *value_at(e, SH_TABLE_ENCOUNTER, "to"));
    }
    return SH_OK;
}

/* What a dimension's row says of the dictionary's entry: code, name, kind. */
static sh_code read_entry(struct build *b, enum sh_table t, struct row *r) {
    const enum sh_dict dict = sh_table_lead(t);
    const struct sh_str code = sh_yaml_text(r->node, "code"), name = sh_yaml_text(r->node, "name"),
                        kind = sh_yaml_text(r->node, "kind");
    int64_t id;
    if (code.len == 0)
        return sh_yaml_fail(b->err, r->node, "the row needs its code");
    SH_TRY(word_id(b, dict, code, &id));
    if (kind.len > 0 && sh_lake_column(t, "kind") < 0)
        b->words[dict].kind[id] = kind;
    if (name.len > 0)
        b->words[dict].name[id] = name;
    r->values[LEAD] = id;
    return SH_OK;
}

static sh_code read_more(struct build *b) {
    for (int m = 0; m < MORE; m++) {
        SH_TRY(read_list(b, more[m].table, more[m].key, more[m].prefix));
        for (size_t i = 0; sh_table_is_dimension(more[m].table) && i < b->tables[more[m].table].n; i++)
            SH_TRY(read_entry(b, more[m].table, &b->tables[more[m].table].rows[i]));
    }
    return SH_OK;
}

static sh_code fill_all(struct build *b) {
    struct list *encounters = &b->tables[SH_TABLE_ENCOUNTER];
    if (encounters->n == 0) {
        SH_TRY(read_row(b, SH_TABLE_ENCOUNTER, NULL, 0, "E", &encounters->rows[0]));
        encounters->n = 1;
    }
    for (size_t i = 0; i < b->tables[SH_TABLE_LINE].n; i++)
        SH_TRY(find_row(b, SH_TABLE_ENCOUNTER, &b->tables[SH_TABLE_LINE].rows[i], "encounter",
                        &b->tables[SH_TABLE_LINE].rows[i].encounter));
    for (size_t i = 0; i < encounters->n; i++)
        SH_TRY(fill_encounter(b, &encounters->rows[i], (int32_t)i));
    for (size_t i = 0; i < b->tables[SH_TABLE_SETTLEMENT].n; i++)
        SH_TRY(fill_settlement(b, &b->tables[SH_TABLE_SETTLEMENT].rows[i]));
    static const enum sh_table listed[] = {SH_TABLE_DIAGNOSIS, SH_TABLE_OPERATION};
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < b->tables[listed[l]].n; i++) {
            struct row *rows = b->tables[listed[l]].rows;
            bool is_first = true;
            int32_t encounter;
            SH_TRY(find_row(b, SH_TABLE_ENCOUNTER, &rows[i], "encounter", &encounter));
            for (size_t j = 0; j < i; j++)
                is_first &= rows[j].encounter != encounter;
            SH_TRY(fill_listed(b, listed[l], &rows[i], is_first));
        }
    for (size_t i = 0; i < b->tables[SH_TABLE_LINE].n; i++)
        SH_TRY(fill_line(b, &b->tables[SH_TABLE_LINE].rows[i]));
    for (int m = 0; m < MORE; m++)
        for (size_t i = 0; i < b->tables[more[m].table].n; i++)
            SH_TRY(fill_more(b, more[m].table, &b->tables[more[m].table].rows[i]));
    return SH_OK;
}

/* ---- columns ------------------------------------------------------------------------------------ */

struct order {
    int32_t person;
    int64_t time;
    struct sh_str id;
    const struct row *row;
};

static int compare(const void *a, const void *b) {
    const struct order *x = a, *y = b;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return sh_str_cmp(x->id, y->id);
}

static int64_t time_of(struct row *row, enum sh_table t) {
    static const char *const times[] = {"from", "time", "day", "valid_from"};
    if (t == SH_TABLE_DIAGNOSIS || t == SH_TABLE_PERSON)
        return 0;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (sh_lake_column(t, times[i]) >= 0)
            return *value_at(row, t, times[i]);
    return 0;
}

static int8_t narrow_to_i8(int64_t value) {
    return value == SH_MISSING ? SH_MISSING_I8 : (int8_t)value;
}
static int32_t narrow_to_i32(int64_t value) {
    return value == SH_MISSING ? SH_MISSING_I32 : (int32_t)value;
}

static sh_code make_column(struct build *b, const struct sh_lake_column *column, int c,
                           const struct order *rows, size_t n, const void **ret) {
    const bool wide = column->type == SH_COLUMN_KEY || column->type == SH_COLUMN_MONEY ||
                      column->type == SH_COLUMN_PRICE || column->type == SH_COLUMN_QTY ||
                      column->type == SH_COLUMN_TIME;
    const bool text = column->type == SH_COLUMN_ID || column->type == SH_COLUMN_TEXT;
    const bool tiny = column->type == SH_COLUMN_FLAG || column->type == SH_COLUMN_LEVEL;
    int64_t *w = wide ? sh_new(b->arena, int64_t, n + 1) : NULL;
    struct sh_str *s = text ? sh_new(b->arena, struct sh_str, n + 1) : NULL;
    int8_t *f = tiny ? sh_new(b->arena, int8_t, n + 1) : NULL;
    int32_t *d = wide || text || tiny ? NULL : sh_new(b->arena, int32_t, n + 1);
    if (!w && !s && !f && !d)
        return out_of_room(b);
    for (size_t i = 0; w && i < n; i++)
        w[i] = rows[i].row->values[c];
    for (size_t i = 0; s && i < n; i++)
        s[i] = rows[i].row->texts[c];
    for (size_t i = 0; f && i < n; i++)
        f[i] = narrow_to_i8(rows[i].row->values[c]);
    for (size_t i = 0; d && i < n; i++)
        d[i] = narrow_to_i32(rows[i].row->values[c]);
    *ret = w ? (const void *)w : s ? (const void *)s : f ? (const void *)f : (const void *)d;
    return SH_OK;
}

/* Rows in the order of (lead, time, id), and the columns made of them. lead: number of a person, or an id. */
static sh_code make_columns(struct build *b, enum sh_table t, struct order **ret_order, const void ***ret) {
    const size_t n = b->tables[t].n;
    struct order *order = sh_new(b->arena, struct order, n + 1);
    const void **columns = sh_new(b->arena, const void *, COLUMNS_MAX);
    if (!order || !columns)
        return out_of_room(b);
    for (size_t i = 0; i < n; i++) {
        struct row *row = &b->tables[t].rows[i];
        if (sh_table_lead(t) == SH_DICT_PERSON)
            row->values[LEAD] = row->person;
        order[i] = (struct order){(int32_t)row->values[LEAD], time_of(row, t), row->id, row};
    }
    qsort(order, n, sizeof(*order), compare);
    for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++)
        SH_TRY(make_column(b, &sh_lake_schema[t].columns[c], c, order, n, &columns[c]));
    *ret_order = order;
    *ret = columns;
    return SH_OK;
}

static sh_code make_table(struct build *b, enum sh_table t, size_t n_leads, struct sh_chunk *chunk,
                          int32_t **ret_positions) {
    const size_t n = b->tables[t].n;
    struct order *order;
    const void **columns;
    uint32_t *begin = sh_new(b->arena, uint32_t, n_leads + 1);
    if (!begin)
        return out_of_room(b);
    SH_TRY(make_columns(b, t, &order, &columns));
    for (size_t p = 0, i = 0; p <= n_leads; p++) {
        while (i < n && order[i].person < (int32_t)p)
            i++;
        begin[p] = (uint32_t)i;
    }
    if (ret_positions) {
        *ret_positions = sh_new(b->arena, int32_t, n + 1);
        if (!*ret_positions)
            return out_of_room(b);
        for (size_t i = 0; i < n; i++)
            (*ret_positions)[i] = order[i].row->position;
    }
    chunk->tables[t].n_rows = (uint32_t)n;
    chunk->tables[t].columns = columns;
    chunk->tables[t].person_begin = begin;
    return SH_OK;
}

/* Leads 0 … n − 1 of a chunk, and its tables. */
static sh_code make_chunk(struct build *b, enum sh_dict lead, size_t n, struct sh_memlake *lake,
                          struct sh_chunk *ret) {
    int32_t *leads = sh_new(b->arena, int32_t, n + 1);
    if (!leads)
        return out_of_room(b);
    for (size_t i = 0; i < n; i++)
        leads[i] = (int32_t)i;
    ret->n_persons = (uint32_t)n;
    ret->persons = leads;
    for (enum sh_table t = 0; t < SH_TABLES; t++)
        if (t != SH_TABLE_NETTING && !sh_table_is_dimension(t) && sh_table_lead(t) == lead)
            SH_TRY(make_table(b, t, n, ret, t == SH_TABLE_LINE ? &lake->line_of_row : NULL));
    return SH_OK;
}

/* Facts of dimensions, all at once: a case is small. */
static sh_code make_facts(struct build *b, struct sh_facts *ret) {
    for (enum sh_table t = SH_TABLE_INSTITUTION; t < SH_TABLES; t++) {
        struct order *order;
        const void **columns;
        struct sh_facts *facts = &ret[t - SH_TABLE_INSTITUTION];
        SH_TRY(sh_facts_make(t, b->words[sh_table_lead(t)].n, b->arena, facts, b->err));
        SH_TRY(make_columns(b, t, &order, &columns));
        SH_TRY(sh_facts_merge(facts, t, columns, (uint32_t)b->tables[t].n, b->err));
    }
    return SH_OK;
}

static sh_code case_facts(void *ctx, enum sh_table table, struct sh_arena *arena, struct sh_facts *ret,
                          struct sh_err *err) {
    (void)arena, (void)err;
    *ret = ((const struct sh_facts *)ctx)[table - SH_TABLE_INSTITUTION];
    return SH_OK;
}

static sh_code make_dicts(struct build *b, struct sh_memlake *ret) {
    int64_t id;
    for (size_t i = 0; i < b->tables[SH_TABLE_PERSON].n; i++)
        SH_TRY(word_id(b, SH_DICT_PERSON, b->tables[SH_TABLE_PERSON].rows[i].id, &id));
    for (int d = 0; d < SH_DICTS; d++) {
        const struct words *w = &b->words[d];
        struct sh_dict_view *view = sh_new(b->arena, struct sh_dict_view, 1);
        struct sh_str *texts = sh_new(b->arena, struct sh_str, (size_t)w->n * 3 + 1);
        if (!view || !texts)
            return out_of_room(b);
        if (w->n > 0) {
            memcpy(texts, w->code, w->n * sizeof(*texts));
            memcpy(texts + w->n, w->name, w->n * sizeof(*texts));
            memcpy(texts + 2 * (size_t)w->n, w->kind, w->n * sizeof(*texts));
        }
        *view = (struct sh_dict_view){
            .n = w->n, .code = texts, .name = texts + w->n, .kind = texts + 2 * (size_t)w->n};
        ret->dicts.views[d] = view;
    }
    struct sh_stems *stems = sh_new(b->arena, struct sh_stems, 1);
    struct sh_facts *facts = sh_new(b->arena, struct sh_facts, SH_TABLES - SH_TABLE_INSTITUTION);
    if (!stems || !facts)
        return out_of_room(b);
    SH_TRY(sh_item_stems(ret->dicts.views[SH_DICT_ITEM], b->arena, stems, b->err));
    SH_TRY(make_facts(b, facts));
    ret->dicts.views[SH_DICT_STEM] = &stems->view;
    ret->dicts.stems = stems;
    ret->dicts.facts = case_facts;
    ret->dicts.ctx = facts;
    return SH_OK;
}

static sh_code read_complete(struct build *b, struct sh_memlake *ret) {
    const struct sh_yaml *list = sh_yaml_get(b->root, "complete");
    if (!list)
        return SH_OK;
    ret->incomplete = (1u << SH_TABLES) - 1;
    for (size_t i = 0; i < list->n; i++) {
        bool found = false;
        for (unsigned t = 0; t < SH_TABLES; t++)
            if (sh_str_is(list->items[i]->text, sh_lake_schema[t].name))
                ret->incomplete &= ~(1u << t), found = true;
        if (!found)
            return bad(b, list->items[i], "table of the lake");
    }
    return SH_OK;
}

sh_code sh_memlake_build(const struct sh_yaml *node, struct sh_arena *arena, struct sh_memlake *ret,
                         struct sh_err *err) {
    assert(arena && ret);
    struct sh_err local;
    SH_CLEANUP(build_release) struct build b = {.root = node, .arena = arena, .err = err ? err : &local};
    *ret = (struct sh_memlake){0};
    SH_TRY(read_persons(&b));
    SH_TRY(read_institutions(&b));
    SH_TRY(read_list(&b, SH_TABLE_ENCOUNTER, "encounters", "E"));
    SH_TRY(read_list(&b, SH_TABLE_SETTLEMENT, "settlements", "S"));
    SH_TRY(read_list(&b, SH_TABLE_DIAGNOSIS, "diagnoses", "D"));
    SH_TRY(read_list(&b, SH_TABLE_OPERATION, "operations", "O"));
    SH_TRY(read_list(&b, SH_TABLE_LINE, "lines", "L"));
    SH_TRY(read_more(&b));
    SH_TRY(fill_all(&b));
    SH_TRY(make_dicts(&b, ret));
    SH_TRY(make_chunk(&b, SH_DICT_PERSON, b.n_persons, ret, &ret->chunk));
    SH_TRY(make_chunk(&b, SH_DICT_INSTITUTION, b.words[SH_DICT_INSTITUTION].n, ret, &ret->institutions));
    return read_complete(&b, ret);
}
