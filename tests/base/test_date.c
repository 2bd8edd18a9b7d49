/* Goal: the calendar, checked against counting day by day; ages and months by the rules of the header. */
#include "base/date.h"
#include "check.h"

static void the_calendar_counts_day_by_day(void **state) {
    (void)state;
    struct sh_civil c = {1600, 1, 1};
    for (int32_t days = sh_days_of(1600, 1, 1), end = sh_days_of(2401, 1, 1); days < end; days++) {
        const struct sh_civil is = sh_civil_of(days);
        if (is.year != c.year || is.month != c.month || is.day != c.day ||
            sh_days_of(c.year, c.month, c.day) != days)
            fail_msg("%d-%d-%d", c.year, c.month, c.day);
        const bool leap = (c.year % 4 == 0 && c.year % 100 != 0) || c.year % 400 == 0;
        const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (++c.day > lengths[c.month - 1])
            c.day = 1, c.month++;
        if (c.month > 12)
            c.month = 1, c.year++;
    }
    CHECK_I64(sh_days_of(1970, 1, 1), 0);
    CHECK_I64(sh_days_of(2024, 2, 29), 19782);
    CHECK_I64(SH_DATE_MIN, sh_days_of(1850, 1, 1));
    CHECK_I64(SH_DATE_MAX, sh_days_of(2200, 12, 31));
}

static void the_ends_of_int32_go_there_and_back(void **state) {
    (void)state;
    const int32_t ends[] = {INT32_MIN, INT32_MIN + 1, -1, 0, INT32_MAX - 1, INT32_MAX};
    for (size_t i = 0; i < 6; i++) {
        const struct sh_civil c = sh_civil_of(ends[i]);
        CHECK_I64(sh_days_of(c.year, c.month, c.day), ends[i]);
        CHECK(sh_weekday(ends[i]) >= 1 && sh_weekday(ends[i]) <= 7);
        (void)sh_week_start(ends[i]);
    }
}

static void weeks_begin_on_monday(void **state) {
    (void)state;
    CHECK_I64(sh_weekday(0), 4);
    CHECK_I64(sh_weekday(sh_days_of(2024, 2, 26)), 1);
    CHECK_I64(sh_weekday(sh_days_of(1969, 12, 28)), 7);
    for (int32_t day = -1000; day < 1000; day++) {
        CHECK_I64(sh_weekday(sh_week_start(day)), 1);
        CHECK(day - sh_week_start(day) >= 0 && day - sh_week_start(day) < 7);
    }
}

static void times_floor_before_1970(void **state) {
    (void)state;
    CHECK_I64(sh_day_of_time(-1), -1);
    CHECK_I64(sh_second_of_day(-1), 86399);
    CHECK_I64(sh_day_of_time(-86400), -1);
    CHECK_I64(sh_second_of_day(-86400), 0);
    CHECK_I64(sh_day_of_time(86399), 0);
    CHECK_I64(sh_hour_of_time(86399), 23);
    CHECK_I64(sh_hour_of_time(-3600), 23);
    CHECK_I64(sh_day_of_time(INT64_MAX), INT32_MAX);
    CHECK_I64(sh_day_of_time(INT64_MIN), INT32_MIN);
}

static void periods_have_starts_and_keys(void **state) {
    (void)state;
    const int32_t day = sh_days_of(2024, 8, 17);
    CHECK_I64(sh_month_start(day), sh_days_of(2024, 8, 1));
    CHECK_I64(sh_quarter_start(day), sh_days_of(2024, 7, 1));
    CHECK_I64(sh_year_start(day), sh_days_of(2024, 1, 1));
    CHECK_I64(sh_month_key(day), 202408);
    CHECK_I64(sh_quarter_key(day), 20243);
    CHECK_I64(sh_year_key(day), 2024);
}

static void ages_count_completed_birthdays(void **state) {
    (void)state;
    const struct {
        int birth[3], on[3];
        int64_t years, months;
    } cases[] = {{{2000, 5, 10}, {2024, 5, 9}, 23, 287},  {{2000, 5, 10}, {2024, 5, 10}, 24, 288},
                 {{2004, 2, 29}, {2023, 2, 28}, 18, 227}, {{2004, 2, 29}, {2023, 3, 1}, 19, 228},
                 {{2004, 2, 29}, {2024, 2, 29}, 20, 240}, {{2024, 3, 31}, {2024, 4, 30}, 0, 0},
                 {{2024, 3, 31}, {2024, 5, 1}, 0, 1},     {{2024, 5, 10}, {2024, 5, 10}, 0, 0},
                 {{2024, 5, 10}, {2024, 5, 9}, -1, -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int *b = cases[i].birth, *o = cases[i].on;
        const int32_t birth = sh_days_of(b[0], b[1], b[2]), on = sh_days_of(o[0], o[1], o[2]);
        CHECK_I64(sh_age_years(birth, on), cases[i].years);
        CHECK_I64(sh_age_months(birth, on), cases[i].months);
        CHECK_I64(sh_age_days(birth, on), on - birth);
    }
}

static void months_are_added_clamped(void **state) {
    (void)state;
    CHECK_I64(sh_add_months(sh_days_of(2023, 1, 31), 1), sh_days_of(2023, 2, 28));
    CHECK_I64(sh_add_months(sh_days_of(2024, 1, 31), 1), sh_days_of(2024, 2, 29));
    CHECK_I64(sh_add_months(sh_days_of(2024, 1, 15), -13), sh_days_of(2022, 12, 15));
    CHECK_I64(sh_add_months(sh_days_of(2024, 11, 30), 2), sh_days_of(2025, 1, 30));
    CHECK_I64(sh_add_months(0, INT32_MAX), INT32_MAX);
    CHECK_I64(sh_add_months(0, INT32_MIN), INT32_MIN);
}

static void dates_are_written(void **state) {
    (void)state;
    char date[SH_DATE_TEXT_MAX], time[SH_TIME_TEXT_MAX];
    CHECK_I64(sh_date_format(sh_days_of(2024, 2, 29), date), 10);
    CHECK_TEXT(date, "2024-02-29");
    (void)sh_date_format(INT32_MAX, date);
    CHECK_TEXT(date, "?");
    CHECK_I64(sh_time_format(-1, time), 19);
    CHECK_TEXT(time, "1969-12-31 23:59:59");
    CHECK_I64(sh_time_format_iso(0, "+08:00", time), 25);
    CHECK_TEXT(time, "1970-01-01T00:00:00+08:00");
}

CHECK_MAIN(cmocka_unit_test(the_calendar_counts_day_by_day),
           cmocka_unit_test(the_ends_of_int32_go_there_and_back), cmocka_unit_test(weeks_begin_on_monday),
           cmocka_unit_test(times_floor_before_1970), cmocka_unit_test(periods_have_starts_and_keys),
           cmocka_unit_test(ages_count_completed_birthdays), cmocka_unit_test(months_are_added_clamped),
           cmocka_unit_test(dates_are_written))
