/* Sums over the second table of rules over groups of two tables: see second.h. */
#include "audit/second.h"
#include "audit/lacking.h"
#include "audit/met.h"
#include "audit/send.h"
#include "audit/tally.h"
#include "base/hash.h"
#include <assert.h>
#include <string.h>

/* A group: its first row in order of time, and what does not depend on the aggregate. */
struct entry {
    int64_t time, members;
    int32_t institution, day, first_day, last_day;
};

/* An aggregate of one of the rules. */
struct column {
    const struct sh_rule_plan *rp;
    const struct sh_partial *partial;
};

/* Groups of rules with the same keys of the same rows. */
struct ledger {
    const struct sh_rule *of;
    struct column columns[2 * SH_PARTIALS_MAX];
    size_t n_columns;
    bool is_chunk_done;
    struct sh_met met;
    struct entry *entries; /* [met.n] */
    sh_i128 *sums;         /* [met.n][n_columns] */
    size_t cap_entries, cap_sums;
    /* Of the chunk: rows without a key, by field. */
    struct {
        struct sh_str field;
        uint64_t rows;
        struct sh_places places;
    } lacking[8];
    size_t n_lacking;
};

/* Of a rule: where its aggregates stand. */
struct place {
    enum { UNASKED, ADDED, OTHER } kind;
    struct ledger *ledger;
    int8_t column[SH_PARTIALS_MAX]; /* -1: of the first table */
};

struct sh_seconds {
    const struct sh_plan *plan;
    struct place *places;   /* [n_active] */
    struct ledger *ledgers; /* [n_active] at most */
    size_t n_ledgers;
    struct sh_arena texts;
    size_t bytes;
};

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for groups of two tables");
}

sh_code sh_seconds_new(const struct sh_plan *plan, struct sh_seconds **ret, struct sh_err *err) {
    struct sh_seconds *s = sh_alloc_array(1, sizeof(*s));
    if (!s)
        return out_of_room(err);
    s->plan = plan;
    s->places = sh_alloc_array(plan->n_active + 1, sizeof(*s->places));
    s->ledgers = sh_alloc_array(plan->n_active + 1, sizeof(*s->ledgers));
    if (!s->places || !s->ledgers) {
        sh_seconds_free(s);
        return out_of_room(err);
    }
    *ret = s;
    return SH_OK;
}

/* They are counted with the answers of each rule. */
static void forget_lacking(struct ledger *l) {
    for (size_t i = 0; i < l->n_lacking; i++)
        sh_places_release(&l->lacking[i].places);
    l->n_lacking = 0;
}

/* Forget all groups; which rules are added up stays known. */
static void clear(struct sh_seconds *s) {
    for (size_t i = 0; s->ledgers && i < s->n_ledgers; i++) {
        struct ledger *l = &s->ledgers[i];
        sh_met_free(&l->met);
        sh_free(l->entries);
        sh_free(l->sums);
        l->entries = NULL, l->sums = NULL;
        l->cap_entries = l->cap_sums = 0;
    }
    s->bytes = 0;
    sh_arena_free(&s->texts);
}

void sh_seconds_free(struct sh_seconds *s) {
    if (!s)
        return;
    clear(s);
    for (size_t i = 0; s->ledgers && i < s->n_ledgers; i++)
        forget_lacking(&s->ledgers[i]);
    sh_free(s->places);
    sh_free(s->ledgers);
    sh_free(s);
}

void sh_seconds_begin(struct sh_seconds *s) {
    for (size_t i = 0; i < s->n_ledgers; i++)
        s->ledgers[i].is_chunk_done = false, forget_lacking(&s->ledgers[i]);
}

size_t sh_seconds_bytes(const struct sh_seconds *s) {
    return s->bytes;
}

/* ---- rows of the second table ------------------------------------------------------------------- */

sh_code sh_rows_b(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *ret,
                  struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    if (r->table_b == SH_TABLE_LINE && r->from <= en->first_day && en->last_day < r->to)
        return sh_lines_there(en, false, ret, err);
    const uint32_t n = en->tl.tables[r->table_b].n_rows;
    const uint8_t *alive = en->tl.alive[r->table_b];
    int32_t *rows = sh_new_raw(en->work, int32_t, (size_t)n + 1);
    if (!rows)
        return out_of_room(err);
    *ret = (struct sh_members){.row = rows};
    for (uint32_t i = 0; i < n; i++) {
        const int32_t day = sh_subject_day(&en->tl, r->table_b, (int32_t)i);
        if ((!alive || alive[i]) && (day == SH_MISSING_I32 || (r->from <= day && day < r->to)))
            rows[ret->n++] = (int32_t)i;
    }
    return SH_OK;
}

