#include "store/inner.h"
#include <fcntl.h>

static const uint8_t leaf_magic[4] = {'S', 'H', 'L', '1'}, head_magic[4] = {'S', 'H', 'H', '1'};

static void put64(uint8_t *out, uint64_t v) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

size_t sh_leaf_encode(const struct sh_leaf_body *leaf, uint8_t *out) {
    sh_check(leaf->type.len <= SH_LEAF_TYPE_MAX && leaf->actor.len <= SH_ACTOR_MAX);
    size_t n = 0;
    memcpy(out, leaf_magic, sizeof leaf_magic), n += sizeof leaf_magic;
    out[n++] = (uint8_t)leaf->type.len;
    memcpy(out + n, leaf->type.at, leaf->type.len), n += leaf->type.len;
    memcpy(out + n, leaf->record, SH_ID_BYTES), n += SH_ID_BYTES;
    put64(out + n, (uint64_t)leaf->version), n += 8;
    put64(out + n, (uint64_t)leaf->at), n += 8;
    out[n++] = (uint8_t)leaf->actor.len;
    if (leaf->actor.len > 0)
        memcpy(out + n, leaf->actor.at, leaf->actor.len), n += leaf->actor.len;
    memcpy(out + n, leaf->content.at, SH_DIGEST_BYTES), n += SH_DIGEST_BYTES;
    return n;
}

sh_code sh_leaf_decode(struct sh_str body, struct sh_leaf_body *ret, struct sh_err *err) {
    struct sh_reader reader = {.rest = body};
    const struct sh_str magic = sh_take(&reader, 4);
    ret->type = sh_take(&reader, (size_t)sh_take_number(&reader, 1));
    const struct sh_str record = sh_take(&reader, SH_ID_BYTES);
    ret->version = (int64_t)sh_take_number(&reader, 8);
    ret->at = (int64_t)sh_take_number(&reader, 8);
    ret->actor = sh_take(&reader, (size_t)sh_take_number(&reader, 1));
    const struct sh_str content = sh_take(&reader, SH_DIGEST_BYTES);
    if (reader.is_bad || reader.rest.len > 0 || !sh_str_is(magic, "SHL1") ||
        ret->type.len > SH_LEAF_TYPE_MAX || ret->actor.len > SH_ACTOR_MAX)
        return sh_fail(err, SH_E_CORRUPT, "the bytes of a leaf are malformed");
    memcpy(ret->record, record.at, SH_ID_BYTES);
    memcpy(ret->content.at, content.at, SH_DIGEST_BYTES);
    return SH_OK;
}

void sh_head_encode(const struct sh_head_body *head, uint8_t out[SH_HEAD_BYTES]) {
    memcpy(out, head_magic, sizeof head_magic);
    memcpy(out + 4, head->log, SH_LOG_BYTES);
    out[36] = head->kind == SH_DIGEST_SM3 ? 2 : 1;
    put64(out + 37, head->size);
    memcpy(out + 45, head->root.at, SH_DIGEST_BYTES);
    put64(out + 77, (uint64_t)head->at);
    out[85] = (uint8_t)(head->epoch >> 24), out[86] = (uint8_t)(head->epoch >> 16);
    out[87] = (uint8_t)(head->epoch >> 8), out[88] = (uint8_t)head->epoch;
    memcpy(out + 89, head->key, SH_DIGEST_BYTES);
}

sh_code sh_head_decode(struct sh_str body, struct sh_head_body *ret, struct sh_err *err) {
    struct sh_reader reader = {.rest = body};
    const struct sh_str magic = sh_take(&reader, 4), log = sh_take(&reader, SH_LOG_BYTES);
    const uint64_t kind = sh_take_number(&reader, 1);
    ret->size = sh_take_number(&reader, 8);
    const struct sh_str root = sh_take(&reader, SH_DIGEST_BYTES);
    ret->at = (int64_t)sh_take_number(&reader, 8);
    ret->epoch = (uint32_t)sh_take_number(&reader, 4);
    const struct sh_str key = sh_take(&reader, SH_DIGEST_BYTES);
    if (reader.is_bad || reader.rest.len > 0 || !sh_str_is(magic, "SHH1") || kind < 1 || kind > 2)
        return sh_fail(err, SH_E_CORRUPT, "the bytes of a head are malformed");
    ret->kind = kind == 2 ? SH_DIGEST_SM3 : SH_DIGEST_SHA256;
    memcpy(ret->log, log.at, SH_LOG_BYTES);
    memcpy(ret->root.at, root.at, SH_DIGEST_BYTES);
    memcpy(ret->key, key.at, SH_DIGEST_BYTES);
    return SH_OK;
}

