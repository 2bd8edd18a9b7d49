/* One rule as one statement: candidates, conditions, the verdict, and the end that all shapes share. */
#include "audit/sql_rule.h"
#include <string.h>

#define SAY(...) sh_sql_say(&p->sql, __VA_ARGS__)

void sh_sql_cte(struct sh_sql_making *p, const char *name) {
    sh_buf_addf(p->out, "%s%s as %s(", p->begun ? "),\n  " : "", name,
                strchr(name, '(') ? "" : "materialized ");
    p->begun = true;
}

const char *sh_sql_table_name(struct sh_sql_making *p, uint16_t table) {
    return SAY("f_%s", p->m->plan->model->model.tables[table].name);
}

const char *sh_sql_table(struct sh_sql_making *p) {
    (void)sh_sql_has_column(p, p->r->table, UINT16_MAX); /* a view is made beside the statement */
    return sh_sql_table_name(p, p->r->table);
}

bool sh_sql_has_column(struct sh_sql_making *p, uint16_t table, uint16_t column) {
    return p->sql.has(p->sql.ctx, table, column);
}

const char *sh_sql_bytes(const struct sh_sql_making *p) {
    return p->m->dialect == SH_SQL_POSTGRES ? " collate \"C\"" : "";
}

const char *sh_sql_order_time(struct sh_sql_making *p, const char *s, uint16_t table) {
    const struct sh_model_table *t = &p->m->plan->model->model.tables[table];
    const int c = t->time_column;
    const bool is_read = c >= 0 && (table >= SH_TABLES || c >= sh_lake_schema[table].n_columns ||
                                    sh_sql_has(p->m->plan, table, t->columns[c].name));
    if (!is_read)
        return SAY("%s._day * 86400", s);
    return SAY("coalesce(%s.\"%s\"%s, %s._day * 86400)", s, t->columns[c].name,
               t->columns[c].type.kind == SH_KIND_TIME ? "" : " * 86400", s);
}

const char *sh_sql_knowledge_table(struct sh_sql_making *p) {
    return SAY("k_%.*s", SH_ARG(p->k->name));
}

/* ---- variables ---------------------------------------------------------------------------------- */

struct sh_sql_scope sh_sql_tuple_scope(struct sh_sql_making *p, const char *alias) {
    struct sh_sql_scope scope = {.sql = &p->sql};
    for (uint16_t s = 0; s < p->r->n_variables; s++) {
        switch (p->rp->slots[s]) {
        case SH_SLOT_SUBJECT:
            scope.rows[s] = SAY("%s.\"row\"", alias);
            break;
        case SH_SLOT_KNOWLEDGE:
            scope.rows[s] = SAY("%s.k", alias);
            break;
        case SH_SLOT_B:
            scope.rows[s] = SAY("%s.b", alias);
            break;
        case SH_SLOT_JOIN:
        case SH_SLOT_WITH:
        case SH_SLOT_MORE:
            scope.rows[s] = SAY("%s.s%u", alias, s);
            break;
        case SH_SLOT_NONE:
            break;
        }
    }
    return scope;
}

static const char *subject(struct sh_sql_making *p, struct sh_sql_scope *scope) {
    return sh_sql_join(scope, scope->rows[p->r->subject], p->r->table);
}

/* previous(T in …), next(…): the nearest row on that side. */
static const char *with_row(struct sh_sql_making *p, struct sh_sql_scope *scope, const struct sh_with *w) {
    struct sh_sql_scope in = {.sql = &p->sql, .outer = scope};
    const char *s = subject(p, scope), *sign = w->next ? ">" : "<";
    in.rows[w->slot] = "o.rn";
    const char *text =
        w->table == p->r->table ? SAY("o.rn %s %s.rn", sign, s) : SAY("o._day %s %s._day", sign, s);
    for (uint8_t i = 0; i < w->n_scopes; i++) {
        if (w->scope[i] == SH_SCOPE_ENCOUNTER || w->scope[i] == SH_SCOPE_STAY)
            text = SAY("%s and o.%s = %s.%s", text, w->scope[i] == SH_SCOPE_STAY ? "_stay" : "_encounter", s,
                       w->scope[i] == SH_SCOPE_STAY ? "_stay" : "_encounter");
        else if (w->scope[i] == SH_SCOPE_INSTITUTION)
            text = SAY("%s and o._institution = %s._institution", text, s);
    }
    if (w->where)
        text = SAY("%s and %s", text, sh_sql_value(&in, w->where));
    if (!sh_sql_has_column(p, w->table, UINT16_MAX))
        sh_sql_refuse(&p->sql, "previous or next of %s", p->m->plan->model->model.tables[w->table].name);
    return SAY("(select o.rn from f_%s o%s where o._alive and o._person = %s._person and %s order by o.rn%s "
               "limit 1)",
               p->m->plan->model->model.tables[w->table].name, sh_sql_joins(&in), s, text,
               w->next ? "" : " desc");
}

