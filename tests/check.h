/* What every test includes: cmocka, with checks that print decimal numbers and texts, and the message of a
 * failure. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <inttypes.h>
/* after the four: */
#include <cmocka.h>
/* Debian 12's cmocka calls a skipped test "not ok", which is a failure to meson: say it and go back. */
#undef skip
#define skip()                                                                                               \
    do {                                                                                                     \
        print_message("# SKIP %s: what it needs is not here\n", __func__);                                   \
        return;                                                                                              \
    } while (0)

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

static inline void check_fail_at(const char *file, int line) {
    _fail(file, line);
}
static inline void check_ok_(sh_code code, const struct sh_err *err, const char *what, const char *file,
                             int line) {
    if (code == SH_OK)
        return;
    print_error("%s\n  failed: %s: %s\n", what, sh_code_name(code),
                err && err->code == code ? err->message : "");
    check_fail_at(file, line);
}
static inline void check_code_(sh_code code, sh_code want, const char *what, const char *file, int line) {
    if (code == want)
        return;
    print_error("%s\n  is %s, wanted %s\n", what, sh_code_name(code), sh_code_name(want));
    check_fail_at(file, line);
}
static inline void check_i64_(int64_t is, int64_t want, const char *what, const char *file, int line) {
    if (is == want)
        return;
    print_error("%s\n  is %" PRId64 ", wanted %" PRId64 "\n", what, is, want);
    check_fail_at(file, line);
}
static inline void check_str_(struct sh_str is, struct sh_str want, const char *what, const char *file,
                              int line) {
    if (sh_str_eq(is, want))
        return;
    print_error("%s\n  is     \"%.*s\"\n  wanted \"%.*s\"\n", what, SH_ARG(is), SH_ARG(want));
    check_fail_at(file, line);
}
static inline void check_has_(struct sh_str is, struct sh_str part, const char *what, const char *file,
                              int line) {
    if (sh_str_find(is, part) != SH_STR_NONE)
        return;
    print_error("%s\n  is \"%.*s\"\n  which does not hold \"%.*s\"\n", what, SH_ARG(is), SH_ARG(part));
    check_fail_at(file, line);
}
static inline void check_true_(bool is, const char *what, const char *file, int line) {
    if (is)
        return;
    print_error("%s\n  is false\n", what);
    check_fail_at(file, line);
}

/** The call succeeds; else its message is printed. err: pointer to the struct sh_err that the call was given.
 */
#define CHECK_OK(call, err) check_ok_((call), (err), #call, __FILE__, __LINE__)
/** The call gives this code. */
#define CHECK_CODE(call, want) check_code_((call), (want), #call, __FILE__, __LINE__)
/** Integers, printed in decimal. */
#define CHECK_I64(is, want) check_i64_((int64_t)(is), (int64_t)(want), #is, __FILE__, __LINE__)
/** NUL-terminated texts. */
#define CHECK_TEXT(is, want) check_str_(sh_str_of(is), sh_str_of(want), #is, __FILE__, __LINE__)
/** A struct sh_str and a NUL-terminated text. */
#define CHECK_STR(is, want) check_str_((is), sh_str_of(want), #is, __FILE__, __LINE__)
/** A NUL-terminated text that holds another: for messages. */
#define CHECK_HAS(is, part) check_has_(sh_str_of(is), sh_str_of(part), #is, __FILE__, __LINE__)
#define CHECK(is) check_true_((is), #is, __FILE__, __LINE__)

/** Seed of a property test: CHECK_SEED in the environment, else `fallback`; printed, so that a failure can be
 * repeated. */
static inline uint64_t check_seed(uint64_t fallback) {
    const char *text = getenv("CHECK_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : fallback;
    print_message("# CHECK_SEED=%" PRIu64 "\n", seed);
    return seed;
}

/**
 * Torture: run `scenario` with the n-th allocation failing, for n = 1, 2 … until it runs through. The
 * scenario gives the code it ended with; a run that met the failure must end with SH_E_NOMEM or SH_E_LIMIT,
 * or have coped; the last one must be SH_OK.
 */
static inline void check_torture(sh_code (*scenario)(void *ctx, struct sh_err *err), void *ctx) {
    for (uint64_t n = 1;; n++) {
        struct sh_err err = {0};
        sh_alloc_fail_at(n);
        const sh_code code = scenario(ctx, &err);
        const bool has_failed = sh_alloc_has_failed();
        sh_alloc_fail_at(0);
        if (!has_failed) {
            check_ok_(code, &err, "scenario without a failing allocation", __FILE__, __LINE__);
            return;
        }
        if (code != SH_OK && code != SH_E_NOMEM && code != SH_E_LIMIT) {
            print_error("allocation %" PRIu64 " failed: %s: %s\n", n, sh_code_name(code), err.message);
            check_fail_at(__FILE__, __LINE__);
        }
    }
}

/** Path of a file of the source tree, e.g. "tests/base/data/x.yaml", in `out` [size]. */
static inline const char *check_source_path(const char *relative, char *out, size_t size) {
    const char *dir = getenv("SHOUHU_SOURCE_DIR");
    (void)snprintf(out, size, "%s/%s", dir ? dir : ".", relative);
    return out;
}

/** Run an array of struct CMUnitTest as main() does; the name of the file is the name of the group. */
#define CHECK_MAIN(...)                                                                                      \
    int main(void) {                                                                                         \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                                     \
        return cmocka_run_group_tests_name(__FILE_NAME__, tests, NULL, NULL);                                \
    }
