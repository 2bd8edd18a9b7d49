/* Tokens to an untyped tree. The grammar stands in docs/rules.md. */
#include "expr/node.h"
#include "base/date.h"
#include "base/decimal.h"

static sh_code parse_or(struct sh_compile *c, struct sh_node **ret);
static sh_code parse_sum(struct sh_compile *c, struct sh_node **ret);

static const char *const keywords[] = {"and",  "or",     "not", "in",   "under", "where", "past",
                                       "next", "within", "by",  "desc", "asc",   "true",  "false"};

bool sh_is_keyword(struct sh_str name) {
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (sh_str_is(name, keywords[i]))
            return true;
    return false;
}

static const struct sh_token *token_at(const struct sh_compile *c, uint32_t ahead) {
    const uint32_t i = c->next + ahead;
    return &c->tokens[i < c->n_tokens ? i : c->n_tokens - 1];
}
static struct sh_str token_text(const struct sh_compile *c, const struct sh_token *t) {
    return sh_str_sub(c->text, t->from, t->to - t->from);
}
static bool is_sign(const struct sh_compile *c, const struct sh_token *t, const char *sign) {
    return t->kind == SH_TOKEN_SIGN && sh_str_is(token_text(c, t), sign);
}
static bool is_word(const struct sh_compile *c, const struct sh_token *t, const char *word) {
    return t->kind == SH_TOKEN_NAME && sh_str_is(token_text(c, t), word);
}
static bool take_sign(struct sh_compile *c, const char *sign) {
    if (!is_sign(c, token_at(c, 0), sign))
        return false;
    c->next++;
    return true;
}
static bool take_word(struct sh_compile *c, const char *word) {
    if (!is_word(c, token_at(c, 0), word))
        return false;
    c->next++;
    return true;
}

static sh_code unexpected(struct sh_compile *c, const char *wanted) {
    const struct sh_token *t = token_at(c, 0);
    if (t->kind == SH_TOKEN_END)
        return sh_compile_fail(c, t->from, "the expression ends here, %s is missing", wanted);
    return sh_compile_fail(c, t->from, "unexpected '%.*s', wanted %s", SH_ARG(token_text(c, t)), wanted);
}
#define unexpected(c, wanted) ((void)(unexpected)(c, wanted), (sh_code)SH_E_INPUT) /* as sh_compile_fail */

static sh_code need_sign(struct sh_compile *c, const char *sign, uint32_t opened) {
    if (take_sign(c, sign))
        return SH_OK;
    const struct sh_token *t = token_at(c, 0);
    if (t->kind == SH_TOKEN_END)
        return sh_compile_fail(c, opened, "the bracket opened here is not closed, '%s' is missing", sign);
    return sh_compile_fail(c, t->from, "unexpected '%.*s', wanted '%s'", SH_ARG(token_text(c, t)), sign);
}

static sh_code add_kid(struct sh_compile *c, struct sh_node *node, struct sh_node *kid) {
    if ((node->n_kids & (node->n_kids - 1)) == 0) { /* 0, 1, 2, 4 …: full */
        const size_t cap = node->n_kids ? 2 * (size_t)node->n_kids : 2;
        struct sh_node **kids = sh_new(c->arena, struct sh_node *, cap);
        if (!kids)
            return sh_compile_nomem(c);
        for (uint32_t i = 0; i < node->n_kids; i++)
            kids[i] = node->kids[i];
        node->kids = kids;
    }
    node->kids[node->n_kids++] = kid;
    if (kid)
        node->to = kid->to > node->to ? kid->to : node->to;
    return sh_node_settle(c, node);
}

static sh_code new_node(struct sh_compile *c, enum sh_op op, uint32_t from, uint32_t to,
                        struct sh_node **ret) {
    *ret = sh_node_new(c, op, from, to);
    return *ret ? SH_OK : sh_compile_nomem(c);
}

static sh_code enter(struct sh_compile *c) {
    if (++c->depth > SH_EXPR_DEPTH_MAX)
        return sh_fail(c->err, SH_E_LIMIT, "%s:%u:%u: the expression is nested deeper than %d", c->at.file,
                       c->at.line, c->at.column, SH_EXPR_DEPTH_MAX);
    return SH_OK;
}

