#include "lake/mapping.h"
#include "base/fs.h"
#include "base/limits.h"
#include "lake/mapping_sql.h"
#include "lake/typing.h"

enum { EXPRESSION_COLUMNS_MAX = 64, LIST_MAX = 1024 };

/* While a file is read. */
struct draft_source {
    struct sh_map_source source;
    struct sh_map_column *columns;
    struct sh_map_select *selects;
    struct sh_map_group *groups;
    struct sh_str *fills;
    size_t n_fills;
    uint32_t line;
};
struct parser {
    const char *path;
    struct sh_str text;
    struct sh_arena *arena;
    struct sh_err *err;
    uint32_t line; /* of the line under way */
    struct sh_mapping *mapping;
    struct draft_source *sources;
    struct draft_source *source;  /* NULL before the first */
    struct sh_map_select *select; /* its SELECT is still to come; NULL: none */
};

#define FAIL(p, at_line, ...) fail_at((p), (at_line), __VA_ARGS__)
static SH_PRINTF(3, 4) sh_code fail_at(struct parser *p, uint32_t line, const char *format, ...) {
    char message[SH_ERR_MESSAGE_MAX];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(message, sizeof(message), format, values);
    va_end(values);
    return sh_fail(p->err, SH_E_INPUT, "%s:%u: %s", p->path, line, message);
}

static sh_code no_memory(struct parser *p) {
    return sh_fail(p->err, SH_E_NOMEM, "%s: no memory for the mapping", p->path);
}

/* ---- columns of a source
 * ----------------------------------------------------------------------------------------- */

static sh_code column_of(struct parser *p, struct sh_str name, uint16_t *ret) {
    struct draft_source *d = p->source;
    for (uint16_t i = 0; i < d->source.n_columns; i++)
        if (sh_str_eq_nocase(d->columns[i].name, name)) {
            *ret = i;
            return SH_OK;
        }
    if (d->source.n_columns == SH_CSV_COLUMNS_MAX)
        return FAIL(p, p->line, "more than %zu columns in one source", SH_CSV_COLUMNS_MAX);
    d->columns[d->source.n_columns].name = name;
    *ret = d->source.n_columns++;
    return SH_OK;
}

/* "a, b, c" */
static sh_code list_of(struct parser *p, struct sh_str text, struct sh_str **ret, size_t *ret_n) {
    struct sh_str *list = sh_new(p->arena, struct sh_str, LIST_MAX);
    size_t n = 0;
    if (!list)
        return no_memory(p);
    for (struct sh_str piece; sh_str_split(&text, ',', &piece);) {
        piece = sh_str_trim(piece);
        if (piece.len == 0)
            continue;
        if (n == LIST_MAX)
            return FAIL(p, p->line, "more than %d entries in one list", LIST_MAX);
        list[n++] = piece;
    }
    *ret = list, *ret_n = n;
    return SH_OK;
}

/* ---- keys
 * -------------------------------------------------------------------------------------------------------- */

enum key {
    KEY_MAPPING,
    KEY_TITLE,
    KEY_DELIMITER,
    KEY_QUOTE,
    KEY_ENCODING,
    KEY_EMPTY,
    KEY_SOURCE,
    KEY_RECOGNISED,
    KEY_REQUIRED,
    KEY_FILLS,
    KEY_TABLE,
    KEY_WHEN,
    KEYS
};
static const char *const key_names[KEYS] = {"mapping",  "title", "delimiter", "quote",
                                            "encoding", "empty", "source",    "recognised by",
                                            "required", "fills", "table",     "when"};

static sh_code set_delimiter(struct parser *p, struct sh_str value) {
    static const char marks[] = {',', ';', '|', '^', '~', '!', ':'};
    if (sh_str_is(value, "tab"))
        p->mapping->form.delimiter = '\t';
    else if (sh_str_is(value, "ctrl-a"))
        p->mapping->form.delimiter = '\x01';
    else if (value.len == 1 && memchr(marks, value.at[0], sizeof(marks)))
        p->mapping->form.delimiter = value.at[0];
    else
        return FAIL(p, p->line, "delimiter is one of , ; | ^ ~ ! : tab ctrl-a, not \"%.*s\"", SH_ARG(value));
    return SH_OK;
}

