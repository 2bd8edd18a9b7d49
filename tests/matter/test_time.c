/* Goal: time that does not count, extensions, outer clocks, lapsed texts and new calendars move ends as the
 * law says, to the day, and are written down. */
#include "matter/own_law.h"

/* A case as the law of procedure has it: 15 working days, an appraisal does not count, two extensions in
 * order, the second never past the outer clock. */
static const char text[] =
    "procedure: timed\n"
    "name: 限期 / Timed\n"
    "rank: local_paper\n"
    "in_force: {from: 2021-01-01}\n"
    "running: next_step\n"
    "basis: [T]\n"
    "about: institution\n"
    "body: agency\n"
    "open_by: own agency.auditor\n"
    "fields: {words: {type: text, name: 文字}}\n"
    "states: {open: 进行 / Open, done: 完 / Done}\n"
    "final: [done]\n"
    "papers: {letter: {name: 函, document: breach-notice, to: agency, number: \"函〔{year}〕{seq}号\"}}\n"
    "clocks:\n"
    "  outer: {name: 总期限, basis: T, from: opened, length: 40 nd, warn: 1 nd, end: warn}\n"
    "  decide: {name: 决定期限, basis: T, from: opened, length: 15 nd, warn: 1 nd, end: mark finish, within: "
    "outer,\n"
    "    excluding: [{from: send_out, to: come_back, name: 鉴定, basis: T9}],\n"
    "    extend: [{step: first, length: 10 nd, basis: T10}, {step: second, length: 60 nd, basis: T10}]}\n"
    "steps:\n"
    "  send_out: {name: 送鉴定 / Send out, from: open, by: own agency.auditor, dated: stated, basis: T}\n"
    "  come_back: {name: 鉴定返回 / Back, from: open, by: own agency.auditor, dated: stated, basis: T}\n"
    "  first: {name: 首次延长 / First, from: open, by: own agency.head, basis: T}\n"
    "  second: {name: 再次延长 / Second, from: open, by: own agency.head, basis: T}\n"
    "  write: {name: 发函 / Write, from: open, by: own agency.auditor, issues: letter, basis: T}\n"
    "  finish: {name: 办结 / Finish, from: open, to: done, by: own agency.head, basis: T}\n"
    "  read: {name: 阅后办结 / Read, from: open, to: done, by: own agency.head, seen: [letter], basis: T}\n";

/* The store keeps the address of the office's clock: it is opened where the office stays. */
static struct office timed(const char *now) {
    struct office o = office_of_own_law(now);
    write_law(&o, "procedures/timed.yaml", text);
    office_reread(&o);
    return o;
}
static void start(struct office *o) {
    office_open(o);
    office_people_the_city(o);
}

static void open_timed(struct doing *d, struct office *o) {
    CHECK(open_about(d, o, "timed", NULL, 0) == SH_OK);
}

static sh_code try_it(struct doing *d, struct office *o, const char *role, const char *step,
                      const char *occurred) {
    become(d, o, "p", sh_str_of(role));
    d->act =
        (struct sh_matter_act){.step = sh_str_of(step), .occurred = sh_str_of(occurred), .why = SH_STR("")};
    return do_it(d);
}

static void must(struct doing *d, struct office *o, const char *role, const char *step,
                 const char *occurred) {
    const sh_code code = try_it(d, o, role, step, occurred);
    for (size_t i = 0; code != SH_OK && i < d->failures.n; i++)
        print_error("%s: %.*s\n", step, SH_ARG(d->failures.of[i].message));
    CHECK(code == SH_OK);
}

static void check_due(struct office *o, const struct doing *d, const char *want) {
    const struct asked due =
        ask_sql(o, "select due_day from mt_clock where matter = $1 and clock = 'decide'", sh_str_of(d->id));
    char day[SH_DATE_TEXT_MAX] = "";
    if (due.ret)
        sh_date_format((int32_t)due.ret, day);
    CHECK_TEXT(day, want);
}

