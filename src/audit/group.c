/* Shape group: rows put together by keys; the row of knowledge is part of the key, rows of one point are
 * alternatives. */
#include "audit/lacking.h"
#include "audit/singles.h"
#include "base/date.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for groups");
}

/* All a rule's groups of one chunk. */
struct groups {
    struct sh_members m;
    int64_t **keys;
    size_t n_keys;
    int64_t *course; /* NULL: the rule has no course */
    struct sh_str *fields;
    struct sh_grouping g;
};

static sh_code count_left_out(struct sh_engine *en, const struct sh_rule_plan *rp, const struct groups *gs,
                              struct sh_err *err) {
    for (uint32_t i = 0; i < gs->m.n; i++) {
        if (gs->fields[i].len == 0)
            continue;
        const struct sh_verdict v = {.answer = SH_ANSWER_NOT_EVALUATED, .field = gs->fields[i]};
        for (const struct sh_rule_plan *one = rp; one; one = one->next)
            SH_TRY(sh_count(en, one, &v, &gs->m.row[i], 1, err));
    }
    return SH_OK;
}

static int course_key(const struct sh_rule *r) {
    for (size_t k = 0; k < r->n_keys; k++)
        if (r->keys[k].kind == SH_RULE_KEY_COURSE)
            return (int)k;
    return -1;
}

static sh_code split_courses(struct sh_engine *en, const struct sh_rule_plan *rp, struct groups *gs,
                             struct sh_err *err) {
    const int key = course_key(rp->rule);
    if (key < 0)
        return SH_OK;
    gs->course = gs->keys[key];
    SH_TRY(sh_courses_find(en, rp, &gs->m, &gs->g, gs->course, gs->fields, err));
    bool lost = false;
    for (uint32_t i = 0; i < gs->m.n; i++)
        lost |= gs->fields[i].len > 0;
    if (lost) { /* again without the rows whose course is not known */
        SH_TRY(sh_group_by(en, gs->m.n, gs->keys, gs->n_keys, gs->fields, &gs->g, err));
        if (gs->m.k && rp->has_alternatives) {
            int64_t *rows = sh_new(en->work, int64_t, (size_t)gs->m.n + 1);
            if (!rows)
                return out_of_room(err);
            for (uint32_t i = 0; i < gs->m.n; i++)
                rows[i] = gs->m.k[i];
            SH_TRY(sh_group_split(en, rows, &gs->g, err));
        }
    }
    return sh_group_split(en, gs->course, &gs->g, err);
}

static sh_code members_make(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *ret,
                            struct sh_err *err) {
    if (!rp->singles || en->tl.carried)
        return sh_members_collect(en, rp, false, false, ret, err);
    struct sh_members there, others;
    SH_TRY(sh_lines_there(en, rp->rule->lines == SH_LINES_PAID, &there, err));
    SH_TRY(sh_singles_set_aside(en, rp, &there, &others, err));
    return sh_members_of(en, rp, false, &others, ret, err);
}

static sh_code make_groups(struct sh_engine *en, const struct sh_rule_plan *rp, struct groups *gs,
                           struct sh_err *err) {
    SH_TRY(members_make(en, rp, &gs->m, err));
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        sh_count_not_concerned(en, one, &gs->m);
    gs->fields = sh_new(en->work, struct sh_str, (size_t)gs->m.n + 1);
    if (!gs->fields)
        return out_of_room(err);
    SH_TRY(sh_keys_eval(en, rp, &gs->m, &gs->keys, &gs->n_keys, gs->fields, err));
    SH_TRY(sh_group_by(en, gs->m.n, gs->keys, gs->n_keys, gs->fields, &gs->g, err));
    if (gs->m.k && rp->has_alternatives) {
        int64_t *rows = sh_new(en->work, int64_t, (size_t)gs->m.n + 1);
        if (!rows)
            return out_of_room(err);
        for (uint32_t i = 0; i < gs->m.n; i++)
            rows[i] = gs->m.k[i];
        SH_TRY(sh_group_split(en, rows, &gs->g, err));
    }
    SH_TRY(split_courses(en, rp, gs, err));
    return count_left_out(en, rp, gs, err);
}

/* ---- one block of groups ------------------------------------------------------------------------ */

struct block {
    const struct groups *gs;
    uint32_t from, n;      /* groups */
    uint32_t first_member; /* place of the block's first member in the order */
    int32_t *rows, *k;     /* of the members */
    struct sh_batch batch, members;
    struct sh_verdict *verdicts;
    int64_t *fen; /* covered of each group */
};

