/*
 * The lake: claims in plain Parquet. Import of foreign files, a numbered manifest, reading whole persons
 * bucket by bucket. docs/lake.md describes the tables, docs/mappings.md the way in. Layout below a lake's
 * folder:
 *
 *   manifest/00000001.json ...   numbered, the highest valid one is the lake; names sizes and hashes of every
 * file below data/TABLE/…parquet          one file a table and batch (large batches: one per bucket), sorted
 * (bucket, person, time, id) dict/…parquet                dictionaries, append-only: id, code, name, kind
 *   keys/…                       natural keys of landed rows: (key, content) hashes, sorted
 *   rejects/BATCH.csv            refused rows: file, row, field, reason, the record
 *   audits/RUN/…                 kept runs (room audit)
 *   lock                         one writer at a time
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "lake/schema.h"
#include <stdio.h>

struct sh_lake; /* an opened snapshot: one manifest. Immutable, may be shared by threads */

/** Open the newest manifest (number 0) or a given one. SH_E_NOTFOUND no lake there; SH_E_CORRUPT. */
SH_MUST sh_code sh_lake_open(const char *dir, uint64_t manifest, struct sh_lake **ret, struct sh_err *err);
void sh_lake_close(struct sh_lake *lake);

uint64_t sh_lake_manifest(const struct sh_lake *lake);
uint32_t sh_lake_buckets(const struct sh_lake *lake);
/** Number of the last batch that landed (column `batch`); batches count up, 0: none has. */
uint32_t sh_lake_last_batch(const struct sh_lake *lake);
/** Rows of a table in the snapshot, superseded versions included. */
uint64_t sh_lake_rows(const struct sh_lake *lake, enum sh_table table);
/** Days for which rows of a table were seen: ret_first > ret_last when none. */
void sh_lake_days(const struct sh_lake *lake, enum sh_table table, int32_t *ret_first, int32_t *ret_last);

/* ---- dictionaries
 * -------------------------------------------------------------------------------------------- */

struct sh_dict_view {
    uint32_t n;
    const struct sh_str *code; /* [n] source code */
    const struct sh_str *name; /* [n] display name, may be empty; NULL: none has one */
    const struct sh_str *kind; /* [n] item: drug herb service consumable; institution: hospital pharmacy
                                  clinic; else empty; NULL: none has one */
    const uint32_t *slots; /* [n_slots] index by code: id + 1, 0 = free; NULL: sh_dict_find searches in order
                              (small dictionaries of tests) */
    uint32_t n_slots;      /* a power of two */
};
/** Loads on first use, thread-safe, owned by the lake. */
SH_MUST sh_code sh_lake_dict(struct sh_lake *lake, enum sh_dict dict, const struct sh_dict_view **ret,
                             struct sh_err *err);
/** Code of an entry by id, in `arena`; empty when there is none. For large dictionaries and those who ask of
 * few entries or of all in turn: in memory (sh_lake_dict) such a dictionary would grow with the city. Codes
 * go to a file without a name at the first call. Thread-safe. Errors: SH_E_IO, SH_E_FULL, SH_E_CORRUPT,
 * SH_E_NOMEM. */
SH_MUST sh_code sh_lake_code(struct sh_lake *lake, enum sh_dict dict, int64_t id, struct sh_arena *arena,
                             struct sh_str *ret, struct sh_err *err);
/** Id of a code or -1. */
int32_t sh_dict_find(const struct sh_dict_view *dict, struct sh_str code);

/* ---- dimensions
 * -------------------------------------------------------------------------------------------- */

/* What the rows of a dimension say, one row a code: of all rows that stand, a value where those that say
 * something agree, missing where they differ. Windows (valid, designated, qualified) of several rows join to
 * one; where a gap lies between them both ends are missing. */
struct sh_facts {
    uint32_t n;     /* entries of the dimension's dictionary */
    void **columns; /* [n_columns of the table] arrays [n]: int8, int32 or int64; bookkeeping and the lead:
                       missing */
};
/** Facts of a dimension as known on a day, in `arena`. Cost: reads the table. Errors: SH_E_INPUT, SH_E_IO,
 * SH_E_NOMEM. */
SH_MUST sh_code sh_lake_facts(struct sh_lake *lake, enum sh_table table, int32_t as_known,
                              struct sh_arena *arena, struct sh_facts *ret, struct sh_err *err);
