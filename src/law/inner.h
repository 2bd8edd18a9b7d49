/* Inner header: what the loaders of this room share. */
#pragma once
#include "base/yaml.h"
#include "law/params.h"

/** Does the row hold a value, not only a bound? */
bool sh_param_is_value(const struct sh_param *p);
/** Read p->text in p->unit into value and scale; an empty text is no value. False: `why` says what is wrong.
 */
bool sh_param_scan(struct sh_param *p, struct sh_buf *why);
/** A place as the six digits to widen: what has not six is the nation. */
void sh_place_start(struct sh_str place, char ret[6]);
/** 990101 -> 990100 -> 990000 -> 000000; false when it is the nation already. */
bool sh_place_widen(char place[6]);

/** Index of a node's word among words [n]. Errors: SH_E_INPUT at the node, with a "did you mean". */
SH_MUST sh_code sh_law_word(const struct sh_yaml *node, const char *const *words, size_t n, size_t *ret,
                            struct sh_err *err);
/** A list of words under a key; a missing key is the empty list. */
SH_MUST sh_code sh_law_list(const struct sh_yaml *map, const char *key, struct sh_arena *arena,
                            const struct sh_str **ret, size_t *ret_n, struct sh_err *err);
