/* Inner header of the room: reading knowledge tables. */
#pragma once
#include "base/csv.h"
#include "rule/names.h"
#include "rule/rule.h"

/* Where errors of many files go; never stops at the first. */
struct sh_reporter {
    FILE *out;                   /* may be NULL */
    size_t n_errors, n_forgiven; /* forgiven: of what `keep_going` leaves out */
    char first[SH_ERR_MESSAGE_MAX];
};
/** Note an error and go on. SH_E_INPUT and SH_E_OVERFLOW are the text's fault and give SH_OK; any other code
 * comes back. */
SH_MUST sh_code sh_reporter_note(struct sh_reporter *reporter, sh_code code, struct sh_err *err);
/** Say what `code`, SH_E_INPUT, tells of a text that stands all the same. */
void sh_reporter_warn(struct sh_reporter *reporter, sh_code code, const struct sh_err *err);

/* Numbers of the standard columns in a table's columns, -1 where it has none. */
enum sh_standard {
    SH_STD_POINT,
    SH_STD_FROM,
    SH_STD_TO,
    SH_STD_KNOWN,
    SH_STD_LEVEL,
    SH_STD_LAYER,
    SH_STD_SOURCE,
    SH_STD_SUPERSEDES,
    SH_STD_NAME,
    SH_STD_NOTE,
    SH_STD_COLUMNS
};

/* A table while it is read: the file, its header, and rows before validity is settled. */
struct sh_table_text {
    struct sh_csv csv;
    int standard[SH_STD_COLUMNS];
    struct sh_names points; /* numbered as sh_knowledge.points */
    bool is_read;           /* header and rows stand; cells may be at fault */
    bool *is_off;           /* [n_rows of the csv] level "off": the layer switches the point off */
};

/* A cell as a value, codes still words. */
struct sh_cell {
    bool is_missing;
    int64_t value;         /* number, date, level, scope, flag */
    struct sh_range range; /* RANGE */
};
/**
 * Read a cell of a column. CODE, SET and TEXT only look whether it is there.
 * ret_why  what is wrong with it, set with SH_E_INPUT.
 */
SH_MUST sh_code sh_cell_read(const struct sh_rule_model *m, const struct sh_knowledge_column *column,
                             struct sh_str text, struct sh_cell *ret, const char **ret_why);
/** Type of a column from the words of a `#! type` line. False: no such type. */
bool sh_cell_type(const struct sh_rule_model *m, struct sh_str words, struct sh_type *ret, bool *ret_under);
/** Scope of a word of a cell or a `within:`; SH_SCOPE_NONE if it is none. */
enum sh_expr_scope sh_scope_of(struct sh_str word);

/** Read one table and check all of it; errors of cells go to the reporter. Rows stand as written, validity
 * not settled. */
SH_MUST sh_code sh_knowledge_read(const char *path, struct sh_rule_model *m, struct sh_arena *arena,
                                  struct sh_reporter *reporter, struct sh_knowledge *ret,
                                  struct sh_table_text *ret_text, struct sh_err *err);
/** Settle supersession, the known day and the layers: rows become those in force at `place`, known up to
 * `known_as_of`. */
SH_MUST sh_code sh_knowledge_settle(struct sh_knowledge *k, const struct sh_table_text *text,
                                    struct sh_str place, int32_t known_as_of, struct sh_arena *arena,
                                    struct sh_reporter *reporter, struct sh_err *err);
/** Make the table known to the model under its name. */
SH_MUST sh_code sh_knowledge_join_model(struct sh_knowledge *k, struct sh_rule_model *m,
                                        struct sh_arena *arena, struct sh_err *err);
