/* Self-checks: files taken in, the job started, the workbook given out. The rows are jobs of a kind of their
 * own: whoever runs jobs of the place does not see them. */
#include "gate/selfcheck.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/checkfiles.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/jobs.h"
#include "gate/password.h"

enum { ID_HEX = 32, NAME_MAX_BYTES = 120 };
#define FOLDER "self-checks"
#define COLUMNS "id, state, progress, result, created_at, ended_at, body, place"
enum { C_ID, C_STATE, C_PROGRESS, C_RESULT, C_CREATED, C_ENDED, C_BODY, C_PLACE };

/* ---- folders ----------------------------------------------------------------------------------------- */

sh_code sh_selfcheck_dir(const struct sh_gate *gate, struct sh_str id, char *out, struct sh_err *err) {
    bool is_id = id.len == ID_HEX;
    for (size_t i = 0; is_id && i < id.len; i++)
        is_id = (id.at[i] >= '0' && id.at[i] <= '9') || (id.at[i] >= 'a' && id.at[i] <= 'f');
    if (!is_id)
        return sh_fail(err, SH_E_INPUT, "no id of a self-check");
    return sh_path_format(out, err, "%s/" FOLDER "/%.*s", gate->options.data_dir, SH_ARG(id));
}

sh_code sh_selfcheck_sweep(const struct sh_gate *gate, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(dir, gate->options.data_dir, FOLDER, err));
    return sh_remove_tree(dir, err);
}

/* ---- one check --------------------------------------------------------------------------------------- */

struct checking {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_scope scope;
    struct sh_rows rows;
    struct sh_str name, content; /* of a file that is given out */
};

static sh_code checking_begin(struct sh_gate *gate, struct sh_request *rq, struct checking *ret,
                              struct sh_err *err) {
    *ret = (struct checking){.gate = gate, .rq = rq};
    if (!gate->options.program)
        return sh_refused(sh_refuse(rq, GATE_UNAVAILABLE, NULL), err);
    return sh_caller_scope(gate, rq, "selfcheck.run", NULL, 0, &ret->scope, err);
}

/* A check of another body reads like one that does not exist. */
static sh_code find_check(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    const struct sh_value values[] = {SH_TEXT(c->rq->params[0])};
    SH_TRY(sh_sql_query(txn,
                        "select " COLUMNS " from gate_job where kind = '" SH_SELFCHECK_KIND "' and id = $1",
                        values, 1, &c->rq->arena, &c->rows, err));
    if (c->rows.n_rows != 1 ||
        !sh_scope_holds(&c->scope, sh_cell(&c->rows, 0, C_BODY)->str, sh_cell(&c->rows, 0, C_PLACE)->str))
        return sh_fail(err, SH_E_NOTFOUND, "no such check");
    return SH_OK;
}

/* What the child said last, without the folder: where files lie on the server is nobody's business. */
static struct sh_str said(struct checking *c, struct sh_str id, struct sh_str text) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    char dir[SH_PATH_BYTES_MAX];
    struct sh_err err;
    if (sh_selfcheck_dir(c->gate, id, dir, &err) != SH_OK)
        return SH_STR("");
    const size_t dir_len = strlen(dir);
    for (size_t i = 0; i < text.len; i++) {
        if (text.len - i > dir_len && memcmp(text.at + i, dir, dir_len) == 0 && text.at[i + dir_len] == '/') {
            i += dir_len;
            continue;
        }
        sh_buf_add_char(&out, text.at[i]);
    }
    const struct sh_str view = sh_buf_view(&out);
    const char *kept = sh_arena_dup(&c->rq->arena, view.at ? view.at : "", view.len);
    return kept ? (struct sh_str){kept, view.len} : SH_STR("");
}

static bool has_file(const struct sh_rows *files, const char *name) {
    for (size_t i = 0; i < files->n_rows; i++)
        if (sh_str_is(sh_cell(files, i, SH_CHECK_NAME)->str, name))
            return true;
    return false;
}

