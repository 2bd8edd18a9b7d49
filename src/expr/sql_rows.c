/* Many rows as SQL: aggregates over members, related rows, completeness. Each is one subquery that first
 * lists value and condition of every row and then folds them: sum and bool_or of SQL skip what is missing,
 * ours must not.
 */
#include "expr/sql.h"
#include <string.h>
#include "base/date.h"

/* Values of one row for a fold. */
struct listed {
    const char *where; /* three-valued */
    const char *value, *none;
};

static struct sh_sql_scope inner_scope(struct sh_sql_scope *outer) {
    return (struct sh_sql_scope){.sql = outer->sql, .outer = outer};
}

/* The scope whose members an aggregate folds. */
static struct sh_sql_scope *with_members(struct sh_sql_scope *scope) {
    while (scope && !scope->members)
        scope = scope->outer;
    return scope;
}

/* "from mem m join … where m.gid = g.gid"; `in` has collected its joins by now. */
static const char *from_members(struct sh_sql_scope *in, const char *members) {
    const char *where = strstr(members, " where ");
    if (!where)
        where = members + strlen(members);
    return sh_sql_say(in->sql, "from %.*s%s%s", (int)(where - members), members, sh_sql_joins(in), where);
}

static const char *fold(struct sh_sql *sql, enum sh_aggregate_fn fn) {
    const char *gone = "x.w is null or (x.w and x.v is null and not x.n)";
    switch (fn) {
    case SH_AGG_SUM:
        return sh_sql_say(sql,
                          "case when bool_or(%s) then null else coalesce(sum(case when x.w and not x.n then "
                          "x.v end), 0) end",
                          gone);
    case SH_AGG_MIN:
    case SH_AGG_MAX:
        return sh_sql_say(
            sql, "case when bool_or(%s) then null else %s(case when x.w and not x.n then x.v end) end", gone,
            fn == SH_AGG_MIN ? "min" : "max");
    case SH_AGG_SPAN:
        return sh_sql_say(
            sql,
            "case when bool_or(%s) then null else coalesce(max(case when x.w and not x.n then x.v end) "
            "- min(case when x.w and not x.n then x.v end) + 1, 0) end",
            gone);
    case SH_AGG_COUNT:
        return "case when bool_or(x.w is null) then null else count(case when x.w then 1 end) end";
    case SH_AGG_ANY:
        return "case when bool_or(x.w) then true when bool_or(x.w is null) then null else false end";
    case SH_AGG_EVERY:
        return "case when bool_or(not x.w) then false when bool_or(x.w is null) then null else true end";
    case SH_AGG_DISTINCT:
    case SH_AGG_DAYS:
        break;
    }
    return "null";
}

static const char *condition_of(struct sh_sql_scope *in, const struct sh_aggregate *a) {
    return a->where ? sh_sql_node(in, a->where) : "true";
}

static const char *distinct(struct sh_sql_scope *in, const struct sh_node *node, const char *members) {
    struct sh_sql *sql = in->sql;
    const char *gone = "x.w is null", *none = "false", *columns = "", *names = "";
    const char *where = condition_of(in, node->aggregate);
    for (uint32_t k = 0; k < node->n_kids; k++) {
        const char *n = sh_sql_none(in, node->kids[k]);
        const char *v = sh_sql_node(in, node->kids[k]);
        columns = sh_sql_say(sql, "%s, %s as v%u, %s as n%u", columns, v, k, n ? n : "false", k);
        names = sh_sql_say(sql, "%s%sx.v%u", names, k ? ", " : "", k);
        gone = sh_sql_say(sql, "%s or (x.w and x.v%u is null and not x.n%u)", gone, k, k);
        none = sh_sql_say(sql, "%s or x.n%u", none, k);
    }
    return sh_sql_say(
        sql,
        "(select case when bool_or(%s) then null else count(distinct %s%s%s) filter (where x.w and not "
        "(%s)) end from (select %s as w%s %s) x)",
        gone, node->n_kids > 1 ? "(" : "", names, node->n_kids > 1 ? ")" : "", none, where, columns,
        from_members(in, members));
}

