/* Goal: many rows at once: taken back as they were, in the order the text says, never by more than it says.
 */
#include "matter/own_law.h"

struct bulking {
    struct office *o;
    const char *role, *step, *field, *value;
    struct sh_buf out; /* what the API would answer */
    char act[40];
};

static sh_code bulk_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct bulking *b = ctx;
    struct doing d = {.roll_back = false};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_matter_value values[] = {{sh_str_of(b->field), sh_str_of(b->value)}};
    struct sh_failures failures;
    struct sh_rows rows;
    struct sh_json json;
    struct sh_item_row list[8];
    become(&d, b->o, "p", sh_str_of(b->role));
    SH_TRY(sh_sql_query(txn, "select id, version from mt_item order by id limit 8", NULL, 0, &arena, &rows,
                        err));
    for (size_t i = 0; i < rows.n_rows; i++)
        list[i] = (struct sh_item_row){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->i64};
    const struct sh_bulk bulk = {.step = sh_str_of(b->step),
                                 .why = SH_STR("x"),
                                 .rows = list,
                                 .n_rows = rows.n_rows,
                                 .values = values,
                                 .n_values = b->field ? 1 : 0};
    const struct sh_desk desk = {b->o->texts, &d.who, &arena, &failures};
    sh_buf_clear(&b->out);
    sh_json_begin(&json, &b->out);
    return sh_items_act(txn, &desk, &bulk, false, &json, err);
}

static sh_code undo_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct bulking *b = ctx;
    struct doing d = {.roll_back = false};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_failures failures;
    struct sh_json json;
    become(&d, b->o, "p", sh_str_of(b->role));
    const struct sh_desk desk = {b->o->texts, &d.who, &arena, &failures};
    sh_buf_clear(&b->out);
    sh_json_begin(&json, &b->out);
    return sh_items_undo(txn, &desk, sh_str_of(b->act), &json, err);
}

static void bulk(struct bulking *b) {
    const struct sh_act act = {.actor = SH_STR("p"), .why = SH_STR("x"), .is_large = true};
    struct sh_err err;
    CHECK_OK(sh_store_write(b->o->store, &act, bulk_body, b, NULL, &err), &err);
    const char *at = strstr(b->out.at, "\"act\":\"");
    (void)snprintf(b->act, sizeof b->act, "%.32s", at ? at + 7 : "");
}

static sh_code undo(struct bulking *b) {
    const struct sh_act act = {.actor = SH_STR("p"), .why = SH_STR("x"), .is_large = true};
    struct sh_err err;
    return sh_store_write(b->o->store, &act, undo_body, b, NULL, &err);
}

static void load(struct office *o, size_t n) {
    static const char *const keys[] = {"f-0", "f-1", "f-2", "f-3"};
    struct sh_finding_in rows[4];
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct sh_finding_in){.key = sh_str_of(keys[i]),
                                         .institution = HOSPITAL,
                                         .period = SH_STR("2026-02"),
                                         .rule = SH_STR("r"),
                                         .level = i % 2 ? SH_STR("suspected") : SH_STR("certain"),
                                         .run = SH_STR("r1"),
                                         .person = SH_STR("P1"),
                                         .day = 20000,
                                         .amount_fen = 1000 * (int64_t)(i + 1),
                                         .fund_fen = 1000 * (int64_t)(i + 1)};
    CHECK_I64(office_load(o, rows, n).made, (int64_t)n);
}

