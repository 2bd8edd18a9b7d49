/*
 * Records of foreign CSV (RFC 4180 with a delimiter and quote fixed by the mapping). One reader finds where
 * records end, in order; the blocks it gives may then be split into fields by any thread. Inner header of the
 * room.
 *
 * A quote means something only at the beginning of a field; elsewhere in an unquoted field it is a character.
 * Empty lines are no records. A record that is malformed over several lines, or longer than the limit, costs
 * one reject: only its first line is given up, and reading goes on at the next line that has as many fields
 * as the header.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "lake/encoding.h"
#include "lake/rejects_msg.h"
#include "lake/source.h"

struct sh_form {
    char delimiter;
    char quote;    /* 0: none */
    char line_end; /* '\n' (a CR before it is cut) or '\r' */
    bool wide;     /* bytes of GB18030 and a delimiter that may be the second byte of a character */
};

/* One bit a byte, least significant first: where delimiters, quotes and line ends are. */
struct sh_bits {
    uint64_t *delimiters, *quotes, *ends;
    size_t cap_delimiters, cap_quotes, cap_ends;
};
void sh_bits_free(struct sh_bits *bits);
/** Classify bytes [from, len): words from / 64 on are written. `form->wide` needs from at a record's begin.
 */
SH_MUST sh_code sh_bits_set(struct sh_bits *bits, const struct sh_form *form, const char *at, size_t from,
                            size_t len, struct sh_err *err);

/* The three characters of 64 bytes, three words out. The AVX2 version only where the processor has it. */
typedef void sh_classify_fn(const char *at, size_t n_words, char delimiter, char quote, char line_end,
                            uint64_t *delimiters, uint64_t *quotes, uint64_t *ends);
sh_classify_fn sh_classify_scalar, sh_classify_avx2;
/** Fastest for this processor. */
sh_classify_fn *sh_classify_best(void);

struct sh_record_span {
    uint32_t begin, len; /* in the block's bytes, without the line end */
    uint32_t fault;      /* enum sh_reject_reason, SH_REJECT_NONE = to be split */
};

/* Whole records of a file, in order. Belongs to a worker and is refilled; all zero is an empty one. */
struct sh_block {
    char *bytes;
    size_t len, cap;
    struct sh_bits bits;
    struct sh_record_span *spans;
    size_t n_spans, cap_spans;
    uint64_t first_record;     /* number of spans[0] in the file, header = 1 */
    uint64_t number;           /* of the block in the file, from 0 */
    enum sh_encoding encoding; /* of its bytes */
};
void sh_block_free(struct sh_block *block);

struct sh_record_reader;
/**
 * Read the header of a file; takes over `source`, also on failure.
 * form        delimiter and quote; the line end is found out.
 * header      [ret_n] texts in UTF-8, trimmed, in `arena`.
 * Errors: SH_E_INPUT an empty file, a header that cannot be read; those of sh_source_read. Messages name the
 * file.
 */
SH_MUST sh_code sh_record_reader_open(struct sh_source *source, struct sh_form form,
                                      enum sh_encoding encoding, const struct sh_gb18030 *gb,
                                      struct sh_arena *arena, struct sh_record_reader **ret,
                                      const struct sh_str **header, size_t *ret_n, struct sh_err *err);
/** Delimiter, quote, line end as found. */
const struct sh_form *sh_record_reader_form(const struct sh_record_reader *records);
const struct sh_source *sh_record_reader_source(const struct sh_record_reader *records);
/**
 * Refill a block with about `target` bytes of records; n_spans 0 at the end of the file. One thread at a
 * time. ret_read_ns  added: time spent in reading and unpacking. May be NULL.
 */
SH_MUST sh_code sh_record_reader_next(struct sh_record_reader *records, size_t target, struct sh_block *block,
                                      int64_t *ret_read_ns, struct sh_err *err);
/** NULL is allowed; closes the source. */
void sh_record_reader_close(struct sh_record_reader *records);

/* A field of a record: bytes between the delimiters; with `quoted` those between the quotes. */
struct sh_field {
    uint32_t begin, len;
    uint32_t flags; /* SH_FIELD_DOUBLED: holds doubled quotes */
};
enum { SH_FIELD_DOUBLED = 1 };
/**
 * Split a record. bits of the block's bytes.
 * fields   [max]; ret_n the number of fields, also when it is more than max (then only max are written).
 * Gives SH_REJECT_NONE, SH_REJECT_QUOTE_STRAY or SH_REJECT_QUOTE_UNCLOSED; ret_n is then the number so far.
 */
enum sh_reject_reason sh_record_split(const struct sh_form *form, const char *at, const struct sh_bits *bits,
                                      size_t begin, size_t end, struct sh_field *fields, size_t max,
                                      size_t *ret_n);
/** Write the text of a field with SH_FIELD_DOUBLED into `to` [field length], gives its length. */
size_t sh_field_undouble(const char *at, size_t len, char quote, char *to);
