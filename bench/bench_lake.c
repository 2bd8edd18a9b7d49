/* How fast the core of the lake is: synthetic lines pushed, landed and read back. BENCH_LINES=n,
 * BENCH_THREADS=n, BENCH_DIR=folder. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/rng.h"
#include "lake/columns.h"
#include "lake/session.h"
#include <inttypes.h>

enum { BLOCK = 8192 };

struct bench {
    struct sh_landing *landing;
    uint64_t lines;
};

static int64_t cpu_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A formatted text as a view. */
static struct sh_str view(const char *at) {
    return sh_str_of(at);
}
#define text(arena, format, v) view(sh_arena_printf(arena, NULL, format, v))

/* What the fee file of a city looks like, about: 40 lines an encounter, 200 a person, 3000 items, 1 %
 * refunds. */
static void fill(const struct sh_lake_column *column, uint64_t first, size_t n, void *to,
                 struct sh_arena *arena, struct sh_rng *rng) {
    const bool is_code = column->type == SH_COLUMN_CODE;
    for (size_t i = 0; i < n; i++) {
        const uint64_t line = first + i, person = line / 200, encounter = line / 40;
        const bool refund = line % 100 == 99;
        struct sh_str s = {0};
        if (strcmp(column->name, "person") == 0)
            s = text(arena, "1%019" PRIu64, person * 7919);
        else if (strcmp(column->name, "institution") == 0)
            s = text(arena, "H%011" PRIu64, encounter % 300);
        else if (strcmp(column->name, "encounter_key") == 0 || strcmp(column->name, "settlement_key") == 0)
            s = text(arena, "33%018" PRIu64, encounter * 104729);
        else if (strcmp(column->name, "id") == 0)
            s = text(arena, "B%019" PRIu64, line * 31);
        else if (strcmp(column->name, "item") == 0)
            s = text(arena, "X%022" PRIu64, sh_rng_below(rng, 60) * sh_rng_below(rng, 50));
        else if (is_code || sh_physical_of(column->type) == SH_PSTR || column->type == SH_COLUMN_KEY)
            s = strcmp(column->name, "refund_of") == 0 || strcmp(column->name, "operation_code") == 0 ||
                        strcmp(column->name, "disease") == 0
                    ? s
                    : text(arena, "w%" PRIu64, sh_rng_below(rng, 30) * sh_rng_below(rng, 30));
        if (is_code || sh_physical_of(column->type) == SH_PSTR || column->type == SH_COLUMN_KEY)
            ((struct sh_str *)to)[i] = s;
        else if (column->type == SH_COLUMN_TIME)
            ((int64_t *)to)[i] =
                1700000000 + (int64_t)(encounter % 9000) * 3600 + (int64_t)(line % 40) * 1800;
        else if (sh_physical_of(column->type) == SH_P64)
            ((int64_t *)to)[i] = (int64_t)(1 + sh_rng_below(rng, 100) * sh_rng_below(rng, 100)) *
                                 (refund && strcmp(column->name, "unit_price") != 0 ? -1 : 1);
        else if (sh_physical_of(column->type) == SH_P32)
            ((int32_t *)to)[i] = (int32_t)sh_rng_below(rng, 20);
        else
            ((int8_t *)to)[i] = (int8_t)sh_rng_below(rng, 2);
    }
}

/* One prepared block, pushed many times with other ids would repeat; so each task makes its own, and only the
 * push is timed. */
