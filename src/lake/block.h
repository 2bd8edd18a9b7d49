/* One block of records to typed rows: decode, split, map, type, push. One sh_intake a worker. Inner header of
 * the room. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "lake/eval.h"
#include "lake/intake.h"
#include "lake/mapping.h"
#include "lake/records.h"

enum sh_intake_stage {
    SH_STAGE_READ,   /* reading and unpacking */
    SH_STAGE_FIND,   /* ends of records */
    SH_STAGE_DECODE, /* encoding checked, GB18030 turned into UTF-8 */
    SH_STAGE_SPLIT,
    SH_STAGE_MAP, /* expressions */
    SH_STAGE_TYPE,
    SH_STAGE_PUSH, /* the landing */
    SH_INTAKE_STAGES
};

/* A file whose header has been read. */
struct sh_intake_file {
    uint32_t number; /* in the import's list */
    const struct sh_map_source *source;
    size_t source_number;        /* in the mapping */
    const int32_t *at;           /* [source->n_columns] position in the header or -1 */
    const struct sh_str *header; /* [n_header] */
    size_t n_header;
    struct sh_form form;
};

/* What a worker keeps from block to block. Zero-init, set the first group, sh_intake_release at the end. */
struct sh_intake {
    unsigned worker;
    const struct sh_mapping *mapping;
    const struct sh_gb18030 *gb;
    struct sh_landing *landing;
    struct sh_eval *eval;

    uint64_t read[SH_TABLES];     /* rows seen, pushed or rejected */
    int64_t read_fen[SH_TABLES];  /* their main amounts, where they could be read */
    int64_t ns[SH_INTAKE_STAGES]; /* time spent */

    struct sh_arena arena; /* of the block under way */
    struct sh_block block;
    struct sh_buf decoded; /* GB18030: the block in UTF-8 */
    struct sh_bits decoded_bits;
    const char *bytes; /* decoded or as read */
    const struct sh_bits *bits;
    struct sh_field *fields; /* [header] of the record under way */
    size_t cap_fields;
    struct sh_str *texts; /* [columns of the source × n_rows_max] */
    size_t cap_texts, stride;
    uint32_t *spans; /* [n_rows] span of a row */
    size_t cap_spans;
    uint32_t n_rows; /* records that could be split */
};
void sh_intake_release(struct sh_intake *intake);

/**
 * Take intake->block, which is of `file`. Every record is pushed or rejected exactly once a `-- table:` block
 * of the source that concerns it; a record that cannot be split is rejected once for each block without
 * `when`. Errors: those of the landing and of DuckDB; SH_E_OVERFLOW the sum of amounts; SH_E_NOMEM. Bad data
 * is never an error.
 */
SH_MUST sh_code sh_intake_block(struct sh_intake *intake, const struct sh_intake_file *file,
                                struct sh_err *err);
