/* A random walker: persons of every role press whatever a matter offers, with values drawn from small
 * domains, while days go by, until all is closed. What it must never meet: a dead end, an invalid journal,
 * money that is not conserved. Every walk prints its seed when it fails. */
#pragma once
#include "matter/office.h"

#define WALKS_BEGIN "2024-01-03 09:00:00" /* when every procedure is in force */

enum { MOVES_MAX = 4000, PROCEDURES_MAX = 64, SLEEPS_MAX = 3, SLEEP_DAYS = 20 };

struct walker {
    struct office o;
    struct sh_rng rng;
    uint64_t n_moves, n_done, n_quarters; /* n_quarters: reports this office has opened */
    size_t n_slept;                       /* in this walk */
    bool has_review;                      /* its month of review: there is one */
    char why[2000];                       /* last refusals, for the message */
    struct asked container;               /* number of what gathers the matter under way */
    struct asked sealed; /* number of this office's first report, in which something lies sealed */
    /* states reached by each step, as bits: of matters, of items */
    uint64_t reached[2][PROCEDURES_MAX][SH_PROCEDURE_STEPS_MAX][2];
};

static inline uint64_t pick(struct walker *w, uint64_t n) {
    return sh_rng_below(&w->rng, n);
}

/* A value of a field from a domain so small that conditions are met by chance. */
static inline struct sh_str draw_value(struct walker *w, const struct sh_field *field) {
    static const char *const money[] = {"0.00", "100.00", "200.00", "300.00"};
    static const char *const counts[] = {"0", "1", "2", "3"};
    static const char *const days[] = {"2024-01-02", "2026-12-30"}; /* before and after every walk */
    switch (field->type) {
    case SH_FIELD_CHOICE:
        return field->choices[pick(w, field->n_choices)].code;
    case SH_FIELD_MONEY:
        return sh_str_of(money[pick(w, 4)]);
    case SH_FIELD_INT:
    case SH_FIELD_DECIMAL:
        return sh_str_of(counts[pick(w, 4)]);
    case SH_FIELD_BOOL:
        return pick(w, 2) ? SH_STR("true") : SH_STR("false");
    case SH_FIELD_DATE:
        return sh_str_of(days[pick(w, 2)]);
    case SH_FIELD_PLACE:
        return PLACE;
    case SH_FIELD_CODE: /* also the body everybody works for: who is called into a matter */
        return sh_str_is(field->id, "fund") ? SH_STR("390") : pick(w, 2) ? AGENCY : SH_STR("x1");
    case SH_FIELD_TEXT:
    case SH_FIELD_REF:
    case SH_FIELD_USCC:
    case SH_FIELD_IDCARD:
    case SH_FIELD_PHONE:
    case SH_FIELD_TYPES:
        break;
    }
    return SH_STR("x1");
}

static inline size_t draw_values(struct walker *w, const struct sh_machine *machine,
                                 const struct sh_step *step, struct sh_matter_value *ret) {
    size_t n = 0;
    for (size_t i = 0; i < step->n_needs; i++)
        ret[n++] = (struct sh_matter_value){machine->fields[step->needs[i]].id,
                                            draw_value(w, &machine->fields[step->needs[i]])};
    for (size_t i = 0; i < step->n_may; i++)
        if (pick(w, 2))
            ret[n++] = (struct sh_matter_value){machine->fields[step->may[i]].id,
                                                draw_value(w, &machine->fields[step->may[i]])};
    for (size_t i = 0; step->lays && i < step->lays->n_fields; i++)
        if (step->lays->fields[i].required) /* what it asks of who lays anything */
            ret[n++] =
                (struct sh_matter_value){step->lays->fields[i].id, draw_value(w, &step->lays->fields[i])};
    return n;
}

/* What is opened is not found by chance: the number of the matter in which something was laid. */
static inline void name_sealed(const struct walker *w, const struct sh_procedure *text,
                               struct sh_matter_value *value) {
    if (text->unseals && sh_str_eq(value->field, text->matter.fields[text->unseals->of].id))
        value->text = sh_str_of(w->sealed.text);
}

