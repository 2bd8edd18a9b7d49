/* Goal: legal time is counted as T1–T10, T14 and T15 of the meanings say, and the account says how. */
#include "base/mem.h"
#include "base/rng.h"
#include "law/calendars.h"

static struct sh_due ask(struct sh_due_question q, struct sh_arena *arena) {
    struct sh_due due = {0};
    struct sh_err err;
    CHECK_OK(sh_due(&q, arena, &due, &err), &err);
    return due;
}
static struct sh_length len(const char *text) {
    struct sh_length length = {0};
    struct sh_err err;
    CHECK_OK(sh_length_parse(sh_str_of(text), &length, &err), &err);
    return length;
}

static void plain_lengths_end_where_the_law_says(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("620100", INT32_MAX, &arena);
    static const struct {
        const char *event, *length, *due;
    } cases[] = {
        {"2026-09-24", "5 wd", "2026-10-09"},  /* two holidays between */
        {"2026-09-25", "5 wd", "2026-10-09"},  /* an event on a holiday */
        {"2026-09-24", "6 wd", "2026-10-10"},  /* a make-up Saturday is worked */
        {"2026-11-27", "3 wd", "2026-12-02"},  /* a plain weekend */
        {"2026-09-18", "15 nd", "2026-10-08"}, /* ends in the holiday: rolls once */
        {"2026-09-17", "15 nd", "2026-10-08"},
        {"2026-09-15", "15 nd", "2026-09-30"},
        {"2026-09-25", "15 nd", "2026-10-10"}, /* a make-up Saturday is no rest */
        {"2024-01-31", "1 month", "2024-02-29"},
        {"2023-01-31", "1 month", "2023-02-28"},
        {"2024-02-28", "1 nd", "2024-02-29"},
        {"2023-02-28", "1 nd", "2023-03-01"},
        {"2024-02-29", "1 year", "2025-02-28"},
        {"2024-02-29", "4 months", "2024-07-01"}, /* 29 June is a Saturday */
        {"2018-12-24", "5 wd", "2018-12-29"},     /* made a working day by the paper for 2019 */
        {"2018-12-28", "1 wd", "2018-12-29"},
        {"2018-12-28", "2 wd", "2019-01-02"},
        {"2018-12-28", "1 nd", "2018-12-29"},
        {"2018-12-28", "2 nd", "2019-01-02"},
        {"2026-03-02", "90 nd", "2026-06-01"}, /* 31 May is a Sunday */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_due due = ask((struct sh_due_question){.calendar = c,
                                                               .event = day_of(cases[i].event),
                                                               .length = len(cases[i].length)},
                                      &arena);
        check_day(due.day, cases[i].due);
        CHECK(due.is_certain && !due.is_open);
        CHECK_I64(due.time, ((int64_t)due.day + 1) * SH_DAY_SECONDS); /* 24:00 of the day */
    }
}

static void hours_run_through_nights_and_holidays(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    int64_t event = 0, end = 0;
    CHECK(sh_time_scan("2026-09-30 17:45", 16, &event) == SH_DATE_OK);
    CHECK(sh_time_scan("2026-10-01 17:45", 16, &end) == SH_DATE_OK);
    const struct sh_due due =
        ask((struct sh_due_question){.calendar = c, .event_time = event, .length = len("24 hours")}, &arena);
    CHECK_I64(due.time, end);
    check_day(due.day, "2026-10-01");
}

static void backwards_leaves_clear_days_and_rolls_back(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    static const struct {
        const char *event, *length, *due;
    } cases[] = {
        {"2026-10-12", "7 wd", "2026-09-23"}, /* 10, 9, 8 October, 30, 29, 28, 24 September lie between */
        {"2026-10-12", "7 nd", "2026-09-30"}, /* 4 October rests: the working day before */
        {"2026-06-10", "7 nd", "2026-06-02"},
        {"2026-12-31", "3 months", "2026-09-29"},
        {"2026-05-31", "3 months", "2026-02-27"},
        {"2026-06-01", "1 nd", "2026-05-29"}, /* 30 May is a Saturday */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_due due = ask((struct sh_due_question){.calendar = c,
                                                               .event = day_of(cases[i].event),
                                                               .length = len(cases[i].length),
                                                               .backwards = true},
                                      &arena);
        check_day(due.day, cases[i].due);
        CHECK(due.is_certain);
    }
}