static void an_act_taken_back_leaves_rows_as_they_stood_assigned_and_all(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    load(&o, 2);
    struct bulking b = {&o, "agency.reviewer", "assign", "assigned", "p8", {0}, ""};
    bulk(&b);
    b.value = "p9";
    bulk(&b);
    o.clock.fixed_utc += 60;
    CHECK(undo(&b) == SH_OK);
    const struct asked kept = ask_sql(
        &o, "select count(*) from mt_item where assigned = 'p8' and state = 'assigned'", (struct sh_str){0});
    CHECK_I64(kept.ret, 2);
    CHECK(undo(&b) == SH_E_CANCELLED); /* once */
    b.value = "p7";
    bulk(&b);
    o.clock.fixed_utc += 61; /* a second late */
    CHECK(undo(&b) == SH_E_CANCELLED);
    const struct asked left =
        ask_sql(&o, "select count(*) from mt_item where assigned = 'p7'", (struct sh_str){0});
    CHECK_I64(left.ret, 2);
    const struct asked sum =
        ask_sql(&o, "select amount from mt_count where state = 'assigned'", (struct sh_str){0});
    CHECK_I64(sum.ret, 3000);
    check_journal(&o);
    sh_buf_free(&b.out);
    office_drop(&o);
}

/* A final state left by taking back is no longer final. */
static void rows_screened_out_come_back_open(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    load(&o, 1);
    struct bulking b = {&o, "agency.reviewer", "screen", "screened", "send", {0}, ""};
    bulk(&b);
    CHECK(undo(&b) == SH_OK);
    const struct asked open =
        ask_sql(&o, "select count(*) from mt_item where state = 'new' and final = 0", (struct sh_str){0});
    CHECK_I64(open.ret, 1);
    sh_buf_free(&b.out);
    office_drop(&o);
}

static const char queued[] =
    "procedure: queued\nname: 排队 / Queued\nrank: paper\nin_force: {from: 2021-01-01}\nrunning: "
    "stay\nbasis: [T]\n"
    "about: institution\nbody: agency\nperiod: month\nopen_by: own agency.reviewer\n"
    "states: {open: 进行 / Open, done: 完 / Done}\nfinal: [done]\n"
    "steps:\n"
    "  finish: {name: 办结 / Finish, from: open, to: done, by: own agency.head, basis: T}\n"
    "  tell: {name: 告知 / Tell, from: open, to: open, by: own agency.head, basis: T}\n"
    "items:\n"
    "  name: 疑点 / Finding\n"
    "  queue: \"level = suspected\"\n"
    "  fields: {level: {type: choice, name: 等级, of: {certain: 明确 / Certain, suspected: 可疑 / "
    "Suspected}}}\n"
    "  states: {new: 新 / New, out: 排除 / Out}\n"
    "  final: [out]\n"
    "  steps: {drop: {name: 排除 / Drop, from: new, to: out, by: own agency.reviewer, bulk: \"true\", undo: "
    "60 s, basis: T}}\n";

static sh_code load_queued(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct loading *l = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_matter_who who = {.person = SH_STR("cli")};
    const struct sh_desk desk = {l->o->texts, &who, &arena, NULL};
    const struct sh_load_into into = {SH_STR("queued"), AGENCY};
    return sh_items_load(txn, &desk, &into, l->rows, l->n, &l->report, err);
}

/* An office whose findings go into `queued`; opened in place, as its store keeps the address of its clock. */
static void open_office_of_queued(struct office *o) {
    *o = office_of_own_law("2026-03-02 09:00:00");
    write_law(o, "procedures/queued.yaml", queued);
    office_reread(o);
    office_open(o);
    office_people_the_city(o);
}

