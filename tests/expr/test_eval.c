/* Goal: every operator, function and kind of missing, on single rows. Rows: line, k. */
#include "check.h"
#include "small.h"

struct row_case {
    const char *text;
    int line, k;
    int64_t want;
};

static void run(const struct row_case *cases, size_t n) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small *s = sh_new(&arena, struct small, 1);
    CHECK(s != NULL);
    small_init(s);
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    for (size_t i = 0; i < n; i++) {
        struct sh_err err;
        struct sh_expr *e;
        const sh_code code = small_compile(cases[i].text, SH_CONTEXT_ROW, &arena, &e, &err);
        if (code != SH_OK)
            print_error("case: %s\n", cases[i].text);
        CHECK_OK(code, &err);
        const int32_t line = cases[i].line, k = cases[i].k;
        struct sh_batch batch = {.n = 1, .rows = {&line, &k}};
        int64_t got = 77;
        CHECK_OK(sh_expr_eval(e, &in, &batch, &got, &err), &err);
        if (got != cases[i].want)
            print_error("case: %s (line %d, k %d)\n", cases[i].text, line, k);
        CHECK_I64(got, cases[i].want);
        if (line < 0)
            continue;
        int64_t all[N_LINES]; /* the same with identity rows */
        const int32_t ks[N_LINES] = {k, k, k, k, k, k, k, k};
        batch = (struct sh_batch){.n = N_LINES, .rows = {NULL, ks}};
        CHECK_OK(sh_expr_eval(e, &in, &batch, all, &err), &err);
        CHECK_I64(all[line], cases[i].want);
    }
}
#define RUN(...)                                                                                             \
    const struct row_case cases[] = {__VA_ARGS__};                                                           \
    (void)state;                                                                                             \
    run(cases, sizeof cases / sizeof *cases)

static void comparisons(void **state) {
    RUN({"covered = 10.00", 0, 0, 1}, {"covered != 10", 0, 0, 0}, {"covered < 10.01", 0, 0, 1},
        {"covered <= 10", 0, 0, 1}, {"covered > 10", 0, 0, 0}, {"covered >= 10", 0, 0, 1},
        {"10 <= covered", 0, 0, 1}, {"9 >= covered", 0, 0, 0}, {"covered > 0 yuan", 2, 0, 0},
        {"covered > 9.999", 0, 0, 1}, {"covered = 99.99", 4, 0, 1}, {"covered < -4.99", 5, 0, 1},
        {"covered > 0", 6, 0, M}, {"covered != 0", 6, 0, M}, {"covered > 0", -1, 0, M},
        {"quantity > k.max", 1, 0, 1}, {"quantity > k.max", 0, 0, 0}, {"quantity > k.max", 1, 2, M},
        {"quantity = 0.5", 2, 0, 1}, {"unit_price = covered", 0, 0, 1}, {"covered < k.price", 0, 0, 1},
        {"covered < k.price", 1, 0, 0}, {"days > 2", 3, 0, 1}, {"days > 2 days", 2, 0, 0},
        {"days > k.days", 3, 0, 1}, {"time > uploaded", 1, 0, 0}, {"time > uploaded", 5, 0, M},
        {"id = id", 0, 0, 1}, {"time >= 2026-02-01", 0, 0, 1}, {"time < 2026-02-01T10:00", 0, 0, 1},
        {"day = 2026-02-03", 2, 0, 1}, {"day > 2026-02-03", 7, 0, M}, {"time_exact", 5, 0, 0},
        {"not time_exact", 5, 0, 1}, {"time_exact = time_exact", 5, 0, 1});
}

