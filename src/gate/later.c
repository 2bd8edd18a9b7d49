/* The order of writes: the file of an answer, whole and synced, then in one transaction its row and the end
 * of its job. A kill between the two leaves a file without a row, which the next start removes; the job reads
 * as interrupted. */
#include "gate/later.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/jobkinds.h"
#include "gate/jobs.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".answer"
enum { GRANTS_MAX = 4096 };

/* What a kind asks: the path whose handler decides, and what its parameter is called. */
static const struct later_kind {
    const char *name, *path, *parameter;
    enum sh_method method;
} kinds[] = {
    {SH_LATER_FINDINGS, "/api/v1/runs/{run}/export", "run", SH_GET},
    {SH_LATER_EXPORT, "/api/v1/registers/{register}/export", "register", SH_GET},
    {SH_LATER_IMPORT, "/api/v1/registers/{register}/import", "register", SH_POST},
};

static const struct later_kind *kind_of(struct sh_str name) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (sh_str_is(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

static sh_code folder_of(const struct sh_gate *gate, char *out, struct sh_err *err) {
    return sh_path_join(out, gate->options.data_dir, "exports", err);
}

sh_code sh_later_path(const struct sh_gate *gate, struct sh_str id, char *out, struct sh_err *err) {
    return sh_path_format(out, err, "%s/exports/%.*s" ENDING, gate->options.data_dir, SH_ARG(id));
}

/* ---- those under way --------------------------------------------------------------------------------- */

static void enter(struct sh_gate *gate, struct sh_request *rq) {
    pthread_mutex_lock(&gate->later.mutex);
    rq->later->next = gate->later.first;
    gate->later.first = rq->later;
    gate->later.held_bytes += rq->body_counted;
    pthread_mutex_unlock(&gate->later.mutex);
}

static void leave(struct sh_gate *gate, struct sh_request *rq) {
    pthread_mutex_lock(&gate->later.mutex);
    for (struct sh_later **at = &gate->later.first; *at; at = &(*at)->next)
        if (*at == rq->later) {
            *at = rq->later->next;
            break;
        }
    gate->later.held_bytes -= rq->body_counted;
    pthread_mutex_unlock(&gate->later.mutex);
    atomic_fetch_sub(&gate->http.body_bytes, rq->body_counted);
    sh_request_free(rq);
}

/* Under the mutex. */
static struct sh_later *find(struct sh_gate *gate, struct sh_str id) {
    for (struct sh_later *at = gate->later.first; at; at = at->next)
        if (sh_str_is(id, at->id))
            return at;
    return NULL;
}

static void tell(const struct sh_later *later, char *out) {
    const unsigned long long n = atomic_load(&later->n_done), all = atomic_load(&later->n_all);
    (void)snprintf(out, 48, all ? "%llu/%llu" : "%llu", n, all);
}

bool sh_later_progress(struct sh_gate *gate, struct sh_str id, char *out) {
    pthread_mutex_lock(&gate->later.mutex);
    const struct sh_later *later = find(gate, id);
    if (later)
        tell(later, out);
    pthread_mutex_unlock(&gate->later.mutex);
    return later != NULL;
}

bool sh_later_cancel(struct sh_gate *gate, struct sh_str id) {
    pthread_mutex_lock(&gate->later.mutex);
    struct sh_later *later = find(gate, id);
    if (later)
        atomic_store(&later->is_cancelled, true);
    pthread_mutex_unlock(&gate->later.mutex);
    return later != NULL;
}

sh_code sh_later_row(struct sh_request *rq, uint64_t n, struct sh_err *err) {
    if (!rq->later)
        return n < SH_LATER_ROWS_NOW ? SH_OK
                                     : sh_fail(err, SH_E_LIMIT, SH_SAY(rq, ASK_FOR_LATER), SH_LATER_ROWS_NOW);
    atomic_store_explicit(&rq->later->n_done, n, memory_order_relaxed);
    return atomic_load_explicit(&rq->later->is_cancelled, memory_order_relaxed) || gate_is_stopping(rq->gate)
               ? sh_fail(err, SH_E_CANCELLED, "ended before it was done")
               : SH_OK;
}

void sh_later_expect(struct sh_request *rq, uint64_t n_all) {
    if (rq->later)
        atomic_store(&rq->later->n_all, n_all);
}

/* ---- taken ------------------------------------------------------------------------------------------- */

static struct sh_str copy_of(struct sh_request *rq, struct sh_str text, bool *is_whole) {
    const char *copy = text.at ? sh_arena_dup(&rq->arena, text.at, text.len) : NULL;
    *is_whole = *is_whole && (copy || !text.at);
    return (struct sh_str){copy, copy ? text.len : 0};
}

/* The same request without its connection, its body and its browser. */
static struct sh_request *request_for(struct sh_gate *gate, const struct sh_route *route,
                                      struct sh_str parameter, const char *person, const char *id) {
    struct sh_request *rq = sh_request_new(gate);
    struct sh_later *later = rq ? sh_new(&rq->arena, struct sh_later, 1) : NULL;
    bool is_whole = later != NULL;
    if (rq)
        rq->params[0] = copy_of(rq, parameter, &is_whole);
    if (!is_whole) {
        if (rq)
            sh_request_free(rq);
        return NULL;
    }
    (void)snprintf(later->id, sizeof later->id, "%s", id);
    (void)snprintf(later->person, sizeof later->person, "%s", person);
    (void)snprintf(rq->id, sizeof rq->id, "%s", id);
    rq->later = later;
    rq->route = route;
    rq->route_index = (size_t)(route - sh_routes(&(size_t){0}));
    rq->method = route->method;
    return rq;
}

static struct sh_request *copy_request(const struct sh_request *from, const char *id) {
    struct sh_request *rq = request_for(from->gate, from->route, from->params[0], from->caller.person, id);
    if (!rq)
        return NULL;
    bool is_whole = true;
    rq->lang = from->lang;
    rq->purpose = copy_of(rq, from->purpose, &is_whole);
    rq->content_type_in = copy_of(rq, from->content_type_in, &is_whole);
    rq->target.n_args = from->target.n_args;
    for (size_t i = 0; i < from->target.n_args; i++)
        rq->target.args[i] = (struct sh_arg){copy_of(rq, from->target.args[i].name, &is_whole),
                                             copy_of(rq, from->target.args[i].value, &is_whole)};
    if (is_whole)
        return rq;
    sh_request_free(rq);
    return NULL;
}

static bool has_room(struct sh_gate *gate, size_t bytes) {
    pthread_mutex_lock(&gate->later.mutex);
    const bool has = gate->later.held_bytes + bytes <= SH_LATER_HELD_MAX;
    pthread_mutex_unlock(&gate->later.mutex);
    return has;
}

/* What stands with the job for all who run jobs: never what was searched for, nor why. */
static sh_code put_arguments(const struct sh_request *rq, const struct later_kind *kind, struct sh_buf *out,
                             struct sh_err *err) {
    struct sh_json json;
    const char *const shown[] = {"format", "dry_run"};
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_str(&json, kind->parameter, rq->params[0]);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        const struct sh_str value = sh_target_arg(&rq->target, shown[i]);
        if (value.len)
            sh_json_put_str(&json, shown[i], value);
    }
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}

static void end_job(struct sh_gate *gate, const struct sh_job_update *update) {
    const struct sh_act act = {.actor = SH_STR("jobs"), .is_housekeeping = true};
    struct sh_err err;
    if (sh_store_write(gate->store, &act, sh_job_end, (void *)(uintptr_t)update, NULL, &err) != SH_OK)
        sh_log(&gate->log, SH_LOG_ERROR, "job state not written", " code=%s", sh_code_name(err.code));
}

static sh_code take(struct sh_request *rq, const struct later_kind *kind, struct sh_err *err) {
    struct sh_gate *gate = rq->gate;
    SH_CLEANUP(sh_buf_free) struct sh_buf arguments = {0};
    char id[33];
    bool is_made = false;
    if (!has_room(gate, rq->body_counted))
        return sh_refuse(rq, GATE_BUSY, NULL);
    sh_job_id(id);
    SH_TRY(put_arguments(rq, kind, &arguments, err));
    struct sh_request *work = copy_request(rq, id);
    if (!work)
        return sh_fail(err, SH_E_NOMEM, "no room for a request");
    const struct sh_job_asked asked = {id, kind->name, &arguments, SH_LATER_OPEN_MAX};
    const sh_code code = sh_job_start(gate, rq, &asked, &is_made, err);
    if (code != SH_OK || !is_made) { /* failed, refused, or asked for a second time */
        sh_request_free(work);
        return code;
    }
    sh_buf_free(&work->body);
    work->body = rq->body, work->body_counted = rq->body_counted;
    rq->body = (struct sh_buf){0}, rq->body_counted = 0;
    enter(gate, work);
    if (!sh_lane_push(&gate->lanes[SH_LANE_LATER], work)) {
        leave(gate, work);
        end_job(gate, &(struct sh_job_update){id, "failed", "", sh_problem_word(GATE_BUSY)});
        return sh_refuse(rq, GATE_BUSY, NULL);
    }
    sh_answer_header(rq, "Preference-Applied", "respond-async");
    sh_answer_header(rq, "Location", sh_arena_printf(&rq->arena, NULL, "/api/v1/jobs/%s", id));
    return SH_OK;
}

sh_code sh_later_point(struct sh_request *rq, const char *kind, struct sh_err *err) {
    if (rq->later && rq->later->is_fetch) {
        rq->status = 200;
        return sh_fail(err, SH_E_CANCELLED, "only asked");
    }
    if (rq->later || !sh_str_eq_nocase(rq->prefer, SH_STR("respond-async")))
        return SH_OK;
    SH_TRY(take(rq, kind_of(sh_str_of(kind)), err));
    return sh_fail(err, SH_E_CANCELLED, "answered");
}

/* ---- worked off -------------------------------------------------------------------------------------- */

struct keeping {
    struct sh_request *rq;
    struct sh_job_update update;
    char grants[GRANTS_MAX]; /* ids, with spaces: what it was answered by */
    struct sh_str name;
    uint64_t bytes;
    bool is_file;
};

static sh_code keep_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct keeping *k = ctx;
    const struct sh_request *rq = k->rq;
    const struct sh_value old[] = {SH_TEXT(sh_str_of(rq->later->person)), SH_I64(SH_LATER_KEPT_MAX - 1)};
    SH_TRY(sh_job_end(txn, (void *)(uintptr_t)&k->update, err));
    if (!k->is_file)
        return SH_OK;
    SH_TRY(sh_sql_run(
        txn,
        "delete from gate_answer where id in (select a.id from gate_answer a join gate_job j on j.id "
        "= a.id where j.person = $1 order by j.ended_at desc, a.id desc limit 1000 offset $2)",
        old, 2, NULL, err));
    const struct sh_value values[] = {SH_TEXT(sh_str_of(rq->later->id)),    SH_I64(rq->status),
                                      SH_TEXT(sh_str_of(rq->content_type)), SH_TEXT(k->name),
                                      SH_TEXT(sh_str_of(k->grants)),        SH_I64((int64_t)k->bytes)};
    return sh_sql_run(
        txn,
        "insert into gate_answer (id, status, type, name, grants, bytes) values ($1, $2, $3, $4, $5, $6)",
        values, 6, NULL, err);
}

