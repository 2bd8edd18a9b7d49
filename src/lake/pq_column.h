/* One column of one row group of a Parquet file, batch by batch. Inner header of the room. */
#pragma once
#include "base/arena.h"
#include "lake/columns.h"
#include "lake/pq_decode.h"
#include "lake/pq_meta.h"

struct sh_pq_bytes {
    char *at;
    size_t cap;
};

/** All zero is a valid column without rows; release with sh_pq_column_release. */
struct sh_pq_column {
    sh_physical physical; /* of the values given */
    bool optional;
    struct sh_pq_chunk chunk;
    struct sh_pq_bytes packed, page, dict,
        lengths;           /* pages as in the file; the present one; values; of texts */
    struct sh_arena texts; /* pages and dictionaries of texts, until the next row group */
    size_t n_packed, at;   /* bytes of `packed`, and how many are done */
    uint32_t n_dict;
    uint32_t left; /* values of the page, empty ones included */
    int32_t encoding;
    struct sh_pq_runs levels, indexes;
    struct sh_pq_delta delta;
    const uint8_t *plain, *end; /* PLAIN and the bytes of DELTA_LENGTH */
    const uint32_t *length;     /* the next one of DELTA_LENGTH */
    const uint32_t *length_end;
};

void sh_pq_column_release(struct sh_pq_column *column);
/** Read the bytes of a column of a row group. Errors: SH_E_CORRUPT, SH_E_IO, SH_E_NOMEM, SH_E_LIMIT. */
SH_MUST sh_code sh_pq_column_begin(struct sh_pq_column *column, int fd, const struct sh_pq_chunk *chunk,
                                   bool optional, struct sh_err *err);
/** The next n <= SH_PQ_BATCH values into `ret`, missing ones as SH_MISSING…; texts hold until the next row
 * group. */
SH_MUST sh_code sh_pq_column_read(struct sh_pq_column *column, void *ret, uint32_t n, struct sh_err *err);