sh_code sh_batch_b(struct sh_engine *en, const struct sh_rule_plan *rp, const int32_t *rows, uint32_t n,
                   struct sh_batch *ret, struct sh_err *err) {
    int32_t *nothing = sh_new_raw(en->scratch, int32_t, (size_t)n + 1);
    if (!nothing)
        return out_of_room(err);
    memset(nothing, 0xff, (size_t)n * sizeof(*nothing));
    *ret = (struct sh_batch){.n = n};
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        ret->rows[s] = nothing;
    ret->rows[rp->rule->slot_b] = rows;
    return SH_OK;
}

sh_code sh_keys_b(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                  uint32_t from, int64_t *const *ret, struct sh_str *fields, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t k = 0; k < r->n_keys; k++) {
        assert(ret[k]);
        SH_TRY(sh_expr_eval(r->keys_b[k].expr, &eval, batch, ret[k] + from, err));
        for (uint32_t i = 0; i < batch->n; i++) {
            struct sh_str field;
            if (ret[k][from + i] != SH_MISSING || fields[i].len > 0)
                continue;
            SH_TRY(sh_expr_missing(r->keys_b[k].expr, &eval, batch, i, &field, err));
            fields[i] = sh_keep_str(en, field.len > 0 ? field : r->keys_b[k].text);
        }
    }
    return SH_OK;
}

/* ---- which rules -------------------------------------------------------------------------------- */

static bool is_same(const struct sh_rule *a, const struct sh_rule *b) {
    if (a->table_b != b->table_b || a->n_keys != b->n_keys || a->from != b->from || a->to != b->to)
        return false;
    for (size_t k = 0; k < a->n_keys; k++)
        if (!sh_str_eq(a->keys_b[k].text, b->keys_b[k].text))
            return false;
    return true;
}

static bool is_of_second(const struct sh_rule *r, const struct sh_partial *p) {
    return (p->slots >> r->slot_b & 1) != 0;
}

static bool can_add(const struct sh_plan *plan, const struct sh_rule *r) {
    bool yes = r->reach == SH_REACH_MERGED && r->has_b && r->shape == SH_SHAPE_GROUP;
    for (size_t k = 0; yes && k < r->n_keys; k++)
        yes = sh_is_lasting_key(plan, &r->keys_b[k]);
    for (size_t p = 0; yes && p < r->n_partials; p++)
        yes = !is_of_second(r, &r->partials[p]) || sh_partial_is_sum(&r->partials[p]);
    return yes;
}

/* Number of a column of the same aggregate, a new one if need be; -1 no room. */
static int8_t column_of(struct ledger *l, const struct sh_rule_plan *rp, const struct sh_partial *partial) {
    const struct sh_str text = sh_partial_text(partial);
    for (size_t c = 0; c < l->n_columns; c++)
        if (sh_str_eq(sh_partial_text(l->columns[c].partial), text))
            return (int8_t)c;
    if (l->n_columns == sizeof(l->columns) / sizeof(l->columns[0]))
        return -1;
    l->columns[l->n_columns] = (struct column){rp, partial};
    return (int8_t)l->n_columns++;
}

/* The rule's place in a ledger; its columns must be known before the first row is added. */
static void find_place(struct sh_seconds *s, const struct sh_rule_plan *rp) {
    struct place *at = &s->places[rp->index];
    at->kind = can_add(s->plan, rp->rule) ? ADDED : OTHER;
    if (at->kind == OTHER)
        return;
    for (size_t i = 0; i < s->n_ledgers && !at->ledger; i++)
        if (is_same(s->ledgers[i].of, rp->rule))
            at->ledger = &s->ledgers[i];
    if (!at->ledger) {
        at->ledger = &s->ledgers[s->n_ledgers++];
        *at->ledger = (struct ledger){.of = rp->rule};
    }
    const size_t before = at->ledger->n_columns;
    for (size_t p = 0; p < rp->rule->n_partials; p++) {
        at->column[p] = -1;
        if (!is_of_second(rp->rule, &rp->rule->partials[p]))
            continue;
        at->column[p] = column_of(at->ledger, rp, &rp->rule->partials[p]);
        if (at->column[p] >= 0)
            continue;
        at->ledger->n_columns = before;
        at->kind = OTHER;
        return;
    }
}

