/* Everything from its folders: parameters, knowledge, rules. One faulty file never hides the faults of the
 * next. */
#include "base/fs.h"
#include "base/limits.h"
#include "rule/build.h"
#include "rule/knowledge.h"
#include "rule/model.h"
#include <assert.h>

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

static sh_code load_knowledge(const struct sh_rules_options *options, struct sh_rules *rules,
                              struct sh_arena *arena, struct sh_reporter *reporter, struct sh_err *err) {
    struct files files = {0};
    const char *const *views;
    size_t n_views;
    SH_TRY(list_files(options->knowledge_dir, ".csv", arena, &files, err));
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
            SH_TRY(sh_reporter_note(
                reporter,
                sh_knowledge_settle(k, &text, rules->place, options->known_as_of, arena, reporter, err),
                err));
        if (!text.is_read) { /* nothing to join: the header itself is at fault */
            *k = (struct sh_knowledge){0};
            continue;
        }
        SH_TRY(sh_knowledge_join_model(k, rules->model, arena, err));
        rules->n_knowledge++;
    }
    return sh_views_load(options, views, n_views, rules, arena, reporter, err);
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

static sh_code check_asked(const struct sh_rules_options *options, const struct files *files,
                           struct sh_reporter *reporter, struct sh_arena *arena, struct sh_err *err) {
    const char **ids = sh_new(arena, const char *, files->n);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for the ids of rules");
    for (size_t i = 0; i < files->n; i++) {
        const struct sh_str base = sh_str_of(sh_path_base(files->paths[i]));
        ids[i] = sh_arena_dup(arena, base.at, base.len - 5);
        if (!ids[i])
            return sh_fail(err, SH_E_NOMEM, "no room for the ids of rules");
    }
    for (size_t o = 0; options->only && o < options->n_only; o++) {
        bool is_there = false;
        for (size_t i = 0; i < files->n; i++)
            is_there = is_there || strcmp(ids[i], options->only[o]) == 0;
        if (is_there)
            continue;
        const char *near = sh_did_you_mean(sh_str_of(options->only[o]), ids, files->n);
        SH_TRY(sh_reporter_note(reporter,
                                sh_fail(err, SH_E_INPUT, "%s: no rule '%s'%s%s%s", options->rules_dir,
                                        options->only[o], near ? ", did you mean '" : "", near ? near : "",
                                        near ? "'?" : ""),
                                err));
    }
    return SH_OK;
}

static sh_code load_rule(const char *path, struct sh_rules *rules, struct sh_arena *arena,
                         struct sh_reporter *reporter, struct sh_err *err) {
    struct sh_str text;
    struct sh_rule *rule = NULL;
    SH_TRY(sh_reporter_note(reporter, sh_fs_read(path, SH_YAML_BYTES_MAX, arena, &text, err), err));
    const size_t errors_before = reporter->n_errors;
    SH_TRY(sh_rule_build(text, path, rules, arena, reporter, &rule, err));
    if (reporter->n_errors != errors_before)
        return SH_OK;
    const struct sh_str base = sh_str_of(sh_path_base(path));
    if (!sh_str_eq(rule->id, sh_str_sub(base, 0, base.len - 5)))
        return sh_reporter_note(reporter,
                                sh_fail(err, SH_E_INPUT, "%s:1:1: the file of rule '%.*s' is named %.*s.yaml",
                                        path, SH_ARG(rule->id), SH_ARG(rule->id)),
                                err);
    rules->rules[rules->n_rules++] = *rule;
    return SH_OK;
}

static sh_code load_rules(const struct sh_rules_options *options, struct sh_rules *rules,
                          struct sh_arena *arena, struct sh_reporter *reporter, struct sh_err *err) {
    struct files files = {0};
    SH_TRY(list_files(options->rules_dir, ".yaml", arena, &files, err));
    rules->rules = sh_new(arena, struct sh_rule, files.n);
    if (!rules->rules)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rules", files.n);
    SH_TRY(check_asked(options, &files, reporter, arena, err));
    for (size_t i = 0; i < files.n; i++) {
        const struct sh_str base = sh_str_of(sh_path_base(files.paths[i]));
        if (is_asked(options, sh_str_sub(base, 0, base.len - 5)))
            SH_TRY(load_rule(files.paths[i], rules, arena, reporter, err));
    }
    if (rules->n_rules > 1)
        qsort(rules->rules, rules->n_rules, sizeof(*rules->rules), by_number_id);
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
    SH_TRY(load_rules(options, rules, arena, &reporter, e));
    if (reporter.n_errors > 0)
        return sh_fail(err, SH_E_INPUT, "%s%s", reporter.first, reporter.n_errors > 1 ? " (and more)" : "");
    *ret = rules;
    return SH_OK;
}
