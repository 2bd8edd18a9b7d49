/* Bounded worker threads: requests wait in a lane of limited length or are told to come back. Inner header.
 */
#pragma once
#include "base/err.h"
#include "base/sem.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct sh_request;
struct sh_gate;

/** A queue of at most `cap` requests and the threads that serve it. Zero-init; start before use. */
struct sh_lane {
    struct sh_gate *gate;
    pthread_mutex_t mutex;
    sem_t due;                /* one for each request queued, and one for each thread when the lane stops */
    struct sh_request **ring; /* [cap] */
    size_t cap, head, n;
    pthread_t *threads; /* [n_threads] */
    size_t n_threads;
    bool is_stopping, is_started;
};
/** Start `n_threads` threads that call sh_gate_serve. Errors: SH_E_NOMEM, SH_E_IO. */
SH_MUST sh_code sh_lane_start(struct sh_lane *lane, struct sh_gate *gate, size_t n_threads, size_t cap,
                              struct sh_err *err);
/** Queue a request; false when the lane is full or stopping. */
SH_MUST bool sh_lane_push(struct sh_lane *lane, struct sh_request *rq);
/** Requests waiting now. */
size_t sh_lane_length(struct sh_lane *lane);
/** Serve what is queued, then end the threads. Pushing is still allowed, and refused. */
void sh_lane_stop(struct sh_lane *lane);
/** Stop and free all. Nobody may push any more. */
void sh_lane_free(struct sh_lane *lane);
