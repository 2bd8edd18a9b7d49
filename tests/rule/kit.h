/* A folder of rules, knowledge and parameters made for one test, and a report as text. */
#pragma once
#include "base/fs.h"
#include "base/limits.h"
#include "check.h"
#include "rule/rule.h"
#include <unistd.h>

struct kit {
    char dir[64], rules[96], knowledge[96], params[96];
    struct sh_arena arena;
    char report[8192];
    struct sh_rules *loaded;
    struct sh_err err;
};

static inline void kit_write(const char *dir, const char *name, const char *text) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_join(path, dir, name, &err), &err);
    CHECK_OK(sh_fs_write(path, sh_str_of(text), &err), &err);
}

static inline void kit_begin(struct kit *kit) {
    memset(kit, 0, sizeof *kit);
    (void)snprintf(kit->dir, sizeof kit->dir, "/tmp/shouhu-rule-XXXXXX");
    CHECK(mkdtemp(kit->dir) != NULL);
    (void)snprintf(kit->rules, sizeof kit->rules, "%s/rules", kit->dir);
    (void)snprintf(kit->knowledge, sizeof kit->knowledge, "%s/knowledge", kit->dir);
    (void)snprintf(kit->params, sizeof kit->params, "%s/params", kit->dir);
    CHECK_OK(sh_mkdir_all(kit->rules, &kit->err), &kit->err);
    CHECK_OK(sh_mkdir_all(kit->knowledge, &kit->err), &kit->err);
    CHECK_OK(sh_mkdir_all(kit->params, &kit->err), &kit->err);
    kit_write(kit->params, "p.csv",
              "name,place,from,to,value,unit,basis,note\nage.max,000000,,,18,years,law,\nopen.days,000000,,,,"
              "days,law,\n"
              "moving,000000,2020-01-01,2025-01-01,1,number,law,\nmoving,000000,2025-01-01,,2,number,law,\n");
}
static inline void kit_end(struct kit *kit) {
    struct sh_err err;
    sh_arena_free(&kit->arena);
    CHECK_OK(sh_remove_tree(kit->dir, &err), &err);
}

static inline sh_code kit_load_with(struct kit *kit, const char *place, int32_t known, bool keep_going) {
    const struct sh_rules_options o = {.keep_going = keep_going,
                                       .rules_dir = kit->rules,
                                       .knowledge_dir = kit->knowledge,
                                       .params_dir = kit->params,
                                       .known_as_of = known,
                                       .place = place};
    FILE *report = fmemopen(kit->report, sizeof kit->report - 1, "w");
    CHECK(report != NULL);
    memset(kit->report, 0, sizeof kit->report);
    const sh_code code = sh_rules_load(&o, &kit->arena, report, &kit->loaded, &kit->err);
    (void)fclose(report);
    return code;
}
static inline sh_code kit_load_at(struct kit *kit, const char *place, int32_t known) {
    return kit_load_with(kit, place, known, false);
}
static inline sh_code kit_load(struct kit *kit) {
    return kit_load_at(kit, "000000", INT32_MAX);
}
