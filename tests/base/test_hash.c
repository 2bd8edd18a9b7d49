/* Goal: published vectors of each digest; fast hashes are stable. */
#include "base/hash.h"
#include "check.h"

static void check_digest(sh_digest_kind kind, const char *text, const char *want) {
    uint8_t bytes[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    struct sh_err err;
    CHECK_OK(sh_digest_of(kind, text, strlen(text), bytes, &err), &err);
    sh_hex(bytes, sizeof(bytes), hex);
    CHECK_TEXT(hex, want);
}

static void published_vectors(void **state) {
    (void)state;
    check_digest(SH_DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest(SH_DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_digest(SH_DIGEST_SM3, "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    check_digest(SH_DIGEST_SM3, "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
                 "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    CHECK_TEXT(sh_digest_name(SH_DIGEST_SM3), "sm3");
    CHECK_TEXT(sh_digest_name(SH_DIGEST_SHA256), "sha256");
}

static void pieces_give_the_same_as_the_whole(void **state) {
    (void)state;
    char text[1000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7);
    uint8_t whole[SH_DIGEST_BYTES], pieces[SH_DIGEST_BYTES];
    struct sh_err err;
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    CHECK_OK(sh_digest_of(SH_DIGEST_SM3, text, sizeof(text), whole, &err), &err);
    for (size_t step = 1; step < 200; step += 13) {
        CHECK_OK(sh_digest_begin(&digest, SH_DIGEST_SM3, &err), &err);
        for (size_t at = 0; at < sizeof(text); at += step)
            CHECK_OK(
                sh_digest_add(&digest, text + at, at + step < sizeof(text) ? step : sizeof(text) - at, &err),
                &err);
        CHECK_OK(sh_digest_end(&digest, pieces, &err), &err);
        CHECK(sh_equal_secret(whole, pieces, sizeof(whole)));
    }
    pieces[31] ^= 1;
    CHECK(!sh_equal_secret(whole, pieces, sizeof(whole)));
}

static void fast_hashes_are_stable(void **state) {
    (void)state;
    CHECK(sh_hash64("", 0, 0) == 0x2d06800538d394c2u);
    CHECK(sh_hash64(NULL, 0, 0) == sh_hash64("", 0, 0));
    const struct sh_hash128 empty = sh_hash128(NULL, 0, 0);
    CHECK(empty.high == 0x99aa06d3014798d8u && empty.low == 0x6001c324468d497fu);
    CHECK(sh_hash64("abc", 3, 0) != sh_hash64("abc", 3, 1));
    CHECK(sh_hash_mix(1) != sh_hash_mix(2));
}

CHECK_MAIN(cmocka_unit_test(published_vectors), cmocka_unit_test(pieces_give_the_same_as_the_whole),
           cmocka_unit_test(fast_hashes_are_stable))
