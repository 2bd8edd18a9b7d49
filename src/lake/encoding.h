/* UTF-8 or GB18030: telling them apart, and turning the latter into the former. Inner header of the room. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum sh_encoding { SH_ENCODING_AUTO, SH_ENCODING_UTF8, SH_ENCODING_GB18030 };

/*
 * What has been seen of a file so far. Bytes below 0x80 say nothing: both encodings agree on them. Each block
 * with other bytes is weighed; while the evidence is weak (fewer than SH_ENCODING_ENOUGH characters) each
 * block may still change the verdict.
 */
struct sh_encoding_evidence {
    uint64_t utf8_long, utf8_short, utf8_bad; /* well-formed sequences of 3 or 4 bytes, of 2; bytes of none */
    uint64_t gb_bad, in_words;                /* in_words: of two bytes beside a Latin letter or digit */
};
enum { SH_ENCODING_ENOUGH = 256 };

/**
 * Weigh more bytes of a file and give the verdict so far: GB18030 only where the UTF-8 reading breaks more
 * often than it holds and the GB18030 reading does not do worse; so one bad byte never turns a UTF-8 file
 * into another text. Chinese in UTF-8 is sequences of three bytes; sequences of two bytes say little for it,
 * for many words of GB18030 (医师 is D2BD CAA6) are made of nothing else, and where the GB18030 reading holds
 * throughout, nothing of three bytes is there and none of two stands in a Latin word or number, they are
 * Chinese. A mapping of another country's files names its encoding. Cost: one pass over the first bytes that
 * are not ASCII; nothing once the evidence is enough.
 */
enum sh_encoding sh_encoding_weigh(struct sh_encoding_evidence *evidence, struct sh_str bytes);

/* Tables of GB18030, made once by iconv, then shared by threads. */
struct sh_gb18030;
/** Errors: SH_E_NOMEM; SH_E_UNSUPPORTED the C library here has no GB18030. Cost: about 2 ms. */
SH_MUST sh_code sh_gb18030_new(struct sh_arena *arena, const struct sh_gb18030 **ret, struct sh_err *err);
/**
 * Append the UTF-8 of GB18030 bytes to `out`. *ret_bad_at: offset of the first byte that is no GB18030, or
 * in.len; what precedes it is written. Errors: SH_E_NOMEM, SH_E_LIMIT. Thread-safe. Cost: about 1 ns a byte.
 */
SH_MUST sh_code sh_gb18030_convert(const struct sh_gb18030 *gb, struct sh_str in, struct sh_buf *out,
                                   size_t *ret_bad_at, struct sh_err *err);

/** The same answer as sh_utf8_valid, fast on Chinese text where the processor has AVX2. */
bool sh_utf8_valid_block(struct sh_str text);
/** Its parts, for the test: the AVX2 one only where the processor has it. */
bool sh_utf8_valid_avx2(struct sh_str text);
