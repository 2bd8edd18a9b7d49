/* Candidates: which rows a rule looks at. One pass over the lines serves all rules that look their item up.
 */
#include "audit/carry.h"
#include "audit/zones.h"
#include "base/wide.h"
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

/* ---- one rule ----------------------------------------------------------------------------------- */

struct raw {
    const int32_t *row, *k;
    uint32_t n;
    bool where_holds, keys_asked;
    struct sh_str *uncertain; /* NULL: nothing yet */
};

/* Which conditions a row must meet, in order: keys of the knowledge, then where. */
struct conditions {
    const struct sh_expr *at[8];
    size_t n;
};

/* Members being written. */
struct members {
    struct conditions conditions;
    int32_t *row, *k;
    struct sh_str *uncertain;
    uint32_t n, cap;
};

static bool is_paid_rule(const struct sh_rule *r) {
    return r->lines == SH_LINES_PAID && r->table == SH_TABLE_LINE;
}

/* Which rows stay; of lines that are asked for if paid those whose money is unknown too. */
SH_WIDE static void mark_there(const uint8_t *restrict alive, const int64_t *restrict covered, uint32_t n,
                               uint8_t *restrict there) {
    for (uint32_t i = 0; i < n; i++)
        there[i] = alive ? alive[i] != 0 : 1;
    for (uint32_t i = 0; covered && i < n; i++)
        there[i] &= (covered[i] == SH_MISSING) | (covered[i] > 0);
}

static sh_code list_rows(struct sh_engine *en, uint16_t table, bool paid, struct sh_arena *arena,
                         struct raw *ret, struct sh_err *err) {
    const uint32_t n = en->tl.tables[table].n_rows;
    const uint8_t *alive = en->tl.alive[table];
    const int64_t *covered = paid ? sh_i64(&en->tl, table, en->plan->at.line.covered) : NULL;
    int32_t *rows = sh_new_raw(arena, int32_t, (size_t)n + 1);
    uint8_t *there = sh_new_raw(arena, uint8_t, (size_t)n + 1);
    if (!rows || !there)
        return out_of_room(err);
    mark_there(alive, covered, n, there);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) { /* without branches: nearly all rows stay */
        rows[count] = (int32_t)i;
        count += there[i];
    }
    *ret = (struct raw){.row = rows, .n = count};
    return SH_OK;
}

/* All rows of a table that are there; of lines the lists are made once a chunk. */
static sh_code rows_there(struct sh_engine *en, uint16_t table, bool paid, struct raw *ret,
                          struct sh_err *err) {
    if (table != SH_TABLE_LINE)
        return list_rows(en, table, false, en->work, ret, err);
    if (!(paid ? en->paid_lines.rows : en->all_lines.rows)) {
        struct raw raw;
        SH_TRY(list_rows(en, table, paid, en->tl.arena, &raw, err));
        if (paid)
            en->paid_lines.rows = raw.row, en->paid_lines.n = raw.n;
        else
            en->all_lines.rows = raw.row, en->all_lines.n = raw.n;
    }
    *ret = paid ? (struct raw){.row = en->paid_lines.rows, .n = en->paid_lines.n}
                : (struct raw){.row = en->all_lines.rows, .n = en->all_lines.n};
    return SH_OK;
}

sh_code sh_lines_there(struct sh_engine *en, bool paid, struct sh_members *ret, struct sh_err *err) {
    struct raw raw;
    SH_TRY(rows_there(en, SH_TABLE_LINE, paid, &raw, err));
    *ret = (struct sh_members){.n = raw.n, .row = raw.row};
    return SH_OK;
}

static bool is_of_day(const struct sh_knowledge_row *k, int32_t day) {
    return day == SH_MISSING_I32 || (k->from <= day && day < k->to);
}

/* Tuples of lines and the rows of knowledge they join by code. */
struct joined {
    const struct sh_timeline *tl;
    const struct sh_join *join;
    const struct sh_knowledge *k;
    const int32_t *codes, *days; /* by line */
    uint32_t *all;               /* numbers of all rows of knowledge: those of a line without a code */
};

