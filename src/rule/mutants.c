/* Mutants of a rule: the rule again with one small thing changed, as text. A rule whose cases do not notice
 * does not say what it means. Only the text is changed here; room audit compiles and runs it. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "rule/model.h"
#include "rule/rule.h"
#include <assert.h>
#include <string.h>

#define MUTANTS_MAX 4096
#define TOKENS_MAX 2048

enum token_kind { WORD, NUMBER, QUOTED, OPERATOR, OTHER };
struct token {
    enum token_kind kind;
    struct sh_str text;
    size_t at;     /* byte in the value */
    size_t depth;  /* of brackets around it */
    size_t opener; /* token of the bracket around it, SIZE_MAX none */
};

struct maker {
    const struct sh_rule *rule;
    const struct sh_rules *rules;
    struct sh_arena *arena;
    struct sh_err *err;
    const struct sh_yaml *root;
    /* the value under mutation */
    const char *key;
    size_t entry; /* of the map of named hits; SIZE_MAX: the value itself */
    struct sh_str value;
    struct token *tokens; /* [n_tokens] */
    size_t n_tokens;
    struct sh_mutant *list; /* heap */
    size_t n, cap;
};

/* ---- the file with one key replaced -------------------------------------------------------------- */

static bool begins_line(struct sh_str text, size_t at) {
    return at == 0 || text.at[at - 1] == '\n';
}

/* The lines of a top-level key: from its name up to the next one. */
static bool find_block(struct sh_str text, const char *key, size_t *ret_from, size_t *ret_to) {
    const size_t len = strlen(key);
    for (size_t i = 0; i + len < text.len; i++) {
        if (!begins_line(text, i) || memcmp(text.at + i, key, len) != 0 || text.at[i + len] != ':')
            continue;
        size_t end = i + len;
        while (end < text.len && !(begins_line(text, end) && !strchr(" \t\r\n#", text.at[end])))
            end++;
        *ret_from = i;
        *ret_to = end;
        return true;
    }
    return false;
}

static void add_quoted(struct sh_buf *buf, struct sh_str value) {
    sh_buf_add_char(buf, '\'');
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '\'')
            sh_buf_add_char(buf, '\'');
        sh_buf_add_char(buf, value.at[i]);
    }
    sh_buf_add_text(buf, "'\n");
}

/* The block anew, with `value` for the value under mutation. */
static void add_block(const struct maker *m, struct sh_buf *buf, struct sh_str value) {
    const struct sh_yaml *node = sh_yaml_get(m->root, m->key);
    sh_buf_addf(buf, "%s:", m->key);
    if (m->entry == SIZE_MAX) {
        sh_buf_add_char(buf, ' ');
        add_quoted(buf, value);
        return;
    }
    sh_buf_add_char(buf, '\n');
    for (size_t i = 0; i < node->n; i++) {
        sh_buf_addf(buf, "  %.*s: ", SH_ARG(node->entries[i].key));
        add_quoted(buf, i == m->entry ? value : node->entries[i].value->text);
    }
}

static sh_code keep(struct maker *m, const char *name, struct sh_str text) {
    for (size_t i = 0; i < m->n; i++)
        if (sh_str_is(m->list[i].name, name))
            return SH_OK;
    SH_TRY(sh_grow(&m->list, &m->cap, m->n + 1, sizeof(*m->list), MUTANTS_MAX, m->err));
    size_t len;
    const char *own = sh_arena_printf(m->arena, &len, "%s", name);
    const char *copy = sh_arena_dup(m->arena, text.at, text.len);
    if (!own || !copy)
        return sh_fail(m->err, SH_E_NOMEM, "no room for a mutant");
    m->list[m->n++] = (struct sh_mutant){{own, len}, {copy, text.len}};
    return SH_OK;
}

