#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_dir_at(DIR **dir) {
    if (*dir)
        (void)closedir(*dir);
}

static sh_code make_one(const char *path, struct sh_err *err) {
    if (mkdir(path, 0750) == 0)
        return SH_OK;
    if (errno != EEXIST)
        return sh_fail_errno(err, "%s: cannot make the directory", path);
    bool is_dir;
    SH_TRY(sh_is_dir(path, &is_dir, err));
    return is_dir ? SH_OK : sh_fail(err, SH_E_CONFLICT, "%s: is there, and no directory", path);
}

sh_code sh_mkdir_all(const char *path, struct sh_err *err) {
    char partial[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_format(partial, err, "%s", path));
    for (char *slash = strchr(partial + (partial[0] == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        SH_TRY(make_one(partial, err));
        *slash = '/';
    }
    return make_one(partial, err);
}

static sh_entry_kind kind_of(int dir_fd, const struct dirent *entry) {
    struct stat status;
    if (fstatat(dir_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return SH_ENTRY_OTHER; /* gone meanwhile */
    if (S_ISREG(status.st_mode))
        return SH_ENTRY_FILE;
    if (S_ISDIR(status.st_mode))
        return SH_ENTRY_DIR;
    return S_ISLNK(status.st_mode) ? SH_ENTRY_LINK : SH_ENTRY_OTHER;
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int by_name(const void *a, const void *b) {
    const struct sh_dir_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Next entry but the dots; NULL in *ret at the end. readdir tells the end from a failure by errno only. */
static sh_code next_entry(DIR *dir, const char *path, struct dirent **ret, struct sh_err *err) {
    do {
        errno = 0;
        *ret = readdir(dir);
    } while (*ret && is_dots((*ret)->d_name));
    return *ret || errno == 0 ? SH_OK : sh_fail_errno(err, "%s: cannot list", path);
}

sh_code sh_dir_list(const char *path, struct sh_arena *arena, const struct sh_dir_entry **ret, size_t *ret_n,
                    struct sh_err *err) {
    SH_CLEANUP(close_dir_at) DIR *dir = opendir(path);
    if (!dir)
        return sh_fail_errno(err, "%s: cannot list", path);
    SH_CLEANUP(sh_free_at) struct sh_dir_entry *list = NULL;
    size_t n = 0, cap = 0;
    for (struct dirent *entry;;) {
        SH_TRY(next_entry(dir, path, &entry, err));
        if (!entry)
            break;
        const sh_code code = sh_grow(&list, &cap, n + 1, sizeof(*list), SH_DIR_ENTRIES_MAX, err);
        if (code != SH_OK)
            return sh_err_wrap(err, code, "%s: ", path);
        list[n].kind = kind_of(dirfd(dir), entry);
        list[n].name = sh_arena_dup(arena, entry->d_name, strlen(entry->d_name));
        if (!list[n++].name)
            return sh_fail(err, SH_E_NOMEM, "%s: no memory for %zu names", path, n);
    }
    struct sh_dir_entry *entries = sh_new(arena, struct sh_dir_entry, n);
    if (!entries)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for %zu names", path, n);
    if (n > 0) {
        qsort(list, n, sizeof(*list), by_name);
        memcpy(entries, list, n * sizeof(*list));
    }
    *ret = entries;
    *ret_n = n;
    return SH_OK;
}

static sh_code remove_at(int dir_fd, const char *name, size_t depth, struct sh_err *err);

/* All entries of an open directory; takes over the descriptor. */
static sh_code empty_dir(int fd, const char *name, size_t depth, struct sh_err *err) {
    SH_CLEANUP(close_dir_at) DIR *dir = fdopendir(fd);
    if (!dir) {
        const int number = errno;
        (void)close(fd);
        errno = number;
        return sh_fail_errno(err, "%s: cannot list", name);
    }
    for (struct dirent *entry;;) {
        SH_TRY(next_entry(dir, name, &entry, err));
        if (!entry)
            return SH_OK;
        SH_TRY(remove_at(dirfd(dir), entry->d_name, depth, err));
    }
}

/* Relative to an open directory and never through a link, so that nobody can lead us elsewhere meanwhile. */
static sh_code remove_at(int dir_fd, const char *name, size_t depth, struct sh_err *err) {
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return SH_OK;
    if (errno != EISDIR && errno != EPERM)
        return sh_fail_errno(err, "%s: cannot remove", name);
    if (depth >= SH_TREE_DEPTH_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: directories nested deeper than %zu", name, SH_TREE_DEPTH_MAX);
    const int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot remove", name);
    SH_TRY(empty_dir(fd, name, depth + 1, err));
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return sh_fail_errno(err, "%s: cannot remove", name);
    return SH_OK;
}

sh_code sh_remove_tree(const char *path, struct sh_err *err) {
    return remove_at(AT_FDCWD, path, 0, err);
}

sh_code sh_scratch_dir(const char *name, char *ret, struct sh_err *err) {
    const char *where = secure_getenv("TMPDIR");
    SH_TRY(sh_path_format(ret, err, "%s/%s-XXXXXX", where && where[0] ? where : "/tmp", name));
    return mkdtemp(ret) ? SH_OK : sh_fail_errno(err, "%s", ret);
}
