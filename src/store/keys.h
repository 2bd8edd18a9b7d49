/* Key files: outside the data, readable by their owner only, each byte covered by a sum. Inner header. */
#pragma once
#include "store/seal.h"

enum { SH_KEY_ID = 16, SH_MASTERS_MAX = 16 };

struct sh_master {
    uint8_t id[SH_KEY_ID];
    uint8_t key[SH_SEAL_KEY];
};
struct sh_keyring {
    struct sh_master masters[SH_MASTERS_MAX]; /* the first is the present one, the others open older wraps */
    size_t n_masters;
    struct sh_signer signer;
};

/**
 * Read DIR/master.key, DIR/master-*.key and DIR/signing.key.
 * create      make the directory and both keys when DIR holds none.
 * passphrase  NULL: the files are not protected by one.
 * Errors: SH_E_NOTFOUND; SH_E_INPUT modes wider than 0600/0700, a passphrase missing or wrong; SH_E_CORRUPT a
 * file, by name.
 */
SH_MUST sh_code sh_keyring_open(const char *dir, const char *passphrase, bool create, struct sh_keyring *ret,
                                struct sh_err *err);
/** Put a new master key first; the old one stays beside it: backups hold keys wrapped by
 * it. */
SH_MUST sh_code sh_keyring_new_master(const char *dir, const char *passphrase, struct sh_keyring *ring,
                                      struct sh_err *err);
/** Write another signing key over the old one (ring->signer becomes it). */
SH_MUST sh_code sh_keyring_set_signer(const char *dir, const char *passphrase, struct sh_signer *fresh,
                                      struct sh_keyring *ring, struct sh_err *err);
/** A signing key file of its own, for a witness. Made when `create` and missing. */
SH_MUST sh_code sh_key_file_signer(const char *path, const char *passphrase, bool create,
                                   struct sh_signer *ret, struct sh_err *err);
void sh_keyring_release(struct sh_keyring *ring);
