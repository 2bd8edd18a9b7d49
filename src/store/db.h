/* One connection to SQLite or PostgreSQL, one small SQL. Of one thread at a time. Inner header of the room.
 */
#pragma once
#include "store/store.h"

struct sqlite3;
struct pg_conn;

enum { SH_DB_STATEMENTS = 512, SH_DB_PARAMS_MAX = 512 };

/** A prepared statement, found by its text (and, for PostgreSQL, the kinds of its values). */
struct sh_db_statement {
    uint64_t hash;
    char *text;
    void *lite; /* sqlite3_stmt * */
    bool is_prepared;
};

struct sh_db {
    struct sqlite3 *lite;
    struct pg_conn *pg;
    struct sh_db_statement *statements; /* [SH_DB_STATEMENTS], open addressing */
    size_t n_statements;
    bool must_retry; /* the last failure was a serialization failure: run the whole transaction again */
    bool is_in_txn, is_writing;
    size_t n_later;        /* statements sent whose results nobody has read */
    bool has_left;         /* the first of them ended the transaction before and has a sync of its own */
    int64_t later_changed; /* rows that statements run later have changed since sh_db_count_anew */
    size_t n_earlier;      /* of those sent whose results nobody has read: sent before it */
    int log_pages;         /* of SQLite's log when the owner empties it himself, as of the last commit */
    struct sh_db *next_idle;
};

/** Open. path: of the file; url: of libpq. Both check and fix the session as the room needs it. */
SH_MUST sh_code sh_db_open_lite(const char *path, bool read_only, bool create, struct sh_db *ret,
                                struct sh_err *err);
SH_MUST sh_code sh_db_open_pg(const char *url, struct sh_db *ret, struct sh_err *err);
/** PostgreSQL: a statement is planned once, not for each set of values: for a connection that looks rows up
 * by their keys, where planning costs more than running. Pages are better planned for their values. SQLite:
 * so it is. */
SH_MUST sh_code sh_db_plan_once(struct sh_db *db, struct sh_err *err);
/** SQLite: no commit empties the log; the owner calls sh_db_empty_log between transactions, when nobody
 * waits. db must not move any more. PostgreSQL: nothing. */
void sh_db_keep_log(struct sh_db *db);
/** Copy the log into the database once it is long enough, as far as readers let it. A failure is left to the
 * next commit, which finds the same disk. */
void sh_db_empty_log(struct sh_db *db);
/** Roll back and close. */
void sh_db_close(struct sh_db *db);

/** One or more statements without values and rows. */
SH_MUST sh_code sh_db_exec(struct sh_db *db, const char *sql, struct sh_err *err);
/** A statement with values. arena and rows NULL: rows are not wanted. */
SH_MUST sh_code sh_db_run(struct sh_db *db, const char *sql, const struct sh_value *values, size_t n,
                          int64_t *ret_changed, struct sh_arena *arena, struct sh_rows *rows,
                          struct sh_err *err);
/**
 * A statement whose rows nobody wants, within a transaction for writing. PostgreSQL gets it without waiting
 * for its answer, as a round trip costs more than most statements: what it changed is added to later_changed,
 * and if it fails the next statement that waits, or sh_db_settle, says so. SQLite runs it at once.
 */
SH_MUST sh_code sh_db_run_later(struct sh_db *db, const char *sql, const struct sh_value *values, size_t n,
                                struct sh_err *err);
/** later_changed counts from here. */
void sh_db_count_anew(struct sh_db *db);
/** Wait for what was sent; gives the first failure. */
SH_MUST sh_code sh_db_settle(struct sh_db *db, struct sh_err *err);
/** A statement without values and rows, as sh_db_run_later. */
SH_MUST sh_code sh_db_exec_later(struct sh_db *db, const char *sql, struct sh_err *err);
/** Release the savepoint "body", once all that was sent has succeeded, and set it anew for the next one. */
SH_MUST sh_code sh_db_release(struct sh_db *db, bool is_last, struct sh_err *err);
/** Begin for writing (SQLite IMMEDIATE, PostgreSQL SERIALIZABLE) or reading one snapshot; commit; roll back.
 * To PostgreSQL the beginning goes with the first statement. */
SH_MUST sh_code sh_db_begin(struct sh_db *db, bool for_writing, struct sh_err *err);
SH_MUST sh_code sh_db_commit(struct sh_db *db, struct sh_err *err);
void sh_db_rollback(struct sh_db *db);
/** Is the connection gone? Then close and open again. */
bool sh_db_is_broken(const struct sh_db *db);

/* The two drivers, called by db.c only. */
SH_MUST sh_code sh_db_lite_exec(struct sh_db *db, const char *sql, struct sh_err *err);
SH_MUST sh_code sh_db_lite_run(struct sh_db *db, struct sh_db_statement *statement,
                               const struct sh_value *values, size_t n, int64_t *ret_changed,
                               struct sh_arena *arena, struct sh_rows *rows, struct sh_err *err);
void sh_db_lite_drop(struct sh_db_statement *statement);
void sh_db_lite_close(struct sh_db *db);
struct sh_row_key;
/** SQLite: `row_seal(old, table, cell, …)` in the SQL of this connection; `old` as long as the key is not
 * set. */
SH_MUST sh_code sh_db_lite_sealer(struct sh_db *db, struct sh_row_key *key, struct sh_err *err);
SH_MUST sh_code sh_db_pg_exec(struct sh_db *db, const char *sql, struct sh_err *err);
SH_MUST sh_code sh_db_pg_run(struct sh_db *db, struct sh_db_statement *statement, size_t slot,
                             const struct sh_value *values, size_t n, int64_t *ret_changed,
                             struct sh_arena *arena, struct sh_rows *rows, struct sh_err *err);
SH_MUST sh_code sh_db_pg_send(struct sh_db *db, struct sh_db_statement *statement, size_t slot,
                              const struct sh_value *values, size_t n, struct sh_err *err);
SH_MUST sh_code sh_db_pg_settle(struct sh_db *db, struct sh_err *err);
/** The end of a transaction has been sent: let it go; its answer is read by the connection's next user. */
SH_MUST sh_code sh_db_pg_leave(struct sh_db *db, struct sh_err *err);
void sh_db_pg_close(struct sh_db *db);
bool sh_db_pg_is_broken(const struct sh_db *db);

/** Rows that grow in an arena. */
struct sh_rows_maker {
    struct sh_arena *arena;
    struct sh_value *cells;
    size_t n, cap, n_columns;
};
SH_MUST sh_code sh_rows_room(struct sh_rows_maker *maker, struct sh_value **ret_row, struct sh_err *err);