static sh_code push_block(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct bench *bench = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const void *columns[SH_LAKE_COLUMNS_MAX] = {NULL};
    struct sh_rng rng;
    sh_rng_seed(&rng, task);
    uint64_t *record = sh_new(&arena, uint64_t, BLOCK);
    for (uint16_t c = SH_C_LEAD; c < sh_stored_columns(SH_TABLE_LINE); c++) {
        const struct sh_lake_column *column = &sh_lake_schema[SH_TABLE_LINE].columns[c];
        void *to = sh_arena_alloc_array(&arena, BLOCK, 16, 16);
        fill(column, task * BLOCK, BLOCK, to, &arena, &rng);
        columns[c] = to;
    }
    for (size_t i = 0; i < BLOCK; i++)
        record[i] = task * BLOCK + i + 2;
    const struct sh_parsed parsed = {
        .table = SH_TABLE_LINE, .sequence = task, .n_rows = BLOCK, .record = record, .columns = columns};
    struct timespec from, to;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    const sh_code code = sh_landing_push(bench->landing, (unsigned)worker, &parsed, err);
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    __atomic_fetch_add(&bench->lines,
                       (uint64_t)((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec),
                       __ATOMIC_RELAXED);
    return code;
}

static sh_code read_all(const char *dir, struct sh_err *err) {
    static const char *const names[] = {
        "person",       "institution",  "encounter_key", "item",    "time",     "time_exact",
        "quantity",     "unit_price",   "amount",        "covered", "category", "ordering_department",
        "prescription", "maternity_fee"};
    struct sh_lake *lake = NULL;
    SH_TRY(sh_lake_open(dir, 0, &lake, err));
    for (int with_nettings = 0; with_nettings < 2; with_nettings++) {
        struct sh_selection what = {{0}};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            const char *name = names[i];
            if (!with_nettings)
                name = strcmp(name, "quantity") == 0  ? "charged_quantity"
                       : strcmp(name, "amount") == 0  ? "charged_amount"
                       : strcmp(name, "covered") == 0 ? "charged_covered"
                                                      : name;
            what.columns[SH_TABLE_LINE] |= 1ull << sh_lake_column(SH_TABLE_LINE, name);
        }
        uint64_t n = 0;
        const int64_t from = cpu_ns();
        struct sh_reader *reader = NULL;
        const struct sh_chunk *chunk = NULL;
        SH_TRY(sh_reader_open(lake, &what, (struct sh_bucket_range){0, sh_lake_buckets(lake)}, INT32_MAX,
                              65536, &reader, err));
        do {
            SH_TRY(sh_reader_next(reader, &chunk, err));
            n += chunk ? chunk->tables[SH_TABLE_LINE].n_rows : 0;
        } while (chunk);
        sh_reader_close(reader);
        printf("read 14 columns%s: %" PRIu64 " lines, %.1f ns a line of cpu\n",
               with_nettings ? ", netted" : "", n, (double)(cpu_ns() - from) / (double)n);
    }
    sh_lake_close(lake);
    return SH_OK;
}

static sh_code run(const char *dir, uint64_t lines, unsigned threads, struct sh_err *err) {
    struct sh_import_options options = {
        .lake_dir = dir,
        .mapping = "bench",
        .known_day = 20000,
        .threads = threads,
        .buckets = getenv("BENCH_BUCKETS") ? (uint32_t)strtoul(getenv("BENCH_BUCKETS"), NULL, 10) : 0};
    struct sh_import_result result = {0};
    struct sh_session *session = NULL;
    SH_TRY(sh_session_begin(&options, NULL, &session, err));
    struct bench bench = {.landing = sh_session_landing(session)};
    const size_t blocks = (size_t)(lines / BLOCK);
    SH_TRY(sh_pool_run(sh_session_threads(session), blocks, push_block, &bench, NULL, err));
    const double n = (double)blocks * BLOCK;
    printf("push: %.0f ns a line of cpu\n", (double)bench.lines / n);
    const int64_t from = cpu_ns(), wall = sh_monotonic_ns();
    const sh_code code = sh_session_commit(session, &result, err);
    sh_session_end(session);
    SH_TRY(code);
    for (size_t i = 0; i < result.n_stages; i++)
        printf("%-8s %.0f ns a line of wall\n", result.stages[i].name, result.stages[i].seconds * 1e9 / n);
    printf("behind the push: %.0f ns a line of cpu, %.0f of wall, %u threads\n",
           (double)(cpu_ns() - from) / n, (double)(sh_monotonic_ns() - wall) / n, threads);
    return read_all(dir, err);
}

int main(void) {
    const char *lines = getenv("BENCH_LINES"), *threads = getenv("BENCH_THREADS"),
               *where = getenv("BENCH_DIR");
    char dir[SH_PATH_BYTES_MAX];
    struct sh_err err;
    (void)snprintf(dir, sizeof dir, "%s/shouhu-bench-XXXXXX", where ? where : "/tmp");
    if (!mkdtemp(dir))
        return 1;
    sh_code code = run(dir, lines ? strtoull(lines, NULL, 10) : 1000000,
                       threads ? (unsigned)strtoul(threads, NULL, 10) : 2, &err);
    if (code != SH_OK)
        fprintf(stderr, "%s\n", err.message);
    const sh_code removed = sh_remove_tree(dir, &err);
    return code != SH_OK || removed != SH_OK;
}
