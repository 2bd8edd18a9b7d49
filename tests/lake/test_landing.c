/* Goal: rows land once, repeat, conflict, are corrected and withdrawn; views as known on a day; nothing
 * depends on threads. */
#include "base/hash.h"
#include "lake/manifest.h"
#include "lake/parquet.h"
#include "lake_fixture.h"
#include <duckdb.h>

#define P SH_TABLE_PERSON
#define E SH_TABLE_ENCOUNTER
#define L SH_TABLE_LINE

static const struct fixture_row day_one[] = {
    {P, "person=p1 sex=1 birth=1980-02-29"},
    {E, "person=p1 institution=H1 encounter_key=m1 id=m1 from=2026-01-01T08:00 kind=11"},
    {L, "person=p1 institution=H1 encounter_key=m1 id=b1 item=X1 time=2026-01-01T09:00 charged_quantity=2 "
        "unit_price=5 charged_amount=10 charged_covered=8"},
    {L, "person=p1 institution=H1 encounter_key=m1 id=b2 item=X2 time=2026-01-01T08:30 charged_quantity=1 "
        "unit_price=5 charged_amount=5 charged_covered=5"},
    {L, "person=p2 institution=H1 encounter_key=m2 id=b1 item=X1 time=2026-01-01T09:30 charged_quantity=1 "
        "unit_price=5 charged_amount=5 charged_covered=5"},
};
static const char *const short_line[] = {"person", "id", "item", "time", "charged_amount", "batch"};
#define DUMP_LINES(dir, day) fixture_dump(dir, L, short_line, 6, day)

/* Lines of a dump, sorted: which bucket a person lies in is of no interest here. */
static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}
static void check_lines(char *text, const char *want) {
    char *lines[64], out[4096] = "", *rest = NULL;
    size_t n = 0, len = 0;
    for (char *line = strtok_r(text, "\n", &rest); line && n < 64; line = strtok_r(NULL, "\n", &rest))
        lines[n++] = line;
    qsort(lines, n, sizeof lines[0], by_text);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s\n", lines[i]);
    check_str_(sh_str_of(out), sh_str_of(want), "rows", __FILE__, __LINE__);
    sh_free(text);
}

static void rows_land_and_are_read_back(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), day_one, &result, &err), &err);
    CHECK_I64(result.manifest, 1);
    CHECK_I64(result.tables[L].read, 3);
    CHECK_I64(result.tables[L].landed, 3);
    CHECK_I64(result.tables[L].landed_fen, 2000);
    CHECK_I64(result.tables[P].landed, 1);
    check_lines(DUMP_LINES(dir, INT32_MAX), "p1|b1|X1|1767258000|1000|1\n"
                                            "p1|b2|X2|1767256200|500|1\n"
                                            "p2|b1|X1|1767259800|500|1\n");
    fixture_remove(dir);
}

static void overlapping_extracts_repeat(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct fixture_row day_two[] = {
        day_one[2],
        day_one[3],
        {L, "person=p1 institution=H1 encounter_key=m1 id=b3 item=X2 time=2026-01-02T08:30 charged_amount=7"},
        {L, "person=p1 institution=H1 encounter_key=m1 id=b3 item=X2 time=2026-01-02T08:30 charged_amount=7"},
        {L, "person=p1 institution=H1 encounter_key=m1 id=b2 item=X2 time=2026-01-01T08:30 charged_amount=6"},
    };
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), day_one, &result, &err), &err);
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), day_two, &result, &err), &err);
    CHECK_I64(result.tables[L].read, 5);
    CHECK_I64(result.tables[L].landed, 1);
    CHECK_I64(result.tables[L].repeated, 3);
    CHECK_I64(result.tables[L].rejected, 1);
    CHECK_I64(result.tables[L].rejected_fen, 600);
    CHECK_I64(result.tables[L].read_fen, 1000 + 500 + 700 + 700 + 600);
    CHECK_HAS(result.rejects_path, "rejects/00000002.csv");
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str rejects;
    CHECK_OK(sh_fs_read(result.rejects_path, 1 << 20, &arena, &rejects, &err), &err);
    CHECK_HAS(rejects.at, "key.conflict");
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), day_one, &result, &err), &err);
    CHECK_I64(result.tables[L].repeated, 3);
    CHECK_I64(result.tables[P].repeated, 1);
    CHECK_I64(result.tables[E].repeated, 1);
    check_lines(DUMP_LINES(dir, INT32_MAX), "p1|b1|X1|1767258000|1000|1\n"
                                            "p1|b2|X2|1767256200|500|1\n"
                                            "p1|b3|X2|1767342600|700|2\n"
                                            "p2|b1|X1|1767259800|500|1\n");
    fixture_remove(dir);
}

