#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include <stdarg.h>

/* A pass over the text. Cells of the row under way and rows grow on the heap and go into the arena when
 * complete. */
struct reader {
    const char *name;
    struct sh_str text;
    size_t at;   /* next byte */
    size_t line; /* of that byte, from 1 */
    unsigned flags;
    struct sh_arena *arena;
    struct sh_str *cells;
    size_t n_cells, cap_cells;
    struct sh_csv_row *rows;
    size_t n_rows, cap_rows;
    struct sh_err *err;
};

static void reader_release(struct reader *r) {
    sh_free(r->cells);
    sh_free(r->rows);
}

static sh_code fail_at(const struct reader *r, size_t offset, sh_code code, const char *what) {
    size_t line, column;
    sh_str_place(r->text, offset, &line, &column);
    return sh_fail(r->err, code, "%s:%zu:%zu: %s", r->name, line, column, what);
}

static bool at_end(const struct reader *r) {
    return r->at >= r->text.len;
}

static char peek(const struct reader *r) {
    return at_end(r) ? '\0' : r->text.at[r->at];
}

/* Length of the line end here: 0, 1 (LF) or 2 (CRLF). */
static size_t line_end(const struct reader *r) {
    if (peek(r) == '\n')
        return at_end(r) ? 0 : 1;
    return sh_str_starts_with(sh_str_sub(r->text, r->at, 2), SH_STR("\r\n")) ? 2 : 0;
}

static sh_code push_cell(struct reader *r, struct sh_str cell, size_t offset) {
    if (cell.len > SH_CSV_CELL_BYTES_MAX)
        return fail_at(r, offset, SH_E_LIMIT, "cell is too long");
    if (r->n_cells >= SH_CSV_COLUMNS_MAX)
        return fail_at(r, offset, SH_E_LIMIT, "too many columns");
    SH_TRY(sh_grow(&r->cells, &r->cap_cells, r->n_cells + 1, sizeof(*r->cells), SH_CSV_COLUMNS_MAX, r->err));
    r->cells[r->n_cells++] = cell;
    return SH_OK;
}

/* The inside of quotes without the doubling. */
static sh_code undouble(struct reader *r, struct sh_str raw, struct sh_str *ret) {
    char *out = sh_arena_alloc(r->arena, raw.len + 1, 1);
    if (!out)
        return sh_fail(r->err, SH_E_NOMEM, "%s:%zu: no memory for a cell", r->name, r->line);
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        out[n++] = raw.at[i];
        i += raw.at[i] == '"';
    }
    *ret = (struct sh_str){out, n};
    return SH_OK;
}

static sh_code read_quoted(struct reader *r) {
    const size_t open = r->at++;
    bool has_doubled = false;
    for (;; r->at++) {
        if (at_end(r))
            return fail_at(r, open, SH_E_INPUT, "quote is not closed");
        const char c = peek(r);
        r->line += c == '\n';
        if (c != '"')
            continue;
        if (r->at + 1 >= r->text.len || r->text.at[r->at + 1] != '"')
            break;
        has_doubled = true;
        r->at++;
    }
    struct sh_str cell = sh_str_sub(r->text, open + 1, r->at - open - 1);
    r->at++;
    if (!at_end(r) && peek(r) != ',' && line_end(r) == 0)
        return fail_at(r, r->at, SH_E_INPUT, "text behind a closing quote");
    if (has_doubled)
        SH_TRY(undouble(r, cell, &cell));
    return push_cell(r, cell, open);
}

static sh_code read_plain(struct reader *r) {
    const size_t begin = r->at;
    for (; !at_end(r) && peek(r) != ',' && line_end(r) == 0; r->at++) {
        if (peek(r) == '"')
            return fail_at(r, r->at, SH_E_INPUT, "quote inside a cell that is not quoted");
        if (peek(r) == '\r')
            return fail_at(r, r->at, SH_E_INPUT, "carriage return without line feed");
    }
    return push_cell(r, sh_str_sub(r->text, begin, r->at - begin), begin);
}

