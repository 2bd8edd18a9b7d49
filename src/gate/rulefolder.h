/* A folder with one edited rule and what a rule is read with: what `shouhu rules check|test` and a back-test
 * load. Inner header. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { SH_RULE_TEXT_MAX = 256 << 10 };

/** "rule: ID" of a text: a rule lies in a file of its own name; "edited" where none can be read. Borrowed. */
struct sh_str sh_rule_text_id(struct sh_str text);
/**
 * Make `dir` and lay the text into it, beside the views and the kinds of violation of `rules_dir`; of the
 * layers of places (local/CODE) what they change in that rule, and their knowledge. On failure the caller
 * removes it. Errors: SH_E_IO, SH_E_FULL, SH_E_NOMEM, SH_E_LIMIT.
 */
SH_MUST sh_code sh_rule_folder_lay(const char *rules_dir, struct sh_str text, const char *dir,
                                   struct sh_arena *arena, struct sh_err *err);
