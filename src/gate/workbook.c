/* One sheet of texts as XLSX. */
#include "gate/workbook.h"
#include "report/report.h"

enum { COLUMNS_MAX = 64, WIDTH = 18 };

sh_code sh_workbook_begin(const char *path, struct sh_str sheet, const char *const *titles, size_t n,
                          struct sh_book **ret, struct sh_err *err) {
    struct sh_book_column columns[COLUMNS_MAX];
    if (n == 0 || n > COLUMNS_MAX)
        return sh_fail(err, SH_E_LIMIT, "a sheet has 1 to %d columns", COLUMNS_MAX);
    for (size_t i = 0; i < n; i++)
        columns[i] = (struct sh_book_column){titles[i], WIDTH, SH_BOOK_TEXT};
    struct sh_book *book = NULL;
    SH_TRY(sh_book_open(path, &book, err));
    const sh_code code = sh_book_sheet(book, sheet, columns, n, err);
    if (code != SH_OK) {
        sh_book_discard(book);
        return code;
    }
    *ret = book;
    return SH_OK;
}

void sh_workbook_cell(struct sh_book *book, struct sh_str text) {
    if (text.len)
        sh_book_text(book, text);
    else
        sh_book_empty(book);
}

sh_code sh_workbook_row(struct sh_book *book, struct sh_err *err) {
    return sh_book_row(book, err);
}

sh_code sh_workbook_end(struct sh_book *book, bool is_kept, struct sh_err *err) {
    if (is_kept)
        return sh_book_close(book, err);
    sh_book_discard(book);
    return SH_OK;
}
