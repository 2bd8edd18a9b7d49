/* What jobs there are, and the API to them. */
#include "gate/jobkinds.h"
#include "base/date.h"
#include "base/limits.h"
#include "gate/backtest.h"
#include "gate/barred.h"
#include "gate/checkfiles.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/jobs.h"
#include "gate/later.h"
#include "gate/selfcheck.h"

/* A kind: the subcommand, and which arguments a caller may give as --name value. */
static const struct job_kind {
    const char *name, *command, *verb; /* verb: second word, or NULL */
    struct {
        const char *name;
        enum sh_field_type type;
    } arguments[4];
    bool knows_persons; /* reads who is suspended from the office's register */
} kinds[] = {
    {"audit",
     "audit",
     NULL,
     {{"place", SH_FIELD_PLACE}, {"as-of", SH_FIELD_DATE}, {"run", SH_FIELD_CODE}},
     true},
    {"lake-verify", "lake", "verify", {{NULL, SH_FIELD_TEXT}}, false},
};

static const struct job_kind *kind_of(struct sh_str name) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (sh_str_is(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* shouhu audit --from=FOLDER: a lake of its own, read by nobody else. */
static sh_code selfcheck_command(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                                 struct sh_job_command *ret, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("arguments", job->arguments, &root, err));
    SH_TRY(sh_selfcheck_dir(gate, job->id, dir, err));
    size_t n = 0;
    ret->folder = sh_arena_printf(arena, NULL, "%s", dir);
    ret->argv[n++] = gate->options.program;
    ret->argv[n++] = "audit";
    ret->argv[n++] = sh_arena_printf(arena, NULL, "--from=%s", dir);
    ret->argv[n++] = sh_arena_printf(arena, NULL, "--place=%.*s", SH_ARG(sh_member(root, "place", arena)));
    ret->argv[n++] = sh_arena_printf(arena, NULL, "--lang=%.*s", SH_ARG(sh_member(root, "lang", arena)));
    for (size_t i = 0; i < n; i++)
        if (!ret->argv[i] || !ret->folder)
            return sh_fail(err, SH_E_NOMEM, "no room for a command");
    return sh_check_lay(gate, job->id, dir, err);
}

static sh_code give_knowledge(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                              const char **ret, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_barred_lay(gate, job->id, dir, err));
    if (dir[0] == '\0')
        return SH_OK;
    *ret = sh_arena_printf(arena, NULL, "--knowledge=%s", dir);
    return *ret ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a command");
}

sh_code sh_job_command(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                       struct sh_job_command *ret, struct sh_err *err) {
    *ret = (struct sh_job_command){0};
    if (sh_str_is(job->kind, SH_SELFCHECK_KIND))
        return selfcheck_command(gate, job, arena, ret, err);
    if (sh_str_is(job->kind, SH_BACKTEST_KIND))
        return sh_backtest_command(gate, job, arena, ret, err);
    const struct job_kind *k = kind_of(job->kind);
    if (!k || !gate->options.lake_dir || !gate->options.program)
        return sh_fail(err, SH_E_UNSUPPORTED, "no such job here");
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("arguments", job->arguments, &root, err));
    size_t n = 0;
    ret->argv[n++] = gate->options.program;
    ret->argv[n++] = k->command;
    if (k->verb)
        ret->argv[n++] = k->verb;
    ret->argv[n++] = "--lake";
    ret->argv[n++] = gate->options.lake_dir;
    for (size_t i = 0; i < 4 && k->arguments[i].name; i++) {
        const struct sh_str value = sh_member(root, k->arguments[i].name, arena);
        if (value.len == 0)
            continue;
        const char *option = sh_arena_printf(arena, NULL, "--%s=%.*s", k->arguments[i].name, SH_ARG(value));
        if (!option)
            return sh_fail(err, SH_E_NOMEM, "no room for a command");
        ret->argv[n++] = option;
    }
    return k->knows_persons ? give_knowledge(gate, job, arena, &ret->argv[n], err) : SH_OK;
}

struct jobbing {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_scope scope;
    const struct job_kind *kind;
    struct sh_job_asked asked;
    bool is_made;
    bool is_stopped; /* a job in memory was told to stop */
    struct sh_rows rows;
};

#define JOB_COLUMNS                                                                                          \
    "j.id, j.kind, j.state, j.person, j.body, j.place, j.arguments, j.progress, j.result, j.created_at, "    \
    "j.ended_at, coalesce(a.status, 0) from gate_job j left join gate_answer a on a.id = j.id"