/* ---- stored hashes */

static sh_code take_hashes(const struct sh_rows *rows, size_t n, struct sh_hash *ret, const char *what,
                           uint64_t position, struct sh_err *err) {
    if (rows->n_rows != n)
        return sh_fail(err, SH_E_CORRUPT, "%s %llu: %zu of %zu rows are missing", what,
                       (unsigned long long)position, n - rows->n_rows, n);
    for (size_t i = 0; i < n; i++) {
        const struct sh_str hash = sh_cell(rows, i, 0)->str;
        if (hash.len != SH_DIGEST_BYTES)
            return sh_fail(err, SH_E_CORRUPT, "%s %llu: its hash is damaged", what,
                           (unsigned long long)position + i);
        memcpy(ret[i].at, hash.at, SH_DIGEST_BYTES);
    }
    return SH_OK;
}

static sh_code db_hashes(void *ctx, size_t level, uint64_t position, size_t n, struct sh_hash *ret,
                         struct sh_err *err) {
    struct sh_db *db = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    struct sh_value values[] = {SH_I64((int64_t)level), SH_I64((int64_t)(position / SH_TILE)), SH_NULL};
    SH_TRY(sh_db_run(db, "select hashes from st_tile where level = $1 and position = $2", values, 2, NULL,
                     &arena, &rows, err));
    if (rows.n_rows > 0) {
        const struct sh_str hashes = sh_cell(&rows, 0, 0)->str;
        if (hashes.len != sizeof(struct sh_hash) * SH_TILE)
            return sh_fail(err, SH_E_CORRUPT, "tile %zu/%llu is damaged", level,
                           (unsigned long long)(position / SH_TILE));
        memcpy(ret, hashes.at + (position % SH_TILE) * sizeof *ret, n * sizeof *ret);
        return SH_OK;
    }
    if (level == 0) {
        values[0] = SH_I64((int64_t)position), values[1] = SH_I64((int64_t)(position + n));
        SH_TRY(sh_db_run(db,
                         "select hash from st_leaf where position >= $1 and position < $2 order by position",
                         values, 2, NULL, &arena, &rows, err));
        return take_hashes(&rows, n, ret, "leaf", position, err);
    }
    values[0] = SH_I64((int64_t)level - 1), values[1] = SH_I64((int64_t)position);
    values[2] = SH_I64((int64_t)(position + n));
    SH_TRY(sh_db_run(
        db,
        "select root from st_tile where level = $1 and position >= $2 and position < $3 order by position",
        values, 3, NULL, &arena, &rows, err));
    return take_hashes(&rows, n, ret, "tile", position, err);
}

struct sh_tree_source sh_tree_of_db(struct sh_db *db, sh_digest_kind kind) {
    return (struct sh_tree_source){db_hashes, db, kind};
}

/* ---- writing */

/* On PostgreSQL as many rows in a statement as a power of two of them allows; SQLite as in
 * insert_grams_one_by_one. */
static sh_code insert_leaves(struct sh_store *store, struct sh_err *err) {
    enum { ROWS = 16 };
    const struct sh_batch *batch = &store->batch;
    for (size_t i = 0, n; i < batch->n; i += n) {
        SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
        struct sh_value values[3 * ROWS];
        for (n = store->is_postgres ? ROWS : 1; n > batch->n - i; n /= 2)
            ;
        (void)sh_buf_add_text(&sql, "insert into st_leaf (position, body, hash) values ");
        for (size_t k = 0; k < n; k++) {
            const struct sh_pending *leaf = &batch->leaves[i + k];
            (void)sh_buf_addf(&sql, "%s($%zu, $%zu, $%zu)", k ? ", " : "", 3 * k + 1, 3 * k + 2, 3 * k + 3);
            values[3 * k] = SH_I64((int64_t)(store->journal.tree.size + i + k));
            values[3 * k + 1] = SH_BYTES(sh_bytes_of(leaf->body, leaf->len));
            values[3 * k + 2] = SH_BYTES(sh_bytes_of(leaf->hash.at, SH_DIGEST_BYTES));
        }
        SH_TRY(sh_buf_check(&sql, err));
        SH_TRY(sh_db_run_later(&store->writer, sql.at, values, 3 * n, err));
    }
    return SH_OK;
}

