/* Who asks, and may they. */
#include "gate/auth.h"
#include "gate/later.h"
#include "gate/password.h"
#include "gate/person.h"

struct who {
    struct sh_gate *gate;
    struct sh_request *rq;
    bool is_found;
};

static void copy_id(char *out, size_t size, struct sh_str text) {
    snprintf(out, size, "%.*s", SH_ARG(text));
}

/* A grant that rests on a contract ends with it, whatever day was written when it was given (AF-09). row: id,
 * role, body, place, contract. */
static sh_code stands_on_contract(struct sh_txn *txn, struct sh_request *rq, const struct sh_value *row,
                                  int32_t day, bool *ret, struct sh_err *err) {
    const struct sh_role *role = sh_role_find(rq->gate->roles, row[1].str);
    *ret = true;
    if (!role || role->contract.len == 0)
        return SH_OK;
    int32_t last = 0;
    const sh_code code =
        sh_contract_last_day(txn, role->contract, row[4].str, row[2].str, &rq->arena, &last, err);
    *ret = code == SH_OK && day <= last;
    return code == SH_E_NOTFOUND ? SH_OK : code;
}

/* A grant that nobody has reviewed within the term its place has set (access.review) rests until somebody
 * does (V-05). Roles that review others keep standing, else all could rest at once and nobody could end it.
 * row: as above, then valid_from, reviewed_on. */
static bool is_reviewed(const struct sh_gate *gate, const struct sh_value *row, int32_t day) {
    const struct sh_role *role = sh_role_find(gate->roles, row[1].str);
    if (!role || sh_role_may(role, SH_STR("access.review")))
        return true;
    const struct sh_param_pick pick = sh_param_pick(gate->params, SH_STR("access.review"), row[3].str,
                                                    (struct sh_param_dates){day, day, day});
    const int64_t event = row[5].i64 > row[6].i64 ? row[5].i64 : row[6].i64;
    struct sh_length length;
    int32_t before = 0;
    if (pick.state != SH_PARAM_SET || sh_length_of_param(pick.row, &length, NULL) != SH_OK ||
        sh_term_last((int32_t)event, length, &before, NULL) != SH_OK)
        return true;          /* nobody has set a term */
    return day <= before + 1; /* the day of the review itself is not counted */
}

sh_code sh_grants_read(struct sh_txn *txn, struct sh_request *rq, int32_t day, struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(rq->caller.person)), SH_I64(day)};
    SH_TRY(sh_sql_query(txn,
                        "select id, role, body, place, contract, valid_from, reviewed_on from gate_grant "
                        "where person = $1 and state = "
                        "'granted' and valid_from <= $2 and valid_to > $2 order by id",
                        values, 2, &rq->arena, &rows, err));
    rq->caller.grants = sh_new(&rq->arena, struct sh_grant_view, rows.n_rows + 1);
    if (!rq->caller.grants)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu grants", rows.n_rows);
    rq->caller.n_grants = 0;
    for (size_t i = 0; i < rows.n_rows; i++) {
        struct sh_grant_view *grant = &rq->caller.grants[rq->caller.n_grants];
        bool stands = false;
        SH_TRY(stands_on_contract(txn, rq, sh_cell(&rows, i, 0), day, &stands, err));
        if (stands && !is_reviewed(rq->gate, sh_cell(&rows, i, 0), day)) {
            rq->caller.has_unreviewed = true;
            stands = false;
        }
        if (!stands)
            continue;
        rq->caller.n_grants++;
        copy_id(grant->id, sizeof grant->id, sh_cell(&rows, i, 0)->str);
        copy_id(grant->role, sizeof grant->role, sh_cell(&rows, i, 1)->str);
        copy_id(grant->body, sizeof grant->body, sh_cell(&rows, i, 2)->str);
        copy_id(grant->place, sizeof grant->place, sh_cell(&rows, i, 3)->str);
    }
    return SH_OK;
}

#define ACCOUNT "a.person, a.state, a.renews, a.has_factor, a.login"

