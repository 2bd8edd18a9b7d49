/* Candidates: which rows a rule looks at. One pass over the lines serves all rules that look their item up.
 */
#include "audit/inner.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for candidates");
}

static sh_code tuple_add(struct sh_tuples *t, int32_t row, int32_t k, struct sh_err *err) {
    if (__builtin_expect(t->n == t->cap, 0)) {
        size_t cap = t->cap;
        SH_TRY(sh_grow(&t->row, &cap, t->n + 1, sizeof(int32_t), INT32_MAX, err));
        SH_TRY(sh_grow(&t->k, &t->cap, t->n + 1, sizeof(int32_t), INT32_MAX, err));
    }
    t->row[t->n] = row;
    t->k[t->n++] = k;
    return SH_OK;
}

/* The fused pass: for each line that is there, what its item calls for. */
sh_code sh_collect_lines(struct sh_engine *en, struct sh_err *err) {
    const struct sh_plan *plan = en->plan;
    const struct sh_timeline *tl = &en->tl;
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows;
    const int32_t *item = sh_i32(tl, SH_TABLE_LINE, plan->at.line.item),
                  *day = sh_i32(tl, SH_TABLE_LINE, plan->at.line.day);
    const int64_t *covered = sh_i64(tl, SH_TABLE_LINE, plan->at.line.covered);
    const uint8_t *alive = tl->alive[SH_TABLE_LINE];
    for (size_t c = 0; c < plan->n_collectors; c++)
        en->collected[c].n = 0;
    if (!item || plan->n_collectors == 0)
        return SH_OK;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t id = (uint32_t)item[i];
        if (id >= plan->n_items || plan->item_begin[id] == plan->item_begin[id + 1] || !alive[i])
            continue;
        const bool paid = !covered || covered[i] == SH_MISSING || covered[i] > 0;
        for (uint32_t a = plan->item_begin[id]; a < plan->item_begin[id + 1]; a++) {
            const struct sh_app *app = &plan->apps[a];
            const struct sh_collector *c = &plan->collectors[app->collector];
            if (c->paid && !paid)
                continue;
            /* A line without a day is kept: whether the norm binds it cannot be known. */
            if (c->in_force && day[i] != SH_MISSING_I32 && (day[i] < app->from || day[i] >= app->to))
                continue;
            SH_TRY(tuple_add(&en->collected[app->collector], (int32_t)i, (int32_t)app->row, err));
        }
    }
    return SH_OK;
}

/* ---- one rule
 * -------------------------------------------------------------------------------------------------------------------
 */

struct raw {
    const int32_t *row, *k;
    uint32_t n;
};

static bool is_paid_or_unknown(const struct sh_engine *en, const struct sh_rule *r, uint32_t row) {
    if (r->lines != SH_LINES_PAID || r->table != SH_TABLE_LINE)
        return true;
    const int64_t *covered = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered);
    return !covered || covered[row] == SH_MISSING || covered[row] > 0;
}

/* Rules that do not go through items: every row that is there, with every row of knowledge if the rule uses
 * any. */
static sh_code all_rows(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_payment,
                        struct raw *ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const uint32_t n = en->tl.tables[r->table].n_rows;
    const struct sh_knowledge *k =
        r->n_uses > 0 && r->knowledge >= 0 ? &en->plan->rules->knowledge[r->uses[0].knowledge] : NULL;
    const uint64_t most = (uint64_t)n * (k ? k->n_rows : 1);
    if (most > INT32_MAX)
        return sh_fail(err, SH_E_LIMIT, "rule %.*s: %u rows times %u rows of knowledge without an item key",
                       SH_ARG(r->id), n, k ? k->n_rows : 0);
    int32_t *rows = sh_new(en->work, int32_t, most + 1), *ks = k ? sh_new(en->work, int32_t, most + 1) : NULL;
    if (!rows || (k && !ks))
        return out_of_room(err);
    const uint8_t *alive = en->tl.alive[r->table];
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if ((alive && !alive[i]) || (!any_payment && !is_paid_or_unknown(en, r, i)))
            continue;
        if (!k) {
            rows[count++] = (int32_t)i;
            continue;
        }
        const int32_t day = sh_subject_day(&en->tl, r->table, (int32_t)i);
        for (uint32_t j = 0; j < k->n_rows; j++)
            if (day == SH_MISSING_I32 || (k->rows[j].from <= day && day < k->rows[j].to))
                rows[count] = (int32_t)i, ks[count++] = (int32_t)j;
    }
    *ret = (struct raw){rows, ks, count};
    return SH_OK;
}

