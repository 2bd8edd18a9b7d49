/*
 * Bounds: what a condition can come to over many rows at once, without looking at each of them. Every node
 * gives for each run of rows the least and the greatest value and whether it may be missing or none; what is
 * not worth following may be anything. A run over which a hit can only be false needs no row to be looked at.
 */
#include "expr/node.h"
#include "base/date.h"
#include "base/wide.h"
#include <assert.h>

enum {
    RUNS_AT_ONCE = 256,  /* as many as the executor may be asked for at once */
    PAIRS_MAX = 1 << 14, /* related rows of one block of runs; with more, nothing is known */
    ALL = SH_MAY_VALUE | SH_MAY_MISSING | SH_MAY_NONE,
};

/* Tuples of a block: a run each, and inside a related call one related row. */
struct space {
    struct sh_run *run;
    const struct sh_row_runs *runs;
    uint32_t n;
    uint32_t first;     /* place of the first tuple's run among those asked for */
    const uint32_t *of; /* [n] run of each tuple; NULL: those asked for in turn */
    uint16_t slot;      /* the related row's variable */
    const int32_t *row; /* [n] related rows; NULL outside a related call */
};

static const struct sh_bounds anything = {INT64_MIN, INT64_MAX, ALL};

static uint32_t run_of(const struct space *s, uint32_t i) {
    if (s->of)
        return s->of[i];
    return s->runs->which ? s->runs->which[s->first + i] : s->first + i;
}

static struct sh_bounds exactly(int64_t v) {
    if (v == SH_MISSING || v == SH_NONE)
        return (struct sh_bounds){0, 0, v == SH_NONE ? SH_MAY_NONE : SH_MAY_MISSING};
    return (struct sh_bounds){v, v, SH_MAY_VALUE};
}

static bool is_exact(struct sh_bounds b) {
    return b.may == SH_MAY_VALUE && b.low == b.high;
}

static void fill(struct sh_bounds *out, uint32_t n, struct sh_bounds with) {
    for (uint32_t i = 0; i < n; i++)
        out[i] = with;
}

/* ---- columns ------------------------------------------------------------------------------------------- */

/* The value of one row as evaluation sees it. */
static int64_t value_at(const struct sh_model_column *column, const void *data, int64_t row) {
    const bool minus_one = sh_kind_minus_one(column->type.kind) || column->join >= 0;
    const int64_t if_gone = column->empty_none ? SH_NONE : SH_MISSING;
    int64_t v;
    if (column->storage == SH_STORE_I8) {
        const int8_t *small = (const int8_t *)data + row;
        v = *small == SH_MISSING_I8 || (minus_one && *small == -1) ? if_gone : (int64_t)*small;
    } else if (column->storage == SH_STORE_I32) {
        v = ((const int32_t *)data)[row];
        v = v == SH_MISSING_I32 || (minus_one && v == -1) ? if_gone : v;
    } else {
        v = ((const int64_t *)data)[row];
        v = v <= SH_NONE ? if_gone : v;
    }
    if (column->type.kind == SH_KIND_BOOL && v > SH_NONE)
        v = v != 0;
    return column->type.kind == SH_KIND_SCOPE && v == SH_SCOPE_NONE ? SH_MISSING : v;
}

#define COLUMN_BOUNDS(name, type, wide, gone_is)                                                             \
    SH_WIDE static void name(const type *x, const uint32_t *begin, uint32_t n, type gone2, uint8_t if_gone,  \
                             struct sh_bounds *ret) {                                                        \
        for (uint32_t r = 0; r < n; r++) {                                                                   \
            int64_t low = INT64_MAX, high = INT64_MIN;                                                       \
            bool any = false;                                                                                \
            for (uint32_t i = begin[r]; i < begin[r + 1]; i++) {                                             \
                const bool gone = x[i] == (gone_is) || x[i] == gone2;                                        \
                const int64_t v = (wide)x[i];                                                                \
                any |= gone;                                                                                 \
                low = !gone && v < low ? v : low;                                                            \
                high = !gone && v > high ? v : high;                                                         \
            }                                                                                                \
            ret[r] = low <= high                                                                             \
                         ? (struct sh_bounds){low, high, (uint8_t)(SH_MAY_VALUE | (any ? if_gone : 0))}      \
                         : (struct sh_bounds){0, 0, any ? if_gone : 0};                                      \
        }                                                                                                    \
    }
