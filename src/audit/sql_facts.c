/* The tables that rules in SQL read, made from the lake's rows: the same fixed meanings as timeline.c, stay.c
 * and derived.c, said once more in SQL so that each can be held against the other. */
#include "audit/sql.h"
#include <string.h>

static const int person_tables[] = {SH_TABLE_PERSON,    SH_TABLE_ENCOUNTER, SH_TABLE_SETTLEMENT,
                                    SH_TABLE_DIAGNOSIS, SH_TABLE_OPERATION, SH_TABLE_LINE};
enum {
    PERSON_TABLES = sizeof(person_tables) / sizeof(person_tables[0]),
    DIMENSION_LEAD = 4 /* bucket … code */
};

/* Tables beside the claims: settlement lists, rights, scans … of persons, stock of institutions. */
static bool is_register(int table) {
    return table >= SH_TABLE_STOCK_MOVE && table < SH_TABLES && !sh_table_is_dimension((enum sh_table)table);
}

static bool is_of_persons(int table) {
    return sh_table_lead((enum sh_table)table) == SH_DICT_PERSON;
}

bool sh_sql_is_read(const struct sh_plan *plan, int table) {
    return table < SH_TABLES && sh_sql_is_fact(table) && (!is_register(table) || plan->table_needed[table]);
}

bool sh_sql_is_fact(int table) {
    for (int i = 0; i < PERSON_TABLES; i++)
        if (person_tables[i] == table)
            return true;
    return table == SH_MODEL_STAY || is_register(table);
}

static const char *type_of(const struct sh_lake_column *c) {
    switch (c->type) {
    case SH_COLUMN_CODE:
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        return "varchar";
    case SH_COLUMN_FLAG:
        return strcmp(c->name, "refund_line") == 0 ? "bigint" : "boolean";
    case SH_COLUMN_KEY:
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_DATE:
    case SH_COLUMN_TIME:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
    case SH_COLUMN_LEVEL:
        break;
    }
    return "bigint";
}

bool sh_sql_has(const struct sh_plan *plan, int table, const char *column) {
    const int c = sh_lake_column((enum sh_table)table, column);
    static const char *const always[] = {"person",         "institution", "encounter_key",
                                         "settlement_key", "item",        "id"};
    for (size_t i = 0; c >= 0 && i < sizeof(always) / sizeof(always[0]); i++)
        if (strcmp(column, always[i]) == 0)
            return true;
    return c >= 0 && (plan->selection.columns[table] >> c & 1);
}

bool sh_sql_has_entry(const struct sh_plan *plan, int table, uint16_t column) {
    static const char *const of_dictionary[] = {"code", "name", "kind", "substance", "base", "surcharge"};
    const struct sh_lake_table *t = &sh_lake_schema[table];
    if (column < DIMENSION_LEAD || column >= t->n_columns || plan->needed[table][column] != 2 ||
        t->columns[column].type == SH_COLUMN_ID || t->columns[column].type == SH_COLUMN_TEXT)
        return false;
    for (size_t i = 0; i < sizeof(of_dictionary) / sizeof(of_dictionary[0]); i++)
        if (strcmp(t->columns[column].name, of_dictionary[i]) == 0)
            return false;
    return true;
}

sh_code sh_sql_raw_tables(const struct sh_sql_maker *m, struct sh_buf *out, struct sh_err *err) {
    for (int i = 0; i < SH_TABLES; i++) {
        const struct sh_lake_table *t = &sh_lake_schema[i];
        if (!sh_sql_is_read(m->plan, i))
            continue;
        sh_buf_addf(out, "create table raw_%s (rn bigint", t->name);
        for (uint16_t c = 0; c < t->n_columns; c++)
            if (sh_sql_has(m->plan, i, t->columns[c].name))
                sh_buf_addf(out, ", \"%s\" %s", t->columns[c].name, type_of(&t->columns[c]));
        sh_buf_add_text(out, ");\n");
    }
    for (int t = 0; t < SH_TABLES; t++) /* what the lake says of the entries of a dictionary, one row each */
        if (sh_table_is_dimension((enum sh_table)t)) {
            sh_buf_addf(out, "create table raw_%s (code varchar", sh_lake_schema[t].name);
            for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++)
                if (sh_sql_has_entry(m->plan, t, c))
                    sh_buf_addf(out, ", \"%s\" %s", sh_lake_schema[t].columns[c].name,
                                type_of(&sh_lake_schema[t].columns[c]));
            sh_buf_add_text(out, ");\n");
        }
    sh_buf_add_text(
        out,
        "create table raw_dict (dict varchar, code varchar, name varchar, kind varchar);\n"
        "create table f_complete (tbl varchar, answer boolean);\n"
        "create table f_coverage (tbl varchar, institution varchar, \"first\" bigint, \"last\" bigint);\n"
        "create table f_lost (encounter_key bigint);\n");
    return sh_buf_check(out, err);
}

