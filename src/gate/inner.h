/* Inner header of the gate: the server and what its files share. */
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "gate/gate.h"
#include "gate/lane.h"
#include "gate/numbers.h"
#include "gate/papers.h"
#include "gate/request.h"
#include "gate/route.h"
#include "law/law.h"
#include "matter/matter.h"
#include "store/store.h"

#define SH_COOKIE "__Host-shouhu" /* the prefix makes browsers insist on Secure and on this very host */

struct sh_http {
    struct MHD_Daemon *daemon;
    pthread_t watchdog;
    bool is_watched;
    atomic_bool is_watch_over;
    pthread_mutex_t conns_mutex;
    struct sh_conn *conns;
    size_t n_conns; /* under conns_mutex */
    atomic_uint_fast64_t n_cut;
    atomic_size_t body_bytes;
};

enum { SH_LATENCY_BUCKETS = 10 };
struct sh_metrics {
    atomic_uint_fast64_t answers[SH_ROUTES_MAX + 1][5]; /* by route (last: none) and status class 1xx … 5xx */
    atomic_uint_fast64_t latency[SH_LATENCY_BUCKETS + 1];
    atomic_uint_fast64_t latency_ns, refused, logins_failed;
};

/** The last use of a session, noted when its request is answered: nobody waits for the disk to read. */
struct sh_seen {
    char session[65], person[SH_ID_MAX];
    int64_t at; /* 0: nothing to note */
};
enum { SH_SEEN_KEPT = 256 };

struct sh_gate {
    struct sh_gate_options options;
    struct sh_arena arena; /* registers, roles, options */
    struct sh_store *store;
    const struct sh_registers *registers;
    const struct sh_roles *roles;
    const struct sh_matter_texts *texts; /* procedures and what they run on */
    const struct sh_params *params;      /* those of the texts, and what offices have set */
    struct sh_numbers numbers;
    const struct sh_papers *templates; /* of what procedures issue */
    struct {
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        bool is_running, is_over, is_asked; /* the last two under the mutex */
    } duty;
    struct sh_lane lanes[SH_LANES];
    struct sh_http http;
    struct sh_metrics metrics;
    struct sh_log log;
    struct sh_jobs *jobs;
    struct {
        pthread_mutex_t mutex;
        struct sh_later *first; /* requests answered later, under way */
        size_t held_bytes;
    } later;
    struct {
        pthread_mutex_t mutex;
        struct sh_seen of[SH_SEEN_KEPT];
        size_t next;
    } seen; /* sessions whose last use was noted lately: of what a page asks at once one request notes it */
    const struct sh_pages *pages; /* NULL: none */
    struct sh_rulebook *rulebook; /* NULL: a server without rules */
    struct sh_finder *finder;
    atomic_bool is_stopping;
    atomic_int n_under_way; /* requests in a lane or not yet answered */
    pthread_mutex_t log_mutex;
};

static inline bool gate_is_stopping(struct sh_gate *gate) {
    return atomic_load(&gate->is_stopping);
}

/* gate.c */
struct sh_request *sh_request_new(struct sh_gate *gate);
void sh_request_free(struct sh_request *rq);
/** Answer a request and wake its connection. */
void sh_gate_serve(struct sh_gate *gate, struct sh_request *rq);
/** Answer a request in the caller's thread; for tests and the fuzzer too. */
void sh_gate_answer(struct sh_gate *gate, struct sh_request *rq);
/** Count and log a request that is over. */
void sh_gate_note(struct sh_request *rq);
