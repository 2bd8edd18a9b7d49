#include "law/params.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/money.h"
#include "law/inner.h"
#include <assert.h>

enum { PARAMS_MAX = 4096 };
enum {
    NAME,
    PLACE,
    FROM,
    TO,
    VALUE,
    UNIT,
    BASIS,
    NOTE,
    PICKED_BY,
    RANK,
    BINDS,
    STATUS,
    SET_BY,
    READING,
    COLUMNS
};
enum { PLAIN_COLUMNS = PICKED_BY };
static const char *const column_names[COLUMNS] = {"name",  "place",  "from",   "to",        "value",
                                                  "unit",  "basis",  "note",   "picked_by", "rank",
                                                  "binds", "status", "set_by", "reading"};
/* `days` is a number of days in a rule; a clock wants wd or nd (T3). */
static const char *const units[] = {"number",  "yuan", "days",      "years", "months",  "hours",
                                    "ratio",   "wd",   "nd",        "times", "percent", "points",
                                    "persons", "date", "month_day", "word"};
static const char *const pick_words[SH_PARAM_DAYS] = {"", "act", "step", "period"};
static const char *const rank_words[SH_RANKS] = {
    "law", "interpretation", "regulation", "order", "local_rule", "paper", "local_paper", "agreement", "own"};
static const char *const binds_words[SH_BINDS] = {"", "exact", "min", "max", "floor", "ceiling"};
static const char *const proof_words[SH_PROOFS] = {"", "F", "E", "P"};

struct table {
    const struct sh_csv *csv;
    const char *file;
    bool is_office; /* has the columns of the office */
    size_t at[COLUMNS];
};

bool sh_param_is_value(const struct sh_param *p) {
    return p->binds != SH_BINDS_FLOOR && p->binds != SH_BINDS_CEILING;
}

static sh_code parse_day(const struct table *t, const struct sh_csv_row *row, int column, int32_t open,
                         int32_t *ret, struct sh_err *err) {
    const struct sh_str cell = sh_str_trim(row->cells[t->at[column]]);
    *ret = open;
    if (cell.len == 0)
        return SH_OK;
    const sh_date_fault fault = sh_date_scan(cell.at, cell.len, ret);
    if (fault == SH_DATE_OK)
        return SH_OK;
    return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[column],
                       "'%.*s' is no date (%s); write YYYY-MM-DD", SH_ARG(cell), sh_date_fault_text(fault));
}

/* A date is its day; a day of each year (04-30) is month × 100 + day. */
static bool scan_date_value(struct sh_param *p, struct sh_buf *why) {
    char full[16];
    int32_t day = 0;
    const bool is_whole = sh_str_is(p->unit, "date");
    (void)snprintf(full, sizeof full, "%s%.*s", is_whole ? "" : "2023-", SH_ARG(p->text));
    const sh_date_fault fault = p->text.len > 10 ? SH_DATE_SYNTAX : sh_date_scan(full, strlen(full), &day);
    if (fault != SH_DATE_OK) {
        sh_buf_addf(why, "'%.*s' is no date (%s); write %s", SH_ARG(p->text), sh_date_fault_text(fault),
                    is_whole ? "YYYY-MM-DD" : "MM-DD");
        return false;
    }
    const struct sh_civil civil = sh_civil_of(day);
    p->value = is_whole ? day : civil.month * 100 + civil.day;
    return true;
}

bool sh_param_scan(struct sh_param *p, struct sh_buf *why) {
    const struct sh_str cell = p->text;
    p->value = INT64_MIN;
    if (cell.len == 0)
        return true;
    if (sh_str_is(p->unit, "word")) { /* the text itself is the value: who, or what */
        p->value = 0;
        return true;
    }
    if (sh_str_is(p->unit, "date") || sh_str_is(p->unit, "month_day"))
        return scan_date_value(p, why);
    const size_t point = sh_str_find_char(cell, '.');
    const size_t decimals = point == SH_STR_NONE ? 0 : cell.len - point - 1;
    if (decimals > 6) {
        sh_buf_addf(why, "'%.*s' has more than 6 decimals", SH_ARG(cell));
        return false;
    }
    p->scale = sh_str_is(p->unit, "yuan") && decimals < 2 ? 2 : (int8_t)decimals;
    const sh_decimal_fault fault = sh_decimal_scan(cell.at, cell.len, p->scale, &p->value);
    if (fault != SH_DECIMAL_OK)
        sh_buf_addf(why, "'%.*s' is no number (%s)", SH_ARG(cell), sh_decimal_fault_text(fault));
    return fault == SH_DECIMAL_OK;
}

