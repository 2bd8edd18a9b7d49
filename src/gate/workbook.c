/* One sheet of texts as XLSX. */
#include "gate/workbook.h"
#include "base/mem.h"
#include "report/report.h"

enum { COLUMNS_MAX = 64, WIDTH = 18 };

struct sh_workbook {
    struct sh_book *book;
    struct sh_book_column columns[COLUMNS_MAX]; /* borrowed by the sheet */
};

static sh_code begin(struct sh_workbook *w, const char *path, struct sh_str sheet, size_t n,
                     struct sh_err *err) {
    SH_TRY(sh_book_open(path, &w->book, err));
    const sh_code code = sh_book_sheet(w->book, sheet, w->columns, n, err);
    if (code != SH_OK)
        sh_book_discard(w->book);
    return code;
}

sh_code sh_workbook_begin(const char *path, struct sh_str sheet, const char *const *titles, size_t n,
                          struct sh_workbook **ret, struct sh_err *err) {
    if (n == 0 || n > COLUMNS_MAX)
        return sh_fail(err, SH_E_LIMIT, "a sheet has 1 to %d columns", COLUMNS_MAX);
    struct sh_workbook *w = sh_alloc_array(1, sizeof *w);
    if (!w)
        return sh_fail(err, SH_E_NOMEM, "no room for a workbook");
    for (size_t i = 0; i < n; i++)
        w->columns[i] = (struct sh_book_column){titles[i], WIDTH, SH_BOOK_TEXT};
    const sh_code code = begin(w, path, sheet, n, err);
    if (code != SH_OK) {
        sh_free(w);
        return code;
    }
    *ret = w;
    return SH_OK;
}

void sh_workbook_cell(struct sh_workbook *w, struct sh_str text) {
    if (text.len)
        sh_book_text(w->book, text);
    else
        sh_book_empty(w->book);
}

sh_code sh_workbook_row(struct sh_workbook *w, struct sh_err *err) {
    return sh_book_row(w->book, err);
}

sh_code sh_workbook_end(struct sh_workbook *w, bool is_kept, struct sh_err *err) {
    sh_code code = SH_OK;
    if (is_kept)
        code = sh_book_close(w->book, err);
    else
        sh_book_discard(w->book);
    sh_free(w);
    return code;
}
