#include "base/msg.h"
#include <stdarg.h>

static bool is_neutral(struct sh_str name) {
    return sh_str_is(name, "C") || sh_str_is(name, "POSIX") || sh_str_starts_with(name, SH_STR("C."));
}

sh_lang sh_lang_from_env(void) {
    static const char *const names[] = {"SHOUHU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct sh_str value = sh_str_of(getenv(names[i]));
        if (value.len == 0 || is_neutral(value))
            continue;
        return sh_str_starts_with(value, SH_STR("en")) ? SH_EN : SH_ZH;
    }
    return SH_ZH;
}

void sh_msg_print(FILE *out, const struct sh_msg *catalogue, size_t id, sh_lang lang, ...) {
    va_list values;
    va_start(values, lang);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)vfprintf(out, sh_msg(catalogue, id, lang), values);
#pragma GCC diagnostic pop
    va_end(values);
}

sh_code sh_lang_parse(struct sh_str s, sh_lang *ret, struct sh_err *err) {
    if (sh_str_is(s, "zh"))
        *ret = SH_ZH;
    else if (sh_str_is(s, "en"))
        *ret = SH_EN;
    else
        return sh_fail(err, SH_E_INPUT, "language \"%.*s\" is neither zh nor en", SH_ARG(s));
    return SH_OK;
}

/* The conversion that follows *format, with its length and type ("s", "zu", "*d"), without flags and widths;
 * empty at the end. */
static struct sh_str next_conversion(const char **format, char out[16]) {
    size_t n = 0;
    const char *p = *format;
    for (;;) {
        p = strchr(p, '%');
        if (!p) {
            *format = "";
            return (struct sh_str){out, 0};
        }
        if (p[1] != '%')
            break;
        p += 2;
    }
    for (p++; *p && strchr("-+ #0123456789.*'", *p); p++)
        if (*p == '*' && n < 8)
            out[n++] = '*';
    while (*p && strchr("hljztL", *p) && n < 14)
        out[n++] = *p++;
    if (*p)
        out[n++] = *p++;
    *format = p;
    return (struct sh_str){out, n};
}

bool sh_msg_same_values(const struct sh_msg *msg) {
    const char *zh = msg->text[SH_ZH], *en = msg->text[SH_EN];
    char room_zh[16], room_en[16];
    for (;;) {
        const struct sh_str a = next_conversion(&zh, room_zh), b = next_conversion(&en, room_en);
        if (!sh_str_eq(a, b))
            return false;
        if (a.len == 0)
            return true;
    }
}
