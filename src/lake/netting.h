/* Refunds against the lines of their encounter (rules-sketch, item 2). Pure: arrays in, matches out. Inner
 * header of the room. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdint.h>

/* Lines of one person's encounter that are valid, sorted by (time, id bytes). */
struct sh_net_line {
    struct sh_str id, refund_of; /* refund_of: len 0 = not said */
    int32_t item;
    int64_t time, quantity, price, amount, covered; /* as charged; SH_MISSING */
};

/* `line` is reduced by `refund`; line SIZE_MAX: an orphan, or the part of a refund for which nothing is left.
 * Amounts >= 0. */
struct sh_net_match {
    size_t refund, line;
    int64_t quantity, amount, covered;
};
#define SH_NET_ORPHAN SIZE_MAX

/** Is it a refund: quantity or amount below zero? */
bool sh_net_is_refund(const struct sh_net_line *line);

/**
 * Match all refunds among lines [n]. A refund that names its line reduces that line. Then the others in order
 * of time: first a line of the same item and unit price, not later than the refund, whose rest equals it;
 * else the latest such lines first, until it is used up. The rest of a line is counted in quantity, or in
 * money for a refund that has no quantity. ret, ret_n  in the arena, in order of refund.  Errors: SH_E_NOMEM,
 * SH_E_OVERFLOW.  Cost: refunds × lines of the encounter.
 */
SH_MUST sh_code sh_net_encounter(const struct sh_net_line *lines, size_t n, struct sh_arena *arena,
                                 struct sh_net_match **ret, size_t *ret_n, struct sh_err *err);
