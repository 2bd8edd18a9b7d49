/* Inner header: one case of a rule run through the engine. */
#pragma once
#include "audit/memlake.h"
#include <stdio.h>

/**
 * Run a case against the rule that `text` says (the file as written, or a mutant of it), alone on a small
 * lake. rules   loaded for the place of the case; not changed. out   what disagrees, as file:line: text; may
 * be NULL. Errors: SH_E_INPUT the text does not compile or the case cannot be run; SH_E_NOMEM.
 */
SH_MUST sh_code sh_case_run(const struct sh_rules *rules, const struct sh_rule *rule, struct sh_str text,
                            const struct sh_rule_case *c, FILE *out, bool *ret_failed, struct sh_err *err);

/* Rules as the places named by the cases have them, each loaded once. */
struct sh_case_places {
    struct sh_rules *rules[64]; /* [n] */
    const char *place[64];
    size_t n;
};
/** Load the nation first, then every place a case names. Errors: those of loading; SH_E_LIMIT over 64. */
SH_MUST sh_code sh_case_places_load(const struct sh_rules_options *options, struct sh_arena *arena, FILE *out,
                                    struct sh_case_places *ret, struct sh_err *err);
/** Number of the place of a case. */
size_t sh_case_place(const struct sh_case_places *places, const struct sh_rule_case *c);
/** Whether some dated fact of the case lies in the rule's validity; true for a case without dates. */
bool sh_case_in_force(const struct sh_rule *rule, const struct sh_rule_case *c);
