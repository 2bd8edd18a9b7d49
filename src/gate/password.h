/* Passwords (Argon2id by libsodium), one-time codes (RFC 6238) and random tokens. Inner header. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SH_PASSWORD_HASH_MAX = 128,
    SH_PASSWORD_MIN = 10,  /* characters */
    SH_PASSWORD_MAX = 256, /* bytes */
    SH_FACTOR_BYTES = 20,  /* RFC 4226: 160 bits */
    SH_FACTOR_TEXT = 32,   /* base32 without padding */
    SH_FACTOR_STEP = 30,   /* seconds */
    SH_TOKEN_TEXT = 64,    /* 32 random bytes in hex */
};
/** Hash a password: 64 MiB, 3 passes, about 0.1 s. Errors: SH_E_NOMEM. */
SH_MUST sh_code sh_password_hash(struct sh_str password, char ret[SH_PASSWORD_HASH_MAX], struct sh_err *err);
/** Does it fit? An empty hash costs the same and never fits: an unknown login takes as long as a known one.
 */
bool sh_password_fits(const char *hash, struct sh_str password);
/** Why a password is too weak, or NULL: length, only one kind of character, the login in it, a common one. */
const char *sh_password_fault(struct sh_str password, struct sh_str login, bool english);

/** The code of a step; secret in base32. Errors: SH_E_CORRUPT the secret. */
SH_MUST sh_code sh_factor_code(struct sh_str secret, int64_t step, char ret[7], struct sh_err *err);
/**
 * Does `code` fit the secret at `now` (seconds UTC), one step of skew either way, and is its step later than
 * `last_step` (each code is good once)? Gives the step, or -1.
 */
int64_t sh_factor_step(struct sh_str secret, struct sh_str code, int64_t now, int64_t last_step);
/** A new secret. */
void sh_factor_new(char ret[SH_FACTOR_TEXT + 1]);

/** Random token in hex; `n` bytes, out [2 n + 1]. */
void sh_token_new(size_t n, char *out);
/** SHA-256 of a token in hex: what the database keeps, so that a thief of it cannot sign in. */
void sh_token_hash(struct sh_str token, char ret[65]);
