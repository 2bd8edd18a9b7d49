/* Matters as rows and as versions of a record. */
#include "matter/inner.h"

#define MATTER_COLUMNS                                                                                       \
    "id, number, procedure, text_place, text_from, state, version, body, place, subject, period, parent, "   \
    "source, assigned, opened_at, changed_at, late, fields, ord"

sh_code sh_fields_parse(const struct sh_machine *machine, struct sh_str text, struct sh_arena *arena,
                        struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    for (size_t i = 0; i < machine->n_fields; i++)
        ret[i] = SH_STR("");
    if (text.len == 0)
        return SH_OK;
    SH_TRY(sh_json_read("fields", text, &root, err));
    for (size_t i = 0; i < machine->n_fields; i++)
        ret[i] = sh_json_member(root, machine->fields[i].id, arena);
    return SH_OK;
}

sh_code sh_fields_text(const struct sh_machine *machine, const struct sh_str *values, struct sh_arena *arena,
                       struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_json json;
    sh_json_begin(&json, &buf);
    sh_json_object(&json);
    for (size_t i = 0; i < machine->n_fields; i++) {
        char id[96];
        (void)snprintf(id, sizeof id, "%.*s", SH_ARG(machine->fields[i].id));
        if (values[i].len)
            sh_json_put_str(&json, id, values[i]);
    }
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    *ret = sh_copy(arena, sh_buf_view(&buf));
    return SH_OK;
}

static sh_code of_row(struct work *w, const struct sh_rows *rows) {
    struct matter *m = &w->m;
    const struct sh_str procedure = sh_cell(rows, 0, 2)->str, text_place = sh_cell(rows, 0, 3)->str;
    *m = (struct matter){.id = sh_cell(rows, 0, 0)->str,
                         .number = sh_cell(rows, 0, 1)->str,
                         .version = sh_cell(rows, 0, 6)->i64,
                         .body = sh_cell(rows, 0, 7)->str,
                         .place = sh_cell(rows, 0, 8)->str,
                         .subject = sh_cell(rows, 0, 9)->str,
                         .period = sh_cell(rows, 0, 10)->str,
                         .parent = sh_cell(rows, 0, 11)->str,
                         .source = sh_cell(rows, 0, 12)->str,
                         .assigned = sh_cell(rows, 0, 13)->str,
                         .opened_at = sh_cell(rows, 0, 14)->i64,
                         .changed_at = sh_cell(rows, 0, 15)->i64,
                         .is_late = sh_cell(rows, 0, 16)->i64 != 0,
                         .ord = sh_cell(rows, 0, 18)->str};
    m->text =
        sh_procedure_version(w->texts->procedures, procedure, text_place, (int32_t)sh_cell(rows, 0, 4)->i64);
    if (!m->text)
        return sh_fail(w->err, SH_E_CORRUPT,
                       "the text %.*s, by which a matter runs, is no longer among the procedures",
                       SH_ARG(procedure));
    m->state = sh_machine_state(&m->text->matter, sh_cell(rows, 0, 5)->str);
    m->values = sh_new(w->arena, struct sh_str, m->text->matter.n_fields + 1);
    if (m->state < 0 || !m->values)
        return sh_fail(w->err, SH_E_CORRUPT, "a matter stands in a state that its text does not know");
    return sh_fields_parse(&m->text->matter, sh_cell(rows, 0, 17)->str, w->arena, m->values, w->err);
}

/* A version (V4): a repaired or new text that reaches running matters takes over at the next step. */
static sh_code newer_text(struct work *w) {
    struct matter *m = &w->m;
    const struct sh_procedure *now = sh_procedure_find(w->texts->procedures, m->text->id, m->place, w->today);
    /* A text that lapsed without successor goes on for what is open (V5): a wider one is no successor. */
    if (!now || now == m->text || now->running == SH_RUNNING_STAY || now->from < m->text->from ||
        sh_procedure_width(now->place) < sh_procedure_width(m->text->place))
        return SH_OK;
    const int32_t state = sh_machine_state(&now->matter, m->text->matter.states[m->state].id);
    if (state < 0)
        return SH_OK; /* nothing is assumed: a state without namesake stays with its text */
    struct sh_str *values = sh_new(w->arena, struct sh_str, now->matter.n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a matter");
    for (size_t i = 0; i < now->matter.n_fields; i++) {
        const int32_t old = sh_machine_field(&m->text->matter, now->matter.fields[i].id);
        values[i] = old >= 0 ? m->values[old] : SH_STR("");
    }
    m->text = now, m->state = state, m->values = values;
    return SH_OK;
}

sh_code sh_matter_parties(struct work *w) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select party, body from mt_party where matter = $1 order by party limit 65",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    if (rows.n_rows > SH_PARTIES_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "more than %d parties", SH_PARTIES_MAX);
    w->parties.n = rows.n_rows;
    for (size_t i = 0; i < rows.n_rows; i++)
        w->parties.of[i] = (struct party){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->str};
    return SH_OK;
}

