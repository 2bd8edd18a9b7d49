/* Views as SQL: each a CTE f_NAME with the columns that all tables of facts have, so that rules read it as
 * they read those. view.c said once more. */
#include "audit/sql_rule.h"
#include <string.h>

#define SAY(...) sh_sql_say(&p->sql, __VA_ARGS__)

/* ---- what a view's rows belong to --------------------------------------------------------------- */

static bool joins_column(const struct sh_plan *plan, uint16_t table, int wanted, const char **ret_name) {
    const struct sh_model_table *t = &plan->model->model.tables[table];
    for (uint16_t c = 0; c < t->n_columns; c++)
        if (t->columns[c].join == wanted && t->columns[c].type.kind == SH_KIND_TEXT) {
            *ret_name = t->columns[c].name;
            return true;
        }
    return false;
}

bool sh_sql_is_of_stays(const struct sh_plan *plan, uint16_t table) {
    const struct sh_rule_view *v;
    const char *name;
    while ((v = sh_view_of(plan, table)) && v->source_column >= 0)
        table = v->source;
    if (v)
        return !joins_column(plan, table, SH_TABLE_ENCOUNTER, &name) &&
               joins_column(plan, table, SH_MODEL_STAY, &name);
    return table == SH_MODEL_STAY;
}

bool sh_sql_belongs_to_visits(const struct sh_plan *plan, uint16_t table) {
    for (const struct sh_rule_view *v; (v = sh_view_of(plan, table));)
        table = v->source;
    return table == SH_TABLE_ENCOUNTER || sh_model_column(plan->model, table, "encounter") >= 0;
}

/* Which encounter and stay a row of groups is of, with the keys as g.keyN. */
static void visit_of_group(struct sh_sql_making *p, const char **ret_encounter, const char **ret_stay,
                           const char **ret_institution) {
    const char *e = NULL, *s = NULL;
    for (size_t k = 0; k < p->r->n_keys; k++) {
        if (p->view->key_columns[k] < 0)
            continue;
        const int16_t join =
            p->m->plan->model->model.tables[p->view->table].columns[p->view->key_columns[k]].join;
        if (join == SH_TABLE_ENCOUNTER && !e)
            e = SAY("g.key%zu", k);
        if (join == SH_MODEL_STAY && !s)
            s = SAY("g.key%zu", k);
    }
    if (e)
        *ret_encounter = e, *ret_stay = SAY("(select x._stay from f_encounter x where x.rn = %s)", e),
        *ret_institution = SAY("(select x._institution from f_encounter x where x.rn = %s)", e);
    else if (s)
        *ret_encounter = SAY("(select x._encounter from f_stay x where x.rn = %s)", s), *ret_stay = s,
        *ret_institution = SAY("(select x._institution from f_stay x where x.rn = %s)", s);
    else
        *ret_encounter = "cast(null as bigint)", *ret_stay = *ret_encounter,
        *ret_institution = "cast(null as varchar)";
}

/* ---- fields ------------------------------------------------------------------------------------- */

static const char *field_value(struct sh_sql_making *p, struct sh_sql_scope *scope,
                               const struct sh_view_field *f) {
    const struct sh_model_column *c = &p->m->plan->model->model.tables[p->view->table].columns[f->column];
    if (c->type.kind != SH_KIND_NUMBER)
        return sh_sql_value(scope, f->expr);
    return SAY("cast(%s as bigint)", sh_expr_type(f->expr).unit == SH_UNIT_RATIO
                                         ? sh_sql_scaled(scope, f->expr, c->type.scale)
                                         : sh_sql_value(scope, f->expr));
}