/* The first row in force of a further table whose keys hold. */
static const char *more_row(struct sh_sql_making *p, struct sh_sql_scope *scope, size_t use) {
    const uint16_t number = p->r->uses[use].knowledge;
    const struct sh_knowledge *k = &p->m->plan->rules->knowledge[number];
    struct sh_sql_scope in = {.sql = &p->sql, .outer = scope};
    const char *s = subject(p, scope);
    in.rows[p->r->uses[use].slot] = "o.rn";
    const char *text = SAY("o._from <= %s._day and %s._day < o._to", s, s);
    if (p->r->table == SH_TABLE_LINE && p->m->plan->bound->tables[number].item_begin)
        text = SAY("%s and exists (select 1 from k_%.*s_item i where i.k = o.rn and (i.code = %s.\"item\" or "
                   "(i.under "
                   "and starts_with(%s.\"item\", i.code))))",
                   text, SH_ARG(k->name), s, s);
    for (size_t i = 0; i < p->r->uses[use].n_keys; i++)
        text = SAY("%s and %s", text, sh_sql_value(&in, p->r->uses[use].keys[i]));
    return SAY("(select o.rn from k_%.*s o%s where %s order by o.rn limit 1)", SH_ARG(k->name),
               sh_sql_joins(&in), text);
}

static bool has_slots(const struct sh_sql_making *p, enum sh_slot_source source) {
    for (uint16_t s = 0; s < p->r->n_variables; s++)
        if (p->rp->slots[s] == source)
            return true;
    return false;
}

/* One step: columns of one kind of variable. */
static void extend_by(struct sh_sql_making *p, const char *from, const char *name,
                      enum sh_slot_source source) {
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *columns = "";
    const struct sh_model_table *t = &p->m->plan->model->model.tables[p->r->table];
    for (uint16_t s = 0; s < p->r->n_variables; s++) {
        if (p->rp->slots[s] != source)
            continue;
        const char *row = "null";
        if (source == SH_SLOT_JOIN && p->rp->join_column[s] >= 0)
            row = SAY("%s.\"%s\"", subject(p, &scope), t->columns[p->rp->join_column[s]].name);
        for (size_t i = 0; source == SH_SLOT_WITH && i < p->r->n_with; i++)
            if (p->r->with[i].slot == s)
                row = with_row(p, &scope, &p->r->with[i]);
        for (size_t i = 0; source == SH_SLOT_MORE && i < p->r->n_uses; i++)
            if (p->r->uses[i].slot == s)
                row = more_row(p, &scope, i);
        columns = SAY("%s, %s as s%u", columns, row, s);
    }
    sh_sql_cte(p, name);
    sh_buf_addf(p->out, "select t.*%s from %s t%s", columns, from, sh_sql_joins(&scope));
}

void sh_sql_extend(struct sh_sql_making *p, const char *from, const char *name) {
    static const enum sh_slot_source steps[] = {SH_SLOT_JOIN, SH_SLOT_WITH, SH_SLOT_MORE};
    for (size_t i = 0; i < 3; i++) {
        const char *to = i == 2 ? name : SAY("%s_%zu", name, i);
        if (i == 2 || has_slots(p, steps[i])) {
            extend_by(p, from, to, steps[i]);
            from = to;
        }
    }
}

/* ---- candidates --------------------------------------------------------------------------------- */

