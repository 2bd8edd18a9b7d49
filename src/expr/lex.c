/* Text to tokens. A name may be dotted (line.item.name, K72.9) and written in any script. */
#include "expr/node.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}
static bool is_name_part(char c) {
    return is_name_start(c) || is_digit(c);
}

/* Signs of a Chinese keyboard, and what to write instead. */
static const struct {
    const char *sign, *write;
} wide_signs[] = {
    {"×", "*"},  {"÷", "/"},  {"−", "-"},  {"≤", "<="},       {"≥", ">="},           {"≠", "!="}, {"（", "("},
    {"）", ")"}, {"，", ","}, {"、", ","}, {"＝", "="},       {"＜", "<"},           {"＞", ">"}, {"＋", "+"},
    {"－", "-"}, {"“", "\""}, {"”", "\""}, {"。", "."},       {"｛", "{"},           {"｝", "}"}, {"【", "["},
    {"】", "]"}, {"：", ":"}, {"；", ";"}, {"　", "a space"}, {"\u00a0", "a space"},
};

static const char *wide_sign_at(struct sh_str text, size_t at, size_t *ret_len) {
    for (size_t i = 0; i < sizeof wide_signs / sizeof *wide_signs; i++) {
        const size_t len = strlen(wide_signs[i].sign);
        if (text.len - at >= len && memcmp(text.at + at, wide_signs[i].sign, len) == 0) {
            *ret_len = len;
            return wide_signs[i].write;
        }
    }
    return NULL;
}

static size_t digits_at(struct sh_str t, size_t at) {
    size_t n = 0;
    while (at + n < t.len && is_digit(t.at[at + n]))
        n++;
    return n;
}
static char char_at(struct sh_str t, size_t at) {
    return at < t.len ? t.at[at] : '\0';
}

/* YYYY-MM-DD, perhaps with Thh:mm or Thh:mm:ss: length in bytes, 0 if it is not one. */
static size_t date_at(struct sh_str t, size_t at, bool *ret_time) {
    *ret_time = false;
    if (digits_at(t, at) != 4 || char_at(t, at + 4) != '-' || digits_at(t, at + 5) != 2 ||
        char_at(t, at + 7) != '-' || digits_at(t, at + 8) != 2)
        return 0;
    size_t end = at + 10;
    if (char_at(t, end) == 'T' && digits_at(t, end + 1) == 2 && char_at(t, end + 3) == ':' &&
        digits_at(t, end + 4) == 2) {
        *ret_time = true;
        end += 6;
        if (char_at(t, end) == ':' && digits_at(t, end + 1) == 2)
            end += 3;
    }
    return end - at;
}

static sh_code lex_number(struct sh_compile *c, size_t *at, struct sh_token *token) {
    bool is_time;
    const size_t date = date_at(c->text, *at, &is_time);
    if (date) {
        token->kind = is_time ? SH_TOKEN_TIME : SH_TOKEN_DATE;
        *at += date;
    } else {
        token->kind = SH_TOKEN_NUMBER;
        *at += digits_at(c->text, *at);
        if (char_at(c->text, *at) == '.' && is_digit(char_at(c->text, *at + 1)))
            *at += 1 + digits_at(c->text, *at + 1);
    }
    size_t len;
    if (is_name_part(char_at(c->text, *at)) && !wide_sign_at(c->text, *at, &len))
        return sh_compile_fail(c, token->from,
                               "a number runs into letters; put a space between, or quote the code");
    return SH_OK;
}

static void lex_name(struct sh_compile *c, size_t *at) {
    size_t len;
    for (;; ++*at) {
        const char ch = char_at(c->text, *at);
        if (*at < c->text.len && is_name_part(ch)) {
            if ((unsigned char)ch >= 0x80 && wide_sign_at(c->text, *at, &len))
                return;
            continue;
        }
        if (ch == '.' && is_name_part(char_at(c->text, *at + 1)) && !wide_sign_at(c->text, *at + 1, &len))
            continue;
        return;
    }
}

static sh_code lex_sign(struct sh_compile *c, size_t *at) {
    const char ch = c->text.at[*at], second = char_at(c->text, *at + 1);
    if (ch == '=' && second == '=')
        return sh_compile_fail(c, (uint32_t)*at, "unexpected '==', write =");
    if ((ch == '!' || ch == '<' || ch == '>') && second == '=')
        *at += 2;
    else if (strchr("(){}[],+-*/=<>", ch))
        *at += 1;
    else if (ch == '!')
        return sh_compile_fail(c, (uint32_t)*at, "unexpected '!', write not or !=");
    else if (ch == '&' || ch == '|')
        return sh_compile_fail(c, (uint32_t)*at, "unexpected '%c', write %s", ch, ch == '&' ? "and" : "or");
    else
        return sh_compile_fail(c, (uint32_t)*at,
                               (unsigned char)ch >= 0x20 ? "unexpected '%c'" : "unexpected control character",
                               ch);
    return SH_OK;
}

static sh_code lex_one(struct sh_compile *c, size_t *at, struct sh_token *token) {
    const char ch = c->text.at[*at];
    token->from = (uint32_t)*at;
    size_t len = 0;
    const char *write = (unsigned char)ch >= 0x80 ? wide_sign_at(c->text, *at, &len) : NULL;
    if (write)
        return sh_compile_fail(c, token->from, "unexpected '%.*s', write %s", (int)len, c->text.at + *at,
                               write);
    if (is_digit(ch)) {
        SH_TRY(lex_number(c, at, token));
    } else if (is_name_start(ch)) {
        token->kind = SH_TOKEN_NAME;
        lex_name(c, at);
    } else if (ch == '"' || ch == '\'') {
        token->kind = SH_TOKEN_STRING;
        const char *end = memchr(c->text.at + *at + 1, ch, c->text.len - *at - 1);
        if (!end)
            return sh_compile_fail(c, token->from, "the quote %c is not closed", ch);
        *at = (size_t)(end - c->text.at) + 1;
    } else {
        token->kind = SH_TOKEN_SIGN;
        SH_TRY(lex_sign(c, at));
    }
    token->to = (uint32_t)*at;
    return SH_OK;
}

sh_code sh_lex(struct sh_compile *c) {
    if (c->text.len > SH_EXPR_BYTES_MAX)
        return sh_fail(c->err, SH_E_LIMIT, "%s:%u:%u: an expression of %zu bytes; %d is the most", c->at.file,
                       c->at.line, c->at.column, c->text.len, SH_EXPR_BYTES_MAX);
    const size_t bad = sh_utf8_invalid_at(c->text);
    if (bad < c->text.len)
        return sh_compile_fail(c, (uint32_t)bad, "not UTF-8");
    c->tokens = sh_new(c->arena, struct sh_token, c->text.len + 1);
    if (!c->tokens)
        return sh_compile_nomem(c);
    for (size_t at = 0; at < c->text.len;) {
        const char ch = c->text.at[at];
        if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r') {
            at++;
            continue;
        }
        SH_TRY(lex_one(c, &at, &c->tokens[c->n_tokens]));
        c->n_tokens++;
    }
    c->tokens[c->n_tokens++] = (struct sh_token){SH_TOKEN_END, (uint32_t)c->text.len, (uint32_t)c->text.len};
    return SH_OK;
}
