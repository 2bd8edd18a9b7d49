#include "law/calendar.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "law/inner.h"
#include <assert.h>

enum { CALENDAR_ROWS_MAX = 65000, LAST_WEEK = 25 /* of December: provisional until the next paper */ };

struct sh_calendar {
    struct sh_calendar_place place;
    const struct sh_calendar_entry *entries;
    int32_t first_day, n_days;
    const uint16_t *entry_of; /* [n_days] index + 1 of the entry that decides the day; 0: none */
    int32_t first_year, n_years;
    const bool *is_known; /* [n_years] */
};

/* ---- loading ---- */

struct source {
    struct sh_csv csv;
    size_t at[8];
};

static sh_code open_source(const char *dir, const char *name, const char *const *columns, size_t n,
                           struct sh_arena *arena, struct source *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, name, err));
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, arena, &ret->csv, err));
    for (size_t i = 0; i < n; i++)
        SH_TRY(sh_csv_need_column(&ret->csv, columns[i], &ret->at[i], err));
    if (ret->csv.n_rows > CALENDAR_ROWS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: more than %d rows", path, CALENDAR_ROWS_MAX);
    return SH_OK;
}

static struct sh_str cell(const struct source *s, const struct sh_csv_row *row, size_t column) {
    return sh_str_trim(row->cells[s->at[column]]);
}

static sh_code read_day(const struct source *s, const struct sh_csv_row *row, size_t column, int32_t *ret,
                        struct sh_err *err) {
    const struct sh_str text = cell(s, row, column);
    const sh_date_fault fault = sh_date_scan(text.at, text.len, ret);
    return fault == SH_DATE_OK ? SH_OK
                               : sh_csv_fail(err, SH_E_INPUT, &s->csv, row, s->at[column],
                                             "'%.*s' is no date (%s); write YYYY-MM-DD", SH_ARG(text),
                                             sh_date_fault_text(fault));
}

static sh_code need_text(const struct source *s, const struct sh_csv_row *row, size_t column,
                         struct sh_str *ret, struct sh_err *err) {
    *ret = cell(s, row, column);
    return ret->len > 0 ? SH_OK : sh_csv_fail(err, SH_E_INPUT, &s->csv, row, s->at[column], "is empty");
}

static sh_code need_place(const struct source *s, const struct sh_csv_row *row, size_t column,
                          struct sh_str *ret, struct sh_err *err) {
    *ret = cell(s, row, column);
    return sh_is_place(*ret)
               ? SH_OK
               : sh_csv_fail(err, SH_E_INPUT, &s->csv, row, s->at[column],
                             "'%.*s' is no division code of six digits (000000 = the nation)", SH_ARG(*ret));
}

static sh_code load_papers(const char *dir, struct sh_arena *arena, struct sh_calendars *ret,
                           struct sh_err *err) {
    enum { PAPER, PLACE, YEAR, TITLE, ISSUED, ADDRESS, N };
    static const char *const columns[N] = {"paper", "place", "year", "title", "issued", "address"};
    struct source s;
    SH_TRY(open_source(dir, "papers.csv", columns, N, arena, &s, err));
    struct sh_calendar_paper *papers = sh_new(arena, struct sh_calendar_paper, s.csv.n_rows + 1);
    if (!papers)
        return sh_fail(err, SH_E_NOMEM, "no room for the papers of calendars");
    for (size_t i = 0; i < s.csv.n_rows; i++) {
        const struct sh_csv_row *row = &s.csv.rows[i];
        struct sh_calendar_paper *p = &papers[i];
        SH_TRY(need_text(&s, row, PAPER, &p->id, err));
        SH_TRY(need_place(&s, row, PLACE, &p->place, err));
        SH_TRY(need_text(&s, row, TITLE, &p->title, err));
        p->address = cell(&s, row, ADDRESS);
        p->issued = INT32_MIN;
        if (cell(&s, row, ISSUED).len > 0)
            SH_TRY(read_day(&s, row, ISSUED, &p->issued, err));
        char first[16];
        int32_t day;
        const struct sh_str year = cell(&s, row, YEAR);
        (void)snprintf(first, sizeof first, "%.*s-01-01", SH_ARG(year));
        if (year.len != 4 || sh_date_scan(first, strlen(first), &day) != SH_DATE_OK)
            return sh_csv_fail(err, SH_E_INPUT, &s.csv, row, s.at[YEAR], "'%.*s' is no year", SH_ARG(year));
        p->year = sh_year_key(day);
        for (size_t j = 0; j < i; j++)
            if (sh_str_eq(papers[j].id, p->id))
                return sh_csv_fail(err, SH_E_INPUT, &s.csv, row, s.at[PAPER], "'%.*s' stands twice",
                                   SH_ARG(p->id));
    }
    ret->papers = papers;
    ret->n_papers = s.csv.n_rows;
    return SH_OK;
}