void sh_sql_members(struct sh_sql_making *p, const char *name, bool any_day, bool paid, bool side_b,
                    bool k_in_force) {
    const struct sh_rule *r = p->r;
    const char *ne = "false", *where = "r._alive";
    const bool by_item =
        p->k && r->table == SH_TABLE_LINE && p->m->plan->bound->tables[r->uses[0].knowledge].item_begin;
    const bool paid_rule = r->lines == SH_LINES_PAID && r->table == SH_TABLE_LINE;
    if (paid)
        where = SAY("%s and (r._covered is null or r._covered > 0)", where);
    if (!any_day && (r->from != INT32_MIN || r->to != INT32_MAX)) {
        where = SAY("%s and (r._day is null or (%d <= r._day and r._day < %d))", where, r->from, r->to);
        ne = "r._day is null";
    }
    if (p->k && !any_day)
        ne = "r._day is null";
    if (paid_rule)
        ne = SAY("(%s or r._covered is null)", ne);
    if (p->k && (k_in_force || !by_item))
        where = SAY("%s and (r._day is null or (k._from <= r._day and r._day < k._to))", where);
    sh_sql_cte(p, name);
    sh_buf_addf(p->out, "select r.rn as \"row\", %s as k, cast(null as bigint) as b, %s as ne0 from %s r",
                p->k ? "k.rn" : "cast(null as bigint)", ne, sh_sql_table(p));
    if (by_item)
        sh_buf_addf(p->out,
                    " join %s_item%s i on (i.code = r.\"item\" and not i.under) or (i.under and "
                    "starts_with(r.\"item\", i.code)) join %s k on k.rn = i.k",
                    sh_sql_knowledge_table(p), side_b ? "_b" : "", sh_sql_knowledge_table(p));
    else if (p->k)
        sh_buf_addf(p->out, " cross join %s k", sh_sql_knowledge_table(p));
    sh_buf_addf(p->out, " where %s", where);
}

void sh_sql_candidates(struct sh_sql_making *p, bool any_day, bool conditions) {
    const struct sh_rule *r = p->r;
    const bool paid = r->lines == SH_LINES_PAID && r->table == SH_TABLE_LINE;
    sh_sql_members(p, "c0", any_day, paid, false, r->shape != SH_SHAPE_WINDOW);
    sh_sql_extend(p, "c0", "c1");
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "t");
    const char *holds = "true";
    for (size_t i = 0; conditions && p->k && i < r->uses[0].n_keys; i++)
        holds = SAY("%s and %s", holds, sh_sql_value(&scope, r->uses[0].keys[i]));
    if (conditions && r->where)
        holds = SAY("%s and %s", holds, sh_sql_value(&scope, r->where));
    const char *there = "";
    for (size_t i = 0; i < r->n_with; i++)
        there = SAY("%s and q.s%u is not null", there, r->with[i].slot);
    sh_sql_cte(p, "c");
    sh_buf_addf(p->out,
                "select q.*, (q.ne0 or q.holds is null) as ne from (select t.*, (%s) as holds from c1 t%s) q "
                "where q.holds is distinct from false%s",
                holds, sh_sql_joins(&scope), there);
}

/* ---- verdict ------------------------------------------------------------------------------------ */

const char *sh_sql_conditions(struct sh_sql_making *p, struct sh_sql_scope *scope) {
    const char *text = "";
    for (size_t h = 0; h < p->r->n_hit; h++)
        text = SAY("%s%s%s as h%zu", text, h ? ", " : "", sh_sql_value(scope, p->r->hit[h].expr), h);
    text = SAY("%s, %s as u", text, p->r->unless ? sh_sql_value(scope, p->r->unless) : "false");
    return SAY("%s, %s as d", text, p->r->doubt ? sh_sql_value(scope, p->r->doubt) : "false");
}

const char *sh_sql_verdict(struct sh_sql_making *p, const char *a, const char *ne) {
    const char *any = "false", *unknown = "false";
    for (size_t h = 0; h < p->r->n_hit; h++) {
        any = SAY("%s or coalesce(%s.h%zu, false)", any, a, h);
        unknown = SAY("%s or %s.h%zu is null", unknown, a, h);
    }
    return SAY("case when %s then 2 when %s then case when %s.u then 1 else 0 end when %s then 2 else 1 end "
               "as answer, "
               "(%s.u is null or %s.d is null or %s.d) as doubted",
               ne, any, a, unknown, a, a, a);
}

const char *sh_sql_covered(struct sh_sql_making *p, const char *alias) {
    const uint16_t t = p->r->table;
    return t == SH_TABLE_LINE || t == SH_TABLE_ENCOUNTER || t == SH_MODEL_STAY || sh_view_of(p->m->plan, t)
               ? SAY("%s._covered", alias)
               : "0";
}

