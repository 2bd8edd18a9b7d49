/* Inner header: which columns a row takes along when it must meet rows of other persons, and the two ends of
 * the way. */
#pragma once
#include "audit/exchange.h"

#define SH_CARRY_NODES_MAX 16

/* A row of a table taken along: the subject (node 0), or the row a join of another node leads to. */
struct sh_carry_node {
    int16_t parent; /* -1: the subject */
    uint16_t join;  /* column of the parent's table */
    uint16_t table;
    const uint16_t *columns; /* [n_columns] those that rules read */
    uint16_t n_columns;
};

struct sh_carry {
    struct sh_carry_node nodes[SH_CARRY_NODES_MAX];
    size_t n_nodes;
};

/** What the rows of a rule take along: the columns its expressions need, along the joins they need. */
SH_MUST sh_code sh_carry_make(const struct sh_plan *plan, const struct sh_rule *r,
                              const struct sh_need *needs, size_t n_needs, struct sh_arena *arena,
                              const struct sh_carry **ret, struct sh_err *err);
/** Payload of a record: its beginning, partials [head->n_partials]; then the row it carries (none of side 1).
 */
SH_MUST sh_code sh_carry_begin(const struct sh_xhead *head, const sh_i128 *partials, struct sh_str key,
                               struct sh_str uncertain, struct sh_buf *out, struct sh_err *err);
SH_MUST sh_code sh_carry_row(struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row,
                             struct sh_buf *out, struct sh_err *err);

/* A payload read back. */
struct sh_carried_row {
    struct sh_xhead head;
    const char *partials; /* sh_i128 [head.n_partials], unaligned */
    struct sh_str key, uncertain;
    struct sh_str nodes; /* for sh_carry_fill */
};
SH_MUST sh_code sh_carry_unpack(struct sh_str payload, struct sh_carried_row *ret, struct sh_err *err);

/* Rows that have met, as the timeline of an engine: row i of the rule's table is record i. Other tables hold
 * each of their rows once. */
struct sh_carried {
    uint32_t n;
    uint16_t table;
    const int32_t *rows, *k, *day, *institution, *first_day, *last_day, *chunk_row; /* [n] */
    const struct sh_str *uncertain;                                                 /* [n] */
    const struct sh_str *const *ids; /* [n_tables] source ids by row, NULL: of no row */
    const int64_t *covered;          /* [n] of rows of a view, fen; NULL: the table has a column of it */
    bool any_uncertain, has_k;
};
/** Make en->tl of n rows. */
SH_MUST sh_code sh_carry_fill(struct sh_engine *en, const struct sh_rule_plan *rp,
                              const struct sh_carried_row *rows, uint32_t n, struct sh_err *err);
