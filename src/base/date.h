/* Dates are int32 days since 1970-01-01, times int64 seconds of the wall clock since 1970-01-01 00:00.
 * Proleptic Gregorian; no time zone, no leap second: China has used one zone without summer time since 1992.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define SH_DAY_SECONDS 86400
/** Days of 1850-01-01 and 2200-12-31: what the parsers accept. */
#define SH_DATE_MIN ((int32_t)-43829)
#define SH_DATE_MAX ((int32_t)84370)

/** A civil date. */
struct sh_civil {
    int year;
    int month; /* 1 … 12 */
    int day;   /* 1 … 31 */
};

/** Civil date to days. Any month and day within their ranges; years -5,000,000 … 5,000,000. */
int32_t sh_days_of(int year, int month, int day);
/** Days to civil date; for any int32. */
struct sh_civil sh_civil_of(int32_t days);
bool sh_is_leap(int year);
/** 28 … 31. month 1 … 12. */
int sh_month_days(int year, int month);

/** Why a text is no date or time. Zero is success. */
typedef enum sh_date_fault {
    SH_DATE_OK = 0,
    SH_DATE_EMPTY,      /* nothing but spaces */
    SH_DATE_SYNTAX,     /* none of the accepted forms */
    SH_DATE_IMPOSSIBLE, /* 2023-02-30, month 13, hour 25 */
    SH_DATE_RANGE,      /* year outside SH_YEAR_MIN … SH_YEAR_MAX */
} sh_date_fault;

/**
 * Read a date: YYYY-MM-DD, YYYYMMDD, YYYY/M/D, YYYY-M-D, YYYY.M.D, YYYY年M月D日; spaces around it are
 * skipped. A time behind the date (any form of sh_time_scan) is accepted only if it is midnight. ret_days
 * days since 1970-01-01; written on success only. Cost: no allocation, no locale; about 5 ns. Thread-safe.
 */
SH_MUST sh_date_fault sh_date_scan(const char *at, size_t len, int32_t *ret_days);
/**
 * Read a time: a date as above, alone (midnight) or followed by ' ' or 'T' and HH:MM[:SS[.f…]], or
 * YYYYMMDDHHMMSS, YYYYMMDDHHMM, or "YYYYMMDD HHMMSS". Hours 0 … 23, seconds 0 … 59; fractions of a second are
 * checked and dropped; a zone is refused. ret_seconds  seconds of the wall clock since 1970-01-01 00:00:00;
 * written on success only.
 */
SH_MUST sh_date_fault sh_time_scan(const char *at, size_t len, int64_t *ret_seconds);
const char *sh_date_fault_text(sh_date_fault fault);
/** The same with a message that quotes the text. Errors: SH_E_INPUT. */
SH_MUST sh_code sh_date_parse(struct sh_str s, int32_t *ret_days, struct sh_err *err);
SH_MUST sh_code sh_time_parse(struct sh_str s, int64_t *ret_seconds, struct sh_err *err);

enum { SH_DATE_TEXT_MAX = 16, SH_TIME_TEXT_MAX = 32 };
/** "2024-02-29". Years 0 … 9999; NUL-terminated; gives the length. Other years: "?". */
size_t sh_date_format(int32_t days, char out[SH_DATE_TEXT_MAX]);
/** "2024-02-29 08:30:00". */
size_t sh_time_format(int64_t seconds, char out[SH_TIME_TEXT_MAX]);
/** "2024-02-29T08:30:00" + zone, e.g. "Z" or "+08:00" (at most 6 bytes). */
size_t sh_time_format_iso(int64_t seconds, const char *zone, char out[SH_TIME_TEXT_MAX]);

/** Floor division: the day of a time, also before 1970. Outside int32 the result is clamped. */
static inline int32_t sh_day_of_time(int64_t seconds) {
    const int64_t day = seconds / SH_DAY_SECONDS - (seconds % SH_DAY_SECONDS < 0);
    return day > INT32_MAX ? INT32_MAX : day < INT32_MIN ? INT32_MIN : (int32_t)day;
}
/** Seconds since that day's midnight, 0 … 86399. */
int32_t sh_second_of_day(int64_t seconds);
/** Hour of the day, 0 … 23. */
int sh_hour_of_time(int64_t seconds);

/** 1 Monday … 7 Sunday (ISO 8601). */
int sh_weekday(int32_t days);
/** Monday of that week. */
int32_t sh_week_start(int32_t days);
/** First day of the month, the quarter, the year. */
int32_t sh_month_start(int32_t days);
int32_t sh_quarter_start(int32_t days);
int32_t sh_year_start(int32_t days);
/** Keys to group by: 202402, 20241 (year and quarter 1 … 4), 2024. */
int32_t sh_month_key(int32_t days);
int32_t sh_quarter_key(int32_t days);
int32_t sh_year_key(int32_t days);

/**
 * Completed years, months or days of age on a date (周岁): the birthday itself counts. Who was born on 29
 * February has the birthday on 1 March in common years; a month that lacks the day counts from the first of
 * the next. Negative when `on` is before `birth`.
 */
int32_t sh_age_years(int32_t birth, int32_t on);
int32_t sh_age_months(int32_t birth, int32_t on);
int64_t sh_age_days(int32_t birth, int32_t on);
/** The same day n months later (n may be negative), clamped to the end of a shorter month: 01-31 + 1 =
 * 02-28/29. */
int32_t sh_add_months(int32_t days, int32_t n);
