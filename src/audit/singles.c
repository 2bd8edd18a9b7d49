/*
 * Singles: rows that share their keys with no other row. Where a group of one cannot hit ("count() > 1") they
 * are clear, and most rows are singles, so they are set aside by a hash of the columns behind the keys before
 * anything is grouped.
 */
#include "audit/singles.h"
#include "audit/lacking.h"
#include "base/date.h"
#include "base/hash.h"
#include "base/wide.h"
#include <string.h>

#define AT_ONCE 2048u
#define TIME_MAX ((int64_t)1 << 40) /* seconds; within it every period of a time is known */

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the keys of groups");
}

/* Columns of the line that the keys are made of: where all are there, so are the keys. */
struct behind {
    struct sh_plain_column columns[8]; /* as many as a rule has keys */
    bool tells[8]; /* goes into the hash: who is alone by some of the keys is alone by all */
    size_t n;
    size_t n_before; /* columns of the keys before the first that wants an exact time; n: none does */
    bool by_person;
};

static bool columns_behind(const struct sh_rule_plan *rp, const struct sh_plan *plan, struct behind *ret) {
    const struct sh_rule *r = rp->rule;
    bool finer = false; /* than a day */
    *ret = (struct behind){0};
    for (size_t k = 0; k < r->n_keys; k++) {
        struct sh_plain_column *c = &ret->columns[ret->n];
        if (r->keys[k].kind != SH_RULE_KEY_EXPR || !sh_expr_plain_column(r->keys[k].expr, c))
            return false;
        if (!finer && sh_expr_type(r->keys[k].expr).kind == SH_KIND_TIME)
            finer = true, ret->n_before = ret->n;
        bool seen = false; /* hour and time are of one column */
        for (size_t i = 0; i < ret->n; i++) {
            const bool is_same = ret->columns[i].column == c->column && ret->columns[i].exact == c->exact;
            seen |= is_same;
            ret->columns[i].is_period &= !is_same || c->is_period; /* time tells apart what hour does not */
        }
        ret->by_person |= c->column == plan->at.line.person;
        ret->n += !seen && c->column != plan->at.line.person;
    }
    ret->n_before = finer ? ret->n_before : ret->n;
    size_t tell = 0; /* item and time tell nearly all rows apart */
    for (size_t c = 0; c < ret->n; c++) {
        const int column = ret->columns[c].column;
        ret->tells[c] = (column == plan->at.line.item || column == plan->at.line.time) &&
                        !ret->columns[c].is_period; /* two times may be of one hour */
        tell += ret->tells[c];
    }
    for (size_t c = 0; c < ret->n; c++)
        ret->tells[c] |= tell < 2 && !ret->columns[c].is_period;
    return ret->by_person;
}

bool sh_singles_serve(const struct sh_plan *plan, const struct sh_rule_plan *rp) {
    const struct sh_rule *r = rp->rule;
    struct behind behind;
    return r->shape == SH_SHAPE_GROUP && r->table == SH_TABLE_LINE && rp->min_members >= 2 &&
           rp->collector < 0 && r->n_uses == 0 && r->n_with == 0 && !r->where &&
           columns_behind(rp, plan, &behind);
}

/* All bits of the rows from … to - 1. Where none is below zero, none is missing: what stands for it is. */
#define ALL_BITS(type)                                                                                       \
    do {                                                                                                     \
        const type *restrict x = data;                                                                       \
        type all = 0;                                                                                        \
        for (uint32_t i = from; i < to; i++)                                                                 \
            all |= x[i];                                                                                     \
        bits = all;                                                                                          \
    } while (0)

/* Is a value missing among them? */
#define ANY_GONE(type, gone)                                                                                 \
    do {                                                                                                     \
        const type *restrict x = data;                                                                       \
        for (uint32_t i = from; i < to; i++)                                                                 \
            any |= (x[i] == (gone)) | (x[i] == gone2);                                                       \
    } while (0)

