#include "store/inner.h"
#include "base/mem.h"
#include <ctype.h>

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* One text for both: SQLite's STRICT tables know INTEGER, TEXT, BLOB; PostgreSQL compares text by bytes with
 * "C". */
static const char *dialect(struct sh_str word, bool is_postgres) {
    if (is_postgres)
        return sh_str_is(word, "strict") ? "" : sh_str_is(word, "text") ? "text collate \"C\"" : NULL;
    return sh_str_is(word, "bigint") ? "integer" : sh_str_is(word, "bytea") ? "blob" : NULL;
}

static const char for_postgres[] = "--postgres:";

sh_code sh_migration_translate(const char *sql, bool is_postgres, struct sh_buf *out, struct sh_err *err) {
    for (const char *at = sql; *at;) {
        if (at[0] == '-' &&
            at[1] == '-') { /* a comment, left out; but what is for PostgreSQL alone is for it */
            const bool is_meant = is_postgres && strncmp(at, for_postgres, strlen(for_postgres)) == 0;
            at += is_meant ? strlen(for_postgres) : strcspn(at, "\n");
            continue;
        }
        if (*at == '\'') { /* a text, as it is */
            const char *end = strchr(at + 1, '\'');
            if (!end)
                return sh_fail(err, SH_E_INTERNAL, "a migration with an open quote");
            (void)sh_buf_add(out, at, (size_t)(end - at) + 1);
            at = end + 1;
            continue;
        }
        size_t len = 0;
        while (is_word(at[len]))
            len++;
        if (len == 0) {
            (void)sh_buf_add_char(out, *at++);
            continue;
        }
        const char *other = dialect((struct sh_str){at, len}, is_postgres);
        (void)(other ? sh_buf_add_text(out, other) : sh_buf_add(out, at, len));
        at += len;
    }
    return sh_buf_check(out, err);
}

sh_code sh_migration_hash(const struct sh_migration *migration, uint8_t ret[SH_DIGEST_BYTES],
                          struct sh_err *err) {
    return sh_digest_of(SH_DIGEST_SM3, migration->sql, strlen(migration->sql), ret, err);
}

static sh_code is_there(struct sh_db *db, bool *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const char *sql =
        db->pg ? "select count(*) from information_schema.tables where table_name = 'st_schema' and "
                 "table_schema = current_schema()"
               : "select count(*) from sqlite_schema where name = 'st_schema'";
    SH_TRY(sh_db_run(db, sql, NULL, 0, NULL, &arena, &rows, err));
    *ret = sh_cell(&rows, 0, 0)->i64 > 0;
    return SH_OK;
}

/* The hash kept under (room, number); ret_has false: it has not run. */
static sh_code kept_hash(struct sh_db *db, const struct sh_migration *m, uint8_t ret[SH_DIGEST_BYTES],
                         bool *ret_has, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(m->room)), SH_I64(m->number)};
    SH_TRY(sh_db_run(db, "select sm3 from st_schema where room = $1 and number = $2", values, 2, NULL, &arena,
                     &rows, err));
    *ret_has = rows.n_rows > 0;
    if (*ret_has && sh_cell(&rows, 0, 0)->str.len != SH_DIGEST_BYTES)
        return sh_fail(err, SH_E_CORRUPT, "st_schema %s %s: the hash is damaged", m->room, m->name);
    if (*ret_has)
        memcpy(ret, sh_cell(&rows, 0, 0)->str.at, SH_DIGEST_BYTES);
    return SH_OK;
}

static sh_code run_one(struct sh_db *db, const struct sh_migration *m, int64_t now, bool read_only,
                       struct sh_err *err) {
    uint8_t hash[SH_DIGEST_BYTES], kept[SH_DIGEST_BYTES];
    bool has = false;
    SH_TRY(sh_migration_hash(m, hash, err));
    SH_TRY(kept_hash(db, m, kept, &has, err));
    if (has && memcmp(hash, kept, sizeof hash) != 0)
        return sh_fail(err, SH_E_CORRUPT,
                       "migration %s %s: another text has run here (st_schema keeps its SM3)", m->room,
                       m->name);
    if (has)
        return SH_OK;
    if (read_only)
        return sh_fail(err, SH_E_UNSUPPORTED, "migration %s %s has not run here; open for writing once",
                       m->room, m->name);
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    SH_TRY(sh_migration_translate(m->sql, db->pg != NULL, &sql, err));
    if (sh_db_exec(db, sql.at, err) != SH_OK)
        return sh_err_wrap(err, SH_E_INTERNAL, "migration %s %s", m->room, m->name);
    const struct sh_value values[] = {
        SH_TEXT(sh_str_of(m->room)), SH_I64(m->number), SH_TEXT(sh_str_of(m->name)),
        SH_BYTES(((struct sh_str){(const char *)hash, sizeof hash})), SH_I64(now)};
    return sh_db_run(db, "insert into st_schema (room, number, name, sm3, at) values ($1, $2, $3, $4, $5)",
                     values, 5, NULL, NULL, NULL, err);
}

/* One transaction a step; the lock lets two processes that start at once run them once. */
static sh_code run_locked(struct sh_db *db, const struct sh_migration *m, int64_t now, bool read_only,
                          struct sh_err *err) {
    if (read_only)
        return run_one(db, m, now, true, err);
    SH_TRY(sh_db_begin(db, true, err));
    sh_code code = db->pg ? sh_db_exec(db, "select pg_advisory_xact_lock(5577006791947779410)", err) : SH_OK;
    if (code == SH_OK)
        code = run_one(db, m, now, false, err);
    if (code == SH_OK)
        code = sh_db_commit(db, err);
    if (code != SH_OK)
        sh_db_rollback(db);
    return code;
}

static sh_code check_not_newer(struct sh_db *db, const struct sh_migration *list, size_t n,
                               struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && strcmp(list[i].room, list[i + 1].room) == 0)
            continue;
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_rows rows;
        const struct sh_value values[] = {SH_TEXT(sh_str_of(list[i].room)), SH_I64(list[i].number)};
        SH_TRY(sh_db_run(db, "select name from st_schema where room = $1 and number > $2 order by number",
                         values, 2, NULL, &arena, &rows, err));
        if (rows.n_rows > 0)
            return sh_fail(err, SH_E_UNSUPPORTED,
                           "the database has migration %s %.*s, newer than this program", list[i].room,
                           SH_ARG(sh_cell(&rows, 0, 0)->str));
    }
    return SH_OK;
}

sh_code sh_migrate(struct sh_db *db, const struct sh_migration *more, size_t n_more, int64_t now,
                   bool read_only, struct sh_err *err) {
    bool has = false;
    SH_TRY(is_there(db, &has, err));
    if (!has && read_only)
        return sh_fail(err, SH_E_NOTFOUND, "the database is empty");
    if (!has) {
        SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
        SH_TRY(sh_migration_translate(
            "create table if not exists st_schema (room text not null, number bigint not "
            "null, name text not null, sm3 bytea not null, at bigint not null, primary key "
            "(room, number)) strict",
            db->pg != NULL, &sql, err));
        SH_TRY(sh_db_exec(db, sql.at, err));
    }
    size_t n = 0;
    const struct sh_migration *own = sh_store_migrations(&n);
    SH_TRY(check_not_newer(db, own, n, err));
    SH_TRY(check_not_newer(db, more, n_more, err));
    for (size_t i = 0; i < n; i++)
        SH_TRY(run_locked(db, &own[i], now, read_only, err));
    for (size_t i = 0; i < n_more; i++)
        SH_TRY(run_locked(db, &more[i], now, read_only, err));
    return SH_OK;
}
