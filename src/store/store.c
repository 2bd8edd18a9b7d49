#include "store/inner.h"
#include <sys/stat.h>

/* ---- opening */

static sh_code absolute(const char *path, struct sh_arena *arena, const char **ret, struct sh_err *err) {
    char *real = realpath(path, NULL);
    if (!real)
        return sh_fail_errno(err, "%s", path);
    *ret = sh_arena_dup(arena, real, strlen(real));
    free(real); // NOLINT: realpath's own
    return *ret ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a path");
}

/* Who steals the data, or a backup of them, must not get the keys with it. */
static sh_code check_keys_outside(const struct sh_store *store, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const char *data = "", *keys = "";
    bool has = false;
    SH_TRY(sh_is_dir(store->keys_dir, &has, NULL));
    if (!has)
        return SH_OK;
    SH_TRY(absolute(store->data_dir, &arena, &data, err));
    SH_TRY(absolute(store->keys_dir, &arena, &keys, err));
    const size_t len = strlen(data);
    if (strncmp(keys, data, len) == 0 && (keys[len] == '/' || keys[len] == '\0'))
        return sh_fail(err, SH_E_INPUT, "the keys (%s) lie inside the data (%s); put them elsewhere", keys,
                       data);
    return SH_OK;
}

static sh_code set_paths(struct sh_store *store, const struct sh_store_options *options, struct sh_err *err) {
    size_t len = strlen(options->data_dir);
    while (len > 1 && options->data_dir[len - 1] == '/')
        len--;
    SH_TRY(sh_path_format(store->data_dir, err, "%.*s", (int)len, options->data_dir));
    if (options->keys_dir)
        SH_TRY(sh_path_format(store->keys_dir, err, "%s", options->keys_dir));
    else
        SH_TRY(sh_path_format(store->keys_dir, err, "%s-keys", store->data_dir));
    if (options->heads_path)
        SH_TRY(sh_path_format(store->heads_path, err, "%s", options->heads_path));
    else
        SH_TRY(sh_path_join(store->heads_path, store->keys_dir, "heads", err));
    store->is_postgres = options->database_url != NULL;
    if (store->is_postgres)
        return sh_path_format(store->database, err, "%s", options->database_url);
    return sh_path_join(store->database, store->data_dir, "shouhu.db", err);
}

static sh_code open_db(const struct sh_store *store, bool read_only, bool create, struct sh_db *ret,
                       struct sh_err *err) {
    return store->is_postgres ? sh_db_open_pg(store->database, ret, err)
                              : sh_db_open_lite(store->database, read_only, create, ret, err);
}

static sh_code make_mutexes(struct sh_store *store, struct sh_err *err) {
    pthread_condattr_t monotonic;
    bool is_good = pthread_condattr_init(&monotonic) == 0 &&
                   pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                   pthread_mutex_init(&store->mutex, NULL) == 0 &&
                   pthread_mutex_init(&store->readers_mutex, NULL) == 0 &&
                   pthread_cond_init(&store->wake, &monotonic) == 0 &&
                   sem_init(&store->readers_free, 0, SH_READERS) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    store->has_mutexes = is_good;
    return is_good ? SH_OK : sh_fail(err, SH_E_NOMEM, "no mutexes");
}

sh_code sh_store_lock_guests(const struct sh_store *store, struct sh_lock *lock, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, store->data_dir, "guest.lock", err));
    return sh_lock_take(lock, path, "an act beside the server", err);
}

static sh_code take_lock(struct sh_store *store, const struct sh_store_options *options, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    if (options->read_only)
        return SH_OK;
    if (options->beside)
        return sh_store_lock_guests(store, &store->lock, err);
    SH_TRY(sh_path_join(path, store->data_dir, "lock", err));
    return sh_lock_take(&store->lock, path, "store", err);
}

static sh_code open_places(struct sh_store *store, const struct sh_store_options *options,
                           struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    bool has = false;
    if (options->create)
        SH_TRY(sh_mkdir_all(store->data_dir, err));
    SH_TRY(sh_is_dir(store->data_dir, &has, err));
    if (!has)
        return sh_fail(err, SH_E_NOTFOUND, "%s: no store here", store->data_dir);
    SH_TRY(take_lock(store, options, err));
    SH_TRY(check_keys_outside(store, err));
    SH_TRY(sh_path_join(path, store->keys_dir, "master.key", err));
    SH_TRY(sh_fs_exists(path, &has, err));
    if (has || !options->read_only)
        SH_TRY(sh_keyring_open(store->keys_dir, options->passphrase, options->create && !options->beside,
                               &store->keys, err));
    return check_keys_outside(store, err);
}

