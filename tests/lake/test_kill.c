/* Goal: a kill, a power failure or a full disk at any moment leaves the lake as it was before or after the
   batch, and the same files imported again give what an undisturbed import gives. SH_TEST_LONG=1: many more
   rounds. */
#include "lake_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { BATCHES = 3, LINES = 3000, BLOCK = 500 };
#define L SH_TABLE_LINE

/* ---- the child: one batch
 * -------------------------------------------------------------------------------------------------------- */

static int import_batch(const char *dir, int batch) {
    struct sh_import_options options = fixture_options(dir);
    struct sh_import_result result = {0};
    struct sh_session *session = NULL;
    struct sh_err err;
    options.known_day += batch;
    char path[SH_PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s/manifest/00000001.json", dir);
    if (access(path, F_OK) == 0)
        options.buckets = 0;
    sh_code code = sh_session_begin(&options, fixture_seed, &session, &err);
    for (int block = 0; code == SH_OK && block < LINES / BLOCK; block++) {
        static char texts[BLOCK][200];
        const char *rows[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            const int line =
                batch * LINES / 2 + block * BLOCK + i; /* half of each batch overlaps the one before */
            (void)snprintf(texts[i], sizeof texts[i],
                           "person=p%d institution=H%d encounter_key=m%d id=b%d item=X%d time=2026-01-%02d "
                           "unit_price=2 charged_quantity=%d "
                           "charged_amount=%d charged_covered=%d",
                           line % 97, line % 5, line % 301, line, line % 3, 1 + line % 28,
                           line % 50 == 49 ? -1 : 1, line % 50 == 49 ? -2 : 2, line % 50 == 49 ? -1 : 1);
            rows[i] = texts[i];
        }
        code = fixture_push(sh_session_landing(session), (unsigned)block % 2, L, (uint64_t)block + 1, rows,
                            BLOCK, &err);
    }
    if (code == SH_OK)
        code = sh_session_commit(session, &result, &err);
    sh_session_end(session);
    if (code != SH_OK)
        (void)fprintf(stderr, "# %s: %s\n", sh_code_name(code), err.message);
    return (int)code;
}

/* ---- the parent
 * ------------------------------------------------------------------------------------------------------------------
 */

struct child {
    const char *log;       /* of the shim, NULL: without */
    int64_t full_after;    /* bytes, < 0: never */
    int64_t kill_after_us; /* < 0: never */
};

static void preload_path(char out[PATH_MAX]) {
    const ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 64);
    assert_true(n > 0);
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    const char *name = "/lake/libpreload-nosync.so";
    memcpy(slash, name, strlen(name) + 1);
}

