/* Rules, knowledge and parameters to read, and a bench to try an edited rule on its own cases. */
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/password.h"
#include "gate/rulefolder.h"
#include "gate/ruletext.h"
#include "law/law.h"
#include <stdlib.h>

static void items_begin(struct sh_request *rq, struct sh_json *json) {
    sh_answer_begin(rq, 200, json);
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
}
static sh_code items_end(struct sh_request *rq, struct sh_json *json, struct sh_err *err) {
    sh_json_array_end(json);
    sh_json_object_end(json);
    return sh_answer_end(rq, json, err);
}

sh_code sh_rulebook_open(struct sh_gate *gate, struct sh_err *err) {
    const struct sh_gate_options *o = &gate->options;
    if (!o->rules_dir || !o->knowledge_dir)
        return SH_OK;
    char params[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(params, o->law_dir, "params", err));
    const char *kept = sh_arena_dup(&gate->arena, params, strlen(params));
    if (!kept)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules");
    const struct sh_rulebook_dirs dirs = {o->rules_dir, o->knowledge_dir, kept};
    return sh_rulebook_new(&dirs, &gate->rulebook, err);
}

/* The loaded book, or the refusal (SH_E_CANCELLED) of a server that was started without rules. */
static sh_code book_of(struct sh_gate *gate, struct sh_request *rq, const struct sh_rulebook **ret,
                       struct sh_err *err) {
    if (!gate->rulebook)
        return sh_refused(sh_refuse(rq, GATE_UNAVAILABLE, "rules"), err);
    *ret = gate->rulebook;
    return sh_rulebook_load(gate->rulebook, err);
}

sh_code sh_api_rules(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_rulebook *book = NULL;
    SH_TRY(book_of(gate, rq, &book, err));
    struct sh_json json;
    items_begin(rq, &json);
    sh_rulebook_put_rules(book, rq->lang, &json);
    return items_end(rq, &json, err);
}

