/* Changes by two persons (procedure 6): one proposes, another approves or refuses; the record changes in the
 * same transaction as the approval. A proposal is a record of the register "changes", whose sealed part holds
 * the values. */
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/password.h"

enum { ANY_DAY = 20000 };

/* What a proposal says, beside the values. */
struct change {
    struct sh_str id, key, state, register_id, record, proposer, why, decided_by, decision;
    int64_t version, expected;
    struct sh_labels labels;
    struct sh_entry_values entry;
};

static sh_code open_text(const struct change *change, struct sh_buf *out, struct sh_err *err) {
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_str(&json, "register", change->register_id);
    sh_json_put_str(&json, "record", change->record);
    sh_json_put_str(&json, "state", change->state);
    sh_json_put_str(&json, "proposer", change->proposer);
    sh_json_put_str(&json, "why", change->why);
    sh_json_put_str(&json, "decided_by", change->decided_by);
    sh_json_put_str(&json, "decision", change->decision);
    sh_json_put_i64(&json, "expected_version", change->expected);
    sh_json_put_i64(&json, "valid_from", change->entry.from);
    sh_json_put_i64(&json, "valid_to", change->entry.to);
    sh_json_put_bool(&json, "withdrawn", change->entry.is_withdrawn);
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}

static sh_code values_text(const struct change *change, struct sh_buf *out, struct sh_err *err) {
    const struct sh_register *reg = change->entry.reg;
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    for (size_t i = 0; i < reg->n_fields; i++) {
        char id[64];
        snprintf(id, sizeof id, "%.*s", SH_ARG(reg->fields[i].id));
        if (change->entry.values[i].len)
            sh_json_put_str(&json, id, change->entry.values[i]);
    }
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}

static sh_code put_change(struct sh_txn *txn, const struct change *change, char ret_id[SH_ID_TEXT + 1],
                          struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0}, sealed = {0};
    SH_TRY(open_text(change, &open, err));
    SH_TRY(values_text(change, &sealed, err));
    struct sh_record_ref ref;
    struct sh_labels labels = change->labels;
    char about[4 + SH_ID_TEXT];
    if (change->record.len == SH_ID_TEXT) { /* an erasure of the record takes its proposals along */
        snprintf(about, sizeof about, "of.%.*s", SH_ARG(change->record));
        labels.matter = sh_str_of(about);
    }
    const struct sh_record_change record = {.register_name = SH_STR("changes"),
                                            .id = change->id,
                                            .key = change->key,
                                            .expected_version = change->version,
                                            .labels = labels,
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = sh_buf_view(&open),
                                            .sealed = sh_buf_view(&sealed)};
    SH_TRY(sh_record_put(txn, &record, &ref, err));
    const struct sh_value values[] = {SH_TEXT(sh_str_of(ref.id)),    SH_TEXT(change->register_id),
                                      SH_TEXT(change->record),       SH_TEXT(change->state),
                                      SH_TEXT(change->proposer),     SH_TEXT(change->labels.body),
                                      SH_TEXT(change->labels.place), SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(
        txn,
        "insert into gate_change (id, register, record, state, proposer, body, place, at) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do update set state = excluded.state",
        values, 8, NULL, err));
    memcpy(ret_id, ref.id, SH_ID_TEXT + 1);
    return SH_OK;
}

