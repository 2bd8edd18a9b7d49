#include "base/err.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where to end a text of SH_ERR_MESSAGE_MAX - 1 bytes so that no character is cut: step back over the
 * continuation bytes to the lead byte, and keep the character only if all of it is there. */
static size_t whole_characters(const char *text, size_t len) {
    size_t lead = len;
    while (lead > 0 && len - lead < 4 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (lead == 0)
        return len;
    const unsigned char first = (unsigned char)text[lead - 1];
    const size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return len - (lead - 1) >= need ? len : lead - 1;
}

/* Formats into room of the caller's, as the old message may be among the values. */
static void SH_PRINTF(2, 0) write_message(char out[SH_ERR_MESSAGE_MAX], const char *format, va_list values) {
    const int n = vsnprintf(out, SH_ERR_MESSAGE_MAX, format, values);
    if (n < 0)
        (void)snprintf(out, SH_ERR_MESSAGE_MAX, "(no message: %s)", "bad format");
    else if (n >= SH_ERR_MESSAGE_MAX)
        out[whole_characters(out, SH_ERR_MESSAGE_MAX - 1)] = '\0';
}

/* head + tail into err->message, cut to whole characters. tail may not be err->message. */
static void join(struct sh_err *err, const char *head, const char *tail) {
    const size_t head_len = strlen(head), tail_len = strlen(tail);
    const size_t room = SH_ERR_MESSAGE_MAX - 1 - head_len;
    memcpy(err->message, head, head_len);
    memcpy(err->message + head_len, tail, tail_len < room ? tail_len : room);
    const size_t len = head_len + (tail_len < room ? tail_len : room);
    err->message[tail_len <= room ? len : whole_characters(err->message, len)] = '\0';
}

sh_code(sh_fail)(struct sh_err *err, sh_code code, const char *format, ...) {
    sh_check(code != SH_OK);
    if (!err)
        return code;
    char message[SH_ERR_MESSAGE_MAX];
    va_list values;
    va_start(values, format);
    write_message(message, format, values);
    va_end(values);
    err->code = code;
    memcpy(err->message, message, strlen(message) + 1);
    return code;
}

static sh_code code_of_errno(int number) {
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return SH_E_FULL;
    case ENOENT:
        return SH_E_NOTFOUND;
    case EEXIST:
        return SH_E_CONFLICT;
    case ENOMEM:
        return SH_E_NOMEM;
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
        return SH_E_BUSY;
    default:
        return SH_E_IO;
    }
}

sh_code(sh_fail_errno)(struct sh_err *err, const char *format, ...) {
    const int number = errno;
    const sh_code code = code_of_errno(number);
    if (!err)
        return code;
    char head[SH_ERR_MESSAGE_MAX], reason[128], tail[160];
    va_list values;
    va_start(values, format);
    write_message(head, format, values);
    va_end(values);
    (void)snprintf(tail, sizeof(tail), ": %s", strerror_r(number, reason, sizeof(reason)));
    err->code = code;
    join(err, head, tail);
    errno = number;
    return code;
}

sh_code(sh_err_prefix)(struct sh_err *err, const char *format, ...) {
    if (!err)
        return SH_E_INTERNAL;
    char head[SH_ERR_MESSAGE_MAX], tail[SH_ERR_MESSAGE_MAX];
    memcpy(tail, err->message, strlen(err->message) + 1);
    va_list values;
    va_start(values, format);
    write_message(head, format, values);
    va_end(values);
    join(err, head, tail);
    sh_check(err->code != SH_OK);
    return err->code;
}

sh_code(sh_err_wrap)(struct sh_err *err, sh_code code, const char *format, ...) {
    sh_check(code != SH_OK);
    if (!err)
        return code;
    char head[SH_ERR_MESSAGE_MAX], tail[SH_ERR_MESSAGE_MAX];
    memcpy(tail, err->message, strlen(err->message) + 1);
    va_list values;
    va_start(values, format);
    write_message(head, format, values);
    va_end(values);
    err->code = code;
    join(err, head, tail);
    return code;
}

const char *sh_code_name(sh_code code) {
    static const char *const names[] = {
        "ok",       "input",    "nomem",   "overflow", "io",          "full",      "busy",
        "notfound", "conflict", "corrupt", "limit",    "unsupported", "cancelled", "internal",
    };
    const size_t i = (size_t)code;
    return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

void sh_check_failed(const char *what, const char *file, int line) {
    (void)fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    abort();
}