/* covered x (n - N) / n */
static const char *excess(struct sh_sql_making *p, struct sh_sql_scope *scope, const char *covered) {
    const struct sh_expr *a = p->r->amount_a, *b = p->r->amount_b;
    const struct sh_type ta = sh_expr_type(a), tb = sh_expr_type(b);
    const char *n = sh_sql_value(scope, a), *limit = sh_sql_value(scope, b);
    for (int i = 0; i < tb.scale - ta.scale; i++)
        n = SAY("%s * 10", n);
    for (int i = 0; i < ta.scale - tb.scale; i++)
        limit = SAY("%s * 10", limit);
    const char *round = sh_sql_div_round(&p->sql, "e.cov * (e.n - greatest(e.lim, 0))", "nullif(e.n, 0)");
    return SAY("(select case when e.cov is null or e.n is null or e.lim is null then null when e.n <= 0 or "
               "e.lim >= e.n "
               "then 0 else %s end from (select %s as cov, %s as n, %s as lim) e)",
               round, sh_sql_number(&p->sql, covered), n, limit);
}

const char *sh_sql_amount(struct sh_sql_making *p, struct sh_sql_scope *scope, const char *covered) {
    switch (p->r->amount) {
    case SH_AMOUNT_ZERO:
        return "0";
    case SH_AMOUNT_EXPR: {
        const char *fen = sh_sql_fen(scope, p->r->amount_a);
        return SAY("(select case when e.x is not null then greatest(e.x, 0) end from (select %s as x) e)",
                   fen);
    }
    case SH_AMOUNT_EXCESS:
        return excess(p, scope, covered);
    case SH_AMOUNT_COVERED:
    case SH_AMOUNT_CHEAPER:
    case SH_AMOUNT_AFTER:
        break;
    }
    return covered;
}

/* ---- nth ---------------------------------------------------------------------------------------- */

void sh_sql_nths(struct sh_sql_making *p, const char *from, const char *name) {
    if (p->sql.n_nths == 0) {
        sh_sql_cte(p, name);
        sh_buf_addf(p->out, "select * from %s", from);
        return;
    }
    struct sh_sql_scope scope = sh_sql_tuple_scope(p, "m");
    const char *values = "", *places = "", *firsts = "", *ranks = "";
    for (size_t i = 0; i < p->sql.n_nths; i++) {
        bool down;
        const char *x = sh_sql_nth_part(&scope, &p->sql.nths[i], 0, &down),
                   *y = sh_sql_nth_part(&scope, &p->sql.nths[i], 1, &down);
        values = SAY("%s, %s as x%zu, %s as y%zu", values, x ? x : "0", i, y ? y : "0", i);
        places = SAY("%s, row_number() over (partition by gid order by y%zu%s, ord, k) as p%zu, "
                     "bool_or(x%zu is null or "
                     "y%zu is null) over (partition by gid) as z%zu",
                     places, i, down ? " desc" : "", i, i, i, i);
        firsts = SAY("%s, min(p%zu) over (partition by gid, x%zu) as f%zu", firsts, i, i, i);
        ranks = x ? SAY("%s, case when not z%zu then dense_rank() over (partition by gid order by f%zu) end "
                        "as n%zu",
                        ranks, i, i, i)
                  : SAY("%s, row_number() over (partition by gid order by ord, k) as n%zu", ranks, i);
    }
    const char *a = SAY("%s_a", name), *b = SAY("%s_b", name), *c = SAY("%s_c", name);
    sh_sql_cte(p, a);
    sh_buf_addf(p->out, "select m.*%s from %s m%s", values, from, sh_sql_joins(&scope));
    sh_sql_cte(p, b);
    sh_buf_addf(p->out, "select *%s from %s", places, a);
    sh_sql_cte(p, c);
    sh_buf_addf(p->out, "select *%s from %s", firsts, b);
    sh_sql_cte(p, name);
    sh_buf_addf(p->out, "select *%s from %s", ranks, c);
}

/* ---- keys --------------------------------------------------------------------------------------- */

/* A source id kept as a hash: printed in hex. */
static bool is_key_column(struct sh_str text) {
    for (size_t dot; (dot = sh_str_find_char(text, '.')) != SH_STR_NONE;)
        text = sh_str_sub(text, dot + 1, text.len);
    for (int t = 0; t < SH_TABLES; t++)
        for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++)
            if (sh_lake_schema[t].columns[c].type == SH_COLUMN_KEY &&
                sh_str_is(text, sh_lake_schema[t].columns[c].name))
                return true;
    return false;
}

