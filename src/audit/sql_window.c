/* Windows and pairs as SQL. */
#include "audit/sql_rule.h"
#include <string.h>

#define SAY(...) sh_sql_say(&p->sql, __VA_ARGS__)

/* ---- windows ------------------------------------------------------------------------------------ */

/* First day of the window of a row of `t` in scope. */
static const char *first_day(struct sh_sql_making *p, struct sh_sql_scope *scope) {
    const char *week = "(t.day_ - (((t.day_ + 3) % 7) + 7) % 7)";
    if (!p->r->window_days)
        return week;
    const struct sh_type type = sh_expr_type(p->r->window_days);
    const char *days = sh_sql_value(scope, p->r->window_days);
    if (type.scale > 0)
        days = sh_sql_div_floor(&p->sql, days, SAY("1%0*d", type.scale, 0));
    return SAY("case when %s = %d then %s else t.day_ - %s + 1 end", days, SH_PAST_WEEK, week, days);
}

/* Rows of one key in order, with the positions [low, pos] of their windows and whether the norm binds them.
 */
static void windows(struct sh_sql_making *p) {
    sh_sql_candidates(p, true, true);
    const char *list = sh_sql_keys(p, "c");
    sh_sql_cte(p, "m0");
    sh_buf_addf(p->out,
                "select q.*, dense_rank() over (order by %s%s) as gid from kx q where q.day_ is not null",
                list, p->rp->has_alternatives ? ", k" : "");
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *first = first_day(p, &scope);
    const char *binds = SAY("t.day_ >= %d and t.day_ < %d%s", p->r->from, p->r->to,
                            p->k ? " and t.kfrom <= t.day_ and t.day_ < t.kto" : "");
    sh_sql_cte(p, "m1");
    sh_buf_addf(p->out,
                "select t.*, row_number() over (partition by t.gid order by t.ord, t.k) as pos, %s as "
                "first_, %s as binds from "
                "m0 t%s",
                first, binds, sh_sql_joins(&scope));
    sh_sql_cte(p, "m");
    sh_buf_add_text(p->out, "select w.*, (select bool_or(o.ne) from m1 o where o.gid = w.gid and o.pos <= "
                            "w.pos and o.day_ >= w.first_) "
                            "or w.first_ is null as any_ne from m1 w");
}

static struct sh_sql_scope window_scope(struct sh_sql_making *p) {
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t"), members = sh_sql_tuple_scope(p, "m");
    scope.members = "m m where m.gid = t.gid and m.pos <= t.pos and m.day_ >= t.first_";
    scope.standing =
        "m m where m.gid = t.gid and m.pos < t.pos and m.day_ >= t.first_ and m.pos = any(t.stand)";
    memcpy(scope.member_rows, members.rows, sizeof(scope.member_rows));
    return scope;
}

/* Row by row: what stands is carried along. Tuples of the step are m t with the array `stand` of positions.
 */
static void steps(struct sh_sql_making *p, const char *conditions, const char *joins) {
    const char *array = p->m->dialect == SH_SQL_DUCKDB ? "cast([] as bigint[])" : "cast('{}' as bigint[])";
    const char *append = p->m->dialect == SH_SQL_DUCKDB ? "list_append" : "array_append";
    const char *t = SAY("(select m.*, x.stand from st x join m on m.gid = x.gid and m.pos = x.pos + 1) t");
    const char *verdict = sh_sql_verdict(p, "z", "z.any_ne");
    sh_sql_cte(p, "st(gid, pos, stand, answer, doubted)");
    sh_buf_addf(p->out,
                "select gid, cast(0 as bigint), %s, 1, false from (select distinct gid from m) q union all "
                "select y.gid, y.pos, case "
                "when y.binds and y.answer = 0 then y.stand else %s(y.stand, y.pos) end, case when y.binds "
                "then y.answer end, "
                "y.doubted from (select z.gid, z.pos, z.stand, z.binds, %s from (select t.gid, t.pos, "
                "t.stand, t.binds, t.any_ne, "
                "%s from %s%s) z) y",
                array, append, verdict, conditions, t, joins);
}

