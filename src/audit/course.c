/* Courses: within an encounter, an illness (a new course after `gap` days without supply), or ever, as the
 * knowledge row says. */
#include "audit/inner.h"
#include "base/decimal.h"
#include <string.h>

int64_t sh_knowledge_value(const struct sh_engine *en, const struct sh_rule_plan *rp, int column, int32_t k) {
    if (column < 0 || k < 0)
        return SH_MISSING;
    const struct sh_knowledge *table = &en->plan->rules->knowledge[rp->rule->uses[0].knowledge];
    const struct sh_model_column *c = &en->plan->model->model.tables[table->model_table].columns[column];
    const void *values = en->plan->bound->tables[rp->rule->uses[0].knowledge].frame.columns[column];
    if (!values)
        return SH_MISSING;
    switch (c->storage) {
    case SH_STORE_I8:
        return ((const int8_t *)values)[k] == SH_MISSING_I8 ? SH_MISSING : ((const int8_t *)values)[k];
    case SH_STORE_I32:
        return ((const int32_t *)values)[k] == SH_MISSING_I32 ? SH_MISSING : ((const int32_t *)values)[k];
    case SH_STORE_I64:
        break;
    }
    int64_t value = ((const int64_t *)values)[k];
    if (value != SH_MISSING && c->type.kind == SH_KIND_NUMBER && c->type.scale > 0)
        value /= sh_pow10(c->type.scale);
    return value;
}

/* First day not covered by a line: supply days where they are known, at least one. */
static int32_t end_of(const struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row, int32_t day) {
    const int column = rp->rule->table == SH_TABLE_LINE
                           ? sh_model_column(en->plan->model, SH_TABLE_LINE, "supply_days")
                           : -1;
    const int32_t *supply = column >= 0 ? sh_i32(&en->tl, SH_TABLE_LINE, column) : NULL;
    return day + (supply && supply[row] != SH_MISSING_I32 && supply[row] > 1 ? supply[row] : 1);
}

static void find_illness(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                         const uint32_t *members, uint32_t n, int64_t gap, int64_t *course) {
    int64_t begun = SH_MISSING, until = 0;
    for (uint32_t i = 0; i < n; i++) {
        const int32_t day = sh_subject_day(&en->tl, rp->rule->table, m->row[members[i]]);
        const int32_t end = end_of(en, rp, m->row[members[i]], day);
        if (begun == SH_MISSING || day - until >= gap)
            begun = day, until = end;
        until = end > until ? end : until;
        course[members[i]] = begun;
    }
}

/* The course of a row as its scope alone tells it: its encounter, its stay or 0; negative: not known. */
static int64_t course_by_scope(const struct sh_engine *en, int table, int32_t row, int64_t scope) {
    if (scope != SH_SCOPE_ENCOUNTER && scope != SH_SCOPE_STAY)
        return 0;
    const int32_t e = sh_encounter_of(&en->tl, table, row);
    if (scope == SH_SCOPE_ENCOUNTER || e < 0)
        return e;
    return sh_i32(&en->tl, SH_TABLE_ENCOUNTER, en->plan->at.encounter.stay)[e];
}

sh_code sh_courses_find(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                        const struct sh_grouping *g, int64_t *course, struct sh_str *fields,
                        struct sh_err *err) {
    (void)err;
    for (uint32_t i = 0; i < g->n; i++) {
        const uint32_t *members = g->order + g->begin[i];
        const uint32_t n = g->begin[i + 1] - g->begin[i];
        const int32_t k = m->k ? m->k[members[0]] : -1; /* one row a group: they are split by row first */
        const int64_t scope = sh_knowledge_value(en, rp, rp->scope_column, k);
        int64_t gap = sh_knowledge_value(en, rp, rp->gap_column, k);
        if (gap == SH_MISSING)
            gap = rp->course_gap;
        for (uint32_t j = 0; j < n; j++) {
            const int32_t row = m->row[members[j]];
            struct sh_str *field = &fields[members[j]];
            course[members[j]] = course_by_scope(en, rp->rule->table, row, scope);
            if (course[members[j]] < 0)
                *field = SH_STR("line.encounter");
            else if (scope == SH_MISSING)
                *field = SH_STR("k.scope");
            else if (scope == SH_SCOPE_COURSE && gap == SH_MISSING)
                *field = SH_STR("param(course.gap)");
            else if (sh_subject_day(&en->tl, rp->rule->table, row) == SH_MISSING_I32)
                *field = SH_STR("line.time");
        }
        if (scope == SH_SCOPE_COURSE && gap != SH_MISSING)
            find_illness(en, rp, m, members, n, gap, course);
    }
    return SH_OK;
}
