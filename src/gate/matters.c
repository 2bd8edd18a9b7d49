/* Matters, their items and procedures as JSON: requests taken apart, answers of the engine given on. */
#include "base/date.h"
#include "base/decimal.h"
#include "gate/duty.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/papers.h"

enum { VALUES_MAX = 128, REVIEW_DAYS = 30, AGENT_MAX = 300 };

/* What a handler reads or writes through the engine. */
struct asking {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_matter_who who;
    struct sh_failures failures;
    struct sh_desk desk; /* points into this very struct */
    json_t *body;
    struct sh_json json;
    int status;
    int64_t expected;
    struct sh_attachment file; /* taken in or handed out */
    struct sh_str purpose;     /* of what is taken away */
    struct sh_id_list ids;     /* of a proof */
    sh_code (*act)(struct sh_txn *txn, struct asking *asking, struct sh_err *err);
};
static void asking_end(struct asking *asking) {
    json_decref(asking->body);
}

/* The device somebody acts from: where it is on the network and what it says it is. */
static struct sh_str device_of(struct sh_request *rq) {
    struct sh_str agent = rq->agent;
    agent.len = agent.len < AGENT_MAX ? agent.len : AGENT_MAX;
    char *text = sh_arena_printf(&rq->arena, NULL, "%.*s %.*s", SH_ARG(rq->address), SH_ARG(agent));
    for (char *at = text; at && *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    return sh_str_of(text ? text : "");
}

static struct sh_str rule_title(const void *asking, struct sh_str rule, struct sh_str kept) {
    const struct asking *a = asking;
    return sh_rule_title(a->gate, a->rq, rule, kept);
}

static sh_code asking_begin(struct sh_gate *gate, struct sh_request *rq, const char *power,
                            struct asking *ret, struct sh_err *err) {
    *ret = (struct asking){.gate = gate, .rq = rq, .status = 200};
    struct sh_matter_grant *grants = sh_new(&rq->arena, struct sh_matter_grant, rq->caller.n_grants + 1);
    if (!grants)
        return sh_fail(err, SH_E_NOMEM, "no room for grants");
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_grant_view *grant = &rq->caller.grants[i];
        const struct sh_role *role = sh_role_find(gate->roles, sh_str_of(grant->role));
        if (role && sh_role_may(role, sh_str_of(power)))
            grants[ret->who.n_grants++] = (struct sh_matter_grant){
                sh_str_of(grant->role), sh_str_of(grant->body), sh_str_of(grant->place)};
    }
    ret->who.person = sh_str_of(rq->caller.person);
    ret->who.grants = grants;
    ret->who.lang = rq->lang;
    ret->who.rule_title = rule_title;
    ret->who.rule_book = ret;
    ret->who.device = device_of(rq);
    ret->desk = (struct sh_desk){gate->texts, &ret->who, &rq->arena, &ret->failures};
    return sh_caller_scope(gate, rq, power, NULL, 0, &ret->who.scope, err);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static sh_code read_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *asking = ctx;
    return asking->act(txn, asking, err);
}

/* A foreign id reads like one that does not exist. */
static sh_code lost(sh_code code) {
    return code == SH_E_INPUT ? SH_E_NOTFOUND : code;
}

static sh_code answer_as(struct sh_gate *gate, struct sh_request *rq, const char *power,
                         sh_code (*act)(struct sh_txn *, struct asking *, struct sh_err *),
                         struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking asking;
    SH_TRY(asking_begin(gate, rq, power, &asking, err));
    asking.act = act;
    sh_answer_begin(rq, 200, &asking.json);
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &asking, err)));
    if (asking.expected)
        sh_answer_etag(rq, asking.expected);
    return rq->problem ? SH_OK : sh_answer_end(rq, &asking.json, err);
}

static sh_code answer_read(struct sh_gate *gate, struct sh_request *rq,
                           sh_code (*act)(struct sh_txn *, struct asking *, struct sh_err *),
                           struct sh_err *err) {
    return answer_as(gate, rq, "matters.read", act, err);
}

