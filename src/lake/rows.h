/* Rows of a table in memory, as columns, and their order. Inner header of the room. */
#pragma once
#include "base/arena.h"
#include "lake/columns.h"

/** Owned by the caller; release with sh_rows_release (SH_CLEANUP). Texts live in `arena` or in memory of the
 * caller's. */
struct sh_rows {
    enum sh_table table;
    size_t n, cap;
    void *columns[SH_LAKE_COLUMNS_MAX]; /* [cap], NULL: missing in every row */
    uint64_t *tie;                      /* [cap] decides between rows equal in all else; may be NULL */
    struct sh_arena arena;
};
SH_MUST sh_code sh_rows_reserve(struct sh_rows *rows, enum sh_table table, size_t cap, struct sh_err *err);
void sh_rows_release(struct sh_rows *rows);
/** The column's array, made and filled with missing in rows [0, cap) if it is not there. NULL: no memory. */
void *sh_rows_column(struct sh_rows *rows, uint16_t column);
void sh_fill_missing(void *column, sh_physical physical, size_t from, size_t n);
/** Rows [n] of `ret_order` (given as any selection of rows) into the order of files: (bucket, lead, time, id
 * bytes, tie). */
SH_MUST sh_code sh_rows_sort(const struct sh_rows *rows, uint32_t *order, size_t n, struct sh_err *err);
/** Days of rows for coverage: of the table's time. Looked up once for many rows. */
struct sh_rows_days {
    const int32_t *days;
    const int64_t *times;
};
struct sh_rows_days sh_rows_days(const struct sh_rows *rows);
/** INT32_MIN where a row has none. */
int32_t sh_rows_day(const struct sh_rows_days *days, size_t row);
/** Where and how rows are written. */
struct sh_rows_target {
    void *connection; /* of DuckDB */
    const char *path;
    uint32_t row_group; /* rows of a row group */
};
/** Write rows in the given order as one Parquet file; fills rows, fen, first_day, last_day of the entry. */
struct sh_lake_file;
SH_MUST sh_code sh_rows_write(struct sh_rows *rows, const uint32_t *order, size_t n,
                              const struct sh_rows_target *target, struct sh_lake_file *entry,
                              struct sh_err *err);