static sh_code set_quote(struct parser *p, struct sh_str value) {
    if (sh_str_is(value, "none"))
        p->mapping->form.quote = 0;
    else if (value.len == 1 && (value.at[0] == '"' || value.at[0] == '\''))
        p->mapping->form.quote = value.at[0];
    else
        return FAIL(p, p->line, "quote is one of \" ' none, not \"%.*s\"", SH_ARG(value));
    return SH_OK;
}

static sh_code set_encoding(struct parser *p, struct sh_str value) {
    if (sh_str_eq_nocase(value, SH_STR("auto")))
        p->mapping->encoding = SH_ENCODING_AUTO;
    else if (sh_str_eq_nocase(value, SH_STR("utf-8")))
        p->mapping->encoding = SH_ENCODING_UTF8;
    else if (sh_str_eq_nocase(value, SH_STR("gb18030")))
        p->mapping->encoding = SH_ENCODING_GB18030;
    else
        return FAIL(p, p->line, "encoding is one of auto, utf-8, gb18030, not \"%.*s\"", SH_ARG(value));
    return SH_OK;
}

static sh_code begin_source(struct parser *p, struct sh_str value) {
    if (p->mapping->n_sources == SH_MAPPING_SOURCES_MAX)
        return FAIL(p, p->line, "more than %zu sources", SH_MAPPING_SOURCES_MAX);
    const size_t blank = sh_str_find_char(value, ' ');
    const struct sh_str name = sh_str_sub(value, 0, blank == SH_STR_NONE ? value.len : blank);
    if (name.len == 0)
        return FAIL(p, p->line, "a source needs a name");
    for (size_t i = 0; i < p->mapping->n_sources; i++)
        if (sh_str_eq_nocase(p->sources[i].source.name, name))
            return FAIL(p, p->line, "source '%.*s' stands here twice, first in line %u", SH_ARG(name),
                        p->sources[i].line);
    struct draft_source *d = &p->sources[p->mapping->n_sources];
    *d = (struct draft_source){
        .source = {.name = name, .title = sh_str_trim(sh_str_sub(value, name.len, value.len - name.len))},
        .columns = sh_new(p->arena, struct sh_map_column, SH_CSV_COLUMNS_MAX),
        .selects = sh_new(p->arena, struct sh_map_select, SH_MAPPING_SELECTS_MAX),
        .line = p->line};
    if (!d->columns || !d->selects)
        return no_memory(p);
    p->mapping->n_sources++;
    p->source = d;
    return SH_OK;
}

static sh_code mark_columns(struct parser *p, struct sh_str value, bool is_recognising) {
    struct sh_str *list;
    size_t n;
    SH_TRY(list_of(p, value, &list, &n));
    for (size_t i = 0; i < n; i++) {
        uint16_t column = 0;
        SH_TRY(column_of(p, list[i], &column));
        p->source->columns[column].is_required = true;
        p->source->columns[column].is_recognising =
            p->source->columns[column].is_recognising || is_recognising;
    }
    return SH_OK;
}

