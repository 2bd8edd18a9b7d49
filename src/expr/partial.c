/* Aggregates in parts: evaluated here and there over some members of a group, put together, and read back by
 * the expression they stand in. */
#include "expr/node.h"
#include <assert.h>

struct numbering {
    struct sh_partial *at;
    size_t n, room;
};

/* Rows of persons are never split, so what tells persons, encounters … apart can be counted in parts. */
static int16_t rows_told_apart(const struct sh_aggregate *a, const struct sh_node *node,
                               const struct sh_model *model) {
    for (uint32_t k = 0; a->fn == SH_AGG_DISTINCT && k < node->n_kids; k++) {
        const struct sh_node *kid = node->kids[k];
        if (kid->op == SH_OP_ROW)
            return (int16_t)kid->path.table;
        if (kid->op == SH_OP_COLUMN && model->tables[kid->path.table].columns[kid->path.column].join >= 0)
            return model->tables[kid->path.table].columns[kid->path.column].join;
    }
    return -1;
}

static enum sh_partial_kind kind_of(const struct sh_aggregate *a, int16_t distinct_of) {
    if (a->standing)
        return SH_PARTIAL_NOT;
    switch (a->fn) {
    case SH_AGG_SUM:
    case SH_AGG_COUNT:
        return SH_PARTIAL_SUM;
    case SH_AGG_MIN:
        return SH_PARTIAL_LEAST;
    case SH_AGG_MAX:
        return SH_PARTIAL_MOST;
    case SH_AGG_ANY:
        return SH_PARTIAL_ANY;
    case SH_AGG_EVERY:
        return SH_PARTIAL_EVERY;
    case SH_AGG_DISTINCT:
        return distinct_of >= 0 ? SH_PARTIAL_SUM : SH_PARTIAL_NOT;
    case SH_AGG_DAYS:
    case SH_AGG_SPAN:
        break;
    }
    return SH_PARTIAL_NOT;
}

struct walk {
    const struct sh_expr *e;
    struct numbering *to;
    bool overflow;
};

static void number(void *ctx, struct sh_node *node) {
    struct walk *w = ctx;
    if (node->op == SH_OP_NTH) {
        w->overflow = w->overflow || w->to->n == w->to->room;
        if (!w->overflow)
            w->to->at[w->to->n++] = (struct sh_partial){.kind = SH_PARTIAL_NOT, .distinct_of = -1};
    }
    if (node->op != SH_OP_AGGREGATE)
        return;
    if (w->to->n == w->to->room) {
        w->overflow = true;
        return;
    }
    const int16_t distinct_of = rows_told_apart(node->aggregate, node, w->e->env.model);
    node->aggregate->number = (uint16_t)w->to->n;
    w->to->at[w->to->n++] = (struct sh_partial){.kind = kind_of(node->aggregate, distinct_of),
                                                .distinct_of = distinct_of,
                                                .slots = node->aggregate->slots,
                                                .expr = w->e,
                                                .node = node};
}

sh_code sh_expr_partials(struct sh_expr *e, struct sh_partial *ret, size_t room, size_t *io_n,
                         struct sh_err *err) {
    assert(e && ret && io_n);
    struct numbering to = {.at = ret, .n = *io_n, .room = room};
    struct walk w = {.e = e, .to = &to};
    sh_node_walk(e->root, number, &w);
    if (w.overflow)
        return sh_fail(err, SH_E_LIMIT, "more than %zu aggregates in one rule", room);
    *io_n = to.n;
    return SH_OK;
}

static sh_i128 widened(int64_t v) {
    return v == SH_MISSING ? SH_WIDE_MISSING : v == SH_NONE ? SH_WIDE_NONE : v;
}

sh_code sh_partial_eval(const struct sh_partial *p, const struct sh_eval *in, const struct sh_batch *batch,
                        sh_i128 *ret, struct sh_err *err) {
    assert(p && p->node && in && batch && (ret || batch->n == 0));
    struct sh_run run = {.in = in, .env = &p->expr->env, .err = err};
    const struct sh_view view = {.batch = batch, .n = batch->n};
    const struct sh_arena_mark mark = sh_arena_mark(in->arena);
    sh_code code;
    if (batch->n == 0)
        return SH_OK;
    if (p->node->rep != SH_REP_NARROW) {
        code = sh_eval_aggregate(&run, p->node, &view, NULL, ret);
    } else {
        int64_t *values = sh_new(in->arena, int64_t, (size_t)batch->n + 1);
        if (!values)
            return sh_run_nomem(&run);
        code = sh_eval_aggregate(&run, p->node, &view, values, NULL);
        for (uint32_t i = 0; code == SH_OK && i < batch->n; i++)
            ret[i] = widened(values[i]);
    }
    sh_arena_rewind(in->arena, mark);
    return code;
}

