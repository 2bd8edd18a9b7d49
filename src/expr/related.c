/* Related calls: candidate rows of each tuple, thrown out by time, then by their condition, folded to one
 * answer a tuple. Work goes in pieces, so that memory does not grow with the length of a timeline. */
#include "expr/node.h"
#include "base/date.h"

enum {
    TUPLES_AT_ONCE = 256, /* asked of the executor in one call */
    PAIRS_AT_ONCE = 1 << 15
};

/* What is known of a tuple so far. */
struct answer {
    sh_i128 sum;
    int64_t count, first; /* first: value of the first or last row */
    bool yes, unknown, found;
};

/* One piece of work: some tuples of a view, all in the same scope. */
struct ask {
    struct sh_run *run;
    const struct sh_node *node;
    const struct sh_related *related;
    const struct sh_view *view;
    const uint32_t *tuples; /* [n] numbers in the view */
    uint32_t n;
    enum sh_expr_scope scope; /* as written; what the executor does not know is narrowed here */
    const int64_t *window;    /* [view] length, or scope; NULL */
    const int64_t *anchor_day, *anchor_time; /* [view] or NULL */
    struct answer *answers;                  /* [view] */
    uint8_t *toolong;                        /* [view] */
};

/* Pairs of a tuple and a candidate. */
struct pairs {
    struct sh_batch batch;
    uint32_t n;
    uint32_t *tuple; /* number in the view */
    int32_t *row;
    int64_t *match; /* Kleene, by time so far */
};

enum sh_expr_scope sh_scope_base(enum sh_expr_scope scope) {
    switch (scope) {
    case SH_SCOPE_HOUR:
        return SH_SCOPE_DAY;
    case SH_SCOPE_SIX_HOURS:
        return SH_SCOPE_INSTITUTION;
    case SH_SCOPE_WEEK:
    case SH_SCOPE_MONTH:
    case SH_SCOPE_QUARTER:
    case SH_SCOPE_YEAR:
    case SH_SCOPE_EVER:
        return SH_SCOPE_PERSON;
    case SH_SCOPE_NONE:
    case SH_SCOPE_COURSE:
    case SH_SCOPE_DAY:
    case SH_SCOPE_ENCOUNTER:
    case SH_SCOPE_PRESCRIPTION:
    case SH_SCOPE_STAY:
    case SH_SCOPE_PERSON:
    case SH_SCOPE_INSTITUTION:
        break;
    }
    return scope;
}

static sh_code subject_rows(struct sh_run *run, const struct sh_view *view, const uint32_t *tuples,
                            uint32_t n, int32_t **ret) {
    const int32_t *rows = view->batch->rows[run->env->subject];
    *ret = sh_new_raw(run->in->arena, int32_t, (size_t)n + 1);
    if (!*ret)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t t = view->lo + (tuples ? tuples[i] : i);
        (*ret)[i] = rows ? rows[t] : (int32_t)t;
    }
    return SH_OK;
}

static sh_code world_complete(struct sh_run *run, uint16_t table, enum sh_expr_scope scope,
                              const int32_t *rows, uint32_t n, int64_t *ret) {
    const struct sh_world *world = run->in->world;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = 1;
    if (!world || !world->complete || n == 0)
        return SH_OK;
    const uint16_t from = run->env->variables[run->env->subject].table;
    return world->complete(world->ctx, table, scope, from, rows, n, ret, run->err);
}

sh_code sh_eval_complete(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                         int64_t *out) {
    int32_t *rows;
    SH_TRY(subject_rows(run, view, NULL, view->n, &rows));
    return world_complete(run, (uint16_t)node->value, sh_scope_base(node->call->scopes[0]), rows, view->n,
                          out);
}

/* ---- candidates ---------------------------------------------------------------------------------------- */

static sh_code candidates_of(struct ask *a, enum sh_expr_scope scope, const int32_t *rows,
                             struct sh_candidates *ret, uint8_t *toolong) {
    const struct sh_world *world = a->run->in->world;
    if (!world || !world->candidates)
        return sh_fail(a->run->err, SH_E_INTERNAL, "a related call was evaluated without a way to find rows");
    const uint16_t from = a->run->env->variables[a->run->env->subject].table;
    return world->candidates(world->ctx, a->related->table, scope, from, rows, a->n, a->run->in->arena, ret,
                             toolong, a->run->err);
}

