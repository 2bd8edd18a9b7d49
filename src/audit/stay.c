/* Stays: inpatient encounters of one person and institution, merged when one begins on the day the other
 * ended or the year's end split it. */
#include "audit/inner.h"
#include "base/date.h"
#include <string.h>

struct stays {
    uint32_t n;
    uint32_t *person_begin;
    int32_t *person, *institution, *encounter, *encounter_stay;
    int64_t *from, *to;
    int8_t *cross_year, *newborn, *open;
};

static sh_code stays_room(struct sh_timeline *tl, struct stays *s, struct sh_err *err) {
    const size_t n = (size_t)tl->tables[SH_TABLE_ENCOUNTER].n_rows + 1;
    s->person_begin = sh_new(tl->arena, uint32_t, (size_t)tl->n_persons + 1);
    s->person = sh_new(tl->arena, int32_t, n);
    s->institution = sh_new(tl->arena, int32_t, n);
    s->encounter = sh_new(tl->arena, int32_t, n);
    s->encounter_stay = sh_new(tl->arena, int32_t, n);
    s->from = sh_new(tl->arena, int64_t, n);
    s->to = sh_new(tl->arena, int64_t, n);
    s->cross_year = sh_new(tl->arena, int8_t, n);
    s->newborn = sh_new(tl->arena, int8_t, n);
    s->open = sh_new(tl->arena, int8_t, n);
    if (!s->person_begin || !s->person || !s->institution || !s->encounter || !s->encounter_stay ||
        !s->from || !s->to || !s->cross_year || !s->newborn || !s->open)
        return sh_fail(err, SH_E_NOMEM, "no room for the stays of a chunk");
    return SH_OK;
}

/* The stay of the same institution that encounter e continues, or -1. */
static int32_t stay_continued(const struct stays *s, uint32_t begin, int32_t institution, int64_t from,
                              bool cross_year) {
    for (uint32_t i = s->n; i-- > begin;) {
        if (s->institution[i] != institution)
            continue;
        if (s->to[i] == SH_MISSING)
            return -1;
        const int64_t gap = (int64_t)sh_day_of_time(from) - sh_day_of_time(s->to[i]);
        return gap == 0 || (gap == 1 && (cross_year || s->cross_year[i] == 1)) ? (int32_t)i : -1;
    }
    return -1;
}

static void stay_take(struct stays *s, uint32_t stay, uint32_t encounter, int64_t to, bool cross,
                      bool newborn, bool open) {
    s->encounter[stay] = (int32_t)encounter;
    s->to[stay] = to;
    s->cross_year[stay] |= cross;
    s->newborn[stay] |= newborn;
    s->open[stay] |= open;
}

static void merge_encounters(struct sh_timeline *tl, struct stays *s) {
    const struct sh_columns *at = &tl->plan->at;
    const int T = SH_TABLE_ENCOUNTER;
    const int64_t *from = sh_i64(tl, T, at->encounter.from), *to = sh_i64(tl, T, at->encounter.to);
    const int8_t *inpatient = sh_i8(tl, T, at->encounter.inpatient),
                 *cross = sh_i8(tl, T, at->encounter.cross_year);
    const int8_t *newborn = sh_i8(tl, T, at->encounter.newborn), *open = sh_i8(tl, T, at->encounter.open);
    const int32_t *institution = sh_i32(tl, T, at->encounter.institution);
    for (uint32_t p = 0; p < tl->n_persons; p++) {
        s->person_begin[p] = s->n;
        for (uint32_t e = tl->person_begin[T][p]; e < tl->person_begin[T][p + 1]; e++) {
            s->encounter_stay[e] = -1;
            if (!tl->alive[T][e] || !sh_flag(inpatient, e) || !from || from[e] == SH_MISSING)
                continue;
            const int32_t where = institution ? institution[e] : -1;
            const int64_t end = to ? to[e] : SH_MISSING;
            int32_t stay = stay_continued(s, s->person_begin[p], where, from[e], sh_flag(cross, e));
            if (stay < 0) {
                stay = (int32_t)s->n++;
                s->person[stay] = (int32_t)p;
                s->institution[stay] = where;
                s->from[stay] = from[e];
                s->to[stay] = end;
            }
            const bool later = s->to[stay] == SH_MISSING || end == SH_MISSING || end > s->to[stay];
            stay_take(s, (uint32_t)stay, e, end == SH_MISSING || later ? end : s->to[stay], sh_flag(cross, e),
                      sh_flag(newborn, e), sh_flag(open, e));
            s->encounter_stay[e] = stay;
        }
    }
    s->person_begin[tl->n_persons] = s->n;
}

