/* Erasing: the key of a record goes, and with it the content in every copy; its leaves and their proofs stay.
 */
#include "store/inner.h"

void sh_erasure_encode(struct sh_str record, int64_t at, int64_t expires, struct sh_str actor,
                       struct sh_str why, struct sh_buf *out) {
    (void)sh_buf_add_text(out, "SHE1");
    sh_put_str(out, record);
    sh_put_u64(out, (uint64_t)at);
    sh_put_u64(out, (uint64_t)expires);
    sh_put_str(out, actor);
    sh_put_str(out, why);
}

struct erase {
    struct sh_str id_text;
    uint8_t id[SH_ID_BYTES]; /* of the record under way */
    sh_txn_body also;
    struct sh_erasure result;
    struct sh_arena arena;
    struct sh_rows blobs; /* of all of them */
    struct sh_rows_maker files;
};

/* When the last backup that holds it expires; 0: none does. */
static sh_code find_expiry(struct sh_txn *txn, struct erase *erase, int64_t *ret, struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_I64(txn->at), SH_BYTES(sh_bytes_of(erase->id, SH_ID_BYTES))};
    SH_TRY(sh_txn_query(
        txn,
        "select coalesce(max(expires), 0) from st_backup where expires > $1 and at >= (select min(at) "
        "from st_version where record_id = $2)",
        values, 2, &erase->arena, &rows, err));
    *ret = sh_cell(&rows, 0, 0)->i64;
    return SH_OK;
}

