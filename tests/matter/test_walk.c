/* Goal: whatever people press, every matter comes to an end, the journal verifies and money is conserved. */
#include "matter/walker.h"

enum { WALKS = 120 };

static void random_walks_end_and_leave_a_valid_journal(void **state) {
    (void)state;
    struct walker *w = walker_new(20260302);
    for (uint64_t i = 0; i < WALKS; i++)
        walk(w, i);
    check_office(w);
    print_message("# %llu tries, %llu steps taken\n", (unsigned long long)w->n_moves,
                  (unsigned long long)w->n_done);
    office_drop(&w->o);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_walks_end_and_leave_a_valid_journal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