/* Rows in both lists, both ascending. */
static sh_code intersect(struct ask *a, struct sh_candidates *io, const struct sh_candidates *other) {
    uint32_t *begin = sh_new(a->run->in->arena, uint32_t, (size_t)a->n + 1);
    int32_t *rows = sh_new(a->run->in->arena, int32_t, (size_t)io->begin[a->n] + 1);
    if (!begin || !rows)
        return sh_run_nomem(a->run);
    uint32_t k = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        begin[i] = k;
        uint32_t y = other->begin[i];
        for (uint32_t x = io->begin[i]; x < io->begin[i + 1]; x++) {
            while (y < other->begin[i + 1] && other->rows[y] < io->rows[x])
                y++;
            if (y < other->begin[i + 1] && other->rows[y] == io->rows[x])
                rows[k++] = io->rows[x];
        }
    }
    begin[a->n] = k;
    *io = (struct sh_candidates){begin, rows};
    return SH_OK;
}

static sh_code all_candidates(struct ask *a, struct sh_candidates *ret) {
    int32_t *rows;
    SH_TRY(subject_rows(a->run, a->view, a->tuples, a->n, &rows));
    uint8_t *toolong = sh_new(a->run->in->arena, uint8_t, (size_t)a->n + 1);
    if (!toolong)
        return sh_run_nomem(a->run);
    SH_TRY(candidates_of(a, sh_scope_base(a->scope), rows, ret, toolong));
    for (uint8_t s = 1; s < a->related->n_scopes; s++) {
        struct sh_candidates other;
        SH_TRY(candidates_of(a, sh_scope_base(a->related->scopes[s]), rows, &other, toolong));
        SH_TRY(intersect(a, ret, &other));
    }
    for (uint32_t i = 0; i < a->n; i++)
        a->toolong[a->tuples[i]] |= toolong[i];
    return SH_OK;
}

/* ---- time ---------------------------------------------------------------------------------------------- */

static int64_t units_of(const struct sh_node *window, int64_t length) {
    for (int s = window->vscale; s > 0; s--)
        length = length / 10 - (length % 10 < 0);
    return length;
}

static int64_t in_window(enum sh_window_kind kind, bool days, int64_t length, int64_t anchor, int64_t at) {
    int64_t d;
    if (length <= SH_NONE || anchor <= SH_NONE || at <= SH_NONE || __builtin_sub_overflow(at, anchor, &d))
        return SH_MISSING;
    switch (kind) {
    case SH_WINDOW_PAST: /* whole days, the day itself among them; seconds: (t - length, t] */
        return d <= 0 && d > -length;
    case SH_WINDOW_NEXT:
        return days ? d >= 0 && d < length : d > 0 && d <= length;
    case SH_WINDOW_WITHIN:
        return d <= length && d >= -length;
    case SH_WINDOW_NONE:
        break;
    }
    return 1;
}

/* hour, 6 hours, week …: what the executor's scope is too wide for. */
static int64_t in_scope(enum sh_expr_scope scope, int64_t anchor_day, int64_t anchor_time, int64_t day,
                        int64_t time) {
    switch (scope) {
    case SH_SCOPE_SIX_HOURS:
        return in_window(SH_WINDOW_WITHIN, false, 21600, anchor_time, time);
    case SH_SCOPE_HOUR:
    case SH_SCOPE_WEEK:
    case SH_SCOPE_MONTH:
    case SH_SCOPE_QUARTER:
    case SH_SCOPE_YEAR: {
        const int64_t x = sh_scope_key(scope, anchor_day, anchor_time), y = sh_scope_key(scope, day, time);
        return x <= SH_NONE || y <= SH_NONE ? SH_MISSING : x == y;
    }
    case SH_SCOPE_NONE:
    case SH_SCOPE_COURSE:
        return SH_MISSING;
    case SH_SCOPE_DAY:
    case SH_SCOPE_ENCOUNTER:
    case SH_SCOPE_PRESCRIPTION:
    case SH_SCOPE_STAY:
    case SH_SCOPE_PERSON:
    case SH_SCOPE_INSTITUTION:
    case SH_SCOPE_EVER:
        break;
    }
    return 1;
}

