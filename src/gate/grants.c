/* People, and who may do what: asked for by one, approved by another, refused when the law keeps two posts
 * apart. */
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/password.h"

enum { ANY_DAY = 20000, NAME_MAX_CHARS = 50 };

/* ---- roles ------------------------------------------------------------------------------------------- */

static void put_words(struct sh_json *json, const char *key, const struct sh_str *words, size_t n) {
    sh_json_key(json, key);
    sh_json_array(json);
    for (size_t i = 0; i < n; i++)
        sh_json_str(json, words[i]);
    sh_json_array_end(json);
}

sh_code sh_api_roles(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_roles *roles = gate->roles;
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < roles->n; i++) {
        sh_json_object(&json);
        sh_json_put_str(&json, "id", roles->of[i].id);
        sh_json_put_str(&json, "name", rq->lang == SH_EN ? roles->of[i].english : roles->of[i].name);
        put_words(&json, "at", roles->of[i].at, roles->of[i].n_at);
        put_words(&json, "may", roles->of[i].may, roles->of[i].n_may);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_key(&json, "never_together");
    sh_json_array(&json);
    for (size_t i = 0; i < roles->n_pairs; i++) {
        sh_json_object(&json);
        put_words(&json, "a", roles->pairs[i].a, roles->pairs[i].n_a);
        put_words(&json, "b", roles->pairs[i].b, roles->pairs[i].n_b);
        sh_json_put_str(&json, "why", rq->lang == SH_EN ? roles->pairs[i].english : roles->pairs[i].why);
        sh_json_put_str(&json, "basis", roles->pairs[i].basis);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* ---- people ------------------------------------------------------------------------------------------ */

struct peopling {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_scope scope;
    struct sh_person_new person;
    char password[SH_PASSWORD_MADE + 1], hash[SH_PASSWORD_HASH_MAX];
    const struct sh_record *records;
    size_t n, limit;
    struct sh_record record;
    struct sh_str state;
};

static sh_code show_person(struct sh_json *json, struct sh_request *rq, const struct sh_record *record,
                           struct sh_str state, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("person", record->open, &root, err));
    sh_json_object(json);
    sh_json_put_str(json, "id", record->id);
    sh_json_put_str(json, "login", sh_member(root, "login", &rq->arena));
    sh_json_put_str(json, "name", sh_member(root, "name", &rq->arena));
    sh_json_put_str(json, "body", sh_member(root, "body", &rq->arena));
    sh_json_put_str(json, "place", sh_member(root, "place", &rq->arena));
    sh_json_put_str(json, "state", state);
    sh_json_object_end(json);
    return SH_OK;
}

static sh_code state_of(struct sh_txn *txn, struct sh_request *rq, struct sh_str person, struct sh_str *ret,
                        struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(person)};
    SH_TRY(sh_sql_query(txn, "select state from gate_account where person = $1", values, 1, &rq->arena, &rows,
                        err));
    *ret = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("none");
    return SH_OK;
}

static sh_code page_people(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct peopling *people = ctx;
    struct sh_request *rq = people->rq;
    const struct sh_page_query query = {.register_name = SH_STR("people"),
                                        .as_of = sh_as_of_day(ANY_DAY),
                                        .after_key = sh_target_arg(&rq->target, "after"),
                                        .search = sh_target_arg(&rq->target, "q"),
                                        .limit = people->limit + 1};
    SH_TRY(sh_record_page(txn, &people->scope, &query, &rq->arena, &people->records, &people->n, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < people->n && i < people->limit; i++) {
        struct sh_str state;
        SH_TRY(state_of(txn, rq, people->records[i].id, &state, err));
        SH_TRY(show_person(&json, rq, &people->records[i], state, err));
    }
    sh_json_array_end(&json);
    sh_json_key(&json, "next");
    if (people->n > people->limit)
        sh_json_str(&json, people->records[people->limit - 1].key);
    else
        sh_json_null(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_people(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct peopling people = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "people.read", NULL, 0, &people.scope, err));
    SH_TRY(sh_arg_limit(rq, &people.limit, err));
    return sh_gate_read(gate, rq, page_people, &people, err);
}

static sh_code get_person(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct peopling *people = ctx;
    struct sh_request *rq = people->rq;
    SH_TRY(sh_record_get(txn, &people->scope, rq->params[0], sh_as_of_day(ANY_DAY), false, &rq->arena,
                         &people->record, err));
    if (!sh_str_is(people->record.register_name, "people"))
        return sh_fail(err, SH_E_NOTFOUND, "no such person");
    return state_of(txn, rq, people->record.id, &people->state, err);
}

sh_code sh_api_person(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct peopling people = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "people.read", NULL, 0, &people.scope, err));
    SH_TRY(sh_lost(sh_store_read(gate->store, get_person, &people, err)));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    SH_TRY(show_person(&json, rq, &people.record, people.state, err));
    return sh_answer_end(rq, &json, err);
}

