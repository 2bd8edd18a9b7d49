#include "lake/typing.h"
#include "base/date.h"
#include "base/decimal.h"
#include "expr/expr.h"

size_t sh_type_size(enum sh_column_type type) {
    switch (type) {
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        return sizeof(int64_t);
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        return sizeof(int32_t);
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
        return sizeof(int8_t);
    case SH_COLUMN_CODE:
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
    case SH_COLUMN_KEY:
        return 0;
    }
    return 0;
}

static enum sh_reject_reason decimal_reason(sh_decimal_fault fault) {
    switch (fault) {
    case SH_DECIMAL_OK:
    case SH_DECIMAL_EMPTY:
        return SH_REJECT_NONE;
    case SH_DECIMAL_SYNTAX:
        return SH_REJECT_DECIMAL_SYNTAX;
    case SH_DECIMAL_EXPONENT:
        return SH_REJECT_DECIMAL_EXPONENT;
    case SH_DECIMAL_EXCESS:
        return SH_REJECT_DECIMAL_EXCESS;
    case SH_DECIMAL_RANGE:
        return SH_REJECT_DECIMAL_RANGE;
    }
    return SH_REJECT_DECIMAL_SYNTAX;
}

static enum sh_reject_reason date_reason(sh_date_fault fault) {
    switch (fault) {
    case SH_DATE_OK:
    case SH_DATE_EMPTY:
        return SH_REJECT_NONE;
    case SH_DATE_SYNTAX:
        return SH_REJECT_DATE_SYNTAX;
    case SH_DATE_IMPOSSIBLE:
        return SH_REJECT_DATE_IMPOSSIBLE;
    case SH_DATE_RANGE:
        return SH_REJECT_DATE_RANGE;
    }
    return SH_REJECT_DATE_SYNTAX;
}

static void note(struct sh_type_fault *fault, enum sh_reject_reason reason, uint16_t output, size_t *n) {
    if (reason == SH_REJECT_NONE || fault->reason != SH_REJECT_NONE)
        return;
    *fault = (struct sh_type_fault){(uint8_t)reason, output};
    ++*n;
}

static void type_decimals(int scale, const struct sh_str *texts, size_t n, int64_t *to,
                          struct sh_type_fault *faults, uint16_t output, size_t *n_faults) {
    for (size_t i = 0; i < n; i++) {
        to[i] = SH_MISSING;
        if (texts[i].len == 0)
            continue;
        sh_decimal_fault fault = sh_decimal_scan(texts[i].at, texts[i].len, scale, &to[i]);
        if (fault == SH_DECIMAL_OK && to[i] == SH_MISSING)
            fault = SH_DECIMAL_RANGE; /* the lowest int64 means missing */
        if (__builtin_expect(fault != SH_DECIMAL_OK, 0))
            note(&faults[i], decimal_reason(fault), output, n_faults);
    }
}

static void type_small(int scale, const struct sh_str *texts, size_t n, int32_t *to,
                       struct sh_type_fault *faults, uint16_t output, size_t *n_faults) {
    for (size_t i = 0; i < n; i++) {
        to[i] = SH_MISSING_I32;
        int64_t wide = 0;
        if (texts[i].len == 0)
            continue;
        sh_decimal_fault fault = sh_decimal_scan(texts[i].at, texts[i].len, scale, &wide);
        if (fault == SH_DECIMAL_OK && (wide <= INT32_MIN || wide > INT32_MAX))
            fault = SH_DECIMAL_RANGE;
        if (fault == SH_DECIMAL_OK)
            to[i] = (int32_t)wide;
        else
            note(&faults[i], decimal_reason(fault), output, n_faults);
    }
}

static void type_times(const struct sh_str *texts, size_t n, int64_t *to, struct sh_type_fault *faults,
                       uint16_t output, size_t *n_faults) {
    for (size_t i = 0; i < n; i++) {
        to[i] = SH_MISSING;
        if (texts[i].len == 0)
            continue;
        const sh_date_fault fault = sh_time_scan(texts[i].at, texts[i].len, &to[i]);
        if (__builtin_expect(fault != SH_DATE_OK, 0))
            note(&faults[i], date_reason(fault), output, n_faults);
    }
}

static void type_dates(const struct sh_str *texts, size_t n, int32_t *to, struct sh_type_fault *faults,
                       uint16_t output, size_t *n_faults) {
    for (size_t i = 0; i < n; i++) {
        to[i] = SH_MISSING_I32;
        if (texts[i].len == 0)
            continue;
        const sh_date_fault fault = sh_date_scan(texts[i].at, texts[i].len, &to[i]);
        if (__builtin_expect(fault != SH_DATE_OK, 0))
            note(&faults[i], date_reason(fault), output, n_faults);
    }
}

