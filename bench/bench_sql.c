/*
 * Run SQL files on DuckDB, one after another in one instance, and say how long each took: the peer of the
 * benchmark. Opened as its own user would for speed, not as the lake opens it (locked, in order): the peer
 * gets its best. Tables a file's last statement returns are printed, cells separated by tabs. ${NAME} in the
 * text is replaced by the value of --set NAME=VALUE.
 *
 *   bench-sql [--threads N] [--memory-mb N] [--temp DIR] [--set NAME=VALUE]... FILE.sql...
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include <duckdb.h>
#include <inttypes.h>

enum { SETS_MAX = 32, SQL_BYTES_MAX = 1 << 20 };

struct run {
    const char *sets[SETS_MAX]; /* NAME=VALUE */
    size_t n_sets;
    const char *temp;
    unsigned threads;
    uint64_t memory_mb; /* 0: DuckDB's own choice */
};

struct instance {
    duckdb_database database;
    duckdb_connection connection;
};

static void instance_close(struct instance *at) {
    if (at->connection)
        duckdb_disconnect(&at->connection);
    if (at->database)
        duckdb_close(&at->database);
}

static sh_code query(struct instance *at, const char *what, const char *sql, duckdb_result *ret,
                     struct sh_err *err) {
    if (duckdb_query(at->connection, sql, ret) == DuckDBSuccess)
        return SH_OK;
    const char *why = duckdb_result_error(ret);
    const sh_code code = sh_fail(err, SH_E_INPUT, "%s: %s", what, why ? why : "failed");
    duckdb_destroy_result(ret);
    return code;
}

static sh_code instance_open(const struct run *run, struct instance *at, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    sh_buf_addf(&sql,
                "SET threads = %u; SET preserve_insertion_order = false; SET parquet_metadata_cache = true;",
                run->threads);
    if (run->memory_mb)
        sh_buf_addf(&sql, "SET memory_limit = '%" PRIu64 " MiB';", run->memory_mb);
    if (run->temp)
        sh_buf_addf(&sql, "SET temp_directory = '%s';", run->temp);
    SH_TRY(sh_buf_check(&sql, err));
    if (duckdb_open(NULL, &at->database) != DuckDBSuccess ||
        duckdb_connect(at->database, &at->connection) != DuckDBSuccess)
        return sh_fail(err, SH_E_IO, "cannot open DuckDB");
    duckdb_result result;
    SH_TRY(query(at, "settings", sql.at, &result, err));
    duckdb_destroy_result(&result);
    return SH_OK;
}

/* The value of NAME, or an empty view with at NULL. */
static struct sh_str value_of(const struct run *run, struct sh_str name) {
    for (size_t i = 0; i < run->n_sets; i++) {
        const struct sh_str set = sh_str_of(run->sets[i]);
        if (set.len > name.len && set.at[name.len] == '=' && memcmp(set.at, name.at, name.len) == 0)
            return sh_str_sub(set, name.len + 1, set.len);
    }
    return (struct sh_str){0};
}

static sh_code substitute(const struct run *run, const char *file, struct sh_str text, struct sh_buf *ret,
                          struct sh_err *err) {
    for (size_t at = 0; at < text.len;) {
        const struct sh_str rest = sh_str_sub(text, at, text.len);
        const size_t begin = sh_str_find(rest, SH_STR("${"));
        if (begin == SH_STR_NONE) {
            sh_buf_add_str(ret, rest);
            break;
        }
        const size_t end = sh_str_find_char(sh_str_sub(rest, begin, rest.len), '}');
        if (end == SH_STR_NONE)
            return sh_fail(err, SH_E_INPUT, "%s: '${' without '}'", file);
        const struct sh_str name = sh_str_sub(rest, begin + 2, end - 2), value = value_of(run, name);
        if (!value.at)
            return sh_fail(err, SH_E_INPUT, "%s: nothing set for ${%.*s}; give --set %.*s=VALUE", file,
                           SH_ARG(name), SH_ARG(name));
        sh_buf_add_str(ret, sh_str_sub(rest, 0, begin));
        sh_buf_add_str(ret, value);
        at += begin + end + 1;
    }
    return sh_buf_check(ret, err);
}

static void print_result(duckdb_result *result) {
    const idx_t columns = duckdb_column_count(result), rows = duckdb_row_count(result);
    if (duckdb_result_return_type(*result) != DUCKDB_RESULT_TYPE_QUERY_RESULT)
        return;
    for (idx_t r = 0; r < rows; r++) {
        for (idx_t c = 0; c < columns; c++) {
            char *text = duckdb_value_varchar(result, c, r);
            printf("%s%s", c ? "\t" : "", text ? text : "");
            duckdb_free(text);
        }
        putchar('\n');
    }
}

static sh_code run_file(const struct run *run, struct instance *at, const char *file, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_str text;
    SH_TRY(sh_fs_read(file, SQL_BYTES_MAX, &arena, &text, err));
    SH_TRY(substitute(run, file, text, &sql, err));
    const int64_t begin = sh_monotonic_ns();
    duckdb_result result;
    SH_TRY(query(at, file, sql.at, &result, err));
    const int64_t us = (sh_monotonic_ns() - begin) / 1000;
    print_result(&result);
    duckdb_destroy_result(&result);
    const struct sh_str base = sh_str_of(sh_path_base(file));
    const size_t stem = sh_str_ends_with(base, SH_STR(".sql")) ? base.len - 4 : base.len;
    printf("sql\t%.*s\t%" PRId64 ".%06" PRId64 "\n", (int)stem, base.at, us / 1000000, us % 1000000);
    fflush(stdout);
    return SH_OK;
}

static sh_code number(const char *text, uint64_t max, uint64_t *ret, struct sh_err *err) {
    char *end = NULL;
    const unsigned long long value = text ? strtoull(text, &end, 10) : 0;
    if (!text || end == text || *end || value > max)
        return sh_fail(err, SH_E_INPUT, "'%s' is no number up to %" PRIu64, text ? text : "", max);
    *ret = value;
    return SH_OK;
}

static sh_code arguments(int argc, char **argv, struct run *run, int *ret_first_file, struct sh_err *err) {
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t n = 0;
        if (!value)
            return sh_fail(err, SH_E_INPUT, "%s wants a value", name);
        if (strcmp(name, "--threads") == 0) {
            SH_TRY(number(value, 1024, &n, err));
            run->threads = (unsigned)n;
        } else if (strcmp(name, "--memory-mb") == 0) {
            SH_TRY(number(value, 1 << 24, &n, err));
            run->memory_mb = n;
        } else if (strcmp(name, "--temp") == 0) {
            run->temp = value;
        } else if (strcmp(name, "--set") == 0 && run->n_sets < SETS_MAX) {
            run->sets[run->n_sets++] = value;
        } else {
            return sh_fail(err, SH_E_INPUT, "unknown or too many: %s", name);
        }
    }
    *ret_first_file = i;
    return i < argc ? SH_OK : sh_fail(err, SH_E_INPUT, "no SQL file given");
}

static sh_code run_all(int argc, char **argv, struct sh_err *err) {
    struct run run = {.threads = 2};
    int first = 0;
    SH_TRY(arguments(argc, argv, &run, &first, err));
    SH_CLEANUP(instance_close) struct instance instance = {0};
    SH_TRY(instance_open(&run, &instance, err));
    for (int i = first; i < argc; i++)
        SH_TRY(run_file(&run, &instance, argv[i], err));
    return SH_OK;
}

int main(int argc, char **argv) {
    struct sh_err err = {0};
    if (run_all(argc, argv, &err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-sql: %s\n", err.message);
    return 1;
}
