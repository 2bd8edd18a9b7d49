/*
 * Zones: rows of a person that hang on the same encounter and stand beside each other. What a rule asks of
 * all lines is asked of the zones first, by the bounds of the columns it reads: first of whole persons, then
 * of the zones of those left open. Only lines of zones where a hit is possible are looked at one by one.
 */
#include "audit/zones.h"
#include "base/wide.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the zones of a chunk");
}

/* What the lines of a zone that rules may read come to. */
struct sum {
    uint32_t alive, paid;
    int64_t fen, paid_fen;
    int32_t first_day, last_day;
    bool undated, uncovered;
};

/* Zones of one coarseness, with the bounds of the line columns asked for so far. */
struct level {
    uint32_t n;
    const uint32_t *begin; /* [n + 1] lines */
    struct sum *sums;      /* [n] */
    const struct sh_bounds **columns;
    struct sh_bounds **shared; /* [plan.n_zone_shared][n] of parts that rules share */
    uint8_t **shared_known;
};

struct sh_zones {
    struct sh_engine *en;
    struct level persons, zones;
    const uint32_t *zone_begin; /* [n_persons + 1] zones of each person */
};

/* ---- making -------------------------------------------------------------------------------------------- */

/* Lines that are not there, or without a day, or whose money is not known; few are. */
SH_WIDE static void mark_odd(const uint8_t *restrict alive, const int64_t *restrict covered,
                             const int32_t *restrict day, uint32_t n, uint8_t *restrict odd) {
    for (uint32_t i = 0; i < n; i++)
        odd[i] = (uint8_t)((alive[i] == 0) | (day[i] == SH_MISSING_I32));
    for (uint32_t i = 0; covered && i < n; i++)
        odd[i] |= covered[i] == SH_MISSING;
}

/* Lines [from, to) of which none is odd. */
static struct sum sum_of_plain(const int64_t *restrict covered, const int32_t *restrict day, uint32_t from,
                               uint32_t to) {
    struct sum s = {.alive = to - from, .first_day = INT32_MAX, .last_day = INT32_MIN};
    uint64_t fen = 0, paid_fen = 0;
    for (uint32_t i = from; i < to; i++) {
        const bool paid = covered[i] > 0;
        s.paid += paid;
        fen += (uint64_t)covered[i], paid_fen += paid ? (uint64_t)covered[i] : 0;
        s.first_day = day[i] < s.first_day ? day[i] : s.first_day;
        s.last_day = day[i] > s.last_day ? day[i] : s.last_day;
    }
    s.fen = (int64_t)fen, s.paid_fen = (int64_t)paid_fen;
    return s;
}

/* Lines [from, to). A missing day is below all others. */
static struct sum sum_of(const uint8_t *restrict alive, const int64_t *restrict covered,
                         const int32_t *restrict day, uint32_t from, uint32_t to) {
    uint32_t n_alive = 0, n_paid = 0, n_dated = 0, n_uncovered = 0;
    uint64_t fen = 0, paid_fen = 0; /* what goes over wraps, as it did line by line */
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (uint32_t i = from; i < to; i++) {
        const uint32_t there = alive[i] != 0;
        const int64_t of_line = covered ? covered[i] : SH_MISSING;
        const uint32_t unknown = there & (of_line == SH_MISSING);
        const int64_t known = (there & !unknown) ? of_line : 0;
        const int32_t d = there ? day[i] : SH_MISSING_I32, early = d == SH_MISSING_I32 ? INT32_MAX : d;
        n_alive += there, n_uncovered += unknown;
        n_paid += unknown | (known > 0);
        n_dated += d != SH_MISSING_I32;
        fen += (uint64_t)known, paid_fen += known > 0 ? (uint64_t)known : 0;
        first = early < first ? early : first;
        last = d > last ? d : last;
    }
    return (struct sum){.alive = n_alive,
                        .paid = n_paid,
                        .fen = (int64_t)fen,
                        .paid_fen = (int64_t)paid_fen,
                        .first_day = first,
                        .last_day = last,
                        .undated = n_dated<n_alive, .uncovered = n_uncovered> 0};
}

