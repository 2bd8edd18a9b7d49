#include "base/log.h"
#include "base/date.h"
#include <stdarg.h>

enum { LINE_MAX_BYTES = 4096 };

static const char *level_name(sh_log_level level) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return (size_t)level < 4 ? names[level] : "error";
}

const char *sh_log_quote(struct sh_str text, char *out, size_t size) {
    sh_check(size >= 3);
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < text.len;) {
        const uint32_t c = sh_utf8_next(text, &i);
        char piece[4];
        size_t len = 0;
        if (c == '"' || c == '\\')
            piece[len++] = '\\';
        len += sh_utf8_put(c < 0x20 || (c >= 0x7f && c < 0xa0) ? '?' : c, piece + len);
        if (n + len + 2 > size)
            break;
        memcpy(out + n, piece, len);
        n += len;
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

/* A value with a line break could forge a line of the log. */
static void blot_controls(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void sh_log(const struct sh_log *log, sh_log_level level, const char *message, const char *fields, ...) {
    if (!log || !log->file || level < log->level)
        return;
    char line[LINE_MAX_BYTES], time[SH_TIME_TEXT_MAX], quoted[1024];
    (void)sh_time_format_iso(sh_clock_now(log->clock), "Z", time);
    int n = snprintf(line, sizeof(line) - 1, "%s %s msg=%s", time, level_name(level),
                     sh_log_quote(sh_str_of(message), quoted, sizeof(quoted)));
    if (fields && n > 0 && (size_t)n < sizeof(line) - 2) {
        va_list values;
        va_start(values, fields);
        const size_t room = sizeof(line) - 2 - (size_t)n;
        const char *gap = fields[0] == ' ' ? "" : " ";
        n += snprintf(line + n, room, "%s", gap);
        (void)vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fields, values);
        va_end(values);
    }
    blot_controls(line);
    const struct sh_str whole = sh_str_of(line);
    const size_t len = sh_utf8_cut(whole, sizeof(line) - 2);
    line[len] = '\n';
    (void)fwrite(line, 1, len + 1, log->file); /* one call: stdio locks the file for it */
    (void)fflush(log->file);
}
