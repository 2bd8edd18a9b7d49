/* The engine and the SQL executor on one small lake: findings as lines of text that must be equal. */
#pragma once
#include "audit/sql_run.h"
#include "base/hash.h"
#include <string.h>

struct both {
    struct sh_buf engine, sql; /* sorted lines: "rule id level amount line=fen …" */
    bool unsupported;          /* the SQL executor named a construct */
    char why[1024];
};

static inline void both_release(struct both *b) {
    sh_buf_free(&b->engine);
    sh_buf_free(&b->sql);
}

static inline int both_by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void both_sort(char **lines, size_t n, struct sh_buf *out) {
    if (n > 1)
        qsort(lines, n, sizeof(*lines), both_by_text);
    for (size_t i = 0; i < n; i++)
        sh_buf_addf(out, "%s\n", lines[i]);
}

static inline const char *both_amount(struct sh_arena *arena, bool known, int64_t fen) {
    return known ? sh_arena_printf(arena, NULL, "%lld", (long long)fen) : "?";
}

static inline void both_of_engine(const struct sh_audit_worker *worker, const struct sh_chunk_findings *found,
                                  struct sh_arena *arena, struct sh_buf *out) {
    const struct sh_engine *en = sh_worker_engine(worker);
    char **lines = sh_new(arena, char *, found->n + 1);
    for (size_t i = 0; i < found->n; i++) {
        const struct sh_finding *f = &found->findings[i];
        char id[33];
        sh_hex(f->id, 16, id);
        char *text = sh_arena_printf(arena, NULL, "%.*s %s level %d amount %s [%.*s]",
                                     SH_ARG(en->plan->active[f->rule].rule->id), id, (int)f->level,
                                     both_amount(arena, f->amount_known, f->amount_fen), SH_ARG(f->key));
        for (size_t l = 0; l < f->n_lines; l++) {
            struct sh_err err;
            struct sh_str line;
            CHECK_OK(sh_row_id(&en->tl, SH_TABLE_LINE, f->lines[l].row, &line, &err), &err);
            text = sh_arena_printf(arena, NULL, "%s %.*s%s%lld", text, SH_ARG(line),
                                   f->lines[l].blamed ? "=" : "~", (long long)f->lines[l].amount_fen);
        }
        lines[i] = text;
    }
    both_sort(lines, found->n, out);
}

static inline void both_of_sql(const struct sh_plan *plan, const struct sh_sql_findings *found,
                               struct sh_arena *arena, struct sh_buf *out) {
    char **lines = sh_new(arena, char *, found->n + 1);
    for (size_t i = 0; i < found->n; i++) {
        const struct sh_sql_finding *f = &found->at[i];
        char *text = sh_arena_printf(arena, NULL, "%.*s %s level %d amount %s [%.*s]",
                                     SH_ARG(sh_plan_rule(plan, f->rule)->id), f->id, (int)f->level,
                                     both_amount(arena, f->amount_known, f->amount_fen), SH_ARG(f->key));
        for (size_t l = 0; l < f->n_lines; l++)
            text = sh_arena_printf(arena, NULL, "%s %.*s%s%lld", text, SH_ARG(f->lines[l].id),
                                   f->lines[l].blamed ? "=" : "~", (long long)f->lines[l].fen);
        lines[i] = text;
    }
    both_sort(lines, found->n, out);
}

static inline void both_close_sql(struct sh_sql_run **run) {
    sh_sql_close(*run);
}
static inline void both_free_found(struct sh_sql_findings *f) {
    sh_free(f->at);
}

/* All rules of a plan over one chunk by SQL. */
static inline sh_code both_run_sql(const struct sh_plan *plan, const struct sh_chunk *chunk,
                                   struct sh_arena *arena, struct both *ret, struct sh_err *err) {
    struct sh_sql_run *run SH_CLEANUP(both_close_sql) = NULL;
    struct sh_sql_findings found SH_CLEANUP(both_free_found) = {0};
    SH_TRY(sh_sql_open(plan, "/tmp", arena, &run, err));
    SH_TRY(sh_sql_take(run, chunk, err));
    sh_code code = sh_sql_ready(run, err);
    for (size_t r = 0; code == SH_OK && r < sh_plan_rules(plan); r++)
        code = sh_sql_audit(run, r, &found, err);
    if (code == SH_E_UNSUPPORTED) {
        ret->unsupported = true;
        (void)snprintf(ret->why, sizeof(ret->why), "%s", err->message);
        return SH_OK;
    }
    SH_TRY(code);
    both_of_sql(plan, &found, arena, &ret->sql);
    return SH_OK;
}
