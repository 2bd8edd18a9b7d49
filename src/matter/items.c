/* Items: rows of a matter, loaded from findings, judged, saved. */
#include "base/decimal.h"
#include "matter/item.h"
#include "matter/shape.h"

void sh_item_of_row(const struct sh_rows *rows, size_t row, struct item *ret) {
    struct sh_str *const texts[] = {&ret->id,
                                    &ret->matter,
                                    &ret->key,
                                    &ret->procedure,
                                    &ret->state,
                                    NULL,
                                    NULL,
                                    &ret->place,
                                    &ret->body,
                                    &ret->institution,
                                    &ret->party_body,
                                    &ret->rule,
                                    &ret->name,
                                    &ret->level,
                                    &ret->person,
                                    NULL,
                                    NULL,
                                    NULL,
                                    &ret->say,
                                    &ret->run,
                                    &ret->receipt,
                                    &ret->assigned,
                                    NULL,
                                    NULL,
                                    &ret->fields,
                                    &ret->queue};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i])
            *texts[i] = sh_cell(rows, row, i)->str;
    ret->version = sh_cell(rows, row, 5)->i64;
    ret->is_final = sh_cell(rows, row, 6)->i64 != 0;
    ret->day = sh_cell(rows, row, 15)->i64;
    ret->amount = sh_cell(rows, row, 16)->i64;
    ret->fund_amount = sh_cell(rows, row, 17)->i64;
    ret->differs = sh_cell(rows, row, 22)->i64 != 0;
    ret->changed_at = sh_cell(rows, row, 23)->i64;
}

sh_code sh_item_load(struct work *w, struct sh_str id, struct item *ret) {
    struct sh_rows rows;
    if (id.len == 0 || id.len > 64)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such item");
    SH_TRY(sh_sql_query(w->txn, "select " ITEM_COLUMNS " from mt_item where id = $1", &SH_TEXT(id), 1,
                        w->arena, &rows, w->err));
    if (rows.n_rows == 0)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such item");
    sh_item_of_row(&rows, 0, ret);
    return SH_OK;
}

bool sh_item_visible(const struct sh_matter_who *who, const struct item *item,
                     const struct sh_machine *machine) {
    bool is_place = false, is_body = who->scope.any_body;
    for (size_t i = 0; i < who->scope.n_places; i++)
        is_place = is_place || sh_str_starts_with(item->place, who->scope.places[i]);
    for (size_t i = 0; i < who->scope.n_bodies; i++)
        is_body = is_body || (who->scope.bodies[i].len && sh_str_eq(item->body, who->scope.bodies[i]));
    if (is_place && is_body)
        return true;
    const int32_t state = machine ? sh_machine_state(machine, item->state) : -1;
    for (size_t i = 0; i < who->n_grants; i++)
        if (sh_str_eq(who->grants[i].body, item->party_body) && state >= 0 &&
            machine->states[state].party_sees)
            return true;
    return false;
}

/* ---- saving ------------------------------------------------------------------------------------------ */

static sh_code item_text(struct work *w, const struct item *item, struct sh_str step, struct sh_str act,
                         struct sh_buf *out) {
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_str(&json, "matter", item->matter);
    sh_json_put_str(&json, "key", item->key);
    sh_json_put_str(&json, "state", item->state);
    sh_json_put_str(&json, "step", step);
    sh_json_put_str(&json, "role", w->used.role);
    sh_json_put_str(&json, "act", act);
    sh_json_put_str(&json, "rule", item->rule);
    sh_json_put_str(&json, "level", item->level);
    sh_json_put_str(&json, "institution", item->institution);
    sh_json_put_str(&json, "run", item->run);
    sh_json_put_str(&json, "receipt", item->receipt);
    sh_json_put_i64(&json, "amount_fen", item->amount);
    sh_json_put_i64(&json, "fund_fen", item->fund_amount);
    sh_json_put_bool(&json, "differs", item->differs);
    sh_json_key(&json, "fields");
    sh_json_raw(&json, item->fields.len ? item->fields : SH_STR("{}"));
    sh_json_object_end(&json);
    return sh_json_end(&json, w->err);
}

