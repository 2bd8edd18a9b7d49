/* Loads registers and checks them against each other. */
#include "law/register.h"
#include "base/fs.h"
#include "base/limits.h"
#include "expr/expr.h"
#include "law/inner.h"
#include "law/reading.h"
#include <stdlib.h>

static const char *const type_names[SH_FIELD_TYPES] = {"text",  "code",    "choice", "date", "int",
                                                       "money", "decimal", "bool",   "ref",  "place",
                                                       "uscc",  "idcard",  "phone"};
static const char *const mask_names[] = {"none", "name", "number", "all"};
static const char *const change_names[] = {"direct", "two_person", "steps"};

const char *sh_field_type_name(enum sh_field_type type) {
    return type_names[type];
}

sh_code sh_law_word(const struct sh_yaml *node, const char *const *words, size_t n, size_t *ret,
                    struct sh_err *err) {
    for (size_t i = 0; i < n; i++)
        if (node->kind == SH_YAML_TEXT && sh_str_is(node->text, words[i])) {
            *ret = i;
            return SH_OK;
        }
    const char *near = sh_did_you_mean(node->text, words, n);
    return sh_yaml_fail(err, node, "unknown word \"%.*s\"%s%s", SH_ARG(node->text),
                        near ? ", did you mean " : "", near ? near : "");
}

sh_code sh_law_list(const struct sh_yaml *map, const char *key, struct sh_arena *arena,
                    const struct sh_str **ret, size_t *ret_n, struct sh_err *err) {
    const struct sh_yaml *list = sh_yaml_get(map, key);
    *ret = NULL, *ret_n = 0;
    if (!list)
        return SH_OK;
    if (list->kind != SH_YAML_LIST)
        return sh_yaml_fail(err, list, "%s must be a list", key);
    struct sh_str *out = sh_new(arena, struct sh_str, list->n);
    if (!out)
        return sh_fail(err, SH_E_NOMEM, "no room for a list of %zu", list->n);
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i]->kind != SH_YAML_TEXT || list->items[i]->text.len == 0)
            return sh_yaml_fail(err, list->items[i], "%s must be a list of words", key);
        out[i] = list->items[i]->text;
    }
    *ret = out, *ret_n = list->n;
    return SH_OK;
}

void sh_law_words(struct sh_str text, struct sh_str missing, struct sh_str *ret_zh, struct sh_str *ret_en) {
    const size_t slash = sh_str_find(text, SH_STR(" / "));
    *ret_zh = slash == SH_STR_NONE ? text : sh_str_sub(text, 0, slash);
    *ret_en = slash == SH_STR_NONE ? missing : sh_str_sub(text, slash + 3, text.len);
}

static sh_code read_bool(const struct sh_yaml *map, const char *key, bool *ret, struct sh_err *err) {
    static const char *const words[] = {"false", "true"};
    const struct sh_yaml *node = sh_yaml_get(map, key);
    size_t i = 0;
    if (node)
        SH_TRY(sh_law_word(node, words, 2, &i, err));
    *ret = i == 1;
    return SH_OK;
}

static sh_code read_i64(const struct sh_yaml *map, const char *key, int64_t missing, int64_t *ret,
                        struct sh_err *err) {
    const struct sh_yaml *node = sh_yaml_get(map, key);
    *ret = missing;
    if (!node)
        return SH_OK;
    char *end = NULL;
    if (node->kind == SH_YAML_TEXT && node->text.len && node->text.len < 19)
        *ret = strtoll(node->text.at, &end, 10);
    return end && *end == '\0' ? SH_OK : sh_yaml_fail(err, node, "%s must be a whole number", key);
}

static sh_code read_choices(const struct sh_yaml *map, struct sh_arena *arena, struct sh_field *field,
                            struct sh_err *err) {
    const struct sh_yaml *list = NULL;
    SH_TRY(sh_yaml_need(map, "of", SH_YAML_MAP, &list, err));
    struct sh_choice *out = sh_new(arena, struct sh_choice, list->n);
    if (!out)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu choices", list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct sh_yaml_entry *entry = &list->entries[i];
        if (entry->value->kind != SH_YAML_TEXT)
            return sh_yaml_fail(err, entry->value, "a choice is written word: 名称 / english");
        out[i].code = entry->key;
        sh_law_words(entry->value->text, entry->key, &out[i].name, &out[i].english);
    }
    field->choices = out, field->n_choices = list->n;
    return list->n ? SH_OK : sh_yaml_fail(err, list, "a choice needs words to choose from");
}

