/* Inner header: rules that are judged together. */
#pragma once
#include "audit/inner.h"

/** Join the plan's rules of the same rows, the first of them leading, and number what their conditions share.
 */
SH_MUST sh_code sh_alike_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err);
