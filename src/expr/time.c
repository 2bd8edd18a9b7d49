/* Days, hours, ages, gaps and overlaps. Meanings: rules-sketch of the language in docs/rules.md, "Time". */
#include "expr/node.h"
#include "base/date.h"

static bool day_fits(int64_t day) {
    return day > INT32_MIN && day <= INT32_MAX;
}

int64_t sh_months_between(int32_t a, int32_t b) {
    const struct sh_civil x = sh_civil_of(a), y = sh_civil_of(b);
    int64_t n = 12 * ((int64_t)y.year - x.year) + y.month - x.month;
    return sh_add_months(a, (int32_t)n) > b ? n - 1 : n;
}

int64_t sh_scope_key(enum sh_expr_scope scope, int64_t day, int64_t time) {
    if (scope == SH_SCOPE_HOUR)
        return time <= SH_NONE ? SH_MISSING : (time - ((time % 3600) + 3600) % 3600);
    if (day <= SH_NONE || !day_fits(day))
        return SH_MISSING;
    switch ((int)scope) {
    case SH_SCOPE_WEEK:
        return sh_week_start((int32_t)day);
    case SH_SCOPE_MONTH:
        return sh_month_key((int32_t)day);
    case SH_SCOPE_QUARTER:
        return sh_quarter_key((int32_t)day);
    case SH_SCOPE_YEAR:
        return sh_year_key((int32_t)day);
    default:
        return day;
    }
}

int64_t sh_time_of_one(enum sh_op op, int64_t x) {
    if (op == SH_OP_DAY) {
        const int64_t day = x / SH_DAY_SECONDS - (x % SH_DAY_SECONDS < 0);
        return day_fits(day) ? day : SH_MISSING;
    }
    if (op == SH_OP_HOUR)
        return sh_hour_of_time(x);
    if (op == SH_OP_HOUR_START)
        return sh_scope_key(SH_SCOPE_HOUR, 0, x);
    return sh_scope_key(op == SH_OP_WEEK      ? SH_SCOPE_WEEK
                        : op == SH_OP_MONTH   ? SH_SCOPE_MONTH
                        : op == SH_OP_QUARTER ? SH_SCOPE_QUARTER
                                              : SH_SCOPE_YEAR,
                        x, 0);
}

static int64_t shift(const struct sh_node *node, int64_t a, int64_t by) {
    const struct sh_type type = node->kids[1]->type;
    for (int i = sh_scale_of(type); i > 0; i--)
        by = by / 10 - (by % 10 < 0);
    if (node->negated)
        by = -by;
    const bool time = node->type.kind == SH_KIND_TIME;
    if (by > SH_TIME_MAX || by < -SH_TIME_MAX || a > SH_TIME_MAX || a < -SH_TIME_MAX)
        return SH_MISSING;
    int64_t sum;
    if (type.unit == SH_UNIT_MONTHS || type.unit == SH_UNIT_YEARS) {
        const int64_t months = type.unit == SH_UNIT_YEARS ? by * 12 : by;
        const int64_t day = time ? sh_time_of_one(SH_OP_DAY, a) : a;
        if (months > 120000 || months < -120000 || day > 20000000 || day < -20000000)
            return SH_MISSING;
        const int64_t moved = sh_add_months((int32_t)day, (int32_t)months);
        sum = time ? a + (moved - day) * SH_DAY_SECONDS : moved;
    } else {
        sum = a + (time && type.unit == SH_UNIT_DAYS ? by * SH_DAY_SECONDS : by);
    }
    return time || day_fits(sum) ? sum : SH_MISSING;
}

static int64_t age(enum sh_unit unit, int64_t birth, int64_t on) {
    if (!day_fits(birth) || !day_fits(on))
        return SH_MISSING;
    if (unit == SH_UNIT_YEARS)
        return sh_age_years((int32_t)birth, (int32_t)on);
    if (unit == SH_UNIT_MONTHS)
        return sh_age_months((int32_t)birth, (int32_t)on);
    return sh_age_days((int32_t)birth, (int32_t)on);
}

int64_t sh_time_of_two(const struct sh_node *node, int64_t a, int64_t b) {
    switch ((int)node->op) {
    case SH_OP_GAP:
        return b - a; /* of days: fits */
    case SH_OP_MONTHS:
        return day_fits(a) && day_fits(b) ? sh_months_between((int32_t)a, (int32_t)b) : SH_MISSING;
    case SH_OP_AGE:
        return age(node->type.unit, a, b);
    case SH_OP_SHIFT:
        return shift(node, a, b);
    default: {
        int64_t difference;
        return __builtin_sub_overflow(a, b, &difference) || difference <= SH_NONE ? SH_MISSING : difference;
    }
    }
}

