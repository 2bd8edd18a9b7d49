#include "lake/records.h"
#include "base/clock.h"
#include "base/limits.h"

enum { FIRST_READ_BYTES = 256 << 10, SHOWN_BYTES = 4096, WORD = 64 };

struct sh_record_reader {
    struct sh_source *source;
    struct sh_form form;
    const struct sh_gb18030 *gb;
    enum sh_encoding fixed;
    struct sh_encoding_evidence evidence;
    size_t n_fields;
    bool is_at_end; /* the source has given everything */
    bool is_resync; /* looking for a line that fits the header */
    bool is_plain;  /* what was given up had no quote open: the very next line is a record, fit or not */
    uint64_t n_records, n_blocks;
    char *carry; /* begun record, goes into the next block */
    size_t carry_len, carry_cap;
};

/* ---- bits
 * ------------------------------------------------------------------------------------------------------ */

/* Eight bytes: the top bit of each that equals c, gathered into one byte, lowest byte first. Exact, no false
 * neighbours. */
static inline uint64_t equal8(uint64_t v, uint64_t c) {
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu, x = v ^ c;
    const uint64_t top = ~(((x & low) + low) | x | low);
    return ((top >> 7) * 0x0102040810204080u) >> 56;
}

/* Flat on purpose: three characters in, three words a step out, called through sh_classify_fn. */
// NOLINTNEXTLINE(readability-function-size)
void sh_classify_scalar(const char *at, size_t n_words, char delimiter, char quote, char line_end,
                        uint64_t *delimiters, uint64_t *quotes, uint64_t *ends) {
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t d = ones * (unsigned char)delimiter, q = ones * (unsigned char)quote,
                   e = ones * (unsigned char)line_end;
    for (size_t w = 0; w < n_words; w++, at += WORD) {
        uint64_t bits_d = 0, bits_q = 0, bits_e = 0;
        for (unsigned i = 0; i < 8; i++) {
            uint64_t v;
            memcpy(&v, at + (size_t)i * 8, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            v = __builtin_bswap64(v);
#endif
            bits_d |= equal8(v, d) << (8 * i);
            bits_q |= equal8(v, q) << (8 * i);
            bits_e |= equal8(v, e) << (8 * i);
        }
        delimiters[w] = bits_d, quotes[w] = bits_q, ends[w] = bits_e;
    }
}

void sh_bits_free(struct sh_bits *bits) {
    sh_free(bits->delimiters);
    sh_free(bits->quotes);
    sh_free(bits->ends);
    *bits = (struct sh_bits){0};
}

static void clear_bit(uint64_t *words, size_t at) {
    words[at / WORD] &= ~((uint64_t)1 << (at % WORD));
}

static bool has_bit(const uint64_t *words, size_t at) {
    return words[at / WORD] >> (at % WORD) & 1;
}

/* GB18030: the second byte of a character may look like a delimiter of 0x40 and above. */
static void clear_second_bytes(struct sh_bits *bits, const char *text, size_t len) {
    const unsigned char *at = (const unsigned char *)text;
    for (size_t i = 0; i + 1 < len;) {
        if (at[i] < 0x81 || at[i] == 0xff) {
            i++;
        } else if (at[i + 1] >= 0x40 && at[i + 1] != 0x7f && at[i + 1] != 0xff) {
            clear_bit(bits->delimiters, i + 1);
            i += 2;
        } else {
            i += at[i + 1] >= 0x30 && at[i + 1] <= 0x39 && i + 3 < len ? 4 : 1;
        }
    }
}

sh_code sh_bits_set(struct sh_bits *bits, const struct sh_form *form, const char *at, size_t from, size_t len,
                    struct sh_err *err) {
    const size_t words = len / WORD + 1, max = SH_BUF_BYTES_MAX;
    SH_TRY(sh_grow(&bits->delimiters, &bits->cap_delimiters, words, 8, max, err));
    SH_TRY(sh_grow(&bits->quotes, &bits->cap_quotes, words, 8, max, err));
    SH_TRY(sh_grow(&bits->ends, &bits->cap_ends, words, 8, max, err));
    const size_t first = from / WORD, whole = len / WORD;
    sh_classify_fn *const classify = sh_classify_best();
    if (whole > first)
        classify(at + first * WORD, whole - first, form->delimiter, form->quote, form->line_end,
                 bits->delimiters + first, bits->quotes + first, bits->ends + first);
    char last[WORD] = {0};
    const size_t rest = len - whole * WORD;
    const uint64_t mask = rest ? ~(uint64_t)0 >> (WORD - rest) : 0;
    if (rest)
        memcpy(last, at + whole * WORD, rest);
    classify(last, 1, form->delimiter, form->quote, form->line_end, bits->delimiters + whole,
             bits->quotes + whole, bits->ends + whole);
    bits->delimiters[whole] &= mask, bits->quotes[whole] &= mask, bits->ends[whole] &= mask;
    if (form->quote == 0)
        memset(bits->quotes + first, 0, (words - first) * 8);
    if (form->wide)
        clear_second_bytes(bits, at, len);
    return SH_OK;
}

/* The first set bit at or after `from`, below `len`; else len. */
static inline size_t next_bit(const uint64_t *words, size_t from, size_t len) {
    if (from >= len)
        return len;
    size_t w = from / WORD;
    const size_t last = (len - 1) / WORD;
    uint64_t m = words[w] & (~(uint64_t)0 << (from % WORD));
    while (m == 0) {
        if (w == last)
            return len;
        m = words[++w];
    }
    const size_t at = w * WORD + (size_t)__builtin_ctzll(m);
    return at < len ? at : len;
}

/* ---- where a record ends
 * ---------------------------------------------------------------------------------------- */

struct extent {
    size_t end;    /* of the text: the line end, or len */
    bool is_whole; /* the line end is there, or the file ends here */
    bool is_multi; /* a line end stands inside quotes */
    bool is_open;  /* the file ends inside quotes */
};

/* From behind an opening quote to its closing one, or len. */
static size_t closing_quote(const struct sh_form *form, const struct sh_block *b, size_t from) {
    size_t q = next_bit(b->bits.quotes, from, b->len);
    while (q + 1 < b->len && b->bytes[q + 1] == form->quote)
        q = next_bit(b->bits.quotes, q + 2, b->len);
    return q < b->len ? q : b->len;
}

static struct extent record_extent(const struct sh_form *form, const struct sh_block *b, size_t begin,
                                   bool is_last) {
    struct extent x = {.end = b->len, .is_whole = is_last};
    size_t pos = begin;
    while (pos < b->len) {
        size_t w = pos / WORD;
        const size_t last = (b->len - 1) / WORD;
        uint64_t m = (b->bits.ends[w] | b->bits.quotes[w]) & (~(uint64_t)0 << (pos % WORD));
        while (m == 0 && w < last)
            w++, m = b->bits.ends[w] | b->bits.quotes[w];
        if (m == 0)
            return x;
        const size_t at = w * WORD + (size_t)__builtin_ctzll(m);
        if (has_bit(b->bits.ends, at)) {
            x.end = at;
            x.is_whole = true;
            return x;
        }
        pos = at + 1;
        if (at != begin && !has_bit(b->bits.delimiters, at - 1))
            continue; /* a quote inside an unquoted field is a character */
        const size_t close = closing_quote(form, b, at + 1);
        x.is_multi = x.is_multi || next_bit(b->bits.ends, at, close) < close;
        if (close == b->len) {
            x.is_open = true;
            return x;
        }
        if (close + 1 == b->len && !is_last)
            return x; /* the next byte may double the quote */
        pos = close + 1;
    }
    return x;
}

/* ---- splitting
 * -------------------------------------------------------------------------------------------------- */

static size_t split_plain(const struct sh_bits *bits, size_t begin, size_t end, struct sh_field *fields,
                          size_t max) {
    size_t n = 0, from = begin, w = begin / WORD;
    if (begin < end) {
        const size_t last = (end - 1) / WORD;
        uint64_t m = bits->delimiters[w] & (~(uint64_t)0 << (begin % WORD));
        for (;;) {
            for (; m != 0; m &= m - 1) {
                const size_t at = w * WORD + (size_t)__builtin_ctzll(m);
                if (at >= end)
                    break;
                if (n < max)
                    fields[n] = (struct sh_field){(uint32_t)from, (uint32_t)(at - from), 0};
                n++;
                from = at + 1;
            }
            if (w == last)
                break;
            m = bits->delimiters[++w];
        }
    }
    if (n < max)
        fields[n] = (struct sh_field){(uint32_t)from, (uint32_t)(end - from), 0};
    return n + 1;
}

/* Bytes [begin, end) of a record. */
struct range {
    size_t begin, end;
};

static enum sh_reject_reason split_quoted(const struct sh_form *form, const char *at,
                                          const struct sh_bits *bits, struct range range,
                                          struct sh_field *fields, size_t max, size_t *ret_n) {
    const size_t end = range.end;
    size_t n = 0, pos = range.begin;
    for (;;) {
        struct sh_field field = {(uint32_t)pos, 0, 0};
        size_t stop;
        if (pos < end && has_bit(bits->quotes, pos)) {
            size_t close = next_bit(bits->quotes, pos + 1, end);
            for (; close + 1 < end && at[close + 1] == form->quote;
                 close = next_bit(bits->quotes, close + 2, end))
                field.flags = SH_FIELD_DOUBLED;
            *ret_n = n + 1;
            if (close >= end)
                return SH_REJECT_QUOTE_UNCLOSED;
            stop = close + 1;
            if (stop < end && !has_bit(bits->delimiters, stop))
                return SH_REJECT_QUOTE_STRAY;
            field.begin = (uint32_t)(pos + 1), field.len = (uint32_t)(close - pos - 1);
        } else {
            stop = next_bit(bits->delimiters, pos, end);
            field.len = (uint32_t)(stop - pos);
        }
        if (n < max)
            fields[n] = field;
        n++;
        if (stop >= end)
            break;
        pos = stop + 1;
    }
    *ret_n = n;
    return SH_REJECT_NONE;
}

/* Flat on purpose: plain values in, plain arrays out, called once a block. */
// NOLINTNEXTLINE(readability-function-size)
enum sh_reject_reason sh_record_split(const struct sh_form *form, const char *at, const struct sh_bits *bits,
                                      size_t begin, size_t end, struct sh_field *fields, size_t max,
                                      size_t *ret_n) {
    if (next_bit(bits->quotes, begin, end) < end)
        return split_quoted(form, at, bits, (struct range){begin, end}, fields, max, ret_n);
    *ret_n = split_plain(bits, begin, end, fields, max);
    return SH_REJECT_NONE;
}

size_t sh_field_undouble(const char *at, size_t len, char quote, char *to) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        to[n++] = at[i];
        if (at[i] == quote)
            i++;
    }
    return n;
}

