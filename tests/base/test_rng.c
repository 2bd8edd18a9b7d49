/* Goal: the published stream, no bias, independent named streams. */
#include "base/rng.h"
#include "check.h"

static void the_stream_is_the_published_one(void **state) {
    (void)state;
    /* xoshiro256** from the state 1, 2, 3, 4. */
    struct sh_rng rng = {{1, 2, 3, 4}};
    static const uint64_t want[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < 4; i++)
        CHECK_I64(sh_rng_next(&rng), want[i]);
    struct sh_rng seeded; /* splitmix64 of seed 0 begins with this number */
    sh_rng_seed(&seeded, 0);
    CHECK(seeded.s[0] == 0xe220a8397b1dcdafu);
}

static void bounded_numbers_are_even(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(9));
    size_t counts[7] = {0}, picks[3] = {0}, hits = 0;
    for (size_t i = 0; i < 700000; i++) {
        counts[sh_rng_below(&rng, 7)]++;
        picks[sh_rng_pick(&rng, (uint32_t[]){1, 0, 3}, 3)]++;
        hits += sh_rng_chance(&rng, 100000);
        const int64_t v = sh_rng_between(&rng, -3, 3);
        CHECK(v >= -3 && v <= 3);
    }
    for (size_t i = 0; i < 7; i++)
        CHECK(counts[i] > 98000 && counts[i] < 102000);
    CHECK_I64(picks[1], 0);
    CHECK(picks[2] > 2 * picks[0]);
    CHECK(hits > 68000 && hits < 72000);
    (void)sh_rng_between(&rng, INT64_MIN, INT64_MAX);
    CHECK_I64(sh_rng_between(&rng, 5, 5), 5);
    CHECK_I64(sh_rng_below(&rng, 1), 0);
}

static void forks_are_named_streams(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, 1);
    const struct sh_rng before = rng;
    struct sh_rng a = sh_rng_fork(&rng, SH_STR("a")), a2 = sh_rng_fork(&rng, SH_STR("a"));
    struct sh_rng b = sh_rng_fork(&rng, SH_STR("b")), n = sh_rng_fork_n(&rng, 7), m = sh_rng_fork_n(&rng, 8);
    CHECK(memcmp(&before, &rng, sizeof(rng)) == 0);
    CHECK(sh_rng_next(&a) == sh_rng_next(&a2));
    CHECK(sh_rng_next(&a) != sh_rng_next(&b));
    CHECK(sh_rng_next(&n) != sh_rng_next(&m));
}

CHECK_MAIN(cmocka_unit_test(the_stream_is_the_published_one), cmocka_unit_test(bounded_numbers_are_even),
           cmocka_unit_test(forks_are_named_streams))