static sh_code insert_tile(struct sh_store *store, const struct sh_tile *tile, struct sh_err *err) {
    const struct sh_value values[] = {SH_I64((int64_t)tile->level), SH_I64((int64_t)tile->position),
                                      SH_BYTES(sh_bytes_of(tile->root.at, SH_DIGEST_BYTES)),
                                      SH_BYTES(sh_bytes_of(tile->hashes, sizeof tile->hashes))};
    return sh_db_run_later(&store->writer,
                           "insert into st_tile (level, position, root, hashes) values ($1, $2, $3, $4)",
                           values, 4, err);
}

/* Old heads of the same ten minutes go, unless somebody co-signed them: the newest covers them. */
static sh_code drop_last_head(struct sh_store *store, int64_t at, struct sh_err *err) {
    const struct sh_head_body *last = &store->journal.head.body;
    if (last->size == 0 || last->at / SH_HEAD_KEEP_SECONDS != at / SH_HEAD_KEEP_SECONDS ||
        last->epoch != store->journal.epoch)
        return SH_OK;
    const struct sh_value values[] = {SH_I64((int64_t)last->size)};
    return sh_db_run_later(
        &store->writer,
        "delete from st_head where size = $1 and not exists (select 1 from st_cosign where "
        "st_cosign.size = st_head.size)",
        values, 1, err);
}

static sh_code insert_head(struct sh_store *store, int64_t at, struct sh_err *err) {
    struct sh_journal *journal = &store->journal;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_head_body head = {
        .kind = journal->kind, .size = journal->work.size, .at = at, .epoch = journal->epoch};
    memcpy(head.log, journal->log, sizeof head.log);
    memcpy(head.key, store->keys.signer.fingerprint, sizeof head.key);
    SH_TRY(sh_tree_root(&journal->work, &head.root, err));
    SH_TRY(drop_last_head(store, at, err));
    uint8_t bytes[SH_HEAD_BYTES];
    struct sh_str signature;
    sh_head_encode(&head, bytes);
    SH_TRY(sh_signer_sign(&store->keys.signer, sh_bytes_of(bytes, sizeof bytes), &arena, &signature, err));
    const struct sh_value values[] = {SH_I64((int64_t)head.size), SH_BYTES(sh_bytes_of(bytes, sizeof bytes)),
                                      SH_BYTES(signature)};
    SH_TRY(sh_db_run_later(&store->writer, "insert into st_head (size, body, signature) values ($1, $2, $3)",
                           values, 3, err));
    journal->fresh = (struct sh_signed_head){.body = head, .signature_len = signature.len};
    memcpy(journal->fresh.bytes, bytes, sizeof bytes);
    memcpy(journal->fresh.signature, signature.at, signature.len);
    return SH_OK;
}

sh_code sh_journal_flush(struct sh_store *store, int64_t at, struct sh_err *err) {
    struct sh_journal *journal = &store->journal;
    journal->work = journal->tree;
    if (store->batch.n == 0)
        return SH_OK;
    SH_TRY(insert_leaves(store, err));
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_tile *tiles = sh_new(&arena, struct sh_tile, SH_TREE_LEVELS);
    if (!tiles)
        return sh_fail(err, SH_E_NOMEM, "no room for tiles");
    for (size_t i = 0; i < store->batch.n; i++) {
        size_t n_tiles = 0;
        SH_TRY(sh_tree_add(&journal->work, &store->batch.leaves[i].hash, tiles, &n_tiles, err));
        for (size_t t = 0; t < n_tiles; t++)
            SH_TRY(insert_tile(store, &tiles[t], err));
    }
    SH_TRY(insert_head(store, at, err));
    return sh_db_settle(&store->writer, err); /* before the commit: that positions were taken is told apart */
}

