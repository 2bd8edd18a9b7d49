/* Numbers of 128 bits and fractions of two of them: products, quotients, unlike decimals. Rounded once, at
 * the very end. */
#include "expr/node.h"
#include "base/decimal.h"

bool sh_wide_mul(sh_i128 a, sh_i128 b, sh_i128 *ret) {
    if (a == (int64_t)a && b == (int64_t)b) {
        *ret = a * b;
        return true;
    }
    const sh_u128 x = a < 0 ? -(sh_u128)a : (sh_u128)a, y = b < 0 ? -(sh_u128)b : (sh_u128)b;
    const sh_u128 low = x < y ? x : y, high = x < y ? y : x; /* low times the two halves of high */
    if (low >> 64)
        return false;
    const sh_u128 upper = (high >> 64) * low, lower = (high & UINT64_MAX) * low;
    const sh_u128 top = upper + (lower >> 64);
    if (top >> 63)
        return false;
    const sh_u128 product = (top << 64) | (lower & UINT64_MAX);
    *ret = (a < 0) != (b < 0) ? -(sh_i128)product : (sh_i128)product;
    return true;
}

bool sh_wide_pow10(int n, sh_i128 *ret) {
    if (n < 0 || n > 36)
        return false;
    *ret = n <= 18 ? sh_pow10(n) : (sh_i128)sh_pow10(18) * sh_pow10(n - 18);
    return true;
}

static bool scale_up(sh_i128 a, int by, sh_i128 *ret) {
    sh_i128 factor;
    *ret = a;
    return by == 0 || (sh_wide_pow10(by, &factor) && sh_wide_mul(a, factor, ret));
}

int64_t sh_wide_round(sh_i128 num, sh_i128 den, int scale, int to) {
    if (num == SH_WIDE_NONE)
        return SH_NONE;
    int64_t value;
    if (num == SH_WIDE_MISSING ||
        (to > scale ? !scale_up(num, to - scale, &num) : !scale_up(den, scale - to, &den)) ||
        sh_div_round(num, den, &value) != SH_OK || value <= SH_NONE)
        return SH_MISSING;
    return value;
}

static sh_code new_wide(const struct sh_run *run, uint32_t n, bool ratio, struct sh_wide *ret) {
    ret->num = sh_new_raw(run->in->arena, sh_i128, (size_t)n + 1);
    ret->den = ratio ? sh_new_raw(run->in->arena, sh_i128, (size_t)n + 1) : NULL;
    return ret->num && (!ratio || ret->den) ? SH_OK : sh_run_nomem(run);
}

sh_code sh_eval_wide(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                     struct sh_wide *ret) {
    if (node->rep != SH_REP_NARROW && node->op == SH_OP_AGGREGATE) {
        SH_TRY(new_wide(run, view->n, false, ret));
        return sh_eval_aggregate(run, node, view, NULL, ret->num);
    }
    if (node->rep != SH_REP_NARROW)
        return sh_eval_wide_op(run, node, view, ret);
    int64_t *values;
    SH_TRY(sh_eval_new(run, node, view, &values));
    SH_TRY(new_wide(run, view->n, false, ret));
    for (uint32_t i = 0; i < view->n; i++)
        ret->num[i] = values[i] == SH_MISSING ? SH_WIDE_MISSING
                      : values[i] == SH_NONE  ? SH_WIDE_NONE
                                              : values[i];
    return SH_OK;
}

/* One number of a vector. */
struct number {
    sh_i128 num, den;
};
static struct number at(const struct sh_wide *w, uint32_t i) {
    return (struct number){w->num[i], w->den ? w->den[i] : 1};
}
static const struct number missing = {SH_WIDE_MISSING, 1};

static struct number settled(bool ok, sh_i128 num, sh_i128 den) {
    if (!ok || sh_wide_gone(num) || sh_wide_gone(den))
        return missing;
    return (struct number){num, den};
}

static struct number number_add(struct number a, struct number b, int up_a, int up_b, bool minus) {
    bool ok = scale_up(a.num, up_a, &a.num) && scale_up(b.num, up_b, &b.num);
    sh_i128 den = a.den, sum;
    if (ok && a.den != b.den)
        ok = sh_wide_mul(a.num, b.den, &a.num) && sh_wide_mul(b.num, a.den, &b.num) &&
             sh_wide_mul(a.den, b.den, &den);
    ok = ok &&
         (minus ? !__builtin_sub_overflow(a.num, b.num, &sum) : !__builtin_add_overflow(a.num, b.num, &sum));
    return settled(ok, ok ? sum : 0, den);
}

