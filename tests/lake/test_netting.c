/* Goal: refunds reduce the lines they belong to, whatever came first; random encounters as a slow and plain
 * matcher says. */
#include "lake/netting.h"
#include "lake_fixture.h"

#define L SH_TABLE_LINE

static void check_netting(const char *dir, int32_t as_known, const char *want) {
    static const char *const columns[] = {"id", "quantity", "amount", "covered", "refund_line"};
    char *text = fixture_dump(dir, L, columns, 5, as_known);
    check_str_(sh_str_of(text), sh_str_of(want), "lines", __FILE__, __LINE__);
    sh_free(text);
}

#define LINE(id, rest)                                                                                       \
    { L, "person=p1 institution=H1 encounter_key=m1 id=" id " item=X1 unit_price=5 " rest }

static void a_named_refund_reduces_its_line(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct fixture_row rows[] = {
        LINE("b1", "time=2026-01-01 charged_quantity=3 charged_amount=15 charged_covered=12"),
        LINE("b2",
             "time=2026-01-02 charged_quantity=3 charged_amount=15 self_paid=1 over_ceiling=0 prepaid=2"),
        LINE("r1", "time=2026-01-03 charged_quantity=-1 charged_amount=-5 charged_covered=-4 refund_of=b1"),
    };
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), rows, &result, &err), &err);
    CHECK_I64(result.tables[L].landed, 3);
    check_netting(dir, INT32_MAX, "b1|20000|1000|800|0\nb2|30000|1500|1200|0\nr1|0|0|0|1\n");
    fixture_remove(dir);
}

static void a_free_refund_takes_the_equal_rest_else_the_latest(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct fixture_row rows[] = {
        LINE("b1", "time=2026-01-01 charged_quantity=2 charged_amount=10 charged_covered=10"),
        LINE("b2", "time=2026-01-02 charged_quantity=4 charged_amount=20 charged_covered=20"),
        LINE("b3", "time=2026-01-05 charged_quantity=2 charged_amount=10 charged_covered=10"),
        LINE("r1", "time=2026-01-03 charged_quantity=-2 charged_amount=-10 charged_covered=-10"),
        LINE("r2", "time=2026-01-04 charged_quantity=-3 charged_amount=-15 charged_covered=-15"),
        LINE("r3", "time=2026-01-04T10:00 charged_quantity=-3 charged_amount=-15 charged_covered=-15"),
    };
    CHECK_OK(FIXTURE_IMPORT(fixture_options(dir), rows, &result, &err), &err);
    /* r1 = b1 whole; r2 takes 3 of b2; r3 gets the last one of b2, b3 is later than it: two are left without
     * a line */
    check_netting(dir, INT32_MAX,
                  "b1|0|0|0|0\nb2|0|0|0|0\nr1|0|0|0|1\nr2|0|0|0|1\nr3|0|0|0|1\nb3|20000|1000|1000|0\n");
    fixture_remove(dir);
}

static void an_orphan_finds_its_line_in_a_later_batch(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct fixture_row first[] = {
        LINE("r1", "time=2026-01-03 charged_quantity=-1 charged_amount=-5 charged_covered=-5 refund_of=b1")};
    const struct fixture_row second[] = {
        LINE("b1", "time=2026-01-01 charged_quantity=3 charged_amount=15 charged_covered=12")};
    struct sh_import_options options = fixture_options(dir);
    CHECK_OK(FIXTURE_IMPORT(options, first, &result, &err), &err);
    check_netting(dir, INT32_MAX, "r1|-10000|-500|-500|2\n");
    options.known_day++;
    CHECK_OK(FIXTURE_IMPORT(options, second, &result, &err), &err);
    check_netting(dir, INT32_MAX, "b1|20000|1000|700|0\nr1|0|0|0|1\n");
    check_netting(dir, options.known_day - 1, "r1|-10000|-500|-500|2\n");
    options.withdrawal = true, options.reason = "r", options.by = "b", options.approved_by = "chief",
    options.known_day++;
    CHECK_OK(FIXTURE_IMPORT(options, first, &result, &err), &err);
    CHECK_I64(result.tables[L].withdrawn, 1);
    check_netting(dir, INT32_MAX, "b1|30000|1500|1200|0\n");
    check_netting(dir, options.known_day - 1, "b1|20000|1000|700|0\nr1|0|0|0|1\n");
    fixture_remove(dir);
}

