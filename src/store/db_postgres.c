/* PostgreSQL by libpq: prepared statements, values and results in binary. */
#include "store/db.h"
#include "base/limits.h"
#include "base/mem.h"
#include <endian.h>
#include <libpq-fe.h>

enum { LATER_MAX = 64 }; /* so few answers fit into the socket: neither side waits for the other to read */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_VARCHAR = 1043
};

static void clear_at(PGresult **result) {
    PQclear(*result);
}

/* Without the statement and the values, which may be personal; libpq's message ends in a line break. */
static sh_code fail(struct sh_db *db, const PGresult *result, struct sh_err *err) {
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!primary)
        primary = PQerrorMessage(db->pg);
    const struct sh_str text = sh_str_trim(sh_str_of(primary));
    static const struct {
        const char *prefix;
        sh_code code;
    } codes[] = {
        {"40001", SH_E_BUSY},  {"40P01", SH_E_BUSY},    {"55P03", SH_E_BUSY},    {"23", SH_E_CONFLICT},
        {"22021", SH_E_INPUT}, {"53100", SH_E_FULL},    {"53200", SH_E_NOMEM},   {"54", SH_E_LIMIT},
        {"53", SH_E_BUSY},     {"XX001", SH_E_CORRUPT}, {"XX002", SH_E_CORRUPT}, {"57014", SH_E_CANCELLED},
        {"08", SH_E_IO},       {"57", SH_E_IO},         {"58", SH_E_IO},         {"25006", SH_E_IO}};
    sh_code code = state ? SH_E_INTERNAL : SH_E_IO;
    for (size_t i = 0; state && i < sizeof codes / sizeof codes[0]; i++)
        if (sh_str_starts_with(sh_str_of(state), sh_str_of(codes[i].prefix))) {
            code = codes[i].code;
            break;
        }
    db->must_retry = state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
    return sh_fail(err, code, "database: %.*s (%s)", SH_ARG(text), state ? state : "connection");
}

static int64_t changed_of(PGresult *result) {
    if (strncmp(PQcmdStatus(result), "SELECT", 6) == 0)
        return 0; /* its number is of rows read */
    return (int64_t)strtoll(PQcmdTuples(result), NULL, 10);
}

static sh_code check_result(struct sh_db *db, const PGresult *result, struct sh_err *err) {
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? SH_OK : fail(db, result, err);
}

/* The answer to one of the statements sent; the connection then is at the next one. ret: for who waits for
 * it; NULL: only what it changed counts. */
static sh_code take_answer(struct sh_db *db, PGresult **ret, struct sh_err *err) {
    SH_CLEANUP(clear_at) PGresult *result = PQgetResult(db->pg);
    const sh_code code = check_result(db, result, err);
    PGresult *end = result ? PQgetResult(db->pg) : NULL;
    PQclear(end); /* NULL: the end of this statement's answers */
    const bool is_earlier = db->n_earlier > 0;
    db->n_earlier -= is_earlier;
    if (code == SH_OK && ret)
        *ret = result, result = NULL;
    else if (code == SH_OK && !is_earlier)
        db->later_changed += changed_of(result);
    return code;
}

/* The end of the transaction before, whose answer nobody waited for. */
static sh_code take_left(struct sh_db *db, struct sh_err *err) {
    db->has_left = false;
    db->n_later--;
    const sh_code code = take_answer(db, NULL, err);
    PQclear(PQgetResult(db->pg)); /* of its sync */
    return code;
}

/* Wait for all that was sent. ret_last: the answer to the last statement. */
static sh_code drain(struct sh_db *db, PGresult **ret_last, struct sh_err *err) {
    sh_code code = PQpipelineSync(db->pg) == 1 ? SH_OK : fail(db, NULL, err);
    if (db->has_left && code == SH_OK)
        code = take_left(db, err);
    for (; db->n_later > 0; db->n_later--) {
        if (code == SH_OK)
            code = take_answer(db, db->n_later == 1 ? ret_last : NULL, err);
        else /* those behind a failure were not run */
            (void)take_answer(&(struct sh_db){.pg = db->pg}, NULL, NULL);
    }
    db->has_left = false;
    db->n_earlier = 0;
    PQclear(PQgetResult(db->pg)); /* of the sync */
    if (PQexitPipelineMode(db->pg) != 1 && code == SH_OK)
        code = fail(db, NULL, err);
    return code;
}

sh_code sh_db_pg_settle(struct sh_db *db, struct sh_err *err) {
    return db->n_later > 0 ? drain(db, NULL, err) : SH_OK;
}

static sh_code begin_later(struct sh_db *db, struct sh_err *err) {
    if (db->n_later == LATER_MAX)
        SH_TRY(sh_db_pg_settle(db, err));
    return db->n_later > 0 || PQenterPipelineMode(db->pg) == 1 ? SH_OK : fail(db, NULL, err);
}

sh_code sh_db_pg_leave(struct sh_db *db, struct sh_err *err) {
    if (PQpipelineSync(db->pg) != 1)
        return fail(db, NULL, err);
    db->has_left = true;
    return SH_OK;
}

