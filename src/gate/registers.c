/* Registers and their records. */
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"

/* ---- descriptions ------------------------------------------------------------------------------------ */

static void put_words(struct sh_json *json, const char *key, const struct sh_str *words, size_t n) {
    sh_json_key(json, key);
    sh_json_array(json);
    for (size_t i = 0; i < n; i++)
        sh_json_str(json, words[i]);
    sh_json_array_end(json);
}

static void put_field(struct sh_json *json, const struct sh_field *field, sh_lang lang) {
    sh_json_object(json);
    sh_json_put_str(json, "id", field->id);
    sh_json_put_str(json, "name", lang == SH_EN ? field->english : field->name);
    sh_json_put_text(json, "type", sh_field_type_name(field->type));
    sh_json_put_bool(json, "required", field->required);
    sh_json_put_bool(json, "key", field->is_key);
    sh_json_put_bool(json, "personal", field->mask != SH_MASK_NONE);
    sh_json_put_bool(json, "search", field->searchable);
    if (field->help.len)
        sh_json_put_str(json, "help", field->help);
    if (field->type == SH_FIELD_REF)
        sh_json_put_str(json, "register", field->ref);
    if (field->type == SH_FIELD_CHOICE) {
        sh_json_key(json, "choices");
        sh_json_array(json);
        for (size_t i = 0; i < field->n_choices; i++) {
            sh_json_object(json);
            sh_json_put_str(json, "code", field->choices[i].code);
            sh_json_put_str(json, "name", lang == SH_EN ? field->choices[i].english : field->choices[i].name);
            sh_json_object_end(json);
        }
        sh_json_array_end(json);
    }
    sh_json_object_end(json);
}

static void put_register(struct sh_json *json, const struct sh_request *rq, const struct sh_register *reg,
                         bool whole) {
    static const char *const changes[] = {"direct", "two_person", "steps"};
    sh_json_object(json);
    sh_json_put_str(json, "id", reg->id);
    sh_json_put_str(json, "name", rq->lang == SH_EN ? reg->english : reg->name);
    sh_json_put_str(json, "about", reg->about);
    put_words(json, "basis", reg->basis, reg->n_basis);
    sh_json_put_text(json, "change", changes[reg->change]);
    sh_json_put_bool(json, "may_edit",
                     reg->change != SH_CHANGE_STEPS && sh_caller_is(rq, reg->edit_by, reg->n_edit_by));
    sh_json_put_bool(json, "may_approve",
                     reg->change == SH_CHANGE_TWO && sh_caller_is(rq, reg->approve_by, reg->n_approve_by));
    sh_json_put_bool(json, "validity", reg->has_validity);
    if (whole) {
        put_words(json, "edit_by", reg->edit_by, reg->n_edit_by);
        put_words(json, "approve_by", reg->approve_by, reg->n_approve_by);
        sh_json_key(json, "fields");
        sh_json_array(json);
        for (size_t i = 0; i < reg->n_fields; i++)
            put_field(json, &reg->fields[i], rq->lang);
        sh_json_array_end(json);
    }
    sh_json_object_end(json);
}

sh_code sh_api_registers(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < gate->registers->n; i++)
        if (sh_caller_is(rq, gate->registers->of[i].read_by, gate->registers->of[i].n_read_by))
            put_register(&json, rq, &gate->registers->of[i], false);
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_register(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_register *reg = NULL;
    SH_TRY(sh_entry_register(gate, rq, &reg, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    put_register(&json, rq, reg, true);
    return sh_answer_end(rq, &json, err);
}

/* ---- pages ------------------------------------------------------------------------------------------- */

struct paging {
    struct sh_gate *gate;
    struct sh_request *rq;
    const struct sh_register *reg;
    struct sh_scope scope;
    struct sh_page_query query;
    struct sh_str filters[SH_TARGET_ARGS_MAX]; /* by field; at NULL none */
    struct sh_term terms[SH_TARGET_ARGS_MAX];
    bool is_filtered;
    size_t limit;
    const struct sh_record **found; /* [limit] */
    size_t n_found;
    struct sh_str next; /* key to go on after; len 0: the end */
};

static bool passes(const struct paging *paging, const struct sh_str *values) {
    for (size_t i = 0; i < paging->reg->n_fields; i++)
        if (paging->filters[i].at && !sh_str_eq(paging->filters[i], values[i]))
            return false;
    return true;
}

static sh_code take_batch(struct paging *paging, const struct sh_record *records, size_t n,
                          struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        struct sh_str *values = NULL;
        if (paging->is_filtered)
            SH_TRY(sh_entry_read(paging->reg, &records[i], &paging->rq->arena, &values, err));
        if (paging->is_filtered && !passes(paging, values))
            continue;
        if (paging->n_found == paging->limit) { /* one more is there: the page before it is full */
            paging->next = paging->found[paging->n_found - 1]->key;
            return SH_OK;
        }
        paging->found[paging->n_found++] = &records[i];
    }
    return SH_OK;
}

/* Values that a version had once are offered too, so each row is compared. One look a page: it may hold fewer
 * rows than asked for, and says where to go on. */
static sh_code read_page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct paging *paging = ctx;
    paging->n_found = 0;
    paging->next = (struct sh_str){0};
    struct sh_page_query query = paging->query;
    query.limit = paging->limit + 1;
    struct sh_record_batch batch;
    SH_TRY(sh_record_scan(txn, &paging->scope, &query, &paging->rq->arena, &batch, err));
    SH_TRY(take_batch(paging, batch.records, batch.n, err));
    if (paging->next.len == 0)
        paging->next = batch.next;
    return SH_OK;
}