static sh_code answer_password(struct peopling *people, int status, const char *id, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(people->rq, status, &json);
    sh_json_object(&json);
    sh_json_put_text(&json, "id", id);
    sh_json_put_text(&json, "initial_password", people->password);
    sh_json_object_end(&json);
    return sh_answer_end(people->rq, &json, err);
}

static sh_code add_person(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct peopling *people = ctx;
    struct sh_request *rq = people->rq;
    struct sh_body body = {0};
    const sh_code code = sh_body_get(txn, people->person.body, &rq->arena, &body, err);
    if (code == SH_E_NOTFOUND ||
        (code == SH_OK && !sh_scope_holds(&people->scope, people->person.body, body.place))) {
        struct sh_faults faults = {0};
        sh_faults_add(rq, &faults, SH_STR("body"), 0, SH_SAY(rq, NO_SUCH_BODY));
        return sh_stop(sh_refuse_fields(rq, &faults));
    }
    SH_TRY(code);
    people->person.place = body.place;
    people->person.hash = people->hash;
    char id[SH_ID_TEXT + 1];
    const sh_code put = sh_person_put(txn, &people->person, &rq->arena, id, err);
    if (put == SH_E_CONFLICT)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, LOGIN_TAKEN)));
    SH_TRY(put);
    return answer_password(people, 201, id, err);
}

static void check_person(struct peopling *people, struct sh_faults *faults) {
    struct sh_request *rq = people->rq;
    const struct sh_field name = {.type = SH_FIELD_TEXT, .max = NAME_MAX_CHARS},
                          phone = {.type = SH_FIELD_PHONE};
    struct sh_err err;
    bool is_login = people->person.login.len >= 2 && people->person.login.len <= 64;
    for (size_t i = 0; i < people->person.login.len; i++) {
        const char c = people->person.login.at[i];
        is_login = is_login &&
                   ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.');
    }
    if (!is_login)
        sh_faults_add(rq, faults, SH_STR("login"), 0, SH_SAY(rq, WANTS_LOGIN));
    if (people->person.name.len == 0 ||
        sh_field_check(&name, people->person.name, rq->lang, &rq->arena, &people->person.name, &err) != SH_OK)
        sh_faults_add(rq, faults, SH_STR("name"), 0, SH_SAY(rq, REQUIRED_ONE_LINE));
    if (people->person.phone.len && sh_field_check(&phone, people->person.phone, rq->lang, &rq->arena,
                                                   &people->person.phone, &err) != SH_OK)
        sh_faults_add(rq, faults, SH_STR("phone"), 0, "%s", err.message);
}

sh_code sh_api_person_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct peopling people = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "people.edit", NULL, 0, &people.scope, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    people.person = (struct sh_person_new){.login = sh_member(root, "login", &rq->arena),
                                           .name = sh_member(root, "name", &rq->arena),
                                           .phone = sh_member(root, "phone", &rq->arena),
                                           .body = sh_member(root, "body", &rq->arena)};
    struct sh_faults faults = {0};
    check_person(&people, &faults);
    if (faults.n)
        return sh_refuse_fields(rq, &faults);
    sh_password_make(people.password);
    SH_TRY(sh_password_hash(sh_str_of(people.password), people.hash, err));
    return sh_gate_write(gate, rq, "open account", add_person, &people, NULL, err);
}

static sh_code reset_person(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct peopling *people = ctx;
    SH_TRY(get_person(txn, people, err));
    if (sh_str_is(people->record.id, people->rq->caller.person))
        return sh_stop(sh_refuse(people->rq, GATE_SEPARATION, NULL));
    SH_TRY(sh_account_reset(txn, people->record.id, people->hash, err));
    return answer_password(people, 200, people->record.id.at, err);
}

sh_code sh_api_person_reset(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct peopling people = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "people.edit", NULL, 0, &people.scope, err));
    sh_password_make(people.password);
    SH_TRY(sh_password_hash(sh_str_of(people.password), people.hash, err));
    return sh_lost(sh_gate_write(gate, rq, "reset password", reset_person, &people, NULL, err));
}