/* Days in the union of [day, day + supply). */
static const char *days(struct sh_sql_scope *in, const struct sh_node *node, const char *members) {
    struct sh_sql *sql = in->sql;
    const struct sh_aggregate *a = node->aggregate;
    const char *day = sh_sql_node(in, a->day), *length = "1", *gone = "false", *where = condition_of(in, a);
    if (a->supply) {
        const char *supply = sh_sql_node(in, a->supply), *none = sh_sql_none(in, a->supply);
        const char *up =
            a->supply->vscale > 0 ? sh_sql_ceil(sql, supply, sh_sql_pow10(sql, a->supply->vscale)) : supply;
        length = sh_sql_say(sql, "greatest(1, coalesce(%s, 1))", up);
        gone = sh_sql_say(sql, "(%s is null%s%s)", supply, none ? " and not " : "", none ? none : "");
    }
    return sh_sql_say(
        sql,
        "(select case when bool_or(y.gone) then null else coalesce(sum(greatest(0, y.till - greatest(y.day, "
        "coalesce(y.until, y.day)))), 0) end from (select x.*, max(x.till) over (order by x.day, x.till rows "
        "between "
        "unbounded preceding and 1 preceding) as until from (select z.w is null or z.day is null or z.gone "
        "as gone, "
        "z.day, z.day + z.length as till from (select %s as w, %s as day, %s as length, %s as gone %s) z "
        "where z.w is "
        "distinct from false) x) y)",
        where, day, length, gone, from_members(in, members));
}

const char *sh_sql_aggregate(struct sh_sql_scope *scope, const struct sh_node *node, bool none) {
    struct sh_sql *sql = scope->sql;
    const struct sh_aggregate *a = node->aggregate;
    struct sh_sql_scope *owner = with_members(scope);
    const char *members = owner ? (a->standing ? owner->standing : owner->members) : NULL;
    if (owner && owner->members_b && (a->slots >> owner->slot_b & 1))
        members = owner->members_b;
    if (!members) {
        sh_sql_refuse(sql, "an aggregate here: %.*s", SH_ARG(sql->walk->text));
        return "null";
    }
    struct sh_sql_scope in = inner_scope(owner);
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        in.rows[s] = owner->member_rows[s];
    if (a->fn == SH_AGG_DISTINCT)
        return sh_sql_number(sql, distinct(&in, node, members));
    if (a->fn == SH_AGG_DAYS)
        return sh_sql_number(sql, days(&in, node, members));
    struct listed x = {.where = condition_of(&in, a), .value = "0", .none = NULL};
    const struct sh_node *arg = a->day ? a->day : node->n_kids ? node->kids[0] : NULL;
    if (arg && (a->fn == SH_AGG_COUNT || a->fn == SH_AGG_ANY))
        x.where = sh_sql_say(sql, "(%s and %s)", x.where, sh_sql_node(&in, arg));
    else if (arg && a->fn == SH_AGG_EVERY)
        x.where = sh_sql_say(sql, "(not %s or %s)", x.where, sh_sql_node(&in, arg));
    else if (arg)
        x = (struct listed){x.where,
                            arg->rep == SH_REP_NARROW ? sh_sql_node(&in, arg) : sh_sql_num_of(&in, arg).num,
                            sh_sql_none(&in, arg)};
    const char *list = sh_sql_say(sql, "(select %s as w, %s as v, %s as n %s) x", x.where, x.value,
                                  x.none ? x.none : "false", from_members(&in, members));
    if (none)
        return sh_sql_say(
            sql,
            "(select not coalesce(bool_or(x.w is null or (x.w and x.v is null and not x.n)), false) and "
            "count(case when x.w and not x.n then 1 end) = 0 from %s)",
            list);
    const char *text = sh_sql_say(sql, "(select %s from %s)", fold(sql, a->fn), list);
    return node->type.kind == SH_KIND_NUMBER ? sh_sql_number(sql, text) : text;
}

const char *sh_sql_gap(struct sh_sql_scope *scope, const struct sh_partial *partial) {
    struct sh_sql *sql = scope->sql;
    const struct sh_node *node = partial->node;
    sql->walk = partial->expr;
    const char *where = node->aggregate->where ? sh_sql_node(scope, node->aggregate->where) : NULL;
    const char *text = where ? sh_sql_say(sql, "%s is null", where) : "false";
    for (uint32_t k = 0; k < node->n_kids; k++) {
        const struct sh_node *kid = node->kids[k];
        const char *none = sh_sql_none(scope, kid), *missing;
        const struct sh_sql_num x = kid->rep == SH_REP_NARROW
                                        ? (struct sh_sql_num){.num = sh_sql_node(scope, kid)}
                                        : sh_sql_num_of(scope, kid);
        missing = sh_sql_say(sql, "%s is null%s%s%s", x.num, x.den ? " or " : "", x.den ? x.den : "",
                             x.den ? " is null" : "");
        if (none)
            missing = sh_sql_say(sql, "(%s) and not %s", missing, none);
        text = sh_sql_say(sql, "%s or (%s%s(%s))", text, where ? where : "", where ? " and " : "", missing);
    }
    return sh_sql_say(sql, "coalesce((%s), true)", text);
}

