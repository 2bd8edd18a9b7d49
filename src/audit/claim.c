/* One claim before submission: the engine of the night over one person, with and without the request. Rules
 * whose findings the request cannot change are asked once or not at all. */
#include "audit/inner.h"
#include "base/limits.h"
#include <assert.h>
#include <string.h>

#define CLAIM_BYTES_MAX ((size_t)256 << 20) /* a person's lines once more, without the request's */

struct sh_claim_worker {
    struct sh_audit_worker *with, *without;
    struct sh_arena arena;
    uint16_t *others; /* [n_others] rules that ask for rows of other persons */
    size_t n_others;
};

static sh_code leave_others_out(struct sh_claim_worker *w, const struct sh_plan *plan, struct sh_err *err) {
    w->others = sh_alloc_array(plan->n_active + 1, sizeof *w->others);
    if (!w->others)
        return sh_fail(err, SH_E_NOMEM, "no room for a worker");
    for (size_t i = 0; i < plan->n_active; i++)
        if (plan->active[i].rule->reach != SH_REACH_TIMELINE)
            w->others[w->n_others++] = (uint16_t)i;
    return SH_OK;
}

sh_code sh_claim_worker_new(const struct sh_plan *plan, struct sh_claim_worker **ret, struct sh_err *err) {
    assert(plan && ret);
    struct sh_claim_worker *w = sh_alloc_array(1, sizeof *w);
    if (!w)
        return sh_fail(err, SH_E_NOMEM, "no room for a worker");
    w->arena.limit_bytes = CLAIM_BYTES_MAX;
    sh_code code = sh_audit_worker_new(plan, &w->with, err);
    if (code == SH_OK)
        code = sh_audit_worker_new(plan, &w->without, err);
    if (code == SH_OK)
        code = leave_others_out(w, plan, err);
    if (code != SH_OK) {
        sh_claim_worker_free(w);
        return code;
    }
    *ret = w;
    return SH_OK;
}

void sh_claim_worker_free(struct sh_claim_worker *w) {
    if (!w)
        return;
    sh_audit_worker_free(w->with);
    sh_audit_worker_free(w->without);
    sh_arena_free(&w->arena);
    sh_free(w->others);
    sh_free(w);
}

/* ---- the history without the request ------------------------------------------------------------ */

/* The values of the rows that stay, one after the other. */
static sh_code stay(struct sh_arena *arena, const void *from, size_t size, const uint32_t *rows, size_t n,
                    const void **ret, struct sh_err *err) {
    char *to = sh_arena_alloc_array(arena, n + 1, size, sizeof(int64_t));
    if (!to)
        return sh_fail(err, SH_E_NOMEM, "no room for a person's history");
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * size, (const char *)from + rows[i] * size, size);
    *ret = to;
    return SH_OK;
}

static sh_code without_request(const struct sh_chunk *facts, const uint8_t *request, struct sh_arena *arena,
                               struct sh_chunk *ret, struct sh_err *err) {
    const uint32_t n = facts->tables[SH_TABLE_LINE].n_rows;
    const struct sh_lake_table *schema = &sh_lake_schema[SH_TABLE_LINE];
    uint32_t *rows = sh_new(arena, uint32_t, (size_t)n + 1), *begin = sh_new(arena, uint32_t, 2);
    const void **columns = sh_new(arena, const void *, (size_t)schema->n_columns + 1);
    if (!rows || !begin || !columns)
        return sh_fail(err, SH_E_NOMEM, "no room for a person's history");
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!request[i])
            rows[kept++] = i;
    *ret = *facts;
    begin[0] = 0, begin[1] = kept;
    const void *const *from = facts->tables[SH_TABLE_LINE].columns;
    for (uint16_t c = 0; c < schema->n_columns; c++)
        if (from[c])
            SH_TRY(
                stay(arena, from[c], sh_column_bytes(schema->columns[c].type), rows, kept, &columns[c], err));
    const void *head = NULL, *tail = NULL;
    if (facts->tables[SH_TABLE_LINE].id_head)
        SH_TRY(
            stay(arena, facts->tables[SH_TABLE_LINE].id_head, sizeof(struct sh_str), rows, kept, &head, err));
    if (facts->tables[SH_TABLE_LINE].id_tail)
        SH_TRY(stay(arena, facts->tables[SH_TABLE_LINE].id_tail, sizeof(int64_t), rows, kept, &tail, err));
    ret->tables[SH_TABLE_LINE].n_rows = kept;
    ret->tables[SH_TABLE_LINE].columns = columns;
    ret->tables[SH_TABLE_LINE].person_begin = begin;
    ret->tables[SH_TABLE_LINE].id_head = head;
    ret->tables[SH_TABLE_LINE].id_tail = tail;
    return SH_OK;
}

