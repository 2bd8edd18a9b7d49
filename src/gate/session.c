/* Signing in and out, the password, the second factor, API keys. */
#include "base/hash.h"
#include "gate/auth.h"
#include "gate/handlers.h"
#include "gate/password.h"
#include "gate/person.h"
#include <sodium.h>

enum { LOGIN_MAX = 64, SUBJECT_MAX = 80 };

/* ---- lock-out ---------------------------------------------------------------------------------------- */

/* Kept by hash: what people type as a login may be their password. */
static void subject_of(const char *kind, struct sh_str text, char ret[SUBJECT_MAX]) {
    char hash[65];
    sh_token_hash(text, hash);
    snprintf(ret, SUBJECT_MAX, "%s:%.64s", kind, hash);
}

static sh_code is_locked(struct sh_txn *txn, struct sh_request *rq, const char *subject, bool *ret,
                         struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(subject)), SH_I64(sh_gate_now(rq->gate))};
    SH_TRY(sh_sql_query(txn, "select 1 from gate_attempt where subject = $1 and locked_until > $2", values, 2,
                        &rq->arena, &rows, err));
    *ret = rows.n_rows > 0;
    return SH_OK;
}

static sh_code count_failure(struct sh_txn *txn, const char *subject, int64_t limit, int64_t now,
                             struct sh_err *err) {
    const struct sh_value values[] = {SH_TEXT(sh_str_of(subject)), SH_I64(now),
                                      SH_I64(now - SH_LOCK_WINDOW_SECONDS), SH_I64(limit),
                                      SH_I64(now + SH_LOCK_SECONDS)};
    return sh_sql_run(
        txn,
        "insert into gate_attempt (subject, failures, begun_at, locked_until) values ($1, 1, $2, 0) "
        "on conflict (subject) do update set "
        "failures = case when gate_attempt.begun_at <= $3 then 1 else gate_attempt.failures + 1 end, "
        "begun_at = case when gate_attempt.begun_at <= $3 then $2 else gate_attempt.begun_at end, "
        "locked_until = case when gate_attempt.begun_at > $3 and gate_attempt.failures + 1 >= $4 then $5 "
        "else gate_attempt.locked_until end",
        values, 5, NULL, err);
}

/* ---- signing in -------------------------------------------------------------------------------------- */

struct login {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_str login, password, code;
    char by_login[SUBJECT_MAX], by_address[SUBJECT_MAX];
    bool is_locked, is_active, has_factor;
    char person[SH_ID_MAX], hash[SH_PASSWORD_HASH_MAX], secret[SH_FACTOR_TEXT + 1];
    int64_t factor_step, new_step;
    char token[SH_TOKEN_TEXT + 1], csrf[SH_TOKEN_TEXT + 1];
};

static sh_code look_up(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct login *login = ctx;
    struct sh_request *rq = login->rq;
    bool by_login = false, by_address = false;
    SH_TRY(is_locked(txn, rq, login->by_login, &by_login, err));
    SH_TRY(is_locked(txn, rq, login->by_address, &by_address, err));
    login->is_locked = by_login || by_address;
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(login->login)};
    SH_TRY(sh_sql_query(txn,
                        "select person, hash, has_factor, factor_step from gate_account where login = $1 "
                        "and state = 'active'",
                        values, 1, &rq->arena, &rows, err));
    login->is_active = rows.n_rows == 1;
    if (!login->is_active)
        return SH_OK;
    snprintf(login->person, sizeof login->person, "%.*s", SH_ARG(sh_cell(&rows, 0, 0)->str));
    snprintf(login->hash, sizeof login->hash, "%.*s", SH_ARG(sh_cell(&rows, 0, 1)->str));
    login->has_factor = sh_cell(&rows, 0, 2)->i64 != 0;
    login->factor_step = sh_cell(&rows, 0, 3)->i64;
    return login->has_factor ? sh_person_secret(txn, sh_str_of(login->person), &rq->arena, login->secret, err)
                             : SH_OK;
}

