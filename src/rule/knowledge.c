/* Knowledge tables: the `#!` header, the columns it types, and every cell checked. */
#include "rule/knowledge.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "rule/layer.h"
#include "rule/model.h"
#include <assert.h>

static const char *const standard_names[SH_STD_COLUMNS] = {"point", "from",   "to",         "known", "level",
                                                           "layer", "source", "supersedes", "name",  "note"};

sh_code sh_reporter_note(struct sh_reporter *reporter, sh_code code, struct sh_err *err) {
    if (code == SH_OK || (code != SH_E_INPUT && code != SH_E_OVERFLOW && code != SH_E_LIMIT))
        return code;
    if (reporter->n_errors++ == 0)
        (void)snprintf(reporter->first, sizeof(reporter->first), "%s", err ? err->message : "");
    if (reporter->out)
        fprintf(reporter->out, "%s\n", err ? err->message : "");
    return SH_OK;
}

void sh_reporter_warn(struct sh_reporter *reporter, sh_code code, const struct sh_err *err) {
    if (code == SH_E_INPUT && reporter->out && err)
        fprintf(reporter->out, "warning: %s\n", err->message);
}

/* ---- header
 * ---------------------------------------------------------------------------------------------------- */

/* One `#! key: value` line. */
struct header_line {
    struct sh_str key, value;
    uint32_t line;
    size_t value_at; /* characters before the value */
    bool is_used;
};
enum { HEADER_LINES_MAX = 64 };
struct header {
    const char *path;
    struct header_line lines[HEADER_LINES_MAX];
    size_t n;
};

static sh_code read_header(const char *path, struct sh_str text, struct header *h, struct sh_err *err) {
    h->path = path;
    uint32_t number = 0;
    if (sh_str_starts_with(text, SH_STR("\xef\xbb\xbf")))
        text = sh_str_sub(text, 3, text.len);
    for (struct sh_str rest = text, line; text.len > 0 && sh_str_split(&rest, '\n', &line);) {
        number++;
        if (!sh_str_starts_with(line, SH_STR("#")))
            break;
        if (!sh_str_starts_with(line, SH_STR("#!")))
            continue;
        const size_t colon = sh_str_find_char(line, ':');
        if (colon == SH_STR_NONE)
            return sh_fail(err, SH_E_INPUT, "%s:%u:1: a header line is written '#! key: value'", path,
                           number);
        if (h->n == HEADER_LINES_MAX)
            return sh_fail(err, SH_E_LIMIT, "%s:%u:1: more than %d header lines", path, number,
                           HEADER_LINES_MAX);
        const struct sh_str value = sh_str_sub(line, colon + 1, line.len);
        h->lines[h->n++] =
            (struct header_line){.key = sh_str_trim(sh_str_sub(line, 2, colon - 2)),
                                 .value = sh_str_trim(value),
                                 .line = number,
                                 .value_at = sh_utf8_count(sh_str_sub(line, 0, colon + 1)) + 1};
    }
    return SH_OK;
}

static struct header_line *header_find(struct header *h, const char *key) {
    for (size_t i = 0; i < h->n; i++)
        if (sh_str_is(h->lines[i].key, key)) {
            h->lines[i].is_used = true;
            return &h->lines[i];
        }
    return NULL;
}
/* "key item" or "type max" of a column. */
static struct header_line *header_of_column(struct header *h, const char *word, struct sh_str column) {
    for (size_t i = 0; i < h->n; i++) {
        struct sh_str rest = h->lines[i].key, head = {0};
        if (rest.len > 0 && sh_str_split(&rest, ' ', &head) && sh_str_is(head, word) &&
            sh_str_eq(sh_str_trim(rest), column)) {
            h->lines[i].is_used = true;
            return &h->lines[i];
        }
    }
    return NULL;
}

static sh_code fail_header(const struct header *h, const struct header_line *l, struct sh_err *err,
                           const char *what) {
    return sh_fail(err, SH_E_INPUT, "%s:%u:%zu: %s: '%.*s'", h->path, l->line, l->value_at, what,
                   SH_ARG(l->value));
}

