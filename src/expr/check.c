/* Types of operators. A node is checked once, from the leaves up; checking turns syntax into meaning. */
#include "expr/node.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/limits.h"

static bool fold_literals(struct sh_node *node) {
    const struct sh_node *a = node->kids[0], *b = node->n_kids > 1 ? node->kids[1] : a;
    if (!a->literal || !b->literal || a->op != SH_OP_CONST || b->op != SH_OP_CONST ||
        a->type.kind != SH_KIND_NUMBER || b->type.kind != SH_KIND_NUMBER)
        return false;
    int64_t value = 0;
    bool bad = a->vscale != b->vscale;
    int16_t scale = a->vscale;
    if (node->op == SH_OP_NEG)
        bad = __builtin_sub_overflow((int64_t)0, a->value, &value);
    else if (node->op == SH_OP_ADD)
        bad = bad || __builtin_add_overflow(a->value, b->value, &value);
    else if (node->op == SH_OP_SUB)
        bad = bad || __builtin_sub_overflow(a->value, b->value, &value);
    else {
        scale = (int16_t)(a->vscale + b->vscale);
        bad = node->op != SH_OP_MUL || scale > 12 || __builtin_mul_overflow(a->value, b->value, &value);
    }
    if (bad)
        return false;
    node->op = SH_OP_CONST;
    node->n_kids = 0;
    node->value = value;
    node->vscale = scale;
    node->type = sh_number_type(SH_UNIT_NONE, (int8_t)scale);
    node->literal = true;
    return true;
}

sh_code sh_check_condition(struct sh_compile *c, struct sh_node *node, const char *where) {
    SH_TRY(sh_check_node(c, node));
    if (node->type.kind != SH_KIND_BOOL)
        return sh_compile_fail(c, node->from, "%.*s is of type %s, %s needs a condition",
                               SH_ARG(sh_node_text(c, node)), sh_type_text(c, node->type), where);
    return SH_OK;
}

/* A plain number beside a unit takes it: money, days, years. Hours are never plain. */
static bool adopts(const struct sh_node *literal, enum sh_unit unit) {
    return literal->literal && literal->type.kind == SH_KIND_NUMBER && literal->type.unit == SH_UNIT_NONE &&
           unit != SH_UNIT_SECONDS;
}

/* Write a constant with the decimals of the other side, so that both are compared as they lie. */
static void rescale(struct sh_node *node, int16_t scale) {
    if (node->op != SH_OP_CONST || node->vscale >= scale || scale > SH_DECIMAL_SCALE_MAX)
        return;
    int64_t value;
    if (__builtin_mul_overflow(node->value, sh_pow10(scale - node->vscale), &value) || value <= SH_NONE)
        return;
    node->value = value;
    node->vscale = scale;
    node->type.scale = (int8_t)scale;
}

static bool plain_unit(enum sh_unit unit) {
    return unit == SH_UNIT_NONE || unit == SH_UNIT_RATIO;
}

static bool both_of(const struct sh_node *a, const struct sh_node *b, enum sh_kind kind) {
    return a->type.kind == kind && b->type.kind == kind;
}

/* A date literal beside a time is the midnight that begins it. */
static void date_as_time(struct sh_node *date, const struct sh_node *time) {
    if (time->type.kind != SH_KIND_TIME || date->type.kind != SH_KIND_DATE || !date->literal)
        return;
    date->type = time->type;
    date->value *= SH_DAY_SECONDS;
}

/* Two numbers: units and decimals brought together where they may be; true: they are alike. */
static bool alike_numbers(struct sh_node *a, struct sh_node *b) {
    bool same = sh_type_same(a->type, b->type);
    if (!same && adopts(a, b->type.unit))
        a->type.unit = b->type.unit, same = true;
    else if (!same && adopts(b, a->type.unit))
        b->type.unit = a->type.unit, same = true;
    else if (plain_unit(a->type.unit) && plain_unit(b->type.unit))
        same = true;
    if (a->rep != SH_REP_RATIO && b->rep != SH_REP_RATIO) {
        rescale(a, b->vscale);
        rescale(b, a->vscale);
    }
    return same;
}

