#include "store/db.h"
#include "base/limits.h"
#include "base/mem.h"

sh_code sh_rows_room(struct sh_rows_maker *maker, struct sh_value **ret_row, struct sh_err *err) {
    const size_t columns = maker->n_columns ? maker->n_columns : 1;
    if (maker->n >= SH_STORE_ROWS_MAX)
        return sh_fail(err, SH_E_LIMIT, "a query gives more than %d rows", SH_STORE_ROWS_MAX);
    if (maker->n == maker->cap) {
        const size_t cap = maker->cap ? maker->cap * 2 : 4;
        struct sh_value *cells = sh_new(maker->arena, struct sh_value, cap * columns);
        if (!cells)
            return sh_fail(err, SH_E_NOMEM, "no room for %zu rows", cap);
        if (maker->n > 0)
            memcpy(cells, maker->cells, maker->n * columns * sizeof *cells);
        maker->cells = cells, maker->cap = cap;
    }
    *ret_row = maker->cells + maker->n++ * columns;
    return SH_OK;
}

static void drop_statements(struct sh_db *db) {
    for (size_t i = 0; db->statements && i < SH_DB_STATEMENTS; i++) {
        sh_db_lite_drop(&db->statements[i]);
        sh_free(db->statements[i].text);
        db->statements[i] = (struct sh_db_statement){0};
    }
    db->n_statements = 0;
}

/* The text with a letter for the kind of each value behind it: PostgreSQL's types are fixed at preparation.
 */
static sh_code statement_key(const struct sh_db *db, const char *sql, const struct sh_value *values, size_t n,
                             struct sh_buf *key, struct sh_err *err) {
    (void)sh_buf_add_text(key, sql);
    (void)sh_buf_add_char(key, '\n');
    for (size_t i = 0; db->pg && i < n; i++)
        (void)sh_buf_add_char(key, "nitb"[values[i].kind]);
    return sh_buf_check(key, err);
}

static sh_code find_statement(struct sh_db *db, struct sh_str key, size_t *ret_slot, struct sh_err *err) {
    if (!db->statements)
        db->statements = sh_alloc_array(SH_DB_STATEMENTS, sizeof *db->statements);
    if (!db->statements)
        return sh_fail(err, SH_E_NOMEM, "no room for prepared statements");
    const uint64_t hash = sh_hash64(key.at, key.len, 0);
    size_t slot = hash % SH_DB_STATEMENTS;
    while (db->statements[slot].text) {
        if (db->statements[slot].hash == hash && sh_str_eq(sh_str_of(db->statements[slot].text), key)) {
            *ret_slot = slot;
            return SH_OK;
        }
        slot = (slot + 1) % SH_DB_STATEMENTS;
    }
    if (db->n_statements >= SH_DB_STATEMENTS / 2) {
        if (db->pg)
            SH_TRY(sh_db_pg_exec(db, "deallocate all", err));
        drop_statements(db);
        slot = hash % SH_DB_STATEMENTS;
    }
    char *text = sh_alloc_array(key.len + 1, 1);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a prepared statement");
    memcpy(text, key.at, key.len);
    db->statements[slot] = (struct sh_db_statement){.hash = hash, .text = text};
    db->n_statements++;
    *ret_slot = slot;
    return SH_OK;
}

static sh_code check_values(const struct sh_value *values, size_t n, struct sh_err *err) {
    if (n > SH_DB_PARAMS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%zu values in one statement, at most %d", n, SH_DB_PARAMS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (values[i].kind != SH_VALUE_TEXT)
            continue;
        /* PostgreSQL refuses both; SQLite would keep them, and the two would differ. */
        if (!sh_utf8_valid(values[i].str))
            return sh_fail(err, SH_E_INPUT, "value %zu is not UTF-8", i + 1);
        if (sh_str_find_char(values[i].str, '\0') != SH_STR_NONE)
            return sh_fail(err, SH_E_INPUT, "value %zu holds a NUL", i + 1);
    }
    return SH_OK;
}

