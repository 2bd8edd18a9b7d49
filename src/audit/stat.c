/* Shape stat: values of many keys, each held against those of its peers by median and MAD. Integers
 * throughout. */
#include "audit/joined.h"
#include "audit/lacking.h"
#include "base/decimal.h"
#include <string.h>

#define VALUE_SCALE 6
#define ONE ((int64_t)1000000)

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for a statistic");
}

/* Columns of table stat, [n] each. */
struct figures {
    int64_t *value, *median, *mad, *bound, *missing, *peers, *encounters, *members;
};

struct stat {
    struct sh_engine *en;
    const struct sh_rule_plan *rp;
    const struct sh_batch *batch;
    const struct sh_carried_row *rows;
    uint32_t n;
    struct figures f;
    int64_t **keys; /* [n_peers][n] */
    int64_t *factor;
    struct sh_verdict *verdicts; /* NOT_EVALUATED with a field: out */
    int64_t min_encounters, min_peers, missing_max;
};

static sh_code make_figures(struct stat *s, struct sh_err *err) {
    struct sh_timeline *tl = &s->en->tl;
    const struct {
        const char *name;
        int64_t **at;
    } columns[] = {{"value", &s->f.value},           {"median", &s->f.median},   {"mad", &s->f.mad},
                   {"bound", &s->f.bound},           {"missing", &s->f.missing}, {"peers", &s->f.peers},
                   {"encounters", &s->f.encounters}, {"members", &s->f.members}};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        const int c = sh_model_column(tl->plan->model, SH_MODEL_STAT, columns[i].name);
        int64_t *column = sh_new(tl->arena, int64_t, (size_t)s->n + 1);
        if (!column || c < 0)
            return out_of_room(err);
        for (uint32_t r = 0; r < s->n; r++)
            column[r] = SH_MISSING;
        *columns[i].at = column;
        tl->columns[SH_MODEL_STAT][c] = column;
    }
    tl->tables[SH_MODEL_STAT].n_rows = s->n;
    s->keys = sh_new(s->en->work, int64_t *, s->rp->rule->n_peers + 1);
    s->verdicts = sh_new(s->en->work, struct sh_verdict, (size_t)s->n + 1);
    s->factor = sh_new(s->en->work, int64_t, (size_t)s->n + 1);
    if (!s->keys || !s->verdicts || !s->factor)
        return out_of_room(err);
    for (size_t k = 0; k < s->rp->rule->n_peers; k++) {
        s->keys[k] = sh_new(s->en->work, int64_t, (size_t)s->n + 1);
        if (!s->keys[k])
            return out_of_room(err);
    }
    return SH_OK;
}

static void leave_out(struct stat *s, uint32_t i, struct sh_str field) {
    if (s->verdicts[i].answer != SH_ANSWER_NOT_EVALUATED)
        s->verdicts[i] = (struct sh_verdict){.answer = SH_ANSWER_NOT_EVALUATED, .field = field};
}

/* Values of an expression for all keys; those for which it is missing are left out with the field. */
static sh_code eval_all(struct stat *s, const struct sh_expr *e, int8_t scale, int64_t *ret,
                        struct sh_err *err) {
    const struct sh_eval eval = sh_engine_eval(s->en);
    if (scale >= 0)
        SH_TRY(sh_expr_eval_scaled(e, scale, &eval, s->batch, ret, err));
    else
        SH_TRY(sh_expr_eval(e, &eval, s->batch, ret, err));
    for (uint32_t i = 0; i < s->n; i++) {
        struct sh_str field;
        if (ret[i] != SH_MISSING || s->verdicts[i].answer == SH_ANSWER_NOT_EVALUATED)
            continue;
        SH_TRY(sh_expr_missing(e, &eval, s->batch, i, &field, err));
        leave_out(s, i, sh_keep_str(s->en, field.len > 0 ? field : sh_expr_text(e)));
    }
    return SH_OK;
}

/* ---- who stands among the peers ----------------------------------------------------------------- */

static void sift(struct stat *s) {
    for (uint32_t i = 0; i < s->n; i++) {
        const struct sh_xhead *h = &s->rows[i].head;
        const int64_t all = h->members + h->left_out;
        s->f.encounters[i] = h->encounters;
        s->f.members[i] = h->members;
        int64_t share = 0;
        if (all > 0 && sh_div_round((sh_i128)h->left_out * ONE, all, &share) == SH_OK)
            s->f.missing[i] = share;
        if (s->min_encounters == SH_MISSING)
            leave_out(s, i, SH_STR("param(stat.min_encounters)"));
        else if (s->min_peers == SH_MISSING)
            leave_out(s, i, SH_STR("param(stat.min_peers)"));
        else if (s->missing_max == SH_MISSING)
            leave_out(s, i, SH_STR("param(stat.missing_max)"));
        else if ((sh_i128)h->left_out * ONE > (sh_i128)s->missing_max * all)
            leave_out(s, i, SH_STR("stat.missing"));
        else if (h->encounters < s->min_encounters)
            leave_out(s, i, SH_STR("stat.encounters"));
    }
}

