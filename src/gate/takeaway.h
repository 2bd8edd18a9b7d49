/* A table that somebody takes away, CSV or XLSX: its purpose asked and noted first, its rows written one by
 * one into a file that has no name any more when it is sent, no cell of which a spreadsheet would run. Inner
 * header. */
#pragma once
#include "base/csv.h"
#include "base/limits.h"
#include "gate/entry.h"
#include <stdio.h>

struct sh_workbook;
/** Zero-init; sh_takeaway_end for SH_CLEANUP, after sh_takeaway_send too. */
struct sh_takeaway {
    struct sh_request *rq;
    bool is_xlsx;
    struct sh_buf buf;
    struct sh_csv_writer csv;
    FILE *file;               /* CSV, or */
    struct sh_workbook *book; /* XLSX */
    char path[SH_PATH_BYTES_MAX];
    struct sh_str purpose;
    uint64_t n_rows;
};

/** Argument format, header X-Purpose; one that is not good is a refusal (SH_E_CANCELLED). Then the point of
 * later.h, for a kind of there. */
SH_MUST sh_code sh_takeaway_asked(struct sh_request *rq, const char *kind, struct sh_takeaway *ret,
                                  struct sh_err *err);
/** What leaves is noted, in a transaction of its own, before a row of it is read. */
SH_MUST sh_code sh_takeaway_note(struct sh_takeaway *out, struct sh_str register_id, struct sh_err *err);
/** The file, with its titles [n], borrowed until it is sent. */
SH_MUST sh_code sh_takeaway_open(struct sh_takeaway *out, struct sh_str sheet, const char *const *titles,
                                 size_t n, struct sh_err *err);
void sh_takeaway_cell(struct sh_takeaway *out, struct sh_str text);
/** Errors: SH_E_LIMIT more rows than a sheet can hold; SH_E_IO, SH_E_FULL; as sh_later_row. */
SH_MUST sh_code sh_takeaway_row(struct sh_takeaway *out, struct sh_err *err);
/** The answer is the file, offered as NAME.csv or NAME.xlsx; of a request that is answered later it keeps the
 * name of sh_later_path. */
SH_MUST sh_code sh_takeaway_send(struct sh_takeaway *out, struct sh_str name, struct sh_err *err);
void sh_takeaway_end(struct sh_takeaway *out);