static void a_correction_moves_a_line_and_a_withdrawal_removes_it(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct fixture_row moved[] = {
        {L,
         "person=p9 institution=H1 encounter_key=m1 id=b1 item=X1 time=2026-02-01T09:00 charged_amount=10"},
        day_one[3],
    };
    struct sh_import_options options = fixture_options(dir);
    CHECK_OK(FIXTURE_IMPORT(options, day_one, &result, &err), &err);
    options.correction = true, options.known_day = 20010;
    CHECK_CODE(FIXTURE_IMPORT(options, moved, &result, &err), SH_E_INPUT);
    options.reason = "wrong person", options.by = "test", options.approved_by = "chief";
    CHECK_OK(FIXTURE_IMPORT(options, moved, &result, &err), &err);
    CHECK_I64(result.tables[L].corrected, 1);
    CHECK_I64(result.tables[L].repeated, 1);
    check_lines(DUMP_LINES(dir, INT32_MAX), "p1|b2|X2|1767256200|500|1\n"
                                            "p2|b1|X1|1767259800|500|1\n"
                                            "p9|b1|X1|1769936400|1000|2\n");
    check_lines(DUMP_LINES(dir, 20009), "p1|b1|X1|1767258000|1000|1\n"
                                        "p1|b2|X2|1767256200|500|1\n"
                                        "p2|b1|X1|1767259800|500|1\n");
    options.correction = false, options.withdrawal = true, options.known_day = 20020;
    const struct fixture_row gone[] = {
        {L, "person=p9 institution=H1 encounter_key=m1 id=b1"},
        {L, "person=p9 institution=H1 encounter_key=m1 id=b77"},
    };
    CHECK_OK(FIXTURE_IMPORT(options, gone, &result, &err), &err);
    CHECK_I64(result.tables[L].withdrawn, 1);
    CHECK_I64(result.tables[L].rejected, 1);
    check_lines(DUMP_LINES(dir, INT32_MAX), "p1|b2|X2|1767256200|500|1\n"
                                            "p2|b1|X1|1767259800|500|1\n");
    check_lines(DUMP_LINES(dir, 20015), "p1|b2|X2|1767256200|500|1\n"
                                        "p2|b1|X1|1767259800|500|1\n"
                                        "p9|b1|X1|1769936400|1000|2\n");
    CHECK_OK(FIXTURE_IMPORT(options, gone, &result, &err), &err);
    CHECK_I64(result.tables[L].repeated, 1);
    options.withdrawal = false, options.known_day = 20001;
    CHECK_CODE(FIXTURE_IMPORT(options, gone, &result, &err), SH_E_INPUT);
    fixture_remove(dir);
}

static void a_row_without_its_key_is_rejected(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct fixture_row rows[] = {
        {L, "person=p1 institution=H1 encounter_key=m1 charged_amount=10"}, day_one[2], day_one[1]};
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), rows, &result, &err), &err);
    CHECK_I64(result.tables[L].rejected, 1);
    CHECK_I64(result.tables[L].rejected_fen, 1000);
    struct sh_lake *lake = NULL;
    CHECK_OK(sh_lake_open(dir, 0, &lake, &err), &err);
    CHECK(sh_lake_complete(lake, L, 0, 20454, 20454));
    CHECK(!sh_lake_complete(lake, L, 0, 20454, 20455));
    CHECK(!sh_lake_complete(lake, L, 7, 20454, 20454));
    struct sh_reader *reader = NULL;
    const struct sh_chunk *chunk = NULL;
    const struct sh_selection what = fixture_all();
    for (uint32_t b = 0; b < 4 && !chunk; b++) {
        sh_reader_close(reader);
        CHECK_OK(
            sh_reader_open(lake, &what, (struct sh_bucket_range){b, b + 1}, INT32_MAX, 10, &reader, &err),
            &err);
        CHECK_OK(sh_reader_next(reader, &chunk, &err), &err);
    }
    CHECK(sh_lake_encounter_lost_rows(
        lake, ((const int64_t *)chunk->tables[E].columns[sh_lake_column(E, "encounter_key")])[0]));
    sh_reader_close(reader);
    sh_lake_close(lake);
    fixture_remove(dir);
}

/* ---- nothing depends on threads
 * ---------------------------------------------------------------------------------- */

