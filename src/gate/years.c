#include "gate/years.h"
#include "base/decimal.h"
#include "gate/entry.h"

enum { YEARS_MAX = 200, DAYS_MAX = 4096, YEAR_NONE = 0 };

static int32_t year_of(struct sh_str text) {
    int64_t year = YEAR_NONE;
    return sh_decimal_parse(text, 0, &year, NULL) == SH_OK && year > 0 && year < 10000 ? (int32_t)year
                                                                                       : YEAR_NONE;
}

/* ---- all of them ------------------------------------------------------------------------------------- */

struct years {
    struct sh_arena *arena;
    struct sh_calendar_paper *papers; /* [YEARS_MAX] */
    struct sh_calendar_entry *days;   /* [DAYS_MAX] */
    size_t n_papers, n_days;
};

/* Each place that enters a year has a paper of its own; all are of the nation. */
static sh_code id_of(struct years *years, const struct sh_register *reg, const struct sh_str *values,
                     int32_t year, struct sh_str *ret, struct sh_err *err) {
    size_t len = 0;
    const char *id = sh_arena_printf(years->arena, &len, SH_YEARS_REGISTER "/%.*s/%d",
                                     SH_ARG(sh_entry_value(reg, values, "place")), year);
    *ret = (struct sh_str){id, len};
    return id ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the years on record");
}

static sh_code take_year(void *ctx, const struct sh_register *reg, const struct sh_str *values,
                         struct sh_err *err) {
    struct years *years = ctx;
    struct sh_calendar_paper *paper = &years->papers[years->n_papers];
    const int32_t year = year_of(sh_entry_value(reg, values, "year"));
    if (year == YEAR_NONE)
        return SH_OK;
    if (years->n_papers == YEARS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d years on record", YEARS_MAX);
    *paper = (struct sh_calendar_paper){.place = SH_STR("000000"),
                                        .title = sh_entry_value(reg, values, "paper"),
                                        .address = SH_STR(""),
                                        .year = year,
                                        .issued = sh_entry_day(reg, values, "issued_on", INT32_MIN)};
    SH_TRY(id_of(years, reg, values, year, &paper->id, err));
    years->n_papers++;
    return SH_OK;
}

static bool has_paper(const struct years *years, struct sh_str id) {
    for (size_t i = 0; i < years->n_papers; i++)
        if (sh_str_eq(years->papers[i].id, id))
            return true;
    return false;
}

static sh_code take_day(void *ctx, const struct sh_register *reg, const struct sh_str *values,
                        struct sh_err *err) {
    struct years *years = ctx;
    struct sh_calendar_entry *entry = &years->days[years->n_days];
    const int32_t day = sh_entry_day(reg, values, "day", INT32_MIN),
                  year = year_of(sh_entry_value(reg, values, "year"));
    struct sh_str paper;
    SH_TRY(id_of(years, reg, values, year, &paper, err));
    if (day == INT32_MIN || !has_paper(years, paper) || !sh_calendar_fits(day, year))
        return SH_OK; /* its year is not entered, or no more */
    if (years->n_days == DAYS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d days on record", DAYS_MAX);
    *entry = (struct sh_calendar_entry){.paper = paper,
                                        .name = sh_entry_value(reg, values, "note"),
                                        .first = day,
                                        .last = day,
                                        .is_worked = sh_str_is(sh_entry_value(reg, values, "kind"), "work")};
    years->n_days++;
    return SH_OK;
}

static bool has_days(const struct years *years, struct sh_str paper) {
    for (size_t i = 0; i < years->n_days; i++)
        if (sh_str_eq(years->days[i].paper, paper))
            return true;
    return false;
}

sh_code sh_years_read(struct sh_txn *txn, const struct sh_registers *registers, struct sh_arena *arena,
                      struct sh_calendars *ret, struct sh_err *err) {
    const struct sh_register *papers = sh_register_find(registers, SH_STR(SH_YEARS_REGISTER)),
                             *days = sh_register_find(registers, SH_STR(SH_YEAR_DAYS_REGISTER));
    struct years years = {.arena = arena,
                          .papers = sh_new(arena, struct sh_calendar_paper, YEARS_MAX + 1),
                          .days = sh_new(arena, struct sh_calendar_entry, DAYS_MAX + 1)};
    *ret = (struct sh_calendars){0};
    if (!papers || !days)
        return SH_OK;
    if (!years.papers || !years.days)
        return sh_fail(err, SH_E_NOMEM, "no room for the years on record");
    SH_TRY(sh_entry_each(txn, papers, arena, take_year, &years, err));
    SH_TRY(sh_entry_each(txn, days, arena, take_day, &years, err));
    size_t n = 0;
    for (size_t i = 0; i < years.n_papers; i++)
        if (has_days(&years, years.papers[i].id))
            years.papers[n++] = years.papers[i];
    *ret = (struct sh_calendars){
        .papers = years.papers, .n_papers = n, .days = years.days, .n_days = years.n_days};
    return SH_OK;
}

bool sh_years_same(const struct sh_calendars *a, const struct sh_calendars *b) {
    bool same = a->n_papers == b->n_papers && a->n_days == b->n_days;
    for (size_t i = 0; same && i < a->n_papers; i++)
        same = a->papers[i].year == b->papers[i].year && a->papers[i].issued == b->papers[i].issued &&
               sh_str_eq(a->papers[i].title, b->papers[i].title);
    for (size_t i = 0; same && i < a->n_days; i++)
        same = a->days[i].first == b->days[i].first && a->days[i].is_worked == b->days[i].is_worked &&
               sh_str_eq(a->days[i].paper, b->days[i].paper) && sh_str_eq(a->days[i].name, b->days[i].name);
    return same;
}

/* ---- one day ----------------------------------------------------------------------------------------- */

void sh_years_check(struct sh_request *rq, const struct sh_entry_values *entry, size_t row,
                    struct sh_faults *faults) {
    if (!sh_str_is(entry->reg->id, SH_YEAR_DAYS_REGISTER) || entry->is_withdrawn)
        return;
    const struct sh_str year = sh_entry_value(entry->reg, entry->values, "year");
    const int32_t day = sh_entry_day(entry->reg, entry->values, "day", INT32_MIN);
    if (day != INT32_MIN && year_of(year) != YEAR_NONE && !sh_calendar_fits(day, year_of(year)))
        sh_faults_add(rq, faults, SH_STR("day"), row, SH_SAY(rq, DAY_OF_YEAR), SH_ARG(year));
}