static const char *number_text(struct sh_sql_making *p, struct sh_type type, const char *v) {
    if (type.scale == 0)
        return SAY("cast(%s as varchar)%s", v, type.unit == SH_UNIT_YUAN ? " || '.00'" : "");
    const char *whole = sh_sql_div_floor(&p->sql, SAY("abs(%s)", v), SAY("1%0*d", type.scale, 0));
    const int least = type.unit == SH_UNIT_YUAN && type.scale >= 2 ? 2 : 0;
    const char *digits =
        SAY("lpad(cast(abs(%s) %% 1%0*d as varchar), %d, '0')", v, type.scale, 0, type.scale);
    const char *cut =
        SAY("(substr(%s, 1, %d) || rtrim(substr(%s, %d), '0'))", digits, least, digits, least + 1);
    return SAY("(case when %s < 0 then '-' else '' end || cast(%s as varchar) || case when %s = '' then '' "
               "else '.' || %s "
               "end)",
               v, whole, cut, cut);
}

static const char *level_text(struct sh_sql_making *p, struct sh_type type, const char *v) {
    const char *const *words = p->m->plan->model->model.level_words[type.domain];
    const char *text = SAY("case %s", v);
    for (int i = 0; words && words[i]; i++)
        text = SAY("%s when %d then %s", text, i, sh_sql_quote(&p->sql, sh_str_of(words[i])));
    return SAY("(%s end)", text);
}

const char *sh_sql_key_text(struct sh_sql_making *p, struct sh_sql_scope *scope,
                            const struct sh_rule_key *rk) {
    const struct sh_type type = sh_expr_type(rk->expr);
    const char *v = sh_sql_value(scope, rk->expr);
    const int table = type.kind == SH_KIND_CODE ? -1 : sh_expr_join(rk->expr);
    if (table >= 0 && !sh_is_personal(p->m->plan, table))
        sh_sql_refuse(&p->sql, "a key that is a row of a dictionary: %.*s", SH_ARG(rk->text));
    if (table >= 0)
        return SAY("%s._text", sh_sql_join(scope, v, (uint16_t)table));
    switch (type.kind) {
    case SH_KIND_NUMBER:
        return number_text(p, type, v);
    case SH_KIND_DATE:
        return SAY("cast(date '1970-01-01' + cast(%s as integer) as varchar)", v);
    case SH_KIND_TIME:
        return SAY("to_char_time(%s)", v);
    case SH_KIND_LEVEL:
        return level_text(p, type, v);
    case SH_KIND_BOOL:
        return SAY("case when %s then 'true' else 'false' end", v);
    case SH_KIND_CODE:
        if (strcmp(p->m->plan->model->model.domain_names[type.domain], "diagnosis3") != 0)
            return v;
        break;
    case SH_KIND_TEXT:
        if (is_key_column(rk->text))
            return SAY("lpad(lower(%s(%s)), 16, '0')", p->m->dialect == SH_SQL_DUCKDB ? "hex" : "to_hex", v);
        if (strcmp(v, "cast(0 as bigint)") != 0)
            return SAY("cast(%s as varchar)", v);
        break;
    case SH_KIND_SET:
    case SH_KIND_RANGE:
    case SH_KIND_SCOPE:
        break;
    }
    sh_sql_refuse(&p->sql, "the key %.*s", SH_ARG(rk->text));
    return "null";
}

/* ---- the end ------------------------------------------------------------------------------------ */

/* Rows of the rule's table to lines; a line named twice counts once, blamed first. Encounters and rows of
 * views that met across persons travelled without theirs. */
