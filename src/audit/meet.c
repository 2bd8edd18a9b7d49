/* Which two rows meet: in a day, an encounter, six hours, a clock hour. */
#include "audit/pair.h"
#include "base/date.h"
#include <string.h>

#define ONE_UNIT 10000 /* quantity has four decimals */
#define COMPARISONS_MAX 20000000u

sh_code sh_pair_add(struct sh_pairs *pairs, struct sh_pair pair, struct sh_err *err) {
    SH_TRY(sh_grow(&pairs->at, &pairs->cap, pairs->n + 1, sizeof(*pairs->at), UINT32_MAX, err));
    pairs->at[pairs->n++] = pair;
    return SH_OK;
}

static int64_t time_of(const struct sh_engine *en, const struct sh_pair_group *g, int32_t row) {
    const int table = g->rp->rule->table;
    const int64_t *time = table == SH_TABLE_LINE        ? sh_i64(&en->tl, table, en->plan->at.line.time)
                          : table == SH_MODEL_STAY      ? sh_i64(&en->tl, table, en->plan->at.stay.from)
                          : table == SH_TABLE_ENCOUNTER ? sh_i64(&en->tl, table, en->plan->at.encounter.from)
                          : table == SH_TABLE_SETTLEMENT
                              ? sh_i64(&en->tl, table, en->plan->at.settlement.time)
                              : NULL;
    if (time)
        return time[row];
    const int32_t day = sh_subject_day(&en->tl, table, row);
    return day == SH_MISSING_I32 ? SH_MISSING : (int64_t)day * SH_DAY_SECONDS;
}

static bool is_exact(const struct sh_engine *en, const struct sh_pair_group *g, int32_t row) {
    if (g->rp->rule->table != SH_TABLE_LINE)
        return true;
    const int8_t *exact = sh_i8(&en->tl, SH_TABLE_LINE, en->plan->at.line.time_exact);
    return exact && exact[row] == 1;
}

/* The scope's place of a row as a number; SH_MISSING: in none. */
static int64_t place_of(const struct sh_engine *en, const struct sh_pair_group *g, int32_t row) {
    const int table = g->rp->rule->table;
    const int64_t time = time_of(en, g, row);
    if (g->within == SH_SCOPE_ENCOUNTER || g->within == SH_SCOPE_STAY || g->within == SH_SCOPE_PRESCRIPTION) {
        const int32_t e = sh_encounter_of(&en->tl, table, row);
        if (e < 0)
            return SH_MISSING;
        if (g->within == SH_SCOPE_ENCOUNTER)
            return e;
        if (g->within == SH_SCOPE_STAY) {
            const int32_t stay = sh_i32(&en->tl, SH_TABLE_ENCOUNTER, en->plan->at.encounter.stay)[e];
            return stay < 0 ? SH_MISSING : stay;
        }
        const int64_t *rx = table == SH_TABLE_LINE
                                ? sh_i64(&en->tl, table, sh_lake_column(SH_TABLE_LINE, "prescription"))
                                : NULL;
        return rx ? rx[row] : SH_MISSING;
    }
    if (g->within == SH_SCOPE_INSTITUTION)
        return sh_institution_of(&en->tl, table, row);
    if (g->within == SH_SCOPE_NONE || g->within == SH_SCOPE_PERSON || g->within == SH_SCOPE_EVER)
        return 0;
    if (time == SH_MISSING)
        return SH_MISSING;
    const int32_t day = sh_day_of_time(time);
    switch ((int)g->within) { /* periods of the calendar */
    case SH_SCOPE_WEEK:
        return sh_week_start(day);
    case SH_SCOPE_MONTH:
        return sh_month_start(day);
    case SH_SCOPE_QUARTER:
        return sh_quarter_start(day);
    case SH_SCOPE_YEAR:
        return sh_year_start(day);
    default:
        return day;
    }
}

