#include "lake/encoding.h"
#include <iconv.h>

enum { LEADS = 0xfe - 0x81 + 1, TRAILS = 0xfe - 0x40 + 1 };

/* Code points, 0 = none. Four bytes count in mixed radix (126, 10, 126, 10): up to U+FFFF asked of iconv one
 * by one, beyond in one line. */
struct sh_gb18030 {
    uint32_t two[LEADS * TRAILS];
    uint32_t four[39420]; /* 81308130 … 8431A439: the BMP */
};

static size_t two_index(unsigned lead, unsigned trail) {
    return (size_t)(lead - 0x81) * TRAILS + (trail - 0x40);
}

static bool is_trail(unsigned char c) {
    return c >= 0x40 && c != 0x7f && c != 0xff;
}

/* One character through iconv to a code point, 0 when it has none. */
static uint32_t ask(iconv_t cd, const unsigned char *bytes, size_t n) {
    char in[4];
    unsigned char out[8];
    memcpy(in, bytes, n);
    char *from = in, *to = (char *)out;
    size_t n_from = n, n_to = sizeof(out);
    (void)iconv(cd, NULL, NULL, NULL, NULL);
    if (iconv(cd, &from, &n_from, &to, &n_to) == (size_t)-1 || n_from != 0 || n_to != sizeof(out) - 4)
        return 0;
    return (uint32_t)out[0] << 24 | (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3];
}

static void fill_two(struct sh_gb18030 *gb, iconv_t cd) {
    for (unsigned lead = 0x81; lead <= 0xfe; lead++)
        for (unsigned trail = 0x40; trail <= 0xfe; trail++) {
            const unsigned char bytes[2] = {(unsigned char)lead, (unsigned char)trail};
            if (is_trail(bytes[1]))
                gb->two[two_index(lead, trail)] = ask(cd, bytes, 2);
        }
}

static void fill_four(struct sh_gb18030 *gb, iconv_t cd) {
    for (unsigned i = 0; i < sizeof(gb->four) / sizeof(gb->four[0]); i++) {
        const unsigned char bytes[4] = {(unsigned char)(0x81 + i / 12600),
                                        (unsigned char)(0x30 + i / 1260 % 10),
                                        (unsigned char)(0x81 + i / 10 % 126), (unsigned char)(0x30 + i % 10)};
        gb->four[i] = ask(cd, bytes, 4);
    }
}

sh_code sh_gb18030_new(struct sh_arena *arena, const struct sh_gb18030 **ret, struct sh_err *err) {
    struct sh_gb18030 *gb = sh_new(arena, struct sh_gb18030, 1);
    if (!gb)
        return sh_fail(err, SH_E_NOMEM, "no memory for the tables of GB18030");
    const iconv_t cd = iconv_open("UTF-32BE", "GB18030");
    if (cd == (iconv_t)-1)
        return sh_fail(err, SH_E_UNSUPPORTED,
                       "the C library here cannot read GB18030; install its conversion modules");
    fill_two(gb, cd);
    fill_four(gb, cd);
    (void)iconv_close(cd);
    *ret = gb;
    return SH_OK;
}

/* Code point at `at`, its length in bytes, or 0 when the bytes are no character. */
static size_t gb_next(const struct sh_gb18030 *gb, const unsigned char *at, const unsigned char *end,
                      uint32_t *ret) {
    const size_t left = (size_t)(end - at);
    if (at[0] < 0x81 || at[0] == 0xff || left < 2)
        return 0;
    if (is_trail(at[1])) {
        *ret = gb->two[two_index(at[0], at[1])];
        return *ret ? 2 : 0;
    }
    if (left < 4 || at[1] < 0x30 || at[1] > 0x39 || at[2] < 0x81 || at[2] == 0xff || at[3] < 0x30 ||
        at[3] > 0x39)
        return 0;
    const uint32_t linear =
        (((uint32_t)(at[0] - 0x81) * 10 + (at[1] - 0x30u)) * 126 + (at[2] - 0x81u)) * 10 + (at[3] - 0x30u);
    const uint32_t supplementary = 189000; /* 90308130 = U+10000 */
    if (linear < sizeof(gb->four) / sizeof(gb->four[0]))
        *ret = gb->four[linear];
    else if (linear >= supplementary && linear - supplementary <= 0xfffff)
        *ret = 0x10000 + (linear - supplementary);
    else
        return 0;
    return *ret ? 4 : 0;
}