/* ---- nth ---------------------------------------------------------------------------------------- */

const char *sh_sql_nth(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const struct sh_str text = sh_str_sub(sql->walk->text, node->from, node->to - node->from);
    size_t i = 0;
    while (i < sql->n_nths && !sh_str_eq(sql->nths[i].text, text))
        i++;
    if (i == SH_SQL_NTHS_MAX) {
        sh_sql_refuse(sql, "more than %d different nth(…)", SH_SQL_NTHS_MAX);
        return "null";
    }
    if (i == sql->n_nths)
        sql->nths[sql->n_nths++] = (struct sh_sql_nth){.text = text, .expr = sql->walk, .node = node};
    return sh_sql_number(sql, sh_sql_say(sql, "m.n%zu", i));
}

const char *sh_sql_nth_part(struct sh_sql_scope *scope, const struct sh_sql_nth *nth, int number,
                            bool *ret_descending) {
    const struct sh_node *node = nth->node;
    *ret_descending = node->descending;
    if ((uint32_t)number >= node->n_kids)
        return NULL;
    scope->sql->walk = nth->expr;
    return sh_sql_node(scope, node->kids[number]);
}

/* ---- related rows ------------------------------------------------------------------------------- */

static const char *subject_alias(struct sh_sql_scope *scope) {
    struct sh_sql *sql = scope->sql;
    const struct sh_env *env = &sql->walk->env;
    while (scope && !scope->rows[env->subject])
        scope = scope->outer;
    if (!scope) {
        sh_sql_refuse(sql, "rows related to nothing: %.*s", SH_ARG(sql->walk->text));
        return "null";
    }
    return sh_sql_join(scope, scope->rows[env->subject], env->variables[env->subject].table);
}

static const char *in_base(struct sh_sql_scope *scope, enum sh_expr_scope asked, const char *s,
                           const char *r) {
    struct sh_sql *sql = scope->sql;
    switch ((int)sh_scope_base(asked)) {
    case SH_SCOPE_ENCOUNTER:
        if (sql->is_of_stays(sql->ctx, sql->walk->env.variables[sql->walk->env.subject].table))
            return sh_sql_say(sql, "%s._stay = %s._stay", r, s);
        return sh_sql_say(sql, "%s._encounter = %s._encounter", r, s);
    case SH_SCOPE_PRESCRIPTION:
        return sh_sql_say(sql, "%s._encounter = %s._encounter and %s._prescription = %s._prescription", r, s,
                          r, s);
    case SH_SCOPE_STAY:
        return sh_sql_say(sql, "%s._stay = %s._stay", r, s);
    case SH_SCOPE_PERSON:
        return sh_sql_say(sql, "%s._person = %s._person", r, s);
    case SH_SCOPE_INSTITUTION:
        return sh_sql_say(sql, "%s._person = %s._person and %s._institution = %s._institution", r, s, r, s);
    case SH_SCOPE_DAY:
        return sh_sql_say(sql, "%s._person = %s._person and (%s._time is null or %s = %s)", r, s, s,
                          sh_sql_div_floor(sql, sh_sql_say(sql, "%s._time", r), "86400"),
                          sh_sql_div_floor(sql, sh_sql_say(sql, "%s._time", s), "86400"));
    default:
        return "false";
    }
}

static const char *scope_key(struct sh_sql *sql, enum sh_expr_scope scope, const char *day,
                             const char *time) {
    const char *date = sh_sql_say(sql, "(date '1970-01-01' + cast(%s as integer))", day);
    switch ((int)scope) {
    case SH_SCOPE_HOUR:
        return sh_sql_div_floor(sql, time, "3600");
    case SH_SCOPE_WEEK:
        return sh_sql_div_floor(sql, sh_sql_say(sql, "%s + 3", day), "7");
    case SH_SCOPE_MONTH:
        return sh_sql_say(sql, "date_trunc('month', %s)", date);
    case SH_SCOPE_QUARTER:
        return sh_sql_say(sql, "date_trunc('quarter', %s)", date);
    case SH_SCOPE_YEAR:
        return sh_sql_say(sql, "date_trunc('year', %s)", date);
    default:
        return day;
    }
}

/* Does the row's time match, three-valued? Where the cell names the scope, one branch a scope. */
struct times {
    const char *anchor_day, *anchor_time, *day, *time, *window;
};

