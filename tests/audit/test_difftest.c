/* Goal: random rules over random small lakes give the same findings (ids, levels, amounts, lines and their
 * shares) in every executor: the night over all persons at once, the night person by person, one claim after
 * the other, SQL in DuckDB. A disagreement is made as small as it can be and written as a rule with its case;
 * those that were found once stay under tests/difftest/kept. SHOUHU_DIFF_ROUNDS and CHECK_SEED make it
 * longer: `make difftest`. */
#include "difftest/compare.h"
#include "difftest/random_rule.h"
#include "difftest/shrink.h"
#include "base/fs.h"
#include "base/limits.h"
#include <stdio.h>

struct proof {
    struct sh_arena arena; /* rules and knowledge */
    struct sh_rules *rules;
    size_t lakes, made, refused_rules;
    struct comparison told;
};
static void arena_free(struct sh_arena *a) {
    sh_arena_free(a);
}

static void proof_close(struct proof *p) {
    if (p->told.pg)
        PQfinish(p->told.pg);
    sh_arena_free(&p->arena);
}

static void proof_open(struct proof *p) {
    char dir[3][SH_PATH_BYTES_MAX];
    struct sh_err err;
    *p = (struct proof){.told = {.pg = postgres_open()}};
    if (!p->told.pg)
        print_message("# without PostgreSQL: no cluster here\n");
    const char *const none[] = {"none", NULL};
    const struct sh_rules_options options = {
        .rules_dir = check_source_path("tests/difftest/data", dir[0], sizeof(dir[0])),
        .knowledge_dir = check_source_path("tests/difftest/data/knowledge", dir[1], sizeof(dir[1])),
        .params_dir = check_source_path("tests/difftest/data/params", dir[2], sizeof(dir[2])),
        .only = none,
        .n_only = 0,
        .known_as_of = INT32_MAX,
        .place = "000000"};
    CHECK_OK(sh_rules_load(&options, &p->arena, stderr, &p->rules, &err), &err);
}

/* Compiled rules over the lake of a case in all executors. *ret_rule: the first that disagrees, n: none. */
static sh_code compare_compiled(struct proof *p, struct sh_rules *all, const struct sh_yaml *node,
                                struct sh_arena *arena, size_t *ret_rule, struct sh_err *err) {
    const size_t n = all->n_rules;
    struct sh_memlake lake;
    struct sh_plan *plan;
    struct told night = {0};
    for (size_t i = 0; i < n; i++)
        all->rules[i].state = SH_STATE_CERTAIN; /* drafts need no cases, and are not run */
    SH_TRY(sh_memlake_build(node, arena, &lake, err));
    const struct sh_plan_options options = {.as_of = INT32_MAX, .incomplete = lake.incomplete};
    SH_TRY(sh_plan_make(all, &lake.dicts, &options, arena, &plan, err));
    return compare_executors(&p->told, plan, &lake, arena, &night, ret_rule, err);
}

static sh_code compare(struct proof *p, const struct sh_str *texts, size_t n, struct sh_str yaml,
                       size_t *ret_rule, struct sh_err *err) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    const struct sh_yaml *node;
    struct sh_rules all = *p->rules;
    all.rules = sh_new(&arena, struct sh_rule, n + 1), all.n_rules = n;
    for (size_t i = 0; i < n; i++) {
        struct sh_rule *one;
        SH_TRY(sh_rule_compile(texts[i], "random", p->rules, &arena, &one, err));
        all.rules[i] = *one;
    }
    SH_TRY(sh_yaml_load("lake", yaml, &arena, &node, err));
    return compare_compiled(p, &all, node, &arena, ret_rule, err);
}

/* ---- making a disagreement small
 * --------------------------------------------------------------------------- */

struct shrinking {
    struct proof *p;
    struct random_rule *rule;
    struct random_lake *lake;
    size_t tries;
};

static bool disagrees(void *ctx) {
    struct shrinking *s = ctx;
    SH_CLEANUP(sh_buf_free) struct sh_buf rule = {0}, lake = {0};
    struct sh_err err;
    size_t which = 1;
    rule_print(s->rule, "random", &rule);
    lake_print(s->lake, "", &lake);
    const struct sh_str text = sh_buf_view(&rule);
    s->tries++;
    return s->tries < 2500 && compare(s->p, &text, 1, sh_buf_view(&lake), &which, &err) == SH_OK &&
           which == 0;
}

