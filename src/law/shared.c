/* Fields of a machine: its own, and those that several procedures have alike. */
#include "base/fs.h"
#include "base/limits.h"
#include "law/inner.h"
#include "law/reading.h"

enum { FIELDS_MAX = 128, SHARED_MAX = 16 };

struct reader {
    const struct sh_registers *registers;
    struct sh_field *of; /* [FIELDS_MAX] */
    size_t n;
    const struct sh_yaml **names; /* [SHARED_MAX] of shared files */
    size_t n_names;
    struct sh_arena *arena;
    struct sh_err *err;
};

static sh_code read_field(struct reader *r, const struct sh_yaml_entry *entry) {
    if (r->n == FIELDS_MAX)
        return sh_yaml_fail(r->err, entry->value, "more than %d fields", FIELDS_MAX);
    struct sh_field *field = &r->of[r->n];
    SH_TRY(sh_law_field(entry, r->arena, field, r->err));
    if (field->type == SH_FIELD_REF && !sh_register_find(r->registers, field->ref))
        return sh_yaml_fail(r->err, entry->value, "no register \"%.*s\"", SH_ARG(field->ref));
    for (size_t i = 0; i < r->n; i++)
        if (sh_str_eq(r->of[i].id, field->id))
            return sh_yaml_fail(r->err, entry->value, "the field %.*s is there already", SH_ARG(field->id));
    r->n++;
    return SH_OK;
}

/* law/procedures/x.yaml: law/fields/NAME.yaml. A name is no path. */
static sh_code path_of(const struct sh_yaml *use, char *ret, struct sh_err *err) {
    struct sh_str dir = sh_str_of(use->file);
    for (size_t i = 0; i < use->text.len; i++)
        if (!(use->text.at[i] >= 'a' && use->text.at[i] <= 'z') && use->text.at[i] != '-')
            return sh_yaml_fail(err, use, "use names files of law/fields: letters and -");
    for (int up = 0; up < 2; up++) {
        while (dir.len && dir.at[dir.len - 1] != '/')
            dir.len--;
        dir.len -= dir.len > 1 && up == 0;
    }
    return sh_path_format(ret, err, "%.*sfields/%.*s.yaml", SH_ARG(dir), SH_ARG(use->text));
}

static sh_code read_shared(struct reader *r, const struct sh_yaml *use) {
    static const char *const known[] = {"shared", "fields", "names"};
    char path[SH_PATH_BYTES_MAX];
    const struct sh_yaml *root = NULL, *name = NULL, *fields = NULL;
    bool is_there = false;
    if (use->kind != SH_YAML_TEXT)
        return sh_yaml_fail(r->err, use, "use: the name of shared fields, or a list of names");
    SH_TRY(path_of(use, path, r->err));
    SH_TRY(sh_fs_exists(path, &is_there, r->err));
    if (!is_there)
        return sh_yaml_fail(r->err, use, "no shared fields \"%.*s\": %s is not there", SH_ARG(use->text),
                            path);
    SH_TRY(sh_yaml_load_file(path, r->arena, &root, r->err));
    SH_TRY(sh_yaml_only(root, known, sizeof known / sizeof known[0], r->err));
    SH_TRY(sh_yaml_need(root, "shared", SH_YAML_TEXT, &name, r->err));
    SH_TRY(sh_yaml_need(root, "fields", SH_YAML_MAP, &fields, r->err));
    if (!sh_str_eq(name->text, use->text))
        return sh_yaml_fail(r->err, name, "the file is named %.*s.yaml", SH_ARG(use->text));
    for (size_t i = 0; i < fields->n; i++)
        SH_TRY(read_field(r, &fields->entries[i]));
    const struct sh_yaml *names = sh_yaml_get(root, "names");
    if (names && r->n_names == SHARED_MAX)
        return sh_yaml_fail(r->err, use, "more than %d files of shared fields have names", SHARED_MAX);
    if (names)
        r->names[r->n_names++] = names;
    return SH_OK;
}

static sh_code read_entry(struct reader *r, const struct sh_yaml_entry *entry) {
    const struct sh_yaml *value = entry->value;
    if (!sh_str_is(entry->key, "use"))
        return read_field(r, entry);
    if (value->kind != SH_YAML_LIST)
        return read_shared(r, value);
    for (size_t i = 0; i < value->n; i++)
        SH_TRY(read_shared(r, value->items[i]));
    return SH_OK;
}

sh_code sh_law_fields(const struct sh_yaml *map, const struct sh_registers *registers,
                      struct sh_machine *machine, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_yaml *fields = sh_yaml_get(map, "fields");
    struct reader r = {.registers = registers,
                       .of = sh_new(arena, struct sh_field, FIELDS_MAX),
                       .names = sh_new(arena, const struct sh_yaml *, SHARED_MAX),
                       .arena = arena,
                       .err = err};
    if (!fields)
        return SH_OK;
    if (fields->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, fields, "fields is a map");
    if (!r.of || !r.names)
        return sh_fail(err, SH_E_NOMEM, "no room for fields");
    for (size_t i = 0; i < fields->n; i++)
        SH_TRY(read_entry(&r, &fields->entries[i]));
    machine->fields = r.of, machine->n_fields = r.n;
    machine->names = r.names, machine->n_names = r.n_names;
    return SH_OK;
}
