/* Files of self-checks as sealed blobs of two records: what was sent, what came of it. Erasing a record
 * erases them everywhere. */
#include "gate/checkfiles.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/auth.h"
#include "gate/selfcheck.h"

enum {
    EXPIRE_ROWS_MAX = 10000,
    BOOK_BYTES_MAX = 24 << 20 /* opened for a request, sealed beside it */
};

/* ---- kept and opened --------------------------------------------------------------------------------- */

static sh_code make_record(struct sh_txn *txn, struct sh_str id, const char *which,
                           const struct sh_labels *labels, struct sh_record_ref *ret, struct sh_err *err) {
    char key[SH_ID_TEXT + 8];
    (void)snprintf(key, sizeof key, "%.*s.%s", SH_ARG(id), which);
    const struct sh_record_change change = {.register_name = SH_STR("self_checks"),
                                            .key = sh_str_of(key),
                                            .labels = *labels,
                                            .valid_from = sh_day_of_time(sh_txn_now(txn)),
                                            .valid_to = SH_DAY_OPEN,
                                            .open = SH_STR("{}")};
    return sh_record_put(txn, &change, ret, err);
}

sh_code sh_check_open(struct sh_txn *txn, struct sh_str id, const struct sh_labels *labels,
                      struct sh_err *err) {
    struct sh_record_ref sent, made;
    SH_TRY(make_record(txn, id, "sent", labels, &sent, err));
    SH_TRY(make_record(txn, id, "made", labels, &made, err));
    const struct sh_value values[] = {SH_TEXT(id), SH_TEXT(sh_str_of(sent.id)), SH_TEXT(sh_str_of(made.id))};
    return sh_sql_run(txn, "insert into gate_check (id, sent, made) values ($1, $2, $3)", values, 3, NULL,
                      err);
}

/* The two records: cells of one row. */
static sh_code records_of(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena, struct sh_rows *ret,
                          struct sh_err *err) {
    SH_TRY(sh_sql_query(txn, "select sent, made from gate_check where id = $1", &SH_TEXT(id), 1, arena, ret,
                        err));
    return ret->n_rows == 1 ? SH_OK : sh_fail(err, SH_E_NOTFOUND, "no such check");
}

sh_code sh_check_put(struct sh_txn *txn, struct sh_str id, struct sh_str name, bool is_result,
                     struct sh_str content, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    uint8_t hash[SH_DIGEST_BYTES];
    SH_TRY(records_of(txn, id, &arena, &rows, err));
    SH_TRY(sh_blob_put(txn, sh_cell(&rows, 0, is_result)->str, content, hash, err));
    const struct sh_value values[] = {SH_TEXT(id), SH_TEXT(name), SH_I64(is_result),
                                      SH_I64((int64_t)content.len),
                                      SH_BYTES(((struct sh_str){(const char *)hash, sizeof hash}))};
    return sh_sql_run(
        txn,
        "insert into gate_check_file (id, name, is_result, bytes, hash) values ($1, $2, $3, $4, "
        "$5) on conflict (id, name) do update set is_result = excluded.is_result, bytes = "
        "excluded.bytes, hash = excluded.hash",
        values, 5, NULL, err);
}

sh_code sh_check_get(struct sh_txn *txn, struct sh_str id, struct sh_str name, struct sh_arena *arena,
                     struct sh_str *ret, struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(id), SH_TEXT(name)};
    SH_TRY(sh_sql_query(txn, "select hash from gate_check_file where id = $1 and name = $2", values, 2, arena,
                        &rows, err));
    if (rows.n_rows == 0 || sh_cell(&rows, 0, 0)->str.len != SH_DIGEST_BYTES)
        return sh_fail(err, SH_E_NOTFOUND, "no such file");
    const struct sh_scope all = sh_scope_all(); /* whose check it is has been asked before */
    return sh_blob_get(txn, &all, (const uint8_t *)sh_cell(&rows, 0, 0)->str.at, arena, ret, err);
}

sh_code sh_check_files(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena, struct sh_rows *ret,
                       struct sh_err *err) {
    return sh_sql_query(txn, "select name, bytes, is_result from gate_check_file where id = $1 order by name",
                        &SH_TEXT(id), 1, arena, ret, err);
}

