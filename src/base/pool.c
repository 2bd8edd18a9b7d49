#include "base/pool.h"
#include "base/limits.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

struct run {
    size_t n_tasks;
    sh_pool_task task;
    void *ctx;
    const struct sh_pool_control *control;
    atomic_size_t next;
    atomic_size_t first_failed; /* n_tasks while none has */
    atomic_bool is_cancelled;
    pthread_mutex_t lock; /* of the two below */
    sh_code code;
    struct sh_err err;
};

struct worker {
    struct run *run;
    size_t index;
    pthread_t thread;
};

static void keep_failure(struct run *run, size_t task, sh_code code, const struct sh_err *err) {
    (void)pthread_mutex_lock(&run->lock);
    if (task < atomic_load(&run->first_failed)) {
        run->code = code;
        run->err = *err;
        atomic_store(&run->first_failed, task);
    }
    (void)pthread_mutex_unlock(&run->lock);
}

/* Tasks are handed out in order: whoever fails, all lower ones have been started and will be finished. */
static void *work(void *argument) {
    struct worker *self = argument;
    struct run *run = self->run;
    for (;;) {
        const size_t task = atomic_fetch_add(&run->next, 1);
        if (task >= run->n_tasks || task > atomic_load(&run->first_failed))
            break;
        if (sh_pool_stopped(run->control)) {
            atomic_store(&run->is_cancelled, true);
            break;
        }
        struct sh_err err = {.code = SH_OK};
        const sh_code code = run->task(run->ctx, task, self->index, &err);
        if (code != SH_OK)
            keep_failure(run, task, code, &err);
    }
    return NULL;
}

/* Signals are for the main thread: the others start with all of them blocked. */
static size_t start(struct worker *workers, size_t n) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    size_t started = 1;
    while (started < n && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
        started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

size_t sh_processors(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    const int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (size_t)n > SH_THREADS_MAX ? SH_THREADS_MAX : (size_t)n;
}

sh_code sh_pool_run(size_t n_threads, size_t n_tasks, sh_pool_task task, void *ctx,
                    struct sh_pool_control *control, struct sh_err *err) {
    if (n_threads > SH_THREADS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%zu threads, at most %zu are allowed", n_threads, SH_THREADS_MAX);
    if (n_tasks == 0)
        return SH_OK;
    if (n_threads == 0)
        n_threads = sh_processors();
    if (n_threads > n_tasks)
        n_threads = n_tasks;
    struct run run = {.n_tasks = n_tasks, .task = task, .ctx = ctx, .control = control};
    atomic_init(&run.next, 0);
    atomic_init(&run.first_failed, n_tasks);
    atomic_init(&run.is_cancelled, false);
    if (pthread_mutex_init(&run.lock, NULL) != 0)
        return sh_fail(err, SH_E_NOMEM, "no mutex for %zu tasks", n_tasks);
    struct worker workers[SH_THREADS_MAX];
    for (size_t i = 0; i < n_threads; i++)
        workers[i] = (struct worker){.run = &run, .index = i};
    const size_t started = start(workers, n_threads);
    (void)work(
        &workers[0]); /* the caller's thread is worker 0, so work is done even if no other could be made */
    for (size_t i = 1; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    (void)pthread_mutex_destroy(&run.lock);
    if (atomic_load(&run.first_failed) < n_tasks) {
        if (err)
            *err = run.err, err->code = run.code;
        return run.code;
    }
    if (atomic_load(&run.is_cancelled))
        return sh_fail(err, SH_E_CANCELLED, "stopped on request");
    return SH_OK;
}
