/* Money is int64 fen (分). The only place that rounds: half away from zero, once, at the end. */
#pragma once
#include "base/err.h"
#include "base/str.h"

__extension__ typedef __int128 sh_i128;
__extension__ typedef unsigned __int128 sh_u128;

/** num / den rounded half away from zero. Errors: SH_E_INPUT den = 0; SH_E_OVERFLOW outside int64. */
SH_MUST sh_code sh_div_round(sh_i128 num, sh_i128 den, int64_t *ret);
/** num / den rounded towards minus infinity. Errors as above. */
SH_MUST sh_code sh_div_floor(sh_i128 num, sh_i128 den, int64_t *ret);
/** Checked sums and product of int64. Errors: SH_E_OVERFLOW; *ret is untouched then. */
SH_MUST static inline sh_code sh_add(int64_t a, int64_t b, int64_t *ret) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return SH_E_OVERFLOW;
    *ret = sum;
    return SH_OK;
}
SH_MUST static inline sh_code sh_sub(int64_t a, int64_t b, int64_t *ret) {
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return SH_E_OVERFLOW;
    *ret = difference;
    return SH_OK;
}
SH_MUST static inline sh_code sh_mul(int64_t a, int64_t b, int64_t *ret) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return SH_E_OVERFLOW;
    *ret = product;
    return SH_OK;
}

/**
 * Split `total` in proportion to weights so that the parts add up exactly (largest remainder; ties to the
 * lower index: the caller orders by line id). A negative total is split as its positive and negated, so
 * refunds mirror payments. weights    [n], each >= 0. A zero weight gets zero. ret_parts  [n], written on
 * success only. Each part is within 1 of its exact share. Errors: SH_E_INPUT a negative weight, or all
 * weights zero (or n = 0) while total is not; SH_E_OVERFLOW the weights add up to more than 2^63 - 1;
 * SH_E_NOMEM. Cost: O(n log n).
 */
SH_MUST sh_code sh_allocate(int64_t total, const int64_t *weights, size_t n, int64_t *ret_parts);

enum { SH_MONEY_TEXT_MAX = 40 };
/** "1234.56", "-0.05". NUL-terminated; gives the length. */
size_t sh_money_plain(int64_t fen, char out[SH_MONEY_TEXT_MAX]);
/** "1,234.56" for people. NUL-terminated; gives the length. */
size_t sh_money_grouped(int64_t fen, char out[SH_MONEY_TEXT_MAX]);
/** "12,345,678": a count for people. NUL-terminated; gives the length. */
size_t sh_count_grouped(int64_t n, char out[SH_MONEY_TEXT_MAX]);