static void add_sum(const struct sum *from, struct sum *to) {
    to->alive += from->alive, to->paid += from->paid;
    (void)!__builtin_add_overflow(to->fen, from->fen, &to->fen);
    (void)!__builtin_add_overflow(to->paid_fen, from->paid_fen, &to->paid_fen);
    to->undated |= from->undated, to->uncovered |= from->uncovered;
    to->first_day = from->first_day < to->first_day ? from->first_day : to->first_day;
    to->last_day = from->last_day > to->last_day ? from->last_day : to->last_day;
}

static const struct sum nothing = {.first_day = INT32_MAX, .last_day = INT32_MIN};

static sh_code level_room(struct sh_timeline *tl, size_t n, struct level *l, struct sh_err *err) {
    l->sums = sh_new_raw(tl->arena, struct sum, n + 1);
    l->columns = sh_new(tl->arena, const struct sh_bounds *,
                        tl->plan->model->model.tables[SH_TABLE_LINE].n_columns + 1u);
    l->shared = sh_new(tl->arena, struct sh_bounds *, tl->plan->n_zone_shared + 1u);
    l->shared_known = sh_new(tl->arena, uint8_t *, tl->plan->n_zone_shared + 1u);
    if (!l->sums || !l->columns || !l->shared || !l->shared_known)
        return out_of_room(err);
    for (uint16_t p = 0; p < tl->plan->n_zone_shared; p++) {
        l->shared[p] = sh_new_raw(tl->arena, struct sh_bounds, n + 1);
        l->shared_known[p] = sh_new(tl->arena, uint8_t, n + 1);
        if (!l->shared[p] || !l->shared_known[p])
            return out_of_room(err);
    }
    return SH_OK;
}

static sh_code cut(struct sh_zones *z, struct sh_err *err) {
    struct sh_timeline *tl = &z->en->tl;
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows, *persons = tl->person_begin[SH_TABLE_LINE];
    const int32_t *encounter = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.encounter);
    uint32_t *begin = sh_new_raw(tl->arena, uint32_t, (size_t)n + 2);
    uint32_t *zone_begin = sh_new_raw(tl->arena, uint32_t, (size_t)tl->n_persons + 1);
    if (!begin || !zone_begin)
        return out_of_room(err);
    uint32_t count = 0;
    for (uint32_t p = 0; p < tl->n_persons; p++) {
        zone_begin[p] = count;
        for (uint32_t i = persons[p]; i < persons[p + 1]; i++) {
            begin[count] = i;
            count += i == persons[p] || encounter[i] != encounter[i - 1];
            begin[count] = i + 1;
        }
    }
    zone_begin[tl->n_persons] = count;
    begin[count] = n;
    z->zone_begin = zone_begin;
    z->zones.n = count, z->zones.begin = begin;
    z->persons.n = tl->n_persons, z->persons.begin = persons;
    return SH_OK;
}

sh_code sh_zones_make(struct sh_engine *en, struct sh_err *err) {
    struct sh_timeline *tl = &en->tl;
    struct sh_zones *z = sh_new(tl->arena, struct sh_zones, 1);
    if (!z)
        return out_of_room(err);
    z->en = en;
    SH_TRY(cut(z, err));
    SH_TRY(level_room(tl, z->zones.n, &z->zones, err));
    SH_TRY(level_room(tl, z->persons.n, &z->persons, err));
    const int64_t *covered = sh_i64(tl, SH_TABLE_LINE, tl->plan->at.line.covered);
    const int32_t *day = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.day);
    const uint8_t *alive = tl->alive[SH_TABLE_LINE];
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows, *begin = z->zones.begin;
    uint8_t *odd = sh_new_raw(tl->arena, uint8_t, (size_t)n + 1);
    if (!odd)
        return out_of_room(err);
    mark_odd(alive, covered, day, n, odd);
    for (uint32_t p = 0; p < z->persons.n; p++) {
        const uint32_t first = z->persons.begin[p], lines = z->persons.begin[p + 1] - first;
        const bool plain = covered && !memchr(odd + first, 1, lines);
        z->persons.sums[p] = nothing;
        for (uint32_t r = z->zone_begin[p]; r < z->zone_begin[p + 1]; r++) {
            z->zones.sums[r] = plain ? sum_of_plain(covered, day, begin[r], begin[r + 1])
                                     : sum_of(alive, covered, day, begin[r], begin[r + 1]);
            add_sum(&z->zones.sums[r], &z->persons.sums[p]);
        }
    }
    en->zones = z;
    return SH_OK;
}

