/* Goal: what a text owes each period is opened by the law on its day for each row of the register, once, in
 * order after a standstill and however many servers run; and what a ledger calls for is opened once. */
#include "matter/own_law.h"

static int64_t number(struct office *o, const char *what, const char *period) {
    char sql[400];
    (void)snprintf(sql, sizeof sql,
                   "select %s from mt_matter where period = $1 and procedure <> 'review-month'", what);
    return ask_sql(o, sql, sh_str_of(period)).ret;
}

static void what_is_owed_is_open_on_its_day_and_never_twice(void **state) {
    (void)state;
    struct office o = office_new("2026-02-10 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    office_put(&o, "bodies", "ag2", "", "{\"kind\":\"agency\",\"place\":\"990100\"}");
    CHECK_I64((int64_t)begin_duties(&o), 3); /* the agencies' months and reviews, the bureaus' quarters */
    CHECK_I64((int64_t)run_due(&o), 0);      /* nothing for what was before the office had the texts */
    o.clock.fixed_utc = utc_of("2026-02-28 23:59:59");
    CHECK_I64((int64_t)run_due(&o), 0);
    struct doing d = {.roll_back = false}; /* one is opened by hand before its time */
    become(&d, &o, "p", SH_STR("agency.bookkeeper"));
    d.is_open = true;
    d.wanted = (struct sh_matter_new){.procedure = SH_STR("month-close"),
                                      .subject = SH_STR("ag2"),
                                      .period = SH_STR("2026-02"),
                                      .body = SH_STR(""),
                                      .parent = SH_STR("")};
    CHECK(do_it(&d) == SH_OK);
    o.clock.fixed_utc = utc_of("2026-03-01 00:00:00");
    CHECK_I64((int64_t)run_due(&o), 2); /* one boundary of two duties */
    CHECK_I64((int64_t)run_due(&o), 0);
    CHECK_I64(number(&o, "count(*)", "2026-02"),
              2); /* of two agencies; the hospital and the bureau owe none */
    CHECK_I64(number(&o, "min(case when subject = 'ag1' then opened_at else 9999999999 end)", "2026-02"),
              utc_of("2026-03-01 00:00:00"));
    CHECK_TEXT(ask_sql(&o,
                       "select actor from mt_step s join mt_matter m on m.id = s.matter where m.subject = "
                       "$1 and s.step = 'open'",
                       AGENCY)
                   .text,
               "law");
    CHECK_I64(number(&o, "count(*)", "2026-Q1"), 0);
    sh_arena_free(&d.arena);
    check_journal(&o);
    office_drop(&o);
}

/* Down for three days over the end of a quarter, and then for half a year. */
static void a_server_that_stood_still_opens_in_order_as_if_it_had_run(void **state) {
    (void)state;
    struct office o = office_new("2026-03-30 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    CHECK_I64((int64_t)begin_duties(&o), 3);
    o.clock.fixed_utc = utc_of("2026-04-03 09:00:00");
    sh_store_close(o.store); /* the server starts again, and nothing is forgotten or put off */
    office_open(&o);
    CHECK_I64((int64_t)begin_duties(&o), 0);
    CHECK_I64((int64_t)run_due(&o), 3);
    CHECK_I64(number(&o, "count(*)", "2026-03"), 1);
    CHECK_I64(number(&o, "count(*)", "2026-Q1"), 1);
    CHECK_I64(number(&o, "min(opened_at)", "2026-Q1"), utc_of("2026-04-01 00:00:00"));
    CHECK_I64(ask_sql(&o, "select recorded from mt_step where step = 'open' and occurred <> recorded limit 1",
                      (struct sh_str){NULL, 0})
                  .ret,
              utc_of("2026-04-03 09:00:00"));
    o.clock.fixed_utc = utc_of("2026-10-12 09:00:00");
    CHECK(run_due(&o) >= 8);
    CHECK_I64((int64_t)run_due(&o), 0);
    static const char *const owed[] = {"2026-04", "2026-05", "2026-06", "2026-07",
                                       "2026-08", "2026-09", "2026-Q2", "2026-Q3"};
    for (size_t i = 0; i < sizeof owed / sizeof owed[0]; i++)
        CHECK_I64(number(&o, "count(*)", owed[i]), 1);
    CHECK_I64(number(&o, "count(*)", "2026-10"), 0);
    /* what the third report's clock did stands behind its opening, and each report is late on its own day */
    CHECK_I64(number(&o, "late", "2026-Q2"), 1);
    CHECK_I64(number(&o, "late", "2026-Q3"), 1);
    CHECK_I64(
        ask_sql(&o,
                "select count(*) from mt_step a join mt_step b on a.matter = b.matter and a.seq < b.seq "
                "and a.occurred > b.occurred",
                (struct sh_str){NULL, 0})
            .ret,
        0);
    check_journal(&o);
    office_drop(&o);
}

/* More rows than one transaction goes through; between two of them another server does the next. */
static void many_rows_are_gone_through_piece_by_piece_each_once(void **state) {
    (void)state;
    enum { AGENCIES = 250 };
    struct office o = office_new("2026-02-10 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    for (int i = 0; i < AGENCIES - 1; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "b%04d", i);
        office_put(&o, "bodies", key, "", "{\"kind\":\"agency\",\"place\":\"990100\"}");
    }
    CHECK_I64((int64_t)begin_duties(&o), 3);
    o.clock.fixed_utc = utc_of("2026-03-01 00:00:00");
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("due")};
    struct due due = {.o = &o};
    struct sh_err err;
    CHECK_OK(sh_store_write(o.store, &act, due_body, &due, NULL, &err), &err);
    const int64_t some = number(&o, "count(*)", "2026-02");
    CHECK(some > 0 && some < AGENCIES); /* the server is killed here */
    sh_store_close(o.store);
    office_open(&o);
    CHECK_I64((int64_t)begin_duties(&o), 0);
    CHECK(run_due(&o) >= 1);
    CHECK_I64(number(&o, "count(*)", "2026-02"), AGENCIES);
    CHECK_I64(number(&o, "count(distinct subject)", "2026-02"), AGENCIES);
    check_journal(&o);
    office_drop(&o);
}

/* ---- watches ----------------------------------------------------------------------------------------- */

#define COUNTED                                                                                              \
    "procedure: counted\nname: 登记 / Counted\nrank: local_paper\nin_force: {from: 2021-01-01}\nrunning: " \
    "next_step\nbasis: [T]\nabout: institution\nbody: agency\nopen_by: own agency.auditor\nfields: {what: "  \
    "{type: choice, name: 措施, of: {suspend_agreement: 中止, refuse: 拒付}}}\n"                       \
    "states: {open: 进行 / Open, done: 完 / Done}\nfinal: [done]\nsteps:\n"                               \
    "  book: {name: 登记 / Book, from: open, to: done, by: own agency.auditor, needs: [what], basis: T,\n" \
    "    writes: {register: decisions, fields: {number: number, subject: subject, source: number, measure: " \
    "what, decided_on: today, body: body, place: place}}}\n"

static void book(struct office *o, struct sh_matter_value measure) {
    struct doing d = {.roll_back = false};
    CHECK(open_about(&d, o, "counted", NULL, 0) == SH_OK);
    d.act =
        (struct sh_matter_act){.step = SH_STR("book"), .why = SH_STR(""), .values = &measure, .n_values = 1};
    CHECK(do_it(&d) == SH_OK);
    sh_arena_free(&d.arena);
}

static int64_t proposals(struct office *o, const char *where) {
    char sql[300];
    (void)snprintf(sql, sizeof sql, "select count(*) from mt_matter where procedure = $1%s", where);
    return ask_sql(o, sql, SH_STR("termination-proposal")).ret;
}

static void drop_proposal(struct office *o) {
    static const struct sh_matter_value why[] = {V("reason", "已整改到位")};
    struct doing d = {.roll_back = false};
    const struct asked id = ask_sql(o, "select id from mt_matter where procedure = $1 and final = 0",
                                    SH_STR("termination-proposal"));
    (void)snprintf(d.id, sizeof d.id, "%.32s", id.text);
    become(&d, o, "p", SH_STR("agency.head"));
    d.act = (struct sh_matter_act){.step = SH_STR("drop"), .why = SH_STR(""), .values = why, .n_values = 1};
    CHECK(do_it(&d) == SH_OK);
    sh_arena_free(&d.arena);
}

static void a_second_suspension_in_the_term_calls_for_a_proposal_once(void **state) {
    (void)state;
    static const struct sh_matter_value suspended = V("what", "suspend_agreement"),
                                        refused = V("what", "refuse");
    struct office o = office_of_own_law("2025-01-10 09:00:00");
    write_law(&o, "procedures/counted.yaml", COUNTED);
    office_reread(&o);
    office_open(&o);
    office_people_the_city(&o);
    book(&o, suspended);
    o.clock.fixed_utc = utc_of("2026-01-10 09:00:00"); /* a year later the first counts no more */
    book(&o, suspended);
    book(&o, refused);
    CHECK_I64(proposals(&o, ""), 0);
    o.clock.fixed_utc = utc_of("2027-01-09 09:00:00"); /* the last day of that year */
    book(&o, suspended);
    CHECK_I64(proposals(&o, ""), 1);
    CHECK_I64(proposals(&o, " and subject = 'H1' and body = 'ag1' and parent = ''"), 1);
    const struct asked fields =
        ask_sql(&o, "select fields from mt_matter where procedure = $1", SH_STR("termination-proposal"));
    CHECK(strstr(fields.text, "twice_suspended") && strstr(fields.text, "2 次") &&
          strstr(fields.text, "2027-01-09"));
    const struct asked why =
        ask_sql(&o, "select why from mt_step where step = 'open' and actor = $1", SH_STR("law"));
    CHECK(strstr(why.text, "counted-ag1-2027-") != NULL);
    book(&o, suspended); /* while it is open it stands for the next too */
    book(&o, refused);
    CHECK_I64(proposals(&o, ""), 1);
    drop_proposal(&o);
    book(&o, suspended); /* a new fact after it was dropped */
    CHECK_I64(proposals(&o, ""), 2);
    CHECK_I64(proposals(&o, " and final = 0"), 1);
    CHECK_I64(ask_sql(&o, "select count(*) from mt_watch where watch = $1",
                      SH_STR("termination-proposal.twice_suspended"))
                  .ret,
              3);
    check_journal(&o);
    office_drop(&o);
}

#define UNSURE                                                                                                  \
    "procedure: unsure\nname: 存疑 / Unsure\nrank: local_paper\nin_force: {from: 2021-01-01}\nrunning: "      \
    "next_step\nbasis: [T]\nabout: institution\nbody: agency\nopen_by: own agency.auditor\nfields: {words: "    \
    "{type: text, name: 说明}}\nreads: {decision: {register: decisions, by: subject}}\nwatches:\n"            \
    "  often: {name: 屡次拒付, basis: T, register: decisions, where: measure = refuse, subject: subject,\n" \
    "    if: count(decision where measure = refuse) >= param(joint.draw_frequency),\n"                          \
    "    with: {words: =屡次拒付}}\n"                                                                       \
    "states: {open: 进行 / Open, done: 完 / Done}\nfinal: [done]\nsteps:\n"                                  \
    "  end: {name: 办结 / End, from: open, to: done, by: own agency.auditor, basis: T}\n"

/* A number that nobody has set: an officer is told, once, and not by a matter that claims what is not known.
 */
static void a_watch_that_cannot_be_answered_is_put_before_people(void **state) {
    (void)state;
    static const struct sh_matter_value suspended = V("what", "suspend_agreement"),
                                        refused = V("what", "refuse");
    struct office o = office_of_own_law("2026-01-10 09:00:00");
    write_law(&o, "procedures/counted.yaml", COUNTED);
    write_law(&o, "procedures/unsure.yaml", UNSURE);
    office_reread(&o);
    office_open(&o);
    office_people_the_city(&o);
    book(&o, suspended);
    CHECK_I64(ask_sql(&o, "select count(*) from mt_matter where procedure = $1", SH_STR("unsure")).ret, 0);
    book(&o, refused);
    book(&o, refused); /* the open one stands for it */
    CHECK_I64(ask_sql(&o, "select count(*) from mt_matter where procedure = $1", SH_STR("unsure")).ret, 1);
    const struct asked why =
        ask_sql(&o, "select why from mt_step where step = 'open' and actor = $1", SH_STR("law"));
    CHECK(strstr(why.text, "joint.draw_frequency") && strstr(why.text, "无法判断"));
    const struct asked fields =
        ask_sql(&o, "select fields from mt_matter where procedure = $1", SH_STR("unsure"));
    CHECK(strstr(fields.text, "屡次拒付") == NULL);
    check_journal(&o);
    office_drop(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_owed_is_open_on_its_day_and_never_twice),
        cmocka_unit_test(a_server_that_stood_still_opens_in_order_as_if_it_had_run),
        cmocka_unit_test(many_rows_are_gone_through_piece_by_piece_each_once),
        cmocka_unit_test(a_second_suspension_in_the_term_calls_for_a_proposal_once),
        cmocka_unit_test(a_watch_that_cannot_be_answered_is_put_before_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
