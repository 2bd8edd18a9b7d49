/* An opened lake from inside. Inner header of the room. */
#pragma once
#include "lake/codes.h"
#include "lake/dict.h"
#include "lake/keys.h"
#include "lake/manifest.h"
#include "lake/parquet.h"
#include <pthread.h>
#include <stdatomic.h>

struct sh_lake {
    char dir[4096]; /* absolute */
    int lease_plus_1;
    struct sh_arena arena;
    struct sh_manifest manifest;
    uint64_t rows[SH_TABLES]; /* of all files of a table: asked for every row whose absence matters */
    struct sh_records superseded, coverage, lost;
    pthread_mutex_t lock; /* of the dictionaries while they load */
    struct sh_dict_full dicts[SH_DICTS];
    atomic_bool has_dict[SH_DICTS];
    struct sh_codes codes[SH_DICTS]; /* of the large ones, by id */
    atomic_bool has_codes[SH_DICTS];
};

/* Nettings of a bucket as they stand on a day: what to take off a line, what became of a refund. */
struct sh_netted {
    uint64_t key; /* of person, encounter and line id; 0 = free slot */
    int64_t quantity, amount, covered;
    int8_t refund_line; /* 0: a line that is netted, 1 matched refund, 2 orphan */
};
struct sh_netting_set {
    struct sh_netted *slots;
    size_t n_slots, n;
    uint64_t *filter; /* bits by hash of the encounter */
    size_t filter_mask;
};
static inline uint64_t sh_netted_encounter(int32_t person, int64_t encounter) {
    return sh_mix2((uint64_t)encounter ^ 0x9e3779b97f4a7c15u, (uint64_t)(uint32_t)person << 1 | 1);
}
/* Nettings as their files have them, of adjacent buckets, ordered by (bucket, encounter, batch from the
 * latest). */
struct sh_netting_rows {
    struct sh_netting_row *at;
    size_t n, cap;
};
SH_MUST sh_code sh_netting_load(struct sh_lake *lake, struct sh_bucket_range buckets, int32_t as_known,
                                struct sh_netting_rows *ret, struct sh_err *err);
void sh_netting_rows_release(struct sh_netting_rows *rows);
/** Those of one bucket, to look lines up. `ret` is released first. */
SH_MUST sh_code sh_netting_set_make(const struct sh_netting_rows *rows, uint32_t bucket,
                                    struct sh_netting_set *ret, struct sh_err *err);
const struct sh_netted *sh_netting_find(const struct sh_netting_set *set, uint64_t encounter_hash,
                                        struct sh_str id_head, int64_t id_tail);
void sh_netting_release(struct sh_netting_set *set);
