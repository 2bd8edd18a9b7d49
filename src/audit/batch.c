/* Batches: the rows each variable of a rule stands for. */
#include "audit/inner.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for a batch");
}

static int32_t *filled(struct sh_engine *en, uint32_t n) {
    int32_t *rows = sh_new_raw(en->scratch, int32_t, (size_t)n + 1);
    if (rows)
        memset(rows, 0xff, (size_t)n * sizeof(int32_t));
    return rows;
}

/* ---- further knowledge: the first row in force whose keys hold ---------------------------------- */

/* Row numbers of a table that may concern each tuple. */
struct choice {
    const uint32_t *rows; /* NULL: all rows */
    uint32_t from, to;
};

static sh_code choices_of(struct sh_engine *en, const struct sh_rule_plan *rp, size_t use, uint32_t n,
                          const int32_t *subject, struct choice **ret, struct sh_err *err) {
    const uint16_t number = rp->rule->uses[use].knowledge;
    const struct sh_knowledge_bound *k = &en->plan->bound->tables[number];
    const bool by_item = rp->rule->table == SH_TABLE_LINE && k->item_begin;
    const int32_t *item = by_item ? sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.item) : NULL;
    struct choice *choices = sh_new(en->scratch, struct choice, (size_t)n + 1);
    if (!choices)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++) {
        choices[i] = (struct choice){NULL, 0, en->plan->rules->knowledge[number].n_rows};
        if (!by_item)
            continue;
        const int32_t id = item && subject[i] >= 0 ? item[subject[i]] : -1;
        const bool known = id >= 0 && (uint32_t)id < en->plan->n_items;
        choices[i] =
            (struct choice){k->item_rows, known ? k->item_begin[id] : 0, known ? k->item_begin[id + 1] : 0};
    }
    *ret = choices;
    return SH_OK;
}

/* Kleene "and" of the keys of one use, for every tuple. */
static sh_code keys_hold(struct sh_engine *en, const struct sh_rule_plan *rp, size_t use,
                         const struct sh_batch *batch, int64_t *ret, struct sh_err *err) {
    for (uint32_t i = 0; i < batch->n; i++)
        ret[i] = 1;
    int64_t *one = sh_new(en->scratch, int64_t, (size_t)batch->n + 1);
    if (!one)
        return out_of_room(err);
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t key = 0; key < rp->rule->uses[use].n_keys; key++) {
        SH_TRY(sh_expr_eval(rp->rule->uses[use].keys[key], &eval, batch, one, err));
        for (uint32_t i = 0; i < batch->n; i++)
            ret[i] = ret[i] == 0 || one[i] == 0                     ? 0
                     : ret[i] == SH_MISSING || one[i] == SH_MISSING ? SH_MISSING
                                                                    : 1;
    }
    return SH_OK;
}

/* The next row of each tuple that found none yet and has its day; false when there is none. */
static bool next_attempts(const struct sh_engine *en, const struct sh_rule *r, size_t use,
                          const struct sh_batch *batch, struct choice *choices, const int32_t *found,
                          int32_t *attempt) {
    const int32_t *subject = batch->rows[r->subject];
    const struct sh_knowledge_row *rows = en->plan->rules->knowledge[r->uses[use].knowledge].rows;
    bool any = false;
    for (uint32_t i = 0; i < batch->n; i++) {
        attempt[i] = -1;
        if (found[i] >= 0 || subject[i] < 0)
            continue;
        const int32_t day = sh_subject_day(&en->tl, r->table, subject[i]);
        while (attempt[i] < 0 && choices[i].from < choices[i].to) {
            const uint32_t k = choices[i].rows ? choices[i].rows[choices[i].from] : choices[i].from;
            choices[i].from++;
            if (day != SH_MISSING_I32 && rows[k].from <= day && day < rows[k].to)
                attempt[i] = (int32_t)k;
        }
        any |= attempt[i] >= 0;
    }
    return any;
}

static sh_code more_rows(struct sh_engine *en, const struct sh_rule_plan *rp, size_t use,
                         struct sh_batch *batch, int32_t *found, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const uint32_t n = batch->n;
    struct choice *choices = NULL;
    SH_TRY(choices_of(en, rp, use, n, batch->rows[r->subject], &choices, err));
    int32_t *attempt = filled(en, n);
    int64_t *holds = sh_new(en->scratch, int64_t, (size_t)n + 1);
    if (!attempt || !holds)
        return out_of_room(err);
    batch->rows[r->uses[use].slot] = attempt;
    while (next_attempts(en, r, use, batch, choices, found, attempt)) {
        SH_TRY(keys_hold(en, rp, use, batch, holds, err));
        for (uint32_t i = 0; i < n; i++)
            if (attempt[i] >= 0 && holds[i] == 1)
                found[i] = attempt[i];
    }
    batch->rows[r->uses[use].slot] = found;
    return SH_OK;
}