static sh_code fail(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct login *login = ctx;
    const int64_t now = sh_gate_now(login->gate);
    const struct sh_value old[] = {SH_I64(now - SH_LOCK_WINDOW_SECONDS), SH_I64(now)};
    SH_TRY(sh_sql_run(txn, "delete from gate_attempt where begun_at < $1 and locked_until < $2", old, 2, NULL,
                      err));
    SH_TRY(count_failure(txn, login->by_login, SH_LOCK_FAILURES, now, err));
    return count_failure(txn, login->by_address, SH_LOCK_ADDRESS_FAILURES, now, err);
}

static sh_code open_session(struct sh_txn *txn, struct sh_request *rq, struct sh_str person,
                            const char *token, const char *csrf, int64_t factor_at, struct sh_err *err) {
    char hash[65];
    sh_token_hash(sh_str_of(token), hash);
    const int64_t now = sh_gate_now(rq->gate);
    const struct sh_value values[] = {SH_TEXT(sh_str_of(hash)),         SH_TEXT(person),
                                      SH_TEXT(sh_str_of(csrf)),         SH_I64(now),
                                      SH_I64(now + SH_SESSION_SECONDS), SH_I64(factor_at)};
    return sh_sql_run(
        txn,
        "insert into gate_session (token, person, csrf, created_at, seen_at, expires_at, factor_at, "
        "new_factor) values ($1, $2, $3, $4, $4, $5, $6, '')",
        values, 6, NULL, err);
}