void sh_zones_look(const struct sh_zones *z, struct sh_engine *en, int64_t *ret_fen) {
    struct sum s = nothing;
    for (uint32_t p = 0; p < z->persons.n; p++)
        add_sum(&z->persons.sums[p], &s);
    en->lines = s.alive;
    en->first_day = s.first_day, en->last_day = s.last_day;
    en->has_undated = s.undated, en->has_uncovered = s.uncovered;
    *ret_fen = s.fen;
}

/* ---- bounds of columns --------------------------------------------------------------------------------- */

/* What the cut knows already: the day, and what runs are cut by. */
static bool known_column(struct sh_zones *z, const struct level *level, uint16_t column,
                         struct sh_bounds *ret) {
    const struct sh_timeline *tl = &z->en->tl;
    const struct sh_columns *at = &tl->plan->at;
    const bool is_cut = column == at->line.person || (level == &z->zones && column == at->line.encounter);
    const int32_t *values = is_cut ? sh_i32(tl, SH_TABLE_LINE, column) : NULL;
    if (!values && column != at->line.day)
        return false;
    for (uint32_t r = 0; r < level->n; r++) {
        const struct sum *s = &level->sums[r];
        const bool empty = level->begin[r] == level->begin[r + 1];
        if (values && (empty || values[level->begin[r]] < 0))
            ret[r] = (struct sh_bounds){0, 0, empty ? 0 : SH_MAY_MISSING};
        else if (values)
            ret[r] = (struct sh_bounds){values[level->begin[r]], values[level->begin[r]], SH_MAY_VALUE};
        else
            ret[r] = (struct sh_bounds){s->first_day, s->last_day,
                                        (uint8_t)((s->first_day <= s->last_day ? SH_MAY_VALUE : 0) |
                                                  (s->undated ? SH_MAY_MISSING : 0))};
    }
    return true;
}

/* Of a person, from those of his zones. */
static void persons_column(const struct sh_zones *z, const struct sh_bounds *of_zones,
                           struct sh_bounds *ret) {
    for (uint32_t p = 0; p < z->persons.n; p++) {
        struct sh_bounds all = {0, 0, 0};
        for (uint32_t r = z->zone_begin[p]; r < z->zone_begin[p + 1]; r++) {
            const struct sh_bounds one = of_zones[r];
            const bool is_first = !(all.may & SH_MAY_VALUE);
            if (one.may & SH_MAY_VALUE) {
                all.low = is_first || one.low < all.low ? one.low : all.low;
                all.high = is_first || one.high > all.high ? one.high : all.high;
            }
            all.may |= one.may;
        }
        ret[p] = all;
    }
}

static sh_code level_column(struct sh_zones *z, struct level *level, uint16_t column,
                            const struct sh_bounds **ret, struct sh_err *err) {
    struct sh_timeline *tl = &z->en->tl;
    const void *data = tl->columns[SH_TABLE_LINE][column];
    *ret = level->columns[column];
    if (*ret || !data)
        return SH_OK;
    struct sh_bounds *bounds = sh_new_raw(tl->arena, struct sh_bounds, (size_t)level->n + 1);
    if (!bounds)
        return out_of_room(err);
    const bool known = known_column(z, level, column, bounds);
    if (!known && level == &z->persons) {
        const struct sh_bounds *of_zones;
        SH_TRY(level_column(z, &z->zones, column, &of_zones, err));
        persons_column(z, of_zones, bounds);
    } else if (!known) {
        sh_column_bounds(&tl->plan->model->model.tables[SH_TABLE_LINE].columns[column], data, level->begin,
                         level->n, bounds);
    }
    *ret = level->columns[column] = bounds;
    return SH_OK;
}

static sh_code column_of_zones(void *ctx, uint16_t column, const struct sh_bounds **ret, struct sh_err *err) {
    return level_column(ctx, &((struct sh_zones *)ctx)->zones, column, ret, err);
}

static sh_code column_of_persons(void *ctx, uint16_t column, const struct sh_bounds **ret,
                                 struct sh_err *err) {
    return level_column(ctx, &((struct sh_zones *)ctx)->persons, column, ret, err);
}

/* ---- asking -------------------------------------------------------------------------------------------- */

/* PLAIN: open too, but where holds for all its lines and nothing about them is uncertain. */
enum state { OPEN, PLAIN, CLEAR, NOT_CONCERNED };