static sh_code match_time(struct ask *a, struct pairs *p) {
    const struct sh_related *r = a->related;
    for (uint32_t i = 0; i < p->n; i++)
        p->match[i] = 1;
    if (r->window_kind == SH_WINDOW_NONE)
        return SH_OK;
    p->batch = (struct sh_batch){.n = p->n};
    p->batch.rows[r->slot] = p->row;
    const struct sh_view view = {.batch = &p->batch, .n = p->n};
    int64_t *day = NULL, *time = NULL;
    if (r->row_day)
        SH_TRY(sh_eval_new(a->run, r->row_day, &view, &day));
    if (r->row_time)
        SH_TRY(sh_eval_new(a->run, r->row_time, &view, &time));
    const bool scoped = r->window->type.kind == SH_KIND_SCOPE, days = r->anchor_day != NULL;
    sh_check(scoped || days ? day && a->anchor_day : time && a->anchor_time); /* window_fields saw to it */
    sh_check(a->window);
    for (uint32_t i = 0; i < p->n; i++) {
        const uint32_t t = p->tuple[i];
        if (scoped)
            p->match[i] =
                in_scope(a->scope, a->anchor_day[t], a->anchor_time ? a->anchor_time[t] : SH_MISSING, day[i],
                         time ? time[i] : SH_MISSING);
        else
            p->match[i] = in_window(r->window_kind, days, a->window[t],
                                    days ? a->anchor_day[t] : a->anchor_time[t], days ? day[i] : time[i]);
    }
    return SH_OK;
}

/* ---- pairs --------------------------------------------------------------------------------------------- */

/* The related rows, beside the rows of the outer variables `slots` (bit s). */
static sh_code bind_pairs(struct ask *a, struct pairs *p, uint32_t slots) {
    SH_TRY(sh_view_some(a->run, a->view, slots, p->tuple, p->n, &p->batch));
    p->batch.rows[a->related->slot] = p->row;
    return SH_OK;
}

static void drop_unmatched(struct pairs *p) {
    uint32_t k = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->match[i] == 0)
            continue;
        p->tuple[k] = p->tuple[i];
        p->row[k] = p->row[i];
        p->match[k] = p->match[i];
        k++;
    }
    p->n = k;
}

static void take(const struct sh_related *r, struct answer *x, int64_t match, int64_t value) {
    if (match == 0)
        return;
    const bool ordered = r->fn == SH_RELATED_FIRST || r->fn == SH_RELATED_LAST;
    if (ordered) { /* the first that counts; for last, the last one wins */
        if (r->fn == SH_RELATED_FIRST && x->found)
            return;
        if (match == SH_MISSING && r->fn == SH_RELATED_FIRST)
            x->unknown = x->found = true;
        else if (match == SH_MISSING)
            x->unknown = true;
        else {
            x->unknown = false;
            x->first = value;
        }
        if (match == 1)
            x->found = true;
        return;
    }
    if (match == SH_MISSING) {
        x->unknown = true;
        return;
    }
    x->yes = true;
    x->count++;
    if (r->fn == SH_RELATED_SUM && value == SH_MISSING)
        x->unknown = true;
    else if (r->fn == SH_RELATED_SUM && value != SH_NONE)
        x->sum += value;
}

/* Kleene: the row matches by time and its condition (for every: breaks it). */
static int64_t whole_match(const struct sh_related *r, int64_t by_time, const int64_t *where, uint32_t i) {
    int64_t w = where ? where[i] : 1;
    if (r->fn == SH_RELATED_EVERY)
        w = w < 0 ? SH_MISSING : !w;
    return w == 0 || by_time == 0 ? 0 : (w | by_time) < 0 ? SH_MISSING : 1;
}

/* Conditions joined by `and`, one after the other, each only over the pairs that are still in; *ret_where:
 * what is left to ask. */
static sh_code sift_pairs(struct ask *a, struct pairs *p, const struct sh_node **ret_where) {
    const struct sh_node *where = a->related->where;
    *ret_where = where;
    if (!where || where->op != SH_OP_AND || a->related->fn == SH_RELATED_EVERY)
        return SH_OK;
    for (uint32_t k = 0; k < where->n_kids && p->n > 0; k++) {
        SH_TRY(bind_pairs(a, p, sh_node_slots(where->kids[k])));
        const struct sh_view view = {.batch = &p->batch, .n = p->n};
        int64_t *holds = NULL;
        SH_TRY(sh_eval_new(a->run, where->kids[k], &view, &holds));
        for (uint32_t i = 0; i < p->n; i++)
            p->match[i] = holds[i] == 0 ? 0 : (holds[i] | p->match[i]) < 0 ? SH_MISSING : 1;
        drop_unmatched(p);
    }
    *ret_where = NULL;
    return SH_OK;
}