COLUMN_BOUNDS(bounds_i8, int8_t, int, SH_MISSING_I8)
COLUMN_BOUNDS(bounds_i32, int32_t, int, SH_MISSING_I32)
COLUMN_BOUNDS(bounds_i64, int64_t, int64_t, SH_MISSING)

void sh_column_bounds(const struct sh_model_column *column, const void *data, const uint32_t *begin,
                      uint32_t n, struct sh_bounds *ret) {
    const bool minus_one = sh_kind_minus_one(column->type.kind) || column->join >= 0;
    const uint8_t if_gone = column->empty_none ? SH_MAY_NONE : SH_MAY_MISSING;
    if (column->storage == SH_STORE_I8)
        bounds_i8(data, begin, n, minus_one ? -1 : SH_MISSING_I8, if_gone, ret);
    else if (column->storage == SH_STORE_I32)
        bounds_i32(data, begin, n, minus_one ? -1 : SH_MISSING_I32, if_gone, ret);
    else
        bounds_i64(data, begin, n, SH_NONE, if_gone, ret);
    for (uint32_t r = 0; r < n; r++) {
        if (column->type.kind == SH_KIND_BOOL)
            ret[r].low = ret[r].low != 0, ret[r].high = ret[r].high != 0; /* flags are 0 or more */
        if (column->type.kind == SH_KIND_BOOL && ret[r].low > ret[r].high)
            ret[r].low = 0, ret[r].high = 1;
        if (column->type.kind == SH_KIND_SCOPE)
            ret[r].may |= SH_MAY_MISSING;
    }
}

/* A way from the subject or the related row through joins, all but the first step of single rows: the columns
 * it goes by, looked up when the first row goes it. */
struct way {
    const struct sh_path *path;
    uint8_t hop; /* to begin with */
    bool is_known;
    const int32_t *joins[SH_HOPS_MAX];
    const void *data; /* NULL: a table without rows */
    const struct sh_model_column *column;
};

static sh_code know_way(const struct space *s, struct way *way) {
    const struct sh_path *path = way->path;
    for (uint8_t hop = way->hop; hop < path->n_hops; hop++) {
        const void *join;
        SH_TRY(sh_frame_column(s->run, path->hops[hop].table, path->hops[hop].column, &join));
        way->joins[hop] = join;
    }
    if (path->column != SH_NO_COLUMN) {
        SH_TRY(sh_frame_column(s->run, path->table, path->column, &way->data));
        way->column = &s->run->env->model->tables[path->table].columns[path->column];
    }
    way->is_known = true;
    return SH_OK;
}

static sh_code follow(const struct space *s, struct way *way, int64_t row, struct sh_bounds *ret) {
    const struct sh_path *path = way->path;
    if (!way->is_known && row >= 0)
        SH_TRY(know_way(s, way));
    for (uint8_t hop = way->hop; hop < path->n_hops && row >= 0; hop++)
        row = way->joins[hop] ? way->joins[hop][row] : -1;
    if (row < 0)
        *ret = exactly(SH_MISSING);
    else if (path->column == SH_NO_COLUMN)
        *ret = exactly(row);
    else
        *ret = exactly(way->data ? value_at(way->column, way->data, row) : SH_MISSING);
    return SH_OK;
}

/* The subject's column a path begins with, -1: the rows of the run themselves, -2: not known. */
static int first_column(const struct space *s, const struct sh_path *path, uint8_t *ret_hop) {
    *ret_hop = 0;
    if (path->slot != s->run->env->subject)
        return s->runs->joins[path->slot] >= 0 ? s->runs->joins[path->slot] : -2;
    if (path->n_hops > 0) {
        *ret_hop = 1;
        return path->hops[0].column;
    }
    return path->column == SH_NO_COLUMN ? -1 : (int)path->column;
}

