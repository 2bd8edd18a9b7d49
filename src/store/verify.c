/* Everything stored, checked against the journal, and the journal against its signed heads. One pass over the
 * leaves with the versions they prove beside them; then the rows that other leaves prove, one by one. */
#include "store/verify.h"
#include <inttypes.h>

void sh_fault(struct sh_check *check, const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (check->report->faults++ < SH_FAULTS_MAX && check->sink)
        check->sink(check->ctx, text);
}

static sh_code query(struct sh_check *check, const char *sql, int64_t from, int64_t to, struct sh_rows *rows,
                     struct sh_err *err) {
    const struct sh_value values[] = {SH_I64(from), SH_I64(to)};
    return sh_txn_query(check->txn, sql, values, 2, &check->arena, rows, err);
}

/* ---- heads */

static sh_code load_signers(struct sh_check *check, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(check->txn, "select key, spki, kind from st_signer order by at, key", NULL, 0,
                        &check->keep, &rows, err));
    check->signers = sh_new(&check->keep, struct sh_signer, rows.n_rows + 1);
    if (!check->signers)
        return sh_fail(err, SH_E_NOMEM, "no room for signers");
    for (size_t i = 0; i < rows.n_rows; i++) {
        struct sh_signer *signer = &check->signers[check->n_signers];
        const struct sh_str key = sh_cell(&rows, i, 0)->str;
        if (sh_signer_load_public(sh_cell(&rows, i, 1)->str, signer, NULL) != SH_OK ||
            !sh_str_eq(key, sh_bytes_of(signer->fingerprint, SH_DIGEST_BYTES))) {
            sh_signer_release(signer); /* its place is taken by the next */
            sh_fault(check, "st_signer %zu: the key is damaged or does not have its fingerprint", i + 1);
        } else {
            check->n_signers++;
        }
    }
    return SH_OK;
}

const struct sh_signer *sh_check_signer(const struct sh_check *check, struct sh_str fingerprint) {
    for (size_t i = 0; i < check->n_signers; i++)
        if (sh_str_eq(fingerprint, sh_bytes_of(check->signers[i].fingerprint, SH_DIGEST_BYTES)))
            return &check->signers[i];
    return NULL;
}

static void check_head(struct sh_check *check, const struct sh_value *row, const struct sh_hash *root) {
    struct sh_head_body head;
    const long long size = row[0].i64;
    if (sh_head_decode(row[1].str, &head, NULL) != SH_OK || (int64_t)head.size != size) {
        sh_fault(check, "st_head %lld: its bytes are damaged", size);
        return;
    }
    if (memcmp(head.log, check->txn->store->journal.log, SH_LOG_BYTES) != 0)
        sh_fault(check, "st_head %lld: of another journal", size);
    if (memcmp(head.root.at, root->at, SH_DIGEST_BYTES) != 0)
        sh_fault(check, "st_head %lld: the first %lld leaves do not have this root: a leaf was changed", size,
                 size);
    const struct sh_signer *signer = sh_check_signer(check, sh_bytes_of(head.key, SH_DIGEST_BYTES));
    if (!signer)
        sh_fault(check, "st_head %lld: signed by an unknown key", size);
    else if (sh_signer_verify(signer, row[1].str, row[2].str, NULL) != SH_OK)
        sh_fault(check, "st_head %lld: the signature does not hold", size);
    check->report->heads++;
    check->report->size = head.size;
    check->last_size = head.size;
}

/* Heads at the size reached. */
static sh_code check_heads_here(struct sh_check *check, struct sh_err *err) {
    const struct sh_tree *tree = &check->tree;
    while (check->next_head < check->heads.n_rows &&
           sh_cell(&check->heads, check->next_head, 0)->i64 <= (int64_t)tree->size) {
        struct sh_hash root;
        SH_TRY(sh_tree_root(tree, &root, err));
        check_head(check, sh_cell(&check->heads, check->next_head++, 0), &root);
    }
    if (check->has_published && check->published.size == tree->size) {
        struct sh_hash root;
        SH_TRY(sh_tree_root(tree, &root, err));
        if (memcmp(root.at, check->published.root.at, SH_DIGEST_BYTES) != 0)
            sh_fault(check, "%s: its last head (%" PRIu64 " leaves) has another root: another history",
                     check->txn->store->heads_path, check->published.size);
    }
    return SH_OK;
}

/* ---- leaves and versions */

