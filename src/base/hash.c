#include "base/hash.h"
#define XXH_INLINE_ALL
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <xxhash.h>

uint64_t sh_hash64(const void *at, size_t len, uint64_t seed) {
    return XXH3_64bits_withSeed(at ? at : "", len, seed);
}

struct sh_hash128 sh_hash128(const void *at, size_t len, uint64_t seed) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(at ? at : "", len, seed);
    return (struct sh_hash128){hash.low64, hash.high64};
}

sh_code sh_digest_begin(struct sh_digest *digest, sh_digest_kind kind, struct sh_err *err) {
    const bool is_new = !digest->context || digest->kind != kind;
    if (!digest->context)
        digest->context = EVP_MD_CTX_new();
    if (!digest->context)
        return sh_fail(err, SH_E_NOMEM, "no memory for a digest");
    /* Named anew, the algorithm would be looked up anew, under a lock of the whole process. */
    const EVP_MD *md = !is_new ? NULL : kind == SH_DIGEST_SM3 ? EVP_sm3() : EVP_sha256();
    if ((is_new && !md) || EVP_DigestInit_ex(digest->context, md, NULL) != 1) {
        sh_digest_release(digest);
        return sh_fail(err, SH_E_UNSUPPORTED, "OpenSSL here has no %s", sh_digest_name(kind));
    }
    digest->kind = kind;
    return SH_OK;
}

sh_code sh_digest_add(struct sh_digest *digest, const void *at, size_t len, struct sh_err *err) {
    sh_check(digest->context);
    if (len > 0 && EVP_DigestUpdate(digest->context, at, len) != 1)
        return sh_fail(err, SH_E_INTERNAL, "digest failed");
    return SH_OK;
}

sh_code sh_digest_end(struct sh_digest *digest, uint8_t ret[SH_DIGEST_BYTES], struct sh_err *err) {
    sh_check(digest->context);
    uint8_t bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_DigestFinal_ex(digest->context, bytes, &len) != 1 || len != SH_DIGEST_BYTES)
        return sh_fail(err, SH_E_INTERNAL, "digest failed");
    memcpy(ret, bytes, SH_DIGEST_BYTES);
    return SH_OK;
}

void sh_digest_release(struct sh_digest *digest) {
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
}

sh_code sh_digest_of(sh_digest_kind kind, const void *at, size_t len, uint8_t ret[SH_DIGEST_BYTES],
                     struct sh_err *err) {
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    SH_TRY(sh_digest_begin(&digest, kind, err));
    SH_TRY(sh_digest_add(&digest, at, len, err));
    return sh_digest_end(&digest, ret, err);
}

sh_code sh_digest_again(struct sh_digest *digest, sh_digest_kind kind, const void *at, size_t len,
                        uint8_t ret[SH_DIGEST_BYTES], struct sh_err *err) {
    SH_TRY(sh_digest_begin(digest, kind, err));
    SH_TRY(sh_digest_add(digest, at, len, err));
    return sh_digest_end(digest, ret, err);
}

const char *sh_digest_name(sh_digest_kind kind) {
    return kind == SH_DIGEST_SM3 ? "sm3" : "sha256";
}

void sh_hex(const uint8_t *bytes, size_t len, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

bool sh_equal_secret(const void *a, const void *b, size_t len) {
    return CRYPTO_memcmp(a, b, len) == 0;
}

bool sh_unhex(struct sh_str hex, uint8_t *out, size_t len) {
    if (hex.len != 2 * len)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        const char c = hex.at[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | digit : digit << 4);
    }
    return true;
}