static sh_code bounds_of_path(const struct space *s, const struct sh_path *path, struct sh_bounds *out) {
    if (s->row && path->slot == s->slot) {
        struct way way = {.path = path};
        for (uint32_t i = 0; i < s->n; i++)
            SH_TRY(follow(s, &way, s->row[i], &out[i]));
        return SH_OK;
    }
    uint8_t hop;
    const int column = first_column(s, path, &hop);
    const struct sh_bounds *of_runs = NULL;
    if (column >= 0)
        SH_TRY(s->runs->column(s->runs->ctx, (uint16_t)column, &of_runs, s->run->err));
    const bool ends_here = path->slot == s->run->env->subject && path->n_hops == 0;
    struct way way = {.path = path, .hop = hop};
    for (uint32_t i = 0; i < s->n; i++) {
        const uint32_t r = run_of(s, i);
        out[i] = anything;
        if (column == -1)
            out[i] = (struct sh_bounds){s->runs->begin[r], (int64_t)s->runs->begin[r + 1] - 1, SH_MAY_VALUE};
        else if (of_runs && ends_here)
            out[i] = of_runs[r];
        else if (of_runs && is_exact(of_runs[r]))
            SH_TRY(follow(s, &way, of_runs[r].low, &out[i]));
        else if (of_runs && !(of_runs[r].may & SH_MAY_VALUE)) /* no row joins anything */
            out[i] = exactly(SH_MISSING);
    }
    return SH_OK;
}

/* ---- conditions ---------------------------------------------------------------------------------------- */

/* What a condition can be, as bits; in logic "none" is unknown. */
enum { MAY_FALSE = 1, MAY_TRUE = 2, MAY_UNKNOWN = 4 };

static unsigned can(struct sh_bounds b) {
    unsigned ret = b.may & (SH_MAY_MISSING | SH_MAY_NONE) ? MAY_UNKNOWN : 0;
    if (b.may & SH_MAY_VALUE)
        ret |= (b.low <= 0 ? MAY_FALSE : 0) | (b.high >= 1 ? MAY_TRUE : 0);
    return ret;
}

static struct sh_bounds condition(unsigned can) {
    const uint8_t value = can & (MAY_FALSE | MAY_TRUE) ? SH_MAY_VALUE : 0;
    return (struct sh_bounds){!(can & MAY_FALSE), (can & MAY_TRUE) != 0,
                              (uint8_t)(value | (can & MAY_UNKNOWN ? SH_MAY_MISSING : 0))};
}

static unsigned invert(unsigned can) {
    return (can & MAY_UNKNOWN) | (can & MAY_FALSE ? MAY_TRUE : 0) | (can & MAY_TRUE ? MAY_FALSE : 0);
}

static unsigned both(unsigned a, unsigned b) {
    unsigned ret = (a | b) & MAY_FALSE;
    ret |= a & b & MAY_TRUE;
    const bool unknown =
        ((a & MAY_UNKNOWN) && (b & (MAY_UNKNOWN | MAY_TRUE))) || ((b & MAY_UNKNOWN) && (a & MAY_TRUE));
    return ret | (unknown ? MAY_UNKNOWN : 0);
}

static sh_code bounds_of(const struct space *s, const struct sh_node *node, struct sh_bounds *out);

static sh_code bounds_new(const struct space *s, const struct sh_node *node, struct sh_bounds **ret) {
    *ret = sh_new_raw(s->run->in->arena, struct sh_bounds, (size_t)s->n + 1);
    return *ret ? bounds_of(s, node, *ret) : sh_run_nomem(s->run);
}

