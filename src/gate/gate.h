/* The gate: HTTP, people and their sessions, registers and the JSON API over the store. Described for its
 * users in docs/openapi.yaml and docs/server.md. */
#pragma once
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "matter/matter.h"
#include "store/store.h"
#include <stdio.h>

struct sh_gate;

/** Borrowed for the life of the gate. */
struct sh_gate_options {
    const char *data_dir, *database_url;   /* as of the store; database_url NULL: SQLite */
    const char *keys_dir, *passphrase;     /* NULL: the store's own choice, none */
    const char *lake_dir;                  /* claims; NULL: no findings */
    const char *law_dir;                   /* with registers/ and roles.yaml */
    const char *openapi_path;              /* NULL: the description is not served */
    const char *rules_dir, *knowledge_dir; /* NULL: no rules to read or to try */
    const char *pages_dir;                 /* built pages with index.html; NULL: none are served */
    const char *program;                   /* path of shouhu, for jobs */
    const char *host;
    uint16_t port;    /* 0: the system chooses */
    unsigned threads; /* that read; 0: 4 */
    const struct sh_clock *clock;
    FILE *log; /* NULL: none */
};

enum { SH_GATE_MIGRATIONS_MAX = 64 };
/** The tables of the gate and of the rooms below it, for whoever opens or restores the store; gives their
 * number. */
size_t sh_gate_migrations(struct sh_migration out[SH_GATE_MIGRATIONS_MAX]);
/** Open the store with the gate's tables. Also for `shouhu user`. Errors: those of sh_store_open. */
SH_MUST sh_code sh_gate_store_open(const struct sh_gate_options *options, bool create, struct sh_store **ret,
                                   struct sh_err *err);
/** The same beside a running server; without one it also migrates, and makes a store when `create`. */
SH_MUST sh_code sh_gate_store_beside(const struct sh_gate_options *options, bool create,
                                     struct sh_store **ret, struct sh_err *err);
/** What the gate and the rooms below it repeat of an erased record goes with it: `also` of sh_store_erase. */
SH_MUST sh_code sh_gate_forget(struct sh_txn *txn, void *ctx, struct sh_err *err);
/** Load texts, open the store, start listening. Errors: SH_E_INPUT texts or address; those of the store. */
SH_MUST sh_code sh_gate_start(const struct sh_gate_options *options, struct sh_gate **ret,
                              struct sh_err *err);
uint16_t sh_gate_port(const struct sh_gate *gate);
/** Take nothing new, finish what is under way (at most `seconds`), stop jobs, close the store, free. NULL is
 * fine. */
void sh_gate_stop(struct sh_gate *gate, int seconds);

/* ---- the first accounts, from the command line -------------------------------------------------------- */

enum { SH_PASSWORD_MADE = 23 };
struct sh_user_new {
    struct sh_str login, name;
    struct sh_str role; /* of law/roles.yaml */
    struct sh_str body, body_name,
        place;               /* code of the body; name and place needed when it is not on record yet */
    struct sh_str body_kind; /* "bureau" … */
    int32_t until;           /* last day of the grant */
};
/**
 * Open an account with one grant and an initial password that must be changed at the first sign-in.
 * Only administrators' and approvers' roles are given here: all others are asked for and approved by two
 * persons. Errors: SH_E_CONFLICT the login is taken; SH_E_INPUT; those of the store.
 */
SH_MUST sh_code sh_user_add(struct sh_store *store, const char *law_dir, const struct sh_user_new *user,
                            char ret_password[SH_PASSWORD_MADE + 1], struct sh_err *err);
/** A new initial password; the second factor is taken off and must be set up again. */
SH_MUST sh_code sh_user_reset(struct sh_store *store, struct sh_str login,
                              char ret_password[SH_PASSWORD_MADE + 1], struct sh_err *err);
/** Lift a lock-out. */
SH_MUST sh_code sh_user_unlock(struct sh_store *store, struct sh_str login, struct sh_err *err);
/** Close an account: sessions and keys end now. */
SH_MUST sh_code sh_user_disable(struct sh_store *store, struct sh_str login, struct sh_err *err);
/** One line an account: login, state, roles. */
SH_MUST sh_code sh_user_list(struct sh_store *store, FILE *out, struct sh_err *err);

/** Answer one request without a network: method, target, headers as the fuzzer and tests give them. */
struct sh_gate_probe {
    const char *method, *target, *cookie, *csrf, *if_match, *idempotency;
    struct sh_str body;
};
/** Status, or 0 when there is no such method. `out` gets the body. */
int sh_gate_probe(struct sh_gate *gate, const struct sh_gate_probe *probe, struct sh_buf *out);

/* ---- findings become items ----------------------------------------------------------------------------- */

struct sh_findings_load {
    struct sh_str run, body, procedure, actor; /* LAKE/audits/RUN; agency; "claim-batch"; account */
};
/**
 * Put the findings of a kept run of options->lake_dir into the batches of their institution and month, beside
 * a running server too. Findings without institution or day stay out. Taken up again after a kill, no row
 * twice. Errors: SH_E_NOTFOUND no such run, body or procedure; those of the store.
 */
SH_MUST sh_code sh_gate_findings_load(const struct sh_gate_options *options,
                                      const struct sh_findings_load *load, struct sh_load_report *ret,
                                      struct sh_err *err);

/* ---- cases become the frame of a draw -------------------------------------------------------------------
 */

struct sh_frame_load {
    struct sh_str matter, actor; /* number or id of a matter with a month; account */
};
/**
 * Put the inpatient cases of options->lake_dir whose stay ended in the matter's month into its frame, beside
 * a running server too; again: the same cases are written anew. Errors: SH_E_NOTFOUND no such matter;
 * SH_E_INPUT its frame is fixed; those of lake and store.
 */
SH_MUST sh_code sh_gate_frame_load(const struct sh_gate_options *options, const struct sh_frame_load *load,
                                   struct sh_units_report *ret, struct sh_err *err);