/* Lines of a made-up city as rows of the fixture, the same for the same seed. */
static void make_rows(struct fixture_row *rows, char texts[][256], size_t n, uint64_t seed) {
    struct sh_rng rng;
    sh_rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        const int64_t quantity = sh_rng_between(&rng, -1, 5);
        (void)snprintf(texts[i], 256,
                       "person=p%d institution=H%d encounter_key=m%d id=b%d item=X%d time=2026-01-%02d "
                       "unit_price=5 charged_quantity=%d "
                       "charged_amount=%d charged_covered=%d category=%d ordering_department=D%d",
                       (int)sh_rng_below(&rng, 40), (int)sh_rng_below(&rng, 3), (int)sh_rng_below(&rng, 12),
                       (int)sh_rng_below(&rng, 30), (int)sh_rng_below(&rng, 9),
                       1 + (int)sh_rng_below(&rng, 28), (int)quantity, (int)quantity * 5, (int)quantity * 4,
                       (int)sh_rng_below(&rng, 12), (int)sh_rng_below(&rng, 7));
        rows[i] = (struct fixture_row){L, texts[i]};
    }
}

static int by_kind(const void *a, const void *b) {
    const struct sh_lake_file *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return x->bucket_from == y->bucket_from ? 0 : x->bucket_from < y->bucket_from ? -1 : 1;
}

static void the_number_of_threads_changes_no_byte(void **state) {
    (void)state;
    enum { ROWS = 600 };
    static char texts[ROWS][256];
    static struct fixture_row rows[ROWS];
    make_rows(rows, texts, ROWS, check_seed(7));
    struct sh_lake_file files[2][32];
    size_t n[2] = {0, 0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    for (unsigned threads = 1; threads <= 2; threads++) {
        char dir[64];
        struct sh_import_result result;
        struct sh_err err;
        struct sh_manifest manifest;
        fixture_dir(dir);
        struct sh_import_options options = fixture_options(dir);
        options.threads = threads == 1 ? 1 : 3;
        CHECK_OK(fixture_import(options, rows, ROWS, &result, &err), &err);
        CHECK(result.tables[L].landed > 100 && result.tables[L].rejected > 10);
        CHECK_OK(sh_manifest_read(dir, 0, &arena, &manifest, &err), &err);
        n[threads - 1] = manifest.n_files;
        memcpy(files[threads - 1], manifest.files, manifest.n_files * sizeof(struct sh_lake_file));
        qsort(files[threads - 1], manifest.n_files, sizeof(struct sh_lake_file), by_kind);
        fixture_remove(dir);
    }
    CHECK_I64(n[0], n[1]);
    for (size_t i = 0; i < n[0]; i++) {
        CHECK_I64(files[0][i].rows, files[1][i].rows);
        CHECK_I64(files[0][i].size, files[1][i].size);
        CHECK_I64(files[0][i].hash.low, files[1][i].hash.low);
    }
}

/* ---- the reader says what DuckDB says
 * ------------------------------------------------------------------------------ */

static void the_reader_agrees_with_sql(void **state) {
    (void)state;
    enum { ROWS = 500 };
    static char texts[ROWS][256];
    static struct fixture_row rows[ROWS];
    char dir[64], sql[512];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    struct sh_import_options options = fixture_options(dir);
    for (int batch = 0; batch < 3; batch++) {
        make_rows(rows, texts, ROWS, check_seed(100) + (uint64_t)batch);
        options.known_day++;
        CHECK_OK(fixture_import(options, rows, ROWS, &result, &err), &err);
    }
    static const char *const names[] = {"bucket",         "person",           "time",    "id",
                                        "charged_amount", "charged_quantity", "category"};
    char *read = fixture_dump(dir, L, names, 7, INT32_MAX);
    SH_CLEANUP(sh_buf_free) struct sh_buf want = {0};
    const char *dirs[] = {dir};
    struct sh_duck *duck = NULL;
    CHECK_OK(sh_duck_open(dirs, 1, 1, (uint64_t)256 << 20, "", &duck, &err), &err);
    (void)snprintf(sql, sizeof sql,
                   "SELECT concat_ws('|', bucket, p.code, time, l.id, charged_amount, charged_quantity, "
                   "c.code) FROM read_parquet('%s/data/line/*') l "
                   "JOIN read_parquet('%s/dict/*person*') p ON p.id = l.person JOIN "
                   "read_parquet('%s/dict/*word*') c ON c.id = l.category "
                   "ORDER BY bucket, person, time, l.id",
                   dir, dir, dir);
    struct sh_scan scan = {0};
    CHECK_OK(sh_scan_open(sh_duck_connection(duck), sql, &scan, &err), &err);
    for (void *chunk = NULL;;) {
        CHECK_OK(sh_scan_next(&scan, &chunk, &err), &err);
        if (!chunk)
            break;
        const size_t n = duckdb_data_chunk_get_size(chunk);
        for (size_t i = 0; i < n; i++) {
            struct sh_str line;
            sh_chunk_copy(chunk, 0, SH_PSTR, i, 1, &line);
            (void)sh_buf_add_str(&want, line);
            (void)sh_buf_add_char(&want, '\n');
        }
        duckdb_data_chunk handle = chunk;
        duckdb_destroy_data_chunk(&handle);
    }
    sh_scan_close(&scan);
    CHECK(want.len > 10000);
    CHECK_TEXT(read, want.at);
    CHECK_CODE(sh_duck_run(duck, "SELECT * FROM read_csv('/etc/passwd')", &err), SH_E_IO);
    CHECK_CODE(sh_duck_run(duck, "SET enable_external_access = true", &err), SH_E_IO);
    CHECK_CODE(sh_duck_run(duck, "INSTALL excel", &err), SH_E_IO);
    sh_duck_close(duck);
    sh_free(read);
    fixture_remove(dir);
}

static void buckets_are_cut_into_ranges_without_gaps(void **state) {
    (void)state;
    static const uint32_t sizes[] = {0, 1, 2, 7, 64, 4096};
    static const size_t threads[] = {0, 1, 2, 3, 64};
    struct sh_bucket_range ranges[4096];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
            const struct sh_bucket_range all = {5, 5 + sizes[s]};
            const size_t n = sh_buckets_split(all, threads[t], ranges);
            uint32_t at = all.from;
            for (size_t i = 0; i < n; i++) {
                CHECK_I64(ranges[i].from, at);
                CHECK(ranges[i].to > at);
                CHECK(i == 0 || ranges[i].to - at <= ranges[i - 1].to - ranges[i - 1].from);
                at = ranges[i].to;
            }
            CHECK_I64(at, all.to);
            CHECK(threads[t] == 0 || n >= threads[t] || n == sizes[s]); /* work for everyone */
        }
}

