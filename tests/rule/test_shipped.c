/* Goal: what we ship loads without an error, everywhere, and binds. */
#include "kit.h"
#include "base/date.h"
#include "law/params.h"

static void load_shipped(struct kit *kit, const char *place) {
    (void)check_source_path("rules", kit->rules, sizeof kit->rules);
    (void)check_source_path("knowledge", kit->knowledge, sizeof kit->knowledge);
    (void)check_source_path("law/params", kit->params, sizeof kit->params);
    const sh_code code = kit_load_at(kit, place, INT32_MAX);
    if (code != SH_OK)
        print_error("%s\n", kit->report);
    CHECK_OK(code, &kit->err);
}

/* A colleague who reads the pages in English knows a rule by this name alone. */
static void check_english(const struct sh_rule *r) {
    bool is_ascii = r->english.len > 0 && r->english.len <= 90;
    for (size_t i = 0; i < r->english.len; i++)
        is_ascii = is_ascii && (unsigned char)r->english.at[i] < 0x80;
    if (!is_ascii)
        print_error("%.*s: '%.*s' is no short English name\n", SH_ARG(r->id), SH_ARG(r->english));
    CHECK(is_ascii);
}

static void all_rules_are_clean(void **state) {
    (void)state;
    static const char *const places[] = {"000000", "990100", "990101", "990103"};
    for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
        struct kit kit;
        memset(&kit, 0, sizeof kit);
        load_shipped(&kit, places[p]);
        CHECK(kit.loaded->n_rules >= 28);
        for (size_t i = 0; i < kit.loaded->n_rules; i++) {
            const struct sh_rule *r = &kit.loaded->rules[i];
            CHECK(r->n_cases >= 3); /* a hit, a near miss, a boundary */
            CHECK(r->n_basis >= 1);
            check_english(r);
            CHECK(i == 0 || r->national_number == 0 ||
                  kit.loaded->rules[i - 1].national_number <= r->national_number);
            for (size_t k = 0; k < i; k++) /* two rules of one name could not be told apart */
                CHECK(!sh_str_eq(r->english, kit.loaded->rules[k].english));
        }
        const struct sh_dicts none = {0};
        struct sh_bound *bound = NULL;
        CHECK_OK(sh_rules_bind(kit.loaded, &none, &kit.arena, &bound, &kit.err), &kit.err);
        sh_arena_free(&kit.arena);
    }
}

static void only_loads_what_is_asked(void **state) {
    (void)state;
    struct kit kit;
    memset(&kit, 0, sizeof kit);
    load_shipped(&kit, "000000");
    const char *const one[] = {"drug-sex"}, *const wrong[] = {"drug-sx"};
    struct sh_rules_options o = {.rules_dir = kit.rules,
                                 .knowledge_dir = kit.knowledge,
                                 .params_dir = kit.params,
                                 .only = one,
                                 .n_only = 1,
                                 .known_as_of = INT32_MAX,
                                 .place = "000000"};
    CHECK_OK(sh_rules_load(&o, &kit.arena, NULL, &kit.loaded, &kit.err), &kit.err);
    CHECK_I64(kit.loaded->n_rules, 1);
    o.only = wrong;
    CHECK_CODE(sh_rules_load(&o, &kit.arena, NULL, &kit.loaded, &kit.err), SH_E_INPUT);
    CHECK_HAS(kit.err.message, "did you mean 'drug-sex'");
    o.place = "62";
    CHECK_CODE(sh_rules_load(&o, &kit.arena, NULL, &kit.loaded, &kit.err), SH_E_INPUT);
    sh_arena_free(&kit.arena);
}

/* A list of kinds that no rule looks for would promise what is not done. */
static void each_kind_of_violation_has_its_article_and_a_rule(void **state) {
    (void)state;
    struct kit kit = {0};
    load_shipped(&kit, "000000");
    const struct sh_kinds *kinds = &kit.loaded->kinds;
    CHECK_I64(kinds->n, 18);
    for (size_t k = 0; k < kinds->n; k++) {
        size_t n = 0;
        for (size_t r = 0; r < kit.loaded->n_rules; r++)
            n += sh_str_is(kit.loaded->rules[r].kind, kinds->names[k]) &&
                 sh_str_eq(kit.loaded->rules[r].kind_basis, kinds->basis[k]);
        if (n == 0)
            print_error("no rule is of kind %s\n", kinds->names[k]);
        CHECK(n > 0);
        CHECK(sh_str_find(kinds->basis[k], SH_STR("条例 第")) != SH_STR_NONE);
    }
    sh_arena_free(&kit.arena);
}

