/* The plan: rules bound to one lake, the columns they need, and what concerns each item. */
#include "audit/plan.h"
#include "audit/alike.h"
#include "audit/carry.h"
#include "audit/singles.h"
#include "audit/zones.h"
#include "base/decimal.h"
#include <assert.h>
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the plan of an audit");
}

/* ---- needs -------------------------------------------------------------------------------------- */

struct needs {
    struct sh_plan *plan;
    struct sh_arena *arena;
    bool *tables;         /* [n_tables] of one rule */
    struct sh_need *list; /* of one rule */
    size_t n, cap;
    bool lost; /* no memory for one */
    bool sums; /* an expression reads what lines add up to */
};
static void needs_release(struct needs *n) {
    sh_free(n->list);
}

static void take_need(struct needs *n, struct sh_need need) {
    struct sh_plan *plan = n->plan;
    n->tables[need.table] = true;
    if (sh_grow(&n->list, &n->cap, n->n + 1, sizeof(*n->list), UINT32_MAX, NULL) == SH_OK)
        n->list[n->n++] = need;
    else
        n->lost = true;
    plan->table_needed[need.table] = true;
    if (sh_view_of(plan, need.table) && need.column != UINT16_MAX)
        plan->needed[need.table][need.column] = 2;
    if (need.table >= SH_AUDIT_TABLES)
        return;
    if (need.table < SH_TABLES)
        sh_columns_need_table(plan, need.table);
    if (need.column == UINT16_MAX)
        return;
    plan->needed[need.table][need.column] = 2;
    sh_columns_need_derived(plan, need.table, need.column);
}

static void need_column(struct needs *n, int table, int column) {
    if (column >= 0)
        take_need(n, (struct sh_need){(uint16_t)table, (uint16_t)column});
}

static sh_code need_expr(struct needs *n, const struct sh_expr *e, struct sh_err *err) {
    struct sh_need *list = NULL;
    size_t count = 0;
    if (!e)
        return SH_OK;
    SH_TRY(sh_expr_needs(e, n->arena, &list, &count, err));
    for (size_t i = 0; i < count; i++) {
        take_need(n, list[i]);
        n->sums |= list[i].column != UINT16_MAX && list[i].table < SH_AUDIT_TABLES &&
                   n->plan->model->derived[list[i].table][list[i].column] == SH_DERIVED_COVERED;
    }
    return SH_OK;
}

/* What dates the rows of a table: validity, windows, previous and next go by it, see sh_subject_day. */
static void need_clock(struct needs *n, int table) {
    const struct sh_columns *at = &n->plan->at;
    if (table < SH_TABLES)
        need_column(n, table, at->of[table].day >= 0 ? at->of[table].day : at->of[table].time);
    if (table == SH_MODEL_STAY)
        need_column(n, table, at->stay.day), need_column(n, table, at->stay.last_day);
}

/* Columns that a rule's keys, amount and shape read by themselves. */
static void need_of_shape(struct needs *n, const struct sh_rule *r) {
    if (r->table == SH_TABLE_ENCOUNTER) /* the money of what is wrong is that of its lines */
        take_need(n, (struct sh_need){r->table, (uint16_t)n->plan->at.encounter.covered});
    if (r->table == SH_MODEL_STAY)
        take_need(n, (struct sh_need){r->table, (uint16_t)n->plan->at.stay.covered});
    if (r->table == SH_MODEL_STAY &&
        r->reach != SH_REACH_TIMELINE) { /* a stay that is met is called by these */
        need_column(n, r->table, sh_model_column(n->plan->model, r->table, "person"));
        need_column(n, r->table, n->plan->at.stay.institution);
        need_column(n, r->table, n->plan->at.stay.from);
    }
    need_clock(n, r->table);
    if (r->open_remind)
        need_column(n, SH_TABLE_ENCOUNTER, n->plan->at.encounter.open);
    if (r->table != SH_TABLE_LINE)
        return;
    bool by_days = r->amount == SH_AMOUNT_AFTER;
    for (size_t i = 0; i < r->n_keys; i++)
        by_days |= r->keys[i].kind == SH_RULE_KEY_COURSE;
    if (by_days)
        need_column(n, SH_TABLE_LINE, sh_model_column(n->plan->model, SH_TABLE_LINE, "supply_days"));
    if (r->shape != SH_SHAPE_PAIR)
        return;
    need_column(n, SH_TABLE_LINE, n->plan->at.line.time_exact);
    if (r->within == SH_SCOPE_PRESCRIPTION || r->within_expr)
        need_column(n, SH_TABLE_LINE, sh_lake_column(SH_TABLE_LINE, "prescription"));
}

