/* The reader of procedures, of parameters and of registers with their checks: any bytes are a text or a
 * message with a place; never a crash. The first byte chooses which. */
#include "fuzz_yaml.h"
#include "base/fs.h"
#include "base/limits.h"
#include "law/law.h"
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_message(sh_code code) {
    return code == SH_OK || code == SH_E_INPUT || code == SH_E_LIMIT || code == SH_E_NOMEM ||
           code == SH_E_OVERFLOW;
}

enum which { PROCEDURE, PARAMS, REGISTER };

/* A register, and its checks asked of a record without values. */
static void read_register(const char *dir, struct sh_arena *arena) {
    const struct sh_registers *all = NULL;
    struct sh_err err;
    const sh_code code = sh_registers_load(dir, NULL, arena, &all, &err);
    sh_check(is_message(code));
    if (code != SH_OK)
        return;
    const struct sh_register *reg = &all->of[0];
    const struct sh_str *values = sh_new(arena, struct sh_str, reg->n_fields);
    bool *is_broken = sh_new(arena, bool, reg->n_checks + 1);
    const struct sh_register_entry entry = {values, 20000, INT32_MAX};
    const struct sh_register_asked asked = {entry, 20000, &entry, 1};
    if (values && is_broken)
        sh_check(is_message(sh_register_ask(reg, &asked, arena, is_broken, &err)));
}

/* Everything that is done to a text before a matter runs by it. */
static void read_text(const char *dir, enum which which, struct sh_arena *arena) {
    static const struct sh_registers registers = {0};
    static const struct sh_role roles_of[] = {
        {.id = {"agency.head", 11}, .name = {"负责人", 9}, .english = {"head", 4}}};
    static const struct sh_roles roles = {.of = roles_of, .n = 1};
    static struct sh_param rows[] = {{.name = {"agency.defence", 14},
                                      .place = {"000000", 6},
                                      .unit = {"wd", 2},
                                      .from = INT32_MIN,
                                      .to = INT32_MAX,
                                      .value = 5}};
    static const struct sh_params params = {.rows = rows, .n = 1};
    const struct sh_procedures *all = NULL;
    struct sh_params *read = NULL;
    struct sh_law_notes notes = {0};
    struct sh_err err;
    if (which == REGISTER) {
        read_register(dir, arena);
        return;
    }
    if (which == PARAMS) {
        sh_check(is_message(sh_params_load(dir, arena, &read, &err)));
        return;
    }
    const sh_code code = sh_procedures_load(dir, &registers, &roles, &params, arena, &all, &err);
    sh_check(is_message(code));
    if (code != SH_OK)
        return;
    SH_CLEANUP(sh_buf_free) struct sh_buf graph = {0};
    sh_check(is_message(sh_procedures_check(all, &roles, &params, 20000, arena, &notes, &err)));
    for (size_t i = 0; i < all->n; i++)
        sh_procedure_graph(&all->of[i], true, &graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = (size_t)64 << 20};
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    if (size < 2)
        return 0;
    const enum which which = data[0] & 1 ? PARAMS : data[0] & 2 ? REGISTER : PROCEDURE;
    if (sh_scratch_dir("shouhu-fuzz", dir, &err) != SH_OK)
        return 0;
    if (sh_path_join(path, dir, which == PARAMS ? "x.csv" : "x.yaml", &err) == SH_OK &&
        sh_fs_write(path, (struct sh_str){(const char *)data + 1, size - 1}, &err) == SH_OK)
        read_text(dir, which, &arena);
    sh_check(sh_remove_tree(dir, &err) == SH_OK);
    return 0;
}