/* ---- pieces ------------------------------------------------------------------------------------- */

/* r."column", or NULL of its type where nothing reads it. */
static const char *col(const struct sh_sql_maker *m, int table, const char *name) {
    const int c = sh_lake_column((enum sh_table)table, name);
    const char *text = sh_sql_has(m->plan, table, name)
                           ? sh_arena_printf(m->arena, NULL, "r.\"%s\"", name)
                           : sh_arena_printf(m->arena, NULL, "cast(null as %s)",
                                             c >= 0 ? type_of(&sh_lake_schema[table].columns[c]) : "bigint");
    return text ? text : "null";
}

/* Floor division of wall-clock seconds. */
static const char *day(const struct sh_sql_maker *m, const char *time) {
    const char *text = sh_arena_printf(
        m->arena, NULL,
        m->dialect == SH_SQL_DUCKDB ? "cast((%s - (((%s %% 86400) + 86400) %% 86400)) // 86400 as bigint)"
                                    : "cast(div(%s - (((%s %% 86400) + 86400) %% 86400), 86400) as bigint)",
        time, time);
    return text ? text : "null";
}

/* The lake's columns but those that are made anew. */
static void take_columns(const struct sh_sql_maker *m, int table, struct sh_buf *out) {
    const struct sh_lake_table *t = &sh_lake_schema[table];
    for (uint16_t c = 0; c < t->n_columns; c++)
        if (sh_sql_has(m->plan, table, t->columns[c].name))
            sh_buf_addf(out, ", r.\"%s\"", t->columns[c].name);
}

static void as_of(const struct sh_sql_maker *m, const char *time, struct sh_buf *out) {
    if (m->plan->options.as_of != INT32_MAX)
        sh_buf_addf(out, " and (%s is null or %s <= %d)", time, day(m, time), m->plan->options.as_of);
}

/* ---- who is alive ------------------------------------------------------------------------------- */

static void alive_settlements(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_SETTLEMENT;
    sh_buf_addf(
        out,
        "create table a_key as select person, encounter_key as key, min(rn) as rn from raw_encounter where "
        "encounter_key is not null group by 1, 2;\n"
        "create table a_setl_key as select person, settlement_key as key, min(rn) as rn from raw_settlement "
        "where "
        "settlement_key is not null group by 1, 2;\n"
        "create table a_undone as with pairs as (select r.rn as back, f.rn as first from raw_settlement r "
        "join "
        "a_setl_key k on k.person = r.person and k.key = %s join (select rn, total from (select r.rn, %s as "
        "total from "
        "raw_settlement r) "
        "q) f on f.rn = k.rn where %s and %s + f.total = 0) select back as rn from pairs union select first "
        "from "
        "pairs;\n",
        col(m, T, "refund_of"), col(m, T, "total"), col(m, T, "refund"), col(m, T, "total"));
    sh_buf_addf(
        out,
        "create table a_settlement as select r.rn, k.rn as encounter, coalesce(%s, false) as refund, not "
        "coalesce(%s, false) and r.rn not in (select rn from a_undone) as alive from raw_settlement r left "
        "join a_key k on k.person = r.person and k.key = r.encounter_key;\n",
        col(m, T, "refund"), col(m, T, "void"));
}