static void excluded_days_are_taken_out_and_overlaps_once(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    const struct sh_excluded two[] = {{day_of("2026-04-05"), day_of("2026-04-15"), SH_STR("听证")},
                                      {day_of("2026-04-01"), day_of("2026-04-11"), SH_STR("鉴定")}};
    struct sh_due_question q = {.calendar = c,
                                .event = day_of("2026-03-02"),
                                .length = len("90 nd"),
                                .excluded = &two[1],
                                .n_excluded = 1};
    check_day(ask(q, &arena).day, "2026-06-10"); /* 31 May + 10 */
    q.excluded = two, q.n_excluded = 2;
    struct sh_due due = ask(q, &arena);
    check_day(due.counted_to, "2026-06-14"); /* + 14, a Sunday */
    check_day(due.day, "2026-06-15");
    const struct sh_excluded one_day = {day_of("2026-04-01"), day_of("2026-04-01"), {0}};
    q.excluded = &one_day, q.n_excluded = 1;
    check_day(ask(q, &arena).day, "2026-06-01"); /* its days after the first: none */
    const struct sh_excluded later = {day_of("2026-06-02"), INT32_MAX, {0}};
    q.excluded = &later;
    CHECK(!ask(q, &arena).is_open); /* the clock had ended */
    q.length = len("3 months");
    q.excluded = &two[1];
    check_day(ask(q, &arena).day, "2026-06-12"); /* 2 June + 10 */
}

static void while_an_excluded_time_is_open_there_is_no_due_day(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    const struct sh_excluded open = {day_of("2026-04-01"), INT32_MAX, SH_STR("鉴定")};
    struct sh_due_question q = {.calendar = c,
                                .event = day_of("2026-03-02"),
                                .length = len("90 nd"),
                                .excluded = &open,
                                .n_excluded = 1};
    struct sh_due due = ask(q, &arena);
    CHECK(due.is_open);
    CHECK_I64(due.left, 60);
    CHECK_I64(due.left_unit, SH_NATURAL_DAYS);
    q.length = len("10 wd"), q.event = day_of("2026-03-30");
    due = ask(q, &arena);
    CHECK(due.is_open);
    CHECK_I64(due.left, 8);
    CHECK_I64(due.left_unit, SH_WORKING_DAYS);
    q.length = len("2 wd"); /* used up on the first day of the interval itself, which still counts */
    CHECK(!ask(q, &arena).is_open);
}

static void an_extension_adds_to_the_length_from_the_original_start(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    const struct sh_length more[] = {len("30 nd"), len("60 nd")};
    struct sh_due_question q = {
        .calendar = c, .event = day_of("2026-03-02"), .length = len("90 nd"), .extensions = more};
    check_day(ask(q, &arena).day, "2026-06-01");
    q.n_extensions = 1;
    check_day(ask(q, &arena).day, "2026-06-30"); /* 120 days from 2 March: the roll to 1 June is not gained */
    q.n_extensions = 2;
    check_day(ask(q, &arena).day, "2026-08-31"); /* 180: 29 August is a Saturday */
    const struct sh_length month = len("1 month");
    q = (struct sh_due_question){.calendar = c,
                                 .event = day_of("2026-01-31"),
                                 .length = month,
                                 .extensions = &month,
                                 .n_extensions = 1};
    check_day(ask(q, &arena).day, "2026-03-31"); /* not 28 March */
    q.extensions = &more[0];
    check_day(ask(q, &arena).day, "2026-03-30"); /* 28 February, then 30 days */
    q.not_past = day_of("2026-03-10");
    const struct sh_due capped = ask(q, &arena);
    check_day(capped.day, "2026-03-10"); /* never past an outer clock */
}

static void what_may_not_roll_does_not(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    struct sh_due_question q = {
        .calendar = c, .event = day_of("2026-09-05"), .length = len("30 nd"), .no_roll = true};
    check_day(ask(q, &arena).day, "2026-10-05");
    q.event = day_of("2026-12-05"); /* asks no calendar, so that of 2027 is not missing */
    CHECK(ask(q, &arena).is_certain);
    q.no_roll = false;
    q.event = day_of("2026-09-05");
    check_day(ask(q, &arena).day, "2026-10-08");
}

