/* Inner header of the room: the scratch of one binding. */
#pragma once
#include "base/mem.h"
#include "rule/names.h"
#include "rule/rule.h"

struct sh_binder {
    const struct sh_dicts *dicts;
    const struct sh_rule_model *model;
    struct sh_arena *arena;
    struct sh_bound *bound;   /* NULL: looking up only */
    int32_t *order[SH_DICTS]; /* ids by code, in the arena; NULL until asked for */
    int32_t *ids;             /* matches of the word under way */
    size_t n_ids, cap_ids;
    struct sh_set *sets;
    size_t n_sets, cap_sets;
    struct sh_range *ranges;
    size_t n_ranges, cap_ranges;
    struct sh_names texts;
    struct sh_str *extra[SH_DICTS];
    size_t cap_extra[SH_DICTS];
};
void sh_binder_release(struct sh_binder *b);
/** The lookup that sh_expr_bind wants; ctx is a struct sh_binder. */
SH_MUST sh_code sh_bind_lookup(void *ctx, int16_t domain, struct sh_str word, bool under,
                               struct sh_arena *arena, struct sh_set *ret, struct sh_err *err);
