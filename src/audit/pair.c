/* Shape pair: rows a and b that may not stand together. One finding a blamed row, with all that speak against
 * it. */
#include "audit/pair.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for pairs");
}

static void pairs_free(struct sh_pairs *p) {
    sh_free(p->at);
}

/* Both sides in one list, so that their keys are numbered alike. */
struct sides {
    struct sh_members m; /* a first, then b */
    uint32_t n_a;
    struct sh_str *fields;
    struct sh_grouping g;
    bool symmetric;
};

/* The same answer of the rule and of those it leads. */
static sh_code count_b(struct sh_engine *en, const struct sh_rule_plan *rp, enum sh_answer answer,
                       struct sh_str field, int32_t row, struct sh_err *err) {
    const struct sh_verdict v = {.answer = answer, .field = field};
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        SH_TRY(sh_count(en, one, &v, &row, 1, err));
    return SH_OK;
}

static sh_code join_sides(struct sh_engine *en, const struct sh_rule_plan *rp, struct sides *s,
                          struct sh_err *err) {
    struct sh_members a, b;
    s->symmetric = rp->collector < 0 && rp->rule->n_uses == 0;
    SH_TRY(sh_members_collect(en, rp, true, false, &a, err));
    SH_TRY(sh_members_collect(en, rp, false, true, &b, err));
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        sh_count_not_concerned(en, one, &b);
    const size_t n = (size_t)a.n + b.n + 1;
    s->n_a = a.n;
    int32_t *row = sh_new(en->work, int32_t, n), *k = a.k ? sh_new(en->work, int32_t, n) : NULL;
    s->m = (struct sh_members){
        .n = a.n + b.n, .row = row, .k = k, .uncertain = sh_new(en->work, struct sh_str, n)};
    s->fields = sh_new(en->work, struct sh_str, n);
    if (!row || (a.k && !k) || !s->m.uncertain || !s->fields)
        return out_of_room(err);
    for (uint32_t i = 0; i < s->m.n; i++) {
        const struct sh_members *from = i < a.n ? &a : &b;
        const uint32_t at = i < a.n ? i : i - a.n;
        row[i] = from->row[at];
        if (k)
            k[i] = from->k[at];
        if (from == &b && b.uncertain)
            s->m.uncertain[i] = b.uncertain[at];
    }
    int64_t **keys;
    size_t n_keys;
    SH_TRY(sh_keys_eval(en, rp, &s->m, &keys, &n_keys, s->fields, err));
    if (s->m.k) /* both sides by the same row of knowledge */
        for (uint32_t i = 0; i < s->m.n; i++)
            keys[n_keys - 1][i] = s->m.k[i];
    for (uint32_t i = s->n_a; i < s->m.n; i++) {
        if (s->fields[i].len == 0)
            s->fields[i] = s->m.uncertain[i];
        if (s->fields[i].len > 0)
            SH_TRY(count_b(en, rp, SH_ANSWER_NOT_EVALUATED, s->fields[i], s->m.row[i], err));
    }
    return sh_group_by(en, s->m.n, keys, n_keys, s->fields, &s->g, err);
}

static sh_code scope_of(struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row, int32_t k,
                        enum sh_expr_scope *ret, struct sh_err *err) {
    *ret = rp->rule->within;
    if (!rp->rule->within_expr)
        return SH_OK;
    struct sh_batch batch;
    int64_t value;
    SH_TRY(sh_batch_make(en, rp, &(const struct sh_tuple_rows){1, &row, &k, NULL}, &batch, err));
    const struct sh_eval eval = sh_engine_eval(en);
    SH_TRY(sh_expr_eval(rp->rule->within_expr, &eval, &batch, &value, err));
    *ret = value == SH_MISSING ? SH_SCOPE_NONE : (enum sh_expr_scope)value;
    return SH_OK;
}