/* ---- previous, next ----------------------------------------------------------------------------- */

static bool same_scopes(const struct sh_engine *en, const struct sh_with *w, int from, int32_t row,
                        int32_t other) {
    const struct sh_timeline *tl = &en->tl;
    for (uint8_t i = 0; i < w->n_scopes; i++) {
        const int32_t a = sh_encounter_of(tl, from, row), b = sh_encounter_of(tl, w->table, other);
        const int32_t *stay = sh_i32(tl, SH_TABLE_ENCOUNTER, en->plan->at.encounter.stay);
        if (w->scope[i] == SH_SCOPE_ENCOUNTER && (a < 0 || a != b))
            return false;
        if (w->scope[i] == SH_SCOPE_STAY && (a < 0 || b < 0 || stay[a] < 0 || stay[a] != stay[b]))
            return false;
        if (w->scope[i] == SH_SCOPE_INSTITUTION) {
            const int32_t x = sh_institution_of(tl, from, row);
            if (x < 0 || x != sh_institution_of(tl, w->table, other))
                return false;
        }
    }
    return true;
}

/* Rows of the same table stand in total order; of another table the day decides. */
static bool is_on_side(const struct sh_engine *en, const struct sh_with *w, int from, int32_t row,
                       int32_t other) {
    if (w->table == from)
        return w->next ? other > row : other < row;
    const int32_t a = sh_subject_day(&en->tl, from, row), b = sh_subject_day(&en->tl, w->table, other);
    return a != SH_MISSING_I32 && b != SH_MISSING_I32 && (w->next ? b > a : b < a);
}

/* Does the condition of w hold for tuple i and the row `other`? */
static sh_code where_holds(struct sh_engine *en, const struct sh_with *w, const struct sh_batch *batch,
                           uint32_t i, int32_t other, bool *ret, struct sh_err *err) {
    *ret = true;
    if (!w->where)
        return SH_OK;
    struct sh_batch one = {.n = 1};
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        one.rows[s] = batch->rows[s] ? &batch->rows[s][i] : NULL;
    one.rows[w->slot] = &other;
    const struct sh_eval eval = sh_engine_eval(en);
    int64_t holds;
    SH_TRY(sh_expr_eval(w->where, &eval, &one, &holds, err));
    *ret = holds == 1;
    return SH_OK;
}

static sh_code with_rows(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_with *w,
                         struct sh_batch *batch, int32_t *found, struct sh_err *err) {
    const int32_t *subject = batch->rows[rp->rule->subject];
    const int from = rp->rule->table;
    const uint8_t *alive = en->tl.alive[w->table];
    for (uint32_t i = 0; i < batch->n; i++) {
        if (subject[i] < 0 || !en->tl.person_begin[w->table])
            continue;
        const int32_t person = en->tl.person_of[from][subject[i]];
        const int32_t low = (int32_t)en->tl.person_begin[w->table][person];
        const int32_t high = (int32_t)en->tl.person_begin[w->table][person + 1];
        for (int32_t step = 0; step < high - low && found[i] < 0; step++) {
            const int32_t other = w->next ? low + step : high - 1 - step;
            if ((alive && !alive[other]) || !is_on_side(en, w, from, subject[i], other) ||
                !same_scopes(en, w, from, subject[i], other))
                continue;
            bool holds;
            SH_TRY(where_holds(en, w, batch, i, other, &holds, err));
            if (holds)
                found[i] = other;
        }
    }
    batch->rows[w->slot] = found;
    return SH_OK;
}

/* ---- making ------------------------------------------------------------------------------------- */

static sh_code join_slot(struct sh_engine *en, const struct sh_rule_plan *rp, uint16_t slot,
                         struct sh_batch *batch, struct sh_err *err) {
    int32_t *rows = filled(en, batch->n);
    if (!rows)
        return out_of_room(err);
    batch->rows[slot] = rows;
    const int32_t *subject = batch->rows[rp->rule->subject];
    const int32_t *column = rp->join_column[slot] >= 0 && rp->is_needed[slot]
                                ? sh_i32(&en->tl, rp->rule->table, rp->join_column[slot])
                                : NULL;
    for (uint32_t i = 0; column && i < batch->n; i++)
        rows[i] = subject[i] >= 0 && column[subject[i]] >= 0 ? column[subject[i]] : -1;
    return SH_OK;
}

