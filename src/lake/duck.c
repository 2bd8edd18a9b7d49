/* DuckDB as a guest: opened in memory, locked to given directories, never loading extensions. */
#include "base/limits.h"
#include "base/mem.h"
#include "lake/lake.h"
#include "lake/parquet.h"
#include <assert.h>
#include <duckdb.h>
#include <string.h>

struct sh_duck {
    duckdb_database database;
    duckdb_connection connection;
};

sh_code sh_duck_code(const char *message) {
    if (!message)
        return SH_E_IO;
    if (strstr(message, "No space left") || strstr(message, "File too large") ||
        strstr(message, "Disk quota"))
        return SH_E_FULL;
    if (strstr(message, "Out of Memory") || strstr(message, "memory limit"))
        return SH_E_NOMEM;
    return SH_E_IO;
}

sh_code sh_duck_query(void *connection, const char *sql, struct sh_err *err) {
    duckdb_result result;
    sh_code code = SH_OK;
    if (duckdb_query(connection, sql, &result) != DuckDBSuccess) {
        const char *message = duckdb_result_error(&result);
        code = sh_fail(err, sh_duck_code(message), "DuckDB: %.700s", message ? message : "unknown error");
    }
    duckdb_destroy_result(&result);
    return code;
}

void sh_sql_text(struct sh_buf *sql, struct sh_str text) {
    (void)sh_buf_add_char(sql, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\'')
            (void)sh_buf_add_char(sql, '\'');
        (void)sh_buf_add_char(sql, text.at[i]);
    }
    (void)sh_buf_add_char(sql, '\'');
}

void sh_sql_name(struct sh_buf *sql, const char *name) {
    (void)sh_buf_add_char(sql, '"');
    for (; *name; name++) {
        if (*name == '"')
            (void)sh_buf_add_char(sql, '"');
        (void)sh_buf_add_char(sql, *name);
    }
    (void)sh_buf_add_char(sql, '"');
}

static void settings(struct sh_buf *sql, const char *const *dirs, size_t n_dirs, unsigned threads,
                     uint64_t memory_bytes, const char *temp_dir) {
    (void)sh_buf_addf(sql, "SET threads=%u; SET preserve_insertion_order=true;", threads > 0 ? threads : 1);
    (void)sh_buf_add_text(sql, "SET autoinstall_known_extensions=false; SET autoload_known_extensions=false;"
                               "SET allow_community_extensions=false; SET parquet_metadata_cache=true;");
    if (memory_bytes > 0)
        (void)sh_buf_addf(sql, "SET memory_limit='%llu MiB';",
                          (unsigned long long)(memory_bytes >> 20 > 0 ? memory_bytes >> 20 : 1));
    (void)sh_buf_add_text(sql, "SET temp_directory=");
    sh_sql_text(sql, sh_str_of(temp_dir));
    (void)sh_buf_add_text(sql, "; SET allowed_directories=[");
    for (size_t i = 0; i < n_dirs; i++) {
        if (i > 0)
            (void)sh_buf_add_char(sql, ',');
        sh_sql_text(sql, sh_str_of(dirs[i]));
    }
    (void)sh_buf_add_text(sql, "]; SET enable_external_access=false; SET lock_configuration=true;");
}

sh_code sh_duck_open(const char *const *dirs, size_t n_dirs, unsigned threads, uint64_t memory_bytes,
                     const char *temp_dir, struct sh_duck **ret, struct sh_err *err) {
    assert(ret && (dirs || n_dirs == 0));
    const char *version = duckdb_library_version();
    if (strncmp(version, "v1.", 3) != 0)
        return sh_fail(err, SH_E_UNSUPPORTED, "DuckDB library is %.40s, need v1.x: run `make setup`",
                       version);
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    settings(&sql, dirs, n_dirs, threads, memory_bytes, temp_dir);
    SH_TRY(sh_buf_check(&sql, err));
    struct sh_duck *duck = sh_alloc_array(1, sizeof *duck);
    if (!duck)
        return sh_fail(err, SH_E_NOMEM, "no room to open DuckDB");
    char *message = NULL;
    duckdb_config config = NULL;
    sh_code code = SH_OK;
    if (duckdb_create_config(&config) != DuckDBSuccess ||
        duckdb_set_config(config, "threads", threads > 1 ? "2" : "1") != DuckDBSuccess ||
        duckdb_open_ext(NULL, &duck->database, config, &message) != DuckDBSuccess ||
        duckdb_connect(duck->database, &duck->connection) != DuckDBSuccess)
        code = sh_fail(err, SH_E_IO, "cannot open DuckDB: %.700s", message ? message : "unknown error");
    if (message)
        duckdb_free(message);
    duckdb_destroy_config(&config);
    if (code == SH_OK)
        code = sh_duck_query(duck->connection, sql.at, err);
    if (code != SH_OK) {
        sh_duck_close(duck);
        return code;
    }
    *ret = duck;
    return SH_OK;
}

void sh_duck_close(struct sh_duck *duck) {
    if (!duck)
        return;
    if (duck->connection)
        duckdb_disconnect(&duck->connection);
    if (duck->database)
        duckdb_close(&duck->database);
    sh_free(duck);
}

void *sh_duck_connection(struct sh_duck *duck) {
    return duck->connection;
}

sh_code sh_duck_connect(struct sh_duck *duck, void **ret, struct sh_err *err) {
    duckdb_connection connection = NULL;
    if (duckdb_connect(duck->database, &connection) != DuckDBSuccess)
        return sh_fail(err, SH_E_NOMEM, "DuckDB gives no further connection");
    *ret = connection;
    return SH_OK;
}

void sh_duck_disconnect(void **connection) {
    if (*connection)
        duckdb_disconnect((duckdb_connection *)connection);
}

sh_code sh_duck_run(struct sh_duck *duck, const char *sql, struct sh_err *err) {
    return sh_duck_query(duck->connection, sql, err);
}
