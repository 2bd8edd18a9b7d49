/*
 * The encodings of Parquet values that our files have: runs and packed bits, differences, plain. A decoder
 * stands in a page and gives the next n values. Bytes may be hostile; each function says false where they do
 * not fit. Pages have SH_PQ_PAD readable bytes behind their end. Inner header of the room.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SH_PQ_PAD = 32, SH_PQ_BATCH = 2048 };

/* RLE / bit-packed hybrid: definition levels, dictionary indexes. */
struct sh_pq_runs {
    const uint8_t *at, *end;
    unsigned width; /* bits, 0 … 32 */
    uint32_t left;  /* values of the present run */
    bool packed;
    uint32_t value;       /* of a run that is not packed */
    const uint8_t *bits;  /* of a packed run */
    uint64_t bits_offset; /* of the next value */
};
/** width 0 … 32. */
void sh_pq_runs_begin(struct sh_pq_runs *runs, const uint8_t *at, const uint8_t *end, unsigned width);
/** See that a run is under way: runs->left > 0. False: at the end. */
bool sh_pq_runs_next(struct sh_pq_runs *runs);
/** n values of a packed run under way, n <= left; gives the greatest. Eight at a time where the processor
 * can.
 */
uint32_t sh_pq_runs_unpack(struct sh_pq_runs *runs, uint32_t *ret, uint32_t n);

/** n values of `width` bits from bit `offset` on, and the greatest of them; the second for widths up to
 * SH_PQ_WIDTH_AVX2. Twins. */
enum { SH_PQ_WIDTH_AVX2 = 25 };
uint32_t sh_pq_unpack_scalar(const uint8_t *bits, uint64_t offset, unsigned width, uint32_t *ret, uint32_t n);
uint32_t sh_pq_unpack_avx2(const uint8_t *bits, uint64_t offset, unsigned width, uint32_t *ret, uint32_t n);
/** ret[i] = dict[index[i]], every index checked before. Twins. */
void sh_pq_look_up_32(const int32_t *dict, const uint32_t *index, int32_t *ret, uint32_t n);
void sh_pq_look_up_64(const int64_t *dict, const uint32_t *index, int64_t *ret, uint32_t n);
bool sh_pq_has_avx2(void);

/* DELTA_BINARY_PACKED. */
struct sh_pq_delta {
    const uint8_t *at, *end;
    uint32_t per_mini, minis; /* values of a miniblock, miniblocks of a block */
    uint64_t left;            /* values not given yet */
    uint64_t last;            /* the value before; with `first` it is the next one */
    bool first;
    const uint8_t *widths;    /* [minis] of the block */
    uint32_t mini, mini_left; /* next miniblock; values left of the present one */
    uint64_t least;           /* difference added to each of the block */
    unsigned width;           /* of the present miniblock */
    const uint8_t *bits;
    uint64_t bits_offset;
};
bool sh_pq_delta_begin(struct sh_pq_delta *delta, const uint8_t *at, const uint8_t *end);
bool sh_pq_delta_read(struct sh_pq_delta *delta, int64_t *ret, size_t n);