sh_code sh_gb18030_convert(const struct sh_gb18030 *gb, struct sh_str in, struct sh_buf *out,
                           size_t *ret_bad_at, struct sh_err *err) {
    *ret_bad_at = in.len;
    if (in.len == 0)
        return SH_OK;
    /* Two bytes become at most three (or four: a handful beyond the BMP). */
    if (sh_buf_reserve(out, in.len * 2 + 4) != SH_OK)
        return sh_buf_check(out, err);
    const unsigned char *at = (const unsigned char *)in.at, *const end = at + in.len;
    char *to = out->at + out->len;
    while (at < end) {
        uint64_t eight;
        while (end - at >= 8 && (memcpy(&eight, at, 8), (eight & 0x8080808080808080u) == 0)) {
            memcpy(to, &eight, 8);
            at += 8, to += 8;
        }
        if (at == end)
            break;
        if (*at < 0x80) {
            *to++ = (char)*at++;
            continue;
        }
        uint32_t code_point = 0;
        const size_t n = gb_next(gb, at, end, &code_point);
        if (n == 0) {
            *ret_bad_at = (size_t)(at - (const unsigned char *)in.at);
            break;
        }
        at += n;
        to += sh_utf8_put(code_point, to);
    }
    out->len = (size_t)(to - out->at);
    out->at[out->len] = '\0';
    return SH_OK;
}

static const unsigned char *skip_ascii(const unsigned char *at, const unsigned char *end) {
    uint64_t eight;
    while (end - at >= 8 && (memcpy(&eight, at, 8), (eight & 0x8080808080808080u) == 0))
        at += 8;
    while (at < end && *at < 0x80)
        at++;
    return at;
}

/* Length of the UTF-8 sequence at `at`, 0 when there is none. */
static size_t utf8_length(const unsigned char *at, const unsigned char *end) {
    const size_t want = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (want == 0 || (size_t)(end - at) < want || !sh_utf8_valid((struct sh_str){(const char *)at, want}))
        return 0;
    return want;
}

/* The form only; whether a code is assigned is left to the conversion. */
static size_t gb_length(const unsigned char *at, const unsigned char *end) {
    const size_t left = (size_t)(end - at);
    if (at[0] < 0x81 || at[0] == 0xff || left < 2)
        return 0;
    if (is_trail(at[1]))
        return 2;
    return left >= 4 && at[1] >= 0x30 && at[1] <= 0x39 && at[2] >= 0x81 && at[2] != 0xff && at[3] >= 0x30 &&
                   at[3] <= 0x39
               ? 4
               : 0;
}

/* Sequences by their length; of_length[0]: bytes that belong to none. */
static void count(size_t (*length)(const unsigned char *, const unsigned char *), struct sh_str bytes,
                  uint64_t of_length[5]) {
    const unsigned char *at = (const unsigned char *)bytes.at, *const end = at + bytes.len;
    uint64_t seen = 0;
    for (at = skip_ascii(at, end); at < end && seen < (uint64_t)4 * SH_ENCODING_ENOUGH;
         at = skip_ascii(at, end), seen++) {
        const size_t n = length(at, end);
        if (n == 0 && end - at < 4)
            break; /* perhaps cut by the end of the block */
        of_length[n]++;
        at += n ? n : 1;
    }
}

static bool is_word(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Characters of two bytes beside a Latin letter or a digit, as in café and 10±5; 女 in a cell of its own is
 * none. */
static uint64_t in_words(struct sh_str bytes) {
    const unsigned char *const begin = (const unsigned char *)bytes.at, *const end = begin + bytes.len;
    uint64_t n = 0;
    for (const unsigned char *at = skip_ascii(begin, end); at < end; at = skip_ascii(at, end)) {
        const unsigned char *const from = at;
        while (at < end && *at >= 0x80)
            at++;
        n += at - from == 2 && ((from > begin && is_word(from[-1])) || (at < end && is_word(*at)));
    }
    return n;
}

enum sh_encoding sh_encoding_weigh(struct sh_encoding_evidence *e, struct sh_str bytes) {
    enum { SHORT_FOR_LONG = 128 }; /* so many sequences of two bytes say as much as one of three */
    if (bytes.len > 0 && e->utf8_long + e->utf8_short + e->utf8_bad < SH_ENCODING_ENOUGH) {
        uint64_t utf8[5] = {0}, gb[5] = {0};
        count(utf8_length, bytes, utf8);
        count(gb_length, bytes, gb);
        e->utf8_bad += utf8[0], e->utf8_short += utf8[2], e->utf8_long += utf8[3] + utf8[4];
        e->gb_bad += gb[0], e->in_words += in_words(bytes);
    }
    if (e->utf8_long + e->gb_bad + e->in_words == 0 && e->utf8_short > 0)
        return SH_ENCODING_GB18030;
    const bool holds = e->utf8_long + e->utf8_short / SHORT_FOR_LONG >= e->utf8_bad;
    return !holds && e->gb_bad <= e->utf8_bad ? SH_ENCODING_GB18030 : SH_ENCODING_UTF8;
}
