/* Goal: one rounding, half away from zero; splits add up exactly. */
#include "base/money.h"
#include "check.h"

static void halves_go_away_from_zero(void **state) {
    (void)state;
    const struct {
        int64_t num, den, round, floor;
    } cases[] = {{5, 2, 3, 2},
                 {-5, 2, -3, -3},
                 {5, -2, -3, -3},
                 {-5, -2, 3, 2},
                 {4, 3, 1, 1},
                 {-4, 3, -1, -2},
                 {5, 3, 2, 1},
                 {-5, 3, -2, -2},
                 {0, 7, 0, 0},
                 {6, 3, 2, 2},
                 {-6, 3, -2, -2},
                 {1, INT64_MAX, 0, 0},
                 {INT64_MIN, 1, INT64_MIN, INT64_MIN}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t is = 0;
        CHECK_CODE(sh_div_round(cases[i].num, cases[i].den, &is), SH_OK);
        CHECK_I64(is, cases[i].round);
        CHECK_CODE(sh_div_floor(cases[i].num, cases[i].den, &is), SH_OK);
        CHECK_I64(is, cases[i].floor);
    }
}

static void quotients_that_do_not_fit_are_refused(void **state) {
    (void)state;
    int64_t is = 42;
    CHECK_CODE(sh_div_round(1, 0, &is), SH_E_INPUT);
    CHECK_CODE(sh_div_floor(1, 0, &is), SH_E_INPUT);
    CHECK_CODE(sh_div_round((sh_i128)INT64_MIN, -1, &is), SH_E_OVERFLOW);
    CHECK_CODE(sh_div_round((sh_i128)INT64_MAX * 2 + 1, 2, &is), SH_E_OVERFLOW);
    CHECK_CODE(sh_div_round((sh_i128)INT64_MAX * INT64_MAX, 3, &is), SH_E_OVERFLOW);
    const sh_i128 least = (sh_i128)((sh_u128)1 << 127);
    CHECK_CODE(sh_div_round(least, -1, &is), SH_E_OVERFLOW);
    CHECK_I64(is, 42);
    CHECK_CODE(sh_div_floor((sh_i128)INT64_MAX * 2 + 1, 2, &is), SH_OK);
    CHECK_I64(is, INT64_MAX);
}

static void rounding_is_symmetric_and_near(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(6));
    for (size_t round = 0; round < 200000; round++) {
        const int64_t num = (int64_t)sh_rng_next(&rng) >> (2 + sh_rng_below(&rng, 60));
        const int64_t den = sh_rng_between(&rng, 1, 1000);
        int64_t up, down;
        CHECK_CODE(sh_div_round(num, den, &up), SH_OK);
        CHECK_CODE(sh_div_round(-num, den, &down), SH_OK);
        CHECK_I64(up, -down);
        const sh_i128 twice = ((sh_i128)up * den - num) * 2;
        CHECK(twice <= den && twice >= -den);
    }
}

static void checked_arithmetic(void **state) {
    (void)state;
    int64_t is = 7;
    CHECK_CODE(sh_add(INT64_MAX, 1, &is), SH_E_OVERFLOW);
    CHECK_CODE(sh_sub(INT64_MIN, 1, &is), SH_E_OVERFLOW);
    CHECK_CODE(sh_mul(INT64_MAX, 2, &is), SH_E_OVERFLOW);
    CHECK_I64(is, 7);
    CHECK_CODE(sh_add(2, 3, &is), SH_OK);
    CHECK_I64(is, 5);
    CHECK_CODE(sh_sub(2, 3, &is), SH_OK);
    CHECK_I64(is, -1);
    CHECK_CODE(sh_mul(-2, 3, &is), SH_OK);
    CHECK_I64(is, -6);
}

