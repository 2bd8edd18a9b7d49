/* Inner header: rules as SQL statements over tables of facts, and running them in DuckDB. */
#pragma once
#include "audit/inner.h"

/* What is asked for; statements are appended to `out`, each ending in ";\n". */
struct sh_sql_maker {
    const struct sh_plan *plan;
    enum sh_sql_dialect dialect;
    struct sh_arena *arena;
};
/** create table raw_NAME: the lake's rows of persons as they are read, codes as text. */
SH_MUST sh_code sh_sql_raw_tables(const struct sh_sql_maker *m, struct sh_buf *out, struct sh_err *err);
/** create table f_NAME: who is alive, joins, stays, derived columns; see expr.h. */
SH_MUST sh_code sh_sql_facts(const struct sh_sql_maker *m, struct sh_buf *out, struct sh_err *err);
/** create table k_NAME with its rows, for the tables that rules use. */
SH_MUST sh_code sh_sql_knowledge(const struct sh_sql_maker *m, struct sh_buf *out, struct sh_err *err);
/**
 * One rule: a SELECT with one row a finding and line, in order (key, line): id, key, point, level (0
 * indicator … 2 certain), amount (fen, NULL unknown), day, person, institution, encounter, line, blamed,
 * line_amount. Errors: SH_E_UNSUPPORTED naming the construct that SQL cannot say.
 */
SH_MUST sh_code sh_sql_rule(const struct sh_sql_maker *m, const struct sh_rule_plan *rp, struct sh_buf *out,
                            struct sh_err *err);
/** Is the column of that table in raw_NAME? */
bool sh_sql_has(const struct sh_plan *plan, int table, const char *column);
/** Is the table one of the facts: person, encounter, settlement, diagnosis, operation, line, stay, registers
 * of persons? */
bool sh_sql_is_fact(int table);
/** Is there a raw_NAME for it: claims always, registers where a rule reads them. */
bool sh_sql_is_read(const struct sh_plan *plan, int table);
/** Is that column of a dimension in raw_NAME, one row for each entry of the dictionary? */
bool sh_sql_has_entry(const struct sh_plan *plan, int table, uint16_t column);
