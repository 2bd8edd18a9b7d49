/* The reader from inside. Inner header of the room. */
#pragma once
#include "lake/opened.h"
#include "lake/pq_scan.h"

/* Rows of one table in the files of one batch, bucket after bucket. */
struct sh_stream {
    struct sh_pq_scan scan;
    bool is_open;           /* there are rows */
    size_t all;             /* rows of the batch of the scan */
    size_t n, at;           /* rows [at, n) of it are left of the bucket */
    uint32_t bucket;        /* of these rows; those of the reader's bucket are at hand, others wait */
    const int32_t *buckets; /* [all]; NULL: the reader has but one bucket, and the files no other */
    const int32_t *lead;    /* [all] */
    uint8_t *drop;          /* [all] rows that are not there for this reader; NULL: none in these files */
    int64_t *time;          /* [all] only when streams are merged */
    struct sh_str *id;      /* likewise; the head where files have ids in parts */
    int64_t *tail;          /* likewise */
    bool drops_batches;     /* some batch of the file is not known yet */
};

/* One table of the reader. */
struct sh_side {
    enum sh_table table;
    uint64_t selected, read, copied;       /* columns asked for; read from the files; with arrays here */
    uint8_t position[SH_LAKE_COLUMNS_MAX]; /* of a column in the query */
    bool shows_ids;                        /* the caller asks for ids in parts */
    bool splits;                           /* they are read, at these places of the query: */
    uint8_t head_position, tail_position;
    bool is_late; /* values go straight into the arrays here: one stream, no rows are dropped */
    struct sh_stream *streams;
    size_t n_streams;
    bool merges;
    size_t expected;                      /* rows of a chunk, about: room is made for them at once */
    bool has_superseded;                  /* in one of the reader's buckets */
    size_t n, cap;                        /* rows of the chunk */
    void *columns[SH_LAKE_COLUMNS_MAX];   /* [cap] */
    const void *out[SH_LAKE_COLUMNS_MAX]; /* what the caller sees */
    struct sh_str *heads;                 /* [cap] when `splits` */
    int64_t *tails;
    struct sh_arena texts; /* of the chunk; rows behind one another share them */
    uint32_t *person_begin;
};

struct sh_reader {
    struct sh_lake *lake;
    struct sh_bucket_range buckets;
    uint32_t bucket, max_rows; /* the one that is read now */
    int32_t as_known;
    struct sh_side sides[SH_TABLES];
    struct sh_netting_rows netting_rows; /* of all buckets */
    struct sh_netting_set nettings;      /* of the present one */
    bool nets;        /* virtual columns of line are asked for, and the buckets have nettings */
    int virtual_from; /* column "quantity" of line */
    int32_t *persons;
    size_t n_persons, cap_persons;
    size_t cap_begin;
    struct sh_chunk chunk;
};

/** Open the streams of a side; mark what is needed besides the selected columns. */
SH_MUST sh_code sh_side_open(struct sh_reader *reader, struct sh_side *side, struct sh_err *err);
void sh_side_close(struct sh_side *side);
/** Give up the previous chunk's rows. */
void sh_side_clear(struct sh_side *side);
/** Append rows of leads <= *last. With limit > 0, stop after the lead at which that many rows are there;
 * *last becomes it. */
SH_MUST sh_code sh_side_pull(struct sh_reader *reader, struct sh_side *side, size_t limit, int32_t *last,
                             struct sh_err *err);
/** Are there rows left of the reader's present bucket? */
bool sh_side_more(const struct sh_reader *reader, const struct sh_side *side);
/** Fill the reader-made columns of line. */
SH_MUST sh_code sh_reader_net(struct sh_reader *reader, struct sh_err *err);
