/* Goal: a write is durable, journaled, isolated from its neighbours; a body may be run again; nothing writes
 * without a leaf; time does not go back; what was restored from an old copy is seen. */
#include "both.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static const struct sh_act act = {.actor = {"u1", 2}, .why = {"test", 4}};
static const struct sh_migration migrations[] = {
    {"test", "0001_test", 1, "create table t (a bigint primary key, b text not null, c bytea) strict;"}};

static void open_with_table(struct place *place) {
    struct sh_err err = {0};
    struct sh_store_options options = place_options(place);
    options.migrations = migrations;
    options.n_migrations = 1;
    CHECK_OK(sh_store_open(&options, &place->store, &err), &err);
}

struct row {
    int64_t a;
    bool no_leaf, fail;
};
static sh_code insert(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct row *row = ctx;
    const struct sh_value values[] = {SH_I64(row->a), SH_TEXT(SH_STR("甲")),
                                      SH_BYTES(((struct sh_str){"\0\xff", 2}))};
    SH_TRY(sh_sql_run(txn, "insert into t (a, b, c) values ($1, $2, $3)", values, 3, NULL, err));
    if (row->fail)
        return sh_fail(err, SH_E_INPUT, "as asked");
    const struct sh_leaf leaf = {.type = SH_STR("test"), .version = row->a, .content = SH_STR("content")};
    return row->no_leaf ? SH_OK : sh_journal_add(txn, &leaf, err);
}
static sh_code count(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, "select a, b, c from t order by a", NULL, 0, &arena, &rows, err));
    *(int64_t *)ctx = (int64_t)rows.n_rows;
    for (size_t i = 0; i < rows.n_rows; i++) {
        CHECK_STR(sh_cell(&rows, i, 1)->str, "甲");
        CHECK_I64(sh_cell(&rows, i, 2)->str.len, 2);
    }
    return SH_OK;
}
static int64_t rows_of(struct place *place) {
    struct sh_err err = {0};
    int64_t n = -1;
    CHECK_OK(sh_store_read(place->store, count, &n, &err), &err);
    return n;
}
static sh_code head_size(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_head head;
    SH_TRY(sh_journal_head(txn, &arena, &head, err));
    *(int64_t *)ctx = (int64_t)head.size;
    return SH_OK;
}
static int64_t size_of(struct place *place) {
    struct sh_err err = {0};
    int64_t n = -1;
    CHECK_OK(sh_store_read(place->store, head_size, &n, &err), &err);
    return n;
}

ON_BOTH(a_write_is_there_after_reopening_and_has_a_leaf) {
    struct sh_err err = {0};
    open_with_table(place);
    struct sh_commit commit;
    CHECK_OK(sh_store_write(place->store, &act, insert, &(struct row){.a = 1}, &commit, &err), &err);
    CHECK_I64(commit.n_leaves, 1);
    CHECK_I64(commit.first_position, 1); /* 0 is the genesis */
    place_close(place);
    open_with_table(place);
    CHECK_I64(rows_of(place), 1);
    CHECK_I64(size_of(place), 2);
}

ON_BOTH(a_failed_body_leaves_nothing_and_its_neighbours_stay) {
    struct sh_err err = {0};
    open_with_table(place);
    CHECK_OK(sh_store_write(place->store, &act, insert, &(struct row){.a = 1}, NULL, &err), &err);
    CHECK_CODE(sh_store_write(place->store, &act, insert, &(struct row){.a = 1}, NULL, &err), SH_E_CONFLICT);
    CHECK_CODE(sh_store_write(place->store, &act, insert, &(struct row){.a = 2, .fail = true}, NULL, &err),
               SH_E_INPUT);
    CHECK_CODE(sh_store_write(place->store, &act, insert, &(struct row){.a = 3, .no_leaf = true}, NULL, &err),
               SH_E_INTERNAL);
    CHECK_HAS(err.message, "without a journal leaf");
    CHECK_CODE(sh_store_read(place->store, insert, &(struct row){.a = 4}, &err) == SH_OK, false);
    CHECK_I64(rows_of(place), 1);
    CHECK_I64(size_of(place), 2);
    const struct sh_act housekeeping = {.actor = SH_STR("u1"), .is_housekeeping = true};
    CHECK_OK(sh_store_write(place->store, &housekeeping, insert, &(struct row){.a = 5, .no_leaf = true}, NULL,
                            &err),
             &err);
    CHECK_I64(rows_of(place), 2);
}

