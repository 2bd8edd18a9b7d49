/* Inner header: the members of a chunk put into groups by keys, and what each of them adds to an aggregate:
 * found once for all rules that ask for the same. */
#pragma once
#include "audit/inner.h"

/* What each member of a list adds to one aggregate. */
struct sh_adds {
    const int32_t *rows; /* of the members */
    uint16_t table;
    struct sh_str text; /* of the aggregate */
    const int64_t *values;
    bool gaps; /* some are SH_MISSING */
    struct sh_adds *next;
};

/* Members without a key, by the field that is missing. */
struct sh_lacking {
    struct sh_str field;
    struct sh_answer_count count;
    struct sh_lacking *next;
};

struct sh_sums {
    struct sh_str text; /* of the aggregate */
    const sh_i128 *values;
    struct sh_sums *next;
};

struct sh_parting {
    const struct sh_rule *of; /* whose keys these are */
    const int32_t *rows;      /* of the members */
    uint32_t n;
    int64_t *const *keys;
    struct sh_grouping g;
    const uint32_t *group; /* [n] UINT32_MAX: in none */
    struct sh_lacking *lacking;
    const struct sh_str *fields;   /* [n] what the key of a member lacks; empty: nothing */
    int32_t *first_day, *last_day; /* [g.n] INT32_MAX, INT32_MIN: no day is known */
    int64_t *least;                /* [g.n] time of the first member */
    int32_t *first;                /* [g.n] its number; -1: not asked yet */
    struct sh_str *orders;         /* [g.n] what orders it among rows of its time; empty: not asked yet */
    const int64_t *encounters;     /* [g.n] different ones; NULL: not asked yet */
    uint32_t *whole; /* [g.n] number of the group among those of the worker; NULL: not asked yet */
    struct sh_sums *sums;
    bool shared; /* lives as long as the chunk */
    struct sh_parting *next;
};

/** Are the keys of two rules over the same table the same? Only of rules without knowledge and `with`. */
bool sh_same_keys(const struct sh_rule *a, const struct sh_rule *b);
/** Members m (no rows of knowledge, none uncertain) by the keys of the rule. */
SH_MUST sh_code sh_parting_of(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                              struct sh_parting **ret, struct sh_err *err);
/** Values of a key over a list of members that rules before have asked for; NULL: none has. */
int64_t *sh_parting_key(const struct sh_engine *en, const struct sh_rule *r, const struct sh_members *m,
                        size_t key);
/** The first member of a group in the total order. */
SH_MUST sh_code sh_parting_first(struct sh_engine *en, struct sh_parting *p, uint32_t g, uint32_t *ret,
                                 struct sh_err *err);
/** What orders that member among rows of its time, as sh_sort_row says it. Lives as long as the parting. */
SH_MUST sh_code sh_parting_order(struct sh_engine *en, struct sh_parting *p, uint32_t g, struct sh_str *ret,
                                 struct sh_err *err);
/** Different encounters in each group (of a table without: members), gaps [n] left out (NULL: none). ret
 * [g.n] */
SH_MUST sh_code sh_parting_encounters(struct sh_engine *en, struct sh_parting *p, const uint8_t *gaps,
                                      const int64_t **ret, struct sh_err *err);
/** What the members add to an aggregate of the rule, sh_partial_is_sum. */
SH_MUST sh_code sh_parting_adds(struct sh_engine *en, const struct sh_rule_plan *rp,
                                const struct sh_partial *a, const struct sh_parting *p,
                                const struct sh_adds **ret, struct sh_err *err);
/** Sum of each group, gaps [n] left out (NULL: none). ret [g.n] */
SH_MUST sh_code sh_parting_sums(struct sh_engine *en, struct sh_parting *p, const struct sh_adds *adds,
                                const uint8_t *gaps, const sh_i128 **ret, struct sh_err *err);