/* Arguments that are no fields and not ours are a typing error, not ignored: a filter that is ignored shows
 * too much. */
static sh_code read_filters(struct paging *paging, struct sh_err *err) {
    static const char *const ours[] = {"limit", "after", "q", "valid_on", "known_at"};
    struct sh_request *rq = paging->rq;
    for (size_t i = 0; i < rq->target.n_args; i++) {
        const struct sh_arg *arg = &rq->target.args[i];
        bool is_ours = false;
        for (size_t k = 0; k < sizeof ours / sizeof ours[0]; k++)
            is_ours = is_ours || sh_str_is(arg->name, ours[k]);
        const int32_t field = sh_register_field(paging->reg, arg->name, false);
        if (is_ours)
            continue;
        if (field < 0 || field >= SH_TARGET_ARGS_MAX || paging->reg->fields[field].mask)
            return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "%.*s: no filter", SH_ARG(arg->name)), err);
        struct sh_str value;
        if (sh_field_check(&paging->reg->fields[field], arg->value, rq->lang, &rq->arena, &value, err) !=
            SH_OK)
            return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "%.*s: %s", SH_ARG(arg->name), err->message),
                              err);
        paging->filters[field] = value.at ? value : SH_STR("");
        paging->is_filtered = true;
        if (value.len)
            paging->terms[paging->query.n_terms++] = (struct sh_term){paging->reg->fields[field].id, value};
    }
    return SH_OK;
}

