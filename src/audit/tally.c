/* Groups of many persons, added up over the chunks of a worker: see tally.h. */
#include "audit/tally.h"
#include "audit/lacking.h"
#include "audit/met.h"
#include "audit/parting.h"
#include "audit/second.h"
#include "audit/send.h"
#include "base/hash.h"
#include <string.h>

#define HELD_BYTES_MAX ((size_t)128 << 20)
enum { AHEAD = 8 }; /* groups */

/* Groups under the same keys that the worker has met. */
struct ledger {
    const struct sh_rule *of;
    struct sh_met met;
};

/* What one rule knows of a group so far. */
struct entry {
    struct sh_xhead head; /* of its first row; sums over all */
    int64_t time;         /* of that row */
    struct sh_str order;  /* where times are the same */
    struct sh_str row;    /* as it is carried */
    bool there;
};

struct account {
    enum { UNASKED, TALLIED, OTHER } kind;
    struct ledger *ledger;
    struct entry *entries;
    sh_i128 *partials; /* [n][n_partials] */
    size_t cap_entries, cap_partials;
    uint32_t n;
};

struct sh_tally {
    const struct sh_plan *plan;
    struct account *accounts; /* [n_active] */
    struct ledger *ledgers;   /* [n_active] at most */
    size_t n_ledgers;
    struct sh_arena texts;
    size_t bytes;
    struct sh_seconds *seconds;
};

struct sh_seconds *sh_tally_seconds(struct sh_tally *t) {
    return t->seconds;
}

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for groups of many persons");
}

sh_code sh_tally_new(const struct sh_plan *plan, struct sh_tally **ret, struct sh_err *err) {
    struct sh_tally *t = sh_alloc_array(1, sizeof(*t));
    if (!t)
        return out_of_room(err);
    t->plan = plan;
    t->accounts = sh_alloc_array(plan->n_active + 1, sizeof(*t->accounts));
    t->ledgers = sh_alloc_array(plan->n_active + 1, sizeof(*t->ledgers));
    sh_code code = t->accounts && t->ledgers ? sh_seconds_new(plan, &t->seconds, err) : out_of_room(err);
    if (code != SH_OK) {
        sh_tally_free(t);
        return code;
    }
    *ret = t;
    return SH_OK;
}

/* Forget all groups; which rules are tallied stays known. */
static void clear(struct sh_tally *t) {
    for (size_t i = 0; t->ledgers && i < t->n_ledgers; i++) {
        sh_met_free(&t->ledgers[i].met);
        t->ledgers[i] = (struct ledger){0};
    }
    for (size_t i = 0; t->accounts && i < t->plan->n_active; i++) {
        struct account *a = &t->accounts[i];
        sh_free(a->entries);
        sh_free(a->partials);
        *a = (struct account){.kind = a->kind};
    }
    t->n_ledgers = t->bytes = 0;
    sh_arena_free(&t->texts);
}

void sh_tally_free(struct sh_tally *t) {
    if (!t)
        return;
    clear(t);
    sh_free(t->accounts);
    sh_free(t->ledgers);
    sh_seconds_free(t->seconds);
    sh_free(t);
}

/* ---- which rules -------------------------------------------------------------------------------- */

bool sh_is_lasting_key(const struct sh_plan *plan, const struct sh_rule_key *key) {
    const struct sh_type type = sh_expr_type(key->expr);
    if (key->kind != SH_RULE_KEY_EXPR)
        return false;
    if (type.kind == SH_KIND_CODE)
        return type.domain >= 0 && plan->model->domain_dicts[type.domain] != SH_DICT_PERSON;
    return type.kind == SH_KIND_DATE || type.kind == SH_KIND_TIME || type.kind == SH_KIND_NUMBER ||
           type.kind == SH_KIND_LEVEL || type.kind == SH_KIND_BOOL;
}

