/* Expressions as SQL: names, conditions, sets. Numbers: sql_number.c; times: sql_time.c; many rows:
 * sql_rows.c. */
#include "expr/sql.h"
#include <stdarg.h>
#include <string.h>

const char *sh_sql_say(struct sh_sql *sql, const char *format, ...) {
    va_list values;
    va_start(values, format);
    char *text = sh_arena_vprintf(sql->arena, NULL, format, values);
    va_end(values);
    if (text)
        return text;
    if (sql->code == SH_OK)
        sql->code = sh_fail(&sql->err, SH_E_NOMEM, "no room to print SQL");
    return "null";
}

void sh_sql_refuse(struct sh_sql *sql, const char *format, ...) {
    char what[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(what, sizeof(what), format, values);
    va_end(values);
    if (sql->code == SH_OK)
        sql->code = sh_fail(&sql->err, SH_E_UNSUPPORTED, "SQL cannot say %s", what);
}

const char *sh_sql_quote(struct sh_sql *sql, struct sh_str text) {
    char *out = sh_new(sql->arena, char, 2 * text.len + 3);
    if (!out)
        return sh_sql_say(sql, "null");
    size_t n = 0;
    out[n++] = '\'';
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\'')
            out[n++] = '\'';
        out[n++] = text.at[i];
    }
    out[n] = '\'';
    return out;
}

const char *sh_sql_number(struct sh_sql *sql, const char *value) {
    return sh_sql_say(sql, "cast(%s as %s)", value, sql->dialect == SH_SQL_DUCKDB ? "hugeint" : "numeric");
}

/* ---- names -------------------------------------------------------------------------------------- */

static const char *table_name(struct sh_sql *sql, uint16_t table, const char *row) {
    const struct sh_model_table *t = &sql->model->tables[table];
    if (sql->stand_in && sql->stand_in_table == table && strcmp(sql->stand_in_row, row) == 0)
        return sql->stand_in;
    return sh_sql_say(sql, "%s_%s", t->knowledge ? "k" : "f", t->name);
}

const char *sh_sql_join(struct sh_sql_scope *scope, const char *row, uint16_t table) {
    for (size_t i = 0; i < scope->n_joins; i++)
        if (scope->joins[i].table == table && strcmp(scope->joins[i].row, row) == 0)
            return scope->joins[i].alias;
    if (!scope->sql->has(scope->sql->ctx, table, SH_NO_COLUMN))
        sh_sql_refuse(scope->sql, "rows of %s yet", scope->sql->model->tables[table].name);
    if (scope->n_joins == SH_SQL_JOINS_MAX) {
        sh_sql_refuse(scope->sql, "a rule that reads more than %d rows at once", SH_SQL_JOINS_MAX);
        return "null";
    }
    const char *alias = sh_sql_say(scope->sql, "j%u", ++scope->sql->n_aliases);
    scope->joins[scope->n_joins].row = row;
    scope->joins[scope->n_joins].alias = alias;
    scope->joins[scope->n_joins++].table = table;
    return alias;
}

const char *sh_sql_joins(struct sh_sql_scope *scope) {
    const char *text = "";
    for (size_t i = 0; i < scope->n_joins; i++)
        text = sh_sql_say(scope->sql, "%s\n      left join %s %s on %s.rn = %s", text,
                          table_name(scope->sql, scope->joins[i].table, scope->joins[i].row),
                          scope->joins[i].alias, scope->joins[i].alias, scope->joins[i].row);
    return text;
}

static struct sh_sql_scope *owner_of(struct sh_sql_scope *scope, uint16_t slot) {
    while (scope && !scope->rows[slot])
        scope = scope->outer;
    return scope;
}

static uint16_t slot_table(const struct sh_path *path) {
    return path->n_hops > 0 ? path->hops[0].table : path->table;
}