static sh_code succeed(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct login *login = ctx;
    const int64_t now = sh_gate_now(login->gate);
    const struct sh_value gone[] = {SH_TEXT(sh_str_of(login->by_login)), SH_I64(now)};
    SH_TRY(sh_sql_run(txn, "delete from gate_attempt where subject = $1", gone, 1, NULL, err));
    SH_TRY(sh_sql_run(txn, "delete from gate_session where expires_at <= $1", gone + 1, 1, NULL, err));
    if (login->has_factor) { /* the same code, at the same moment, twice: one of them changes no row */
        int64_t changed = 0;
        const struct sh_value step[] = {SH_TEXT(sh_str_of(login->person)), SH_I64(login->new_step)};
        SH_TRY(sh_sql_run(txn,
                          "update gate_account set factor_step = $2 where person = $1 and factor_step < $2",
                          step, 2, &changed, err));
        if (changed != 1)
            return sh_stop(sh_refuse(login->rq, GATE_BAD_LOGIN, NULL));
    }
    SH_TRY(open_session(txn, login->rq, sh_str_of(login->person), login->token, login->csrf,
                        login->has_factor ? now : 0, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf content = {0};
    sh_buf_addf(&content, "{\"person\":\"%s\",\"at\":%lld,\"nonce\":\"%.32s\"}", login->person,
                (long long)now, login->csrf);
    return sh_gate_leaf(txn, "session.begin", sh_buf_view(&content), err);
}

static void set_cookie(struct sh_request *rq, const char *token, int64_t seconds) {
    sh_answer_header(rq, "Set-Cookie",
                     sh_arena_printf(&rq->arena, NULL,
                                     SH_COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; Secure; SameSite=Strict",
                                     token, (long long)seconds));
}

struct naming {
    struct sh_request *rq;
    struct sh_str
        *names; /* [n_grants] of the bodies one acts for; the code of one that is on record no more */
};

static sh_code name_bodies(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct naming *naming = ctx;
    struct sh_request *rq = naming->rq;
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_str code = sh_str_of(rq->caller.grants[i].body);
        struct sh_body body = {0};
        const sh_code found = sh_body_get(txn, code, &rq->arena, &body, err);
        if (found != SH_E_NOTFOUND)
            SH_TRY(found);
        naming->names[i] = body.name.len ? body.name : code;
    }
    return SH_OK;
}

/* Who one is, for the page that follows a sign-in: all that its bar shows, in one answer. */
static sh_code answer_session(struct sh_gate *gate, struct sh_request *rq, const char *csrf,
                              struct sh_err *err) {
    struct naming naming = {rq, sh_new(&rq->arena, struct sh_str, rq->caller.n_grants + 1)};
    if (!naming.names)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of %zu bodies", rq->caller.n_grants);
    SH_TRY(sh_store_read(gate->store, name_bodies, &naming, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_text(&json, "person", rq->caller.person);
    sh_json_put_text(&json, "csrf", csrf);
    sh_json_put_bool(&json, "must_change_password", rq->caller.must_change);
    sh_json_put_bool(&json, "needs_second_factor", rq->caller.needs_setup);
    sh_json_key(&json, "grants");
    sh_json_array(&json);
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_grant_view *grant = &rq->caller.grants[i];
        const struct sh_role *role = sh_role_find(gate->roles, sh_str_of(grant->role));
        sh_json_object(&json);
        sh_json_put_text(&json, "id", grant->id);
        sh_json_put_text(&json, "role", grant->role);
        sh_json_put_str(&json, "name", !role ? SH_STR("") : rq->lang == SH_EN ? role->english : role->name);
        sh_json_put_text(&json, "body", grant->body);
        sh_json_put_str(&json, "body_name", naming.names[i]);
        sh_json_put_text(&json, "place", grant->place);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_key(&json, "powers");
    sh_json_array(&json);
    for (size_t i = 0; i < gate->roles->n_powers; i++) {
        char power[64];
        snprintf(power, sizeof power, "%.*s", SH_ARG(gate->roles->powers[i].id));
        if (sh_caller_may(gate, rq, power))
            sh_json_str(&json, gate->roles->powers[i].id);
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static sh_code read_caller(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_request *rq = ctx;
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(rq->caller.person))};
    SH_TRY(sh_sql_query(txn, "select renews, has_factor from gate_account where person = $1", values, 1,
                        &rq->arena, &rows, err));
    rq->caller.must_change = rows.n_rows && sh_cell(&rows, 0, 0)->i64 != 0;
    rq->caller.needs_setup = rows.n_rows && sh_cell(&rows, 0, 1)->i64 == 0;
    return sh_grants_read(txn, rq, sh_gate_today(rq->gate), err);
}

static sh_code refuse_login(struct sh_gate *gate, struct login *login, enum gate_problem why,
                            struct sh_err *err) {
    atomic_fetch_add(&gate->metrics.logins_failed, 1);
    SH_TRY(sh_gate_write_quietly(gate, login->rq, fail, login, err));
    return sh_refuse(login->rq, why, NULL);
}

static sh_code login_with(struct sh_gate *gate, struct login *login, struct sh_err *err) {
    struct sh_request *rq = login->rq;
    subject_of("login", login->login, login->by_login);
    subject_of("address", rq->address, login->by_address);
    SH_TRY(sh_store_read(gate->store, look_up, login, err));
    if (login->is_locked)
        return sh_refuse(rq, GATE_LOCKED, NULL);
    const bool fits = sh_password_fits(login->is_active ? login->hash : "", login->password);
    if (!fits)
        return refuse_login(gate, login, GATE_BAD_LOGIN, err);
    if (login->has_factor && login->code.len == 0)
        return sh_refuse(rq, GATE_NEEDS_CODE, NULL);
    if (login->has_factor) {
        login->new_step =
            sh_factor_step(sh_str_of(login->secret), login->code, sh_gate_now(gate), login->factor_step);
        if (login->new_step < 0)
            return refuse_login(gate, login, GATE_BAD_LOGIN, err);
    }
    sh_token_new(32, login->token);
    sh_token_new(32, login->csrf);
    snprintf(rq->caller.person, sizeof rq->caller.person, "%s", login->person);
    SH_TRY(sh_gate_write(gate, rq, "sign in", succeed, login, NULL, err));
    if (rq->status)
        return SH_OK;
    SH_TRY(sh_store_read(gate->store, read_caller, rq, err));
    SH_TRY(answer_session(gate, rq, login->csrf, err));
    set_cookie(rq, login->token, SH_SESSION_SECONDS);
    return SH_OK;
}

/* Optional text member; anything else than text is the empty view. */
static struct sh_str text_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? (struct sh_str){json_string_value(value), json_string_length(value)}
                                 : (struct sh_str){"", 0};
}

sh_code sh_api_login(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    struct login login = {.gate = gate,
                          .rq = rq,
                          .login = text_of(root, "login"),
                          .password = text_of(root, "password"),
                          .code = text_of(root, "code")};
    if (login.login.len == 0 || login.login.len > LOGIN_MAX || login.password.len > SH_PASSWORD_MAX)
        return sh_refuse(rq, GATE_BAD_LOGIN, NULL);
    const sh_code code = login_with(gate, &login, err);
    sodium_memzero(login.secret, sizeof login.secret);
    sodium_memzero(login.hash, sizeof login.hash);
    return code;
}

sh_code sh_api_session(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return answer_session(gate, rq, rq->caller.csrf, err);
}

static sh_code end_session(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_request *rq = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(rq->caller.session))};
    return sh_sql_run(txn, "delete from gate_session where token = $1", values, 1, NULL, err);
}

