/* Why values are missing, for many tuples at once: where a lake lacks a column, a rule's every row asks. The
 * answers are those of explain.c, which takes over where members, related rows or the order within a group
 * decide. */
#include "expr/node.h"
#include <assert.h>
#include <string.h>

/* The tuples that ask, gathered: tuple i of `view` is pick[i] of the batch from outside. */
struct asking {
    struct sh_run *run;
    const struct sh_expr *e;
    const struct sh_batch *batch;
    const uint32_t *pick;
    struct sh_batch gathered;
    struct sh_view view;
    struct sh_str *ret; /* [view.n] */
};

static sh_code causes(struct asking *a, const struct sh_node *node, const uint32_t *which, uint32_t n);

static sh_code one_by_one(struct asking *a, const struct sh_node *node, const uint32_t *which, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const struct sh_spot spot = sh_spot_of(a->e, a->batch, a->pick[which[i]]);
        SH_TRY(sh_cause_at(a->run, node, &spot, &a->ret[which[i]]));
    }
    return SH_OK;
}

/* Those of `which` at which the row number of the path so far is missing get `text`; the others stay. */
static uint32_t rows_end(struct asking *a, const int32_t *rows, struct sh_str text, uint32_t *which,
                         uint32_t n) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (rows[which[i]] < 0)
            a->ret[which[i]] = text;
        else
            which[left++] = which[i];
    }
    return left;
}

static sh_code column_causes(struct asking *a, const struct sh_path *path, const uint32_t *asked,
                             uint32_t n) {
    struct sh_run *run = a->run;
    const struct sh_model *model = run->env->model;
    struct sh_str text;
    int32_t *rows;
    uint32_t *which = sh_new(run->in->arena, uint32_t, (size_t)n + 1);
    if (!which)
        return sh_run_nomem(run);
    memcpy(which, asked, n * sizeof(uint32_t));
    SH_TRY(sh_view_rows(run, &a->view, path->slot, &rows));
    SH_TRY(sh_run_text(run, &text, "%s",
                       path->slot < run->env->n_variables ? run->env->variables[path->slot].name
                                                          : model->tables[path->table].name));
    n = rows_end(a, rows, text, which, n);
    for (uint8_t h = 0; h < path->n_hops && n > 0; h++) {
        const struct sh_model_table *t = &model->tables[path->hops[h].table];
        const void *join;
        SH_TRY(sh_frame_column(run, path->hops[h].table, path->hops[h].column, &join));
        for (uint32_t i = 0; i < n; i++)
            rows[which[i]] = join ? ((const int32_t *)join)[rows[which[i]]] : -1;
        SH_TRY(sh_run_text(run, &text, "%s.%s", t->name, t->columns[path->hops[h].column].name));
        n = rows_end(a, rows, text, which, n);
    }
    const struct sh_model_table *t = &model->tables[path->table];
    SH_TRY(sh_run_text(run, &text, "%s.%s", t->name,
                       path->column == SH_NO_COLUMN ? "?" : t->columns[path->column].name));
    for (uint32_t i = 0; i < n; i++)
        a->ret[which[i]] = text;
    return SH_OK;
}

/* Split `which` into those whose value of `kid` is gone (to `out`) and the others, which stay; gives the
 * number of the first. */
static sh_code split_gone(struct asking *a, const struct sh_node *kid, bool none, uint32_t *which,
                          uint32_t *n, uint32_t *out, uint32_t *ret_n) {
    int64_t *values = NULL;
    struct sh_wide wide = {0};
    uint32_t left = 0, gone = 0;
    if (kid->rep == SH_REP_NARROW)
        SH_TRY(sh_eval_new(a->run, kid, &a->view, &values));
    else
        SH_TRY(sh_eval_wide(a->run, kid, &a->view, &wide));
    sh_check(values || wide.num);
    for (uint32_t i = 0; i < *n; i++) {
        const uint32_t at = which[i];
        const bool is_gone = values
                                 ? values[at] == SH_MISSING || (none && values[at] == SH_NONE)
                                 : wide.num[at] == SH_WIDE_MISSING || (none && wide.num[at] == SH_WIDE_NONE);
        if (is_gone)
            out[gone++] = at;
        else
            which[left++] = at;
    }
    *n = left;
    *ret_n = gone;
    return SH_OK;
}

/* The first kid that is missing decides; where none is, the node itself does. */
static sh_code kid_causes(struct asking *a, const struct sh_node *node, const uint32_t *asked, uint32_t n) {
    uint32_t *which = sh_new(a->run->in->arena, uint32_t, (size_t)n + 1);
    uint32_t *out = sh_new(a->run->in->arena, uint32_t, (size_t)n + 1);
    if (!which || !out)
        return sh_run_nomem(a->run);
    memcpy(which, asked, n * sizeof(uint32_t));
    for (int none = 0; none < 2; none++)
        for (uint32_t k = 0; k < node->n_kids && n > 0; k++) {
            uint32_t gone = 0;
            if (!node->kids[k])
                continue;
            SH_TRY(split_gone(a, node->kids[k], none == 1, which, &n, out, &gone));
            if (gone > 0)
                SH_TRY(causes(a, node->kids[k], out, gone));
        }
    return n > 0 ? one_by_one(a, node, which, n) : SH_OK;
}

static sh_code causes(struct asking *a, const struct sh_node *node, const uint32_t *which, uint32_t n) {
    switch ((int)node->op) {
    case SH_OP_COLUMN:
    case SH_OP_ROW:
        return column_causes(a, &node->path, which, n);
    case SH_OP_AGGREGATE:
    case SH_OP_NTH:
    case SH_OP_RELATED:
    case SH_OP_EXACT:
        return one_by_one(a, node, which, n);
    case SH_OP_PARAM:
        SH_TRY(one_by_one(a, node, which, 1));
        for (uint32_t i = 1; i < n; i++)
            a->ret[which[i]] = a->ret[which[0]];
        return SH_OK;
    default:
        return kid_causes(a, node, which, n);
    }
}

static sh_code gather(struct asking *a, uint32_t n) {
    a->gathered.n = n;
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++) {
        const int32_t *from = a->batch->rows[s];
        if (!from && s >= a->run->env->n_variables)
            continue;
        int32_t *to = sh_new_raw(a->run->in->arena, int32_t, (size_t)n + 1);
        if (!to)
            return sh_run_nomem(a->run);
        for (uint32_t i = 0; i < n; i++) /* rows that are not given are the tuples' own numbers */
            to[i] = from ? from[a->pick[i]] : (int32_t)a->pick[i];
        a->gathered.rows[s] = to;
    }
    a->view = (struct sh_view){.batch = &a->gathered, .n = n};
    return SH_OK;
}

sh_code sh_expr_causes(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                       const uint32_t *pick, uint32_t n, struct sh_str *ret, struct sh_err *err) {
    assert(e && in && batch && (n == 0 || (pick && ret)));
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    struct asking a = {.run = &run, .e = e, .batch = batch, .pick = pick, .ret = ret};
    if (n < 2 || batch->members || batch->merged || e->root->nth || e->root->rep != SH_REP_NARROW) {
        for (uint32_t i = 0; i < n; i++)
            SH_TRY(sh_expr_missing(e, in, batch, pick[i], &ret[i], err));
        return SH_OK;
    }
    uint32_t *which = sh_new(in->arena, uint32_t, n);
    if (!which)
        return sh_run_nomem(&run);
    for (uint32_t i = 0; i < n; i++)
        which[i] = i, ret[i] = (struct sh_str){0};
    SH_TRY(gather(&a, n));
    return causes(&a, e->root, which, n);
}
