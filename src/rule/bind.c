/* From words to the dense ids of one lake: knowledge cells, the item index, and the codes written in
 * expressions. */
#include "rule/bind.h"
#include "rule/knowledge.h"
#include "rule/model.h"
#include <assert.h>

/* ---- dictionaries
 * ----------------------------------------------------------------------------------------------- */

/* A code as compared: ICD marks of double codes (+ and *) are dropped (rules-sketch item 16). */
static struct sh_str bare_code(enum sh_dict dict, struct sh_str code) {
    while (dict == SH_DICT_DIAGNOSIS && code.len > 0 &&
           (code.at[code.len - 1] == '+' || code.at[code.len - 1] == '*'))
        code.len--;
    return code;
}

struct sort_context {
    const struct sh_dict_view *view;
    enum sh_dict dict;
};
static int by_code(const void *a, const void *b, void *ctx) {
    const struct sort_context *c = ctx;
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    const int order = sh_str_cmp(bare_code(c->dict, c->view->code[x]), bare_code(c->dict, c->view->code[y]));
    return order != 0 ? order : (x > y) - (x < y);
}

/* Ids of a dictionary by the bytes of their codes; made on first use. */
static sh_code order_dictionary(struct sh_binder *b, enum sh_dict dict, struct sh_err *err) {
    const struct sh_dict_view *view = b->dicts->views[dict];
    if (b->order[dict] || !view)
        return SH_OK;
    int32_t *order = sh_new(b->arena, int32_t, view->n);
    if (!order)
        return sh_fail(err, SH_E_NOMEM, "no room to order a dictionary of %u codes", view->n);
    for (uint32_t i = 0; i < view->n; i++)
        order[i] = (int32_t)i;
    struct sort_context c = {.view = view, .dict = dict};
    if (view->n > 0)
        qsort_r(order, view->n, sizeof(*order), by_code, &c);
    b->order[dict] = order;
    return SH_OK;
}