/* Bounds of some tuples, places[0] … places[n - 1] of the space, at their places of out. */
static sh_code bounds_of_some(const struct space *s, const struct sh_node *node, const uint32_t *places,
                              uint32_t n, struct sh_bounds *out) {
    struct sh_arena *arena = s->run->in->arena;
    if (n == s->n)
        return bounds_of(s, node, out);
    uint32_t *which = sh_new_raw(arena, uint32_t, (size_t)n + 1);
    int32_t *rows = s->row ? sh_new_raw(arena, int32_t, (size_t)n + 1) : NULL;
    struct sh_bounds *some = sh_new_raw(arena, struct sh_bounds, (size_t)n + 1);
    if (!which || (s->row && !rows) || !some)
        return sh_run_nomem(s->run);
    for (uint32_t i = 0; i < n; i++)
        which[i] = run_of(s, places[i]);
    for (uint32_t i = 0; rows && i < n; i++)
        rows[i] = s->row[places[i]];
    struct sh_row_runs runs = *s->runs;
    struct space part = {.run = s->run, .runs = &runs, .n = n, .slot = s->slot, .row = rows};
    if (s->of)
        part.of = which;
    else
        runs.which = which, runs.n = n;
    SH_TRY(bounds_of(&part, node, some));
    for (uint32_t i = 0; i < n; i++)
        out[places[i]] = some[i];
    return SH_OK;
}

/* What one member of and, or settles is not asked of the next. */
static sh_code logic(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    const unsigned settled = node->op == SH_OP_AND ? MAY_FALSE : MAY_TRUE;
    SH_TRY(bounds_of(s, node->kids[0], out));
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = condition(node->op == SH_OP_NOT ? invert(can(out[i])) : can(out[i]));
    if (node->n_kids < 2)
        return SH_OK;
    uint32_t *open = sh_new_raw(s->run->in->arena, uint32_t, (size_t)s->n + 1);
    struct sh_bounds *next = sh_new_raw(s->run->in->arena, struct sh_bounds, (size_t)s->n + 1);
    if (!open || !next)
        return sh_run_nomem(s->run);
    for (uint32_t k = 1; k < node->n_kids; k++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < s->n; i++) {
            open[n] = i;
            n += can(out[i]) != settled;
        }
        if (n == 0)
            break;
        SH_TRY(bounds_of_some(s, node->kids[k], open, n, next));
        for (uint32_t j = 0; j < n; j++) {
            const unsigned a = can(out[open[j]]), b = can(next[open[j]]);
            out[open[j]] = condition(node->op == SH_OP_AND ? both(a, b) : invert(both(invert(a), invert(b))));
        }
    }
    return SH_OK;
}

/* a < b, a = b over all pairs of values. */
static unsigned less(struct sh_bounds a, struct sh_bounds b) {
    return (a.low < b.high ? MAY_TRUE : 0) | (a.high >= b.low ? MAY_FALSE : 0);
}
static unsigned equal(struct sh_bounds a, struct sh_bounds b) {
    return (a.low <= b.high && b.low <= a.high ? MAY_TRUE : 0) |
           (a.low == a.high && b.low == b.high && a.low == b.low ? 0 : MAY_FALSE);
}

static unsigned compare_values(enum sh_op op, struct sh_bounds a, struct sh_bounds b) {
    switch ((int)op) {
    case SH_OP_EQ:
        return equal(a, b);
    case SH_OP_NE:
        return invert(equal(a, b));
    case SH_OP_LT:
        return less(a, b);
    case SH_OP_GE:
        return invert(less(a, b));
    case SH_OP_GT:
        return less(b, a);
    default:
        return invert(less(b, a));
    }
}

static struct sh_bounds compare_one(enum sh_op op, struct sh_bounds a, struct sh_bounds b) {
    unsigned ret = (a.may | b.may) & SH_MAY_NONE ? MAY_FALSE : 0; /* a comparison with none is false */
    if ((a.may & SH_MAY_MISSING && b.may & ~(unsigned)SH_MAY_NONE) ||
        (b.may & SH_MAY_MISSING && a.may & ~(unsigned)SH_MAY_NONE))
        ret |= MAY_UNKNOWN;
    if (a.may & b.may & SH_MAY_VALUE)
        ret |= compare_values(op, a, b);
    return condition(ret);
}

static sh_code compare(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    if (a->rep != SH_REP_NARROW || b->rep != SH_REP_NARROW || a->vscale != b->vscale) {
        fill(out, s->n, anything);
        return SH_OK;
    }
    struct sh_bounds *x, *y;
    SH_TRY(bounds_new(s, a, &x));
    SH_TRY(bounds_new(s, b, &y));
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = compare_one(node->op, x[i], y[i]);
    return SH_OK;
}

