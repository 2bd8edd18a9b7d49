/* One step for many rows (B1–B4): each judged by its own conditions, one transaction, one act. */
#include "base/decimal.h"
#include "matter/shape.h"
#include <stdlib.h>

/* A row of the act: what was asked, what is there, what becomes of it. */
struct row {
    struct sh_item_row asked;
    struct item item;
    struct sh_str *values;
    struct sh_failures *refused; /* NULL: nothing refuses it */
    bool is_there, is_preserved; /* preserved: this act brings it where its evidence is kept */
};
struct act {
    struct sh_txn *txn;
    const struct sh_matter_texts *texts;
    const struct sh_matter_who *who;
    const struct sh_bulk *bulk;
    struct sh_arena *arena;
    struct sh_err *err;
    struct row **rows; /* [n] by matter */
    struct row *of;    /* [n] as asked */
    struct bonds bonds;
    struct sh_tally tally;
    struct sh_failures *failures; /* of the act as a whole */
    size_t n, n_done;
    int64_t fen;       /* of the rows done */
    int64_t asked_fen; /* of the rows asked for, each without its sign */
    uint32_t undo_seconds;
    char id[33];
    bool is_preview;
};

sh_code sh_act_id(struct sh_txn *txn, const struct sh_matter_who *who, struct sh_arena *arena, char ret[33],
                  struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(who->person)};
    SH_TRY(sh_sql_query(txn, "select count(*) from mt_act where person = $1", key, 1, arena, &rows, err));
    const struct sh_str text = sh_textf(arena, "%.*s|%lld|%lld", SH_ARG(who->person),
                                        (long long)sh_txn_now(txn), (long long)sh_cell(&rows, 0, 0)->i64);
    uint8_t digest[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, text.at, text.len, digest, err));
    sh_hex(digest, 16, ret);
    return SH_OK;
}

static sh_code refuse(struct act *a, struct row *row, enum sh_failure_kind kind, enum matter_message id) {
    struct sh_failures found = {.n = 0};
    struct work w = {.who = a->who, .arena = a->arena, .failures = &found, .err = a->err};
    sh_failure_add(&w, kind, SH_STR(""), SH_STR(""), id);
    return sh_failures_keep(&w, &found, &row->refused);
}

static int by_matter(const void *x, const void *y) {
    const struct row *a = *(struct row *const *)x, *b = *(struct row *const *)y;
    const int order = sh_str_cmp(a->item.matter, b->item.matter);
    return order ? order : sh_str_cmp(a->item.id, b->item.id);
}

static const struct sh_procedure *text_of(const struct act *a, const struct item *item) {
    return sh_procedure_find(a->texts->procedures, item->procedure, item->place,
                             day_of_utc(sh_txn_now(a->txn)));
}

static sh_code read_rows(struct act *a) {
    struct work w = {.txn = a->txn, .arena = a->arena, .err = a->err};
    for (size_t i = 0; i < a->n; i++) {
        struct row *row = &a->of[i];
        row->asked = a->bulk->rows[i];
        a->rows[i] = row;
        const sh_code code = sh_item_load(&w, row->asked.id, &row->item);
        if (code != SH_OK && code != SH_E_NOTFOUND)
            return code;
        const struct sh_procedure *text = code == SH_OK ? text_of(a, &row->item) : NULL;
        row->is_there = code == SH_OK && sh_item_visible(a->who, &row->item, text ? text->items : NULL);
        if (!row->is_there)
            row->item.matter = SH_STR("");
        if (!row->is_there || row->item.version != row->asked.version)
            SH_TRY(refuse(a, row, SH_FAIL_STATE, row->is_there ? M_STALE : M_NOT_SEEN));
        const int64_t fen = row->is_there ? row->item.amount : 0;
        if (fen == INT64_MIN || sh_add(a->asked_fen, fen < 0 ? -fen : fen, &a->asked_fen) != SH_OK)
            return sh_fail(a->err, SH_E_OVERFLOW, "the sum of the act leaves its range");
    }
    qsort(a->rows, a->n, sizeof *a->rows, by_matter);
    for (size_t i = 1; i < a->n; i++)
        if (a->rows[i]->is_there && sh_str_eq(a->rows[i]->item.id, a->rows[i - 1]->item.id))
            SH_TRY(refuse(a, a->rows[i], SH_FAIL_MEMBERS, M_TWICE));
    return SH_OK;
}

