/* The life of the server and of a request. */
#include "gate/gate.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/auth.h"
#include "gate/duty.h"
#include "gate/find.h"
#include "gate/handlers.h"
#include "gate/http.h"
#include "gate/jobs.h"
#include "gate/later.h"
#include "gate/pages.h"
#include "gate/password.h"
#include "gate/ruletext.h"
#include "gate/schema.h"
#include <inttypes.h>
#include <sodium.h>
#include <unistd.h>

static const struct sh_migration own_migrations[] = {
    {"gate", "0001_people", 1, gate_0001,
     "gate_account gate_session gate_attempt gate_key gate_grant gate_access gate_change gate_once gate_job"},
    {"gate", "0002_review", 2, gate_0002},
    {"gate", "0003_selfcheck", 3, gate_0003, "gate_check gate_check_file"},
    {"gate", "0004_statistics", 4, gate_0004},
    {"gate", "0005_answer", 5, gate_0005, "gate_answer"}};
enum { OWN_MIGRATIONS = sizeof own_migrations / sizeof own_migrations[0] };

size_t sh_gate_migrations(struct sh_migration out[SH_GATE_MIGRATIONS_MAX]) {
    size_t n = 0, n_matter = 0;
    const struct sh_migration *matter = sh_matter_migrations(&n_matter);
    sh_check(OWN_MIGRATIONS + n_matter <= SH_GATE_MIGRATIONS_MAX);
    for (size_t i = 0; i < OWN_MIGRATIONS; i++)
        out[n++] = own_migrations[i];
    for (size_t i = 0; i < n_matter; i++)
        out[n++] = matter[i];
    return n;
}

static sh_code open_store(const struct sh_gate_options *options, bool create, bool beside,
                          struct sh_store **ret, struct sh_err *err) {
    if (sodium_init() < 0)
        return sh_fail(err, SH_E_INTERNAL, "libsodium does not start");
    struct sh_migration migrations[SH_GATE_MIGRATIONS_MAX];
    const size_t n_migrations = sh_gate_migrations(migrations);
    const struct sh_store_options store = {
        .data_dir = options->data_dir,
        .keys_dir = options->keys_dir,
        .database_url = options->database_url,
        .passphrase = options->passphrase,
        .clock = options->clock,
        .migrations = migrations,
        .n_migrations = n_migrations,
        .digest = SH_DIGEST_SM3,
        .create = create,
        .beside = beside,
    };
    return sh_store_open(&store, ret, err);
}

sh_code sh_gate_store_open(const struct sh_gate_options *options, bool create, struct sh_store **ret,
                           struct sh_err *err) {
    return open_store(options, create, false, ret, err);
}

sh_code sh_gate_store_beside(const struct sh_gate_options *options, bool create, struct sh_store **ret,
                             struct sh_err *err) {
    const sh_code code = open_store(options, false, true, ret, err);
    const bool is_to_make = code == SH_E_NOTFOUND && create;
    return is_to_make || code == SH_E_UNSUPPORTED ? open_store(options, create, false, ret, err) : code;
}

sh_code sh_gate_forget(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct sh_str *record = ctx;
    static const char *const of_person[] = {
        "update gate_account set login = person, state = 'closed', hash = '' where person = $1",
        "update gate_key set name = '' where person = $1",
        "delete from gate_session where person = $1",
    };
    bool has = false;
    SH_TRY(sh_sql_has_table(txn, "gate_once", &has, err));
    if (!has)
        return SH_OK;
    SH_TRY(sh_sql_run(txn, "delete from gate_once", NULL, 0, NULL, err)); /* whatever an answer says of it */
    SH_TRY(sh_sql_has_table(txn, "gate_answer", &has, err));
    if (has) /* the files follow within seconds: duty.c */
        SH_TRY(sh_sql_run(txn, "delete from gate_answer", NULL, 0, NULL, err));
    for (size_t i = 0; i < sizeof of_person / sizeof of_person[0]; i++)
        SH_TRY(sh_sql_run(txn, of_person[i], &SH_TEXT(*record), 1, NULL, err));
    return sh_matter_forget(txn, *record, err);
}

