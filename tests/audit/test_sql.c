/* Goal: every case written beside a shipped rule gives the same findings (ids, levels, amounts, lines and
 * their shares) by SQL as by the engine; what SQL cannot say is named. By default the first case of every
 * fourth rule; all of them with SH_TEST_LONG=1. */
#include "small.h"
#include "sql_compare.h"
#include <stdio.h>

struct tally {
    size_t every, cases, unsupported, differ;
};

static void worker_free(struct sh_audit_worker **w) {
    sh_audit_worker_free(*w);
}
static void arena_free(struct sh_arena *a) {
    sh_arena_free(a);
}

static sh_code one_case(struct sh_rules *rules, const struct sh_rule *rule, const struct sh_rule_case *c,
                        struct tally *t, struct sh_err *err) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    struct both both SH_CLEANUP(both_release) = {0};
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
    struct sh_audit_worker *worker SH_CLEANUP(worker_free) = NULL;
    struct sh_chunk_findings found;
    SH_TRY(sh_audit_worker_new(plan, &worker, err));
    SH_TRY(sh_audit_chunk(worker, &lake.chunk, &found, err));
    both_of_engine(worker, &found, &arena, &both.engine);
    SH_TRY(both_run_sql(plan, &lake.chunk, &arena, &both, err));
    t->cases++;
    if (both.unsupported) {
        t->unsupported++;
        print_message("# %s:%u: %s\n", file, c->line, both.why);
    } else if (!sh_str_eq(sh_buf_view(&both.engine), sh_buf_view(&both.sql))) {
        t->differ++;
        print_error("%s:%u: %.*s\n engine: %.*s\n sql:    %.*s\n", file, c->line, SH_ARG(c->about),
                    SH_ARG(sh_buf_view(&both.engine)), SH_ARG(sh_buf_view(&both.sql)));
    }
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
    struct tally t = {.every = long_rounds || getenv("SHOUHU_TEST_RULE") ? 1 : 4};
    place_cases("000000", &t);
    place_cases("990100", &t);
    print_message("# %zu cases, %zu with a construct SQL cannot say\n", t.cases, t.unsupported);
    CHECK_I64(t.differ, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shipped_cases_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
