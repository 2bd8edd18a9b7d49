/* Goal: decimals are read exactly or refused with the right fault, and written back the same. */
#include "base/decimal.h"
#include "check.h"

static void check_scan(const char *text, int scale, sh_decimal_fault fault, int64_t want) {
    int64_t is = 4242;
    const sh_decimal_fault got = sh_decimal_scan(text, strlen(text), scale, &is);
    if (got != fault || is != (fault == SH_DECIMAL_OK ? want : 4242))
        fail_msg("\"%s\" scale %d: fault %d value %lld", text, scale, (int)got, (long long)is);
}

static void numbers_are_exact(void **state) {
    (void)state;
    check_scan("0", 2, SH_DECIMAL_OK, 0);
    check_scan("1234.56", 2, SH_DECIMAL_OK, 123456);
    check_scan("-0.05", 2, SH_DECIMAL_OK, -5);
    check_scan("-0.00", 2, SH_DECIMAL_OK, 0);
    check_scan("+7", 2, SH_DECIMAL_OK, 700);
    check_scan(".5", 2, SH_DECIMAL_OK, 50);
    check_scan("5.", 2, SH_DECIMAL_OK, 500);
    check_scan("  1.5 ", 4, SH_DECIMAL_OK, 15000);
    check_scan("1.5000000000000000000000000000000", 1, SH_DECIMAL_OK, 15);
    check_scan("00000000000000000000000000000012", 0, SH_DECIMAL_OK, 12);
    check_scan("92233720368547758.07", 2, SH_DECIMAL_OK, INT64_MAX);
    check_scan("-92233720368547758.08", 2, SH_DECIMAL_OK, INT64_MIN);
    check_scan("9.223372036854775807", 18, SH_DECIMAL_OK, INT64_MAX);
}

static void what_is_no_number_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        sh_decimal_fault fault;
    } cases[] = {
        {"", SH_DECIMAL_EMPTY},
        {"   ", SH_DECIMAL_EMPTY},
        {"-", SH_DECIMAL_SYNTAX},
        {".", SH_DECIMAL_SYNTAX},
        {"-.", SH_DECIMAL_SYNTAX},
        {"1,234.00", SH_DECIMAL_SYNTAX},
        {"1.2.3", SH_DECIMAL_SYNTAX},
        {"--1", SH_DECIMAL_SYNTAX},
        {"1 2", SH_DECIMAL_SYNTAX},
        {"NaN", SH_DECIMAL_SYNTAX},
        {"inf", SH_DECIMAL_SYNTAX},
        {"0x10", SH_DECIMAL_SYNTAX},
        {"1e", SH_DECIMAL_SYNTAX},
        {"e5", SH_DECIMAL_SYNTAX},
        {"\t1", SH_DECIMAL_SYNTAX},
        {"1e5", SH_DECIMAL_EXPONENT},
        {"1.5E+07", SH_DECIMAL_EXPONENT},
        {"1.005", SH_DECIMAL_EXCESS},
        {"0.001", SH_DECIMAL_EXCESS},
        {"1.00000000000000000001", SH_DECIMAL_EXCESS},
        {"92233720368547758.08", SH_DECIMAL_RANGE},
        {"-92233720368547758.09", SH_DECIMAL_RANGE},
        {"99999999999999999999999999", SH_DECIMAL_RANGE},
        {"1.005x", SH_DECIMAL_SYNTAX},
        {"\xef\xbc\x91", SH_DECIMAL_SYNTAX}, /* full-width 1 */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_scan(cases[i].text, 2, cases[i].fault, 0);
    int64_t v;
    CHECK_I64(sh_decimal_scan("1\0", 2, 2, &v), SH_DECIMAL_SYNTAX);
    CHECK_I64(sh_decimal_scan(NULL, 0, 2, &v), SH_DECIMAL_EMPTY);
}

