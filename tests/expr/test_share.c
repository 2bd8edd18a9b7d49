/* Goal: parts that conditions share are found, and taking what they came to changes no answer. */
#include "check.h"
#include "small.h"

static const char *const conditions[] = {
    "abs(amount - quantity * unit_price) > 1 yuan",
    "abs(amount - quantity * unit_price) > 0.10 yuan or covered < 0 yuan",
    "encounter.institution_level >= 二级 and covered > 1 yuan",
    "encounter.institution_level >= 二级 and covered > 2 yuan",
    "any(encounter in person where institution != line.institution and inpatient)",
    "any(encounter in person where institution != line.institution and inpatient) and quantity >= 1",
    "any(encounter in person where institution != line.institution)",
    "day > encounter.day + 1 days or day > encounter.day + 2 days",
};
enum { N_CONDITIONS = sizeof conditions / sizeof conditions[0] };

static void compile_all(struct sh_arena *arena, struct sh_expr *ret[N_CONDITIONS]) {
    struct sh_err err = {0};
    for (size_t c = 0; c < N_CONDITIONS; c++)
        CHECK_OK(small_compile(conditions[c], SH_CONTEXT_ROW, arena, &ret[c], &err), &err);
}

/* Ask all conditions of the same batch with kept values; each must answer as it does alone. */
static void check_answers(struct small *s, struct sh_expr *const *exprs, const struct sh_batch *batch,
                          struct sh_shared_values *shared, struct sh_arena *arena) {
    struct sh_err err = {0};
    const struct sh_eval alone = {.frame = &s->frame, .world = &s->world, .arena = arena};
    const struct sh_eval together = {
        .frame = &s->frame, .world = &s->world, .arena = arena, .shared = shared};
    shared->batch = batch;
    for (size_t c = 0; c < N_CONDITIONS; c++) {
        int64_t want[N_LINES], got[N_LINES];
        CHECK_OK(sh_expr_eval(exprs[c], &alone, batch, want, &err), &err);
        CHECK_OK(sh_expr_eval(exprs[c], &together, batch, got, &err), &err);
        for (uint32_t i = 0; i < batch->n; i++)
            CHECK_I64(got[i], want[i]);
    }
}

static void equal_parts_have_one_number_and_others_none(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    struct sh_expr *exprs[N_CONDITIONS];
    uint16_t n = 0;
    compile_all(&arena, exprs);
    CHECK_OK(sh_expr_share(exprs, N_CONDITIONS, &n, &err), &err);
    CHECK_I64(n, 5); /* the difference, the level, the stay elsewhere, the day and that of the encounter */
    CHECK_OK(sh_expr_share(exprs, 1, &n, &err), &err);
    CHECK_I64(n, 0); /* alone it shares with none */
    CHECK_OK(sh_expr_share(exprs, 0, &n, &err), &err);
    CHECK_I64(n, 0);
}

static void kept_values_answer_as_fresh_ones(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    struct sh_expr *exprs[N_CONDITIONS];
    uint16_t n = 0;
    struct small s;
    small_init(&s);
    s.l_covered[2] = M, s.l_quantity[3] = M, s.l_encounter[4] = -1;
    compile_all(&arena, exprs);
    CHECK_OK(sh_expr_share(exprs, N_CONDITIONS, &n, &err), &err);
    struct sh_shared_values by_tuple, by_row;
    CHECK_OK(sh_shared_values_make(&arena, n, N_LINES, &by_tuple, &err), &err);
    CHECK_OK(sh_shared_values_make(&arena, n, N_LINES, &by_row, &err), &err);
    const struct sh_batch all = {.n = N_LINES, .rows = {s.iota, NULL}};
    check_answers(&s, exprs, &all, &by_tuple, &arena);
    /* First some rows in no order, then all of them: some values are known, others not, then all. */
    static const int32_t some[] = {5, 1, 3, 2};
    const struct sh_batch few = {.n = 4, .rows = {some, NULL}};
    by_row.rows = some;
    check_answers(&s, exprs, &few, &by_row, &arena);
    by_row.rows = s.iota;
    check_answers(&s, exprs, &all, &by_row, &arena);
    by_row.rows = some;
    check_answers(&s, exprs, &few, &by_row, &arena);
}

static void values_of_another_batch_are_not_taken(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    struct sh_expr *exprs[N_CONDITIONS];
    uint16_t n = 0;
    struct small s;
    small_init(&s);
    compile_all(&arena, exprs);
    CHECK_OK(sh_expr_share(exprs, N_CONDITIONS, &n, &err), &err);
    struct sh_shared_values shared;
    CHECK_OK(sh_shared_values_make(&arena, n, N_LINES, &shared, &err), &err);
    const struct sh_batch all = {.n = N_LINES, .rows = {s.iota, NULL}};
    check_answers(&s, exprs, &all, &shared, &arena);
    static const int32_t other[] = {6, 0};
    const struct sh_batch two = {.n = 2, .rows = {other, NULL}};
    const struct sh_eval alone = {.frame = &s.frame, .world = &s.world, .arena = &arena};
    const struct sh_eval kept = {
        .frame = &s.frame, .world = &s.world, .arena = &arena, .shared = &shared}; /* of `all` */
    for (size_t c = 0; c < N_CONDITIONS; c++) {
        int64_t want[2], got[2];
        CHECK_OK(sh_expr_eval(exprs[c], &alone, &two, want, &err), &err);
        CHECK_OK(sh_expr_eval(exprs[c], &kept, &two, got, &err), &err);
        CHECK_I64(got[0], want[0]);
        CHECK_I64(got[1], want[1]);
    }
}

CHECK_MAIN(cmocka_unit_test(equal_parts_have_one_number_and_others_none),
           cmocka_unit_test(kept_values_answer_as_fresh_ones),
           cmocka_unit_test(values_of_another_batch_are_not_taken))