static struct number number_mul(struct number a, struct number b) {
    const bool ok = sh_wide_mul(a.num, b.num, &a.num) && sh_wide_mul(a.den, b.den, &a.den);
    return settled(ok, a.num, a.den);
}

static struct number number_div(struct number a, struct number b) {
    bool ok = b.num != 0 && sh_wide_mul(a.num, b.den, &a.num) && sh_wide_mul(a.den, b.num, &a.den);
    if (ok && a.den < 0) {
        ok = a.num != SH_WIDE_MISSING && a.den != SH_WIDE_MISSING;
        a.num = ok ? -a.num : 0;
        a.den = ok ? -a.den : 1;
    }
    return settled(ok, a.num, a.den);
}

/* -1, 0, 1; 2: overflow */
static int number_compare(struct number a, struct number b, int up_a, int up_b) {
    bool ok = scale_up(a.num, up_a, &a.num) && scale_up(b.num, up_b, &b.num);
    if (ok && a.den != b.den)
        ok = sh_wide_mul(a.num, b.den, &a.num) && sh_wide_mul(b.num, a.den, &b.num);
    return !ok ? 2 : (a.num > b.num) - (a.num < b.num);
}

static struct number number_extreme(struct number a, struct number b, int up_a, int up_b, bool max) {
    const int order = number_compare(a, b, up_a, up_b);
    if (order == 2)
        return missing;
    struct number chosen = (order < 0) != max ? a : b;
    const bool ok = scale_up(chosen.num, (order < 0) != max ? up_a : up_b, &chosen.num);
    return settled(ok, chosen.num, chosen.den);
}

static struct number number_two(const struct sh_node *node, struct number a, struct number b, int up_a,
                                int up_b) {
    if (a.num == SH_WIDE_NONE || b.num == SH_WIDE_NONE)
        return (struct number){SH_WIDE_NONE, 1};
    if (a.num == SH_WIDE_MISSING || b.num == SH_WIDE_MISSING)
        return missing;
    switch ((int)node->op) {
    case SH_OP_ADD:
    case SH_OP_SUB:
        return number_add(a, b, up_a, up_b, node->op == SH_OP_SUB);
    case SH_OP_MUL:
        return number_mul(a, b);
    case SH_OP_DIV:
        return number_div(a, b);
    default:
        return number_extreme(a, b, up_a, up_b, node->op == SH_OP_MAX);
    }
}

static sh_i128 ceil_of(sh_i128 num, sh_i128 den, int scale) {
    sh_i128 factor;
    if (sh_wide_gone(num))
        return num;
    if (scale >= 0 ? !sh_wide_pow10(scale, &factor) || !sh_wide_mul(den, factor, &den)
                   : !sh_wide_pow10(-scale, &factor) || !sh_wide_mul(num, factor, &num))
        return SH_WIDE_MISSING;
    const sh_i128 whole = num / den;
    return num % den > 0 ? whole + 1 : whole;
}

static sh_code wide_one(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        struct sh_wide *ret) {
    struct sh_wide a;
    SH_TRY(sh_eval_wide(run, node->kids[0], view, &a));
    const int scale = node->kids[0]->vscale;
    for (uint32_t i = 0; i < view->n; i++) {
        const sh_i128 x = a.num[i];
        if (node->op == SH_OP_CEIL)
            a.num[i] = ceil_of(x, a.den ? a.den[i] : 1, scale);
        else if (!sh_wide_gone(x) && (node->op == SH_OP_NEG || x < 0))
            a.num[i] = -x;
    }
    if (node->op == SH_OP_CEIL)
        a.den = NULL;
    *ret = a;
    return SH_OK;
}

/* PARAM and CONST are narrow; what is wide is computed. */
sh_code sh_eval_wide_op(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        struct sh_wide *ret) {
    if (node->op == SH_OP_NEG || node->op == SH_OP_ABS || node->op == SH_OP_CEIL)
        return wide_one(run, node, view, ret);
    struct sh_wide a, b;
    int scale = node->kids[0]->vscale;
    SH_TRY(sh_eval_wide(run, node->kids[0], view, &a));
    SH_TRY(new_wide(run, view->n, node->rep == SH_REP_RATIO, ret));
    for (uint32_t k = 1; k < node->n_kids; k++) {
        const int other = node->kids[k]->vscale;
        SH_TRY(sh_eval_wide(run, node->kids[k], view, &b));
        const int up_a = other > scale ? other - scale : 0, up_b = scale > other ? scale - other : 0;
        for (uint32_t i = 0; i < view->n; i++) {
            const struct number x = number_two(node, at(&a, i), at(&b, i), up_a, up_b);
            ret->num[i] = x.num;
            if (ret->den)
                ret->den[i] = x.den;
        }
        a = *ret;
        scale = other > scale ? other : scale;
    }
    return SH_OK;
}