/* Nor is what gathers it: a meeting that is called, opened where there is none. */
static inline void name_container(struct walker *w, const struct sh_procedure *text,
                                  struct sh_matter_value *value) {
    if (!text->container || !sh_str_eq(value->field, text->matter.fields[text->container->field].id))
        return;
    char sql[200];
    (void)snprintf(sql, sizeof sql,
                   "select number from mt_matter where procedure = '%.*s' and state = '%.*s' limit 1",
                   SH_ARG(text->container->procedure), SH_ARG(text->container->states[0]));
    w->container = ask_sql(&w->o, sql, (struct sh_str){0});
    if (!w->container.text[0]) {
        struct doing d = {.is_open = true,
                          .wanted = {.procedure = text->container->procedure,
                                     .subject = AGENCY,
                                     .body = SH_STR(""),
                                     .period = SH_STR(""),
                                     .parent = SH_STR("")}};
        become(&d, &w->o, "p", SH_STR("agency.head"));
        CHECK(do_it(&d) == SH_OK);
        sh_arena_free(&d.arena);
        w->container = ask_sql(&w->o, sql, (struct sh_str){0});
    }
    value->text = sh_str_of(w->container.text);
}

static inline const struct sh_actor *draw_actor(struct walker *w, const struct sh_step *step) {
    const struct sh_actor *actor = &step->by[pick(w, step->n_by)];
    return actor->kind == SH_ACTOR_LAW || actor->relation == SH_AT_UPPER ? NULL : actor;
}

static inline size_t number_of(const struct walker *w, struct sh_str procedure) {
    const struct sh_procedures *all = sh_matter_procedures(w->o.texts);
    for (size_t i = 0; i < all->n; i++)
        if (sh_str_eq(all->of[i].id, procedure) && i < PROCEDURES_MAX)
            return i;
    CHECK(false);
    return 0;
}

static inline void note_refusal(struct walker *w, const struct doing *d) {
    size_t len = strlen(w->why);
    if (len > 1000)
        w->why[0] = '\0', len = 0;
    (void)snprintf(w->why + len, sizeof w->why - len, "| %.60s: %.300s ", d->act.step.at,
                   d->failures.n ? d->failures.of[0].message.at : "");
}

/* What several do together they do with the very same words: the others follow who began. */
static inline void follow(struct walker *w, struct doing *d, const struct sh_step *step) {
    for (size_t i = 0, left = step->together - 1; i < step->n_by && left > 0; i++) {
        sh_arena_reset(&d->arena);
        become(d, &w->o, "p", step->by[i].role);
        left -= do_it(d) == SH_OK;
    }
}

/* Minutes are signed by all who spoke: those of try_panel. Whoever has signed is refused. */
static inline void sign_minutes(struct walker *w, struct doing *d, const struct sh_gate_text *gate) {
    for (size_t i = 0; i < 3; i++) {
        sh_arena_reset(&d->arena);
        become(d, &w->o, i < 2 ? "p" : "p2", i == 0 ? gate->chief.role : gate->of.role);
        (void)do_it(d);
    }
}

/* Anybody may give a matter up, without a condition: as often as all else, few would come to their end. */
static inline bool is_given_up(const struct sh_step *step) {
    return sh_str_is(step->id, "drop") || sh_str_is(step->id, "lapse");
}

