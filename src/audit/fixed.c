/* The tables of a frame that do not change from chunk to chunk: dictionaries and knowledge. */
#include "audit/plan.h"
#include <string.h>

static sh_code fill_kinds(const struct sh_plan *plan, const struct sh_model_column *column,
                          const struct sh_dict_view *view, struct sh_arena *arena, const void **ret,
                          struct sh_err *err) {
    int8_t *kinds = sh_new(arena, int8_t, (size_t)view->n + 1);
    if (!kinds)
        return sh_fail(err, SH_E_NOMEM, "no room for the kinds of a dictionary");
    const char *const *words = plan->model->model.level_words[column->type.domain];
    for (uint32_t i = 0; i < view->n; i++) {
        kinds[i] = SH_MISSING_I8;
        for (int8_t w = 0; view->kind && words[w]; w++)
            if (sh_str_is(view->kind[i], words[w]))
                kinds[i] = w;
    }
    *ret = kinds;
    return SH_OK;
}

static sh_code fill_numbers(const struct sh_dict_view *view, bool only_named, struct sh_arena *arena,
                            const void **ret, struct sh_err *err) {
    int32_t *ids = sh_new(arena, int32_t, (size_t)view->n + 1);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of a dictionary");
    for (uint32_t i = 0; i < view->n; i++)
        ids[i] = only_named && (!view->name || view->name[i].len == 0) ? SH_MISSING_I32 : (int32_t)i;
    *ret = ids;
    return SH_OK;
}

static sh_code fill_dictionary(struct sh_plan *plan, uint16_t table, enum sh_dict dict,
                               struct sh_arena *arena, struct sh_err *err) {
    static const struct sh_dict_view empty = {0};
    const struct sh_dict_view *view = plan->dicts->views[dict] ? plan->dicts->views[dict] : &empty;
    const struct sh_model_table *t = &plan->model->model.tables[table];
    const void **columns = sh_new(arena, const void *, (size_t)t->n_columns + 1);
    if (!columns)
        return sh_fail(err, SH_E_NOMEM, "no room for the dictionaries of a plan");
    for (uint16_t c = 0; c < t->n_columns; c++) {
        const enum sh_derived what = plan->model->derived[table][c];
        if (what == SH_DERIVED_KIND)
            SH_TRY(fill_kinds(plan, &t->columns[c], view, arena, &columns[c], err));
        else if (what == SH_DERIVED_SELF || what == SH_DERIVED_NAME)
            SH_TRY(fill_numbers(view, what == SH_DERIVED_NAME, arena, &columns[c], err));
    }
    plan->fixed[table] = (struct sh_frame_table){.n_rows = view->n, .columns = columns};
    return SH_OK;
}

static sh_code fill_surcharges(const struct sh_dict_view *items, struct sh_arena *arena, const void **ret,
                               struct sh_err *err) {
    int8_t *flags = sh_new(arena, int8_t, (size_t)items->n + 1);
    if (!flags)
        return sh_fail(err, SH_E_NOMEM, "no room for the surcharges among items");
    for (uint32_t i = 0; i < items->n; i++)
        flags[i] = sh_item_is_surcharge(items->code[i]);
    *ret = flags;
    return SH_OK;
}

/* The columns of a dimension as the lake keeps them, where some rule reads one; else none. */
static sh_code find_facts(const struct sh_plan *plan, enum sh_table table, uint32_t n_rows,
                          struct sh_arena *arena, struct sh_facts *ret, struct sh_err *err) {
    bool asked = false;
    for (uint16_t c = 0; c < sh_lake_schema[table].n_columns; c++)
        asked |= plan->needed[table][c] == 2;
    if (!asked)
        return SH_OK;
    if (plan->dicts->facts)
        SH_TRY(plan->dicts->facts(plan->dicts->ctx, table, arena, ret, err));
    return ret->columns ? SH_OK : sh_facts_make(table, n_rows, arena, ret, err);
}

/* Columns of a dimension that some rule reads and that are no names. */
static sh_code fill_dimension(struct sh_plan *plan, enum sh_table table, struct sh_arena *arena,
                              struct sh_err *err) {
    const struct sh_model_table *t = &plan->model->model.tables[table];
    const struct sh_lake_table *lake = &sh_lake_schema[table];
    const void **columns = (const void **)(uintptr_t)plan->fixed[table].columns;
    const struct sh_dict_view *view = plan->dicts->views[sh_table_lead(table)];
    const struct sh_stems *stems = plan->dicts->stems;
    struct sh_facts facts = {0};
    if (!view || view->n == 0)
        return SH_OK;
    SH_TRY(find_facts(plan, table, view->n, arena, &facts, err));
    for (uint16_t c = 0; c < t->n_columns; c++) {
        const enum sh_derived what = plan->model->derived[table][c];
        if (c < lake->n_columns && facts.columns)
            columns[c] = facts.columns[c];
        if (c < lake->n_columns && strcmp(lake->columns[c].name, lake->name) == 0)
            SH_TRY(fill_numbers(view, false, arena, &columns[c], err));
        if (plan->needed[table][c] == 0)
            continue;
        if (what == SH_DERIVED_SURCHARGE)
            SH_TRY(fill_surcharges(view, arena, &columns[c], err));
        else if (what == SH_DERIVED_SUBSTANCE || what == SH_DERIVED_BASE)
            columns[c] = !stems ? NULL : what == SH_DERIVED_BASE ? stems->base : stems->substance;
    }
    return SH_OK;
}

sh_code sh_dimensions_fill(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    for (enum sh_table t = 0; t < SH_TABLES; t++)
        if (sh_table_is_dimension(t))
            SH_TRY(fill_dimension(plan, t, arena, err));
    return SH_OK;
}

sh_code sh_fixed_tables_fill(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    plan->fixed = sh_new(arena, struct sh_frame_table, plan->model->model.n_tables);
    if (!plan->fixed)
        return sh_fail(err, SH_E_NOMEM, "no room for the tables of a plan");
    SH_TRY(fill_dictionary(plan, SH_MODEL_INSTITUTION, SH_DICT_INSTITUTION, arena, err));
    SH_TRY(fill_dictionary(plan, SH_MODEL_ITEM, SH_DICT_ITEM, arena, err));
    SH_TRY(fill_dictionary(plan, SH_MODEL_DEPARTMENT, SH_DICT_DEPARTMENT, arena, err));
    SH_TRY(fill_dictionary(plan, SH_MODEL_PRACTITIONER, SH_DICT_PRACTITIONER, arena, err));
    for (size_t i = 0; i < plan->rules->n_knowledge; i++)
        plan->fixed[plan->rules->knowledge[i].model_table] = plan->bound->tables[i].frame;
    return SH_OK;
}