static sh_code show_matter(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, &a->expected, err);
}
static sh_code show_item(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_item_json(txn, &a->desk, a->rq->params[0], &a->json, err);
}
static sh_code show_work(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_work_json(txn, &a->desk, &a->json, err);
}

static sh_code show_funnel(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    static const char *const words[] = {
        [SH_FUNNEL_RULE] = "rule", [SH_FUNNEL_INSTITUTION] = "institution", [SH_FUNNEL_MONTH] = "month"};
    const struct sh_str by = sh_target_arg(&a->rq->target, "by");
    enum sh_funnel_by wanted = SH_FUNNEL_ALL;
    for (unsigned i = SH_FUNNEL_RULE; i <= SH_FUNNEL_MONTH; i++)
        if (sh_str_is(by, words[i]))
            wanted = (enum sh_funnel_by)i;
    if (by.len && wanted == SH_FUNNEL_ALL)
        return sh_stop(sh_refuse(a->rq, GATE_BAD_REQUEST, "by: rule | institution | month"));
    return sh_funnel_json(txn, &a->desk, wanted, &a->json, err);
}

/* from and to; SH_E_CANCELLED: refused. */
static sh_code days_of(struct asking *a, struct sh_review_days *ret) {
    const struct sh_str from = sh_target_arg(&a->rq->target, "from"),
                        to = sh_target_arg(&a->rq->target, "to");
    struct sh_review_days days = {.to = sh_gate_today(a->gate)};
    if (to.at && sh_date_scan(to.at, to.len, &days.to) != SH_DATE_OK)
        return sh_stop(sh_refuse(a->rq, GATE_BAD_REQUEST, "to: %s", SH_SAY(a->rq, WANTS_DAY)));
    days.from = days.to - REVIEW_DAYS;
    if (from.at && sh_date_scan(from.at, from.len, &days.from) != SH_DATE_OK)
        return sh_stop(sh_refuse(a->rq, GATE_BAD_REQUEST, "from: %s", SH_SAY(a->rq, WANTS_DAY)));
    *ret = days;
    return SH_OK;
}

static sh_code show_reviews(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_review_days days = {0};
    SH_TRY(days_of(a, &days));
    return sh_reviews_json(txn, &a->desk, &days, &a->json, err);
}

static struct sh_str arg(const struct asking *a, const char *name) {
    const struct sh_str text = sh_target_arg(&a->rq->target, name);
    return text.at ? text : SH_STR("");
}

static sh_code show_overruns(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_overruns_asked asked = {.procedure = arg(a, "procedure"), .today = sh_gate_today(a->gate)};
    SH_TRY(days_of(a, &asked.days));
    return sh_overruns_json(txn, &a->desk, &asked, &a->json, err);
}

static sh_code bad_argument(struct asking *a, const char *name) {
    return sh_stop(sh_refuse(a->rq, GATE_BAD_REQUEST, "%s", name));
}

static sh_code list_matters(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_query query = {.procedure = arg(a, "procedure"),
                                    .state = arg(a, "state"),
                                    .subject = arg(a, "subject"),
                                    .parent = arg(a, "parent"),
                                    .assigned = arg(a, "assigned"),
                                    .number = arg(a, "number"),
                                    .after = arg(a, "after")};
    const struct sh_str until = arg(a, "due_until");
    int32_t day;
    SH_TRY(sh_arg_limit(a->rq, &query.limit, err));
    if (until.len && sh_date_scan(until.at, until.len, &day) != SH_DATE_OK)
        return bad_argument(a, "due_until: YYYY-MM-DD");
    if (until.len)
        query.due_until = ((int64_t)day + 1) * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
    const struct sh_str overdue = arg(a, "overdue");
    if (overdue.len && !sh_str_is(overdue, "true"))
        return bad_argument(a, "overdue: true");
    query.owes_at = overdue.len ? sh_txn_now(txn) : 0;
    return sh_matters_json(txn, &a->desk, &query, &a->json, err);
}