/* block NULL: the key is left out. */
static sh_code splice(struct maker *m, const char *name, const struct sh_buf *block) {
    size_t from, to;
    if (!find_block(m->rule->text, m->key, &from, &to))
        return SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_buf_add(&text, m->rule->text.at, from);
    if (block)
        sh_buf_add_str(&text, sh_buf_view(block));
    sh_buf_add(&text, m->rule->text.at + to, m->rule->text.len - to);
    SH_TRY(sh_buf_check(&text, m->err));
    return keep(m, name, sh_buf_view(&text));
}

static sh_code with_value(struct maker *m, struct sh_str value) {
    value = sh_str_trim(value);
    SH_CLEANUP(sh_buf_free) struct sh_buf block = {0}, name = {0};
    add_block(m, &block, value);
    sh_buf_addf(&name, "%s: %.*s", m->key, SH_ARG(value));
    SH_TRY(sh_buf_check(&block, m->err));
    SH_TRY(sh_buf_check(&name, m->err));
    return splice(m, name.at, &block);
}

static sh_code without_key(struct maker *m) {
    SH_CLEANUP(sh_buf_free) struct sh_buf name = {0};
    sh_buf_addf(&name, "%s: left out", m->key);
    SH_TRY(sh_buf_check(&name, m->err));
    return splice(m, name.at, NULL);
}

/* Bytes from..to of the value replaced. */
static sh_code replace(struct maker *m, size_t from, size_t to, const char *by) {
    SH_CLEANUP(sh_buf_free) struct sh_buf value = {0};
    sh_buf_add(&value, m->value.at, from);
    sh_buf_add_text(&value, by);
    sh_buf_add(&value, m->value.at + to, m->value.len - to);
    SH_TRY(sh_buf_check(&value, m->err));
    return sh_str_eq(sh_buf_view(&value), m->value) ? SH_OK : with_value(m, sh_buf_view(&value));
}

static sh_code replace_token(struct maker *m, size_t i, const char *by) {
    return replace(m, m->tokens[i].at, m->tokens[i].at + m->tokens[i].text.len, by);
}

/* ---- tokens -------------------------------------------------------------------------------------- */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t token_end(struct sh_str v, size_t at, enum token_kind *ret) {
    const char c = v.at[at];
    size_t end = at + 1;
    *ret = OTHER;
    if (c == '"' || c == '\'') {
        while (end < v.len && v.at[end] != c)
            end++;
        *ret = QUOTED;
        return end < v.len ? end + 1 : end;
    }
    if (is_letter(c)) {
        while (end < v.len && (is_letter(v.at[end]) || is_digit(v.at[end]) || v.at[end] == '.'))
            end++;
        *ret = WORD;
        return end;
    }
    if (is_digit(c)) {
        while (end < v.len && (is_digit(v.at[end]) || v.at[end] == '.'))
            end++;
        *ret = NUMBER;
        return end;
    }
    if (strchr("<>=!+-*/", c)) {
        *ret = OPERATOR;
        return end < v.len && v.at[end] == '=' && strchr("<>!", c) ? end + 1 : end;
    }
    return end;
}

static sh_code tokenize(struct maker *m) {
    size_t stack[SH_EXPR_DEPTH_MAX] = {0}, depth = 0;
    m->n_tokens = 0;
    for (size_t i = 0; i < m->value.len;) {
        if (strchr(" \n\t\r", m->value.at[i])) {
            i++;
            continue;
        }
        if (m->n_tokens == TOKENS_MAX || depth == SH_EXPR_DEPTH_MAX)
            return sh_fail(m->err, SH_E_LIMIT, "'%s' is too long to be mutated", m->key);
        struct token *t = &m->tokens[m->n_tokens];
        const size_t end = token_end(m->value, i, &t->kind);
        const char c = m->value.at[i];
        t->text = sh_str_sub(m->value, i, end - i);
        t->at = i;
        const bool closes = t->kind == OTHER && strchr(")]}", c);
        if (closes && depth > 0)
            depth--;
        t->depth = depth;
        t->opener = closes ? stack[depth] : depth > 0 ? stack[depth - 1] : SIZE_MAX;
        if (t->kind == OTHER && strchr("([{", c))
            stack[depth++] = m->n_tokens;
        m->n_tokens++;
        i = end;
    }
    return SH_OK;
}

