#include "base/yaml.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include <libfyaml.h>

/* libfyaml gives events; we build the tree, so that an alias is refused before anything is multiplied.
 * Members of the open maps and lists wait on one stack. */
struct loader {
    const char *name;
    struct sh_str source;
    struct sh_arena *arena;
    struct sh_err *err;
    struct fy_diag *diag;
    struct fy_parser *parser;
    struct fy_event *event; /* the current one */
    struct sh_yaml_entry *stack;
    size_t n_stack, cap_stack;
    size_t n_nodes;
    /* Places are asked for in ascending order: the last answer is where to count on from. */
    size_t seen;
    struct sh_yaml_place seen_place;
};

static void loader_release(struct loader *l) {
    if (l->event)
        fy_parser_event_free(l->parser, l->event);
    if (l->parser)
        fy_parser_destroy(l->parser);
    if (l->diag)
        fy_diag_destroy(l->diag);
    sh_free(l->stack);
}

static struct sh_yaml_place place_of(struct loader *l, size_t offset) {
    if (offset < l->seen) {
        l->seen = 0;
        l->seen_place = (struct sh_yaml_place){1, 1};
    }
    while (l->seen < offset && l->seen < l->source.len) {
        if (l->source.at[l->seen] == '\n') {
            l->seen++;
            l->seen_place.line++;
            l->seen_place.column = 1;
        } else {
            (void)sh_utf8_next(l->source, &l->seen);
            l->seen_place.column++;
        }
    }
    return l->seen_place;
}

static sh_code fail_place(const struct loader *l, sh_code code, struct sh_yaml_place place,
                          const char *what) {
    return sh_fail(l->err, code, "%s:%u:%u: %s", l->name, place.line, place.column, what);
}

static sh_code fail_memory(const struct loader *l) {
    return sh_fail(l->err, SH_E_NOMEM, "%s: no memory for the tree", l->name);
}

static sh_code fail_syntax(const struct loader *l) {
    void *iterator = NULL;
    const struct fy_diag_error *problem = fy_diag_errors_iterate(l->diag, &iterator);
    if (!problem || !problem->msg)
        return fail_place(l, SH_E_INPUT, l->seen_place, "no YAML");
    return sh_fail(l->err, SH_E_INPUT, "%s:%d:%d: %s", l->name, problem->line > 0 ? problem->line : 1,
                   problem->column > 0 ? problem->column : 1, problem->msg);
}

/* The next event, into l->event; NULL there at the end of the stream. */
static sh_code next_event(struct loader *l) {
    if (l->event)
        fy_parser_event_free(l->parser, l->event);
    l->event = fy_parser_parse(l->parser);
    if (!l->event && fy_parser_get_stream_error(l->parser))
        return fail_syntax(l);
    return SH_OK;
}

static bool is_event(const struct loader *l, enum fy_event_type type) {
    return l->event && l->event->type == type;
}

static struct sh_yaml_place event_place(struct loader *l) {
    const struct fy_mark *mark = l->event ? fy_event_start_mark(l->event) : NULL;
    return mark ? place_of(l, mark->input_pos) : l->seen_place;
}

static sh_code refuse_extras(struct loader *l, const struct fy_token *anchor, const struct fy_token *tag) {
    if (anchor)
        return fail_place(l, SH_E_INPUT, event_place(l), "anchors (&) are not used here");
    if (tag)
        return fail_place(l, SH_E_INPUT, event_place(l), "tags (!) are not used here");
    return SH_OK;
}

static sh_code new_node(struct loader *l, sh_yaml_kind kind, struct sh_yaml **ret) {
    if (++l->n_nodes > SH_YAML_NODES_MAX)
        return fail_place(l, SH_E_LIMIT, event_place(l), "too many nodes");
    struct sh_yaml *node = sh_new(l->arena, struct sh_yaml, 1);
    if (!node)
        return fail_memory(l);
    node->kind = kind;
    node->file = l->name;
    node->place = event_place(l);
    *ret = node;
    return SH_OK;
}

