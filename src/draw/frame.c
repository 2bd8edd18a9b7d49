/* The frame as text: one way to write it, and only that way is read. */
#include "base/limits.h"
#include "draw/draw.h"

static bool is_name(struct sh_str text) {
    if (text.len == 0 || text.len > SH_DRAW_NAME_BYTES_MAX || !sh_utf8_valid(text))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((uint8_t)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return true;
}

static sh_code check_units(const struct sh_draw_frame *f, struct sh_err *err) {
    for (size_t i = 0; i < f->n_units; i++) {
        if (!is_name(f->units[i].id))
            return sh_fail(err, SH_E_INPUT, "unit %zu: an id is 1 to %d bytes of text on one line", i + 1,
                           SH_DRAW_NAME_BYTES_MAX);
        if (f->units[i].stratum >= f->n_strata)
            return sh_fail(err, SH_E_INPUT, "unit %zu: no stratum %u", i + 1, f->units[i].stratum);
        if (i > 0 && sh_str_cmp(f->units[i - 1].id, f->units[i].id) >= 0)
            return sh_fail(err, SH_E_INPUT, "unit %zu (%.*s) is twice there or out of order", i + 1,
                           SH_ARG(f->units[i].id));
    }
    return SH_OK;
}

static sh_code check(const struct sh_draw_frame *f, struct sh_err *err) {
    if (!is_name(f->name))
        return sh_fail(err, SH_E_INPUT, "the name of a draw is 1 to %d bytes of text on one line",
                       SH_DRAW_NAME_BYTES_MAX);
    if (f->n_seals < SH_DRAW_SEALS_MIN || f->n_seals > SH_DRAW_SEALS_MAX)
        return sh_fail(err, SH_E_INPUT, "%zu seals; a draw has %d to %d", f->n_seals, SH_DRAW_SEALS_MIN,
                       SH_DRAW_SEALS_MAX);
    if (f->n_strata == 0 || f->n_strata > SH_DRAW_STRATA_MAX)
        return sh_fail(err, SH_E_INPUT, "%zu strata; a draw has 1 to %d", f->n_strata, SH_DRAW_STRATA_MAX);
    if (f->n_units > SH_DRAW_UNITS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d units", SH_DRAW_UNITS_MAX);
    for (size_t i = 0; i < f->n_strata; i++) {
        if (!is_name(f->strata[i].name))
            return sh_fail(err, SH_E_INPUT, "stratum %zu has no name", i + 1);
        if (f->strata[i].take > SH_DRAW_UNITS_MAX)
            return sh_fail(err, SH_E_LIMIT, "stratum %zu takes more than %d", i + 1, SH_DRAW_UNITS_MAX);
    }
    return check_units(f, err);
}

sh_code sh_draw_frame_write(const struct sh_draw_frame *f, struct sh_buf *out, struct sh_err *err) {
    SH_TRY(check(f, err));
    sh_buf_addf(out, "shouhu.draw.1\nname %.*s\ndigest %s\nseals %zu\n", SH_ARG(f->name),
                sh_digest_name(f->digest), f->n_seals);
    for (size_t i = 0; i < f->n_seals; i++) {
        char hex[SH_DIGEST_HEX_MAX];
        sh_hex(f->seals[i], SH_DIGEST_BYTES, hex);
        sh_buf_addf(out, "%s\n", hex);
    }
    sh_buf_addf(out, "strata %zu\n", f->n_strata);
    for (size_t i = 0; i < f->n_strata; i++)
        sh_buf_addf(out, "%s %llu %.*s\n", f->strata[i].is_all ? "all" : "own",
                    (unsigned long long)f->strata[i].take, SH_ARG(f->strata[i].name));
    sh_buf_addf(out, "units %zu\n", f->n_units);
    for (size_t i = 0; i < f->n_units; i++)
        sh_buf_addf(out, "%u %.*s\n", f->units[i].stratum, SH_ARG(f->units[i].id));
    return sh_buf_check(out, err);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

struct reader {
    struct sh_str rest;
    size_t line;
    struct sh_err *err;
};

static sh_code bad(struct reader *r, const char *want) {
    return sh_fail(r->err, SH_E_INPUT, "frame line %zu: %s wanted", r->line, want);
}

/* The next line, its LF taken off. */
static sh_code next(struct reader *r, struct sh_str *ret, const char *want) {
    const size_t at = sh_str_find_char(r->rest, '\n');
    r->line++;
    if (at == SH_STR_NONE)
        return bad(r, want);
    *ret = sh_str_sub(r->rest, 0, at);
    r->rest = sh_str_sub(r->rest, at + 1, r->rest.len);
    return SH_OK;
}

/* Decimal without sign or leading zero, at most `max`; what is behind it stays in *io. */
static bool number(struct sh_str *io, uint64_t max, uint64_t *ret) {
    uint64_t v = 0;
    size_t n = 0;
    while (n < io->len && io->at[n] >= '0' && io->at[n] <= '9' && v <= max)
        v = 10 * v + (uint64_t)(io->at[n++] - '0');
    if (n == 0 || v > max || (n > 1 && io->at[0] == '0'))
        return false;
    *io = sh_str_sub(*io, n, io->len);
    *ret = v;
    return true;
}

static sh_code word(struct reader *r, const char *key, struct sh_str *ret) {
    struct sh_str line;
    SH_TRY(next(r, &line, key));
    if (!sh_str_starts_with(line, sh_str_of(key)))
        return bad(r, key);
    *ret = sh_str_sub(line, strlen(key), line.len);
    return SH_OK;
}

static sh_code count(struct reader *r, const char *key, uint64_t max, size_t *ret) {
    struct sh_str rest;
    uint64_t n = 0;
    SH_TRY(word(r, key, &rest));
    if (!number(&rest, max, &n) || rest.len)
        return bad(r, key);
    *ret = (size_t)n;
    return SH_OK;
}

static sh_code read_strata(struct reader *r, struct sh_arena *arena, struct sh_draw_frame *ret) {
    SH_TRY(count(r, "strata ", SH_DRAW_STRATA_MAX, &ret->n_strata));
    struct sh_draw_stratum *strata = sh_new(arena, struct sh_draw_stratum, ret->n_strata + 1);
    if (!strata)
        return sh_fail(r->err, SH_E_NOMEM, "no room for strata");
    for (size_t i = 0; i < ret->n_strata; i++) {
        struct sh_str line;
        SH_TRY(next(r, &line, "stratum"));
        strata[i].is_all = sh_str_starts_with(line, SH_STR("all "));
        if (!strata[i].is_all && !sh_str_starts_with(line, SH_STR("own ")))
            return bad(r, "own or all");
        line = sh_str_sub(line, 4, line.len);
        if (!number(&line, SH_DRAW_UNITS_MAX, &strata[i].take) || !sh_str_starts_with(line, SH_STR(" ")))
            return bad(r, "number to take and name");
        strata[i].name = sh_str_sub(line, 1, line.len);
    }
    ret->strata = strata;
    return SH_OK;
}

static sh_code read_units(struct reader *r, struct sh_arena *arena, struct sh_draw_frame *ret) {
    SH_TRY(count(r, "units ", SH_DRAW_UNITS_MAX, &ret->n_units));
    struct sh_draw_unit *units = sh_new(arena, struct sh_draw_unit, ret->n_units + 1);
    if (!units)
        return sh_fail(r->err, SH_E_NOMEM, "no room for units");
    for (size_t i = 0; i < ret->n_units; i++) {
        struct sh_str line;
        uint64_t stratum = 0;
        SH_TRY(next(r, &line, "unit"));
        if (!number(&line, SH_DRAW_STRATA_MAX, &stratum) || !sh_str_starts_with(line, SH_STR(" ")))
            return bad(r, "stratum and id of a unit");
        units[i] = (struct sh_draw_unit){sh_str_sub(line, 1, line.len), (uint32_t)stratum};
    }
    ret->units = units;
    r->line++;
    return r->rest.len == 0 ? SH_OK : bad(r, "the end");
}

sh_code sh_draw_frame_read(struct sh_str text, struct sh_arena *arena, struct sh_draw_frame *ret,
                           struct sh_err *err) {
    struct reader r = {text, 0, err};
    struct sh_draw_frame f = {0};
    struct sh_str line;
    if (text.len > SH_DRAW_FRAME_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "a frame of more than %d bytes", SH_DRAW_FRAME_BYTES_MAX);
    SH_TRY(next(&r, &line, "shouhu.draw.1"));
    if (!sh_str_is(line, "shouhu.draw.1"))
        return bad(&r, "shouhu.draw.1");
    SH_TRY(word(&r, "name ", &f.name));
    SH_TRY(word(&r, "digest ", &line));
    f.digest = sh_str_is(line, "sm3") ? SH_DIGEST_SM3 : SH_DIGEST_SHA256;
    if (!sh_str_is(line, sh_digest_name(f.digest)))
        return bad(&r, "digest sm3 or sha256");
    SH_TRY(count(&r, "seals ", SH_DRAW_SEALS_MAX, &f.n_seals));
    uint8_t(*seals)[SH_DIGEST_BYTES] =
        (uint8_t(*)[SH_DIGEST_BYTES])sh_arena_alloc_array(arena, f.n_seals + 1, SH_DIGEST_BYTES, 1);
    if (!seals)
        return sh_fail(err, SH_E_NOMEM, "no room for seals");
    for (size_t i = 0; i < f.n_seals; i++) {
        SH_TRY(next(&r, &line, "seal"));
        if (!sh_unhex(line, seals[i], SH_DIGEST_BYTES))
            return bad(&r, "a seal of 64 hex digits");
    }
    f.seals = (const uint8_t(*)[SH_DIGEST_BYTES])seals;
    SH_TRY(read_strata(&r, arena, &f));
    SH_TRY(read_units(&r, arena, &f));
    SH_TRY(check(&f, err));
    *ret = f;
    return SH_OK;
}

sh_code sh_draw_frame_digest(sh_digest_kind kind, struct sh_str text, uint8_t ret[SH_DIGEST_BYTES],
                             struct sh_err *err) {
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    SH_TRY(sh_digest_begin(&digest, kind, err));
    SH_TRY(sh_digest_add(&digest, "\0", 1, err));
    SH_TRY(sh_digest_add(&digest, text.at, text.len, err));
    return sh_digest_end(&digest, ret, err);
}
