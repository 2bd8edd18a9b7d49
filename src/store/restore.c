/* A backup into an empty place, on either database. */
#include "store/inner.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct rows_file {
    const char *at;
    size_t len;
};
static void rows_release(struct rows_file *file) {
    if (file->at)
        (void)munmap((void *)(uintptr_t)file->at, file->len);
}

static sh_code map_rows(const char *path, struct rows_file *ret, struct sh_err *err) {
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open the backup", path);
    sh_code code = fstat(fd, &status) == 0 ? SH_OK : sh_fail_errno(err, "%s", path);
    if (code == SH_OK && status.st_size < 5 + SH_DIGEST_BYTES)
        code = sh_fail(err, SH_E_CORRUPT, "%s: not a backup", path);
    void *at = code == SH_OK ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (code == SH_OK && at == MAP_FAILED)
        code = sh_fail_errno(err, "%s: cannot map", path);
    (void)close(fd);
    if (code == SH_OK)
        *ret = (struct rows_file){at, (size_t)status.st_size};
    return code;
}

static sh_code check_sum(const char *path, const struct rows_file *file, struct sh_err *err) {
    uint8_t sum[SH_DIGEST_BYTES];
    const size_t len = file->len - sizeof sum;
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, file->at, len, sum, err));
    if (memcmp(sum, file->at + len, sizeof sum) != 0 || memcmp(file->at, "SHR1", 4) != 0)
        return sh_fail(err, SH_E_CORRUPT, "%s: changed or cut short: its sum does not match", path);
    return SH_OK;
}

static bool is_name(struct sh_str text) {
    return text.len > 0 && text.len <= 64 && sh_is_name(text, 64);
}

static sh_code insert_of(struct sh_reader *reader, struct sh_buf *sql, size_t *ret_columns,
                         struct sh_err *err) {
    const struct sh_str table = sh_take_str(reader);
    const size_t n = (size_t)sh_take_number(reader, 4);
    if (reader->is_bad || n == 0 || n > 256 || !is_name(table))
        return sh_fail(err, SH_E_CORRUPT, "the backup names no table");
    sh_buf_clear(sql);
    (void)sh_buf_addf(sql, "insert into \"%.*s\" (", SH_ARG(table));
    for (size_t i = 0; i < n; i++) {
        const struct sh_str column = sh_take_str(reader);
        if (reader->is_bad || !is_name(column))
            return sh_fail(err, SH_E_CORRUPT, "the backup's table %.*s has a column without a name",
                           SH_ARG(table));
        (void)sh_buf_addf(sql, "%s\"%.*s\"", i > 0 ? ", " : "", SH_ARG(column));
    }
    (void)sh_buf_add_text(sql, ") values (");
    for (size_t i = 0; i < n; i++)
        (void)sh_buf_addf(sql, "%s$%zu", i > 0 ? ", " : "", i + 1);
    (void)sh_buf_add_char(sql, ')');
    *ret_columns = n;
    return sh_buf_check(sql, err);
}

static sh_code take_row(struct sh_reader *reader, size_t n, struct sh_value *ret, struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t kind = sh_take_number(reader, 1);
        if (kind == 'n')
            ret[i] = SH_NULL;
        else if (kind == 'i')
            ret[i] = SH_I64((int64_t)sh_take_number(reader, 8));
        else if (kind == 't')
            ret[i] = SH_TEXT(sh_take_str(reader));
        else if (kind == 'b')
            ret[i] = SH_BYTES(sh_take_str(reader));
        else
            reader->is_bad = true;
    }
    return reader->is_bad ? sh_fail(err, SH_E_CORRUPT, "a row of the backup is damaged") : SH_OK;
}

