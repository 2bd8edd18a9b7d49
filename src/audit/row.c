/* Shape row: each candidate alone. Alternatives of one point are folded: limit and allow hit when all in
 * force hit, forbid when one does. */
#include "audit/lacking.h"
#include "audit/zones.h"
#include "base/wide.h"
#include <string.h>

static bool same_point(const struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                       uint32_t i, uint32_t j) {
    if (m->row[i] != m->row[j])
        return false;
    if (!m->k)
        return true;
    const struct sh_knowledge_row *rows = en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows;
    return rows[m->k[i]].point == rows[m->k[j]].point;
}

/* Tuples of a block with the members behind them and what was said of them, all [batch.n]. */
struct judged {
    struct sh_batch batch;
    struct sh_members m;
    struct sh_verdict *verdicts;
};

/* The draft of tuple i, still without its key. */
static struct sh_draft draft_of(const struct sh_rule_plan *rp, const struct judged *j, uint32_t i) {
    return (struct sh_draft){.rp = rp,
                             .batch = &j->batch,
                             .tuple = i,
                             .k = j->m.k ? j->m.k[i] : -1,
                             .verdict = &j->verdicts[i],
                             .subject = j->m.row[i],
                             .blamed = &j->m.row[i],
                             .n_blamed = 1};
}

static sh_code draft_row(struct sh_engine *en, const struct sh_rule_plan *rp, const struct judged *j,
                         uint32_t i, struct sh_draft *ret, struct sh_err *err) {
    *ret = draft_of(rp, j, i);
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0};
    SH_TRY(sh_key_of_row(en, rp->rule->table, ret->subject, &key, err));
    ret->key = sh_keep_str(en, sh_buf_view(&key));
    return SH_OK;
}

/* Of several rows that hit the one that asks for least stands for the point; ties: the first. */
static sh_code mildest(struct sh_engine *en, const struct sh_rule_plan *rp, const struct judged *j,
                       const uint32_t *hits, size_t n, uint32_t *ret, struct sh_err *err) {
    *ret = hits[0];
    int64_t least = INT64_MAX;
    for (size_t i = 0; n > 1 && i < n; i++) {
        const uint32_t t = hits[i];
        const struct sh_draft d = draft_of(rp, j, t);
        bool known;
        int64_t fen;
        struct sh_str field;
        SH_TRY(sh_amount(en, &d, &known, &fen, &field, err));
        if (known && fen < least)
            least = fen, *ret = t;
    }
    return SH_OK;
}

static sh_code fold(struct sh_engine *en, const struct sh_rule_plan *rp, const struct judged *j,
                    uint32_t from, uint32_t to, struct sh_err *err) {
    const struct sh_verdict *verdicts = j->verdicts;
    const bool forbid = rp->rule->n_uses > 0 && rp->rule->knowledge >= 0 &&
                        en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows_kind == SH_ROWS_FORBID;
    uint32_t n_hits = 0, other = UINT32_MAX, missing = UINT32_MAX;
    uint32_t *hits = sh_new(en->scratch, uint32_t, (size_t)(to - from) + 1);
    if (!hits)
        return sh_fail(err, SH_E_NOMEM, "no room for alternatives");
    for (uint32_t t = from; t < to; t++) {
        if (verdicts[t].answer == SH_ANSWER_HIT)
            hits[n_hits++] = t;
        else if (verdicts[t].answer == SH_ANSWER_NOT_EVALUATED)
            missing = missing == UINT32_MAX ? t : missing;
        else
            other = other == UINT32_MAX || verdicts[t].answer == SH_ANSWER_CLEAR
                        ? t
                        : other; /* clear or exempt */
    }
    uint32_t chosen;
    bool hit = false;
    if (forbid)
        hit = n_hits > 0;
    else
        hit = n_hits > 0 && other == UINT32_MAX && missing == UINT32_MAX;
    if (hit)
        SH_TRY(mildest(en, rp, j, hits, n_hits, &chosen, err));
    else if (forbid)
        chosen = missing != UINT32_MAX ? missing : other;
    else
        chosen = other != UINT32_MAX ? other : missing;
    SH_TRY(sh_count(en, rp, &verdicts[chosen], &j->m.row[chosen], 1, err));
    if (!hit)
        return SH_OK;
    struct sh_draft d;
    SH_TRY(draft_row(en, rp, j, chosen, &d, err));
    return sh_finding_add(en, &d, err);
}

SH_WIDE static void add_open(const int64_t *restrict values, uint32_t n, uint8_t *restrict open) {
    for (uint32_t i = 0; i < n; i++)
        open[i] |= values[i] != 0;
}

