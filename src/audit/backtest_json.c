/* The back-test as JSON. */
#include "audit/audit.h"
#include "base/json.h"

static void put_group(struct sh_json *json, const struct sh_backtest_group *g) {
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"was", g->was},
        {"now", g->now},
        {"added", g->added},
        {"vanished", g->vanished},
        {"changed", g->changed},
        {"was_fen", g->was_fen},
        {"now_fen", g->now_fen},
        {"was_institutions", g->was_places},
        {"now_institutions", g->now_places},
        {"upheld", g->upheld},
        {"rejected", g->rejected},
        {"lost_upheld", g->lost_upheld},
        {"lost_rejected", g->lost_rejected},
    };
    sh_json_object(json);
    sh_json_put_str(json, "key", g->key);
    sh_json_put_str(json, "name", g->name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sh_json_put_i64(json, numbers[i].name, numbers[i].value);
    struct sh_precision p;
    const bool is_known = sh_backtest_precision(g, &p);
    sh_json_put_text(json, "share", is_known ? p.share : NULL);
    sh_json_put_text(json, "low", is_known ? p.low : NULL);
    sh_json_put_text(json, "high", is_known ? p.high : NULL);
    sh_json_object_end(json);
}

static void put_groups(struct sh_json *json, const char *key, const struct sh_backtest_groups *groups) {
    sh_json_key(json, key);
    sh_json_array(json);
    for (size_t i = 0; i < groups->n; i++)
        put_group(json, &groups->at[i]);
    sh_json_array_end(json);
}

sh_code sh_audit_backtest_json(const struct sh_backtest *backtest, struct sh_buf *out, struct sh_err *err) {
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_key(&json, "manifests");
    sh_json_array(&json);
    for (size_t i = 0; i < 2; i++)
        sh_json_i64(&json, (int64_t)backtest->runs[i].manifest);
    sh_json_array_end(&json);
    sh_json_key(&json, "all");
    put_group(&json, &backtest->all);
    put_groups(&json, "rules", &backtest->rules);
    put_groups(&json, "institutions", &backtest->places);
    put_groups(&json, "findings", &backtest->moved);
    put_groups(&json, "lost", &backtest->lost);
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}