static bool smaller_term(struct shrinking *s, struct term **at) {
    static const struct term constants[] = {
        {.type = 'b', .form = "true"},   {.type = 'b', .form = "false"}, {.type = 'p', .form = "1"},
        {.type = 'y', .form = "1 yuan"}, {.type = 'D', .form = "1 day"}, {.type = 'd', .form = "2026-02-01"}};
    struct term *whole = *at;
    for (size_t k = 0; k < whole->n; k++) {
        *at = whole->kids[k];
        if (whole->kids[k]->type == whole->type && disagrees(s))
            return true;
    }
    for (size_t c = 0; c < sizeof(constants) / sizeof(constants[0]); c++) {
        struct term *constant = sh_new(&s->p->arena, struct term, 1);
        *constant = constants[c];
        *at = constant;
        if (whole->n > 0 && whole->type == constants[c].type && disagrees(s))
            return true;
    }
    *at = whole;
    bool did = false;
    for (size_t k = 0; k < whole->n && !did; k++)
        did = smaller_term(s, &whole->kids[k]);
    return did;
}

static bool smaller_text(struct shrinking *s, const char **text, const char *without) {
    const char *was = *text;
    if (!was || strcmp(was, without ? without : "") == 0)
        return false;
    *text = without;
    if (disagrees(s))
        return true;
    *text = was;
    return false;
}

static bool smaller_rule(struct shrinking *s) {
    struct random_rule *r = s->rule;
    bool did = smaller_text(s, &r->uses, "");
    did |= smaller_text(s, &r->with, "");
    did |= smaller_text(s, &r->lines, "");
    did |= smaller_text(s, &r->remind, "");
    for (size_t c = 0; c < CLAUSES; c++) {
        struct term *was = r->clauses[c];
        if (!was)
            continue;
        if (c != HIT && c != AMOUNT && c != AMOUNT_LIMIT) {
            r->clauses[c] = NULL;
            if (disagrees(s)) {
                did = true;
                continue;
            }
            r->clauses[c] = was;
        }
        did |= smaller_term(s, &r->clauses[c]);
    }
    if (r->amount) {
        const struct random_rule was = *r;
        r->amount = NULL, r->clauses[AMOUNT] = r->clauses[AMOUNT_LIMIT] = NULL;
        if (disagrees(s))
            did = true;
        else
            *r = was;
    }
    return did;
}

/* As a rule with its case, as tests/difftest/kept holds them. */
static void write_case(struct shrinking *s, uint64_t seed) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_err err;
    const char *dir = getenv("SHOUHU_DIFF_OUT");
    char path[SH_PATH_BYTES_MAX], id[64];
    (void)snprintf(id, sizeof(id), "d-%llu", (unsigned long long)seed);
    rule_print(s->rule, id, &text);
    sh_buf_addf(&text, "cases:\n  - about: 执行器须一致\n    hits: [] # what comes out is not asked here, "
                       "only that all say the same\n");
    lake_print(s->lake, "    ", &text);
    print_error("%.*s%s", SH_ARG(sh_buf_view(&text)), s->p->told.why);
    if (!dir)
        return;
    CHECK_OK(sh_path_format(path, &err, "%s/%s.yaml", dir, id), &err);
    CHECK_OK(sh_fs_write(path, sh_buf_view(&text), &err), &err);
    print_error("# written to %s\n", path);
}

static void shrink(struct proof *p, struct random_rule *rule, struct random_lake *lake, uint64_t seed) {
    struct shrinking s = {.p = p, .rule = rule, .lake = lake};
    char why[sizeof(p->told.why)];
    memcpy(why, p->told.why, sizeof(why));
    if (disagrees(&s)) {
        for (bool did = true; did;) {
            did = lake_shrink(s.lake, disagrees, &s);
            did |= smaller_rule(&s);
        }
        s.tries = 0;
        (void)disagrees(&s);
    } else {
        print_error("# only together with other rules\n");
        memcpy(p->told.why, why, sizeof(why));
    }
    write_case(&s, seed);
}

/* ---- rounds
 * ------------------------------------------------------------------------------------------------ */

enum { RULES_AT_ONCE = 10 };

static bool compiles(struct proof *p, struct sh_str text, bool is_loud) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    struct sh_rule *rule;
    struct sh_err err;
    const sh_code code = sh_rule_compile(text, "random", p->rules, &arena, &rule, &err);
    if (code != SH_OK && is_loud)
        print_message("# %s\n%.*s\n", err.message, SH_ARG(text));
    return code == SH_OK;
}

