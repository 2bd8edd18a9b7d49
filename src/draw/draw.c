/* Seals, the stream of numbers, the sample. */
#include "draw/draw.h"
#include <errno.h>
#include <sys/random.h>

enum { TAG_SEAL = 1, TAG_SEED = 2, TAG_STREAM = 3, WORDS = SH_DIGEST_BYTES / 8 };

sh_code sh_draw_value(uint8_t ret[SH_DRAW_VALUE_BYTES], struct sh_err *err) {
    ssize_t got;
    do
        got = getrandom(ret, SH_DRAW_VALUE_BYTES, 0);
    while (got < 0 && errno == EINTR);
    return got == SH_DRAW_VALUE_BYTES ? SH_OK : sh_fail_errno(err, "no random bytes from the system");
}

sh_code sh_draw_seal(sh_digest_kind kind, struct sh_str name, uint32_t seat,
                     const uint8_t value[SH_DRAW_VALUE_BYTES], uint8_t ret[SH_DIGEST_BYTES],
                     struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_buf_add_char(&buf, TAG_SEAL);
    sh_buf_addf(&buf, "shouhu.draw.1\n%.*s\n%u\n", SH_ARG(name), seat);
    sh_buf_add(&buf, (const char *)value, SH_DRAW_VALUE_BYTES);
    SH_TRY(sh_buf_check(&buf, err));
    return sh_digest_of(kind, buf.at, buf.len, ret, err);
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

struct stream {
    sh_digest_kind kind;
    uint8_t block_input[1 + SH_DIGEST_BYTES + 8 + 8]; /* tag, seed, stratum, counter */
    uint64_t words[WORDS], counter;
    size_t n_left;
};

static void put_u64(uint8_t *at, uint64_t v) {
    for (int i = 7; i >= 0; i--, v >>= 8)
        at[i] = (uint8_t)v;
}

static uint64_t get_u64(const uint8_t *at) {
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | at[i];
    return v;
}

static void stream_begin(struct stream *s, sh_digest_kind kind, const uint8_t seed[SH_DIGEST_BYTES],
                         uint64_t stratum) {
    *s = (struct stream){.kind = kind};
    s->block_input[0] = TAG_STREAM;
    memcpy(s->block_input + 1, seed, SH_DIGEST_BYTES);
    put_u64(s->block_input + 1 + SH_DIGEST_BYTES, stratum);
}

static sh_code next_word(struct stream *s, uint64_t *ret, struct sh_err *err) {
    if (s->n_left == 0) {
        uint8_t block[SH_DIGEST_BYTES];
        put_u64(s->block_input + 1 + SH_DIGEST_BYTES + 8, s->counter++);
        SH_TRY(sh_digest_of(s->kind, s->block_input, sizeof s->block_input, block, err));
        for (size_t i = 0; i < WORDS; i++)
            s->words[i] = get_u64(block + 8 * i);
        s->n_left = WORDS;
    }
    *ret = s->words[WORDS - s->n_left--];
    return SH_OK;
}

/* 0 … bound - 1, all alike: words at or over the largest multiple of bound are passed over. */
static sh_code below(struct stream *s, uint64_t bound, uint64_t *ret, struct sh_err *err) {
    const uint64_t over = (UINT64_MAX % bound + 1) % bound; /* 2^64 mod bound */
    uint64_t word;
    do
        SH_TRY(next_word(s, &word, err));
    while (word > UINT64_MAX - over);
    *ret = word % bound;
    return SH_OK;
}

/* ---- the sample -------------------------------------------------------------------------------------- */

static sh_code open_seals(const struct sh_draw_frame *f, const uint8_t (*values)[SH_DRAW_VALUE_BYTES],
                          struct sh_err *err) {
    for (size_t i = 0; i < f->n_seals; i++) {
        uint8_t seal[SH_DIGEST_BYTES];
        SH_TRY(sh_draw_seal(f->digest, f->name, (uint32_t)i + 1, values[i], seal, err));
        if (!sh_equal_secret(seal, f->seals[i], sizeof seal))
            return sh_fail(err, SH_E_INPUT, "the value of seat %zu does not open its seal", i + 1);
    }
    return SH_OK;
}

static sh_code seed_of(const uint8_t frame[SH_DIGEST_BYTES], const struct sh_draw_frame *f,
                       const uint8_t (*values)[SH_DRAW_VALUE_BYTES], uint8_t ret[SH_DIGEST_BYTES],
                       struct sh_err *err) {
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    const uint8_t tag = TAG_SEED;
    SH_TRY(sh_digest_begin(&digest, f->digest, err));
    SH_TRY(sh_digest_add(&digest, &tag, 1, err));
    SH_TRY(sh_digest_add(&digest, frame, SH_DIGEST_BYTES, err));
    for (size_t i = 0; i < f->n_seals; i++)
        SH_TRY(sh_digest_add(&digest, values[i], SH_DRAW_VALUE_BYTES, err));
    return sh_digest_end(&digest, ret, err);
}

struct drawing {
    const struct sh_draw_frame *frame;
    uint32_t *candidates; /* [n_units] room */
    bool *is_taken;       /* [n_units] */
    struct sh_drawn *out;
    size_t n_out;
};

/* A partial shuffle from the front: the first `take` of a fair order. */
static sh_code draw_stratum(struct drawing *d, uint32_t stratum, struct stream *s, struct sh_err *err) {
    const struct sh_draw_stratum *text = &d->frame->strata[stratum];
    size_t n = 0;
    for (size_t i = 0; i < d->frame->n_units; i++)
        if (!d->is_taken[i] && (text->is_all || d->frame->units[i].stratum == stratum))
            d->candidates[n++] = (uint32_t)i;
    for (size_t i = 0; i < n && i < text->take; i++) {
        uint64_t step;
        SH_TRY(below(s, n - i, &step, err));
        const uint32_t unit = d->candidates[i + step];
        d->candidates[i + step] = d->candidates[i];
        d->is_taken[unit] = true;
        d->out[d->n_out++] = (struct sh_drawn){unit, stratum};
    }
    return SH_OK;
}

sh_code sh_draw_run(struct sh_str text, const struct sh_draw_frame *f,
                    const uint8_t (*values)[SH_DRAW_VALUE_BYTES], struct sh_arena *arena,
                    struct sh_drawn **ret, size_t *ret_n, struct sh_err *err) {
    uint8_t digest[SH_DIGEST_BYTES], seed[SH_DIGEST_BYTES];
    struct drawing d = {.frame = f,
                        .candidates = sh_new(arena, uint32_t, f->n_units + 1),
                        .is_taken = sh_new(arena, bool, f->n_units + 1),
                        .out = sh_new(arena, struct sh_drawn, f->n_units + 1)};
    if (!d.candidates || !d.is_taken || !d.out)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu units", f->n_units);
    SH_TRY(open_seals(f, values, err));
    SH_TRY(sh_draw_frame_digest(f->digest, text, digest, err));
    SH_TRY(seed_of(digest, f, values, seed, err));
    for (uint32_t i = 0; i < f->n_strata; i++) {
        struct stream stream;
        stream_begin(&stream, f->digest, seed, i);
        SH_TRY(draw_stratum(&d, i, &stream, err));
    }
    *ret = d.out, *ret_n = d.n_out;
    return SH_OK;
}

sh_code sh_draw_result_write(struct sh_str text, const struct sh_draw_frame *f,
                             const uint8_t (*values)[SH_DRAW_VALUE_BYTES], const struct sh_drawn *drawn,
                             size_t n, struct sh_buf *out, struct sh_err *err) {
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_draw_frame_digest(f->digest, text, digest, err));
    sh_hex(digest, sizeof digest, hex);
    sh_buf_addf(out, "shouhu.draw.1 result\nframe %s\nvalues %zu\n", hex, f->n_seals);
    for (size_t i = 0; i < f->n_seals; i++) {
        sh_hex(values[i], SH_DRAW_VALUE_BYTES, hex);
        sh_buf_addf(out, "%s\n", hex);
    }
    sh_buf_addf(out, "drawn %zu\n", n);
    for (size_t i = 0; i < n; i++)
        sh_buf_addf(out, "%u %.*s\n", drawn[i].stratum, SH_ARG(f->units[drawn[i].unit].id));
    return sh_buf_check(out, err);
}