/* Tuples that some condition may hit, or about which something is uncertain. */
static sh_code look_for_open(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                             const struct sh_batch *batch, uint8_t *open, struct sh_err *err) {
    int64_t *values = sh_new_raw(en->scratch, int64_t, (size_t)batch->n + 1);
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t h = 0; h < rp->rule->n_hit; h++) {
        SH_TRY(sh_expr_eval(rp->rule->hit[h].expr, &eval, batch, values, err));
        add_open(values, batch->n, open);
    }
    for (uint32_t i = 0; m->uncertain && i < batch->n; i++)
        open[i] |= m->uncertain[i].len > 0;
    return SH_OK;
}

SH_WIDE static uint64_t sum_known(const int64_t *restrict fen, uint32_t n) {
    uint64_t sum = 0; /* what goes over wraps */
    for (uint32_t i = 0; i < n; i++)
        sum += fen[i] == SH_MISSING ? 0 : (uint64_t)fen[i];
    return sum;
}

/* What the lines of a block come to; those whose money is not known count for nothing. */
static int64_t fen_of_lines(const int64_t *covered, const struct sh_members *m, uint32_t n) {
    const int32_t *rows = m->row;
    if (n > 0 && !m->k && rows[n - 1] - rows[0] == (int32_t)n - 1) /* each row once, in their order */
        return (int64_t)sum_known(covered + rows[0], n);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += covered[rows[i]] == SH_MISSING ? 0 : (uint64_t)covered[rows[i]];
    return (int64_t)sum;
}

/* Plain lines, each for itself: few are open, and what the others come to is what they all come to, which is
 * reckoned once for the rules of a block. */
static uint32_t sift_lines(const int64_t *covered, const struct sh_members *m, uint32_t total,
                           const uint8_t *open, int64_t fen_of_all, uint32_t *pick,
                           struct sh_answer_count *clear) {
    uint32_t n = 0;
    uint64_t sum = (uint64_t)fen_of_all;
    for (uint32_t i = 0; i < total;) {
        uint64_t eight = 1;
        if (total - i >= sizeof(eight))
            memcpy(&eight, open + i, sizeof(eight));
        if (eight == 0) {
            i += (uint32_t)sizeof(eight);
            continue;
        }
        const uint32_t end = total - i < sizeof(eight) ? total : i + (uint32_t)sizeof(eight);
        for (; i < end; i++) {
            const int64_t fen = covered[m->row[i]];
            pick[n] = i;
            n += open[i];
            sum -= open[i] && fen != SH_MISSING ? (uint64_t)fen : 0;
        }
    }
    clear->fen = (int64_t)sum;
    clear->subjects = total - n;
    return n;
}

/* Rows of any table; whole points of them, as their alternatives are judged together. */
static uint32_t sift_points(const struct sh_engine *en, const struct sh_rule_plan *rp,
                            const struct sh_members *m, uint32_t total, const uint8_t *open, uint32_t *pick,
                            struct sh_answer_count *clear) {
    uint32_t n = 0;
    for (uint32_t i = 0, end; i < total; i = end) {
        bool any = open[i];
        for (end = i + 1; rp->has_alternatives && end < total && same_point(en, rp, m, i, end); end++)
            any |= open[end];
        if (any || end - i > 1) {
            for (uint32_t t = i; t < end; t++)
                pick[n++] = t;
            continue;
        }
        const int64_t covered = sh_covered_of(&en->tl, rp->rule->table, m->row[i]);
        clear->subjects++;
        (void)!__builtin_add_overflow(clear->fen, covered == SH_MISSING ? 0 : covered, &clear->fen);
    }
    return n;
}

/* Tuples that rules judge one after the other, and what their lines come to once somebody has reckoned it. */
struct block {
    const struct sh_members *members;
    const struct sh_batch *batch;
    bool fen_known;
    int64_t fen;
};

