/* Members into groups, once for all rules with the same keys over the same rows: see parting.h. */
#include "audit/parting.h"
#include "audit/send.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for groups of many persons");
}

bool sh_same_keys(const struct sh_rule *a, const struct sh_rule *b) {
    if (a->table != b->table || a->n_keys != b->n_keys)
        return false;
    for (size_t k = 0; k < a->n_keys; k++)
        if (!sh_str_eq(a->keys[k].text, b->keys[k].text))
            return false;
    return true;
}

/* Lists of the chunk that several rules get; others live no longer than their rule. */
static bool is_shared(const struct sh_engine *en, const int32_t *rows) {
    return rows == en->all_lines.rows || rows == en->paid_lines.rows;
}

static struct sh_arena *arena_of(struct sh_engine *en, const int32_t *rows) {
    return is_shared(en, rows) ? en->tl.arena : en->work;
}

int64_t *sh_parting_key(const struct sh_engine *en, const struct sh_rule *r, const struct sh_members *m,
                        size_t key) {
    if (r->n_uses > 0 || r->n_with > 0)
        return NULL;
    for (const struct sh_parting *p = en->partings; p; p = p->next)
        for (size_t k = 0; p->rows == m->row && p->n == m->n && p->of->table == r->table && k < p->of->n_keys;
             k++)
            if (sh_str_eq(p->of->keys[k].text, r->keys[key].text))
                return p->keys[k];
    return NULL;
}

/* ---- groups ------------------------------------------------------------------------------------- */

static sh_code note_lacking(struct sh_engine *en, struct sh_parting *p, struct sh_arena *arena,
                            const struct sh_str *fields, struct sh_err *err) {
    for (uint32_t i = 0; i < p->n; i++) {
        if (fields[i].len == 0)
            continue;
        struct sh_lacking *l = p->lacking;
        while (l && !sh_str_eq(l->field, fields[i]))
            l = l->next;
        if (!l) {
            l = sh_new(arena, struct sh_lacking, 1);
            if (!l)
                return out_of_room(err);
            *l = (struct sh_lacking){.field = fields[i], .next = p->lacking};
            p->lacking = l;
        }
        const int64_t covered = sh_covered_of(&en->tl, p->of->table, p->rows[i]);
        l->count.subjects++, l->count.lines++;
        (void)!__builtin_add_overflow(l->count.fen, covered == SH_MISSING ? 0 : covered, &l->count.fen);
    }
    return SH_OK;
}

/* Day and time of the lines of a chunk lie in columns. */
struct times {
    const int32_t *day;
    const int64_t *time;
};

static struct times times_of(const struct sh_engine *en, uint16_t table) {
    const struct sh_columns *at = &en->plan->at;
    if (table != SH_TABLE_LINE || en->tl.carried)
        return (struct times){0};
    return (struct times){sh_i32(&en->tl, table, at->line.day), sh_i64(&en->tl, table, at->line.time)};
}

static void look_at(const struct sh_engine *en, struct sh_parting *p, const struct times *t, uint32_t member,
                    uint32_t g) {
    const int32_t row = p->rows[member];
    const int32_t day = t->day ? t->day[row] : sh_subject_day(&en->tl, p->of->table, row);
    const int64_t time =
        t->time && t->time[row] != SH_MISSING ? t->time[row] : sh_order_time(en, p->of->table, row);
    p->least[g] = time < p->least[g] ? time : p->least[g];
    if (day == SH_MISSING_I32)
        return;
    p->first_day[g] = day < p->first_day[g] ? day : p->first_day[g];
    p->last_day[g] = day > p->last_day[g] ? day : p->last_day[g];
}

/* What does not depend on the rule: days and the least time of each group. */
static sh_code look_at_times(struct sh_engine *en, struct sh_parting *p, struct sh_arena *arena,
                             struct sh_err *err) {
    const uint32_t n = p->g.n;
    uint32_t *group = sh_new_raw(arena, uint32_t, (size_t)p->n + 1);
    p->first_day = sh_new_raw(arena, int32_t, (size_t)n + 1);
    p->last_day = sh_new_raw(arena, int32_t, (size_t)n + 1);
    p->least = sh_new_raw(arena, int64_t, (size_t)n + 1);
    p->first = sh_new_raw(arena, int32_t, (size_t)n + 1);
    p->orders = sh_new(arena, struct sh_str, (size_t)n + 1);
    if (!group || !p->first_day || !p->last_day || !p->least || !p->first || !p->orders)
        return out_of_room(err);
    memset(group, 0xff, (size_t)p->n * sizeof(*group));
    for (uint32_t g = 0; g < n; g++) {
        p->first_day[g] = INT32_MAX, p->last_day[g] = INT32_MIN;
        p->least[g] = INT64_MAX, p->first[g] = -1;
        for (uint32_t i = p->g.begin[g]; i < p->g.begin[g + 1]; i++)
            group[p->g.order[i]] = g;
    }
    const struct times times = times_of(en, p->of->table);
    for (uint32_t i = 0; i < p->n; i++)
        if (group[i] != UINT32_MAX)
            look_at(en, p, &times, i, group[i]);
    p->group = group;
    return SH_OK;
}

