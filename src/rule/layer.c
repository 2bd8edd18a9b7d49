/* Layers: the text of a rule with what narrower places say laid over it. Texts are put together key by key,
 * so that the outcome is again one rule's text: it can be kept, hashed, mutated and replayed like any other.
 */
#include "rule/layer.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the layers of a rule");
}

/* ---- folders ------------------------------------------------------------------------------------ */

sh_code sh_layers_find(const char *rules_dir, struct sh_str place, struct sh_arena *arena,
                       struct sh_layers *ret, struct sh_err *err) {
    assert(rules_dir && arena && ret && place.len == 6);
    *ret = (struct sh_layers){0};
    char before[7] = "000000", code[7] = "000000";
    for (size_t pair = 0; pair < SH_LAYERS_MAX; pair++) {
        memcpy(code, place.at, 2 * pair + 2);
        if (strcmp(code, before) == 0)
            continue;
        memcpy(before, code, sizeof(code));
        char dir[SH_PATH_BYTES_MAX];
        bool is_there = false;
        SH_TRY(sh_path_format(dir, err, "%s/local/%s", rules_dir, code));
        SH_TRY(sh_is_dir(dir, &is_there, err));
        if (!is_there)
            continue;
        const char *kept = sh_arena_dup(arena, dir, strlen(dir)), *name = sh_arena_dup(arena, code, 6);
        if (!kept || !name)
            return out_of_room(err);
        ret->at[ret->n++] = (struct sh_layer){{name, 6}, kept};
    }
    return SH_OK;
}

struct sh_str sh_layer_of_path(const char *path) {
    const struct sh_str all = sh_str_of(path);
    const char *base = sh_path_base(path);
    const size_t dir = (size_t)(base - path);
    if (dir < 14 || memcmp(base - 14, "/local/", 7) != 0)
        return (struct sh_str){0};
    const struct sh_str code = sh_str_sub(all, dir - 7, 6);
    for (size_t i = 0; i < code.len; i++)
        if (code.at[i] < '0' || code.at[i] > '9')
            return (struct sh_str){0};
    return code;
}

/* ---- texts by their keys ------------------------------------------------------------------------ */

enum { BLOCKS_MAX = 64 };

/* The lines of a text from one key of the first column to the next. */
struct block {
    struct sh_str key, text;
    size_t line; /* number of its first line, from 0 */
    size_t n_lines;
};

static bool begins_key(struct sh_str line, struct sh_str *ret) {
    const size_t colon = sh_str_find_char(line, ':');
    if (line.len == 0 || colon == SH_STR_NONE || line.at[0] < 'a' || line.at[0] > 'z')
        return false;
    *ret = sh_str_trim(sh_str_sub(line, 0, colon));
    return true;
}

static sh_code split(const char *file, struct sh_str text, struct block *ret, size_t *ret_n,
                     struct sh_err *err) {
    size_t line = 0;
    *ret_n = 0;
    for (size_t at = 0, end; at < text.len; at = end, line++) {
        const size_t nl = sh_str_find_char(sh_str_sub(text, at, text.len), '\n');
        end = nl == SH_STR_NONE ? text.len : at + nl + 1;
        struct sh_str key;
        if (*ret_n == 0 || begins_key(sh_str_sub(text, at, end - at), &key)) {
            if (*ret_n == BLOCKS_MAX)
                return sh_fail(err, SH_E_LIMIT, "%s:%zu:1: more than %d keys", file, line + 1, BLOCKS_MAX);
            if (!begins_key(sh_str_sub(text, at, end - at), &key))
                key = (struct sh_str){0}; /* a comment on top */
            ret[(*ret_n)++] = (struct block){.key = key, .text = {text.at + at, 0}, .line = line};
        }
        struct block *b = &ret[*ret_n - 1];
        b->text.len += end - at;
        b->n_lines++;
    }
    return SH_OK;
}

static const struct block *find(const struct block *blocks, size_t n, struct sh_str key) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq(blocks[i].key, key))
            return &blocks[i];
    return NULL;
}