/* One try of a step of a matter by somebody who may. */
static inline void try_step(struct walker *w, const char *id, struct sh_str procedure, struct sh_str state) {
    const size_t p = number_of(w, procedure);
    const struct sh_procedure *text = &sh_matter_procedures(w->o.texts)->of[p];
    size_t open[SH_PROCEDURE_STEPS_MAX], n = 0;
    for (size_t i = 0; i < text->matter.n_steps; i++)
        if (sh_step_is_from(&text->matter.steps[i], sh_machine_state(&text->matter, state)))
            open[n++] = i;
    const size_t s = n ? open[pick(w, n)] : 0;
    const struct sh_step *step = &text->matter.steps[s];
    const struct sh_actor *actor = n ? draw_actor(w, step) : NULL;
    if (!actor || (is_given_up(step) && pick(w, 12)))
        return;
    struct sh_matter_value values[64];
    struct doing d = {.roll_back = false};
    become(&d, &w->o, pick(w, step->together > 1 ? 2 : 4) ? "p" : "p2", actor->role);
    (void)snprintf(d.id, sizeof d.id, "%s", id);
    d.act = (struct sh_matter_act){.step = step->id,
                                   .values = values,
                                   .n_values = draw_values(w, &text->matter, step, values),
                                   .why = SH_STR("walk")};
    for (size_t i = 0; i < d.act.n_values; i++)
        name_sealed(w, text, &values[i]), name_container(w, text, &values[i]);
    w->n_moves++;
    const bool is_done = do_it(&d) == SH_OK;
    if (is_done)
        w->n_done++;
    else
        note_refusal(w, &d);
    if (is_done && step->together > 1)
        follow(w, &d, step);
    if (is_done && step->minutes_of >= 0)
        sign_minutes(w, &d, &text->gates[step->minutes_of]);
    sh_arena_free(&d.arena);
}

/* The panel speaks for a gate that stands before a step of the state. */
static inline void try_panel(struct walker *w, const char *id, struct sh_str procedure, struct sh_str state) {
    const struct sh_procedure *text = &sh_matter_procedures(w->o.texts)->of[number_of(w, procedure)];
    const int32_t from = sh_machine_state(&text->matter, state);
    int32_t gates[64];
    size_t n = 0;
    for (size_t i = 0; i < text->matter.n_steps; i++)
        for (size_t g = 0; g < text->matter.steps[i].n_gates && n < 64; g++)
            if (sh_step_is_from(&text->matter.steps[i], from))
                gates[n++] = text->matter.steps[i].gates[g];
    if (n == 0)
        return;
    const struct sh_gate_text *gate = &text->gates[gates[pick(w, n)]];
    const struct sh_matter_value values[] = {
        {SH_STR("opinion"), pick(w, 5) ? SH_STR("agree") : SH_STR("disagree")}};
    for (size_t i = 0; i < (gate->has_chief ? 3 : 1); i++) {
        char step[64];
        struct doing d = {.roll_back = false};
        become(&d, &w->o, i < 2 ? "p" : "p2", gate->has_chief && i == 0 ? gate->chief.role : gate->of.role);
        (void)snprintf(d.id, sizeof d.id, "%s", id);
        (void)snprintf(step, sizeof step, "gate.%.*s", SH_ARG(gate->id));
        d.act = (struct sh_matter_act){.step = sh_str_of(step), .values = values, .n_values = 1};
        (void)do_it(&d);
        sh_arena_free(&d.arena);
    }
}

struct item_try {
    struct walker *w;
    size_t p, s;
    struct sh_str matter;
};
/* A step from where the item stands; false: none is for people. What is settled is rarely opened again. */
static inline bool draw_item_step(struct item_try *t, struct sh_str state, const struct sh_actor **ret) {
    const struct sh_machine *machine = sh_matter_procedures(t->w->o.texts)->of[t->p].items;
    size_t open[SH_PROCEDURE_STEPS_MAX], n = 0;
    const int32_t from = sh_machine_state(machine, state);
    if (machine->states[from].is_final && pick(t->w, 10))
        return false;
    for (size_t i = 0; i < machine->n_steps; i++)
        if (sh_step_is_from(&machine->steps[i], from))
            open[n++] = i;
    t->s = n ? open[pick(t->w, n)] : 0;
    *ret = n ? draw_actor(t->w, &machine->steps[t->s]) : NULL;
    return *ret != NULL;
}