bool sh_zones_serve(const struct sh_rule_plan *rp) {
    const struct sh_rule *r = rp->rule;
    return r->shape == SH_SHAPE_ROW && r->table == SH_TABLE_LINE && rp->collector < 0 && r->n_uses == 0 &&
           r->n_with == 0;
}

struct asking {
    struct sh_engine *en;
    const struct sh_rule_plan *rp;
    const struct level *level;
    struct sh_row_runs runs;
    bool asks_hits;  /* else only where */
    uint8_t *states; /* [runs.n] enum state */
};

static uint32_t number_of(const struct asking *a, uint32_t i) {
    return a->runs.which ? a->runs.which[i] : i;
}

/* Lines whose answer hangs on what is missing, or that lie outside the rule's days, are looked at one by one.
 */
static bool is_plain(const struct asking *a, const struct sum *s) {
    const struct sh_rule *r = a->rp->rule;
    const bool dated = r->from == INT32_MIN && r->to == INT32_MAX;
    if (r->lines == SH_LINES_PAID && s->uncovered)
        return false;
    return dated || (!s->undated && r->from <= s->first_day && s->last_day < r->to);
}

/* The rule's where: what is left to ask whether it may hit, as numbers of runs and their places. */
static sh_code ask_where(struct asking *a, const struct sh_eval *eval, uint32_t *which, uint32_t *places,
                         uint32_t *ret_n, struct sh_err *err) {
    const struct sh_rule *r = a->rp->rule;
    const uint32_t n = a->runs.n;
    struct sh_bounds *where = r->where ? sh_new_raw(a->en->scratch, struct sh_bounds, (size_t)n + 1) : NULL;
    if (r->where && !where)
        return out_of_room(err);
    if (r->where)
        SH_TRY(sh_expr_bounds(r->where, eval, &a->runs, where, err));
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct sum *s = &a->level->sums[number_of(a, i)];
        if (s->alive == 0 || (where && sh_bounds_are(where[i], 0) && is_plain(a, s)))
            a->states[i] = NOT_CONCERNED;
        else if ((!where || sh_bounds_are(where[i], 1)) && is_plain(a, s))
            which[left] = number_of(a, i), places[left++] = i, a->states[i] = PLAIN;
    }
    *ret_n = left;
    return SH_OK;
}

static sh_code ask(struct asking *a, struct sh_err *err) {
    const struct sh_rule *r = a->rp->rule;
    struct sh_arena *scratch = a->en->scratch;
    const size_t n = (size_t)a->runs.n + 1;
    struct sh_row_runs left = a->runs;
    uint32_t *which = sh_new_raw(scratch, uint32_t, n), *places = sh_new_raw(scratch, uint32_t, n);
    struct sh_bounds *hit = sh_new_raw(scratch, struct sh_bounds, n);
    a->states = sh_new(scratch, uint8_t, n); /* OPEN */
    if (!which || !places || !hit || !a->states)
        return out_of_room(err);
    const struct sh_eval eval = sh_engine_eval(a->en);
    SH_TRY(ask_where(a, &eval, which, places, &left.n, err));
    left.which = which;
    if (!a->asks_hits)
        return SH_OK;
    for (size_t h = 0; h < r->n_hit && left.n > 0; h++) {
        SH_TRY(sh_expr_bounds(r->hit[h].expr, &eval, &left, hit, err));
        uint32_t kept = 0;
        for (uint32_t i = 0; i < left.n; i++)
            if (sh_bounds_are(hit[i], 0))
                which[kept] = which[i], places[kept++] = places[i];
        left.n = kept;
    }
    for (uint32_t i = 0; i < left.n; i++)
        a->states[places[i]] = CLEAR;
    return SH_OK;
}

static void count_clear(const struct asking *a, struct sh_zones_told *told) {
    const bool paid = a->rp->rule->lines == SH_LINES_PAID;
    for (uint32_t i = 0; i < a->runs.n; i++) {
        const struct sum *s = &a->level->sums[number_of(a, i)];
        const uint32_t lines = paid ? s->paid : s->alive;
        if (a->states[i] == OPEN || a->states[i] == PLAIN)
            continue;
        told->closed += lines;
        if (a->states[i] == NOT_CONCERNED)
            continue;
        told->clear += lines;
        (void)!__builtin_add_overflow(told->clear_fen, paid ? s->paid_fen : s->fen, &told->clear_fen);
    }
}

