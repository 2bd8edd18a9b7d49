/* The routing table. */
#include "gate/route.h"
#include "gate/handlers.h"

#define V1 "/api/v1"
#define R SH_LANE_READ
#define W SH_LANE_WRITE
#define H SH_LANE_HASH
static const struct sh_route routes[] = {
    {SH_GET, "/healthz", SH_NEED_NOBODY, R, 0, 0, sh_api_health},
    {SH_GET, "/metrics", SH_NEED_NOBODY, R, 0, 0, sh_api_metrics},
    {SH_GET, V1 "/openapi.yaml", SH_NEED_NOBODY, R, 0, 0, sh_api_openapi},
    {SH_POST, V1 "/session", SH_NEED_NOBODY, H, 0, 4096, sh_api_login},
    {SH_GET, V1 "/session", SH_NEED_ANYONE, R, SH_ROUTE_EARLY, 0, sh_api_session},
    {SH_DELETE, V1 "/session", SH_NEED_ANYONE, W, SH_ROUTE_EARLY, 0, sh_api_logout},
    {SH_POST, V1 "/session/password", SH_NEED_ANYONE, H, SH_ROUTE_EARLY, 4096, sh_api_password},
    {SH_POST, V1 "/session/factor", SH_NEED_ANYONE, H, SH_ROUTE_EARLY, 4096, sh_api_factor},
    {SH_GET, V1 "/keys", SH_NEED_ANYONE, R, 0, 0, sh_api_keys},
    {SH_POST, V1 "/keys", SH_NEED_ANYONE, W, 0, 0, sh_api_key_new},
    {SH_DELETE, V1 "/keys/{key}", SH_NEED_ANYONE, W, 0, 0, sh_api_key_revoke},
    {SH_GET, V1 "/registers", "registers.read", R, 0, 0, sh_api_registers},
    {SH_GET, V1 "/registers/{register}", "registers.read", R, 0, 0, sh_api_register},
    {SH_GET, V1 "/registers/{register}/gaps", "registers.read", R, 0, 0, sh_api_gaps},
    {SH_GET, V1 "/registers/{register}/export", "registers.read", W, 0, 0, sh_api_export},
    {SH_POST, V1 "/registers/{register}/import", "registers.read", W,
     SH_ROUTE_UPLOAD | SH_ROUTE_ONCE | SH_ROUTE_LARGE, SH_UPLOAD_MAX, sh_api_import},
    {SH_GET, V1 "/runs", "findings.read", R, 0, 0, sh_api_runs},
    {SH_GET, V1 "/runs/{run}/findings", "findings.read", R, 0, 0, sh_api_findings},
    {SH_GET, V1 "/runs/{run}/export", "findings.read", R, 0, 0, sh_api_findings_export},
    {SH_GET, V1 "/runs/{run}/peers", "findings.read", R, 0, 0, sh_api_peers},
    {SH_GET, V1 "/runs/{run}/findings/{finding}", "findings.read", R, 0, 0, sh_api_finding},
    {SH_GET, V1 "/runs/{run}/findings/{finding}/receipt", "findings.read", R, 0, 0, sh_api_finding_receipt},
    {SH_GET, V1 "/runs/{run}/findings/{finding}/timeline", "findings.read", R, 0, 0, sh_api_finding_timeline},
    {SH_GET, V1 "/runs/{run}", "findings.read", R, 0, 0, sh_api_run},
    {SH_GET, V1 "/runs/{run}/totals", "findings.read", R, 0, 0, sh_api_finding_totals},
    {SH_GET, V1 "/runs/{run}/groups", "findings.read", R, 0, 0, sh_api_finding_groups},
    {SH_GET, V1 "/rules", "findings.read", R, 0, 0, sh_api_rules},
    {SH_POST, V1 "/rules/check", "rules.draft", R, 0, 0, sh_api_rule_check},
    {SH_POST, V1 "/rules/{rule}/backtests", "rules.draft", W, SH_ROUTE_ONCE, 0, sh_api_backtest_new},
    {SH_GET, V1 "/rules/{rule}", "findings.read", R, 0, 0, sh_api_rule},
    {SH_GET, V1 "/rules/{rule}/outcomes", "findings.read", R, 0, 0, sh_api_rule_outcomes},
    {SH_GET, V1 "/outcomes", "findings.read", R, 0, 0, sh_api_outcomes},
    {SH_GET, V1 "/knowledge", "findings.read", R, 0, 0, sh_api_knowledge},
    {SH_GET, V1 "/knowledge/{table}", "findings.read", R, 0, 0, sh_api_knowledge_table},
    {SH_GET, V1 "/parameters", SH_NEED_ANYONE, R, 0, 0, sh_api_parameters},
    {SH_GET, V1 "/calendars", SH_NEED_ANYONE, R, 0, 0, sh_api_calendars},
    {SH_GET, V1 "/registers/{register}/records", "registers.read", R, 0, 0, sh_api_records},
    {SH_POST, V1 "/registers/{register}/records", "registers.read", W, SH_ROUTE_ONCE, 0, sh_api_record_new},
    {SH_GET, V1 "/registers/{register}/records/{record}", "registers.read", R, 0, 0, sh_api_record},
    {SH_PUT, V1 "/registers/{register}/records/{record}", "registers.read", W, SH_ROUTE_ONCE, 0,
     sh_api_record_update},
    {SH_POST, V1 "/registers/{register}/records/{record}/withdrawal", "registers.read", W, SH_ROUTE_ONCE, 0,
     sh_api_record_withdraw},
    {SH_GET, V1 "/registers/{register}/records/{record}/history", "registers.read", R, 0, 0,
     sh_api_record_history},
    {SH_GET, V1 "/registers/{register}/records/{record}/diff", "registers.read", R, 0, 0, sh_api_record_diff},
    {SH_POST, V1 "/registers/{register}/records/{record}/unmask", "personal.read", W, 0, 0,
     sh_api_record_unmask},
    {SH_GET, V1 "/changes", "changes.read", R, 0, 0, sh_api_changes},
    {SH_GET, V1 "/changes/{change}", "changes.read", R, 0, 0, sh_api_change},
    {SH_POST, V1 "/changes/{change}/approval", "changes.read", W, SH_ROUTE_ONCE, 0, sh_api_change_approve},
    {SH_POST, V1 "/changes/{change}/refusal", "changes.read", W, SH_ROUTE_ONCE, 0, sh_api_change_refuse},
    {SH_GET, V1 "/access-log", "access.review", R, 0, 0, sh_api_access_log},
    {SH_GET, V1 "/roles", SH_NEED_ANYONE, R, 0, 0, sh_api_roles},
    {SH_GET, V1 "/people", "people.read", R, 0, 0, sh_api_people},
    {SH_POST, V1 "/people", "people.edit", H, 0, 0, sh_api_person_new},
    {SH_GET, V1 "/people/{person}", "people.read", R, 0, 0, sh_api_person},
    {SH_POST, V1 "/people/{person}/reset", "people.edit", H, 0, 0, sh_api_person_reset},
    {SH_POST, V1 "/people/{person}/closing", "people.edit", W, 0, 0, sh_api_person_disable},
    {SH_GET, V1 "/grants", "people.read", R, 0, 0, sh_api_grants},
    {SH_POST, V1 "/grants", "grants.ask", W, SH_ROUTE_ONCE, 0, sh_api_grant_ask},
    {SH_POST, V1 "/grants/{grant}/approval", "grants.approve", W, SH_ROUTE_ONCE, 0, sh_api_grant_approve},
    {SH_POST, V1 "/grants/{grant}/refusal", "grants.approve", W, SH_ROUTE_ONCE, 0, sh_api_grant_refuse},
    {SH_POST, V1 "/grants/{grant}/revocation", "grants.approve", W, SH_ROUTE_ONCE, 0, sh_api_grant_revoke},
    {SH_POST, V1 "/grants/{grant}/review", "access.review", W, SH_ROUTE_ONCE, 0, sh_api_grant_review},
    {SH_GET, V1 "/journal/bundle", "journal.read", R, 0, 0, sh_api_journal_bundle},
    {SH_GET, V1 "/journal/witnesses", "journal.read", R, 0, 0, sh_api_journal_witnesses},
    {SH_POST, V1 "/journal/cosignatures", "journal.witness", W, 0, 16384, sh_api_journal_cosign},
    {SH_GET, V1 "/journal/head", "journal.read", R, 0, 0, sh_api_journal_head},
    {SH_GET, V1 "/journal/inclusion", "journal.read", R, 0, 0, sh_api_journal_inclusion},
    {SH_GET, V1 "/journal/consistency", "journal.read", R, 0, 0, sh_api_journal_consistency},
    {SH_GET, V1 "/jobs", SH_NEED_ANYONE, R, 0, 0, sh_api_jobs},
    {SH_POST, V1 "/jobs", "jobs.run", W, SH_ROUTE_ONCE, 0, sh_api_job_new},
    {SH_GET, V1 "/jobs/{job}", SH_NEED_ANYONE, R, 0, 0, sh_api_job},
    {SH_GET, V1 "/jobs/{job}/answer", SH_NEED_ANYONE, R, 0, 0, sh_api_job_answer},
    {SH_GET, V1 "/jobs/{job}/backtest", "jobs.run", R, 0, 0, sh_api_backtest},
    {SH_POST, V1 "/jobs/{job}/cancellation", SH_NEED_ANYONE, W, 0, 0, sh_api_job_cancel},
    {SH_GET, V1 "/self-checks", "selfcheck.run", R, 0, 0, sh_api_selfchecks},
    {SH_POST, V1 "/self-checks", "selfcheck.run", W, SH_ROUTE_ONCE, 0, sh_api_selfcheck_new},
    {SH_GET, V1 "/self-checks/{check}", "selfcheck.run", R, 0, 0, sh_api_selfcheck},
    {SH_DELETE, V1 "/self-checks/{check}", "selfcheck.run", W, 0, 0, sh_api_selfcheck_drop},
    {SH_PUT, V1 "/self-checks/{check}/files/{name}", "selfcheck.run", W, SH_ROUTE_UPLOAD, SH_UPLOAD_MAX,
     sh_api_selfcheck_file},
    {SH_POST, V1 "/self-checks/{check}/start", "selfcheck.run", W, 0, 0, sh_api_selfcheck_start},
    {SH_GET, V1 "/self-checks/{check}/workbook", "selfcheck.run", R, 0, 0, sh_api_selfcheck_workbook},
    {SH_GET, V1 "/self-checks/{check}/report", "selfcheck.run", R, 0, 0, sh_api_selfcheck_report},
    {SH_GET, V1 "/public/time-limits", SH_NEED_NOBODY, R, 0, 0, sh_api_time_limits},
    {SH_GET, V1 "/procedures", "matters.read", R, 0, 0, sh_api_procedures},
    {SH_GET, V1 "/procedures/{procedure}", "matters.read", R, 0, 0, sh_api_procedure},
    {SH_GET, V1 "/matters", "matters.read", R, 0, 0, sh_api_matters},
    {SH_POST, V1 "/matters", "matters.act", W, SH_ROUTE_ONCE, 0, sh_api_matter_new},
    {SH_GET, V1 "/matters/{matter}", "matters.read", R, 0, 0, sh_api_matter},
    {SH_POST, V1 "/matters/{matter}/actions", "matters.act", W, SH_ROUTE_ONCE, 0, sh_api_matter_act},
    {SH_GET, V1 "/matters/{matter}/draw/{part}", "matters.read", R, 0, 0, sh_api_matter_draw},
    {SH_GET, V1 "/matters/{matter}/proof", "matters.read", R, 0, 0, sh_api_matter_proof},
    {SH_GET, V1 "/matters/{matter}/papers/{paper}", "matters.read", R, 0, 0, sh_api_matter_paper},
    {SH_POST, V1 "/matters/{matter}/comments", "matters.act", W, SH_ROUTE_ONCE, 0, sh_api_matter_comment},
    {SH_POST, V1 "/matters/{matter}/unsealed", "matters.act", W, 0, 0, sh_api_matter_unseal},
    {SH_POST, V1 "/matters/{matter}/attachments", "matters.act", W, SH_ROUTE_UPLOAD | SH_ROUTE_ONCE,
     SH_UPLOAD_MAX, sh_api_matter_attach},
    {SH_GET, V1 "/matters/{matter}/attachments/{attachment}", "matters.read", W, 0, 0,
     sh_api_matter_attachment},
    {SH_POST, V1 "/matters/{matter}/evidence", "matters.act", W, SH_ROUTE_ONCE | SH_ROUTE_LARGE, 0,
     sh_api_evidence_new},
    {SH_GET, V1 "/matters/{matter}/evidence/{evidence}", "matters.read", W, 0, 0, sh_api_evidence},
    {SH_GET, V1 "/items", "matters.read", R, 0, 0, sh_api_items},
    {SH_GET, V1 "/items/totals", "matters.read", R, 0, 0, sh_api_item_totals},
    {SH_POST, V1 "/items/preview", "matters.act", R, 0, 0, sh_api_items_preview},
    {SH_POST, V1 "/items/actions", "matters.act", W, SH_ROUTE_ONCE | SH_ROUTE_LARGE, 0, sh_api_items_act},
    {SH_POST, V1 "/items/undo", "matters.act", W, SH_ROUTE_LARGE, 0, sh_api_items_undo},
    {SH_GET, V1 "/items/{item}", "matters.read", R, 0, 0, sh_api_item},
    {SH_GET, V1 "/items/{item}/trail", "matters.read", R, 0, 0, sh_api_item_trail},
    {SH_GET, V1 "/items/{item}/proof", "matters.read", R, 0, 0, sh_api_item_proof},
    {SH_GET, V1 "/reviews/empty", "access.review", R, 0, 0, sh_api_reviews},
    {SH_GET, V1 "/overruns", "matters.read", R, 0, 0, sh_api_overruns},
    {SH_GET, V1 "/funnel", "matters.read", R, 0, 0, sh_api_funnel},
    {SH_GET, V1 "/work", "matters.read", R, 0, 0, sh_api_work},
};
#undef R
#undef W
#undef H

