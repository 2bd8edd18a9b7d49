/* First half of a rule whose rows are of many persons: what its rows of this chunk have to tell, sent to
 * where they meet. Rows that cannot take part are answered here. */
#include "audit/send.h"
#include "audit/census.h"
#include "audit/drawn.h"
#include "audit/second.h"
#include "audit/tally.h"
#include "base/date.h"
#include "base/hash.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for rows that must meet");
}

int64_t sh_order_time(const struct sh_engine *en, uint16_t table, int32_t row) {
    const struct sh_model_table *t = &en->plan->model->model.tables[table];
    const int64_t value = sh_column_value(&en->tl, table, t->time_column, row);
    if (value == SH_MISSING || t->time_column < 0) {
        const int32_t day = sh_subject_day(&en->tl, table, row);
        return day == SH_MISSING_I32 ? INT64_MIN : (int64_t)day * SH_DAY_SECONDS;
    }
    return t->columns[t->time_column].type.kind == SH_KIND_DATE ? value * SH_DAY_SECONDS : value;
}

/* Bytes that compare as the number does. */
void sh_sort_number(int64_t v, struct sh_buf *out) {
    const uint64_t u = (uint64_t)v ^ ((uint64_t)1 << 63);
    for (int shift = 56; shift >= 0; shift -= 8)
        sh_buf_add_char(out, (char)(u >> shift));
}

/* A row that speaks in a record. */
struct speaker {
    uint16_t table;
    int32_t row, k;
};

/* A record while it is made. */
struct parcel {
    struct sh_buf sort, payload;
    size_t key_len;
};
static void parcel_release(struct parcel *p) {
    sh_buf_free(&p->sort);
    sh_buf_free(&p->payload);
}

size_t sh_sort_begin(uint16_t rule, struct sh_str key, struct sh_buf *out) {
    const uint64_t hash = sh_hash64(key.at, key.len, 0);
    sh_buf_add_char(out, (char)(rule >> 8));
    sh_buf_add_char(out, (char)(rule & 255));
    for (int shift = 56; shift >= 0; shift -= 8)
        sh_buf_add_char(out, (char)(hash >> shift));
    sh_buf_add_str(out, key);
    sh_buf_add_char(out, '\0');
    return out->len;
}

void sh_sort_time(int side, int64_t time, struct sh_buf *out) {
    sh_buf_add_char(out, (char)side);
    sh_sort_number(time, out);
}

sh_code sh_sort_row(struct sh_engine *en, uint16_t table, int32_t row, int32_t k, struct sh_buf *out,
                    struct sh_err *err) {
    SH_TRY(sh_key_of_row(en, table, row, out, err));
    sh_sort_number(k, out);
    return sh_buf_check(out, err);
}

static sh_code make_sort(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_str key, int side,
                         const struct speaker *of, struct parcel *to, struct sh_err *err) {
    sh_buf_clear(&to->sort);
    to->key_len = sh_sort_begin(rp->index, key, &to->sort);
    sh_sort_time(side, sh_order_time(en, of->table, of->row), &to->sort);
    return sh_sort_row(en, of->table, of->row, of->k, &to->sort, err);
}

struct sh_xhead sh_head_of(const struct sh_engine *en, uint16_t table, int32_t row, int32_t k) {
    const int32_t day = sh_subject_day(&en->tl, table, row);
    return (struct sh_xhead){.k = k,
                             .institution = sh_institution_of(&en->tl, table, row),
                             .day = day,
                             .first_day = day == SH_MISSING_I32 ? INT32_MAX : day,
                             .last_day = day == SH_MISSING_I32 ? INT32_MIN : day,
                             .chunk_row = en->exchange->out.file ? -1 : row};
}

static sh_code count_missing(struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row,
                             struct sh_str field, struct sh_err *err) {
    const struct sh_verdict v = {.answer = SH_ANSWER_NOT_EVALUATED, .field = field};
    return sh_count(en, rp, &v, &row, 1, err);
}

/* ---- rows that meet themselves ------------------------------------------------------------------ */

