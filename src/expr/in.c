/* Membership: code words, values, sets and ranges of knowledge cells. None is in nothing and out of nothing.
 */
#include "expr/node.h"
#include "base/wide.h"

static bool set_has(const struct sh_set *set, int64_t id) {
    uint32_t lo = 0, n = set->n;
    if (id < 0 || id > INT32_MAX)
        return false;
    while (n > 0) {
        const uint32_t half = n / 2;
        if (set->ids[lo + half] < id) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return lo < set->n && set->ids[lo] == id;
}

enum { SET_SCANNED = 4 }; /* words that are compared one by one */

static inline int64_t member(int64_t x, bool in, bool negated) {
    const int64_t gone = x == SH_NONE ? 0 : SH_MISSING;
    return x <= SH_NONE ? gone : (int64_t)(in != negated);
}

/* Is each of the values among the words? Without branches: which lines are of a kind is anyone's guess. */
SH_WIDE static void look_up_bits(const uint64_t *restrict bits, uint64_t n_bits, bool negated,
                                 int64_t *restrict io, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t x = (uint64_t)io[i];
        const bool within = x < n_bits; /* what is below zero is far beyond them */
        const uint64_t word = bits[within ? x >> 6 : 0];
        io[i] = member(io[i], within & (word >> (x & 63) & 1), negated);
    }
}

/* Few words: fewer stand for as many, by the first again. */
SH_WIDE static void look_up_few(const int64_t word[SET_SCANNED], bool negated, int64_t *restrict io,
                                uint32_t n) {
    const int64_t a = word[0], b = word[1], c = word[2], d = word[3];
    for (uint32_t i = 0; i < n; i++) {
        const int64_t x = io[i];
        io[i] = member(x, (x >= 0) & ((x == a) | (x == b) | (x == c) | (x == d)), negated);
    }
}

static void look_up_codes(const struct sh_codes *codes, bool negated, int64_t *io, uint32_t n) {
    const struct sh_set *set = &codes->set;
    if (codes->bits) {
        look_up_bits(codes->bits, codes->n_bits, negated, io, n);
    } else if (set->n <= SET_SCANNED) {
        int64_t word[SET_SCANNED];
        for (uint32_t k = 0; k < SET_SCANNED; k++)
            word[k] = set->n == 0 ? -1 : set->ids[k < set->n ? k : 0];
        look_up_few(word, negated, io, n);
    } else {
        for (uint32_t i = 0; i < n; i++)
            io[i] = member(io[i], set_has(set, io[i]), negated);
    }
}

static sh_code in_codes(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        int64_t *out) {
    const struct sh_codes *codes = node->codes;
    const struct sh_set set = codes->set;
    const struct sh_node *left = node->kids[0];
    if (set.n == 1 && left->op == SH_OP_COLUMN) { /* as fast as any other comparison of a column */
        struct sh_node id = {.op = SH_OP_CONST, .type = left->type, .value = set.ids[0]};
        struct sh_node *kids[] = {node->kids[0], &id};
        const struct sh_node equal = {.op = node->negated ? SH_OP_NE : SH_OP_EQ, .n_kids = 2, .kids = kids};
        return sh_eval_compare(run, &equal, view, out);
    }
    SH_TRY(sh_eval_narrow(run, left, view, out));
    look_up_codes(codes, node->negated, out, view->n);
    return SH_OK;
}

static sh_code in_values(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                         int64_t *out) {
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    for (uint32_t i = 0; i < view->n; i++) {
        bool in = false;
        for (uint32_t k = 0; k < node->values.n; k++)
            in |= node->values.at[k] == out[i];
        out[i] = member(out[i], in, node->negated);
    }
    return SH_OK;
}

static sh_code in_set(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                      int64_t *out) {
    int64_t *set;
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    SH_TRY(sh_eval_new(run, node->kids[1], view, &set));
    for (uint32_t i = 0; i < view->n; i++) {
        if (set[i] == SH_NONE || out[i] == SH_NONE)
            out[i] = 0;
        else if (set[i] == SH_MISSING)
            out[i] = SH_MISSING;
        else
            out[i] = member(out[i], set_has(&run->in->frame->sets[set[i]], out[i]), node->negated);
    }
    return SH_OK;
}

static sh_i128 power(int n) {
    sh_i128 p = 1;
    for (; n > 0; n--)
        p *= 10;
    return p;
}

