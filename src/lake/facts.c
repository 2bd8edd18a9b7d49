/* Dimensions: facts about what dictionaries name, merged to one row a code; and the stems of item codes. */
#include "base/mem.h"
#include "lake/opened.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the facts of a dimension");
}

/* ---- merging: rows of one code ---------------------------------------------------------------- */

/* Columns whose values of several rows join to one window. */
static const char *const windows[][2] = {
    {"valid_from", "valid_to"}, {"designated_from", "designated_to"}, {"qualified_from", "qualified_to"}};
enum { WINDOWS = sizeof(windows) / sizeof(windows[0]) };

struct window {
    int32_t from, to; /* half-open; INT32_MAX: no end */
};

static int by_from(const void *a, const void *b) {
    const struct window *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

/* Renewals join; a gap between windows makes both ends missing: one window cannot say it. */
static struct window join(struct window *list, size_t n) {
    static const struct window unknown = {SH_MISSING_I32, INT32_MAX};
    if (n == 0)
        return unknown;
    qsort(list, n, sizeof(*list), by_from);
    struct window all = list[0];
    for (size_t i = 1; i < n; i++) {
        if (list[i].from > all.to)
            return unknown;
        all.to = list[i].to > all.to ? list[i].to : all.to;
    }
    return all;
}

struct rows {
    enum sh_table table;
    const void *const *columns;
    const int8_t *dead;
    uint32_t from, to; /* of one code */
};

static int64_t value_at(const struct rows *r, int c, uint32_t row) {
    switch (sh_physical_of(sh_lake_schema[r->table].columns[c].type)) {
    case SH_P8: {
        const int8_t v = ((const int8_t *)r->columns[c])[row];
        return v == SH_MISSING_I8 ? SH_MISSING : v;
    }
    case SH_P32: {
        const int32_t v = ((const int32_t *)r->columns[c])[row];
        return v == SH_MISSING_I32 ? SH_MISSING : v;
    }
    case SH_P64:
        return ((const int64_t *)r->columns[c])[row];
    case SH_PSTR:
    default:
        return SH_MISSING;
    }
}

static bool is_dead(const struct rows *r, uint32_t row) {
    return r->dead && r->dead[row] == 1;
}

/* What all rows that say something say; missing where they differ. */
static int64_t agreed(const struct rows *r, int c) {
    int64_t value = SH_MISSING;
    for (uint32_t i = r->from; i < r->to; i++) {
        const int64_t v = is_dead(r, i) ? SH_MISSING : value_at(r, c, i);
        if (v == SH_MISSING || v == value)
            continue;
        if (value != SH_MISSING)
            return SH_MISSING;
        value = v;
    }
    return value;
}

static void put(void *column, sh_physical physical, uint32_t at, int64_t v) {
    if (physical == SH_P8)
        ((int8_t *)column)[at] = v == SH_MISSING ? SH_MISSING_I8 : (int8_t)v;
    else if (physical == SH_P32)
        ((int32_t *)column)[at] = v == SH_MISSING ? SH_MISSING_I32 : (int32_t)v;
    else
        ((int64_t *)column)[at] = v;
}

static sh_code merge_window(const struct rows *r, int c_from, int c_to, struct window *list,
                            int32_t *ret_from, int32_t *ret_to) {
    size_t n = 0;
    for (uint32_t i = r->from; i < r->to; i++) {
        const int64_t from = is_dead(r, i) ? SH_MISSING : value_at(r, c_from, i), to = value_at(r, c_to, i);
        if (from != SH_MISSING)
            list[n++] = (struct window){(int32_t)from, to == SH_MISSING ? INT32_MAX : (int32_t)to};
    }
    const struct window all = join(list, n);
    *ret_from = all.from;
    *ret_to = all.to == INT32_MAX ? SH_MISSING_I32 : all.to;
    return SH_OK;
}

static bool in_window(enum sh_table table, int c) {
    for (int w = 0; w < WINDOWS; w++)
        for (int k = 0; k < 2; k++)
            if (strcmp(sh_lake_schema[table].columns[c].name, windows[w][k]) == 0)
                return true;
    return false;
}

static sh_code facts_room(enum sh_table table, uint32_t n, struct sh_arena *arena, struct sh_facts *ret,
                          struct sh_err *err) {
    const struct sh_lake_table *t = &sh_lake_schema[table];
    ret->n = n;
    ret->columns = sh_new(arena, void *, t->n_columns);
    if (!ret->columns)
        return out_of_room(err);
    for (int c = 0; c < t->n_columns; c++) {
        const sh_physical physical = sh_physical_of(t->columns[c].type);
        ret->columns[c] = sh_arena_alloc_array(arena, (size_t)n + 1, sh_physical_size(physical), 8);
        if (!ret->columns[c])
            return out_of_room(err);
        for (uint32_t i = 0; i < n; i++)
            put(ret->columns[c], physical, i, SH_MISSING);
    }
    return SH_OK;
}

sh_code sh_facts_make(enum sh_table table, uint32_t n, struct sh_arena *arena, struct sh_facts *ret,
                      struct sh_err *err) {
    assert(sh_table_is_dimension(table) && arena && ret);
    *ret = (struct sh_facts){0};
    return facts_room(table, n, arena, ret, err);
}

sh_code sh_facts_merge(struct sh_facts *facts, enum sh_table table, const void *const *columns,
                       uint32_t n_rows, struct sh_err *err) {
    const struct sh_lake_table *t = &sh_lake_schema[table];
    const int32_t *lead = columns[SH_C_LEAD];
    SH_CLEANUP(sh_free_at) struct window *list = sh_alloc_array((size_t)n_rows + 1, sizeof(*list));
    if (!list)
        return out_of_room(err);
    struct rows r = {.table = table, .columns = columns, .dead = columns[SH_C_VOID]};
    for (r.from = 0; r.from < n_rows; r.from = r.to) {
        const int32_t id = lead[r.from];
        for (r.to = r.from; r.to < n_rows && lead[r.to] == id;)
            r.to++;
        if (id < 0 || (uint32_t)id >= facts->n)
            continue;
        for (int c = SH_C_LEAD + 1; c < t->n_columns; c++)
            if (!in_window(table, c))
                put(facts->columns[c], sh_physical_of(t->columns[c].type), (uint32_t)id, agreed(&r, c));
        for (int w = 0; w < WINDOWS; w++) {
            const int from = sh_lake_column(table, windows[w][0]), to = sh_lake_column(table, windows[w][1]);
            if (from >= 0)
                SH_TRY(merge_window(&r, from, to, list, &((int32_t *)facts->columns[from])[id],
                                    &((int32_t *)facts->columns[to])[id]));
        }
    }
    return SH_OK;
}

sh_code sh_lake_facts(struct sh_lake *lake, enum sh_table table, int32_t as_known, struct sh_arena *arena,
                      struct sh_facts *ret, struct sh_err *err) {
    assert(lake && arena && ret && sh_table_is_dimension(table));
    const struct sh_dict_view *dict;
    struct sh_selection what = {0};
    struct sh_reader *reader;
    SH_TRY(sh_lake_dict(lake, sh_table_lead(table), &dict, err));
    SH_TRY(sh_facts_make(table, dict->n, arena, ret, err));
    if (sh_lake_rows(lake, table) == 0)
        return SH_OK;
    what.columns[table] = (1ull << sh_lake_schema[table].n_columns) - 1;
    SH_TRY(sh_reader_open(lake, &what, (struct sh_bucket_range){0, lake->manifest.buckets}, as_known, 65536,
                          &reader, err));
    const struct sh_chunk *chunk = NULL;
    sh_code code = sh_reader_next(reader, &chunk, err);
    while (code == SH_OK && chunk) {
        code = sh_facts_merge(ret, table, chunk->tables[table].columns, chunk->tables[table].n_rows, err);
        if (code == SH_OK)
            code = sh_reader_next(reader, &chunk, err);
    }
    sh_reader_close(reader);
    return code;
}

/* ---- stems of item codes ---------------------------------------------------------------------- */

/* Characters of a code that name its substance, its base; 0: it has none. National coding: drug 23 characters
 * (X western: 10 to the generic, Z Chinese patent: 11), service 15 digits (11 to the item, 4 of a surcharge),
 * consumable C + 19 digits (a further 7 to the single product). */
static size_t substance_length(struct sh_str code) {
    const char first = code.len > 0 ? code.at[0] : ' ';
    const size_t n = first == 'X' ? 10 : first == 'Z' ? 11 : 0;
    return code.len >= n ? n : 0;
}
static size_t base_length(struct sh_str code) {
    const char first = code.len > 0 ? code.at[0] : ' ';
    const size_t n = first == 'C' ? 20 : first >= '0' && first <= '9' && code.len == 15 ? 11 : 0;
    return code.len >= n ? n : 0;
}

bool sh_item_is_surcharge(struct sh_str code) {
    return code.len == 15 && base_length(code) == 11 && memcmp(code.at + 11, "0000", 4) != 0;
}

struct stem {
    struct sh_str text;
    uint32_t item;
};

static int by_text(const void *a, const void *b) {
    const struct stem *x = a, *y = b;
    const int order = sh_str_cmp(x->text, y->text);
    return order != 0 ? order : (x->item > y->item) - (x->item < y->item);
}

sh_code sh_item_stems(const struct sh_dict_view *items, struct sh_arena *arena, struct sh_stems *ret,
                      struct sh_err *err) {
    assert(items && arena && ret);
    const size_t n = items->n;
    struct stem *all = sh_new(arena, struct stem, 2 * n + 1);
    struct sh_str *texts = sh_new(arena, struct sh_str, 6 * n + 1);
    ret->substance = sh_new(arena, int32_t, n + 1);
    ret->base = sh_new(arena, int32_t, n + 1);
    if (!all || !texts || !ret->substance || !ret->base)
        return out_of_room(err);
    size_t n_all = 0;
    for (uint32_t i = 0; i < n; i++) {
        ret->substance[i] = ret->base[i] = SH_MISSING_I32;
        const size_t lengths[2] = {substance_length(items->code[i]), base_length(items->code[i])};
        for (int k = 0; k < 2; k++)
            if (lengths[k] > 0)
                all[n_all++] = (struct stem){sh_str_sub(items->code[i], 0, lengths[k]), i};
    }
    if (n_all > 0)
        qsort(all, n_all, sizeof(*all), by_text);
    uint32_t n_stems = 0;
    for (size_t i = 0; i < n_all; i++) {
        if (i == 0 || !sh_str_eq(all[i].text, all[i - 1].text))
            texts[n_stems++] = all[i].text;
        int32_t *const to = substance_length(items->code[all[i].item]) > 0 ? ret->substance : ret->base;
        to[all[i].item] = (int32_t)n_stems - 1;
    }
    ret->view =
        (struct sh_dict_view){.n = n_stems, .code = texts, .name = texts + 2 * n, .kind = texts + 4 * n};
    return SH_OK;
}