static inline sh_code item_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct item_try *t = ctx;
    const struct sh_machine *machine = sh_matter_procedures(t->w->o.texts)->of[t->p].items;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    const struct sh_actor *actor = NULL;
    struct sh_rows rows;
    struct sh_matter_value values[64];
    struct sh_failures failures;
    struct sh_json json;
    struct doing d = {.roll_back = false};
    SH_TRY(sh_sql_query(txn, "select id, version, state from mt_item where matter = $1 order by key limit 20",
                        &SH_TEXT(t->matter), 1, &arena, &rows, err));
    const size_t r = rows.n_rows ? pick(t->w, rows.n_rows) : 0;
    if (rows.n_rows == 0 || !draw_item_step(t, sh_cell(&rows, r, 2)->str, &actor))
        return SH_E_CANCELLED;
    const struct sh_step *step = &machine->steps[t->s];
    become(&d, &t->w->o, "p", actor->role);
    const struct sh_item_row row = {sh_cell(&rows, r, 0)->str, sh_cell(&rows, r, 1)->i64};
    const struct sh_bulk bulk = {.step = step->id,
                                 .why = SH_STR("walk"),
                                 .rows = &row,
                                 .n_rows = 1,
                                 .values = values,
                                 .n_values = draw_values(t->w, machine, step, values)};
    const struct sh_desk desk = {t->w->o.texts, &d.who, &arena, &failures};
    sh_json_begin(&json, &out);
    SH_TRY(sh_items_act(txn, &desk, &bulk, false, &json, err));
    return sh_str_find(sh_buf_view(&out), SH_STR("\"n\":1")) != SH_STR_NONE ? SH_OK : SH_E_CANCELLED;
}

static inline void try_item(struct walker *w, const char *id, struct sh_str procedure) {
    struct item_try t = {.w = w, .p = number_of(w, procedure), .matter = sh_str_of(id)};
    const struct sh_act act = {.actor = SH_STR("walker"), .why = SH_STR("walk")};
    struct sh_err err = {0};
    if (!sh_matter_procedures(w->o.texts)->of[t.p].items)
        return;
    const sh_code code = sh_store_write(w->o.store, &act, item_body, &t, NULL, &err);
    if (code != SH_OK && code != SH_E_CANCELLED)
        print_error("item: %s\n", err.message);
    CHECK(code == SH_OK || code == SH_E_CANCELLED);
    w->n_moves++, w->n_done += code == SH_OK;
}

/* An open matter of the walk, drawn. */
static inline sh_code draw_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct {
        struct walker *w;
        char id[SH_ID_TEXT + 1], procedure[64], state[64];
        bool is;
    } *d = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn,
                        "select id, procedure, state from mt_matter where final = 0 order by ord limit 50",
                        NULL, 0, &arena, &rows, err));
    d->is = rows.n_rows > 0;
    if (!d->is)
        return SH_OK;
    const size_t r = pick(d->w, rows.n_rows);
    (void)snprintf(d->id, sizeof d->id, "%.*s", SH_ARG(sh_cell(&rows, r, 0)->str));
    (void)snprintf(d->procedure, sizeof d->procedure, "%.*s", SH_ARG(sh_cell(&rows, r, 1)->str));
    (void)snprintf(d->state, sizeof d->state, "%.*s", SH_ARG(sh_cell(&rows, r, 2)->str));
    return SH_OK;
}

struct walk_load {
    struct walker *w;
    struct sh_finding_in rows[2];
};
static inline sh_code walk_load_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct walk_load *l = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_matter_who who = {.person = SH_STR("cli")};
    struct sh_load_report report = {0};
    const struct sh_desk desk = {l->w->o.texts, &who, &arena, NULL};
    const struct sh_load_into into = {SH_STR("claim-batch"), AGENCY};
    const struct sh_covered_month month = {.institution = HOSPITAL,
                                           .period = l->rows[0].period,
                                           .gaps = SH_STR(""),
                                           .n_received = 2,
                                           .n_run = 2};
    const struct sh_covered covered = {.run = SH_STR("r1"), .place = PLACE, .of = &month, .n = 1};
    struct sh_str after = SH_STR("");
    int64_t n_told = 0;
    SH_TRY(sh_items_load(txn, &desk, &into, l->rows, 2, &report, err));
    return sh_matters_cover(txn, &desk, &into, &covered, &after, &n_told, err);
}

