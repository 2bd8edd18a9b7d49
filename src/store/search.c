/* Bigrams of code points: Chinese has no spaces, and both databases have the same plain tables. */
#include "store/inner.h"

static uint32_t fold(uint32_t c) {
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if (c >= 0xff01 && c <= 0xff5e) /* full width */
        return fold(c - 0xfee0);    // NOLINT(misc-no-recursion): once
    return c;
}

/* What parts words: white space and punctuation of ASCII and of CJK. */
static bool is_gap(uint32_t c) {
    return c <= ' ' ||
           (c < 0x80 && !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) ||
           c == 0xa0 || (c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x3004) ||
           (c >= 0x3008 && c <= 0x3020) || c == 0xfffd;
}

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

sh_code sh_grams_of(struct sh_str text, int64_t *ret, size_t *ret_n, struct sh_err *err) {
    size_t n = 0;
    uint32_t last = 0;
    for (size_t at = 0; at <= text.len;) {
        uint32_t c = 0; /* behind the end: a gap */
        if (at < text.len)
            c = fold(sh_utf8_next(text, &at));
        else
            at++;
        if (is_gap(c))
            c = 0;
        if (last != 0) {
            if (n == SH_GRAMS_MAX)
                return sh_fail(err, SH_E_LIMIT, "more than %d pairs of characters to be found by",
                               SH_GRAMS_MAX);
            ret[n++] = (int64_t)last << 21 | c;
        }
        last = c;
    }
    qsort(ret, n, sizeof *ret, by_number);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || ret[i] != ret[kept - 1])
            ret[kept++] = ret[i];
    *ret_n = kept;
    return SH_OK;
}

/* The word at *at of `query` as a view; false at the end. */
static bool next_word(struct sh_str query, size_t *at, struct sh_str *ret) {
    size_t from = *at, to;
    for (;;) { /* over gaps */
        if (from >= query.len)
            return false;
        size_t next = from;
        if (!is_gap(fold(sh_utf8_next(query, &next))))
            break;
        from = next;
    }
    for (to = from; to < query.len;) {
        size_t next = to;
        if (is_gap(fold(sh_utf8_next(query, &next))))
            break;
        to = next;
    }
    *at = to;
    *ret = sh_str_sub(query, from, to - from);
    return true;
}

static bool word_at(struct sh_str text, size_t at, struct sh_str word) {
    size_t k = 0;
    while (k < word.len && at < text.len)
        if (fold(sh_utf8_next(text, &at)) != fold(sh_utf8_next(word, &k)))
            return false;
    return k >= word.len;
}

bool sh_words_in(struct sh_str text, struct sh_str query) {
    struct sh_str word;
    for (size_t at = 0; next_word(query, &at, &word);) {
        bool has = false;
        for (size_t i = 0; i < text.len && !has;) {
            has = word_at(text, i, word);
            (void)sh_utf8_next(text, &i);
        }
        if (!has)
            return false;
    }
    return true;
}
