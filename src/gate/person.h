/* People and grants on record: a person is a record of the register "people" (its id is the actor of all
 * acts), a grant one of "grants" with a row in gate_grant for speed. Inner header. */
#pragma once
#include "gate/auth.h"

/** The secret of the second factor, from its sealed record. Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_person_secret(struct sh_txn *txn, struct sh_str person, struct sh_arena *arena,
                                 char ret[33], struct sh_err *err);
SH_MUST sh_code sh_person_secret_put(struct sh_txn *txn, struct sh_str person, struct sh_str secret,
                                     struct sh_arena *arena, struct sh_err *err);

struct sh_person_new {
    struct sh_str login, name, phone, body, place;
    const char *hash; /* of the initial password */
};
/** Account and record. Errors: SH_E_CONFLICT the login is taken. */
SH_MUST sh_code sh_person_put(struct sh_txn *txn, const struct sh_person_new *person, struct sh_arena *arena,
                              char ret_id[SH_ID_TEXT + 1], struct sh_err *err);

struct sh_grant {
    struct sh_str id, key, person, role, body, place, state, asked_by, decided_by, why, contract, reviewed_by,
        review;
    int32_t from, to, reviewed_on; /* to exclusive; reviewed_on 0: never */
    int64_t version;               /* of the record; 0 new */
};
/** Write a grant's record and row; id empty: a new one. The state's rules are the caller's affair. */
SH_MUST sh_code sh_grant_put(struct sh_txn *txn, const struct sh_grant *grant, struct sh_arena *arena,
                             char ret_id[SH_ID_TEXT + 1], struct sh_err *err);
/** Newest version by id, in scope. Errors: SH_E_NOTFOUND. */
SH_MUST sh_code sh_grant_get(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                             struct sh_arena *arena, struct sh_grant *ret, struct sh_err *err);
/**
 * The first pair that forbids `role` beside a role the person holds or has been asked for in from … to; NULL
 * none. ret_other  that role. except: id of a grant to leave out.
 */
SH_MUST sh_code sh_grant_clash(struct sh_txn *txn, const struct sh_roles *roles, const struct sh_grant *grant,
                               struct sh_arena *arena, const struct sh_role_pair **ret,
                               struct sh_str *ret_other, struct sh_err *err);
/** A grant as the API shows it. */
void sh_grant_show(struct sh_json *json, const struct sh_grant *grant);
/** Last day of a contract in force today with a body; `reg` is the register of contracts. SH_E_NOTFOUND:
 * none. */
SH_MUST sh_code sh_contract_last_day(struct sh_txn *txn, struct sh_str reg, struct sh_str number,
                                     struct sh_str body, struct sh_arena *arena, int32_t *ret,
                                     struct sh_err *err);
/** A body on record today, in the arena; "" what it does not say. Errors: SH_E_NOTFOUND. */
struct sh_body {
    struct sh_str name, kind, place;
};
SH_MUST sh_code sh_body_get(struct sh_txn *txn, struct sh_str code, struct sh_arena *arena,
                            struct sh_body *ret, struct sh_err *err);
/** Text member of an object in an arena's text; "" when missing. */
struct sh_str sh_member(const json_t *object, const char *key, struct sh_arena *arena);
/** Newest of all: an open day today, all knowledge. */
struct sh_as_of sh_as_of_day(int32_t day);
/** Sessions and keys of a person end; a new initial password without second factor; the account is closed.
 * With leaf. */
SH_MUST sh_code sh_account_end_sessions(struct sh_txn *txn, struct sh_str person, struct sh_err *err);
SH_MUST sh_code sh_account_reset(struct sh_txn *txn, struct sh_str person, const char *hash,
                                 struct sh_err *err);
SH_MUST sh_code sh_account_disable(struct sh_txn *txn, struct sh_str person, struct sh_err *err);
/** A random initial password. */
void sh_password_make(char ret[SH_PASSWORD_MADE + 1]);