/* ---- the reader
 * ------------------------------------------------------------------------------------------------- */

void sh_block_free(struct sh_block *b) {
    sh_free(b->bytes);
    sh_free(b->spans);
    sh_bits_free(&b->bits);
    *b = (struct sh_block){0};
}

/* Read until the block has `want` bytes or the source ends. */
static sh_code load(struct sh_record_reader *r, struct sh_block *b, size_t want, struct sh_err *err) {
    SH_TRY(sh_grow(&b->bytes, &b->cap, want, 1, SH_BUF_BYTES_MAX, err));
    while (!r->is_at_end && b->len < want) {
        size_t n = 0;
        SH_TRY(sh_source_read(r->source, b->bytes + b->len, want - b->len, &n, err));
        b->len += n;
        r->is_at_end = n == 0;
    }
    return SH_OK;
}

/* Judge the encoding by the bytes from `from`, then classify them. */
static sh_code classify(struct sh_record_reader *r, struct sh_block *b, size_t from, struct sh_err *err) {
    b->encoding = r->fixed != SH_ENCODING_AUTO
                      ? r->fixed
                      : sh_encoding_weigh(&r->evidence, (struct sh_str){b->bytes + from, b->len - from});
    r->form.wide = b->encoding == SH_ENCODING_GB18030 && (unsigned char)r->form.delimiter >= 0x40;
    return sh_bits_set(&b->bits, &r->form, b->bytes, r->form.wide ? 0 : from, b->len, err);
}

