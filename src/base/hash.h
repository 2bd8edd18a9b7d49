/* Fast hashes for tables (xxh3, inlined) and secure digests for evidence (SHA-256, SM3 of GB/T 32905, by
 * OpenSSL). */
#pragma once
#include "base/err.h"
#include "base/str.h"

/** 128 bits. */
struct sh_hash128 {
    uint64_t low, high;
};

/** XXH3 64 bits. Stable across machines; not for integrity. `at` may be NULL when len is 0. */
uint64_t sh_hash64(const void *at, size_t len, uint64_t seed);
/** XXH3 128 bits. */
struct sh_hash128 sh_hash128(const void *at, size_t len, uint64_t seed);
/** A good mix of one integer; a bijection. */
static inline uint64_t sh_hash_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

typedef enum sh_digest_kind { SH_DIGEST_SHA256, SH_DIGEST_SM3 } sh_digest_kind;
enum { SH_DIGEST_BYTES = 32, SH_DIGEST_HEX_MAX = 65 };

/** A digest under way. Zero-init ok; release with sh_digest_release (SH_CLEANUP). */
struct sh_digest {
    void *context;       /* EVP_MD_CTX */
    sh_digest_kind kind; /* it is set up for */
};
/** Start, or start again. Errors: SH_E_NOMEM; SH_E_UNSUPPORTED the OpenSSL here lacks the digest. */
SH_MUST sh_code sh_digest_begin(struct sh_digest *digest, sh_digest_kind kind, struct sh_err *err);
SH_MUST sh_code sh_digest_add(struct sh_digest *digest, const void *at, size_t len, struct sh_err *err);
SH_MUST sh_code sh_digest_end(struct sh_digest *digest, uint8_t ret[SH_DIGEST_BYTES], struct sh_err *err);
void sh_digest_release(struct sh_digest *digest);
/** All at once, in a context that is kept: for many short texts one after the other. */
SH_MUST sh_code sh_digest_again(struct sh_digest *digest, sh_digest_kind kind, const void *at, size_t len,
                                uint8_t ret[SH_DIGEST_BYTES], struct sh_err *err);
/** All at once. */
SH_MUST sh_code sh_digest_of(sh_digest_kind kind, const void *at, size_t len, uint8_t ret[SH_DIGEST_BYTES],
                             struct sh_err *err);
/** "sha256" or "sm3". */
const char *sh_digest_name(sh_digest_kind kind);
/** Lower-case hex with a NUL; out holds 2 × len + 1. */
void sh_hex(const uint8_t *bytes, size_t len, char *out);
/** Back: exactly 2 × len lower-case hex digits. False: they are none; out is then undefined. */
bool sh_unhex(struct sh_str hex, uint8_t *out, size_t len);
/** Equal? Time does not depend on where they differ. */
bool sh_equal_secret(const void *a, const void *b, size_t len);