static sh_code read_item_query(struct asking *a, struct sh_item_query *ret, struct sh_err *err) {
    *ret = (struct sh_item_query){.matter = arg(a, "matter"),
                                  .state = arg(a, "state"),
                                  .rule = arg(a, "rule"),
                                  .institution = arg(a, "institution"),
                                  .level = arg(a, "level"),
                                  .assigned = arg(a, "assigned"),
                                  .key = arg(a, "key"),
                                  .after = arg(a, "after"),
                                  .amount_min = INT64_MIN,
                                  .by_queue = !sh_str_is(arg(a, "sort"), "key")};
    const struct sh_str least = arg(a, "amount_min");
    SH_TRY(sh_arg_limit(a->rq, &ret->limit, err));
    return least.len && sh_decimal_scan(least.at, least.len, 2, &ret->amount_min) != SH_DECIMAL_OK
               ? bad_argument(a, "amount_min: yuan")
               : SH_OK;
}

static sh_code list_items(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_item_query query;
    SH_TRY(read_item_query(a, &query, err));
    return sh_items_json(txn, &a->desk, &query, &a->json, err);
}

static sh_code sum_items(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_item_query query;
    SH_TRY(read_item_query(a, &query, err));
    return sh_items_sum_json(txn, &a->desk, &query, &a->json, err);
}

/* ---- what was opened --------------------------------------------------------------------------------- */

struct opening {
    struct asking *asking;
    struct sh_str matter, what;
    bool is_asked;
};
static sh_code ask_seen(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct opening *o = ctx;
    return sh_matter_asks_seen(txn, &o->asking->desk, o->matter, o->what, &o->is_asked, err);
}
static sh_code note_seen(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct opening *o = ctx;
    return sh_matter_saw(txn, &o->asking->desk, o->matter, o->what, err);
}

/* Where a step asks that its actor has read it himself, the answer leaves a trace: the program saw it go out.
 */
static sh_code keep_seen(struct asking *a, struct sh_str matter, struct sh_str what, struct sh_err *err) {
    struct opening o = {.asking = a, .matter = matter, .what = what};
    const struct sh_act act = {.actor = a->who.person, .why = SH_STR("opened")};
    SH_TRY(sh_store_read(a->gate->store, ask_seen, &o, err));
    return o.is_asked ? sh_store_write(a->gate->store, &act, note_seen, &o, NULL, err) : SH_OK;
}

sh_code sh_api_matters(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, list_matters, err);
}
sh_code sh_api_matter(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, show_matter, err);
}
sh_code sh_api_items(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, list_items, err);
}
sh_code sh_api_item_totals(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, sum_items, err);
}
sh_code sh_api_item(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking a;
    SH_TRY(answer_read(gate, rq, show_item, err));
    if (rq->problem)
        return SH_OK;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    return keep_seen(&a, SH_STR(""), rq->params[0], err);
}
sh_code sh_api_reviews(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_as(gate, rq, "access.review", show_reviews, err);
}
sh_code sh_api_overruns(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, show_overruns, err);
}
sh_code sh_api_funnel(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, show_funnel, err);
}
sh_code sh_api_work(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, show_work, err);
}

sh_code sh_api_procedures(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(sh_procedures_json(gate->texts, &a.who, sh_gate_today(gate), &a.json, err));
    return sh_answer_end(rq, &a.json, err);
}

sh_code sh_api_procedure(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(sh_procedure_json(gate->texts, &a.who, rq->params[0], sh_gate_today(gate), &a.json, err));
    return sh_answer_end(rq, &a.json, err);
}

