/* Goal: a run's bytes do not depend on threads, chunks or slices; receipts are found, replayed and refused as
 * they should. */
#include "../base/temp_dir.h"
#include "audit/lacking.h"
#include "audit/output.h"
#include "base/fs.h"
#include "small.h"
#include "synth/synth.h"
#include <string.h>

struct fixture {
    struct temp_dir dir;
    char lake[SH_PATH_BYTES_MAX], rules[SH_PATH_BYTES_MAX], knowledge[SH_PATH_BYTES_MAX],
        params[SH_PATH_BYTES_MAX];
    struct sh_arena arena;
};

static int set_up(void **state) {
    struct fixture *f = sh_alloc_array(1, sizeof(*f));
    CHECK(f != NULL);
    struct sh_err err;
    char city[SH_PATH_BYTES_MAX], book[SH_PATH_BYTES_MAX], mappings[SH_PATH_BYTES_MAX];
    f->dir = temp_dir_new();
    struct sh_synth_result made;
    const struct sh_synth_options synth = {.book_dir = check_source_path("synth", book, sizeof(book)),
                                           .out_dir = temp_path(&f->dir, "city", city),
                                           .persons = 250,
                                           .months = 4,
                                           .seed = 7,
                                           .plant_ppm = 20000,
                                           .threads = 1};
    CHECK_OK(sh_synth_run(&synth, &made, &err), &err);
    const struct sh_dir_entry *entries;
    size_t n, n_files = 0;
    CHECK_OK(sh_dir_list(city, &f->arena, &entries, &n, &err), &err);
    const char **files = sh_new(&f->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        if (sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".csv")))
            files[n_files++] = sh_arena_printf(&f->arena, NULL, "%s/%s", city, entries[i].name);
    temp_path(&f->dir, "lake", f->lake);
    struct sh_import_result imported;
    const struct sh_import_options import = {.lake_dir = f->lake,
                                             .mapping = "national",
                                             .mappings_dir =
                                                 check_source_path("mappings", mappings, sizeof(mappings)),
                                             .files = files,
                                             .n_files = n_files,
                                             .known_day = 20700,
                                             .buckets = 8,
                                             .threads = 2};
    CHECK_OK(sh_lake_import(&import, &imported, &err), &err);
    check_source_path("rules", f->rules, sizeof(f->rules));
    check_source_path("knowledge", f->knowledge, sizeof(f->knowledge));
    check_source_path("law/params", f->params, sizeof(f->params));
    *state = f;
    return 0;
}
static int tear_down(void **state) {
    struct fixture *f = *state;
    sh_arena_free(&f->arena);
    temp_dir_release(&f->dir);
    sh_free(f);
    return 0;
}

static struct sh_audit_options options_of(const struct fixture *f, const char *run) {
    return (struct sh_audit_options){.lake_dir = f->lake,
                                     .rules_dir = f->rules,
                                     .knowledge_dir = f->knowledge,
                                     .params_dir = f->params,
                                     .place = "990100",
                                     .run = run,
                                     .threads = 1,
                                     .as_of = INT32_MAX,
                                     .known = INT32_MAX};
}
static struct sh_run_summary audit(struct fixture *f, const struct sh_audit_options *o) {
    struct sh_run_summary summary;
    struct sh_err err;
    CHECK_OK(sh_audit_run(o, &f->arena, &summary, &err), &err);
    return summary;
}
static struct sh_str file_of(struct fixture *f, const char *run, const char *name) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_str text;
    struct sh_err err;
    CHECK_OK(sh_path_format(path, &err, "%s/audits/%s/%s", f->lake, run, name), &err);
    CHECK_OK(sh_fs_read(path, (size_t)1 << 30, &f->arena, &text, &err), &err);
    return text;
}
static void check_same(struct fixture *f, const char *a, const char *b) {
    static const char *const names[] = {SH_RUN_CSV, SH_RUN_RECEIPTS, SH_RUN_INDEX, SH_RUN_PARQUET,
                                        SH_RUN_LACKING};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK(sh_str_eq(file_of(f, a, names[i]), file_of(f, b, names[i])));
}

static void threads_and_chunks_do_not_show(void **state) {
    struct fixture *f = *state;
    struct sh_audit_options o = options_of(f, "one");
    const struct sh_run_summary one = audit(f, &o);
    CHECK(one.findings > 50);
    o = options_of(f, "many");
    o.threads = 4, o.chunk_rows = 37;
    const struct sh_run_summary many = audit(f, &o);
    check_same(f, "one", "many");
    CHECK_I64(many.answers.lines, one.answers.lines);
    for (size_t i = 0; i < one.answers.n_rules; i++)
        for (int a = 0; a < SH_ANSWERS; a++) {
            CHECK_I64(many.answers.rules[i].of[a].subjects, one.answers.rules[i].of[a].subjects);
            CHECK_I64(many.answers.rules[i].of[a].fen, one.answers.rules[i].of[a].fen);
        }
}

