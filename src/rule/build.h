/* Inner header of the room: one rule while it is read from its text. */
#pragma once
#include "base/yaml.h"
#include "rule/knowledge.h"
#include "rule/rule.h"

struct sh_build {
    struct sh_rules *rules; /* model, knowledge, params, place */
    struct sh_arena *arena;
    struct sh_reporter *reporter;
    const struct sh_yaml *root;
    struct sh_rule *rule;
    struct sh_rule_view *view; /* the view being read; NULL: a rule */
    struct sh_err *err;
    const struct sh_param *changing; /* a parameter read whose value changes while the rule is in force */
};

/** Note a fault of the text and go on; pass on anything else. */
SH_MUST sh_code sh_build_note(struct sh_build *b, sh_code code);
/** "unknown word 'x' for KEY, did you mean …" at a node. */
sh_code sh_build_unknown(struct sh_build *b, const struct sh_yaml *node, const char *what, struct sh_str word,
                         const char *const *known, size_t n);

enum sh_build_context {
    SH_BUILD_ROW,
    SH_BUILD_MEMBER,
    SH_BUILD_OWN
}; /* MEMBER: of a group; OWN: of the rule's shape */
/** Compile text that begins at byte `offset` of a node. */
SH_MUST sh_code sh_build_expr(struct sh_build *b, const struct sh_yaml *node, size_t offset,
                              struct sh_str text, enum sh_build_context kind, struct sh_expr **ret);
/** The same for a whole node, which must be a condition. */
SH_MUST sh_code sh_build_condition(struct sh_build *b, const struct sh_yaml *node, enum sh_build_context kind,
                                   struct sh_expr **ret);
SH_MUST sh_code sh_build_template(struct sh_build *b, const struct sh_yaml *node, struct sh_template **ret);
/** Number of a table that a rule may be about, by name; SH_E_INPUT at the node when there is none. */
SH_MUST sh_code sh_build_table(struct sh_build *b, const struct sh_yaml *node, struct sh_str word,
                               uint16_t *ret);
/** A variable, with its slot. */
SH_MUST sh_code sh_build_variable(struct sh_build *b, const struct sh_yaml *node, struct sh_str name,
                                  uint16_t table, bool bare, uint16_t *ret_slot);

/* The parts, in the order in which they build on each other. */
SH_MUST sh_code sh_build_head(struct sh_build *b);
SH_MUST sh_code sh_build_shape(struct sh_build *b); /* each, of, pair: subject and slots */
SH_MUST sh_code sh_build_uses(struct sh_build *b);  /* knowledge slots and their key conditions */
SH_MUST sh_code sh_build_with(struct sh_build *b);
SH_MUST sh_code sh_build_keys(struct sh_build *b);       /* group keys, window, in, within */
SH_MUST sh_code sh_build_conditions(struct sh_build *b); /* where, unless, doubt, hit, amount, blame, say */
SH_MUST sh_code sh_build_cases(struct sh_build *b);
/** Keys of a list, said of the rule's members (and of those of a second table). */
SH_MUST sh_code sh_build_key_list(struct sh_build *b, const struct sh_yaml *list);
/** Statistics: `each` and the row of table stat; `of` and `peers`; `value`, `bound` and the hit they make. */
SH_MUST sh_code sh_build_stat_shape(struct sh_build *b);
SH_MUST sh_code sh_build_stat_keys(struct sh_build *b);
SH_MUST sh_code sh_build_stat_value(struct sh_build *b);
/** How far the rule reaches, and the aggregates that are put together; the last part of a rule. */
SH_MUST sh_code sh_build_reach(struct sh_build *b);
/** Read one rule; faults of the text go to the reporter. file: for messages, copied. */
SH_MUST sh_code sh_rule_build(struct sh_str text, const char *file, struct sh_rules *rules,
                              struct sh_arena *arena, struct sh_reporter *reporter, struct sh_rule **ret,
                              struct sh_err *err);
/** The same for a text that layers made; its faults are named where the layers say them. */
struct sh_laid;
SH_MUST sh_code sh_rule_build_laid(const struct sh_laid *laid, const char *file, struct sh_rules *rules,
                                   struct sh_arena *arena, struct sh_reporter *reporter, struct sh_rule **ret,
                                   struct sh_err *err);
/** The stages written must not come before the columns read are known. */
SH_MUST sh_code sh_build_stages(struct sh_build *b);

/** How a column of a type lies in memory. */
enum sh_storage sh_storage_of(struct sh_type type);
/** A file as the options say it: its own text, or what stands in its place. */
SH_MUST sh_code sh_rules_read_file(const struct sh_rules_options *options, const char *path, size_t max,
                                   struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);
/** Mutants that say the same, with the reason: key `equivalent`. */
SH_MUST sh_code sh_build_equivalents(struct sh_build *b);
/** Files of the views below the rules' folder, by name. */
SH_MUST sh_code sh_views_list(const struct sh_rules_options *options, struct sh_arena *arena,
                              const char *const **ret, size_t *ret_n, struct sh_err *err);
/** Read views; each becomes a table of the model. Faults of the texts go to the reporter. */
SH_MUST sh_code sh_views_load(const struct sh_rules_options *options, const char *const *paths, size_t n,
                              struct sh_rules *rules, struct sh_arena *arena, struct sh_reporter *reporter,
                              struct sh_err *err);