/* Is a value missing, or a time beyond all periods? Looked at in bulk. */
SH_WIDE static bool is_any_gone(const struct sh_timeline *tl, struct sh_plain_column c, uint32_t from,
                                uint32_t to) {
    const struct sh_model_column *column = &tl->plan->model->model.tables[SH_TABLE_LINE].columns[c.column];
    const void *data = tl->columns[SH_TABLE_LINE][c.column];
    int64_t bits;
    int any = 0;
    if (column->storage == SH_STORE_I32)
        ALL_BITS(int32_t);
    else
        ALL_BITS(int64_t);
    if (bits >= 0 && (column->type.kind != SH_KIND_TIME || bits < TIME_MAX))
        return false;
    if (column->storage == SH_STORE_I32) {
        const int32_t gone2 = c.minus_one ? -1 : SH_MISSING_I32;
        ANY_GONE(int32_t, SH_MISSING_I32);
    } else {
        const int64_t gone2 = SH_MISSING + 1;
        ANY_GONE(int64_t, SH_MISSING);
    }
    const int64_t *times = column->type.kind == SH_KIND_TIME ? (const int64_t *)data : NULL;
    for (uint32_t i = from; times && i < to; i++)
        any |= (times[i] >= TIME_MAX) | (times[i] <= -TIME_MAX);
    return any;
}

#define IS_THERE(type, gone)                                                                                 \
    do {                                                                                                     \
        const type *restrict x = data;                                                                       \
        for (uint32_t i = from; i < to; i++)                                                                 \
            sure[i] &= (uint8_t)((x[i] != (gone)) & (x[i] != gone2));                                        \
    } while (0)

/* Lines whose key may be missing are not sure. */
static void look_at_column(const struct sh_timeline *tl, struct sh_plain_column c, uint32_t from, uint32_t to,
                           uint8_t *restrict sure) {
    const struct sh_model_column *column = &tl->plan->model->model.tables[SH_TABLE_LINE].columns[c.column];
    const void *data = tl->columns[SH_TABLE_LINE][c.column];
    const int8_t *exact = c.exact >= 0 ? sh_i8(tl, SH_TABLE_LINE, c.exact) : NULL;
    for (uint32_t i = from; c.exact >= 0 && i < to; i++)
        sure[i] &= (uint8_t)(exact && exact[i] == 1);
    if (!is_any_gone(tl, c, from, to))
        return;
    if (column->storage == SH_STORE_I32) {
        const int32_t gone2 = c.minus_one ? -1 : SH_MISSING_I32;
        IS_THERE(int32_t, SH_MISSING_I32);
    } else {
        const int64_t gone2 = SH_MISSING + 1;
        IS_THERE(int64_t, SH_MISSING);
    }
    const int64_t *times = column->type.kind == SH_KIND_TIME ? (const int64_t *)data : NULL;
    for (uint32_t i = from; times && i < to; i++)
        sure[i] &= (uint8_t)((times[i] < TIME_MAX) & (times[i] > -TIME_MAX));
}

#define MIX(type)                                                                                            \
    do {                                                                                                     \
        const type *restrict x = data;                                                                       \
        for (uint32_t i = from; i < to; i++)                                                                 \
            hash[i] = ((is_first ? 0 : hash[i]) ^ (uint64_t)x[i]) * 0x9e3779b97f4a7c15u;                     \
    } while (0)

/* The high bits of a hash are the good ones. */
SH_WIDE static void mix_column(const struct sh_timeline *tl, struct sh_plain_column c, bool is_first,
                               uint32_t from, uint32_t to, uint64_t *restrict hash) {
    const void *data = tl->columns[SH_TABLE_LINE][c.column];
    if (tl->plan->model->model.tables[SH_TABLE_LINE].columns[c.column].storage == SH_STORE_I32)
        MIX(int32_t);
    else
        MIX(int64_t);
}

/* Lines whose money is not known or that lie outside the rule's days are for others to look at. What holds
 * for all lines of the chunk that are there is not asked of each; the rest are not in the list. */
static void look_at_lines(const struct sh_engine *en, const struct sh_rule *r, uint32_t from, uint32_t to,
                          uint8_t *restrict sure) {
    const int64_t *restrict covered = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered);
    const int32_t *restrict day = sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.day);
    const bool in_days = (r->from == INT32_MIN && r->to == INT32_MAX) ||
                         (!en->has_undated && r->from <= en->first_day && en->last_day < r->to);
    memset(sure + from, covered != NULL, to - from);
    for (uint32_t i = from; covered && en->has_uncovered && i < to; i++)
        sure[i] = covered[i] != SH_MISSING;
    for (uint32_t i = from; !in_days && i < to; i++)
        sure[i] &= (uint8_t)((day[i] != SH_MISSING_I32) & (r->from <= day[i]) & (day[i] < r->to));
}