/* What to write instead; "" if we do not know. */
static const char *unlike_hint(const struct sh_node *a, const struct sh_node *b) {
    if ((a->type.kind == SH_KIND_DATE && b->type.kind == SH_KIND_TIME) ||
        (a->type.kind == SH_KIND_TIME && b->type.kind == SH_KIND_DATE))
        return "; write day(…) of the time";
    if (both_of(a, b, SH_KIND_NUMBER) &&
        (a->type.unit == SH_UNIT_SECONDS || b->type.unit == SH_UNIT_SECONDS) && (a->literal || b->literal))
        return "; write a unit: 6 hours";
    return "";
}

sh_code sh_check_alike(struct sh_compile *c, struct sh_node *node, struct sh_node *a, struct sh_node *b,
                       const char *what) {
    date_as_time(b, a);
    date_as_time(a, b);
    bool same;
    if (both_of(a, b, SH_KIND_NUMBER))
        same = alike_numbers(a, b);
    else if (both_of(a, b, SH_KIND_TEXT) && (!a->type.domain || !b->type.domain))
        same = true;
    else
        same = sh_type_same(a->type, b->type);
    if (same)
        return SH_OK;
    return sh_compile_fail(c, node->from, "%s %s %s: %.*s and %.*s%s", sh_type_text(c, a->type), what,
                           sh_type_text(c, b->type), SH_ARG(sh_node_text(c, a)), SH_ARG(sh_node_text(c, b)),
                           unlike_hint(a, b));
}

/* ---- comparisons --------------------------------------------------------------------------------------- */

static bool ordered_op(enum sh_op op) {
    return op != SH_OP_EQ && op != SH_OP_NE;
}

/* `side` is a word, the other a value: turn the word into what the value's type says. */
static sh_code compare_word(struct sh_compile *c, struct sh_node *node, int side) {
    struct sh_node *word = node->kids[side], *value = node->kids[1 - side];
    const struct sh_type type = value->type;
    if (type.kind == SH_KIND_CODE) {
        if (ordered_op(node->op))
            return sh_compile_fail(c, node->from, "%s: codes have no order; use = != in under",
                                   sh_type_text(c, type));
        node->negated = node->op == SH_OP_NE;
        node->kids[0] = value;
        return sh_code_words(c, node, false, word);
    }
    if (type.kind != SH_KIND_LEVEL && type.kind != SH_KIND_SCOPE) {
        if (word->op == SH_OP_STRING)
            return sh_compile_fail(c, word->from, "a quoted word compared with %s: %.*s",
                                   sh_type_text(c, type), SH_ARG(sh_node_text(c, value)));
        SH_TRY(sh_check_node(c, word)); /* a number, or an unknown name: complains */
        return SH_OK;
    }
    int64_t number;
    SH_TRY(sh_check_word(c, word, type, &number));
    word->op = SH_OP_CONST;
    word->type = type;
    word->value = number;
    return SH_OK;
}

/* After this the node is a value with a type, or a word still (UNKNOWN). */
static sh_code value_or_word(struct sh_compile *c, struct sh_node *node, bool *ret_word) {
    *ret_word = false;
    if (node->op != SH_OP_NAME && node->op != SH_OP_NUMBER && node->op != SH_OP_STRING)
        return sh_check_node(c, node);
    switch (sh_wordlike(c, node)) {
    case SH_RESOLVE_FOUND:
        return SH_OK;
    case SH_RESOLVE_UNKNOWN:
        *ret_word = true;
        return SH_OK;
    case SH_RESOLVE_FIELD:
        return sh_resolve_complain(c, node);
    case SH_RESOLVE_FAIL:
        break;
    }
    return c->err->code;
}

enum sh_resolve sh_wordlike(struct sh_compile *c, struct sh_node *node) {
    return node->op == SH_OP_NAME ? sh_resolve_name(c, node) : SH_RESOLVE_UNKNOWN;
}

