/* Exact decimals: text to int64 in units of 10^-scale and back. Nothing is ever rounded here. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/** Why a text is no decimal of the asked scale. Zero is success. */
typedef enum sh_decimal_fault {
    SH_DECIMAL_OK = 0,
    SH_DECIMAL_EMPTY,    /* nothing but spaces */
    SH_DECIMAL_SYNTAX,   /* a character that does not belong: letters, separators, two points, a lone sign or
                            point */
    SH_DECIMAL_EXPONENT, /* 1e5: a spreadsheet has been at work; the digits may be lost */
    SH_DECIMAL_EXCESS,   /* non-zero digits beyond the scale */
    SH_DECIMAL_RANGE,    /* does not fit int64 */
} sh_decimal_fault;

/**
 * Read a decimal; the hot path of the import.
 * Grammar: spaces* [+-]? (digits+ [. digits*] | . digits+) spaces*, ASCII only.
 * at, len    the text, need not be NUL-terminated; at may be NULL when len is 0.
 * scale      decimals kept, 0 … SH_DECIMAL_SCALE_MAX; zeros beyond it are fine, other digits are
 * SH_DECIMAL_EXCESS. ret        value × 10^scale; written on success only. "-0.00" gives 0. Cost: one pass,
 * no allocation, no locale; about 5 ns for "1234.56". Thread-safe.
 */
SH_MUST sh_decimal_fault sh_decimal_scan(const char *at, size_t len, int scale, int64_t *ret);
/** What a fault means, in English, for a message. */
const char *sh_decimal_fault_text(sh_decimal_fault fault);
/** The same with a message that quotes the text. Errors: SH_E_INPUT; SH_E_OVERFLOW for SH_DECIMAL_RANGE. */
SH_MUST sh_code sh_decimal_parse(struct sh_str s, int scale, int64_t *ret, struct sh_err *err);

enum { SH_DECIMAL_TEXT_MAX = 32 };
/**
 * Write v × 10^-scale with as many decimals as needed and at least `min_decimals` (0 … scale).
 * sh_decimal_format(125000, 4, 2, out) gives "12.50". out is NUL-terminated; gives the length.
 */
size_t sh_decimal_format(int64_t v, int scale, int min_decimals, char out[SH_DECIMAL_TEXT_MAX]);
/** 10^n for n 0 … 18. */
int64_t sh_pow10(int n);
