/* People and grants on record. */
#include "gate/person.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/hash.h"
#include "gate/password.h"

struct sh_as_of sh_as_of_day(int32_t day) {
    return (struct sh_as_of){.valid_on = day, .known_at = INT64_MAX};
}

struct sh_str sh_member(const json_t *object, const char *key, struct sh_arena *arena) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return (struct sh_str){"", 0};
    const size_t len = json_string_length(value);
    char *copy = sh_arena_dup(arena, json_string_value(value), len);
    return (struct sh_str){copy ? copy : "", copy ? len : 0};
}

/* A day on which every version of a record that has no validity of its own is in force. */
enum { ANY_DAY = 20000 };

sh_code sh_person_secret(struct sh_txn *txn, struct sh_str person, struct sh_arena *arena, char ret[33],
                         struct sh_err *err) {
    const struct sh_scope scope = {
        .places = (struct sh_str[]){{"", 0}}, .n_places = 1, .any_body = true, .any_part = true};
    struct sh_record record;
    SH_TRY(
        sh_record_find(txn, &scope, SH_STR("factors"), person, sh_as_of_day(ANY_DAY), arena, &record, err));
    SH_TRY(sh_record_get(txn, &scope, record.id, sh_as_of_day(ANY_DAY), true, arena, &record, err));
    if (record.sealed.len != 32)
        return sh_fail(err, SH_E_CORRUPT, "the second factor of an account does not read back");
    snprintf(ret, 33, "%.*s", SH_ARG(record.sealed));
    return SH_OK;
}

sh_code sh_person_secret_put(struct sh_txn *txn, struct sh_str person, struct sh_str secret,
                             struct sh_arena *arena, struct sh_err *err) {
    const struct sh_scope scope = {
        .places = (struct sh_str[]){{"", 0}}, .n_places = 1, .any_body = true, .any_part = true};
    struct sh_record old = {0};
    const sh_code code =
        sh_record_find(txn, &scope, SH_STR("factors"), person, sh_as_of_day(ANY_DAY), arena, &old, err);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    const bool is_new = code == SH_E_NOTFOUND;
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("factors"),
                                            .id = is_new ? (struct sh_str){"", 0} : old.id,
                                            .key = person,
                                            .expected_version = is_new ? 0 : old.newest_version,
                                            .labels = {.body = person, .part = SH_STR("secret")},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = SH_STR("{}"),
                                            .sealed = secret};
    return sh_record_put(txn, &change, &ref, err);
}

sh_code sh_person_put(struct sh_txn *txn, const struct sh_person_new *person, struct sh_arena *arena,
                      char ret_id[SH_ID_TEXT + 1], struct sh_err *err) {
    const struct sh_field name = {.mask = SH_MASK_NAME};
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0}, sealed = {0};
    struct sh_json json;
    sh_json_begin(&json, &open);
    sh_json_object(&json);
    sh_json_put_str(&json, "login", person->login);
    sh_json_put_str(&json, "name", sh_field_mask(&name, person->name, arena));
    sh_json_put_str(&json, "body", person->body);
    sh_json_put_str(&json, "place", person->place);
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    sh_json_begin(&json, &sealed);
    sh_json_object(&json);
    sh_json_put_str(&json, "name", person->name);
    sh_json_put_str(&json, "phone", person->phone);
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("people"),
                                            .key = person->login,
                                            .labels = {.body = person->body, .place = person->place},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = sh_buf_view(&open),
                                            .sealed = sh_buf_view(&sealed),
                                            .search = person->login};
    SH_TRY(sh_record_put(txn, &change, &ref, err));
    const struct sh_value values[] = {SH_TEXT(sh_str_of(ref.id)), SH_TEXT(person->login),
                                      SH_TEXT(sh_str_of(person->hash)), SH_I64(sh_txn_now(txn))};
    SH_TRY(
        sh_sql_run(txn,
                   "insert into gate_account (person, login, state, hash, renews, factor_step, has_factor, "
                   "created_at, changed_at) values ($1, $2, 'active', $3, 1, 0, 0, $4, $4)",
                   values, 4, NULL, err));
    memcpy(ret_id, ref.id, SH_ID_TEXT + 1);
    return SH_OK;
}

static sh_code grant_json(const struct sh_grant *grant, struct sh_buf *open, struct sh_err *err) {
    struct sh_json json;
    sh_json_begin(&json, open);
    sh_json_object(&json);
    sh_json_put_str(&json, "person", grant->person);
    sh_json_put_str(&json, "role", grant->role);
    sh_json_put_str(&json, "body", grant->body);
    sh_json_put_str(&json, "place", grant->place);
    sh_json_key(&json, "from");
    sh_json_date(&json, grant->from);
    sh_json_key(&json, "to");
    sh_json_date(&json, grant->to);
    sh_json_put_str(&json, "state", grant->state);
    sh_json_put_str(&json, "asked_by", grant->asked_by);
    sh_json_put_str(&json, "decided_by", grant->decided_by);
    sh_json_put_str(&json, "why", grant->why);
    sh_json_put_str(&json, "contract", grant->contract);
    if (grant->reviewed_on) {
        sh_json_key(&json, "reviewed_on");
        sh_json_date(&json, grant->reviewed_on);
        sh_json_put_str(&json, "reviewed_by", grant->reviewed_by);
        sh_json_put_str(&json, "review", grant->review);
    }
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}

