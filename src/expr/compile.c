/* From text to a bound tree: the public beginning of the room. */
#include "expr/node.h"
#include <assert.h>

static sh_code copy_variables(struct sh_compile *c, struct sh_env *env) {
    const struct sh_context *x = c->context;
    struct sh_variable *variables = sh_new(c->arena, struct sh_variable, (size_t)x->n_variables + 1);
    if (!variables)
        return sh_compile_nomem(c);
    for (uint16_t i = 0; i < x->n_variables; i++)
        variables[i] = x->variables[i];
    *env = (struct sh_env){.model = x->model,
                           .variables = variables,
                           .n_variables = x->n_variables,
                           .subject = x->subject,
                           .kind = x->kind};
    return SH_OK;
}

static sh_code compile(struct sh_compile *c, struct sh_expr **ret) {
    SH_TRY(sh_lex(c));
    struct sh_expr *e = sh_new(c->arena, struct sh_expr, 1);
    if (!e)
        return sh_compile_nomem(c);
    SH_TRY(sh_parse(c, &e->root));
    SH_TRY(sh_check_node(c, e->root));
    if (e->root->op == SH_OP_EXACT) /* a date-only time is still a time to print */
        e->root = e->root->kids[0];
    e->text = c->text;
    e->code_nodes = c->code_nodes;
    e->n_code_nodes = c->n_code_nodes;
    SH_TRY(copy_variables(c, &e->env));
    *ret = e;
    return SH_OK;
}

sh_code sh_expr_compile(struct sh_str text, struct sh_place at, const struct sh_context *context,
                        struct sh_arena *arena, struct sh_expr **ret, struct sh_err *err) {
    assert(context && context->model && arena && ret);
    assert(context->n_variables == 0 || context->subject < context->n_variables);
    struct sh_err own;
    struct sh_compile c = {.at = at, .context = context, .arena = arena, .err = err ? err : &own};
    if (!c.at.file)
        c.at.file = "";
    char *copy = sh_arena_dup(arena, text.at, text.len);
    if (!copy)
        return sh_compile_nomem(&c);
    c.text = (struct sh_str){copy, text.len};
    if (context->n_variables == 0)
        return sh_fail(c.err, SH_E_INTERNAL, "%s:%u: an expression without variables", c.at.file, at.line);
    return compile(&c, ret);
}

struct sh_type sh_expr_type(const struct sh_expr *e) {
    return e->root->type;
}
int16_t sh_expr_join(const struct sh_expr *e) {
    const struct sh_node *node = e->root;
    if (node->op == SH_OP_ROW)
        return (int16_t)node->path.table;
    return node->op == SH_OP_COLUMN ? e->env.model->tables[node->path.table].columns[node->path.column].join
                                    : -1;
}

bool sh_expr_period(const struct sh_expr *e, uint16_t *ret_table, uint16_t *ret_column) {
    if (e->root->op != SH_OP_PERIOD || e->root->kids[0]->op != SH_OP_COLUMN)
        return false;
    *ret_table = e->root->kids[0]->path.table;
    *ret_column = e->root->kids[0]->path.column;
    return true;
}

struct sh_str sh_expr_text(const struct sh_expr *e) {
    return e->text;
}

/* ---- needs --------------------------------------------------------------------------------------------- */

struct needs {
    const struct sh_env *env;
    const uint32_t *table_at; /* first bit of each table; its last bit is the table as such */
    uint8_t *bits;
};

static void mark(struct needs *n, uint16_t table, uint16_t column) {
    const struct sh_model_table *t = &n->env->model->tables[table];
    n->bits[n->table_at[table] + (column == SH_NO_COLUMN ? t->n_columns : column)] = 1;
}

static void need_of(void *ctx, struct sh_node *node) {
    struct needs *n = ctx;
    if (node->op == SH_OP_COLUMN || node->op == SH_OP_ROW) {
        for (uint8_t i = 0; i < node->path.n_hops; i++)
            mark(n, node->path.hops[i].table, node->path.hops[i].column);
        mark(n, node->path.table, node->path.column);
    } else if (node->op == SH_OP_RELATED) {
        mark(n, node->related->table, SH_NO_COLUMN);
    } else if (node->op == SH_OP_COMPLETE) {
        mark(n, (uint16_t)node->value, SH_NO_COLUMN);
    }
}