static sh_code check_record(struct sh_txn *txn, struct erase *erase, const struct sh_value *id,
                            struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(txn, "select erased from st_record where record_id = $1", id, 1, &erase->arena, &rows,
                        err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such record");
    if (sh_cell(&rows, 0, 0)->i64 != 0)
        return sh_fail(err, SH_E_CONFLICT, "the record is erased already");
    return SH_OK;
}

/* The pairs that one version is found by. row: register, key, search, body, place, matter. */
static sh_code delete_grams(struct sh_txn *txn, const struct sh_value *row, struct sh_err *err) {
    int64_t grams[SH_GRAMS_MAX];
    size_t n = 0;
    const struct sh_labels labels = {.body = row[3].str, .place = row[4].str, .matter = row[5].str};
    SH_TRY(sh_grams_of_version(row[2].str, &labels, grams, &n, err));
    if (txn->db->pg) {
        SH_CLEANUP(sh_buf_free) struct sh_buf list = {0};
        SH_TRY(sh_grams_list(grams, n, &list, err));
        const struct sh_value values[] = {row[0], row[1], SH_TEXT(sh_buf_view(&list))};
        return sh_txn_run(txn,
                          "delete from st_gram where register = $1 and key = $2 and gram = any(cast($3 as "
                          "bigint[]))",
                          values, 3, NULL, err);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sh_value values[] = {row[0], row[1], SH_I64(grams[i])};
        SH_TRY(sh_txn_run(txn, "delete from st_gram where register = $1 and key = $2 and gram = $3", values,
                          3, NULL, err));
    }
    return SH_OK;
}

/* Each pair by its own key: the index is large, and a look through it would keep all writers waiting. */
static sh_code wipe_grams(struct sh_txn *txn, const struct sh_value *id, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_txn_query(txn,
                        "select register, key, search, body, place, matter from st_version where record_id = "
                        "$1 and erased = 0",
                        id, 1, &arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++)
        SH_TRY(delete_grams(txn, sh_cell(&rows, i, 0), err));
    return SH_OK;
}

static sh_code wipe(struct sh_txn *txn, const struct sh_value *id, struct sh_str id_text,
                    struct sh_err *err) {
    static const char *const one[] = {"delete from st_key where record_id = $1",
                                      "update st_blob set erased = 1 where record_id = $1"};
    SH_TRY(wipe_grams(txn, id, err));
    for (size_t i = 0; i < 2; i++)
        SH_TRY(sh_txn_run(txn, one[i], id, 1, NULL, err));
    const char none[SH_ID_BYTES] = {0};
    const struct sh_value values[] = {id[0], SH_TEXT(id_text), SH_BYTES(sh_bytes_of(none, sizeof none)),
                                      SH_BYTES(sh_bytes_of("", 0))};
    SH_TRY(sh_txn_run(
        txn,
        "update st_version set key = $2, open = '', search = '', sealed = $4, salt = $3, why = '', erased "
        "= 1 where record_id = $1",
        values, 4, NULL, err));
    return sh_txn_run(txn, "update st_record set key = $2, erased = 1 where record_id = $1", values, 2, NULL,
                      err);
}

/* One record; its files are noted for the time after the commit. */
static sh_code erase_one(struct sh_txn *txn, struct erase *erase, struct sh_str id_text, struct sh_err *err) {
    const struct sh_str id = sh_bytes_of(erase->id, SH_ID_BYTES);
    const struct sh_act *act = txn->act;
    struct sh_rows rows;
    int64_t expires = 0;
    uint64_t position = 0;
    SH_TRY(find_expiry(txn, erase, &expires, err));
    SH_TRY(sh_txn_query(txn, "select hash from st_blob where record_id = $1 and erased = 0", &SH_BYTES(id), 1,
                        &erase->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        struct sh_value *row;
        SH_TRY(sh_rows_room(&erase->files, &row, err));
        *row = *sh_cell(&rows, i, 0);
    }
    SH_TRY(wipe(txn, &SH_BYTES(id), id_text, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_erasure_encode(id, txn->at, expires, act->actor, act->why, &buf);
    struct sh_leaf_body leaf = {.type = SH_STR("erase"), .actor = act->actor, .at = txn->at};
    memcpy(leaf.record, erase->id, SH_ID_BYTES);
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    SH_TRY(sh_txn_leaf(txn, &leaf, &position, err));
    if (expires > erase->result.backups_expire_at)
        erase->result.backups_expire_at = expires;
    if (sh_str_eq(id_text, erase->id_text))
        erase->result.position = position;
    const struct sh_value values[] = {SH_BYTES(id),        SH_I64(txn->at), SH_TEXT(act->why),
                                      SH_TEXT(act->actor), SH_I64(expires), SH_I64((int64_t)position)};
    SH_TRY(sh_txn_run(
        txn,
        "insert into st_erasure (record_id, at, why, actor, expires, leaf) values ($1, $2, $3, $4, $5, $6)",
        values, 6, NULL, err));
    return erase->also ? erase->also(txn, &id_text, err) : SH_OK;
}

/* What was proposed about the record holds its content too. */
static sh_code erase_proposals(struct sh_txn *txn, struct erase *erase, struct sh_err *err) {
    struct sh_rows rows;
    struct sh_str matter, id;
    matter.at = sh_arena_printf(&erase->arena, &matter.len, "of.%.*s", SH_ARG(erase->id_text));
    if (!matter.at)
        return sh_fail(err, SH_E_NOMEM, "no room for a label");
    SH_TRY(sh_txn_query(
        txn,
        "select distinct record_id from st_version where matter = $1 and substr(matter, 1, 3) = 'of.' and "
        "erased = 0 order by 1",
        &SH_TEXT(matter), 1, &erase->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        SH_TRY(sh_id_text(sh_cell(&rows, i, 0)->str, &erase->arena, &id, err));
        SH_TRY(sh_id_parse(id, erase->id, err));
        SH_TRY(erase_one(txn, erase, id, err));
    }
    return SH_OK;
}

static sh_code erase_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct erase *erase = ctx;
    SH_TRY(sh_txn_for_records(txn, err));
    sh_arena_reset(&erase->arena);
    erase->files = (struct sh_rows_maker){.arena = &erase->arena, .n_columns = 1};
    erase->result = (struct sh_erasure){0};
    SH_TRY(sh_id_parse(erase->id_text, erase->id, err));
    SH_TRY(check_record(txn, erase, &SH_BYTES(sh_bytes_of(erase->id, SH_ID_BYTES)), err));
    SH_TRY(erase_one(txn, erase, erase->id_text, err));
    SH_TRY(erase_proposals(txn, erase, err));
    erase->blobs = (struct sh_rows){erase->files.n, 1, erase->files.cells};
    return SH_OK;
}

static sh_code remove_files(struct sh_store *store, struct erase *erase, struct sh_err *err) {
    for (size_t i = 0; i < erase->blobs.n_rows; i++) {
        char path[SH_PATH_BYTES_MAX];
        const struct sh_str hash = sh_cell(&erase->blobs, i, 0)->str;
        if (hash.len != SH_DIGEST_BYTES)
            return sh_fail(err, SH_E_CORRUPT, "st_blob: a damaged hash");
        SH_TRY(sh_blob_path(store, (const uint8_t *)hash.at, path, err));
        SH_TRY(sh_remove_file(path, err));
        erase->result.files++;
    }
    return SH_OK;
}

/* by: what empties the pages later. */
static sh_code fail_held(const char *by, struct sh_err *err) {
    return sh_fail(err, SH_E_BUSY,
                   "the content is erased, but a long read holds what was there before; %s empties it", by);
}

/* Look again in 20 ms? For 20 seconds, until nobody holds what was there before. */
static bool look_again(int64_t since_ns) {
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    return sh_monotonic_ns() - since_ns < (int64_t)20 * 1000000000;
}

/* A vacuum leaves what a reader of before the erasure may still see, even one whose end is on its way. */
static sh_code await_readers(struct sh_db *db, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows next, held;
    SH_TRY(sh_db_run(db, "select cast(pg_snapshot_xmax(pg_current_snapshot()) as text)", NULL, 0, NULL,
                     &arena, &next, err));
    const int64_t since = sh_monotonic_ns();
    do {
        SH_TRY(sh_db_run(db,
                         "select cast(pid as bigint) from pg_stat_activity where pid <> pg_backend_pid() and "
                         "datname = current_database() and age(backend_xmin) > age(xid(xid8($1))) limit 1",
                         sh_cell(&next, 0, 0), 1, NULL, &arena, &held, err));
        if (held.n_rows == 0)
            return SH_OK;
    } while (look_again(since));
    return fail_held("the next erasure", err);
}

/* The rows that other rooms have wiped. */
static sh_code vacuum_rooms(struct sh_store *store, struct sh_db *db, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_txn txn = {.store = store, .db = db};
    struct sh_sealed_table *tables = NULL;
    size_t n = 0;
    SH_TRY(sh_sealed_tables(&txn, &arena, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        char sql[96];
        (void)snprintf(sql, sizeof sql, "vacuum \"%.*s\"", SH_ARG(tables[i].name));
        SH_TRY(sh_db_exec(db, sql, err));
    }
    return SH_OK;
}

static sh_code purge_postgres(struct sh_store *store, struct sh_err *err) {
    SH_CLEANUP(sh_db_close) struct sh_db db = {0};
    SH_TRY(sh_db_open_pg(store->database, &db, err));
    SH_TRY(await_readers(&db, err));
    SH_TRY(sh_db_exec(&db, "vacuum full st_key", err));
    SH_TRY(sh_db_exec(&db, "vacuum st_version", err));
    SH_TRY(vacuum_rooms(store, &db, err));
    const sh_code code = sh_db_exec(&db, "checkpoint", NULL); /* only a superuser may; the next one does it */
    return code == SH_OK || code == SH_E_INTERNAL ? SH_OK : sh_fail(err, code, "the checkpoint failed");
}

/* The old pages too: the log is emptied into the database, whose freed bytes are overwritten (secure_delete).
 */
static sh_code purge(struct sh_store *store, struct sh_err *err) {
    SH_CLEANUP(sh_db_close) struct sh_db db = {0};
    if (store->is_postgres)
        return purge_postgres(store, err);
    SH_TRY(sh_db_open_lite(store->database, false, false, &db, err));
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const int64_t since = sh_monotonic_ns();
    do {
        /* Held by a reader for as long as the connection waits, or by the server's own emptying, for which it
         * does not wait. */
        SH_TRY(sh_db_run(&db, "pragma wal_checkpoint(truncate)", NULL, 0, NULL, &arena, &rows, err));
        if (rows.n_rows == 0 || sh_cell(&rows, 0, 0)->i64 == 0)
            return SH_OK;
    } while (look_again(since));
    return fail_held("the next erasure or start", err);
}

sh_code sh_store_erase(struct sh_store *store, const struct sh_act *act, struct sh_str record,
                       sh_txn_body also, struct sh_erasure *ret, struct sh_err *err) {
    SH_CLEANUP(sh_free_at) struct erase *erase = sh_alloc_array(1, sizeof *erase);
    if (!erase)
        return sh_fail(err, SH_E_NOMEM, "no memory to erase");
    if (act->why.len == 0)
        return sh_fail(err, SH_E_INPUT, "an erasure needs a reason");
    erase->id_text = record;
    erase->also = also;
    SH_TRY(sh_id_parse(record, erase->id, err));
    sh_code code = sh_store_write(store, act, erase_body, erase, NULL, err);
    if (code == SH_OK)
        code = remove_files(store, erase, err);
    if (code == SH_OK)
        code = purge(store, err);
    *ret = erase->result;
    sh_arena_free(&erase->arena);
    return code;
}