/* An account that may sign in, and what its state asks first. row: ACCOUNT. */
static sh_code take_account(struct sh_txn *txn, struct who *who, const struct sh_value *row,
                            struct sh_err *err) {
    struct sh_request *rq = who->rq;
    who->is_found = sh_str_is(row[1].str, "active");
    if (!who->is_found)
        return SH_OK;
    copy_id(rq->caller.person, sizeof rq->caller.person, row[0].str);
    rq->caller.must_change = row[2].i64 != 0;
    rq->caller.needs_setup = row[3].i64 == 0;
    copy_id(rq->caller.login, sizeof rq->caller.login, row[4].str);
    return sh_grants_read(txn, rq, sh_gate_today(who->gate), err);
}

static sh_code by_session(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct who *who = ctx;
    struct sh_request *rq = who->rq;
    const int64_t now = sh_gate_now(who->gate);
    char hash[65];
    sh_token_hash(rq->cookie, hash);
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(hash))};
    who->is_found = false;
    SH_TRY(sh_sql_query(txn,
                        "select " ACCOUNT ", s.csrf, s.created_at, s.seen_at, s.expires_at, s.factor_at "
                        "from gate_session s join gate_account a on a.person = s.person where s.token = $1",
                        values, 1, &rq->arena, &rows, err));
    if (rows.n_rows != 1)
        return SH_OK;
    const struct sh_value *session = sh_cell(&rows, 0, 5);
    const int64_t created = session[1].i64, seen = session[2].i64;
    /* A clock that was set back does not make an old session young again: what begins in the future is not
     * valid. */
    if (session[3].i64 <= now || seen + SH_SESSION_IDLE_SECONDS <= now ||
        created > now + SH_SESSION_SEEN_SECONDS || seen > now + (int64_t)2 * SH_SESSION_SEEN_SECONDS)
        return SH_OK;
    copy_id(rq->caller.csrf, sizeof rq->caller.csrf, session[0].str);
    copy_id(rq->caller.session, sizeof rq->caller.session, sh_str_of(hash));
    rq->caller.proven_at = session[4].i64;
    rq->caller.is_stale_seen = seen + SH_SESSION_SEEN_SECONDS <= now;
    return take_account(txn, who, sh_cell(&rows, 0, 0), err);
}

static sh_code by_key(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct who *who = ctx;
    struct sh_request *rq = who->rq;
    char hash[65];
    sh_token_hash(sh_str_sub(rq->bearer, 7, rq->bearer.len), hash);
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(hash)), SH_I64(sh_gate_now(who->gate))};
    who->is_found = false;
    SH_TRY(sh_sql_query(txn,
                        "select " ACCOUNT ", k.reads_only from gate_key k join gate_account a on a.person = "
                        "k.person where k.token = $1 and k.revoked_at = 0 and k.expires_at > $2 and "
                        "k.created_at <= $2",
                        values, 2, &rq->arena, &rows, err));
    if (rows.n_rows != 1)
        return SH_OK;
    copy_id(rq->caller.session, sizeof rq->caller.session, sh_str_of(hash));
    rq->caller.by_key = true;
    rq->caller.reads_only = sh_cell(&rows, 0, 5)->i64 != 0;
    return take_account(txn, who, sh_cell(&rows, 0, 0), err);
}

/* Whoever asked for what is answered later, by what he may now. There is no browser whose mistake to guard.
 */
static sh_code by_person(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct who *who = ctx;
    struct sh_request *rq = who->rq;
    struct sh_rows rows;
    who->is_found = false;
    SH_TRY(sh_sql_query(txn, "select " ACCOUNT " from gate_account a where a.person = $1",
                        &SH_TEXT(sh_str_of(rq->later->person)), 1, &rq->arena, &rows, err));
    if (rows.n_rows != 1)
        return SH_OK;
    rq->caller.by_key = true;
    return take_account(txn, who, sh_cell(&rows, 0, 0), err);
}

/* A browser sends the cookie by itself, so a change also needs what only our own page can read. */
static bool csrf_holds(const struct sh_request *rq) {
    if (rq->method == SH_GET || rq->caller.by_key)
        return true;
    return rq->csrf.len == strlen(rq->caller.csrf) && rq->csrf.len > 0 &&
           sh_equal_secret(rq->csrf.at, rq->caller.csrf, rq->csrf.len);
}

