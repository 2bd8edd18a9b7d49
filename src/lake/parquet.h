/* Parquet through DuckDB: arrays in memory to one file, and streams of chunks back. Inner header of the room.
 */
#pragma once
#include "base/err.h"
#include "base/mem.h"
#include "lake/columns.h"
#include <stdio.h>

/* ---- DuckDB, below the public part
 * --------------------------------------------------------------------------- */

/** What kind of failure a message of DuckDB is: SH_E_FULL, SH_E_NOMEM, else SH_E_IO. */
sh_code sh_duck_code(const char *message);
/** Run statements on a connection, drop the result. */
SH_MUST sh_code sh_duck_query(void *connection, const char *sql, struct sh_err *err);
/** "name" for SQL, quotes doubled. */
void sh_sql_name(struct sh_buf *sql, const char *name);

/* Measured on fee lines, fourteen columns read: lz4_raw takes 0.6 of the time of zstd at its fastest and 1.4
 * of its size, no codec at all is no faster. v2: numbers that grow are stored as differences. */
/* Rows of a group in our files: what a reader holds of each column it reads, at most. */
enum { SH_PARQUET_ROW_GROUP = 40960 };
#define SH_PARQUET_COMPRESSION "COMPRESSION lz4_raw, PARQUET_VERSION v2"

/* ---- writing
 * ------------------------------------------------------------------------------------------------- */

struct sh_parquet_column {
    const char *name;
    sh_physical physical;
    const void *data; /* [rows], missing = SH_MISSING…, empty text; NULL: missing in every row */
};

struct sh_parquet_rows {
    const struct sh_parquet_column *columns;
    size_t n_columns, n_rows;
    const uint32_t *order; /* [n_rows] row to write i-th; NULL: as they stand */
};

/** Register the table function that hands arrays to DuckDB; once per instance, before sh_parquet_write on its
 * connections. */
SH_MUST sh_code sh_parquet_register(struct sh_duck *duck, struct sh_err *err);
/** Write one file in the order given. row_group: rows of a row group. Errors: SH_E_FULL, SH_E_IO, SH_E_NOMEM.
 * Not fsynced. */
SH_MUST sh_code sh_parquet_write(void *connection, const struct sh_parquet_rows *rows, const char *path,
                                 uint32_t row_group, struct sh_err *err);

/* ---- reading
 * ------------------------------------------------------------------------------------------------- */

/** A query under way, chunk by chunk. Zero-init is closed. */
struct sh_scan {
    void *statement; /* duckdb_prepared_statement */
    void *result;    /* duckdb_result, on the heap */
};
/** Start a query that streams. Errors: SH_E_CORRUPT a file that DuckDB cannot read; SH_E_NOMEM. */
SH_MUST sh_code sh_scan_open(void *connection, const char *sql, struct sh_scan *ret, struct sh_err *err);
/** Next chunk (duckdb_data_chunk, to be destroyed by the caller), NULL at the end. */
SH_MUST sh_code sh_scan_next(struct sh_scan *scan, void **ret_chunk, struct sh_err *err);
void sh_scan_close(struct sh_scan *scan);
/** Copy n values of a vector of a chunk, from row `first`, missing as SH_MISSING…; texts are views into the
 * chunk. */
void sh_chunk_copy(void *chunk, size_t column, sh_physical physical, size_t first, size_t n, void *to);
