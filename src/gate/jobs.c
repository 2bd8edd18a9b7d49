/* Children: started, listened to, ended. The table gate_job is the truth; this thread alone moves jobs on. */
#include "gate/jobs.h"
#include "gate/barred.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/auth.h"
#include "gate/backtest.h"
#include "gate/checkfiles.h"
#include "gate/jobkinds.h"
#include "gate/later.h"
#include "gate/password.h"
#include "gate/selfcheck.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 500, TERM_SECONDS = 5 };

struct child {
    char id[SH_ID_MAX];
    char line[SH_JOB_LINE_MAX + 1], last[SH_JOB_LINE_MAX + 1]; /* being read; the last whole one */
    pid_t pid;                                                 /* 0: the place is free */
    int pipe;
    size_t line_len;
    int64_t began_ns, term_ns;      /* term_ns: asked to end */
    bool is_dirty;                  /* the line is newer than the table */
    char folder[SH_PATH_BYTES_MAX]; /* of a self-check, see jobkinds.h; "": none */
    void (*over)(struct sh_gate *gate, struct sh_str id);
    struct sh_buf report; /* what it said, for the report in that folder */
};

struct sh_jobs {
    struct sh_gate *gate;
    pthread_t thread;
    bool is_started;
    atomic_bool is_closing;
    int wake[2];
    struct child children[SH_JOBS_RUNNING_MAX];
};

static const struct sh_act act = {.actor = {"jobs", 4}, .is_housekeeping = true};

void sh_job_id(char out[33]) {
    (void)snprintf(out, 33, "%016" PRIx64, (uint64_t)sh_monotonic_ns());
    sh_token_new(8, out + 16);
}

/* ---- the table --------------------------------------------------------------------------------------- */

sh_code sh_job_end(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct sh_job_update *update = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(update->id)), SH_TEXT(sh_str_of(update->state)),
                                      SH_TEXT(sh_str_of(update->line)), SH_TEXT(sh_str_of(update->result)),
                                      SH_I64(sh_txn_now(txn))};
    return sh_sql_run(
        txn, "update gate_job set state = $2, progress = $3, result = $4, ended_at = $5 where id = $1",
        values, 5, NULL, err);
}

/* How far it is. Its state is left alone: it may have been cancelled since it was looked at. */
static sh_code tell_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct sh_job_update *update = ctx;
    const struct sh_value values[] = {SH_TEXT(sh_str_of(update->id)), SH_TEXT(sh_str_of(update->line))};
    return sh_sql_run(txn, "update gate_job set progress = $2 where id = $1", values, 2, NULL, err);
}

sh_code sh_job_take(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct sh_job_taking *taking = ctx;
    return sh_sql_run(txn, "update gate_job set state = 'running' where id = $1 and state = 'waiting'",
                      &SH_TEXT(sh_str_of(taking->id)), 1, &taking->n, err);
}

static void write_job(struct sh_jobs *jobs, sh_txn_body body, const struct sh_job_update *update) {
    struct sh_err err;
    if (sh_store_write(jobs->gate->store, &act, body, (void *)(uintptr_t)update, NULL, &err) != SH_OK)
        sh_log(&jobs->gate->log, SH_LOG_ERROR, "job state not written", " code=%s", sh_code_name(err.code));
}

struct left {
    struct sh_arena arena;
    struct sh_rows rows;
};

/* What had a child, and what waited in memory alone. */
#define LEFT "(state in ('running', 'cancelling') or (state = 'waiting' and kind in " SH_LATER_KINDS "))"

static sh_code count_left(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct left *left = ctx;
    return sh_sql_query(txn, "select count(*) from gate_job where " LEFT, NULL, 0, &left->arena, &left->rows,
                        err);
}

static sh_code interrupt_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    const struct sh_value values[] = {SH_I64(sh_txn_now(txn))};
    return sh_sql_run(
        txn,
        "update gate_job set state = 'interrupted', result = 'the server stopped', ended_at = $1 "
        "where " LEFT,
        values, 1, NULL, err);
}

