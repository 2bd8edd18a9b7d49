#include "synth/model.h"
#include "base/csv.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"

/* A file of the book under reading: the row and the last fault. */
struct reading {
    struct sh_csv csv;
    struct sh_arena *arena;
    const struct syn_book *book;
};

static sh_code open_table(const char *dir, const char *file, struct reading *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, file, err));
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, ret->arena, &ret->csv, err));
    for (size_t i = 0; i < ret->csv.n_rows; i++)
        for (size_t c = 0; c < ret->csv.rows[i].n_cells; c++) {
            const struct sh_str cell = ret->csv.rows[i].cells[c];
            if (sh_str_find_char(cell, ',') != SH_STR_NONE || sh_str_find_char(cell, '"') != SH_STR_NONE ||
                sh_str_find_char(cell, '\n') != SH_STR_NONE)
                return sh_csv_fail(
                    err, SH_E_INPUT, &ret->csv, &ret->csv.rows[i], c,
                    "commas, quotes and line ends are written into extracts as they are; use 、 or |");
        }
    return SH_OK;
}

static sh_code cell_of(const struct reading *r, size_t row, const char *column, struct sh_str *ret,
                       struct sh_err *err) {
    size_t at;
    SH_TRY(sh_csv_need_column(&r->csv, column, &at, err));
    *ret = r->csv.rows[row].cells[at];
    return SH_OK;
}

/* An empty cell is 0. */
static sh_code number_of(const struct reading *r, size_t row, const char *column, int scale, int64_t *ret,
                         struct sh_err *err) {
    struct sh_str text;
    SH_TRY(cell_of(r, row, column, &text, err));
    *ret = 0;
    if (text.len == 0)
        return SH_OK;
    const sh_decimal_fault fault = sh_decimal_scan(text.at, text.len, scale, ret);
    if (fault == SH_DECIMAL_OK)
        return SH_OK;
    return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[row], sh_csv_column(&r->csv, sh_str_of(column)),
                       "'%.*s': %s", SH_ARG(text), sh_decimal_fault_text(fault));
}

static sh_code int_of(const struct reading *r, size_t row, const char *column, int *ret, struct sh_err *err) {
    int64_t v;
    SH_TRY(number_of(r, row, column, 0, &v, err));
    if (v < 0 || v > 100000000)
        return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[row],
                           sh_csv_column(&r->csv, sh_str_of(column)), "%lld is not within 0 and 100000000",
                           (long long)v);
    *ret = (int)v;
    return SH_OK;
}

uint16_t sh_syn_item(const struct syn_book *book, struct sh_str key) {
    for (size_t i = 0; i < book->n_items; i++)
        if (sh_str_eq(book->items[i].key, key))
            return (uint16_t)i;
    return SYN_NONE;
}

static uint16_t named(const struct syn_named *at, size_t n, struct sh_str key) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq(at[i].key, key))
            return (uint16_t)i;
    return SYN_NONE;
}

uint16_t sh_syn_dept(const struct syn_book *book, struct sh_str key) {
    return named(book->depts, book->n_depts, key);
}

uint16_t sh_syn_dx(const struct syn_book *book, struct sh_str code) {
    return named(book->dxs, book->n_dxs, code);
}

const struct syn_case *sh_syn_case(const struct syn_book *book, const char *name) {
    for (size_t i = 0; i < book->n_cases; i++)
        if (sh_str_is(book->cases[i].name, name))
            return &book->cases[i];
    return NULL;
}

static sh_code nomem(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the catalogue of the city");
}

