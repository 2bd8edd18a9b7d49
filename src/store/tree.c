#include "store/tree.h"

static bool same(const struct sh_hash *a, const struct sh_hash *b) {
    return memcmp(a->at, b->at, SH_DIGEST_BYTES) == 0;
}

static sh_code hash_in(struct sh_digest *kept, sh_digest_kind kind, struct sh_str bytes, struct sh_hash *ret,
                       struct sh_err *err) {
    return kept ? sh_digest_again(kept, kind, bytes.at, bytes.len, ret->at, err)
                : sh_digest_of(kind, bytes.at, bytes.len, ret->at, err);
}

sh_code sh_tree_leaf_hash_in(struct sh_digest *kept, sh_digest_kind kind, struct sh_str body,
                             struct sh_hash *ret, struct sh_err *err) {
    char bytes[512] = {0x00};
    if (body.len < sizeof bytes) { /* one call is twice as fast as three */
        memcpy(bytes + 1, body.at, body.len);
        return hash_in(kept, kind, (struct sh_str){bytes, body.len + 1}, ret, err);
    }
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    SH_TRY(sh_digest_begin(&digest, kind, err));
    SH_TRY(sh_digest_add(&digest, bytes, 1, err));
    SH_TRY(sh_digest_add(&digest, body.at, body.len, err));
    return sh_digest_end(&digest, ret->at, err);
}

sh_code sh_tree_leaf_hash(sh_digest_kind kind, struct sh_str body, struct sh_hash *ret, struct sh_err *err) {
    return sh_tree_leaf_hash_in(NULL, kind, body, ret, err);
}

static sh_code node_hash(struct sh_digest *kept, sh_digest_kind kind, const struct sh_hash *left,
                         const struct sh_hash *right, struct sh_hash *ret, struct sh_err *err) {
    char bytes[1 + 2 * SH_DIGEST_BYTES] = {0x01};
    memcpy(bytes + 1, left->at, SH_DIGEST_BYTES);
    memcpy(bytes + 1 + SH_DIGEST_BYTES, right->at, SH_DIGEST_BYTES);
    return hash_in(kept, kind, (struct sh_str){bytes, sizeof bytes}, ret, err);
}

sh_code sh_tree_node_hash(sh_digest_kind kind, const struct sh_hash *left, const struct sh_hash *right,
                          struct sh_hash *ret, struct sh_err *err) {
    return node_hash(NULL, kind, left, right, ret, err);
}

/* A perfect subtree of height 8 × level came to be: it is a node of that level's tile, and, but for level 0,
 * the root of the tile below, which is full now. */
static void note_node(struct sh_tree *tree, size_t level, const struct sh_hash *node, struct sh_tile *tiles,
                      size_t *n_tiles) {
    if (level > 0) {
        struct sh_tile *tile = &tiles[(*n_tiles)++];
        tile->level = level - 1;
        tile->position = (tree->size >> (8 * level)) - 1;
        tile->root = *node;
        memcpy(tile->hashes, tree->tile[level - 1], sizeof tile->hashes);
        tree->tile_n[level - 1] = 0;
    }
    if (level < SH_TREE_LEVELS)
        tree->tile[level][tree->tile_n[level]++] = *node;
}

sh_code sh_tree_add(struct sh_tree *tree, const struct sh_hash *leaf, struct sh_tile *ret_tiles,
                    size_t *ret_n, struct sh_err *err) {
    struct sh_hash node = *leaf;
    *ret_n = 0;
    if (tree->size >> (SH_TREE_HEIGHT_MAX - 1))
        return sh_fail(err, SH_E_LIMIT, "the journal is full");
    tree->size++;
    note_node(tree, 0, &node, ret_tiles, ret_n);
    for (size_t height = 0; (tree->size >> height & 1) == 0; height++) {
        SH_TRY(node_hash(tree->kept, tree->kind, &tree->stack[--tree->n_stack], &node, &node, err));
        if ((height + 1) % 8 == 0)
            note_node(tree, (height + 1) / 8, &node, ret_tiles, ret_n);
    }
    tree->stack[tree->n_stack++] = node;
    return SH_OK;
}

