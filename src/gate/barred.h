/* Who may not be paid for, as the office has it on record, handed to an audit as knowledge. Inner header. */
#pragma once
#include "gate/inner.h"

/**
 * A folder of knowledge for one audit: the tables of options.knowledge_dir, and behind the rows of those that
 * a register names (`knowledge`, docs/registers.md) a row for each of its rows that steps wrote and its
 * condition holds for. What an audit ran on is kept with it, as all its texts. ret [SH_PATH_BYTES_MAX]; "":
 * the server has no knowledge folder. Errors: SH_E_INPUT a table has other columns; those of files and of the
 * store.
 */
SH_MUST sh_code sh_barred_lay(struct sh_gate *gate, struct sh_str job, char *ret, struct sh_err *err);
/** Remove what earlier audits were given. */
SH_MUST sh_code sh_barred_sweep(const struct sh_gate *gate, struct sh_err *err);