sh_code sh_matter_load(struct work *w, struct sh_str id) {
    struct sh_rows rows;
    if (id.len == 0 || id.len > 64)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such matter");
    w->today = day_of_utc(sh_txn_now(w->txn));
    SH_TRY(sh_sql_query(w->txn, "select " MATTER_COLUMNS " from mt_matter where id = $1", &SH_TEXT(id), 1,
                        w->arena, &rows, w->err));
    if (rows.n_rows == 0)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such matter");
    SH_TRY(of_row(w, &rows));
    SH_TRY(newer_text(w));
    SH_TRY(sh_sql_query(w->txn, "select coalesce(max(seq), 0) from mt_step where matter = $1", &SH_TEXT(id),
                        1, w->arena, &rows, w->err));
    w->m.seq = sh_cell(&rows, 0, 0)->i64;
    return sh_matter_parties(w);
}

sh_code sh_matter_labels(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena, struct sh_labels *ret,
                         struct sh_err *err) {
    struct sh_rows rows;
    *ret = (struct sh_labels){SH_STR(""), SH_STR(""), SH_STR(""), SH_STR("")};
    SH_TRY(sh_sql_query(txn, "select body, place from mt_matter where id = $1", &SH_TEXT(id), 1, arena, &rows,
                        err));
    if (rows.n_rows)
        ret->body = sh_cell(&rows, 0, 0)->str, ret->place = sh_cell(&rows, 0, 1)->str;
    return SH_OK;
}

sh_code sh_matter_find(struct sh_txn *txn, struct sh_str number, struct sh_arena *arena,
                       struct sh_str *ret_id, struct sh_str *ret_period, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, "select id, period from mt_matter where number = $1 or id = $1",
                        &SH_TEXT(number), 1, arena, &rows, err));
    if (rows.n_rows != 1)
        return sh_fail(err, SH_E_NOTFOUND, "no matter \"%.*s\"", SH_ARG(number));
    *ret_id = sh_cell(&rows, 0, 0)->str, *ret_period = sh_cell(&rows, 0, 1)->str;
    return SH_OK;
}

static bool holds(const struct sh_scope *scope, struct sh_str body, struct sh_str place) {
    bool is_place = false, is_body = scope->any_body;
    for (size_t i = 0; i < scope->n_places; i++)
        is_place = is_place || sh_str_starts_with(place, scope->places[i]);
    for (size_t i = 0; i < scope->n_bodies; i++)
        is_body = is_body || (scope->bodies[i].len && sh_str_eq(body, scope->bodies[i]));
    return is_place && is_body;
}

/* What is confidential is seen where it is handled, and nowhere else of the place. */
bool sh_matter_is_inside(const struct work *w, const struct sh_matter_who *who) {
    bool is_handled_there = !w->m.text->is_confidential;
    for (size_t k = 0; k < who->n_grants; k++)
        is_handled_there = is_handled_there || sh_str_eq(who->grants[k].body, w->m.body);
    return is_handled_there && holds(&who->scope, w->m.body, w->m.place);
}

sh_code sh_matter_each_called(struct work *w, sh_code (*each)(struct work *w, struct sh_str body, void *ctx),
                              void *ctx) {
    const struct sh_machine *machines[] = {&w->m.text->matter, w->m.text->items};
    for (size_t m = 0; m < 2; m++)
        for (size_t s = 0; machines[m] && s < machines[m]->n_steps; s++)
            for (size_t i = 0; i < machines[m]->steps[s].n_by; i++) {
                const struct sh_str body = sh_called_body(w, &machines[m]->steps[s].by[i]);
                if (body.len)
                    SH_TRY(each(w, body, ctx));
            }
    return SH_OK;
}

struct asking {
    const struct sh_matter_who *who;
    bool is_his;
};

