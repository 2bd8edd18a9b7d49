/* Numbers as SQL: exact, with one division at the end. */
#include "expr/sql.h"

const char *sh_sql_pow10(struct sh_sql *sql, int n) {
    char digits[48] = "1";
    for (int i = 0; i < n && i < 40; i++)
        digits[i + 1] = '0', digits[i + 2] = '\0';
    return sh_sql_number(sql, sh_sql_say(sql, "%s", digits));
}

/* Towards zero. Never "/": it is a float here and an error on 0 there. */
static const char *div_trunc(struct sh_sql *sql, const char *num, const char *den) {
    return sql->dialect == SH_SQL_DUCKDB ? sh_sql_say(sql, "((%s) // (%s))", num, den)
                                         : sh_sql_say(sql, "div(cast(%s as numeric), %s)", num, den);
}

const char *sh_sql_div_floor(struct sh_sql *sql, const char *num, const char *den) {
    return div_trunc(
        sql, sh_sql_say(sql, "(%s) - ((((%s) %% (%s)) + (%s)) %% (%s))", num, num, den, den, den), den);
}

const char *sh_sql_div_round(struct sh_sql *sql, const char *num, const char *den) {
    return sh_sql_say(
        sql, "(sign(%s) * %s)", num,
        div_trunc(sql, sh_sql_say(sql, "2 * abs(%s) + (%s)", num, den), sh_sql_say(sql, "2 * (%s)", den)));
}

/* num and den are wide, den > 0. */
const char *sh_sql_ceil(struct sh_sql *sql, const char *num, const char *den) {
    return sh_sql_say(sql, "(%s + case when (%s) %% (%s) > 0 then 1 else 0 end)", div_trunc(sql, num, den),
                      num, den);
}

static const char *times(struct sh_sql *sql, const char *a, const char *b) {
    return !b ? a : !a ? b : sh_sql_say(sql, "(%s * %s)", a, b);
}

static const char *up(struct sh_sql *sql, const char *a, int by) {
    return by > 0 ? times(sql, a, sh_sql_pow10(sql, by)) : a;
}

static const char *signed_sum(struct sh_sql *sql, const char *a, const char *b, bool minus) {
    return sh_sql_say(sql, "(%s %s %s)", a, minus ? "-" : "+", b);
}

static struct sh_sql_num extreme(struct sh_sql *sql, struct sh_sql_num a, struct sh_sql_num b, bool max) {
    const char *first =
        sh_sql_say(sql, "%s %s %s", times(sql, a.num, b.den), max ? ">=" : "<", times(sql, b.num, a.den));
    /* b is taken unless a is known to be it, so that a missing side stays missing */
    const char *form = "(case when %s then %s when not (%s) then %s end)";
    struct sh_sql_num ret = {.num = sh_sql_say(sql, "(case when %s then %s when not (%s) then %s end)", first,
                                               a.num, first, b.num)};
    (void)form;
    if (a.den || b.den)
        ret.den = sh_sql_say(sql, "(case when %s then %s when not (%s) then %s end)", first,
                             a.den ? a.den : "1", first, b.den ? b.den : "1");
    return ret;
}

static struct sh_sql_num quotient(struct sh_sql *sql, struct sh_sql_num a, struct sh_sql_num b) {
    const char *den = times(sql, a.den, b.num);
    return (struct sh_sql_num){.num = sh_sql_say(sql, "(%s * sign(%s))", times(sql, a.num, b.den), den),
                               .den = sh_sql_say(sql, "nullif(abs(%s), 0)", den)};
}

static struct sh_sql_num two(struct sh_sql *sql, enum sh_op op, struct sh_sql_num a, struct sh_sql_num b) {
    switch ((int)op) {
    case SH_OP_ADD:
    case SH_OP_SUB:
        return (struct sh_sql_num){
            .num = signed_sum(sql, times(sql, a.num, b.den), times(sql, b.num, a.den), op == SH_OP_SUB),
            .den = times(sql, a.den, b.den)};
    case SH_OP_MUL:
        return (struct sh_sql_num){.num = times(sql, a.num, b.num), .den = times(sql, a.den, b.den)};
    case SH_OP_DIV:
        return quotient(sql, a, b);
    default:
        return extreme(sql, a, b, op == SH_OP_MAX);
    }
}

