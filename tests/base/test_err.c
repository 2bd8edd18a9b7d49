/* Goal: messages keep their facts, are never cut inside a character, and codes say what errno meant. */
#include "check.h"
#include <errno.h>

static void a_message_has_code_and_facts(void **state) {
    (void)state;
    struct sh_err err;
    CHECK_CODE(sh_fail(&err, SH_E_INPUT, "row %d: %s", 7, "bad"), SH_E_INPUT);
    CHECK_I64(err.code, SH_E_INPUT);
    CHECK_TEXT(err.message, "row 7: bad");
    CHECK_CODE(sh_fail(NULL, SH_E_IO, "nobody listens %d", 1), SH_E_IO);
}

static void a_long_message_ends_on_a_whole_character(void **state) {
    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        char text[3 * 500 + 1] = "";
        for (size_t i = 0; i < 500; i++)
            memcpy(text + 3 * i, "\xe5\x8c\xbb", 4);
        struct sh_err err;
        (void)sh_fail(&err, SH_E_INPUT, "%.*s%s", (int)lead, "xxxx", text);
        CHECK(strlen(err.message) > SH_ERR_MESSAGE_MAX - 5);
        CHECK(sh_utf8_valid(sh_str_of(err.message)));
        (void)sh_err_prefix(&err, "file.csv:%d: ", 12);
        CHECK(sh_utf8_valid(sh_str_of(err.message)));
        CHECK(sh_str_starts_with(sh_str_of(err.message), SH_STR("file.csv:12: ")));
    }
}

static void the_old_message_may_be_a_value(void **state) {
    (void)state;
    struct sh_err err;
    (void)sh_fail(&err, SH_E_INPUT, "inner");
    (void)sh_fail(&err, SH_E_IO, "outer: %s", err.message);
    CHECK_TEXT(err.message, "outer: inner");
    (void)sh_err_prefix(&err, "[%s] ", err.message);
    CHECK_TEXT(err.message, "[outer: inner] outer: inner");
}

static void errno_becomes_a_code(void **state) {
    (void)state;
    const struct {
        int number;
        sh_code code;
    } cases[] = {{ENOSPC, SH_E_FULL},  {EDQUOT, SH_E_FULL}, {ENOENT, SH_E_NOTFOUND}, {EEXIST, SH_E_CONFLICT},
                 {ENOMEM, SH_E_NOMEM}, {EAGAIN, SH_E_BUSY}, {EIO, SH_E_IO}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sh_err err;
        errno = cases[i].number;
        CHECK_CODE(sh_fail_errno(&err, "%s", "f"), cases[i].code);
        CHECK_I64(errno, cases[i].number);
        CHECK(sh_str_starts_with(sh_str_of(err.message), SH_STR("f: ")));
    }
    errno = ENOSPC;
    CHECK_CODE(sh_fail_errno(NULL, "f"), SH_E_FULL);
}

static void a_prefix_keeps_the_code(void **state) {
    (void)state;
    struct sh_err err;
    (void)sh_fail(&err, SH_E_CORRUPT, "x");
    CHECK_CODE(sh_err_prefix(&err, "a: "), SH_E_CORRUPT);
    CHECK_CODE(sh_err_wrap(&err, SH_E_BUSY, "b: "), SH_E_BUSY);
    CHECK_TEXT(err.message, "b: a: x");
    CHECK_CODE(sh_err_wrap(NULL, SH_E_BUSY, "b: "), SH_E_BUSY);
    CHECK_CODE(sh_err_prefix(NULL, "b: "), SH_E_INTERNAL);
}

static void each_code_has_a_name(void **state) {
    (void)state;
    CHECK_TEXT(sh_code_name(SH_OK), "ok");
    CHECK_TEXT(sh_code_name(SH_E_INTERNAL), "internal");
    CHECK_TEXT(sh_code_name((sh_code)99), "unknown");
}

static sh_code tries(sh_code inner) {
    SH_TRY(inner);
    return SH_E_INTERNAL;
}

static void try_passes_failures_on(void **state) {
    (void)state;
    CHECK_CODE(tries(SH_E_FULL), SH_E_FULL);
    CHECK_CODE(tries(SH_OK), SH_E_INTERNAL);
}

CHECK_MAIN(cmocka_unit_test(a_message_has_code_and_facts),
           cmocka_unit_test(a_long_message_ends_on_a_whole_character),
           cmocka_unit_test(the_old_message_may_be_a_value), cmocka_unit_test(errno_becomes_a_code),
           cmocka_unit_test(a_prefix_keeps_the_code), cmocka_unit_test(each_code_has_a_name),
           cmocka_unit_test(try_passes_failures_on))
