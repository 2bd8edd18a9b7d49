/* Carries out the ends of clocks, one transaction each, in the order in which they fell due: also after the
 * server was down for days. Two servers over one database do no end twice: each asks again inside its
 * transaction. */
#include "gate/duty.h"
#include "gate/auth.h"
#include "gate/checkfiles.h"
#include "gate/later.h"
#include "gate/preserve.h"
#include <errno.h>
#include <time.h>

enum { PAUSE_SECONDS = 5 };

struct duty {
    struct sh_gate *gate;
    bool is_due, is_done;
};

static sh_code look(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct duty *duty = ctx;
    return sh_matter_is_due(txn, sh_gate_now(duty->gate), &duty->is_due, err);
}

static sh_code run(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct duty *duty = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = SH_REQUEST_ARENA_MAX};
    duty->is_done = false;
    SH_TRY(sh_matter_run_due(txn, duty->gate->texts, &arena, &duty->is_done, err));
    /* Another server was first: nothing to write, and a write without a leaf is none. */
    return duty->is_done ? SH_OK : sh_fail(err, SH_E_CANCELLED, "nothing is due any more");
}

static bool is_over(struct sh_gate *gate) {
    pthread_mutex_lock(&gate->duty.mutex);
    const bool over = gate->duty.is_over;
    pthread_mutex_unlock(&gate->duty.mutex);
    return over;
}

/* All that is due now. A failure is logged and tried again after the pause: others wait behind it, as the
 * order of ends is part of their meaning. */
static void catch_up(struct sh_gate *gate) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("due")};
    struct duty duty = {.gate = gate};
    struct sh_err err;
    while (!is_over(gate)) {
        sh_code code = sh_store_read(gate->store, look, &duty, &err);
        if (code == SH_OK && !duty.is_due)
            return;
        if (code == SH_OK)
            code = sh_store_write(gate->store, &act, run, &duty, NULL, &err);
        if (code == SH_E_CANCELLED)
            return;
        if (code != SH_OK) {
            sh_log(&gate->log, SH_LOG_ERROR, "duty", " code=%s", sh_code_name(code));
            return;
        }
    }
}

/* ---- calendars and numbers may be others than those the clocks were counted by: at the start, and later
 * ---- */

struct recounting {
    struct sh_gate *gate;
    char after[SH_ID_TEXT + 1];
    bool may_write;
    struct sh_recount report;
};
static sh_code recount(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct recounting *r = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = SH_REQUEST_ARENA_MAX};
    SH_TRY(
        sh_matter_recount(txn, r->gate->texts, sh_str_of(r->after), r->may_write, &arena, &r->report, err));
    return r->report.n_moved || !r->may_write ? SH_OK
                                              : sh_fail(err, SH_E_CANCELLED, "another server was first");
}

struct counting {
    struct sh_gate *gate;
    bool may_write;
    size_t n;
};
static sh_code count_duties(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct counting *c = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = SH_REQUEST_ARENA_MAX};
    SH_TRY(sh_matter_duties(txn, c->gate->texts, c->may_write, &arena, &c->n, err));
    return c->n || !c->may_write ? SH_OK : sh_fail(err, SH_E_CANCELLED, "another server was first");
}

/* From the first start with a text on, its duties come by themselves. */
static void begin_duties(struct sh_gate *gate) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("duties")};
    struct counting c = {.gate = gate};
    struct sh_err err;
    sh_code code = sh_store_read(gate->store, count_duties, &c, &err);
    c.may_write = true;
    if (code == SH_OK && c.n)
        code = sh_store_write(gate->store, &act, count_duties, &c, NULL, &err);
    if (code != SH_OK && code != SH_E_CANCELLED)
        sh_log(&gate->log, SH_LOG_ERROR, "duties", " code=%s", sh_code_name(code));
}