static sh_code load_texts(struct sh_gate *gate, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, gate->options.law_dir, "roles.yaml", err));
    SH_TRY(sh_roles_load(path, &gate->arena, &gate->roles, err));
    if (gate->options.pages_dir)
        SH_TRY(sh_pages_load(gate->options.pages_dir, &gate->arena, &gate->pages, err));
    SH_TRY(sh_path_join(path, gate->options.law_dir, "registers", err));
    SH_TRY(sh_registers_load(path, gate->roles, &gate->arena, &gate->registers, err));
    SH_TRY(sh_path_join(path, gate->options.law_dir, "documents", err));
    SH_TRY(sh_papers_load(path, &gate->arena, &gate->templates, err));
    SH_TRY(sh_matter_texts_load(gate->options.law_dir, gate->registers, gate->roles, &gate->arena,
                                &gate->texts, err));
    gate->params = sh_matter_params(gate->texts);
    return SH_OK;
}

static sh_code start(struct sh_gate *gate, struct sh_err *err) {
    SH_TRY(load_texts(gate, err));
    SH_TRY(sh_gate_store_open(&gate->options, false, &gate->store, err));
    SH_TRY(sh_numbers_lay(&gate->numbers, gate->store, gate->registers, gate->texts, err));
    SH_TRY(sh_jobs_open(gate, &gate->jobs, err));
    SH_TRY(sh_later_sweep(gate, true, err));
    SH_TRY(sh_duty_start(gate, err));
    SH_TRY(sh_rulebook_open(gate, err));
    SH_TRY(sh_finder_new(&gate->finder, err));
    /* Writers wait for the disk together, so that one flush serves many; a hash takes 64 MiB, hence two; two
     * long tables leave the readers room. */
    static const struct {
        size_t threads, length;
    } sizes[SH_LANES] = {[SH_LANE_READ] = {4, 512},
                         [SH_LANE_WRITE] = {32, 512},
                         [SH_LANE_HASH] = {2, 32},
                         [SH_LANE_LATER] = {2, 128}};
    for (size_t i = 0; i < SH_LANES; i++) {
        const size_t threads =
            i == SH_LANE_READ && gate->options.threads ? gate->options.threads : sizes[i].threads;
        SH_TRY(sh_lane_start(&gate->lanes[i], gate, threads, sizes[i].length, err));
    }
    return gate->options.host ? sh_http_start(gate, gate->options.host, gate->options.port, err) : SH_OK;
}

sh_code sh_gate_start(const struct sh_gate_options *options, struct sh_gate **ret, struct sh_err *err) {
    sh_heap_wipe(); /* what people sent must not outlive its answer in memory: a core dump, a swapped page */
    sh_json_wipe();
    struct sh_gate *gate = sh_alloc_array(1, sizeof *gate);
    if (!gate)
        return sh_fail(err, SH_E_NOMEM, "no room for the server");
    gate->options = *options;
    pthread_mutex_init(&gate->later.mutex, NULL);
    pthread_mutex_init(&gate->seen.mutex, NULL);
    gate->log = (struct sh_log){.file = options->log, .level = SH_LOG_INFO, .clock = options->clock};
    const sh_code code = start(gate, err);
    if (code != SH_OK) {
        sh_gate_stop(gate, 0);
        return code;
    }
    *ret = gate;
    return SH_OK;
}

uint16_t sh_gate_port(const struct sh_gate *gate) {
    return sh_http_port(gate);
}

void sh_gate_stop(struct sh_gate *gate, int seconds) {
    if (!gate)
        return;
    atomic_store(&gate->is_stopping, true);
    sh_http_stop(gate, seconds);
    for (size_t i = 0; i < SH_LANES; i++)
        sh_lane_free(&gate->lanes[i]);
    sh_duty_stop(gate);
    sh_jobs_close(gate->jobs);
    sh_finder_free(gate->finder);
    sh_rulebook_free(gate->rulebook);
    sh_store_close(gate->store);
    sh_numbers_free(&gate->numbers);
    sh_arena_free(&gate->arena);
    pthread_mutex_destroy(&gate->later.mutex);
    pthread_mutex_destroy(&gate->seen.mutex);
    sh_free(gate);
}