static sh_code is_one_of_his(struct work *w, struct sh_str body, void *ctx) {
    struct asking *a = ctx;
    (void)w;
    for (size_t k = 0; k < a->who->n_grants; k++)
        a->is_his = a->is_his || sh_str_eq(a->who->grants[k].body, body);
    return SH_OK;
}

sh_code sh_matter_visible(struct work *w, const struct sh_matter_who *who, bool *ret) {
    struct asking asking = {who, false};
    *ret = sh_matter_is_inside(w, who);
    for (size_t i = 0; i < w->parties.n && !*ret; i++)
        SH_TRY(is_one_of_his(w, w->parties.of[i].body, &asking));
    SH_TRY(sh_matter_each_called(w, is_one_of_his, &asking));
    *ret = *ret || asking.is_his;
    return SH_OK;
}

sh_code sh_matter_enter(struct work *w, struct sh_str id) {
    bool is_visible = false;
    SH_TRY(sh_matter_load(w, id));
    SH_TRY(sh_matter_visible(w, w->who, &is_visible));
    return is_visible ? SH_OK : sh_fail(w->err, SH_E_NOTFOUND, "no such matter");
}

sh_code sh_paper_is_shown(struct work *w, const struct sh_matter_who *who, struct sh_str kind,
                          struct sh_str addressee, bool *ret) {
    struct asking of_party = {who, false}, addressed = {who, false};
    *ret = sh_matter_is_inside(w, who);
    if (*ret)
        return SH_OK;
    bool to_party = false; /* a paper the text no longer knows is the office's */
    for (size_t i = 0; i < w->m.text->n_papers; i++)
        to_party |= sh_str_eq(w->m.text->papers[i].id, kind) && w->m.text->papers[i].to_party;
    for (size_t i = 0; i < w->parties.n; i++) {
        SH_TRY(is_one_of_his(w, w->parties.of[i].body, &of_party));
        if (sh_str_eq(w->parties.of[i].id, addressee))
            SH_TRY(is_one_of_his(w, w->parties.of[i].body, &addressed));
    }
    *ret =
        to_party && (addressed.is_his || !of_party.is_his); /* who was called in reads what all parties got */
    return SH_OK;
}

/* ---- saving ------------------------------------------------------------------------------------------ */

/* What the version says; canonical, as its leaf holds its hash. */
static sh_code record_text(struct work *w, struct sh_str step, struct sh_buf *out) {
    const struct matter *m = &w->m;
    struct sh_str fields;
    SH_TRY(sh_fields_text(&m->text->matter, m->values, w->arena, &fields, w->err));
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_str(&json, "procedure", m->text->id);
    sh_json_put_str(&json, "text_place", m->text->place);
    sh_json_key(&json, "text_from");
    sh_json_date(&json, m->text->from);
    sh_json_put_str(&json, "state", m->text->matter.states[m->state].id);
    sh_json_put_str(&json, "subject", m->subject);
    sh_json_put_str(&json, "period", m->period);
    sh_json_put_str(&json, "parent", m->parent);
    sh_json_put_str(&json, "source", m->source);
    sh_json_put_i64(&json, "seq", m->seq);
    sh_json_put_str(&json, "step", step);
    sh_json_put_str(&json, "actor", actor_of(w));
    sh_json_put_str(&json, "role", w->used.role);
    sh_json_put_str(&json, "member", w->member);
    sh_json_put_i64(&json, "occurred", w->occurred);
    sh_json_put_bool(&json, "late", w->is_late);
    sh_json_put_str(&json, "why", w->why);
    sh_json_key(&json, "fields");
    sh_json_raw(&json, fields);
    sh_json_object_end(&json);
    return sh_json_end(&json, w->err);
}

