#include "rule/names.h"
#include "base/hash.h"
#include <assert.h>

static size_t slot_of(const struct sh_names *names, struct sh_str text) {
    size_t at = sh_hash64(text.at, text.len, 0) & (names->n_slots - 1);
    while (names->slots[at] > 0 && !sh_str_eq(names->at[names->slots[at] - 1], text))
        at = (at + 1) & (names->n_slots - 1);
    return at;
}

int32_t sh_names_find(const struct sh_names *names, struct sh_str text) {
    return names->n_slots ? names->slots[slot_of(names, text)] - 1 : -1;
}

/* At most half full, so that runs stay short. */
static sh_code make_room(struct sh_names *names, struct sh_arena *arena, struct sh_err *err) {
    if (names->n < names->cap)
        return SH_OK;
    struct sh_names more = {.n = names->n, .cap = names->cap ? 2 * names->cap : 64};
    more.n_slots = 2 * more.cap;
    more.at = sh_new(arena, struct sh_str, more.cap);
    more.slots = sh_new(arena, int32_t, more.n_slots);
    if (!more.at || !more.slots)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu texts", more.cap);
    for (size_t i = 0; i < names->n; i++) {
        more.at[i] = names->at[i];
        more.slots[slot_of(&more, names->at[i])] = (int32_t)i + 1;
    }
    *names = more;
    return SH_OK;
}

sh_code sh_names_add(struct sh_names *names, struct sh_str text, struct sh_arena *arena, int32_t *ret,
                     struct sh_err *err) {
    assert(names && arena && ret);
    SH_TRY(make_room(names, arena, err));
    const size_t slot = slot_of(names, text);
    if (names->slots[slot] == 0) {
        names->at[names->n++] = text;
        names->slots[slot] = (int32_t)names->n;
    }
    *ret = names->slots[slot] - 1;
    return SH_OK;
}
