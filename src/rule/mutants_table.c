/* Mutants of a knowledge table of a layer: what a place says, said a little differently. */
#include "base/csv.h"
#include "base/limits.h"
#include "rule/rule.h"
#include <assert.h>

#define MUTANTS_MAX 4096
#define LIMIT_DIGITS_MAX 6

struct maker {
    const struct sh_csv *csv;
    size_t point; /* column */
    struct sh_arena *arena;
    struct sh_mutant *list; /* [MUTANTS_MAX at most] */
    size_t n;
};

/* The table with a cell of a row changed; column SH_STR_NONE: without the row. */
static sh_code keep(struct maker *m, size_t row, size_t column, struct sh_str by, struct sh_err *err) {
    const struct sh_csv *csv = m->csv;
    const struct sh_csv_row *header = &csv->header;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_csv_writer w = {.buf = &text};
    for (size_t c = 0; c < header->n_cells; c++)
        sh_csv_cell(&w, header->cells[c]);
    sh_csv_end_row(&w);
    for (size_t r = 0; r < csv->n_rows; r++) {
        if (r == row && column == SH_STR_NONE)
            continue;
        for (size_t c = 0; c < header->n_cells; c++)
            sh_csv_cell(&w, r == row && c == column ? by : csv->rows[r].cells[c]);
        sh_csv_end_row(&w);
    }
    SH_TRY(sh_csv_end(&w, err));
    const struct sh_str point = csv->rows[row].cells[m->point];
    size_t len;
    const char *copy = sh_arena_dup(m->arena, text.at, text.len);
    const char *name = column == SH_STR_NONE
                           ? sh_arena_printf(m->arena, &len, "row %.*s: left out", SH_ARG(point))
                           : sh_arena_printf(m->arena, &len, "row %.*s: %.*s %.*s", SH_ARG(point),
                                             SH_ARG(header->cells[column]), SH_ARG(by));
    if (!copy || !name)
        return sh_fail(err, SH_E_NOMEM, "no room for a mutant");
    m->list[m->n++] = (struct sh_mutant){{name, len}, {copy, text.len}};
    return SH_OK;
}

/* A limit is a few digits alone; codes are longer, or stand in columns of codes. */
static bool is_limit(struct sh_str cell, struct sh_str column, int64_t *ret) {
    if (cell.len == 0 || cell.len > LIMIT_DIGITS_MAX || sh_str_is(column, "item") ||
        sh_str_is(column, "point"))
        return false;
    *ret = 0;
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.at[i] < '0' || cell.at[i] > '9')
            return false;
        *ret = *ret * 10 + (cell.at[i] - '0');
    }
    return true;
}

sh_code sh_layer_table_mutants(const char *file, struct sh_str text, struct sh_arena *arena,
                               struct sh_mutant **ret, size_t *ret_n, struct sh_err *err) {
    assert(file && arena && ret && ret_n);
    struct sh_csv csv;
    struct maker m = {.csv = &csv, .arena = arena};
    SH_TRY(sh_csv_read(file, text, SH_CSV_COMMENTS, arena, &csv, err));
    SH_TRY(sh_csv_need_column(&csv, "point", &m.point, err));
    const size_t most = csv.n_rows * (1 + 2 * csv.header.n_cells);
    if (most > MUTANTS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: more than %d mutants", file, MUTANTS_MAX);
    m.list = sh_new(arena, struct sh_mutant, most + 1);
    if (!m.list)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for its mutants", file);
    for (size_t r = 0; r < csv.n_rows; r++) {
        SH_TRY(keep(&m, r, SH_STR_NONE, (struct sh_str){0}, err));
        for (size_t c = 0; c < csv.header.n_cells; c++) {
            int64_t limit;
            if (!is_limit(csv.rows[r].cells[c], csv.header.cells[c], &limit))
                continue;
            for (int64_t step = -1; step <= 1; step += 2) {
                char number[24];
                const int len = snprintf(number, sizeof(number), "%lld", (long long)(limit + step));
                SH_TRY(keep(&m, r, c, (struct sh_str){number, (size_t)len}, err));
            }
        }
    }
    *ret = m.list;
    *ret_n = m.n;
    return SH_OK;
}