/* 15 days, 6 hours, 12.50 yuan */
static const struct {
    const char *word;
    enum sh_unit unit;
    int64_t factor;
} units[] = {
    {"day", SH_UNIT_DAYS, 1},        {"days", SH_UNIT_DAYS, 1},        {"week", SH_UNIT_DAYS, 7},
    {"weeks", SH_UNIT_DAYS, 7},      {"hour", SH_UNIT_SECONDS, 3600},  {"hours", SH_UNIT_SECONDS, 3600},
    {"minute", SH_UNIT_SECONDS, 60}, {"minutes", SH_UNIT_SECONDS, 60}, {"second", SH_UNIT_SECONDS, 1},
    {"seconds", SH_UNIT_SECONDS, 1}, {"month", SH_UNIT_MONTHS, 1},     {"months", SH_UNIT_MONTHS, 1},
    {"year", SH_UNIT_YEARS, 1},      {"years", SH_UNIT_YEARS, 1},      {"yuan", SH_UNIT_YUAN, 1},
};

/* Number of a literal with as few decimals as needed; false: too many digits (it may still be a code). */
static bool scan_number(struct sh_str text, int64_t *ret, int8_t *ret_scale) {
    const size_t point = sh_str_find_char(text, '.');
    size_t scale = point == SH_STR_NONE ? 0 : text.len - point - 1;
    while (scale > 0 && text.at[text.len - 1] == '0')
        text.len--, scale--;
    if (scale > 12 || sh_decimal_scan(text.at, text.len, (int)scale, ret) != SH_DECIMAL_OK)
        return false;
    *ret_scale = (int8_t)scale;
    return true;
}

static sh_code parse_number(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    struct sh_node *node;
    SH_TRY(new_node(c, SH_OP_NUMBER, t->from, t->to, &node));
    node->word = token_text(c, t);
    node->type = sh_number_type(SH_UNIT_NONE, 0);
    node->literal = true;
    int8_t scale = 0;
    const bool fits = scan_number(node->word, &node->value, &scale);
    node->negated = !fits; /* only good as a code */
    node->type.scale = scale;
    node->vscale = sh_scale_of(node->type);
    c->next++;
    const struct sh_token *u = token_at(c, 0);
    for (size_t i = 0; u->kind == SH_TOKEN_NAME && i < sizeof units / sizeof *units; i++) {
        if (!sh_str_is(token_text(c, u), units[i].word))
            continue;
        if (!fits || __builtin_mul_overflow(node->value, units[i].factor, &node->value))
            return sh_compile_fail(c, t->from, "the number is too large");
        node->op = SH_OP_CONST;
        node->type.unit = units[i].unit;
        node->literal = false;
        node->to = u->to;
        c->next++;
        break;
    }
    *ret = node;
    return SH_OK;
}

static sh_code parse_date(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    const struct sh_str text = token_text(c, t);
    struct sh_node *node;
    SH_TRY(new_node(c, SH_OP_CONST, t->from, t->to, &node));
    if (t->kind == SH_TOKEN_DATE) {
        int32_t day = 0;
        const sh_date_fault fault = sh_date_scan(text.at, text.len, &day);
        if (fault != SH_DATE_OK)
            return sh_compile_fail(c, t->from, "%.*s is no date: %s", SH_ARG(text),
                                   sh_date_fault_text(fault));
        node->type = sh_type_of(SH_KIND_DATE);
        node->literal = true;
        node->value = day;
    } else {
        const sh_date_fault fault = sh_time_scan(text.at, text.len, &node->value);
        if (fault != SH_DATE_OK)
            return sh_compile_fail(c, t->from, "%.*s is no time: %s", SH_ARG(text),
                                   sh_date_fault_text(fault));
        node->type = sh_type_of(SH_KIND_TIME);
    }
    c->next++;
    *ret = node;
    return SH_OK;
}

static sh_code parse_set(struct sh_compile *c, struct sh_node **ret) {
    const uint32_t opened = token_at(c, 0)->from;
    SH_TRY(new_node(c, SH_OP_SETLIT, opened, opened + 1, ret));
    c->next++;
    if (is_sign(c, token_at(c, 0), "}"))
        return sh_compile_fail(c, opened, "an empty set; name at least one member");
    do {
        struct sh_node *member;
        SH_TRY(parse_sum(c, &member));
        SH_TRY(add_kid(c, *ret, member));
    } while (take_sign(c, ","));
    (*ret)->to = token_at(c, 0)->to;
    return need_sign(c, "}", opened);
}

