/* State of a verification. Inner header. */
#pragma once
#include "store/inner.h"

enum {
    SH_CHECKED_POSTING,
    SH_CHECKED_BLOB,
    SH_CHECKED_ERASE,
    SH_CHECKED_BACKUP,
    SH_CHECKED_KEY,
    SH_CHECKED_WITNESS,
    SH_CHECKED_FORK,
    SH_CHECKED_TYPES
};

/** What a thread works with. */
struct sh_check_scratch {
    struct sh_digest digest;
    struct sh_buf buf;
};
/** A leaf as its bytes say it, and the hash they have. */
struct sh_leaf_seen {
    struct sh_hash hash;
    struct sh_leaf_body body;
    bool is_sound;
};
/** A version: the hash of its canonical bytes, unless it is erased. */
struct sh_version_seen {
    struct sh_hash hash;
    bool is_sound;
};
/** Leaves of a range of positions with the versions that name them; both in the order of positions. */
struct sh_chunk {
    struct sh_arena arena;
    struct sh_rows leaves, versions;
    struct sh_leaf_seen *leaf;       /* [leaves.n_rows] */
    struct sh_version_seen *version; /* [versions.n_rows] */
};

struct sh_check {
    struct sh_txn *txn;
    sh_fault_sink sink;
    void *ctx;
    struct sh_verify_report *report;
    bool is_deep;
    struct sh_arena arena, keep;      /* of a page; of the whole */
    struct sh_chunk chunks[2];        /* looked at, and read meanwhile */
    struct sh_check_scratch *scratch; /* [n_threads] */
    size_t n_threads;
    struct sh_buf buf;
    struct sh_tree tree; /* built anew from the leaves */
    struct sh_tile *tiles;
    uint64_t n_tiles;
    struct sh_rows heads;
    size_t next_head;
    uint64_t last_size; /* of the newest head */
    struct sh_head_body published;
    bool has_published;
    int64_t last_at;
    struct sh_signer *signers;
    size_t n_signers;
    uint64_t n_sealed; /* versions with sealed content */
    uint64_t n_of_type[SH_CHECKED_TYPES];
};

void sh_fault(struct sh_check *check, const char *format, ...) SH_PRINTF(2, 3);
/** A known signer by fingerprint, or NULL. */
const struct sh_signer *sh_check_signer(const struct sh_check *check, struct sh_str fingerprint);
enum { SH_CHECK_CHUNK = 4096 };
/**
 * Read the leaves from a position on into `next` while, on the other processors, those of `now` (NULL: none)
 * are hashed and decoded. Only what is proven row by row is done side by side; the tree and the order are the
 * caller's.
 */
SH_MUST sh_code sh_check_ahead(struct sh_check *check, struct sh_chunk *now, int64_t from,
                               struct sh_chunk *next, struct sh_err *err);
/** All rows but leaves, tiles, heads and versions. */
SH_MUST sh_code sh_check_rows(struct sh_check *check, struct sh_err *err);