static sh_code check_comparable(struct sh_compile *c, struct sh_node *node) {
    struct sh_node *a = node->kids[0], *b = node->kids[1];
    SH_TRY(sh_check_alike(c, node, a, b, "compared with"));
    switch (a->type.kind) {
    case SH_KIND_CODE:
    case SH_KIND_TEXT:
    case SH_KIND_SCOPE:
    case SH_KIND_BOOL:
        if (ordered_op(node->op))
            return sh_compile_fail(c, node->from, "%s has no order; use = or !=: %.*s",
                                   sh_type_text(c, a->type), SH_ARG(sh_node_text(c, node)));
        break;
    case SH_KIND_SET:
    case SH_KIND_RANGE:
        return sh_compile_fail(c, node->from, "a %s is not compared; use in", sh_type_text(c, a->type));
    case SH_KIND_NUMBER:
    case SH_KIND_DATE:
    case SH_KIND_TIME:
    case SH_KIND_LEVEL:
        break;
    }
    return SH_OK;
}

static sh_code check_compare(struct sh_compile *c, struct sh_node *node) {
    bool word[2];
    SH_TRY(value_or_word(c, node->kids[0], &word[0]));
    word[1] = !word[0] && node->kids[0]->type.kind == SH_KIND_SCOPE && node->kids[1]->op == SH_OP_NAME &&
              sh_scope_find(node->kids[1]->word) != SH_SCOPE_NONE; /* k.period = day: the word, not the day */
    if (!word[1])
        SH_TRY(value_or_word(c, node->kids[1], &word[1]));
    node->type = sh_type_of(SH_KIND_BOOL);
    if (word[0] && word[1]) {
        SH_TRY(sh_check_node(c, node->kids[0]));
        SH_TRY(sh_check_node(c, node->kids[1]));
    } else if (word[0] || word[1]) {
        SH_TRY(compare_word(c, node, word[0] ? 0 : 1));
        if (node->op == SH_OP_IN_CODES)
            return SH_OK;
    }
    struct sh_node *a = node->kids[0], *b = node->kids[1];
    if ((a->type.kind == SH_KIND_SET || a->type.kind == SH_KIND_RANGE || b->type.kind == SH_KIND_SET ||
         b->type.kind == SH_KIND_RANGE) &&
        a->type.kind != b->type.kind)
        return sh_compile_fail(c, node->from, "%s compared with %s: write in", sh_type_text(c, a->type),
                               sh_type_text(c, b->type));
    SH_TRY(check_comparable(c, node));
    if (a->op == SH_OP_CONST && b->op != SH_OP_CONST) { /* the constant to the right: one kernel */
        node->kids[0] = b;
        node->kids[1] = a;
        node->op = sh_op_mirrored(node->op);
        node->closed = true; /* sides were changed; explanations change them back */
    }
    SH_TRY(sh_node_settle(c, node));
    node->may_none = false;
    return SH_OK;
}

/* ---- arithmetic ---------------------------------------------------------------------------------------- */

static sh_code need_number(struct sh_compile *c, const struct sh_node *node, const char *what) {
    if (node->type.kind == SH_KIND_NUMBER)
        return SH_OK;
    return sh_compile_fail(c, node->from, "%.*s is of type %s, %s needs numbers",
                           SH_ARG(sh_node_text(c, node)), sh_type_text(c, node->type), what);
}

static sh_code set_scale(struct sh_compile *c, struct sh_node *node, int scale) {
    if (scale > (node->rep == SH_REP_RATIO ? 36 : SH_DECIMAL_SCALE_MAX) || scale < -36)
        return sh_compile_fail(c, node->from, "%.*s has too many decimals", SH_ARG(sh_node_text(c, node)));
    node->vscale = (int16_t)scale;
    node->type.scale = node->rep == SH_REP_RATIO ? 6 : (int8_t)scale;
    return SH_OK;
}

static bool duration_of(struct sh_type type) {
    return type.kind == SH_KIND_NUMBER && (type.unit == SH_UNIT_DAYS || type.unit == SH_UNIT_SECONDS ||
                                           type.unit == SH_UNIT_MONTHS || type.unit == SH_UNIT_YEARS);
}