int64_t sh_gate_now(const struct sh_gate *gate) {
    return sh_clock_now(gate->options.clock);
}
int32_t sh_gate_today(const struct sh_gate *gate) {
    return sh_clock_today_shanghai(gate->options.clock);
}

/* ---- a request --------------------------------------------------------------------------------------- */

struct sh_request *sh_request_new(struct sh_gate *gate) {
    struct sh_arena arena = {.limit_bytes = SH_REQUEST_ARENA_MAX};
    struct sh_request *rq = sh_new(&arena, struct sh_request, 1);
    if (!rq)
        return NULL;
    rq->arena = arena;
    rq->gate = gate;
    rq->began_ns = sh_monotonic_ns();
    rq->content_type = "application/json";
    rq->out = sh_buf_init(SH_ANSWER_MAX);
    rq->body = sh_buf_init(SH_UPLOAD_MAX);
    sh_token_new(16, rq->id);
    return rq;
}

void sh_request_free(struct sh_request *rq) {
    if (rq->is_counted)
        atomic_fetch_sub(&rq->gate->n_under_way, 1);
    sh_buf_free(&rq->out);
    sh_buf_free(&rq->body);
    if (rq->file.fd_plus_1)
        (void)close(rq->file.fd_plus_1 - 1);
    struct sh_arena arena = rq->arena; /* rq lies in it */
    sh_arena_free(&arena);
}

static sh_code answer(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    if (rq->route->need)
        SH_TRY(sh_auth(gate, rq, err));
    return rq->status ? SH_OK : rq->route->handler(gate, rq, err);
}

void sh_gate_answer(struct sh_gate *gate, struct sh_request *rq) {
    if (rq->status)
        return;
    struct sh_err err;
    const sh_code code = answer(gate, rq, &err);
    if (code != SH_OK && !(code == SH_E_CANCELLED && rq->status)) { /* else refused already */
        sh_refuse_code(rq, code, &err);
        if (rq->status == 500)
            sh_log(&gate->log, SH_LOG_ERROR, "fault", " request=%s route=\"%s\" code=%s", rq->id,
                   rq->route->path, sh_code_name(code));
    }
    if (rq->status == 0)
        (void)sh_refuse(rq, GATE_FAULT, NULL);
}

void sh_gate_serve(struct sh_gate *gate, struct sh_request *rq) {
    if (rq->later) {
        sh_later_serve(gate, rq);
        return;
    }
    struct sh_seen seen;
    sh_gate_answer(gate, rq);
    sh_seen_of(rq, &seen); /* resumed, the request is its thread's, who may free it */
    sh_http_resume(rq);
    sh_seen_note(gate, &seen);
}

static size_t latency_bucket(int64_t ns) {
    static const int64_t limits_ms[SH_LATENCY_BUCKETS] = {1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000};
    for (size_t i = 0; i < SH_LATENCY_BUCKETS; i++)
        if (ns <= limits_ms[i] * 1000000)
            return i;
    return SH_LATENCY_BUCKETS;
}

void sh_gate_note(struct sh_request *rq) {
    struct sh_gate *gate = rq->gate;
    const int64_t ns = sh_monotonic_ns() - rq->began_ns;
    const size_t route = rq->route ? rq->route_index : SH_ROUTES_MAX;
    const int class = rq->status / 100 - 1;
    if (class >= 0 && class < 5)
        atomic_fetch_add(&gate->metrics.answers[route][class], 1);
    atomic_fetch_add(&gate->metrics.latency[latency_bucket(ns)], 1);
    atomic_fetch_add(&gate->metrics.latency_ns, (uint64_t)ns);
    /* The template, never the path: paths hold ids. */
    static const char *const methods[SH_METHODS] = {"GET", "POST", "PUT", "DELETE"};
    sh_log(&gate->log, SH_LOG_INFO, "request",
           " request=%s method=%s route=\"%s\" status=%d ms=%lld bytes=%" PRIu64, rq->id, methods[rq->method],
           rq->route ? rq->route->path : "-", rq->status, (long long)(ns / 1000000),
           rq->out.len + rq->file.bytes);
}