static inline void begin_walk(struct walker *w, uint64_t number) {
    struct sh_err err;
    if (number % 4 == 1) { /* a batch with two findings */
        char keys[2][32], period[32];
        struct walk_load l = {.w = w};
        const struct sh_act act = {.actor = SH_STR("cli"), .why = SH_STR("r1")};
        (void)snprintf(period, sizeof period, "%04d-%02d", (int)(2000 + number / 48 % 7000),
                       (int)(1 + number / 4 % 12));
        for (size_t i = 0; i < 2; i++) {
            (void)snprintf(keys[i], sizeof keys[i], "w%llu-%zu", (unsigned long long)number, i);
            l.rows[i] = (struct sh_finding_in){.key = sh_str_of(keys[i]),
                                               .institution = HOSPITAL,
                                               .period = sh_str_of(period),
                                               .rule = SH_STR("r"),
                                               .level = i ? SH_STR("certain") : SH_STR("suspected"),
                                               .run = SH_STR("r1"),
                                               .day = 20000,
                                               .amount_fen = 10000,
                                               .fund_fen = 8000};
        }
        CHECK_OK(sh_store_write(w->o.store, &act, walk_load_body, &l, NULL, &err), &err);
        return;
    }
    const struct sh_procedures *all = sh_matter_procedures(w->o.texts);
    const struct sh_procedure *text = &all->of[pick(w, all->n)];
    const int32_t today = sh_day_of_time(w->o.clock.fixed_utc + SH_SHANGHAI_SECONDS);
    while (text->n_open_by == 0 || text->draw || text->from > today || text->period == SH_PERIOD_YEAR ||
           sh_str_is(text->id, "claim-batch") || sh_str_is(text->id, "month-close") ||
           (sh_str_is(text->id, "review-month") && w->has_review) ||
           (number % 8 == 0 && !sh_str_is(text->id, "breach-decision")) ||
           (number % 8 == 4 && !sh_str_is(text->id, "termination-proposal")) ||
           (number % 16 == 2 && !sh_str_is(text->id, "unseal")) ||   /* few come to two holders */
           (number % 16 == 6 && !sh_str_is(text->id, "discussion"))) /* nor to three signatures */
        text = &all->of[pick(w, all->n)];
    struct doing d = {.is_open = true};
    become(&d, &w->o, "p", text->open_by[pick(w, text->n_open_by)].role);
    char month[32], quarter[32];
    /* The quarter that the office begins in, not over yet, then those before it: one report each. */
    const uint64_t back = w->n_quarters + 3;
    w->n_quarters += text->period == SH_PERIOD_QUARTER;
    (void)snprintf(quarter, sizeof quarter, "%04d-Q%d", (int)(2024 - back / 4), (int)(4 - back % 4));
    (void)snprintf(month, sizeof month, "%04d-%02d", (int)(2000 + number / 12 % 7000),
                   (int)(1 + number % 12));
    if (sh_str_is(text->id, "review-month")) { /* the month that the office begins in: over in some days */
        w->has_review = true;
        (void)snprintf(month, sizeof month, "%.7s", WALKS_BEGIN);
    }
    d.wanted = (struct sh_matter_new){.procedure = text->id,
                                      .subject = sh_str_is(text->about, "body") ? AGENCY : HOSPITAL,
                                      .body = SH_STR(""),
                                      .period = text->period == SH_PERIOD_MONTH     ? sh_str_of(month)
                                                : text->period == SH_PERIOD_QUARTER ? sh_str_of(quarter)
                                                                                    : SH_STR(""),
                                      .parent = SH_STR("")};
    if (do_it(&d) != SH_OK) {
        note_refusal(w, &d);
        print_error("walk %llu: %.*s cannot be opened: %s\n", (unsigned long long)number, SH_ARG(text->id),
                    w->why);
        CHECK(false);
    }
    sh_arena_free(&d.arena);
}