sh_i128 sh_partial_empty(enum sh_partial_kind kind) {
    return kind == SH_PARTIAL_EVERY                              ? 1
           : kind == SH_PARTIAL_LEAST || kind == SH_PARTIAL_MOST ? SH_WIDE_NONE
                                                                 : 0;
}

static sh_i128 join_conditions(sh_i128 a, sh_i128 b, sh_i128 decides) {
    if (a == decides || b == decides)
        return decides;
    return a == SH_WIDE_MISSING || b == SH_WIDE_MISSING ? SH_WIDE_MISSING : 1 - decides;
}

static sh_i128 join_extremes(sh_i128 a, sh_i128 b, bool most) {
    if (a == SH_WIDE_MISSING || b == SH_WIDE_MISSING)
        return SH_WIDE_MISSING;
    if (a == SH_WIDE_NONE || b == SH_WIDE_NONE)
        return a == SH_WIDE_NONE ? b : a;
    return most == (a > b) ? a : b;
}

sh_i128 sh_partial_join(enum sh_partial_kind kind, sh_i128 a, sh_i128 b) {
    sh_i128 sum;
    switch (kind) {
    case SH_PARTIAL_ANY:
        return join_conditions(a, b, 1);
    case SH_PARTIAL_EVERY:
        return join_conditions(a, b, 0);
    case SH_PARTIAL_LEAST:
    case SH_PARTIAL_MOST:
        return join_extremes(a, b, kind == SH_PARTIAL_MOST);
    case SH_PARTIAL_SUM:
    case SH_PARTIAL_NOT:
        break;
    }
    if (a == SH_WIDE_MISSING || b == SH_WIDE_MISSING || __builtin_add_overflow(a, b, &sum))
        return SH_WIDE_MISSING;
    return sum <= SH_WIDE_NONE ? SH_WIDE_MISSING : sum;
}

void sh_partial_read(const struct sh_batch *batch, uint32_t lo, uint32_t n, uint16_t number, int64_t *out,
                     sh_i128 *wide) {
    const sh_i128 *from = batch->merged[number] + lo;
    for (uint32_t i = 0; i < n; i++) {
        if (wide)
            wide[i] = from[i];
        else
            out[i] = from[i] == SH_WIDE_NONE                     ? SH_NONE
                     : from[i] <= SH_NONE || from[i] > INT64_MAX ? SH_MISSING
                                                                 : (int64_t)from[i];
    }
}

struct asking {
    size_t rows, inside;
    bool within;
};
static void count_related(void *ctx, struct sh_node *node) {
    struct asking *a = ctx;
    if (node->op == SH_OP_RELATED && a->within)
        a->inside++;
    else if (node->op == SH_OP_RELATED)
        a->rows++;
    if (node->op != SH_OP_AGGREGATE || a->within)
        return;
    a->within = true; /* the walk will come by again and count these as outside: take them out then */
    for (uint32_t k = 0; k < node->n_kids; k++)
        sh_node_walk(node->kids[k], count_related, a);
    sh_node_walk(node->aggregate->where, count_related, a);
    a->within = false;
}

bool sh_expr_asks_rows(const struct sh_expr *e, bool outside) {
    struct asking a = {0};
    sh_node_walk(e->root, count_related, &a);
    return a.rows > (outside ? a.inside : 0);
}

/* ---- members that would make an aggregate missing ----------------------------------------------- */

static sh_code mark_missing(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            const int64_t *where, uint8_t *ret) {
    if (node->rep != SH_REP_NARROW) {
        struct sh_wide w;
        SH_TRY(sh_eval_wide(run, node, view, &w));
        for (uint32_t i = 0; i < view->n; i++)
            ret[i] |= (!where || where[i] != 0) && w.num[i] == SH_WIDE_MISSING;
        return SH_OK;
    }
    int64_t *values;
    SH_TRY(sh_eval_new(run, node, view, &values));
    for (uint32_t i = 0; i < view->n; i++)
        ret[i] |= (!where || where[i] != 0) && values[i] == SH_MISSING;
    return SH_OK;
}

sh_code sh_partial_gaps(const struct sh_partial *p, const struct sh_eval *in, const struct sh_batch *members,
                        uint8_t *ret, struct sh_err *err) {
    assert(p && p->node && in && members && (ret || members->n == 0));
    struct sh_run run = {.in = in, .env = &p->expr->env, .err = err};
    const struct sh_view view = {.batch = members, .n = members->n};
    const struct sh_arena_mark mark = sh_arena_mark(in->arena);
    int64_t *where = NULL;
    if (members->n == 0)
        return SH_OK;
    if (p->node->aggregate->where) {
        SH_TRY(sh_eval_new(&run, p->node->aggregate->where, &view, &where));
        for (uint32_t i = 0; i < view.n; i++)
            ret[i] |= where[i] == SH_MISSING;
    }
    for (uint32_t k = 0; k < p->node->n_kids; k++)
        SH_TRY(mark_missing(&run, p->node->kids[k], &view, where, ret));
    sh_arena_rewind(in->arena, mark);
    return SH_OK;
}

