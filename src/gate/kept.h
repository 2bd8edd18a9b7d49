/* Answers kept by the text that asks for them, the least lately used dropped first. Inner header. */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/** A bounded store of bytes by bytes; safe from all threads. */
struct sh_kept;
/** entries, bytes: at most that many, keys and values counted; > 0. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_kept_new(size_t entries, size_t bytes, struct sh_kept **ret, struct sh_err *err);
void sh_kept_free(struct sh_kept *kept); /* NULL is allowed; nobody asks any more */
/** A copy in `arena` of what is kept for the key, else SH_E_NOTFOUND. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_kept_get(struct sh_kept *kept, struct sh_str key, struct sh_arena *arena,
                            struct sh_str *ret, struct sh_err *err);
/** Keep a copy. What is larger than an eighth of the room is not kept, nor what memory is wanting for: a
 * reader then reckons again. */
void sh_kept_put(struct sh_kept *kept, struct sh_str key, struct sh_str value);
