/* One chunk through all rules. */
#include "audit/joined.h"
#include "audit/tally.h"
#include "audit/zones.h"
#include <assert.h>
#include <string.h>

#define CHUNK_BYTES_MAX                                                                                      \
    ((size_t)4 << 30) /* of each arena of a worker: one person may have a million lines                      \
                       */

struct sh_audit_worker {
    struct sh_engine engine;
    struct sh_arena chunk, work, scratch, keep, lasting;
    struct sh_answers answers;
    struct sh_exchange exchange;
    bool is_alone; /* one person is all there is: rows of other persons are met by none */
    enum sh_depends least;
};

sh_code sh_audit_worker_new(const struct sh_plan *plan, struct sh_audit_worker **ret, struct sh_err *err) {
    assert(plan && ret);
    struct sh_audit_worker *w = sh_alloc_array(1, sizeof(*w));
    if (!w)
        return sh_fail(err, SH_E_NOMEM, "no room for a worker");
    w->chunk.limit_bytes = w->work.limit_bytes = w->scratch.limit_bytes = w->keep.limit_bytes =
        CHUNK_BYTES_MAX;
    w->engine = (struct sh_engine){.plan = plan,
                                   .scratch = &w->scratch,
                                   .work = &w->work,
                                   .keep = &w->keep,
                                   .answers = &w->answers,
                                   .lasting = &w->lasting};
    w->exchange.plan = plan;
    w->engine.exchange = &w->exchange;
    w->engine.tl.arena = &w->chunk;
    w->engine.collected = sh_alloc_array(plan->n_collectors + 1, sizeof(struct sh_tuples));
    w->engine.zone_use = sh_alloc_array(plan->n_active + 1, sizeof(struct sh_zone_use));
    w->engine.item_open = sh_alloc_array(plan->n_active + 1, sizeof(uint8_t *));
    w->engine.words = sh_new(&w->lasting, struct sh_receipt_words, 1);
    if (w->engine.words)
        w->engine.words->knowledge = sh_new(&w->lasting, struct sh_str *, plan->n_active + 1);
    const bool has_room = w->engine.collected && w->engine.zone_use && w->engine.item_open &&
                          w->engine.words && w->engine.words->knowledge;
    sh_code code = has_room ? sh_answers_init(&w->answers, plan->n_active, err)
                            : sh_fail(err, SH_E_NOMEM, "no room for a worker");
    if (code == SH_OK)
        code = sh_tally_new(plan, &w->engine.tally, err);
    if (code != SH_OK) {
        sh_audit_worker_free(w);
        return code;
    }
    *ret = w;
    return SH_OK;
}

void sh_audit_worker_free(struct sh_audit_worker *w) {
    if (!w)
        return;
    for (size_t i = 0; w->engine.collected && i < w->engine.plan->n_collectors; i++) {
        sh_free(w->engine.collected[i].row);
        sh_free(w->engine.collected[i].k);
    }
    sh_free(w->engine.collected);
    sh_free(w->engine.zone_use);
    for (size_t i = 0; w->engine.item_open && i < w->engine.plan->n_active; i++)
        sh_free(w->engine.item_open[i]);
    sh_free(w->engine.item_open);
    sh_free(w->engine.findings);
    sh_answers_release(&w->answers);
    sh_exchange_release(&w->exchange);
    sh_tally_free(w->engine.tally);
    sh_digest_release(&w->engine.digest);
    sh_arena_free(&w->chunk);
    sh_arena_free(&w->work);
    sh_arena_free(&w->scratch);
    sh_arena_free(&w->keep);
    sh_arena_free(&w->lasting);
    sh_free(w);
}

const struct sh_answers *sh_audit_worker_answers(const struct sh_audit_worker *worker) {
    return &worker->answers;
}

static sh_code count_chunk(struct sh_engine *en, struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    struct sh_answers *a = en->answers;
    int64_t fen;
    SH_TRY(sh_zones_make(en, err));
    SH_TRY(sh_shared_values_make(tl->arena, en->plan->n_zone_shared, tl->tables[SH_TABLE_LINE].n_rows,
                                 &en->of_lines, err));
    sh_zones_look(en->zones, en, &fen);
    en->all_lines.rows = en->paid_lines.rows = NULL;
    (void)!__builtin_add_overflow(a->covered_fen, fen, &a->covered_fen);
    a->lines += en->lines;
    a->void_lines += tl->void_lines;
    a->refund_lines += tl->refund_lines;
    if (tl->tables[SH_TABLE_STOCK_MOVE].n_rows == 0) /* else its persons are institutions */
        a->persons += tl->n_persons;
    a->chunks++;
    (void)!__builtin_add_overflow(a->void_fen, tl->void_fen, &a->void_fen);
    return SH_OK;
}

static sh_code run_rule(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    if (rp->rule->reach != SH_REACH_TIMELINE)
        return sh_send_rule(en, rp, err);
    switch (rp->rule->shape) {
    case SH_SHAPE_STAT:
        break;
    case SH_SHAPE_ROW:
        return sh_run_rows(en, rp, err);
    case SH_SHAPE_GROUP:
        return sh_run_groups(en, rp, err);
    case SH_SHAPE_WINDOW:
        return sh_run_windows(en, rp, err);
    case SH_SHAPE_PAIR:
        return sh_run_pairs(en, rp, err);
    }
    return sh_fail(err, SH_E_INTERNAL, "unknown shape");
}