static void codes_levels_and_sets(void **state) {
    RUN({"encounter.visit = 住院", 0, 0, 1}, {"encounter.visit != 住院", 0, 0, 0},
        {"住院 = encounter.visit", 4, 0, 0}, {"encounter.visit = 住院", 6, 0, M},
        {"encounter.visit = 没有这个词", 0, 0, 0}, {"encounter.visit != 没有这个词", 0, 0, 1},
        {"encounter.visit in {住院, 急诊}", 0, 0, 1}, {"encounter.visit not in {住院, 急诊}", 0, 0, 0},
        {"encounter.visit not in {住院, 急诊}", 6, 0, M}, {"encounter.visit in k.visits", 4, 0, 0},
        {"encounter.visit not in k.visits", 4, 0, 1}, {"encounter.visit in k.visits", 4, 2, M},
        {"item = \"001102000050000\"", 2, 0, 1}, {"item in {001102000050000, T001700233}", 3, 0, 1},
        {"item under XA10B", 4, 0, 1}, {"item under {XA10BA, T}", 4, 0, 0},
        {"item not under {XA10BA, T}", 4, 0, 1}, {"item under XA10B", 6, 0, M},
        {"encounter.insurance = 310", 0, 0, 1}, {"encounter.insurance != k.insurance", 0, 0, 0},
        {"encounter.insurance != k.insurance", 0, 1, 1}, {"encounter.insurance != k.insurance", 0, 2, 1},
        {"encounter.insurance != k.insurance", 6, 0, M}, {"encounter.institution_level < 三级", 0, 0, 1},
        {"encounter.institution_level < k.min_level", 0, 0, 1},
        {"encounter.institution_level < k.min_level", 0, 1, 0},
        {"encounter.institution_level in {一级, 二级}", 4, 0, 1},
        {"encounter.institution_level >= 一级", 6, 0, M},
        {"encounter.institution_level in [一级, 三级)", 0, 0, 1}, {"item.kind = drug", 0, 0, 1},
        {"line.item.kind != drug", 2, 0, 1}, {"quantity in {1, 2}", 1, 0, 1}, {"quantity in {1, 2}", 2, 0, 0},
        {"quantity in {0.5}", 2, 0, 1}, {"k.period = day", 0, 0, 1}, {"k.period = \"6 hours\"", 0, 2, 1});
}

static void ranges_and_ages(void **state) {
    RUN({"person.age", 0, 0, 25}, {"person.age in [25, 26)", 0, 0, 1}, {"person.age in [26, )", 0, 0, 0},
        {"person.age not in [26, )", 0, 0, 1}, {"person.age in [, 25)", 0, 0, 0},
        {"person.age in [, 25]", 0, 0, 1}, {"person.age < 18", 6, 0, M}, {"person.age in [0, 18)", 6, 0, M},
        {"line.encounter.person.age > 60", 4, 0, 1}, {"person.age in k.age", 0, 0, 0},
        {"person.age not in k.age", 0, 1, 1}, {"person.age in k.age", 0, 2, 1},
        {"person.age_months", 0, 0, 311}, {"person.age_days > 9000 days", 0, 0, 1},
        {"day in [2026-02-01, 2026-02-03)", 1, 0, 1}, {"day in [2026-02-01, 2026-02-03)", 2, 0, 0},
        {"covered in [10.00, 20)", 3, 0, 1}, {"covered in [10.001, 20)", 3, 0, 1},
        {"covered not in [10.001, 20)", 3, 0, 0}, {"covered in [k.price, 20)", 3, 0, 0},
        {"day in [person.birth, person.death)", 0, 0, 1}, {"day in [person.birth, person.death)", 4, 0, 0},
        {"day not in [person.birth, person.death)", 4, 0, 1}, {"quantity in [0, param(unset))", 0, 0, M});
}

static void kleene(void **state) {
    RUN({"true and true", 0, 0, 1}, {"true and false", 0, 0, 0}, {"false and covered > 0", 6, 0, 0},
        {"covered > 0 and false", 6, 0, 0}, {"covered > 0 and true", 6, 0, M},
        {"covered > 0 and covered > 0", 6, 0, M}, {"true or covered > 0", 6, 0, 1},
        {"covered > 0 or true", 6, 0, 1}, {"covered > 0 or false", 6, 0, M}, {"false or false", 0, 0, 0},
        {"not covered > 0", 6, 0, M}, {"not true", 0, 0, 0}, {"not false", 0, 0, 1},
        {"true or true and false", 0, 0, 1}, {"(true or true) and false", 0, 0, 0},
        {"known(covered)", 6, 0, 0}, {"known(covered)", 0, 0, 1},
        {"not known(covered) or covered > 0", 6, 0, 1}, {"known(covered > 0)", 6, 0, 0});
}

