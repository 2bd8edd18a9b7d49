/* Days, ages, overlaps and membership as SQL. Dates are days since 1970-01-01, also in the tables. */
#include "expr/sql.h"
#include <string.h>

static const char *date_of(struct sh_sql *sql, const char *day) {
    return sh_sql_say(sql, "(date '1970-01-01' + cast(%s as integer))", day);
}

static const char *part(struct sh_sql *sql, const char *what, const char *day) {
    return sh_sql_say(sql, "cast(extract(%s from %s) as bigint)", what, date_of(sql, day));
}

static const char *whole(struct sh_sql *sql, const char *text) {
    return sh_sql_say(sql, "cast(%s as bigint)", text);
}

static const char *rest(struct sh_sql *sql, const char *x, const char *by) {
    return sh_sql_say(sql, "((((%s) %% %s) + %s) %% %s)", x, by, by, by);
}

static const char *one_time(struct sh_sql *sql, const struct sh_node *node, const char *x) {
    switch ((int)node->op) {
    case SH_OP_DAY:
        return whole(sql, sh_sql_div_floor(sql, x, "86400"));
    case SH_OP_HOUR:
        return sh_sql_number(sql, sh_sql_div_floor(sql, rest(sql, x, "86400"), "3600"));
    case SH_OP_HOUR_START:
        return sh_sql_say(sql, "((%s) - %s)", x, rest(sql, x, "3600"));
    case SH_OP_WEEK:
        return sh_sql_say(sql, "((%s) - %s)", x, rest(sql, sh_sql_say(sql, "(%s) + 3", x), "7"));
    case SH_OP_MONTH:
        return sh_sql_number(sql,
                             sh_sql_say(sql, "%s * 100 + %s", part(sql, "year", x), part(sql, "month", x)));
    case SH_OP_QUARTER:
        return sh_sql_number(sql,
                             sh_sql_say(sql, "%s * 10 + %s", part(sql, "year", x), part(sql, "quarter", x)));
    default:
        return sh_sql_number(sql, part(sql, "year", x));
    }
}

static const char *add_months(struct sh_sql *sql, const char *day, const char *months) {
    return sh_sql_say(
        sql,
        "cast((cast(%s + cast(%s as integer) * interval '1 month' as date) - date '1970-01-01') as bigint)",
        date_of(sql, day), months);
}

static const char *shift(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const struct sh_type type = node->kids[1]->type;
    const char *a = sh_sql_node(scope, node->kids[0]), *by = sh_sql_node(scope, node->kids[1]);
    if (type.scale > 0)
        by = sh_sql_div_floor(sql, by, sh_sql_pow10(sql, type.scale));
    by = sh_sql_say(sql, "cast(%s%s as bigint)", node->negated ? "-" : "", by);
    const bool time = node->type.kind == SH_KIND_TIME;
    if (type.unit != SH_UNIT_MONTHS && type.unit != SH_UNIT_YEARS)
        return sh_sql_say(sql, "(%s + %s%s)", a, by, time && type.unit == SH_UNIT_DAYS ? " * 86400" : "");
    const char *months = type.unit == SH_UNIT_YEARS ? sh_sql_say(sql, "12 * %s", by) : by;
    if (!time)
        return add_months(sql, a, months);
    const char *day = whole(sql, sh_sql_div_floor(sql, a, "86400"));
    return sh_sql_say(sql, "(%s + (%s - %s) * 86400)", a, add_months(sql, day, months), day);
}

static const char *months_apart(struct sh_sql *sql, const char *a, const char *b) {
    return sh_sql_say(sql, "(12 * (%s - %s) + %s - %s)", part(sql, "year", b), part(sql, "year", a),
                      part(sql, "month", b), part(sql, "month", a));
}

const char *sh_sql_age(struct sh_sql_scope *scope, enum sh_unit unit, const struct sh_node *birth,
                       const struct sh_node *on) {
    struct sh_sql *sql = scope->sql;
    const char *a = sh_sql_node(scope, birth), *b = sh_sql_node(scope, on);
    if (unit == SH_UNIT_DAYS)
        return sh_sql_number(sql, sh_sql_say(sql, "%s - %s", b, a));
    const char *months = sh_sql_say(sql, "(%s - case when %s < %s then 1 else 0 end)",
                                    months_apart(sql, a, b), part(sql, "day", b), part(sql, "day", a));
    return sh_sql_number(sql, unit == SH_UNIT_YEARS ? sh_sql_div_floor(sql, months, "12") : months);
}

