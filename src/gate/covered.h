/* What a kept run covered of the claims that the lake holds today, by institution and month: whether it was
 * the first review of all lines (S4§17). Inner header. */
#pragma once
#include "audit/audit.h"
#include "matter/matter.h"

/** All batches known, all buckets: else some line was shown to no rule. */
bool sh_covered_is_whole(const struct sh_run_about *about);
/**
 * Count the lines of the newest state of the lake, and those that were there when the run read it and lie in
 * the days it asked for; what corrections brought later was not. Of each institution and month are named the
 * rules that lacked a field of its rows. ret, begun empty, and its texts: in `arena`. Cost: reads three
 * columns of all lines. Errors: SH_E_NOTFOUND the state that the run read is no longer kept, or the run does
 * not say where its rules lacked something: audit again; SH_E_CORRUPT the run counted other lines than that
 * state holds; SH_E_IO, SH_E_NOMEM.
 */
SH_MUST sh_code sh_covered_count(const char *lake_dir, const struct sh_run_about *about,
                                 struct sh_arena *arena, struct sh_covered *ret, struct sh_err *err);
