/* Aggregates over the members of groups and windows, and nth(). One missing member makes the answer missing;
 * members for which there is no such value (SH_NONE) are left out. */
#include "expr/node.h"

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The standing members of the view's tuples, gathered into a batch of their own. */
static sh_code gather_standing(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                               struct sh_batch *space, struct sh_view *ret, const uint32_t **ret_begin) {
    const struct sh_batch *batch = view->batch, *members = batch->members;
    const uint32_t *begin = batch->standing_begin + view->lo;
    const uint32_t n = begin[view->n] - begin[0];
    uint32_t *own = sh_new_raw(run->in->arena, uint32_t, (size_t)view->n + 1);
    if (!own)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i <= view->n; i++)
        own[i] = begin[i] - begin[0];
    *space = (struct sh_batch){.n = n};
    const uint32_t slots = node->aggregate->slots | (uint32_t)1 << run->env->subject;
    for (uint16_t s = 0; s < run->env->n_variables; s++) {
        if (!(slots >> s & 1))
            continue;
        int32_t *rows = sh_new_raw(run->in->arena, int32_t, (size_t)n + 1);
        if (!rows)
            return sh_run_nomem(run);
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t m = batch->standing_members[begin[0] + i];
            rows[i] = members->rows[s] ? members->rows[s][m] : (int32_t)m;
        }
        space->rows[s] = rows;
    }
    *ret = (struct sh_view){.batch = space, .n = n, .group_begin = own, .n_groups = view->n};
    *ret_begin = own;
    return SH_OK;
}

sh_code sh_view_members(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        struct sh_batch *space, struct sh_view *ret, const uint32_t **ret_begin) {
    const struct sh_batch *batch = view->batch;
    const bool standing = node->aggregate->standing;
    if (!batch->members || !(standing ? batch->standing_begin : batch->member_begin))
        return sh_fail(run->err, SH_E_INTERNAL,
                       "an aggregate was evaluated without the members of its group");
    if (standing)
        return gather_standing(run, node, view, space, ret, ret_begin);
    const uint32_t *begin = batch->member_begin + view->lo;
    uint32_t *own = sh_new_raw(run->in->arena, uint32_t, (size_t)view->n + 1);
    if (!own)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i <= view->n; i++)
        own[i] = begin[i] - begin[0];
    *ret = (struct sh_view){.batch = batch->members,
                            .lo = begin[0],
                            .n = begin[view->n] - begin[0],
                            .group_begin = begin,
                            .n_groups = view->n};
    *ret_begin = own;
    return SH_OK;
}

/* What the folds read, for the members of all groups of a view. */
struct fold {
    const struct sh_node *node;
    const uint32_t *begin;  /* [groups + 1] */
    const int64_t *where;   /* or NULL */
    int64_t *const *values; /* [n_kids] */
    int64_t *space;         /* room for the members of one group, times columns */
};

/* 1 counts, 0 is left out, SH_MISSING unknown */
static inline int64_t counts(const struct fold *f, uint32_t i) {
    return f->where ? f->where[i] : 1;
}

static int64_t fold_sum(const struct fold *f, uint32_t from, uint32_t to) {
    const int64_t *v = f->values[0];
    sh_i128 sum = 0;
    for (uint32_t i = from; i < to; i++) {
        const int64_t w = counts(f, i);
        if (w == 0 || (w == 1 && v[i] == SH_NONE))
            continue;
        if (w == SH_MISSING || v[i] == SH_MISSING)
            return SH_MISSING;
        sum += v[i];
    }
    return sum > SH_NONE && sum <= INT64_MAX ? (int64_t)sum : SH_MISSING;
}

static int64_t fold_extreme(const struct fold *f, uint32_t from, uint32_t to, bool max) {
    const int64_t *v = f->values[0];
    int64_t best = SH_NONE;
    for (uint32_t i = from; i < to; i++) {
        const int64_t w = counts(f, i);
        if (w == 0 || (w == 1 && v[i] == SH_NONE))
            continue;
        if (w == SH_MISSING || v[i] == SH_MISSING)
            return SH_MISSING;
        if (best == SH_NONE || (max ? v[i] > best : v[i] < best))
            best = v[i];
    }
    return best;
}