static sh_code list_grants(const struct sh_request *rq, char *out, struct sh_err *err) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const size_t more = strlen(rq->caller.grants[i].id) + 1;
        if (len + more >= GRANTS_MAX)
            return sh_fail(err, SH_E_LIMIT, "too many grants");
        len += (size_t)snprintf(out + len, GRANTS_MAX - len, "%s ", rq->caller.grants[i].id);
    }
    return SH_OK;
}

/* A table lies where sh_takeaway_send put it; anything else is written now. */
static sh_code keep_file(struct keeping *k, struct sh_err *err) {
    struct sh_request *rq = k->rq;
    char path[SH_PATH_BYTES_MAX], dir[SH_PATH_BYTES_MAX];
    k->bytes = rq->file.bytes;
    k->is_file = true;
    for (size_t i = 0; i < rq->n_headers; i++)
        if (strcmp(rq->headers[i].name, "Content-Disposition") == 0)
            k->name = sh_str_of(rq->headers[i].value);
    if (rq->file.fd_plus_1)
        return SH_OK;
    k->bytes = rq->out.len;
    SH_TRY(folder_of(rq->gate, dir, err));
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_later_path(rq->gate, sh_str_of(rq->later->id), path, err));
    return sh_fs_write(path, sh_buf_view(&rq->out), err);
}

