/* run.json: what was run, on what, and every answer by rule. Money in fen, so that it reads back exactly. */
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "audit/inner.h"
#include "audit/output.h"
#include <string.h>

static const char *const answer_keys[SH_ANSWERS] = {[SH_ANSWER_CLEAR] = "clear",
                                                    [SH_ANSWER_HIT] = "hit",
                                                    [SH_ANSWER_EXEMPT] = "exempt",
                                                    [SH_ANSWER_NOT_EVALUATED] = "not_evaluated"};

static void put_count(struct sh_json *json, const char *key, const struct sh_answer_count *c) {
    sh_json_key(json, key);
    sh_json_array(json);
    sh_json_i64(json, (int64_t)c->subjects);
    sh_json_i64(json, (int64_t)c->lines);
    sh_json_i64(json, c->fen);
    sh_json_array_end(json);
}

static void put_answers(struct sh_json *json, const struct sh_run_rule *rule,
                        const struct sh_rule_answers *r) {
    sh_json_object(json);
    sh_json_put_str(json, "id", rule->id);
    sh_json_put_str(json, "version", rule->version);
    sh_json_put_str(json, "name", rule->name);
    sh_json_put_i64(json, "number", rule->number);
    sh_json_put_str(json, "code", rule->code);
    sh_json_put_i64(json, "not_concerned_lines", (int64_t)r->not_concerned_lines);
    for (int a = 0; a < SH_ANSWERS; a++)
        put_count(json, answer_keys[a], &r->of[a]);
    sh_json_put_i64(json, "findings", (int64_t)r->findings);
    sh_json_put_i64(json, "amount_fen", r->amount_fen);
    sh_json_put_i64(json, "counted_fen", r->counted_fen);
    sh_json_put_i64(json, "fund_fen", r->fund_fen);
    sh_json_put_i64(json, "unknown_amounts", (int64_t)r->unknown_amounts);
    sh_json_key(json, "fields");
    sh_json_array(json);
    for (size_t f = 0; f < r->n_fields; f++) {
        sh_json_object(json);
        sh_json_put_str(json, "field", r->fields[f].field);
        sh_json_put_bool(json, "exempt", r->fields[f].exempt);
        put_count(json, "count", &r->fields[f].count);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_object_end(json);
}

static void put_texts(struct sh_json *json, const struct sh_run_texts *texts) {
    sh_json_key(json, "texts");
    sh_json_array(json);
    for (size_t i = 0; i < texts->n; i++) {
        sh_json_object(json);
        sh_json_put_str(json, "name", texts->of[i].name);
        sh_json_put_str(json, "digest", texts->of[i].digest);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

sh_code sh_run_file_write(const char *dir, const struct sh_run_file *run, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    const struct sh_run_summary *s = &run->summary;
    struct sh_json json;
    sh_json_begin(&json, &text);
    sh_json_object(&json);
    sh_json_put_i64(&json, "format", 1);
    sh_json_put_str(&json, "run", s->run);
    sh_json_put_text(&json, "inputs", run->inputs);
    sh_json_put_i64(&json, "manifest", (int64_t)s->manifest);
    sh_json_put_text(&json, "place", run->place);
    sh_json_put_i64(&json, "stage", run->stage);
    sh_json_put_i64(&json, "as_of", run->as_of);
    sh_json_put_i64(&json, "known", run->known);
    sh_json_put_i64(&json, "buckets", s->buckets);
    sh_json_put_i64(&json, "bucket_first", s->bucket_first);
    sh_json_put_i64(&json, "bucket_last", s->bucket_last);
    sh_json_put_bool(&json, "partial", s->partial);
    sh_json_put_i64(&json, "findings", (int64_t)s->findings);
    sh_json_put_i64(&json, "milliseconds", (int64_t)(s->seconds * 1000));
    const struct sh_answers *a = &s->answers;
    const struct {
        const char *key;
        int64_t value;
    } sums[] = {{"lines", (int64_t)a->lines},
                {"void_lines", (int64_t)a->void_lines},
                {"refund_lines", (int64_t)a->refund_lines},
                {"persons", (int64_t)a->persons},
                {"chunks", (int64_t)a->chunks},
                {"covered_fen", a->covered_fen},
                {"void_fen", a->void_fen}};
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
        sh_json_put_i64(&json, sums[i].key, sums[i].value);
    sh_json_key(&json, "rules");
    sh_json_array(&json);
    for (size_t i = 0; i < a->n_rules; i++)
        put_answers(&json, &s->rules[i], &a->rules[i]);
    sh_json_array_end(&json);
    put_texts(&json, &run->texts);
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    sh_buf_add_char(&text, '\n');
    SH_TRY(sh_buf_check(&text, err));
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, SH_RUN_FILE, err));
    return sh_fs_write(path, sh_buf_view(&text), err);
}

/* ---- reading ------------------------------------------------------------------------------------ */

static sh_code get_u64(const json_t *object, const char *key, uint64_t *ret, struct sh_err *err) {
    int64_t v;
    SH_TRY(sh_json_get_i64(object, key, &v, err));
    if (v < 0)
        return sh_fail(err, SH_E_CORRUPT, "'%s' is below zero", key);
    *ret = (uint64_t)v;
    return SH_OK;
}

static sh_code get_u32(const json_t *object, const char *key, uint32_t *ret, struct sh_err *err) {
    uint64_t v = 0;
    SH_TRY(get_u64(object, key, &v, err));
    if (v > UINT32_MAX)
        return sh_fail(err, SH_E_CORRUPT, "'%s' is too large", key);
    *ret = (uint32_t)v;
    return SH_OK;
}

static sh_code get_text(const json_t *object, const char *key, struct sh_arena *arena, struct sh_str *ret,
                        struct sh_err *err) {
    struct sh_str text;
    SH_TRY(sh_json_get_str(object, key, &text, err));
    const char *copy = sh_arena_dup(arena, text.at, text.len);
    *ret = (struct sh_str){copy, text.len};
    return copy ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for run.json");
}

static sh_code get_count(const json_t *object, const char *key, struct sh_answer_count *ret,
                         struct sh_err *err) {
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list) || json_array_size(list) != 3)
        return sh_fail(err, SH_E_CORRUPT, "'%s' is no count", key);
    ret->subjects = (uint64_t)json_integer_value(json_array_get(list, 0));
    ret->lines = (uint64_t)json_integer_value(json_array_get(list, 1));
    ret->fen = json_integer_value(json_array_get(list, 2));
    return SH_OK;
}