static sh_code make_parting(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                            struct sh_parting *p, struct sh_err *err) {
    int64_t **keys;
    size_t n_keys;
    struct sh_str *fields = sh_new(en->work, struct sh_str, (size_t)m->n + 1);
    if (!fields)
        return out_of_room(err);
    SH_TRY(sh_keys_eval(en, rp, m, &keys, &n_keys, fields, err));
    SH_TRY(sh_group_by(en, m->n, keys, n_keys, fields, &p->g, err));
    p->keys = keys, p->fields = fields;
    SH_TRY(note_lacking(en, p, en->work, fields, err));
    return look_at_times(en, p, en->work, err);
}

sh_code sh_parting_of(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                      struct sh_parting **ret, struct sh_err *err) {
    const bool shared = is_shared(en, m->row);
    for (struct sh_parting *p = shared ? en->partings : NULL; p; p = p->next)
        if (p->rows == m->row && p->n == m->n && sh_same_keys(p->of, rp->rule)) {
            *ret = p;
            return SH_OK;
        }
    struct sh_arena *work = en->work;
    en->work = arena_of(en, m->row); /* what is shared outlives the rule */
    struct sh_parting *p = sh_new(en->work, struct sh_parting, 1);
    sh_code code = p ? SH_OK : out_of_room(err);
    if (p) {
        *p = (struct sh_parting){.of = rp->rule, .rows = m->row, .n = m->n, .shared = shared};
        code = make_parting(en, rp, m, p, err);
    }
    en->work = work;
    if (code == SH_OK && shared)
        p->next = en->partings, en->partings = p;
    *ret = p;
    return code;
}

/* ---- who is first ------------------------------------------------------------------------------- */

sh_code sh_parting_first(struct sh_engine *en, struct sh_parting *p, uint32_t g, uint32_t *ret,
                         struct sh_err *err) {
    const uint16_t table = p->of->table;
    SH_CLEANUP(sh_buf_free) struct sh_buf best = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf other = {0};
    if (p->first[g] >= 0) {
        *ret = (uint32_t)p->first[g];
        return SH_OK;
    }
    *ret = UINT32_MAX;
    for (uint32_t i = p->g.begin[g]; i < p->g.begin[g + 1]; i++) {
        const uint32_t member = p->g.order[i];
        if (sh_order_time(en, table, p->rows[member]) != p->least[g])
            continue;
        if (*ret == UINT32_MAX) {
            *ret = member;
            continue;
        }
        if (best.len == 0) /* only where there is another to compare it with */
            SH_TRY(sh_key_of_row(en, table, p->rows[*ret], &best, err));
        sh_buf_clear(&other);
        SH_TRY(sh_key_of_row(en, table, p->rows[member], &other, err));
        if (sh_str_cmp(sh_buf_view(&other), sh_buf_view(&best)) >= 0)
            continue;
        *ret = member;
        const struct sh_buf swap = best;
        best = other, other = swap;
    }
    p->first[g] = (int32_t)*ret;
    return SH_OK;
}

sh_code sh_parting_order(struct sh_engine *en, struct sh_parting *p, uint32_t g, struct sh_str *ret,
                         struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf order = {0};
    uint32_t first;
    if (p->orders[g].len == 0) {
        SH_TRY(sh_parting_first(en, p, g, &first, err));
        SH_TRY(sh_sort_row(en, p->of->table, p->rows[first], -1, &order, err));
        const char *copy = sh_arena_dup(arena_of(en, p->rows), order.at, order.len);
        if (!copy)
            return out_of_room(err);
        p->orders[g] = (struct sh_str){copy, order.len};
    }
    *ret = p->orders[g];
    return SH_OK;
}

/* ---- encounters --------------------------------------------------------------------------------- */

/* Different encounters among the members of one group; seen [encounters]: the last group each was seen in,
 * + 1. */