/* What only some types have. */
static sh_code read_type(const struct sh_yaml *map, struct sh_arena *arena, struct sh_field *field,
                         struct sh_err *err) {
    const struct sh_yaml *node = NULL;
    size_t i = 0;
    SH_TRY(sh_yaml_need(map, "type", SH_YAML_TEXT, &node, err));
    SH_TRY(sh_law_word(node, type_names, SH_FIELD_TYPES, &i, err));
    field->type = (enum sh_field_type)i;
    int64_t max = 0;
    SH_TRY(read_i64(map, "max", 200, &max, err));
    if (max < 1 || max > 20000)
        return sh_yaml_fail(err, map, "max must lie between 1 and 20000 characters");
    field->max = (uint32_t)max;
    SH_TRY(read_i64(map, "low", INT64_MIN, &field->low, err));
    SH_TRY(read_i64(map, "high", INT64_MAX, &field->high, err));
    field->ref = sh_yaml_text(map, "register");
    if (field->type == SH_FIELD_REF && field->ref.len == 0)
        return sh_yaml_fail(err, map, "a reference names its register");
    return field->type == SH_FIELD_CHOICE ? read_choices(map, arena, field, err) : SH_OK;
}

static sh_code read_field(const struct sh_yaml_entry *entry, struct sh_arena *arena, struct sh_field *field,
                          struct sh_err *err) {
    static const char *const known[] = {"type", "name", "english", "help", "required", "search", "personal",
                                        "max",  "low",  "high",    "of",   "register", "lines"};
    const struct sh_yaml *map = entry->value;
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "a field is a map: {type: …, name: …}");
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], err));
    field->id = entry->key;
    field->line = entry->key_place.line;
    for (size_t i = 0; i < entry->key.len; i++) {
        const char c = entry->key.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return sh_yaml_fail_at(err, map, entry->key_place, "a field's word has only a-z, 0-9 and _");
    }
    if (sh_is_keyword(entry->key))
        return sh_yaml_fail_at(err, map, entry->key_place,
                               "%.*s is a word of the conditions: no field is called so", SH_ARG(entry->key));
    const struct sh_yaml *name = NULL;
    SH_TRY(sh_yaml_need(map, "name", SH_YAML_TEXT, &name, err));
    field->name = name->text;
    field->english = sh_yaml_text(map, "english").len ? sh_yaml_text(map, "english") : field->id;
    field->help = sh_yaml_text(map, "help");
    SH_TRY(read_bool(map, "required", &field->required, err));
    SH_TRY(read_bool(map, "search", &field->searchable, err));
    SH_TRY(read_bool(map, "lines", &field->has_lines, err));
    const struct sh_yaml *personal = sh_yaml_get(map, "personal");
    size_t mask = 0;
    if (personal)
        SH_TRY(sh_law_word(personal, mask_names, 4, &mask, err));
    field->mask = (enum sh_mask)mask;
    if (field->mask && field->searchable)
        return sh_yaml_fail(err, map, "a personal field is sealed and cannot be searched");
    return read_type(map, arena, field, err);
}

sh_code sh_law_field(const struct sh_yaml_entry *entry, struct sh_arena *arena, struct sh_field *field,
                     struct sh_err *err) {
    return read_field(entry, arena, field, err);
}