static void messages_quote_the_text(void **state) {
    (void)state;
    struct sh_err err;
    int64_t v;
    CHECK_CODE(sh_decimal_parse(SH_STR("1.005"), 2, &v, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "\"1.005\" has more than 2 decimals");
    CHECK_CODE(sh_decimal_parse(SH_STR("99999999999999999999"), 2, &v, &err), SH_E_OVERFLOW);
    CHECK_CODE(sh_decimal_parse(SH_STR("x"), 2, &v, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "no plain decimal");
    CHECK_OK(sh_decimal_parse(SH_STR("8"), 0, &v, &err), &err);
    CHECK_I64(v, 8);
    for (int fault = 0; fault <= SH_DECIMAL_RANGE + 1; fault++)
        CHECK(strlen(sh_decimal_fault_text((sh_decimal_fault)fault)) > 5);
}

static void format_keeps_what_is_needed(void **state) {
    (void)state;
    char out[SH_DECIMAL_TEXT_MAX];
    const struct {
        int64_t v;
        int scale, least;
        const char *want;
    } cases[] = {{125000, 4, 2, "12.50"},
                 {0, 2, 2, "0.00"},
                 {0, 2, 0, "0"},
                 {-5, 2, 2, "-0.05"},
                 {100, 2, 0, "1"},
                 {INT64_MIN, 2, 2, "-92233720368547758.08"},
                 {INT64_MIN, 18, 0, "-9.223372036854775808"},
                 {7, 0, 0, "7"},
                 {123456, 4, 1, "12.3456"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_I64(sh_decimal_format(cases[i].v, cases[i].scale, cases[i].least, out), strlen(cases[i].want));
        CHECK_TEXT(out, cases[i].want);
    }
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(4));
    for (size_t round = 0; round < 300000; round++) {
        const int64_t v = (int64_t)sh_rng_next(&rng) >> sh_rng_below(&rng, 64);
        const int scale = (int)sh_rng_below(&rng, 19);
        const int least = (int)sh_rng_below(&rng, (uint64_t)scale + 1);
        char out[SH_DECIMAL_TEXT_MAX];
        const size_t n = sh_decimal_format(v, scale, least, out);
        int64_t back = 0;
        if (sh_decimal_scan(out, n, scale, &back) != SH_DECIMAL_OK || back != v)
            fail_msg("%lld scale %d is written %s", (long long)v, scale, out);
    }
}

/* The grammar once more, written naively with __int128 and no fast path. */
__extension__ typedef __int128 wide;
static bool naive_scan(const char *text, int scale, int64_t *ret) {
    size_t n_digits = 0;
    while (*text == ' ')
        text++;
    const bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    wide value = 0;
    int decimals = -1;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && decimals < 0); text++) {
        if (*text == '.') {
            decimals = 0;
            continue;
        }
        n_digits++;
        if (decimals >= 0 && decimals++ >= scale) {
            if (*text != '0')
                return false;
            continue;
        }
        value = value * 10 + (*text - '0');
    }
    for (int i = decimals < 0 ? 0 : decimals; i < scale; i++)
        value *= 10;
    while (*text == ' ')
        text++;
    value = negative ? -value : value;
    if (*text || n_digits == 0 || value > INT64_MAX || value < INT64_MIN)
        return false;
    *ret = (int64_t)value;
    return true;
}

static void scan_equals_its_definition(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(5));
    size_t n_good = 0;
    for (size_t round = 0; round < 400000; round++) {
        static const char pool[] = "0123456789000.99 -+e";
        char text[24] = "";
        const size_t n = sh_rng_below(&rng, 22), kinds = sh_rng_chance(&rng, 700000) ? 14 : sizeof(pool) - 1;
        for (size_t i = 0; i < n; i++)
            text[i] = pool[sh_rng_below(&rng, kinds)];
        const int scale = (int)sh_rng_below(&rng, 7);
        int64_t is = 0, want = 0;
        const bool good = sh_decimal_scan(text, n, scale, &is) == SH_DECIMAL_OK;
        if (good != naive_scan(text, scale, &want) || (good && is != want))
            fail_msg("\"%s\" scale %d", text, scale);
        n_good += good;
    }
    CHECK(n_good > 10000);
}

CHECK_MAIN(cmocka_unit_test(numbers_are_exact), cmocka_unit_test(what_is_no_number_is_refused),
           cmocka_unit_test(messages_quote_the_text), cmocka_unit_test(format_keeps_what_is_needed),
           cmocka_unit_test(what_is_written_reads_back), cmocka_unit_test(scan_equals_its_definition))
