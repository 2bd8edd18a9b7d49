/* Goal: an address is split before it is decoded, decoded once, and anything odd is refused. */
#include "base/temp_dir.h"
#include "gate/target.h"

static sh_code parse(const char *raw, struct sh_arena *arena, struct sh_target *ret) {
    struct sh_err err;
    return sh_target_parse(sh_str_of(raw), arena, ret, &err);
}

static void segments_and_arguments_are_decoded_once_after_splitting(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_target target;
    CHECK_CODE(parse("/api/v1/a%2Fb/%252e?q=%E5%BC%A0+a%2Bb&empty&x=1%3D2", &arena, &target), SH_OK);
    CHECK_I64(target.n_segments, 4);
    CHECK_STR(target.segments[2], "a/b");
    CHECK_STR(target.segments[3], "%2e");
    CHECK_STR(sh_target_arg(&target, "q"), "张 a+b");
    CHECK_STR(sh_target_arg(&target, "empty"), "");
    CHECK(sh_target_arg(&target, "empty").at != NULL);
    CHECK_STR(sh_target_arg(&target, "x"), "1=2");
    CHECK(sh_target_arg(&target, "none").at == NULL);
    CHECK_CODE(parse("/", &arena, &target), SH_OK);
    CHECK_I64(target.n_segments, 0);
}

static void odd_addresses_are_refused(void **state) {
    (void)state;
    static const char *const odd[] = {
        "",          "a",     "//",      "/a//b", "/a/",  "/.",          "/a/..",      "/%2e%2e",      "/%",
        "/%4",       "/%zz",  "/%00",    "/%0a",  "/%ff", "/a?b=%c3%28", "/a?b=1&b=2", "/a?%62=1&b=2", "*",
        "http://x/", "/\x01", "/a?b=%7f"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_target target;
        CHECK_CODE(parse(odd[i], &arena, &target), SH_E_INPUT);
    }
}

static void limits_hold(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_target target;
    for (int i = 0; i < SH_TARGET_SEGMENTS_MAX + 1; i++)
        sh_buf_add_text(&text, "/a");
    CHECK_CODE(parse(text.at, &arena, &target), SH_E_LIMIT);
    sh_buf_clear(&text);
    sh_buf_add_text(&text, "/a?");
    for (int i = 0; i < SH_TARGET_ARGS_MAX + 1; i++)
        sh_buf_addf(&text, "a%d=1&", i);
    CHECK_CODE(parse(text.at, &arena, &target), SH_E_LIMIT);
    sh_buf_clear(&text);
    sh_buf_add_text(&text, "/");
    for (int i = 0; i < SH_TARGET_BYTES_MAX; i++)
        sh_buf_add_char(&text, 'a');
    CHECK_CODE(parse(text.at, &arena, &target), SH_E_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_and_arguments_are_decoded_once_after_splitting),
        cmocka_unit_test(odd_addresses_are_refused),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
