/* What jobs there are, and the command each is. Inner header. */
#pragma once
#include "gate/inner.h"

enum { SH_JOB_ARGV_MAX = 24 };
struct sh_job_command {
    const char *argv[SH_JOB_ARGV_MAX]; /* NULL at the end */
};
/** Command of a job; arguments as kept: a JSON object that was checked when the job was made. */
SH_MUST sh_code sh_job_command(struct sh_gate *gate, struct sh_str kind, struct sh_str arguments,
                               struct sh_arena *arena, struct sh_job_command *ret, struct sh_err *err);