static sh_code insert_row(struct work *w, const struct item *item) {
    const struct sh_value values[] = {
        SH_TEXT(item->id),          SH_TEXT(item->matter),     SH_TEXT(item->key),
        SH_TEXT(item->procedure),   SH_TEXT(item->state),      SH_I64(item->version),
        SH_I64(item->is_final),     SH_TEXT(item->place),      SH_TEXT(item->body),
        SH_TEXT(item->institution), SH_TEXT(item->party_body), SH_TEXT(item->rule),
        SH_TEXT(item->name),        SH_TEXT(item->level),      SH_TEXT(item->person),
        SH_I64(item->day),          SH_I64(item->amount),      SH_I64(item->fund_amount),
        SH_TEXT(item->say),         SH_TEXT(item->run),        SH_TEXT(item->receipt),
        SH_TEXT(item->assigned),    SH_I64(item->differs),     SH_I64(item->changed_at),
        SH_TEXT(item->fields),      SH_TEXT(item->queue)};
    return sh_sql_run(w->txn,
                      "insert into mt_item (" ITEM_COLUMNS
                      ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
                      "$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)",
                      values, 26, NULL, w->err);
}

static sh_code update_row(struct work *w, const struct item *item) {
    const struct sh_value values[] = {
        SH_TEXT(item->id),      SH_TEXT(item->state),      SH_I64(item->version), SH_I64(item->is_final),
        SH_I64(item->amount),   SH_I64(item->fund_amount), SH_TEXT(item->say),    SH_TEXT(item->run),
        SH_TEXT(item->receipt), SH_TEXT(item->assigned),   SH_I64(item->differs), SH_I64(item->changed_at),
        SH_TEXT(item->fields),  SH_TEXT(item->level)};
    return sh_sql_run(
        w->txn,
        "update mt_item set state = $2, version = $3, final = $4, amount = $5, fund_amount = $6, say = $7, "
        "run = $8, receipt = $9, assigned = $10, differs = $11, changed_at = $12, fields = $13, level = $14 "
        "where id = $1",
        values, 14, NULL, w->err);
}

/* Apart from the rest: naming a column makes its indexes be written again, changed or not. */
static sh_code move_in_queue(struct work *w, const struct item *item) {
    const struct sh_value values[] = {SH_TEXT(item->id), SH_TEXT(item->queue)};
    return sh_sql_run(w->txn, "update mt_item set queue = $2 where id = $1", values, 2, NULL, w->err);
}

/* Its place among those that wait; by an expression of the text only where there is one. */
static sh_code order_item(struct work *w, struct item *item) {
    const struct sh_machine *machine = w->m.text->items;
    if (machine->queue) {
        struct sh_str *values = sh_new(w->arena, struct sh_str, machine->n_fields + 1);
        const struct sh_str *const one[] = {values};
        if (!values)
            return sh_fail(w->err, SH_E_NOMEM, "no room for a row");
        SH_TRY(sh_fields_parse(machine, item->fields, w->arena, values, w->err));
        SH_TRY(sh_items_facts(w, item, one, 1));
    }
    return sh_items_queue(w, item, 1);
}

