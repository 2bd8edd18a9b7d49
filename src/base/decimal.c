#include "base/decimal.h"
#include "base/limits.h"
#include "base/money.h"
#include <string.h>

static const int64_t powers[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

int64_t sh_pow10(int n) {
    sh_check(n >= 0 && n <= SH_DECIMAL_SCALE_MAX);
    return powers[n];
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits into an unsigned value that may grow to 2^63; false when it would go beyond. */
static bool push_digit(uint64_t *value, char c) {
    const uint64_t most = (uint64_t)INT64_MAX + 1, digit = (uint64_t)(c - '0');
    if (*value > (most - digit) / 10)
        return false;
    *value = *value * 10 + digit;
    return true;
}

static sh_decimal_fault finish(uint64_t value, bool is_negative, int64_t *ret) {
    if (value > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return SH_DECIMAL_RANGE;
    *ret = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return SH_DECIMAL_OK;
}

/* What an alien byte in or behind a number means. */
static sh_decimal_fault alien(const char *at, const char *end, bool has_digits) {
    if (has_digits && (*at == 'e' || *at == 'E') && at + 1 < end &&
        (is_digit(at[1]) || at[1] == '+' || at[1] == '-'))
        return SH_DECIMAL_EXPONENT;
    return SH_DECIMAL_SYNTAX;
}

/* Decimals from `at` on: the first `scale` into value (padded with zeros), the rest must be zeros. Faults
 * that lie in the form win over those of the value, so that the answer does not depend on the order of
 * checks. */
static sh_decimal_fault scan_decimals(const char **at, const char *end, int scale, uint64_t *value,
                                      bool *fits) {
    bool has_excess = false;
    int n = 0;
    for (; *at < end && is_digit(**at); (*at)++) {
        if (n < scale)
            *fits = *fits && push_digit(value, **at), n++;
        else
            has_excess = has_excess || **at != '0';
    }
    for (; n < scale; n++)
        *fits = *fits && push_digit(value, '0');
    return has_excess ? SH_DECIMAL_EXCESS : SH_DECIMAL_OK;
}

/* Any text; the fast path below has failed. */
static __attribute__((noinline)) sh_decimal_fault scan_any(const char *at, const char *end, int scale,
                                                           int64_t *ret) {
    while (at < end && *at == ' ')
        at++;
    while (end > at && end[-1] == ' ')
        end--;
    if (at == end)
        return SH_DECIMAL_EMPTY;
    const bool is_negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    uint64_t value = 0;
    bool fits = true;
    const char *digits = at;
    for (; at < end && is_digit(*at); at++)
        fits = fits && push_digit(&value, *at);
    size_t n_digits = (size_t)(at - digits);
    const bool has_point = at < end && *at == '.';
    if (has_point)
        at++;
    const char *decimals = at;
    const sh_decimal_fault fault = scan_decimals(&at, end, scale, &value, &fits);
    n_digits += (size_t)(at - decimals);
    if (at < end)
        return alien(at, end, n_digits > 0);
    if (n_digits == 0 || (has_point && at == decimals && n_digits == 0))
        return SH_DECIMAL_SYNTAX;
    if (fault != SH_DECIMAL_OK)
        return fault;
    return fits ? finish(value, is_negative, ret) : SH_DECIMAL_RANGE;
}

sh_decimal_fault sh_decimal_scan(const char *at, size_t len, int scale, int64_t *ret) {
    sh_check(scale >= 0 && scale <= SH_DECIMAL_SCALE_MAX);
    if (len == 0)
        return SH_DECIMAL_EMPTY;
    const char *const begin = at, *const end = at + len;
    /* Fast path: up to 15 characters cannot overflow before scaling; digits, one point, at most `scale`
     * decimals. */
    if (len <= 15 && scale <= 3) {
        const bool is_negative = *at == '-';
        at += is_negative;
        uint64_t value = 0;
        const char *digits = at;
        while (at < end && is_digit(*at))
            value = value * 10 + (uint64_t)(*at++ - '0');
        int missing = scale;
        bool is_good = at > digits;
        if (at < end && *at == '.') {
            const char *decimals = ++at;
            while (at < end && is_digit(*at))
                value = value * 10 + (uint64_t)(*at++ - '0');
            missing -= (int)(at - decimals);
        }
        if (is_good && at == end && missing >= 0) {
            const int64_t magnitude = (int64_t)value * powers[missing];
            *ret = is_negative ? -magnitude : magnitude;
            return SH_DECIMAL_OK;
        }
    }
    return scan_any(begin, end, scale, ret);
}

const char *sh_decimal_fault_text(sh_decimal_fault fault) {
    switch (fault) {
    case SH_DECIMAL_OK:
        return "is a number";
    case SH_DECIMAL_EMPTY:
        return "is empty";
    case SH_DECIMAL_SYNTAX:
        return "is no plain decimal number";
    case SH_DECIMAL_EXPONENT:
        return "is written with an exponent, digits may be lost";
    case SH_DECIMAL_EXCESS:
        return "has too many decimals";
    case SH_DECIMAL_RANGE:
        return "is out of range";
    default:
        return "is not understood";
    }
}

sh_code sh_decimal_parse(struct sh_str s, int scale, int64_t *ret, struct sh_err *err) {
    const sh_decimal_fault fault = sh_decimal_scan(s.at, s.len, scale, ret);
    if (fault == SH_DECIMAL_OK)
        return SH_OK;
    const struct sh_str shown = sh_str_sub(s, 0, sh_utf8_cut(s, 60));
    const sh_code code = fault == SH_DECIMAL_RANGE ? SH_E_OVERFLOW : SH_E_INPUT;
    if (fault == SH_DECIMAL_EXCESS)
        return sh_fail(err, code, "\"%.*s\" has more than %d decimals", SH_ARG(shown), scale);
    return sh_fail(err, code, "\"%.*s\" %s", SH_ARG(shown), sh_decimal_fault_text(fault));
}

size_t sh_decimal_format(int64_t v, int scale, int min_decimals, char out[SH_DECIMAL_TEXT_MAX]) {
    sh_check(scale >= 0 && scale <= SH_DECIMAL_SCALE_MAX);
    sh_check(min_decimals >= 0 && min_decimals <= scale);
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int decimals = scale;
    for (; decimals > min_decimals && rest % 10 == 0; decimals--)
        rest /= 10;
    char text[SH_DECIMAL_TEXT_MAX], *const end = text + sizeof(text), *at = end; /* from the last digit on */
    for (int i = 0; i < decimals; i++, rest /= 10)
        *--at = (char)('0' + rest % 10);
    if (decimals > 0)
        *--at = '.';
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (v < 0)
        *--at = '-';
    const size_t n = (size_t)(end - at);
    memcpy(out, at, n);
    out[n] = '\0';
    return n;
}