static void a_missing_year_gives_the_earliest_end_and_is_named(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("620100", INT32_MAX, &arena);
    static const struct {
        const char *event, *length, *due;
        bool is_certain;
    } cases[] = {
        {"2026-12-01", "23 nd", "2026-12-24", true}, {"2026-12-01", "24 nd", "2026-12-25", false},
        {"2026-12-21", "3 wd", "2026-12-24", true},  {"2026-12-21", "4 wd", "2026-12-25", false},
        {"2026-12-24", "5 wd", "2026-12-29", false}, /* Saturday and Sunday counted as worked */
        {"2026-12-31", "5 wd", "2027-01-05", false}, {"2026-11-15", "60 nd", "2027-01-14", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_due due = ask((struct sh_due_question){.calendar = c,
                                                               .event = day_of(cases[i].event),
                                                               .length = len(cases[i].length)},
                                      &arena);
        check_day(due.day, cases[i].due);
        CHECK_I64(due.is_certain, cases[i].is_certain);
        CHECK_I64(due.unknown_year, cases[i].is_certain ? 0 : 2027);
        struct sh_err err = {0};
        CHECK_CODE(sh_due_need_certain(&due, c, &err), cases[i].is_certain ? SH_OK : SH_E_INPUT);
        if (!cases[i].is_certain) {
            CHECK_HAS(err.message, "2027");
            CHECK_HAS(err.message, "法制岗");
        }
    }
}

static void a_changed_calendar_moves_open_clocks(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_due_question q = {.calendar = shipped_calendar("000000", day_of("2020-01-26"), &arena),
                                .event = day_of("2020-01-20"),
                                .length = len("5 wd")};
    check_day(ask(q, &arena).day, "2020-02-01"); /* a make-up Saturday, as was known then */
    q.calendar = shipped_calendar("000000", day_of("2020-01-27"), &arena);
    check_day(ask(q, &arena).day, "2020-02-04");
    q.calendar = shipped_calendar("000000", day_of("2019-03-21"), &arena);
    q.event = day_of("2019-04-29");
    check_day(ask(q, &arena).day, "2019-05-07");
    q.calendar = shipped_calendar("000000", day_of("2019-03-22"), &arena);
    check_day(ask(q, &arena).day, "2019-05-08");
}

static void a_term_ends_the_day_before_the_same_date(void **state) {
    (void)state;
    static const struct {
        const char *first, *length, *last;
    } cases[] = {{"2026-03-01", "3 months", "2026-05-31"}, {"2026-01-31", "1 month", "2026-02-27"},
                 {"2025-08-31", "6 months", "2026-02-27"}, {"2024-02-29", "1 year", "2025-02-27"},
                 {"2026-01-01", "1 year", "2026-12-31"},   {"2026-10-01", "180 nd", "2027-03-29"}};
    struct sh_err err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t last = 0;
        CHECK_OK(sh_term_last(day_of(cases[i].first), len(cases[i].length), &last, &err), &err);
        check_day(last, cases[i].last);
    }
    int32_t last;
    CHECK_CODE(sh_term_last(0, len("3 wd"), &last, &err), SH_E_INPUT);
    CHECK_CODE(sh_term_last(SH_DATE_MAX, len("3 months"), &last, &err), SH_E_OVERFLOW);
}

static void no_length_without_its_kind_of_day(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {{"10 days", "which days"},     {"10", "unit"},
                 {"wd", "is no length"},        {"0 wd", "is no length"},
                 {"-3 wd", "is no length"},     {"3.5 wd", "unit"},
                 {"100001 nd", "is no length"}, {"5 weeks", "unit"},
                 {"", "is no length"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sh_length length;
        struct sh_err err = {0};
        CHECK_CODE(sh_length_parse(sh_str_of(cases[i].text), &length, &err), SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].part);
    }
    CHECK_I64(len(" 24hours ").n, 24);
}

static void impossible_questions_are_refused(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    const struct sh_excluded inverted = {5, 4, {0}}, fine = {5, 8, {0}};
    const struct sh_length day = {1, SH_NATURAL_DAYS};
    const struct {
        struct sh_due_question q;
        sh_code code;
    } cases[] = {
        {{.calendar = c, .length = {0, SH_NATURAL_DAYS}}, SH_E_INPUT},
        {{.calendar = c, .length = {1, SH_HOURS}, .excluded = &fine, .n_excluded = 1}, SH_E_INPUT},
        {{.calendar = c, .length = {1, SH_HOURS}, .extensions = &day, .n_extensions = 1}, SH_E_INPUT},
        {{.calendar = c, .length = day, .excluded = &inverted, .n_excluded = 1}, SH_E_INPUT},
        {{.calendar = c, .length = day, .backwards = true, .extensions = &day, .n_extensions = 1},
         SH_E_INPUT},
        {{.calendar = c, .length = day, .backwards = true, .excluded = &fine, .n_excluded = 1}, SH_E_INPUT},
        {{.calendar = c, .length = day, .event = INT32_MAX}, SH_E_INPUT},
        {{.calendar = c, .length = day, .event = SH_DATE_MAX}, SH_E_OVERFLOW},
        {{.calendar = c, .length = {90000, SH_NATURAL_DAYS}, .event = 20000}, SH_E_OVERFLOW},
        {{.calendar = c, .length = {1000, SH_YEARS}, .event = 20000}, SH_E_OVERFLOW},
        {{.calendar = c, .length = {1, SH_HOURS}, .event_time = INT64_MAX}, SH_E_OVERFLOW},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sh_due due;
        struct sh_err err = {0};
        CHECK_CODE(sh_due(&cases[i].q, &arena, &due, &err), cases[i].code);
        CHECK(err.message[0] != '\0');
    }
}