/* For anybody: what a citizen or an institution may expect, and from whom (S4§12). */
sh_code sh_api_time_limits(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_str given = sh_target_arg(&rq->target, "place");
    struct sh_json json;
    if (given.at && !sh_is_place(given))
        return sh_refuse(rq, GATE_BAD_REQUEST, "place: %s", SH_SAY(rq, WANTS_PLACE));
    const struct sh_matter_here here = {given.at ? given : SH_STR("000000"), sh_gate_today(gate), rq->lang};
    sh_answer_begin(rq, 200, &json);
    SH_TRY(sh_time_limits_json(gate->texts, &here, &rq->arena, &json, err));
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_calendars(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_matter_here here = {SH_STR("000000"), sh_gate_today(gate), rq->lang};
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    SH_TRY(sh_calendars_json(gate->texts, &here, &rq->arena, &json, err));
    return sh_answer_end(rq, &json, err);
}

static sh_code show_trail(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_item_trail(txn, &a->desk, a->rq->params[0], &a->json, &a->ids, err);
}
sh_code sh_api_item_trail(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_read(gate, rq, show_trail, err);
}

static sh_code find_item_ids(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_item_trail(txn, &a->desk, a->rq->params[0], NULL, &a->ids, err);
}
static sh_code find_matter_ids(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_matter_trail(txn, &a->desk, a->rq->params[0], &a->ids, err);
}

/* What the reader may see was found; its leaves go out whole, sealed parts sealed. */
static sh_code answer_proof(struct sh_gate *gate, struct sh_request *rq,
                            sh_code (*find)(struct sh_txn *, struct asking *, struct sh_err *),
                            struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a;
    const struct sh_scope all = sh_scope_all();
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    a.act = find;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    const struct sh_bundle_ask ask = {.scope = &all, .ids = a.ids.of, .n_ids = a.ids.n};
    SH_TRY(sh_store_export(gate->store, &ask, &rq->out, err));
    rq->status = 200;
    rq->content_type = "text/plain; charset=utf-8";
    return SH_OK;
}
sh_code sh_api_item_proof(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_proof(gate, rq, find_item_ids, err);
}
sh_code sh_api_matter_proof(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_proof(gate, rq, find_matter_ids, err);
}

/* Who sees the matter sees its papers, as they were drawn once. */
static sh_code take_paper(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_json json;
    struct sh_str pdf;
    sh_json_begin(&json, &text);
    SH_TRY(sh_matter_json(txn, &a->desk, a->rq->params[0], &json, NULL, err));
    SH_TRY(sh_json_end(&json, err));
    if (sh_str_find(sh_buf_view(&text), a->rq->params[1]) == SH_STR_NONE)
        return sh_fail(err, SH_E_NOTFOUND, "the matter has no such paper");
    SH_TRY(sh_paper_pdf(txn, a->rq->params[1], &a->rq->arena, &pdf, err));
    sh_buf_clear(&a->rq->out);
    sh_buf_add_str(&a->rq->out, pdf);
    return sh_buf_check(&a->rq->out, err);
}

sh_code sh_api_matter_paper(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    a.act = take_paper;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    if (rq->problem)
        return SH_OK;
    if (rq->out.len == 0) { /* issued by the law itself, or drawing failed then */
        SH_TRY(sh_paper_draw(gate, rq, rq->params[0], rq->params[1], err));
        SH_TRY(sh_gate_read(gate, rq, read_body, &a, err));
    }
    rq->status = 200;
    rq->content_type = "application/pdf";
    return keep_seen(&a, rq->params[0], rq->params[1], err);
}

static sh_code show_all_outcomes(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_outcomes_json(txn, &a->desk, &a->json, err);
}
sh_code sh_api_outcomes(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_as(gate, rq, "findings.read", show_all_outcomes, err);
}

static sh_code show_outcomes(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_rule_outcomes_json(txn, &a->desk, a->rq->params[0], &a->json, err);
}

/* A rule nobody ships is told like any other page of rules does. */
sh_code sh_api_rule_outcomes(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a;
    bool is_known = false;
    SH_TRY(asking_begin(gate, rq, "findings.read", &a, err));
    SH_TRY(sh_rule_known(gate, rq, rq->params[0], &is_known, err));
    if (rq->problem || !is_known)
        return rq->problem ? SH_OK : sh_refuse(rq, GATE_NOT_FOUND, NULL);
    a.act = show_outcomes;
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    return rq->problem ? SH_OK : sh_answer_end(rq, &a.json, err);
}

/* Frame or result of a draw, as anybody can check them with tools/verify-draw. */
static sh_code show_draw(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_str text;
    const bool is_result = sh_str_is(a->rq->params[1], "result");
    if (!is_result && !sh_str_is(a->rq->params[1], "frame"))
        return sh_fail(err, SH_E_NOTFOUND, "frame or result");
    SH_TRY(sh_draw_read(txn, &a->desk, a->rq->params[0], is_result, &text, err));
    sh_buf_clear(&a->rq->out);
    sh_buf_add_str(&a->rq->out, text);
    return sh_buf_check(&a->rq->out, err);
}

sh_code sh_api_matter_draw(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    a.act = show_draw;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    if (rq->problem)
        return SH_OK;
    rq->status = 200;
    rq->content_type = "text/plain; charset=utf-8";
    return SH_OK;
}

/* ---- acting ------------------------------------------------------------------------------------------ */

/* Every failed condition with its article. */
static sh_code refuse_step(struct asking *a) {
    struct sh_json json;
    struct sh_request *rq = a->rq;
    sh_problem_begin(rq, GATE_STEP_REFUSED, &json);
    sh_json_put_i64(&json, "count", (int64_t)a->failures.n);
    sh_json_key(&json, "failed");
    sh_failures_json(&a->failures, &json);
    sh_problem_end(rq, &json);
    return SH_E_CANCELLED;
}

static sh_code write_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *a = ctx;
    a->failures.n = 0;
    sh_answer_begin(a->rq, a->status, &a->json);
    const sh_code code = a->act(txn, a, err);
    if (code == SH_E_CANCELLED && !a->rq->problem)
        return refuse_step(a);
    if (code == SH_E_CONFLICT)
        return sh_stop(sh_refuse(a->rq, GATE_STALE, NULL));
    SH_TRY(code);
    return sh_answer_end(a->rq, &a->json, err);
}

