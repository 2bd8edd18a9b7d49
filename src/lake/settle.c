#include "lake/settle.h"
#include "base/limits.h"
#include "base/pool.h"
#include "lake/files.h"
#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

sh_code sh_random_bytes(void *at, size_t len, struct sh_err *err) {
    return getrandom(at, len, 0) == (ssize_t)len ? SH_OK
                                                 : sh_fail_errno(err, "no random numbers from the system");
}

static sh_code make_folders(const char *dir, struct sh_err *err) {
    static const char *const folders[] = {"manifest", "dict", "keys", "state", "rejects", "tmp", "data"};
    char path[SH_PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        SH_TRY(sh_path_join(path, dir, folders[i], err));
        SH_TRY(sh_mkdir_all(path, err));
    }
    for (size_t t = 0; t < SH_TABLES; t++) {
        SH_TRY(sh_path_format(path, err, "%s/data/%s", dir, sh_lake_schema[t].name));
        SH_TRY(sh_mkdir_all(path, err));
    }
    SH_TRY(sh_path_join(path, dir, "data", err));
    SH_TRY(sh_dir_sync(path, err));
    return sh_dir_sync(dir, err);
}

sh_code sh_writer_begin(const char *lake_dir, const char *what, struct sh_writer *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    uint32_t tag;
    SH_TRY(sh_path_join(path, lake_dir, "lock", err));
    SH_TRY(sh_lock_take(&ret->lock, path, what, err));
    SH_TRY(sh_path_join(path, lake_dir, "tmp", err));
    SH_TRY(sh_remove_tree(path, err)); /* of a killed writer: we hold the lock, so nobody works there */
    SH_TRY(make_folders(lake_dir, err));
    SH_TRY(sh_random_bytes(&tag, sizeof tag, err));
    (void)snprintf(ret->tag, sizeof ret->tag, "%08" PRIx32, tag);
    SH_TRY(sh_path_format(ret->temp_dir, err, "%s/tmp/%s-%ld", lake_dir, what, (long)getpid()));
    return sh_mkdir_all(ret->temp_dir, err);
}

void sh_writer_end(struct sh_writer *writer) {
    if (writer->temp_dir[0]) {
        const sh_code code = sh_remove_tree(writer->temp_dir, NULL);
        (void)code; /* the next writer clears it */
    }
    sh_lock_release(&writer->lock);
}

static int by_entry(const void *a, const void *b) {
    const struct sh_lake_file *x = &((const struct sh_new_file *)a)->entry,
                              *y = &((const struct sh_new_file *)b)->entry;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    if (x->bucket_from != y->bucket_from)
        return x->bucket_from < y->bucket_from ? -1 : 1;
    return strcmp(x->path, y->path);
}

struct settling {
    const char *lake_dir;
    struct sh_new_file *files;
};

static sh_code settle_file(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    const struct settling *settling = ctx;
    struct sh_new_file *file = &settling->files[task];
    char path[SH_PATH_BYTES_MAX];
    (void)worker;
    SH_TRY(sh_file_fingerprint(file->temp_path, &file->entry.size, &file->entry.hash, err));
    SH_TRY(sh_file_sync(file->temp_path, err));
    SH_TRY(sh_path_join(path, settling->lake_dir, file->entry.path, err));
    return rename(file->temp_path, path) == 0
               ? SH_OK
               : sh_fail_errno(err, "%s: cannot rename to %s", file->temp_path, path);
}

static sh_code sync_folders(const char *lake_dir, struct sh_err *err) {
    static const char *const folders[] = {"dict", "keys", "state"};
    char path[SH_PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        SH_TRY(sh_path_join(path, lake_dir, folders[i], err));
        SH_TRY(sh_dir_sync(path, err));
    }
    for (size_t t = 0; t < SH_TABLES; t++) {
        SH_TRY(sh_path_format(path, err, "%s/data/%s", lake_dir, sh_lake_schema[t].name));
        SH_TRY(sh_dir_sync(path, err));
    }
    return SH_OK;
}

sh_code sh_settle(const char *lake_dir, struct sh_new_file *files, size_t n, unsigned threads,
                  struct sh_err *err) {
    struct settling settling = {.lake_dir = lake_dir, .files = files};
    if (n == 0)
        return SH_OK;
    qsort(files, n, sizeof *files, by_entry);
    SH_TRY(sh_pool_run(threads, n, settle_file, &settling, NULL, err));
    return sync_folders(lake_dir, err);
}