struct balances {
    struct sh_str account, fund;
    int64_t fen;
};
static inline sh_code balance_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct balances *b = ctx;
    const struct sh_scope all = everything();
    const struct sh_entry account = {b->account, b->fund, 0};
    return sh_ledger_balance(txn, &all, SH_STR("money"), &account, SH_DAY_OPEN - 1, &b->fen, err);
}
static inline int64_t balance_of(struct walker *w, struct sh_str account, struct sh_str fund) {
    struct balances b = {account, fund, 0};
    struct sh_err err;
    CHECK_OK(sh_store_read(w->o.store, balance_body, &b, &err), &err);
    return b.fen;
}

static inline int64_t balance(struct walker *w, struct sh_str account) {
    return balance_of(w, account, SH_STR("390"));
}

/* When all is closed: what came in for review went out again, paid or kept; and what was owed came back.
 */
static inline void check_money(struct walker *w) {
    CHECK_I64(balance(w, SH_STR("review.pending")), 0);
    CHECK_I64(-balance(w, SH_STR("claims.open")),
              balance(w, SH_STR("institution.paid")) + balance(w, SH_STR("fund.kept")));
    CHECK_I64(balance(w, SH_STR("recovery.claims")), 0);
    CHECK_I64(-balance(w, SH_STR("institution.owes")),
              balance(w, SH_STR("treasury.fund")) + balance(w, SH_STR("institution.refunded")));
    CHECK_I64(balance(w, SH_STR("person.claims")), 0);
    CHECK_I64(-balance(w, SH_STR("benefits.open")), balance(w, SH_STR("person.paid")));
    CHECK_I64(-balance(w, SH_STR("damages.owed")), balance(w, SH_STR("agency.damages")));
    CHECK_I64(-balance_of(w, SH_STR("fines.owed"), SH_STR("state")),
              balance_of(w, SH_STR("treasury.state"), SH_STR("state")));
}

/* A step that issues a paper has issued it each time, and no number is lost or twice. */
static inline void check_papers(struct walker *w) {
    const struct sh_procedures *all = sh_matter_procedures(w->o.texts);
    for (size_t p = 0; p < all->n; p++)
        for (size_t s = 0; s < all->of[p].matter.n_steps; s++)
            for (size_t i = 0; i < all->of[p].matter.steps[s].n_issues; i++) {
                const struct sh_step *step = &all->of[p].matter.steps[s];
                const struct sh_str kind = all->of[p].papers[step->issues[i]].id;
                char sql[1000];
                (void)snprintf(sql, sizeof sql,
                               "select count(*) from mt_step s join mt_matter m on m.id = s.matter where "
                               "m.procedure = '%.*s' and s.step = '%.*s' and not exists (select 1 from "
                               "mt_paper q where q.matter = s.matter and q.kind = '%.*s' and q.issued_at = "
                               "s.recorded)",
                               SH_ARG(all->of[p].id), SH_ARG(step->id), SH_ARG(kind));
                const int64_t missed = ask_sql(&w->o, sql, (struct sh_str){0}).ret;
                if (missed)
                    print_error("%.*s.%.*s: %lld times without %.*s\n", SH_ARG(all->of[p].id),
                                SH_ARG(step->id), (long long)missed, SH_ARG(kind));
                CHECK_I64(missed, 0);
            }
    const struct sh_str none = {0};
    const int64_t n = ask_sql(&w->o, "select count(*) from mt_paper", none).ret;
    CHECK_I64(ask_sql(&w->o, "select count(distinct number) from mt_paper", none).ret, n);
    CHECK_I64(ask_sql(&w->o, "select count(*) from mt_matter where number <> ''", none).ret + n,
              ask_sql(&w->o, "select sum(last) from mt_number", none).ret);
}

