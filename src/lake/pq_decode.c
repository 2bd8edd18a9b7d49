#include "lake/pq_decode.h"
#include <string.h>

static bool varint(const uint8_t **at, const uint8_t *end, uint64_t *ret) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        const uint8_t b = *(*at)++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* ---- runs
 * -------------------------------------------------------------------------------------------------------------------
 */

void sh_pq_runs_begin(struct sh_pq_runs *runs, const uint8_t *at, const uint8_t *end, unsigned width) {
    *runs = (struct sh_pq_runs){.at = at, .end = end, .width = width};
}

bool sh_pq_runs_next(struct sh_pq_runs *runs) {
    while (runs->left == 0) {
        uint64_t head;
        if (!varint(&runs->at, runs->end, &head))
            return false;
        const size_t room = (size_t)(runs->end - runs->at);
        runs->packed = head & 1;
        if (runs->packed) {
            const uint64_t groups = head >> 1;
            if (groups > INT32_MAX / 8 || groups * runs->width > room)
                return false;
            runs->bits = runs->at;
            runs->bits_offset = 0;
            runs->at += groups * runs->width;
            runs->left = (uint32_t)(groups * 8);
        } else {
            const size_t n = (runs->width + 7) / 8;
            if (head >> 1 > INT32_MAX || n > room)
                return false;
            runs->value = 0;
            memcpy(&runs->value, runs->at, n); /* little endian, as all of the format */
            runs->at += n;
            runs->left = (uint32_t)(head >> 1);
        }
    }
    return true;
}

uint32_t sh_pq_unpack_scalar(const uint8_t *bits, uint64_t offset, unsigned width, uint32_t *ret,
                             uint32_t n) {
    const uint64_t mask = ((uint64_t)1 << width) - 1;
    uint32_t most = 0;
    for (uint32_t i = 0; i < n; i++, offset += width) {
        uint64_t word;
        memcpy(&word, bits + (offset >> 3), sizeof word);
        ret[i] = (uint32_t)(word >> (offset & 7) & mask);
        most = ret[i] > most ? ret[i] : most;
    }
    return most;
}

uint32_t sh_pq_runs_unpack(struct sh_pq_runs *runs, uint32_t *ret, uint32_t n) {
    uint32_t most;
    if (runs->width <= SH_PQ_WIDTH_AVX2 && sh_pq_has_avx2())
        most = sh_pq_unpack_avx2(runs->bits, runs->bits_offset, runs->width, ret, n);
    else
        most = sh_pq_unpack_scalar(runs->bits, runs->bits_offset, runs->width, ret, n);
    runs->bits_offset += (uint64_t)n * runs->width;
    runs->left -= n;
    return most;
}

/* ---- differences
 * ------------------------------------------------------------------------------------------------------------
 */

static uint64_t unzigzag(uint64_t v) {
    return v >> 1 ^ (0 - (v & 1));
}

bool sh_pq_delta_begin(struct sh_pq_delta *delta, const uint8_t *at, const uint8_t *end) {
    uint64_t block, minis, n, first;
    *delta = (struct sh_pq_delta){.at = at, .end = end, .first = true};
    if (!varint(&delta->at, end, &block) || !varint(&delta->at, end, &minis) ||
        !varint(&delta->at, end, &n) || !varint(&delta->at, end, &first))
        return false;
    if (minis == 0 || minis > 4096 || block == 0 || block > 1 << 20 || block % minis != 0 ||
        block / minis % 8 != 0 || n > INT32_MAX)
        return false;
    delta->per_mini = (uint32_t)(block / minis);
    delta->minis = delta->mini = (uint32_t)minis;
    delta->left = n;
    delta->last = unzigzag(first);
    return true;
}

static bool next_mini(struct sh_pq_delta *delta) {
    if (delta->mini == delta->minis) {
        uint64_t least;
        if (!varint(&delta->at, delta->end, &least) || (size_t)(delta->end - delta->at) < delta->minis)
            return false;
        delta->least = unzigzag(least);
        delta->widths = delta->at;
        delta->at += delta->minis;
        delta->mini = 0;
    }
    delta->width = delta->widths[delta->mini++];
    const size_t bytes = (size_t)delta->per_mini / 8 * delta->width;
    if (delta->width > 64 || bytes > (size_t)(delta->end - delta->at))
        return false;
    delta->bits = delta->at;
    delta->bits_offset = 0;
    delta->at += bytes;
    delta->mini_left = delta->per_mini;
    return true;
}

static void add_up(struct sh_pq_delta *delta, int64_t *ret, size_t n) {
    const unsigned width = delta->width;
    uint64_t offset = delta->bits_offset, last = delta->last;
    if (width > 56) { /* a value may touch nine bytes */
        __extension__ unsigned __int128 word;
        const uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
        for (size_t i = 0; i < n; i++, offset += width) {
            memcpy(&word, delta->bits + (offset >> 3), sizeof word);
            last += delta->least + ((uint64_t)(word >> (offset & 7)) & mask);
            ret[i] = (int64_t)last;
        }
    } else {
        const uint64_t mask = ((uint64_t)1 << width) - 1;
        for (size_t i = 0; i < n; i++, offset += width) {
            uint64_t word;
            memcpy(&word, delta->bits + (offset >> 3), sizeof word);
            last += delta->least + (word >> (offset & 7) & mask);
            ret[i] = (int64_t)last;
        }
    }
    delta->bits_offset = offset;
    delta->last = last;
    delta->mini_left -= (uint32_t)n;
}

bool sh_pq_delta_read(struct sh_pq_delta *delta, int64_t *ret, size_t n) {
    if (n > delta->left)
        return false;
    delta->left -= n;
    if (n > 0 && delta->first) {
        delta->first = false;
        *ret++ = (int64_t)delta->last;
        n--;
    }
    while (n > 0) {
        if (delta->mini_left == 0 && !next_mini(delta))
            return false;
        const size_t some = n < delta->mini_left ? n : delta->mini_left;
        add_up(delta, ret, some);
        ret += some;
        n -= some;
    }
    return true;
}
