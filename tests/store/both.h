/* A store for one test, on SQLite or, when the environment names a server, PostgreSQL: CHECK_PG is the
 * directory of a throw-away cluster's socket and so on, as `pg_virtualenv` exports it (PGHOST …); each test
 * makes its database. */
#pragma once
#include "base/fs.h"
#include "check.h"
#include "store/store.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char dir[64], data[96], keys[96], heads[96], url[160];
    bool is_postgres;
    struct sh_clock clock;
    struct sh_store *store;
};

static inline bool has_postgres(void) {
    return getenv("CHECK_PG") != NULL;
}

/** Run a command of the system; the exit code must be 0. */
static inline void check_run(const char *command) {
    const int status = system(command); // NOLINT(cert-env33-c): a test's own command
    if (status != 0)
        print_error("command failed (%d): %s\n", status, command);
    CHECK(status == 0);
}

/* Another byte than the one there, whichever that was. */
static inline void check_flip(const char *path, long at) {
    FILE *file = fopen(path, "r+b");
    CHECK(file != NULL && fseek(file, at, SEEK_SET) == 0);
    const int byte = fgetc(file);
    CHECK(byte != EOF && fseek(file, at, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF);
    CHECK(fclose(file) == 0);
}

static inline struct place place_new(bool is_postgres) {
    struct place place = {.dir = "/tmp/shouhu-test-XXXXXX", .is_postgres = is_postgres};
    CHECK(mkdtemp(place.dir) != NULL);
    (void)snprintf(place.data, sizeof place.data, "%s/data", place.dir);
    (void)snprintf(place.keys, sizeof place.keys, "%s/keys", place.dir);
    (void)snprintf(place.heads, sizeof place.heads, "%s/heads", place.dir);
    if (is_postgres) {
        char command[256];
        const char *name = strrchr(place.dir, '-') + 1;
        (void)snprintf(command, sizeof command, "psql -qc 'create schema \"check_%s\"'", name);
        check_run(command);
        (void)snprintf(place.url, sizeof place.url, "options='-c search_path=\"check_%s\"'", name);
    }
    return place;
}
static inline struct sh_store_options place_options(const struct place *place) {
    return (struct sh_store_options){.data_dir = place->data,
                                     .keys_dir = place->keys,
                                     .heads_path = place->heads,
                                     .database_url = place->is_postgres ? place->url : NULL,
                                     .clock = &place->clock,
                                     .digest = SH_DIGEST_SM3,
                                     .create = true};
}
static inline void place_open(struct place *place) {
    struct sh_err err = {0};
    const struct sh_store_options options = place_options(place);
    CHECK_OK(sh_store_open(&options, &place->store, &err), &err);
}
static inline void place_close(struct place *place) {
    sh_store_close(place->store);
    place->store = NULL;
}
static inline void place_drop(struct place *place) {
    struct sh_err err = {0};
    place_close(place);
    if (place->is_postgres) {
        char command[256];
        (void)snprintf(command, sizeof command,
                       "psql -qc 'set client_min_messages = error' -c 'drop schema \"check_%s\" cascade'",
                       strrchr(place->dir, '-') + 1);
        check_run(command);
    }
    CHECK_OK(sh_remove_tree(place->dir, &err), &err);
}

/** A test body that runs on both: `ON_BOTH(name) { … place … }` gives name_on_sqlite and name_on_postgresql.
 */
#define ON_BOTH(name)                                                                                        \
    static void name(struct place *place);                                                                   \
    static void name##_on_sqlite(void **state) {                                                             \
        (void)state;                                                                                         \
        struct place place = place_new(false);                                                               \
        name(&place);                                                                                        \
        place_drop(&place);                                                                                  \
    }                                                                                                        \
    static void name##_on_postgresql(void **state) {                                                         \
        (void)state;                                                                                         \
        if (!has_postgres())                                                                                 \
            skip();                                                                                          \
        struct place place = place_new(true);                                                                \
        name(&place);                                                                                        \
        place_drop(&place);                                                                                  \
    }                                                                                                        \
    static void name(struct place *place)
#define BOTH(name) cmocka_unit_test(name##_on_sqlite), cmocka_unit_test(name##_on_postgresql)