static sh_code known(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    if (node->kids[0]->rep != SH_REP_NARROW) {
        fill(out, s->n, anything);
        return SH_OK;
    }
    SH_TRY(bounds_of(s, node->kids[0], out));
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = condition((out[i].may & SH_MAY_VALUE ? MAY_TRUE : 0) |
                           (out[i].may != SH_MAY_VALUE ? MAY_FALSE : 0));
    return SH_OK;
}

static sh_code flag(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    SH_TRY(bounds_of(s, node->kids[0], out));
    for (uint32_t i = 0; i < s->n; i++) {
        const unsigned none = out[i].may & SH_MAY_NONE ? MAY_FALSE : 0;
        out[i].may &= (uint8_t)~SH_MAY_NONE;
        out[i] = condition(can(out[i]) | none);
    }
    return SH_OK;
}

static sh_code in_codes(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    const struct sh_set *set = &node->codes->set;
    SH_TRY(bounds_of(s, node->kids[0], out));
    for (uint32_t i = 0; i < s->n; i++) {
        unsigned ret =
            (out[i].may & SH_MAY_MISSING ? MAY_UNKNOWN : 0) | (out[i].may & SH_MAY_NONE ? MAY_FALSE : 0);
        if (out[i].may & SH_MAY_VALUE) {
            bool in = false;
            for (uint32_t k = 0; k < set->n && out[i].low == out[i].high; k++)
                in |= set->ids[k] == out[i].low;
            ret |= out[i].low != out[i].high ? MAY_FALSE | MAY_TRUE
                   : in != node->negated     ? MAY_TRUE
                                             : MAY_FALSE;
        }
        out[i] = condition(ret);
    }
    return SH_OK;
}

/* ---- numbers and time ---------------------------------------------------------------------------------- */

/* What may be missing or none of two operands hands on. */
static uint8_t either(struct sh_bounds a, struct sh_bounds b) {
    const uint8_t gone = (uint8_t)((a.may | b.may) & (SH_MAY_MISSING | SH_MAY_NONE));
    return (uint8_t)(gone | (a.may & b.may & SH_MAY_VALUE));
}

static struct sh_bounds add_one(struct sh_bounds a, struct sh_bounds b, bool minus) {
    struct sh_bounds ret = {0, 0, either(a, b)};
    if (!(ret.may & SH_MAY_VALUE))
        return ret;
    const bool overflow = minus ? __builtin_sub_overflow(a.low, b.high, &ret.low) ||
                                      __builtin_sub_overflow(a.high, b.low, &ret.high)
                                : __builtin_add_overflow(a.low, b.low, &ret.low) ||
                                      __builtin_add_overflow(a.high, b.high, &ret.high);
    return overflow || ret.low <= SH_NONE ? anything : ret;
}

/* Functions that rise with their first argument; with the second they rise, or fall if `falls`. */
static struct sh_bounds monotone(const struct sh_node *node, struct sh_bounds a, struct sh_bounds b,
                                 bool falls) {
    struct sh_bounds ret = {0, 0, either(a, b)};
    if (!(ret.may & SH_MAY_VALUE))
        return ret;
    ret.low = sh_time_of_two(node, a.low, falls ? b.high : b.low);
    ret.high = sh_time_of_two(node, a.high, falls ? b.low : b.high);
    return ret.low <= SH_NONE || ret.high <= SH_NONE ? anything : ret;
}

/* Periods of a day or time rise with it. */
static sh_code period(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    SH_TRY(bounds_of(s, node->kids[0], out));
    for (uint32_t i = 0; i < s->n; i++) {
        if (!(out[i].may & SH_MAY_VALUE))
            continue;
        out[i].low = sh_time_of_one(node->op, out[i].low);
        out[i].high = sh_time_of_one(node->op, out[i].high);
        if (out[i].low <= SH_NONE || out[i].high <= SH_NONE)
            out[i] = anything;
    }
    return SH_OK;
}

