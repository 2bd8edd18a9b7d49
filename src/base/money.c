#include "base/money.h"
#include "base/decimal.h"
#include "base/mem.h"
#include <stdlib.h>

/* Quotient towards zero and the sign of the exact quotient, both with a positive divisor. -2^127 / -1 is
 * caught by the range check, as magnitudes are unsigned. */
struct quotient {
    sh_u128 whole, rest, divisor;
    bool is_negative;
};

static struct quotient divide(sh_i128 num, sh_i128 den) {
    const sh_u128 n = num < 0 ? 0 - (sh_u128)num : (sh_u128)num;
    const sh_u128 d = den < 0 ? 0 - (sh_u128)den : (sh_u128)den;
    return (struct quotient){n / d, n % d, d, (num < 0) != (den < 0)};
}

static sh_code signed_of(sh_u128 magnitude, bool is_negative, int64_t *ret) {
    if (magnitude > (sh_u128)INT64_MAX + (is_negative ? 1 : 0))
        return SH_E_OVERFLOW;
    *ret = is_negative ? (int64_t)(0 - (uint64_t)magnitude) : (int64_t)magnitude;
    return SH_OK;
}

sh_code sh_div_round(sh_i128 num, sh_i128 den, int64_t *ret) {
    if (den == 0)
        return SH_E_INPUT;
    const struct quotient q = divide(num, den);
    const bool rounds_up = q.rest >= q.divisor - q.rest;
    return signed_of(q.whole + (rounds_up ? 1 : 0), q.is_negative, ret);
}

sh_code sh_div_floor(sh_i128 num, sh_i128 den, int64_t *ret) {
    if (den == 0)
        return SH_E_INPUT;
    const struct quotient q = divide(num, den);
    const bool steps_down = q.is_negative && q.rest != 0;
    return signed_of(q.whole + (steps_down ? 1 : 0), q.is_negative, ret);
}

struct share {
    uint64_t rest;
    size_t index;
};

static int by_rest_then_index(const void *a, const void *b) {
    const struct share *x = a, *y = b;
    if (x->rest != y->rest)
        return x->rest > y->rest ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static sh_code sum_weights(const int64_t *weights, size_t n, uint64_t *ret_sum) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (weights[i] < 0)
            return SH_E_INPUT;
        sum += (uint64_t)weights[i];
        if (sum > (uint64_t)INT64_MAX)
            return SH_E_OVERFLOW;
    }
    *ret_sum = sum;
    return SH_OK;
}

sh_code sh_allocate(int64_t total, const int64_t *weights, size_t n, int64_t *ret_parts) {
    uint64_t sum = 0;
    SH_TRY(sum_weights(weights, n, &sum));
    if (sum == 0 && total != 0)
        return SH_E_INPUT;
    SH_CLEANUP(sh_free_at) struct share *shares = sh_alloc_array(n, sizeof(*shares));
    if (!shares)
        return SH_E_NOMEM;
    const uint64_t magnitude = total < 0 ? 0 - (uint64_t)total : (uint64_t)total;
    uint64_t left = magnitude;
    for (size_t i = 0; i < n; i++) {
        const sh_u128 product = (sh_u128)magnitude * (uint64_t)weights[i];
        const uint64_t part = sum ? (uint64_t)(product / sum) : 0;
        shares[i] = (struct share){sum ? (uint64_t)(product % sum) : 0, i};
        ret_parts[i] = total < 0 ? (int64_t)(0 - part) : (int64_t)part;
        left -= part;
    }
    /* `left` is less than the number of shares with a rest, so that none with weight 0 is reached. */
    if (left > 0)
        qsort(shares, n, sizeof(*shares), by_rest_then_index);
    for (size_t i = 0; i < left; i++)
        ret_parts[shares[i].index] += total < 0 ? -1 : 1;
    return SH_OK;
}

size_t sh_money_plain(int64_t fen, char out[SH_MONEY_TEXT_MAX]) {
    return sh_decimal_format(fen, 2, 2, out);
}

/* A comma before each third digit of the whole part. */
static size_t group(const char *plain, size_t len, char *out) {
    size_t whole_end = 0, n = 0;
    while (whole_end < len && plain[whole_end] != '.')
        whole_end++;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && i < whole_end && (whole_end - i) % 3 == 0 && plain[i - 1] != '-')
            out[n++] = ',';
        out[n++] = plain[i];
    }
    out[n] = '\0';
    return n;
}

size_t sh_money_grouped(int64_t fen, char out[SH_MONEY_TEXT_MAX]) {
    char plain[SH_DECIMAL_TEXT_MAX];
    return group(plain, sh_decimal_format(fen, 2, 2, plain), out);
}

size_t sh_count_grouped(int64_t n, char out[SH_MONEY_TEXT_MAX]) {
    char plain[SH_DECIMAL_TEXT_MAX];
    return group(plain, sh_decimal_format(n, 0, 0, plain), out);
}
