/* Why a value is missing, and what was read. One tuple at a time; only hits and unanswered rows are
 * explained. */
#include "expr/node.h"
#include <assert.h>

struct sh_spot sh_spot_of(const struct sh_expr *e, const struct sh_batch *batch, uint32_t i) {
    if (!e->root->nth)
        return (struct sh_spot){.view = {.batch = batch, .lo = i, .n = 1}};
    if (!batch->group_begin)
        return (struct sh_spot){.view = {.batch = batch, .n = batch->n}, .i = i};
    uint32_t g = 0;
    while (g + 1 < batch->n_groups && batch->group_begin[g + 1] <= i)
        g++;
    const uint32_t from = batch->group_begin[g];
    return (struct sh_spot){.view = {.batch = batch,
                                     .lo = from,
                                     .n = batch->group_begin[g + 1] - from,
                                     .group_begin = batch->group_begin + g,
                                     .n_groups = 1},
                            .i = i - from};
}

static struct sh_view one_of(const struct sh_spot *spot) {
    return (struct sh_view){.batch = spot->view.batch, .lo = spot->view.lo + spot->i, .n = 1};
}

sh_code sh_spot_value(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                      int64_t *ret, struct sh_wide *ret_wide) {
    const struct sh_view one = one_of(spot), *view = node->nth ? &spot->view : &one;
    const uint32_t at = node->nth ? spot->i : 0;
    if (node->rep != SH_REP_NARROW) {
        struct sh_wide w;
        SH_TRY(sh_eval_wide(run, node, view, &w));
        w.num += at;
        w.den = w.den ? w.den + at : NULL;
        *ret = w.num[0] == SH_WIDE_NONE ? SH_NONE
               : w.num[0] == SH_WIDE_MISSING
                   ? SH_MISSING
                   : sh_wide_round(w.num[0], w.den ? w.den[0] : 1, node->vscale, node->type.scale);
        if (ret_wide)
            *ret_wide = w;
        return SH_OK;
    }
    int64_t *values;
    SH_TRY(sh_eval_new(run, node, view, &values));
    *ret = values[at];
    return SH_OK;
}

/* Missing (none: or none)? A wide value that only does not fit int64 is there. */
static sh_code gone(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot, bool none,
                    bool *ret) {
    int64_t value;
    struct sh_wide w = {0};
    SH_TRY(sh_spot_value(run, node, spot, &value, &w));
    *ret = w.num ? w.num[0] == SH_WIDE_MISSING || (none && w.num[0] == SH_WIDE_NONE)
                 : value == SH_MISSING || (none && value == SH_NONE);
    return SH_OK;
}

/* ---- the cause ----------------------------------------------------------------------------------------- */

static sh_code cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                     struct sh_str *ret);

static sh_code column_cause(struct sh_run *run, const struct sh_path *path, const struct sh_spot *spot,
                            struct sh_str *ret) {
    const struct sh_model *model = run->env->model;
    const struct sh_view one = one_of(spot);
    int32_t *row;
    SH_TRY(sh_view_rows(run, &one, path->slot, &row));
    if (row[0] < 0)
        return sh_run_text(run, ret, "%s",
                           path->slot < run->env->n_variables ? run->env->variables[path->slot].name
                                                              : model->tables[path->table].name);
    for (uint8_t h = 0; h < path->n_hops; h++) {
        const struct sh_model_table *t = &model->tables[path->hops[h].table];
        const void *join;
        SH_TRY(sh_frame_column(run, path->hops[h].table, path->hops[h].column, &join));
        row[0] = join ? ((const int32_t *)join)[row[0]] : -1;
        if (row[0] < 0)
            return sh_run_text(run, ret, "%s.%s", t->name, t->columns[path->hops[h].column].name);
    }
    const struct sh_model_table *t = &model->tables[path->table];
    return sh_run_text(run, ret, "%s.%s", t->name,
                       path->column == SH_NO_COLUMN ? "?" : t->columns[path->column].name);
}

/* The first kid that is missing; *ret empty when none is. */
static sh_code kid_cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                         struct sh_str *ret) {
    *ret = (struct sh_str){0};
    for (int none = 0; none < 2; none++)
        for (uint32_t k = 0; k < node->n_kids; k++) {
            bool is_gone;
            if (!node->kids[k])
                continue;
            SH_TRY(gone(run, node->kids[k], spot, none == 1, &is_gone));
            if (is_gone)
                return cause(run, node->kids[k], spot, ret);
        }
    return SH_OK;
}