static void lines(struct sh_sql_making *p) {
    const uint16_t t = p->r->table;
    sh_sql_cte(p, "ln");
    if (t == SH_TABLE_LINE)
        sh_buf_add_text(
            p->out,
            "select x.hid, x.\"row\" as rn, bool_or(x.blamed) as blamed, max(x.weight) as weight from bl x "
            "group by x.hid, x.\"row\"");
    else if (sh_view_of(p->m->plan, t) && p->r->reach == SH_REACH_TIMELINE)
        sh_buf_addf(p->out,
                    "select x.hid, l.line as rn, bool_or(x.blamed) as blamed, cast(null as bigint) as weight "
                    "from bl x join %s l on l.\"row\" = x.\"row\" group by x.hid, l.line",
                    sh_sql_lines_behind(p, t));
    else if ((t == SH_TABLE_ENCOUNTER || t == SH_MODEL_STAY) && p->r->reach == SH_REACH_TIMELINE)
        sh_buf_addf(p->out,
                    "select x.hid, l.rn, bool_or(x.blamed) as blamed, cast(null as bigint) as weight from bl "
                    "x join f_line l "
                    "on l.%s = x.\"row\" and l._alive group by x.hid, l.rn",
                    t == SH_MODEL_STAY ? "_stay" : "_encounter");
    else
        sh_buf_add_text(
            p->out,
            "select x.hid, x.\"row\" as rn, x.blamed, cast(null as bigint) as weight from bl x where false");
    sh_sql_cte(p, "sp0");
    sh_buf_addf(
        p->out,
        "select n.hid, n.rn, n.blamed, l.id, h.amount, %s as w from ln n join f_line l on l.rn = n.rn join "
        "hits h "
        "on h.hid = n.hid",
        sh_sql_number(&p->sql,
                      "case when n.blamed and h.amount > 0 then greatest(coalesce(n.weight, l._covered, 0), "
                      "0) else 0 end"));
    /* largest remainder, ties by line id */
    sh_sql_cte(p, "sp1");
    sh_buf_add_text(p->out, "select s.*, sum(s.w) over (partition by s.hid) as total from sp0 s");
    sh_sql_cte(p, "sp2");
    sh_buf_addf(p->out,
                "select s.*, %s as part, case when s.w > 0 then (s.amount * s.w) %% s.total else -1 end as "
                "rest from sp1 s",
                SAY("case when s.w > 0 then %s else 0 end",
                    sh_sql_div_floor(&p->sql, "(s.amount * s.w)", "nullif(s.total, 0)")));
    sh_sql_cte(p, "sp");
    sh_buf_addf(p->out,
                "select s.*, s.part + case when s.w > 0 and row_number() over (partition by s.hid order by "
                "s.rest desc, "
                "s.id%s, s.rn) <= s.amount - sum(s.part) over (partition by s.hid) then 1 else 0 end as fen "
                "from sp2 s",
                sh_sql_bytes(p));
}

static const char *level(struct sh_sql_making *p, bool has_k) {
    const char *cap = SAY("%d", (int)p->rp->cap);
    if (has_k)
        cap = SAY("least(%s, coalesce(k._level, 2))", cap);
    const char *doubted =
        "h.doubted or exists (select 1 from ln n join f_line l on l.rn = n.rn join f_orphan o on o.person = "
        "l._person and "
        "o.encounter_key is not distinct from l.encounter_key and o.item is not distinct from l.item "
        "where n.hid = h.hid)";
    if (p->r->open_remind)
        doubted = SAY("%s or coalesce(e.\"open\", false)", doubted);
    return SAY("least(%s, case when %s then 1 else 2 end)", cap, doubted);
}

void sh_sql_finish(struct sh_sql_making *p) {
    lines(p);
    const bool has_k = p->k != NULL;
    const char *rule = sh_sql_quote(&p->sql, p->r->id),
               *point = has_k && p->rp->by_point ? "coalesce(k._point, '')" : "''";
    const char *id = p->m->dialect == SH_SQL_DUCKDB
                         ? SAY("substr(sha256(%s || chr(0) || %s || chr(0) || h.key), 1, 32)", rule, point)
                         : SAY("substr(encode(sha256(convert_to(%s, 'UTF8') || '\\x00'::bytea || "
                               "convert_to(%s, 'UTF8') || "
                               "'\\x00'::bytea || convert_to(h.key, 'UTF8')), 'hex'), 1, 32)",
                               rule, point);
    sh_buf_addf(
        p->out,
        ")\nselect %s as id, h.key, %s as point, %s as level, cast(h.amount as bigint) as amount, r.%s as "
        "day, "
        "r._person as person, r._institution as institution, %s as encounter, s.id as line, s.blamed, "
        "cast(s.fen as bigint) as line_amount, s.rn as line_rn, h.hid from hits h join %s r on r.rn = "
        "h.\"row\"%s left "
        "join f_encounter e on e.rn = r._encounter left join sp s on s.hid = h.hid order by h.hid, s.rn",
        id, point, level(p, has_k), p->found_in ? "_found" : "_day",
        sh_sql_has(p->m->plan, SH_TABLE_ENCOUNTER, "id") ? "e.id" : "cast(null as varchar)",
        p->found_in ? p->found_in : sh_sql_table(p),
        has_k ? SAY(" left join %s k on k.rn = h.k", sh_sql_knowledge_table(p)) : "");
}
