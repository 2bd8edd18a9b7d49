/* Values of register fields: checked, made canonical, masked. */
#include "base/date.h"
#include "base/decimal.h"
#include "law/register.h"
#include "law/say.h"
#include <stdlib.h>

static sh_code keep(const char *text, size_t len, struct sh_arena *arena, struct sh_str *ret,
                    struct sh_err *err) {
    char *copy = sh_arena_dup(arena, text, len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for a value");
    *ret = (struct sh_str){copy, len};
    return SH_OK;
}

static sh_code check_text(const struct sh_field *field, struct sh_str text, sh_lang lang,
                          struct sh_err *err) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        const bool is_line = c == '\n' && field->has_lines;
        if ((c < 0x20 && !is_line) || c == 0x7f)
            return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, CONTROL));
    }
    const size_t n = sh_utf8_count(text);
    return n <= field->max ? SH_OK : sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, LONG), n, field->max);
}

static sh_code check_code(struct sh_str text, sh_lang lang, struct sh_err *err) {
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '-' && c != '_' && c != '.')
            return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, CODE));
    }
    return text.len <= 64 ? SH_OK : sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, CODE_LONG));
}

static sh_code check_choice(const struct sh_field *field, struct sh_str text, sh_lang lang,
                            struct sh_str *ret, struct sh_err *err) {
    for (size_t i = 0; i < field->n_choices; i++)
        if (sh_str_eq(text, field->choices[i].code) || sh_str_eq(text, field->choices[i].name)) {
            *ret = field->choices[i].code;
            return SH_OK;
        }
    return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, CHOICE), SH_ARG(text), field->n_choices,
                   SH_ARG(lang == SH_EN ? field->choices[0].code : field->choices[0].name));
}

static const char *of_number(sh_decimal_fault fault, sh_lang lang) {
    switch (fault) {
    case SH_DECIMAL_EMPTY:
        return FIELD_SAY(lang, NUMBER_EMPTY);
    case SH_DECIMAL_EXPONENT:
        return FIELD_SAY(lang, NUMBER_EXPONENT);
    case SH_DECIMAL_EXCESS:
        return FIELD_SAY(lang, NUMBER_EXCESS);
    case SH_DECIMAL_RANGE:
        return FIELD_SAY(lang, NUMBER_RANGE);
    case SH_DECIMAL_SYNTAX:
    case SH_DECIMAL_OK:
        break;
    }
    return FIELD_SAY(lang, NUMBER_SYNTAX);
}

static const char *of_date(sh_date_fault fault, sh_lang lang) {
    switch (fault) {
    case SH_DATE_EMPTY:
        return FIELD_SAY(lang, DATE_EMPTY);
    case SH_DATE_IMPOSSIBLE:
        return FIELD_SAY(lang, DATE_IMPOSSIBLE);
    case SH_DATE_RANGE:
        return FIELD_SAY(lang, DATE_RANGE);
    case SH_DATE_SYNTAX:
    case SH_DATE_OK:
        break;
    }
    return FIELD_SAY(lang, DATE_SYNTAX);
}

static sh_code check_int(const struct sh_field *field, struct sh_str text, sh_lang lang,
                         struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    int64_t v = 0;
    if (sh_decimal_scan(text.at, text.len, 0, &v) != SH_DECIMAL_OK)
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, INT));
    if (v < field->low || v > field->high)
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, INT_RANGE), (long long)v, (long long)field->low,
                       (long long)field->high);
    char out[SH_DECIMAL_TEXT_MAX];
    return keep(out, sh_decimal_format(v, 0, 0, out), arena, ret, err);
}

static sh_code check_decimal(struct sh_str text, int scale, int min_decimals, sh_lang lang,
                             struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    int64_t v = 0;
    const sh_decimal_fault fault = sh_decimal_scan(text.at, text.len, scale, &v);
    if (fault != SH_DECIMAL_OK)
        return sh_fail(err, SH_E_INPUT, "%s", of_number(fault, lang));
    char out[SH_DECIMAL_TEXT_MAX];
    return keep(out, sh_decimal_format(v, scale, min_decimals, out), arena, ret, err);
}

static sh_code check_date(struct sh_str text, sh_lang lang, struct sh_arena *arena, struct sh_str *ret,
                          struct sh_err *err) {
    int32_t day = 0;
    const sh_date_fault fault = sh_date_scan(text.at, text.len, &day);
    if (fault != SH_DATE_OK)
        return sh_fail(err, SH_E_INPUT, "%s", of_date(fault, lang));
    char out[SH_DATE_TEXT_MAX];
    return keep(out, sh_date_format(day, out), arena, ret, err);
}

static sh_code check_bool(struct sh_str text, sh_lang lang, struct sh_str *ret, struct sh_err *err) {
    static const char *const yes[] = {"true", "是", "1"}, *const no[] = {"false", "否", "0"};
    for (size_t i = 0; i < 3; i++) {
        if (sh_str_is(text, yes[i])) {
            *ret = SH_STR("true");
            return SH_OK;
        }
        if (sh_str_is(text, no[i])) {
            *ret = SH_STR("false");
            return SH_OK;
        }
    }
    return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, BOOL));
}

static bool all_digits(struct sh_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

static sh_code check_place(struct sh_str text, sh_lang lang, struct sh_err *err) {
    const bool is_length = text.len == 2 || text.len == 4 || text.len == 6 || text.len == 9 || text.len == 12;
    return is_length && all_digits(text) ? SH_OK : sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, PLACE));
}