static sh_code disable_person(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct peopling *people = ctx;
    SH_TRY(get_person(txn, people, err));
    SH_TRY(sh_account_disable(txn, people->record.id, err));
    people->rq->status = 204;
    return SH_OK;
}

sh_code sh_api_person_disable(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct peopling people = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "people.edit", NULL, 0, &people.scope, err));
    return sh_lost(sh_gate_write(gate, rq, "close account", disable_person, &people, NULL, err));
}

/* ---- grants ------------------------------------------------------------------------------------------ */

struct granting {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_scope scope;
    struct sh_grant grant;
    struct sh_str words;
    int32_t unreviewed_since; /* of a list: only grants that nobody gave or reviewed since; 0 all */
    enum { GRANT_APPROVE, GRANT_REFUSE, GRANT_REVOKE } act;
};

void sh_grant_show(struct sh_json *json, const struct sh_grant *grant) {
    sh_json_object(json);
    sh_json_put_str(json, "id", grant->id);
    sh_json_put_str(json, "person", grant->person);
    sh_json_put_str(json, "role", grant->role);
    sh_json_put_str(json, "body", grant->body);
    sh_json_put_str(json, "place", grant->place);
    sh_json_put_str(json, "state", grant->state);
    sh_json_key(json, "from");
    sh_json_date(json, grant->from);
    sh_json_key(json, "to");
    sh_json_date(json, grant->to - 1);
    sh_json_put_str(json, "asked_by", grant->asked_by);
    sh_json_put_str(json, "decided_by", grant->decided_by);
    sh_json_put_str(json, "why", grant->why);
    sh_json_put_str(json, "contract", grant->contract);
    sh_json_put_str(json, "reviewed_by", grant->reviewed_by.at ? grant->reviewed_by : SH_STR(""));
    sh_json_key(json, "reviewed_on");
    if (grant->reviewed_on)
        sh_json_date(json, grant->reviewed_on);
    else
        sh_json_null(json);
    sh_json_object_end(json);
}

static sh_code list_grants(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct granting *granting = ctx;
    struct sh_request *rq = granting->rq;
    size_t limit = 0;
    SH_TRY(sh_arg_limit(rq, &limit, err));
    const struct sh_str state = sh_target_arg(&rq->target, "state"),
                        person = sh_target_arg(&rq->target, "person");
    const struct sh_str after = sh_target_arg(&rq->target, "after");
    const struct sh_value values[] = {SH_TEXT(after.at ? after : SH_STR("")), SH_I64(2000),
                                      SH_I64(granting->unreviewed_since)};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn,
                        "select id, person, state, body, place from gate_grant where id > $1 and ($3 = 0 or "
                        "(state = 'granted' "
                        "and reviewed_on < $3 and valid_from < $3)) order by id limit $2",
                        values, 3, &rq->arena, &rows, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    size_t n = 0, i = 0;
    for (; i < rows.n_rows && n < limit; i++) {
        if ((state.len && !sh_str_eq(state, sh_cell(&rows, i, 2)->str)) ||
            (person.len && !sh_str_eq(person, sh_cell(&rows, i, 1)->str)) ||
            !sh_scope_holds(&granting->scope, sh_cell(&rows, i, 3)->str, sh_cell(&rows, i, 4)->str))
            continue;
        struct sh_grant grant;
        SH_TRY(sh_grant_get(txn, &granting->scope, sh_cell(&rows, i, 0)->str, &rq->arena, &grant, err));
        sh_grant_show(&json, &grant);
        n++;
    }
    sh_json_array_end(&json);
    sh_json_key(&json, "next");
    if (i < rows.n_rows || rows.n_rows == 2000)
        sh_json_str(&json, sh_cell(&rows, i - 1, 0)->str);
    else
        sh_json_null(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_grants(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct granting granting = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "people.read", NULL, 0, &granting.scope, err));
    const struct sh_str since = sh_target_arg(&rq->target, "unreviewed_since");
    if (since.len && sh_date_scan(since.at, since.len, &granting.unreviewed_since) != SH_DATE_OK)
        return sh_refuse(rq, GATE_BAD_REQUEST, "unreviewed_since: %s", "YYYY-MM-DD");
    return sh_gate_read(gate, rq, list_grants, &granting, err);
}

