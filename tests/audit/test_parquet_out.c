/* Goal: another reader (DuckDB) gets back cell by cell what was written: missing values, words and texts,
 * several row groups, every width of numbers of words; bad cells are refused by name. */
#include "../base/temp_dir.h"
#include "audit/parquet_out.h"
#include "base/limits.h"
#include "base/str.h"
#include <duckdb.h>
#include <string.h>

enum { FIELDS = 5 };
static const struct sh_parquet_field fields[FIELDS] = {{"number", SH_PARQUET_NUMBER},
                                                       {"day", SH_PARQUET_DAY},
                                                       {"money", SH_PARQUET_MONEY},
                                                       {"word", SH_PARQUET_WORD},
                                                       {"text", SH_PARQUET_TEXT}};

/* What row i says in each field, texts in room; `words`: how many different ones. */
static void make_row(uint32_t i, uint32_t words, char room[FIELDS][64], struct sh_str cells[FIELDS]) {
    static const char *const odd[] = {"", "'\"\\,\n", "守护", "=1+1", "x"};
    const uint32_t h = i * 2654435761u;
    (void)snprintf(room[0], 64, "%d", (int)(h >> 3) - 100000000);
    (void)snprintf(room[1], 64, "%04u-%02u-%02u", 1990 + h % 40, 1 + h % 12, 1 + h % 28);
    (void)snprintf(room[2], 64, "%s%u.%02u", h % 5 == 0 ? "-" : "", h, h % 100);
    (void)snprintf(room[3], 64, "词%u", i % 7 < 5 ? i / 40 % words : h % words); /* runs and single ones */
    (void)snprintf(room[4], 64, "%s%u", odd[h % 5], h % 1000);
    for (size_t c = 0; c < FIELDS; c++)
        cells[c] = (h >> (4 + 2 * c)) % 4 == 0 ? (struct sh_str){0} : sh_str_of(room[c]);
}

static sh_code write_rows(const char *path, uint32_t n, uint32_t words, struct sh_err *err) {
    struct sh_parquet_out *out = NULL;
    sh_code code = sh_parquet_out_open(path, fields, FIELDS, &out, err);
    for (uint32_t i = 0; code == SH_OK && i < n; i++) {
        char room[FIELDS][64];
        struct sh_str cells[FIELDS];
        make_row(i, words, room, cells);
        code = sh_parquet_out_row(out, cells, err);
    }
    if (code == SH_OK)
        code = sh_parquet_out_end(out, err);
    sh_parquet_out_free(out);
    return code;
}

static void query(const char *sql, duckdb_result *ret) {
    duckdb_database database;
    duckdb_connection connection;
    CHECK(duckdb_open(NULL, &database) == DuckDBSuccess);
    CHECK(duckdb_connect(database, &connection) == DuckDBSuccess);
    if (duckdb_query(connection, sql, ret) != DuckDBSuccess)
        printf("# %s\n", duckdb_result_error(ret));
    CHECK(!duckdb_result_error(ret));
    duckdb_disconnect(&connection);
    duckdb_close(&database);
}

static void check_rows(const char *path, uint32_t n, uint32_t words) {
    char sql[SH_PATH_BYTES_MAX + 200];
    duckdb_result result;
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM read_parquet('%s')", path);
    query(sql, &result);
    CHECK_I64(duckdb_row_count(&result), n);
    CHECK_I64(duckdb_column_type(&result, 0), DUCKDB_TYPE_INTEGER);
    CHECK_I64(duckdb_column_type(&result, 1), DUCKDB_TYPE_DATE);
    CHECK_I64(duckdb_column_type(&result, 2), DUCKDB_TYPE_DECIMAL);
    for (uint32_t i = 0; i < n; i++) {
        char room[FIELDS][64];
        struct sh_str cells[FIELDS];
        make_row(i, words, room, cells);
        for (size_t c = 0; c < FIELDS; c++) {
            char *text = duckdb_value_varchar(&result, c, i);
            if (cells[c].len == 0)
                CHECK(text == NULL);
            else
                CHECK(text && sh_str_eq(sh_str_of(text), cells[c]));
            duckdb_free(text);
        }
    }
    duckdb_destroy_result(&result);
}

static void another_reader_gets_every_cell_back(void **state) {
    (void)state;
    static const struct {
        uint32_t n, words;
    } cases[] = {{0, 1},    {1, 1},      {7, 1},     {9, 3},         {1000, 2},
                 {3000, 5}, {5000, 257}, {70000, 3}, {140000, 60000}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
        char path[SH_PATH_BYTES_MAX];
        struct sh_err err;
        CHECK_OK(write_rows(temp_path(&dir, "p.parquet", path), cases[i].n, cases[i].words, &err), &err);
        check_rows(path, cases[i].n, cases[i].words);
    }
}

/* Readers leave row groups out by the least and the greatest word: both must be true. */
static void the_range_of_words_is_told(void **state) {
    (void)state;
    struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
    char path[SH_PATH_BYTES_MAX], sql[SH_PATH_BYTES_MAX + 200];
    struct sh_err err;
    duckdb_result result;
    struct sh_parquet_out *out;
    CHECK_OK(sh_parquet_out_open(temp_path(&dir, "p.parquet", path), fields, FIELDS, &out, &err), &err);
    static const char *const words[] = {"b", "", "a", "c", "b"};
    for (size_t i = 0; i < 5; i++) {
        const struct sh_str cells[FIELDS] = {[3] = sh_str_of(words[i])};
        CHECK_OK(sh_parquet_out_row(out, cells, &err), &err);
    }
    CHECK_OK(sh_parquet_out_end(out, &err), &err);
    sh_parquet_out_free(out);
    (void)snprintf(
        sql, sizeof(sql),
        "SELECT stats_min_value || stats_max_value || stats_null_count FROM parquet_metadata('%s') WHERE "
        "path_in_schema = 'word'",
        path);
    query(sql, &result);
    char *text = duckdb_value_varchar(&result, 0, 0);
    CHECK(text != NULL);
    CHECK_TEXT(text, "ac1");
    duckdb_free(text);
    duckdb_destroy_result(&result);
}

static void cells_of_another_kind_are_refused_by_name(void **state) {
    (void)state;
    struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
    static const struct {
        size_t c;
        const char *text;
    } bad[] = {{0, "1.5"},        {0, "2147483648"}, {0, "x"},
               {1, "2026-02-30"}, {2, "1.005"},      {2, "10000000000000000.00"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[SH_PATH_BYTES_MAX];
        struct sh_err err;
        struct sh_parquet_out *out;
        struct sh_str cells[FIELDS] = {{0}};
        CHECK_OK(sh_parquet_out_open(temp_path(&dir, "p.parquet", path), fields, FIELDS, &out, &err), &err);
        cells[bad[i].c] = sh_str_of(bad[i].text);
        CHECK(sh_parquet_out_row(out, cells, &err) != SH_OK);
        CHECK_HAS(err.message, fields[bad[i].c].name);
        sh_parquet_out_free(out);
    }
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    struct sh_err err;
    CHECK_CODE(write_rows("/dev/full", 70000, 9, &err), SH_E_FULL);
    CHECK_CODE(write_rows("/nowhere/p.parquet", 1, 1, &err), SH_E_NOTFOUND);
}

CHECK_MAIN(cmocka_unit_test(another_reader_gets_every_cell_back),
           cmocka_unit_test(the_range_of_words_is_told),
           cmocka_unit_test(cells_of_another_kind_are_refused_by_name), cmocka_unit_test(a_full_disk_is_told))
