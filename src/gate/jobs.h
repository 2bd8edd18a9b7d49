/* Long work as child processes: the program itself with other arguments, under limits, with a pipe for
 * progress; at most two at once, the others wait. Inner header. */
#pragma once
#include "base/err.h"

struct sh_gate;
struct sh_jobs;
enum {
    SH_JOBS_RUNNING_MAX = 2,
    SH_JOBS_WAITING_MAX = 100,
    SH_JOB_HOURS_MAX = 12,
    SH_JOB_BYTES_MAX_GIB = 64, /* address space of a child */
    SH_JOB_LINE_MAX = 500,
};
/** Start the thread that watches children; what an earlier server left running is marked interrupted. */
SH_MUST sh_code sh_jobs_open(struct sh_gate *gate, struct sh_jobs **ret, struct sh_err *err);
/** End all children, wait for them. NULL is fine. */
void sh_jobs_close(struct sh_jobs *jobs);
/** Something changed in the table: look now. */
void sh_jobs_wake(struct sh_jobs *jobs);
