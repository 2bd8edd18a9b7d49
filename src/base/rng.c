#include "base/rng.h"
#include "base/hash.h"
#include "base/money.h"

static uint64_t rotate(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}

void sh_rng_seed(struct sh_rng *rng, uint64_t seed) {
    for (size_t i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u; /* splitmix64 */
        rng->s[i] = sh_hash_mix(seed);
    }
}

uint64_t sh_rng_next(struct sh_rng *rng) {
    uint64_t *s = rng->s;
    const uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* Lemire's multiply and reject. */
uint64_t sh_rng_below(struct sh_rng *rng, uint64_t bound) {
    sh_check(bound > 0);
    sh_u128 product = (sh_u128)sh_rng_next(rng) * bound;
    if ((uint64_t)product < bound) {
        const uint64_t biased = (0 - bound) % bound;
        while ((uint64_t)product < biased)
            product = (sh_u128)sh_rng_next(rng) * bound;
    }
    return (uint64_t)(product >> 64);
}

int64_t sh_rng_between(struct sh_rng *rng, int64_t low, int64_t high) {
    sh_check(low <= high);
    const uint64_t span = (uint64_t)high - (uint64_t)low;
    const uint64_t step = span == UINT64_MAX ? sh_rng_next(rng) : sh_rng_below(rng, span + 1);
    return (int64_t)((uint64_t)low + step);
}

bool sh_rng_chance(struct sh_rng *rng, uint32_t per_million) {
    return sh_rng_below(rng, 1000000) < per_million;
}

size_t sh_rng_pick(struct sh_rng *rng, const uint32_t *weights, size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    uint64_t at = sh_rng_below(rng, sum);
    size_t i = 0;
    while (at >= weights[i])
        at -= weights[i++];
    return i;
}

static struct sh_rng fork_from(uint64_t hash) {
    struct sh_rng child;
    sh_rng_seed(&child, hash);
    return child;
}

struct sh_rng sh_rng_fork(const struct sh_rng *rng, struct sh_str label) {
    return fork_from(sh_hash64(label.at, label.len, sh_hash64(rng->s, sizeof(rng->s), 1)));
}

struct sh_rng sh_rng_fork_n(const struct sh_rng *rng, uint64_t n) {
    return fork_from(sh_hash_mix(n + 0x9e3779b97f4a7c15u) ^ sh_hash64(rng->s, sizeof(rng->s), 2));
}
