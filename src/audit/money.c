/* Money: the amount of one finding, rounded once; and drawing it once, so that no fen of a line or a
 * settlement is asked for twice. */
#include "audit/inner.h"
#include "base/decimal.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the money of findings");
}

int64_t sh_covered_of(const struct sh_timeline *tl, int table, int32_t row) {
    const struct sh_columns *at = &tl->plan->at;
    if (sh_view_of(tl->plan, table))
        return sh_view_covered(tl, table, row);
    if (row < 0)
        return 0;
    const int column = table == SH_TABLE_LINE        ? at->line.covered
                       : table == SH_TABLE_ENCOUNTER ? at->encounter.covered
                       : table == SH_MODEL_STAY      ? at->stay.covered
                                                     : -1;
    if (column < 0)
        return 0;
    const int64_t *covered = sh_i64(tl, table, column);
    return covered ? covered[row] : SH_MISSING;
}

static sh_code sum_covered(const struct sh_engine *en, const struct sh_draft *d, sh_i128 *ret,
                           bool *ret_known) {
    *ret = 0;
    *ret_known = true;
    for (size_t i = 0; i < d->n_blamed; i++) {
        const int64_t covered = sh_covered_of(&en->tl, d->rp->rule->table, d->blamed[i]);
        *ret_known &= covered != SH_MISSING;
        *ret += covered == SH_MISSING ? 0 : covered;
    }
    return SH_OK;
}

/* Value of one tuple. */
static sh_code eval_one(struct sh_engine *en, const struct sh_draft *d, const struct sh_expr *e, bool as_fen,
                        int64_t *ret, struct sh_str *ret_field, struct sh_err *err) {
    struct sh_batch one;
    const uint32_t pick = d->tuple;
    SH_TRY(sh_batch_pick(en, d->rp, d->batch, &pick, 1, &one, err));
    const struct sh_eval eval = sh_engine_eval(en);
    if (as_fen)
        SH_TRY(sh_expr_eval_fen(e, &eval, &one, ret, err));
    else
        SH_TRY(sh_expr_eval(e, &eval, &one, ret, err));
    if (*ret != SH_MISSING)
        return SH_OK;
    SH_TRY(sh_expr_missing(e, &eval, &one, 0, ret_field, err));
    *ret_field = ret_field->len > 0 ? sh_keep_str(en, *ret_field) : SH_STR("overflow");
    return SH_OK;
}

/* covered x (n - N) / n */
static sh_code excess(struct sh_engine *en, const struct sh_draft *d, sh_i128 covered, int64_t *ret,
                      bool *ret_known, struct sh_str *ret_field, struct sh_err *err) {
    const struct sh_rule *r = d->rp->rule;
    int64_t n, limit;
    *ret_known = false;
    SH_TRY(eval_one(en, d, r->amount_a, false, &n, ret_field, err));
    if (n == SH_MISSING)
        return SH_OK;
    SH_TRY(eval_one(en, d, r->amount_b, false, &limit, ret_field, err));
    if (limit == SH_MISSING)
        return SH_OK;
    const int8_t scale_n = sh_expr_type(r->amount_a).scale, scale_limit = sh_expr_type(r->amount_b).scale;
    const int scale = scale_n > scale_limit ? scale_n : scale_limit;
    const sh_i128 count = (sh_i128)n * sh_pow10(scale - scale_n),
                  allowed = (sh_i128)limit * sh_pow10(scale - scale_limit);
    *ret = 0;
    *ret_known = true;
    if (count <= 0 || allowed >= count)
        return SH_OK;
    sh_i128 product;
    *ret_field = SH_STR("overflow");
    *ret_known = !__builtin_mul_overflow(covered, count - (allowed > 0 ? allowed : 0), &product) &&
                 sh_div_round(product, count, ret) == SH_OK;
    return SH_OK;
}

/* ---- after(N): what lies beyond the N-th day ---------------------------------------------------- */

struct stretch {
    int32_t row, day, days;
};

/*
 * Days of each line that lie beyond the limit. Lines come by their first day, so the distinct days before a
 * line's first one are settled, and its own days are the next ones of the count.
 */