static inline sh_code reached_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    static const char *const sql[] = {
        "select distinct m.procedure, s.step, s.after from mt_step s join mt_matter m on m.id = s.matter",
        "select distinct i.procedure, s.step, s.after from mt_item_step s join mt_item i on i.id = s.item"};
    struct walker *w = ctx;
    const struct sh_procedures *all = sh_matter_procedures(w->o.texts);
    for (size_t kind = 0; kind < 2; kind++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_rows rows;
        SH_TRY(sh_sql_query(txn, sql[kind], NULL, 0, &arena, &rows, err));
        for (size_t r = 0; r < rows.n_rows; r++) {
            const size_t p = number_of(w, sh_cell(&rows, r, 0)->str);
            const struct sh_machine *machine = kind ? all->of[p].items : &all->of[p].matter;
            const int32_t step = sh_machine_step(machine, sh_cell(&rows, r, 1)->str);
            const int32_t state = sh_machine_state(machine, sh_cell(&rows, r, 2)->str);
            if (step >= 0 && state >= 0) /* else: opening, service, what the engine notes itself */
                w->reached[kind][p][step][state / 64] |= UINT64_C(1) << (state % 64);
        }
    }
    return SH_OK;
}

/* All that must hold of an office whose matters are closed. */
static inline void check_office(struct walker *w) {
    struct sh_err err;
    CHECK_OK(sh_store_read(w->o.store, reached_body, w, &err), &err);
    check_money(w);
    check_papers(w);
    check_journal(&w->o);
}

/* Each office begins with a report, for holders to open. */
static inline void first_report(struct walker *w) {
    static const char number[] = "select number from mt_matter where id = $1";
    const struct sh_str procedure = SH_STR("report");
    struct doing d = {.is_open = true,
                      .wanted = {.procedure = procedure,
                                 .subject = HOSPITAL,
                                 .body = SH_STR(""),
                                 .period = SH_STR(""),
                                 .parent = SH_STR("")}};
    become(&d, &w->o, "p", SH_STR("bureau.desk"));
    CHECK(do_it(&d) == SH_OK);
    while (is_in(&w->o, d.id, "registered"))
        try_step(w, d.id, procedure, SH_STR("registered"));
    w->sealed = ask_sql(&w->o, number, sh_str_of(d.id));
    sh_arena_free(&d.arena);
}

static inline struct walker *walker_new(uint64_t seed) {
    static struct walker w;
    w = (struct walker){.o = office_new(WALKS_BEGIN)};
    sh_rng_seed(&w.rng, seed);
    office_open(&w.o);
    office_people_the_city(&w.o);
    first_report(&w);
    return &w;
}

/* Years without a calendar end nothing by themselves (T14), and a walk of all its moves goes through some 930
 * days: one that begins later than this has another office, under the same law. */
static inline void renew(struct walker *w) {
    if (w->o.clock.fixed_utc < utc_of("2024-05-15 00:00:00"))
        return;
    check_office(w);
    office_renew(&w->o, WALKS_BEGIN);
    w->n_quarters = 0, w->has_review = false;
    first_report(w);
}

/* What the law does when its time is over stands beside what people do sooner: they hardly ever wait. So some
 * lie over their time: the office sleeps where the law is to act, but not so often that a walk outlives the
 * calendars. */
static inline void oversleep(struct walker *w, struct sh_str procedure, struct sh_str state) {
    const struct sh_machine *machine = &sh_matter_procedures(w->o.texts)->of[number_of(w, procedure)].matter;
    bool is_for_law = false;
    for (size_t i = 0; i < machine->n_steps; i++)
        is_for_law = is_for_law || (machine->steps[i].n_by && machine->steps[i].by[0].kind == SH_ACTOR_LAW &&
                                    sh_step_is_from(&machine->steps[i], sh_machine_state(machine, state)));
    if (!is_for_law || w->n_slept == SLEEPS_MAX || pick(w, 8))
        return;
    w->n_slept++;
    w->o.clock.fixed_utc += (int64_t)SH_DAY_SECONDS * SLEEP_DAYS;
    (void)run_due(&w->o);
}

