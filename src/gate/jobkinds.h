/* What jobs there are, and the command each is. Inner header. */
#pragma once
#include "gate/inner.h"

enum { SH_JOB_ARGV_MAX = 24 };
struct sh_job_command {
    const char *argv[SH_JOB_ARGV_MAX]; /* NULL at the end */
    const char *folder; /* of a self-check: what the child says is kept in it, it is tidied at the
                           end; NULL: none */
};
struct sh_job {
    struct sh_str id, kind,
        arguments; /* arguments as kept: a JSON object that was checked when it was made */
};
SH_MUST sh_code sh_job_command(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                               struct sh_job_command *ret, struct sh_err *err);
