/*
 * What reviewed outcomes say of a rule: the share of its findings that were confirmed, with Wilson bounds,
 * and whether that calls for a change of its level (rule-life). Part of the public header law/law.h. Integers
 * only: the same counts give the same bounds on every machine.
 */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Findings of a rule by verdict. Those still open are not counted. */
struct sh_outcomes {
    uint64_t confirmed, overturned;
};
/* A share in millionths. */
struct sh_rate {
    bool is_known;     /* false: no reviewed finding, all shares 0 */
    uint64_t n;        /* reviewed */
    int32_t share;     /* confirmed / n, half up */
    int32_t low, high; /* Wilson score interval, rounded outwards */
};
/* z of a two-sided interval, in millionths. */
enum { SH_Z_90 = 1644854, SH_Z_95 = 1959964, SH_Z_99 = 2575829 };

/**
 * Confirmed share with its interval: Wilson, "Probable inference", J. Am. Stat. Assoc. 22 (1927). Right for
 * few cases and for shares near 0 and 1, where the plain interval is not: 3 of 3 confirmed is 44 % to 100 %.
 * z_millionths  SH_Z_95 …; 1 … 10,000,000.
 * Errors: SH_E_INPUT z out of range; SH_E_OVERFLOW more than 10^12 findings.
 */
SH_MUST sh_code sh_outcome_rate(struct sh_outcomes outcomes, int32_t z_millionths, struct sh_rate *ret,
                                struct sh_err *err);

enum { SH_SHARE_TEXT_MAX = 16 };
/** A share as percent with two digits, "43.85", rounded half up; a low bound is rounded down, a high one up.
 */
void sh_share_text(int32_t millionths, char ret[SH_SHARE_TEXT_MAX]);
void sh_share_low_text(int32_t millionths, char ret[SH_SHARE_TEXT_MAX]);
void sh_share_high_text(int32_t millionths, char ret[SH_SHARE_TEXT_MAX]);

enum sh_advice {
    SH_ADVICE_TOO_FEW, /* fewer reviewed findings than asked for */
    SH_ADVICE_KEEP,
    SH_ADVICE_PROMOTE, /* even the low bound is at or over promote_min */
    SH_ADVICE_DEMOTE   /* even the high bound is under demote_max */
};
/** What the rate calls for. Shares in millionths; the limits are parameters of the place, without default. */
enum sh_advice sh_outcome_advice(const struct sh_rate *rate, uint64_t n_min, int32_t promote_min,
                                 int32_t demote_max);