static int64_t fold_count(const struct fold *f, uint32_t from, uint32_t to) {
    const int64_t *condition = f->values[0]; /* or NULL */
    int64_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        int64_t w = counts(f, i);
        if (condition && w != 0) { /* where and condition, Kleene */
            const int64_t v = condition[i];
            w = v == 0 ? 0 : (w | v) < 0 ? SH_MISSING : 1;
        }
        if (w == SH_MISSING)
            return SH_MISSING;
        n += w;
    }
    return n;
}

static int64_t fold_condition(const struct fold *f, uint32_t from, uint32_t to, bool every) {
    bool unknown = false;
    for (uint32_t i = from; i < to; i++) {
        const int64_t w = counts(f, i), v = f->values[0][i];
        if (w == 0 || v == (every ? 1 : 0))
            continue;
        if (w == SH_MISSING || v == SH_MISSING)
            unknown = true;
        else
            return !every;
    }
    return unknown ? SH_MISSING : every;
}

static int64_t count_distinct(int64_t *v, uint32_t n) {
    int64_t distinct = 0;
    uint32_t in_order = 1; /* values from the first on; mostly all are alike, or days in their order */
    while (in_order < n && v[in_order - 1] <= v[in_order])
        in_order++;
    if (in_order < n)
        qsort(v, n, sizeof *v, by_value);
    for (uint32_t i = 0; i < n; i++)
        distinct += i == 0 || v[i] != v[i - 1];
    return distinct;
}

struct pair {
    int64_t key, value;
    uint32_t at;
};
static int by_pair(const void *a, const void *b) {
    const struct pair *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->value > y->value) - (x->value < y->value);
}

/* The members that count, with the first column as key; false: one is missing. */
static bool distinct_rows(const struct fold *f, uint32_t from, uint32_t to, struct pair *p, uint32_t *ret_n) {
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        const int64_t w = counts(f, i);
        if (w == 0)
            continue;
        bool none = false, gone = w == SH_MISSING;
        for (uint32_t c = 0; c < f->node->n_kids; c++) {
            none |= f->values[c][i] == SH_NONE;
            gone |= f->values[c][i] == SH_MISSING;
        }
        if (gone)
            return false;
        if (!none)
            p[n++] = (struct pair){.key = f->values[0][i], .at = i};
    }
    *ret_n = n;
    return true;
}

/* Rows of several columns become one number each: the rank by the columns so far, refined by the next. */
static int64_t fold_distinct(const struct fold *f, uint32_t from, uint32_t to) {
    struct pair *p = (struct pair *)(void *)f->space;
    uint32_t n;
    if (!distinct_rows(f, from, to, p, &n))
        return SH_MISSING;
    if (f->node->n_kids == 1) {
        int64_t *v = f->space;
        for (uint32_t i = 0; i < n; i++)
            v[i] = p[i].key; /* v[i] lies before p[i] */
        return count_distinct(v, n);
    }
    int64_t groups = 0;
    for (uint32_t c = 1; c < f->node->n_kids; c++) {
        for (uint32_t i = 0; i < n; i++)
            p[i].value = f->values[c][p[i].at];
        qsort(p, n, sizeof *p, by_pair);
        struct pair last = {0};
        groups = 0;
        for (uint32_t i = 0; i < n; i++) {
            const struct pair x = p[i];
            groups += i == 0 || x.key != last.key || x.value != last.value;
            p[i].key = groups;
            last = x;
        }
    }
    return groups;
}

struct cover {
    int64_t day, end;
};

/* Days that member i covers: its supply, a day begun counts; at least one. */
static int64_t cover_days(const struct fold *f, const int64_t *supply, uint32_t i) {
    if (!supply)
        return 1;
    int64_t length = supply[i] != SH_NONE ? supply[i] : 1;
    for (int d = f->node->aggregate->supply->vscale; d > 0; d--)
        length = length / 10 + (length % 10 > 0);
    return length > 1 ? length : 1;
}