static void find_places(struct sh_seconds *s) {
    for (size_t i = 0; i < s->plan->n_active; i++)
        if (s->places[i].kind == UNASKED)
            find_place(s, &s->plan->active[i]);
}

/* ---- groups ------------------------------------------------------------------------------------- */

/* A group that was not met before. */
static sh_code add_group(struct sh_engine *en, struct ledger *l, const struct sh_rule_plan *rp, int64_t *keys,
                         uint32_t *slot, struct sh_err *err) {
    struct sh_seconds *s = sh_tally_seconds(en->tally);
    const size_t n_keys = l->of->n_keys, at = l->met.n;
    int64_t *one[8];
    struct sh_str name;
    SH_TRY(sh_grow(&l->entries, &l->cap_entries, at + 1, sizeof(*l->entries), UINT32_MAX, err));
    SH_TRY(sh_grow(&l->sums, &l->cap_sums, (at + 1) * l->n_columns, sizeof(*l->sums), SIZE_MAX / 32, err));
    for (size_t k = 0; k < n_keys; k++)
        one[k] = &keys[k];
    SH_TRY(sh_group_key(en, rp, one, 0, -1, &name, err));
    const char *copy = sh_arena_dup(&s->texts, name.at, name.len);
    if (!copy)
        return out_of_room(err);
    l->entries[at] = (struct entry){.time = INT64_MAX,
                                    .institution = -1,
                                    .day = SH_MISSING_I32,
                                    .first_day = INT32_MAX,
                                    .last_day = INT32_MIN};
    if (l->n_columns > 0)
        memset(l->sums + at * l->n_columns, 0, l->n_columns * sizeof(*l->sums));
    sh_met_add(&l->met, slot, keys, n_keys, (struct sh_str){copy, name.len});
    s->bytes += name.len + n_keys * sizeof(*keys) + sizeof(name) + sizeof(*l->entries) +
                l->n_columns * sizeof(*l->sums) + 4 * sizeof(*slot);
    return SH_OK;
}

static sh_code group_of(struct sh_engine *en, struct ledger *l, const struct sh_rule_plan *rp, int64_t *keys,
                        uint64_t hash, uint32_t *ret, struct sh_err *err) {
    SH_TRY(sh_met_room(&l->met, l->of->n_keys, err));
    uint32_t *slot = sh_met_slot(&l->met, keys, l->of->n_keys, hash);
    if (*slot == 0)
        SH_TRY(add_group(en, l, rp, keys, slot, err));
    *ret = *slot - 1;
    return SH_OK;
}

/* ---- rows of a chunk ---------------------------------------------------------------------------- */

struct block {
    struct ledger *l;
    const struct sh_rule_plan *rp;
    const int32_t *rows;
    uint32_t n;
    int64_t *keys[8];
    struct sh_str *fields;
    uint64_t *hash;
    uint32_t *group; /* UINT32_MAX none */
    int64_t *adds;
};

static sh_code note_lacking(struct sh_engine *en, struct ledger *l, struct sh_str field, int32_t row,
                            struct sh_err *err) {
    size_t at = 0;
    while (at < l->n_lacking && !sh_str_eq(l->lacking[at].field, field))
        at++;
    if (at == sizeof(l->lacking) / sizeof(l->lacking[0]))
        return sh_fail(err, SH_E_LIMIT, "keys of groups miss more than %zu fields", at);
    if (at == l->n_lacking)
        l->n_lacking++, l->lacking[at].field = field, l->lacking[at].rows = 0;
    l->lacking[at].rows++;
    return sh_places_note(en, &l->lacking[at].places, l->of->table_b, &row, 1, err);
}

