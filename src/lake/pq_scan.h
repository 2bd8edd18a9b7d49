/*
 * Rows of Parquet files of the lake, batch by batch: the reader's own way, for our files alone. DuckDB copies
 * each value three times and asks about each row whether it is there; this decodes columns into arrays. Inner
 * header of the room.
 */
#pragma once
#include "lake/pq_column.h"

struct sh_pq_wanted {
    const char *name;
    sh_physical physical;
};

/** Zero-init is closed; release with sh_pq_scan_close. One thread. */
struct sh_pq_scan {
    struct sh_arena arena; /* paths, columns, batch */
    const char **paths;
    size_t n_paths, path; /* the one that is open; n_paths: at the end */
    const struct sh_pq_wanted *wanted;
    size_t n_columns;
    struct sh_pq_column *columns; /* [n_columns] */
    void **batch;                 /* [n_columns] arrays [SH_PQ_BATCH] */
    size_t ranged;                /* column by whose range row groups are left out; n_columns: none */
    int32_t from, to;             /* from <= value < to */
    struct sh_arena footer;       /* of the file that is open */
    struct sh_pq_meta meta;
    size_t *places; /* [n_columns] of the columns in the file */
    int fd_plus_1;
    size_t group;
    uint64_t left;          /* rows of the row group */
    bool *late;             /* [n_columns] read by sh_pq_scan_take; NULL: none */
    uint32_t rows, late_at; /* of the batch; and how many of its late values are behind us */
};

/**
 * Scan files one after the other. wanted [n_columns] and paths [n_paths] are copied. ranged, from, to: leave
 * out row groups none of whose values of that 32-bit column lies in [from, to); n_columns: read all. Rows
 * outside of the range may still come.
 */
SH_MUST sh_code sh_pq_scan_open(struct sh_pq_scan *scan, const char *const *paths, size_t n_paths,
                                const struct sh_pq_wanted *wanted, size_t n_columns, struct sh_err *err);
void sh_pq_scan_range(struct sh_pq_scan *scan, size_t ranged, int32_t from, int32_t to);
/** The next rows, *ret_n <= SH_PQ_BATCH, 0 at the end, into scan->batch. Texts hold until the next call.
 * Errors: SH_E_CORRUPT with the path; SH_E_IO, SH_E_NOMEM. */
SH_MUST sh_code sh_pq_scan_next(struct sh_pq_scan *scan, uint32_t *ret_n, struct sh_err *err);
/**
 * Leave columns (late [n_columns], copied) out of the batches: whoever knows which rows it wants from the
 * others takes them straight into arrays of its own. Before the first batch.
 */
SH_MUST sh_code sh_pq_scan_late(struct sh_pq_scan *scan, const bool *late, struct sh_err *err);
/** Rows [from, to) of the present batch, from not before the last `to`: values of each late column c into
 * ret[c]. Texts hold until the next row group. */
SH_MUST sh_code sh_pq_scan_take(struct sh_pq_scan *scan, uint32_t from, uint32_t to, void *const *ret,
                                struct sh_err *err);
void sh_pq_scan_close(struct sh_pq_scan *scan);
