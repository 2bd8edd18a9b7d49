/* Nodes, messages with a place, names of types. */
#include "expr/node.h"
#include <stdio.h>

sh_code(sh_compile_nomem)(struct sh_compile *c) {
    return sh_fail(c->err, SH_E_NOMEM, "%s:%u: no memory for the expression", c->at.file, c->at.line);
}

sh_code(sh_compile_fail)(struct sh_compile *c, uint32_t offset, const char *format, ...) {
    const char *text = c->text.at ? c->text.at : "";
    uint32_t line = c->at.line, start = 0;
    for (uint32_t i = 0; i < offset && i < c->text.len; i++)
        if (text[i] == '\n')
            line++, start = i + 1;
    const size_t chars = sh_utf8_count((struct sh_str){text + start, offset - start});
    const size_t column = (line == c->at.line ? c->at.column : 1) + chars;
    char what[SH_ERR_MESSAGE_MAX];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(what, sizeof what, format, values);
    va_end(values);
    return sh_fail(c->err, SH_E_INPUT, "%s:%u:%zu: %s", c->at.file ? c->at.file : "", line, column, what);
}

struct sh_str sh_node_text(const struct sh_compile *c, const struct sh_node *node) {
    return sh_str_sub(c->text, node->from, node->to - node->from);
}

struct sh_node *sh_node_new(struct sh_compile *c, enum sh_op op, uint32_t from, uint32_t to) {
    struct sh_node *node = sh_new(c->arena, struct sh_node, 1);
    if (node) {
        node->op = op;
        node->from = from;
        node->to = to;
        node->depth = 1;
        c->n_nodes++;
    }
    return node;
}

struct sh_node *sh_node_const(struct sh_compile *c, struct sh_type type, int64_t value,
                              const struct sh_node *like) {
    struct sh_node *node = sh_node_new(c, SH_OP_CONST, like->from, like->to);
    if (node) {
        node->type = type;
        node->vscale = sh_scale_of(type);
        node->value = value;
    }
    return node;
}

sh_code sh_node_settle(struct sh_compile *c, struct sh_node *node) {
    unsigned depth = 0;
    for (uint32_t i = 0; i < node->n_kids; i++) {
        const struct sh_node *kid = node->kids[i];
        if (!kid)
            continue;
        if (kid->depth > depth)
            depth = kid->depth;
        node->may_none |= kid->may_none;
        node->nth |= kid->nth;
    }
    if (depth + 1 > SH_EXPR_DEPTH_MAX)
        return sh_fail(c->err, SH_E_LIMIT, "%s:%u:%u: the expression is nested deeper than %d", c->at.file,
                       c->at.line, c->at.column, SH_EXPR_DEPTH_MAX);
    node->depth = (uint16_t)(depth + 1);
    return SH_OK;
}

struct sh_node *sh_node_with(struct sh_compile *c, enum sh_op op, struct sh_type type,
                             const struct sh_node *like, size_t n, struct sh_node *const *kids) {
    struct sh_node *node = sh_node_new(c, op, like->from, like->to);
    if (!node)
        return NULL;
    node->type = type;
    node->vscale = sh_scale_of(type);
    node->kids = sh_new(c->arena, struct sh_node *, n ? n : 1);
    if (!node->kids)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!kids[i])
            return NULL;
        node->kids[i] = kids[i];
        node->may_none |= kids[i]->may_none;
        node->nth |= kids[i]->nth;
        if (kids[i]->depth >= node->depth)
            node->depth = (uint16_t)(kids[i]->depth + 1);
    }
    node->n_kids = (uint32_t)n;
    return node;
}

void sh_node_walk(struct sh_node *node, void (*fn)(void *ctx, struct sh_node *node), void *ctx) {
    if (!node)
        return;
    fn(ctx, node);
    for (uint32_t i = 0; i < node->n_kids; i++)
        sh_node_walk(node->kids[i], fn, ctx);
    if (node->op == SH_OP_AGGREGATE) {
        sh_node_walk(node->aggregate->where, fn, ctx);
        sh_node_walk(node->aggregate->day, fn, ctx);
        sh_node_walk(node->aggregate->supply, fn, ctx);
    } else if (node->op == SH_OP_RELATED) {
        const struct sh_related *r = node->related;
        sh_node_walk(r->window, fn, ctx);
        sh_node_walk(r->anchor_day, fn, ctx);
        sh_node_walk(r->anchor_time, fn, ctx);
        sh_node_walk(r->row_day, fn, ctx);
        sh_node_walk(r->row_time, fn, ctx);
        sh_node_walk(r->where, fn, ctx);
        sh_node_walk(r->value, fn, ctx);
    } else if (node->op == SH_OP_PERIOD) {
        for (int s = 0; s <= SH_SCOPE_SIX_HOURS; s++)
            sh_node_walk(node->by_scope[s], fn, ctx);
    }
}

static void add_slot(void *ctx, struct sh_node *node) {
    uint32_t *slots = ctx;
    if (node->op == SH_OP_COLUMN || node->op == SH_OP_ROW)
        *slots |= (uint32_t)1 << node->path.slot;
}

