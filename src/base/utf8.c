#include "base/str.h"

/* Length of the well-formed character at s[i], 0 when there is none (table 3-7 of the Unicode standard). */
static size_t char_len(const unsigned char *s, size_t len) {
    const unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    const size_t need = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (need == 0 || len < need)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) ||
        (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return need;
}

size_t sh_utf8_invalid_at(struct sh_str s) {
    const unsigned char *at = (const unsigned char *)s.at;
    size_t i = 0;
    while (i < s.len) {
        uint64_t eight;
        if (s.len - i >= 8 && (memcpy(&eight, at + i, 8), (eight & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        const size_t n = char_len(at + i, s.len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return s.len;
}

bool sh_utf8_valid(struct sh_str s) {
    return sh_utf8_invalid_at(s) == s.len;
}

uint32_t sh_utf8_next(struct sh_str s, size_t *offset) {
    const unsigned char *at = (const unsigned char *)s.at + *offset;
    const size_t n = char_len(at, s.len - *offset);
    *offset += n ? n : 1;
    if (n == 0)
        return 0xfffd;
    if (n == 1)
        return at[0];
    uint32_t c = at[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (at[i] & 0x3fu);
    return c;
}

size_t sh_utf8_count(struct sh_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; n++)
        (void)sh_utf8_next(s, &i);
    return n;
}

size_t sh_utf8_cut(struct sh_str s, size_t max) {
    if (s.len <= max)
        return s.len;
    size_t cut = max;
    while (cut > 0 && max - cut < 3 && ((unsigned char)s.at[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

struct range {
    uint32_t first, last;
};

/* Wide and full-width blocks of UAX #11 (W and F), joined where only unassigned code points lie between. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
    {0x2614, 0x2615},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},
    {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1b000, 0x1b2fb}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
};

/* Combining marks and format characters that take no column, of the scripts that occur in our texts. */
static const struct range zero[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x0300, 0x036f}, {0x0483, 0x0489},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
    {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t n) {
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && c >= ranges[low].first;
}

size_t sh_utf8_width(struct sh_str s) {
    size_t width = 0;
    for (size_t i = 0; i < s.len;) {
        const uint32_t c = sh_utf8_next(s, &i);
        if (c >= 0x20 && c < 0x7f)
            width += 1;
        else if (!in_ranges(c, zero, sizeof(zero) / sizeof(zero[0])))
            width += in_ranges(c, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
    }
    return width;
}

size_t sh_utf8_put(uint32_t c, char out[4]) {
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = 0xfffd;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00u >> n & 0xffu) | c);
    return n;
}