/* Days in the union of [day, end). */
static int64_t union_days(const struct cover *p, uint32_t n) {
    int64_t days = 0, covered = INT64_MIN;
    for (uint32_t i = 0; i < n; i++) {
        const int64_t start = p[i].day > covered ? p[i].day : covered;
        if (p[i].end > start)
            days += p[i].end - start;
        covered = p[i].end > covered ? p[i].end : covered;
    }
    return days;
}

/* Distinct days covered: union of [day, day + supply). */
static int64_t fold_days(const struct fold *f, uint32_t from, uint32_t to) {
    const int64_t *day = f->values[0], *supply = f->node->aggregate->supply ? f->values[1] : NULL;
    struct cover *p = (struct cover *)(void *)f->space;
    uint32_t n = 0;
    bool sorted = true;
    for (uint32_t i = from; i < to; i++) {
        const int64_t w = counts(f, i);
        if (w == 0)
            continue;
        if (w == SH_MISSING || day[i] <= SH_NONE || (supply && supply[i] == SH_MISSING))
            return SH_MISSING;
        const int64_t length = cover_days(f, supply, i);
        if (length > INT32_MAX)
            return SH_MISSING;
        sorted = sorted && (n == 0 || p[n - 1].day <= day[i]);
        p[n++] = (struct cover){day[i], day[i] + length};
    }
    if (!sorted)
        qsort(p, n, sizeof *p, by_value);
    return union_days(p, n);
}

static int64_t fold_span(const struct fold *f, uint32_t from, uint32_t to) {
    const int64_t first = fold_extreme(f, from, to, false), last = fold_extreme(f, from, to, true);
    if (first == SH_NONE)
        return 0;
    return first == SH_MISSING || last == SH_MISSING ? SH_MISSING : last - first + 1;
}

static int64_t fold_one(const struct fold *f, uint32_t from, uint32_t to) {
    switch (f->node->aggregate->fn) {
    case SH_AGG_SUM:
        return fold_sum(f, from, to);
    case SH_AGG_COUNT:
        return fold_count(f, from, to);
    case SH_AGG_DISTINCT:
        return fold_distinct(f, from, to);
    case SH_AGG_MIN:
        return fold_extreme(f, from, to, false);
    case SH_AGG_MAX:
        return fold_extreme(f, from, to, true);
    case SH_AGG_DAYS:
        return fold_days(f, from, to);
    case SH_AGG_SPAN:
        return fold_span(f, from, to);
    case SH_AGG_ANY:
        return fold_condition(f, from, to, false);
    case SH_AGG_EVERY:
        return fold_condition(f, from, to, true);
    }
    return SH_MISSING;
}

/* Sums and extremes of products: 128 bits. */
static sh_i128 fold_wide(const struct fold *f, const sh_i128 *v, uint32_t from, uint32_t to) {
    const enum sh_aggregate_fn fn = f->node->aggregate->fn;
    sh_i128 total = fn == SH_AGG_SUM ? 0 : SH_WIDE_NONE;
    for (uint32_t i = from; i < to; i++) {
        const int64_t w = counts(f, i);
        if (w == 0 || (w == 1 && v[i] == SH_WIDE_NONE))
            continue;
        if (w == SH_MISSING || v[i] == SH_WIDE_MISSING)
            return SH_WIDE_MISSING;
        if (fn != SH_AGG_SUM)
            total = total == SH_WIDE_NONE || (fn == SH_AGG_MAX ? v[i] > total : v[i] < total) ? v[i] : total;
        else if (__builtin_add_overflow(total, v[i], &total) || sh_wide_gone(total))
            return SH_WIDE_MISSING;
    }
    return total;
}

static uint32_t longest(const uint32_t *begin, uint32_t n) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = begin[i + 1] - begin[i] > most ? begin[i + 1] - begin[i] : most;
    return most;
}