static struct sh_sql_num one(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    struct sh_sql_num a = sh_sql_num_of(scope, node->kids[0]);
    const int scale = node->kids[0]->vscale;
    if (node->op == SH_OP_NEG)
        a.num = sh_sql_say(sql, "(-%s)", a.num);
    else if (node->op == SH_OP_ABS)
        a.num = sh_sql_say(sql, "abs(%s)", a.num);
    else if (scale > 0)
        a = (struct sh_sql_num){.num = sh_sql_ceil(sql, a.num, times(sql, a.den, sh_sql_pow10(sql, scale)))};
    else if (a.den || scale < 0)
        a = (struct sh_sql_num){.num = sh_sql_ceil(sql, up(sql, a.num, -scale), a.den ? a.den : "1")};
    return a;
}

struct sh_sql_num sh_sql_num_of(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    switch ((int)node->op) {
    case SH_OP_NEG:
    case SH_OP_ABS:
    case SH_OP_CEIL:
        return one(scope, node);
    case SH_OP_ADD:
    case SH_OP_SUB:
    case SH_OP_MUL:
    case SH_OP_DIV:
    case SH_OP_MIN:
    case SH_OP_MAX:
        break;
    case SH_OP_AGGREGATE:
        return (struct sh_sql_num){.num = sh_sql_aggregate(scope, node, false)};
    default:
        return (struct sh_sql_num){.num = sh_sql_node(scope, node)};
    }
    const bool scaled = node->op != SH_OP_MUL && node->op != SH_OP_DIV;
    int scale = node->kids[0]->vscale;
    struct sh_sql_num a = sh_sql_num_of(scope, node->kids[0]);
    for (uint32_t k = 1; k < node->n_kids; k++) {
        const int other = node->kids[k]->vscale;
        struct sh_sql_num b = sh_sql_num_of(scope, node->kids[k]);
        if (scaled)
            a.num = up(sql, a.num, other - scale), b.num = up(sql, b.num, scale - other);
        a = two(sql, node->op, a, b);
        scale = other > scale ? other : scale;
    }
    return a;
}

const char *sh_sql_rounded(struct sh_sql_scope *scope, const struct sh_node *node, int to) {
    struct sh_sql *sql = scope->sql;
    const struct sh_sql_num x = sh_sql_num_of(scope, node);
    const int scale = node->vscale;
    if (to >= scale && !x.den)
        return up(sql, x.num, to - scale);
    const char *den = to < scale ? times(sql, x.den, sh_sql_pow10(sql, scale - to)) : x.den;
    return sh_sql_div_round(sql, up(sql, x.num, to - scale), den);
}

/* ---- comparing ---------------------------------------------------------------------------------- */

static const char *sign_of(enum sh_op op) {
    switch ((int)op) {
    case SH_OP_EQ:
        return "=";
    case SH_OP_NE:
        return "<>";
    case SH_OP_LT:
        return "<";
    case SH_OP_LE:
        return "<=";
    case SH_OP_GT:
        return ">";
    default:
        return ">=";
    }
}

static const char *compare_numbers(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    struct sh_sql_num a = sh_sql_num_of(scope, node->kids[0]), b = sh_sql_num_of(scope, node->kids[1]);
    const int d = node->kids[1]->vscale - node->kids[0]->vscale;
    return sh_sql_say(sql, "(%s %s %s)", times(sql, up(sql, a.num, d), b.den), sign_of(node->op),
                      times(sql, up(sql, b.num, -d), a.den));
}

const char *sh_sql_compare(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    const char *none_a = sh_sql_none(scope, a), *none_b = sh_sql_none(scope, b);
    const char *text =
        a->type.kind == SH_KIND_NUMBER && b->type.kind == SH_KIND_NUMBER
            ? compare_numbers(scope, node)
            : sh_sql_say(sql, "(%s %s %s)", sh_sql_node(scope, a), sign_of(node->op), sh_sql_node(scope, b));
    if (!none_a && !none_b)
        return text;
    return sh_sql_say(sql, "(case when %s%s%s then false else %s end)", none_a ? none_a : "",
                      none_a && none_b ? " or " : "", none_b ? none_b : "", text);
}