static void alive_encounters(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_ENCOUNTER;
    sh_buf_addf(out,
                "create table a_encounter as select r.rn, x.\"last\", case when x.n = 1 then x.\"last\" end "
                "as only, not "
                "coalesce(%s, false) and coalesce(x.standing, true)",
                col(m, T, "void"));
    as_of(m, col(m, T, "from"), out);
    sh_buf_add_text(
        out,
        " as alive from raw_encounter r left join (select encounter, bool_or(alive and not refund) as "
        "standing, max(case when alive then rn end) as \"last\", count(case when alive then 1 end) as n from "
        "a_settlement where encounter is not null group by encounter) x on x.encounter = r.rn;\n");
}

static void alive_lines(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_LINE;
    sh_buf_addf(out,
                "create table a_line as select q.*, not q.void and coalesce(q.refund_line, 0) < 1 and not "
                "coalesce(q.quantity = 0 and q.amount = 0, false)");
    as_of(m, "q.time", out);
    sh_buf_addf(
        out,
        " as alive from (select r.rn, r.person, k.rn as encounter, s.rn as settlement, %s as time, %s as "
        "refund_line, %s as "
        "quantity, %s as amount, r.encounter_key, r.item, coalesce(%s, false) or case when s.rn is "
        "not null then not "
        "s.alive when e.rn is not null then not e.alive else false end as void from raw_line r left "
        "join a_key k on k.person = r.person and "
        "k.key = r.encounter_key left join a_encounter e on e.rn = k.rn left join a_setl_key sk on "
        "sk.person = r.person and sk.key = %s left "
        "join a_settlement s on s.rn = coalesce(sk.rn, case when %s is null then e.only end)) q;\n"
        "create table f_orphan as select distinct person, encounter_key, item from a_line where refund_line "
        "= 2 and not "
        "void;\n",
        col(m, T, "time"), col(m, T, "refund_line"), col(m, T, "quantity"), col(m, T, "amount"),
        col(m, T, "void"), col(m, T, "settlement_key"), col(m, T, "settlement_key"));
}

/* ---- stays -------------------------------------------------------------------------------------- */

static void stays(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_ENCOUNTER;
    const char *from = col(m, T, "from"), *to = col(m, T, "to");
    sh_buf_addf(
        out,
        "create table a_stay as with recursive e as materialized (select r.rn, r.person, "
        "coalesce(r.institution, "
        "'') as institution, %s as since, %s as till, %s as day, coalesce(%s, false) as crossed, "
        "row_number() over "
        "(partition by r.person, coalesce(r.institution, '') order by r.rn) as pos from raw_encounter r join "
        "a_encounter a on a.rn = r.rn where a.alive and %s and %s is not null), w as (select e.rn, e.person, "
        "e.institution, e.pos, e.rn as stay, e.till, e.crossed from e where e.pos = 1 union all select q.rn, "
        "q.person, q.institution, q.pos, case when q.goes_on then q.stay else q.rn end, case when not "
        "q.goes_on or "
        "q.till is null then q.till else greatest(q.till, q.stay_till) end, case when q.goes_on then "
        "q.crossed or "
        "q.stay_crossed else q.crossed end from (select e.rn, e.person, e.institution, e.pos, w.stay, "
        "e.till, "
        "w.till as stay_till, e.crossed, w.crossed as stay_crossed, coalesce(e.day - %s = 0 or (e.day - %s = "
        "1 and "
        "(e.crossed or w.crossed)), false) as goes_on from w join e on e.person = w.person and e.institution "
        "= "
        "w.institution and e.pos = w.pos + 1) q) select rn, stay from w;\n",
        from, to, day(m, from), col(m, T, "cross_year"), col(m, T, "inpatient"), from, day(m, "w.till"),
        day(m, "w.till"));
}