/* The rules whose rows are of one person, or those whose rows must meet others. */
static sh_code run_rules(struct sh_audit_worker *w, bool meeting, struct sh_err *err) {
    struct sh_engine *en = &w->engine;
    for (size_t i = 0; i < en->plan->n_active; i++) {
        const struct sh_rule_plan *rp = &en->plan->active[i];
        if (!rp->leads || (rp->rule->reach != SH_REACH_TIMELINE) != meeting || rp->depends < w->least)
            continue;
        en->judging = rp;
        const sh_code code = run_rule(en, rp, err);
        if (code != SH_OK)
            return sh_err_wrap(err, code, "rule %.*s: ", SH_ARG(en->judging->rule->id));
        sh_arena_reset(&w->work);
        sh_arena_reset(&w->scratch);
    }
    return SH_OK;
}

void sh_audit_worker_alone(struct sh_audit_worker *w, enum sh_depends least) {
    w->is_alone = true;
    w->least = least;
}

/* Rules that ask for rows of other persons say so. */
static sh_code leave_others_out(struct sh_audit_worker *w, struct sh_err *err) {
    const struct sh_plan *plan = w->engine.plan;
    for (size_t i = 0; i < plan->n_active; i++)
        if (plan->active[i].rule->reach != SH_REACH_TIMELINE)
            SH_TRY(sh_answer_add(&w->answers, (uint16_t)i, SH_ANSWER_NOT_EVALUATED,
                                 SH_STR("rows of other persons"), 0, 0, err));
    return SH_OK;
}

sh_code sh_audit_chunk(struct sh_audit_worker *w, const struct sh_chunk *chunk, struct sh_chunk_findings *ret,
                       struct sh_err *err) {
    assert(w && chunk && ret);
    struct sh_engine *en = &w->engine;
    sh_arena_reset(&w->chunk);
    sh_arena_reset(&w->keep);
    sh_arena_reset(&w->scratch);
    sh_arena_reset(&w->work);
    en->n_findings = 0;
    en->partings = NULL;
    en->adds = NULL;
    SH_TRY(sh_tally_begin(en->tally, en->exchange, err));
    SH_TRY(sh_timeline_fill(en->plan, chunk, &w->chunk, &en->tl, err));
    SH_TRY(count_chunk(en, err));
    SH_TRY(sh_collect_lines(en, err));
    SH_TRY(sh_views_fill(en, err));
    SH_TRY(run_rules(w, false, err));
    SH_TRY(sh_money_draw(en, err));
    /* What is sent tells what money is left. */
    SH_TRY(w->is_alone ? leave_others_out(w, err) : run_rules(w, true, err));
    *ret = (struct sh_chunk_findings){en->findings, en->n_findings};
    return sh_person_codes_check(&en->tl, err);
}

sh_code sh_audit_worker_spill(struct sh_audit_worker *w, const char *path, struct sh_err *err) {
    return sh_exchange_open(&w->exchange, w->engine.plan, path, err);
}

void sh_audit_worker_census(struct sh_audit_worker *w, const struct sh_census *census) {
    w->engine.census = census;
}

struct sh_exchange *sh_worker_exchange(struct sh_audit_worker *w) {
    return &w->exchange;
}

sh_code sh_audit_worker_cut(struct sh_audit_worker *w, struct sh_err *err) {
    SH_TRY(sh_tally_send(w->engine.tally, &w->exchange, err));
    return sh_exchange_cut(&w->exchange, err);
}

struct sh_engine *sh_worker_engine_of(struct sh_audit_worker *w) {
    return &w->engine;
}

/* Rows of lines as the chunk numbers them. */
static sh_code keep_rows(void *ctx, struct sh_engine *en, size_t first, struct sh_err *err) {
    (void)ctx, (void)err;
    const struct sh_carried *c = en->tl.carried;
    for (size_t i = first; i < en->n_findings; i++)
        for (size_t l = 0; c && l < en->findings[i].n_lines; l++)
            en->findings[i].lines[l].row = c->chunk_row[en->findings[i].lines[l].row];
    return SH_OK;
}

sh_code sh_audit_join_own(struct sh_audit_worker *from, struct sh_audit_worker *joiner,
                          struct sh_chunk_findings *ret, struct sh_err *err) {
    assert(from && joiner && ret);
    struct sh_engine *en = &joiner->engine;
    struct sh_joined_take out = {.findings = keep_rows};
    en->n_findings = 0;
    SH_TRY(sh_tally_send(from->engine.tally, &from->exchange, err));
    SH_TRY(sh_joined_run(en, NULL, &from->exchange, &out, err));
    SH_TRY(sh_answers_merge(&from->answers, &joiner->answers, err));
    *ret = (struct sh_chunk_findings){en->findings, en->n_findings};
    return SH_OK;
}

const struct sh_engine *sh_worker_engine(const struct sh_audit_worker *w) {
    return &w->engine;
}
