/* Goal: the interval is Wilson's. */
#include "audit/audit.h"
#include "check.h"

static void wilson_against_published_values(void **state) {
    (void)state;
    const struct {
        int64_t good, n;
        double low, high;
    } cases[] = {
        {81, 263, 0.2553, 0.3662}, /* R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I */
        {15, 148, 0.0624, 0.1605},
        {0, 20, 0.0000, 0.1611},
        {1, 29, 0.0061, 0.1718},
        {29, 29, 0.8830, 1.0000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double bounds[2];
        sh_wilson(cases[i].good, cases[i].n, bounds);
        CHECK_I64((int64_t)(bounds[0] * 10000 + 0.5), (int64_t)(cases[i].low * 10000 + 0.5));
        CHECK_I64((int64_t)(bounds[1] * 10000 + 0.5), (int64_t)(cases[i].high * 10000 + 0.5));
    }
}

static void nothing_reviewed_says_nothing(void **state) {
    (void)state;
    double bounds[2];
    sh_wilson(0, 0, bounds);
    CHECK(bounds[0] <= 0 && bounds[1] >= 1);
}

CHECK_MAIN(cmocka_unit_test(wilson_against_published_values), cmocka_unit_test(nothing_reviewed_says_nothing))