sh_code sh_item_save(struct work *w, struct item *item, struct sh_str step, struct sh_str before,
                     struct sh_str act, struct sh_str sealed) {
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    SH_TRY(item_text(w, item, step, act, &open));
    const bool is_new = item->version == 0;
    struct sh_record_ref ref;
    const struct sh_record_change change = {
        .register_name = SH_STR("items"),
        .id = is_new ? (struct sh_str){"", 0} : item->id,
        .key = item->key,
        .expected_version = item->version,
        .labels = {.body = item->body, .place = item->place, .matter = item->matter},
        .valid_from = 0,
        .valid_to = SH_DAY_OPEN,
        .open = sh_buf_view(&open),
        .sealed = sealed};
    SH_TRY(sh_record_put(w->txn, &change, &ref, w->err));
    item->version = ref.version;
    item->changed_at = sh_txn_now(w->txn);
    if (is_new) {
        item->id = sh_copy(w->arena, (struct sh_str){ref.id, SH_ID_TEXT});
        SH_TRY(order_item(w, item));
        SH_TRY(insert_row(w, item));
    } else {
        SH_TRY(update_row(w, item));
    }
    const struct sh_value values[] = {SH_TEXT(item->id),     SH_I64(item->version),    SH_TEXT(item->matter),
                                      SH_TEXT(step),         SH_TEXT(actor_of(w)),     SH_TEXT(w->used.role),
                                      SH_TEXT(w->used.body), SH_I64(item->changed_at), SH_TEXT(before),
                                      SH_TEXT(item->state),  SH_TEXT(w->why),          SH_TEXT(act),
                                      SH_TEXT(item->fields)};
    return sh_sql_run(
        w->txn,
        "insert into mt_item_step (item, seq, matter, step, actor, role, body, at, before, after, why, act, "
        "fields) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values, 13, NULL, w->err);
}

/* ---- judging ----------------------------------------------------------------------------------------- */

static bool says(const struct sh_step *step, struct sh_str word) {
    bool is = false;
    for (size_t g = 0; g < step->n_guards; g++)
        is = is || sh_str_find(step->guards[g].condition->text, word) != SH_STR_NONE ||
             sh_str_find(step->guards[g].refuse, word) != SH_STR_NONE;
    for (size_t i = 0; i < step->n_opens; i++)
        is = is || (step->opens[i].when && sh_str_find(step->opens[i].when->text, word) != SH_STR_NONE);
    return is;
}

/* Does any condition of a step of items ask more of the matter than how it stands? A bulk act may touch
 * thousands of matters: their steps, papers, clocks and ledgers are read only where somebody asks. Doubt
 * reads them. */
static bool speaks_of_matter(const struct sh_procedure *text, const struct sh_step *step) {
    static const char *const words[] = {"at.",   "done.", "on.",   "served", "clock",
                                        "gate.", "sub",   "party", "paper"};
    bool speaks = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        speaks = speaks || says(step, sh_str_of(words[i]));
    for (size_t i = 0; i < text->n_reads; i++)
        speaks = speaks || says(step, text->reads[i].id);
    return speaks;
}

sh_code sh_items_facts(struct work *w, const struct item *items, const struct sh_str *const *values,
                       size_t n) {
    const struct sh_machine *machine = w->m.text->items;
    SH_TRY(w->step && !speaks_of_matter(w->m.text, w->step) ? sh_work_facts_bare(w, w->m.values)
                                                            : sh_work_facts(w, w->m.values, false));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_ITEM, n, w->err));
    for (size_t i = 0; i < n; i++) {
        char money[SH_MONEY_TEXT_MAX], fund[SH_MONEY_TEXT_MAX];
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("state"), items[i].state, w->err));
        for (size_t f = 0; f < machine->n_fields; f++)
            SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, machine->fields[f].id, values[i][f], w->err));
        sh_money_plain(items[i].amount, money);
        sh_money_plain(items[i].fund_amount, fund);
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("amount"), sh_str_of(money), w->err));
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("fund_amount"), sh_str_of(fund), w->err));
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("level"), items[i].level, w->err));
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, i, SH_STR("rule"), items[i].rule, w->err));
        sh_factbook_set(w->facts, SH_FACT_ITEM, i, SH_STR("day"), items[i].day);
    }
    return SH_OK;
}

