#include "store/keys.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include <sodium.h>
#include <sys/stat.h>

/*
 * A file is five lines and their sum, nothing else; it is compared with what we would write, so that no byte
 * is free: shouhu-key 1 kind master|signing kdf none | argon2id OPS MEMORY SALT data HEX          the key, or
 * the key sealed under the passphrase sum HEX           SM3 of the lines above
 */
struct key_file {
    struct sh_str kind, kdf, data; /* data in bytes */
};
enum { KEY_FILE_MAX = 4096, SALT_BYTES = crypto_pwhash_SALTBYTES };

static sh_code render(const struct key_file *file, struct sh_arena *arena, struct sh_str *ret,
                      struct sh_err *err) {
    char *hex = sh_new(arena, char, 2 * file->data.len + 1);
    if (!hex)
        return sh_fail(err, SH_E_NOMEM, "no room for a key file");
    sh_hex((const uint8_t *)file->data.at, file->data.len, hex);
    size_t len = 0;
    char *text = sh_arena_printf(arena, &len, "shouhu-key 1\nkind %.*s\nkdf %.*s\ndata %s\n",
                                 SH_ARG(file->kind), SH_ARG(file->kdf), hex);
    uint8_t sum[SH_DIGEST_BYTES];
    char sum_hex[SH_DIGEST_HEX_MAX];
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a key file");
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, text, len, sum, err));
    sh_hex(sum, sizeof sum, sum_hex);
    ret->at = sh_arena_printf(arena, &ret->len, "%ssum %s\n", text, sum_hex);
    return ret->at ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a key file");
}

static bool take_line(struct sh_str *rest, const char *name, struct sh_str *ret) {
    struct sh_str line;
    if (!sh_str_split(rest, '\n', &line) || !sh_str_starts_with(line, sh_str_of(name)))
        return false;
    *ret = sh_str_sub(line, strlen(name), line.len);
    return true;
}

static bool unhex(struct sh_str hex, struct sh_arena *arena, struct sh_str *ret) {
    uint8_t *out = sh_new(arena, uint8_t, hex.len / 2 + 1);
    size_t len = 0;
    if (!out || hex.len % 2 != 0 ||
        sodium_hex2bin(out, hex.len / 2, hex.at, hex.len, NULL, &len, NULL) != 0 || len != hex.len / 2)
        return false;
    *ret = (struct sh_str){(const char *)out, len};
    return true;
}

static sh_code check_mode(const char *path, mode_t wider, struct sh_err *err) {
    struct stat status;
    if (stat(path, &status) != 0)
        return sh_fail_errno(err, "%s: key", path);
    if (status.st_mode & wider)
        return sh_fail(err, SH_E_INPUT, "%s may be read by others (mode %03o); run chmod go-rwx on it", path,
                       (unsigned)status.st_mode & 0777u);
    return SH_OK;
}

static sh_code read_key_file(const char *path, struct sh_arena *arena, struct key_file *ret,
                             struct sh_err *err) {
    SH_TRY(check_mode(path, 077, err));
    struct sh_str text, again, rest, first, sum;
    SH_TRY(sh_fs_read(path, KEY_FILE_MAX, arena, &text, err));
    rest = text;
    struct sh_str hex;
    const bool is_formed = take_line(&rest, "shouhu-key 1", &first) &&
                           take_line(&rest, "kind ", &ret->kind) && take_line(&rest, "kdf ", &ret->kdf) &&
                           take_line(&rest, "data ", &hex) && take_line(&rest, "sum ", &sum) &&
                           unhex(hex, arena, &ret->data);
    if (!is_formed)
        return sh_fail(err, SH_E_CORRUPT, "%s: not a key file, or changed", path);
    SH_TRY(render(ret, arena, &again, err));
    if (!sh_str_eq(text, again))
        return sh_fail(err, SH_E_CORRUPT, "%s: changed: its sum does not match", path);
    return SH_OK;
}

