#include "law/clock.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/limits.h"
#include <assert.h>

/* Longest length: the law knows five years, a permanent term none. */
enum { LENGTH_MAX = 100000 };

static const struct {
    const char *word;
    enum sh_time_unit unit;
} unit_words[] = {{"wd", SH_WORKING_DAYS}, {"nd", SH_NATURAL_DAYS}, {"month", SH_MONTHS},
                  {"months", SH_MONTHS},   {"year", SH_YEARS},      {"years", SH_YEARS},
                  {"hour", SH_HOURS},      {"hours", SH_HOURS}};

static bool unit_of(struct sh_str word, enum sh_time_unit *ret) {
    for (size_t i = 0; i < sizeof unit_words / sizeof unit_words[0]; i++)
        if (sh_str_is(word, unit_words[i].word)) {
            *ret = unit_words[i].unit;
            return true;
        }
    return false;
}

sh_code sh_length_parse(struct sh_str text, struct sh_length *ret, struct sh_err *err) {
    const struct sh_str trimmed = sh_str_trim(text);
    size_t digits = 0;
    int64_t n = 0;
    while (digits < trimmed.len && trimmed.at[digits] >= '0' && trimmed.at[digits] <= '9' && n <= LENGTH_MAX)
        n = 10 * n + (trimmed.at[digits++] - '0');
    const struct sh_str word = sh_str_trim(sh_str_sub(trimmed, digits, SIZE_MAX));
    if (digits == 0 || n < 1 || n > LENGTH_MAX)
        return sh_fail(err, SH_E_INPUT,
                       "'%.*s' is no length: write a number from 1 to %d and wd, nd, months, years or hours",
                       SH_ARG(text), LENGTH_MAX);
    enum sh_time_unit unit;
    if (sh_str_is(word, "day") || sh_str_is(word, "days"))
        return sh_fail(err, SH_E_INPUT,
                       "'%.*s' does not say which days: write wd (working days) or nd (natural days)",
                       SH_ARG(text));
    if (!unit_of(word, &unit))
        return sh_fail(err, SH_E_INPUT, "'%.*s' is no length: the unit is wd, nd, months, years or hours",
                       SH_ARG(text));
    *ret = (struct sh_length){(int32_t)n, unit};
    return SH_OK;
}

sh_code sh_length_of_param(const struct sh_param *p, struct sh_length *ret, struct sh_err *err) {
    enum sh_time_unit unit;
    if (p->value == INT64_MIN || !unit_of(p->unit, &unit))
        return sh_fail(
            err, SH_E_INPUT,
            "the parameter %.*s is no length of time: its unit is '%.*s', not wd, nd, months, years or hours",
            SH_ARG(p->name), SH_ARG(p->unit));
    const int64_t scale = sh_pow10(p->scale), n = p->value / scale;
    if (p->value % scale != 0 || n < 1 || n > LENGTH_MAX)
        return sh_fail(err, SH_E_INPUT, "the parameter %.*s is %.*s: a length is a whole number from 1 to %d",
                       SH_ARG(p->name), SH_ARG(p->text), LENGTH_MAX);
    *ret = (struct sh_length){(int32_t)n, unit};
    return SH_OK;
}

/* ---- counting ---- */

struct counting {
    const struct sh_due_question *q;
    struct sh_arena *arena;
    struct sh_err *err;
    struct sh_due *due;
    struct sh_count *account;
    size_t cap;
    int32_t total; /* days counted so far */
};

static sh_code step(struct counting *c, struct sh_count count) {
    struct sh_due *due = c->due;
    if (due->n_account == c->cap) {
        const size_t cap = c->cap ? 2 * c->cap : 16;
        struct sh_count *account = sh_new(c->arena, struct sh_count, cap);
        if (!account)
            return sh_fail(c->err, SH_E_NOMEM, "no room for the account of a deadline");
        if (due->n_account)
            memcpy(account, c->account, due->n_account * sizeof *account);
        c->account = account, c->cap = cap;
        due->account = account;
    }
    c->account[due->n_account++] = count;
    return SH_OK;
}