/* Most rows of thousands are refused nothing: a list is made for those that are. */
sh_code sh_failures_keep(struct work *w, const struct sh_failures *found, struct sh_failures **io) {
    if (found->n == 0)
        return SH_OK;
    if (!*io)
        *io = sh_new(w->arena, struct sh_failures, 1);
    if (!*io)
        return sh_fail(w->err, SH_E_NOMEM, "no room for what refuses a row");
    for (size_t i = 0; i < found->n && (*io)->n < SH_FAILURES_MAX; i++)
        (*io)->of[(*io)->n++] = found->of[i];
    return SH_OK;
}

/* What this person did with each of these items before (W5: in bulk, each row). */
static sh_code judge_separation(struct work *w, const struct sh_step *step, const struct item *items,
                                size_t n, struct sh_failures **rows_failures) {
    struct sh_failures *const all = w->failures, found;
    struct sh_rows first = {0};
    struct sh_str origin = SH_STR("");
    for (size_t i = 0; i < n && w->who; i++) {
        struct sh_rows rows;
        const struct sh_value key[] = {SH_TEXT(items[i].matter), SH_TEXT(w->who->person),
                                       SH_TEXT(items[i].id)};
        SH_TRY(sh_sql_query(w->txn,
                            "select step, role from mt_item_step where matter = $1 and actor = $2 and item = "
                            "$3 and role <> ''",
                            key, 3, w->arena, &rows, w->err));
        w->failures = &found, found.n = 0;
        for (size_t r = 0; r < rows.n_rows; r++) {
            const struct sh_str done = sh_cell(&rows, r, 0)->str, role = sh_cell(&rows, r, 1)->str;
            for (size_t k = 0; k < step->n_not_by; k++)
                if (sh_str_eq(step->not_by[k], done))
                    sh_failure_add(w, SH_FAIL_SEPARATION, step->basis, SH_STR(""), M_SEPARATION,
                                   SH_ARG(done));
            const struct sh_role_pair *pair =
                w->used.role.len ? sh_roles_forbid(w->texts->roles, role, w->used.role) : NULL;
            if (pair)
                sh_failure_add(w, SH_FAIL_ROLES, pair->basis, SH_STR(""), M_ROLES, SH_ARG(role),
                               SH_ARG(lang_of(w) == SH_EN ? pair->english : pair->why));
        }
        SH_TRY(sh_draw_separation(w, step, &items[i], &first, &origin));
        w->failures = all;
        SH_TRY(sh_failures_keep(w, &found, &rows_failures[i]));
    }
    return SH_OK;
}

static sh_code judge_guards(struct work *w, const struct sh_step *step, size_t n, bool with_needs,
                            struct sh_failures **rows_failures) {
    int32_t *rows = sh_new(w->arena, int32_t, n + 1);
    enum sh_guard_answer *answers = sh_new(w->arena, enum sh_guard_answer, n + 1);
    if (!rows || !answers)
        return sh_fail(w->err, SH_E_NOMEM, "no room to judge");
    for (size_t i = 0; i < n; i++)
        rows[i] = (int32_t)i;
    for (size_t g = 0; g < step->n_guards; g++) {
        const struct sh_guard *guard = &step->guards[g];
        SH_TRY(sh_factbook_ask_items(w->facts, guard->condition, rows, n, answers, w->err));
        for (size_t i = 0; i < n; i++) {
            if (answers[i] == SH_YES || (answers[i] == SH_UNKNOWN && !with_needs))
                continue;
            struct sh_failures found = {.n = 1};
            struct sh_failure *failure = &found.of[0];
            failure->kind = answers[i] == SH_NO ? SH_FAIL_GUARD : SH_FAIL_UNKNOWN;
            failure->basis = guard->basis;
            SH_TRY(sh_factbook_say(w->facts, guard->condition,
                                   sh_word_of(lang_of(w), guard->refuse, guard->english), (int32_t)i,
                                   &failure->message, w->err));
            SH_TRY(sh_failures_keep(w, &found, &rows_failures[i]));
        }
    }
    return SH_OK;
}

