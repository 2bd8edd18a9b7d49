/* Inner header: what all lines are asked, asked of many at once. */
#pragma once
#include "audit/inner.h"

/** Cut the lines of the chunk into zones and sum them up; en->zones lives as long as the timeline. */
SH_MUST sh_code sh_zones_make(struct sh_engine *en, struct sh_err *err);
/** What holds for all lines of the chunk, into the engine; ret_fen: covered of them all. */
void sh_zones_look(const struct sh_zones *z, struct sh_engine *en, int64_t *ret_fen);
/** Rules that look at every line by itself: shape row over lines, without knowledge and rows beside it. */
bool sh_zones_serve(const struct sh_rule_plan *rp);

/* Lines after which zones that settle less than an eighth are asked no more. */
enum { SH_ZONES_TRIED = 1 << 13 };

struct sh_zones_told {
    /* Lines still to be looked at, ascending, in work. Plain: where holds for all of them, and nothing about
     * them is uncertain. */
    const int32_t *plain, *open;
    uint32_t n_plain, n_open;
    uint64_t closed, clear; /* lines settled, and those of them that are clear (else not concerned) */
    int64_t clear_fen;
};
/** Settle what the bounds of the columns can settle. asks_hits false: only by the rule's where. */
SH_MUST sh_code sh_zones_ask(struct sh_engine *en, const struct sh_rule_plan *rp, bool asks_hits,
                             struct sh_zones_told *ret, struct sh_err *err);
/** Of ascending lines those that the rule's where may hold for; io->row then lies in work, and where_holds
 * says whether their items settle it for all of them. */
SH_MUST sh_code sh_zones_where(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *io,
                               struct sh_err *err);