/* Tuples of a block that are not plainly clear, whole points of them; the clear ones are counted. */
static sh_code sift(struct sh_engine *en, const struct sh_rule_plan *rp, struct block *io, uint32_t *pick,
                    uint32_t *ret_n, struct sh_err *err) {
    const struct sh_members *m = io->members;
    const struct sh_batch *batch = io->batch;
    uint8_t *open = sh_new(en->scratch, uint8_t, (size_t)batch->n + 1);
    if (!open)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    SH_TRY(look_for_open(en, rp, m, batch, open, err));
    const bool is_plain = rp->rule->table == SH_TABLE_LINE && !rp->has_alternatives;
    const int64_t *covered = is_plain ? sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered) : NULL;
    struct sh_answer_count clear = {0};
    if (covered && !io->fen_known)
        io->fen = fen_of_lines(covered, m, batch->n), io->fen_known = true;
    *ret_n = covered ? sift_lines(covered, m, batch->n, open, io->fen, pick, &clear)
                     : sift_points(en, rp, m, batch->n, open, pick, &clear);
    struct sh_answer_count *count = &en->answers->rules[rp->index].of[SH_ANSWER_CLEAR];
    count->subjects += clear.subjects, count->lines += clear.subjects;
    (void)!__builtin_add_overflow(count->fen, clear.fen, &count->fen);
    return SH_OK;
}

/* The members behind picked tuples. */
static sh_code pick_members(struct sh_engine *en, const struct sh_members *m, const uint32_t *pick,
                            uint32_t n, struct sh_members *ret, struct sh_err *err) {
    int32_t *row = sh_new_raw(en->scratch, int32_t, (size_t)n + 1);
    int32_t *k = m->k ? sh_new_raw(en->scratch, int32_t, (size_t)n + 1) : NULL;
    struct sh_str *uncertain = m->uncertain ? sh_new_raw(en->scratch, struct sh_str, (size_t)n + 1) : NULL;
    if (!row || (m->k && !k) || (m->uncertain && !uncertain))
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    for (uint32_t i = 0; i < n; i++) {
        row[i] = m->row[pick[i]];
        if (k)
            k[i] = m->k[pick[i]];
        if (uncertain)
            uncertain[i] = m->uncertain[pick[i]];
    }
    *ret = (struct sh_members){.n = n, .row = row, .k = k, .uncertain = uncertain};
    return SH_OK;
}

/* What one rule says of the tuples of a block. */
static sh_code judge_block(struct sh_engine *en, const struct sh_rule_plan *rp, struct block *io,
                           struct sh_err *err) {
    struct judged j;
    uint32_t n = 0, *pick = sh_new_raw(en->scratch, uint32_t, (size_t)io->batch->n + 1);
    if (!pick)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    SH_TRY(sift(en, rp, io, pick, &n, err));
    if (n == 0)
        return SH_OK;
    SH_TRY(pick_members(en, io->members, pick, n, &j.m, err));
    SH_TRY(sh_batch_pick(en, rp, io->batch, pick, n, &j.batch, err));
    j.verdicts = sh_new(en->scratch, struct sh_verdict, (size_t)n + 1);
    if (!j.verdicts)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    for (uint32_t i = 0; j.m.uncertain && i < n; i++)
        if (j.m.uncertain[i].len > 0)
            j.verdicts[i] = (struct sh_verdict){.answer = SH_ANSWER_NOT_EVALUATED, .field = j.m.uncertain[i]};
    SH_TRY(sh_judge(en, rp, &j.batch, j.verdicts, err));
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; rp->has_alternatives && end < n && same_point(en, rp, &j.m, i, end);)
            end++;
        SH_TRY(fold(en, rp, &j, i, end, err));
    }
    return SH_OK;
}

/* A block of tuples through the rule and those it leads. */
static sh_code run_block(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *all,
                         uint32_t from, uint32_t n, struct sh_err *err) {
    const struct sh_members part = {.n = n,
                                    .row = all->row + from,
                                    .k = all->k ? all->k + from : NULL,
                                    .uncertain = all->uncertain ? all->uncertain + from : NULL};
    struct sh_batch batch;
    struct block block = {.members = &part, .batch = &batch};
    struct sh_shared_values shared = {0};
    SH_TRY(sh_batch_make(en, rp, &(const struct sh_tuple_rows){n, part.row, part.k, NULL}, &batch, err));
    if (rp->by_zones) {
        shared = en->of_lines;
        shared.rows = part.row;
    } else if (rp->n_shared > 0) {
        SH_TRY(sh_shared_values_make(en->scratch, rp->n_shared, n, &shared, err));
    }
    shared.batch = &batch;
    en->shared = rp->n_shared > 0 ? &shared : NULL;
    sh_code code = SH_OK;
    for (const struct sh_rule_plan *one = rp; one && code == SH_OK; one = one->next) {
        en->judging = one;
        code = judge_block(en, one, &block, err);
    }
    en->shared = NULL;
    return code;
}

