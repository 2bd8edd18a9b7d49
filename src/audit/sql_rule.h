/* Inner header: the parts of one rule's statement. */
#pragma once
#include "audit/sql.h"

/* A rule while it is printed. CTEs are appended in order; the texts of conditions are made before them. */
struct sh_sql_making {
    const struct sh_sql_maker *m;
    const struct sh_rule_plan *rp;
    const struct sh_rule *r;
    const struct sh_knowledge *k; /* NULL */
    struct sh_sql sql;
    struct sh_buf *out;
    bool begun;
};

/** Begin a CTE: ", name as materialized (" or "with recursive name …". */
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
const char *sh_sql_key_text(struct sh_sql_making *p, struct sh_sql_scope *scope, size_t key);
/** The end: CTE hits(hid, key, k, doubted, amount, row) and bl(hid, row, blamed, weight) to the SELECT. */
void sh_sql_finish(struct sh_sql_making *p);
/** "f_line" of the rule's table. */
const char *sh_sql_table(struct sh_sql_making *p);
const char *sh_sql_knowledge_table(struct sh_sql_making *p);

void sh_sql_row_shape(struct sh_sql_making *p);
void sh_sql_group_shape(struct sh_sql_making *p);
void sh_sql_window_shape(struct sh_sql_making *p);
void sh_sql_pair_shape(struct sh_sql_making *p);