static bool token_is(const struct maker *m, size_t i, const char *text) {
    return i < m->n_tokens && sh_str_is(m->tokens[i].text, text);
}

static bool is_one_of(struct sh_str text, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(text, words[i]))
            return true;
    return false;
}

/* ---- kinds of change ----------------------------------------------------------------------------- */

struct swap {
    const char *from, *to;
};

static sh_code swap_token(struct maker *m, size_t i, const struct swap *swaps, size_t n) {
    for (size_t s = 0; s < n; s++)
        if (token_is(m, i, swaps[s].from))
            SH_TRY(replace_token(m, i, swaps[s].to));
    return SH_OK;
}

static sh_code change_operator(struct maker *m, size_t i) {
    static const struct swap swaps[] = {{"<", "<="}, {"<", ">="}, {"<=", "<"}, {"<=", ">"}, {">", ">="},
                                        {">", "<="}, {">=", ">"}, {">=", "<"}, {"=", "!="}, {"!=", "="},
                                        {"+", "-"},  {"-", "+"},  {"*", "/"},  {"/", "*"}};
    return swap_token(m, i, swaps, sizeof(swaps) / sizeof(swaps[0]));
}

/* One more and one less in the last decimal written. Codes with leading zeros are names, not thresholds. */
static sh_code change_number(struct maker *m, size_t i) {
    const struct sh_str t = m->tokens[i].text;
    const size_t point = sh_str_find_char(t, '.');
    const size_t decimals = point == SH_STR_NONE ? 0 : t.len - point - 1;
    if (t.len > 15 || (t.len > 1 && t.at[0] == '0' && point != 1))
        return SH_OK;
    int64_t value = 0, scale = 1;
    for (size_t k = 0; k < t.len; k++)
        if (t.at[k] != '.')
            value = value * 10 + (t.at[k] - '0');
    for (size_t k = 0; k < decimals; k++)
        scale *= 10;
    for (int64_t step = -1; step <= 1; step += 2) {
        char text[40];
        const int64_t v = value + step, whole = (v < 0 ? -v : v) / scale, part = (v < 0 ? -v : v) % scale;
        if (decimals > 0)
            (void)snprintf(text, sizeof(text), "%s%lld.%0*lld", v < 0 ? "-" : "", (long long)whole,
                           (int)decimals, (long long)part);
        else
            (void)snprintf(text, sizeof(text), "%lld", (long long)v);
        SH_TRY(replace_token(m, i, text));
    }
    return SH_OK;
}

static const char *const scopes[] = {"encounter", "prescription", "day", "stay",
                                     "person",    "institution",  "ever"};
static const char *const units[] = {"nights", "days", "seconds"};
#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* `in` and `under` as comparisons; not the one of a scope (`in person`) or a unit (`in nights`). */
static sh_code negate_membership(struct maker *m, size_t i) {
    const bool after_not = i > 0 && token_is(m, i - 1, "not");
    if (after_not || i + 1 >= m->n_tokens)
        return SH_OK;
    const struct sh_str next = m->tokens[i + 1].text;
    if (is_one_of(next, scopes, N_OF(scopes)) || is_one_of(next, units, N_OF(units)))
        return SH_OK;
    return replace_token(m, i, token_is(m, i, "in") ? "not in" : "not under");
}

static sh_code change_scope(struct maker *m, size_t i) {
    static const struct swap swaps[] = {{"encounter", "person"},       {"person", "encounter"},
                                        {"stay", "encounter"},         {"day", "encounter"},
                                        {"prescription", "encounter"}, {"institution", "encounter"}};
    return i > 0 && token_is(m, i - 1, "in") ? swap_token(m, i, swaps, N_OF(swaps)) : SH_OK;
}