struct claim {
    struct sh_claim_worker *worker;
    const uint8_t *request; /* [lines] */
    bool all;               /* every rule was asked with and without the request */
};

/* ---- the difference ----------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const struct sh_finding *const *x = a, *const *y = b;
    return memcmp((*x)->id, (*y)->id, sizeof(*x)->id);
}

/* A side's findings by id. */
static const struct sh_finding **sorted(const struct sh_chunk_findings *found, struct sh_arena *arena) {
    const struct sh_finding **ret = sh_new(arena, const struct sh_finding *, found->n + 1);
    for (size_t i = 0; ret && i < found->n; i++)
        ret[i] = &found->findings[i];
    if (ret && found->n > 1)
        qsort(ret, found->n, sizeof(const struct sh_finding *), by_id);
    return ret;
}

static const struct sh_finding *find(const struct sh_finding **by, size_t n,
                                     const struct sh_finding *wanted) {
    const struct sh_finding **at =
        n ? bsearch(&wanted, by, n, sizeof(const struct sh_finding *), by_id) : NULL;
    return at ? *at : NULL;
}

static bool differs(const struct sh_finding *a, const struct sh_finding *b) {
    return a->level != b->level || a->amount_known != b->amount_known || a->amount_fen != b->amount_fen;
}

/* A line judged for itself says of each request the same, whatever stands beside it. */
static bool is_of_history(const struct claim *c, const struct sh_finding *f) {
    const struct sh_plan *plan = sh_worker_engine(c->worker->with)->plan;
    return !c->all && plan->active[f->rule].depends == SH_DEPENDS_ON_ITS_LINE && f->n_lines == 1 &&
           !c->request[f->lines[0].row];
}

static sh_code subtract(const struct claim *c, const struct sh_chunk_findings *with,
                        const struct sh_chunk_findings *without, struct sh_claim_findings *ret,
                        struct sh_err *err) {
    struct sh_claim_worker *w = c->worker;
    const struct sh_finding **now = sorted(with, &w->arena), **was = sorted(without, &w->arena);
    struct sh_claim_finding *at = sh_new(&w->arena, struct sh_claim_finding, with->n + without->n + 1);
    if (!now || !was || !at)
        return sh_fail(err, SH_E_NOMEM, "no room for the findings of a claim");
    size_t n = 0;
    for (size_t i = 0; i < with->n; i++) {
        const struct sh_finding *f = &with->findings[i], *before = find(was, without->n, f);
        if (is_of_history(c, f) || (before && !differs(f, before)))
            continue;
        at[n] =
            (struct sh_claim_finding){.finding = f,
                                      .is_new = !before,
                                      .amount_known = f->amount_known && (!before || before->amount_known),
                                      .amount_fen = f->amount_fen - (before ? before->amount_fen : 0)};
        memcpy(at[n++].id, f->id, sizeof f->id);
    }
    for (size_t i = 0; i < without->n; i++) {
        if (find(now, with->n, was[i]))
            continue;
        at[n] = (struct sh_claim_finding){.amount_known = was[i]->amount_known,
                                          .amount_fen = -was[i]->amount_fen};
        memcpy(at[n++].id, was[i]->id, sizeof was[i]->id);
    }
    *ret = (struct sh_claim_findings){at, n, w->others, w->n_others};
    return SH_OK;
}

sh_code sh_audit_claim(struct sh_claim_worker *w, const struct sh_chunk *facts, const uint8_t *request,
                       struct sh_claim_findings *ret, struct sh_err *err) {
    assert(w && facts && request && ret);
    if (facts->n_persons != 1)
        return sh_fail(err, SH_E_INPUT, "a claim is of one person, here are %u", facts->n_persons);
    struct sh_chunk history;
    struct sh_chunk_findings with, without;
    struct claim c = {.worker = w, .request = request};
    sh_arena_reset(&w->arena);
    SH_TRY(without_request(facts, request, &w->arena, &history, err));
    sh_audit_worker_alone(w->with, SH_DEPENDS_ON_ITS_LINE);
    SH_TRY(sh_audit_chunk(w->with, facts, &with, err));
    /* a refund without its line throws doubt on others */
    c.all = sh_worker_engine(w->with)->tl.n_orphans > 0;
    if (c.all) {
        sh_audit_worker_alone(w->with, SH_DEPENDS_NOT);
        SH_TRY(sh_audit_chunk(w->with, facts, &with, err));
    }
    sh_audit_worker_alone(w->without, c.all ? SH_DEPENDS_NOT : SH_DEPENDS_ON_LINES);
    SH_TRY(sh_audit_chunk(w->without, &history, &without, err));
    return subtract(&c, &with, &without, ret, err);
}
