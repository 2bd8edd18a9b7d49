/* Acts on matters and their items: requests taken apart, refusals of the engine given on. */
#include "gate/asking.h"
#include "gate/duty.h"
#include "gate/entry.h"
#include "gate/handlers.h"

static sh_code act_open(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_value values[SH_ASKING_VALUES];
    struct sh_matter_new wanted = {.procedure = sh_asking_member(a, "procedure"),
                                   .subject = sh_asking_member(a, "subject"),
                                   .body = sh_asking_member(a, "body"),
                                   .period = sh_asking_member(a, "period"),
                                   .parent = sh_asking_member(a, "parent"),
                                   .values = values};
    char id[SH_ID_TEXT + 1];
    int64_t version = 0;
    SH_TRY(sh_asking_values(a, values, &wanted.n_values, err));
    SH_TRY(sh_matter_open(txn, &a->desk, &wanted, id, err));
    SH_TRY(sh_matter_json(txn, &a->desk, sh_str_of(id), &a->json, &version, err));
    sh_answer_etag(a->rq, version);
    return SH_OK;
}

sh_code sh_api_matter_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"procedure", "subject", "body", "parent", "period", "fields", "why"};
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(sh_asking_only(&a, known, sizeof known / sizeof known[0], err));
    a.status = 201;
    return sh_asking_write(&a, sh_asking_why(&a), act_open, err);
}

static sh_code act_step(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_value values[SH_ASKING_VALUES];
    struct sh_matter_act act = {.step = sh_asking_member(a, "step"),
                                .member = sh_asking_member(a, "member"),
                                .occurred = sh_asking_member(a, "occurred"),
                                .why = sh_asking_member(a, "why"),
                                .values = values,
                                .expected = a->expected};
    int64_t version = 0;
    SH_TRY(sh_asking_values(a, values, &act.n_values, err));
    SH_TRY(sh_matter_act(txn, &a->desk, a->rq->params[0], &act, err));
    SH_TRY(sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, &version, err));
    sh_answer_etag(a->rq, version);
    return SH_OK;
}

/* A foreign id is told before the rest of the request is looked at. */
static sh_code look_first(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf unused = {0};
    struct sh_json json;
    sh_json_begin(&json, &unused);
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &json, NULL, err);
}

sh_code sh_api_matter_act(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"step", "fields", "member", "occurred", "why"};
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    SH_TRY(sh_if_match(rq, &a.expected, err));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(sh_asking_only(&a, known, sizeof known / sizeof known[0], err));
    sh_paper_draw_for_service(gate, rq, rq->params[0]);
    SH_TRY(sh_asking_write(&a, sh_asking_why(&a), act_step, err));
    if (!rq->problem)
        sh_paper_draw_all(gate, rq, rq->params[0]);
    return SH_OK;
}

/* ---- words and files --------------------------------------------------------------------------------- */

static sh_code act_comment(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    SH_TRY(sh_matter_comment(txn, &a->desk, a->rq->params[0], sh_asking_member(a, "words"), err));
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, NULL, err);
}

sh_code sh_api_matter_comment(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"words"};
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(sh_asking_only(&a, known, 1, err));
    a.status = 201;
    return sh_asking_write(&a, "comment", act_comment, err);
}

static sh_code act_attach(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    char id[SH_ID_TEXT + 1];
    const struct sh_attachment in = {.name = sh_asking_arg(a, "name"),
                                     .type = a->rq->content_type_in,
                                     .source = sh_asking_arg(a, "source"),
                                     .content = sh_buf_view(&a->rq->body),
                                     .party_sees = sh_str_is(sh_asking_arg(a, "party_sees"), "true")};
    SH_TRY(sh_matter_attach(txn, &a->desk, a->rq->params[0], &in, id, err));
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, NULL, err);
}

sh_code sh_api_matter_attach(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    a.status = 201;
    return sh_asking_write(&a, "attachment", act_attach, err);
}

static sh_code act_take_file(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    SH_TRY(sh_matter_take_attachment(txn, &a->desk, a->rq->params[0], a->rq->params[1], &a->file, err));
    sh_buf_clear(&a->rq->out);
    sh_buf_add_str(&a->rq->out, a->file.content);
    return sh_buf_check(&a->rq->out, err);
}

static sh_code take_file(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    return act_take_file(txn, ctx, err);
}

/* Handed out as bytes to save, never as a page to show: what a party brings is not trusted. */
sh_code sh_api_matter_attachment(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    const struct sh_act act = {.actor = a.who.person, .why = SH_STR("opened")};
    SH_TRY(sh_lost(sh_store_write(gate->store, &act, take_file, &a, NULL, err)));
    rq->status = 200;
    rq->content_type = "application/octet-stream";
    sh_answer_header(rq, "Content-Disposition", "attachment");
    return sh_asking_seen(&a, rq->params[0], rq->params[1], err);
}

/* ---- evidence ---------------------------------------------------------------------------------------- */

static sh_code act_capture(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    const json_t *items = json_object_get(a->body, "items");
    const size_t n = json_array_size(items);
    if (n > SH_BULK_MAX)
        return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "items: 1 … %d", SH_BULK_MAX), err);
    struct sh_str *ids = sh_new(&a->rq->arena, struct sh_str, n + 1);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for items");
    for (size_t i = 0; i < n; i++) {
        const char *id = json_string_value(json_array_get(items, i));
        ids[i] = id ? sh_str_of(id) : SH_STR("");
    }
    SH_TRY(sh_evidence_capture(txn, &a->desk, a->rq->params[0], ids, n, sh_asking_member(a, "why"), err));
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, NULL, err);
}

