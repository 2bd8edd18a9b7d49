/* Goal: every clock of every procedure ends with the last second of its last day, not before and not after,
 * over holidays, make-up working weekends and 29 February. The clocks are those of the shipped texts, begun
 * together in one matter; a count day by day says when each must end. */
#include "law/law.h"
#include "matter/own_law.h"

enum { CLOCKS_MAX = 64, OVER_HOLIDAY = 0, OVER_MAKE_UP, OVER_LEAP, OVERS };

/* Before Spring Festival's make-up Sunday, before 29 February, on it, before Labour Day, before Mid-Autumn
 * with its make-up Saturday, before the National Day. */
static const char *const starts[] = {"2024-02-16", "2024-02-23", "2024-02-27", "2024-02-29",
                                     "2024-04-26", "2024-09-13", "2024-09-27"};

struct timer {
    const struct sh_clock_text *text;
    struct sh_length length;
    int32_t due;
    bool over[OVERS]; /* in some start */
};
struct timers {
    struct office o;
    struct timer of[CLOCKS_MAX];
    size_t n;
    const struct sh_calendar *calendar;
    struct doing d;
};

static bool is_worked(const struct timers *t, int32_t day) {
    const struct sh_day kind = sh_calendar_day(t->calendar, day);
    CHECK(kind.kind != SH_DAY_UNKNOWN);
    return kind.kind == SH_DAY_WORKED;
}

static int32_t naive_due(const struct timers *t, const struct timer *timer, int32_t event) {
    int32_t day = event;
    if (timer->length.unit == SH_WORKING_DAYS)
        for (int32_t n = timer->length.n; n > 0;)
            n -= is_worked(t, ++day);
    else if (timer->length.unit == SH_NATURAL_DAYS)
        day += timer->length.n;
    else /* no clock of today runs by months or years: one that does brings its count along */
        CHECK(false);
    while (!timer->text->no_roll && !is_worked(t, day))
        day++;
    return day;
}

static void note_overs(const struct timers *t, struct timer *timer, int32_t event) {
    for (int32_t day = event + 1; day <= timer->due; day++) {
        const struct sh_day kind = sh_calendar_day(t->calendar, day);
        const struct sh_civil civil = sh_civil_of(day);
        timer->over[OVER_HOLIDAY] |= kind.is_moved && kind.kind == SH_DAY_REST;
        timer->over[OVER_MAKE_UP] |= kind.is_moved && kind.kind == SH_DAY_WORKED;
        timer->over[OVER_LEAP] |= civil.month == 2 && civil.day == 29;
    }
}

/* ---- the procedure that has them all ----------------------------------------------------------------- */

static void add_clock(struct sh_buf *clocks, struct sh_buf *steps, size_t i, const struct sh_clock_text *c) {
    static const char *const ends[] = {
        [SH_END_DO] = "do", [SH_END_REFUSE] = "refuse", [SH_END_MARK] = "mark", [SH_END_WARN] = "warn"};
    sh_buf_addf(clocks, "  c%zu: {name: C, basis: T, from: opened, ", i);
    if (c->param.len)
        sh_buf_addf(clocks, "length: param(%.*s), ", SH_ARG(c->param));
    else
        sh_buf_addf(clocks, "length: %.*s, ", SH_ARG(c->length));
    sh_buf_addf(clocks, "%swarn: 1 nd, end: %s", c->no_roll ? "roll: no, " : "", ends[c->end]);
    if (c->end == SH_END_WARN) {
        sh_buf_addf(clocks, "}\n");
        return;
    }
    sh_buf_addf(clocks, " s%zu}\n", i);
    sh_buf_addf(steps, "  s%zu: {name: S, from: open, by: %s, basis: T}\n", i,
                c->end == SH_END_DO ? "law" : "own agency.auditor");
}

