/* The smallest change that would clear a hit, in words of the language. */
#include "expr/node.h"
#include <assert.h>

struct clearing {
    struct sh_run *run;
    const struct sh_expr *e;
    const struct sh_spot *spot;
};

static struct sh_str source(const struct clearing *c, const struct sh_node *node) {
    return sh_str_trim(sh_str_sub(c->e->text, node->from, node->to - node->from));
}

struct claim_ask {
    const struct sh_env *env;
    bool found;
};
static void look_for_claim(void *ctx, struct sh_node *node) {
    struct claim_ask *ask = ctx;
    const struct sh_env *env = ask->env;
    if (node->op == SH_OP_AGGREGATE || node->op == SH_OP_RELATED || node->op == SH_OP_NTH)
        ask->found = true;
    else if ((node->op == SH_OP_COLUMN || node->op == SH_OP_ROW) && node->path.slot < env->n_variables)
        ask->found |= !env->model->tables[env->variables[node->path.slot].table].knowledge;
}

/* Does the claim decide this, or only law, knowledge and parameters? */
static bool of_claim(const struct clearing *c, struct sh_node *node) {
    struct claim_ask ask = {.env = c->run->env};
    sh_node_walk(node, look_for_claim, &ask);
    return ask.found;
}

static const char *sign_of(enum sh_op op, bool opposite, bool mirror) {
    static const struct {
        enum sh_op op;
        const char *same, *opposite, *mirror, *mirror_opposite;
    } signs[] = {{SH_OP_EQ, "=", "!=", "=", "!="}, {SH_OP_NE, "!=", "=", "!=", "="},
                 {SH_OP_LT, "<", ">=", ">", "<="}, {SH_OP_LE, "<=", ">", ">=", "<"},
                 {SH_OP_GT, ">", "<=", "<", ">="}, {SH_OP_GE, ">=", "<", "<=", ">"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].op == op)
            return mirror ? (opposite ? signs[i].mirror_opposite : signs[i].mirror)
                          : (opposite ? signs[i].opposite : signs[i].same);
    return "?";
}

/* The value a side has here; where it is none or missing, as written. */
static sh_code side_text(const struct clearing *c, const struct sh_node *node, struct sh_str *ret) {
    SH_TRY(sh_spot_print(c->run, node, c->spot, ret));
    if (sh_str_is(*ret, "?"))
        *ret = source(c, node);
    return SH_OK;
}

static sh_code compare_text(const struct clearing *c, const struct sh_node *node, bool want,
                            struct sh_str *ret) {
    const bool mirror = !of_claim(c, node->kids[0]) && of_claim(c, node->kids[1]);
    const struct sh_node *subject = node->kids[mirror], *limit = node->kids[!mirror];
    struct sh_str value;
    SH_TRY(side_text(c, limit, &value));
    const struct sh_str name = source(c, subject);
    return sh_run_text(c->run, ret, "%.*s %s %.*s", SH_ARG(name), sign_of(node->op, !want, mirror),
                       SH_ARG(value));
}

static sh_code codes_text(const struct clearing *c, const struct sh_node *node, bool inside,
                          struct sh_str *ret) {
    const struct sh_codes *codes = node->codes;
    const struct sh_str name = source(c, node->kids[0]);
    const char *word = codes->under          ? (inside ? "under" : "not under")
                       : codes->n_words == 1 ? (inside ? "=" : "!=")
                                             : (inside ? "in" : "not in");
    const bool braces = codes->n_words > 1;
    SH_TRY(sh_run_text(c->run, ret, "%.*s %s %s", SH_ARG(name), word, braces ? "{" : ""));
    for (uint32_t i = 0; i < codes->n_words; i++)
        SH_TRY(sh_run_text(c->run, ret, "%.*s%s%.*s", SH_ARG(*ret), i ? ", " : "", SH_ARG(codes->words[i])));
    return sh_run_text(c->run, ret, "%.*s%s", SH_ARG(*ret), braces ? "}" : "");
}

static sh_code in_text(const struct clearing *c, const struct sh_node *node, bool want, struct sh_str *ret) {
    const bool inside = want != node->negated;
    if (node->op == SH_OP_IN_CODES)
        return codes_text(c, node, inside, ret);
    const struct sh_str name = source(c, node->kids[0]);
    struct sh_str right;
    if (node->op == SH_OP_IN_SET || node->op == SH_OP_IN_RANGE)
        SH_TRY(side_text(c, node->kids[1], &right));
    else if (node->op == SH_OP_AGE_IN_RANGE)
        SH_TRY(side_text(c, node->kids[2], &right));
    else { /* as written, behind the word in */
        const struct sh_str whole = source(c, node);
        const size_t in = sh_str_find(sh_str_sub(whole, name.len, SIZE_MAX), SH_STR("in"));
        right = sh_str_trim(in == SH_STR_NONE ? whole : sh_str_sub(whole, name.len + in + 2, SIZE_MAX));
    }
    return sh_run_text(c->run, ret, "%.*s %s %.*s", SH_ARG(name), inside ? "in" : "not in", SH_ARG(right));
}

