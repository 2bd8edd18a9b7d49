#include "lake/files.h"
#define XXH_INLINE_ALL
#include "base/fs.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static void close_fd_at(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

sh_code sh_fd_write_at(int fd, const void *at, size_t len, uint64_t offset, const char *path,
                       struct sh_err *err) {
    const char *bytes = at;
    while (len > 0) {
        const ssize_t n = pwrite(fd, bytes, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EFBIG)
            return sh_fail(err, SH_E_FULL, "%s: cannot write: the largest size of a file is reached", path);
        if (n <= 0)
            return sh_fail_errno(err, "%s: cannot write", path);
        bytes += n, len -= (size_t)n, offset += (uint64_t)n;
    }
    return SH_OK;
}

sh_code sh_fd_read_at(int fd, void *at, size_t len, uint64_t offset, const char *path, struct sh_err *err) {
    char *bytes = at;
    while (len > 0) {
        const ssize_t n = pread(fd, bytes, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sh_fail_errno(err, "%s: cannot read", path);
        if (n == 0)
            return sh_fail(err, SH_E_CORRUPT, "%s: is shorter than it was written", path);
        bytes += n, len -= (size_t)n, offset += (uint64_t)n;
    }
    return SH_OK;
}

void sh_records_close(struct sh_records *records) {
    if (records->map)
        (void)munmap(records->map, records->map_bytes);
    *records = (struct sh_records){0};
}

sh_code sh_records_open(const char *path, const char magic[8], size_t record_bytes, struct sh_records *ret,
                        struct sh_err *err) {
    SH_CLEANUP(close_fd_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return sh_fail_errno(err, "%s: cannot ask for its size", path);
    const size_t size = (size_t)status.st_size;
    struct sh_records_header header;
    if (size < sizeof header)
        return sh_fail(err, SH_E_CORRUPT, "%s: is cut", path);
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return sh_fail_errno(err, "%s: cannot map", path);
    memcpy(&header, map, sizeof header);
    if (memcmp(header.magic, magic, 8) != 0 || header.record_bytes != record_bytes ||
        header.n > (size - sizeof header) / record_bytes || header.n * record_bytes != size - sizeof header) {
        (void)munmap(map, size);
        return sh_fail(err, SH_E_CORRUPT, "%s: is not the file of %.8s it should be", path, magic);
    }
    *ret = (struct sh_records){
        .map = map, .map_bytes = size, .at = (const char *)map + sizeof header, .n = header.n};
    return SH_OK;
}

sh_code sh_records_write(const char *path, const char magic[8], size_t record_bytes, const void *records,
                         size_t n, struct sh_err *err) {
    SH_CLEANUP(close_fd_at) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot create", path);
    struct sh_records_header header = {.record_bytes = record_bytes, .n = n};
    memcpy(header.magic, magic, 8);
    SH_TRY(sh_fd_write_at(fd, &header, sizeof header, 0, path, err));
    return sh_fd_write_at(fd, records, n * record_bytes, sizeof header, path, err);
}

sh_code sh_file_fingerprint(const char *path, uint64_t *ret_size, struct sh_hash128 *ret_hash,
                            struct sh_err *err) {
    enum { STEP = 1 << 20 };
    SH_CLEANUP(close_fd_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot open", path);
    SH_CLEANUP(sh_free_at) char *bytes = sh_alloc_array(1, STEP);
    /* XXH3_state_t wants 64-byte alignment, which the heap does not promise. */
    _Alignas(64) XXH3_state_t state;
    if (!bytes || XXH3_128bits_reset(&state) != XXH_OK)
        return sh_fail(err, SH_E_NOMEM, "%s: no room to hash it", path);
    uint64_t size = 0;
    for (;;) {
        const ssize_t n = read(fd, bytes, STEP);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sh_fail_errno(err, "%s: cannot read", path);
        if (n == 0)
            break;
        size += (uint64_t)n;
        (void)XXH3_128bits_update(&state, bytes, (size_t)n);
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(&state);
    *ret_size = size;
    *ret_hash = (struct sh_hash128){.low = hash.low64, .high = hash.high64};
    return SH_OK;
}
