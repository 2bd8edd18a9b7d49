/*
 * The landing: typed rows in, Parquet out. Inner header of the room.
 *
 *   push      landing.c       rows go to blocks by (table, bucket) in a worker's spill; codes become
 * worker-local numbers; each row leaves a key keys      landing_keys.c  per partition: new keys are sorted
 * and met with those of the lake; each row gets its verdict codes     landing_dict.c  worker-local numbers
 * become ids of the lake, in the order of first appearance rows      landing_rows.c  per bucket: blocks are
 * read back, sorted and written netting   netting_run.c   encounters with refunds are netted anew commit
 * session.c       files are fsynced, renamed, and named by the next manifest
 */
#pragma once
#include "base/pool.h"
#include "lake/columns.h"
#include "lake/dict.h"
#include "lake/intake.h"
#include "lake/intern.h"
#include "lake/keys.h"
#include "lake/manifest.h"
#include "lake/parquet.h"
#include "lake/settle.h"
#include "lake/spill.h"
#include <pthread.h>

enum { SH_KEY_PARTS = 64, SH_KEY_BUFFER = 256 };
/* A table whose batch has fewer rows a bucket is written as one file over all buckets, in small row groups.
 */
enum { SH_SMALL_BUCKET_ROWS = 8192, SH_ROW_GROUP_LARGE = SH_PARQUET_ROW_GROUP, SH_ROW_GROUP_SMALL = 8192 };

/* What becomes of a row. */
enum sh_verdict {
    SH_ROW_REPEATED,  /* the lake has it */
    SH_ROW_LANDS,     /* new */
    SH_ROW_CORRECTS,  /* new version of an older row */
    SH_ROW_WITHDRAWS, /* an older row goes, none comes */
    SH_ROW_REJECTED,  /* other content under a known key */
};

/* A row's key as the push leaves it. */
struct sh_new_key {
    struct sh_hash128 key;
    uint64_t content, record;
    int64_t fen;      /* SH_MISSING: unknown */
    uint32_t ordinal; /* among the rows of (worker, table, bucket) */
    uint32_t block, row;
    uint16_t worker, bucket;
};

/* A block as it came in; rows refer to it for their order and their file. */
struct sh_block_info {
    uint64_t sequence;
    uint32_t file;
    uint32_t rank; /* by sequence, over all workers; after keys */
};

/* Rows on their way to one (table, bucket) block of the spill. */
struct sh_row_buffer {
    char *region; /* see struct sh_row_layout */
    struct sh_buf heap;
    uint32_t n;
    uint32_t flushed; /* rows in the spill already */
};

/* Layout of a row buffer, and what the hashes of a row are made of. Columns SH_C_BUCKET and SH_C_BATCH are
 * not stored. */
struct sh_row_layout {
    uint16_t n_columns;
    uint32_t
        width[SH_LAKE_COLUMNS_MAX]; /* in the buffer; texts are uint64 offset << 32 | length, into the heap */
    uint32_t offset[SH_LAKE_COLUMNS_MAX]; /* of a column in the region */
    uint32_t order_offset;                /* uint64 block << 32 | row */
    size_t region_bytes;
    uint64_t key_mask, needed_mask,
        name_mask; /* name_mask: the first code column of its dictionary in the table */
    int id, fen;   /* column of the source id, of the main amount; -1: none */
    uint64_t salt[SH_LAKE_COLUMNS_MAX][3]; /* of content, key high, key low */
};

/* Where a reject lies in the spill, and its place in the report. */
struct sh_reject_place {
    uint32_t file, bytes;
    uint64_t record, offset, serial;
    uint16_t table, worker;
};

struct sh_push_scratch; /* landing.c */

struct sh_landing_worker {
    struct sh_intern dicts[SH_DICTS];
    struct sh_row_buffer *rows[SH_TABLES]; /* [buckets], NULL until used */
    uint64_t mask[SH_TABLES];              /* columns in the buffers */
    struct {
        struct sh_new_key *at; /* [SH_KEY_BUFFER], NULL until used */
        uint32_t n;
    } keys[SH_TABLES][SH_KEY_PARTS];
    struct sh_block_info *blocks;
    size_t n_blocks, cap_blocks;
    struct sh_spill spill;
    struct sh_import_count counts[SH_TABLES];
    struct sh_push_scratch *scratch;
    struct sh_buf text; /* bytes of a block, or rejects not yet in the spill */
    struct sh_buf rejected;
    struct sh_reject_place *rejects;
    size_t n_rejects, cap_rejects;
    uint64_t *lost; /* encounter keys */
    size_t n_lost, cap_lost;
};

/* An older version that a row of this batch replaces or withdraws. */
struct sh_old_version {
    uint32_t ordinal, batch;
    uint16_t table, worker, bucket, old_bucket;
    uint8_t was; /* sh_key_state of the old one */
};

/* An encounter in a bucket whose lines changed: its nettings may have to be made anew. */
struct sh_touched {
    uint32_t bucket;
    int64_t encounter;
};

