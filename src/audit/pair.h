/* Inner header: pairs found, before they are judged. */
#pragma once
#include "audit/inner.h"

struct sh_pair {
    int32_t a, b, k; /* rows; a = -1: no a, the line's answer is known already */
    bool inexact;    /* whether they meet cannot be known without the hour */
    bool suspected;
    bool has_share; /* amount = covered of b x share_num / share_den */
    int64_t share_num, share_den;
};

struct sh_pairs {
    struct sh_pair *at;
    size_t n, cap;
};

/* Lines of one key and knowledge row, both sides in total order. */
struct sh_pair_group {
    const struct sh_rule_plan *rp;
    const int32_t *a, *b; /* rows */
    uint32_t n_a, n_b;
    int32_t k;
    bool symmetric; /* no knowledge: a before b */
    enum sh_expr_scope within;
};

SH_MUST sh_code sh_pair_add(struct sh_pairs *pairs, struct sh_pair pair, struct sh_err *err);
/** Pairs of a group that meet in its scope. *ret_too_long: more than the limit of comparisons. */
SH_MUST sh_code sh_pairs_meet(struct sh_engine *en, const struct sh_pair_group *g, struct sh_pairs *pairs,
                              bool *ret_too_long, struct sh_err *err);
/** The same for the clock hour: units of that hour, or the day's overlap where a line holds several hours. */
SH_MUST sh_code sh_pairs_of_hours(struct sh_engine *en, const struct sh_pair_group *g, struct sh_pairs *pairs,
                                  struct sh_err *err);
