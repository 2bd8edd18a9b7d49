/*
 * Only the engine: each chunk of a lake is read once and audited several times, receipts and rows included,
 * on one thread; the reading is not in the figures. What the rules themselves cost.
 *
 *   bench-engine LAKE RULES KNOWLEDGE PARAMS PLACE ROUNDS [RULE…]
 *
 * Prints processor nanoseconds a line of the engine and of writing findings as records. With rules only those
 * run.
 */
#include "audit/run.h"
#include "base/clock.h"
#include <inttypes.h>
#include <time.h>

enum { CHUNK_ROWS = 1 << 15 };

struct tally {
    uint64_t lines, findings;
    int64_t audit_ns, record_ns;
};

static int64_t cpu_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void close_reader(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}

static void free_worker(struct sh_audit_worker **worker) {
    sh_audit_worker_free(*worker);
}

static void close_session(struct sh_session *session) {
    sh_session_close(session);
}

static sh_code write_records(const struct sh_audit_worker *worker, const struct sh_chunk_findings *found,
                             uint32_t bucket, struct sh_record_room *room, struct sh_err *err) {
    for (size_t i = 0; i < found->n; i++) {
        struct sh_record record;
        SH_TRY(sh_record_of(worker, &found->findings[i], bucket, room, &record, err));
    }
    return SH_OK;
}

static sh_code audit_bucket(const struct sh_session *s, struct sh_audit_worker *worker, uint32_t bucket,
                            int rounds, struct tally *tally, struct sh_err *err) {
    SH_CLEANUP(close_reader) struct sh_reader *reader = NULL;
    SH_CLEANUP(sh_record_room_release) struct sh_record_room room = {0};
    const struct sh_selection what = sh_plan_selection(s->plan);
    SH_TRY(sh_reader_open(s->lake, &what, (struct sh_bucket_range){bucket, bucket + 1}, INT32_MAX, CHUNK_ROWS,
                          &reader, err));
    for (;;) {
        const struct sh_chunk *chunk = NULL;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        for (int r = 0; r < rounds; r++) {
            struct sh_chunk_findings found;
            const int64_t begin = cpu_ns();
            SH_TRY(sh_audit_chunk(worker, chunk, &found, err));
            const int64_t audited = cpu_ns();
            SH_TRY(write_records(worker, &found, bucket, &room, err));
            tally->audit_ns += audited - begin, tally->record_ns += cpu_ns() - audited;
            tally->lines += chunk->tables[SH_TABLE_LINE].n_rows, tally->findings += found.n;
        }
    }
}

static sh_code run(int argc, char **argv, struct sh_err *err) {
    if (argc < 7)
        return sh_fail(err, SH_E_INPUT,
                       "usage: bench-engine LAKE RULES KNOWLEDGE PARAMS PLACE ROUNDS [RULE…]");
    const int rounds = (int)strtol(argv[6], NULL, 10);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const char **only = sh_new(&arena, const char *, (size_t)argc);
    if (!only || rounds < 1)
        return sh_fail(err, SH_E_INPUT, "ROUNDS is '%s'", argv[6]);
    for (int i = 7; i < argc; i++)
        only[i - 7] = argv[i];
    const struct sh_audit_options options = {.lake_dir = argv[1],
                                             .rules_dir = argv[2],
                                             .knowledge_dir = argv[3],
                                             .params_dir = argv[4],
                                             .place = argv[5],
                                             .only = argc > 7 ? only : NULL,
                                             .n_only = (size_t)argc - 7,
                                             .as_of = INT32_MAX,
                                             .known = INT32_MAX,
                                             .report = stderr};
    SH_CLEANUP(close_session) struct sh_session session = {0};
    SH_CLEANUP(free_worker) struct sh_audit_worker *worker = NULL;
    const int64_t begin = cpu_ns();
    SH_TRY(sh_session_open(&options, &arena, &session, err));
    const int64_t opened = cpu_ns() - begin;
    SH_TRY(sh_audit_worker_new(session.plan, &worker, err));
    struct tally tally = {0};
    for (uint32_t b = 0; b < sh_lake_buckets(session.lake); b++)
        SH_TRY(audit_bucket(&session, worker, b, rounds, &tally, err));
    const double lines = tally.lines ? (double)tally.lines : 1,
                 findings = tally.findings ? (double)tally.findings : 1;
    printf("engine_open_ms %.1f ms\nengine_rules %zu rules\nengine_lines %" PRIu64 " lines\n",
           (double)opened / 1e6, sh_plan_rules(session.plan), tally.lines / (uint64_t)rounds);
    printf(
        "engine_ns_per_line %.1f ns\nengine_findings_per_mille %.2f\nengine_record_ns_per_finding %.0f ns\n",
        (double)tally.audit_ns / lines, 1e3 * (double)tally.findings / lines,
        (double)tally.record_ns / findings);
    printf("engine_record_ns_per_line %.1f ns\n", (double)tally.record_ns / lines);
    return SH_OK;
}

int main(int argc, char **argv) {
    struct sh_err err = {0};
    if (run(argc, argv, &err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-engine: %s\n", err.message);
    return 1;
}
