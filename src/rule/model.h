/* Inner header of the room: building the model of names. */
#pragma once
#include "rule/rule.h"

/**
 * The fixed tables of the model, with room for n_more tables behind them (knowledge.c and view.c add those).
 * Errors: SH_E_NOMEM.
 */
SH_MUST sh_code sh_rule_model_build(size_t n_more, struct sh_arena *arena, struct sh_rule_model **ret,
                                    struct sh_err *err);
/** Number of a code domain or of a level domain by name; -1 if there is none. */
int16_t sh_model_domain(const struct sh_rule_model *m, struct sh_str name);
int16_t sh_model_level_domain(struct sh_str name);
