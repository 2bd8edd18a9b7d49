/* Transactions of a request: refusals inside them, and answers given once for a key. */
#include "base/hash.h"
#include "gate/auth.h"
#include "gate/password.h"

enum { ONCE_SECONDS = 24 * 3600, ONCE_KEY_MAX = 128 };

struct once {
    struct sh_gate *gate;
    struct sh_request *rq;
    sh_txn_body body;
    void *ctx;
    char token[65], request[65]; /* "" none */
};

/* The key belongs to one person and one path; the request is what must be the same the second time. The key
 * is in its hash too: what was sent sealed cannot be guessed from what is kept. */
static void once_hashes(struct once *once) {
    struct sh_request *rq = once->rq;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_buf_addf(&text, "%s\n%d %s\n%.*s", rq->caller.person, (int)rq->method, rq->route->path,
                SH_ARG(rq->idempotency));
    sh_token_hash(sh_buf_view(&text), once->token);
    sh_buf_clear(&text);
    for (size_t i = 0; i < rq->target.n_segments; i++)
        sh_buf_addf(&text, "/%.*s", SH_ARG(rq->target.segments[i]));
    sh_buf_addf(&text, "\n%.*s\n%.*s\n", SH_ARG(rq->if_match), SH_ARG(rq->idempotency));
    sh_buf_add_str(&text, sh_buf_view(&rq->body));
    sh_token_hash(sh_buf_view(&text), once->request);
}

static sh_code replay(struct sh_txn *txn, struct once *once, bool *ret_done, struct sh_err *err) {
    struct sh_request *rq = once->rq;
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(once->token)),
                                      SH_I64(sh_txn_now(txn) - ONCE_SECONDS)};
    SH_TRY(sh_sql_query(txn, "select request, status, answer from gate_once where token = $1 and at > $2",
                        values, 2, &rq->arena, &rows, err));
    *ret_done = rows.n_rows > 0;
    if (!*ret_done)
        return SH_OK;
    if (!sh_str_is(sh_cell(&rows, 0, 0)->str, once->request))
        return sh_stop(sh_refuse(rq, GATE_KEY_REUSED, NULL));
    struct sh_json json;
    sh_answer_begin(rq, (int)sh_cell(&rows, 0, 1)->i64, &json);
    sh_buf_add_str(&rq->out, sh_cell(&rows, 0, 2)->str);
    sh_answer_header(rq, "Idempotent-Replay", "true");
    return SH_OK;
}

static sh_code keep(struct sh_txn *txn, const struct once *once, struct sh_err *err) {
    const struct sh_request *rq = once->rq;
    const struct sh_value old[] = {SH_I64(sh_txn_now(txn) - ONCE_SECONDS)};
    SH_TRY(sh_sql_run(txn, "delete from gate_once where at <= $1", old, 1, NULL, err));
    const struct sh_value values[] = {
        SH_TEXT(sh_str_of(once->token)),      SH_TEXT(sh_str_of(once->request)), SH_I64(rq->status),
        SH_TEXT(sh_str_of(rq->content_type)), SH_BYTES(sh_buf_view(&rq->out)),   SH_I64(sh_txn_now(txn))};
    return sh_sql_run(
        txn,
        "insert into gate_once (token, request, status, type, answer, at) values ($1, $2, $3, $4, $5, $6)",
        values, 6, NULL, err);
}

static sh_code run_once(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct once *once = ctx;
    once->rq->status = 0; /* the body may run again after a conflict with another transaction */
    bool is_done = false;
    if (once->token[0])
        SH_TRY(replay(txn, once, &is_done, err));
    if (is_done)
        return SH_OK;
    SH_TRY(once->body(txn, once->ctx, err));
    /* what changed nothing may be asked again; and only an act with a leaf commits */
    return once->token[0] && sh_txn_leaves(txn) > 0 ? keep(txn, once, err) : SH_OK;
}

/* A body that refused was rolled back; its answer stands. */
static sh_code after(const struct sh_request *rq, sh_code code) {
    return code == SH_E_CANCELLED && rq->status ? SH_OK : code;
}

static struct sh_str actor_of(const struct sh_request *rq) {
    return rq->caller.person[0] ? sh_str_of(rq->caller.person) : SH_STR("nobody");
}

sh_code sh_gate_write(struct sh_gate *gate, struct sh_request *rq, const char *why, sh_txn_body body,
                      void *ctx, struct sh_commit *ret, struct sh_err *err) {
    struct once once = {.gate = gate, .rq = rq, .body = body, .ctx = ctx};
    if (rq->idempotency.len > ONCE_KEY_MAX)
        return sh_refuse(rq, GATE_BAD_REQUEST, "Idempotency-Key: at most %d bytes", ONCE_KEY_MAX);
    if (rq->idempotency.len && rq->route->flags & SH_ROUTE_ONCE)
        once_hashes(&once);
    const struct sh_act act = {
        .actor = actor_of(rq), .why = sh_str_of(why), .is_large = (rq->route->flags & SH_ROUTE_LARGE) != 0};
    return after(rq, sh_store_write(gate->store, &act, run_once, &once, ret, err));
}

sh_code sh_gate_write_quietly(struct sh_gate *gate, struct sh_request *rq, sh_txn_body body, void *ctx,
                              struct sh_err *err) {
    const struct sh_act act = {.actor = actor_of(rq), .is_housekeeping = true};
    return after(rq, sh_store_write(gate->store, &act, body, ctx, NULL, err));
}

sh_code sh_gate_read(struct sh_gate *gate, struct sh_request *rq, sh_txn_body body, void *ctx,
                     struct sh_err *err) {
    return after(rq, sh_store_read(gate->store, body, ctx, err));
}

sh_code sh_gate_leaf(struct sh_txn *txn, const char *type, struct sh_str content, struct sh_err *err) {
    const struct sh_leaf leaf = {.type = sh_str_of(type), .content = content};
    return sh_journal_add(txn, &leaf, err);
}