/* Two rows of one key, the second as the last thing a body does: nothing waits for its answer. */
static sh_code insert_twice(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct row *row = ctx, first = {.a = row->a};
    SH_TRY(insert(txn, (void *)(uintptr_t)&first, err));
    const struct sh_value values[] = {SH_I64(row->a), SH_TEXT(SH_STR("乙"))};
    const sh_code code = sh_sql_run(txn, "insert into t (a, b) values ($1, $2)", values, 2, NULL, err);
    return row->fail ? SH_OK : code; /* one that does not listen */
}
static sh_code no_leaf_late(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    return sh_sql_run(txn, "update t set b = b where a = $1", &SH_I64(*(int64_t *)ctx), 1, NULL, err);
}
ON_BOTH(what_fails_as_the_last_thing_a_body_does_fails_the_body) {
    struct sh_err err = {0};
    open_with_table(place);
    CHECK_CODE(sh_store_write(place->store, &act, insert_twice, &(struct row){.a = 1}, NULL, &err),
               SH_E_CONFLICT);
    CHECK_CODE(
        sh_store_write(place->store, &act, insert_twice, &(struct row){.a = 1, .fail = true}, NULL, &err),
        SH_E_CONFLICT);
    CHECK_I64(rows_of(place), 0);
    CHECK_OK(sh_store_write(place->store, &act, insert, &(struct row){.a = 1}, NULL, &err), &err);
    int64_t one = 1, none = 7;
    CHECK_CODE(sh_store_write(place->store, &act, no_leaf_late, &one, NULL, &err), SH_E_INTERNAL);
    CHECK_HAS(err.message, "without a journal leaf");
    CHECK_OK(sh_store_write(place->store, &act, no_leaf_late, &none, NULL, &err), &err);
    CHECK_I64(rows_of(place), 1);
    CHECK_I64(size_of(place), 2);
}

struct client {
    struct place *place;
    int first, n, done;
};
static void *client_main(void *ctx) {
    struct client *client = ctx;
    for (int i = 0; i < client->n; i++) {
        struct row row = {.a = client->first + i, .fail = i % 5 == 4};
        if (sh_store_write(client->place->store, &act, insert, &row, NULL, NULL) == SH_OK)
            client->done++;
        row.fail = false; /* neighbours in the same transaction are not disturbed by a late failure */
        CHECK_CODE(sh_store_write(client->place->store, &act, insert_twice, &row, NULL, NULL), SH_E_CONFLICT);
    }
    return NULL;
}
ON_BOTH(fifty_clients_at_once_get_each_their_own_answer) {
    open_with_table(place);
    pthread_t threads[50];
    struct client clients[50];
    int done = 0;
    for (int i = 0; i < 50; i++) {
        clients[i] = (struct client){place, i * 100, 10, 0};
        CHECK(pthread_create(&threads[i], NULL, client_main, &clients[i]) == 0);
    }
    for (int i = 0; i < 50; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        done += clients[i].done;
    }
    CHECK_I64(done, 50 * 8);
    CHECK_I64(rows_of(place), 400);
    CHECK_I64(size_of(place), 401);
    place_close(place);
    open_with_table(place); /* checks the right edge against the signed head */
    CHECK_I64(size_of(place), 401);
}

/* A body that refuses nothing runs once, also beside others whose statements are still on their way: one that
 * changes no row needs no leaf. */
struct counted {
    struct place *place;
    int first, n, runs;
};
static sh_code count_and_insert(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct counted *counted = ctx;
    return insert(txn, &(struct row){.a = counted->first + counted->runs++}, err);
}
static sh_code count_and_touch(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    int64_t none = -1;
    ((struct counted *)ctx)->runs++;
    return no_leaf_late(txn, &none, err);
}
static void *counted_main(void *ctx) {
    struct counted *counted = ctx;
    for (int i = 0; i < counted->n; i++) {
        CHECK_OK(sh_store_write(counted->place->store, &act, count_and_insert, counted, NULL, NULL), NULL);
        CHECK_OK(sh_store_write(counted->place->store, &act, count_and_touch, counted, NULL, NULL), NULL);
    }
    return NULL;
}
ON_BOTH(what_is_sound_runs_once) {
    open_with_table(place);
    pthread_t threads[20];
    struct counted clients[20];
    for (int i = 0; i < 20; i++) {
        clients[i] = (struct counted){place, i * 100, 10, 0};
        CHECK(pthread_create(&threads[i], NULL, counted_main, &clients[i]) == 0);
    }
    for (int i = 0; i < 20; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK_I64(clients[i].runs, 20);
    }
    CHECK_I64(rows_of(place), 200);
    CHECK_I64(size_of(place), 201);
}

/* All want the same keys: of each one is made, and the others are told why they are not, whatever was sent
 * beside them. */
