/* What jobs there are, and the command each is. Inner header. */
#pragma once
#include "gate/inner.h"

enum { SH_JOB_ARGV_MAX = 24 };
struct sh_job_command {
    const char *argv[SH_JOB_ARGV_MAX]; /* NULL at the end */
    const char *folder; /* of a self-check: what the child says is kept in it, it is tidied at the
                           end; NULL: none */
    void (*over)(struct sh_gate *gate, struct sh_str id); /* once the child has ended; NULL: nothing */
};
struct sh_job {
    struct sh_str id, kind,
        arguments; /* arguments as kept: a JSON object that was checked when it was made */
};
enum sh_job_column {
    SH_JOB_ID,
    SH_JOB_KIND,
    SH_JOB_STATE,
    SH_JOB_PERSON,
    SH_JOB_BODY,
    SH_JOB_PLACE,
    SH_JOB_ARGUMENTS
};
/** The caller's job of the path's first parameter: one row, in the request's arena. Errors: SH_E_NOTFOUND,
 * also for what is not his. */
SH_MUST sh_code sh_job_find(struct sh_gate *gate, struct sh_request *rq, struct sh_rows *ret,
                            struct sh_err *err);
struct sh_job_asked {
    const char *id; /* 32 hex digits nobody has */
    const char *kind;
    struct sh_buf *arguments; /* a JSON object of texts */
    int64_t most; /* refused while so many of the kind are the caller's and not over; 0: any number */
};
/** A waiting job of the caller, answered with 202. ret_made: false when it is refused, or is one that was
 * made when the same was asked before. */
SH_MUST sh_code sh_job_start(struct sh_gate *gate, struct sh_request *rq, const struct sh_job_asked *asked,
                             bool *ret_made, struct sh_err *err);
SH_MUST sh_code sh_job_command(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                               struct sh_job_command *ret, struct sh_err *err);
