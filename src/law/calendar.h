/*
 * Working days of a place: the plain week, changed by the yearly papers of the State Council (and of the
 * place, where it has holidays of its own). Three tables in law/calendars: papers.csv (paper, place, year,
 * title, issued, address), days.csv (paper, first, last, kind rest or work, name) and places.csv (place,
 * name, entered_by). Part of the public header law/law.h.
 *
 * A year is known when its paper is entered, not when some row of it exists; 25–31 December are provisional
 * until the next year's paper is in: 29 December 2018 was made a working day by the paper for 2019 (T14).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/msg.h"
#include "base/str.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A paper that arranges a year. Several of one year: a later one changes single days (2019-03-22,
 * 2020-01-27). */
struct sh_calendar_paper {
    struct sh_str id, place, title, address;
    int32_t year;
    int32_t issued; /* day from which it is known; INT32_MIN: not recorded, known always */
};
/* Days that differ from the plain week, or a holiday with its weekend: first to last, both included. */
struct sh_calendar_entry {
    struct sh_str paper, name;
    int32_t first, last;
    bool is_worked;
};
/* Who must enter the papers of a place. */
struct sh_calendar_place {
    struct sh_str place, name, entered_by, entered_by_en;
};
struct sh_calendars;
/* Years entered on record while the program runs, over those of the folder; NULL: none. */
struct sh_calendar_layer {
    _Atomic(const struct sh_calendars *) set;
};
/* The texts of all places. Callers may build one of the rows of registers (calendar_years, calendar_days). */
struct sh_calendars {
    const struct sh_calendar_paper *papers;
    const struct sh_calendar_entry *days;
    const struct sh_calendar_place *places;
    size_t n_papers, n_days, n_places;
    struct sh_calendar_layer *layer; /* NULL: nothing can be laid over them */
};
/** Load the three tables of a folder. Errors: SH_E_INPUT with file, line, column; SH_E_NOTFOUND, … */
SH_MUST sh_code sh_calendars_load(const char *dir, struct sh_arena *arena, struct sh_calendars **ret,
                                  struct sh_err *err);

/**
 * Lay papers and days over those of the folder, instead of those laid before (NULL: nothing): what an office
 * has entered while the server runs. Each entry must fit its paper (sh_calendar_fits). Readers in other
 * threads see the one or the other. `set` and what was laid before live as long as `calendars`.
 */
void sh_calendars_lay(const struct sh_calendars *calendars, const struct sh_calendars *set);
/** All papers, days and places: those of the folder and what is laid over them. Strings stay theirs. */
SH_MUST sh_code sh_calendars_all(const struct sh_calendars *calendars, struct sh_arena *arena,
                                 struct sh_calendars *ret, struct sh_err *err);
/** May the paper of a year say something of the day? Of its own days and of the last week before (T14). */
bool sh_calendar_fits(int32_t day, int32_t year);

/* The calendar of one place as known on one day. Const, shared by threads. */
struct sh_calendar;
/**
 * place  six digits; papers of the place and of the wider ones that hold it are laid over each other, the
 *        narrowest and then the latest last. A place with papers of its own needs one for each year since its
 * first. known  day whose knowledge counts (T15: what was computed then); INT32_MAX: all there is. Errors:
 * SH_E_INPUT a day stands twice in one paper; SH_E_NOMEM.
 */
SH_MUST sh_code sh_calendar_open(const struct sh_calendars *calendars, struct sh_str place, int32_t known,
                                 struct sh_arena *arena, const struct sh_calendar **ret, struct sh_err *err);

enum sh_day_kind { SH_DAY_WORKED, SH_DAY_REST, SH_DAY_UNKNOWN };
struct sh_day {
    enum sh_day_kind kind;
    bool is_moved;        /* differs from the plain week: a holiday on a weekday, a make-up working weekend */
    struct sh_str name;   /* of the holiday or what it is made up for; empty on plain days */
    int32_t unknown_year; /* UNKNOWN: the year whose paper is missing */
};
/** One day. Any int32. O(1). */
struct sh_day sh_calendar_day(const struct sh_calendar *calendar, int32_t day);
/** Is the paper of the year entered? */
bool sh_calendar_knows(const struct sh_calendar *calendar, int32_t year);
/**
 * The years that a place should have entered by `today` and has not: holes between its first year and this
 * one, and from 1 October the next (T14). ret [max]; gives their number.
 */
size_t sh_calendar_missing(const struct sh_calendar *calendar, int32_t today, int32_t *ret, size_t max);
/** Who must enter the missing papers, in words; empty when places.csv does not say. */
struct sh_str sh_calendar_entered_by(const struct sh_calendar *calendar, sh_lang lang);
/** "国家" or the name of the place, for messages. */
struct sh_str sh_calendar_name(const struct sh_calendar *calendar);
