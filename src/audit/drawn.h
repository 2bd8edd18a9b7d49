/* Inner header: money of rows that meet rows of other persons, so that no fen is asked for twice there
 * either. */
#pragma once
#include "audit/carry.h"

/* What a line takes along behind its columns: what the findings of its own person left of it, and of the fund
 * of its settlement. Findings of many persons draw last, in the order in which their keys are judged. */
struct sh_xmoney {
    int64_t line; /* hash of institution, encounter and id */
    int64_t left_fen;
    int64_t settlement; /* key; SH_MISSING none */
    int64_t fund_left_fen, fund_fen, covered_fen;
    int64_t state; /* enum sh_fund_state */
};
/** Does a rule's rows take money along? Lines that are sent one by one. */
bool sh_takes_money(const struct sh_rule *r);
/** Append that of a line to a payload. */
SH_MUST sh_code sh_xmoney_pack(struct sh_engine *en, int32_t line, struct sh_buf *out, struct sh_err *err);

/* What has been drawn so far, by line and by settlement. Zero it; release it. */
struct sh_drawn_map {
    int64_t *keys, *fen;
    size_t n, cap; /* cap: 0 or a power of two */
};
struct sh_drawn {
    struct sh_drawn_map lines, funds;
};
void sh_drawn_release(struct sh_drawn *d);
/** Draw the money of a finding whose line numbers are those of `rows` [n]. */
SH_MUST sh_code sh_drawn_take(struct sh_drawn *d, const struct sh_carried_row *rows, uint32_t n,
                              struct sh_finding *f, struct sh_err *err);