static sh_code fold_pairs(struct ask *a, struct pairs *p) {
    const struct sh_related *r = a->related;
    SH_TRY(match_time(a, p));
    drop_unmatched(p);
    const struct sh_node *left = NULL;
    int64_t *where = NULL, *value = NULL;
    SH_TRY(sift_pairs(a, p, &left));
    if (left || r->value)
        SH_TRY(bind_pairs(a, p, sh_node_slots(left) | sh_node_slots(r->value)));
    const struct sh_view view = {.batch = &p->batch, .n = p->n};
    if (left)
        SH_TRY(sh_eval_new(a->run, left, &view, &where));
    if (r->value)
        SH_TRY(sh_eval_new(a->run, r->value, &view, &value));
    for (uint32_t i = 0; i < p->n; i++)
        take(r, &a->answers[p->tuple[i]], whole_match(r, p->match[i], where, i), value ? value[i] : 0);
    p->n = 0;
    return SH_OK;
}

static sh_code ask_piece(struct ask *a) {
    struct sh_arena *arena = a->run->in->arena;
    struct sh_candidates c;
    SH_TRY(all_candidates(a, &c));
    SH_TRY(sh_pick_rows(a->run, a->related, a->view, a->tuples, a->n, &c));
    const uint32_t room = c.begin[a->n] < PAIRS_AT_ONCE ? c.begin[a->n] : PAIRS_AT_ONCE;
    struct pairs p = {.tuple = sh_new_raw(arena, uint32_t, (size_t)room + 1),
                      .row = sh_new_raw(arena, int32_t, (size_t)room + 1),
                      .match = sh_new_raw(arena, int64_t, (size_t)room + 1)};
    if (!p.tuple || !p.row || !p.match)
        return sh_run_nomem(a->run);
    const struct sh_arena_mark mark = sh_arena_mark(arena);
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t k = c.begin[i]; k < c.begin[i + 1]; k++) {
            p.tuple[p.n] = a->tuples[i];
            p.row[p.n++] = c.rows[k];
            if (p.n == room) {
                SH_TRY(fold_pairs(a, &p));
                sh_arena_rewind(arena, mark);
            }
        }
    return p.n ? fold_pairs(a, &p) : SH_OK;
}

/* Tuples in the same scope, a few hundred at once. */
static sh_code ask_all(struct ask *a, const uint32_t *tuples, uint32_t n) {
    for (uint32_t at = 0; at < n; at += TUPLES_AT_ONCE) {
        const struct sh_arena_mark mark = sh_arena_mark(a->run->in->arena);
        a->tuples = tuples + at;
        a->n = n - at < TUPLES_AT_ONCE ? n - at : TUPLES_AT_ONCE;
        SH_TRY(ask_piece(a));
        sh_arena_rewind(a->run->in->arena, mark);
    }
    return SH_OK;
}

/* ---- answers ------------------------------------------------------------------------------------------- */

static int64_t settle(const struct sh_related *r, const struct answer *x) {
    switch (r->fn) {
    case SH_RELATED_ANY:
        return x->yes ? 1 : x->unknown ? SH_MISSING : 0;
    case SH_RELATED_NONE:
    case SH_RELATED_EVERY: /* counted are the rows that break it */
        return x->yes ? 0 : x->unknown ? SH_MISSING : 1;
    case SH_RELATED_COUNT:
        return x->unknown ? SH_MISSING : x->count;
    case SH_RELATED_SUM:
        return x->unknown || x->sum <= SH_NONE || x->sum > INT64_MAX ? SH_MISSING : (int64_t)x->sum;
    case SH_RELATED_FIRST:
    case SH_RELATED_LAST:
        if (x->unknown)
            return SH_MISSING;
        return x->found ? x->first : SH_MISSING; /* no row: nothing is known of it */
    }
    return SH_MISSING;
}

/* "There is none" holds only over data known to be complete. */
static sh_code need_complete(struct ask *a, enum sh_expr_scope scope, const uint32_t *tuples, uint32_t n,
                             int64_t *out) {
    if (a->related->fn != SH_RELATED_NONE && a->related->fn != SH_RELATED_EVERY)
        return SH_OK;
    struct sh_arena *arena = a->run->in->arena;
    uint32_t *asked = sh_new(arena, uint32_t, (size_t)n + 1), k = 0;
    int64_t *complete = sh_new(arena, int64_t, (size_t)n + 1);
    if (!asked || !complete)
        return sh_run_nomem(a->run);
    for (uint32_t i = 0; i < n; i++)
        if (out[tuples[i]] == 1)
            asked[k++] = tuples[i];
    int32_t *rows;
    SH_TRY(subject_rows(a->run, a->view, asked, k, &rows));
    SH_TRY(world_complete(a->run, a->related->table, sh_scope_base(scope), rows, k, complete));
    for (uint32_t i = 0; i < k; i++)
        if (complete[i] != 1)
            out[asked[i]] = SH_MISSING;
    return SH_OK;
}