static sh_code emit(struct sh_block *b, size_t begin, size_t len, enum sh_reject_reason fault,
                    struct sh_err *err) {
    if (b->n_spans == b->cap_spans)
        SH_TRY(sh_grow(&b->spans, &b->cap_spans, b->n_spans + 1, sizeof(*b->spans), SH_BUF_BYTES_MAX, err));
    b->spans[b->n_spans++] = (struct sh_record_span){(uint32_t)begin, (uint32_t)len, fault};
    return SH_OK;
}

/* Give up a record: its first line is the reject, the reader then looks for a line that fits. */
static sh_code give_up(struct sh_record_reader *r, struct sh_block *b, size_t *pos,
                       enum sh_reject_reason fault, struct sh_err *err) {
    size_t end = next_bit(b->bits.ends, *pos, b->len);
    r->is_resync = true;
    const size_t begin = *pos;
    *pos = end;
    if (end - begin > SHOWN_BYTES)
        end = begin + SHOWN_BYTES;
    return emit(b, begin, end - begin, fault, err);
}

static bool fits_header(const struct sh_record_reader *r, const struct sh_block *b, size_t begin,
                        size_t end) {
    size_t n = 0;
    if (r->form.line_end == '\n' && end > begin && b->bytes[end - 1] == '\r')
        end--;
    return end > begin &&
           sh_record_split(&r->form, b->bytes, &b->bits, begin, end, NULL, 0, &n) == SH_REJECT_NONE &&
           n == r->n_fields;
}