/* Ends open (none) reach as far as the other side; where both are open the length is not known. */
static int64_t overlap(char shape, int64_t from_a, int64_t to_a, int64_t from_b, int64_t to_b) {
    if (from_a <= SH_NONE || from_b <= SH_NONE || to_a == SH_MISSING || to_b == SH_MISSING)
        return SH_MISSING;
    if (shape == 'u') {
        if (to_a == SH_NONE || to_b == SH_NONE)
            return SH_MISSING;
        to_a = from_a + (to_a > 1 ? to_a : 1);
        to_b = from_b + (to_b > 1 ? to_b : 1);
    }
    if (to_a == SH_NONE && to_b == SH_NONE)
        return SH_MISSING;
    const int64_t to = to_a == SH_NONE ? to_b : to_b == SH_NONE ? to_a : to_a < to_b ? to_a : to_b;
    const int64_t from = from_a > from_b ? from_a : from_b;
    const int64_t length = to - from + (shape == 'd' ? 1 : 0);
    return length > 0 ? length : 0;
}

static sh_code eval_overlap(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                            int64_t *out) {
    int64_t *v[4];
    for (int k = 0; k < 4; k++)
        SH_TRY(sh_eval_new(run, node->kids[k], view, &v[k]));
    if (node->shape == 'u') /* days supplied, with decimals in some sources: a day begun counts */
        for (int k = 1; k < 4; k += 2)
            for (uint32_t i = 0; i < view->n; i++)
                for (int d = node->kids[k]->vscale; d > 0 && v[k][i] > SH_NONE; d--)
                    v[k][i] = v[k][i] / 10 + (v[k][i] % 10 > 0);
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = overlap(node->shape, v[0][i], v[1][i], v[2][i], v[3][i]);
    return SH_OK;
}

static sh_code eval_period(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                           int64_t *out) {
    int64_t *scope, *values;
    SH_TRY(sh_eval_new(run, node->kids[0], view, &scope));
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = SH_MISSING;
    for (int s = 1; s <= SH_SCOPE_SIX_HOURS; s++) {
        bool any = false;
        for (uint32_t i = 0; i < view->n && !any; i++)
            any = scope[i] == s;
        if (!any || !node->by_scope[s])
            continue;
        SH_TRY(sh_eval_new(run, node->by_scope[s], view, &values));
        for (uint32_t i = 0; i < view->n; i++)
            if (scope[i] == s)
                out[i] = values[i];
    }
    return SH_OK;
}

static sh_code eval_exact(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                          int64_t *out) {
    int64_t *exact;
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    SH_TRY(sh_eval_new(run, node->kids[1], view, &exact));
    for (uint32_t i = 0; i < view->n; i++)
        if (exact[i] != 1 && out[i] != SH_NONE)
            out[i] = SH_MISSING;
    return SH_OK;
}

sh_code sh_eval_time(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                     int64_t *out) {
    if (node->op == SH_OP_OVERLAP)
        return eval_overlap(run, node, view, out);
    if (node->op == SH_OP_PERIOD)
        return eval_period(run, node, view, out);
    if (node->op == SH_OP_EXACT)
        return eval_exact(run, node, view, out);
    SH_TRY(sh_eval_narrow(run, node->kids[0], view, out));
    if (node->n_kids == 1) {
        int64_t last = SH_NONE, of_last = SH_NONE; /* rows beside each other are mostly of one day */
        for (uint32_t i = 0; i < view->n; i++) {
            if (out[i] <= SH_NONE)
                continue;
            if (out[i] != last) {
                last = out[i];
                of_last = sh_time_of_one(node->op, last);
            }
            out[i] = of_last;
        }
        return SH_OK;
    }
    int64_t *b;
    SH_TRY(sh_eval_new(run, node->kids[1], view, &b));
    for (uint32_t i = 0; i < view->n; i++) {
        if (out[i] == SH_NONE || b[i] == SH_NONE)
            out[i] = SH_NONE;
        else
            out[i] =
                out[i] == SH_MISSING || b[i] == SH_MISSING ? SH_MISSING : sh_time_of_two(node, out[i], b[i]);
    }
    return SH_OK;
}
