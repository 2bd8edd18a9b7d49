/* Who asks, and may they: sessions, API keys, grants, scope. Inner header. */
#pragma once
#include "gate/inner.h"

enum {
    SH_SESSION_SECONDS = 8 * 3600, /* a working day, then sign in again */
    SH_SESSION_IDLE_SECONDS = 30 * 60,
    SH_SESSION_SEEN_SECONDS = 60,  /* how exactly `seen` is kept */
    SH_LOCK_FAILURES = 5,          /* by login */
    SH_LOCK_ADDRESS_FAILURES = 50, /* by address: an office sits behind one */
    SH_LOCK_WINDOW_SECONDS = 15 * 60,
    SH_LOCK_SECONDS = 15 * 60,
};

/**
 * Fill rq->caller from the cookie or the API key, check the CSRF token of a browser, the second factor and
 * the power the route needs. Answers with a refusal when something is missing.
 */
SH_MUST sh_code sh_auth(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err);

/** Of a request that sh_auth has gone through, or has refused: what is to be noted, if no other does it. */
void sh_seen_of(struct sh_request *rq, struct sh_seen *ret);
/** Write it, if there is anything to write; what fails is logged, and tried again by a later request. */
void sh_seen_note(struct sh_gate *gate, struct sh_seen *seen);

/** Does some grant of the caller carry the power? need as of a route. */
bool sh_caller_may(const struct sh_gate *gate, const struct sh_request *rq, const char *need);
/** Is some grant's role one of roles [n]? n 0: any role. */
bool sh_caller_is(const struct sh_request *rq, const struct sh_str *roles, size_t n);

/**
 * What the caller may see through those grants whose role has `power` (NULL: any) and is one of roles
 * [n_roles] (0: any). Roles of agencies, bureaus and town offices see every body of their place and below it;
 * all others their own body and public records. In the request's arena. Nothing fits: a scope that sees
 * nothing.
 */
SH_MUST sh_code sh_caller_scope(struct sh_gate *gate, struct sh_request *rq, const char *power,
                                const struct sh_str *roles, size_t n_roles, struct sh_scope *ret,
                                struct sh_err *err);
/** Do labels lie in the scope? As the store decides, for a record that is about to be written. */
bool sh_scope_holds(const struct sh_scope *scope, struct sh_str body, struct sh_str place);
/** Sees all: for checks of the program itself, never for an answer. */
struct sh_scope sh_scope_all(void);
/** "620100" → "6201": what the codes of everything below begin with. */
struct sh_str sh_place_prefix(struct sh_str place);

/** Grants of a person in force on a day, into caller->grants. */
SH_MUST sh_code sh_grants_read(struct sh_txn *txn, struct sh_request *rq, int32_t day, struct sh_err *err);

/** A write whose body may refuse (return gate_stop(…)); honours Idempotency-Key. */
SH_MUST sh_code sh_gate_write(struct sh_gate *gate, struct sh_request *rq, const char *why, sh_txn_body body,
                              void *ctx, struct sh_commit *ret, struct sh_err *err);
/** The same for sessions and counters: no leaf asked. */
SH_MUST sh_code sh_gate_write_quietly(struct sh_gate *gate, struct sh_request *rq, sh_txn_body body,
                                      void *ctx, struct sh_err *err);
/** A read whose body may refuse. */
SH_MUST sh_code sh_gate_read(struct sh_gate *gate, struct sh_request *rq, sh_txn_body body, void *ctx,
                             struct sh_err *err);
/** In a body: the refusal is made, roll back. */
static inline sh_code sh_stop(sh_code refused) {
    (void)refused;
    return SH_E_CANCELLED;
}
/** A leaf of the gate's own act; content is hashed only. */
SH_MUST sh_code sh_gate_leaf(struct sh_txn *txn, const char *type, struct sh_str content, struct sh_err *err);

/** Today in Shanghai; now in UTC. */
int32_t sh_gate_today(const struct sh_gate *gate);
int64_t sh_gate_now(const struct sh_gate *gate);
