/* Mutation of layers: what a place changes must show in a case that is settled there. */
#include "audit/mutate.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>
#include <string.h>
#include <unistd.h>

struct layer {
    struct sh_rules_options options; /* at its place */
    const struct sh_rules *nation, *rules;
    FILE *out;
    struct sh_rules_mutation_result *total;
    struct sh_err *err;
};

/* ---- rules and overlays -------------------------------------------------------------------------- */

/* Is the mutant one of a key that the layer wrote? A rule of the layer's own wrote all of them. */
static bool is_of_layer(const void *ctx, struct sh_str mutant) {
    const struct sh_yaml *root = ctx;
    const size_t colon = sh_str_find_char(mutant, ':');
    if (!sh_yaml_get(root, "overlay"))
        return true;
    for (size_t i = 0; i < root->n; i++)
        if (colon != SH_STR_NONE && sh_str_eq(root->entries[i].key, sh_str_sub(mutant, 0, colon)))
            return true;
    return false;
}

/* What the layer leaves as it was is excused where the nation's file says so. */
static void excuse_others(struct sh_mutation *m, const struct sh_yaml *root) {
    for (size_t i = 0; i < m->n_equivalents && !sh_yaml_get(root, "equivalent"); i++)
        m->used[i] = m->used[i] || !is_of_layer(root, m->equivalents[i].what);
}

/* A rule that is switched off: were it on, one of the layer's cases would have a finding. */
static sh_code ask_switch(const struct sh_case_places *places, const struct sh_rule *rule,
                          const struct sh_yaml *root, struct sh_mutation *m, struct sh_err *err) {
    bool failed = false;
    for (size_t i = 0; i < rule->n_cases && !failed && sh_yaml_get(root, "cases"); i++)
        SH_TRY(sh_case_run(places->rules[0], rule, rule->text, &rule->cases[i], NULL, &failed, err));
    sh_mutation_count(m, SH_STR("switch: left out"), failed ? SH_FATE_KILLED : SH_FATE_SURVIVED);
    return SH_OK;
}

static sh_code mutate_rule(const struct layer *l, const struct sh_rule *rule) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_case_places places = {.n = 1, .place = {l->options.place}};
    char file[SH_PATH_BYTES_MAX];
    const struct sh_yaml *root;
    struct sh_mutation m;
    struct sh_str text;
    struct sh_rules here = *l->rules;
    places.rules[0] = &here;
    SH_TRY(sh_path_format(file, l->err, "%s/local/%s/%.*s.yaml", l->options.rules_dir, l->options.place,
                          SH_ARG(rule->id)));
    SH_TRY(sh_fs_read(file, SH_YAML_BYTES_MAX, &arena, &text, l->err));
    SH_TRY(sh_yaml_load(file, text, &arena, &root, l->err));
    SH_TRY(sh_mutation_begin(&m, sh_str_of(file), rule->is_off ? NULL : rule, l->out, &arena, l->err));
    if (rule->is_off)
        SH_TRY(ask_switch(&places, rule, root, &m, l->err));
    else
        SH_TRY(sh_mutants_ask(&places, rule, is_of_layer, root, &m, l->err));
    excuse_others(&m, root);
    sh_mutation_end(&m, rule->id, rule->state == SH_STATE_DRAFT && !rule->is_off, l->total);
    return SH_OK;
}

/* ---- knowledge ----------------------------------------------------------------------------------- */

/* A place lies in a layer when it agrees with its code up to the zeros at the end. */
static bool lies_in(struct sh_str place, const char *layer) {
    size_t n = 6;
    while (n > 2 && memcmp(layer + n - 2, "00", 2) == 0)
        n -= 2;
    return place.len == 6 && memcmp(place.at, layer, n) == 0;
}

