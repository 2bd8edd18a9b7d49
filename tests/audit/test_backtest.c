/* Goal: what a back-test says of reviewed findings, to people and to programs. */
#include "audit/audit.h"
#include "check.h"
#include <stdlib.h>

static struct sh_backtest of_rules(struct sh_backtest_group *all, size_t n) {
    return (struct sh_backtest){.all = all[0], .rules = {.at = all, .n = n}};
}

/* R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I: 81 of 263 is 25.53 to 36.62 %; ours is
 * rounded outwards. */
static void predicted_precision_stands_with_its_interval(void **state) {
    (void)state;
    struct sh_backtest_group group = {.key = SH_STR("r"), .now = 300, .upheld = 81, .rejected = 182};
    const struct sh_backtest backtest = of_rules(&group, 1);
    SH_CLEANUP(sh_buf_free) struct sh_buf json = {0};
    struct sh_err err;
    CHECK_OK(sh_audit_backtest_json(&backtest, &json, &err), &err);
    CHECK_HAS(json.at, "\"share\":\"30.80\",\"low\":\"25.52\",\"high\":\"36.63\"");
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    CHECK(out);
    sh_audit_print_backtest(&backtest, SH_EN, out);
    (void)fclose(out);
    CHECK_HAS(text, "| 81/182 | 30.80 % (25.52–36.63) |");
    free(text);
}

static void nothing_reviewed_says_nothing(void **state) {
    (void)state;
    struct sh_backtest_group group = {.key = SH_STR("r"), .now = 300, .lost_upheld = 7};
    const struct sh_backtest backtest = of_rules(&group, 1);
    SH_CLEANUP(sh_buf_free) struct sh_buf json = {0};
    struct sh_err err;
    CHECK_OK(sh_audit_backtest_json(&backtest, &json, &err), &err);
    CHECK_HAS(json.at, "\"share\":null,\"low\":null,\"high\":null");
}

CHECK_MAIN(cmocka_unit_test(predicted_precision_stands_with_its_interval),
           cmocka_unit_test(nothing_reviewed_says_nothing))
