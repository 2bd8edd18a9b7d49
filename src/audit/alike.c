/*
 * Rules alike: those that ask of the same rows, put together the same way, are judged together. Their rows,
 * groups and tuples are made once for all of them, and parts that their conditions share are evaluated once.
 */
#include "audit/alike.h"
#include <assert.h>
#include <string.h>

static bool same_text(const struct sh_expr *a, const struct sh_expr *b) {
    if (!a || !b)
        return a == b;
    return sh_str_eq(sh_expr_text(a), sh_expr_text(b));
}

static bool same_variables(const struct sh_rule *a, const struct sh_rule *b) {
    bool same = a->table == b->table && a->subject == b->subject && a->n_variables == b->n_variables;
    for (uint16_t s = 0; same && s < a->n_variables; s++)
        same = a->variables[s].table == b->variables[s].table &&
               strcmp(a->variables[s].name, b->variables[s].name) == 0;
    return same;
}

static bool same_uses(const struct sh_rule *a, const struct sh_rule *b) {
    bool same = a->n_uses == b->n_uses && a->knowledge == b->knowledge;
    for (size_t u = 0; same && u < a->n_uses; u++) {
        same = a->uses[u].slot == b->uses[u].slot && a->uses[u].knowledge == b->uses[u].knowledge &&
               a->uses[u].n_keys == b->uses[u].n_keys;
        for (size_t k = 0; same && k < a->uses[u].n_keys; k++)
            same = same_text(a->uses[u].keys[k], b->uses[u].keys[k]);
    }
    return same;
}

static bool same_with(const struct sh_rule *a, const struct sh_rule *b) {
    bool same = a->n_with == b->n_with;
    for (size_t w = 0; same && w < a->n_with; w++) {
        const struct sh_with *x = &a->with[w], *y = &b->with[w];
        same = x->slot == y->slot && x->next == y->next && x->table == y->table &&
               x->n_scopes == y->n_scopes && same_text(x->where, y->where);
        for (uint8_t s = 0; same && s < x->n_scopes; s++)
            same = x->scope[s] == y->scope[s];
    }
    return same;
}

static bool same_keys(const struct sh_rule *a, const struct sh_rule *b) {
    bool same = a->n_keys == b->n_keys;
    for (size_t k = 0; same && k < a->n_keys; k++)
        same = a->keys[k].kind == b->keys[k].kind && sh_str_eq(a->keys[k].text, b->keys[k].text);
    return same;
}

static bool same_shape(const struct sh_rule *a, const struct sh_rule *b) {
    if (a->shape != b->shape)
        return false;
    if (a->shape == SH_SHAPE_PAIR)
        return a->within == b->within && same_text(a->within_expr, b->within_expr);
    return a->shape == SH_SHAPE_ROW || a->shape == SH_SHAPE_GROUP;
}

static bool are_alike(const struct sh_rule_plan *x, const struct sh_rule_plan *y) {
    const struct sh_rule *a = x->rule, *b = y->rule;
    return a->reach == SH_REACH_TIMELINE && b->reach == SH_REACH_TIMELINE && same_shape(a, b) &&
           a->lines == b->lines && a->from == b->from && a->to == b->to &&
           (x->min_members < 2) == (y->min_members < 2) && same_variables(a, b) && same_uses(a, b) &&
           same_with(a, b) && same_text(a->where, b->where) && same_keys(a, b);
}

/* Conditions that are asked of the same rows. */
struct conditions {
    struct sh_expr **at;
    size_t n;
};

static void add_hits(struct conditions *c, const struct sh_rule *r) {
    for (size_t h = 0; h < r->n_hit; h++)
        c->at[c->n++] = r->hit[h].expr;
}

static size_t count_conditions(const struct sh_plan *plan) {
    size_t n = 0;
    for (size_t i = 0; i < plan->n_active; i++)
        n += plan->active[i].rule->n_hit + 1;
    return n;
}

/* Each to the last before it that is alike; the first of them leads, and what its tuples need is what any of
 * them needs. */
static void join(struct sh_plan *plan) {
    for (size_t i = 0; i < plan->n_active; i++) {
        struct sh_rule_plan *rp = &plan->active[i], *lead = rp;
        for (size_t j = 0; j < i && lead == rp && !rp->by_zones; j++)
            if (plan->active[j].leads && are_alike(&plan->active[j], rp))
                lead = &plan->active[j];
        rp->leads = lead == rp;
        if (lead == rp)
            continue;
        struct sh_rule_plan *last = lead;
        while (last->next)
            last = last->next;
        last->next = rp;
        for (uint16_t s = 0; s < rp->rule->n_variables; s++)
            lead->is_needed[s] |= rp->is_needed[s];
        lead->min_members = rp->min_members < lead->min_members ? rp->min_members : lead->min_members;
    }
}

sh_code sh_alike_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    assert(plan && arena);
    struct conditions zoned = {0}, c = {.at = sh_new(arena, struct sh_expr *, count_conditions(plan) + 1)};
    zoned.at = sh_new(arena, struct sh_expr *, count_conditions(plan) + 1);
    if (!c.at || !zoned.at)
        return sh_fail(err, SH_E_NOMEM, "no room for the plan of an audit");
    join(plan);
    const struct sh_rule *first = NULL;
    for (size_t i = 0; i < plan->n_active; i++) {
        const struct sh_rule_plan *rp = &plan->active[i];
        if (rp->by_zones && (!first || same_variables(first, rp->rule))) {
            first = rp->rule;
            add_hits(&zoned, rp->rule);
            if (rp->rule->where)
                zoned.at[zoned.n++] = rp->rule->where;
        }
        if (!rp->leads || !rp->next)
            continue;
        c.n = 0;
        for (const struct sh_rule_plan *one = rp; one; one = one->next)
            add_hits(&c, one->rule);
        SH_TRY(sh_expr_share(c.at, c.n, &plan->active[i].n_shared, err));
    }
    SH_TRY(sh_expr_share(zoned.at, zoned.n, &plan->n_zone_shared, err));
    for (size_t i = 0; i < plan->n_active; i++)
        if (first && plan->active[i].by_zones && same_variables(first, plan->active[i].rule))
            plan->active[i].n_shared = plan->n_zone_shared;
    return SH_OK;
}