static void slices_join_to_the_whole(void **state) {
    struct fixture *f = *state;
    struct sh_audit_options o = options_of(f, "s1");
    struct sh_err err;
    struct sh_run_summary joined;
    o.has_buckets = true, o.bucket_first = 0, o.bucket_last = 2;
    CHECK(audit(f, &o).partial);
    o.run = "s2", o.bucket_first = 3, o.bucket_last = 7;
    (void)audit(f, &o);
    CHECK_OK(sh_audit_merge(f->lake, (const char *const[]){"s2", "s1"}, 2, NULL, "joined", NULL, &f->arena,
                            &joined, &err),
             &err);
    check_same(f, "one", "joined");
    CHECK_CODE(
        sh_audit_merge(f->lake, (const char *const[]){"s1"}, 1, NULL, "x", NULL, &f->arena, &joined, &err),
        SH_E_INPUT);
    CHECK_HAS(err.message, "no run holds buckets 3-7");
    CHECK_CODE(sh_audit_merge(f->lake, (const char *const[]){"s1", "s1", "s2"}, 3, NULL, "x", NULL, &f->arena,
                              &joined, &err),
               SH_E_INPUT);
    const char *const only[] = {"drug-sex"};
    o.run = "s3", o.only = only, o.n_only = 1;
    (void)audit(f, &o);
    CHECK_CODE(sh_audit_merge(f->lake, (const char *const[]){"s1", "s3"}, 2, NULL, "x", NULL, &f->arena,
                              &joined, &err),
               SH_E_INPUT);
    CHECK_HAS(err.message, "differ in rules");
}

/* Rules over rows of many persons: merged sums, exchanged rows, pairs and a statistic. */
static void rows_of_many_persons_meet_the_same_way(void **state) {
    struct fixture *f = *state;
    static const char *const only[] = {"t-merged",           "t-exchange",      "t-exchange-pair",
                                       "t-statistic",        "t-view-days",     "t-two-tables",
                                       "t-two-tables-money", "t-alone-invoice", "t-alone-diagnosis"};
    struct sh_audit_options o = options_of(f, "cross-one");
    struct sh_run_summary joined;
    struct sh_err err;
    char rules[SH_PATH_BYTES_MAX], knowledge[SH_PATH_BYTES_MAX], params[SH_PATH_BYTES_MAX];
    o.rules_dir = check_source_path("tests/audit/data/rules", rules, sizeof(rules));
    o.knowledge_dir = check_source_path("tests/audit/data/knowledge", knowledge, sizeof(knowledge));
    o.params_dir = check_source_path("tests/audit/data/params", params, sizeof(params));
    o.only = only, o.n_only = 9;
    const struct sh_run_summary one = audit(f, &o);
    for (size_t i = 0; i < one.answers.n_rules; i++) {
        const struct sh_rule_answers *r = &one.answers.rules[i];
        const struct sh_answer_count *of = r->of;
        CHECK(of[SH_ANSWER_CLEAR].subjects + of[SH_ANSWER_HIT].subjects +
                  of[SH_ANSWER_NOT_EVALUATED].subjects >
              0);
        if (sh_str_is(one.rules[i].id, "t-merged") || sh_str_is(one.rules[i].id, "t-exchange-pair") ||
            sh_str_is(one.rules[i].id, "t-two-tables-money") ||
            sh_str_starts_with(one.rules[i].id, SH_STR("t-alone")))
            CHECK(r->findings > 0);
    }
    o.run = "cross-many", o.threads = 4, o.chunk_rows = 37;
    const struct sh_run_summary many = audit(f, &o);
    check_same(f, "cross-one", "cross-many");
    o.run = "cross-sent", o.held_bytes_max = 1; /* what was added up is sent before each chunk */
    const struct sh_run_summary sent = audit(f, &o);
    check_same(f, "cross-one", "cross-sent");
    o.held_bytes_max = 0;
    o.run = "cross-s1", o.has_buckets = true, o.bucket_first = 0, o.bucket_last = 2;
    (void)audit(f, &o);
    o.run = "cross-s2", o.bucket_first = 3, o.bucket_last = 7;
    (void)audit(f, &o);
    CHECK_OK(sh_audit_merge(f->lake, (const char *const[]){"cross-s2", "cross-s1"}, 2, NULL, "cross-joined",
                            NULL, &f->arena, &joined, &err),
             &err);
    check_same(f, "cross-one", "cross-joined");
    for (size_t i = 0; i < one.answers.n_rules; i++)
        for (int a = 0; a < SH_ANSWERS; a++) {
            CHECK_I64(many.answers.rules[i].of[a].subjects, one.answers.rules[i].of[a].subjects);
            CHECK_I64(sent.answers.rules[i].of[a].subjects, one.answers.rules[i].of[a].subjects);
            CHECK_I64(joined.answers.rules[i].of[a].subjects, one.answers.rules[i].of[a].subjects);
        }
}

