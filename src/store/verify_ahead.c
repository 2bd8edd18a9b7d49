/* The part of a verification that needs no order: hashes of leaves and of versions, on all processors, while
 * the next rows are read. */
#include "base/pool.h"
#include "store/verify.h"

enum { SLICE = 512 };

struct ahead {
    struct sh_check *check;
    struct sh_chunk *now, *next;
    int64_t from;
    size_t n_leaf_slices;
};

static sh_code read_next(const struct ahead *ahead, struct sh_err *err) {
    struct sh_chunk *next = ahead->next;
    const struct sh_value values[] = {SH_I64(ahead->from), SH_I64(ahead->from + SH_CHECK_CHUNK)};
    sh_arena_reset(&next->arena);
    SH_TRY(
        sh_txn_query(ahead->check->txn,
                     "select position, body, hash from st_leaf where position >= $1 and position < $2 order "
                     "by position",
                     values, 2, &next->arena, &next->leaves, err));
    SH_TRY(sh_txn_query(ahead->check->txn,
                        "select " SH_VERSION_COLUMNS
                        " from st_version v where v.leaf >= $1 and v.leaf < $2 order by v.leaf",
                        values, 2, &next->arena, &next->versions, err));
    next->leaf = sh_new(&next->arena, struct sh_leaf_seen, next->leaves.n_rows + 1);
    next->version = sh_new(&next->arena, struct sh_version_seen, next->versions.n_rows + 1);
    return next->leaf && next->version ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for leaves");
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

/* Task 0 reads, as it takes longest; then slices of leaves, then of versions. */
static sh_code run_task(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    const struct ahead *ahead = ctx;
    if (task == 0)
        return read_next(ahead, err);
    struct sh_chunk *now = ahead->now;
    struct sh_check_scratch *scratch = &ahead->check->scratch[worker];
    const sh_digest_kind kind = ahead->check->tree.kind;
    const bool is_leaf = task <= ahead->n_leaf_slices;
    const struct sh_rows *rows = is_leaf ? &now->leaves : &now->versions;
    const size_t from = (is_leaf ? task - 1 : task - 1 - ahead->n_leaf_slices) * SLICE;
    for (size_t i = from; i < from + SLICE && i < rows->n_rows; i++) {
        const struct sh_value *row = sh_cell(rows, i, 0);
        SH_TRY(is_leaf ? see_leaf(row, kind, scratch, &now->leaf[i], err)
                       : see_version(row, kind, scratch, &now->version[i], err));
    }
    return SH_OK;
}

sh_code sh_check_ahead(struct sh_check *check, struct sh_chunk *now, int64_t from, struct sh_chunk *next,
                       struct sh_err *err) {
    struct ahead ahead = {.check = check, .now = now, .next = next, .from = from};
    size_t n_tasks = 1;
    if (now) {
        ahead.n_leaf_slices = (now->leaves.n_rows + SLICE - 1) / SLICE;
        n_tasks += ahead.n_leaf_slices + (now->versions.n_rows + SLICE - 1) / SLICE;
    }
    return sh_pool_run(check->n_threads, n_tasks, run_task, &ahead, NULL, err);
}
