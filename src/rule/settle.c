/* Which rows are in force: the known day, supersession by later points, and the narrowest place. */
#include "rule/knowledge.h"
#include <assert.h>

/* Breadth of a layer seen from a place: 0 the place itself, 1 … 3 wider, -1 not above it. 990100 lies in
 * 990000 lies in 000000. */
static int breadth(struct sh_str layer, struct sh_str place) {
    char at[6];
    if (layer.len != 6 || place.len != 6)
        return -1;
    memcpy(at, place.at, 6);
    ptrdiff_t pair = 2;
    for (int wider = 0;; wider++) {
        if (memcmp(at, layer.at, 6) == 0)
            return wider;
        while (pair >= 0 && at[2 * pair] == '0' && at[2 * pair + 1] == '0')
            pair--;
        if (pair < 0)
            return -1;
        at[2 * pair] = at[2 * pair + 1] = '0';
    }
}

/* A row that counts here and now, before validity is cut. */
struct live {
    struct sh_knowledge_row row;
    int breadth;
    bool is_off;
    uint32_t file_row;
};

static size_t pick_live(const struct sh_knowledge *k, const struct sh_table_text *t, struct sh_str place,
                        int32_t known_as_of, struct live *ret) {
    size_t n = 0;
    for (uint32_t r = 0; r < k->n_rows; r++) {
        const int b = breadth(k->rows[r].layer, place);
        if (b < 0 || k->rows[r].known > known_as_of)
            continue;
        ret[n++] = (struct live){.row = k->rows[r], .breadth = b, .is_off = t->is_off[r], .file_row = r};
    }
    return n;
}

/* The day on which a later point ends each point; INT32_MAX none. */
static sh_code find_ends(const struct sh_knowledge *k, const struct sh_table_text *t, const struct live *live,
                         size_t n, int32_t *ends, struct sh_reporter *reporter, struct sh_err *err) {
    const int column = t->standard[SH_STD_SUPERSEDES];
    for (uint32_t p = 0; p < k->n_points; p++)
        ends[p] = INT32_MAX;
    for (size_t i = 0; column >= 0 && i < n; i++) {
        const struct sh_csv_row *row = &t->csv.rows[live[i].file_row];
        struct sh_csv csv = t->csv; /* faults are of the file the row stands in */
        csv.name = live[i].row.file ? live[i].row.file : csv.name;
        const struct sh_str cell = sh_str_trim(row->cells[column]);
        for (struct sh_str rest = cell, word; cell.len > 0 && sh_str_split(&rest, '|', &word);) {
            const int32_t point = sh_names_find(&t->points, sh_str_trim(word));
            sh_code code = SH_OK;
            if (point < 0)
                code = sh_csv_fail(err, SH_E_INPUT, &csv, row, (size_t)column,
                                   "the table has no point '%.*s'", SH_ARG(word));
            else if (point == live[i].row.point)
                code = sh_csv_fail(err, SH_E_INPUT, &csv, row, (size_t)column,
                                   "point '%.*s' supersedes itself", SH_ARG(word));
            else if (live[i].row.from < ends[point])
                ends[point] = live[i].row.from;
            SH_TRY(sh_reporter_note(reporter, code, err));
        }
    }
    return SH_OK;
}

static int by_point_breadth_from(const void *a, const void *b) {
    const struct live *x = a, *y = b;
    if (x->row.point != y->row.point)
        return x->row.point < y->row.point ? -1 : 1;
    if (x->breadth != y->breadth)
        return x->breadth < y->breadth ? -1 : 1;
    if (x->row.from != y->row.from)
        return x->row.from < y->row.from ? -1 : 1;
    return x->file_row < y->file_row ? -1 : x->file_row > y->file_row;
}

/* In what order a row's points are asked does not depend on which layer said them: by the days they hold.
 * Rows of one point that begin together are of one layer, and stand as they are written. */
