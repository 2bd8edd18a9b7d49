/*
 * Parts that conditions over the same rows have in common. They are numbered once; while an executor asks one
 * condition after the other of the same rows, what a part came to is kept and taken again.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "expr/node.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- which parts are alike ----------------------------------------------------------------------------- */

static struct sh_str text_of(const struct sh_expr *e, const struct sh_node *node) {
    return (struct sh_str){e->text.at + node->from, node->to - node->from};
}

static bool is_field(const struct sh_node *node) {
    return node->op == SH_OP_COLUMN || node->op == SH_OP_ROW;
}

static bool same_path(const struct sh_path *a, const struct sh_path *b) {
    bool same =
        a->slot == b->slot && a->n_hops == b->n_hops && a->table == b->table && a->column == b->column;
    for (uint8_t h = 0; same && h < a->n_hops; h++)
        same = a->hops[h].table == b->hops[h].table && a->hops[h].column == b->hops[h].column;
    return same;
}

static bool same_head(const struct sh_node *a, const struct sh_node *b) {
    return a->op == b->op && a->rep == b->rep && a->vscale == b->vscale && a->value == b->value &&
           a->negated == b->negated && a->closed == b->closed && a->may_none == b->may_none &&
           a->n_kids == b->n_kids && a->type.scale == b->type.scale && sh_type_same(a->type, b->type);
}

/* The text tells what the tree below does not: words of sets, aggregates, related rows. */
static bool same_node(const struct sh_expr *x, const struct sh_node *a, const struct sh_expr *y,
                      const struct sh_node *b) {
    if (!a || !b)
        return a == b;
    if (!same_head(a, b) ||
        (is_field(a) ? !same_path(&a->path, &b->path) : !sh_str_eq(text_of(x, a), text_of(y, b))))
        return false;
    bool same = true;
    for (uint32_t k = 0; same && k < a->n_kids; k++)
        same = same_node(x, a->kids[k], y, b->kids[k]);
    return same;
}

/* A field of another row than the subject's: the way there is looked up for each. */
static bool is_far(const struct sh_expr *e, const struct sh_node *node) {
    return is_field(node) && (node->path.n_hops > 0 || node->path.slot != e->env.subject);
}

/* Is the part worth more than taking its values again? A field of the subject, or one step from it, is not.
 */
static bool is_worth_keeping(const struct sh_expr *e, const struct sh_node *node) {
    if (node->n_kids == 0)
        return node->op == SH_OP_AGGREGATE || node->op == SH_OP_RELATED || is_far(e, node);
    if (node->rep != SH_REP_NARROW || node->op < SH_OP_AND || node->op > SH_OP_GE)
        return node->rep != SH_REP_RATIO && node->op != SH_OP_FLAG && node->op != SH_OP_EXACT;
    bool deep = false;
    for (uint32_t k = 0; k < node->n_kids; k++)
        deep |= node->kids[k]->n_kids > 0 || is_worth_keeping(e, node->kids[k]);
    return deep;
}

/* ---- numbering ----------------------------------------------------------------------------------------- */

struct part {
    const struct sh_expr *e;
    struct sh_node *node;
    uint64_t hash;
    uint32_t alike; /* place of the first part like it */
    uint32_t times; /* of the first: how often it stands */
};

struct parts {
    struct part *at;
    size_t n, cap;
};

static void parts_release(struct parts *p) {
    sh_free(p->at);
}

static sh_code collect(struct parts *p, const struct sh_expr *e, struct sh_node *node, struct sh_err *err) {
    if (!node)
        return SH_OK;
    node->part = 0;
    if (is_worth_keeping(e, node) && !node->nth) {
        const struct sh_str text = text_of(e, node);
        SH_TRY(sh_grow(&p->at, &p->cap, p->n + 1, sizeof(*p->at), UINT32_MAX, err));
        p->at[p->n++] = (struct part){.e = e, .node = node, .hash = sh_hash64(text.at, text.len, node->op)};
    }
    for (uint32_t k = 0; k < node->n_kids; k++)
        SH_TRY(collect(p, e, node->kids[k], err));
    return SH_OK;
}