static sh_code load_days(const char *dir, struct sh_arena *arena, struct sh_calendars *ret,
                         struct sh_err *err) {
    enum { PAPER, FIRST, LAST, KIND, NAME, N };
    static const char *const columns[N] = {"paper", "first", "last", "kind", "name"};
    struct source s;
    SH_TRY(open_source(dir, "days.csv", columns, N, arena, &s, err));
    struct sh_calendar_entry *days = sh_new(arena, struct sh_calendar_entry, s.csv.n_rows + 1);
    if (!days)
        return sh_fail(err, SH_E_NOMEM, "no room for the days of calendars");
    for (size_t i = 0; i < s.csv.n_rows; i++) {
        const struct sh_csv_row *row = &s.csv.rows[i];
        struct sh_calendar_entry *d = &days[i];
        SH_TRY(need_text(&s, row, PAPER, &d->paper, err));
        SH_TRY(need_text(&s, row, NAME, &d->name, err));
        SH_TRY(read_day(&s, row, FIRST, &d->first, err));
        SH_TRY(read_day(&s, row, LAST, &d->last, err));
        const struct sh_str kind = cell(&s, row, KIND);
        d->is_worked = sh_str_is(kind, "work");
        if (!d->is_worked && !sh_str_is(kind, "rest"))
            return sh_csv_fail(err, SH_E_INPUT, &s.csv, row, s.at[KIND], "'%.*s' is neither rest nor work",
                               SH_ARG(kind));
        if (d->last < d->first || d->last - d->first > 31)
            return sh_csv_fail(err, SH_E_INPUT, &s.csv, row, s.at[LAST],
                               "is before `first`, or a month behind it");
    }
    ret->days = days;
    ret->n_days = s.csv.n_rows;
    return SH_OK;
}

static sh_code load_places(const char *dir, struct sh_arena *arena, struct sh_calendars *ret,
                           struct sh_err *err) {
    enum { PLACE, NAME, BY, BY_EN, N };
    static const char *const columns[N] = {"place", "name", "entered_by", "entered_by_en"};
    struct source s;
    SH_TRY(open_source(dir, "places.csv", columns, N, arena, &s, err));
    struct sh_calendar_place *places = sh_new(arena, struct sh_calendar_place, s.csv.n_rows + 1);
    if (!places)
        return sh_fail(err, SH_E_NOMEM, "no room for the places of calendars");
    for (size_t i = 0; i < s.csv.n_rows; i++) {
        const struct sh_csv_row *row = &s.csv.rows[i];
        SH_TRY(need_place(&s, row, PLACE, &places[i].place, err));
        SH_TRY(need_text(&s, row, NAME, &places[i].name, err));
        SH_TRY(need_text(&s, row, BY, &places[i].entered_by, err));
        SH_TRY(need_text(&s, row, BY_EN, &places[i].entered_by_en, err));
    }
    ret->places = places;
    ret->n_places = s.csv.n_rows;
    return SH_OK;
}