sh_code sh_api_logout(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_TRY(sh_gate_write_quietly(gate, rq, end_session, rq, err));
    rq->status = 204;
    set_cookie(rq, "", 0);
    return SH_OK;
}

/* ---- password ---------------------------------------------------------------------------------------- */

struct renewal {
    struct sh_request *rq;
    char hash[SH_PASSWORD_HASH_MAX], old_hash[SH_PASSWORD_HASH_MAX];
    char login[LOGIN_MAX + 1];
    char token[SH_TOKEN_TEXT + 1], csrf[SH_TOKEN_TEXT + 1];
    char secret[SH_FACTOR_TEXT + 1];
    int64_t step;
};

static sh_code read_hash(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct renewal *renewal = ctx;
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(renewal->rq->caller.person))};
    SH_TRY(sh_sql_query(txn, "select hash, login from gate_account where person = $1", values, 1,
                        &renewal->rq->arena, &rows, err));
    if (rows.n_rows != 1)
        return sh_fail(err, SH_E_NOTFOUND, "no such account");
    snprintf(renewal->old_hash, sizeof renewal->old_hash, "%.*s", SH_ARG(sh_cell(&rows, 0, 0)->str));
    snprintf(renewal->login, sizeof renewal->login, "%.*s", SH_ARG(sh_cell(&rows, 0, 1)->str));
    return SH_OK;
}

/* All sessions end; this one goes on under a new token: what was stolen before is worth nothing now. */
static sh_code rotate(struct sh_txn *txn, struct renewal *renewal, int64_t factor_at, struct sh_err *err) {
    struct sh_request *rq = renewal->rq;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(rq->caller.person))};
    SH_TRY(sh_sql_run(txn, "delete from gate_session where person = $1", values, 1, NULL, err));
    return open_session(txn, rq, sh_str_of(rq->caller.person), renewal->token, renewal->csrf, factor_at, err);
}

static sh_code set_password(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct renewal *renewal = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(renewal->rq->caller.person)),
                                      SH_TEXT(sh_str_of(renewal->hash)), SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(txn, "update gate_account set hash = $2, renews = 0, changed_at = $3 where person = $1",
                      values, 3, NULL, err));
    SH_TRY(rotate(txn, renewal, renewal->rq->caller.proven_at, err));
    return sh_gate_leaf(txn, "account.password", sh_str_of(renewal->hash), err);
}

static sh_code answer_rotated(struct sh_gate *gate, struct sh_request *rq, const struct renewal *renewal,
                              struct sh_err *err) {
    SH_TRY(sh_store_read(gate->store, read_caller, rq, err));
    SH_TRY(answer_session(gate, rq, renewal->csrf, err));
    set_cookie(rq, renewal->token, SH_SESSION_SECONDS);
    return SH_OK;
}