static const char *in_window(struct sh_sql *sql, enum sh_window_kind kind, bool is_days,
                             const struct times *t) {
    const char *d = is_days ? sh_sql_say(sql, "(%s - %s)", t->day, t->anchor_day)
                            : sh_sql_say(sql, "(%s - %s)", t->time, t->anchor_time);
    switch (kind) {
    case SH_WINDOW_PAST:
        return sh_sql_say(sql, "(%s <= 0 and %s > -%s)", d, d, t->window);
    case SH_WINDOW_NEXT:
        return is_days ? sh_sql_say(sql, "(%s >= 0 and %s < %s)", d, d, t->window)
                       : sh_sql_say(sql, "(%s > 0 and %s <= %s)", d, d, t->window);
    case SH_WINDOW_WITHIN:
        return sh_sql_say(sql, "(%s <= %s and %s >= -%s)", d, t->window, d, t->window);
    case SH_WINDOW_NONE:
        break;
    }
    return "true";
}

static const char *in_scope(struct sh_sql *sql, enum sh_expr_scope scope, const struct times *t) {
    if (scope == SH_SCOPE_SIX_HOURS && t->time && t->anchor_time)
        return sh_sql_say(sql, "(abs(%s - %s) <= 21600)", t->time, t->anchor_time);
    if (scope == SH_SCOPE_SIX_HOURS || (scope == SH_SCOPE_HOUR && (!t->time || !t->anchor_time)))
        return "cast(null as boolean)";
    if (scope == SH_SCOPE_HOUR || scope == SH_SCOPE_WEEK || scope == SH_SCOPE_MONTH ||
        scope == SH_SCOPE_QUARTER || scope == SH_SCOPE_YEAR)
        return sh_sql_say(sql, "(%s = %s)", scope_key(sql, scope, t->anchor_day, t->anchor_time),
                          scope_key(sql, scope, t->day, t->time));
    return "true";
}

static struct times times_of(struct sh_sql_scope *scope, struct sh_sql_scope *in,
                             const struct sh_related *r) {
    struct times t = {0};
    if (r->window_kind == SH_WINDOW_NONE || !r->window)
        return t;
    t.anchor_day = r->anchor_day ? sh_sql_node(scope, r->anchor_day) : NULL;
    t.anchor_time = r->anchor_time ? sh_sql_node(scope, r->anchor_time) : NULL;
    t.day = r->row_day ? sh_sql_node(in, r->row_day) : NULL;
    t.time = r->row_time ? sh_sql_node(in, r->row_time) : NULL;
    t.window = sh_sql_node(scope, r->window);
    if (r->window->type.kind == SH_KIND_NUMBER && r->window->vscale > 0)
        t.window = sh_sql_div_floor(scope->sql, t.window, sh_sql_pow10(scope->sql, r->window->vscale));
    return t;
}

/* What one scope's rows fold to. w: three-valued match of a row. */
static const char *fold_related(struct sh_sql *sql, const struct sh_related *r) {
    switch (r->fn) {
    case SH_RELATED_ANY:
        return "case when bool_or(x.w) then true when bool_or(x.w is null) then null else false end";
    case SH_RELATED_NONE:
    case SH_RELATED_EVERY:
        return "case when bool_or(x.w) then false when bool_or(x.w is null) then null else true end";
    case SH_RELATED_COUNT:
        return "case when bool_or(x.w is null) then null else count(case when x.w then 1 end) end";
    case SH_RELATED_SUM:
        return "case when bool_or(x.w is null or (x.w and x.v is null and not x.n)) then null else "
               "coalesce(sum(case when x.w then x.v end), 0) end";
    case SH_RELATED_FIRST:
    case SH_RELATED_LAST:
        break;
    }
    (void)sql;
    return "case when x.w then x.v end";
}