/* "中文 / English" */
static bool in_both(struct sh_str text, struct sh_str *ret_chinese, struct sh_str *ret_english) {
    const size_t at = sh_str_find(text, SH_STR(" / "));
    if (at == SH_STR_NONE || at == 0 || at + 3 >= text.len)
        return false;
    *ret_chinese = sh_str_sub(text, 0, at);
    *ret_english = sh_str_trim(sh_str_sub(text, at + 3, text.len));
    return true;
}

static sh_code head_table(struct header *h, struct sh_knowledge *k, struct sh_err *err) {
    const struct header_line *title = header_find(h, "title"), *rows = header_find(h, "rows"),
                             *english = header_find(h, "english"), *local = header_find(h, "local");
    (void)header_find(h, "note");
    if (!title || title->value.len == 0)
        return sh_fail(err, SH_E_INPUT, "%s:1:1: the header lacks '#! title: …'", h->path);
    if (!rows)
        return sh_fail(err, SH_E_INPUT, "%s:1:1: the header lacks '#! rows: limit', 'allow' or 'forbid'",
                       h->path);
    k->title = title->value;
    k->english = english ? english->value : SH_STR("");
    if (local && !in_both(local->value, &k->local, &k->local_english))
        return fail_header(h, local, err, "why each place has its own rows is written 中文 / English, not");
    if (sh_str_is(rows->value, "limit"))
        k->rows_kind = SH_ROWS_LIMIT;
    else if (sh_str_is(rows->value, "allow"))
        k->rows_kind = SH_ROWS_ALLOW;
    else if (sh_str_is(rows->value, "forbid"))
        k->rows_kind = SH_ROWS_FORBID;
    else
        return fail_header(h, rows, err, "rows are limit, allow or forbid, not");
    return SH_OK;
}

