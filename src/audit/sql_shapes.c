/* Rows and groups as SQL. */
#include "audit/sql_rule.h"
#include <string.h>

#define SAY(...) sh_sql_say(&p->sql, __VA_ARGS__)

static bool is_forbid(const struct sh_sql_making *p) {
    return p->k && p->k->rows_kind == SH_ROWS_FORBID;
}

/* Alternatives of one point, partitioned: which row stands for it when it hits. */
static void choose(struct sh_sql_making *p, const char *from, const char *partition, const char *order) {
    sh_sql_cte(p, "w");
    if (!p->rp->has_alternatives) {
        sh_buf_addf(p->out, "select v.* from %s v where v.answer = 0", from);
        return;
    }
    sh_buf_addf(p->out,
                "select q.* from (select v.*, bool_or(v.answer <> 0) over (partition by %s) as cleared, "
                "row_number() over "
                "(partition by %s order by v.answer = 0 desc, v.amount nulls last, %s) as nr from %s v) q "
                "where q.answer = 0 "
                "and q.nr = 1%s",
                partition, partition, order, from, is_forbid(p) ? "" : " and not q.cleared");
}

void sh_sql_row_shape(struct sh_sql_making *p) {
    sh_sql_candidates(p, false, true);
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *conditions = sh_sql_conditions(p, &scope);
    sh_sql_cte(p, "v0");
    sh_buf_addf(p->out, "select t.*, %s from c t%s", conditions, sh_sql_joins(&scope));
    sh_sql_cte(p, "v1");
    sh_buf_addf(p->out, "select z.*, %s from v0 z", sh_sql_verdict(p, "z", "z.ne"));
    struct sh_sql_scope money = sh_sql_tuple_scope(p, "t");
    if (p->r->amount == SH_AMOUNT_AFTER)
        sh_sql_refuse(&p->sql, "after(…) of a single row");
    const char *s = sh_sql_join(&money, "t.\"row\"", p->r->table);
    const char *amount = sh_sql_amount(p, &money, sh_sql_covered(p, s));
    const char *pt = p->k ? SAY("%s._pt", sh_sql_join(&money, "t.k", p->k->model_table)) : "0";
    sh_sql_cte(p, "v");
    sh_buf_addf(
        p->out,
        "select t.*, %s._text as text, %s as pt, case when t.answer = 0 then %s end as amount from v1 t%s", s,
        pt, amount, sh_sql_joins(&money));
    choose(p, "v", "v.\"row\", v.pt", "v.k");
    sh_sql_cte(p, "hits");
    sh_buf_add_text(
        p->out,
        "select row_number() over (order by w.\"row\", w.k) as hid, w.text as key, w.k, w.doubted, w.amount, "
        "w.\"row\" from w");
    sh_sql_cte(p, "bl");
    sh_buf_add_text(p->out,
                    "select h.hid, h.\"row\", true as blamed, cast(null as bigint) as weight from hits h");
}

/* ---- groups ------------------------------------------------------------------------------------- */

static bool has_course(const struct sh_sql_making *p) {
    for (size_t i = 0; i < p->r->n_keys; i++)
        if (p->r->keys[i].kind == SH_RULE_KEY_COURSE)
            return true;
    return false;
}

/* CTE kx: members with their keys as columns keyN and texts ktN; those whose keys are not known are left out.
 */
const char *sh_sql_keys(struct sh_sql_making *p, const char *from) {
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *columns = "", *known = "true", *list = "";
    const char *s = sh_sql_join(&scope, "t.\"row\"", p->r->table);
    for (size_t i = 0; i < p->r->n_keys; i++) {
        if (p->r->keys[i].kind == SH_RULE_KEY_COURSE)
            continue;
        columns = SAY("%s, %s as key%zu, %s as kt%zu", columns, sh_sql_value(&scope, p->r->keys[i].expr), i,
                      sh_sql_key_text(p, &scope, &p->r->keys[i]), i);
        known = SAY("%s and q.key%zu is not null", known, i);
        list = SAY("%s%skey%zu", list, *list ? ", " : "", i);
        if (p->r->table == SH_TABLE_LINE && sh_expr_type(p->r->keys[i].expr).kind == SH_KIND_TIME)
            columns = SAY("%s, %s.time_exact as exact%zu", columns, s, i),
            known = SAY("%s and q.exact%zu", known, i);
    }
    if (p->k) {
        const char *k = sh_sql_join(&scope, "t.k", p->k->model_table);
        columns =
            SAY("%s, %s._pt as pt, %s._from as kfrom, %s._to as kto, %s._alt as alt", columns, k, k, k, k);
        if (p->rp->by_point)
            list = SAY("%s%spt", list, *list ? ", " : "");
    }
    if (!*list)
        list = "true";
    /* rows of many persons stand in an order of their own */
    const char *order = p->r->reach == SH_REACH_TIMELINE
                            ? "t.\"row\""
                            : SAY("dense_rank() over (order by %s nulls first, %s._text%s)",
                                  sh_sql_order_time(p, s, p->r->table), s, sh_sql_bytes(p));
    sh_sql_cte(p, "kx");
    sh_buf_addf(
        p->out,
        "select q.* from (select t.*, %s as ord, %s._day as day_, %s as cov_%s from %s t%s) q where %s",
        order, s, sh_sql_covered(p, s), columns, from, sh_sql_joins(&scope), known);
    return list;
}

