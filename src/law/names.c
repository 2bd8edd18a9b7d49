/* Expressions that a text of procedure calls by a word: said once, meant everywhere alike. A word stands for
 * its expression in brackets; the expression may use the words before it, so none can mean itself. */
#include "base/limits.h"
#include "law/factbook.h"
#include "law/inner.h"
#include "law/reading.h"

enum { NAMES_MAX = 64, NAMED_BYTES_MAX = 16384 };

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static const struct sh_law_name *find(const struct sh_law_names *names, struct sh_str word) {
    for (size_t i = 0; i < names->n; i++)
        if (sh_str_eq(names->of[i].id, word))
            return &names->of[i];
    return NULL;
}

/* Part of a path, a call or the name of a parameter is another word. */
static bool stands_alone(struct sh_str text, size_t from, size_t to) {
    const struct sh_str before = sh_str_trim(sh_str_sub(text, 0, from));
    return !sh_str_ends_with(before, SH_STR(".")) && !sh_str_ends_with(before, SH_STR("param(")) &&
           (to == text.len || (text.at[to] != '.' && text.at[to] != '('));
}

/* From a quote to behind the one that closes it. */
static size_t behind_quote(struct sh_str text, size_t at) {
    for (at++; at < text.len && text.at[at] != '"'; at++)
        if (text.at[at] == '\\')
            at++;
    return at < text.len ? at + 1 : text.len;
}

static void expand(const struct sh_law_names *names, struct sh_str text, uint8_t *used, struct sh_buf *out) {
    for (size_t at = 0, end; at < text.len; at = end) {
        end = at + 1;
        if (text.at[at] == '"') {
            end = behind_quote(text, at);
        } else if (is_word(text.at[at])) {
            while (end < text.len && is_word(text.at[end]))
                end++;
            const struct sh_law_name *name = find(names, sh_str_sub(text, at, end - at));
            if (name && stands_alone(text, at, end)) {
                sh_buf_addf(out, "(%.*s)", SH_ARG(name->text));
                if (used)
                    used[name - names->of] = 1;
                continue;
            }
        }
        sh_buf_add_str(out, sh_str_sub(text, at, end - at));
    }
}

/* Of a sentence: what stands in braces. */
static void expand_sentence(const struct sh_law_names *names, struct sh_str text, uint8_t *used,
                            struct sh_buf *out) {
    for (size_t at = 0; at < text.len;) {
        const size_t open = sh_str_find_char(sh_str_sub(text, at, text.len - at), '{');
        if (open == SH_STR_NONE) {
            sh_buf_add_str(out, sh_str_sub(text, at, text.len - at));
            return;
        }
        size_t end = at + open + 1;
        while (end < text.len && text.at[end] != '}')
            end = text.at[end] == '"' ? behind_quote(text, end) : end + 1;
        sh_buf_add_str(out, sh_str_sub(text, at, open + 1));
        expand(names, sh_str_sub(text, at + open + 1, end - at - open - 1), used, out);
        at = end;
    }
}

sh_code sh_law_expand(const struct sh_law_names *names, struct sh_str text, enum sh_law_words words,
                      uint8_t *used, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    *ret = text;
    if (!names || names->n == 0)
        return SH_OK;
    if (words == SH_LAW_SENTENCE)
        expand_sentence(names, text, used, &out);
    else
        expand(names, text, used, &out);
    SH_TRY(sh_buf_check(&out, err));
    const char *copy = sh_arena_dup(arena, out.at ? out.at : "", out.len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of a text");
    *ret = (struct sh_str){copy, out.len};
    return SH_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static bool is_name(struct sh_str id) {
    for (size_t i = 0; i < id.len; i++)
        if (!((id.at[i] >= 'a' && id.at[i] <= 'z') || (i && id.at[i] == '_')))
            return false;
    return id.len > 0;
}

/* A word that means something already: a field, a table, a state, an answer of a choice. */
static bool is_taken(const struct sh_model *model, struct sh_str id) {
    for (uint16_t t = 0; t < model->n_tables; t++) {
        if (model->tables[t].name && sh_str_is(id, model->tables[t].name))
            return true;
        for (uint16_t c = 0; c < model->tables[t].n_columns; c++)
            if (sh_str_is(id, model->tables[t].columns[c].name))
                return true;
    }
    for (uint16_t l = 0; l < model->n_level_domains; l++)
        for (size_t w = 0; model->level_words[l] && model->level_words[l][w]; w++)
            if (sh_str_is(id, model->level_words[l][w]))
                return true;
    return false;
}

static sh_code read_names(const struct sh_yaml *map, bool is_shared, const struct sh_model *model,
                          struct sh_arena *arena, struct sh_law_names *io, struct sh_err *err) {
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "names is a map of words and the expressions they stand for");
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml_entry *entry = &map->entries[i];
        uint8_t used[NAMES_MAX] = {0};
        if (io->n == NAMES_MAX)
            return sh_yaml_fail(err, entry->value, "more than %d names", NAMES_MAX);
        if (entry->value->kind != SH_YAML_TEXT)
            return sh_yaml_fail(err, entry->value, "%.*s stands for one expression", SH_ARG(entry->key));
        if (!is_name(entry->key))
            return sh_yaml_fail(err, entry->value, "%.*s: a name is a word of small letters and _",
                                SH_ARG(entry->key));
        if (is_taken(model, entry->key) || find(io, entry->key))
            return sh_yaml_fail(err, entry->value, "%.*s means something already: take another word",
                                SH_ARG(entry->key));
        struct sh_law_name *name = &io->of[io->n];
        *name = (struct sh_law_name){.id = entry->key, .node = entry->value, .is_shared = is_shared};
        SH_TRY(sh_law_expand(io, entry->value->text, SH_LAW_EXPRESSION, used, arena, &name->text, err));
        for (size_t k = 0; k < io->n; k++)
            io->of[k].is_used = io->of[k].is_used || used[k];
        if (name->text.len > NAMED_BYTES_MAX)
            return sh_yaml_fail(err, entry->value, "%.*s is too long", SH_ARG(entry->key));
        io->n++;
    }
    return SH_OK;
}

sh_code sh_law_names(const struct sh_yaml *root, const struct sh_machine *machine,
                     const struct sh_model *model, struct sh_arena *arena, struct sh_law_names *ret,
                     struct sh_err *err) {
    const struct sh_yaml *own = sh_yaml_get(root, "names");
    *ret = (struct sh_law_names){.of = sh_new(arena, struct sh_law_name, NAMES_MAX)};
    if (!ret->of)
        return sh_fail(err, SH_E_NOMEM, "no room for names");
    for (size_t i = 0; i < machine->n_names; i++)
        SH_TRY(read_names(machine->names[i], true, model, arena, ret, err));
    return own ? read_names(own, false, model, arena, ret, err) : SH_OK;
}
