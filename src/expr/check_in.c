/* Types of `in` and `under`: sets, ranges, code words. */
#include "expr/node.h"
#include "base/decimal.h"

sh_code sh_check_word(struct sh_compile *c, struct sh_node *word, struct sh_type type, int64_t *ret_value) {
    const bool named = word->op == SH_OP_NAME || word->op == SH_OP_STRING || word->op == SH_OP_NUMBER;
    if (named && type.kind == SH_KIND_LEVEL) {
        const char *const *words = type.domain >= 0 && type.domain < c->context->model->n_level_domains
                                       ? c->context->model->level_words[type.domain]
                                       : NULL;
        size_t n = 0;
        for (; words && words[n]; n++)
            if (sh_str_is(word->word, words[n])) {
                *ret_value = (int64_t)n;
                return SH_OK;
            }
        const char *meant = words ? sh_did_you_mean(word->word, words, n) : NULL;
        return sh_compile_fail(c, word->from,
                               meant ? "unknown level %.*s, did you mean %s?" : "unknown level %.*s%s",
                               SH_ARG(word->word), meant ? meant : "");
    }
    if (named && type.kind == SH_KIND_SCOPE) {
        *ret_value = sh_scope_find(word->word);
        if (*ret_value != SH_SCOPE_NONE)
            return SH_OK;
        return sh_compile_fail(c, word->from, "unknown grouping word %.*s", SH_ARG(word->word));
    }
    SH_TRY(sh_check_node(c, word));
    struct sh_node like = {
        .type = type, .from = word->from, .to = word->to, .op = SH_OP_COLUMN, .vscale = type.scale};
    SH_TRY(sh_check_alike(c, word, &like, word, "compared with"));
    if (word->op != SH_OP_CONST)
        return sh_compile_fail(c, word->from, "a member of a set must be a plain value");
    *ret_value = word->value;
    return SH_OK;
}

static sh_code note_code_node(struct sh_compile *c, struct sh_node *node) {
    if (c->n_code_nodes == c->code_cap) {
        const size_t cap = c->code_cap ? 2 * c->code_cap : 8;
        struct sh_node **nodes = sh_new(c->arena, struct sh_node *, cap);
        if (!nodes)
            return sh_compile_nomem(c);
        for (size_t i = 0; i < c->n_code_nodes; i++)
            nodes[i] = c->code_nodes[i];
        c->code_nodes = nodes;
        c->code_cap = cap;
    }
    c->code_nodes[c->n_code_nodes++] = node;
    return SH_OK;
}

sh_code sh_code_words(struct sh_compile *c, struct sh_node *node, bool under, struct sh_node *words) {
    const struct sh_model *model = c->context->model;
    const struct sh_type of = node->kids[0]->type;
    if (of.domain >= 0 && of.domain < (int16_t)model->n_domains && model->domain_unnamed &&
        model->domain_unnamed[of.domain])
        return sh_compile_fail(c, words->from,
                               "no rule names one %s: compare it with another column, not with a word: %.*s",
                               model->domain_names[of.domain], SH_ARG(sh_node_text(c, words)));
    const bool set = words->op == SH_OP_SETLIT;
    const uint32_t n = set ? words->n_kids : 1;
    struct sh_codes *codes = sh_new(c->arena, struct sh_codes, 1);
    if (!codes || !(codes->words = sh_new(c->arena, struct sh_str, n)))
        return sh_compile_nomem(c);
    for (uint32_t i = 0; i < n; i++) {
        const struct sh_node *word = set ? words->kids[i] : words;
        if (word->op != SH_OP_NAME && word->op != SH_OP_NUMBER && word->op != SH_OP_STRING)
            return sh_compile_fail(c, word->from, "%.*s is no code; quote it if it is meant as one",
                                   SH_ARG(sh_node_text(c, word)));
        if (word->word.len == 0)
            return sh_compile_fail(c, word->from, "an empty code");
        codes->words[codes->n_words++] = word->word;
    }
    codes->under = under;
    node->op = SH_OP_IN_CODES;
    node->type = sh_type_of(SH_KIND_BOOL);
    node->codes = codes;
    node->n_kids = 1;
    SH_TRY(sh_node_settle(c, node));
    node->may_none = false;
    return note_code_node(c, node);
}

