/* Inner header: rows alone in their group. */
#pragma once
#include "audit/inner.h"

/** Groups of lines by person and plain columns, of which those of one row cannot hit. */
bool sh_singles_serve(const struct sh_plan *plan, const struct sh_rule_plan *rp);
/** Count the singles among `all` (no marks) as clear, for the rule and those it leads; ret: the others, in
 * work. */
SH_MUST sh_code sh_singles_set_aside(struct sh_engine *en, const struct sh_rule_plan *rp,
                                     const struct sh_members *all, struct sh_members *ret,
                                     struct sh_err *err);
