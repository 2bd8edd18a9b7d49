/* Goal: aggregates, nth, standing over groups and windows; a missing member makes the answer missing. */
#include "check.h"
#include "small.h"

struct group_case {
    const char *text;
    int64_t want[4]; /* groups: lines 0-3, lines 4-5, lines 6-7, none */
};

static void run(enum sh_context_kind kind, const struct group_case *cases, size_t n) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small *s = sh_new(&arena, struct small, 1);
    small_init(s);
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    const int32_t member_k[N_LINES] = {0, 0, 0, 0, 1, 1, 0, 0}, first[] = {0, 4, 6, -1}, k[] = {0, 1, 0, 0};
    const uint32_t begin[] = {0, 4, 6, 8, 8}, standing_begin[] = {0, 2, 2, 3, 3}, standing[] = {3, 1, 7};
    const struct sh_batch members = {.n = N_LINES, .rows = {s->iota, member_k}};
    const struct sh_batch batch = {.n = 4,
                                   .rows = {first, k},
                                   .members = &members,
                                   .member_begin = begin,
                                   .standing_members = standing,
                                   .standing_begin = standing_begin};
    for (size_t i = 0; i < n; i++) {
        struct sh_err err;
        struct sh_expr *e;
        const sh_code code = small_compile(cases[i].text, kind, &arena, &e, &err);
        if (code != SH_OK)
            print_error("case: %s\n", cases[i].text);
        CHECK_OK(code, &err);
        int64_t got[4];
        CHECK_OK(sh_expr_eval(e, &in, &batch, got, &err), &err);
        for (int g = 0; g < 4; g++) {
            if (got[g] != cases[i].want[g])
                print_error("case: %s, group %d\n", cases[i].text, g);
            CHECK_I64(got[g], cases[i].want[g]);
        }
    }
}

static void aggregates(void **state) {
    (void)state;
    const struct group_case cases[] = {
        {"sum(line.quantity)", {45000, 40000, M, 0}},
        {"sum(covered)", {6250, 9499, M, 0}},
        {"sum(quantity * unit_price)", {1050000000000, 2100000000000, M, 0}},
        {"sum(covered where item.kind = drug)", {5000, 9999, M, 0}},
        {"count()", {4, 2, 2, 0}},
        {"count(covered > 10)", {2, 1, M, 0}},
        {"count(where covered > 10)", {2, 1, M, 0}},
        {"distinct(item)", {3, 2, M, 0}},
        {"distinct(item, day)", {4, 2, M, 0}},
        {"distinct(institution, prescription, item.kind)", {3, 2, M, 0}},
        {"distinct(item where quantity >= 1)", {2, 2, M, 0}},
        {"min(covered)", {0, -500, M, M}},
        {"max(covered)", {4000, 9999, M, M}},
        {"max(quantity * unit_price) > 0", {1, 1, M, 0}},
        {"min(day)", {DAY(2026, 2, 1), DAY(2026, 2, 12), M, M}},
        {"min(person.death)", {M, DAY(2026, 2, 10), M, M}},
        {"days()", {4, 7, M, 0}},
        {"span()", {4, 1, M, 0}},
        {"days(where covered > 10)", {2, 7, M, 0}},
        {"any(item under XA10B)", {1, 1, 1, 0}},
        {"every(item under XA10B)", {0, 0, M, 1}},
        {"every(item in {XA10BA001, 001102000050000, T001700233})", {1, 0, M, 1}},
        {"any(covered > 90)", {0, 1, M, 0}},
        {"sum(quantity) > k.max", {1, 1, M, 0}},
        {"any(nth() > 3)", {1, 0, 0, 0}},
        {"any(nth(item) = 3)", {1, 0, M, 0}},
        {"any(nth(item) > 3)", {0, 0, M, 0}},
        {"sum(covered where nth(item by covered desc) = 1)", {5000, 9999, M, 0}},
        {"any(none(diagnosis where main))", {0, 0, 1, 0}},
        {"any(any(line in person where covered < 0))", {0, 1, M, 0}},
        {"sum(line.quantity in encounter)", {45000, 40000, M, M}},
        {"sum(line.covered) - 1 > 0", {1, 1, M, 0}},
    };
    run(SH_CONTEXT_GROUP, cases, sizeof cases / sizeof *cases);
}

static void windows(void **state) {
    (void)state;
    const struct group_case cases[] = {
        {"standing(sum(line.quantity)) + line.quantity > k.max", {1, 1, M, M}},
        {"standing(sum(quantity))", {30000, 0, 0, 0}},
        {"standing(count())", {2, 0, 1, 0}},
        {"sum(quantity)", {45000, 40000, M, 0}},
        {"standing(count(nth() = 1))", {1, 0, 1, 0}},
        {"standing(distinct(item))", {2, 0, 1, 0}},
    };
    run(SH_CONTEXT_WINDOW, cases, sizeof cases / sizeof *cases);
}