static void write_procedure(struct timers *t) {
    SH_CLEANUP(sh_buf_free) struct sh_buf clocks = {0}, steps = {0}, text = {0};
    for (size_t i = 0; i < t->n; i++)
        add_clock(&clocks, &steps, i, t->of[i].text);
    sh_buf_addf(&text,
                "procedure: timed\nname: 限期 / Timed\nrank: local_paper\nin_force: {from: 2021-01-01}\n"
                "running: next_step\nbasis: [T]\nabout: institution\nbody: agency\n"
                "open_by: own agency.auditor\nfields: {words: {type: text, name: 文字}}\n"
                "states: {open: 进行 / Open, done: 完 / Done}\nfinal: [done]\nclocks:\n%.*ssteps:\n%.*s"
                "  finish: {name: 办结 / Finish, from: open, to: done, by: own agency.head, basis: T}\n",
                SH_ARG(sh_buf_view(&clocks)), SH_ARG(sh_buf_view(&steps)));
    write_law(&t->o, "procedures/timed.yaml", text.at);
}

static void read_length(struct timers *t, const struct sh_params *params, struct timer *timer) {
    struct sh_err err;
    int32_t day = 0;
    if (timer->text->param.len == 0) {
        CHECK_OK(sh_length_parse(timer->text->length, &timer->length, &err), &err);
        return;
    }
    (void)t;
    CHECK(sh_date_scan(starts[0], strlen(starts[0]), &day) == SH_DATE_OK);
    const struct sh_param_pick pick =
        sh_param_pick(params, timer->text->param, PLACE, (struct sh_param_dates){day, day, day});
    if (pick.state != SH_PARAM_SET)
        print_error("param %.*s has no value in the city\n", SH_ARG(timer->text->param));
    CHECK(pick.state == SH_PARAM_SET);
    CHECK_OK(sh_length_of_param(pick.row, &timer->length, &err), &err);
}

static struct timers *timers_new(void) {
    static struct timers t;
    t = (struct timers){.o = office_of_own_law("2024-01-02 09:00:00")};
    char path[SH_PATH_BYTES_MAX];
    struct sh_params *params = NULL;
    struct sh_calendars *calendars = NULL;
    struct sh_err err;
    office_reread(&t.o);
    const struct sh_procedures *all = sh_matter_procedures(t.o.texts);
    for (size_t p = 0; p < all->n; p++)
        for (size_t c = 0; c < all->of[p].n_clocks && t.n < CLOCKS_MAX; c++)
            t.of[t.n++].text = &all->of[p].clocks[c];
    CHECK(t.n > 10 && t.n < CLOCKS_MAX);
    CHECK_OK(sh_path_format(path, &err, "%s/law/params", t.o.dir), &err);
    CHECK_OK(sh_params_load(path, &t.o.arena, &params, &err), &err);
    CHECK_OK(sh_path_format(path, &err, "%s/law/calendars", t.o.dir), &err);
    CHECK_OK(sh_calendars_load(path, &t.o.arena, &calendars, &err), &err);
    CHECK_OK(sh_calendar_open(calendars, PLACE, INT32_MAX, &t.o.arena, &t.calendar, &err), &err);
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        read_length(&t, params, &t.of[i]);
        if (t.of[i].length.unit != SH_HOURS) /* those have no last day: see the test of hours */
            t.of[n++] = t.of[i];
    }
    t.n = n;
    write_procedure(&t);
    office_reread(&t.o);
    return &t;
}

/* ---- days pass --------------------------------------------------------------------------------------- */

static void begin(struct timers *t, const char *start, int32_t *ret_event) {
    char now[32];
    (void)snprintf(now, sizeof now, "%s 10:00:00", start);
    office_renew(&t->o, now);
    t->d = (struct doing){.roll_back = false};
    CHECK(open_about(&t->d, &t->o, "timed", NULL, 0) == SH_OK);
    CHECK(sh_date_scan(start, strlen(start), ret_event) == SH_DATE_OK);
    for (size_t i = 0; i < t->n; i++) {
        t->of[i].due = naive_due(t, &t->of[i], *ret_event);
        note_overs(t, &t->of[i], *ret_event);
    }
}

/* The first second after the last day, UTC. */
static int64_t end_of(int32_t due) {
    return ((int64_t)due + 1) * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
}

static int64_t ask_clock(struct timers *t, const char *what, size_t i) {
    char sql[300];
    (void)snprintf(sql, sizeof sql, "select %s from mt_clock where matter = $1 and clock = 'c%zu'", what, i);
    return ask_sql(&t->o, sql, sh_str_of(t->d.id)).ret;
}