/* The key that the passphrase gives under the parameters written in the file. */
static sh_code derive(const char *path, struct sh_str kdf, const char *passphrase, uint8_t ret[SH_SEAL_KEY],
                      struct sh_err *err) {
    unsigned long long ops = 0;
    size_t memory = 0;
    char salt_hex[2 * SALT_BYTES + 1] = "", text[160];
    uint8_t salt[SALT_BYTES];
    (void)snprintf(text, sizeof text, "%.*s", SH_ARG(kdf));
    // NOLINTNEXTLINE(cert-err34-c): bounds below
    const int n = sscanf(text, "argon2id %llu %zu %32s", &ops, &memory, salt_hex);
    if (n != 3 || sodium_hex2bin(salt, sizeof salt, salt_hex, strlen(salt_hex), NULL, NULL, NULL) != 0 ||
        ops > 64 || memory > (size_t)4 << 30)
        return sh_fail(err, SH_E_CORRUPT, "%s: unknown derivation of its key", path);
    if (!passphrase)
        return sh_fail(err, SH_E_INPUT, "%s is protected by a passphrase; give it", path);
    if (crypto_pwhash(ret, SH_SEAL_KEY, passphrase, strlen(passphrase), salt, ops, memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for its passphrase", path);
    return SH_OK;
}

static sh_code read_key(const char *path, const char *kind, const char *passphrase, struct sh_arena *arena,
                        struct sh_str *ret, struct sh_err *err) {
    struct key_file file = {0};
    SH_TRY(read_key_file(path, arena, &file, err));
    if (!sh_str_is(file.kind, kind))
        return sh_fail(err, SH_E_CORRUPT, "%s is a %.*s key, not a %s key", path, SH_ARG(file.kind), kind);
    if (sh_str_is(file.kdf, "none")) {
        *ret = file.data;
        return SH_OK;
    }
    uint8_t key[SH_SEAL_KEY];
    sh_code code = derive(path, file.kdf, passphrase, key, err);
    if (code == SH_OK && sh_unseal(key, sh_str_of(kind), file.data, arena, ret, NULL) != SH_OK)
        code = sh_fail(err, SH_E_INPUT, "%s: the passphrase is wrong", path);
    sodium_memzero(key, sizeof key);
    return code;
}

static sh_code write_key(const char *path, const char *kind, const char *passphrase, struct sh_str key,
                         struct sh_arena *arena, struct sh_err *err) {
    struct key_file file = {sh_str_of(kind), SH_STR("none"), key};
    if (passphrase) {
        uint8_t salt[SALT_BYTES], derived[SH_SEAL_KEY];
        char salt_hex[2 * SALT_BYTES + 1];
        SH_TRY(sh_random(salt, sizeof salt, err));
        sh_hex(salt, sizeof salt, salt_hex);
        file.kdf.at = sh_arena_printf(arena, &file.kdf.len, "argon2id 3 %u %s", 64u << 20, salt_hex);
        if (!file.kdf.at)
            return sh_fail(err, SH_E_NOMEM, "no room for a key file");
        SH_TRY(derive(path, file.kdf, passphrase, derived, err));
        const sh_code code = sh_seal(derived, sh_str_of(kind), key, arena, &file.data, err);
        sodium_memzero(derived, sizeof derived);
        SH_TRY(code);
    }
    struct sh_str text = {0};
    SH_TRY(render(&file, arena, &text, err));
    const mode_t old = umask(077); /* sh_fs_write makes files 0640 */
    const sh_code code = sh_fs_write(path, text, err);
    (void)umask(old);
    return code;
}

static sh_code add_master(const char *path, const char *passphrase, struct sh_keyring *ring,
                          struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str data = {0};
    SH_TRY(read_key(path, "master", passphrase, &arena, &data, err));
    if (data.len != sizeof(struct sh_master))
        return sh_fail(err, SH_E_CORRUPT, "%s: %zu bytes of key, wanted %zu", path, data.len,
                       sizeof(struct sh_master));
    if (ring->n_masters >= SH_MASTERS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: more than %d master keys", path, SH_MASTERS_MAX);
    memcpy(&ring->masters[ring->n_masters++], data.at, sizeof(struct sh_master));
    return SH_OK;
}

sh_code sh_key_file_signer(const char *path, const char *passphrase, bool create, struct sh_signer *ret,
                           struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str der = {0};
    bool has = false;
    SH_TRY(sh_fs_exists(path, &has, err));
    if (!has && create) {
        SH_TRY(sh_signer_make(ret, err));
        sh_code code = sh_signer_dump(ret, &arena, &der, err);
        if (code == SH_OK)
            code = write_key(path, "signing", passphrase, der, &arena, err);
        if (code != SH_OK)
            sh_signer_release(ret);
        return code;
    }
    SH_TRY(read_key(path, "signing", passphrase, &arena, &der, err));
    if (sh_signer_load(der, ret, err) != SH_OK)
        return sh_err_wrap(err, SH_E_CORRUPT, "%s", path);
    return SH_OK;
}

static sh_code write_master(const char *path, const char *passphrase, const struct sh_master *master,
                            struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    return write_key(path, "master", passphrase, (struct sh_str){(const char *)master, sizeof *master},
                     &arena, err);
}

static sh_code read_ring(const char *dir, const char *passphrase, struct sh_keyring *ring,
                         struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(check_mode(dir, 077, err));
    SH_TRY(sh_path_join(path, dir, "master.key", err));
    SH_TRY(add_master(path, passphrase, ring, err));
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    size_t n;
    SH_TRY(sh_dir_list(dir, &arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct sh_str name = sh_str_of(entries[i].name);
        if (!sh_str_starts_with(name, SH_STR("master-")) || !sh_str_ends_with(name, SH_STR(".key")))
            continue;
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        SH_TRY(add_master(path, passphrase, ring, err));
    }
    SH_TRY(sh_path_join(path, dir, "signing.key", err));
    return sh_key_file_signer(path, passphrase, false, &ring->signer, err);
}

static sh_code make_ring(const char *dir, const char *passphrase, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    const mode_t old = umask(077);
    sh_code code = sh_mkdir_all(dir, err);
    (void)umask(old);
    SH_TRY(code);
    struct sh_master master;
    SH_TRY(sh_random(&master, sizeof master, err));
    SH_TRY(sh_path_join(path, dir, "signing.key", err));
    struct sh_signer signer = {0};
    SH_TRY(sh_key_file_signer(path, passphrase, true, &signer, err));
    sh_signer_release(&signer);
    /* Last: a directory with a master key is complete. */
    SH_TRY(sh_path_join(path, dir, "master.key", err));
    code = write_master(path, passphrase, &master, err);
    sodium_memzero(&master, sizeof master);
    return code;
}

sh_code sh_keyring_open(const char *dir, const char *passphrase, bool create, struct sh_keyring *ret,
                        struct sh_err *err) {
    if (sodium_init() < 0)
        return sh_fail(err, SH_E_INTERNAL, "libsodium does not start");
    char path[SH_PATH_BYTES_MAX];
    bool has = false;
    SH_TRY(sh_path_join(path, dir, "master.key", err));
    SH_TRY(sh_fs_exists(path, &has, err));
    if (!has && !create)
        return sh_fail(err, SH_E_NOTFOUND, "%s: no key here; what was sealed cannot be opened without it",
                       path);
    if (!has)
        SH_TRY(make_ring(dir, passphrase, err));
    struct sh_keyring ring = {0};
    const sh_code code = read_ring(dir, passphrase, &ring, err);
    if (code != SH_OK) {
        sh_keyring_release(&ring);
        return code;
    }
    *ret = ring;
    return SH_OK;
}

sh_code sh_keyring_new_master(const char *dir, const char *passphrase, struct sh_keyring *ring,
                              struct sh_err *err) {
    if (ring->n_masters >= SH_MASTERS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d master keys are in use", SH_MASTERS_MAX);
    struct sh_master fresh;
    char path[SH_PATH_BYTES_MAX], hex[2 * SH_KEY_ID + 1];
    SH_TRY(sh_random(&fresh, sizeof fresh, err));
    /* The old one under its own name first: at no moment is there a key that wraps something and has no file.
     */
    sh_hex(ring->masters[0].id, SH_KEY_ID, hex);
    SH_TRY(sh_path_format(path, err, "%s/master-%s.key", dir, hex));
    SH_TRY(write_master(path, passphrase, &ring->masters[0], err));
    SH_TRY(sh_path_join(path, dir, "master.key", err));
    SH_TRY(write_master(path, passphrase, &fresh, err));
    memmove(ring->masters + 1, ring->masters, ring->n_masters * sizeof ring->masters[0]);
    ring->masters[0] = fresh;
    ring->n_masters++;
    sodium_memzero(&fresh, sizeof fresh);
    return SH_OK;
}

sh_code sh_keyring_set_signer(const char *dir, const char *passphrase, struct sh_signer *fresh,
                              struct sh_keyring *ring, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_str der;
    SH_TRY(sh_signer_dump(fresh, &arena, &der, err));
    SH_TRY(sh_path_join(path, dir, "signing.key", err));
    SH_TRY(write_key(path, "signing", passphrase, der, &arena, err));
    sh_signer_release(&ring->signer);
    ring->signer = *fresh;
    *fresh = (struct sh_signer){0};
    return SH_OK;
}

void sh_keyring_release(struct sh_keyring *ring) {
    if (!ring)
        return;
    sodium_memzero(ring->masters, sizeof ring->masters);
    sh_signer_release(&ring->signer);
    ring->n_masters = 0;
}
