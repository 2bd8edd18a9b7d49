/* Long work as child processes: the program itself with other arguments, under limits, with a pipe for
 * progress; at most two at once, the others wait. Inner header. */
#pragma once
#include "gate/inner.h"

enum {
    SH_JOBS_RUNNING_MAX = 2,
    SH_JOBS_WAITING_MAX = 100,
    SH_JOB_HOURS_MAX = 12,
    SH_JOB_BYTES_MAX_GIB = 64, /* address space of a child */
    SH_JOB_LINE_MAX = 500,
};
struct sh_job_update {
    const char *id, *state, *line, *result; /* line: how far it is */
};
struct sh_job_taking {
    const char *id;
    int64_t n; /* 0: cancelled while it waited */
};
/** A new id: later ones of this machine's run are greater, so that jobs of one second stand in their order.
 */
void sh_job_id(char out[33]);
/** Bodies of a housekeeping write. ctx: sh_job_update, ends the job; sh_job_taking, begins one that waits. */
SH_MUST sh_code sh_job_end(struct sh_txn *txn, void *ctx, struct sh_err *err);
SH_MUST sh_code sh_job_take(struct sh_txn *txn, void *ctx, struct sh_err *err);
/** Start the thread that watches children; what an earlier server left running is marked interrupted. */
SH_MUST sh_code sh_jobs_open(struct sh_gate *gate, struct sh_jobs **ret, struct sh_err *err);
/** End all children, wait for them. NULL is fine. */
void sh_jobs_close(struct sh_jobs *jobs);
/** Something changed in the table: look now. */
void sh_jobs_wake(struct sh_jobs *jobs);