static sh_code keep_row(struct reader *r, size_t line, size_t offset) {
    if (r->n_rows > 0 && !(r->flags & SH_CSV_RAGGED) && r->n_cells != r->rows[0].n_cells) {
        size_t row_line, column;
        sh_str_place(r->text, offset, &row_line, &column);
        return sh_fail(r->err, SH_E_INPUT, "%s:%zu:%zu: row has %zu cells, the first has %zu", r->name,
                       row_line, column, r->n_cells, r->rows[0].n_cells);
    }
    struct sh_str *cells = sh_new(r->arena, struct sh_str, r->n_cells);
    if (!cells)
        return sh_fail(r->err, SH_E_NOMEM, "%s:%zu: no memory for a row", r->name, line);
    if (r->n_cells > 0)
        memcpy(cells, r->cells, r->n_cells * sizeof(*cells));
    if (r->n_rows >= SH_CSV_ROWS_MAX)
        return fail_at(r, offset, SH_E_LIMIT, "too many rows");
    SH_TRY(sh_grow(&r->rows, &r->cap_rows, r->n_rows + 1, sizeof(*r->rows), SH_CSV_ROWS_MAX, r->err));
    r->rows[r->n_rows++] = (struct sh_csv_row){.line = line, .n_cells = r->n_cells, .cells = cells};
    return SH_OK;
}

/* One line, or more when quotes hold line ends; stands at its first byte. */
static sh_code read_row(struct reader *r) {
    const size_t begin = r->at, line = r->line;
    const bool is_comment = (r->flags & SH_CSV_COMMENTS) && peek(r) == '#';
    while (is_comment && !at_end(r) && line_end(r) == 0)
        r->at++;
    r->n_cells = 0;
    if (!is_comment && line_end(r) == 0) {
        for (;;) {
            SH_TRY(peek(r) == '"' ? read_quoted(r) : read_plain(r));
            if (at_end(r) || peek(r) != ',')
                break;
            r->at++;
        }
        SH_TRY(keep_row(r, line, begin));
    }
    const size_t end = line_end(r);
    r->at += end;
    r->line += end > 0;
    return SH_OK;
}

static sh_code check_header(const struct reader *r, const struct sh_csv_row *header, struct sh_str *trimmed) {
    for (size_t i = 0; i < header->n_cells; i++) {
        trimmed[i] = sh_str_trim(header->cells[i]);
        if (trimmed[i].len == 0)
            return sh_fail(r->err, SH_E_INPUT, "%s:%zu: column %zu has no name", r->name, header->line,
                           i + 1);
        for (size_t j = 0; j < i; j++)
            if (sh_str_eq(trimmed[i], trimmed[j]))
                return sh_fail(r->err, SH_E_INPUT, "%s:%zu: column \"%.*s\" stands twice", r->name,
                               header->line, SH_ARG(trimmed[i]));
    }
    return SH_OK;
}

static sh_code finish(struct reader *r, struct sh_csv *ret) {
    struct sh_csv csv = {0};
    size_t first = 0;
    if (!(r->flags & SH_CSV_NO_HEADER)) {
        if (r->n_rows == 0)
            return sh_fail(r->err, SH_E_INPUT, "%s:1:1: no header", r->name);
        csv.header = r->rows[0];
        struct sh_str *trimmed = sh_new(r->arena, struct sh_str, csv.header.n_cells);
        if (!trimmed)
            return sh_fail(r->err, SH_E_NOMEM, "%s: no memory for the header", r->name);
        SH_TRY(check_header(r, &csv.header, trimmed));
        csv.header.cells = trimmed;
        first = 1;
    }
    csv.n_rows = r->n_rows - first;
    struct sh_csv_row *rows = sh_new(r->arena, struct sh_csv_row, csv.n_rows);
    csv.name = sh_arena_dup(r->arena, r->name, strlen(r->name));
    if (!rows || !csv.name)
        return sh_fail(r->err, SH_E_NOMEM, "%s: no memory for %zu rows", r->name, csv.n_rows);
    if (csv.n_rows > 0)
        memcpy(rows, r->rows + first, csv.n_rows * sizeof(*rows));
    csv.rows = rows;
    *ret = csv;
    return SH_OK;
}