/* One lake and its rules; false when executors disagree. */
static bool round_agrees(struct proof *p, uint64_t seed) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    struct sh_rng rng;
    struct sh_err err;
    struct random_lake lake;
    struct random_rule rules[RULES_AT_ONCE];
    struct sh_buf buffers[RULES_AT_ONCE] = {{0}}, yaml = {0};
    struct sh_str texts[RULES_AT_ONCE];
    sh_rng_seed(&rng, seed);
    lake_make(&lake, &rng, &arena);
    lake_print(&lake, "", &yaml);
    size_t n = 0, which;
    while (n < RULES_AT_ONCE && p->refused_rules < 100000) {
        char id[16];
        (void)snprintf(id, sizeof(id), "random-%zu", n);
        struct rule_maker maker = {.rng = &rng, .arena = &arena, .model = p->rules->model};
        rule_make(&maker, &rules[n]);
        sh_buf_clear(&buffers[n]);
        rule_print(&rules[n], id, &buffers[n]);
        texts[n] = sh_buf_view(&buffers[n]);
        p->made++;
        if (compiles(p, texts[n], getenv("SHOUHU_DIFF_LOUD") != NULL))
            n++;
        else
            p->refused_rules++;
    }
    p->lakes++;
    const sh_code code = compare(p, texts, n, sh_buf_view(&yaml), &which, &err);
    if (code != SH_OK)
        print_error("# lake %llu: %s\n", (unsigned long long)seed, err.message);
    else if (which < n) {
        print_error("# lake %llu, rule %zu\n%.*s%s", (unsigned long long)seed, which, SH_ARG(texts[which]),
                    p->told.why);
        shrink(p, &rules[which], &lake, seed);
    }
    for (size_t i = 0; i < RULES_AT_ONCE; i++)
        sh_buf_free(&buffers[i]);
    sh_buf_free(&yaml);
    return code == SH_OK && which == n;
}

static void random_rules_agree_in_all_executors(void **state) {
    (void)state;
    struct proof p;
    const char *rounds = getenv("SHOUHU_DIFF_ROUNDS"), *go_on = getenv("SHOUHU_DIFF_GO_ON");
    const uint64_t seed = check_seed(20260101), n = rounds                   ? strtoull(rounds, NULL, 10)
                                                    : getenv("SH_TEST_LONG") ? 200
                                                                             : 8;
    size_t differ = 0;
    proof_open(&p);
    for (uint64_t i = 0; i < n && (differ == 0 || go_on); i++)
        differ += !round_agrees(&p, seed + i);
    print_message(
        "# %zu lakes, %zu rules (%zu more refused by the check), %zu findings, %zu times SQL refused\n",
        p.lakes, p.made - p.refused_rules, p.refused_rules, p.told.findings, p.told.sql_refused);
    proof_close(&p);
    CHECK_I64(differ, 0);
}

/* ---- what was found once
 * ----------------------------------------------------------------------------------- */

static void print_sql(const struct proof *p, struct sh_rule *rule, const struct sh_yaml *node,
                      struct sh_arena *arena) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_rules one = *p->rules;
    struct sh_memlake lake;
    struct sh_plan *plan;
    struct sh_err err;
    one.rules = rule, one.n_rules = 1;
    CHECK_OK(sh_memlake_build(node, arena, &lake, &err), &err);
    const struct sh_plan_options options = {.as_of = INT32_MAX, .incomplete = lake.incomplete};
    CHECK_OK(sh_plan_make(&one, &lake.dicts, &options, arena, &plan, &err), &err);
    const struct sh_sql_maker maker = {plan, SH_SQL_DUCKDB, arena};
    CHECK_OK(sh_sql_rule(&maker, &plan->active[0], &sql, &err), &err);
    print_message("%.*s", SH_ARG(sh_buf_view(&sql)));
}

static size_t kept_case_differs(struct proof *p, const char *path) {
    struct sh_arena arena SH_CLEANUP(arena_free) = {0};
    struct sh_rules one = *p->rules;
    struct sh_str text;
    struct sh_err err;
    size_t which = 0;
    CHECK_OK(sh_fs_read(path, SH_YAML_BYTES_MAX, &arena, &text, &err), &err);
    CHECK_OK(sh_rule_compile(text, path, p->rules, &arena, &one.rules, &err), &err);
    one.n_rules = 1;
    CHECK(one.rules->n_cases == 1);
    CHECK_OK(compare_compiled(p, &one, one.rules->cases[0].node, &arena, &which, &err), &err);
    if (which == 1)
        return 0;
    print_error("%s\n%s", path, p->told.why);
    if (getenv("SHOUHU_DIFF_LOUD"))
        print_sql(p, one.rules, one.rules->cases[0].node, &arena);
    return 1;
}

static void disagreements_found_once_stay_settled(void **state) {
    (void)state;
    struct proof p;
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries;
    struct sh_err err;
    size_t n, differ = 0;
    proof_open(&p);
    const char *given = getenv("SHOUHU_DIFF_KEPT");
    const char *from = given ? given : check_source_path("tests/difftest/kept", dir, sizeof(dir));
    CHECK_OK(sh_dir_list(from, &p.arena, &entries, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        if (!sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".yaml")))
            continue;
        CHECK_OK(sh_path_join(path, from, entries[i].name, &err), &err);
        differ += kept_case_differs(&p, path);
    }
    print_message("# %zu findings of %zu files\n", p.told.findings, n);
    proof_close(&p);
    CHECK_I64(differ, 0);
}

CHECK_MAIN(cmocka_unit_test(disagreements_found_once_stay_settled),
           cmocka_unit_test(random_rules_agree_in_all_executors))
