/* The shipped calendars, for tests of this room. */
#pragma once
#include "base/date.h"
#include "check.h"
#include "law/law.h"

/** The calendar of a place as known on a day (INT32_MAX: all). */
static inline const struct sh_calendar *shipped_calendar(const char *place, int32_t known,
                                                         struct sh_arena *arena) {
    char path[1024];
    struct sh_err err;
    struct sh_calendars *all = NULL;
    const struct sh_calendar *calendar = NULL;
    CHECK_OK(sh_calendars_load(check_source_path("law/calendars", path, sizeof path), arena, &all, &err),
             &err);
    CHECK_OK(sh_calendar_open(all, sh_str_of(place), known, arena, &calendar, &err), &err);
    return calendar;
}
/** "2026-09-25" to days. */
static inline int32_t day_of(const char *text) {
    int32_t day = 0;
    struct sh_err err;
    CHECK_OK(sh_date_parse(sh_str_of(text), &day, &err), &err);
    return day;
}
/** Two days, compared as text. */
static inline void check_day(int32_t is, const char *want) {
    char text[SH_DATE_TEXT_MAX];
    sh_date_format(is, text);
    CHECK_TEXT(text, want);
}