static uint32_t joined_by(const struct joined *j, int32_t line, const uint32_t **ret) {
    const int32_t code = j->codes ? j->codes[line] : -1;
    *ret = code < 0 ? j->all : j->join->rows;
    if (code < 0)
        return j->k->n_rows;
    if ((uint32_t)code >= j->join->n_codes)
        return 0;
    *ret += j->join->begin[code];
    return j->join->begin[code + 1] - j->join->begin[code];
}

/* Rows in force of each line in turn, to `to` where it is given; gives their number. */
static uint64_t list_joined(const struct joined *j, const struct raw *there, struct raw *to, int32_t *rows,
                            int32_t *ks) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < there->n; i++) {
        const int32_t line = there->row[i],
                      day = j->days ? j->days[line] : sh_subject_day(j->tl, SH_TABLE_LINE, line);
        const uint32_t *of;
        const uint32_t n_of = joined_by(j, line, &of);
        for (uint32_t r = 0; r < n_of; r++) {
            if (!is_of_day(&j->k->rows[of[r]], day))
                continue;
            if (to) {
                rows[n] = line, ks[n] = (int32_t)of[r];
                if (of == j->all)
                    to->uncertain[n] = j->join->field;
            }
            n++;
        }
    }
    return n;
}

static sh_code joined_rows(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_knowledge *k,
                           const struct raw *there, struct raw *ret, struct sh_err *err) {
    struct joined j = {.tl = &en->tl,
                       .join = rp->join,
                       .k = k,
                       .codes = sh_i32(&en->tl, SH_TABLE_LINE, rp->join->column),
                       .days = sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.day),
                       .all = sh_new_raw(en->work, uint32_t, (size_t)k->n_rows + 1)};
    if (!j.all)
        return out_of_room(err);
    for (uint32_t r = 0; r < k->n_rows; r++)
        j.all[r] = r;
    const uint64_t n = list_joined(&j, there, NULL, NULL, NULL);
    if (n > INT32_MAX)
        return sh_fail(err, SH_E_LIMIT, "rule %.*s: %u rows times %u rows of knowledge without an item key",
                       SH_ARG(rp->rule->id), there->n, k->n_rows);
    int32_t *rows = sh_new_raw(en->work, int32_t, n + 1), *ks = sh_new_raw(en->work, int32_t, n + 1);
    *ret = (struct raw){.row = rows,
                        .k = ks,
                        .n = (uint32_t)n,
                        .where_holds = there->where_holds,
                        .keys_asked = true,
                        .uncertain = sh_new(en->work, struct sh_str, n + 1)};
    if (!rows || !ks || !ret->uncertain)
        return out_of_room(err);
    (void)list_joined(&j, there, ret, rows, ks);
    return SH_OK;
}

/* Rules that do not go through items: every row that is there, with every row of knowledge if the rule uses
 * any. */