/* Bounds lie with the decimals of the cell's type. */
static bool inside(const struct sh_range *range, int64_t x, int scale, int range_scale) {
    const sh_i128 v = x * power(range_scale > scale ? range_scale - scale : 0);
    const sh_i128 up = power(scale > range_scale ? scale - range_scale : 0);
    return (range->low == SH_MISSING || v >= range->low * up) &&
           (range->high == SH_MISSING || v < range->high * up);
}

/* A cell of days asked with hours, or the like, is a fault of the knowledge: not answered. */
static bool unit_fits(enum sh_unit cell, enum sh_unit unit) {
    return cell == SH_UNIT_NONE || cell == unit || (cell == SH_UNIT_RATIO && unit == SH_UNIT_NONE);
}

static sh_code in_range(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        int64_t *out) {
    const struct sh_node *left = node->kids[0];
    const int scale = left->vscale, range_scale = sh_scale_of(node->kids[1]->type);
    const bool number = left->type.kind == SH_KIND_NUMBER;
    int64_t *cell;
    SH_TRY(sh_eval_narrow(run, left, view, out));
    SH_TRY(sh_eval_new(run, node->kids[1], view, &cell));
    for (uint32_t i = 0; i < view->n; i++) {
        if (out[i] == SH_NONE || cell[i] == SH_NONE) {
            out[i] = 0;
            continue;
        }
        const struct sh_range *range = cell[i] == SH_MISSING ? NULL : &run->in->frame->ranges[cell[i]];
        if (!range || (number && !unit_fits(range->unit, left->type.unit)))
            out[i] = SH_MISSING;
        else
            out[i] =
                member(out[i], out[i] > SH_NONE && inside(range, out[i], scale, range_scale), node->negated);
    }
    return SH_OK;
}

/* Age in the unit each cell speaks of: a newborn in days, a child in years. */
static sh_code age_in_range(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            int64_t *out) {
    static const enum sh_unit units[] = {SH_UNIT_YEARS, SH_UNIT_MONTHS, SH_UNIT_DAYS};
    int64_t *cell, *ages[3] = {0};
    SH_TRY(sh_eval_new(run, node->kids[2], view, &cell));
    for (uint32_t i = 0; i < view->n; i++) {
        out[i] = SH_MISSING;
        if (cell[i] <= SH_NONE)
            continue;
        const struct sh_range *range = &run->in->frame->ranges[cell[i]];
        const int u = range->unit == SH_UNIT_DAYS ? 2 : range->unit == SH_UNIT_MONTHS ? 1 : 0;
        if (!ages[u]) {
            struct sh_node age = *node;
            age.op = SH_OP_AGE;
            age.n_kids = 2;
            age.type.unit = units[u];
            SH_TRY(sh_eval_new(run, &age, view, &ages[u]));
        }
        const int64_t x = ages[u][i];
        out[i] = member(x, x > SH_NONE && inside(range, x, 0, node->kids[2]->type.scale), node->negated);
    }
    return SH_OK;
}

static sh_code between(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                       int64_t *out) {
    int64_t *x, *low = NULL, *high = NULL;
    SH_TRY(sh_eval_new(run, node->kids[0], view, &x));
    if (node->kids[1])
        SH_TRY(sh_eval_new(run, node->kids[1], view, &low));
    if (node->kids[2])
        SH_TRY(sh_eval_new(run, node->kids[2], view, &high));
    for (uint32_t i = 0; i < view->n; i++) {
        const int64_t a = low ? low[i] : SH_NONE, b = high ? high[i] : SH_NONE; /* none: open */
        if (x[i] <= SH_NONE) {
            out[i] = x[i] == SH_NONE ? 0 : SH_MISSING;
            continue;
        }
        const bool below = a > SH_NONE && x[i] < a;
        const bool above = b > SH_NONE && (node->closed ? x[i] > b : x[i] >= b);
        if (below || above)
            out[i] = node->negated;
        else
            out[i] = a == SH_MISSING || b == SH_MISSING ? SH_MISSING : !node->negated;
    }
    return SH_OK;
}

sh_code sh_eval_in(struct sh_run *run, const struct sh_node *node, const struct sh_view *view, int64_t *out) {
    switch ((int)node->op) {
    case SH_OP_IN_CODES:
        return in_codes(run, node, view, out);
    case SH_OP_IN_VALUES:
        return in_values(run, node, view, out);
    case SH_OP_IN_SET:
        return in_set(run, node, view, out);
    case SH_OP_IN_RANGE:
        return in_range(run, node, view, out);
    case SH_OP_AGE_IN_RANGE:
        return age_in_range(run, node, view, out);
    default:
        return between(run, node, view, out);
    }
}