static void buckets_that_are_not_there_are_refused(void **state) {
    (void)state;
    struct sh_err err;
    struct sh_import_result result;
    char dir[64];
    fixture_dir(dir);
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), day_one, &result, &err), &err);
    struct sh_lake *lake = NULL;
    CHECK_OK(sh_lake_open(dir, 0, &lake, &err), &err);
    const struct sh_selection what = fixture_all();
    static const struct sh_bucket_range bad[] = {{0, 5}, {4, 5}, {2, 2}, {3, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sh_reader *reader = NULL;
        CHECK_CODE(sh_reader_open(lake, &what, bad[i], INT32_MAX, 10, &reader, &err), SH_E_INPUT);
    }
    sh_lake_close(lake);
    fixture_remove(dir);
}

/* A manifest of another format than this program's is named, not guessed at. */
static void a_lake_of_another_format_is_refused(void **state) {
    (void)state;
    static const char body[] =
        "{\"format\":1,\"number\":1,\"buckets\":64,\"seed\":\"000000000000000b0000000000000016\","
        "\"batches\":[],\"files\":[]}";
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_manifest manifest;
    struct sh_err err;
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX], text[1024];
    CHECK_OK(sh_digest_of(SH_DIGEST_SHA256, body, strlen(body), digest, &err), &err);
    sh_hex(digest, sizeof digest, hex);
    (void)snprintf(text, sizeof text, "{\"body\":%s,\"sha256\":\"%s\"}\n", body, hex);
    CHECK_CODE(sh_manifest_parse("old", sh_str_of(text), &arena, &manifest, &err), SH_E_UNSUPPORTED);
    CHECK_HAS(err.message, "format 1");
    CHECK_HAS(err.message, "import");
}

CHECK_MAIN(cmocka_unit_test(a_lake_of_another_format_is_refused),
           cmocka_unit_test(buckets_are_cut_into_ranges_without_gaps),
           cmocka_unit_test(buckets_that_are_not_there_are_refused),
           cmocka_unit_test(rows_land_and_are_read_back), cmocka_unit_test(overlapping_extracts_repeat),
           cmocka_unit_test(a_correction_moves_a_line_and_a_withdrawal_removes_it),
           cmocka_unit_test(a_row_without_its_key_is_rejected),
           cmocka_unit_test(the_number_of_threads_changes_no_byte),
           cmocka_unit_test(the_reader_agrees_with_sql))