static void none_is_not_unknown(void **state) {
    RUN({"day > person.death", 0, 0, 0}, {"day > person.death", 4, 0, 1},
        {"not (day > person.death)", 0, 0, 1}, {"day <= person.death", 0, 0, 0},
        {"day != person.death", 0, 0, 0}, {"gap(person.death, day) >= 0", 0, 0, 0},
        {"day > person.death + 3 days", 0, 0, 0}, {"known(person.death)", 0, 0, 0},
        {"known(person.death)", 4, 0, 1}, {"encounter.newborn", 0, 0, 0}, {"encounter.newborn", 4, 0, 0},
        {"encounter.newborn", 6, 0, 1}, {"known(encounter.newborn)", 4, 0, 0},
        {"known(encounter.newborn)", 0, 0, 1}, {"encounter.newborn", 7, 0, M},
        {"person.death > day", 7, 0, M}, {"take_home", 5, 0, 0}, {"person.death", 0, 0, M},
        {"day(encounter.to) < day", 4, 0, 0}, {"encounter.inpatient", 6, 0, M},
        {"person.death in {2026-02-10}", 4, 0, 1}, {"person.death not in {2026-02-10}", 0, 0, 0});
}

static void arithmetic(void **state) {
    RUN({"covered + amount", 0, 0, 2100}, {"covered - amount", 0, 0, -100}, {"-covered", 0, 0, -1000},
        {"covered + 0.5", 0, 0, 1050}, {"quantity * unit_price = 10", 0, 0, 1},
        {"quantity * unit_price", 0, 0, 100000000000}, {"covered / 3 < 3.34", 0, 0, 1},
        {"covered / 3 > 3.33", 0, 0, 1}, {"covered / 3", 0, 0, 3333333}, {"covered / amount", 0, 0, 909091},
        {"covered / quantity", 0, 0, 10000000}, {"covered / 0", 0, 0, M},
        {"amount - quantity * unit_price = 1", 0, 0, 1}, {"abs(covered)", 5, 0, 500},
        {"abs(covered - 20)", 0, 0, 1000},
        {"abs(amount - quantity * unit_price) > param(arithmetic.tolerance)", 0, 0, 1},
        {"min(covered, 5)", 0, 0, 500}, {"max(0, covered)", 5, 0, 0},
        {"max(0, covered - k.price * quantity) = 10", 1, 0, 1}, {"min(covered, amount, 7.00)", 0, 0, 700},
        {"min(covered, 5)", 6, 0, M}, {"max(covered, 5)", 6, 0, M}, {"ceil(quantity)", 2, 0, 1},
        {"ceil(-quantity)", 2, 0, 0}, {"ceil(covered / 3) = 4", 0, 0, 1}, {"ceil(quantity * 3)", 2, 0, 2},
        {"2 * 3 + 1", 0, 0, 7}, {"(1 + 2) * 3 - 4", 0, 0, 5}, {"10 - 3 - 2", 0, 0, 5},
        {"covered + amount", 6, 0, M}, {"quantity * 3 > 1", 6, 0, M}, {"param(limit) + 1", 0, 0, 3},
        {"param(unset) > 1", 0, 0, M}, {"covered * 100 / (amount * 100) = covered / amount", 0, 0, 1},
        {"covered / 3 + covered / 6 = 5", 0, 0, 1},
        {"(covered / 3) / (amount / 3) = covered / amount", 0, 0, 1},
        {"covered * (1 - 0.5 * k.price * ceil(quantity) / amount)", 1, 0, 25365854},
        {"max(quantity, quantity * 2)", 0, 0, 20000}, {"k.days * covered / 1 day", 0, 0, 20000000},
        {"k.max * 10 - 1 = 9", 0, 0, 1});
}

