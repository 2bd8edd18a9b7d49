/* Goal: what places lay over rules and knowledge means what it says, in every executor. Random rules of the
 * nation are changed, switched off and added to by a random province and city, and so are the points of their
 * tables; the same place is then written by hand as plain rules and plain tables without any layer. All
 * executors agree about the one, and the night says the same of the other. */
#include "base/temp_dir.h"
#include "difftest/compare.h"
#include "difftest/random_layer.h"
#include <unistd.h>

enum { LAID_RULES = 8 };

struct round {
    struct temp_dir dir;
    char rules[SH_PATH_BYTES_MAX], local[LAYERS][SH_PATH_BYTES_MAX], flat[SH_PATH_BYTES_MAX],
        knowledge[SH_PATH_BYTES_MAX];
    struct sh_arena arena;
    struct laid_rule laid[LAID_RULES];
    struct laid_table tables[LAYER_TABLES];
    struct sh_buf lake;
    size_t place;
};

struct proof {
    struct sh_arena arena;
    struct sh_rules *plain; /* the nation's tables and views, to try texts against */
    struct comparison told;
    size_t rules, changed, off, added, other; /* other: findings that layers changed */
};

static void load(const char *rules, const char *knowledge, const char *place, const char *const *only,
                 struct sh_arena *arena, struct sh_rules **ret) {
    char params[SH_PATH_BYTES_MAX];
    struct sh_err err;
    const struct sh_rules_options options = {
        .rules_dir = rules,
        .knowledge_dir = knowledge,
        .params_dir = check_source_path("tests/difftest/data/params", params, sizeof(params)),
        .only = only,
        .known_as_of = INT32_MAX,
        .place = place};
    CHECK_OK(sh_rules_load(&options, arena, stderr, ret, &err), &err);
    for (size_t i = 0; i < (*ret)->n_rules; i++)
        if (!(*ret)->rules[i].is_off)
            (*ret)->rules[i].state = SH_STATE_CERTAIN; /* drafts need no cases, and are not run */
}

static bool compiles(void *ctx, struct sh_str text) {
    struct sh_arena arena SH_CLEANUP(sh_arena_free) = {0};
    struct proof *p = ctx;
    struct sh_rule *rule;
    struct sh_err err;
    return sh_rule_compile(text, "random", p->plain, &arena, &rule, &err) == SH_OK;
}

/* ---- writing a round
 * --------------------------------------------------------------------------------------- */

static const char *nation_knowledge(char *out) {
    return check_source_path("tests/difftest/data/knowledge", out, SH_PATH_BYTES_MAX);
}

static void make_dirs(struct round *r) {
    char views[SH_PATH_BYTES_MAX], link[SH_PATH_BYTES_MAX], own[SH_PATH_BYTES_MAX];
    struct sh_err err;
    r->dir = temp_dir_new();
    (void)temp_path(&r->dir, "rules", r->rules);
    (void)temp_path(&r->dir, "flat", r->flat);
    (void)temp_path(&r->dir, "knowledge", r->knowledge);
    for (size_t at = 0; at < LAYERS; at++) {
        CHECK_OK(sh_path_format(r->local[at], &err, "%s/local/%s", r->rules, layer_codes[at]), &err);
        CHECK_OK(sh_path_join(own, r->local[at], "knowledge", &err), &err);
        CHECK_OK(sh_mkdir_all(own, &err), &err);
    }
    CHECK_OK(sh_mkdir_all(r->flat, &err), &err);
    CHECK_OK(sh_mkdir_all(r->knowledge, &err), &err);
    char *real = realpath(check_source_path("tests/difftest/data/views", views, sizeof(views)), NULL);
    CHECK(real != NULL);
    const char *const with_views[] = {r->rules, r->flat};
    for (size_t i = 0; i < 2; i++) {
        CHECK_OK(sh_path_join(link, with_views[i], "views", &err), &err);
        CHECK(symlink(real, link) == 0);
    }
    free(real);
}

static void write_rule(const struct round *r, const struct laid_rule *l, const char *name) {
    layer_write(l->added_by == LAYERS ? r->rules : r->local[l->added_by], name, sh_buf_view(&l->base));
    for (size_t at = 0; at < LAYERS; at++)
        if (l->over[at].len > 0)
            layer_write(r->local[at], name, sh_buf_view(&l->over[at]));
    if (l->is_there && !l->is_off)
        layer_write(r->flat, name, sh_buf_view(&l->flat));
}