static sh_code mark(struct sh_engine *en, struct sh_members *m, uint32_t cap, uint32_t i, struct sh_str field,
                    struct sh_err *err) {
    if (!m->uncertain)
        m->uncertain = sh_new(en->work, struct sh_str, (size_t)cap + 1);
    if (!m->uncertain)
        return out_of_room(err);
    if (m->uncertain[i].len == 0)
        m->uncertain[i] = field;
    return SH_OK;
}

/* Which conditions a row must meet, in order: keys of the knowledge, then where. */
static size_t conditions_of(const struct sh_rule *r, const struct sh_expr **ret) {
    size_t n = 0;
    if (r->shape == SH_SHAPE_PAIR) /* both sides are needed: looked at once they are paired */
        return 0;
    if (r->n_uses > 0 && r->knowledge >= 0)
        for (size_t i = 0; i < r->uses[0].n_keys; i++)
            ret[n++] = r->uses[0].keys[i];
    if (r->where)
        ret[n++] = r->where;
    return n;
}

/* A row without its related row (`with`) is not concerned. */
static sh_code drop_without(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_batch *batch,
                            uint32_t *pick, uint32_t *n, struct sh_err *err) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *n; i++) {
        bool has_all = true;
        for (size_t w = 0; w < rp->rule->n_with; w++)
            has_all &= batch->rows[rp->rule->with[w].slot][i] >= 0;
        if (has_all)
            pick[kept++] = i;
    }
    if (kept == *n)
        return SH_OK;
    struct sh_batch smaller;
    SH_TRY(sh_batch_pick(en, rp, batch, pick, kept, &smaller, err));
    *batch = smaller;
    *n = kept;
    return SH_OK;
}

/* One block of candidates: conditions in order, each only over those still in. */
static sh_code filter_block(struct sh_engine *en, const struct sh_rule_plan *rp, const struct raw *raw,
                            uint32_t from, uint32_t n, struct sh_members *m, uint32_t cap,
                            struct sh_err *err) {
    const struct sh_expr *conditions[8];
    const size_t n_conditions = conditions_of(rp->rule, conditions);
    struct sh_batch batch;
    SH_TRY(sh_batch_make(en, rp, n, raw->row + from, raw->k ? raw->k + from : NULL, NULL, &batch, err));
    uint32_t *pick = sh_new(en->scratch, uint32_t, (size_t)n + 1);
    struct sh_str *fields = sh_new(en->scratch, struct sh_str, (size_t)n + 1);
    int64_t *holds = sh_new(en->scratch, int64_t, (size_t)n + 1);
    if (!pick || !fields || !holds)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++)
        pick[i] = i;
    SH_TRY(drop_without(en, rp, &batch, pick, &n, err));
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t c = 0; c < n_conditions && n > 0; c++) {
        SH_TRY(sh_expr_eval(conditions[c], &eval, &batch, holds, err));
        uint32_t kept = 0;
        uint32_t *stay = sh_new(en->scratch, uint32_t, (size_t)n + 1);
        if (!stay)
            return out_of_room(err);
        for (uint32_t i = 0; i < n; i++) {
            if (holds[i] == 0)
                continue;
            if (holds[i] == SH_MISSING && fields[pick[i]].len == 0) {
                struct sh_str field;
                SH_TRY(sh_expr_missing(conditions[c], &eval, &batch, i, &field, err));
                fields[pick[i]] = sh_keep_str(en, field);
            }
            stay[kept] = i;
            pick[kept++] = pick[i];
        }
        if (kept < n && c + 1 < n_conditions) {
            struct sh_batch smaller;
            SH_TRY(sh_batch_pick(en, rp, &batch, stay, kept, &smaller, err));
            batch = smaller;
        }
        n = kept;
    }
    for (uint32_t i = 0; i < n; i++) {
        m->row[m->n] = raw->row[from + pick[i]];
        if (m->k)
            m->k[m->n] = raw->k[from + pick[i]];
        if (fields[pick[i]].len > 0)
            SH_TRY(mark(en, m, cap, m->n, fields[pick[i]], err));
        m->n++;
    }
    return SH_OK;
}