/* Exit code of the child (a sh_code), or -1 when it was killed. */
static int run_child(const char *dir, int batch, struct child how) {
    char exe[PATH_MAX], shim[PATH_MAX], number[16], full[32];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    assert_true(n > 0);
    exe[n] = '\0';
    preload_path(shim);
    (void)snprintf(number, sizeof number, "%d", batch);
    (void)snprintf(full, sizeof full, "%" PRId64, how.full_after);
    const pid_t pid = fork();
    if (pid == 0) {
        if (how.log || how.full_after >= 0)
            (void)setenv("LD_PRELOAD", shim, 1);
        if (how.log)
            (void)setenv("NOSYNC_LOG", how.log, 1);
        if (how.full_after >= 0)
            (void)setenv("NOSYNC_FULL_AFTER", full, 1);
        (void)execl(exe, exe, "child", dir, number, (char *)NULL);
        _exit(99);
    }
    if (how.kill_after_us >= 0) {
        (void)usleep((useconds_t)how.kill_after_us);
        (void)kill(pid, SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *dump(const char *dir) {
    static const char *const names[] = {"person", "id", "item", "time", "quantity", "covered", "refund_line"};
    return fixture_dump(dir, L, names, 7, INT32_MAX);
}

/* Text of the undisturbed lake after all batches. */
static char *undisturbed(void) {
    char dir[64];
    fixture_dir(dir);
    for (int batch = 0; batch < BATCHES; batch++)
        assert_int_equal(import_batch(dir, batch), SH_OK);
    char *text = dump(dir);
    CHECK(strlen(text) > 10000);
    fixture_remove(dir);
    return text;
}

static void check_lake(const char *dir) {
    struct sh_err err;
    struct sh_lake *lake = NULL;
    uint64_t faults = 1;
    const sh_code code = sh_lake_open(dir, 0, &lake, &err);
    if (code == SH_E_NOTFOUND)
        return; /* killed before the first manifest */
    CHECK_OK(code, &err);
    sh_lake_close(lake);
    CHECK_OK(sh_lake_verify(dir, stderr, &faults, &err), &err);
    CHECK_I64(faults, 0);
}

/* ---- power failure
 * -----------------------------------------------------------------------------------------------------------------
 */

enum { OPS_MAX = 20000 };
struct op {
    char what; /* C R M, and W for data */
    bool is_durable;
    char *path, *from;
};

static void parent_of(const char *path, char out[PATH_MAX]) {
    (void)snprintf(out, PATH_MAX, "%s", path);
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

static void take_line(struct op *ops, size_t *n, char *line) {
    char *path = line + 2, *to = strchr(path, '\t'), folder[PATH_MAX];
    if (to)
        *to++ = '\0';
    for (size_t i = 0; i < *n && line[0] == 'S'; i++)
        ops[i].is_durable |= ops[i].what == 'W' && strcmp(ops[i].path, path) == 0;
    for (size_t i = 0; i < *n && line[0] == 'D'; i++) {
        parent_of(ops[i].path, folder);
        ops[i].is_durable |= ops[i].what != 'W' && strcmp(folder, path) == 0;
    }
    for (size_t i = 0; i < *n && line[0] == 'R';
         i++) /* what was written under the old name is now under the new one */
        if (ops[i].what == 'W' && strcmp(ops[i].path, path) == 0)
            ops[i].path = to;
    if (line[0] == 'S' || line[0] == 'D')
        return;
    assert_true(*n < OPS_MAX);
    ops[(*n)++] = (struct op){.what = line[0], .path = to ? to : path, .from = to ? path : NULL};
}

/* Take back all that was not synced. */
static void lose_power(const char *log) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err;
    struct sh_str text;
    if (sh_fs_read(log, (size_t)64 << 20, &arena, &text, &err) != SH_OK)
        return;
    struct op *ops = sh_new(&arena, struct op, OPS_MAX);
    char *lines = sh_arena_dup(&arena, text.at, text.len), *rest = NULL;
    size_t n = 0;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        take_line(ops, &n, line);
    for (size_t i = 0; i < n; i++)
        if (ops[i].what == 'W' && !ops[i].is_durable)
            (void)!truncate(ops[i].path, 0);
    for (size_t i = n; i-- > 0;) {
        if (ops[i].is_durable || ops[i].what == 'W')
            continue;
        if (ops[i].what == 'R' && rename(ops[i].path, ops[i].from) == 0)
            continue;
        if (ops[i].what == 'M') {
            CHECK_OK(sh_remove_tree(ops[i].path, &err), &err);
            continue;
        }
        (void)unlink(ops[i].path);
    }
    (void)unlink(log);
}

/* ---- tests
 * ----------------------------------------------------------------------------------------------------------------------------
 */

static int rounds(int few) {
    const char *text = getenv("SH_TEST_LONG");
    return text && text[0] == '1' ? 50 : few;
}

static void disturb(struct sh_rng *rng, const char *want, bool power) {
    char dir[64], log[80];
    fixture_dir(dir);
    (void)snprintf(log, sizeof log, "%s.log", dir);
    for (int batch = 0; batch < BATCHES; batch++) {
        const struct child how = {.log = power ? log : NULL,
                                  .full_after = -1,
                                  .kill_after_us = sh_rng_between(rng, 1000, power ? 600000 : 350000)};
        (void)run_child(dir, batch, how);
        if (power)
            lose_power(log);
        if (access(dir, F_OK) != 0)
            assert_int_equal(mkdir(dir, 0700), 0);
        check_lake(dir);
        assert_int_equal(import_batch(dir, batch), SH_OK);
    }
    check_lake(dir);
    char *text = dump(dir);
    CHECK_TEXT(text, want);
    sh_free(text);
    fixture_remove(dir);
}

static void a_kill_at_any_moment_loses_nothing(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed((uint64_t)time(NULL)));
    char *want = undisturbed();
    for (int round = 0; round < rounds(3); round++)
        disturb(&rng, want, false);
    sh_free(want);
}

static void a_power_failure_at_any_moment_loses_nothing(void **state) {
    (void)state;
    char shim[PATH_MAX];
    struct sh_rng rng;
    preload_path(shim);
    if (access(shim, R_OK) != 0)
        skip();
    sh_rng_seed(&rng, check_seed((uint64_t)time(NULL)));
    char *want = undisturbed();
    for (int round = 0; round < rounds(3); round++)
        disturb(&rng, want, true);
    sh_free(want);
}

/* What was acknowledged before the power went is there. */
static void an_acknowledged_batch_survives_a_power_failure(void **state) {
    (void)state;
    char shim[PATH_MAX], dir[64], log[80];
    struct sh_err err;
    preload_path(shim);
    if (access(shim, R_OK) != 0)
        skip();
    fixture_dir(dir);
    (void)snprintf(log, sizeof log, "%s.log", dir);
    assert_int_equal(run_child(dir, 0, (struct child){.log = log, .full_after = -1, .kill_after_us = -1}),
                     SH_OK);
    lose_power(log);
    struct sh_lake *lake = NULL;
    CHECK_OK(sh_lake_open(dir, 0, &lake, &err), &err);
    CHECK_I64(sh_lake_rows(lake, L), LINES);
    sh_lake_close(lake);
    check_lake(dir);
    fixture_remove(dir);
}

static void a_full_disk_is_said_and_changes_nothing(void **state) {
    (void)state;
    char shim[PATH_MAX], dir[64];
    struct sh_rng rng;
    preload_path(shim);
    if (access(shim, R_OK) != 0)
        skip();
    sh_rng_seed(&rng, check_seed((uint64_t)time(NULL)));
    fixture_dir(dir);
    assert_int_equal(import_batch(dir, 0), SH_OK);
    char *want = dump(dir);
    for (int round = 0; round < rounds(10); round++) {
        const int64_t room = round == 0 ? 0 : sh_rng_between(&rng, 60000, 80000) * round;
        const int code = run_child(dir, 1, (struct child){.full_after = room, .kill_after_us = -1});
        if (code == SH_OK)
            break; /* it had room */
        CHECK_I64(code, SH_E_FULL);
        check_lake(dir);
        char *text = dump(dir);
        CHECK_TEXT(text, want);
        sh_free(text);
    }
    sh_free(want);
    assert_int_equal(import_batch(dir, 1), SH_OK);
    fixture_remove(dir);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "child") == 0)
        return import_batch(argv[2], (int)strtol(argv[3], NULL, 10));
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_kill_at_any_moment_loses_nothing),
                                       cmocka_unit_test(a_power_failure_at_any_moment_loses_nothing),
                                       cmocka_unit_test(an_acknowledged_batch_survives_a_power_failure),
                                       cmocka_unit_test(a_full_disk_is_said_and_changes_nothing)};
    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
