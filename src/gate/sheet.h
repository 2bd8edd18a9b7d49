/* Tables that people send: CSV, or the first sheet of an XLSX file, read row by row with nothing trusted.
 * Inner header, and what the fuzzer calls. */
#pragma once
#include "base/arena.h"
#include "base/csv.h"
#include "base/err.h"

enum {
    SH_SHEET_RATIO_MAX = 100,    /* unpacked to packed */
    SH_SHEET_ENTRIES_MAX = 1000, /* files in the archive */
    SH_SHEET_COLUMNS_MAX = 256,
    SH_SHEET_ROWS_MAX = 100000,
};
#define SH_SHEET_UNPACKED_MAX ((size_t)1 << 30)
/**
 * Read a table; the first row is the header. text  the bytes as sent; they must outlive the table.
 * Numbers are given as the file writes them, dates of XLSX (cells with a date format) as YYYY-MM-DD.
 * Errors: SH_E_INPUT "row …: …" for what is no table; SH_E_LIMIT over a maximum above; SH_E_NOMEM.
 */
SH_MUST sh_code sh_sheet_read(struct sh_str text, struct sh_arena *arena, struct sh_csv *ret,
                              struct sh_err *err);