const struct sh_route *sh_routes(size_t *ret_n) {
    *ret_n = sizeof routes / sizeof routes[0];
    _Static_assert(sizeof routes / sizeof routes[0] <= SH_ROUTES_MAX, "raise SH_ROUTES_MAX");
    return routes;
}

/* Does a template fit the segments? Writes the values of its {names}. */
static bool fits(const char *path, const struct sh_target *target, struct sh_str params[4]) {
    struct sh_str rest = sh_str_of(path + 1);
    size_t i = 0, n = 0;
    for (struct sh_str piece; sh_str_split(&rest, '/', &piece); i++) {
        if (i >= target->n_segments)
            return false;
        if (piece.len && piece.at[0] == '{')
            params[n++] = target->segments[i];
        else if (!sh_str_eq(piece, target->segments[i]))
            return false;
    }
    return i == target->n_segments;
}

sh_code sh_route_find(struct sh_request *rq, struct sh_err *err) {
    bool is_path = false;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct sh_str params[4] = {0};
        if (!fits(routes[i].path, &rq->target, params))
            continue;
        is_path = true;
        if (routes[i].method != rq->method)
            continue;
        rq->route = &routes[i];
        rq->route_index = i;
        for (size_t k = 0; k < 4; k++)
            rq->params[k] = params[k];
        return SH_OK;
    }
    return is_path ? sh_fail(err, SH_E_UNSUPPORTED, "the path does not take that method")
                   : sh_fail(err, SH_E_NOTFOUND, "no such path");
}