/* ---- one matter's rows ------------------------------------------------------------------------------- */

static sh_code take_values(struct act *a, struct work *w, const struct sh_step *step, struct row *row) {
    const struct sh_machine *machine = w->m.text->items;
    row->values = sh_new(a->arena, struct sh_str, machine->n_fields + 1);
    if (!row->values)
        return sh_fail(a->err, SH_E_NOMEM, "no room for a row");
    SH_TRY(sh_fields_parse(machine, row->item.fields, a->arena, row->values, a->err));
    struct sh_failures *const all = w->failures, found;
    w->failures = &found, found.n = 0;
    const sh_code code = sh_fields_take(w, machine, step, a->bulk->values, a->bulk->n_values, row->values);
    w->failures = all;
    return code == SH_OK ? sh_failures_keep(w, &found, &row->refused) : code;
}

static struct sh_str state_after(const struct sh_machine *machine, const struct sh_step *step,
                                 const struct row *row) {
    int32_t to = step->to;
    if (step->to_field >= 0) {
        const struct sh_field *field = &machine->fields[step->to_field];
        for (size_t i = 0; i < field->n_choices; i++)
            if (sh_str_eq(field->choices[i].code, row->values[step->to_field]))
                to = step->to_by[i];
    }
    return to >= 0 ? machine->states[to].id : row->item.state;
}

static sh_code save_row(struct act *a, struct work *w, const struct sh_step *step, struct row *row) {
    const struct sh_machine *machine = w->m.text->items;
    const struct sh_str before = row->item.state;
    row->item.state = state_after(machine, step, row);
    row->item.is_final = machine->states[sh_machine_state(machine, row->item.state)].is_final;
    SH_TRY(sh_fields_text(machine, row->values, a->arena, &row->item.fields, a->err));
    const int32_t assigned = sh_machine_field(machine, SH_STR("assigned"));
    if (assigned >= 0 && row->values[assigned].len)
        row->item.assigned = row->values[assigned];
    SH_TRY(sh_item_save(w, &row->item, step->id, before, sh_str_of(a->id), SH_STR("")));
    if (sh_str_eq(before, row->item.state))
        return SH_OK;
    row->is_preserved = machine->states[sh_machine_state(machine, row->item.state)].preserves;
    SH_TRY(sh_tally_add(w, &a->tally, before, -1, -row->item.amount));
    return sh_tally_add(w, &a->tally, row->item.state, 1, row->item.amount);
}

static const struct sh_step *step_of(const struct work *w, struct sh_str id) {
    const int32_t at = w->m.text->items ? sh_machine_step(w->m.text->items, id) : -1;
    return at >= 0 ? &w->m.text->items->steps[at] : NULL;
}

sh_code sh_item_take(struct work *w, struct sh_str id, struct sh_str step,
                     const struct sh_matter_value *values, size_t n) {
    const struct sh_bulk bulk = {.step = step, .values = values, .n_values = n};
    struct act a = {
        .txn = w->txn, .texts = w->texts, .bulk = &bulk, .arena = w->arena, .err = w->err, .n = 1};
    struct work parent = sh_work_beside(w);
    struct sh_failures found = {.n = 0};
    struct row row = {0};
    parent.who = NULL, parent.why = SH_STR(""), parent.failures = &found;
    SH_TRY(sh_item_load(&parent, id, &row.item));
    SH_TRY(sh_matter_load(&parent, row.item.matter));
    parent.step = step_of(&parent, step);
    parent.occurred = w->occurred, parent.occurred_day = w->occurred_day;
    if (!parent.step)
        return sh_fail(w->err, SH_E_CORRUPT, "the items of %.*s have no step %.*s", SH_ARG(parent.m.number),
                       SH_ARG(step));
    SH_TRY(take_values(&a, &parent, parent.step, &row));
    const struct sh_str *const one[] = {row.values};
    SH_TRY(sh_items_judge(&parent, parent.step, &row.item, one, 1, true, &row.refused));
    if (!row.refused) {
        SH_TRY(save_row(&a, &parent, parent.step, &row));
        return sh_tally_write(w->txn, &a.tally, w->err);
    }
    for (size_t i = 0; i < row.refused->n && w->failures->n < SH_FAILURES_MAX; i++)
        w->failures->of[w->failures->n++] = row.refused->of[i];
    return SH_OK;
}