static void sort_values(int64_t *v, uint32_t n) {
    for (uint32_t i = 1; i < n; i++) { /* short lists */
        const int64_t x = v[i];
        uint32_t j = i;
        for (; j > 0 && v[j - 1] > x; j--)
            v[j] = v[j - 1];
        v[j] = x;
    }
}

static sh_code in_values(struct sh_compile *c, struct sh_node *node, struct sh_node *set) {
    const struct sh_node *left = node->kids[0];
    if (left->type.kind == SH_KIND_TEXT || left->type.kind == SH_KIND_BOOL ||
        left->type.kind == SH_KIND_SET || left->type.kind == SH_KIND_RANGE || left->rep != SH_REP_NARROW)
        return sh_compile_fail(c, node->from, "%s cannot be looked up in a set: %.*s",
                               sh_type_text(c, left->type), SH_ARG(sh_node_text(c, left)));
    int64_t *values = sh_new(c->arena, int64_t, set->n_kids);
    if (!values)
        return sh_compile_nomem(c);
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->n_kids; i++) {
        int64_t value;
        SH_TRY(sh_check_word(c, set->kids[i], left->type, &value));
        if (left->type.kind != SH_KIND_NUMBER || set->kids[i]->vscale == left->vscale)
            values[n++] = value; /* more decimals than the column has: never equal */
    }
    sort_values(values, n);
    node->op = SH_OP_IN_VALUES;
    node->values.at = values;
    node->values.n = n;
    node->n_kids = 1;
    return SH_OK;
}

static sh_code check_bound(struct sh_compile *c, struct sh_node *node, struct sh_node *bound) {
    struct sh_node *left = node->kids[0];
    if (left->type.kind == SH_KIND_LEVEL && (bound->op == SH_OP_NAME || bound->op == SH_OP_STRING)) {
        SH_TRY(sh_check_word(c, bound, left->type, &bound->value));
        bound->op = SH_OP_CONST;
        bound->type = left->type;
        return SH_OK;
    }
    SH_TRY(sh_check_node(c, bound));
    return sh_check_alike(c, node, left, bound, "compared with");
}

/* x in [low, high) where the numbers are too long for the fast form: two comparisons. */
static sh_code wide_between(struct sh_compile *c, struct sh_node *node, struct sh_node *low,
                            struct sh_node *high, bool closed) {
    const struct sh_type type = sh_type_of(SH_KIND_BOOL);
    struct sh_node *x = node->kids[0], *parts[2];
    size_t n = 0;
    if (low)
        parts[n++] = sh_node_with(c, SH_OP_GE, type, node, 2, (struct sh_node *[]){x, low});
    if (high)
        parts[n++] =
            sh_node_with(c, closed ? SH_OP_LE : SH_OP_LT, type, node, 2, (struct sh_node *[]){x, high});
    struct sh_node *both = sh_node_with(c, SH_OP_AND, type, node, n, parts);
    struct sh_node *whole = both && node->negated ? sh_node_with(c, SH_OP_NOT, type, node, 1, &both) : both;
    if (!whole)
        return sh_compile_nomem(c);
    *node = *whole;
    return SH_OK;
}

static sh_code in_range_literal(struct sh_compile *c, struct sh_node *node, struct sh_node *range) {
    const struct sh_node *left = node->kids[0];
    switch (left->type.kind) {
    case SH_KIND_NUMBER:
    case SH_KIND_DATE:
    case SH_KIND_TIME:
    case SH_KIND_LEVEL:
        break;
    case SH_KIND_BOOL:
    case SH_KIND_CODE:
    case SH_KIND_TEXT:
    case SH_KIND_SET:
    case SH_KIND_RANGE:
    case SH_KIND_SCOPE:
        return sh_compile_fail(c, node->from, "%s has no order, so no range: %.*s",
                               sh_type_text(c, left->type), SH_ARG(sh_node_text(c, left)));
    }
    struct sh_node *bounds[2] = {range->kids[0], range->kids[1]};
    bool narrow = left->rep == SH_REP_NARROW;
    for (int i = 0; i < 2; i++)
        if (bounds[i]) {
            SH_TRY(check_bound(c, node, bounds[i]));
            narrow = narrow && bounds[i]->rep == SH_REP_NARROW && bounds[i]->vscale == left->vscale;
        }
    if (!narrow)
        return wide_between(c, node, bounds[0], bounds[1], range->closed);
    struct sh_node **kids = sh_new(c->arena, struct sh_node *, 3);
    if (!kids)
        return sh_compile_nomem(c);
    kids[0] = node->kids[0], kids[1] = bounds[0], kids[2] = bounds[1];
    node->op = SH_OP_BETWEEN;
    node->kids = kids;
    node->n_kids = 3;
    node->closed = range->closed;
    return sh_node_settle(c, node);
}