static sh_code need_rule(struct needs *n, const struct sh_rule *r, struct sh_err *err) {
    const struct sh_expr *const single[] = {r->where,       r->unless,   r->doubt,    r->window_days,
                                            r->within_expr, r->amount_a, r->amount_b, r->blame,
                                            r->value,       r->bound};
    if (r->has_b)
        take_need(n, (struct sh_need){r->table_b, UINT16_MAX}), need_clock(n, r->table_b);
    for (size_t i = 0; r->has_b && i < r->n_keys; i++)
        SH_TRY(need_expr(n, r->keys_b[i].expr, err));
    for (size_t i = 0; i < r->n_peers; i++)
        SH_TRY(need_expr(n, r->peers[i].expr, err));
    take_need(n, (struct sh_need){r->table, UINT16_MAX});
    need_of_shape(n, r);
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        SH_TRY(need_expr(n, single[i], err));
    for (size_t i = 0; i < r->n_keys; i++)
        SH_TRY(need_expr(n, r->keys[i].expr, err));
    for (size_t i = 0; i < r->n_hit; i++)
        SH_TRY(need_expr(n, r->hit[i].expr, err));
    for (size_t i = 0; i < r->n_uses; i++)
        for (size_t j = 0; j < r->uses[i].n_keys; j++)
            SH_TRY(need_expr(n, r->uses[i].keys[j], err));
    for (size_t i = 0; i < r->n_with; i++) {
        take_need(n, (struct sh_need){r->with[i].table, UINT16_MAX});
        need_clock(n, r->with[i].table);
        SH_TRY(need_expr(n, r->with[i].where, err));
    }
    if (!r->say)
        return SH_OK;
    struct sh_need *list = NULL;
    size_t count = 0;
    SH_TRY(sh_template_needs(r->say, n->arena, &list, &count, err));
    for (size_t i = 0; i < count; i++)
        take_need(n, list[i]);
    return SH_OK;
}

/* ---- one rule ----------------------------------------------------------------------------------- */

static bool is_in(const struct sh_rule *r, uint16_t slot, enum sh_slot_source *ret) {
    if (slot == r->subject) {
        *ret = SH_SLOT_SUBJECT;
        return true;
    }
    if (r->shape == SH_SHAPE_STAT && slot == r->stat) {
        *ret = SH_SLOT_NONE;
        return true;
    }
    if ((r->shape == SH_SHAPE_PAIR || r->has_b) && slot == r->slot_b) {
        *ret = SH_SLOT_B;
        return true;
    }
    for (size_t i = 0; i < r->n_uses; i++)
        if (slot == r->uses[i].slot) {
            *ret = (int16_t)slot == r->knowledge ? SH_SLOT_KNOWLEDGE : SH_SLOT_MORE;
            return true;
        }
    for (size_t i = 0; i < r->n_with; i++)
        if (slot == r->with[i].slot) {
            *ret = SH_SLOT_WITH;
            return true;
        }
    return false;
}

/* Other variables are rows the subject joins. */
/* What views need, from the last to the first: each asks for those it builds on. */
static sh_code need_view(struct needs *n, const struct sh_rule_view *v, struct sh_err *err) {
    const struct sh_model_table *source = &n->plan->model->model.tables[v->source];
    bool is_told[SH_VIEW_COLUMNS_MAX] = {0};
    SH_TRY(need_rule(n, v->rule, err));
    for (size_t told = 0, before = SIZE_MAX; told != before;) { /* a field may ask for another one */
        before = told;
        for (size_t f = 0; f < v->n_fields; f++) {
            if (is_told[f] || !sh_view_field_is_read(n->plan, v, f))
                continue;
            is_told[f] = true;
            told++;
            SH_TRY(need_expr(n, v->fields[f].expr, err));
        }
    }
    take_need(n, (struct sh_need){v->source, UINT16_MAX});
    if (v->kind == SH_VIEW_DAYS) {
        need_column(n, v->source, source->time_column);
        need_column(n, v->source, source->end_column);
        need_column(n, SH_TABLE_LINE, n->plan->at.line.day); /* open ends reach to the last line */
    }
    need_column(n, v->source, sh_model_column(n->plan->model, v->source, "day"));
    return SH_OK;
}

