#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Close a descriptor at the end of a scope; where the result matters, close_checked was called before. */
static void close_at(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static sh_code close_checked(int *fd, const char *path, struct sh_err *err) {
    const int result = close(*fd);
    *fd = -1;
    return result == 0 ? SH_OK : sh_fail_errno(err, "%s: cannot close", path);
}

static sh_code open_checked(const char *path, int flags, int *ret_fd, struct sh_err *err) {
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, 0640);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open", path);
    *ret_fd = fd;
    return SH_OK;
}

sh_code sh_path_join(char *out, const char *dir, const char *name, struct sh_err *err) {
    const size_t dir_len = strlen(dir);
    const char *slash = dir_len == 0 || dir[dir_len - 1] == '/' ? "" : "/";
    return sh_path_format(out, err, "%s%s%s", dir, slash, name);
}

sh_code sh_path_format(char *out, struct sh_err *err, const char *format, ...) {
    char path[SH_PATH_BYTES_MAX];
    va_list values;
    va_start(values, format);
    const int n = vsnprintf(path, sizeof(path), format, values);
    va_end(values);
    if (n < 0 || (size_t)n >= sizeof(path))
        return sh_fail(err, SH_E_LIMIT, "path is longer than %zu bytes: %.100s…", SH_PATH_BYTES_MAX - 1,
                       path);
    memcpy(out, path, (size_t)n + 1);
    return SH_OK;
}

const char *sh_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool sh_path_is_plain_name(struct sh_str name) {
    return name.len > 0 && sh_str_find_char(name, '/') == SH_STR_NONE &&
           sh_str_find_char(name, '\0') == SH_STR_NONE && !sh_str_is(name, ".") && !sh_str_is(name, "..");
}

