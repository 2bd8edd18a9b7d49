#include "base/date.h"
#include "base/limits.h"
#include <string.h>

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Days before the given day of a year that begins in March, in the 400-year cycle (Hinnant,
 * "chrono-compatible low-level date algorithms"): February comes last, so the leap day needs no special case.
 */
int32_t sh_days_of(int year, int month, int day) {
    const int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    const int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

struct sh_civil sh_civil_of(int32_t days) {
    const int64_t z = (int64_t)days + 719468;
    const int64_t era = floor_div(z, 146097), day_of_era = z - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    const int month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    return (struct sh_civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

bool sh_is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int sh_month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    sh_check(month >= 1 && month <= 12);
    return month == 2 && sh_is_leap(year) ? 29 : days[month - 1];
}

static char *put_two(char *at, int v) {
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
    return at + 2;
}

size_t sh_date_format(int32_t days, char out[SH_DATE_TEXT_MAX]) {
    const struct sh_civil c = sh_civil_of(days);
    if (c.year < 0 || c.year > 9999) {
        memcpy(out, "?", 2);
        return 1;
    }
    char *at = put_two(put_two(out, c.year / 100), c.year % 100);
    *at++ = '-';
    at = put_two(at, c.month);
    *at++ = '-';
    at = put_two(at, c.day);
    *at = '\0';
    return (size_t)(at - out);
}

static size_t format_time(int64_t seconds, char between, const char *zone, char out[SH_TIME_TEXT_MAX]) {
    char *at = out + sh_date_format(sh_day_of_time(seconds), out);
    const int32_t second = sh_second_of_day(seconds);
    *at++ = between;
    at = put_two(at, second / 3600);
    *at++ = ':';
    at = put_two(at, second / 60 % 60);
    *at++ = ':';
    at = put_two(at, second % 60);
    for (int i = 0; i < 6 && zone[i]; i++) /* "+08:00" */
        *at++ = zone[i];
    *at = '\0';
    return (size_t)(at - out);
}

size_t sh_time_format(int64_t seconds, char out[SH_TIME_TEXT_MAX]) {
    return format_time(seconds, ' ', "", out);
}

size_t sh_time_format_iso(int64_t seconds, const char *zone, char out[SH_TIME_TEXT_MAX]) {
    return format_time(seconds, 'T', zone, out);
}

int32_t sh_second_of_day(int64_t seconds) {
    const int64_t rest = seconds % SH_DAY_SECONDS;
    return (int32_t)(rest < 0 ? rest + SH_DAY_SECONDS : rest);
}

int sh_hour_of_time(int64_t seconds) {
    return sh_second_of_day(seconds) / 3600;
}

int sh_weekday(int32_t days) {
    /* 1970-01-01 was a Thursday, 4. */
    const int64_t since_monday = ((int64_t)days + 3) % 7;
    return (int)(since_monday < 0 ? since_monday + 7 : since_monday) + 1;
}

int32_t sh_week_start(int32_t days) {
    const int64_t start = (int64_t)days - (sh_weekday(days) - 1);
    return start < INT32_MIN ? INT32_MIN : (int32_t)start;
}

int32_t sh_month_start(int32_t days) {
    const struct sh_civil c = sh_civil_of(days);
    return sh_days_of(c.year, c.month, 1);
}

int32_t sh_quarter_start(int32_t days) {
    const struct sh_civil c = sh_civil_of(days);
    return sh_days_of(c.year, (c.month - 1) / 3 * 3 + 1, 1);
}

int32_t sh_year_start(int32_t days) {
    return sh_days_of(sh_civil_of(days).year, 1, 1);
}

int32_t sh_month_key(int32_t days) {
    const struct sh_civil c = sh_civil_of(days);
    return c.year * 100 + c.month;
}

int32_t sh_quarter_key(int32_t days) {
    const struct sh_civil c = sh_civil_of(days);
    return c.year * 10 + (c.month - 1) / 3 + 1;
}

int32_t sh_year_key(int32_t days) {
    return sh_civil_of(days).year;
}

int32_t sh_age_months(int32_t birth, int32_t on) {
    const struct sh_civil b = sh_civil_of(birth), o = sh_civil_of(on);
    const int64_t months = ((int64_t)o.year - b.year) * 12 + (o.month - b.month) - (o.day < b.day ? 1 : 0);
    return (int32_t)months;
}

int32_t sh_age_years(int32_t birth, int32_t on) {
    return (int32_t)floor_div(sh_age_months(birth, on), 12);
}

int64_t sh_age_days(int32_t birth, int32_t on) {
    return (int64_t)on - birth;
}

int32_t sh_add_months(int32_t days, int32_t n) {
    const struct sh_civil c = sh_civil_of(days);
    const int64_t months = (int64_t)c.year * 12 + (c.month - 1) + n;
    const int64_t year = floor_div(months, 12);
    if (year > 5000000 || year < -5000000)
        return year > 0 ? INT32_MAX : INT32_MIN;
    const int month = (int)(months - year * 12) + 1;
    const int last = sh_month_days((int)year, month);
    return sh_days_of((int)year, month, c.day < last ? c.day : last);
}