/** Facts of which nothing is known yet, and rows [n_rows] added to them: all rows of a code stand together.
 * For small lakes in memory. */
SH_MUST sh_code sh_facts_make(enum sh_table table, uint32_t n, struct sh_arena *arena, struct sh_facts *ret,
                              struct sh_err *err);
SH_MUST sh_code sh_facts_merge(struct sh_facts *facts, enum sh_table table, const void *const *columns,
                               uint32_t n_rows, struct sh_err *err);

/* Stems of item codes, as a dictionary of their own (SH_DICT_STEM), in the order of their bytes: the
 * substance of a drug (first 10 characters of X…, 11 of Z…), the base of a service (11 of 15 digits) or of a
 * consumable (20 characters). */
struct sh_stems {
    struct sh_dict_view view;
    int32_t *substance, *base; /* [items] id of the stem; SH_MISSING_I32: none */
};
SH_MUST sh_code sh_item_stems(const struct sh_dict_view *items, struct sh_arena *arena, struct sh_stems *ret,
                              struct sh_err *err);
/** A service whose last four digits name a surcharge. */
bool sh_item_is_surcharge(struct sh_str code);

/* ---- reading
 * ------------------------------------------------------------------------------------------------- */

/*
 * Which columns of which table. mask bit c = column c of the schema. 0 = table not read.
 * ids: bit t = ids of some rows of table t will be asked for with sh_chunk_id. Much cheaper than the column
 * id.
 */
struct sh_selection {
    uint64_t columns[SH_TABLES];
    uint32_t ids;
};

/*
 * Some whole persons of one bucket: all their rows of the selected tables, superseded versions and withdrawn
 * rows left out, each table sorted by (person, time, id bytes). Arrays belong to the reader and hold until
 * the next call.
 */
struct sh_chunk {
    uint32_t bucket;
    uint32_t n_persons;
    const int32_t *persons; /* [n_persons] ascending ids; for stock_move rows: institution ids follow the same
                               idea in a chunk of their own */
    struct {
        uint32_t n_rows;
        const void *const *columns;   /* [n_columns of the table] int8/int32/int64 arrays, or const struct
                                         sh_str * for ID and TEXT; NULL where not selected */
        const uint32_t *person_begin; /* [n_persons + 1] rows of person i */
        const struct sh_str
            *id_head; /* [n_rows] ids in two parts, for sh_chunk_id; NULL where not selected */
        const int64_t *id_tail;
    } tables[SH_TABLES];
};

/* Adjacent buckets: from <= bucket < to. */
struct sh_bucket_range {
    uint32_t from, to;
};

/**
 * Cut buckets into tasks for `threads` workers: long ranges first, short ones at the end, so that all workers
 * end together. ret [all.to - all.from] ranges, in order; gives their number.
 */
size_t sh_buckets_split(struct sh_bucket_range all, size_t threads, struct sh_bucket_range *ret);

struct sh_reader;
/**
 * Read adjacent buckets, one after the other: a statement a table serves all of them, so that many buckets
 * cost little more than one. A chunk never holds persons of two buckets, and chunks do not depend on how
 * buckets are put together. as_known: only batches known up to that day (INT32_MAX = all).
 * max_rows: a chunk ends with the person at which it reaches that many lines (one person may exceed it).
 * Own DuckDB connections with one thread; use one reader per worker.
 * Errors: SH_E_INPUT no such buckets; SH_E_CORRUPT a file that cannot be read; SH_E_NOMEM.
 */
SH_MUST sh_code sh_reader_open(struct sh_lake *lake, const struct sh_selection *what,
                               struct sh_bucket_range buckets, int32_t as_known, uint32_t max_rows,
                               struct sh_reader **ret, struct sh_err *err);
/** Next chunk; *ret = NULL at the end. */
SH_MUST sh_code sh_reader_next(struct sh_reader *reader, const struct sh_chunk **ret, struct sh_err *err);
void sh_reader_close(struct sh_reader *reader);
/**
 * Source id of a row of a table whose ids or whose column id were selected; empty where the row has none, or
 * the table was not read. The text lives in `arena`, or as long as the chunk. Errors: SH_E_NOMEM.
 */
SH_MUST sh_code sh_chunk_id(const struct sh_chunk *chunk, enum sh_table table, uint32_t row,
                            struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);

