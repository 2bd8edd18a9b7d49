/* One plan over one small lake by every executor: do all say what the night says? */
#pragma once
#include "postgres.h"

struct comparison {
    PGconn *pg; /* NULL: none here */
    size_t findings, sql_refused;
    char why[4096];
};
static const struct {
    const char *name;
    sh_code (*tell)(const struct sh_plan *, const struct sh_memlake *, struct sh_arena *, struct told *,
                    struct sh_err *);
} executors[] = {
    {"person by person", tell_apart}, {"one claim after the other", tell_claims}, {"DuckDB", tell_duckdb}};

/* *ret_rule: the first of the plan's rules that disagrees, their number: none. */
static inline sh_code compare_executors(struct comparison *c, const struct sh_plan *plan,
                                        const struct sh_memlake *lake, struct sh_arena *arena,
                                        struct told *ret_night, size_t *ret_rule, struct sh_err *err) {
    const size_t n = sh_plan_rules(plan), known = sizeof(executors) / sizeof(executors[0]);
    SH_TRY(tell_whole(plan, lake, arena, ret_night, err));
    *ret_rule = n;
    for (size_t i = 0; i < n; i++)
        for (const char *at = ret_night->of_rule[i]; *at; at++)
            c->findings += *at == '\n';
    for (size_t e = 0; e < known + (c->pg != NULL); e++) {
        struct told other = {0};
        if (e < known)
            SH_TRY(executors[e].tell(plan, lake, arena, &other, err));
        else
            SH_TRY(tell_postgres(c->pg, plan, lake, arena, &other, err));
        for (size_t i = 0; i < n; i++) {
            c->sql_refused += other.refused[i];
            if (is_told_same(ret_night, &other, i))
                continue;
            (void)snprintf(c->why, sizeof(c->why), "night:\n%s%s:\n%s", ret_night->of_rule[i],
                           e < known ? executors[e].name : "PostgreSQL", other.of_rule[i]);
            *ret_rule = i;
            return SH_OK;
        }
    }
    return SH_OK;
}
