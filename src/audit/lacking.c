/* Where lies what could not be judged: noted row by row, kept beside the run. */
#include "audit/lacking.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>
#include <string.h>

enum { SLOTS_FIRST = 64, PLACES_MAX = 1 << 26 };

/* ---- places ------------------------------------------------------------------------------------------ */

static size_t find(const struct sh_places *p, int32_t institution, int32_t month) {
    size_t at = ((uint32_t)institution * 2654435761u ^ (uint32_t)month * 40503u) & (p->n_slots - 1);
    while (p->slots[at] &&
           (p->of[p->slots[at] - 1].institution != institution || p->of[p->slots[at] - 1].month != month))
        at = (at + 1) & (p->n_slots - 1);
    return at;
}

static sh_code make_room(struct sh_places *p, struct sh_err *err) {
    SH_TRY(sh_grow(&p->of, &p->cap, p->n + 1, sizeof *p->of, PLACES_MAX, err));
    if (2 * (p->n + 1) <= p->n_slots)
        return SH_OK;
    const size_t n = p->n_slots ? p->n_slots * 2 : SLOTS_FIRST;
    uint32_t *slots = sh_alloc_array(n, sizeof *slots);
    if (!slots)
        return sh_fail(err, SH_E_NOMEM, "no room for institutions and months");
    sh_free(p->slots);
    p->slots = slots, p->n_slots = n;
    for (size_t i = 0; i < p->n; i++)
        p->slots[find(p, p->of[i].institution, p->of[i].month)] = (uint32_t)i + 1;
    return SH_OK;
}

/* Rows of a person stand by time: the place rarely changes from one to the next. */
sh_code sh_places_add(struct sh_places *p, int32_t institution, int32_t month, uint64_t rows,
                      struct sh_err *err) {
    if (p->n == 0 || p->of[p->last].institution != institution || p->of[p->last].month != month) {
        SH_TRY(make_room(p, err));
        const size_t slot = find(p, institution, month);
        if (!p->slots[slot]) {
            p->of[p->n] = (struct sh_place_rows){institution, month, 0};
            p->slots[slot] = (uint32_t)++p->n;
        }
        p->last = p->slots[slot] - 1;
    }
    p->of[p->last].rows += rows;
    return SH_OK;
}

sh_code sh_places_join(struct sh_places *into, const struct sh_places *from, struct sh_err *err) {
    for (size_t i = 0; i < from->n; i++)
        SH_TRY(sh_places_add(into, from->of[i].institution, from->of[i].month, from->of[i].rows, err));
    return SH_OK;
}

void sh_places_release(struct sh_places *p) {
    sh_free(p->of);
    sh_free(p->slots);
    *p = (struct sh_places){0};
}

/* ---- where a row lies -------------------------------------------------------------------------------- */

static int32_t month_of(int32_t day) {
    if (day == SH_MISSING_I32)
        return -1;
    const struct sh_civil civil = sh_civil_of(day);
    return civil.year * 12 + civil.month - 1;
}

sh_code sh_places_day(struct sh_places *p, int32_t institution, int32_t day, struct sh_err *err) {
    if (p->n == 0 || p->last_day != day)
        p->last_day = day, p->last_month = month_of(day);
    return sh_places_add(p, institution < 0 ? -1 : institution, p->last_month, 1, err);
}

/* A row of a view that does not say itself where it lies: where the lines behind it do. */
static sh_code note_behind(struct sh_engine *en, struct sh_places *places, int table, int32_t row,
                           struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    const struct sh_arena_mark at = sh_arena_mark(en->scratch);
    const int32_t *lines = NULL;
    size_t n = 0;
    SH_TRY(sh_view_lines(en, table, row, &lines, &n, err));
    for (size_t i = 0; i < n; i++)
        SH_TRY(sh_places_day(places, sh_institution_of(tl, SH_TABLE_LINE, lines[i]),
                             sh_subject_day(tl, SH_TABLE_LINE, lines[i]), err));
    sh_arena_rewind(en->scratch, at);
    return n ? SH_OK
             : sh_places_day(places, sh_institution_of(tl, table, row), sh_subject_day(tl, table, row), err);
}

sh_code sh_places_note(struct sh_engine *en, struct sh_places *places, int table, const int32_t *rows,
                       size_t n, struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    const bool is_whole = (tl->carried && table == tl->carried->table) || !sh_view_of(tl->plan, table);
    /* Lines of an encounter are of its institution. */
    const int32_t *encounter =
        table == SH_TABLE_LINE && !tl->carried ? sh_i32(tl, table, tl->plan->at.line.encounter) : NULL;
    int32_t institution = -1;
    for (size_t i = 0; i < n; i++) {
        const bool is_known = encounter && i > 0 && rows[i] >= 0 && rows[i - 1] >= 0 &&
                              encounter[rows[i]] >= 0 && encounter[rows[i]] == encounter[rows[i - 1]];
        institution = is_known ? institution : sh_institution_of(tl, table, rows[i]);
        const int32_t day = sh_subject_day(tl, table, rows[i]);
        SH_TRY((institution >= 0 && day != SH_MISSING_I32) || is_whole
                   ? sh_places_day(places, institution, day, err)
                   : note_behind(en, places, table, rows[i], err));
    }
    return SH_OK;
}