/* A refused attempt changes nothing and is kept with its articles (W4). */
static sh_code note_refusal(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *a = ctx;
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    for (size_t i = 0; i < a->failures.n; i++)
        sh_buf_addf(&why, "%s%s %.*s", i ? "; " : "", sh_failure_word(a->failures.of[i].kind),
                    SH_ARG(a->failures.of[i].basis));
    struct sh_record record = {.id = a->rq->params[0].at ? a->rq->params[0] : SH_STR("")};
    SH_TRY(sh_matter_labels(txn, record.id, &a->rq->arena, &record.labels, err));
    if (record.labels.place.len == 0 && a->who.n_grants) /* about no matter: of who tried */
        record.labels.body = a->who.grants[0].body, record.labels.place = a->who.grants[0].place;
    struct sh_str words = sh_buf_view(&why);
    words.len = sh_utf8_cut(words, 500);
    return sh_access_note(txn, a->rq, SH_STR("matters"), &record, "refused", words, err);
}

static sh_code answer_write(struct asking *a, const char *why,
                            sh_code (*act)(struct sh_txn *, struct asking *, struct sh_err *),
                            struct sh_err *err) {
    a->act = act;
    SH_TRY(lost(sh_gate_write(a->gate, a->rq, why, write_body, a, NULL, err)));
    if (a->rq->problem && a->failures.n) {
        const struct sh_act noting = {.actor = a->who.person, .why = SH_STR("refused")};
        SH_TRY(sh_store_write(a->gate->store, &noting, note_refusal, a, NULL, err));
    }
    return SH_OK;
}

static struct sh_str member(const struct asking *a, const char *key) {
    return sh_member(a->body, key, &a->rq->arena);
}