static const void *of_last_encounter(struct sh_timeline *tl, const struct stays *s, int column) {
    const int32_t *from = sh_i32(tl, SH_TABLE_ENCOUNTER, column);
    int32_t *to = sh_new(tl->arena, int32_t, (size_t)s->n + 1);
    for (uint32_t i = 0; to && i < s->n; i++)
        to[i] = from ? from[s->encounter[i]] : SH_MISSING_I32;
    return to;
}

static const void *of_days(struct sh_timeline *tl, const struct stays *s, enum sh_derived what) {
    int32_t *ret = sh_new(tl->arena, int32_t, (size_t)s->n + 1);
    for (uint32_t i = 0; ret && i < s->n; i++) {
        const int32_t first = sh_day_of_time(s->from[i]);
        const int32_t last = s->to[i] == SH_MISSING ? SH_MISSING_I32 : sh_day_of_time(s->to[i]);
        ret[i] = what == SH_DERIVED_DAY ? first : last;
        if (what != SH_DERIVED_DAY && what != SH_DERIVED_LAST_DAY && last != SH_MISSING_I32)
            ret[i] = last - first + (what == SH_DERIVED_DAYS);
    }
    return ret;
}

static const void *stay_column(struct sh_timeline *tl, const struct stays *s, enum sh_derived what,
                               bool *ret_known) {
    const struct sh_columns *at = &tl->plan->at;
    *ret_known = true;
    switch ((int)what) { /* only what a stay has */
    case SH_DERIVED_JOIN_PERSON:
        return s->person;
    case SH_DERIVED_JOIN_INSTITUTION:
        return s->institution;
    case SH_DERIVED_JOIN_ENCOUNTER:
        return s->encounter;
    case SH_DERIVED_FROM:
        return s->from;
    case SH_DERIVED_TO:
        return s->to;
    case SH_DERIVED_CROSS_YEAR:
        return s->cross_year;
    case SH_DERIVED_NEWBORN:
        return s->newborn;
    case SH_DERIVED_OPEN:
        return s->open;
    case SH_DERIVED_DAY:
    case SH_DERIVED_LAST_DAY:
    case SH_DERIVED_DAYS:
    case SH_DERIVED_NIGHTS:
        return of_days(tl, s, what);
    case SH_DERIVED_MAIN_DIAGNOSIS:
        return of_last_encounter(tl, s, at->encounter.main_diagnosis);
    case SH_DERIVED_LEAVING:
        return of_last_encounter(tl, s, at->encounter.leaving);
    case SH_DERIVED_ENCOUNTER_KIND:
        return of_last_encounter(tl, s, at->encounter.kind);
    case SH_DERIVED_INSURANCE:
        return of_last_encounter(tl, s, at->encounter.insurance);
    default:
        *ret_known = false;
        return NULL;
    }
}

sh_code sh_stays_fill(struct sh_timeline *tl, struct sh_err *err) {
    struct stays s = {0};
    SH_TRY(stays_room(tl, &s, err));
    merge_encounters(tl, &s);
    tl->tables[SH_MODEL_STAY].n_rows = s.n;
    tl->person_begin[SH_MODEL_STAY] = s.person_begin;
    tl->person_of[SH_MODEL_STAY] = s.person;
    const struct sh_model_table *table = &tl->plan->model->model.tables[SH_MODEL_STAY];
    for (uint16_t c = 0; c < table->n_columns; c++) {
        bool known;
        const void *column = stay_column(tl, &s, tl->plan->model->derived[SH_MODEL_STAY][c], &known);
        if (known && !column)
            return sh_fail(err, SH_E_NOMEM, "no room for the stays of a chunk");
        tl->columns[SH_MODEL_STAY][c] = column;
    }
    tl->columns[SH_TABLE_ENCOUNTER][tl->plan->at.encounter.stay] = s.encounter_stay;
    return SH_OK;
}