static sh_code parse_range(struct sh_compile *c, struct sh_node **ret) {
    const uint32_t opened = token_at(c, 0)->from;
    SH_TRY(new_node(c, SH_OP_RANGELIT, opened, opened + 1, ret));
    c->next++;
    struct sh_node *low = NULL, *high = NULL;
    if (!is_sign(c, token_at(c, 0), ","))
        SH_TRY(parse_sum(c, &low));
    SH_TRY(add_kid(c, *ret, low));
    SH_TRY(need_sign(c, ",", opened));
    if (!is_sign(c, token_at(c, 0), ")") && !is_sign(c, token_at(c, 0), "]"))
        SH_TRY(parse_sum(c, &high));
    SH_TRY(add_kid(c, *ret, high));
    if (!low && !high)
        return sh_compile_fail(c, opened, "a range open on both sides holds everything");
    (*ret)->to = token_at(c, 0)->to;
    if (take_sign(c, "]")) {
        (*ret)->closed = true;
        return SH_OK;
    }
    return need_sign(c, ")", opened);
}

/* NAME in SCOPE: a related call begins. */
static bool at_scoped(const struct sh_compile *c) {
    return token_at(c, 0)->kind == SH_TOKEN_NAME && is_word(c, token_at(c, 1), "in") &&
           token_at(c, 2)->kind == SH_TOKEN_NAME &&
           sh_scope_find(token_text(c, token_at(c, 2))) != SH_SCOPE_NONE;
}

static sh_code parse_scopes(struct sh_compile *c, struct sh_call *call) {
    call->scope_at = token_at(c, 0)->from;
    do {
        const struct sh_token *t = token_at(c, 0);
        const enum sh_expr_scope scope =
            t->kind == SH_TOKEN_NAME ? sh_scope_find(token_text(c, t)) : SH_SCOPE_NONE;
        if (scope == SH_SCOPE_NONE)
            return unexpected(c, "encounter, prescription, day, stay, person or institution");
        if (call->n_scopes == SH_SCOPES_MAX)
            return sh_compile_fail(c, t->from, "at most %d scopes", SH_SCOPES_MAX);
        call->scopes[call->n_scopes++] = scope;
        c->next++;
    } while (take_sign(c, ","));
    return SH_OK;
}

static sh_code parse_call_tail(struct sh_compile *c, struct sh_call *call) {
    if (take_word(c, "by")) {
        SH_TRY(parse_sum(c, &call->by));
        call->descending = take_word(c, "desc");
        if (!call->descending)
            (void)take_word(c, "asc");
    }
    call->window_kind = take_word(c, "past")     ? SH_WINDOW_PAST
                        : take_word(c, "next")   ? SH_WINDOW_NEXT
                        : take_word(c, "within") ? SH_WINDOW_WITHIN
                                                 : SH_WINDOW_NONE;
    if (call->window_kind != SH_WINDOW_NONE)
        SH_TRY(parse_sum(c, &call->window));
    if (take_word(c, "where"))
        SH_TRY(parse_or(c, &call->where));
    return SH_OK;
}

static sh_code parse_call(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    SH_TRY(new_node(c, SH_OP_CALL, t->from, t->to, ret));
    struct sh_call *call = (*ret)->call = sh_new(c->arena, struct sh_call, 1);
    if (!call)
        return sh_compile_nomem(c);
    call->name = token_text(c, t);
    const uint32_t opened = token_at(c, 1)->from;
    c->next += 2;
    if (at_scoped(c)) {
        struct sh_node *table;
        SH_TRY(new_node(c, SH_OP_NAME, token_at(c, 0)->from, token_at(c, 0)->to, &table));
        table->word = token_text(c, token_at(c, 0));
        SH_TRY(add_kid(c, *ret, table));
        c->next += 2;
        SH_TRY(parse_scopes(c, call));
    } else if (!is_sign(c, token_at(c, 0), ")") && !is_word(c, token_at(c, 0), "where")) {
        do {
            struct sh_node *arg;
            SH_TRY(parse_or(c, &arg));
            SH_TRY(add_kid(c, *ret, arg));
        } while (take_sign(c, ","));
    }
    SH_TRY(parse_call_tail(c, call));
    (*ret)->to = token_at(c, 0)->to;
    SH_TRY(need_sign(c, ")", opened));
    if (sh_str_is(call->name, "overlap") && is_word(c, token_at(c, 0), "in") &&
        token_at(c, 1)->kind == SH_TOKEN_NAME) {
        call->unit = token_text(c, token_at(c, 1));
        call->unit_at = token_at(c, 1)->from;
        (*ret)->to = token_at(c, 1)->to;
        c->next += 2;
    }
    return SH_OK;
}