sh_code sh_csv_read(const char *name, struct sh_str text, unsigned flags, struct sh_arena *arena,
                    struct sh_csv *ret, struct sh_err *err) {
    SH_CLEANUP(reader_release)
    struct reader r = {.name = name, .text = text, .line = 1, .flags = flags, .arena = arena, .err = err};
    if (sh_str_starts_with(text, SH_STR("\xef\xbb\xbf")))
        r.text = sh_str_sub(text, 3, text.len);
    if (r.text.len > SH_TEXT_FILE_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: over %zu bytes", name, SH_TEXT_FILE_BYTES_MAX);
    const size_t bad = sh_utf8_invalid_at(r.text), nul = sh_str_find_char(r.text, '\0');
    if (bad < r.text.len)
        return fail_at(&r, bad, SH_E_INPUT, "not UTF-8");
    if (nul != SH_STR_NONE)
        return fail_at(&r, nul, SH_E_INPUT, "NUL byte");
    while (!at_end(&r))
        SH_TRY(read_row(&r));
    return finish(&r, ret);
}

sh_code sh_csv_read_file(const char *path, unsigned flags, struct sh_arena *arena, struct sh_csv *ret,
                         struct sh_err *err) {
    struct sh_str text;
    SH_TRY(sh_fs_read(path, SH_TEXT_FILE_BYTES_MAX, arena, &text, err));
    return sh_csv_read(path, text, flags, arena, ret, err);
}

size_t sh_csv_column(const struct sh_csv *csv, struct sh_str name) {
    for (size_t i = 0; i < csv->header.n_cells; i++)
        if (sh_str_eq(csv->header.cells[i], name))
            return i;
    return SH_STR_NONE;
}

/* The header that was probably meant. Headers are views, so this is not sh_did_you_mean. */
static struct sh_str nearest(const struct sh_csv *csv, const char *name) {
    size_t limit = 2;
    struct sh_str best = {0};
    for (size_t i = 0; i < csv->header.n_cells; i++) {
        const size_t distance = sh_edit_distance(csv->header.cells[i], sh_str_of(name), limit);
        if (distance <= limit && (best.len == 0 || distance < limit))
            best = csv->header.cells[i], limit = distance;
    }
    return best;
}

sh_code sh_csv_need_column(const struct sh_csv *csv, const char *name, size_t *ret, struct sh_err *err) {
    const size_t column = sh_csv_column(csv, sh_str_of(name));
    if (column != SH_STR_NONE) {
        *ret = column;
        return SH_OK;
    }
    const struct sh_str near = nearest(csv, name);
    if (near.len > 0)
        return sh_fail(err, SH_E_INPUT, "%s:%zu: no column \"%s\"; is it \"%.*s\"?", csv->name,
                       csv->header.line, name, SH_ARG(near));
    return sh_fail(err, SH_E_INPUT, "%s:%zu: no column \"%s\"", csv->name, csv->header.line, name);
}

sh_code(sh_csv_fail)(struct sh_err *err, sh_code code, const struct sh_csv *csv, const struct sh_csv_row *row,
                     size_t column, const char *format, ...) {
    if (!err)
        return code;
    va_list values;
    va_start(values, format);
    const int n = vsnprintf(err->message, sizeof(err->message), format, values);
    va_end(values);
    if (n < 0)
        err->message[0] = '\0';
    if (column < csv->header.n_cells)
        return sh_err_wrap(err, code, "%s:%zu: column \"%.*s\": ", csv->name, row->line,
                           SH_ARG(csv->header.cells[column]));
    return sh_err_wrap(err, code, "%s:%zu: ", csv->name, row->line);
}