sh_code sh_api_records(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct paging paging = {.gate = gate, .rq = rq};
    SH_TRY(sh_entry_register(gate, rq, &paging.reg, err));
    SH_TRY(sh_entry_scope(gate, rq, paging.reg, &paging.scope, err));
    SH_TRY(sh_arg_limit(rq, &paging.limit, err));
    paging.query = (struct sh_page_query){.register_name = paging.reg->id,
                                          .after_key = sh_target_arg(&rq->target, "after"),
                                          .search = sh_target_arg(&rq->target, "q")};
    SH_TRY(sh_arg_as_of(gate, rq, &paging.query.as_of, err));
    SH_TRY(read_filters(&paging, err));
    paging.query.terms = paging.terms;
    paging.found = sh_new(&rq->arena, const struct sh_record *, paging.limit);
    if (!paging.found)
        return sh_fail(err, SH_E_NOMEM, "no room for a page");
    SH_TRY(sh_store_read(gate->store, read_page, &paging, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < paging.n_found; i++)
        SH_TRY(sh_entry_show(&json, rq, paging.reg, paging.found[i], err));
    sh_json_array_end(&json);
    sh_json_key(&json, "next");
    if (paging.next.len)
        sh_json_str(&json, paging.next);
    else
        sh_json_null(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* ---- one record -------------------------------------------------------------------------------------- */

struct reading {
    struct sh_gate *gate;
    struct sh_request *rq;
    const struct sh_register *reg;
    struct sh_scope scope;
    struct sh_as_of as_of;
    struct sh_record record;
    const struct sh_record *history;
    size_t n_history;
    struct sh_str purpose;
};

static sh_code reading_begin(struct sh_gate *gate, struct sh_request *rq, struct reading *reading,
                             struct sh_err *err) {
    *reading = (struct reading){.gate = gate, .rq = rq};
    SH_TRY(sh_entry_register(gate, rq, &reading->reg, err));
    SH_TRY(sh_entry_scope(gate, rq, reading->reg, &reading->scope, err));
    return sh_arg_as_of(gate, rq, &reading->as_of, err);
}

/* A record of another register under this path is as foreign as one of another body. */
static sh_code get_record(struct sh_txn *txn, struct reading *reading, bool with_sealed, struct sh_err *err) {
    SH_TRY(sh_record_get(txn, &reading->scope, reading->rq->params[1], reading->as_of, with_sealed,
                         &reading->rq->arena, &reading->record, err));
    return sh_str_eq(reading->record.register_name, reading->reg->id)
               ? SH_OK
               : sh_fail(err, SH_E_NOTFOUND, "no such record in the register");
}

static sh_code get_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    return get_record(txn, ctx, false, err);
}

static sh_code answer_record(struct sh_request *rq, int status, const struct sh_register *reg,
                             const struct sh_record *record, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(rq, status, &json);
    SH_TRY(sh_entry_show(&json, rq, reg, record, err));
    sh_answer_etag(rq, record->newest_version);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_record(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct reading reading;
    SH_TRY(reading_begin(gate, rq, &reading, err));
    SH_TRY(sh_lost(sh_store_read(gate->store, get_body, &reading, err)));
    return answer_record(rq, 200, reading.reg, &reading.record, err);
}

static sh_code history_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct reading *reading = ctx;
    SH_TRY(sh_record_history(txn, &reading->scope, reading->rq->params[1], &reading->rq->arena,
                             &reading->history, &reading->n_history, err));
    return reading->n_history && sh_str_eq(reading->history[0].register_name, reading->reg->id)
               ? SH_OK
               : sh_fail(err, SH_E_NOTFOUND, "no such record in the register");
}

sh_code sh_api_record_history(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct reading reading;
    SH_TRY(reading_begin(gate, rq, &reading, err));
    SH_TRY(sh_lost(sh_store_read(gate->store, history_body, &reading, err)));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < reading.n_history; i++)
        SH_TRY(sh_entry_show(&json, rq, reading.reg, &reading.history[i], err));
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static const struct sh_record *version_of(const struct reading *reading, struct sh_str text) {
    for (size_t i = 0; i < reading->n_history; i++) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)reading->history[i].version);
        if (sh_str_is(text, number))
            return &reading->history[i];
    }
    return NULL;
}