/* Pairs of one group; b rows that meet nothing are clear. */
static sh_code pair_up(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sides *s,
                       uint32_t group, struct sh_pairs *pairs, struct sh_answer_count *clear,
                       struct sh_err *err) {
    const uint32_t *members = s->g.order + s->g.begin[group], n = s->g.begin[group + 1] - s->g.begin[group];
    int32_t *rows = sh_new(en->scratch, int32_t, (size_t)n + 1);
    if (!rows)
        return out_of_room(err);
    uint32_t n_a = 0;
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = s->m.row[members[i]];
        n_a += members[i] < s->n_a;
    }
    struct sh_pair_group g = {.rp = rp,
                              .a = rows,
                              .n_a = n_a,
                              .b = rows + n_a,
                              .n_b = n - n_a,
                              .k = s->m.k ? s->m.k[members[0]] : -1,
                              .symmetric = s->symmetric};
    const size_t from = pairs->n;
    bool too_long = false;
    if (g.n_a > 0 && g.n_b > 0) {
        SH_TRY(scope_of(en, rp, rows[0], g.k, &g.within, err));
        if (g.within == SH_SCOPE_HOUR && rp->rule->table == SH_TABLE_LINE)
            SH_TRY(sh_pairs_of_hours(en, &g, pairs, err));
        else
            SH_TRY(sh_pairs_meet(en, &g, pairs, &too_long, err));
    }
    size_t at = from;
    for (uint32_t i = 0; i < g.n_b; i++) {
        const bool paired = at < pairs->n && pairs->at[at].b == g.b[i];
        while (at < pairs->n && pairs->at[at].b == g.b[i])
            at++;
        if (too_long)
            SH_TRY(count_b(en, rp, SH_ANSWER_NOT_EVALUATED, SH_STR("timeline too long"), g.b[i], err));
        if (too_long || paired)
            continue;
        clear->subjects++, clear->lines++;
        (void)!__builtin_add_overflow(clear->fen, sh_fen_of(en, rp->rule->table, &g.b[i], 1), &clear->fen);
    }
    return SH_OK;
}

/* ---- judging ------------------------------------------------------------------------------------ */

struct judged {
    const struct sh_pair *pairs;
    uint32_t n;
    struct sh_batch batch;
    struct sh_verdict *verdicts;
    uint8_t *apart; /* a condition says the two are no pair */
    int32_t *blamed;
};

static sh_code conditions(struct sh_engine *en, const struct sh_rule_plan *rp, struct judged *j,
                          struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    int64_t *holds = sh_new(en->scratch, int64_t, (size_t)j->n + 1);
    if (!holds)
        return out_of_room(err);
    const struct sh_eval eval = sh_engine_eval(en);
    const size_t n_keys = r->n_uses > 0 && r->knowledge >= 0 ? r->uses[0].n_keys : 0;
    for (size_t c = 0; c < n_keys + (r->where != NULL); c++) {
        const struct sh_expr *e = c < n_keys ? r->uses[0].keys[c] : r->where;
        SH_TRY(sh_expr_eval(e, &eval, &j->batch, holds, err));
        for (uint32_t i = 0; i < j->n; i++) {
            j->apart[i] |= holds[i] == 0;
            if (holds[i] != SH_MISSING || j->verdicts[i].answer == SH_ANSWER_NOT_EVALUATED)
                continue;
            struct sh_str field;
            SH_TRY(sh_expr_missing(e, &eval, &j->batch, i, &field, err));
            j->verdicts[i] =
                (struct sh_verdict){.answer = SH_ANSWER_NOT_EVALUATED, .field = sh_keep_str(en, field)};
        }
    }
    return SH_OK;
}

/* The cheaper of the two; on a tie the later; the later too where one is not known (the amount is unknown
 * then). */
static int32_t cheaper(const struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_pair *p) {
    const int64_t a = sh_covered_of(&en->tl, rp->rule->table, p->a),
                  b = sh_covered_of(&en->tl, rp->rule->table, p->b);
    return a != SH_MISSING && b != SH_MISSING && a < b ? p->a : p->b;
}