static sh_code all_rows(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_payment,
                        struct raw *ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const struct sh_knowledge *k =
        r->n_uses > 0 && r->knowledge >= 0 ? &en->plan->rules->knowledge[r->uses[0].knowledge] : NULL;
    struct raw there;
    SH_TRY(rows_there(en, r->table, is_paid_rule(r) && !any_payment, &there, err));
    if (r->table == SH_TABLE_LINE && r->where && r->shape != SH_SHAPE_PAIR) {
        struct sh_members open = {.n = there.n, .row = there.row};
        SH_TRY(sh_zones_where(en, rp, &open, err));
        there = (struct raw){.row = open.row, .n = open.n, .where_holds = open.where_holds};
    }
    *ret = there;
    if (!k)
        return SH_OK;
    if (rp->join)
        return joined_rows(en, rp, k, &there, ret, err);
    const uint64_t most = (uint64_t)there.n * k->n_rows;
    if (most > INT32_MAX)
        return sh_fail(err, SH_E_LIMIT, "rule %.*s: %u rows times %u rows of knowledge without an item key",
                       SH_ARG(r->id), there.n, k->n_rows);
    int32_t *rows = sh_new_raw(en->work, int32_t, most + 1), *ks = sh_new_raw(en->work, int32_t, most + 1);
    if (!rows || !ks)
        return out_of_room(err);
    uint32_t count = 0;
    const int32_t *days = r->table == SH_TABLE_LINE ? sh_i32(&en->tl, r->table, en->plan->at.line.day) : NULL;
    for (uint32_t i = 0; i < there.n; i++) {
        const int32_t day = days ? days[there.row[i]] : sh_subject_day(&en->tl, r->table, there.row[i]);
        for (uint32_t j = 0; j < k->n_rows; j++)
            if (is_of_day(&k->rows[j], day))
                rows[count] = there.row[i], ks[count++] = (int32_t)j;
    }
    *ret = (struct raw){.row = rows, .k = ks, .n = count, .where_holds = there.where_holds};
    return SH_OK;
}

static sh_code mark(struct sh_engine *en, struct members *m, uint32_t i, struct sh_str field,
                    struct sh_err *err) {
    if (!m->uncertain)
        m->uncertain = sh_new(en->work, struct sh_str, (size_t)m->cap + 1);
    if (!m->uncertain)
        return out_of_room(err);
    if (m->uncertain[i].len == 0)
        m->uncertain[i] = field;
    return SH_OK;
}

static struct conditions conditions_of(const struct sh_rule *r, const struct sh_members *all) {
    struct conditions ret = {0};
    if (r->shape == SH_SHAPE_PAIR) /* both sides are needed: looked at once they are paired */
        return ret;
    if (r->n_uses > 0 && r->knowledge >= 0 && !all->keys_asked)
        for (size_t i = 0; i < r->uses[0].n_keys; i++)
            ret.at[ret.n++] = r->uses[0].keys[i];
    if (r->where && !all->where_holds)
        ret.at[ret.n++] = r->where;
    return ret;
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

/* The part of a block that stays: once told, tuple pick[i] of the whole is member m->n - n + i. */
struct kept {
    const struct sh_batch *whole;
    uint32_t *pick;
    uint8_t *first; /* 1 + the first condition that is unknown of a tuple of the whole */
    uint32_t n;
};

/* Why rows are uncertain, told only of those that stay. */
static sh_code tell_uncertain(struct sh_engine *en, const struct kept *kept, struct members *m,
                              struct sh_err *err) {
    uint32_t *asked = sh_new_raw(en->scratch, uint32_t, 2 * (size_t)kept->n + 1), *member = asked + kept->n;
    struct sh_str *causes = sh_new_raw(en->scratch, struct sh_str, (size_t)kept->n + 1);
    if (!asked || !causes)
        return out_of_room(err);
    for (size_t c = 0; c < m->conditions.n; c++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < kept->n; i++)
            if (kept->first[kept->pick[i]] == c + 1)
                asked[n] = kept->pick[i], member[n++] = m->n - kept->n + i;
        SH_TRY(sh_causes(en, m->conditions.at[c], kept->whole, asked, n, causes, err));
        for (uint32_t i = 0; i < n; i++)
            SH_TRY(mark(en, m, member[i], causes[i], err));
    }
    return SH_OK;
}

