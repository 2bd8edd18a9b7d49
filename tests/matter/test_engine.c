/* Goal: a step is whole, dated and judged in its transaction; clocks end on their day, once, in order, also
 * after the office was closed; a late act is marked, a right that ended is gone. */
#include "matter/office.h"

static const struct sh_matter_value proposal[] = {
    V("facts", "多收床位费"), V("evidence", "病历"),   V("clause", "第二十条"), V("source", "B-1"),
    V("measure", "recover"),  V("severity", "normal"), V("amount", "1200.00"),  V("fund", "390")};
enum { N_PROPOSAL = sizeof proposal / sizeof proposal[0] };

static void step(struct doing *d, struct office *o, const char *role, const char *name,
                 const struct sh_matter_value *values, size_t n, const char *occurred) {
    become(d, o, "p", sh_str_of(role));
    d->act = (struct sh_matter_act){.step = sh_str_of(name),
                                    .values = values,
                                    .n_values = n,
                                    .occurred = sh_str_of(occurred),
                                    .why = d->act.why};
    const sh_code code = do_it(d);
    for (size_t i = 0; code != SH_OK && i < d->failures.n; i++)
        print_error("%s: %.*s\n", name, SH_ARG(d->failures.of[i].message));
    CHECK(code == SH_OK);
    sh_arena_reset(&d->arena);
    d->act.why = SH_STR("");
}

static void opened(struct doing *d, struct office *o) {
    CHECK(open_about(d, o, "breach-decision", NULL, 0) == SH_OK);
}

/* Noticed, and the notice served on a day. */
static void noticed(struct doing *d, struct office *o, const char *served) {
    static const struct sh_matter_value hand[] = {V("way", "direct"), V("receipt", "R1")};
    opened(d, o);
    step(d, o, "agency.auditor", "notify", proposal, N_PROPOSAL, "");
    struct doing service = {.roll_back = false};
    const struct asked sub = ask_sql(o, "select id from mt_matter where parent = $1", sh_str_of(d->id));
    (void)snprintf(service.id, sizeof service.id, "%.32s", sub.text);
    step(&service, o, "agency.auditor", "hand", hand, 2, served);
    sh_arena_free(&service.arena);
}