/* Go to the next line that has as many fields as the header. True: found, *pos is its begin. False: bytes
 * before *pos are done with, more must be read (or there are none). */
static bool resync(struct sh_record_reader *r, const struct sh_block *b, size_t *pos) {
    for (;;) {
        const size_t e = next_bit(b->bits.ends, *pos, b->len);
        if (e == b->len) {
            *pos = b->len;
            return false;
        }
        const size_t candidate = e + 1;
        if (r->is_plain) {
            *pos = candidate;
            r->is_resync = r->is_plain = false;
            return true;
        }
        const struct extent x = record_extent(&r->form, b, candidate, r->is_at_end);
        if (!x.is_whole && b->len - candidate <= SH_RECORD_BYTES_MAX) {
            *pos = e;
            return false;
        }
        *pos = candidate;
        if (x.is_whole && !x.is_open && fits_header(r, b, candidate, x.end)) {
            r->is_resync = false;
            return true;
        }
    }
}

/* One record at *pos, which moves behind it; *ret_goes_on false: more bytes are needed first. */
static sh_code one_record(struct sh_record_reader *r, struct sh_block *b, size_t *pos, bool *ret_goes_on,
                          struct sh_err *err) {
    const size_t begin = *pos;
    const struct extent x = record_extent(&r->form, b, begin, r->is_at_end);
    const size_t len = x.end - begin;
    *ret_goes_on = x.is_whole || len > SH_RECORD_BYTES_MAX;
    if (!*ret_goes_on)
        return SH_OK;
    if (len > SH_RECORD_BYTES_MAX) {
        r->is_plain = !x.is_open && !x.is_multi;
        return give_up(r, b, pos, SH_REJECT_RECORD_TOO_LONG, err);
    }
    if (x.is_open)
        return give_up(r, b, pos, SH_REJECT_QUOTE_UNCLOSED, err);
    size_t end = x.end;
    *pos = end < b->len ? end + 1 : end;
    if (x.is_multi && !fits_header(r, b, begin, end)) {
        size_t n;
        const enum sh_reject_reason fault =
            sh_record_split(&r->form, b->bytes, &b->bits, begin, end, NULL, 0, &n);
        *pos = begin;
        return give_up(r, b, pos,
                       fault == SH_REJECT_NONE ? SH_REJECT_RECORD_FIELDS : SH_REJECT_QUOTE_UNCLOSED, err);
    }
    if (r->form.line_end == '\n' && end > begin && b->bytes[end - 1] == '\r')
        end--;
    return end == begin ? SH_OK : emit(b, begin, end - begin, SH_REJECT_NONE, err);
}

/* All whole records of the block; *pos ends at the first byte that is left over. */
static sh_code scan(struct sh_record_reader *r, struct sh_block *b, size_t *pos, struct sh_err *err) {
    while (*pos < b->len) {
        if (r->is_resync && !resync(r, b, pos))
            return SH_OK;
        bool goes_on = true;
        SH_TRY(one_record(r, b, pos, &goes_on, err));
        if (!goes_on)
            return SH_OK;
    }
    return SH_OK;
}