/* Lines of the runs in one state, behind those of others. */
static void list_lines(const struct asking *a, enum state state, int32_t *rows, uint32_t *io_n) {
    const struct sh_timeline *tl = &a->en->tl;
    const bool paid = a->rp->rule->lines == SH_LINES_PAID;
    const int64_t *covered = paid ? sh_i64(tl, SH_TABLE_LINE, tl->plan->at.line.covered) : NULL;
    const uint8_t *alive = tl->alive[SH_TABLE_LINE];
    uint32_t n = *io_n;
    for (uint32_t i = 0; i < a->runs.n; i++) {
        const uint32_t r = number_of(a, i);
        if (a->states[i] != state)
            continue;
        for (uint32_t l = a->level->begin[r]; l < a->level->begin[r + 1]; l++) {
            rows[n] = (int32_t)l; /* without branches: nearly all stay */
            n += alive[l] & (!covered || covered[l] == SH_MISSING || covered[l] > 0);
        }
    }
    *io_n = n;
}

static sh_code list_open(const struct asking *a, struct sh_zones_told *told, struct sh_err *err) {
    const size_t n = (size_t)a->en->tl.tables[SH_TABLE_LINE].n_rows + 1;
    int32_t *plain = sh_new_raw(a->en->work, int32_t, n), *open = sh_new_raw(a->en->work, int32_t, n);
    if (!plain || !open)
        return out_of_room(err);
    list_lines(a, PLAIN, plain, &told->n_plain);
    list_lines(a, OPEN, open, &told->n_open);
    told->plain = plain, told->open = open;
    return SH_OK;
}

sh_code sh_zones_ask(struct sh_engine *en, const struct sh_rule_plan *rp, bool asks_hits,
                     struct sh_zones_told *ret, struct sh_err *err) {
    struct sh_zones *z = en->zones;
    *ret = (struct sh_zones_told){0};
    const struct sh_arena_mark mark = sh_arena_mark(en->scratch);
    struct asking coarse = {.en = en, .rp = rp, .level = &z->persons, .asks_hits = asks_hits};
    coarse.runs = (struct sh_row_runs){.n = z->persons.n,
                                       .begin = z->persons.begin,
                                       .joins = rp->join_column,
                                       .column = column_of_persons,
                                       .ctx = z,
                                       .shared = z->persons.shared,
                                       .shared_known = z->persons.shared_known,
                                       .n_shared = rp->n_shared};
    SH_TRY(ask(&coarse, err));
    count_clear(&coarse, ret);
    struct asking fine = {.en = en, .rp = rp, .level = &z->zones, .asks_hits = true};
    uint32_t n = 0, *which = asks_hits ? sh_new_raw(en->scratch, uint32_t, (size_t)z->zones.n + 1) : NULL;
    if (asks_hits && !which)
        return out_of_room(err);
    for (uint32_t p = 0; asks_hits && p < z->persons.n; p++)
        for (uint32_t r = z->zone_begin[p]; coarse.states[p] <= PLAIN && r < z->zone_begin[p + 1]; r++)
            which[n++] = r;
    fine.runs = coarse.runs;
    fine.runs.n = n, fine.runs.which = which, fine.runs.begin = z->zones.begin,
    fine.runs.column = column_of_zones, fine.runs.shared = z->zones.shared,
    fine.runs.shared_known = z->zones.shared_known;
    if (asks_hits) {
        SH_TRY(ask(&fine, err));
        count_clear(&fine, ret);
    }
    SH_TRY(list_open(asks_hits ? &fine : &coarse, ret, err));
    sh_arena_rewind(en->scratch, mark);
    return SH_OK;
}

/* ---- where, of items and of zones ---------------------------------------------------------------------- */

struct by_item {
    int item;
    const struct sh_bounds *items; /* item i is item i */
};

static sh_code column_of_items(void *ctx, uint16_t column, const struct sh_bounds **ret, struct sh_err *err) {
    const struct by_item *b = ctx;
    (void)err;
    *ret = column == b->item ? b->items : NULL;
    return SH_OK;
}

