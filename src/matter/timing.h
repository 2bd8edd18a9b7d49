/* Clocks that run: when they end by all that is known. Inner header. */
#pragma once
#include "matter/inner.h"

/* One run of a clock: from an event, with the length it started with. */
struct clock_run {
    int32_t event;      /* day */
    int64_t event_time; /* seconds of the wall clock, for lengths in hours */
    struct sh_length length;
};

const struct sh_clock_text *sh_clock_of(const struct work *w, struct sh_str id);
/* A length as a text writes it, or by a number of a place on the days that pick it. */
struct length_asked {
    struct sh_str length, param, place;
    struct sh_param_dates dates;
    sh_lang lang; /* of *ret_why */
};
/** *ret_why not empty: nobody has set the number, and who must; then *ret is not written. */
SH_MUST sh_code sh_length_asked(const struct sh_params *params, const struct length_asked *asked,
                                struct sh_arena *arena, struct sh_length *ret, struct sh_str *ret_why,
                                struct sh_err *err);
/** A length as written or by the number in force on the day of the step. *ret_why not empty: none is set. */
SH_MUST sh_code sh_length_in_force(struct work *w, struct sh_str length, struct sh_str param,
                                   struct sh_length *ret, struct sh_str *ret_why);
/** "5 wd": what sh_length_parse reads. In the arena. */
struct sh_str sh_length_text(struct sh_arena *arena, struct sh_length length);
/** The end by excluded time, extensions, the outer clock and the calendar as they stand. */
SH_MUST sh_code sh_clock_reckon(struct work *w, const struct sh_clock_text *clock,
                                const struct clock_run *run, struct sh_due *ret);
/** The instant, UTC; SH_NEVER while an excluded time is open. */
static inline int64_t sh_due_instant(const struct sh_due *due) {
    return due->is_open ? SH_NEVER : due->time - SH_SHANGHAI_SECONDS;
}
/** What keeps it from being certain: the calendar of a year; "" nothing. In the arena. */
struct sh_str sh_due_missing(struct work *w, const struct sh_due *due);
/** After a step: clocks whose text excludes or extends are reckoned again. */
SH_MUST sh_code sh_clocks_move(struct work *w);
/** The same of the parent, when this matter closed or opened. */
SH_MUST sh_code sh_clocks_move_parent(struct work *w);
/** The nearest end into the row of the matter. */
SH_MUST sh_code sh_clocks_settle(struct work *w);