static sh_code head_left_over(const struct header *h, const struct sh_knowledge *k, struct sh_err *err) {
    for (size_t i = 0; i < h->n; i++) {
        if (h->lines[i].is_used)
            continue;
        struct sh_str rest = h->lines[i].key, head = h->lines[i].key;
        if (rest.len > 0)
            (void)sh_str_split(&rest, ' ', &head);
        if (sh_str_is(head, "key") || sh_str_is(head, "type") || sh_str_is(head, "name")) {
            const char *names[64];
            char words[64][64];
            size_t n = 0;
            for (; n < k->n_columns && n < 64; n++) {
                (void)snprintf(words[n], sizeof(words[n]), "%.*s", SH_ARG(k->columns[n].name));
                names[n] = words[n];
            }
            const char *near = sh_did_you_mean(sh_str_trim(rest), names, n);
            return sh_fail(err, SH_E_INPUT, "%s:%u:1: the table has no column '%.*s'%s%s%s", h->path,
                           h->lines[i].line, SH_ARG(rest), near ? ", did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
        }
        static const char *const known[] = {"title", "english", "rows", "key",
                                            "type",  "name",    "note", "local"};
        const char *near = sh_did_you_mean(head, known, sizeof(known) / sizeof(known[0]));
        return sh_fail(err, SH_E_INPUT, "%s:%u:1: unknown header line '%.*s'%s%s%s", h->path,
                       h->lines[i].line, SH_ARG(h->lines[i].key),
                       near ? ", did you mean '"
                            : "; known: title, english, rows, key, type, name, note, local",
                       near ? near : "", near ? "'?" : "");
    }
    return SH_OK;
}

/* ---- columns
 * --------------------------------------------------------------------------------------------------- */

/* Type at the end of a path that begins with a table's name: person.birth, line.item. */
static bool path_type(const struct sh_rule_model *m, struct sh_str path, struct sh_type *ret) {
    struct sh_str rest = path, word = {0};
    if (path.len == 0 || !sh_str_split(&rest, '.', &word))
        return false;
    int table = -1;
    for (int t = 0; t < SH_MODEL_FIXED_TABLES; t++)
        if (sh_str_is(word, m->model.tables[t].name))
            table = t;
    bool is_found = false;
    while (table >= 0 && rest.at && sh_str_split(&rest, '.', &word)) {
        const struct sh_model_table *t = &m->model.tables[table];
        is_found = false;
        for (uint16_t c = 0; c < t->n_columns && !is_found; c++)
            if (sh_str_is(word, t->columns[c].name)) {
                *ret = t->columns[c].type;
                table = t->columns[c].join;
                is_found = true;
            }
        if (!is_found)
            return false;
    }
    return is_found && !rest.at;
}

static sh_code type_key(const struct header *h, const struct header_line *l, const struct sh_rule_model *m,
                        struct sh_knowledge_column *c, struct sh_err *err) {
    struct sh_str rest = l->value, path = {0};
    if (rest.len == 0 || !sh_str_split(&rest, ' ', &path))
        return fail_header(h, l, err, "a key is written PATH =, PATH under or PATH range, not");
    const struct sh_str how = sh_str_trim(rest);
    struct sh_type type;
    if (!path_type(m, path, &type))
        return fail_header(h, l, err,
                           "no such path in the model; write for instance line.item or person.birth, not");
    c->joins = path;
    if (sh_str_is(how, "range")) {
        c->key = SH_KEY_RANGE;
        if (type.kind != SH_KIND_NUMBER && type.kind != SH_KIND_DATE)
            return fail_header(h, l, err, "only numbers and dates lie in ranges");
        c->type = type, c->type.kind = SH_KIND_RANGE, c->type.member = type.kind;
        return SH_OK;
    }
    c->under = sh_str_is(how, "under");
    if (!c->under && !sh_str_is(how, "="))
        return fail_header(h, l, err, "a key is written PATH =, PATH under or PATH range, not");
    c->key = c->under ? SH_KEY_UNDER : SH_KEY_EQUAL;
    c->type = type;
    if (type.kind == SH_KIND_CODE)
        c->type.kind = SH_KIND_SET, c->type.member = SH_KIND_CODE;
    else if (c->under)
        return fail_header(h, l, err, "only codes lie under a prefix");
    return SH_OK;
}

static sh_code type_column(struct header *h, const struct sh_rule_model *m, struct sh_knowledge_column *c,
                           struct sh_err *err) {
    const struct header_line *key = header_of_column(h, "key", c->name),
                             *type = header_of_column(h, "type", c->name);
    if (key && type)
        return fail_header(h, type, err, "a key column takes its type from the path; remove this line");
    if (key)
        SH_TRY(type_key(h, key, m, c, err));
    else if (type) {
        if (!sh_cell_type(m, type->value, &c->type, &c->under))
            return fail_header(h, type, err,
                               "unknown type (qty, count, money, price, days, years, months, scope, text, "
                               "flag, date, level LIST, word "
                               "LIST, set LIST [under], range years|months|days|money|qty|date)");
    } else {
        return sh_fail(err, SH_E_INPUT,
                       "%s:1:1: column '%.*s' has neither '#! key %.*s: …' nor '#! type %.*s: …'", h->path,
                       SH_ARG(c->name), SH_ARG(c->name), SH_ARG(c->name));
    }
    const bool is_coded = c->type.kind == SH_KIND_CODE || c->type.kind == SH_KIND_SET;
    if (is_coded && c->type.domain >= 0 && m->model.domain_unnamed[c->type.domain])
        return fail_header(h, key ? key : type, err,
                           "a table that would name single persons, employers or other "
                           "numbers is no knowledge");
    return SH_OK;
}

/* "#! name COLUMN: 中文 / English": what readers call the column. */
static sh_code name_column(struct header *h, struct sh_knowledge_column *c, struct sh_err *err) {
    const struct header_line *name = header_of_column(h, "name", c->name);
    if (!name)
        return SH_OK;
    return in_both(name->value, &c->chinese, &c->english)
               ? SH_OK
               : fail_header(h, name, err, "a name is written 中文 / English, not");
}

static sh_code type_columns(struct header *h, const struct sh_rule_model *m, struct sh_table_text *t,
                            struct sh_knowledge *k, struct sh_arena *arena, struct sh_reporter *reporter,
                            struct sh_err *err) {
    for (int s = 0; s < SH_STD_COLUMNS; s++)
        t->standard[s] = -1;
    k->n_columns = (uint16_t)t->csv.header.n_cells;
    k->columns = sh_new(arena, struct sh_knowledge_column, k->n_columns);
    if (!k->columns)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its columns", h->path);
    for (uint16_t i = 0; i < k->n_columns; i++) {
        struct sh_knowledge_column *c = &k->columns[i];
        c->name = t->csv.header.cells[i];
        c->type = (struct sh_type){.kind = SH_KIND_TEXT, .domain = -1};
        SH_TRY(sh_reporter_note(reporter, name_column(h, c, err), err));
        bool is_standard = false;
        for (int s = 0; s < SH_STD_COLUMNS; s++)
            if (sh_str_is(c->name, standard_names[s])) {
                t->standard[s] = i;
                is_standard = true;
                if (s == SH_STD_FROM || s == SH_STD_TO || s == SH_STD_KNOWN)
                    c->type.kind = SH_KIND_DATE;
            }
        if (!is_standard)
            SH_TRY(sh_reporter_note(reporter, type_column(h, m, c, err), err));
    }
    static const int required[] = {SH_STD_POINT, SH_STD_FROM, SH_STD_SOURCE};
    for (size_t i = 0; i < 3; i++)
        if (t->standard[required[i]] < 0)
            return sh_fail(err, SH_E_INPUT,
                           "%s: the table lacks column '%s'; every table has point, from and source", h->path,
                           standard_names[required[i]]);
    return SH_OK;
}

/* ---- rows
 * ------------------------------------------------------------------------------------------------------ */

static struct sh_str cell_of(const struct sh_table_text *t, const struct sh_csv_row *row,
                             enum sh_standard s) {
    return t->standard[s] < 0 ? (struct sh_str){0} : sh_str_trim(row->cells[t->standard[s]]);
}

static sh_code day_of(const struct sh_table_text *t, const struct sh_csv_row *row, enum sh_standard s,
                      int32_t otherwise, int32_t *ret, struct sh_err *err) {
    const struct sh_str cell = cell_of(t, row, s);
    *ret = otherwise;
    if (cell.len == 0)
        return SH_OK;
    const sh_date_fault fault = sh_date_scan(cell.at, cell.len, ret);
    if (fault == SH_DATE_OK)
        return SH_OK;
    return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)t->standard[s],
                       "'%.*s' is no date (%s); write YYYY-MM-DD", SH_ARG(cell), sh_date_fault_text(fault));
}