static void excluded_time_stops_the_clock_and_its_days_are_added(void **state) {
    (void)state;
    struct office o = timed("2026-03-02 10:00:00");
    start(&o);
    struct doing d = {.roll_back = false};
    open_timed(&d, &o);
    check_due(&o, &d, "2026-03-17");
    o.clock.fixed_utc = utc_of("2026-03-05 10:00:00");
    must(&d, &o, "agency.auditor", "send_out", "2026-03-05");
    check_due(&o, &d, ""); /* no due date, only days left */
    const struct asked paused =
        ask_sql(&o, "select paused from mt_clock where matter = $1 and clock = 'decide'", sh_str_of(d.id));
    CHECK_I64(paused.ret, 1);
    o.clock.fixed_utc = utc_of("2026-03-30 10:00:00"); /* long after what would have been its end */
    CHECK_I64((int64_t)run_due(&o), 0);
    must(&d, &o, "agency.auditor", "come_back", "2026-03-25");
    check_due(&o, &d,
              "2026-04-07"); /* 17 + 20 days is Monday 6 April, a holiday: rolled once, at the very end */
    o.clock.fixed_utc = utc_of("2026-04-07 23:59:59");
    must(&d, &o, "agency.head", "finish", "");
    sh_arena_free(&d.arena);
    check_journal(&o);
    office_drop(&o);
}

static void extensions_come_in_order_before_the_end_and_not_past_the_outer_clock(void **state) {
    (void)state;
    struct office o = timed("2026-03-02 10:00:00");
    start(&o);
    struct doing d = {.roll_back = false};
    open_timed(&d, &o);
    CHECK(try_it(&d, &o, "agency.head", "second", "") == SH_E_CANCELLED); /* the first was not used */
    CHECK(has_failure(&d, SH_FAIL_TIME));
    o.clock.fixed_utc = utc_of("2026-03-17 23:59:00");
    must(&d, &o, "agency.head", "first", "");
    check_due(&o, &d, "2026-03-27"); /* from the original start: 25 days */
    CHECK(try_it(&d, &o, "agency.head", "first", "") == SH_E_CANCELLED); /* once */
    must(&d, &o, "agency.head", "second", "");
    check_due(&o, &d,
              "2026-04-13"); /* 85 days, but the outer clock ends on the 40th, Saturday the 11th, rolled */
    sh_arena_free(&d.arena);
    struct doing late = {.roll_back = false};
    o.clock.fixed_utc = utc_of("2026-03-02 10:00:00") + (int64_t)60 * SH_DAY_SECONDS;
    open_timed(&late, &o);
    o.clock.fixed_utc += (int64_t)20 * SH_DAY_SECONDS;
    (void)run_due(&o);
    CHECK(try_it(&late, &o, "agency.head", "first", "") == SH_E_CANCELLED); /* after the end */
    CHECK(has_failure(&late, SH_FAIL_TIME));
    sh_arena_free(&late.arena);
    check_journal(&o);
    office_drop(&o);
}

static sh_code saw_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct doing *d = ctx;
    struct sh_rows rows;
    bool is = false;
    const struct sh_desk desk = {d->o->texts, &d->who, &d->arena, &d->failures};
    const struct sh_str id = sh_str_of(d->id);
    SH_TRY(sh_sql_query(txn, "select id from mt_paper where matter = $1", &SH_TEXT(id), 1, &d->arena, &rows,
                        err));
    SH_TRY(sh_matter_asks_seen(txn, &desk, id, sh_cell(&rows, 0, 0)->str, &is, err));
    CHECK(is);
    SH_TRY(sh_matter_saw(txn, &desk, id, sh_cell(&rows, 0, 0)->str, err));
    SH_TRY(sh_matter_asks_seen(txn, &desk, id, sh_cell(&rows, 0, 0)->str, &is, err));
    CHECK(!is); /* once */
    return SH_OK;
}

static void what_must_be_read_is_opened_by_the_actor_himself_and_long_enough(void **state) {
    (void)state;
    const struct sh_act act = {.actor = SH_STR("p-agency.head"), .why = SH_STR("opened")};
    struct office o = timed("2026-03-02 10:00:00");
    start(&o);
    struct doing d = {.roll_back = false};
    struct sh_err err = {0};
    open_timed(&d, &o);
    must(&d, &o, "agency.auditor", "write", "");
    CHECK(try_it(&d, &o, "agency.head", "read", "") == SH_E_CANCELLED);
    CHECK(has_failure(&d, SH_FAIL_SEEN));
    become(&d, &o, "p", SH_STR("agency.auditor")); /* somebody else's eyes do not count */
    CHECK_OK(sh_store_write(o.store, &act, saw_body, &d, NULL, &err), &err);
    o.clock.fixed_utc += 3600;
    CHECK(try_it(&d, &o, "agency.head", "read", "") == SH_E_CANCELLED);
    become(&d, &o, "p", SH_STR("agency.head"));
    CHECK_OK(sh_store_write(o.store, &act, saw_body, &d, NULL, &err), &err);
    o.clock.fixed_utc += 29;
    CHECK(try_it(&d, &o, "agency.head", "read", "") == SH_E_CANCELLED); /* the city asks for 30 seconds */
    CHECK(has_failure(&d, SH_FAIL_SEEN));
    o.clock.fixed_utc += 1;
    must(&d, &o, "agency.head", "read", "");
    sh_arena_free(&d.arena);
    check_journal(&o);
    office_drop(&o);
}

