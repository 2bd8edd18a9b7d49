/* Inner header: where rows of many persons meet. */
#pragma once
#include "audit/carry.h"

/* Where the findings of each gathering go: en->findings from `first` on; they and en->tl hold until the call
 * returns. */
struct sh_joined_take {
    sh_code (*findings)(void *ctx, struct sh_engine *en, size_t first, struct sh_err *err);
    void *ctx;
};
/** Judge all that was sent: runs, and what `own` holds in memory (may be NULL). en: an engine of its own. */
SH_MUST sh_code sh_joined_run(struct sh_engine *en, const struct sh_xruns *runs, struct sh_exchange *own,
                              struct sh_joined_take *out, struct sh_err *err);
/** Judge the values of a statistic, all keys together. */
SH_MUST sh_code sh_stat_judge(struct sh_engine *en, const struct sh_rule_plan *rp,
                              const struct sh_batch *batch, const struct sh_carried_row *rows,
                              struct sh_err *err);
/** A finding about group i of a batch that was put together. */
SH_MUST sh_code sh_joined_emit(struct sh_engine *en, const struct sh_rule_plan *rp,
                               const struct sh_batch *batch, uint32_t i, const struct sh_verdict *v,
                               const struct sh_carried_row *row, struct sh_err *err);
