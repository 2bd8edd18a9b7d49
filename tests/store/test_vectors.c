/* Goal: the bytes are those that docs/journal.md prints. */
#include "base/fs.h"
#include "check.h"
#include "store/inner.h"

/* The document holds this value behind this label. */
static void in_document(const char *label, const uint8_t *bytes, size_t len) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str text;
    struct sh_err err = {0};
    char path[512], hex[1024];
    CHECK_OK(
        sh_fs_read(check_source_path("docs/journal.md", path, sizeof path), 1 << 20, &arena, &text, &err),
        &err);
    const size_t at = sh_str_find(text, sh_str_of(label));
    CHECK(at != SH_STR_NONE);
    struct sh_str row = sh_str_sub(text, at, text.len);
    row.len = sh_str_find_char(row, '\n');
    sh_hex(bytes, len, hex);
    if (sh_str_find(row, sh_str_of(hex)) == SH_STR_NONE)
        print_error("%s: is %s\n", label, hex);
    CHECK(sh_str_find(row, sh_str_of(hex)) != SH_STR_NONE);
}

static void leaf_tree_and_head_are_as_documented(void **state) {
    (void)state;
    struct sh_leaf_body leaf = {
        .type = SH_STR("record"), .actor = SH_STR("u1"), .version = 1, .at = 1700000000};
    for (uint8_t i = 0; i < SH_ID_BYTES; i++)
        leaf.record[i] = i;
    memset(leaf.content.at, 0xab, SH_DIGEST_BYTES);
    uint8_t bytes[SH_LEAF_BYTES_MAX], head_bytes[SH_HEAD_BYTES];
    const size_t len = sh_leaf_encode(&leaf, bytes);
    in_document("| leaf: type", bytes, len);
    struct sh_hash hash;
    struct sh_head_body head = {.kind = SH_DIGEST_SM3, .size = 2, .at = 1700000001};
    CHECK_OK(sh_tree_leaf_hash(SH_DIGEST_SM3, sh_bytes_of(bytes, len), &hash, NULL), NULL);
    in_document("| its leaf hash", hash.at, SH_DIGEST_BYTES);
    CHECK_OK(sh_tree_node_hash(SH_DIGEST_SM3, &hash, &hash, &head.root, NULL), NULL);
    in_document("| tree of that leaf", head.root.at, SH_DIGEST_BYTES);
    memset(head.log, 1, sizeof head.log);
    memset(head.key, 2, sizeof head.key);
    sh_head_encode(&head, head_bytes);
    in_document("| head: journal", head_bytes, sizeof head_bytes);
    struct sh_head_body again;
    struct sh_leaf_body leaf_again;
    CHECK_OK(sh_head_decode(sh_bytes_of(head_bytes, sizeof head_bytes), &again, NULL), NULL);
    CHECK_I64(again.size, 2);
    CHECK_OK(sh_leaf_decode(sh_bytes_of(bytes, len), &leaf_again, NULL), NULL);
    CHECK_STR(leaf_again.type, "record");
    for (size_t cut = 0; cut < len; cut++)
        CHECK_CODE(sh_leaf_decode(sh_bytes_of(bytes, cut), &leaf_again, NULL), SH_E_CORRUPT);
    for (size_t cut = 0; cut < sizeof head_bytes; cut++)
        CHECK_CODE(sh_head_decode(sh_bytes_of(head_bytes, cut), &again, NULL), SH_E_CORRUPT);
}

static void sealed_content_opens_only_whole_and_in_its_place(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    uint8_t key[SH_SEAL_KEY] = {7};
    struct sh_str sealed, back;
    for (size_t len = 0; len < 70; len++) {
        const char text[70] = "content";
        CHECK_OK(sh_seal(key, SH_STR("place"), sh_bytes_of(text, len), &arena, &sealed, NULL), NULL);
        CHECK_I64(sealed.len, len + SH_SEAL_EXTRA);
        CHECK_OK(sh_unseal(key, SH_STR("place"), sealed, &arena, &back, NULL), NULL);
        CHECK(sh_str_eq(back, sh_bytes_of(text, len)));
        CHECK_CODE(sh_unseal(key, SH_STR("other"), sealed, &arena, &back, NULL), SH_E_CORRUPT);
        char *at = sh_arena_dup(&arena, sealed.at, sealed.len);
        for (size_t i = 0; i < sealed.len; i++) {
            at[i] = (char)(at[i] ^ 1);
            CHECK_CODE(sh_unseal(key, SH_STR("place"), (struct sh_str){at, sealed.len}, &arena, &back, NULL),
                       SH_E_CORRUPT);
            at[i] = (char)(at[i] ^ 1);
        }
    }
    key[47] = 1;
    CHECK_CODE(sh_unseal(key, SH_STR("place"), sealed, &arena, &back, NULL), SH_E_CORRUPT);
}

/* `EVP_EC_gen("SM2")` would sign ECDSA and ignore the id; this key does neither. */
static void a_signature_is_of_its_key_message_and_id(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_signer_release) struct sh_signer a = {0};
    SH_CLEANUP(sh_signer_release) struct sh_signer b = {0};
    SH_CLEANUP(sh_signer_release) struct sh_signer again = {0};
    SH_CLEANUP(sh_signer_release) struct sh_signer none = {0};
    struct sh_str signature, der;
    CHECK_OK(sh_signer_make(&a, NULL), NULL);
    CHECK_OK(sh_signer_make(&b, NULL), NULL);
    CHECK_OK(sh_signer_sign(&a, SH_STR("head"), &arena, &signature, NULL), NULL);
    CHECK_OK(sh_signer_verify(&a, SH_STR("head"), signature, NULL), NULL);
    CHECK_CODE(sh_signer_verify(&a, SH_STR("heae"), signature, NULL), SH_E_CORRUPT);
    CHECK_CODE(sh_signer_verify(&b, SH_STR("head"), signature, NULL), SH_E_CORRUPT);
    CHECK_OK(sh_signer_dump(&a, &arena, &der, NULL), NULL);
    CHECK_OK(sh_signer_load(der, &again, NULL), NULL);
    CHECK(memcmp(a.fingerprint, again.fingerprint, SH_DIGEST_BYTES) == 0);
    CHECK_CODE(sh_signer_load_public(SH_STR("not a key"), &none, NULL), SH_E_CORRUPT);
}

CHECK_MAIN(cmocka_unit_test(leaf_tree_and_head_are_as_documented),
           cmocka_unit_test(sealed_content_opens_only_whole_and_in_its_place),
           cmocka_unit_test(a_signature_is_of_its_key_message_and_id))
