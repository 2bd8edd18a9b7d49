/* Matters, their items and procedures as JSON: what is read. */
#include "base/date.h"
#include "base/decimal.h"
#include "gate/asking.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/papers.h"

enum { REVIEW_DAYS = 30 };

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

static sh_code show_overruns(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_overruns_asked asked = {.procedure = sh_asking_arg(a, "procedure"),
                                      .today = sh_gate_today(a->gate)};
    SH_TRY(days_of(a, &asked.days));
    return sh_overruns_json(txn, &a->desk, &asked, &a->json, err);
}

static sh_code bad_argument(struct asking *a, const char *name) {
    return sh_stop(sh_refuse(a->rq, GATE_BAD_REQUEST, "%s", name));
}

static sh_code list_matters(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    struct sh_matter_query query = {.procedure = sh_asking_arg(a, "procedure"),
                                    .state = sh_asking_arg(a, "state"),
                                    .subject = sh_asking_arg(a, "subject"),
                                    .parent = sh_asking_arg(a, "parent"),
                                    .assigned = sh_asking_arg(a, "assigned"),
                                    .number = sh_asking_arg(a, "number"),
                                    .stage = sh_asking_arg(a, "stage"),
                                    .after = sh_asking_arg(a, "after")};
    const struct sh_str until = sh_asking_arg(a, "due_until"), opened = sh_asking_arg(a, "opened");
    int32_t day, first = 0, last = 0;
    SH_TRY(sh_arg_limit(a->rq, &query.limit, err));
    if (query.stage.len && !sh_funnel_has_stage(a->gate->texts, query.stage, false))
        return bad_argument(a, "stage: due | deposited");
    if (opened.len && sh_period_scan(opened, &first, &last) == SH_PERIOD_NONE)
        return bad_argument(a, "opened: YYYY-MM | YYYY-Qn | YYYY");
    if (opened.len) {
        query.opened_from = (int64_t)first * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
        query.opened_to = ((int64_t)last + 1) * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
    }
    if (until.len && sh_date_scan(until.at, until.len, &day) != SH_DATE_OK)
        return bad_argument(a, "due_until: YYYY-MM-DD");
    if (until.len)
        query.due_until = ((int64_t)day + 1) * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
    const struct sh_str overdue = sh_asking_arg(a, "overdue");
    if (overdue.len && !sh_str_is(overdue, "true"))
        return bad_argument(a, "overdue: true");
    query.owes_at = overdue.len ? sh_txn_now(txn) : 0;
    return sh_matters_json(txn, &a->desk, &query, &a->json, err);
}

static sh_code read_item_query(struct asking *a, struct sh_item_query *ret, struct sh_err *err) {
    *ret = (struct sh_item_query){.matter = sh_asking_arg(a, "matter"),
                                  .state = sh_asking_arg(a, "state"),
                                  .rule = sh_asking_arg(a, "rule"),
                                  .institution = sh_asking_arg(a, "institution"),
                                  .level = sh_asking_arg(a, "level"),
                                  .assigned = sh_asking_arg(a, "assigned"),
                                  .key = sh_asking_arg(a, "key"),
                                  .after = sh_asking_arg(a, "after"),
                                  .stage = sh_asking_arg(a, "stage"),
                                  .period = sh_asking_arg(a, "period"),
                                  .amount_min = INT64_MIN,
                                  .by_queue = !sh_str_is(sh_asking_arg(a, "sort"), "key")};
    const struct sh_str least = sh_asking_arg(a, "amount_min");
    SH_TRY(sh_arg_limit(a->rq, &ret->limit, err));
    if (ret->stage.len && !sh_funnel_has_stage(a->gate->texts, ret->stage, true))
        return bad_argument(a, "stage: found | confirmed | refused");
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

sh_code sh_api_matters(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, list_matters, err);
}
sh_code sh_api_matter(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, show_matter, err);
}
sh_code sh_api_items(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, list_items, err);
}
sh_code sh_api_item_totals(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, sum_items, err);
}
sh_code sh_api_item(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking a;
    SH_TRY(sh_asking_answer(gate, rq, show_item, err));
    if (rq->problem)
        return SH_OK;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    return sh_asking_seen(&a, SH_STR(""), rq->params[0], err);
}
sh_code sh_api_reviews(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer_as(gate, rq, "access.review", show_reviews, err);
}
sh_code sh_api_overruns(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, show_overruns, err);
}
sh_code sh_api_funnel(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, show_funnel, err);
}
sh_code sh_api_work(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer(gate, rq, show_work, err);
}

sh_code sh_api_procedures(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(sh_procedures_json(gate->texts, &a.who, sh_gate_today(gate), &a.json, err));
    return sh_answer_end(rq, &a.json, err);
}

sh_code sh_api_procedure(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
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
    return sh_asking_answer(gate, rq, show_trail, err);
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
    SH_CLEANUP(sh_asking_end) struct asking a;
    const struct sh_scope all = sh_scope_all();
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    a.act = find;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
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
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    a.act = take_paper;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    if (rq->problem)
        return SH_OK;
    if (rq->out.len == 0) { /* issued by the law itself, or drawing failed then */
        SH_TRY(sh_paper_draw(gate, rq, rq->params[0], rq->params[1], err));
        SH_TRY(sh_gate_read(gate, rq, sh_asking_run, &a, err));
    }
    rq->status = 200;
    rq->content_type = "application/pdf";
    return sh_asking_seen(&a, rq->params[0], rq->params[1], err);
}

static sh_code show_all_outcomes(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_outcomes_json(txn, &a->desk, &a->json, err);
}
sh_code sh_api_outcomes(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return sh_asking_answer_as(gate, rq, "findings.read", show_all_outcomes, err);
}

static sh_code show_outcomes(struct sh_txn *txn, struct asking *a, struct sh_err *err) {
    return sh_rule_outcomes_json(txn, &a->desk, a->rq->params[0], &a->json, err);
}

/* A rule nobody ships is told like any other page of rules does. */
sh_code sh_api_rule_outcomes(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking a;
    bool is_known = false;
    SH_TRY(sh_asking_begin(gate, rq, "findings.read", &a, err));
    SH_TRY(sh_rule_known(gate, rq, rq->params[0], &is_known, err));
    if (rq->problem || !is_known)
        return rq->problem ? SH_OK : sh_refuse(rq, GATE_NOT_FOUND, NULL);
    a.act = show_outcomes;
    sh_answer_begin(rq, 200, &a.json);
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
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
    SH_CLEANUP(sh_asking_end) struct asking a;
    SH_TRY(sh_asking_begin(gate, rq, "matters.read", &a, err));
    a.act = show_draw;
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &a, err)));
    if (rq->problem)
        return SH_OK;
    rq->status = 200;
    rq->content_type = "text/plain; charset=utf-8";
    return SH_OK;
}
