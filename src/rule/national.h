/* Inner header of the room: points of the national publications while they are imported. */
#pragma once
#include "base/csv.h"
#include "rule/rule.h"

enum sh_national_class {
    SH_NATIONAL_INJURY,
    SH_NATIONAL_MATERNITY,
    SH_NATIONAL_HERB_UNPAID,
    SH_NATIONAL_HERB_SINGLE,
    SH_NATIONAL_SECOND_LINE,
    SH_NATIONAL_DRUG_AGE,
    SH_NATIONAL_INDICATION,
    SH_NATIONAL_DRUG_COURSE,
    SH_NATIONAL_LEVEL,
    SH_NATIONAL_VISIT,
    SH_NATIONAL_SURGERY,
    SH_NATIONAL_SERVICE_COURSE,
    SH_NATIONAL_PAIR,
    SH_NATIONAL_FREQUENCY,
    SH_NATIONAL_SERVICE_AGE,
    SH_NATIONAL_PERIOD,
    SH_NATIONAL_INTERNET,
    SH_NATIONAL_DRUG_CHILD,
    SH_NATIONAL_DRUG_SEX,
    SH_NATIONAL_SERVICE_CHILD,
    SH_NATIONAL_SERVICE_SEX,
    SH_NATIONAL_CLASSES,
};

enum { SH_LIMIT_CELLS = 3, SH_LIMIT_ROWS = 4 };

/* What a point says, as cells of our table; several rows are alternatives. */
struct sh_limit {
    struct sh_str cells[SH_LIMIT_ROWS][SH_LIMIT_CELLS];
    size_t n_rows;
    const char *level;  /* "certain" or "suspected" */
    const char *reason; /* not NULL: cannot become a limit, and why */
};

struct sh_national_point {
    enum sh_national_class class;
    struct sh_str id, name, text;
    struct sh_str batch;
    int32_t published;
    struct sh_str cell, cell2; /* limit and unit of the batch tables; empty: none seen */
    struct sh_str supersedes;
    int32_t superseded_by; /* number of a point, -1 */
    int32_t inherits;      /* number of the point it supersedes, -1 */
    uint32_t *codes;       /* [n_codes] numbers of texts, distinct, in order of appearance */
    size_t n_codes, cap_codes;
    bool is_repealed; /* possibly */
    struct sh_limit limit;
};

/* A class: its name in the publications, our table, its header lines and the names of its limit columns. */
struct sh_national_table {
    const char *class_name, *table, *header;
    const char *columns[SH_LIMIT_CELLS];
};
extern const struct sh_national_table sh_national_tables[SH_NATIONAL_CLASSES];

/**
 * Read what a point says from its cell and its text. inherited: cell of the point it supersedes, may be
 * empty. Where they disagree, or nothing can be read for sure, limit.reason says so. Never guesses.
 */
SH_MUST sh_code sh_national_limit(struct sh_national_point *point, struct sh_str inherited,
                                  struct sh_arena *arena, struct sh_err *err);
