/* Inner header: findings on their way to disk. A record is one finding with its row and receipt; runs of
 * sorted records are merged. */
#pragma once
#include "audit/audit.h"
#include "base/fs.h"

enum sh_cell {
    SH_CELL_ID,
    SH_CELL_RULE,
    SH_CELL_NUMBER,
    SH_CELL_NAME,
    SH_CELL_LEVEL,
    SH_CELL_POINT,
    SH_CELL_INSTITUTION,
    SH_CELL_INSTITUTION_NAME,
    SH_CELL_PERSON,
    SH_CELL_ENCOUNTER,
    SH_CELL_DAY,
    SH_CELL_LINES,
    SH_CELL_AMOUNT,
    SH_CELL_COUNTED,
    SH_CELL_FUND,
    SH_CELL_SAY,
    SH_CELL_BASIS,
    SH_CELL_RECEIPT,
    SH_CELLS
};
extern const char *const sh_cell_names[SH_CELLS];

struct sh_record {
    uint16_t rule;
    uint32_t bucket;
    uint8_t id[16];
    struct sh_str key, receipt;
    struct sh_str cells[SH_CELLS];
};

/** Add a record to a buffer; its offset there is where it begins. */
SH_MUST sh_code sh_spool_record_put(struct sh_buf *out, const struct sh_record *record, struct sh_err *err);
/** Decode a record at `at`; views into it. ret_len: its bytes. Errors: SH_E_CORRUPT. */
SH_MUST sh_code sh_spool_record_get(struct sh_str at, struct sh_record *ret, size_t *ret_len,
                                    struct sh_err *err);
/** Order of findings: rule, key (bytes), id. */
int sh_record_compare(const struct sh_record *a, const struct sh_record *b);

/* Where a record begins, and what it is ordered by. */
struct sh_spool_entry {
    size_t offset;
    uint32_t key_len;
    uint16_t rule;
};

/* Sorted runs: the last one in memory, those before it in a file made when the first of them is cut. One
 * writer.
 */
struct sh_spool {
    struct sh_out_file out; /* closed: nothing was cut yet */
    char path[4096];
    uint64_t bytes;
    struct sh_buf records; /* of the run under way */
    struct sh_spool_entry *entries;
    size_t n, cap;
};
/** Nothing is written before the first cut. Errors: SH_E_LIMIT path. */
SH_MUST sh_code sh_spool_open(struct sh_spool *spool, const char *path, struct sh_err *err);
/** Close and free; the file stays. */
void sh_spool_release(struct sh_spool *spool);

/* Where a run lies: in a file, or in the memory of a spool. */
struct sh_spool_run {
    char path[4096];
    uint64_t offset, bytes;
    const struct sh_spool *held; /* NULL: in the file */
};
struct sh_spool_runs {
    struct sh_spool_run *at;
    size_t n, cap;
};
SH_MUST sh_code sh_spool_add(struct sh_spool *spool, const struct sh_record *record, struct sh_err *err);
/** Sort what was added and write it as a run; nothing when there is nothing. */
SH_MUST sh_code sh_spool_cut(struct sh_spool *spool, struct sh_spool_runs *runs, struct sh_err *err);
/** Sort what was added and let it stand as a run where it is; it holds until the spool is added to or
 * released.
 */
SH_MUST sh_code sh_spool_hold(struct sh_spool *spool, struct sh_spool_runs *runs, struct sh_err *err);

/** Hand every record of all runs to `take`, in order. Equal records (same rule, key, id) are refused:
 * SH_E_CONFLICT. */
SH_MUST sh_code sh_spool_merge(const struct sh_spool_runs *runs,
                               sh_code (*take)(void *ctx, const struct sh_record *record, struct sh_err *err),
                               void *ctx, struct sh_err *err);