struct rival {
    struct place *place;
    int won, lost;
};
static sh_code put_rival(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("rivals"),
                                            .key = sh_str_of(ctx),
                                            .labels = {SH_STR("b1"), SH_STR("620102"), {0}, {0}},
                                            .valid_from = 19000,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = SH_STR("{}"),
                                            .search = SH_STR("仁和医院")};
    return sh_record_put(txn, &change, &ref, err);
}
static void *rival_main(void *ctx) {
    struct rival *rival = ctx;
    for (int i = 0; i < 40; i++) {
        char key[16];
        struct sh_err err = {0};
        (void)snprintf(key, sizeof key, "K%d", i);
        const sh_code code = sh_store_write(rival->place->store, &act, put_rival, key, NULL, &err);
        rival->won += code == SH_OK;
        if (code == SH_OK)
            continue;
        CHECK_CODE(code, SH_E_CONFLICT);
        CHECK_HAS(err.message, "has this key already");
        rival->lost++;
    }
    return NULL;
}
ON_BOTH(of_rivals_for_a_key_one_wins_and_each_is_told) {
    open_with_table(place);
    struct sh_err err = {0};
    pthread_t threads[10];
    struct rival rivals[10];
    int won = 0, lost = 0;
    for (int i = 0; i < 10; i++) {
        rivals[i] = (struct rival){place, 0, 0};
        CHECK(pthread_create(&threads[i], NULL, rival_main, &rivals[i]) == 0);
    }
    for (int i = 0; i < 10; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        won += rivals[i].won, lost += rivals[i].lost;
    }
    CHECK_I64(won, 40);
    CHECK_I64(lost, 360);
    CHECK_I64(size_of(place), 41);
    struct sh_verify_report report;
    CHECK_OK(sh_store_verify(place->store, true, NULL, NULL, &report, &err), &err);
    CHECK_I64(report.faults, 0);
    CHECK_I64(report.versions, 40);
}

ON_BOTH(a_second_writer_is_refused_and_told_who_holds_it) {
    struct sh_err err = {0};
    open_with_table(place);
    struct sh_store *second = NULL;
    const struct sh_store_options options = place_options(place);
    CHECK_CODE(sh_store_open(&options, &second, &err), SH_E_BUSY);
    CHECK_HAS(err.message, "held by process");
    struct sh_store_options reading = options;
    reading.read_only = true;
    reading.create = false;
    CHECK_OK(sh_store_open(&reading, &second, &err), &err);
    CHECK_CODE(sh_store_write(second, &act, insert, &(struct row){.a = 1}, NULL, &err), SH_E_UNSUPPORTED);
    sh_store_close(second);
}

ON_BOTH(a_clock_set_back_stops_writing) {
    struct sh_err err = {0};
    place->clock = (struct sh_clock){true, 1900000000};
    open_with_table(place);
    CHECK_OK(sh_store_write(place->store, &act, insert, &(struct row){.a = 1}, NULL, &err), &err);
    place->clock.fixed_utc -= 3; /* a small step: the journal's time stands still */
    struct sh_commit commit;
    CHECK_OK(sh_store_write(place->store, &act, insert, &(struct row){.a = 2}, &commit, &err), &err);
    CHECK_I64(commit.at, 1900000000);
    place->clock.fixed_utc -= 3;
    CHECK_CODE(sh_store_write(place->store, &act, insert, &(struct row){.a = 3}, NULL, &err), SH_E_CONFLICT);
    CHECK_HAS(err.message, "6 seconds behind");
    place->clock.fixed_utc += 60;
    CHECK_OK(sh_store_write(place->store, &act, insert, &(struct row){.a = 3}, NULL, &err), &err);
}

ON_BOTH(a_changed_or_newer_schema_refuses_the_start) {
    struct sh_err err = {0};
    open_with_table(place);
    place_close(place);
    struct sh_store_options options = place_options(place);
    const struct sh_migration other = {"test", "0001_test", 1, "create table t (a bigint) strict;"};
    options.migrations = &other;
    options.n_migrations = 1;
    CHECK_CODE(sh_store_open(&options, &place->store, &err), SH_E_CORRUPT);
    CHECK_HAS(err.message, "0001_test");
    const struct sh_migration two[] = {migrations[0],
                                       {"test", "0002_more", 2, "create table u (a bigint) strict;"}};
    options.migrations = two;
    options.n_migrations = 2;
    CHECK_OK(sh_store_open(&options, &place->store, &err), &err);
    place_close(place);
    options.n_migrations = 1;
    CHECK_CODE(sh_store_open(&options, &place->store, &err), SH_E_UNSUPPORTED);
    CHECK_HAS(err.message, "newer");
}