static void make_rules(struct proof *p, struct round *r, struct sh_rng *rng) {
    for (size_t i = 0; i < LAID_RULES; i++) {
        char id[16], name[32];
        struct laid_rule *l = &r->laid[i];
        (void)snprintf(id, sizeof(id), "random-%zu", i);
        (void)snprintf(name, sizeof(name), "%s.yaml", id);
        for (;;) {
            struct rule_maker maker = {.rng = rng, .arena = &r->arena, .model = p->plain->model};
            laid_rule_clear(l);
            if (laid_rule_make(l, id, &maker, layer_places[r->place].n, compiles, p))
                break;
        }
        write_rule(r, l, name);
        p->rules++;
        p->off += l->is_off, p->added += l->added_by != LAYERS && l->is_there;
        p->changed += !sh_str_eq(sh_buf_view(&l->base), sh_buf_view(&l->flat));
    }
}

static void make_tables(struct proof *p, struct round *r, struct sh_rng *rng) {
    struct rule_maker m = {.rng = rng, .arena = &r->arena, .model = p->plain->model};
    for (size_t t = 0; t < LAYER_TABLES; t++) {
        char dir[SH_PATH_BYTES_MAX], name[64];
        struct sh_err err;
        struct laid_table *table = &r->tables[t];
        laid_table_open(table, nation_knowledge(dir), layer_tables[t].table, &r->arena);
        laid_table_make(table, t, &m, layer_places[r->place].n);
        (void)snprintf(name, sizeof(name), "%s.csv", layer_tables[t].table);
        layer_write(r->knowledge, name, sh_buf_view(&table->flat));
        for (size_t at = 0; at < LAYERS; at++) {
            CHECK_OK(sh_path_join(dir, r->local[at], "knowledge", &err), &err);
            if (table->over[at].len > 0)
                layer_write(dir, name, sh_buf_view(&table->over[at]));
        }
    }
}

static void round_release(struct round *r) {
    for (size_t i = 0; i < LAID_RULES; i++)
        laid_rule_free(&r->laid[i]);
    for (size_t t = 0; t < LAYER_TABLES; t++) {
        sh_buf_free(&r->tables[t].flat);
        for (size_t at = 0; at < LAYERS; at++)
            sh_buf_free(&r->tables[t].over[at]);
    }
    sh_buf_free(&r->lake);
    sh_arena_free(&r->arena);
    temp_dir_release(&r->dir);
}

/* ---- asking
 * ------------------------------------------------------------------------------------------------ */

/* Rules and knowledge at a place, and what is said of them. */
struct answer {
    const char *rules, *knowledge, *place;
    bool by_all; /* by every executor, else by the night alone */
    const struct sh_plan *plan;
    struct told told;
    size_t which; /* the first rule that an executor disagrees about; the plan's number of rules: none */
};

static sh_code ask(struct proof *p, struct round *r, struct answer *io, struct sh_err *err) {
    const struct sh_yaml *node;
    struct sh_rules *loaded;
    struct sh_memlake *lake = sh_new(&r->arena, struct sh_memlake, 1);
    struct sh_plan *plan;
    load(io->rules, io->knowledge, io->place, NULL, &r->arena, &loaded);
    SH_TRY(sh_yaml_load("lake", sh_buf_view(&r->lake), &r->arena, &node, err));
    SH_TRY(sh_memlake_build(node, &r->arena, lake, err));
    const struct sh_plan_options options = {.as_of = INT32_MAX, .incomplete = lake->incomplete};
    SH_TRY(sh_plan_make(loaded, &lake->dicts, &options, &r->arena, &plan, err));
    io->plan = plan;
    io->which = sh_plan_rules(plan);
    return io->by_all ? compare_executors(&p->told, plan, lake, &r->arena, &io->told, &io->which, err)
                      : tell_whole(plan, lake, &r->arena, &io->told, err);
}

/* What a told plan says of a rule; "": it is not in force there. */
static const char *told_of(const struct answer *a, struct sh_str id) {
    for (size_t i = 0; i < sh_plan_rules(a->plan); i++)
        if (sh_str_eq(sh_plan_rule(a->plan, i)->id, id))
            return a->told.of_rule[i];
    return "";
}

static void print_round(const struct round *r, struct sh_str id) {
    for (size_t i = 0; i < LAID_RULES; i++) {
        char own[16];
        (void)snprintf(own, sizeof(own), "random-%zu", i);
        if (!sh_str_is(id, own))
            continue;
        print_error("%.*s", SH_ARG(sh_buf_view(&r->laid[i].base)));
        for (size_t at = 0; at < LAYERS; at++)
            print_error("# %s\n%.*s", layer_codes[at], SH_ARG(sh_buf_view(&r->laid[i].over[at])));
    }
    for (size_t t = 0; t < LAYER_TABLES; t++)
        for (size_t at = 0; at < LAYERS; at++)
            if (r->tables[t].over[at].len > 0)
                print_error("# %s %s\n%.*s", layer_codes[at], layer_tables[t].table,
                            SH_ARG(sh_buf_view(&r->tables[t].over[at])));
    print_error("# the lake\n%.*s", SH_ARG(sh_buf_view(&r->lake)));
}

