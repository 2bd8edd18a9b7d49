/* Rules of tests/audit/data over small lakes written as YAML. */
#pragma once
#include "audit/audit.h"
#include "audit/memlake.h"
#include "base/limits.h"
#include "check.h"

struct small {
    struct sh_arena arena;
    struct sh_memlake lake;
    struct sh_plan *plan;
    struct sh_audit_worker *worker;
    struct sh_chunk_findings found;
};

static inline void small_release(struct small *s) {
    sh_audit_worker_free(s->worker);
    sh_arena_free(&s->arena);
}

/* Load, bind and audit. dir: of the rules; only NULL: all of them. */
static inline sh_code small_run_of(struct small *s, const char *dir, const char *yaml, const char *only,
                                   struct sh_err *err) {
    static char rules[SH_PATH_BYTES_MAX], knowledge[SH_PATH_BYTES_MAX], params[SH_PATH_BYTES_MAX];
    const struct sh_rules_options options = {
        .rules_dir = check_source_path(dir, rules, sizeof(rules)),
        .knowledge_dir = check_source_path("tests/audit/data/knowledge", knowledge, sizeof(knowledge)),
        .params_dir = check_source_path("tests/audit/data/params", params, sizeof(params)),
        .only = &only,
        .n_only = only ? 1 : 0,
        .known_as_of = INT32_MAX,
        .place = "000000"};
    struct sh_rules_options all = options;
    if (!only)
        all.only = NULL;
    const struct sh_yaml *node;
    struct sh_rules *loaded;
    *s = (struct small){0};
    SH_TRY(sh_rules_load(&all, &s->arena, NULL, &loaded, err));
    SH_TRY(sh_yaml_load("lake", sh_str_of(yaml), &s->arena, &node, err));
    SH_TRY(sh_memlake_build(node, &s->arena, &s->lake, err));
    const struct sh_plan_options plan = {.as_of = INT32_MAX, .incomplete = s->lake.incomplete};
    SH_TRY(sh_plan_make(loaded, &s->lake.dicts, &plan, &s->arena, &s->plan, err));
    SH_TRY(sh_audit_worker_new(s->plan, &s->worker, err));
    return sh_audit_chunk(s->worker, &s->lake.chunk, &s->found, err);
}

static inline sh_code small_run(struct small *s, const char *yaml, const char *only, struct sh_err *err) {
    return small_run_of(s, "tests/audit/data/rules", yaml, only, err);
}