/* Walks through the bytes of a text and of the source it was made from, side by side. */
struct alignment {
    struct sh_str source, text;
    size_t source_at, text_at;
    size_t indent; /* of a block text; SIZE_MAX: all white space before a line is dropped */
    bool is_line_start;
};

static char source_char(const struct alignment *a) {
    return a->source_at < a->source.len ? a->source.at[a->source_at] : '\0';
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Go to where the next piece (the rest of one line of the source) begins; false when there is none, or when
 * they part ways, which escapes in quotes make them do. */
static bool next_piece(struct alignment *a) {
    while (a->text_at < a->text.len) {
        if (a->is_line_start) {
            for (size_t i = 0; i < a->indent && (source_char(a) == ' ' || source_char(a) == '\t'); i++)
                a->source_at++;
            a->is_line_start = false;
            return true;
        }
        const char c = a->text.at[a->text_at], s = source_char(a);
        if (s == '\0' || (s != c && !is_blank(s)))
            return false;
        a->source_at++;
        a->is_line_start = s == '\n';
        /* A line end stands for a blank of the text, or (blank lines, trailing spaces) for nothing. */
        if (s == c || (s == '\n' && is_blank(c)))
            a->text_at++;
    }
    return false;
}

static struct alignment align(const struct loader *l, struct sh_str text, size_t begin, bool is_block) {
    struct alignment a = {.source = l->source, .text = text, .source_at = begin, .is_line_start = true};
    a.indent = SIZE_MAX;
    if (is_block) {
        size_t first = begin;
        while (first < l->source.len && is_blank(l->source.at[first]))
            first++;
        a.indent = 0;
        while (first > begin && l->source.at[first - 1] != '\n')
            first--, a.indent++;
    }
    return a;
}

/* Where the pieces of a text over several lines come from. */
static sh_code find_lines(struct loader *l, struct sh_yaml *node, size_t begin, bool is_block) {
    size_t n = 0;
    for (struct alignment a = align(l, node->text, begin, is_block); next_piece(&a);)
        n++;
    if (n < 2 && !is_block)
        return SH_OK;
    struct sh_yaml_line *lines = sh_new(l->arena, struct sh_yaml_line, n);
    if (!lines)
        return fail_memory(l);
    size_t i = 0;
    for (struct alignment a = align(l, node->text, begin, is_block); i < n && next_piece(&a); i++)
        lines[i] = (struct sh_yaml_line){a.text_at, place_of(l, a.source_at)};
    node->lines = lines;
    node->n_lines = n;
    if (is_block && n > 0)
        node->place = lines[0].place;
    return SH_OK;
}

static sh_code read_scalar(struct loader *l, struct sh_yaml **ret) {
    struct fy_token *token = l->event->scalar.value;
    SH_TRY(refuse_extras(l, l->event->scalar.anchor, l->event->scalar.tag));
    struct sh_yaml *node;
    SH_TRY(new_node(l, SH_YAML_TEXT, &node));
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    size_t len = 0;
    const char *at = token ? fy_token_get_text(token, &len) : "";
    char *copy = at ? sh_arena_dup(l->arena, at, len) : NULL;
    if (!copy)
        return fail_memory(l);
    const enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    node->text = (struct sh_str){copy, len};
    node->is_plain = style == FYSS_PLAIN;
    node->is_empty = node->is_plain && len == 0;
    if (mark && len > 0)
        SH_TRY(find_lines(l, node, mark->input_pos, style == FYSS_LITERAL || style == FYSS_FOLDED));
    *ret = node;
    return SH_OK;
}

static sh_code push(struct loader *l, const struct sh_yaml_entry *entry) {
    SH_TRY(sh_grow(&l->stack, &l->cap_stack, l->n_stack + 1, sizeof(*l->stack),
                   SH_YAML_NODES_MAX + SH_YAML_DEPTH_MAX, l->err));
    l->stack[l->n_stack++] = *entry;
    return SH_OK;
}

static sh_code read_node(struct loader *l, size_t depth, struct sh_yaml **ret);

static int by_key_then_order(const void *a, const void *b) {
    const struct sh_yaml_entry *const *x = a, *const *y = b;
    const int order = sh_str_cmp((*x)->key, (*y)->key);
    return order ? order : (*x > *y) - (*x < *y);
}

static sh_code refuse_duplicates(const struct loader *l, const struct sh_yaml *map) {
    SH_CLEANUP(sh_free_at) const struct sh_yaml_entry **sorted = sh_alloc_array(map->n, sizeof(*sorted));
    if (!sorted)
        return fail_memory(l);
    for (size_t i = 0; i < map->n; i++)
        sorted[i] = &map->entries[i];
    qsort(sorted, map->n, sizeof(*sorted), by_key_then_order);
    for (size_t i = 1; i < map->n; i++)
        if (sh_str_eq(sorted[i - 1]->key, sorted[i]->key))
            return sh_fail(l->err, SH_E_INPUT, "%s:%u:%u: key \"%.*s\" stands twice, first on line %u",
                           l->name, sorted[i]->key_place.line, sorted[i]->key_place.column,
                           SH_ARG(sorted[i]->key), sorted[i - 1]->key_place.line);
    return SH_OK;
}

static sh_code read_map(struct loader *l, size_t depth, struct sh_yaml *node) {
    const size_t base = l->n_stack;
    for (;;) {
        SH_TRY(next_event(l));
        if (is_event(l, FYET_MAPPING_END))
            break;
        if (!is_event(l, FYET_SCALAR))
            return fail_place(l, SH_E_INPUT, event_place(l), "a key must be text");
        struct sh_yaml *key = NULL, *value = NULL;
        SH_TRY(read_scalar(l, &key));
        SH_TRY(next_event(l));
        SH_TRY(read_node(l, depth, &value));
        const struct sh_yaml_entry entry = {.key = key->text, .key_place = key->place, .value = value};
        SH_TRY(push(l, &entry));
    }
    const size_t n = l->n_stack - base;
    struct sh_yaml_entry *entries = sh_new(l->arena, struct sh_yaml_entry, n);
    if (!entries)
        return fail_memory(l);
    if (n > 0)
        memcpy(entries, l->stack + base, n * sizeof(*entries));
    l->n_stack = base;
    node->n = n;
    node->entries = entries;
    return n > 1 ? refuse_duplicates(l, node) : SH_OK;
}

static sh_code read_list(struct loader *l, size_t depth, struct sh_yaml *node) {
    const size_t base = l->n_stack;
    for (;;) {
        SH_TRY(next_event(l));
        if (is_event(l, FYET_SEQUENCE_END))
            break;
        struct sh_yaml *value = NULL;
        SH_TRY(read_node(l, depth, &value));
        const struct sh_yaml_entry entry = {.value = value};
        SH_TRY(push(l, &entry));
    }
    const size_t n = l->n_stack - base;
    const struct sh_yaml **items = sh_new(l->arena, const struct sh_yaml *, n);
    if (!items)
        return fail_memory(l);
    for (size_t i = 0; i < n; i++)
        items[i] = l->stack[base + i].value;
    l->n_stack = base;
    node->n = n;
    node->items = items;
    return SH_OK;
}

/* The node whose first event is the current one; its last event is current afterwards. */
static sh_code read_node(struct loader *l, size_t depth, struct sh_yaml **ret) {
    if (is_event(l, FYET_SCALAR))
        return read_scalar(l, ret);
    if (is_event(l, FYET_ALIAS)) {
        struct sh_yaml_place place = event_place(l); /* libfyaml's mark is behind the star */
        place.column -= place.column > 1;
        return fail_place(l, SH_E_INPUT, place, "aliases (*) are not used here");
    }
    const bool is_map = is_event(l, FYET_MAPPING_START);
    if (!is_map && !is_event(l, FYET_SEQUENCE_START))
        return fail_place(l, SH_E_INPUT, event_place(l), "a value is missing");
    if (depth >= SH_YAML_DEPTH_MAX)
        return fail_place(l, SH_E_LIMIT, event_place(l), "nested too deep");
    if (is_map)
        SH_TRY(refuse_extras(l, l->event->mapping_start.anchor, l->event->mapping_start.tag));
    else
        SH_TRY(refuse_extras(l, l->event->sequence_start.anchor, l->event->sequence_start.tag));
    struct sh_yaml *node = NULL;
    SH_TRY(new_node(l, is_map ? SH_YAML_MAP : SH_YAML_LIST, &node));
    sh_check(node);
    SH_TRY(is_map ? read_map(l, depth + 1, node) : read_list(l, depth + 1, node));
    *ret = node;
    return SH_OK;
}

static sh_code read_document(struct loader *l, struct sh_yaml **ret) {
    SH_TRY(next_event(l)); /* the start of the stream */
    SH_TRY(next_event(l));
    if (!is_event(l, FYET_DOCUMENT_START)) {
        l->seen_place = (struct sh_yaml_place){1, 1};
        return new_node(l, SH_YAML_MAP, ret);
    }
    SH_TRY(next_event(l));
    struct sh_yaml *root = NULL;
    SH_TRY(read_node(l, 0, &root));
    SH_TRY(next_event(l)); /* the end of the document */
    SH_TRY(next_event(l));
    if (is_event(l, FYET_DOCUMENT_START))
        return fail_place(l, SH_E_INPUT, event_place(l), "a second document begins; one is allowed");
    *ret = root;
    return SH_OK;
}

static sh_code start(struct loader *l) {
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    l->diag = fy_diag_create(&diag_config);
    if (!l->diag)
        return fail_memory(l);
    fy_diag_set_collect_errors(l->diag, true);
    const struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_DISABLE_MMAP_OPT, .diag = l->diag};
    l->parser = fy_parser_create(&config);
    if (!l->parser || fy_parser_set_string(l->parser, l->source.at, l->source.len) != 0)
        return fail_memory(l);
    return SH_OK;
}