static void days_beyond(const struct stretch *lines, size_t n, int64_t limit, bool span, int32_t *ret) {
    int64_t before = 0;          /* distinct days before `from` */
    int32_t from = 0, until = 0; /* the covered stretch under way: [from, until) */
    for (size_t i = 0; i < n; i++) {
        const int32_t day = lines[i].day, days = lines[i].days;
        if (i == 0)
            from = until = day;
        before += (day < until ? day : until) - from;
        from = day;
        until = day + days > until ? day + days : until;
        const int64_t over = span ? day - ((int64_t)lines[0].day + limit) + days : before + days - limit;
        ret[i] = (int32_t)(over <= 0 ? 0 : over >= days ? days : over);
    }
}

/* after(N, SPAN): whether this tuple counts the calendar. */
static sh_code counts_span(struct sh_engine *en, const struct sh_draft *d, bool *ret, struct sh_err *err) {
    *ret = false;
    if (!d->rp->rule->amount_a)
        return SH_OK;
    struct sh_batch one;
    int64_t value;
    SH_TRY(sh_batch_pick(en, d->rp, d->batch, &d->tuple, 1, &one, err));
    const struct sh_eval eval = sh_engine_eval(en);
    SH_TRY(sh_expr_eval(d->rp->rule->amount_a, &eval, &one, &value, err));
    *ret = value == 1;
    return SH_OK;
}

sh_code sh_after_lines(struct sh_engine *en, const struct sh_draft *d, int64_t limit, int32_t *beyond,
                       int32_t *days, struct sh_err *err) {
    const int column = sh_model_column(en->plan->model, SH_TABLE_LINE, "supply_days");
    const int32_t *supply =
        d->rp->rule->table == SH_TABLE_LINE ? sh_i32(&en->tl, SH_TABLE_LINE, column) : NULL;
    struct stretch *lines = sh_new(en->scratch, struct stretch, d->n_blamed + 1);
    if (!lines)
        return out_of_room(err);
    bool span;
    SH_TRY(counts_span(en, d, &span, err));
    for (size_t i = 0; i < d->n_blamed; i++) {
        const int32_t row = d->blamed[i];
        const bool longer = !span && supply && supply[row] != SH_MISSING_I32 && supply[row] > 1;
        lines[i] =
            (struct stretch){row, sh_subject_day(&en->tl, d->rp->rule->table, row), longer ? supply[row] : 1};
        days[i] = lines[i].days;
    }
    days_beyond(lines, d->n_blamed, limit, span, beyond);
    return SH_OK;
}

static sh_code after_limit(struct sh_engine *en, const struct sh_draft *d, int64_t *ret,
                           struct sh_str *ret_field, struct sh_err *err) {
    SH_TRY(eval_one(en, d, d->rp->rule->amount_b, false, ret, ret_field, err));
    if (*ret != SH_MISSING) {
        const int8_t scale = sh_expr_type(d->rp->rule->amount_b).scale;
        if (sh_div_floor(*ret, sh_pow10(scale > 0 ? scale : 0), ret) != SH_OK)
            *ret = SH_MISSING;
    }
    return SH_OK;
}

static sh_code after(struct sh_engine *en, const struct sh_draft *d, int64_t *ret, bool *ret_known,
                     struct sh_str *ret_field, struct sh_err *err) {
    int64_t limit;
    *ret_known = false;
    SH_TRY(after_limit(en, d, &limit, ret_field, err));
    if (limit == SH_MISSING)
        return SH_OK;
    int32_t *beyond = sh_new(en->scratch, int32_t, d->n_blamed + 1),
            *days = sh_new(en->scratch, int32_t, d->n_blamed + 1);
    if (!beyond || !days)
        return out_of_room(err);
    SH_TRY(sh_after_lines(en, d, limit, beyond, days, err));
    sh_i128 num = 0, den = 1; /* one fraction, one rounding */
    *ret_field = SH_STR("overflow");
    for (size_t i = 0; i < d->n_blamed; i++) {
        const int64_t covered = sh_covered_of(&en->tl, d->rp->rule->table, d->blamed[i]);
        if (beyond[i] == 0)
            continue;
        if (covered == SH_MISSING) {
            *ret_field = SH_STR("line.covered");
            return SH_OK;
        }
        sh_i128 scaled;
        if (beyond[i] == days[i]) {
            if (__builtin_mul_overflow(den, (sh_i128)covered, &scaled) ||
                __builtin_add_overflow(num, scaled, &num))
                return SH_OK;
        } else if (__builtin_mul_overflow(num, (sh_i128)days[i], &num) ||
                   __builtin_mul_overflow(den, (sh_i128)covered * beyond[i], &scaled) ||
                   __builtin_add_overflow(num, scaled, &num) ||
                   __builtin_mul_overflow(den, (sh_i128)days[i], &den)) {
            return SH_OK;
        }
    }
    *ret_known = sh_div_round(num, den, ret) == SH_OK;
    return SH_OK;
}