/* Token of the bracket that closes the one at `open`. */
static size_t closing(const struct maker *m, size_t open) {
    for (size_t i = open + 1; i < m->n_tokens; i++)
        if (m->tokens[i].opener == open && m->tokens[i].depth == m->tokens[open].depth &&
            m->tokens[i].kind == OTHER && strchr(")]}", m->tokens[i].text.at[0]))
            return i;
    return SIZE_MAX;
}

static sh_code change_function(struct maker *m, size_t i) {
    static const struct swap swaps[] = {
        {"any", "none"}, {"none", "any"},   {"every", "any"},       {"min", "max"},         {"max", "min"},
        {"sum", "max"},  {"first", "last"}, {"last", "first"},      {"days", "span"},       {"span", "days"},
        {"abs", ""},     {"ceil", ""},      {"count", "1 + count"}, {"gap", "1 days + gap"}};
    const bool is_call = token_is(m, i + 1, "(");
    if (!is_call)
        return SH_OK;
    SH_TRY(swap_token(m, i, swaps, N_OF(swaps)));
    if (token_is(m, i, "known") && !(i > 0 && token_is(m, i - 1, "not")))
        SH_TRY(replace_token(m, i, "not known"));
    const size_t end = closing(m, i + 1);
    if (token_is(m, i, "distinct") && end != SIZE_MAX)
        SH_TRY(replace(m, m->tokens[i].at, m->tokens[end].at + 1, "count()"));
    return SH_OK;
}

/* `where C` inside a call left out. */
static sh_code drop_where(struct maker *m, size_t i) {
    const size_t open = m->tokens[i].opener;
    const size_t end = open == SIZE_MAX ? SIZE_MAX : closing(m, open);
    return end == SIZE_MAX ? SH_OK : replace(m, m->tokens[i].at, m->tokens[end].at, "");
}

static bool bounds(const struct maker *m, size_t i, size_t depth, bool is_or) {
    if (m->tokens[i].depth < depth)
        return true;
    if (m->tokens[i].depth > depth)
        return false;
    static const char *const ends[] = {"where", ",", "or"};
    return is_one_of(m->tokens[i].text, ends, N_OF(ends)) || (!is_or && token_is(m, i, "and")) ||
           (m->tokens[i].kind == OTHER && strchr("([{", m->tokens[i].text.at[0]) &&
            m->tokens[i].depth < depth);
}

/* One side of `and` or `or` left out. */
static sh_code drop_sides(struct maker *m, size_t i) {
    const bool is_or = token_is(m, i, "or");
    const size_t depth = m->tokens[i].depth;
    size_t right = i + 1, left = i;
    while (right < m->n_tokens && !bounds(m, right, depth, is_or) &&
           !(m->tokens[right].depth == depth && m->tokens[right].opener != m->tokens[i].opener &&
             m->tokens[right].opener != SIZE_MAX && m->tokens[right].kind == OTHER &&
             strchr(")]}", m->tokens[right].text.at[0]) && m->tokens[right].opener < i))
        right++;
    while (left > 0 && !bounds(m, left - 1, depth, is_or))
        left--;
    const size_t end = right < m->n_tokens ? m->tokens[right].at : m->value.len;
    SH_TRY(replace(m, m->tokens[i].at, end, " "));
    return replace(m, m->tokens[left].at, m->tokens[i + 1 < m->n_tokens ? i + 1 : i].at, "");
}

/* ---- fields -------------------------------------------------------------------------------------- */

static bool same_type(const struct sh_type *a, const struct sh_type *b) {
    return a->kind == b->kind && a->unit == b->unit && a->domain == b->domain && a->member == b->member;
}

static bool is_bookkeeping(const char *name) {
    static const char *const words[] = {"bucket", "batch", "void", "id",     "point",
                                        "name",   "from",  "to",   "known",  "source",
                                        "layer",  "level", "note", "person", "encounter_key"};
    return is_one_of(sh_str_of(name), words, N_OF(words));
}