static const char *ask(struct sh_sql_scope *scope, const struct sh_node *node, enum sh_expr_scope asked) {
    struct sh_sql *sql = scope->sql;
    const struct sh_related *r = node->related;
    struct sh_sql_scope in = inner_scope(scope);
    const char *alias = sh_sql_say(sql, "r%u", ++sql->n_aliases), *s = subject_alias(scope);
    in.rows[r->slot] = sh_sql_say(sql, "%s.rn", alias);
    in.joins[in.n_joins].row = in.rows[r->slot], in.joins[in.n_joins].alias = alias;
    in.joins[in.n_joins++].table = r->table;
    const struct times t = times_of(scope, &in, r);
    const bool by_cell = r->window && r->window->type.kind == SH_KIND_SCOPE;
    const char *match =
        by_cell ? in_scope(sql, asked, &t) : in_window(sql, r->window_kind, r->anchor_day != NULL, &t);
    const char *where = r->where ? sh_sql_node(&in, r->where) : "true";
    if (r->fn == SH_RELATED_EVERY)
        where = sh_sql_say(sql, "(not %s)", where);
    const char *value = r->value ? sh_sql_node(&in, r->value) : "0",
               *none = r->value ? sh_sql_none(&in, r->value) : NULL;
    const char *of = in_base(scope, asked, s, alias);
    for (uint8_t i = 1; i < r->n_scopes; i++)
        of = sh_sql_say(sql, "%s and %s", of, in_base(scope, r->scopes[i], s, alias));
    const bool ordered = r->fn == SH_RELATED_FIRST || r->fn == SH_RELATED_LAST;
    in.joins[0].alias = "", in.joins[0].row = ""; /* the row itself is FROM, not a join */
    struct sh_sql_scope joined = in;
    joined.n_joins = in.n_joins - 1;
    for (size_t i = 0; i < joined.n_joins; i++)
        joined.joins[i] = in.joins[i + 1];
    const char *list = sh_sql_say(
        sql, "(select (%s and %s) as w, %s as v, %s as n, %s.rn from f_%s %s%s where %s._alive and %s) x",
        match, where, value, none ? none : "false", alias, sql->model->tables[r->table].name, alias,
        sh_sql_joins(&joined), alias, of);
    return sh_sql_say(sql, "(select %s from %s%s%s)", fold_related(sql, r), list,
                      ordered ? " where x.w is distinct from false order by x.rn" : "",
                      !ordered                   ? ""
                      : r->fn == SH_RELATED_LAST ? " desc limit 1"
                                                 : " limit 1");
}

static const char *settled(struct sh_sql_scope *scope, const struct sh_node *node, enum sh_expr_scope asked) {
    const struct sh_related *r = node->related;
    const char *text = ask(scope, node, asked);
    if (r->fn == SH_RELATED_NONE || r->fn == SH_RELATED_EVERY) /* there is none only where all is known */
        text = sh_sql_say(scope->sql, "(case when %s then case when %s then true end else %s end)", text,
                          sh_sql_complete(scope, r->table, sh_scope_base(asked)), text);
    return text;
}

const char *sh_sql_related(struct sh_sql_scope *scope, const struct sh_node *node) {
    struct sh_sql *sql = scope->sql;
    const struct sh_related *r = node->related;
    const char *subject = subject_alias(scope), *text;
    if (!sql->has(sql->ctx, r->table, SH_NO_COLUMN)) {
        sh_sql_refuse(sql, "rows of %s that are related: %.*s", sql->model->tables[r->table].name,
                      SH_ARG(sql->walk->text));
        return "null";
    }
    if (!r->window || r->window->type.kind != SH_KIND_SCOPE) {
        text = settled(scope, node, r->scopes[0]);
    } else {
        const char *cell = sh_sql_node(scope, r->window);
        text = sh_sql_say(sql, "case %s", cell);
        for (int s = 1; s <= SH_SCOPE_SIX_HOURS; s++)
            if (s != SH_SCOPE_COURSE)
                text = sh_sql_say(sql, "%s when %d then %s", text, s,
                                  settled(scope, node, (enum sh_expr_scope)s));
        text = sh_sql_say(sql, "(%s end)", text);
    }
    text = sh_sql_say(sql, "(case when %s.rn is not null then %s end)", subject, text);
    return node->type.kind == SH_KIND_NUMBER ? sh_sql_number(sql, text) : text;
}

const char *sh_sql_complete(struct sh_sql_scope *scope, uint16_t table, enum sh_expr_scope asked) {
    struct sh_sql *sql = scope->sql;
    const char *s = subject_alias(scope), *name = sql->model->tables[sql->complete_as(sql->ctx, table)].name;
    const bool wide = asked == SH_SCOPE_PERSON || asked == SH_SCOPE_EVER || asked == SH_SCOPE_COURSE;
    const char *lost = wide ? sh_sql_say(sql,
                                         "select 1 from f_lost lo join f_encounter le on le.encounter_key = "
                                         "lo.encounter_key where le._person = %s._person",
                                         s)
                            : sh_sql_say(sql, "select 1 from f_lost lo where lo.encounter_key = %s._key", s);
    if (!sql->has(sql->ctx, table, SH_NO_COLUMN))
        sh_sql_refuse(sql, "whether rows of %s are complete", name);
    return sh_sql_say(
        sql,
        "coalesce((select co.answer from f_complete co where co.tbl = '%s'), exists (select 1 from "
        "f_coverage cv where cv.tbl = '%s' and cv.institution = %s._institution and cv.\"first\" <= "
        "%s._first and cv.\"last\" >= %s._day) and not exists (%s) and not exists (select 1 from f_lost lk "
        "where lk.encounter_key = %s._key))",
        name, name, s, s, s, lost, s);
}
