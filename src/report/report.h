/*
 * Reports: spreadsheets for people. A *book* is an XLSX file under way: sheets one after the other, rows from
 * top to bottom, so that memory does not grow with rows. Numbers become doubles, as the format knows nothing
 * else: money is exact up to 2^53 fen and written as text beyond.
 *
 * Threads: a book belongs to one thread.
 */
#pragma once
#include "base/err.h"
#include "base/msg.h"
#include "base/str.h"
#include "report/paper.h"

struct sh_book;
struct sh_run_summary; /* audit/audit.h */

enum sh_book_kind { SH_BOOK_TEXT, SH_BOOK_WRAPPED, SH_BOOK_COUNT, SH_BOOK_MONEY, SH_BOOK_DAY };

struct sh_book_column {
    const char *title; /* head of the column */
    unsigned width;    /* in characters */
    enum sh_book_kind kind;
};

/** Open a book that will become `path`. Errors: SH_E_NOMEM; SH_E_NOTFOUND, SH_E_IO, SH_E_FULL: it cannot be
 * written there. */
SH_MUST sh_code sh_book_open(const char *path, struct sh_book **ret, struct sh_err *err);
/**
 * Begin a sheet: a head with filters that stays in sight, then rows.
 * name      made fit: no []:*?/\, at most 31 characters, unique among the sheets (case does not count).
 * columns   [n_columns] borrowed until the next sheet or the end; 1 <= n_columns <= 64.
 * Errors: SH_E_NOMEM.
 */
SH_MUST sh_code sh_book_sheet(struct sh_book *book, struct sh_str name, const struct sh_book_column *columns,
                              size_t n_columns, struct sh_err *err);
/* Cells of the row, from the left; failures are sticky and told by sh_book_row. Text beyond 32,767
 * characters, the bound of the format, is SH_E_LIMIT. */
void sh_book_text(struct sh_book *book, struct sh_str text);
void sh_book_count(struct sh_book *book, int64_t n);
void sh_book_money(struct sh_book *book, int64_t fen);
void sh_book_day(struct sh_book *book, int32_t days);
void sh_book_empty(struct sh_book *book);
/** End the row; when the sheet is full the next row stands on a further sheet of the same head. */
SH_MUST sh_code sh_book_row(struct sh_book *book, struct sh_err *err);
/** Write the file aside and rename it. Frees the book whatever happens. Errors: SH_E_IO, SH_E_FULL. */
SH_MUST sh_code sh_book_close(struct sh_book *book, struct sh_err *err);
/** Give up: no file. NULL allowed. */
void sh_book_discard(struct sh_book *book);

/**
 * The findings of a kept run as a workbook: a summary of every answer of every rule, what was not evaluated
 * and why, then a sheet for each rule that found something, with the explanation and what would clear it.
 * Errors: those of the run's files, SH_E_IO, SH_E_FULL.
 */
SH_MUST sh_code sh_report_findings(const struct sh_run_summary *run, const char *path, sh_lang lang,
                                   struct sh_err *err);