static void stay_table(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_ENCOUNTER;
    sh_buf_addf(
        out,
        "create table f_stay as select s.rn, true as _alive, s.person as _person, s.person, s.institution as "
        "_institution, s.institution, s.encounter as _encounter, s.encounter, s.rn as _stay, s.since as "
        "\"from\", s.till "
        "as \"to\", s.since as _time, %s as day, %s as last_day, coalesce(%s, %s) as _day, %s - %s + 1 as "
        "days, %s - %s "
        "as nights, %s as _first, r.encounter_key as _key, cast(null as bigint) as _prescription, "
        "s.cross_year, "
        "s.newborn, s.open, %s as main_diagnosis, substr(%s, 1, 3) as main_category, %s as leaving, %s as "
        "kind, %s as "
        "insurance, c.covered, c.covered as _covered, s.person || '/' || coalesce(s.institution, '') || '/' "
        "|| "
        "to_char_time(s.since) as _text ",
        day(m, "s.since"), day(m, "s.till"), day(m, "s.till"), day(m, "s.since"), day(m, "s.till"),
        day(m, "s.since"), day(m, "s.till"), day(m, "s.since"), day(m, col(m, T, "from")),
        col(m, T, "main_diagnosis"), col(m, T, "main_diagnosis"), col(m, T, "leaving"), col(m, T, "kind"),
        col(m, T, "insurance"));
    sh_buf_addf(out,
                "from (select t.stay as rn, min(r.person) as person, min(r.institution) as institution, "
                "min(case when r.rn = "
                "t.stay then %s end) as since, case when count(*) = count(%s) then max(%s) end as till, "
                "max(r.rn) as encounter, "
                "bool_or(coalesce(%s, false)) as cross_year, bool_or(coalesce(%s, false)) as newborn, "
                "bool_or(coalesce(%s, "
                "false)) as open from a_stay t join raw_encounter r on r.rn = t.rn group by t.stay) s join "
                "raw_encounter r on "
                "r.rn = s.encounter left join a_covered_stay c on c.stay = s.rn;\n",
                col(m, T, "from"), col(m, T, "to"), col(m, T, "to"), col(m, T, "cross_year"),
                col(m, T, "newborn"), col(m, T, "open"));
}

/* ---- the tables --------------------------------------------------------------------------------- */

/* What one unit of a line is in the smallest ones, as unit_factor in derived.c tells it. */
static void base_quantity(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_LINE, c = sh_model_column(m->plan->model, T, "base_quantity");
    if (m->plan->needed[T][c] == 0)
        return;
    const char *unit = col(m, T, "unit"),
               *number = m->dialect == SH_SQL_DUCKDB ? "cast(u.n as hugeint)" : "cast(u.n as numeric)";
    sh_buf_addf(out,
                ", (select cast(sign(u.n) * %s as bigint) from (select %s * case when x.pack = 10000 then "
                "10000 when %s is null then null when x.form_unit = %s then 10000 when x.pack_unit = %s then "
                "x.pack end as n) u) as base_quantity",
                m->dialect == SH_SQL_DUCKDB
                    ? sh_arena_printf(m->arena, NULL, "((2 * abs(%s) + 10000) // 20000)", number)
                    : sh_arena_printf(m->arena, NULL, "div(2 * abs(%s) + 10000, 20000)", number),
                m->dialect == SH_SQL_DUCKDB
                    ? sh_arena_printf(m->arena, NULL, "cast(%s as hugeint)", col(m, T, "quantity"))
                    : sh_arena_printf(m->arena, NULL, "cast(%s as numeric)", col(m, T, "quantity")),
                unit, unit, unit);
}

