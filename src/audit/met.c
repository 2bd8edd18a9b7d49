/* Groups met, numbered: see met.h. */
#include "audit/met.h"
#include "base/mem.h"
#include <string.h>

enum { SLOTS_MIN = 256 };

static sh_code more_slots(struct sh_met *met, size_t n_keys, struct sh_err *err) {
    const uint64_t size = met->slots ? 4 * (met->mask + 1) : SLOTS_MIN;
    uint32_t *slots = sh_alloc_array(size, sizeof(*slots));
    if (!slots)
        return sh_fail(err, SH_E_NOMEM, "no room for groups");
    sh_free(met->slots);
    met->slots = slots, met->mask = size - 1;
    for (uint32_t i = 0; i < met->n; i++) {
        uint64_t at = sh_met_hash(met->keys + (size_t)i * n_keys, n_keys) & met->mask;
        while (slots[at] != 0)
            at = (at + 1) & met->mask;
        slots[at] = i + 1;
    }
    return SH_OK;
}

sh_code sh_met_room(struct sh_met *met, size_t n_keys, struct sh_err *err) {
    const size_t n = (size_t)met->n + 1;
    SH_TRY(sh_grow(&met->keys, &met->cap_keys, n * n_keys, sizeof(*met->keys), SIZE_MAX / 16, err));
    SH_TRY(sh_grow(&met->names, &met->cap_names, n, sizeof(*met->names), UINT32_MAX - 1, err));
    return met->slots && 2 * n < met->mask ? SH_OK : more_slots(met, n_keys, err);
}

void sh_met_add(struct sh_met *met, uint32_t *slot, const int64_t *keys, size_t n_keys, struct sh_str name) {
    memcpy(met->keys + (size_t)met->n * n_keys, keys, n_keys * sizeof(*keys));
    met->names[met->n] = name;
    *slot = ++met->n;
}

void sh_met_free(struct sh_met *met) {
    sh_free(met->keys);
    sh_free(met->names);
    sh_free(met->slots);
    *met = (struct sh_met){0};
}