static const char *months_between(struct sh_sql *sql, const char *a, const char *b) {
    const char *n = months_apart(sql, a, b);
    return sh_sql_number(
        sql, sh_sql_say(sql, "%s - case when %s > %s then 1 else 0 end", n, add_months(sql, a, n), b));
}

static const char *overlap(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const char *v[4], *none[4];
    for (int k = 0; k < 4; k++) {
        v[k] = sh_sql_node(scope, node->kids[k]);
        none[k] = sh_sql_none(scope, node->kids[k]);
    }
    if (node->shape == 'u')
        for (int k = 1; k < 4; k += 2) {
            const char *days = node->kids[k]->vscale > 0
                                   ? sh_sql_ceil(sql, v[k], sh_sql_pow10(sql, node->kids[k]->vscale))
                                   : v[k];
            v[k] = sh_sql_say(
                sql, "(%s + case when %s > 1 then cast(%s as bigint) when %s is not null then 1 end)",
                v[k - 1], days, days, days);
            none[k] = NULL;
        }
    const char *gone =
        sh_sql_say(sql, "%s is null or %s is null or (%s is null and not %s) or (%s is null and not %s)",
                   v[0], v[2], v[1], none[1] ? none[1] : "false", v[3], none[3] ? none[3] : "false");
    return sh_sql_number(
        sql, sh_sql_say(
                 sql,
                 "case when %s or (%s is null and %s is null) then null else greatest(0, least(coalesce(%s, "
                 "%s), coalesce(%s, %s)) - greatest(%s, %s)%s) end",
                 gone, v[1], v[3], v[1], v[3], v[3], v[1], v[0], v[2], node->shape == 'd' ? " + 1" : ""));
}

/* What names one period of a kind, as key.c in audit says it. */
static const char *period_text(struct sh_sql_scope *scope, enum sh_expr_scope kind,
                               const struct sh_node *of) {
    struct sh_sql *sql = scope->sql;
    const char *v = sh_sql_node(scope, of);
    int join = -1;
    if (of->op == SH_OP_ROW)
        join = of->path.table;
    else if (of->op == SH_OP_COLUMN && of->type.kind == SH_KIND_TEXT)
        join = sql->model->tables[of->path.table].columns[of->path.column].join;
    if (join >= 0)
        return sh_sql_say(sql, "%s._text", sh_sql_join(scope, v, (uint16_t)join));
    if (kind == SH_SCOPE_EVER)
        return "'ever'";
    if (kind == SH_SCOPE_HOUR)
        return sh_sql_say(sql, "to_char_time(%s)", v);
    if (kind == SH_SCOPE_DAY || kind == SH_SCOPE_WEEK)
        return sh_sql_say(sql, "cast(%s as varchar)", date_of(sql, v));
    if (kind == SH_SCOPE_PRESCRIPTION)
        return sh_sql_say(sql, "lpad(lower(%s(%s)), 16, '0')",
                          sql->dialect == SH_SQL_DUCKDB ? "hex" : "to_hex", v);
    return sh_sql_say(sql, "cast(%s as varchar)", v);
}

static const char *period(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const char *text = sh_sql_say(sql, "case %s", sh_sql_node(scope, node->kids[0]));
    for (int s = 1; s <= SH_SCOPE_SIX_HOURS; s++)
        if (node->by_scope[s])
            text = sh_sql_say(sql, "%s when %d then %s", text, s,
                              period_text(scope, (enum sh_expr_scope)s, node->by_scope[s]));
    return sh_sql_say(sql, "(%s end)", text);
}