static sh_code parse_value(const struct table *t, const struct sh_csv_row *row, struct sh_param *p,
                           struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    if (sh_param_scan(p, &why))
        return SH_OK;
    return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[VALUE], "%.*s", SH_ARG(sh_buf_view(&why)));
}

bool sh_is_place(struct sh_str place) {
    if (place.len != 6)
        return false;
    for (size_t i = 0; i < 6; i++)
        if (place.at[i] < '0' || place.at[i] > '9')
            return false;
    return true;
}

/* The cell as one of words, its index in *ret. */
static sh_code parse_word(const struct table *t, const struct sh_csv_row *row, int column,
                          const char *const *words, size_t n, uint8_t *ret, struct sh_err *err) {
    const struct sh_str cell = sh_str_trim(row->cells[t->at[column]]);
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(cell, words[i])) {
            *ret = (uint8_t)i;
            return SH_OK;
        }
    const char *near = sh_did_you_mean(cell, words, n);
    return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[column], "unknown word '%.*s'%s%s%s", SH_ARG(cell),
                       near && *near ? ", did you mean '" : "", near ? near : "", near && *near ? "'?" : "");
}

/* What the office must know of a number. */
static sh_code parse_office(const struct table *t, const struct sh_csv_row *row, struct sh_param *p,
                            struct sh_err *err) {
    SH_TRY(parse_word(t, row, PICKED_BY, pick_words, SH_PARAM_DAYS, &p->picked_by, err));
    SH_TRY(parse_word(t, row, RANK, rank_words, SH_RANKS, &p->rank, err));
    SH_TRY(parse_word(t, row, BINDS, binds_words, SH_BINDS, &p->binds, err));
    SH_TRY(parse_word(t, row, STATUS, proof_words, SH_PROOFS, &p->proof, err));
    p->set_by = sh_str_trim(row->cells[t->at[SET_BY]]);
    p->reading = sh_str_trim(row->cells[t->at[READING]]);
    if (p->picked_by == SH_BY_ANY)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[PICKED_BY],
                           "is empty; say which day picks the number: act, step or period");
    if (p->proof == SH_PROOF_UNSAID)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[STATUS],
                           "is empty; say how well it is known: F, E or P");
    if (p->set_by.len == 0)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[SET_BY], "is empty; say who sets it");
    if (sh_str_is(p->unit, "days"))
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[UNIT],
                           "the kind of day is part of the number: write wd (working) or nd (natural)");
    if (p->text.len == 0 && p->binds != SH_BINDS_NOTHING)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[VALUE], "a bound needs a value");
    if ((p->proof == SH_PROOF_OPEN) != (p->text.len == 0) && p->rank != SH_RANK_OWN)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[STATUS],
                           "P is for numbers that nobody has set, and for them only");
    return SH_OK;
}

static sh_code parse_unit(const struct table *t, const struct sh_csv_row *row, const struct sh_param *p,
                          struct sh_err *err) {
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (sh_str_is(p->unit, units[i]))
            return SH_OK;
    char word[64] = "";
    (void)snprintf(word, sizeof(word), "%.*s", SH_ARG(p->unit));
    const char *near = sh_did_you_mean(p->unit, units, sizeof units / sizeof units[0]);
    return sh_csv_fail(
        err, SH_E_INPUT, t->csv, row, t->at[UNIT], "unknown unit '%s'%s%s%s", word,
        near ? ", did you mean '" : "",
        near ? near
             : "; use number, yuan, days, wd, nd, years, months, hours, ratio, times, percent, points, "
               "persons, date, month_day, word",
        near ? "'?" : "");
}

