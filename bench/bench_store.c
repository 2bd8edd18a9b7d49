/* Journaled writes and reads a second from 50 clients, pages of a large register, verification; prints "name
 * value unit" lines. usage: bench-store [RECORDS [SECONDS [postgresql URL]]]; or bench-store DIR: pages and
 * verification of what an earlier run left (BENCH_KEEP=1 leaves it). bench/store.py runs it. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/fs.h"
#include "base/limits.h"
#include "store/store.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CLIENTS = 50, BULK = 2000, PAGES = 200 };
static const struct sh_act act = {.actor = {"bench", 5}};
static const struct sh_str everywhere[] = {{"", 0}};

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
enum { BODIES = 50000, COUNTIES = 3000, LEVELS = 4, LICENCES = 20000 };
/* Institutions as the register of that name describes them, so that `shouhu serve` shows them too. */
static sh_code put_bulk(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    static const char *const names[] = {"code",      "body", "place", "kind", "level", "practice_licence",
                                        "connected", "grid"};
    const struct bulk *bulk = ctx;
    for (uint64_t i = bulk->from; i < bulk->from + bulk->n; i++) {
        char name[64], value[8][40];
        struct sh_record_ref ref;
        SH_CLEANUP(sh_buf_free) struct sh_buf search = {0}, open = {0};
        (void)snprintf(name, sizeof name, "仁和第%" PRIu64 "医院", i % 9973);
        (void)snprintf(value[0], sizeof value[0], "P%010" PRIu64, i * 7919 % 10000000019u);
        (void)snprintf(value[1], sizeof value[1], "b%" PRIu64, i * 31 % BODIES);
        (void)snprintf(value[2], sizeof value[2], "%06" PRIu64, 110000 + i * 17 % COUNTIES * 100 + i % 7);
        (void)snprintf(value[3], sizeof value[3], "%s", i % 10 ? "hospital" : "pharmacy");
        (void)snprintf(value[4], sizeof value[4], "%" PRIu64, i % LEVELS);
        (void)snprintf(value[5], sizeof value[5], "L%" PRIu64, i % LICENCES);
        (void)snprintf(value[6], sizeof value[6], "%s", i % 1000 ? "true" : "false");
        (void)snprintf(value[7], sizeof value[7], "g%" PRIu64, i % 5000);
        (void)sh_buf_addf(&open, "{\"name\":\"%s\",\"agency\":\"ag\"", name);
        (void)sh_buf_addf(&search, "%s %s", value[0], name);
        for (size_t k = 0; k < 8; k++) {
            (void)sh_buf_addf(&open, ",\"%s\":\"%s\"", names[k], value[k]);
            sh_search_add_term(&search, sh_str_of(names[k]), sh_str_of(value[k]));
        }
        (void)sh_buf_add_char(&open, '}');
        const struct sh_record_change change = {
            .register_name = SH_STR("institutions"),
            .key = sh_str_of(value[0]),
            .labels = {sh_str_of(value[1]), sh_str_of(value[2]), {0}, {0}},
            .valid_from = 19000,
            .valid_to = SH_DAY_OPEN,
            .open = sh_buf_view(&open),
            .search = sh_buf_view(&search)};
        SH_TRY(sh_record_put(txn, &change, &ref, err));
    }
    return SH_OK;
}