/* {field: text or null} */
static sh_code values_of(struct asking *a, struct sh_matter_value *ret, size_t *ret_n, struct sh_err *err) {
    json_t *fields = json_object_get(a->body, "fields"), *value;
    const char *key;
    *ret_n = 0;
    if (!fields)
        return SH_OK;
    if (!json_is_object(fields) || json_object_size(fields) > VALUES_MAX)
        return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "fields"), err);
    json_object_foreach(fields, key, value) {
        if (!json_is_string(value) && !json_is_null(value))
            return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "fields.%s: a text", key), err);
        const size_t len = strlen(key);
        char *name = sh_arena_dup(&a->rq->arena, key, len);
        if (!name)
            return sh_fail(err, SH_E_NOMEM, "no room for values");
        ret[(*ret_n)++] = (struct sh_matter_value){{name, len}, sh_member(fields, key, &a->rq->arena)};
    }
    return SH_OK;
}

static sh_code body_only(struct asking *a, const char *const *known, size_t n, struct sh_err *err) {
    const char *key;
    json_t *value;
    struct sh_faults faults = {0};
    json_object_foreach(a->body, key, value) {
        bool is = false;
        for (size_t i = 0; i < n; i++)
            is = is || strcmp(key, known[i]) == 0;
        if (!is)
            sh_faults_add(a->rq, &faults, sh_str_of(key), 0, SH_SAY(a->rq, NOT_KNOWN_HERE));
    }
    return faults.n ? sh_refused(sh_refuse_fields(a->rq, &faults), err) : SH_OK;
}

/* Why goes into the versions: at most what the store takes. */
static const char *why_text(struct asking *a) {
    struct sh_str why = member(a, "why");
    why.len = sh_utf8_cut(why, 2000);
    const char *text = sh_arena_printf(&a->rq->arena, NULL, "%.*s", SH_ARG(why));
    return text ? text : "";
}

static sh_code act_open(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_value values[VALUES_MAX];
    struct sh_matter_new wanted = {.procedure = member(a, "procedure"),
                                   .subject = member(a, "subject"),
                                   .body = member(a, "body"),
                                   .period = member(a, "period"),
                                   .parent = member(a, "parent"),
                                   .values = values};
    char id[SH_ID_TEXT + 1];
    int64_t version = 0;
    SH_TRY(values_of(a, values, &wanted.n_values, err));
    SH_TRY(sh_matter_open(txn, &a->desk, &wanted, id, err));
    SH_TRY(sh_matter_json(txn, &a->desk, sh_str_of(id), &a->json, &version, err));
    sh_answer_etag(a->rq, version);
    return SH_OK;
}

sh_code sh_api_matter_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"procedure", "subject", "body", "parent", "period", "fields", "why"};
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(body_only(&a, known, sizeof known / sizeof known[0], err));
    a.status = 201;
    return answer_write(&a, why_text(&a), act_open, err);
}

static sh_code act_step(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_value values[VALUES_MAX];
    struct sh_matter_act act = {.step = member(a, "step"),
                                .member = member(a, "member"),
                                .occurred = member(a, "occurred"),
                                .why = member(a, "why"),
                                .values = values,
                                .expected = a->expected};
    int64_t version = 0;
    SH_TRY(values_of(a, values, &act.n_values, err));
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
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    SH_TRY(sh_if_match(rq, &a.expected, err));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(body_only(&a, known, sizeof known / sizeof known[0], err));
    sh_paper_draw_for_service(gate, rq, rq->params[0]);
    SH_TRY(answer_write(&a, why_text(&a), act_step, err));
    if (!rq->problem)
        sh_paper_draw_all(gate, rq, rq->params[0]);
    return SH_OK;
}

/* ---- words and files --------------------------------------------------------------------------------- */

static sh_code act_comment(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    SH_TRY(sh_matter_comment(txn, &a->desk, a->rq->params[0], member(a, "words"), err));
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, NULL, err);
}

sh_code sh_api_matter_comment(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"words"};
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(body_only(&a, known, 1, err));
    a.status = 201;
    return answer_write(&a, "comment", act_comment, err);
}

