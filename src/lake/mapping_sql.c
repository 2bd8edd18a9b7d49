#include "lake/mapping_sql.h"
#include "base/mem.h"

enum { TOKENS_MAX = 65536 };

static bool is_word_begin(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

/* Behind the closing quote, or text.len + 1 when there is none. */
static size_t quoted_end(struct sh_str text, size_t begin) {
    const char quote = text.at[begin];
    for (size_t i = begin + 1; i < text.len; i++)
        if (text.at[i] == quote) {
            if (i + 1 < text.len && text.at[i + 1] == quote)
                i++;
            else
                return i + 1;
        }
    return text.len + 1;
}

static sh_code undouble(struct sh_str quoted, struct sh_arena *arena, struct sh_str *ret) {
    const char quote = quoted.at[0];
    char *to = sh_new(arena, char, quoted.len);
    size_t n = 0;
    if (!to)
        return SH_E_NOMEM;
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        to[n++] = quoted.at[i];
        if (quoted.at[i] == quote)
            i++;
    }
    *ret = (struct sh_str){to, n};
    return SH_OK;
}

/* Skip blanks and comments; counts lines. */
static size_t skip(struct sh_str text, size_t at, uint32_t *line) {
    while (at < text.len) {
        const char c = text.at[at];
        if (c == '\n')
            ++*line;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            at++;
        else if (c == '-' && at + 1 < text.len && text.at[at + 1] == '-')
            while (at < text.len && text.at[at] != '\n')
                at++;
        else
            break;
    }
    return at;
}

static sh_code scan_quoted(const char *path, struct sh_str text, struct sh_arena *arena,
                           struct sh_sql_token *token, uint32_t *line, struct sh_err *err) {
    token->kind = text.at[token->begin] == '"' ? SH_SQL_QUOTED : SH_SQL_STRING;
    token->end = quoted_end(text, token->begin);
    if (token->end > text.len)
        return sh_fail(err, SH_E_INPUT, "%s:%u: a quote %c is opened here and not closed", path, token->line,
                       text.at[token->begin]);
    for (size_t i = token->begin; i < token->end; i++)
        *line += text.at[i] == '\n';
    if (undouble(sh_str_sub(text, token->begin, token->end - token->begin), arena, &token->text) != SH_OK)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory", path);
    return SH_OK;
}

static sh_code scan_one(const char *path, struct sh_str text, struct sh_arena *arena,
                        struct sh_sql_token *token, uint32_t *line, struct sh_err *err) {
    const unsigned char c = (unsigned char)text.at[token->begin];
    size_t at = token->begin + 1;
    if (c == '"' || c == '\'')
        return scan_quoted(path, text, arena, token, line, err);
    if (is_word_begin(c)) {
        token->kind = SH_SQL_WORD;
        while (at < text.len &&
               (is_word_begin((unsigned char)text.at[at]) || is_digit((unsigned char)text.at[at])))
            at++;
    } else if (is_digit(c)) {
        token->kind = SH_SQL_NUMBER;
        while (at < text.len && (is_digit((unsigned char)text.at[at]) || text.at[at] == '.'))
            at++;
    } else if (c > ' ' && c < 0x7f && c != '\\' && c != '$' && c != '?' && c != '`' && c != '#' && c != '@') {
        token->kind = SH_SQL_SIGN;
    } else {
        return sh_fail(err, SH_E_INPUT, "%s:%u: byte 0x%02x does not belong into a SELECT", path, *line,
                       (unsigned)c);
    }
    token->end = at;
    token->text = sh_str_sub(text, token->begin, at - token->begin);
    return SH_OK;
}