static void the_defence_ends_at_the_end_of_its_last_day_and_not_before(void **state) {
    (void)state;
    /* Served on Wednesday 30 September 2026; National Day rests 1 to 7 October, the 10th is made up. */
    struct office o = office_new("2026-09-30 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false};
    noticed(&d, &o, "2026-09-30");
    const struct asked due =
        ask_sql(&o, "select due_day from mt_clock where matter = $1 and clock = 'defence'", sh_str_of(d.id));
    char day[SH_DATE_TEXT_MAX];
    sh_date_format((int32_t)due.ret, day);
    /* 8, 9, (10 made up), 12, 13: five worked days, as the calendar in force says */
    const int64_t end = (due.ret + 1) * (int64_t)SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
    CHECK(due.ret > sh_days_of(2026, 10, 8) && due.ret <= sh_days_of(2026, 10, 14));
    o.clock.fixed_utc = end - SH_DAY_SECONDS;
    CHECK_I64((int64_t)run_due(&o), 0);
    o.clock.fixed_utc = end - 1;
    CHECK_I64((int64_t)run_due(&o), 0);
    CHECK(is_in(&o, d.id, "notified"));
    o.clock.fixed_utc = end;
    CHECK(run_due(&o) >= 1);
    CHECK(is_in(&o, d.id, "heard"));
    CHECK_I64((int64_t)run_due(&o), 0); /* once */
    const struct asked occurred =
        ask_sql(&o, "select occurred from mt_step where matter = $1 and step = 'lapse'", sh_str_of(d.id));
    CHECK_I64(occurred.ret, end);
    check_journal(&o);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

static void what_a_party_did_in_time_counts_though_it_is_entered_late(void **state) {
    (void)state;
    static const struct sh_matter_value waived[] = {V("answer", "waived")};
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false};
    noticed(&d, &o, "2026-03-02");
    o.clock.fixed_utc = utc_of("2026-03-09 23:59:00");
    step(&d, &o, "institution.user", "answer", waived, 1, "2026-03-09");
    CHECK(is_in(&o, d.id, "heard"));
    o.clock.fixed_utc = utc_of("2026-03-20 09:00:00");
    (void)run_due(&o);
    const struct asked lapses =
        ask_sql(&o, "select count(*) from mt_step where matter = $1 and step = 'lapse'", sh_str_of(d.id));
    CHECK_I64(lapses.ret, 0); /* the answer stopped its clock */
    sh_arena_free(&d.arena);
    office_drop(&o);
}

static void a_closed_office_catches_up_in_the_order_in_which_ends_fell_due(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing first = {.roll_back = false}, second = {.roll_back = false}, third = {.roll_back = false};
    noticed(&first, &o, "2026-03-02");
    o.clock.fixed_utc = utc_of("2026-03-03 10:00:00");
    noticed(&second, &o, "2026-03-03");
    o.clock.fixed_utc = utc_of("2026-03-04 10:00:00");
    noticed(&third, &o, "2026-03-04");
    o.clock.fixed_utc = utc_of("2026-03-14 10:00:00"); /* three days after the last end */
    sh_store_close(o.store);
    office_open(&o);
    CHECK(run_due(&o) >= 3);
    const struct doing *const all[] = {&first, &second, &third};
    int64_t last = 0;
    for (size_t i = 0; i < 3; i++) {
        CHECK(is_in(&o, all[i]->id, "heard"));
        const struct asked at = ask_sql(
            &o, "select occurred from mt_step where matter = $1 and step = 'lapse'", sh_str_of(all[i]->id));
        CHECK(at.ret > last);
        last = at.ret;
        CHECK_I64(at.ret, utc_of("2026-03-10 00:00:00") + (int64_t)i * SH_DAY_SECONDS);
    }
    const struct asked recorded = ask_sql(
        &o, "select count(*) from mt_step where step = 'lapse' and recorded > occurred", (struct sh_str){0});
    CHECK_I64(recorded.ret, 3); /* downtime changes recorded times only */
    check_journal(&o);
    sh_arena_free(&first.arena), sh_arena_free(&second.arena), sh_arena_free(&third.arena);
    office_drop(&o);
}

/* ---- what is owed ---------------------------------------------------------------------------------- */

struct looking {
    struct office *o;
    struct doing *d;
    struct sh_buf page;
    bool is_list; /* of what is owed; else the work that waits */
};

static sh_code look(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct looking *l = ctx;
    struct sh_json json;
    const struct sh_desk desk = {l->o->texts, &l->d->who, &l->d->arena, &l->d->failures};
    const struct sh_matter_query query = {.limit = 50, .owes_at = sh_txn_now(txn)};
    sh_buf_clear(&l->page);
    sh_json_begin(&json, &l->page);
    SH_TRY(l->is_list ? sh_matters_json(txn, &desk, &query, &json, err)
                      : sh_work_json(txn, &desk, &json, err));
    return sh_json_end(&json, err);
}

/* Does the head of the bureau read that? */
static bool head_reads(struct looking *l, bool is_list, const char *text) {
    struct sh_err err;
    become(l->d, l->o, "p", SH_STR("bureau.head"));
    l->is_list = is_list;
    CHECK_OK(sh_store_read(l->o->store, look, l, &err), &err);
    return strstr(l->page.at, text) != NULL;
}

/* *state is set for PostgreSQL. */
static int on_postgres(void **state) {
    static int is_set = 1;
    *state = &is_set;
    return 0;
}

static void an_act_owed_after_its_time_is_overdue_until_it_is_done(void **state) {
    if (*state && !getenv("CHECK_PG"))
        skip();
    static const struct sh_matter_value waived[] = {V("answer", "waived")},
                                        number[] = {V("filed_number", "F1")};
    struct office o = office_new("2026-03-02 10:00:00");
    if (*state)
        office_on_postgres(&o);
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false}, filing = {.roll_back = false};
    struct looking l = {.o = &o, .d = &filing};
    noticed(&d, &o, "2026-03-02");
    step(&d, &o, "institution.user", "answer", waived, 1, "2026-03-02");
    office_examine(&d, &o);
    step(&d, &o, "agency.head", "decide", NULL, 0, "");
    const struct asked sub =
        ask_sql(&o, "select id from mt_matter where parent = $1 and procedure = 'filing'", sh_str_of(d.id));
    (void)snprintf(filing.id, sizeof filing.id, "%.32s", sub.text);
    CHECK(head_reads(&l, false, "\"overdue\":0,\"today\":0,\"due\":\"2026-03-05\""));
    o.clock.fixed_utc = utc_of("2026-03-05 23:59:59");
    (void)run_due(&o);
    CHECK(head_reads(&l, false, "\"overdue\":0,\"today\":1,\"due\":\"2026-03-05\""));
    CHECK(!head_reads(&l, true, filing.id));
    o.clock.fixed_utc = utc_of("2026-03-06 00:00:00");
    (void)run_due(&o);
    CHECK(head_reads(&l, false, "\"overdue\":1,\"today\":0"));
    CHECK(head_reads(&l, true, filing.id));
    step(&filing, &o, "bureau.fund", "review", NULL, 0, "");
    CHECK(head_reads(&l, true, filing.id)); /* another step than the one that is owed */
    filing.act.why = SH_STR("系统故障");
    step(&filing, &o, "bureau.head", "file", number, 1, "");
    CHECK(!head_reads(&l, true, filing.id));
    CHECK(!head_reads(&l, false, "\"overdue\":1"));
    sh_buf_free(&l.page);
    sh_arena_free(&d.arena), sh_arena_free(&filing.arena);
    office_drop(&o);
}

