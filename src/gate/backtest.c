#include "gate/backtest.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/barred.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/jobs.h"
#include "gate/rulefolder.h"
#include "law/law.h"

#define FOLDER "back-tests"
#define TRIAL "trial-"
enum { REPORT_MAX = 1 << 20 };

static sh_code folder_of(const struct sh_gate *gate, struct sh_str id, char *out, struct sh_err *err) {
    return sh_path_format(out, err, "%s/" FOLDER "/%.*s", gate->options.data_dir, SH_ARG(id));
}

/* ---- the child --------------------------------------------------------------------------------------- */

/* Its runs go with it, also when it was killed before it could remove them itself. */
static void end_trial(struct sh_gate *gate, struct sh_str id) {
    static const char *const sides[] = {"base", "new"};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    for (size_t i = 0; i < 2; i++) {
        sh_code code = sh_path_format(path, &err, "%s/audits/." TRIAL "%.*s-%s", gate->options.lake_dir,
                                      SH_ARG(id), sides[i]);
        if (code == SH_OK)
            code = sh_remove_tree(path, &err);
        if (code != SH_OK)
            sh_log(&gate->log, SH_LOG_WARN, "back-test not tidied", " code=%s", sh_code_name(code));
    }
}

static sh_code remove_trials(const char *dir, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_dir_entry *entries = NULL;
    char path[SH_PATH_BYTES_MAX];
    size_t n = 0;
    const sh_code code = sh_dir_list(dir, arena, &entries, &n, err);
    if (code != SH_OK)
        return code == SH_E_NOTFOUND ? SH_OK : code;
    for (size_t i = 0; i < n; i++) {
        if (!sh_str_starts_with(sh_str_of(entries[i].name), SH_STR("." TRIAL)))
            continue;
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        SH_TRY(sh_remove_tree(path, err));
    }
    return SH_OK;
}

sh_code sh_backtest_sweep(struct sh_gate *gate, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char dir[SH_PATH_BYTES_MAX];
    if (!gate->options.lake_dir)
        return SH_OK;
    SH_TRY(sh_path_join(dir, gate->options.lake_dir, "audits", err));
    return remove_trials(dir, &arena, err);
}

/* shouhu backtest of one rule: the folder in use against the folder with the edited text. */
sh_code sh_backtest_command(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                            struct sh_job_command *ret, struct sh_err *err) {
    const struct sh_gate_options *o = &gate->options;
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    char dir[SH_PATH_BYTES_MAX], knowledge[SH_PATH_BYTES_MAX];
    *ret = (struct sh_job_command){0};
    if (!o->lake_dir || !o->program || !o->rules_dir || !o->knowledge_dir)
        return sh_fail(err, SH_E_UNSUPPORTED, "no such job here");
    SH_TRY(sh_json_read("arguments", job->arguments, &root, err));
    SH_TRY(folder_of(gate, job->id, dir, err));
    SH_TRY(sh_barred_lay(gate, job->id, knowledge, err)); /* as an audit of the office reads it */
    const char *const argv[] = {
        o->program,
        "backtest",
        sh_arena_printf(arena, NULL, "--lake=%s", o->lake_dir),
        sh_arena_printf(arena, NULL, "--base=%s", o->rules_dir),
        sh_arena_printf(arena, NULL, "--new=%s/rules", dir),
        sh_arena_printf(arena, NULL, "--rule=%.*s", SH_ARG(sh_member(root, "rule", arena))),
        sh_arena_printf(arena, NULL, "--place=%.*s", SH_ARG(sh_member(root, "place", arena))),
        sh_arena_printf(arena, NULL, "--lang=%.*s", SH_ARG(sh_member(root, "lang", arena))),
        sh_arena_printf(arena, NULL, "--trial=" TRIAL "%.*s", SH_ARG(job->id)),
        sh_arena_printf(arena, NULL, "--knowledge=%s", knowledge),
        sh_arena_printf(arena, NULL, "--params=%s/params", o->law_dir),
        sh_arena_printf(arena, NULL, "--out=%s/report.md", dir),
        sh_arena_printf(arena, NULL, "--json=%s/result.json", dir),
        sh_arena_printf(arena, NULL, "--verdicts=%s/verdicts.csv", dir),
    };
    for (size_t i = 0; i < sizeof argv / sizeof argv[0]; i++) {
        if (!argv[i])
            return sh_fail(err, SH_E_NOMEM, "no room for a command");
        ret->argv[i] = argv[i];
    }
    ret->over = end_trial;
    return SH_OK;
}

/* ---- started ----------------------------------------------------------------------------------------- */

struct asked {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_str text, place;
    struct sh_buf verdicts;
    char dir[SH_PATH_BYTES_MAX];
    bool is_started;
};

static void asked_end(struct asked *a) {
    struct sh_err err;
    sh_buf_free(&a->verdicts);
    if (a->dir[0] && !a->is_started && sh_remove_tree(a->dir, &err) != SH_OK)
        sh_log(&a->gate->log, SH_LOG_WARN, "back-test not tidied", " code=%s", sh_code_name(err.code));
}

