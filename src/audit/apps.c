/* What concerns each item: one dense list an item over all rules, so that work per line does not grow with
 * the number of rules. */
#include "audit/plan.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the item lists of a plan");
}

static int16_t collector_of(struct sh_plan *plan, struct sh_collector wanted) {
    for (size_t i = 0; i < plan->n_collectors; i++) {
        const struct sh_collector *c = &plan->collectors[i];
        if (c->knowledge == wanted.knowledge && c->side_b == wanted.side_b && c->paid == wanted.paid &&
            c->in_force == wanted.in_force)
            return (int16_t)i;
    }
    plan->collectors[plan->n_collectors] = wanted;
    return (int16_t)plan->n_collectors++;
}

/* Window and pair rules bind by the blamed row's day, so their other rows may lie before the norm. */
static void collectors_of(struct sh_plan *plan, struct sh_rule_plan *rp) {
    const struct sh_rule *r = rp->rule;
    if (r->table != SH_TABLE_LINE || r->n_uses == 0 || r->knowledge < 0)
        return;
    const struct sh_knowledge_bound *k = &plan->bound->tables[r->uses[0].knowledge];
    if (!k->item_begin)
        return;
    const bool paid = r->lines == SH_LINES_PAID, pair = r->shape == SH_SHAPE_PAIR;
    rp->collector =
        collector_of(plan, (struct sh_collector){.knowledge = r->uses[0].knowledge,
                                                 .paid = paid && !pair,
                                                 .in_force = !pair && r->shape != SH_SHAPE_WINDOW});
    if (pair && k->item_b_begin)
        rp->collector_b = collector_of(
            plan, (struct sh_collector){
                      .knowledge = r->uses[0].knowledge, .side_b = true, .paid = paid, .in_force = true});
}

static void index_of(const struct sh_plan *plan, const struct sh_collector *c, const uint32_t **ret_begin,
                     const uint32_t **ret_rows) {
    const struct sh_knowledge_bound *k = &plan->bound->tables[c->knowledge];
    *ret_begin = c->side_b ? k->item_b_begin : k->item_begin;
    *ret_rows = c->side_b ? k->item_b_rows : k->item_rows;
}

/* Where the rows of each item begin, begin [n_items + 1], and the rows themselves; apps NULL: only counted.
 */
static void list_apps(const struct sh_plan *plan, uint32_t *begin, struct sh_app *apps) {
    uint32_t n = 0;
    for (uint32_t item = 0; item < plan->n_items; item++) {
        begin[item] = n;
        for (size_t c = 0; c < plan->n_collectors; c++) {
            const struct sh_knowledge_row *of = plan->rules->knowledge[plan->collectors[c].knowledge].rows;
            const uint32_t *at, *rows;
            index_of(plan, &plan->collectors[c], &at, &rows);
            for (uint32_t i = at[item]; i < at[item + 1]; i++, n++)
                if (apps)
                    apps[n] = (struct sh_app){rows[i], (uint16_t)c, of[rows[i]].from, of[rows[i]].to};
        }
    }
    begin[plan->n_items] = n;
}

sh_code sh_apps_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    plan->collectors = sh_new(arena, struct sh_collector, (plan->n_active + plan->rules->n_views) * 2 + 1);
    if (!plan->collectors)
        return out_of_room(err);
    for (size_t i = 0; i < plan->n_active; i++)
        collectors_of(plan, &plan->active[i]);
    for (size_t i = 0; i < plan->rules->n_views; i++)
        if (plan->views[i].rule)
            collectors_of(plan, &plan->views[i]);
    plan->n_items = plan->dicts->views[SH_DICT_ITEM] ? plan->dicts->views[SH_DICT_ITEM]->n : 0;
    uint32_t *begin = sh_new(arena, uint32_t, (size_t)plan->n_items + 1);
    if (!begin)
        return out_of_room(err);
    list_apps(plan, begin, NULL);
    struct sh_app *apps = sh_new(arena, struct sh_app, (size_t)begin[plan->n_items] + 1);
    if (!apps)
        return out_of_room(err);
    list_apps(plan, begin, apps);
    plan->apps = apps;
    plan->item_begin = begin;
    return SH_OK;
}