/* One snapshot, as others may write meanwhile; the heads elsewhere are read before it, so that they are not
 * newer. */
static sh_code load_journal(struct sh_store *store, bool with_check, struct sh_err *err) {
    struct sh_head_body last;
    bool has = false;
    SH_TRY(sh_heads_last(store->heads_path, &last, &has, err));
    SH_TRY(sh_db_begin(&store->writer, false, err));
    sh_code code = sh_journal_load(store, &store->writer, err);
    if (code == SH_OK && with_check && has)
        code = sh_heads_check(store, &store->writer, &last, err);
    else if (code == SH_E_NOTFOUND && has)
        code = sh_fail(err, SH_E_CONFLICT, "the database is empty, but %s knows %llu leaves of its journal",
                       store->heads_path, (unsigned long long)last.size);
    sh_db_rollback(&store->writer);
    return code;
}

static sh_code open_journal(struct sh_store *store, const struct sh_store_options *options,
                            struct sh_err *err) {
    sh_code code = load_journal(store, !options->after_fork, err);
    if (code == SH_E_NOTFOUND && options->create && !options->read_only && !options->beside)
        code = sh_journal_create(store, options->digest, err);
    SH_TRY(code);
    return options->read_only || options->after_fork ? SH_OK : sh_heads_publish(store, err);
}

static sh_code open_all(struct sh_store *store, const struct sh_store_options *options, struct sh_err *err) {
    SH_TRY(make_mutexes(store, err));
    SH_TRY(open_places(store, options, err));
    SH_TRY(open_db(store, options->read_only, options->create && !options->beside, &store->writer, err));
    if (!options->read_only)
        SH_TRY(sh_writer_prepare(store, err));
    SH_TRY(sh_migrate(&store->writer, options->migrations, options->n_migrations, sh_clock_now(store->clock),
                      options->read_only || options->beside, err));
    SH_TRY(open_journal(store, options, err));
    if (options->read_only)
        return SH_OK;
    SH_TRY(sh_writer_start(store, err));
    return options->beside ? SH_OK : sh_rows_protect(store, options->migrations, options->n_migrations, err);
}

sh_code sh_store_open(const struct sh_store_options *options, struct sh_store **ret, struct sh_err *err) {
    struct sh_store *store = sh_alloc_array(1, sizeof *store);
    if (!store)
        return sh_fail(err, SH_E_NOMEM, "no memory for a store");
    store->is_read_only = options->read_only;
    store->clock = options->clock;
    sh_code code = set_paths(store, options, err);
    if (code == SH_OK)
        code = open_all(store, options, err);
    if (code != SH_OK) {
        sh_store_close(store);
        return code;
    }
    *ret = store;
    return SH_OK;
}

sh_code sh_store_connect(const struct sh_store *store, struct sh_db *ret, struct sh_err *err) {
    return open_db(store, true, false, ret, err);
}

static sh_code open_empty(struct sh_store *store, const struct sh_store_options *options,
                          struct sh_err *err) {
    SH_TRY(make_mutexes(store, err));
    SH_TRY(open_places(store, options, err));
    SH_TRY(open_db(store, false, true, &store->writer, err));
    SH_TRY(sh_migrate(&store->writer, options->migrations, options->n_migrations, sh_clock_now(store->clock),
                      false, err));
    SH_TRY(sh_rows_attach(store, err));
    SH_TRY(sh_rows_make_room(store, options->migrations, options->n_migrations, err));
    const sh_code code = sh_journal_load(store, &store->writer, err);
    if (code == SH_OK)
        return sh_fail(err, SH_E_CONFLICT, "%s holds a journal already; restore into an empty place",
                       store->data_dir);
    return code == SH_E_NOTFOUND ? SH_OK : code;
}

