/* Goal: kill -9 inside bulk acts, panels, meetings and the duty leaves no act half done, no paper number
 * twice, no end carried out twice; nor do two servers on one PostgreSQL. CHECK_ROUNDS rounds (default 3). */
#include "matter/office.h"
#include <signal.h>
#include <sys/wait.h>

enum { FINDINGS = 1000, CLOCKS = 30 };

static void load(struct office *o) {
    static char keys[FINDINGS][24];
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_finding_in *rows = sh_new(&arena, struct sh_finding_in, FINDINGS);
    CHECK(rows != NULL);
    for (size_t i = 0; i < FINDINGS; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "finding-%zu", i);
        rows[i] = office_finding(sh_str_of(keys[i]), 100);
    }
    CHECK_I64(office_load(o, rows, FINDINGS).made, FINDINGS);
    CHECK_I64(office_load(o, rows, FINDINGS).same, FINDINGS); /* the same again: nothing to write */
}

struct bulking {
    struct office *o;
    int pipe;
};
/* All rows to one colleague and on to the next, for as long as one lives. */
static sh_code bulk_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct office *o = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    struct doing d = {.roll_back = false};
    struct sh_rows rows;
    struct sh_failures failures;
    struct sh_json json;
    static const struct sh_matter_value to[] = {{{"assigned", 8}, {"p9", 2}}};
    become(&d, o, "p", SH_STR("agency.reviewer"));
    SH_TRY(sh_sql_query(txn, "select id, version from mt_item order by id", NULL, 0, &arena, &rows, err));
    struct sh_item_row *list = sh_new(&arena, struct sh_item_row, rows.n_rows + 1);
    if (!list)
        return SH_E_NOMEM;
    for (size_t i = 0; i < rows.n_rows; i++)
        list[i] = (struct sh_item_row){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->i64};
    const struct sh_bulk bulk = {.step = SH_STR("assign"),
                                 .why = SH_STR("x"),
                                 .rows = list,
                                 .n_rows = rows.n_rows,
                                 .values = to,
                                 .n_values = 1};
    const struct sh_desk desk = {o->texts, &d.who, &arena, &failures};
    sh_json_begin(&json, &out);
    return sh_items_act(txn, &desk, &bulk, false, &json, err);
}

static void bulk_until_killed(struct office *o, int pipe) {
    const struct sh_act act = {.actor = SH_STR("p-agency.reviewer"), .why = SH_STR("x")};
    office_open(o);
    for (;;) {
        struct sh_err err;
        if (sh_store_write(o->store, &act, bulk_body, o, NULL, &err) != SH_OK || write(pipe, "x", 1) != 1)
            _exit(3);
    }
}

/* Start it in a child, let it finish `acts` of them (or all there are), kill it a moment later. */
static void kill_while(struct office *o, void (*work)(struct office *o, int pipe), int acts,
                       useconds_t later) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    sh_store_close(o->store);
    o->store = NULL;
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ends[0]);
        work(o, ends[1]);
        _exit(4);
    }
    close(ends[1]);
    char one;
    for (int i = 0; i < acts && read(ends[0], &one, 1) == 1; i++)
        ;
    usleep(later);
    CHECK(kill(child, SIGKILL) == 0);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status)); /* one that gave up by itself failed */
    close(ends[0]);
    office_open(o);
}

static int rounds(void) {
    const char *text = getenv("CHECK_ROUNDS");
    const int n = text ? (int)strtol(text, NULL, 10) : 3;
    return n > 0 ? n : 3;
}

