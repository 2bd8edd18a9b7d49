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

struct sh_check {
    struct sh_txn *txn;
    sh_fault_sink sink;
    void *ctx;
    struct sh_verify_report *report;
    bool is_deep;
    struct sh_arena arena, keep; /* of a chunk; of the whole */
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
/** All rows but leaves, tiles, heads and versions. */
SH_MUST sh_code sh_check_rows(struct sh_check *check, struct sh_err *err);