/* Conditions in order, each only over those still in. */
static sh_code apply_conditions(struct sh_engine *en, const struct sh_rule_plan *rp,
                                const struct conditions *conditions, struct sh_batch batch, struct kept *io,
                                struct sh_err *err) {
    const struct sh_eval eval = sh_engine_eval(en);
    int64_t *holds = sh_new_raw(en->scratch, int64_t, (size_t)io->n + 1);
    uint32_t *stay = sh_new_raw(en->scratch, uint32_t, (size_t)io->n + 1);
    if (!holds || !stay)
        return out_of_room(err);
    for (size_t c = 0; c < conditions->n && io->n > 0; c++) {
        SH_TRY(sh_expr_eval(conditions->at[c], &eval, &batch, holds, err));
        uint32_t kept = 0;
        for (uint32_t i = 0; i < io->n; i++) {
            const uint32_t at = io->pick[i];
            if (holds[i] == SH_MISSING && io->first[at] == 0)
                io->first[at] = (uint8_t)(c + 1);
            stay[kept] = i;
            io->pick[kept] = at;
            kept += holds[i] != 0;
        }
        if (kept < io->n && c + 1 < conditions->n) {
            struct sh_batch smaller;
            SH_TRY(sh_batch_pick(en, rp, &batch, stay, kept, &smaller, err));
            batch = smaller;
        }
        io->n = kept;
    }
    return SH_OK;
}

/* One block of candidates. */
static sh_code filter_block(struct sh_engine *en, const struct sh_rule_plan *rp, const struct raw *raw,
                            uint32_t from, uint32_t n, struct members *m, struct sh_err *err) {
    struct sh_batch whole;
    bool any = false;
    const struct sh_tuple_rows of = {n, raw->row + from, raw->k ? raw->k + from : NULL, NULL};
    SH_TRY(sh_batch_make(en, rp, &of, &whole, err));
    struct kept kept = {.whole = &whole,
                        .pick = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1),
                        .first = sh_new(en->scratch, uint8_t, (size_t)n + 1),
                        .n = n};
    if (!kept.pick || !kept.first)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++)
        kept.pick[i] = i;
    struct sh_batch batch = whole;
    SH_TRY(drop_without(en, rp, &batch, kept.pick, &kept.n, err));
    SH_TRY(apply_conditions(en, rp, &m->conditions, batch, &kept, err));
    for (uint32_t i = 0; i < kept.n; i++) {
        const uint32_t at = kept.pick[i];
        m->row[m->n] = raw->row[from + at];
        if (m->k)
            m->k[m->n] = raw->k[from + at];
        if (raw->uncertain && raw->uncertain[from + at].len > 0)
            SH_TRY(mark(en, m, m->n, raw->uncertain[from + at], err));
        any |= kept.first[at] > 0;
        m->n++;
    }
    return any ? tell_uncertain(en, &kept, m, err) : SH_OK;
}

/* The rule must be in force on the row's day (window and pair: only the blamed row's, looked at by them). */
static bool is_in_force(const struct sh_engine *en, const struct sh_rule *r, int32_t row, bool *ret_unknown) {
    if (r->from == INT32_MIN && r->to == INT32_MAX)
        return true;
    const int32_t day = sh_subject_day(&en->tl, r->table, row);
    *ret_unknown = day == SH_MISSING_I32;
    return *ret_unknown || (r->from <= day && day < r->to);
}

/* Nothing to mark or to leave out: all lines lie within the rule's days, and none lacks its day or money. */
static bool needs_no_marks(const struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day) {
    const struct sh_rule *r = rp->rule;
    if (r->table != SH_TABLE_LINE || (is_paid_rule(r) && en->has_uncovered))
        return false;
    return any_day || (!en->has_undated && r->from <= en->first_day && en->last_day < r->to);
}

bool sh_lines_are_plain(const struct sh_engine *en, const struct sh_rule_plan *rp) {
    return needs_no_marks(en, rp, false);
}

static sh_code marks(struct sh_engine *en, const struct sh_rule_plan *rp, struct members *m, bool any_day,
                     struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const int64_t *covered = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered);
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
            SH_TRY(mark(en, m, kept, sh_day_field(en, r->table), err));
        if (is_paid_rule(r) && covered && covered[m->row[i]] == SH_MISSING)
            SH_TRY(mark(en, m, kept, SH_STR("line.covered"), err));
        kept++;
    }
    m->n = kept;
    return SH_OK;
}