/* Of each item the receipt, opened by this person long enough before. */
static sh_code judge_seen(struct work *w, const struct sh_step *step, const struct item *items, size_t n,
                          struct sh_failures **rows_failures) {
    struct sh_failures *const all = w->failures, found;
    struct sh_str why = SH_STR("");
    if (!w->who || step->n_seen == 0)
        return SH_OK;
    const struct sh_param *least = sh_param_read(w, "view.min_seconds", &why);
    const int64_t seconds = least ? least->value / sh_pow10(least->scale) : 0;
    for (size_t i = 0; i < n; i++) {
        struct sh_rows rows;
        const struct sh_value key[] = {SH_TEXT(items[i].matter), SH_TEXT(items[i].id),
                                       SH_TEXT(w->who->person), SH_I64(sh_txn_now(w->txn) - seconds)};
        SH_TRY(sh_sql_query(
            w->txn, "select at from mt_seen where matter = $1 and what = $2 and person = $3 and at <= $4",
            key, 4, w->arena, &rows, w->err));
        const struct sh_str title = sh_item_title(w->who, &items[i]);
        w->failures = &found, found.n = 0;
        if (!least)
            sh_failure_add(w, SH_FAIL_UNKNOWN, step->basis, SH_STR("receipt"), M_BULK_LIMIT, SH_ARG(why));
        else if (rows.n_rows == 0)
            sh_failure_add(w, SH_FAIL_SEEN, step->basis, SH_STR("receipt"), M_SEEN, SH_ARG(title),
                           (long long)seconds);
        w->failures = all;
        SH_TRY(sh_failures_keep(w, &found, &rows_failures[i]));
    }
    return SH_OK;
}

static sh_code judge_row(struct work *w, const struct sh_step *step, const struct item *item,
                         const struct sh_str *values, bool with_needs, struct sh_failures **io) {
    const struct sh_machine *machine = w->m.text->items;
    const int32_t state = sh_machine_state(machine, item->state);
    struct sh_failures *const all = w->failures, found;
    w->failures = &found, found.n = 0;
    if (!sh_step_is_from(step, state))
        sh_failure_add(w, SH_FAIL_STATE, step->basis, SH_STR(""), M_STATE,
                       SH_ARG(state >= 0 ? machine->states[state].name : item->state), SH_ARG(step->name));
    for (size_t i = 0; with_needs && i < step->n_needs; i++)
        if (values[step->needs[i]].len == 0)
            sh_failure_add(w, SH_FAIL_NEEDS, step->basis, machine->fields[step->needs[i]].id, M_NEEDS,
                           SH_ARG(machine->fields[step->needs[i]].name));
    w->failures = all;
    return sh_failures_keep(w, &found, io);
}

sh_code sh_items_judge(struct work *w, const struct sh_step *step, const struct item *items,
                       const struct sh_str *const *values, size_t n, bool with_needs,
                       struct sh_failures **io) {
    struct sh_failures shared = {0}, *const all = w->failures;
    w->failures = &shared;
    w->item = items[0].id; /* separation by items is asked row by row */
    w->step = step;
    const sh_code code = sh_who_check(w, step);
    w->failures = all;
    SH_TRY(code);
    for (size_t i = 0; i < n; i++) {
        SH_TRY(sh_failures_keep(w, &shared, &io[i]));
        SH_TRY(judge_row(w, step, &items[i], values[i], with_needs, &io[i]));
    }
    SH_TRY(judge_separation(w, step, items, n, io));
    SH_TRY(judge_seen(w, step, items, n, io));
    SH_TRY(sh_items_facts(w, items, values, n));
    return judge_guards(w, step, n, with_needs, io);
}

/* ---- findings of an audit run ------------------------------------------------------------------------ */

/* Where findings of one institution and month go. */
struct batch {
    const struct sh_procedure *text; /* of new ones */
    struct sh_str body, place;
    struct sh_str institution, period,
        id;              /* the matter that takes new rows of both; id empty: not asked yet */
    struct sh_str given; /* fields of a new row, as JSON */
    struct work w;       /* at whose matter we stand; m.id empty: at none */
    struct sh_tally tally;
};