uint32_t sh_node_slots(const struct sh_node *node) {
    uint32_t slots = 0;
    const union {
        const struct sh_node *from;
        struct sh_node *to;
    } cast = {.from = node}; /* the walk itself changes nothing */
    sh_node_walk(cast.to, add_slot, &slots);
    return slots;
}

bool sh_type_same(struct sh_type a, struct sh_type b) {
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case SH_KIND_NUMBER:
        return a.unit == b.unit;
    case SH_KIND_CODE:
    case SH_KIND_LEVEL:
    case SH_KIND_TEXT:
        return a.domain == b.domain;
    case SH_KIND_SET:
    case SH_KIND_RANGE:
        return a.domain == b.domain && a.member == b.member;
    case SH_KIND_BOOL:
    case SH_KIND_DATE:
    case SH_KIND_TIME:
    case SH_KIND_SCOPE:
        break;
    }
    return true;
}

static const char *domain_name(struct sh_compile *c, int16_t domain) {
    const struct sh_model *model = c->context->model;
    if (domain >= 0 && domain < model->n_domains && model->domain_names && model->domain_names[domain])
        return model->domain_names[domain];
    return "?";
}

static const char *unit_text(enum sh_unit unit) {
    switch (unit) {
    case SH_UNIT_YUAN:
        return "yuan";
    case SH_UNIT_DAYS:
        return "days";
    case SH_UNIT_SECONDS:
        return "seconds (hours)";
    case SH_UNIT_YEARS:
        return "years";
    case SH_UNIT_MONTHS:
        return "months";
    case SH_UNIT_RATIO:
        return "ratio";
    case SH_UNIT_NONE:
        break;
    }
    return "number";
}

const char *sh_type_text(struct sh_compile *c, struct sh_type type) {
    const char *text = NULL;
    switch (type.kind) {
    case SH_KIND_BOOL:
        return "condition";
    case SH_KIND_NUMBER:
        return unit_text(type.unit);
    case SH_KIND_DATE:
        return "date";
    case SH_KIND_TIME:
        return "time";
    case SH_KIND_CODE:
        text = sh_arena_printf(c->arena, NULL, "code of %s", domain_name(c, type.domain));
        break;
    case SH_KIND_LEVEL:
        return "level";
    case SH_KIND_TEXT:
        return "text";
    case SH_KIND_SET:
        if (type.member == SH_KIND_CODE)
            text = sh_arena_printf(c->arena, NULL, "set of %s", domain_name(c, type.domain));
        else
            return "set";
        break;
    case SH_KIND_RANGE:
        return "range";
    case SH_KIND_SCOPE:
        return "grouping word";
    }
    return text ? text : "?";
}

int sh_column_find(const struct sh_model_table *table, struct sh_str name) {
    for (int i = 0; i < table->n_columns; i++)
        if (sh_str_is(name, table->columns[i].name))
            return i;
    return -1;
}

int sh_table_find(const struct sh_model *model, struct sh_str name) {
    for (int i = 0; i < model->n_tables; i++)
        if (sh_str_is(name, model->tables[i].name))
            return i;
    return -1;
}

static const struct {
    const char *word;
    enum sh_expr_scope scope;
} scope_words[] = {
    {"hour", SH_SCOPE_HOUR},           {"day", SH_SCOPE_DAY},
    {"week", SH_SCOPE_WEEK},           {"month", SH_SCOPE_MONTH},
    {"quarter", SH_SCOPE_QUARTER},     {"year", SH_SCOPE_YEAR},
    {"encounter", SH_SCOPE_ENCOUNTER}, {"prescription", SH_SCOPE_PRESCRIPTION},
    {"stay", SH_SCOPE_STAY},           {"course", SH_SCOPE_COURSE},
    {"person", SH_SCOPE_PERSON},       {"institution", SH_SCOPE_INSTITUTION},
    {"ever", SH_SCOPE_EVER},           {"6 hours", SH_SCOPE_SIX_HOURS},
    {"visit", SH_SCOPE_ENCOUNTER},
};

enum sh_expr_scope sh_scope_find(struct sh_str word) {
    for (size_t i = 0; i < sizeof scope_words / sizeof *scope_words; i++)
        if (sh_str_is(word, scope_words[i].word))
            return scope_words[i].scope;
    return SH_SCOPE_NONE;
}

const char *sh_scope_word(enum sh_expr_scope scope) {
    for (size_t i = 0; i < sizeof scope_words / sizeof *scope_words; i++)
        if (scope_words[i].scope == scope)
            return scope_words[i].word;
    return "?";
}

enum sh_op sh_op_mirrored(enum sh_op op) {
    switch ((int)op) {
    case SH_OP_LT:
        return SH_OP_GT;
    case SH_OP_LE:
        return SH_OP_GE;
    case SH_OP_GT:
        return SH_OP_LT;
    case SH_OP_GE:
        return SH_OP_LE;
    default:
        return op;
    }
}
