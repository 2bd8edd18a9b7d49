/* A witness: another body that keeps the last head it signed of a journal and signs only what continues it.
 * Its machine needs no store, only a key file and a folder of what it signed. */
#include "store/inner.h"

enum { PATH_HASHES = SH_TREE_HEIGHT_MAX + 2, KEY_WORD_MAX = 1 << 16 };

/* What a witness reads of a bundle. */
struct bundle {
    sh_digest_kind kind;
    struct sh_str key, head, signature;
    struct sh_tree_point from;
    struct sh_hash path[PATH_HASHES];
    size_t n_path;
    bool has_digest, has_path, is_ended;
};

static sh_code bad(struct sh_err *err, const char *what) {
    return sh_fail(err, SH_E_INPUT, "bundle: %s", what);
}

static sh_code hex_word(struct sh_str *rest, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    struct sh_str word;
    if (!sh_str_split(rest, ' ', &word) || word.len == 0 || word.len % 2 || word.len > KEY_WORD_MAX)
        return bad(err, "a word is missing or is not hex");
    uint8_t *bytes = sh_new(arena, uint8_t, word.len / 2);
    if (!bytes)
        return sh_fail(err, SH_E_NOMEM, "no room for a word");
    if (!sh_unhex(word, bytes, word.len / 2))
        return bad(err, "a word is not hex");
    *ret = sh_bytes_of(bytes, word.len / 2);
    return SH_OK;
}

static sh_code hash_word(struct sh_str *rest, struct sh_hash *ret, struct sh_err *err) {
    struct sh_str word;
    return sh_str_split(rest, ' ', &word) && sh_unhex(word, ret->at, SH_DIGEST_BYTES)
               ? SH_OK
               : bad(err, "a hash is malformed");
}

static sh_code number_word(struct sh_str *rest, uint64_t *ret, struct sh_err *err) {
    struct sh_str word;
    uint64_t n = 0;
    if (!sh_str_split(rest, ' ', &word) || word.len == 0 || word.len > 18)
        return bad(err, "a number is malformed");
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return bad(err, "a number is malformed");
        n = 10 * n + (uint64_t)(word.at[i] - '0');
    }
    *ret = n;
    return SH_OK;
}

static sh_code take_path(struct bundle *bundle, struct sh_str rest, struct sh_err *err) {
    bundle->has_path = true;
    for (bundle->n_path = 0; rest.len; bundle->n_path++) {
        if (bundle->n_path == PATH_HASHES)
            return bad(err, "the consistency proof is too long");
        SH_TRY(hash_word(&rest, &bundle->path[bundle->n_path], err));
    }
    return SH_OK;
}

static sh_code take_line(struct bundle *bundle, struct sh_str line, struct sh_arena *arena,
                         struct sh_err *err) {
    struct sh_str rest = line, word;
    if (bundle->is_ended || !sh_str_split(&rest, ' ', &word))
        return bad(err, "something follows the end");
    if (sh_str_is(word, "digest")) {
        bundle->has_digest = sh_str_is(rest, "sm3") || sh_str_is(rest, "sha256");
        bundle->kind = sh_str_is(rest, "sm3") ? SH_DIGEST_SM3 : SH_DIGEST_SHA256;
        return bundle->has_digest ? SH_OK : bad(err, "unknown digest");
    }
    if (sh_str_is(word, "key"))
        return hex_word(&rest, arena, &bundle->key, err);
    if (sh_str_is(word, "head")) {
        SH_TRY(hex_word(&rest, arena, &bundle->head, err));
        return hex_word(&rest, arena, &bundle->signature, err);
    }
    if (sh_str_is(word, "from")) {
        SH_TRY(number_word(&rest, &bundle->from.size, err));
        return hash_word(&rest, &bundle->from.root, err);
    }
    if (sh_str_is(word, "consistency"))
        return take_path(bundle, rest, err);
    bundle->is_ended = sh_str_is(word, "end");
    return SH_OK; /* leaves and what others signed are no affair of a witness */
}

