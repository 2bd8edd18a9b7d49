#include "base/date.h"
#include "base/limits.h"

struct cursor {
    const char *at, *end;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t digits_ahead(const struct cursor *c) {
    size_t n = 0;
    while (c->at + n < c->end && is_digit(c->at[n]))
        n++;
    return n;
}

/* Take n digits; the caller has seen them. n <= 4. */
static int take(struct cursor *c, size_t n) {
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (*c->at++ - '0');
    return value;
}

static bool take_text(struct cursor *c, const char *text, size_t len) {
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
        return false;
    c->at += len;
    return true;
}

static sh_date_fault days_checked(int year, int month, int day, int32_t *ret) {
    if (month < 1 || month > 12 || day < 1 || day > sh_month_days(year, month))
        return SH_DATE_IMPOSSIBLE;
    if (year < SH_YEAR_MIN || year > SH_YEAR_MAX)
        return SH_DATE_RANGE;
    *ret = sh_days_of(year, month, day);
    return SH_DATE_OK;
}

static sh_date_fault seconds_checked(int hour, int minute, int second, int32_t *ret) {
    if (hour > 23 || minute > 59 || second > 59)
        return SH_DATE_IMPOSSIBLE;
    *ret = hour * 3600 + minute * 60 + second;
    return SH_DATE_OK;
}

/* What stands between year, month and day, and behind. */
struct marks {
    const char *month, *day, *end;
    size_t month_len, day_len, end_len;
};

static const struct marks marks_of[] = {
    {"-", "-", "", 1, 1, 0},
    {"/", "/", "", 1, 1, 0},
    {".", ".", "", 1, 1, 0},
    {"\xe5\xb9\xb4", "\xe6\x9c\x88", "\xe6\x97\xa5", 3, 3, 3}, /* 年 月 日 */
};

/* "-M-D" behind the year, one or two digits each. */
static sh_date_fault scan_marked(struct cursor *c, int year, int32_t *ret_days) {
    for (size_t i = 0; i < sizeof(marks_of) / sizeof(marks_of[0]); i++) {
        const struct marks *m = &marks_of[i];
        if (!take_text(c, m->month, m->month_len))
            continue;
        const size_t n_month = digits_ahead(c);
        if (n_month < 1 || n_month > 2)
            return SH_DATE_SYNTAX;
        const int month = take(c, n_month);
        if (!take_text(c, m->day, m->day_len))
            return SH_DATE_SYNTAX;
        const size_t n_day = digits_ahead(c);
        if (n_day < 1 || n_day > 2)
            return SH_DATE_SYNTAX;
        const int day = take(c, n_day);
        if (!take_text(c, m->end, m->end_len))
            return SH_DATE_SYNTAX;
        return days_checked(year, month, day, ret_days);
    }
    return SH_DATE_SYNTAX;
}

/* "HH:MM[:SS[.f…]]" up to the end. */
static sh_date_fault scan_clock(struct cursor *c, int32_t *ret_seconds) {
    const size_t n_hour = digits_ahead(c);
    if (n_hour < 1 || n_hour > 2)
        return SH_DATE_SYNTAX;
    const int hour = take(c, n_hour);
    if (!take_text(c, ":", 1) || digits_ahead(c) != 2)
        return SH_DATE_SYNTAX;
    const int minute = take(c, 2);
    int second = 0;
    if (take_text(c, ":", 1)) {
        if (digits_ahead(c) != 2)
            return SH_DATE_SYNTAX;
        second = take(c, 2);
        if (take_text(c, ".", 1)) {
            const size_t n = digits_ahead(c);
            if (n == 0)
                return SH_DATE_SYNTAX;
            c->at += n;
        }
    }
    return c->at == c->end ? seconds_checked(hour, minute, second, ret_seconds) : SH_DATE_SYNTAX;
}

/* HHMM or HHMMSS. */
static sh_date_fault scan_compact_clock(struct cursor *c, size_t n, int32_t *ret_seconds) {
    const int hour = take(c, 2), minute = take(c, 2), second = n == 6 ? take(c, 2) : 0;
    return c->at == c->end ? seconds_checked(hour, minute, second, ret_seconds) : SH_DATE_SYNTAX;
}

static sh_date_fault scan_date_part(struct cursor *c, size_t n_digits, int32_t *ret_days) {
    if (n_digits == 4)
        return scan_marked(c, take(c, 4), ret_days);
    if (n_digits != 8 && n_digits != 12 && n_digits != 14)
        return SH_DATE_SYNTAX;
    const int year = take(c, 4), month = take(c, 2), day = take(c, 2);
    return days_checked(year, month, day, ret_days);
}

static sh_date_fault scan_clock_part(struct cursor *c, size_t n_digits, int32_t *ret_seconds) {
    *ret_seconds = 0;
    if (c->at == c->end)
        return SH_DATE_OK;
    if (n_digits > 8)
        return scan_compact_clock(c, n_digits - 8, ret_seconds);
    if (*c->at != ' ' && *c->at != 'T')
        return SH_DATE_SYNTAX;
    c->at++;
    if (n_digits == 8 && digits_ahead(c) == 6)
        return scan_compact_clock(c, 6, ret_seconds);
    return scan_clock(c, ret_seconds);
}

static sh_date_fault scan_both(const char *at, size_t len, int32_t *ret_days, int32_t *ret_seconds) {
    if (len == 0)
        return SH_DATE_EMPTY;
    struct cursor c = {at, at + len};
    while (c.at < c.end && *c.at == ' ')
        c.at++;
    while (c.end > c.at && c.end[-1] == ' ')
        c.end--;
    if (c.at == c.end)
        return SH_DATE_EMPTY;
    const size_t n_digits = digits_ahead(&c);
    const sh_date_fault fault = scan_date_part(&c, n_digits, ret_days);
    if (fault == SH_DATE_SYNTAX)
        return fault;
    /* A wrong form is told before an impossible day: the rest is read in any case. */
    const sh_date_fault clock_fault = scan_clock_part(&c, n_digits, ret_seconds);
    return clock_fault == SH_DATE_SYNTAX || fault == SH_DATE_OK ? clock_fault : fault;
}

sh_date_fault sh_date_scan(const char *at, size_t len, int32_t *ret_days) {
    int32_t days = 0, seconds = 0;
    const sh_date_fault fault = scan_both(at, len, &days, &seconds);
    if (fault != SH_DATE_OK)
        return fault;
    if (seconds != 0)
        return SH_DATE_SYNTAX;
    *ret_days = days;
    return SH_DATE_OK;
}

sh_date_fault sh_time_scan(const char *at, size_t len, int64_t *ret_seconds) {
    int32_t days = 0, seconds = 0;
    const sh_date_fault fault = scan_both(at, len, &days, &seconds);
    if (fault != SH_DATE_OK)
        return fault;
    *ret_seconds = (int64_t)days * SH_DAY_SECONDS + seconds;
    return SH_DATE_OK;
}

const char *sh_date_fault_text(sh_date_fault fault) {
    switch (fault) {
    case SH_DATE_OK:
        return "is a date";
    case SH_DATE_EMPTY:
        return "is empty";
    case SH_DATE_SYNTAX:
        return "is not written as a date such as 2024-02-29";
    case SH_DATE_IMPOSSIBLE:
        return "is not in the calendar";
    case SH_DATE_RANGE:
        return "is outside the years 1850 to 2200";
    default:
        return "is not understood";
    }
}

static sh_code fail(struct sh_err *err, struct sh_str s, sh_date_fault fault) {
    const struct sh_str shown = sh_str_sub(s, 0, sh_utf8_cut(s, 60));
    return sh_fail(err, SH_E_INPUT, "\"%.*s\" %s", SH_ARG(shown), sh_date_fault_text(fault));
}

sh_code sh_date_parse(struct sh_str s, int32_t *ret_days, struct sh_err *err) {
    const sh_date_fault fault = sh_date_scan(s.at, s.len, ret_days);
    return fault == SH_DATE_OK ? SH_OK : fail(err, s, fault);
}

sh_code sh_time_parse(struct sh_str s, int64_t *ret_seconds, struct sh_err *err) {
    const sh_date_fault fault = sh_time_scan(s.at, s.len, ret_seconds);
    return fault == SH_DATE_OK ? SH_OK : fail(err, s, fault);
}
