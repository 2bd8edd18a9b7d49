/* What a whole run came to: every answer of every rule, as run.json keeps it. */
#include "base/fs.h"
#include "base/limits.h"
#include "gate/find.h"
#include "gate/handlers.h"

static int64_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static struct sh_str text_of(const json_t *object, const char *key) {
    return sh_str_of(json_string_value(json_object_get(object, key)));
}

/* "hit": [subjects, lines, fen] */
static void put_answer(struct sh_json *json, const json_t *rule, const char *key) {
    static const char *const names[] = {"subjects", "lines", "fen"};
    const json_t *counts = json_object_get(rule, key);
    sh_json_key(json, key);
    sh_json_object(json);
    for (size_t i = 0; i < 3; i++)
        sh_json_put_i64(json, names[i], json_integer_value(json_array_get(counts, i)));
    sh_json_object_end(json);
}

static void put_fields(struct sh_json *json, const json_t *fields) {
    sh_json_key(json, "fields");
    sh_json_array(json);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        sh_json_object(json);
        sh_json_put_text(json, "field", json_string_value(json_object_get(field, "field")));
        sh_json_put_bool(json, "exempt", json_is_true(json_object_get(field, "exempt")));
        sh_json_put_i64(json, "subjects",
                        json_integer_value(json_array_get(json_object_get(field, "count"), 0)));
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

static void put_rule(const struct sh_find *find, struct sh_json *json, const json_t *rule) {
    static const char *const numbers[] = {"number",         "not_concerned_lines", "findings",
                                          "amount_fen",     "counted_fen",         "fund_fen",
                                          "unknown_amounts"};
    sh_json_object(json);
    const struct sh_str id = text_of(rule, "id");
    sh_json_put_str(json, "id", id);
    sh_json_put_str(json, "name", sh_rule_title(find->gate, find->rq, id, text_of(rule, "name")));
    sh_json_put_str(json, "version", text_of(rule, "version"));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sh_json_put_i64(json, numbers[i], number_of(rule, numbers[i]));
    put_answer(json, rule, "hit");
    put_answer(json, rule, "clear");
    put_answer(json, rule, "exempt");
    put_answer(json, rule, "not_evaluated");
    put_fields(json, json_object_get(rule, "fields"));
    sh_json_object_end(json);
}

/* Sums over a whole place are for who sees the place; an institution asks /totals for its own rows. */
sh_code sh_api_run(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const numbers[] = {"manifest",     "findings",    "lines",    "void_lines",  "persons",
                                          "refund_lines", "covered_fen", "void_fen", "milliseconds"};
    SH_CLEANUP(sh_find_end) struct sh_find find;
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_find_begin(gate, rq, &find, err));
    if (!find.scope.any_body)
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    SH_TRY(sh_path_join(path, find.run_dir, "run.json", err));
    SH_TRY(sh_json_read_file(path, &root, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_str(&json, "run", rq->params[0]);
    sh_json_put_text(&json, "place", json_string_value(json_object_get(root, "place")));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sh_json_put_i64(&json, numbers[i], number_of(root, numbers[i]));
    sh_json_key(&json, "rules");
    sh_json_array(&json);
    const json_t *rules = json_object_get(root, "rules");
    for (size_t i = 0; i < json_array_size(rules); i++)
        put_rule(&find, &json, json_array_get(rules, i));
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}