static sh_code act_attach(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    char id[SH_ID_TEXT + 1];
    const struct sh_attachment in = {.name = arg(a, "name"),
                                     .type = a->rq->content_type_in,
                                     .source = arg(a, "source"),
                                     .content = sh_buf_view(&a->rq->body),
                                     .party_sees = sh_str_is(arg(a, "party_sees"), "true")};
    SH_TRY(sh_matter_attach(txn, &a->desk, a->rq->params[0], &in, id, err));
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, NULL, err);
}

sh_code sh_api_matter_attach(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    a.status = 201;
    return answer_write(&a, "attachment", act_attach, err);
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
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    const struct sh_act act = {.actor = a.who.person, .why = SH_STR("opened")};
    SH_TRY(lost(sh_store_write(gate->store, &act, take_file, &a, NULL, err)));
    rq->status = 200;
    rq->content_type = "application/octet-stream";
    sh_answer_header(rq, "Content-Disposition", "attachment");
    return keep_seen(&a, rq->params[0], rq->params[1], err);
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
    SH_TRY(sh_evidence_capture(txn, &a->desk, a->rq->params[0], ids, n, member(a, "why"), err));
    return sh_matter_json(txn, &a->desk, a->rq->params[0], &a->json, NULL, err);
}

sh_code sh_api_evidence_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"items", "why"};
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    a.act = look_first;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(body_only(&a, known, 2, err));
    a.status = 201;
    SH_TRY(answer_write(&a, why_text(&a), act_capture, err));
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
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.read", &a, err));
    a.act = look_first;
    SH_TRY(lost(sh_gate_read(gate, rq, read_body, &a, err)));
    SH_TRY(sh_purpose_of_header(rq, &a.purpose, err));
    const struct sh_act act = {.actor = a.who.person, .why = SH_STR("opened")};
    SH_TRY(lost(sh_store_write(gate->store, &act, take_evidence, &a, NULL, err)));
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
    SH_CLEANUP(asking_end) struct asking a;
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    return answer_write(&a, "unsealed", act_unseal, err);
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
    struct sh_matter_value values[VALUES_MAX];
    struct sh_bulk bulk = {.step = member(a, "step"), .why = member(a, "why"), .values = values};
    SH_TRY(values_of(a, values, &bulk.n_values, err));
    SH_TRY(rows_of(a, &bulk, err));
    return sh_items_act(txn, &a->desk, &bulk, a->status == 0, &a->json, err);
}

static sh_code bulk_begin(struct sh_gate *gate, struct sh_request *rq, struct asking *a, struct sh_err *err) {
    static const char *const known[] = {"step", "rows", "fields", "why"};
    SH_TRY(asking_begin(gate, rq, "matters.act", a, err));
    SH_TRY(sh_request_json(rq, &a->body, err));
    return body_only(a, known, sizeof known / sizeof known[0], err);
}

sh_code sh_api_items_preview(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a = {0};
    SH_TRY(bulk_begin(gate, rq, &a, err));
    a.status = 0; /* a preview */
    a.act = act_items;
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(sh_gate_read(gate, rq, read_body, &a, err));
    return rq->problem ? SH_OK : sh_answer_end(rq, &a.json, err);
}

sh_code sh_api_items_act(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(asking_end) struct asking a = {0};
    SH_TRY(bulk_begin(gate, rq, &a, err));
    SH_TRY(answer_write(&a, why_text(&a), act_items, err));
    if (!rq->problem)
        sh_duty_wake(gate); /* which seals it */
    return SH_OK;
}

static sh_code act_undo(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_items_undo(txn, &a->desk, member(a, "act"), &a->json, err);
}

sh_code sh_api_items_undo(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const known[] = {"act", "why"};
    SH_CLEANUP(asking_end) struct asking a = {0};
    SH_TRY(asking_begin(gate, rq, "matters.act", &a, err));
    SH_TRY(sh_request_json(rq, &a.body, err));
    SH_TRY(body_only(&a, known, 2, err));
    return answer_write(&a, why_text(&a), act_undo, err);
}
