/* Log lines for machines and administrators: `2025-03-01T08:00:00Z info msg="import done" rows=12`. By
 * contract no personal data: ids of people, names, phones, bank accounts never go into a log. Libraries do
 * not log; main programs do. */
#pragma once
#include "base/clock.h"
#include "base/str.h"
#include <stdio.h>

typedef enum sh_log_level { SH_LOG_DEBUG, SH_LOG_INFO, SH_LOG_WARN, SH_LOG_ERROR } sh_log_level;
/** Where and from which level on. Borrowed file; lines of several threads do not mix. */
struct sh_log {
    FILE *file; /* NULL: nowhere */
    sh_log_level level;
    const struct sh_clock *clock; /* NULL: the system's */
};
/**
 * One line. fields: printf format of " key=value" pairs, or NULL; text values through %s should be quoted by
 * the caller with sh_log_quote. Control characters in the result are replaced by '?', so that a value cannot
 * forge a line. Cut at 4 KiB.
 */
void sh_log(const struct sh_log *log, sh_log_level level, const char *message, const char *fields, ...)
    SH_PRINTF(4, 5);
/** "…" with \" and \\ escaped, control characters as ?; cut to fit out [size >= 3]; gives out. */
const char *sh_log_quote(struct sh_str text, char *out, size_t size);