static sh_code collect_needs(const struct sh_env *env, struct sh_node *const *roots, size_t n_roots,
                             struct sh_arena *arena, struct sh_need **ret, size_t *ret_n,
                             struct sh_err *err) {
    const struct sh_model *m = env->model;
    uint32_t *at = sh_new(arena, uint32_t, (size_t)m->n_tables + 1);
    if (!at)
        return sh_fail(err, SH_E_NOMEM, "no memory for the needs of an expression");
    for (uint16_t t = 0; t < m->n_tables; t++)
        at[t + 1] = at[t] + m->tables[t].n_columns + 1u;
    struct needs n = {
        .env = env, .table_at = at, .bits = sh_new(arena, uint8_t, (size_t)at[m->n_tables] + 1)};
    if (!n.bits)
        return sh_fail(err, SH_E_NOMEM, "no memory for the needs of an expression");
    for (size_t i = 0; i < n_roots; i++)
        sh_node_walk(roots[i], need_of, &n);
    size_t count = 0;
    for (uint32_t i = 0; i < at[m->n_tables]; i++)
        count += n.bits[i];
    struct sh_need *needs = sh_new(arena, struct sh_need, count + 1);
    if (!needs)
        return sh_fail(err, SH_E_NOMEM, "no memory for the needs of an expression");
    size_t k = 0;
    for (uint16_t t = 0; t < m->n_tables; t++)
        for (uint16_t col = 0; col <= m->tables[t].n_columns; col++)
            if (n.bits[at[t] + col])
                needs[k++] = (struct sh_need){t, col == m->tables[t].n_columns ? SH_NO_COLUMN : col};
    *ret = needs;
    *ret_n = k;
    return SH_OK;
}

sh_code sh_expr_needs(const struct sh_expr *e, struct sh_arena *arena, struct sh_need **ret, size_t *ret_n,
                      struct sh_err *err) {
    return collect_needs(&e->env, &e->root, 1, arena, ret, ret_n, err);
}

sh_code sh_needs_of(const struct sh_expr *const *exprs, size_t n, struct sh_arena *arena,
                    struct sh_need **ret, size_t *ret_n, struct sh_err *err) {
    struct sh_node **roots = sh_new(arena, struct sh_node *, n + 1);
    if (!roots)
        return sh_fail(err, SH_E_NOMEM, "no memory for the needs of a text");
    for (size_t i = 0; i < n; i++)
        roots[i] = exprs[i]->root;
    if (n == 0) {
        *ret = NULL;
        *ret_n = 0;
        return SH_OK;
    }
    return collect_needs(&exprs[0]->env, roots, n, arena, ret, ret_n, err);
}

/* ---- binding ------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Long sets are looked up in a bitmap as long as ids stay small. */
static sh_code make_bits(struct sh_codes *codes, struct sh_arena *arena, struct sh_err *err) {
    codes->bits = NULL;
    codes->n_bits = 0;
    const struct sh_set set = codes->set;
    if (set.n <= 4 || set.ids[0] < 0 || set.ids[set.n - 1] >= 1 << 24)
        return SH_OK;
    const uint32_t n_bits = (uint32_t)set.ids[set.n - 1] + 1;
    uint64_t *bits = sh_new(arena, uint64_t, n_bits / 64 + 1);
    if (!bits)
        return sh_fail(err, SH_E_NOMEM, "no memory for a set of %u codes", set.n);
    for (uint32_t i = 0; i < set.n; i++)
        bits[set.ids[i] / 64] |= (uint64_t)1 << (set.ids[i] % 64);
    codes->bits = bits;
    codes->n_bits = n_bits;
    return SH_OK;
}

static sh_code join_sets(const struct sh_set *sets, uint32_t n, struct sh_arena *arena, struct sh_set *ret,
                         struct sh_err *err) {
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += sets[i].n;
    int32_t *ids = sh_new(arena, int32_t, total + 1);
    if (!ids || total > UINT32_MAX)
        return sh_fail(err, SH_E_NOMEM, "no memory for a set of %zu codes", total);
    size_t k = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < sets[i].n; j++)
            ids[k++] = sets[i].ids[j];
    qsort(ids, k, sizeof *ids, by_id);
    size_t unique = 0;
    for (size_t i = 0; i < k; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            ids[unique++] = ids[i];
    *ret = (struct sh_set){ids, (uint32_t)unique};
    return SH_OK;
}

sh_code sh_expr_bind(struct sh_expr *e, sh_lookup_fn *lookup, void *ctx, struct sh_arena *arena,
                     struct sh_err *err) {
    for (size_t i = 0; i < e->n_code_nodes; i++) {
        struct sh_codes *codes = e->code_nodes[i]->codes;
        struct sh_set *sets = sh_new(arena, struct sh_set, codes->n_words);
        if (!sets)
            return sh_fail(err, SH_E_NOMEM, "no memory for %u code words", codes->n_words);
        for (uint32_t w = 0; lookup && w < codes->n_words; w++)
            SH_TRY(lookup(ctx, e->code_nodes[i]->kids[0]->type.domain, codes->words[w], codes->under, arena,
                          &sets[w], err));
        SH_TRY(join_sets(sets, codes->n_words, arena, &codes->set, err));
        SH_TRY(make_bits(codes, arena, err));
    }
    e->bound = true;
    return SH_OK;
}