/* Is it a step of these items, and one that is ever taken in bulk? */
static sh_code check_at_once(struct act *a, const struct sh_step *step, struct row **rows, size_t n,
                             bool *ret_may) {
    *ret_may = step && (a->n == 1 || step->is_bulk);
    for (size_t i = 0; i < n && !*ret_may; i++)
        SH_TRY(refuse(a, rows[i], SH_FAIL_STATE, M_NOT_BULK));
    return SH_OK;
}

/* B4: no act takes more rows or money at once than the matter's place allows; a limit nobody has set lets
 * none through. The whole act counts, whatever matters its rows lie in. */
static sh_code check_limits(struct act *a, struct work *w, struct row **rows, size_t n, bool *ret_may) {
    *ret_may = a->n == 1;
    if (*ret_may)
        return SH_OK;
    char asked[SH_MONEY_TEXT_MAX], most[SH_MONEY_TEXT_MAX];
    struct sh_str why = SH_STR("");
    const struct sh_param *count = sh_param_read(w, "bulk.max_rows", &why);
    const struct sh_param *money = count ? sh_param_read(w, "bulk.max_money", &why) : NULL;
    const bool is_many = count && (sh_i128)a->n * sh_pow10(count->scale) > count->value;
    const bool is_much =
        money && (sh_i128)a->asked_fen * sh_pow10(money->scale) > (sh_i128)money->value * 100;
    *ret_may = money && !is_many && !is_much;
    if (*ret_may)
        return SH_OK;
    sh_money_plain(a->asked_fen, asked);
    sh_money_plain(money ? (int64_t)((sh_i128)money->value * 100 / sh_pow10(money->scale)) : 0, most);
    struct sh_failures *const all = w->failures, found;
    w->failures = &found, found.n = 0;
    if (!money)
        sh_failure_add(w, SH_FAIL_UNKNOWN, SH_STR(""), SH_STR(""), M_BULK_LIMIT, SH_ARG(why));
    if (is_many)
        sh_failure_add(w, SH_FAIL_STATE, count->basis, SH_STR(""), M_BULK_MANY, a->n,
                       (long long)(count->value / sh_pow10(count->scale)));
    if (is_much)
        sh_failure_add(w, SH_FAIL_STATE, money->basis, SH_STR(""), M_BULK_MONEY, asked, most);
    w->failures = all;
    for (size_t i = 0; i < n; i++)
        SH_TRY(sh_failures_keep(w, &found, &rows[i]->refused));
    return SH_OK;
}

/* One package an act and matter, whatever the number of its rows. */
static sh_code preserve(struct act *a, struct work *w, struct row **rows, size_t n) {
    const struct item **items = sh_new(a->arena, const struct item *, n + 1);
    size_t n_items = 0;
    if (!items)
        return sh_fail(a->err, SH_E_NOMEM, "no room for %zu rows", n);
    for (size_t i = 0; i < n; i++)
        if (rows[i]->is_preserved)
            items[n_items++] = &rows[i]->item;
    return n_items ? sh_evidence_make(w, "step", sh_str_of(a->id), items, n_items) : SH_OK;
}

/* What judging found goes to the rows; those that may are written. */
static sh_code finish_group(struct act *a, struct work *w, struct row **rows, struct sh_failures **refused,
                            size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (refused[i])
            SH_TRY(sh_failures_keep(w, refused[i], &rows[i]->refused));
        if (rows[i]->refused)
            continue;
        a->n_done++;
        if (sh_add(a->fen, rows[i]->item.amount, &a->fen) != SH_OK)
            return sh_fail(a->err, SH_E_OVERFLOW, "the sum of the act leaves its range");
        if (a->is_preview)
            continue;
        SH_TRY(save_row(a, w, w->step, rows[i]));
        SH_TRY(sh_item_opens(w, &rows[i]->item, i));
    }
    if (w->failures->n == 0)
        return preserve(a, w, rows, n);
    *a->failures = *w->failures; /* what it calls for cannot be opened: the act goes back as a whole */
    return sh_fail(a->err, SH_E_CANCELLED, "refused");
}