static sh_code refuse_clash(struct sh_txn *txn, struct granting *granting, struct sh_err *err) {
    const struct sh_role_pair *pair = NULL;
    struct sh_str other = {0};
    struct sh_request *rq = granting->rq;
    SH_TRY(sh_grant_clash(txn, granting->gate->roles, &granting->grant, &rq->arena, &pair, &other, err));
    if (!pair)
        return SH_OK;
    return sh_stop(sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, CLASH), SH_ARG(granting->grant.role),
                             SH_ARG(other), SH_ARG(rq->lang == SH_EN ? pair->english : pair->why),
                             SH_ARG(pair->basis)));
}

/* A third party's account ends with its contract (AF-09). */
static sh_code check_contract(struct sh_txn *txn, struct granting *granting, const struct sh_role *role,
                              struct sh_faults *faults, struct sh_err *err) {
    struct sh_request *rq = granting->rq;
    const struct sh_grant *grant = &granting->grant;
    int32_t last = 0;
    const sh_code code =
        sh_contract_last_day(txn, role->contract, grant->contract, grant->body, &rq->arena, &last, err);
    if (code == SH_E_NOTFOUND)
        sh_faults_add(rq, faults, SH_STR("contract"), 0, SH_SAY(rq, NO_CONTRACT));
    else if (code == SH_OK && grant->to - 1 > last)
        sh_faults_add(rq, faults, SH_STR("to"), 0, SH_SAY(rq, BEHIND_CONTRACT));
    return code == SH_E_NOTFOUND ? SH_OK : code;
}

/* The person exists, the body exists in the asker's place, the role is one that such a body has. */
static sh_code check_asked(struct sh_txn *txn, struct granting *granting, struct sh_err *err) {
    struct sh_request *rq = granting->rq;
    struct sh_grant *grant = &granting->grant;
    struct sh_faults faults = {0};
    struct sh_str state = {0};
    struct sh_body body = {0};
    const sh_code code = sh_body_get(txn, grant->body, &rq->arena, &body, err);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    grant->place = body.place;
    if (code != SH_OK || !sh_scope_holds(&granting->scope, grant->body, grant->place))
        sh_faults_add(rq, &faults, SH_STR("body"), 0, SH_SAY(rq, NO_SUCH_BODY));
    SH_TRY(state_of(txn, rq, grant->person, &state, err));
    if (!sh_str_is(state, "active"))
        sh_faults_add(rq, &faults, SH_STR("person"), 0, SH_SAY(rq, NO_SUCH_ACCOUNT));
    const struct sh_role *role = sh_role_find(granting->gate->roles, grant->role);
    bool is_at = false;
    for (size_t i = 0; role && i < role->n_at; i++)
        is_at = is_at || sh_str_eq(role->at[i], body.kind);
    if (!role || (!is_at && !faults.n))
        sh_faults_add(rq, &faults, SH_STR("role"), 0, SH_SAY(rq, NO_ROLE_OF_BODY));
    if (role && role->contract.len)
        SH_TRY(check_contract(txn, granting, role, &faults, err));
    return faults.n ? sh_stop(sh_refuse_fields(rq, &faults)) : SH_OK;
}

static sh_code put_and_answer(struct sh_txn *txn, struct granting *granting, int status, struct sh_err *err) {
    struct sh_request *rq = granting->rq;
    char id[SH_ID_TEXT + 1];
    SH_TRY(sh_grant_put(txn, &granting->grant, &rq->arena, id, err));
    granting->grant.id = sh_str_of(id);
    struct sh_json json;
    sh_answer_begin(rq, status, &json);
    sh_grant_show(&json, &granting->grant);
    return sh_answer_end(rq, &json, err);
}

static sh_code ask(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct granting *granting = ctx;
    granting->grant.id = (struct sh_str){"", 0};
    SH_TRY(check_asked(txn, granting, err));
    if (sh_str_is(granting->grant.person, granting->rq->caller.person))
        return sh_stop(sh_refuse(granting->rq, GATE_SEPARATION, SH_SAY(granting->rq, NOT_FOR_HIMSELF)));
    SH_TRY(refuse_clash(txn, granting, err));
    return put_and_answer(txn, granting, 201, err);
}