static sh_code level_of(const struct sh_table_text *t, const struct sh_csv_row *row, enum sh_level *ret,
                        bool *ret_off, struct sh_err *err) {
    static const char *const words[] = {"indicator", "suspected", "certain"};
    const struct sh_str cell = cell_of(t, row, SH_STD_LEVEL);
    *ret = SH_LEVEL_CERTAIN;
    *ret_off = sh_str_is(cell, "off");
    if (cell.len == 0 || *ret_off)
        return SH_OK;
    for (int i = 0; i < 3; i++)
        if (sh_str_is(cell, words[i])) {
            *ret = (enum sh_level)i;
            return SH_OK;
        }
    return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)t->standard[SH_STD_LEVEL],
                       "'%.*s' is no level; use certain, suspected, indicator, or off", SH_ARG(cell));
}

static sh_code read_standard(const struct sh_table_text *t, const struct sh_csv_row *row,
                             struct sh_knowledge_row *r, bool *ret_off, struct sh_err *err) {
    SH_TRY(day_of(t, row, SH_STD_FROM, INT32_MIN, &r->from, err));
    if (r->from == INT32_MIN)
        return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)t->standard[SH_STD_FROM],
                           "is empty; from which day does the row bind?");
    SH_TRY(day_of(t, row, SH_STD_TO, INT32_MAX, &r->to, err));
    SH_TRY(day_of(t, row, SH_STD_KNOWN, r->from, &r->known, err));
    if (r->to <= r->from)
        return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)t->standard[SH_STD_TO],
                           "is not after `from`; periods are half-open");
    SH_TRY(level_of(t, row, &r->level, ret_off, err));
    r->source = cell_of(t, row, SH_STD_SOURCE);
    if (r->source.len == 0)
        return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)t->standard[SH_STD_SOURCE],
                           "is empty; no row without the paper it rests on");
    r->layer = cell_of(t, row, SH_STD_LAYER);
    if (r->layer.len == 0)
        r->layer = SH_STR("000000");
    bool is_place = r->layer.len == 6;
    for (size_t i = 0; is_place && i < 6; i++)
        is_place = r->layer.at[i] >= '0' && r->layer.at[i] <= '9';
    if (!is_place)
        return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)t->standard[SH_STD_LAYER],
                           "'%.*s' is no division code of six digits (000000 = the nation)",
                           SH_ARG(r->layer));
    r->line = (uint32_t)row->line;
    r->cells = row->cells;
    return SH_OK;
}

