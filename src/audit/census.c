/* How many rows of the lake share a key, before the audit: see census.h. */
#include "audit/census.h"
#include "base/hash.h"
#include <string.h>

#define CHUNK_ROWS 32768u
#define SLOTS_PER_ROW 8u
#define SLOTS_MAX ((uint64_t)1 << 28)
#define KEYS_MAX 8

/* Counts of one rule. Each key counts in two slots up to 2: it has one row if either says so. */
struct count {
    enum sh_table table;
    uint16_t columns[KEYS_MAX]; /* of the lake's table, which the keys are */
    bool is_text[KEYS_MAX];
    size_t n;
    atomic_uchar *slots; /* NULL: the rule is not of this kind */
    uint64_t mask;
};

struct sh_census {
    const struct sh_plan *plan;
    struct count *counts; /* [n_active] */
};

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room to count keys");
}

/* ---- which rules -------------------------------------------------------------------------------- */

/* Only columns whose values are keys as they stand: codes and texts of the row itself. */
static bool columns_of(const struct sh_plan *plan, const struct sh_rule *r, struct count *ret) {
    const struct sh_model_table *t = &plan->model->model.tables[r->table];
    for (size_t k = 0; k < r->n_keys; k++) {
        struct sh_plain_column c;
        if (r->keys[k].kind != SH_RULE_KEY_EXPR || !sh_expr_plain_column(r->keys[k].expr, &c) ||
            c.column >= sh_lake_schema[r->table].n_columns || t->columns[c.column].storage != SH_STORE_I32 ||
            (plan->model->derived[r->table] && plan->model->derived[r->table][c.column]))
            return false;
        const enum sh_column_type type = sh_lake_schema[r->table].columns[c.column].type;
        ret->is_text[k] = type == SH_COLUMN_TEXT;
        if (!ret->is_text[k] && t->columns[c.column].type.kind != SH_KIND_CODE)
            return false;
        ret->columns[k] = (uint16_t)c.column;
    }
    ret->n = r->n_keys;
    return true;
}

static bool serves(const struct sh_plan *plan, const struct sh_rule *r, struct count *ret) {
    if (r->reach != SH_REACH_MERGED || r->shape != SH_SHAPE_GROUP || r->has_b || r->n_uses > 0 ||
        r->n_with > 0 || r->n_hit == 0 || r->table >= SH_TABLES || r->table == SH_TABLE_LINE)
        return false;
    for (size_t h = 0; h < r->n_hit; h++)
        if (!sh_expr_is_of_aggregates(r->hit[h].expr))
            return false;
    ret->table = (enum sh_table)r->table;
    return columns_of(plan, r, ret);
}

/* ---- counting ----------------------------------------------------------------------------------- */

/* Hash of a row's key; false: a part of it is missing. */
static bool hash_of(const struct count *c, const struct sh_chunk *chunk, uint32_t row, uint64_t *ret) {
    uint64_t hash = 0;
    for (size_t k = 0; k < c->n; k++) {
        const void *column = chunk->tables[c->table].columns[c->columns[k]];
        if (!column)
            return false;
        if (c->is_text[k]) {
            const struct sh_str text = ((const struct sh_str *)column)[row];
            if (text.len == 0)
                return false;
            hash = sh_hash_mix(hash ^ sh_hash64(text.at, text.len, 0)) + k;
            continue;
        }
        const int32_t value = ((const int32_t *)column)[row];
        if (value < 0)
            return false;
        hash = sh_hash_mix(hash ^ (uint64_t)value) + k;
    }
    *ret = sh_hash_mix(hash);
    return true;
}

static uint64_t second_of(uint64_t hash) {
    return hash >> 32 | hash << 32;
}

static void count_one(atomic_uchar *slot) {
    unsigned char none = 0;
    if (!atomic_compare_exchange_strong_explicit(slot, &none, 1, memory_order_relaxed, memory_order_relaxed))
        atomic_store_explicit(slot, 2, memory_order_relaxed);
}

static bool is_alone(const struct count *c, uint64_t hash) {
    return atomic_load_explicit(&c->slots[hash & c->mask], memory_order_relaxed) < 2 ||
           atomic_load_explicit(&c->slots[second_of(hash) & c->mask], memory_order_relaxed) < 2;
}