/* Rows of one matter that are still in question, judged together. */
static sh_code do_group(struct act *a, struct row **rows, size_t n) {
    struct sh_failures failures = {0};
    struct work w = {.txn = a->txn,
                     .texts = a->texts,
                     .who = a->who,
                     .arena = a->arena,
                     .failures = &failures,
                     .err = a->err,
                     .why = a->bulk->why,
                     .bonds = &a->bonds};
    SH_TRY(sh_matter_load(&w, rows[0]->item.matter));
    const struct sh_step *step = step_of(&w, a->bulk->step);
    struct item *items = sh_new(a->arena, struct item, n + 1);
    const struct sh_str **values = sh_new(a->arena, const struct sh_str *, n + 1);
    struct sh_failures **refused = sh_new(a->arena, struct sh_failures *, n + 1);
    if (!items || !values || !refused)
        return sh_fail(a->err, SH_E_NOMEM, "no room for %zu rows", n);
    bool may = false;
    SH_TRY(check_at_once(a, step, rows, n, &may));
    if (!may)
        return SH_OK;
    w.step = step;
    w.occurred = sh_txn_now(a->txn), w.occurred_day = w.today;
    SH_TRY(check_limits(a, &w, rows, n, &may));
    if (!may)
        return SH_OK;
    a->undo_seconds = step->undo_seconds;
    for (size_t i = 0; i < n; i++) {
        SH_TRY(take_values(a, &w, step, rows[i]));
        items[i] = rows[i]->item, values[i] = rows[i]->values;
    }
    SH_TRY(sh_items_judge(&w, step, items, values, n, true, refused));
    return finish_group(a, &w, rows, refused, n);
}

static sh_code do_groups(struct act *a) {
    for (size_t i = 0; i < a->n;) {
        size_t end = i, n = 0;
        while (end < a->n && sh_str_eq(a->rows[end]->item.matter, a->rows[i]->item.matter))
            end++;
        struct row **live = sh_new(a->arena, struct row *, end - i + 1);
        if (!live)
            return sh_fail(a->err, SH_E_NOMEM, "no room for rows");
        for (size_t k = i; k < end; k++)
            if (!a->rows[k]->refused)
                live[n++] = a->rows[k];
        if (n)
            SH_TRY(do_group(a, live, n));
        i = end;
    }
    return SH_OK;
}

/* ---- the act ----------------------------------------------------------------------------------------- */

/* Who, hash of the list, count, money, reason: a row and a leaf of its own (B2). */
static sh_code keep_act(struct act *a) {
    SH_CLEANUP(sh_buf_free) struct sh_buf list = {0};
    uint8_t digest[SH_DIGEST_BYTES];
    char hash[SH_DIGEST_HEX_MAX];
    for (size_t i = 0; i < a->n; i++)
        if (!a->rows[i]->refused)
            sh_buf_addf(&list, "%.*s %lld\n", SH_ARG(a->rows[i]->item.id),
                        (long long)a->rows[i]->asked.version);
    SH_TRY(sh_buf_check(&list, a->err));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, list.at, list.len, digest, a->err));
    sh_hex(digest, SH_DIGEST_BYTES, hash);
    const int64_t now = sh_txn_now(a->txn);
    const struct sh_value values[] = {SH_TEXT(sh_str_of(a->id)),    SH_TEXT(a->who->person),
                                      SH_TEXT(a->bulk->step),       SH_I64(now),
                                      SH_I64((int64_t)a->n_done),   SH_I64(a->fen),
                                      SH_TEXT(sh_str_of(hash)),     SH_TEXT(a->bulk->why),
                                      SH_I64(now + a->undo_seconds)};
    SH_TRY(sh_sql_run(
        a->txn,
        "insert into mt_act (id, person, step, at, n, amount, hash, why, undo_until, undone_at) values ($1, "
        "$2, $3, $4, $5, $6, $7, $8, $9, 0)",
        values, 9, NULL, a->err));
    const struct sh_str content = sh_textf(a->arena, "%s|%.*s|%zu|%lld|%s|%.*s", a->id, SH_ARG(a->bulk->step),
                                           a->n_done, (long long)a->fen, hash, SH_ARG(a->bulk->why));
    const struct sh_leaf leaf = {.type = SH_STR("matter.bulk"), .content = content};
    return sh_journal_add(a->txn, &leaf, a->err);
}

