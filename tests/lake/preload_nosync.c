/*
 * LD_PRELOAD for the tests of durability: writes down what a program did to files and what it fsynced, so
 * that the test can take back, after a kill, all that a power failure may take back. NOSYNC_LOG: where to
 * write it. NOSYNC_FULL_AFTER: bytes after which the disk is full. Lines of the log: C path (created), W path
 * (data not synced), S path, D path (folder synced), R from TAB to, M path.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 4096 };
static atomic_bool is_dirty[FDS];
static atomic_llong written;
static atomic_int log_fd = -1;

static void log_line(char what, const char *a, const char *b) {
    const char *path = getenv("NOSYNC_LOG");
    char line[2 * PATH_MAX + 8];
    if (!path)
        return;
    int fd = atomic_load(&log_fd);
    if (fd < 0) {
        fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        atomic_store(&log_fd, fd);
    }
    const int n = b ? snprintf(line, sizeof line, "%c %s\t%s\n", what, a, b)
                    : snprintf(line, sizeof line, "%c %s\n", what, a);
    (void)!syscall(SYS_write, fd, line, (size_t)n);
}

static int path_of(int fd, char out[PATH_MAX]) {
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n <= 0 || out[0] != '/')
        return 0;
    out[n] = '\0';
    return 1;
}

static int is_full(int fd, size_t n) {
    const char *limit = getenv("NOSYNC_FULL_AFTER");
    if (!limit || fd < 3)
        return 0;
    if (atomic_fetch_add(&written, (long long)n) + (long long)n <= strtoll(limit, NULL, 10))
        return 0;
    errno = ENOSPC;
    return 1;
}

static void wrote(int fd) {
    char path[PATH_MAX];
    if (fd >= 3 && fd < FDS && !atomic_exchange(&is_dirty[fd], 1) && path_of(fd, path))
        log_line('W', path, NULL);
}

static void absolute(const char *path, char out[PATH_MAX]) {
    char copy[PATH_MAX], folder[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (slash)
        *slash = '\0';
    if (!realpath(slash ? (copy[0] ? copy : "/") : ".", folder))
        folder[0] = '\0';
    (void)snprintf(out, PATH_MAX, "%.2000s/%.2000s", folder, name);
}

ssize_t write(int fd, const void *at, size_t n) {
    if (is_full(fd, n))
        return -1;
    wrote(fd);
    return syscall(SYS_write, fd, at, n);
}

ssize_t pwrite(int fd, const void *at, size_t n, off_t offset) {
    if (is_full(fd, n))
        return -1;
    wrote(fd);
    return syscall(SYS_pwrite64, fd, at, n, offset);
}

ssize_t pwrite64(int fd, const void *at, size_t n, off_t offset) {
    return pwrite(fd, at, n, offset);
}

static int opened(const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    const int is_new = (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FDS)
        atomic_store(&is_dirty[fd], 0);
    if (fd >= 0 && is_new) {
        absolute(path, full);
        log_line('C', full, NULL);
    }
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list values;
    va_start(values, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(values, mode_t) : 0;
    va_end(values);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list values;
    va_start(values, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(values, mode_t) : 0;
    va_end(values);
    return opened(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    char full[PATH_MAX];
    const int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0) {
        absolute(path, full);
        log_line('M', full, NULL);
    }
    return result;
}

int rename(const char *from, const char *to) {
    char a[PATH_MAX], b[PATH_MAX];
    absolute(from, a);
    absolute(to, b);
    const int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    if (result == 0)
        log_line('R', a, b);
    return result;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    char a[PATH_MAX], b[PATH_MAX];
    absolute(from, a);
    absolute(to, b);
    const int result = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
    if (result == 0)
        log_line('R', a, b);
    return result;
}

static int synced(int fd) {
    char path[PATH_MAX];
    struct stat status;
    if (!path_of(fd, path) || fstat(fd, &status) != 0)
        return 0;
    if (fd < FDS)
        atomic_store(&is_dirty[fd], 0);
    log_line(S_ISDIR(status.st_mode) ? 'D' : 'S', path, NULL);
    return 0;
}

int fsync(int fd) {
    return synced(fd);
}

int fdatasync(int fd) {
    return synced(fd);
}
