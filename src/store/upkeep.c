/* Keys that change, witnesses, and a journal that was restored from an older copy. */
#include "store/inner.h"

void sh_signer_encode(struct sh_str spki, struct sh_str kind, struct sh_str name, int64_t at,
                      struct sh_buf *out) {
    (void)sh_buf_add_text(out, "SHK1");
    sh_put_str(out, spki);
    sh_put_str(out, kind);
    sh_put_str(out, name);
    sh_put_u64(out, (uint64_t)at);
}

void sh_cosign_encode(struct sh_str head, int64_t at, struct sh_buf *out) {
    (void)sh_buf_add_text(out, "SHW1");
    (void)sh_buf_add_str(out, head);
    sh_put_u64(out, (uint64_t)at);
}

static sh_code insert_signer(struct sh_txn *txn, const struct sh_signer *signer, const char *kind,
                             struct sh_str name, struct sh_err *err) {
    const struct sh_str spki = sh_bytes_of(signer->spki, signer->spki_len);
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_signer_encode(spki, sh_str_of(kind), name, txn->at, &buf);
    struct sh_leaf_body leaf = {.type = strcmp(kind, "own") == 0 ? SH_STR("key") : SH_STR("witness"),
                                .actor = txn->act->actor,
                                .at = txn->at};
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    uint64_t position = 0;
    SH_TRY(sh_txn_leaf(txn, &leaf, &position, err));
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(signer->fingerprint, SH_DIGEST_BYTES)),
                                      SH_BYTES(spki),
                                      SH_TEXT(sh_str_of(kind)),
                                      SH_TEXT(name),
                                      SH_I64(txn->at),
                                      SH_I64((int64_t)position)};
    return sh_txn_run(
        txn, "insert into st_signer (key, spki, kind, name, at, leaf) values ($1, $2, $3, $4, $5, $6)",
        values, 6, NULL, err);
}

/* ---- another signing key: the old one signs the head that holds the new one, then steps down */

struct rotate {
    struct sh_signer fresh;
    const char *passphrase;
};

static sh_code rotate_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    return insert_signer(txn, &((struct rotate *)ctx)->fresh, "own", (struct sh_str){0}, err);
}

/* On the writer's thread, so that no head is signed meanwhile. */
static sh_code adopt_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct rotate *rotate = ctx;
    return sh_keyring_set_signer(txn->store->keys_dir, rotate->passphrase, &rotate->fresh, &txn->store->keys,
                                 err);
}

sh_code sh_store_rotate_signer(struct sh_store *store, const struct sh_act *act, const char *passphrase,
                               struct sh_err *err) {
    struct rotate rotate = {.passphrase = passphrase};
    SH_CLEANUP(sh_lock_release) struct sh_lock guests = {0};
    SH_TRY(sh_store_lock_guests(store, &guests, err));
    SH_TRY(sh_signer_make(&rotate.fresh, err));
    sh_code code = sh_store_write(store, act, rotate_body, &rotate, NULL, err);
    const struct sh_act adopt = {.actor = act->actor, .is_housekeeping = true};
    if (code == SH_OK)
        code = sh_store_write(store, &adopt, adopt_body, &rotate, NULL, err);
    sh_signer_release(&rotate.fresh);
    return code;
}

/* ---- another master key: every record key is wrapped anew */

static sh_code rewrap(struct sh_txn *txn, const struct sh_value *row, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_keyring *ring = &txn->store->keys;
    uint8_t key[SH_SEAL_KEY];
    struct sh_str wrapped;
    SH_TRY(sh_key_unwrap(ring, row[0].str, row[1].str, row[2].str, key, err));
    const sh_code code = sh_key_wrap(ring, row[0].str, key, &arena, &wrapped, err);
    memset(key, 0, sizeof key);
    SH_TRY(code);
    const struct sh_value values[] = {row[0], SH_BYTES(sh_bytes_of(ring->masters[0].id, SH_KEY_ID)),
                                      SH_BYTES(wrapped)};
    return sh_txn_run(txn, "update st_key set master = $2, wrapped = $3 where record_id = $1", values, 3,
                      NULL, err);
}