/* Read until the end into a buffer; a file may have grown since stat, and a pipe has no size. */
static sh_code read_all(int fd, const char *path, size_t max_bytes, struct sh_buf *buf, struct sh_err *err) {
    enum { CHUNK = 64 << 10 };
    for (;;) {
        if (sh_buf_reserve(buf, CHUNK) != SH_OK)
            return sh_fail(err, buf->failed, "%s: no memory to read it", path);
        const ssize_t n = read(fd, buf->at + buf->len, buf->cap - buf->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sh_fail_errno(err, "%s: cannot read", path);
        if (n == 0)
            return SH_OK;
        buf->len += (size_t)n;
        if (buf->len > max_bytes)
            return sh_fail(err, SH_E_LIMIT, "%s: over %zu bytes", path, max_bytes);
    }
}

sh_code sh_fs_read(const char *path, size_t max_bytes, struct sh_arena *arena, struct sh_str *ret,
                   struct sh_err *err) {
    sh_check(max_bytes <= SH_BUF_BYTES_MAX);
    SH_CLEANUP(close_at) int fd = -1;
    SH_TRY(open_checked(path, O_RDONLY, &fd, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = sh_buf_init(SIZE_MAX / 4);
    SH_TRY(read_all(fd, path, max_bytes, &buf, err));
    SH_TRY(close_checked(&fd, path, err));
    char *copy = sh_arena_dup(arena, buf.at, buf.len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for %zu bytes", path, buf.len);
    *ret = (struct sh_str){copy, buf.len};
    return SH_OK;
}

sh_code sh_fd_write(int fd, struct sh_str content, const char *path, struct sh_err *err) {
    while (content.len > 0) {
        const ssize_t n = write(fd, content.at, content.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sh_fail_errno(err, "%s: cannot write", path);
        content = sh_str_sub(content, (size_t)n, content.len);
    }
    return SH_OK;
}

sh_code sh_out_file_open(struct sh_out_file *out, const char *path, struct sh_err *err) {
    enum { ROOM = 256 << 10 };
    *out = (struct sh_out_file){.room = sh_alloc_raw(ROOM)};
    if (!out->room)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory to write it", path);
    out->file = fopen(path, "wbe");
    if (out->file && setvbuf(out->file, out->room, _IOFBF, ROOM) == 0)
        return SH_OK;
    const sh_code code = sh_fail_errno(err, "%s", path);
    sh_out_file_close(out);
    return code;
}

void sh_out_file_close(struct sh_out_file *out) {
    if (out->file)
        (void)fclose(out->file);
    sh_free(out->room);
    *out = (struct sh_out_file){0};
}

/* The directory that holds `path`, in out [SH_PATH_BYTES_MAX]. */
static sh_code parent_of(const char *path, char *out, struct sh_err *err) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return sh_path_format(out, err, ".");
    if (slash == path)
        return sh_path_format(out, err, "/");
    return sh_path_format(out, err, "%.*s", (int)(slash - path), path);
}

static sh_code write_new(const char *path, struct sh_str content, struct sh_err *err) {
    SH_CLEANUP(close_at) int fd = -1;
    SH_TRY(open_checked(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, &fd, err));
    SH_TRY(sh_fd_write(fd, content, path, err));
    if (fsync(fd) != 0)
        return sh_fail_errno(err, "%s: cannot fsync", path);
    return close_checked(&fd, path, err);
}

sh_code sh_fs_write(const char *path, struct sh_str content, struct sh_err *err) {
    char temporary[SH_PATH_BYTES_MAX];
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return sh_fail_errno(err, "%s: no random name for a temporary file", path);
    SH_TRY(sh_path_format(temporary, err, "%s.%016llx.tmp", path, (unsigned long long)random));
    sh_code code = write_new(temporary, content, err);
    if (code == SH_OK)
        code = sh_fs_rename(temporary, path, err);
    if (code != SH_OK)
        (void)unlink(temporary); /* the failure before it is the one to tell */
    return code;
}

static sh_code sync_opened(const char *path, int flags, struct sh_err *err) {
    SH_CLEANUP(close_at) int fd = -1;
    SH_TRY(open_checked(path, flags, &fd, err));
    if (fsync(fd) != 0)
        return sh_fail_errno(err, "%s: cannot fsync", path);
    return close_checked(&fd, path, err);
}

sh_code sh_file_sync(const char *path, struct sh_err *err) {
    return sync_opened(path, O_RDONLY, err);
}

sh_code sh_dir_sync(const char *path, struct sh_err *err) {
    return sync_opened(path, O_RDONLY | O_DIRECTORY, err);
}

static sh_code rename_with(const char *from, const char *to, unsigned flags, struct sh_err *err) {
    char from_dir[SH_PATH_BYTES_MAX], to_dir[SH_PATH_BYTES_MAX];
    SH_TRY(parent_of(from, from_dir, err));
    SH_TRY(parent_of(to, to_dir, err));
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) != 0)
        return sh_fail_errno(err, "cannot rename %s to %s", from, to);
    SH_TRY(sh_dir_sync(to_dir, err));
    return strcmp(from_dir, to_dir) == 0 ? SH_OK : sh_dir_sync(from_dir, err);
}

sh_code sh_fs_rename(const char *from, const char *to, struct sh_err *err) {
    return rename_with(from, to, 0, err);
}

sh_code sh_fs_rename_new(const char *from, const char *to, struct sh_err *err) {
    return rename_with(from, to, RENAME_NOREPLACE, err);
}

sh_code sh_remove_file(const char *path, struct sh_err *err) {
    if (unlink(path) != 0 && errno != ENOENT)
        return sh_fail_errno(err, "%s: cannot remove", path);
    return SH_OK;
}

static sh_code status_of(const char *path, struct stat *ret, bool *ret_exists, struct sh_err *err) {
    if (stat(path, ret) == 0) {
        *ret_exists = true;
        return SH_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return sh_fail_errno(err, "%s: cannot look", path);
    *ret_exists = false;
    return SH_OK;
}

sh_code sh_fs_exists(const char *path, bool *ret, struct sh_err *err) {
    struct stat status;
    return status_of(path, &status, ret, err);
}

sh_code sh_is_dir(const char *path, bool *ret, struct sh_err *err) {
    struct stat status;
    bool exists;
    SH_TRY(status_of(path, &status, &exists, err));
    *ret = exists && S_ISDIR(status.st_mode);
    return SH_OK;
}

sh_code sh_file_size(const char *path, uint64_t *ret_bytes, struct sh_err *err) {
    struct stat status;
    bool exists;
    SH_TRY(status_of(path, &status, &exists, err));
    if (!exists)
        return sh_fail(err, SH_E_NOTFOUND, "%s: not found", path);
    *ret_bytes = (uint64_t)status.st_size;
    return SH_OK;
}

sh_code sh_file_digest(const char *path, sh_digest_kind kind, uint8_t ret[SH_DIGEST_BYTES],
                       struct sh_err *err) {
    SH_CLEANUP(close_at) int fd = -1;
    SH_TRY(open_checked(path, O_RDONLY, &fd, err));
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    SH_TRY(sh_digest_begin(&digest, kind, err));
    char chunk[32 << 10];
    for (;;) {
        const ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sh_fail_errno(err, "%s: cannot read", path);
        if (n == 0)
            break;
        SH_TRY(sh_digest_add(&digest, chunk, (size_t)n, err));
    }
    SH_TRY(close_checked(&fd, path, err));
    return sh_digest_end(&digest, ret, err);
}

sh_code sh_fs_free_bytes(const char *path, uint64_t *ret_bytes, struct sh_err *err) {
    struct statvfs status;
    if (statvfs(path, &status) != 0)
        return sh_fail_errno(err, "%s: cannot ask for free room", path);
    if (__builtin_mul_overflow((uint64_t)status.f_bavail, (uint64_t)status.f_frsize, ret_bytes))
        *ret_bytes = UINT64_MAX;
    return SH_OK;
}