void sh_journal_settle(struct sh_store *store) {
    if (store->batch.n == 0)
        return;
    store->journal.tree = store->journal.work;
    store->journal.head = store->journal.fresh;
    store->journal.last_at = store->journal.head.body.at;
}

/* ---- beginning and reading back */

static sh_code put_meta(struct sh_db *db, const char *name, struct sh_str value, struct sh_err *err) {
    const struct sh_value values[] = {SH_TEXT(sh_str_of(name)), SH_BYTES(value)};
    return sh_db_run(db, "insert into st_meta (name, value) values ($1, $2)", values, 2, NULL, NULL, NULL,
                     err);
}

/* The first leaf holds the hash of what the journal is: its id, its digest, its first key. */
static sh_code genesis(struct sh_store *store, int64_t at, struct sh_err *err) {
    struct sh_journal *journal = &store->journal;
    const struct sh_signer *signer = &store->keys.signer;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    (void)sh_buf_add_text(&buf, "SHG1");
    sh_put_bytes(&buf, journal->log, SH_LOG_BYTES);
    (void)sh_buf_add_char(&buf, journal->kind == SH_DIGEST_SM3 ? 2 : 1);
    sh_put_u64(&buf, (uint64_t)at);
    sh_put_str(&buf, sh_bytes_of(signer->spki, signer->spki_len));
    SH_TRY(sh_buf_check(&buf, err));
    SH_TRY(put_meta(&store->writer, "genesis", sh_buf_view(&buf), err));
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(signer->fingerprint, SH_DIGEST_BYTES)),
                                      SH_BYTES(sh_bytes_of(signer->spki, signer->spki_len)),
                                      SH_TEXT(SH_STR("own")), SH_I64(at)};
    SH_TRY(sh_db_run(&store->writer,
                     "insert into st_signer (key, spki, kind, name, at, leaf) values ($1, $2, $3, '', $4, 0)",
                     values, 4, NULL, NULL, NULL, err));
    struct sh_leaf_body leaf = {.type = SH_STR("genesis"), .actor = SH_STR("system"), .at = at};
    SH_TRY(sh_digest_of(journal->kind, buf.at, buf.len, leaf.content.at, err));
    struct sh_pending *pending = &store->batch.leaves[0];
    pending->len = sh_leaf_encode(&leaf, pending->body);
    SH_TRY(sh_tree_leaf_hash(journal->kind, sh_bytes_of(pending->body, pending->len), &pending->hash, err));
    store->batch.n = 1;
    return sh_journal_flush(store, at, err);
}

sh_code sh_journal_create(struct sh_store *store, sh_digest_kind kind, struct sh_err *err) {
    struct sh_journal *journal = &store->journal;
    *journal = (struct sh_journal){.kind = kind, .tree.kind = kind};
    SH_TRY(sh_random(journal->log, SH_LOG_BYTES, err));
    SH_TRY(sh_grow(&store->batch.leaves, &store->batch.cap, 1, sizeof *store->batch.leaves, 1 << 20, err));
    SH_TRY(sh_db_begin(&store->writer, true, err));
    sh_code code = genesis(store, sh_clock_now(store->clock), err);
    if (code == SH_OK)
        code = sh_db_commit(&store->writer, err);
    if (code == SH_OK)
        sh_journal_settle(store);
    else
        sh_db_rollback(&store->writer);
    store->batch.n = 0;
    return code;
}