static sh_code keep_rest(struct sh_record_reader *r, const struct sh_block *b, size_t pos,
                         struct sh_err *err) {
    const size_t len = b->len - pos;
    SH_TRY(sh_grow(&r->carry, &r->carry_cap, len + 1, 1, SH_BUF_BYTES_MAX, err));
    if (len > 0)
        memcpy(r->carry, b->bytes + pos, len);
    r->carry_len = len;
    return SH_OK;
}

sh_code sh_record_reader_next(struct sh_record_reader *r, size_t target, struct sh_block *b,
                              int64_t *ret_read_ns, struct sh_err *err) {
    b->len = b->n_spans = 0;
    SH_TRY(sh_grow(&b->bytes, &b->cap, r->carry_len + 1, 1, SH_BUF_BYTES_MAX, err));
    if (r->carry_len > 0)
        memcpy(b->bytes, r->carry, r->carry_len);
    b->len = r->carry_len;
    size_t pos = 0, seen = 0;
    for (;;) {
        const int64_t begun = sh_monotonic_ns();
        SH_TRY(load(r, b, b->len < target ? target : b->len + target, err));
        if (ret_read_ns)
            *ret_read_ns += sh_monotonic_ns() - begun;
        SH_TRY(classify(r, b, seen, err));
        SH_TRY(scan(r, b, &pos, err));
        if (b->n_spans > 0 || r->is_at_end)
            break;
        b->len -= pos;
        if (pos > 0)
            memmove(b->bytes, b->bytes + pos, b->len);
        seen = pos > 0 ? 0 : b->len;
        pos = 0;
    }
    SH_TRY(keep_rest(r, b, pos, err));
    b->first_record = r->n_records + 1;
    r->n_records += b->n_spans;
    b->number = r->n_blocks++;
    return SH_OK;
}

/* ---- opening
 * ---------------------------------------------------------------------------------------------------- */

/* The first line end outside quotes: '\r' only when no '\n' follows it. */
static char find_line_end(const struct sh_block *b, char quote) {
    bool is_inside = false;
    for (size_t i = 0; i < b->len; i++) {
        const char c = b->bytes[i];
        if (quote != 0 && c == quote)
            is_inside = !is_inside;
        else if (!is_inside && c == '\n')
            return '\n';
        else if (!is_inside && c == '\r')
            return i + 1 < b->len && b->bytes[i + 1] == '\n' ? '\n' : '\r';
    }
    return '\n';
}

static size_t mark_length(const struct sh_block *b) {
    if (b->len >= 3 && memcmp(b->bytes, "\xef\xbb\xbf", 3) == 0)
        return 3;
    return b->len >= 4 && memcmp(b->bytes, "\x84\x31\x95\x33", 4) == 0 ? 4 : 0;
}

static sh_code header_texts(struct sh_record_reader *r, const struct sh_block *b, struct range range,
                            struct sh_arena *arena, const struct sh_str **ret, size_t *ret_n,
                            struct sh_err *err) {
    const char *name = sh_source_name(r->source);
    size_t n = 0;
    const enum sh_reject_reason fault =
        sh_record_split(&r->form, b->bytes, &b->bits, range.begin, range.end, NULL, 0, &n);
    if (fault != SH_REJECT_NONE)
        return sh_fail(err, SH_E_INPUT, "%s: header, column %zu: %s", name, n,
                       sh_reject_message(sh_reject_id(fault))->text[SH_EN]);
    if (n > SH_CSV_COLUMNS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: the header has %zu columns, at most %zu are read", name, n,
                       SH_CSV_COLUMNS_MAX);
    struct sh_field *fields = sh_new(arena, struct sh_field, n);
    struct sh_str *texts = sh_new(arena, struct sh_str, n);
    if (!fields || !texts)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for the header", name);
    (void)sh_record_split(&r->form, b->bytes, &b->bits, range.begin, range.end, fields, n, &n);
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        struct sh_str field = {b->bytes + fields[i].begin, fields[i].len};
        char *plain = sh_arena_dup(arena, field.at, field.len);
        if (!plain)
            return sh_fail(err, SH_E_NOMEM, "%s: no memory for the header", name);
        field.at = plain;
        if (fields[i].flags & SH_FIELD_DOUBLED)
            field.len = sh_field_undouble(plain, field.len, r->form.quote, plain);
        size_t bad_at = sh_utf8_invalid_at(field);
        if (b->encoding == SH_ENCODING_GB18030) {
            sh_buf_clear(&text);
            SH_TRY(sh_gb18030_convert(r->gb, field, &text, &bad_at, err));
        }
        if (bad_at < field.len || memchr(field.at, 0, field.len))
            return sh_fail(err, SH_E_INPUT, "%s: header, column %zu: is neither UTF-8 nor GB18030 text", name,
                           i + 1);
        if (b->encoding == SH_ENCODING_GB18030)
            field = (struct sh_str){sh_arena_dup(arena, text.at, text.len), text.len};
        if (field.len > 0 && !field.at)
            return sh_fail(err, SH_E_NOMEM, "%s: no memory for the header", name);
        texts[i] = sh_str_trim(field);
    }
    r->n_fields = n;
    *ret = texts, *ret_n = n;
    return SH_OK;
}