/* ---- texts that end ------------------------------------------------------------------------------------ */

#define LAPSED                                                                                               \
    "procedure: lapsed\nname: 失效 / Lapsed\nrank: local_paper\nin_force: {from: 2021-01-01, to: "         \
    "2025-12-31}\n"                                                                                          \
    "after_lapse: acts_before\nrunning: next_step\nbasis: [T]\nabout: institution\nbody: agency\n"           \
    "open_by: own agency.auditor\nfields: {act_day: {type: date, name: 行为日}}\n"                        \
    "states: {open: 进行 / Open, done: 完 / Done}\nfinal: [done]\n"                                       \
    "steps: {finish: {name: 办结 / Finish, from: open, to: done, by: own agency.auditor, basis: T}}\n"

static void a_lapsed_text_serves_acts_before_its_end_and_names_the_gap_for_others(void **state) {
    (void)state;
    static const struct sh_matter_value before[] = {V("act_day", "2025-12-31")};
    static const struct sh_matter_value after[] = {V("act_day", "2026-01-01")};
    struct office o = office_of_own_law("2025-12-30 10:00:00");
    write_law(&o, "procedures/lapsed.yaml", LAPSED);
    office_reread(&o);
    office_open(&o);
    office_people_the_city(&o);
    struct doing running = {.roll_back = false}, d = {.roll_back = false};
    CHECK(open_about(&running, &o, "lapsed", NULL, 0) == SH_OK);
    o.clock.fixed_utc = utc_of("2026-01-05 10:00:00");
    CHECK(open_about(&d, &o, "lapsed", before, 1) == SH_OK);
    CHECK(open_about(&d, &o, "lapsed", after, 1) == SH_E_CANCELLED);
    CHECK(has_failure(&d, SH_FAIL_UNKNOWN));
    CHECK(open_about(&d, &o, "lapsed", NULL, 0) == SH_E_CANCELLED); /* an act of today */
    must(&running, &o, "agency.auditor", "finish", "");             /* what is open goes on */
    sh_arena_free(&running.arena), sh_arena_free(&d.arena);
    office_drop(&o);
}

#define OF_THE_PLACE                                                                                         \
    "procedure: ruled\nname: 地方 / Ruled\nplace: 990100\nrank: local_paper\n"                             \
    "in_force: {from: 2022-01-01, to: 2025-12-31}\nafter_lapse: acts_before\nrunning: next_step\nbasis: "    \
    "[T]\n"                                                                                                  \
    "about: institution\nbody: agency\nopen_by: own agency.auditor\n"                                        \
    "fields: {act_day: {type: date, name: 行为日}}\n"                                                     \
    "states: {local: 地方 / Local, done: 完 / Done}\nfinal: [done]\n"                                     \
    "steps: {finish: {name: 办结 / Finish, from: local, to: done, by: own agency.auditor, basis: T}}\n"
#define OF_ALL                                                                                               \
    "procedure: ruled\nname: 全国 / Ruled\nrank: law\nin_force: {from: 2015-01-01}\nrunning: next_step\n"  \
    "basis: [T]\nabout: institution\nbody: agency\nopen_by: own agency.auditor\n"                            \
    "fields: {act_day: {type: date, name: 行为日}}\n"                                                     \
    "states: {general: 全国 / General, done: 完 / Done}\nfinal: [done]\n"                                 \
    "steps: {finish: {name: 办结 / Finish, from: general, to: done, by: own agency.auditor, basis: T}}\n"