/* Whether a rule's where holds for lines of each item, once a worker: see sh_engine.item_open. */
static sh_code items_make(struct sh_engine *en, const struct sh_rule_plan *rp, uint8_t **ret,
                          struct sh_err *err) {
    const uint32_t n = en->plan->n_items;
    const struct sh_arena_mark mark = sh_arena_mark(en->scratch);
    struct sh_bounds *items = sh_new_raw(en->scratch, struct sh_bounds, (size_t)n + 1),
                     *where = sh_new_raw(en->scratch, struct sh_bounds, (size_t)n + 1);
    uint32_t *begin = sh_new_raw(en->scratch, uint32_t, (size_t)n + 1);
    uint8_t *open = sh_alloc_array((size_t)n + 1, 1);
    *ret = open; /* the worker frees it */
    if (!items || !where || !begin || !open)
        return out_of_room(err);
    for (uint32_t i = 0; i <= n; i++)
        begin[i] = i, items[i] = (struct sh_bounds){i, i, SH_MAY_VALUE};
    struct by_item b = {en->plan->at.line.item, items};
    const struct sh_row_runs runs = {
        .n = n, .begin = begin, .joins = rp->join_column, .column = column_of_items, .ctx = &b};
    struct sh_eval eval = sh_engine_eval(en);
    eval.world = NULL; /* items have no related rows */
    SH_TRY(sh_expr_bounds(rp->rule->where, &eval, &runs, where, err));
    for (uint32_t i = 0; i < n; i++)
        open[i] = sh_bounds_are(where[i], 0) ? 0 : sh_bounds_are(where[i], 1) ? 2 : 1;
    sh_arena_rewind(en->scratch, mark);
    return SH_OK;
}

static sh_code where_by_item(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *io,
                             struct sh_err *err) {
    const int32_t *item = sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.item);
    uint8_t **open = &en->item_open[rp->index];
    if (!item)
        return SH_OK;
    if (!*open)
        SH_TRY(items_make(en, rp, open, err));
    int32_t *rows = sh_new_raw(en->work, int32_t, (size_t)io->n + 1);
    if (!rows)
        return out_of_room(err);
    uint32_t n = 0;
    uint8_t any = 0; /* states of the items that stay */
    for (uint32_t i = 0; i < io->n; i++) {
        const uint32_t id = (uint32_t)item[io->row[i]];
        const uint8_t state = id < en->plan->n_items ? (*open)[id] : 1;
        any |= state;
        rows[n] = io->row[i];
        n += state > 0;
    }
    io->row = rows, io->n = n;
    io->where_holds = !(any & 1);
    return SH_OK;
}

static sh_code where_by_zone(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *io,
                             struct sh_err *err) {
    struct sh_zones *z = en->zones;
    const struct sh_arena_mark mark = sh_arena_mark(en->scratch);
    struct sh_bounds *where = sh_new_raw(en->scratch, struct sh_bounds, (size_t)z->zones.n + 1);
    int32_t *rows = sh_new_raw(en->work, int32_t, (size_t)io->n + 1);
    if (!where || !rows)
        return out_of_room(err);
    const struct sh_row_runs runs = {.n = z->zones.n,
                                     .begin = z->zones.begin,
                                     .joins = rp->join_column,
                                     .column = column_of_zones,
                                     .ctx = z};
    const struct sh_eval eval = sh_engine_eval(en);
    SH_TRY(sh_expr_bounds(rp->rule->where, &eval, &runs, where, err));
    uint32_t n = 0, at = 0;
    for (uint32_t r = 0; r < z->zones.n; r++) {
        const bool open = !sh_bounds_are(where[r], 0);
        for (; at < io->n && (uint32_t)io->row[at] < z->zones.begin[r + 1]; at++)
            if (open)
                rows[n++] = io->row[at];
    }
    io->row = rows, io->n = n;
    sh_arena_rewind(en->scratch, mark);
    return SH_OK;
}

sh_code sh_zones_where(struct sh_engine *en, const struct sh_rule_plan *rp, struct sh_members *io,
                       struct sh_err *err) {
    struct sh_zone_use *use = &en->zone_use[rp->index];
    SH_TRY(where_by_item(en, rp, io, err));
    if (use->asked >= SH_ZONES_TRIED && use->closed < use->asked / 8)
        return SH_OK;
    const uint32_t before = io->n;
    SH_TRY(where_by_zone(en, rp, io, err));
    use->asked += before, use->closed += before - io->n;
    return SH_OK;
}