static sh_code check_tile(struct sh_check *check, const struct sh_tile *tile, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(query(check, "select root, hashes from st_tile where level = $1 and position = $2",
                 (int64_t)tile->level, (int64_t)tile->position, &rows, err));
    const bool is_same = rows.n_rows == 1 &&
                         sh_str_eq(sh_cell(&rows, 0, 0)->str, sh_bytes_of(tile->root.at, SH_DIGEST_BYTES)) &&
                         sh_str_eq(sh_cell(&rows, 0, 1)->str, sh_bytes_of(tile->hashes, sizeof tile->hashes));
    if (!is_same)
        sh_fault(check, "st_tile %zu/%" PRIu64 ": missing or changed", tile->level, tile->position);
    check->n_tiles++;
    return SH_OK;
}

static void check_version(struct sh_check *check, const struct sh_leaf_body *leaf, const struct sh_value *row,
                          const struct sh_version_seen *seen) {
    char id[SH_ID_TEXT + 1];
    sh_hex(leaf->record, SH_ID_BYTES, id);
    const bool is_erased = row[19].i64 != 0;
    const bool is_same = seen->is_sound && memcmp(row[1].str.at, leaf->record, SH_ID_BYTES) == 0 &&
                         row[2].i64 == leaf->version && row[18].i64 == leaf->at &&
                         (is_erased || memcmp(seen->hash.at, leaf->content.at, SH_DIGEST_BYTES) == 0);
    check->report->erased += is_erased;
    if (!is_same)
        sh_fault(check, "st_version %s version %lld: not what its leaf %lld proves", id,
                 (long long)leaf->version, (long long)row[0].i64);
    check->report->versions++;
}

static void count_type(struct sh_check *check, struct sh_str type) {
    static const char *const names[SH_CHECKED_TYPES] = {"posting", "blob",    "erase", "backup",
                                                        "key",     "witness", "fork",  "seal"};
    for (size_t i = 0; i < SH_CHECKED_TYPES; i++)
        if (sh_str_is(type, names[i]))
            check->n_of_type[i]++;
}

static sh_code check_leaf(struct sh_check *check, const struct sh_value *row, const struct sh_leaf_seen *seen,
                          struct sh_err *err) {
    const long long position = row[0].i64;
    if (!sh_str_eq(row[2].str, sh_bytes_of(seen->hash.at, SH_DIGEST_BYTES)))
        sh_fault(check, "st_leaf %lld: its bytes do not have its hash", position);
    if (!seen->is_sound)
        sh_fault(check, "st_leaf %lld: its bytes are malformed", position);
    if (seen->body.at < check->last_at)
        sh_fault(check, "st_leaf %lld: its time lies before that of the leaf before it", position);
    check->last_at = seen->body.at;
    count_type(check, seen->body.type);
    size_t n_tiles = 0;
    SH_TRY(sh_tree_add(&check->tree, &seen->hash, check->tiles, &n_tiles, err));
    for (size_t t = 0; t < n_tiles; t++)
        SH_TRY(check_tile(check, &check->tiles[t], err));
    check->report->leaves++;
    return check_heads_here(check, err);
}

static sh_code check_chunk(struct sh_check *check, const struct sh_chunk *chunk, struct sh_err *err) {
    const struct sh_rows *leaves = &chunk->leaves, *versions = &chunk->versions;
    size_t v = 0;
    for (size_t i = 0; i < leaves->n_rows; i++) {
        const struct sh_value *row = sh_cell(leaves, i, 0);
        const struct sh_leaf_body *leaf = &chunk->leaf[i].body;
        while (check->tree.size < (uint64_t)row[0].i64) { /* a hole: say it once and go on behind it */
            sh_fault(check, "st_leaf %" PRIu64 ": missing", check->tree.size);
            size_t n_tiles = 0;
            const struct sh_hash none = {{0}};
            SH_TRY(sh_tree_add(&check->tree, &none, check->tiles, &n_tiles, err));
        }
        SH_TRY(check_leaf(check, row, &chunk->leaf[i], err));
        for (; v < versions->n_rows && sh_cell(versions, v, 0)->i64 < row[0].i64; v++)
            sh_fault(check, "st_version with leaf %lld: that leaf proves no version",
                     (long long)sh_cell(versions, v, 0)->i64);
        const bool has = v < versions->n_rows && sh_cell(versions, v, 0)->i64 == row[0].i64;
        if (has && sh_str_is(leaf->type, "record"))
            check_version(check, leaf, sh_cell(versions, v, 0), &chunk->version[v]);
        else if (has || sh_str_is(leaf->type, "record"))
            sh_fault(check,
                     has ? "st_version with leaf %lld: that leaf is of another type"
                         : "st_leaf %lld: the version it proves is missing",
                     (long long)row[0].i64);
        v += has;
    }
    return SH_OK;
}

sh_code sh_check_group(struct sh_check *check, const struct sh_group *group, struct sh_err *err) {
    sh_arena_reset(&check->arena);
    for (size_t i = 0; i < SH_CHECK_CHUNKS; i++)
        SH_TRY(check_chunk(check, &group->chunks[i], err));
    return SH_OK;
}

