/* The SELECT of a mapping: cut into outputs, columns found. Inner to mapping.c. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum sh_sql_kind { SH_SQL_END, SH_SQL_WORD, SH_SQL_QUOTED, SH_SQL_STRING, SH_SQL_NUMBER, SH_SQL_SIGN };

struct sh_sql_token {
    enum sh_sql_kind kind;
    size_t begin, end;  /* in the text */
    struct sh_str text; /* WORD: as written; QUOTED, STRING: without quotes, doubled ones halved */
    uint32_t line;
};

/* [n] tokens, the last one SH_SQL_END. Comments (two dashes to the end of the line) are skipped.
 * Errors: SH_E_INPUT with the line (from first_line): an open quote, a stray byte; SH_E_LIMIT, SH_E_NOMEM. */
SH_MUST sh_code sh_sql_scan(const char *path, struct sh_str text, uint32_t first_line, struct sh_arena *arena,
                            const struct sh_sql_token **ret, size_t *ret_n, struct sh_err *err);
/** A word, without case? */
bool sh_sql_is(const struct sh_sql_token *token, const char *word);
bool sh_sql_is_sign(const struct sh_sql_token *token, char sign);
/** A word that is SQL and no column: case, when, null ... */
bool sh_sql_is_keyword(struct sh_str word);
/** Token i is a type or a unit by its place: CAST(x AS date), x::date, date '…', interval 1 day, extract(year
 * FROM x). */
bool sh_sql_is_type_or_unit(const struct sh_sql_token *tokens, size_t i);
/** Why a word may not stand in a mapping (it reads files, rolls dice, looks at the clock, drops rows), or
 * NULL. */
const char *sh_sql_forbidden(struct sh_str word);