static sh_code check_shift(struct sh_compile *c, struct sh_node *node) {
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    const bool date = a->type.kind == SH_KIND_DATE;
    if (node->op == SH_OP_SUB && a->type.kind == b->type.kind) {
        node->op = SH_OP_DIFFERENCE;
        node->type = sh_number_type(date ? SH_UNIT_DAYS : SH_UNIT_SECONDS, 0);
        return sh_node_settle(c, node);
    }
    if (!duration_of(b->type))
        return sh_compile_fail(c, node->from, "%s %s %s: write a unit, as in 15 days or 6 hours",
                               sh_type_text(c, a->type), node->op == SH_OP_ADD ? "plus" : "minus",
                               sh_type_text(c, b->type));
    if (date && b->type.unit == SH_UNIT_SECONDS)
        return sh_compile_fail(c, node->from, "hours are counted from a time, %.*s is a date",
                               SH_ARG(sh_node_text(c, a)));
    if (b->rep != SH_REP_NARROW)
        return sh_compile_fail(c, b->from, "%.*s is no whole number of days", SH_ARG(sh_node_text(c, b)));
    node->negated = node->op == SH_OP_SUB;
    node->op = SH_OP_SHIFT;
    node->type = a->type;
    return sh_node_settle(c, node);
}

static sh_code check_sum(struct sh_compile *c, struct sh_node *node) {
    struct sh_node *a = node->kids[0], *b = node->kids[1];
    if (a->type.kind == SH_KIND_DATE || a->type.kind == SH_KIND_TIME)
        return check_shift(c, node);
    const char *what = node->op == SH_OP_ADD ? "a sum" : "a difference";
    SH_TRY(need_number(c, a, what));
    SH_TRY(need_number(c, b, what));
    if (fold_literals(node))
        return SH_OK;
    SH_TRY(sh_check_alike(c, node, a, b, node->op == SH_OP_ADD ? "added to" : "and"));
    const bool ratio = a->type.unit == SH_UNIT_RATIO || b->type.unit == SH_UNIT_RATIO;
    node->type = sh_number_type(ratio ? SH_UNIT_RATIO : a->type.unit, 0);
    node->rep = a->rep > b->rep ? a->rep : b->rep;
    if (a->vscale != b->vscale && node->rep == SH_REP_NARROW)
        node->rep = SH_REP_WIDE;
    node->literal = a->literal && b->literal;
    return set_scale(c, node, a->vscale > b->vscale ? a->vscale : b->vscale);
}

static sh_code check_product(struct sh_compile *c, struct sh_node *node) {
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    SH_TRY(need_number(c, a, "a product"));
    SH_TRY(need_number(c, b, "a product"));
    if (fold_literals(node))
        return SH_OK;
    const enum sh_unit u = a->type.unit, v = b->type.unit;
    enum sh_unit unit;
    if (plain_unit(u) || plain_unit(v))
        unit = plain_unit(u) && plain_unit(v) ? (u == SH_UNIT_RATIO ? u : v) : plain_unit(u) ? v : u;
    else if ((u == SH_UNIT_YUAN) != (v == SH_UNIT_YUAN)) /* money for so many days */
        unit = SH_UNIT_YUAN;
    else
        return sh_compile_fail(c, node->from, "%s times %s: %.*s", sh_type_text(c, a->type),
                               sh_type_text(c, b->type), SH_ARG(sh_node_text(c, node)));
    node->type = sh_number_type(unit, 0);
    node->rep = a->rep == SH_REP_RATIO || b->rep == SH_REP_RATIO ? SH_REP_RATIO : SH_REP_WIDE;
    node->literal = a->literal && b->literal;
    return set_scale(c, node, a->vscale + b->vscale);
}