static void members_are_ranked_outside_aggregates(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small *s = sh_new(&arena, struct small, 1);
    small_init(s);
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    const uint32_t begin[] = {0, 4, 4, 6, 8};
    struct sh_batch batch = {.n = N_LINES, .rows = {NULL, s->iota}, .group_begin = begin, .n_groups = 4};
    struct sh_err err;
    struct sh_expr *e;
    int64_t got[N_LINES];
    CHECK_OK(small_compile("nth() > 1", SH_CONTEXT_MEMBER, &arena, &e, &err), &err);
    CHECK_OK(sh_expr_eval(e, &in, &batch, got, &err), &err);
    const int64_t want[] = {0, 1, 1, 1, 0, 1, 0, 1};
    for (int i = 0; i < N_LINES; i++)
        CHECK_I64(got[i], want[i]);
    batch.group_begin = NULL;
    CHECK_OK(sh_expr_eval(e, &in, &batch, got, &err), &err);
    for (int i = 0; i < N_LINES; i++)
        CHECK_I64(got[i], i > 0);
    batch.n = 6;
    CHECK_OK(small_compile("nth(item by covered)", SH_CONTEXT_MEMBER, &arena, &e, &err), &err);
    CHECK_OK(sh_expr_eval(e, &in, &batch, got, &err), &err);
    const int64_t ranks[] = {
        2, 2, 1, 3, 4, 1}; /* by covered: -5.00 service, 0 service, 10.00 XA, 12.50 T, 40.00 XA, 99.99 XB */
    for (int i = 0; i < 6; i++)
        CHECK_I64(got[i], ranks[i]);
}

static void days_cover_gaps_and_overlaps(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small *s = sh_new(&arena, struct small, 1);
    small_init(s);
    static const int day[] = {10, 3, 4, 10, 30, 31, 0, 0}, supply[] = {5, 3, 1, 1, 0, 2, 1, 1};
    for (int i = 0; i < N_LINES; i++) /* 10-14, 3-5, 4, 10, 30, 31-32 */
        s->l_time[i] = (int64_t)day[i] * 86400 + 3600, s->l_supply[i] = supply[i];
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    const uint32_t begin[] = {0, 6};
    const int32_t row = 0;
    const struct sh_batch members = {.n = 6, .rows = {s->iota, s->iota}};
    const struct sh_batch batch = {.n = 1, .rows = {&row, &row}, .members = &members, .member_begin = begin};
    struct sh_err err;
    struct sh_expr *e;
    int64_t got;
    CHECK_OK(small_compile("days()", SH_CONTEXT_GROUP, &arena, &e, &err), &err);
    CHECK_OK(sh_expr_eval(e, &in, &batch, &got, &err), &err);
    CHECK_I64(got, 5 + 3 + 1 + 2);
    CHECK_OK(small_compile("span()", SH_CONTEXT_GROUP, &arena, &e, &err), &err);
    CHECK_OK(sh_expr_eval(e, &in, &batch, &got, &err), &err);
    CHECK_I64(got, 29);
}

static void the_least_members_of_a_group_are_read_from_its_condition(void **state) {
    static const struct {
        const char *text;
        uint32_t least;
    } cases[] = {{"count() > 1", 2},
                 {"count() >= 2", 2},
                 {"3 < count()", 4},
                 {"2 <= count()", 2},
                 {"count() = 3", 3},
                 {"count() > 2 and sum(line.quantity) > 1", 3},
                 {"count() > 2 or sum(line.quantity) > 1", 1},
                 {"not count() > 2", 1},
                 {"count() < 5", 1},
                 {"count() != 3", 1},
                 {"count(line.quantity > 1) > 2", 1}, /* of a member that is not known it is not known */
                 {"distinct(item) > 2", 1},
                 {"sum(line.quantity) > 4", 1}};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sh_err err;
        struct sh_expr *e;
        const sh_code code = small_compile(cases[i].text, SH_CONTEXT_GROUP, &arena, &e, &err);
        if (code != SH_OK)
            print_error("case: %s\n", cases[i].text);
        CHECK_OK(code, &err);
        if (sh_expr_least_members(e) != cases[i].least)
            print_error("case: %s\n", cases[i].text);
        CHECK_I64(sh_expr_least_members(e), cases[i].least);
    }
}

/* `visits` of k is a column of sets, `visit` a code of the encounter itself. */
static void joins_by_a_set_are_told_from_other_conditions(void **state) {
    static const struct sh_variable variables[] = {{"encounter", T_ENCOUNTER, true}, {"k", T_K, false}};
    static const struct {
        const char *text;
        bool is_join;
    } cases[] = {{"not known(k.visits) or visit in k.visits", true},
                 {"not known(k.visits) or encounter.visit in k.visits", true},
                 {"visit in k.visits", false},
                 {"not known(k.max) or visit in k.visits", false},
                 {"known(k.visits) or visit in k.visits", false},
                 {"not known(k.visits) or visit not in k.visits", false},
                 {"not known(k.visits) and visit in k.visits", false},
                 {"not known(k.insurance) or insurance = k.insurance", false}};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sh_context context = small_context(SH_CONTEXT_ROW);
        struct sh_err err;
        struct sh_expr *e;
        int column = -1, set = -1;
        context.variables = variables;
        CHECK_OK(sh_expr_compile(sh_str_of(cases[i].text), (struct sh_place){"test", 1, 1}, &context, &arena,
                                 &e, &err),
                 &err);
        if (sh_expr_is_join(e, 1, &column, &set) != cases[i].is_join)
            print_error("case: %s\n", cases[i].text);
        CHECK(sh_expr_is_join(e, 1, &column, &set) == cases[i].is_join);
        CHECK(!cases[i].is_join || (column == E_VISIT && set == K_VISITS));
        CHECK(!sh_expr_is_join(e, 0, &column, &set)); /* another slot */
    }
}

CHECK_MAIN(cmocka_unit_test(joins_by_a_set_are_told_from_other_conditions),
           cmocka_unit_test(the_least_members_of_a_group_are_read_from_its_condition),
           cmocka_unit_test(aggregates), cmocka_unit_test(windows),
           cmocka_unit_test(members_are_ranked_outside_aggregates),
           cmocka_unit_test(days_cover_gaps_and_overlaps))