sh_code sh_api_rule(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_rulebook *book = NULL;
    SH_TRY(book_of(gate, rq, &book, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    if (!sh_rulebook_put_rule(book, rq->params[0], rq->lang, &json))
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_rule_known(struct sh_gate *gate, struct sh_request *rq, struct sh_str rule, bool *ret,
                      struct sh_err *err) {
    const struct sh_rulebook *book = NULL;
    SH_TRY(book_of(gate, rq, &book, err));
    *ret = sh_rulebook_has(book, rule);
    return SH_OK;
}

/* A name is worth no refusal: rules that do not load are told where rules are asked for. */
struct sh_str sh_rule_title(struct sh_gate *gate, const struct sh_request *rq, struct sh_str rule,
                            struct sh_str kept) {
    struct sh_err not_for_a_name;
    if (rq->lang != SH_EN || !gate->rulebook || sh_rulebook_load(gate->rulebook, &not_for_a_name) != SH_OK)
        return kept;
    return sh_rulebook_english(gate->rulebook, rule, kept);
}

sh_code sh_api_knowledge(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_rulebook *book = NULL;
    SH_TRY(book_of(gate, rq, &book, err));
    struct sh_json json;
    items_begin(rq, &json);
    sh_rulebook_put_tables(book, rq->lang, &json);
    return items_end(rq, &json, err);
}

sh_code sh_api_knowledge_table(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_rulebook *book = NULL;
    size_t limit = 0;
    SH_TRY(book_of(gate, rq, &book, err));
    SH_TRY(sh_arg_limit(rq, &limit, err));
    char number[16] = "";
    const struct sh_str after = sh_target_arg(&rq->target, "after");
    if (after.len < sizeof number)
        memcpy(number, after.at ? after.at : "", after.len);
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    if (!sh_rulebook_put_table(book, rq->params[0], sh_target_arg(&rq->target, "q"),
                               (uint32_t)strtoul(number, NULL, 10), limit, rq->lang, &json))
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    return sh_answer_end(rq, &json, err);
}

/* ---- parameters -------------------------------------------------------------------------------------- */

static void put_param(struct sh_json *json, const struct sh_param *param, bool is_on_record) {
    static const char *const ranks[SH_RANKS] = {"law",         "interpretation", "regulation",
                                                "order",       "local_rule",     "paper",
                                                "local_paper", "agreement",      "own"};
    static const char *const binds[SH_BINDS] = {"", "exact", "min", "max", "floor", "ceiling"};
    sh_json_object(json);
    sh_json_put_str(json, "name", param->name);
    sh_json_put_str(json, "place", param->place);
    sh_json_put_date(json, "from", param->from);
    sh_json_put_date(json, "to", param->to);
    sh_json_put_str(json, "value", param->text);
    sh_json_put_bool(json, "missing", param->value == INT64_MIN);
    sh_json_put_str(json, "unit", param->unit);
    sh_json_put_text(json, "rank", ranks[param->rank < SH_RANKS ? param->rank : SH_RANK_OWN]);
    sh_json_put_text(json, "binds", binds[param->binds < SH_BINDS ? param->binds : 0]);
    sh_json_put_bool(json, "verified", param->proof == SH_PROOF_FULL || param->proof == SH_PROOF_UNSAID);
    sh_json_put_str(json, "set_by", param->set_by);
    sh_json_put_str(json, "basis", param->basis);
    sh_json_put_str(json, "note", param->note);
    sh_json_put_bool(json, "on_record", is_on_record);
    sh_json_object_end(json);
}

/* Of all, or of those the address names, with commas. */
static bool is_asked(const struct sh_request *rq, const struct sh_param *param) {
    struct sh_str rest = sh_target_arg(&rq->target, "name");
    if (rest.len == 0)
        return true;
    for (struct sh_str name; sh_str_split(&rest, ',', &name);)
        if (sh_str_eq(name, param->name))
            return true;
    return false;
}

/* Numbers nobody has set come first, then what offices have set, which stands before the tables. */
sh_code sh_api_parameters(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    const struct sh_params *tables = gate->params, *set = sh_params_laid(tables);
    struct sh_json json;
    items_begin(rq, &json);
    for (size_t i = 0; i < tables->n; i++)
        if (tables->rows[i].value == INT64_MIN && is_asked(rq, &tables->rows[i]))
            put_param(&json, &tables->rows[i], false);
    for (size_t i = 0; set && i < set->n; i++)
        if (is_asked(rq, &set->rows[i]))
            put_param(&json, &set->rows[i], true);
    for (size_t i = 0; i < tables->n; i++)
        if (tables->rows[i].value != INT64_MIN && is_asked(rq, &tables->rows[i]))
            put_param(&json, &tables->rows[i], false);
    return items_end(rq, &json, err);
}

/* ---- the bench --------------------------------------------------------------------------------------- */

struct bench {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_str text;
    char dir[SH_PATH_BYTES_MAX];
    char *report;
    size_t report_bytes;
    FILE *out;
};

static void bench_end(struct bench *bench) {
    struct sh_err err;
    if (bench->out)
        (void)fclose(bench->out);
    sh_free(bench->report);
    if (bench->dir[0] && sh_remove_tree(bench->dir, &err) != SH_OK)
        sh_log(&bench->gate->log, SH_LOG_WARN, "bench", " code=%s", sh_code_name(err.code));
}

static sh_code bench_lay(struct bench *bench, struct sh_err *err) {
    char token[33];
    sh_token_new(16, token);
    SH_TRY(sh_path_format(bench->dir, err, "%s/bench-%.32s", bench->gate->options.data_dir, token));
    return sh_rule_folder_lay(bench->gate->options.rules_dir, bench->text, bench->dir, &bench->rq->arena,
                              err);
}

/* "DIR/RULE.yaml:3:5: text" without our folder. */
static void put_report(struct sh_json *json, const struct bench *bench) {
    struct sh_str rest = {bench->report, bench->report_bytes};
    const struct sh_str dir = sh_str_of(bench->dir);
    sh_json_key(json, "report");
    sh_json_array(json);
    for (struct sh_str row; rest.at && rest.len && sh_str_split(&rest, '\n', &row);) {
        const size_t at = sh_str_find(row, dir);
        if (at != SH_STR_NONE)
            row = sh_str_sub(row, at + dir.len + 1, row.len);
        if (row.len)
            sh_json_str(json, row);
    }
    sh_json_array_end(json);
}

/* Type errors of an edited rule, and what its own cases say of it. Changes nothing. */
sh_code sh_api_rule_check(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_CLEANUP(bench_end) struct bench bench = {.gate = gate, .rq = rq};
    SH_TRY(sh_request_json(rq, &root, err));
    const json_t *text = json_object_get(root, "text");
    bench.text = (struct sh_str){json_string_value(text), json_string_length(text)};
    if (!gate->rulebook)
        return sh_refuse(rq, GATE_UNAVAILABLE, "rules");
    if (bench.text.len == 0 || bench.text.len > SH_RULE_TEXT_MAX) {
        struct sh_faults faults = {0};
        sh_faults_add(rq, &faults, SH_STR("text"), 0, SH_SAY(rq, WANTS_RULE));
        return sh_refuse_fields(rq, &faults);
    }
    bench.out = open_memstream(&bench.report, &bench.report_bytes);
    if (!bench.out)
        return sh_fail(err, SH_E_NOMEM, "no room for a report");
    char params[SH_PATH_BYTES_MAX];
    struct sh_bench_result result;
    SH_TRY(sh_path_join(params, gate->options.law_dir, "params", err));
    const struct sh_rulebook_dirs dirs = {bench.dir, gate->options.knowledge_dir, params};
    SH_TRY(bench_lay(&bench, err));
    SH_TRY(sh_bench_run(&dirs, bench.out, &result, err));
    (void)fflush(bench.out);
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_bool(&json, "valid", result.loads);
    sh_json_put_i64(&json, "cases", (int64_t)result.cases);
    sh_json_put_i64(&json, "failed", (int64_t)result.failed);
    put_report(&json, &bench);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}
