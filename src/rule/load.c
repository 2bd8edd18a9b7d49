/* Everything from its folders: parameters, knowledge, rules. One faulty file never hides the faults of the
 * next. */
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rule/layer.h"
#include "rule/knowledge.h"
#include "rule/model.h"
#include <assert.h>
#include <unistd.h>

struct files {
    char **paths;
    size_t n;
};

static sh_code list_files(const char *dir, const char *suffix, struct sh_arena *arena, struct files *ret,
                          struct sh_err *err) {
    const struct sh_dir_entry *entries;
    size_t n;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n, err));
    ret->paths = sh_new(arena, char *, n);
    if (!ret->paths)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its files", dir);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].kind == SH_ENTRY_DIR ||
            !sh_str_ends_with(sh_str_of(entries[i].name), sh_str_of(suffix)) || entries[i].name[0] == '.')
            continue;
        char path[SH_PATH_BYTES_MAX];
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        ret->paths[ret->n] = sh_arena_dup(arena, path, strlen(path));
        if (!ret->paths[ret->n++])
            return sh_fail(err, SH_E_NOMEM, "%s: no room for its files", dir);
    }
    return SH_OK;
}

sh_code sh_rules_read_file(const struct sh_rules_options *options, const char *path, size_t max,
                           struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    if (!options->instead_of || strcmp(options->instead_of, path) != 0)
        return sh_fs_read(path, max, arena, ret, err);
    *ret = options->instead;
    return SH_OK;
}

/* What the layers add to a table. */
static sh_code lay_rows(const struct sh_layers *layers, const char *table, const struct sh_open_table *to,
                        struct sh_err *err) {
    for (size_t l = 0; l < layers->n; l++) {
        char path[SH_PATH_BYTES_MAX];
        SH_TRY(sh_path_format(path, err, "%s/knowledge/%s", layers->at[l].dir, sh_path_base(table)));
        if (access(path, F_OK) == 0)
            SH_TRY(
                sh_reporter_note(to->reporter, sh_knowledge_overlay(path, layers->at[l].code, to, err), err));
    }
    return SH_OK;
}

/* A table of a layer that lies over none. */
static sh_code check_layer_tables(const struct sh_layers *layers, const struct files *tables,
                                  struct sh_arena *arena, struct sh_reporter *reporter, struct sh_err *err) {
    for (size_t l = 0; l < layers->n; l++) {
        char dir[SH_PATH_BYTES_MAX];
        bool is_there = false;
        struct files own = {0};
        SH_TRY(sh_path_format(dir, err, "%s/knowledge", layers->at[l].dir));
        SH_TRY(sh_is_dir(dir, &is_there, err));
        if (is_there)
            SH_TRY(list_files(dir, ".csv", arena, &own, err));
        for (size_t i = 0; i < own.n; i++) {
            bool is_known = false;
            for (size_t t = 0; t < tables->n && !is_known; t++)
                is_known = strcmp(sh_path_base(tables->paths[t]), sh_path_base(own.paths[i])) == 0;
            if (!is_known)
                SH_TRY(sh_reporter_note(reporter,
                                        sh_fail(err, SH_E_INPUT,
                                                "%s:1:1: there is no knowledge table %s to add to",
                                                own.paths[i], sh_path_base(own.paths[i])),
                                        err));
        }
    }
    return SH_OK;
}

/* With keep_going: what a text looks up is not at fault itself. */
static sh_code check_tables(const struct sh_rules *rules, const struct sh_rule *r, const char *what,
                            struct sh_reporter *reporter, struct sh_err *err) {
    for (size_t i = 0; i < r->n_uses; i++) {
        const struct sh_knowledge *k = &rules->knowledge[r->uses[i].knowledge];
        if (k->is_faulty)
            SH_TRY(sh_reporter_note(reporter,
                                    sh_fail(err, SH_E_INPUT,
                                            "%.*s:1:1: %s '%.*s' uses table %.*s, which is at fault",
                                            SH_ARG(r->file), what, SH_ARG(r->id), SH_ARG(k->name)),
                                    err));
    }
    return SH_OK;
}