static sh_code read_cells(const struct sh_rule_model *m, const struct sh_knowledge *k,
                          const struct sh_table_text *t, const struct sh_csv_row *row,
                          struct sh_reporter *reporter, struct sh_err *err) {
    for (uint16_t c = 0; c < k->n_columns; c++) {
        struct sh_cell cell;
        const char *why = "";
        if (c == t->standard[SH_STD_FROM] || c == t->standard[SH_STD_TO] || c == t->standard[SH_STD_KNOWN])
            continue; /* read with the row */
        const sh_code code = sh_cell_read(m, &k->columns[c], row->cells[c], &cell, &why);
        if (code != SH_OK)
            SH_TRY(sh_reporter_note(
                reporter, sh_csv_fail(err, code, &t->csv, row, c, "'%.*s': %s", SH_ARG(row->cells[c]), why),
                err));
        const bool is_item = sh_str_is(k->columns[c].name, "item") || sh_str_is(k->columns[c].name, "a") ||
                             sh_str_is(k->columns[c].name, "b");
        if (code == SH_OK && cell.is_missing && is_item && k->columns[c].key != SH_KEY_NOT)
            SH_TRY(sh_reporter_note(
                reporter,
                sh_csv_fail(err, SH_E_INPUT, &t->csv, row, c, "is empty; which items does the row concern?"),
                err));
    }
    return SH_OK;
}

/* A table that says why the nation has no rows has none of the nation's. */
static sh_code look_whose(const struct sh_knowledge *k, const struct sh_table_text *t,
                          const struct sh_csv_row *row, const struct sh_knowledge_row *read,
                          struct sh_err *err) {
    const int point = t->standard[SH_STD_POINT];
    if (k->local.len == 0 || point < 0 || !sh_str_is(read->layer, "000000"))
        return SH_OK;
    return sh_csv_fail(err, SH_E_INPUT, &t->csv, row, (size_t)point,
                       "is a row of the nation, but '#! local' says that each place has its own; name its "
                       "place in the column layer, or remove that line");
}

/* Points are numbered in order of first appearance. */
static sh_code number_points(struct sh_knowledge *k, struct sh_table_text *t, struct sh_arena *arena,
                             struct sh_reporter *reporter, struct sh_err *err) {
    for (uint32_t r = 0; r < k->n_rows; r++) {
        const struct sh_str point = cell_of(t, &t->csv.rows[r], SH_STD_POINT);
        if (point.len == 0)
            SH_TRY(sh_reporter_note(
                reporter,
                sh_csv_fail(err, SH_E_INPUT, &t->csv, &t->csv.rows[r], (size_t)t->standard[SH_STD_POINT],
                            "is empty; rows of one point are alternatives, so each row names its point"),
                err));
        SH_TRY(sh_names_add(&t->points, point, arena, &k->rows[r].point, err));
    }
    k->points = t->points.at;
    k->n_points = (uint32_t)t->points.n;
    return SH_OK;
}

static bool name_of_file(const char *path, struct sh_str *ret) {
    struct sh_str base = sh_str_of(sh_path_base(path));
    if (!sh_str_ends_with(base, SH_STR(".csv")))
        return false;
    *ret = sh_str_sub(base, 0, base.len - 4);
    for (size_t i = 0; i < ret->len; i++)
        if (!((ret->at[i] >= 'a' && ret->at[i] <= 'z') || ret->at[i] == '_' ||
              (i > 0 && ret->at[i] >= '0' && ret->at[i] <= '9')))
            return false;
    return ret->len > 0;
}

