/* The first accounts, from the command line of the machine that holds the data. */
#include "base/clock.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/gate.h"
#include "gate/password.h"
#include "gate/person.h"
#include <inttypes.h>
#include <sodium.h>

struct adding {
    const struct sh_user_new *user;
    const struct sh_roles *roles;
    const char *hash;
    struct sh_arena *arena;
};

static const struct sh_act console = {.actor = {"console", 7}, .why = {"command line", 12}};

/* 23 characters, 20 of them of 56 that are not mistaken for each other: over 100 bits; the ends fix the kinds
 * the rules ask for. */
static void password_make(char ret[SH_PASSWORD_MADE + 1]) {
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    for (size_t i = 0; i < SH_PASSWORD_MADE; i++)
        ret[i] = i % 6 == 5 ? '-' : alphabet[randombytes_uniform(sizeof alphabet - 1)];
    ret[0] = alphabet[randombytes_uniform(24)];
    ret[1] = alphabet[24 + randombytes_uniform(24)];
    ret[2] = alphabet[48 + randombytes_uniform(8)];
    ret[SH_PASSWORD_MADE] = '\0';
}

static sh_code put_body(struct sh_txn *txn, const struct sh_user_new *user, struct sh_err *err) {
    if (user->body_name.len == 0 || user->place.len == 0 || user->body_kind.len == 0)
        return sh_fail(err, SH_E_INPUT, "the body %.*s is not on record yet: give its name, kind and place",
                       SH_ARG(user->body));
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0}, search = {0};
    struct sh_json json;
    sh_json_begin(&json, &open);
    sh_json_object(&json);
    const struct {
        const char *name;
        struct sh_str value;
    } fields[] = {
        {"code", user->body}, {"name", user->body_name}, {"kind", user->body_kind}, {"place", user->place}};
    /* As an entry of the register is found: by words, and exactly by each field. */
    sh_buf_addf(&search, "%.*s %.*s", SH_ARG(user->body), SH_ARG(user->body_name));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        sh_json_put_str(&json, fields[i].name, fields[i].value);
        sh_search_add_term(&search, sh_str_of(fields[i].name), fields[i].value);
    }
    SH_TRY(sh_buf_check(&search, err));
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("bodies"),
                                            .key = user->body,
                                            .labels = {.place = user->place},
                                            .valid_from =
                                                sh_day_of_time(sh_txn_now(txn) + SH_SHANGHAI_SECONDS),
                                            .valid_to = SH_DAY_OPEN,
                                            .open = sh_buf_view(&open),
                                            .search = sh_buf_view(&search)};
    return sh_record_put(txn, &change, &ref, err);
}

static sh_code check_role(const struct adding *adding, struct sh_str kind, struct sh_err *err) {
    const struct sh_user_new *user = adding->user;
    const struct sh_role *role = sh_role_find(adding->roles, user->role);
    if (!role)
        return sh_fail(err, SH_E_INPUT, "no role %.*s in law/roles.yaml", SH_ARG(user->role));
    if (!role->is_administrator && !sh_role_may(role, SH_STR("grants.approve")))
        return sh_fail(err, SH_E_INPUT,
                       "the command line gives administrators' and approvers' roles only; %.*s is asked for "
                       "and approved "
                       "by two persons in the program",
                       SH_ARG(user->role));
    for (size_t i = 0; i < role->n_at; i++)
        if (sh_str_eq(role->at[i], kind))
            return SH_OK;
    return sh_fail(err, SH_E_INPUT, "the role %.*s is not held at a body of kind %.*s", SH_ARG(user->role),
                   SH_ARG(kind));
}