static void line_table(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_LINE, E = SH_TABLE_ENCOUNTER;
    const char *days = col(m, T, "days");
    sh_buf_add_text(
        out, "create table f_line as select r.rn, a.alive as _alive, r.person as _person, r.institution as "
             "_institution, a.encounter as _encounter, t.stay as _stay, a.encounter, a.settlement, t.stay");
    take_columns(m, T, out);
    sh_buf_addf(
        out,
        ", %s as day, %s as _day, %s as _time, coalesce(%s, %s) as _first, r.encounter_key as _key, %s as "
        "_prescription, %s as _covered, coalesce(s.insurance, e.insurance) as insurance, case when i.kind in "
        "('service', 'consumable') or (coalesce(e.inpatient, false) and not coalesce(%s, false)) then 1 when "
        "%s > "
        "0 then %s else case when %s is not null then 1 end end as supply_days, coalesce(r.institution, '') "
        "|| '/' "
        "|| coalesce(e.id, '') || '/' || coalesce(%s, '') as _text",
        day(m, col(m, T, "time")), day(m, col(m, T, "time")), col(m, T, "time"), day(m, "e.since"),
        day(m, col(m, T, "time")), col(m, T, "prescription"), col(m, T, "covered"), col(m, T, "take_home"),
        days,
        m->dialect == SH_SQL_DUCKDB
            ? sh_arena_printf(m->arena, NULL, "(%s + 9999) // 10000", days)
            : sh_arena_printf(m->arena, NULL, "cast(div(%s + 9999, 10000) as bigint)", days),
        days, col(m, T, "id"));
    base_quantity(m, out);
    sh_buf_addf(
        out,
        " from raw_line r join a_line a on a.rn = r.rn left join raw_item x on x.code = r.item left join "
        "(select r.rn, %s as since, %s as insurance, "
        "%s as "
        "inpatient, %s as id from raw_encounter r) e on e.rn = a.encounter left join a_stay t on t.rn = "
        "a.encounter left join (select r.rn, %s as insurance from raw_settlement r) s on s.rn = a.settlement "
        "left "
        "join raw_dict i on i.dict = 'item' and i.code = r.item;\n",
        col(m, E, "from"), col(m, E, "insurance"), col(m, E, "inpatient"), col(m, E, "id"),
        col(m, SH_TABLE_SETTLEMENT, "insurance"));
    sh_buf_add_text(
        out,
        "create table a_covered_stay as select k.rn as stay, case when count(l.rn) = count(l._covered) "
        "then coalesce(sum(l._covered), 0) end as covered from (select distinct stay as rn from a_stay) k "
        "left join f_line l on l._stay = k.rn and l._alive group by k.rn;\n"
        "create table a_covered as select k.rn, case when count(l.rn) = count(l._covered) then "
        "coalesce(sum(l._covered), 0) end as covered from raw_encounter k left join f_line l on "
        "l._encounter = k.rn and l._alive group by k.rn;\n");
}

static void encounter_table(const struct sh_sql_maker *m, struct sh_buf *out) {
    const int T = SH_TABLE_ENCOUNTER;
    const char *from = day(m, col(m, T, "from")), *to = day(m, col(m, T, "to")),
               *main = col(m, T, "main_diagnosis");
    sh_buf_add_text(
        out, "create table f_encounter as select r.rn, a.alive as _alive, r.person as _person, r.institution "
             "as _institution, r.rn as _encounter, t.stay as _stay, a.\"last\" as settlement, t.stay");
    take_columns(m, T, out);
    sh_buf_addf(out,
                ", %s as day, %s as last_day, %s - %s + 1 as days, %s - %s as nights, substr(%s, 1, 3) as "
                "main_category, "
                "c.covered, c.covered as _covered, coalesce(%s, %s) as _day, %s as _time, %s as _first, "
                "r.encounter_key as "
                "_key, cast(null as bigint) as _prescription, coalesce(r.institution, '') || '/' || "
                "coalesce(%s, '') as "
                "_text from raw_encounter r join a_encounter a on a.rn = r.rn left join a_stay t on t.rn = "
                "r.rn left join "
                "a_covered c on c.rn = r.rn;\n",
                from, to, to, from, to, from, main, to, from, col(m, T, "from"), from, col(m, T, "id"));
}

/* settlement, diagnosis, operation: what hangs on an encounter. */
static void hanging(const struct sh_sql_maker *m, int T, const char *own_day, const char *own_time,
                    const char *more, struct sh_buf *out) {
    const bool settlement = T == SH_TABLE_SETTLEMENT;
    const char *days = own_day ? sh_arena_printf(m->arena, NULL, "coalesce(%s, e._day)", own_day) : "e._day";
    const char *times = own_time ? own_time : sh_arena_printf(m->arena, NULL, "%s * 86400", days);
    sh_buf_addf(
        out,
        "create table f_%s as select r.rn, %s as _alive, r.person as _person, %s as _institution, k.rn as "
        "_encounter, e._stay, k.rn as encounter",
        sh_lake_schema[T].name,
        settlement ? "a.alive"
                   : sh_arena_printf(m->arena, NULL, "not coalesce(%s, false) and coalesce(e._alive, true)",
                                     col(m, T, "void")),
        settlement ? "r.institution" : "e._institution");
    take_columns(m, T, out);
    sh_buf_addf(out,
                "%s, %s as _day, %s as _time, coalesce(e.day, %s) as _first, e._key, cast(null as bigint) as "
                "_prescription, "
                "cast(0 as bigint) as _covered, coalesce(%s, '') || '/' || coalesce(%s, '') || '/' || "
                "coalesce(%s, '') as "
                "_text from raw_%s r left join a_key k on k.person = r.person and k.key = r.encounter_key "
                "left join f_encounter e on "
                "e.rn = k.rn%s;\n",
                more, days, times, days, settlement ? "r.institution" : "e._institution",
                sh_sql_has(m->plan, SH_TABLE_ENCOUNTER, "id") ? "e.id" : "''", col(m, T, "id"),
                sh_lake_schema[T].name, settlement ? " join a_settlement a on a.rn = r.rn" : "");
}