enum { J_PROGRESS = 7, J_ENDED = 10, J_STATUS = 11 };

static bool is_later(struct sh_str kind) {
    return sh_str_is(kind, SH_LATER_FINDINGS) || sh_str_is(kind, SH_LATER_EXPORT) ||
           sh_str_is(kind, SH_LATER_IMPORT);
}

/* Of a table that he asked for himself: whatever roles he has. */
static bool is_his(const struct sh_request *rq, const struct sh_rows *rows, size_t row) {
    return is_later(sh_cell(rows, row, SH_JOB_KIND)->str) &&
           sh_str_is(sh_cell(rows, row, SH_JOB_PERSON)->str, rq->caller.person);
}

static void put_time(struct sh_json *json, const char *name, int64_t when) {
    char at[SH_TIME_TEXT_MAX];
    sh_time_format_iso(when, "Z", at);
    sh_json_put_text(json, name, when ? at : NULL);
}

static void show_job(struct sh_json *json, const struct jobbing *jobbing, size_t row) {
    const struct sh_rows *rows = &jobbing->rows;
    char live[48];
    static const char *const names[] = {"id",    "kind",      "state",    "person", "body",
                                        "place", "arguments", "progress", "result"};
    sh_json_object(json);
    for (size_t i = 0; i < 9; i++) {
        const struct sh_str text = sh_cell(rows, row, i)->str;
        sh_json_key(json, names[i]);
        if (i == SH_JOB_ARGUMENTS)
            sh_json_raw(json, text);
        else if (i == J_PROGRESS &&
                 sh_later_progress(jobbing->gate, sh_cell(rows, row, SH_JOB_ID)->str, live))
            sh_json_text(json, live);
        else
            sh_json_str(json, text);
    }
    const int64_t ended = sh_cell(rows, row, J_ENDED)->i64, until = ended ? ended + SH_LATER_KEEP_SECONDS : 0;
    const bool has_answer = sh_cell(rows, row, J_STATUS)->i64 && is_his(jobbing->rq, rows, row);
    put_time(json, "created_at", sh_cell(rows, row, J_ENDED - 1)->i64);
    put_time(json, "ended_at", ended);
    put_time(json, "answer_until", has_answer && until > sh_gate_now(jobbing->gate) ? until : 0);
    sh_json_object_end(json);
}

static bool may_see(const struct jobbing *jobbing, size_t row) {
    const struct sh_rows *rows = &jobbing->rows;
    return is_his(jobbing->rq, rows, row) ||
           sh_scope_holds(&jobbing->scope, sh_cell(rows, row, SH_JOB_BODY)->str,
                          sh_cell(rows, row, SH_JOB_PLACE)->str);
}

static sh_code get_job(struct sh_txn *txn, struct jobbing *jobbing, struct sh_str id, struct sh_err *err) {
    const struct sh_value values[] = {SH_TEXT(id)};
    SH_TRY(sh_sql_query(txn, "select " JOB_COLUMNS " where j.id = $1 and j.kind <> '" SH_SELFCHECK_KIND "'",
                        values, 1, &jobbing->rq->arena, &jobbing->rows, err));
    return jobbing->rows.n_rows == 1 && may_see(jobbing, 0) ? SH_OK
                                                            : sh_fail(err, SH_E_NOTFOUND, "no such job");
}

static sh_code answer_job(struct sh_request *rq, int status, const struct jobbing *jobbing,
                          struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(rq, status, &json);
    show_job(&json, jobbing, 0);
    return sh_answer_end(rq, &json, err);
}

static sh_code jobbing_begin(struct sh_gate *gate, struct sh_request *rq, struct jobbing *ret,
                             struct sh_err *err) {
    *ret = (struct jobbing){.gate = gate, .rq = rq};
    return sh_caller_scope(gate, rq, "jobs.run", NULL, 0, &ret->scope, err);
}

static sh_code list_jobs(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct jobbing *jobbing = ctx;
    return sh_sql_query(txn,
                        "select " JOB_COLUMNS " where j.kind <> '" SH_SELFCHECK_KIND
                        "' order by j.created_at desc, j.id desc limit 200",
                        NULL, 0, &jobbing->rq->arena, &jobbing->rows, err);
}