static sh_code add(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct adding *adding = ctx;
    const struct sh_user_new *user = adding->user;
    struct sh_body body;
    sh_code code = sh_body_get(txn, user->body, adding->arena, &body, err);
    if (code == SH_E_NOTFOUND) {
        SH_TRY(put_body(txn, user, err));
        body = (struct sh_body){.name = user->body_name, .kind = user->body_kind, .place = user->place};
        code = SH_OK;
    }
    SH_TRY(code);
    SH_TRY(check_role(adding, body.kind, err));
    const struct sh_person_new person = {.login = user->login,
                                         .name = user->name,
                                         .body = user->body,
                                         .place = body.place,
                                         .hash = adding->hash};
    char id[SH_ID_TEXT + 1], grant_id[SH_ID_TEXT + 1];
    code = sh_person_put(txn, &person, adding->arena, id, err);
    if (code == SH_E_CONFLICT)
        return sh_fail(err, SH_E_CONFLICT, "the login is taken");
    SH_TRY(code);
    const struct sh_grant grant = {.person = sh_str_of(id),
                                   .role = user->role,
                                   .body = user->body,
                                   .place = body.place,
                                   .state = SH_STR("granted"),
                                   .asked_by = console.actor,
                                   .decided_by = console.actor,
                                   .why = SH_STR("first account"),
                                   .from = sh_day_of_time(sh_txn_now(txn) + SH_SHANGHAI_SECONDS),
                                   .to = user->until + 1};
    return sh_grant_put(txn, &grant, adding->arena, grant_id, err);
}

static sh_code check_login(struct sh_str login, struct sh_err *err) {
    for (size_t i = 0; i < login.len; i++) {
        const char c = login.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return sh_fail(err, SH_E_INPUT, "a login has only a-z, 0-9, _ - and .");
    }
    return login.len >= 2 && login.len <= 64 ? SH_OK
                                             : sh_fail(err, SH_E_INPUT, "a login has 2 to 64 characters");
}

sh_code sh_user_add(struct sh_store *store, const char *law_dir, const struct sh_user_new *user,
                    char ret_password[SH_PASSWORD_MADE + 1], struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_TRY(check_login(user->login, err));
    char path[SH_PATH_BYTES_MAX], hash[SH_PASSWORD_HASH_MAX];
    struct adding adding = {.user = user, .hash = hash, .arena = &arena};
    SH_TRY(sh_path_join(path, law_dir, "roles.yaml", err));
    SH_TRY(sh_roles_load(path, &arena, &adding.roles, err));
    password_make(ret_password);
    SH_TRY(sh_password_hash(sh_str_of(ret_password), hash, err));
    return sh_store_write(store, &console, add, &adding, NULL, err);
}

/* ---- what an administrator does at the machine ------------------------------------------------------- */

struct repair {
    struct sh_str login;
    const char *hash;
    struct sh_arena *arena;
};

static sh_code person_of(struct sh_txn *txn, const struct repair *repair, struct sh_str *ret,
                         struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(repair->login)};
    SH_TRY(sh_sql_query(txn, "select person from gate_account where login = $1", values, 1, repair->arena,
                        &rows, err));
    if (rows.n_rows != 1)
        return sh_fail(err, SH_E_NOTFOUND, "no account %.*s", SH_ARG(repair->login));
    *ret = sh_cell(&rows, 0, 0)->str;
    return SH_OK;
}

sh_code sh_account_end_sessions(struct sh_txn *txn, struct sh_str person, struct sh_err *err) {
    const struct sh_value values[] = {SH_TEXT(person), SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(txn, "delete from gate_session where person = $1", values, 1, NULL, err));
    return sh_sql_run(txn, "update gate_key set revoked_at = $2 where person = $1 and revoked_at = 0", values,
                      2, NULL, err);
}

sh_code sh_account_reset(struct sh_txn *txn, struct sh_str person, const char *hash, struct sh_err *err) {
    const struct sh_value values[] = {SH_TEXT(person), SH_TEXT(sh_str_of(hash)), SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(txn,
                      "update gate_account set hash = $2, renews = 1, has_factor = 0, changed_at = $3 "
                      "where person = $1",
                      values, 3, NULL, err));
    SH_TRY(sh_account_end_sessions(txn, person, err));
    return sh_gate_leaf(txn, "account.reset", sh_str_of(hash), err);
}