sh_code sh_api_password(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    if (rq->caller.by_key)
        return sh_refuse(rq, GATE_FORBIDDEN, NULL);
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    const struct sh_str old = text_of(root, "old"), new = text_of(root, "new");
    struct renewal renewal = {.rq = rq};
    SH_TRY(sh_store_read(gate->store, read_hash, &renewal, err));
    if (!sh_password_fits(renewal.old_hash, old)) {
        struct login login = {.gate = gate, .rq = rq};
        subject_of("login", sh_str_of(renewal.login), login.by_login);
        subject_of("address", rq->address, login.by_address);
        return refuse_login(gate, &login, GATE_BAD_LOGIN, err);
    }
    const char *fault = sh_password_fault(new, sh_str_of(renewal.login), rq->lang == SH_EN);
    if (!fault && sh_str_eq(old, new))
        fault = SH_SAY(rq, OLD_PASSWORD);
    if (fault) {
        struct sh_faults faults = {0};
        sh_faults_add(rq, &faults, SH_STR("new"), 0, "%s", fault);
        return sh_refuse_fields(rq, &faults);
    }
    SH_TRY(sh_password_hash(new, renewal.hash, err));
    sh_token_new(32, renewal.token);
    sh_token_new(32, renewal.csrf);
    SH_TRY(sh_gate_write(gate, rq, "password", set_password, &renewal, NULL, err));
    return rq->status ? SH_OK : answer_rotated(gate, rq, &renewal, err);
}

/* ---- second factor ----------------------------------------------------------------------------------- */

static sh_code offer_factor(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct renewal *renewal = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(renewal->rq->caller.session)),
                                      SH_TEXT(sh_str_of(renewal->secret))};
    return sh_sql_run(txn, "update gate_session set new_factor = $2 where token = $1", values, 2, NULL, err);
}

static sh_code read_offer(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct renewal *renewal = ctx;
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(renewal->rq->caller.session))};
    SH_TRY(sh_sql_query(txn, "select new_factor from gate_session where token = $1", values, 1,
                        &renewal->rq->arena, &rows, err));
    if (rows.n_rows)
        snprintf(renewal->secret, sizeof renewal->secret, "%.*s", SH_ARG(sh_cell(&rows, 0, 0)->str));
    return SH_OK;
}

static sh_code set_factor(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct renewal *renewal = ctx;
    const struct sh_str person = sh_str_of(renewal->rq->caller.person);
    SH_TRY(sh_person_secret_put(txn, person, sh_str_of(renewal->secret), &renewal->rq->arena, err));
    const struct sh_value values[] = {SH_TEXT(person), SH_I64(renewal->step)};
    SH_TRY(sh_sql_run(txn, "update gate_account set has_factor = 1, factor_step = $2 where person = $1",
                      values, 2, NULL, err));
    return rotate(txn, renewal, sh_gate_now(renewal->rq->gate), err);
}

/* Without a code: a new secret to put into the app. With one: the secret is taken when the code fits. */
sh_code sh_api_factor(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    if (rq->caller.by_key || !rq->caller.needs_setup)
        return sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, FACTOR_IS_SET));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    const struct sh_str code = text_of(root, "code");
    struct renewal renewal = {.rq = rq};
    if (code.len == 0) {
        sh_factor_new(renewal.secret);
        SH_TRY(sh_gate_write_quietly(gate, rq, offer_factor, &renewal, err));
        struct sh_json json;
        sh_answer_begin(rq, 200, &json);
        sh_json_object(&json);
        sh_json_put_text(&json, "secret", renewal.secret);
        sh_json_put_text(&json, "uri",
                         sh_arena_printf(&rq->arena, NULL, "otpauth://totp/Shouhu:%s?secret=%s&issuer=Shouhu",
                                         rq->caller.person, renewal.secret));
        sh_json_object_end(&json);
        return sh_answer_end(rq, &json, err);
    }
    SH_TRY(sh_store_read(gate->store, read_offer, &renewal, err));
    renewal.step = sh_factor_step(sh_str_of(renewal.secret), code, sh_gate_now(gate), -1);
    if (renewal.step < 0)
        return sh_refuse(rq, GATE_BAD_LOGIN, NULL);
    sh_token_new(32, renewal.token);
    sh_token_new(32, renewal.csrf);
    SH_TRY(sh_gate_write(gate, rq, "second factor", set_factor, &renewal, NULL, err));
    return rq->status ? SH_OK : answer_rotated(gate, rq, &renewal, err);
}
