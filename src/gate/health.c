/* Is it alive, how is it doing, what can it do. */
#include "base/fs.h"
#include "base/limits.h"
#include "gate/handlers.h"
#include "gate/inner.h"

static sh_code ping(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_request *rq = ctx;
    struct sh_rows rows;
    return sh_sql_query(txn, "select count(*) from gate_key", NULL, 0, &rq->arena, &rows, err);
}

sh_code sh_api_health(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    if (gate_is_stopping(gate))
        return sh_refuse(rq, GATE_STOPPING, NULL);
    if (sh_store_read(gate->store, ping, rq, err) != SH_OK)
        return sh_refuse(rq, GATE_UNAVAILABLE, "store: %s", sh_code_name(err->code));
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_text(&json, "status", "ok");
    sh_json_put_text(&json, "version", SH_VERSION);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

static void metric(struct sh_buf *out, const char *name, const char *type, const char *help) {
    sh_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_answers(struct sh_buf *out, struct sh_gate *gate) {
    static const char *const methods[SH_METHODS] = {"GET", "POST", "PUT", "DELETE"};
    size_t n = 0;
    const struct sh_route *routes = sh_routes(&n);
    metric(out, "shouhu_http_requests_total", "counter", "Requests answered.");
    for (size_t i = 0; i <= SH_ROUTES_MAX; i++)
        for (int class = 0; class < 5; class ++) {
            const unsigned long long count = atomic_load(&gate->metrics.answers[i][class]);
            if (count && (i < n || i == SH_ROUTES_MAX))
                sh_buf_addf(
                    out, "shouhu_http_requests_total{method=\"%s\",route=\"%s\",class=\"%dxx\"} %llu\n",
                    i < n ? methods[routes[i].method] : "-", i < n ? routes[i].path : "-", class + 1, count);
        }
}

static void put_latency(struct sh_buf *out, struct sh_gate *gate) {
    static const char *const limits[SH_LATENCY_BUCKETS] = {"0.001", "0.002", "0.005", "0.01", "0.025",
                                                           "0.05",  "0.1",   "0.25",  "1",    "5"};
    metric(out, "shouhu_http_seconds", "histogram", "Time from the request line to the end of the answer.");
    unsigned long long sum = 0;
    for (size_t i = 0; i <= SH_LATENCY_BUCKETS; i++) {
        sum += atomic_load(&gate->metrics.latency[i]);
        sh_buf_addf(out, "shouhu_http_seconds_bucket{le=\"%s\"} %llu\n",
                    i < SH_LATENCY_BUCKETS ? limits[i] : "+Inf", sum);
    }
    const unsigned long long ns = atomic_load(&gate->metrics.latency_ns);
    sh_buf_addf(out, "shouhu_http_seconds_sum %llu.%09llu\nshouhu_http_seconds_count %llu\n", ns / 1000000000,
                ns % 1000000000, sum);
}

sh_code sh_api_metrics(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    static const char *const lanes[SH_LANES] = {"read", "write", "hash", "later"};
    struct sh_buf *out = &rq->out;
    sh_buf_clear(out);
    put_answers(out, gate);
    put_latency(out, gate);
    metric(out, "shouhu_http_waiting", "gauge", "Requests waiting for a worker.");
    for (size_t i = 0; i < SH_LANES; i++)
        sh_buf_addf(out, "shouhu_http_waiting{lane=\"%s\"} %zu\n", lanes[i], sh_lane_length(&gate->lanes[i]));
    metric(out, "shouhu_http_refused_total", "counter", "Requests refused because a queue was full.");
    sh_buf_addf(out, "shouhu_http_refused_total %llu\n",
                (unsigned long long)atomic_load(&gate->metrics.refused));
    metric(out, "shouhu_http_connections", "gauge", "Connections that are open.");
    pthread_mutex_lock(&gate->http.conns_mutex);
    const size_t n_conns = gate->http.n_conns;
    pthread_mutex_unlock(&gate->http.conns_mutex);
    sh_buf_addf(out, "shouhu_http_connections %zu\n", n_conns);
    metric(out, "shouhu_http_cut_total", "counter", "Connections cut because they were too slow.");
    sh_buf_addf(out, "shouhu_http_cut_total %llu\n", (unsigned long long)atomic_load(&gate->http.n_cut));
    metric(out, "shouhu_logins_failed_total", "counter", "Sign-ins that failed.");
    sh_buf_addf(out, "shouhu_logins_failed_total %llu\n",
                (unsigned long long)atomic_load(&gate->metrics.logins_failed));
    rq->status = 200;
    rq->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return sh_buf_check(out, err);
}

sh_code sh_api_openapi(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    if (!gate->options.openapi_path)
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);
    struct sh_str text;
    SH_TRY(sh_fs_read(gate->options.openapi_path, SH_YAML_BYTES_MAX, &rq->arena, &text, err));
    sh_buf_clear(&rq->out);
    sh_buf_add_str(&rq->out, text);
    rq->status = 200;
    rq->content_type = "application/yaml";
    return sh_buf_check(&rq->out, err);
}