static void first_column(void *ctx, struct sh_node *node) {
    const struct sh_node **ret = ctx;
    if (!*ret && node->op == SH_OP_COLUMN)
        *ret = node;
}

/* Of parts put together only the sum is known: the first column it reads stands for what one of them missed.
 */
static sh_code merged_cause(struct sh_run *run, const struct sh_node *node, struct sh_str *ret) {
    const struct sh_node *column = NULL;
    for (uint32_t k = 0; k < node->n_kids && !column; k++)
        sh_node_walk(node->kids[k], first_column, &column);
    if (!column)
        sh_node_walk(node->aggregate->where, first_column, &column);
    if (!column)
        return sh_run_text(run, ret, "overflow");
    const struct sh_model_table *t = &run->env->model->tables[column->path.table];
    return sh_run_text(run, ret, "%s.%s", t->name, t->columns[column->path.column].name);
}

static sh_code aggregate_cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                               struct sh_str *ret) {
    const struct sh_aggregate *a = node->aggregate;
    const struct sh_view one = one_of(spot);
    struct sh_batch space;
    struct sh_spot member = {0};
    const uint32_t *begin;
    if (one.batch->merged) /* the members are elsewhere */
        return merged_cause(run, node, ret);
    SH_TRY(sh_view_members(run, node, &one, &space, &member.view, &begin));
    for (; member.i < member.view.n; member.i++) {
        int64_t where = 1;
        if (a->where)
            SH_TRY(sh_spot_value(run, a->where, &member, &where, NULL));
        if (where == 0)
            continue;
        SH_TRY(kid_cause(run, node, &member, ret));
        if (ret->len)
            return SH_OK;
        const struct sh_node *others[] = {where == SH_MISSING ? a->where : NULL, a->day, a->supply};
        for (size_t k = 0; k < 3; k++) {
            bool is_gone = false;
            if (others[k])
                SH_TRY(gone(run, others[k], &member, false, &is_gone));
            if (is_gone)
                return cause(run, others[k], &member, ret);
        }
    }
    return sh_run_text(run, ret, "overflow");
}

static sh_code nth_cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                         struct sh_str *ret) {
    struct sh_spot member = *spot;
    uint32_t from = 0, to = spot->view.n;
    for (uint32_t g = 0; g < spot->view.n_groups; g++) {
        const uint32_t a = spot->view.group_begin[g] - spot->view.lo,
                       b = spot->view.group_begin[g + 1] - spot->view.lo;
        if (spot->i >= a && spot->i < b)
            from = a, to = b;
    }
    for (member.i = from; member.i < to; member.i++) {
        SH_TRY(kid_cause(run, node, &member, ret));
        if (ret->len)
            return SH_OK;
    }
    return sh_run_text(run, ret, "overflow");
}

/* What of a pair is missing: its time or its condition or its value. */
static sh_code pair_cause(struct sh_run *run, const struct sh_related *r, const struct sh_spot *pair,
                          int64_t by_time, struct sh_str *ret) {
    *ret = (struct sh_str){0};
    int64_t where = 1;
    if (r->where)
        SH_TRY(sh_spot_value(run, r->where, pair, &where, NULL));
    if (by_time == 0 || where == (r->fn == SH_RELATED_EVERY ? 1 : 0))
        return SH_OK;
    const struct sh_node *parts[] = {
        by_time == SH_MISSING ? r->row_day : NULL, by_time == SH_MISSING ? r->row_time : NULL,
        where == SH_MISSING ? r->where : NULL, where == 1 && by_time == 1 ? r->value : NULL};
    for (size_t k = 0; k < 4; k++) {
        bool is_gone = false;
        if (parts[k])
            SH_TRY(gone(run, parts[k], pair, false, &is_gone));
        if (is_gone)
            return cause(run, parts[k], pair, ret);
    }
    return SH_OK;
}

