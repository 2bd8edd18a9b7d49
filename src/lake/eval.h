/*
 * The expressions of a mapping, evaluated by DuckDB once for each distinct input and remembered: code lists
 * have few distinct values, so that nearly all rows are answered by a look-up. One evaluator a worker. Inner
 * header of the room.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "lake/mapping.h"

struct sh_eval;

/** Opens no DuckDB before the first new input is met. The mapping must outlive the evaluator. Errors:
 * SH_E_NOMEM. */
SH_MUST sh_code sh_eval_open(const struct sh_mapping *mapping, struct sh_eval **ret, struct sh_err *err);
/** Prepare all expressions. Errors: SH_E_INPUT "path:line: output 'x': …" for one that DuckDB does not
 * accept. */
SH_MUST sh_code sh_eval_check(struct sh_eval *eval, struct sh_err *err);
/** NULL is allowed. */
void sh_eval_close(struct sh_eval *eval);

/**
 * Answer group `group` of source `source` for n rows.
 * inputs     [n_columns of the group], each [n] texts; empty texts are NULL to the expressions.
 * ret_entry  [n] number of the answer, for sh_eval_answer.
 * Answers hold until the next call for the same group. Errors: SH_E_IO, SH_E_NOMEM from DuckDB; SH_E_INPUT an
 * expression that does not give one value a row.
 */
SH_MUST sh_code sh_eval_rows(struct sh_eval *eval, size_t source, size_t group,
                             const struct sh_str *const *inputs, size_t n, uint32_t *ret_entry,
                             struct sh_err *err);
/** Result `k` of an entry; empty for NULL. ret_failed: the expression raised an error on this input. */
struct sh_str sh_eval_answer(const struct sh_eval *eval, size_t source, size_t group, uint32_t entry,
                             size_t k, bool *ret_failed);