/* Add one day to the account: to the run under way where it goes on in the same way. */
static sh_code step_day(struct counting *c, enum sh_count_kind kind, int32_t day, struct sh_str name,
                        int32_t n) {
    struct sh_count *last = c->due->n_account ? &c->account[c->due->n_account - 1] : NULL;
    const bool is_next = last && last->kind == kind && sh_str_eq(last->name, name) &&
                         (c->q->backwards ? last->from == day + 1 : last->to == day - 1) &&
                         (kind != SH_COUNT_UNKNOWN || last->n == n);
    if (is_next) {
        if (c->q->backwards)
            last->from = day;
        else
            last->to = day;
        last->n = kind == SH_COUNT_UNKNOWN ? n : last->to - last->from + 1;
        last->total = c->total;
        return SH_OK;
    }
    return step(
        c, (struct sh_count){.kind = kind, .from = day, .to = day, .n = n, .total = c->total, .name = name});
}

/* The interval that leaves the day out, or NULL; overlapping ones count once. */
static const struct sh_excluded *excluded(const struct sh_due_question *q, int32_t day) {
    const struct sh_excluded *found = NULL;
    for (size_t i = 0; i < q->n_excluded; i++) {
        const struct sh_excluded *e = &q->excluded[i];
        if (e->first < day && day <= e->last && (!found || e->last > found->last))
            found = e;
    }
    return found;
}

static void note_unknown(struct counting *c, int32_t year) {
    if (c->due->unknown_year == 0 || year < c->due->unknown_year)
        c->due->unknown_year = year;
    c->due->is_certain = false;
}

/* Is it worked, as far as one knows? Backwards an unknown day is a day of the plain week, forwards it is
 * worked. */
static struct sh_day look(struct counting *c, int32_t day) {
    struct sh_day found = sh_calendar_day(c->q->calendar, day);
    if (found.kind == SH_DAY_UNKNOWN)
        note_unknown(c, found.unknown_year);
    return found;
}

static bool is_worked(const struct counting *c, struct sh_day found, int32_t day) {
    return found.kind == SH_DAY_UNKNOWN ? !c->q->backwards || sh_weekday(day) <= 5
                                        : found.kind == SH_DAY_WORKED;
}

/* Count one day of a stretch in working or natural days; *ret_counts says whether it used up one. */
static sh_code count_day(struct counting *c, bool in_working_days, int32_t day, bool *ret_counts) {
    const struct sh_excluded *out = excluded(c->q, day);
    *ret_counts = false;
    if (out)
        return step_day(c, SH_COUNT_EXCLUDED, day, out->why, 1);
    if (!in_working_days) {
        *ret_counts = true;
        c->total++;
        return step_day(c, SH_COUNT_DAYS, day, (struct sh_str){0}, 1);
    }
    const struct sh_day found = look(c, day);
    *ret_counts = is_worked(c, found, day);
    c->total += *ret_counts;
    if (found.kind == SH_DAY_UNKNOWN)
        return step_day(c, SH_COUNT_UNKNOWN, day, (struct sh_str){0}, found.unknown_year);
    if (*ret_counts)
        return step_day(c, found.is_moved ? SH_COUNT_MAKE_UP : SH_COUNT_DAYS, day, found.name, 1);
    return step_day(c, found.name.len > 0 ? SH_COUNT_HOLIDAY : SH_COUNT_REST, day, found.name, 1);
}

/* Use up n days after (before) *day; stops where an open interval begins. *ret_left: not used up. */
static sh_code count_days(struct counting *c, bool in_working_days, int32_t n, int32_t *day,
                          int32_t *ret_left) {
    const int32_t way = c->q->backwards ? -1 : 1;
    while (n > 0) {
        const int32_t next = *day + way;
        if (next > SH_DATE_MAX || next < SH_DATE_MIN)
            return sh_fail(c->err, SH_E_OVERFLOW, "the deadline leaves the years %d to %d", SH_YEAR_MIN,
                           SH_YEAR_MAX);
        const struct sh_excluded *out = excluded(c->q, next);
        if (out && out->last == INT32_MAX)
            break;
        bool counts;
        SH_TRY(count_day(c, in_working_days, next, &counts));
        n -= counts;
        *day = next;
    }
    *ret_left = n;
    return SH_OK;
}

static bool is_excluded_between(const struct sh_due_question *q, int32_t after, int32_t to) {
    for (size_t i = 0; i < q->n_excluded; i++)
        if (q->excluded[i].last > after && q->excluded[i].first < to)
            return true;
    return false;
}