static bool is_tallied(struct sh_tally *t, const struct sh_rule_plan *rp) {
    struct account *a = &t->accounts[rp->index];
    const struct sh_rule *r = rp->rule;
    if (a->kind != UNASKED)
        return a->kind == TALLIED;
    bool yes = r->reach == SH_REACH_MERGED && !r->has_b && r->n_uses == 0 && r->n_with == 0;
    for (size_t k = 0; yes && k < r->n_keys; k++)
        yes = sh_is_lasting_key(t->plan, &r->keys[k]);
    for (size_t p = 0; yes && p < r->n_partials; p++)
        yes = sh_partial_is_sum(&r->partials[p]);
    a->kind = yes ? TALLIED : OTHER;
    return yes;
}

/* ---- groups ------------------------------------------------------------------------------------- */

static struct ledger *ledger_of(struct sh_tally *t, const struct sh_rule *r) {
    for (size_t i = 0; i < t->n_ledgers; i++)
        if (sh_same_keys(t->ledgers[i].of, r))
            return &t->ledgers[i];
    t->ledgers[t->n_ledgers] = (struct ledger){.of = r};
    return &t->ledgers[t->n_ledgers++];
}

/* A group as it is printed, kept until the tally is cleared. */
static sh_code name_of(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_parting *p,
                       uint32_t member, struct sh_str *ret, struct sh_err *err) {
    struct sh_tally *t = en->tally;
    struct sh_str name;
    SH_TRY(sh_group_key(en, rp, p->keys, member, -1, &name, err));
    const char *copy = sh_arena_dup(&t->texts, name.at, name.len);
    if (!copy)
        return out_of_room(err);
    *ret = (struct sh_str){copy, name.len};
    t->bytes += name.len + rp->rule->n_keys * sizeof(int64_t) + sizeof(struct sh_str);
    return SH_OK;
}

/* Number of each group of the chunk among those of the worker. */
static sh_code number_groups(struct sh_engine *en, const struct sh_rule_plan *rp, struct ledger *l,
                             struct sh_parting *p, struct sh_err *err) {
    if (p->whole)
        return SH_OK;
    const size_t n_keys = l->of->n_keys;
    uint32_t *whole = sh_new_raw(p->shared ? en->tl.arena : en->work, uint32_t, (size_t)p->g.n + 1);
    int64_t *keys = sh_new(en->scratch, int64_t, n_keys + 1);
    struct sh_str name;
    if (!whole || !keys)
        return out_of_room(err);
    for (uint32_t g = 0; g < p->g.n; g++) {
        const uint32_t member = p->g.order[p->g.begin[g]];
        SH_TRY(sh_met_room(&l->met, n_keys, err));
        for (size_t k = 0; k < n_keys; k++)
            keys[k] = p->keys[k][member];
        uint32_t *slot = sh_met_slot(&l->met, keys, n_keys, sh_met_hash(keys, n_keys));
        if (*slot == 0) {
            SH_TRY(name_of(en, rp, p, member, &name, err));
            sh_met_add(&l->met, slot, keys, n_keys, name);
        }
        whole[g] = *slot - 1;
    }
    p->whole = whole;
    return SH_OK;
}

static sh_code account_room(struct sh_tally *t, struct account *a, const struct sh_rule *r,
                            struct sh_err *err) {
    const uint32_t n = a->ledger->met.n;
    SH_TRY(sh_grow(&a->entries, &a->cap_entries, (size_t)n + 1, sizeof(struct entry), UINT32_MAX, err));
    SH_TRY(sh_grow(&a->partials, &a->cap_partials, (size_t)n * r->n_partials + 1, sizeof(sh_i128), UINT32_MAX,
                   err));
    if (n > a->n) {
        memset(a->entries + a->n, 0, (n - a->n) * sizeof(struct entry));
        t->bytes += (n - a->n) * (sizeof(struct entry) + r->n_partials * sizeof(sh_i128));
        for (size_t i = (size_t)a->n * r->n_partials; i < (size_t)n * r->n_partials; i++)
            a->partials[i] = sh_partial_empty(r->partials[i % r->n_partials].kind);
        a->n = n;
    }
    return SH_OK;
}

/* ---- one rule, one chunk ------------------------------------------------------------------------ */