sh_code sh_api_jobs(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct jobbing jobbing;
    SH_TRY(jobbing_begin(gate, rq, &jobbing, err));
    SH_TRY(sh_store_read(gate->store, list_jobs, &jobbing, err));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < jobbing.rows.n_rows; i++)
        if (may_see(&jobbing, i))
            show_job(&json, &jobbing, i);
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static sh_code read_job(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct jobbing *jobbing = ctx;
    return get_job(txn, jobbing, jobbing->rq->params[0], err);
}

sh_code sh_job_find(struct sh_gate *gate, struct sh_request *rq, struct sh_rows *ret, struct sh_err *err) {
    struct jobbing jobbing;
    SH_TRY(jobbing_begin(gate, rq, &jobbing, err));
    SH_TRY(sh_store_read(gate->store, read_job, &jobbing, err));
    *ret = jobbing.rows;
    return SH_OK;
}

sh_code sh_api_job(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct jobbing jobbing;
    SH_TRY(jobbing_begin(gate, rq, &jobbing, err));
    SH_TRY(sh_store_read(gate->store, read_job, &jobbing, err));
    return answer_job(rq, 200, &jobbing, err);
}

/* Refused (SH_E_CANCELLED) when too many wait, or of the kind too many of his own are not over. */
static sh_code may_make(struct sh_txn *txn, struct jobbing *jobbing, struct sh_err *err) {
    struct sh_request *rq = jobbing->rq;
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, "select count(*) from gate_job where state = 'waiting'", NULL, 0, &rq->arena,
                        &rows, err));
    if (sh_cell(&rows, 0, 0)->i64 >= SH_JOBS_WAITING_MAX)
        return sh_stop(sh_refuse(rq, GATE_BUSY, NULL));
    if (jobbing->asked.most == 0)
        return SH_OK;
    const struct sh_value his[] = {SH_TEXT(sh_str_of(jobbing->asked.kind)),
                                   SH_TEXT(sh_str_of(rq->caller.person))};
    SH_TRY(sh_sql_query(txn,
                        "select count(*) from gate_job where kind = $1 and person = $2 and state in "
                        "('waiting', 'running', 'cancelling')",
                        his, 2, &rq->arena, &rows, err));
    if (sh_cell(&rows, 0, 0)->i64 < jobbing->asked.most)
        return SH_OK;
    return sh_stop(jobbing->asked.most == 1
                       ? sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, ONE_AT_A_TIME))
                       : sh_refuse(rq, GATE_BUSY, SH_SAY(rq, AT_MOST_TABLES), SH_LATER_OPEN_MAX));
}

static sh_code make_job(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct jobbing *jobbing = ctx;
    struct sh_request *rq = jobbing->rq;
    const char *id = jobbing->asked.id;
    const struct sh_str arguments = sh_buf_view(jobbing->asked.arguments);
    SH_TRY(may_make(txn, jobbing, err));
    const struct sh_grant_view *grant = &rq->caller.grants[0];
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_role *role = sh_role_find(jobbing->gate->roles, sh_str_of(rq->caller.grants[i].role));
        if (role && sh_role_may(role, SH_STR("jobs.run")))
            grant = &rq->caller.grants[i];
    }
    const struct sh_value values[] = {SH_TEXT(sh_str_of(id)),
                                      SH_TEXT(sh_str_of(jobbing->asked.kind)),
                                      SH_TEXT(sh_str_of(rq->caller.person)),
                                      SH_TEXT(sh_str_of(grant->body)),
                                      SH_TEXT(sh_str_of(grant->place)),
                                      SH_TEXT(arguments),
                                      SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(txn,
                      "insert into gate_job (id, kind, state, person, body, place, arguments, progress, "
                      "result, created_at, "
                      "ended_at) values ($1, $2, 'waiting', $3, $4, $5, $6, '', '', $7, 0)",
                      values, 7, NULL, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf content = {0};
    sh_buf_addf(&content, "%s|%s|%.*s", id, jobbing->asked.kind, SH_ARG(arguments));
    SH_TRY(sh_gate_leaf(txn, "job.start", sh_buf_view(&content), err));
    SH_TRY(get_job(txn, jobbing, sh_str_of(id), err));
    jobbing->is_made = true;
    return answer_job(rq, 202, jobbing, err);
}

/* Only arguments the kind has, each of its type: they become words of a command line. */
static sh_code take_arguments(struct jobbing *jobbing, const json_t *given, struct sh_faults *faults,
                              struct sh_err *err) {
    struct sh_request *rq = jobbing->rq;
    struct sh_json json;
    sh_json_begin(&json, jobbing->asked.arguments);
    sh_json_object(&json);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)given, key, value) {
        const struct sh_field field = {0};
        struct sh_str text = {0};
        bool is_known = false;
        for (size_t i = 0; i < 4 && jobbing->kind->arguments[i].name; i++) {
            if (strcmp(key, jobbing->kind->arguments[i].name) != 0)
                continue;
            struct sh_field typed = field;
            typed.type = jobbing->kind->arguments[i].type;
            is_known = json_is_string(value) && sh_field_check(&typed, sh_member(given, key, &rq->arena),
                                                               rq->lang, &rq->arena, &text, err) == SH_OK;
        }
        if (is_known)
            sh_json_put_str(&json, key, text);
        else
            sh_faults_add(rq, faults, sh_str_of(key), 0, SH_SAY(rq, NO_SUCH_ARGUMENT));
    }
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}