static sh_code parse_row(const struct table *t, const struct sh_csv_row *row, struct sh_param *p,
                         struct sh_err *err) {
    struct sh_str *const fields[COLUMNS] = {[NAME] = &p->name, [PLACE] = &p->place, [VALUE] = &p->text,
                                            [UNIT] = &p->unit, [BASIS] = &p->basis, [NOTE] = &p->note};
    for (int c = 0; c < PLAIN_COLUMNS; c++)
        if (fields[c])
            *fields[c] = sh_str_trim(row->cells[t->at[c]]);
    p->line = (uint32_t)row->line;
    p->file = t->file;
    p->rank = SH_RANK_OWN;
    if (p->name.len == 0)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[NAME],
                           "is empty; every value needs the name of its parameter");
    if (!sh_is_place(p->place))
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[PLACE],
                           "'%.*s' is no division code of six digits (000000 = the nation)",
                           SH_ARG(p->place));
    SH_TRY(parse_unit(t, row, p, err));
    if (p->basis.len == 0)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[BASIS], "is empty; no number without a basis");
    if (t->is_office)
        SH_TRY(parse_office(t, row, p, err));
    SH_TRY(parse_day(t, row, FROM, INT32_MIN, &p->from, err));
    SH_TRY(parse_day(t, row, TO, INT32_MAX, &p->to, err));
    if (p->from >= p->to)
        return sh_csv_fail(err, SH_E_INPUT, t->csv, row, t->at[TO],
                           "is not after `from`; periods are half-open");
    return parse_value(t, row, p, err);
}

/* Values, floors and ceilings of one name stand beside each other; two of a kind do not. */
static bool is_same_role(const struct sh_param *a, const struct sh_param *b) {
    return sh_param_is_value(a) == sh_param_is_value(b) && (sh_param_is_value(a) || a->binds == b->binds);
}

/* Two values of one name, place and day would make the answer depend on the order of rows. */
static sh_code check_overlaps(const struct sh_params *params, const char *dir, struct sh_err *err) {
    for (size_t i = 0; i < params->n; i++)
        for (size_t j = i + 1; j < params->n; j++) {
            const struct sh_param *a = &params->rows[i], *b = &params->rows[j];
            if (!sh_str_eq(a->name, b->name))
                continue;
            if (!sh_str_eq(a->unit, b->unit))
                return sh_fail(err, SH_E_INPUT,
                               "%s: parameter %.*s has two units, %.*s (line %u) and %.*s (line %u)", dir,
                               SH_ARG(a->name), SH_ARG(a->unit), a->line, SH_ARG(b->unit), b->line);
            if (a->picked_by != b->picked_by)
                return sh_fail(
                    err, SH_E_INPUT, "%s: parameter %.*s is picked by two days (%s line %u, %s line %u)", dir,
                    SH_ARG(a->name), sh_path_base(a->file), a->line, sh_path_base(b->file), b->line);
            if (is_same_role(a, b) && sh_str_eq(a->place, b->place) && a->from < b->to && b->from < a->to)
                return sh_fail(
                    err, SH_E_INPUT,
                    "%s: parameter %.*s of place %.*s stands twice for the same days (lines %u and %u)", dir,
                    SH_ARG(a->name), SH_ARG(a->place), a->line, b->line);
        }
    return SH_OK;
}

static sh_code load_file(const char *path, struct sh_arena *arena, struct sh_param *rows, size_t max,
                         size_t *n, struct sh_err *err) {
    struct sh_csv csv;
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, arena, &csv, err));
    struct table t = {.csv = &csv, .is_office = sh_csv_column(&csv, SH_STR("picked_by")) != SH_STR_NONE};
    t.file = sh_arena_dup(arena, path, strlen(path));
    if (!t.file)
        return sh_fail(err, SH_E_NOMEM, "no room for a path");
    for (int c = 0; c < (t.is_office ? COLUMNS : PLAIN_COLUMNS); c++)
        SH_TRY(sh_csv_need_column(&csv, column_names[c], &t.at[c], err));
    for (size_t i = 0; i < csv.n_rows; i++) {
        if (*n == max)
            return sh_fail(err, SH_E_LIMIT, "%s: more than %zu parameters", path, max);
        SH_TRY(parse_row(&t, &csv.rows[i], &rows[*n], err));
        (*n)++;
    }
    return SH_OK;
}

