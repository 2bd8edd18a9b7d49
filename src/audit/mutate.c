/* Mutation: are the cases of a rule sharp enough to notice when the rule says something else? */
#include "audit/cases.h"
#include <assert.h>
#include <string.h>

struct mutation {
    const struct sh_case_places *places;
    const struct sh_rule *rule;
    struct sh_rules_mutation_result *total;
    FILE *out;
    size_t likely; /* the case that noticed last is asked first */
    struct sh_err *err;
};

enum fate { KILLED, SURVIVED, STILLBORN };

/* Codes that say the text means nothing, as against those of a machine that has had enough. */
static bool is_of_the_text(sh_code code) {
    return code != SH_E_NOMEM && code != SH_E_INTERNAL && code != SH_E_IO;
}

static sh_code fate_of(struct mutation *m, struct sh_str text, enum fate *ret) {
    *ret = SURVIVED;
    for (size_t i = 0; i < m->rule->n_cases; i++) {
        const size_t n = (m->likely + i) % m->rule->n_cases;
        const struct sh_rule_case *c = &m->rule->cases[n];
        bool failed = false;
        const sh_code code = sh_case_run(m->places->rules[sh_case_place(m->places, c)], m->rule, text, c,
                                         NULL, &failed, m->err);
        if (code != SH_OK && !is_of_the_text(code))
            return code;
        if (code != SH_OK) {
            *ret = STILLBORN;
            return SH_OK;
        }
        if (failed) {
            m->likely = n;
            *ret = KILLED;
            return SH_OK;
        }
    }
    return SH_OK;
}

static const struct sh_rule_equivalent *excused(const struct sh_rule *rule, struct sh_str mutant) {
    for (size_t i = 0; i < rule->n_equivalents; i++)
        if (sh_str_eq(rule->equivalents[i].mutant, mutant))
            return &rule->equivalents[i];
    return NULL;
}

static void tell(const struct mutation *m, const char *what, struct sh_str name) {
    if (m->out)
        (void)fprintf(m->out, "%.*s: %s: %.*s\n", SH_ARG(m->rule->file), what, SH_ARG(name));
}

/* A name as equivalent that no longer applies hides nothing, but it must go. */
static void look_for_stale(const struct mutation *m, const bool *used, struct sh_rules_mutation_result *one) {
    for (size_t i = 0; i < m->rule->n_equivalents; i++)
        if (!used[i]) {
            one->stale++;
            tell(m, "not an equivalent mutant (any more)", m->rule->equivalents[i].mutant);
        }
}

static sh_code mutate_rule(struct mutation *m, struct sh_rules_mutation_result *one) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_mutant *mutants = NULL;
    size_t n = 0;
    SH_TRY(sh_rule_mutants(m->rule, m->places->rules[0], &arena, &mutants, &n, m->err));
    bool *used = sh_new(&arena, bool, m->rule->n_equivalents + 1);
    if (!used)
        return sh_fail(m->err, SH_E_NOMEM, "no room for the equivalent mutants");
    for (size_t i = 0; i < n; i++) {
        enum fate fate;
        SH_TRY(fate_of(m, mutants[i].text, &fate));
        if (fate == STILLBORN)
            continue;
        one->mutants++;
        const struct sh_rule_equivalent *excuse = fate == SURVIVED ? excused(m->rule, mutants[i].name) : NULL;
        one->killed += fate == KILLED;
        one->equivalent += excuse != NULL;
        if (excuse)
            used[excuse - m->rule->equivalents] = true;
        if (fate == SURVIVED && !excuse) {
            one->survived++;
            tell(m, "survives", mutants[i].name);
        }
    }
    look_for_stale(m, used, one);
    return SH_OK;
}

/* The cases must hold before anything is changed, or every mutant would seem to be noticed. */
static sh_code cases_hold(const struct mutation *m) {
    for (size_t i = 0; i < m->rule->n_cases; i++) {
        const struct sh_rule_case *c = &m->rule->cases[i];
        bool failed = false;
        SH_TRY(sh_case_run(m->places->rules[sh_case_place(m->places, c)], m->rule, m->rule->text, c, m->out,
                           &failed, m->err));
        if (failed)
            return sh_fail(m->err, SH_E_INPUT, "%.*s:%u: the case fails as it stands; mend it first",
                           SH_ARG(m->rule->file), c->line);
    }
    return SH_OK;
}

sh_code sh_rules_mutate(const struct sh_rules_options *options, FILE *out,
                        struct sh_rules_mutation_result *ret, struct sh_err *err) {
    assert(options && ret);
    struct sh_err own;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_case_places places;
    *ret = (struct sh_rules_mutation_result){0};
    struct mutation m = {.places = &places, .total = ret, .out = out, .err = err ? err : &own};
    SH_TRY(sh_case_places_load(options, &arena, out, &places, m.err));
    for (size_t i = 0; i < places.rules[0]->n_rules; i++) {
        struct sh_rules_mutation_result one = {0};
        m.rule = &places.rules[0]->rules[i];
        m.likely = 0;
        SH_TRY(cases_hold(&m));
        SH_TRY(mutate_rule(&m, &one));
        ret->rules++;
        ret->below += (one.survived > 0 || one.stale > 0) && m.rule->state != SH_STATE_DRAFT;
        ret->mutants += one.mutants, ret->killed += one.killed, ret->equivalent += one.equivalent;
        ret->survived += one.survived, ret->stale += one.stale;
        if (out)
            (void)fprintf(out, "%-24.*s %zu/%zu", SH_ARG(m.rule->id), one.killed,
                          one.mutants - one.equivalent);
        if (out && one.equivalent > 0)
            (void)fprintf(out, " +%zu=", one.equivalent);
        if (out)
            (void)fprintf(out, "\n");
    }
    return SH_OK;
}
