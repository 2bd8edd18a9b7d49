/* A backup is every row of every table as of one moment, in a form both databases read, and the sealed files
 * beside it. Keys are not in it. */
#include "store/inner.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* rows: "SHR1", then for each table 'T' name, number of columns, their names, its rows as 'R' cells, and 'E'
 * number of rows; at last 'Z' and the SM3 of all before it. A cell: kind, then 8 bytes or a text with its
 * length. */
enum { FLUSH_BYTES = 1 << 20 };

void sh_backup_encode(struct sh_str id, int64_t at, int64_t expires, struct sh_str place, struct sh_str actor,
                      struct sh_buf *out) {
    (void)sh_buf_add_text(out, "SHU1");
    sh_put_str(out, id);
    sh_put_u64(out, (uint64_t)at);
    sh_put_u64(out, (uint64_t)expires);
    sh_put_str(out, place);
    sh_put_str(out, actor);
}

struct backup {
    const char *dir;
    int64_t expires;
    struct sh_backup_report *report;
    /* writing */
    int fd;
    const char *path;
    size_t n_columns; /* of the table under way */
    struct sh_buf buf;
    struct sh_digest digest;
};

static void backup_release(struct backup *backup) {
    if (backup->fd >= 0)
        (void)close(backup->fd);
    sh_buf_free(&backup->buf);
    sh_digest_release(&backup->digest);
}

static sh_code flush(struct backup *backup, struct sh_err *err) {
    SH_TRY(sh_buf_check(&backup->buf, err));
    SH_TRY(sh_digest_add(&backup->digest, backup->buf.at, backup->buf.len, err));
    SH_TRY(sh_fd_write(backup->fd, sh_buf_view(&backup->buf), backup->path, err));
    sh_buf_clear(&backup->buf);
    return SH_OK;
}

static sh_code put_row(void *ctx, const struct sh_value *cells, struct sh_err *err) {
    struct backup *backup = ctx;
    (void)sh_buf_add_char(&backup->buf, 'R');
    for (size_t i = 0; i < backup->n_columns; i++) {
        (void)sh_buf_add_char(&backup->buf, "nitb"[cells[i].kind]);
        if (cells[i].kind == SH_VALUE_I64)
            sh_put_u64(&backup->buf, (uint64_t)cells[i].i64);
        else if (cells[i].kind != SH_VALUE_NULL)
            sh_put_str(&backup->buf, cells[i].str);
    }
    backup->report->rows++;
    return backup->buf.len >= FLUSH_BYTES ? flush(backup, err) : SH_OK;
}

static sh_code quoted(const struct sh_rows *columns, struct sh_buf *out, struct sh_err *err) {
    for (size_t i = 0; i < columns->n_rows; i++)
        (void)sh_buf_addf(out, "%s\"%.*s\"", i > 0 ? ", " : "", SH_ARG(sh_cell(columns, i, 0)->str));
    return sh_buf_check(out, err);
}

static sh_code dump_table(struct sh_txn *txn, struct backup *backup, struct sh_str table,
                          struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf names = {0};
    struct sh_rows columns;
    SH_TRY(sh_table_columns(txn, table, &arena, &columns, err));
    SH_TRY(quoted(&columns, &names, err));
    (void)sh_buf_add_char(&backup->buf, 'T');
    sh_put_str(&backup->buf, table);
    sh_put_u32(&backup->buf, (uint32_t)columns.n_rows);
    for (size_t i = 0; i < columns.n_rows; i++)
        sh_put_str(&backup->buf, sh_cell(&columns, i, 0)->str);
    const uint64_t before = backup->report->rows;
    backup->n_columns = columns.n_rows;
    SH_TRY(sh_table_each(txn, table, names.at, put_row, backup, err));
    (void)sh_buf_add_char(&backup->buf, 'E');
    sh_put_u64(&backup->buf, backup->report->rows - before);
    return SH_OK;
}

static sh_code copy_blob(struct sh_txn *txn, struct backup *backup, const uint8_t *hash, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX], hex[SH_DIGEST_HEX_MAX];
    uint8_t is[SH_DIGEST_BYTES];
    struct sh_str content;
    sh_hex(hash, SH_DIGEST_BYTES, hex);
    SH_TRY(sh_blob_path(txn->store, hash, from, err));
    SH_TRY(sh_path_format(to, err, "%s/blobs/%.2s", backup->dir, hex));
    SH_TRY(sh_mkdir_all(to, err));
    SH_TRY(sh_path_format(to, err, "%s/blobs/%.2s/%s", backup->dir, hex, hex));
    SH_TRY(sh_fs_read(from, SH_BLOB_BYTES_MAX + SH_SEAL_EXTRA, &arena, &content, err));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, content.at, content.len, is, err));
    if (memcmp(is, hash, sizeof is) != 0)
        return sh_fail(err, SH_E_CORRUPT, "%s: changed: not taken into a backup", from);
    backup->report->files++;
    return sh_fs_write(to, content, err);
}