static sh_code load_items(const char *dir, struct reading *r, struct syn_book *book, struct sh_err *err) {
    SH_TRY(open_table(dir, "items.csv", r, err));
    struct syn_item *items = sh_new(r->arena, struct syn_item, r->csv.n_rows);
    uint16_t *herbs = sh_new(r->arena, uint16_t, r->csv.n_rows);
    if (!items || !herbs)
        return nomem(err);
    if (r->csv.n_rows >= SYN_NONE)
        return sh_fail(err, SH_E_LIMIT, "%s: more than %d items", r->csv.name, SYN_NONE - 1);
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        struct syn_item *item = &items[i];
        struct sh_str grade;
        SH_TRY(cell_of(r, i, "key", &item->key, err));
        SH_TRY(cell_of(r, i, "code", &item->code, err));
        SH_TRY(cell_of(r, i, "name", &item->name, err));
        SH_TRY(cell_of(r, i, "category", &item->category, err));
        SH_TRY(cell_of(r, i, "list_type", &item->list_type, err));
        SH_TRY(cell_of(r, i, "spec", &item->spec, err));
        SH_TRY(cell_of(r, i, "grade", &grade, err));
        SH_TRY(number_of(r, i, "price", 6, &item->price, err));
        SH_TRY(number_of(r, i, "self_ratio", 4, &item->ratio, err));
        item->grade = sh_str_is(grade, "甲")   ? SYN_GRADE_A
                      : sh_str_is(grade, "乙") ? SYN_GRADE_B
                                               : SYN_GRADE_C;
        item->is_herb = sh_str_is(item->list_type, "102");
        item->is_drug = sh_str_is(item->list_type, "101");
        item->is_service = sh_str_is(item->list_type, "201");
        if (item->price <= 0 || item->ratio > 10000)
            return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i], SH_STR_NONE,
                               "a price above 0 and a self_ratio of at most 1 are needed");
        if (item->is_herb && sh_str_starts_with(item->key, SH_STR("h_")))
            herbs[book->n_herbs++] = (uint16_t)i;
    }
    book->items = items, book->n_items = r->csv.n_rows, book->herbs = herbs;
    return SH_OK;
}

static sh_code load_named(const char *dir, const char *file, const char *key, struct reading *r,
                          const struct syn_named **ret, size_t *ret_n, struct sh_err *err) {
    SH_TRY(open_table(dir, file, r, err));
    struct syn_named *at = sh_new(r->arena, struct syn_named, r->csv.n_rows);
    if (!at)
        return nomem(err);
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        SH_TRY(cell_of(r, i, key, &at[i].key, err));
        SH_TRY(cell_of(r, i, "code", &at[i].code, err));
        SH_TRY(cell_of(r, i, "name", &at[i].name, err));
    }
    *ret = at, *ret_n = r->csv.n_rows;
    return SH_OK;
}

static sh_code load_places(const char *dir, struct reading *r, struct syn_book *book, struct sh_err *err) {
    SH_TRY(open_table(dir, "institutions.csv", r, err));
    struct syn_place_kind *at = sh_new(r->arena, struct syn_place_kind, r->csv.n_rows);
    if (!at)
        return nomem(err);
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        struct syn_place_kind *kind = &at[i];
        int persons, least, most;
        SH_TRY(cell_of(r, i, "kind", &kind->kind, err));
        SH_TRY(cell_of(r, i, "hosp_lv", &kind->hosp_lv, err));
        SH_TRY(cell_of(r, i, "before", &kind->before, err));
        SH_TRY(cell_of(r, i, "after", &kind->after, err));
        SH_TRY(int_of(r, i, "level", &kind->level, err));
        SH_TRY(int_of(r, i, "date_only", &kind->date_only, err));
        SH_TRY(int_of(r, i, "sparse", &kind->sparse, err));
        SH_TRY(int_of(r, i, "persons", &persons, err));
        SH_TRY(int_of(r, i, "least", &least, err));
        SH_TRY(int_of(r, i, "most", &most, err));
        if (persons < 1 || least < 1 || most < least)
            return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i], SH_STR_NONE,
                               "persons and least must be at least 1, most no less");
        kind->persons = (uint32_t)persons, kind->least = (uint32_t)least, kind->most = (uint32_t)most;
    }
    book->place_kinds = at, book->n_place_kinds = r->csv.n_rows;
    return SH_OK;
}

