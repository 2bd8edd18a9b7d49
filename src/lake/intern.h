/* Texts of codes to small numbers, one table a worker and dictionary: filled while rows arrive, merged
 * afterwards. Inner header. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdint.h>

/* Where a code was first seen: the merge gives ids in this order, so that they do not depend on who worked
 * when. */
struct sh_sight {
    uint64_t sequence;
    uint64_t position; /* column << 32 | row, within the block */
};
static inline bool sh_sight_before(struct sh_sight a, struct sh_sight b) {
    return a.sequence != b.sequence ? a.sequence < b.sequence : a.position < b.position;
}

struct sh_intern_entry {
    uint64_t hash; /* keyed, of the text */
    struct sh_str code, name, kind;
    struct sh_sight first, named; /* named: place of name and kind, valid where there is one */
};

/** Zero-init; seed set by hand; release with sh_intern_release. */
struct sh_intern {
    uint64_t seed;
    struct sh_intern_entry *entries;
    size_t n, cap;
    uint64_t *slots; /* upper half: of the hash; lower: entry + 1 */
    size_t n_slots;
    struct sh_arena arena;
};
/** Number of a code; new ones are copied. len > 0. */
SH_MUST sh_code sh_intern_code(struct sh_intern *intern, struct sh_str code, struct sh_sight place,
                               uint32_t *ret, struct sh_err *err);
/** Attributes of an entry: the ones of the earliest place that has any. */
SH_MUST sh_code sh_intern_name(struct sh_intern *intern, uint32_t entry, struct sh_str name,
                               struct sh_str kind, struct sh_sight place, struct sh_err *err);
void sh_intern_release(struct sh_intern *intern);