static sh_code read_fields(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                           struct sh_err *err) {
    const struct sh_yaml *map = NULL;
    SH_TRY(sh_yaml_need(root, "fields", SH_YAML_MAP, &map, err));
    struct sh_field *fields = sh_new(arena, struct sh_field, map->n);
    if (!fields)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu fields", map->n);
    for (size_t i = 0; i < map->n; i++)
        SH_TRY(read_field(&map->entries[i], arena, &fields[i], err));
    reg->fields = fields, reg->n_fields = map->n;
    const struct sh_yaml *keys = NULL;
    SH_TRY(sh_yaml_need(root, "key", SH_YAML_LIST, &keys, err));
    for (size_t i = 0; i < keys->n; i++) {
        const int32_t at = sh_register_field(reg, keys->items[i]->text, false);
        if (at < 0)
            return sh_yaml_fail(err, keys->items[i], "the key names no field");
        if (fields[at].mask)
            return sh_yaml_fail(err, keys->items[i],
                                "a personal field cannot be a key: keys are shown to all");
        fields[at].is_key = fields[at].required = true;
    }
    return keys->n ? SH_OK : sh_yaml_fail(err, keys, "a register needs a key");
}

static sh_code read_scope(const struct sh_yaml *root, struct sh_register *reg, struct sh_err *err) {
    static const char *const known[] = {"place", "body"};
    reg->place_field = reg->body_field = -1;
    const struct sh_yaml *scope = sh_yaml_get(root, "scope");
    if (!scope)
        return SH_OK;
    if (scope->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, scope, "scope is a map: {place: FIELD, body: FIELD}");
    SH_TRY(sh_yaml_only(scope, known, 2, err));
    for (size_t i = 0; i < scope->n; i++) {
        const int32_t at = sh_register_field(reg, scope->entries[i].value->text, false);
        if (at < 0)
            return sh_yaml_fail(err, scope->entries[i].value, "the scope names no field");
        if (!reg->fields[at].required)
            return sh_yaml_fail(err, scope->entries[i].value,
                                "a field that decides who may see must be required");
        if (sh_str_is(scope->entries[i].key, "place"))
            reg->place_field = at;
        else
            reg->body_field = at;
    }
    return SH_OK;
}

static sh_code read_roles_of(const struct sh_yaml *map, const char *key, const struct sh_roles *roles,
                             struct sh_arena *arena, const struct sh_str **ret, size_t *ret_n,
                             struct sh_err *err) {
    SH_TRY(sh_law_list(map, key, arena, ret, ret_n, err));
    for (size_t i = 0; roles && i < *ret_n; i++)
        if (!sh_role_find(roles, (*ret)[i]))
            return sh_yaml_fail(err, sh_yaml_get(map, key)->items[i], "no role \"%.*s\" in roles.yaml",
                                SH_ARG((*ret)[i]));
    return SH_OK;
}

static sh_code read_change(const struct sh_yaml *root, const struct sh_roles *roles, struct sh_arena *arena,
                           struct sh_register *reg, struct sh_err *err) {
    static const char *const known[] = {"by", "change", "approve"};
    const struct sh_yaml *edit = NULL;
    SH_TRY(sh_yaml_need(root, "edit", SH_YAML_MAP, &edit, err));
    SH_TRY(sh_yaml_only(edit, known, 3, err));
    const struct sh_yaml *word = NULL;
    size_t i = 0;
    SH_TRY(sh_yaml_need(edit, "change", SH_YAML_TEXT, &word, err));
    SH_TRY(sh_law_word(word, change_names, 3, &i, err));
    reg->change = (enum sh_change_kind)i;
    SH_TRY(read_roles_of(edit, "by", roles, arena, &reg->edit_by, &reg->n_edit_by, err));
    SH_TRY(read_roles_of(edit, "approve", roles, arena, &reg->approve_by, &reg->n_approve_by, err));
    SH_TRY(read_roles_of(root, "read", roles, arena, &reg->read_by, &reg->n_read_by, err));
    if (reg->change != SH_CHANGE_STEPS && reg->n_edit_by == 0)
        return sh_yaml_fail(err, edit, "nobody may edit: name roles in `by`, or write change: steps");
    if (reg->change == SH_CHANGE_TWO && reg->n_approve_by == 0)
        return sh_yaml_fail(err, edit, "a change by two persons names in `approve` who approves");
    return SH_OK;
}

