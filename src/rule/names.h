/* Inner header of the room: distinct texts, numbered by first appearance. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* All zero is empty. Lives in the arena it is given; the texts are borrowed. */
struct sh_names {
    struct sh_str *at; /* [n] */
    size_t n, cap;
    int32_t *slots; /* open-addressed: number + 1, 0 = free */
    size_t n_slots; /* a power of two */
};
/** Number of a text, or -1. */
int32_t sh_names_find(const struct sh_names *names, struct sh_str text);
/** Number of a text, added if it is new. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_names_add(struct sh_names *names, struct sh_str text, struct sh_arena *arena, int32_t *ret,
                             struct sh_err *err);
