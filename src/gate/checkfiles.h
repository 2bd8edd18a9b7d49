/* Files of self-checks, sealed in the store: what an institution sent by one key, what came of it by another.
 * Each key goes with its purpose: the one when the check is over, both on the day the check expires. Inner
 * header. */
#pragma once
#include "gate/inner.h"

/** In the transaction that makes a check: its two keys. labels: the body it belongs to. */
SH_MUST sh_code sh_check_open(struct sh_txn *txn, struct sh_str id, const struct sh_labels *labels,
                              struct sh_err *err);
/** Keep a file, over one of that name. Errors: SH_E_NOTFOUND no such check; SH_E_LIMIT SH_BLOB_BYTES_MAX. */
SH_MUST sh_code sh_check_put(struct sh_txn *txn, struct sh_str id, struct sh_str name, bool is_result,
                             struct sh_str content, struct sh_err *err);
/** A file, opened. Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_check_get(struct sh_txn *txn, struct sh_str id, struct sh_str name, struct sh_arena *arena,
                             struct sh_str *ret, struct sh_err *err);
/** Names, bytes and whether it is a result, by name. */
enum { SH_CHECK_NAME, SH_CHECK_BYTES, SH_CHECK_IS_RESULT };
SH_MUST sh_code sh_check_files(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena,
                               struct sh_rows *ret, struct sh_err *err);

/** For the child that checks: what was sent lies open in `dir`, which is made, until sh_check_over. On
 * failure nothing does. */
SH_MUST sh_code sh_check_lay(struct sh_gate *gate, struct sh_str id, const char *dir, struct sh_err *err);
/** The child is over: workbook and report are kept, what was sent is erased, the folder goes in any case. */
SH_MUST sh_code sh_check_over(struct sh_gate *gate, struct sh_str id, const char *dir, struct sh_str report,
                              struct sh_err *err);
/** Erase the files of a check whose job is gone. Errors: SH_E_IO. */
SH_MUST sh_code sh_check_erase(struct sh_gate *gate, const struct sh_act *act, struct sh_str id,
                               struct sh_err *err);
/**
 * The first day on which a check is no longer kept, counted where the office is; SH_DAY_OPEN: its place has
 * set no days (selfcheck.keep).
 */
int32_t sh_check_ends_on(const struct sh_gate *gate, struct sh_str place, int64_t created_at);
/** End every check that has been kept for its days, and erase what is left of
 * those that are gone. */
SH_MUST sh_code sh_check_expire(struct sh_gate *gate, struct sh_err *err);