sh_code sh_yaml_load(const char *name, struct sh_str text, struct sh_arena *arena, const struct sh_yaml **ret,
                     struct sh_err *err) {
    if (text.len > SH_YAML_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: over %zu bytes", name, SH_YAML_BYTES_MAX);
    if (sh_str_starts_with(text, SH_STR("\xef\xbb\xbf")))
        text = sh_str_sub(text, 3, text.len);
    SH_CLEANUP(loader_release)
    struct loader l = {
        .name = sh_arena_dup(arena, name, strlen(name)), .source = text, .arena = arena, .err = err};
    l.seen_place = (struct sh_yaml_place){1, 1};
    if (!l.name)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for the tree", name);
    const size_t bad = sh_utf8_invalid_at(text), nul = sh_str_find_char(text, '\0');
    if (bad < text.len)
        return fail_place(&l, SH_E_INPUT, place_of(&l, bad), "not UTF-8");
    if (nul != SH_STR_NONE)
        return fail_place(&l, SH_E_INPUT, place_of(&l, nul), "NUL byte");
    struct sh_yaml *root = NULL;
    if (sh_str_trim(text).len == 0) {
        SH_TRY(new_node(&l, SH_YAML_MAP, &root));
    } else {
        SH_TRY(start(&l));
        SH_TRY(read_document(&l, &root));
    }
    *ret = root;
    return SH_OK;
}

sh_code sh_yaml_load_file(const char *path, struct sh_arena *arena, const struct sh_yaml **ret,
                          struct sh_err *err) {
    struct sh_str text;
    SH_TRY(sh_fs_read(path, SH_YAML_BYTES_MAX, arena, &text, err));
    return sh_yaml_load(path, text, arena, ret, err);
}