static sh_code related_cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                             struct sh_str *ret) {
    const struct sh_related *r = node->related;
    const struct sh_view one = one_of(spot);
    const struct sh_path subject = {.slot = run->env->subject, .column = SH_NO_COLUMN};
    struct sh_batch pairs;
    int32_t *row;
    SH_TRY(sh_view_rows(run, &one, run->env->subject, &row));
    if (row[0] < 0)
        return column_cause(run, &subject, spot, ret);
    int64_t *match = NULL;
    bool toolong = false;
    SH_TRY(sh_related_pairs(run, node, &one, &pairs, &match, &toolong));
    if (toolong)
        return sh_run_text(run, ret, "timeline too long");
    const struct sh_node *outer[] = {r->window, r->anchor_day, r->anchor_time};
    for (size_t k = 0; k < 3; k++) {
        bool is_gone = false;
        if (outer[k] && (pairs.n || k == 0))
            SH_TRY(gone(run, outer[k], spot, true, &is_gone));
        if (is_gone)
            return cause(run, outer[k], spot, ret);
    }
    const bool backwards = r->fn == SH_RELATED_LAST;
    for (uint32_t i = 0; i < pairs.n; i++) {
        const uint32_t k = backwards ? pairs.n - 1 - i : i;
        const struct sh_spot pair = {.view = {.batch = &pairs, .lo = k, .n = 1}};
        SH_TRY(pair_cause(run, r, &pair, match[k], ret));
        if (ret->len)
            return SH_OK;
    }
    const char *table = run->env->model->tables[r->table].name;
    if (r->fn == SH_RELATED_NONE || r->fn == SH_RELATED_EVERY)
        return sh_run_text(run, ret, "complete(%s in %s)", table, sh_scope_word(r->scopes[0]));
    if (r->fn == SH_RELATED_FIRST || r->fn == SH_RELATED_LAST)
        return sh_run_text(run, ret, "no row of %s", table);
    return sh_run_text(run, ret, "overflow");
}

/* Nothing below is missing, yet the result is. */
static sh_code own_cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                         struct sh_str *ret) {
    const struct sh_env *env = run->env;
    if (node->op == SH_OP_DIV) {
        int64_t value;
        struct sh_wide w = {0};
        SH_TRY(sh_spot_value(run, node->kids[1], spot, &value, &w));
        if (w.num ? w.num[0] == 0 : value == 0)
            return sh_run_text(run, ret, "division by zero");
    }
    if (node->op == SH_OP_EXACT) {
        const struct sh_model_table *t = &env->model->tables[node->kids[1]->path.table];
        return sh_run_text(run, ret, "%s.time_exact", t->name);
    }
    if (node->op == SH_OP_PERIOD) {
        int64_t scope;
        SH_TRY(sh_spot_value(run, node->kids[0], spot, &scope, NULL));
        if (node->by_scope[scope])
            return cause(run, node->by_scope[scope], spot, ret);
        return sh_run_text(run, ret, "%s", sh_scope_word((enum sh_expr_scope)scope));
    }
    if (node->op == SH_OP_IN_RANGE)
        return sh_run_text(run, ret, "unit of the range");
    return sh_run_text(run, ret, "overflow");
}

static sh_code cause(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                     struct sh_str *ret) {
    switch ((int)node->op) {
    case SH_OP_PARAM:
        return sh_run_text(run, ret, "param(%.*s)", SH_ARG(node->word));
    case SH_OP_COLUMN:
    case SH_OP_ROW:
        return column_cause(run, &node->path, spot, ret);
    case SH_OP_AGGREGATE:
        return aggregate_cause(run, node, spot, ret);
    case SH_OP_NTH:
        return nth_cause(run, node, spot, ret);
    case SH_OP_RELATED:
        return related_cause(run, node, spot, ret);
    case SH_OP_EXACT: { /* the flag is asked only where there is a time */
        bool is_gone;
        SH_TRY(gone(run, node->kids[0], spot, false, &is_gone));
        return is_gone ? cause(run, node->kids[0], spot, ret) : own_cause(run, node, spot, ret);
    }
    default:
        break;
    }
    SH_TRY(kid_cause(run, node, spot, ret));
    return ret->len ? SH_OK : own_cause(run, node, spot, ret);
}

sh_code sh_cause_at(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                    struct sh_str *ret) {
    return cause(run, node, spot, ret);
}