static sh_code two(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    struct sh_bounds *b;
    const enum sh_op op = node->op;
    SH_TRY(bounds_of(s, node->kids[0], out));
    SH_TRY(bounds_new(s, node->kids[1], &b));
    for (uint32_t i = 0; i < s->n; i++)
        if (op == SH_OP_ADD || op == SH_OP_SUB)
            out[i] = add_one(out[i], b[i], op == SH_OP_SUB);
        else if (op == SH_OP_SHIFT)
            out[i] = monotone(node, out[i], b[i], node->negated);
        else
            out[i] = anything;
    return SH_OK;
}

/* ---- related rows -------------------------------------------------------------------------------------- */

/* any(…) is false where no row of the person can meet its condition, if its scope lies within the person. */
static bool is_followed(const struct space *s, const struct sh_node *node) {
    const struct sh_related *r = node->related;
    bool within = false;
    for (uint8_t i = 0; i < r->n_scopes; i++)
        within |= r->scopes[i] == SH_SCOPE_PERSON || r->scopes[i] == SH_SCOPE_INSTITUTION ||
                  r->scopes[i] == SH_SCOPE_DAY || r->scopes[i] == SH_SCOPE_EVER;
    if (!within) /* an encounter may hold rows of two persons, where sources err */
        return false;
    return r->fn == SH_RELATED_ANY && r->window_kind == SH_WINDOW_NONE && !r->window && !s->row &&
           s->run->in->world && s->run->in->world->candidates;
}

static sh_code fold_pairs(const struct space *s, const struct sh_related *r, const struct sh_candidates *c,
                          const uint8_t *toolong, struct sh_bounds *out) {
    struct sh_arena *arena = s->run->in->arena;
    const uint32_t n = c->begin[s->n];
    uint32_t *of = sh_new_raw(arena, uint32_t, (size_t)n + 1);
    struct sh_bounds *where = sh_new_raw(arena, struct sh_bounds, (size_t)n + 1);
    if (!of || !where)
        return sh_run_nomem(s->run);
    for (uint32_t i = 0; i < s->n; i++)
        for (uint32_t k = c->begin[i]; k < c->begin[i + 1]; k++)
            of[k] = run_of(s, i);
    const struct space pairs = {
        .run = s->run, .runs = s->runs, .n = n, .of = of, .slot = r->slot, .row = c->rows};
    if (r->where)
        SH_TRY(bounds_of(&pairs, r->where, where));
    else
        fill(where, n, exactly(1));
    for (uint32_t i = 0; i < s->n; i++) {
        unsigned any = 0;
        for (uint32_t k = c->begin[i]; k < c->begin[i + 1]; k++)
            any |= can(where[k]) & (MAY_TRUE | MAY_UNKNOWN);
        if (any == 0 && !toolong[i])
            out[i] = exactly(0);
    }
    return SH_OK;
}

