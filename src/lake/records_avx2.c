/* AVX2 twin of sh_classify_scalar. */
#include "lake/records.h"

#if defined(__x86_64__)
#include <immintrin.h>

static inline __attribute__((target("avx2"))) uint64_t equal(__m256i low, __m256i high, __m256i c) {
    const uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, c));
    const uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, c));
    return (uint64_t)b << 32 | a;
}

// NOLINTNEXTLINE(readability-function-size): flat on purpose, see sh_classify_scalar
__attribute__((target("avx2"))) void sh_classify_avx2(const char *at, size_t n_words, char delimiter,
                                                      char quote, char line_end, uint64_t *delimiters,
                                                      uint64_t *quotes, uint64_t *ends) {
    const __m256i d = _mm256_set1_epi8(delimiter), q = _mm256_set1_epi8(quote),
                  e = _mm256_set1_epi8(line_end);
    for (size_t w = 0; w < n_words; w++, at += 64) {
        const __m256i low = _mm256_loadu_si256((const __m256i_u *)(const void *)at);
        const __m256i high = _mm256_loadu_si256((const __m256i_u *)(const void *)(at + 32));
        delimiters[w] = equal(low, high, d);
        quotes[w] = equal(low, high, q);
        ends[w] = equal(low, high, e);
    }
}

sh_classify_fn *sh_classify_best(void) {
    return __builtin_cpu_supports("avx2") ? sh_classify_avx2 : sh_classify_scalar;
}
#else
// NOLINTNEXTLINE(readability-function-size): flat on purpose, see sh_classify_scalar
void sh_classify_avx2(const char *at, size_t n_words, char delimiter, char quote, char line_end,
                      uint64_t *delimiters, uint64_t *quotes, uint64_t *ends) {
    sh_classify_scalar(at, n_words, delimiter, quote, line_end, delimiters, quotes, ends);
}

sh_classify_fn *sh_classify_best(void) {
    return sh_classify_scalar;
}
#endif