static sh_code block_make(struct sh_engine *en, const struct sh_rule_plan *rp, struct block *b,
                          struct sh_err *err) {
    const struct groups *gs = b->gs;
    const uint32_t *begin = gs->g.begin + b->from;
    b->first_member = begin[0];
    const uint32_t total = begin[b->n] - begin[0];
    b->rows = sh_new_raw(en->scratch, int32_t, (size_t)total + 1);
    b->k = gs->m.k ? sh_new_raw(en->scratch, int32_t, (size_t)total + 1) : NULL;
    uint32_t *first = sh_new_raw(en->scratch, uint32_t, (size_t)b->n + 1),
             *at = sh_new_raw(en->scratch, uint32_t, (size_t)b->n + 1);
    b->verdicts = sh_new(en->scratch, struct sh_verdict, (size_t)b->n + 1);
    b->fen = sh_new_raw(en->scratch, int64_t, (size_t)b->n + 1);
    if (!b->rows || (gs->m.k && !b->k) || !first || !at || !b->verdicts || !b->fen)
        return out_of_room(err);
    for (uint32_t g = 0; g < b->n; g++) {
        first[g] = at[g] = begin[g] - begin[0];
        for (uint32_t i = begin[g]; i < begin[g + 1]; i++) {
            const uint32_t member = gs->g.order[i];
            b->rows[i - begin[0]] = gs->m.row[member];
            if (b->k)
                b->k[i - begin[0]] = gs->m.k[member];
            if (gs->m.uncertain && gs->m.uncertain[member].len > 0)
                b->verdicts[g] =
                    (struct sh_verdict){.answer = SH_ANSWER_NOT_EVALUATED, .field = gs->m.uncertain[member]};
        }
        b->fen[g] = sh_fen_of(en, rp->rule->table, b->rows + at[g], begin[g + 1] - begin[g]);
    }
    at[b->n] = total;
    SH_TRY(
        sh_batch_make(en, rp, &(const struct sh_tuple_rows){total, b->rows, b->k, NULL}, &b->members, err));
    SH_TRY(sh_batch_pick(en, rp, &b->members, first, b->n, &b->batch, err));
    b->batch.members = &b->members;
    b->batch.member_begin = at;
    return SH_OK;
}

static sh_code draft_group(struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b,
                           uint32_t g, struct sh_draft *ret, struct sh_err *err) {
    const uint32_t from = b->batch.member_begin[g], n = b->batch.member_begin[g + 1] - from;
    *ret = (struct sh_draft){.rp = rp,
                             .batch = &b->batch,
                             .tuple = g,
                             .k = b->k ? b->k[from] : -1,
                             .verdict = &b->verdicts[g],
                             .subject = b->rows[from],
                             .blamed = b->rows + from,
                             .n_blamed = n};
    if (!rp->rule->blame)
        return SH_OK;
    int64_t *holds = sh_new(en->scratch, int64_t, (size_t)n + 1);
    uint32_t *pick = sh_new(en->scratch, uint32_t, (size_t)n + 1);
    int32_t *blamed = sh_new(en->scratch, int32_t, (size_t)n + 1),
            *involved = sh_new(en->scratch, int32_t, (size_t)n + 1);
    if (!holds || !pick || !blamed || !involved)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++)
        pick[i] = from + i;
    struct sh_batch members;
    SH_TRY(sh_batch_pick(en, rp, &b->members, pick, n, &members, err));
    const struct sh_eval eval = sh_engine_eval(en);
    SH_TRY(sh_expr_eval(rp->rule->blame, &eval, &members, holds, err));
    ret->n_blamed = 0;
    for (uint32_t i = 0; i < n; i++)
        if (holds[i] == 1)
            blamed[ret->n_blamed++] = b->rows[from + i];
        else
            involved[ret->n_involved++] = b->rows[from + i];
    ret->blamed = blamed;
    ret->involved = involved;
    return SH_OK;
}

/* A limit that changed within the group's time splits it: the later part says from when its row holds. */
static bool is_later_part(const struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b,
                          uint32_t g) {
    const struct groups *gs = b->gs;
    if (!rp->has_alternatives)
        return false;
    const struct sh_knowledge_row *rows = en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows;
    const int32_t k = b->k[b->batch.member_begin[g]];
    for (uint32_t h = 0; h < b->n; h++) {
        if (h == g || gs->g.super[b->from + g] != gs->g.super[b->from + h])
            continue;
        if (gs->course && gs->course[gs->g.order[gs->g.begin[b->from + g]]] !=
                              gs->course[gs->g.order[gs->g.begin[b->from + h]]])
            continue;
        if (rows[b->k[b->batch.member_begin[h]]].to <= rows[k].from)
            return true;
    }
    return false;
}

