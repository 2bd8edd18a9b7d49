/* Binary files of our own in a lake: fixed-size records behind a small header, read by mmap. Inner header of
 * the room. */
#pragma once
#include "base/err.h"
#include "base/hash.h"
#include <stddef.h>
#include <stdint.h>

/** A file of records, mapped read-only. Zero-init is empty; release with sh_records_close (SH_CLEANUP). */
struct sh_records {
    void *map;
    size_t map_bytes;
    const void *at; /* [n] records */
    size_t n;
};
/** Map a file. record_bytes and magic must be those it was written with. Errors: SH_E_CORRUPT, SH_E_NOTFOUND,
 * SH_E_IO. */
SH_MUST sh_code sh_records_open(const char *path, const char magic[8], size_t record_bytes,
                                struct sh_records *ret, struct sh_err *err);
void sh_records_close(struct sh_records *records);
/** Write a whole file, not fsynced, not atomic: for a temporary folder. */
SH_MUST sh_code sh_records_write(const char *path, const char magic[8], size_t record_bytes,
                                 const void *records, size_t n, struct sh_err *err);
/** Size and XXH3-128 of a file, in one pass. */
SH_MUST sh_code sh_file_fingerprint(const char *path, uint64_t *ret_size, struct sh_hash128 *ret_hash,
                                    struct sh_err *err);
/** Write at an offset, through short writes and EINTR. */
SH_MUST sh_code sh_fd_write_at(int fd, const void *at, size_t len, uint64_t offset, const char *path,
                               struct sh_err *err);
/** Read exactly len bytes. A short file is SH_E_CORRUPT. */
SH_MUST sh_code sh_fd_read_at(int fd, void *at, size_t len, uint64_t offset, const char *path,
                              struct sh_err *err);

struct sh_records_header {
    char magic[8];
    uint64_t record_bytes, n;
};
