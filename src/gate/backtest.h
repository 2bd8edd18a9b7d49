/* Back-tests: the edited text of a rule against the text in use, over the whole lake, as a job. The text and
 * what came of it lie in DATA/back-tests/JOB; the two runs it takes are nowhere to be seen and go at its end.
 * Inner header. */
#pragma once
#include "gate/jobkinds.h"

#define SH_BACKTEST_KIND "backtest"

SH_MUST sh_code sh_backtest_command(struct sh_gate *gate, const struct sh_job *job, struct sh_arena *arena,
                                    struct sh_job_command *ret, struct sh_err *err);
/** Remove the runs that an earlier server left behind. */
SH_MUST sh_code sh_backtest_sweep(struct sh_gate *gate, struct sh_err *err);