static sh_code load_knowledge(const struct sh_rules_options *options, struct sh_rules *rules,
                              struct sh_arena *arena, struct sh_reporter *reporter, struct sh_err *err) {
    struct files files = {0};
    const char *const *views;
    size_t n_views;
    struct sh_layers layers;
    SH_TRY(list_files(options->knowledge_dir, ".csv", arena, &files, err));
    SH_TRY(sh_layers_find(options->rules_dir, rules->place, arena, &layers, err));
    SH_TRY(check_layer_tables(&layers, &files, arena, reporter, err));
    const size_t errors_of_layers = reporter->n_errors;
    SH_TRY(sh_views_list(options, arena, &views, &n_views, err));
    SH_TRY(sh_rule_model_build(files.n + n_views, arena, &rules->model, err));
    rules->knowledge = sh_new(arena, struct sh_knowledge, files.n);
    if (!rules->knowledge)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu knowledge tables", files.n);
    for (size_t i = 0; i < files.n; i++) {
        struct sh_knowledge *k = &rules->knowledge[rules->n_knowledge];
        struct sh_table_text text = {0};
        const size_t errors_before = reporter->n_errors;
        SH_TRY(sh_reporter_note(
            reporter, sh_knowledge_read(files.paths[i], rules->model, arena, reporter, k, &text, err), err));
        if (reporter->n_errors == errors_before)
            SH_TRY(lay_rows(&layers, files.paths[i],
                            &(const struct sh_open_table){options, rules->model, arena, reporter, k, &text},
                            err));
        if (reporter->n_errors == errors_before)
            SH_TRY(sh_reporter_note(
                reporter,
                sh_knowledge_settle(k, &text, rules->place, options->known_as_of, arena, reporter, err),
                err));
        if (!text.is_read) { /* nothing to join: the header itself is at fault */
            *k = (struct sh_knowledge){0};
            continue;
        }
        k->is_faulty = options->keep_going && reporter->n_errors != errors_before;
        if (k->is_faulty)
            k->n_rows = 0;
        SH_TRY(sh_knowledge_join_model(k, rules->model, arena, err));
        rules->n_knowledge++;
    }
    reporter->n_forgiven += reporter->n_errors - errors_of_layers;
    SH_TRY(sh_views_load(options, views, n_views, rules, arena, reporter, err));
    for (size_t i = 0; i < rules->n_views; i++)
        SH_TRY(check_tables(rules, rules->views[i].rule, "view", reporter, err));
    return SH_OK;
}

static int by_number_id(const void *a, const void *b) {
    const struct sh_rule *x = a, *y = b;
    const int32_t nx = x->national_number ? x->national_number : INT32_MAX,
                  ny = y->national_number ? y->national_number : INT32_MAX;
    return nx != ny ? (nx < ny ? -1 : 1) : sh_str_cmp(x->id, y->id);
}

static bool is_asked(const struct sh_rules_options *options, struct sh_str id) {
    for (size_t i = 0; i < options->n_only; i++)
        if (sh_str_is(id, options->only[i]))
            return true;
    return !options->only;
}

/* A rule before it is read in earnest: its file, and its text with all layers over it. */
struct source {
    const char *path;
    struct sh_str id; /* as the file is named */
    struct sh_laid laid;
};
struct sources {
    struct source *at;
    size_t n, cap;
};
static void sources_release(struct sources *s) {
    sh_free(s->at);
}

static struct sh_str id_of(const char *path) {
    const struct sh_str base = sh_str_of(sh_path_base(path));
    return sh_str_sub(base, 0, base.len - 5);
}

static sh_code add_source(struct sources *s, const char *path, struct sh_str text, struct sh_str layer,
                          struct sh_arena *arena, struct sh_err *err) {
    SH_TRY(sh_grow(&s->at, &s->cap, s->n + 1, sizeof(*s->at), SIZE_MAX, err));
    s->at[s->n] = (struct source){.path = path, .id = id_of(path)};
    SH_TRY(sh_layer_begin(path, text, arena, &s->at[s->n].laid, err));
    s->at[s->n++].laid.layer = layer;
    return SH_OK;
}