/* A column of the rule's first knowledge table as a whole number. */
static const char *whole_cell(struct sh_sql_making *p, const char *k, int column) {
    if (column < 0)
        return "cast(null as bigint)";
    const struct sh_model_column *c = &p->m->plan->model->model.tables[p->k->model_table].columns[column];
    const char *text = SAY("%s.\"%s\"", k, c->name);
    return c->type.kind == SH_KIND_NUMBER && c->type.scale > 0
               ? sh_sql_div_floor(&p->sql, text, SAY("1%0*d", c->type.scale, 0))
               : text;
}

/* CTE cs: course of each member, courses as columns course and ctext. */
static void courses(struct sh_sql_making *p, const char *list) {
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *k = sh_sql_join(&scope, "t.k", p->k->model_table),
               *s = sh_sql_join(&scope, "t.\"row\"", p->r->table);
    const char *param =
        p->rp->course_gap == SH_MISSING ? "cast(null as bigint)" : SAY("%lld", (long long)p->rp->course_gap);
    const char *supply =
        p->r->table == SH_TABLE_LINE ? SAY("greatest(coalesce(%s.supply_days, 1), 1)", s) : "1";
    sh_sql_cte(p, "cs0");
    sh_buf_addf(p->out,
                "select t.*, %s as scope_, coalesce(%s, %s) as gap_, t.day_ + %s as end_, %s._encounter as "
                "enc_, %s._stay as "
                "stay_ from kx t%s",
                whole_cell(p, k, p->rp->scope_column), whole_cell(p, k, p->rp->gap_column), param, supply, s,
                s, sh_sql_joins(&scope));
    sh_sql_cte(p, "cs1");
    sh_buf_addf(p->out,
                "select q.* from cs0 q where q.day_ is not null and case q.scope_ when %d then q.enc_ is not "
                "null when %d then "
                "q.stay_ is not null when %d then q.gap_ is not null else q.scope_ is not null end",
                SH_SCOPE_ENCOUNTER, SH_SCOPE_STAY, SH_SCOPE_COURSE);
    const char *partition = SAY("%s%s", list, p->rp->has_alternatives ? ", k" : "");
    sh_sql_cte(p, "cs2");
    sh_buf_addf(p->out,
                "select q.*, max(q.end_) over (partition by %s order by \"row\", k rows between unbounded "
                "preceding and 1 "
                "preceding) as until from cs1 q",
                partition);
    sh_sql_cte(p, "cs3");
    sh_buf_addf(p->out,
                "select q.*, case q.scope_ when %d then q.enc_ when %d then q.stay_ when %d then max(case "
                "when q.until is null "
                "or q.day_ - q.until >= q.gap_ then q.day_ end) over (partition by %s order by \"row\", k "
                "rows between "
                "unbounded preceding and current row) else 0 end as course from cs2 q",
                SH_SCOPE_ENCOUNTER, SH_SCOPE_STAY, SH_SCOPE_COURSE, partition);
    sh_sql_cte(p, "cs");
    sh_buf_addf(p->out,
                "select q.*, case q.scope_ when %d then e._text when %d then t._text when %d then cast(date "
                "'1970-01-01' + "
                "cast(q.course as integer) as varchar) else 'ever' end as ctext from cs3 q left join "
                "f_encounter e on e.rn = "
                "q.enc_ left join f_stay t on t.rn = q.stay_",
                SH_SCOPE_ENCOUNTER, SH_SCOPE_STAY, SH_SCOPE_COURSE);
}

