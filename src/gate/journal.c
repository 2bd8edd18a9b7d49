/* The journal as others check it: newest head, proofs. What the bytes are stands in docs/journal.md. */
#include "base/date.h"
#include "base/decimal.h"
#include "gate/entry.h"
#include "gate/handlers.h"

struct asking {
    struct sh_request *rq;
    struct sh_head head;
    int64_t a, b; /* position or first size, second size */
    const uint8_t *hashes;
    size_t n;
};

static void put_hex(struct sh_json *json, struct sh_arena *arena, const char *key, const void *bytes,
                    size_t len) {
    char *text = sh_new(arena, char, 2 * len + 1);
    if (text)
        sh_hex(bytes, len, text);
    sh_json_put_text(json, key, text);
}

static sh_code read_head(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *asking = ctx;
    return sh_journal_head(txn, &asking->rq->arena, &asking->head, err);
}

sh_code sh_api_journal_head(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking asking = {.rq = rq};
    SH_TRY(sh_store_read(gate->store, read_head, &asking, err));
    char at[SH_TIME_TEXT_MAX];
    sh_time_format_iso(asking.head.at, "Z", at);
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_i64(&json, "size", (int64_t)asking.head.size);
    put_hex(&json, &rq->arena, "root", asking.head.root, SH_DIGEST_BYTES);
    sh_json_put_text(&json, "at", at);
    sh_json_put_i64(&json, "epoch", asking.head.epoch);
    put_hex(&json, &rq->arena, "bytes", asking.head.bytes.at, asking.head.bytes.len);
    put_hex(&json, &rq->arena, "signature", asking.head.signature.at, asking.head.signature.len);
    put_hex(&json, &rq->arena, "key", asking.head.key, SH_DIGEST_BYTES);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static sh_code number_arg(struct sh_request *rq, const char *name, int64_t *ret, struct sh_err *err) {
    const struct sh_str text = sh_target_arg(&rq->target, name);
    if (sh_decimal_scan(text.at, text.len, 0, ret) != SH_DECIMAL_OK || *ret < 0)
        return sh_refused(sh_refuse(rq, GATE_BAD_REQUEST, "%s: a whole number", name), err);
    return SH_OK;
}

static sh_code answer_proof(struct sh_request *rq, const struct asking *asking, const char *first,
                            struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_i64(&json, first, asking->a);
    sh_json_put_i64(&json, "size", asking->b);
    sh_json_key(&json, "hashes");
    sh_json_array(&json);
    for (size_t i = 0; i < asking->n; i++) {
        char hex[SH_DIGEST_HEX_MAX];
        sh_hex(asking->hashes + i * SH_DIGEST_BYTES, SH_DIGEST_BYTES, hex);
        sh_json_str(&json, sh_str_of(hex));
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static sh_code inclusion(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *asking = ctx;
    return sh_journal_inclusion(txn, (uint64_t)asking->a, (uint64_t)asking->b, &asking->rq->arena,
                                &asking->hashes, &asking->n, err);
}

sh_code sh_api_journal_inclusion(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking asking = {.rq = rq};
    SH_TRY(number_arg(rq, "position", &asking.a, err));
    SH_TRY(number_arg(rq, "size", &asking.b, err));
    SH_TRY(sh_store_read(gate->store, inclusion, &asking, err));
    return answer_proof(rq, &asking, "position", err);
}

static sh_code consistency(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *asking = ctx;
    return sh_journal_consistency(txn, (uint64_t)asking->a, (uint64_t)asking->b, &asking->rq->arena,
                                  &asking->hashes, &asking->n, err);
}

sh_code sh_api_journal_consistency(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct asking asking = {.rq = rq};
    SH_TRY(number_arg(rq, "from", &asking.a, err));
    SH_TRY(number_arg(rq, "size", &asking.b, err));
    SH_TRY(sh_store_read(gate->store, consistency, &asking, err));
    return answer_proof(rq, &asking, "from", err);
}

/* ---- witnesses --------------------------------------------------------------------------------------- */

/* The head with its proof, as `shouhu witness sign` and tools/verify-bundle read it; no record's content. */
sh_code sh_api_journal_bundle(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_scope none = {0};
    int64_t from = 0;
    if (sh_target_arg(&rq->target, "from_size").at)
        SH_TRY(number_arg(rq, "from_size", &from, err));
    const struct sh_bundle_ask ask = {.scope = &none,
                                      .from_size = (uint64_t)from,
                                      .witnessed =
                                          sh_str_is(sh_target_arg(&rq->target, "witnessed"), "true")};
    SH_TRY(sh_store_export(gate->store, &ask, &rq->out, err));
    rq->status = 200;
    rq->content_type = "text/plain; charset=utf-8";
    return SH_OK;
}

struct witnesses {
    struct sh_arena *arena;
    const struct sh_witnessed *of;
    size_t n;
};

static sh_code read_witnesses(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct witnesses *witnesses = ctx;
    return sh_journal_witnesses(txn, witnesses->arena, &witnesses->of, &witnesses->n, err);
}

sh_code sh_api_journal_witnesses(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct witnesses witnesses = {.arena = &rq->arena};
    SH_TRY(sh_store_read(gate->store, read_witnesses, &witnesses, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < witnesses.n; i++) {
        char at[SH_TIME_TEXT_MAX];
        sh_time_format_iso(witnesses.of[i].at, "Z", at);
        sh_json_object(&json);
        put_hex(&json, &rq->arena, "key", witnesses.of[i].key, SH_DIGEST_BYTES);
        sh_json_put_str(&json, "body", witnesses.of[i].name);
        sh_json_put_i64(&json, "size", (int64_t)witnesses.of[i].size);
        sh_json_put_text(&json, "at", at);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

struct cosigning {
    struct sh_request *rq;
    struct sh_gate *gate;
    struct sh_cosignature given;
    char key[SH_DIGEST_HEX_MAX];
};

/* The key stands on record as the key of a body for which the caller witnesses. */
static sh_code find_witness(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct cosigning *cosigning = ctx;
    struct sh_request *rq = cosigning->rq;
    const struct sh_scope all = sh_scope_all();
    struct sh_record record;
    SH_TRY(sh_record_find(txn, &all, SH_STR("witnesses"), sh_str_of(cosigning->key),
                          sh_as_of_day(sh_gate_today(cosigning->gate)), &rq->arena, &record, err));
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_role *role =
            sh_role_find(cosigning->gate->roles, sh_str_of(rq->caller.grants[i].role));
        if (role && sh_role_may(role, SH_STR("journal.witness")) &&
            sh_str_is(record.labels.body, rq->caller.grants[i].body)) {
            cosigning->given.name = record.labels.body;
            return SH_OK;
        }
    }
    return sh_fail(err, SH_E_NOTFOUND, "the key of another body");
}

static sh_code refuse_answer(struct sh_request *rq, const char *message) {
    struct sh_faults faults = {0};
    sh_faults_add(rq, &faults, SH_STR("cosignature"), 0, "%s", message);
    return sh_refuse_fields(rq, &faults);
}

sh_code sh_api_journal_cosign(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct cosigning cosigning = {.rq = rq, .gate = gate};
    uint8_t fingerprint[SH_DIGEST_BYTES];
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    sh_code code = sh_cosignature_read(sh_member(root, "cosignature", &rq->arena), &rq->arena,
                                       &cosigning.given, fingerprint, err);
    if (code == SH_E_INPUT)
        return refuse_answer(rq, err->message);
    SH_TRY(code);
    sh_hex(fingerprint, sizeof fingerprint, cosigning.key);
    code = sh_store_read(gate->store, find_witness, &cosigning, err);
    if (code == SH_E_NOTFOUND)
        return sh_refuse(rq, GATE_FORBIDDEN, SH_SAY(rq, NO_SUCH_WITNESS));
    SH_TRY(code);
    const struct sh_act act = {.actor = sh_str_of(rq->caller.person), .why = SH_STR("witness")};
    code = sh_store_cosign(gate->store, &act, &cosigning.given, err);
    if (code == SH_E_INPUT || code == SH_E_CORRUPT)
        return refuse_answer(rq, err->message);
    SH_TRY(code);
    rq->status = 204;
    return SH_OK;
}
