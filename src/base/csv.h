/* Small tables: knowledge, parameters, synthetic cases, and everything we write. Foreign claim files have
 * their own reader in lake/. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/** One row. `cells` [n_cells] views into the file's text or the arena. */
struct sh_csv_row {
    size_t line; /* where the row begins, from 1 */
    size_t n_cells;
    const struct sh_str *cells;
};

/** A whole table; everything lives in the arena (and in the text given to sh_csv_read). */
struct sh_csv {
    const char *name;         /* for messages: the file's name */
    struct sh_csv_row header; /* first row; n_cells 0 with SH_CSV_NO_HEADER */
    size_t n_rows;
    const struct sh_csv_row *rows; /* [n_rows] without the header */
};

enum sh_csv_flags {
    SH_CSV_PLAIN = 0,
    SH_CSV_COMMENTS = 1,  /* lines whose first byte is '#' are skipped */
    SH_CSV_NO_HEADER = 2, /* the first row is data */
    SH_CSV_RAGGED = 4,    /* rows may differ in their number of cells */
};

/**
 * Read RFC 4180: comma, CRLF or LF, quotes doubled inside quotes; UTF-8, a BOM is skipped; empty lines are
 * skipped. text   must outlive the table; cells without doubled quotes are views into it. flags  sum of enum
 * sh_csv_flags. Header cells are trimmed and must be distinct and not empty. Errors: SH_E_INPUT
 * "name:line:column: …" (column in characters, from 1) for bad UTF-8, a stray quote, an unclosed quote, a
 * NUL, a wrong number of cells; SH_E_LIMIT; SH_E_NOMEM. Cost: one pass.
 */
SH_MUST sh_code sh_csv_read(const char *name, struct sh_str text, unsigned flags, struct sh_arena *arena,
                            struct sh_csv *ret, struct sh_err *err);
/** The same from a file, read into the arena (limit SH_TEXT_FILE_BYTES_MAX). Errors: also those of
 * sh_fs_read. */
SH_MUST sh_code sh_csv_read_file(const char *path, unsigned flags, struct sh_arena *arena, struct sh_csv *ret,
                                 struct sh_err *err);
/** Index of a column by its header, or SH_STR_NONE. */
size_t sh_csv_column(const struct sh_csv *csv, struct sh_str name);
/** As above, missing is SH_E_INPUT with a "did you mean". */
SH_MUST sh_code sh_csv_need_column(const struct sh_csv *csv, const char *name, size_t *ret,
                                   struct sh_err *err);
/** A failure at a cell: "name:line: column 'x': …". column may be SH_STR_NONE. code not SH_OK. */
sh_code sh_csv_fail(struct sh_err *err, sh_code code, const struct sh_csv *csv, const struct sh_csv_row *row,
                    size_t column, const char *format, ...) SH_PRINTF(6, 7);
#define sh_csv_fail(...) sh_not_ok((sh_csv_fail)(__VA_ARGS__))

/**
 * Write a table. Cells are quoted when they hold a comma, a quote, CR, LF, or a space at an end; a row of one
 * empty cell is written as "" so that it is not an empty line. Lines end in LF. Goes into a buffer; with
 * `file` set, the buffer is written out whenever it passes 64 KiB and at sh_csv_end.
 */
struct sh_csv_writer {
    struct sh_buf *buf; /* borrowed */
    FILE *file;         /* borrowed; NULL: stays in the buffer */
    size_t n_cells;     /* in the row under way */
    bool guard; /* put ' before a cell that begins with = + - @ TAB or CR and is no number: spreadsheets run
                   those */
    sh_code failed; /* sticky, like sh_buf */
    int failed_errno;
};
void sh_csv_cell(struct sh_csv_writer *w, struct sh_str text);
void sh_csv_cell_text(struct sh_csv_writer *w, const char *text);
void sh_csv_cell_i64(struct sh_csv_writer *w, int64_t v);
void sh_csv_cell_money(struct sh_csv_writer *w, int64_t fen);
void sh_csv_cell_date(struct sh_csv_writer *w, int32_t days);
void sh_csv_cellf(struct sh_csv_writer *w, const char *format, ...) SH_PRINTF(2, 3);
void sh_csv_end_row(struct sh_csv_writer *w);
/** Write out what is left; the first failure of all. Errors: SH_E_IO, SH_E_FULL, SH_E_NOMEM, SH_E_LIMIT. Does
 * not close `file`. */
SH_MUST sh_code sh_csv_end(struct sh_csv_writer *w, struct sh_err *err);
