/* Goal: memory is zeroed, aligned, bounded, reused; nothing is lost between blocks. */
#include "base/arena.h"
#include "base/limits.h"
#include "check.h"

static void memory_is_zeroed_and_aligned(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(1));
    for (size_t i = 0; i < 20000; i++) {
        const size_t align = (size_t)1 << sh_rng_below(&rng, 9), size = sh_rng_below(&rng, 300);
        unsigned char *p = sh_arena_alloc(&arena, size, align);
        CHECK(p && ((uintptr_t)p & (align - 1)) == 0);
        for (size_t j = 0; j < size; j++)
            if (p[j] != 0)
                fail_msg("byte %zu of %zu is not zero", j, size);
        memset(p, 0xa5, size);
        if (i == 10000)
            sh_arena_reset(&arena);
    }
}

static void allocations_do_not_overlap(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    enum { N = 3000 };
    unsigned char **pieces = sh_new(&arena, unsigned char *, N);
    for (size_t i = 0; i < N; i++) {
        pieces[i] = sh_new(&arena, unsigned char, 1 + i % 400);
        memset(pieces[i], (int)(i % 251), 1 + i % 400);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < 1 + i % 400; j++)
            if (pieces[i][j] != i % 251)
                fail_msg("piece %zu was overwritten", i);
}

static void the_limit_holds(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = 100000};
    size_t got = 0;
    while (sh_arena_alloc(&arena, 1000, 8))
        got += 1000;
    CHECK(got > 90000 && got <= 100000);
    CHECK(arena.held_bytes <= 100000);
    volatile size_t huge = SIZE_MAX; /* volatile: gcc would see that it is too much */
    CHECK(sh_arena_alloc(&arena, huge, 8) == NULL);
    CHECK(sh_arena_alloc(&arena, huge - 7, 8) == NULL);
    volatile size_t many = SIZE_MAX / 4;
    CHECK(sh_new(&arena, int64_t, many) == NULL);
    sh_arena_reset(&arena);
    CHECK(sh_arena_alloc(&arena, 1000, 8) != NULL);
}

static void rewind_gives_the_room_again(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char *kept = sh_arena_dup(&arena, "kept", 4);
    const struct sh_arena_mark mark = sh_arena_mark(&arena);
    size_t held = 0;
    for (size_t round = 0; round < 50; round++) {
        for (size_t i = 0; i < 100; i++)
            CHECK(sh_arena_alloc(&arena, 5000, 8) != NULL);
        sh_arena_rewind(&arena, mark);
        if (round == 0)
            held = arena.held_bytes;
    }
    CHECK_I64(arena.held_bytes, held);
    CHECK_TEXT(kept, "kept");
}

static void a_mark_of_an_empty_arena_rewinds_to_nothing(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_arena_mark mark = sh_arena_mark(&arena);
    sh_arena_rewind(&arena, mark);
    CHECK(sh_arena_alloc(&arena, 10, 1) != NULL);
    sh_arena_rewind(&arena, mark);
    CHECK(sh_arena_alloc(&arena, 10, 1) != NULL);
}

static void text_is_copied_and_formatted(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    CHECK_TEXT(sh_arena_dup(&arena, "abc", 2), "ab");
    CHECK_TEXT(sh_arena_dup(&arena, NULL, 0), "");
    size_t len = 0;
    CHECK_TEXT(sh_arena_printf(&arena, &len, "%d-%s", 12, "x"), "12-x");
    CHECK_I64(len, 4);
}

static void a_large_piece_gets_its_own_block(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char *small = sh_arena_alloc(&arena, 10, 1);
    char *large = sh_arena_alloc(&arena, 3 * SH_ARENA_BLOCK_BYTES_MAX, 4096);
    CHECK(small && large);
    large[3 * SH_ARENA_BLOCK_BYTES_MAX - 1] = 1;
    sh_arena_free(NULL);
}

static void a_failing_allocation_leaves_the_arena_usable(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    sh_alloc_fail_at(1);
    CHECK(sh_arena_alloc(&arena, 10, 1) == NULL);
    CHECK(sh_alloc_has_failed());
    sh_alloc_fail_at(0);
    CHECK(sh_arena_alloc(&arena, 10, 1) != NULL);
}

CHECK_MAIN(cmocka_unit_test(memory_is_zeroed_and_aligned), cmocka_unit_test(allocations_do_not_overlap),
           cmocka_unit_test(the_limit_holds), cmocka_unit_test(rewind_gives_the_room_again),
           cmocka_unit_test(a_mark_of_an_empty_arena_rewinds_to_nothing),
           cmocka_unit_test(text_is_copied_and_formatted), cmocka_unit_test(a_large_piece_gets_its_own_block),
           cmocka_unit_test(a_failing_allocation_leaves_the_arena_usable))