static sh_code ask_days(struct granting *granting, const json_t *root, struct sh_faults *faults) {
    struct sh_request *rq = granting->rq;
    const int32_t today = sh_gate_today(granting->gate);
    const struct sh_str from = sh_member(root, "from", &rq->arena), to = sh_member(root, "to", &rq->arena);
    const int64_t most =
        sh_gate_number(granting->gate, "access.grant_days_max",
                       rq->caller.n_grants ? sh_str_of(rq->caller.grants[0].place) : SH_STR(""));
    int32_t last = 0;
    granting->grant.from = today;
    if (from.len && sh_date_scan(from.at, from.len, &granting->grant.from) != SH_DATE_OK)
        sh_faults_add(rq, faults, SH_STR("from"), 0, SH_SAY(rq, NO_DATE));
    if (to.len == 0 || sh_date_scan(to.at, to.len, &last) != SH_DATE_OK)
        sh_faults_add(rq, faults, SH_STR("to"), 0, SH_SAY(rq, GRANT_WANTS_END));
    else if (last < granting->grant.from || last < today || last - granting->grant.from > most)
        sh_faults_add(rq, faults, SH_STR("to"), 0, SH_SAY(rq, GRANT_TERM), (long long)most);
    granting->grant.to = last + 1;
    return SH_OK;
}

sh_code sh_api_grant_ask(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct granting granting = {.gate = gate, .rq = rq};
    SH_TRY(sh_caller_scope(gate, rq, "grants.ask", NULL, 0, &granting.scope, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    granting.grant = (struct sh_grant){.person = sh_member(root, "person", &rq->arena),
                                       .role = sh_member(root, "role", &rq->arena),
                                       .body = sh_member(root, "body", &rq->arena),
                                       .why = sh_member(root, "why", &rq->arena),
                                       .contract = sh_member(root, "contract", &rq->arena),
                                       .state = SH_STR("asked"),
                                       .asked_by = sh_str_of(rq->caller.person),
                                       .decided_by = SH_STR("")};
    struct sh_faults faults = {0};
    SH_TRY(ask_days(&granting, root, &faults));
    if (granting.grant.why.len == 0)
        sh_faults_add(rq, &faults, SH_STR("why"), 0, SH_SAY(rq, REQUIRED));
    if (faults.n)
        return sh_refuse_fields(rq, &faults);
    return sh_gate_write(gate, rq, "ask for grant", ask, &granting, NULL, err);
}

static sh_code check_decision(struct sh_txn *txn, struct granting *granting, struct sh_err *err) {
    struct sh_request *rq = granting->rq;
    const struct sh_grant *grant = &granting->grant;
    const bool is_open = sh_str_is(grant->state, granting->act == GRANT_REVOKE ? "granted" : "asked");
    if (!is_open)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, "%.*s", SH_ARG(grant->state)));
    if (granting->act != GRANT_APPROVE)
        return SH_OK;
    SH_TRY(sh_ties_stop(txn, rq, &grant->person, 1, SH_STR(""), err));
    if (sh_str_is(grant->asked_by, rq->caller.person) || sh_str_is(grant->person, rq->caller.person))
        return sh_stop(sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, ASKER_NEVER_APPROVES)));
    return refuse_clash(txn, granting, err);
}

static sh_code decide(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct granting *granting = ctx;
    struct sh_request *rq = granting->rq;
    static const char *const states[] = {"granted", "refused", "revoked"};
    SH_TRY(sh_grant_get(txn, &granting->scope, rq->params[0], &rq->arena, &granting->grant, err));
    SH_TRY(check_decision(txn, granting, err));
    granting->grant.state = sh_str_of(states[granting->act]);
    granting->grant.decided_by = sh_str_of(rq->caller.person);
    if (granting->act == GRANT_REVOKE) { /* ends now, whatever day it was to end */
        const int32_t today = sh_gate_today(granting->gate);
        granting->grant.to = today > granting->grant.from ? today : granting->grant.from + 1;
    }
    return put_and_answer(txn, granting, 200, err);
}

static sh_code decide_with(struct sh_gate *gate, struct sh_request *rq, struct granting *granting,
                           const char *power, struct sh_err *err) {
    granting->gate = gate, granting->rq = rq;
    SH_TRY(sh_caller_scope(gate, rq, power, NULL, 0, &granting->scope, err));
    return sh_lost(sh_gate_write(gate, rq, "decide grant", decide, granting, NULL, err));
}

sh_code sh_api_grant_approve(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct granting granting = {.act = GRANT_APPROVE};
    return decide_with(gate, rq, &granting, "grants.approve", err);
}
sh_code sh_api_grant_refuse(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct granting granting = {.act = GRANT_REFUSE};
    return decide_with(gate, rq, &granting, "grants.approve", err);
}
sh_code sh_api_grant_revoke(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct granting granting = {.act = GRANT_REVOKE};
    return decide_with(gate, rq, &granting, "grants.approve", err);
}