struct taking {
    struct sh_census *census;
    const struct sh_census_of *of;
    struct sh_selection what;
    struct sh_bucket_range *tasks;
};
static void taking_release(struct taking *t) {
    sh_free(t->tasks);
}

static void reader_close(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}

static void count_chunk(const struct count *c, const struct sh_chunk *chunk) {
    if (!c->slots || !chunk->tables[c->table].columns)
        return;
    for (uint32_t i = 0; i < chunk->tables[c->table].n_rows; i++) {
        uint64_t hash;
        if (!hash_of(c, chunk, i, &hash))
            continue;
        count_one(&c->slots[hash & c->mask]);
        if ((hash & c->mask) != (second_of(hash) & c->mask)) /* else one row would count twice */
            count_one(&c->slots[second_of(hash) & c->mask]);
    }
}

static sh_code count_buckets(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    const struct taking *t = ctx;
    (void)worker;
    SH_CLEANUP(reader_close) struct sh_reader *reader = NULL;
    SH_TRY(sh_reader_open(t->of->lake, &t->what, t->tasks[task], t->of->known, CHUNK_ROWS, &reader, err));
    for (;;) {
        const struct sh_chunk *chunk;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        for (size_t i = 0; i < t->census->plan->n_active; i++)
            count_chunk(&t->census->counts[i], chunk);
        if (sh_pool_stopped(t->of->control))
            return sh_fail(err, SH_E_CANCELLED, "the audit was stopped");
    }
}

static sh_code make_room(struct taking *t, struct count *c, struct sh_err *err) {
    const uint64_t rows = sh_lake_rows(t->of->lake, c->table);
    uint64_t size = 1024;
    while (size < rows * SLOTS_PER_ROW && size < SLOTS_MAX)
        size *= 2;
    c->slots = sh_alloc_array(size, sizeof(*c->slots));
    c->mask = size - 1;
    for (size_t k = 0; k < c->n; k++)
        t->what.columns[c->table] |= (uint64_t)1 << c->columns[k];
    return c->slots ? SH_OK : out_of_room(err);
}

static sh_code take(struct taking *t, const struct sh_plan *plan, bool *ret_any, struct sh_err *err) {
    const struct sh_bucket_range buckets = t->of->buckets;
    struct sh_census *census = t->census;
    census->plan = plan;
    census->counts = sh_alloc_array(plan->n_active + 1, sizeof(*census->counts));
    t->tasks = sh_alloc_array((size_t)(buckets.to - buckets.from) + 1, sizeof(*t->tasks));
    if (!census->counts || !t->tasks)
        return out_of_room(err);
    *ret_any = false;
    for (size_t i = 0; i < plan->n_active; i++) {
        struct count *c = &census->counts[i];
        if (!serves(plan, plan->active[i].rule, c) || sh_lake_rows(t->of->lake, c->table) == 0)
            continue;
        SH_TRY(make_room(t, c, err));
        *ret_any = true;
    }
    const size_t threads = t->of->threads ? t->of->threads : sh_processors();
    const size_t n = sh_buckets_split(buckets, threads, t->tasks);
    return *ret_any ? sh_pool_run(threads < n ? threads : n, n, count_buckets, t, t->of->control, err)
                    : SH_OK;
}

sh_code sh_census_take(const struct sh_plan *plan, const struct sh_census_of *of, struct sh_census **ret,
                       struct sh_err *err) {
    bool any = false;
    SH_CLEANUP(taking_release)
    struct taking t = {.census = sh_alloc_array(1, sizeof(struct sh_census)), .of = of};
    if (!t.census)
        return out_of_room(err);
    const sh_code code = take(&t, plan, &any, err);
    *ret = code == SH_OK && any ? t.census : NULL;
    if (!*ret)
        sh_census_free(t.census);
    return code;
}

void sh_census_free(struct sh_census *c) {
    if (!c)
        return;
    for (size_t i = 0; c->counts && i < c->plan->n_active; i++)
        sh_free(c->counts[i].slots);
    sh_free(c->counts);
    sh_free(c);
}

/* ---- who is alone ------------------------------------------------------------------------------- */

