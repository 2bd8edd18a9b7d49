/* Second half of a rule whose rows are of many persons: the rows, or the parts of groups, that have met are
 * judged by the same shapes as those of one person. */
#include "audit/drawn.h"
#include "audit/joined.h"
#include "audit/lacking.h"
#include "base/date.h"
#include <string.h>

#define ROWS_AT_ONCE 16384u
#define BYTES_AT_ONCE ((size_t)256 << 20)

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for rows that have met");
}

/* Records gathered until they are judged: whole keys of one rule. */
struct gathering {
    struct sh_engine *en;
    struct sh_joined_take *out;
    struct sh_buf payloads, key; /* key: of the last record, with its rule */
    size_t *offsets, n, cap;
    size_t key_begin; /* first record of the last key */
    uint64_t dropped; /* of the last key, which is too long */
    struct sh_places dropped_at;
    uint16_t rule;
    struct sh_drawn drawn; /* by all rules so far */
};

static void gathering_release(struct gathering *g) {
    sh_drawn_release(&g->drawn);
    sh_places_release(&g->dropped_at);
    sh_buf_free(&g->payloads);
    sh_buf_free(&g->key);
    sh_free(g->offsets);
}

static sh_code unpack_all(struct gathering *g, struct sh_carried_row **ret, struct sh_err *err) {
    struct sh_carried_row *rows = sh_new(g->en->tl.arena, struct sh_carried_row, g->n + 1);
    if (!rows)
        return out_of_room(err);
    for (size_t i = 0; i < g->n; i++) {
        const size_t to = i + 1 < g->n ? g->offsets[i + 1] : g->payloads.len;
        SH_TRY(sh_carry_unpack((struct sh_str){g->payloads.at + g->offsets[i], to - g->offsets[i]}, &rows[i],
                               err));
    }
    *ret = rows;
    return SH_OK;
}

/* ---- groups put together ------------------------------------------------------------------------ */

/* The aggregates of all groups. */
static sh_code merged_of(struct sh_engine *en, const struct sh_rule *r, const struct sh_carried_row *rows,
                         uint32_t n, const sh_i128 *const **ret, struct sh_err *err) {
    const sh_i128 **merged = sh_new(en->work, const sh_i128 *, r->n_partials + 1);
    if (!merged)
        return out_of_room(err);
    for (size_t a = 0; a < r->n_partials; a++) {
        sh_i128 *values = sh_new(en->work, sh_i128, (size_t)n + 1);
        if (!values)
            return out_of_room(err);
        for (uint32_t i = 0; i < n; i++)
            memcpy(&values[i], rows[i].partials + a * sizeof(sh_i128), sizeof(sh_i128));
        merged[a] = values;
    }
    *ret = merged;
    return SH_OK;
}

/* The batch of all groups: their rows, and their aggregates. */
static sh_code merged_batch(struct sh_engine *en, const struct sh_rule_plan *rp,
                            const struct sh_carried_row *rows, uint32_t n, struct sh_batch *ret,
                            struct sh_err *err) {
    const sh_i128 *const *merged;
    SH_TRY(merged_of(en, rp->rule, rows, n, &merged, err));
    const struct sh_tuple_rows of = {n, en->tl.carried->rows,
                                     en->tl.carried->has_k ? en->tl.carried->k : NULL, NULL};
    SH_TRY(sh_batch_make(en, rp, &of, ret, err));
    ret->merged = merged;
    return SH_OK;
}

sh_code sh_joined_emit(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                       uint32_t i, const struct sh_verdict *v, const struct sh_carried_row *row,
                       struct sh_err *err) {
    const int32_t subject = (int32_t)i;
    const struct sh_draft d = {.rp = rp,
                               .batch = batch,
                               .tuple = i,
                               .k = row->head.k,
                               .verdict = v,
                               .subject = subject,
                               .key = sh_keep_str(en, row->key)};
    SH_TRY(sh_finding_add(en, &d, err));
    struct sh_finding *f = &en->findings[en->n_findings - 1];
    f->person = f->encounter = -1; /* of many */
    f->institution = row->head.institution;
    return SH_OK;
}