sh_code sh_knowledge_read(const char *path, struct sh_rule_model *m, struct sh_arena *arena,
                          struct sh_reporter *reporter, struct sh_knowledge *ret,
                          struct sh_table_text *ret_text, struct sh_err *err) {
    assert(path && m && arena && reporter && ret && ret_text);
    struct sh_str text;
    SH_TRY(sh_fs_read(path, SH_TEXT_FILE_BYTES_MAX, arena, &text, err));
    const char *file = sh_arena_dup(arena, path, strlen(path));
    struct header *h = sh_new(arena, struct header, 1);
    if (!file || !h)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for the table", path);
    ret->file = sh_str_of(file);
    if (!name_of_file(file, &ret->name))
        return sh_fail(err, SH_E_INPUT,
                       "%s: a table is named in lower case letters, digits and _, with .csv behind", path);
    SH_TRY(read_header(file, text, h, err));
    SH_TRY(head_table(h, ret, err));
    SH_TRY(sh_csv_read(file, text, SH_CSV_COMMENTS, arena, &ret_text->csv, err));
    SH_TRY(type_columns(h, m, ret_text, ret, arena, reporter, err));
    SH_TRY(sh_reporter_note(reporter, head_left_over(h, ret, err), err));
    ret->n_rows = (uint32_t)ret_text->csv.n_rows;
    ret->rows = sh_new(arena, struct sh_knowledge_row, ret->n_rows);
    ret_text->is_off = sh_new(arena, bool, ret->n_rows);
    if (!ret->rows || !ret_text->is_off)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its rows", path);
    for (uint32_t r = 0; r < ret->n_rows; r++) {
        const struct sh_csv_row *row = &ret_text->csv.rows[r];
        SH_TRY(sh_reporter_note(reporter,
                                read_standard(ret_text, row, &ret->rows[r], &ret_text->is_off[r], err), err));
        ret->rows[r].cells = row->cells;
        ret->rows[r].file = file;
        SH_TRY(sh_reporter_note(reporter, look_whose(ret, ret_text, row, &ret->rows[r], err), err));
        SH_TRY(read_cells(m, ret, ret_text, row, reporter, err));
    }
    ret_text->is_read = true;
    return number_points(ret, ret_text, arena, reporter, err);
}

/* ---- layers ------------------------------------------------------------------------------------- */

/* A file of a layer while it is laid over its table. */
struct overlay {
    struct sh_csv csv;
    struct sh_str layer;
    struct sh_table_text own; /* the file by itself: its standard columns */
    size_t *column;  /* [k->n_columns] of the file; SH_STR_NONE: it leaves the column to the wider layer */
    uint32_t n_wide; /* rows of the table before */
};

static sh_code match_columns(struct overlay *o, const struct sh_knowledge *k, struct sh_arena *arena,
                             struct sh_err *err) {
    static const char *const required[] = {"point", "from", "source"};
    o->column = sh_new(arena, size_t, (size_t)k->n_columns + 1);
    if (!o->column)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its columns", o->csv.name);
    for (size_t i = 0; i < 3; i++)
        if (sh_csv_column(&o->csv, sh_str_of(required[i])) == SH_STR_NONE)
            return sh_fail(err, SH_E_INPUT,
                           "%s:%zu:1: the file of a layer has point, from and source; it lacks '%s'",
                           o->csv.name, o->csv.header.line, required[i]);
    /* how long, known since when and how surely a row binds is said of any table */
    static const enum sh_standard of_rows[] = {SH_STD_FROM, SH_STD_TO, SH_STD_KNOWN, SH_STD_LEVEL,
                                               SH_STD_SOURCE};
    o->own.csv = o->csv;
    for (size_t s = 0; s < SH_STD_COLUMNS; s++)
        o->own.standard[s] = -1;
    for (size_t s = 0; s < sizeof(of_rows) / sizeof(of_rows[0]); s++) {
        const size_t at = sh_csv_column(&o->csv, sh_str_of(standard_names[of_rows[s]]));
        o->own.standard[of_rows[s]] = at == SH_STR_NONE ? -1 : (int)at;
    }
    for (size_t c = 0; c < o->csv.header.n_cells; c++) {
        bool is_known = false;
        for (size_t s = 0; s < sizeof(of_rows) / sizeof(of_rows[0]); s++)
            is_known = is_known || o->own.standard[of_rows[s]] == (int)c;
        for (uint16_t i = 0; i < k->n_columns; i++)
            is_known = is_known || sh_str_eq(k->columns[i].name, o->csv.header.cells[c]);
        const bool is_layer = sh_str_is(o->csv.header.cells[c], "layer");
        if (!is_known || is_layer)
            return sh_csv_fail(err, SH_E_INPUT, &o->csv, &o->csv.header, c, "%s",
                               is_layer ? "the folder says which layer it is"
                                        : "the table has no such column");
    }
    for (uint16_t i = 0; i < k->n_columns; i++)
        o->column[i] = sh_csv_column(&o->csv, k->columns[i].name);
    return SH_OK;
}