void sh_sql_window_shape(struct sh_sql_making *p) {
    windows(p);
    struct sh_sql_scope scope = window_scope(p), money = window_scope(p);
    const char *conditions = sh_sql_conditions(p, &scope);
    const char *joins = sh_sql_joins(&scope);
    if (p->sql.n_nths > 0)
        sh_sql_refuse(&p->sql, "nth(…) in a window");
    steps(p, conditions, joins);
    sh_sql_cte(p, "v0");
    sh_buf_add_text(p->out, "select m.*, s.answer, s.doubted, (select o.stand from st o where o.gid = m.gid "
                            "and o.pos = m.pos - 1) as "
                            "stand from m join st s on s.gid = m.gid and s.pos = m.pos");
    /* with several rows in force a line must break each of them; the first of them tells */
    sh_sql_cte(p, "v1");
    if (p->rp->has_alternatives)
        sh_buf_add_text(
            p->out, "select v.*, v.answer = 0 and not exists (select 1 from v0 o where o.\"row\" = v.\"row\" "
                    "and o.pt = v.pt and "
                    "o.answer is not null and o.k <> v.k and (o.answer <> 0 or o.k < v.k)) as hit from v0 v");
    else
        sh_buf_add_text(p->out, "select v.*, coalesce(v.answer = 0, false) as hit from v0 v");
    const char *s = sh_sql_join(&money, "t.\"row\"", p->r->table);
    const bool summed = p->r->amount == SH_AMOUNT_COVERED || p->r->amount == SH_AMOUNT_CHEAPER;
    if (p->r->amount == SH_AMOUNT_AFTER)
        sh_sql_refuse(&p->sql, "after(…) in a window");
    const char *amount = sh_sql_amount(p, &money, "t.cov_");
    sh_sql_cte(p, "v2");
    sh_buf_addf(p->out,
                "select t.*, %s._text as text, %s as fen, t.pos - row_number() over (partition by t.gid "
                "order by t.pos) as run from v1 "
                "t%s where coalesce(t.hit, false)",
                s, amount, sh_sql_joins(&money));
    sh_sql_cte(p, "runs");
    sh_buf_add_text(p->out, "select q.*, dense_rank() over (order by q.gid, q.run) as hid, row_number() over "
                            "(partition by q.gid, q.run order "
                            "by q.pos) as nr from v2 q");
    sh_sql_cte(p, "hits");
    sh_buf_addf(p->out,
                "select g.hid, %s || '|' || g.text as key, g.k, x.doubted, x.amount, g.\"row\" from runs g "
                "join (select hid, "
                "bool_or(doubted) as doubted, case when count(*) = count(fen) then sum(fen) end as amount "
                "from runs group by hid) x on "
                "x.hid = g.hid where g.nr = 1",
                sh_sql_key_list(p));
    const bool weighed = !summed && p->r->amount != SH_AMOUNT_ZERO;
    sh_sql_cte(p, "bl");
    sh_buf_addf(p->out,
                "select r.hid, r.\"row\", true as blamed, %s as weight from runs r join hits h on h.hid = "
                "r.hid union all select r.hid, "
                "m.\"row\", false, cast(null as bigint) from runs r join m on m.gid = r.gid and m.pos < "
                "r.pos and m.day_ >= r.first_ and "
                "m.pos = any(r.stand) where r.nr = 1",
                weighed ? "case when h.amount is not null then cast(r.fen as bigint) end"
                        : "cast(null as bigint)");
}

/* ---- pairs -------------------------------------------------------------------------------------- */

