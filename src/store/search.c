/* Bigrams of code points: Chinese has no spaces, and both databases have the same plain tables. */
#include "store/inner.h"
#include <inttypes.h>

enum { TERM = 1 }; /* begins a term; terms stand behind the words */

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

/* Bigrams have 42 bits. */
static int64_t gram_of(struct sh_str term) {
    return (int64_t)(sh_hash64(term.at, term.len, 0) >> 2 | (uint64_t)1 << 62);
}

int64_t sh_gram_of_term(const char *name, struct sh_str value) {
    char text[80];
    const int n = snprintf(text, sizeof text, "%s=%016llx", name,
                           (unsigned long long)sh_hash64(value.at, value.len, 0));
    sh_check(n > 0 && (size_t)n < sizeof text);
    return gram_of((struct sh_str){text, (size_t)n});
}

void sh_search_add_term(struct sh_buf *search, struct sh_str name, struct sh_str value) {
    (void)sh_buf_addf(search, "%c%.*s=%016llx", TERM, SH_ARG(name),
                      (unsigned long long)sh_hash64(value.at, value.len, 0));
}

/* Words end where the terms begin. */
static struct sh_str words_of(struct sh_str text) {
    const char *end = text.len ? memchr(text.at, TERM, text.len) : NULL;
    return end ? (struct sh_str){text.at, (size_t)(end - text.at)} : text;
}

static sh_code add_gram(int64_t gram, int64_t *ret, size_t *n, struct sh_err *err) {
    if (*n == SH_GRAMS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d pairs of characters and terms to be found by",
                       SH_GRAMS_MAX);
    ret[(*n)++] = gram;
    return SH_OK;
}

static void sort_distinct(int64_t *grams, size_t *n) {
    qsort(grams, *n, sizeof *grams, by_number);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (kept == 0 || grams[i] != grams[kept - 1])
            grams[kept++] = grams[i];
    *n = kept;
}

bool sh_is_place_term(size_t len) {
    return len == 2 || len == 4 || len == 6 || len == 9 || len == 12;
}

sh_code sh_grams_of_version(struct sh_str text, const struct sh_labels *labels, int64_t *ret, size_t *ret_n,
                            struct sh_err *err) {
    size_t n = 0;
    SH_TRY(sh_grams_of(text, ret, &n, err));
    SH_TRY(add_gram(sh_gram_of_term("body", labels->body), ret, &n, err));
    if (labels->matter.len)
        SH_TRY(add_gram(sh_gram_of_term("matter", labels->matter), ret, &n, err));
    for (size_t len = 2; len <= labels->place.len && len <= 12; len++)
        if (sh_is_place_term(len))
            SH_TRY(add_gram(sh_gram_of_term("place", sh_str_sub(labels->place, 0, len)), ret, &n, err));
    sort_distinct(ret, &n);
    *ret_n = n;
    return SH_OK;
}

sh_code sh_grams_list(const int64_t *grams, size_t n, struct sh_buf *out, struct sh_err *err) {
    for (size_t i = 0; i < n; i++)
        (void)sh_buf_addf(out, "%c%" PRId64, i ? ',' : '{', grams[i]);
    (void)sh_buf_add_char(out, '}');
    return sh_buf_check(out, err);
}

sh_code sh_grams_of(struct sh_str whole, int64_t *ret, size_t *ret_n, struct sh_err *err) {
    const struct sh_str text = words_of(whole);
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
        if (last != 0)
            SH_TRY(add_gram((int64_t)last << 21 | c, ret, &n, err));
        last = c;
    }
    struct sh_str terms = sh_str_sub(whole, text.len, whole.len - text.len), term;
    while (terms.len && sh_str_split(&terms, TERM, &term))
        if (term.len)
            SH_TRY(add_gram(gram_of(term), ret, &n, err));
    sort_distinct(ret, &n);
    *ret_n = n;
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

bool sh_words_in(struct sh_str whole, struct sh_str query) {
    const struct sh_str text = words_of(whole);
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