static void a_bulk_act_is_whole_or_not_at_all(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    load(&o);
    for (int round = 0; round < rounds(); round++) {
        kill_while(&o, bulk_until_killed, 1, (useconds_t)(20000 + round * 37000 % 150000));
        const struct asked torn = ask_sql(&o,
                                          "select count(*) from (select a.id from mt_act a left join "
                                          "mt_item_step s on s.act = a.id group by a.id, a.n "
                                          "having count(s.item) <> a.n) as torn",
                                          (struct sh_str){0});
        CHECK_I64(torn.ret, 0);
        const struct asked lost = ask_sql(&o,
                                          "select count(*) from mt_item_step s left join mt_act a on a.id = "
                                          "s.act where s.step = 'assign' and a.id is null",
                                          (struct sh_str){0});
        CHECK_I64(lost.ret, 0);
        const struct asked versions =
            ask_sql(&o, "select count(distinct version) from mt_item", (struct sh_str){0});
        CHECK_I64(versions.ret, 1); /* all rows went together */
    }
    check_journal(&o);
    office_drop(&o);
}

/* ---- the duty ----------------------------------------------------------------------------------------
 */

static const struct sh_matter_value proposal[] = {
    V("facts", "x"),         V("evidence", "x"),      V("clause", "x"),        V("source", "B-1"),
    V("measure", "recover"), V("severity", "normal"), V("amount", "50000.00"), V("fund", "390")};
static const struct sh_matter_value hand[] = {V("way", "direct"), V("receipt", "R1")};

static void must_do(struct doing *d, struct office *o, const char *role, const char *step,
                    const struct sh_matter_value *values, size_t n) {
    become(d, o, "p", sh_str_of(role));
    d->act = (struct sh_matter_act){.step = sh_str_of(step), .values = values, .n_values = n};
    CHECK(do_it(d) == SH_OK);
}

static void duty_until_killed(struct office *o, int pipe) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("due")};
    office_open(o);
    struct due due = {.o = o};
    struct sh_err err;
    while (sh_store_write(o->store, &act, due_body, &due, NULL, &err) == SH_OK)
        if (write(pipe, "x", 1) != 1)
            _exit(3);
    close(pipe); /* nothing is left to do: the parent waits for no more */
    pause();
}

/* Breach matters told and served, whose time to answer runs. */
static void notify_all(struct office *o) {
    for (int i = 0; i < CLOCKS; i++) {
        struct doing d = {.roll_back = false}, service = {.roll_back = false};
        become(&d, o, "p", SH_STR("agency.auditor"));
        d.is_open = true;
        d.wanted = (struct sh_matter_new){.procedure = SH_STR("breach-decision"),
                                          .subject = HOSPITAL,
                                          .body = SH_STR(""),
                                          .period = SH_STR(""),
                                          .parent = SH_STR("")};
        CHECK(do_it(&d) == SH_OK);
        d.is_open = false;
        must_do(&d, o, "agency.auditor", "notify", proposal, sizeof proposal / sizeof proposal[0]);
        const struct asked sub = ask_sql(o, "select id from mt_matter where parent = $1", sh_str_of(d.id));
        (void)snprintf(service.id, sizeof service.id, "%.32s", sub.text);
        must_do(&service, o, "agency.auditor", "hand", hand, 2);
        sh_arena_free(&d.arena), sh_arena_free(&service.arena);
    }
}

static void check_lapses(struct office *o) {
    const struct asked heard =
        ask_sql(o, "select count(*) from mt_matter where procedure = 'breach-decision' and state = 'heard'",
                (struct sh_str){0});
    CHECK_I64(heard.ret, CLOCKS);
    const struct asked lapses =
        ask_sql(o, "select count(*) from mt_step where step = 'lapse'", (struct sh_str){0});
    CHECK_I64(lapses.ret, CLOCKS);
    const struct asked numbers =
        ask_sql(o, "select count(*) - count(distinct number) from mt_paper", (struct sh_str){0});
    CHECK_I64(numbers.ret, 0);
}

static void an_end_is_carried_out_once_however_often_the_server_dies(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    notify_all(&o);
    o.clock.fixed_utc = utc_of("2026-03-20 09:00:00");
    for (int round = 0; round < rounds(); round++)
        kill_while(&o, duty_until_killed, 3, (useconds_t)(round * 900 % 5000));
    (void)run_due(&o);
    check_lapses(&o);
    const struct asked gaps = ask_sql(&o,
                                      "select last - (select count(*) from mt_paper) from mt_number where "
                                      "kind = (select max(kind) from mt_number where kind > 'z')",
                                      (struct sh_str){0});
    CHECK_I64(gaps.ret, 0); /* no number lost */
    check_journal(&o);
    office_drop(&o);
}

