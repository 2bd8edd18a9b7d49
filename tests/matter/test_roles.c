/* Goal: for every shipped procedure every role that may not open it, take a step of it or speak for a gate is
 * refused as such, and no role that may is: the matrix of roles and steps. */
#include "matter/inner.h"
#include "matter/item.h"
#include "matter/office.h"

struct making {
    struct office *o;
    const struct sh_procedure *text;
    struct sh_arena arena;
    char id[SH_ID_TEXT + 1];
};
static sh_code make_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct making *making = ctx;
    struct sh_failures failures = {0};
    struct work w = {
        .txn = txn, .texts = making->o->texts, .arena = &making->arena, .failures = &failures, .err = err};
    w.used = (struct sh_matter_grant){SH_STR(""), SH_STR(""), SH_STR("")};
    const struct sh_matter_new wanted = {.procedure = making->text->id,
                                         .subject =
                                             sh_str_is(making->text->about, "body") ? AGENCY : HOSPITAL,
                                         .body = AGENCY,
                                         .period = making->text->period == SH_PERIOD_MONTH ? SH_STR("2026-02")
                                                   : making->text->period == SH_PERIOD_YEAR ? SH_STR("2026")
                                                                                            : SH_STR(""),
                                         .parent = SH_STR("")};
    return sh_matter_make(&w, making->text, &wanted, PLACE, SH_STR(""), making->id);
}

static void make(struct office *o, const struct sh_procedure *text, char ret_id[SH_ID_TEXT + 1]) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("test")};
    struct making making = {.o = o, .text = text};
    struct sh_err err = {0};
    CHECK_OK(sh_store_write(o->store, &act, make_body, &making, NULL, &err), &err);
    memcpy(ret_id, making.id, SH_ID_TEXT + 1);
    sh_arena_free(&making.arena);
}

/* A matter is the agency's, or the bureau's by its text; the other's officers are not at home in it, and
 * nobody has been called into it. */
static bool may(const struct sh_procedure *text, const struct sh_step *step, struct sh_str role) {
    const bool is_bureaus = sh_str_is(text->body, "bureau");
    for (size_t i = 0; i < step->n_by; i++) {
        const struct sh_actor *by = &step->by[i];
        const bool is_elsewhere =
            by->relation == SH_AT_UPPER || by->relation == SH_AT_CALLED ||
            (by->relation == SH_AT_OWN && sh_str_starts_with(role, SH_STR("bureau.")) != is_bureaus);
        if (by->kind != SH_ACTOR_LAW && !is_elsewhere && sh_str_eq(by->role, role))
            return true;
    }
    return false;
}

struct matrix {
    struct office o;
    struct doing d;
    size_t asked, refused;
};

/* A role is refused exactly where it may not. */
static void note_cell(struct matrix *m, const struct sh_procedure *text, const struct sh_step *step,
                      struct sh_str role, bool is_refused) {
    if (is_refused == may(text, step, role))
        print_error("%.*s.%.*s by %.*s: %s\n", SH_ARG(text->id), SH_ARG(step->id), SH_ARG(role),
                    is_refused ? "refused" : "not refused");
    CHECK(is_refused != may(text, step, role));
    m->refused += is_refused;
    m->asked++;
    sh_arena_reset(&m->d.arena);
}

/* One cell: somebody of that role, who has done nothing yet, tries that step. */
static void check_cell(struct matrix *m, const struct sh_procedure *text, const struct sh_step *step,
                       struct sh_str role) {
    become(&m->d, &m->o, "q", role);
    m->d.act = (struct sh_matter_act){.step = step->id, .why = SH_STR("late")};
    const sh_code code = do_it(&m->d);
    CHECK(code == SH_E_CANCELLED || code == SH_E_NOTFOUND);
    const bool is_refused = code == SH_E_NOTFOUND || has_failure(&m->d, SH_FAIL_ROLE);
    note_cell(m, text, step, role, is_refused);
}

static void begin(struct matrix *m) {
    *m = (struct matrix){.o = office_new("2026-03-02 09:00:00")};
    office_open(&m->o);
    office_people_the_city(&m->o);
}

