/* Mutation of views: a view has no cases of its own, those of the rules that read it must notice. */
#include "audit/mutate.h"
#include <assert.h>
#include <string.h>

static bool is_asked(const struct sh_rules_options *options, struct sh_str id) {
    for (size_t i = 0; i < options->n_only; i++)
        if (sh_str_is(id, options->only[i]))
            return true;
    return !options->only;
}

static sh_code gather(const struct sh_rules *rules, struct sh_str view, struct sh_witnesses *w,
                      struct sh_err *err) {
    for (size_t i = 0; i < rules->n_rules; i++) {
        const struct sh_rule *r = &rules->rules[i];
        for (size_t c = 0; c < r->n_cases && sh_rule_mentions(rules, r->text, view); c++)
            SH_TRY(sh_witnesses_add(w, r, &r->cases[c], err));
    }
    return SH_OK;
}

static sh_code mutate_view(const struct sh_rules_options *options, const struct sh_rules *rules,
                           const struct sh_rule_view *view, FILE *out, struct sh_rules_mutation_result *io,
                           struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_witnesses_release) struct sh_witnesses w = {0};
    struct sh_mutant *mutants = NULL;
    struct sh_mutation m;
    size_t n = 0;
    const char *file = sh_arena_printf(&arena, NULL, "%.*s", SH_ARG(view->rule->file));
    if (!file)
        return sh_fail(err, SH_E_NOMEM, "no room for the mutants of a view");
    SH_TRY(gather(rules, view->rule->id, &w, err));
    SH_TRY(sh_mutation_begin(&m, view->rule->file, view->rule, out, &arena, err));
    SH_TRY(sh_view_mutants(view, rules, &arena, &mutants, &n, err));
    for (size_t i = 0; i < n; i++) {
        enum sh_fate fate;
        SH_TRY(sh_witnesses_ask(&w, options, file, mutants[i].text, &fate, err));
        sh_mutation_count(&m, mutants[i].name, fate);
    }
    sh_mutation_end(&m, view->rule->id, false, io);
    return SH_OK;
}

sh_code sh_views_mutate(const struct sh_rules_options *given, FILE *out, struct sh_rules_mutation_result *ret,
                        struct sh_err *err) {
    assert(given && ret);
    struct sh_err own;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rules_options options = *given;
    struct sh_rules *rules;
    err = err ? err : &own;
    *ret = (struct sh_rules_mutation_result){0};
    options.place = "000000", options.only = NULL, options.n_only = 0;
    SH_TRY(sh_rules_load(&options, &arena, out, &rules, err));
    for (size_t v = 0; v < rules->n_views; v++)
        if (is_asked(given, rules->views[v].rule->id))
            SH_TRY(mutate_view(&options, rules, &rules->views[v], out, ret, err));
    return SH_OK;
}
