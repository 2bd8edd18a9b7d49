/* Goal: as test_walk.c, over 10,000 walks; every edge is taken, by people or by the law. CHECK_WALKS: another
 * number. */
#include "matter/walker.h"

static void thousands_of_walks_end_and_take_every_edge(void **state) {
    (void)state;
    const char *text = getenv("CHECK_WALKS");
    const uint64_t n = text ? strtoull(text, NULL, 10) : 10000;
    struct walker *w = walker_new(4711);
    for (uint64_t i = 0; i < n; i++)
        walk(w, i);
    check_office(w);
    CHECK_I64((int64_t)edges_left(w), 0);
    office_drop(&w->o);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(thousands_of_walks_end_and_take_every_edge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
