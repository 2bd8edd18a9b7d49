/* Inner header: the printers of SQL call each other. */
#pragma once
#include "expr/node.h"

/* num / den x 10^-vscale of the node; den NULL: 1. */
struct sh_sql_num {
    const char *num, *den;
};

/** A condition, a code, a date … or a narrow number; NULL when missing or none. */
const char *sh_sql_node(struct sh_sql_scope *scope, const struct sh_node *node);
/** A number of any width. */
struct sh_sql_num sh_sql_num_of(struct sh_sql_scope *scope, const struct sh_node *node);
/** Condition "there is no such thing", never NULL itself in SQL; NULL pointer: cannot be. */
const char *sh_sql_none(struct sh_sql_scope *scope, const struct sh_node *node);
const char *sh_sql_compare(struct sh_sql_scope *scope, const struct sh_node *node);
/** A number node computed wide, rounded to `to` decimals. */
const char *sh_sql_rounded(struct sh_sql_scope *scope, const struct sh_node *node, int to);
const char *sh_sql_ceil(struct sh_sql *sql, const char *num, const char *den);
const char *sh_sql_time(struct sh_sql_scope *scope, const struct sh_node *node);
const char *sh_sql_age(struct sh_sql_scope *scope, enum sh_unit unit, const struct sh_node *birth,
                       const struct sh_node *on);
const char *sh_sql_in(struct sh_sql_scope *scope, const struct sh_node *node);
const char *sh_sql_aggregate(struct sh_sql_scope *scope, const struct sh_node *node, bool none);
const char *sh_sql_related(struct sh_sql_scope *scope, const struct sh_node *node);
const char *sh_sql_complete(struct sh_sql_scope *scope, uint16_t table, enum sh_expr_scope asked);
const char *sh_sql_nth(struct sh_sql_scope *scope, const struct sh_node *node);
/** 10^n. */
const char *sh_sql_pow10(struct sh_sql *sql, int n);
/** Row number at the end of a path. */
const char *sh_sql_path_row(struct sh_sql_scope *scope, const struct sh_path *path);
