/* The desk's table of a kept run, LAKE/audits/RUN/desk.parquet: its findings with the department and the
 * practitioner of their claim, the dearest first, so that a page of them lies together. Made once, when
 * findings are loaded; the run's own files stay as the audit wrote them. Inner header. */
#pragma once
#include "base/err.h"

#define SH_DESK_FILE "desk.parquet"

/**
 * Make the table beside LAKE/audits/RUN/findings.parquet; one that is there stands, and so does a lake that
 * may only be read. A finding gets the ordering department and practitioner of the first line it blames
 * (bytes of ids), as the run's own state of the lake has them; one of many persons has none. run_dir:
 * LAKE/audits/RUN. Cost: reads the ids and two columns of all lines. Errors: SH_E_CORRUPT, SH_E_IO,
 * SH_E_FULL, SH_E_NOMEM.
 */
SH_MUST sh_code sh_desk_make(const char *lake_dir, const char *run_dir, struct sh_err *err);