static void finish(struct sh_gate *gate, struct sh_request *rq) {
    const struct sh_act act = {.actor = SH_STR("jobs"), .is_housekeeping = true};
    struct keeping k = {.rq = rq, .name = SH_STR("")};
    struct sh_err err;
    char progress[48], path[SH_PATH_BYTES_MAX];
    const bool is_done = rq->status == 200, is_cancelled = atomic_load(&rq->later->is_cancelled);
    tell(rq->later, progress);
    k.update = (struct sh_job_update){rq->later->id,
                                      is_done                  ? "done"
                                      : is_cancelled           ? "cancelled"
                                      : gate_is_stopping(gate) ? "interrupted"
                                                               : "failed",
                                      progress,
                                      is_done       ? ""
                                      : rq->problem ? rq->problem
                                                    : ""};
    sh_code code = SH_OK;
    if (is_done || strcmp(k.update.state, "failed") == 0) {
        code = list_grants(rq, k.grants, &err);
        if (code == SH_OK)
            code = keep_file(&k, &err);
    }
    if (code == SH_OK)
        code = sh_store_write(gate->store, &act, keep_body, &k, NULL, &err);
    if (code == SH_OK)
        return;
    sh_log(&gate->log, SH_LOG_ERROR, "answer not kept", " code=%s", sh_code_name(code));
    if (sh_later_path(gate, sh_str_of(rq->later->id), path, &err) == SH_OK)
        (void)unlink(path);
    end_job(gate, &(struct sh_job_update){rq->later->id, "failed", progress,
                                          sh_problem_word(sh_problem_of_code(code))});
}

