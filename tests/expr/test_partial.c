/* Goal: parts of an aggregate come to what the whole would, whatever is missing and wherever it was cut. */
#include "check.h"
#include "expr/node.h"

static void parts_join_as_the_whole(void **state) {
    (void)state;
    const sh_i128 missing = SH_WIDE_MISSING, none = SH_WIDE_NONE;
    CHECK(sh_partial_join(SH_PARTIAL_SUM, 2, 3) == 5);
    CHECK(sh_partial_join(SH_PARTIAL_SUM, 2, missing) == missing);
    CHECK(sh_partial_join(SH_PARTIAL_SUM, ((sh_i128)1 << 126), ((sh_i128)1 << 126)) ==
          missing); /* overflow */
    CHECK(sh_partial_join(SH_PARTIAL_LEAST, 2, 3) == 2);
    CHECK(sh_partial_join(SH_PARTIAL_MOST, 2, 3) == 3);
    CHECK(sh_partial_join(SH_PARTIAL_MOST, none, -3) == -3);
    CHECK(sh_partial_join(SH_PARTIAL_LEAST, -3, none) == -3);
    CHECK(sh_partial_join(SH_PARTIAL_LEAST, none, none) == none);
    CHECK(sh_partial_join(SH_PARTIAL_LEAST, none, missing) == missing);
    CHECK(sh_partial_join(SH_PARTIAL_ANY, missing, 1) == 1);
    CHECK(sh_partial_join(SH_PARTIAL_ANY, missing, 0) == missing);
    CHECK(sh_partial_join(SH_PARTIAL_EVERY, missing, 0) == 0);
    CHECK(sh_partial_join(SH_PARTIAL_EVERY, missing, 1) == missing);
}
static void an_empty_part_changes_nothing(void **state) {
    (void)state;
    static const enum sh_partial_kind kinds[] = {SH_PARTIAL_SUM, SH_PARTIAL_LEAST, SH_PARTIAL_MOST,
                                                 SH_PARTIAL_ANY, SH_PARTIAL_EVERY};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (sh_i128 v = 0; v < 2; v++) {
            CHECK(sh_partial_join(kinds[k], sh_partial_empty(kinds[k]), v) == v);
            CHECK(sh_partial_join(kinds[k], v, sh_partial_empty(kinds[k])) == v);
        }
}

CHECK_MAIN(cmocka_unit_test(parts_join_as_the_whole), cmocka_unit_test(an_empty_part_changes_nothing))