sh_code sh_batch_make(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_tuple_rows *of,
                      struct sh_batch *ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const uint32_t n = of->n;
    *ret = (struct sh_batch){.n = n};
    int32_t *nothing = filled(en, n);
    if (!nothing)
        return out_of_room(err);
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        ret->rows[s] = nothing;
    ret->rows[r->subject] = of->rows;
    for (uint16_t s = 0; s < r->n_variables; s++) {
        if (rp->slots[s] == SH_SLOT_KNOWLEDGE && of->k)
            ret->rows[s] = of->k;
        else if (rp->slots[s] == SH_SLOT_B && of->b)
            ret->rows[s] = of->b;
        else if (rp->slots[s] == SH_SLOT_JOIN && rp->is_needed[s])
            SH_TRY(join_slot(en, rp, s, ret, err));
    }
    for (size_t i = 0; i < r->n_with; i++) {
        int32_t *found = filled(en, n);
        if (!found)
            return out_of_room(err);
        SH_TRY(with_rows(en, rp, &r->with[i], ret, found, err));
    }
    for (size_t u = 0; u < r->n_uses; u++) {
        if (rp->slots[r->uses[u].slot] != SH_SLOT_MORE)
            continue;
        int32_t *found = filled(en, n);
        if (!found)
            return out_of_room(err);
        SH_TRY(more_rows(en, rp, u, ret, found, err));
    }
    return SH_OK;
}

static sh_code gather(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *from,
                      const uint32_t *pick, uint32_t n, struct sh_batch *ret, struct sh_err *err) {
    *ret = (struct sh_batch){.n = n};
    const int32_t *last_from = NULL;
    int32_t *last = NULL;
    for (uint16_t s = 0; s < rp->rule->n_variables || s == rp->rule->subject; s++) {
        if (!from->rows[s])
            continue;
        if (from->rows[s] != last_from) {
            last_from = from->rows[s];
            last = sh_new_raw(en->scratch, int32_t, (size_t)n + 1);
            if (!last)
                return out_of_room(err);
            for (uint32_t i = 0; i < n; i++)
                last[i] = last_from[pick[i]];
        }
        ret->rows[s] = last;
    }
    return SH_OK;
}

/* Aggregates of the picked groups, where those were put together elsewhere. */
static sh_code pick_merged(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                           const uint32_t *pick, uint32_t n, struct sh_batch *ret, struct sh_err *err) {
    const sh_i128 **merged = sh_new(en->scratch, const sh_i128 *, rp->rule->n_partials + 1);
    if (!merged)
        return out_of_room(err);
    for (size_t a = 0; a < rp->rule->n_partials; a++) {
        sh_i128 *values = sh_new(en->scratch, sh_i128, (size_t)n + 1);
        if (!values)
            return out_of_room(err);
        for (uint32_t i = 0; i < n; i++)
            values[i] = batch->merged[a][pick[i]];
        merged[a] = values;
    }
    ret->merged = merged;
    return SH_OK;
}

sh_code sh_batch_pick(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                      const uint32_t *pick, uint32_t n, struct sh_batch *ret, struct sh_err *err) {
    SH_TRY(gather(en, rp, batch, pick, n, ret, err));
    if (batch->merged)
        return pick_merged(en, rp, batch, pick, n, ret, err);
    if (!batch->members)
        return SH_OK;
    uint32_t *begin = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1);
    if (!begin)
        return out_of_room(err);
    uint32_t total = 0, n_standing = 0;
    for (uint32_t i = 0; i < n; i++) {
        begin[i] = total;
        total += batch->member_begin[pick[i] + 1] - batch->member_begin[pick[i]];
        if (batch->standing_begin)
            n_standing += batch->standing_begin[pick[i] + 1] - batch->standing_begin[pick[i]];
    }
    begin[n] = total;
    uint32_t *which = sh_new_raw(en->scratch, uint32_t, (size_t)total + 1);
    uint32_t *standing = sh_new_raw(en->scratch, uint32_t, (size_t)n_standing + 1);
    uint32_t *standing_begin = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1);
    struct sh_batch *members = sh_new(en->scratch, struct sh_batch, 1);
    if (!which || !standing || !standing_begin || !members)
        return out_of_room(err);
    n_standing = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t from = batch->member_begin[pick[i]], to = batch->member_begin[pick[i] + 1];
        for (uint32_t m = from; m < to; m++)
            which[begin[i] + m - from] = m;
        standing_begin[i] = n_standing;
        for (uint32_t s = batch->standing_begin ? batch->standing_begin[pick[i]] : 0;
             batch->standing_begin && s < batch->standing_begin[pick[i] + 1]; s++)
            standing[n_standing++] = batch->standing_members[s] - from + begin[i];
    }
    standing_begin[n] = n_standing;
    SH_TRY(gather(en, rp, batch->members, which, total, members, err));
    ret->members = members;
    ret->member_begin = begin;
    if (batch->standing_begin)
        ret->standing_begin = standing_begin, ret->standing_members = standing;
    return SH_OK;
}
