/* What the handlers of matters share: who asks, in whose name and how the engine's answer is given on. Inner
 * header. */
#pragma once
#include "gate/request.h"
#include "matter/matter.h"

enum { SH_ASKING_VALUES = 128 };

/* What a handler reads or writes through the engine. */
struct asking {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_matter_who who;
    struct sh_failures failures;
    struct sh_desk desk; /* points into this very struct */
    json_t *body;
    struct sh_json json;
    int status;
    int64_t expected;
    struct sh_attachment file; /* taken in or handed out */
    struct sh_str purpose;     /* of what is taken away */
    struct sh_id_list ids;     /* of a proof */
    sh_code (*act)(struct sh_txn *txn, struct asking *asking, struct sh_err *err);
};
typedef sh_code (*sh_asking_act)(struct sh_txn *txn, struct asking *asking, struct sh_err *err);

/** The caller with those of his grants that have `power`, and what he may see. */
SH_MUST sh_code sh_asking_begin(struct sh_gate *gate, struct sh_request *rq, const char *power,
                                struct asking *ret, struct sh_err *err);
void sh_asking_end(struct asking *asking);
/** asking->act in a transaction that reads; ctx is the asking. */
SH_MUST sh_code sh_asking_run(struct sh_txn *txn, void *ctx, struct sh_err *err);
/** Answer with what `act` reads, to who has `power`; sh_asking_answer: matters.read. */
SH_MUST sh_code sh_asking_answer_as(struct sh_gate *gate, struct sh_request *rq, const char *power,
                                    sh_asking_act act, struct sh_err *err);
SH_MUST sh_code sh_asking_answer(struct sh_gate *gate, struct sh_request *rq, sh_asking_act act,
                                 struct sh_err *err);
/** Answer with what `act` writes; a refusal is answered with every failed condition, and kept. */
SH_MUST sh_code sh_asking_write(struct asking *a, const char *why, sh_asking_act act, struct sh_err *err);
/** Note that the caller has opened it, where a text asks for that. */
SH_MUST sh_code sh_asking_seen(struct asking *a, struct sh_str matter, struct sh_str what,
                               struct sh_err *err);
/** An argument of the address, a text of the body; empty: none. */
struct sh_str sh_asking_arg(const struct asking *a, const char *name);
struct sh_str sh_asking_member(const struct asking *a, const char *key);
/** Refuse (SH_E_CANCELLED) a body with other members than those known. */
SH_MUST sh_code sh_asking_only(struct asking *a, const char *const *known, size_t n, struct sh_err *err);
/** {field: text or null} of the body; ret [SH_ASKING_VALUES]. */
SH_MUST sh_code sh_asking_values(struct asking *a, struct sh_matter_value *ret, size_t *ret_n,
                                 struct sh_err *err);
/** Why goes into the versions: at most what the store takes. */
const char *sh_asking_why(struct asking *a);
