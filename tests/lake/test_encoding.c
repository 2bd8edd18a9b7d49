/* Goal: the right encoding is found, GB18030 becomes the same UTF-8 as iconv makes of it, and a bad byte is
 * found where it is. */
#include "check.h"
#include "lake/encoding.h"
#include <iconv.h>

static enum sh_encoding weigh(const char *text) {
    struct sh_encoding_evidence evidence = {0};
    return sh_encoding_weigh(&evidence, sh_str_of(text));
}

static void the_encoding_is_told_apart(void **state) {
    (void)state;
    CHECK_I64(weigh("plain,ascii\n"), SH_ENCODING_UTF8);
    CHECK_I64(weigh("中文,医保\n"), SH_ENCODING_UTF8);
    CHECK_I64(weigh("\xd6\xd0\xce\xc4,\xd2\xbd\xb1\xa3\n"), SH_ENCODING_GB18030);
    CHECK_I64(weigh("中文,医\xff保,就诊,费用\n"), SH_ENCODING_UTF8); /* one bad byte changes nothing */
    CHECK_I64(weigh("\xd6\xd0\xce\xc4\xff,\xd2\xbd\xb1\xa3\n"), SH_ENCODING_GB18030);
}

/* 医师 and 药师 are well-formed in both encodings: a register of practitioners is full of them. */
static void words_that_both_encodings_know_are_chinese(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    for (int i = 0; i < 1000; i++)
        (void)sh_buf_addf(&text, "%s", "D1,\xd2\xbd\xca\xa6\nD2,\xd2\xa9\xca\xa6\n");
    CHECK_I64(weigh(text.at), SH_ENCODING_GB18030);
    sh_buf_clear(&text);
    (void)sh_buf_addf(&text, "%s", "code,\xc8\xcb\xd4\xb1\xc0\xe0\xb1\xf0\n"); /* 人员类别 */
    for (int i = 0; i < 1000; i++)
        (void)sh_buf_addf(&text, "%s", "D1,\xd2\xbd\xca\xa6\n");
    CHECK_I64(weigh(text.at), SH_ENCODING_GB18030);
    CHECK_I64(weigh("P1,\xc5\xae,30\n"), SH_ENCODING_GB18030); /* 女 */
    CHECK_I64(weigh("H1,Caf\xc3\xa9 Z\xc3\xbcrich\n"), SH_ENCODING_UTF8);
    CHECK_I64(weigh("R1,10\xc2\xb1"
                    "5\nR2,10\xc3\x97"
                    "10\n"),
              SH_ENCODING_UTF8);                              /* ± and × */
    CHECK_I64(weigh("X1,\xce\xb2 受体\n"), SH_ENCODING_UTF8); /* a Greek letter in Chinese UTF-8 */
}

static void ascii_first_and_text_later_is_still_judged(void **state) {
    (void)state;
    struct sh_encoding_evidence evidence = {0};
    for (int i = 0; i < 1000; i++)
        CHECK_I64(sh_encoding_weigh(&evidence, SH_STR("1,2,3\n")), SH_ENCODING_UTF8);
    CHECK_I64(sh_encoding_weigh(&evidence, SH_STR("\xd6\xd0\xce\xc4\n")), SH_ENCODING_GB18030);
}

/* All code points that iconv can write as GB18030 come back as they were. */
static void every_character_is_read_as_iconv_reads_it(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    const struct sh_gb18030 *gb = NULL;
    struct sh_err err;
    CHECK_OK(sh_gb18030_new(&arena, &gb, &err), &err);
    const iconv_t cd = iconv_open("GB18030", "UTF-8");
    CHECK(cd != (iconv_t)-1);
    size_t n_checked = 0;
    for (uint32_t c = 1; c < 0x110000; c += c < 0x20000 ? 1 : 97) {
        char utf8[4], text[8];
        const size_t n = sh_utf8_put(c, utf8);
        char *from = utf8, *to = text;
        size_t n_from = n, n_to = sizeof(text), bad_at = 0;
        if ((c >= 0xd800 && c < 0xe000) || iconv(cd, &from, &n_from, &to, &n_to) == (size_t)-1)
            continue;
        sh_buf_clear(&out);
        const struct sh_str in = {text, sizeof(text) - n_to};
        CHECK_OK(sh_gb18030_convert(gb, in, &out, &bad_at, &err), &err);
        CHECK_I64(bad_at, in.len);
        CHECK(sh_str_eq(sh_buf_view(&out), (struct sh_str){utf8, n}));
        n_checked++;
    }
    (void)iconv_close(cd);
    CHECK(n_checked > 60000);
}

static void a_bad_byte_is_found(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_gb18030 *gb = NULL;
    struct sh_err err;
    CHECK_OK(sh_gb18030_new(&arena, &gb, &err), &err);
    const struct {
        const char *text;
        size_t bad_at;
    } cases[] = {{"abc", 3},          {"ab\xff", 2},           {"ab\xd6", 2},
                 {"ab\xd6\x20", 2},   {"\xd6\xd0\x80\x80", 2}, {"\x81", 0},
                 {"\x81\x30\x81", 0}, {"\x81\x30\x81\x30", 4}, {"\xe3\x32\x9a\x36", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
        size_t bad_at = 99;
        CHECK_OK(sh_gb18030_convert(gb, sh_str_of(cases[i].text), &out, &bad_at, &err), &err);
        CHECK_I64(bad_at, cases[i].bad_at);
        CHECK(sh_utf8_valid(sh_buf_view(&out)));
    }
}

static void both_checks_of_utf8_agree(void **state) {
    (void)state;
    if (!__builtin_cpu_supports("avx2"))
        return;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(11));
    static const unsigned char nasty[] = {0xe0, 0xed, 0xf0, 0xf4, 0x80, 0xbf, 0xa0, 0x9f,
                                          0x90, 0x8f, 0xc0, 0xc1, 0xc2, 0xf5, 0xff};
    for (int round = 0; round < 100000; round++) {
        char text[128];
        const size_t want = sh_rng_below(&rng, 100) + 1;
        size_t n = 0;
        const uint32_t ranges[] = {0x80, 0x800, 0x10000, 0x110000};
        while (n < want)
            n += sh_utf8_put((uint32_t)sh_rng_below(&rng, ranges[sh_rng_below(&rng, 4)]), text + n);
        for (uint64_t m = sh_rng_below(&rng, 3); m > 0; m--)
            text[sh_rng_below(&rng, n)] = (char)nasty[sh_rng_below(&rng, sizeof(nasty))];
        if (sh_rng_below(&rng, 3) == 0)
            n = sh_rng_below(&rng, n) + 1;
        CHECK_I64(sh_utf8_valid_avx2((struct sh_str){text, n}), sh_utf8_valid((struct sh_str){text, n}));
    }
}

CHECK_MAIN(cmocka_unit_test(the_encoding_is_told_apart),
           cmocka_unit_test(words_that_both_encodings_know_are_chinese),
           cmocka_unit_test(ascii_first_and_text_later_is_still_judged),
           cmocka_unit_test(every_character_is_read_as_iconv_reads_it), cmocka_unit_test(a_bad_byte_is_found),
           cmocka_unit_test(both_checks_of_utf8_agree))