/* five years of a local rule, before and after it the general one; also when it has lapsed long ago. */
static void the_day_of_the_act_picks_the_text(void **state) {
    (void)state;
    static const struct {
        struct sh_matter_value day;
        const char *now, *state;
    } cases[] = {{V("act_day", "2022-01-01"), "2024-03-04 10:00:00", "local"},
                 {V("act_day", "2025-12-31"), "2026-03-04 10:00:00", "local"},
                 {V("act_day", "2022-01-01"), "2026-03-04 10:00:00", "local"},
                 {V("act_day", "2021-12-31"), "2026-03-04 10:00:00", "general"},
                 {V("act_day", "2026-01-01"), "2026-03-04 10:00:00", "general"}};
    struct office o = office_of_own_law("2024-03-04 10:00:00");
    write_law(&o, "procedures/ruled-990100.yaml", OF_THE_PLACE);
    write_law(&o, "procedures/ruled.yaml", OF_ALL);
    office_reread(&o);
    office_open(&o);
    office_people_the_city(&o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doing d = {.roll_back = false};
        o.clock.fixed_utc = utc_of(cases[i].now);
        CHECK(open_about(&d, &o, "ruled", &cases[i].day, 1) == SH_OK);
        CHECK(is_in(&o, d.id, cases[i].state));
        sh_arena_free(&d.arena);
    }
    check_journal(&o);
    office_drop(&o);
}

/* ---- calendars ----------------------------------------------------------------------------------------- */

struct recounting {
    struct office *o;
    bool may_write;
    struct sh_recount report;
};
static sh_code recount_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct recounting *r = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    return sh_matter_recount(txn, r->o->texts, SH_STR(""), r->may_write, &arena, &r->report, err);
}

static void a_new_calendar_moves_open_ends_and_leaves_taken_effects_for_review(void **state) {
    (void)state;
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("calendar")};
    struct office o = office_of_own_law("2026-04-24 10:00:00");
    struct sh_err err;
    write_law(&o, "procedures/timed.yaml", text);
    copy_law(&o, "calendars/days.csv", "2026,2026-05-09"); /* the make-up Saturday was forgotten */
    office_reread(&o);
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false};
    open_timed(&d, &o); /* 15 days: Saturday 9 May, rolled to Monday the 11th */
    check_due(&o, &d, "2026-05-11");
    struct doing over = {.roll_back = false};
    open_timed(&over, &o);
    must(&over, &o, "agency.head", "finish", "");
    sh_store_close(o.store);
    copy_law(&o, "calendars/days.csv", NULL);
    office_reread(&o);
    office_open(&o);
    struct recounting r = {.o = &o};
    CHECK_OK(sh_store_read(o.store, recount_body, &r, &err), &err);
    CHECK_I64((int64_t)r.report.n_moved, 1); /* told, nothing written */
    check_due(&o, &d, "2026-05-11");
    r.may_write = true;
    CHECK_OK(sh_store_write(o.store, &act, recount_body, &r, NULL, &err), &err);
    check_due(&o, &d, "2026-05-09");
    const struct asked noted =
        ask_sql(&o, "select why from mt_step where matter = $1 and step = 'recount.decide'", sh_str_of(d.id));
    CHECK(strstr(noted.text, "2026-05-11") && strstr(noted.text, "2026-05-09"));
    r.may_write = false;
    CHECK_OK(sh_store_read(o.store, recount_body, &r, &err), &err);
    CHECK_I64((int64_t)r.report.n_moved, 0); /* and no more */
    /* one that passed by the newer calendar stands when an older one comes back, and is noted once */
    o.clock.fixed_utc = utc_of("2026-05-10 00:00:00");
    CHECK(run_due(&o) >= 1);
    sh_store_close(o.store);
    copy_law(&o, "calendars/days.csv", "2026,2026-05-09");
    office_reread(&o);
    office_open(&o);
    r.may_write = true;
    CHECK_OK(sh_store_write(o.store, &act, recount_body, &r, NULL, &err), &err);
    CHECK_I64((int64_t)r.report.n_moved, 1);
    r.may_write = false;
    CHECK_OK(sh_store_read(o.store, recount_body, &r, &err), &err);
    CHECK_I64((int64_t)r.report.n_moved, 0);
    sh_arena_free(&d.arena), sh_arena_free(&over.arena);
    check_journal(&o);
    office_drop(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excluded_time_stops_the_clock_and_its_days_are_added),
        cmocka_unit_test(extensions_come_in_order_before_the_end_and_not_past_the_outer_clock),
        cmocka_unit_test(what_must_be_read_is_opened_by_the_actor_himself_and_long_enough),
        cmocka_unit_test(a_lapsed_text_serves_acts_before_its_end_and_names_the_gap_for_others),
        cmocka_unit_test(the_day_of_the_act_picks_the_text),
        cmocka_unit_test(a_new_calendar_moves_open_ends_and_leaves_taken_effects_for_review),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
