/*
 * Between the front end (foreign bytes -> typed rows) and the landing (typed rows -> Parquet). Inner header
 * of the room.
 *
 * The front end reads files, finds records, runs the mapping's SELECTs and types every value with our own
 * parsers. It hands over blocks of typed rows from several worker threads; blocks carry a sequence number so
 * that the result does not depend on scheduling. The landing decides by natural key what lands, repeats or
 * conflicts.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "lake/lake.h"

/* One block of rows for one table. Arrays are borrowed for the duration of the call. */
struct sh_parsed {
    enum sh_table table;
    uint64_t sequence; /* (file number, block number) in reading order; unique a (block, table, select) */
    uint32_t file;     /* number in sh_import_options.files */
    uint32_t n_rows;
    const uint64_t *record; /* [n_rows] record number in the file, header = 1 */
    /* [n_columns of the table], schema order; NULL = the mapping does not give this column (all missing).
       CODE, ID, TEXT, KEY: const struct sh_str (UTF-8; len 0 = missing; KEY: the source id, hashed by the
       landing). MONEY, PRICE, QTY, TIME: const int64_t (SH_MISSING). DATE, INT, RATIO: const int32_t. FLAG,
       LEVEL: const int8_t. Bookkeeping columns other than `void`, and reader-made columns, are NULL. */
    const void *const *columns;
    /* Attributes of dictionary entries, [SH_DICTS] each: display name and kind, NULL where the mapping gives
       none. From output columns institution_name, institution_kind, department_name, practitioner_name,
       item_name, item_kind, diagnosis_name, operation_name; they belong to the table's column of that domain
       that comes first. */
    const struct sh_str *names[SH_DICTS], *kinds[SH_DICTS];
};

struct sh_landing;

/** Hand over a block. Called from worker `worker` (0..threads-1) of any thread. */
SH_MUST sh_code sh_landing_push(struct sh_landing *landing, unsigned worker, const struct sh_parsed *rows,
                                struct sh_err *err);

/* A row that could not be read. */
struct sh_reject {
    enum sh_table table;
    uint32_t file;
    uint64_t record;     /* header = 1 */
    const char *field;   /* source column, "" for the record as a whole */
    const char *reason;  /* catalogue id of a message: "decimal.excess", "date.impossible", "utf8.invalid",
                            "record.fields" ... */
    struct sh_str value; /* offending value, cut at 200 bytes */
    struct sh_str record_text; /* the record as read, cut at 4,000 bytes */
    struct sh_str encounter;   /* encounter id if it could be read, so that completeness of the encounter is
                                  known to be lost */
    int64_t fen;               /* the table's main amount if it could be read, else SH_MISSING */
};
SH_MUST sh_code sh_landing_reject(struct sh_landing *landing, unsigned worker, const struct sh_reject *reject,
                                  struct sh_err *err);

/* The table's main amount, for conservation of fen: line charged_amount, settlement total; others have none
 * (-1). */
int sh_main_amount_column(enum sh_table table);

/**
 * Run the front end over all files. Every record is pushed or rejected exactly once for each `-- table:`
 * block of the mapping that concerns it; a record that cannot even be split is rejected once for each block
 * without `when`. options->threads must be the number of workers the landing was made for; 0: all processors.
 * ret  adds to tables[].read and read_fen (the front end's own count, to be held against the landing's) and
 * to stages: read, split, map, type, push, in seconds of work summed over the workers. Errors: SH_E_NOTFOUND
 * no such mapping; SH_E_INPUT a wrong mapping ("path:line: ..."), a file that is none of its sources, lacks a
 * required column or is a damaged gzip; SH_E_UNSUPPORTED UTF-16, Excel, ZIP; SH_E_IO, SH_E_NOMEM; those of
 * the landing. All headers are looked at before the first row is pushed; the error is the first in reading
 * order, whatever the number of threads.
 */
SH_MUST sh_code sh_frontend_run(const struct sh_import_options *options, struct sh_landing *landing,
                                struct sh_import_result *ret, struct sh_err *err);