/* Months by the day number or the end of the month (T4); excluded days within are made up behind. */
static sh_code count_months(struct counting *c, int32_t n, int32_t *day, int32_t *ret_left) {
    const int32_t from = *day;
    const int32_t to = sh_add_months(from, c->q->backwards ? -n : n);
    if (to > SH_DATE_MAX || to < SH_DATE_MIN)
        return sh_fail(c->err, SH_E_OVERFLOW, "the deadline leaves the years %d to %d", SH_YEAR_MIN,
                       SH_YEAR_MAX);
    SH_TRY(step(c, (struct sh_count){.kind = SH_COUNT_MONTHS, .from = from, .to = to, .n = n}));
    *ret_left = 0;
    if (!is_excluded_between(c->q, from, to)) {
        *day = to;
        return SH_OK;
    }
    return count_days(c, false, to - from, day, ret_left);
}

/* Months of a length in months or years, else 0. */
static int32_t months_of(struct sh_length length) {
    return length.unit == SH_MONTHS ? length.n : length.unit == SH_YEARS ? 12 * length.n : 0;
}

static enum sh_time_unit class_of(struct sh_length length) {
    return length.unit == SH_YEARS ? SH_MONTHS : length.unit;
}

/* Lengths of one kind that follow each other are one length, counted from the same start (T10): 31 January +
 * 1 month + 1 month is 31 March. */
static sh_code count_all(struct counting *c, int32_t *day) {
    const struct sh_due_question *q = c->q;
    struct sh_length now = q->length;
    int64_t n = months_of(now) ? months_of(now) : now.n;
    for (size_t i = 0;; i++) {
        const bool is_end = i == q->n_extensions;
        if (!is_end)
            SH_TRY(step(c, (struct sh_count){
                               .kind = SH_COUNT_EXTEND, .n = (int32_t)i + 1, .length = q->extensions[i]}));
        if (!is_end && class_of(q->extensions[i]) == class_of(now)) {
            n += months_of(q->extensions[i]) ? months_of(q->extensions[i]) : q->extensions[i].n;
            continue;
        }
        if (n > LENGTH_MAX)
            return sh_fail(c->err, SH_E_OVERFLOW, "a length of more than %d", LENGTH_MAX);
        int32_t left;
        if (class_of(now) == SH_MONTHS)
            SH_TRY(count_months(c, (int32_t)n, day, &left));
        else
            SH_TRY(count_days(c, now.unit == SH_WORKING_DAYS, (int32_t)n, day, &left));
        if (left > 0) {
            c->due->is_open = true;
            c->due->left = left;
            c->due->left_unit = now.unit == SH_WORKING_DAYS ? SH_WORKING_DAYS : SH_NATURAL_DAYS;
            return step(c, (struct sh_count){.kind = SH_COUNT_OPEN, .from = *day, .to = *day, .n = left});
        }
        if (is_end)
            return SH_OK;
        now = q->extensions[i];
        n = months_of(now) ? months_of(now) : now.n;
    }
}

/* To the next (backwards: the last) working day, once. */
static sh_code roll(struct counting *c, int32_t *day) {
    const int32_t from = *day, way = c->q->backwards ? -1 : 1;
    while (!is_worked(c, look(c, *day), *day)) {
        *day += way;
        if (*day > SH_DATE_MAX || *day < SH_DATE_MIN)
            return sh_fail(c->err, SH_E_OVERFLOW, "the deadline leaves the years %d to %d", SH_YEAR_MIN,
                           SH_YEAR_MAX);
    }
    return *day == from ? SH_OK : step(c, (struct sh_count){.kind = SH_COUNT_ROLL, .from = from, .to = *day});
}

static sh_code check_length(struct sh_length length, struct sh_err *err) {
    return length.n >= 1 && length.n <= LENGTH_MAX
               ? SH_OK
               : sh_fail(err, SH_E_INPUT, "a length of %d; it must be from 1 to %d", length.n, LENGTH_MAX);
}

static sh_code check_question(const struct sh_due_question *q, struct sh_err *err) {
    SH_TRY(check_length(q->length, err));
    const bool in_hours = q->length.unit == SH_HOURS;
    for (size_t i = 0; i < q->n_extensions; i++) {
        SH_TRY(check_length(q->extensions[i], err));
        if ((q->extensions[i].unit == SH_HOURS) != in_hours)
            return sh_fail(err, SH_E_INPUT, "hours and days are not added to each other");
    }
    for (size_t i = 0; i < q->n_excluded; i++)
        if (q->excluded[i].last < q->excluded[i].first)
            return sh_fail(err, SH_E_INPUT, "an excluded time ends before it begins");
    if (in_hours && (q->n_excluded > 0 || q->backwards))
        return sh_fail(err, SH_E_INPUT,
                       "hours run on: no time is excluded from them and they are not counted backwards");
    if (q->backwards && (q->n_excluded > 0 || q->n_extensions > 0))
        return sh_fail(err, SH_E_INPUT, "a length counted backwards has no excluded time and no extension");
    if (!in_hours && (q->event < SH_DATE_MIN || q->event > SH_DATE_MAX))
        return sh_fail(err, SH_E_INPUT, "the event lies outside the years %d to %d", SH_YEAR_MIN,
                       SH_YEAR_MAX);
    return SH_OK;
}