/* The rule must be in force on the row's day (window and pair: only the blamed row's, looked at by them). */
static bool is_in_force(const struct sh_engine *en, const struct sh_rule *r, int32_t row, bool *ret_unknown) {
    if (r->from == INT32_MIN && r->to == INT32_MAX)
        return true;
    const int32_t day = sh_subject_day(&en->tl, r->table, row);
    *ret_unknown = day == SH_MISSING_I32;
    return *ret_unknown || (r->from <= day && day < r->to);
}

static sh_code marks(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *m, bool any_day,
                     struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const int64_t *covered = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered);
    const bool paid = r->lines == SH_LINES_PAID && r->table == SH_TABLE_LINE;
    const uint32_t cap = m->n;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        bool unknown = false;
        if (!any_day && !is_in_force(en, r, m->row[i], &unknown))
            continue;
        if (m->k && !any_day && !unknown)
            unknown = sh_subject_day(&en->tl, r->table, m->row[i]) == SH_MISSING_I32;
        m->row[kept] = m->row[i];
        if (m->k)
            m->k[kept] = m->k[i];
        if (m->uncertain)
            m->uncertain[kept] = m->uncertain[i];
        if (unknown)
            SH_TRY(mark(en, m, cap, kept, SH_STR("line.time"), err));
        if (paid && covered && covered[m->row[i]] == SH_MISSING)
            SH_TRY(mark(en, m, cap, kept, SH_STR("line.covered"), err));
        kept++;
    }
    m->n = kept;
    return SH_OK;
}

sh_code sh_members_collect(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day, bool side_b,
                           struct sh_members *ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const int16_t collector = side_b ? rp->collector_b : rp->collector;
    struct raw raw = {0};
    if (collector >= 0)
        raw = (struct raw){en->collected[collector].row, en->collected[collector].k,
                           (uint32_t)en->collected[collector].n};
    else
        SH_TRY(all_rows(en, rp, r->shape == SH_SHAPE_PAIR && !side_b, &raw, err));
    *ret = (struct sh_members){.row = sh_new(en->work, int32_t, (size_t)raw.n + 1),
                               .k = raw.k ? sh_new(en->work, int32_t, (size_t)raw.n + 1) : NULL};
    if (!ret->row || (raw.k && !ret->k))
        return out_of_room(err);
    const struct sh_expr *conditions[8];
    if (conditions_of(r, conditions) == 0 && r->n_with == 0) {
        if (raw.n > 0)
            memcpy(ret->row, raw.row, (size_t)raw.n * sizeof(int32_t));
        if (raw.k && raw.n > 0)
            memcpy(ret->k, raw.k, (size_t)raw.n * sizeof(int32_t));
        ret->n = raw.n;
    } else {
        for (uint32_t from = 0; from < raw.n; from += SH_BLOCK) {
            const struct sh_arena_mark at = sh_arena_mark(en->scratch);
            SH_TRY(filter_block(en, rp, &raw, from, raw.n - from < SH_BLOCK ? raw.n - from : SH_BLOCK, ret,
                                raw.n, err));
            sh_arena_rewind(en->scratch, at);
        }
    }
    return marks(en, rp, ret, any_day, err);
}
