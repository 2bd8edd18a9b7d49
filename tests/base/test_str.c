/* Goal: views cut, compare, split and match as their header says. */
#include "base/str.h"
#include "check.h"

static void views_compare_by_bytes(void **state) {
    (void)state;
    CHECK(sh_str_eq((struct sh_str){0}, SH_STR("")));
    CHECK(!sh_str_eq(SH_STR("a"), SH_STR("b")));
    CHECK(sh_str_cmp(SH_STR("a"), SH_STR("ab")) < 0);
    CHECK(sh_str_cmp(SH_STR("b"), SH_STR("ab")) > 0);
    CHECK(sh_str_cmp(SH_STR("\x7f"), SH_STR("\xe5")) < 0);
    CHECK_I64(sh_str_cmp((struct sh_str){0}, SH_STR("")), 0);
    CHECK(sh_str_eq_nocase(SH_STR("Utf-8"), SH_STR("UTF-8")));
    CHECK(!sh_str_eq_nocase(SH_STR("a"), SH_STR("ab")));
    CHECK(!sh_str_eq_nocase(SH_STR("@"), SH_STR("`")));
    CHECK(sh_str_is(sh_str_of(NULL), ""));
}

static void ends_are_found(void **state) {
    (void)state;
    CHECK(sh_str_starts_with(SH_STR("abc"), SH_STR("ab")));
    CHECK(!sh_str_starts_with(SH_STR("a"), SH_STR("ab")));
    CHECK(sh_str_ends_with(SH_STR("abc"), SH_STR("bc")));
    CHECK(!sh_str_ends_with(SH_STR("c"), SH_STR("bc")));
    CHECK_I64(sh_str_find(SH_STR("abcabc"), SH_STR("ca")), 2);
    CHECK(sh_str_find(SH_STR("abc"), SH_STR("x")) == SH_STR_NONE);
    CHECK(sh_str_find((struct sh_str){0}, SH_STR("x")) == SH_STR_NONE);
    CHECK_I64(sh_str_find_char(SH_STR("abc"), 'c'), 2);
    CHECK_STR(sh_str_sub(SH_STR("abc"), 1, 99), "bc");
    CHECK_STR(sh_str_sub(SH_STR("abc"), 9, 1), "");
}

static void trim_knows_chinese_spaces(void **state) {
    (void)state;
    CHECK_STR(sh_str_trim(SH_STR(" \t\r\n\xe3\x80\x80\xc2\xa0x y\xe3\x80\x80 ")), "x y");
    CHECK_STR(sh_str_trim(SH_STR(" \xe3\x80\x80 ")), "");
    CHECK_STR(sh_str_trim(SH_STR("\xef\xbb\xbf"
                                 "a")),
              "a");
    CHECK_STR(sh_str_trim((struct sh_str){0}), "");
}

static size_t split_count(struct sh_str rest, struct sh_str pieces[8]) {
    size_t n = 0;
    for (struct sh_str piece; n < 8 && sh_str_split(&rest, ',', &piece);)
        pieces[n++] = piece;
    return n;
}

static void split_gives_each_piece(void **state) {
    (void)state;
    struct sh_str p[8];
    CHECK_I64(split_count(SH_STR("a,,b"), p), 3);
    CHECK_STR(p[0], "a");
    CHECK_STR(p[1], "");
    CHECK_STR(p[2], "b");
    CHECK_I64(split_count(SH_STR("a,"), p), 2);
    CHECK_I64(split_count(SH_STR(","), p), 2);
    CHECK_I64(split_count((struct sh_str){0}, p), 0);
    CHECK_I64(split_count(SH_STR("abc"), p), 1);
}

static void places_count_lines_and_characters(void **state) {
    (void)state;
    size_t line, column;
    const struct sh_str text = SH_STR("a\n\xe5\x8c\xbb\xe4\xbf\x9d"
                                      "x\n");
    sh_str_place(text, 0, &line, &column);
    CHECK_I64(line * 100 + column, 101);
    sh_str_place(text, 8, &line, &column);
    CHECK_I64(line * 100 + column, 203);
    sh_str_place(text, 99, &line, &column);
    CHECK_I64(line * 100 + column, 301);
}

/* The definition, without a table: exponential, for short words. */
static size_t naive_distance(const char *a, const char *b) {
    if (!*a)
        return strlen(b);
    if (!*b)
        return strlen(a);
    size_t best = naive_distance(a + 1, b + 1) + (*a != *b);
    const size_t deleted = naive_distance(a + 1, b) + 1, inserted = naive_distance(a, b + 1) + 1;
    best = deleted < best ? deleted : best;
    best = inserted < best ? inserted : best;
    if (a[1] && b[1] && a[0] == b[1] && a[1] == b[0]) {
        const size_t swapped = naive_distance(a + 2, b + 2) + 1;
        best = swapped < best ? swapped : best;
    }
    return best;
}

static void distance_equals_its_definition(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(2));
    for (size_t round = 0; round < 2000; round++) {
        char words[2][7] = {{0}};
        for (size_t w = 0; w < 2; w++)
            for (size_t i = 0, n = sh_rng_below(&rng, 7); i < n; i++)
                words[w][i] = (char)('a' + sh_rng_below(&rng, 3));
        const size_t want = naive_distance(words[0], words[1]);
        CHECK_I64(sh_edit_distance(sh_str_of(words[0]), sh_str_of(words[1]), 99), want);
        CHECK_I64(sh_edit_distance(sh_str_of(words[0]), sh_str_of(words[1]), 2), want > 2 ? 3 : want);
    }
}

static void near_words_are_suggested(void **state) {
    (void)state;
    const char *const words[] = {"amount", "age", "sex", "\xe6\x80\xa7\xe5\x88\xab"};
    CHECK_TEXT(sh_did_you_mean(SH_STR("amuont"), words, 4), "amount");
    CHECK_TEXT(sh_did_you_mean(SH_STR("sxe"), words, 4), "sex");
    CHECK_TEXT(sh_did_you_mean(SH_STR("\xe6\x80\xa7"), words, 4), "\xe6\x80\xa7\xe5\x88\xab");
    CHECK(sh_did_you_mean(SH_STR("nothing like it"), words, 4) == NULL);
    char long_word[300];
    memset(long_word, 'a', sizeof(long_word));
    CHECK(sh_did_you_mean((struct sh_str){long_word, sizeof(long_word)}, words, 4) == NULL);
}

CHECK_MAIN(cmocka_unit_test(views_compare_by_bytes), cmocka_unit_test(ends_are_found),
           cmocka_unit_test(trim_knows_chinese_spaces), cmocka_unit_test(split_gives_each_piece),
           cmocka_unit_test(places_count_lines_and_characters),
           cmocka_unit_test(distance_equals_its_definition), cmocka_unit_test(near_words_are_suggested))
