/* Goal: every case written beside a shipped rule gives the same findings (ids, levels, amounts, lines and
 * their shares) by SQL in DuckDB and in PostgreSQL as by the engine; none is refused. By default the first
 * case of every fourth rule at each place; all of them with SH_TEST_LONG=1, those of SHOUHU_TEST_RULE=ID[,ID
 * …]. */
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

static const char *const places[] = {"000000", "990100", "990101", "990103"};
enum { PLACES = sizeof(places) / sizeof(places[0]), ONLY_MAX = 64 };

/* Cases of places that are not gone through would never be held. */
static void check_place(const struct sh_rule_case *c) {
    for (size_t i = 0; i < PLACES; i++)
        if (sh_str_is(c->place, places[i]))
            return;
    fail_msg("line %u: cases of place %.*s are not compared", c->line, SH_ARG(c->place));
}

static size_t rules_wanted(struct sh_arena *arena, const char **ret) {
    const char *only = getenv("SHOUHU_TEST_RULE");
    size_t n = 0;
    for (struct sh_str rest = sh_str_of(only ? only : ""), id;
         only && n < ONLY_MAX && sh_str_split(&rest, ',', &id);)
        ret[n++] = sh_arena_printf(arena, NULL, "%.*s", SH_ARG(id));
    return n;
}

static void place_cases(const char *place, struct tally *t) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    char dir[3][SH_PATH_BYTES_MAX];
    struct sh_err err;
    const char *only[ONLY_MAX];
    const size_t n_only = rules_wanted(&arena, only);
    const struct sh_rules_options options = {
        .rules_dir = check_source_path("rules", dir[0], sizeof(dir[0])),
        .knowledge_dir = check_source_path("knowledge", dir[1], sizeof(dir[1])),
        .params_dir = check_source_path("law/params", dir[2], sizeof(dir[2])),
        .only = n_only > 0 ? only : NULL,
        .n_only = n_only,
        .known_as_of = INT32_MAX,
        .place = place};
    struct sh_rules *rules;
    CHECK_OK(sh_rules_load(&options, &arena, stderr, &rules, &err), &err);
    for (size_t i = 0; i < rules->n_rules; i++)
        for (size_t c = 0; c < rules->rules[i].n_cases; c++) {
            const struct sh_rule_case *one = &rules->rules[i].cases[c];
            check_place(one);
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
    for (size_t i = 0; i < PLACES; i++)
        place_cases(places[i], &t);
    print_message("# %zu cases%s\n", t.cases, t.pg ? "" : "; without PostgreSQL: no cluster here");
    if (t.pg)
        PQfinish(t.pg);
    CHECK_I64(t.differ, 0);
    CHECK_I64(t.unsupported, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shipped_cases_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
