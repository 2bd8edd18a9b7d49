/*
 * Inner header: the groups a worker has met, numbered in that order, found again by their keys. A key is
 * n_keys numbers (dictionary codes, days, rows of knowledge) and the text it is printed as.
 */
#pragma once
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct sh_met {
    int64_t *keys;        /* [n][n_keys] */
    struct sh_str *names; /* [n] as printed; the texts are the caller's */
    uint32_t *slots;      /* number + 1; 0 free */
    uint64_t mask;
    size_t cap_keys, cap_names;
    uint32_t n;
};

static inline uint64_t sh_met_hash(const int64_t *keys, size_t n_keys) {
    uint64_t hash = 0;
    for (size_t k = 0; k < n_keys; k++)
        hash = sh_hash_mix(hash ^ (uint64_t)keys[k]) + k;
    return sh_hash_mix(hash);
}

/** The slot of the key, or the free one where it belongs. After sh_met_room. */
static inline uint32_t *sh_met_slot(const struct sh_met *met, const int64_t *keys, size_t n_keys,
                                    uint64_t hash) {
    for (uint64_t at = hash & met->mask;; at = (at + 1) & met->mask) {
        const uint32_t number = met->slots[at];
        bool is_same = true;
        for (size_t k = 0; number != 0 && is_same && k < n_keys; k++)
            is_same = met->keys[(size_t)(number - 1) * n_keys + k] == keys[k];
        if (number == 0 || is_same)
            return &met->slots[at];
    }
}

/** Room for one group more; slots move. Errors: SH_E_NOMEM, SH_E_LIMIT. */
SH_MUST sh_code sh_met_room(struct sh_met *met, size_t n_keys, struct sh_err *err);
/** A group that was not met before, in its free slot: its number is met->n - 1 then. After sh_met_room. */
void sh_met_add(struct sh_met *met, uint32_t *slot, const int64_t *keys, size_t n_keys, struct sh_str name);
void sh_met_free(struct sh_met *met);
