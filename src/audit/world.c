/* What the language asks of the executor: related rows in a scope, completeness, names. */
#include "audit/carry.h"
#include "base/date.h"
#include <string.h>

/* ---- rows by encounter and by stay -------------------------------------------------------------- */

static sh_code index_by(struct sh_timeline *tl, int table, const int32_t *group, uint32_t n_groups,
                        struct sh_rows_by *ret, struct sh_err *err) {
    const uint32_t n = tl->tables[table].n_rows;
    uint32_t *begin = sh_new(tl->arena, uint32_t, (size_t)n_groups + 2);
    int32_t *rows = sh_new(tl->arena, int32_t, (size_t)n + 1);
    if (!begin || !rows)
        return sh_fail(err, SH_E_NOMEM, "no room for the rows of encounters");
    const uint8_t *alive = tl->alive[table];
    for (uint32_t i = 0; group && i < n; i++)
        if (group[i] >= 0 && (!alive || alive[i]))
            begin[group[i] + 2]++;
    for (uint32_t g = 2; g < n_groups + 2; g++)
        begin[g] += begin[g - 1];
    for (uint32_t i = 0; group && i < n; i++)
        if (group[i] >= 0 && (!alive || alive[i]))
            rows[begin[group[i] + 1]++] = (int32_t)i;
    ret->begin = begin;
    ret->rows = rows;
    return SH_OK;
}

static const int32_t *encounter_column(const struct sh_timeline *tl, int table) {
    const struct sh_columns *at = &tl->plan->at;
    switch (table) {
    case SH_TABLE_LINE:
        return sh_i32(tl, table, at->line.encounter);
    case SH_TABLE_SETTLEMENT:
        return sh_i32(tl, table, at->settlement.encounter);
    case SH_TABLE_DIAGNOSIS:
        return sh_i32(tl, table, at->diagnosis.encounter);
    case SH_TABLE_OPERATION:
        return sh_i32(tl, table, at->operation.encounter);
    case SH_MODEL_STAY:
        return sh_i32(tl, table, at->stay.encounter);
    default:
        return table < SH_TABLES && tl->plan->at.of[table].encounter >= 0
                   ? sh_i32(tl, table, tl->plan->at.of[table].encounter)
                   : NULL;
    }
}

static sh_code encounters_of_view(struct sh_timeline *tl, int table, const int32_t **ret,
                                  struct sh_err *err) {
    const uint32_t n = tl->tables[table].n_rows;
    int32_t *encounter = sh_new(tl->arena, int32_t, (size_t)n + 1);
    if (!encounter)
        return sh_fail(err, SH_E_NOMEM, "no room for the rows of encounters");
    for (uint32_t i = 0; i < n; i++)
        encounter[i] = sh_encounter_of(tl, table, (int32_t)i);
    *ret = encounter;
    return SH_OK;
}

sh_code sh_rows_by_encounter(struct sh_timeline *tl, int table, const struct sh_rows_by **ret,
                             struct sh_err *err) {
    if (!tl->by_encounter[table].begin) {
        const int32_t *encounter = encounter_column(tl, table);
        if (sh_view_of(tl->plan, table))
            SH_TRY(encounters_of_view(tl, table, &encounter, err));
        SH_TRY(index_by(tl, table, encounter, tl->tables[SH_TABLE_ENCOUNTER].n_rows, &tl->by_encounter[table],
                        err));
    }
    *ret = &tl->by_encounter[table];
    return SH_OK;
}

sh_code sh_rows_by_stay(struct sh_timeline *tl, int table, const struct sh_rows_by **ret,
                        struct sh_err *err) {
    if (!tl->by_stay[table].begin) {
        const uint32_t n = tl->tables[table].n_rows;
        const int32_t *of_encounter = sh_i32(tl, SH_TABLE_ENCOUNTER, tl->plan->at.encounter.stay);
        int32_t *stay = sh_new(tl->arena, int32_t, (size_t)n + 1);
        if (!stay)
            return sh_fail(err, SH_E_NOMEM, "no room for the rows of stays");
        for (uint32_t i = 0; i < n; i++) {
            const int32_t e = sh_encounter_of(tl, table, (int32_t)i);
            stay[i] = e >= 0 ? of_encounter[e] : -1;
        }
        SH_TRY(index_by(tl, table, stay, tl->tables[SH_MODEL_STAY].n_rows, &tl->by_stay[table], err));
    }
    *ret = &tl->by_stay[table];
    return SH_OK;
}