/* Another column of the same type: the one before it, else the one behind. */
static const char *sibling(const struct sh_model_table *t, struct sh_str name) {
    int at = -1;
    for (int c = 0; c < t->n_columns; c++)
        if (sh_str_is(name, t->columns[c].name))
            at = c;
    if (at < 0)
        return NULL;
    const struct sh_type *type = &t->columns[at].type;
    if (type->kind == SH_KIND_TEXT)
        return NULL;
    for (int c = at - 1; c >= 0; c--)
        if (same_type(type, &t->columns[c].type) && !is_bookkeeping(t->columns[c].name))
            return t->columns[c].name;
    for (int c = at + 1; c < t->n_columns; c++)
        if (same_type(type, &t->columns[c].type) && !is_bookkeeping(t->columns[c].name))
            return t->columns[c].name;
    return NULL;
}

/* The table behind the last word but one of a path, or the rule's own. */
static const struct sh_model_table *table_of(const struct maker *m, struct sh_str path) {
    const struct sh_model *model = &m->rules->model->model;
    if (path.len == 0)
        return &model->tables[m->rule->table];
    size_t at = path.len;
    while (at > 0 && path.at[at - 1] != '.')
        at--;
    const struct sh_str last = sh_str_sub(path, at, path.len - at);
    for (size_t v = 0; v < m->rule->n_variables; v++)
        if (sh_str_is(last, m->rule->variables[v].name))
            return &model->tables[m->rule->variables[v].table];
    for (uint16_t t = 0; t < model->n_tables; t++)
        if (sh_str_is(last, model->tables[t].name))
            return &model->tables[t];
    return NULL;
}

static sh_code change_field(struct maker *m, size_t i) {
    const struct sh_str path = m->tokens[i].text;
    if (token_is(m, i + 1, "(") ||
        (m->tokens[i].opener != SIZE_MAX && m->tokens[i].opener > 0 &&
         (token_is(m, m->tokens[i].opener - 1, "param") || token_is(m, m->tokens[i].opener, "{"))))
        return SH_OK;
    size_t at = path.len;
    while (at > 0 && path.at[at - 1] != '.')
        at--;
    const struct sh_str name = sh_str_sub(path, at, path.len - at),
                        before = sh_str_sub(path, 0, at > 0 ? at - 1 : 0);
    const struct sh_model_table *t = table_of(m, before);
    const char *other = t ? sibling(t, name) : NULL;
    if (!other)
        return SH_OK;
    const size_t from = m->tokens[i].at + at;
    return replace(m, from, from + name.len, other);
}

static sh_code change_word(struct maker *m, size_t i) {
    static const struct swap plain[] = {{"and", "or"},    {"or", "and"},   {"past", "next"},
                                        {"next", "past"}, {"asc", "desc"}, {"desc", "asc"}};
    SH_TRY(swap_token(m, i, plain, N_OF(plain)));
    if (token_is(m, i, "and") || token_is(m, i, "or"))
        return drop_sides(m, i);
    if (token_is(m, i, "not"))
        return replace_token(m, i, "");
    if (token_is(m, i, "in") || token_is(m, i, "under"))
        return negate_membership(m, i);
    if (token_is(m, i, "where"))
        return drop_where(m, i);
    SH_TRY(change_scope(m, i));
    SH_TRY(change_function(m, i));
    return change_field(m, i);
}

/* A member of a written set left out. */
static sh_code drop_member(struct maker *m, size_t open) {
    const size_t end = closing(m, open);
    if (end == SIZE_MAX || end == open + 2)
        return SH_OK;
    for (size_t i = open + 1; i < end; i++) {
        if (token_is(m, i, ","))
            continue;
        const bool is_last = i + 1 == end;
        SH_TRY(replace(m, is_last ? m->tokens[i - 1].at : m->tokens[i].at,
                       m->tokens[i + 1].at + (is_last ? 0 : m->tokens[i + 1].text.len), ""));
    }
    return SH_OK;
}