static void splits_are_fair_and_exact(void **state) {
    (void)state;
    int64_t parts[3];
    CHECK_CODE(sh_allocate(100, (int64_t[]){1, 1, 1}, 3, parts), SH_OK);
    CHECK_I64(parts[0], 34);
    CHECK_I64(parts[1], 33);
    CHECK_I64(parts[2], 33);
    CHECK_CODE(sh_allocate(-100, (int64_t[]){1, 1, 1}, 3, parts), SH_OK);
    CHECK_I64(parts[0], -34);
    CHECK_CODE(sh_allocate(5, (int64_t[]){0, 3, 0}, 3, parts), SH_OK);
    CHECK_I64(parts[0] * 100 + parts[1] * 10 + parts[2], 50);
    CHECK_CODE(sh_allocate(0, (int64_t[]){0, 0, 0}, 3, parts), SH_OK);
    CHECK_CODE(sh_allocate(1, (int64_t[]){0, 0, 0}, 3, parts), SH_E_INPUT);
    CHECK_CODE(sh_allocate(1, NULL, 0, parts), SH_E_INPUT);
    CHECK_CODE(sh_allocate(0, NULL, 0, parts), SH_OK);
    CHECK_CODE(sh_allocate(1, (int64_t[]){-1, 2, 2}, 3, parts), SH_E_INPUT);
    CHECK_CODE(sh_allocate(1, (int64_t[]){INT64_MAX, 1, 0}, 3, parts), SH_E_OVERFLOW);
    CHECK_CODE(sh_allocate(INT64_MIN, (int64_t[]){INT64_MAX, 0, 0}, 3, parts), SH_OK);
    CHECK_I64(parts[0], INT64_MIN);
}

static void any_split_adds_up(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(7));
    for (size_t round = 0; round < 20000; round++) {
        int64_t weights[12], parts[12], sum = 0;
        sh_i128 all = 0;
        const size_t n = 1 + sh_rng_below(&rng, 12);
        const uint64_t shift = 4 + sh_rng_below(&rng, 59);
        for (size_t i = 0; i < n; i++) {
            weights[i] = sh_rng_chance(&rng, 200000) ? 0 : (int64_t)(sh_rng_next(&rng) >> shift >> 1);
            all += weights[i];
        }
        const int64_t total = all ? (int64_t)sh_rng_next(&rng) >> sh_rng_below(&rng, 64) : 0;
        if (all > INT64_MAX)
            continue;
        CHECK_CODE(sh_allocate(total, weights, n, parts), SH_OK);
        for (size_t i = 0; i < n; i++) {
            sum += parts[i];
            const sh_i128 gap = (sh_i128)parts[i] * all - (sh_i128)total * weights[i];
            CHECK(all == 0 || (gap < all && gap > -all));
            CHECK(weights[i] > 0 || parts[i] == 0);
        }
        CHECK_I64(sum, total);
    }
}

static sh_code split(void *ctx, struct sh_err *err) {
    int64_t parts[2] = {7, 7};
    (void)ctx;
    const sh_code code = sh_allocate(10, (int64_t[]){1, 2}, 2, parts);
    if (code != SH_OK && (parts[0] != 7 || parts[1] != 7))
        return sh_fail(err, SH_E_INTERNAL, "parts were written on failure");
    return code;
}

static void a_failed_split_writes_nothing(void **state) {
    (void)state;
    check_torture(split, NULL);
}

static void money_for_files_and_for_people(void **state) {
    (void)state;
    char out[SH_MONEY_TEXT_MAX];
    const struct {
        int64_t fen;
        const char *plain, *grouped;
    } cases[] = {{0, "0.00", "0.00"},
                 {-5, "-0.05", "-0.05"},
                 {12345, "123.45", "123.45"},
                 {123456, "1234.56", "1,234.56"},
                 {-12345678, "-123456.78", "-123,456.78"},
                 {INT64_MIN, "-92233720368547758.08", "-92,233,720,368,547,758.08"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_I64(sh_money_plain(cases[i].fen, out), strlen(cases[i].plain));
        CHECK_TEXT(out, cases[i].plain);
        CHECK_I64(sh_money_grouped(cases[i].fen, out), strlen(cases[i].grouped));
        CHECK_TEXT(out, cases[i].grouped);
    }
    (void)sh_count_grouped(-1234567, out);
    CHECK_TEXT(out, "-1,234,567");
}

CHECK_MAIN(cmocka_unit_test(halves_go_away_from_zero),
           cmocka_unit_test(quotients_that_do_not_fit_are_refused),
           cmocka_unit_test(rounding_is_symmetric_and_near), cmocka_unit_test(checked_arithmetic),
           cmocka_unit_test(splits_are_fair_and_exact), cmocka_unit_test(any_split_adds_up),
           cmocka_unit_test(a_failed_split_writes_nothing), cmocka_unit_test(money_for_files_and_for_people))