static sh_code insert_rows(struct sh_db *db, const struct rows_file *file, struct sh_backup_report *report,
                           struct sh_err *err) {
    struct sh_reader reader = {.rest = {file->at + 4, file->len - 4 - SH_DIGEST_BYTES}};
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_value values[256];
    size_t n = 0;
    uint64_t rows = 0;
    for (;;) {
        const uint64_t what = sh_take_number(&reader, 1);
        if (what == 'T') {
            SH_TRY(insert_of(&reader, &sql, &n, err));
            rows = 0;
        } else if (what == 'R') {
            SH_TRY(take_row(&reader, n, values, err));
            SH_TRY(sh_db_run(db, sql.at, values, n, NULL, NULL, NULL, err));
            rows++, report->rows++;
        } else if (what != 'E' || sh_take_number(&reader, 8) != rows) {
            break;
        }
        if (reader.is_bad)
            break;
    }
    if (reader.is_bad || reader.rest.len > 0)
        return sh_fail(err, SH_E_CORRUPT, "the backup does not end where it should");
    return SH_OK;
}

static sh_code copy_files(struct sh_store *store, const char *dir, struct sh_backup_report *report,
                          struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_db_run(&store->writer, "select hash from st_blob where erased = 0 order by hash", NULL, 0, NULL,
                     &arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena one = {0};
        char from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX], parent[SH_PATH_BYTES_MAX],
            hex[SH_DIGEST_HEX_MAX];
        uint8_t is[SH_DIGEST_BYTES];
        struct sh_str content;
        const struct sh_str hash = sh_cell(&rows, i, 0)->str;
        if (hash.len != SH_DIGEST_BYTES)
            return sh_fail(err, SH_E_CORRUPT, "st_blob: a damaged hash");
        sh_hex((const uint8_t *)hash.at, SH_DIGEST_BYTES, hex);
        SH_TRY(sh_path_format(from, err, "%s/blobs/%.2s/%s", dir, hex, hex));
        SH_TRY(sh_fs_read(from, SH_BLOB_BYTES_MAX + SH_SEAL_EXTRA, &one, &content, err));
        SH_TRY(sh_digest_of(SH_DIGEST_SM3, content.at, content.len, is, err));
        if (memcmp(is, hash.at, sizeof is) != 0)
            return sh_fail(err, SH_E_CORRUPT, "%s: changed: its content does not have its hash", from);
        SH_TRY(sh_blob_path(store, (const uint8_t *)hash.at, to, err));
        SH_TRY(sh_path_format(parent, err, "%.*s", (int)(sh_path_base(to) - to) - 1, to));
        SH_TRY(sh_mkdir_all(parent, err));
        SH_TRY(sh_fs_write(to, content, err));
        report->files++;
    }
    return SH_OK;
}

static sh_code restore_into(struct sh_store *store, const char *dir, const struct rows_file *file,
                            struct sh_backup_report *report, struct sh_err *err) {
    SH_TRY(sh_db_begin(&store->writer, true, err));
    sh_code code = insert_rows(&store->writer, file, report, err);
    if (code == SH_OK)
        code = copy_files(store, dir, report, err);
    if (code == SH_OK)
        code = sh_journal_load(store, &store->writer,
                               err); /* the tree has the root of its signed head, or nothing */
    if (code == SH_OK)
        code = sh_db_commit(&store->writer, err);
    if (code != SH_OK)
        sh_db_rollback(&store->writer);
    return code;
}

sh_code sh_store_restore(const struct sh_store_options *options, const char *dir,
                         struct sh_backup_report *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_CLEANUP(rows_release) struct rows_file file = {0};
    *ret = (struct sh_backup_report){0};
    SH_TRY(sh_path_join(path, dir, "rows", err));
    SH_TRY(map_rows(path, &file, err));
    SH_TRY(check_sum(path, &file, err));
    struct sh_store *store = NULL;
    struct sh_store_options into = *options;
    into.create = false; /* the keys must be those of the backup: none are made */
    SH_TRY(sh_store_open_empty(&into, &store, err));
    const sh_code code = restore_into(store, dir, &file, ret, err);
    sh_store_close(store);
    return code == SH_OK ? SH_OK : sh_err_wrap(err, code, "%s", dir);
}
