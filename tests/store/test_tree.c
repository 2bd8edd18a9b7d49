/* Goal: the tree is that of RFC 6962: roots against a naive one, every proof of every small size, known
 * answers. */
#include "check.h"
#include "store/tree.h"

enum { N = 700 };

static struct sh_hash leaf_of(size_t i) {
    char text[32];
    struct sh_hash hash;
    const int len = snprintf(text, sizeof text, "leaf %zu", i);
    CHECK_OK(sh_tree_leaf_hash(SH_DIGEST_SM3, (struct sh_str){text, (size_t)len}, &hash, NULL), NULL);
    return hash;
}

/* MTH of the RFC, word by word. */
static struct sh_hash naive(size_t from, size_t to) { // NOLINT(misc-no-recursion)
    struct sh_hash hash;
    if (to == from)
        CHECK_OK(sh_digest_of(SH_DIGEST_SM3, "", 0, hash.at, NULL), NULL);
    if (to - from <= 1)
        return to == from ? hash : leaf_of(from);
    size_t k = 1;
    while (k * 2 < to - from)
        k *= 2;
    const struct sh_hash left = naive(from, from + k), right = naive(from + k, to);
    CHECK_OK(sh_tree_node_hash(SH_DIGEST_SM3, &left, &right, &hash, NULL), NULL);
    return hash;
}

/* What a database would keep. */
struct kept {
    struct sh_hash leaves[N];
    struct sh_tile tiles[8];
    size_t n_tiles;
};
static sh_code kept_hashes(void *ctx, size_t level, uint64_t position, size_t n, struct sh_hash *ret,
                           struct sh_err *err) {
    const struct kept *kept = ctx;
    for (size_t i = 0; i < n; i++) {
        bool has = level == 0;
        if (has)
            ret[i] = kept->leaves[position + i];
        for (size_t t = 0; t < kept->n_tiles && !has; t++)
            if (kept->tiles[t].level + 1 == level && kept->tiles[t].position == position + i)
                ret[i] = kept->tiles[t].root, has = true;
        if (!has)
            return sh_fail(err, SH_E_CORRUPT, "no hash %zu/%llu", level, (unsigned long long)position + i);
    }
    return SH_OK;
}

static void grow(struct sh_tree *tree, struct kept *kept, size_t to) {
    struct sh_tile tiles[SH_TREE_LEVELS];
    for (size_t i = (size_t)tree->size, n = 0; i < to; i++) {
        kept->leaves[i] = leaf_of(i);
        CHECK_OK(sh_tree_add(tree, &kept->leaves[i], tiles, &n, NULL), NULL);
        for (size_t t = 0; t < n; t++)
            kept->tiles[kept->n_tiles++] = tiles[t];
    }
}

static void roots_are_those_of_the_rfc(void **state) {
    (void)state;
    static struct sh_tree tree = {.kind = SH_DIGEST_SM3};
    static struct kept kept;
    const size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 511, 512, 513, N};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        grow(&tree, &kept, sizes[i]);
        struct sh_hash root, want = naive(0, sizes[i]);
        CHECK_OK(sh_tree_root(&tree, &root, NULL), NULL);
        CHECK(memcmp(&root, &want, sizeof root) == 0);
        /* The right edge read back is the right edge. */
        static struct sh_tree again;
        const struct sh_tree_source source = {kept_hashes, &kept, SH_DIGEST_SM3};
        CHECK_OK(sh_tree_load(&source, sizes[i], &again, NULL), NULL);
        CHECK_OK(sh_tree_root(&again, &root, NULL), NULL);
        CHECK(memcmp(&root, &want, sizeof root) == 0);
        CHECK(memcmp(again.tile_n, tree.tile_n, sizeof tree.tile_n) == 0);
    }
    CHECK_I64(kept.n_tiles, 2);
}

static void every_proof_leads_to_its_root_and_no_other(void **state) {
    (void)state;
    static struct sh_tree tree = {.kind = SH_DIGEST_SM3};
    static struct kept kept;
    grow(&tree, &kept, N);
    const struct sh_tree_source source = {kept_hashes, &kept, SH_DIGEST_SM3};
    struct sh_hash path[SH_TREE_HEIGHT_MAX + 2], old[SH_TREE_HEIGHT_MAX + 2];
    size_t n, m;
    for (size_t size = 1; size <= 40; size++)
        for (size_t i = 0; i < size; i++) {
            struct sh_tree_point to = {size, naive(0, size)}, from = {i + 1, naive(0, i + 1)};
            CHECK_OK(sh_tree_inclusion(&source, i, size, path, &n, NULL), NULL);
            CHECK_OK(
                sh_tree_check_inclusion(SH_DIGEST_SM3, &kept.leaves[i], i, size, path, n, &to.root, NULL),
                NULL);
            CHECK_CODE(
                sh_tree_check_inclusion(SH_DIGEST_SM3, &kept.leaves[i + 1], i, size, path, n, &to.root, NULL),
                SH_E_CORRUPT);
            CHECK_OK(sh_tree_consistency(&source, i + 1, size, old, &m, NULL), NULL);
            CHECK_OK(sh_tree_check_consistency(SH_DIGEST_SM3, &from, &to, old, m, NULL), NULL);
            from.root.at[0] ^= 1;
            CHECK_CODE(sh_tree_check_consistency(SH_DIGEST_SM3, &from, &to, old, m, NULL), SH_E_CORRUPT);
            if (n > 0) {
                path[n - 1].at[31] ^= 1;
                CHECK_CODE(
                    sh_tree_check_inclusion(SH_DIGEST_SM3, &kept.leaves[i], i, size, path, n, &to.root, NULL),
                    SH_E_CORRUPT);
            }
        }
    struct sh_tree_point to = {N, naive(0, N)}, from = {300, naive(0, 300)};
    CHECK_OK(sh_tree_consistency(&source, 300, N, old, &m, NULL), NULL);
    CHECK_OK(sh_tree_check_consistency(SH_DIGEST_SM3, &from, &to, old, m, NULL), NULL);
    CHECK_CODE(sh_tree_inclusion(&source, N, N, path, &n, NULL), SH_E_INPUT);
    CHECK_CODE(sh_tree_consistency(&source, N + 1, N, path, &n, NULL), SH_E_INPUT);
}

/* From RFC 6962's own test vectors: the empty tree and the tree of one empty leaf, SHA-256. */
static void known_answers_with_sha256(void **state) {
    (void)state;
    static struct sh_tree tree = {.kind = SH_DIGEST_SHA256};
    struct sh_hash root, leaf;
    char hex[SH_DIGEST_HEX_MAX];
    CHECK_OK(sh_tree_root(&tree, &root, NULL), NULL);
    sh_hex(root.at, sizeof root, hex);
    CHECK_TEXT(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_OK(sh_tree_leaf_hash(SH_DIGEST_SHA256, SH_STR(""), &leaf, NULL), NULL);
    sh_hex(leaf.at, sizeof leaf, hex);
    CHECK_TEXT(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

CHECK_MAIN(cmocka_unit_test(roots_are_those_of_the_rfc),
           cmocka_unit_test(every_proof_leads_to_its_root_and_no_other),
           cmocka_unit_test(known_answers_with_sha256))
