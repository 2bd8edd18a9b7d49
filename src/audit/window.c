/*
 * Shape window: a sliding limit. A row stands if what stands in its window before it, plus itself, keeps the
 * rule; the part that does not stand is the finding. Rows are judged in time order; the r-th rows of many
 * keys are judged in one batch.
 */
#include "audit/inner.h"
#include "base/date.h"
#include "base/decimal.h"
#include <string.h>

#define GROUPS_AT_ONCE 1024

struct windows {
    struct sh_members m;
    int64_t **keys;
    size_t n_keys;
    struct sh_str *fields;
    struct sh_grouping g;
    struct sh_verdict *verdicts; /* [m.n] */
    uint8_t *stands, *judged;    /* [m.n] */
    uint32_t *low;               /* [groups] first place still in the window */
    /* [groups] do the days rise with the order? Rows with an end stand by their beginning and lie on the day
     * of their end, so a later one may lie before an earlier one. */
    uint8_t *in_order;
};

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for windows");
}

static int32_t day_of(const struct sh_engine *en, const struct sh_rule_plan *rp, const struct windows *w,
                      uint32_t member) {
    return sh_subject_day(&en->tl, rp->rule->table, w->m.row[member]);
}

/* A row without a day has no window and is in none. */
static void leave_undated_out(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w) {
    for (uint32_t i = 0; i < w->m.n; i++)
        if (w->fields[i].len == 0 && day_of(en, rp, w, i) == SH_MISSING_I32)
            w->fields[i] = sh_day_field(en, rp->rule->table);
}

static sh_code make_windows(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                            struct sh_err *err) {
    SH_TRY(sh_members_collect(en, rp, true, false, &w->m, err));
    sh_count_not_concerned(en, rp, &w->m);
    w->fields = sh_new(en->work, struct sh_str, (size_t)w->m.n + 1);
    w->verdicts = sh_new(en->work, struct sh_verdict, (size_t)w->m.n + 1);
    w->stands = sh_new(en->work, uint8_t, (size_t)w->m.n + 1);
    w->judged = sh_new(en->work, uint8_t, (size_t)w->m.n + 1);
    int64_t *rows = sh_new(en->work, int64_t, (size_t)w->m.n + 1);
    if (!w->fields || !w->verdicts || !w->stands || !w->judged || !rows)
        return out_of_room(err);
    SH_TRY(sh_keys_eval(en, rp, &w->m, &w->keys, &w->n_keys, w->fields, err));
    leave_undated_out(en, rp, w);
    SH_TRY(sh_group_by(en, w->m.n, w->keys, w->n_keys, w->fields, &w->g, err));
    for (uint32_t i = 0; w->m.k && i < w->m.n; i++)
        rows[i] = w->m.k[i];
    if (w->m.k && rp->has_alternatives)
        SH_TRY(sh_group_split(en, rows, &w->g, err));
    w->low = sh_new(en->work, uint32_t, (size_t)w->g.n + 1);
    w->in_order = sh_new(en->work, uint8_t, (size_t)w->g.n + 1);
    if (!w->low || !w->in_order)
        return out_of_room(err);
    for (uint32_t g = 0; g < w->g.n; g++) {
        w->in_order[g] = 1;
        for (uint32_t at = w->g.begin[g] + 1; at < w->g.begin[g + 1] && rp->rule->table != SH_TABLE_LINE;
             at++)
            w->in_order[g] &= day_of(en, rp, w, w->g.order[at - 1]) <= day_of(en, rp, w, w->g.order[at]);
    }
    for (uint32_t i = 0; i < w->m.n; i++) {
        if (w->fields[i].len == 0)
            continue;
        const struct sh_verdict v = {.answer = SH_ANSWER_NOT_EVALUATED, .field = w->fields[i]};
        SH_TRY(sh_count(en, rp, &v, &w->m.row[i], 1, err));
    }
    return SH_OK;
}

/* First day of the window of a row; SH_MISSING_I32 when its length is not known. */
static sh_code first_days(struct sh_engine *en, const struct sh_rule_plan *rp, const struct windows *w,
                          const struct sh_batch *batch, const uint32_t *member, int32_t *ret,
                          struct sh_err *err) {
    int64_t *days = sh_new(en->scratch, int64_t, (size_t)batch->n + 1);
    if (!days)
        return out_of_room(err);
    const struct sh_eval eval = sh_engine_eval(en);
    int64_t unit = 1;
    if (rp->rule->window_days) {
        SH_TRY(sh_expr_eval(rp->rule->window_days, &eval, batch, days, err));
        const struct sh_type type = sh_expr_type(rp->rule->window_days);
        unit = type.scale > 0 ? sh_pow10(type.scale) : 1;
    }
    for (uint32_t i = 0; i < batch->n; i++) {
        const int32_t day = day_of(en, rp, w, member[i]);
        if (rp->rule->window_week || days[i] == SH_PAST_WEEK * unit)
            ret[i] = sh_week_start(day);
        else if (days[i] == SH_MISSING)
            ret[i] = SH_MISSING_I32;
        else
            ret[i] = (int32_t)(day - days[i] / unit + 1);
    }
    return SH_OK;
}

