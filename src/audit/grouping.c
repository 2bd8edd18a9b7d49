/* Keys of groups and windows: evaluated over columns, put together by hash, members in total order. */
#include "audit/parting.h"
#include "base/hash.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the keys of groups");
}

/* A key finer than a day needs a time that is exact. */
static void leave_inexact_out(const struct sh_engine *en, const struct sh_rule_plan *rp,
                              const struct sh_expr *e, const struct sh_members *m, uint32_t from, uint32_t n,
                              struct sh_str *fields) {
    if (rp->rule->table != SH_TABLE_LINE || sh_expr_type(e).kind != SH_KIND_TIME)
        return;
    const int8_t *exact = sh_i8(&en->tl, SH_TABLE_LINE, en->plan->at.line.time_exact);
    for (uint32_t i = from; i < from + n; i++)
        if (!sh_flag(exact, (size_t)m->row[i]) && fields[i].len == 0)
            fields[i] = SH_STR("line.time_exact");
}

static sh_code key_fields(struct sh_engine *en, const struct sh_rule_plan *rp, size_t key,
                          const struct sh_batch *batch, const int64_t *values, struct sh_str *fields,
                          struct sh_err *err) {
    uint32_t *pick = sh_new_raw(en->scratch, uint32_t, (size_t)batch->n + 1), n = 0;
    if (!pick)
        return out_of_room(err);
    for (uint32_t i = 0; i < batch->n; i++)
        if (values[i] == SH_MISSING && fields[i].len == 0)
            pick[n++] = i;
    if (n == 0)
        return SH_OK;
    struct sh_str *causes = sh_new_raw(en->scratch, struct sh_str, (size_t)n + 1);
    if (!causes)
        return out_of_room(err);
    SH_TRY(sh_causes(en, rp->rule->keys[key].expr, batch, pick, n, causes, err));
    for (uint32_t i = 0; i < n; i++)
        fields[pick[i]] = causes[i].len > 0 ? causes[i] : sh_keep_str(en, rp->rule->keys[key].text);
    return SH_OK;
}

/* Keys being evaluated, and the field that is missing of a member. */
struct keys {
    int64_t *at[8]; /* as many as a rule has */
    bool known[8];  /* asked for by a rule before */
    struct sh_str *fields;
};

/* All keys over one block of members, those behind `from`. */
static sh_code eval_keys(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                         uint32_t from, const struct keys *keys, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const uint32_t n = m->n - from < SH_BLOCK ? m->n - from : SH_BLOCK;
    struct sh_batch batch;
    const struct sh_tuple_rows of = {n, m->row + from, m->k ? m->k + from : NULL, NULL};
    SH_TRY(sh_batch_make(en, rp, &of, &batch, err));
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t k = 0; k < r->n_keys; k++) {
        if (r->keys[k].kind != SH_RULE_KEY_EXPR)
            continue;
        int64_t *values = keys->at[k] + from;
        if (!keys->known[k])
            SH_TRY(sh_expr_eval(r->keys[k].expr, &eval, &batch, values, err));
        leave_inexact_out(en, rp, r->keys[k].expr, m, from, n, keys->fields);
        SH_TRY(key_fields(en, rp, k, &batch, values, keys->fields + from, err));
    }
    return SH_OK;
}

sh_code sh_keys_eval(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                     int64_t ***ret_keys, size_t *ret_n, struct sh_str *fields, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    int64_t **keys = sh_new(en->work, int64_t *, r->n_keys + 1);
    struct keys asked = {.fields = fields};
    if (!keys)
        return out_of_room(err);
    for (size_t k = 0; k <= r->n_keys; k++) {
        /* Courses are told later, and a point only where there is knowledge. */
        const bool is_told = k < r->n_keys && r->keys[k].kind == SH_RULE_KEY_EXPR;
        int64_t *known = is_told ? sh_parting_key(en, r, m, k) : NULL;
        keys[k] = known     ? known
                  : is_told ? sh_new_raw(en->work, int64_t, (size_t)m->n + 1)
                            : sh_new(en->work, int64_t, k < r->n_keys || m->k ? (size_t)m->n + 1 : 1);
        if (!keys[k])
            return out_of_room(err);
        if (is_told)
            asked.at[k] = keys[k], asked.known[k] = known != NULL;
    }
    for (uint32_t from = 0; from < m->n; from += SH_BLOCK) {
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(eval_keys(en, rp, m, from, &asked, err));
        sh_arena_rewind(en->scratch, at);
    }
    const struct sh_knowledge_row *rows =
        m->k && rp->by_point ? en->plan->rules->knowledge[r->uses[0].knowledge].rows : NULL;
    for (uint32_t i = 0; rows && i < m->n; i++)
        keys[r->n_keys][i] = rows[m->k[i]].point;
    *ret_keys = keys;
    *ret_n = r->n_keys + (rows != NULL);
    return SH_OK;
}

static bool same_keys(int64_t *const *keys, size_t n_keys, uint32_t a, uint32_t b) {
    for (size_t k = 0; k < n_keys; k++)
        if (keys[k][a] != keys[k][b])
            return false;
    return true;
}

/* Groups by the hash of their keys: number + 1, 0 free. It grows with them, as they are far fewer than rows.
 */