static void times(void **state) {
    RUN({"day", 0, 0, DAY(2026, 2, 1)}, {"hour", 0, 0, AT(2026, 2, 1, 9)}, {"hour(time)", 1, 0, 10},
        {"hour(time)", 5, 0, M}, {"day(time)", 5, 0, DAY(2026, 2, 12)}, {"week", 1, 0, DAY(2026, 2, 2)},
        {"week", 0, 0, DAY(2026, 1, 26)}, {"month", 0, 0, 202602}, {"quarter", 0, 0, 20261},
        {"year", 0, 0, 2026}, {"year(person.birth)", 0, 0, 2000}, {"month(day)", 7, 0, M},
        {"gap(encounter.from, time)", 2, 0, 2}, {"gap(time, encounter.from)", 2, 0, -2},
        {"gap(day, encounter.to) <= 2", 2, 0, 1}, {"months(person.birth, day)", 0, 0, 311},
        {"months(2026-01-31, 2026-02-28)", 0, 0, 1}, {"months(2026-01-31, 2026-02-27)", 0, 0, 0},
        {"months(2026-02-28, 2026-01-31)", 0, 0, -1}, {"day + 3 days", 0, 0, DAY(2026, 2, 4)},
        {"day - param(split.days)", 0, 0, DAY(2026, 1, 29)}, {"2026-01-31 + 1 month", 0, 0, DAY(2026, 2, 28)},
        {"2024-02-29 + 1 year", 0, 0, DAY(2025, 2, 28)}, {"time + 6 hours", 0, 0, AT(2026, 2, 1, 15)},
        {"encounter.from + 1 week", 0, 0, AT(2026, 2, 8, 8)}, {"day - day(encounter.from)", 3, 0, 3},
        {"uploaded - time > 24 hours", 2, 0, 1}, {"uploaded - time > 24 hours", 1, 0, 0},
        {"uploaded - time > 24 hours", 5, 0, M}, {"1969-12-31", 0, 0, -1},
        {"period(k.period)", 0, 0, DAY(2026, 2, 1)}, {"period(k.period)", 4, 1, 1},
        {"period(k.period)", 0, 2, M}, {"ever", 0, 0, 0},
        {"overlap(encounter, encounter) in nights", 0, 0, 4},
        {"overlap(encounter, encounter) in days", 0, 0, 5},
        {"overlap(encounter, encounter) in nights", 4, 0, M}, {"encounter.day", 0, 0, DAY(2026, 2, 1)},
        {"overlap(line, line)", 4, 0, 7});
}

static void related(void **state) {
    RUN({"any(line where item under XA10BA)", 0, 0, 1}, {"any(line where item under XA10BB)", 0, 0, 0},
        {"none(line where item under XA10BB)", 0, 0, 1}, {"any(line where covered > 90)", 6, 0, M},
        {"count(line)", 0, 0, 4}, {"count(line in person)", 4, 0, 2},
        {"count(line where covered > 10)", 0, 0, 2}, {"count(line in person where covered > 10)", 6, 0, M},
        {"sum(line.covered)", 0, 0, 6250},
        {"sum(line.covered in encounter where item = line.item)", 0, 0, 5000}, {"sum(line.covered)", 6, 0, M},
        {"every(line where quantity > 0)", 0, 0, 1}, {"every(line where quantity > 0.5)", 0, 0, 0},
        {"every(line where quantity > 0)", 6, 0, M},
        {"any(line in person past 1 days where item = line.item)", 1, 0, 1},
        {"count(line in person past 2 days)", 2, 0, 2}, {"count(line in person past 2 days)", 0, 0, 1},
        {"count(line in person next 2 days)", 2, 0, 2}, {"count(line in person within 1 days)", 1, 0, 3},
        {"count(line in person past 24 hours)", 1, 0, 1}, {"count(line in person past 25 hours)", 1, 0, 1},
        {"count(line in person past 26 hours)", 1, 0, 2}, {"count(line in person within 25 hours)", 1, 0, 3},
        {"count(line in person past k.past)", 3, 1, 3}, {"count(line within k.period)", 0, 0, 1},
        {"count(line within k.period)", 0, 1, 4}, {"count(line within k.period)", 0, 2, 1},
        {"count(line within k.period)", 4, 2, M}, {"count(line in person, day)", 4, 0, 2},
        {"first(line.covered)", 0, 0, 1000}, {"last(line.covered)", 0, 0, 1250},
        {"first(line.item where quantity > 1)", 0, 0, 0}, {"first(line.covered where quantity > 9)", 0, 0, M},
        {"any(diagnosis where code under E11)", 0, 0, 1}, {"any(diagnosis where code in k.icd)", 0, 0, 1},
        {"none(diagnosis where code in {Z88.0})", 0, 0, M}, {"none(diagnosis where code under I10)", 4, 0, 0},
        {"any(diagnosis)", 6, 0, 0}, {"none(diagnosis)", 6, 0, 1},
        {"count(diagnosis where not main)", 0, 0, 1},
        {"any(encounter in person where day(from) < line.day)", 1, 0, 1},
        {"any(line where row.item.kind = herb)", 0, 0, 1}, {"any(line where row.day = line.day)", 0, 0, 1},
        {"any(line where institution != line.institution)", 0, 0, 0}, {"complete(line in person)", 0, 0, 1},
        {"any(line)", -1, 0, M}, {"any(diagnosis within 3 days where main)", 0, 0, 1},
        {"count(line past 2 days)", 7, 0, M});
}

