/* Inner header: where lies what could not be judged. A batch of claims is one institution's and month's
 * (S4§17): what another's rows lack neither holds it up nor excuses it. */
#pragma once
#include "audit/audit.h"
#include "audit/carry.h"
#include "audit/inner.h"

#define SH_RUN_LACKING "lacking.csv" /* of LAKE/audits/RUN */

/** Count rows of a place. institution: id; month: year * 12 + month - 1; -1: not known, so it may be any. */
SH_MUST sh_code sh_places_add(struct sh_places *places, int32_t institution, int32_t month, uint64_t rows,
                              struct sh_err *err);
/** Add those of `from`. */
SH_MUST sh_code sh_places_join(struct sh_places *into, const struct sh_places *from, struct sh_err *err);
void sh_places_release(struct sh_places *places);

/** Count a row of an institution (-1 unknown) and day (SH_MISSING_I32 unknown). */
SH_MUST sh_code sh_places_day(struct sh_places *places, int32_t institution, int32_t day, struct sh_err *err);

/** Note where rows [n] of a table lie; one of a view that is of several rows: where the lines behind it lie.
 */
SH_MUST sh_code sh_places_note(struct sh_engine *en, struct sh_places *places, int table, const int32_t *rows,
                               size_t n, struct sh_err *err);
/** The rows of a table that a rule did not judge for want of a field: noted where they lie. */
SH_MUST sh_code sh_lacking_rows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field,
                                int table, const int32_t *rows, size_t n, struct sh_err *err);
/** The same of rows noted before, for a rule that shares them with others. */
SH_MUST sh_code sh_lacking_places(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field,
                                  const struct sh_places *places, struct sh_err *err);
/** The same of a group put together of parts: the months it reaches over; its institution, where all its
 * rows are of one by the keys of the rule. */
SH_MUST sh_code sh_lacking_group(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field,
                                 const struct sh_xhead *head, struct sh_err *err);

/**
 * Write lacking.csv of a run: a line a rule, field, institution and month. answers   sorted
 * (sh_answers_sort). Errors: SH_E_IO, SH_E_FULL, SH_E_NOMEM, SH_E_CORRUPT.
 */
SH_MUST sh_code sh_lacking_write(const char *dir, const struct sh_run_summary *run, struct sh_lake *lake,
                                 struct sh_err *err);
/** Put the places of a slice, by its lacking.csv, to those of `io`, whose rules are the slice's. */
SH_MUST sh_code sh_lacking_merge(const char *dir, const struct sh_run_summary *slice, struct sh_lake *lake,
                                 struct sh_answers *io, struct sh_err *err);