void sh_later_serve(struct sh_gate *gate, struct sh_request *rq) {
    const struct sh_act act = {.actor = SH_STR("jobs"), .is_housekeeping = true};
    struct sh_job_taking taking = {rq->later->id, 0};
    struct sh_err err;
    /* Whoever stops has no time for it: the next start finds it and says that the server stopped. */
    const sh_code code = gate_is_stopping(gate)
                             ? SH_E_CANCELLED
                             : sh_store_write(gate->store, &act, sh_job_take, &taking, NULL, &err);
    if (code == SH_OK && taking.n) {
        sh_gate_answer(gate, rq);
        finish(gate, rq);
        sh_gate_note(rq);
    }
    leave(gate, rq);
}

/* ---- fetched ----------------------------------------------------------------------------------------- */

struct fetching {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_rows rows;
};
enum { F_KIND, F_ARGUMENTS, F_STATUS, F_TYPE, F_NAME, F_GRANTS };

static sh_code find_answer(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct fetching *f = ctx;
    const struct sh_value values[] = {SH_TEXT(f->rq->params[0]), SH_TEXT(sh_str_of(f->rq->caller.person)),
                                      SH_I64(sh_gate_now(f->gate) - SH_LATER_KEEP_SECONDS)};
    SH_TRY(
        sh_sql_query(txn,
                     "select j.kind, j.arguments, a.status, a.type, a.name, a.grants from gate_answer a join "
                     "gate_job j on j.id = a.id where a.id = $1 and j.person = $2 and j.ended_at > $3",
                     values, 3, &f->rq->arena, &f->rows, err));
    return f->rows.n_rows == 1 ? SH_OK
                               : sh_fail(err, SH_E_NOTFOUND, "no answer of one's own is kept under this id");
}