sh_code sh_account_disable(struct sh_txn *txn, struct sh_str person, struct sh_err *err) {
    const struct sh_value values[] = {SH_TEXT(person), SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(txn, "update gate_account set state = 'closed', changed_at = $2 where person = $1",
                      values, 2, NULL, err));
    SH_TRY(sh_account_end_sessions(txn, person, err));
    char nonce[33];
    sh_token_new(16, nonce);
    return sh_gate_leaf(txn, "account.close", sh_str_of(nonce), err);
}

static sh_code reset(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct repair *repair = ctx;
    struct sh_str person;
    SH_TRY(person_of(txn, repair, &person, err));
    return sh_account_reset(txn, person, repair->hash, err);
}

sh_code sh_user_reset(struct sh_store *store, struct sh_str login, char ret_password[SH_PASSWORD_MADE + 1],
                      struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char hash[SH_PASSWORD_HASH_MAX];
    password_make(ret_password);
    SH_TRY(sh_password_hash(sh_str_of(ret_password), hash, err));
    struct repair repair = {.login = login, .hash = hash, .arena = &arena};
    return sh_store_write(store, &console, reset, &repair, NULL, err);
}

void sh_password_make(char ret[SH_PASSWORD_MADE + 1]) {
    password_make(ret);
}

static sh_code unlock(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct repair *repair = ctx;
    struct sh_str person;
    SH_TRY(person_of(txn, repair, &person, err));
    char hash[65], subject[72];
    sh_token_hash(repair->login, hash);
    snprintf(subject, sizeof subject, "login:%s", hash);
    const struct sh_value values[] = {SH_TEXT(sh_str_of(subject))};
    SH_TRY(sh_sql_run(txn, "delete from gate_attempt where subject = $1", values, 1, NULL, err));
    char nonce[33];
    sh_token_new(16, nonce);
    return sh_gate_leaf(txn, "account.unlock", sh_str_of(nonce), err);
}

sh_code sh_user_unlock(struct sh_store *store, struct sh_str login, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct repair repair = {.login = login, .arena = &arena};
    return sh_store_write(store, &console, unlock, &repair, NULL, err);
}

static sh_code disable(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct repair *repair = ctx;
    struct sh_str person;
    SH_TRY(person_of(txn, repair, &person, err));
    return sh_account_disable(txn, person, err);
}

sh_code sh_user_disable(struct sh_store *store, struct sh_str login, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct repair repair = {.login = login, .arena = &arena};
    return sh_store_write(store, &console, disable, &repair, NULL, err);
}

struct listing {
    FILE *out;
    struct sh_arena *arena;
};

static sh_code list(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct listing *listing = ctx;
    struct sh_rows rows, roles;
    SH_TRY(sh_sql_query(txn, "select login, state, person, has_factor from gate_account order by login", NULL,
                        0, listing->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        fprintf(listing->out, "%-20.*s %-7.*s %s", SH_ARG(sh_cell(&rows, i, 0)->str),
                SH_ARG(sh_cell(&rows, i, 1)->str), sh_cell(&rows, i, 3)->i64 ? "2fa" : "-  ");
        const struct sh_value values[] = {SH_TEXT(sh_cell(&rows, i, 2)->str)};
        SH_TRY(sh_sql_query(
            txn, "select role, body from gate_grant where person = $1 and state = 'granted' order by role",
            values, 1, listing->arena, &roles, err));
        for (size_t k = 0; k < roles.n_rows; k++)
            fprintf(listing->out, " %.*s@%.*s", SH_ARG(sh_cell(&roles, k, 0)->str),
                    SH_ARG(sh_cell(&roles, k, 1)->str));
        fputc('\n', listing->out);
    }
    return SH_OK;
}

sh_code sh_user_list(struct sh_store *store, FILE *out, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct listing listing = {.out = out, .arena = &arena};
    return sh_store_read(store, list, &listing, err);
}
