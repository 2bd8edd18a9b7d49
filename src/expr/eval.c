/* The walk over the tree: each node a vector over the tuples of a block. */
#include "expr/node.h"
#include <assert.h>

enum {
    BLOCK_TUPLES = 2048,    /* vectors of a block stay in the second cache */
    BLOCK_MEMBERS = 1 << 16 /* members of the groups of one block, unless one group alone has more */
};

sh_code sh_eval_new(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    int64_t **ret) {
    *ret = sh_new_raw(run->in->arena, int64_t, (size_t)view->n + 1);
    return *ret ? sh_eval_narrow(run, node, view, *ret) : sh_run_nomem(run);
}

static sh_code eval_logic(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                          int64_t *out) {
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    if (node->op == SH_OP_NOT)
        sh_kernel_not(out, view->n);
    for (uint32_t k = 1; k < node->n_kids; k++) {
        const struct sh_arena_mark mark = sh_arena_mark(run->in->arena);
        int64_t *next;
        SH_TRY(sh_eval_new(run, node->kids[k], view, &next));
        if (node->op == SH_OP_AND)
            sh_kernel_and(out, next, view->n);
        else
            sh_kernel_or(out, next, view->n);
        sh_arena_rewind(run->in->arena, mark);
    }
    return SH_OK;
}

static sh_code eval_arithmetic(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                               int64_t *out) {
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    for (uint32_t k = 1; k < node->n_kids; k++) {
        int64_t *next;
        SH_TRY(sh_eval_new(run, node->kids[k], view, &next));
        if (node->op == SH_OP_ADD || node->op == SH_OP_SUB)
            sh_kernel_add(out, next, node->op == SH_OP_SUB, view->n);
        else
            sh_kernel_min(out, next, node->op == SH_OP_MAX, view->n);
    }
    return SH_OK;
}

static int64_t pow10_small(int n) {
    int64_t p = 1;
    for (; n > 0; n--)
        p *= 10;
    return p;
}

static sh_code eval_one_number(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                               int64_t *out) {
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    const int64_t unit = pow10_small(node->op == SH_OP_CEIL ? node->kids[0]->vscale : 0);
    for (uint32_t i = 0; i < view->n; i++) {
        const int64_t x = out[i];
        if (x <= SH_NONE)
            continue;
        if (node->op == SH_OP_CEIL)
            out[i] = x / unit + (x % unit > 0);
        else
            out[i] = node->op == SH_OP_NEG || x < 0 ? -x : x;
    }
    return SH_OK;
}

static sh_code eval_known(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                          int64_t *out) {
    if (node->kids[0]->rep != SH_REP_NARROW) {
        struct sh_wide w;
        SH_TRY(sh_eval_wide(run, node->kids[0], view, &w));
        for (uint32_t i = 0; i < view->n; i++)
            out[i] = !sh_wide_gone(w.num[i]);
        return SH_OK;
    }
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = out[i] > SH_NONE;
    return SH_OK;
}

static sh_code eval_flag(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                         int64_t *out) {
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = out[i] == SH_NONE ? 0 : out[i];
    return SH_OK;
}

/* A sum of products asked as int64, e.g. at the root. */
static sh_code eval_wide_as_narrow(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                                   int to, int64_t *out) {
    struct sh_wide w;
    SH_TRY(sh_eval_wide(run, node, view, &w));
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = sh_wide_round(w.num[i], w.den ? w.den[i] : 1, node->vscale, to);
    return SH_OK;
}

static sh_code eval_op(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                       int64_t *out) {
    switch ((int)node->op) {
    case SH_OP_CONST:
    case SH_OP_PARAM:
        for (uint32_t i = 0; i < view->n; i++)
            out[i] = node->value;
        return SH_OK;
    case SH_OP_COLUMN:
        return sh_eval_column(run, node, view, out);
    case SH_OP_ROW:
        return sh_eval_row(run, node, view, out);
    case SH_OP_FLAG:
        return eval_flag(run, node, view, out);
    case SH_OP_AND:
    case SH_OP_OR:
    case SH_OP_NOT:
        return eval_logic(run, node, view, out);
    case SH_OP_EQ:
    case SH_OP_NE:
    case SH_OP_LT:
    case SH_OP_LE:
    case SH_OP_GT:
    case SH_OP_GE:
        return sh_eval_compare(run, node, view, out);
    case SH_OP_IN_CODES:
    case SH_OP_IN_VALUES:
    case SH_OP_IN_SET:
    case SH_OP_IN_RANGE:
    case SH_OP_AGE_IN_RANGE:
    case SH_OP_BETWEEN:
        return sh_eval_in(run, node, view, out);
    case SH_OP_KNOWN:
        return eval_known(run, node, view, out);
    case SH_OP_COMPLETE:
        return sh_eval_complete(run, node, view, out);
    case SH_OP_ADD:
    case SH_OP_SUB:
    case SH_OP_MIN:
    case SH_OP_MAX:
        return eval_arithmetic(run, node, view, out);
    case SH_OP_NEG:
    case SH_OP_ABS:
    case SH_OP_CEIL:
        return eval_one_number(run, node, view, out);
    case SH_OP_AGGREGATE:
        return sh_eval_aggregate(run, node, view, out, NULL);
    case SH_OP_NTH:
        return sh_eval_nth(run, node, view, out);
    case SH_OP_RELATED:
        return sh_eval_related(run, node, view, out);
    default:
        return sh_eval_time(run, node, view, out);
    }
}