static sh_code read_header(struct sh_record_reader *r, struct sh_block *b, struct sh_arena *arena,
                           const struct sh_str **ret, size_t *ret_n, struct sh_err *err) {
    const char *name = sh_source_name(r->source);
    for (size_t want = FIRST_READ_BYTES;; want *= 2) {
        SH_TRY(load(r, b, want, err));
        if (b->len >= 2 && (memcmp(b->bytes, "\xff\xfe", 2) == 0 || memcmp(b->bytes, "\xfe\xff", 2) == 0))
            return sh_fail(err, SH_E_UNSUPPORTED, "%s: is UTF-16; save it as UTF-8 or GB18030", name);
        r->form.line_end = find_line_end(b, r->form.quote);
        r->evidence = (struct sh_encoding_evidence){0};
        size_t begin = mark_length(b);
        SH_TRY(classify(r, b, 0, err));
        struct extent x = record_extent(&r->form, b, begin, r->is_at_end);
        while (x.is_whole && x.end < b->len &&
               (x.end == begin || (x.end == begin + 1 && b->bytes[begin] == '\r'))) {
            begin = x.end + 1;
            x = record_extent(&r->form, b, begin, r->is_at_end);
        }
        if (!x.is_whole && b->len - begin <= SH_RECORD_BYTES_MAX)
            continue;
        if (x.end - begin > SH_RECORD_BYTES_MAX)
            return sh_fail(err, SH_E_INPUT,
                           "%s: the first line is longer than %zu bytes: this is no CSV with a header", name,
                           SH_RECORD_BYTES_MAX);
        const bool has_cr = r->form.line_end == '\n' && x.end > begin && b->bytes[x.end - 1] == '\r';
        const size_t end = x.end - (has_cr ? 1 : 0);
        if (end <= begin)
            return sh_fail(err, SH_E_INPUT, "%s: the file is empty; a header with column names is needed",
                           name);
        SH_TRY(header_texts(r, b, (struct range){begin, end}, arena, ret, ret_n, err));
        r->n_records = 1;
        return keep_rest(r, b, x.end < b->len ? x.end + 1 : x.end, err);
    }
}

/* Flat on purpose: plain values in, plain arrays out, called once a block. */
// NOLINTNEXTLINE(readability-function-size)
sh_code sh_record_reader_open(struct sh_source *source, struct sh_form form, enum sh_encoding encoding,
                              const struct sh_gb18030 *gb, struct sh_arena *arena,
                              struct sh_record_reader **ret, const struct sh_str **header, size_t *ret_n,
                              struct sh_err *err) {
    struct sh_record_reader *r = sh_alloc_array(1, sizeof(*r));
    if (!r) {
        sh_source_close(source);
        return sh_fail(err, SH_E_NOMEM, "no memory to read a file");
    }
    *r = (struct sh_record_reader){.source = source, .form = form, .fixed = encoding, .gb = gb};
    struct sh_block first = {0};
    const sh_code code = read_header(r, &first, arena, header, ret_n, err);
    sh_block_free(&first);
    if (code != SH_OK) {
        sh_record_reader_close(r);
        return code;
    }
    *ret = r;
    return SH_OK;
}

const struct sh_form *sh_record_reader_form(const struct sh_record_reader *r) {
    return &r->form;
}

const struct sh_source *sh_record_reader_source(const struct sh_record_reader *r) {
    return r->source;
}

void sh_record_reader_close(struct sh_record_reader *r) {
    if (!r)
        return;
    sh_source_close(r->source);
    sh_free(r->carry);
    sh_free(r);
}