static void hanging_tables(const struct sh_sql_maker *m, struct sh_buf *out) {
    const char *time = col(m, SH_TABLE_SETTLEMENT, "time");
    const char *more = sh_arena_printf(m->arena, NULL, ", %s as day", day(m, time));
    hanging(m, SH_TABLE_SETTLEMENT, day(m, time), time, more ? more : "", out);
    more = sh_arena_printf(m->arena, NULL, ", e.day, substr(%s, 1, 3) as category",
                           col(m, SH_TABLE_DIAGNOSIS, "code"));
    hanging(m, SH_TABLE_DIAGNOSIS, NULL, NULL, more ? more : "", out);
    hanging(m, SH_TABLE_OPERATION, col(m, SH_TABLE_OPERATION, "day"), NULL, "", out);
}

/* The day and the time by which rows of a register stand. */
static void clock_of(const struct sh_sql_maker *m, int T, const char **ret_day, const char **ret_time) {
    const struct sh_common_columns *c = &m->plan->at.of[T];
    const struct sh_lake_table *t = &sh_lake_schema[T];
    const int own = c->day >= 0 && c->day < t->n_columns     ? c->day
                    : c->time >= 0 && c->time < t->n_columns ? c->time
                                                             : -1;
    *ret_day = *ret_time = "cast(null as bigint)";
    if (own < 0)
        return;
    const char *value = col(m, T, t->columns[own].name);
    const bool timed = t->columns[own].type == SH_COLUMN_TIME;
    *ret_day = timed ? day(m, value) : value;
    *ret_time = timed ? value : sh_arena_printf(m->arena, NULL, "%s * 86400", value);
}

/* The line of a scan: by its source id, else the only living line of the settlement and item. */
static const char *line_of_scan(const struct sh_sql_maker *m) {
    const int T = SH_TABLE_TRACE_SCAN;
    const char *text = sh_arena_printf(m->arena, NULL,
                                       ", case when %s is not null then (select max(l.rn) from f_line l "
                                       "where l._alive and l._person = r.person and "
                                       "l.\"item\" = r.\"item\" and l.\"id\" = %s) else (select case when "
                                       "count(*) = 1 then max(l.rn) end from f_line l "
                                       "where l._alive and l._person = r.person and l.\"item\" = r.\"item\" "
                                       "and l.settlement = s.rn) end as line",
                                       col(m, T, "line_id"), col(m, T, "line_id"));
    return text ? text : "";
}