static void rows_wait_in_the_order_of_the_text(void **state) {
    (void)state;
    const struct sh_act act = {.actor = SH_STR("cli"), .why = SH_STR("r1")};
    struct office o;
    struct sh_err err;
    open_office_of_queued(&o);
    struct sh_finding_in rows[3];
    for (size_t i = 0; i < 3; i++)
        rows[i] = (struct sh_finding_in){.key = i == 0   ? SH_STR("a")
                                                : i == 1 ? SH_STR("b")
                                                         : SH_STR("c"),
                                         .institution = HOSPITAL,
                                         .period = SH_STR("2026-02"),
                                         .rule = SH_STR("r"),
                                         .level = i == 1 ? SH_STR("suspected") : SH_STR("certain"),
                                         .run = SH_STR("r1"),
                                         .person = SH_STR("P1"),
                                         .day = 20000,
                                         .amount_fen = 100,
                                         .fund_fen = i == 1 ? 1 : 100};
    struct loading l = {.o = &o, .rows = rows, .n = 3};
    CHECK_OK(sh_store_write(o.store, &act, load_queued, &l, NULL, &err), &err);
    CHECK_TEXT(ask_sql(&o, "select key from mt_item order by queue limit 1", (struct sh_str){0}).text, "b");
    rows[1].level = SH_STR("certain"), rows[2].level = SH_STR("suspected"); /* a later run says otherwise */
    CHECK_OK(sh_store_write(o.store, &act, load_queued, &l, NULL, &err), &err);
    CHECK_TEXT(ask_sql(&o, "select key from mt_item order by queue limit 1", (struct sh_str){0}).text, "c");
    check_journal(&o);
    office_drop(&o);
}

/* The time to take back is not over, the rows are as the act left them: but a paper may stand on them. */
static void what_the_matter_went_on_from_is_not_taken_back(void **state) {
    (void)state;
    const struct sh_act act = {.actor = SH_STR("cli"), .why = SH_STR("r1")};
    struct office o;
    struct sh_err err;
    open_office_of_queued(&o);
    struct sh_finding_in rows[] = {office_finding(SH_STR("a"), 100), office_finding(SH_STR("b"), 200)};
    struct loading l = {.o = &o, .rows = rows, .n = 2};
    CHECK_OK(sh_store_write(o.store, &act, load_queued, &l, NULL, &err), &err);
    struct doing head = {.act = {.step = SH_STR("tell")}};
    become(&head, &o, "p", SH_STR("agency.head"));
    (void)snprintf(
        head.id, sizeof head.id, "%.32s",
        ask_sql(&o, "select id from mt_matter where procedure = 'queued'", (struct sh_str){0}).text);
    struct bulking b = {&o, "agency.reviewer", "drop", NULL, NULL, {0}, ""};
    CHECK(do_it(&head) == SH_OK); /* before the act, in the same second */
    bulk(&b);
    CHECK(undo(&b) == SH_OK && strstr(b.out.at, "\"refused\":[],\"n\":2,\"amount\":\"3.00\""));
    bulk(&b);
    CHECK(do_it(&head) == SH_OK); /* after it */
    CHECK(undo(&b) == SH_OK && strstr(b.out.at, "],\"n\":0,\"amount\":\"0.00\""));
    CHECK(strstr(b.out.at, "something followed already"));
    CHECK_I64(ask_sql(&o, "select count(*) from mt_item where state = 'out'", (struct sh_str){0}).ret, 2);
    check_journal(&o);
    sh_arena_free(&head.arena);
    sh_buf_free(&b.out);
    office_drop(&o);
}

