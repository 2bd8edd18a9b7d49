/* A spreadsheet by libxlsxwriter, row after row. */
#include "report/report.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/money.h"
#include <assert.h>
#include <string.h>
#include <xlsxwriter.h>

#define SHEET_ROWS_MAX 1048576u /* bounds of the format */
#define CELL_CHARS_MAX 32767u
#define NAME_CHARS_MAX 31u
#define HEAD_HEIGHT 32.0 /* points: two lines */
#define COLUMNS_MAX 64u
#define SHEETS_MAX 4096u
#define EXACT_FEN_MAX (INT64_C(1) << 53) /* beyond, a double may miss a fen */

struct sh_book {
    char path[SH_PATH_BYTES_MAX], aside[SH_PATH_BYTES_MAX], dir[SH_PATH_BYTES_MAX];
    lxw_workbook *workbook;
    lxw_worksheet *sheet;
    lxw_format *head, *formats[SH_BOOK_DAY + 1];
    struct sh_str name; /* of the present sheet, as asked for; in the arena */
    const struct sh_book_column *columns;
    size_t n_columns, n_sheets;
    uint32_t row;
    uint16_t column;
    unsigned part; /* of the present name */
    struct sh_buf text;
    struct sh_arena arena;
    sh_code failed;
    struct sh_err why;
};

static void set_formats(struct sh_book *book) {
    book->head = workbook_add_format(book->workbook);
    format_set_bold(book->head);
    format_set_bg_color(book->head, 0xDDE7F0);
    format_set_border(book->head, LXW_BORDER_THIN);
    format_set_text_wrap(book->head);
    for (size_t i = 0; i < sizeof book->formats / sizeof book->formats[0]; i++) {
        book->formats[i] = workbook_add_format(book->workbook);
        format_set_align(book->formats[i], LXW_ALIGN_VERTICAL_TOP);
    }
    format_set_text_wrap(book->formats[SH_BOOK_WRAPPED]);
    format_set_num_format(book->formats[SH_BOOK_COUNT], "#,##0");
    format_set_num_format(book->formats[SH_BOOK_MONEY], "#,##0.00");
    format_set_num_format(book->formats[SH_BOOK_DAY], "yyyy-mm-dd");
}

void sh_book_discard(struct sh_book *book) {
    if (!book)
        return;
    if (book->workbook) {
        lxw_workbook_free(book->workbook);
        (void)!sh_remove_file(book->aside, NULL);
    }
    sh_buf_free(&book->text);
    sh_arena_free(&book->arena);
    sh_free(book);
}

static sh_code begin(struct sh_book *book, const char *path, struct sh_err *err) {
    const char *slash = strrchr(path, '/');
    SH_TRY(sh_path_format(book->path, err, "%s", path));
    SH_TRY(sh_path_format(book->aside, err, "%s.tmp", path));
    SH_TRY(sh_path_format(book->dir, err, "%.*s", slash && slash > path ? (int)(slash - path) : 1,
                          slash ? path : "."));
    FILE *file = fopen(book->aside, "wbe"); /* now, not after hours of work */
    if (!file || fclose(file) != 0)
        return sh_fail_errno(err, "%s", book->path);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = book->dir, .use_zip64 = LXW_TRUE};
    book->workbook = workbook_new_opt(book->aside, &options);
    if (!book->workbook)
        return sh_fail(err, SH_E_NOMEM, "no room for a workbook");
    set_formats(book);
    return SH_OK;
}

sh_code sh_book_open(const char *path, struct sh_book **ret, struct sh_err *err) {
    assert(path && ret);
    struct sh_book *book = sh_alloc_array(1, sizeof *book);
    if (!book)
        return sh_fail(err, SH_E_NOMEM, "no room for a workbook");
    const sh_code code = begin(book, path, err);
    if (code != SH_OK) {
        sh_book_discard(book);
        return code;
    }
    *ret = book;
    return SH_OK;
}

/* ---- names of sheets ---------------------------------------------------------------------------- */

/* Forbidden characters become a space; cut to `room` characters without cutting one in two. */
static void fit_name(struct sh_str name, size_t room, struct sh_buf *out) {
    size_t at = 0;
    sh_buf_clear(out);
    for (size_t n = 0; at < name.len && n < room; n++) {
        char bytes[4];
        const uint32_t c = sh_utf8_next(name, &at);
        const bool is_bad = c < 0x20 || (c < 0x80 && strchr("[]:*?/\\'", (int)c));
        (void)sh_buf_add(out, bytes, sh_utf8_put(is_bad ? ' ' : c, bytes));
    }
}

static sh_code add_sheet(struct sh_book *book, struct sh_err *err) {
    for (book->part++; book->part < SHEETS_MAX; book->part++) {
        char suffix[16] = "";
        if (book->part > 1)
            (void)snprintf(suffix, sizeof suffix, " (%u)", book->part);
        fit_name(book->name, NAME_CHARS_MAX - strlen(suffix), &book->text);
        (void)sh_buf_add_text(&book->text, suffix);
        SH_TRY(sh_buf_check(&book->text, err));
        const lxw_error wrong = workbook_validate_sheet_name(book->workbook, book->text.at);
        if (wrong == LXW_ERROR_SHEETNAME_ALREADY_USED)
            continue;
        book->sheet = wrong == LXW_NO_ERROR ? workbook_add_worksheet(book->workbook, book->text.at) : NULL;
        if (!book->sheet)
            return sh_fail(err, SH_E_INPUT, "sheet '%s': %s", book->text.at, lxw_strerror(wrong));
        return ++book->n_sheets <= SHEETS_MAX ? SH_OK
                                              : sh_fail(err, SH_E_LIMIT, "more than %u sheets", SHEETS_MAX);
    }
    return sh_fail(err, SH_E_LIMIT, "more than %u sheets", SHEETS_MAX);
}