static void the_account_is_told_in_both_languages(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    const struct sh_due due =
        ask((struct sh_due_question){.calendar = c, .event = day_of("2026-09-24"), .length = len("6 wd")},
            &arena);
    sh_due_tell(&due, SH_ZH, &out);
    sh_buf_add(&out, "", 1);
    CHECK_TEXT(out.at, "2026-09-24（周四） 事件发生日，不计入\n"
                       "2026-09-25 至 2026-09-27 中秋节放假，不计\n"
                       "2026-09-28 至 2026-09-30 计 3 日，累计 3\n"
                       "2026-10-01 至 2026-10-07 国庆节放假，不计\n"
                       "2026-10-08 至 2026-10-09 计 2 日，累计 5\n"
                       "2026-10-10（周六） 调休上班（国庆节），计 1 日，累计 6\n"
                       "期限届满：2026-10-10（周六） 24时\n");
    sh_buf_clear(&out);
    sh_due_tell(&due, SH_EN, &out);
    CHECK(sh_str_find(sh_buf_view(&out), SH_STR("make-up working day")) != SH_STR_NONE);
}

/* ---- properties ---- */

struct naive {
    int32_t due, counted;
};
/* The same by other means: every day of the way is marked first, then one walks over the marks. */
static struct naive naively(const struct sh_due_question *q) {
    enum { SPAN = 4000 };
    bool out[SPAN] = {false};
    for (size_t i = 0; i < q->n_excluded; i++)
        for (int32_t d = q->excluded[i].first + 1; d <= q->excluded[i].last; d++)
            if (d > q->event && d - q->event < SPAN)
                out[d - q->event] = true;
    int32_t n = q->length.n;
    if (q->length.unit == SH_MONTHS)
        n = sh_add_months(q->event, q->length.n) - q->event;
    int32_t at = 0;
    while (n > 0) {
        at++;
        const bool rests = q->length.unit == SH_WORKING_DAYS &&
                           sh_calendar_day(q->calendar, q->event + at).kind == SH_DAY_REST;
        if (!out[at] && !rests)
            n--;
    }
    struct naive result = {.counted = q->event + at};
    while (!q->no_roll && sh_calendar_day(q->calendar, q->event + at).kind == SH_DAY_REST)
        at++;
    result.due = q->event + at;
    return result;
}

/* Each day behind the event stands once in the account, and as many count as the length has. */
static void check_account(const struct sh_due_question *q, const struct sh_due *due) {
    int32_t next = q->event + 1, n = 0;
    bool has_months = false;
    for (size_t i = 0; i < due->n_account; i++) {
        const struct sh_count *s = &due->account[i];
        has_months = has_months || s->kind == SH_COUNT_MONTHS;
        if (s->kind == SH_COUNT_DAYS || s->kind == SH_COUNT_MAKE_UP || s->kind == SH_COUNT_REST ||
            s->kind == SH_COUNT_HOLIDAY || s->kind == SH_COUNT_EXCLUDED) {
            CHECK_I64(s->from, next);
            CHECK_I64(s->n, s->to - s->from + 1);
            next = s->to + 1;
        }
        if (s->kind == SH_COUNT_DAYS || s->kind == SH_COUNT_MAKE_UP) {
            n += s->n;
            CHECK_I64(s->total, n);
        }
    }
    CHECK_I64(due->account[due->n_account - 1].kind, SH_COUNT_END);
    if (has_months)
        return;
    CHECK_I64(n, q->length.n);
    CHECK_I64(next - 1, due->counted_to);
}