static void all_operators_agree_on_blocks(void **state) { /* more tuples than a block */
    (void)state;
    enum { N = 5000 };
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small *s = sh_new(&arena, struct small, 1);
    small_init(s);
    int32_t *line = sh_new(&arena, int32_t, N), *k = sh_new(&arena, int32_t, N);
    int64_t *out = sh_new(&arena, int64_t, N);
    for (int i = 0; i < N; i++)
        line[i] = i % N_LINES, k[i] = 0;
    const struct sh_batch batch = {.n = N, .rows = {line, k}};
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    struct sh_expr *e;
    struct sh_err err;
    CHECK_OK(small_compile("count(line in person past 2 days) * 10 + count(line)", SH_CONTEXT_ROW, &arena, &e,
                           &err),
             &err);
    CHECK_OK(sh_expr_eval(e, &in, &batch, out, &err), &err);
    const int64_t want[N_LINES] = {14, 24, 24, 24, 22, 22, 11, M};
    for (int i = 0; i < N; i++)
        if (i % N_LINES != 7)
            CHECK_I64(out[i], want[i % N_LINES]);
}

static void money_is_rounded_once(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line;
        int64_t want;
    } cases[] = {{"covered / 3", 0, 333},
                 {"covered / 16 + covered / 16 + covered / 16 + covered / 16", 0, 250},
                 {"covered * 0.0005", 0, 1},
                 {"covered * 0.0005", 5, 0},
                 {"covered * 0.001", 5, -1},
                 {"covered / 8 / 100", 0, 1},
                 {"unit_price", 0, 1000},
                 {"covered", 6, M},
                 {"covered * (quantity - 1) / quantity", 1, 2000},
                 {"amount", 4, 10099}};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small *s = sh_new(&arena, struct small, 1);
    small_init(s);
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sh_expr *e;
        struct sh_err err;
        const int32_t line = cases[i].line, k = 0;
        const struct sh_batch batch = {.n = 1, .rows = {&line, &k}};
        int64_t got;
        CHECK_OK(small_compile(cases[i].text, SH_CONTEXT_ROW, &arena, &e, &err), &err);
        CHECK_OK(sh_expr_eval_fen(e, &in, &batch, &got, &err), &err);
        if (got != cases[i].want)
            print_error("case: %s\n", cases[i].text);
        CHECK_I64(got, cases[i].want);
    }
}

CHECK_MAIN(cmocka_unit_test(comparisons), cmocka_unit_test(codes_levels_and_sets),
           cmocka_unit_test(ranges_and_ages), cmocka_unit_test(kleene), cmocka_unit_test(none_is_not_unknown),
           cmocka_unit_test(arithmetic), cmocka_unit_test(times), cmocka_unit_test(related),
           cmocka_unit_test(all_operators_agree_on_blocks), cmocka_unit_test(money_is_rounded_once))