/* Without a reason: what is late asks one. */
static bool may_without_reason(struct timers *t, size_t i) {
    char step[16];
    (void)snprintf(step, sizeof step, "s%zu", i);
    become(&t->d, &t->o, "p", SH_STR("agency.auditor"));
    t->d.roll_back = true;
    t->d.act = (struct sh_matter_act){.step = sh_str_of(step), .why = SH_STR("")};
    CHECK(do_it(&t->d) == SH_E_CANCELLED);
    if (t->d.failures.n)
        CHECK(has_failure(&t->d, SH_FAIL_TIME));
    return t->d.failures.n == 0;
}

static void check_ended(struct timers *t, size_t i) {
    const struct timer *timer = &t->of[i];
    char sql[300];
    CHECK_I64(ask_clock(t, "state = 'running'", i), 0);
    if (timer->text->end == SH_END_DO) {
        (void)snprintf(sql, sizeof sql,
                       "select sum(occurred) from mt_step where matter = $1 and step = 's%zu'", i);
        CHECK_I64(ask_sql(&t->o, sql, sh_str_of(t->d.id)).ret, end_of(timer->due)); /* once, on that day */
    } else if (timer->text->end != SH_END_WARN) {
        CHECK(!may_without_reason(t, i));
    }
}

static void every_clock_ends_with_the_last_second_of_its_last_day(void **state) {
    (void)state;
    struct timers *t = timers_new();
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        int32_t event = 0, last = 0;
        begin(t, starts[s], &event);
        for (size_t i = 0; i < t->n; i++) {
            CHECK_I64(ask_clock(t, "due_day", i), t->of[i].due);
            last = t->of[i].due > last ? t->of[i].due : last;
        }
        for (int32_t day = event; day <= last; day++) {
            size_t n_running = 0;
            t->o.clock.fixed_utc = end_of(day) - 1;
            (void)run_due(&t->o);
            for (size_t i = 0; i < t->n; i++) {
                n_running += t->of[i].due >= day;
                if ((t->of[i].due == day || t->of[i].due == day + 1) && t->of[i].text->end != SH_END_DO &&
                    t->of[i].text->end != SH_END_WARN)
                    CHECK(may_without_reason(t, i)); /* the day before, and on the last day */
            }
            CHECK_I64(ask_sql(&t->o, "select count(*) from mt_clock where matter = $1 and state = 'running'",
                              sh_str_of(t->d.id))
                          .ret,
                      (int64_t)n_running);
            t->o.clock.fixed_utc = end_of(day);
            (void)run_due(&t->o);
            for (size_t i = 0; i < t->n; i++)
                if (t->of[i].due == day)
                    check_ended(t, i);
        }
        CHECK_I64((int64_t)run_due(&t->o), 0);
        sh_arena_free(&t->d.arena);
    }
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < OVERS; k++) {
            if (!t->of[i].over[k])
                print_error("clock %.*s: no start takes it over %s\n", SH_ARG(t->of[i].text->name),
                            k == OVER_HOLIDAY   ? "a holiday"
                            : k == OVER_MAKE_UP ? "a make-up working day"
                                                : "29 February");
            CHECK(t->of[i].over[k]);
        }
    check_journal(&t->o);
    office_drop(&t->o);
}

static size_t due_between(const struct timers *t, int32_t after, int32_t last) {
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->of[i].due > after && t->of[i].due <= last;
    return n;
}

/* The evening after which three days without a server miss the most ends, on more than one of them. */
static int32_t worst_evening(const struct timers *t, int32_t event) {
    int32_t worst = event;
    for (int32_t day = event; day < event + 60; day++)
        if (due_between(t, day, day + 3) > due_between(t, worst, worst + 3) &&
            due_between(t, day, day + 1) < due_between(t, day, day + 3))
            worst = day;
    CHECK(due_between(t, worst, worst + 3) >= 4);
    CHECK(due_between(t, worst, worst + 1) > 0 || due_between(t, worst + 1, worst + 2) > 0);
    return worst;
}