sh_code sh_eval_aggregate(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                          int64_t *out, sh_i128 *wide) {
    const struct sh_aggregate *a = node->aggregate;
    struct sh_batch space;
    struct sh_view members;
    struct fold f = {.node = node};
    int64_t *where = NULL, *values[8] = {0};
    if (view->batch->merged) {
        sh_partial_read(view->batch, view->lo, view->n, a->number, out, wide);
        return SH_OK;
    }
    SH_TRY(sh_view_members(run, node, view, &space, &members, &f.begin));
    if (a->where)
        SH_TRY(sh_eval_new(run, a->where, &members, &where));
    f.where = where;
    f.values = values;
    if (wide) {
        struct sh_wide w;
        SH_TRY(sh_eval_wide(run, node->kids[0], &members, &w));
        for (uint32_t i = 0; i < view->n; i++)
            wide[i] = fold_wide(&f, w.num, f.begin[i], f.begin[i + 1]);
        return SH_OK;
    }
    for (uint32_t k = 0; k < node->n_kids; k++)
        SH_TRY(sh_eval_new(run, node->kids[k], &members, &values[k]));
    if (a->day)
        SH_TRY(sh_eval_new(run, a->day, &members, &values[0]));
    if (a->supply)
        SH_TRY(sh_eval_new(run, a->supply, &members, &values[1]));
    sh_check(values[0] || a->fn == SH_AGG_COUNT);
    if (a->fn == SH_AGG_DISTINCT || a->fn == SH_AGG_DAYS) {
        f.space = sh_new(run->in->arena, int64_t, 3 * (size_t)longest(f.begin, view->n) + 3);
        if (!f.space)
            return sh_run_nomem(run);
    }
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = fold_one(&f, f.begin[i], f.begin[i + 1]);
    return SH_OK;
}

/* ---- nth ----------------------------------------------------------------------------------------------- */

struct ranked {
    int64_t key; /* what it is sorted by */
    uint32_t at; /* member in its group; decides ties: the total order */
    uint32_t place;
};
static int by_key(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->at > y->at) - (x->at < y->at);
}

/* Rank of each member's x among the distinct x, in the order of their first appearance by y. */
static void rank_group(const int64_t *x, const int64_t *y, bool descending, struct ranked *p,
                       struct ranked *q, uint32_t n, int64_t *out) {
    for (uint32_t i = 0; i < n; i++) {
        if (x[i] <= SH_NONE || (y && y[i] <= SH_NONE)) {
            for (uint32_t j = 0; j < n; j++)
                out[j] = SH_MISSING;
            return;
        }
        p[i] = (struct ranked){.key = !y ? 0 : descending ? -y[i] : y[i], .at = i};
    }
    qsort(p, n, sizeof *p, by_key);
    for (uint32_t place = 0; place < n; place++)
        q[place] = (struct ranked){.key = x[p[place].at],
                                   .at = place}; /* ties by place: the first appearance leads its run */
    qsort(q, n, sizeof *q, by_key);
    for (uint32_t i = 0; i < n; i++) /* place of the first appearance, per place */
        p[q[i].at].place = i > 0 && q[i].key == q[i - 1].key ? p[q[i - 1].at].place : q[i].at;
    uint32_t rank = 0;
    for (uint32_t place = 0; place < n; place++) {
        q[place].place = p[place].place == place ? ++rank : q[p[place].place].place;
        out[p[place].at] = q[place].place;
    }
}

sh_code sh_eval_nth(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    int64_t *out) {
    const uint32_t whole[] = {view->lo, view->lo + view->n};
    const uint32_t *begin = view->group_begin ? view->group_begin : whole;
    const uint32_t groups = view->group_begin ? view->n_groups : 1;
    int64_t *x = NULL, *y = NULL;
    if (node->n_kids > 0)
        SH_TRY(sh_eval_new(run, node->kids[0], view, &x));
    if (node->n_kids > 1)
        SH_TRY(sh_eval_new(run, node->kids[1], view, &y));
    const size_t room = (size_t)longest(begin, groups) + 1;
    struct ranked *p = sh_new(run->in->arena, struct ranked, 2 * room);
    if (!p)
        return sh_run_nomem(run);
    for (uint32_t g = 0; g < groups; g++) {
        const uint32_t from = begin[g] - view->lo, n = begin[g + 1] - begin[g];
        if (x)
            rank_group(x + from, y ? y + from : NULL, node->descending, p, p + room, n, out + from);
        else
            for (uint32_t i = 0; i < n; i++)
                out[from + i] = i + 1;
    }
    return SH_OK;
}
