/* Passwords, one-time codes, tokens. */
#include "gate/password.h"
#include "base/hash.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

enum { PASSES = 3, MEMORY_BYTES = 64 << 20 };
_Static_assert(SH_PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "libsodium's hash text");

sh_code sh_password_hash(struct sh_str password, char ret[SH_PASSWORD_HASH_MAX], struct sh_err *err) {
    if (crypto_pwhash_str_alg(ret, password.at, password.len, PASSES, MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return sh_fail(err, SH_E_NOMEM, "no room to hash a password (64 MiB)");
    return SH_OK;
}

bool sh_password_fits(const char *hash, struct sh_str password) {
    /* Of a random password nobody knows, with the same cost. */
    static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$c2hvdWh1IG5vYm9keSAhIQ$"
                                 "Zm9yIHRpbWluZyBvbmx5LCBuZXZlciBmaXRzISEhISE";
    char text[SH_PASSWORD_HASH_MAX] = "";
    const bool is_known = hash && hash[0];
    snprintf(text, sizeof text, "%s", is_known ? hash : nobody);
    const bool fits = crypto_pwhash_str_verify(text, password.at ? password.at : "", password.len) == 0;
    return fits && is_known;
}

static unsigned kinds_of(struct sh_str password) {
    unsigned kinds = 0;
    for (size_t i = 0; i < password.len; i++) {
        const unsigned char c = (unsigned char)password.at[i];
        kinds |= c >= 'a' && c <= 'z' ? 1u : c >= 'A' && c <= 'Z' ? 2u : c >= '0' && c <= '9' ? 4u : 8u;
    }
    return (unsigned)__builtin_popcount(kinds);
}

static bool has_nocase(struct sh_str text, struct sh_str part) {
    for (size_t i = 0; part.len && i + part.len <= text.len; i++)
        if (sh_str_eq_nocase(sh_str_sub(text, i, part.len), part))
            return true;
    return false;
}

const char *sh_password_fault(struct sh_str password, struct sh_str login, bool english) {
    static const char *const common[] = {"password", "12345678", "qwerty",  "admin123",
                                         "abcdefg",  "11111111", "88888888"};
    if (sh_utf8_count(password) < SH_PASSWORD_MIN)
        return english ? "at least 10 characters" : "至少 10 个字符";
    if (password.len > SH_PASSWORD_MAX)
        return english ? "at most 256 bytes" : "最多 256 字节";
    if (kinds_of(password) < 3)
        return english ? "use three of: small letters, capitals, digits, other signs"
                       : "须含小写、大写、数字、其他符号中的三类";
    if (login.len >= 3 && has_nocase(password, login))
        return english ? "it must not hold the login" : "不得包含账号";
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (has_nocase(password, sh_str_of(common[i])))
            return english ? "it is too common" : "过于常见";
    return NULL;
}

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void sh_factor_new(char ret[SH_FACTOR_TEXT + 1]) {
    uint8_t bytes[SH_FACTOR_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    unsigned bits = 0, n = 0;
    size_t len = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bits = bits << 8 | bytes[i];
        for (n += 8; n >= 5; n -= 5)
            ret[len++] = base32[bits >> (n - 5) & 31];
    }
    ret[len] = '\0';
    sodium_memzero(bytes, sizeof bytes);
}

static bool from_base32(struct sh_str text, uint8_t ret[SH_FACTOR_BYTES]) {
    unsigned bits = 0, n = 0;
    size_t len = 0;
    if (text.len != SH_FACTOR_TEXT)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = strchr(base32, text.at[i]);
        if (!at || *at == '\0')
            return false;
        bits = bits << 5 | (unsigned)(at - base32);
        n += 5;
        if (n >= 8)
            n -= 8, ret[len++] = (uint8_t)(bits >> n);
    }
    return len == SH_FACTOR_BYTES;
}

/* RFC 6238 with HMAC-SHA-1, 30 s, 6 digits: what every authenticator app knows. */
sh_code sh_factor_code(struct sh_str secret, int64_t step, char ret[7], struct sh_err *err) {
    uint8_t key[SH_FACTOR_BYTES], counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    if (!from_base32(secret, key))
        return sh_fail(err, SH_E_CORRUPT, "the secret of the second factor does not read back");
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    if (!HMAC(EVP_sha1(), key, sizeof key, counter, sizeof counter, mac, &mac_len) || mac_len != 20)
        return sh_fail(err, SH_E_INTERNAL, "HMAC-SHA-1 failed");
    const unsigned at = mac[19] & 15;
    const uint32_t number = ((uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
                             (uint32_t)mac[at + 2] << 8 | mac[at + 3]) %
                            1000000;
    snprintf(ret, 7, "%06u", number);
    sodium_memzero(key, sizeof key);
    return SH_OK;
}

int64_t sh_factor_step(struct sh_str secret, struct sh_str code, int64_t now, int64_t last_step) {
    if (code.len != 6)
        return -1;
    int64_t found = -1;
    for (int64_t step = now / SH_FACTOR_STEP - 1; step <= now / SH_FACTOR_STEP + 1; step++) {
        char want[7];
        struct sh_err err;
        if (step > last_step && sh_factor_code(secret, step, want, &err) == SH_OK &&
            sh_equal_secret(want, code.at, 6))
            found = step;
    }
    return found;
}

void sh_token_new(size_t n, char *out) {
    uint8_t bytes[64];
    sh_check(n <= sizeof bytes);
    randombytes_buf(bytes, n);
    sh_hex(bytes, n, out);
    sodium_memzero(bytes, sizeof bytes);
}

void sh_token_hash(struct sh_str token, char ret[65]) {
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, (const unsigned char *)token.at, token.len);
    sh_hex(digest, sizeof digest, ret);
}