static sh_code emit(struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b, uint32_t g,
                    struct sh_err *err) {
    struct sh_draft d;
    SH_TRY(draft_group(en, rp, b, g, &d, err));
    SH_TRY(sh_group_key(en, rp, b->gs->keys, b->gs->g.order[b->gs->g.begin[b->from + g]], d.k, &d.key, err));
    if (is_later_part(en, rp, b, g)) {
        char day[SH_DATE_TEXT_MAX];
        (void)sh_date_format(en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows[d.k].from, day);
        size_t len;
        const char *key = sh_arena_printf(en->keep, &len, "%.*s@%s", SH_ARG(d.key), day);
        if (!key)
            return out_of_room(err);
        d.key = (struct sh_str){key, len};
    }
    return sh_finding_add(en, &d, err);
}

/* ---- alternatives ------------------------------------------------------------------------------- */

static const struct sh_knowledge_row *row_of(const struct sh_engine *en, const struct sh_rule_plan *rp,
                                             const struct block *b, uint32_t g) {
    return &en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows[b->k[b->batch.member_begin[g]]];
}

static bool are_alternatives(const struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b,
                             uint32_t g, uint32_t h) {
    if (g == h)
        return true;
    const struct groups *gs = b->gs;
    if (gs->g.super[b->from + g] != gs->g.super[b->from + h])
        return false;
    const struct sh_knowledge_row *x = row_of(en, rp, b, g), *y = row_of(en, rp, b, h);
    if (x == y || x->from >= y->to || y->from >= x->to)
        return false;
    return !gs->course || gs->course[gs->g.order[gs->g.begin[b->from + g]]] ==
                              gs->course[gs->g.order[gs->g.begin[b->from + h]]];
}

static sh_code amount_of(struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b,
                         uint32_t g, int64_t *ret, struct sh_err *err) {
    struct sh_draft d;
    bool known;
    struct sh_str field;
    SH_TRY(draft_group(en, rp, b, g, &d, err));
    SH_TRY(sh_amount(en, &d, &known, ret, &field, err));
    if (!known)
        *ret = INT64_MAX;
    return SH_OK;
}

/* Alternatives settled together: the first clear and the first missing one, and of those that hit the one
 * that asks for least; UINT32_MAX none. */
struct settled {
    uint32_t chosen, clear, missing;
    int64_t least;
};

static sh_code weigh(struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b, uint32_t h,
                     struct settled *s, struct sh_err *err) {
    const enum sh_answer answer = b->verdicts[h].answer;
    if (answer == SH_ANSWER_NOT_EVALUATED) {
        s->missing = s->missing == UINT32_MAX ? h : s->missing;
    } else if (answer != SH_ANSWER_HIT) {
        s->clear = s->clear == UINT32_MAX ? h : s->clear;
    } else {
        int64_t fen;
        SH_TRY(amount_of(en, rp, b, h, &fen, err));
        if (s->chosen == UINT32_MAX || fen < s->least)
            s->chosen = h, s->least = fen;
    }
    return SH_OK;
}

static sh_code tell(struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b, bool forbid,
                    const struct settled *s, struct sh_err *err) {
    const bool hit =
        s->chosen != UINT32_MAX && (forbid || (s->clear == UINT32_MAX && s->missing == UINT32_MAX));
    uint32_t told = s->chosen;
    if (!hit && forbid)
        told = s->missing != UINT32_MAX ? s->missing : s->clear;
    else if (!hit)
        told = s->clear != UINT32_MAX ? s->clear : s->missing;
    const uint32_t at = b->batch.member_begin[told];
    SH_TRY(sh_count(en, rp, &b->verdicts[told], b->rows + at, b->batch.member_begin[told + 1] - at, err));
    return hit ? emit(en, rp, b, told, err) : SH_OK;
}

/* Groups of one super-group: [from, to) of the block. Each is settled with the alternatives in force beside
 * it. */
static sh_code fold(struct sh_engine *en, const struct sh_rule_plan *rp, const struct block *b, uint32_t from,
                    uint32_t to, struct sh_err *err) {
    const bool forbid = en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows_kind == SH_ROWS_FORBID;
    uint8_t *done = sh_new(en->scratch, uint8_t, (size_t)(to - from) + 1);
    if (!done)
        return out_of_room(err);
    for (uint32_t g = from; g < to; g++) {
        if (done[g - from])
            continue;
        struct settled s = {UINT32_MAX, UINT32_MAX, UINT32_MAX, INT64_MAX};
        for (uint32_t h = g; h < to; h++) {
            if (done[h - from] || !are_alternatives(en, rp, b, g, h))
                continue;
            done[h - from] = 1;
            SH_TRY(weigh(en, rp, b, h, &s, err));
        }
        SH_TRY(tell(en, rp, b, forbid, &s, err));
    }
    return SH_OK;
}