/* A word that is no kind is named with the nearest, with its place; the other rules are read on. */
static void a_kind_that_is_none_is_named(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    static const char rule[] =
        "rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\nkind: 虚假诊断\neach: "
        "line\nhit: quantity > 1\nsay: s\n";
    kit_write(kit.rules, "r.yaml", rule);
    const struct sh_rules_options o = {.rules_dir = kit.rules,
                                       .knowledge_dir = kit.knowledge,
                                       .params_dir = kit.params,
                                       .known_as_of = INT32_MAX,
                                       .place = "000000"};
    CHECK_CODE(sh_rules_load(&o, &kit.arena, NULL, &kit.loaded, &kit.err), SH_E_INPUT);
    CHECK(strstr(kit.err.message, "r.yaml:5") && strstr(kit.err.message, "no kinds.csv"));
    kit_write(kit.rules, "kinds.csv", "kind,basis\n虚假诊疗,条例 第四十条第三项\n");
    CHECK_CODE(sh_rules_load(&o, &kit.arena, NULL, &kit.loaded, &kit.err), SH_E_INPUT);
    CHECK(strstr(kit.err.message, "r.yaml:5") && strstr(kit.err.message, "虚假诊疗"));
    kit_write(kit.rules, "kinds.csv", "kind,basis\n虚假诊断,\n");
    CHECK_CODE(sh_rules_load(&o, &kit.arena, NULL, &kit.loaded, &kit.err), SH_E_INPUT);
    CHECK(strstr(kit.err.message, "kinds.csv:2") != NULL);
    kit_end(&kit);
}

/* Loading and binding survive a failing allocation anywhere. */
static sh_code load_and_bind(void *ctx, struct sh_err *err) {
    struct kit *kit = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_rules_options o = {.rules_dir = kit->rules,
                                       .knowledge_dir = kit->knowledge,
                                       .params_dir = kit->params,
                                       .known_as_of = INT32_MAX,
                                       .place = "000000"};
    struct sh_rules *rules = NULL;
    struct sh_bound *bound = NULL;
    const struct sh_dicts none = {0};
    SH_TRY(sh_rules_load(&o, &arena, NULL, &rules, err));
    return sh_rules_bind(rules, &none, &arena, &bound, err);
}
static void torture(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv",
              "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type max: "
              "qty\npoint,item,max,from,source\np,A,1,2026-01-01,s\n");
    kit_write(kit.rules, "r.yaml",
              "rule: r\nname: n\nkind: a\nbasis: [b]\nin_force: {from: 2026-01-01}\nuses: {k: limits}\neach: "
              "line\nhit: quantity > k.max and item in {A, B}\nsay: \"{covered}\"\n");
    kit_write(kit.rules, "kinds.csv", "kind,basis\na,b\n");
    check_torture(load_and_bind, &kit);
    kit_end(&kit);
}

static const struct sh_rule *rule_of(const struct kit *kit, const char *id) {
    for (size_t i = 0; i < kit->loaded->n_rules; i++)
        if (sh_str_is(kit->loaded->rules[i].id, id))
            return &kit->loaded->rules[i];
    return NULL;
}

/* The price that holds at the end of 2026 for a point of price_cap. */
static struct sh_str price_of(const struct kit *kit, const char *point) {
    const int32_t day = sh_days_of(2026, 12, 31);
    for (size_t t = 0; t < kit->loaded->n_knowledge; t++) {
        const struct sh_knowledge *k = &kit->loaded->knowledge[t];
        for (uint32_t r = 0; sh_str_is(k->name, "price_cap") && r < k->n_rows; r++)
            for (uint16_t c = 0; c < k->n_columns; c++)
                if (sh_str_is(k->points[k->rows[r].point], point) && sh_str_is(k->columns[c].name, "price") &&
                    k->rows[r].from <= day && day < k->rows[r].to)
                    return k->rows[r].cells[c];
    }
    return SH_STR("none");
}

/* A county's pack: a rule of its own, one of the city's with another limit, a lower price, and the bound its
 * institutions are evaluated by. Its neighbour and its city have none of it. */
static void a_county_has_rules_points_and_bounds_of_evaluation_of_its_own(void **state) {
    (void)state;
    static const struct {
        const char *place, *days, *price;
        int64_t bound; /* in the decimals of the parameter's unit */
        bool visits;
    } places[] = {{"000000", NULL, "none", 3, false},
                  {"990100", "days > 90 days", "2400.00", 3, false},
                  {"990101", "days > 90 days", "2400.00", 3, false},
                  {"990103", "days > 60 days", "2200.00", 2, true}};
    for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
        struct kit kit = {0};
        load_shipped(&kit, places[p].place);
        CHECK((rule_of(&kit, "same-day-visits") != NULL) == places[p].visits);
        const struct sh_rule *days = rule_of(&kit, "pharmacy-days");
        CHECK((days != NULL) == (places[p].days != NULL));
        if (days)
            CHECK_STR(sh_expr_text(days->hit[0].expr), places[p].days);
        CHECK_STR(price_of(&kit, "price-cap-gi-1"), places[p].price);
        const struct sh_param *bound = sh_param_find(kit.loaded->params, SH_STR("stat.bound"),
                                                     sh_str_of(places[p].place), sh_days_of(2026, 12, 31));
        const struct sh_param *peers = sh_param_find(kit.loaded->params, SH_STR("stat.min_peers"),
                                                     sh_str_of(places[p].place), sh_days_of(2026, 12, 31));
        CHECK(bound && peers); /* five peers everywhere: tells the scale of a number */
        CHECK_I64(bound->value * 5, peers->value * places[p].bound);
        sh_arena_free(&kit.arena);
    }
}

CHECK_MAIN(cmocka_unit_test(all_rules_are_clean), cmocka_unit_test(only_loads_what_is_asked),
           cmocka_unit_test(each_kind_of_violation_has_its_article_and_a_rule),
           cmocka_unit_test(a_kind_that_is_none_is_named),
           cmocka_unit_test(a_county_has_rules_points_and_bounds_of_evaluation_of_its_own),
           cmocka_unit_test(torture))