static void random_clocks_agree_with_a_naive_count(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20261127));
    const int32_t low = day_of("2007-01-01"), high = day_of("2025-06-01");
    for (int i = 0; i < 5000; i++) {
        const struct sh_arena_mark mark = sh_arena_mark(&arena);
        static const enum sh_time_unit units[] = {SH_WORKING_DAYS, SH_NATURAL_DAYS, SH_MONTHS};
        struct sh_excluded outs[3];
        struct sh_due_question q = {.calendar = c,
                                    .event = low + (int32_t)sh_rng_below(&rng, (uint64_t)(high - low)),
                                    .excluded = outs,
                                    .n_excluded = sh_rng_below(&rng, 4),
                                    .no_roll = sh_rng_below(&rng, 4) == 0};
        q.length.unit = units[sh_rng_below(&rng, 3)];
        q.length.n = 1 + (int32_t)sh_rng_below(&rng, q.length.unit == SH_MONTHS ? 6 : 120);
        for (size_t e = 0; e < q.n_excluded; e++) {
            outs[e].first = q.event - 5 + (int32_t)sh_rng_below(&rng, 100);
            outs[e].last = outs[e].first + (int32_t)sh_rng_below(&rng, 30);
            outs[e].why = (struct sh_str){0};
        }
        const struct sh_due due = ask(q, &arena);
        const struct naive naive = naively(&q);
        CHECK_I64(due.counted_to, naive.counted);
        CHECK_I64(due.day, naive.due);
        check_account(&q, &due);
        /* One more day of length never ends sooner; what is left on the last day is nothing. */
        struct sh_due_question longer = q;
        longer.length.n++;
        CHECK(ask(longer, &arena).day >= due.day);
        CHECK_I64(sh_due_left(&due, c, q.length.unit == SH_WORKING_DAYS, due.day), 0);
        CHECK_I64(sh_due_left(&due, c, false, due.day + 1), -1);
        CHECK_I64(sh_due_left(&due, c, false, due.day - 1), 1);
        sh_arena_rewind(&arena, mark);
    }
}

/* An act on the day leaves n clear days; an act on the next working day does not. */
static void backwards_is_the_last_day_that_leaves_clear_days(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20261128));
    const int32_t low = day_of("2008-01-01"), high = day_of("2026-12-01");
    for (int i = 0; i < 3000; i++) {
        const bool in_working_days = sh_rng_below(&rng, 2);
        const int32_t n = 1 + (int32_t)sh_rng_below(&rng, 30);
        struct sh_due_question q = {.calendar = c,
                                    .event = low + (int32_t)sh_rng_below(&rng, (uint64_t)(high - low)),
                                    .length = {n, in_working_days ? SH_WORKING_DAYS : SH_NATURAL_DAYS},
                                    .backwards = true};
        const struct sh_arena_mark mark = sh_arena_mark(&arena);
        const int32_t act = ask(q, &arena).day;
        sh_arena_rewind(&arena, mark);
        CHECK_I64(sh_calendar_day(c, act).kind, SH_DAY_WORKED);
        int32_t later = act + 1, clear[2] = {0, 0};
        while (sh_calendar_day(c, later).kind == SH_DAY_REST)
            later++;
        const int32_t acts[2] = {act, later};
        for (int a = 0; a < 2; a++)
            for (int32_t d = acts[a] + 1; d < q.event; d++)
                clear[a] += !in_working_days || sh_calendar_day(c, d).kind == SH_DAY_WORKED;
        CHECK(clear[0] >= n);
        CHECK(clear[1] < n);
    }
}

static sh_code scenario(void *ctx, struct sh_err *err) {
    const struct sh_calendar *c = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_due_question q = {.calendar = c, .event = 18000, .length = {200, SH_WORKING_DAYS}};
    struct sh_due due;
    return sh_due(&q, &arena, &due, err);
}
static void no_memory_is_told(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    union {
        const struct sh_calendar *in;
        void *out;
    } plain = {.in = c};
    check_torture(scenario, plain.out);
}

CHECK_MAIN(cmocka_unit_test(plain_lengths_end_where_the_law_says),
           cmocka_unit_test(hours_run_through_nights_and_holidays),
           cmocka_unit_test(backwards_leaves_clear_days_and_rolls_back),
           cmocka_unit_test(excluded_days_are_taken_out_and_overlaps_once),
           cmocka_unit_test(while_an_excluded_time_is_open_there_is_no_due_day),
           cmocka_unit_test(an_extension_adds_to_the_length_from_the_original_start),
           cmocka_unit_test(what_may_not_roll_does_not),
           cmocka_unit_test(a_missing_year_gives_the_earliest_end_and_is_named),
           cmocka_unit_test(a_changed_calendar_moves_open_clocks),
           cmocka_unit_test(a_term_ends_the_day_before_the_same_date),
           cmocka_unit_test(no_length_without_its_kind_of_day),
           cmocka_unit_test(impossible_questions_are_refused),
           cmocka_unit_test(the_account_is_told_in_both_languages),
           cmocka_unit_test(random_clocks_agree_with_a_naive_count),
           cmocka_unit_test(backwards_is_the_last_day_that_leaves_clear_days),
           cmocka_unit_test(no_memory_is_told))