/* The places of an answer that was counted already. */
static struct sh_places *places_of(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field) {
    struct sh_rule_answers *r = &en->answers->rules[rp->index];
    for (size_t i = 0; i < r->n_fields; i++)
        if (!r->fields[i].exempt && sh_str_eq(r->fields[i].field, field))
            return &r->fields[i].places;
    return NULL;
}

sh_code sh_lacking_rows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field, int table,
                        const int32_t *rows, size_t n, struct sh_err *err) {
    struct sh_places *places = places_of(en, rp, field);
    assert(places);
    return sh_places_note(en, places, table, rows, n, err);
}

sh_code sh_lacking_places(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field,
                          const struct sh_places *places, struct sh_err *err) {
    struct sh_places *of = places_of(en, rp, field);
    assert(of);
    return sh_places_join(of, places, err);
}

/* Does a key say whose the rows are? */
static bool is_of_one_institution(const struct sh_plan *plan, const struct sh_rule *r) {
    for (size_t k = 0; k < r->n_keys; k++) {
        if (r->keys[k].kind != SH_RULE_KEY_EXPR)
            continue;
        const struct sh_type type = sh_expr_type(r->keys[k].expr);
        if (type.kind == SH_KIND_CODE && type.domain >= 0 &&
            plan->model->domain_dicts[type.domain] == SH_DICT_INSTITUTION)
            return true;
    }
    return false;
}

sh_code sh_lacking_group(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str field,
                         const struct sh_xhead *head, struct sh_err *err) {
    struct sh_places *places = places_of(en, rp, field);
    assert(places);
    const int32_t institution = is_of_one_institution(en->plan, rp->rule) ? head->institution : -1;
    if (head->first_day == INT32_MAX || head->last_day == INT32_MIN)
        return sh_places_add(places, institution, -1, 1, err);
    for (int32_t month = month_of(head->first_day); month <= month_of(head->last_day); month++)
        SH_TRY(sh_places_add(places, institution, month, 1, err));
    return SH_OK;
}

/* ---- beside the run ---------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b) {
    const struct sh_lack *x = a, *y = b;
    const int by_institution = sh_str_cmp(x->institution, y->institution);
    return by_institution ? by_institution : sh_str_cmp(x->month, y->month);
}

/* What one field lacks, in words and in their order. */
static sh_code put_field(struct sh_csv_writer *w, const struct sh_lack *of, const struct sh_places *places,
                         const struct sh_dict_view *dict, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_lack *lacks = sh_new(&arena, struct sh_lack, places->n + 1);
    if (!lacks)
        return sh_fail(err, SH_E_NOMEM, "no room for what a run lacked");
    for (size_t i = 0; i < places->n; i++) {
        const struct sh_place_rows *p = &places->of[i];
        lacks[i] = *of, lacks[i].rows = p->rows;
        lacks[i].institution = lacks[i].month = SH_STR("");
        if (p->institution >= 0 && (uint32_t)p->institution < dict->n)
            lacks[i].institution = dict->code[p->institution];
        size_t len = 0;
        const char *month =
            p->month < 0 ? "" : sh_arena_printf(&arena, &len, "%04d-%02d", p->month / 12, p->month % 12 + 1);
        if (!month)
            return sh_fail(err, SH_E_NOMEM, "no room for what a run lacked");
        lacks[i].month = (struct sh_str){month, len};
    }
    if (places->n > 1)
        qsort(lacks, places->n, sizeof *lacks, by_place);
    for (size_t i = 0; i < places->n; i++) {
        sh_csv_cell(w, lacks[i].rule), sh_csv_cell(w, lacks[i].field);
        sh_csv_cell(w, lacks[i].institution), sh_csv_cell(w, lacks[i].month);
        sh_csv_cell_i64(w, (int64_t)lacks[i].rows);
        sh_csv_end_row(w);
    }
    return SH_OK;
}

sh_code sh_lacking_write(const char *dir, const struct sh_run_summary *run, struct sh_lake *lake,
                         struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    const struct sh_dict_view *dict = NULL;
    struct sh_csv_writer w = {.buf = &text};
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_lake_dict(lake, SH_DICT_INSTITUTION, &dict, err));
    for (const char *const *name =
             (const char *const[]){"rule", "field", "institution", "month", "rows", NULL};
         *name; name++)
        sh_csv_cell_text(&w, *name);
    sh_csv_end_row(&w);
    for (size_t i = 0; i < run->answers.n_rules; i++) {
        const struct sh_rule_answers *r = &run->answers.rules[i];
        for (size_t f = 0; f < r->n_fields; f++) {
            const struct sh_lack of = {.rule = run->rules[i].id, .field = r->fields[f].field};
            SH_TRY(put_field(&w, &of, &r->fields[f].places, dict, err));
        }
    }
    SH_TRY(sh_csv_end(&w, err));
    SH_TRY(sh_path_join(path, dir, SH_RUN_LACKING, err));
    return sh_fs_write(path, sh_buf_view(&text), err);
}