/* ---- scopes ------------------------------------------------------------------------------------- */

static int64_t time_of_row(const struct sh_timeline *tl, int table, int32_t row) {
    const struct sh_columns *at = &tl->plan->at;
    const int64_t *times = table == SH_TABLE_LINE         ? sh_i64(tl, table, at->line.time)
                           : table == SH_TABLE_ENCOUNTER  ? sh_i64(tl, table, at->encounter.from)
                           : table == SH_TABLE_SETTLEMENT ? sh_i64(tl, table, at->settlement.time)
                           : table == SH_MODEL_STAY       ? sh_i64(tl, table, at->stay.from)
                                                          : NULL;
    if (times)
        return times[row];
    const int32_t day = sh_subject_day(tl, table, row);
    return day == SH_MISSING_I32 ? SH_MISSING : (int64_t)day * SH_DAY_SECONDS;
}

/* [low, high) in seconds of the clock period around a time. False: not a period of time. */
static bool period_of(enum sh_expr_scope scope, int64_t time, int64_t *low, int64_t *high) {
    const int32_t day = sh_day_of_time(time);
    int32_t first = day, after = day + 1;
    switch ((int)scope) { /* the periods of time */
    case SH_SCOPE_HOUR:
        *low = time - (sh_second_of_day(time) % 3600);
        *high = *low + 3600;
        return true;
    case SH_SCOPE_SIX_HOURS:
        *low = time - 21600;
        *high = time + 21601;
        return true;
    case SH_SCOPE_DAY:
        break;
    case SH_SCOPE_WEEK:
        first = sh_week_start(day), after = first + 7;
        break;
    case SH_SCOPE_MONTH:
        first = sh_month_start(day), after = sh_add_months(first, 1);
        break;
    case SH_SCOPE_QUARTER:
        first = sh_quarter_start(day), after = sh_add_months(first, 3);
        break;
    case SH_SCOPE_YEAR:
        first = sh_year_start(day), after = sh_add_months(first, 12);
        break;
    default:
        return false;
    }
    *low = (int64_t)first * SH_DAY_SECONDS;
    *high = (int64_t)after * SH_DAY_SECONDS;
    return true;
}

/* The rows of one asked tuple before filtering: a list, or the person's range. */
struct span {
    const int32_t *list;
    uint32_t from, to;
    bool by_time;
    int64_t low, high;
    int32_t institution; /* -2: any */
    int64_t prescription;
    bool by_prescription;
};

static sh_code span_by(struct sh_timeline *tl, int table, bool by_stay, int32_t group, struct span *ret,
                       struct sh_err *err) {
    const struct sh_rows_by *by;
    if (by_stay)
        SH_TRY(sh_rows_by_stay(tl, table, &by, err));
    else
        SH_TRY(sh_rows_by_encounter(tl, table, &by, err));
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): both calls set it or fail
    ret->list = by->rows;
    ret->from = group >= 0 ? by->begin[group] : 0;
    ret->to = group >= 0 ? by->begin[group + 1] : 0;
    return SH_OK;
}

static int64_t prescription_of(const struct sh_timeline *tl, int table, int32_t row) {
    if (table != SH_TABLE_LINE)
        return SH_MISSING;
    const int64_t *column = sh_i64(tl, table, sh_lake_column(SH_TABLE_LINE, "prescription"));
    return column ? column[row] : SH_MISSING;
}

/* The rows of the visit a row is of: its encounter, prescription or stay. */
static sh_code span_of_visit(struct sh_timeline *tl, int table, enum sh_expr_scope scope, int from,
                             int32_t row, struct span *ret, struct sh_err *err) {
    const int32_t encounter = sh_encounter_of(tl, from, row);
    if (scope == SH_SCOPE_STAY) {
        if (from == SH_MODEL_STAY)
            return span_by(tl, table, true, row, ret, err);
        const int32_t *of_encounter = sh_i32(tl, SH_TABLE_ENCOUNTER, tl->plan->at.encounter.stay);
        return span_by(tl, table, true, encounter >= 0 ? of_encounter[encounter] : -1, ret, err);
    }
    if (table == SH_TABLE_ENCOUNTER) {
        ret->from = encounter >= 0 ? (uint32_t)encounter : 0;
        ret->to = encounter >= 0 ? (uint32_t)encounter + 1 : 0;
        return SH_OK;
    }
    ret->by_prescription = scope == SH_SCOPE_PRESCRIPTION;
    ret->prescription = ret->by_prescription ? prescription_of(tl, from, row) : SH_MISSING;
    if (from == SH_MODEL_STAY) /* a stay's own rows */
        return span_by(tl, table, true, row, ret, err);
    return span_by(tl, table, false, encounter, ret, err);
}

