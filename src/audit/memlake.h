/* Inner header: a small lake in memory, written down as YAML. For the cases of rules and for tests. */
#pragma once
#include "audit/audit.h"
#include "base/yaml.h"

struct sh_memlake {
    struct sh_dicts dicts;
    struct sh_chunk chunk;
    struct sh_chunk
        institutions;     /* tables that stand by institution (stock_move); persons: institution ids */
    uint32_t incomplete;  /* bit t: complete(table t) is false */
    int32_t *line_of_row; /* [lines] position from 1 in the text of each row of the line table */
};

/**
 * Build a lake from a case (form and defaults: struct sh_rule_case in rule/rule.h).
 * arena   owns the lake.
 * Errors: SH_E_INPUT "file:line:column: …" a value of the wrong form, a name that stands for nothing;
 * SH_E_NOMEM.
 */
SH_MUST sh_code sh_memlake_build(const struct sh_yaml *node, struct sh_arena *arena, struct sh_memlake *ret,
                                 struct sh_err *err);
