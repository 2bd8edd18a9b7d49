/* Inner header of the room: what a province, city or county lays over the nation's rules and knowledge. */
#pragma once
#include "rule/build.h"

#define SH_LAYERS_MAX 3 /* province, city, county */

/* The folders RULES/local/CODE that hold for a place, from wide to narrow; those without a folder are left
 * out. */
struct sh_layer {
    struct sh_str code; /* of six digits */
    const char *dir;
};
struct sh_layers {
    struct sh_layer at[SH_LAYERS_MAX];
    size_t n;
};
SH_MUST sh_code sh_layers_find(const char *rules_dir, struct sh_str place, struct sh_arena *arena,
                               struct sh_layers *ret, struct sh_err *err);

/* Where each line of a text put together came from. */
struct sh_line_origin {
    const char *file;
    uint32_t line;
};
/* A rule's text with what layers say laid over it, as one text that stands for itself. */
struct sh_laid {
    struct sh_str text;
    struct sh_line_origin *origins; /* [n_lines] */
    size_t n_lines;
    struct sh_str layer; /* the narrowest that says something; empty: none */
    bool is_off;
};
/**
 * Lay an overlay (`overlay: RULE`, a basis, and keys that take the place of the rule's) over a text that
 * begins as one file. Its basis is added to the rule's; `switch: off` ends the rule there. io  the rule so
 * far. Errors: SH_E_INPUT at file:line:column; SH_E_NOMEM.
 */
SH_MUST sh_code sh_layer_begin(const char *file, struct sh_str text, struct sh_arena *arena,
                               struct sh_laid *ret, struct sh_err *err);
SH_MUST sh_code sh_layer_lay(struct sh_laid *io, const struct sh_layer *layer, const char *file,
                             struct sh_str text, struct sh_arena *arena, struct sh_err *err);
/** Say of every node of a tree read from such a text where its words stand. */
void sh_layer_places(const struct sh_yaml *root, const struct sh_laid *laid);

/* A table that has been read and is not settled yet, and what its rows are read with. */
struct sh_open_table {
    const struct sh_rules_options *options;
    struct sh_rule_model *m;
    struct sh_arena *arena;
    struct sh_reporter *reporter;
    struct sh_knowledge *k;
    struct sh_table_text *text;
};
/** Lay the rows of a layer's file DIR/knowledge/TABLE.csv over a table; faults of rows go to the reporter. */
SH_MUST sh_code sh_knowledge_overlay(const char *path, struct sh_str layer, const struct sh_open_table *to,
                                     struct sh_err *err);