sh_code sh_store_open_empty(const struct sh_store_options *options, struct sh_store **ret,
                            struct sh_err *err) {
    struct sh_store *store = sh_alloc_array(1, sizeof *store);
    if (!store)
        return sh_fail(err, SH_E_NOMEM, "no memory for a store");
    store->clock = options->clock;
    sh_code code = sh_mkdir_all(options->data_dir, err);
    if (code == SH_OK)
        code = set_paths(store, options, err);
    if (code == SH_OK)
        code = open_empty(store, options, err);
    if (code != SH_OK) {
        sh_store_close(store);
        return code;
    }
    *ret = store;
    return SH_OK;
}

void sh_store_close(struct sh_store *store) {
    if (!store)
        return;
    sh_writer_stop(store);
    sh_db_close(&store->writer);
    while (store->idle) {
        struct sh_db *db = store->idle;
        store->idle = db->next_idle;
        sh_db_close(db);
        sh_free(db);
    }
    if (store->has_mutexes) {
        (void)pthread_mutex_destroy(&store->mutex);
        (void)pthread_mutex_destroy(&store->readers_mutex);
        (void)pthread_cond_destroy(&store->wake);
        (void)sem_destroy(&store->readers_free);
    }
    sh_free(store->batch.leaves);
    sh_free(store->batch.files);
    sh_keyring_release(&store->keys);
    sh_row_key_release(&store->row_key);
    sh_lock_release(&store->lock);
    sh_free(store);
}

/* ---- reading */

static sh_code take_reader(struct sh_store *store, struct sh_db **ret, struct sh_err *err) {
    sh_sem_take(&store->readers_free);
    (void)pthread_mutex_lock(&store->readers_mutex);
    struct sh_db *db = store->idle;
    if (db)
        store->idle = db->next_idle;
    (void)pthread_mutex_unlock(&store->readers_mutex);
    sh_code code = SH_OK;
    if (!db)
        db = sh_alloc_array(1, sizeof *db);
    if (!db)
        code = sh_fail(err, SH_E_NOMEM, "no memory for a connection");
    else if (sh_db_is_broken(db))
        code = sh_store_connect(store, db, err);
    if (code == SH_OK) {
        *ret = db;
        return SH_OK;
    }
    if (db)
        sh_db_close(db);
    sh_free(db);
    (void)sem_post(&store->readers_free);
    return code;
}

static void give_reader(struct sh_store *store, struct sh_db *db) {
    if (sh_db_is_broken(db))
        sh_db_close(db); /* opened again by its next user */
    (void)pthread_mutex_lock(&store->readers_mutex);
    db->next_idle = store->idle;
    store->idle = db;
    (void)pthread_mutex_unlock(&store->readers_mutex);
    (void)sem_post(&store->readers_free);
}

sh_code sh_store_read(struct sh_store *store, sh_txn_body body, void *ctx, struct sh_err *err) {
    struct sh_db *db = NULL;
    SH_TRY(take_reader(store, &db, err));
    sh_code code = sh_db_begin(db, false, err);
    if (code == SH_OK) {
        struct sh_txn txn = {.store = store, .db = db, .at = sh_clock_now(store->clock)};
        code = body(&txn, ctx, err);
    }
    sh_db_rollback(db);
    give_reader(store, db);
    return code;
}

int64_t sh_txn_now(const struct sh_txn *txn) {
    return txn->at;
}

const struct sh_act *sh_txn_act(const struct sh_txn *txn) {
    return txn->act;
}

size_t sh_txn_leaves(const struct sh_txn *txn) {
    return txn->act ? txn->store->batch.n - txn->first_leaf : 0;
}

/* ---- statements */

static sh_code txn_db(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                      int64_t *ret_changed, struct sh_arena *arena, struct sh_rows *rows) {
    return sh_db_run(txn->db, sql, values, n, ret_changed, arena, rows, &txn->failure);
}

static sh_code finish(struct sh_txn *txn, sh_code code, int64_t changed, struct sh_err *err) {
    if (code != SH_OK) {
        txn->failed = code;
        if (err)
            *err = txn->failure;
        return code;
    }
    txn->changed += changed;
    txn->has_written |= changed > 0;
    return SH_OK;
}

