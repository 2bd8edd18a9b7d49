/* Packed bits and dictionaries eight values at a time. Twins of sh_pq_unpack_scalar and of plain look-ups. */
#include "lake/pq_decode.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))

bool sh_pq_has_avx2(void) {
    return __builtin_cpu_supports("avx2");
}

/* Each of the eight lies within the four bytes its first bit is in: 7 + 25 bits at most. */
TARGET uint32_t sh_pq_unpack_avx2(const uint8_t *bits, uint64_t offset, unsigned width, uint32_t *ret,
                                  uint32_t n) {
    const __m256i steps =
        _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32((int)width));
    const __m256i mask = _mm256_set1_epi32((int)((1u << width) - 1)), sevens = _mm256_set1_epi32(7);
    __m256i most = _mm256_setzero_si256();
    uint32_t i = 0, lanes[8];
    for (; i + 8 <= n; i += 8, offset += 8 * (uint64_t)width) {
        const __m256i at = _mm256_add_epi32(steps, _mm256_set1_epi32((int)(offset & 7)));
        const __m256i words = _mm256_i32gather_epi32((const int *)(const void *)(bits + (offset >> 3)),
                                                     _mm256_srli_epi32(at, 3), 1);
        const __m256i values = _mm256_and_si256(_mm256_srlv_epi32(words, _mm256_and_si256(at, sevens)), mask);
        _mm256_storeu_si256((__m256i *)(void *)(ret + i), values);
        most = _mm256_max_epu32(most, values);
    }
    uint32_t greatest = sh_pq_unpack_scalar(bits, offset, width, ret + i, n - i);
    _mm256_storeu_si256((__m256i *)(void *)lanes, most);
    for (int l = 0; l < 8; l++)
        greatest = lanes[l] > greatest ? lanes[l] : greatest;
    return greatest;
}

static TARGET void look_up_32(const int32_t *dict, const uint32_t *index, int32_t *ret, uint32_t n) {
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)(index + i));
        _mm256_storeu_si256((__m256i *)(void *)(ret + i), _mm256_i32gather_epi32(dict, at, 4));
    }
    for (; i < n; i++)
        ret[i] = dict[index[i]];
}

static TARGET void look_up_64(const int64_t *dict, const uint32_t *index, int64_t *ret, uint32_t n) {
    uint32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const __m128i at = _mm_loadu_si128((const __m128i *)(const void *)(index + i));
        _mm256_storeu_si256((__m256i *)(void *)(ret + i),
                            _mm256_i32gather_epi64((const long long *)(const void *)dict, at, 8));
    }
    for (; i < n; i++)
        ret[i] = dict[index[i]];
}
#else
bool sh_pq_has_avx2(void) {
    return false;
}

uint32_t sh_pq_unpack_avx2(const uint8_t *bits, uint64_t offset, unsigned width, uint32_t *ret, uint32_t n) {
    return sh_pq_unpack_scalar(bits, offset, width, ret, n);
}
#endif

void sh_pq_look_up_32(const int32_t *dict, const uint32_t *index, int32_t *ret, uint32_t n) {
#if defined(__x86_64__)
    if (sh_pq_has_avx2()) {
        look_up_32(dict, index, ret, n);
        return;
    }
#endif
    for (uint32_t i = 0; i < n; i++)
        ret[i] = dict[index[i]];
}

void sh_pq_look_up_64(const int64_t *dict, const uint32_t *index, int64_t *ret, uint32_t n) {
#if defined(__x86_64__)
    if (sh_pq_has_avx2()) {
        look_up_64(dict, index, ret, n);
        return;
    }
#endif
    for (uint32_t i = 0; i < n; i++)
        ret[i] = dict[index[i]];
}
