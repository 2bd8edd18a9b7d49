/* Groups of many persons, of one table or of two, and statistics as SQL: joined.c and stat.c said once more.
 */
#include "audit/carry.h"
#include "audit/sql_rule.h"
#include <string.h>

#define SAY(...) sh_sql_say(&p->sql, __VA_ARGS__)

/* ---- members ------------------------------------------------------------------------------------ */

static bool is_stat(const struct sh_sql_making *p) {
    return p->r->shape == SH_SHAPE_STAT;
}

/* Further rows beside the subject, all empty on the second side. */
static const char *slot_columns(struct sh_sql_making *p, const char *alias) {
    const char *text = "";
    for (uint16_t s = 0; s < p->r->n_variables; s++)
        if (p->rp->slots[s] == SH_SLOT_JOIN || p->rp->slots[s] == SH_SLOT_WITH ||
            p->rp->slots[s] == SH_SLOT_MORE)
            text = alias ? SAY("%s, %s.s%u", text, alias, s) : SAY("%s, null as s%u", text, s);
    return text;
}

static const char *key_columns(struct sh_sql_making *p, const char *alias, bool texts) {
    const char *text = "";
    for (size_t i = 0; i < p->r->n_keys; i++)
        text = texts ? SAY("%s, %s.key%zu, %s.kt%zu", text, alias, i, alias, i)
                     : SAY("%s%s%s.key%zu", text, i ? ", " : "", alias, i);
    return text;
}

/* The columns that both sides have in common, of row `s` of a table. */
static const char *head_columns(struct sh_sql_making *p, const char *s, uint16_t table) {
    return SAY("%s as ot, %s._text as ox, %s._day as day_, %s._institution as inst, %s._encounter as enc",
               sh_sql_order_time(p, s, table), s, s, s, s);
}

/* CTE ma: those of the rule's table. A statistic counts those that lack a field, a group leaves them out. */
static void side_a(struct sh_sql_making *p) {
    sh_sql_candidates(p, false, true);
    (void)sh_sql_keys(p, "c");
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *s = sh_sql_join(&scope, "t.\"row\"", p->r->table), *gap = is_stat(p) ? "t.ne" : "false";
    for (size_t i = 0; is_stat(p) && i < p->r->n_partials; i++)
        gap = SAY("%s or %s", gap, sh_sql_gap(&scope, &p->r->partials[i]));
    const char *head = head_columns(p, s, p->r->table), *slots = slot_columns(p, "t"),
               *keys = key_columns(p, "t", true);
    sh_sql_cte(p, "ma");
    sh_buf_addf(p->out, "select 0 as side, t.\"row\", t.k, t.b, (%s) as gap, %s%s%s from kx t%s%s", gap, head,
                slots, keys, sh_sql_joins(&scope), is_stat(p) ? "" : " where not t.ne");
}

/* CTE mb: those of the second table. */
static void side_b(struct sh_sql_making *p) {
    struct sh_sql_scope scope = {.sql = &p->sql};
    const uint16_t t = p->r->table_b;
    scope.rows[p->r->slot_b] = "r.rn";
    const char *columns = "", *known = "true";
    for (size_t i = 0; i < p->r->n_keys; i++) {
        columns = SAY("%s, %s as key%zu, %s as kt%zu", columns, sh_sql_value(&scope, p->r->keys_b[i].expr), i,
                      sh_sql_key_text(p, &scope, &p->r->keys_b[i]), i);
        known = SAY("%s and q.key%zu is not null", known, i);
    }
    sh_sql_cte(p, "mb");
    sh_buf_addf(p->out,
                "select q.* from (select 1 as side, cast(null as bigint) as \"row\", cast(null as bigint) as "
                "k, r.rn as b, false as gap, %s%s%s from %s r%s where r._alive and (r._day is null or (%d <= "
                "r._day and r._day < %d))) q where %s",
                head_columns(p, "r", t), slot_columns(p, NULL), columns, sh_sql_table_name(p, t),
                sh_sql_joins(&scope), p->r->from, p->r->to, known);
}

/* CTEs m: members with gid; g: one row a group, its first member and what is counted. */
static void groups(struct sh_sql_making *p) {
    side_a(p);
    if (p->r->has_b)
        side_b(p);
    sh_sql_cte(p, "m");
    sh_buf_addf(p->out, "select q.*, dense_rank() over (order by %s) as gid from (select * from ma%s) q",
                key_columns(p, "q", false), p->r->has_b ? " union all select * from mb" : "");
    sh_sql_cte(p, "ge");
    sh_buf_add_text(p->out,
                    "select gid, min(day_) as first_, max(day_) as last_, count(case when not gap "
                    "then 1 end) as members, count(case when gap then 1 end) as left_out, "
                    "count(distinct case when not gap then enc end) as encounters from m group by gid");
    sh_sql_cte(p, "g");
    sh_buf_addf(
        p->out,
        "select q.*, e.first_, e.last_, e.members, e.left_out, e.encounters from (select m.*, "
        "row_number() over (partition by gid order by side, ot nulls first, ox%s, k) as pos from m) q "
        "join ge e on e.gid = q.gid where q.pos = 1",
        sh_sql_bytes(p));
}