static int64_t answer(enum sh_op op, int order) {
    switch ((int)op) {
    case SH_OP_EQ:
        return order == 0;
    case SH_OP_NE:
        return order != 0;
    case SH_OP_LT:
        return order < 0;
    case SH_OP_LE:
        return order <= 0;
    case SH_OP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

static sh_code compare_wide(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            int64_t *out) {
    struct sh_wide a, b;
    bool done;
    SH_TRY(sh_compare_small(run, node, view, out, &done));
    if (done)
        return SH_OK;
    SH_TRY(sh_eval_wide(run, node->kids[0], view, &a));
    SH_TRY(sh_eval_wide(run, node->kids[1], view, &b));
    const int d = node->kids[1]->vscale - node->kids[0]->vscale;
    const int up_a = d > 0 ? d : 0, up_b = d < 0 ? -d : 0;
    for (uint32_t i = 0; i < view->n; i++) {
        if (a.num[i] == SH_WIDE_NONE || b.num[i] == SH_WIDE_NONE)
            out[i] = 0;
        else if (a.num[i] == SH_WIDE_MISSING || b.num[i] == SH_WIDE_MISSING)
            out[i] = SH_MISSING;
        else {
            const int order = number_compare(at(&a, i), at(&b, i), up_a, up_b);
            out[i] = order == 2 ? SH_MISSING : answer(node->op, order);
        }
    }
    return SH_OK;
}

/* Both lie in int64, with unlike decimals: 128 bits hold both sides whatever the scales. */
static sh_code compare_scaled(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                              int64_t *out) {
    int64_t *x, *y;
    SH_TRY(sh_eval_new(run, node->kids[0], view, &x));
    SH_TRY(sh_eval_new(run, node->kids[1], view, &y));
    const int d = node->kids[1]->vscale - node->kids[0]->vscale;
    const int64_t up_x = d > 0 ? sh_pow10(d) : 1, up_y = d < 0 ? sh_pow10(-d) : 1;
    for (uint32_t i = 0; i < view->n; i++) {
        const sh_i128 a = (sh_i128)x[i] * up_x, b = (sh_i128)y[i] * up_y;
        const int64_t is = answer(node->op, (a > b) - (a < b));
        out[i] = ((x[i] == SH_NONE) | (y[i] == SH_NONE))         ? 0
                 : ((x[i] == SH_MISSING) | (y[i] == SH_MISSING)) ? SH_MISSING
                                                                 : is;
    }
    return SH_OK;
}

/* A column of the tuple's own rows, row i in tuple i, beside a constant: no copy of the column. */
static sh_code compare_column(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                              int64_t *out, bool *ret_done) {
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    *ret_done = false;
    if (a->op != SH_OP_COLUMN || a->path.n_hops || view->batch->rows[a->path.slot] ||
        a->type.kind == SH_KIND_BOOL || (b->op != SH_OP_CONST && b->op != SH_OP_PARAM) || b->value <= SH_NONE)
        return SH_OK;
    const struct sh_model_column *column = &run->env->model->tables[a->path.table].columns[a->path.column];
    struct sh_kernel_column data = {.storage = column->storage,
                                    .from = view->lo,
                                    .minus_one = sh_kind_minus_one(a->type.kind),
                                    .empty_none = column->empty_none};
    SH_TRY(sh_frame_column(run, a->path.table, a->path.column, &data.at));
    *ret_done = sh_kernel_column_const(node->op, &data, b->value, out, view->n);
    return SH_OK;
}

sh_code sh_eval_compare(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        int64_t *out) {
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    if (a->rep != SH_REP_NARROW || b->rep != SH_REP_NARROW)
        return compare_wide(run, node, view, out);
    if (a->vscale != b->vscale)
        return compare_scaled(run, node, view, out);
    bool done;
    SH_TRY(compare_column(run, node, view, out, &done));
    if (done)
        return SH_OK;
    int64_t *x, *y;
    SH_TRY(sh_eval_new(run, a, view, &x));
    if (b->op == SH_OP_CONST && !a->may_none && b->value > SH_NONE) {
        sh_kernel_compare_const(node->op, x, b->value, out, view->n);
        return SH_OK;
    }
    SH_TRY(sh_eval_new(run, b, view, &y));
    if (a->may_none || b->may_none)
        sh_kernel_compare_none(node->op, x, y, out, view->n);
    else
        sh_kernel_compare(node->op, x, y, out, view->n);
    return SH_OK;
}