static sh_code judge(struct sh_engine *en, const struct sh_rule_plan *rp, struct judged *j,
                     struct sh_err *err) {
    int32_t *a = sh_new(en->scratch, int32_t, (size_t)j->n + 1),
            *b = sh_new(en->scratch, int32_t, (size_t)j->n + 1);
    int32_t *k = sh_new(en->scratch, int32_t, (size_t)j->n + 1);
    j->verdicts = sh_new(en->scratch, struct sh_verdict, (size_t)j->n + 1);
    j->apart = sh_new(en->scratch, uint8_t, (size_t)j->n + 1);
    j->blamed = sh_new(en->scratch, int32_t, (size_t)j->n + 1);
    if (!a || !b || !k || !j->verdicts || !j->apart || !j->blamed)
        return out_of_room(err);
    for (uint32_t i = 0; i < j->n; i++) {
        a[i] = j->pairs[i].a, b[i] = j->pairs[i].b, k[i] = j->pairs[i].k;
        j->blamed[i] = rp->rule->amount == SH_AMOUNT_CHEAPER ? cheaper(en, rp, &j->pairs[i]) : b[i];
        if (j->pairs[i].inexact)
            j->verdicts[i] =
                (struct sh_verdict){.answer = SH_ANSWER_NOT_EVALUATED, .field = SH_STR("line.time_exact")};
    }
    const struct sh_tuple_rows of = {j->n, a, rp->rule->n_uses > 0 ? k : NULL, b};
    SH_TRY(sh_batch_make(en, rp, &of, &j->batch, err));
    SH_TRY(conditions(en, rp, j, err));
    return sh_judge(en, rp, &j->batch, j->verdicts, err);
}

static sh_code emit(struct sh_engine *en, const struct sh_rule_plan *rp, const struct judged *j,
                    int32_t blamed, const uint32_t *hits, size_t n_hits, struct sh_err *err) {
    int32_t *involved = sh_new(en->scratch, int32_t, n_hits + 1);
    if (!involved)
        return out_of_room(err);
    const uint32_t first = hits[0];
    struct sh_verdict v = j->verdicts[first];
    const struct sh_pair *p = &j->pairs[first];
    struct sh_draft d = {.rp = rp,
                         .batch = &j->batch,
                         .tuple = first,
                         .k = p->k,
                         .verdict = &v,
                         .subject = blamed,
                         .blamed = &blamed,
                         .n_blamed = 1,
                         .involved = involved,
                         .suspected = p->suspected};
    for (size_t i = 0; i < n_hits; i++) {
        const struct sh_pair *q = &j->pairs[hits[i]];
        const int32_t other = q->a == blamed ? q->b : q->a;
        bool seen = false;
        for (size_t s = 0; s < d.n_involved; s++)
            seen |= involved[s] == other;
        if (!seen)
            involved[d.n_involved++] = other;
        if (j->verdicts[hits[i]].doubted && !v.doubted)
            v.doubted = true, v.doubt = j->verdicts[hits[i]].doubt;
    }
    const int64_t covered = sh_covered_of(&en->tl, rp->rule->table, blamed);
    if (rp->rule->amount == SH_AMOUNT_COVERED && p->has_share && covered != SH_MISSING)
        d.amount_given = sh_div_round((sh_i128)covered * p->share_num, p->share_den, &d.amount_fen) == SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0};
    SH_TRY(sh_key_of_row(en, rp->rule->table, blamed, &key, err));
    d.key = sh_keep_str(en, sh_buf_view(&key));
    return sh_finding_add(en, &d, err);
}

/* Order of pairs: blamed row, point, a, b. Sorting numbers keeps the judged arrays as they are. */
struct ordered {
    int32_t blamed, point, a, b;
    uint32_t at;
};