/* Do a and b (rows of f_ tables) meet in one scope? *ret_inexact: cannot be known without the hour. */
static const char *place(struct sh_sql_making *p, enum sh_expr_scope scope) {
    switch ((int)scope) {
    case SH_SCOPE_ENCOUNTER:
        return "x._encounter = y._encounter";
    case SH_SCOPE_STAY:
        return "x._stay = y._stay";
    case SH_SCOPE_PRESCRIPTION:
        return "x._encounter is not null and y._encounter is not null and x._prescription = y._prescription";
    case SH_SCOPE_INSTITUTION:
        return "coalesce(x._institution, '') = coalesce(y._institution, '')";
    case SH_SCOPE_NONE:
    case SH_SCOPE_PERSON:
    case SH_SCOPE_EVER:
        return "true";
    case SH_SCOPE_SIX_HOURS:
        if (p->r->table != SH_TABLE_LINE)
            return "abs(x._time - y._time) <= 21600";
        return "case when coalesce(x.time_exact and y.time_exact, false) then abs(x._time - y._time) <= "
               "21600 else "
               "abs(x._day - y._day) <= 1 end";
    case SH_SCOPE_WEEK:
        return "x._day - (((x._day + 3) % 7) + 7) % 7 = y._day - (((y._day + 3) % 7) + 7) % 7";
    case SH_SCOPE_MONTH:
        return "date_trunc('month', date '1970-01-01' + cast(x._day as integer)) = date_trunc('month', date "
               "'1970-01-01' + cast(y._day "
               "as integer))";
    case SH_SCOPE_QUARTER:
        return "date_trunc('quarter', date '1970-01-01' + cast(x._day as integer)) = date_trunc('quarter', "
               "date '1970-01-01' + "
               "cast(y._day as integer))";
    case SH_SCOPE_YEAR:
        return "date_trunc('year', date '1970-01-01' + cast(x._day as integer)) = date_trunc('year', date "
               "'1970-01-01' + cast(y._day as "
               "integer))";
    default: { /* day: of the time, also where a stay's day is its end */
        const char *x = sh_sql_div_floor(&p->sql, "x._time", "86400"),
                   *y = sh_sql_div_floor(&p->sql, "y._time", "86400");
        return SAY("%s = %s", x, y);
    }
    }
}

static bool in_cell(const struct sh_sql_making *p) {
    return p->r->within_expr != NULL;
}

/* CTEs ha, hb: lines of both sides with their clock hour, where `hour` is the scope; hd, hh: units of a day,
 * an hour. */
static void hour_units(struct sh_sql_making *p, const char *hour) {
    for (int i = 0; i < 2; i++) {
        sh_sql_cte(p, i ? "hb" : "ha");
        sh_buf_addf(p->out,
                    "select q.gid, q.\"row\", q.k, y._day as day_, coalesce(y.time_exact, false) as exact, "
                    "y._time - (((y._time %% 3600) "
                    "+ 3600) %% 3600) as hour_, y.quantity as q from %s q join f_line y on y.rn = q.\"row\" "
                    "join sw s on s.gid = q.gid "
                    "where %s and y._time is not null",
                    i ? "sb" : "sa", hour);
    }
    sh_sql_cte(p, "hd");
    sh_buf_add_text(p->out, "select gid, day_, bool_or(coalesce(q > 10000, false)) as long_, case when "
                            "bool_or(side = 0 and q is null) then "
                            "null else sum(case when side = 0 then q else 0 end) end as qa, case when "
                            "bool_or(side = 1 and q is null) then "
                            "null else sum(case when side = 1 then q else 0 end) end as qb from (select *, 0 "
                            "as side from ha union all "
                            "select *, 1 from hb) u group by gid, day_");
    sh_sql_cte(p, "hh");
    sh_buf_add_text(p->out, "select gid, hour_, case when bool_or(side = 0 and q is null) then null else "
                            "sum(case when side = 0 then q else "
                            "0 end) end as qa, case when bool_or(side = 1 and q is null) then null else "
                            "sum(case when side = 1 then q else "
                            "0 end) end as qb from (select *, 0 as side from ha union all select *, 1 from "
                            "hb) u where exact group by gid, "
                            "hour_");
}

/* The clock hour: units of that hour; a day with lines of several hours: what it cannot hold beside one
 * another. CTE pr_all: with pr0. */
