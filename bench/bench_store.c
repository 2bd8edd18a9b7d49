/* Journaled writes a second from 50 clients, pages of a large register, verification. usage: bench-store
 * [RECORDS [SECONDS [postgresql URL]]]; with tests/store/with-postgres.sh before it and "pg" as URL, a
 * throw-away server. */
#include "base/clock.h"
#include "base/fs.h"
#include "store/store.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CLIENTS = 50, BULK = 2000, PAGES = 400 };
static const struct sh_act act = {.actor = {"bench", 5}};
static const struct sh_str everywhere[] = {{"", 0}};
static const struct sh_str body_1 = {"b1", 2};

static void must(sh_code code, const struct sh_err *err) {
    if (code == SH_OK)
        return;
    fprintf(stderr, "bench-store: %s\n", err->message);
    exit(1);
}

/* Seconds of processor time: the machine may be shared. */
static double processor(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct bulk {
    uint64_t from, n;
};
static sh_code put_bulk(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct bulk *bulk = ctx;
    for (uint64_t i = bulk->from; i < bulk->from + bulk->n; i++) {
        char key[32], open[160], body[8];
        struct sh_record_ref ref;
        (void)snprintf(key, sizeof key, "P%010" PRIu64, i * 7919 % 10000000019u);
        (void)snprintf(open, sizeof open, "{\"name\":\"机构%" PRIu64 "\",\"level\":%" PRIu64 "}", i, i % 3);
        (void)snprintf(body, sizeof body, "b%" PRIu64, i % 10);
        const struct sh_record_change change = {.register_name = SH_STR("institutions"),
                                                .key = sh_str_of(key),
                                                .labels = {sh_str_of(body), SH_STR("620102"), {0}, {0}},
                                                .valid_from = 19000,
                                                .valid_to = SH_DAY_OPEN,
                                                .open = sh_str_of(open)};
        SH_TRY(sh_record_put(txn, &change, &ref, err));
    }
    return SH_OK;
}

struct client {
    struct sh_store *store;
    int number;
    atomic_bool *stop;
    uint64_t done;
};
static sh_code put_one(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("load"),
                                            .key = sh_str_of(ctx),
                                            .labels = {SH_STR("b1"), SH_STR("620102"), {0}, {0}},
                                            .valid_from = 19000,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = SH_STR("{\"state\":\"proposed\"}"),
                                            .sealed = SH_STR("a person's name and number")};
    return sh_record_put(txn, &change, &ref, err);
}
static void *client_main(void *ctx) {
    struct client *client = ctx;
    struct sh_err err;
    for (; !atomic_load(client->stop); client->done++) {
        char key[48];
        (void)snprintf(key, sizeof key, "%d-%" PRIu64, client->number, client->done);
        must(sh_store_write(client->store, &act, put_one, key, NULL, &err), &err);
    }
    return NULL;
}

static void bench_writes(struct sh_store *store, unsigned seconds) {
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    atomic_bool stop = false;
    uint64_t n = 0;
    const int64_t from = sh_monotonic_ns();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){store, i, &stop, 0};
        if (pthread_create(&threads[i], NULL, client_main, &clients[i]) != 0)
            exit(1);
    }
    (void)nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        n += clients[i].done;
    }
    printf("journaled writes, %d clients: %.0f/s\n", CLIENTS,
           (double)n * 1e9 / (double)(sh_monotonic_ns() - from));
}

static sh_code page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_record *records;
    size_t n;
    const struct sh_page_query *query = ctx;
    const bool one_body = query->matter.len == 0 && query->limit == 99;
    const struct sh_scope scope = {
        .places = everywhere, .n_places = 1, .bodies = &body_1, .n_bodies = one_body, .any_body = !one_body};
    return sh_record_page(txn, &scope, query, &arena, &records, &n, err);
}
static int by_time(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static void bench_pages(struct sh_store *store, uint64_t records, size_t limit, const char *what) {
    int64_t times[PAGES];
    struct sh_err err;
    for (size_t i = 0; i < PAGES; i++) {
        char after[32];
        (void)snprintf(after, sizeof after, "P%010" PRIu64,
                       ((uint64_t)i * 2654435761u % (records ? records : 1)) * 7919 % 10000000019u);
        struct sh_page_query query = {.register_name = SH_STR("institutions"),
                                      .as_of = {20000, INT64_MAX},
                                      .after_key = sh_str_of(after),
                                      .limit = limit};
        const int64_t from = sh_monotonic_ns();
        must(sh_store_read(store, page, &query, &err), &err);
        times[i] = sh_monotonic_ns() - from;
    }
    qsort(times, PAGES, sizeof times[0], by_time);
    printf("page of %zu rows, %s: p50 %.2f ms, p95 %.2f ms\n", limit, what, (double)times[PAGES / 2] / 1e6,
           (double)times[PAGES * 95 / 100] / 1e6);
}

int main(int argc, char **argv) {
    const uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10;
    char dir[] = "/tmp/shouhu-bench-XXXXXX", data[64], keys[64];
    struct sh_err err;
    struct sh_store *store;
    if (!mkdtemp(dir))
        return 1;
    (void)snprintf(data, sizeof data, "%s/data", dir);
    (void)snprintf(keys, sizeof keys, "%s/keys", dir);
    const struct sh_store_options options = {.data_dir = data,
                                             .keys_dir = keys,
                                             .digest = SH_DIGEST_SM3,
                                             .create = true,
                                             .database_url = argc < 4                     ? NULL
                                                             : strcmp(argv[3], "pg") == 0 ? "dbname=postgres"
                                                                                          : argv[3]};
    must(sh_store_open(&options, &store, &err), &err);
    bench_writes(store, seconds);
    const int64_t from = sh_monotonic_ns();
    for (uint64_t i = 0; i < records; i += BULK) {
        struct bulk bulk = {i, records - i < BULK ? records - i : BULK};
        must(sh_store_write(store, &act, put_bulk, &bulk, NULL, &err), &err);
    }
    printf("bulk of %d: %.0f records/s\n", BULK, (double)records * 1e9 / (double)(sh_monotonic_ns() - from));
    bench_pages(store, records, 100, "all bodies");
    bench_pages(store, records, 99, "one body of ten");
    struct sh_verify_report report;
    const int64_t start = sh_monotonic_ns();
    const double busy = processor();
    must(sh_store_verify(store, false, NULL, NULL, &report, &err), &err);
    const double took = (double)(sh_monotonic_ns() - start) / 1e9, used = processor() - busy;
    printf("verify: %" PRIu64 " leaves in %.1f s, %.0f leaves/s (%.0f a processor second), %" PRIu64
           " faults\n",
           report.leaves, took, (double)report.leaves / took, (double)report.leaves / used, report.faults);
    sh_store_close(store);
    must(sh_remove_tree(dir, &err), &err);
    return 0;
}