static sh_code load_names(const char *dir, struct reading *r, struct syn_book *book, struct sh_err *err) {
    SH_TRY(open_table(dir, "names.csv", r, err));
    book->surnames = sh_new(r->arena, struct sh_str, r->csv.n_rows);
    book->firsts = sh_new(r->arena, struct sh_str, r->csv.n_rows);
    book->seconds = sh_new(r->arena, struct sh_str, r->csv.n_rows);
    if (!book->surnames || !book->firsts || !book->seconds)
        return nomem(err);
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        struct sh_str part, text;
        SH_TRY(cell_of(r, i, "part", &part, err));
        SH_TRY(cell_of(r, i, "text", &text, err));
        if (sh_str_is(part, "surname"))
            book->surnames[book->n_surnames++] = text;
        else if (sh_str_is(part, "first"))
            book->firsts[book->n_firsts++] = text;
        else
            book->seconds[book->n_seconds++] = text;
    }
    if (!book->n_surnames || !book->n_firsts || !book->n_seconds)
        return sh_fail(err, SH_E_INPUT, "%s: needs at least one surname, first and second", r->csv.name);
    return SH_OK;
}

/* "cbc|ecg_monitor*12" */
static sh_code uses_of(const struct reading *r, size_t row, const char *column, struct syn_uses *ret,
                       struct sh_err *err) {
    struct sh_str rest;
    SH_TRY(cell_of(r, row, column, &rest, err));
    struct syn_use *at = sh_new(r->arena, struct syn_use, rest.len / 2 + 1);
    if (!at)
        return nomem(err);
    size_t n = 0;
    for (struct sh_str piece; rest.len > 0 && sh_str_split(&rest, '|', &piece);) {
        const size_t star = sh_str_find_char(piece, '*');
        int64_t units = 1;
        if (star != SH_STR_NONE &&
            sh_decimal_scan(piece.at + star + 1, piece.len - star - 1, 0, &units) != SH_DECIMAL_OK)
            units = 0;
        const uint16_t item = sh_syn_item(r->book, star == SH_STR_NONE ? piece : sh_str_sub(piece, 0, star));
        if (item == SYN_NONE || units < 1 || units > 10000)
            return sh_csv_fail(
                err, SH_E_INPUT, &r->csv, &r->csv.rows[row], sh_csv_column(&r->csv, sh_str_of(column)),
                "'%.*s' is no key of items.csv, or its number of units is wrong", SH_ARG(piece));
        at[n++] = (struct syn_use){.item = item, .units = (uint16_t)units};
    }
    *ret = (struct syn_uses){.at = at, .n = n};
    return SH_OK;
}

static sh_code dx_of(const struct reading *r, size_t row, const char *column, uint16_t *ret,
                     struct sh_err *err) {
    struct sh_str code;
    SH_TRY(cell_of(r, row, column, &code, err));
    *ret = code.len ? sh_syn_dx(r->book, code) : SYN_NONE;
    if (code.len && *ret == SYN_NONE)
        return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[row],
                           sh_csv_column(&r->csv, sh_str_of(column)), "'%.*s' is not in diagnoses.csv",
                           SH_ARG(code));
    return SH_OK;
}

static sh_code kind_of(const struct reading *r, size_t row, enum syn_kind *ret, struct sh_err *err) {
    static const char *const names[SYN_KINDS] = {"out",     "er",   "net",      "tcm",
                                                 "chronic", "stay", "delivery", "pharmacy"};
    struct sh_str kind;
    SH_TRY(cell_of(r, row, "kind", &kind, err));
    for (size_t i = 0; i < SYN_KINDS; i++)
        if (sh_str_is(kind, names[i])) {
            *ret = (enum syn_kind)i;
            return SH_OK;
        }
    return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[row], sh_csv_column(&r->csv, SH_STR("kind")),
                       "'%.*s' is no kind of case", SH_ARG(kind));
}