/* Writes only when there is something to write: a server whose clock is behind may still be read. */
static sh_code interrupt_left(struct sh_gate *gate, struct sh_err *err) {
    struct left left = {0};
    sh_code code = sh_store_read(gate->store, count_left, &left, err);
    if (code == SH_OK && sh_cell(&left.rows, 0, 0)->i64 > 0)
        code = sh_store_write(gate->store, &act, interrupt_body, NULL, NULL, err);
    sh_arena_free(&left.arena);
    return code;
}

struct waiting {
    struct sh_arena arena;
    struct sh_rows rows;
};

static sh_code read_waiting(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct waiting *waiting = ctx;
    return sh_sql_query(
        txn,
        "select id, kind, arguments, state from gate_job where state in ('waiting', 'cancelling') "
        "and kind not in " SH_LATER_KINDS " order by created_at, id limit 200",
        NULL, 0, &waiting->arena, &waiting->rows, err);
}

/* ---- children ---------------------------------------------------------------------------------------- */

static void limit_child(bool is_foreign) {
    const struct rlimit file = {(rlim_t)SH_SELFCHECK_CHILD_GIB << 30, (rlim_t)SH_SELFCHECK_CHILD_GIB << 30};
    if (is_foreign) /* files that unpack to a disk full of claims */
        (void)setrlimit(RLIMIT_FSIZE, &file);
    const struct rlimit space = {(rlim_t)SH_JOB_BYTES_MAX_GIB << 30, (rlim_t)SH_JOB_BYTES_MAX_GIB << 30};
    const struct rlimit core = {0, 0}; /* a core file would hold claims */
#ifdef __SANITIZE_ADDRESS__
    (void)space; /* the sanitizer's shadow alone takes terabytes of addresses */
#else
    (void)setrlimit(RLIMIT_AS, &space);
#endif
    (void)setrlimit(RLIMIT_CORE, &core);
    (void)setpriority(PRIO_PROCESS, 0, 10);
}

