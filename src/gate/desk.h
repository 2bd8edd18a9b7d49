/* The desk's tables of a kept run, LAKE/audits/RUN/desk-….parquet: its findings with the department and the
 * practitioner of their claim, once for each order a desk lists them in, so that a page lies together. Two
 * columns more are keys that are never null: day_key (0001-01-01) and institution_key (''). Made once, when
 * findings are loaded; the run's own files stay as the audit wrote them. Inner header. */
#pragma once
#include "base/err.h"

/** The dearest first; all others rising. Within a key by id. */
enum sh_desk_order { SH_DESK_MONEY, SH_DESK_DAY, SH_DESK_RULE, SH_DESK_INSTITUTION, SH_DESKS };
/** Name of the file in the run's folder. That of SH_DESK_MONEY comes last: where it is, all are. */
const char *sh_desk_file(enum sh_desk_order desk);

/**
 * Make the tables beside LAKE/audits/RUN/findings.parquet; those that are there stand, and so does a lake
 * that may only be read. A finding gets the ordering department and practitioner of the first line it blames
 * (bytes of ids), as the run's own state of the lake has them; one of many persons has none. run_dir:
 * LAKE/audits/RUN. Cost: reads the ids and two columns of all lines,
 * sorts the findings four times. Errors: SH_E_CORRUPT, SH_E_IO,
 * SH_E_FULL, SH_E_NOMEM.
 */
SH_MUST sh_code sh_desk_make(const char *lake_dir, const char *run_dir, struct sh_err *err);
