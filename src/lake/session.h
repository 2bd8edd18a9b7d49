/* One import from begin to commit, the front end left to the caller: sh_lake_import runs it in between, tests
 * push rows. Inner header. */
#pragma once
#include "lake/landing.h"
#include "lake/lake.h"

struct sh_session;
/**
 * Take the lock of the lake (made if it is not there), clear what a killed import left, open a landing.
 * options  borrowed until the end.  seed  of a new lake, for tests; NULL: from the system's random numbers.
 * Errors: SH_E_BUSY another writer; SH_E_INPUT options; SH_E_UNSUPPORTED a network file system; SH_E_IO,
 * SH_E_FULL.
 */
SH_MUST sh_code sh_session_begin(const struct sh_import_options *options, const uint64_t seed[2],
                                 struct sh_session **ret, struct sh_err *err);
struct sh_landing *sh_session_landing(struct sh_session *session);
/** Workers the front end may use: 0 … n - 1. */
unsigned sh_session_threads(const struct sh_session *session);
/** All phases behind the push, and the commit. On failure the lake is as it was. ret: counts, stages (added
 * to those there). */
SH_MUST sh_code sh_session_commit(struct sh_session *session, struct sh_import_result *ret,
                                  struct sh_err *err);
/** End: temporary files go, the lock is given back. Without a commit the lake is as it was. NULL is fine. */
void sh_session_end(struct sh_session *session);