/* One answer for all rows that lack the same field. */
static sh_code count_uncertain(struct sh_engine *en, const struct sh_rule_plan *rp,
                               const struct sh_members *m, struct sh_err *err) {
    for (uint32_t i = 0; i < m->n;) {
        const struct sh_str field = m->uncertain[i];
        struct sh_answer_count count = {0};
        const uint32_t from = i;
        for (; i < m->n && m->uncertain[i].at == field.at && m->uncertain[i].len == field.len; i++) {
            const int64_t fen = field.len > 0 ? sh_fen_of(en, rp->rule->table, &m->row[i], 1) : 0;
            (void)!__builtin_add_overflow(count.fen, fen, &count.fen);
            count.subjects++;
        }
        count.lines = count.subjects;
        if (field.len == 0)
            continue;
        SH_TRY(sh_answer_add_many(en->answers, rp->index, SH_ANSWER_NOT_EVALUATED, field, &count, err));
        SH_TRY(sh_lacking_rows(en, rp, field, rp->rule->table, m->row + from, i - from, err));
    }
    return SH_OK;
}

/* Rows about which something is uncertain can only be counted, where no other row of their point decides:
 * only the others are judged. Where a lake lacks a column, that is every row. */
static sh_code set_uncertain_aside(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *io,
                                   struct sh_err *err) {
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        if (!io->uncertain || one->has_alternatives)
            return SH_OK;
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        SH_TRY(count_uncertain(en, one, io, err));
    int32_t *row = sh_new_raw(en->work, int32_t, (size_t)io->n + 1),
            *k = io->k ? sh_new_raw(en->work, int32_t, (size_t)io->n + 1) : NULL;
    if (!row || (io->k && !k))
        return sh_fail(err, SH_E_NOMEM, "no room for rows that are sure");
    uint32_t n = 0;
    for (uint32_t i = 0; i < io->n; i++) {
        if (io->uncertain[i].len > 0)
            continue;
        row[n] = io->row[i];
        if (k)
            k[n] = io->k[i];
        n++;
    }
    *io = (struct sh_members){.n = n, .row = row, .k = k};
    return SH_OK;
}

static sh_code run_members(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *all,
                           struct sh_err *err) {
    struct sh_members judged = *all;
    const struct sh_members *m = &judged;
    SH_TRY(set_uncertain_aside(en, rp, &judged, err));
    for (uint32_t from = 0, to; from < m->n; from = to) {
        to = m->n - from < SH_BLOCK ? m->n : from + SH_BLOCK;
        while (to < m->n && rp->has_alternatives &&
               same_point(en, rp, m, to - 1, to)) /* a point is judged at once */
            to++;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(run_block(en, rp, m, from, to - from, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}

/* What zones settle is counted; the lines they leave open are looked at. */
static sh_code run_by_zones(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    struct sh_zone_use *use = &en->zone_use[rp->index];
    const bool asks_hits = use->asked < SH_ZONES_TRIED || use->closed >= use->asked / 8;
    struct sh_zones_told told;
    if (!asks_hits && !rp->rule->where && sh_lines_are_plain(en, rp)) {
        struct sh_members all;
        SH_TRY(sh_lines_there(en, rp->rule->lines == SH_LINES_PAID, &all, err));
        sh_count_not_concerned(en, rp, &all);
        return run_members(en, rp, &all, err);
    }
    SH_TRY(sh_zones_ask(en, rp, asks_hits, &told, err));
    if (asks_hits)
        use->asked += told.closed + told.n_plain + told.n_open, use->closed += told.closed;
    struct sh_rule_answers *answers = &en->answers->rules[rp->index];
    struct sh_answer_count *clear = &answers->of[SH_ANSWER_CLEAR];
    clear->subjects += told.clear, clear->lines += told.clear;
    (void)!__builtin_add_overflow(clear->fen, told.clear_fen, &clear->fen);
    const struct sh_members plain = {.n = told.n_plain, .row = told.plain};
    const struct sh_members open = {.n = told.n_open, .row = told.open};
    struct sh_members m;
    SH_TRY(sh_members_of(en, rp, false, &open, &m, err));
    sh_count_not_concerned(en, rp,
                           &m); /* all lines but those in m; the clear and the plain are concerned too */
    answers->not_concerned_lines -= told.clear + told.n_plain;
    SH_TRY(run_members(en, rp, &plain, err));
    return run_members(en, rp, &m, err);
}

sh_code sh_run_rows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    struct sh_members m;
    if (rp->by_zones)
        return run_by_zones(en, rp, err);
    SH_TRY(sh_members_collect(en, rp, false, false, &m, err));
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        sh_count_not_concerned(en, one, &m);
    return run_members(en, rp, &m, err);
}