/* The aggregates of the rule over groups of one row each. */
static sh_code eval_alone(struct sh_engine *en, const struct sh_rule_plan *rp, const int32_t *rows,
                          uint32_t n, const sh_i128 *const **ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    uint32_t *begin = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1);
    const sh_i128 **merged = sh_new(en->scratch, const sh_i128 *, r->n_partials + 1);
    struct sh_batch members, batch = {.n = n, .members = &members, .member_begin = begin};
    if (!begin || !merged)
        return out_of_room(err);
    for (uint32_t i = 0; i <= n; i++)
        begin[i] = i;
    SH_TRY(sh_batch_make(en, rp, &(const struct sh_tuple_rows){n, rows, NULL, NULL}, &members, err));
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        batch.rows[s] = rows; /* aggregates read their members only */
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t a = 0; a < r->n_partials; a++) {
        sh_i128 *values = sh_new(en->scratch, sh_i128, (size_t)n + 1);
        if (!values)
            return out_of_room(err);
        SH_TRY(sh_partial_eval(&r->partials[a], &eval, &batch, values, err));
        merged[a] = values;
    }
    *ret = merged;
    return SH_OK;
}

/* may_hit [n]: whether a row by itself may be more than clear. */
static sh_code judge_alone(struct sh_engine *en, const struct sh_rule_plan *rp, const int32_t *rows,
                           uint32_t n, uint8_t *may_hit, struct sh_err *err) {
    struct sh_batch batch = {.n = n};
    int32_t *nothing = sh_new_raw(en->scratch, int32_t, (size_t)n + 1);
    int64_t *holds = sh_new_raw(en->scratch, int64_t, (size_t)n + 1);
    if (!nothing || !holds)
        return out_of_room(err);
    memset(nothing, 0xff, (size_t)n * sizeof(*nothing));
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        batch.rows[s] = nothing;
    SH_TRY(eval_alone(en, rp, rows, n, &batch.merged, err));
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t h = 0; h < rp->rule->n_hit; h++) {
        SH_TRY(sh_expr_eval(rp->rule->hit[h].expr, &eval, &batch, holds, err));
        for (uint32_t i = 0; i < n; i++)
            may_hit[i] |= holds[i] != 0;
    }
    return SH_OK;
}

/* Of a block of members those that are alone and clear leave: leaves [n]. */
static sh_code look_at_block(struct sh_engine *en, const struct sh_rule_plan *rp, const int32_t *rows,
                             uint32_t n, uint8_t *leaves, struct sh_err *err) {
    const struct count *c = &en->census->counts[rp->index];
    int32_t *alone = sh_new_raw(en->scratch, int32_t, (size_t)n + 1);
    uint32_t *at = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1), n_alone = 0;
    uint8_t *may_hit = sh_new(en->scratch, uint8_t, (size_t)n + 1);
    if (!alone || !at || !may_hit)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t hash;
        if (hash_of(c, en->tl.chunk, (uint32_t)rows[i], &hash) && is_alone(c, hash))
            at[n_alone] = i, alone[n_alone++] = rows[i];
    }
    SH_TRY(judge_alone(en, rp, alone, n_alone, may_hit, err));
    for (uint32_t i = 0; i < n_alone; i++)
        leaves[at[i]] = !may_hit[i];
    return SH_OK;
}

sh_code sh_census_set_aside(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *io,
                            struct sh_err *err) {
    if (!en->census || !en->census->counts[rp->index].slots || io->k || io->uncertain || en->tl.carried)
        return SH_OK;
    int32_t *stay = sh_new_raw(en->work, int32_t, (size_t)io->n + 1);
    uint32_t n_stay = 0;
    if (!stay)
        return out_of_room(err);
    for (uint32_t from = 0; from < io->n; from += SH_BLOCK) {
        const uint32_t n = io->n - from < SH_BLOCK ? io->n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        uint8_t *leaves = sh_new(en->scratch, uint8_t, (size_t)n + 1);
        if (!leaves)
            return out_of_room(err);
        SH_TRY(look_at_block(en, rp, io->row + from, n, leaves, err));
        for (uint32_t i = 0; i < n; i++) {
            stay[n_stay] = io->row[from + i];
            n_stay += !leaves[i];
        }
        sh_arena_rewind(en->scratch, at);
    }
    const struct sh_answer_count clear = {.subjects = io->n - n_stay, .lines = io->n - n_stay};
    *io = (struct sh_members){.n = n_stay, .row = stay};
    return sh_answer_add_many(en->answers, rp->index, SH_ANSWER_CLEAR, (struct sh_str){0}, &clear, err);
}
