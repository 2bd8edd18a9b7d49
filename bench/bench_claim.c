/*
 * One claim before submission: each person of a lake whose history is long enough files the last lines as a
 * request, which is judged against all that went before, in process.
 *
 *   bench-claim LAKE RULES KNOWLEDGE PARAMS PLACE LINES
 *
 * Prints milliseconds of the processor (the wall clock of a busy machine says how busy it is): the median,
 * the 99th percentile and the longest.
 */
#include "audit/run.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { CLAIMS_MAX = 1 << 20 };

struct measured {
    int64_t *ns;
    size_t n;
    size_t n_not_evaluated; /* rules that ask for rows of other persons */
    uint64_t lines, findings;
};

static void close_reader(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}
static void free_worker(struct sh_claim_worker **worker) {
    sh_claim_worker_free(*worker);
}
static void close_session(struct sh_session *session) {
    sh_session_close(session);
}

static int64_t cpu_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static sh_code one_claim(struct sh_claim_worker *worker, const struct sh_chunk *chunk, uint32_t lines,
                         struct measured *ret, struct sh_err *err) {
    const uint32_t n = chunk->tables[SH_TABLE_LINE].n_rows;
    if (chunk->n_persons != 1 || n < 2 * lines || ret->n == CLAIMS_MAX)
        return SH_OK;
    SH_CLEANUP(sh_free_at) uint8_t *request = sh_alloc_array(n, 1);
    if (!request)
        return sh_fail(err, SH_E_NOMEM, "no room for a claim");
    for (uint32_t i = n - lines; i < n; i++)
        request[i] = 1;
    struct sh_claim_findings found;
    const int64_t begin = cpu_ns();
    SH_TRY(sh_audit_claim(worker, chunk, request, &found, err));
    ret->ns[ret->n++] = cpu_ns() - begin;
    ret->lines += n, ret->findings += found.n;
    ret->n_not_evaluated = found.n_not_evaluated;
    return SH_OK;
}

static sh_code all_claims(const struct sh_session *s, uint32_t lines, struct measured *ret,
                          struct sh_err *err) {
    SH_CLEANUP(free_worker) struct sh_claim_worker *worker = NULL;
    SH_CLEANUP(close_reader) struct sh_reader *reader = NULL;
    const struct sh_selection what = sh_plan_selection(s->plan);
    SH_TRY(sh_claim_worker_new(s->plan, &worker, err));
    SH_TRY(sh_reader_open(s->lake, &what, (struct sh_bucket_range){0, sh_lake_buckets(s->lake)}, INT32_MAX, 1,
                          &reader, err));
    for (;;) {
        const struct sh_chunk *chunk;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        SH_TRY(one_claim(worker, chunk, lines, ret, err));
    }
}

static sh_code run(int argc, char **argv, struct sh_err *err) {
    if (argc != 7)
        return sh_fail(err, SH_E_INPUT, "usage: bench-claim LAKE RULES KNOWLEDGE PARAMS PLACE LINES");
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(close_session) struct sh_session session = {0};
    const struct sh_audit_options options = {.lake_dir = argv[1],
                                             .rules_dir = argv[2],
                                             .knowledge_dir = argv[3],
                                             .params_dir = argv[4],
                                             .place = argv[5],
                                             .as_of = INT32_MAX,
                                             .known = INT32_MAX,
                                             .report = stderr};
    SH_TRY(sh_session_open(&options, &arena, &session, err));
    SH_CLEANUP(sh_free_at) int64_t *ns = sh_alloc_array(CLAIMS_MAX, sizeof(int64_t));
    if (!ns)
        return sh_fail(err, SH_E_NOMEM, "no room for %d claims", CLAIMS_MAX);
    struct measured m = {.ns = ns};
    SH_TRY(all_claims(&session, (uint32_t)strtoul(argv[6], NULL, 10), &m, err));
    if (m.n == 0)
        return sh_fail(err, SH_E_INPUT, "no person of the lake has enough lines");
    qsort(ns, m.n, sizeof(int64_t), compare);
    printf("claim_rules %zu rules\nclaim_claims %zu claims\nclaim_history_lines %.0f lines\nclaim_findings "
           "%" PRIu64 " findings\n",
           sh_plan_rules(session.plan), m.n, (double)m.lines / (double)m.n, m.findings);
    printf("claim_rules_not_evaluated %zu rules\n", m.n_not_evaluated);
    printf("claim_p50_ms %.3f ms\nclaim_p99_ms %.3f ms\nclaim_max_ms %.3f ms\n", (double)ns[m.n / 2] / 1e6,
           (double)ns[m.n * 99 / 100] / 1e6, (double)ns[m.n - 1] / 1e6);
    return SH_OK;
}

int main(int argc, char **argv) {
    struct sh_err err = {0};
    if (run(argc, argv, &err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-claim: %s\n", err.message);
    return 1;
}
