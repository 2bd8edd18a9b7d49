/* Goal: kill -9 under a write load of 50 clients loses nothing that was acknowledged, and the journal
 * verifies. CHECK_ROUNDS rounds on each database (default 3). */
#include "both.h"
#include "base/clock.h"
#include "base/mem.h"
#include <pthread.h>
#include <signal.h>

enum { CLIENTS = 50, LINE = SH_ID_TEXT + 1 };
static const struct sh_act act = {.actor = {"u1", 2}};
static const struct sh_str everywhere[] = {{"", 0}};
static const struct sh_scope all = {.places = everywhere, .n_places = 1, .any_body = true, .any_part = true};

struct client {
    struct place *place;
    int number, pipe;
};
struct one {
    char key[32];
    struct sh_record_ref ref;
};
static sh_code put_one(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct one *one = ctx;
    const struct sh_record_change change = {.register_name = SH_STR("load"),
                                            .key = sh_str_of(one->key),
                                            .labels = {SH_STR("b1"), {0}, {0}, {0}},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = SH_STR("{}"),
                                            .search = SH_STR("词"),
                                            .sealed = SH_STR("sealed")};
    return sh_record_put(txn, &change, &one->ref, err);
}
static void *client_main(void *ctx) {
    const struct client *client = ctx;
    for (int i = 0;; i++) {
        struct one one;
        (void)snprintf(one.key, sizeof one.key, "%ld-%d-%d", (long)getpid(), client->number, i);
        if (sh_store_write(client->place->store, &act, put_one, &one, NULL, NULL) != SH_OK)
            return NULL;
        one.ref.id[SH_ID_TEXT] = '\n'; /* told only after the answer; short writes to a pipe are whole */
        if (write(client->pipe, one.ref.id, LINE) != LINE)
            return NULL;
    }
}
static void load_until_killed(struct place *place, int pipe) {
    place_open(place);
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){place, i, pipe};
        if (pthread_create(&threads[i], NULL, client_main, &clients[i]) != 0)
            _exit(2);
    }
    for (int i = 0; i < CLIENTS; i++)
        (void)pthread_join(threads[i], NULL);
    _exit(3); /* nobody killed us */
}

static sh_code is_there(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_buf *acks = ctx;
    for (size_t i = 0; i + LINE <= acks->len; i += LINE) {
        struct sh_record record;
        sh_arena_reset(&arena);
        SH_TRY(sh_record_get(txn, &all, sh_str_sub(sh_buf_view(acks), i, SH_ID_TEXT),
                             (struct sh_as_of){1, INT64_MAX}, true, &arena, &record, err));
        if (!sh_str_is(record.sealed, "sealed"))
            return sh_fail(err, SH_E_CORRUPT, "acknowledged, but its content is another");
    }
    return SH_OK;
}
static void print_fault(void *ctx, const char *what) {
    (void)ctx;
    print_error("fault: %s\n", what);
}

static void round_of(struct place *place, struct sh_buf *acks, unsigned milliseconds) {
    int pipes[2];
    struct sh_err err = {0};
    CHECK(pipe(pipes) == 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        (void)close(pipes[0]);
        load_until_killed(place, pipes[1]);
    }
    (void)close(pipes[1]);
    const size_t before = acks->len;
    char chunk[LINE * 100];
    ssize_t n = read(pipes[0], chunk, sizeof chunk); /* the first answers: the load is on */
    const int64_t until = sh_monotonic_ns() + (int64_t)milliseconds * 1000000;
    bool is_killed = false;
    while (n > 0) {
        CHECK(sh_buf_add(acks, chunk, (size_t)n) == SH_OK);
        if (!is_killed && sh_monotonic_ns() > until)
            is_killed = kill(child, SIGKILL) == 0;
        n = read(pipes[0], chunk, sizeof chunk);
    }
    (void)close(pipes[0]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK(acks->len > before && acks->len % LINE == 0);
    place_open(place);
    CHECK_OK(sh_store_read(place->store, is_there, acks, &err), &err);
    struct sh_verify_report report;
    CHECK_OK(sh_store_verify(place->store, false, print_fault, NULL, &report, &err), &err);
    CHECK_I64(report.faults, 0);
    CHECK(report.versions >= acks->len / LINE);
    place_close(place);
}

ON_BOTH(a_kill_loses_nothing_acknowledged) {
    SH_CLEANUP(sh_buf_free) struct sh_buf acks = {0};
    const char *text = getenv("CHECK_ROUNDS");
    const unsigned long rounds = text ? strtoul(text, NULL, 10) : getenv("SH_TEST_LONG") ? 100 : 3;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(1));
    for (unsigned long i = 0; i < rounds; i++)
        round_of(place, &acks, (unsigned)sh_rng_between(&rng, 30, 500));
    print_message("# %lu rounds, %zu acknowledged writes\n", rounds, acks.len / LINE);
}

CHECK_MAIN(BOTH(a_kill_loses_nothing_acknowledged))
