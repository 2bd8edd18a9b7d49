/* Inner header: rows alone in their group. */
#pragma once
#include "audit/inner.h"

/** Groups of lines by person and plain columns, of which those of one row cannot hit. */
bool sh_singles_serve(const struct sh_plan *plan, const struct sh_rule_plan *rp);
/** Two rules that serve: are their singles the same lines? */
bool sh_singles_alike(const struct sh_rule *a, const struct sh_rule *b);
/** Count the singles among `all` (no marks) as clear; ret: the others, of the chunk. Rules alike share one
 * look. */
SH_MUST sh_code sh_singles_set_aside(struct sh_engine *en, const struct sh_rule_plan *rp,
                                     const struct sh_members *all, struct sh_members *ret,
                                     struct sh_err *err);