/* What the groups of a chunk come to. */
struct figures {
    const sh_i128 *sums[SH_PARTIALS_MAX]; /* [n_partials][groups] */
    const int64_t *encounters;
    const uint8_t *gaps; /* members that a statistic leaves out; NULL none */
};

static sh_code find_figures(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_parting *p,
                            struct figures *ret, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    const bool is_stat = r->shape == SH_SHAPE_STAT;
    const struct sh_adds *adds[SH_PARTIALS_MAX] = {0};
    bool any = false;
    for (size_t a = 0; a < r->n_partials; a++) {
        SH_TRY(sh_parting_adds(en, rp, &r->partials[a], p, &adds[a], err));
        any |= adds[a]->gaps;
    }
    if (any && is_stat) {
        uint8_t *gaps = sh_new(en->work, uint8_t, (size_t)p->n + 1);
        if (!gaps)
            return out_of_room(err);
        for (size_t a = 0; a < r->n_partials; a++)
            for (uint32_t i = 0; adds[a]->gaps && i < p->n; i++)
                gaps[i] |= adds[a]->values[i] == SH_MISSING;
        ret->gaps = gaps;
    }
    for (size_t a = 0; a < r->n_partials; a++)
        SH_TRY(sh_parting_sums(en, p, adds[a], ret->gaps, &ret->sums[a], err));
    return is_stat ? sh_parting_encounters(en, p, ret->gaps, &ret->encounters, err) : SH_OK;
}

/* The first row of a group in the chunk speaks for it, unless one before it does already. */
static sh_code let_speak(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_parting *p,
                         uint32_t g, struct entry *e, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf row = {0};
    struct sh_tally *t = en->tally;
    struct sh_str order;
    uint32_t first;
    SH_TRY(sh_parting_order(en, p, g, &order, err));
    if (e->there && e->time == p->least[g] && sh_str_cmp(order, e->order) >= 0)
        return SH_OK;
    SH_TRY(sh_parting_first(en, p, g, &first, err));
    const int32_t number = p->rows[first];
    SH_TRY(sh_carry_row(en, rp, number, &row, err));
    const char *order_copy = sh_arena_dup(&t->texts, order.at, order.len),
               *row_copy = sh_arena_dup(&t->texts, row.at, row.len);
    if (!order_copy || !row_copy)
        return out_of_room(err);
    t->bytes += order.len + row.len;
    const struct sh_xhead was = e->head;
    e->head = sh_head_of(en, rp->rule->table, number, -1);
    e->head.n_partials = (int32_t)rp->rule->n_partials;
    e->head.first_day = e->there ? was.first_day : INT32_MAX;
    e->head.last_day = e->there ? was.last_day : INT32_MIN;
    e->head.members = was.members, e->head.left_out = was.left_out, e->head.encounters = was.encounters;
    e->time = p->least[g];
    e->order = (struct sh_str){order_copy, order.len};
    e->row = (struct sh_str){row_copy, row.len};
    e->there = true;
    return SH_OK;
}

static sh_code add_group(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_parting *p,
                         const struct figures *f, uint32_t g, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    struct account *a = &en->tally->accounts[rp->index];
    struct entry *e = &a->entries[p->whole[g]];
    if (!e->there || p->least[g] <= e->time)
        SH_TRY(let_speak(en, rp, p, g, e, err));
    int64_t left_out = 0;
    for (uint32_t i = p->g.begin[g]; f->gaps && i < p->g.begin[g + 1]; i++)
        left_out += f->gaps[p->g.order[i]];
    struct sh_xhead *h = &e->head;
    h->members += p->g.begin[g + 1] - p->g.begin[g] - left_out;
    h->left_out += left_out;
    h->encounters += f->encounters ? f->encounters[g] : 0;
    h->first_day = p->first_day[g] < h->first_day ? p->first_day[g] : h->first_day;
    h->last_day = p->last_day[g] > h->last_day ? p->last_day[g] : h->last_day;
    sh_i128 *partials = a->partials + (size_t)p->whole[g] * r->n_partials;
    for (size_t i = 0; i < r->n_partials; i++)
        partials[i] = sh_partial_join(r->partials[i].kind, partials[i], f->sums[i][g]);
    return SH_OK;
}

