/* Inner header: the model behind a factbook, and books of a register. */
#pragma once
#include "expr/expr.h"
#include "law/facts.h"

struct sh_factbook_model {
    struct sh_model model;
    struct sh_variable variables[8];
    uint16_t n_variables, n_outer; /* n_outer: without the item, which is the last */
};

enum sh_fact_register_table {
    SH_FACT_RECORD,  /* row 0: the record as it would stand */
    SH_FACT_VERSION, /* other versions of it that were not withdrawn */
    SH_FACT_REGISTER_TABLES
};

/** Names of a register's checks, see docs/registers.md. */
SH_MUST sh_code sh_factbook_model_of_register(struct sh_register *reg, struct sh_arena *arena,
                                              struct sh_err *err);
/** A book of one record and its versions, no rows yet. */
SH_MUST sh_code sh_factbook_of_register(const struct sh_register *reg, struct sh_arena *arena,
                                        struct sh_factbook **ret, struct sh_err *err);
/** A condition over the names of a register, typed and bound. Errors name its place in the file. */
SH_MUST sh_code sh_factbook_compile(const struct sh_register *reg, const struct sh_yaml *condition,
                                    struct sh_arena *arena, struct sh_expr **ret, struct sh_err *err);
SH_MUST sh_code sh_factbook_ask_bound(struct sh_factbook *facts, const struct sh_expr *e,
                                      enum sh_guard_answer *ret, struct sh_err *err);