sh_code sh_tree_root(const struct sh_tree *tree, struct sh_hash *ret, struct sh_err *err) {
    if (tree->size == 0)
        return sh_digest_of(tree->kind, "", 0, ret->at, err);
    struct sh_hash root = tree->stack[tree->n_stack - 1];
    for (size_t i = tree->n_stack - 1; i-- > 0;)
        SH_TRY(node_hash(tree->kept, tree->kind, &tree->stack[i], &root, &root, err));
    *ret = root;
    return SH_OK;
}

/* Root of the perfect subtree of 2^height leaves with this index among those of its height. */
static sh_code perfect(const struct sh_tree_source *source, size_t height, uint64_t index,
                       struct sh_hash *ret, struct sh_err *err) {
    struct sh_hash hashes[SH_TILE / 2];
    const size_t level = height / 8, n = (size_t)1 << height % 8;
    SH_TRY(source->hashes(source->ctx, level, index * n, n, hashes, err));
    for (size_t m = n; m > 1; m /= 2)
        for (size_t i = 0; i < m / 2; i++)
            SH_TRY(sh_tree_node_hash(source->kind, &hashes[2 * i], &hashes[2 * i + 1], &hashes[i], err));
    *ret = hashes[0];
    return SH_OK;
}

/* The largest power of two smaller than n; n > 1. */
static size_t split_height(uint64_t n) {
    return 63 - (size_t)__builtin_clzll(n - 1);
}

// NOLINTNEXTLINE(misc-no-recursion): at most SH_TREE_HEIGHT_MAX deep
sh_code sh_tree_range(const struct sh_tree_source *source, uint64_t from, uint64_t to, struct sh_hash *ret,
                      struct sh_err *err) {
    const uint64_t n = to - from;
    if ((n & (n - 1)) == 0) {
        const size_t height = (size_t)__builtin_ctzll(n);
        return perfect(source, height, from >> height, ret, err);
    }
    const uint64_t half = (uint64_t)1 << split_height(n);
    struct sh_hash left, right;
    SH_TRY(sh_tree_range(source, from, from + half, &left, err));
    SH_TRY(sh_tree_range(source, from + half, to, &right, err));
    return sh_tree_node_hash(source->kind, &left, &right, ret, err);
}

sh_code sh_tree_load(const struct sh_tree_source *source, uint64_t size, struct sh_tree *ret,
                     struct sh_err *err) {
    *ret = (struct sh_tree){.kind = source->kind, .size = size};
    for (size_t level = 0; level < SH_TREE_LEVELS; level++) {
        const uint64_t n = size >> (8 * level);
        ret->tile_n[level] = (size_t)(n % SH_TILE);
        if (ret->tile_n[level] > 0)
            SH_TRY(source->hashes(source->ctx, level, n - n % SH_TILE, ret->tile_n[level], ret->tile[level],
                                  err));
    }
    uint64_t from = 0;
    for (size_t height = SH_TREE_HEIGHT_MAX; height-- > 0;) {
        if ((size >> height & 1) == 0)
            continue;
        SH_TRY(perfect(source, height, from >> height, &ret->stack[ret->n_stack++], err));
        from += (uint64_t)1 << height;
    }
    return SH_OK;
}

sh_code sh_tree_inclusion(const struct sh_tree_source *source, uint64_t position, uint64_t size,
                          struct sh_hash *ret, size_t *ret_n, struct sh_err *err) {
    if (position >= size)
        return sh_fail(err, SH_E_INPUT, "leaf %llu is not in a tree of %llu", (unsigned long long)position,
                       (unsigned long long)size);
    struct sh_hash path[SH_TREE_HEIGHT_MAX + 2]; /* from the root down; RFC 6962 wants it upwards */
    size_t n = 0;
    uint64_t from = 0, to = size;
    while (to - from > 1) {
        const uint64_t half = from + ((uint64_t)1 << split_height(to - from));
        const bool is_left = position < half;
        SH_TRY(sh_tree_range(source, is_left ? half : from, is_left ? to : half, &path[n++], err));
        from = is_left ? from : half;
        to = is_left ? half : to;
    }
    for (size_t i = 0; i < n; i++)
        ret[i] = path[n - 1 - i];
    *ret_n = n;
    return SH_OK;
}

