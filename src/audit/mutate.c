/* Mutation: are the cases of a rule sharp enough to notice when the rule says something else? */
#include "audit/mutate.h"
#include "base/mem.h"
#include <assert.h>
#include <string.h>

/* Codes that say the text means nothing, as against those of a machine that has had enough. */
static bool is_of_the_text(sh_code code) {
    return code != SH_E_NOMEM && code != SH_E_INTERNAL && code != SH_E_IO;
}

/* ---- counting ------------------------------------------------------------------------------------ */

static void tell(const struct sh_mutation *m, const char *what, struct sh_str name) {
    if (m->out)
        (void)fprintf(m->out, "%.*s: %s: %.*s\n", SH_ARG(m->file), what, SH_ARG(name));
}

sh_code sh_mutation_begin(struct sh_mutation *m, struct sh_str file, const struct sh_rule *rule, FILE *out,
                          struct sh_arena *arena, struct sh_err *err) {
    *m = (struct sh_mutation){.file = file, .out = out};
    if (rule)
        m->equivalents = rule->equivalents, m->n_equivalents = rule->n_equivalents;
    m->used = sh_new(arena, bool, m->n_equivalents + 1);
    return m->used ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the equivalent mutants");
}

static bool excused(struct sh_mutation *m, struct sh_str mutant) {
    for (size_t i = 0; i < m->n_equivalents; i++)
        if (sh_str_eq(m->equivalents[i].what, mutant))
            return m->used[i] = true;
    return false;
}

void sh_mutation_count(struct sh_mutation *m, struct sh_str name, enum sh_fate fate) {
    if (fate == SH_FATE_STILLBORN)
        return;
    m->one.mutants++;
    if (fate == SH_FATE_KILLED) {
        m->one.killed++;
    } else if (excused(m, name)) {
        m->one.equivalent++;
    } else {
        m->one.survived++;
        tell(m, "survives", name);
    }
}

void sh_mutation_end(struct sh_mutation *m, struct sh_str name, bool is_draft,
                     struct sh_rules_mutation_result *io) {
    struct sh_rules_mutation_result *one = &m->one;
    for (size_t i = 0; i < m->n_equivalents; i++) /* hides nothing, but must go */
        if (!m->used[i]) {
            one->stale++;
            tell(m, "not an equivalent mutant (any more)", m->equivalents[i].what);
        }
    io->rules++;
    io->below += (one->survived > 0 || one->stale > 0) && !is_draft;
    io->mutants += one->mutants, io->killed += one->killed, io->equivalent += one->equivalent;
    io->survived += one->survived, io->stale += one->stale;
    if (m->out)
        (void)fprintf(m->out, "%-24.*s %zu/%zu", SH_ARG(name), one->killed, one->mutants - one->equivalent);
    if (m->out && one->equivalent > 0)
        (void)fprintf(m->out, " +%zu=", one->equivalent);
    if (m->out)
        (void)fprintf(m->out, "\n");
}

/* ---- who may notice ------------------------------------------------------------------------------ */

void sh_witnesses_release(struct sh_witnesses *w) {
    sh_free(w->at);
}

sh_code sh_witnesses_add(struct sh_witnesses *w, const struct sh_rule *rule, const struct sh_rule_case *c,
                         struct sh_err *err) {
    SH_TRY(sh_grow(&w->at, &w->cap, w->n + 1, sizeof(*w->at), SIZE_MAX, err));
    w->at[w->n++] = (struct sh_witness){rule, c};
    return SH_OK;
}

/* The rules of the case's place, loaded when first asked for. */
static sh_code place_of(struct sh_case_places *places, const struct sh_rules_options *options,
                        struct sh_str place, struct sh_arena *arena, struct sh_rules **ret,
                        struct sh_err *err) {
    static const char *const none[] = {NULL};
    for (size_t p = 0; p < places->n; p++)
        if (sh_str_is(place, places->place[p])) {
            *ret = places->rules[p];
            return SH_OK;
        }
    struct sh_rules_options there = *options;
    there.place = sh_arena_dup(arena, place.at, place.len);
    there.only = none, there.n_only = 0; /* a case brings the text of its rule */
    if (!there.place || places->n == sizeof(places->place) / sizeof(places->place[0]))
        return sh_fail(err, SH_E_NOMEM, "no room for a place");
    SH_TRY(sh_rules_load(&there, arena, NULL, ret, err));
    places->place[places->n] = there.place;
    places->rules[places->n++] = *ret;
    return SH_OK;
}

sh_code sh_witnesses_ask(struct sh_witnesses *w, const struct sh_rules_options *options, const char *file,
                         struct sh_str text, enum sh_fate *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_case_places places = {.n = 0};
    struct sh_rules_options said = *options;
    said.instead_of = file, said.instead = text;
    *ret = SH_FATE_SURVIVED;
    for (size_t i = 0; i < w->n && *ret == SH_FATE_SURVIVED; i++) {
        const size_t at = (w->likely + i) % w->n;
        const struct sh_witness *one = &w->at[at];
        struct sh_rules *rules = NULL;
        bool failed = false;
        sh_code code = place_of(&places, &said, one->c->place, &arena, &rules, err);
        if (code == SH_OK)
            code = sh_case_run(rules, one->rule, one->rule->text, one->c, NULL, &failed, err);
        if (code != SH_OK && !is_of_the_text(code))
            return code;
        if (code != SH_OK)
            *ret = SH_FATE_STILLBORN;
        else if (failed)
            *ret = SH_FATE_KILLED, w->likely = at;
    }
    return SH_OK;
}

