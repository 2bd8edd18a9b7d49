/* Goal: a fixed clock stands still; the system's runs in Shanghai time. */
#include "base/clock.h"
#include "base/date.h"
#include "check.h"

static void a_fixed_clock_stands(void **state) {
    (void)state;
    struct sh_clock clock;
    struct sh_err err;
    CHECK_I64(setenv("SHOUHU_CLOCK", "2025-03-01 07:30:00", 1), 0);
    CHECK_OK(sh_clock_from_env(&clock, &err), &err);
    CHECK_I64(sh_clock_today_shanghai(&clock), sh_days_of(2025, 3, 1));
    CHECK_I64(sh_day_of_time(sh_clock_now(&clock)), sh_days_of(2025, 2, 28)); /* still February in UTC */
    CHECK_I64(sh_clock_now_shanghai(&clock) - sh_clock_now(&clock), 28800);
    CHECK_I64(setenv("SHOUHU_CLOCK", "noon", 1), 0);
    CHECK_CODE(sh_clock_from_env(&clock, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "SHOUHU_CLOCK: ");
    CHECK_I64(unsetenv("SHOUHU_CLOCK"), 0);
    CHECK_OK(sh_clock_from_env(&clock, &err), &err);
    CHECK(!clock.is_fixed);
}

static void the_system_clock_goes_on(void **state) {
    (void)state;
    CHECK(sh_clock_now(NULL) > 1700000000);
    const int64_t first = sh_monotonic_ns();
    CHECK(sh_monotonic_ns() >= first);
}

CHECK_MAIN(cmocka_unit_test(a_fixed_clock_stands), cmocka_unit_test(the_system_clock_goes_on))
