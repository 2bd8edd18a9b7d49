/*
 * Inner header: one table of texts, numbers, days and money to a Parquet file, row by row (Apache Parquet
 * format, thrift compact protocol, zstd pages). For findings alone: their rows are known cell by cell as
 * texts, and an embedded database would have to be started, fed and asked to write them. Tests read the files
 * back through DuckDB.
 */
#pragma once
#include "base/err.h"
#include "base/mem.h"
#include <stdint.h>
#include <stdio.h>

enum sh_parquet_kind {
    SH_PARQUET_NUMBER, /* INT32 */
    SH_PARQUET_DAY,    /* DATE */
    SH_PARQUET_MONEY,  /* DECIMAL(18,2) */
    SH_PARQUET_TEXT,   /* UTF-8 */
    SH_PARQUET_WORD    /* UTF-8 of few different values: stored once each, with the least and the greatest */
};

struct sh_parquet_field {
    const char *name;
    enum sh_parquet_kind kind;
};

struct sh_parquet_out;

/** Begin a file. fields [n_fields] must outlive it. Errors: SH_E_IO, SH_E_NOMEM. */
SH_MUST sh_code sh_parquet_out_open(const char *path, const struct sh_parquet_field *fields, size_t n_fields,
                                    struct sh_parquet_out **ret, struct sh_err *err);
/**
 * Add a row: cells [n_fields], empty for a missing value. Numbers in decimal, days as 2026-02-03, money in
 * yuan with up to two decimals. Memory: the cells of up to 65,536 rows or 64 MB. Errors: SH_E_INPUT a cell
 * that is none of its kind; SH_E_LIMIT; SH_E_IO, SH_E_FULL; SH_E_NOMEM.
 */
SH_MUST sh_code sh_parquet_out_row(struct sh_parquet_out *out, const struct sh_str *cells,
                                   struct sh_err *err);
/** Write what is left and the footer. Not fsynced. Errors: SH_E_IO, SH_E_FULL, SH_E_NOMEM. */
SH_MUST sh_code sh_parquet_out_end(struct sh_parquet_out *out, struct sh_err *err);
/** Close and free; without sh_parquet_out_end the file is no Parquet file. NULL is allowed. */
void sh_parquet_out_free(struct sh_parquet_out *out);
