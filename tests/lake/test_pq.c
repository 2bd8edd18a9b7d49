/* Goal: our reading of Parquet gives what DuckDB gives, for every encoding and codec our files have, and says
 * so where a file does not fit, whatever its bytes. */
#include "check.h"
#include "base/fs.h"
#include "base/rng.h"
#include "lake/parquet.h"
#include "lake/pq_scan.h"
#include <duckdb.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { COLUMNS = 12 };

/* What values a column has: a kind and how often it is empty. */
enum kind { CONSTANT, FEW, MANY, RISING, FALLING, WILD };
struct pattern {
    const char *name;
    sh_physical physical;
    enum kind kind;
    uint32_t empty; /* of 16 */
};
static const struct pattern patterns[COLUMNS] = {
    {"a", SH_P32, CONSTANT, 0}, {"b", SH_P32, FEW, 3},       {"c", SH_P32, RISING, 0},
    {"d", SH_P32, WILD, 8},     {"e", SH_P64, FEW, 0},       {"f", SH_P64, RISING, 1},
    {"g", SH_P64, WILD, 0},     {"h", SH_P64, CONSTANT, 16}, {"i", SH_P8, FEW, 2},
    {"j", SH_PSTR, FEW, 5},     {"k", SH_PSTR, MANY, 0},     {"l", SH_PSTR, WILD, 4},
};

static int64_t number(enum kind kind, size_t row, struct sh_rng *rng) {
    switch (kind) {
    case CONSTANT:
        return 7;
    case FEW:
        return (int64_t)sh_rng_below(rng, 40) - 20;
    case RISING:
        return 1000 + (int64_t)row * 3 + (int64_t)sh_rng_below(rng, 5);
    case FALLING:
    case MANY:
        return (int64_t)sh_rng_below(rng, 1 << 30);
    case WILD:
    default:
        return (int64_t)sh_rng_next(rng) | 1;
    }
}

struct table {
    struct sh_arena arena;
    size_t n;
    struct sh_parquet_column columns[COLUMNS];
};

static void fill(const struct pattern *pattern, size_t n, void *to, struct sh_arena *arena,
                 struct sh_rng *rng) {
    for (size_t i = 0; i < n; i++) {
        const bool is_empty = sh_rng_below(rng, 16) < pattern->empty;
        const int64_t v = number(pattern->kind, i, rng);
        if (pattern->physical == SH_P8)
            ((int8_t *)to)[i] = is_empty ? SH_MISSING_I8 : (int8_t)(v % 100);
        else if (pattern->physical == SH_P32)
            ((int32_t *)to)[i] =
                is_empty ? SH_MISSING_I32 : (int32_t)(v & INT32_MAX) - (int32_t)(v >> 62 & 1);
        else if (pattern->physical == SH_P64)
            ((int64_t *)to)[i] = is_empty ? SH_MISSING : v;
        else if (is_empty)
            ((struct sh_str *)to)[i] = (struct sh_str){0};
        else {
            size_t len;
            const bool is_long = pattern->kind == WILD && v % 3 == 0;
            const char *text =
                is_long ? sh_arena_printf(arena, &len, "流水 %" PRIx64 "-%0*d", (uint64_t)v, (int)(v & 31), 1)
                        : sh_arena_printf(arena, &len, "%" PRIx64, (uint64_t)v);
            ((struct sh_str *)to)[i] = (struct sh_str){text, len};
        }
    }
}

static void make_table(struct table *table, size_t n, uint64_t seed) {
    struct sh_rng rng;
    sh_rng_seed(&rng, seed);
    *table = (struct table){.n = n};
    for (size_t c = 0; c < COLUMNS; c++) {
        void *to = sh_arena_alloc_array(&table->arena, n + 1, 16, 16);
        assert_non_null(to);
        fill(&patterns[c], n, to, &table->arena, &rng);
        table->columns[c] = (struct sh_parquet_column){patterns[c].name, patterns[c].physical, to};
    }
}

static void compare(const struct table *table, size_t first, size_t c, const void *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const void *want = table->columns[c].data;
        if (patterns[c].physical == SH_P8)
            CHECK_I64(((const int8_t *)values)[i], ((const int8_t *)want)[first + i]);
        else if (patterns[c].physical == SH_P32)
            CHECK_I64(((const int32_t *)values)[i], ((const int32_t *)want)[first + i]);
        else if (patterns[c].physical == SH_P64)
            CHECK_I64(((const int64_t *)values)[i], ((const int64_t *)want)[first + i]);
        else
            CHECK(sh_str_eq(((const struct sh_str *)values)[i], ((const struct sh_str *)want)[first + i]));
    }
}