static sh_code check_division(struct sh_compile *c, struct sh_node *node) {
    const struct sh_node *a = node->kids[0], *b = node->kids[1];
    SH_TRY(need_number(c, a, "a division"));
    SH_TRY(need_number(c, b, "a division"));
    const enum sh_unit u = a->type.unit, v = b->type.unit;
    enum sh_unit unit;
    if (u == v || (plain_unit(u) && plain_unit(v)))
        unit = SH_UNIT_RATIO;
    else if (plain_unit(v) || u == SH_UNIT_YUAN)
        unit = u;
    else
        return sh_compile_fail(c, node->from, "%s divided by %s: %.*s", sh_type_text(c, a->type),
                               sh_type_text(c, b->type), SH_ARG(sh_node_text(c, node)));
    node->type = sh_number_type(unit, 0);
    node->rep = SH_REP_RATIO;
    return set_scale(c, node, a->vscale - b->vscale);
}

static sh_code check_negative(struct sh_compile *c, struct sh_node *node) {
    const struct sh_node *a = node->kids[0];
    SH_TRY(need_number(c, a, "-"));
    if (fold_literals(node))
        return SH_OK;
    node->type = a->type;
    node->vscale = a->vscale;
    node->rep = a->rep;
    node->literal = a->literal;
    return SH_OK;
}

static sh_code check_arithmetic(struct sh_compile *c, struct sh_node *node) {
    for (uint32_t i = 0; i < node->n_kids; i++)
        SH_TRY(sh_check_node(c, node->kids[i]));
    SH_TRY(sh_node_settle(c, node));
    switch ((int)node->op) {
    case SH_OP_MUL:
        return check_product(c, node);
    case SH_OP_DIV:
        return check_division(c, node);
    case SH_OP_NEG:
        return check_negative(c, node);
    default:
        return check_sum(c, node);
    }
}

static sh_code check_logic(struct sh_compile *c, struct sh_node *node) {
    for (uint32_t i = 0; i < node->n_kids; i++)
        SH_TRY(sh_check_condition(c, node->kids[i],
                                  node->op == SH_OP_AND  ? "and"
                                  : node->op == SH_OP_OR ? "or"
                                                         : "not"));
    node->type = sh_type_of(SH_KIND_BOOL);
    SH_TRY(sh_node_settle(c, node));
    node->may_none = false;
    return SH_OK;
}

static sh_code check_name(struct sh_compile *c, struct sh_node *node) {
    switch (sh_resolve_name(c, node)) {
    case SH_RESOLVE_FOUND:
        return SH_OK;
    case SH_RESOLVE_FAIL:
        return c->err->code;
    case SH_RESOLVE_UNKNOWN:
    case SH_RESOLVE_FIELD:
        break;
    }
    return sh_resolve_complain(c, node);
}

sh_code sh_check_node(struct sh_compile *c, struct sh_node *node) {
    switch ((int)node->op) {
    case SH_OP_NAME:
        return check_name(c, node);
    case SH_OP_NUMBER:
        if (node->negated)
            return sh_compile_fail(c, node->from,
                                   "the number %.*s has too many digits; quote it if it is a code",
                                   SH_ARG(node->word));
        node->op = SH_OP_CONST;
        return SH_OK;
    case SH_OP_STRING:
        return sh_compile_fail(c, node->from,
                               "a quoted word stands only beside a code or a level, or in a set");
    case SH_OP_SETLIT:
    case SH_OP_RANGELIT:
        return sh_compile_fail(c, node->from, "a %s stands only behind in or under",
                               node->op == SH_OP_SETLIT ? "set {…}" : "range […)");
    case SH_OP_CALL:
        return sh_check_call(c, node);
    case SH_OP_AND:
    case SH_OP_OR:
    case SH_OP_NOT:
        return check_logic(c, node);
    case SH_OP_EQ:
    case SH_OP_NE:
    case SH_OP_LT:
    case SH_OP_LE:
    case SH_OP_GT:
    case SH_OP_GE:
        return check_compare(c, node);
    case SH_OP_IN:
        return sh_check_in(c, node);
    case SH_OP_ADD:
    case SH_OP_SUB:
    case SH_OP_MUL:
    case SH_OP_DIV:
    case SH_OP_NEG:
        return check_arithmetic(c, node);
    default:
        return SH_OK; /* constants, and what is checked already */
    }
}
