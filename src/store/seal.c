#include "store/seal.h"
#include "base/limits.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

static void cipher_at(EVP_CIPHER_CTX **context) {
    EVP_CIPHER_CTX_free(*context);
}
static void md_at(EVP_MD_CTX **context) {
    EVP_MD_CTX_free(*context);
}
static void pkey_context_at(EVP_PKEY_CTX **context) {
    EVP_PKEY_CTX_free(*context);
}
static void der_at(unsigned char **der) {
    OPENSSL_free(*der);
}

sh_code sh_random(void *ret, size_t len, struct sh_err *err) {
    if (RAND_bytes(ret, (int)len) != 1)
        return sh_fail(err, SH_E_INTERNAL, "no random bytes");
    return SH_OK;
}

/* The same both ways. */
static sh_code counter_mode(const uint8_t *key, const uint8_t *nonce, struct sh_str in, uint8_t *out,
                            struct sh_err *err) {
    SH_CLEANUP(cipher_at) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int n = 0;
    if (!context || EVP_EncryptInit_ex(context, EVP_sm4_ctr(), NULL, key, nonce) != 1)
        return sh_fail(err, SH_E_UNSUPPORTED, "OpenSSL here has no SM4");
    if (in.len > 0 && EVP_EncryptUpdate(context, out, &n, (const uint8_t *)in.at, (int)in.len) != 1)
        return sh_fail(err, SH_E_INTERNAL, "SM4 failed");
    return SH_OK;
}

/* HMAC-SM3 over SM3(aad) | nonce | ciphertext; body begins with room for the first. */
static sh_code mac_of(const uint8_t *key, struct sh_str aad, uint8_t *body, size_t len,
                      uint8_t ret[SH_DIGEST_BYTES], struct sh_err *err) {
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, aad.at, aad.len, body, err));
    unsigned n = 0;
    if (!HMAC(EVP_sm3(), key + 16, SH_SEAL_KEY - 16, body, len, ret, &n) || n != SH_DIGEST_BYTES)
        return sh_fail(err, SH_E_UNSUPPORTED, "OpenSSL here has no HMAC-SM3");
    return SH_OK;
}

sh_code sh_seal(const uint8_t key[SH_SEAL_KEY], struct sh_str aad, struct sh_str content,
                struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    if (content.len > SH_BUF_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "content of %zu bytes to seal, at most %zu", content.len,
                       SH_BUF_BYTES_MAX);
    const size_t body_len = SH_DIGEST_BYTES + SH_SEAL_NONCE + content.len;
    uint8_t *body = sh_new(arena, uint8_t, body_len + SH_DIGEST_BYTES);
    if (!body)
        return sh_fail(err, SH_E_NOMEM, "no room to seal %zu bytes", content.len);
    uint8_t *nonce = body + SH_DIGEST_BYTES;
    SH_TRY(sh_random(nonce, SH_SEAL_NONCE, err));
    SH_TRY(counter_mode(key, nonce, content, nonce + SH_SEAL_NONCE, err));
    SH_TRY(mac_of(key, aad, body, body_len, body + body_len, err));
    *ret = (struct sh_str){(const char *)nonce, SH_SEAL_EXTRA + content.len};
    return SH_OK;
}

sh_code sh_unseal(const uint8_t key[SH_SEAL_KEY], struct sh_str aad, struct sh_str sealed,
                  struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    if (sealed.len < SH_SEAL_EXTRA)
        return sh_fail(err, SH_E_CORRUPT, "sealed content of %zu bytes is too short", sealed.len);
    const size_t signed_len = sealed.len - SH_DIGEST_BYTES;
    uint8_t *body = sh_new(arena, uint8_t, SH_DIGEST_BYTES + signed_len);
    char *out = sh_new(arena, char, sealed.len - SH_SEAL_EXTRA + 1);
    if (!body || !out)
        return sh_fail(err, SH_E_NOMEM, "no room to open %zu bytes", sealed.len);
    uint8_t mac[SH_DIGEST_BYTES];
    memcpy(body + SH_DIGEST_BYTES, sealed.at, signed_len);
    SH_TRY(mac_of(key, aad, body, SH_DIGEST_BYTES + signed_len, mac, err));
    if (!sh_equal_secret(mac, sealed.at + signed_len, SH_DIGEST_BYTES))
        return sh_fail(err, SH_E_CORRUPT, "sealed content does not open: changed, or of another key");
    const struct sh_str text = {sealed.at + SH_SEAL_NONCE, sealed.len - SH_SEAL_EXTRA};
    SH_TRY(counter_mode(key, (const uint8_t *)sealed.at, text, (uint8_t *)out, err));
    *ret = (struct sh_str){out, text.len};
    return SH_OK;
}