/* What changed between two versions, field by field; personal values are compared masked. */
sh_code sh_api_record_diff(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct reading reading;
    SH_TRY(reading_begin(gate, rq, &reading, err));
    SH_TRY(sh_lost(sh_store_read(gate->store, history_body, &reading, err)));
    const struct sh_record *from = version_of(&reading, sh_target_arg(&rq->target, "from"));
    const struct sh_record *to = version_of(&reading, sh_target_arg(&rq->target, "to"));
    if (!from || !to)
        return sh_refuse(rq, GATE_NOT_FOUND, "from, to");
    struct sh_str *before = NULL, *after = NULL;
    SH_TRY(sh_entry_read(reading.reg, from, &rq->arena, &before, err));
    SH_TRY(sh_entry_read(reading.reg, to, &rq->arena, &after, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_i64(&json, "from", from->version);
    sh_json_put_i64(&json, "to", to->version);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < reading.reg->n_fields; i++) {
        const struct sh_field *field = &reading.reg->fields[i];
        if (sh_str_eq(before[i], after[i]))
            continue;
        sh_json_object(&json);
        sh_json_put_str(&json, "field", field->id);
        sh_json_put_str(&json, "name", rq->lang == SH_EN ? field->english : field->name);
        sh_json_key(&json, "before");
        sh_entry_show_value(&json, field, before[i], field->mask);
        sh_json_key(&json, "after");
        sh_entry_show_value(&json, field, after[i], field->mask);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* ---- unmasking --------------------------------------------------------------------------------------- */

static sh_code unmask(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct reading *reading = ctx;
    SH_TRY(get_record(txn, reading, true, err));
    struct sh_entry_values entry = {.reg = reading->reg};
    SH_TRY(sh_entry_read(reading->reg, &reading->record, &reading->rq->arena, &entry.values, err));
    SH_TRY(sh_ties_stop_entry(txn, reading->rq, &entry, SH_STR(""), err));
    return sh_access_note(txn, reading->rq, reading->reg->id, &reading->record, "unmask", reading->purpose,
                          err);
}

sh_code sh_api_record_unmask(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct reading reading;
    SH_TRY(reading_begin(gate, rq, &reading, err));
    SH_TRY(sh_caller_scope(gate, rq, "personal.read", reading.reg->read_by, reading.reg->n_read_by,
                           &reading.scope, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    reading.purpose = sh_str_trim(sh_member(root, "purpose", &rq->arena));
    SH_TRY(sh_purpose_check(rq, reading.purpose, err));
    SH_TRY(sh_lost(sh_gate_write(gate, rq, "unmask", unmask, &reading, NULL, err)));
    return rq->status ? SH_OK : answer_record(rq, 200, reading.reg, &reading.record, err);
}

/* ---- writing ----------------------------------------------------------------------------------------- */

struct writing {
    struct reading reading; /* of the record before; new: unused */
    struct sh_entry_values entry;
    int64_t expected;
    bool is_new, is_proposal;
};

/* Labels decide who sees the record: nobody may bring one into a place or body that he does not see himself.
 */
static sh_code check_labels(const struct writing *writing, const struct sh_scope *scope, struct sh_err *err) {
    struct sh_request *rq = writing->reading.rq;
    const struct sh_labels labels = sh_entry_labels(&writing->entry);
    if (sh_scope_holds(scope, labels.body, labels.place))
        return SH_OK;
    return sh_refused(sh_refuse(rq, GATE_FORBIDDEN, SH_SAY(rq, RECORD_OUTSIDE)), err);
}

static sh_code answer_proposed(struct sh_request *rq, const char *change, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(rq, 202, &json);
    sh_json_object(&json);
    sh_json_put_text(&json, "change", change);
    sh_json_put_text(&json, "state", "proposed");
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static sh_code put_entry(struct sh_txn *txn, struct writing *writing, struct sh_str id, struct sh_err *err) {
    struct sh_request *rq = writing->reading.rq;
    struct sh_faults faults = {0};
    SH_TRY(sh_ties_stop_entry(txn, rq, &writing->entry, SH_STR(""), err));
    SH_TRY(sh_entry_refs(txn, rq, &writing->entry, 0, &faults, err));
    SH_TRY(sh_entry_ask(txn, rq, &writing->entry, id, 0, &faults, err));
    if (faults.n)
        return sh_stop(sh_refuse_fields(rq, &faults));
    if (writing->is_proposal) {
        char change_id[SH_ID_TEXT + 1];
        SH_TRY(sh_change_propose(txn, rq, &writing->entry, id, writing->expected, change_id, err));
        return answer_proposed(rq, change_id, err);
    }
    struct sh_record written;
    const sh_code code = sh_entry_put(txn, &writing->entry, id, writing->expected, &rq->arena, &written, err);
    if (code == SH_E_CONFLICT)
        return sh_stop(sh_refuse(rq, writing->is_new ? GATE_CONFLICT : GATE_STALE, NULL));
    SH_TRY(code);
    SH_TRY(sh_matter_row_written(txn, rq->gate->texts, writing->entry.reg->id, written.id, &rq->arena, err));
    return answer_record(rq, writing->is_new ? 201 : 200, writing->reading.reg, &written, err);
}

static sh_code create(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    return put_entry(txn, ctx, (struct sh_str){"", 0}, err);
}

/* Who may edit, from the register's text. */
static sh_code writing_begin(struct sh_gate *gate, struct sh_request *rq, struct writing *writing,
                             struct sh_scope *ret_scope, struct sh_err *err) {
    *writing = (struct writing){0};
    SH_TRY(reading_begin(gate, rq, &writing->reading, err));
    const struct sh_register *reg = writing->reading.reg;
    if (reg->change == SH_CHANGE_STEPS || !sh_caller_is(rq, reg->edit_by, reg->n_edit_by))
        return sh_refused(sh_refuse(rq, GATE_FORBIDDEN, NULL), err);
    writing->is_proposal = reg->change == SH_CHANGE_TWO;
    return sh_caller_scope(gate, rq, NULL, reg->edit_by, reg->n_edit_by, ret_scope, err);
}

static sh_code take_body(struct writing *writing, const struct sh_scope *scope, struct sh_err *err) {
    struct reading *reading = &writing->reading;
    struct sh_request *rq = reading->rq;
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    struct sh_faults faults = {0};
    SH_TRY(sh_entry_from_json(rq, reading->reg, root, sh_gate_today(reading->gate), &writing->entry, &faults,
                              err));
    if (faults.n)
        return sh_refused(sh_refuse_fields(rq, &faults), err);
    return check_labels(writing, scope, err);
}

static const char *why_of(struct sh_request *rq, const struct sh_entry_values *entry) {
    const char *why = sh_arena_printf(&rq->arena, NULL, "%.*s", SH_ARG(entry->why));
    return why ? why : "";
}

sh_code sh_api_record_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct writing writing;
    struct sh_scope scope;
    SH_TRY(writing_begin(gate, rq, &writing, &scope, err));
    writing.is_new = true;
    SH_TRY(take_body(&writing, &scope, err));
    return sh_gate_write(gate, rq, why_of(rq, &writing.entry), create, &writing, NULL, err);
}

/* Personal fields that were not sent keep what they hold: who sees them masked cannot send them back. */
static sh_code keep_personal(struct writing *writing, struct sh_err *err) {
    struct reading *reading = &writing->reading;
    struct sh_str *old = NULL;
    SH_TRY(sh_entry_read(reading->reg, &reading->record, &reading->rq->arena, &old, err));
    for (size_t i = 0; i < reading->reg->n_fields; i++)
        if (reading->reg->fields[i].mask && writing->entry.values[i].len == 0)
            writing->entry.values[i] = old[i];
    return SH_OK;
}

static sh_code check_key(const struct writing *writing, struct sh_err *err) {
    struct sh_request *rq = writing->reading.rq;
    struct sh_str key;
    SH_TRY(sh_entry_key(&writing->entry, &rq->arena, &key, err));
    if (sh_str_eq(key, writing->reading.record.key))
        return SH_OK;
    return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, KEY_NEVER_CHANGES)));
}

static sh_code update(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct writing *writing = ctx;
    struct reading *reading = &writing->reading;
    SH_TRY(get_record(txn, reading, true, err));
    if (reading->record.newest_version != writing->expected)
        return sh_stop(sh_refuse(reading->rq, GATE_STALE, NULL));
    SH_TRY(keep_personal(writing, err));
    SH_TRY(check_key(writing, err));
    return put_entry(txn, writing, reading->record.id, err);
}

sh_code sh_api_record_update(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct writing writing;
    struct sh_scope scope;
    SH_TRY(writing_begin(gate, rq, &writing, &scope, err));
    writing.reading.scope = scope;
    SH_TRY(sh_lost(sh_store_read(gate->store, get_body, &writing.reading,
                                 err))); /* a foreign id is told before the body is read */
    SH_TRY(sh_if_match(rq, &writing.expected, err));
    SH_TRY(take_body(&writing, &scope, err));
    return sh_lost(sh_gate_write(gate, rq, why_of(rq, &writing.entry), update, &writing, NULL, err));
}

static sh_code withdraw(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct writing *writing = ctx;
    struct reading *reading = &writing->reading;
    SH_TRY(get_record(txn, reading, true, err));
    if (reading->record.newest_version != writing->expected)
        return sh_stop(sh_refuse(reading->rq, GATE_STALE, NULL));
    SH_TRY(sh_entry_read(reading->reg, &reading->record, &reading->rq->arena, &writing->entry.values, err));
    return put_entry(txn, writing, reading->record.id, err);
}

/* Ends a record from a day on; what held before stays on record. */
sh_code sh_api_record_withdraw(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct writing writing;
    struct sh_scope scope;
    SH_TRY(writing_begin(gate, rq, &writing, &scope, err));
    writing.reading.scope = scope;
    SH_TRY(sh_lost(sh_store_read(gate->store, get_body, &writing.reading, err)));
    SH_TRY(sh_if_match(rq, &writing.expected, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    struct sh_faults faults = {0};
    const struct sh_str from = sh_member(root, "from", &rq->arena);
    writing.entry = (struct sh_entry_values){.reg = writing.reading.reg,
                                             .from = sh_gate_today(gate),
                                             .to = SH_DAY_OPEN,
                                             .is_withdrawn = true,
                                             .why = sh_member(root, "why", &rq->arena)};
    if (from.len && sh_date_scan(from.at, from.len, &writing.entry.from) != SH_DATE_OK)
        sh_faults_add(rq, &faults, SH_STR("from"), 0, SH_SAY(rq, NO_DATE));
    if (writing.entry.why.len == 0)
        sh_faults_add(rq, &faults, SH_STR("why"), 0, SH_SAY(rq, REQUIRED));
    if (faults.n)
        return sh_refuse_fields(rq, &faults);
    return sh_lost(sh_gate_write(gate, rq, why_of(rq, &writing.entry), withdraw, &writing, NULL, err));
}
