/* Goal: texts become exactly the value they say, or a reject with the right reason. */
#include "check.h"
#include "expr/expr.h"
#include "lake/typing.h"

static void check_type(enum sh_column_type type, const char *text, enum sh_reject_reason reason,
                       int64_t want) {
    const struct sh_lake_column column = {.name = "x", .type = type, .domain = "institution_level"};
    const struct sh_str in = sh_str_of(text);
    struct sh_type_fault fault = {0};
    size_t n_faults = 0;
    int64_t wide = 0;
    sh_type_column(&column, &in, 1, false, &wide, &fault, 5, &n_faults);
    print_message("# type %d \"%s\"\n", (int)type, text);
    CHECK_I64(fault.reason, reason);
    CHECK_I64(n_faults, reason != SH_REJECT_NONE);
    if (reason != SH_REJECT_NONE) {
        CHECK_I64(fault.output, 5);
        return;
    }
    const size_t size = sh_type_size(type);
    int32_t four;
    int8_t one;
    memcpy(&four, &wide, 4);
    memcpy(&one, &wide, 1);
    CHECK_I64(size == 8 ? wide : size == 4 ? four : one, want);
}
#define GIVES(type, text, want) check_type(SH_COLUMN_##type, text, SH_REJECT_NONE, want)
#define REFUSES(type, text, reason) check_type(SH_COLUMN_##type, text, SH_REJECT_##reason, 0)

static void numbers(void **state) {
    (void)state;
    GIVES(MONEY, "12.30", 1230);
    GIVES(MONEY, "-0.00", 0);
    GIVES(MONEY, "-5", -500);
    GIVES(MONEY, "1.0000", 100);
    GIVES(MONEY, "", SH_MISSING);
    REFUSES(MONEY, "1.005", DECIMAL_EXCESS);
    REFUSES(MONEY, "1,000.00", DECIMAL_SYNTAX);
    REFUSES(MONEY, "１２", DECIMAL_SYNTAX);
    REFUSES(MONEY, "1e5", DECIMAL_EXPONENT);
    REFUSES(MONEY, "99999999999999999999", DECIMAL_RANGE);
    REFUSES(MONEY, "-92233720368547758.08", DECIMAL_RANGE); /* would be the value that means missing */
    GIVES(PRICE, "3.141592", 3141592);
    REFUSES(PRICE, "3.1415926", DECIMAL_EXCESS);
    GIVES(QTY, "0.5", 5000);
    GIVES(INT, "40", 40);
    GIVES(INT, "40.0", 40);
    GIVES(INT, "", SH_MISSING_I32);
    REFUSES(INT, "38.5", DECIMAL_EXCESS);
    REFUSES(INT, "3000000000", DECIMAL_RANGE);
    REFUSES(INT, "-2147483648", DECIMAL_RANGE);
    GIVES(RATIO, "0.1", 1000);
}

static void dates_and_times(void **state) {
    (void)state;
    GIVES(DATE, "2026-01-28", 20481);
    GIVES(DATE, "20260128", 20481);
    GIVES(DATE, "2026-01-28 00:00:00", 20481);
    GIVES(DATE, "", SH_MISSING_I32);
    REFUSES(DATE, "2026-02-30", DATE_IMPOSSIBLE);
    REFUSES(DATE, "28.01.2026", DATE_SYNTAX);
    REFUSES(DATE, "0001-01-01", DATE_RANGE);
    GIVES(TIME, "2026-01-28 08:30:00", 20481LL * 86400 + 30600);
    GIVES(TIME, "2026-01-28", 20481LL * 86400);
    REFUSES(TIME, "2026-01-28 25:00:00", DATE_IMPOSSIBLE);
}

static void flags_and_levels(void **state) {
    (void)state;
    const char *const yes[] = {"1", "Y", "y", "是", "true", "TRUE"}, *const no[] = {"0", "N", "n", "否",
                                                                                    "false"};
    for (size_t i = 0; i < 6; i++)
        GIVES(FLAG, yes[i], 1);
    for (size_t i = 0; i < 5; i++)
        GIVES(FLAG, no[i], 0);
    GIVES(FLAG, "", SH_MISSING_I8);
    REFUSES(FLAG, "2", FLAG);
    REFUSES(FLAG, "有", FLAG);
    GIVES(LEVEL, "未定级", 0);
    GIVES(LEVEL, "三级", 3);
    REFUSES(LEVEL, "四级", LEVEL);
    const struct sh_lake_column column = {.name = "x", .type = SH_COLUMN_FLAG};
    const struct sh_str empty = {0};
    struct sh_type_fault fault = {0};
    size_t n = 0;
    int8_t flag = 7;
    sh_type_column(&column, &empty, 1, true, &flag, &fault, 0, &n);
    CHECK_I64(flag, 0); /* where the source is known to fill it */
}

static void exactness(void **state) {
    (void)state;
    const struct {
        const char *text;
        int8_t want;
    } cases[] = {{"", SH_MISSING_I8},        {"2026-01-28", 0},          {"20260128", 0},
                 {"2026-01-28 08:30:00", 1}, {"2026-01-28T00:00:00", 1}, {"20260128083000", 1},
                 {"2026年1月28日", 0},       {"202601280830", 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sh_str text = sh_str_of(cases[i].text);
        int8_t got = 9;
        sh_type_exact(&text, 1, &got);
        CHECK_I64(got, cases[i].want);
    }
}

static void reasons_have_texts(void **state) {
    (void)state;
    for (unsigned r = 1; r < SH_REJECT_REASONS; r++) {
        const struct sh_msg *msg = sh_reject_message(sh_reject_id((enum sh_reject_reason)r));
        CHECK(msg && msg->text[SH_ZH][0] && msg->text[SH_EN][0]);
    }
    CHECK(sh_reject_message("no such reason") == NULL);
}

CHECK_MAIN(cmocka_unit_test(numbers), cmocka_unit_test(dates_and_times), cmocka_unit_test(flags_and_levels),
           cmocka_unit_test(exactness), cmocka_unit_test(reasons_have_texts))
