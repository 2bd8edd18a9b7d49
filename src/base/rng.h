/* Deterministic pseudo-random numbers (xoshiro256**, seeded by splitmix64). For synthesis, sampling in tests,
 * property tests; never for secrets or public draws. The same seed gives the same numbers on every machine.
 */
#pragma once
#include "base/str.h"

/** State; owned by the caller, one thread. Seed before use. */
struct sh_rng {
    uint64_t s[4];
};
void sh_rng_seed(struct sh_rng *rng, uint64_t seed);
uint64_t sh_rng_next(struct sh_rng *rng);
/** 0 … bound - 1, without bias. bound > 0. */
uint64_t sh_rng_below(struct sh_rng *rng, uint64_t bound);
/** low … high, both included; low <= high. */
int64_t sh_rng_between(struct sh_rng *rng, int64_t low, int64_t high);
/** True in `per_million` of 1,000,000 cases. */
bool sh_rng_chance(struct sh_rng *rng, uint32_t per_million);
/** Index of weights [n] in proportion to them; their sum > 0 and < 2^63. */
size_t sh_rng_pick(struct sh_rng *rng, const uint32_t *weights, size_t n);
/** An independent stream named by a label; `rng` itself does not move. Same state and label: same stream. */
struct sh_rng sh_rng_fork(const struct sh_rng *rng, struct sh_str label);
/** The same, named by a number. */
struct sh_rng sh_rng_fork_n(const struct sh_rng *rng, uint64_t n);