static sh_code begin_table(struct parser *p, struct sh_str value) {
    const char *names[SH_TABLES + 1] = {0};
    if (p->select)
        return FAIL(p, p->line, "the table of line %u has no SELECT yet", p->select->line);
    for (unsigned t = 0; t < SH_TABLES; t++) {
        names[t] = sh_lake_schema[t].name;
        if (t == SH_TABLE_NETTING || !sh_str_is(value, names[t]))
            continue;
        if (p->source->source.n_selects == SH_MAPPING_SELECTS_MAX)
            return FAIL(p, p->line, "more than %zu tables from one source", SH_MAPPING_SELECTS_MAX);
        p->select = &p->source->selects[p->source->source.n_selects++];
        *p->select = (struct sh_map_select){.table = (enum sh_table)t, .when_column = -1, .line = p->line};
        return SH_OK;
    }
    const char *meant = sh_did_you_mean(value, names, SH_TABLES);
    return FAIL(p, p->line, "the lake has no table '%.*s' to be filled%s%s%s", SH_ARG(value),
                meant ? ", did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static sh_code set_when(struct parser *p, struct sh_str value) {
    const struct sh_str tail = SH_STR(" not empty");
    if (!sh_str_ends_with(value, tail))
        return FAIL(p, p->line, "when is written `COLUMN not empty`");
    const struct sh_str name = sh_str_trim(sh_str_sub(value, 0, value.len - tail.len));
    uint16_t column = 0;
    SH_TRY(column_of(p, name, &column));
    p->select->when_column = column;
    return SH_OK;
}

static sh_code source_key(struct parser *p, enum key key, struct sh_str value) {
    if (!p->source)
        return FAIL(p, p->line, "`%s` belongs behind a `-- source:`", key_names[key]);
    if (key == KEY_RECOGNISED || key == KEY_REQUIRED)
        return mark_columns(p, value, key == KEY_RECOGNISED);
    if (key == KEY_FILLS)
        return list_of(p, value, &p->source->fills, &p->source->n_fills);
    if (key == KEY_TABLE)
        return begin_table(p, value);
    if (!p->select)
        return FAIL(p, p->line, "`when` belongs behind a `-- table:`, before its SELECT");
    return set_when(p, value);
}

static sh_code set_key(struct parser *p, enum key key, struct sh_str value) {
    if (key >= KEY_RECOGNISED)
        return source_key(p, key, value);
    if (key != KEY_SOURCE && p->source)
        return FAIL(p, p->line, "`%s` belongs to the head of the file, before the first `-- source:`",
                    key_names[key]);
    if (p->select)
        return FAIL(p, p->line, "the table of line %u has no SELECT yet", p->select->line);
    if (key == KEY_MAPPING)
        p->mapping->name = value;
    else if (key == KEY_TITLE)
        p->mapping->title = value;
    else if (key == KEY_DELIMITER)
        return set_delimiter(p, value);
    else if (key == KEY_QUOTE)
        return set_quote(p, value);
    else if (key == KEY_ENCODING)
        return set_encoding(p, value);
    else if (key == KEY_SOURCE)
        return begin_source(p, value);
    else {
        struct sh_str *words = NULL;
        SH_TRY(list_of(p, value, &words, &p->mapping->n_empty_words));
        p->mapping->empty_words = words;
    }
    return SH_OK;
}

/* ---- outputs
 * ----------------------------------------------------------------------------------------------------- */

static const struct attribute {
    const char *name;
    enum sh_dict dict;
    bool is_kind;
} attributes[] = {
    {"institution_name", SH_DICT_INSTITUTION, false},
    {"institution_kind", SH_DICT_INSTITUTION, true},
    {"department_name", SH_DICT_DEPARTMENT, false},
    {"practitioner_name", SH_DICT_PRACTITIONER, false},
    {"item_name", SH_DICT_ITEM, false},
    {"item_kind", SH_DICT_ITEM, true},
    {"diagnosis_name", SH_DICT_DIAGNOSIS, false},
    {"operation_name", SH_DICT_OPERATION, false},
};

static bool is_ours(enum sh_table table, const struct sh_lake_column *c) {
    return strcmp(c->name, "bucket") == 0 || strcmp(c->name, "batch") == 0 ||
           (table == SH_TABLE_LINE && c->national[0] == '\0');
}

static sh_code unknown_output(struct parser *p, struct sh_map_output *o) {
    const struct sh_lake_table *t = &sh_lake_schema[p->select->table];
    const char *names[128];
    size_t n = 0;
    for (size_t i = 0; i < t->n_columns && n < 100; i++)
        names[n++] = t->columns[i].name;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        names[n++] = attributes[i].name;
    const char *meant = sh_did_you_mean(o->name, names, n);
    return FAIL(p, o->line, "table '%s' has no column '%.*s'%s%s%s", t->name, SH_ARG(o->name),
                meant ? ", did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static sh_code resolve_target(struct parser *p, struct sh_map_output *o) {
    const struct sh_lake_table *t = &sh_lake_schema[p->select->table];
    o->target = -1;
    for (int i = 0; i < t->n_columns; i++)
        if (sh_str_is(o->name, t->columns[i].name))
            o->target = i;
    if (o->target >= 0 && is_ours(p->select->table, &t->columns[o->target]))
        return FAIL(p, o->line, "column '%.*s' of table '%s' is made by the lake and not mapped",
                    SH_ARG(o->name), t->name);
    for (size_t i = 0; o->target < 0 && i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (!sh_str_is(o->name, attributes[i].name))
            continue;
        for (int c = 0; c < t->n_columns; c++)
            if (t->columns[c].type == SH_COLUMN_CODE && t->columns[c].dict == attributes[i].dict) {
                o->attribute_of = attributes[i].dict, o->is_kind = attributes[i].is_kind;
                return SH_OK;
            }
    }
    return o->target < 0 ? unknown_output(p, o) : SH_OK;
}

static int by_number(const void *a, const void *b) {
    const uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return (x > y) - (x < y);
}

/* The columns an expression reads: words that are neither keyword nor function, and quoted names. Ascending,
 * distinct. */
static sh_code columns_read(struct parser *p, const struct sh_sql_token *tokens, size_t n, uint16_t *ret,
                            uint16_t *ret_n) {
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        const struct sh_sql_token *t = &tokens[i];
        if (t->kind != SH_SQL_WORD && t->kind != SH_SQL_QUOTED)
            continue;
        const char *why = t->kind == SH_SQL_WORD ? sh_sql_forbidden(t->text) : NULL;
        if (why)
            return FAIL(p, t->line, "'%.*s' may not stand here: %s", SH_ARG(t->text), why);
        const bool is_call = t[1].kind == SH_SQL_SIGN && t[1].text.at[0] == '(';
        if (t->kind == SH_SQL_WORD &&
            (is_call || sh_sql_is_keyword(t->text) || sh_sql_is_type_or_unit(tokens, i)))
            continue;
        uint16_t column = 0;
        SH_TRY(column_of(p, t->text, &column));
        bool is_known = false;
        for (uint16_t k = 0; k < *ret_n; k++)
            is_known = is_known || ret[k] == column;
        if (is_known)
            continue;
        if (*ret_n == EXPRESSION_COLUMNS_MAX)
            return FAIL(p, t->line, "an expression reads more than %d columns", EXPRESSION_COLUMNS_MAX);
        ret[(*ret_n)++] = column;
    }
    qsort(ret, *ret_n, sizeof(*ret), by_number);
    return SH_OK;
}

static sh_code join_group(struct parser *p, struct sh_map_output *o, const uint16_t *columns, uint16_t n) {
    struct draft_source *d = p->source;
    uint16_t g = 0;
    while (g < d->source.n_groups &&
           (d->groups[g].n_columns != n || memcmp(d->groups[g].columns, columns, n * sizeof(*columns)) != 0))
        g++;
    if (g == d->source.n_groups) {
        struct sh_map_group *more = sh_new(p->arena, struct sh_map_group, (size_t)g + 1);
        uint16_t *kept = sh_new(p->arena, uint16_t, n);
        if (!more || !kept)
            return no_memory(p);
        if (g > 0)
            memcpy(more, d->groups, g * sizeof(*more));
        memcpy(kept, columns, n * sizeof(*columns));
        more[g] = (struct sh_map_group){.columns = kept, .n_columns = n};
        d->groups = more;
        d->source.n_groups++;
    }
    struct sh_map_group *group = &d->groups[g];
    const struct sh_map_output **list =
        sh_new(p->arena, const struct sh_map_output *, (size_t)group->n_outputs + 1);
    if (!list)
        return no_memory(p);
    for (uint16_t i = 0; i < group->n_outputs; i++)
        list[i] = group->outputs[i];
    list[group->n_outputs] = o;
    group->outputs = list;
    o->group = g, o->in_group = group->n_outputs++;
    return SH_OK;
}

static bool is_column(const struct sh_sql_token *t) {
    return t->kind == SH_SQL_QUOTED ||
           (t->kind == SH_SQL_WORD && !sh_sql_is_keyword(t->text) && !sh_sql_forbidden(t->text));
}

/* coalesce(a, b, …) of columns. */
static bool is_first(const struct sh_sql_token *t, size_t n) {
    if (n < 4 || n % 2 != 0 || n / 2 - 1 > SH_MAP_COLUMNS_MAX || !sh_sql_is(&t[0], "coalesce"))
        return false;
    for (size_t i = 1; i < n; i++)
        if (i % 2 == 0 ? !is_column(&t[i]) : !sh_sql_is_sign(&t[i], i == 1 ? '(' : i == n - 1 ? ')' : ','))
            return false;
    return true;
}

/* CASE WHEN … THEN column [ELSE column] END: number of the THEN, or 0. */
static size_t pick_then(const struct sh_sql_token *t, size_t n) {
    if (n < 6 || !sh_sql_is(&t[0], "case") || !sh_sql_is(&t[1], "when") || !sh_sql_is(&t[n - 1], "end"))
        return 0;
    const size_t then = sh_sql_is(&t[n - 3], "else") ? n - 5 : n - 3;
    if (!sh_sql_is(&t[then], "then") || !is_column(&t[then + 1]) || (then == n - 5 && !is_column(&t[n - 2])))
        return 0;
    for (size_t i = 2; i < then; i++)
        if (sh_sql_is(&t[i], "case") || sh_sql_is(&t[i], "when") || sh_sql_is(&t[i], "then"))
            return 0;
    return then;
}

static sh_code add_column(struct parser *p, struct sh_map_output *o, const struct sh_sql_token *t) {
    return column_of(p, t->text, &o->columns[o->n_columns++]);
}

static sh_code to_group(struct parser *p, struct sh_map_output *o, const struct sh_sql_token *t, size_t n) {
    uint16_t columns[EXPRESSION_COLUMNS_MAX], n_columns;
    SH_TRY(columns_read(p, t, n, columns, &n_columns));
    return join_group(p, o, columns, n_columns);
}

static sh_code resolve_pick(struct parser *p, struct sh_map_output *o, struct sh_str sql,
                            const struct sh_sql_token *t, size_t n, size_t then) {
    const struct sh_str condition = sh_str_sub(sql, t[2].begin, t[then - 1].end - t[2].begin);
    o->kind = SH_MAP_PICK;
    o->text.at =
        sh_arena_printf(p->arena, &o->text.len, "CASE WHEN (\n%.*s\n) THEN '1' END", SH_ARG(condition));
    if (!o->text.at)
        return no_memory(p);
    SH_TRY(add_column(p, o, &t[then + 1]));
    if (then == n - 5)
        SH_TRY(add_column(p, o, &t[n - 2]));
    return to_group(p, o, t + 2, then - 2);
}

static sh_code resolve_what(struct parser *p, struct sh_map_output *o, struct sh_str sql,
                            const struct sh_sql_token *t, size_t n) {
    const char *why = n == 1 && t->kind == SH_SQL_WORD ? sh_sql_forbidden(t->text) : NULL;
    if (why)
        return FAIL(p, t->line, "'%.*s' may not stand here: %s", SH_ARG(t->text), why);
    if (n == 1 && is_column(t)) {
        o->kind = SH_MAP_COLUMN;
        return add_column(p, o, t);
    }
    if (n == 1 && (t->kind == SH_SQL_STRING || t->kind == SH_SQL_NUMBER || sh_sql_is(t, "null"))) {
        o->kind = SH_MAP_CONSTANT;
        o->text = t->kind == SH_SQL_WORD ? (struct sh_str){0} : t->text;
        return SH_OK;
    }
    if (is_first(t, n)) {
        o->kind = SH_MAP_FIRST;
        for (size_t i = 2; i < n; i += 2)
            SH_TRY(add_column(p, o, &t[i]));
        return SH_OK;
    }
    const size_t then = pick_then(t, n);
    if (then > 2)
        return resolve_pick(p, o, sql, t, n, then);
    o->kind = SH_MAP_EXPRESSION;
    o->text = sh_str_sub(sql, t[0].begin, t[n - 1].end - t[0].begin);
    return to_group(p, o, t, n);
}

/* `what AS name`, or a column alone. */
static sh_code one_output(struct parser *p, struct sh_str sql, const struct sh_sql_token *t, size_t n,
                          struct sh_map_output *outputs, uint16_t *n_outputs) {
    if (n == 0)
        return FAIL(p, t->line, "an output is missing before this comma");
    if (*n_outputs == SH_MAPPING_OUTPUTS_MAX)
        return FAIL(p, t->line, "more than %zu outputs in one SELECT", SH_MAPPING_OUTPUTS_MAX);
    struct sh_map_output *o = &outputs[*n_outputs];
    const struct sh_sql_token *last = &t[n - 1];
    *o = (struct sh_map_output){.name = last->text, .line = t->line};
    const bool has_as = n >= 3 && sh_sql_is(&t[n - 2], "as");
    if ((!has_as && n != 1) || (last->kind != SH_SQL_WORD && last->kind != SH_SQL_QUOTED))
        return FAIL(p, t->line, "an output is written `expression AS name` or `column`");
    for (uint16_t i = 0; i < *n_outputs; i++)
        if (sh_str_eq(outputs[i].name, o->name))
            return FAIL(p, t->line, "output '%.*s' stands twice, first in line %u", SH_ARG(o->name),
                        outputs[i].line);
    SH_TRY(resolve_target(p, o));
    SH_TRY(resolve_what(p, o, sql, t, has_as ? n - 2 : n));
    ++*n_outputs;
    return SH_OK;
}

static sh_code check_needs(struct parser *p, struct sh_map_output *outputs, uint16_t n) {
    for (const char *const *need = sh_table_needs(p->select->table); *need; need++) {
        struct sh_map_output *found = NULL;
        for (uint16_t i = 0; i < n; i++)
            if (sh_str_is(outputs[i].name, *need))
                found = &outputs[i];
        if (!found)
            return FAIL(p, p->select->line, "table '%s' needs an output '%s'",
                        sh_lake_schema[p->select->table].name, *need);
        if (found->kind == SH_MAP_COLUMN && p->select->when_column < 0)
            p->source->columns[found->columns[0]].is_required = true;
    }
    return SH_OK;
}

static void mark_fills(struct parser *p, struct sh_map_output *outputs, uint16_t n) {
    const struct sh_lake_table *t = &sh_lake_schema[p->select->table];
    for (uint16_t i = 0; i < n; i++)
        for (size_t f = 0; outputs[i].target >= 0 && f < p->source->n_fills; f++)
            if (t->columns[outputs[i].target].type == SH_COLUMN_FLAG &&
                sh_str_eq(outputs[i].name, p->source->fills[f]))
                outputs[i].empty_zero = true;
}

static sh_code parse_select(struct parser *p, struct sh_str sql, uint32_t line) {
    const struct sh_sql_token *t = NULL;
    size_t n = 0, i = 1, depth = 0;
    if (!p->select)
        return FAIL(p, line, "a SELECT needs a `-- table:` before it");
    SH_TRY(sh_sql_scan(p->path, sql, line, p->arena, &t, &n, p->err));
    if (!sh_sql_is(&t[0], "select"))
        return FAIL(p, t[0].line, "this should be a SELECT");
    struct sh_map_output *outputs = sh_new(p->arena, struct sh_map_output, SH_MAPPING_OUTPUTS_MAX);
    if (!outputs)
        return no_memory(p);
    size_t begin = i;
    for (; t[i].kind != SH_SQL_END && !(depth == 0 && sh_sql_is(&t[i], "from")); i++) {
        if (sh_sql_is_sign(&t[i], '('))
            depth++;
        else if (sh_sql_is_sign(&t[i], ')') && depth-- == 0)
            return FAIL(p, t[i].line, "a ) without its (");
        else if (depth == 0 && sh_sql_is_sign(&t[i], ',')) {
            SH_TRY(one_output(p, sql, &t[begin], i - begin, outputs, &p->select->n_outputs));
            begin = i + 1;
        }
    }
    if (depth > 0)
        return FAIL(p, t[i].line, "a ( is not closed");
    SH_TRY(one_output(p, sql, &t[begin], i - begin, outputs, &p->select->n_outputs));
    if (t[i].kind == SH_SQL_END || !sh_str_eq_nocase(t[i + 1].text, p->source->source.name) ||
        t[i + 2].kind != SH_SQL_END)
        return FAIL(p, t[i].line,
                    "the SELECT ends with `FROM %.*s;` and nothing more: rows are not chosen here",
                    SH_ARG(p->source->source.name));
    SH_TRY(check_needs(p, outputs, p->select->n_outputs));
    mark_fills(p, outputs, p->select->n_outputs);
    p->select->outputs = outputs;
    p->select = NULL;
    return SH_OK;
}

/* ---- the file
 * ---------------------------------------------------------------------------------------------------- */

/* Offset of the `;` that ends the statement at `begin`, or text.len. */
static size_t statement_end(struct sh_str text, size_t begin) {
    char quote = 0;
    for (size_t i = begin; i < text.len; i++) {
        const char c = text.at[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == ';')
            return i;
        else if (c == '-' && i + 1 < text.len && text.at[i + 1] == '-')
            while (i + 1 < text.len && text.at[i + 1] != '\n')
                i++;
    }
    return text.len;
}

/* `-- key: value`; other comments are nobody's business, unless they nearly are a key. */
static sh_code comment_line(struct parser *p, struct sh_str line) {
    const size_t colon = sh_str_find_char(line, ':');
    if (colon == SH_STR_NONE)
        return SH_OK;
    const struct sh_str word = sh_str_trim(sh_str_sub(line, 0, colon));
    for (unsigned k = 0; k < KEYS; k++)
        if (sh_str_is(word, key_names[k]))
            return set_key(p, (enum key)k, sh_str_trim(sh_str_sub(line, colon + 1, line.len)));
    const char *meant = word.len >= 4 ? sh_did_you_mean(word, key_names, KEYS) : NULL;
    return meant ? FAIL(p, p->line, "unknown key '%.*s', did you mean '%s'?", SH_ARG(word), meant) : SH_OK;
}

static struct sh_str line_at(struct sh_str text, size_t at) {
    const struct sh_str rest = sh_str_sub(text, at, text.len - at);
    const size_t end = sh_str_find_char(rest, '\n');
    return sh_str_sub(rest, 0, end == SH_STR_NONE ? rest.len : end);
}

static bool is_list(struct sh_str comment) {
    return sh_str_starts_with(comment, SH_STR("recognised by:")) ||
           sh_str_starts_with(comment, SH_STR("required:")) ||
           sh_str_starts_with(comment, SH_STR("fills:")) || sh_str_starts_with(comment, SH_STR("empty:"));
}

/* A comment line and the ones that continue it (a list that ends with a comma), joined. */
static sh_code comment_block(struct parser *p, size_t *at) {
    SH_CLEANUP(sh_buf_free) struct sh_buf joined = {0};
    uint32_t lines = 0;
    for (bool goes_on = true; goes_on && *at < p->text.len;) {
        const struct sh_str raw = line_at(p->text, *at), line = sh_str_trim(raw);
        if (!sh_str_starts_with(line, SH_STR("--")))
            break;
        (void)sh_buf_add_str(&joined, sh_str_trim(sh_str_sub(line, 2, line.len - 2)));
        *at += raw.len + 1;
        lines++;
        goes_on = sh_str_ends_with(line, SH_STR(",")) && is_list(sh_buf_view(&joined));
    }
    SH_TRY(sh_buf_check(&joined, p->err));
    struct sh_str text = sh_buf_view(&joined);
    text.at = sh_arena_dup(p->arena, text.at, text.len);
    if (!text.at)
        return no_memory(p);
    SH_TRY(comment_line(p, text));
    p->line += lines;
    return SH_OK;
}

static sh_code parse_file(struct parser *p) {
    size_t at = 0;
    while (at < p->text.len) {
        const struct sh_str raw = line_at(p->text, at), line = sh_str_trim(raw);
        if (line.len == 0) {
            at += raw.len + 1;
            p->line++;
        } else if (sh_str_starts_with(line, SH_STR("--"))) {
            SH_TRY(comment_block(p, &at));
        } else {
            const size_t end = statement_end(p->text, at);
            if (end == p->text.len)
                return FAIL(p, p->line, "the statement that begins here does not end with ;");
            SH_TRY(parse_select(p, sh_str_sub(p->text, at, end - at), p->line));
            for (; at <= end; at++)
                p->line += p->text.at[at] == '\n';
        }
    }
    if (p->select)
        return FAIL(p, p->select->line, "this table has no SELECT");
    return SH_OK;
}

static sh_code finish(struct parser *p) {
    struct sh_map_source *sources = sh_new(p->arena, struct sh_map_source, p->mapping->n_sources);
    if (!sources)
        return no_memory(p);
    if (p->mapping->n_sources == 0)
        return FAIL(p, p->line, "there is no `-- source:` in this mapping");
    for (size_t s = 0; s < p->mapping->n_sources; s++) {
        struct draft_source *d = &p->sources[s];
        bool is_recognised = false;
        for (uint16_t c = 0; c < d->source.n_columns; c++)
            is_recognised = is_recognised || d->columns[c].is_recognising;
        if (!is_recognised)
            return FAIL(p, d->line, "source '%.*s' needs `-- recognised by:` with columns of its header",
                        SH_ARG(d->source.name));
        if (d->source.n_selects == 0)
            return FAIL(p, d->line, "source '%.*s' feeds no table", SH_ARG(d->source.name));
        d->source.columns = d->columns, d->source.selects = d->selects, d->source.groups = d->groups;
        sources[s] = d->source;
    }
    p->mapping->sources = sources;
    return SH_OK;
}

sh_code sh_mapping_parse(const char *path, struct sh_str text, struct sh_arena *arena,
                         const struct sh_mapping **ret, struct sh_err *err) {
    struct sh_mapping *mapping = sh_new(arena, struct sh_mapping, 1);
    struct draft_source *sources = sh_new(arena, struct draft_source, SH_MAPPING_SOURCES_MAX);
    if (!mapping || !sources)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for the mapping", path);
    if (text.len > SH_MAPPING_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: a mapping has at most %zu bytes", path, SH_MAPPING_BYTES_MAX);
    if (!sh_utf8_valid(text) || (text.len > 0 && memchr(text.at, 0, text.len)))
        return sh_fail(err, SH_E_INPUT, "%s: byte %zu: a mapping is written in UTF-8", path,
                       sh_utf8_invalid_at(text));
    *mapping = (struct sh_mapping){.path = path, .form = {.delimiter = ',', .quote = '"', .line_end = '\n'}};
    struct parser p = {.path = path,
                       .text = text,
                       .arena = arena,
                       .err = err,
                       .line = 1,
                       .mapping = mapping,
                       .sources = sources};
    SH_TRY(parse_file(&p));
    SH_TRY(finish(&p));
    *ret = mapping;
    return SH_OK;
}
