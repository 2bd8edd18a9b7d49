#include "base/clock.h"
#include "base/date.h"
#include "base/str.h"

sh_code sh_clock_from_env(struct sh_clock *ret, struct sh_err *err) {
    const char *text = getenv("SHOUHU_CLOCK");
    if (!text || !*text) {
        *ret = (struct sh_clock){0};
        return SH_OK;
    }
    int64_t wall = 0;
    const sh_code code = sh_time_parse(sh_str_of(text), &wall, err);
    if (code != SH_OK)
        return sh_err_wrap(err, code, "SHOUHU_CLOCK: ");
    *ret = (struct sh_clock){.is_fixed = true, .fixed_utc = wall - SH_SHANGHAI_SECONDS};
    return SH_OK;
}

int64_t sh_clock_now(const struct sh_clock *clock) {
    if (clock && clock->is_fixed)
        return clock->fixed_utc;
    struct timespec now = {0};
    sh_check(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return now.tv_sec;
}

int64_t sh_clock_now_shanghai(const struct sh_clock *clock) {
    return sh_clock_now(clock) + SH_SHANGHAI_SECONDS;
}

int32_t sh_clock_today_shanghai(const struct sh_clock *clock) {
    return sh_day_of_time(sh_clock_now_shanghai(clock));
}

int64_t sh_monotonic_ns(void) {
    struct timespec now = {0};
    sh_check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