static void a_receipt_is_printed_and_replayed(void **state) {
    struct fixture *f = *state;
    struct sh_err err;
    const struct sh_str csv = file_of(f, "one", SH_RUN_CSV);
    const size_t second = sh_str_find_char(csv, '\n') + 1;
    char id[33] = "";
    memcpy(id, csv.at + second, 32);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct sh_explain_options o = {
        .lake_dir = f->lake, .id = id, .run = "one", .lang = SH_ZH, .replay = true};
    CHECK_OK(sh_audit_explain(&o, out, &err), &err);
    o.lang = SH_EN, o.json = true, o.replay = false;
    CHECK_OK(sh_audit_explain(&o, out, &err), &err);
    o.run = NULL;
    CHECK_OK(sh_audit_explain(&o, out, &err), &err);
    (void)fclose(out);
    CHECK_HAS(text, "逐字节一致");
    CHECK_HAS(text, "\"manifest\":1}");
    free(text);
    o.id = "00000000000000000000000000000000";
    CHECK_CODE(sh_audit_explain(&o, stdout, &err), SH_E_NOTFOUND);
    o.id = "abc";
    CHECK_CODE(sh_audit_explain(&o, stdout, &err), SH_E_INPUT);
    o.id = id, o.run = "nosuch";
    CHECK_CODE(sh_audit_explain(&o, stdout, &err), SH_E_NOTFOUND);
}

/* Of rules whose rows are of many persons: any bucket may hold a part of the finding. */
static void receipts_of_many_persons_are_replayed(void **state) {
    struct fixture *f = *state;
    static const char *const rules[] = {",t-merged,", ",t-exchange,", ",t-exchange-pair,", ",t-statistic,"};
    const struct sh_str csv = file_of(f, "cross-one", SH_RUN_CSV);
    size_t replayed = 0;
    for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
        const size_t at = sh_str_find(csv, sh_str_of(rules[r]));
        char id[33] = "", *text = NULL;
        size_t len = 0;
        struct sh_err err;
        if (at == SH_STR_NONE)
            continue;
        memcpy(id, csv.at + at - 32, 32);
        FILE *out = open_memstream(&text, &len);
        const struct sh_explain_options o = {
            .lake_dir = f->lake, .id = id, .run = "cross-joined", .lang = SH_ZH, .replay = true};
        CHECK_OK(sh_audit_explain(&o, out, &err), &err);
        (void)fclose(out);
        CHECK_HAS(text, "逐字节一致");
        free(text);
        replayed++;
    }
    CHECK(replayed > 1);
}

static void outputs_have_their_three_forms(void **state) {
    struct fixture *f = *state;
    static const char *const names[] = {"f.csv", "f.json", "f.parquet"};
    struct sh_err err;
    for (size_t i = 0; i < 3; i++) {
        char path[SH_PATH_BYTES_MAX];
        struct sh_audit_options o = options_of(f, names[i]);
        const char *const only[] = {"drug-sex"};
        o.only = only, o.n_only = 1, o.out = temp_path(&f->dir, names[i], path);
        (void)audit(f, &o);
        uint64_t bytes;
        CHECK_OK(sh_file_size(path, &bytes, &err), &err);
        CHECK(bytes > 100);
    }
    struct sh_audit_options bad = options_of(f, "bad");
    struct sh_run_summary summary;
    bad.out = "x.xlsx";
    CHECK_CODE(sh_audit_run(&bad, &f->arena, &summary, &err), SH_E_INPUT);
    bad.out = NULL, bad.run = "one";
    CHECK_CODE(sh_audit_run(&bad, &f->arena, &summary, &err), SH_E_CONFLICT);
    bad.run = "bad", bad.has_buckets = true, bad.bucket_first = 3, bad.bucket_last = 99;
    CHECK_CODE(sh_audit_run(&bad, &f->arena, &summary, &err), SH_E_INPUT);
    bad.lake_dir = "/nonexistent", bad.has_buckets = false;
    CHECK_CODE(sh_audit_run(&bad, &f->arena, &summary, &err), SH_E_NOTFOUND);
}

static void a_run_reads_back(void **state) {
    struct fixture *f = *state;
    struct sh_run_file file;
    struct sh_err err;
    char dir[SH_PATH_BYTES_MAX];
    CHECK_OK(sh_path_format(dir, &err, "%s/audits/one", f->lake), &err);
    CHECK_OK(sh_run_file_read(dir, &f->arena, &file, &err), &err);
    CHECK_STR(file.summary.run, "one");
    CHECK_I64(file.summary.manifest, 1);
    CHECK(file.summary.answers.n_rules > 20);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    file.summary.dir = SH_STR("x");
    sh_audit_print_summary(&file.summary, SH_EN, out);
    sh_audit_print_summary(&file.summary, SH_ZH, out);
    (void)fclose(out);
    CHECK_HAS(text, "not evaluated");
    CHECK_HAS(text, "未评估");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_and_chunks_do_not_show),
                                       cmocka_unit_test(slices_join_to_the_whole),
                                       cmocka_unit_test(rows_of_many_persons_meet_the_same_way),
                                       cmocka_unit_test(a_receipt_is_printed_and_replayed),
                                       cmocka_unit_test(receipts_of_many_persons_are_replayed),
                                       cmocka_unit_test(outputs_have_their_three_forms),
                                       cmocka_unit_test(a_run_reads_back)};
    return cmocka_run_group_tests_name("test_run.c", tests, set_up, tear_down);
}