static void recount_all(struct sh_gate *gate) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("recount"), .is_large = true};
    struct recounting r = {.gate = gate};
    struct sh_err err;
    size_t moved = 0;
    while (!is_over(gate)) {
        r.may_write = false;
        sh_code code = sh_store_read(gate->store, recount, &r, &err);
        r.may_write = true;
        if (code == SH_OK && r.report.n_moved)
            code = sh_store_write(gate->store, &act, recount, &r, NULL, &err);
        if (code != SH_OK && code != SH_E_CANCELLED) {
            sh_log(&gate->log, SH_LOG_ERROR, "recount", " code=%s", sh_code_name(code));
            return;
        }
        moved += r.report.n_moved;
        if (r.report.is_over)
            break;
        memcpy(r.after, r.report.last, sizeof r.after);
    }
    if (moved)
        sh_log(&gate->log, SH_LOG_INFO, "recount", " ends=%zu", moved);
}

/* Once a day; again after the pause when it failed. */
static void end_checks(struct sh_gate *gate, int32_t *done_on) {
    struct sh_err err;
    const int32_t today = sh_gate_today(gate);
    if (*done_on == today)
        return;
    const sh_code code = sh_check_expire(gate, &err);
    if (code == SH_OK)
        *done_on = today;
    else
        sh_log(&gate->log, SH_LOG_ERROR, "self-checks not ended", " code=%s", sh_code_name(code));
}

/* Each round: an erasure, also one by the command line beside the server, takes the answers, then their
 * files. */
static void sweep_answers(struct sh_gate *gate) {
    struct sh_err err;
    if (sh_later_sweep(gate, false, &err) != SH_OK)
        sh_log(&gate->log, SH_LOG_WARN, "answers not swept", " code=%s", sh_code_name(err.code));
}

static void *main_of(void *ctx) {
    struct sh_gate *gate = ctx;
    int32_t checks_done_on = INT32_MIN;
    uint64_t counted_by = UINT64_MAX;
    begin_duties(gate);
    while (!is_over(gate)) {
        sh_gate_numbers(gate); /* another server over this database may have taken them */
        const uint64_t generation = atomic_load(&gate->numbers.generation);
        if (generation != counted_by)
            recount_all(gate);
        counted_by = generation;
        catch_up(gate);
        end_checks(gate, &checks_done_on);
        sweep_answers(gate);
        sh_evidence_seal_all(gate);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += PAUSE_SECONDS;
        pthread_mutex_lock(&gate->duty.mutex);
        while (!gate->duty.is_over && !gate->duty.is_asked &&
               pthread_cond_timedwait(&gate->duty.wake, &gate->duty.mutex, &until) != ETIMEDOUT)
            ;
        gate->duty.is_asked = false;
        pthread_mutex_unlock(&gate->duty.mutex);
    }
    return NULL;
}

sh_code sh_duty_start(struct sh_gate *gate, struct sh_err *err) {
    if (pthread_mutex_init(&gate->duty.mutex, NULL) != 0 || pthread_cond_init(&gate->duty.wake, NULL) != 0)
        return sh_fail(err, SH_E_NOMEM, "no room for the duty");
    if (pthread_create(&gate->duty.thread, NULL, main_of, gate) != 0)
        return sh_fail(err, SH_E_NOMEM, "no thread for the duty");
    gate->duty.is_running = true;
    return SH_OK;
}

void sh_duty_wake(struct sh_gate *gate) {
    pthread_mutex_lock(&gate->duty.mutex);
    gate->duty.is_asked = true;
    pthread_cond_signal(&gate->duty.wake);
    pthread_mutex_unlock(&gate->duty.mutex);
}

void sh_duty_stop(struct sh_gate *gate) {
    if (!gate->duty.is_running)
        return;
    pthread_mutex_lock(&gate->duty.mutex);
    gate->duty.is_over = true;
    pthread_cond_signal(&gate->duty.wake);
    pthread_mutex_unlock(&gate->duty.mutex);
    pthread_join(gate->duty.thread, NULL);
    pthread_cond_destroy(&gate->duty.wake);
    pthread_mutex_destroy(&gate->duty.mutex);
    gate->duty.is_running = false;
}
