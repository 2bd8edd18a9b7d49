/* UTF-8 checked 32 bytes at a time with three table look-ups a byte, after Keiser and Lemire, "Validating
 * UTF-8 in less than one instruction per byte" (2021). Twin of sh_utf8_valid. */
#include "lake/encoding.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* What is wrong with a pair of bytes; a pair is bad when all three look-ups agree on a bit. */
enum {
    TOO_SHORT = 1,
    TOO_LONG = 2,
    OVERLONG_3 = 4,
    TOO_LARGE = 8,
    SURROGATE = 16,
    OVERLONG_2 = 32,
    TOO_LARGE_1000 = 64,
    OVERLONG_4 = 64,
    TWO_CONTS = 128,
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS,
};
#define TARGET __attribute__((target("avx2")))
#define TABLE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
#define BYTE(x) ((char)(x))

static inline TARGET __m256i first_high(__m256i nibbles) {
    const char ascii = TOO_LONG, cont = BYTE(TWO_CONTS);
    return _mm256_shuffle_epi8(TABLE(ascii, ascii, ascii, ascii, ascii, ascii, ascii, ascii, cont, cont, cont,
                                     cont, BYTE(TOO_SHORT | OVERLONG_2), BYTE(TOO_SHORT),
                                     BYTE(TOO_SHORT | OVERLONG_3 | SURROGATE),
                                     BYTE(TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4)),
                               nibbles);
}

static inline TARGET __m256i first_low(__m256i nibbles) {
    const char large = BYTE(CARRY | TOO_LARGE | TOO_LARGE_1000);
    return _mm256_shuffle_epi8(
        TABLE(BYTE(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4), BYTE(CARRY | OVERLONG_2), BYTE(CARRY),
              BYTE(CARRY), BYTE(CARRY | TOO_LARGE), large, large, large, large, large, large, large, large,
              BYTE(CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE), large, large),
        nibbles);
}

static inline TARGET __m256i second_high(__m256i nibbles) {
    const char other = TOO_SHORT;
    return _mm256_shuffle_epi8(
        TABLE(other, other, other, other, other, other, other, other,
              BYTE(TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4),
              BYTE(TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE),
              BYTE(TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE),
              BYTE(TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE), other, other, other, other),
        nibbles);
}

/* The block shifted up by n bytes, the last ones of the block before it in front. */
#define BEFORE(block, previous, n)                                                                           \
    _mm256_alignr_epi8(block, _mm256_permute2x128_si256(previous, block, 0x21), 16 - (n))

static inline TARGET __m256i check_block(__m256i block, __m256i previous) {
    const __m256i low_nibble = _mm256_set1_epi8(0x0f);
    const __m256i one = BEFORE(block, previous, 1), two = BEFORE(block, previous, 2),
                  three = BEFORE(block, previous, 3);
    const __m256i special =
        _mm256_and_si256(_mm256_and_si256(first_high(_mm256_and_si256(_mm256_srli_epi16(one, 4), low_nibble)),
                                          first_low(_mm256_and_si256(one, low_nibble))),
                         second_high(_mm256_and_si256(_mm256_srli_epi16(block, 4), low_nibble)));
    /* third and fourth bytes must be continuations, and nothing else may be a second continuation */
    const __m256i third = _mm256_subs_epu8(two, _mm256_set1_epi8(BYTE(0xe0 - 0x80)));
    const __m256i fourth = _mm256_subs_epu8(three, _mm256_set1_epi8(BYTE(0xf0 - 0x80)));
    const __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(BYTE(0x80)));
    return _mm256_xor_si256(must, special);
}

TARGET bool sh_utf8_valid_avx2(struct sh_str text) {
    __m256i error = _mm256_setzero_si256(), previous = error;
    size_t at = 0;
    for (; text.len - at >= 32; at += 32) {
        const __m256i block = _mm256_loadu_si256((const __m256i_u *)(const void *)(text.at + at));
        /* all ASCII, and the block before does not end inside a character */
        if (_mm256_movemask_epi8(_mm256_or_si256(block, BEFORE(block, previous, 3))) != 0)
            error = _mm256_or_si256(error, check_block(block, previous));
        previous = block;
    }
    char tail[32] = {0}; /* a NUL behind the text shows a character that is cut */
    if (text.len > at)
        memcpy(tail, text.at + at, text.len - at);
    const __m256i block = _mm256_loadu_si256((const __m256i_u *)(const void *)tail);
    error = _mm256_or_si256(error, check_block(block, previous));
    return _mm256_testz_si256(error, error) != 0;
}

bool sh_utf8_valid_block(struct sh_str text) {
    return __builtin_cpu_supports("avx2") ? sh_utf8_valid_avx2(text) : sh_utf8_valid(text);
}
#else
bool sh_utf8_valid_avx2(struct sh_str text) {
    return sh_utf8_valid(text);
}

bool sh_utf8_valid_block(struct sh_str text) {
    return sh_utf8_valid(text);
}
#endif
