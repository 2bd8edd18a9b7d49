/* Years of the working calendar that an office enters on record: the registers calendar_years and
 * calendar_days, changed by two persons, laid over law/calendars while the server runs. Inner header. */
#pragma once
#include "law/law.h"
#include "store/store.h"

#define SH_YEARS_REGISTER "calendar_years"
#define SH_YEAR_DAYS_REGISTER "calendar_days"

struct sh_request;
struct sh_entry_values;
struct sh_faults;
/**
 * The years on record with their days, as papers of the nation; in `arena`. A year of which no day is entered
 * yet is left out: it would pass for one of plain weeks. Errors: those of the store; SH_E_LIMIT, SH_E_NOMEM.
 */
SH_MUST sh_code sh_years_read(struct sh_txn *txn, const struct sh_registers *registers,
                              struct sh_arena *arena, struct sh_calendars *ret, struct sh_err *err);
bool sh_years_same(const struct sh_calendars *a, const struct sh_calendars *b);
/** A proposed day lies in its year or the last week before; else a fault. Of another register: nothing. */
void sh_years_check(struct sh_request *rq, const struct sh_entry_values *entry, size_t row,
                    struct sh_faults *faults);