/* Rows that have met were picked where they came from. */
static sh_code members_carried(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day,
                               struct sh_members *ret, struct sh_err *err) {
    const struct sh_carried *c = en->tl.carried;
    struct members m = {.row = sh_new(en->work, int32_t, (size_t)c->n + 1),
                        .k = c->has_k ? sh_new(en->work, int32_t, (size_t)c->n + 1) : NULL,
                        .cap = c->n};
    if (!m.row || (c->has_k && !m.k))
        return out_of_room(err);
    for (uint32_t i = 0; i < c->n; i++) {
        if (!any_day && !sh_binds(en, rp, c->rows[i], c->k[i]))
            continue;
        m.row[m.n] = c->rows[i];
        if (m.k)
            m.k[m.n] = c->k[i];
        if (c->uncertain[i].len > 0)
            SH_TRY(mark(en, &m, m.n, c->uncertain[i], err));
        m.n++;
    }
    *ret = (struct sh_members){.n = m.n, .row = m.row, .k = m.k, .uncertain = m.uncertain};
    return SH_OK;
}

sh_code sh_members_collect(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day, bool side_b,
                           struct sh_members *ret, struct sh_err *err) {
    if (en->tl.carried)
        return members_carried(en, rp, any_day, ret, err);
    const int16_t collector = side_b ? rp->collector_b : rp->collector;
    struct raw raw = {0};
    if (collector >= 0)
        raw = (struct raw){.row = en->collected[collector].row,
                           .k = en->collected[collector].k,
                           .n = (uint32_t)en->collected[collector].n};
    else
        SH_TRY(all_rows(en, rp, rp->rule->shape == SH_SHAPE_PAIR && !side_b, &raw, err));
    const struct sh_members all = {.n = raw.n,
                                   .row = raw.row,
                                   .k = raw.k,
                                   .uncertain = raw.uncertain,
                                   .where_holds = raw.where_holds,
                                   .keys_asked = raw.keys_asked};
    return sh_members_of(en, rp, any_day, &all, ret, err);
}

sh_code sh_members_of(struct sh_engine *en, const struct sh_rule_plan *rp, bool any_day,
                      const struct sh_members *all, struct sh_members *ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const struct raw raw = {.row = all->row, .k = all->k, .n = all->n, .uncertain = all->uncertain};
    const struct conditions conditions = conditions_of(r, all);
    const bool as_it_is = conditions.n == 0 && r->n_with == 0;
    if (as_it_is && needs_no_marks(en, rp, any_day)) {
        *ret = (struct sh_members){.n = raw.n, .row = raw.row, .k = raw.k, .uncertain = raw.uncertain};
        return SH_OK;
    }
    struct members m = {.conditions = conditions,
                        .row = sh_new_raw(en->work, int32_t, (size_t)raw.n + 1),
                        .k = raw.k ? sh_new_raw(en->work, int32_t, (size_t)raw.n + 1) : NULL,
                        .cap = raw.n};
    if (!m.row || (raw.k && !m.k))
        return out_of_room(err);
    if (as_it_is) {
        if (raw.n > 0)
            memcpy(m.row, raw.row, (size_t)raw.n * sizeof(int32_t));
        if (raw.k && raw.n > 0)
            memcpy(m.k, raw.k, (size_t)raw.n * sizeof(int32_t));
        m.n = raw.n, m.uncertain = raw.uncertain;
    }
    for (uint32_t from = 0; !as_it_is && from < raw.n; from += SH_BLOCK) {
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(filter_block(en, rp, &raw, from, raw.n - from < SH_BLOCK ? raw.n - from : SH_BLOCK, &m, err));
        sh_arena_rewind(en->scratch, at);
    }
    if (!needs_no_marks(en, rp, any_day))
        SH_TRY(marks(en, rp, &m, any_day, err));
    *ret = (struct sh_members){.n = m.n, .row = m.row, .k = m.k, .uncertain = m.uncertain};
    return SH_OK;
}