/* ---- panels ------------------------------------------------------------------------------------------ */

/* Of a matter the panel has not decided yet: each of the three speaks, then each signs the minutes, then the
 * head decides; false: none is left. */
static bool next_voice(struct office *o) {
    static const char *const people[][2] = {
        {"p", "agency.chief"}, {"p", "agency.panel"}, {"p2", "agency.panel"}};
    static const struct sh_matter_value agree[] = {V("opinion", "agree")},
                                        minutes[] = {V("held_on", "2026-03-02"),   V("held_at", "会议室"),
                                                     V("chair", "主任"),           V("recorder", "记录人"),
                                                     V("roster", "甲|主任|到会|"), V("report", "汇报"),
                                                     V("opinions", "甲|同意|")};
    const struct asked matter = ask_sql(o,
                                        "select id from mt_matter where procedure = 'breach-decision' and "
                                        "state = 'heard' order by id limit 1",
                                        (struct sh_str){0});
    if (matter.text[0] == '\0')
        return false;
    const int64_t n = ask_sql(o,
                              "select (select count(*) from mt_voice where matter = $1) + (select count(*) "
                              "from mt_sign where matter = $1 and step = 'minute')",
                              sh_str_of(matter.text))
                          .ret;
    struct doing d = {.roll_back = false};
    (void)snprintf(d.id, sizeof d.id, "%.32s", matter.text);
    become(&d, o, n < 6 ? people[n % 3][0] : "p",
           n < 6 ? sh_str_of(people[n % 3][1]) : SH_STR("agency.head"));
    d.act = n < 3   ? (struct sh_matter_act){.step = SH_STR("gate.panel"), .values = agree, .n_values = 1}
            : n < 6 ? (struct sh_matter_act){.step = SH_STR("minute"),
                                             .values = minutes,
                                             .n_values = sizeof minutes / sizeof minutes[0]}
                    : (struct sh_matter_act){.step = SH_STR("decide")};
    CHECK(do_it(&d) == SH_OK);
    sh_arena_free(&d.arena);
    return true;
}

static void panel_until_killed(struct office *o, int pipe) {
    office_open(o);
    while (next_voice(o))
        if (write(pipe, "x", 1) != 1)
            _exit(3);
    close(pipe);
    pause();
}

static void check_none(struct office *o, const char *sql) {
    const int64_t n = ask_sql(o, sql, (struct sh_str){0}).ret;
    if (n)
        print_error("%lld: %s\n", (long long)n, sql);
    CHECK_I64(n, 0);
}

/* Each voice is a step in the file, each decision has its three voices, its minutes signed by three, its
 * paper and its row in the ledger. */
static void check_panels(struct office *o) {
    check_none(
        o, "select count(*) from mt_matter m where (select count(*) from mt_voice v where v.matter = m.id) "
           "<> (select count(*) from mt_step s where s.matter = m.id and s.step = 'gate.panel')");
    check_none(
        o, "select count(*) from mt_step d where d.step = 'decide' and ((select count(*) from mt_voice v "
           "where v.matter = d.matter) <> 3 or (select count(*) from mt_paper p where p.matter = d.matter "
           "and p.kind = 'breach_decision') <> 1 or (select count(*) from mt_written r where r.matter = "
           "d.matter and r.register = 'decisions') <> 1)");
    check_none(
        o, "select count(*) from mt_step d where d.step = 'minute' and ((select count(*) from mt_sign s "
           "where s.matter = d.matter and s.step = 'minute') <> 3 or (select count(*) from mt_paper p where "
           "p.matter = d.matter and p.kind = 'panel_minutes') <> 1)");
    check_none(o, "select count(*) from mt_step d where d.step = 'decide' and not exists (select 1 from "
                  "mt_step s where s.matter = d.matter and s.step = 'minute')");
    check_none(o,
               "select count(*) from mt_matter m where m.procedure = 'breach-decision' and (m.state = "
               "'decided') <> exists (select 1 from mt_step s where s.matter = m.id and s.step = 'decide')");
    check_none(o, "select count(*) - count(distinct number) from mt_paper");
}