/* ---- the row that speaks for a group ------------------------------------------------------------ */

/* A group known by its second table only: its keys and day stand in for a row of the first. */
static const char *stand_in(struct sh_sql_making *p, const struct sh_model_table *t, uint16_t c) {
    for (size_t i = p->r->n_keys; i-- > 0;)
        if (sh_str_is(p->r->keys[i].text, t->columns[c].name))
            return SAY("t.key%zu", i);
    if (strcmp(t->columns[c].name, "day") == 0)
        return "t.day_";
    if (c == (uint16_t)t->time_column)
        return t->columns[c].type.kind == SH_KIND_TIME ? "t.day_ * 86400" : "t.day_";
    return "null";
}

static bool is_listed(const uint16_t *columns, size_t n, uint16_t c) {
    for (size_t i = 0; i < n; i++)
        if (columns[i] == c)
            return true;
    return false;
}

/* The columns of the rule's table that are taken along, those of joins included. */
static size_t taken_columns(const struct sh_sql_making *p, uint16_t *ret, size_t room) {
    const struct sh_carry *c = p->rp->carry;
    size_t n = 0;
    for (size_t node = 0; node < c->n_nodes; node++) {
        for (uint16_t i = 0; node == 0 && i < c->nodes[0].n_columns; i++)
            if (n < room && !is_listed(ret, n, c->nodes[0].columns[i]))
                ret[n++] = c->nodes[0].columns[i];
        if (node > 0 && c->nodes[node].parent == 0 && n < room && !is_listed(ret, n, c->nodes[node].join))
            ret[n++] = c->nodes[node].join;
    }
    return n;
}

/* CTE fx: like a row of the rule's table, rn = gid. _first, _day: of all members, for complete(); _found: of
 * the first one. */
static void heads(struct sh_sql_making *p) {
    const uint16_t T = p->r->table;
    const struct sh_model_table *t = &p->m->plan->model->model.tables[T];
    uint16_t columns[128];
    const size_t n = taken_columns(p, columns, 128);
    const char *text = "";
    for (size_t i = 0; i < n; i++) {
        const char *name = t->columns[columns[i]].name;
        if (!sh_sql_has_column(p, T, columns[i]))
            continue;
        text = p->r->has_b ? SAY("%s, case when t.side = 1 then %s else f.\"%s\" end as \"%s\"", text,
                                 stand_in(p, t, columns[i]), name, name)
                           : SAY("%s, f.\"%s\"", text, name);
    }
    sh_sql_cte(p, "fx");
    sh_buf_addf(
        p->out,
        "select t.gid as rn, true as _alive, cast(null as varchar) as _person, "
        "t.inst as _institution, cast(null as bigint) as _encounter, cast(null as bigint) as _stay, "
        "t.day_ as _found, t.last_ as _day, t.ot as _time, t.first_ as _first, cast(null as bigint) as "
        "_key, cast(null as bigint) as _prescription, cast(0 as bigint) as _covered, t.ox as _text%s "
        "from g t left join %s f on f.rn = t.\"row\"",
        text, sh_sql_table_name(p, T));
    p->sql.stand_in = "fx";
    p->sql.stand_in_row = "t.gid";
    p->sql.stand_in_table = T;
    p->found_in = "fx";
}

static struct sh_sql_scope group_scope(struct sh_sql_making *p) {
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t"), members = sh_sql_tuple_scope(p, "m");
    scope.rows[p->r->subject] = "t.gid";
    scope.members = "m m where m.gid = t.gid and m.side = 0 and not m.gap";
    if (p->r->has_b) {
        scope.members_b = "m m where m.gid = t.gid and m.side = 1";
        scope.slot_b = p->r->slot_b;
        scope.rows[p->r->slot_b] = "cast(null as bigint)";
    }
    if (is_stat(p))
        scope.rows[p->r->stat] = "t.gid";
    memcpy(scope.member_rows, members.rows, sizeof(scope.member_rows));
    return scope;
}

/* ---- statistics --------------------------------------------------------------------------------- */