sh_code sh_expr_missing(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                        uint32_t i, struct sh_str *ret, struct sh_err *err) {
    assert(e && in && batch && ret);
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    const struct sh_spot spot = sh_spot_of(e, batch, i);
    bool is_gone;
    *ret = (struct sh_str){0};
    SH_TRY(gone(&run, e->root, &spot, true, &is_gone));
    if (!is_gone && e->root->rep != SH_REP_NARROW) { /* too long for int64? */
        int64_t value;
        SH_TRY(sh_spot_value(&run, e->root, &spot, &value, NULL));
        return value == SH_MISSING ? sh_run_text(&run, ret, "overflow") : SH_OK;
    }
    return is_gone ? cause(&run, e->root, &spot, ret) : SH_OK;
}

/* ---- values read --------------------------------------------------------------------------------------- */

struct reading {
    struct sh_run *run;
    const struct sh_expr *e;
    const struct sh_spot *spot;
    struct sh_value_read *at;
    size_t n, cap;
};

static sh_code add_value(struct reading *r, struct sh_str name, const struct sh_node *node) {
    for (size_t i = 0; i < r->n; i++)
        if (sh_str_eq(r->at[i].name, name))
            return SH_OK;
    if (r->n == r->cap) {
        const size_t cap = r->cap ? 2 * r->cap : 8;
        struct sh_value_read *more = sh_new(r->run->in->arena, struct sh_value_read, cap);
        if (!more)
            return sh_run_nomem(r->run);
        for (size_t i = 0; i < r->n; i++)
            more[i] = r->at[i];
        r->at = more;
        r->cap = cap;
    }
    struct sh_value_read *value = &r->at[r->n];
    value->name = name;
    SH_TRY(sh_spot_print(r->run, node, r->spot, &value->value));
    r->n++;
    return SH_OK;
}

/* A thing the reader sees as one name or call: its parts were made by the compiler, not written. */
static bool is_leaf(const struct sh_node *node) {
    switch ((int)node->op) {
    case SH_OP_COLUMN:
    case SH_OP_ROW:
    case SH_OP_FLAG:
    case SH_OP_EXACT:
    case SH_OP_AGGREGATE:
    case SH_OP_RELATED:
    case SH_OP_NTH:
    case SH_OP_PARAM:
    case SH_OP_OVERLAP:
    case SH_OP_PERIOD:
    case SH_OP_AGE:
    case SH_OP_COMPLETE:
        return true;
    default:
        return node->n_kids > 0 && node->kids[0] && node->kids[0]->from == node->from &&
               node->kids[0]->to == node->to;
    }
}

static sh_code read_values(struct reading *r, const struct sh_node *node) {
    if (is_leaf(node))
        return add_value(r, sh_str_trim(sh_str_sub(r->e->text, node->from, node->to - node->from)), node);
    if (node->op == SH_OP_AGE_IN_RANGE) { /* the age as it was compared */
        int64_t cell;
        SH_TRY(sh_spot_value(r->run, node->kids[2], r->spot, &cell, NULL));
        struct sh_node *kids[] = {node->kids[0], node->kids[1]};
        struct sh_node age = {
            .op = SH_OP_AGE, .n_kids = 2, .kids = kids, .type = sh_number_type(SH_UNIT_YEARS, 0)};
        if (cell > SH_NONE)
            age.type.unit = r->run->in->frame->ranges[cell].unit;
        const struct sh_node *birth = node->kids[0];
        SH_TRY(add_value(r, sh_str_sub(r->e->text, birth->from, birth->to - birth->from), &age));
        return read_values(r, node->kids[2]);
    }
    for (uint32_t k = 0; k < node->n_kids; k++)
        if (node->kids[k])
            SH_TRY(read_values(r, node->kids[k]));
    return SH_OK;
}

sh_code sh_expr_values(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                       uint32_t i, struct sh_value_read **ret, size_t *ret_n, struct sh_err *err) {
    assert(e && in && batch && ret && ret_n);
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    const struct sh_spot spot = sh_spot_of(e, batch, i);
    struct reading r = {.run = &run, .e = e, .spot = &spot};
    SH_TRY(read_values(&r, e->root));
    *ret = r.at;
    *ret_n = r.n;
    return SH_OK;
}