static void put_files(struct sh_json *json, const struct sh_rows *files) {
    sh_json_key(json, "files");
    sh_json_array(json);
    for (size_t i = 0; i < files->n_rows; i++) {
        if (sh_cell(files, i, SH_CHECK_IS_RESULT)->i64)
            continue;
        sh_json_object(json);
        sh_json_put_str(json, "name", sh_cell(files, i, SH_CHECK_NAME)->str);
        sh_json_put_i64(json, "bytes", sh_cell(files, i, SH_CHECK_BYTES)->i64);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

static sh_code put_check(struct sh_txn *txn, struct checking *c, struct sh_json *json, size_t row,
                         struct sh_err *err) {
    struct sh_rows files;
    const struct sh_str id = sh_cell(&c->rows, row, C_ID)->str, state = sh_cell(&c->rows, row, C_STATE)->str;
    SH_TRY(sh_check_files(txn, id, &c->rq->arena, &files, err));
    const bool is_done = sh_str_is(state, "done");
    sh_json_object(json);
    sh_json_put_str(json, "id", id);
    sh_json_put_str(json, "state", state);
    sh_json_put_str(json, "progress",
                    is_done ? SH_STR("") : said(c, id, sh_cell(&c->rows, row, C_PROGRESS)->str));
    sh_json_put_bool(json, "has_findings",
                     is_done && sh_str_is(sh_cell(&c->rows, row, C_RESULT)->str, "exit 10"));
    sh_json_put_bool(json, "has_workbook", is_done && has_file(&files, SH_SELFCHECK_BOOK));
    sh_json_put_bool(json, "has_report", has_file(&files, SH_SELFCHECK_REPORT));
    for (size_t i = C_CREATED; i <= C_ENDED; i++) {
        char at[SH_TIME_TEXT_MAX];
        const int64_t when = sh_cell(&c->rows, row, i)->i64;
        sh_time_format_iso(when, "Z", at);
        sh_json_put_text(json, i == C_CREATED ? "created_at" : "ended_at", when ? at : NULL);
    }
    sh_json_put_date(json, "ends_on",
                     sh_check_ends_on(c->gate, sh_cell(&c->rows, row, C_PLACE)->str,
                                      sh_cell(&c->rows, row, C_CREATED)->i64));
    put_files(json, &files);
    sh_json_object_end(json);
    return SH_OK;
}

static sh_code answer_check(struct sh_txn *txn, struct checking *c, int status, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(c->rq, status, &json);
    SH_TRY(put_check(txn, c, &json, 0, err));
    return sh_answer_end(c->rq, &json, err);
}

static sh_code list_checks(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    struct sh_json json;
    SH_TRY(sh_sql_query(txn,
                        "select " COLUMNS " from gate_job where kind = '" SH_SELFCHECK_KIND
                        "' order by created_at desc, id desc limit 1000",
                        NULL, 0, &c->rq->arena, &c->rows, err));
    sh_answer_begin(c->rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = 0; i < c->rows.n_rows; i++)
        if (sh_scope_holds(&c->scope, sh_cell(&c->rows, i, C_BODY)->str, sh_cell(&c->rows, i, C_PLACE)->str))
            SH_TRY(put_check(txn, c, &json, i, err));
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(c->rq, &json, err);
}

sh_code sh_api_selfchecks(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    return sh_gate_read(gate, rq, list_checks, &c, err);
}

static sh_code show_check(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_TRY(find_check(txn, ctx, err));
    return answer_check(txn, ctx, 200, err);
}

sh_code sh_api_selfcheck(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    return sh_gate_read(gate, rq, show_check, &c, err);
}

/* ---- made, filled, started --------------------------------------------------------------------------- */

/* The grant under which the check is made: its body owns it. */
static const struct sh_grant_view *grant_of(const struct checking *c) {
    for (size_t i = 0; i < c->rq->caller.n_grants; i++) {
        const struct sh_role *role = sh_role_find(c->gate->roles, sh_str_of(c->rq->caller.grants[i].role));
        if (role && sh_role_may(role, SH_STR("selfcheck.run")))
            return &c->rq->caller.grants[i];
    }
    return NULL;
}

static sh_code make_check(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    struct sh_request *rq = c->rq;
    const struct sh_grant_view *grant = grant_of(c);
    if (!grant)
        return sh_stop(sh_refuse(rq, GATE_FORBIDDEN, NULL));
    const struct sh_value of[] = {SH_TEXT(sh_str_of(grant->body))};
    SH_TRY(sh_sql_query(txn,
                        "select count(*) from gate_job where kind = '" SH_SELFCHECK_KIND "' and body = $1",
                        of, 1, &rq->arena, &c->rows, err));
    const int64_t most = sh_gate_number(c->gate, "selfcheck.kept_max", sh_str_of(grant->place));
    if (sh_cell(&c->rows, 0, 0)->i64 >= most)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, TOO_MANY_CHECKS), (long long)most));
    char id[ID_HEX + 1];
    sh_token_new(ID_HEX / 2, id);
    const char *arguments = sh_arena_printf(&rq->arena, NULL, "{\"place\":\"%s\",\"lang\":\"%s\"}",
                                            grant->place, rq->lang == SH_EN ? "en" : "zh");
    if (!arguments)
        return sh_fail(err, SH_E_NOMEM, "no room for a check");
    const struct sh_value values[] = {SH_TEXT(sh_str_of(id)),          SH_TEXT(sh_str_of(rq->caller.person)),
                                      SH_TEXT(sh_str_of(grant->body)), SH_TEXT(sh_str_of(grant->place)),
                                      SH_TEXT(sh_str_of(arguments)),   SH_I64(sh_txn_now(txn))};
    SH_TRY(
        sh_sql_run(txn,
                   "insert into gate_job (id, kind, state, person, body, place, arguments, progress, result, "
                   "created_at, ended_at) values ($1, '" SH_SELFCHECK_KIND
                   "', 'collecting', $2, $3, $4, $5, '', '', $6, 0)",
                   values, 6, NULL, err));
    SH_TRY(sh_gate_leaf(txn, "selfcheck.new", sh_str_of(id), err));
    const struct sh_labels labels = {.body = sh_str_of(grant->body), .place = sh_str_of(grant->place)};
    SH_TRY(sh_check_open(txn, sh_str_of(id), &labels, err));
    const struct sh_value made[] = {SH_TEXT(sh_str_of(id))};
    SH_TRY(sh_sql_query(txn, "select " COLUMNS " from gate_job where id = $1", made, 1, &rq->arena, &c->rows,
                        err));
    return answer_check(txn, c, 201, err);
}

