/* Inner header: what the loaders of this room share. */
#pragma once
#include "base/yaml.h"

/** Index of a node's word among words [n]. Errors: SH_E_INPUT at the node, with a "did you mean". */
SH_MUST sh_code sh_law_word(const struct sh_yaml *node, const char *const *words, size_t n, size_t *ret,
                            struct sh_err *err);
/** A list of words under a key; a missing key is the empty list. */
SH_MUST sh_code sh_law_list(const struct sh_yaml *map, const char *key, struct sh_arena *arena,
                            const struct sh_str **ret, size_t *ret_n, struct sh_err *err);