/* CTE st0: values of the groups that may stand among their peers. */
static void values(struct sh_sql_making *p, const char *sort) {
    struct sh_sql_scope scope = group_scope(p);
    const char *value = sh_sql_scaled(&scope, p->r->value, 6), *factor = sh_sql_value(&scope, p->r->bound);
    const char *peers = "", *known = "";
    for (size_t i = 0; i < p->r->n_peers; i++) {
        peers = SAY("%s, %s as p%zu", peers, sh_sql_value(&scope, p->r->peers[i].expr), i);
        known = SAY("%s and q.p%zu is not null", known, i);
    }
    const int64_t least = sh_plan_param(p->m->plan, "stat.min_encounters", 0),
                  missing = sh_plan_param(p->m->plan, "stat.missing_max", 6);
    const char *counted = sh_sql_belongs_to_visits(p->m->plan, p->r->table) ? "t.encounters" : "t.members";
    const char *enough = least == SH_MISSING || missing == SH_MISSING ||
                                 sh_plan_param(p->m->plan, "stat.min_peers", 0) == SH_MISSING
                             ? "false"
                             : SAY("q.encounters >= %lld and q.left_out * 1000000 <= %lld * (q.members + "
                                   "q.left_out)",
                                   (long long)least, (long long)missing);
    sh_sql_cte(p, "st0");
    sh_buf_addf(p->out,
                "select q.*, row_number() over (partition by %s order by q.value) as nr, count(*) over "
                "(partition by %s) as n from (select t.gid, t.members, t.left_out, %s as encounters, %s as "
                "value, %s as factor%s from g t%s) q where %s and q.value is not null and q.factor is not "
                "null%s",
                sort, sort, counted, value, factor, peers, sh_sql_joins(&scope), enough, known);
}

/* CTE f_stat: value, median, mad, bound … of each group, rn = gid. */
static void statistic(struct sh_sql_making *p) {
    const char *sort = "";
    for (size_t i = 0; i < p->r->n_peers; i++)
        sort = SAY("%s%sq.p%zu", sort, i ? ", " : "", i);
    values(p, sort);
    sh_sql_cte(p, "st1");
    sh_buf_addf(p->out,
                "select q.*, max(case when 2 * nr in (n, n + 1) then value end) over (partition by %s) as "
                "median from st0 q",
                sort);
    sh_sql_cte(p, "st2");
    sh_buf_addf(p->out,
                "select q.*, abs(value - median) as dev, row_number() over (partition by %s order by "
                "abs(value - median)) as nd from st1 q",
                sort);
    sh_sql_cte(p, "st3");
    sh_buf_addf(p->out,
                "select q.*, max(case when 2 * nd in (n, n + 1) then dev end) over (partition by %s) as mad "
                "from st2 q",
                sort);
    const int64_t peers = sh_plan_param(p->m->plan, "stat.min_peers", 0);
    const char *more =
        sh_sql_div_round(&p->sql, SAY("%s * 14826 * q.factor", sh_sql_number(&p->sql, "q.mad")),
                         SAY("1%0*d", 4 + (int)sh_expr_type(p->r->bound).scale, 0));
    const char *share = sh_sql_div_round(&p->sql, SAY("%s * 1000000", sh_sql_number(&p->sql, "q.left_out")),
                                         "(q.members + q.left_out)");
    sh_sql_cte(p, "f_stat");
    sh_buf_addf(p->out,
                "select q.gid as rn, q.value, q.median, q.mad, case when q.n - 1 >= %lld and q.mad > 0 then "
                "q.median + %s end as bound, %s as missing, q.n - 1 as peers, q.encounters, q.members from "
                "st3 q",
                peers == SH_MISSING ? 0LL : (long long)peers, more, share);
}

/* ---- the shape ---------------------------------------------------------------------------------- */

void sh_sql_merged_shape(struct sh_sql_making *p) {
    if (is_stat(p) && p->k) {
        sh_sql_refuse(&p->sql, "a statistic beside knowledge");
        return;
    }
    groups(p);
    heads(p);
    if (is_stat(p))
        statistic(p);
    struct sh_sql_scope scope = group_scope(p), money = group_scope(p);
    const char *conditions = sh_sql_conditions(p, &scope);
    sh_sql_cte(p, "v0");
    sh_buf_addf(p->out, "select t.*, %s from g t%s", conditions, sh_sql_joins(&scope));
    sh_sql_cte(p, "v1");
    sh_buf_addf(p->out, "select z.*, %s from v0 z", sh_sql_verdict(p, "z", "false"));
    const char *amount = sh_sql_amount(p, &money, "0");
    sh_sql_cte(p, "hits");
    sh_buf_addf(p->out,
                "select g.gid as hid, %s as key, g.k, g.doubted, g.amount, g.gid as \"row\" from (select "
                "t.*, %s as amount from v1 t%s where t.answer = 0) g",
                sh_sql_key_list(p), amount, sh_sql_joins(&money));
    sh_sql_cte(p, "bl"); /* sums put together know no lines */
    sh_buf_add_text(p->out, "select h.hid, h.\"row\", true as blamed, cast(null as bigint) as weight from "
                            "hits h where false");
}
