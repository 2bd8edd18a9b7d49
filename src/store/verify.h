/* State of a verification. Inner header. */
#pragma once
#include "store/inner.h"
#include <pthread.h>

enum {
    SH_CHECKED_POSTING,
    SH_CHECKED_BLOB,
    SH_CHECKED_ERASE,
    SH_CHECKED_BACKUP,
    SH_CHECKED_KEY,
    SH_CHECKED_WITNESS,
    SH_CHECKED_FORK,
    SH_CHECKED_SEAL,
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
/** Chunks that follow each other. */
enum { SH_CHECK_CHUNK = 1024, SH_CHECK_CHUNKS = 8, SH_CHECK_GROUP = SH_CHECK_CHUNK * SH_CHECK_CHUNKS };
struct sh_group {
    struct sh_chunk chunks[SH_CHECK_CHUNKS];
};

/** What is asked while the leaves are read. */
struct sh_check_beside {
    struct sh_db db;
    pthread_t thread;
    bool has_db, has_thread;
    struct sh_arena arena;
    struct sh_rows bent, locked; /* versions without a record that says the same; without a key */
    sh_code code;
    struct sh_err err;
};
enum { SH_FAULTS_MAX = 10000 }; /* told; all are counted, but of records and keys one more at most */

struct sh_check {
    struct sh_txn *txn;
    sh_fault_sink sink;
    void *ctx;
    struct sh_verify_report *report;
    bool is_deep;
    struct sh_arena arena, keep;      /* of a page; of the whole */
    struct sh_group groups[2];        /* looked at, and read meanwhile */
    struct sh_check_scratch *scratch; /* [n_threads]; and one for the tree */
    struct sh_db *readers;            /* [n_threads], of one snapshot */
    size_t n_threads;
    char snapshot[96]; /* of PostgreSQL: the statement that takes it */
    struct sh_check_beside beside;
    int64_t end; /* behind the last position of the snapshot */
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
    uint64_t n_of_type[SH_CHECKED_TYPES];
};

void sh_fault(struct sh_check *check, const char *format, ...) SH_PRINTF(2, 3);
/** A known signer by fingerprint, or NULL. */
const struct sh_signer *sh_check_signer(const struct sh_check *check, struct sh_str fingerprint);
/** "TABLE HEX" into out, for messages; returns out. */
const char *sh_check_named(const char *table, struct sh_str id, char *out, size_t size);

/** A connection of the snapshot that sh_check_readers_open took. */
SH_MUST sh_code sh_check_connect(struct sh_check *check, struct sh_db *ret, struct sh_err *err);
/** A connection for each thread that reads, all of the snapshot of check->txn. On SQLite they may see more,
 * behind check->end, which is not read. */
SH_MUST sh_code sh_check_readers_open(struct sh_check *check, struct sh_err *err);
void sh_check_readers_close(struct sh_check *check);
/**
 * Read, hash and decode the leaves from a position on into `next`, a chunk a task on all processors, while
 * one of them checks `now` (NULL: none) by sh_check_group. Only what is proven row by row is done side by
 * side.
 */
SH_MUST sh_code sh_check_ahead(struct sh_check *check, struct sh_group *now, int64_t from,
                               struct sh_group *next, struct sh_err *err);
/** What has an order: the tree, the heads, and which version stands beside which leaf. */
SH_MUST sh_code sh_check_group(struct sh_check *check, const struct sh_group *group, struct sh_err *err);
/** Versions against the rows of their records and keys: begun beside the leaves if there is a connection and
 * a thread to spare, asked and reported at the end. */
void sh_check_records_begin(struct sh_check *check);
SH_MUST sh_code sh_check_records_end(struct sh_check *check, struct sh_err *err);
void sh_check_records_free(struct sh_check *check);
/** All rows but leaves, tiles, heads and versions. */
SH_MUST sh_code sh_check_rows(struct sh_check *check, struct sh_err *err);
/** Rows of other rooms against their seals; without the master key they cannot be checked. */
SH_MUST sh_code sh_check_sealed(struct sh_check *check, struct sh_err *err);