static void read_and_compare(const struct table *table, const char *path) {
    struct sh_err err;
    SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
    struct sh_pq_wanted wanted[COLUMNS];
    size_t done = 0;
    for (size_t c = 0; c < COLUMNS; c++)
        wanted[c] = (struct sh_pq_wanted){patterns[COLUMNS - 1 - c].name, patterns[COLUMNS - 1 - c].physical};
    CHECK_OK(sh_pq_scan_open(&scan, (const char *const[]){path}, 1, wanted, COLUMNS, &err), &err);
    for (uint32_t n;;) {
        CHECK_OK(sh_pq_scan_next(&scan, &n, &err), &err);
        if (n == 0)
            break;
        for (size_t c = 0; c < COLUMNS; c++)
            compare(table, done, COLUMNS - 1 - c, scan.batch[c], n);
        done += n;
    }
    CHECK_I64(done, table->n);
}

static void open_duck(const char *dir, struct sh_duck **duck) {
    struct sh_err err;
    CHECK_OK(sh_duck_open((const char *const[]){dir}, 1, 1, (uint64_t)512 << 20, dir, duck, &err), &err);
    CHECK_OK(sh_parquet_register(*duck, &err), &err);
}

static void make_dir(char dir[64]) {
    (void)snprintf(dir, 64, "/tmp/shouhu-pq-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void values_come_back_in_every_encoding_and_codec(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 2047, 2048, 2049, 30000};
    static const char *const options[] = {
        "COMPRESSION lz4_raw, PARQUET_VERSION v2", "COMPRESSION lz4_raw, PARQUET_VERSION v1",
        "COMPRESSION zstd, PARQUET_VERSION v2", "COMPRESSION uncompressed, PARQUET_VERSION v2",
        "COMPRESSION uncompressed, PARQUET_VERSION v1, DICTIONARY_SIZE_LIMIT 1"};
    const uint64_t seed = check_seed(11);
    char dir[64], path[128], again[128], sql[512];
    struct sh_duck *duck = NULL;
    struct sh_err err;
    make_dir(dir);
    open_duck(dir, &duck);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct table table;
        make_table(&table, sizes[s], seed + s);
        (void)snprintf(path, sizeof path, "%s/%zu.parquet", dir, s);
        const struct sh_parquet_rows rows = {
            .columns = table.columns, .n_columns = COLUMNS, .n_rows = table.n};
        CHECK_OK(sh_parquet_write(sh_duck_connection(duck), &rows, path, 8192, &err), &err);
        read_and_compare(&table, path);
        for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
            (void)snprintf(again, sizeof again, "%s/%zu-%zu.parquet", dir, s, o);
            (void)snprintf(
                sql, sizeof sql,
                "COPY (SELECT * FROM read_parquet('%s')) TO '%s' (FORMAT parquet, %s, ROW_GROUP_SIZE 6144)",
                path, again, options[o]);
            CHECK_OK(sh_duck_run(duck, sql, &err), &err);
            read_and_compare(&table, again);
        }
        sh_arena_free(&table.arena);
    }
    sh_duck_close(duck);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

/* Row groups outside of the range are not read; what comes is all that lies within, in order, over many
 * files. */
