/* Inner header: what a run leaves behind. */
#pragma once
#include "audit/spool.h"

/* Files of a kept run, below LAKE/audits/RUN. */
#define SH_RUN_FILE "run.json"
#define SH_RUN_RECEIPTS "receipts.jsonl"
#define SH_RUN_INDEX "receipts.idx"
#define SH_RUN_CSV "findings.csv"
#define SH_RUN_PARQUET "findings.parquet"
#define SH_RUN_RECORDS "findings.run" /* only of a slice */
#define SH_RUN_ROWS "rows2.run"       /* only of a slice: rows that must meet those of others */

struct sh_index_entry {
    uint8_t id[16];
    uint64_t offset;
    uint32_t bytes, bucket;
};

struct sh_outputs {
    const char *dir;   /* of the run */
    const char *out;   /* one more file of the findings: .csv, .json or .parquet; NULL: none */
    bool keep_records; /* also findings.run, for a later merge */
    const struct sh_spool_runs *runs;
    size_t threads;
};
/** Merge runs into the files of the run folder. */
SH_MUST sh_code sh_outputs_write(const struct sh_outputs *outputs, uint64_t *ret_findings,
                                 struct sh_err *err);
/** Is the name one of the three forms? Errors: SH_E_INPUT. */
SH_MUST sh_code sh_output_check(const char *out, struct sh_err *err);

/* run.json */
struct sh_run_file {
    struct sh_run_summary summary;
    char inputs[65]; /* SHA-256 of everything that decides the findings but the buckets */
    const char *place;
    int32_t as_of, known;
    unsigned stage;
    struct sh_run_texts texts;
};
SH_MUST sh_code sh_run_file_write(const char *dir, const struct sh_run_file *run, struct sh_err *err);
SH_MUST sh_code sh_run_file_read(const char *dir, struct sh_arena *arena, struct sh_run_file *ret,
                                 struct sh_err *err);