static sh_code load_case(const struct reading *r, size_t i, struct syn_case *ret, struct sh_err *err) {
    struct sh_str dept;
    int weight;
    SH_TRY(cell_of(r, i, "case", &ret->name, err));
    SH_TRY(kind_of(r, i, &ret->kind, err));
    SH_TRY(cell_of(r, i, "dept", &dept, err));
    ret->dept = dept.len ? sh_syn_dept(r->book, dept) : 0;
    if (ret->dept == SYN_NONE)
        return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i], SH_STR_NONE,
                           "'%.*s' is not in departments.csv", SH_ARG(dept));
    SH_TRY(dx_of(r, i, "dx", &ret->dx, err));
    SH_TRY(dx_of(r, i, "dx2", &ret->dx2, err));
    SH_TRY(int_of(r, i, "weight", &weight, err));
    ret->weight = (uint32_t)weight;
    SH_TRY(int_of(r, i, "sex", &ret->sex, err));
    SH_TRY(int_of(r, i, "age_low", &ret->age_low, err));
    SH_TRY(int_of(r, i, "age_high", &ret->age_high, err));
    SH_TRY(int_of(r, i, "days_low", &ret->days_low, err));
    SH_TRY(int_of(r, i, "days_high", &ret->days_high, err));
    if (ret->days_low < 1 || ret->days_high < ret->days_low || ret->days_high > 60)
        return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i], SH_STR_NONE,
                           "days must be 1 <= days_low <= days_high <= 60");
    SH_TRY(uses_of(r, i, "tests", &ret->tests, err));
    SH_TRY(uses_of(r, i, "drugs", &ret->drugs, err));
    SH_TRY(uses_of(r, i, "daily", &ret->daily, err));
    return uses_of(r, i, "op", &ret->op, err);
}

static sh_code load_cases(const char *dir, struct reading *r, struct syn_book *book, struct sh_err *err) {
    SH_TRY(open_table(dir, "cases.csv", r, err));
    struct syn_case *at = sh_new(r->arena, struct syn_case, r->csv.n_rows);
    if (!at)
        return nomem(err);
    for (size_t i = 0; i < r->csv.n_rows; i++)
        SH_TRY(load_case(r, i, &at[i], err));
    book->cases = at, book->n_cases = r->csv.n_rows;
    return SH_OK;
}

static sh_code load_point(const struct reading *r, size_t i, struct syn_point *ret, struct sh_err *err) {
    struct sh_str from, dxs;
    SH_TRY(cell_of(r, i, "rule", &ret->rule, err));
    SH_TRY(cell_of(r, i, "point", &ret->name, err));
    SH_TRY(uses_of(r, i, "items", &ret->items, err));
    SH_TRY(cell_of(r, i, "others", &ret->word, err));
    if (sh_syn_item(r->book, sh_str_sub(ret->word, 0, sh_str_find_char(ret->word, '|'))) != SYN_NONE)
        SH_TRY(uses_of(r, i, "others", &ret->others, err));
    SH_TRY(number_of(r, i, "number", 4, &ret->number, err));
    SH_TRY(int_of(r, i, "low", &ret->low, err));
    SH_TRY(int_of(r, i, "high", &ret->high, err));
    SH_TRY(int_of(r, i, "sex", &ret->sex, err));
    SH_TRY(cell_of(r, i, "from", &from, err));
    if (sh_date_parse(from, &ret->from, err) != SH_OK)
        return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i], sh_csv_column(&r->csv, SH_STR("from")),
                           "'%.*s' is no date", SH_ARG(from));
    SH_TRY(dx_of(r, i, "icd_not", &ret->dx_not, err));
    SH_TRY(cell_of(r, i, "icd", &dxs, err));
    for (struct sh_str piece; sh_str_split(&dxs, '|', &piece);) {
        const uint16_t dx = sh_syn_dx(r->book, piece);
        if (dx == SYN_NONE || ret->n_dx == sizeof ret->dx / sizeof ret->dx[0])
            return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i],
                               sh_csv_column(&r->csv, SH_STR("icd")),
                               "'%.*s' is not in diagnoses.csv, or there are more than 4", SH_ARG(piece));
        ret->dx[ret->n_dx++] = dx;
    }
    if (ret->n_dx == 0)
        return sh_csv_fail(err, SH_E_INPUT, &r->csv, &r->csv.rows[i], sh_csv_column(&r->csv, SH_STR("icd")),
                           "needs a diagnosis");
    return SH_OK;
}