static sh_code find(struct sh_db *db, const char *sql, const struct sh_value *values, size_t n,
                    struct sh_db_statement **ret, size_t *ret_slot, struct sh_err *err) {
    SH_TRY(check_values(values, n, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0};
    SH_TRY(statement_key(db, sql, values, n, &key, err));
    SH_TRY(find_statement(db, sh_buf_view(&key), ret_slot, err));
    db->must_retry = false;
    *ret = &db->statements[*ret_slot];
    return SH_OK;
}

// NOLINTNEXTLINE(readability-function-size): a statement, its values and where its results go
sh_code sh_db_run(struct sh_db *db, const char *sql, const struct sh_value *values, size_t n,
                  int64_t *ret_changed, struct sh_arena *arena, struct sh_rows *rows, struct sh_err *err) {
    size_t slot = 0;
    struct sh_db_statement *statement = NULL;
    SH_TRY(find(db, sql, values, n, &statement, &slot, err));
    return db->pg ? sh_db_pg_run(db, statement, slot, values, n, ret_changed, arena, rows, err)
                  : sh_db_lite_run(db, statement, values, n, ret_changed, arena, rows, err);
}

sh_code sh_db_run_later(struct sh_db *db, const char *sql, const struct sh_value *values, size_t n,
                        struct sh_err *err) {
    size_t slot = 0;
    struct sh_db_statement *statement = NULL;
    sh_check(db->is_in_txn && db->is_writing);
    SH_TRY(find(db, sql, values, n, &statement, &slot, err));
    if (db->pg)
        return sh_db_pg_send(db, statement, slot, values, n, err);
    int64_t changed = 0;
    SH_TRY(sh_db_lite_run(db, statement, values, n, &changed, NULL, NULL, err));
    db->later_changed += changed;
    return SH_OK;
}

void sh_db_count_anew(struct sh_db *db) {
    db->later_changed = 0;
    db->n_earlier = db->n_later;
}

sh_code sh_db_settle(struct sh_db *db, struct sh_err *err) {
    return db->pg ? sh_db_pg_settle(db, err) : SH_OK;
}

sh_code sh_db_exec_later(struct sh_db *db, const char *sql, struct sh_err *err) {
    size_t slot = 0;
    struct sh_db_statement *statement = NULL;
    db->must_retry = false;
    if (!db->pg)
        return sh_db_lite_exec(db, sql, err);
    SH_TRY(find(db, sql, NULL, 0, &statement, &slot, err));
    return sh_db_pg_send(db, statement, slot, NULL, 0, err);
}

sh_code sh_db_release(struct sh_db *db, bool is_last, struct sh_err *err) {
    SH_TRY(sh_db_exec_later(db, "release savepoint body", err));
    if (!is_last)
        SH_TRY(sh_db_exec_later(db, "savepoint body", err));
    return sh_db_settle(db, err);
}

sh_code sh_db_exec(struct sh_db *db, const char *sql, struct sh_err *err) {
    db->must_retry = false;
    return db->pg ? sh_db_pg_exec(db, sql, err) : sh_db_lite_exec(db, sql, err);
}

sh_code sh_db_begin(struct sh_db *db, bool for_writing, struct sh_err *err) {
    const char *sql = !db->pg       ? (for_writing ? "begin immediate" : "begin")
                      : for_writing ? "begin isolation level serializable"
                                    : "begin isolation level repeatable read read only";
    SH_TRY(sh_db_exec_later(db, sql, err));
    db->is_in_txn = true;
    db->is_writing = for_writing;
    return SH_OK;
}

sh_code sh_db_commit(struct sh_db *db, struct sh_err *err) {
    const sh_code code = sh_db_exec(db, "commit", err);
    if (code == SH_OK)
        db->is_in_txn = false;
    return code;
}

/* End a transaction that only read, without waiting for it. */
static sh_code leave(struct sh_db *db) {
    SH_TRY(sh_db_settle(db, NULL));
    SH_TRY(sh_db_exec_later(db, "rollback", NULL));
    return sh_db_pg_leave(db, NULL);
}

void sh_db_rollback(struct sh_db *db) {
    if (!db->is_in_txn)
        return;
    /* After some errors SQLite has rolled back by itself; then this one fails, and that is well. */
    const bool must_retry = db->must_retry;
    const sh_code code = db->pg && !db->is_writing ? leave(db) : sh_db_exec(db, "rollback", NULL);
    (void)code; /* a broken connection is found by its next user */
    db->must_retry = must_retry;
    db->is_in_txn = false;
}

bool sh_db_is_broken(const struct sh_db *db) {
    return (!db->lite && !db->pg) || (db->pg && sh_db_pg_is_broken(db));
}

void sh_db_close(struct sh_db *db) {
    if (!db)
        return;
    if (!sh_db_is_broken(db))
        sh_db_rollback(db);
    drop_statements(db);
    sh_free(db->statements);
    if (db->lite)
        sh_db_lite_close(db);
    if (db->pg)
        sh_db_pg_close(db);
    *db = (struct sh_db){0};
}