static sh_code answer_scope(struct ask *a, enum sh_expr_scope scope, const uint32_t *tuples, uint32_t n,
                            int64_t *out) {
    a->scope = scope;
    SH_TRY(ask_all(a, tuples, n));
    for (uint32_t i = 0; i < n; i++)
        out[tuples[i]] = a->toolong[tuples[i]] ? SH_MISSING : settle(a->related, &a->answers[tuples[i]]);
    return need_complete(a, scope, tuples, n, out);
}

static sh_code prepare(struct ask *a) {
    const struct sh_related *r = a->related;
    struct sh_arena *arena = a->run->in->arena;
    a->answers = sh_new(arena, struct answer, (size_t)a->view->n + 1);
    a->toolong = sh_new(arena, uint8_t, (size_t)a->view->n + 1);
    if (!a->answers || !a->toolong)
        return sh_run_nomem(a->run);
    int64_t *values;
    if (r->anchor_day) {
        SH_TRY(sh_eval_new(a->run, r->anchor_day, a->view, &values));
        a->anchor_day = values;
    }
    if (r->anchor_time) {
        SH_TRY(sh_eval_new(a->run, r->anchor_time, a->view, &values));
        a->anchor_time = values;
    }
    if (r->window) {
        SH_TRY(sh_eval_new(a->run, r->window, a->view, &values));
        for (uint32_t i = 0; i < a->view->n; i++)
            values[i] = values[i] <= SH_NONE ? values[i] : units_of(r->window, values[i]);
        a->window = values;
    }
    return SH_OK;
}

sh_code sh_eval_related(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                        int64_t *out) {
    const struct sh_related *r = node->related;
    struct ask a = {.run = run, .node = node, .related = r, .view = view};
    SH_TRY(prepare(&a));
    uint32_t *tuples = sh_new_raw(run->in->arena, uint32_t, (size_t)view->n + 1);
    if (!tuples)
        return sh_run_nomem(run);
    int32_t *subject;
    SH_TRY(subject_rows(run, view, NULL, view->n, &subject));
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = SH_MISSING;
    uint32_t asked = 0;
    if (!r->window || r->window->type.kind != SH_KIND_SCOPE) {
        for (uint32_t i = 0; i < view->n; i++)
            if (subject[i] >= 0) /* without a subject nothing is known of what is related to it */
                tuples[asked++] = i;
        return answer_scope(&a, r->scopes[0], tuples, asked, out);
    }
    for (int s = 1; s <= SH_SCOPE_SIX_HOURS; s++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < view->n; i++)
            if (a.window[i] == s && subject[i] >= 0)
                tuples[n++] = i;
        if (n && s != SH_SCOPE_COURSE)
            SH_TRY(answer_scope(&a, (enum sh_expr_scope)s, tuples, n, out));
    }
    return SH_OK;
}

sh_code sh_related_pairs(struct sh_run *run, const struct sh_node *node, const struct sh_view *one,
                         struct sh_batch *ret, int64_t **ret_match, bool *ret_toolong) {
    const struct sh_related *r = node->related;
    struct ask a = {.run = run, .node = node, .related = r, .view = one, .n = 1, .scope = r->scopes[0]};
    SH_TRY(prepare(&a));
    static const uint32_t first = 0;
    a.tuples = &first;
    if (r->window && r->window->type.kind == SH_KIND_SCOPE)
        a.scope = a.window[0] > SH_NONE ? (enum sh_expr_scope)a.window[0] : SH_SCOPE_NONE;
    *ret = (struct sh_batch){0};
    *ret_toolong = false;
    if (a.scope == SH_SCOPE_NONE || a.scope == SH_SCOPE_COURSE)
        return SH_OK;
    struct sh_candidates c;
    SH_TRY(all_candidates(&a, &c));
    const uint32_t n = c.begin[1];
    struct pairs p = {.n = n,
                      .tuple = sh_new(run->in->arena, uint32_t, (size_t)n + 1),
                      .row = sh_new(run->in->arena, int32_t, (size_t)n + 1),
                      .match = sh_new(run->in->arena, int64_t, (size_t)n + 1)};
    if (!p.tuple || !p.row || !p.match)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i < n; i++)
        p.row[i] = c.rows[i];
    SH_TRY(match_time(&a, &p));
    SH_TRY(bind_pairs(&a, &p, r->slots));
    *ret = p.batch;
    *ret_match = p.match;
    *ret_toolong = a.toolong[0];
    return SH_OK;
}