typedef sh_code client_turn(struct sh_store *store, const char *key, struct sh_err *err);
struct client {
    struct sh_store *store;
    client_turn *turn;
    int number;
    uint64_t n_keys; /* that reads go through; 0: each turn has a key of its own */
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
static sh_code write_one(struct sh_store *store, const char *key, struct sh_err *err) {
    return sh_store_write(store, &act, put_one, (void *)(uintptr_t)key, NULL, err);
}

/* One of those that the writes left, opened. */
static sh_code find_one(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_scope scope = {.places = everywhere, .n_places = 1, .any_body = true, .any_part = true};
    struct sh_record record;
    return sh_record_find(txn, &scope, SH_STR("load"), sh_str_of(ctx), (struct sh_as_of){20000, INT64_MAX},
                          &arena, &record, err);
}
static sh_code read_one(struct sh_store *store, const char *key, struct sh_err *err) {
    return sh_store_read(store, find_one, (void *)(uintptr_t)key, err);
}

static void *client_main(void *ctx) {
    struct client *client = ctx;
    struct sh_err err;
    for (uint64_t i = 0; !atomic_load(client->stop); i++, client->done++) {
        char key[48];
        (void)snprintf(key, sizeof key, "%d-%" PRIu64, client->number,
                       client->n_keys ? i % client->n_keys : i);
        must(client->turn(client->store, key, &err), &err);
    }
    return NULL;
}

/* Gives how many turns the slowest client had. */
static uint64_t bench_clients(struct sh_store *store, const char *name, client_turn *turn, uint64_t n_keys,
                              unsigned seconds) {
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    atomic_bool stop = false;
    uint64_t n = 0, fewest = UINT64_MAX;
    const double busy = processor();
    const int64_t from = sh_monotonic_ns();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){store, turn, i, n_keys, &stop, 0};
        if (pthread_create(&threads[i], NULL, client_main, &clients[i]) != 0)
            exit(1);
    }
    (void)nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        n += clients[i].done;
        fewest = clients[i].done < fewest ? clients[i].done : fewest;
    }
    printf("store_%s %.0f 1/s\n", name, (double)n * 1e9 / (double)(sh_monotonic_ns() - from));
    printf("store_%s_processor %.3f ms\n", name, n ? (processor() - busy) * 1e3 / (double)n : 0);
    return fewest;
}

