/* Goal: every shape, boundary and missing field gives the answers written beside the rules of
 * tests/audit/data, and beside the shipped ones. */
#include "small.h"

static void check_dir(const char *rules, const char *knowledge, const char *params) {
    static char paths[3][SH_PATH_BYTES_MAX];
    const struct sh_rules_options options = {
        .rules_dir = check_source_path(rules, paths[0], SH_PATH_BYTES_MAX),
        .knowledge_dir = check_source_path(knowledge, paths[1], SH_PATH_BYTES_MAX),
        .params_dir = check_source_path(params, paths[2], SH_PATH_BYTES_MAX),
        .known_as_of = INT32_MAX,
        .place = "000000"};
    struct sh_rules_test_result result;
    struct sh_err err;
    CHECK_OK(sh_rules_test(&options, NULL, stderr, &result, &err), &err);
    CHECK(result.cases > 20);
    CHECK_I64(result.failed, 0);
}

static void cases_of_the_test_rules_hold(void **state) {
    (void)state;
    check_dir("tests/audit/data/rules", "tests/audit/data/knowledge", "tests/audit/data/params");
}
static void cases_of_the_shipped_rules_hold(void **state) {
    (void)state;
    check_dir("rules", "knowledge", "law/params");
}
static void a_failing_case_is_told_with_its_place(void **state) {
    (void)state;
    struct small s;
    struct sh_err err;
    CHECK_OK(small_run(&s, "lines: [{item: XA, time: 2026-02-03T09:00, covered: 1.00}]", "t-row", &err),
             &err);
    CHECK_I64(s.found.n, 0);
    const struct sh_rule_answers *r = &sh_audit_worker_answers(s.worker)->rules[0];
    CHECK_I64(r->of[SH_ANSWER_NOT_EVALUATED].lines, 1);
    CHECK_I64(r->n_fields, 1);
    CHECK_STR(r->fields[0].field, "person.birth");
    small_release(&s);
}
static void sources_that_differ_make_a_birth_missing(void **state) {
    (void)state;
    struct small s;
    struct sh_err err;
    CHECK_OK(small_run(&s,
                       "people: [{id: P1, birth: 2000-01-01}]\nlines: [{item: XA, time: 2026-02-03T09:00, "
                       "covered: 1.00}]",
                       "t-conflict", &err),
             &err);
    CHECK_I64(s.found.n, 1);
    /* the same person twice, with two births */
    struct sh_chunk chunk = s.lake.chunk;
    const void *columns[64];
    const int c = sh_lake_column(SH_TABLE_PERSON, "birth");
    const int32_t births[2] = {10000, 10001};
    for (int i = 0; i < sh_lake_schema[SH_TABLE_PERSON].n_columns; i++)
        columns[i] = NULL;
    columns[c] = births;
    chunk.tables[SH_TABLE_PERSON].n_rows = 2;
    chunk.tables[SH_TABLE_PERSON].columns = columns;
    chunk.tables[SH_TABLE_PERSON].person_begin = (const uint32_t[]){0, 2};
    CHECK_OK(sh_audit_chunk(s.worker, &chunk, &s.found, &err), &err);
    CHECK_I64(s.found.n, 0);
    CHECK_I64(sh_audit_worker_answers(s.worker)->rules[0].of[SH_ANSWER_NOT_EVALUATED].subjects, 1);
    small_release(&s);
}
/* Two years of one person and point are two findings, and stay two. */
static void a_period_stands_in_the_key_as_what_it_is(void **state) {
    (void)state;
    struct small s;
    struct sh_err err;
    CHECK_OK(small_run(&s,
                       "lines: [{item: \"01\", time: 2025-02-03T09:00, covered: 11.00}, {item: \"01\", time: "
                       "2026-02-03T09:00, covered: 12.00}, {item: \"02\", time: 2026-02-04T09:00, covered: "
                       "13.00}, {item: \"03\", time: 2026-02-05T09:00, covered: 14.00}, {item: \"04\", time: "
                       "2026-02-06T09:00, covered: 15.00}]",
                       "t-period", &err),
             &err);
    static const char *const keys[] = {"P1|day|2026-02-04", "P1|ever|ever", "P1|visit|H1/E1", "P1|year|2025",
                                       "P1|year|2026"};
    CHECK_I64(s.found.n, 5);
    for (size_t i = 0; i < 5; i++) {
        CHECK_STR(s.found.findings[i].key, keys[i]);
        for (size_t j = 0; j < i; j++)
            CHECK(memcmp(s.found.findings[i].id, s.found.findings[j].id, 16) != 0);
    }
    small_release(&s);
}
static void an_empty_chunk_gives_nothing(void **state) {
    (void)state;
    struct small s;
    struct sh_err err;
    CHECK_OK(small_run(&s, "lines: []", NULL, &err), &err);
    CHECK_I64(s.found.n, 0);
    const struct sh_chunk nobody = {0};
    CHECK_OK(sh_audit_chunk(s.worker, &nobody, &s.found, &err), &err);
    CHECK_I64(s.found.n, 0);
    small_release(&s);
}
static sh_code scenario(void *ctx, struct sh_err *err) {
    struct small s;
    const sh_code code = small_run(&s, ctx, "t-group", err);
    small_release(&s);
    return code;
}
static void running_out_of_memory_is_an_error_like_another(void **state) {
    (void)state;
    char text[] = "lines: [{item: \"01\", time: 2026-02-03T09:00, quantity: 3, covered: 1.00}]";
    check_torture(scenario, text);
}

CHECK_MAIN(cmocka_unit_test(cases_of_the_test_rules_hold), cmocka_unit_test(cases_of_the_shipped_rules_hold),
           cmocka_unit_test(a_failing_case_is_told_with_its_place),
           cmocka_unit_test(sources_that_differ_make_a_birth_missing),
           cmocka_unit_test(a_period_stands_in_the_key_as_what_it_is),
           cmocka_unit_test(an_empty_chunk_gives_nothing),
           cmocka_unit_test(running_out_of_memory_is_an_error_like_another))