static void every_role_that_may_not_take_a_step_is_refused(void **state) {
    (void)state;
    static struct matrix m;
    begin(&m);
    const struct sh_procedures *all = sh_matter_procedures(m.o.texts);
    for (size_t p = 0; p < all->n; p++) {
        m.d = (struct doing){.roll_back = true, .may_be_hidden = all->of[p].is_confidential};
        make(&m.o, &all->of[p], m.d.id);
        for (size_t r = 0; r < m.o.roles->n; r++)
            for (size_t s = 0; s < all->of[p].matter.n_steps; s++)
                check_cell(&m, &all->of[p], &all->of[p].matter.steps[s], m.o.roles->of[r].id);
        sh_arena_free(&m.d.arena);
    }
    CHECK(m.asked > 500 && m.refused > m.asked / 2);
    office_drop(&m.o);
}

/* Panels and legal reviewers speak by a step of their own, which no text lists. */
static void every_role_that_may_not_speak_for_a_gate_is_refused(void **state) {
    (void)state;
    static struct matrix m;
    begin(&m);
    const struct sh_procedures *all = sh_matter_procedures(m.o.texts);
    for (size_t p = 0; p < all->n; p++) {
        m.d = (struct doing){.roll_back = true, .may_be_hidden = all->of[p].is_confidential};
        make(&m.o, &all->of[p], m.d.id);
        for (size_t g = 0; g < all->of[p].n_gates; g++) {
            const struct sh_gate_text *gate = &all->of[p].gates[g];
            const struct sh_actor by[] = {gate->of, gate->chief};
            char name[96];
            (void)snprintf(name, sizeof name, "gate.%.*s", SH_ARG(gate->id));
            const struct sh_step step = {.id = sh_str_of(name), .by = by, .n_by = gate->has_chief ? 2 : 1};
            for (size_t r = 0; r < m.o.roles->n; r++)
                check_cell(&m, &all->of[p], &step, m.o.roles->of[r].id);
        }
        sh_arena_free(&m.d.arena);
    }
    CHECK(m.asked > 100 && m.refused > m.asked / 2);
    office_drop(&m.o);
}

static bool may_open(const struct sh_procedure *text, struct sh_str role) {
    for (size_t i = 0; i < text->n_open_by; i++)
        if (sh_str_eq(text->open_by[i].role, role))
            return true;
    return false;
}

/* What may be opened by nobody but other matters, or the law, is refused to every role. */
static void every_role_that_may_not_open_a_matter_is_refused(void **state) {
    (void)state;
    static struct matrix m;
    begin(&m);
    const struct sh_procedures *all = sh_matter_procedures(m.o.texts);
    for (size_t p = 0; p < all->n; p++)
        for (size_t r = 0; r < m.o.roles->n; r++) {
            const struct sh_str role = m.o.roles->of[r].id;
            m.d = (struct doing){.is_open = true, .roll_back = true};
            become(&m.d, &m.o, "q", role);
            m.d.wanted = (struct sh_matter_new){
                .procedure = all->of[p].id,
                .subject = sh_str_is(all->of[p].about, "body") ? AGENCY : HOSPITAL,
                .period = SH_STR("no period")}; /* whoever may is refused by what he asks for */
            CHECK(do_it(&m.d) == SH_E_CANCELLED);
            const bool is_refused = has_failure(&m.d, SH_FAIL_ROLE);
            if (is_refused == may_open(&all->of[p], role))
                print_error("%.*s opened by %.*s: %s\n", SH_ARG(all->of[p].id), SH_ARG(role),
                            is_refused ? "refused" : "not refused");
            CHECK(is_refused != may_open(&all->of[p], role));
            m.refused += is_refused;
            m.asked++;
            sh_arena_free(&m.d.arena);
        }
    CHECK(m.asked > 500 && m.refused > m.asked / 2);
    office_drop(&m.o);
}

/* ---- steps of items ---------------------------------------------------------------------------------- */

struct previewing {
    struct doing *d;
    struct sh_str step;
    struct sh_item_row row;
    struct sh_buf out;
};
static sh_code preview_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct previewing *p = ctx;
    const struct sh_desk desk = {p->d->o->texts, &p->d->who, &p->d->arena, &p->d->failures};
    const struct sh_bulk bulk = {.step = p->step, .why = SH_STR("late"), .rows = &p->row, .n_rows = 1};
    struct sh_json json;
    sh_buf_clear(&p->out);
    sh_json_begin(&json, &p->out);
    SH_TRY(sh_items_act(txn, &desk, &bulk, true, &json, err));
    return sh_json_end(&json, err);
}

