/*
 * Mapping files: how a foreign source's columns become ours. mappings/NAME.sql, described in
 * docs/mappings.md. Installed with the program, never taken from a user. Inner header of the room.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "lake/encoding.h"
#include "lake/records.h"
#include "lake/schema.h"

enum { SH_MAP_COLUMNS_MAX = 8 };

enum sh_map_kind {
    SH_MAP_COLUMN,   /* a source column as it stands */
    SH_MAP_CONSTANT, /* a text, may be empty */
    SH_MAP_FIRST,    /* coalesce(column, column …): the first that is not empty; done without DuckDB */
    SH_MAP_PICK, /* CASE WHEN condition THEN column [ELSE column] END: only the condition goes to DuckDB */
    SH_MAP_EXPRESSION, /* SQL over the source's columns, evaluated by DuckDB once a distinct input */
};

/* One output of a SELECT: `what AS name`. */
struct sh_map_output {
    struct sh_str name;
    enum sh_map_kind kind;
    uint16_t
        columns[SH_MAP_COLUMNS_MAX]; /* COLUMN, FIRST, PICK (then, else): numbers in sh_map_source.columns */
    uint16_t n_columns;
    uint16_t group, in_group; /* PICK, EXPRESSION: which group, which result of it */
    struct sh_str text; /* CONSTANT: the text; PICK: the condition as SQL giving '1'; EXPRESSION: the SQL */
    int target;         /* column of the lake's table, -1: an attribute of a dictionary entry */
    enum sh_dict attribute_of; /* target -1: display name or kind of this dictionary's entries */
    bool is_kind;
    bool empty_zero; /* flag which the source is known to fill */
    uint32_t line;   /* in the mapping file */
};

/* One `-- table:` block. */
struct sh_map_select {
    enum sh_table table;
    int when_column; /* a row only where this source column is not empty; -1: always */
    const struct sh_map_output *outputs;
    uint16_t n_outputs;
    uint32_t line;
};

/* Expressions over the same columns: looked up together. */
struct sh_map_group {
    const uint16_t *columns; /* [n_columns] of the source; none: an expression of constants */
    uint16_t n_columns;
    const struct sh_map_output *const *outputs; /* [n_outputs] */
    uint16_t n_outputs;
};

struct sh_map_column {
    struct sh_str name;  /* as written; compared without ASCII case */
    bool is_recognising; /* must be there for the file to be this source */
    bool is_required;    /* must be there, else the file is refused */
};

/* One kind of file. */
struct sh_map_source {
    struct sh_str name, title;
    const struct sh_map_column *columns; /* [n_columns] every column named anywhere in the source's blocks */
    uint16_t n_columns;
    const struct sh_map_select *selects;
    uint16_t n_selects;
    const struct sh_map_group *groups;
    uint16_t n_groups;
};

struct sh_mapping {
    struct sh_str name, title;
    const char *path; /* for messages */
    struct sh_form form;
    enum sh_encoding encoding;
    const struct sh_str *empty_words; /* [n] texts that mean empty: NULL, \N */
    size_t n_empty_words;
    const struct sh_map_source *sources;
    size_t n_sources;
};

/**
 * Read a mapping from its text. path is for messages.
 * Errors: SH_E_INPUT "path:line: …" with what is wrong and what was probably meant; SH_E_LIMIT; SH_E_NOMEM.
 */
SH_MUST sh_code sh_mapping_parse(const char *path, struct sh_str text, struct sh_arena *arena,
                                 const struct sh_mapping **ret, struct sh_err *err);
/** mappings_dir/name.sql. Errors: also SH_E_NOTFOUND, naming the mappings there are. */
SH_MUST sh_code sh_mapping_load(const char *mappings_dir, const char *name, struct sh_arena *arena,
                                const struct sh_mapping **ret, struct sh_err *err);
/**
 * Which source a file is, by its header; where several fit, the one with the most recognising columns.
 * header    [n] trimmed.
 * ret_at    [source->n_columns] position of each column in the header or -1, in `arena`.
 * Errors: SH_E_INPUT naming the file: no source fits (with the nearest and what it lacks), two fit equally, a
 * required column is missing, a column the mapping uses stands twice.
 */
SH_MUST sh_code sh_mapping_recognise(const struct sh_mapping *mapping, const char *file,
                                     const struct sh_str *header, size_t n, struct sh_arena *arena,
                                     const struct sh_map_source **ret, const int32_t **ret_at,
                                     struct sh_err *err);