static sh_code number_rows(struct sh_engine *en, struct block *b, struct sh_err *err) {
    const size_t n_keys = b->l->of->n_keys;
    int64_t keys[8] = {0};
    uint32_t last = UINT32_MAX;
    SH_TRY(sh_met_room(&b->l->met, n_keys, err));
    for (uint32_t i = 0; i < b->n; i++) { /* groups lie anywhere: what is needed is asked for in good time */
        for (size_t k = 0; k < n_keys; k++)
            keys[k] = b->keys[k][i];
        b->hash[i] = sh_met_hash(keys, n_keys);
        __builtin_prefetch(&b->l->met.slots[b->hash[i] & b->l->met.mask]);
    }
    for (uint32_t i = 0; i < b->n; i++) {
        const uint32_t number = b->l->met.slots[b->hash[i] & b->l->met.mask];
        __builtin_prefetch(&b->l->met.keys[(number > 0 ? number - 1 : 0) * n_keys]);
    }
    for (uint32_t i = 0; i < b->n; i++) {
        bool same = last != UINT32_MAX;
        b->group[i] = UINT32_MAX;
        if (b->fields[i].len > 0) {
            SH_TRY(note_lacking(en, b->l, b->fields[i], b->rows[i], err));
            continue;
        }
        for (size_t k = 0; k < n_keys; k++) {
            same &= keys[k] == b->keys[k][i];
            keys[k] = b->keys[k][i];
        }
        if (!same)
            SH_TRY(group_of(en, b->l, b->rp, keys, b->hash[i], &last, err));
        b->group[i] = last;
    }
    return SH_OK;
}

static void look_at_row(const struct sh_engine *en, uint16_t table, int32_t row, int32_t day, int64_t time,
                        struct entry *e) {
    e->members++;
    if (day != SH_MISSING_I32) {
        e->first_day = day < e->first_day ? day : e->first_day;
        e->last_day = day > e->last_day ? day : e->last_day;
    }
    if (e->members > 1 && time > e->time)
        return;
    const int32_t institution = sh_institution_of(&en->tl, table, row);
    if (e->members == 1 || time < e->time || institution < e->institution)
        e->time = time, e->institution = institution, e->day = day;
}

static void look_at_rows(const struct sh_engine *en, struct block *b) {
    const uint16_t table = b->l->of->table_b;
    const bool is_line = table == SH_TABLE_LINE;
    const int32_t *days = is_line ? sh_i32(&en->tl, table, en->plan->at.line.day) : NULL;
    const int64_t *times = is_line ? sh_i64(&en->tl, table, en->plan->at.line.time) : NULL;
    for (uint32_t i = 0; i < b->n; i++) {
        const uint32_t ahead = i + 16 < b->n ? b->group[i + 16] : UINT32_MAX;
        if (ahead != UINT32_MAX) {
            __builtin_prefetch(&b->l->entries[ahead], 1);
            __builtin_prefetch(&b->l->sums[(size_t)ahead * b->l->n_columns], 1);
        }
        if (b->group[i] == UINT32_MAX)
            continue;
        const int32_t row = b->rows[i], day = days ? days[row] : sh_subject_day(&en->tl, table, row);
        const int64_t time = times && times[row] != SH_MISSING ? times[row] : sh_order_time(en, table, row);
        look_at_row(en, table, row, day, time, &b->l->entries[b->group[i]]);
    }
}

static sh_code add_columns(struct sh_engine *en, struct block *b, struct sh_err *err) {
    struct ledger *l = b->l;
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t c = 0; c < l->n_columns; c++) {
        struct sh_batch batch;
        SH_TRY(sh_batch_b(en, l->columns[c].rp, b->rows, b->n, &batch, err));
        SH_TRY(sh_partial_adds(l->columns[c].partial, &eval, &batch, b->adds, err));
        sh_partial_sums_more(b->adds, b->group, b->n, l->sums + c, l->n_columns);
    }
    return SH_OK;
}

static sh_code add_block(struct sh_engine *en, struct block *b, struct sh_err *err) {
    struct sh_batch batch;
    b->fields = sh_new(en->scratch, struct sh_str, (size_t)b->n + 1);
    b->group = sh_new_raw(en->scratch, uint32_t, (size_t)b->n + 1);
    b->adds = sh_new_raw(en->scratch, int64_t, (size_t)b->n + 1);
    b->hash = sh_new_raw(en->scratch, uint64_t, (size_t)b->n + 1);
    const bool has_room = b->fields && b->group && b->adds && b->hash;
    for (size_t k = 0; k < b->l->of->n_keys; k++) {
        b->keys[k] = sh_new_raw(en->scratch, int64_t, (size_t)b->n + 1);
        if (!b->keys[k])
            return out_of_room(err);
    }
    if (!has_room)
        return out_of_room(err);
    SH_TRY(sh_batch_b(en, b->rp, b->rows, b->n, &batch, err));
    SH_TRY(sh_keys_b(en, b->rp, &batch, 0, b->keys, b->fields, err));
    SH_TRY(number_rows(en, b, err));
    look_at_rows(en, b);
    return add_columns(en, b, err);
}