/* ---- property: as a plain matcher says
 * ----------------------------------------------------------------------------------------- */

/* Quantities only, refund by refund, choosing by looking at every line each time. taken[refund][line], orphan
 * in taken[refund][n]. */
static void plain_match(const struct sh_net_line *lines, size_t n, int64_t taken[][40]) {
    int64_t rest[40];
    for (size_t i = 0; i < n; i++)
        rest[i] = lines[i].quantity;
    for (int named = 1; named >= 0; named--)
        for (size_t r = 0; r < n; r++) {
            if (lines[r].quantity >= 0 || (lines[r].refund_of.len > 0) != named)
                continue;
            int64_t due = -lines[r].quantity;
            while (due > 0) {
                size_t best = n;
                for (size_t i = 0; i < n; i++) {
                    if (lines[i].quantity < 0 || rest[i] <= 0)
                        continue;
                    if (named ? !sh_str_eq(lines[i].id, lines[r].refund_of)
                              : lines[i].item != lines[r].item || lines[i].price != lines[r].price ||
                                    lines[i].time > lines[r].time)
                        continue;
                    if (best == n || (rest[i] == due && due == -lines[r].quantity) ||
                        !(rest[best] == due && due == -lines[r].quantity))
                        best = i;
                }
                const int64_t part = best == n || rest[best] > due ? due : rest[best];
                taken[r][best] += part;
                if (best < n)
                    rest[best] -= part;
                due -= part;
            }
        }
}

static void random_encounters_match_as_the_plain_matcher(void **state) {
    (void)state;
    struct sh_rng rng;
    struct sh_err err;
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                      "i", "j", "k", "l", "m", "n", "o", "p"};
    sh_rng_seed(&rng, check_seed(20260701));
    for (int round = 0; round < 20000; round++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_net_line lines[16] = {0};
        int64_t want[40][40] = {{0}}, is[40][40] = {{0}};
        const size_t n = 1 + sh_rng_below(&rng, 16);
        int64_t amount = 0;
        for (size_t i = 0; i < n; i++) {
            const bool refund = sh_rng_chance(&rng, 350000);
            lines[i] = (struct sh_net_line){.id = sh_str_of(ids[i]),
                                            .item = (int32_t)sh_rng_below(&rng, 2),
                                            .price = (int64_t)sh_rng_below(&rng, 2),
                                            .time = (int64_t)i / 2,
                                            .quantity = sh_rng_between(&rng, 1, 5) * (refund ? -1 : 1)};
            lines[i].amount = lines[i].covered = lines[i].quantity * 7;
            if (refund && sh_rng_chance(&rng, 300000))
                lines[i].refund_of = sh_str_of(ids[sh_rng_below(&rng, n)]);
            amount += refund ? -lines[i].amount : 0;
        }
        struct sh_net_match *matches = NULL;
        size_t n_matches = 0;
        CHECK_OK(sh_net_encounter(lines, n, &arena, &matches, &n_matches, &err), &err);
        for (size_t m = 0; m < n_matches; m++) {
            is[matches[m].refund][matches[m].line == SH_NET_ORPHAN ? n : matches[m].line] +=
                matches[m].quantity;
            amount -= matches[m].amount;
        }
        CHECK_I64(amount, 0);
        plain_match(lines, n, want);
        for (size_t r = 0; r < n; r++)
            for (size_t i = 0; i <= n; i++)
                CHECK_I64(is[r][i], want[r][i]);
    }
}

CHECK_MAIN(cmocka_unit_test(a_named_refund_reduces_its_line),
           cmocka_unit_test(a_free_refund_takes_the_equal_rest_else_the_latest),
           cmocka_unit_test(an_orphan_finds_its_line_in_a_later_batch),
           cmocka_unit_test(random_encounters_match_as_the_plain_matcher))