sh_code sh_api_job_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct jobbing jobbing;
    SH_CLEANUP(sh_buf_free) struct sh_buf arguments = {0};
    SH_TRY(jobbing_begin(gate, rq, &jobbing, err));
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_request_json(rq, &root, err));
    jobbing.asked.arguments = &arguments;
    jobbing.kind = kind_of(sh_member(root, "kind", &rq->arena));
    struct sh_faults faults = {0};
    if (!jobbing.kind)
        sh_faults_add(rq, &faults, SH_STR("kind"), 0, "audit | lake-verify");
    else
        SH_TRY(take_arguments(&jobbing, json_object_get(root, "arguments"), &faults, err));
    if (!gate->options.lake_dir)
        return sh_refuse(rq, GATE_UNAVAILABLE, "--lake");
    if (faults.n)
        return sh_refuse_fields(rq, &faults);
    char id[33];
    sh_job_id(id);
    jobbing.asked.id = id, jobbing.asked.kind = jobbing.kind->name;
    SH_TRY(sh_gate_write(gate, rq, "start job", make_job, &jobbing, NULL, err));
    sh_jobs_wake(gate->jobs);
    return SH_OK;
}

sh_code sh_job_start(struct sh_gate *gate, struct sh_request *rq, const struct sh_job_asked *asked,
                     bool *ret_made, struct sh_err *err) {
    struct jobbing jobbing;
    SH_TRY(jobbing_begin(gate, rq, &jobbing, err));
    jobbing.asked = *asked;
    SH_TRY(sh_gate_write(gate, rq, "start job", make_job, &jobbing, NULL, err));
    *ret_made = jobbing.is_made && rq->status == 202;
    sh_jobs_wake(gate->jobs);
    return SH_OK;
}

static sh_code cancel_job(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct jobbing *jobbing = ctx;
    struct sh_request *rq = jobbing->rq;
    SH_TRY(get_job(txn, jobbing, rq->params[0], err));
    const struct sh_value values[] = {SH_TEXT(rq->params[0]), SH_I64(sh_txn_now(txn))};
    int64_t waiting = 0, running = 0;
    SH_TRY(sh_sql_run(
        txn, "update gate_job set state = 'cancelled', ended_at = $2 where id = $1 and state = 'waiting'",
        values, 2, &waiting, err));
    SH_TRY(sh_sql_run(txn, "update gate_job set state = 'cancelling' where id = $1 and state = 'running'",
                      values, 1, &running, err));
    if (waiting + running == 0 && !jobbing->is_stopped)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, OVER_ALREADY)));
    SH_TRY(sh_gate_leaf(txn, "job.cancel", rq->params[0], err));
    SH_TRY(get_job(txn, jobbing, rq->params[0], err));
    return answer_job(rq, 202, jobbing, err);
}

sh_code sh_api_job_cancel(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct jobbing jobbing;
    SH_TRY(jobbing_begin(gate, rq, &jobbing, err));
    SH_TRY(sh_store_read(gate->store, read_job, &jobbing, err));
    /* Told first: what it writes may hold up the write below until it is over. */
    jobbing.is_stopped = sh_later_cancel(gate, rq->params[0]);
    SH_TRY(sh_gate_write(gate, rq, "cancel job", cancel_job, &jobbing, NULL, err));
    sh_jobs_wake(gate->jobs);
    return SH_OK;
}
