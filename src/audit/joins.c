/* Rows of knowledge that a line joins by a code other than its item: a list of many persons costs a line no
 * more than a short one. */
#include "audit/plan.h"

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the rows of knowledge by code");
}

/* The set of a row; NULL: open to everyone. */
static const struct sh_set *set_of(const struct sh_plan *plan, uint16_t table, int column, uint32_t row) {
    const int32_t set = ((const int32_t *)plan->bound->tables[table].frame.columns[column])[row];
    return set == SH_MISSING_I32 || set < 0 ? NULL : &plan->bound->sets[set];
}

/* How often each code is named and the highest of them; false: some row is open to everyone. */
static bool codes_beyond(const struct sh_plan *plan, uint16_t table, int column, uint32_t *ret) {
    *ret = 0;
    for (uint32_t r = 0; r < plan->rules->knowledge[table].n_rows; r++) {
        const struct sh_set *set = set_of(plan, table, column, r);
        if (!set)
            return false;
        for (uint32_t i = 0; i < set->n; i++)
            *ret = (uint32_t)set->ids[i] >= *ret ? (uint32_t)set->ids[i] + 1 : *ret;
    }
    return true;
}

static sh_code list_rows(const struct sh_plan *plan, uint16_t table, int column, struct sh_join *join,
                         struct sh_arena *arena, struct sh_err *err) {
    const uint32_t n = plan->rules->knowledge[table].n_rows;
    uint32_t *begin = sh_new(arena, uint32_t, (size_t)join->n_codes + 2);
    if (!begin)
        return out_of_room(err);
    for (uint32_t r = 0; r < n; r++) {
        const struct sh_set *set = set_of(plan, table, column, r);
        for (uint32_t i = 0; set && i < set->n; i++)
            begin[set->ids[i] + 2]++;
    }
    for (uint32_t i = 2; i < join->n_codes + 2; i++)
        begin[i] += begin[i - 1];
    uint32_t *rows = sh_new(arena, uint32_t, (size_t)begin[join->n_codes + 1] + 1);
    if (!rows)
        return out_of_room(err);
    for (uint32_t r = 0; r < n; r++) { /* row by row: those of a code ascend */
        const struct sh_set *set = set_of(plan, table, column, r);
        for (uint32_t i = 0; set && i < set->n; i++)
            rows[begin[set->ids[i] + 1]++] = r;
    }
    join->begin = begin, join->rows = rows;
    return SH_OK;
}

static sh_code join_make(const struct sh_plan *plan, struct sh_rule_plan *rp, struct sh_arena *arena,
                         struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    int column, set;
    uint32_t n_codes;
    if (r->table != SH_TABLE_LINE || r->shape == SH_SHAPE_PAIR || rp->collector >= 0 || r->n_uses == 0 ||
        r->knowledge < 0 || r->uses[0].n_keys != 1 || r->n_with > 0 ||
        !sh_expr_is_join(r->uses[0].keys[0], r->uses[0].slot, &column, &set) ||
        !codes_beyond(plan, r->uses[0].knowledge, set, &n_codes))
        return SH_OK;
    const struct sh_model_table *lines = &plan->model->model.tables[SH_TABLE_LINE];
    struct sh_join *join = sh_new(arena, struct sh_join, 1);
    size_t len;
    const char *field = sh_arena_printf(arena, &len, "%s.%s", lines->name, lines->columns[column].name);
    if (!join || !field)
        return out_of_room(err);
    *join = (struct sh_join){.column = column, .n_codes = n_codes, .field = {field, len}};
    rp->join = join;
    return list_rows(plan, r->uses[0].knowledge, set, join, arena, err);
}

sh_code sh_joins_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    for (size_t i = 0; i < plan->n_active; i++)
        SH_TRY(join_make(plan, &plan->active[i], arena, err));
    return SH_OK;
}