sh_code sh_calendars_load(const char *dir, struct sh_arena *arena, struct sh_calendars **ret,
                          struct sh_err *err) {
    assert(dir && arena && ret);
    struct sh_calendars *all = sh_new(arena, struct sh_calendars, 1);
    if (!all)
        return sh_fail(err, SH_E_NOMEM, "no room for the calendars");
    SH_TRY(load_papers(dir, arena, all, err));
    SH_TRY(load_days(dir, arena, all, err));
    SH_TRY(load_places(dir, arena, all, err));
    const struct sh_calendar *tried; /* whatever place asks later: all rows are sound */
    for (size_t i = 0; i < all->n_papers; i++)
        SH_TRY(sh_calendar_open(all, all->papers[i].place, INT32_MAX, arena, &tried, err));
    all->layer = sh_new(arena, struct sh_calendar_layer, 1);
    if (!all->layer)
        return sh_fail(err, SH_E_NOMEM, "no room for the calendars");
    *ret = all;
    return SH_OK;
}

/* ---- what is laid over them ---- */

void sh_calendars_lay(const struct sh_calendars *all, const struct sh_calendars *set) {
    assert(all && all->layer);
    atomic_store(&all->layer->set, set);
}

sh_code sh_calendars_all(const struct sh_calendars *all, struct sh_arena *arena, struct sh_calendars *ret,
                         struct sh_err *err) {
    const struct sh_calendars *laid = all->layer ? atomic_load(&all->layer->set) : NULL;
    *ret = *all;
    ret->layer = NULL;
    if (!laid || laid->n_papers == 0)
        return SH_OK;
    struct sh_calendar_paper *papers =
        sh_new(arena, struct sh_calendar_paper, all->n_papers + laid->n_papers);
    struct sh_calendar_entry *days = sh_new(arena, struct sh_calendar_entry, all->n_days + laid->n_days + 1);
    if (!papers || !days)
        return sh_fail(err, SH_E_NOMEM, "no room for a calendar");
    for (size_t i = 0; i < all->n_papers + laid->n_papers; i++)
        papers[i] = i < all->n_papers ? all->papers[i] : laid->papers[i - all->n_papers];
    for (size_t i = 0; i < all->n_days + laid->n_days; i++)
        days[i] = i < all->n_days ? all->days[i] : laid->days[i - all->n_days];
    ret->papers = papers, ret->n_papers = all->n_papers + laid->n_papers;
    ret->days = days, ret->n_days = all->n_days + laid->n_days;
    return SH_OK;
}

bool sh_calendar_fits(int32_t day, int32_t year) {
    return day >= sh_days_of(year - 1, 12, LAST_WEEK) && day <= sh_days_of(year, 12, 31);
}

/* ---- one place ---- */

/* How wide a paper's place is for `place`: 0 the same, 1, 2 … wider; -1: does not hold it. */
static int distance(struct sh_str paper, struct sh_str place) {
    char at[6];
    int steps = 0;
    sh_place_start(place, at);
    do {
        if (memcmp(paper.at, at, 6) == 0)
            return steps;
        steps++;
    } while (sh_place_widen(at));
    return -1;
}

struct ordered {
    const struct sh_calendar_paper *paper;
    int distance;
};
/* Wider places first, then earlier papers, so that later ones are written over them. */
static int by_weight(const void *a, const void *b) {
    const struct ordered *x = a, *y = b;
    if (x->distance != y->distance)
        return y->distance - x->distance;
    if (x->paper->year != y->paper->year)
        return x->paper->year < y->paper->year ? -1 : 1;
    if (x->paper->issued != y->paper->issued)
        return x->paper->issued < y->paper->issued ? -1 : 1;
    return sh_str_cmp(x->paper->id, y->paper->id);
}

static const struct sh_calendar_paper *paper_of(const struct sh_calendars *all, struct sh_str id) {
    for (size_t i = 0; i < all->n_papers; i++)
        if (sh_str_eq(all->papers[i].id, id))
            return &all->papers[i];
    return NULL;
}