sh_code sh_api_evidence_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"items", "why"};
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(sh_asking_only(&a, known, 2, err));
    a.status = 201;
    SH_TRY(sh_asking_write(&a, sh_asking_why(&a), act_capture, err));
    if (!rq->problem)
        sh_duty_wake(gate); /* which seals it */
    return SH_OK;
}

/* It names persons: whoever takes it says what for. */
static sh_code take_evidence(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *a = ctx;
    struct sh_record record = {.id = a->rq->params[1]};
    struct sh_str content;
    SH_TRY(sh_evidence_take(txn, &a->desk, a->rq->params[0], a->rq->params[1], &content, err));
    SH_TRY(sh_matter_labels(txn, a->rq->params[0], &a->rq->arena, &record.labels, err));
    sh_buf_clear(&a->rq->out);
    sh_buf_add_str(&a->rq->out, content);
    SH_TRY(sh_buf_check(&a->rq->out, err));
    return sh_access_note(txn, a->rq, SH_STR("evidence"), &record, "export", a->purpose, err);
}

sh_code sh_api_evidence(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    a.act = look_first;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    SH_TRY(sh_purpose_of_header(rq, &a.purpose, err));
    const struct sh_act act = {.actor = a.who.person, .why = SH_STR("opened")};
    SH_TRY(sh_lost(sh_store_write(gate->store, &act, take_evidence, &a, NULL, err)));
    rq->status = 200;
    rq->content_type = "application/octet-stream";
    sh_answer_header(rq, "Content-Disposition", "attachment");
    return SH_OK;
}

/* ---- what is sealed ---------------------------------------------------------------------------------- */

static sh_code act_unseal(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_unsealed opened;
    SH_TRY(sh_matter_unseal(txn, &a->desk, a->rq->params[0], &a->json, &opened, err));
    SH_TRY(sh_purpose_check(a->rq, opened.purpose, err));
    const struct sh_record record = {.id = opened.matter, .labels = opened.labels};
    return sh_access_note(txn, a->rq, SH_STR("matters"), &record, "unsealed", opened.purpose, err);
}

sh_code sh_api_matter_unseal(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    return sh_asking_write(&a, "unsealed", act_unseal, err);
}

/* ---- many at once ------------------------------------------------------------------------------------ */

static sh_code rows_of(struct asking *a, struct sh_bulk *bulk, struct sh_err *err) {
    const json_t *rows = json_object_get(a->body, "rows");
    const size_t n = json_array_size(rows);
    if (n == 0 || n > SH_BULK_MAX)
        return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "rows: 1 … %d", SH_BULK_MAX), err);
    struct sh_item_row *of = sh_new(&a->rq->arena, struct sh_item_row, n);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for rows");
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(rows, i);
        of[i].id = sh_member(row, "id", &a->rq->arena);
        of[i].version = (int64_t)json_integer_value(json_object_get(row, "version"));
        if (of[i].id.len == 0 || of[i].version < 1)
            return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "rows[%zu]: {id, version}", i), err);
    }
    bulk->rows = of, bulk->n_rows = n;
    return SH_OK;
}

static sh_code act_items(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_value values[SH_ASKING_VALUES];
    struct sh_bulk bulk = {
        .step = sh_asking_member(a, "step"), .why = sh_asking_member(a, "why"), .values = values};
    SH_TRY(sh_asking_values(a, values, &bulk.n_values, err));
    SH_TRY(rows_of(a, &bulk, err));
    return sh_items_act(txn, &a->desk, &bulk, a->status == 0, &a->json, err);
}

static sh_code bulk_begin(struct sh_gate *gate, struct sh_request *rq, struct asking *a, struct sh_err *err) {
    static const char *const known[] = {"step", "rows", "fields", "why"};
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", a, err));
    SH_TRY(sh_request_json(rq, &a->body, err));
    return sh_asking_only(a, known, sizeof known / sizeof known[0], err);
}

sh_code sh_api_items_preview(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a = {0};
    SH_TRY(bulk_begin(gate, rq, &a, err));
    a.status = 0; /* a preview */
    a.act = act_items;
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(sh_gate_read(gate, rq, sh_asking_run, &a, err));
    return rq->problem ? SH_OK : sh_answer_end(rq, &a.json, err);
}

sh_code sh_api_items_act(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a = {0};
    SH_TRY(bulk_begin(gate, rq, &a, err));
    SH_TRY(sh_asking_write(&a, sh_asking_why(&a), act_items, err));
    if (!rq->problem)
        sh_duty_wake(gate); /* which seals it */
    return SH_OK;
}

static sh_code act_undo(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_items_undo(txn, &a->desk, sh_asking_member(a, "act"), &a->json, err);
}

sh_code sh_api_items_undo(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"act", "why"};
    SH_CLEANUP(sh_asking_end) struct asking a = {0};
    SH_TRY(sh_asking_begin(gate, rq, "matters.act", &a, err));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(sh_asking_only(&a, known, 2, err));
    return sh_asking_write(&a, sh_asking_why(&a), act_undo, err);
}
