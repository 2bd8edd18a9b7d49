/*
 * Draws that can be repeated by anybody and steered by nobody (S4§17, 行政处罚 双随机): commit, fix, reveal.
 * Each of k >= 2 persons chooses 32 random bytes and lays their seal; the frame, which names all seals, is
 * written and its digest made known; the values are opened; the sample follows from frame and values. Bytes
 * and vectors: docs/draw.md. The public header of the room.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    SH_DRAW_VALUE_BYTES = 32,
    SH_DRAW_SEALS_MIN = 2,
    SH_DRAW_SEALS_MAX = 16,
    SH_DRAW_STRATA_MAX = 64,
    SH_DRAW_UNITS_MAX = 2000000,
    SH_DRAW_NAME_BYTES_MAX = 200, /* name of a draw, of a stratum, of a unit */
    SH_DRAW_FRAME_BYTES_MAX = 64 << 20
};

/* A part of the frame that is drawn from by itself, in the order of the list. */
struct sh_draw_stratum {
    struct sh_str name;
    uint64_t take; /* how many; all it has when it has fewer */
    bool is_all;   /* from every unit not drawn before; else only from those of this stratum */
};
struct sh_draw_unit {
    struct sh_str id;
    uint32_t stratum; /* index */
};
/* All texts: UTF-8, 1 … SH_DRAW_NAME_BYTES_MAX bytes, no control characters. */
struct sh_draw_frame {
    struct sh_str name; /* of the draw: the number of its matter */
    sh_digest_kind digest;
    const uint8_t (*seals)[SH_DIGEST_BYTES]; /* [n_seals] by seat */
    const struct sh_draw_stratum *strata;    /* [n_strata] */
    const struct sh_draw_unit *units;        /* [n_units] ascending by the bytes of id, none twice */
    size_t n_seals, n_strata, n_units;
};

/** 32 bytes of the system's randomness. Errors: SH_E_IO. */
SH_MUST sh_code sh_draw_value(uint8_t ret[SH_DRAW_VALUE_BYTES], struct sh_err *err);
/** The seal of a value for a seat (from 1) of the draw `name`. Errors: SH_E_NOMEM, SH_E_UNSUPPORTED. */
SH_MUST sh_code sh_draw_seal(sh_digest_kind digest, struct sh_str name, uint32_t seat,
                             const uint8_t value[SH_DRAW_VALUE_BYTES], uint8_t ret[SH_DIGEST_BYTES],
                             struct sh_err *err);

/** The frame as text. Errors: SH_E_INPUT what of it is wrong; SH_E_LIMIT; SH_E_NOMEM. */
SH_MUST sh_code sh_draw_frame_write(const struct sh_draw_frame *frame, struct sh_buf *out,
                                    struct sh_err *err);
/** Back; everything points into `text` or the arena. Only the very bytes that _write gives are read. */
SH_MUST sh_code sh_draw_frame_read(struct sh_str text, struct sh_arena *arena, struct sh_draw_frame *ret,
                                   struct sh_err *err);
/** The digest that is made known before any value is opened. */
SH_MUST sh_code sh_draw_frame_digest(sh_digest_kind digest, struct sh_str text, uint8_t ret[SH_DIGEST_BYTES],
                                     struct sh_err *err);

struct sh_drawn {
    uint32_t unit, stratum; /* indexes into the frame: the unit, and the stratum it was drawn for */
};
/**
 * The sample. text: the frame as written; frame: as read from it; values [frame->n_seals] by seat.
 * ret [*ret_n] in the order they were drawn, in the arena.
 * Errors: SH_E_INPUT a value does not open its seal (the message names the seat); SH_E_NOMEM. O(units).
 */
SH_MUST sh_code sh_draw_run(struct sh_str text, const struct sh_draw_frame *frame,
                            const uint8_t (*values)[SH_DRAW_VALUE_BYTES], struct sh_arena *arena,
                            struct sh_drawn **ret, size_t *ret_n, struct sh_err *err);
/** The result as text: digest of the frame, the values, the units drawn. */
SH_MUST sh_code sh_draw_result_write(struct sh_str text, const struct sh_draw_frame *frame,
                                     const uint8_t (*values)[SH_DRAW_VALUE_BYTES],
                                     const struct sh_drawn *drawn, size_t n, struct sh_buf *out,
                                     struct sh_err *err);
