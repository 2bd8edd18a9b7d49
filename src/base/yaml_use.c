#include "base/yaml.h"
#include <stdarg.h>

const struct sh_yaml_entry *sh_yaml_entry(const struct sh_yaml *node, const char *key) {
    if (!node || node->kind != SH_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < node->n; i++)
        if (sh_str_is(node->entries[i].key, key))
            return &node->entries[i];
    return NULL;
}

const struct sh_yaml *sh_yaml_get(const struct sh_yaml *node, const char *key) {
    const struct sh_yaml_entry *entry = sh_yaml_entry(node, key);
    return entry ? entry->value : NULL;
}

struct sh_str sh_yaml_text(const struct sh_yaml *node, const char *key) {
    const struct sh_yaml *value = sh_yaml_get(node, key);
    return value && value->kind == SH_YAML_TEXT ? value->text : (struct sh_str){0};
}

static const char *kind_name(sh_yaml_kind kind) {
    switch (kind) {
    case SH_YAML_TEXT:
        return "text";
    case SH_YAML_MAP:
        return "a map";
    case SH_YAML_LIST:
        return "a list";
    default:
        return "something";
    }
}

sh_code sh_yaml_need(const struct sh_yaml *map, const char *key, sh_yaml_kind kind,
                     const struct sh_yaml **ret, struct sh_err *err) {
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "must be a map with key \"%s\"", key);
    const struct sh_yaml *value = sh_yaml_get(map, key);
    if (!value)
        return sh_yaml_fail(err, map, "key \"%s\" is missing", key);
    if (value->kind != kind)
        return sh_yaml_fail(err, value, "\"%s\" must be %s, is %s", key, kind_name(kind),
                            kind_name(value->kind));
    if (value->is_empty)
        return sh_yaml_fail(err, value, "\"%s\" is empty", key);
    *ret = value;
    return SH_OK;
}

static bool is_known(struct sh_str key, const char *const *known, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(key, known[i]))
            return true;
    return false;
}

sh_code sh_yaml_only(const struct sh_yaml *map, const char *const *known, size_t n, struct sh_err *err) {
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "must be a map, is %s", kind_name(map->kind));
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml_entry *entry = &map->entries[i];
        if (is_known(entry->key, known, n))
            continue;
        const char *meant = sh_did_you_mean(entry->key, known, n);
        if (meant)
            return sh_yaml_fail_at(err, map, entry->key_place, "unknown key \"%.*s\"; did you mean \"%s\"?",
                                   SH_ARG(entry->key), meant);
        return sh_yaml_fail_at(err, map, entry->key_place, "unknown key \"%.*s\"", SH_ARG(entry->key));
    }
    return SH_OK;
}

struct sh_yaml_place sh_yaml_place_at(const struct sh_yaml *node, size_t offset) {
    struct sh_yaml_line from = {0, node->place};
    for (size_t i = 0; i < node->n_lines && node->lines[i].offset <= offset; i++)
        from = node->lines[i];
    const struct sh_str between = sh_str_sub(node->text, from.offset, offset - from.offset);
    from.place.column += (uint32_t)sh_utf8_count(between);
    return from.place;
}

static sh_code SH_PRINTF(4, 0) fail_with(struct sh_err *err, const struct sh_yaml *node,
                                         struct sh_yaml_place place, const char *format, va_list values) {
    if (!err)
        return SH_E_INPUT;
    char what[SH_ERR_MESSAGE_MAX];
    const int n = vsnprintf(what, sizeof(what), format, values);
    return sh_fail(err, SH_E_INPUT, "%s:%u:%u: %s", node->file, place.line, place.column, n < 0 ? "" : what);
}

sh_code(sh_yaml_fail)(struct sh_err *err, const struct sh_yaml *node, const char *format, ...) {
    va_list values;
    va_start(values, format);
    const sh_code code = fail_with(err, node, node->place, format, values);
    va_end(values);
    return code;
}

sh_code(sh_yaml_fail_at)(struct sh_err *err, const struct sh_yaml *node, struct sh_yaml_place place,
                         const char *format, ...) {
    va_list values;
    va_start(values, format);
    const sh_code code = fail_with(err, node, place, format, values);
    va_end(values);
    return code;
}