/* First position in the order whose code is >= word. */
static uint32_t lower_bound(const struct sh_binder *b, enum sh_dict dict, struct sh_str word) {
    const struct sh_dict_view *view = b->dicts->views[dict];
    uint32_t low = 0, high = view->n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (sh_str_cmp(bare_code(dict, view->code[b->order[dict][middle]]), word) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

sh_code sh_diagnosis_categories(const struct sh_dict_view *dict, struct sh_arena *arena, int32_t **ret,
                                struct sh_err *err) {
    assert(dict && arena && ret);
    struct sh_dicts dicts = {.views = {[SH_DICT_DIAGNOSIS] = dict}};
    struct sh_binder b = {.dicts = &dicts, .arena = arena};
    SH_TRY(order_dictionary(&b, SH_DICT_DIAGNOSIS, err));
    int32_t *categories = sh_new(arena, int32_t, dict->n);
    if (!categories)
        return sh_fail(err, SH_E_NOMEM, "no room for the categories of %u diagnoses", dict->n);
    const int32_t *order = b.order[SH_DICT_DIAGNOSIS];
    for (uint32_t begin = 0, end; begin < dict->n; begin = end) {
        const struct sh_str first = sh_str_sub(dict->code[order[begin]], 0, 3);
        int32_t lowest = order[begin];
        for (end = begin + 1; end < dict->n && sh_str_eq(sh_str_sub(dict->code[order[end]], 0, 3), first);
             end++)
            lowest = order[end] < lowest ? order[end] : lowest;
        for (uint32_t i = begin; i < end; i++)
            categories[order[i]] = lowest;
    }
    *ret = categories;
    return SH_OK;
}

/* ---- words
 * ------------------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Ids in the scratch of the binder; grows by what one word matches. */
static sh_code add_matches(struct sh_binder *b, enum sh_dict dict, bool is_category, struct sh_str word,
                           bool under, struct sh_err *err) {
    const struct sh_dict_view *view = b->dicts->views[dict];
    if (!view)
        return SH_OK;
    SH_TRY(order_dictionary(b, dict, err));
    word = bare_code(dict, word);
    int32_t lowest = -1;
    for (uint32_t i = lower_bound(b, dict, word); i < view->n; i++) {
        const int32_t id = b->order[dict][i];
        const struct sh_str code = bare_code(dict, view->code[id]);
        if (!(under || is_category ? sh_str_starts_with(code, word) : sh_str_eq(code, word)))
            break;
        if (is_category) { /* one id a category: the lowest */
            lowest = lowest < 0 || id < lowest ? id : lowest;
            continue;
        }
        SH_TRY(sh_grow(&b->ids, &b->cap_ids, b->n_ids + 1, sizeof(*b->ids), INT32_MAX, err));
        b->ids[b->n_ids++] = id;
    }
    if (lowest < 0)
        return SH_OK;
    SH_TRY(sh_grow(&b->ids, &b->cap_ids, b->n_ids + 1, sizeof(*b->ids), INT32_MAX, err));
    b->ids[b->n_ids++] = lowest;
    return SH_OK;
}

static sh_code take_set(struct sh_binder *b, struct sh_arena *arena, struct sh_set *ret, struct sh_err *err) {
    int32_t *ids = sh_new(arena, int32_t, b->n_ids), *written = sh_new(arena, int32_t, b->n_ids);
    bool *seen = sh_alloc_array(b->n_ids + 1, sizeof(*seen)); /* [n] by place among the sorted */
    if (!ids || !written || !seen) {
        sh_free(seen);
        return sh_fail(err, SH_E_NOMEM, "no room for a set of %zu codes", b->n_ids);
    }
    size_t n = 0, n_written = 0;
    if (b->n_ids > 0)
        memcpy(ids, b->ids, b->n_ids * sizeof(*ids));
    if (b->n_ids > 1)
        qsort(ids, b->n_ids, sizeof(*ids), by_id);
    for (size_t i = 0; i < b->n_ids; i++)
        if (n == 0 || ids[i] != ids[n - 1])
            ids[n++] = ids[i];
    for (size_t i = 0; i < b->n_ids; i++) {
        const int32_t *at = bsearch(&b->ids[i], ids, n, sizeof(*ids), by_id);
        if (seen[at - ids])
            continue;
        seen[at - ids] = true;
        written[n_written++] = b->ids[i];
    }
    sh_free(seen);
    *ret = (struct sh_set){.ids = ids, .n = (uint32_t)n, .written = written};
    return SH_OK;
}

sh_code sh_bind_lookup(void *ctx, int16_t domain, struct sh_str word, bool under, struct sh_arena *arena,
                       struct sh_set *ret, struct sh_err *err) {
    struct sh_binder *b = ctx;
    assert(domain >= 0 && domain < (int16_t)b->model->model.n_domains);
    b->n_ids = 0;
    const bool is_category = strcmp(b->model->model.domain_names[domain], "diagnosis3") == 0;
    SH_TRY(add_matches(b, b->model->domain_dicts[domain], is_category, word, under, err));
    return take_set(b, arena, ret, err);
}

static sh_code bind_set(struct sh_binder *b, const struct sh_knowledge_column *c, struct sh_str cell,
                        struct sh_set *ret, struct sh_err *err) {
    b->n_ids = 0;
    const bool is_category = strcmp(b->model->model.domain_names[c->type.domain], "diagnosis3") == 0;
    for (struct sh_str rest = cell, word; cell.len > 0 && sh_str_split(&rest, '|', &word);)
        SH_TRY(add_matches(b, b->model->domain_dicts[c->type.domain], is_category, sh_str_trim(word),
                           c->under, err));
    return take_set(b, b->arena, ret, err);
}

/* A single code; one the lake does not know gets an id behind the dictionary, so that it equals no row and is
 * not missing. */
static sh_code bind_code(struct sh_binder *b, int16_t domain, struct sh_str word, int32_t *ret,
                         struct sh_err *err) {
    const enum sh_dict dict = b->model->domain_dicts[domain];
    b->n_ids = 0;
    SH_TRY(add_matches(b, dict, strcmp(b->model->model.domain_names[domain], "diagnosis3") == 0, word, false,
                       err));
    if (b->n_ids > 0) {
        *ret = b->ids[0];
        return SH_OK;
    }
    const uint32_t n = b->dicts->views[dict] ? b->dicts->views[dict]->n : 0;
    for (uint32_t i = 0; i < b->bound->n_extra_codes[dict]; i++)
        if (sh_str_eq(b->extra[dict][i], word)) {
            *ret = (int32_t)(n + i);
            return SH_OK;
        }
    SH_TRY(sh_grow(&b->extra[dict], &b->cap_extra[dict], (size_t)b->bound->n_extra_codes[dict] + 1,
                   sizeof(struct sh_str), 1u << 24, err));
    b->extra[dict][b->bound->n_extra_codes[dict]] = word;
    *ret = (int32_t)(n + b->bound->n_extra_codes[dict]++);
    return SH_OK;
}

/* ---- cells
 * ------------------------------------------------------------------------------------------------------ */

static sh_code bind_cell(struct sh_binder *b, const struct sh_knowledge_column *c, struct sh_str text,
                         int64_t *ret, struct sh_err *err) {
    struct sh_cell cell;
    const char *why = "";
    int32_t id = 0;
    text = sh_str_trim(text);
    if (sh_cell_read(b->model, c, text, &cell, &why) != SH_OK) /* loading has checked it */
        return sh_fail(err, SH_E_INTERNAL, "cell '%.*s' of column %.*s: %s", SH_ARG(text), SH_ARG(c->name),
                       why);
    *ret = SH_MISSING;
    if (cell.is_missing)
        return SH_OK;
    switch (c->type.kind) {
    case SH_KIND_TEXT:
        SH_TRY(sh_names_add(&b->texts, text, b->arena, &id, err));
        *ret = id;
        return SH_OK;
    case SH_KIND_CODE:
        SH_TRY(bind_code(b, c->type.domain, text, &id, err));
        *ret = id;
        return SH_OK;
    case SH_KIND_SET:
        SH_TRY(sh_grow(&b->sets, &b->cap_sets, b->n_sets + 1, sizeof(*b->sets), INT32_MAX, err));
        SH_TRY(bind_set(b, c, text, &b->sets[b->n_sets], err));
        *ret = (int64_t)b->n_sets++;
        return SH_OK;
    case SH_KIND_RANGE:
        SH_TRY(sh_grow(&b->ranges, &b->cap_ranges, b->n_ranges + 1, sizeof(*b->ranges), INT32_MAX, err));
        b->ranges[b->n_ranges] = cell.range;
        *ret = (int64_t)b->n_ranges++;
        return SH_OK;
    case SH_KIND_BOOL:
    case SH_KIND_NUMBER:
    case SH_KIND_DATE:
    case SH_KIND_TIME:
    case SH_KIND_LEVEL:
    case SH_KIND_SCOPE:
        *ret = cell.value;
        return SH_OK;
    }
    return SH_OK;
}

/* Standard columns that settling may have changed come from the row, not from the cell. */
static bool settled_value(const struct sh_knowledge_row *row, struct sh_str name, int64_t *ret) {
    if (sh_str_is(name, "from"))
        *ret = row->from;
    else if (sh_str_is(name, "to"))
        *ret = row->to == INT32_MAX ? SH_MISSING : row->to;
    else if (sh_str_is(name, "known"))
        *ret = row->known;
    else
        return false;
    return true;
}

static void store(enum sh_storage storage, void *column, uint32_t row, int64_t value) {
    if (storage == SH_STORE_I64)
        ((int64_t *)column)[row] = value;
    else if (storage == SH_STORE_I32)
        ((int32_t *)column)[row] = value == SH_MISSING ? SH_MISSING_I32 : (int32_t)value;
    else
        ((int8_t *)column)[row] = value == SH_MISSING ? SH_MISSING_I8 : (int8_t)value;
}

static sh_code bind_column(struct sh_binder *b, const struct sh_knowledge *k, uint16_t c, const void **ret,
                           struct sh_err *err) {
    static const size_t sizes[] = {[SH_STORE_I8] = 1, [SH_STORE_I32] = 4, [SH_STORE_I64] = 8};
    const enum sh_storage storage = b->model->model.tables[k->model_table].columns[c].storage;
    void *column = sh_arena_alloc_array(b->arena, k->n_rows, sizes[storage], 8);
    if (!column)
        return sh_fail(err, SH_E_NOMEM, "no room to bind table %.*s", SH_ARG(k->name));
    for (uint32_t r = 0; r < k->n_rows; r++) {
        int64_t value = SH_MISSING;
        if (!settled_value(&k->rows[r], k->columns[c].name, &value))
            SH_TRY(bind_cell(b, &k->columns[c], k->rows[r].cells[c], &value, err));
        store(storage, column, r, value);
    }
    *ret = column;
    return SH_OK;
}

/* ---- item index
 * ------------------------------------------------------------------------------------------------- */

static int find_key(const struct sh_knowledge *k, const char *name) {
    for (uint16_t c = 0; c < k->n_columns; c++)
        if (k->columns[c].key != SH_KEY_NOT && k->columns[c].type.kind == SH_KIND_SET &&
            sh_str_is(k->columns[c].name, name))
            return c;
    return -1;
}

/* Rows are in the order of points already, so that filling row by row keeps (point, row) ascending. */
static sh_code index_items(struct sh_binder *b, const struct sh_knowledge *k, const int32_t *set_numbers,
                           const uint32_t **ret_begin, const uint32_t **ret_rows, uint32_t *ret_unmatched,
                           struct sh_err *err) {
    const struct sh_dict_view *view = b->dicts->views[SH_DICT_ITEM];
    const uint32_t n_items = view ? view->n : 0;
    uint32_t *begin = sh_new(b->arena, uint32_t, (size_t)n_items + 2);
    if (!begin)
        return sh_fail(err, SH_E_NOMEM, "no room for the item index of table %.*s", SH_ARG(k->name));
    const struct sh_set nothing = {0};
    *ret_unmatched = 0;
    for (uint32_t r = 0; r < k->n_rows; r++) {
        const struct sh_set *set = set_numbers[r] < 0 ? &nothing : &b->sets[set_numbers[r]];
        *ret_unmatched += set->n == 0;
        for (uint32_t i = 0; i < set->n; i++)
            begin[set->ids[i] + 2]++;
    }
    for (uint32_t i = 2; i < n_items + 2; i++)
        begin[i] += begin[i - 1];
    uint32_t *rows = sh_new(b->arena, uint32_t, begin[n_items + 1]);
    if (!rows)
        return sh_fail(err, SH_E_NOMEM, "no room for the item index of table %.*s", SH_ARG(k->name));
    for (uint32_t r = 0; r < k->n_rows; r++) {
        const struct sh_set *set = set_numbers[r] < 0 ? &nothing : &b->sets[set_numbers[r]];
        for (uint32_t i = 0; i < set->n; i++)
            rows[begin[set->ids[i] + 1]++] = r;
    }
    *ret_begin = begin;
    *ret_rows = rows;
    return SH_OK;
}

static sh_code bind_table(struct sh_binder *b, const struct sh_knowledge *k, struct sh_knowledge_bound *ret,
                          struct sh_err *err) {
    const void **columns = sh_new(b->arena, const void *, k->n_columns);
    if (!columns)
        return sh_fail(err, SH_E_NOMEM, "no room to bind table %.*s", SH_ARG(k->name));
    for (uint16_t c = 0; c < k->n_columns; c++)
        SH_TRY(bind_column(b, k, c, &columns[c], err));
    ret->frame = (struct sh_frame_table){.n_rows = k->n_rows, .columns = columns};
    const int item = find_key(k, "item") >= 0 ? find_key(k, "item") : find_key(k, "a"),
              side_b = find_key(k, "b");
    uint32_t unmatched_b = 0;
    if (item >= 0)
        SH_TRY(index_items(b, k, columns[item], &ret->item_begin, &ret->item_rows, &ret->unmatched, err));
    if (side_b >= 0)
        SH_TRY(index_items(b, k, columns[side_b], &ret->item_b_begin, &ret->item_b_rows, &unmatched_b, err));
    return SH_OK;
}

/* ---- expressions
 * ------------------------------------------------------------------------------------------------ */

static sh_code bind_expr(struct sh_binder *b, struct sh_expr *e, struct sh_err *err) {
    return e ? sh_expr_bind(e, sh_bind_lookup, b, b->arena, err) : SH_OK;
}

static sh_code bind_rule(struct sh_binder *b, struct sh_rule *rule, struct sh_err *err) {
    struct sh_expr *const single[] = {rule->where,       rule->unless,   rule->doubt,    rule->window_days,
                                      rule->within_expr, rule->amount_a, rule->amount_b, rule->blame,
                                      rule->value,       rule->bound};
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        SH_TRY(bind_expr(b, single[i], err));
    for (size_t i = 0; i < rule->n_hit; i++)
        SH_TRY(bind_expr(b, rule->hit[i].expr, err));
    for (size_t i = 0; i < rule->n_keys; i++)
        SH_TRY(bind_expr(b, rule->keys[i].expr, err));
    for (size_t i = 0; rule->has_b && i < rule->n_keys; i++)
        SH_TRY(bind_expr(b, rule->keys_b[i].expr, err));
    for (size_t i = 0; i < rule->n_peers; i++)
        SH_TRY(bind_expr(b, rule->peers[i].expr, err));
    for (size_t i = 0; i < rule->n_with; i++)
        SH_TRY(bind_expr(b, rule->with[i].where, err));
    for (size_t i = 0; i < rule->n_uses; i++)
        for (size_t j = 0; j < rule->uses[i].n_keys; j++)
            SH_TRY(bind_expr(b, rule->uses[i].keys[j], err));
    return rule->say ? sh_template_bind(rule->say, sh_bind_lookup, b, b->arena, err) : SH_OK;
}

/* What grew on the heap moves into the arena, so that the result has one owner. */
static sh_code settle_result(struct sh_binder *b, struct sh_bound *bound, struct sh_err *err) {
    struct sh_set *sets = sh_new(b->arena, struct sh_set, b->n_sets);
    struct sh_range *ranges = sh_new(b->arena, struct sh_range, b->n_ranges);
    if (!sets || !ranges)
        return sh_fail(err, SH_E_NOMEM, "no room for the bound knowledge");
    if (b->n_sets)
        memcpy(sets, b->sets, b->n_sets * sizeof(*sets));
    if (b->n_ranges)
        memcpy(ranges, b->ranges, b->n_ranges * sizeof(*ranges));
    bound->sets = sets, bound->n_sets = b->n_sets;
    bound->ranges = ranges, bound->n_ranges = b->n_ranges;
    bound->texts = b->texts.at, bound->n_texts = b->texts.n;
    for (int d = 0; d < SH_DICTS; d++) {
        struct sh_str *extra = sh_new(b->arena, struct sh_str, bound->n_extra_codes[d]);
        if (!extra)
            return sh_fail(err, SH_E_NOMEM, "no room for the bound knowledge");
        sh_check(b->extra[d] || bound->n_extra_codes[d] == 0);
        if (bound->n_extra_codes[d])
            memcpy(extra, b->extra[d], bound->n_extra_codes[d] * sizeof(*extra));
        bound->extra_codes[d] = extra;
    }
    return SH_OK;
}

void sh_binder_release(struct sh_binder *b) {
    sh_free(b->ids);
    sh_free(b->sets);
    sh_free(b->ranges);
    for (int d = 0; d < SH_DICTS; d++)
        sh_free(b->extra[d]);
}

/* The binder that callers may use after binding: ids are its only scratch, in the arena then. */
static sh_code lasting_lookup(void *ctx, int16_t domain, struct sh_str word, bool under,
                              struct sh_arena *arena, struct sh_set *ret, struct sh_err *err) {
    const struct sh_binder *kept = ctx;
    SH_CLEANUP(sh_binder_release)
    struct sh_binder b = {.dicts = kept->dicts, .model = kept->model, .arena = kept->arena};
    memcpy(b.order, kept->order, sizeof(b.order));
    b.arena = arena;
    return sh_bind_lookup(&b, domain, word, under, arena, ret, err);
}

sh_code sh_rules_bind(struct sh_rules *rules, const struct sh_dicts *dicts, struct sh_arena *arena,
                      struct sh_bound **ret, struct sh_err *err) {
    assert(rules && dicts && arena && ret);
    struct sh_bound *bound = sh_new(arena, struct sh_bound, 1);
    struct sh_binder *kept = sh_new(arena, struct sh_binder, 1);
    struct sh_dicts *own = sh_new(arena, struct sh_dicts, 1);
    if (!bound || !kept || !own)
        return sh_fail(err, SH_E_NOMEM, "no room for the bound knowledge");
    *own = *dicts;
    SH_CLEANUP(sh_binder_release)
    struct sh_binder b = {.dicts = own, .model = rules->model, .arena = arena, .bound = bound};
    bound->tables = sh_new(arena, struct sh_knowledge_bound, rules->n_knowledge);
    if (!bound->tables)
        return sh_fail(err, SH_E_NOMEM, "no room for the bound knowledge");
    for (size_t i = 0; i < rules->n_knowledge; i++)
        SH_TRY(bind_table(&b, &rules->knowledge[i], &bound->tables[i], err));
    for (size_t i = 0; i < rules->n_views; i++) {
        SH_TRY(bind_rule(&b, rules->views[i].rule, err));
        for (size_t f = 0; f < rules->views[i].n_fields; f++)
            SH_TRY(bind_expr(&b, rules->views[i].fields[f].expr, err));
    }
    for (size_t i = 0; i < rules->n_rules; i++)
        SH_TRY(bind_rule(&b, &rules->rules[i], err));
    SH_TRY(settle_result(&b, bound, err));
    *kept = (struct sh_binder){.dicts = own, .model = rules->model, .arena = arena};
    memcpy(kept->order, b.order, sizeof(kept->order));
    bound->lookup = lasting_lookup, bound->lookup_ctx = kept;
    *ret = bound;
    return SH_OK;
}