static sh_code send(struct sh_engine *en, const struct parcel *parcel, struct sh_err *err) {
    const struct sh_xrecord record = {.sort = sh_buf_view(&parcel->sort),
                                      .payload = sh_buf_view(&parcel->payload),
                                      .key_len = parcel->key_len};
    return sh_exchange_add(en->exchange, &record, err);
}

static sh_code send_row(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m,
                        int64_t *const *keys, uint32_t i, struct parcel *parcel, struct sh_err *err) {
    const struct speaker of = {rp->rule->table, m->row[i], m->k ? m->k[i] : -1};
    struct sh_str key;
    const struct sh_arena_mark at = sh_arena_mark(en->scratch);
    SH_TRY(sh_group_key(en, rp, keys, i, of.k, &key, err));
    SH_TRY(make_sort(en, rp, key, 0, &of, parcel, err));
    const struct sh_xhead head = sh_head_of(en, of.table, of.row, of.k);
    sh_buf_clear(&parcel->payload);
    const struct sh_str uncertain = m->uncertain ? m->uncertain[i] : (struct sh_str){0};
    SH_TRY(sh_carry_begin(&head, NULL, key, uncertain, &parcel->payload, err));
    SH_TRY(sh_carry_row(en, rp, of.row, &parcel->payload, err));
    if (sh_takes_money(rp->rule))
        SH_TRY(sh_xmoney_pack(en, of.row, &parcel->payload, err));
    SH_TRY(send(en, parcel, err));
    sh_arena_rewind(en->scratch, at);
    return SH_OK;
}

static sh_code send_rows(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    SH_CLEANUP(parcel_release) struct parcel parcel = {0};
    struct sh_members m;
    int64_t **keys;
    size_t n_keys;
    const bool any_day = rp->rule->shape == SH_SHAPE_WINDOW || rp->rule->shape == SH_SHAPE_PAIR;
    SH_TRY(sh_members_collect(en, rp, any_day, false, &m, err));
    sh_count_not_concerned(en, rp, &m);
    struct sh_str *fields = sh_new(en->work, struct sh_str, (size_t)m.n + 1);
    if (!fields)
        return out_of_room(err);
    SH_TRY(sh_keys_eval(en, rp, &m, &keys, &n_keys, fields, err));
    for (uint32_t i = 0; i < m.n; i++)
        SH_TRY(fields[i].len > 0 ? count_missing(en, rp, m.row[i], fields[i], err)
                                 : send_row(en, rp, &m, keys, i, &parcel, err));
    return SH_OK;
}

/* ---- groups whose parts are put together -------------------------------------------------------- */

/* The members of one table, by key. */
struct part {
    bool side_b;
    uint16_t table;
    struct sh_members m;
    int64_t **keys;
    struct sh_str *fields;
    struct sh_grouping g;
    uint8_t *gaps;      /* [m.n] STAT: not counted, a field is missing */
    sh_i128 **partials; /* [n_partials][block] */
};

static sh_code batch_of(struct sh_engine *en, const struct sh_rule_plan *rp, const struct part *p,
                        const struct sh_tuple_rows *of, struct sh_batch *ret, struct sh_err *err) {
    return p->side_b ? sh_batch_b(en, rp, of->rows, of->n, ret, err) : sh_batch_make(en, rp, of, ret, err);
}

static bool is_of_side(const struct sh_rule *r, const struct sh_partial *p, bool side_b) {
    return !r->has_b || side_b == ((p->slots >> r->slot_b & 1) != 0);
}