sh_code sh_amount(struct sh_engine *en, const struct sh_draft *d, bool *ret_known, int64_t *ret_fen,
                  struct sh_str *ret_field, struct sh_err *err) {
    const struct sh_rule *r = d->rp->rule;
    sh_i128 covered;
    bool known;
    *ret_known = true;
    *ret_fen = 0;
    *ret_field = (struct sh_str){0};
    if (d->amount_given) {
        *ret_fen = d->amount_fen;
        return SH_OK;
    }
    if (d->amount_unknown.len > 0) {
        *ret_known = false;
        *ret_field = d->amount_unknown;
        return SH_OK;
    }
    if (r->amount == SH_AMOUNT_ZERO)
        return SH_OK;
    if (r->amount == SH_AMOUNT_EXPR) {
        SH_TRY(eval_one(en, d, r->amount_a, true, ret_fen, ret_field, err));
        *ret_known = *ret_fen != SH_MISSING;
        *ret_fen = *ret_known && *ret_fen > 0 ? *ret_fen : 0;
        return SH_OK;
    }
    if (r->amount == SH_AMOUNT_AFTER)
        return after(en, d, ret_fen, ret_known, ret_field, err);
    SH_TRY(sum_covered(en, d, &covered, &known));
    if (!known) {
        *ret_known = false;
        *ret_field = SH_STR("line.covered");
        return SH_OK;
    }
    if (r->amount == SH_AMOUNT_EXCESS)
        return excess(en, d, covered, ret_fen, ret_known, ret_field, err);
    *ret_known = sh_div_round(covered, 1, ret_fen) == SH_OK;
    if (!*ret_known)
        *ret_field = SH_STR("overflow");
    return SH_OK;
}

/* ---- drawing ------------------------------------------------------------------------------------ */

struct draw {
    const struct sh_engine *en;
    int64_t *lines, *funds; /* what is left of each line's covered and each settlement's fund */
    int64_t *of_settlement; /* counted of the finding under way */
};

static int32_t number_of(const struct sh_engine *en, const struct sh_finding *f) {
    const int32_t number = en->plan->active[f->rule].rule->national_number;
    return number > 0 ? number : INT32_MAX;
}

static int compare_draw(const void *a, const void *b, void *ctx) {
    const struct sh_engine *en = ctx;
    const struct sh_finding *x = &en->findings[*(const uint32_t *)a],
                            *y = &en->findings[*(const uint32_t *)b];
    if (x->level != y->level)
        return x->level > y->level ? -1 : 1;
    const int32_t nx = number_of(en, x), ny = number_of(en, y);
    if (nx != ny)
        return nx < ny ? -1 : 1;
    return memcmp(x->id, y->id, sizeof(x->id));
}

bool sh_is_by_item(const struct sh_plan *plan, const int32_t *mode, int32_t settlement, bool *ret_known) {
    *ret_known = plan->is_by_item_known && mode && mode[settlement] >= 0;
    return *ret_known && mode[settlement] == plan->word_by_item;
}

static void draw_fund(struct draw *draw, struct sh_finding *f, int32_t settlement) {
    const struct sh_timeline *tl = &draw->en->tl;
    const struct sh_columns *at = &tl->plan->at;
    const int64_t counted = draw->of_settlement[settlement];
    draw->of_settlement[settlement] = 0;
    const int32_t *mode = sh_i32(tl, SH_TABLE_SETTLEMENT, at->settlement.payment_mode);
    const int64_t *fund = sh_i64(tl, SH_TABLE_SETTLEMENT, at->settlement.fund),
                  *covered = sh_i64(tl, SH_TABLE_SETTLEMENT, at->settlement.covered);
    bool known;
    const bool by_item = sh_is_by_item(tl->plan, mode, settlement, &known);
    if (known && !by_item) {
        f->fund = f->fund == SH_FUND_KNOWN ? SH_FUND_BY_CASE : f->fund;
        return;
    }
    int64_t share = 0;
    if (!known || !fund || !covered || fund[settlement] == SH_MISSING || covered[settlement] == SH_MISSING ||
        covered[settlement] <= 0 ||
        sh_div_floor((sh_i128)counted * fund[settlement], covered[settlement], &share) != SH_OK) {
        f->fund = SH_FUND_UNKNOWN;
        return;
    }
    share = share < draw->funds[settlement] ? share : draw->funds[settlement];
    share = share > 0 ? share : 0;
    draw->funds[settlement] -= share;
    f->fund_fen += share;
}

