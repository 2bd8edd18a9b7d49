#include "base/fs.h"
#include "base/limits.h"
#include "report/paper_in.h"
#include <assert.h>

struct loading {
    struct sh_arena *arena;
    struct sh_err *err;
    struct sh_fact *facts; /* of the template under way, shared ones first */
    size_t n_facts;
};

static const char *const type_words[SH_FACT_TYPES] = {"text", "money", "date", "int", "list", "table"};
static const char *const format_words[SH_FORMATS] = {"plain", "words", "year"};

static sh_code no_room(struct loading *l) {
    return sh_fail(l->err, SH_E_NOMEM, "no room for the templates of papers");
}

/* ---- facts ---- */

static sh_code read_type(struct loading *l, const struct sh_yaml *node, enum sh_fact_type *ret) {
    const struct sh_yaml *type;
    SH_TRY(sh_yaml_need(node, "type", SH_YAML_TEXT, &type, l->err));
    for (size_t i = 0; i < SH_FACT_TYPES; i++)
        if (sh_str_is(type->text, type_words[i])) {
            *ret = (enum sh_fact_type)i;
            return SH_OK;
        }
    return sh_yaml_fail(l->err, type, "unknown type \"%.*s\"; use text, money, date, int, list or table",
                        SH_ARG(type->text));
}

static sh_code read_flag(struct loading *l, const struct sh_yaml *node, const char *key, bool *ret) {
    const struct sh_yaml *value = sh_yaml_get(node, key);
    *ret = value && sh_str_is(value->text, "true");
    if (value && !*ret && !sh_str_is(value->text, "false"))
        return sh_yaml_fail(l->err, value, "\"%s\" must be true or false", key);
    return SH_OK;
}

static sh_code key_of(struct loading *l, struct sh_str id, const char **ret) {
    *ret = sh_arena_dup(l->arena, id.at, id.len);
    return *ret ? SH_OK : no_room(l);
}

static sh_code read_column(struct loading *l, const struct sh_yaml_entry *entry, struct sh_fact_column *ret) {
    static const char *const known[] = {"name", "type", "width", "sum"};
    const struct sh_yaml *node = entry->value, *name;
    SH_TRY(sh_yaml_only(node, known, 4, l->err));
    SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, l->err));
    ret->id = entry->key, ret->name = name->text, ret->width = 2;
    SH_TRY(key_of(l, entry->key, &ret->key));
    SH_TRY(read_type(l, node, &ret->type));
    SH_TRY(read_flag(l, node, "sum", &ret->is_summed));
    if (ret->type >= SH_FACT_LIST)
        return sh_yaml_fail(l->err, node, "a column holds text, money, date or int");
    if (ret->is_summed && ret->type != SH_FACT_MONEY)
        return sh_yaml_fail(l->err, node, "only money is summed");
    const struct sh_str width = sh_yaml_text(node, "width");
    if (width.len > 0) {
        if (width.len != 1 || width.at[0] < '1' || width.at[0] > '9')
            return sh_yaml_fail(l->err, node, "\"width\" is 1 to 9");
        ret->width = (unsigned)(width.at[0] - '0');
    }
    return SH_OK;
}

static sh_code read_columns(struct loading *l, const struct sh_yaml *node, struct sh_fact *ret) {
    const struct sh_yaml *columns;
    SH_TRY(sh_yaml_need(node, "columns", SH_YAML_MAP, &columns, l->err));
    if (columns->n == 0 || columns->n > SH_PAPER_COLUMNS_MAX)
        return sh_yaml_fail(l->err, columns, "a table has 1 to %d columns", SH_PAPER_COLUMNS_MAX);
    struct sh_fact_column *of = sh_new(l->arena, struct sh_fact_column, columns->n);
    if (!of)
        return no_room(l);
    for (size_t i = 0; i < columns->n; i++)
        SH_TRY(read_column(l, &columns->entries[i], &of[i]));
    ret->columns = of, ret->n_columns = columns->n;
    return SH_OK;
}

static const struct sh_fact *find_fact(const struct loading *l, struct sh_str id) {
    for (size_t i = 0; i < l->n_facts; i++)
        if (sh_str_eq(l->facts[i].id, id))
            return &l->facts[i];
    return NULL;
}

