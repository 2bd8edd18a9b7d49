/* Goal: as test_walk.c, over 10,000 walks; every edge is taken, by people or by the law. CHECK_WALKS: another
 * number; CHECK_SEED: another chance, so that several may share the walks. */
#include "matter/walker.h"

static uint64_t number_in(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void thousands_of_walks_end_and_take_every_edge(void **state) {
    (void)state;
    const uint64_t n = number_in("CHECK_WALKS", 10000);
    struct walker *w = walker_new(number_in("CHECK_SEED", 4711));
    for (uint64_t i = 0; i < n; i++) {
        if (i && i % 500 == 0)
            print_message("# %llu walks\n", (unsigned long long)i);
        walk(w, i);
    }
    check_office(w);
    CHECK_I64((int64_t)edges_left(w), 0);
    office_drop(&w->o);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(thousands_of_walks_end_and_take_every_edge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