struct list {
    const char *what;
    struct sh_scope scope;
    struct sh_page_query query;
    uint64_t rows;
};
static sh_code scan(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct list *list = ctx;
    struct sh_record_batch batch;
    SH_TRY(sh_record_scan(txn, &list->scope, &list->query, &arena, &batch, err));
    list->rows += batch.n;
    return SH_OK;
}
static int by_time(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static void bench_list(struct sh_store *store, uint64_t records, struct list *list) {
    int64_t times[PAGES];
    struct sh_err err;
    const double busy = processor();
    for (size_t i = 0; i < PAGES; i++) {
        char after[32] = "";
        if (i % 2) /* half of the pages are first ones */
            (void)snprintf(after, sizeof after, "P%010" PRIu64,
                           ((uint64_t)i * 2654435761u % (records ? records : 1)) * 7919 % 10000000019u);
        list->query.register_name = SH_STR("institutions");
        list->query.as_of = (struct sh_as_of){20000, INT64_MAX};
        list->query.after_key = sh_str_of(after);
        list->query.limit = 101;
        const int64_t from = sh_monotonic_ns();
        must(sh_store_read(store, scan, list, &err), &err);
        times[i] = sh_monotonic_ns() - from;
    }
    qsort(times, PAGES, sizeof times[0], by_time);
    printf("store_page_%s_p50 %.2f ms\nstore_page_%s_p95 %.2f ms\nstore_page_%s_processor %.2f ms\n",
           list->what, (double)times[PAGES / 2] / 1e6, list->what, (double)times[PAGES * 95 / 100] / 1e6,
           list->what, (processor() - busy) * 1e3 / PAGES);
    printf("store_page_%s_rows %.0f rows\n", list->what, (double)list->rows / PAGES);
}
static void bench_pages(struct sh_store *store, uint64_t records) {
    static const struct sh_str county[] = {{"110500", 6}}, city[] = {{"1105", 4}, {"1300", 4}},
                               bodies[] = {{"b77", 3}, {"", 0}};
    static const struct sh_term kind = {{"kind", 4}, {"pharmacy", 8}}, level = {{"level", 5}, {"3", 1}},
                                licence = {{"practice_licence", 16}, {"L777", 4}},
                                none = {{"practice_licence", 16}, {"L0x", 3}};
    const struct sh_term sparse[] = {kind, level}; /* no record has both: i % 10 = 0 and i % 4 = 3 */
    const struct sh_scope all = {.places = everywhere, .n_places = 1, .any_body = true};
    struct list lists[] = {
        {.what = "all", .scope = all},
        {.what = "one_county_of_3000", .scope = {.places = county, .n_places = 1, .any_body = true}},
        {.what = "two_cities", .scope = {.places = city, .n_places = 2, .any_body = true}},
        {.what = "one_body_of_50000_and_public",
         .scope = {.places = everywhere, .n_places = 1, .bodies = bodies, .n_bodies = 2}},
        {.what = "a_value_of_every_tenth", .scope = all, .query = {.terms = &kind, .n_terms = 1}},
        {.what = "a_value_of_one_in_20000", .scope = all, .query = {.terms = &licence, .n_terms = 1}},
        {.what = "a_value_of_none", .scope = all, .query = {.terms = &none, .n_terms = 1}},
        {.what = "two_common_values_that_never_meet", .scope = all, .query = {.terms = sparse, .n_terms = 2}},
        {.what = "a_word_of_all", .scope = all, .query = {.search = SH_STR("仁和")}},
        {.what = "a_word_of_one_in_9973", .scope = all, .query = {.search = SH_STR("第7777医院")}},
        {.what = "a_word_of_none", .scope = all, .query = {.search = SH_STR("协和")}},
        {.what = "pairs_of_all_word_of_none", .scope = all, .query = {.search = SH_STR("医院仁和")}},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        bench_list(store, records, &lists[i]);
}

static void bench_bulk(struct sh_store *store, uint64_t records) {
    const int64_t from = sh_monotonic_ns();
    struct sh_err err;
    for (uint64_t i = 0; i < records; i += BULK) {
        struct bulk bulk = {i, records - i < BULK ? records - i : BULK};
        must(sh_store_write(store, &act, put_bulk, &bulk, NULL, &err), &err);
    }
    printf("store_bulk %.0f records/s\n", (double)records * 1e9 / (double)(sh_monotonic_ns() - from));
}

int main(int argc, char **argv) {
    const uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10;
    const bool is_kept = getenv("BENCH_KEEP") != NULL, is_left = argc > 1 && argv[1][0] == '/';
    char made[SH_PATH_BYTES_MAX], data[SH_PATH_BYTES_MAX];
    struct sh_err err = {0};
    struct sh_store *store;
    const char *dir = is_left ? argv[1] : made;
    if (!is_left && sh_scratch_dir("shouhu-bench", made, &err) != SH_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    must(sh_path_join(data, dir, "data", &err), &err);
    const struct sh_store_options options = {.data_dir = data,
                                             .digest = SH_DIGEST_SM3,
                                             .create = !is_left,
                                             .database_url = argc < 4 ? NULL : argv[3]};
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    must(sh_store_open(&options, &store, &err), &err);
    if (!is_left) {
        const uint64_t n_keys = bench_clients(store, "writes", write_one, 0, seconds);
        if (n_keys > 0)
            (void)bench_clients(store, "reads", read_one, n_keys < 20 ? n_keys : 20, seconds);
        bench_bulk(store, records);
    }
    bench_pages(store, is_left ? 100000 : records);
    struct sh_verify_report report;
    const int64_t start = sh_monotonic_ns();
    const double busy = processor();
    must(sh_store_verify(store, false, NULL, NULL, &report, &err), &err);
    const double took = (double)(sh_monotonic_ns() - start) / 1e9, used = processor() - busy;
    printf("store_verify %.0f leaves/s\nstore_verify_processor %.0f leaves/s\nstore_verify_leaves %" PRIu64
           " leaves\nstore_verify_faults %" PRIu64 " faults\n",
           (double)report.leaves / took, (double)report.leaves / used, report.leaves, report.faults);
    sh_store_close(store);
    if (is_kept)
        printf("# left in %s\n", dir);
    else if (!is_left)
        must(sh_remove_tree(dir, &err), &err);
    return 0;
}
