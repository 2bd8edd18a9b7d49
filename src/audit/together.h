/* Inner header: the end of a run for rules whose rows are of many persons. */
#pragma once
#include "audit/joined.h"
#include "audit/run.h"

/* Bucket of findings that come from no single bucket. */
#define SH_BUCKET_MANY UINT32_MAX

/** Has the plan a rule of reach MERGED or EXCHANGED? */
bool sh_plan_crosses(const struct sh_plan *plan);
/** Judge what all workers sent; findings go to `path` as further runs, answers to `sum`. */
SH_MUST sh_code sh_together(const struct sh_plan *plan, const struct sh_xruns *rows, const char *path,
                            struct sh_spool_runs *runs, struct sh_answers *sum, struct sh_err *err);