static void slots_make(const struct sh_plan *plan, struct sh_rule_plan *rp, const bool *tables) {
    const struct sh_rule *r = rp->rule;
    const struct sh_model_table *subject = &plan->model->model.tables[r->table];
    for (uint16_t s = 0; s < r->n_variables; s++) {
        rp->join_column[s] = -1;
        rp->is_needed[s] = true;
        if (is_in(r, s, &rp->slots[s]))
            continue;
        rp->is_needed[s] = tables[r->variables[s].table];
        const int named = sh_model_column(plan->model, r->table, r->variables[s].name);
        if (named >= 0 && subject->columns[named].join == (int16_t)r->variables[s].table)
            rp->join_column[s] = (int16_t)named;
        for (uint16_t c = 0; rp->join_column[s] < 0 && c < subject->n_columns; c++)
            if (subject->columns[c].join == (int16_t)r->variables[s].table)
                rp->join_column[s] = (int16_t)c;
        rp->slots[s] = rp->join_column[s] >= 0 ? SH_SLOT_JOIN : SH_SLOT_NONE;
    }
}

/* The parameter at the place and on the day of the audit; NULL: no such name. */
static const struct sh_param *param_of(const struct sh_plan *plan, const char *name) {
    if (!plan->rules->params)
        return NULL;
    const char *place = plan->options.place ? plan->options.place : "000000";
    const int32_t day = plan->options.as_of == INT32_MAX ? INT32_MAX - 1 : plan->options.as_of;
    return sh_param_find(plan->rules->params, sh_str_of(name), sh_str_of(place), day);
}

int64_t sh_plan_param(const struct sh_plan *plan, const char *name, int scale) {
    const struct sh_param *p = param_of(plan, name);
    if (!p || p->value == SH_MISSING || p->scale < 0)
        return SH_MISSING;
    int64_t value;
    if (p->scale <= scale)
        return sh_mul(p->value, sh_pow10(scale - p->scale), &value) == SH_OK ? value : SH_MISSING;
    return sh_div_floor(p->value, sh_pow10(p->scale - scale), &value) == SH_OK ? value : SH_MISSING;
}

/* A rule in trial or under suspicion never says "certain". */
static enum sh_level cap_of(const struct sh_rule *r) {
    const enum sh_level state = r->state == SH_STATE_CERTAIN ? SH_LEVEL_CERTAIN : SH_LEVEL_SUSPECTED;
    return r->level < state ? r->level : state;
}

/* Smaller groups need not be looked at: none of the conditions can hold. */
static uint32_t min_members(const struct sh_rule *r) {
    uint32_t least = UINT32_MAX;
    for (size_t h = 0; h < r->n_hit; h++) {
        const uint32_t of = sh_expr_least_members(r->hit[h].expr);
        least = of < least ? of : least;
    }
    return r->n_hit > 0 ? least : 1;
}

static bool has_alternatives(const struct sh_knowledge *k) {
    for (uint32_t i = 1; i < k->n_rows; i++)
        for (uint32_t j = i; j-- > 0 && i - j < 64;)
            if (k->rows[i].point == k->rows[j].point)
                return true;
    return false;
}

/* A group by k.group puts lines of different points together: then the row is no part of the key. */
static bool by_point(const struct sh_rule *r) {
    if (r->shape != SH_SHAPE_GROUP && r->shape != SH_SHAPE_WINDOW)
        return true;
    for (size_t i = 0; i < r->n_keys; i++)
        if (r->keys[i].kind == SH_RULE_KEY_COURSE || sh_str_ends_with(r->keys[i].text, SH_STR(".point")))
            return true;
    return false;
}

static void rule_make(const struct sh_plan *plan, struct sh_rule_plan *rp, const bool *tables) {
    const struct sh_rule *r = rp->rule;
    slots_make(plan, rp, tables);
    rp->cap = cap_of(r);
    rp->min_members = min_members(r);
    rp->collector = rp->collector_b = -1;
    const struct sh_knowledge *k =
        r->n_uses > 0 && r->knowledge >= 0 ? &plan->rules->knowledge[r->uses[0].knowledge] : NULL;
    rp->by_point = by_point(r);
    rp->has_alternatives = k && rp->by_point && has_alternatives(k);
    rp->scope_column = k ? sh_model_column(plan->model, k->model_table, "scope") : -1;
    rp->gap_column = k ? sh_model_column(plan->model, k->model_table, "gap") : -1;
    rp->course_gap = sh_plan_param(plan, "course.gap", 0);
    rp->singles = sh_singles_serve(plan, rp);
    rp->by_zones = r->reach == SH_REACH_TIMELINE && sh_zones_serve(rp);
}