static sh_code columns_of(const struct sh_csv *csv, size_t ret[5], struct sh_err *err) {
    static const char *const names[] = {"rule", "field", "institution", "month", "rows"};
    for (size_t i = 0; i < 5; i++)
        SH_TRY(sh_csv_need_column(csv, names[i], &ret[i], err));
    return SH_OK;
}

sh_code sh_run_lacks(const char *run_dir, struct sh_arena *arena, struct sh_lack **ret, size_t *ret_n,
                     struct sh_err *err) {
    struct sh_csv csv;
    size_t at[5];
    char path[SH_PATH_BYTES_MAX];
    bool is_there = false;
    SH_TRY(sh_path_join(path, run_dir, SH_RUN_LACKING, err));
    SH_TRY(sh_fs_exists(path, &is_there, err));
    if (!is_there)
        return sh_fail(err, SH_E_NOTFOUND,
                       "%s is not there: the run does not say where its rules lacked something; audit again",
                       path);
    SH_TRY(sh_csv_read_file(path, SH_CSV_PLAIN, arena, &csv, err));
    SH_TRY(columns_of(&csv, at, err));
    struct sh_lack *lacks = sh_new(arena, struct sh_lack, csv.n_rows + 1);
    if (!lacks)
        return sh_fail(err, SH_E_NOMEM, "no room for what a run lacked");
    for (size_t i = 0; i < csv.n_rows; i++) {
        const struct sh_csv_row *row = &csv.rows[i];
        int64_t rows = 0;
        if (sh_decimal_parse(row->cells[at[4]], 0, &rows, NULL) != SH_OK || rows < 0)
            return sh_csv_fail(err, SH_E_CORRUPT, &csv, row, at[4], "no number of rows");
        lacks[i] = (struct sh_lack){row->cells[at[0]], row->cells[at[1]], row->cells[at[2]],
                                    row->cells[at[3]], (uint64_t)rows};
    }
    *ret = lacks, *ret_n = csv.n_rows;
    return SH_OK;
}

/* Of "2026-03"; -1 of nothing. */
static sh_code month_read(struct sh_str text, int32_t *ret, struct sh_err *err) {
    int64_t year = 0, month = 0;
    *ret = -1;
    if (text.len == 0)
        return SH_OK;
    if (text.len != 7 || sh_decimal_parse(sh_str_sub(text, 0, 4), 0, &year, NULL) != SH_OK ||
        sh_decimal_parse(sh_str_sub(text, 5, 2), 0, &month, NULL) != SH_OK || month < 1 || month > 12)
        return sh_fail(err, SH_E_CORRUPT, SH_RUN_LACKING ": '%.*s' is no month", SH_ARG(text));
    *ret = (int32_t)(year * 12 + month - 1);
    return SH_OK;
}

static sh_code merge_one(const struct sh_run_summary *slice, const struct sh_dict_view *dict,
                         const struct sh_lack *lack, struct sh_answers *io, struct sh_err *err) {
    int32_t month = 0;
    SH_TRY(month_read(lack->month, &month, err));
    const int32_t institution = lack->institution.len ? sh_dict_find(dict, lack->institution) : -1;
    for (size_t i = 0; i < io->n_rules; i++) {
        struct sh_rule_answers *r = &io->rules[i];
        for (size_t f = 0; f < r->n_fields && sh_str_eq(slice->rules[i].id, lack->rule); f++)
            if (!r->fields[f].exempt && sh_str_eq(r->fields[f].field, lack->field))
                return sh_places_add(&r->fields[f].places, institution, month, lack->rows, err);
    }
    return sh_fail(err, SH_E_CORRUPT, SH_RUN_LACKING " of run %.*s: its rule %.*s lacked no %.*s",
                   SH_ARG(slice->run), SH_ARG(lack->rule), SH_ARG(lack->field));
}

sh_code sh_lacking_merge(const char *dir, const struct sh_run_summary *slice, struct sh_lake *lake,
                         struct sh_answers *io, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dict_view *dict = NULL;
    struct sh_lack *lacks = NULL;
    size_t n = 0;
    SH_TRY(sh_lake_dict(lake, SH_DICT_INSTITUTION, &dict, err));
    SH_TRY(sh_run_lacks(dir, &arena, &lacks, &n, err));
    for (size_t i = 0; i < n; i++)
        SH_TRY(merge_one(slice, dict, &lacks[i], io, err));
    return SH_OK;
}