static int by_point_from_line(const void *a, const void *b) {
    const struct sh_knowledge_row *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Whether two rows of a point speak of the same thing: where rows are limits, their keys; otherwise all they
 * say. */
static bool say_the_same(const struct sh_knowledge *k, const struct sh_table_text *t,
                         const struct sh_knowledge_row *x, const struct sh_knowledge_row *y) {
    for (uint16_t c = 0; c < k->n_columns; c++) {
        bool is_asked = k->rows_kind != SH_ROWS_LIMIT || k->columns[c].key != SH_KEY_NOT;
        for (int s = 0; s < SH_STD_COLUMNS; s++)
            is_asked = is_asked && t->standard[s] != c;
        if (is_asked && !sh_str_eq(sh_str_trim(x->cells[c]), sh_str_trim(y->cells[c])))
            return false;
    }
    return true;
}

/* Rows of one point and layer, by from. Those that begin together are alternatives, written as such; a later
 * one beside one that speaks of the same and has no end, or a later end, leaves open which holds. */
static sh_code check_overlaps(const struct sh_knowledge *k, const struct sh_table_text *t,
                              const struct live *rows, size_t n, struct sh_reporter *reporter,
                              struct sh_err *err) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && rows[j].row.from < rows[i].row.to; j++) {
            const struct sh_knowledge_row *x = &rows[i].row, *y = &rows[j].row;
            if (rows[i].breadth != rows[j].breadth)
                break;
            if (y->from == x->from || y->from >= y->to || rows[i].is_off || rows[j].is_off ||
                !say_the_same(k, t, x, y))
                continue;
            struct sh_csv csv = t->csv;
            csv.name = y->file ? y->file : csv.name;
            const struct sh_csv_row *row = &t->csv.rows[rows[j].file_row];
            SH_TRY(sh_reporter_note(
                reporter,
                sh_csv_fail(err, SH_E_INPUT, &csv, row, (size_t)t->standard[SH_STD_FROM],
                            "the days overlap those of line %u of point '%.*s'; end that row (column to) "
                            "on the day this one begins, or take one out",
                            x->line, SH_ARG(k->points[y->point])),
                err));
        }
    return SH_OK;
}

struct rows {
    struct sh_knowledge_row *at;
    uint32_t n;
    size_t cap;
};
static void rows_release(struct rows *rows) {
    sh_free(rows->at);
}

/* Add what is left of a row's period once the narrower rows of its point (sorted by from) are taken out. */
static sh_code add_uncovered(struct rows *out, const struct live *wide, const struct live *narrow,
                             size_t n_narrow, struct sh_err *err) {
    int32_t at = wide->row.from;
    while (at < wide->row.to) {
        int32_t until = wide->row.to, covered_to = at;
        for (size_t i = 0; i < n_narrow; i++) {
            if (narrow[i].breadth >= wide->breadth || narrow[i].row.from >= narrow[i].row.to)
                continue;
            if (narrow[i].row.from <= covered_to && narrow[i].row.to > covered_to)
                covered_to = narrow[i].row.to, i = (size_t)-1; /* one may reach into the next: look again */
        }
        if (covered_to > at) {
            at = covered_to;
            continue;
        }
        for (size_t i = 0; i < n_narrow; i++)
            if (narrow[i].breadth < wide->breadth && narrow[i].row.from > at && narrow[i].row.from < until &&
                narrow[i].row.from < narrow[i].row.to)
                until = narrow[i].row.from;
        SH_TRY(sh_grow(&out->at, &out->cap, out->n + 1, sizeof(*out->at), UINT32_MAX, err));
        out->at[out->n] = wide->row;
        out->at[out->n].from = at;
        out->at[out->n++].to = until;
        at = until;
    }
    return SH_OK;
}

sh_code sh_knowledge_settle(struct sh_knowledge *k, const struct sh_table_text *text, struct sh_str place,
                            int32_t known_as_of, struct sh_arena *arena, struct sh_reporter *reporter,
                            struct sh_err *err) {
    assert(k && text && arena && reporter);
    struct live *live = sh_new(arena, struct live, k->n_rows);
    int32_t *ends = sh_new(arena, int32_t, k->n_points);
    if (!live || !ends)
        return sh_fail(err, SH_E_NOMEM, "%.*s: no room for its rows", SH_ARG(k->file));
    const size_t n = pick_live(k, text, place, known_as_of, live);
    SH_TRY(find_ends(k, text, live, n, ends, reporter, err));
    for (size_t i = 0; i < n; i++)
        if (ends[live[i].row.point] < live[i].row.to)
            live[i].row.to = ends[live[i].row.point];
    if (n > 0)
        qsort(live, n, sizeof(*live), by_point_breadth_from);
    SH_CLEANUP(rows_release) struct rows out = {0};
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && live[end].row.point == live[begin].row.point;)
            end++;
        SH_TRY(check_overlaps(k, text, live + begin, end - begin, reporter, err));
        for (size_t i = begin; i < end; i++)
            if (!live[i].is_off)
                SH_TRY(add_uncovered(&out, &live[i], &live[begin], i - begin, err));
    }
    if (out.n > 0)
        qsort(out.at, out.n, sizeof(*out.at), by_point_from_line);
    k->rows = sh_new(arena, struct sh_knowledge_row, out.n);
    if (!k->rows)
        return sh_fail(err, SH_E_NOMEM, "%.*s: no room for its rows", SH_ARG(k->file));
    if (out.n > 0)
        memcpy(k->rows, out.at, out.n * sizeof(*out.at));
    k->n_rows = out.n;
    return SH_OK;
}