static int8_t flag_of(struct sh_str text) {
    if (text.len == 1)
        switch (text.at[0]) {
        case '1':
        case 'Y':
        case 'y':
            return 1;
        case '0':
        case 'N':
        case 'n':
            return 0;
        default:
            return SH_MISSING_I8;
        }
    if (sh_str_is(text, "是") || sh_str_eq_nocase(text, SH_STR("true")))
        return 1;
    if (sh_str_is(text, "否") || sh_str_eq_nocase(text, SH_STR("false")))
        return 0;
    return SH_MISSING_I8;
}

static void type_flags(const struct sh_str *texts, size_t n, bool empty_zero, int8_t *to,
                       struct sh_type_fault *faults, uint16_t output, size_t *n_faults) {
    for (size_t i = 0; i < n; i++) {
        if (texts[i].len == 0) {
            to[i] = empty_zero ? 0 : SH_MISSING_I8;
            continue;
        }
        to[i] = flag_of(texts[i]);
        if (__builtin_expect(to[i] == SH_MISSING_I8, 0))
            note(&faults[i], SH_REJECT_FLAG, output, n_faults);
    }
}

static int8_t level_of(const char *const *words, struct sh_str text) {
    for (int8_t w = 0; words && words[w]; w++)
        if (sh_str_is(text, words[w]))
            return w;
    return SH_MISSING_I8;
}

static void type_levels(const char *domain, const struct sh_str *texts, size_t n, int8_t *to,
                        struct sh_type_fault *faults, uint16_t output, size_t *n_faults) {
    const char *const *words = sh_level_words(domain);
    for (size_t i = 0; i < n; i++) {
        to[i] = texts[i].len ? level_of(words, texts[i]) : SH_MISSING_I8;
        if (texts[i].len && to[i] == SH_MISSING_I8)
            note(&faults[i], SH_REJECT_LEVEL, output, n_faults);
    }
}

/* Flat on purpose: plain values in, plain arrays out, called once a block. */
// NOLINTNEXTLINE(readability-function-size)
void sh_type_column(const struct sh_lake_column *column, const struct sh_str *texts, size_t n,
                    bool empty_zero, void *to, struct sh_type_fault *faults, uint16_t output,
                    size_t *n_faults) {
    switch (column->type) {
    case SH_COLUMN_MONEY:
        type_decimals(2, texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_PRICE:
        type_decimals(6, texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_QTY:
        type_decimals(4, texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_TIME:
        type_times(texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_DATE:
        type_dates(texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_INT:
        type_small(0, texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_RATIO:
        type_small(4, texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_FLAG:
        type_flags(texts, n, empty_zero, to, faults, output, n_faults);
        break;
    case SH_COLUMN_LEVEL:
        type_levels(column->domain, texts, n, to, faults, output, n_faults);
        break;
    case SH_COLUMN_CODE:
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
    case SH_COLUMN_KEY:
        break;
    }
}

/* Digits alone: YYYYMMDD is a date, more is a time. Else a colon stands in every form of a time of day. */
static int8_t is_exact(struct sh_str text) {
    if (text.len == 0)
        return SH_MISSING_I8;
    if (text.len <= 10)
        return 0;
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        digits += text.at[i] >= '0' && text.at[i] <= '9';
        if (text.at[i] == ':')
            return 1;
    }
    return digits >= 12;
}

void sh_type_exact(const struct sh_str *texts, size_t n, int8_t *to) {
    for (size_t i = 0; i < n; i++)
        to[i] = is_exact(texts[i]);
}

const char *const *sh_table_needs(enum sh_table table) {
    static const char *const needs[SH_TABLES][6] = {
        [SH_TABLE_PERSON] = {"person", NULL},
        [SH_TABLE_ENCOUNTER] = {"person", "institution", "encounter_key", "id", NULL},
        [SH_TABLE_SETTLEMENT] = {"person", "institution", "settlement_key", "encounter_key", "id", NULL},
        [SH_TABLE_DIAGNOSIS] = {"person", "encounter_key", "code", NULL},
        [SH_TABLE_OPERATION] = {"person", "encounter_key", "code", NULL},
        [SH_TABLE_LINE] = {"person", "institution", "encounter_key", "id", NULL},
        [SH_TABLE_STOCK_MOVE] = {"institution", "id", "day", NULL},
        [SH_TABLE_SETTLEMENT_LIST] = {"person", "institution", "encounter_key", "id", NULL},
        [SH_TABLE_CHRONIC_RIGHT] = {"person", "id", "disease", "from", NULL},
        [SH_TABLE_ENROLMENT] = {"person", "id", "from", NULL},
        [SH_TABLE_ALLOWANCE] = {"person", "id", "from", "to", "amount", NULL},
        [SH_TABLE_CARE_SERVICE] = {"person", "institution", "id", "from", NULL},
        [SH_TABLE_TRACE_SCAN] = {"person", "institution", "id", "trace_code", "kind", NULL},
        [SH_TABLE_INSTITUTION] = {"institution", NULL},
        [SH_TABLE_PRACTITIONER] = {"practitioner", NULL},
        [SH_TABLE_DEPARTMENT] = {"department", NULL},
        [SH_TABLE_ITEM] = {"item", NULL},
    };
    return needs[table];
}