static sh_code read_bundle(struct sh_str text, struct sh_arena *arena, struct bundle *ret,
                           struct sh_err *err) {
    struct sh_str line;
    if (!sh_str_split(&text, '\n', &line) || !sh_str_is(line, "shouhu-bundle 1"))
        return bad(err, "not one of ours");
    while (text.len && sh_str_split(&text, '\n', &line))
        SH_TRY(take_line(ret, line, arena, err));
    if (!ret->is_ended || !ret->has_digest || ret->key.len == 0 || ret->head.len == 0)
        return bad(err, "cut short");
    return SH_OK;
}

static sh_code check_signature(const struct bundle *bundle, const uint8_t fingerprint[SH_DIGEST_BYTES],
                               struct sh_head_body *ret, struct sh_err *err) {
    SH_CLEANUP(sh_signer_release) struct sh_signer signer = {0};
    SH_TRY(sh_signer_load_public(bundle->key, &signer, err));
    if (memcmp(signer.fingerprint, fingerprint, SH_DIGEST_BYTES) != 0)
        return sh_fail(err, SH_E_CORRUPT, "the key is not the one of the fingerprint given");
    SH_TRY(sh_signer_verify(&signer, bundle->head, bundle->signature, err));
    SH_TRY(sh_head_decode(bundle->head, ret, err));
    if (memcmp(ret->key, fingerprint, SH_DIGEST_BYTES) != 0 || ret->kind != bundle->kind)
        return sh_fail(err, SH_E_CORRUPT, "the head names another key or digest");
    return SH_OK;
}

/* Does it continue what was signed before? */
static sh_code check_continues(const struct bundle *bundle, const struct sh_head_body *head,
                               const struct sh_head_body *last, struct sh_err *err) {
    const unsigned long long is = head->size, was = last->size;
    if (head->size < last->size || head->epoch < last->epoch)
        return sh_fail(err, SH_E_CONFLICT,
                       "this head has %llu leaves, signed before were %llu: an older copy", is, was);
    if (head->size == last->size)
        return memcmp(head->root.at, last->root.at, SH_DIGEST_BYTES) == 0
                   ? SH_OK
                   : sh_fail(err, SH_E_CONFLICT, "another history: %llu leaves with another root", is);
    if (!bundle->has_path || bundle->from.size != last->size)
        return sh_fail(err, SH_E_INPUT, "signed before were %llu leaves: export with --from-size %llu", was,
                       was);
    if (memcmp(bundle->from.root.at, last->root.at, SH_DIGEST_BYTES) != 0)
        return sh_fail(err, SH_E_CONFLICT, "another history: the first %llu leaves have another root", was);
    const struct sh_tree_point to = {head->size, head->root};
    const sh_code code =
        sh_tree_check_consistency(head->kind, &bundle->from, &to, bundle->path, bundle->n_path, err);
    return code == SH_E_CORRUPT
               ? sh_fail(err, SH_E_CONFLICT, "another history: it does not continue the %llu leaves", was)
               : code;
}

static void add_hex(struct sh_buf *out, struct sh_str bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        char hex[3];
        sh_hex((const uint8_t *)bytes.at + i, 1, hex);
        (void)sh_buf_add(out, hex, 2);
    }
}

static sh_code sign(const struct sh_witness_options *options, const struct bundle *bundle, struct sh_buf *out,
                    struct sh_err *err) {
    SH_CLEANUP(sh_signer_release) struct sh_signer signer = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf message = {0};
    const int64_t at = sh_clock_now(options->clock);
    struct sh_str signature;
    SH_TRY(sh_key_file_signer(options->key_path, options->passphrase, false, &signer, err));
    sh_cosign_encode(bundle->head, at, &message);
    SH_TRY(sh_signer_sign(&signer, sh_buf_view(&message), &arena, &signature, err));
    (void)sh_buf_add_text(out, "shouhu-cosign 1\nhead ");
    add_hex(out, bundle->head);
    (void)sh_buf_add_char(out, ' ');
    add_hex(out, bundle->signature);
    (void)sh_buf_addf(out, "\ncosign %lld ", (long long)at);
    add_hex(out, sh_bytes_of(signer.spki, signer.spki_len));
    (void)sh_buf_add_char(out, ' ');
    add_hex(out, signature);
    (void)sh_buf_add_text(out, "\nend\n");
    return sh_buf_check(out, err);
}