static sh_code read_facts(struct loading *l, const struct sh_yaml *facts) {
    static const char *const known[] = {"type", "name", "required", "columns", "param"};
    if (!facts)
        return SH_OK;
    if (facts->kind != SH_YAML_MAP)
        return sh_yaml_fail(l->err, facts, "\"facts\" must be a map");
    for (size_t i = 0; i < facts->n; i++) {
        const struct sh_yaml_entry *entry = &facts->entries[i];
        const struct sh_yaml *name;
        if (l->n_facts == SH_PAPER_FACTS_MAX)
            return sh_yaml_fail(l->err, facts, "more than %d facts", SH_PAPER_FACTS_MAX);
        if (find_fact(l, entry->key))
            return sh_yaml_fail_at(l->err, facts, entry->key_place,
                                   "the fact \"%.*s\" is among the shared ones", SH_ARG(entry->key));
        struct sh_fact *fact = &l->facts[l->n_facts];
        *fact = (struct sh_fact){.id = entry->key};
        SH_TRY(sh_yaml_only(entry->value, known, 5, l->err));
        SH_TRY(sh_yaml_need(entry->value, "name", SH_YAML_TEXT, &name, l->err));
        fact->name = name->text;
        fact->param = sh_yaml_text(entry->value, "param");
        SH_TRY(key_of(l, entry->key, &fact->key));
        SH_TRY(read_type(l, entry->value, &fact->type));
        SH_TRY(read_flag(l, entry->value, "required", &fact->required));
        if (fact->type == SH_FACT_TABLE)
            SH_TRY(read_columns(l, entry->value, fact));
        l->n_facts++;
    }
    return SH_OK;
}

/* ---- text with facts ---- */

static bool suits(enum sh_fact_type type, enum sh_fact_format format) {
    if (format == SH_FORMAT_YEAR)
        return type == SH_FACT_DATE;
    if (format == SH_FORMAT_WORDS)
        return type == SH_FACT_DATE || type == SH_FACT_MONEY;
    return type != SH_FACT_TABLE;
}

/* "name" or "name:format" between braces */
static sh_code read_hole(struct loading *l, const struct sh_yaml *node, size_t at, struct sh_str hole,
                         struct sh_piece *ret) {
    const size_t colon = sh_str_find_char(hole, ':');
    const struct sh_str name = colon == SH_STR_NONE ? hole : sh_str_sub(hole, 0, colon);
    const struct sh_str format =
        colon == SH_STR_NONE ? SH_STR("plain") : sh_str_sub(hole, colon + 1, SIZE_MAX);
    const struct sh_yaml_place place = sh_yaml_place_at(node, at);
    ret->fact = find_fact(l, name);
    if (!ret->fact)
        return sh_yaml_fail_at(l->err, node, place, "there is no fact \"%.*s\"", SH_ARG(name));
    for (size_t i = 0; i < SH_FORMATS; i++) {
        if (!sh_str_is(format, format_words[i]))
            continue;
        ret->format = (enum sh_fact_format)i;
        if (suits(ret->fact->type, ret->format))
            return SH_OK;
        return sh_yaml_fail_at(l->err, node, place, "\"%.*s\" is %s and cannot be written as %s",
                               SH_ARG(name), type_words[ret->fact->type], format_words[i]);
    }
    return sh_yaml_fail_at(l->err, node, place, "unknown format \"%.*s\"; use words or year", SH_ARG(format));
}