static sh_code put_row(struct work *w, struct sh_str fields, int64_t due) {
    const struct matter *m = &w->m;
    const struct sh_state_text *state = &m->text->matter.states[m->state];
    const struct sh_value values[] = {
        SH_TEXT(m->id),          SH_TEXT(m->number),   SH_TEXT(m->text->id), SH_TEXT(m->text->place),
        SH_I64(m->text->from),   SH_TEXT(state->id),   SH_I64(m->version),   SH_TEXT(m->body),
        SH_TEXT(m->place),       SH_TEXT(m->subject),  SH_TEXT(m->period),   SH_TEXT(m->parent),
        SH_TEXT(m->source),      SH_TEXT(m->assigned), SH_I64(m->opened_at), SH_I64(m->changed_at),
        SH_I64(state->is_final), SH_I64(m->is_late),   SH_I64(due),          SH_TEXT(fields),
        SH_TEXT(m->ord)};
    return sh_sql_run(
        w->txn,
        "insert into mt_matter (id, number, procedure, text_place, text_from, state, version, body, place, "
        "subject, "
        "period, parent, source, assigned, opened_at, changed_at, final, late, due, fields, ord) values ($1, "
        "$2, $3, "
        "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) on conflict "
        "(id) do "
        "update set text_place = excluded.text_place, text_from = excluded.text_from, state = "
        "excluded.state, "
        "version = excluded.version, assigned = excluded.assigned, changed_at = excluded.changed_at, final = "
        "excluded.final, late = excluded.late, due = excluded.due, fields = excluded.fields",
        values, sizeof values / sizeof values[0], NULL, w->err);
}

static sh_code put_called_body(struct work *w, struct sh_str body, void *ctx) {
    const struct sh_value values[] = {SH_TEXT(w->m.id), SH_TEXT(body)};
    (void)ctx;
    return sh_sql_run(w->txn, "insert into mt_called (matter, body) values ($1, $2) on conflict do nothing",
                      values, 2, NULL, w->err);
}

static bool calls_bodies(const struct sh_machine *machine) {
    for (size_t s = 0; machine && s < machine->n_steps; s++)
        for (size_t i = 0; i < machine->steps[s].n_by; i++)
            if (machine->steps[s].by[i].relation == SH_AT_CALLED)
                return true;
    return false;
}

/* For lists: who is called in now. Whoever was called before and is no longer sees the matter no more. */
static sh_code put_called(struct work *w) {
    if (!calls_bodies(&w->m.text->matter) && !calls_bodies(w->m.text->items))
        return SH_OK;
    SH_TRY(sh_sql_run(w->txn, "delete from mt_called where matter = $1", &SH_TEXT(w->m.id), 1, NULL, w->err));
    return sh_matter_each_called(w, put_called_body, NULL);
}

sh_code sh_matter_save(struct work *w, struct sh_str step) {
    struct matter *m = &w->m;
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    SH_TRY(record_text(w, step, &open));
    const bool is_new = m->version == 0;
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("matters"),
                                            .id = is_new ? (struct sh_str){"", 0} : m->id,
                                            .key = m->number,
                                            .expected_version = m->version,
                                            .labels = {.body = m->body, .place = m->place},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = sh_buf_view(&open)};
    SH_TRY(sh_record_put(w->txn, &change, &ref, w->err));
    m->id = sh_copy(w->arena, (struct sh_str){ref.id, SH_ID_TEXT});
    m->version = ref.version;
    m->changed_at = sh_txn_now(w->txn);
    struct sh_str fields;
    int64_t due = SH_NEVER;
    SH_TRY(sh_fields_text(&m->text->matter, m->values, w->arena, &fields, w->err));
    SH_TRY(sh_clocks_nearest(w, &due));
    SH_TRY(put_called(w));
    return put_row(w, fields, due);
}

sh_code sh_steps_read(struct work *w, struct sh_rows *ret) {
    return sh_sql_query(w->txn,
                        "select " STEP_COLUMNS " from mt_step where matter = $1 order by seq limit 5000",
                        &SH_TEXT(w->m.id), 1, w->arena, ret, w->err);
}

/* ---- values given ------------------------------------------------------------------------------------ */

static bool is_asked(const struct sh_step *step, int32_t field) {
    return step->to_field == field || sh_step_asks(step, field);
}

sh_code sh_fields_take(struct work *w, const struct sh_machine *machine, const struct sh_step *step,
                       const struct sh_matter_value *values, size_t n, struct sh_str *io) {
    for (size_t i = 0; i < n; i++) {
        const int32_t at = sh_machine_field(machine, values[i].field);
        if (at < 0 || (step && !is_asked(step, at))) {
            sh_failure_add(w, SH_FAIL_NEEDS, SH_STR(""), values[i].field, M_FIELD_UNKNOWN,
                           SH_ARG(values[i].field));
            continue;
        }
        struct sh_str canonical;
        struct sh_err why;
        if (sh_field_check(&machine->fields[at], values[i].text, lang_of(w), w->arena, &canonical, &why) !=
            SH_OK)
            sh_value_refused(w, SH_STR(""), &machine->fields[at], &why);
        else
            io[at] = canonical;
    }
    return SH_OK;
}
