/* Goal: every case written beside a shipped rule gives the same findings (ids, levels, amounts, lines and
 * their shares) by SQL in DuckDB and in PostgreSQL as by the engine; what SQL cannot say is named. By default
 * the first case of every fourth rule; all of them with SH_TEST_LONG=1. */
#include "difftest/postgres.h"
#include "base/limits.h"
#include <stdio.h>

struct tally {
    PGconn *pg; /* NULL: none here */
    size_t every, cases, unsupported, differ;
};

static void arena_free(struct sh_arena *a) {
    sh_arena_free(a);
}

static void hold(struct tally *t, const char *file, const struct sh_rule_case *c, const char *name,
                 const struct told *night, const struct told *other) {
    t->unsupported += other->refused[0];
    if (is_told_same(night, other, 0))
        return;
    t->differ++;
    print_error("%s:%u: %.*s\n engine: %s\n %s: %s\n", file, c->line, SH_ARG(c->about), night->of_rule[0],
                name, other->of_rule[0]);
}

static sh_code one_case(struct sh_rules *rules, const struct sh_rule *rule, const struct sh_rule_case *c,
                        struct tally *t, struct sh_err *err) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    char file[SH_PATH_BYTES_MAX], place[16];
    (void)snprintf(file, sizeof(file), "%.*s", SH_ARG(rule->file));
    (void)snprintf(place, sizeof(place), "%.*s", SH_ARG(c->place));
    struct sh_rule *fresh;
    struct sh_memlake lake;
    struct sh_plan *plan;
    SH_TRY(sh_rule_compile(rule->text, file, rules, &arena, &fresh, err));
    struct sh_rules one = *rules;
    one.rules = fresh, one.n_rules = 1;
    fresh->state = fresh->state == SH_STATE_DRAFT ? SH_STATE_TRIAL : fresh->state;
    SH_TRY(sh_memlake_build(c->node, &arena, &lake, err));
    const struct sh_plan_options options = {
        .as_of = INT32_MAX, .place = place, .incomplete = lake.incomplete};
    SH_TRY(sh_plan_make(&one, &lake.dicts, &options, &arena, &plan, err));
    struct told night = {0}, duck = {0}, postgres = {0};
    SH_TRY(tell_whole(plan, &lake, &arena, &night, err));
    SH_TRY(tell_duckdb(plan, &lake, &arena, &duck, err));
    hold(t, file, c, "DuckDB", &night, &duck);
    t->cases++;
    if (!t->pg)
        return SH_OK;
    SH_TRY(tell_postgres(t->pg, plan, &lake, &arena, &postgres, err));
    hold(t, file, c, "PostgreSQL", &night, &postgres);
    return SH_OK;
}

static void place_cases(const char *place, struct tally *t) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    char dir[3][SH_PATH_BYTES_MAX];
    struct sh_err err;
    const char *only = getenv("SHOUHU_TEST_RULE");
    const struct sh_rules_options options = {
        .rules_dir = check_source_path("rules", dir[0], sizeof(dir[0])),
        .knowledge_dir = check_source_path("knowledge", dir[1], sizeof(dir[1])),
        .params_dir = check_source_path("law/params", dir[2], sizeof(dir[2])),
        .only = only ? &only : NULL,
        .n_only = only ? 1 : 0,
        .known_as_of = INT32_MAX,
        .place = place};
    struct sh_rules *rules;
    CHECK_OK(sh_rules_load(&options, &arena, stderr, &rules, &err), &err);
    for (size_t i = 0; i < rules->n_rules; i++)
        for (size_t c = 0; c < rules->rules[i].n_cases; c++) {
            const struct sh_rule_case *one = &rules->rules[i].cases[c];
            if (!sh_str_is(one->place, place) || (t->every > 1 && (c > 0 || i % t->every != 0)))
                continue;
            const sh_code code = one_case(rules, &rules->rules[i], one, t, &err);
            if (code != SH_OK) {
                t->differ++;
                print_error("%.*s:%u: %.*s: %s\n", SH_ARG(rules->rules[i].file), one->line,
                            SH_ARG(one->about), err.message);
            }
        }
}

static void shipped_cases_agree(void **state) {
    (void)state;
    const char *long_rounds = getenv("SH_TEST_LONG");
    struct tally t = {.pg = postgres_open(), .every = long_rounds || getenv("SHOUHU_TEST_RULE") ? 1 : 4};
    place_cases("000000", &t);
    place_cases("990100", &t);
    print_message("# %zu cases, %zu times SQL cannot say a construct%s\n", t.cases, t.unsupported,
                  t.pg ? "" : "; without PostgreSQL: no cluster here");
    if (t.pg)
        PQfinish(t.pg);
    CHECK_I64(t.differ, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shipped_cases_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