static void row_groups_out_of_range_are_left_out(void **state) {
    (void)state;
    char dir[64], paths[3][128];
    struct sh_duck *duck = NULL;
    struct sh_err err;
    make_dir(dir);
    open_duck(dir, &duck);
    enum { ROWS = 20000 };
    static int32_t bucket[ROWS];
    for (int f = 0; f < 3; f++) {
        for (int i = 0; i < ROWS; i++)
            bucket[i] = f * 100 + i / 200;
        (void)snprintf(paths[f], sizeof paths[f], "%s/%d.parquet", dir, f);
        const struct sh_parquet_column column = {"bucket", SH_P32, bucket};
        const struct sh_parquet_rows rows = {.columns = &column, .n_columns = 1, .n_rows = ROWS};
        CHECK_OK(sh_parquet_write(sh_duck_connection(duck), &rows, paths[f], 2048, &err), &err);
    }
    SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
    const struct sh_pq_wanted wanted = {"bucket", SH_P32};
    CHECK_OK(sh_pq_scan_open(&scan, (const char *const[]){paths[0], paths[1], paths[2]}, 3, &wanted, 1, &err),
             &err);
    sh_pq_scan_range(&scan, 0, 95, 203);
    size_t all = 0, within = 0;
    int32_t last = 0;
    for (uint32_t n = 1; n > 0;) {
        CHECK_OK(sh_pq_scan_next(&scan, &n, &err), &err);
        for (uint32_t i = 0; i < n; i++) {
            const int32_t b = ((const int32_t *)scan.batch[0])[i];
            CHECK(b >= last);
            last = b;
            within += b >= 95 && b < 203;
        }
        all += n;
    }
    CHECK_I64(within, (size_t)(203 - 95) * 200);
    CHECK(all < within + 4 * 2048);
    sh_duck_close(duck);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

/* The first columns of a file, to the end. */
static sh_code read_all(const char *path, size_t n_columns, struct sh_err *err) {
    SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
    struct sh_pq_wanted wanted[COLUMNS];
    for (size_t c = 0; c < n_columns; c++)
        wanted[c] = (struct sh_pq_wanted){patterns[c].name, patterns[c].physical};
    SH_TRY(sh_pq_scan_open(&scan, (const char *const[]){path}, 1, wanted, n_columns, err));
    for (uint32_t n = 1; n > 0;)
        SH_TRY(sh_pq_scan_next(&scan, &n, err));
    return SH_OK;
}

/* Flipped bytes and cut files: an error that names the file, or other values; never a crash. */
static void damaged_files_are_refused_or_read(void **state) {
    (void)state;
    char dir[64], path[128], bad[128];
    struct sh_duck *duck = NULL;
    struct sh_err err;
    struct sh_rng rng;
    struct table table;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str whole;
    sh_rng_seed(&rng, check_seed(3));
    make_dir(dir);
    open_duck(dir, &duck);
    make_table(&table, 5000, 99);
    (void)snprintf(path, sizeof path, "%s/good.parquet", dir);
    (void)snprintf(bad, sizeof bad, "%s/bad.parquet", dir);
    const struct sh_parquet_rows rows = {.columns = table.columns, .n_columns = COLUMNS, .n_rows = table.n};
    CHECK_OK(sh_parquet_write(sh_duck_connection(duck), &rows, path, 2048, &err), &err);
    CHECK_OK(sh_fs_read(path, (size_t)64 << 20, &arena, &whole, &err), &err);
    char *copy = sh_arena_alloc(&arena, whole.len, 1);
    size_t refused = 0;
    for (int round = 0; round < 1500; round++) {
        memcpy(copy, whole.at, whole.len);
        size_t n = whole.len;
        if (round % 10 == 0)
            n = sh_rng_below(&rng, (uint32_t)whole.len);
        for (uint32_t k = 0; k < 1 + sh_rng_below(&rng, 4) && n > 0; k++) {
            const bool in_footer = sh_rng_below(&rng, 2) == 0 && n > 4000;
            const size_t at = in_footer ? n - 1 - sh_rng_below(&rng, 4000) : sh_rng_below(&rng, (uint32_t)n);
            copy[at] = (char)sh_rng_below(&rng, 256);
        }
        FILE *file = fopen(bad, "wb");
        assert_non_null(file);
        CHECK_I64(fwrite(copy, 1, n, file), n);
        CHECK_I64(fclose(file), 0);
        const sh_code code = read_all(bad, COLUMNS, &err);
        refused += code != SH_OK;
        if (code != SH_OK) {
            CHECK(code == SH_E_CORRUPT || code == SH_E_LIMIT || code == SH_E_NOMEM);
            CHECK_HAS(err.message, "bad.parquet");
        }
    }
    CHECK(refused > 300);
    CHECK_CODE(read_all(dir, COLUMNS, &err), SH_E_IO);
    sh_arena_free(&table.arena);
    sh_duck_close(duck);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

static void files_of_other_shape_are_refused(void **state) {
    (void)state;
    char dir[64], path[128], sql[512];
    struct sh_duck *duck = NULL;
    struct sh_err err;
    static const struct {
        const char *select, *why;
    } cases[] = {{"SELECT 1::INTEGER AS x", "has no column a"},
                 {"SELECT [1] AS a", "footer"},
                 {"SELECT 'text' AS a", "another type"},
                 {"SELECT 1::BIGINT AS a", "another type"}};
    make_dir(dir);
    open_duck(dir, &duck);
    (void)snprintf(path, sizeof path, "%s/x.parquet", dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(sql, sizeof sql, "COPY (%s) TO '%s' (FORMAT parquet)", cases[i].select, path);
        CHECK_OK(sh_duck_run(duck, sql, &err), &err);
        CHECK_CODE(read_all(path, 1, &err), SH_E_CORRUPT);
        CHECK_HAS(err.message, cases[i].why);
    }
    sh_duck_close(duck);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

/* Whoever leaves columns for later gets their values for the rows asked for, some passed by, over batches,
 * row groups and files. */
static void late_columns_give_the_rows_that_are_asked_for(void **state) {
    enum { ROWS = 9000 };
    static int32_t bucket[ROWS];
    static int64_t number[ROWS], got[ROWS];
    static struct sh_str text[ROWS], texts_got[ROWS];
    char dir[64], paths[2][128];
    struct sh_duck *duck = NULL;
    struct sh_err err;
    struct sh_rng rng;
    (void)state;
    sh_rng_seed(&rng, 7);
    make_dir(dir);
    open_duck(dir, &duck);
    for (int f = 0; f < 2; f++) {
        for (int i = 0; i < ROWS; i++) {
            bucket[i] = i, number[i] = i % 5 == 0 ? SH_MISSING : (int64_t)f * ROWS + i;
            text[i] = i % 3 == 0 ? SH_STR("three") : SH_STR("no");
        }
        (void)snprintf(paths[f], sizeof paths[f], "%s/%d.parquet", dir, f);
        const struct sh_parquet_column columns[] = {
            {"bucket", SH_P32, bucket}, {"number", SH_P64, number}, {"text", SH_PSTR, text}};
        const struct sh_parquet_rows rows = {.columns = columns, .n_columns = 3, .n_rows = ROWS};
        CHECK_OK(sh_parquet_write(sh_duck_connection(duck), &rows, paths[f], 4096, &err), &err);
    }
    SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
    const struct sh_pq_wanted wanted[] = {{"bucket", SH_P32}, {"number", SH_P64}, {"text", SH_PSTR}};
    CHECK_OK(sh_pq_scan_open(&scan, (const char *const[]){paths[0], paths[1]}, 2, wanted, 3, &err), &err);
    CHECK_OK(sh_pq_scan_late(&scan, (const bool[]){false, true, true}, &err), &err);
    size_t all = 0;
    for (uint32_t n = 1; n > 0; all += n) {
        CHECK_OK(sh_pq_scan_next(&scan, &n, &err), &err);
        for (uint32_t from = 0; from < n;) {
            const uint32_t begin = from + (uint32_t)sh_rng_below(&rng, n - from + 1);
            const uint32_t end = begin + (uint32_t)sh_rng_below(&rng, n - begin + 1);
            if (sh_rng_below(&rng, 4) == 0)
                break; /* the rest of the batch is passed by */
            CHECK_OK(sh_pq_scan_take(&scan, begin, end, (void *const[]){NULL, got, texts_got}, &err), &err);
            for (uint32_t i = begin; i < end; i++) {
                const int32_t b = ((const int32_t *)scan.batch[0])[i];
                CHECK_I64(got[i - begin], b % 5 == 0 ? SH_MISSING : (int64_t)(all + i));
                CHECK(sh_str_is(texts_got[i - begin], b % 3 == 0 ? "three" : "no"));
            }
            from = end + 1;
        }
    }
    CHECK_I64(all, 2 * ROWS);
    sh_duck_close(duck);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

/* Twins: eight at a time and one at a time, for every width, offset and number of values. */
static void packed_bits_and_dictionaries_are_read_alike_by_both_twins(void **state) {
    enum { N = 67 };
    uint8_t bits[(32 * N) / 8 + 8 + SH_PQ_PAD];
    struct sh_rng rng;
    (void)state;
    sh_rng_seed(&rng, 20261127);
    for (size_t i = 0; i < sizeof bits; i++)
        bits[i] = (uint8_t)sh_rng_next(&rng);
    for (unsigned width = 0; width <= SH_PQ_WIDTH_AVX2 && sh_pq_has_avx2(); width++)
        for (uint64_t offset = 0; offset < 16; offset++)
            for (uint32_t n = 0; n <= N; n++) {
                uint32_t a[N + 1] = {0}, b[N + 1] = {0};
                CHECK_I64(sh_pq_unpack_scalar(bits, offset, width, a, n),
                          sh_pq_unpack_avx2(bits, offset, width, b, n));
                assert_memory_equal(a, b, sizeof a);
            }
    int32_t narrow[N], narrow_got[N];
    int64_t wide[N], wide_got[N];
    uint32_t index[N];
    for (uint32_t i = 0; i < N; i++) {
        narrow[i] = (int32_t)sh_rng_next(&rng), wide[i] = (int64_t)sh_rng_next(&rng);
        index[i] = (uint32_t)(sh_rng_next(&rng) % N);
    }
    for (uint32_t n = 0; n <= N; n++) {
        sh_pq_look_up_32(narrow, index, narrow_got, n);
        sh_pq_look_up_64(wide, index, wide_got, n);
        for (uint32_t i = 0; i < n; i++) {
            CHECK_I64(narrow_got[i], narrow[index[i]]);
            CHECK_I64(wide_got[i], wide[index[i]]);
        }
    }
}

CHECK_MAIN(cmocka_unit_test(late_columns_give_the_rows_that_are_asked_for),
           cmocka_unit_test(packed_bits_and_dictionaries_are_read_alike_by_both_twins),
           cmocka_unit_test(values_come_back_in_every_encoding_and_codec),
           cmocka_unit_test(row_groups_out_of_range_are_left_out),
           cmocka_unit_test(damaged_files_are_refused_or_read),
           cmocka_unit_test(files_of_other_shape_are_refused))