sh_code sh_eval_narrow(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                       int64_t *out) {
    if (node->rep != SH_REP_NARROW)
        return eval_wide_as_narrow(run, node, view, node->type.scale, out);
    if (!sh_is_shared(run, node, view))
        return eval_op(run, node, view, out);
    if (sh_shared_take(run, node, view, out))
        return SH_OK;
    SH_TRY(eval_op(run, node, view, out));
    sh_shared_keep(run, node, view, out, 0);
    return SH_OK;
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

/* Tuples of the next block: few enough, with few enough members, whole groups where nth() asks. */
static uint32_t block_length(const struct sh_batch *batch, uint32_t lo, bool nth, uint32_t *io_group) {
    uint32_t n = batch->n - lo < BLOCK_TUPLES ? batch->n - lo : BLOCK_TUPLES;
    if (nth && batch->group_begin) {
        uint32_t g = *io_group + 1;
        while (g < batch->n_groups && batch->group_begin[g + 1] - lo <= BLOCK_TUPLES)
            g++;
        *io_group = g;
        return g <= batch->n_groups ? batch->group_begin[g] - lo : batch->n - lo;
    }
    if (nth)
        return batch->n - lo;
    if (batch->member_begin)
        while (n > 1 && batch->member_begin[lo + n] - batch->member_begin[lo] > BLOCK_MEMBERS)
            n /= 2;
    return n;
}

static sh_code eval_blocks(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                           int to, int64_t *ret, struct sh_err *err) {
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    uint32_t group = 0;
    for (uint32_t lo = 0; lo < batch->n;) {
        const uint32_t first_group = group;
        struct sh_view view = {.batch = batch, .lo = lo};
        view.n = block_length(batch, lo, e->root->nth, &group);
        if (e->root->nth && batch->group_begin && group <= batch->n_groups) {
            view.group_begin = batch->group_begin + first_group;
            view.n_groups = group - first_group;
        }
        const struct sh_arena_mark mark = sh_arena_mark(in->arena);
        const sh_code code = to >= 0 ? eval_wide_as_narrow(&run, e->root, &view, to, ret + lo)
                                     : sh_eval_narrow(&run, e->root, &view, ret + lo);
        sh_arena_rewind(in->arena, mark);
        SH_TRY(code);
        lo += view.n; /* 0 for empty groups: the next call goes on with the next group */
    }
    const int64_t none = e->root->type.kind == SH_KIND_BOOL ? 0 : SH_MISSING;
    if (e->root->may_none)
        for (uint32_t i = 0; i < batch->n; i++)
            ret[i] = ret[i] == SH_NONE ? none : ret[i];
    return SH_OK;
}

sh_code sh_expr_eval(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                     int64_t *ret, struct sh_err *err) {
    assert(e && in && in->frame && in->arena && batch);
    assert(ret || batch->n == 0);
    return eval_blocks(e, in, batch, -1, ret, err);
}

sh_code sh_expr_eval_fen(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                         int64_t *ret, struct sh_err *err) {
    assert(e && in && in->frame && in->arena && batch);
    assert(ret || batch->n == 0);
    if (e->root->type.kind != SH_KIND_NUMBER)
        return sh_fail(err, SH_E_INPUT, "%.*s is no amount of money", SH_ARG(e->text));
    return eval_blocks(e, in, batch, 2, ret, err);
}

sh_code sh_expr_eval_scaled(const struct sh_expr *e, int8_t scale, const struct sh_eval *in,
                            const struct sh_batch *batch, int64_t *ret, struct sh_err *err) {
    assert(e && in && in->frame && in->arena && batch);
    assert(ret || batch->n == 0);
    if (e->root->type.kind != SH_KIND_NUMBER)
        return sh_fail(err, SH_E_INPUT, "%.*s is no number", SH_ARG(e->text));
    return eval_blocks(e, in, batch, scale, ret, err);
}
