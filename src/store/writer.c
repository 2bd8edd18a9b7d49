/* One thread writes. Bodies that wait together share one transaction, one signed head and one sync. On
 * PostgreSQL too: there one connection with few syncs is faster than fifty that conflict.
 *
 * To PostgreSQL a batch goes in haste first: without savepoints, and no body waits for what it only sends, as
 * a round trip costs more than most statements. What fails then may have been sent by any of them, so all is
 * rolled back and runs again with care: each body in its own savepoint, released once all it sent has
 * succeeded, so that one that fails leaves no trace and does not disturb the others. */
#include "store/inner.h"
#include <errno.h>

/* A body waiting for the writer; lives on the stack of its caller. */
struct sh_job {
    const struct sh_act *act;
    sh_txn_body body;
    void *ctx;
    sh_code code;
    struct sh_err err;
    struct sh_commit commit;
    bool has_failed_sql, has_traces; /* a statement of it failed; it has sent one, or has leaves */
    bool is_done;
    pthread_cond_t done;
    struct sh_job *next;
};

enum { PUBLISH_NS = 500000000 };

/* The time of a batch: the clock, but never before the last leaf. */
static sh_code batch_time(struct sh_store *store, int64_t *ret, struct sh_err *err) {
    const int64_t now = sh_clock_now(store->clock), last = store->journal.last_at;
    if (now + SH_STORE_CLOCK_BACK_SECONDS < last)
        return sh_fail(
            err, SH_E_CONFLICT,
            "the clock of this machine stands %lld seconds behind the last journal entry; nothing is "
            "written until it is set right",
            (long long)(last - now));
    *ret = now > last ? now : last;
    return SH_OK;
}

/* Leaves and files from these on are of bodies that are rolled back. */
static void drop(struct sh_store *store, size_t n_leaves, size_t n_files) {
    struct sh_batch *batch = &store->batch;
    batch->n = n_leaves;
    while (batch->n_files > n_files) {
        char path[SH_PATH_BYTES_MAX];
        sh_code code = sh_blob_path(store, batch->files[--batch->n_files].at, path, NULL);
        if (code == SH_OK)
            code = sh_remove_file(path, NULL);
        (void)code; /* one that stays is sealed and nobody's */
    }
}

static void run_body(struct sh_store *store, struct sh_job *job, int64_t at, bool is_hasty) {
    const bool is_free = job->act->is_housekeeping;
    struct sh_txn txn = {.store = store,
                         .db = &store->writer,
                         .act = job->act,
                         .at = at,
                         .is_hasty = is_hasty,
                         .first_leaf = store->batch.n};
    sh_db_count_anew(txn.db);
    job->code = job->body(&txn, job->ctx, &job->err);
    if (job->code == SH_OK && txn.failed != SH_OK) { /* a body that swallowed a failure */
        job->code = txn.failed;
        job->err = txn.failure;
    }
    const size_t leaves = store->batch.n - txn.first_leaf;
    if (job->code == SH_OK && leaves == 0 && txn.has_written && !is_free) { /* did it change anything? */
        job->code = sh_db_settle(txn.db, &job->err);
        txn.failed = job->code;
        txn.changed += txn.db->later_changed;
    }
    if (job->code == SH_OK && txn.changed > 0 && leaves == 0 && !is_free)
        job->code = sh_fail(&job->err, SH_E_INTERNAL, "a write without a journal leaf");
    job->has_failed_sql = txn.failed != SH_OK;
    job->has_traces = txn.has_written || leaves > 0;
    job->commit = (struct sh_commit){at, leaves, store->journal.tree.size + txn.first_leaf};
}

/* A body that refuses before it writes, or alone, needs no second run: no other body's work is rolled back
 * with its own. */
static sh_code run_bodies_in_haste(struct sh_store *store, struct sh_job *jobs, int64_t at,
                                   struct sh_err *err) {
    const bool is_alone = !jobs->next;
    for (struct sh_job *job = jobs; job; job = job->next) {
        run_body(store, job, at, true);
        if (job->code == SH_OK || (!job->has_failed_sql && (is_alone || !job->has_traces)))
            continue;
        if (err)
            *err = job->err;
        return job->code;
    }
    return SH_OK;
}

/* A body alone needs no savepoint, its failure ends the transaction; and inside a savepoint SQLite walks, at
 * the end of each statement that may write several rows, over all pages the savepoint has changed. */