/* The cases that are settled in the layer and whose rule looks the table up. */
static sh_code gather(const struct layer *l, struct sh_str table, struct sh_witnesses *w) {
    const struct sh_rules *const from[] = {l->nation, l->rules};
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < from[f]->n_rules; i++) {
            const struct sh_rule *r = &from[f]->rules[i];
            if (r->is_off || (f == 1 && !sh_str_is(r->layer, l->options.place)) ||
                !sh_rule_mentions(from[f], r->text, table))
                continue;
            for (size_t c = 0; c < r->n_cases; c++)
                if (f == 1 || lies_in(r->cases[c].place, l->options.place))
                    SH_TRY(sh_witnesses_add(w, r, &r->cases[c], l->err));
        }
    return SH_OK;
}

static sh_code mutate_table(const struct layer *l, const char *file) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_witnesses_release) struct sh_witnesses w = {0};
    struct sh_mutant *mutants = NULL;
    struct sh_mutation m;
    struct sh_str text;
    size_t n = 0;
    const struct sh_str base = sh_str_of(sh_path_base(file)), table = sh_str_sub(base, 0, base.len - 4);
    SH_TRY(gather(l, table, &w));
    SH_TRY(sh_fs_read(file, SH_TEXT_FILE_BYTES_MAX, &arena, &text, l->err));
    SH_TRY(sh_layer_table_mutants(file, text, &arena, &mutants, &n, l->err));
    SH_TRY(sh_mutation_begin(&m, sh_str_of(file), NULL, l->out, &arena, l->err));
    for (size_t i = 0; i < n; i++) {
        enum sh_fate fate;
        SH_TRY(sh_witnesses_ask(&w, &l->options, file, mutants[i].text, &fate, l->err));
        sh_mutation_count(&m, mutants[i].name, fate);
    }
    sh_mutation_end(&m, table, false, l->total);
    return SH_OK;
}

static sh_code mutate_tables(const struct layer *l) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    char dir[SH_PATH_BYTES_MAX], file[SH_PATH_BYTES_MAX];
    bool is_there = false;
    size_t n = 0;
    SH_TRY(sh_path_format(dir, l->err, "%s/local/%s/knowledge", l->options.rules_dir, l->options.place));
    SH_TRY(sh_is_dir(dir, &is_there, l->err));
    if (!is_there)
        return SH_OK;
    SH_TRY(sh_dir_list(dir, &arena, &entries, &n, l->err));
    for (size_t i = 0; i < n; i++) {
        if (!sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".csv")))
            continue;
        SH_TRY(sh_path_join(file, dir, entries[i].name, l->err));
        SH_TRY(mutate_table(l, file));
    }
    return SH_OK;
}

/* ---- all of them --------------------------------------------------------------------------------- */

sh_code sh_layers_mutate(const struct sh_rules_options *given, FILE *out,
                         struct sh_rules_mutation_result *ret, struct sh_err *err) {
    assert(given && ret);
    struct sh_err own;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    struct sh_rules_options options = *given;
    struct sh_rules *nation;
    char dir[SH_PATH_BYTES_MAX];
    bool is_there = false;
    size_t n = 0;
    err = err ? err : &own;
    *ret = (struct sh_rules_mutation_result){0};
    SH_TRY(sh_path_join(dir, options.rules_dir, "local", err));
    SH_TRY(sh_is_dir(dir, &is_there, err));
    if (!is_there)
        return SH_OK;
    options.place = "000000", options.only = NULL, options.n_only = 0;
    SH_TRY(sh_rules_load(&options, &arena, out, &nation, err));
    SH_TRY(sh_dir_list(dir, &arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct sh_rules *rules;
        if (entries[i].kind != SH_ENTRY_DIR)
            continue;
        options.place = entries[i].name;
        SH_TRY(sh_rules_load(&options, &arena, out, &rules, err));
        const struct layer l = {options, nation, rules, out, ret, err};
        for (size_t r = 0; r < rules->n_rules; r++)
            if (sh_str_is(rules->rules[r].layer, options.place))
                SH_TRY(mutate_rule(&l, &rules->rules[r]));
        SH_TRY(mutate_tables(&l));
    }
    return SH_OK;
}