static sh_code count_hours(struct counting *c) {
    const struct sh_due_question *q = c->q;
    int64_t hours = q->length.n;
    for (size_t i = 0; i < q->n_extensions; i++)
        hours += q->extensions[i].n;
    int64_t time;
    if (__builtin_add_overflow(q->event_time, 3600 * hours, &time) || sh_day_of_time(time) > SH_DATE_MAX)
        return sh_fail(c->err, SH_E_OVERFLOW, "the deadline leaves the years %d to %d", SH_YEAR_MIN,
                       SH_YEAR_MAX);
    const int32_t from = sh_day_of_time(q->event_time), to = sh_day_of_time(time);
    c->due->day = c->due->counted_to = to;
    c->due->time = time;
    SH_TRY(step(c, (struct sh_count){.kind = SH_COUNT_HOURS, .from = from, .to = to, .n = (int32_t)hours}));
    return SH_OK;
}

static sh_code finish(struct counting *c, int32_t day) {
    const struct sh_due_question *q = c->q;
    if (q->backwards) {
        day--;
        SH_TRY(step(c, (struct sh_count){.kind = SH_COUNT_CLEAR, .from = day, .to = day}));
    }
    c->due->counted_to = day;
    if (!q->no_roll)
        SH_TRY(roll(c, &day));
    if (q->not_past != 0 && q->not_past < day) {
        SH_TRY(step(c, (struct sh_count){.kind = SH_COUNT_CAP, .from = day, .to = q->not_past}));
        day = q->not_past;
    }
    c->due->day = day;
    c->due->time = ((int64_t)day + 1) * SH_DAY_SECONDS;
    return step(c, (struct sh_count){.kind = SH_COUNT_END, .from = day, .to = day});
}

sh_code sh_due(const struct sh_due_question *q, struct sh_arena *arena, struct sh_due *ret,
               struct sh_err *err) {
    assert(q && q->calendar && arena && ret);
    SH_TRY(check_question(q, err));
    struct sh_due due = {.is_certain = true};
    struct counting c = {.q = q, .arena = arena, .err = err, .due = &due};
    const bool in_hours = q->length.unit == SH_HOURS;
    int32_t day = in_hours ? sh_day_of_time(q->event_time) : q->event;
    SH_TRY(step(&c, (struct sh_count){.kind = SH_COUNT_EVENT, .from = day, .to = day}));
    if (in_hours) {
        SH_TRY(count_hours(&c));
        *ret = due;
        return SH_OK;
    }
    SH_TRY(count_all(&c, &day));
    due.counted_to = day;
    if (!due.is_open)
        SH_TRY(finish(&c, day));
    *ret = due;
    return SH_OK;
}

int32_t sh_due_left(const struct sh_due *due, const struct sh_calendar *calendar, bool in_working_days,
                    int32_t today) {
    if (due->is_open)
        return due->left;
    if (!in_working_days)
        return due->day - today;
    int32_t n = 0;
    for (int32_t day = today + 1; day <= due->day; day++)
        n += sh_calendar_day(calendar, day).kind != SH_DAY_REST;
    for (int32_t day = due->day + 1; day <= today; day++)
        n -= sh_calendar_day(calendar, day).kind != SH_DAY_REST;
    return n;
}

sh_code sh_term_last(int32_t first, struct sh_length length, int32_t *ret_last, struct sh_err *err) {
    SH_TRY(check_length(length, err));
    if (length.unit == SH_WORKING_DAYS || length.unit == SH_HOURS)
        return sh_fail(err, SH_E_INPUT, "a term runs in natural days, months or years");
    const int64_t last = (length.unit == SH_NATURAL_DAYS ? (int64_t)first + length.n
                                                         : (int64_t)sh_add_months(first, months_of(length))) -
                         1;
    if (first < SH_DATE_MIN || last > SH_DATE_MAX)
        return sh_fail(err, SH_E_OVERFLOW, "the term leaves the years %d to %d", SH_YEAR_MIN, SH_YEAR_MAX);
    *ret_last = (int32_t)last;
    return SH_OK;
}