static sh_code run_bodies(struct sh_store *store, struct sh_job *jobs, int64_t at, struct sh_err *err) {
    struct sh_db *db = &store->writer;
    const bool is_alone = !jobs->next;
    if (!is_alone)
        SH_TRY(sh_db_exec_later(db, "savepoint body", err));
    for (struct sh_job *job = jobs; job; job = job->next) {
        const size_t n_leaves = store->batch.n, n_files = store->batch.n_files;
        run_body(store, job, at, false);
        if (job->code == SH_OK)
            job->code = is_alone ? sh_db_settle(db, &job->err) : sh_db_release(db, !job->next, &job->err);
        if (job->code != SH_OK && db->must_retry) {
            if (err)
                *err = job->err;
            return job->code;
        }
        if (job->code != SH_OK)
            drop(store, n_leaves, n_files);
        if (job->code != SH_OK && !is_alone) {
            SH_TRY(sh_db_exec(db, "rollback to savepoint body", err));
            SH_TRY(sh_db_release(db, !job->next, err));
        }
    }
    return SH_OK;
}

static bool any_good(const struct sh_job *jobs) {
    for (; jobs; jobs = jobs->next)
        if (jobs->code == SH_OK)
            return true;
    return false;
}

/* Another process may have written meanwhile: what it added is read first, and time goes on from there. */
static sh_code catch_up(struct sh_store *store, int64_t *ret_at, struct sh_err *err) {
    bool is_current = true;
    SH_TRY(sh_journal_is_current(store, &is_current, err));
    if (!is_current)
        SH_TRY(sh_journal_load(store, &store->writer, err));
    return batch_time(store, ret_at, err);
}

/* All up to the commit. must_retry: the batch runs again. */
static sh_code prepare_batch(struct sh_store *store, struct sh_job *jobs, int64_t at, bool is_hasty,
                             struct sh_err *err) {
    struct sh_db *db = &store->writer;
    sh_code code = is_hasty ? run_bodies_in_haste(store, jobs, at, err) : run_bodies(store, jobs, at, err);
    if (code == SH_OK && any_good(jobs)) {
        code = sh_journal_flush(store, at, err);
        if (code == SH_OK)
            code = sh_db_settle(db, err);
        else if (code == SH_E_CONFLICT && !is_hasty)
            db->must_retry = true; /* another process took the positions */
    }
    if (code != SH_OK && is_hasty && !db->must_retry && !sh_db_is_broken(db)) {
        db->must_retry = true;
        store->n_careful = SH_WRITE_CAREFUL;
    }
    return code;
}

static sh_code try_batch(struct sh_store *store, struct sh_job *jobs, bool is_hasty, struct sh_err *err) {
    struct sh_db *db = &store->writer;
    SH_TRY(sh_db_begin(db, true, err));
    int64_t at = 0;
    store->batch.n = store->batch.n_files = 0;
    sh_code code = catch_up(store, &at, err);
    if (code == SH_OK)
        code = prepare_batch(store, jobs, at, is_hasty, err);
    if (code != SH_OK || !any_good(jobs)) {
        sh_db_rollback(db);
        drop(store, 0, 0);
        return code;
    }
    code = sh_db_commit(db, err);
    if (code == SH_OK) {
        sh_journal_settle(store);
        return SH_OK;
    }
    sh_db_rollback(db);
    if (db->must_retry) /* else who knows whether it is committed */
        drop(store, 0, 0);
    return code;
}

sh_code sh_writer_prepare(struct sh_store *store, struct sh_err *err) {
    SH_TRY(sh_db_plan_once(&store->writer, err));
    return sh_rows_attach(store, err);
}

static sh_code reconnect(struct sh_store *store, struct sh_err *err) {
    if (!store->is_postgres || !sh_db_is_broken(&store->writer))
        return SH_OK;
    sh_db_close(&store->writer);
    SH_TRY(sh_db_open_pg(store->database, &store->writer, err));
    return sh_writer_prepare(store, err);
}

/* The heads elsewhere must not fall behind: without them a restored copy would not be seen. */
static sh_code publish(struct sh_store *store, bool at_once, struct sh_err *err) {
    const int64_t now = sh_monotonic_ns();
    if (!at_once && now - store->published_ns < PUBLISH_NS)
        return SH_OK;
    SH_TRY(sh_heads_publish(store, err));
    store->published_ns = now;
    return SH_OK;
}

static sh_code run_batch(struct sh_store *store, struct sh_job *jobs, struct sh_err *err) {
    SH_TRY(publish(store, false, err));
    const bool is_careful = !store->is_postgres || store->n_careful > 0;
    store->n_careful -= store->n_careful > 0;
    for (int i = 0;; i++) {
        SH_TRY(reconnect(store, err));
        const sh_code code = try_batch(store, jobs, !is_careful && i == 0, err);
        if (code == SH_OK)
            return SH_OK;
        if (!store->writer.must_retry || i + 1 >= SH_WRITE_TRIES)
            return code;
        if (store->is_postgres)
            SH_TRY(sh_journal_load(store, &store->writer, err));
    }
}

