/* The target of a request: path and arguments, decoded once. Inner header, and what the fuzzer calls. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { SH_TARGET_BYTES_MAX = 8192, SH_TARGET_SEGMENTS_MAX = 16, SH_TARGET_ARGS_MAX = 64 };

struct sh_arg {
    struct sh_str name, value;
};
struct sh_target {
    struct sh_str segments[SH_TARGET_SEGMENTS_MAX];
    size_t n_segments;
    struct sh_arg args[SH_TARGET_ARGS_MAX];
    size_t n_args;
};
/**
 * Parse "/a/b?x=1&y=2" (RFC 3986 origin form). Segments are split before they are decoded, so that %2F never
 * makes a new one. "+" in arguments is a space.
 * Errors: SH_E_INPUT no leading slash, an empty, "." or ".." segment, a bad escape, bytes that are not UTF-8,
 * control characters, an argument given twice; SH_E_LIMIT; SH_E_NOMEM.
 */
SH_MUST sh_code sh_target_parse(struct sh_str raw, struct sh_arena *arena, struct sh_target *ret,
                                struct sh_err *err);
/** Percent-decoded text. Errors as above. */
SH_MUST sh_code sh_target_decode(struct sh_str raw, bool plus_is_space, struct sh_arena *arena,
                                 struct sh_str *ret, struct sh_err *err);
/** Value of an argument, or a view whose `at` is NULL. */
struct sh_str sh_target_arg(const struct sh_target *target, const char *name);