/* Whether each rule says the same in both plans; the nation's own answer tells that layers made a difference.
 */
static bool same_by_hand(struct proof *p, const struct round *r, const struct answer *laid,
                         const struct answer *flat, const struct answer *nation) {
    bool is_same = true;
    for (size_t i = 0; i < LAID_RULES; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "random-%zu", i);
        const char *is = told_of(laid, sh_str_of(id)), *want = told_of(flat, sh_str_of(id));
        p->other += strcmp(is, told_of(nation, sh_str_of(id))) != 0;
        if (strcmp(is, want) == 0)
            continue;
        print_error("# %s at %s: with layers\n%sby hand\n%s", id, layer_places[r->place].code, is, want);
        print_round(r, sh_str_of(id));
        is_same = false;
    }
    return is_same;
}

static bool round_agrees(struct proof *p, uint64_t seed) {
    SH_CLEANUP(round_release) struct round r = {0};
    struct random_lake lake;
    char dir[SH_PATH_BYTES_MAX];
    struct sh_rng rng;
    struct sh_err err;
    sh_rng_seed(&rng, seed);
    r.place = sh_rng_below(&rng, sizeof(layer_places) / sizeof(layer_places[0]));
    make_dirs(&r);
    lake_make(&lake, &rng, &r.arena);
    lake_print(&lake, "", &r.lake);
    make_tables(p, &r, &rng);
    make_rules(p, &r, &rng);
    const char *tables = nation_knowledge(dir), *place = layer_places[r.place].code;
    struct answer laid = {.rules = r.rules, .knowledge = tables, .place = place, .by_all = true};
    struct answer flat = {.rules = r.flat, .knowledge = r.knowledge, .place = "000000"};
    struct answer nation = {.rules = r.rules, .knowledge = tables, .place = "000000"};
    CHECK_OK(ask(p, &r, &laid, &err), &err);
    if (laid.which < sh_plan_rules(laid.plan)) {
        print_error("# seed %llu, at %s\n%s", (unsigned long long)seed, place, p->told.why);
        print_round(&r, sh_plan_rule(laid.plan, laid.which)->id);
        return false;
    }
    CHECK_OK(ask(p, &r, &flat, &err), &err);
    CHECK_OK(ask(p, &r, &nation, &err), &err);
    if (same_by_hand(p, &r, &laid, &flat, &nation))
        return true;
    print_error("# seed %llu\n", (unsigned long long)seed);
    return false;
}

static void layers_say_the_same_as_the_plain_text_in_all_executors(void **state) {
    (void)state;
    const char *rounds = getenv("SHOUHU_DIFF_ROUNDS"), *go_on = getenv("SHOUHU_DIFF_GO_ON");
    const uint64_t seed = check_seed(20260201), n = rounds                   ? strtoull(rounds, NULL, 10)
                                                    : getenv("SH_TEST_LONG") ? 200
                                                                             : 8;
    struct proof p = {.told = {.pg = postgres_open()}};
    static const char *const none[] = {"none", NULL};
    char dir[2][SH_PATH_BYTES_MAX];
    size_t differ = 0;
    if (!p.told.pg)
        print_message("# without PostgreSQL: no cluster here\n");
    load(check_source_path("tests/difftest/data", dir[0], sizeof(dir[0])), nation_knowledge(dir[1]), "000000",
         none, &p.arena, &p.plain);
    for (uint64_t i = 0; i < n && (differ == 0 || go_on); i++)
        differ += !round_agrees(&p, seed + i);
    print_message(
        "# %zu rules, %zu changed, %zu switched off, %zu added, %zu findings, %zu rules say other than the "
        "nation's, %zu times SQL refused\n",
        p.rules, p.changed, p.off, p.added, p.told.findings, p.other, p.told.sql_refused);
    if (p.told.pg)
        PQfinish(p.told.pg);
    sh_arena_free(&p.arena);
    CHECK_I64(differ, 0);
    CHECK(p.changed > 0 && p.added > 0 && p.other > 0);
}

CHECK_MAIN(cmocka_unit_test(layers_say_the_same_as_the_plain_text_in_all_executors))