const char *sh_sql_key_list(struct sh_sql_making *p) {
    const char *text = "''";
    for (size_t i = 0; i < p->r->n_keys; i++) {
        const char *part = p->r->keys[i].kind == SH_RULE_KEY_COURSE ? "g.ctext" : SAY("g.kt%zu", i);
        text = i == 0 ? part : SAY("%s || '|' || %s", text, part);
    }
    return text;
}

static struct sh_sql_scope group_scope(struct sh_sql_making *p) {
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t"), members = sh_sql_tuple_scope(p, "m");
    scope.members = "m m where m.gid = t.gid";
    memcpy(scope.member_rows, members.rows, sizeof(scope.member_rows));
    return scope;
}

/* after(N): how much of each blamed row lies beyond the N-th day; CTEs af(gid, row, beyond, days), am(gid,
 * amount). */
static void after(struct sh_sql_making *p) {
    struct sh_sql_scope scope = group_scope(p), row = sh_sql_tuple_scope(p, "b");
    const struct sh_type type = sh_expr_type(p->r->amount_b);
    const char *limit = sh_sql_value(&scope, p->r->amount_b);
    if (type.scale > 0)
        limit = sh_sql_div_floor(&p->sql, limit, SAY("1%0*d", (int)type.scale, 0));
    const char *span = p->r->amount_a ? sh_sql_value(&scope, p->r->amount_a) : "false";
    sh_sql_cte(p, "af0");
    sh_buf_addf(p->out, "select t.gid, %s as lim, coalesce(%s, false) as span from v1 t%s where t.answer = 0",
                limit, span, sh_sql_joins(&scope));
    const char *s = sh_sql_join(&row, "b.\"row\"", p->r->table);
    sh_sql_cte(p, "af1");
    sh_buf_addf(
        p->out,
        "select b.gid, b.\"row\", b.ord, b.k, b.cov_, b.day_, a.lim, a.span, %s as days from m b join af0 a "
        "on a.gid = b.gid%s "
        "where b.blamed",
        p->r->table == SH_TABLE_LINE
            ? SAY("case when not a.span then greatest(coalesce(%s.supply_days, 1), 1) else 1 end", s)
            : "1",
        sh_sql_joins(&row));
    const char *order = "partition by gid order by ord, k";
    sh_sql_cte(p, "af2");
    sh_buf_addf(p->out,
                "select *, max(day_ + days) over (%s rows between unbounded preceding and current row) as "
                "till, lead(day_) over "
                "(%s) as next_, min(day_) over (partition by gid) as first_ from af1",
                order, order);
    sh_sql_cte(p, "af3");
    sh_buf_addf(p->out,
                "select *, coalesce(sum(least(next_, till) - day_) over (%s rows between unbounded preceding "
                "and 1 preceding), 0) as "
                "before_ from af2",
                order);
    sh_sql_cte(p, "af");
    sh_buf_add_text(p->out, "select *, least(days, greatest(0, case when span then day_ - (first_ + lim) + "
                            "days else before_ + days - lim "
                            "end)) as beyond from af3");
    /* one fraction: whole lines and up to three that are cut */
    sh_sql_cte(p, "af4");
    sh_buf_add_text(p->out, "select *, row_number() over (partition by gid order by beyond > 0 and beyond < "
                            "days desc, ord) as cut "
                            "from af");
    const char *num = "0", *den = "1";
    for (int i = 1; i <= 3; i++) {
        const char *
            n = SAY(
               "coalesce(max(case when cut = %d and beyond > 0 and beyond < days then cov_ * beyond end), 0)",
               i),
           *d = SAY("coalesce(max(case when cut = %d and beyond > 0 and beyond < days then days end), 1)", i);
        num = SAY("(%s * %s + %s * %s)", num, d, n, den);
        den = SAY("(%s * %s)", den, sh_sql_number(&p->sql, d));
    }
    sh_sql_cte(p, "am");
    sh_buf_addf(
        p->out,
        "select a.gid, case when a.lim is null or coalesce(bool_or(f.beyond > 0 and f.cov_ is null), "
        "false) then null when count(case when f.beyond > 0 and f.beyond < f.days then 1 end) > 3 then "
        "cast('more than three lines are cut by after(…): ' || count(*) as bigint) else %s end as "
        "amount from af0 a left join af4 f on f.gid = a.gid group by a.gid, a.lim",
        sh_sql_div_round(
            &p->sql,
            SAY("(coalesce(sum(case when beyond = days and beyond > 0 then cov_ end), 0) * %s + %s)", den,
                num),
            den));
}

