/* Natural keys of landed rows: what the lake has, and which version of it is the latest. Inner header of the
 * room. */
#pragma once
#include "base/hash.h"
#include "lake/files.h"
#include "lake/manifest.h"

typedef enum sh_key_state { SH_KEY_LANDED, SH_KEY_CORRECTED, SH_KEY_WITHDRAWN } sh_key_state;

/* One version of a row. Files are sorted by (key, batch); a key's record of the highest batch over all files
 * is its latest. */
struct sh_key {
    struct sh_hash128 key;
    uint64_t content;
    uint32_t batch;
    uint16_t bucket;
    uint8_t state; /* sh_key_state */
    uint8_t reserved;
};
#define SH_KEYS_MAGIC "SHKEYS01"

static inline int sh_key_cmp(struct sh_hash128 a, struct sh_hash128 b) {
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

/** First record of [n] whose key is not below `key`, at or behind `from`; galloping, cheap when it is near.
 */
size_t sh_keys_seek(const struct sh_key *keys, size_t n, size_t from, struct sh_hash128 key);

/** Records of a partition of a sorted array: keys whose upper bits say `part` of `parts` (a power of two). */
void sh_keys_part(const struct sh_key *keys, size_t n, uint32_t part, uint32_t parts, size_t *ret_from,
                  size_t *ret_to);

/** All key files of a table in a manifest, mapped. Zero-init; release with sh_keyset_close. */
struct sh_keyset {
    struct sh_records *files;
    const struct sh_lake_file **entries; /* parallel: of the manifest */
    size_t n;
};
SH_MUST sh_code sh_keyset_open(const char *lake_dir, const struct sh_manifest *manifest, enum sh_table table,
                               struct sh_keyset *ret, struct sh_err *err);
void sh_keyset_close(struct sh_keyset *set);

/* ---- versions that later batches replaced
 * ----------------------------------------------------------------------- */

/* A row (bucket, table, row_key, old_batch) is not there for who knows batch new_batch. Sorted by these four.
 */
struct sh_superseded {
    uint32_t bucket;
    uint32_t table;
    uint64_t row_key; /* sh_row_key */
    uint32_t old_batch, new_batch;
    uint32_t state; /* SH_KEY_CORRECTED, SH_KEY_WITHDRAWN */
    uint32_t reserved;
};
#define SH_SUPERSEDED_MAGIC "SHSUPR01"
int sh_superseded_cmp(const void *a, const void *b);

/* Of a table and an institution, the first and last day of which rows were seen. Sorted by both. */
struct sh_coverage {
    uint32_t table;
    int32_t institution, first, last;
};
#define SH_COVERAGE_MAGIC "SHCOVR01"
/* An encounter that lost a row to rejects: its key, sorted. */
#define SH_LOST_MAGIC "SHLOST01"
