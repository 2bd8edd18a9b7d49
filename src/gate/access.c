/* What personal data was read or taken away, by whom and what for: noted in the transaction that shows it,
 * told to the body whose data it is. */
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/password.h"

enum { ACCESS_SCAN_MAX = 5000, PURPOSE_MIN = 4, PURPOSE_MAX = 500 };

/* ---- what for ---------------------------------------------------------------------------------------- */

/* Spaces, marks and what is not seen say nothing. */
static bool says_something(uint32_t c) {
    const bool is_letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool is_blank = (c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x303f) ||
                          (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xff00 && c <= 0xff0f) || c == 0xfeff;
    return c < 0xc0 ? is_letter : !is_blank;
}

sh_code sh_purpose_check(struct sh_request *rq, struct sh_str purpose, struct sh_err *err) {
    size_t n = 0, n_other = 0;
    uint32_t first = 0;
    for (size_t at = 0; at < purpose.len;) {
        const uint32_t c = sh_utf8_next(purpose, &at);
        if (!says_something(c))
            continue;
        first = n++ ? first : c;
        n_other += c != first;
    }
    if (n >= PURPOSE_MIN && n_other > 0 && sh_utf8_count(purpose) <= PURPOSE_MAX)
        return SH_OK;
    struct sh_faults faults = {0};
    sh_faults_add(rq, &faults, SH_STR("purpose"), 0, SH_SAY(rq, PURPOSE), PURPOSE_MIN, PURPOSE_MAX);
    return sh_refused(sh_refuse_fields(rq, &faults), err);
}

sh_code sh_purpose_of_header(struct sh_request *rq, struct sh_str *ret, struct sh_err *err) {
    *ret = SH_STR("");
    if (rq->purpose.len && sh_target_decode(rq->purpose, false, &rq->arena, ret, err) != SH_OK)
        return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "X-Purpose: %s", err->message), err);
    *ret = sh_str_trim(*ret);
    return sh_purpose_check(rq, *ret, err);
}

/* ---- the note ---------------------------------------------------------------------------------------- */

/* What belongs to no one body is reviewed where the one who took it works. */
static struct sh_labels own_labels(const struct sh_request *rq) {
    if (rq->caller.n_grants == 0)
        return (struct sh_labels){.body = SH_STR(""), .place = SH_STR("")};
    const struct sh_grant_view *grant = &rq->caller.grants[0];
    return (struct sh_labels){.body = sh_str_of(grant->body), .place = sh_str_of(grant->place)};
}

sh_code sh_access_note(struct sh_txn *txn, struct sh_request *rq, struct sh_str register_id,
                       const struct sh_record *record, const char *kind, struct sh_str purpose,
                       struct sh_err *err) {
    char nonce[17], id[48];
    const struct sh_labels labels = record ? record->labels : own_labels(rq);
    sh_token_new(8, nonce);
    /* In the order of time, as the page is read by id. */
    snprintf(id, sizeof id, "%012lld-%s", (long long)sh_txn_now(txn), nonce);
    const struct sh_value values[] = {SH_TEXT(sh_str_of(id)),
                                      SH_I64(sh_txn_now(txn)),
                                      SH_TEXT(sh_str_of(rq->caller.person)),
                                      SH_TEXT(register_id),
                                      SH_TEXT(record ? record->id : SH_STR("")),
                                      SH_TEXT(labels.body),
                                      SH_TEXT(labels.place),
                                      SH_TEXT(sh_str_of(kind)),
                                      SH_TEXT(purpose)};
    SH_TRY(
        sh_sql_run(txn,
                   "insert into gate_access (id, at, person, register, record, owner, place, kind, purpose) "
                   "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   values, 9, NULL, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf content = {0};
    sh_buf_addf(&content, "%s|%s|%.*s|%s|%.*s", id, rq->caller.person,
                SH_ARG(record ? record->id : register_id), kind, SH_ARG(purpose));
    return sh_gate_leaf(txn, "personal.read", sh_buf_view(&content), err);
}

/* ---- who read what of ours, the newest first --------------------------------------------------------- */

struct access_page {
    struct sh_request *rq;
    struct sh_scope scope;
    size_t limit;
    struct sh_rows rows;
};

static sh_code read_access(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct access_page *page = ctx;
    struct sh_rows batch;
    const struct sh_str after = sh_target_arg(&page->rq->target, "after");
    const struct sh_value values[] = {SH_TEXT(after.at ? after : SH_STR("")),
                                      SH_I64((int64_t)ACCESS_SCAN_MAX)};
    SH_TRY(
        sh_sql_query(txn,
                     "select id, at, person, register, record, owner, place, kind, purpose from gate_access "
                     "where $1 = '' or id < $1 order by id desc limit $2",
                     values, 2, &page->rq->arena, &batch, err));
    page->rows = batch;
    return SH_OK;
}

sh_code sh_api_access_log(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct access_page page = {.rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "access.review", NULL, 0, &page.scope, err));
    SH_TRY(sh_arg_limit(rq, &page.limit, err));
    SH_TRY(sh_store_read(gate->store, read_access, &page, err));
    static const char *const names[] = {"id",    "at",    "person", "register", "record",
                                        "owner", "place", "kind",   "purpose"};
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    size_t n = 0, i = 0;
    for (; i < page.rows.n_rows && n < page.limit; i++) {
        if (!sh_scope_holds(&page.scope, sh_cell(&page.rows, i, 5)->str, sh_cell(&page.rows, i, 6)->str))
            continue;
        n++;
        sh_json_object(&json);
        for (size_t k = 0; k < 9; k++) {
            char at[SH_TIME_TEXT_MAX];
            if (k == 1)
                sh_time_format_iso(sh_cell(&page.rows, i, 1)->i64, "Z", at);
            sh_json_put_str(&json, names[k], k == 1 ? sh_str_of(at) : sh_cell(&page.rows, i, k)->str);
        }
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_key(&json, "next");
    if (i < page.rows.n_rows || page.rows.n_rows == ACCESS_SCAN_MAX)
        sh_json_str(&json, sh_cell(&page.rows, i - 1, 0)->str);
    else
        sh_json_null(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}