static sh_code begin_sheet(struct sh_book *book, struct sh_err *err) {
    SH_TRY(add_sheet(book, err));
    const lxw_col_t last = (lxw_col_t)(book->n_columns - 1);
    (void)worksheet_set_row(book->sheet, 0, HEAD_HEIGHT, NULL);
    for (lxw_col_t c = 0; c <= last; c++) {
        (void)worksheet_set_column(book->sheet, c, c, book->columns[c].width, NULL);
        if (worksheet_write_string(book->sheet, 0, c, book->columns[c].title, book->head) != LXW_NO_ERROR)
            return sh_fail(err, SH_E_NOMEM, "no room for the head of a sheet");
    }
    worksheet_freeze_panes(book->sheet, 1, 0);
    worksheet_repeat_rows(book->sheet, 0, 0);
    (void)worksheet_autofilter(book->sheet, 0, 0, SHEET_ROWS_MAX - 1, last);
    worksheet_set_landscape(book->sheet);
    worksheet_fit_to_pages(book->sheet, 1, 0);
    book->row = 1;
    book->column = 0;
    return SH_OK;
}

sh_code sh_book_sheet(struct sh_book *book, struct sh_str name, const struct sh_book_column *columns,
                      size_t n_columns, struct sh_err *err) {
    assert(book && columns);
    sh_check(n_columns > 0 && n_columns <= COLUMNS_MAX);
    const char *copy = sh_arena_dup(&book->arena, name.at, name.len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for a sheet");
    book->name = (struct sh_str){copy, name.len};
    book->columns = columns, book->n_columns = n_columns, book->part = 0;
    return begin_sheet(book, err);
}

/* ---- cells -------------------------------------------------------------------------------------- */

static void note(struct sh_book *book, lxw_error error) {
    if (error == LXW_NO_ERROR || book->failed != SH_OK)
        return;
    const sh_code code = error == LXW_ERROR_MEMORY_MALLOC_FAILED         ? SH_E_NOMEM
                         : error == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED ? SH_E_LIMIT
                                                                         : SH_E_IO;
    book->failed = sh_fail(&book->why, code, "sheet '%.*s', row %u, column '%s': %s", SH_ARG(book->name),
                           book->row + 1, book->columns[book->column].title, lxw_strerror(error));
}

static lxw_format *next(struct sh_book *book, lxw_col_t *ret) {
    sh_check(book->sheet && book->column < book->n_columns);
    *ret = book->column;
    return book->formats[book->columns[book->column].kind];
}

void sh_book_text(struct sh_book *book, struct sh_str text) {
    lxw_col_t column;
    lxw_format *format = next(book, &column);
    sh_buf_clear(&book->text);
    (void)sh_buf_add_str(&book->text, text);
    if (book->text.failed != SH_OK)
        note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
    else if (text.len > 0 && sh_utf8_count(text) > CELL_CHARS_MAX)
        note(book, LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED);
    else if (text.len > 0)
        note(book, worksheet_write_string(book->sheet, book->row, column, book->text.at, format));
    book->column++;
}

void sh_book_count(struct sh_book *book, int64_t n) {
    lxw_col_t column;
    lxw_format *format = next(book, &column);
    note(book, worksheet_write_number(book->sheet, book->row, column, (double)n, format));
    book->column++;
}

void sh_book_money(struct sh_book *book, int64_t fen) {
    if (fen > EXACT_FEN_MAX || fen < -EXACT_FEN_MAX) {
        char text[SH_MONEY_TEXT_MAX];
        const size_t len = sh_money_plain(fen, text);
        sh_book_text(book, (struct sh_str){text, len});
        return;
    }
    lxw_col_t column;
    lxw_format *format = next(book, &column);
    note(book, worksheet_write_number(book->sheet, book->row, column, (double)fen / 100, format));
    book->column++;
}

void sh_book_day(struct sh_book *book, int32_t days) {
    lxw_col_t column;
    lxw_format *format = next(book, &column);
    const struct sh_civil civil = sh_civil_of(days);
    lxw_datetime when = {.year = civil.year, .month = civil.month, .day = civil.day};
    if (civil.year < 1900 || civil.year > 9999) { /* the format knows no others */
        char text[SH_DATE_TEXT_MAX];
        const size_t len = sh_date_format(days, text);
        sh_book_text(book, (struct sh_str){text, len});
        return;
    }
    note(book, worksheet_write_datetime(book->sheet, book->row, column, &when, format));
    book->column++;
}

void sh_book_empty(struct sh_book *book) {
    lxw_col_t column;
    (void)next(book, &column);
    book->column++;
}

sh_code sh_book_row(struct sh_book *book, struct sh_err *err) {
    assert(book);
    sh_check(book->column == book->n_columns);
    if (book->failed != SH_OK) {
        if (err)
            *err = book->why;
        return book->failed;
    }
    book->column = 0;
    return ++book->row < SHEET_ROWS_MAX ? SH_OK : begin_sheet(book, err);
}

sh_code sh_book_close(struct sh_book *book, struct sh_err *err) {
    assert(book);
    if (book->n_sheets == 0)
        (void)workbook_add_worksheet(book->workbook, NULL); /* a book without a sheet does not open */
    const lxw_error wrong = workbook_close(book->workbook); /* frees it in any case */
    book->workbook = NULL;
    sh_code code = SH_OK;
    if (wrong != LXW_NO_ERROR)
        code = sh_fail_errno(err, "%s: %s", book->path, lxw_strerror(wrong));
    else
        code = sh_fs_rename(book->aside, book->path, err);
    if (code != SH_OK)
        (void)!sh_remove_file(book->aside, NULL);
    sh_book_discard(book);
    return code;
}