/* Each grant the rows were chosen by must still stand: with fewer he would have been given fewer. */
static bool has_grants(const struct sh_request *rq, struct sh_str grants) {
    for (struct sh_str one; sh_str_split(&grants, ' ', &one);) {
        bool has = one.len == 0;
        for (size_t i = 0; !has && i < rq->caller.n_grants; i++)
            has = sh_str_is(one, rq->caller.grants[i].id);
        if (!has)
            return false;
    }
    return true;
}

static const struct sh_route *route_of(const struct later_kind *kind) {
    size_t n = 0;
    const struct sh_route *routes = sh_routes(&n);
    for (size_t i = 0; kind && i < n; i++)
        if (strcmp(routes[i].path, kind->path) == 0 && routes[i].method == kind->method)
            return &routes[i];
    return NULL;
}

/* What the handler itself says to the same request today; a refusal becomes that of the fetching. */
static sh_code ask_again(struct fetching *f, struct sh_err *err) {
    struct sh_request *rq = f->rq;
    SH_CLEANUP(sh_json_decref_at) json_t *arguments = NULL;
    const struct later_kind *kind = kind_of(sh_cell(&f->rows, 0, F_KIND)->str);
    const struct sh_route *route = route_of(kind);
    if (!route)
        return sh_fail(err, SH_E_NOTFOUND, "no such job");
    SH_TRY(sh_json_read("arguments", sh_cell(&f->rows, 0, F_ARGUMENTS)->str, &arguments, err));
    struct sh_request *again = request_for(f->gate, route, sh_member(arguments, kind->parameter, &rq->arena),
                                           rq->caller.person, rq->id);
    if (!again)
        return sh_fail(err, SH_E_NOMEM, "no room for a request");
    again->later->is_fetch = true;
    again->lang = rq->lang;
    sh_gate_answer(f->gate, again);
    if (again->status != 200) {
        sh_buf_clear(&rq->out);
        sh_buf_add_str(&rq->out, sh_buf_view(&again->out));
        rq->status = again->status, rq->problem = again->problem, rq->content_type = again->content_type;
    } else if (!has_grants(again, sh_cell(&f->rows, 0, F_GRANTS)->str)) {
        (void)sh_refuse(rq, GATE_FORBIDDEN, SH_SAY(rq, RIGHTS_ARE_OTHERS));
    }
    sh_request_free(again);
    return SH_OK;
}

static const char *cell_text(struct fetching *f, size_t column) {
    const struct sh_str text = sh_cell(&f->rows, 0, column)->str;
    return sh_arena_dup(&f->rq->arena, text.len ? text.at : "", text.len);
}

sh_code sh_api_job_answer(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct fetching f = {.gate = gate, .rq = rq};
    char path[SH_PATH_BYTES_MAX];
    struct stat about;
    SH_TRY(sh_store_read(gate->store, find_answer, &f, err));
    SH_TRY(ask_again(&f, err));
    if (rq->status)
        return SH_OK;
    SH_TRY(sh_later_path(gate, rq->params[0], path, err));
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) /* swept a moment ago, or kept by another server */
        return sh_fail(err, SH_E_NOTFOUND, "the answer is no longer kept here");
    rq->file.fd_plus_1 = fd + 1; /* closed with the request */
    if (fstat(fd, &about) != 0)
        return sh_fail_errno(err, "%s: cannot stat", path);
    const char *type = cell_text(&f, F_TYPE), *name = cell_text(&f, F_NAME);
    if (!type || !name)
        return sh_fail(err, SH_E_NOMEM, "no room for headers");
    sh_buf_clear(&rq->out);
    rq->file.bytes = (uint64_t)about.st_size;
    rq->status = (int)sh_cell(&f.rows, 0, F_STATUS)->i64;
    rq->content_type = type;
    if (name[0])
        sh_answer_header(rq, "Content-Disposition", name);
    return SH_OK;
}

