/* Goal: what lies sealed in a matter is in no row, and comes out for two holders who opened it together, up
 * to the day that was granted; for nobody else, and not for one of them alone. */
#include "matter/office.h"

#define NAME "欧阳密告"
#define PHONE "13877665544"
#define HOLDER SH_STR("bureau.sealed_holder")

struct unsealing {
    struct doing *d;
    struct sh_buf out;
    struct sh_unsealed opened;
};

static sh_code unseal_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct unsealing *u = ctx;
    const struct sh_desk desk = {u->d->o->texts, &u->d->who, &u->d->arena, &u->d->failures};
    struct sh_json json;
    sh_buf_clear(&u->out);
    sh_json_begin(&json, &u->out);
    SH_TRY(sh_matter_unseal(txn, &desk, sh_str_of(u->d->id), &json, &u->opened, err));
    return sh_json_end(&json, err);
}

/* Does he read it, in the matter that opens it? */
static sh_code reads(struct doing *d, const char *prefix, struct sh_str role) {
    struct unsealing u = {.d = d};
    struct sh_err err = {0};
    become(d, d->o, prefix, role);
    const sh_code code = sh_store_read(d->o->store, unseal_body, &u, &err);
    const bool is_there = sh_str_find(sh_buf_view(&u.out), SH_STR(NAME)) != SH_STR_NONE &&
                          sh_str_find(sh_buf_view(&u.out), SH_STR(PHONE)) != SH_STR_NONE;
    CHECK(is_there == (code == SH_OK));
    CHECK(code != SH_OK || sh_str_is(u.opened.purpose, "告知处理结果"));
    sh_buf_free(&u.out);
    return code;
}

static sh_code take(struct doing *d, const char *prefix, const char *role, const char *step,
                    const struct sh_matter_value *values, size_t n) {
    become(d, d->o, prefix, sh_str_of(role));
    d->act =
        (struct sh_matter_act){.step = sh_str_of(step), .why = SH_STR(""), .values = values, .n_values = n};
    return do_it(d);
}

static void open_one(struct doing *d, const char *role, const char *procedure) {
    become(d, d->o, "p", sh_str_of(role));
    d->is_open = true;
    d->wanted = (struct sh_matter_new){.procedure = sh_str_of(procedure),
                                       .subject = HOSPITAL,
                                       .body = SH_STR(""),
                                       .period = SH_STR(""),
                                       .parent = SH_STR("")};
    CHECK(do_it(d) == SH_OK);
    d->is_open = false;
}

/* A report in which is laid who made it; gives its number. */
static struct asked report(struct office *o, struct doing *d) {
    static const struct sh_matter_value told[] = {V("channel", "phone"),    V("target_kind", "hospital"),
                                                  V("facts", "挂床住院"),   V("real_name", "true"),
                                                  V("reporter_name", NAME), V("reporter_phone", PHONE)};
    *d = (struct doing){.o = o};
    open_one(d, "bureau.desk", "report");
    CHECK(take(d, "p", "bureau.desk", "receive", told, 6) == SH_OK);
    return ask_sql(o, "select number from mt_matter where id = $1", sh_str_of(d->id));
}

/* An unseal of it that was granted up to a day. */
static void grant(struct office *o, struct doing *d, struct sh_str number, const char *until) {
    const struct sh_matter_value asked[] = {{SH_STR("matter"), number},
                                            V("kind", "reporter"),
                                            V("what", "联系方式"),
                                            V("purpose", "告知处理结果"),
                                            V("asked_by", "办案人员")};
    const struct sh_matter_value granted[] = {
        V("result", "granted"), V("holders", "甲"), V("why", "必要"), {SH_STR("until"), sh_str_of(until)}};
    *d = (struct doing){.o = o};
    open_one(d, "bureau.officer", "unseal");
    CHECK(take(d, "p", "bureau.officer", "ask", asked, 5) == SH_OK);
    CHECK(take(d, "p", "bureau.head", "grant", granted, 4) == SH_OK);
}

/* Everything the room's tables hold, searched. */
static int64_t rows_with(struct office *o, const char *text) {
    static const char *const search[] = {
        "select (select count(*) from mt_matter where instr(fields, $1) > 0) + "
        "(select count(*) from mt_step where instr(fields || why, $1) > 0) + "
        "(select count(*) from mt_row where instr(value, $1) > 0)",
        "select (select count(*) from mt_matter where strpos(fields, $1) > 0) + "
        "(select count(*) from mt_step where strpos(fields || why, $1) > 0) + "
        "(select count(*) from mt_row where strpos(value, $1) > 0)"};
    return ask_sql(o, search[o->database[0] != '\0'], sh_str_of(text)).ret;
}

/* On the database that the test is run on: *state is set for PostgreSQL. */
static void begin(struct office *o, void **state) {
    if (*state)
        office_on_postgres(o);
    office_open(o);
    office_people_the_city(o);
}

static int on_postgres(void **state) {
    static int is_set = 1;
    *state = &is_set;
    return 0;
}

