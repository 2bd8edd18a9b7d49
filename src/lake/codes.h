/* Codes of a dictionary too large to hold: id to code from a file without a name, so that memory does not
 * grow with the city. Inner header of the room; others ask sh_lake_code. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdio.h>

struct sh_codes {
    const char *dir; /* borrowed */
    FILE *places, *texts;
    uint64_t text_bytes;
    uint32_t n;
};
/** Make an empty one, its file in `dir`. Release with sh_codes_release, also after a failure. Errors:
 * SH_E_IO, SH_E_FULL. */
SH_MUST sh_code sh_codes_open(struct sh_codes *codes, const char *dir, struct sh_err *err);
void sh_codes_release(struct sh_codes *codes);
/** The code of the next id. Errors: SH_E_IO, SH_E_FULL. */
SH_MUST sh_code sh_codes_add(struct sh_codes *codes, struct sh_str code, struct sh_err *err);
/** All have been added: from now on threads may read. */
SH_MUST sh_code sh_codes_settle(struct sh_codes *codes, struct sh_err *err);
/** The code of an id, copied into the arena; empty when there is none. Costs one or two reads. Errors:
 * SH_E_IO, SH_E_CORRUPT, SH_E_NOMEM. */
SH_MUST sh_code sh_codes_get(const struct sh_codes *codes, int64_t id, struct sh_arena *arena,
                             struct sh_str *ret, struct sh_err *err);