/* Tuples: place r of group[i]. The window's rows with the subject last, and which of them stand. */
struct tuples {
    uint32_t n;
    uint32_t *group, *place, *member; /* [n] */
    struct sh_batch batch, members;
    struct sh_str *uncertain; /* [n] */
};

/* Where the window of each tuple begins, and how many rows all of them have. */
static sh_code open_windows(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                            const struct tuples *t, const int32_t *first, uint64_t *ret_total,
                            struct sh_err *err) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const uint32_t from = w->g.begin[t->group[i]];
        uint32_t low = w->low[t->group[i]] > from ? w->low[t->group[i]] : from;
        if (low > from + t->place[i])
            low = from;
        if (!w->in_order[t->group[i]])
            low = from;
        while (w->in_order[t->group[i]] && first[i] != SH_MISSING_I32 &&
               day_of(en, rp, w, w->g.order[low]) < first[i])
            low++;
        w->low[t->group[i]] = low;
        total += from + t->place[i] - low + 1;
    }
    if (total > INT32_MAX / 8)
        return sh_fail(err, SH_E_LIMIT, "rule %.*s: the windows of one batch pass %d rows",
                       SH_ARG(rp->rule->id), INT32_MAX / 8);
    *ret_total = total;
    return SH_OK;
}

/* Where days do not rise with the order, rows between those of the window may lie before it. */
static bool is_outside(const struct sh_engine *en, const struct sh_rule_plan *rp, const struct windows *w,
                       uint32_t group, uint32_t member, int32_t first) {
    return !w->in_order[group] && first != SH_MISSING_I32 && day_of(en, rp, w, member) < first;
}

static struct sh_str uncertain_of(const struct windows *w, uint32_t member) {
    return w->m.uncertain ? w->m.uncertain[member] : (struct sh_str){0};
}

static sh_code tuples_make(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                           struct tuples *t, struct sh_err *err) {
    int32_t *rows = sh_new(en->scratch, int32_t, (size_t)t->n + 1),
            *ks = sh_new(en->scratch, int32_t, (size_t)t->n + 1);
    int32_t *first = sh_new(en->scratch, int32_t, (size_t)t->n + 1);
    uint32_t *begin = sh_new(en->scratch, uint32_t, (size_t)t->n + 1),
             *standing_begin = sh_new(en->scratch, uint32_t, (size_t)t->n + 1);
    t->uncertain = sh_new(en->scratch, struct sh_str, (size_t)t->n + 1);
    if (!rows || !ks || !first || !begin || !standing_begin || !t->uncertain)
        return out_of_room(err);
    for (uint32_t i = 0; i < t->n; i++) {
        rows[i] = w->m.row[t->member[i]];
        ks[i] = w->m.k ? w->m.k[t->member[i]] : -1;
    }
    SH_TRY(sh_batch_make(en, rp, &(const struct sh_tuple_rows){t->n, rows, w->m.k ? ks : NULL, NULL},
                         &t->batch, err));
    SH_TRY(first_days(en, rp, w, &t->batch, t->member, first, err));
    uint64_t total = 0;
    SH_TRY(open_windows(en, rp, w, t, first, &total, err));
    int32_t *mrows = sh_new(en->scratch, int32_t, total + 1), *mks = sh_new(en->scratch, int32_t, total + 1);
    uint32_t *standing = sh_new(en->scratch, uint32_t, total + 1);
    if (!mrows || !mks || !standing)
        return out_of_room(err);
    uint32_t n = 0, n_standing = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        const uint32_t from = w->g.begin[t->group[i]], subject = from + t->place[i];
        begin[i] = n, standing_begin[i] = n_standing;
        for (uint32_t at = w->low[t->group[i]]; at <= subject; at++) {
            const uint32_t member = w->g.order[at];
            if (is_outside(en, rp, w, t->group[i], member, first[i]))
                continue;
            if (t->uncertain[i].len == 0)
                t->uncertain[i] = uncertain_of(w, member);
            if (at < subject && w->stands[member])
                standing[n_standing++] = n;
            mrows[n] = w->m.row[member];
            mks[n++] = w->m.k ? w->m.k[member] : -1;
        }
        if (first[i] == SH_MISSING_I32)
            t->uncertain[i] = SH_STR("k.past");
    }
    begin[t->n] = n, standing_begin[t->n] = n_standing;
    SH_TRY(sh_batch_make(en, rp, &(const struct sh_tuple_rows){n, mrows, w->m.k ? mks : NULL, NULL},
                         &t->members, err));
    t->batch.members = &t->members;
    t->batch.member_begin = begin;
    t->batch.standing_members = standing;
    t->batch.standing_begin = standing_begin;
    return SH_OK;
}