static bool is_empty(const struct sh_group *group) {
    for (size_t i = 0; i < SH_CHECK_CHUNKS; i++)
        if (group->chunks[i].leaves.n_rows > 0)
            return false;
    return true;
}

/* Leaves that no group had: their positions are none of 0 to the last. */
static sh_code check_strays(struct sh_check *check, struct sh_err *err) {
    struct sh_rows rows;
    sh_arena_reset(&check->arena);
    SH_TRY(sh_txn_query(check->txn,
                        "select position from st_leaf where position < 0 or position >= $1 limit 1000",
                        &SH_I64((int64_t)check->tree.size), 1, &check->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++)
        sh_fault(check, "st_leaf %lld: it does not follow the others", (long long)sh_cell(&rows, i, 0)->i64);
    return SH_OK;
}

static sh_code check_leaves(struct sh_check *check, struct sh_err *err) {
    struct sh_group *now = &check->groups[0], *next = &check->groups[1];
    SH_TRY(sh_check_ahead(check, NULL, 0, now, err));
    for (int64_t from = 0;; from += SH_CHECK_GROUP) {
        SH_TRY(sh_check_ahead(check, now, from + SH_CHECK_GROUP, next, err));
        if (is_empty(now) && (from >= check->end || (uint64_t)from >= check->last_size))
            break;
        struct sh_group *const done = now;
        now = next, next = done;
    }
    const uint64_t size = check->report->size;
    for (; check->next_head < check->heads.n_rows; check->next_head++)
        sh_fault(check, "st_head %lld: more leaves than there are",
                 (long long)sh_cell(&check->heads, check->next_head, 0)->i64);
    if (check->tree.size != size)
        sh_fault(check, "the newest head counts %" PRIu64 " leaves, there are %" PRIu64, size,
                 check->tree.size);
    if (check->has_published && check->published.size > check->tree.size)
        sh_fault(check, "%s knows %" PRIu64 " leaves, there are %" PRIu64, check->txn->store->heads_path,
                 check->published.size, check->tree.size);
    return check_strays(check, err);
}

static sh_code verify_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_check *check = ctx;
    check->txn = txn;
    /* Readers of pages walk indexes; whole tables are better joined by hash: four times as fast at 40,000
     * records. */
    if (txn->store->is_postgres)
        SH_TRY(sh_db_exec(txn->db, "set local enable_hashjoin = on", err));
    check->tiles = sh_new(&check->keep, struct sh_tile, SH_TREE_LEVELS);
    if (!check->tiles)
        return sh_fail(err, SH_E_NOMEM, "no room to verify");
    SH_TRY(sh_check_readers_open(check, err));
    sh_check_records_begin(check);
    check->tree =
        (struct sh_tree){.kind = txn->store->journal.kind, .kept = &check->scratch[check->n_threads].digest};
    SH_TRY(load_signers(check, err));
    SH_TRY(sh_txn_query(txn, "select size, body, signature from st_head order by size", NULL, 0, &check->keep,
                        &check->heads, err));
    if (check->heads.n_rows > 0)
        check->last_size = (uint64_t)sh_cell(&check->heads, check->heads.n_rows - 1, 0)->i64;
    SH_TRY(check_leaves(check, err));
    SH_TRY(sh_check_records_end(check, err));
    return sh_check_rows(check, err);
}

sh_code sh_store_verify(struct sh_store *store, bool deep, sh_fault_sink sink, void *ctx,
                        struct sh_verify_report *ret, struct sh_err *err) {
    SH_CLEANUP(sh_free_at) struct sh_check *check = sh_alloc_array(1, sizeof *check);
    if (!check)
        return sh_fail(err, SH_E_NOMEM, "no memory to verify");
    *ret = (struct sh_verify_report){0};
    check->sink = sink;
    check->ctx = ctx;
    check->report = ret;
    check->is_deep = deep;
    /* Read before the snapshot, so that it is not newer when others write meanwhile. */
    sh_code code = sh_heads_last(store->heads_path, &check->published, &check->has_published, err);
    if (code == SH_OK)
        code = sh_store_read(store, verify_body, check, err);
    for (size_t i = 0; i < check->n_signers; i++)
        sh_signer_release(&check->signers[i]);
    sh_check_records_free(check);
    sh_check_readers_close(check);
    for (size_t i = 0; i < (size_t)2 * SH_CHECK_CHUNKS; i++)
        sh_arena_free(&check->groups[i / SH_CHECK_CHUNKS].chunks[i % SH_CHECK_CHUNKS].arena);
    sh_buf_free(&check->buf);
    sh_arena_free(&check->arena);
    sh_arena_free(&check->keep);
    return code;
}
