/* SQLite: WAL, every commit synced, freed pages overwritten. */
#include "store/inner.h"
#include "base/limits.h"
#include "base/mem.h"
#include <limits.h>
#include <sqlite3.h>

static sh_code fail(struct sh_db *db, int result, const char *what, struct sh_err *err) {
    const char *message = db->lite ? sqlite3_errmsg(db->lite) : sqlite3_errstr(result);
    db->must_retry = false;
    switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
        return sh_fail(err, SH_E_CONFLICT, "%s: %s", what, message);
    case SQLITE_FULL:
        return sh_fail(err, SH_E_FULL, "%s: %s", what, message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        db->must_retry = true;
        return sh_fail(err, SH_E_BUSY, "%s: %s", what, message);
    case SQLITE_NOMEM:
        return sh_fail(err, SH_E_NOMEM, "%s: %s", what, message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return sh_fail(err, SH_E_CORRUPT, "%s: %s", what, message);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return sh_fail(err, SH_E_IO, "%s: %s", what, message);
    case SQLITE_TOOBIG:
        return sh_fail(err, SH_E_LIMIT, "%s: %s", what, message);
    default:
        return sh_fail(err, SH_E_INTERNAL, "%s: %s", what, message);
    }
}

sh_code sh_db_lite_exec(struct sh_db *db, const char *sql, struct sh_err *err) {
    const int result = sqlite3_exec(db->lite, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? SH_OK : fail(db, result, "database", err);
}

/* Nobody asks SQLite how much memory it has: counting takes a lock at each allocation. */
static void set_up(void) {
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused when it runs already: then it counts */
}

sh_code sh_db_open_lite(const char *path, bool read_only, bool create, struct sh_db *ret,
                        struct sh_err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sh_db db = {0};
    (void)pthread_once(&once, set_up);
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    const int result = sqlite3_open_v2(path, &db.lite, flags, NULL);
    sh_code code = result == SQLITE_OK ? SH_OK : fail(&db, result, path, err);
    if (code == SH_OK) {
        (void)sqlite3_busy_timeout(db.lite, 10000);
        (void)sqlite3_extended_result_codes(db.lite, 1);
        (void)sqlite3_db_config(db.lite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void)sqlite3_limit(db.lite, SQLITE_LIMIT_ATTACHED, 0);
        code = sh_db_lite_exec(
            &db,
            "pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;"
            "pragma foreign_keys = on; pragma trusted_schema = off; pragma temp_store = memory;"
            "pragma cell_size_check = on;",
            err);
    }
    /* The writer's holds the pages that a bulk act of 5,000 scattered rows touches among a million (some
     * 400 MB), else they are read and written twice. KiB, a bound: taken as needed. */
    if (code == SH_OK)
        code = sh_db_lite_exec(&db, read_only ? "pragma cache_size = -32768" : "pragma cache_size = -524288",
                               err);
    if (code == SH_OK && read_only)
        code = sh_db_lite_exec(&db, "pragma query_only = on", err);
    if (code != SH_OK) {
        sh_db_close(&db);
        return sh_err_wrap(err, code, "%s", path);
    }
    *ret = db;
    return SH_OK;
}

static struct sh_value borrow(sqlite3_value *value) {
    const int type = sqlite3_value_type(value);
    if (type == SQLITE_INTEGER)
        return SH_I64(sqlite3_value_int64(value));
    if (type == SQLITE_NULL)
        return SH_NULL;
    const char *at =
        type == SQLITE_TEXT ? (const char *)sqlite3_value_text(value) : sqlite3_value_blob(value);
    const struct sh_str bytes = sh_bytes_of(at, (size_t)sqlite3_value_bytes(value));
    return type == SQLITE_TEXT ? SH_TEXT(bytes) : SH_BYTES(bytes);
}

static void row_seal(sqlite3_context *context, int n, sqlite3_value **values) {
    struct sh_row_key *key = sqlite3_user_data(context);
    struct sh_value cells[SH_SEALED_COLUMNS_MAX];
    uint8_t seal[SH_ROW_SEAL];
    if (n < 2 || n - 2 > SH_SEALED_COLUMNS_MAX) {
        sqlite3_result_error(context, "row_seal: too many columns", -1);
        return;
    }
    if (!key->is_set) {
        sqlite3_result_value(context, values[0]);
        return;
    }
    for (int i = 2; i < n; i++)
        cells[i - 2] = borrow(values[i]);
    if (sh_row_seal(key, borrow(values[1]).str, cells, (size_t)n - 2, seal, NULL) != SH_OK)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_blob(context, seal, sizeof seal, SQLITE_TRANSIENT);
}

sh_code sh_db_lite_sealer(struct sh_db *db, struct sh_row_key *key, struct sh_err *err) {
    const int result = sqlite3_create_function_v2(db->lite, "row_seal", -1, SQLITE_UTF8 | SQLITE_INNOCUOUS,
                                                  key, row_seal, NULL, NULL, NULL);
    return result == SQLITE_OK ? SH_OK : fail(db, result, "row_seal", err);
}

enum { LOG_PAGES = 1000 }; /* SQLite's own measure */

static int note_log(void *ctx, sqlite3 *lite, const char *name, int pages) {
    struct sh_db *db = ctx;
    (void)lite, (void)name;
    db->log_pages = pages;
    return SQLITE_OK;
}

void sh_db_keep_log(struct sh_db *db) {
    if (db->lite)
        (void)sqlite3_wal_hook(db->lite, note_log, db); /* in the place of the one that empties at once */
}

void sh_db_empty_log(struct sh_db *db) {
    if (!db->lite || db->log_pages < LOG_PAGES)
        return;
    db->log_pages = 0;
    (void)sqlite3_wal_checkpoint_v2(db->lite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* $n of the house to ?n of SQLite, whose own $n are names numbered by first sight; not within quotes. */
static sh_code translate(const char *sql, struct sh_buf *out, struct sh_err *err) {
    char quote = '\0';
    for (const char *at = sql; *at; at++) {
        if (quote)
            quote = *at == quote ? '\0' : quote;
        else if (*at == '\'' || *at == '"')
            quote = *at;
        (void)sh_buf_add_char(out, *at == '$' && !quote ? '?' : *at);
    }
    return sh_buf_check(out, err);
}

static sh_code prepare(struct sh_db *db, struct sh_db_statement *statement, struct sh_err *err) {
    /* The key of the cache is the text, a line break, and nothing behind it for SQLite. */
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    const size_t len = strlen(statement->text);
    sh_check(len > 0 && statement->text[len - 1] == '\n');
    SH_TRY(translate(statement->text, &text, err));
    const int result = sqlite3_prepare_v3(db->lite, text.at, (int)text.len, SQLITE_PREPARE_PERSISTENT,
                                          (sqlite3_stmt **)&statement->lite, NULL);
    if (result != SQLITE_OK)
        return fail(db, result, statement->text, err);
    if (!statement->lite)
        return sh_fail(err, SH_E_INTERNAL, "an empty statement");
    statement->is_prepared = true;
    return SH_OK;
}

static int bind_one(sqlite3_stmt *statement, int at, const struct sh_value *value) {
    const char *bytes = value->str.at ? value->str.at : "";
    switch (value->kind) {
    case SH_VALUE_I64:
        return sqlite3_bind_int64(statement, at, value->i64);
    case SH_VALUE_TEXT:
        return sqlite3_bind_text64(statement, at, bytes, value->str.len, SQLITE_STATIC, SQLITE_UTF8);
    case SH_VALUE_BYTES:
        return sqlite3_bind_blob64(statement, at, bytes, value->str.len, SQLITE_STATIC);
    case SH_VALUE_NULL:
    default:
        return sqlite3_bind_null(statement, at);
    }
}

static sh_code copy_cell(sqlite3_stmt *statement, int column, struct sh_arena *arena, struct sh_value *ret,
                         struct sh_err *err) {
    const int type = sqlite3_column_type(statement, column);
    if (type == SQLITE_NULL) {
        *ret = SH_NULL;
        return SH_OK;
    }
    if (type == SQLITE_INTEGER) {
        *ret = SH_I64(sqlite3_column_int64(statement, column));
        return SH_OK;
    }
    if (type == SQLITE_FLOAT)
        return sh_fail(err, SH_E_INTERNAL, "column %d is a real number; there are none in our SQL",
                       column + 1);
    const char *at = type == SQLITE_TEXT ? (const char *)sqlite3_column_text(statement, column)
                                         : sqlite3_column_blob(statement, column);
    const size_t len = (size_t)sqlite3_column_bytes(statement, column);
    char *copy = sh_arena_dup(arena, at, len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for a value of %zu bytes", len);
    const struct sh_str text = {copy, len};
    *ret = type == SQLITE_TEXT ? SH_TEXT(text) : SH_BYTES(text);
    return SH_OK;
}

static sh_code step_all(struct sh_db *db, sqlite3_stmt *statement, struct sh_arena *arena,
                        struct sh_rows *rows, struct sh_err *err) {
    const int columns = sqlite3_column_count(statement);
    struct sh_rows_maker maker = {.arena = arena, .n_columns = (size_t)columns};
    for (;;) {
        const int result = sqlite3_step(statement);
        if (result == SQLITE_DONE)
            break;
        if (result != SQLITE_ROW)
            return fail(db, result, "statement", err);
        if (!rows)
            continue;
        struct sh_value *row = NULL;
        SH_TRY(sh_rows_room(&maker, &row, err));
        for (int c = 0; c < columns; c++)
            SH_TRY(copy_cell(statement, c, arena, &row[c], err));
    }
    if (rows)
        *rows = (struct sh_rows){maker.n, maker.n_columns, maker.cells};
    return SH_OK;
}

// NOLINTNEXTLINE(readability-function-size): a statement, its values and where its results go
sh_code sh_db_lite_run(struct sh_db *db, struct sh_db_statement *statement, const struct sh_value *values,
                       size_t n, int64_t *ret_changed, struct sh_arena *arena, struct sh_rows *rows,
                       struct sh_err *err) {
    if (!statement->is_prepared)
        SH_TRY(prepare(db, statement, err));
    sqlite3_stmt *lite = statement->lite;
    if (n != (size_t)sqlite3_bind_parameter_count(lite))
        return sh_fail(err, SH_E_INTERNAL, "%zu values for %d places in: %s", n,
                       sqlite3_bind_parameter_count(lite), statement->text);
    for (size_t i = 0; i < n; i++) {
        const int result = bind_one(lite, (int)i + 1, &values[i]);
        if (result != SQLITE_OK)
            return fail(db, result, "value", err);
    }
    const sh_code code = step_all(db, lite, arena, rows, err);
    if (code == SH_OK && ret_changed)
        *ret_changed = sqlite3_stmt_readonly(lite) ? 0 : sqlite3_changes64(db->lite);
    (void)sqlite3_reset(lite); /* repeats the failure of the step, which was reported */
    (void)sqlite3_clear_bindings(lite);
    return code;
}

void sh_db_lite_drop(struct sh_db_statement *statement) {
    if (statement->lite)
        (void)sqlite3_finalize(statement->lite);
    statement->lite = NULL;
}

void sh_db_lite_close(struct sh_db *db) {
    (void)sqlite3_close_v2(db->lite);
}