/* ---- over -------------------------------------------------------------------------------------------- */

struct sweeping {
    struct sh_gate *gate;
    struct sh_arena arena;
    struct sh_rows rows;
    int64_t n;
};
static void sweeping_end(struct sweeping *s) {
    sh_arena_free(&s->arena);
}

static sh_code read_kept(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sweeping *s = ctx;
    return sh_sql_query(
        txn, "select a.id, coalesce(j.ended_at, 0) from gate_answer a left join gate_job j on j.id = a.id",
        NULL, 0, &s->arena, &s->rows, err);
}

static sh_code forget_old(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sweeping *s = ctx;
    const struct sh_value until[] = {SH_I64(sh_gate_now(s->gate) - SH_LATER_KEEP_SECONDS)};
    return sh_sql_run(txn,
                      "delete from gate_answer where id not in (select id from gate_job where ended_at > $1)",
                      until, 1, NULL, err);
}

static bool is_old(const struct sweeping *s, size_t row) {
    return sh_cell(&s->rows, row, 1)->i64 <= sh_gate_now(s->gate) - SH_LATER_KEEP_SECONDS;
}

static struct sh_str id_of(const char *name) {
    const struct sh_str text = sh_str_of(name);
    return sh_str_sub(text, 0, text.len - (sizeof ENDING - 1));
}

static bool is_answer(const char *name) {
    return sh_str_ends_with(sh_str_of(name), SH_STR(ENDING));
}

static bool is_kept(const struct sweeping *s, struct sh_str id) {
    for (size_t i = 0; i < s->rows.n_rows; i++)
        if (!is_old(s, i) && sh_str_eq(sh_cell(&s->rows, i, 0)->str, id))
            return true;
    return false;
}

/* The files that may go: first all but those of jobs under way, then, once the rows are read, all but theirs.
 * In this order, as a job writes its file, then its row, and only then is no longer under way. */
static sh_code sweep_folder(struct sweeping *s, const char *dir, bool at_start, struct sh_err *err) {
    const struct sh_dir_entry *entries = NULL;
    char path[SH_PATH_BYTES_MAX], unused[48];
    size_t n = 0, n_left = 0;
    const sh_code code = sh_dir_list(dir, &s->arena, &entries, &n, err);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    const char **left = sh_new(&s->arena, const char *, n);
    if (!left)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu names", n);
    for (size_t i = 0; i < n; i++)
        if (is_answer(entries[i].name) ? !sh_later_progress(s->gate, id_of(entries[i].name), unused)
                                       : at_start)
            left[n_left++] = entries[i].name;
    SH_TRY(sh_store_read(s->gate->store, read_kept, s, err));
    for (size_t i = 0; i < n_left; i++) {
        if (is_answer(left[i]) && is_kept(s, id_of(left[i])))
            continue;
        SH_TRY(sh_path_join(path, dir, left[i], err));
        SH_TRY(sh_remove_file(path, err));
    }
    return SH_OK;
}

sh_code sh_later_sweep(struct sh_gate *gate, bool at_start, struct sh_err *err) {
    SH_CLEANUP(sweeping_end) struct sweeping s = {.gate = gate};
    const struct sh_act act = {.actor = SH_STR("jobs"), .is_housekeeping = true};
    char dir[SH_PATH_BYTES_MAX];
    size_t n_old = 0;
    SH_TRY(folder_of(gate, dir, err));
    SH_TRY(sweep_folder(&s, dir, at_start, err));
    for (size_t i = 0; i < s.rows.n_rows; i++)
        n_old += is_old(&s, i);
    return n_old ? sh_store_write(gate->store, &act, forget_old, &s, NULL, err) : SH_OK;
}