static sh_code add_chunk(struct sh_engine *en, const struct sh_rule_plan *rp, struct ledger *l,
                         struct sh_err *err) {
    struct sh_members m;
    SH_TRY(sh_rows_b(en, rp, &m, err));
    for (uint32_t from = 0; from < m.n; from += SH_BLOCK) {
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct block b = {.l = l, .rp = rp, .rows = m.row + from};
        b.n = m.n - from < SH_BLOCK ? m.n - from : SH_BLOCK;
        SH_TRY(add_block(en, &b, err));
        sh_arena_rewind(en->scratch, at);
    }
    l->is_chunk_done = true;
    return SH_OK;
}

sh_code sh_second_rule(struct sh_engine *en, const struct sh_rule_plan *rp, bool *ret_done,
                       struct sh_err *err) {
    struct sh_seconds *s = sh_tally_seconds(en->tally);
    if (s->places[rp->index].kind == UNASKED)
        find_places(s);
    struct place *at = &s->places[rp->index];
    *ret_done = at->kind == ADDED;
    if (!*ret_done)
        return SH_OK;
    if (!at->ledger->is_chunk_done)
        SH_TRY(add_chunk(en, rp, at->ledger, err));
    for (size_t i = 0; i < at->ledger->n_lacking; i++) {
        const struct sh_answer_count n = {.subjects = at->ledger->lacking[i].rows,
                                          .lines = at->ledger->lacking[i].rows};
        SH_TRY(sh_answer_add_many(en->answers, rp->index, SH_ANSWER_NOT_EVALUATED,
                                  at->ledger->lacking[i].field, &n, err));
        SH_TRY(sh_lacking_places(en, rp, at->ledger->lacking[i].field, &at->ledger->lacking[i].places, err));
    }
    return SH_OK;
}

/* ---- on their way ------------------------------------------------------------------------------- */

static sh_code send_group(const struct sh_rule_plan *rp, const struct place *at, uint32_t group,
                          struct sh_buf *sort, struct sh_buf *payload, struct sh_exchange *to,
                          struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const struct ledger *l = at->ledger;
    const struct entry *e = &l->entries[group];
    sh_i128 partials[SH_PARTIALS_MAX];
    for (size_t p = 0; p < r->n_partials; p++)
        partials[p] = at->column[p] < 0 ? sh_partial_empty(r->partials[p].kind)
                                        : l->sums[(size_t)group * l->n_columns + (size_t)at->column[p]];
    const struct sh_xhead head = {.k = -1,
                                  .institution = e->institution,
                                  .day = e->day,
                                  .first_day = e->first_day,
                                  .last_day = e->last_day,
                                  .chunk_row = -1,
                                  .side = 1,
                                  .n_partials = (int32_t)r->n_partials,
                                  .members = e->members};
    sh_buf_clear(sort), sh_buf_clear(payload);
    const size_t key_len = sh_sort_begin(rp->index, l->met.names[group], sort);
    sh_sort_time(1, e->time, sort);
    sh_sort_number(e->institution, sort);
    SH_TRY(sh_carry_begin(&head, partials, l->met.names[group], (struct sh_str){0}, payload, err));
    sh_buf_add(payload, (const char *)(l->met.keys + (size_t)group * r->n_keys),
               r->n_keys * sizeof(*l->met.keys));
    SH_TRY(sh_buf_check(payload, err));
    SH_TRY(sh_buf_check(sort, err));
    const struct sh_xrecord record = {sh_buf_view(sort), sh_buf_view(payload), key_len};
    return sh_exchange_add(to, &record, err);
}

sh_code sh_seconds_send(struct sh_seconds *s, struct sh_exchange *to, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sort = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf payload = {0};
    for (size_t i = 0; i < s->plan->n_active; i++) {
        const struct place *at = &s->places[i];
        for (uint32_t g = 0; at->kind == ADDED && g < at->ledger->met.n; g++)
            SH_TRY(send_group(&s->plan->active[i], at, g, &sort, &payload, to, err));
    }
    clear(s);
    return SH_OK;
}