static sh_code parse_name(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    const struct sh_str text = token_text(c, t);
    if (is_sign(c, token_at(c, 1), "(") && !sh_is_keyword(text))
        return parse_call(c, ret);
    if (sh_str_is(text, "true") || sh_str_is(text, "false")) {
        SH_TRY(new_node(c, SH_OP_CONST, t->from, t->to, ret));
        (*ret)->type = sh_type_of(SH_KIND_BOOL);
        (*ret)->value = text.len == 4;
    } else if (sh_is_keyword(text)) {
        return unexpected(c, "a value");
    } else {
        SH_TRY(new_node(c, SH_OP_NAME, t->from, t->to, ret));
        (*ret)->word = text;
    }
    c->next++;
    return SH_OK;
}

static sh_code parse_primary(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    switch (t->kind) {
    case SH_TOKEN_NUMBER:
        return parse_number(c, ret);
    case SH_TOKEN_DATE:
    case SH_TOKEN_TIME:
        return parse_date(c, ret);
    case SH_TOKEN_STRING:
        SH_TRY(new_node(c, SH_OP_STRING, t->from, t->to, ret));
        (*ret)->word = sh_str_sub(c->text, t->from + 1, t->to - t->from - 2);
        c->next++;
        return SH_OK;
    case SH_TOKEN_NAME:
        return parse_name(c, ret);
    case SH_TOKEN_SIGN:
        if (is_sign(c, t, "{"))
            return parse_set(c, ret);
        if (is_sign(c, t, "["))
            return parse_range(c, ret);
        if (take_sign(c, "(")) {
            SH_TRY(parse_or(c, ret));
            return need_sign(c, ")", t->from);
        }
        break;
    case SH_TOKEN_END:
        break;
    }
    return unexpected(c, "a value");
}

static sh_code parse_unary(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    if (!is_sign(c, t, "-"))
        return parse_primary(c, ret);
    c->next++;
    SH_TRY(enter(c));
    struct sh_node *kid;
    SH_TRY(parse_unary(c, &kid));
    c->depth--;
    SH_TRY(new_node(c, SH_OP_NEG, t->from, kid->to, ret));
    return add_kid(c, *ret, kid);
}

static sh_code join_two(struct sh_compile *c, enum sh_op op, struct sh_node *left, struct sh_node *right,
                        struct sh_node **ret) {
    SH_TRY(new_node(c, op, left->from, right->to, ret));
    SH_TRY(add_kid(c, *ret, left));
    return add_kid(c, *ret, right);
}

static sh_code parse_product(struct sh_compile *c, struct sh_node **ret) {
    SH_TRY(parse_unary(c, ret));
    for (;;) {
        const struct sh_token *t = token_at(c, 0);
        const bool times = is_sign(c, t, "*");
        if (!times && !is_sign(c, t, "/"))
            return SH_OK;
        c->next++;
        struct sh_node *right;
        SH_TRY(parse_unary(c, &right));
        SH_TRY(join_two(c, times ? SH_OP_MUL : SH_OP_DIV, *ret, right, ret));
    }
}

static sh_code parse_sum(struct sh_compile *c, struct sh_node **ret) {
    SH_TRY(enter(c));
    SH_TRY(parse_product(c, ret));
    for (;;) {
        const struct sh_token *t = token_at(c, 0);
        const bool plus = is_sign(c, t, "+");
        if (!plus && !is_sign(c, t, "-"))
            break;
        c->next++;
        struct sh_node *right;
        SH_TRY(parse_product(c, &right));
        SH_TRY(join_two(c, plus ? SH_OP_ADD : SH_OP_SUB, *ret, right, ret));
    }
    c->depth--;
    return SH_OK;
}