static sh_code judge_round(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                           struct tuples *t, struct sh_err *err) {
    SH_TRY(tuples_make(en, rp, w, t, err));
    struct sh_verdict *verdicts = sh_new(en->scratch, struct sh_verdict, (size_t)t->n + 1);
    if (!verdicts)
        return out_of_room(err);
    for (uint32_t i = 0; i < t->n; i++)
        if (t->uncertain[i].len > 0)
            verdicts[i] = (struct sh_verdict){.answer = SH_ANSWER_NOT_EVALUATED, .field = t->uncertain[i]};
    SH_TRY(sh_judge(en, rp, &t->batch, verdicts, err));
    for (uint32_t i = 0; i < t->n; i++) {
        const uint32_t member = t->member[i];
        w->verdicts[member] = verdicts[i];
        w->judged[member] = 1;
        w->stands[member] = verdicts[i].answer != SH_ANSWER_HIT;
        if (verdicts[i].answer == SH_ANSWER_NOT_EVALUATED && verdicts[i].field.len > 0)
            w->verdicts[member].field = sh_keep_str(en, verdicts[i].field);
    }
    return SH_OK;
}

static sh_code judge_groups(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                            uint32_t from, uint32_t to, struct sh_err *err) {
    for (uint32_t round = 0;; round++) {
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct tuples t = {.group = sh_new(en->scratch, uint32_t, (size_t)(to - from) + 1),
                           .place = sh_new(en->scratch, uint32_t, (size_t)(to - from) + 1),
                           .member = sh_new(en->scratch, uint32_t, (size_t)(to - from) + 1)};
        if (!t.group || !t.place || !t.member)
            return out_of_room(err);
        bool more = false;
        for (uint32_t g = from; g < to; g++) {
            if (w->g.begin[g] + round >= w->g.begin[g + 1])
                continue;
            more = true;
            const uint32_t member = w->g.order[w->g.begin[g] + round];
            w->stands[member] = 1; /* a row before the norm is not judged, but it stands */
            if (!sh_binds(en, rp, w->m.row[member], w->m.k ? w->m.k[member] : -1))
                continue;
            t.group[t.n] = g, t.place[t.n] = round, t.member[t.n++] = member;
        }
        if (t.n > 0)
            SH_TRY(judge_round(en, rp, w, &t, err));
        sh_arena_rewind(en->scratch, at);
        if (!more)
            return SH_OK;
    }
}

/* With several rows in force a line must break each of them; the first of them tells. */
static void fold_alternatives(struct windows *w) {
    for (uint32_t i = 0, end; i < w->m.n; i = end) {
        for (end = i + 1; end < w->m.n && w->m.row[end] == w->m.row[i];)
            end++;
        for (uint32_t a = i; a < end; a++)
            for (uint32_t b = i; b < end; b++) {
                if (a == b || !w->judged[a] || !w->judged[b] ||
                    w->keys[w->n_keys - 1][a] != w->keys[w->n_keys - 1][b])
                    continue;
                if (w->verdicts[a].answer == SH_ANSWER_HIT &&
                    (w->verdicts[b].answer != SH_ANSWER_HIT || b < a))
                    w->judged[a] = 2; /* told by another */
            }
    }
}

/* What a window rule says of the money is said of each row that does not stand; a run is the sum of its rows,
 * and unknown when that of one row is. */
static sh_code price_run(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                         uint32_t group, uint32_t from, struct sh_draft *d, struct sh_err *err) {
    int64_t *fen = sh_new(en->scratch, int64_t, d->n_blamed + 1);
    if (!fen)
        return out_of_room(err);
    struct sh_str unknown = SH_STR("");
    d->blamed_fen = fen;
    d->amount_given = true;
    for (size_t i = 0; i < d->n_blamed && d->amount_given; i++) {
        uint32_t place = from + (uint32_t)i, member = w->g.order[w->g.begin[group] + place];
        struct tuples t = {.n = 1, .group = &group, .place = &place, .member = &member};
        w->low[group] = 0;
        SH_TRY(tuples_make(en, rp, w, &t, err));
        const struct sh_draft row = {.rp = rp,
                                     .batch = &t.batch,
                                     .k = d->k,
                                     .verdict = d->verdict,
                                     .subject = d->blamed[i],
                                     .blamed = &d->blamed[i],
                                     .n_blamed = 1};
        SH_TRY(sh_amount(en, &row, &d->amount_given, &fen[i], &unknown, err));
        if (d->amount_given && __builtin_add_overflow(d->amount_fen, fen[i], &d->amount_fen))
            return sh_fail(err, SH_E_OVERFLOW, "the amounts of a window's rows leave the range of fen");
    }
    if (!d->amount_given) {
        d->blamed_fen = NULL;
        d->amount_unknown = unknown;
    }
    return SH_OK;
}

