/* Goal: a wrong flag is named with the nearest right one, a missing one is asked for, values are bounded;
 * codes map to exits. */
#include "check.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>

struct values {
    bool quiet;
    const char *lake;
    struct sh_cli_list rules;
    uint64_t threads;
    int32_t day;
};

struct run {
    bool go_on;
    int exit;
    size_t n;
    const char *const *operands;
    char out[4096], errout[4096];
};

static void parse(struct values *v, struct sh_arena *arena, struct run *r, int argc, char **argv) {
    const struct sh_option options[] = {
        {"lake", SH_OPTION_TEXT, &v->lake, "DIR", "数据湖", "lake", .required = true},
        {"quiet", SH_OPTION_FLAG, &v->quiet, NULL, "安静", "quiet"},
        {"rule", SH_OPTION_LIST, &v->rules, "ID", "规则", "rule"},
        {"threads", SH_OPTION_UINT, &v->threads, "N", "线程", "threads", .low = 1, .high = 8},
        {"as-of", SH_OPTION_DAY, &v->day, "DATE", "截至", "as of"},
    };
    const struct sh_command command = {
        "audit", "审核", "audit", "FILE…", options, sizeof options / sizeof options[0], 0, 2};
    FILE *out = fmemopen(r->out, sizeof r->out, "w"), *errout = fmemopen(r->errout, sizeof r->errout, "w");
    assert_non_null(out);
    assert_non_null(errout);
    r->go_on = sh_cli_parse(&command, argc, argv, arena, out, errout, &r->operands, &r->n, &r->exit);
    fclose(out);
    fclose(errout);
}
#define PARSE(v, arena, r, ...)                                                                              \
    do {                                                                                                     \
        const char *argv_[] = {"audit", __VA_ARGS__, NULL};                                                  \
        parse((v), (arena), (r), (int)(sizeof argv_ / sizeof argv_[0]) - 1, (char **)(uintptr_t)argv_);      \
    } while (0)

static void options_of_every_kind_are_read_in_any_order(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct values v = {0};
    struct run r = {0};
    PARSE(&v, &arena, &r, "one", "--lake=/tmp/x", "--rule", "a", "--quiet", "--rule=b", "--threads", "8",
          "--as-of", "2026-02-28", "--", "--two");
    CHECK(r.go_on);
    CHECK_TEXT(v.lake, "/tmp/x");
    CHECK(v.quiet);
    CHECK_I64(v.rules.n, 2);
    CHECK_TEXT(v.rules.at[1], "b");
    CHECK_I64(v.threads, 8);
    CHECK_I64(v.day, 20512);
    CHECK_I64(r.n, 2);
    CHECK_TEXT(r.operands[1], "--two");
}

static void a_wrong_flag_is_named_with_the_nearest_right_one(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct values v = {0};
    struct run r = {0};
    PARSE(&v, &arena, &r, "--lake", "x", "--thread", "2");
    CHECK(!r.go_on);
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    CHECK_HAS(r.errout, "--thread");
    CHECK_HAS(r.errout, "--threads");
}

static void what_is_missing_or_out_of_bounds_is_a_usage_error(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct values v = {0};
    struct run r = {0};
    PARSE(&v, &arena, &r, "--quiet");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    CHECK_HAS(r.errout, "--lake");
    PARSE(&v, &arena, &r, "--lake", "x", "--threads", "9");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    CHECK_HAS(r.errout, "between 1 and 8");
    PARSE(&v, &arena, &r, "--lake", "x", "--threads", "-1");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    PARSE(&v, &arena, &r, "--lake", "x", "--as-of", "2026-02-30");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    CHECK_HAS(r.errout, "2026-02-30");
    PARSE(&v, &arena, &r, "--lake");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    PARSE(&v, &arena, &r, "--lake", "x", "--quiet=yes");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    PARSE(&v, &arena, &r, "--lake", "x", "a", "b", "c");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
    PARSE(&v, &arena, &r, "-x");
    CHECK_I64(r.exit, SH_EXIT_USAGE);
}

static void help_names_every_option_and_is_no_error(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct values v = {0};
    struct run r = {0};
    PARSE(&v, &arena, &r, "--help");
    CHECK(!r.go_on);
    CHECK_I64(r.exit, SH_EXIT_OK);
    CHECK_HAS(r.out, "--lake DIR");
    CHECK_HAS(r.out, "--as-of DATE");
    CHECK_HAS(r.out, "--help");
}

static void every_error_code_has_its_exit_code(void **state) {
    (void)state;
    char text[2048];
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    struct sh_err err;
    CHECK_I64(sh_cli_fail(file, sh_fail(&err, SH_E_INPUT, "a"), &err), SH_EXIT_INPUT);
    CHECK_I64(sh_cli_fail(file, sh_fail(&err, SH_E_BUSY, "a"), &err), SH_EXIT_LAKE);
    CHECK_I64(sh_cli_fail(file, sh_fail(&err, SH_E_FULL, "a"), &err), SH_EXIT_SYSTEM);
    CHECK_I64(sh_cli_fail(file, sh_fail(&err, SH_E_INTERNAL, "the reason"), &err), SH_EXIT_INTERNAL);
    fclose(file);
    CHECK_HAS(text, "shouhu: the reason");
}

static void sql_refuses(const char *option, const char *value, const char *wanted) {
    const char *argv[] = {"audit", "--lake", "/nonexistent", "--executor", "sql",
                          option,  value,    "--lang",       "en",         NULL};
    char out[512] = {0}, errout[512] = {0};
    FILE *to = fmemopen(out, sizeof out, "w"), *errors = fmemopen(errout, sizeof errout, "w");
    assert_non_null(to);
    assert_non_null(errors);
    const int code = sh_cmd_audit(9, (char **)(uintptr_t)argv, to, errors);
    fclose(to);
    fclose(errors);
    CHECK_I64(code, SH_EXIT_USAGE);
    CHECK_HAS(errout, wanted);
}

static void sql_refuses_by_name_what_only_the_batch_can_do(void **state) {
    (void)state;
    sql_refuses("--buckets", "0-3", "leave out --buckets");
    sql_refuses("--run", "night", "leave out --run");
    sql_refuses("--chunk-rows", "1000", "leave out --chunk-rows");
}

CHECK_MAIN(cmocka_unit_test(options_of_every_kind_are_read_in_any_order),
           cmocka_unit_test(a_wrong_flag_is_named_with_the_nearest_right_one),
           cmocka_unit_test(what_is_missing_or_out_of_bounds_is_a_usage_error),
           cmocka_unit_test(help_names_every_option_and_is_no_error),
           cmocka_unit_test(every_error_code_has_its_exit_code),
           cmocka_unit_test(sql_refuses_by_name_what_only_the_batch_can_do))