sh_code sh_layer_begin(const char *file, struct sh_str text, struct sh_arena *arena, struct sh_laid *ret,
                       struct sh_err *err) {
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    *ret = (struct sh_laid){.text = text, .origins = sh_new(arena, struct sh_line_origin, n), .n_lines = n};
    if (!ret->origins)
        return out_of_room(err);
    for (size_t i = 0; i < n; i++)
        ret->origins[i] = (struct sh_line_origin){file, (uint32_t)i + 1};
    return SH_OK;
}

/* ---- laying ------------------------------------------------------------------------------------- */

struct laying {
    const struct sh_laid *under;
    const char *file;
    struct sh_buf text;
    struct sh_line_origin *origins;
    size_t n, room;
};
static void laying_release(struct laying *l) {
    sh_buf_free(&l->text);
}

static void put_lines(struct laying *l, const struct block *b, const struct sh_line_origin *origins) {
    sh_buf_add_str(&l->text, b->text);
    if (b->text.len > 0 && b->text.at[b->text.len - 1] != '\n')
        sh_buf_add_char(&l->text, '\n');
    for (size_t i = 0; i < b->n_lines && l->n < l->room; i++)
        l->origins[l->n++] =
            origins ? origins[b->line + i] : (struct sh_line_origin){l->file, (uint32_t)(b->line + i) + 1};
}

static void put_basis_item(struct laying *l, const struct sh_yaml *item,
                           const struct sh_line_origin *origin) {
    sh_buf_add_text(&l->text, "  - '");
    for (size_t i = 0; i < item->text.len; i++) {
        if (item->text.at[i] == '\'')
            sh_buf_add_char(&l->text, '\'');
        sh_buf_add_char(&l->text, item->text.at[i] == '\n' ? ' ' : item->text.at[i]);
    }
    sh_buf_add_text(&l->text, "'\n");
    if (l->n < l->room)
        l->origins[l->n++] = *origin;
}

/* The basis of both, in one list. */
static void put_basis(struct laying *l, const struct block *under, const struct sh_yaml *wide,
                      const struct sh_yaml *narrow) {
    const struct sh_line_origin first = l->under->origins[under ? under->line : 0];
    sh_buf_add_text(&l->text, "basis:\n");
    if (l->n < l->room)
        l->origins[l->n++] = first;
    for (size_t i = 0; wide && wide->kind == SH_YAML_LIST && i < wide->n; i++)
        put_basis_item(l, wide->items[i], &first);
    for (size_t i = 0; i < narrow->n; i++)
        put_basis_item(l, narrow->items[i], &(struct sh_line_origin){l->file, narrow->items[i]->place.line});
}

static sh_code check_overlay(const struct sh_yaml *root, bool *ret_off, struct sh_err *err) {
    static const char *const keys[] = {
        "overlay", "basis",  "switch", "note",  "name", "english",  "level", "state",      "stages",
        "lines",   "where",  "unless", "doubt", "hit",  "amount",   "blame", "say",        "uses",
        "window",  "within", "peers",  "bound", "open", "in_force", "cases", "equivalent", "apart"};
    const struct sh_yaml *basis;
    SH_TRY(sh_yaml_only(root, keys, sizeof(keys) / sizeof(keys[0]), err));
    SH_TRY(sh_yaml_need(root, "basis", SH_YAML_LIST, &basis, err));
    if (basis->n == 0)
        return sh_yaml_fail(err, basis, "a place changes nothing without a basis");
    for (size_t i = 0; i < basis->n; i++)
        if (basis->items[i]->kind != SH_YAML_TEXT || basis->items[i]->text.len == 0)
            return sh_yaml_fail(err, basis->items[i], "a basis is one text: the paper and the article");
    const struct sh_yaml *off = sh_yaml_get(root, "switch");
    *ret_off = off && off->kind == SH_YAML_TEXT && sh_str_is(off->text, "off");
    if (off && !*ret_off)
        return sh_yaml_fail(err, off, "switch is 'off' or left out");
    if (*ret_off &&
        root->n > (size_t)3 + (sh_yaml_get(root, "note") != NULL) + (sh_yaml_get(root, "cases") != NULL))
        return sh_yaml_fail(err, off, "a rule that is switched off is not changed as well");
    if (!*ret_off && !sh_yaml_get(root, "cases"))
        return sh_yaml_fail(err, root, "what changes a rule brings its cases: 'cases' is missing");
    return SH_OK;
}

