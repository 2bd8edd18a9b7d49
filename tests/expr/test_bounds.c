/* Goal: what bounds say of runs of rows holds for each row; and they are narrow where whole runs are to be
 * settled. */
#include "check.h"
#include "small.h"

enum { RUNS = 4 };
static const uint32_t begin[RUNS + 1] = {0, 4, 6, 7, 8}; /* a person each; the last line has none */
static const int16_t joins[] = {-1, -1};

struct columns {
    const struct small *s;
    struct sh_arena *arena;
};

static sh_code column_of(void *ctx, uint16_t column, const struct sh_bounds **ret, struct sh_err *err) {
    const struct columns *c = ctx;
    struct sh_bounds *bounds = sh_new(c->arena, struct sh_bounds, RUNS);
    if (!bounds)
        return sh_fail(err, SH_E_NOMEM, "no memory");
    sh_column_bounds(&small_line[column], c->s->line[column], begin, RUNS, bounds);
    *ret = bounds;
    return SH_OK;
}

static sh_code bounds_of(const struct small *s, const char *text, struct sh_arena *arena,
                         struct sh_expr **ret_e, struct sh_bounds ret[RUNS], struct sh_err *err) {
    struct columns c = {s, arena};
    const struct sh_row_runs runs = {
        .n = RUNS, .begin = begin, .joins = joins, .column = column_of, .ctx = &c};
    const struct sh_eval eval = {&s->frame, &s->world, arena};
    SH_TRY(small_compile(text, SH_CONTEXT_ROW, arena, ret_e, err));
    return sh_expr_bounds(*ret_e, &eval, &runs, ret, err);
}

static const char *const conditions[] = {
    "day > person.death",
    "day < encounter.day - 1 days or day > encounter.day + 3 days",
    "encounter.inpatient",
    "not encounter.inpatient",
    "encounter.newborn or take_home",
    "take_home",
    "encounter.visit in {住院, 急诊}",
    "encounter.visit not in {住院}",
    "institution = H1",
    "institution != encounter.institution",
    "item != XA10BA001 and covered > 0 yuan",
    "known(covered)",
    "known(person.death) or known(person.birth)",
    "quantity >= 1",
    "quantity > param(unset)",
    "covered - amount < 0 yuan",
    "covered + amount >= -800 yuan",
    "encounter.institution_level >= 二级",
    "any(encounter in person where row.from > line.time)",
    "any(encounter in person where institution != line.institution and inpatient)",
    "any(line in person where row.day > line.day)",
    "any(line in person where covered < 0 yuan)",
    "any(diagnosis)",
    "not any(diagnosis where code = E11.900)",
    "none(diagnosis where code = E11.900)",
    "quantity * unit_price > amount",
    "person.age > 30",
    "time < encounter.from",
    "covered = 10 yuan or covered = 40 yuan",
};

static void shake(struct small *s, struct sh_rng *rng) {
    for (int i = 0; i < N_LINES; i++) {
        if (sh_rng_chance(rng, 300000))
            s->l_covered[i] = sh_rng_chance(rng, 200000) ? M : sh_rng_between(rng, -600, 5000);
        if (sh_rng_chance(rng, 300000))
            s->l_quantity[i] = sh_rng_chance(rng, 200000) ? M : sh_rng_between(rng, -20000, 40000);
        if (sh_rng_chance(rng, 300000))
            s->l_time[i] =
                sh_rng_chance(rng, 200000) ? M : AT(2026, 2, 1, 9) + 3600 * sh_rng_between(rng, -99, 999);
        if (sh_rng_chance(rng, 200000))
            s->l_institution[i] = (int32_t)sh_rng_between(rng, -1, 1);
        if (sh_rng_chance(rng, 200000))
            s->l_take_home[i] = sh_rng_chance(rng, 300000) ? INT8_MIN : (int8_t)sh_rng_between(rng, 0, 1);
        if (i < 7 && sh_rng_chance(rng, 200000))
            s->l_encounter[i] = (int32_t)sh_rng_between(rng, -1, 2);
    }
    for (int p = 0; p < N_PERSONS; p++)
        s->p_death[p] =
            sh_rng_chance(rng, 500000) ? INT32_MIN : DAY(2026, 2, 1) + (int32_t)sh_rng_between(rng, 0, 20);
}