static int compare_ordered(const void *x, const void *y) {
    const struct ordered *a = x, *b = y;
    if (a->blamed != b->blamed)
        return a->blamed < b->blamed ? -1 : 1;
    if (a->point != b->point)
        return a->point < b->point ? -1 : 1;
    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return a->b < b->b ? -1 : a->b > b->b;
}

static sh_code settle(struct sh_engine *en, const struct sh_rule_plan *rp, const struct judged *j,
                      const struct ordered *o, uint32_t n, struct sh_err *err) {
    uint32_t *hits = sh_new(en->scratch, uint32_t, (size_t)n + 1);
    if (!hits)
        return out_of_room(err);
    size_t n_hits = 0;
    const struct sh_verdict *missing = NULL, *exempt = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const struct sh_verdict *v = &j->verdicts[o[i].at];
        if (j->apart[o[i].at])
            continue;
        if (v->answer == SH_ANSWER_HIT)
            hits[n_hits++] = o[i].at;
        else if (v->answer == SH_ANSWER_NOT_EVALUATED)
            missing = missing ? missing : v;
        else if (v->answer == SH_ANSWER_EXEMPT)
            exempt = exempt ? exempt : v;
    }
    const int32_t row = o[0].blamed;
    static const struct sh_verdict clear = {.answer = SH_ANSWER_CLEAR}, hit = {.answer = SH_ANSWER_HIT};
    const struct sh_verdict *v = n_hits > 0 ? &hit : missing ? missing : exempt ? exempt : &clear;
    const struct sh_verdict told = {.answer = v->answer, .field = v->field};
    SH_TRY(sh_count(en, rp, &told, &row, 1, err));
    return n_hits == 0 ? SH_OK : emit(en, rp, j, row, hits, n_hits, err);
}

static sh_code judge_pairs(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_pairs *pairs,
                           struct sh_err *err) {
    struct judged j = {.pairs = pairs->at, .n = (uint32_t)pairs->n};
    if (pairs->n == 0)
        return SH_OK;
    SH_TRY(judge(en, rp, &j, err));
    struct ordered *o = sh_new(en->scratch, struct ordered, pairs->n);
    if (!o)
        return out_of_room(err);
    const struct sh_knowledge *k =
        rp->rule->n_uses > 0 ? &en->plan->rules->knowledge[rp->rule->uses[0].knowledge] : NULL;
    for (uint32_t i = 0; i < j.n; i++)
        o[i] = (struct ordered){j.blamed[i], k && pairs->at[i].k >= 0 ? k->rows[pairs->at[i].k].point : -1,
                                pairs->at[i].a, pairs->at[i].b, i};
    qsort(o, j.n, sizeof(*o), compare_ordered);
    for (uint32_t i = 0, end; i < j.n; i = end) {
        for (end = i + 1; end < j.n && o[end].blamed == o[i].blamed && o[end].point == o[i].point;)
            end++;
        SH_TRY(settle(en, rp, &j, o + i, end - i, err));
    }
    return SH_OK;
}

sh_code sh_run_pairs(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    struct sides s = {0};
    SH_TRY(join_sides(en, rp, &s, err));
    /* A blamed row may meet others by several rows of one point, so all pairs of the chunk are judged
     * together. */
    SH_CLEANUP(pairs_free) struct sh_pairs pairs = {0};
    struct sh_answer_count clear = {0};
    for (uint32_t g = 0; g < s.g.n; g++) {
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(pair_up(en, rp, &s, g, &pairs, &clear, err));
        sh_arena_rewind(en->scratch, at);
    }
    for (const struct sh_rule_plan *one = rp; one; one = one->next) {
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        en->judging = one;
        SH_TRY(sh_answer_add_many(en->answers, one->index, SH_ANSWER_CLEAR, (struct sh_str){0}, &clear, err));
        SH_TRY(judge_pairs(en, one, &pairs, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}
