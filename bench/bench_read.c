/*
 * Only reading: every column the audit of these rules reads, from the same Parquet files, with the lake's
 * reader, on the same number of threads, touching every value. What an audit of no cost at all would take.
 *
 *   bench-read LAKE RULES KNOWLEDGE PARAMS PLACE THREADS
 */
#include "base/mem.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/limits.h"
#include "lake/lake.h"
#include "rule/rule.h"
#include <inttypes.h>

enum { CHUNK_ROWS = 1 << 16 };

struct tally {
    uint64_t rows, lines, bytes, sum;
    char pad[64 - 4 * sizeof(uint64_t)]; /* a cache line a worker */
};

struct work {
    struct sh_lake *lake;
    struct sh_selection what;
    const struct sh_bucket_range *tasks;
    struct tally *tallies; /* [threads] */
};

static uint64_t touch(const void *values, enum sh_column_type type, size_t n, uint64_t *ret_bytes) {
    uint64_t sum = 0;
    if (type == SH_COLUMN_ID || type == SH_COLUMN_TEXT) {
        const struct sh_str *texts = values;
        for (size_t i = 0; i < n; i++) {
            sum += texts[i].len ? (uint64_t)(unsigned char)texts[i].at[texts[i].len - 1] : 0;
            *ret_bytes += texts[i].len;
        }
    } else if (type == SH_COLUMN_FLAG || type == SH_COLUMN_LEVEL) {
        for (size_t i = 0; i < n; i++)
            sum += (uint64_t)((const int8_t *)values)[i];
        *ret_bytes += n;
    } else if (type == SH_COLUMN_CODE || type == SH_COLUMN_DATE || type == SH_COLUMN_INT ||
               type == SH_COLUMN_RATIO) {
        for (size_t i = 0; i < n; i++)
            sum += (uint64_t)((const int32_t *)values)[i];
        *ret_bytes += n * sizeof(int32_t);
    } else {
        for (size_t i = 0; i < n; i++)
            sum += (uint64_t)((const int64_t *)values)[i];
        *ret_bytes += n * sizeof(int64_t);
    }
    return sum;
}

static void touch_chunk(const struct sh_chunk *chunk, struct tally *tally) {
    for (int t = 0; t < SH_TABLES; t++) {
        const uint32_t n = chunk->tables[t].n_rows;
        if (!chunk->tables[t].columns || n == 0)
            continue;
        tally->rows += n;
        tally->lines += t == SH_TABLE_LINE ? n : 0;
        for (uint32_t i = 0; chunk->tables[t].id_tail && i < n; i++)
            tally->sum += (uint64_t)chunk->tables[t].id_tail[i] + chunk->tables[t].id_head[i].len;
        for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++)
            if (chunk->tables[t].columns[c])
                tally->sum +=
                    touch(chunk->tables[t].columns[c], sh_lake_schema[t].columns[c].type, n, &tally->bytes);
    }
}

static void close_reader(struct sh_reader **reader) {
    sh_reader_close(*reader);
}

static sh_code read_buckets(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct work *work = ctx;
    SH_CLEANUP(close_reader) struct sh_reader *reader = NULL;
    SH_TRY(sh_reader_open(work->lake, &work->what, work->tasks[task], INT32_MAX, CHUNK_ROWS, &reader, err));
    for (;;) {
        const struct sh_chunk *chunk = NULL;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        touch_chunk(chunk, &work->tallies[worker]);
    }
}

static sh_code select_columns(struct sh_lake *lake, char **argv, struct sh_arena *arena,
                              struct sh_selection *ret, struct sh_err *err) {
    const struct sh_rules_options options = {.rules_dir = argv[2],
                                             .knowledge_dir = argv[3],
                                             .params_dir = argv[4],
                                             .known_as_of = INT32_MAX,
                                             .place = argv[5]};
    struct sh_rules *rules = NULL;
    SH_TRY(sh_rules_load(&options, arena, stderr, &rules, err));
    struct sh_dicts dicts = {0};
    for (int d = 0; d < SH_DICTS; d++)
        if (!sh_dict_is_large((enum sh_dict)d))
            SH_TRY(sh_lake_dict(lake, (enum sh_dict)d, &dicts.views[d], err));
    struct sh_plan *plan = NULL;
    const struct sh_plan_options how = {.as_of = INT32_MAX, .place = argv[5], .lake = lake};
    SH_TRY(sh_plan_make(rules, &dicts, &how, arena, &plan, err));
    *ret = sh_plan_selection(plan);
    return SH_OK;
}

static void close_lake(struct sh_lake **lake) {
    sh_lake_close(*lake);
}

static sh_code run(int argc, char **argv, struct sh_err *err) {
    if (argc != 7)
        return sh_fail(err, SH_E_INPUT, "usage: bench-read LAKE RULES KNOWLEDGE PARAMS PLACE THREADS");
    const size_t threads = (size_t)strtoul(argv[6], NULL, 10);
    if (threads < 1 || threads > SH_THREADS_MAX)
        return sh_fail(err, SH_E_INPUT, "THREADS is '%s'", argv[6]);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(close_lake) struct sh_lake *lake = NULL;
    struct work work = {.tallies = sh_new(&arena, struct tally, threads)};
    if (!work.tallies)
        return sh_fail(err, SH_E_NOMEM, "no room for tallies");
    SH_TRY(sh_lake_open(argv[1], 0, &lake, err));
    work.lake = lake;
    SH_TRY(select_columns(lake, argv, &arena, &work.what, err));
    const struct sh_bucket_range buckets = {0, sh_lake_buckets(lake)};
    struct sh_bucket_range *tasks = sh_new(&arena, struct sh_bucket_range, buckets.to);
    if (!tasks)
        return sh_fail(err, SH_E_NOMEM, "no room for tasks");
    work.tasks = tasks;
    const size_t n_tasks = sh_buckets_split(buckets, threads, tasks);
    const int64_t begin = sh_monotonic_ns();
    SH_TRY(sh_pool_run(threads, n_tasks, read_buckets, &work, NULL, err));
    const double seconds = (double)(sh_monotonic_ns() - begin) / 1e9;
    struct tally all = {0};
    for (size_t i = 0; i < threads; i++) {
        all.rows += work.tallies[i].rows, all.lines += work.tallies[i].lines;
        all.bytes += work.tallies[i].bytes, all.sum += work.tallies[i].sum;
    }
    printf("read_seconds %.6f s\nread_lines %" PRIu64 " lines\nread_rows %" PRIu64
           " rows\nread_bytes %" PRIu64 " bytes\nread_sum %" PRIu64 " (so that nothing is optimised away)\n",
           seconds, all.lines, all.rows, all.bytes, all.sum);
    return SH_OK;
}

int main(int argc, char **argv) {
    struct sh_err err = {0};
    if (run(argc, argv, &err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-read: %s\n", err.message);
    return 1;
}
