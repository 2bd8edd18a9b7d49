/* The Merkle tree of RFC 6962, section 2.1, over SM3 or SHA-256. Inner header.
 * Kept on disk are the leaves' hashes and full tiles of 256 nodes: level 0 over leaves, level n over roots of
 * tiles of level n - 1. Everything right of them is computed. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

enum { SH_TILE = 256, SH_TREE_LEVELS = 5, SH_TREE_HEIGHT_MAX = 40 };

struct sh_hash {
    uint8_t at[SH_DIGEST_BYTES];
};

/** The right edge: enough to add leaves. A value; copy it to be able to go back. */
struct sh_tree {
    sh_digest_kind kind;
    uint64_t size;
    struct sh_hash stack[SH_TREE_HEIGHT_MAX + 1]; /* perfect subtrees, the largest first: one a bit of size */
    size_t n_stack;
    struct sh_hash tile[SH_TREE_LEVELS][SH_TILE]; /* the unfinished tile of each level */
    size_t tile_n[SH_TREE_LEVELS];
    struct sh_digest *kept; /* a context to hash in, of the caller; NULL: each time a new one */
};
/** A tile just finished. */
struct sh_tile {
    size_t level;
    uint64_t position;
    struct sh_hash root;
    struct sh_hash hashes[SH_TILE];
};

/** kept  see sh_digest_again; NULL: a new one. */
SH_MUST sh_code sh_tree_leaf_hash_in(struct sh_digest *kept, sh_digest_kind kind, struct sh_str body,
                                     struct sh_hash *ret, struct sh_err *err);
SH_MUST sh_code sh_tree_leaf_hash(sh_digest_kind kind, struct sh_str body, struct sh_hash *ret,
                                  struct sh_err *err);
SH_MUST sh_code sh_tree_node_hash(sh_digest_kind kind, const struct sh_hash *left,
                                  const struct sh_hash *right, struct sh_hash *ret, struct sh_err *err);
/** Add a leaf. ret_tiles [SH_TREE_LEVELS], *ret_n of them were finished by it. */
SH_MUST sh_code sh_tree_add(struct sh_tree *tree, const struct sh_hash *leaf, struct sh_tile *ret_tiles,
                            size_t *ret_n, struct sh_err *err);
/** Root of all leaves; of none: the hash of nothing. */
SH_MUST sh_code sh_tree_root(const struct sh_tree *tree, struct sh_hash *ret, struct sh_err *err);

/** Where stored hashes come from: n hashes of a level (roots of perfect subtrees of 256^level leaves) from a
 * position on; never across the border of a tile. */
struct sh_tree_source {
    sh_code (*hashes)(void *ctx, size_t level, uint64_t position, size_t n, struct sh_hash *ret,
                      struct sh_err *err);
    void *ctx;
    sh_digest_kind kind;
};
/** Root of leaves [from, to), which need not be perfect; from < to. */
SH_MUST sh_code sh_tree_range(const struct sh_tree_source *source, uint64_t from, uint64_t to,
                              struct sh_hash *ret, struct sh_err *err);
/** The right edge of a tree of `size` leaves. */
SH_MUST sh_code sh_tree_load(const struct sh_tree_source *source, uint64_t size, struct sh_tree *ret,
                             struct sh_err *err);
/** PATH(position, D[size]) and PROOF(from, D[size]) of RFC 6962; at most SH_TREE_HEIGHT_MAX + 2 hashes. */
SH_MUST sh_code sh_tree_inclusion(const struct sh_tree_source *source, uint64_t position, uint64_t size,
                                  struct sh_hash *ret, size_t *ret_n, struct sh_err *err);
SH_MUST sh_code sh_tree_consistency(const struct sh_tree_source *source, uint64_t from, uint64_t size,
                                    struct sh_hash *ret, size_t *ret_n, struct sh_err *err);
/** Check a proof. SH_E_CORRUPT: it does not lead to the root. */
SH_MUST sh_code sh_tree_check_inclusion(sh_digest_kind kind, const struct sh_hash *leaf, uint64_t position,
                                        uint64_t size, const struct sh_hash *path, size_t n,
                                        const struct sh_hash *root, struct sh_err *err);
/** from and size with their roots. */
struct sh_tree_point {
    uint64_t size;
    struct sh_hash root;
};
SH_MUST sh_code sh_tree_check_consistency(sh_digest_kind kind, const struct sh_tree_point *from,
                                          const struct sh_tree_point *to, const struct sh_hash *path,
                                          size_t n, struct sh_err *err);