/* ---- sums of what each member adds -------------------------------------------------------------- */

struct sh_str sh_partial_text(const struct sh_partial *p) {
    return sh_str_sub(p->expr->text, p->node->from, p->node->to - p->node->from);
}

bool sh_partial_is_sum(const struct sh_partial *p) {
    const struct sh_node *node = p->node;
    if (!node || node->op != SH_OP_AGGREGATE || node->rep != SH_REP_NARROW || node->aggregate->standing)
        return false;
    const bool one_kid = node->n_kids == 1 && node->kids[0]->rep == SH_REP_NARROW;
    if (node->aggregate->fn == SH_AGG_SUM)
        return one_kid;
    return node->aggregate->fn == SH_AGG_COUNT &&
           (node->n_kids == 0 || (one_kid && !node->kids[0]->may_none && !node->aggregate->where));
}

sh_code sh_partial_adds(const struct sh_partial *p, const struct sh_eval *in, const struct sh_batch *members,
                        int64_t *ret, struct sh_err *err) {
    assert(sh_partial_is_sum(p) && in && members && (ret || members->n == 0));
    struct sh_run run = {.in = in, .env = &p->expr->env, .err = err};
    const struct sh_view view = {.batch = members, .n = members->n};
    const struct sh_arena_mark mark = sh_arena_mark(in->arena);
    int64_t *where = NULL;
    if (members->n == 0)
        return SH_OK;
    if (p->node->n_kids > 0)
        SH_TRY(sh_eval_narrow(&run, p->node->kids[0], &view, ret));
    else
        for (uint32_t i = 0; i < view.n; i++)
            ret[i] = 1;
    if (p->node->aggregate->where)
        SH_TRY(sh_eval_new(&run, p->node->aggregate->where, &view, &where));
    for (uint32_t i = 0; i < view.n; i++) {
        const int64_t counts = where ? where[i] : 1, value = ret[i] == SH_NONE ? 0 : ret[i];
        ret[i] = ((counts == 0) | (counts == SH_MISSING)) ? counts : value;
    }
    sh_arena_rewind(in->arena, mark);
    return SH_OK;
}

/* Members beside each other mostly are of one group: its sum stays at hand. */
void sh_partial_sums(const int64_t *adds, const uint32_t *group, uint32_t n, const uint8_t *gaps,
                     sh_i128 *ret, uint32_t n_groups) {
    uint32_t of = UINT32_MAX;
    sh_i128 sum = 0;
    for (uint32_t g = 0; g < n_groups; g++)
        ret[g] = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (group[i] != of) {
            if (of != UINT32_MAX)
                ret[of] = sum;
            of = group[i];
            sum = of != UINT32_MAX ? ret[of] : 0;
        }
        if (gaps && gaps[i])
            continue;
        sum = sum == SH_WIDE_MISSING || adds[i] == SH_MISSING ? SH_WIDE_MISSING : sum + adds[i];
    }
    if (of != UINT32_MAX)
        ret[of] = sum;
    for (uint32_t g = 0; g < n_groups; g++)
        ret[g] = ret[g] > SH_NONE && ret[g] <= INT64_MAX ? ret[g] : SH_WIDE_MISSING;
}

void sh_partial_sums_more(const int64_t *adds, const uint32_t *group, uint32_t n, sh_i128 *io, size_t step) {
    for (uint32_t i = 0; i < n; i++) {
        if (group[i] == UINT32_MAX)
            continue;
        sh_i128 *sum = &io[group[i] * step];
        *sum = *sum == SH_WIDE_MISSING || adds[i] == SH_MISSING ? SH_WIDE_MISSING : *sum + adds[i];
    }
}

static bool is_of_aggregates(const struct sh_node *node) { // NOLINT(misc-no-recursion): trees are shallow
    switch ((int)node->op) {
    case SH_OP_AGGREGATE:
    case SH_OP_CONST:
    case SH_OP_PARAM:
        return true;
    case SH_OP_COLUMN:
    case SH_OP_ROW:
    case SH_OP_RELATED:
    case SH_OP_NTH:
    case SH_OP_COMPLETE:
    case SH_OP_PERIOD:
        return false;
    default:
        break;
    }
    for (uint32_t k = 0; k < node->n_kids; k++)
        if (node->kids[k] && !is_of_aggregates(node->kids[k]))
            return false;
    return true;
}

bool sh_expr_is_of_aggregates(const struct sh_expr *e) {
    return is_of_aggregates(e->root);
}