sh_code sh_change_propose(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entry,
                          struct sh_str id, int64_t expected_version, char ret_id[SH_ID_TEXT + 1],
                          struct sh_err *err) {
    char token[33], *key = NULL;
    sh_token_new(16, token);
    key = sh_arena_printf(&rq->arena, NULL, "%lld-%s", (long long)sh_txn_now(txn), token);
    if (!key)
        return sh_fail(err, SH_E_NOMEM, "no room for a proposal");
    const struct change change = {.key = sh_str_of(key),
                                  .state = SH_STR("proposed"),
                                  .register_id = entry->reg->id,
                                  .record = id.at ? id : SH_STR(""),
                                  .proposer = sh_str_of(rq->caller.person),
                                  .why = entry->why,
                                  .expected = expected_version,
                                  .labels = sh_entry_labels(entry),
                                  .entry = *entry};
    return put_change(txn, &change, ret_id, err);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static int64_t number_of(const json_t *object, const char *key) {
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static sh_code parse_change(struct sh_gate *gate, const struct sh_record *record, struct sh_arena *arena,
                            struct change *ret, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_CLEANUP(sh_json_decref_at) json_t *sealed = NULL;
    SH_TRY(sh_json_read("change", record->open, &root, err));
    *ret = (struct change){.id = record->id,
                           .key = record->key,
                           .version = record->newest_version,
                           .labels = record->labels,
                           .state = sh_member(root, "state", arena),
                           .register_id = sh_member(root, "register", arena),
                           .record = sh_member(root, "record", arena),
                           .proposer = sh_member(root, "proposer", arena),
                           .why = sh_member(root, "why", arena),
                           .decided_by = sh_member(root, "decided_by", arena),
                           .decision = sh_member(root, "decision", arena),
                           .expected = number_of(root, "expected_version")};
    ret->entry.from = (int32_t)number_of(root, "valid_from");
    ret->entry.to = (int32_t)number_of(root, "valid_to");
    ret->entry.is_withdrawn = json_is_true(json_object_get(root, "withdrawn"));
    ret->entry.why = ret->why;
    ret->entry.reg = sh_register_find(gate->registers, ret->register_id);
    if (!ret->entry.reg)
        return sh_fail(err, SH_E_CONFLICT, "the register %.*s is no longer there", SH_ARG(ret->register_id));
    ret->entry.values = sh_new(arena, struct sh_str, ret->entry.reg->n_fields);
    if (!ret->entry.values)
        return sh_fail(err, SH_E_NOMEM, "no room for a proposal");
    if (record->sealed.len)
        SH_TRY(sh_json_read("change", record->sealed, &sealed, err));
    for (size_t i = 0; sealed && i < ret->entry.reg->n_fields; i++) {
        char id[64];
        snprintf(id, sizeof id, "%.*s", SH_ARG(ret->entry.reg->fields[i].id));
        ret->entry.values[i] = sh_member(sealed, id, arena);
    }
    return SH_OK;
}

struct deciding {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_scope scope;
    struct change change;
    struct sh_str words;
    bool is_approval;
};

static sh_code get_change(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct deciding *deciding = ctx;
    struct sh_request *rq = deciding->rq;
    struct sh_record record;
    SH_TRY(sh_record_get(txn, &deciding->scope, rq->params[0], sh_as_of_day(ANY_DAY), true, &rq->arena,
                         &record, err));
    if (!sh_str_is(record.register_name, "changes"))
        return sh_fail(err, SH_E_NOTFOUND, "no such change");
    return parse_change(deciding->gate, &record, &rq->arena, &deciding->change, err);
}

static void put_values(struct sh_json *json, struct sh_request *rq, const struct change *change) {
    sh_json_key(json, "fields");
    sh_json_object(json);
    for (size_t i = 0; i < change->entry.reg->n_fields; i++) {
        const struct sh_field *field = &change->entry.reg->fields[i];
        const struct sh_str value = change->entry.values[i];
        char id[64];
        snprintf(id, sizeof id, "%.*s", SH_ARG(field->id));
        sh_json_key(json, id);
        sh_entry_show_value(json, field,
                            field->mask && value.len ? sh_field_mask(field, value, &rq->arena) : value,
                            field->mask != SH_MASK_NONE);
    }
    sh_json_object_end(json);
}

static void show_change(struct sh_json *json, struct sh_request *rq, const struct change *change,
                        bool whole) {
    sh_json_object(json);
    sh_json_put_str(json, "id", change->id);
    sh_json_put_str(json, "register", change->register_id);
    sh_json_put_str(json, "record", change->record);
    sh_json_put_str(json, "state", change->state);
    sh_json_put_text(json, "kind",
                     change->entry.is_withdrawn ? "withdraw"
                     : change->expected         ? "update"
                                                : "create");
    sh_json_put_str(json, "proposer", change->proposer);
    sh_json_put_str(json, "why", change->why);
    sh_json_put_str(json, "decided_by", change->decided_by);
    sh_json_put_str(json, "decision", change->decision);
    sh_json_put_date(json, "valid_from", change->entry.from <= 0 ? INT32_MIN : change->entry.from);
    sh_json_put_date(json, "valid_to", change->entry.to == SH_DAY_OPEN ? INT32_MAX : change->entry.to - 1);
    if (whole)
        put_values(json, rq, change);
    sh_json_object_end(json);
}

static sh_code change_scope(struct sh_gate *gate, struct sh_request *rq, struct deciding *ret,
                            struct sh_err *err) {
    *ret = (struct deciding){.gate = gate, .rq = rq};
    return sh_caller_scope(gate, rq, NULL, NULL, 0, &ret->scope, err);
}

/* Proposers see what becomes of their proposals, approvers what waits for them; nobody else. */
static bool may_see(const struct sh_request *rq, const struct change *change) {
    const struct sh_register *reg = change->entry.reg;
    return sh_caller_is(rq, reg->edit_by, reg->n_edit_by) ||
           sh_caller_is(rq, reg->approve_by, reg->n_approve_by);
}

sh_code sh_api_change(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct deciding deciding;
    SH_TRY(change_scope(gate, rq, &deciding, err));
    SH_TRY(sh_lost(sh_store_read(gate->store, get_change, &deciding, err)));
    if (!may_see(rq, &deciding.change))
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    show_change(&json, rq, &deciding.change, true);
    return sh_answer_end(rq, &json, err);
}

struct change_list {
    struct deciding deciding;
    struct change *found;
    size_t n, limit;
    struct sh_str next;
};

static sh_code list_changes(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct change_list *list = ctx;
    struct sh_request *rq = list->deciding.rq;
    const struct sh_str state = sh_target_arg(&rq->target, "state"),
                        after = sh_target_arg(&rq->target, "after");
    const struct sh_value values[] = {SH_TEXT(state.len ? state : SH_STR("proposed")),
                                      SH_TEXT(after.at ? after : SH_STR("")), SH_I64(1000)};
    struct sh_rows rows;
    list->n = 0, list->next = (struct sh_str){0};
    SH_TRY(sh_sql_query(
        txn, "select id, body, place from gate_change where state = $1 and id > $2 order by id limit $3",
        values, 3, &rq->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        if (list->n == list->limit) {
            list->next = sh_cell(&rows, i - 1, 0)->str;
            return SH_OK;
        }
        if (!sh_scope_holds(&list->deciding.scope, sh_cell(&rows, i, 1)->str, sh_cell(&rows, i, 2)->str))
            continue;
        struct sh_record record;
        const sh_code code = sh_record_get(txn, &list->deciding.scope, sh_cell(&rows, i, 0)->str,
                                           sh_as_of_day(ANY_DAY), false, &rq->arena, &record, err);
        if (code == SH_E_NOTFOUND)
            continue; /* erased */
        SH_TRY(code);
        SH_TRY(parse_change(list->deciding.gate, &record, &rq->arena, &list->found[list->n], err));
        list->n += may_see(rq, &list->found[list->n]);
    }
    if (rows.n_rows == 1000)
        list->next = sh_cell(&rows, rows.n_rows - 1, 0)->str;
    return SH_OK;
}

sh_code sh_api_changes(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct change_list list = {0};
    SH_TRY(change_scope(gate, rq, &list.deciding, err));
    SH_TRY(sh_arg_limit(rq, &list.limit, err));
    list.found = sh_new(&rq->arena, struct change, list.limit + 1);
    if (!list.found)
        return sh_fail(err, SH_E_NOMEM, "no room for a page");
    SH_TRY(sh_store_read(gate->store, list_changes, &list, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < list.n; i++)
        show_change(&json, rq, &list.found[i], false);
    sh_json_array_end(&json);
    sh_json_key(&json, "next");
    if (list.next.len)
        sh_json_str(&json, list.next);
    else
        sh_json_null(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* ---- deciding ---------------------------------------------------------------------------------------- */

static sh_code check_decider(const struct deciding *deciding, struct sh_err *err) {
    struct sh_request *rq = deciding->rq;
    const struct change *change = &deciding->change;
    (void)err;
    if (!sh_caller_is(rq, change->entry.reg->approve_by, change->entry.reg->n_approve_by))
        return sh_stop(sh_refuse(rq, may_see(rq, change) ? GATE_FORBIDDEN : GATE_NOT_FOUND, NULL));
    if (!sh_str_is(change->state, "proposed"))
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, DECIDED_ALREADY)));
    if (deciding->is_approval && sh_str_is(change->proposer, rq->caller.person))
        return sh_stop(sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, PROPOSER_NEVER_APPROVES)));
    return SH_OK;
}

static sh_code apply(struct sh_txn *txn, struct deciding *deciding, struct sh_err *err) {
    struct sh_request *rq = deciding->rq;
    struct change *change = &deciding->change;
    struct sh_faults faults = {0};
    SH_TRY(sh_entry_refs(txn, rq, &change->entry, 0, &faults, err));
    SH_TRY(sh_entry_ask(txn, rq, &change->entry, change->record, 0, &faults, err));
    if (faults.n)
        return sh_stop(sh_refuse_fields(rq, &faults));
    struct sh_record written;
    const sh_code code =
        sh_entry_put(txn, &change->entry, change->record, change->expected, &rq->arena, &written, err);
    if (code == SH_E_CONFLICT)
        return sh_stop(sh_refuse(rq, GATE_STALE, SH_SAY(rq, CHANGED_SINCE_PROPOSAL)));
    SH_TRY(code);
    change->record = written.id;
    return sh_matter_row_written(txn, rq->gate->texts, change->entry.reg->id, written.id, &rq->arena, err);
}

static sh_code decide(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct deciding *deciding = ctx;
    struct sh_request *rq = deciding->rq;
    SH_TRY(get_change(txn, deciding, err));
    SH_TRY(check_decider(deciding, err));
    SH_TRY(sh_ties_stop_entry(txn, rq, &deciding->change.entry, rq->params[0], err));
    if (deciding->is_approval)
        SH_TRY(apply(txn, deciding, err));
    deciding->change.state = deciding->is_approval ? SH_STR("approved") : SH_STR("refused");
    deciding->change.decided_by = sh_str_of(rq->caller.person);
    deciding->change.decision = deciding->words;
    char id[SH_ID_TEXT + 1];
    SH_TRY(put_change(txn, &deciding->change, id, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    show_change(&json, rq, &deciding->change, true);
    return sh_answer_end(rq, &json, err);
}

static sh_code decide_with(struct sh_gate *gate, struct sh_request *rq, bool is_approval,
                           struct sh_err *err) {
    struct deciding deciding;
    SH_TRY(change_scope(gate, rq, &deciding, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    deciding.is_approval = is_approval;
    deciding.words = sh_member(root, "why", &rq->arena);
    if (!is_approval && deciding.words.len == 0) {
        struct sh_faults faults = {0};
        sh_faults_add(rq, &faults, SH_STR("why"), 0, SH_SAY(rq, REQUIRED));
        /* a foreign id is told first */
        SH_TRY(sh_lost(sh_store_read(gate->store, get_change, &deciding, err)));
        return sh_refuse_fields(rq, &faults);
    }
    SH_TRY(sh_lost(sh_gate_write(gate, rq, is_approval ? "approve change" : "refuse change", decide,
                                 &deciding, NULL, err)));
    if (is_approval && sh_numbers_reads(deciding.change.register_id))
        sh_gate_numbers(gate); /* in force with the answer */
    return SH_OK;
}

sh_code sh_api_change_approve(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return decide_with(gate, rq, true, err);
}
sh_code sh_api_change_refuse(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return decide_with(gate, rq, false, err);
}
