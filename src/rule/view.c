/* Views: tables that a text makes of others. Read in the order in which they build on each other; each joins
 * the model before the next is read. docs/rules.md has the manual. */
#include "base/fs.h"
#include "base/limits.h"
#include "rule/build.h"
#include "rule/model.h"
#include <assert.h>

#define VIEW_DEPTH_MAX 3

static const char *const view_keys[] = {"view", "name", "note",  "each",   "of",        "expand",
                                        "uses", "with", "where", "fields", "equivalent"};

/* A view's file before it is read in earnest. */
struct file {
    const char *path;
    const struct sh_yaml *root;
    struct sh_str text, name;
    bool is_done;
};

struct views {
    const struct sh_rules_options *options;
    struct sh_rules *rules;
    struct sh_arena *arena;
    struct sh_reporter *reporter;
    struct sh_err *err;
    struct file *files;
    size_t n;
};

static bool is_word_sign(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Does a text hold the word? */
static bool mentions(struct sh_str text, struct sh_str word) {
    for (size_t from = 0, at; (at = sh_str_find(sh_str_sub(text, from, text.len), word)) != SH_STR_NONE;) {
        at += from;
        const bool begins = at == 0 || !is_word_sign(text.at[at - 1]);
        const bool ends = at + word.len == text.len || !is_word_sign(text.at[at + word.len]);
        if (begins && ends)
            return true;
        from = at + 1;
    }
    return false;
}

static bool names(const struct sh_yaml *node, struct sh_str word) {
    if (node->kind == SH_YAML_TEXT)
        return mentions(node->text, word);
    for (size_t i = 0; i < node->n; i++) {
        if (node->kind == SH_YAML_LIST && names(node->items[i], word))
            return true;
        if (node->kind == SH_YAML_MAP && names(node->entries[i].value, word))
            return true;
    }
    return false;
}

static bool builds_on(const struct file *view, struct sh_str other) {
    static const char *const parts[] = {"each", "of", "expand", "with", "where", "fields"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct sh_yaml *part = sh_yaml_get(view->root, parts[i]);
        if (part && names(part, other))
            return true;
    }
    return false;
}

/* ---- the table ---------------------------------------------------------------------------------- */

enum sh_storage sh_storage_of(struct sh_type type) {
    switch (type.kind) {
    case SH_KIND_NUMBER:
    case SH_KIND_TIME:
        return SH_STORE_I64;
    case SH_KIND_BOOL:
    case SH_KIND_LEVEL:
        return SH_STORE_I8;
    case SH_KIND_DATE:
    case SH_KIND_CODE:
    case SH_KIND_TEXT:
    case SH_KIND_SET:
    case SH_KIND_RANGE:
    case SH_KIND_SCOPE:
        break;
    }
    return SH_STORE_I32;
}

static sh_code add_column(struct sh_build *b, const struct sh_yaml *node, struct sh_str name,
                          struct sh_type type, int16_t join, int *ret) {
    struct sh_rule_view *v = b->view;
    struct sh_model_table *t = &b->rules->model->growing_tables[v->table];
    struct sh_model_column *columns = v->columns;
    for (uint16_t i = 0; i < t->n_columns; i++)
        if (sh_str_is(name, columns[i].name))
            return sh_yaml_fail(b->err, node, "the view has a column '%.*s' already", SH_ARG(name));
    if (t->n_columns == SH_VIEW_COLUMNS_MAX)
        return sh_yaml_fail(b->err, node, "a view has at most %d columns", SH_VIEW_COLUMNS_MAX);
    const char *kept = sh_arena_dup(b->arena, name.at, name.len);
    if (!kept)
        return sh_fail(b->err, SH_E_NOMEM, "no room for a view");
    columns[t->n_columns] =
        (struct sh_model_column){.name = kept, .type = type, .storage = sh_storage_of(type), .join = join};
    *ret = t->n_columns++;
    return SH_OK;
}

static sh_code begin_table(struct sh_build *b, const struct sh_yaml *node) {
    struct sh_rule_model *m = b->rules->model;
    struct sh_rule_view *v = b->view;
    const char *kept = sh_arena_dup(b->arena, b->rule->id.at, b->rule->id.len);
    v->columns = sh_new(b->arena, struct sh_model_column, SH_VIEW_COLUMNS_MAX);
    if (!kept || !v->columns)
        return sh_fail(b->err, SH_E_NOMEM, "no room for a view");
    for (uint16_t t = 0; t < m->model.n_tables; t++)
        if (strcmp(m->model.tables[t].name, kept) == 0)
            return sh_yaml_fail(b->err, node, "'%s' is a table already; call the view something else", kept);
    v->table = m->model.n_tables;
    v->person = v->source_column = v->day = -1;
    m->growing_tables[m->model.n_tables++] =
        (struct sh_model_table){.name = kept, .columns = v->columns, .time_column = -1, .end_column = -1};
    const struct sh_type row = {.kind = SH_KIND_TEXT, .domain = -1};
    return add_column(b, node, SH_STR("person"), row, SH_TABLE_PERSON, &v->person);
}

static sh_code add_day(struct sh_build *b, const struct sh_yaml *node) {
    SH_TRY(add_column(b, node, SH_STR("day"), (struct sh_type){.kind = SH_KIND_DATE}, -1, &b->view->day));
    b->rules->model->growing_tables[b->view->table].time_column = (int16_t)b->view->day;
    return SH_OK;
}

static sh_code add_source(struct sh_build *b, const struct sh_yaml *node) {
    const struct sh_type row = {.kind = SH_KIND_TEXT, .domain = -1};
    const char *name = b->rules->model->model.tables[b->view->source].name;
    return add_column(b, node, sh_str_of(name), row, (int16_t)b->view->source, &b->view->source_column);
}

/* Columns of the keys of a group, named after their last word. */
static sh_code add_keys(struct sh_build *b, const struct sh_yaml *node) {
    struct sh_rule_view *v = b->view;
    const struct sh_rule *r = b->rule;
    bool of_one_person = false;
    for (size_t k = 0; k < r->n_keys; k++) {
        if (r->keys[k].kind != SH_RULE_KEY_EXPR || sh_str_starts_with(r->keys[k].text, SH_STR("period(")))
            return sh_yaml_fail(b->err, node, "a view has no courses and periods among its keys");
        const int16_t join = sh_expr_join(r->keys[k].expr);
        of_one_person = of_one_person || sh_is_of_person(b->rules->model, r->keys[k].expr);
        struct sh_str name = r->keys[k].text;
        for (size_t dot; (dot = sh_str_find_char(name, '.')) != SH_STR_NONE;)
            name = sh_str_sub(name, dot + 1, name.len);
        v->key_columns[k] = -1;
        if (sh_str_is(name, "person") || sh_str_is(name, "day")) /* there already, and equal in all members */
            continue;
        struct sh_type type = sh_expr_type(r->keys[k].expr);
        if (join >= 0 && type.kind == SH_KIND_TEXT)
            type.domain = -1;
        SH_TRY(add_column(b, node, name, type, join, &v->key_columns[k]));
    }
    if (!of_one_person)
        return sh_yaml_fail(
            b->err, node,
            "the rows of a view are of one person each: put person, encounter or stay among its keys");
    return SH_OK;
}

static sh_code add_field(struct sh_build *b, const struct sh_yaml_entry *entry) {
    struct sh_rule_view *v = b->view;
    const struct sh_yaml *node = entry->value;
    struct sh_view_field *f = &v->fields[v->n_fields];
    if (node->kind != SH_YAML_TEXT || node->text.len == 0)
        return sh_yaml_fail(b->err, node, "a field is one expression");
    bool is_name = entry->key.len > 0;
    for (size_t i = 0; i < entry->key.len; i++)
        is_name = is_name && is_word_sign(entry->key.at[i]);
    if (!is_name)
        return sh_yaml_fail(b->err, node, "'%.*s' is no name for a column; use letters, digits and _",
                            SH_ARG(entry->key));
    SH_TRY(sh_build_expr(b, node, 0, node->text, SH_BUILD_OWN, &f->expr));
    f->name = entry->key;
    struct sh_type type = sh_expr_type(f->expr);
    const int16_t join = sh_expr_join(f->expr);
    if (type.kind == SH_KIND_SET || type.kind == SH_KIND_RANGE)
        return sh_yaml_fail(b->err, node, "a set or a range is no value of a column");
    if (join >= 0 && type.kind == SH_KIND_TEXT)
        type.domain = -1;
    if (type.kind == SH_KIND_NUMBER && type.unit == SH_UNIT_RATIO)
        type.scale = 6;
    SH_TRY(add_column(b, node, f->name, type, join, &f->column));
    v->n_fields++;
    return SH_OK;
}

static sh_code add_fields(struct sh_build *b) {
    const struct sh_yaml *fields = sh_yaml_get(b->root, "fields");
    if (!fields)
        return b->view->kind == SH_VIEW_DAYS
                   ? SH_OK
                   : sh_yaml_fail(b->err, b->root, "the view lacks 'fields': {NAME: expression}");
    if (fields->kind != SH_YAML_MAP)
        return sh_yaml_fail(b->err, fields, "fields is a map: {NAME: expression}");
    b->view->fields = sh_new(b->arena, struct sh_view_field, fields->n);
    if (!b->view->fields)
        return sh_fail(b->err, SH_E_NOMEM, "no room for a view");
    for (size_t i = 0; i < fields->n; i++)
        SH_TRY(sh_build_note(b, add_field(b, &fields->entries[i])));
    return SH_OK;
}

/* ---- kinds -------------------------------------------------------------------------------------- */

/* expand: stay by day */
static sh_code read_expand(struct sh_build *b, const struct sh_yaml *node) {
    struct sh_rule_view *v = b->view;
    v->kind = SH_VIEW_DAYS;
    const size_t by = node->kind == SH_YAML_TEXT ? sh_str_find(node->text, SH_STR(" by ")) : SH_STR_NONE;
    if (by == SH_STR_NONE || !sh_str_is(sh_str_trim(sh_str_sub(node->text, by + 4, node->text.len)), "day"))
        return sh_yaml_fail(b->err, node, "write 'expand: TABLE by day'");
    SH_TRY(sh_build_table(b, node, sh_str_trim(sh_str_sub(node->text, 0, by)), &v->source));
    const struct sh_model_table *t = &b->rules->model->model.tables[v->source];
    if (t->time_column < 0 || t->end_column < 0)
        return sh_yaml_fail(b->err, node, "a row of %s has no beginning and end to expand", t->name);
    b->rule->table = v->table;
    b->rule->shape = SH_SHAPE_ROW;
    return SH_OK;
}

static sh_code build_days(struct sh_build *b, const struct sh_yaml *expand) {
    SH_TRY(read_expand(b, expand));
    SH_TRY(add_source(b, expand));
    SH_TRY(add_day(b, expand));
    return sh_build_variable(b, expand, b->rule->id, b->view->table, true, &b->rule->subject);
}

static sh_code build_others(struct sh_build *b) {
    struct sh_rule_view *v = b->view;
    const size_t errors_before = b->reporter->n_errors;
    SH_TRY(sh_build_shape(b));
    if (b->rule->n_variables == 0)
        return SH_OK;
    if (b->rule->shape != SH_SHAPE_ROW && b->rule->shape != SH_SHAPE_GROUP)
        return sh_yaml_fail(b->err, b->root,
                            "a view is 'each: TABLE', 'each: [keys]' or 'expand: TABLE by day'");
    v->source = b->rule->table;
    v->kind = b->rule->shape == SH_SHAPE_ROW ? SH_VIEW_ROWS : SH_VIEW_GROUPS;
    SH_TRY(sh_build_uses(b));
    SH_TRY(sh_build_with(b));
    SH_TRY(sh_build_keys(b));
    if (b->reporter->n_errors != errors_before)
        return SH_OK;
    if (v->kind == SH_VIEW_ROWS)
        SH_TRY(add_source(b, b->root));
    SH_TRY(add_day(b, b->root));
    return v->kind == SH_VIEW_GROUPS ? add_keys(b, sh_yaml_get(b->root, "each")) : SH_OK;
}

static sh_code build_view(struct sh_build *b, struct file *file) {
    struct sh_rule_view *v = b->view;
    const struct sh_yaml *expand = sh_yaml_get(b->root, "expand"), *where = sh_yaml_get(b->root, "where");
    const size_t errors_before = b->reporter->n_errors;
    SH_TRY(
        sh_build_note(b, sh_yaml_only(b->root, view_keys, sizeof(view_keys) / sizeof(view_keys[0]), b->err)));
    b->rule->id = file->name;
    SH_TRY(begin_table(b, b->root));
    SH_TRY(expand ? build_days(b, expand) : build_others(b));
    if (b->reporter->n_errors != errors_before)
        return SH_OK;
    if (where)
        SH_TRY(sh_build_note(b, sh_build_condition(b, where, SH_BUILD_ROW, &b->rule->where)));
    SH_TRY(add_fields(b));
    SH_TRY(sh_build_note(b, sh_build_equivalents(b)));
    v->depth = 1;
    for (size_t i = 0; i < b->rules->n_views; i++)
        if (builds_on(file, b->rules->views[i].rule->id) && b->rules->views[i].depth >= v->depth)
            v->depth = b->rules->views[i].depth + 1;
    if (v->depth > VIEW_DEPTH_MAX)
        return sh_yaml_fail(b->err, b->root, "views build on each other at most %d deep", VIEW_DEPTH_MAX);
    if (b->reporter->n_errors == errors_before)
        b->rules->n_views++;
    return SH_OK;
}

static sh_code read_view(struct views *vs, struct file *file) {
    struct sh_rules *rules = vs->rules;
    struct sh_rule_view *v = &rules->views[rules->n_views];
    *v = (struct sh_rule_view){.rule = sh_new(vs->arena, struct sh_rule, 1)};
    if (!v->rule)
        return sh_fail(vs->err, SH_E_NOMEM, "%s: no room for the view", file->path);
    *v->rule = (struct sh_rule){.file = sh_str_of(file->path),
                                .text = file->text,
                                .knowledge = -1,
                                .from = INT32_MIN,
                                .to = INT32_MAX,
                                .is_view = true};
    struct sh_build b = {.rules = rules,
                         .arena = vs->arena,
                         .reporter = vs->reporter,
                         .root = file->root,
                         .rule = v->rule,
                         .view = v,
                         .err = vs->err};
    file->is_done = true;
    const uint16_t tables_before = rules->model->model.n_tables;
    const size_t errors_before = vs->reporter->n_errors;
    SH_TRY(sh_build_note(&b, build_view(&b, file)));
    if (vs->reporter->n_errors != errors_before) /* what builds on it is told of its own faults only */
        rules->model->model.n_tables = tables_before;
    return SH_OK;
}

/* ---- all of them -------------------------------------------------------------------------------- */

static sh_code parse_file(struct views *vs, const char *path) {
    struct file *f = &vs->files[vs->n];
    *f = (struct file){.path = path};
    SH_TRY(sh_rules_read_file(vs->options, path, SH_YAML_BYTES_MAX, vs->arena, &f->text, vs->err));
    SH_TRY(sh_yaml_load(path, f->text, vs->arena, &f->root, vs->err));
    const struct sh_yaml *name;
    SH_TRY(sh_yaml_need(f->root, "view", SH_YAML_TEXT, &name, vs->err));
    f->name = name->text;
    const struct sh_str base = sh_str_of(sh_path_base(path));
    if (!sh_str_eq(f->name, sh_str_sub(base, 0, base.len - 5)))
        return sh_yaml_fail(vs->err, name, "the file of view '%.*s' is named %.*s.yaml", SH_ARG(f->name),
                            SH_ARG(f->name));
    vs->n++;
    return SH_OK;
}

static bool is_ready(const struct views *vs, const struct file *f) {
    for (size_t i = 0; i < vs->n; i++)
        if (&vs->files[i] != f && !vs->files[i].is_done && builds_on(f, vs->files[i].name))
            return false;
    return !builds_on(f, f->name) || sh_yaml_get(f->root, "expand");
}

static sh_code read_all(struct views *vs) {
    for (size_t left = vs->n; left > 0;) {
        const size_t before = left;
        for (size_t i = 0; i < vs->n; i++)
            if (!vs->files[i].is_done && is_ready(vs, &vs->files[i])) {
                SH_TRY(read_view(vs, &vs->files[i]));
                left--;
            }
        if (left < before)
            continue;
        for (size_t i = 0; i < vs->n; i++)
            if (!vs->files[i].is_done)
                SH_TRY(sh_reporter_note(
                    vs->reporter,
                    sh_yaml_fail(vs->err, vs->files[i].root,
                                 "view '%.*s' builds on itself, by way of other views or not",
                                 SH_ARG(vs->files[i].name)),
                    vs->err));
        return SH_OK;
    }
    return SH_OK;
}

sh_code sh_views_list(const struct sh_rules_options *options, struct sh_arena *arena, const char *const **ret,
                      size_t *ret_n, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    bool there;
    *ret = NULL, *ret_n = 0;
    SH_TRY(sh_path_join(dir, options->rules_dir, "views", err));
    SH_TRY(sh_is_dir(dir, &there, err));
    if (!there)
        return SH_OK;
    const struct sh_dir_entry *entries;
    size_t n;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n, err));
    const char **paths = sh_new(arena, const char *, n + 1);
    if (!paths)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its files", dir);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].kind == SH_ENTRY_DIR || entries[i].name[0] == '.' ||
            !sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".yaml")))
            continue;
        paths[*ret_n] = sh_arena_printf(arena, NULL, "%s/%s", dir, entries[i].name);
        if (!paths[(*ret_n)++])
            return sh_fail(err, SH_E_NOMEM, "%s: no room for its files", dir);
    }
    *ret = paths;
    return SH_OK;
}

sh_code sh_views_load(const struct sh_rules_options *options, const char *const *paths, size_t n,
                      struct sh_rules *rules, struct sh_arena *arena, struct sh_reporter *reporter,
                      struct sh_err *err) {
    assert(options && rules && arena && reporter && err);
    struct views vs = {.options = options, .rules = rules, .arena = arena, .reporter = reporter, .err = err};
    vs.files = sh_new(arena, struct file, n + 1);
    rules->views = sh_new(arena, struct sh_rule_view, n + 1);
    if (!vs.files || !rules->views)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu views", n);
    for (size_t i = 0; i < n; i++)
        SH_TRY(sh_reporter_note(reporter, parse_file(&vs, paths[i]), err));
    return read_all(&vs);
}
