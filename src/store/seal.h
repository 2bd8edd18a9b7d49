/* Sealing (SM4-CTR, then HMAC-SM3 over nonce and ciphertext), signing (SM2 over SM3), random bytes. Inner
 * header. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

enum {
    SH_SEAL_KEY = 48,   /* 16 for SM4, 32 for HMAC */
    SH_SEAL_NONCE = 16, /* random, before the ciphertext */
    SH_SEAL_EXTRA = SH_SEAL_NONCE + SH_DIGEST_BYTES,
    SH_SIGNATURE_MAX = 80, /* DER of two numbers of 32 bytes */
    SH_SPKI_MAX = 128,
};
/** The id that SM2 signatures of heads carry (GB/T 32918.2 ENTL, ID). */
#define SH_SM2_ID "shouhu.journal.1"

/** Key of SM2, opaque (EVP_PKEY). */
struct sh_signer {
    void *key;
    uint8_t spki[SH_SPKI_MAX]; /* SubjectPublicKeyInfo, DER */
    size_t spki_len;
    uint8_t fingerprint[SH_DIGEST_BYTES]; /* SM3 of it */
};

SH_MUST sh_code sh_random(void *ret, size_t len, struct sh_err *err);
/** nonce | ciphertext | mac, in the arena. aad is bound, not kept. */
SH_MUST sh_code sh_seal(const uint8_t key[SH_SEAL_KEY], struct sh_str aad, struct sh_str content,
                        struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);
/** Errors: SH_E_CORRUPT another key, another aad, or a changed byte. */
SH_MUST sh_code sh_unseal(const uint8_t key[SH_SEAL_KEY], struct sh_str aad, struct sh_str sealed,
                          struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);

SH_MUST sh_code sh_signer_make(struct sh_signer *ret, struct sh_err *err);
/** From PKCS #8 DER (private) resp. SubjectPublicKeyInfo DER (public). Errors: SH_E_CORRUPT not an SM2 key.
 */
SH_MUST sh_code sh_signer_load(struct sh_str der, struct sh_signer *ret, struct sh_err *err);
SH_MUST sh_code sh_signer_load_public(struct sh_str der, struct sh_signer *ret, struct sh_err *err);
SH_MUST sh_code sh_signer_dump(const struct sh_signer *signer, struct sh_arena *arena, struct sh_str *ret,
                               struct sh_err *err);
SH_MUST sh_code sh_signer_sign(const struct sh_signer *signer, struct sh_str message, struct sh_arena *arena,
                               struct sh_str *ret, struct sh_err *err);
/** Errors: SH_E_CORRUPT the signature is not of this key over this message. */
SH_MUST sh_code sh_signer_verify(const struct sh_signer *signer, struct sh_str message,
                                 struct sh_str signature, struct sh_err *err);
void sh_signer_release(struct sh_signer *signer);