static sh_code get_rule(const json_t *object, struct sh_arena *arena, struct sh_run_rule *rule,
                        struct sh_rule_answers *r, struct sh_err *err) {
    int64_t number;
    SH_TRY(get_text(object, "id", arena, &rule->id, err));
    SH_TRY(get_text(object, "version", arena, &rule->version, err));
    SH_TRY(get_text(object, "name", arena, &rule->name, err));
    SH_TRY(get_text(object, "code", arena, &rule->code, err));
    SH_TRY(sh_json_get_i64(object, "number", &number, err));
    rule->number = (int32_t)number;
    SH_TRY(get_u64(object, "not_concerned_lines", &r->not_concerned_lines, err));
    for (int a = 0; a < SH_ANSWERS; a++)
        SH_TRY(get_count(object, answer_keys[a], &r->of[a], err));
    SH_TRY(get_u64(object, "findings", &r->findings, err));
    SH_TRY(sh_json_get_i64(object, "amount_fen", &r->amount_fen, err));
    SH_TRY(sh_json_get_i64(object, "counted_fen", &r->counted_fen, err));
    SH_TRY(sh_json_get_i64(object, "fund_fen", &r->fund_fen, err));
    SH_TRY(get_u64(object, "unknown_amounts", &r->unknown_amounts, err));
    const json_t *fields = json_object_get(object, "fields");
    r->n_fields = json_array_size(fields);
    r->fields = sh_new(arena, struct sh_field_count, r->n_fields + 1);
    if (!r->fields)
        return sh_fail(err, SH_E_NOMEM, "no room for run.json");
    for (size_t f = 0; f < r->n_fields; f++) {
        const json_t *one = json_array_get(fields, f);
        SH_TRY(get_text(one, "field", arena, &r->fields[f].field, err));
        r->fields[f].exempt = json_is_true(json_object_get(one, "exempt"));
        SH_TRY(get_count(one, "count", &r->fields[f].count, err));
    }
    return SH_OK;
}