static void answer(struct act *a, struct sh_json *json) {
    char money[SH_MONEY_TEXT_MAX], until[SH_TIME_TEXT_MAX];
    sh_money_plain(a->fen, money);
    sh_json_object(json);
    if (!a->is_preview && a->n_done) {
        sh_json_put_text(json, "act", a->id);
        sh_time_format_iso(sh_txn_now(a->txn) + a->undo_seconds, "Z", until);
        sh_json_put_text(json, "undo_until", a->undo_seconds ? until : NULL);
    }
    sh_json_put_i64(json, "n", (int64_t)a->n_done);
    sh_json_put_text(json, "amount", money);
    sh_json_key(json, "refused");
    sh_json_array(json);
    for (size_t i = 0; i < a->n; i++) {
        if (!a->of[i].refused)
            continue;
        sh_json_object(json);
        sh_json_put_str(json, "id", a->of[i].asked.id);
        sh_json_key(json, "failed");
        sh_failures_json(a->of[i].refused, json);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_object_end(json);
}

sh_code sh_items_act(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_bulk *bulk,
                     bool is_preview, struct sh_json *json, struct sh_err *err) {
    struct sh_arena *arena = desk->arena;
    struct act a = {.txn = txn,
                    .texts = desk->texts,
                    .who = desk->who,
                    .bulk = bulk,
                    .arena = arena,
                    .err = err,
                    .n = bulk->n_rows,
                    .failures = desk->failures,
                    .is_preview = is_preview};
    desk->failures->n = 0;
    if (bulk->n_rows > SH_BULK_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d rows at once", SH_BULK_MAX);
    a.of = sh_new(arena, struct row, bulk->n_rows + 1);
    a.rows = sh_new(arena, struct row *, bulk->n_rows + 1);
    if (!a.of || !a.rows)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rows", bulk->n_rows);
    SH_TRY(sh_act_id(txn, desk->who, arena, a.id, err));
    SH_TRY(read_rows(&a));
    SH_TRY(do_groups(&a));
    SH_TRY(sh_tally_write(txn, &a.tally, err));
    if (a.n_done && !is_preview)
        SH_TRY(keep_act(&a));
    answer(&a, json);
    return SH_OK;
}

/* ---- taking back ------------------------------------------------------------------------------------- */

/* of: id or number of a matter. Acts over its rows that may still be taken back no longer can, there. */
static sh_code follow(struct work *w, struct sh_str of) {
    const struct sh_value values[] = {SH_TEXT(of), SH_I64(sh_txn_now(w->txn))};
    return sh_sql_run(
        w->txn,
        "insert into mt_followed (act, matter) select a.id, m.id from mt_matter m, mt_act a where (m.id = $1 "
        "or m.number = $1) and a.undo_until >= $2 and a.undone_at = 0 and exists (select 1 from mt_item_step "
        "s where s.act = a.id and s.matter = m.id) and not exists (select 1 from mt_followed f where f.act = "
        "a.id and f.matter = m.id)",
        values, 2, NULL, w->err);
}

sh_code sh_acts_followed(struct work *w) {
    return w->m.text->items ? follow(w, w->m.id) : SH_OK;
}

sh_code sh_acts_named(struct work *w, struct sh_str parent, const struct sh_step *step) {
    const struct sh_machine *machine = &w->m.text->matter;
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select 1 from mt_act where undo_until >= $1 and undone_at = 0 limit 1",
                        &SH_I64(sh_txn_now(w->txn)), 1, w->arena, &rows, w->err));
    if (rows.n_rows && parent.len)
        SH_TRY(follow(w, parent));
    for (size_t i = 0; rows.n_rows && i < machine->n_fields; i++) {
        const struct sh_field *field = &machine->fields[i];
        const bool names =
            field->type == SH_FIELD_CODE || (field->type == SH_FIELD_TEXT && !field->has_lines);
        if (names && w->m.values[i].len && (!step || sh_step_asks(step, (int32_t)i)))
            SH_TRY(follow(w, w->m.values[i]));
    }
    return SH_OK;
}

struct undoing {
    struct work w;
    struct sh_str act;
    struct sh_json *json;
    struct sh_tally tally;
    int64_t n, fen;
};

static sh_code check_undo(struct undoing *u) {
    struct sh_rows rows;
    struct work *w = &u->w;
    SH_TRY(sh_sql_query(w->txn, "select person, undo_until, undone_at from mt_act where id = $1",
                        &SH_TEXT(u->act), 1, w->arena, &rows, w->err));
    if (rows.n_rows == 0)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such act");
    if (!sh_str_eq(sh_cell(&rows, 0, 0)->str, w->who->person))
        sh_failure_add(w, SH_FAIL_SEPARATION, SH_STR(""), SH_STR(""), M_UNDO_OTHER);
    else if (sh_cell(&rows, 0, 1)->i64 < sh_txn_now(w->txn) || sh_cell(&rows, 0, 2)->i64)
        sh_failure_add(w, SH_FAIL_TIME, SH_STR(""), SH_STR(""), M_UNDO_LATE);
    return w->failures->n ? sh_fail(w->err, SH_E_CANCELLED, "refused") : SH_OK;
}

