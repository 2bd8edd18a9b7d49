/* API keys: a program acts as a person, with that person's grants, until a day. */
#include "base/clock.h"
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/password.h"

enum { KEY_DAYS_MAX = 366, KEY_NAME_MAX = 100, KEYS_PER_PERSON_MAX = 20 };

struct keying {
    struct sh_request *rq;
    struct sh_str name;
    int32_t last_day;
    bool reads_only;
    char id[17], token[SH_TOKEN_TEXT + 1];
    struct sh_rows rows;
};

static sh_code list(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct keying *keying = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(keying->rq->caller.person))};
    return sh_sql_query(
        txn,
        "select id, name, reads_only, created_at, expires_at, revoked_at from gate_key where person = $1 "
        "order by created_at, id",
        values, 1, &keying->rq->arena, &keying->rows, err);
}

static void put_time(struct sh_json *json, const char *key, int64_t at) {
    char text[SH_TIME_TEXT_MAX];
    sh_time_format_iso(at, "Z", text);
    sh_json_put_text(json, key, at ? text : NULL);
}

sh_code sh_api_keys(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct keying keying = {.rq = rq};
    SH_TRY(sh_store_read(gate->store, list, &keying, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < keying.rows.n_rows; i++) {
        sh_json_object(&json);
        sh_json_put_str(&json, "id", sh_cell(&keying.rows, i, 0)->str);
        sh_json_put_str(&json, "name", sh_cell(&keying.rows, i, 1)->str);
        sh_json_put_bool(&json, "reads_only", sh_cell(&keying.rows, i, 2)->i64 != 0);
        put_time(&json, "created_at", sh_cell(&keying.rows, i, 3)->i64);
        put_time(&json, "expires_at", sh_cell(&keying.rows, i, 4)->i64);
        put_time(&json, "revoked_at", sh_cell(&keying.rows, i, 5)->i64);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static sh_code make(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct keying *keying = ctx;
    struct sh_request *rq = keying->rq;
    SH_TRY(list(txn, keying, err));
    if (keying->rows.n_rows >= KEYS_PER_PERSON_MAX)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, AT_MOST_KEYS), KEYS_PER_PERSON_MAX));
    char hash[65];
    sh_token_hash(sh_str_of(keying->token), hash);
    const int64_t expires = ((int64_t)keying->last_day + 1) * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
    const struct sh_value values[] = {
        SH_TEXT(sh_str_of(hash)), SH_TEXT(sh_str_of(keying->id)), SH_TEXT(sh_str_of(rq->caller.person)),
        SH_TEXT(keying->name),    SH_I64(keying->reads_only),     SH_I64(sh_txn_now(txn)),
        SH_I64(expires)};
    SH_TRY(sh_sql_run(
        txn,
        "insert into gate_key (token, id, person, name, reads_only, created_at, expires_at, revoked_at) "
        "values ($1, $2, $3, $4, $5, $6, $7, 0)",
        values, 7, NULL, err));
    SH_TRY(sh_gate_leaf(txn, "key.new", sh_str_of(hash), err));
    struct sh_json json;
    sh_answer_begin(rq, 201, &json);
    sh_json_object(&json);
    sh_json_put_text(&json, "id", keying->id);
    sh_json_put_text(&json, "key", keying->token);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_key_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    if (rq->caller.by_key)
        return sh_refuse(rq, GATE_FORBIDDEN, NULL);
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    struct keying keying = {.rq = rq, .reads_only = json_is_true(json_object_get(root, "reads_only"))};
    struct sh_faults faults = {0};
    const struct sh_field name = {.type = SH_FIELD_TEXT, .max = KEY_NAME_MAX};
    const struct sh_str to = sh_member(root, "to", &rq->arena);
    const int32_t today = sh_gate_today(gate);
    if (sh_field_check(&name, sh_member(root, "name", &rq->arena), rq->lang, &rq->arena, &keying.name, err) !=
            SH_OK ||
        keying.name.len == 0)
        sh_faults_add(rq, &faults, SH_STR("name"), 0, SH_SAY(rq, REQUIRED));
    if (to.len == 0 || sh_date_scan(to.at, to.len, &keying.last_day) != SH_DATE_OK ||
        keying.last_day < today || keying.last_day > today + KEY_DAYS_MAX)
        sh_faults_add(rq, &faults, SH_STR("to"), 0, SH_SAY(rq, KEY_TERM));
    if (faults.n)
        return sh_refuse_fields(rq, &faults);
    sh_token_new(8, keying.id);
    sh_token_new(32, keying.token);
    return sh_gate_write(gate, rq, "new API key", make, &keying, NULL, err);
}

static sh_code revoke_key(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct keying *keying = ctx;
    struct sh_request *rq = keying->rq;
    const struct sh_value values[] = {SH_TEXT(rq->params[0]), SH_TEXT(sh_str_of(rq->caller.person)),
                                      SH_I64(sh_txn_now(txn))};
    int64_t changed = 0;
    SH_TRY(sh_sql_run(txn,
                      "update gate_key set revoked_at = $3 where id = $1 and person = $2 and revoked_at = 0",
                      values, 3, &changed, err));
    if (changed == 0)
        return sh_stop(sh_refuse(rq, GATE_NOT_FOUND, NULL));
    SH_TRY(sh_gate_leaf(txn, "key.revoke", rq->params[0], err));
    rq->status = 204;
    return SH_OK;
}

sh_code sh_api_key_revoke(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct keying keying = {.rq = rq};
    return sh_gate_write(gate, rq, "revoke API key", revoke_key, &keying, NULL, err);
}