static void two_holders_read_what_is_sealed_and_nobody_else(void **state) {
    if (*state && !getenv("CHECK_PG"))
        skip();
    struct office o = office_new("2026-03-02 09:00:00");
    struct doing told, d;
    begin(&o, state);
    const struct asked number = report(&o, &told);
    CHECK_I64(rows_with(&o, "挂床住院"), 2); /* the search finds what is open */
    CHECK_I64(rows_with(&o, NAME) + rows_with(&o, PHONE), 0);
    grant(&o, &d, sh_str_of(number.text), "2026-03-03");
    CHECK(reads(&d, "p", HOLDER) == SH_E_CANCELLED);
    CHECK(take(&d, "p", "bureau.sealed_holder", "open_two", NULL, 0) == SH_OK);
    CHECK(is_in(&o, d.id, "granted"));
    CHECK(reads(&d, "p", HOLDER) == SH_E_CANCELLED && has_failure(&d, SH_FAIL_STATE));
    CHECK(take(&d, "p2", "bureau.sealed_holder", "open_two", NULL, 0) == SH_OK);
    CHECK(reads(&d, "p", HOLDER) == SH_OK && reads(&d, "p2", HOLDER) == SH_OK);
    CHECK(reads(&d, "q", HOLDER) == SH_E_CANCELLED && has_failure(&d, SH_FAIL_HOLDS));
    CHECK(reads(&d, "p", SH_STR("bureau.chief")) == SH_E_CANCELLED);
    become(&d, &o, "p", HOLDER);
    o.clock.fixed_utc = utc_of("2026-03-03 23:59:59");
    CHECK(reads(&d, "p", HOLDER) == SH_OK);
    o.clock.fixed_utc = utc_of("2026-03-04 00:00:00");
    CHECK(reads(&d, "p", HOLDER) == SH_E_CANCELLED && has_failure(&d, SH_FAIL_TIME));
    check_journal(&o);
    sh_arena_free(&told.arena);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

/* He was one of the two, and is a holder no more; or what is sealed is about himself. */
static void who_holds_no_more_or_is_concerned_reads_nothing(void **state) {
    if (*state && !getenv("CHECK_PG"))
        skip();
    struct office o = office_new("2026-03-02 09:00:00");
    struct doing told, d;
    begin(&o, state);
    const struct asked number = report(&o, &told);
    grant(&o, &d, sh_str_of(number.text), "2026-03-03");
    CHECK(take(&d, "p", "bureau.sealed_holder", "open_two", NULL, 0) == SH_OK);
    CHECK(take(&d, "p2", "bureau.sealed_holder", "open_two", NULL, 0) == SH_OK);
    office_put(&o, "ties", "p2-bureau.sealed_holder|H1|shares", "gov",
               "{\"person\":\"p2-bureau.sealed_holder\"}");
    CHECK(reads(&d, "p2", HOLDER) == SH_E_CANCELLED && has_failure(&d, SH_FAIL_TIE));
    CHECK(reads(&d, "p", HOLDER) == SH_OK);
    become(&d, &o, "p", HOLDER);
    d.grant.role = SH_STR("bureau.officer"); /* the same person, without that role */
    struct unsealing u = {.d = &d};
    struct sh_err err = {0};
    CHECK(sh_store_read(o.store, unseal_body, &u, &err) == SH_E_CANCELLED && has_failure(&d, SH_FAIL_HOLDS));
    sh_buf_free(&u.out);
    sh_arena_free(&told.arena);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

/* What is laid again replaces what was read before, as a version of its own. */
static void what_is_laid_again_is_what_is_read(void **state) {
    (void)state;
    static const struct sh_matter_value first[] = {V("real_name", "true"), V("reporter_name", "司马初报")};
    static const struct sh_matter_value again[] = {V("real_name", "true"), V("reporter_name", NAME),
                                                   V("reporter_phone", PHONE)};
    if (*state && !getenv("CHECK_PG"))
        skip();
    struct office o = office_new("2026-03-02 09:00:00");
    struct doing told, d;
    begin(&o, state);
    const struct asked number = report(&o, &told);
    CHECK(take(&told, "p", "bureau.desk", "identify", first, 2) == SH_OK);
    CHECK(take(&told, "p", "bureau.desk", "identify", &first[1], 1) == SH_OK); /* needs stand already */
    CHECK(take(&told, "p", "bureau.desk", "identify", again, 3) == SH_OK);
    CHECK(take(&told, "p", "bureau.desk", "identify", again, 1) == SH_OK); /* nothing given, nothing laid */
    CHECK(take(&told, "p", "bureau.officer", "identify", again, 3) == SH_E_CANCELLED);
    grant(&o, &d, sh_str_of(number.text), "2026-03-03");
    CHECK(take(&d, "p", "bureau.sealed_holder", "open_two", NULL, 0) == SH_OK);
    CHECK(take(&d, "p2", "bureau.sealed_holder", "open_two", NULL, 0) == SH_OK);
    CHECK(reads(&d, "p", HOLDER) == SH_OK);
    CHECK_I64(rows_with(&o, "司马初报") + rows_with(&o, NAME), 0);
    check_journal(&o);
    sh_arena_free(&told.arena);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

int main(void) {
#define BOTH(test)                                                                                           \
    cmocka_unit_test(test), {                                                                                \
#test "_on_postgresql", test, on_postgres, NULL, NULL                                                \
    }
    const struct CMUnitTest tests[] = {
        BOTH(two_holders_read_what_is_sealed_and_nobody_else),
        BOTH(who_holds_no_more_or_is_concerned_reads_nothing),
        BOTH(what_is_laid_again_is_what_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