int sh_gate_probe(struct sh_gate *gate, const struct sh_gate_probe *probe, struct sh_buf *out) {
    static const char *const methods[SH_METHODS] = {"GET", "POST", "PUT", "DELETE"};
    struct sh_request *rq = sh_request_new(gate);
    if (!rq)
        return 0;
    bool is_method = false;
    for (int i = 0; i < SH_METHODS; i++)
        if (strcmp(probe->method, methods[i]) == 0)
            rq->method = (enum sh_method)i, is_method = true;
    rq->cookie = sh_str_of(probe->cookie);
    rq->csrf = sh_str_of(probe->csrf);
    rq->if_match = sh_str_of(probe->if_match);
    rq->idempotency = sh_str_of(probe->idempotency);
    rq->content_type_in = SH_STR("application/json");
    rq->address = SH_STR("probe");
    sh_buf_add_str(&rq->body, probe->body);
    struct sh_err err;
    if (sh_target_parse(sh_str_of(probe->target), &rq->arena, &rq->target, &err) != SH_OK)
        (void)sh_refuse(rq, GATE_BAD_REQUEST, "%s", err.message);
    const sh_code code = rq->status || !is_method ? SH_OK : sh_route_find(rq, &err);
    if (code != SH_OK && !(code == SH_E_NOTFOUND && sh_pages_answer(gate->pages, rq)))
        (void)sh_refuse(rq, code == SH_E_UNSUPPORTED ? GATE_NO_METHOD : GATE_NOT_FOUND, NULL);
    if (is_method)
        sh_gate_answer(gate, rq);
    const int status = is_method ? rq->status : 0;
    sh_buf_add_str(out, sh_buf_view(&rq->out));
    sh_gate_note(rq);
    sh_request_free(rq);
    return status;
}

void sh_answer_begin(struct sh_request *rq, int status, struct sh_json *json) {
    sh_buf_clear(&rq->out);
    rq->status = status;
    rq->problem = NULL;
    rq->content_type = "application/json";
    rq->n_headers = 0;
    sh_json_begin(json, &rq->out);
}

sh_code sh_answer_end(struct sh_request *rq, struct sh_json *json, struct sh_err *err) {
    const sh_code code = sh_json_end(json, err);
    if (code != SH_OK)
        rq->status = 0;
    return code;
}

void sh_answer_header(struct sh_request *rq, const char *name, const char *value) {
    if (rq->n_headers < sizeof rq->headers / sizeof rq->headers[0] && value) {
        rq->headers[rq->n_headers].name = name;
        rq->headers[rq->n_headers++].value = value;
    }
}

sh_code sh_request_json(struct sh_request *rq, json_t **ret, struct sh_err *err) {
    const struct sh_str type = sh_str_sub(rq->content_type_in, 0, 16);
    if (rq->body.len && !sh_str_eq_nocase(type, SH_STR("application/json"))) {
        (void)sh_refuse(rq, GATE_BAD_TYPE, "application/json");
        return sh_fail(err, SH_E_CANCELLED, "content type");
    }
    const struct sh_str text = rq->body.len ? sh_buf_view(&rq->body) : SH_STR("{}");
    json_t *root = NULL;
    const sh_code code = sh_json_read("body", text, &root, err);
    if (code == SH_E_NOMEM)
        return code;
    if (code != SH_OK || !json_is_object(root)) {
        json_decref(root);
        (void)sh_refuse(rq, GATE_BAD_JSON, "%s", code == SH_OK ? "body: not an object" : err->message);
        return sh_fail(err, SH_E_CANCELLED, "body");
    }
    *ret = root;
    return SH_OK;
}