static int64_t count_encounters(const struct sh_engine *en, const struct sh_parting *p, uint32_t g,
                                const uint8_t *gaps, uint32_t *seen) {
    const uint16_t table = p->of->table;
    const int32_t *of_line = table == SH_TABLE_LINE && !en->tl.carried
                                 ? sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.encounter)
                                 : NULL;
    int64_t count = 0;
    for (uint32_t i = p->g.begin[g]; i < p->g.begin[g + 1]; i++) {
        const int32_t row = p->rows[p->g.order[i]];
        if (gaps && gaps[p->g.order[i]])
            continue;
        const int32_t e = of_line ? of_line[row] : sh_encounter_of(&en->tl, table, row);
        if (e < 0 || seen[e] == g + 1)
            continue;
        seen[e] = g + 1;
        count++;
    }
    return count;
}

static int64_t count_members(const struct sh_parting *p, uint32_t g, const uint8_t *gaps) {
    int64_t count = 0;
    for (uint32_t i = p->g.begin[g]; i < p->g.begin[g + 1]; i++)
        count += !gaps || !gaps[p->g.order[i]];
    return count;
}

sh_code sh_parting_encounters(struct sh_engine *en, struct sh_parting *p, const uint8_t *gaps,
                              const int64_t **ret, struct sh_err *err) {
    *ret = p->encounters;
    if (!gaps && *ret)
        return SH_OK;
    struct sh_arena *arena = gaps ? en->work : arena_of(en, p->rows);
    int64_t *counts = sh_new(arena, int64_t, (size_t)p->g.n + 1);
    const struct sh_arena_mark at = sh_arena_mark(en->scratch);
    uint32_t *seen = sh_new(en->scratch, uint32_t, (size_t)en->tl.tables[SH_TABLE_ENCOUNTER].n_rows + 1);
    if (!counts || !seen)
        return out_of_room(err);
    const bool has_encounters = sh_has_encounters(en, p->of->table);
    for (uint32_t g = 0; g < p->g.n; g++)
        counts[g] = has_encounters ? count_encounters(en, p, g, gaps, seen) : count_members(p, g, gaps);
    sh_arena_rewind(en->scratch, at);
    if (!gaps)
        p->encounters = counts;
    *ret = counts;
    return SH_OK;
}

/* ---- sums --------------------------------------------------------------------------------------- */

sh_code sh_parting_adds(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_partial *a,
                        const struct sh_parting *p, const struct sh_adds **ret, struct sh_err *err) {
    const struct sh_str text = sh_partial_text(a);
    const uint16_t table = rp->rule->table;
    for (const struct sh_adds *adds = p->shared ? en->adds : NULL; adds; adds = adds->next)
        if (adds->rows == p->rows && adds->table == table && sh_str_eq(adds->text, text)) {
            *ret = adds;
            return SH_OK;
        }
    struct sh_arena *arena = arena_of(en, p->rows);
    struct sh_adds *adds = sh_new(arena, struct sh_adds, 1);
    int64_t *values = sh_new_raw(arena, int64_t, (size_t)p->n + 1);
    if (!adds || !values)
        return out_of_room(err);
    *adds = (struct sh_adds){.rows = p->rows, .table = table, .text = text, .values = values};
    for (uint32_t from = 0; from < p->n; from += SH_BLOCK) {
        const uint32_t n = p->n - from < SH_BLOCK ? p->n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct sh_batch batch;
        SH_TRY(
            sh_batch_make(en, rp, &(const struct sh_tuple_rows){n, p->rows + from, NULL, NULL}, &batch, err));
        const struct sh_eval eval = sh_engine_eval(en);
        SH_TRY(sh_partial_adds(a, &eval, &batch, values + from, err));
        sh_arena_rewind(en->scratch, at);
    }
    for (uint32_t i = 0; i < p->n; i++)
        adds->gaps |= values[i] == SH_MISSING;
    if (p->shared)
        adds->next = en->adds, en->adds = adds;
    *ret = adds;
    return SH_OK;
}

sh_code sh_parting_sums(struct sh_engine *en, struct sh_parting *p, const struct sh_adds *adds,
                        const uint8_t *gaps, const sh_i128 **ret, struct sh_err *err) {
    for (const struct sh_sums *s = gaps ? NULL : p->sums; s; s = s->next)
        if (sh_str_eq(s->text, adds->text)) {
            *ret = s->values;
            return SH_OK;
        }
    struct sh_arena *arena = gaps ? en->work : arena_of(en, p->rows);
    sh_i128 *values = sh_new(arena, sh_i128, (size_t)p->g.n + 1);
    struct sh_sums *sums = sh_new(arena, struct sh_sums, 1);
    if (!values || !sums)
        return out_of_room(err);
    sh_partial_sums(adds->values, p->group, p->n, gaps, values, p->g.n);
    if (!gaps) {
        *sums = (struct sh_sums){adds->text, values, p->sums};
        p->sums = sums;
    }
    *ret = values;
    return SH_OK;
}