/* A file of a layer: a rule of its own, or what changes a wider one. */
static sh_code lay_file(const struct sh_rules_options *options, struct sources *s,
                        const struct sh_layer *layer, const char *path, struct sh_arena *arena,
                        struct sh_err *err) {
    struct sh_str text;
    const struct sh_yaml *root;
    SH_TRY(sh_rules_read_file(options, path, SH_YAML_BYTES_MAX, arena, &text, err));
    SH_TRY(sh_yaml_load(path, text, arena, &root, err));
    const struct sh_yaml *overlay = root->kind == SH_YAML_MAP ? sh_yaml_get(root, "overlay") : NULL;
    const struct sh_str id = id_of(path);
    struct source *wide = NULL;
    for (size_t i = 0; i < s->n; i++)
        if (sh_str_eq(s->at[i].id, id))
            wide = &s->at[i];
    if (!overlay && wide)
        return sh_yaml_fail(err, root,
                            "a wider layer has the rule '%.*s' already (%s); change it with 'overlay: %.*s'",
                            SH_ARG(id), wide->path, SH_ARG(id));
    if (!overlay)
        return add_source(s, path, text, layer->code, arena, err);
    if (overlay->kind != SH_YAML_TEXT || !sh_str_eq(overlay->text, id))
        return sh_yaml_fail(err, overlay, "the file of an overlay is named after its rule: %.*s.yaml",
                            SH_ARG(overlay->text));
    if (!wide)
        return sh_yaml_fail(err, overlay, "there is no rule '%.*s' in a wider layer", SH_ARG(id));
    return sh_layer_lay(&wide->laid, layer, path, text, arena, err);
}

static sh_code find_sources(const struct sh_rules_options *options, struct sh_str place, struct sources *s,
                            struct sh_arena *arena, struct sh_reporter *reporter, struct sh_err *err) {
    struct files files = {0};
    struct sh_layers layers;
    SH_TRY(list_files(options->rules_dir, ".yaml", arena, &files, err));
    for (size_t i = 0; i < files.n; i++) {
        struct sh_str text = {0};
        const sh_code code =
            sh_rules_read_file(options, files.paths[i], SH_YAML_BYTES_MAX, arena, &text, err);
        SH_TRY(sh_reporter_note(reporter, code, err));
        if (code == SH_OK)
            SH_TRY(add_source(s, files.paths[i], text, (struct sh_str){0}, arena, err));
    }
    SH_TRY(sh_layers_find(options->rules_dir, place, arena, &layers, err));
    for (size_t l = 0; l < layers.n; l++) {
        files = (struct files){0};
        SH_TRY(list_files(layers.at[l].dir, ".yaml", arena, &files, err));
        for (size_t i = 0; i < files.n; i++)
            SH_TRY(sh_reporter_note(reporter, lay_file(options, s, &layers.at[l], files.paths[i], arena, err),
                                    err));
    }
    return SH_OK;
}

static sh_code check_asked(const struct sh_rules_options *options, const struct sources *s,
                           struct sh_reporter *reporter, struct sh_arena *arena, struct sh_err *err) {
    const char **ids = sh_new(arena, const char *, s->n + 1);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for the ids of rules");
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = sh_arena_dup(arena, s->at[i].id.at, s->at[i].id.len);
        if (!ids[i])
            return sh_fail(err, SH_E_NOMEM, "no room for the ids of rules");
    }
    for (size_t o = 0; options->only && o < options->n_only; o++) {
        bool is_there = false;
        for (size_t i = 0; i < s->n; i++)
            is_there = is_there || strcmp(ids[i], options->only[o]) == 0;
        if (is_there)
            continue;
        const char *near = sh_did_you_mean(sh_str_of(options->only[o]), ids, s->n);
        SH_TRY(sh_reporter_note(reporter,
                                sh_fail(err, SH_E_INPUT, "%s: no rule '%s'%s%s%s", options->rules_dir,
                                        options->only[o], near ? ", did you mean '" : "", near ? near : "",
                                        near ? "'?" : ""),
                                err));
    }
    return SH_OK;
}

static sh_code load_rule(const struct source *s, struct sh_rules *rules, struct sh_arena *arena,
                         struct sh_reporter *reporter, struct sh_err *err) {
    struct sh_rule *rule = NULL;
    const size_t errors_before = reporter->n_errors;
    SH_TRY(sh_rule_build_laid(&s->laid, s->path, rules, arena, reporter, &rule, err));
    if (reporter->n_errors == errors_before)
        SH_TRY(check_tables(rules, rule, "rule", reporter, err));
    reporter->n_forgiven += reporter->n_errors - errors_before;
    if (reporter->n_errors != errors_before)
        return SH_OK;
    if (!sh_str_eq(rule->id, s->id))
        return sh_reporter_note(reporter,
                                sh_fail(err, SH_E_INPUT, "%s:1:1: the file of rule '%.*s' is named %.*s.yaml",
                                        s->path, SH_ARG(rule->id), SH_ARG(rule->id)),
                                err);
    rules->rules[rules->n_rules++] = *rule;
    return SH_OK;
}