static bool meets(const struct sh_engine *en, const struct sh_pair_group *g, int32_t a, int32_t b,
                  bool *ret_inexact) {
    *ret_inexact = false;
    if (a == b || (g->symmetric && a > b))
        return false;
    if (g->within != SH_SCOPE_SIX_HOURS) {
        const int64_t place = place_of(en, g, b);
        return place != SH_MISSING && place == place_of(en, g, a);
    }
    const int64_t ta = time_of(en, g, a), tb = time_of(en, g, b);
    if (ta == SH_MISSING || tb == SH_MISSING)
        return false;
    if (is_exact(en, g, a) && is_exact(en, g, b))
        return (ta > tb ? ta - tb : tb - ta) <= 21600;
    /* By the day alone: near enough that they may meet. */
    *ret_inexact = true;
    const int64_t gap = (int64_t)sh_day_of_time(ta) - sh_day_of_time(tb);
    return gap >= -1 && gap <= 1;
}

/* Scopes that lie in time let us skip to the first a that may meet: rows are in time order. */
static uint32_t first_a(const struct sh_engine *en, const struct sh_pair_group *g, int32_t b,
                        int64_t *ret_until) {
    *ret_until = INT64_MAX;
    const int64_t time = time_of(en, g, b);
    if ((g->within != SH_SCOPE_DAY && g->within != SH_SCOPE_SIX_HOURS) || time == SH_MISSING ||
        (g->n_a > 0 && time_of(en, g, g->a[0]) == SH_MISSING))
        return 0;
    const int64_t slack = g->within == SH_SCOPE_DAY ? 0 : SH_DAY_SECONDS;
    const int64_t from = (int64_t)sh_day_of_time(time) * SH_DAY_SECONDS - slack;
    *ret_until = from + SH_DAY_SECONDS + 2 * slack;
    uint32_t low = 0, high = g->n_a;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int64_t t = time_of(en, g, g->a[middle]);
        if (t != SH_MISSING && t < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

sh_code sh_pairs_meet(struct sh_engine *en, const struct sh_pair_group *g, struct sh_pairs *pairs,
                      bool *ret_too_long, struct sh_err *err) {
    uint64_t comparisons = 0;
    const size_t begun = pairs->n;
    *ret_too_long = false;
    for (uint32_t i = 0; i < g->n_b; i++) {
        int64_t until;
        for (uint32_t j = first_a(en, g, g->b[i], &until); j < g->n_a; j++) {
            const int64_t t = time_of(en, g, g->a[j]);
            if (until != INT64_MAX && t != SH_MISSING && t >= until)
                break;
            if (++comparisons > COMPARISONS_MAX) {
                pairs->n = begun;
                *ret_too_long = true;
                return SH_OK;
            }
            bool inexact;
            if (meets(en, g, g->a[j], g->b[i], &inexact))
                SH_TRY(sh_pair_add(
                    pairs, (struct sh_pair){.a = g->a[j], .b = g->b[i], .k = g->k, .inexact = inexact}, err));
        }
    }
    return SH_OK;
}

/* ---- the clock hour ----------------------------------------------------------------------------- */

static int64_t quantity_of(const struct sh_engine *en, int32_t row) {
    const int64_t *quantity = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.quantity);
    return quantity ? quantity[row] : SH_MISSING;
}

static int64_t hour_of(const struct sh_engine *en, const struct sh_pair_group *g, int32_t row) {
    const int64_t time = time_of(en, g, row);
    return time - sh_second_of_day(time) % 3600;
}

/* Sum of quantities; SH_MISSING when one is missing. hour SH_MISSING: any of these rows. */
static int64_t units_of(const struct sh_engine *en, const struct sh_pair_group *g, const int32_t *rows,
                        uint32_t n, int64_t hour) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (hour != SH_MISSING && (!is_exact(en, g, rows[i]) || hour_of(en, g, rows[i]) != hour))
            continue;
        const int64_t q = quantity_of(en, rows[i]);
        if (q == SH_MISSING || __builtin_add_overflow(sum, q, &sum))
            return SH_MISSING;
    }
    return sum;
}

static bool has_long(const struct sh_engine *en, const int32_t *rows, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (quantity_of(en, rows[i]) > ONE_UNIT)
            return true;
    return false;
}

