/* Self-checks: an institution sends its own claim files, a job runs the rules over them, the findings come
 * back as a workbook. Nothing of it reaches the lake of the place or anybody else; the files lie sealed
 * (checkfiles.h), open only while the job runs. Inner header. */
#pragma once
#include "gate/inner.h"

#define SH_SELFCHECK_KIND "self-check"
#define SH_SELFCHECK_BOOK "findings.xlsx"
#define SH_SELFCHECK_REPORT "report.txt"
enum {
    SH_SELFCHECK_CHILD_GIB = 2, /* largest file a check may write */
    SH_SELFCHECK_REPORT_MAX = 1 << 20,
};

/** Where the files lie while they are checked: DATA/self-checks/ID in `out` [SH_PATH_BYTES_MAX]. Errors:
 * SH_E_INPUT for what is no id; SH_E_LIMIT. */
SH_MUST sh_code sh_selfcheck_dir(const struct sh_gate *gate, struct sh_str id, char *out, struct sh_err *err);
/** Remove what an earlier server left open half-way. */
SH_MUST sh_code sh_selfcheck_sweep(const struct sh_gate *gate, struct sh_err *err);
