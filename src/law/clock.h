/*
 * The arithmetic of legal time (docs/time.md; T1–T14): pure, no database, no clock of the machine. Part of
 * the public header law/law.h. Days are days of Asia/Shanghai, times are seconds of its wall clock.
 *
 * A clock counts a length from an event whose day is not counted (T2), leaves out what the law excludes (T9),
 * adds extensions to the length from the original start (T10), and rolls once, at the very end, to the next
 * working day if the law lets it roll (T5). Counted backwards it leaves clear days (T6). Terms are no clocks
 * (T8).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/str.h"
#include "law/calendar.h"
#include "law/params.h"

/* The kind of day stands in the unit, so that no clock can be written without it (T3). */
enum sh_time_unit { SH_HOURS, SH_WORKING_DAYS, SH_NATURAL_DAYS, SH_MONTHS, SH_YEARS };
struct sh_length {
    int32_t n; /* >= 1 */
    enum sh_time_unit unit;
};
/** "10 wd", "30 nd", "3 months", "1 year", "24 hours". Errors: SH_E_INPUT, also a bare "days". */
SH_MUST sh_code sh_length_parse(struct sh_str text, struct sh_length *ret, struct sh_err *err);
/** The length a parameter holds. Errors: SH_E_INPUT it is no length of time (units wd, nd, months, years,
 * hours), or no whole number >= 1. */
SH_MUST sh_code sh_length_of_param(const struct sh_param *param, struct sh_length *ret, struct sh_err *err);
/** "10 个工作日", "10 working days". */
void sh_length_tell(struct sh_length length, sh_lang lang, struct sh_buf *out);

/* Time that does not count: the days after `first` up to and including `last`. INT32_MAX: still open. */
struct sh_excluded {
    int32_t first, last;
    struct sh_str why; /* for the account: 鉴定, 听证 …; may be empty */
};
struct sh_due_question {
    const struct sh_calendar *calendar;
    int32_t event;      /* day of the event, not of its typing */
    int64_t event_time; /* only for lengths in hours: seconds of the wall clock */
    struct sh_length length;
    const struct sh_length *extensions; /* [n_extensions] in order, each granted */
    size_t n_extensions;
    const struct sh_excluded *excluded; /* [n_excluded] any order, may overlap; only what the text names */
    size_t n_excluded;
    bool no_roll;     /* sealing, transfers to the police (T5) */
    bool backwards;   /* so long before the event (T6); no extensions, nothing excluded */
    int32_t not_past; /* last day of the outer clock; 0 and INT32_MAX: none (T10) */
};

/* One line of the account. */
enum sh_count_kind {
    SH_COUNT_EVENT,    /* from: the event, not counted */
    SH_COUNT_DAYS,     /* from–to: n days counted, total so far */
    SH_COUNT_MAKE_UP,  /* from–to: worked though a weekend; counted */
    SH_COUNT_REST,     /* from–to: plain weekends, not counted */
    SH_COUNT_HOLIDAY,  /* from–to: a holiday, not counted; name */
    SH_COUNT_EXCLUDED, /* from–to: left out; name */
    SH_COUNT_UNKNOWN, /* from–to: no calendar yet, counted as worked for the earliest end; n: the missing year
                       */
    SH_COUNT_MONTHS, /* from → to: months or years, by the day number or the end of the month (T4) */
    SH_COUNT_HOURS,  /* n hours, by the minute */
    SH_COUNT_EXTEND, /* n: number of the extension; total: its length; from here it adds to the length */
    SH_COUNT_ROLL,   /* from → to: the last day rests and moves */
    SH_COUNT_CLEAR,  /* to: backwards, the day of the act is not counted either */
    SH_COUNT_CAP,    /* from → to: cut to the end of the outer clock */
    SH_COUNT_OPEN,   /* from: an excluded time is still open; n days left */
    SH_COUNT_END     /* to: the end */
};
struct sh_count {
    enum sh_count_kind kind;
    int32_t from, to, n, total;
    struct sh_length length; /* EXTEND */
    struct sh_str name;
};
struct sh_due {
    int32_t day;     /* last day, ends at 24:00; backwards: the latest day for the act. If !is_certain: the
                        earliest possible end. Not set when is_open */
    int64_t time;    /* hours: the instant; else the last second of `day` + 1 (24:00) */
    bool is_certain; /* false: unknown_year must be entered first; until then the clock only warns (T14) */
    int32_t unknown_year; /* the first missing year; 0 when certain */
    bool is_open;         /* an excluded time is open: no due date, only days left (T9) */
    int32_t left;         /* is_open: days of the length not used up, in working or natural days */
    enum sh_time_unit left_unit;
    int32_t counted_to;             /* last day before the roll and the cap */
    const struct sh_count *account; /* [n_account] how it was counted */
    size_t n_account;
};
/**
 * When a clock ends, and how that was counted.
 * Errors: SH_E_INPUT a length < 1, hours with excluded time or extensions in days, an interval that ends
 * before it begins, backwards with extensions or excluded time; SH_E_OVERFLOW the end lies beyond
 * SH_DATE_MAX; SH_E_NOMEM. Cost: O(days); the account is short: runs, not days.
 */
SH_MUST sh_code sh_due(const struct sh_due_question *question, struct sh_arena *arena, struct sh_due *ret,
                       struct sh_err *err);
/** The account for people, one line a step, and whether it is certain. */
void sh_due_tell(const struct sh_due *due, sh_lang lang, struct sh_buf *out);
/** SH_E_INPUT when the answer is not certain: names the year, the place and who must enter it; else SH_OK. */
SH_MUST sh_code sh_due_need_certain(const struct sh_due *due, const struct sh_calendar *calendar,
                                    struct sh_err *err);
/** Days still left on `today`, in the unit of the length (working days for wd, else natural): 0 on the last
 * day, negative when late. Unknown days count as worked. */
int32_t sh_due_left(const struct sh_due *due, const struct sh_calendar *calendar, bool in_working_days,
                    int32_t today);

/** Last day of a term that begins on `first` (T8): suspension, ban, agreement, validity. 2026-01-31 + 1 month
 * ends on 2026-02-27. Errors: SH_E_INPUT working days or hours; SH_E_OVERFLOW. */
SH_MUST sh_code sh_term_last(int32_t first, struct sh_length length, int32_t *ret_last, struct sh_err *err);