static sh_code emit_run(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                        uint32_t group, uint32_t from, uint32_t to, struct sh_err *err) {
    const struct sh_arena_mark at = sh_arena_mark(en->scratch);
    const uint32_t begin = w->g.begin[group], first = w->g.order[begin + from];
    struct tuples t = {.n = 1, .group = &group, .place = &from, .member = (uint32_t[]){first}};
    w->low[group] = 0;
    SH_TRY(tuples_make(en, rp, w, &t, err));
    int32_t *blamed = sh_new(en->scratch, int32_t, (size_t)(to - from) + 1);
    int32_t *involved = sh_new(en->scratch, int32_t, (size_t)t.members.n + 1);
    if (!blamed || !involved)
        return out_of_room(err);
    struct sh_verdict v = w->verdicts[first];
    struct sh_draft d = {.rp = rp,
                         .batch = &t.batch,
                         .tuple = 0,
                         .k = w->m.k ? w->m.k[first] : -1,
                         .verdict = &v,
                         .subject = w->m.row[first],
                         .blamed = blamed,
                         .involved = involved};
    for (uint32_t i = from; i < to; i++) {
        const struct sh_verdict *one = &w->verdicts[w->g.order[begin + i]];
        blamed[d.n_blamed++] = w->m.row[w->g.order[begin + i]];
        if (one->doubted && !v.doubted)
            v.doubted = true, v.doubt = one->doubt;
    }
    for (uint32_t i = 0; i < t.batch.standing_begin[1]; i++)
        involved[d.n_involved++] = t.members.rows[rp->rule->subject][t.batch.standing_members[i]];
    SH_TRY(sh_group_key(en, rp, w->keys, first, d.k, &d.key, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0};
    sh_buf_add_str(&key, d.key);
    sh_buf_add_char(&key, '|');
    SH_TRY(sh_key_of_row(en, rp->rule->table, w->m.row[first], &key, err));
    d.key = sh_keep_str(en, sh_buf_view(&key));
    if (rp->rule->amount != SH_AMOUNT_COVERED && rp->rule->amount != SH_AMOUNT_ZERO)
        SH_TRY(price_run(en, rp, w, group, from, &d, err));
    SH_TRY(sh_finding_add(en, &d, err));
    sh_arena_rewind(en->scratch, at);
    return SH_OK;
}

static sh_code tell(struct sh_engine *en, const struct sh_rule_plan *rp, struct windows *w,
                    struct sh_err *err) {
    for (uint32_t g = 0; g < w->g.n; g++) {
        const uint32_t begin = w->g.begin[g], n = w->g.begin[g + 1] - begin;
        for (uint32_t i = 0, end; i < n; i = end) {
            const uint32_t member = w->g.order[begin + i];
            end = i + 1;
            if (w->judged[member] != 1)
                continue;
            SH_TRY(sh_count(en, rp, &w->verdicts[member], &w->m.row[member], 1, err));
            if (w->verdicts[member].answer != SH_ANSWER_HIT)
                continue;
            for (; end < n; end++) {
                const uint32_t next = w->g.order[begin + end];
                if (w->judged[next] != 1 || w->verdicts[next].answer != SH_ANSWER_HIT)
                    break;
                SH_TRY(sh_count(en, rp, &w->verdicts[next], &w->m.row[next], 1, err));
            }
            SH_TRY(emit_run(en, rp, w, g, i, end, err));
        }
    }
    return SH_OK;
}

sh_code sh_run_windows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    struct windows w = {0};
    SH_TRY(make_windows(en, rp, &w, err));
    for (uint32_t from = 0; from < w.g.n; from += GROUPS_AT_ONCE)
        SH_TRY(judge_groups(en, rp, &w, from, w.g.n - from < GROUPS_AT_ONCE ? w.g.n : from + GROUPS_AT_ONCE,
                            err));
    if (rp->has_alternatives && w.m.k)
        fold_alternatives(&w);
    return tell(en, rp, &w, err);
}