static void draw_finding(struct draw *draw, struct sh_finding *f) {
    const struct sh_timeline *tl = &draw->en->tl;
    const int32_t *settlement = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.settlement);
    f->counted_fen = f->fund_fen = 0;
    f->fund = SH_FUND_KNOWN;
    for (size_t i = 0; i < f->n_lines; i++) {
        struct sh_blamed_line *line = &f->lines[i];
        line->counted_fen = 0;
        if (!line->blamed || line->amount_fen <= 0)
            continue;
        int64_t *left = &draw->lines[line->row];
        line->counted_fen = line->amount_fen < *left ? line->amount_fen : *left > 0 ? *left : 0;
        *left -= line->counted_fen;
        f->counted_fen += line->counted_fen;
        if (settlement[line->row] >= 0)
            draw->of_settlement[settlement[line->row]] += line->counted_fen;
        else
            f->fund = SH_FUND_UNKNOWN;
    }
    for (size_t i = 0; i < f->n_lines; i++) {
        const int32_t s = settlement[f->lines[i].row];
        if (f->lines[i].blamed && f->lines[i].amount_fen > 0 && s >= 0 && draw->of_settlement[s] > 0)
            draw_fund(draw, f, s);
    }
}

static int compare_final(const void *a, const void *b) {
    const struct sh_finding *x = a, *y = b;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    const int order = sh_str_cmp(x->key, y->key);
    return order != 0 ? order : memcmp(x->id, y->id, sizeof(x->id));
}

static void count_money(struct sh_engine *en) {
    for (size_t i = 0; i < en->n_findings; i++) {
        const struct sh_finding *f = &en->findings[i];
        struct sh_rule_answers *r = &en->answers->rules[f->rule];
        r->findings++;
        r->unknown_amounts += !f->amount_known;
        (void)!__builtin_add_overflow(r->amount_fen, f->amount_fen, &r->amount_fen);
        (void)!__builtin_add_overflow(r->counted_fen, f->counted_fen, &r->counted_fen);
        (void)!__builtin_add_overflow(r->fund_fen, f->fund_fen, &r->fund_fen);
    }
}

sh_code sh_money_draw(struct sh_engine *en, struct sh_err *err) {
    en->left_lines = en->left_funds = NULL;
    if (en->n_findings == 0)
        return SH_OK;
    const struct sh_arena_mark mark = sh_arena_mark(en->scratch);
    const size_t n_lines = en->tl.tables[SH_TABLE_LINE].n_rows,
                 n_settled = en->tl.tables[SH_TABLE_SETTLEMENT].n_rows;
    const int64_t *covered = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered);
    const int64_t *fund = sh_i64(&en->tl, SH_TABLE_SETTLEMENT, en->plan->at.settlement.fund);
    struct draw draw = {.en = en,
                        .lines = sh_new(en->tl.arena, int64_t, n_lines + 1),
                        .funds = sh_new(en->tl.arena, int64_t, n_settled + 1),
                        .of_settlement = sh_new(en->scratch, int64_t, n_settled + 1)};
    uint32_t *order = sh_new(en->scratch, uint32_t, en->n_findings + 1);
    if (!draw.lines || !draw.funds || !draw.of_settlement || !order)
        return out_of_room(err);
    for (size_t i = 0; covered && i < n_lines; i++)
        draw.lines[i] = covered[i] != SH_MISSING && covered[i] > 0 ? covered[i] : 0;
    for (size_t i = 0; fund && i < n_settled; i++)
        draw.funds[i] = fund[i] != SH_MISSING && fund[i] > 0 ? fund[i] : 0;
    for (size_t i = 0; i < en->n_findings; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, en->n_findings, sizeof(*order), compare_draw, en);
    for (size_t i = 0; i < en->n_findings; i++)
        draw_finding(&draw, &en->findings[order[i]]);
    qsort(en->findings, en->n_findings, sizeof(*en->findings), compare_final);
    count_money(en);
    en->left_lines = draw.lines, en->left_funds = draw.funds;
    sh_arena_rewind(en->scratch, mark);
    return SH_OK;
}