/* Not by that matter's own steps: another is opened from it, or names it in a later step. */
static void what_a_matter_was_opened_from_is_not_taken_back(void **state) {
    (void)state;
    enum { BY_PARENT, BY_NUMBER, BY_STEP, BY_NOTHING, WAYS };
    const struct sh_act act = {.actor = SH_STR("cli"), .why = SH_STR("r1")};
    for (int way = 0; way < WAYS; way++) {
        struct office o;
        struct sh_err err;
        open_office_of_queued(&o);
        struct sh_finding_in rows[] = {office_finding(SH_STR("a"), 100)};
        struct loading l = {.o = &o, .rows = rows, .n = 1};
        CHECK_OK(sh_store_write(o.store, &act, load_queued, &l, NULL, &err), &err);
        struct bulking b = {&o, "agency.reviewer", "drop", NULL, NULL, {0}, ""};
        char id[SH_ID_TEXT + 1], number[64];
        (void)snprintf(id, sizeof id, "%.32s",
                       ask_sql(&o, "select id from mt_matter", (struct sh_str){0}).text);
        (void)snprintf(number, sizeof number, "%.32s",
                       ask_sql(&o, "select number from mt_matter", (struct sh_str){0}).text);
        const struct sh_matter_value source = {SH_STR("source"),
                                               way == BY_NOTHING ? SH_STR("B-9") : sh_str_of(number)};
        const struct sh_matter_value told[] = {
            {SH_STR("kind"), SH_STR("daily")}, {SH_STR("what"), SH_STR("一事")}, source};
        struct doing clue = {.is_open = true,
                             .wanted = {.procedure = SH_STR("alert"),
                                        .subject = HOSPITAL,
                                        .parent = way == BY_PARENT ? sh_str_of(id) : SH_STR(""),
                                        .values = &source,
                                        .n_values = way == BY_NUMBER || way == BY_NOTHING}};
        become(&clue, &o, "p", SH_STR("agency.auditor"));
        if (way == BY_STEP)
            CHECK(do_it(&clue) == SH_OK); /* it names nothing yet */
        bulk(&b);
        clue.is_open = way != BY_STEP;
        clue.act = (struct sh_matter_act){.step = SH_STR("describe"), .values = told, .n_values = 3};
        CHECK(do_it(&clue) == SH_OK);
        CHECK(undo(&b) == SH_OK);
        CHECK(strstr(b.out.at, way == BY_NOTHING ? "\"refused\":[],\"n\":1" : "something followed already"));
        CHECK_I64(ask_sql(&o, "select count(*) from mt_item where state = 'out'", (struct sh_str){0}).ret,
                  way == BY_NOTHING ? 0 : 1);
        check_journal(&o);
        sh_arena_free(&clue.arena);
        sh_buf_free(&b.out);
        office_drop(&o);
    }
}

static sh_code sum_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct bulking *b = ctx;
    struct doing d = {.roll_back = false};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_json json;
    become(&d, b->o, "p", sh_str_of(b->role));
    const struct sh_desk desk = {b->o->texts, &d.who, &arena, NULL};
    const struct sh_item_query all = {.amount_min = INT64_MIN, .limit = 1};
    sh_buf_clear(&b->out);
    sh_json_begin(&json, &b->out);
    SH_TRY(sh_items_sum_json(txn, &desk, &all, &json, err));
    return sh_json_end(&json, err);
}

static const char *summed(struct bulking *b) {
    struct sh_err err;
    CHECK_OK(sh_store_read(b->o->store, sum_body, b, &err), &err);
    return b->out.at;
}

static void a_list_is_counted_up_to_ten_thousand_and_says_that_there_are_more(void **state) {
    (void)state;
    enum { FULL = 10000, PORTION = 2000 };
    static char keys[FULL + 1][8];
    static struct sh_finding_in rows[FULL + 1];
    for (size_t i = 0; i <= FULL; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "f%zu", i);
        rows[i] = office_finding(sh_str_of(keys[i]), 100);
    }
    struct office o = office_new("2026-03-02 09:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct bulking b = {.o = &o, .role = "agency.reviewer"};
    for (size_t i = 0; i < FULL; i += PORTION)
        CHECK_I64(office_load(&o, rows + i, PORTION).made, PORTION);
    CHECK_TEXT(summed(&b), "{\"n\":10000,\"more\":false,\"amount\":\"10000.00\"}");
    CHECK_I64(office_load(&o, rows + FULL, 1).made, 1);
    CHECK_TEXT(summed(&b), "{\"n\":10000,\"more\":true,\"amount\":null}");
    sh_buf_free(&b.out);
    office_drop(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_act_taken_back_leaves_rows_as_they_stood_assigned_and_all),
        cmocka_unit_test(rows_screened_out_come_back_open),
        cmocka_unit_test(rows_wait_in_the_order_of_the_text),
        cmocka_unit_test(what_the_matter_went_on_from_is_not_taken_back),
        cmocka_unit_test(what_a_matter_was_opened_from_is_not_taken_back),
        cmocka_unit_test(a_list_is_counted_up_to_ten_thousand_and_says_that_there_are_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