sh_code sh_api_selfcheck_new(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    return sh_gate_write(gate, rq, "new self-check", make_check, &c, NULL, err);
}

static bool is_file_name(struct sh_str name) {
    static const char *const ends[] = {".csv", ".txt", ".gz"};
    bool is_ended = false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        is_ended = is_ended || sh_str_ends_with(name, sh_str_of(ends[i]));
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < 0x20)
            return false;
    return is_ended && name.at[0] != '.' && !sh_str_is(name, SH_SELFCHECK_REPORT) &&
           name.len <= NAME_MAX_BYTES && sh_path_is_plain_name(name) && sh_utf8_valid(name);
}

/* How many files a check may have, and how many MiB all of them. */
struct room {
    int64_t files, mib;
};

/* Does the file fit beside the check's others? */
static sh_code has_room(struct sh_txn *txn, const struct checking *c, struct sh_str name, struct room most,
                        bool *ret, struct sh_err *err) {
    struct sh_rows files;
    uint64_t sum = c->rq->body.len;
    int64_t n = 1;
    SH_TRY(sh_check_files(txn, c->rq->params[0], &c->rq->arena, &files, err));
    for (size_t i = 0; i < files.n_rows; i++) {
        if (sh_str_eq(name, sh_cell(&files, i, SH_CHECK_NAME)->str))
            continue;
        sum += (uint64_t)sh_cell(&files, i, SH_CHECK_BYTES)->i64, n++;
    }
    *ret = n <= most.files && most.mib >= 0 && most.mib <= INT32_MAX && sum <= (uint64_t)most.mib << 20;
    return SH_OK;
}

static sh_code take_file(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    struct sh_request *rq = c->rq;
    const struct sh_str name = rq->params[1];
    bool fits = false;
    SH_TRY(find_check(txn, c, err));
    if (!is_file_name(name) || rq->body.len == 0) {
        struct sh_faults faults = {0};
        sh_faults_add(rq, &faults, SH_STR("name"), 0, SH_SAY(rq, WANTS_FILE));
        return sh_stop(sh_refuse_fields(rq, &faults));
    }
    if (!sh_str_is(sh_cell(&c->rows, 0, C_STATE)->str, "collecting"))
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, CHECK_STARTED)));
    const struct sh_str place = sh_cell(&c->rows, 0, C_PLACE)->str;
    const struct room most = {sh_gate_number(c->gate, "selfcheck.files_max", place),
                              sh_gate_number(c->gate, "selfcheck.mib_max", place)};
    SH_TRY(has_room(txn, c, name, most, &fits, err));
    if (!fits)
        return sh_stop(sh_refuse(rq, GATE_TOO_LARGE, SH_SAY(rq, AT_MOST_FILES), (long long)most.files,
                                 (long long)most.mib));
    SH_TRY(sh_check_put(txn, rq->params[0], name, false, sh_buf_view(&rq->body), err));
    return answer_check(txn, c, 200, err);
}