static sh_code read_register(const struct sh_yaml *root, const struct sh_roles *roles, struct sh_arena *arena,
                             struct sh_register *reg, struct sh_err *err) {
    static const char *const known[] = {"register", "name",     "english",  "about",     "basis",
                                        "key",      "validity", "edit",     "read",      "scope",
                                        "fields",   "checks",   "complete", "knowledge", "runs"};
    static const char *const validity[] = {"none", "interval"};
    if (root->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, root, "a register is a map");
    SH_TRY(sh_yaml_only(root, known, sizeof known / sizeof known[0], err));
    const struct sh_yaml *id = NULL, *name = NULL;
    SH_TRY(sh_yaml_need(root, "register", SH_YAML_TEXT, &id, err));
    SH_TRY(sh_yaml_need(root, "name", SH_YAML_TEXT, &name, err));
    reg->id = id->text, reg->name = name->text, reg->file = root->file;
    reg->english = sh_yaml_text(root, "english").len ? sh_yaml_text(root, "english") : reg->id;
    reg->about = sh_yaml_text(root, "about");
    SH_TRY(sh_law_list(root, "basis", arena, &reg->basis, &reg->n_basis, err));
    if (reg->n_basis == 0)
        return sh_yaml_fail(err, root, "a register without a basis");
    size_t has = 1;
    if (sh_yaml_get(root, "validity"))
        SH_TRY(sh_law_word(sh_yaml_get(root, "validity"), validity, 2, &has, err));
    reg->has_validity = has == 1;
    SH_TRY(read_fields(root, arena, reg, err));
    SH_TRY(read_scope(root, reg, err));
    SH_TRY(read_change(root, roles, arena, reg, err));
    SH_TRY(sh_law_checks(root, arena, reg, err));
    SH_TRY(sh_law_runs(root, arena, reg, err));
    return sh_law_knowledge(root, arena, reg, err);
}

static sh_code check_refs(const struct sh_registers *all, struct sh_err *err) {
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < all->of[i].n_fields; k++) {
            const struct sh_field *field = &all->of[i].fields[k];
            if (field->type == SH_FIELD_REF && !sh_register_find(all, field->ref))
                return sh_fail(err, SH_E_INPUT,
                               "%s:%u: field %.*s refers to the register %.*s, which is not there",
                               all->of[i].file, field->line, SH_ARG(field->id), SH_ARG(field->ref));
        }
    return SH_OK;
}

sh_code sh_registers_load(const char *dir, const struct sh_roles *roles, struct sh_arena *arena,
                          const struct sh_registers **ret, struct sh_err *err) {
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n, err));
    struct sh_registers *all = sh_new(arena, struct sh_registers, 1);
    struct sh_register *of = sh_new(arena, struct sh_register, n);
    if (!all || !of)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu registers", n);
    const struct sh_yaml **roots = sh_new(arena, const struct sh_yaml *, n);
    if (!roots)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu registers", n);
    all->of = of;
    for (size_t i = 0; i < n; i++) {
        if (!sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".yaml")))
            continue;
        char path[SH_PATH_BYTES_MAX];
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        const struct sh_yaml *root = NULL;
        SH_TRY(sh_yaml_load_file(path, arena, &root, err));
        SH_TRY(read_register(root, roles, arena, &of[all->n], err));
        const struct sh_str stem = sh_str_sub(sh_str_of(entries[i].name), 0, strlen(entries[i].name) - 5);
        if (!sh_str_eq(of[all->n].id, stem))
            return sh_yaml_fail(err, root, "the file is named %s but holds the register %.*s",
                                entries[i].name, SH_ARG(of[all->n].id));
        roots[all->n++] = root;
    }
    SH_TRY(check_refs(all, err));
    for (size_t i = 0; i < all->n; i++)
        SH_TRY(sh_law_complete(roots[i], of, all->n, &of[i], arena, err));
    *ret = all;
    return SH_OK;
}

const struct sh_register *sh_register_find(const struct sh_registers *registers, struct sh_str id) {
    for (size_t i = 0; i < registers->n; i++)
        if (sh_str_eq(registers->of[i].id, id))
            return &registers->of[i];
    return NULL;
}

int32_t sh_register_field(const struct sh_register *reg, struct sh_str id, bool or_name) {
    for (size_t i = 0; i < reg->n_fields; i++)
        if (sh_str_eq(reg->fields[i].id, id) || (or_name && sh_str_eq(reg->fields[i].name, id)))
            return (int32_t)i;
    return -1;
}