const char *sh_sql_time(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    switch ((int)node->op) {
    case SH_OP_OVERLAP:
        return overlap(scope, node);
    case SH_OP_EXACT:
        return sh_sql_say(sql, "(case when %s then %s end)", sh_sql_node(scope, node->kids[1]),
                          sh_sql_node(scope, node->kids[0]));
    case SH_OP_SHIFT:
        return shift(scope, node);
    case SH_OP_AGE:
        return sh_sql_age(scope, node->type.unit, node->kids[0], node->kids[1]);
    case SH_OP_GAP:
        return sh_sql_number(sql, sh_sql_say(sql, "%s - %s", sh_sql_node(scope, node->kids[1]),
                                             sh_sql_node(scope, node->kids[0])));
    case SH_OP_DIFFERENCE:
        return sh_sql_number(sql, sh_sql_say(sql, "%s - %s", sh_sql_node(scope, node->kids[0]),
                                             sh_sql_node(scope, node->kids[1])));
    case SH_OP_MONTHS:
        return months_between(sql, sh_sql_node(scope, node->kids[0]), sh_sql_node(scope, node->kids[1]));
    case SH_OP_DAY:
    case SH_OP_HOUR:
    case SH_OP_HOUR_START:
    case SH_OP_WEEK:
    case SH_OP_MONTH:
    case SH_OP_QUARTER:
    case SH_OP_YEAR:
        return one_time(sql, node, sh_sql_node(scope, node->kids[0]));
    case SH_OP_PERIOD:
        return period(scope, node);
    default:
        sh_sql_refuse(sql, "this: %.*s", SH_ARG(sql->walk->text));
        return "null";
    }
}

/* ---- membership --------------------------------------------------------------------------------- */

static const char *bare(struct sh_sql_scope *scope, const struct sh_node *x, const char *text) {
    struct sh_sql *sql = scope->sql;
    const int16_t domain = x->type.domain;
    return sql->is_diagnosis && domain >= 0 && sql->is_diagnosis(sql->ctx, domain)
               ? sh_sql_say(sql, "rtrim(%s, '+*')", text)
               : text;
}

static struct sh_str bare_word(struct sh_sql *sql, const struct sh_node *x, struct sh_str word) {
    if (sql->is_diagnosis && sql->is_diagnosis(sql->ctx, x->type.domain))
        while (word.len > 0 && (word.at[word.len - 1] == '+' || word.at[word.len - 1] == '*'))
            word.len--;
    return word;
}

static const char *in_codes(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const struct sh_node *left = node->kids[0];
    const struct sh_codes *codes = node->codes;
    const char *x = bare(scope, left, sh_sql_node(scope, left));
    const bool category = sql->is_category && sql->is_category(sql->ctx, left->type.domain);
    const char *text = NULL;
    for (uint32_t i = 0; i < codes->n_words; i++) {
        const struct sh_str word = bare_word(sql, left, codes->words[i]);
        if (category && word.len != 3)
            sh_sql_refuse(sql, "a category of diagnoses that is not three characters: %.*s", SH_ARG(word));
        const char *one = codes->under && !category
                              ? sh_sql_say(sql, "starts_with(%s, %s)", x, sh_sql_quote(sql, word))
                              : sh_sql_say(sql, "%s = %s", x, sh_sql_quote(sql, word));
        text = text ? sh_sql_say(sql, "%s or %s", text, one) : one;
    }
    if (!text)
        return sh_sql_say(sql, "(case when %s is not null then %s end)", x, node->negated ? "true" : "false");
    return sh_sql_say(sql, "(%s(%s))", node->negated ? "not " : "", text);
}

static const char *in_values(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const char *x = sh_sql_node(scope, node->kids[0]), *list = NULL;
    for (uint32_t i = 0; i < node->values.n; i++)
        list = list ? sh_sql_say(sql, "%s, %lld", list, (long long)node->values.at[i])
                    : sh_sql_say(sql, "%lld", (long long)node->values.at[i]);
    if (!list)
        return sh_sql_say(sql, "(case when %s is not null then %s end)", x, node->negated ? "true" : "false");
    return sh_sql_say(sql, "(%s %sin (%s))", x, node->negated ? "not " : "", list);
}

static const char *in_set(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const struct sh_node *cell = node->kids[1];
    if (cell->op != SH_OP_COLUMN) {
        sh_sql_refuse(sql, "membership in a set that is no field: %.*s", SH_ARG(sql->walk->text));
        return "null";
    }
    const char *x = bare(scope, node->kids[0], sh_sql_node(scope, node->kids[0])),
               *set = sh_sql_node(scope, cell);
    const bool under =
        sql->is_prefix_set && sql->is_prefix_set(sql->ctx, cell->path.table, cell->path.column);
    const char *has =
        under ? sh_sql_say(sql, "exists (select 1 from unnest(%s) u(w) where starts_with(%s, u.w))", set, x)
              : sh_sql_say(sql, "%s = any(%s)", x, set);
    return sh_sql_say(sql, "(case when %s is not null and %s is not null then %s(%s) end)", x, set,
                      node->negated ? "not " : "", has);
}