const char *sh_sql_path_row(struct sh_sql_scope *scope, const struct sh_path *path) {
    struct sh_sql_scope *at = owner_of(scope, path->slot);
    if (!at) {
        sh_sql_refuse(scope->sql, "a variable that stands for no row");
        return "null";
    }
    const char *row = at->rows[path->slot];
    uint16_t table = slot_table(path);
    for (uint8_t h = 0; h < path->n_hops; h++) {
        const struct sh_model_table *t = &at->sql->model->tables[path->hops[h].table];
        const char *alias = sh_sql_join(at, row, table);
        const struct sh_model_column *column = &t->columns[path->hops[h].column];
        if (!at->sql->has(at->sql->ctx, path->hops[h].table, path->hops[h].column))
            sh_sql_refuse(at->sql, "the field %s.%s yet", t->name, column->name);
        row = sh_sql_say(at->sql, "%s.\"%s\"", alias, column->name);
        table = (uint16_t)column->join;
    }
    return row;
}

/* The alias of the row a column is read from. */
static const char *path_alias(struct sh_sql_scope *scope, const struct sh_path *path) {
    struct sh_sql_scope *at = owner_of(scope, path->slot);
    const char *row = sh_sql_path_row(scope, path);
    return at ? sh_sql_join(at, row, path->table) : "null";
}

static const char *column_of(struct sh_sql_scope *scope, const struct sh_node *node) {
    const struct sh_model_column *c = &scope->sql->model->tables[node->path.table].columns[node->path.column];
    const char *alias = path_alias(scope, &node->path);
    if (!scope->sql->has(scope->sql->ctx, node->path.table, node->path.column))
        sh_sql_refuse(scope->sql, "the field %s.%s yet", scope->sql->model->tables[node->path.table].name,
                      c->name);
    const char *text = sh_sql_say(scope->sql, "%s.\"%s\"", alias, c->name);
    return c->type.kind == SH_KIND_NUMBER ? sh_sql_number(scope->sql, text) : text;
}

/* ---- none --------------------------------------------------------------------------------------- */

static const char *none_of_kids(struct sh_sql_scope *scope, const struct sh_node *node) {
    const char *text = NULL;
    for (uint32_t k = 0; k < node->n_kids; k++) {
        const char *one = node->kids[k] ? sh_sql_none(scope, node->kids[k]) : NULL;
        if (one)
            text = text ? sh_sql_say(scope->sql, "%s or %s", text, one) : one;
    }
    return text && node->n_kids > 1 ? sh_sql_say(scope->sql, "(%s)", text) : text;
}

const char *sh_sql_none(struct sh_sql_scope *scope, const struct sh_node *node) {
    if (!node->may_none)
        return NULL;
    switch ((int)node->op) {
    case SH_OP_COLUMN: {
        const struct sh_model_column *c =
            &scope->sql->model->tables[node->path.table].columns[node->path.column];
        const char *alias = path_alias(scope, &node->path);
        return c->empty_none ? sh_sql_say(scope->sql, "(%s.rn is not null and %s.\"%s\" is null)", alias,
                                          alias, c->name)
                             : NULL;
    }
    case SH_OP_FLAG:
        return NULL;
    case SH_OP_EXACT:
        return sh_sql_none(scope, node->kids[0]);
    case SH_OP_AGGREGATE:
        return sh_sql_aggregate(scope, node, true);
    case SH_OP_RELATED:
    case SH_OP_PERIOD:
        sh_sql_refuse(scope->sql, "the first, last or period of what may be none: %.*s",
                      (int)(node->to - node->from), "…");
        return NULL;
    default:
        return none_of_kids(scope, node);
    }
}

/* ---- conditions --------------------------------------------------------------------------------- */

static const char *flag(struct sh_sql_scope *scope, const struct sh_node *node) {
    const char *value = sh_sql_node(scope, node->kids[0]), *none = sh_sql_none(scope, node->kids[0]);
    return none ? sh_sql_say(scope->sql, "(case when %s then false else %s end)", none, value) : value;
}

static const char *logic(struct sh_sql_scope *scope, const struct sh_node *node) {
    const char *text = sh_sql_node(scope, node->kids[0]);
    if (node->op == SH_OP_NOT)
        return sh_sql_say(scope->sql, "(not %s)", text);
    for (uint32_t k = 1; k < node->n_kids; k++)
        text = sh_sql_say(scope->sql, "%s %s %s", text, node->op == SH_OP_AND ? "and" : "or",
                          sh_sql_node(scope, node->kids[k]));
    return sh_sql_say(scope->sql, "(%s)", text);
}