static int compare_peers(const void *a, const void *b, void *ctx) {
    const struct stat *s = ctx;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    for (size_t k = 0; k < s->rp->rule->n_peers; k++)
        if (s->keys[k][x] != s->keys[k][y])
            return s->keys[k][x] < s->keys[k][y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static bool are_peers(const struct stat *s, uint32_t x, uint32_t y) {
    for (size_t k = 0; k < s->rp->rule->n_peers; k++)
        if (s->keys[k][x] != s->keys[k][y])
            return false;
    return true;
}

static int compare_values(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The lower of two in the middle. */
static int64_t median(int64_t *values, uint32_t n) {
    qsort(values, n, sizeof(*values), compare_values);
    return values[(n - 1) / 2];
}

/* ---- bounds ------------------------------------------------------------------------------------- */

/* median + k x 1.4826 x MAD; SH_MISSING when it leaves the range. */
static int64_t bound_of(int64_t middle, int64_t mad, int64_t k, int8_t scale) {
    sh_i128 product, above;
    int64_t more, bound;
    if (__builtin_mul_overflow((sh_i128)mad * 14826, k, &product) || scale > 18)
        return SH_MISSING;
    above = (sh_i128)10000 * sh_pow10(scale);
    if (sh_div_round(product, above, &more) != SH_OK || __builtin_add_overflow(middle, more, &bound))
        return SH_MISSING;
    return bound;
}

static void bound_peers(struct stat *s, const uint32_t *order, uint32_t n, int64_t *scratch) {
    const int8_t scale = sh_expr_type(s->rp->rule->bound).scale;
    for (uint32_t i = 0; i < n; i++)
        scratch[i] = s->f.value[order[i]];
    const int64_t middle = median(scratch, n);
    for (uint32_t i = 0; i < n; i++) {
        const sh_i128 gap = (sh_i128)s->f.value[order[i]] - middle;
        scratch[i] = gap > INT64_MAX || gap < -INT64_MAX ? INT64_MAX : (int64_t)(gap < 0 ? -gap : gap);
    }
    const int64_t mad = median(scratch, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = order[i];
        s->f.peers[at] = n - 1;
        if ((int64_t)n - 1 < s->min_peers) {
            leave_out(s, at, SH_STR("stat.peers"));
            continue;
        }
        s->f.median[at] = middle, s->f.mad[at] = mad;
        if (mad == 0)
            leave_out(s, at, SH_STR("stat.mad"));
        else
            s->f.bound[at] = bound_of(middle, mad, s->factor[at], scale);
    }
}

static sh_code find_bounds(struct stat *s, struct sh_err *err) {
    uint32_t *order = sh_new(s->en->work, uint32_t, (size_t)s->n + 1), n = 0;
    int64_t *scratch = sh_new(s->en->work, int64_t, (size_t)s->n + 1);
    if (!order || !scratch)
        return out_of_room(err);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->verdicts[i].answer != SH_ANSWER_NOT_EVALUATED)
            order[n++] = i;
    if (n > 1)
        qsort_r(order, n, sizeof(*order), compare_peers, s);
    for (uint32_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && are_peers(s, order[from], order[to]);)
            to++;
        bound_peers(s, order + from, to - from, scratch);
    }
    return SH_OK;
}

/* All figures stand in the receipt, not only those of the condition. */
static sh_code tell_figures(struct stat *s, uint32_t i, struct sh_err *err) {
    struct sh_finding *f = &s->en->findings[s->en->n_findings - 1];
    const struct sh_model_table *t = &s->en->plan->model->model.tables[SH_MODEL_STAT];
    const struct sh_eval eval = sh_engine_eval(s->en);
    f->values = sh_new(s->en->keep, struct sh_value_read, t->n_columns);
    f->n_values = 0;
    if (!f->values)
        return out_of_room(err);
    for (uint16_t c = 0; c < t->n_columns; c++) {
        struct sh_str text;
        const int64_t value = sh_column_value(&s->en->tl, SH_MODEL_STAT, c, (int32_t)i);
        SH_TRY(sh_value_print(t->columns[c].type, value, &eval, &text, err));
        size_t len;
        const char *name = sh_arena_printf(s->en->keep, &len, "stat.%s", t->columns[c].name);
        if (!name)
            return out_of_room(err);
        f->values[f->n_values++] = (struct sh_value_read){{name, len}, sh_keep_str(s->en, text)};
    }
    return SH_OK;
}

static sh_code tell(struct stat *s, struct sh_err *err) {
    SH_TRY(sh_judge(s->en, s->rp, s->batch, s->verdicts, err));
    for (uint32_t i = 0; i < s->n; i++) {
        const struct sh_verdict *v = &s->verdicts[i];
        SH_TRY(sh_answer_add(s->en->answers, s->rp->index, v->answer, v->field,
                             (uint64_t)s->rows[i].head.members, 0, err));
        if (v->answer == SH_ANSWER_NOT_EVALUATED)
            SH_TRY(sh_lacking_group(s->en, s->rp, v->field, &s->rows[i].head, err));
        if (v->answer != SH_ANSWER_HIT)
            continue;
        SH_TRY(sh_joined_emit(s->en, s->rp, s->batch, i, v, &s->rows[i], err));
        SH_TRY(tell_figures(s, i, err));
    }
    return SH_OK;
}

sh_code sh_stat_judge(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *given,
                      const struct sh_carried_row *rows, struct sh_err *err) {
    struct sh_batch batch = *given;
    batch.rows[rp->rule->stat] = en->tl.carried->rows;
    struct stat s = {.en = en, .rp = rp, .batch = &batch, .rows = rows, .n = batch.n};
    s.min_encounters = sh_plan_param(en->plan, "stat.min_encounters", 0);
    s.min_peers = sh_plan_param(en->plan, "stat.min_peers", 0);
    s.missing_max = sh_plan_param(en->plan, "stat.missing_max", VALUE_SCALE);
    SH_TRY(make_figures(&s, err));
    sift(&s);
    SH_TRY(eval_all(&s, rp->rule->value, VALUE_SCALE, s.f.value, err));
    SH_TRY(eval_all(&s, rp->rule->bound, -1, s.factor, err));
    for (size_t k = 0; k < rp->rule->n_peers; k++)
        SH_TRY(eval_all(&s, rp->rule->peers[k].expr, -1, s.keys[k], err));
    SH_TRY(find_bounds(&s, err));
    return tell(&s, err);
}
