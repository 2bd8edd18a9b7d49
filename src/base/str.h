/* Text as a view: address and length, UTF-8, not NUL-terminated, never owned. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** A view of somebody else's bytes. All zero is the empty text. Pass by value. */
struct sh_str {
    const char *at; /* may be NULL when len is 0 */
    size_t len;     /* bytes */
};

/** View of a string literal. */
#define SH_STR(literal) ((struct sh_str){"" literal, sizeof(literal) - 1})
/** For printf: printf("%.*s", SH_ARG(text)). Cut at INT_MAX bytes. */
#define SH_ARG(text) (int)((text).len < 0x7fffffff ? (text).len : 0x7fffffff), (text).at ? (text).at : ""

/** View of a NUL-terminated text; NULL gives the empty view. */
static inline struct sh_str sh_str_of(const char *text) {
    return (struct sh_str){text, text ? strlen(text) : 0};
}
/** Bytes [from, from + len), cut to what there is. */
struct sh_str sh_str_sub(struct sh_str s, size_t from, size_t len);
/** Same bytes? */
static inline bool sh_str_eq(struct sh_str a, struct sh_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
/** Same bytes as a NUL-terminated text? */
static inline bool sh_str_is(struct sh_str a, const char *b) {
    return sh_str_eq(a, sh_str_of(b));
}
/** Order of bytes (for UTF-8: of code points): < 0, 0, > 0. A prefix comes first. */
int sh_str_cmp(struct sh_str a, struct sh_str b);
/** Same, ASCII letters without case? Other bytes must be equal. */
bool sh_str_eq_nocase(struct sh_str a, struct sh_str b);
bool sh_str_starts_with(struct sh_str s, struct sh_str prefix);
bool sh_str_ends_with(struct sh_str s, struct sh_str suffix);
/** Without ASCII white space, U+3000 (全角空格), U+00A0 and U+FEFF at both ends. */
struct sh_str sh_str_trim(struct sh_str s);
#define SH_STR_NONE ((size_t)-1)
/** Offset in bytes of the first `needle`, or SH_STR_NONE. The empty needle is found at 0. */
size_t sh_str_find(struct sh_str s, struct sh_str needle);
size_t sh_str_find_char(struct sh_str s, char c);
/**
 * Take pieces off the front: `for (struct sh_str piece; sh_str_split(&rest, ',', &piece);)`.
 * "a,,b" gives "a", "", "b"; "a," gives "a", ""; the empty text (at NULL or len 0) gives nothing.
 * rest is used up: its `at` becomes NULL after the last piece. Start from a view whose `at` is not NULL.
 */
bool sh_str_split(struct sh_str *rest, char separator, struct sh_str *ret_piece);

/** Line and column (in characters), both from 1, of the byte at `offset` of a text; for messages. O(offset).
 */
void sh_str_place(struct sh_str text, size_t offset, size_t *ret_line, size_t *ret_column);

/** Well-formed UTF-8 (no overlong forms, surrogates, or > U+10FFFF)? NUL counts as a character. Fast on
 * ASCII. */
bool sh_utf8_valid(struct sh_str s);
/** Offset of the first byte that is not well-formed, or s.len. */
size_t sh_utf8_invalid_at(struct sh_str s);
/** Code point at *offset, which moves behind it; ill-formed bytes give U+FFFD and move by one. *offset <
 * s.len. */
uint32_t sh_utf8_next(struct sh_str s, size_t *offset);
/** Number of code points (ill-formed bytes count one each). */
size_t sh_utf8_count(struct sh_str s);
/** Largest length <= max bytes that does not cut a character. */
size_t sh_utf8_cut(struct sh_str s, size_t max);
/** Terminal columns: CJK and full width 2, combining marks, zero-width and control characters 0, others 1.
 * Own table. */
size_t sh_utf8_width(struct sh_str s);
/** Write a code point [1…4 bytes]; gives the number of bytes. Not a scalar value: writes U+FFFD. */
size_t sh_utf8_put(uint32_t code_point, char out[4]);

/**
 * Edits (insert, delete, replace, swap of neighbours; by code point) that turn a into b, or limit + 1 when
 * more than `limit`. Words over SH_WORD_BYTES_MAX bytes give limit + 1. No allocation. O(a × b).
 */
size_t sh_edit_distance(struct sh_str a, struct sh_str b, size_t limit);
/**
 * The candidate that was probably meant, for "unknown field 'x', did you mean 'y'?"; NULL when none is near
 * (more than a third of the word's characters differ, at least 1). candidates [n], NUL-terminated; first of
 * the best wins.
 */
const char *sh_did_you_mean(struct sh_str word, const char *const *candidates, size_t n);