static int compare_parts(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void find_alike(struct parts *p) {
    if (p->n > 1)
        qsort(p->at, p->n, sizeof(*p->at), compare_parts);
    for (uint32_t i = 0; i < p->n; i++) {
        struct part *part = &p->at[i];
        part->alike = i;
        for (uint32_t j = i; j-- > 0 && p->at[j].hash == part->hash;)
            if (p->at[j].alike == j && same_node(p->at[j].e, p->at[j].node, part->e, part->node))
                part->alike = j;
        p->at[part->alike].times++;
    }
}

static const struct part *part_of(const struct parts *p, const struct sh_expr *e,
                                  const struct sh_node *node) {
    const struct sh_str text = text_of(e, node);
    const struct part key = {.hash = sh_hash64(text.at, text.len, node->op)};
    const struct part *found = p->n > 0 ? bsearch(&key, p->at, p->n, sizeof(*p->at), compare_parts) : NULL;
    while (found && found > p->at && found[-1].hash == key.hash)
        found--;
    for (; found && found < p->at + p->n && found->hash == key.hash; found++)
        if (found->node == node)
            return found;
    return NULL;
}

/* The largest parts that stand more than once; below one only what stands elsewhere too. */
static void number(const struct parts *p, const struct sh_expr *e, struct sh_node *node, uint32_t above,
                   uint16_t *io_n) {
    if (!node)
        return;
    const struct part *part = part_of(p, e, node);
    const uint32_t times = part ? p->at[part->alike].times : 0;
    if (times > 1 && times > above) {
        struct sh_node *first = p->at[part->alike].node;
        if (first->part == 0 && *io_n < UINT16_MAX)
            first->part = ++*io_n;
        node->part = first->part;
    }
    for (uint32_t k = 0; k < node->n_kids; k++)
        number(p, e, node->kids[k], times > above ? times : above, io_n);
}

sh_code sh_expr_share(struct sh_expr *const *exprs, size_t n, uint16_t *ret_n, struct sh_err *err) {
    assert((exprs || n == 0) && ret_n);
    SH_CLEANUP(parts_release) struct parts parts = {0};
    for (size_t i = 0; i < n; i++)
        SH_TRY(collect(&parts, exprs[i], exprs[i]->root, err));
    find_alike(&parts);
    *ret_n = 0;
    for (size_t i = 0; i < n; i++)
        number(&parts, exprs[i], exprs[i]->root, 1, ret_n);
    return SH_OK;
}

/* ---- keeping values ------------------------------------------------------------------------------------ */

sh_code sh_shared_values_make(struct sh_arena *arena, uint16_t n_parts, uint32_t n,
                              struct sh_shared_values *ret, struct sh_err *err) {
    const size_t parts = n_parts;
    *ret = (struct sh_shared_values){.n_parts = n_parts, .n = n};
    ret->values = sh_new_raw(arena, int64_t, parts * n + 1);
    ret->known = sh_new_raw(arena, uint8_t, parts * n + 1); /* zeroed when the part begins: most never do */
    ret->has_begun = sh_new(arena, bool, parts + 1);
    ret->most = sh_new(arena, uint64_t, parts + 1);
    return ret->values && ret->known && ret->has_begun && ret->most
               ? SH_OK
               : sh_fail(err, SH_E_NOMEM, "no room for shared parts");
}

bool sh_is_shared(const struct sh_run *run, const struct sh_node *node, const struct sh_view *view) {
    const struct sh_shared_values *s = run->in->shared;
    return node->part > 0 && s && s->batch == view->batch && node->part <= s->n_parts;
}

/* Values of rows [n]; false: one is not known. */
static bool take_rows(const int64_t *values, const uint8_t *known, const int32_t *rows, uint32_t n,
                      int64_t *out) {
    if (sh_rows_follow(rows, n)) {
        if (memchr(known + rows[0], 0, n))
            return false;
        memcpy(out, values + rows[0], n * sizeof(*out));
        return true;
    }
    if (n > SH_ROWS_LEAST)
        return take_rows(values, known, rows, n / 2, out) &&
               take_rows(values, known, rows + n / 2, n - n / 2, out + n / 2);
    for (uint32_t i = 0; i < n; i++) {
        if (rows[i] < 0 || !known[rows[i]])
            return false;
        out[i] = values[rows[i]];
    }
    return true;
}

static void keep_rows(int64_t *values, uint8_t *known, const int32_t *rows, uint32_t n, const int64_t *from) {
    if (sh_rows_follow(rows, n)) {
        memcpy(values + rows[0], from, n * sizeof(*values));
        memset(known + rows[0], 1, n);
    } else if (n > SH_ROWS_LEAST) {
        keep_rows(values, known, rows, n / 2, from);
        keep_rows(values, known, rows + n / 2, n - n / 2, from + n / 2);
    } else {
        for (uint32_t i = 0; i < n; i++)
            if (rows[i] >= 0)
                values[rows[i]] = from[i], known[rows[i]] = 1;
    }
}

bool sh_shared_take(const struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    int64_t *out) {
    const struct sh_shared_values *s = run->in->shared;
    const size_t from = (size_t)(node->part - 1) * s->n;
    if (!s->has_begun[node->part - 1])
        return false;
    if (s->rows)
        return take_rows(s->values + from, s->known + from, s->rows + view->lo, view->n, out);
    if (memchr(s->known + from + view->lo, 0, view->n))
        return false;
    memcpy(out, s->values + from + view->lo, view->n * sizeof(*out));
    return true;
}

uint64_t sh_shared_most(const struct sh_run *run, const struct sh_node *node) {
    return run->in->shared->most[node->part - 1];
}

void sh_shared_keep(const struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    const int64_t *values, uint64_t most) {
    const struct sh_shared_values *s = run->in->shared;
    const size_t from = (size_t)(node->part - 1) * s->n;
    if (!s->has_begun[node->part - 1])
        memset(s->known + from, 0, s->n);
    s->has_begun[node->part - 1] = true;
    s->most[node->part - 1] = most > s->most[node->part - 1] ? most : s->most[node->part - 1];
    if (s->rows) {
        keep_rows(s->values + from, s->known + from, s->rows + view->lo, view->n, values);
        return;
    }
    memcpy(s->values + from + view->lo, values, view->n * sizeof(*values));
    memset(s->known + from + view->lo, 1, view->n);
}