sh_code sh_txn_run(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                   int64_t *ret_changed, struct sh_err *err) {
    int64_t changed = 0;
    sh_code code = txn->failed;
    txn->has_written = true;
    if (code == SH_OK)
        code = txn->act && !ret_changed ? sh_db_run_later(txn->db, sql, values, n, &txn->failure)
                                        : txn_db(txn, sql, values, n, &changed, NULL, NULL);
    SH_TRY(finish(txn, code, changed, err));
    if (ret_changed)
        *ret_changed = changed;
    return SH_OK;
}

sh_code sh_txn_query(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                     struct sh_arena *arena, struct sh_rows *ret, struct sh_err *err) {
    int64_t changed = 0;
    const sh_code code = txn->failed ? txn->failed : txn_db(txn, sql, values, n, &changed, arena, ret);
    return finish(txn, code, changed, err);
}

/* Records are read through a scope; there is no way around it by SQL. */
static sh_code refuse_own_tables(const char *sql, struct sh_err *err) {
    if (strcasestr(sql, "st_") != NULL)
        return sh_fail(err, SH_E_INTERNAL, "tables of the store are not for other rooms: %.80s", sql);
    return SH_OK;
}

sh_code sh_sql_run(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                   int64_t *ret_changed, struct sh_err *err) {
    SH_TRY(refuse_own_tables(sql, err));
    return sh_txn_run(txn, sql, values, n, ret_changed, err);
}

sh_code sh_sql_query(struct sh_txn *txn, const char *sql, const struct sh_value *values, size_t n,
                     struct sh_arena *arena, struct sh_rows *ret, struct sh_err *err) {
    SH_TRY(refuse_own_tables(sql, err));
    return sh_txn_query(txn, sql, values, n, arena, ret, err);
}

sh_code sh_sql_has_table(struct sh_txn *txn, const char *name, bool *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const char *sql = txn->db->pg ? "select 1::bigint from information_schema.tables where table_schema = "
                                    "current_schema() and table_name = $1"
                                  : "select 1 from sqlite_schema where type = 'table' and name = $1";
    SH_TRY(sh_txn_query(txn, sql, &SH_TEXT(sh_str_of(name)), 1, &arena, &rows, err));
    *ret = rows.n_rows > 0;
    return SH_OK;
}

/* ---- leaves */

sh_code sh_txn_leaf(struct sh_txn *txn, const struct sh_leaf_body *leaf, uint64_t *ret_position,
                    struct sh_err *err) {
    if (!txn->act)
        return sh_fail(err, SH_E_INTERNAL, "a leaf in a read");
    struct sh_batch *batch = &txn->store->batch;
    SH_TRY(sh_grow(&batch->leaves, &batch->cap, batch->n + 1, sizeof *batch->leaves, (size_t)1 << 20, err));
    struct sh_pending *pending = &batch->leaves[batch->n];
    pending->len = sh_leaf_encode(leaf, pending->body);
    SH_TRY(sh_tree_leaf_hash(txn->store->journal.kind, sh_bytes_of(pending->body, pending->len),
                             &pending->hash, err));
    if (ret_position)
        *ret_position = txn->store->journal.tree.size + batch->n;
    batch->n++;
    return SH_OK;
}

sh_code sh_txn_for_records(struct sh_txn *txn, struct sh_err *err) {
    if (!txn->act || txn->act->is_housekeeping)
        return sh_fail(err, SH_E_INTERNAL, "records are not written in %s",
                       txn->act ? "housekeeping" : "a read");
    return SH_OK;
}

sh_code sh_journal_add(struct sh_txn *txn, const struct sh_leaf *leaf, struct sh_err *err) {
    if (!sh_is_name(leaf->type, SH_LEAF_TYPE_MAX))
        return sh_fail(err, SH_E_INPUT, "\"%.*s\" is not a leaf type", SH_ARG(leaf->type));
    if (!txn->act)
        return sh_fail(err, SH_E_INTERNAL, "a leaf in a read");
    struct sh_leaf_body body = {.type = leaf->type, .version = leaf->version, .at = txn->at};
    if (!leaf->is_anonymous)
        body.actor = txn->act->actor;
    if (leaf->record.len > 0)
        SH_TRY(sh_id_parse(leaf->record, body.record, err));
    SH_TRY(sh_digest_of(txn->store->journal.kind, leaf->content.at, leaf->content.len, body.content.at, err));
    return sh_txn_leaf(txn, &body, NULL, err);
}