static sh_code load_points(const char *dir, struct reading *r, struct syn_book *book, struct sh_err *err) {
    SH_TRY(open_table(dir, "points.csv", r, err));
    struct syn_point *at = sh_new(r->arena, struct syn_point, r->csv.n_rows);
    if (!at)
        return nomem(err);
    for (size_t i = 0; i < r->csv.n_rows; i++)
        SH_TRY(load_point(r, i, &at[i], err));
    book->points = at, book->n_points = r->csv.n_rows;
    return SH_OK;
}

static sh_code find_known(struct syn_book *book, struct sh_err *err) {
    struct syn_known *k = &book->known;
    const struct {
        const char *key;
        uint16_t *at;
    } wanted[] = {{"consult", &k->consult},
                  {"consult_expert", &k->consult_expert},
                  {"consult_gen", &k->consult_gen},
                  {"consult_er", &k->consult_er},
                  {"consult_net", &k->consult_net},
                  {"consult_in", &k->consult_in},
                  {"bed", &k->bed},
                  {"nursing1", &k->nursing1},
                  {"nursing2", &k->nursing2},
                  {"nursing3", &k->nursing3},
                  {"delivery", &k->delivery},
                  {"fetal_monitor", &k->fetal_monitor},
                  {"hba1c", &k->hba1c},
                  {"p_metformin", &k->metformin},
                  {"p_liraglutide", &k->liraglutide},
                  {"p_yimucao", &k->yimucao},
                  {"p_shenmai1", &k->shenmai},
                  {"cbc", &k->cbc},
                  {"crp", &k->crp},
                  {"liver", &k->liver},
                  {"amlodipine", &k->amlodipine},
                  {"aspirin", &k->aspirin},
                  {"nacl", &k->nacl},
                  {"infusion", &k->infusion},
                  {"xray_chest", &k->xray_chest},
                  {"h_gancao", &k->gancao},
                  {"h_huangqi", &k->huangqi}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        *wanted[i].at = sh_syn_item(book, sh_str_of(wanted[i].key));
        if (*wanted[i].at == SYN_NONE)
            return sh_fail(err, SH_E_INPUT,
                           "items.csv has no item '%s', which every visit or stay may need; add it",
                           wanted[i].key);
    }
    return SH_OK;
}

sh_code sh_syn_book_load(const char *dir, struct sh_arena *arena, struct syn_book *ret, struct sh_err *err) {
    *ret = (struct syn_book){0};
    struct reading r = {.arena = arena, .book = ret};
    SH_TRY(load_items(dir, &r, ret, err));
    SH_TRY(load_named(dir, "departments.csv", "key", &r, &ret->depts, &ret->n_depts, err));
    SH_TRY(load_named(dir, "diagnoses.csv", "code", &r, &ret->dxs, &ret->n_dxs, err));
    SH_TRY(load_named(dir, "operations.csv", "key", &r, &ret->ops, &ret->n_ops, err));
    SH_TRY(load_places(dir, &r, ret, err));
    SH_TRY(load_names(dir, &r, ret, err));
    SH_TRY(load_cases(dir, &r, ret, err));
    SH_TRY(load_points(dir, &r, ret, err));
    return find_known(ret, err);
}