static sh_code span_of(struct sh_timeline *tl, int table, enum sh_expr_scope scope, int from, int32_t row,
                       struct span *ret, struct sh_err *err) {
    *ret = (struct span){.institution = -2};
    if (row < 0)
        return SH_OK;
    const bool is_of_visit =
        scope == SH_SCOPE_ENCOUNTER || scope == SH_SCOPE_PRESCRIPTION || scope == SH_SCOPE_STAY;
    if (is_of_visit) {
        if (sh_view_of(tl->plan, from)) /* that of the row it is made of */
            sh_view_base(tl, &from, &row);
        return row < 0 ? SH_OK : span_of_visit(tl, table, scope, from, row, ret, err);
    }
    const int32_t person = tl->person_of[from][row];
    ret->from = tl->person_begin[table][person];
    ret->to = tl->person_begin[table][person + 1];
    if (scope == SH_SCOPE_INSTITUTION)
        ret->institution = sh_institution_of(tl, from, row);
    const int64_t time = time_of_row(tl, from, row);
    if (time != SH_MISSING)
        ret->by_time = period_of(scope, time, &ret->low, &ret->high);
    return SH_OK;
}

/* Lines are sorted by time within a person: skip to the period. Rows without a time stand at an end and never
 * match. */
static void narrow(const struct sh_timeline *tl, int table, struct span *s) {
    if (!s->by_time || table != SH_TABLE_LINE || s->list || s->to - s->from < 32)
        return;
    const int64_t *time = sh_i64(tl, table, tl->plan->at.line.time);
    while (s->from < s->to && time[s->from] == SH_MISSING)
        s->from++;
    while (s->from < s->to && time[s->to - 1] == SH_MISSING)
        s->to--;
    uint32_t low = s->from, high = s->to;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (time[middle] < s->low)
            low = middle + 1;
        else
            high = middle;
    }
    s->from = low;
    while (low < s->to && time[low] < s->high)
        low++;
    s->to = low;
}

/* A row of the span that is alive, of its institution, prescription and time. */
static bool is_within(const struct sh_timeline *tl, int table, const struct span *s, int32_t row) {
    const uint8_t *alive = tl->alive[table];
    if (alive && !alive[row])
        return false;
    if (s->institution != -2 && (s->institution < 0 || sh_institution_of(tl, table, row) != s->institution))
        return false;
    if (s->by_prescription &&
        (s->prescription == SH_MISSING || prescription_of(tl, table, row) != s->prescription))
        return false;
    if (!s->by_time)
        return true;
    const int64_t time = time_of_row(tl, table, row);
    return time != SH_MISSING && time >= s->low && time < s->high;
}

static uint32_t take(const struct sh_timeline *tl, int table, const struct span *s, int32_t *out) {
    uint32_t n = 0;
    if (s->list && !s->by_prescription) { /* the rows of a visit are alive */
        if (out)
            memcpy(out, s->list + s->from, (size_t)(s->to - s->from) * sizeof(*out));
        return s->to - s->from;
    }
    for (uint32_t i = s->from; i < s->to; i++) {
        const int32_t row = s->list ? s->list[i] : (int32_t)i;
        if (!is_within(tl, table, s, row))
            continue;
        if (out)
            out[n] = row;
        n++;
    }
    return n;
}

