/* One sheet of texts as XLSX. A door to report/report.h, whose rooms below and store/store.h both call
 * something a scope and so do not fit into one file. Inner header. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>

struct sh_workbook;
/** Begin a workbook that will become `path`: one sheet; titles [n], borrowed until the end. */
SH_MUST sh_code sh_workbook_begin(const char *path, struct sh_str sheet, const char *const *titles, size_t n,
                                  struct sh_workbook **ret, struct sh_err *err);
void sh_workbook_cell(struct sh_workbook *book, struct sh_str text);
SH_MUST sh_code sh_workbook_row(struct sh_workbook *book, struct sh_err *err);
/** Write the file, or give it up. Frees the book. */
SH_MUST sh_code sh_workbook_end(struct sh_workbook *book, bool is_kept, struct sh_err *err);