sh_code sh_tree_consistency(const struct sh_tree_source *source, uint64_t first, uint64_t size,
                            struct sh_hash *ret, size_t *ret_n, struct sh_err *err) {
    if (first == 0 || first > size)
        return sh_fail(err, SH_E_INPUT, "no proof from size %llu to %llu", (unsigned long long)first,
                       (unsigned long long)size);
    struct sh_hash path[SH_TREE_HEIGHT_MAX + 2];
    size_t n = 0;
    uint64_t from = 0, to = size;
    bool is_whole = true; /* the old tree is the left edge so far: its root is known to the checker */
    while (to != first) {
        const uint64_t half = from + ((uint64_t)1 << split_height(to - from));
        const bool is_left = first <= half;
        SH_TRY(sh_tree_range(source, is_left ? half : from, is_left ? to : half, &path[n++], err));
        from = is_left ? from : half;
        to = is_left ? half : to;
        is_whole = is_whole && is_left;
    }
    if (!is_whole)
        SH_TRY(sh_tree_range(source, from, to, &path[n++], err));
    for (size_t i = 0; i < n; i++)
        ret[i] = path[n - 1 - i];
    *ret_n = n;
    return SH_OK;
}

/* RFC 9162, 2.1.3.2. */
// NOLINTNEXTLINE(readability-function-size): what RFC 9162 takes
sh_code sh_tree_check_inclusion(sh_digest_kind kind, const struct sh_hash *leaf, uint64_t position,
                                uint64_t size, const struct sh_hash *path, size_t n,
                                const struct sh_hash *root, struct sh_err *err) {
    uint64_t fn = position, sn = size - 1;
    struct sh_hash hash = *leaf;
    bool is_sound = position < size;
    for (size_t i = 0; i < n && is_sound; i++) {
        if (sn == 0) {
            is_sound = false;
        } else if ((fn & 1) || fn == sn) {
            SH_TRY(sh_tree_node_hash(kind, &path[i], &hash, &hash, err));
            while (!(fn & 1) && fn != 0)
                fn >>= 1, sn >>= 1;
        } else {
            SH_TRY(sh_tree_node_hash(kind, &hash, &path[i], &hash, err));
        }
        fn >>= 1, sn >>= 1;
    }
    if (!is_sound || sn != 0 || !same(&hash, root))
        return sh_fail(err, SH_E_CORRUPT, "the proof does not lead from leaf %llu to the root of %llu leaves",
                       (unsigned long long)position, (unsigned long long)size);
    return SH_OK;
}

/* RFC 9162, 2.1.4.2. */
// NOLINTNEXTLINE(readability-function-size): what RFC 9162 takes
static sh_code walk_consistency(sh_digest_kind kind, uint64_t fn, uint64_t sn, const struct sh_hash *path,
                                size_t n, struct sh_hash *fr, struct sh_hash *sr, bool *ret_sound,
                                struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        if (sn == 0)
            return SH_OK;
        if ((fn & 1) || fn == sn) {
            SH_TRY(sh_tree_node_hash(kind, &path[i], fr, fr, err));
            SH_TRY(sh_tree_node_hash(kind, &path[i], sr, sr, err));
            while (!(fn & 1) && fn != 0)
                fn >>= 1, sn >>= 1;
        } else {
            SH_TRY(sh_tree_node_hash(kind, sr, &path[i], sr, err));
        }
        fn >>= 1, sn >>= 1;
    }
    *ret_sound = sn == 0;
    return SH_OK;
}

sh_code sh_tree_check_consistency(sh_digest_kind kind, const struct sh_tree_point *from,
                                  const struct sh_tree_point *to, const struct sh_hash *path, size_t n,
                                  struct sh_err *err) {
    bool is_sound = false;
    if (from->size == to->size) {
        is_sound = n == 0 && same(&from->root, &to->root);
    } else if (from->size > 0 && from->size < to->size && n > 0) {
        const bool is_power = (from->size & (from->size - 1)) == 0;
        struct sh_hash fr = is_power ? from->root : path[0], sr = fr;
        uint64_t fn = from->size - 1, sn = to->size - 1;
        while (fn & 1)
            fn >>= 1, sn >>= 1;
        const size_t skip = is_power ? 0 : 1;
        SH_TRY(walk_consistency(kind, fn, sn, path + skip, n - skip, &fr, &sr, &is_sound, err));
        is_sound = is_sound && same(&fr, &from->root) && same(&sr, &to->root);
    }
    return is_sound ? SH_OK
                    : sh_fail(err, SH_E_CORRUPT, "the tree of %llu leaves does not continue that of %llu",
                              (unsigned long long)to->size, (unsigned long long)from->size);
}