static sh_code judge_merged(struct sh_engine *en, const struct sh_rule_plan *rp,
                            const struct sh_carried_row *rows, uint32_t n, struct sh_err *err) {
    struct sh_batch batch;
    SH_TRY(merged_batch(en, rp, rows, n, &batch, err));
    if (rp->rule->shape == SH_SHAPE_STAT)
        return sh_stat_judge(en, rp, &batch, rows, err);
    struct sh_verdict *verdicts = sh_new(en->work, struct sh_verdict, (size_t)n + 1);
    if (!verdicts)
        return out_of_room(err);
    SH_TRY(sh_judge(en, rp, &batch, verdicts, err));
    for (uint32_t i = 0; i < n; i++) {
        SH_TRY(sh_answer_add(en->answers, rp->index, verdicts[i].answer, verdicts[i].field,
                             (uint64_t)rows[i].head.members, 0, err));
        if (verdicts[i].answer == SH_ANSWER_NOT_EVALUATED)
            SH_TRY(sh_lacking_group(en, rp, verdicts[i].field, &rows[i].head, err));
        if (verdicts[i].answer == SH_ANSWER_HIT)
            SH_TRY(sh_joined_emit(en, rp, &batch, i, &verdicts[i], &rows[i], err));
    }
    return SH_OK;
}

/* Groups whose sums alone say that nothing is hit are clear: their rows need not be looked at. */
static sh_code set_clear_aside(struct sh_engine *en, const struct sh_rule_plan *rp,
                               struct sh_carried_row *rows, uint32_t *io_n, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const uint32_t n = *io_n;
    if (r->reach != SH_REACH_MERGED || r->shape != SH_SHAPE_GROUP)
        return SH_OK;
    for (size_t h = 0; h < r->n_hit; h++)
        if (!sh_expr_is_of_aggregates(r->hit[h].expr))
            return SH_OK;
    int32_t *nothing = sh_new_raw(en->work, int32_t, (size_t)n + 1);
    int64_t *holds = sh_new_raw(en->work, int64_t, (size_t)n + 1);
    uint8_t *is_open = sh_new(en->work, uint8_t, (size_t)n + 1);
    struct sh_batch batch = {.n = n};
    if (!nothing || !holds || !is_open)
        return out_of_room(err);
    memset(nothing, 0xff, (size_t)n * sizeof(*nothing));
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        batch.rows[s] = nothing;
    SH_TRY(merged_of(en, r, rows, n, &batch.merged, err));
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t h = 0; h < r->n_hit; h++) {
        SH_TRY(sh_expr_eval(r->hit[h].expr, &eval, &batch, holds, err));
        for (uint32_t i = 0; i < n; i++)
            is_open[i] |= holds[i] != 0;
    }
    struct sh_answer_count clear = {0};
    *io_n = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (is_open[i])
            rows[(*io_n)++] = rows[i];
        else
            clear.subjects++, clear.lines += (uint64_t)rows[i].head.members;
    }
    return sh_answer_add_many(en->answers, rp->index, SH_ANSWER_CLEAR, (struct sh_str){0}, &clear, err);
}

/* ---- one gathering ------------------------------------------------------------------------------ */

static sh_code run_shape(struct sh_engine *en, const struct sh_rule_plan *rp,
                         const struct sh_carried_row *rows, uint32_t n, struct sh_err *err) {
    if (rp->rule->reach == SH_REACH_MERGED)
        return judge_merged(en, rp, rows, n, err);
    switch (rp->rule->shape) {
    case SH_SHAPE_GROUP:
        return sh_run_groups(en, rp, err);
    case SH_SHAPE_WINDOW:
        return sh_run_windows(en, rp, err);
    case SH_SHAPE_PAIR:
        return sh_run_pairs(en, rp, err);
    case SH_SHAPE_ROW:
    case SH_SHAPE_STAT:
        break;
    }
    return sh_fail(err, SH_E_INTERNAL, "rows of a rule over single rows were sent");
}

/* Lines that were sent one by one draw their money; an amount of parts put together belongs to no line. */
static sh_code count_money(struct gathering *g, const struct sh_carried_row *rows, size_t first,
                           struct sh_err *err) {
    struct sh_engine *en = g->en;
    struct sh_rule_answers *r = &en->answers->rules[g->rule];
    for (size_t i = first; i < en->n_findings; i++) {
        struct sh_finding *f = &en->findings[i];
        if (sh_takes_money(en->plan->active[g->rule].rule))
            SH_TRY(sh_drawn_take(&g->drawn, rows, (uint32_t)g->n, f, err));
        else if (f->amount_fen > 0)
            f->fund = SH_FUND_UNKNOWN;
        r->findings++;
        r->unknown_amounts += !f->amount_known;
        (void)!__builtin_add_overflow(r->amount_fen, f->amount_fen, &r->amount_fen);
        (void)!__builtin_add_overflow(r->counted_fen, f->counted_fen, &r->counted_fen);
        (void)!__builtin_add_overflow(r->fund_fen, f->fund_fen, &r->fund_fen);
    }
    return SH_OK;
}