static sh_code start_child(struct child *child, const struct sh_job_command *command, struct sh_err *err) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return sh_fail_errno(err, "no pipe for a job");
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const pid_t pid = fork();
    if (pid == 0) { /* only what is safe between fork and exec of a program with threads */
        setpgid(0, 0);
        dup2(null, 0);
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        limit_child(command->folder != NULL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(command->argv[0], (char *const *)(uintptr_t)command->argv);
        _exit(127);
    }
    close(pipes[1]);
    if (null >= 0)
        close(null);
    if (pid < 0) {
        close(pipes[0]);
        return sh_fail_errno(err, "no process for a job");
    }
    (void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    child->pid = pid, child->pipe = pipes[0];
    child->last[0] = '\0', child->line_len = 0, child->is_dirty = false;
    child->began_ns = sh_monotonic_ns(), child->term_ns = 0;
    child->report = sh_buf_init(SH_SELFCHECK_REPORT_MAX);
    return SH_OK;
}

static struct child *free_place(struct sh_jobs *jobs) {
    for (size_t i = 0; i < SH_JOBS_RUNNING_MAX; i++)
        if (jobs->children[i].pid == 0)
            return &jobs->children[i];
    return NULL;
}

static void end_child(struct child *child) {
    if (child->term_ns == 0) {
        child->term_ns = sh_monotonic_ns();
        kill(-child->pid, SIGTERM);
    } else if (sh_monotonic_ns() - child->term_ns > (int64_t)TERM_SECONDS * 1000000000) {
        kill(-child->pid, SIGKILL);
    }
}

static struct child *child_of(struct sh_jobs *jobs, struct sh_str id) {
    for (size_t i = 0; i < SH_JOBS_RUNNING_MAX; i++)
        if (jobs->children[i].pid && sh_str_is(id, jobs->children[i].id))
            return &jobs->children[i];
    return NULL;
}

static void start_waiting(struct sh_jobs *jobs, const struct sh_rows *rows, size_t row,
                          struct sh_arena *arena) {
    struct child *child = free_place(jobs);
    if (!child)
        return;
    struct sh_err err;
    struct sh_job_command command;
    const struct sh_job job = {sh_cell(rows, row, 0)->str, sh_cell(rows, row, 1)->str,
                               sh_cell(rows, row, 2)->str};
    snprintf(child->id, sizeof child->id, "%.*s", SH_ARG(job.id));
    struct sh_job_taking taking = {child->id, 0};
    sh_code code = sh_store_write(jobs->gate->store, &act, sh_job_take, &taking, NULL, &err);
    if (code != SH_OK)
        sh_log(&jobs->gate->log, SH_LOG_ERROR, "job not taken", " code=%s", sh_code_name(err.code));
    if (code != SH_OK || taking.n == 0)
        return;
    code = sh_job_command(jobs->gate, &job, arena, &command, &err);
    snprintf(child->folder, sizeof child->folder, "%s",
             code == SH_OK && command.folder ? command.folder : "");
    child->over = code == SH_OK ? command.over : NULL;
    if (code == SH_OK)
        code = start_child(child, &command, &err);
    if (code != SH_OK)
        write_job(jobs, sh_job_end, &(struct sh_job_update){child->id, "failed", "", err.message});
}

static void look(struct sh_jobs *jobs) {
    struct waiting waiting = {0};
    struct sh_err err;
    if (sh_store_read(jobs->gate->store, read_waiting, &waiting, &err) == SH_OK)
        for (size_t i = 0; i < waiting.rows.n_rows; i++) {
            struct child *child = child_of(jobs, sh_cell(&waiting.rows, i, 0)->str);
            const bool is_cancel = sh_str_is(sh_cell(&waiting.rows, i, 3)->str, "cancelling");
            if (child && is_cancel)
                end_child(child);
            else if (!child && !is_cancel)
                start_waiting(jobs, &waiting.rows, i, &waiting.arena);
        }
    sh_arena_free(&waiting.arena);
}

/* Progress lines end in \n or \r; the last whole one counts. */
static void listen_to(struct child *child) {
    char bytes[4096];
    ssize_t n;
    while ((n = read(child->pipe, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] != '\n' && bytes[i] != '\r') {
                if (child->line_len < SH_JOB_LINE_MAX)
                    child->line[child->line_len++] = (unsigned char)bytes[i] < 0x20 ? ' ' : bytes[i];
                continue;
            }
            if (child->line_len) {
                child->line[child->line_len] = '\0';
                size_t keep = sh_utf8_cut((struct sh_str){child->line, child->line_len}, SH_JOB_LINE_MAX);
                memcpy(child->last, child->line, keep);
                child->last[keep] = '\0';
                child->is_dirty = true;
                if (child->folder[0] && bytes[i] == '\n') /* \r: progress, written over on a terminal */
                    sh_buf_addf(&child->report, "%.*s\n", (int)child->line_len, child->line);
            }
            child->line_len = 0;
        }
}

/* What was sent goes with the end of a self-check; workbook and report are kept, sealed. */
static void tidy(struct sh_jobs *jobs, struct child *child) {
    struct sh_err err;
    const sh_code code =
        sh_check_over(jobs->gate, sh_str_of(child->id), child->folder, sh_buf_view(&child->report), &err);
    if (code != SH_OK)
        sh_log(&jobs->gate->log, SH_LOG_ERROR, "self-check not kept", " code=%s", sh_code_name(code));
}

static void reap(struct sh_jobs *jobs, struct child *child) {
    int status = 0;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    listen_to(child);
    close(child->pipe);
    char result[64];
    const bool is_killed = WIFSIGNALED(status);
    const int code = is_killed ? 0 : WEXITSTATUS(status);
    /* 10: audited, and there are findings; 9: imported, some rows rejected. */
    const bool is_done = !is_killed && (code == 0 || code == 9 || code == 10);
    snprintf(result, sizeof result, is_killed ? "signal %d" : "exit %d", is_killed ? WTERMSIG(status) : code);
    const struct sh_job_update update = {child->id,
                                         child->term_ns ? "cancelled"
                                         : is_done      ? "done"
                                                        : "failed",
                                         child->last, result};
    if (child->folder[0])
        tidy(jobs, child);
    if (child->over)
        child->over(jobs->gate, sh_str_of(child->id));
    sh_buf_free(&child->report);
    write_job(jobs, sh_job_end, &update);
    child->pid = 0;
}

static void tend(struct sh_jobs *jobs) {
    for (size_t i = 0; i < SH_JOBS_RUNNING_MAX; i++) {
        struct child *child = &jobs->children[i];
        if (child->pid == 0)
            continue;
        listen_to(child);
        if (child->term_ns || atomic_load(&jobs->is_closing) ||
            sh_monotonic_ns() - child->began_ns > (int64_t)SH_JOB_HOURS_MAX * 3600 * 1000000000)
            end_child(child);
        if (child->is_dirty && !child->term_ns)
            write_job(jobs, tell_body, &(struct sh_job_update){.id = child->id, .line = child->last});
        child->is_dirty = false;
        reap(jobs, child);
    }
}

static bool is_idle(const struct sh_jobs *jobs) {
    for (size_t i = 0; i < SH_JOBS_RUNNING_MAX; i++)
        if (jobs->children[i].pid)
            return false;
    return true;
}

static void *run(void *arg) {
    struct sh_jobs *jobs = arg;
    look(jobs);
    while (!atomic_load(&jobs->is_closing) || !is_idle(jobs)) {
        struct pollfd wake = {.fd = jobs->wake[0], .events = POLLIN};
        /* With nothing running only the pipe wakes us; the tick is for children that end without a word. */
        (void)poll(&wake, 1, is_idle(jobs) ? -1 : TICK_MS);
        char drop[64];
        while (read(jobs->wake[0], drop, sizeof drop) > 0)
            continue;
        tend(jobs);
        if (!atomic_load(&jobs->is_closing))
            look(jobs);
    }
    return NULL;
}

sh_code sh_jobs_open(struct sh_gate *gate, struct sh_jobs **ret, struct sh_err *err) {
    struct sh_jobs *jobs = sh_alloc_array(1, sizeof *jobs);
    if (!jobs)
        return sh_fail(err, SH_E_NOMEM, "no room for jobs");
    jobs->gate = gate;
    *ret = jobs;
    if (pipe2(jobs->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return sh_fail_errno(err, "no pipe for jobs");
    SH_TRY(interrupt_left(gate, err));
    SH_TRY(sh_selfcheck_sweep(gate, err));
    SH_TRY(sh_barred_sweep(gate, err));
    SH_TRY(sh_backtest_sweep(gate, err));
    if (pthread_create(&jobs->thread, NULL, run, jobs) != 0)
        return sh_fail(err, SH_E_IO, "cannot start the thread of jobs");
    jobs->is_started = true;
    return SH_OK;
}

void sh_jobs_wake(struct sh_jobs *jobs) {
    const char one = 1;
    /* A full pipe wakes it as well. */
    if (write(jobs->wake[1], &one, 1) != 1)
        return;
}

void sh_jobs_close(struct sh_jobs *jobs) {
    if (!jobs)
        return;
    atomic_store(&jobs->is_closing, true);
    if (jobs->is_started) {
        sh_jobs_wake(jobs);
        pthread_join(jobs->thread, NULL);
    }
    if (jobs->wake[1]) {
        close(jobs->wake[0]);
        close(jobs->wake[1]);
    }
    sh_free(jobs);
}