/* What became a finding, and its lines. */
static void group_hits(struct sh_sql_making *p) {
    sh_sql_cte(p, "hits");
    const bool alone = p->r->reach == SH_REACH_TIMELINE;
    const char *later = p->rp->has_alternatives ? "case when g.first_to <= g.kfrom then '@' || cast(date "
                                                  "'1970-01-01' + cast(g.kfrom as integer) as "
                                                  "varchar) else '' end"
                                                : "''";
    sh_buf_addf(p->out,
                "select row_number() over (order by g.gid) as hid, %s || %s as key, g.k, g.doubted, "
                "g.amount, coalesce((select %s from m where m.gid = g.gid and m.blamed%s), g.\"row\") as "
                "\"row\", g.gid from w g",
                sh_sql_key_list(p), later, alone ? "min(m.\"row\")" : "m.\"row\"",
                alone ? "" : " order by m.ord, m.k limit 1");
    sh_sql_cte(p, "bl");
    sh_buf_addf(p->out,
                "select h.hid, m.\"row\", %s as blamed, cast(null as bigint) as weight from hits h join m on "
                "m.gid = h.gid",
                p->r->amount == SH_AMOUNT_AFTER ? "m.blamed and exists (select 1 from af where af.gid = "
                                                  "m.gid and af.\"row\" = m.\"row\" and (af.beyond > 0 or "
                                                  "af.lim is null))"
                                                : "m.blamed");
}

void sh_sql_group_shape(struct sh_sql_making *p) {
    sh_sql_candidates(p, false, true);
    const char *list = sh_sql_keys(p, "c");
    const bool course = has_course(p);
    if (course && !p->k) {
        sh_sql_refuse(&p->sql, "course(k) without knowledge");
        return;
    }
    if (course)
        courses(p, list);
    sh_sql_cte(p, "m0");
    sh_buf_addf(p->out,
                "select q.*, dense_rank() over (order by %s) as sup, dense_rank() over (order by %s%s%s) as "
                "gid from %s q",
                list, list, p->rp->has_alternatives ? ", k" : "", course ? ", course" : "",
                course ? "cs" : "kx");
    /* conditions first: they say which nth() they need */
    struct sh_sql_scope scope = group_scope(p), blame = sh_sql_tuple_scope(p, "m");
    const char *conditions = sh_sql_conditions(p, &scope);
    const char *blamed = p->r->blame ? SAY("coalesce(%s, false)", sh_sql_value(&blame, p->r->blame)) : "true";
    struct sh_sql_scope money = group_scope(p);
    const char *covered = "(select case when count(*) = count(b.cov_) then coalesce(sum(b.cov_), 0) end from "
                          "m b where b.gid = t.gid "
                          "and b.blamed)";
    const char *amount = p->r->amount == SH_AMOUNT_AFTER ? "(select am.amount from am where am.gid = t.gid)"
                                                         : sh_sql_amount(p, &money, covered);
    sh_sql_nths(p, "m0", "m1");
    sh_sql_cte(p, "m");
    sh_buf_addf(p->out,
                "select m.*, %s as blamed, row_number() over (partition by m.gid order by m.ord, m.k) as "
                "pos from m1 m%s",
                blamed, sh_sql_joins(&blame));
    sh_sql_cte(p, "g");
    const char *first_to =
        p->rp->has_alternatives
            ? SAY(", min(q.kto) over (partition by q.sup%s) as first_to", course ? ", q.course" : "")
            : "";
    sh_buf_addf(
        p->out,
        "select q.*, x.any_ne%s from m q join (select gid, bool_or(ne) as any_ne from m group by gid) "
        "x on x.gid = q.gid where q.pos = 1",
        first_to);
    sh_sql_cte(p, "v0");
    sh_buf_addf(p->out, "select t.*, %s from g t%s", conditions, sh_sql_joins(&scope));
    sh_sql_cte(p, "v1");
    sh_buf_addf(p->out, "select z.*, %s from v0 z", sh_sql_verdict(p, "z", "z.any_ne"));
    if (p->r->amount == SH_AMOUNT_AFTER)
        after(p);
    sh_sql_cte(p, "v");
    sh_buf_addf(p->out, "select t.*, case when t.answer = 0 then %s end as amount from v1 t%s", amount,
                sh_sql_joins(&money));
    choose(p, "v", course ? "v.sup, v.alt, v.course" : "v.sup, v.alt", "v.k");
    group_hits(p);
}