static void clock_hour(struct sh_sql_making *p, const char *hour) {
    hour_units(p, hour);
    sh_sql_cte(p, "pr_all");
    sh_buf_add_text(
        p->out, "select * from pr0 union all select a.\"row\", b.\"row\", a.k, false, true, cast(least(d.qa "
                "+ d.qb - 240000, d.qb) "
                "as bigint), cast(d.qb as bigint) from hb b join ha a on a.gid = b.gid and a.day_ = b.day_ "
                "join hd d on d.gid = "
                "b.gid and d.day_ = b.day_ where d.long_ and a.\"row\" <> b.\"row\" and d.qa > 0 and d.qb > "
                "0 and d.qa + d.qb > "
                "240000 union all select a.\"row\", b.\"row\", a.k, not (a.exact and b.exact), false, case "
                "when a.exact and "
                "b.exact and h.qa > 0 and h.qb > 0 then cast(least(h.qa, h.qb) as bigint) end, case when "
                "a.exact and b.exact and "
                "h.qa > 0 and h.qb > 0 then cast(h.qb as bigint) end from hb b join ha a on a.gid = b.gid "
                "and a.day_ = b.day_ "
                "join hd d on d.gid = b.gid and d.day_ = b.day_ left join hh h on h.gid = b.gid and h.hour_ "
                "= b.hour_ where not "
                "d.long_ and a.\"row\" <> b.\"row\" and (not (a.exact and b.exact) or a.hour_ = b.hour_)");
}

/* CTE pr: pairs (row = a, b, k, inexact, susp, num, den). */
static void meet(struct sh_sql_making *p, bool symmetric) {
    const bool line = p->r->table == SH_TABLE_LINE;
    const char *table = sh_sql_table(p);
    const char *test = "false",
               *hour = p->r->within == SH_SCOPE_HOUR && line && !in_cell(p) ? "true" : "false";
    if (in_cell(p)) {
        test = "case s.within_";
        for (int i = 1; i <= SH_SCOPE_SIX_HOURS; i++)
            if (i != SH_SCOPE_HOUR || !line)
                test = SAY("%s when %d then %s", test, i, place(p, (enum sh_expr_scope)i));
        test = SAY("%s when %d then false else true end", test, SH_SCOPE_HOUR);
        hour = line ? SAY("s.within_ = %d", SH_SCOPE_HOUR) : "false";
    } else if (!(p->r->within == SH_SCOPE_HOUR && line)) {
        test = place(p, p->r->within);
    }
    const char *inexact =
        line ? SAY("%s = %d and not coalesce(x.time_exact and y.time_exact, false)",
                   in_cell(p) ? "s.within_" : SAY("%d", (int)p->r->within), SH_SCOPE_SIX_HOURS)
             : "false";
    sh_sql_cte(p, "pr0");
    sh_buf_addf(p->out,
                "select a.\"row\", b.\"row\" as b, a.k, coalesce(%s, false) as inexact, false as susp, "
                "cast(null as bigint) as num, "
                "cast(null as bigint) as den from sb b join sa a on a.gid = b.gid join %s x on x.rn = "
                "a.\"row\" join %s y on y.rn = "
                "b.\"row\" join sw s on s.gid = b.gid where a.ord %s b.ord and (%s)",
                inexact, table, table, symmetric ? "<" : "<>", test);
    if (!line || strcmp(hour, "false") == 0) {
        sh_sql_cte(p, "pr_all");
        sh_buf_add_text(p->out, "select * from pr0");
        return;
    }
    clock_hour(p, hour);
}

/* CTEs sa, sb: both sides with gid; sw: the scope of each group. */
static void sides(struct sh_sql_making *p) {
    const bool paid = p->r->lines == SH_LINES_PAID && p->r->table == SH_TABLE_LINE;
    sh_sql_members(p, "a0", true, false, false, false);
    sh_sql_members(p, "b0", false, paid, true, true);
    sh_sql_cte(p, "ab0");
    sh_buf_add_text(p->out, "select *, 0 as side from a0 union all select *, 1 from b0 where not ne0");
    sh_sql_extend(p, "ab0", "ab");
    const char *list = sh_sql_keys(p, "ab");
    sh_sql_cte(p, "abg");
    sh_buf_addf(p->out, "select q.*, dense_rank() over (order by %s%s) as gid from kx q", list,
                p->k ? ", k" : "");
    sh_sql_cte(p, "sa");
    sh_buf_add_text(p->out, "select * from abg where side = 0");
    sh_sql_cte(p, "sb");
    sh_buf_add_text(p->out, "select * from abg where side = 1");
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *within = in_cell(p) ? sh_sql_value(&scope, p->r->within_expr) : "0";
    sh_sql_cte(p, "sw");
    sh_buf_addf(p->out,
                "select t.gid, %s as within_ from (select q.*, row_number() over (partition by gid order by "
                "\"row\") as nr from sa q) t%s "
                "where t.nr = 1",
                within, sh_sql_joins(&scope));
}

