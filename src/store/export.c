/* A bundle: the leaves of records and postings with their proofs under one signed head, in lines that a short
 * program reads (tools/verify-bundle). The form is specified in docs/journal.md. */
#include "store/inner.h"

struct export {
    const struct sh_bundle_ask *ask;
    struct sh_buf *out;
    struct sh_arena *arena;
    struct sh_head head;
};

static void add_hex(struct sh_buf *out, struct sh_str bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        char hex[3];
        sh_hex((const uint8_t *)bytes.at + i, 1, hex);
        (void)sh_buf_add(out, hex, 2);
    }
}
static void add_line(struct sh_buf *out, const char *word, struct sh_str a, struct sh_str b) {
    (void)sh_buf_add_text(out, word);
    (void)sh_buf_add_char(out, ' ');
    add_hex(out, a);
    if (b.len > 0)
        (void)sh_buf_add_char(out, ' ');
    add_hex(out, b);
    (void)sh_buf_add_char(out, '\n');
}
static void add_path(struct sh_buf *out, const char *word, const uint8_t *path, size_t n) {
    (void)sh_buf_add_text(out, word);
    for (size_t i = 0; i < n; i++) {
        (void)sh_buf_add_char(out, ' ');
        add_hex(out, sh_bytes_of(path + i * SH_DIGEST_BYTES, SH_DIGEST_BYTES));
    }
    (void)sh_buf_add_char(out, '\n');
}

