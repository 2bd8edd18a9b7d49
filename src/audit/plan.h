/* Inner header: the parts of making a plan. */
#pragma once
#include "audit/inner.h"

/** Is it no draft, and of a stage that is asked (0: of any)? */
bool sh_rule_runs(const struct sh_rule *rule, unsigned stage);
/** Numbers of the columns the engine reads itself. */
void sh_columns_find(const struct sh_rule_model *m, struct sh_columns *at);
void sh_columns_need_own(struct sh_plan *plan);
void sh_columns_need_derived(struct sh_plan *plan, int table, int column);
void sh_columns_need_table(struct sh_plan *plan, int table);
/** Frame tables of the dictionaries and the knowledge: the same for every chunk. */
SH_MUST sh_code sh_fixed_tables_fill(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err);
/** Columns of dimensions, once it is known which ones the rules read. */
SH_MUST sh_code sh_dimensions_fill(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err);
/** The fused lists of what concerns each item; rules get the numbers of their collectors. */
SH_MUST sh_code sh_apps_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err);
/** Rows of knowledge by code, for rules whose lines join them by one that is no item. */
SH_MUST sh_code sh_joins_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err);