static void a_late_act_of_an_authority_asks_a_reason_and_is_marked(void **state) {
    (void)state;
    static const struct sh_matter_value number[] = {V("filed_number", "F1")};
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false};
    static const struct sh_matter_value waived[] = {V("answer", "waived")};
    noticed(&d, &o, "2026-03-02");
    step(&d, &o, "institution.user", "answer", waived, 1, "2026-03-02");
    office_examine(&d, &o);
    step(&d, &o, "agency.head", "decide", NULL, 0, "");
    struct doing filing = {.roll_back = false};
    const struct asked sub =
        ask_sql(&o, "select id from mt_matter where parent = $1 and procedure = 'filing'", sh_str_of(d.id));
    (void)snprintf(filing.id, sizeof filing.id, "%.32s", sub.text);
    o.clock.fixed_utc = utc_of("2026-03-06 00:00:00"); /* the fourth day begins */
    (void)run_due(&o);
    become(&filing, &o, "p", SH_STR("bureau.fund")); /* the same level looks first */
    filing.act = (struct sh_matter_act){.step = SH_STR("review")};
    CHECK(do_it(&filing) == SH_OK);
    become(&filing, &o, "p", SH_STR("bureau.head"));
    filing.act = (struct sh_matter_act){.step = SH_STR("file"), .values = number, .n_values = 1};
    CHECK(do_it(&filing) == SH_E_CANCELLED);
    CHECK(has_failure(&filing, SH_FAIL_TIME));
    filing.act.why = SH_STR("系统故障");
    CHECK(do_it(&filing) == SH_OK);
    const struct asked late =
        ask_sql(&o, "select late from mt_step where matter = $1 and step = 'file'", sh_str_of(filing.id));
    CHECK_I64(late.ret, 1);
    sh_arena_free(&d.arena), sh_arena_free(&filing.arena);
    office_drop(&o);
}