static sh_code views_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_rules *rules = plan->rules;
    for (size_t i = rules->n_views; i-- > 0;) {
        const struct sh_rule_view *v = &rules->views[i];
        if (!plan->table_needed[v->table])
            continue;
        SH_CLEANUP(needs_release)
        struct needs n = {
            .plan = plan, .arena = arena, .tables = sh_new(arena, bool, plan->model->model.n_tables)};
        if (!n.tables)
            return out_of_room(err);
        SH_TRY(need_view(&n, v, err));
        plan->views[i].rule = v->rule;
        rule_make(plan, &plan->views[i], n.tables);
    }
    return SH_OK;
}

/* What of a person's lines a rule's findings depend on: where it is in doubt, all. */
static enum sh_depends depends_of(const struct needs *n, const struct sh_rule *r) {
    const struct sh_expr *const said[] = {r->where, r->unless, r->doubt, r->amount_a, r->amount_b};
    bool asks = n->sums || r->n_with > 0 || r->reach != SH_REACH_TIMELINE;
    for (uint16_t t = 0; t < n->plan->model->model.n_tables; t++)
        asks |= n->tables[t] && (sh_view_of(n->plan, t) || t == SH_TABLE_TRACE_SCAN);
    if (!asks && !n->tables[SH_TABLE_LINE] && r->amount == SH_AMOUNT_ZERO)
        return SH_DEPENDS_NOT;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        asks |= said[i] && sh_expr_asks_rows(said[i], false);
    for (size_t h = 0; h < r->n_hit; h++)
        asks |= sh_expr_asks_rows(r->hit[h].expr, false);
    for (size_t u = 0; u < r->n_uses; u++)
        for (size_t k = 0; k < r->uses[u].n_keys; k++)
            asks |= sh_expr_asks_rows(r->uses[u].keys[k], false);
    return asks || r->shape != SH_SHAPE_ROW || r->table != SH_TABLE_LINE ? SH_DEPENDS_ON_LINES
                                                                         : SH_DEPENDS_ON_ITS_LINE;
}

/* Rules judged together depend on what any of them does. */
static void depends_settle(struct sh_plan *plan) {
    for (size_t i = 0; i < plan->n_active; i++) {
        enum sh_depends most = SH_DEPENDS_NOT;
        if (!plan->active[i].leads)
            continue;
        for (const struct sh_rule_plan *one = &plan->active[i]; one; one = one->next)
            most = one->depends > most ? one->depends : most;
        for (struct sh_rule_plan *one = &plan->active[i]; one; one = one->next)
            one->depends = most;
    }
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static sh_code needed_room(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_model *model = &plan->model->model;
    plan->needed = sh_new(arena, uint8_t *, model->n_tables);
    plan->table_needed = sh_new(arena, bool, model->n_tables);
    plan->views = sh_new(arena, struct sh_rule_plan, plan->rules->n_views + 1);
    plan->view_of_table = sh_new(arena, const struct sh_rule_view *, model->n_tables);
    if (!plan->needed || !plan->table_needed || !plan->views || !plan->view_of_table)
        return out_of_room(err);
    for (size_t i = 0; i < plan->rules->n_views; i++)
        plan->view_of_table[plan->rules->views[i].table] = &plan->rules->views[i];
    for (uint16_t t = 0; t < model->n_tables; t++) {
        plan->needed[t] = sh_new(arena, uint8_t, (size_t)model->tables[t].n_columns + 1);
        if (!plan->needed[t])
            return out_of_room(err);
    }
    return SH_OK;
}

static sh_code rules_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    struct sh_rules *rules = plan->rules;
    plan->active = sh_new(arena, struct sh_rule_plan, rules->n_rules + 1);
    if (!plan->active)
        return out_of_room(err);
    for (size_t i = 0; i < rules->n_rules; i++) {
        if (!sh_rule_runs(&rules->rules[i], plan->options.stage))
            continue;
        if (plan->n_active >= UINT16_MAX)
            return sh_fail(err, SH_E_LIMIT, "more than %d rules in a plan", UINT16_MAX);
        struct sh_rule_plan *rp = &plan->active[plan->n_active];
        rp->rule = &rules->rules[i];
        rp->index = (uint16_t)plan->n_active;
        plan->n_active++;
        SH_CLEANUP(needs_release)
        struct needs n = {
            .plan = plan, .arena = arena, .tables = sh_new(arena, bool, plan->model->model.n_tables)};
        if (!n.tables)
            return out_of_room(err);
        SH_TRY(need_rule(&n, rp->rule, err));
        if (n.lost)
            return out_of_room(err);
        rule_make(plan, rp, n.tables);
        rp->depends = depends_of(&n, rp->rule);
        if (rp->rule->reach != SH_REACH_TIMELINE)
            SH_TRY(sh_carry_make(plan, rp->rule, n.list, n.n, arena, &rp->carry, err));
        SH_TRY(sh_receipt_texts(rp, arena, err));
    }
    return SH_OK;
}