// NOLINTNEXTLINE(readability-function-size): the signature is that of struct sh_world
static sh_code candidates(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                          const int32_t *rows, uint32_t n, struct sh_arena *arena, struct sh_candidates *ret,
                          uint8_t *toolong, struct sh_err *err) {
    struct sh_engine *en = ctx;
    uint32_t *begin = sh_new(arena, uint32_t, (size_t)n + 1);
    struct span *spans = sh_new(arena, struct span, (size_t)n + 1);
    if (!begin || !spans)
        return sh_fail(err, SH_E_NOMEM, "no room for related rows");
    uint64_t total = 0;
    for (uint32_t i = 0; i < n; i++) {
        begin[i] = (uint32_t)total;
        if (!sh_is_personal(en->plan, table) || !sh_is_personal(en->plan, from) ||
            !en->tl.person_begin[table])
            continue;
        SH_TRY(span_of(&en->tl, table, scope, from, rows[i], &spans[i], err));
        narrow(&en->tl, table, &spans[i]);
        if (spans[i].to - spans[i].from > en->plan->options.timeline_max) {
            toolong[i] = 1;
            spans[i].to = spans[i].from;
        }
        total += take(&en->tl, table, &spans[i], NULL);
        if (total > INT32_MAX)
            return sh_fail(err, SH_E_LIMIT, "related rows of one batch pass 2^31");
    }
    begin[n] = (uint32_t)total;
    int32_t *out = sh_new(arena, int32_t, total + 1);
    if (!out)
        return sh_fail(err, SH_E_NOMEM, "no room for related rows");
    for (uint32_t i = 0; i < n; i++)
        if (begin[i + 1] > begin[i])
            (void)take(&en->tl, table, &spans[i], out + begin[i]);
    *ret = (struct sh_candidates){.begin = begin, .rows = out};
    return SH_OK;
}

/* ---- completeness ------------------------------------------------------------------------------- */

static bool is_complete(struct sh_engine *en, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                        int32_t row) {
    const struct sh_lake *lake = en->plan->options.lake;
    if (en->plan->options.incomplete >> table & 1)
        return false;
    if (!lake)
        return true;
    if (row < 0)
        return false;
    if (en->tl.carried && from == en->tl.carried->table) {
        const struct sh_carried *c = en->tl.carried;
        return c->first_day[row] <= c->last_day[row] && c->institution[row] >= 0 &&
               sh_lake_complete(lake, (enum sh_table)table, c->institution[row], c->first_day[row],
                                c->last_day[row]);
    }
    const bool wide = scope == SH_SCOPE_PERSON || scope == SH_SCOPE_EVER || scope == SH_SCOPE_COURSE;
    const int32_t day = sh_subject_day(&en->tl, from, row), encounter = sh_encounter_of(&en->tl, from, row);
    int32_t first = day;
    const int64_t *begun = sh_i64(&en->tl, SH_TABLE_ENCOUNTER, en->plan->at.encounter.from);
    if (encounter >= 0 && begun && begun[encounter] != SH_MISSING)
        first = sh_day_of_time(begun[encounter]);
    if (day == SH_MISSING_I32 ||
        !sh_lake_complete(lake, (enum sh_table)table, sh_institution_of(&en->tl, from, row), first, day))
        return false;
    const int64_t *keys = sh_i64(&en->tl, SH_TABLE_ENCOUNTER, en->plan->at.encounter.encounter_key);
    if (encounter >= 0 && keys && sh_lake_encounter_lost_rows(lake, keys[encounter]))
        return false;
    for (uint32_t e = 0; wide && keys; e++) { /* the whole person: no encounter lost a row */
        const int32_t person = en->tl.person_of[from][row];
        const uint32_t at = en->tl.person_begin[SH_TABLE_ENCOUNTER][person] + e;
        if (at >= en->tl.person_begin[SH_TABLE_ENCOUNTER][person + 1])
            break;
        if (sh_lake_encounter_lost_rows(lake, keys[at]))
            return false;
    }
    return true;
}

// NOLINTNEXTLINE(readability-function-size): the signature is that of struct sh_world
static sh_code complete(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                        const int32_t *rows, uint32_t n, int64_t *ret, struct sh_err *err) {
    (void)err;
    struct sh_engine *en = ctx;
    int base = table; /* a view is as complete as what it is made of */
    while (sh_view_of(en->plan, base))
        base = sh_view_of(en->plan, base)->source;
    base = base == SH_MODEL_STAY ? SH_TABLE_ENCOUNTER : base;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = base < SH_TABLES && sh_is_personal(en->plan, from)
                     ? is_complete(en, (uint16_t)base, scope, from, rows[i])
                     : 1;
    return SH_OK;
}

static struct sh_str name(void *ctx, struct sh_type type, int64_t value, struct sh_arena *arena) {
    const struct sh_engine *en = ctx;
    return sh_name_of(&en->tl, type, value, arena);
}

struct sh_eval sh_engine_eval(struct sh_engine *en) {
    en->world = (struct sh_world){.candidates = candidates, .complete = complete, .name = name, .ctx = en};
    return (struct sh_eval){
        .frame = &en->tl.frame, .world = &en->world, .arena = en->scratch, .shared = en->shared};
}