static const char *known(struct sh_sql_scope *scope, const struct sh_node *node) {
    if (node->kids[0]->rep == SH_REP_NARROW)
        return sh_sql_say(scope->sql, "(%s is not null)", sh_sql_node(scope, node->kids[0]));
    const struct sh_sql_num x = sh_sql_num_of(scope, node->kids[0]);
    return x.den ? sh_sql_say(scope->sql, "(%s is not null and %s is not null)", x.num, x.den)
                 : sh_sql_say(scope->sql, "(%s is not null)", x.num);
}

static const char *constant(struct sh_sql_scope *scope, const struct sh_node *node) {
    const bool number = node->type.kind == SH_KIND_NUMBER;
    const char *text =
        node->value == SH_MISSING ? "null" : sh_sql_say(scope->sql, "%lld", (long long)node->value);
    if (node->type.kind == SH_KIND_BOOL)
        return node->value == SH_MISSING ? "cast(null as boolean)" : node->value ? "true" : "false";
    return number ? sh_sql_number(scope->sql, text) : sh_sql_say(scope->sql, "cast(%s as bigint)", text);
}

const char *sh_sql_node(struct sh_sql_scope *scope, const struct sh_node *node) {
    switch ((int)node->op) { /* the rest are times */
    case SH_OP_CONST:
    case SH_OP_PARAM:
        return constant(scope, node);
    case SH_OP_COLUMN:
        return column_of(scope, node);
    case SH_OP_ROW:
        return sh_sql_path_row(scope, &node->path);
    case SH_OP_FLAG:
        return flag(scope, node);
    case SH_OP_AND:
    case SH_OP_OR:
    case SH_OP_NOT:
        return logic(scope, node);
    case SH_OP_EQ:
    case SH_OP_NE:
    case SH_OP_LT:
    case SH_OP_LE:
    case SH_OP_GT:
    case SH_OP_GE:
        return sh_sql_compare(scope, node);
    case SH_OP_IN_CODES:
    case SH_OP_IN_VALUES:
    case SH_OP_IN_SET:
    case SH_OP_IN_RANGE:
    case SH_OP_AGE_IN_RANGE:
    case SH_OP_BETWEEN:
        return sh_sql_in(scope, node);
    case SH_OP_KNOWN:
        return known(scope, node);
    case SH_OP_COMPLETE:
        return sh_sql_complete(scope, (uint16_t)node->value, node->call->scopes[0]);
    case SH_OP_ADD:
    case SH_OP_SUB:
    case SH_OP_MUL:
    case SH_OP_DIV:
    case SH_OP_NEG:
    case SH_OP_MIN:
    case SH_OP_MAX:
    case SH_OP_ABS:
    case SH_OP_CEIL:
        return sh_sql_rounded(scope, node, node->type.scale);
    case SH_OP_AGGREGATE:
        return node->rep == SH_REP_NARROW ? sh_sql_aggregate(scope, node, false)
                                          : sh_sql_rounded(scope, node, node->type.scale);
    case SH_OP_NTH:
        return sh_sql_nth(scope, node);
    case SH_OP_RELATED:
        return sh_sql_related(scope, node);
    default:
        return sh_sql_time(scope, node);
    }
}

static void begin(struct sh_sql_scope *scope, const struct sh_expr *e) {
    scope->sql->walk = e;
}

const char *sh_sql_value(struct sh_sql_scope *scope, const struct sh_expr *e) {
    begin(scope, e);
    const char *text = sh_sql_node(scope, e->root);
    const char *none = e->root->type.kind == SH_KIND_BOOL ? sh_sql_none(scope, e->root) : NULL;
    return none ? sh_sql_say(scope->sql, "(case when %s then false else %s end)", none, text) : text;
}

const char *sh_sql_scaled(struct sh_sql_scope *scope, const struct sh_expr *e, int scale) {
    begin(scope, e);
    return sh_sql_rounded(scope, e->root, scale);
}

const char *sh_sql_fen(struct sh_sql_scope *scope, const struct sh_expr *e) {
    begin(scope, e);
    return sh_sql_rounded(scope, e->root, 2);
}