sh_code sh_sql_scan(const char *path, struct sh_str text, uint32_t first_line, struct sh_arena *arena,
                    const struct sh_sql_token **ret, size_t *ret_n, struct sh_err *err) {
    SH_CLEANUP(sh_free_at) struct sh_sql_token *tokens = NULL;
    size_t n = 0, cap = 0, at = 0;
    uint32_t line = first_line;
    for (;;) {
        at = skip(text, at, &line);
        SH_TRY(sh_grow(&tokens, &cap, n + 1, sizeof(*tokens), TOKENS_MAX, err));
        tokens[n] = (struct sh_sql_token){.kind = SH_SQL_END, .begin = at, .end = at, .line = line};
        if (at >= text.len)
            break;
        SH_TRY(scan_one(path, text, arena, &tokens[n], &line, err));
        at = tokens[n++].end;
    }
    n++;
    struct sh_sql_token *kept = sh_new(arena, struct sh_sql_token, n);
    if (!kept)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory", path);
    memcpy(kept, tokens, n * sizeof(*kept));
    *ret = kept, *ret_n = n;
    return SH_OK;
}

bool sh_sql_is(const struct sh_sql_token *token, const char *word) {
    return token->kind == SH_SQL_WORD && sh_str_eq_nocase(token->text, sh_str_of(word));
}

bool sh_sql_is_sign(const struct sh_sql_token *token, char sign) {
    return token->kind == SH_SQL_SIGN && token->text.at[0] == sign;
}

static bool is_among(struct sh_str word, const char *const *list) {
    for (; *list; list++)
        if (sh_str_eq_nocase(word, sh_str_of(*list)))
            return true;
    return false;
}

bool sh_sql_is_keyword(struct sh_str word) {
    static const char *const words[] = {
        "and",     "or",      "not",      "in",   "is",       "null",     "like",   "ilike",
        "between", "case",    "when",     "then", "else",     "end",      "cast",   "try_cast",
        "as",      "from",    "for",      "true", "false",    "distinct", "escape", "similar",
        "to",      "leading", "trailing", "both", "interval", "collate",  "array",  NULL};
    return is_among(word, words);
}

/* A word that SQL puts between others: a type behind AS or ::, DATE '…', 1 DAY, EXTRACT(YEAR FROM …). */
bool sh_sql_is_type_or_unit(const struct sh_sql_token *tokens, size_t i) {
    const struct sh_sql_token *t = &tokens[i];
    return t->kind == SH_SQL_WORD && (t[1].kind == SH_SQL_STRING || sh_sql_is(&t[1], "from") ||
                                      (i >= 1 && (sh_sql_is(&t[-1], "as") || t[-1].kind == SH_SQL_NUMBER ||
                                                  sh_sql_is(&t[-1], "interval"))) ||
                                      (i >= 2 && sh_sql_is_sign(&t[-1], ':') && sh_sql_is_sign(&t[-2], ':')));
}

const char *sh_sql_forbidden(struct sh_str word) {
    static const char *const rows[] = {"select", "where",  "group",   "order",  "having",
                                       "limit",  "offset", "union",   "join",   "over",
                                       "unnest", "with",   "qualify", "exists", NULL};
    static const char *const unsteady[] = {"random",
                                           "uuid",
                                           "uuidv4",
                                           "uuidv7",
                                           "gen_random_uuid",
                                           "setseed",
                                           "now",
                                           "today",
                                           "get_current_time",
                                           "get_current_timestamp",
                                           "current_date",
                                           "current_time",
                                           "current_timestamp",
                                           "current_localtime",
                                           "current_localtimestamp",
                                           "localtime",
                                           "localtimestamp",
                                           "transaction_timestamp",
                                           "txid_current",
                                           "nextval",
                                           "currval",
                                           "current_setting",
                                           "getenv",
                                           "current_user",
                                           "current_database",
                                           "current_schema",
                                           "version",
                                           "getvariable",
                                           "query",
                                           "query_table",
                                           "read_text",
                                           "read_blob",
                                           "read_csv",
                                           "read_csv_auto",
                                           "read_parquet",
                                           "read_json",
                                           "glob",
                                           "pg_sleep",
                                           "write_log",
                                           NULL};
    if (is_among(word, rows))
        return "rows may not be chosen, joined or made here: every record must be counted; use `-- when: "
               "COLUMN not empty`";
    if (is_among(word, unsteady))
        return "the answer must depend on the record alone";
    return NULL;
}