/* The one that is not so far that another follows, or a new one. */
static sh_code batch_find(struct batch *b, struct sh_load_report *io) {
    struct work *w = &b->w;
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(b->institution), SH_TEXT(b->text->id), SH_TEXT(b->period),
                                   SH_TEXT(b->body)};
    SH_TRY(sh_sql_query(w->txn,
                        "select id, state from mt_matter where subject = $1 and procedure = $2 and period = "
                        "$3 and body = $4 order by ord",
                        key, 4, w->arena, &rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++)
        if (!sh_may_follow(b->text, sh_cell(&rows, r, 1)->str)) {
            b->id = sh_cell(&rows, r, 0)->str;
            return SH_OK;
        }
    const struct sh_matter_new wanted = {.procedure = b->text->id,
                                         .subject = b->institution,
                                         .period = b->period,
                                         .body = b->body,
                                         .parent = SH_STR("")};
    char id[SH_ID_TEXT + 1];
    SH_TRY(sh_matter_make(w, b->text, &wanted, b->place, SH_STR(""), id));
    b->id = sh_copy(w->arena, sh_str_of(id));
    io->batches++;
    return SH_OK;
}

/* What the text gives a new row by how the matter stands. */
static sh_code read_given(struct batch *b) {
    struct work *w = &b->w;
    const struct sh_machine *items = w->m.text->items;
    struct sh_str *values = sh_new(w->arena, struct sh_str, items->n_fields + 1);
    b->given = SH_STR("{}");
    if (items->n_given == 0)
        return SH_OK;
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a row");
    for (size_t i = 0; i < items->n_fields; i++)
        values[i] = SH_STR("");
    w->occurred_day = w->today;
    SH_TRY(sh_work_facts(w, w->m.values, false));
    for (size_t i = 0; i < items->n_given; i++) {
        enum sh_guard_answer answer;
        struct sh_str missing;
        SH_TRY(sh_factbook_ask(w->facts, items->given[i].when, -1, &answer, &missing, w->err));
        if (answer != SH_UNKNOWN)
            values[items->given[i].field] = answer == SH_YES ? SH_STR("true") : SH_STR("false");
    }
    return sh_fields_text(items, values, w->arena, &b->given, w->err);
}

static sh_code stand_at(struct batch *b, struct sh_str matter) {
    return sh_str_eq(b->w.m.id, matter) ? SH_OK : sh_matter_load(&b->w, matter);
}

/* To the matter that takes a new finding. */
static sh_code enter(struct batch *b, const struct sh_finding_in *finding, struct sh_load_report *io) {
    const bool is_same =
        b->id.len && sh_str_eq(b->institution, finding->institution) && sh_str_eq(b->period, finding->period);
    if (is_same)
        return stand_at(b, b->id);
    b->institution = finding->institution, b->period = finding->period;
    SH_TRY(batch_find(b, io));
    SH_TRY(stand_at(b, b->id));
    return read_given(b);
}

static void of_finding(const struct batch *batch, const struct sh_finding_in *finding, struct sh_arena *arena,
                       struct item *ret) {
    const struct sh_field number = {.mask = SH_MASK_NUMBER};
    *ret =
        (struct item){.matter = batch->w.m.id,
                      .key = finding->key,
                      .procedure = batch->w.m.text->id,
                      .state = batch->w.m.text->items->states[0].id,
                      .place = batch->w.m.place,
                      .body = batch->w.m.body,
                      .institution = finding->institution,
                      .party_body = batch->w.parties.n ? batch->w.parties.of[0].body : finding->institution,
                      .rule = finding->rule,
                      .name = finding->name,
                      .level = finding->level,
                      .person = sh_field_mask(&number, finding->person, arena),
                      .say = finding->say,
                      .run = finding->run,
                      .receipt = finding->receipt,
                      .assigned = SH_STR(""),
                      .fields = batch->given,
                      .day = finding->day,
                      .amount = finding->amount_fen,
                      .fund_amount = finding->fund_fen};
}