static sh_code peek(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    return sh_sql_run(txn, "delete from ST_version", NULL, 0, NULL, err);
}
static void tables_of_the_store_are_not_reached_by_sql(void **state) {
    (void)state;
    struct sh_err err = {0};
    struct place place = place_new(false);
    place_open(&place);
    CHECK_CODE(sh_store_write(place.store, &act, peek, NULL, NULL, &err), SH_E_INTERNAL);
    CHECK_HAS(err.message, "not for other rooms");
    place_drop(&place);
}

static void keys_inside_the_data_or_open_to_others_are_refused(void **state) {
    (void)state;
    struct sh_err err = {0};
    char path[160];
    struct place place = place_new(false);
    struct sh_store_options options = place_options(&place);
    (void)snprintf(path, sizeof path, "%s/keys", place.data);
    options.keys_dir = path;
    CHECK_CODE(sh_store_open(&options, &place.store, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "inside the data");
    place_open(&place);
    place_close(&place);
    (void)snprintf(path, sizeof path, "chmod g+r %s/master.key", place.keys);
    check_run(path);
    options = place_options(&place);
    CHECK_CODE(sh_store_open(&options, &place.store, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "read by others");
    place_drop(&place);
}

static void a_passphrase_protects_the_keys(void **state) {
    (void)state;
    struct sh_err err = {0};
    struct place place = place_new(false);
    struct sh_store_options options = place_options(&place);
    options.passphrase = "correct horse";
    CHECK_OK(sh_store_open(&options, &place.store, &err), &err);
    place_close(&place);
    options.passphrase = "wrong";
    CHECK_CODE(sh_store_open(&options, &place.store, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "passphrase is wrong");
    options.passphrase = NULL;
    CHECK_CODE(sh_store_open(&options, &place.store, &err), SH_E_INPUT);
    options.passphrase = "correct horse";
    CHECK_OK(sh_store_open(&options, &place.store, &err), &err);
    place_drop(&place);
}

/* A limit on the size of files stands for a full disk: the write fails, what was answered stays, and it goes
 * on. */
static void a_disk_that_refuses_loses_nothing_acknowledged(void **state) {
    (void)state;
    struct sh_err err = {0};
    struct place place = place_new(false);
    open_with_table(&place);
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    const struct rlimit small = {512 << 10, limit.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    int64_t n = 0;
    sh_code code;
    do
        code = sh_store_write(place.store, &act, insert, &(struct row){.a = n}, NULL, &err);
    while (code == SH_OK && ++n < 100000);
    const sh_code again = sh_store_write(place.store, &act, insert, &(struct row){.a = n}, NULL, NULL);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK(code == SH_E_IO || code == SH_E_FULL);
    CHECK(again == SH_E_IO || again == SH_E_FULL);
    CHECK(n > 1);
    CHECK_I64(rows_of(&place), n);
    CHECK_OK(sh_store_write(place.store, &act, insert, &(struct row){.a = n}, NULL, &err), &err);
    struct sh_verify_report report;
    CHECK_OK(sh_store_verify(place.store, true, NULL, NULL, &report, &err), &err);
    CHECK_I64(report.faults, 0);
    place_close(&place);
    open_with_table(&place);
    CHECK_I64(rows_of(&place), n + 1);
    place_drop(&place);
}

/* Heads that cannot be kept elsewhere stop the writing: a restored copy would not be seen. */
static void a_full_disk_under_the_file_of_heads_stops_writing(void **state) {
    (void)state;
    struct sh_err err = {0};
    struct place place = place_new(false);
    struct sh_store_options options = place_options(&place);
    options.heads_path = "/dev/full";
    CHECK_CODE(sh_store_open(&options, &place.store, &err), SH_E_FULL);
    CHECK_HAS(err.message, "/dev/full");
    place.store = NULL;
    place_drop(&place);
}

CHECK_MAIN(cmocka_unit_test(a_disk_that_refuses_loses_nothing_acknowledged),
           cmocka_unit_test(a_full_disk_under_the_file_of_heads_stops_writing),
           BOTH(a_write_is_there_after_reopening_and_has_a_leaf),
           BOTH(a_failed_body_leaves_nothing_and_its_neighbours_stay),
           BOTH(what_fails_as_the_last_thing_a_body_does_fails_the_body),
           BOTH(fifty_clients_at_once_get_each_their_own_answer), BOTH(what_is_sound_runs_once),
           BOTH(of_rivals_for_a_key_one_wins_and_each_is_told),
           BOTH(a_second_writer_is_refused_and_told_who_holds_it), BOTH(a_clock_set_back_stops_writing),
           BOTH(a_changed_or_newer_schema_refuses_the_start),
           cmocka_unit_test(tables_of_the_store_are_not_reached_by_sql),
           cmocka_unit_test(keys_inside_the_data_or_open_to_others_are_refused),
           cmocka_unit_test(a_passphrase_protects_the_keys))