static sh_code in_cell(struct sh_compile *c, struct sh_node *node) {
    struct sh_node *left = node->kids[0], *right = node->kids[1];
    const struct sh_type l = left->type, r = right->type;
    if (r.kind == SH_KIND_SET && (l.kind == SH_KIND_CODE || l.kind == SH_KIND_LEVEL) && l.kind == r.member &&
        l.domain == r.domain) {
        node->op = SH_OP_IN_SET;
        return SH_OK;
    }
    const bool range_kind = l.kind == SH_KIND_NUMBER || l.kind == SH_KIND_DATE || l.kind == SH_KIND_TIME;
    if (r.kind == SH_KIND_RANGE && range_kind && l.kind == r.member && left->rep == SH_REP_NARROW &&
        !node->under) {
        if (left->op == SH_OP_AGE) { /* the range says whether it means years, months or days */
            struct sh_node **kids = sh_new(c->arena, struct sh_node *, 3);
            if (!kids)
                return sh_compile_nomem(c);
            kids[0] = left->kids[0], kids[1] = left->kids[1], kids[2] = right;
            node->kids = kids;
            node->n_kids = 3;
            node->op = SH_OP_AGE_IN_RANGE;
            return SH_OK;
        }
        node->op = SH_OP_IN_RANGE;
        return SH_OK;
    }
    const char *word = node->under ? "under" : "in";
    if (r.kind != SH_KIND_SET && r.kind != SH_KIND_RANGE)
        return sh_compile_fail(c, right->from, "%s needs a set {…}%s; %.*s is of type %s", word,
                               node->under ? " or a code" : ", a range […) or a set of the knowledge",
                               SH_ARG(sh_node_text(c, right)), sh_type_text(c, r));
    return sh_compile_fail(c, node->from, "%s compared with %s: %.*s %s %.*s", sh_type_text(c, l),
                           sh_type_text(c, r), SH_ARG(sh_node_text(c, left)), word,
                           SH_ARG(sh_node_text(c, right)));
}

static sh_code check_in_kind(struct sh_compile *c, struct sh_node *node) {
    struct sh_node *left = node->kids[0], *right = node->kids[1];
    if (node->under && left->type.kind != SH_KIND_CODE)
        return sh_compile_fail(c, node->from, "under is for codes; %.*s is of type %s",
                               SH_ARG(sh_node_text(c, left)), sh_type_text(c, left->type));
    if (right->op == SH_OP_SETLIT && left->type.kind == SH_KIND_CODE)
        return sh_code_words(c, node, node->under, right);
    if (right->op == SH_OP_SETLIT)
        return in_values(c, node, right);
    if (right->op == SH_OP_RANGELIT && !node->under)
        return in_range_literal(c, node, right);
    if (right->op == SH_OP_STRING || right->op == SH_OP_NUMBER || right->op == SH_OP_NAME) {
        const enum sh_resolve how = sh_wordlike(c, right);
        if (how == SH_RESOLVE_FAIL)
            return c->err->code;
        if (how == SH_RESOLVE_UNKNOWN && node->under)
            return sh_code_words(c, node, true, right);
        if (how != SH_RESOLVE_FOUND)
            return right->op == SH_OP_NAME ? sh_resolve_complain(c, right)
                                           : sh_compile_fail(c, right->from, "in needs a set: {%.*s}",
                                                             SH_ARG(sh_node_text(c, right)));
    } else {
        SH_TRY(sh_check_node(c, right));
    }
    return in_cell(c, node);
}

sh_code sh_check_in(struct sh_compile *c, struct sh_node *node) {
    SH_TRY(sh_check_node(c, node->kids[0]));
    node->type = sh_type_of(SH_KIND_BOOL);
    SH_TRY(check_in_kind(c, node));
    SH_TRY(sh_node_settle(c, node));
    node->may_none = false;
    return SH_OK;
}
