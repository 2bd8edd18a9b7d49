/*
 * What a Parquet file says about itself: its footer, and the headers of its pages (Apache Parquet format,
 * thrift compact protocol). Only flat tables of the four physical kinds the lake has. Bytes may be hostile:
 * every length is checked, and a file that does not fit is SH_E_CORRUPT. Inner header of the room.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum sh_pq_type { SH_PQ_INT32 = 1, SH_PQ_INT64 = 2, SH_PQ_BYTES = 6 };
enum sh_pq_codec { SH_PQ_PLAIN_CODEC = 0, SH_PQ_ZSTD = 6, SH_PQ_LZ4_RAW = 7 };
enum sh_pq_encoding {
    SH_PQ_PLAIN = 0,
    SH_PQ_PLAIN_DICTIONARY = 2,
    SH_PQ_RLE = 3,
    SH_PQ_DELTA_BINARY = 5,
    SH_PQ_DELTA_LENGTH = 6,
    SH_PQ_RLE_DICTIONARY = 8
};

/* One column of one row group. */
struct sh_pq_chunk {
    int32_t type, codec;    /* enum sh_pq_type, sh_pq_codec, or what else the file says */
    uint64_t offset, bytes; /* of its pages in the file */
    uint64_t n_values;      /* rows, empty ones included */
    bool has_range;         /* of 32-bit numbers: the file says that all values lie within */
    int32_t min, max;
};

struct sh_pq_meta {
    size_t n_columns, n_groups;
    struct sh_str *names;       /* [n_columns] */
    bool *optional;             /* [n_columns] values may be empty */
    uint64_t *group_rows;       /* [n_groups] */
    struct sh_pq_chunk *chunks; /* [n_groups × n_columns] */
};

/** Parse the footer: the bytes of the thrift struct alone. file_bytes: chunks must lie within. Texts are
 * copied. */
SH_MUST sh_code sh_pq_meta_parse(struct sh_str footer, uint64_t file_bytes, struct sh_arena *arena,
                                 struct sh_pq_meta *ret, struct sh_err *err);

enum sh_pq_page {
    SH_PQ_DATA_PAGE = 0,
    SH_PQ_INDEX_PAGE = 1,
    SH_PQ_DICTIONARY_PAGE = 2,
    SH_PQ_DATA_PAGE_V2 = 3
};
struct sh_pq_page_header {
    int32_t kind; /* enum sh_pq_page */
    uint32_t bytes, packed_bytes, n_values;
    int32_t encoding;
};
/** Parse a page's header at the beginning of `at`; ret_len: its bytes. */
SH_MUST sh_code sh_pq_page_parse(struct sh_str at, struct sh_pq_page_header *ret, size_t *ret_len,
                                 struct sh_err *err);
