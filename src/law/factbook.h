/* Inner header: the model behind a factbook, and books of a register. */
#pragma once
#include "expr/expr.h"
#include "law/facts.h"

/* A word that stands for an expression; the words before it are in its text no more. */
struct sh_law_name {
    struct sh_str id, text;
    const struct sh_yaml *node;
    bool is_shared, is_used; /* of law/fields; by a word behind it */
};
struct sh_law_names {
    struct sh_law_name *of; /* [n] */
    size_t n;
};

struct sh_factbook_model {
    struct sh_model model;
    struct sh_variable variables[8];
    uint16_t n_variables, n_outer; /* n_outer: without the item, which is the last */
    struct sh_law_names names;
};

enum sh_law_words { SH_LAW_EXPRESSION, SH_LAW_SENTENCE };
/** A text with its names put out, in `arena`; of a sentence, what stands in braces. names may be NULL. used
 * [names->n] gets 1 where one was, or NULL. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_law_expand(const struct sh_law_names *names, struct sh_str text, enum sh_law_words words,
                              uint8_t *used, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);
/** names of a procedure and of the fields it shares. Errors: SH_E_INPUT a word that means something already,
 * or is none. In names.c. */
SH_MUST sh_code sh_law_names(const struct sh_yaml *root, const struct sh_machine *machine,
                             const struct sh_model *model, struct sh_arena *arena, struct sh_law_names *ret,
                             struct sh_err *err);

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