sh_code sh_witness_sign(const struct sh_witness_options *options, const uint8_t fingerprint[SH_DIGEST_BYTES],
                        struct sh_str text, struct sh_buf *out, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_lock_release) struct sh_lock lock = {0};
    struct bundle *bundle = sh_new(&arena, struct bundle, 1);
    struct sh_head_body head, last;
    char path[SH_PATH_BYTES_MAX], log[2 * SH_LOG_BYTES + 1];
    bool has = false;
    if (!bundle)
        return sh_fail(err, SH_E_NOMEM, "no room for a bundle");
    SH_TRY(read_bundle(text, &arena, bundle, err));
    SH_TRY(check_signature(bundle, fingerprint, &head, err));
    SH_TRY(sh_mkdir_all(options->memory_dir, err));
    SH_TRY(sh_path_join(path, options->memory_dir, "lock", err)); /* two at once could sign two histories */
    SH_TRY(sh_lock_take(&lock, path, "witness", err));
    sh_hex(head.log, sizeof head.log, log);
    SH_TRY(sh_path_join(path, options->memory_dir, log, err));
    SH_TRY(sh_heads_last(path, &last, &has, err));
    if (has)
        SH_TRY(check_continues(bundle, &head, &last, err));
    SH_TRY(sh_heads_append(path, &head, bundle->head, bundle->signature,
                           err)); /* remembered before it is signed */
    return sign(options, bundle, out, err);
}

sh_code sh_witness_key(const struct sh_witness_options *options, bool create,
                       uint8_t ret_fingerprint[SH_DIGEST_BYTES], struct sh_err *err) {
    SH_CLEANUP(sh_signer_release) struct sh_signer signer = {0};
    SH_TRY(sh_key_file_signer(options->key_path, options->passphrase, create, &signer, err));
    memcpy(ret_fingerprint, signer.fingerprint, SH_DIGEST_BYTES);
    return SH_OK;
}

sh_code sh_cosignature_read(struct sh_str text, struct sh_arena *arena, struct sh_cosignature *ret,
                            uint8_t ret_fingerprint[SH_DIGEST_BYTES], struct sh_err *err) {
    static const char *const words[] = {"shouhu-cosign 1", "head ", "cosign ", "end"};
    struct sh_str line;
    uint64_t number = 0;
    for (size_t i = 0; i < 4; i++) {
        const struct sh_str word = sh_str_of(words[i]);
        const bool is_whole = i == 0 || i == 3;
        if (!sh_str_split(&text, '\n', &line) || !sh_str_starts_with(line, word) ||
            (is_whole && line.len != word.len))
            return sh_fail(err, SH_E_INPUT, "this is no witness's answer (line %zu)", i + 1);
        line = sh_str_sub(line, word.len, line.len - word.len);
        if (i == 1) {
            SH_TRY(hex_word(&line, arena, &ret->head, err));
            SH_TRY(hex_word(&line, arena, &ret->head_signature, err));
        } else if (i == 2) {
            SH_TRY(number_word(&line, &number, err));
            SH_TRY(hex_word(&line, arena, &ret->spki, err));
            SH_TRY(hex_word(&line, arena, &ret->signature, err));
        }
    }
    if (text.len)
        return sh_fail(err, SH_E_INPUT, "something follows the end of the witness's answer");
    ret->at = (int64_t)number;
    return sh_digest_of(SH_DIGEST_SM3, ret->spki.at, ret->spki.len, ret_fingerprint, err);
}
