/* Goal: the bounds are Wilson's, never narrower; few outcomes call for nothing. */
#include "check.h"
#include "law/law.h"
#include <math.h>

static struct sh_rate rate(uint64_t confirmed, uint64_t overturned, int32_t z) {
    struct sh_rate r = {0};
    struct sh_err err;
    CHECK_OK(sh_outcome_rate((struct sh_outcomes){confirmed, overturned}, z, &r, &err), &err);
    return r;
}

/* Published values: Newcombe, Stat. Med. 17 (1998), table I, method 3. */
static void published_examples_come_out(void **state) {
    (void)state;
    static const struct {
        uint64_t x, n;
        double low, high;
    } cases[] = {{81, 263, 0.2553, 0.3662},
                 {15, 148, 0.0624, 0.1605},
                 {0, 20, 0.0000, 0.1611},
                 {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_rate r = rate(cases[i].x, cases[i].n - cases[i].x, SH_Z_95);
        CHECK(fabs(r.low / 1e6 - cases[i].low) < 0.00006);
        CHECK(fabs(r.high / 1e6 - cases[i].high) < 0.00006);
    }
}

static void bounds_agree_with_the_formula_and_are_never_narrower(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20261129));
    static const int32_t zs[] = {SH_Z_90, SH_Z_95, SH_Z_99};
    for (int i = 0; i < 20000; i++) {
        const uint64_t n = 1 + sh_rng_below(&rng, i % 3 == 0 ? 30 : i % 3 == 1 ? 100000 : 1000000000000u);
        const uint64_t x = sh_rng_below(&rng, n + 1);
        const int32_t z = zs[sh_rng_below(&rng, 3)];
        const struct sh_rate r = rate(x, n - x, z);
        const long double zl = z / 1e6L, nl = n, p = x / nl, z2 = zl * zl;
        const long double half = zl * sqrtl(p * (1 - p) / nl + z2 / (4 * nl * nl)) / (1 + z2 / nl);
        const long double middle = (p + z2 / (2 * nl)) / (1 + z2 / nl);
        CHECK(r.low >= 0 && r.low <= r.share && r.share <= r.high && r.high <= 1000000);
        CHECK(r.low <= (middle - half) * 1e6L + 1e-6L && r.low >= (middle - half) * 1e6L - 1.001L);
        CHECK(r.high >= (middle + half) * 1e6L - 1e-6L && r.high <= (middle + half) * 1e6L + 1.001L);
        CHECK_I64(r.n, n);
        /* The mirror image. */
        const struct sh_rate m = rate(n - x, x, z);
        CHECK(llabs((long long)m.low + r.high - 1000000) <= 1);
    }
}

static void the_ends_are_exact(void **state) {
    (void)state;
    CHECK_I64(rate(0, 5, SH_Z_95).low, 0);
    CHECK_I64(rate(5, 0, SH_Z_95).high, 1000000);
    CHECK_I64(rate(3, 0, SH_Z_95).low, 438502); /* 3 of 3 proves little */
    CHECK(!rate(0, 0, SH_Z_95).is_known);
    struct sh_rate r;
    CHECK_CODE(sh_outcome_rate((struct sh_outcomes){1, 1}, 0, &r, NULL), SH_E_INPUT);
    CHECK_CODE(sh_outcome_rate((struct sh_outcomes){UINT64_MAX, UINT64_MAX}, SH_Z_95, &r, NULL),
               SH_E_OVERFLOW);
}

static void advice_needs_enough_outcomes_and_the_far_bound(void **state) {
    (void)state;
    const int32_t promote = 900000, demote = 500000;
    const struct sh_rate none = rate(0, 0, SH_Z_95), few = rate(20, 0, SH_Z_95), good = rate(195, 5, SH_Z_95),
                         fair = rate(180, 20, SH_Z_95), bad = rate(60, 140, SH_Z_95);
    CHECK_I64(sh_outcome_advice(&none, 0, promote, demote), SH_ADVICE_TOO_FEW);
    CHECK_I64(sh_outcome_advice(&few, 30, promote, demote), SH_ADVICE_TOO_FEW);
    CHECK_I64(sh_outcome_advice(&few, 20, promote, demote), SH_ADVICE_KEEP); /* 20 of 20: low bound 0.84 */
    CHECK_I64(sh_outcome_advice(&good, 30, promote, demote), SH_ADVICE_PROMOTE);
    CHECK_I64(sh_outcome_advice(&fair, 30, promote, demote), SH_ADVICE_KEEP); /* 90 %, but it may be 85 */
    CHECK_I64(sh_outcome_advice(&bad, 30, promote, demote), SH_ADVICE_DEMOTE);
    CHECK_I64(sh_outcome_advice(&good, 200, good.low, demote), SH_ADVICE_PROMOTE); /* at the limit */
    CHECK_I64(sh_outcome_advice(&good, 200, good.low + 1, demote), SH_ADVICE_KEEP);
    CHECK_I64(sh_outcome_advice(&bad, 200, promote, bad.high), SH_ADVICE_KEEP);
}

CHECK_MAIN(cmocka_unit_test(published_examples_come_out),
           cmocka_unit_test(bounds_agree_with_the_formula_and_are_never_narrower),
           cmocka_unit_test(the_ends_are_exact),
           cmocka_unit_test(advice_needs_enough_outcomes_and_the_far_bound))