/* Did the row go on, or the matter it is in? Its papers and clocks stand on the row as it is. */
static sh_code is_followed(struct undoing *u, const struct item *item, int64_t seq, bool *ret) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(u->act), SH_TEXT(item->matter)};
    *ret = item->version != seq;
    if (*ret)
        return SH_OK;
    SH_TRY(sh_sql_query(u->w.txn, "select 1 from mt_followed where act = $1 and matter = $2", key, 2,
                        u->w.arena, &rows, u->w.err));
    *ret = rows.n_rows > 0;
    return SH_OK;
}

/* Back to the state and fields of the version before; a new version says so. */
static sh_code undo_row(struct undoing *u, struct sh_str id, int64_t seq, struct sh_str before) {
    struct work *w = &u->w;
    struct item item;
    struct sh_rows rows;
    bool is_over = false;
    SH_TRY(sh_item_load(w, id, &item));
    SH_TRY(is_followed(u, &item, seq, &is_over));
    if (is_over) {
        sh_json_object(u->json);
        sh_json_put_str(u->json, "id", id);
        sh_json_key(u->json, "failed");
        struct sh_failures one = {0}, *const all = w->failures;
        w->failures = &one;
        sh_failure_add(w, SH_FAIL_STATE, SH_STR(""), SH_STR(""), M_UNDO_MOVED);
        w->failures = all;
        sh_failures_json(&one, u->json);
        sh_json_object_end(u->json);
        return SH_OK;
    }
    const struct sh_value key[] = {SH_TEXT(id), SH_I64(seq)};
    SH_TRY(sh_sql_query(
        w->txn, "select fields from mt_item_step where item = $1 and seq < $2 order by seq desc limit 1", key,
        2, w->arena, &rows, w->err));
    const struct sh_str after = item.state;
    item.state = before;
    item.fields = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("{}");
    SH_TRY(sh_item_stand(w, &item));
    u->n++;
    u->fen += item.amount;
    SH_TRY(sh_item_save(w, &item, SH_STR("undo"), after, u->act, SH_STR("")));
    SH_TRY(sh_tally_add(w, &u->tally, after, -1, -item.amount));
    return sh_tally_add(w, &u->tally, before, 1, item.amount);
}

sh_code sh_items_undo(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str act, struct sh_json *json,
                      struct sh_err *err) {
    struct undoing u = {.w = sh_work_of(txn, desk, err), .act = act, .json = json};
    struct sh_arena *arena = desk->arena;
    struct sh_rows rows;
    u.w.why = SH_STR("undo");
    desk->failures->n = 0;
    SH_TRY(check_undo(&u));
    SH_TRY(sh_sql_query(txn,
                        "select item, seq, before, role, body from mt_item_step where act = $1 order by item",
                        &SH_TEXT(act), 1, arena, &rows, err));
    sh_json_object(json);
    sh_json_key(json, "refused");
    sh_json_array(json);
    for (size_t i = 0; i < rows.n_rows; i++) {
        u.w.used = (struct sh_matter_grant){sh_cell(&rows, i, 3)->str, sh_cell(&rows, i, 4)->str, SH_STR("")};
        SH_TRY(undo_row(&u, sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->i64, sh_cell(&rows, i, 2)->str));
    }
    SH_TRY(sh_tally_write(txn, &u.tally, err));
    sh_json_array_end(json);
    char money[SH_MONEY_TEXT_MAX];
    sh_money_plain(u.fen, money);
    sh_json_put_i64(json, "n", u.n);
    sh_json_put_text(json, "amount", money);
    sh_json_object_end(json);
    const struct sh_value values[] = {SH_TEXT(act), SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(txn, "update mt_act set undone_at = $2 where id = $1", values, 2, NULL, err));
    const struct sh_leaf leaf = {.type = SH_STR("matter.undo"), .content = act};
    return sh_journal_add(txn, &leaf, err);
}