/* Grants given before a pair was forbidden, or at once by two approvers: neither is used until one is gone.
 */
static bool clash_refused(struct sh_gate *gate, struct sh_request *rq) {
    for (size_t i = 0; i < rq->caller.n_grants; i++)
        for (size_t k = 0; k < i; k++) {
            const struct sh_str a = sh_str_of(rq->caller.grants[i].role),
                                b = sh_str_of(rq->caller.grants[k].role);
            const struct sh_role_pair *pair = sh_roles_forbid(gate->roles, a, b);
            if (!pair)
                continue;
            (void)sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, CLASH), SH_ARG(a), SH_ARG(b),
                            SH_ARG(rq->lang == SH_EN ? pair->english : pair->why), SH_ARG(pair->basis));
            return true;
        }
    return false;
}

static sh_code check_state(struct sh_gate *gate, struct sh_request *rq) {
    const bool is_early = rq->route->flags & SH_ROUTE_EARLY;
    if (!csrf_holds(rq))
        return sh_refuse(rq, GATE_CSRF, NULL);
    if (rq->caller.must_change && !is_early)
        return sh_refuse(rq, GATE_MUST_CHANGE, NULL);
    if (rq->caller.needs_setup && !is_early)
        return sh_refuse(rq, GATE_SETUP, NULL);
    if (!is_early && clash_refused(gate, rq))
        return SH_OK;
    if (rq->caller.reads_only && rq->method != SH_GET)
        return sh_refuse(rq, GATE_FORBIDDEN, SH_SAY(rq, KEY_ONLY_READS));
    if (!sh_caller_may(gate, rq, rq->route->need))
        return sh_refuse(rq, rq->caller.has_unreviewed ? GATE_UNREVIEWED : GATE_FORBIDDEN, "%s",
                         rq->route->need);
    return SH_OK;
}

sh_code sh_auth(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct who who = {.gate = gate, .rq = rq};
    const bool has_key = sh_str_starts_with(rq->bearer, SH_STR("Bearer "));
    if (rq->later)
        SH_TRY(sh_store_read(gate->store, by_person, &who, err));
    else if (has_key)
        SH_TRY(sh_store_read(gate->store, by_key, &who, err));
    else if (rq->cookie.len)
        SH_TRY(sh_store_read(gate->store, by_session, &who, err));
    if (!who.is_found) {
        rq->caller = (struct sh_caller){0};
        return sh_refuse(rq, GATE_NO_SESSION, NULL);
    }
    return check_state(gate, rq);
}

static sh_code touch(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct sh_seen *seen = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(seen->session)), SH_I64(seen->at)};
    return sh_sql_run(txn, "update gate_session set seen_at = $2 where token = $1 and seen_at < $2", values,
                      2, NULL, err);
}

/* Is nobody noting this use already? Then the caller does. */
static bool is_first_to_see(struct sh_gate *gate, const struct sh_seen *seen) {
    bool is_first = true;
    pthread_mutex_lock(&gate->seen.mutex);
    for (size_t i = 0; i < SH_SEEN_KEPT; i++) {
        const struct sh_seen *one = &gate->seen.of[i];
        if (strcmp(one->session, seen->session) == 0 && one->at <= seen->at &&
            seen->at < one->at + SH_SESSION_SEEN_SECONDS)
            is_first = false;
    }
    if (is_first)
        gate->seen.of[gate->seen.next++ % SH_SEEN_KEPT] = *seen;
    pthread_mutex_unlock(&gate->seen.mutex);
    return is_first;
}

void sh_seen_of(struct sh_request *rq, struct sh_seen *ret) {
    *ret = (struct sh_seen){.at = rq->caller.is_stale_seen ? sh_gate_now(rq->gate) : 0};
    memcpy(ret->session, rq->caller.session, sizeof ret->session);
    memcpy(ret->person, rq->caller.person, sizeof ret->person);
    if (ret->at && !is_first_to_see(rq->gate, ret))
        ret->at = 0;
}

