/* Vacuum: what no manifest within the retention names, and no reader holds, goes. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/manifest.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct vacuum {
    const char *dir;
    int64_t oldest; /* files changed later are kept, whatever names them */
    struct sh_arena arena;
    const char **kept; /* sorted paths that must stay */
    size_t n_kept, cap_kept;
    uint64_t newest, files, bytes;
};

static void close_fd_at(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

/* Is a manifest within the retention, the newest, or read by somebody? An expired one is locked while we
 * delete it. */
static sh_code manifest_stays(struct vacuum *vacuum, const char *path, bool is_newest, bool *ret,
                              struct sh_err *err) {
    SH_CLEANUP(close_fd_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return sh_fail_errno(err, "%s: cannot open", path);
    *ret = is_newest || status.st_mtim.tv_sec >= vacuum->oldest || flock(fd, LOCK_EX | LOCK_NB) != 0;
    return SH_OK;
}

static sh_code keep_files(struct vacuum *vacuum, uint64_t number, struct sh_err *err) {
    struct sh_manifest manifest;
    SH_TRY(sh_manifest_read(vacuum->dir, number, &vacuum->arena, &manifest, err));
    SH_TRY(sh_grow(&vacuum->kept, &vacuum->cap_kept, vacuum->n_kept + manifest.n_files, sizeof(char *),
                   (size_t)1 << 30, err));
    for (size_t i = 0; i < manifest.n_files; i++)
        vacuum->kept[vacuum->n_kept++] = manifest.files[i].path;
    return SH_OK;
}

static int by_path(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static sh_code drop_file(struct vacuum *vacuum, const char *path, struct sh_err *err) {
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? SH_OK : sh_fail_errno(err, "%s: cannot ask for its size", path);
    SH_TRY(sh_remove_file(path, err));
    vacuum->files++;
    vacuum->bytes += (uint64_t)status.st_size;
    return SH_OK;
}

static sh_code sweep_manifests(struct vacuum *vacuum, struct sh_err *err) {
    char folder[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_TRY(sh_path_join(folder, vacuum->dir, "manifest", err));
    SH_TRY(sh_dir_list(folder, &vacuum->arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        char name[32];
        const uint64_t number = strtoull(entries[i].name, NULL, 10);
        (void)snprintf(name, sizeof name, "%08" PRIu64 ".json", number);
        if (strcmp(name, entries[i].name) != 0)
            continue;
        bool stays;
        SH_TRY(sh_path_join(path, folder, entries[i].name, err));
        SH_TRY(manifest_stays(vacuum, path, number == vacuum->newest, &stays, err));
        SH_TRY(stays ? keep_files(vacuum, number, err) : drop_file(vacuum, path, err));
    }
    return sh_dir_sync(folder, err);
}

static sh_code sweep_folder(struct vacuum *vacuum, const char *folder, struct sh_err *err) {
    char at[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_TRY(sh_path_join(at, vacuum->dir, folder, err));
    SH_TRY(sh_dir_list(at, &vacuum->arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        char relative[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
        struct stat status;
        const char *key = relative;
        SH_TRY(sh_path_join(relative, folder, entries[i].name, err));
        SH_TRY(sh_path_join(path, vacuum->dir, relative, err));
        if (entries[i].kind != SH_ENTRY_FILE ||
            bsearch(&key, vacuum->kept, vacuum->n_kept, sizeof key, by_path) || stat(path, &status) != 0 ||
            status.st_mtim.tv_sec >= vacuum->oldest)
            continue;
        SH_TRY(drop_file(vacuum, path, err));
    }
    return SH_OK;
}

static sh_code sweep(struct vacuum *vacuum, struct sh_err *err) {
    static const char *const folders[] = {"dict", "keys", "state"};
    vacuum->arena.limit_bytes = (size_t)16 << 30;
    SH_TRY(sweep_manifests(vacuum, err));
    if (vacuum->n_kept > 0)
        qsort(vacuum->kept, vacuum->n_kept, sizeof *vacuum->kept, by_path);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        SH_TRY(sweep_folder(vacuum, folders[i], err));
    for (size_t t = 0; t < SH_TABLES; t++) {
        char folder[64];
        (void)snprintf(folder, sizeof folder, "data/%s", sh_lake_schema[t].name);
        SH_TRY(sweep_folder(vacuum, folder, err));
    }
    return SH_OK;
}

sh_code sh_lake_vacuum(const char *dir, int64_t now, int64_t retention_seconds, uint64_t *ret_files,
                       uint64_t *ret_bytes, struct sh_err *err) {
    SH_CLEANUP(sh_lock_release) struct sh_lock lock = {0};
    struct vacuum vacuum = {.dir = dir, .oldest = now - retention_seconds};
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_manifest_newest(dir, &vacuum.newest, err));
    if (vacuum.newest == 0)
        return sh_fail(err, SH_E_NOTFOUND, "%s: there is no lake here", dir);
    SH_TRY(sh_path_join(path, dir, "lock", err));
    SH_TRY(sh_lock_take(&lock, path, "vacuum", err));
    const sh_code code = sweep(&vacuum, err);
    sh_free(vacuum.kept);
    sh_arena_free(&vacuum.arena);
    SH_TRY(code);
    *ret_files = vacuum.files;
    *ret_bytes = vacuum.bytes;
    return SH_OK;
}