static void a_number_nobody_has_set_is_named_and_opens_nothing(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    /* an agency of a place that has set nothing */
    office_put(&o, "bodies", "gov", "", "{\"kind\":\"bureau\",\"place\":\"110000\"}");
    office_put(&o, "bodies", "ag1", "", "{\"kind\":\"agency\",\"place\":\"110000\"}");
    office_put(&o, "institutions", "H1", "h1", "{\"body\":\"h1\",\"place\":\"110000\"}");
    struct doing d = {.roll_back = false};
    static const struct sh_matter_value waived[] = {V("answer", "waived")};
    noticed(&d, &o, "2026-03-02");
    const struct asked missing =
        ask_sql(&o, "select missing from mt_clock where matter = $1", sh_str_of(d.id));
    CHECK(missing.text[0] != '\0'); /* the step stands, its clock says what it lacks */
    o.clock.fixed_utc = utc_of("2027-03-02 10:00:00");
    step(&d, &o, "institution.user", "answer", waived, 1, "2026-03-03");
    office_examine(&d, &o);
    become(&d, &o, "p", SH_STR("agency.head"));
    d.act = (struct sh_matter_act){.step = SH_STR("decide"), .why = SH_STR("-")};
    CHECK(do_it(&d) == SH_E_CANCELLED);
    CHECK(has_failure(&d, SH_FAIL_UNKNOWN));
    CHECK(sh_str_find(d.failures.of[0].missing, SH_STR("collective_amount_min")) != SH_STR_NONE);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

static void ties_and_incompatible_roles_stop_a_person(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    office_put(&o, "ties", "p-agency.head|H1|shares", "ag1", "{\"person\":\"p-agency.head\"}");
    struct doing d = {.roll_back = false};
    static const struct sh_matter_value waived[] = {V("answer", "waived")};
    noticed(&d, &o, "2026-03-02");
    step(&d, &o, "institution.user", "answer", waived, 1, "2026-03-02");
    become(&d, &o, "p", SH_STR("agency.head"));
    d.act = (struct sh_matter_act){.step = SH_STR("decide")};
    CHECK(do_it(&d) == SH_E_CANCELLED);
    CHECK(has_failure(&d, SH_FAIL_TIE));
    /* who proposed never decides, though he has that role too */
    become(&d, &o, "p", SH_STR("agency.head"));
    d.who.person = SH_STR("p-agency.auditor");
    CHECK(do_it(&d) == SH_E_CANCELLED);
    CHECK(has_failure(&d, SH_FAIL_SEPARATION));
    /* and control never acts in what it watches */
    become(&d, &o, "p", SH_STR("agency.checker"));
    d.who.person = SH_STR("p-agency.auditor");
    CHECK(do_it(&d) == SH_E_CANCELLED);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

struct bulking {
    struct office *o;
    size_t n;          /* of the items, the first ones */
    struct sh_buf out; /* what the API would answer */
};
static sh_code bulk_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct bulking *b = ctx;
    static const struct sh_matter_value to[] = {V("assigned", "p9")};
    struct doing d = {.roll_back = false};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_failures failures;
    struct sh_rows rows;
    struct sh_json json;
    struct sh_item_row list[2];
    become(&d, b->o, "p", SH_STR("agency.reviewer"));
    SH_TRY(sh_sql_query(txn, "select id, version from mt_item order by id", NULL, 0, &arena, &rows, err));
    for (size_t i = 0; i < b->n; i++)
        list[i] = (struct sh_item_row){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->i64};
    const struct sh_bulk bulk = {.step = SH_STR("assign"),
                                 .why = SH_STR("x"),
                                 .rows = list,
                                 .n_rows = b->n,
                                 .values = to,
                                 .n_values = 1};
    const struct sh_desk desk = {b->o->texts, &d.who, &arena, &failures};
    sh_buf_clear(&b->out);
    sh_json_begin(&json, &b->out);
    return sh_items_act(txn, &desk, &bulk, false, &json, err);
}
static bool says(struct bulking *b, size_t n, const char *text) {
    const struct sh_act act = {.actor = SH_STR("p-agency.reviewer"), .why = SH_STR("x")};
    struct sh_err err;
    b->n = n;
    CHECK_OK(sh_store_write(b->o->store, &act, bulk_body, b, NULL, &err), &err);
    return sh_str_find(sh_buf_view(&b->out), sh_str_of(text)) != SH_STR_NONE;
}

/* B4; the demo city allows ten million yuan at once. */
static void an_act_over_the_money_of_the_place_takes_no_row(void **state) {
    (void)state;
    static const struct {
        int64_t fen;
        bool may;
    } tries[] = {{500000000, true}, {500000001, false}};
    for (size_t t = 0; t < sizeof tries / sizeof tries[0]; t++) {
        struct office o = office_new("2026-03-02 09:00:00");
        office_open(&o);
        office_people_the_city(&o);
        struct sh_finding_in rows[2];
        for (size_t i = 0; i < 2; i++) {
            rows[i] = office_finding(i ? SH_STR("f-1") : SH_STR("f-0"), tries[t].fen);
            rows[i].fund_fen = 1;
        }
        CHECK_I64(office_load(&o, rows, 2).made, 2);
        struct bulking b = {.o = &o};
        CHECK(says(&b, 2, tries[t].may ? "\"n\":2" : "\"n\":0"));
        CHECK(tries[t].may ||
              sh_str_find(sh_buf_view(&b.out), SH_STR("the place allows 10000000.00")) != SH_STR_NONE);
        CHECK(tries[t].may || says(&b, 1, "\"n\":1")); /* one row is no bulk act */
        sh_buf_free(&b.out);
        office_drop(&o);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defence_ends_at_the_end_of_its_last_day_and_not_before),
        cmocka_unit_test(what_a_party_did_in_time_counts_though_it_is_entered_late),
        cmocka_unit_test(a_closed_office_catches_up_in_the_order_in_which_ends_fell_due),
        cmocka_unit_test(a_late_act_of_an_authority_asks_a_reason_and_is_marked),
        cmocka_unit_test(an_act_owed_after_its_time_is_overdue_until_it_is_done),
        {"an_act_owed_after_its_time_is_overdue_until_it_is_done_on_postgresql",
         an_act_owed_after_its_time_is_overdue_until_it_is_done, on_postgres, NULL, NULL},
        cmocka_unit_test(a_number_nobody_has_set_is_named_and_opens_nothing),
        cmocka_unit_test(ties_and_incompatible_roles_stop_a_person),
        cmocka_unit_test(an_act_over_the_money_of_the_place_takes_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
