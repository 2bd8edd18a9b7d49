/* The part of a verification that needs no order: rows read, decoded and hashed on all processors. */
#include "base/pool.h"
#include "store/verify.h"

enum { READERS_MAX = 16 }; /* of the connections that a database has */

struct ahead {
    struct sh_check *check;
    struct sh_group *now, *next;
    int64_t from;
};

/* ---- connections of one snapshot */

static sh_code take_snapshot(struct sh_check *check, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(check->txn, "select pg_export_snapshot()", NULL, 0, &check->keep, &rows, err));
    (void)snprintf(check->snapshot, sizeof check->snapshot, "set transaction snapshot '%.*s'",
                   SH_ARG(sh_cell(&rows, 0, 0)->str));
    return SH_OK;
}

sh_code sh_check_connect(struct sh_check *check, struct sh_db *ret, struct sh_err *err) {
    SH_TRY(sh_store_connect(check->txn->store, ret, err));
    sh_code code = sh_db_begin(ret, false, err);
    if (code == SH_OK && ret->pg)
        code = sh_db_exec(ret, check->snapshot, err);
    if (code != SH_OK)
        sh_db_close(ret);
    return code;
}

sh_code sh_check_readers_open(struct sh_check *check, struct sh_err *err) {
    /* PostgreSQL reads on processors of its own, while who asked waits for it. */
    const size_t wanted = sh_processors() * (check->txn->db->pg ? 2 : 1);
    const size_t n = wanted < READERS_MAX ? wanted : READERS_MAX;
    struct sh_rows rows;
    SH_TRY(sh_txn_query(check->txn, "select coalesce(max(position), -1) + 1 from st_leaf", NULL, 0,
                        &check->keep, &rows, err));
    check->end = sh_cell(&rows, 0, 0)->i64;
    if (check->txn->db->pg)
        SH_TRY(take_snapshot(check, err));
    check->readers = sh_new(&check->keep, struct sh_db, n);
    check->scratch = sh_new(&check->keep, struct sh_check_scratch, n + 1);
    if (!check->readers || !check->scratch)
        return sh_fail(err, SH_E_NOMEM, "no room to verify");
    for (size_t i = 0; i < n; i++) {
        const sh_code code = sh_check_connect(check, &check->readers[i], err);
        if (code != SH_OK && check->n_threads > 0) /* no more connections: with fewer */
            break;
        SH_TRY(code);
        check->n_threads++;
    }
    return SH_OK;
}

void sh_check_readers_close(struct sh_check *check) {
    for (size_t i = 0; i < check->n_threads; i++) {
        sh_db_close(&check->readers[i]);
        sh_digest_release(&check->scratch[i].digest);
        sh_buf_free(&check->scratch[i].buf);
    }
    if (check->scratch)
        sh_digest_release(&check->scratch[check->n_threads].digest);
}

/* ---- a chunk */

static sh_code read_chunk(const struct sh_check *check, struct sh_db *db, int64_t from,
                          struct sh_chunk *chunk, struct sh_err *err) {
    const int64_t to = from + SH_CHECK_CHUNK;
    const struct sh_value values[] = {SH_I64(from), SH_I64(to < check->end ? to : check->end)};
    sh_arena_reset(&chunk->arena);
    SH_TRY(sh_db_run(
        db,
        "select position, body, hash from st_leaf where position >= $1 and position < $2 order by position",
        values, 2, NULL, &chunk->arena, &chunk->leaves, err));
    SH_TRY(sh_db_run(db,
                     "select " SH_VERSION_COLUMNS
                     " from st_version v where v.leaf >= $1 and v.leaf < $2 order by v.leaf",
                     values, 2, NULL, &chunk->arena, &chunk->versions, err));
    chunk->leaf = sh_new(&chunk->arena, struct sh_leaf_seen, chunk->leaves.n_rows + 1);
    chunk->version = sh_new(&chunk->arena, struct sh_version_seen, chunk->versions.n_rows + 1);
    return chunk->leaf && chunk->version ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for leaves");
}

static sh_code see_leaf(const struct sh_value *row, sh_digest_kind kind, struct sh_check_scratch *scratch,
                        struct sh_leaf_seen *ret, struct sh_err *err) {
    ret->is_sound = sh_leaf_decode(row[1].str, &ret->body, NULL) == SH_OK;
    return sh_tree_leaf_hash_in(&scratch->digest, kind, row[1].str, &ret->hash, err);
}

static sh_code see_version(const struct sh_value *row, sh_digest_kind kind, struct sh_check_scratch *scratch,
                           struct sh_version_seen *ret, struct sh_err *err) {
    struct sh_version_body version;
    ret->is_sound = sh_version_of_row(row, &version, NULL) == SH_OK;
    if (!ret->is_sound || row[19].i64 != 0)
        return SH_OK;
    struct sh_buf *buf = &scratch->buf;
    sh_buf_clear(buf);
    sh_version_encode(&version, buf);
    SH_TRY(sh_buf_check(buf, err));
    return sh_digest_again(&scratch->digest, kind, buf->at, buf->len, ret->hash.at, err);
}

/* Task 0 checks what was read before, as it takes longest; the others read and look at a chunk each. */
static sh_code run_task(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    const struct ahead *ahead = ctx;
    struct sh_check *check = ahead->check;
    if (task == 0)
        return ahead->now ? sh_check_group(check, ahead->now, err) : SH_OK;
    struct sh_chunk *chunk = &ahead->next->chunks[task - 1];
    struct sh_check_scratch *scratch = &check->scratch[worker];
    const sh_digest_kind kind = check->tree.kind;
    SH_TRY(read_chunk(check, &check->readers[worker], ahead->from + (int64_t)(task - 1) * SH_CHECK_CHUNK,
                      chunk, err));
    for (size_t i = 0; i < chunk->leaves.n_rows; i++)
        SH_TRY(see_leaf(sh_cell(&chunk->leaves, i, 0), kind, scratch, &chunk->leaf[i], err));
    for (size_t i = 0; i < chunk->versions.n_rows; i++)
        SH_TRY(see_version(sh_cell(&chunk->versions, i, 0), kind, scratch, &chunk->version[i], err));
    return SH_OK;
}

sh_code sh_check_ahead(struct sh_check *check, struct sh_group *now, int64_t from, struct sh_group *next,
                       struct sh_err *err) {
    struct ahead ahead = {.check = check, .now = now, .next = next, .from = from};
    return sh_pool_run(check->n_threads, 1 + SH_CHECK_CHUNKS, run_task, &ahead, NULL, err);
}