/* The place of the lake, as the caller says it; else that of his grant. */
static sh_code read_asked(struct asked *a, const json_t *root, struct sh_faults *faults, struct sh_err *err) {
    struct sh_request *rq = a->rq;
    const json_t *text = json_object_get(root, "text"), *place = json_object_get(root, "place");
    const struct sh_str rule = rq->params[0];
    a->text = (struct sh_str){json_string_value(text), json_string_length(text)};
    if (a->text.len == 0 || a->text.len > SH_RULE_TEXT_MAX)
        sh_faults_add(rq, faults, SH_STR("text"), 0, SH_SAY(rq, WANTS_RULE));
    else if (!sh_str_eq(sh_rule_text_id(a->text), rule))
        sh_faults_add(rq, faults, SH_STR("text"), 0, SH_SAY(rq, SAME_RULE), SH_ARG(rule));
    a->place = rq->caller.n_grants ? sh_str_of(rq->caller.grants[0].place) : SH_STR("");
    if (!place)
        return SH_OK;
    const struct sh_field field = {.type = SH_FIELD_PLACE};
    if (!json_is_string(place) || sh_field_check(&field, sh_member(root, "place", &rq->arena), rq->lang,
                                                 &rq->arena, &a->place, err) != SH_OK)
        sh_faults_add(rq, faults, SH_STR("place"), 0, SH_SAY(rq, WANTS_PLACE));
    return SH_OK;
}

static sh_code put_arguments(const struct asked *a, struct sh_buf *out, struct sh_err *err) {
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    struct sh_json json;
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, a->text.at, a->text.len, digest, err));
    sh_hex(digest, SH_DIGEST_BYTES, hex);
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_str(&json, "rule", a->rq->params[0]);
    sh_json_put_text(&json, "text", hex);
    sh_json_put_str(&json, "place", a->place);
    sh_json_put_text(&json, "lang", a->rq->lang == SH_EN ? "en" : "zh");
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}

/* What the office has found of the rule's findings up to now: they say how precise the edited text is. */
static sh_code read_verdicts(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asked *a = ctx;
    sh_buf_clear(&a->verdicts); /* a read may run again */
    return sh_rule_verdicts(txn, a->gate->texts, a->rq->params[0], &a->rq->arena, &a->verdicts, err);
}

static sh_code start(struct asked *a, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf arguments = {0};
    char id[33], rules[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    sh_job_id(id);
    SH_TRY(put_arguments(a, &arguments, err));
    SH_TRY(folder_of(a->gate, sh_str_of(id), a->dir, err));
    SH_TRY(sh_path_join(rules, a->dir, "rules", err));
    SH_TRY(sh_rule_folder_lay(a->gate->options.rules_dir, a->text, rules, &a->rq->arena, err));
    SH_TRY(sh_path_join(path, a->dir, "text.yaml", err));
    SH_TRY(sh_fs_write(path, a->text, err));
    SH_TRY(sh_gate_read(a->gate, a->rq, read_verdicts, a, err));
    SH_TRY(sh_path_join(path, a->dir, "verdicts.csv", err));
    SH_TRY(sh_fs_write(path, sh_buf_view(&a->verdicts), err));
    bool is_made = false;
    SH_TRY(sh_job_start(a->gate, a->rq, &(struct sh_job_asked){id, SH_BACKTEST_KIND, &arguments, 1}, &is_made,
                        err));
    a->is_started = is_made;
    return SH_OK;
}

sh_code sh_api_backtest_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_CLEANUP(asked_end) struct asked a = {.gate = gate, .rq = rq};
    struct sh_faults faults = {0};
    bool is_known = false;
    SH_TRY(sh_rule_known(gate, rq, rq->params[0], &is_known, err));
    if (!is_known)
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    if (!gate->options.lake_dir || !gate->options.program)
        return sh_refuse(rq, GATE_UNAVAILABLE, "--lake");
    SH_TRY(sh_request_json(rq, &root, err));
    SH_TRY(read_asked(&a, root, &faults, err));
    return faults.n ? sh_refuse_fields(rq, &faults) : start(&a, err);
}

/* ---- what came of it --------------------------------------------------------------------------------- */

static sh_code read_file(const char *dir, const char *name, struct sh_arena *arena, struct sh_str *ret,
                         struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, name, err));
    return sh_fs_read(path, REPORT_MAX, arena, ret, err);
}

sh_code sh_api_backtest(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    struct sh_str text, report, result;
    struct sh_rows rows;
    struct sh_json json;
    SH_TRY(sh_job_find(gate, rq, &rows, err));
    if (!sh_str_is(sh_cell(&rows, 0, SH_JOB_KIND)->str, SH_BACKTEST_KIND) ||
        !sh_str_is(sh_cell(&rows, 0, SH_JOB_STATE)->str, "done"))
        return sh_fail(err, SH_E_NOTFOUND, "no such back-test");
    SH_TRY(folder_of(gate, sh_cell(&rows, 0, SH_JOB_ID)->str, dir, err));
    SH_TRY(read_file(dir, "text.yaml", &rq->arena, &text, err));
    SH_TRY(read_file(dir, "report.md", &rq->arena, &report, err));
    SH_TRY(read_file(dir, "result.json", &rq->arena, &result, err));
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_str(&json, "job", sh_cell(&rows, 0, SH_JOB_ID)->str);
    sh_json_put_str(&json, "text", text);
    sh_json_put_str(&json, "report", report);
    sh_json_key(&json, "comparison");
    sh_json_raw(&json, result);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}