/* Until every matter it opened is closed; 20 minutes or some days pass at each move. */
static inline void walk(struct walker *w, uint64_t number) {
    renew(w);
    begin_walk(w, number);
    w->n_slept = 0;
    for (size_t move = 0; move < MOVES_MAX; move++) {
        struct {
            struct walker *w;
            char id[SH_ID_TEXT + 1], procedure[64], state[64];
            bool is;
        } d = {.w = w};
        struct sh_err err;
        CHECK_OK(sh_store_read(w->o.store, draw_body, &d, &err), &err);
        if (!d.is)
            return;
        if (pick(w, 30) == 0) {
            w->o.clock.fixed_utc += (int64_t)SH_DAY_SECONDS * (int64_t)(1 + pick(w, 12));
            (void)run_due(&w->o);
        }
        oversleep(w, sh_str_of(d.procedure), sh_str_of(d.state));
        const uint64_t what = pick(w, 8);
        if (what == 0)
            try_panel(w, d.id, sh_str_of(d.procedure), sh_str_of(d.state));
        else if (what < 4)
            try_item(w, d.id, sh_str_of(d.procedure));
        else
            try_step(w, d.id, sh_str_of(d.procedure), sh_str_of(d.state));
    }
    const struct asked left = ask_sql(&w->o,
                                      "select group_concat(procedure || ' ' || state || ' ' || fields, '; ') "
                                      "from mt_matter where final = 0",
                                      (struct sh_str){0});
    print_error("walk %llu does not end: %s; last refusals: %s\n", (unsigned long long)number, left.text,
                w->why);
    CHECK(false);
}

/* What chance does not reach: a value that opens a seal; five reconciliations of one month. */
static inline bool is_apart(const struct sh_procedure *text) {
    return text->draw || sh_str_is(text->id, "month-close");
}

static inline bool is_walked(const struct sh_step *step) {
    bool is = false;
    for (size_t i = 0; i < step->n_by; i++)
        is = is || step->by[i].relation != SH_AT_UPPER;
    return is;
}

/* Where a step may lead: its states, one for each answer. */
static inline size_t targets_of(const struct sh_machine *machine, const struct sh_step *step, int32_t *ret) {
    size_t n = 0;
    if (step->to_field < 0)
        ret[n++] = step->to;
    for (size_t i = 0; step->to_field >= 0 && i < machine->fields[step->to_field].n_choices; i++)
        ret[n++] = step->to_by[i];
    return n;
}

/* How many edges of the walked procedures were never taken, by people or by the law. Roles at upper bodies
 * are not in this city; the seals of a draw are not found by chance: tests/gate/review.py walks those. */
static inline size_t edges_left(const struct walker *w) {
    const struct sh_procedures *all = sh_matter_procedures(w->o.texts);
    size_t left = 0;
    for (size_t p = 0; p < all->n; p++)
        for (size_t kind = 0; kind < 2 && !is_apart(&all->of[p]); kind++) {
            const struct sh_machine *machine = kind ? all->of[p].items : &all->of[p].matter;
            for (size_t s = 0; machine && s < machine->n_steps; s++) {
                const uint64_t *bits = w->reached[kind][p][s];
                int32_t to[256];
                const size_t n = targets_of(machine, &machine->steps[s], to);
                for (size_t i = 0; i < n && is_walked(&machine->steps[s]); i++) {
                    const bool is = to[i] < 0 ? bits[0] || bits[1] : bits[to[i] / 64] >> (to[i] % 64) & 1;
                    left += !is;
                    if (!is)
                        print_message(
                            "# never taken: %.*s.%.*s to %.*s\n", SH_ARG(all->of[p].id),
                            SH_ARG(machine->steps[s].id),
                            SH_ARG(to[i] < 0 ? SH_STR("where it stands") : machine->states[to[i]].id));
                }
            }
        }
    return left;
}
