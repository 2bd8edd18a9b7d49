/* Bounded worker threads. */
#include "gate/lane.h"
#include "base/mem.h"
#include "gate/inner.h"

static void *serve(void *arg) {
    struct sh_lane *lane = arg;
    for (;;) {
        sh_sem_take(&lane->due);
        pthread_mutex_lock(&lane->mutex);
        if (lane->n == 0) { /* stopping */
            pthread_mutex_unlock(&lane->mutex);
            return NULL;
        }
        struct sh_request *rq = lane->ring[lane->head];
        lane->head = (lane->head + 1) % lane->cap;
        lane->n--;
        pthread_mutex_unlock(&lane->mutex);
        sh_gate_serve(lane->gate, rq);
    }
}

sh_code sh_lane_start(struct sh_lane *lane, struct sh_gate *gate, size_t n_threads, size_t cap,
                      struct sh_err *err) {
    *lane = (struct sh_lane){.gate = gate, .cap = cap};
    pthread_mutex_init(&lane->mutex, NULL);
    if (sem_init(&lane->due, 0, 0) != 0)
        return sh_fail_errno(err, "no semaphore for a queue of requests");
    lane->is_started = true;
    lane->ring = sh_alloc_array(cap, sizeof(struct sh_request *));
    lane->threads = sh_alloc_array(n_threads, sizeof(pthread_t));
    if (!lane->ring || !lane->threads)
        return sh_fail(err, SH_E_NOMEM, "no room for a queue of %zu requests", cap);
    for (size_t i = 0; i < n_threads; i++) {
        if (pthread_create(&lane->threads[i], NULL, serve, lane) != 0)
            return sh_fail(err, SH_E_IO, "cannot start thread %zu of %zu", i + 1, n_threads);
        lane->n_threads++;
    }
    return SH_OK;
}

bool sh_lane_push(struct sh_lane *lane, struct sh_request *rq) {
    pthread_mutex_lock(&lane->mutex);
    const bool has_room = lane->n < lane->cap && !lane->is_stopping;
    if (has_room) {
        lane->ring[(lane->head + lane->n++) % lane->cap] = rq;
        (void)sem_post(&lane->due); /* at most cap and the threads: it cannot overflow */
    }
    pthread_mutex_unlock(&lane->mutex);
    return has_room;
}

size_t sh_lane_length(struct sh_lane *lane) {
    pthread_mutex_lock(&lane->mutex);
    const size_t n = lane->n;
    pthread_mutex_unlock(&lane->mutex);
    return n;
}

void sh_lane_stop(struct sh_lane *lane) {
    if (!lane->is_started)
        return;
    pthread_mutex_lock(&lane->mutex);
    lane->is_stopping = true;
    pthread_mutex_unlock(&lane->mutex);
    for (size_t i = 0; i < lane->n_threads; i++)
        (void)sem_post(&lane->due);
    for (size_t i = 0; i < lane->n_threads; i++)
        pthread_join(lane->threads[i], NULL);
    lane->n_threads = 0;
}

void sh_lane_free(struct sh_lane *lane) {
    if (!lane->is_started)
        return;
    sh_lane_stop(lane);
    sh_free(lane->threads);
    sh_free(lane->ring);
    (void)sem_destroy(&lane->due);
    pthread_mutex_destroy(&lane->mutex);
    *lane = (struct sh_lane){0};
}
