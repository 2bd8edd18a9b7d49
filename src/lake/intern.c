#include "lake/intern.h"
#include "base/hash.h"
#include "base/mem.h"

#define INTERN_BYTES_MAX ((size_t)64 << 30)
#define INTERN_ENTRIES_MAX ((size_t)1 << 30)

void sh_intern_release(struct sh_intern *intern) {
    sh_free(intern->entries);
    sh_free(intern->slots);
    sh_arena_free(&intern->arena);
    *intern = (struct sh_intern){0};
}

static sh_code reindex(struct sh_intern *intern, struct sh_err *err) {
    const size_t n = intern->n_slots > 0 ? 2 * intern->n_slots : 256;
    uint64_t *slots = sh_alloc_array(n, sizeof *slots);
    if (!slots)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu codes", intern->n);
    for (size_t i = 0; i < intern->n; i++) {
        const uint64_t hash = intern->entries[i].hash;
        size_t slot = hash & (n - 1);
        while (slots[slot])
            slot = (slot + 1) & (n - 1);
        slots[slot] = (hash & 0xffffffff00000000u) | (i + 1);
    }
    sh_free(intern->slots);
    intern->slots = slots;
    intern->n_slots = n;
    return SH_OK;
}

static sh_code add(struct sh_intern *intern, struct sh_str code, uint64_t hash, struct sh_sight place,
                   uint32_t *ret, struct sh_err *err) {
    if (intern->arena.limit_bytes == 0)
        intern->arena.limit_bytes = INTERN_BYTES_MAX;
    SH_TRY(sh_grow(&intern->entries, &intern->cap, intern->n + 1, sizeof *intern->entries, INTERN_ENTRIES_MAX,
                   err));
    const char *at = sh_arena_dup(&intern->arena, code.at, code.len);
    if (!at)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu codes", intern->n);
    intern->entries[intern->n] =
        (struct sh_intern_entry){.hash = hash, .code = {at, code.len}, .first = place};
    *ret = (uint32_t)intern->n++;
    return SH_OK;
}

sh_code sh_intern_code(struct sh_intern *intern, struct sh_str code, struct sh_sight place, uint32_t *ret,
                       struct sh_err *err) {
    if (2 * (intern->n + 1) > intern->n_slots)
        SH_TRY(reindex(intern, err));
    const uint64_t hash = sh_hash64(code.at, code.len, intern->seed);
    size_t slot = hash & (intern->n_slots - 1);
    for (; intern->slots[slot]; slot = (slot + 1) & (intern->n_slots - 1)) {
        if ((intern->slots[slot] ^ hash) >> 32)
            continue;
        const uint32_t i = (uint32_t)intern->slots[slot] - 1;
        struct sh_intern_entry *entry = &intern->entries[i];
        if (!sh_str_eq(entry->code, code))
            continue;
        if (sh_sight_before(place, entry->first))
            entry->first = place;
        *ret = i;
        return SH_OK;
    }
    SH_TRY(add(intern, code, hash, place, ret, err));
    intern->slots[slot] = (hash & 0xffffffff00000000u) | intern->n;
    return SH_OK;
}

sh_code sh_intern_name(struct sh_intern *intern, uint32_t i, struct sh_str name, struct sh_str kind,
                       struct sh_sight place, struct sh_err *err) {
    struct sh_intern_entry *entry = &intern->entries[i];
    if (name.len == 0 && kind.len == 0)
        return SH_OK;
    if ((entry->name.len > 0 || entry->kind.len > 0) && !sh_sight_before(place, entry->named))
        return SH_OK;
    const char *name_at = sh_arena_dup(&intern->arena, name.at, name.len);
    const char *kind_at = sh_arena_dup(&intern->arena, kind.at, kind.len);
    if (!name_at || !kind_at)
        return sh_fail(err, SH_E_NOMEM, "no room for names of codes");
    entry->name = (struct sh_str){name_at, name.len};
    entry->kind = (struct sh_str){kind_at, kind.len};
    entry->named = place;
    return SH_OK;
}