static sh_code rewrap_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char last[SH_ID_BYTES] = {0};
    struct sh_value after = SH_BYTES(sh_bytes_of(last, 0));
    for (;;) {
        struct sh_rows rows;
        sh_arena_reset(&arena);
        SH_TRY(sh_txn_query(
            txn,
            "select record_id, master, wrapped from st_key where record_id > $1 order by record_id "
            "limit 1000",
            &after, 1, &arena, &rows, err));
        for (size_t i = 0; i < rows.n_rows; i++)
            SH_TRY(rewrap(txn, sh_cell(&rows, i, 0), err));
        if (rows.n_rows < 1000)
            break;
        memcpy(last, sh_cell(&rows, rows.n_rows - 1, 0)->str.at, SH_ID_BYTES);
        after.str.len = SH_ID_BYTES;
    }
    const struct sh_leaf leaf = {.type = SH_STR("master"),
                                 .content = sh_bytes_of(txn->store->keys.masters[0].id, SH_KEY_ID)};
    return sh_journal_add(txn, &leaf, err);
}

sh_code sh_store_rotate_master(struct sh_store *store, const struct sh_act *act, const char *passphrase,
                               struct sh_err *err) {
    SH_CLEANUP(sh_lock_release) struct sh_lock guests = {0};
    SH_TRY(sh_store_lock_guests(store, &guests, err));
    SH_TRY(sh_keyring_new_master(store->keys_dir, passphrase, &store->keys, err));
    return sh_store_write(store, act, rewrap_body, NULL, NULL, err);
}

/* ---- a journal behind its last known head */

struct fork {
    struct sh_head_body lost;
};

static sh_code fork_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct fork *fork = ctx;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    uint8_t lost[SH_HEAD_BYTES];
    char name[32];
    sh_head_encode(&fork->lost, lost);
    (void)sh_buf_add_text(&buf, "SHF1");
    sh_put_u64(&buf, txn->store->journal.tree.size + txn->store->batch.n);
    sh_put_u64(&buf, (uint64_t)txn->at);
    sh_put_str(&buf, sh_bytes_of(lost, sizeof lost));
    sh_put_str(&buf, txn->act->actor);
    sh_put_str(&buf, txn->act->why);
    struct sh_leaf_body leaf = {.type = SH_STR("fork"), .actor = txn->act->actor, .at = txn->at};
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    SH_TRY(sh_txn_leaf(txn, &leaf, NULL, err));
    (void)snprintf(name, sizeof name, "fork-%u", txn->store->journal.epoch);
    const struct sh_value values[] = {SH_TEXT(sh_str_of(name)), SH_BYTES(sh_buf_view(&buf))};
    return sh_txn_run(txn, "insert into st_meta (name, value) values ($1, $2)", values, 2, NULL, err);
}

sh_code sh_store_fork(const struct sh_store_options *options, const struct sh_act *act, struct sh_err *err) {
    if (act->why.len == 0)
        return sh_fail(err, SH_E_INPUT, "a fork needs a reason");
    struct sh_store_options forked = *options;
    struct sh_store *store = NULL;
    struct fork fork;
    bool has = false;
    forked.after_fork = true;
    forked.create = false;
    SH_TRY(sh_store_open(&forked, &store, err));
    SH_CLEANUP(sh_lock_release) struct sh_lock guests = {0};
    sh_code code = sh_store_lock_guests(store, &guests, err);
    if (code == SH_OK)
        code = sh_heads_last(store->heads_path, &fork.lost, &has, err);
    if (code == SH_OK && (!has || sh_heads_check(store, &store->writer, &fork.lost, NULL) == SH_OK))
        code =
            sh_fail(err, SH_E_INPUT, "the journal continues its last known head: there is nothing to record");
    if (code == SH_OK && memcmp(fork.lost.log, store->journal.log, SH_LOG_BYTES) != 0)
        code = sh_fail(err, SH_E_INPUT, "%s belongs to another journal", store->heads_path);
    if (code == SH_OK) {
        const uint32_t known =
            fork.lost.epoch > store->journal.epoch ? fork.lost.epoch : store->journal.epoch;
        store->journal.epoch = known + 1;
        if (store->journal.last_at < fork.lost.at)
            store->journal.last_at = fork.lost.at;
        code = sh_store_write(store, act, fork_body, &fork, NULL, err);
    }
    sh_store_close(store);
    return code;
}

/* ---- witnesses */

struct cosign {
    const struct sh_signer *witness;
    const struct sh_cosignature *given;
    struct sh_head_body head;
};

