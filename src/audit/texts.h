/* Inner header: the texts a run was made with, kept in one file so that its receipts can be replayed when
 * rules have moved on. */
#pragma once
#include "audit/audit.h"

#define SH_RUN_TEXT "text.zip" /* of LAKE/audits/RUN: rules/, knowledge/, params/ */
#define SH_TEXTS_BYTES_MAX ((size_t)1 << 30)

/**
 * Write the rules, views, layers of the place, knowledge and parameters that `options` name to
 * run_dir/text.zip, fsynced. The same texts give the same bytes. Errors: SH_E_IO, SH_E_FULL, SH_E_LIMIT a
 * text over SH_TEXT_FILE_BYTES_MAX, SH_E_NOMEM.
 */
SH_MUST sh_code sh_texts_keep(const struct sh_audit_options *options, const char *run_dir,
                              struct sh_err *err);
/**
 * Lay the texts of a run out below `to`, which must be there. Hostile archives write nothing outside of it.
 * Errors: SH_E_NOTFOUND the run has none; SH_E_CORRUPT; SH_E_LIMIT; SH_E_IO, SH_E_FULL.
 */
SH_MUST sh_code sh_texts_unpack(const char *run_dir, const char *to, struct sh_err *err);