/* x in the half-open range of a cell; x has `scale` decimals. */
static const char *inside(struct sh_sql_scope *scope, const struct sh_node *cell, const char *x, int scale,
                          bool negated) {
    struct sh_sql *sql = scope->sql;
    const char *at = sh_sql_node(scope, cell); /* j1."age" */
    const size_t len = strlen(at);
    const int d = cell->type.scale - scale;
    const char *up_x = d > 0 ? sh_sql_say(sql, "%s * %s", x, sh_sql_pow10(sql, d)) : x;
    const char *up = d < 0 ? sh_sql_say(sql, " * %s", sh_sql_pow10(sql, -d)) : "";
    if (len == 0 || at[len - 1] != '"') {
        sh_sql_refuse(sql, "membership in a range that is no field: %.*s", SH_ARG(sql->walk->text));
        return "null";
    }
    const char *name = sh_sql_say(sql, "%.*s", (int)(len - 1), at);
    return sh_sql_say(
        sql,
        "(case when %s is not null and %s is not null then %s((%s_low\" is null or %s >= %s_low\"%s) "
        "and (%s_high\" is null or %s < %s_high\"%s)) end)",
        x, at, negated ? "not " : "", name, up_x, name, up, name, up_x, name, up);
}

static const char *in_range(struct sh_sql_scope *scope, const struct sh_node *node) {
    const struct sh_node *left = node->kids[0], *cell = node->kids[1];
    const enum sh_unit unit = cell->type.unit;
    if (cell->op != SH_OP_COLUMN ||
        (left->type.kind == SH_KIND_NUMBER && unit != SH_UNIT_NONE && unit != left->type.unit)) {
        sh_sql_refuse(scope->sql, "membership in a range of another unit: %.*s",
                      SH_ARG(scope->sql->walk->text));
        return "null";
    }
    return inside(scope, cell, sh_sql_node(scope, left), left->vscale, node->negated);
}

static const char *between(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const char *x = sh_sql_node(scope, node->kids[0]), *text = NULL;
    for (int k = 1; k < 3; k++) {
        const struct sh_node *bound = node->kids[k];
        if (!bound)
            continue;
        const char *sign = k == 1 ? ">=" : node->closed ? "<=" : "<";
        const char *none = sh_sql_none(scope, bound), *one;
        one = sh_sql_say(sql, "%s %s %s", x, sign, sh_sql_node(scope, bound));
        if (none)
            one = sh_sql_say(sql, "case when %s then true else %s end", none, one);
        text = text ? sh_sql_say(sql, "%s and %s", text, one) : one;
    }
    return sh_sql_say(sql, "(case when %s is not null then %s(%s) end)", x, node->negated ? "not " : "",
                      text ? text : "true");
}

static const char *member(struct sh_sql_scope *scope, const struct sh_node *node) {
    switch ((int)node->op) {
    case SH_OP_IN_CODES:
        return in_codes(scope, node);
    case SH_OP_IN_VALUES:
        return in_values(scope, node);
    case SH_OP_IN_SET:
        return in_set(scope, node);
    case SH_OP_IN_RANGE:
        return in_range(scope, node);
    case SH_OP_BETWEEN:
        return between(scope, node);
    default: {
        const struct sh_node *cell = node->kids[2];
        const enum sh_unit unit = cell->type.unit == SH_UNIT_DAYS || cell->type.unit == SH_UNIT_MONTHS
                                      ? cell->type.unit
                                      : SH_UNIT_YEARS;
        return inside(scope, cell, sh_sql_age(scope, unit, node->kids[0], node->kids[1]), 0, node->negated);
    }
    }
}

/* None is in nothing and out of nothing. */
const char *sh_sql_in(struct sh_sql_scope *scope, const struct sh_node *node) {
    const char *text = member(scope, node), *none = sh_sql_none(scope, node->kids[0]);
    return none ? sh_sql_say(scope->sql, "(case when %s then false else %s end)", none, text) : text;
}