static sh_code get_sums(const json_t *root, struct sh_run_file *ret, struct sh_err *err) {
    struct sh_run_summary *s = &ret->summary;
    SH_TRY(get_u64(root, "manifest", &s->manifest, err));
    SH_TRY(get_u32(root, "buckets", &s->buckets, err));
    SH_TRY(get_u32(root, "bucket_first", &s->bucket_first, err));
    SH_TRY(get_u32(root, "bucket_last", &s->bucket_last, err));
    SH_TRY(get_u64(root, "findings", &s->findings, err));
    s->partial = json_is_true(json_object_get(root, "partial"));
    int64_t as_of, known;
    uint32_t stage;
    SH_TRY(sh_json_get_i64(root, "as_of", &as_of, err));
    SH_TRY(sh_json_get_i64(root, "known", &known, err));
    SH_TRY(get_u32(root, "stage", &stage, err));
    ret->as_of = (int32_t)as_of, ret->known = (int32_t)known, ret->stage = stage;
    struct sh_answers *a = &s->answers;
    SH_TRY(get_u64(root, "lines", &a->lines, err));
    SH_TRY(get_u64(root, "void_lines", &a->void_lines, err));
    SH_TRY(get_u64(root, "refund_lines", &a->refund_lines, err));
    SH_TRY(get_u64(root, "persons", &a->persons, err));
    SH_TRY(get_u64(root, "chunks", &a->chunks, err));
    SH_TRY(sh_json_get_i64(root, "covered_fen", &a->covered_fen, err));
    return sh_json_get_i64(root, "void_fen", &a->void_fen, err);
}

static sh_code get_texts(const json_t *root, struct sh_arena *arena, struct sh_run_texts *ret,
                         struct sh_err *err) {
    const json_t *list = json_object_get(root, "texts");
    *ret = (struct sh_run_texts){.n = json_array_size(list)};
    ret->of = sh_new(arena, struct sh_run_text, ret->n + 1);
    if (!ret->of)
        return sh_fail(err, SH_E_NOMEM, "no room for run.json");
    for (size_t i = 0; i < ret->n; i++) {
        SH_TRY(get_text(json_array_get(list, i), "name", arena, &ret->of[i].name, err));
        SH_TRY(get_text(json_array_get(list, i), "digest", arena, &ret->of[i].digest, err));
    }
    return SH_OK;
}

sh_code sh_run_file_read(const char *dir, struct sh_arena *arena, struct sh_run_file *ret,
                         struct sh_err *err) {
    json_t *root SH_CLEANUP(sh_json_decref_at) = NULL;
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, SH_RUN_FILE, err));
    SH_TRY(sh_json_read_file(path, &root, err));
    *ret = (struct sh_run_file){0};
    struct sh_str inputs, place;
    SH_TRY(get_text(root, "run", arena, &ret->summary.run, err));
    SH_TRY(sh_json_get_str(root, "inputs", &inputs, err));
    SH_TRY(get_text(root, "place", arena, &place, err));
    (void)snprintf(ret->inputs, sizeof(ret->inputs), "%.*s", SH_ARG(inputs));
    ret->place = place.at;
    SH_TRY(get_sums(root, ret, err));
    SH_TRY(get_texts(root, arena, &ret->texts, err));
    const json_t *rules = json_object_get(root, "rules");
    struct sh_answers *a = &ret->summary.answers;
    a->n_rules = json_array_size(rules);
    a->rules = sh_new(arena, struct sh_rule_answers, a->n_rules + 1);
    ret->summary.rules = sh_new(arena, struct sh_run_rule, a->n_rules + 1);
    if (!a->rules || !ret->summary.rules)
        return sh_fail(err, SH_E_NOMEM, "no room for run.json");
    for (size_t i = 0; i < a->n_rules; i++)
        SH_TRY(get_rule(json_array_get(rules, i), arena, &ret->summary.rules[i], &a->rules[i], err));
    return SH_OK;
}

sh_code sh_run_about(const char *run_dir, struct sh_arena *arena, struct sh_run_about *ret,
                     struct sh_err *err) {
    struct sh_run_file file;
    SH_TRY(sh_run_file_read(run_dir, arena, &file, err));
    *ret = (struct sh_run_about){.summary = file.summary,
                                 .place = sh_str_of(file.place),
                                 .as_of = file.as_of,
                                 .known = file.known,
                                 .stage = file.stage,
                                 .texts = file.texts};
    return SH_OK;
}