static bool comparison_at(const struct sh_compile *c, enum sh_op *ret) {
    static const struct {
        const char *sign;
        enum sh_op op;
    } signs[] = {{"=", SH_OP_EQ},  {"!=", SH_OP_NE}, {"<", SH_OP_LT},
                 {"<=", SH_OP_LE}, {">", SH_OP_GT},  {">=", SH_OP_GE}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (is_sign(c, token_at(c, 0), signs[i].sign)) {
            *ret = signs[i].op;
            return true;
        }
    return false;
}

static sh_code parse_in(struct sh_compile *c, struct sh_node **ret) {
    const bool negated = take_word(c, "not");
    const bool under = is_word(c, token_at(c, 0), "under");
    c->next++;
    struct sh_node *right;
    SH_TRY(parse_sum(c, &right));
    SH_TRY(join_two(c, SH_OP_IN, *ret, right, ret));
    (*ret)->negated = negated;
    (*ret)->under = under;
    return SH_OK;
}

static sh_code parse_comparison(struct sh_compile *c, struct sh_node **ret) {
    SH_TRY(parse_sum(c, ret));
    const struct sh_token *t = token_at(c, 0);
    const struct sh_token *behind = is_word(c, t, "not") ? token_at(c, 1) : t;
    enum sh_op op;
    if (is_word(c, behind, "in") || is_word(c, behind, "under")) {
        SH_TRY(parse_in(c, ret));
    } else if (comparison_at(c, &op)) {
        c->next++;
        struct sh_node *right;
        SH_TRY(parse_sum(c, &right));
        SH_TRY(join_two(c, op, *ret, right, ret));
    } else {
        return SH_OK;
    }
    if (comparison_at(c, &op) || is_word(c, token_at(c, 0), "in") || is_word(c, token_at(c, 0), "under"))
        return sh_compile_fail(c, token_at(c, 0)->from, "two comparisons in a row; join them with and");
    return SH_OK;
}

static sh_code parse_not(struct sh_compile *c, struct sh_node **ret) {
    const struct sh_token *t = token_at(c, 0);
    if (!take_word(c, "not"))
        return parse_comparison(c, ret);
    SH_TRY(enter(c));
    struct sh_node *kid;
    SH_TRY(parse_not(c, &kid));
    c->depth--;
    SH_TRY(new_node(c, SH_OP_NOT, t->from, kid->to, ret));
    return add_kid(c, *ret, kid);
}

static sh_code parse_and(struct sh_compile *c, struct sh_node **ret) {
    SH_TRY(parse_not(c, ret));
    if (!is_word(c, token_at(c, 0), "and"))
        return SH_OK;
    struct sh_node *all, *part = *ret;
    SH_TRY(new_node(c, SH_OP_AND, part->from, part->to, &all));
    SH_TRY(add_kid(c, all, part));
    while (take_word(c, "and")) {
        SH_TRY(parse_not(c, &part));
        SH_TRY(add_kid(c, all, part));
    }
    *ret = all;
    return SH_OK;
}

static sh_code parse_or(struct sh_compile *c, struct sh_node **ret) {
    SH_TRY(enter(c));
    SH_TRY(parse_and(c, ret));
    if (is_word(c, token_at(c, 0), "or")) {
        struct sh_node *any, *part = *ret;
        SH_TRY(new_node(c, SH_OP_OR, part->from, part->to, &any));
        SH_TRY(add_kid(c, any, part));
        while (take_word(c, "or")) {
            SH_TRY(parse_and(c, &part));
            SH_TRY(add_kid(c, any, part));
        }
        *ret = any;
    }
    c->depth--;
    return SH_OK;
}

sh_code sh_parse(struct sh_compile *c, struct sh_node **ret) {
    SH_TRY(parse_or(c, ret));
    const struct sh_token *t = token_at(c, 0);
    if (t->kind == SH_TOKEN_END)
        return SH_OK;
    if (is_sign(c, t, ")") || is_sign(c, t, "]") || is_sign(c, t, "}"))
        return sh_compile_fail(c, t->from, "'%.*s' closes nothing", SH_ARG(token_text(c, t)));
    return sh_compile_fail(c, t->from, "unexpected '%.*s' behind the end of the expression",
                           SH_ARG(token_text(c, t)));
}