static sh_code check_entry(const struct sh_calendars *all, const struct sh_calendar_entry *d,
                           struct sh_err *err) {
    const struct sh_calendar_paper *p = paper_of(all, d->paper);
    char day[SH_DATE_TEXT_MAX];
    sh_date_format(d->first, day);
    if (!p)
        return sh_fail(err, SH_E_INPUT, "calendar: %s names the paper '%.*s', which is not among the papers",
                       day, SH_ARG(d->paper));
    if (!sh_calendar_fits(d->first, p->year) || !sh_calendar_fits(d->last, p->year))
        return sh_fail(
            err, SH_E_INPUT,
            "calendar: %s lies outside the year %d of its paper '%.*s' and the last week before it", day,
            p->year, SH_ARG(d->paper));
    return SH_OK;
}

static sh_code lay_paper(const struct sh_calendars *all, const struct sh_calendar_paper *p,
                         struct sh_calendar *c, uint16_t *entry_of, struct sh_err *err) {
    for (size_t i = 0; i < all->n_days; i++) {
        const struct sh_calendar_entry *d = &all->days[i];
        if (!sh_str_eq(d->paper, p->id))
            continue;
        for (int32_t day = d->first; day <= d->last; day++) {
            uint16_t *at = &entry_of[day - c->first_day];
            if (*at && sh_str_eq(all->days[*at - 1].paper, p->id)) {
                char text[SH_DATE_TEXT_MAX];
                sh_date_format(day, text);
                return sh_fail(err, SH_E_INPUT, "calendar: %s stands twice in the paper '%.*s'", text,
                               SH_ARG(p->id));
            }
            *at = (uint16_t)(i + 1);
        }
    }
    return SH_OK;
}

/* A year is known when every place of the chain that has papers of its own has one for it. */
static void note_years(const struct ordered *papers, size_t n, struct sh_calendar *c, bool *is_known) {
    for (int32_t y = 0; y < c->n_years; y++)
        is_known[y] = true;
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && papers[end].distance == papers[i].distance)
            end++;
        const bool is_nation = memcmp(papers[i].paper->place.at, "000000", 6) == 0;
        for (int32_t y = c->first_year; y < c->first_year + c->n_years; y++) {
            bool has = !is_nation && y < papers[i].paper->year;
            for (size_t j = i; j < end && !has; j++)
                has = papers[j].paper->year == y;
            if (!has)
                is_known[y - c->first_year] = false;
        }
        i = end;
    }
}

static sh_code fill(const struct sh_calendars *all, struct ordered *papers, size_t n, struct sh_calendar *c,
                    struct sh_arena *arena, struct sh_err *err) {
    bool has_nation = false;
    c->first_year = INT32_MAX;
    int32_t last_year = INT32_MIN;
    for (size_t i = 0; i < n; i++) {
        has_nation = has_nation || memcmp(papers[i].paper->place.at, "000000", 6) == 0;
        c->first_year = papers[i].paper->year < c->first_year ? papers[i].paper->year : c->first_year;
        last_year = papers[i].paper->year > last_year ? papers[i].paper->year : last_year;
    }
    if (!has_nation) /* nothing is known: every year asks for its paper */
        return SH_OK;
    c->n_years = last_year - c->first_year + 1;
    c->first_day = sh_days_of(c->first_year - 1, 12, LAST_WEEK);
    c->n_days = sh_days_of(last_year, 12, 31) - c->first_day + 1;
    bool *is_known = sh_new(arena, bool, (size_t)c->n_years);
    uint16_t *entry_of = sh_new(arena, uint16_t, (size_t)c->n_days);
    if (!is_known || !entry_of)
        return sh_fail(err, SH_E_NOMEM, "no room for a calendar");
    qsort(papers, n, sizeof *papers, by_weight);
    for (size_t i = 0; i < n; i++)
        SH_TRY(lay_paper(all, papers[i].paper, c, entry_of, err));
    note_years(papers, n, c, is_known);
    c->is_known = is_known, c->entry_of = entry_of;
    return SH_OK;
}

