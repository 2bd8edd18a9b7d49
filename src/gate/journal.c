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
