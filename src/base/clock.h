/* The one clock. Passed in, so that a test or a replay can set the time. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/** All zero is the system's clock. */
struct sh_clock {
    bool is_fixed;
    int64_t fixed_utc; /* seconds since 1970 UTC */
};
/**
 * A clock for main(): fixed when the environment has SHOUHU_CLOCK ("2025-03-01" or "2025-03-01 08:00:00",
 * Shanghai time), else the system's. Errors: SH_E_INPUT the variable is no time.
 */
SH_MUST sh_code sh_clock_from_env(struct sh_clock *ret, struct sh_err *err);
/** Seconds since 1970 UTC. clock NULL: the system's. */
int64_t sh_clock_now(const struct sh_clock *clock);
/** What Asia/Shanghai is ahead of UTC. */
enum { SH_SHANGHAI_SECONDS = 8 * 3600 };
/** Wall clock seconds and date in Asia/Shanghai (UTC+8, no summer time). */
int64_t sh_clock_now_shanghai(const struct sh_clock *clock);
int32_t sh_clock_today_shanghai(const struct sh_clock *clock);
/** Nanoseconds that only go forward; for measuring. Never fixed. */
int64_t sh_monotonic_ns(void);