static sh_code judge(struct gathering *g, struct sh_err *err) {
    struct sh_engine *en = g->en;
    if (g->n == 0)
        return SH_OK;
    const struct sh_rule_plan *rp = &en->plan->active[g->rule];
    struct sh_carried_row *rows = NULL;
    sh_arena_reset(en->tl.arena);
    sh_arena_reset(en->work);
    sh_arena_reset(en->scratch);
    const size_t found_before = en->n_findings;
    sh_code code = unpack_all(g, &rows, err);
    uint32_t n = (uint32_t)g->n;
    if (code == SH_OK)
        code = set_clear_aside(en, rp, rows, &n, err);
    if (code == SH_OK && n > 0)
        code = sh_carry_fill(en, rp, rows, n, err);
    if (code == SH_OK && n > 0)
        code = run_shape(en, rp, rows, n, err);
    if (code != SH_OK)
        return sh_err_wrap(err, code, "rule %.*s: ", SH_ARG(rp->rule->id));
    SH_TRY(count_money(g, rows, found_before, err));
    SH_TRY(g->out->findings(g->out->ctx, en, found_before, err));
    sh_buf_clear(&g->payloads);
    g->n = g->key_begin = 0;
    return SH_OK;
}

/* Rows of one key beyond the limit are not judged: all of them are answered so. */
static sh_code count_dropped(struct gathering *g, struct sh_err *err) {
    if (g->dropped == 0)
        return SH_OK;
    const struct sh_str field = SH_STR("group too long");
    const uint64_t n = g->dropped;
    g->dropped = 0;
    SH_TRY(sh_answer_add(g->en->answers, g->rule, SH_ANSWER_NOT_EVALUATED, field, n, 0, err));
    SH_TRY(sh_lacking_places(g->en, &g->en->plan->active[g->rule], field, &g->dropped_at, err));
    sh_places_release(&g->dropped_at);
    return SH_OK;
}

static sh_code drop(struct gathering *g, struct sh_str payload, struct sh_err *err) {
    struct sh_carried_row row;
    SH_TRY(sh_carry_unpack(payload, &row, err));
    g->dropped++;
    return sh_places_day(&g->dropped_at, row.head.institution, row.head.day, err);
}

/* The rows of the last key are too many with this one. */
static sh_code drop_key(struct gathering *g, struct sh_str payload, struct sh_err *err) {
    for (size_t i = g->key_begin; i < g->n; i++) {
        const size_t to = i + 1 < g->n ? g->offsets[i + 1] : g->payloads.len;
        SH_TRY(drop(g, (struct sh_str){g->payloads.at + g->offsets[i], to - g->offsets[i]}, err));
    }
    g->payloads.len = g->offsets[g->key_begin];
    g->n = g->key_begin;
    return drop(g, payload, err);
}

static sh_code take(void *ctx, const struct sh_xrecord *r, struct sh_err *err) {
    struct gathering *g = ctx;
    const uint16_t rule = (uint16_t)((uint8_t)r->sort.at[0] << 8 | (uint8_t)r->sort.at[1]);
    const struct sh_str key = {r->sort.at, r->key_len};
    const bool same = g->key.len > 0 && sh_str_eq(key, sh_buf_view(&g->key));
    const bool whole_rule = g->en->plan->active[rule].rule->shape == SH_SHAPE_STAT; /* peers are met too */
    if (!same) {
        SH_TRY(count_dropped(g, err));
        const bool full = !whole_rule && (g->n >= ROWS_AT_ONCE || g->payloads.len > BYTES_AT_ONCE);
        if (rule != g->rule || full)
            SH_TRY(judge(g, err));
        g->rule = rule;
        g->key_begin = g->n;
        sh_buf_clear(&g->key);
        sh_buf_add_str(&g->key, key);
        SH_TRY(sh_buf_check(&g->key, err));
    }
    if (g->dropped > 0)
        return drop(g, r->payload, err);
    if (same && g->n - g->key_begin >= g->en->plan->options.timeline_max)
        return drop_key(g, r->payload, err);
    SH_TRY(sh_grow(&g->offsets, &g->cap, g->n + 1, sizeof(size_t), UINT32_MAX, err));
    g->offsets[g->n++] = g->payloads.len;
    sh_buf_add_str(&g->payloads, r->payload);
    return sh_buf_check(&g->payloads, err);
}

sh_code sh_joined_run(struct sh_engine *en, const struct sh_xruns *runs, struct sh_exchange *own,
                      struct sh_joined_take *out, struct sh_err *err) {
    SH_CLEANUP(gathering_release) struct gathering g = {.en = en, .out = out, .rule = UINT16_MAX};
    SH_TRY(sh_exchange_merge(en->plan, runs, own, take, &g, err));
    SH_TRY(count_dropped(&g, err));
    return judge(&g, err);
}