/* A closed item stays as it was decided; that a later run says otherwise is told, not done (B2, 15). */
static sh_code reload(struct batch *batch, const struct sh_finding_in *finding, struct item *item,
                      struct sh_load_report *io) {
    const bool is_same = item->amount == finding->amount_fen && item->fund_amount == finding->fund_fen &&
                         sh_str_eq(item->level, finding->level) && sh_str_eq(item->say, finding->say);
    if (is_same) {
        io->same++;
        return SH_OK;
    }
    const bool is_first = sh_str_eq(item->state, batch->w.m.text->items->states[0].id);
    const int64_t was = item->amount;
    if (item->is_final || !is_first) {
        io->differs++;
        if (item->differs)
            return SH_OK;
        item->differs = true;
        return sh_item_save(&batch->w, item, SH_STR("differs"), item->state, finding->run, SH_STR(""));
    }
    item->amount = finding->amount_fen, item->fund_amount = finding->fund_fen;
    item->say = finding->say, item->level = finding->level, item->run = finding->run,
    item->receipt = finding->receipt;
    io->updated++;
    SH_TRY(order_item(&batch->w, item));
    SH_TRY(move_in_queue(&batch->w, item));
    SH_TRY(sh_tally_add(&batch->w, &batch->tally, item->state, 0, item->amount - was));
    return sh_item_save(&batch->w, item, SH_STR("update"), item->state, finding->run, SH_STR(""));
}

static sh_code load_one(struct batch *batch, const struct sh_finding_in *finding, struct sh_load_report *io) {
    struct work *w = &batch->w;
    struct sh_rows rows;
    struct item item;
    SH_TRY(sh_sql_query(w->txn, "select " ITEM_COLUMNS " from mt_item where key = $1", &SH_TEXT(finding->key),
                        1, w->arena, &rows, w->err));
    if (rows.n_rows) {
        sh_item_of_row(&rows, 0, &item);
        SH_TRY(stand_at(batch, item.matter));
        return reload(batch, finding, &item, io);
    }
    SH_TRY(enter(batch, finding, io));
    of_finding(batch, finding, w->arena, &item);
    io->made++;
    io->made_fen += finding->amount_fen;
    SH_TRY(sh_tally_add(w, &batch->tally, item.state, 1, item.amount));
    return sh_item_save(w, &item, SH_STR("load"), SH_STR(""), finding->run, finding->person);
}

sh_code sh_items_load(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_load_into *into,
                      const struct sh_finding_in *findings, size_t n, struct sh_load_report *io,
                      struct sh_err *err) {
    struct sh_failures failures = {0};
    struct batch batch = {.w = sh_work_of(txn, desk, err), .body = into->body};
    batch.w.failures = &failures;
    struct sh_str kind, parent, credit;
    batch.w.today = day_of_utc(sh_txn_now(txn));
    batch.w.why = SH_STR("");
    SH_TRY(sh_body_record(&batch.w, batch.body, &kind, &batch.place, &parent, &credit));
    if (kind.len == 0)
        return sh_fail(err, SH_E_NOTFOUND, "body %.*s is not on record", SH_ARG(batch.body));
    batch.text = sh_procedure_find(desk->texts->procedures, into->procedure, batch.place, batch.w.today);
    if (!batch.text || !batch.text->items)
        return sh_fail(err, SH_E_NOTFOUND, "no procedure %.*s with items is in force at %.*s",
                       SH_ARG(into->procedure), SH_ARG(batch.place));
    for (size_t i = 0; i < n; i++) {
        const sh_code code = load_one(&batch, &findings[i], io);
        if (code == SH_E_CANCELLED && failures.n)
            return sh_fail(err, SH_E_INPUT, "%.*s", SH_ARG(failures.of[0].message));
        SH_TRY(code);
    }
    return sh_tally_write(txn, &batch.tally, err);
}