static bool is_own(struct sh_str key) {
    return key.len == 0 || sh_str_is(key, "overlay") || sh_str_is(key, "switch") || sh_str_is(key, "basis");
}

sh_code sh_layer_lay(struct sh_laid *io, const struct sh_layer *layer, const char *file, struct sh_str text,
                     struct sh_arena *arena, struct sh_err *err) {
    const struct sh_yaml *root, *under_root;
    struct block *under = sh_new(arena, struct block, BLOCKS_MAX),
                 *over = sh_new(arena, struct block, BLOCKS_MAX);
    size_t n_under, n_over;
    bool is_off;
    if (!under || !over)
        return out_of_room(err);
    SH_TRY(sh_yaml_load(file, text, arena, &root, err));
    SH_TRY(check_overlay(root, &is_off, err));
    SH_TRY(sh_yaml_load(io->origins[0].file, io->text, arena, &under_root, err));
    SH_TRY(split(io->origins[0].file, io->text, under, &n_under, err));
    SH_TRY(split(file, text, over, &n_over, err));
    const struct sh_yaml *wide = sh_yaml_get(under_root, "basis"), *narrow = sh_yaml_get(root, "basis");
    SH_CLEANUP(laying_release) struct laying l = {.under = io, .file = file};
    l.room = io->n_lines + 4 + narrow->n + (wide ? wide->n : 0);
    for (size_t i = 0; i < n_over; i++)
        l.room += over[i].n_lines;
    l.origins = sh_new(arena, struct sh_line_origin, l.room);
    if (!l.origins)
        return out_of_room(err);
    for (size_t i = 0; i < n_under; i++) {
        const struct block *instead = is_own(under[i].key) ? NULL : find(over, n_over, under[i].key);
        if (sh_str_is(under[i].key, "basis"))
            put_basis(&l, &under[i], wide, narrow);
        else
            put_lines(&l, instead ? instead : &under[i], instead ? NULL : io->origins);
    }
    for (size_t i = 0; i < n_over; i++)
        if (!is_own(over[i].key) && !find(under, n_under, over[i].key))
            put_lines(&l, &over[i], NULL);
    SH_TRY(sh_buf_check(&l.text, err));
    const char *kept = sh_arena_dup(arena, l.text.at, l.text.len);
    if (!kept)
        return out_of_room(err);
    *io = (struct sh_laid){.text = {kept, l.text.len},
                           .origins = l.origins,
                           .n_lines = l.n,
                           .layer = layer->code,
                           .is_off = io->is_off || is_off};
    return SH_OK;
}

/* ---- places ------------------------------------------------------------------------------------- */

static void set_place(struct sh_yaml_place *place, const struct sh_laid *laid) {
    if (place->line > 0 && place->line <= laid->n_lines)
        place->line = laid->origins[place->line - 1].line;
}

/* The tree was made for this rule alone, so its nodes may be written. */
// NOLINTNEXTLINE(misc-no-recursion): as deep as the YAML reader lets a text be
void sh_layer_places(const struct sh_yaml *root, const struct sh_laid *laid) {
    struct sh_yaml *node = (struct sh_yaml *)(uintptr_t)root;
    if (node->place.line > 0 && node->place.line <= laid->n_lines)
        node->file = laid->origins[node->place.line - 1].file;
    set_place(&node->place, laid);
    for (size_t i = 0; i < node->n_lines; i++)
        set_place(&((struct sh_yaml_line *)(uintptr_t)node->lines)[i].place, laid);
    for (size_t i = 0; i < node->n; i++) {
        if (node->kind == SH_YAML_MAP) {
            set_place(&((struct sh_yaml_entry *)(uintptr_t)node->entries)[i].key_place, laid);
            sh_layer_places(node->entries[i].value, laid);
        } else if (node->kind == SH_YAML_LIST)
            sh_layer_places(node->items[i], laid);
    }
}