static void selection_make(struct sh_plan *plan) {
    for (int t = 0; t < SH_TABLES && !sh_table_is_dimension((enum sh_table)t); t++) /* those stand last */
        for (int c = 0; c < sh_lake_schema[t].n_columns && c < 64; c++)
            if (plan->needed[t][c] == 1 && c == sh_lake_column((enum sh_table)t, "id"))
                plan->selection.ids |= 1u << t; /* for findings only: no rule reads it */
            else if (plan->needed[t][c])
                plan->selection.columns[t] |= (uint64_t)1 << c;
    if (plan->selection.columns[SH_TABLE_PERSON]) {
        const int c = sh_lake_column(SH_TABLE_PERSON, "void");
        plan->selection.columns[SH_TABLE_PERSON] |= (uint64_t)1 << c;
    }
}

/* The word of settlement.payment_mode by which the fund pays each item. */
static void by_item_find(struct sh_plan *plan) {
    const struct sh_dict_view *words = plan->dicts->views[SH_DICT_WORD];
    const struct sh_param *p = param_of(plan, "settlement.by_item");
    plan->is_by_item_known = p && p->text.len > 0;
    plan->word_by_item = words && plan->is_by_item_known ? sh_dict_find(words, p->text) : -1;
}

sh_code sh_plan_make(struct sh_rules *rules, const struct sh_dicts *dicts,
                     const struct sh_plan_options *options, struct sh_arena *arena, struct sh_plan **ret,
                     struct sh_err *err) {
    assert(rules && dicts && options && arena && ret);
    struct sh_plan *plan = sh_new(arena, struct sh_plan, 1);
    if (!plan)
        return out_of_room(err);
    plan->rules = rules;
    plan->model = rules->model;
    plan->dicts = dicts;
    plan->options = *options;
    if (plan->options.timeline_max == 0)
        plan->options.timeline_max = 200000;
    SH_TRY(sh_rules_bind(rules, dicts, arena, &plan->bound, err));
    sh_columns_find(plan->model, &plan->at);
    SH_TRY(needed_room(plan, arena, err));
    sh_columns_need_own(plan);
    SH_TRY(sh_fixed_tables_fill(plan, arena, err));
    SH_TRY(rules_make(plan, arena, err));
    SH_TRY(views_make(plan, arena, err));
    SH_TRY(sh_dimensions_fill(plan, arena, err));
    SH_TRY(sh_apps_make(plan, arena, err));
    SH_TRY(sh_joins_make(plan, arena, err));
    SH_TRY(sh_alike_make(plan, arena, err));
    depends_settle(plan);
    if (dicts->views[SH_DICT_DIAGNOSIS])
        SH_TRY(sh_diagnosis_categories(dicts->views[SH_DICT_DIAGNOSIS], arena, &plan->categories, err));
    by_item_find(plan);
    SH_TRY(sh_known_texts_make(plan, arena, err));
    selection_make(plan);
    *ret = plan;
    return SH_OK;
}

struct sh_selection sh_plan_selection(const struct sh_plan *plan) {
    return plan->selection;
}
size_t sh_plan_rules(const struct sh_plan *plan) {
    return plan->n_active;
}
const struct sh_rule *sh_plan_rule(const struct sh_plan *plan, size_t i) {
    return i < plan->n_active ? plan->active[i].rule : NULL;
}