static sh_code related_text(const struct clearing *c, const struct sh_node *node, bool want,
                            struct sh_str *ret) {
    const struct sh_str text = source(c, node);
    const enum sh_related_fn fn = node->related->fn;
    const size_t open = sh_str_find_char(text, '(');
    if (want || open == SH_STR_NONE)
        *ret = text;
    else if (fn == SH_RELATED_ANY || fn == SH_RELATED_NONE)
        return sh_run_text(c->run, ret, "%s%.*s", fn == SH_RELATED_ANY ? "none" : "any",
                           SH_ARG(sh_str_sub(text, open, SIZE_MAX)));
    else
        return sh_run_text(c->run, ret, "not %.*s", SH_ARG(text));
    return SH_OK;
}

static sh_code clear(const struct clearing *c, const struct sh_node *node, bool want, struct sh_str *ret);

static sh_code already(const struct clearing *c, const struct sh_node *node, bool want, bool *ret) {
    int64_t value;
    SH_TRY(sh_spot_value(c->run, node, c->spot, &value, NULL));
    *ret = value == (want ? 1 : 0);
    return SH_OK;
}

/* One part is enough (false of and, true of or): the first that the claim can change. Else all parts that
 * stand against it. */
static sh_code clear_parts(const struct clearing *c, const struct sh_node *node, bool want,
                           struct sh_str *ret) {
    const bool one = (node->op == SH_OP_AND) != want;
    *ret = (struct sh_str){0};
    for (uint32_t k = 0; k < node->n_kids; k++) {
        struct sh_str part = {0};
        bool done = false;
        if (!one)
            SH_TRY(already(c, node->kids[k], want, &done));
        if (done)
            continue;
        if (of_claim(c, node->kids[k]))
            SH_TRY(clear(c, node->kids[k], want, &part));
        if (one && part.len) {
            *ret = part;
            return SH_OK;
        }
        if (!one && !part.len) { /* one part nobody can change: no way */
            *ret = (struct sh_str){0};
            return SH_OK;
        }
        if (!one)
            SH_TRY(
                sh_run_text(c->run, ret, "%.*s%s%.*s", SH_ARG(*ret), ret->len ? " and " : "", SH_ARG(part)));
    }
    return SH_OK;
}

static sh_code clear(const struct clearing *c, const struct sh_node *node, bool want, struct sh_str *ret) {
    switch ((int)node->op) {
    case SH_OP_AND:
    case SH_OP_OR:
        return clear_parts(c, node, want, ret);
    case SH_OP_NOT:
        return clear(c, node->kids[0], !want, ret);
    case SH_OP_EQ:
    case SH_OP_NE:
    case SH_OP_LT:
    case SH_OP_LE:
    case SH_OP_GT:
    case SH_OP_GE:
        return compare_text(c, node, want, ret);
    case SH_OP_IN_CODES:
    case SH_OP_IN_VALUES:
    case SH_OP_IN_SET:
    case SH_OP_IN_RANGE:
    case SH_OP_AGE_IN_RANGE:
    case SH_OP_BETWEEN:
        return in_text(c, node, want, ret);
    case SH_OP_RELATED:
        return related_text(c, node, want, ret);
    default:
        break;
    }
    const struct sh_str text = source(c, node);
    if (!want)
        return sh_run_text(c->run, ret, "not %.*s", SH_ARG(text));
    *ret = text;
    return SH_OK;
}

sh_code sh_expr_clearing_hit(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                             uint32_t i, struct sh_str *ret, struct sh_err *err) {
    assert(e && in && batch && ret);
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    const struct sh_spot spot = sh_spot_of(e, batch, i);
    const struct clearing c = {.run = &run, .e = e, .spot = &spot};
    *ret = (struct sh_str){0};
    return of_claim(&c, e->root) ? clear(&c, e->root, false, ret) : SH_OK;
}

sh_code sh_expr_clearing(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                         uint32_t i, struct sh_str *ret, struct sh_err *err) {
    assert(e && in && batch && ret);
    struct sh_run run = {.in = in, .env = &e->env, .err = err};
    const struct sh_spot spot = sh_spot_of(e, batch, i);
    *ret = (struct sh_str){0};
    int64_t value = SH_MISSING;
    if (e->root->type.kind != SH_KIND_BOOL || e->root->rep != SH_REP_NARROW)
        return SH_OK;
    SH_TRY(sh_spot_value(&run, e->root, &spot, &value, NULL));
    return value == 1 ? sh_expr_clearing_hit(e, in, batch, i, ret, err) : SH_OK;
}
