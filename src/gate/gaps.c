/* Who lacks what a register says each must have: `complete` of its text, asked of the other register's
 * records. */
#include "gate/entry.h"
#include "gate/handlers.h"

enum { SCAN = 200 };

struct gaps {
    struct sh_gate *gate;
    struct sh_request *rq;
    const struct sh_register *reg, *of;
    struct sh_scope scope;
    struct sh_page_query query;
    size_t limit, n;
    struct sh_json json;
    struct sh_str next;
};

/* Is there one of that key on the day? Whoever may see the other record may know that. */
static sh_code has(struct sh_txn *txn, struct gaps *gaps, struct sh_str key, struct sh_str word, bool *ret,
                   struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    struct sh_record record;
    const char *whole = sh_arena_printf(&gaps->rq->arena, NULL, "%.*s|%.*s", SH_ARG(key), SH_ARG(word));
    if (!whole)
        return sh_fail(err, SH_E_NOMEM, "no room for a key");
    const sh_code code = sh_record_find(txn, &all, gaps->reg->id, sh_str_of(whole), gaps->query.as_of,
                                        &gaps->rq->arena, &record, err);
    *ret = code == SH_OK;
    return code == SH_E_NOTFOUND ? SH_OK : code;
}

static void put_head(struct gaps *gaps, const struct sh_record *record, const struct sh_str *values) {
    const int32_t name = sh_register_field(gaps->of, SH_STR("name"), false);
    sh_json_object(&gaps->json);
    sh_json_put_str(&gaps->json, "key", record->key);
    sh_json_put_str(&gaps->json, "name", name >= 0 ? values[name] : record->key);
    sh_json_key(&gaps->json, "missing");
    sh_json_array(&gaps->json);
}

static sh_code look_at(struct sh_txn *txn, struct gaps *gaps, const struct sh_record *record,
                       struct sh_err *err) {
    const struct sh_field *each = &gaps->reg->fields[gaps->reg->complete->each];
    struct sh_str *values = NULL;
    bool is_concerned = false, is_open = false;
    SH_TRY(sh_entry_read(gaps->of, record, &gaps->rq->arena, &values, err));
    const struct sh_register_asked asked = {.record = {values, record->valid_from, record->valid_to},
                                            .today = gaps->query.as_of.valid_on};
    SH_TRY(sh_register_concerns(gaps->reg, &asked, &gaps->rq->arena, &is_concerned, err));
    for (size_t i = 0; is_concerned && i < each->n_choices; i++) {
        bool is_there = false;
        SH_TRY(has(txn, gaps, record->key, each->choices[i].code, &is_there, err));
        if (is_there)
            continue;
        if (!is_open)
            put_head(gaps, record, values);
        is_open = true;
        sh_json_object(&gaps->json);
        sh_json_put_str(&gaps->json, "code", each->choices[i].code);
        sh_json_put_str(&gaps->json, "name",
                        gaps->rq->lang == SH_EN ? each->choices[i].english : each->choices[i].name);
        sh_json_object_end(&gaps->json);
    }
    if (is_open) {
        sh_json_array_end(&gaps->json);
        sh_json_object_end(&gaps->json);
        gaps->n++;
    }
    return SH_OK;
}

static sh_code read_gaps(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct gaps *gaps = ctx;
    struct sh_record_batch batch;
    sh_answer_begin(gaps->rq, 200, &gaps->json);
    sh_json_object(&gaps->json);
    sh_json_key(&gaps->json, "items");
    sh_json_array(&gaps->json);
    gaps->n = 0;
    gaps->query.limit = SCAN;
    SH_TRY(sh_record_scan(txn, &gaps->scope, &gaps->query, &gaps->rq->arena, &batch, err));
    gaps->next = batch.next;
    for (size_t i = 0; i < batch.n; i++) {
        if (gaps->n == gaps->limit) {
            gaps->next = batch.records[i - 1].key;
            break;
        }
        SH_TRY(look_at(txn, gaps, &batch.records[i], err));
    }
    return SH_OK;
}

sh_code sh_api_gaps(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct gaps gaps = {.gate = gate, .rq = rq};
    SH_TRY(sh_entry_register(gate, rq, &gaps.reg, err));
    if (!gaps.reg->complete)
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    gaps.of = gaps.reg->complete->of;
    SH_TRY(sh_entry_scope(gate, rq, gaps.of, &gaps.scope, err));
    SH_TRY(sh_arg_limit(rq, &gaps.limit, err));
    gaps.query = (struct sh_page_query){.register_name = gaps.of->id,
                                        .after_key = sh_target_arg(&rq->target, "after")};
    SH_TRY(sh_arg_as_of(gate, rq, &gaps.query.as_of, err));
    SH_TRY(sh_store_read(gate->store, read_gaps, &gaps, err));
    sh_json_array_end(&gaps.json);
    sh_json_key(&gaps.json, "next");
    if (gaps.next.len)
        sh_json_str(&gaps.json, gaps.next);
    else
        sh_json_null(&gaps.json);
    sh_json_object_end(&gaps.json);
    return sh_answer_end(rq, &gaps.json, err);
}
