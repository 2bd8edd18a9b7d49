/* What readers ask of the journal: the newest head and proofs. */
#include "store/inner.h"

static sh_code head_of(struct sh_txn *txn, const char *sql, const char *none, struct sh_arena *arena,
                       struct sh_head *ret, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(txn, sql, NULL, 0, arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "%s", none);
    struct sh_head_body body;
    SH_TRY(sh_head_decode(sh_cell(&rows, 0, 0)->str, &body, err));
    *ret = (struct sh_head){.size = body.size, .at = body.at, .epoch = body.epoch};
    memcpy(ret->root, body.root.at, SH_DIGEST_BYTES);
    memcpy(ret->key, body.key, SH_DIGEST_BYTES);
    ret->bytes = sh_cell(&rows, 0, 0)->str;
    ret->signature = sh_cell(&rows, 0, 1)->str;
    return SH_OK;
}

sh_code sh_journal_head(struct sh_txn *txn, struct sh_arena *arena, struct sh_head *ret, struct sh_err *err) {
    return head_of(txn, "select body, signature from st_head order by size desc limit 1",
                   "the journal has no head yet", arena, ret, err);
}

sh_code sh_journal_witnessed_head(struct sh_txn *txn, struct sh_arena *arena, struct sh_head *ret,
                                  struct sh_err *err) {
    return head_of(
        txn,
        "select body, signature from st_head h where exists (select 1 from st_cosign c where c.size = "
        "h.size) order by h.size desc limit 1",
        "no witness has signed a head yet", arena, ret, err);
}

sh_code sh_journal_witnesses(struct sh_txn *txn, struct sh_arena *arena, const struct sh_witnessed **ret,
                             size_t *ret_n, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(
        sh_txn_query(txn,
                     "select s.name, s.key, c.size, c.at from st_signer s join st_cosign c on c.key = s.key "
                     "where s.kind = 'witness' and not exists (select 1 from st_cosign d where d.key = c.key "
                     "and d.size > c.size) order by s.name, s.key",
                     NULL, 0, arena, &rows, err));
    struct sh_witnessed *list = sh_new(arena, struct sh_witnessed, rows.n_rows + 1);
    if (!list)
        return sh_fail(err, SH_E_NOMEM, "no room for witnesses");
    for (size_t i = 0; i < rows.n_rows; i++) {
        const struct sh_value *row = sh_cell(&rows, i, 0);
        if (row[1].str.len != SH_DIGEST_BYTES)
            return sh_fail(err, SH_E_CORRUPT, "st_signer: a damaged fingerprint");
        list[i] = (struct sh_witnessed){.name = row[0].str, .size = (uint64_t)row[2].i64, .at = row[3].i64};
        memcpy(list[i].key, row[1].str.at, SH_DIGEST_BYTES);
    }
    *ret = list;
    *ret_n = rows.n_rows;
    return SH_OK;
}

/* No further than the snapshot of this transaction. */
static sh_code check_size(struct sh_txn *txn, uint64_t size, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_head head;
    SH_TRY(sh_journal_head(txn, &arena, &head, err));
    if (size == 0 || size > head.size)
        return sh_fail(err, SH_E_INPUT, "the journal has %llu leaves, asked for %llu",
                       (unsigned long long)head.size, (unsigned long long)size);
    return SH_OK;
}

sh_code sh_journal_inclusion(struct sh_txn *txn, uint64_t position, uint64_t size, struct sh_arena *arena,
                             const uint8_t **ret, size_t *ret_n, struct sh_err *err) {
    SH_TRY(check_size(txn, size, err));
    struct sh_hash *path = sh_new(arena, struct sh_hash, SH_TREE_HEIGHT_MAX + 2);
    if (!path)
        return sh_fail(err, SH_E_NOMEM, "no room for a proof");
    const struct sh_tree_source source = sh_tree_of_db(txn->db, txn->store->journal.kind);
    SH_TRY(sh_tree_inclusion(&source, position, size, path, ret_n, err));
    *ret = path[0].at;
    return SH_OK;
}

sh_code sh_journal_consistency(struct sh_txn *txn, uint64_t from_size, uint64_t size, struct sh_arena *arena,
                               const uint8_t **ret, size_t *ret_n, struct sh_err *err) {
    SH_TRY(check_size(txn, size, err));
    struct sh_hash *path = sh_new(arena, struct sh_hash, SH_TREE_HEIGHT_MAX + 2);
    if (!path)
        return sh_fail(err, SH_E_NOMEM, "no room for a proof");
    const struct sh_tree_source source = sh_tree_of_db(txn->db, txn->store->journal.kind);
    SH_TRY(sh_tree_consistency(&source, from_size, size, path, ret_n, err));
    *ret = path[0].at;
    return SH_OK;
}

sh_code sh_journal_leaves(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                          struct sh_arena *arena, const int64_t **ret, size_t *ret_n, struct sh_err *err) {
    uint8_t bytes[SH_ID_BYTES];
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    SH_TRY(sh_id_parse(id, bytes, err));
    const struct sh_str record = sh_bytes_of(bytes, SH_ID_BYTES);
    (void)sh_buf_addf(&query.sql, "select v.leaf from st_version v where v.record_id = $%zu",
                      sh_query_value(&query, SH_BYTES(record)));
    SH_TRY(sh_scope_add(scope, "v", &query, arena, err));
    (void)sh_buf_add_text(&query.sql, " order by v.version");
    SH_TRY(sh_buf_check(&query.sql, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, arena, &rows, err));
    int64_t *leaves = sh_new(arena, int64_t, rows.n_rows + 1);
    if (!leaves)
        return sh_fail(err, SH_E_NOMEM, "no room for positions");
    for (size_t i = 0; i < rows.n_rows; i++)
        leaves[i] = sh_cell(&rows, i, 0)->i64;
    if (rows.n_rows == 0) {
        struct sh_posting_body posting;
        SH_TRY(sh_posting_load(txn, scope, record, arena, &posting, &leaves[0], err));
    }
    *ret = leaves, *ret_n = rows.n_rows ? rows.n_rows : 1;
    return SH_OK;
}