static sh_code add_head(struct sh_txn *txn, struct export *export, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(export->ask->witnessed ? sh_journal_witnessed_head(txn, export->arena, &export->head, err)
                                  : sh_journal_head(txn, export->arena, &export->head, err));
    SH_TRY(sh_txn_query(txn, "select spki from st_signer where key = $1",
                        &SH_BYTES(sh_bytes_of(export->head.key, SH_DIGEST_BYTES)), 1, export->arena, &rows,
                        err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_CORRUPT, "the key of the newest head is not among the signers");
    (void)sh_buf_addf(export->out, "shouhu-bundle 1\ndigest %s\n", sh_digest_name(txn->store->journal.kind));
    add_line(export->out, "key", sh_cell(&rows, 0, 0)->str, sh_bytes_of("", 0));
    add_line(export->out, "head", export->head.bytes, export->head.signature);
    SH_TRY(sh_txn_query(
        txn,
        "select s.spki, c.signature, c.at from st_cosign c join st_signer s on s.key = c.key where "
        "c.size = $1 order by c.key",
        &SH_I64((int64_t) export->head.size), 1, export->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        (void)sh_buf_addf(export->out, "cosign %lld ", (long long)sh_cell(&rows, i, 2)->i64);
        add_hex(export->out, sh_cell(&rows, i, 0)->str);
        (void)sh_buf_add_char(export->out, ' ');
        add_hex(export->out, sh_cell(&rows, i, 1)->str);
        (void)sh_buf_add_char(export->out, '\n');
    }
    return SH_OK;
}

static sh_code add_consistency(struct sh_txn *txn, struct export *export, struct sh_err *err) {
    if (export->ask->from_size == 0)
        return SH_OK;
    const uint8_t *path;
    size_t n;
    struct sh_hash root;
    SH_TRY(sh_journal_consistency(txn, export->ask->from_size, export->head.size, export->arena, &path, &n,
                                  err));
    const struct sh_tree_source source = sh_tree_of_db(txn->db, txn->store->journal.kind);
    SH_TRY(sh_tree_range(&source, 0, export->ask->from_size, &root, err));
    (void)sh_buf_addf(export->out, "from %llu ", (unsigned long long)export->ask->from_size);
    add_hex(export->out, sh_bytes_of(root.at, SH_DIGEST_BYTES));
    (void)sh_buf_add_char(export->out, '\n');
    add_path(export->out, "consistency", path, n);
    return SH_OK;
}

static sh_code add_leaf(struct sh_txn *txn, struct export *export, uint64_t position, struct sh_err *err) {
    struct sh_rows rows;
    const uint8_t *path;
    size_t n;
    SH_TRY(sh_txn_query(txn, "select body from st_leaf where position = $1", &SH_I64((int64_t)position), 1,
                        export->arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "the journal has no leaf %llu", (unsigned long long)position);
    (void)sh_buf_addf(export->out, "leaf %llu ", (unsigned long long)position);
    add_hex(export->out, sh_cell(&rows, 0, 0)->str);
    (void)sh_buf_add_char(export->out, '\n');
    SH_TRY(sh_journal_inclusion(txn, position, export->head.size, export->arena, &path, &n, err));
    add_path(export->out, "path", path, n);
    return SH_OK;
}

/* What the leaf holds the hash of; the sealed part stays sealed. Gone when erased. */
static sh_code add_content(struct export *export, const struct sh_value *row, struct sh_err *err) {
    if (row[19].i64 != 0)
        return SH_OK;
    struct sh_version_body version;
    SH_TRY(sh_version_of_row(row, &version, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_version_encode(&version, &buf);
    SH_TRY(sh_buf_check(&buf, err));
    add_line(export->out, "content", sh_buf_view(&buf), sh_bytes_of("", 0));
    return SH_OK;
}

static sh_code export_posting(struct sh_txn *txn, struct export *export, struct sh_str id,
                              struct sh_err *err) {
    struct sh_posting_body posting;
    int64_t leaf = 0;
    SH_TRY(sh_posting_load(txn, export->ask->scope, id, export->arena, &posting, &leaf, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_posting_encode(&posting, &buf);
    SH_TRY(sh_buf_check(&buf, err));
    SH_TRY(add_leaf(txn, export, (uint64_t)leaf, err));
    add_line(export->out, "content", sh_buf_view(&buf), sh_bytes_of("", 0));
    return SH_OK;
}

static sh_code export_one(struct sh_txn *txn, struct export *export, struct sh_str text, struct sh_err *err) {
    uint8_t bytes[SH_ID_BYTES];
    SH_TRY(sh_id_parse(text, bytes, err));
    const struct sh_str id = sh_bytes_of(bytes, SH_ID_BYTES);
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    (void)sh_buf_addf(&query.sql, "select " SH_VERSION_COLUMNS " from st_version v where v.record_id = $%zu",
                      sh_query_value(&query, SH_BYTES(id)));
    SH_TRY(sh_scope_add(export->ask->scope, "v", &query, export->arena, err));
    (void)sh_buf_add_text(&query.sql, " order by v.version");
    SH_TRY(sh_buf_check(&query.sql, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, export->arena, &rows, err));
    if (rows.n_rows == 0)
        return export_posting(txn, export, id, err);
    for (size_t i = 0; i < rows.n_rows; i++) {
        SH_TRY(add_leaf(txn, export, (uint64_t)sh_cell(&rows, i, 0)->i64, err));
        SH_TRY(add_content(export, sh_cell(&rows, i, 0), err));
    }
    SH_TRY(sh_txn_query(txn, "select leaf from st_erasure where record_id = $1", &SH_BYTES(id), 1,
                        export->arena, &rows, err));
    return rows.n_rows > 0 ? add_leaf(txn, export, (uint64_t)sh_cell(&rows, 0, 0)->i64, err) : SH_OK;
}

static sh_code export_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct export *export = ctx;
    sh_buf_clear(export->out);
    SH_TRY(add_head(txn, export, err));
    SH_TRY(add_consistency(txn, export, err));
    for (size_t i = 0; i < export->ask->n_ids; i++)
        SH_TRY(export_one(txn, export, export->ask->ids[i], err));
    (void)sh_buf_add_text(export->out, "end\n");
    return sh_buf_check(export->out, err);
}

sh_code sh_store_export(struct sh_store *store, const struct sh_bundle_ask *ask, struct sh_buf *out,
                        struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct export export = {.ask = ask, .out = out, .arena = &arena};
    return sh_store_read(store, export_body, &export, err);
}

struct prove {
    uint64_t position;
    struct export export;
};
static sh_code prove_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct prove *prove = ctx;
    sh_buf_clear(prove->export.out);
    SH_TRY(add_head(txn, &prove->export, err));
    SH_TRY(add_leaf(txn, &prove->export, prove->position, err));
    (void)sh_buf_add_text(prove->export.out, "end\n");
    return sh_buf_check(prove->export.out, err);
}

sh_code sh_store_prove(struct sh_store *store, uint64_t position, struct sh_buf *out, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_bundle_ask newest = {.n_ids = 0};
    struct prove prove = {position, {.ask = &newest, .out = out, .arena = &arena}};
    return sh_store_read(store, prove_body, &prove, err);
}
