/* Goal: every task runs once; the same error whatever the number of threads. */
#include "base/pool.h"
#include "check.h"

enum { TASKS = 1000 };

struct shared {
    atomic_int runs[TASKS];
    atomic_bool busy[64];
    size_t fail_from, fail_step; /* tasks fail_from, fail_from + fail_step … fail; step 0: none */
    struct sh_pool_control control;
    size_t stop_at; /* task that asks for a stop; TASKS: none */
};

static sh_code task(void *ctx, size_t number, size_t worker, struct sh_err *err) {
    struct shared *shared = ctx;
    if (atomic_exchange(&shared->busy[worker], true))
        return sh_fail(err, SH_E_INTERNAL, "worker %zu runs two tasks at once", worker);
    atomic_fetch_add(&shared->runs[number], 1);
    atomic_store(&shared->busy[worker], false);
    if (number == shared->stop_at)
        atomic_store(&shared->control.stop, true);
    if (shared->fail_step && number >= shared->fail_from &&
        (number - shared->fail_from) % shared->fail_step == 0)
        return sh_fail(err, SH_E_INPUT, "task %zu", number);
    return SH_OK;
}

static void each_task_runs_once(void **state) {
    (void)state;
    for (size_t n_threads = 0; n_threads <= 8; n_threads++) {
        struct shared shared = {.stop_at = TASKS};
        struct sh_err err;
        CHECK_OK(sh_pool_run(n_threads, TASKS, task, &shared, NULL, &err), &err);
        for (size_t i = 0; i < TASKS; i++)
            CHECK_I64(atomic_load(&shared.runs[i]), 1);
    }
    CHECK_OK(sh_pool_run(4, 0, task, NULL, NULL, NULL), NULL);
    CHECK_CODE(sh_pool_run(100000, 1, task, NULL, NULL, NULL), SH_E_LIMIT);
    CHECK(sh_processors() >= 1);
}

static void the_lowest_failure_wins(void **state) {
    (void)state;
    for (size_t round = 0; round < 200; round++) {
        struct shared shared = {.fail_from = 17, .fail_step = 1 + round % 3, .stop_at = TASKS};
        struct sh_err err;
        CHECK_CODE(sh_pool_run(1 + round % 8, TASKS, task, &shared, &shared.control, &err), SH_E_INPUT);
        CHECK_TEXT(err.message, "task 17");
        for (size_t i = 0; i <= 17; i++)
            CHECK_I64(atomic_load(&shared.runs[i]), 1);
    }
}

static void a_stop_ends_early(void **state) {
    (void)state;
    struct shared shared = {.stop_at = 10};
    struct sh_err err;
    CHECK_CODE(sh_pool_run(4, TASKS, task, &shared, &shared.control, &err), SH_E_CANCELLED);
    CHECK_I64(atomic_load(&shared.runs[TASKS - 1]), 0);
}

CHECK_MAIN(cmocka_unit_test(each_task_runs_once), cmocka_unit_test(the_lowest_failure_wins),
           cmocka_unit_test(a_stop_ends_early))