/* ", case when not hidden then … end as "name"" of all fields. */
static const char *fields(struct sh_sql_making *p, struct sh_sql_scope *scope, const char *hidden) {
    const char *text = "";
    for (size_t i = 0; i < p->view->n_fields; i++) {
        const struct sh_view_field *f = &p->view->fields[i];
        /* what nobody reads may read columns that are not there */
        if (sh_view_field_is_read(p->m->plan, p->view, i))
            text = SAY("%s, case when not %s then %s end as \"%.*s\"", text, hidden, field_value(p, scope, f),
                       SH_ARG(f->name));
        else
            text = SAY("%s, null as \"%.*s\"", text, SH_ARG(f->name));
    }
    return text;
}

/* The day of a row of the source as expressions say `day` of it. */
static const char *own_day(struct sh_sql_making *p, const char *s) {
    const uint16_t source = p->view->source;
    const int c = sh_model_column(p->m->plan->model, source, "day");
    return c >= 0 && sh_sql_has_column(p, source, (uint16_t)c) ? SAY("%s.\"day\"", s) : SAY("%s._day", s);
}

/* The columns of facts, from those that q has: rn, _person, _encounter, _stay, _day, inst_, text_, cov_. */
static void finish(struct sh_sql_making *p, const char *columns) {
    const struct sh_rule_view *v = p->view;
    const int own = sh_model_column(p->m->plan->model, v->table, "institution");
    sh_buf_addf(p->out,
                ")\nselect q.rn, true as _alive, q._person, q._person as person, %s as _institution, "
                "q._encounter, q._stay, q._day, q._day * 86400 as _time, coalesce(e.day, q._day) as _first, "
                "e._key, cast(null as bigint) as _prescription, q.cov_ as _covered, q.text_ as _text%s from "
                "made q left join f_encounter e on e.rn = q._encounter",
                own >= 0 ? "q.\"institution\"" : "q.inst_", columns);
}

static const char *quoted(struct sh_sql_making *p) {
    const struct sh_model_table *t = &p->m->plan->model->model.tables[p->view->table];
    const char *text = "";
    for (uint16_t c = 0; c < t->n_columns; c++)
        if (strcmp(t->columns[c].name, "person") != 0)
            text = SAY("%s, q.\"%s\"", text, t->columns[c].name);
    return p->view->kind == SH_VIEW_GROUPS ? SAY("%s, q.rows_ as _rows", text) : text;
}

/* ---- kinds -------------------------------------------------------------------------------------- */

static void rows(struct sh_sql_making *p) {
    const struct sh_rule_view *v = p->view;
    sh_sql_candidates(p, false, true);
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *s = sh_sql_join(&scope, "t.\"row\"", v->source);
    const char *text = fields(p, &scope, "t.ne");
    sh_sql_cte(p, "made");
    sh_buf_addf(p->out,
                "select row_number() over (order by t.\"row\", t.k) as rn, %s._person, %s._encounter, "
                "%s._stay, %s._day, %s._institution as inst_, %s._text as text_, %s._covered as cov_, "
                "t.\"row\" as \"%s\"%s%s from c t%s",
                s, s, s, s, s, s, s, p->m->plan->model->model.tables[v->source].name,
                v->day >= 0 ? SAY(", %s as \"day\"", own_day(p, s)) : "", text, sh_sql_joins(&scope));
}

