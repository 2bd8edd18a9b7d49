/* Inner header: keys that a single row of the lake has. A group that only meets itself need not travel: where
 * its own row cannot hit it is clear at once. Before the audit the rows of such rules are counted by a hash
 * of the columns behind their keys; only rows that may share their keys with another are sent. */
#pragma once
#include "audit/inner.h"
#include "base/pool.h"

struct sh_census;
/* What is counted: rows of the lake as known on a day, in all buckets that will be audited; rows elsewhere
 * must not exist. */
struct sh_census_of {
    struct sh_lake *lake;
    int32_t known;
    struct sh_bucket_range buckets;
    size_t threads;                  /* 0: as many as processors */
    struct sh_pool_control *control; /* may be NULL */
};
/** Count. *ret NULL: no rule of the plan is of this kind. Free with sh_census_free. Errors: those of reading;
 * SH_E_NOMEM; SH_E_CANCELLED. */
SH_MUST sh_code sh_census_take(const struct sh_plan *plan, const struct sh_census_of *of,
                               struct sh_census **ret, struct sh_err *err);
void sh_census_free(struct sh_census *c);
/** Members that are alone in the lake and clear: counted, and out of io, whose arrays then lie in work. */
SH_MUST sh_code sh_census_set_aside(struct sh_engine *en, const struct sh_rule_plan *rp,
                                    struct sh_members *io, struct sh_err *err);
