/* Sealed files under blobs/, addressed by the SM3 of their sealed bytes. */
#include "store/inner.h"
#include <sodium.h>

void sh_blob_encode(const uint8_t hash[SH_DIGEST_BYTES], const uint8_t record[SH_ID_BYTES], int64_t size,
                    struct sh_buf *out) {
    (void)sh_buf_add_text(out, "SHB1");
    sh_put_bytes(out, hash, SH_DIGEST_BYTES);
    sh_put_bytes(out, record, SH_ID_BYTES);
    sh_put_u64(out, (uint64_t)size);
}

sh_code sh_blob_path(const struct sh_store *store, const uint8_t hash[SH_DIGEST_BYTES], char *out,
                     struct sh_err *err) {
    char hex[SH_DIGEST_HEX_MAX];
    sh_hex(hash, SH_DIGEST_BYTES, hex);
    return sh_path_format(out, err, "%s/blobs/%.2s/%s", store->data_dir, hex, hex);
}

static sh_code write_file(struct sh_store *store, const uint8_t hash[SH_DIGEST_BYTES], struct sh_str sealed,
                          struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX], dir[SH_PATH_BYTES_MAX];
    struct sh_batch *batch = &store->batch;
    SH_TRY(sh_grow(&batch->files, &batch->cap_files, batch->n_files + 1, sizeof *batch->files,
                   (size_t)1 << 20, err));
    memcpy(batch->files[batch->n_files++].at, hash, SH_DIGEST_BYTES);
    SH_TRY(sh_blob_path(store, hash, path, err));
    SH_TRY(sh_path_format(dir, err, "%.*s", (int)(sh_path_base(path) - path) - 1, path));
    SH_TRY(sh_mkdir_all(dir, err));
    return sh_fs_write(path, sealed, err);
}

static sh_code must_exist(struct sh_txn *txn, const struct sh_value *id, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_txn_query(txn, "select 1 from st_record where record_id = $1 and erased = 0", id, 1, &arena,
                        &rows, err));
    return rows.n_rows > 0 ? SH_OK : sh_fail(err, SH_E_NOTFOUND, "no such record");
}

sh_code sh_blob_put(struct sh_txn *txn, struct sh_str record_id, struct sh_str content,
                    uint8_t ret_hash[SH_DIGEST_BYTES], struct sh_err *err) {
    SH_TRY(sh_txn_for_records(txn, err));
    if (content.len > SH_BLOB_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "a file of %zu bytes, at most %zu", content.len, SH_BLOB_BYTES_MAX);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_leaf_body leaf = {.type = SH_STR("blob"), .actor = txn->act->actor, .at = txn->at};
    SH_TRY(sh_id_parse(record_id, leaf.record, err));
    const struct sh_str id = sh_bytes_of(leaf.record, SH_ID_BYTES);
    SH_TRY(must_exist(txn, &SH_BYTES(id), err));
    uint8_t key[SH_SEAL_KEY];
    struct sh_str sealed;
    SH_TRY(sh_record_key(txn, leaf.record, true, key, err));
    const sh_code code = sh_seal(key, id, content, &arena, &sealed, err);
    sodium_memzero(key, sizeof key);
    SH_TRY(code);
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, sealed.at, sealed.len, ret_hash, err));
    SH_TRY(write_file(txn->store, ret_hash, sealed, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_blob_encode(ret_hash, leaf.record, (int64_t)content.len, &buf);
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    uint64_t position = 0;
    SH_TRY(sh_txn_leaf(txn, &leaf, &position, err));
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(ret_hash, SH_DIGEST_BYTES)), SH_BYTES(id),
                                      SH_I64((int64_t)content.len), SH_I64(txn->at),
                                      SH_I64((int64_t)position)};
    return sh_txn_run(
        txn, "insert into st_blob (hash, record_id, size, at, leaf, erased) values ($1, $2, $3, $4, $5, 0)",
        values, 5, NULL, err);
}

/* The record of a blob, if its newest version is in scope. */
static sh_code find_record(struct sh_txn *txn, const struct sh_scope *scope,
                           const uint8_t hash[SH_DIGEST_BYTES], struct sh_arena *arena, struct sh_str *ret,
                           struct sh_err *err) {
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    (void)sh_query_value(&query, SH_BYTES(sh_bytes_of(hash, SH_DIGEST_BYTES)));
    (void)sh_buf_add_text(
        &query.sql,
        "select b.record_id from st_blob b join st_record r on r.record_id = b.record_id join "
        "st_version v on v.record_id = r.record_id and v.version = r.newest where b.hash = $1 and "
        "b.erased = 0");
    SH_TRY(sh_scope_add(scope, "v", &query, arena, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such file");
    *ret = sh_cell(&rows, 0, 0)->str;
    return ret->len == SH_ID_BYTES ? SH_OK : sh_fail(err, SH_E_CORRUPT, "st_blob: a damaged record id");
}

sh_code sh_blob_get(struct sh_txn *txn, const struct sh_scope *scope, const uint8_t hash[SH_DIGEST_BYTES],
                    struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    struct sh_str id, sealed;
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(find_record(txn, scope, hash, arena, &id, err));
    SH_TRY(sh_blob_path(txn->store, hash, path, err));
    SH_TRY(sh_fs_read(path, SH_BLOB_BYTES_MAX + SH_SEAL_EXTRA, arena, &sealed, err));
    uint8_t is[SH_DIGEST_BYTES], key[SH_SEAL_KEY];
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, sealed.at, sealed.len, is, err));
    if (memcmp(is, hash, sizeof is) != 0)
        return sh_fail(err, SH_E_CORRUPT, "%s: changed: its content does not have its hash", path);
    SH_TRY(sh_record_key(txn, (const uint8_t *)id.at, false, key, err));
    const sh_code code = sh_unseal(key, id, sealed, arena, ret, err);
    sodium_memzero(key, sizeof key);
    return code == SH_OK ? SH_OK : sh_err_wrap(err, code, "%s", path);
}