static sh_code read_genesis(struct sh_journal *journal, struct sh_db *db, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(
        sh_db_run(db, "select value from st_meta where name = 'genesis'", NULL, 0, NULL, &arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "there is no journal here yet");
    struct sh_reader reader = {.rest = sh_cell(&rows, 0, 0)->str};
    const struct sh_str magic = sh_take(&reader, 4), log = sh_take(&reader, SH_LOG_BYTES);
    const uint64_t kind = sh_take_number(&reader, 1);
    if (reader.is_bad || !sh_str_is(magic, "SHG1") || kind < 1 || kind > 2)
        return sh_fail(err, SH_E_CORRUPT, "st_meta genesis is damaged");
    memcpy(journal->log, log.at, SH_LOG_BYTES);
    journal->kind = kind == 2 ? SH_DIGEST_SM3 : SH_DIGEST_SHA256;
    return SH_OK;
}

static sh_code check_signature(struct sh_db *db, const struct sh_head_body *head, struct sh_str bytes,
                               struct sh_str signature, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(head->key, SH_DIGEST_BYTES))};
    SH_TRY(sh_db_run(db, "select spki from st_signer where key = $1 and kind = 'own'", values, 1, NULL,
                     &arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_CORRUPT, "head %llu: its key is not among the signers",
                       (unsigned long long)head->size);
    SH_CLEANUP(sh_signer_release) struct sh_signer signer = {0};
    sh_code code = sh_signer_load_public(sh_cell(&rows, 0, 0)->str, &signer, err);
    if (code == SH_OK && memcmp(signer.fingerprint, head->key, SH_DIGEST_BYTES) != 0)
        code = sh_fail(err, SH_E_CORRUPT, "st_signer: a key does not have its fingerprint");
    if (code == SH_OK)
        code = sh_signer_verify(&signer, bytes, signature, err);
    return code == SH_OK ? SH_OK : sh_err_wrap(err, code, "head %llu", (unsigned long long)head->size);
}

static sh_code read_head(struct sh_journal *journal, struct sh_db *db, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_db_run(db, "select body, signature, size from st_head order by size desc limit 1", NULL, 0,
                     NULL, &arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_CORRUPT, "st_head: the journal has no head");
    const struct sh_str body = sh_cell(&rows, 0, 0)->str, signature = sh_cell(&rows, 0, 1)->str;
    struct sh_signed_head *head = &journal->head;
    SH_TRY(sh_head_decode(body, &head->body, err));
    if ((int64_t)head->body.size != sh_cell(&rows, 0, 2)->i64 || signature.len > SH_SIGNATURE_MAX ||
        memcmp(head->body.log, journal->log, SH_LOG_BYTES) != 0)
        return sh_fail(err, SH_E_CORRUPT, "head %lld is damaged", (long long)sh_cell(&rows, 0, 2)->i64);
    SH_TRY(check_signature(db, &head->body, body, signature, err));
    memcpy(head->bytes, body.at, SH_HEAD_BYTES);
    memcpy(head->signature, signature.at, signature.len);
    head->signature_len = signature.len;
    journal->epoch = head->body.epoch;
    return SH_OK;
}

sh_code sh_journal_load(struct sh_store *store, struct sh_db *db, struct sh_err *err) {
    struct sh_journal *journal = &store->journal;
    SH_TRY(read_genesis(journal, db, err));
    SH_TRY(read_head(journal, db, err));
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_db_run(db, "select position, body from st_leaf order by position desc limit 1", NULL, 0, NULL,
                     &arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_CORRUPT, "st_leaf is empty, the newest head counts %llu leaves",
                       (unsigned long long)journal->head.body.size);
    const uint64_t size = (uint64_t)sh_cell(&rows, 0, 0)->i64 + 1;
    if (size != journal->head.body.size)
        return sh_fail(err, SH_E_CORRUPT, "st_leaf has %llu leaves, the newest head counts %llu",
                       (unsigned long long)size, (unsigned long long)journal->head.body.size);
    struct sh_leaf_body leaf;
    SH_TRY(sh_leaf_decode(sh_cell(&rows, 0, 1)->str, &leaf, err));
    journal->last_at = leaf.at > journal->head.body.at ? leaf.at : journal->head.body.at;
    const struct sh_tree_source source = sh_tree_of_db(db, journal->kind);
    struct sh_hash root;
    SH_TRY(sh_tree_load(&source, size, &journal->tree, err));
    SH_TRY(sh_tree_root(&journal->tree, &root, err));
    if (memcmp(root.at, journal->head.body.root.at, SH_DIGEST_BYTES) != 0)
        return sh_fail(err, SH_E_CORRUPT, "the tree of %llu leaves does not have the root of its signed head",
                       (unsigned long long)size);
    return SH_OK;
}

sh_code sh_journal_is_current(struct sh_store *store, bool *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_db_run(&store->writer, "select max(position) from st_leaf", NULL, 0, NULL, &arena, &rows, err));
    *ret = rows.n_rows == 1 && sh_cell(&rows, 0, 0)->i64 + 1 == (int64_t)store->journal.tree.size;
    return SH_OK;
}
