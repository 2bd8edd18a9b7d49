/* Inner header: the second table of a rule over groups of two tables. Its rows are many (every line of the
 * lake against a month's stock) and no row of it is ever looked at again: a worker adds up what each group
 * comes to, straight from the rows, and sends one record a group, not one a group and chunk. */
#pragma once
#include "audit/carry.h"

struct sh_seconds;
SH_MUST sh_code sh_seconds_new(const struct sh_plan *plan, struct sh_seconds **ret, struct sh_err *err);
void sh_seconds_free(struct sh_seconds *s);
/** Before a chunk. */
void sh_seconds_begin(struct sh_seconds *s);
/** Bytes held. */
size_t sh_seconds_bytes(const struct sh_seconds *s);
/** Rows of the second table that are there and in force. */
SH_MUST sh_code sh_rows_b(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *ret,
                          struct sh_err *err);
/** Batch of rows of the second table: nothing else is known of them. */
SH_MUST sh_code sh_batch_b(struct sh_engine *en, const struct sh_rule_plan *rp, const int32_t *rows,
                           uint32_t n, struct sh_batch *ret, struct sh_err *err);
/** Keys of the rule over a batch of the second table, those behind `from`: ret [n_keys][from + n]. Rows with
 * a missing part get a field in fields [n], all of which are there. */
SH_MUST sh_code sh_keys_b(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                          uint32_t from, int64_t *const *ret, struct sh_str *fields, struct sh_err *err);
/** Add the rows of the chunk; *ret_done false: the rule is not of this kind. */
SH_MUST sh_code sh_second_rule(struct sh_engine *en, const struct sh_rule_plan *rp, bool *ret_done,
                               struct sh_err *err);
/** Send all groups, and forget them. */
SH_MUST sh_code sh_seconds_send(struct sh_seconds *s, struct sh_exchange *to, struct sh_err *err);