struct slots {
    int64_t *const *keys;
    size_t n_keys;
    const uint32_t *first; /* member of each group */
    uint32_t *at;
    uint64_t size; /* a power of two */
};

/* The slot of the member's group, or the free one where it would stand. */
static uint32_t *slot_of(const struct slots *s, uint32_t member) {
    uint64_t hash = 0;
    for (size_t k = 0; k < s->n_keys; k++) /* the high half of a product depends on all bits; mixed once */
        hash = ((hash ^ hash >> 32) + (uint64_t)s->keys[k][member]) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t slot = hash >> 32 & (s->size - 1);
    while (s->at[slot] != 0 && !same_keys(s->keys, s->n_keys, s->first[s->at[slot] - 1], member))
        slot = (slot + 1) & (s->size - 1);
    return &s->at[slot];
}

static sh_code slots_grow(struct slots *s, uint32_t n_groups, struct sh_arena *arena, struct sh_err *err) {
    s->size = s->size ? s->size * 4 : 1024;
    s->at = sh_new(arena, uint32_t, s->size);
    if (!s->at)
        return out_of_room(err);
    for (uint32_t g = 0; g < n_groups; g++)
        *slot_of(s, s->first[g]) = g + 1;
    return SH_OK;
}

sh_code sh_group_by(struct sh_engine *en, uint32_t n, int64_t *const *keys, size_t n_keys,
                    const struct sh_str *fields, struct sh_grouping *ret, struct sh_err *err) {
    const struct sh_arena_mark at = sh_arena_mark(en->scratch);
    uint32_t *group = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1),
             *first = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1); /* first member of each group */
    uint32_t *begin = sh_new(en->work, uint32_t, (size_t)n + 2),
             *order = sh_new_raw(en->work, uint32_t, (size_t)n + 1);
    ret->super = sh_new_raw(en->work, uint32_t, (size_t)n + 1);
    if (!group || !first || !begin || !order || !ret->super)
        return out_of_room(err);
    struct slots slots = {.keys = keys, .n_keys = n_keys, .first = first};
    SH_TRY(slots_grow(&slots, 0, en->scratch, err));
    uint32_t n_groups = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (fields[i].len > 0) {
            group[i] = UINT32_MAX;
            continue;
        }
        if (i > 0 && group[i - 1] != UINT32_MAX && same_keys(keys, n_keys, i - 1, i)) {
            group[i] = group[i - 1]; /* rows beside each other often are of one group */
            begin[group[i] + 2]++;
            continue;
        }
        if ((uint64_t)n_groups * 2 >= slots.size)
            SH_TRY(slots_grow(&slots, n_groups, en->scratch, err));
        uint32_t *slot = slot_of(&slots, i);
        if (*slot == 0) {
            first[n_groups] = i;
            *slot = ++n_groups;
        }
        group[i] = *slot - 1;
        begin[group[i] + 2]++;
    }
    for (uint32_t g = 2; g < n_groups + 2; g++)
        begin[g] += begin[g - 1];
    for (uint32_t i = 0; i < n; i++)
        if (group[i] != UINT32_MAX)
            order[begin[group[i] + 1]++] = i;
    for (uint32_t g = 0; g < n_groups; g++)
        ret->super[g] = g;
    ret->n = n_groups;
    ret->begin = begin;
    ret->order = order;
    sh_arena_rewind(en->scratch, at);
    return SH_OK;
}

struct by_part {
    int64_t part;
    uint32_t member, place;
};

static int compare_parts(const void *a, const void *b) {
    const struct by_part *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

sh_code sh_group_split(struct sh_engine *en, const int64_t *part, struct sh_grouping *g, struct sh_err *err) {
    const uint32_t total = g->begin[g->n];
    const struct sh_arena_mark at = sh_arena_mark(en->scratch);
    uint32_t *begin = sh_new(en->work, uint32_t, (size_t)total + 2),
             *super = sh_new(en->work, uint32_t, (size_t)total + 1);
    struct by_part *parts = sh_new(en->scratch, struct by_part, (size_t)total + 1);
    if (!begin || !super || !parts)
        return out_of_room(err);
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        const uint32_t from = g->begin[i], size = g->begin[i + 1] - from;
        for (uint32_t m = 0; m < size; m++)
            parts[m] = (struct by_part){part[g->order[from + m]], g->order[from + m], m};
        qsort(parts, size, sizeof(*parts), compare_parts);
        for (uint32_t m = 0; m < size; m++) {
            if (m == 0 || parts[m].part != parts[m - 1].part) {
                begin[n] = from + m;
                super[n++] = g->super[i];
            }
            g->order[from + m] = parts[m].member;
        }
    }
    begin[n] = total;
    g->begin = begin;
    g->super = super;
    g->n = n;
    sh_arena_rewind(en->scratch, at);
    return SH_OK;
}

sh_code sh_group_key(struct sh_engine *en, const struct sh_rule_plan *rp, int64_t *const *keys,
                     uint32_t member, int32_t row_k, struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0};
    for (size_t k = 0; k < rp->rule->n_keys; k++) {
        if (k > 0)
            sh_buf_add_char(&key, '|');
        SH_TRY(sh_key_of_value(en, rp, k, keys[k][member], row_k, &key, err));
    }
    SH_TRY(sh_buf_check(&key, err));
    *ret = sh_keep_str(en, sh_buf_view(&key));
    return SH_OK;
}