static void register_table(const struct sh_sql_maker *m, int T, struct sh_buf *out) {
    const struct sh_common_columns *c = &m->plan->at.of[T];
    const struct sh_lake_table *t = &sh_lake_schema[T];
    const bool visits = c->encounter >= 0, settled = c->settlement >= 0;
    const char *own_day, *time,
        *institution = c->institution >= 0 ? "r.institution"
                       : visits            ? "e._institution"
                                           : "cast(null as varchar)";
    clock_of(m, T, &own_day, &time);
    sh_buf_addf(out,
                "create table f_%s as select r.rn, not coalesce(%s, false)%s as _alive, %s as _person, "
                "%s as _institution, %s",
                t->name, col(m, T, "void"), visits ? " and coalesce(e._alive, true)" : "",
                is_of_persons(T) ? "r.person" : "cast(null as varchar)", institution,
                visits ? "k.rn as _encounter, e._stay, k.rn as encounter"
                       : "cast(null as bigint) as _encounter, cast(null as bigint) as _stay");
    sh_buf_add_text(out, settled ? ", s.rn as settlement" : "");
    sh_buf_add_text(out, T == SH_TABLE_TRACE_SCAN ? line_of_scan(m) : "");
    take_columns(m, T, out);
    if (c->day >= t->n_columns)
        sh_buf_addf(out, ", %s as day", own_day);
    const char *at = visits ? sh_arena_printf(m->arena, NULL, "coalesce(%s, e._day)", own_day) : own_day;
    sh_buf_addf(out,
                ", %s as _day, %s as _time, %s as _first, %s as _key, cast(null as bigint) as _prescription, "
                "cast(0 as bigint) as "
                "_covered, coalesce(%s, '') || '/' || %s || '/' || coalesce(%s, '') as _text from raw_%s r",
                at, time, visits ? sh_arena_printf(m->arena, NULL, "coalesce(e.day, %s)", at) : at,
                visits ? "e._key" : "cast(null as bigint)", institution,
                visits && sh_sql_has(m->plan, SH_TABLE_ENCOUNTER, "id") ? "coalesce(e.id, '')" : "''",
                col(m, T, "id"), t->name);
    if (visits)
        sh_buf_add_text(out, " left join a_key k on k.person = r.person and k.key = r.encounter_key left "
                             "join f_encounter e on e.rn = k.rn");
    if (settled)
        sh_buf_add_text(out, " left join a_setl_key s on s.person = r.person and s.key = r.settlement_key");
    sh_buf_add_text(out, ";\n");
}

static void registers(const struct sh_sql_maker *m, struct sh_buf *out) {
    for (int t = 0; t < SH_TABLES; t++)
        if (is_register(t) && sh_sql_is_read(m->plan, t))
            register_table(m, t, out);
    if (sh_sql_is_read(m->plan, SH_TABLE_SETTLEMENT_LIST)) /* the last living list of each encounter */
        sh_buf_add_text(out, "alter table f_encounter add column list bigint;\nupdate f_encounter set list = "
                             "(select max(l.rn) from "
                             "f_settlement_list l where l._encounter = f_encounter.rn and l._alive);\n");
}

static void person_table(const struct sh_sql_maker *m, struct sh_buf *out) {
    const struct sh_lake_table *t = &sh_lake_schema[SH_TABLE_PERSON];
    sh_buf_add_text(
        out,
        "create table f_person as select p.person as rn, true as _alive, p.person as _person, p.person, "
        "cast(null as varchar) as _institution, cast(null as bigint) as _encounter, cast(null as bigint) "
        "as _stay, cast(null as bigint) as _day, cast(null as bigint) as _time, cast(null as bigint) as "
        "_first, cast(null as bigint) as _key, cast(null as bigint) as _prescription, cast(0 as bigint) as "
        "_covered, p.person as _text");
    for (uint16_t c = 0; c < t->n_columns; c++)
        if (sh_sql_has(m->plan, SH_TABLE_PERSON, t->columns[c].name) &&
            strcmp(t->columns[c].name, "person") != 0)
            sh_buf_addf(out, ", x.\"%s\"", t->columns[c].name);
    if (sh_sql_has(m->plan, SH_TABLE_PERSON, "death"))
        sh_buf_add_text(out, ", case when x.person is null then false else x.died end as died");
    sh_buf_add_text(out, " from (select person from raw_person");
    for (int i = 1; i < PERSON_TABLES; i++)
        sh_buf_addf(out, " union select person from raw_%s", sh_lake_schema[person_tables[i]].name);
    for (int more = 0; more < SH_TABLES; more++)
        if (is_register(more) && is_of_persons(more) && sh_sql_is_read(m->plan, more))
            sh_buf_addf(out, " union select person from raw_%s", sh_lake_schema[more].name);
    sh_buf_add_text(out, ") p left join (select r.person");
    for (uint16_t c = 0; c < t->n_columns; c++) {
        const char *name = t->columns[c].name;
        if (!sh_sql_has(m->plan, SH_TABLE_PERSON, t->columns[c].name) || strcmp(name, "person") == 0)
            continue;
        if (m->plan->model->derived[SH_TABLE_PERSON][c] == SH_DERIVED_CONFLICT)
            sh_buf_addf(out, ", case when count(distinct r.\"%s\") = 1 then min(r.\"%s\") end as \"%s\"",
                        name, name, name);
        else
            sh_buf_addf(
                out, ", (array_agg(r.\"%s\" order by r.rn) filter (where r.\"%s\" is not null))[1] as \"%s\"",
                name, name, name);
    }
    if (sh_sql_has(m->plan, SH_TABLE_PERSON, "death"))
        sh_buf_add_text(out, ", case count(distinct r.death) when 0 then false when 1 then true end as died");
    sh_buf_addf(
        out,
        " from raw_person r where not coalesce(%s, false) group by r.person) x on x.person = p.person;\n",
        col(m, SH_TABLE_PERSON, "void"));
}

