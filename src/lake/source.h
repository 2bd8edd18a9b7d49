/* The bytes of one foreign file: plain or gzip (several members too), checked to the end. Inner header of the
 * room. */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct sh_source;

/**
 * Open a file. What it holds is told by its first bytes, not by its name.
 * Errors: SH_E_NOTFOUND, SH_E_IO; SH_E_INPUT a directory, a pipe; SH_E_UNSUPPORTED UTF-16, ZIP, Excel,
 * Parquet or zstd, with what to do; SH_E_NOMEM.
 */
SH_MUST sh_code sh_source_open(const char *path, struct sh_source **ret, struct sh_err *err);
/** The same over bytes in memory (tests, fuzzing). `bytes` must outlive the source; name is for messages. */
SH_MUST sh_code sh_source_open_bytes(const char *name, struct sh_str bytes, struct sh_source **ret,
                                     struct sh_err *err);
/**
 * The next bytes of the content.
 * ret_n  bytes written to `to`, 0 … room; 0 only at the end. A UTF-8 byte order mark is left in place.
 * Errors: SH_E_IO; SH_E_INPUT a damaged gzip stream (checksum, length) or one that ends early. Messages name
 * the file.
 */
SH_MUST sh_code sh_source_read(struct sh_source *source, char *to, size_t room, size_t *ret_n,
                               struct sh_err *err);
/** Bytes of the file itself taken so far, for progress. */
uint64_t sh_source_taken(const struct sh_source *source);
/** Size of the file as it lies on disk. */
uint64_t sh_source_size(const struct sh_source *source);
/** Name for messages; borrowed. */
const char *sh_source_name(const struct sh_source *source);
/** NULL is allowed. */
void sh_source_close(struct sh_source *source);