struct making_item {
    struct making matter;
    char id[SH_ID_TEXT + 1];
    int64_t version;
};
static sh_code make_item_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct making_item *making = ctx;
    const struct sh_procedure *text = making->matter.text;
    struct sh_failures failures = {0};
    struct work w = {.txn = txn,
                     .texts = making->matter.o->texts,
                     .arena = &making->matter.arena,
                     .failures = &failures,
                     .err = err};
    SH_TRY(make_body(txn, &making->matter, err));
    SH_TRY(sh_matter_load(&w, sh_str_of(making->matter.id)));
    struct item item = {.matter = w.m.id,
                        .key = text->id,
                        .procedure = text->id,
                        .state = text->items->states[0].id,
                        .place = w.m.place,
                        .body = w.m.body,
                        .institution = HOSPITAL,
                        .party_body = SH_STR("h1"),
                        .rule = SH_STR("r"),
                        .name = SH_STR("n"),
                        .level = SH_STR("certain"),
                        .person = SH_STR(""),
                        .say = SH_STR(""),
                        .run = SH_STR(""),
                        .receipt = SH_STR(""),
                        .assigned = SH_STR(""),
                        .fields = SH_STR("{}"),
                        .queue = SH_STR("")};
    SH_TRY(sh_item_save(&w, &item, SH_STR("load"), SH_STR(""), SH_STR(""), SH_STR("")));
    (void)snprintf(making->id, sizeof making->id, "%.*s", SH_ARG(item.id));
    making->version = item.version;
    return SH_OK;
}

static void check_item_cell(struct matrix *m, struct previewing *p, const struct sh_procedure *text,
                            const struct sh_step *step, struct sh_str role) {
    struct sh_err err = {0};
    p->step = step->id;
    become(&m->d, &m->o, "q", role);
    const sh_code code = sh_store_read(m->o.store, preview_body, p, &err);
    CHECK(code == SH_OK || code == SH_E_CANCELLED);
    const bool is_refused = code == SH_E_CANCELLED ? has_failure(&m->d, SH_FAIL_ROLE)
                                                   : sh_str_find(sh_buf_view(&p->out),
                                                                 SH_STR("\"kind\":\"role\"")) != SH_STR_NONE;
    note_cell(m, text, step, role, is_refused);
}

/* A row of each procedure that has rows: asked by a preview, which judges it and writes nothing. */
static void every_role_that_may_not_take_a_step_of_an_item_is_refused(void **state) {
    (void)state;
    static struct matrix m;
    begin(&m);
    const struct sh_procedures *all = sh_matter_procedures(m.o.texts);
    size_t n = 0;
    for (size_t p = 0; p < all->n; p++) {
        if (!all->of[p].items)
            continue;
        const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("test")};
        struct making_item making = {.matter = {.o = &m.o, .text = &all->of[p]}};
        struct sh_err err = {0};
        CHECK_OK(sh_store_write(m.o.store, &act, make_item_body, &making, NULL, &err), &err);
        m.d = (struct doing){.o = &m.o};
        struct previewing asking = {.d = &m.d, .row = {sh_str_of(making.id), making.version}};
        for (size_t s = 0; s < all->of[p].items->n_steps; s++)
            for (size_t r = 0; r < m.o.roles->n; r++)
                check_item_cell(&m, &asking, &all->of[p], &all->of[p].items->steps[s], m.o.roles->of[r].id);
        sh_buf_free(&asking.out);
        sh_arena_free(&making.matter.arena);
        sh_arena_free(&m.d.arena);
        n++;
    }
    CHECK(n >= 2 && m.asked > 200 && m.refused > m.asked / 2);
    office_drop(&m.o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_that_may_not_take_a_step_is_refused),
        cmocka_unit_test(every_role_that_may_not_speak_for_a_gate_is_refused),
        cmocka_unit_test(every_role_that_may_not_open_a_matter_is_refused),
        cmocka_unit_test(every_role_that_may_not_take_a_step_of_an_item_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