struct sh_landing {
    const struct sh_import_options *options;
    const struct sh_manifest *before; /* lake as it was; no batches for a new one */
    const char *temp_dir;             /* LAKE/tmp/import-… */
    uint32_t batch, buckets;
    uint64_t seed[2];
    unsigned threads;
    char tag[9]; /* in file names, so that no name is ever used twice */
    uint32_t flush_at, buffer_rows;
    struct sh_row_layout layout[SH_TABLES];
    struct sh_landing_worker *workers; /* [threads] */
    struct sh_duck *duck;
    void **connections; /* [threads] */
    struct sh_arena arena;
    pthread_mutex_t lock; /* of all that follows, while a phase runs */

    /* keys */
    uint8_t *verdicts;      /* of each row by (worker, table, bucket, ordinal) */
    uint64_t *verdict_base; /* [threads × SH_TABLES × buckets + 1] */
    struct sh_old_version *olds;
    size_t n_olds, cap_olds;
    uint64_t landed[SH_TABLES]; /* rows to be written */
    struct sh_import_count counts[SH_TABLES];

    /* codes */
    struct sh_dict_full dicts[SH_DICTS];
    int32_t **ids[SH_DICTS]; /* [threads] each [entries of the worker's dictionary] */

    /* rows */
    struct sh_superseded *superseded; /* new ones, then (after netting) all of the lake */
    size_t n_superseded, cap_superseded;
    struct sh_coverage *coverage;
    size_t n_coverage, cap_coverage;
    struct sh_touched *touched;
    size_t n_touched, cap_touched;
    uint64_t *lost;
    size_t n_lost, cap_lost;
    struct sh_new_file *files;
    size_t n_files, cap_files;
    bool *dropped; /* [before->n_files] files that the next manifest does not name any more */
};

/* ---- phases; each leaves what the next one needs
 * ---------------------------------------------------------------- */

SH_MUST sh_code sh_landing_open(const struct sh_import_options *options, const struct sh_manifest *before,
                                const char *temp_dir, struct sh_landing **ret, struct sh_err *err);
void sh_landing_close(struct sh_landing *landing);
/** After the last push: what is in buffers goes to the spill. */
SH_MUST sh_code sh_landing_flush(struct sh_landing *landing, struct sh_err *err);
SH_MUST sh_code sh_landing_keys(struct sh_landing *landing, struct sh_err *err);
SH_MUST sh_code sh_landing_codes(struct sh_landing *landing, struct sh_err *err);
SH_MUST sh_code sh_landing_rows(struct sh_landing *landing, struct sh_err *err);
SH_MUST sh_code sh_landing_nettings(struct sh_landing *landing, struct sh_err *err);
/** Versions superseded so far join the new ones; sorted. */
SH_MUST sh_code sh_landing_superseded(struct sh_landing *landing, struct sh_err *err);
/** Superseded, lost, coverage: whole state, written anew where it changed. */
SH_MUST sh_code sh_landing_state(struct sh_landing *landing, struct sh_err *err);
/** Write rejects, sorted, to `path`. ret_n: their number; without any, no file is made. */
SH_MUST sh_code sh_landing_write_rejects(struct sh_landing *landing, const char *path, uint64_t *ret_n,
                                         struct sh_err *err);

/* ---- between the phases
 * ----------------------------------------------------------------------------------------- */

/** Note a row that was pushed and is refused after all. */
SH_MUST sh_code sh_landing_refuse(struct sh_landing *landing, unsigned worker, enum sh_table table,
                                  const struct sh_new_key *key, const char *reason, struct sh_err *err);
/** Rejects that wait in memory go to their place in the worker's spill: before anything else is appended
 * there. */
SH_MUST sh_code sh_landing_settle_rejects(struct sh_landing_worker *worker, struct sh_err *err);
/** Verdicts of the rows of (worker, table, bucket). */
uint8_t *sh_landing_verdicts(const struct sh_landing *landing, unsigned worker, enum sh_table table,
                             uint32_t bucket);
/** A further file; path relative to the lake. Thread-safe. */
SH_MUST sh_code sh_landing_add_file(struct sh_landing *landing, const struct sh_lake_file *entry,
                                    const char *temp_path, struct sh_err *err);
/** Paths of a new file: "data/line/00000012-1a2b3c4d-b007.parquet" and where it is written meanwhile. In the
 * arena. Thread-safe. */
SH_MUST sh_code sh_landing_name(struct sh_landing *landing, const char *folder, const char *suffix,
                                const char **ret_path, const char **ret_temp, struct sh_err *err);
/** Key of a source id, as KEY columns hold it: 0 … 2^63 − 1. */
int64_t sh_key_of(const struct sh_landing *landing, struct sh_str id);

/** Bytes of a column in a block of n rows: each begins at a multiple of 8. */
static inline size_t sh_block_column_bytes(const struct sh_row_layout *layout, uint16_t column, size_t n) {
    return (n * layout->width[column] + 7) & ~(size_t)7;
}

/** Reasons of rejects made here. */
#define SH_REASON_KEY_MISSING "key.missing"
#define SH_REASON_CONFLICT "key.conflict"
#define SH_REASON_NOT_THERE "withdrawal.unknown"