/* What one rule says of the groups of a block; those about which something is uncertain are marked. */
static sh_code judge_block(struct sh_engine *en, const struct sh_rule_plan *rp, struct block *b,
                           struct sh_err *err) {
    struct sh_answer_count clear = {0};
    SH_TRY(sh_judge(en, rp, &b->batch, b->verdicts, err));
    for (uint32_t g = 0, end; g < b->n; g = end) {
        for (end = g + 1; rp->has_alternatives && end < b->n &&
                          b->gs->g.super[b->from + g] == b->gs->g.super[b->from + end];)
            end++;
        if (end - g > 1) {
            SH_TRY(fold(en, rp, b, g, end, err));
            continue;
        }
        const struct sh_verdict *v = &b->verdicts[g];
        const uint32_t lines = b->batch.member_begin[g + 1] - b->batch.member_begin[g];
        if (v->answer == SH_ANSWER_CLEAR) {
            clear.subjects++, clear.lines += lines;
            (void)!__builtin_add_overflow(clear.fen, b->fen[g], &clear.fen);
            continue;
        }
        SH_TRY(sh_answer_add(en->answers, rp->index, v->answer, v->field, lines, b->fen[g], err));
        if (v->answer == SH_ANSWER_NOT_EVALUATED)
            SH_TRY(sh_lacking_rows(en, rp, v->field, rp->rule->table, b->rows + b->batch.member_begin[g],
                                   lines, err));
        if (v->answer == SH_ANSWER_HIT)
            SH_TRY(emit(en, rp, b, g, err));
    }
    return sh_answer_add_many(en->answers, rp->index, SH_ANSWER_CLEAR, (struct sh_str){0}, &clear, err);
}

/* A block of groups through the rule and those it leads. */
static sh_code run_block(struct sh_engine *en, const struct sh_rule_plan *rp, struct block *b,
                         struct sh_err *err) {
    struct sh_shared_values shared = {0};
    SH_TRY(block_make(en, rp, b, err));
    if (rp->n_shared > 0)
        SH_TRY(sh_shared_values_make(en->scratch, rp->n_shared, b->n, &shared, err));
    shared.batch = &b->batch;
    en->shared = rp->n_shared > 0 ? &shared : NULL;
    struct sh_verdict *marked = b->verdicts;
    sh_code code = SH_OK;
    for (const struct sh_rule_plan *one = rp; one && code == SH_OK; one = one->next) {
        en->judging = one;
        b->verdicts = one->next ? sh_new_raw(en->scratch, struct sh_verdict, (size_t)b->n + 1) : marked;
        if (!b->verdicts)
            code = out_of_room(err);
        else if (one->next)
            memcpy(b->verdicts, marked, b->n * sizeof(*marked));
        if (code == SH_OK)
            code = judge_block(en, one, b, err);
    }
    en->shared = NULL;
    return code;
}

/* Groups too small to hit are clear without being looked at; the rest move together. */
static void set_small_aside(struct sh_engine *en, const struct sh_rule_plan *rp, struct groups *gs) {
    if (rp->min_members < 2 || gs->m.uncertain)
        return;
    struct sh_grouping *g = &gs->g;
    struct sh_answer_count clear = {0};
    uint32_t n = 0, at = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        const uint32_t from = g->begin[i], to = g->begin[i + 1];
        if (to - from < rp->min_members) {
            for (uint32_t m = from; m < to; m++) {
                const int64_t covered = sh_covered_of(&en->tl, rp->rule->table, gs->m.row[g->order[m]]);
                (void)!__builtin_add_overflow(clear.fen, covered == SH_MISSING ? 0 : covered, &clear.fen);
            }
            clear.subjects++, clear.lines += to - from;
            continue;
        }
        memmove(g->order + at, g->order + from, (size_t)(to - from) * sizeof(uint32_t));
        g->super[n] = g->super[i];
        g->begin[n++] = at; /* begins only move down, and those still to be read lie ahead */
        at += to - from;
    }
    g->n = n;
    g->begin[n] = at;
    for (const struct sh_rule_plan *one = rp; one; one = one->next) {
        struct sh_answer_count *count = &en->answers->rules[one->index].of[SH_ANSWER_CLEAR];
        count->subjects += clear.subjects, count->lines += clear.lines;
        (void)!__builtin_add_overflow(count->fen, clear.fen, &count->fen);
    }
}

sh_code sh_run_groups(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    struct groups gs = {0};
    SH_TRY(make_groups(en, rp, &gs, err));
    set_small_aside(en, rp, &gs);
    const struct sh_grouping *g = &gs.g;
    for (uint32_t from = 0, to; from < g->n; from = to) {
        for (to = from + 1; to < g->n; to++)
            if (g->super[to] != g->super[to - 1] && g->begin[to + 1] - g->begin[from] > SH_BLOCK)
                break;
        struct block b = {.gs = &gs, .from = from, .n = to - from};
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(run_block(en, rp, &b, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}