static void a_panel_speaks_and_decides_once_however_often_the_server_dies(void **state) {
    (void)state;
    static const struct sh_matter_value waived[] = {V("answer", "waived")};
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    notify_all(&o);
    for (int i = 0; i < CLOCKS; i++) {
        const struct asked told =
            ask_sql(&o, "select min(id) from mt_matter where state = 'notified'", (struct sh_str){0});
        struct doing d = {.roll_back = false};
        (void)snprintf(d.id, sizeof d.id, "%.32s", told.text);
        must_do(&d, &o, "institution.user", "answer", waived, 1);
        office_examine(&d, &o);
        sh_arena_free(&d.arena);
    }
    for (int round = 0; round < rounds(); round++) {
        kill_while(&o, panel_until_killed, 5 + 4 * round, (useconds_t)(round * 900 % 5000));
        check_panels(&o);
    }
    while (next_voice(&o))
        ;
    check_panels(&o);
    CHECK_I64(ask_sql(&o, "select count(*) from mt_step where step = 'decide'", (struct sh_str){0}).ret,
              CLOCKS);
    check_journal(&o);
    office_drop(&o);
}

/* ---- two servers ------------------------------------------------------------------------------------- */

/* A server of its own over the same database: it looks for what is due until nothing is. */
static void serve_beside(struct office *o, int number) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("due")};
    struct due due = {.o = o};
    struct sh_err err;
    (void)snprintf(o->data, sizeof o->data, "%s/data%d", o->dir, number);
    (void)snprintf(o->heads, sizeof o->heads, "%s/heads%d", o->dir, number);
    office_open(o);
    for (;;) {
        const sh_code code = sh_store_write(o->store, &act, due_body, &due, NULL, &err);
        if (code == SH_E_CANCELLED)
            break;
        if (code != SH_OK && code != SH_E_BUSY && code != SH_E_CONFLICT)
            _exit(3);
    }
    sh_store_close(o->store);
    _exit(0);
}