/* The only row of a point in the wider layers; NULL: none. A point that is switched off may have more. */
static sh_code wider_row(const struct overlay *o, const struct sh_knowledge *k, const struct sh_table_text *t,
                         const struct sh_csv_row *row, struct sh_str point,
                         const struct sh_knowledge_row **ret, struct sh_err *err) {
    const int level = o->own.standard[SH_STD_LEVEL];
    const bool is_off = level >= 0 && sh_str_is(sh_str_trim(row->cells[level]), "off");
    size_t n = 0;
    *ret = NULL;
    for (uint32_t r = 0; r < o->n_wide; r++) {
        if (t->is_off[r] || !sh_str_eq(sh_str_trim(k->rows[r].cells[t->standard[SH_STD_POINT]]), point) ||
            sh_str_eq(k->rows[r].layer, o->layer))
            continue;
        *ret = &k->rows[r];
        n++;
    }
    if (n > 1 && !is_off)
        return sh_csv_fail(err, SH_E_INPUT, &o->csv, row, sh_csv_column(&o->csv, SH_STR("point")),
                           "the wider layers have %zu rows of point '%.*s'; write all columns", n,
                           SH_ARG(point));
    return SH_OK;
}

/* A row in the table's own columns; what the file leaves out comes from the wider layer. */
static sh_code take_cells(const struct overlay *o, const struct sh_knowledge *k,
                          const struct sh_table_text *t, const struct sh_csv_row *row, struct sh_arena *arena,
                          struct sh_str **ret, struct sh_err *err) {
    const struct sh_knowledge_row *wide = NULL;
    const struct sh_str point = sh_str_trim(row->cells[o->column[t->standard[SH_STD_POINT]]]);
    struct sh_str *cells = sh_new(arena, struct sh_str, (size_t)k->n_columns + 1);
    bool leaves_out = false;
    if (!cells)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its rows", o->csv.name);
    for (uint16_t c = 0; c < k->n_columns; c++) {
        bool is_standard = false;
        for (int s = 0; s < SH_STD_COLUMNS; s++)
            is_standard = is_standard || t->standard[s] == c;
        leaves_out = leaves_out || (o->column[c] == SH_STR_NONE && !is_standard);
    }
    if (leaves_out)
        SH_TRY(wider_row(o, k, t, row, point, &wide, err));
    if (leaves_out && !wide)
        return sh_csv_fail(err, SH_E_INPUT, &o->csv, row, sh_csv_column(&o->csv, SH_STR("point")),
                           "no wider layer has point '%.*s'; a new point has all columns of its table",
                           SH_ARG(point));
    for (uint16_t c = 0; c < k->n_columns; c++) {
        const bool from_wide = wide && c != (uint16_t)t->standard[SH_STD_TO] &&
                               c != (uint16_t)t->standard[SH_STD_KNOWN] &&
                               c != (uint16_t)t->standard[SH_STD_SUPERSEDES];
        cells[c] = o->column[c] != SH_STR_NONE ? row->cells[o->column[c]]
                   : from_wide                 ? wide->cells[c]
                                               : (struct sh_str){0};
    }
    if (t->standard[SH_STD_LAYER] >= 0)
        cells[t->standard[SH_STD_LAYER]] = o->layer;
    *ret = cells;
    return SH_OK;
}

static sh_code overlay_row(const struct overlay *o, const struct sh_csv_row *from,
                           const struct sh_open_table *to, struct sh_err *err) {
    struct sh_knowledge *k = to->k;
    struct sh_table_text *t = to->text;
    struct sh_str *cells = NULL;
    SH_TRY(take_cells(o, k, t, from, to->arena, &cells, err));
    struct sh_csv_row *row = (struct sh_csv_row *)(uintptr_t)&t->csv.rows[k->n_rows];
    *row = (struct sh_csv_row){.line = from->line, .n_cells = k->n_columns, .cells = cells};
    struct sh_table_text named = *t; /* faults are of the layer's file */
    named.csv.name = o->csv.name;
    struct sh_knowledge_row *r = &k->rows[k->n_rows];
    SH_TRY(read_standard(&o->own, from, r, &t->is_off[k->n_rows], err));
    if (o->own.standard[SH_STD_LEVEL] < 0) /* that of the wider row */
        SH_TRY(level_of(&named, row, &r->level, &t->is_off[k->n_rows], err));
    r->layer = o->layer;
    r->cells = cells;
    r->file = o->csv.name;
    if (!t->is_off[k->n_rows])
        SH_TRY(read_cells(to->m, k, &named, row, to->reporter, err));
    SH_TRY(sh_names_add(&t->points, cell_of(&named, row, SH_STD_POINT), to->arena, &r->point, err));
    k->n_rows++;
    return SH_OK;
}