static sh_code load_rules(const struct sh_rules_options *options, struct sh_rules *rules,
                          struct sh_arena *arena, struct sh_reporter *reporter, struct sh_err *err) {
    SH_CLEANUP(sources_release) struct sources sources = {0};
    SH_TRY(find_sources(options, rules->place, &sources, arena, reporter, err));
    rules->rules = sh_new(arena, struct sh_rule, sources.n + 1);
    if (!rules->rules)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rules", sources.n);
    SH_TRY(check_asked(options, &sources, reporter, arena, err));
    for (size_t i = 0; i < sources.n; i++)
        if (is_asked(options, sources.at[i].id))
            SH_TRY(load_rule(&sources.at[i], rules, arena, reporter, err));
    if (options->keep_going && rules->n_rules == 0 && reporter->n_forgiven > 0)
        reporter->n_forgiven = 0; /* nothing is left to run */
    if (options->keep_going && reporter->n_forgiven > 0 && reporter->out)
        fprintf(reporter->out, "%zu faults; what is at fault is left out, %zu rules are used\n",
                reporter->n_errors, rules->n_rules);
    if (rules->n_rules > 1)
        qsort(rules->rules, rules->n_rules, sizeof(*rules->rules), by_number_id);
    return SH_OK;
}

static sh_code load_kinds(const char *dir, struct sh_arena *arena, struct sh_kinds *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_csv csv;
    size_t name, basis;
    SH_TRY(sh_path_join(path, dir, "kinds.csv", err));
    const sh_code code = sh_csv_read_file(path, SH_CSV_COMMENTS, arena, &csv, err);
    if (code == SH_E_NOTFOUND)
        return SH_OK;
    SH_TRY(code);
    SH_TRY(sh_csv_need_column(&csv, "kind", &name, err));
    SH_TRY(sh_csv_need_column(&csv, "basis", &basis, err));
    ret->names = sh_new(arena, const char *, csv.n_rows + 1);
    ret->basis = sh_new(arena, struct sh_str, csv.n_rows + 1);
    if (!ret->names || !ret->basis)
        return sh_fail(err, SH_E_NOMEM, "no room for the kinds of violation");
    for (size_t i = 0; i < csv.n_rows; i++) {
        const struct sh_str *cells = csv.rows[i].cells;
        ret->names[i] = sh_arena_dup(arena, cells[name].at, cells[name].len);
        ret->basis[i] = cells[basis];
        if (!ret->names[i])
            return sh_fail(err, SH_E_NOMEM, "no room for the kinds of violation");
        if (cells[name].len == 0 || cells[basis].len == 0)
            return sh_csv_fail(err, SH_E_INPUT, &csv, &csv.rows[i], cells[name].len ? basis : name,
                               "a kind of violation has a name and an article");
    }
    ret->n = csv.n_rows;
    return SH_OK;
}

sh_code sh_rules_load(const struct sh_rules_options *options, struct sh_arena *arena, FILE *report,
                      struct sh_rules **ret, struct sh_err *err) {
    assert(options && options->rules_dir && options->knowledge_dir && options->params_dir && arena && ret);
    struct sh_reporter reporter = {.out = report};
    struct sh_err own;
    struct sh_err *e = err ? err : &own;
    struct sh_rules *rules = sh_new(arena, struct sh_rules, 1);
    const struct sh_str place = sh_str_of(options->place ? options->place : "000000");
    char *kept = sh_arena_dup(arena, place.at, place.len);
    if (!rules || !kept)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules");
    rules->place = (struct sh_str){kept, place.len};
    if (place.len != 6 || strspn(kept, "0123456789") != 6)
        return sh_fail(err, SH_E_INPUT, "'%s' is no division code of six digits (000000 = the nation)", kept);
    rules->params = sh_new(arena, struct sh_params, 1);
    if (!rules->params)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules");
    SH_TRY(sh_reporter_note(&reporter, sh_params_load(options->params_dir, arena, &rules->params, e), e));
    SH_TRY(load_knowledge(options, rules, arena, &reporter, e));
    SH_TRY(sh_reporter_note(&reporter, load_kinds(options->rules_dir, arena, &rules->kinds, e), e));
    SH_TRY(load_rules(options, rules, arena, &reporter, e));
    if (reporter.n_errors > (options->keep_going ? reporter.n_forgiven : 0))
        return sh_fail(err, SH_E_INPUT, "%s%s", reporter.first, reporter.n_errors > 1 ? " (and more)" : "");
    *ret = rules;
    return SH_OK;
}
