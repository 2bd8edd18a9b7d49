/* Products and unlike decimals in 64 bits, where the values at hand are small enough: the bound of each
 * vector is known, and what might not fit is left to wide.c. */
#include "base/decimal.h"
#include "base/wide.h"
#include "expr/node.h"

/* Below it a sum of two still fits, and no value is a sentinel. */
#define BOUND_MAX ((uint64_t)1 << 61)

/* Greatest magnitude of the values that are there. */
SH_WIDE static uint64_t bound_of(const int64_t *v, uint32_t n) {
    int64_t low = 0, high = 0;
    for (uint32_t i = 0; i < n; i++) {
        const int64_t x = v[i] <= SH_NONE ? 0 : v[i];
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    const uint64_t below = 0 - (uint64_t)low, above = (uint64_t)high;
    return below > above ? below : above;
}

SH_WIDE static void times(int64_t *io, int64_t factor, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        io[i] = io[i] <= SH_NONE ? io[i] : (int64_t)((uint64_t)io[i] * (uint64_t)factor);
}

static bool scale_up(struct sh_small *a, int by, uint32_t n) {
    if (by == 0)
        return true;
    uint64_t bound;
    if (by > 18 || __builtin_mul_overflow(a->bound, (uint64_t)sh_pow10(by), &bound) || bound >= BOUND_MAX)
        return false;
    times(a->at, sh_pow10(by), n);
    a->bound = bound;
    return true;
}

/* None wins over missing, missing over a value. */
SH_WIDE static void times_each(int64_t *restrict io, const int64_t *restrict b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const int64_t x = io[i], y = b[i];
        const int64_t gone = ((x == SH_NONE) | (y == SH_NONE)) ? SH_NONE : SH_MISSING;
        const bool is_gone = (x <= SH_NONE) | (y <= SH_NONE);
        io[i] = is_gone ? gone : (int64_t)((uint64_t)x * (uint64_t)y);
    }
}

/* Sums and differences of values that fit. */
SH_WIDE static void plus_each(int64_t *restrict io, const int64_t *restrict b, bool minus, uint32_t n) {
    const int64_t flip = minus ? -1 : 0; /* -y is ~y + 1 */
    for (uint32_t i = 0; i < n; i++) {
        const int64_t x = io[i], y = b[i];
        const int64_t gone = ((x == SH_NONE) | (y == SH_NONE)) ? SH_NONE : SH_MISSING;
        const bool is_gone = (x <= SH_NONE) | (y <= SH_NONE);
        io[i] = is_gone ? gone : (int64_t)((uint64_t)x + (uint64_t)((y ^ flip) - flip));
    }
}

SH_WIDE static void turn(int64_t *io, bool all, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        io[i] = ((io[i] > SH_NONE) & (all | (io[i] < 0))) ? -io[i] : io[i];
}

static bool multiply(struct sh_small *a, const struct sh_small *b, uint32_t n) {
    uint64_t bound;
    if (__builtin_mul_overflow(a->bound, b->bound, &bound) || bound >= BOUND_MAX)
        return false;
    times_each(a->at, b->at, n);
    a->bound = bound;
    return true;
}

static bool combine(const struct sh_node *node, struct sh_small *a, struct sh_small *b, int up_a, int up_b,
                    uint32_t n) {
    if (node->op == SH_OP_MUL)
        return multiply(a, b, n);
    if (!scale_up(a, up_a, n) || !scale_up(b, up_b, n) || a->bound + b->bound >= BOUND_MAX)
        return false;
    if (node->op == SH_OP_ADD || node->op == SH_OP_SUB)
        plus_each(a->at, b->at, node->op == SH_OP_SUB, n);
    else if (node->op == SH_OP_MIN || node->op == SH_OP_MAX)
        sh_kernel_min(a->at, b->at, node->op == SH_OP_MAX, n);
    else
        return false;
    a->bound += b->bound;
    return true;
}

static sh_code small_op(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        struct sh_small *ret, bool *ret_fits) {
    int scale = node->kids[0]->vscale;
    SH_TRY(sh_eval_small(run, node->kids[0], view, ret, ret_fits));
    for (uint32_t k = 1; k < node->n_kids && *ret_fits; k++) {
        struct sh_small b;
        const int other = node->kids[k]->vscale;
        SH_TRY(sh_eval_small(run, node->kids[k], view, &b, ret_fits));
        if (!*ret_fits)
            return SH_OK;
        *ret_fits = combine(node, ret, &b, other > scale ? other - scale : 0,
                            scale > other ? scale - other : 0, view->n);
        scale = other > scale ? other : scale;
    }
    if (*ret_fits && (node->op == SH_OP_NEG || node->op == SH_OP_ABS))
        turn(ret->at, node->op == SH_OP_NEG, view->n);
    return SH_OK;
}

static bool is_small_op(enum sh_op op) {
    return op == SH_OP_ADD || op == SH_OP_SUB || op == SH_OP_MUL || op == SH_OP_MIN || op == SH_OP_MAX ||
           op == SH_OP_NEG || op == SH_OP_ABS;
}

/* Values that are known already; those that fitted when they were made fit again. */
static sh_code take_shared(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                           struct sh_small *ret, bool *ret_done) {
    ret->at = sh_new_raw(run->in->arena, int64_t, (size_t)view->n + 1);
    if (!ret->at)
        return sh_run_nomem(run);
    *ret_done = sh_shared_take(run, node, view, ret->at);
    ret->bound = sh_shared_most(run, node);
    return SH_OK;
}

sh_code sh_eval_small(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                      struct sh_small *ret, bool *ret_fits) {
    *ret_fits = false;
    if (node->rep == SH_REP_NARROW) {
        const bool is_const = node->op == SH_OP_CONST || node->op == SH_OP_PARAM;
        SH_TRY(sh_eval_new(run, node, view, &ret->at));
        ret->bound = bound_of(ret->at, is_const && view->n > 0 ? 1 : view->n);
        *ret_fits = ret->bound < BOUND_MAX;
        return SH_OK;
    }
    if (node->rep == SH_REP_RATIO || !is_small_op(node->op))
        return SH_OK;
    const bool shared = sh_is_shared(run, node, view);
    if (shared)
        SH_TRY(take_shared(run, node, view, ret, ret_fits));
    if (*ret_fits)
        return SH_OK;
    SH_TRY(small_op(run, node, view, ret, ret_fits));
    if (shared && *ret_fits)
        sh_shared_keep(run, node, view, ret->at, ret->bound);
    return SH_OK;
}

sh_code sh_compare_small(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                         int64_t *out, bool *ret_done) {
    struct sh_small a, b;
    SH_TRY(sh_eval_small(run, node->kids[0], view, &a, ret_done));
    if (!*ret_done)
        return SH_OK;
    SH_TRY(sh_eval_small(run, node->kids[1], view, &b, ret_done));
    const int d = node->kids[1]->vscale - node->kids[0]->vscale;
    *ret_done = *ret_done && scale_up(&a, d > 0 ? d : 0, view->n) && scale_up(&b, d < 0 ? -d : 0, view->n);
    if (*ret_done)
        sh_kernel_compare_none(node->op, a.at, b.at, out, view->n);
    return SH_OK;
}