sh_code sh_knowledge_overlay(const char *path, struct sh_str layer, const struct sh_open_table *to,
                             struct sh_err *err) {
    assert(path && to && to->m && to->arena && to->reporter && to->k && to->text);
    struct sh_knowledge *k = to->k;
    struct sh_table_text *text = to->text;
    struct sh_arena *arena = to->arena;
    struct overlay o = {.layer = layer, .n_wide = k->n_rows};
    const char *name = sh_arena_dup(arena, path, strlen(path));
    if (!name)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for it", path);
    struct sh_str said;
    SH_TRY(sh_rules_read_file(to->options, name, SH_TEXT_FILE_BYTES_MAX, arena, &said, err));
    SH_TRY(sh_csv_read(name, said, SH_CSV_COMMENTS, arena, &o.csv, err));
    SH_TRY(match_columns(&o, k, arena, err));
    const size_t n = (size_t)k->n_rows + o.csv.n_rows;
    struct sh_knowledge_row *rows = sh_new(arena, struct sh_knowledge_row, n + 1);
    struct sh_csv_row *csv_rows = sh_new(arena, struct sh_csv_row, n + 1);
    bool *is_off = sh_new(arena, bool, n + 1);
    if (!rows || !csv_rows || !is_off || n > UINT32_MAX)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its rows", path);
    if (k->n_rows > 0) {
        memcpy(rows, k->rows, k->n_rows * sizeof(*rows));
        memcpy(csv_rows, text->csv.rows, k->n_rows * sizeof(*csv_rows));
        memcpy(is_off, text->is_off, k->n_rows * sizeof(*is_off));
    }
    k->rows = rows, text->csv.rows = csv_rows, text->is_off = is_off;
    for (size_t i = 0; i < o.csv.n_rows; i++)
        SH_TRY(sh_reporter_note(to->reporter, overlay_row(&o, &o.csv.rows[i], to, err), err));
    text->csv.n_rows = k->n_rows;
    k->points = text->points.at;
    k->n_points = (uint32_t)text->points.n;
    return SH_OK;
}

sh_code sh_knowledge_join_model(struct sh_knowledge *k, struct sh_rule_model *m, struct sh_arena *arena,
                                struct sh_err *err) {
    struct sh_model_column *columns = sh_new(arena, struct sh_model_column, k->n_columns);
    char *name = sh_arena_dup(arena, k->name.at, k->name.len);
    if (!columns || !name)
        return sh_fail(err, SH_E_NOMEM, "no room for table %.*s in the model", SH_ARG(k->name));
    for (uint16_t c = 0; c < k->n_columns; c++) {
        char *column = sh_arena_dup(arena, k->columns[c].name.at, k->columns[c].name.len);
        if (!column)
            return sh_fail(err, SH_E_NOMEM, "no room for table %.*s in the model", SH_ARG(k->name));
        columns[c] = (struct sh_model_column){
            .name = column, .type = k->columns[c].type, .storage = SH_STORE_I32, .join = -1};
        if (k->columns[c].type.kind == SH_KIND_NUMBER || k->columns[c].type.kind == SH_KIND_TIME)
            columns[c].storage = SH_STORE_I64;
        if (k->columns[c].type.kind == SH_KIND_BOOL || k->columns[c].type.kind == SH_KIND_LEVEL)
            columns[c].storage = SH_STORE_I8;
    }
    k->model_table = m->model.n_tables;
    m->growing_tables[m->model.n_tables++] = (struct sh_model_table){.name = name,
                                                                     .columns = columns,
                                                                     .n_columns = k->n_columns,
                                                                     .time_column = -1,
                                                                     .end_column = -1,
                                                                     .knowledge = true};
    return SH_OK;
}
