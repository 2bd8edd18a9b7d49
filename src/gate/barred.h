/* Who may not be paid for, as the office has it on record, handed to an audit as knowledge. Inner header. */
#pragma once
#include "gate/inner.h"

/**
 * A folder of knowledge for one audit: the tables of options.knowledge_dir, and in those of suspended persons
 * (suspended_orders.csv, suspended_services.csv) a row for each entry of the register `statuses` that
 * suspends or ends a person, with its first and last day and when it became known. What an audit ran on is
 * kept with it, as all its texts. ret [SH_PATH_BYTES_MAX]; "": the server has no knowledge folder.
 * Errors: SH_E_INPUT a table has other columns; those of files and of the store.
 */
SH_MUST sh_code sh_barred_lay(struct sh_gate *gate, struct sh_str job, char *ret, struct sh_err *err);
/** Remove what earlier audits were given. */
SH_MUST sh_code sh_barred_sweep(const struct sh_gate *gate, struct sh_err *err);