sh_code sh_tally_rule(struct sh_engine *en, const struct sh_rule_plan *rp, bool *ret_done,
                      struct sh_err *err) {
    struct sh_tally *t = en->tally;
    struct sh_members m;
    *ret_done = false;
    if (!t || !is_tallied(t, rp))
        return SH_OK;
    SH_TRY(sh_members_collect(en, rp, false, false, &m, err));
    if (m.k || m.uncertain)
        return SH_OK;
    *ret_done = true;
    sh_count_not_concerned(en, rp, &m);
    struct sh_parting *p = NULL;
    struct figures figures = {0};
    struct account *a = &t->accounts[rp->index];
    a->ledger = a->ledger ? a->ledger : ledger_of(t, rp->rule);
    SH_TRY(sh_parting_of(en, rp, &m, &p, err));
    for (const struct sh_lacking *l = p->lacking; l; l = l->next)
        SH_TRY(sh_answer_add_many(en->answers, rp->index, SH_ANSWER_NOT_EVALUATED, l->field, &l->count, err));
    for (uint32_t i = 0; p->lacking && i < p->n; i++)
        if (p->fields[i].len > 0)
            SH_TRY(sh_lacking_rows(en, rp, p->fields[i], rp->rule->table, &p->rows[i], 1, err));
    SH_TRY(number_groups(en, rp, a->ledger, p, err));
    SH_TRY(account_room(t, a, rp->rule, err));
    SH_TRY(find_figures(en, rp, p, &figures, err));
    for (uint32_t g = 0; g < p->g.n; g++) { /* entries lie anywhere: they are asked for in good time */
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        const struct entry *ahead = &a->entries[p->whole[g + AHEAD < p->g.n ? g + AHEAD : g]];
        __builtin_prefetch(ahead, 1);
        __builtin_prefetch(&ahead->time, 1);
        SH_TRY(add_group(en, rp, p, &figures, g, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}

/* ---- on their way ------------------------------------------------------------------------------- */

static sh_code send_account(struct sh_tally *t, uint16_t rule, struct sh_exchange *to, struct sh_buf *sort,
                            struct sh_buf *payload, struct sh_err *err) {
    const struct account *a = &t->accounts[rule];
    const size_t n_partials = t->plan->active[rule].rule->n_partials;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct entry *e = &a->entries[i];
        if (!e->there)
            continue;
        sh_buf_clear(sort), sh_buf_clear(payload);
        const size_t key_len = sh_sort_begin(rule, a->ledger->met.names[i], sort);
        sh_sort_time(0, e->time, sort);
        sh_buf_add_str(sort, e->order);
        SH_TRY(sh_carry_begin(&e->head, a->partials + i * n_partials, a->ledger->met.names[i],
                              (struct sh_str){0}, payload, err));
        sh_buf_add_str(payload, e->row);
        SH_TRY(sh_buf_check(payload, err));
        SH_TRY(sh_buf_check(sort, err));
        const struct sh_xrecord record = {sh_buf_view(sort), sh_buf_view(payload), key_len};
        SH_TRY(sh_exchange_add(to, &record, err));
    }
    return SH_OK;
}

sh_code sh_tally_send(struct sh_tally *t, struct sh_exchange *to, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sort = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf payload = {0};
    for (size_t i = 0; i < t->plan->n_active; i++)
        SH_TRY(send_account(t, (uint16_t)i, to, &sort, &payload, err));
    clear(t);
    return sh_seconds_send(t->seconds, to, err);
}

sh_code sh_tally_begin(struct sh_tally *t, struct sh_exchange *to, struct sh_err *err) {
    const size_t most = t->plan->options.held_bytes_max ? t->plan->options.held_bytes_max : HELD_BYTES_MAX;
    sh_seconds_begin(t->seconds);
    return t->bytes + sh_seconds_bytes(t->seconds) > most ? sh_tally_send(t, to, err) : SH_OK;
}
