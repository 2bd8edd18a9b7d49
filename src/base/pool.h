/* Run n tasks on some threads. Results must not depend on who runs what: each task writes its own place. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdatomic.h>

/**
 * One task.
 * ctx     shared, as given; what it points to is the caller's affair.
 * task    0 … n_tasks - 1.  worker  0 … n_threads - 1: index of scratch room that no other running task uses.
 * err     to be filled on failure. A long task looks at sh_pool_stopped of its control now and then and gives
 *         SH_E_CANCELLED.
 */
typedef sh_code (*sh_pool_task)(void *ctx, size_t task, size_t worker, struct sh_err *err);

/** May be NULL. Set `stop` from another thread or a signal handler to end early. */
struct sh_pool_control {
    atomic_bool stop;
};
/** Was a stop asked for? control may be NULL. */
static inline bool sh_pool_stopped(const struct sh_pool_control *control) {
    return control && atomic_load_explicit(&control->stop, memory_order_relaxed);
}

/**
 * Run all tasks; returns when none is running.
 * n_threads  1 … SH_THREADS_MAX; 0: as many as processors. Never more than tasks. With 1 the caller's thread
 * does all. Tasks are started in order, by whoever is free. When one fails no task with a higher number is
 * started, lower ones are finished, and the failure with the lowest number is returned: the same error
 * whatever the number of threads. Errors: those of the tasks; SH_E_CANCELLED control->stop was set;
 * SH_E_LIMIT n_threads; SH_E_NOMEM. If the system refuses threads, fewer do the work.
 */
SH_MUST sh_code sh_pool_run(size_t n_threads, size_t n_tasks, sh_pool_task task, void *ctx,
                            struct sh_pool_control *control, struct sh_err *err);
/** Processors this process may use, at least 1. */
size_t sh_processors(void);