static sh_code read_pieces(struct loading *l, const struct sh_yaml *node, struct sh_pieces *ret) {
    const struct sh_str text = node->text;
    size_t braces = 0;
    for (size_t i = 0; i < text.len; i++)
        braces += text.at[i] == '{';
    struct sh_piece *of = sh_new(l->arena, struct sh_piece, 2 * braces + 1);
    if (!of)
        return no_room(l);
    size_t n = 0, from = 0;
    for (;;) {
        const size_t open = sh_str_find_char(sh_str_sub(text, from, SIZE_MAX), '{');
        const size_t until = open == SH_STR_NONE ? text.len : from + open;
        if (until > from)
            of[n++].literal = sh_str_sub(text, from, until - from);
        if (open == SH_STR_NONE)
            break;
        const size_t close = sh_str_find_char(sh_str_sub(text, until, SIZE_MAX), '}');
        if (close == SH_STR_NONE)
            return sh_yaml_fail_at(l->err, node, sh_yaml_place_at(node, until), "the brace is not closed");
        SH_TRY(read_hole(l, node, until + 1, sh_str_sub(text, until + 1, close - 1), &of[n++]));
        from = until + close + 1;
    }
    *ret = (struct sh_pieces){of, n};
    return SH_OK;
}

static sh_code read_pieces_of(struct loading *l, const struct sh_yaml *map, const char *key, bool required,
                              struct sh_pieces *ret) {
    const struct sh_yaml *node = sh_yaml_get(map, key);
    if (!node && !required)
        return SH_OK;
    SH_TRY(sh_yaml_need(map, key, SH_YAML_TEXT, &node, l->err));
    return read_pieces(l, node, ret);
}

/* ---- blocks ---- */

static sh_code read_condition(struct loading *l, const struct sh_yaml *map, const char *key,
                              const struct sh_fact **ret) {
    const struct sh_yaml *node = sh_yaml_get(map, key);
    if (!node)
        return SH_OK;
    *ret = find_fact(l, node->text);
    return *ret ? SH_OK : sh_yaml_fail(l->err, node, "there is no fact \"%.*s\"", SH_ARG(node->text));
}

static sh_code read_block(struct loading *l, const struct sh_yaml *node, struct sh_block *ret) {
    static const char *const known[] = {"text", "heading", "caption", "rights",
                                        "list", "table",   "when",    "unless"};
    enum { KINDS = 6 };
    const struct sh_yaml *value = NULL;
    SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], l->err));
    for (size_t k = 0; k < KINDS; k++) {
        const struct sh_yaml *found = sh_yaml_get(node, known[k]);
        if (!found)
            continue;
        if (value)
            return sh_yaml_fail(l->err, node,
                                "a block is one of text, heading, caption, rights, list, table");
        value = found, ret->kind = (enum sh_block_kind)k;
    }
    if (!value || value->kind != SH_YAML_TEXT)
        return sh_yaml_fail(l->err, node, "a block is one of text, heading, caption, rights, list, table");
    SH_TRY(read_condition(l, node, "when", &ret->when));
    SH_TRY(read_condition(l, node, "unless", &ret->unless));
    if (ret->kind < SH_BLOCK_LIST)
        return read_pieces(l, value, &ret->pieces);
    ret->fact = find_fact(l, value->text);
    const enum sh_fact_type want = ret->kind == SH_BLOCK_LIST ? SH_FACT_LIST : SH_FACT_TABLE;
    if (!ret->fact || ret->fact->type != want)
        return sh_yaml_fail(l->err, value, "\"%.*s\" is no fact of type %s", SH_ARG(value->text),
                            type_words[want]);
    return SH_OK;
}

static sh_code read_blocks(struct loading *l, const struct sh_yaml *root, struct sh_paper *ret) {
    const struct sh_yaml *body;
    SH_TRY(sh_yaml_need(root, "body", SH_YAML_LIST, &body, l->err));
    if (body->n > SH_PAPER_BLOCKS_MAX)
        return sh_yaml_fail(l->err, body, "more than %d blocks", SH_PAPER_BLOCKS_MAX);
    struct sh_block *blocks = sh_new(l->arena, struct sh_block, body->n + 1);
    if (!blocks)
        return no_room(l);
    for (size_t i = 0; i < body->n; i++)
        SH_TRY(read_block(l, body->items[i], &blocks[i]));
    ret->blocks = blocks, ret->n_blocks = body->n;
    return SH_OK;
}