static sh_code change_token(struct maker *m, size_t i) {
    const struct token *t = &m->tokens[i];
    const bool in_set = t->opener != SIZE_MAX && token_is(m, t->opener, "{");
    switch (t->kind) {
    case WORD:
        return in_set ? SH_OK : change_word(m, i);
    case NUMBER: {
        const bool is_date = i + 1 < m->n_tokens && m->tokens[i + 1].text.at == t->text.at + t->text.len &&
                             token_is(m, i + 1, "-");
        return in_set || is_date ? SH_OK : change_number(m, i);
    }
    case OPERATOR:
        return change_operator(m, i);
    case OTHER:
        if (token_is(m, i, "{"))
            return drop_member(m, i);
        if (token_is(m, i, ")") && token_is(m, t->opener, "["))
            return replace_token(m, i, "]");
        if (token_is(m, i, "]") && token_is(m, t->opener, "["))
            return replace_token(m, i, ")");
        return SH_OK;
    case QUOTED:
        break;
    }
    return SH_OK;
}

static sh_code mutate_value(struct maker *m, const char *key, size_t entry, struct sh_str value) {
    m->key = key;
    m->entry = entry;
    m->value = value;
    SH_TRY(tokenize(m));
    for (size_t i = 0; i < m->n_tokens; i++)
        SH_TRY(change_token(m, i));
    return SH_OK;
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static sh_code mutate_hit(struct maker *m) {
    const struct sh_yaml *hit = sh_yaml_get(m->root, "hit");
    if (!hit) /* a statistic says a value instead */
        return mutate_value(m, "value", SIZE_MAX, sh_yaml_text(m->root, "value"));
    if (hit->kind == SH_YAML_TEXT)
        return mutate_value(m, "hit", SIZE_MAX, hit->text);
    for (size_t i = 0; i < hit->n; i++) {
        SH_TRY(mutate_value(m, "hit", i, hit->entries[i].value->text));
        SH_TRY(with_value(m, SH_STR("false"))); /* the named condition is never true */
    }
    return SH_OK;
}

static sh_code mutate_level(struct maker *m) {
    static const char *const other[] = {"suspected", "indicator", "suspected"};
    m->key = "level";
    m->entry = SIZE_MAX;
    return sh_yaml_get(m->root, "level") ? with_value(m, sh_str_of(other[m->rule->level])) : SH_OK;
}

/* within: day, and the number of days behind past: one more, one less. */
static sh_code mutate_reach(struct maker *m) {
    static const struct swap words[] = {{"day", "visit"}, {"visit", "day"}, {"ever", "day"}, {"hour", "day"}};
    const struct sh_str within = sh_yaml_text(m->root, "within");
    m->key = "within";
    m->entry = SIZE_MAX;
    for (size_t i = 0; i < N_OF(words); i++)
        if (sh_str_is(within, words[i].from))
            SH_TRY(with_value(m, sh_str_of(words[i].to)));
    const struct sh_str past = sh_yaml_text(sh_yaml_get(m->root, "window"), "past");
    size_t from, to;
    if (past.len == 0 || !is_digit(past.at[0]) || !find_block(m->rule->text, "window", &from, &to))
        return SH_OK;
    m->key = "window";
    m->value = sh_str_sub(m->rule->text, from, to - from);
    const size_t at = sh_str_find(m->value, past);
    const long days = strtol(past.at, NULL, 10);
    for (long step = -1; at != SH_STR_NONE && step <= 1; step += 2) {
        SH_CLEANUP(sh_buf_free) struct sh_buf block = {0}, name = {0};
        size_t end = at;
        while (is_digit(m->value.at[end]))
            end++;
        sh_buf_add(&block, m->value.at, at);
        sh_buf_addf(&block, "%ld", days + step);
        sh_buf_add(&block, m->value.at + end, m->value.len - end);
        sh_buf_addf(&name, "window: past %ld", days + step);
        SH_TRY(sh_buf_check(&block, m->err));
        SH_TRY(sh_buf_check(&name, m->err));
        SH_TRY(splice(m, name.at, &block));
    }
    return SH_OK;
}

/* The block of a key with bytes from..to of it replaced, as it stands: lists are no texts to be quoted. */
static sh_code with_block(struct maker *m, size_t from, size_t to, const char *by) {
    SH_CLEANUP(sh_buf_free) struct sh_buf block = {0}, name = {0};
    sh_buf_add(&block, m->value.at, from);
    sh_buf_add_text(&block, by);
    sh_buf_add(&block, m->value.at + to, m->value.len - to);
    SH_TRY(sh_buf_check(&block, m->err));
    const struct sh_str text = sh_buf_view(&block);
    const size_t end = sh_str_find_char(text, '\n');
    sh_buf_add_str(&name, sh_str_trim(end == SH_STR_NONE ? text : sh_str_sub(text, 0, end)));
    SH_TRY(sh_buf_check(&name, m->err));
    return splice(m, name.at, &block);
}

/* A part of a key in brackets: left out, and a time of another length. */
static sh_code mutate_part(struct maker *m, size_t open, size_t from, size_t to, size_t end) {
    static const struct swap times[] = {
        {"hour", "day"}, {"day", "month"}, {"month", "quarter"}, {"quarter", "year"}, {"year", "quarter"}};
    const bool is_first = from == open + 1, is_last = to == end;
    if (!is_first || !is_last) {
        const size_t begin = is_last ? m->tokens[from - 1].at : m->tokens[from].at;
        SH_TRY(with_block(m, begin, is_last ? m->tokens[end].at : m->tokens[to + 1].at, ""));
    }
    for (size_t s = 0; s < N_OF(times); s++)
        if (token_is(m, from, times[s].from)) {
            const size_t at = m->tokens[from].at;
            SH_TRY(with_block(m, at, at + m->tokens[from].text.len, times[s].to));
        }
    return SH_OK;
}

/* What rows are grouped by: every list in the block of the key. */
static sh_code mutate_keys(struct maker *m, const char *key) {
    size_t from, to;
    if (!sh_yaml_get(m->root, key) || !find_block(m->rule->text, key, &from, &to))
        return SH_OK;
    m->key = key;
    m->entry = SIZE_MAX;
    m->value = sh_str_sub(m->rule->text, from, to - from);
    SH_TRY(tokenize(m));
    for (size_t open = 0; open < m->n_tokens; open++) {
        const size_t end = token_is(m, open, "[") ? closing(m, open) : SIZE_MAX;
        if (end == SIZE_MAX)
            continue;
        for (size_t i = open + 1, part = i; i <= end; i++)
            if (i == end || (token_is(m, i, ",") && m->tokens[i].opener == open)) {
                SH_TRY(mutate_part(m, open, part, i, end));
                part = i + 1;
            }
    }
    return SH_OK;
}

/* How far above the middle is far: twice and half as much. */
static sh_code mutate_bound(struct maker *m) {
    static const char *const times[] = {"* 2", "/ 2"};
    const struct sh_str bound = sh_yaml_text(m->root, "bound");
    m->key = "bound";
    m->entry = SIZE_MAX;
    for (size_t i = 0; bound.len > 0 && i < N_OF(times); i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        sh_buf_addf(&text, "(%.*s) %s", SH_ARG(bound), times[i]);
        SH_TRY(sh_buf_check(&text, m->err));
        SH_TRY(with_value(m, sh_buf_view(&text)));
    }
    return SH_OK;
}

/* Variables of a rule: which related row each one is. */
static sh_code mutate_with(struct maker *m) {
    const struct sh_yaml *with = sh_yaml_get(m->root, "with");
    for (size_t i = 0; with && i < with->n; i++)
        if (with->entries[i].value->kind == SH_YAML_TEXT)
            SH_TRY(mutate_value(m, "with", i, with->entries[i].value->text));
    return SH_OK;
}

static sh_code mutate_rule(struct maker *m) {
    static const char *const keys[] = {"where", "unless", "doubt", "amount", "blame"};
    SH_TRY(mutate_hit(m));
    for (size_t k = 0; k < N_OF(keys); k++) {
        const struct sh_yaml *node = sh_yaml_get(m->root, keys[k]);
        if (!node)
            continue;
        SH_TRY(mutate_value(m, keys[k], SIZE_MAX, node->text));
        /* An amount of 0 said of rows that cover nothing is what the default says too. */
        const bool has_money = sh_model_column(m->rules->model, m->rule->table, "covered") >= 0;
        if (strcmp(keys[k], "amount") != 0 || has_money)
            SH_TRY(without_key(m));
    }
    static const char *const lists[] = {"each", "of", "in", "peers", "window"};
    for (size_t k = 0; k < N_OF(lists); k++)
        SH_TRY(mutate_keys(m, lists[k]));
    SH_TRY(mutate_bound(m));
    SH_TRY(mutate_with(m));
    SH_TRY(mutate_reach(m));
    return mutate_level(m);
}

/* A view: as a rule, with fields for a hit. */
static sh_code mutate_view(struct maker *m) {
    const struct sh_yaml *where = sh_yaml_get(m->root, "where"), *fields = sh_yaml_get(m->root, "fields");
    if (where) {
        SH_TRY(mutate_value(m, "where", SIZE_MAX, where->text));
        SH_TRY(without_key(m));
    }
    for (size_t i = 0; fields && i < fields->n; i++)
        SH_TRY(mutate_value(m, "fields", i, fields->entries[i].value->text));
    SH_TRY(mutate_keys(m, "each"));
    return mutate_with(m);
}

static sh_code make_all(const struct sh_rule *rule, const struct sh_rules *rules, struct sh_arena *arena,
                        sh_code (*mutate)(struct maker *m), struct sh_mutant **ret, size_t *ret_n,
                        struct sh_err *err) {
    struct sh_err own;
    struct maker m = {.rule = rule, .rules = rules, .arena = arena, .err = err ? err : &own};
    char file[SH_PATH_BYTES_MAX];
    (void)snprintf(file, sizeof(file), "%.*s", SH_ARG(rule->file));
    SH_TRY(sh_yaml_load(file, rule->text, arena, &m.root, m.err));
    m.tokens = sh_new(arena, struct token, TOKENS_MAX);
    if (!m.tokens)
        return sh_fail(m.err, SH_E_NOMEM, "no room for the words of a rule");
    sh_code code = mutate(&m);
    struct sh_mutant *all = code == SH_OK ? sh_new(arena, struct sh_mutant, m.n + 1) : NULL;
    if (code == SH_OK && !all)
        code = sh_fail(m.err, SH_E_NOMEM, "no room for the mutants of a rule");
    if (code == SH_OK) {
        if (m.n)
            memcpy(all, m.list, m.n * sizeof(*all));
        *ret = all;
        *ret_n = m.n;
    }
    sh_free(m.list);
    return code;
}

sh_code sh_rule_mutants(const struct sh_rule *rule, const struct sh_rules *rules, struct sh_arena *arena,
                        struct sh_mutant **ret, size_t *ret_n, struct sh_err *err) {
    assert(rule && rules && arena && ret && ret_n);
    return make_all(rule, rules, arena, mutate_rule, ret, ret_n, err);
}

sh_code sh_view_mutants(const struct sh_rule_view *view, const struct sh_rules *rules, struct sh_arena *arena,
                        struct sh_mutant **ret, size_t *ret_n, struct sh_err *err) {
    assert(view && rules && arena && ret && ret_n);
    return make_all(view->rule, rules, arena, mutate_view, ret, ret_n, err);
}
