/* Inner header: mutants, and the cases that may notice them. */
#pragma once
#include "audit/cases.h"

enum sh_fate { SH_FATE_KILLED, SH_FATE_SURVIVED, SH_FATE_STILLBORN };

/* The mutants of one text while they are counted. */
struct sh_mutation {
    struct sh_str file; /* for messages */
    const struct sh_rule_reason *equivalents;
    size_t n_equivalents;
    bool *used; /* [n_equivalents] */
    FILE *out;  /* may be NULL */
    struct sh_rules_mutation_result one;
};
/** rule: whose excuses count; NULL: none may be excused. */
SH_MUST sh_code sh_mutation_begin(struct sh_mutation *m, struct sh_str file, const struct sh_rule *rule,
                                  FILE *out, struct sh_arena *arena, struct sh_err *err);
void sh_mutation_count(struct sh_mutation *m, struct sh_str name, enum sh_fate fate);
/** An excuse that no longer applies is told; then a line with the score of `name`, and all added to *io. */
void sh_mutation_end(struct sh_mutation *m, struct sh_str name, bool is_draft,
                     struct sh_rules_mutation_result *io);

/* A case that may notice, of a rule as loaded for the case's place. */
struct sh_witness {
    const struct sh_rule *rule;
    const struct sh_rule_case *c;
};
struct sh_witnesses {
    struct sh_witness *at;
    size_t n, cap;
    size_t likely; /* who noticed last is asked first */
};
void sh_witnesses_release(struct sh_witnesses *w);
SH_MUST sh_code sh_witnesses_add(struct sh_witnesses *w, const struct sh_rule *rule,
                                 const struct sh_rule_case *c, struct sh_err *err);
/** Load everything with `text` in the place of a file, and run the cases until one fails. */
SH_MUST sh_code sh_witnesses_ask(struct sh_witnesses *w, const struct sh_rules_options *options,
                                 const char *file, struct sh_str text, enum sh_fate *ret, struct sh_err *err);
/** Does the text of a rule or view name a table, itself or by way of views? */
bool sh_rule_mentions(const struct sh_rules *rules, struct sh_str text, struct sh_str name);
/** The mutants of a rule against its cases, each counted. is_meant: which of them, by name; NULL: all. */
SH_MUST sh_code sh_mutants_ask(const struct sh_case_places *places, const struct sh_rule *rule,
                               bool (*is_meant)(const void *ctx, struct sh_str mutant), const void *ctx,
                               struct sh_mutation *io, struct sh_err *err);