/* Did the lake see all rows of `table` for an institution over these days (none lost to rejects, coverage
 * declared or seen)? */
bool sh_lake_complete(const struct sh_lake *lake, enum sh_table table, int32_t institution, int32_t first_day,
                      int32_t last_day);
/** The days over which sh_lake_complete can hold for an institution; false: over none. */
bool sh_lake_covered(const struct sh_lake *lake, enum sh_table table, int32_t institution, int32_t *ret_first,
                     int32_t *ret_last);
/** All encounters that lost rows: their keys, ascending; borrowed. */
void sh_lake_lost(const struct sh_lake *lake, const uint64_t **ret_keys, size_t *ret_n);
/** True if the encounter lost a row to rejects. key: the encounter_key column. */
bool sh_lake_encounter_lost_rows(const struct sh_lake *lake, int64_t encounter_key);

/* ---- writing
 * ------------------------------------------------------------------------------------------------- */

struct sh_import_options {
    const char *lake_dir;
    const char *mapping;      /* name of a shipped mapping */
    const char *mappings_dir; /* where mappings are installed */
    const char *const *files;
    size_t n_files;
    bool correction;                       /* rows with a known key and other content become a new version */
    bool withdrawal;                       /* rows with a known key are withdrawn */
    const char *reason, *by, *approved_by; /* required with the two above; by asks, another one approves */
    int32_t known_day;                     /* day the batch becomes known; passed in from the one clock */
    uint32_t buckets;                      /* for a new lake; 0 = default */
    unsigned threads;                      /* 0 = all processors */
    void (*progress)(void *ctx, const char *stage, uint64_t done, uint64_t total);
    void *progress_ctx;
};

struct sh_import_count {
    uint64_t read, landed, repeated, rejected, corrected,
        withdrawn; /* rows; landed includes corrected and withdrawn */
    int64_t read_fen, landed_fen, repeated_fen,
        rejected_fen; /* of the table's main amount; an unreadable amount counts 0 and is marked */
    uint64_t rejected_unknown_fen; /* rejected rows whose amount could not be read */
};

struct sh_import_result {
    uint64_t manifest, batch;
    struct sh_import_count tables[SH_TABLES];
    char rejects_path[4096]; /* empty if none */
    struct {
        const char *name;
        double seconds;
    } stages[8];
    size_t n_stages;
};

SH_MUST sh_code sh_lake_import(const struct sh_import_options *options, struct sh_import_result *ret,
                               struct sh_err *err);
SH_MUST sh_code sh_lake_compact(const char *dir, unsigned threads, uint64_t *ret_manifest,
                                struct sh_err *err);
/** Delete files no manifest within the retention names and no reader's lease holds. now: UTC seconds. */
SH_MUST sh_code sh_lake_vacuum(const char *dir, int64_t now, int64_t retention_seconds, uint64_t *ret_files,
                               uint64_t *ret_bytes, struct sh_err *err);
/** Check every file of the newest manifest against size and hash, row counts, sort order, keys; report each
 * fault on `out`. */
SH_MUST sh_code sh_lake_verify(const char *dir, FILE *out, uint64_t *ret_faults, struct sh_err *err);

/* ---- DuckDB as a guest: the one way the project opens it
 * ------------------------------------------------------- */

struct sh_duck;
/** In-memory instance: given threads and memory limit, only `dirs` readable and writable, no extensions,
 * configuration locked. */
SH_MUST sh_code sh_duck_open(const char *const *dirs, size_t n_dirs, unsigned threads, uint64_t memory_bytes,
                             const char *temp_dir, struct sh_duck **ret, struct sh_err *err);
void sh_duck_close(struct sh_duck *duck);
void *sh_duck_connection(struct sh_duck *duck); /* duckdb_connection; include duckdb.h where it is used */
/** A further connection; several may work at the same moment, one thread each. */
SH_MUST sh_code sh_duck_connect(struct sh_duck *duck, void **ret, struct sh_err *err);
void sh_duck_disconnect(void **connection);
SH_MUST sh_code sh_duck_run(struct sh_duck *duck, const char *sql, struct sh_err *err);
/** 'text' for SQL, quotes doubled. Failures of the buffer are sticky. */
void sh_sql_text(struct sh_buf *sql, struct sh_str text);