sh_code sh_grant_put(struct sh_txn *txn, const struct sh_grant *grant, struct sh_arena *arena,
                     char ret_id[SH_ID_TEXT + 1], struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    SH_TRY(grant_json(grant, &open, err));
    char token[17];
    sh_token_new(8, token);
    const bool is_new = grant->id.len == 0;
    size_t len = 0;
    const char *key = sh_arena_printf(arena, &len, "%.*s.%s", SH_ARG(grant->person), token);
    if (!key)
        return sh_fail(err, SH_E_NOMEM, "no room for a grant");
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("grants"),
                                            .id = grant->id,
                                            .key = is_new ? (struct sh_str){key, len} : grant->key,
                                            .expected_version = grant->version,
                                            .labels = {.body = grant->body, .place = grant->place},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = sh_buf_view(&open)};
    SH_TRY(sh_record_put(txn, &change, &ref, err));
    const struct sh_value values[] = {
        SH_TEXT(sh_str_of(ref.id)), SH_TEXT(grant->person),   SH_TEXT(grant->role),
        SH_TEXT(grant->body),       SH_TEXT(grant->place),    SH_I64(grant->from),
        SH_I64(grant->to),          SH_TEXT(grant->state),    SH_TEXT(grant->asked_by),
        SH_TEXT(grant->decided_by), SH_TEXT(grant->contract), SH_I64(grant->reviewed_on)};
    SH_TRY(sh_sql_run(
        txn,
        "insert into gate_grant (id, person, role, body, place, valid_from, valid_to, state, asked_by, "
        "decided_by, contract, reviewed_on) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
        "on conflict (id) do update set state = excluded.state, valid_to = excluded.valid_to, "
        "decided_by = excluded.decided_by, reviewed_on = excluded.reviewed_on",
        values, 12, NULL, err));
    memcpy(ret_id, ref.id, SH_ID_TEXT + 1);
    return SH_OK;
}

static sh_code day_of(struct sh_str text, int32_t *ret, struct sh_err *err) {
    return sh_date_scan(text.at, text.len, ret) == SH_DATE_OK
               ? SH_OK
               : sh_fail(err, SH_E_CORRUPT, "a grant on record has a date that does not read back");
}

sh_code sh_grant_get(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                     struct sh_arena *arena, struct sh_grant *ret, struct sh_err *err) {
    struct sh_record record;
    SH_TRY(sh_record_get(txn, scope, id, sh_as_of_day(ANY_DAY), false, arena, &record, err));
    if (!sh_str_is(record.register_name, "grants"))
        return sh_fail(err, SH_E_NOTFOUND, "no such grant");
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("grant", record.open, &root, err));
    *ret = (struct sh_grant){.id = record.id,
                             .key = record.key,
                             .version = record.newest_version,
                             .person = sh_member(root, "person", arena),
                             .role = sh_member(root, "role", arena),
                             .body = sh_member(root, "body", arena),
                             .place = sh_member(root, "place", arena),
                             .state = sh_member(root, "state", arena),
                             .asked_by = sh_member(root, "asked_by", arena),
                             .decided_by = sh_member(root, "decided_by", arena),
                             .why = sh_member(root, "why", arena),
                             .contract = sh_member(root, "contract", arena),
                             .reviewed_by = sh_member(root, "reviewed_by", arena),
                             .review = sh_member(root, "review", arena)};
    const struct sh_str reviewed = sh_member(root, "reviewed_on", arena);
    if (reviewed.len)
        SH_TRY(day_of(reviewed, &ret->reviewed_on, err));
    SH_TRY(day_of(sh_member(root, "from", arena), &ret->from, err));
    return day_of(sh_member(root, "to", arena), &ret->to, err);
}

sh_code sh_grant_clash(struct sh_txn *txn, const struct sh_roles *roles, const struct sh_grant *grant,
                       struct sh_arena *arena, const struct sh_role_pair **ret, struct sh_str *ret_other,
                       struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(grant->person), SH_I64(grant->to), SH_I64(grant->from),
                                      SH_TEXT(grant->id)};
    *ret = NULL;
    SH_TRY(sh_sql_query(txn,
                        "select role from gate_grant where person = $1 and state in ('asked', 'granted') "
                        "and valid_from < $2 and valid_to > $3 and id <> $4",
                        values, 4, arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows && !*ret; i++) {
        *ret_other = sh_cell(&rows, i, 0)->str;
        *ret = sh_roles_forbid(roles, grant->role, *ret_other);
    }
    return SH_OK;
}

sh_code sh_body_get(struct sh_txn *txn, struct sh_str code, struct sh_arena *arena, struct sh_body *ret,
                    struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    struct sh_record record;
    const int32_t today = sh_day_of_time(sh_txn_now(txn) + SH_SHANGHAI_SECONDS);
    SH_TRY(sh_record_find(txn, &all, SH_STR("bodies"), code, sh_as_of_day(today), arena, &record, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("body", record.open, &root, err));
    *ret = (struct sh_body){.name = sh_member(root, "name", arena),
                            .kind = sh_member(root, "kind", arena),
                            .place = sh_member(root, "place", arena)};
    return SH_OK;
}