/* A head that later ones have replaced is kept again, if it is one of ours. */
static sh_code keep_head(struct sh_txn *txn, const struct cosign *cosign, struct sh_arena *arena,
                         struct sh_err *err) {
    struct sh_rows rows;
    struct sh_hash root;
    const struct sh_head_body *head = &cosign->head;
    SH_TRY(sh_txn_query(txn, "select spki from st_signer where key = $1 and kind = 'own'",
                        &SH_BYTES(sh_bytes_of(head->key, SH_DIGEST_BYTES)), 1, arena, &rows, err));
    if (rows.n_rows == 0 || head->size == 0 || head->size > txn->store->journal.tree.size)
        return sh_fail(err, SH_E_INPUT, "this is not a head of this journal");
    SH_CLEANUP(sh_signer_release) struct sh_signer own = {0};
    const struct sh_tree_source source = sh_tree_of_db(txn->db, txn->store->journal.kind);
    SH_TRY(sh_signer_load_public(sh_cell(&rows, 0, 0)->str, &own, err));
    SH_TRY(sh_signer_verify(&own, cosign->given->head, cosign->given->head_signature, err));
    SH_TRY(sh_tree_range(&source, 0, head->size, &root, err));
    if (memcmp(root.at, head->root.at, SH_DIGEST_BYTES) != 0)
        return sh_fail(err, SH_E_CONFLICT, "this head belongs to another history");
    const struct sh_value values[] = {SH_I64((int64_t)head->size), SH_BYTES(cosign->given->head),
                                      SH_BYTES(cosign->given->head_signature)};
    return sh_txn_run(txn, "insert into st_head (size, body, signature) values ($1, $2, $3)", values, 3, NULL,
                      err);
}

static sh_code cosign_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct cosign *cosign = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const struct sh_str key = sh_bytes_of(cosign->witness->fingerprint, SH_DIGEST_BYTES);
    SH_TRY(sh_txn_query(txn, "select body from st_head where size = $1", &SH_I64((int64_t)cosign->head.size),
                        1, &arena, &rows, err));
    if (rows.n_rows == 0)
        SH_TRY(keep_head(txn, cosign, &arena, err));
    else if (!sh_str_eq(sh_cell(&rows, 0, 0)->str, cosign->given->head))
        return sh_fail(err, SH_E_CONFLICT, "the journal has another head of %llu leaves",
                       (unsigned long long)cosign->head.size);
    SH_TRY(sh_txn_query(txn, "select kind from st_signer where key = $1", &SH_BYTES(key), 1, &arena, &rows,
                        err));
    if (rows.n_rows > 0 && !sh_str_is(sh_cell(&rows, 0, 0)->str, "witness"))
        return sh_fail(err, SH_E_INPUT, "a journal does not witness itself: this is one of its own keys");
    if (rows.n_rows == 0)
        SH_TRY(insert_signer(txn, cosign->witness, "witness", cosign->given->name, err));
    const struct sh_value values[] = {SH_I64((int64_t)cosign->head.size), SH_BYTES(key),
                                      SH_BYTES(cosign->given->signature), SH_I64(cosign->given->at)};
    return sh_txn_run(
        txn,
        "insert into st_cosign (size, key, signature, at) values ($1, $2, $3, $4) on conflict do nothing",
        values, 4, NULL, err);
}

sh_code sh_store_cosign(struct sh_store *store, const struct sh_act *act, const struct sh_cosignature *given,
                        struct sh_err *err) {
    SH_CLEANUP(sh_signer_release) struct sh_signer witness = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf message = {0};
    struct sh_head_body head;
    SH_TRY(sh_head_decode(given->head, &head, err));
    SH_TRY(sh_signer_load_public(given->spki, &witness, err));
    sh_cosign_encode(given->head, given->at, &message);
    SH_TRY(sh_signer_verify(&witness, sh_buf_view(&message), given->signature, err));
    const struct cosign cosign = {&witness, given, head};
    /* The first signature of a witness adds a leaf; later ones are outside the tree they sign. */
    const struct sh_act quiet = {.actor = act->actor, .why = act->why, .is_housekeeping = true};
    return sh_store_write(store, &quiet, cosign_body, (void *)(uintptr_t)&cosign, NULL, err);
}
