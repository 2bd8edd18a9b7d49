/* Goal: whichever allocation fails, the answer is a clean error, and nothing leaks or is read too far. */
#include "check.h"
#include "small.h"

static sh_code everything(void *ctx, struct sh_err *err) {
    struct small *s = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = 64u << 20};
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    const uint32_t begin[] = {0, 4, 6, 8};
    const int32_t first[] = {0, 4, 6}, ks[N_LINES] = {0, 1, 2, 0, 1, 2, 0, 1};
    const struct sh_batch members = {.n = N_LINES, .rows = {s->iota, ks}};
    const struct sh_batch batch = {.n = 3, .rows = {first, ks}, .members = &members, .member_begin = begin};
    static const char *const texts[] = {
        "sum(quantity * unit_price where item.kind = drug) > k.price * 2 and distinct(item, day) > 1",
        "any(nth(item by covered desc) > 1) or days() > k.days or none(line in person, day past 3 days where "
        "item under {XA, T0, 0, X, XB, XA1})",
        "person.age not in k.age and encounter.visit in {住院, 急诊} and covered / 3 + 1 > max(0, amount - "
        "quantity * unit_price)",
        "lien.amount > 1 and amout > 2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sh_expr *e;
        const sh_code code = small_compile(texts[i], SH_CONTEXT_GROUP, &arena, &e, err);
        if (code == SH_E_INPUT && i == 3)
            return SH_OK;
        SH_TRY(code);
        int64_t out[3];
        struct sh_str text;
        struct sh_value_read *values;
        struct sh_need *needs;
        size_t n;
        SH_TRY(sh_expr_eval(e, &in, &batch, out, err));
        SH_TRY(sh_expr_needs(e, &arena, &needs, &n, err));
        for (uint32_t g = 0; g < 3; g++) {
            SH_TRY(sh_expr_missing(e, &in, &batch, g, &text, err));
            SH_TRY(sh_expr_clearing(e, &in, &batch, g, &text, err));
            SH_TRY(sh_expr_values(e, &in, &batch, g, &values, &n, err));
        }
    }
    return SH_OK;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct small *s = sh_alloc_array(1, sizeof *s);
    small_init(s);
    check_torture(everything, s);
    sh_free(s);
}

static sh_code small_arena(void *ctx, struct sh_err *err) {
    (void)err;
    struct small *s = ctx;
    for (size_t limit = 1 << 12; limit < 1 << 20; limit += 1 << 14) { /* the arena runs full in the middle */
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = limit};
        const struct sh_eval in = {&s->frame, &s->world, &arena};
        struct sh_expr *e;
        struct sh_err own;
        const int32_t row = 0;
        const struct sh_batch batch = {.n = 1, .rows = {&row, &row}};
        int64_t out;
        if (small_compile("covered > 1 and any(line in person where covered > line.covered)", SH_CONTEXT_ROW,
                          &arena, &e, &own) != SH_OK)
            continue;
        if (sh_expr_eval(e, &in, &batch, &out, &own) == SH_OK)
            CHECK_I64(out, 0);
    }
    return SH_OK;
}

static void a_full_arena_is_an_error(void **state) {
    (void)state;
    struct small *s = sh_alloc_array(1, sizeof *s);
    small_init(s);
    s->l_covered[0] = 9000000;
    s->l_person[0] = 1;
    struct sh_err err;
    CHECK_OK(small_arena(s, &err), &err);
    sh_free(s);
}

CHECK_MAIN(cmocka_unit_test(every_allocation_may_fail), cmocka_unit_test(a_full_arena_is_an_error))