sh_code sh_db_pg_exec(struct sh_db *db, const char *sql, struct sh_err *err) {
    const sh_code code = sh_db_pg_settle(db, err);
    if (code != SH_OK && strncmp(sql, "rollback", 8) != 0)
        return code;
    SH_CLEANUP(clear_at) PGresult *result = PQexec(db->pg, sql);
    SH_TRY(check_result(db, result, err));
    /* A transaction that failed before answers COMMIT with ROLLBACK and calls that a success. */
    if (strcmp(sql, "commit") == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        return sh_fail(err, SH_E_INTERNAL, "database: the transaction had failed and was rolled back");
    return SH_OK;
}

/* What makes an acknowledged write durable and the order of texts that of bytes. */
static sh_code check_setting(struct sh_db *db, const char *name, const char *want, struct sh_err *err) {
    char sql[96];
    (void)snprintf(sql, sizeof sql, "show %s", name);
    SH_CLEANUP(clear_at) PGresult *result = PQexec(db->pg, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return fail(db, result, err);
    const char *is = PQgetvalue(result, 0, 0);
    if (strcmp(is, want) != 0)
        return sh_fail(err, SH_E_UNSUPPORTED, "PostgreSQL has %s = %s, needed is %s", name, is, want);
    return SH_OK;
}

static void say_nothing(void *ctx, const char *message) {
    (void)ctx, (void)message;
}

sh_code sh_db_open_pg(const char *url, struct sh_db *ret, struct sh_err *err) {
    struct sh_db db = {.pg = PQconnectdb(url)};
    if (!db.pg)
        return sh_fail(err, SH_E_NOMEM, "no memory for a connection");
    sh_code code = SH_OK;
    if (PQstatus(db.pg) != CONNECTION_OK) {
        const struct sh_str text = sh_str_trim(sh_str_of(PQerrorMessage(db.pg)));
        code = sh_fail(err, SH_E_IO, "database: %.*s", SH_ARG(text));
    }
    (void)PQsetNoticeProcessor(db.pg, say_nothing, NULL);
    if (code == SH_OK)
        code = check_setting(&db, "server_encoding", "UTF8", err);
    if (code == SH_OK)
        code = check_setting(&db, "fsync", "on", err);
    if (code == SH_OK)
        code = check_setting(&db, "full_page_writes", "on", err);
    if (code == SH_OK)
        code = sh_db_pg_exec(
            &db,
            "set client_encoding = 'UTF8'; set synchronous_commit = on; set lock_timeout = '20s';"
            "set standard_conforming_strings = on; set idle_in_transaction_session_timeout = '10min';"
            "set client_min_messages = 'error';"
            /* Pages by key walk an index; without fresh statistics the planner would rather hash a
               whole register for its first hundred rows. */
            "set jit = off; set enable_hashjoin = off; set enable_mergejoin = off;"
            "set random_page_cost = 1.1",
            err);
    if (code != SH_OK) {
        sh_db_close(&db);
        return code;
    }
    *ret = db;
    return SH_OK;
}

sh_code sh_db_plan_once(struct sh_db *db, struct sh_err *err) {
    return db->pg ? sh_db_pg_exec(db, "set plan_cache_mode = force_generic_plan", err) : SH_OK;
}

static sh_code prepare(struct sh_db *db, struct sh_db_statement *statement, const char *name,
                       const struct sh_value *values, size_t n, struct sh_err *err) {
    static const Oid oid_of[] = {[SH_VALUE_NULL] = 0,
                                 [SH_VALUE_I64] = OID_INT8,
                                 [SH_VALUE_TEXT] = OID_TEXT,
                                 [SH_VALUE_BYTES] = OID_BYTEA};
    Oid types[SH_DB_PARAMS_MAX];
    for (size_t i = 0; i < n; i++)
        types[i] = oid_of[values[i].kind];
    char *kinds = strrchr(statement->text, '\n');
    sh_check(kinds != NULL);
    *kinds = '\0'; /* only the statement itself is sent */
    SH_CLEANUP(clear_at) PGresult *result = PQprepare(db->pg, name, statement->text, (int)n, types);
    *kinds = '\n';
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return fail(db, result, err);
    statement->is_prepared = true;
    return SH_OK;
}

static sh_code read_cell(const PGresult *result, int row, int column, struct sh_arena *arena,
                         struct sh_value *ret, struct sh_err *err) {
    if (PQgetisnull(result, row, column)) {
        *ret = SH_NULL;
        return SH_OK;
    }
    const char *at = PQgetvalue(result, row, column);
    const size_t len = (size_t)PQgetlength(result, row, column);
    uint64_t eight;
    uint32_t four;
    switch (PQftype(result, column)) {
    case OID_INT8:
        memcpy(&eight, at, 8);
        *ret = SH_I64((int64_t)be64toh(eight));
        return SH_OK;
    case OID_INT4:
        memcpy(&four, at, 4);
        *ret = SH_I64((int32_t)be32toh(four));
        return SH_OK;
    case OID_BOOL:
        *ret = SH_I64(*at != 0);
        return SH_OK;
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_NAME:
    case OID_BYTEA:
        break;
    default:
        return sh_fail(err, SH_E_INTERNAL, "column %s has type %u; cast it to bigint, text or bytea",
                       PQfname(result, column), PQftype(result, column));
    }
    char *copy = sh_arena_dup(arena, at, len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for a value of %zu bytes", len);
    const struct sh_str text = {copy, len};
    *ret = PQftype(result, column) == OID_BYTEA ? SH_BYTES(text) : SH_TEXT(text);
    return SH_OK;
}

static sh_code read_all(const PGresult *result, struct sh_arena *arena, struct sh_rows *rows,
                        struct sh_err *err) {
    const int n = PQntuples(result), columns = PQnfields(result);
    struct sh_rows_maker maker = {.arena = arena, .n_columns = (size_t)columns};
    for (int r = 0; r < n; r++) {
        struct sh_value *row = NULL;
        SH_TRY(sh_rows_room(&maker, &row, err));
        for (int c = 0; c < columns; c++)
            SH_TRY(read_cell(result, r, c, arena, &row[c], err));
    }
    *rows = (struct sh_rows){maker.n, maker.n_columns, maker.cells};
    return SH_OK;
}

/* Values as libpq takes them. */
struct values {
    const char *at[SH_DB_PARAMS_MAX + 1];
    int lengths[SH_DB_PARAMS_MAX + 1], formats[SH_DB_PARAMS_MAX + 1];
    uint64_t numbers[SH_DB_PARAMS_MAX + 1];
};

static sh_code lay_out(const struct sh_value *values, size_t n, struct values *ret, struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        ret->formats[i] = 1;
        ret->numbers[i] = htobe64((uint64_t)values[i].i64);
        const bool is_number = values[i].kind == SH_VALUE_I64;
        if (!is_number && values[i].str.len > INT32_MAX / 2)
            return sh_fail(err, SH_E_LIMIT, "a value of %zu bytes", values[i].str.len);
        ret->at[i] = values[i].kind == SH_VALUE_NULL ? NULL
                     : is_number                     ? (const char *)&ret->numbers[i]
                                                     : (values[i].str.at ? values[i].str.at : "");
        ret->lengths[i] = is_number ? 8 : (int)values[i].str.len;
    }
    return SH_OK;
}

/* Ready to be run by its name. */
static sh_code name_of(struct sh_db *db, struct sh_db_statement *statement, size_t slot,
                       const struct sh_value *values, size_t n, char name[24], struct sh_err *err) {
    (void)snprintf(name, 24, "s%zu", slot);
    if (statement->is_prepared)
        return SH_OK;
    SH_TRY(sh_db_pg_settle(db, err));
    return prepare(db, statement, name, values, n, err);
}

static sh_code send_named(struct sh_db *db, const char *name, const struct values *v, size_t n,
                          struct sh_err *err) {
    SH_TRY(begin_later(db, err));
    if (PQsendQueryPrepared(db->pg, name, (int)n, v->at, v->lengths, v->formats, 1) != 1)
        return fail(db, NULL, err);
    db->n_later++;
    return SH_OK;
}

/* What was sent before goes out with it, and all answers come together. */
static sh_code ask_named(struct sh_db *db, const char *name, const struct values *v, size_t n, PGresult **ret,
                         struct sh_err *err) {
    if (db->n_later > 0) {
        SH_TRY(send_named(db, name, v, n, err));
        return drain(db, ret, err);
    }
    *ret = PQexecPrepared(db->pg, name, (int)n, v->at, v->lengths, v->formats, 1);
    return check_result(db, *ret, err);
}

sh_code sh_db_pg_send(struct sh_db *db, struct sh_db_statement *statement, size_t slot,
                      const struct sh_value *values, size_t n, struct sh_err *err) {
    char name[24];
    struct values v;
    SH_TRY(name_of(db, statement, slot, values, n, name, err));
    SH_TRY(lay_out(values, n, &v, err));
    return send_named(db, name, &v, n, err);
}

// NOLINTNEXTLINE(readability-function-size): a statement, its values and where its results go
sh_code sh_db_pg_run(struct sh_db *db, struct sh_db_statement *statement, size_t slot,
                     const struct sh_value *values, size_t n, int64_t *ret_changed, struct sh_arena *arena,
                     struct sh_rows *rows, struct sh_err *err) {
    char name[24];
    struct values v;
    SH_TRY(name_of(db, statement, slot, values, n, name, err));
    SH_TRY(lay_out(values, n, &v, err));
    SH_CLEANUP(clear_at) PGresult *result = NULL;
    SH_TRY(ask_named(db, name, &v, n, &result, err));
    if (rows && PQresultStatus(result) == PGRES_TUPLES_OK)
        SH_TRY(read_all(result, arena, rows, err));
    else if (rows)
        *rows = (struct sh_rows){0};
    if (ret_changed)
        *ret_changed = changed_of(result);
    return SH_OK;
}

bool sh_db_pg_is_broken(const struct sh_db *db) {
    return PQstatus(db->pg) != CONNECTION_OK;
}

void sh_db_pg_close(struct sh_db *db) {
    PQfinish(db->pg);
}