/* ---- while the child runs ---------------------------------------------------------------------------- */

struct laying {
    struct sh_str id, report, book;
    const char *dir;
    bool has_book;
    struct sh_arena arena;
    struct sh_rows rows;
};
static void laying_end(struct laying *l) {
    sh_arena_free(&l->arena);
}

static sh_code lay_one(struct sh_txn *txn, const struct laying *l, struct sh_str name, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_str content;
    SH_TRY(sh_check_get(txn, l->id, name, &arena, &content, err));
    SH_TRY(sh_path_format(path, err, "%s/%.*s", l->dir, SH_ARG(name)));
    return sh_fs_write(path, content, err);
}

static sh_code lay(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct laying *l = ctx;
    SH_TRY(sh_check_files(txn, l->id, &l->arena, &l->rows, err));
    for (size_t i = 0; i < l->rows.n_rows; i++)
        SH_TRY(lay_one(txn, l, sh_cell(&l->rows, i, SH_CHECK_NAME)->str, err));
    return SH_OK;
}

sh_code sh_check_lay(struct sh_gate *gate, struct sh_str id, const char *dir, struct sh_err *err) {
    SH_CLEANUP(laying_end) struct laying l = {.id = id, .dir = dir};
    struct sh_err unused;
    SH_TRY(sh_mkdir_all(dir, err));
    const sh_code code = sh_store_read(gate->store, lay, &l, err);
    if (code != SH_OK)
        (void)!sh_remove_tree(dir, &unused);
    return code;
}

static sh_code keep_results(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct laying *l = ctx;
    SH_TRY(sh_sql_run(txn, "delete from gate_check_file where id = $1 and is_result = 0", &SH_TEXT(l->id), 1,
                      NULL, err));
    if (l->has_book)
        SH_TRY(sh_check_put(txn, l->id, SH_STR(SH_SELFCHECK_BOOK), true, l->book, err));
    return sh_check_put(txn, l->id, SH_STR(SH_SELFCHECK_REPORT), true, l->report, err);
}

static sh_code read_book(struct laying *l, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, l->dir, SH_SELFCHECK_BOOK, err));
    const sh_code code = sh_fs_read(path, BOOK_BYTES_MAX, &l->arena, &l->book, err);
    l->has_book = code == SH_OK;
    return code == SH_E_NOTFOUND || code == SH_E_LIMIT ? SH_OK : code;
}

static sh_code read_records(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct laying *l = ctx;
    return records_of(txn, l->id, &l->arena, &l->rows, err);
}

/* Erased already, or erased while a long read holds the old pages: it is gone. */
static sh_code erase(struct sh_gate *gate, const struct sh_act *act, struct sh_str record,
                     struct sh_err *err) {
    struct sh_erasure erasure;
    const sh_code code = sh_store_erase(gate->store, act, record, NULL, &erasure, err);
    return code == SH_E_CONFLICT || code == SH_E_BUSY ? SH_OK : code;
}

static sh_code keep_all(struct sh_gate *gate, struct laying *l, struct sh_err *err) {
    const struct sh_act act = {.actor = SH_STR("jobs"), .why = SH_STR("self-check over")};
    SH_TRY(read_book(l, err));
    SH_TRY(sh_store_write(gate->store, &act, keep_results, l, NULL, err));
    SH_TRY(sh_store_read(gate->store, read_records, l, err));
    return erase(gate, &act, sh_cell(&l->rows, 0, 0)->str, err);
}

sh_code sh_check_over(struct sh_gate *gate, struct sh_str id, const char *dir, struct sh_str report,
                      struct sh_err *err) {
    SH_CLEANUP(laying_end)
    struct laying l = {.id = id, .dir = dir, .report = report.at ? report : SH_STR("")};
    const sh_code code = keep_all(gate, &l, err);
    SH_TRY(sh_remove_tree(dir, err));
    return code;
}

/* ---- the end ----------------------------------------------------------------------------------------- */

