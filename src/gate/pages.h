/* The built pages of web/: read once at the start, answered from memory. Inner header.
 *
 * A path that names a file gives it; any other path without a dot gives index.html, since the pages route by
 * themselves. Files below assets/ carry a hash in their name and may be kept for ever; all others are asked
 * again with their ETag. A file NAME.gz beside NAME is sent to whoever takes gzip. */
#pragma once
#include "gate/request.h"

struct sh_pages;

/** Files of `dir`, at most 64 MiB, in `arena`. Errors: SH_E_IO, SH_E_LIMIT, SH_E_NOMEM. */
SH_MUST sh_code sh_pages_load(const char *dir, struct sh_arena *arena, const struct sh_pages **ret,
                              struct sh_err *err);
/** Answer a GET outside /api; false: it is none of ours. pages NULL: false. */
bool sh_pages_answer(const struct sh_pages *pages, struct sh_request *rq);