/* A dictionary: what its code says, and what the lake says of its entries. */
static void dictionary(const struct sh_sql_maker *m, int T, const char *said, struct sh_buf *out) {
    const char *name = sh_lake_schema[T].name;
    sh_buf_addf(out, "create table f_%s as select d.code as rn, d.code, nullif(d.name, '') as name%s", name,
                said);
    for (uint16_t c = 0; c < sh_lake_schema[T].n_columns; c++)
        if (sh_sql_has_entry(m->plan, T, c))
            sh_buf_addf(out, ", x.\"%s\"", sh_lake_schema[T].columns[c].name);
    sh_buf_addf(out, " from raw_dict d left join raw_%s x on x.code = d.code where d.dict = '%s';\n", name,
                name);
}

static void dictionaries(const struct sh_sql_maker *m, struct sh_buf *out) {
    dictionary(m, SH_TABLE_ITEM,
               ", case d.kind when 'drug' then 0 when 'herb' then 1 when 'service' then 2 when 'consumable' "
               "then 3 end as kind, "
               "case when d.code like 'X%' and length(d.code) >= 10 then substr(d.code, 1, 10) when d.code "
               "like 'Z%' and "
               "length(d.code) >= 11 then substr(d.code, 1, 11) end as substance, case when d.code like 'C%' "
               "and length(d.code) >= "
               "20 then substr(d.code, 1, 20) when substr(d.code, 1, 1) between '0' and '9' and "
               "length(d.code) = 15 then "
               "substr(d.code, 1, 11) end as base, substr(d.code, 1, 1) between '0' and '9' and "
               "length(d.code) = 15 and "
               "substr(d.code, 12, 4) <> '0000' as surcharge",
               out);
    dictionary(m, SH_TABLE_INSTITUTION,
               ", case d.kind when 'hospital' then 0 when 'clinic' then 1 when 'pharmacy' then 2 end as kind",
               out);
    dictionary(m, SH_TABLE_DEPARTMENT, "", out);
    dictionary(m, SH_TABLE_PRACTITIONER, "", out);
}

/* 'YYYY-MM-DD HH:MM:SS' */
static void functions(const struct sh_sql_maker *m, struct sh_buf *out) {
    if (m->dialect == SH_SQL_DUCKDB)
        sh_buf_add_text(
            out,
            "create macro to_char_time(t) as strftime(make_timestamp(t * 1000000), '%Y-%m-%d %H:%M:%S');\n");
    else
        sh_buf_add_text(
            out, "create function to_char_time(t bigint) returns text language sql immutable as $$ select "
                 "to_char(timestamp '1970-01-01' + t * interval '1 second', 'YYYY-MM-DD HH24:MI:SS') $$;\n");
}

sh_code sh_sql_facts(const struct sh_sql_maker *m, struct sh_buf *out, struct sh_err *err) {
    functions(m, out);
    dictionaries(m, out);
    alive_settlements(m, out);
    alive_encounters(m, out);
    alive_lines(m, out);
    stays(m, out);
    line_table(m, out);
    encounter_table(m, out);
    stay_table(m, out);
    hanging_tables(m, out);
    registers(m, out);
    person_table(m, out);
    return sh_buf_check(out, err);
}
