/* Inner header: the parts of one rule's statement. */
#pragma once
#include "audit/sql.h"

/* A rule, or a view, while it is printed. CTEs are appended in order; the texts of conditions are made before
 * them. */
struct sh_sql_making {
    const struct sh_sql_maker *m;
    const struct sh_rule_plan *rp;
    const struct sh_rule *r;
    const struct sh_rule_view *view; /* NULL: a rule */
    const struct sh_knowledge *k;    /* NULL */
    struct sh_sql sql;
    struct sh_buf *out;
    bool begun;
    const char *found_in; /* where the rows that findings are about stand; NULL: f_ of the rule's table */
};

/** Begin a CTE: "name as materialized (", ending the one before. */
void sh_sql_cte(struct sh_sql_making *p, const char *name);
/** FROM alias `t` over tuples with columns row, k, b, sN. */
struct sh_sql_scope sh_sql_tuple_scope(struct sh_sql_making *p, const char *alias);
/** CTE `name` from `from`: columns sN for variables that are joins, with or further knowledge. */
void sh_sql_extend(struct sh_sql_making *p, const char *from, const char *name);
/** CTE c: candidates (row, k, ne) with conditions applied. */
void sh_sql_candidates(struct sh_sql_making *p, bool any_day, bool conditions);
/** CTE `name` of (row, k, ne) without conditions; paid: only paid lines; side_b. */
void sh_sql_members(struct sh_sql_making *p, const char *name, bool any_day, bool paid, bool side_b,
                    bool k_in_force);
/** Columns of a verdict over `scope`: hN, u, d; then answer (0 hit, 1 clear, 2 not evaluated), hit, doubted.
 */
const char *sh_sql_conditions(struct sh_sql_making *p, struct sh_sql_scope *scope);
const char *sh_sql_verdict(struct sh_sql_making *p, const char *alias, const char *ne);
/** CTE kx: members of `from` with their keys; gives the list of key columns. */
const char *sh_sql_keys(struct sh_sql_making *p, const char *from);
/** "g.kt0 || '|' || …" */
const char *sh_sql_key_list(struct sh_sql_making *p);
/** Amount of what `t` says, with `covered` the sum over the blamed rows (NULL unknown); not for after(). */
const char *sh_sql_amount(struct sh_sql_making *p, struct sh_sql_scope *scope, const char *covered);
/** alias._covered of a row of the rule's table. */
const char *sh_sql_covered(struct sh_sql_making *p, const char *alias);
/** Window functions of nth() over CTE `from`, partitioned by gid: CTE `name`. */
void sh_sql_nths(struct sh_sql_making *p, const char *from, const char *name);
/** Text of a key part in scope. */
const char *sh_sql_key_text(struct sh_sql_making *p, struct sh_sql_scope *scope,
                            const struct sh_rule_key *key);
/** The end: CTE hits(hid, key, k, doubted, amount, row) and bl(hid, row, blamed, weight) to the SELECT. */
void sh_sql_finish(struct sh_sql_making *p);
/** "f_line" of the rule's table, of any. */
const char *sh_sql_table(struct sh_sql_making *p);
const char *sh_sql_table_name(struct sh_sql_making *p, uint16_t table);
bool sh_sql_has_column(struct sh_sql_making *p, uint16_t table, uint16_t column);
/** Where rows of many persons stand in their order: time of row `s` of a table (NULL first), then its text as
 * bytes. */
const char *sh_sql_order_time(struct sh_sql_making *p, const char *s, uint16_t table);
/** The collation that compares texts as bytes. */
const char *sh_sql_bytes(const struct sh_sql_making *p);
const char *sh_sql_knowledge_table(struct sh_sql_making *p);

void sh_sql_row_shape(struct sh_sql_making *p);
void sh_sql_group_shape(struct sh_sql_making *p);
void sh_sql_window_shape(struct sh_sql_making *p);
void sh_sql_pair_shape(struct sh_sql_making *p);
/** Groups and statistics whose parts are put together. */
void sh_sql_merged_shape(struct sh_sql_making *p);

/** The statement of a view, without its name. */
void sh_sql_view(struct sh_sql_making *p);
/** "(select …)" with columns row, line: the living lines behind the rows of a table. */
const char *sh_sql_lines_behind(struct sh_sql_making *p, uint16_t table);
/** Do rows of the table belong to stays, as a stay's own do; to encounters at all? */
bool sh_sql_is_of_stays(const struct sh_plan *plan, uint16_t table);
bool sh_sql_belongs_to_visits(const struct sh_plan *plan, uint16_t table);