static void groups(struct sh_sql_making *p) {
    const struct sh_rule_view *v = p->view;
    const struct sh_model_table *t = &p->m->plan->model->model.tables[v->table];
    sh_sql_candidates(p, false, true);
    const char *list = sh_sql_keys(p, "c");
    sh_sql_cte(p, "m");
    sh_buf_addf(p->out, "select q.*, dense_rank() over (order by %s) as gid from kx q", list);
    sh_sql_cte(p, "ga");
    sh_buf_add_text(p->out, "select gid, array_agg(\"row\" order by \"row\", k) as rows_, bool_or(ne) as "
                            "hidden, case when count(*) = count(cov_) then sum(cov_) end as cov_ from m "
                            "group by gid");
    sh_sql_cte(p, "g");
    sh_buf_add_text(p->out,
                    "select q.*, a.rows_, a.hidden, a.cov_ as total_ from (select m.*, row_number() over "
                    "(partition by gid order by \"row\", k) as pos from m) q join ga a on a.gid = q.gid "
                    "where q.pos = 1");
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "g"), members = sh_sql_tuple_scope(p, "m");
    scope.members = "m m where m.gid = g.gid";
    memcpy(scope.member_rows, members.rows, sizeof(scope.member_rows));
    const char *s = sh_sql_join(&scope, "g.\"row\"", v->source), *encounter, *stay, *institution, *keys = "",
               *name = SAY("%s._person", s);
    visit_of_group(p, &encounter, &stay, &institution);
    for (size_t k = 0; k < p->r->n_keys; k++) {
        if (v->key_columns[k] < 0)
            continue;
        keys = SAY("%s, g.key%zu as \"%s\"", keys, k, t->columns[v->key_columns[k]].name);
        name = SAY("%s || '/' || g.kt%zu", name, k);
    }
    const char *day = own_day(p, s);
    if (sh_view_has_key(v, "day"))
        name = SAY("%s || '/' || cast(date '1970-01-01' + cast(%s as integer) as varchar)", name, day);
    const char *text = fields(p, &scope, "g.hidden");
    sh_sql_cte(p, "made");
    sh_buf_addf(p->out,
                "select row_number() over (order by g.\"row\", g.k) as rn, %s._person, %s as _encounter, %s "
                "as _stay, %s as _day, %s as inst_, %s as text_, g.total_ as cov_, g.rows_%s%s%s from g%s",
                s, encounter, stay, v->day >= 0 ? day : "cast(null as bigint)", institution, name,
                v->day >= 0 ? SAY(", %s as \"day\"", day) : "", keys, text, sh_sql_joins(&scope));
}

static const char *day_of_end(struct sh_sql_making *p, int column) {
    const struct sh_model_column *c = &p->m->plan->model->model.tables[p->view->source].columns[column];
    const char *text = SAY("s.\"%s\"", c->name);
    return c->type.kind == SH_KIND_TIME ? SAY("cast(%s as bigint)", sh_sql_div_floor(&p->sql, text, "86400"))
                                        : text;
}

/* CTE d0: the days of each row of the source; a row without a beginning, or absurdly long, is one row without
 * a day. */
static void expand(struct sh_sql_making *p) {
    const struct sh_rule_view *v = p->view;
    const struct sh_model_table *t = &p->m->plan->model->model.tables[v->source];
    const char *end = p->m->plan->options.as_of != INT32_MAX
                          ? SAY("%d", p->m->plan->options.as_of)
                          : "(select max(l.\"day\") from f_line l where l._alive and l._person = s._person)";
    (void)sh_sql_has_column(p, v->source, UINT16_MAX);
    const char *series = p->m->dialect == SH_SQL_DUCKDB
                             ? "unnest(generate_series(cast(0 as bigint), w.length_))"
                             : "generate_series(cast(0 as bigint), w.length_)";
    sh_sql_cte(p, "d0");
    sh_buf_addf(p->out,
                "select x.rn, x.since + x.i as day_ from (select w.rn, case when w.fits then w.since end as "
                "since, %s as i from (select u.rn, u.since, u.fits, case when u.fits then "
                "greatest(coalesce(u.till, u.since), u.since) - u.since else 0 end as length_ from (select "
                "y.*, coalesce(greatest(coalesce(y.till, y.since), y.since) - y.since < %d, false) as fits "
                "from (select s.rn, %s as since, coalesce(%s, %s) as till from f_%s s where s._alive) y) u) "
                "w) x",
                series, SH_VIEW_DAYS_MAX, day_of_end(p, t->time_column), day_of_end(p, t->end_column), end,
                t->name);
    sh_sql_cte(p, "d1");
    sh_buf_addf(p->out,
                "select row_number() over (order by d.rn, d.day_) as rn, true as _alive, s._person, "
                "s._person as person, s._encounter, s._stay, d.day_ as _day, d.day_ * 86400 as _time, "
                "coalesce(e.day, d.day_) as _first, e._key, cast(null as bigint) as _prescription, "
                "s._institution, cast(0 as bigint) as _covered, s._text || case when d.day_ is not null then "
                "'/' || cast(date '1970-01-01' + cast(d.day_ as integer) as varchar) else '' end as _text, "
                "d.rn as \"%s\", d.day_ as \"day\" from d0 d join f_%s s on s.rn = d.rn left join "
                "f_encounter e on e.rn = s._encounter",
                t->name, t->name);
}