void sh_sql_pair_shape(struct sh_sql_making *p) {
    const bool by_item = p->k && p->m->plan->bound->tables[p->r->uses[0].knowledge].item_b_begin;
    if (p->r->n_with > 0 || (p->k && !by_item)) {
        sh_sql_refuse(&p->sql,
                      p->r->n_with > 0 ? "with: in a pair" : "a pair whose knowledge names no items a and b");
        return;
    }
    sides(p);
    meet(p, !p->k);
    sh_sql_extend(p, "pr_all", "px");
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *holds = "true";
    for (size_t i = 0; p->k && i < p->r->uses[0].n_keys; i++)
        holds = SAY("%s and %s", holds, sh_sql_value(&scope, p->r->uses[0].keys[i]));
    if (p->r->where)
        holds = SAY("%s and %s", holds, sh_sql_value(&scope, p->r->where));
    const char *a = sh_sql_join(&scope, "t.\"row\"", p->r->table),
               *b = sh_sql_join(&scope, "t.b", p->r->table);
    const char *pt = p->k ? SAY("%s._pt", sh_sql_join(&scope, "t.k", p->k->model_table)) : "0";
    const char *blamed =
        p->r->amount == SH_AMOUNT_CHEAPER
            ? SAY("case when %s < %s then t.\"row\" else t.b end", sh_sql_covered(p, a), sh_sql_covered(p, b))
            : "t.b";
    const char *conditions = sh_sql_conditions(p, &scope);
    sh_sql_cte(p, "v0");
    sh_buf_addf(p->out, "select t.*, (%s) as holds, %s as blame, %s as pt, %s from px t%s", holds, blamed, pt,
                conditions, sh_sql_joins(&scope));
    sh_sql_cte(p, "v1");
    sh_buf_addf(p->out, "select z.*, %s from v0 z where z.holds is distinct from false",
                sh_sql_verdict(p, "z", "(z.inexact or z.holds is null)"));
    sh_sql_cte(p, "w");
    const char *first = p->r->reach == SH_REACH_TIMELINE
                            ? "v.\"row\", v.b"
                            : "(select min(x.ord) from abg x where x.\"row\" = v.\"row\"), (select "
                              "min(x.ord) from abg x where x.\"row\" = v.b)";
    sh_buf_addf(p->out,
                "select v.*, row_number() over (partition by v.blame, v.pt order by %s, v.k) as nr, "
                "bool_or(v.doubted) over "
                "(partition by v.blame, v.pt) as any_doubt, dense_rank() over (order by v.blame, "
                "v.pt) as hid from v1 v where "
                "v.answer = 0",
                first);
    struct sh_sql_scope money = sh_sql_tuple_scope(p, "t");
    const char *of = sh_sql_join(&money, "t.blame", p->r->table), *covered = sh_sql_covered(p, of);
    const char *amount = sh_sql_amount(p, &money, covered);
    if (p->r->amount == SH_AMOUNT_AFTER || p->sql.n_nths > 0)
        sh_sql_refuse(&p->sql, "after(…) or nth(…) in a pair");
    if (p->r->amount == SH_AMOUNT_COVERED)
        amount = SAY("case when t.den is not null then %s else %s end",
                     sh_sql_div_round(&p->sql, SAY("%s * t.num", sh_sql_number(&p->sql, covered)), "t.den"),
                     covered);
    sh_sql_cte(p, "hits");
    sh_buf_addf(p->out,
                "select t.hid, %s._text as key, t.k, (t.any_doubt or t.susp) as doubted, %s as amount, "
                "t.blame as \"row\" from w t%s where "
                "t.nr = 1",
                of, amount, sh_sql_joins(&money));
    sh_sql_cte(p, "bl");
    sh_buf_add_text(p->out,
                    "select h.hid, h.\"row\", true as blamed, cast(null as bigint) as weight from hits h "
                    "union all select w.hid, case when "
                    "w.blame = w.\"row\" then w.b else w.\"row\" end, false, cast(null as bigint) from w");
}
