/* How far a long work is, on stderr: a bar on a terminal, a plain line every 10 seconds elsewhere (logs,
 * pipes). */
#pragma once
#include "base/msg.h"
#include "base/str.h"
#include <stdatomic.h>
#include <stdio.h>

/** One work. Several threads may step; only one thread (the one that began) may begin and end. */
struct sh_progress {
    FILE *file;        /* NULL: silent */
    const char *label; /* borrowed */
    const char *unit;  /* borrowed, e.g. "行", "rows" */
    sh_lang lang;
    bool is_terminal;
    int64_t begun_ns;
    uint64_t total; /* 0: unknown */
    atomic_uint_fast64_t done;
    atomic_int_fast64_t next_ns; /* when to draw next */
};
/**
 * Begin. file is usually stderr; total in units, 0 when unknown. A terminal is noticed by isatty, and not
 * believed when TERM=dumb. Draws nothing in the first second: short works stay quiet.
 */
void sh_progress_begin(struct sh_progress *p, FILE *file, sh_lang lang, const char *label, const char *unit,
                       uint64_t total);
/** n more are done. Cheap: an addition, a clock reading, seldom a line. Thread-safe. */
void sh_progress_step(struct sh_progress *p, uint64_t n);
/** Erase the bar; on a pipe one final line if anything was drawn. */
void sh_progress_end(struct sh_progress *p);
/** The line that would be shown, for `columns` of a terminal; gives its width in columns, <= columns. For
 * tests. */
size_t sh_progress_line(const struct sh_progress *p, int64_t now_ns, size_t columns, char *out, size_t size);
