/* Inner header: rows and partial sums on their way to where they meet. Records are sorted by (rule, key,
 * order) and written in runs; runs of all threads and slices are merged. */
#pragma once
#include "audit/inner.h"
#include "base/fs.h"

/* sort: two bytes of the rule (high first), eight of a hash of the key, the key, a zero, then what orders
 * rows of one key. All compare as bytes. */
struct sh_xrecord {
    struct sh_str sort, payload;
    size_t key_len; /* of sort: rule, hash and key, the zero included */
};

struct sh_xrun {
    char path[4096];
    uint64_t offset, bytes;
};
struct sh_xruns {
    struct sh_xrun *at;
    size_t n, cap;
};

/* Where a record lies; prefix: the first eight bytes of its sort, high first. */
struct sh_xplace {
    uint64_t prefix;
    size_t offset;
};

/* What one worker has to send. Without a file everything stays in memory. */
struct sh_exchange {
    struct sh_out_file out; /* closed: all stays in memory */
    char path[4096];
    uint64_t bytes;
    struct sh_buf records;
    struct sh_xplace *places; /* [n] in the order they came, then sorted */
    size_t n, cap;
    struct sh_xruns runs;
    const struct sh_plan *plan; /* how parts of one key are put together */
};
/** path: where full runs go; NULL keeps all in memory. */
SH_MUST sh_code sh_exchange_open(struct sh_exchange *x, const struct sh_plan *plan, const char *path,
                                 struct sh_err *err);
void sh_exchange_release(struct sh_exchange *x);
SH_MUST sh_code sh_exchange_add(struct sh_exchange *x, const struct sh_xrecord *record, struct sh_err *err);
/** Sort what is in memory, put parts of one key together, and write it as a run (with a file). */
SH_MUST sh_code sh_exchange_cut(struct sh_exchange *x, struct sh_err *err);
/** Hand all records to `take` in order: those of runs, and those `own` still has in memory (may be NULL). */
SH_MUST sh_code sh_exchange_merge(const struct sh_plan *plan, const struct sh_xruns *runs,
                                  struct sh_exchange *own,
                                  sh_code (*take)(void *ctx, const struct sh_xrecord *record,
                                                  struct sh_err *err),
                                  void *ctx, struct sh_err *err);
/** Merge runs into one file, parts put together. */
SH_MUST sh_code sh_exchange_write(const struct sh_plan *plan, const struct sh_xruns *runs, const char *path,
                                  struct sh_err *err);
void sh_xruns_release(struct sh_xruns *runs);
SH_MUST sh_code sh_xruns_add(struct sh_xruns *runs, const char *path, uint64_t offset, uint64_t bytes,
                             struct sh_err *err);

/* ---- what a record carries ---------------------------------------------------------------------- */

/* Numbers of a record beside the rows it carries. */
struct sh_xhead {
    int32_t k, institution, day, first_day, last_day, chunk_row;
    int32_t side; /* 1: of the second table, which carries no row */
    int32_t n_partials;
    int64_t members, left_out, encounters;
};
/** Put the parts of `more` to those of `io` (payloads of one key; the first in order keeps its row). */
SH_MUST sh_code sh_xpayload_join(const struct sh_plan *plan, uint16_t rule, struct sh_buf *io,
                                 struct sh_str more, struct sh_err *err);