static sh_code upper(struct sh_str text, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    char *out = sh_arena_dup(arena, text.at, text.len);
    if (!out)
        return sh_fail(err, SH_E_NOMEM, "no room for a value");
    for (size_t i = 0; i < text.len; i++)
        if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 'a' + 'A');
    *ret = (struct sh_str){out, text.len};
    return SH_OK;
}

/* GB 32100-2015: weights 3^i mod 31 over an alphabet without I, O, S, V, Z. */
static sh_code check_uscc(struct sh_str text, sh_lang lang, struct sh_arena *arena, struct sh_str *ret,
                          struct sh_err *err) {
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    if (text.len != 18)
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, USCC));
    SH_TRY(upper(text, arena, ret, err));
    unsigned sum = 0, weight = 1, check = 0;
    for (size_t i = 0; i < 18; i++) {
        const char *at = strchr(alphabet, ret->at[i]);
        if (!at || *at == '\0')
            return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, USCC_CHARACTER), i + 1);
        const unsigned value = (unsigned)(at - alphabet);
        if (i < 17)
            sum += value * weight, weight = weight * 3 % 31;
        else
            check = value;
    }
    return (31 - sum % 31) % 31 == check ? SH_OK : sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, NO_CHECK));
}

/* GB 11643-1999, ISO 7064 MOD 11-2; the birthday inside must exist. */
static sh_code check_idcard(struct sh_str text, sh_lang lang, struct sh_arena *arena, struct sh_str *ret,
                            struct sh_err *err) {
    static const unsigned weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    if (text.len != 18 || !all_digits(sh_str_sub(text, 0, 17)))
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, IDCARD));
    SH_TRY(upper(text, arena, ret, err));
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += (unsigned)(ret->at[i] - '0') * weights[i];
    static const char checks[] = "10X98765432";
    if (ret->at[17] != checks[sum % 11])
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, NO_CHECK));
    int32_t day = 0;
    if (sh_date_scan(ret->at + 6, 8, &day) != SH_DATE_OK)
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, IDCARD_BIRTHDAY));
    return SH_OK;
}

static sh_code check_phone(struct sh_str text, sh_lang lang, struct sh_err *err) {
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (!((c >= '0' && c <= '9') || c == '-' || c == '+'))
            return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, PHONE));
    }
    return text.len >= 5 && text.len <= 20 ? SH_OK : sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, PHONE_LENGTH));
}

sh_code sh_field_check(const struct sh_field *field, struct sh_str text, sh_lang lang, struct sh_arena *arena,
                       struct sh_str *ret, struct sh_err *err) {
    text = sh_str_trim(text);
    *ret = text;
    if (text.len == 0)
        return SH_OK;
    if (!sh_utf8_valid(text))
        return sh_fail(err, SH_E_INPUT, FIELD_SAY(lang, UTF8));
    switch (field->type) {
    case SH_FIELD_TEXT:
        return check_text(field, text, lang, err);
    case SH_FIELD_CODE:
    case SH_FIELD_REF:
        return check_code(text, lang, err);
    case SH_FIELD_CHOICE:
        return check_choice(field, text, lang, ret, err);
    case SH_FIELD_DATE:
        return check_date(text, lang, arena, ret, err);
    case SH_FIELD_INT:
        return check_int(field, text, lang, arena, ret, err);
    case SH_FIELD_MONEY:
        return check_decimal(text, 2, 2, lang, arena, ret, err);
    case SH_FIELD_DECIMAL:
        return check_decimal(text, 6, 0, lang, arena, ret, err);
    case SH_FIELD_BOOL:
        return check_bool(text, lang, ret, err);
    case SH_FIELD_PLACE:
        return check_place(text, lang, err);
    case SH_FIELD_USCC:
        return check_uscc(text, lang, arena, ret, err);
    case SH_FIELD_IDCARD:
        return check_idcard(text, lang, arena, ret, err);
    case SH_FIELD_PHONE:
        return check_phone(text, lang, err);
    case SH_FIELD_TYPES:
        break;
    }
    return sh_fail(err, SH_E_INTERNAL, "field type %d", (int)field->type);
}

/* 张三丰 → 张**; 3101…1234 keeps four at each end; short numbers keep nothing. */
struct sh_str sh_field_mask(const struct sh_field *field, struct sh_str value, struct sh_arena *arena) {
    const size_t n = sh_utf8_count(value);
    char *out = sh_new(arena, char, value.len + 1);
    if (!out || n == 0)
        return (struct sh_str){"", 0};
    const size_t head = field->mask == SH_MASK_NAME                ? (n > 1)
                        : field->mask == SH_MASK_NUMBER && n >= 11 ? 4
                                                                   : 0;
    const size_t tail = field->mask == SH_MASK_NUMBER && n >= 11 ? 4 : 0;
    size_t len = 0, offset = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t from = offset;
        (void)sh_utf8_next(value, &offset);
        if (i < head || i >= n - tail) {
            memcpy(out + len, value.at + from, offset - from);
            len += offset - from;
        } else {
            out[len++] = '*';
        }
    }
    if (field->mask == SH_MASK_ALL)
        len = len < 3 ? len : 3; /* not even the length is told */
    return (struct sh_str){out, len};
}