static void two_servers_on_one_database_carry_out_each_end_once(void **state) {
    (void)state;
    if (!getenv("CHECK_PG"))
        skip();
    struct office o = office_new("2026-03-02 09:00:00");
    office_on_postgres(&o);
    office_open(&o);
    office_people_the_city(&o);
    notify_all(&o);
    static const char *const owed[] = {"month-close 2026-03", "quarter-report 2026-Q1",
                                       "review-month 2026-03"};
    enum { OWED = sizeof owed / sizeof owed[0] };
    CHECK_I64((int64_t)begin_duties(&o), OWED);
    o.clock.fixed_utc = utc_of("2026-04-03 09:00:00");
    sh_store_close(o.store);
    pid_t servers[2];
    for (int i = 0; i < 2; i++) {
        servers[i] = fork();
        CHECK(servers[i] >= 0);
        if (servers[i] == 0)
            serve_beside(&o, i + 1);
    }
    for (int i = 0; i < 2; i++) {
        int status = 0;
        CHECK(waitpid(servers[i], &status, 0) == servers[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    office_open(&o);
    CHECK_I64((int64_t)run_due(&o), 0);
    check_lapses(&o);
    for (size_t i = 0; i < OWED; i++) /* duties too */
        CHECK_I64(ask_sql(&o, "select count(*) from mt_matter where procedure || ' ' || period = $1",
                          sh_str_of(owed[i]))
                      .ret,
                  1);
    check_journal(&o);
    office_drop(&o);
}

/* ---- a meeting --------------------------------------------------------------------------------------- */

enum { TABLED = 12 };

static void open_one(struct office *o, struct doing *d, struct sh_str procedure, struct sh_str subject) {
    become(d, o, "p", SH_STR("agency.head"));
    d->is_open = true;
    d->wanted = (struct sh_matter_new){.procedure = procedure,
                                       .subject = subject,
                                       .body = SH_STR(""),
                                       .period = SH_STR(""),
                                       .parent = SH_STR("")};
    CHECK(do_it(d) == SH_OK);
    d->is_open = false;
}

/* A meeting that is called, and what it will discuss. */
static void call_meeting(struct office *o) {
    static const struct sh_matter_value report[] = {V("kind", "breach"), V("matter", "M-1"), V("topic", "x"),
                                                    V("report", "x")};
    struct doing meeting = {.roll_back = false};
    open_one(o, &meeting, SH_STR("meeting"), AGENCY);
    const struct asked number =
        ask_sql(o, "select number from mt_matter where id = $1", sh_str_of(meeting.id));
    const struct sh_matter_value table[] = {{SH_STR("meeting"), sh_str_of(number.text)}};
    for (int i = 0; i < TABLED; i++) {
        struct doing d = {.roll_back = false};
        open_one(o, &d, SH_STR("discussion"), SH_STR("M-1"));
        must_do(&d, o, "agency.head", "report", report, 4);
        must_do(&d, o, "agency.head", "table", table, 1);
        sh_arena_free(&d.arena);
    }
    sh_arena_free(&meeting.arena);
}

static void sit_until_killed(struct office *o, int pipe) {
    static const struct sh_matter_value sit[] = {V("held_on", "2026-03-02"), V("held_at", "会议室"),
                                                 V("chair", "主任"),         V("members", "3"),
                                                 V("present", "3"),          V("roster", "甲|主任|到会|")};
    office_open(o);
    struct doing d = {.roll_back = false};
    const struct asked called = ask_sql(
        o, "select id from mt_matter where procedure = 'meeting' and state = 'called'", (struct sh_str){0});
    (void)snprintf(d.id, sizeof d.id, "%.32s", called.text);
    if (write(pipe, "x", 1) != 1)
        _exit(3);
    must_do(&d, o, "agency.chief", "sit", sit, sizeof sit / sizeof sit[0]);
    close(pipe);
    pause();
}

static void a_meeting_sits_with_all_it_gathered_or_not_at_all(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    for (int round = 0; round < rounds(); round++) {
        if (!ask_sql(&o, "select count(*) from mt_matter where procedure = 'meeting' and state = 'called'",
                     (struct sh_str){0})
                 .ret)
            call_meeting(&o);
        kill_while(&o, sit_until_killed, 1, (useconds_t)(round * 7000 % 40000));
        const struct asked torn = ask_sql(&o,
                                          "select count(*) from mt_gathered g join mt_matter m on m.id = "
                                          "g.matter join mt_matter c on c.id = "
                                          "g.container where (c.state = 'called') <> (m.state = 'listed')",
                                          (struct sh_str){0});
        CHECK_I64(torn.ret, 0);
        const struct asked heard = ask_sql(&o,
                                           "select count(*) from mt_gathered g join mt_matter m on m.id = "
                                           "g.matter join mt_matter c on c.id = "
                                           "g.container where c.state = 'sitting' and m.state <> 'heard'",
                                           (struct sh_str){0});
        CHECK_I64(heard.ret, 0);
    }
    const struct asked once = ask_sql(
        &o,
        "select count(*) from mt_step s where s.step = 'hear' and exists (select 1 from mt_step t where "
        "t.matter = s.matter and t.step = 'hear' and t.seq <> s.seq)",
        (struct sh_str){0});
    CHECK_I64(once.ret, 0);
    check_journal(&o);
    office_drop(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bulk_act_is_whole_or_not_at_all),
        cmocka_unit_test(an_end_is_carried_out_once_however_often_the_server_dies),
        cmocka_unit_test(a_panel_speaks_and_decides_once_however_often_the_server_dies),
        cmocka_unit_test(a_meeting_sits_with_all_it_gathered_or_not_at_all),
        cmocka_unit_test(two_servers_on_one_database_carry_out_each_end_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
