/* Grants are looked at again by somebody who neither asked for nor gave them (V-05, AF-01), and end with the
 * contract they rest on (AF-09). */
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"

sh_code sh_contract_last_day(struct sh_txn *txn, struct sh_str reg, struct sh_str number, struct sh_str body,
                             struct sh_arena *arena, int32_t *ret, struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    const int32_t today = sh_day_of_time(sh_txn_now(txn) + SH_SHANGHAI_SECONDS);
    struct sh_record record;
    SH_TRY(sh_record_find(txn, &all, reg, number, sh_as_of_day(today), arena, &record, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("contract", record.open, &root, err));
    const struct sh_str last = sh_member(root, "ends_on", arena);
    if (!sh_str_eq(sh_member(root, "third_party", arena), body) ||
        sh_date_scan(last.at, last.len, ret) != SH_DATE_OK)
        return sh_fail(err, SH_E_NOTFOUND, "no contract with that body");
    return SH_OK;
}

struct reviewing {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_scope scope;
    struct sh_grant grant;
    struct sh_str verdict, why;
};

/* A foreign id is told before what else is wrong. */
static sh_code check(struct sh_txn *txn, struct reviewing *reviewing, struct sh_err *err) {
    struct sh_request *rq = reviewing->rq;
    const struct sh_grant *grant = &reviewing->grant;
    const struct sh_str caller = sh_str_of(rq->caller.person);
    struct sh_faults faults = {0};
    if (!sh_str_is(reviewing->verdict, "keep") && !sh_str_is(reviewing->verdict, "revoke"))
        sh_faults_add(rq, &faults, SH_STR("verdict"), 0, "keep, revoke");
    if (reviewing->why.len == 0)
        sh_faults_add(rq, &faults, SH_STR("why"), 0, SH_SAY(rq, REQUIRED));
    if (faults.n)
        return sh_stop(sh_refuse_fields(rq, &faults));
    if (!sh_str_is(grant->state, "granted"))
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, "%.*s", SH_ARG(grant->state)));
    if (sh_str_eq(grant->person, caller) || sh_str_eq(grant->asked_by, caller) ||
        sh_str_eq(grant->decided_by, caller))
        return sh_stop(sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, REVIEWER_IS_ANOTHER)));
    return sh_ties_stop(txn, rq, &grant->person, 1, SH_STR(""), err);
}

static sh_code review(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct reviewing *reviewing = ctx;
    struct sh_request *rq = reviewing->rq;
    struct sh_grant *grant = &reviewing->grant;
    SH_TRY(sh_grant_get(txn, &reviewing->scope, rq->params[0], &rq->arena, grant, err));
    SH_TRY(check(txn, reviewing, err));
    const int32_t today = sh_gate_today(reviewing->gate);
    grant->reviewed_by = sh_str_of(rq->caller.person);
    grant->reviewed_on = today;
    grant->review = reviewing->why;
    if (sh_str_is(reviewing->verdict, "revoke")) { /* ends now, whatever day it was to end */
        grant->state = SH_STR("revoked");
        grant->to = today > grant->from ? today : grant->from + 1;
    }
    char id[SH_ID_TEXT + 1];
    SH_TRY(sh_grant_put(txn, grant, &rq->arena, id, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_grant_show(&json, grant);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_grant_review(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct reviewing reviewing = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "access.review", NULL, 0, &reviewing.scope, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    reviewing.verdict = sh_member(root, "verdict", &rq->arena);
    reviewing.why = sh_member(root, "why", &rq->arena);
    return sh_lost(sh_gate_write(gate, rq, "review grant", review, &reviewing, NULL, err));
}