/* Every name has one row without value, given where nothing is in force. */
static sh_code declare_names(struct sh_params *params, size_t max, struct sh_err *err) {
    const size_t n_written = params->n;
    for (size_t i = 0; i < n_written; i++) {
        bool is_declared = false;
        for (size_t j = 0; j < params->n && !is_declared; j++)
            is_declared =
                params->rows[j].value == INT64_MIN && sh_str_eq(params->rows[j].name, params->rows[i].name);
        if (is_declared)
            continue;
        if (params->n == max)
            return sh_fail(err, SH_E_LIMIT, "more than %zu parameters", max);
        struct sh_param *p = &params->rows[params->n++];
        *p = params->rows[i];
        p->place = SH_STR("000000");
        p->text = p->reading = (struct sh_str){0};
        p->binds = SH_BINDS_NOTHING, p->proof = SH_PROOF_OPEN;
        p->value = INT64_MIN, p->from = INT32_MIN, p->to = INT32_MAX;
    }
    return SH_OK;
}

sh_code sh_params_load(const char *dir, struct sh_arena *arena, struct sh_params **ret, struct sh_err *err) {
    assert(dir && arena && ret);
    const struct sh_dir_entry *entries;
    size_t n_entries;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n_entries, err));
    struct sh_params *params = sh_new(arena, struct sh_params, 1);
    struct sh_param *rows = sh_new(arena, struct sh_param, PARAMS_MAX);
    if (!params || !rows)
        return sh_fail(err, SH_E_NOMEM, "no room for the parameters of %s", dir);
    for (size_t i = 0; i < n_entries; i++) {
        if (entries[i].kind != SH_ENTRY_FILE || !sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".csv")))
            continue;
        char path[SH_PATH_BYTES_MAX];
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        SH_TRY(load_file(path, arena, rows, PARAMS_MAX, &params->n, err));
    }
    params->rows = rows;
    params->layer = sh_new(arena, struct sh_param_layer, 1);
    if (!params->layer)
        return sh_fail(err, SH_E_NOMEM, "no room for the parameters of %s", dir);
    SH_TRY(check_overlaps(params, dir, err));
    SH_TRY(declare_names(params, PARAMS_MAX, err));
    *ret = params;
    return SH_OK;
}

bool sh_place_widen(char place[6]) {
    for (ptrdiff_t pair = 2; pair >= 0; pair--)
        if (place[2 * pair] != '0' || place[2 * pair + 1] != '0') {
            place[2 * pair] = place[2 * pair + 1] = '0';
            return true;
        }
    return false;
}

void sh_place_start(struct sh_str place, char ret[6]) {
    for (size_t i = 0; i < 6; i++)
        ret[i] = place.len == 6 ? place.at[i] : '0';
}

void sh_params_lay(const struct sh_params *params, const struct sh_params *set) {
    assert(params && params->layer);
    atomic_store(&params->layer->set, set);
}

const struct sh_params *sh_params_laid(const struct sh_params *params) {
    return params->layer ? atomic_load(&params->layer->set) : NULL;
}

/* The value of that very place in force on a day; of several the one that began last. */
static const struct sh_param *find_value(const struct sh_params *params, struct sh_str name,
                                         const char place[6], int32_t day) {
    const struct sh_param *found = NULL;
    for (size_t i = 0; params && i < params->n; i++) {
        const struct sh_param *p = &params->rows[i];
        if (sh_str_eq(p->name, name) && sh_param_is_value(p) && memcmp(p->place.at, place, 6) == 0 &&
            p->from <= day && day < p->to && p->value != INT64_MIN && (!found || found->from < p->from))
            found = p;
    }
    return found;
}

const struct sh_param *sh_param_find(const struct sh_params *params, struct sh_str name, struct sh_str place,
                                     int32_t day) {
    assert(params);
    const struct sh_param *declared = NULL;
    for (size_t i = 0; i < params->n && !declared; i++)
        if (sh_str_eq(params->rows[i].name, name) && params->rows[i].value == INT64_MIN)
            declared = &params->rows[i];
    if (!declared) /* every name has such a row */
        return NULL;
    const struct sh_params *set = sh_params_laid(params);
    char at[6];
    sh_place_start(place, at);
    do {
        const struct sh_param *found = find_value(set, name, at, day);
        if (!found)
            found = find_value(params, name, at, day);
        if (found)
            return found;
    } while (sh_place_widen(at));
    return declared;
}