/* EVP_EC_gen("SM2") would give an EC key, which signs ECDSA and ignores the id: hence the assertion. */
static sh_code finish_signer(EVP_PKEY *key, struct sh_signer *ret, struct sh_err *err) {
    *ret = (struct sh_signer){.key = key};
    sh_code code = key && EVP_PKEY_is_a(key, "SM2") ? SH_OK : sh_fail(err, SH_E_CORRUPT, "not an SM2 key");
    SH_CLEANUP(der_at) unsigned char *der = NULL;
    const int len = code == SH_OK ? i2d_PUBKEY(key, &der) : 0;
    if (code == SH_OK && (len <= 0 || len > SH_SPKI_MAX))
        code = sh_fail(err, SH_E_INTERNAL, "the public key does not encode");
    if (code == SH_OK) {
        memcpy(ret->spki, der, (size_t)len);
        ret->spki_len = (size_t)len;
        code = sh_digest_of(SH_DIGEST_SM3, der, (size_t)len, ret->fingerprint, err);
    }
    if (code != SH_OK)
        sh_signer_release(ret);
    return code;
}

sh_code sh_signer_make(struct sh_signer *ret, struct sh_err *err) {
    return finish_signer(EVP_PKEY_Q_keygen(NULL, NULL, "SM2"), ret, err);
}

sh_code sh_signer_load(struct sh_str der, struct sh_signer *ret, struct sh_err *err) {
    const unsigned char *at = (const unsigned char *)der.at;
    return finish_signer(d2i_AutoPrivateKey(NULL, &at, (long)der.len), ret, err);
}

sh_code sh_signer_load_public(struct sh_str der, struct sh_signer *ret, struct sh_err *err) {
    const unsigned char *at = (const unsigned char *)der.at;
    return finish_signer(d2i_PUBKEY(NULL, &at, (long)der.len), ret, err);
}

sh_code sh_signer_dump(const struct sh_signer *signer, struct sh_arena *arena, struct sh_str *ret,
                       struct sh_err *err) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(signer->key);
    SH_CLEANUP(der_at) unsigned char *der = NULL;
    const int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
    PKCS8_PRIV_KEY_INFO_free(info);
    if (len <= 0)
        return sh_fail(err, SH_E_INTERNAL, "the private key does not encode");
    char *copy = sh_arena_dup(arena, (const char *)der, (size_t)len);
    OPENSSL_cleanse(der, (size_t)len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for a key");
    *ret = (struct sh_str){copy, (size_t)len};
    return SH_OK;
}

static EVP_PKEY_CTX *with_id(EVP_PKEY *key) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    if (context && EVP_PKEY_CTX_set1_id(context, SH_SM2_ID, sizeof SH_SM2_ID - 1) != 1) {
        EVP_PKEY_CTX_free(context);
        context = NULL;
    }
    return context;
}

sh_code sh_signer_sign(const struct sh_signer *signer, struct sh_str message, struct sh_arena *arena,
                       struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(md_at) EVP_MD_CTX *context = EVP_MD_CTX_new();
    SH_CLEANUP(pkey_context_at) EVP_PKEY_CTX *key = with_id(signer->key);
    uint8_t *out = sh_new(arena, uint8_t, SH_SIGNATURE_MAX);
    size_t len = SH_SIGNATURE_MAX;
    if (!context || !key || !out)
        return sh_fail(err, SH_E_NOMEM, "no memory to sign");
    EVP_MD_CTX_set_pkey_ctx(context, key);
    if (EVP_DigestSignInit(context, NULL, EVP_sm3(), NULL, signer->key) != 1 ||
        EVP_DigestSign(context, out, &len, (const uint8_t *)message.at, message.len) != 1)
        return sh_fail(err, SH_E_INTERNAL, "the SM2 signature failed");
    *ret = (struct sh_str){(const char *)out, len};
    return SH_OK;
}

sh_code sh_signer_verify(const struct sh_signer *signer, struct sh_str message, struct sh_str signature,
                         struct sh_err *err) {
    SH_CLEANUP(md_at) EVP_MD_CTX *context = EVP_MD_CTX_new();
    SH_CLEANUP(pkey_context_at) EVP_PKEY_CTX *key = with_id(signer->key);
    if (!context || !key)
        return sh_fail(err, SH_E_NOMEM, "no memory to check a signature");
    EVP_MD_CTX_set_pkey_ctx(context, key);
    if (EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, signer->key) != 1)
        return sh_fail(err, SH_E_INTERNAL, "SM2 failed");
    if (EVP_DigestVerify(context, (const uint8_t *)signature.at, signature.len, (const uint8_t *)message.at,
                         message.len) != 1)
        return sh_fail(err, SH_E_CORRUPT, "the signature is not of this key over these bytes");
    return SH_OK;
}

void sh_signer_release(struct sh_signer *signer) {
    if (!signer)
        return;
    EVP_PKEY_free(signer->key);
    signer->key = NULL;
}