static struct sh_job *take_jobs(struct sh_store *store) {
    struct sh_job *jobs = store->first, *last = jobs;
    size_t n = 1;
    while (!last->act->is_large && last->next && !last->next->act->is_large && n < SH_WRITE_BATCH)
        last = last->next, n++;
    store->first = last->next;
    if (!store->first)
        store->last = NULL;
    store->n_queued -= n;
    last->next = NULL;
    return jobs;
}

static void *writer_main(void *ctx) {
    struct sh_store *store = ctx;
    (void)pthread_mutex_lock(&store->mutex);
    for (;;) {
        if (!store->first && store->is_stopping)
            break;
        if (!store->first) {
            struct timespec until;
            (void)clock_gettime(CLOCK_MONOTONIC, &until);
            until.tv_nsec += 200000000;
            if (until.tv_nsec >= 1000000000)
                until.tv_sec++, until.tv_nsec -= 1000000000;
            if (pthread_cond_timedwait(&store->wake, &store->mutex, &until) == ETIMEDOUT) {
                (void)pthread_mutex_unlock(&store->mutex);
                (void)publish(store, false,
                              NULL); /* a failure comes back with the next write, and stops it */
                (void)pthread_mutex_lock(&store->mutex);
            }
            continue;
        }
        struct sh_job *jobs = take_jobs(store);
        (void)pthread_mutex_unlock(&store->mutex);
        struct sh_err err = {0};
        const sh_code code = run_batch(store, jobs, &err);
        (void)pthread_mutex_lock(&store->mutex);
        for (struct sh_job *job = jobs, *next; job; job = next) {
            next = job->next; /* the job is its caller's again once it is done */
            if (code != SH_OK && (job->code == SH_OK || store->writer.must_retry))
                job->code = code, job->err = err;
            job->is_done = true;
            (void)pthread_cond_signal(&job->done);
        }
        (void)pthread_mutex_unlock(&store->mutex);
        sh_db_empty_log(&store->writer); /* they have their answers: nobody waits for it */
        (void)pthread_mutex_lock(&store->mutex);
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return NULL;
}

sh_code sh_store_write(struct sh_store *store, const struct sh_act *act, sh_txn_body body, void *ctx,
                       struct sh_commit *ret, struct sh_err *err) {
    if (store->is_read_only)
        return sh_fail(err, SH_E_UNSUPPORTED, "the store is open for reading only");
    if (!sh_is_code(act->actor, SH_ACTOR_MAX))
        return sh_fail(err, SH_E_INPUT, "the actor is not an id of 1 to %d letters, digits and ._:-",
                       SH_ACTOR_MAX);
    if (act->why.len > SH_WHY_MAX)
        return sh_fail(err, SH_E_LIMIT, "the reason has %zu bytes, at most %d", act->why.len, SH_WHY_MAX);
    struct sh_job job = {.act = act, .body = body, .ctx = ctx};
    if (pthread_cond_init(&job.done, NULL) != 0)
        return sh_fail(err, SH_E_NOMEM, "no condition variable");
    (void)pthread_mutex_lock(&store->mutex);
    sh_code code = SH_OK;
    if (store->is_stopping || store->n_queued >= SH_WRITE_QUEUE) {
        code = sh_fail(err, SH_E_BUSY, "%s",
                       store->is_stopping ? "the store is closing" : "too many writes wait");
    } else {
        *(store->last ? &store->last->next : &store->first) = &job;
        store->last = &job;
        store->n_queued++;
        (void)pthread_cond_signal(&store->wake);
        while (!job.is_done)
            (void)pthread_cond_wait(&job.done, &store->mutex);
        code = job.code;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    (void)pthread_cond_destroy(&job.done);
    if (job.is_done && code != SH_OK && err)
        *err = job.err;
    if (code == SH_OK && ret)
        *ret = job.commit;
    return code;
}

sh_code sh_writer_start(struct sh_store *store, struct sh_err *err) {
    sh_db_keep_log(&store->writer);
    if (pthread_create(&store->thread, NULL, writer_main, store) != 0)
        return sh_fail(err, SH_E_NOMEM, "no thread for the writer");
    store->has_thread = true;
    return SH_OK;
}

void sh_writer_stop(struct sh_store *store) {
    if (!store->has_thread)
        return;
    (void)pthread_mutex_lock(&store->mutex);
    store->is_stopping = true;
    (void)pthread_cond_broadcast(&store->wake);
    (void)pthread_mutex_unlock(&store->mutex);
    (void)pthread_join(store->thread, NULL);
    store->has_thread = false;
    (void)publish(store, true, NULL); /* the next start publishes what is missing */
}