static bool is_of_a_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(struct sh_str text, struct sh_str word) {
    for (size_t at = 0; at + word.len <= text.len; at++) {
        if (memcmp(text.at + at, word.at, word.len) != 0)
            continue;
        const bool begins = at == 0 || !is_of_a_word(text.at[at - 1]);
        if (begins && (at + word.len == text.len || !is_of_a_word(text.at[at + word.len])))
            return true;
    }
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion): views build on each other at most three deep
bool sh_rule_mentions(const struct sh_rules *rules, struct sh_str text, struct sh_str name) {
    if (has_word(text, name))
        return true;
    for (size_t v = 0; v < rules->n_views; v++) {
        const struct sh_rule *view = rules->views[v].rule;
        if (!sh_str_eq(view->text, text) && has_word(text, view->id) &&
            sh_rule_mentions(rules, view->text, name))
            return true;
    }
    return false;
}

/* ---- rules --------------------------------------------------------------------------------------- */

struct rule_mutation {
    const struct sh_case_places *places;
    const struct sh_rule *rule;
    size_t likely; /* the case that noticed last is asked first */
    struct sh_err *err;
};

static sh_code fate_of(struct rule_mutation *m, struct sh_str text, enum sh_fate *ret) {
    *ret = SH_FATE_SURVIVED;
    for (size_t i = 0; i < m->rule->n_cases; i++) {
        const size_t n = (m->likely + i) % m->rule->n_cases;
        const struct sh_rule_case *c = &m->rule->cases[n];
        bool failed = false;
        const sh_code code = sh_case_run(m->places->rules[sh_case_place(m->places, c)], m->rule, text, c,
                                         NULL, &failed, m->err);
        if (code != SH_OK && !is_of_the_text(code))
            return code;
        if (code != SH_OK) {
            *ret = SH_FATE_STILLBORN;
            return SH_OK;
        }
        if (failed) {
            m->likely = n;
            *ret = SH_FATE_KILLED;
            return SH_OK;
        }
    }
    return SH_OK;
}

sh_code sh_mutants_ask(const struct sh_case_places *places, const struct sh_rule *rule,
                       bool (*is_meant)(const void *ctx, struct sh_str mutant), const void *ctx,
                       struct sh_mutation *io, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct rule_mutation m = {.places = places, .rule = rule, .err = err};
    struct sh_mutant *mutants = NULL;
    size_t n = 0;
    SH_TRY(sh_rule_mutants(rule, places->rules[0], &arena, &mutants, &n, err));
    for (size_t i = 0; i < n; i++) {
        enum sh_fate fate;
        if (is_meant && !is_meant(ctx, mutants[i].name))
            continue;
        SH_TRY(fate_of(&m, mutants[i].text, &fate));
        sh_mutation_count(io, mutants[i].name, fate);
    }
    return SH_OK;
}

/* The cases must hold before anything is changed, or every mutant would seem to be noticed. */
static sh_code cases_hold(const struct sh_case_places *places, const struct sh_rule *rule, FILE *out,
                          struct sh_err *err) {
    for (size_t i = 0; i < rule->n_cases; i++) {
        const struct sh_rule_case *c = &rule->cases[i];
        bool failed = false;
        SH_TRY(sh_case_run(places->rules[sh_case_place(places, c)], rule, rule->text, c, out, &failed, err));
        if (failed)
            return sh_fail(err, SH_E_INPUT, "%.*s:%u: the case fails as it stands; mend it first",
                           SH_ARG(rule->file), c->line);
    }
    return SH_OK;
}

sh_code sh_rules_mutate(const struct sh_rules_options *options, FILE *out,
                        struct sh_rules_mutation_result *ret, struct sh_err *err) {
    assert(options && ret);
    struct sh_err own;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_case_places places;
    err = err ? err : &own;
    *ret = (struct sh_rules_mutation_result){0};
    SH_TRY(sh_case_places_load(options, &arena, out, &places, err));
    for (size_t i = 0; i < places.rules[0]->n_rules; i++) {
        const struct sh_rule *rule = &places.rules[0]->rules[i];
        struct sh_mutation m;
        SH_TRY(cases_hold(&places, rule, out, err));
        SH_TRY(sh_mutation_begin(&m, rule->file, rule, out, &arena, err));
        SH_TRY(sh_mutants_ask(&places, rule, NULL, NULL, &m, err));
        sh_mutation_end(&m, rule->id, rule->state == SH_STATE_DRAFT, ret);
    }
    return SH_OK;
}