static sh_code copy_blobs(struct sh_txn *txn, struct backup *backup, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char last[SH_DIGEST_BYTES] = {0};
    struct sh_value after = SH_BYTES(sh_bytes_of(last, 0));
    for (;;) {
        struct sh_rows rows;
        sh_arena_reset(&arena);
        SH_TRY(sh_txn_query(
            txn, "select hash from st_blob where hash > $1 and erased = 0 order by hash limit 1000", &after,
            1, &arena, &rows, err));
        for (size_t i = 0; i < rows.n_rows; i++) {
            const struct sh_str hash = sh_cell(&rows, i, 0)->str;
            if (hash.len != SH_DIGEST_BYTES)
                return sh_fail(err, SH_E_CORRUPT, "st_blob: a damaged hash");
            SH_TRY(copy_blob(txn, backup, (const uint8_t *)hash.at, err));
            memcpy(last, hash.at, sizeof last);
        }
        if (rows.n_rows < 1000)
            return SH_OK;
        after.str.len = sizeof last;
    }
}

static sh_code dump_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct backup *backup = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows tables;
    const char *sql = txn->db->pg
                          ? "select table_name::text from information_schema.tables where table_schema = "
                            "current_schema() and table_type = 'BASE TABLE' order by 1"
                          : "select name from sqlite_schema where type = 'table' and name not in "
                            "('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4') order by 1";
    SH_TRY(sh_txn_query(txn, sql, NULL, 0, &arena, &tables, err));
    (void)sh_buf_add_text(&backup->buf, "SHR1");
    for (size_t i = 0; i < tables.n_rows; i++)
        if (!sh_str_is(sh_cell(&tables, i, 0)->str, "st_schema"))
            SH_TRY(dump_table(txn, backup, sh_cell(&tables, i, 0)->str, err));
    (void)sh_buf_add_char(&backup->buf, 'Z');
    SH_TRY(flush(backup, err));
    uint8_t sum[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_end(&backup->digest, sum, err));
    SH_TRY(sh_fd_write(backup->fd, sh_bytes_of(sum, sizeof sum), backup->path, err));
    if (fsync(backup->fd) != 0)
        return sh_fail_errno(err, "%s: cannot sync", backup->path);
    return copy_blobs(txn, backup, err);
}

/* In the journal before it exists: an erasure must know every backup that may hold the content. */
static sh_code register_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct backup *backup = ctx;
    uint8_t id[SH_ID_BYTES];
    SH_TRY(sh_random(id, sizeof id, err));
    const struct sh_str id_bytes = sh_bytes_of(id, sizeof id), place = sh_str_of(backup->dir);
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_backup_encode(id_bytes, txn->at, backup->expires, place, txn->act->actor, &buf);
    struct sh_leaf_body leaf = {.type = SH_STR("backup"), .actor = txn->act->actor, .at = txn->at};
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    uint64_t position = 0;
    SH_TRY(sh_txn_leaf(txn, &leaf, &position, err));
    const struct sh_value values[] = {SH_BYTES(id_bytes),       SH_I64(txn->at),
                                      SH_I64(backup->expires),  SH_TEXT(place),
                                      SH_TEXT(txn->act->actor), SH_I64((int64_t)position)};
    return sh_txn_run(
        txn,
        "insert into st_backup (backup_id, at, expires, place, actor, leaf) values ($1, $2, $3, $4, $5, "
        "$6)",
        values, 6, NULL, err);
}

sh_code sh_store_backup(struct sh_store *store, const struct sh_act *act, const char *dir, int64_t keep_days,
                        struct sh_backup_report *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    bool has = false;
    *ret = (struct sh_backup_report){0};
    SH_CLEANUP(backup_release) struct backup backup = {.dir = dir, .fd = -1, .path = path, .report = ret};
    backup.expires = sh_clock_now(store->clock) + keep_days * 86400;
    SH_TRY(sh_path_join(path, dir, "rows", err));
    SH_TRY(sh_fs_exists(path, &has, err));
    if (has)
        return sh_fail(err, SH_E_CONFLICT, "%s holds a backup already", dir);
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_store_write(store, act, register_body, &backup, NULL, err));
    SH_TRY(sh_path_join(path, dir, "rows.part", err));
    backup.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (backup.fd < 0)
        return sh_fail_errno(err, "%s: cannot create", path);
    SH_TRY(sh_digest_begin(&backup.digest, SH_DIGEST_SM3, err));
    SH_TRY(sh_store_read(store, dump_body, &backup, err));
    char done[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(done, dir, "rows", err)); /* its name is the sign that it is whole */
    ret->expires_at = backup.expires;
    return sh_fs_rename(path, done, err);
}