static sh_code read_signs(struct loading *l, const struct sh_yaml *root, struct sh_paper *ret) {
    static const char *const known[] = {"label", "seal", "when"};
    const struct sh_yaml *list = sh_yaml_get(root, "sign");
    if (!list)
        return SH_OK;
    SH_TRY(sh_yaml_need(root, "sign", SH_YAML_LIST, &list, l->err));
    struct sh_sign *signs = sh_new(l->arena, struct sh_sign, list->n + 1);
    if (!signs)
        return no_room(l);
    for (size_t i = 0; i < list->n; i++) {
        SH_TRY(sh_yaml_only(list->items[i], known, 3, l->err));
        SH_TRY(read_pieces_of(l, list->items[i], "label", true, &signs[i].label));
        SH_TRY(read_flag(l, list->items[i], "seal", &signs[i].is_seal));
        SH_TRY(read_condition(l, list->items[i], "when", &signs[i].when));
    }
    ret->signs = signs, ret->n_signs = list->n;
    return SH_OK;
}

static sh_code read_tells(struct loading *l, const struct sh_yaml *root, struct sh_paper *ret) {
    const struct sh_yaml *list = sh_yaml_get(root, "tells");
    if (!list)
        return SH_OK;
    SH_TRY(sh_yaml_need(root, "tells", SH_YAML_LIST, &list, l->err));
    struct sh_str *tells = sh_new(l->arena, struct sh_str, list->n + 1);
    if (!tells)
        return no_room(l);
    bool has_rights = false;
    for (size_t i = 0; i < ret->n_blocks; i++)
        has_rights = has_rights || ret->blocks[i].kind == SH_BLOCK_RIGHTS;
    if (list->n > 0 && !has_rights)
        return sh_yaml_fail(l->err, list, "a paper that tells of rights has a block \"rights\"");
    for (size_t i = 0; i < list->n; i++)
        tells[i] = list->items[i]->text;
    ret->tells = tells, ret->n_tells = list->n;
    return SH_OK;
}

static sh_code read_paper(struct loading *l, const struct sh_yaml *root, const char *name,
                          struct sh_paper *ret) {
    static const char *const known[] = {"document", "title", "office", "number",    "addressee", "basis",
                                        "facts",    "body",  "sign",   "page_sign", "tells",     "dated"};
    const struct sh_yaml *id, *title;
    SH_TRY(sh_yaml_only(root, known, sizeof known / sizeof known[0], l->err));
    SH_TRY(sh_yaml_need(root, "document", SH_YAML_TEXT, &id, l->err));
    const struct sh_str file = sh_str_of(name);
    if (!sh_str_eq(id->text, sh_str_sub(file, 0, file.len - 5)))
        return sh_yaml_fail(l->err, id, "the file of \"%.*s\" must be named after it", SH_ARG(id->text));
    const struct sh_yaml *basis = sh_yaml_get(root, "basis");
    if (!basis || basis->kind != SH_YAML_LIST || basis->n == 0)
        return sh_yaml_fail(l->err, root, "no paper without a basis: give \"basis\" as a list");
    ret->id = id->text;
    SH_TRY(read_facts(l, sh_yaml_get(root, "facts")));
    SH_TRY(sh_yaml_need(root, "title", SH_YAML_TEXT, &title, l->err));
    ret->title_text = title->text;
    SH_TRY(read_pieces(l, title, &ret->title));
    SH_TRY(read_pieces_of(l, root, "office", false, &ret->office));
    SH_TRY(read_pieces_of(l, root, "number", false, &ret->number));
    SH_TRY(read_pieces_of(l, root, "addressee", false, &ret->addressee));
    SH_TRY(read_pieces_of(l, root, "page_sign", false, &ret->page_sign));
    SH_TRY(read_condition(l, root, "dated", &ret->dated));
    if (!ret->dated)
        ret->dated = find_fact(l, SH_STR("issued_on"));
    if (!ret->dated || ret->dated->type != SH_FACT_DATE)
        return sh_yaml_fail(l->err, root, "\"dated\" must name a fact of type date (issued_on)");
    SH_TRY(read_blocks(l, root, ret));
    SH_TRY(read_signs(l, root, ret));
    SH_TRY(read_tells(l, root, ret));
    ret->facts = l->facts, ret->n_facts = l->n_facts;
    return SH_OK;
}

/* ---- the folder ---- */