sh_code sh_api_selfcheck_file(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    return sh_gate_write(gate, rq, "file of a self-check", take_file, &c, NULL, err);
}

static sh_code start_check(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    struct sh_request *rq = c->rq;
    struct sh_rows files;
    int64_t moved = 0;
    SH_TRY(find_check(txn, c, err));
    SH_TRY(sh_check_files(txn, rq->params[0], &rq->arena, &files, err));
    if (files.n_rows == 0)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, SEND_FILES_FIRST)));
    const struct sh_value values[] = {SH_TEXT(rq->params[0])};
    SH_TRY(sh_sql_run(txn, "update gate_job set state = 'waiting' where id = $1 and state = 'collecting'",
                      values, 1, &moved, err));
    if (moved == 0)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, CHECK_STARTED)));
    SH_TRY(sh_gate_leaf(txn, "selfcheck.start", rq->params[0], err));
    SH_TRY(find_check(txn, c, err));
    return answer_check(txn, c, 202, err);
}

sh_code sh_api_selfcheck_start(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    SH_TRY(sh_gate_write(gate, rq, "start self-check", start_check, &c, NULL, err));
    sh_jobs_wake(gate->jobs);
    return SH_OK;
}

static sh_code drop_check(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    struct sh_request *rq = c->rq;
    int64_t gone = 0;
    SH_TRY(find_check(txn, c, err));
    const struct sh_value values[] = {SH_TEXT(rq->params[0])};
    SH_TRY(sh_sql_run(txn, "delete from gate_job where id = $1 and state not in ('running', 'cancelling')",
                      values, 1, &gone, err));
    if (gone == 0)
        return sh_stop(sh_refuse(rq, GATE_CONFLICT, SH_SAY(rq, CHECK_RUNNING)));
    SH_TRY(sh_gate_leaf(txn, "selfcheck.drop", rq->params[0], err));
    rq->status = 204;
    return SH_OK;
}

sh_code sh_api_selfcheck_drop(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    SH_TRY(sh_gate_write(gate, rq, "drop self-check", drop_check, &c, NULL, err));
    if (rq->status != 204)
        return SH_OK;
    const struct sh_act act = {.actor = sh_str_of(rq->caller.person), .why = SH_STR("drop self-check")};
    return sh_check_erase(gate, &act, rq->params[0], err);
}

/* ---- out --------------------------------------------------------------------------------------------- */

static sh_code open_file(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct checking *c = ctx;
    SH_TRY(find_check(txn, c, err));
    return sh_check_get(txn, c->rq->params[0], c->name, &c->rq->arena, &c->content, err);
}

static sh_code give(struct sh_gate *gate, struct sh_request *rq, const char *name, const char *type,
                    struct sh_err *err) {
    struct checking c;
    SH_TRY(checking_begin(gate, rq, &c, err));
    c.name = sh_str_of(name);
    SH_TRY(sh_gate_read(gate, rq, open_file, &c, err));
    sh_buf_clear(&rq->out);
    sh_buf_add_str(&rq->out,
                   strcmp(name, SH_SELFCHECK_REPORT) == 0 ? said(&c, rq->params[0], c.content) : c.content);
    rq->status = 200;
    rq->content_type = type;
    sh_answer_header(rq, "Content-Disposition",
                     sh_arena_printf(&rq->arena, NULL, "attachment; filename=\"%s\"", name));
    return sh_buf_check(&rq->out, err);
}

sh_code sh_api_selfcheck_workbook(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return give(gate, rq, SH_SELFCHECK_BOOK,
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", err);
}
sh_code sh_api_selfcheck_report(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    return give(gate, rq, SH_SELFCHECK_REPORT, "text/plain; charset=utf-8", err);
}
