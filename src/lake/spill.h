/* A worker's temporary file: blocks of rows and of keys, appended while the front end reads, read back by
 * bucket. Inner header. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef enum sh_spill_kind { SH_SPILL_ROWS, SH_SPILL_KEYS } sh_spill_kind;

struct sh_spill_block {
    uint8_t kind, table;
    uint16_t part; /* bucket of rows, partition of keys */
    uint32_t n;    /* rows, keys */
    uint64_t offset, bytes;
    uint64_t mask; /* rows: columns that are there */
};

/** One file, one writer. Zero-init is closed; release with sh_spill_close (SH_CLEANUP); the file has no name
 * left. */
struct sh_spill {
    int fd_plus_1;
    uint64_t size;
    struct sh_spill_block *blocks;
    size_t n, cap;
};
/** Create in `dir`; the name is removed at once, so that a kill leaves nothing. */
SH_MUST sh_code sh_spill_open(const char *dir, struct sh_spill *ret, struct sh_err *err);
/** Append a block; offset and bytes are filled in. Errors: SH_E_FULL, SH_E_IO. */
SH_MUST sh_code sh_spill_add(struct sh_spill *spill, struct sh_spill_block block, const void *at,
                             size_t bytes, struct sh_err *err);
/** Append bytes without an entry in `blocks`: the writer may do this while others read blocks. */
SH_MUST sh_code sh_spill_add_bytes(struct sh_spill *spill, const void *at, size_t bytes, uint64_t *ret_offset,
                                   struct sh_err *err);
/** Read a block back; any thread, once nothing is added any more. at: [block->bytes]. */
SH_MUST sh_code sh_spill_read(const struct sh_spill *spill, const struct sh_spill_block *block, void *at,
                              struct sh_err *err);
void sh_spill_close(struct sh_spill *spill);