static sh_code load_common(const char *dir, struct loading *l) {
    static const char *const known[] = {"facts"};
    char path[SH_PATH_BYTES_MAX];
    bool is_there;
    SH_TRY(sh_path_join(path, dir, "_common.yaml", l->err));
    SH_TRY(sh_fs_exists(path, &is_there, l->err));
    if (!is_there)
        return SH_OK;
    const struct sh_yaml *root;
    SH_TRY(sh_yaml_load_file(path, l->arena, &root, l->err));
    SH_TRY(sh_yaml_only(root, known, 1, l->err));
    return read_facts(l, sh_yaml_get(root, "facts"));
}

static bool is_template(const struct sh_dir_entry *entry) {
    return entry->kind == SH_ENTRY_FILE && entry->name[0] != '_' &&
           sh_str_ends_with(sh_str_of(entry->name), SH_STR(".yaml"));
}

sh_code sh_papers_load(const char *dir, struct sh_arena *arena, const struct sh_papers **ret,
                       struct sh_err *err) {
    assert(dir && arena && ret);
    const struct sh_dir_entry *entries;
    size_t n_entries;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n_entries, err));
    struct sh_fact shared[SH_PAPER_FACTS_MAX];
    struct loading common = {.arena = arena, .err = err, .facts = shared};
    SH_TRY(load_common(dir, &common));
    struct sh_papers *papers = sh_new(arena, struct sh_papers, 1);
    struct sh_paper *of = sh_new(arena, struct sh_paper, SH_PAPERS_MAX);
    if (!papers || !of)
        return no_room(&common);
    for (size_t i = 0; i < n_entries; i++) {
        if (!is_template(&entries[i]))
            continue;
        if (papers->n == SH_PAPERS_MAX)
            return sh_fail(err, SH_E_LIMIT, "%s: more than %d templates", dir, SH_PAPERS_MAX);
        struct loading l = {.arena = arena, .err = err, .n_facts = common.n_facts};
        l.facts = sh_new(arena, struct sh_fact, SH_PAPER_FACTS_MAX);
        if (!l.facts)
            return no_room(&l);
        if (l.n_facts > 0)
            memcpy(l.facts, shared, l.n_facts * sizeof *shared);
        char path[SH_PATH_BYTES_MAX];
        const struct sh_yaml *root;
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        SH_TRY(sh_yaml_load_file(path, arena, &root, err));
        SH_TRY(read_paper(&l, root, entries[i].name, &of[papers->n]));
        papers->n++;
    }
    papers->of = of;
    *ret = papers;
    return SH_OK;
}

const struct sh_paper *sh_paper_find(const struct sh_papers *papers, struct sh_str id) {
    for (size_t i = 0; i < papers->n; i++)
        if (sh_str_eq(papers->of[i].id, id))
            return &papers->of[i];
    return NULL;
}
size_t sh_papers_n(const struct sh_papers *papers) {
    return papers->n;
}
const struct sh_paper *sh_papers_at(const struct sh_papers *papers, size_t i) {
    return &papers->of[i];
}
struct sh_str sh_paper_id(const struct sh_paper *paper) {
    return paper->id;
}
struct sh_str sh_paper_title(const struct sh_paper *paper) {
    return paper->title_text;
}
bool sh_paper_tells(const struct sh_paper *paper, struct sh_str right) {
    for (size_t i = 0; i < paper->n_tells; i++)
        if (sh_str_eq(paper->tells[i], right))
            return true;
    return false;
}

sh_code sh_paper_facts(const struct sh_paper *paper, struct sh_arena *arena, const struct sh_paper_fact **ret,
                       size_t *ret_n, struct sh_err *err) {
    struct sh_paper_fact *list = sh_new(arena, struct sh_paper_fact, paper->n_facts + 1);
    if (!list)
        return sh_fail(err, SH_E_NOMEM, "no room for the facts of a paper");
    for (size_t i = 0; i < paper->n_facts; i++)
        list[i] =
            (struct sh_paper_fact){paper->facts[i].id, paper->facts[i].name, type_words[paper->facts[i].type],
                                   sh_paper_needs(paper, &paper->facts[i]), paper->facts[i].param};
    *ret = list;
    *ret_n = paper->n_facts;
    return SH_OK;
}