static void days(struct sh_sql_making *p) {
    const struct sh_rule_view *v = p->view;
    expand(p);
    p->sql.stand_in = "d1";
    p->sql.stand_in_row = "t.rn";
    p->sql.stand_in_table = v->table;
    struct sh_sql_scope first = {.sql = &p->sql}, scope = {.sql = &p->sql};
    first.rows[p->r->subject] = scope.rows[p->r->subject] = "t.rn";
    const char *where = p->r->where ? sh_sql_value(&first, p->r->where) : "true";
    sh_sql_cte(p, "d2");
    sh_buf_addf(p->out,
                "select z.*, (z.holds is null or z.\"day\" is null) as hidden from (select t.*, (%s) as "
                "holds from d1 t%s) z where z.holds is distinct from false",
                where, sh_sql_joins(&first));
    const char *text = fields(p, &scope, "t.hidden"),
               *source = p->m->plan->model->model.tables[v->source].name;
    sh_sql_cte(p, "made");
    sh_buf_addf(p->out,
                "select row_number() over (order by t.rn) as rn, t._person, t._encounter, t._stay, t._day, "
                "t._institution as inst_, t._text as text_, t._covered as cov_, t.\"%s\", t.\"day\"%s from "
                "d2 t%s",
                source, text, sh_sql_joins(&scope));
}

void sh_sql_view(struct sh_sql_making *p) {
    switch (p->view->kind) {
    case SH_VIEW_ROWS:
        rows(p);
        break;
    case SH_VIEW_GROUPS:
        groups(p);
        break;
    case SH_VIEW_DAYS:
        days(p);
        break;
    }
    finish(p, quoted(p));
}

/* ---- lines behind ------------------------------------------------------------------------------- */

/* Rows ("row", line, day) of a table's rows and the living lines behind them. */
// NOLINTNEXTLINE(misc-no-recursion): views build on each other at most three deep
const char *sh_sql_lines_behind(struct sh_sql_making *p, uint16_t table) {
    const struct sh_rule_view *v = sh_view_of(p->m->plan, table);
    const char *name = p->m->plan->model->model.tables[table].name;
    if (table == SH_TABLE_LINE)
        return "(select rn as \"row\", rn as line, \"day\" from f_line where _alive)";
    if (table == SH_TABLE_ENCOUNTER || table == SH_MODEL_STAY)
        return SAY("(select %s as \"row\", rn as line, \"day\" from f_line where _alive)",
                   table == SH_MODEL_STAY ? "_stay" : "_encounter");
    if (!v)
        return "(select cast(null as bigint) as \"row\", cast(null as bigint) as line, cast(null as bigint) "
               "as \"day\" where false)";
    const char *of = sh_sql_lines_behind(p, v->source),
               *source = p->m->plan->model->model.tables[v->source].name;
    if (v->kind == SH_VIEW_GROUPS)
        return SAY("(select y.rn as \"row\", x.line, x.\"day\" from (select rn, unnest(_rows) as member from "
                   "f_%s) y join %s x on x.\"row\" = y.member)",
                   name, of);
    return SAY("(select y.rn as \"row\", x.line, x.\"day\" from f_%s y join %s x on x.\"row\" = y.\"%s\"%s)",
               name, of, source,
               v->kind == SH_VIEW_DAYS ? " and (y.\"day\" is null or x.\"day\" = y.\"day\")" : "");
}