/* What fell due while nobody was there was recorded when somebody was there again. */
static void check_recorded_now(struct timers *t, int32_t after, int32_t last) {
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "select count(*) from mt_step where matter = $1 and actor = 'law' and occurred > %lld and "
                   "occurred <= %lld and recorded <> %lld",
                   (long long)end_of(after), (long long)end_of(last), (long long)t->o.clock.fixed_utc);
    CHECK_I64(ask_sql(&t->o, sql, sh_str_of(t->d.id)).ret, 0);
}

/* For three days, and then for all the rest, nobody is there: all ends are carried out in order, dated as if
 * somebody had been. */
static void a_server_that_stood_still_catches_up_in_order(void **state) {
    (void)state;
    struct timers *t = timers_new();
    int32_t event = 0;
    begin(t, starts[0], &event);
    const int32_t evening = worst_evening(t, event);
    t->o.clock.fixed_utc = end_of(evening);
    CHECK_I64((int64_t)run_due(&t->o), (int64_t)due_between(t, event, evening));
    t->o.clock.fixed_utc = end_of(evening + 3);
    CHECK_I64((int64_t)run_due(&t->o), (int64_t)due_between(t, evening, evening + 3));
    for (size_t i = 0; i < t->n; i++)
        if (t->of[i].due > evening && t->of[i].due <= evening + 3)
            check_ended(t, i);
    check_recorded_now(t, evening, evening + 3);
    t->o.clock.fixed_utc = end_of(event + 200);
    CHECK_I64((int64_t)run_due(&t->o), (int64_t)due_between(t, evening + 3, event + 200));
    for (size_t i = 0; i < t->n; i++)
        check_ended(t, i);
    const struct asked wrong =
        ask_sql(&t->o,
                "select count(*) from mt_step a join mt_step b on a.matter = b.matter and a.seq < b.seq and "
                "a.occurred > b.occurred where a.matter = $1",
                sh_str_of(t->d.id));
    CHECK_I64(wrong.ret, 0);
    check_recorded_now(t, evening + 3, event + 200);
    sh_arena_free(&t->d.arena);
    office_drop(&t->o);
}

#define BY_HOURS                                                                                             \
    "procedure: hourly\nname: 时限 / Hourly\nrank: local_paper\nin_force: {from: 2021-01-01}\nrunning: "   \
    "next_step\nbasis: [T]\nabout: institution\nbody: agency\nopen_by: own agency.auditor\n"                 \
    "fields: {words: {type: text, name: 文字}}\nstates: {open: 进行 / Open, done: 完 / Done}\n"         \
    "final: [done]\nclocks:\n"                                                                               \
    "  c0: {name: C, basis: T, from: opened, length: 24 hours, warn: 2 hours, end: mark s0}\n"               \
    "steps:\n  s0: {name: S, from: open, to: done, by: own agency.auditor, basis: T}\n"

/* T1: hours run by the minute through nights and holidays and never roll. */
static void a_clock_of_hours_ends_by_the_second_and_over_a_holiday(void **state) {
    (void)state;
    static struct timers t;
    t = (struct timers){.o = office_of_own_law("2024-09-30 17:30:00")};
    write_law(&t.o, "procedures/hourly.yaml", BY_HOURS);
    office_reread(&t.o);
    office_open(&t.o);
    office_people_the_city(&t.o);
    CHECK(open_about(&t.d, &t.o, "hourly", NULL, 0) == SH_OK);
    const int64_t end = utc_of("2024-10-01 17:30:00");
    CHECK_I64(ask_clock(&t, "due", 0), end);
    t.o.clock.fixed_utc = end - 1;
    CHECK_I64((int64_t)run_due(&t.o), 0);
    CHECK(may_without_reason(&t, 0));
    t.o.clock.fixed_utc = end;
    (void)run_due(&t.o);
    CHECK_I64(ask_clock(&t, "state = 'running'", 0), 0);
    CHECK(!may_without_reason(&t, 0));
    check_journal(&t.o);
    sh_arena_free(&t.d.arena);
    office_drop(&t.o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clock_ends_with_the_last_second_of_its_last_day),
        cmocka_unit_test(a_server_that_stood_still_catches_up_in_order),
        cmocka_unit_test(a_clock_of_hours_ends_by_the_second_and_over_a_holiday)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