/* A key finer than a day wants an exact time: lines without one have no such key, whatever the keys behind it
 * are, and need not be looked at again. Those before it are there: else they are what is missing. */
SH_WIDE static void leave_inexact_out(const struct sh_engine *en, uint32_t from, uint32_t to,
                                      uint8_t *restrict sure, uint8_t *restrict inexact) {
    const int8_t *exact = sh_i8(&en->tl, SH_TABLE_LINE, en->plan->at.line.time_exact);
    for (uint32_t i = from; i < to; i++) {
        const bool is_exact = exact && exact[i] == 1;
        inexact[i] = (uint8_t)(sure[i] & !is_exact);
        sure[i] = (uint8_t)(sure[i] & is_exact);
    }
}

/* What is known of the lines of the chunk, each [lines]; all of them, for those outside of the list are few
 * and arrays are read faster one behind the other. */
struct looked_at {
    uint64_t *hash;
    uint8_t *sure, *inexact;
};

static void look_at_keys(const struct sh_engine *en, const struct sh_rule_plan *rp, uint32_t first,
                         uint32_t last, const struct looked_at *ret) {
    struct behind behind;
    (void)columns_behind(rp, en->plan, &behind);
    for (uint32_t from = first, to; from < last; from = to) {
        to = last - from < AT_ONCE ? last : from + AT_ONCE;
        bool is_first = true;
        look_at_lines(en, rp->rule, from, to, ret->sure);
        if (behind.n_before == behind.n)
            memset(ret->inexact + from, 0, to - from);
        for (size_t c = 0; c < behind.n; c++) {
            if (c == behind.n_before)
                leave_inexact_out(en, from, to, ret->sure, ret->inexact);
            look_at_column(&en->tl, behind.columns[c], from, to, ret->sure);
            if (behind.tells[c]) {
                mix_column(&en->tl, behind.columns[c], is_first, from, to, ret->hash);
                is_first = false;
            }
        }
        if (is_first) /* the person is the only key */
            memset(ret->hash + from, 0, (to - from) * sizeof(uint64_t));
    }
}

/* Bits of one person's hashes: seen once, seen again. */
struct bits {
    uint64_t *once, *again;
    uint32_t words, cap; /* words a power of two */
};

static sh_code bits_clear(struct sh_engine *en, struct bits *b, uint32_t rows, struct sh_err *err) {
    b->words = 4;
    while (b->words < rows / 4) /* 16 bits a row */
        b->words *= 2;
    if (b->words > b->cap) {
        b->cap = b->words;
        b->once = sh_new_raw(en->work, uint64_t, b->cap);
        b->again = sh_new_raw(en->work, uint64_t, b->cap);
        if (!b->once || !b->again)
            return out_of_room(err);
    }
    memset(b->once, 0, b->words * sizeof(uint64_t));
    memset(b->again, 0, b->words * sizeof(uint64_t));
    return SH_OK;
}

/* What is left over, and what the rest came to. */
struct sifted {
    int32_t *rows;
    uint32_t n;
    struct sh_answer_count clear, inexact;
};

/* Rows [n] are of one person. */
static sh_code sift_person(struct sh_engine *en, struct bits *b, const struct looked_at *lines,
                           const int32_t *rows, uint32_t n, struct sifted *ret, struct sh_err *err) {
    const int64_t *covered = sh_i64(&en->tl, SH_TABLE_LINE, en->plan->at.line.covered);
    uint32_t n_left = ret->n;
    uint64_t n_inexact = 0, clear_fen = (uint64_t)ret->clear.fen, inexact_fen = (uint64_t)ret->inexact.fen;
    SH_TRY(bits_clear(en, b, n, err));
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t hash = lines->hash[rows[i]], bit = (uint64_t)1 << (hash >> 58);
        const uint32_t word = (uint32_t)(hash >> 32) & (b->words - 1);
        b->again[word] |= b->once[word] & bit;
        b->once[word] |= bit;
    }
    for (uint32_t i = 0; i < n; i++) {
        const int32_t row = rows[i];
        const uint64_t hash = lines->hash[row];
        const uint64_t seen_again = b->again[(uint32_t)(hash >> 32) & (b->words - 1)] >> (hash >> 58);
        const uint64_t is_inexact = lines->inexact[row], is_single = lines->sure[row] & ~seen_again & 1;
        const uint64_t fen = covered ? (uint64_t)covered[row] : 0; /* known where it counts */
        ret->rows[n_left] = row;
        n_left += (uint32_t)(1 ^ (is_single | is_inexact)); /* never both */
        n_inexact += is_inexact;
        clear_fen += fen & (0 - is_single);
        inexact_fen += fen & (0 - is_inexact);
    }
    ret->n = n_left;
    ret->inexact.lines += n_inexact;
    ret->clear.fen = (int64_t)clear_fen;
    ret->inexact.fen = (int64_t)inexact_fen;
    return SH_OK;
}

