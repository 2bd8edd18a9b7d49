/*
 * Facts of one matter, as the conditions of its procedure see them. What names exist is fixed by the
 * procedure; the room `matter` fills the rows; conditions are typed by the expression language. Part of the
 * public header law/law.h.
 *
 * Names: the fields of the matter, and subject, state, day, opened, actor (who takes the step), body, place,
 * period, bare; `at.STEP.x` the fields as they stood after that step; `done.STEP`; `on.STEP` its day;
 * `served.PAPER` the day all of them were served; `clock.C.passed`, `.open`, `.due`, `.started`; `gate.G`;
 * and rows for any, every, count, sum …: item, sub (kind, final), gathered (final), party (name), paper
 * (kind, served), and the procedure's `reads`.
 */
#pragma once
#include "law/procedure.h"

enum sh_fact_table {
    SH_FACT_MATTER, /* row 0: now; row 1 + i: after step i of the procedure, when it was taken last */
    SH_FACT_AT,
    SH_FACT_DONE,
    SH_FACT_ON,
    SH_FACT_SERVED,
    SH_FACT_CLOCKS,
    SH_FACT_CLOCK,
    SH_FACT_GATE,
    SH_FACT_ITEM,
    SH_FACT_SUB,
    SH_FACT_GATHERED,
    SH_FACT_PARTY,
    SH_FACT_PAPER,
    SH_FACT_READS /* and on: one a `reads` */
};
enum sh_guard_answer { SH_NO, SH_YES, SH_UNKNOWN };

struct sh_factbook;
/** Names of a procedure; for the loader. */
SH_MUST sh_code sh_factbook_model_make(struct sh_procedure *procedure, const struct sh_yaml *root,
                                       struct sh_arena *arena, struct sh_err *err);
/** Do the conditions and sentences of a procedure type? For the loader. Errors name the place in the file. */
SH_MUST sh_code sh_factbook_check(const struct sh_procedure *procedure, const struct sh_params *params,
                                  struct sh_arena *arena, struct sh_err *err);

/** No rows yet. params, place and dates decide what param(…) is. All borrowed. */
SH_MUST sh_code sh_factbook_new(const struct sh_procedure *procedure, const struct sh_params *params,
                                struct sh_str place, struct sh_param_dates dates, struct sh_arena *arena,
                                struct sh_factbook **ret, struct sh_err *err);
/** Room for n rows of a table, all values missing (flags too). */
SH_MUST sh_code sh_factbook_rows(struct sh_factbook *facts, unsigned table, size_t n, struct sh_err *err);
/** A value in its canonical text; "" missing. Columns that do not exist are ignored. */
SH_MUST sh_code sh_factbook_put(struct sh_factbook *facts, unsigned table, size_t row, struct sh_str column,
                                struct sh_str text, struct sh_err *err);
/** Only the first n of the rows made are there. */
void sh_factbook_keep(struct sh_factbook *facts, unsigned table, size_t n);
/** A flag, a day, a number, a row number of a join. */
void sh_factbook_set(struct sh_factbook *facts, unsigned table, size_t row, struct sh_str column,
                     int64_t value);

/** A condition; item: row of the item it is asked of, -1 of the matter. ret_missing: why it is unknown. */
SH_MUST sh_code sh_factbook_ask(struct sh_factbook *facts, const struct sh_yaml *condition, int32_t item,
                                enum sh_guard_answer *ret, struct sh_str *ret_missing, struct sh_err *err);
/** The same of many items at once. rows [n], ret [n]. */
SH_MUST sh_code sh_factbook_ask_items(struct sh_factbook *facts, const struct sh_yaml *condition,
                                      const int32_t *rows, size_t n, enum sh_guard_answer *ret,
                                      struct sh_err *err);
/** Numbers of many items at once, as whole numbers of their unit's smallest part; INT64_MIN: unknown. */
SH_MUST sh_code sh_factbook_numbers(struct sh_factbook *facts, const struct sh_yaml *number,
                                    const int32_t *rows, size_t n, int64_t *ret, struct sh_err *err);
/** Money in fen; *ret_known false: unknown. */
SH_MUST sh_code sh_factbook_fen(struct sh_factbook *facts, const struct sh_yaml *amount, int32_t item,
                                int64_t *ret, bool *ret_known, struct sh_str *ret_missing,
                                struct sh_err *err);
/** A number as the canonical text of a field (whole, money, else two digits), rounded once, half away from
 * zero; empty: unknown. */
SH_MUST sh_code sh_factbook_value(struct sh_factbook *facts, const struct sh_yaml *number,
                                  const struct sh_field *field, struct sh_str *ret,
                                  struct sh_str *ret_missing, struct sh_err *err);
/** A sentence with its {expressions}. */
SH_MUST sh_code sh_factbook_say(struct sh_factbook *facts, const struct sh_yaml *at, struct sh_str text,
                                int32_t item, struct sh_str *ret, struct sh_err *err);
