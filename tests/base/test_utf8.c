/* Goal: exactly the well-formed sequences pass; widths fit a terminal. */
#include "base/str.h"
#include "check.h"

static void each_code_point_goes_there_and_back(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char bytes[4];
        const size_t n = sh_utf8_put(c, bytes);
        const struct sh_str s = {bytes, n};
        size_t at = 0;
        const uint32_t want = c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;
        if (!sh_utf8_valid(s) || sh_utf8_next(s, &at) != want || at != n)
            fail_msg("U+%04X", c);
    }
}

/* Accepts what encoding a code point gives, nothing else. */
static bool naive_valid(struct sh_str s) {
    for (size_t i = 0; i < s.len;) {
        bool found = false;
        const unsigned char c = (unsigned char)s.at[i];
        const size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (i + n > s.len)
            return false;
        uint32_t point = n == 1 ? c : n == 2 ? c & 31u : n == 3 ? c & 15u : c & 7u;
        for (size_t j = 1; j < n; j++)
            point = point << 6 | ((unsigned char)s.at[i + j] & 63u);
        char bytes[4];
        if (!(point >= 0xd800 && point <= 0xdfff) && point <= 0x10ffff)
            found = sh_utf8_put(point, bytes) == n && memcmp(bytes, s.at + i, n) == 0;
        if (!found)
            return false;
        i += n;
    }
    return true;
}

static void validity_equals_its_definition(void **state) {
    (void)state;
    static const unsigned char pool[] = {'a',  'b',  0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0,
                                         0xe5, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0xf5, 0xff, 0x8f, 0x90, 0};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(3));
    size_t n_valid = 0;
    for (size_t round = 0; round < 300000; round++) {
        char bytes[20];
        const size_t n = sh_rng_below(&rng, sizeof(bytes));
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)pool[sh_rng_below(&rng, i % 3 ? sizeof(pool) : 12)];
        const struct sh_str s = {bytes, n};
        if (sh_utf8_valid(s) != naive_valid(s))
            fail_msg("round %zu", round);
        n_valid += sh_utf8_valid(s);
        CHECK(naive_valid(sh_str_sub(s, 0, sh_utf8_invalid_at(s))));
    }
    CHECK(n_valid > 1000);
}

static void cut_never_splits(void **state) {
    (void)state;
    const struct sh_str s = SH_STR("a\xc3\xa9\xe5\x8c\xbb\xf0\x9f\x98\x80z");
    for (size_t max = 0; max <= s.len + 2; max++) {
        const size_t cut = sh_utf8_cut(s, max);
        CHECK(cut <= max && cut <= s.len);
        CHECK(sh_utf8_valid(sh_str_sub(s, 0, cut)));
        CHECK(max < 4 || cut + 4 > max || cut == s.len);
    }
    CHECK_I64(sh_utf8_count(s), 5);
}

static void widths_of_a_terminal(void **state) {
    (void)state;
    CHECK_I64(sh_utf8_width(SH_STR("abc")), 3);
    CHECK_I64(sh_utf8_width(SH_STR("\xe5\x8c\xbb\xe4\xbf\x9d")), 4);         /* 医保 */
    CHECK_I64(sh_utf8_width(SH_STR("\xef\xbc\x8c\xe3\x80\x82")), 4);         /* ，。 */
    CHECK_I64(sh_utf8_width(SH_STR("e\xcc\x81")), 1);                        /* e and a combining acute */
    CHECK_I64(sh_utf8_width(SH_STR("\xef\xbb\xbf\t\x1b")), 0);               /* BOM, tab, escape */
    CHECK_I64(sh_utf8_width(SH_STR("\xf0\xa0\x80\x80\xf0\x9f\x98\x80")), 4); /* U+20000, an emoji */
    CHECK_I64(sh_utf8_width(SH_STR("\xc2\xa5\xe2\x80\xa6")), 2);             /* ¥ … */
}

CHECK_MAIN(cmocka_unit_test(each_code_point_goes_there_and_back),
           cmocka_unit_test(validity_equals_its_definition), cmocka_unit_test(cut_never_splits),
           cmocka_unit_test(widths_of_a_terminal))