sh_code sh_calendar_open(const struct sh_calendars *calendars, struct sh_str place, int32_t known,
                         struct sh_arena *arena, const struct sh_calendar **ret, struct sh_err *err) {
    assert(calendars && arena && ret);
    struct sh_calendars merged;
    const struct sh_calendars *all = &merged;
    SH_TRY(sh_calendars_all(calendars, arena, &merged, err));
    if (!sh_is_place(place))
        return sh_fail(err, SH_E_INPUT, "'%.*s' is no division code of six digits (000000 = the nation)",
                       SH_ARG(place));
    if (all->n_days > CALENDAR_ROWS_MAX || all->n_papers > CALENDAR_ROWS_MAX)
        return sh_fail(err, SH_E_LIMIT, "a calendar of more than %d rows", CALENDAR_ROWS_MAX);
    struct sh_calendar *c = sh_new(arena, struct sh_calendar, 1);
    struct ordered *papers = sh_new(arena, struct ordered, all->n_papers + 1);
    if (!c || !papers)
        return sh_fail(err, SH_E_NOMEM, "no room for a calendar");
    c->entries = all->days;
    c->place.place = place, c->place.name = place;
    for (size_t i = 0; i < all->n_days; i++)
        SH_TRY(check_entry(all, &all->days[i], err));
    size_t n = 0;
    for (size_t i = 0; i < all->n_papers; i++) {
        const int steps = distance(all->papers[i].place, place);
        if (steps >= 0 && (known == INT32_MAX || all->papers[i].issued <= known))
            papers[n++] = (struct ordered){&all->papers[i], steps};
    }
    int nearest = INT32_MAX;
    for (size_t i = 0; i < all->n_places; i++) {
        const int steps = distance(all->places[i].place, place);
        if (steps >= 0 && steps < nearest)
            nearest = steps, c->place = all->places[i];
    }
    SH_TRY(fill(all, papers, n, c, arena, err));
    *ret = c;
    return SH_OK;
}

bool sh_calendar_knows(const struct sh_calendar *c, int32_t year) {
    return year >= c->first_year && year - c->first_year < c->n_years && c->is_known[year - c->first_year];
}

struct sh_day sh_calendar_day(const struct sh_calendar *c, int32_t day) {
    const struct sh_civil civil = sh_civil_of(day);
    if (!sh_calendar_knows(c, civil.year))
        return (struct sh_day){.kind = SH_DAY_UNKNOWN, .unknown_year = civil.year};
    if (civil.month == 12 && civil.day >= LAST_WEEK && !sh_calendar_knows(c, civil.year + 1))
        return (struct sh_day){.kind = SH_DAY_UNKNOWN, .unknown_year = civil.year + 1};
    const bool is_weekend = sh_weekday(day) > 5;
    const uint16_t entry = c->entry_of[day - c->first_day];
    if (!entry)
        return (struct sh_day){.kind = is_weekend ? SH_DAY_REST : SH_DAY_WORKED};
    const struct sh_calendar_entry *d = &c->entries[entry - 1];
    return (struct sh_day){.kind = d->is_worked ? SH_DAY_WORKED : SH_DAY_REST,
                           .is_moved = d->is_worked == is_weekend,
                           .name = d->name};
}

size_t sh_calendar_missing(const struct sh_calendar *c, int32_t today, int32_t *ret, size_t max) {
    const struct sh_civil civil = sh_civil_of(today);
    const int32_t last = civil.month >= 10 ? civil.year + 1 : civil.year;
    const int32_t first = c->n_years == 0 || c->first_year > civil.year ? civil.year : c->first_year;
    size_t n = 0;
    for (int32_t year = first; year <= last && n < max; year++)
        if (!sh_calendar_knows(c, year))
            ret[n++] = year;
    return n;
}

struct sh_str sh_calendar_entered_by(const struct sh_calendar *c, sh_lang lang) {
    return lang == SH_EN ? c->place.entered_by_en : c->place.entered_by;
}

struct sh_str sh_calendar_name(const struct sh_calendar *c) {
    return c->place.name;
}
