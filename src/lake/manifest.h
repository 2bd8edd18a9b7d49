/*
 * The numbered manifest: what a lake is at one moment. Inner header of the room.
 *
 * manifest/00000042.json is `{"body":{…},"sha256":"…"}` with the digest of the body's bytes; each file it
 * names carries its size and XXH3-128 (bulk data of gigabytes: a fast hash finds damage; who can replace a
 * file and its manifest is stopped by the journal, which records the manifest's digest, not by a slower hash
 * here).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "lake/lake.h"

typedef enum sh_file_kind {
    SH_FILE_DATA,       /* Parquet of a table */
    SH_FILE_DICT,       /* Parquet of a dictionary: id, code, name, kind */
    SH_FILE_KEYS,       /* natural keys of a table */
    SH_FILE_SUPERSEDED, /* versions that later batches replaced; one file, rewritten when it grows */
    SH_FILE_LOST,       /* encounters that lost rows to rejects; one file */
    SH_FILE_COVERAGE,   /* first and last day by table and institution; one file */
    SH_FILE_KINDS
} sh_file_kind;

struct sh_lake_file {
    sh_file_kind kind;
    uint32_t what;                   /* enum sh_table or enum sh_dict */
    uint32_t batch_from, batch_to;   /* batches in it, both included */
    uint32_t bucket_from, bucket_to; /* data: buckets [from, to) */
    int32_t first_day, last_day;     /* data: of the table's time; first > last: none */
    uint64_t rows, size;
    int64_t fen; /* sum of the table's main amount */
    struct sh_hash128 hash;
    const char *path; /* below the lake's folder */
};

typedef enum sh_batch_kind {
    SH_BATCH_IMPORT,
    SH_BATCH_CORRECTION,
    SH_BATCH_WITHDRAWAL,
    SH_BATCH_KINDS
} sh_batch_kind;

struct sh_lake_batch {
    uint32_t id; /* 1, 2, … */
    sh_batch_kind kind;
    int32_t known_day;
    const char *mapping, *reason, *by, *approved_by; /* "" where none */
};

struct sh_manifest {
    struct sh_arena *arena; /* borrowed; holds the arrays and texts */
    uint64_t number;        /* 0: not written yet */
    uint64_t seed[2];       /* of bucket and keys; fixed at creation */
    uint32_t buckets;
    size_t n_batches, n_files, cap_batches, cap_files;
    struct sh_lake_batch *batches; /* ascending id */
    struct sh_lake_file *files;    /* in order of (kind, what, batch, bucket) */
};

/** Read and check manifest `number`; 0: the newest. Errors: SH_E_NOTFOUND, SH_E_CORRUPT (the message says
 * which), SH_E_IO. */
SH_MUST sh_code sh_manifest_read(const char *lake_dir, uint64_t number, struct sh_arena *arena,
                                 struct sh_manifest *ret, struct sh_err *err);
/** The same from its text; for tests and fuzzing. name: for messages. */
SH_MUST sh_code sh_manifest_parse(const char *name, struct sh_str text, struct sh_arena *arena,
                                  struct sh_manifest *ret, struct sh_err *err);
/** Number of the newest manifest, 0 if there is none. */
SH_MUST sh_code sh_manifest_newest(const char *lake_dir, uint64_t *ret, struct sh_err *err);
/** Write as number + 1, durably, and set the number. Errors: SH_E_FULL, SH_E_IO, SH_E_CONFLICT it exists. */
SH_MUST sh_code sh_manifest_write(const char *lake_dir, struct sh_manifest *manifest, struct sh_err *err);
/** Copy all but `files` whose drop[i] is set (NULL: none). */
SH_MUST sh_code sh_manifest_copy(const struct sh_manifest *from, const bool *drop, struct sh_arena *arena,
                                 struct sh_manifest *ret, struct sh_err *err);
/** Texts are copied into the manifest's arena. */
SH_MUST sh_code sh_manifest_add_file(struct sh_manifest *manifest, const struct sh_lake_file *file,
                                     struct sh_err *err);
SH_MUST sh_code sh_manifest_add_batch(struct sh_manifest *manifest, const struct sh_lake_batch *batch,
                                      struct sh_err *err);
/** Known day of a batch, INT32_MAX if there is no such batch. */
int32_t sh_manifest_known_day(const struct sh_manifest *manifest, uint32_t batch);
uint32_t sh_manifest_last_batch(const struct sh_manifest *manifest);
/** First file of a kind, NULL if there is none. */
const struct sh_lake_file *sh_manifest_file(const struct sh_manifest *manifest, sh_file_kind kind);

/* ---- names and folders
 * ---------------------------------------------------------------------------------------- */

const char *sh_dict_name(enum sh_dict dict); /* "person" … */

/* Most buckets a lake may have. */
/* Of the whole lake. 2: files carry ids in parts (id_head, id_tail). 3: families, employers, beds and lots
 * have a dictionary of their own. */
#define SH_LAKE_FORMAT 3
#define SH_LAKE_BUCKETS_MAX 4096u
#define SH_LAKE_BUCKETS_DEFAULT 64u
