#include "gate/rulefolder.h"
#include "base/fs.h"
#include "base/limits.h"

static sh_code copy_text(const char *from, const char *to, const char *name, struct sh_arena *arena,
                         struct sh_err *err) {
    struct sh_str text;
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, from, name, err));
    SH_TRY(sh_fs_read(path, SH_YAML_BYTES_MAX, arena, &text, err));
    SH_TRY(sh_path_join(path, to, name, err));
    return sh_fs_write(path, text, err);
}

/* The files of a folder below both, if there is one. */
static sh_code copy_folder(const char *from_dir, const char *to_dir, const char *name, struct sh_arena *arena,
                           struct sh_err *err) {
    char from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_TRY(sh_path_join(from, from_dir, name, err));
    const sh_code code = sh_dir_list(from, arena, &entries, &n, err);
    if (code != SH_OK)
        return code == SH_E_NOTFOUND ? SH_OK : code;
    SH_TRY(sh_path_join(to, to_dir, name, err));
    SH_TRY(sh_mkdir_all(to, err));
    for (size_t i = 0; i < n; i++)
        if (entries[i].kind == SH_ENTRY_FILE)
            SH_TRY(copy_text(from, to, entries[i].name, arena, err));
    return SH_OK;
}

static sh_code copy_layer(const char *from, const char *to, const char *file, struct sh_arena *arena,
                          struct sh_err *err) {
    SH_TRY(sh_mkdir_all(to, err));
    const sh_code code = copy_text(from, to, file, arena, err);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    return copy_folder(from, to, "knowledge", arena, err);
}

static sh_code copy_layers(const char *rules_dir, const char *dir, const char *file, struct sh_arena *arena,
                           struct sh_err *err) {
    char local[SH_PATH_BYTES_MAX], from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_TRY(sh_path_join(local, rules_dir, "local", err));
    const sh_code code = sh_dir_list(local, arena, &entries, &n, err);
    if (code != SH_OK)
        return code == SH_E_NOTFOUND ? SH_OK : code;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].kind != SH_ENTRY_DIR)
            continue;
        SH_TRY(sh_path_join(from, local, entries[i].name, err));
        SH_TRY(sh_path_format(to, err, "%s/local/%s", dir, entries[i].name));
        SH_TRY(copy_layer(from, to, file, arena, err));
    }
    return SH_OK;
}

struct sh_str sh_rule_text_id(struct sh_str text) {
    struct sh_str rest = text;
    for (struct sh_str row; rest.at && sh_str_split(&rest, '\n', &row);) {
        if (!sh_str_starts_with(row, SH_STR("rule:")))
            continue;
        const struct sh_str name = sh_str_trim(sh_str_sub(row, 5, row.len));
        return sh_path_is_plain_name(name) && name.len <= 64 ? name : SH_STR("edited");
    }
    return SH_STR("edited");
}

sh_code sh_rule_folder_lay(const char *rules_dir, struct sh_str text, const char *dir, struct sh_arena *arena,
                           struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    const char *file = sh_arena_printf(arena, NULL, "%.*s.yaml", SH_ARG(sh_rule_text_id(text)));
    if (!file)
        return sh_fail(err, SH_E_NOMEM, "no room for the name of a rule");
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_path_join(path, dir, file, err));
    SH_TRY(sh_fs_write(path, text, err));
    const sh_code code = copy_text(rules_dir, dir, "kinds.csv", arena, err);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    SH_TRY(copy_folder(rules_dir, dir, "views", arena, err));
    return copy_layers(rules_dir, dir, file, arena, err);
}