/* Where the rows without an exact time lie: noted once for all rules of the chain. */
static sh_code note_inexact(struct sh_engine *en, const struct sh_members *all, const uint8_t *inexact,
                            struct sh_places *ret, struct sh_err *err) {
    int32_t *rows = sh_new_raw(en->work, int32_t, (size_t)all->n + 1);
    if (!rows)
        return out_of_room(err);
    size_t n = 0;
    for (uint32_t i = 0; i < all->n; i++) {
        rows[n] = all->row[i];
        n += inexact[all->row[i]];
    }
    return sh_places_note(en, ret, SH_TABLE_LINE, rows, n, err);
}

static sh_code count_aside(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sifted *s,
                           const struct sh_members *all, const struct sh_places *inexact,
                           struct sh_err *err) {
    const struct sh_str field = SH_STR("line.time_exact");
    SH_TRY(sh_answer_add_many(en->answers, rp->index, SH_ANSWER_CLEAR, (struct sh_str){0}, &s->clear, err));
    if (s->inexact.lines > 0) {
        SH_TRY(sh_answer_add_many(en->answers, rp->index, SH_ANSWER_NOT_EVALUATED, field, &s->inexact, err));
        SH_TRY(sh_lacking_places(en, rp, field, inexact, err));
    }
    /* The caller counts all lines but those it is given. */
    en->answers->rules[rp->index].not_concerned_lines -= all->n - s->n;
    return SH_OK;
}

sh_code sh_singles_set_aside(struct sh_engine *en, const struct sh_rule_plan *rp,
                             const struct sh_members *all, struct sh_members *ret, struct sh_err *err) {
    const int32_t *person = en->tl.person_of[SH_TABLE_LINE];
    const size_t room = (size_t)en->tl.tables[SH_TABLE_LINE].n_rows + 1;
    const struct looked_at looked = {sh_new_raw(en->work, uint64_t, room),
                                     sh_new_raw(en->work, uint8_t, room),
                                     sh_new_raw(en->work, uint8_t, room)};
    struct sifted sifted = {.rows = sh_new_raw(en->work, int32_t, (size_t)all->n + 1)};
    struct bits bits = {0};
    if (!looked.hash || !looked.sure || !looked.inexact || !sifted.rows)
        return out_of_room(err);
    if (all->n > 0)
        look_at_keys(en, rp, (uint32_t)all->row[0], (uint32_t)all->row[all->n - 1] + 1, &looked);
    for (uint32_t from = 0, to; from < all->n; from = to) {
        for (to = from + 1; to < all->n && person[all->row[to]] == person[all->row[from]];)
            to++;
        SH_TRY(sift_person(en, &bits, &looked, all->row + from, to - from, &sifted, err));
    }
    sifted.inexact.subjects = sifted.inexact.lines;
    sifted.clear.subjects = sifted.clear.lines = all->n - sifted.n - sifted.inexact.lines;
    SH_CLEANUP(sh_places_release) struct sh_places inexact = {0};
    if (sifted.inexact.lines > 0)
        SH_TRY(note_inexact(en, all, looked.inexact, &inexact, err));
    for (const struct sh_rule_plan *one = rp; one; one = one->next)
        SH_TRY(count_aside(en, one, &sifted, all, &inexact, err));
    *ret = (struct sh_members){.n = sifted.n, .row = sifted.rows};
    return SH_OK;
}