/* A day with lines of several hours: what the day cannot hold beside one another. */
static sh_code by_day(struct sh_engine *en, const struct sh_pair_group *g, struct sh_pairs *pairs,
                      struct sh_err *err) {
    const int64_t q_a = units_of(en, g, g->a, g->n_a, SH_MISSING),
                  q_b = units_of(en, g, g->b, g->n_b, SH_MISSING);
    if (q_a == SH_MISSING || q_b == SH_MISSING || q_b <= 0 || q_a <= 0)
        return SH_OK; /* the quantity's absence is told by the rule that counts it */
    int64_t over = q_a + q_b - (int64_t)24 * ONE_UNIT;
    if (over <= 0)
        return SH_OK;
    over = over < q_b ? over : q_b;
    for (uint32_t i = 0; i < g->n_b; i++)
        for (uint32_t j = 0; j < g->n_a; j++)
            if (g->a[j] != g->b[i])
                SH_TRY(sh_pair_add(pairs,
                                   (struct sh_pair){.a = g->a[j],
                                                    .b = g->b[i],
                                                    .k = g->k,
                                                    .suspected = true,
                                                    .has_share = true,
                                                    .share_num = over,
                                                    .share_den = q_b},
                                   err));
    return SH_OK;
}

static sh_code by_hour(struct sh_engine *en, const struct sh_pair_group *g, struct sh_pairs *pairs,
                       struct sh_err *err) {
    for (uint32_t i = 0; i < g->n_b; i++) {
        const int32_t b = g->b[i];
        const bool exact = is_exact(en, g, b);
        const int64_t hour = exact ? hour_of(en, g, b) : SH_MISSING;
        const int64_t q_a = exact ? units_of(en, g, g->a, g->n_a, hour) : 0,
                      q_b = exact ? units_of(en, g, g->b, g->n_b, hour) : 0;
        for (uint32_t j = 0; j < g->n_a; j++) {
            const int32_t a = g->a[j];
            const bool known = exact && is_exact(en, g, a);
            if (a == b || (known && hour_of(en, g, a) != hour))
                continue;
            struct sh_pair pair = {.a = a, .b = b, .k = g->k, .inexact = !known};
            if (known && q_a > 0 && q_b > 0)
                pair.has_share = true, pair.share_num = q_a < q_b ? q_a : q_b, pair.share_den = q_b;
            SH_TRY(sh_pair_add(pairs, pair, err));
        }
    }
    return SH_OK;
}

/* Rows of one day from place *at on; they are in time order. */
static uint32_t day_end(const struct sh_engine *en, const struct sh_pair_group *g, const int32_t *rows,
                        uint32_t n, uint32_t at, int32_t day) {
    while (at < n && time_of(en, g, rows[at]) != SH_MISSING &&
           sh_day_of_time(time_of(en, g, rows[at])) <= day)
        at++;
    return at;
}

sh_code sh_pairs_of_hours(struct sh_engine *en, const struct sh_pair_group *g, struct sh_pairs *pairs,
                          struct sh_err *err) {
    uint32_t a = 0;
    for (uint32_t b = 0; b < g->n_b;) {
        const int64_t time = time_of(en, g, g->b[b]);
        if (time == SH_MISSING) {
            b++;
            continue;
        }
        const int32_t day = sh_day_of_time(time);
        a = day_end(en, g, g->a, g->n_a, a, day - 1);
        const uint32_t b_end = day_end(en, g, g->b, g->n_b, b, day),
                       a_end = day_end(en, g, g->a, g->n_a, a, day);
        struct sh_pair_group of_day = *g;
        of_day.a = g->a + a, of_day.n_a = a_end - a, of_day.b = g->b + b, of_day.n_b = b_end - b;
        if ((uint64_t)of_day.n_a * of_day.n_b > COMPARISONS_MAX)
            return sh_fail(err, SH_E_LIMIT,
                           "rule %.*s: one day of one person holds %u and %u lines of a pair",
                           SH_ARG(g->rp->rule->id), of_day.n_a, of_day.n_b);
        const bool is_long = has_long(en, of_day.a, of_day.n_a) || has_long(en, of_day.b, of_day.n_b);
        SH_TRY(is_long ? by_day(en, &of_day, pairs, err) : by_hour(en, &of_day, pairs, err));
        b = b_end;
    }
    return SH_OK;
}