/* One answer of one row against the bounds of its run. */
static bool lies_within(int64_t answer, struct sh_bounds b) {
    if (answer == M)
        return b.may & SH_MAY_MISSING;
    return (b.may & SH_MAY_VALUE) && b.low <= answer && answer <= b.high;
}

static void every_answer_lies_within_the_bounds_of_its_run(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rng rng;
    struct sh_err err = {0};
    sh_rng_seed(&rng, 20261127);
    for (int round = 0; round < 300; round++) {
        struct small s;
        small_init(&s);
        shake(&s, &rng);
        s.most = sh_rng_chance(&rng, 200000) ? 1 : 0;
        s.complete = !sh_rng_chance(&rng, 300000);
        for (size_t c = 0; c < sizeof conditions / sizeof conditions[0]; c++) {
            struct sh_expr *e = NULL;
            struct sh_bounds bounds[RUNS];
            int64_t answers[N_LINES];
            CHECK_OK(bounds_of(&s, conditions[c], &arena, &e, bounds, &err), &err);
            const struct sh_batch batch = {.n = N_LINES, .rows = {s.iota, NULL}};
            const struct sh_eval eval = {&s.frame, &s.world, &arena};
            CHECK_OK(sh_expr_eval(e, &eval, &batch, answers, &err), &err);
            for (uint32_t r = 0; r < RUNS; r++)
                for (uint32_t i = begin[r]; i < begin[r + 1]; i++)
                    if (!lies_within(answers[i], bounds[r]))
                        fail_msg("round %d, %s: line %u answers %lld, not within %lld … %lld, may %d", round,
                                 conditions[c], i, (long long)answers[i], (long long)bounds[r].low,
                                 (long long)bounds[r].high, bounds[r].may);
            sh_arena_reset(&arena);
        }
    }
}

static void check_false(const struct small *s, const char *text, uint32_t run) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    struct sh_expr *e = NULL;
    struct sh_bounds bounds[RUNS];
    CHECK_OK(bounds_of(s, text, &arena, &e, bounds, &err), &err);
    if (!sh_bounds_are(bounds[run], 0))
        fail_msg("%s is not settled for run %u", text, run);
}

static void whole_persons_are_settled_without_their_lines(void **state) {
    (void)state;
    struct small s;
    small_init(&s);
    check_false(&s, "day > person.death", 0); /* who lives */
    s.p_death[1] = DAY(2026, 2, 20);
    check_false(&s, "day > person.death", 1); /* nothing after it */
    check_false(&s, "day < encounter.day or day > encounter.day + 3 days", 0);
    check_false(&s, "any(encounter in person where institution != line.institution)", 0);
    check_false(&s, "any(line in person where row.day > line.day + 3 days)", 0);
    check_false(&s, "encounter.visit in {急诊}", 1);
}

static void too_long_a_timeline_settles_nothing(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct small s;
    struct sh_err err = {0};
    struct sh_expr *e = NULL;
    struct sh_bounds bounds[RUNS];
    small_init(&s);
    s.most = 1;
    CHECK_OK(bounds_of(&s, "any(line in person where row.day > line.day + 3 days)", &arena, &e, bounds, &err),
             &err);
    CHECK(!sh_bounds_are(bounds[0], 0));
    CHECK(bounds[0].may & SH_MAY_MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_lies_within_the_bounds_of_its_run),
        cmocka_unit_test(whole_persons_are_settled_without_their_lines),
        cmocka_unit_test(too_long_a_timeline_settles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