static sh_code related(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    fill(out, s->n, anything);
    if (!is_followed(s, node))
        return SH_OK;
    struct sh_arena *arena = s->run->in->arena;
    int32_t *rows = sh_new_raw(arena, int32_t, (size_t)s->n + 1);
    uint8_t *toolong = sh_new(arena, uint8_t, (size_t)s->n + 1);
    if (!rows || !toolong)
        return sh_run_nomem(s->run);
    for (uint32_t i = 0; i < s->n; i++)
        rows[i] = (int32_t)s->runs->begin[run_of(s, i)];
    struct sh_candidates c;
    const struct sh_world *world = s->run->in->world;
    SH_TRY(world->candidates(world->ctx, node->related->table, SH_SCOPE_PERSON,
                             s->run->env->variables[s->run->env->subject].table, rows, s->n, arena, &c,
                             toolong, s->run->err));
    return c.begin[s->n] > PAIRS_MAX ? SH_OK : fold_pairs(s, node->related, &c, toolong, out);
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

static sh_code bounds_of_op(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    switch ((int)node->op) {
    case SH_OP_CONST:
    case SH_OP_PARAM:
        fill(out, s->n, exactly(node->value));
        return SH_OK;
    case SH_OP_COLUMN:
    case SH_OP_ROW:
        return bounds_of_path(s, &node->path, out);
    case SH_OP_FLAG:
        return flag(s, node, out);
    case SH_OP_AND:
    case SH_OP_OR:
    case SH_OP_NOT:
        return logic(s, node, out);
    case SH_OP_EQ:
    case SH_OP_NE:
    case SH_OP_LT:
    case SH_OP_LE:
    case SH_OP_GT:
    case SH_OP_GE:
        return compare(s, node, out);
    case SH_OP_KNOWN:
        return known(s, node, out);
    case SH_OP_IN_CODES:
        return in_codes(s, node, out);
    case SH_OP_ADD:
    case SH_OP_SUB:
    case SH_OP_SHIFT:
        if (node->n_kids == 2)
            return two(s, node, out);
        break;
    case SH_OP_DAY:
    case SH_OP_HOUR_START:
    case SH_OP_WEEK:
    case SH_OP_MONTH:
    case SH_OP_QUARTER:
    case SH_OP_YEAR:
        return period(s, node, out);
    case SH_OP_RELATED:
        return related(s, node, out);
    default:
        break;
    }
    fill(out, s->n, anything);
    return SH_OK;
}

/* Is it a shared part, whose bounds are kept by number of the run? */
static bool is_kept(const struct space *s, const struct sh_node *node) {
    return node->part > 0 && s->runs->shared && node->part <= s->runs->n_shared && !s->of && !s->row;
}

static sh_code bounds_of(const struct space *s, const struct sh_node *node, struct sh_bounds *out) {
    if (node->rep != SH_REP_NARROW) {
        fill(out, s->n, anything);
        return SH_OK;
    }
    if (!is_kept(s, node))
        return bounds_of_op(s, node, out);
    struct sh_bounds *kept = s->runs->shared[node->part - 1];
    uint8_t *known = s->runs->shared_known[node->part - 1];
    uint32_t n = 0, *left = NULL;
    for (uint32_t i = 0; i < s->n; i++) {
        const uint32_t r = run_of(s, i);
        if (known[r]) {
            out[i] = kept[r];
            continue;
        }
        if (!left)
            left = sh_new_raw(s->run->in->arena, uint32_t, (size_t)s->n + 1);
        if (!left)
            return sh_run_nomem(s->run);
        left[n++] = i;
    }
    if (n == 0)
        return SH_OK;
    if (n == s->n)
        SH_TRY(bounds_of_op(s, node, out));
    else
        SH_TRY(bounds_of_some(s, node, left, n, out));
    for (uint32_t i = 0; i < n; i++)
        kept[run_of(s, left[i])] = out[left[i]], known[run_of(s, left[i])] = 1;
    return SH_OK;
}

sh_code sh_expr_bounds(const struct sh_expr *e, const struct sh_eval *in, const struct sh_row_runs *runs,
                       struct sh_bounds *ret, struct sh_err *err) {
    assert(e && in && in->frame && in->arena && runs && ret);
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    for (uint32_t at = 0; at < runs->n; at += RUNS_AT_ONCE) {
        const struct space s = {.run = &run,
                                .runs = runs,
                                .first = at,
                                .n = runs->n - at < RUNS_AT_ONCE ? runs->n - at : RUNS_AT_ONCE};
        const struct sh_arena_mark mark = sh_arena_mark(in->arena);
        const sh_code code = bounds_of(&s, e->root, ret + at);
        sh_arena_rewind(in->arena, mark);
        SH_TRY(code);
    }
    for (uint32_t i = 0; i < runs->n && e->root->type.kind == SH_KIND_BOOL; i++) {
        if (!(ret[i].may & SH_MAY_NONE) && ret[i].low >= 0 && ret[i].high <= 1)
            continue;
        const bool none = ret[i].may & SH_MAY_NONE; /* at the root there is no such thing as none */
        ret[i].may &= (uint8_t)~SH_MAY_NONE;
        ret[i] = condition(can(ret[i]) | (none ? MAY_FALSE : 0));
    }
    return SH_OK;
}