static sh_code keys_b(struct sh_engine *en, const struct sh_rule_plan *rp, struct part *p,
                      struct sh_err *err) {
    p->keys = sh_new(en->work, int64_t *, rp->rule->n_keys + 1);
    if (!p->keys)
        return out_of_room(err);
    for (size_t k = 0; k < rp->rule->n_keys; k++) {
        p->keys[k] = sh_new(en->work, int64_t, (size_t)p->m.n + 1);
        if (!p->keys[k])
            return out_of_room(err);
    }
    for (uint32_t from = 0; from < p->m.n; from += SH_BLOCK) {
        const uint32_t n = p->m.n - from < SH_BLOCK ? p->m.n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct sh_batch batch;
        SH_TRY(sh_batch_b(en, rp, p->m.row + from, n, &batch, err));
        SH_TRY(sh_keys_b(en, rp, &batch, from, p->keys, p->fields + from, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}

/* A statistic leaves out members with a missing field. */
static sh_code find_gaps(struct sh_engine *en, const struct sh_rule_plan *rp, struct part *p,
                         struct sh_err *err) {
    p->gaps = sh_new(en->work, uint8_t, (size_t)p->m.n + 1);
    if (!p->gaps)
        return out_of_room(err);
    for (uint32_t i = 0; p->m.uncertain && i < p->m.n; i++)
        p->gaps[i] = p->m.uncertain[i].len > 0;
    for (uint32_t from = 0; from < p->m.n; from += SH_BLOCK) {
        const uint32_t n = p->m.n - from < SH_BLOCK ? p->m.n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct sh_batch batch;
        const struct sh_tuple_rows of = {n, p->m.row + from, p->m.k ? p->m.k + from : NULL, NULL};
        SH_TRY(batch_of(en, rp, p, &of, &batch, err));
        const struct sh_eval eval = sh_engine_eval(en);
        for (size_t a = 0; a < rp->rule->n_partials; a++)
            SH_TRY(sh_partial_gaps(&rp->rule->partials[a], &eval, &batch, p->gaps + from, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}

static sh_code make_part(struct sh_engine *en, const struct sh_rule_plan *rp, struct part *p,
                         struct sh_err *err) {
    size_t n_keys = rp->rule->n_keys;
    if (p->side_b)
        SH_TRY(sh_rows_b(en, rp, &p->m, err));
    else
        SH_TRY(sh_members_collect(en, rp, false, false, &p->m, err));
    if (!p->side_b)
        sh_count_not_concerned(en, rp, &p->m);
    if (!p->side_b)
        SH_TRY(sh_census_set_aside(en, rp, &p->m, err));
    p->fields = sh_new(en->work, struct sh_str, (size_t)p->m.n + 1);
    if (!p->fields)
        return out_of_room(err);
    if (p->side_b)
        SH_TRY(keys_b(en, rp, p, err));
    else
        SH_TRY(sh_keys_eval(en, rp, &p->m, &p->keys, &n_keys, p->fields, err));
    if (rp->rule->shape == SH_SHAPE_STAT)
        SH_TRY(find_gaps(en, rp, p, err));
    for (uint32_t i = 0; i < p->m.n; i++) {
        if (p->m.uncertain && p->m.uncertain[i].len > 0 && !p->gaps && p->fields[i].len == 0)
            p->fields[i] = p->m.uncertain[i];
        if (p->fields[i].len > 0)
            SH_TRY(count_missing(en, rp, p->side_b ? -1 : p->m.row[i], p->fields[i], err));
    }
    return sh_group_by(en, p->m.n, p->keys, n_keys, p->fields, &p->g, err);
}

static int compare_rows(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* Do the rows of a table belong to encounters? Those of views as what they are made of. */
bool sh_has_encounters(const struct sh_engine *en, uint16_t table) {
    for (const struct sh_rule_view *v; (v = sh_view_of(en->plan, table));)
        table = v->source;
    return table == SH_TABLE_ENCOUNTER || sh_model_column(en->plan->model, table, "encounter") >= 0;
}

/* Different encounters among the members counted; where rows belong to none, the members. */
static int64_t encounters_of(struct sh_engine *en, const struct part *p, uint32_t g, int32_t *scratch) {
    uint32_t n = 0;
    int64_t distinct = 0;
    for (uint32_t i = p->g.begin[g]; i < p->g.begin[g + 1]; i++) {
        const uint32_t member = p->g.order[i];
        const int32_t e =
            p->gaps && p->gaps[member] ? -1 : sh_encounter_of(&en->tl, p->table, p->m.row[member]);
        if (e >= 0)
            scratch[n++] = e;
    }
    if (n > 1)
        qsort(scratch, n, sizeof(*scratch), compare_rows);
    for (uint32_t i = 0; i < n; i++)
        distinct += i == 0 || scratch[i] != scratch[i - 1];
    return distinct;
}

/* The first member in the total order. */
static sh_code first_member(struct sh_engine *en, const struct part *p, uint32_t g, uint32_t *ret,
                            struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf best = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf other = {0};
    *ret = p->g.order[p->g.begin[g]];
    int64_t least = sh_order_time(en, p->table, p->m.row[*ret]);
    for (uint32_t i = p->g.begin[g] + 1; i < p->g.begin[g + 1]; i++) {
        const uint32_t member = p->g.order[i];
        const int64_t time = sh_order_time(en, p->table, p->m.row[member]);
        if (time > least)
            continue;
        if (time == least) {
            sh_buf_clear(&best), sh_buf_clear(&other);
            SH_TRY(sh_key_of_row(en, p->table, p->m.row[*ret], &best, err));
            SH_TRY(sh_key_of_row(en, p->table, p->m.row[member], &other, err));
            if (sh_str_cmp(sh_buf_view(&other), sh_buf_view(&best)) >= 0)
                continue;
        }
        *ret = member, least = time;
    }
    return SH_OK;
}

/* The members that count of a block of groups, and where those of each group begin. */
static sh_code counted_members(struct sh_engine *en, const struct part *p, uint32_t from, uint32_t n,
                               struct sh_tuple_rows *ret, uint32_t *at, struct sh_err *err) {
    const uint32_t *begin = p->g.begin + from, most = begin[n] - begin[0];
    int32_t *rows = sh_new(en->scratch, int32_t, (size_t)most + 1),
            *k = p->m.k ? sh_new(en->scratch, int32_t, (size_t)most + 1) : NULL;
    if (!rows || (p->m.k && !k))
        return out_of_room(err);
    uint32_t total = 0;
    for (uint32_t g = 0; g < n; g++) {
        at[g] = total;
        for (uint32_t i = begin[g]; i < begin[g + 1]; i++) {
            const uint32_t member = p->g.order[i];
            if (p->gaps && p->gaps[member])
                continue;
            rows[total] = p->m.row[member];
            if (k)
                k[total] = p->m.k[member];
            total++;
        }
    }
    at[n] = total;
    *ret = (struct sh_tuple_rows){total, rows, k, NULL};
    return SH_OK;
}

/* Aggregates of a block of groups. */
static sh_code eval_block(struct sh_engine *en, const struct sh_rule_plan *rp, struct part *p, uint32_t from,
                          uint32_t n, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    uint32_t *at = sh_new(en->scratch, uint32_t, (size_t)n + 1);
    int32_t *subject = sh_new(en->scratch, int32_t, (size_t)n + 1);
    struct sh_tuple_rows of;
    if (!at || !subject)
        return out_of_room(err);
    SH_TRY(counted_members(en, p, from, n, &of, at, err));
    struct sh_batch members, batch = {.n = n, .members = &members, .member_begin = at};
    SH_TRY(batch_of(en, rp, p, &of, &members, err));
    for (uint32_t g = 0; g < n; g++)
        subject[g] = of.n > 0 ? of.rows[at[g] < of.n ? at[g] : 0] : -1;
    for (uint16_t s = 0; s < SH_VARIABLES_MAX; s++)
        batch.rows[s] = subject; /* aggregates read their members only */
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t a = 0; a < r->n_partials; a++) {
        const struct sh_partial *partial = &r->partials[a];
        p->partials[a] = sh_new(en->scratch, sh_i128, (size_t)n + 1);
        if (!p->partials[a])
            return out_of_room(err);
        for (uint32_t g = 0; g < n; g++)
            p->partials[a][g] = sh_partial_empty(partial->kind);
        if (is_of_side(r, partial, p->side_b))
            SH_TRY(sh_partial_eval(partial, &eval, &batch, p->partials[a], err));
    }
    return SH_OK;
}

static void days_of(const struct sh_engine *en, const struct part *p, uint32_t g, struct sh_xhead *head) {
    for (uint32_t i = p->g.begin[g]; i < p->g.begin[g + 1]; i++) {
        const int32_t day = sh_subject_day(&en->tl, p->table, p->m.row[p->g.order[i]]);
        if (day == SH_MISSING_I32)
            continue;
        head->first_day = day < head->first_day ? day : head->first_day;
        head->last_day = day > head->last_day ? day : head->last_day;
    }
}

static sh_code send_group(struct sh_engine *en, const struct sh_rule_plan *rp, struct part *p, uint32_t g,
                          uint32_t at, struct parcel *parcel, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    sh_i128 partials[SH_PARTIALS_MAX];
    uint32_t first;
    struct sh_str key;
    SH_TRY(first_member(en, p, g, &first, err));
    const struct speaker of = {p->table, p->m.row[first], p->m.k ? p->m.k[first] : -1};
    SH_TRY(sh_group_key(en, rp, p->keys, first, of.k, &key, err));
    struct sh_xhead head = sh_head_of(en, of.table, of.row, of.k);
    head.side = p->side_b;
    head.n_partials = (int32_t)r->n_partials;
    days_of(en, p, g, &head);
    const uint32_t n = p->g.begin[g + 1] - p->g.begin[g];
    for (uint32_t i = p->g.begin[g]; p->gaps && i < p->g.begin[g + 1]; i++)
        head.left_out += p->gaps[p->g.order[i]];
    head.members = n - head.left_out;
    int32_t *scratch = sh_new(en->scratch, int32_t, (size_t)n + 1);
    if (!scratch)
        return out_of_room(err);
    if (r->shape == SH_SHAPE_STAT)
        head.encounters = sh_has_encounters(en, p->table) ? encounters_of(en, p, g, scratch) : head.members;
    for (size_t a = 0; a < r->n_partials; a++)
        partials[a] = p->partials[a][at];
    SH_TRY(make_sort(en, rp, key, p->side_b, &of, parcel, err));
    sh_buf_clear(&parcel->payload);
    SH_TRY(sh_carry_begin(&head, partials, key, (struct sh_str){0}, &parcel->payload, err));
    if (!p->side_b)
        SH_TRY(sh_carry_row(en, rp, of.row, &parcel->payload, err));
    for (size_t k = 0; p->side_b && k < r->n_keys; k++)
        sh_buf_add(&parcel->payload, (const char *)&p->keys[k][first], sizeof(int64_t));
    SH_TRY(sh_buf_check(&parcel->payload, err));
    return send(en, parcel, err);
}

static sh_code send_part(struct sh_engine *en, const struct sh_rule_plan *rp, bool side_b,
                         struct sh_err *err) {
    SH_CLEANUP(parcel_release) struct parcel parcel = {0};
    struct part p = {.side_b = side_b, .table = side_b ? rp->rule->table_b : rp->rule->table};
    p.partials = sh_new(en->work, sh_i128 *, SH_PARTIALS_MAX);
    if (!p.partials)
        return out_of_room(err);
    SH_TRY(make_part(en, rp, &p, err));
    for (uint32_t from = 0, to; from < p.g.n; from = to) {
        for (to = from + 1; to < p.g.n && p.g.begin[to + 1] - p.g.begin[from] <= SH_BLOCK;)
            to++;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(eval_block(en, rp, &p, from, to - from, err));
        for (uint32_t g = from; g < to; g++)
            SH_TRY(send_group(en, rp, &p, g, g - from, &parcel, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}

sh_code sh_send_rule(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_err *err) {
    if (rp->rule->reach == SH_REACH_EXCHANGED)
        return send_rows(en, rp, err);
    bool done;
    SH_TRY(sh_tally_rule(en, rp, &done, err));
    if (done)
        return SH_OK;
    SH_TRY(send_part(en, rp, false, err));
    if (rp->rule->has_b)
        SH_TRY(sh_second_rule(en, rp, &done, err));
    return rp->rule->has_b && !done ? send_part(en, rp, true, err) : SH_OK;
}