static sh_code forget(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct laying *l = ctx;
    SH_TRY(sh_sql_run(txn, "delete from gate_check_file where id = $1", &SH_TEXT(l->id), 1, NULL, err));
    return sh_sql_run(txn, "delete from gate_check where id = $1", &SH_TEXT(l->id), 1, NULL, err);
}

sh_code sh_check_erase(struct sh_gate *gate, const struct sh_act *act, struct sh_str id, struct sh_err *err) {
    SH_CLEANUP(laying_end) struct laying l = {.id = id};
    const struct sh_act quiet = {.actor = act->actor, .is_housekeeping = true};
    const sh_code code = sh_store_read(gate->store, read_records, &l, err);
    if (code != SH_OK)
        return code == SH_E_NOTFOUND ? SH_OK : code;
    for (size_t i = 0; i < 2; i++)
        SH_TRY(erase(gate, act, sh_cell(&l.rows, 0, i)->str, err));
    return sh_store_write(gate->store, &quiet, forget, &l, NULL, err);
}

struct expiring {
    struct sh_gate *gate;
    struct sh_arena arena;
    struct sh_rows rows;
    int64_t n;
};
static void expiring_end(struct expiring *e) {
    sh_arena_free(&e->arena);
}
enum { E_ID, E_PLACE, E_CREATED };

int32_t sh_check_ends_on(const struct sh_gate *gate, struct sh_str place, int64_t created_at) {
    const int32_t made = sh_day_of_time(created_at + SH_SHANGHAI_SECONDS), today = sh_gate_today(gate);
    const struct sh_param_pick pick = sh_param_pick(gate->params, SH_STR("selfcheck.keep"), place,
                                                    (struct sh_param_dates){today, today, today});
    struct sh_length length;
    int32_t last = 0;
    if (pick.state == SH_PARAM_SET && pick.row->value == 0)
        return made; /* kept for no day: a term has one at least */
    if (pick.state != SH_PARAM_SET || sh_length_of_param(pick.row, &length, NULL) != SH_OK ||
        sh_term_last(made, length, &last, NULL) != SH_OK)
        return SH_DAY_OPEN;
    return last + 1;
}

static sh_code end_expired(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct expiring *e = ctx;
    const struct sh_value most[] = {SH_I64(EXPIRE_ROWS_MAX)};
    e->n = 0;
    SH_TRY(sh_sql_query(txn,
                        "select id, place, created_at from gate_job where kind = '" SH_SELFCHECK_KIND
                        "' and state not in ('waiting', 'running', 'cancelling') order by created_at, id "
                        "limit $1",
                        most, 1, &e->arena, &e->rows, err));
    for (size_t i = 0; i < e->rows.n_rows; i++) {
        const struct sh_str id = sh_cell(&e->rows, i, E_ID)->str;
        if (sh_gate_today(e->gate) < sh_check_ends_on(e->gate, sh_cell(&e->rows, i, E_PLACE)->str,
                                                      sh_cell(&e->rows, i, E_CREATED)->i64))
            continue;
        SH_TRY(sh_sql_run(txn, "delete from gate_job where id = $1", &SH_TEXT(id), 1, NULL, err));
        SH_TRY(sh_gate_leaf(txn, "selfcheck.expire", id, err));
        e->n++;
    }
    return e->n ? SH_OK : sh_fail(err, SH_E_CANCELLED, "none is over its term");
}

static sh_code find_gone(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct expiring *e = ctx;
    return sh_sql_query(txn,
                        "select id from gate_check c where not exists (select 1 from gate_job j where j.id = "
                        "c.id)",
                        NULL, 0, &e->arena, &e->rows, err);
}

sh_code sh_check_expire(struct sh_gate *gate, struct sh_err *err) {
    SH_CLEANUP(expiring_end) struct expiring e = {.gate = gate};
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("selfcheck.keep")};
    const sh_code code = sh_store_write(gate->store, &act, end_expired, &e, NULL, err);
    if (code != SH_OK && code != SH_E_CANCELLED)
        return code;
    SH_TRY(sh_store_read(gate->store, find_gone, &e, err));
    for (size_t i = 0; i < e.rows.n_rows; i++)
        SH_TRY(sh_check_erase(gate, &act, sh_cell(&e.rows, i, E_ID)->str, err));
    return SH_OK;
}
