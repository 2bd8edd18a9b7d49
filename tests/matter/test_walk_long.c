/* Goal: as test_walk.c, over 3,000 walks; every step that people can take is taken. CHECK_WALKS: another
 * number. */
#include "matter/walker.h"

static void thousands_of_walks_end_and_take_every_step(void **state) {
    (void)state;
    const char *text = getenv("CHECK_WALKS");
    const uint64_t n = text ? strtoull(text, NULL, 10) : 3000;
    struct walker *w = walker_new(4711);
    for (uint64_t i = 0; i < n; i++)
        walk(w, i);
    check_money(w);
    check_edges(w, true);
    check_journal(&w->o);
    office_drop(&w->o);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(thousands_of_walks_end_and_take_every_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