void sh_seen_note(struct sh_gate *gate, struct sh_seen *seen) {
    struct sh_err err;
    if (!seen->at)
        return;
    const struct sh_act act = {.actor = sh_str_of(seen->person), .is_housekeeping = true};
    const sh_code code = sh_store_write(gate->store, &act, touch, seen, NULL, &err);
    if (code != SH_OK)
        sh_log(&gate->log, SH_LOG_WARN, "last use of a session not noted", " code=%s", sh_code_name(code));
}

bool sh_caller_may(const struct sh_gate *gate, const struct sh_request *rq, const char *need) {
    if (strcmp(need, SH_NEED_ANYONE) == 0)
        return rq->caller.person[0] != '\0';
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_role *role = sh_role_find(gate->roles, sh_str_of(rq->caller.grants[i].role));
        if (role && sh_role_may(role, sh_str_of(need)))
            return true;
    }
    return false;
}

static bool is_one_of(struct sh_str role, const struct sh_str *roles, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq(role, roles[i]))
            return true;
    return n == 0;
}

bool sh_caller_is(const struct sh_request *rq, const struct sh_str *roles, size_t n) {
    for (size_t i = 0; i < rq->caller.n_grants; i++)
        if (is_one_of(sh_str_of(rq->caller.grants[i].role), roles, n))
            return true;
    return false;
}

struct sh_str sh_place_prefix(struct sh_str place) {
    while (place.len >= 2 && place.at[place.len - 1] == '0' && place.at[place.len - 2] == '0')
        place.len -= place.len > 6 && place.len % 3 == 0 && place.at[place.len - 3] == '0' ? 3 : 2;
    return place;
}

static bool grant_fits(const struct sh_gate *gate, const struct sh_grant_view *grant, const char *power,
                       const struct sh_str *roles, size_t n_roles) {
    const struct sh_str id = sh_str_of(grant->role);
    const struct sh_role *role = sh_role_find(gate->roles, id);
    return role && (!power || sh_role_may(role, sh_str_of(power))) && is_one_of(id, roles, n_roles);
}

sh_code sh_caller_scope(struct sh_gate *gate, struct sh_request *rq, const char *power,
                        const struct sh_str *roles, size_t n_roles, struct sh_scope *ret,
                        struct sh_err *err) {
    *ret = (struct sh_scope){0};
    const size_t room = rq->caller.n_grants + 1;
    struct sh_str *places = sh_new(&rq->arena, struct sh_str, room);
    struct sh_str *bodies = sh_new(&rq->arena, struct sh_str, room);
    if (!places || !bodies)
        return sh_fail(err, SH_E_NOMEM, "no room for a scope");
    size_t n_places = 0, n_bodies = 0;
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_grant_view *grant = &rq->caller.grants[i];
        if (!grant_fits(gate, grant, power, roles, n_roles))
            continue;
        if (!sh_role_find(gate->roles, sh_str_of(grant->role))->sees_own && n_places < SH_SCOPE_PLACES_MAX)
            places[n_places++] = sh_place_prefix(sh_str_of(grant->place));
        else if (n_bodies + 1 < SH_SCOPE_BODIES_MAX)
            bodies[n_bodies++] = sh_str_of(grant->body);
    }
    if (n_places) { /* never both: places times bodies would see more than either grant gives */
        *ret = (struct sh_scope){.places = places, .n_places = n_places, .any_body = true};
    } else if (n_bodies) {
        bodies[n_bodies++] = SH_STR("");
        places[0] = SH_STR("");
        *ret = (struct sh_scope){.bodies = bodies, .n_bodies = n_bodies, .places = places, .n_places = 1};
    }
    return SH_OK;
}

bool sh_scope_holds(const struct sh_scope *scope, struct sh_str body, struct sh_str place) {
    bool is_place = false, is_body = scope->any_body;
    for (size_t i = 0; i < scope->n_places; i++)
        is_place = is_place || sh_str_starts_with(place, scope->places[i]);
    for (size_t i = 0; i < scope->n_bodies; i++)
        is_body = is_body || sh_str_eq(body, scope->bodies[i]);
    return is_place && is_body;
}

struct sh_scope sh_scope_all(void) {
    static const struct sh_str everywhere[] = {{"", 0}};
    return (struct sh_scope){.places = everywhere, .n_places = 1, .any_body = true};
}
