#include "base/str.h"
#include "base/limits.h"

struct sh_str sh_str_sub(struct sh_str s, size_t from, size_t len) {
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (struct sh_str){s.at ? s.at + from : NULL, len};
}

int sh_str_cmp(struct sh_str a, struct sh_str b) {
    const size_t shared = a.len < b.len ? a.len : b.len;
    const int order = shared ? memcmp(a.at, b.at, shared) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool sh_str_eq_nocase(struct sh_str a, struct sh_str b) {
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool sh_str_starts_with(struct sh_str s, struct sh_str prefix) {
    return s.len >= prefix.len && sh_str_eq((struct sh_str){s.at, prefix.len}, prefix);
}

bool sh_str_ends_with(struct sh_str s, struct sh_str suffix) {
    return s.len >= suffix.len && sh_str_eq(sh_str_sub(s, s.len - suffix.len, suffix.len), suffix);
}

/* Length of the white space that begins (or, at the end, ends) a text; 0 when it does not. */
static size_t space_len(struct sh_str s, bool at_end) {
    static const struct sh_str wide[] = {{"\xe3\x80\x80", 3}, {"\xc2\xa0", 2}, {"\xef\xbb\xbf", 3}};
    if (s.len == 0)
        return 0;
    const char c = at_end ? s.at[s.len - 1] : s.at[0];
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return 1;
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (at_end ? sh_str_ends_with(s, wide[i]) : sh_str_starts_with(s, wide[i]))
            return wide[i].len;
    return 0;
}

struct sh_str sh_str_trim(struct sh_str s) {
    for (size_t n; (n = space_len(s, false)) > 0;)
        s = sh_str_sub(s, n, s.len);
    for (size_t n; (n = space_len(s, true)) > 0;)
        s.len -= n;
    return s;
}

size_t sh_str_find(struct sh_str s, struct sh_str needle) {
    if (needle.len == 0)
        return 0;
    const char *found = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
    return found ? (size_t)(found - s.at) : SH_STR_NONE;
}

size_t sh_str_find_char(struct sh_str s, char c) {
    const char *found = s.len ? memchr(s.at, c, s.len) : NULL;
    return found ? (size_t)(found - s.at) : SH_STR_NONE;
}

bool sh_str_split(struct sh_str *rest, char separator, struct sh_str *ret_piece) {
    /* A last, empty piece ("a,") is a non-NULL `at` with no bytes; an empty text to begin with is not split
     * at all. */
    if (!rest->at)
        return false;
    const size_t end = sh_str_find_char(*rest, separator);
    if (end == SH_STR_NONE) {
        *ret_piece = *rest;
        *rest = (struct sh_str){0};
        return true;
    }
    *ret_piece = sh_str_sub(*rest, 0, end);
    *rest = sh_str_sub(*rest, end + 1, rest->len);
    return true;
}

void sh_str_place(struct sh_str text, size_t offset, size_t *ret_line, size_t *ret_column) {
    const struct sh_str before = sh_str_sub(text, 0, offset);
    size_t line = 1, line_start = 0;
    for (size_t i = 0; before.at && i < before.len; i++)
        if (before.at[i] == '\n')
            line++, line_start = i + 1;
    *ret_line = line;
    *ret_column = sh_utf8_count(sh_str_sub(before, line_start, before.len)) + 1;
}

enum { WORD_MAX = SH_WORD_BYTES_MAX };

static size_t decode(struct sh_str s, uint32_t out[WORD_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < s.len;)
        out[n++] = sh_utf8_next(s, &i);
    return n;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough, as a swap looks back two. */
size_t sh_edit_distance(struct sh_str a, struct sh_str b, size_t limit) {
    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return limit + 1;
    uint32_t x[WORD_MAX], y[WORD_MAX];
    const size_t n = decode(a, x), m = decode(b, y);
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (x[i - 1] != y[j - 1]));
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last, last = row, row = spare;
    }
    return last[m] > limit ? limit + 1 : last[m];
}

const char *sh_did_you_mean(struct sh_str word, const char *const *candidates, size_t n) {
    const size_t third = sh_utf8_count(word) / 3;
    size_t best_distance = (third > 1 ? third : 1) + 1;
    const char *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const size_t distance = sh_edit_distance(word, sh_str_of(candidates[i]), best_distance - 1);
        if (distance < best_distance)
            best_distance = distance, best = candidates[i];
        if (best_distance == 0)
            break;
    }
    return best;
}
