/* The frame of a chunk: who is alive, joins by key, persons merged. */
#include "audit/carry.h"
#include "base/date.h"
#include "base/hash.h"
#include "base/wide.h"
#include <assert.h>
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the timeline of a chunk");
}

/* ---- key index: an open table from int64 keys to rows ------------------------------------------- */

struct key_index {
    const int32_t *person; /* of each row: an id that another person's row bears is another id */
    int64_t *keys;
    int32_t *rows;
    uint64_t mask;
};

static sh_code key_index_make(const struct sh_timeline *tl, int table, int column, struct key_index *ret,
                              struct sh_err *err) {
    struct sh_arena *arena = tl->arena;
    const int64_t *keys = sh_i64(tl, table, column);
    const uint32_t n = tl->tables[table].n_rows;
    ret->person = tl->person_of[table];
    uint64_t size = 16;
    while (size < (uint64_t)n * 2)
        size *= 2;
    ret->mask = size - 1;
    ret->keys = sh_new_raw(arena, int64_t, size);
    ret->rows = sh_new_raw(arena, int32_t, size);
    if (!ret->keys || !ret->rows)
        return out_of_room(err);
    memset(ret->rows, 0xff, size * sizeof(int32_t)); /* -1 */
    for (uint32_t i = 0; keys && i < n; i++) {
        if (keys[i] == SH_MISSING)
            continue;
        uint64_t at = sh_hash_mix((uint64_t)keys[i]) & ret->mask;
        while (ret->rows[at] >= 0 &&
               (ret->keys[at] != keys[i] || ret->person[ret->rows[at]] != ret->person[i]))
            at = (at + 1) & ret->mask;
        if (ret->rows[at] < 0)
            ret->keys[at] = keys[i], ret->rows[at] = (int32_t)i;
    }
    return SH_OK;
}

static int32_t key_index_find(const struct key_index *index, int64_t key, int32_t person) {
    if (key == SH_MISSING)
        return -1;
    uint64_t at = sh_hash_mix((uint64_t)key) & index->mask;
    while (index->rows[at] >= 0) {
        if (index->keys[at] == key && index->person[index->rows[at]] == person)
            return index->rows[at];
        at = (at + 1) & index->mask;
    }
    return -1;
}

/* Rows of a person follow each other and mostly name the same encounter: the last answer is tried first. */
static sh_code join_by_key(struct sh_timeline *tl, int table, int column, const struct key_index *index,
                           const int32_t **ret, struct sh_err *err) {
    const uint32_t n = tl->tables[table].n_rows;
    const int64_t *keys = sh_i64(tl, table, column);
    const int32_t *person = tl->person_of[table];
    int32_t *rows = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    if (!rows)
        return out_of_room(err);
    int64_t last_key = SH_MISSING;
    int32_t last = -1, last_person = -1;
    for (uint32_t i = 0; !keys && i < n; i++)
        rows[i] = -1;
    for (uint32_t i = 0; keys && i < n; i++) {
        if (keys[i] != last_key || person[i] != last_person) {
            last_key = keys[i];
            last_person = person[i];
            last = key_index_find(index, last_key, last_person);
        }
        rows[i] = last;
    }
    *ret = rows;
    return SH_OK;
}

/* ---- lake columns ------------------------------------------------------------------------------- */

static sh_code take_columns(struct sh_timeline *tl, struct sh_err *err) {
    const struct sh_model *model = &tl->plan->model->model;
    tl->tables = sh_new(tl->arena, struct sh_frame_table, model->n_tables);
    tl->columns = sh_new(tl->arena, const void **, model->n_tables);
    tl->person_begin = sh_new(tl->arena, const uint32_t *, model->n_tables);
    tl->alive = sh_new(tl->arena, const uint8_t *, model->n_tables);
    tl->person_of = sh_new(tl->arena, const int32_t *, model->n_tables);
    tl->by_encounter = sh_new(tl->arena, struct sh_rows_by, model->n_tables);
    tl->by_stay = sh_new(tl->arena, struct sh_rows_by, model->n_tables);
    tl->made_of = sh_new(tl->arena, struct sh_rows_by, model->n_tables);
    if (!tl->tables || !tl->columns || !tl->person_begin || !tl->alive || !tl->person_of ||
        !tl->by_encounter || !tl->by_stay)
        return out_of_room(err);
    for (uint16_t t = 0; t < model->n_tables; t++) {
        tl->tables[t] = tl->plan->fixed[t];
        if (!sh_is_personal(tl->plan, t))
            continue;
        tl->columns[t] = sh_new(tl->arena, const void *, (size_t)model->tables[t].n_columns + 1);
        if (!tl->columns[t])
            return out_of_room(err);
        tl->tables[t].columns = tl->columns[t];
        if (t >= SH_TABLES)
            continue;
        tl->tables[t].n_rows = tl->chunk->tables[t].n_rows;
        tl->person_begin[t] = tl->chunk->tables[t].person_begin;
        for (uint16_t c = 0; tl->chunk->tables[t].columns && c < sh_lake_schema[t].n_columns; c++) {
            const enum sh_column_type type = sh_lake_schema[t].columns[c].type;
            if (type != SH_COLUMN_ID && type != SH_COLUMN_TEXT)
                tl->columns[t][c] = tl->chunk->tables[t].columns[c];
        }
    }
    tl->frame = (struct sh_frame){.model = model,
                                  .tables = tl->tables,
                                  .sets = tl->plan->bound->sets,
                                  .ranges = tl->plan->bound->ranges};
    return SH_OK;
}

/* Findings name a row in several places: its id is put together once. */
static sh_code room_for_ids(struct sh_timeline *tl, struct sh_err *err) {
    static const enum sh_table named[] = {SH_TABLE_LINE, SH_TABLE_ENCOUNTER, SH_TABLE_SETTLEMENT};
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        const size_t n = (size_t)tl->tables[named[i]].n_rows + 1;
        tl->ids[named[i]] = sh_new_raw(tl->arena, struct sh_str, n);
        tl->has_id[named[i]] = sh_new(tl->arena, uint8_t, n / 8 + 1);
        if (!tl->ids[named[i]] || !tl->has_id[named[i]])
            return out_of_room(err);
    }
    return SH_OK;
}

static sh_code number_persons(struct sh_timeline *tl, struct sh_err *err) {
    static const uint32_t none[1] = {0};
    for (int t = 0; t < SH_TABLES; t++) {
        if (t == SH_TABLE_NETTING || sh_table_lead((enum sh_table)t) != SH_DICT_PERSON)
            continue;
        const uint32_t n = tl->tables[t].n_rows;
        int32_t *person = sh_new(tl->arena, int32_t, (size_t)n + 1);
        if (!person)
            return out_of_room(err);
        if (!tl->person_begin[t]) {
            uint32_t *begin =
                tl->n_persons == 0 ? NULL : sh_new(tl->arena, uint32_t, (size_t)tl->n_persons + 1);
            if (tl->n_persons > 0 && !begin)
                return out_of_room(err);
            tl->person_begin[t] = begin ? begin : none;
        }
        for (uint32_t p = 0; p < tl->n_persons; p++)
            for (uint32_t i = tl->person_begin[t][p]; i < tl->person_begin[t][p + 1]; i++)
                person[i] = (int32_t)p;
        tl->person_of[t] = person;
    }
    return SH_OK;
}

/* What the living rows [from, to) of a person say in a column; where sources conflict: missing if the column
 * asks for it, else the first. */
static int64_t agreed(const struct sh_model_column *column, const void *values, const int8_t *dead,
                      uint32_t from, uint32_t to, bool conflicts) {
    int64_t value = SH_MISSING;
    for (uint32_t i = from; i < to; i++) {
        int64_t v;
        if (column->storage == SH_STORE_I64)
            v = ((const int64_t *)values)[i];
        else
            v = ((const int32_t *)values)[i] == SH_MISSING_I32 ? SH_MISSING : ((const int32_t *)values)[i];
        if (sh_flag(dead, i) || v == SH_MISSING || v == value)
            continue;
        if (value != SH_MISSING && conflicts)
            return SH_MISSING;
        if (value == SH_MISSING)
            value = v;
    }
    return value;
}

/* Row p is person p. */
static sh_code number_merged(struct sh_timeline *tl, struct sh_err *err) {
    const uint32_t n = tl->n_persons;
    uint32_t *one = sh_new(tl->arena, uint32_t, (size_t)n + 1);
    int32_t *self = sh_new(tl->arena, int32_t, (size_t)n + 1);
    if (!one || !self)
        return out_of_room(err);
    for (uint32_t p = 0; p < n; p++)
        one[p] = p, self[p] = (int32_t)p;
    one[n] = n;
    tl->person_begin[SH_TABLE_PERSON] = one;
    tl->person_of[SH_TABLE_PERSON] = self;
    tl->tables[SH_TABLE_PERSON].n_rows = n;
    return SH_OK;
}

/* Whether each person has died: no day of death, no; one, yes; several days, missing. */
static sh_code find_died(struct sh_timeline *tl, const int8_t *dead, struct sh_err *err) {
    const int c = sh_model_column(tl->plan->model, SH_TABLE_PERSON, "died");
    const int32_t *days =
        (const int32_t *)tl->columns[SH_TABLE_PERSON][sh_lake_column(SH_TABLE_PERSON, "death")];
    const uint32_t *begin = tl->person_begin[SH_TABLE_PERSON];
    if (c < 0 || !tl->plan->needed[SH_TABLE_PERSON][c])
        return SH_OK;
    int8_t *died = sh_new(tl->arena, int8_t, (size_t)tl->n_persons + 1);
    if (!died)
        return out_of_room(err);
    for (uint32_t p = 0; days && p < tl->n_persons; p++) {
        int32_t day = SH_MISSING_I32;
        for (uint32_t i = begin[p]; i < begin[p + 1] && died[p] != SH_MISSING_I8; i++) {
            if (sh_flag(dead, i) || days[i] == SH_MISSING_I32 || days[i] == day)
                continue;
            died[p] = day == SH_MISSING_I32 ? 1 : SH_MISSING_I8;
            day = days[i];
        }
    }
    tl->columns[SH_TABLE_PERSON][c] = died;
    return SH_OK;
}

/* One row a person: what all sources agree on; sex, birth and death that differ are missing. */
static sh_code merge_persons(struct sh_timeline *tl, struct sh_err *err) {
    const uint32_t n = tl->n_persons;
    const uint32_t *begin = tl->person_begin[SH_TABLE_PERSON];
    const struct sh_model_table *table = &tl->plan->model->model.tables[SH_TABLE_PERSON];
    const int c_void = sh_lake_column(SH_TABLE_PERSON, "void");
    const int8_t *dead = (const int8_t *)tl->columns[SH_TABLE_PERSON][c_void];
    SH_TRY(find_died(tl, dead, err));
    for (uint16_t c = 0; c < table->n_columns; c++) {
        const void *from = tl->columns[SH_TABLE_PERSON][c];
        if (!from)
            continue;
        const bool is_wide = table->columns[c].storage == SH_STORE_I64,
                   is_flag = table->columns[c].storage == SH_STORE_I8;
        const bool conflicts = tl->plan->model->derived[SH_TABLE_PERSON][c] == SH_DERIVED_CONFLICT;
        if (is_flag)
            continue;
        int64_t *wide = is_wide ? sh_new(tl->arena, int64_t, (size_t)n + 1) : NULL;
        int32_t *narrow = is_wide ? NULL : sh_new(tl->arena, int32_t, (size_t)n + 1);
        if (!wide && !narrow)
            return out_of_room(err);
        for (uint32_t p = 0; p < n; p++) {
            const int64_t value = agreed(&table->columns[c], from, dead, begin[p], begin[p + 1], conflicts);
            if (wide)
                wide[p] = value;
            else
                narrow[p] = value == SH_MISSING ? SH_MISSING_I32 : (int32_t)value;
        }
        tl->columns[SH_TABLE_PERSON][c] = is_wide ? (const void *)wide : (const void *)narrow;
    }
    return number_merged(tl, err);
}

/* ---- who is alive ------------------------------------------------------------------------------- */

static sh_code alive_by_flag(struct sh_timeline *tl, int t, int c_void, uint8_t **ret, struct sh_err *err) {
    const uint32_t n = tl->tables[t].n_rows;
    uint8_t *alive = sh_new_raw(tl->arena, uint8_t, (size_t)n + 1);
    if (!alive)
        return out_of_room(err);
    const int8_t *dead = sh_i8(tl, t, c_void);
    for (uint32_t i = 0; i < n; i++)
        alive[i] = dead ? dead[i] != 1 : 1;
    tl->alive[t] = alive;
    *ret = alive;
    return SH_OK;
}

/* Settlements that were undone: pairs of a settlement with its full reversal. */
static sh_code bury_settlements(struct sh_timeline *tl, uint8_t *alive, const struct key_index *by_key,
                                struct sh_err *err) {
    (void)err;
    const struct sh_columns *at = &tl->plan->at;
    const int T = SH_TABLE_SETTLEMENT;
    const uint32_t n = tl->tables[T].n_rows;
    const int64_t *refund_of = sh_i64(tl, T, at->settlement.refund_of),
                  *total = sh_i64(tl, T, at->settlement.total);
    const int8_t *refund = sh_i8(tl, T, at->settlement.refund);
    for (uint32_t i = 0; i < n; i++) {
        if (!sh_flag(refund, i))
            continue;
        const int32_t first = refund_of ? key_index_find(by_key, refund_of[i], tl->person_of[T][i]) : -1;
        if (first < 0 || !total || total[i] == SH_MISSING || total[first] == SH_MISSING)
            continue;
        int64_t rest;
        if (!__builtin_add_overflow(total[i], total[first], &rest) && rest == 0)
            alive[i] = alive[first] = 0;
    }
    return SH_OK;
}

/* An encounter all of whose settlements were undone is undone with them. */
static sh_code bury_encounters(struct sh_timeline *tl, uint8_t *alive, const uint8_t *settled,
                               struct sh_err *err) {
    const struct sh_columns *at = &tl->plan->at;
    const uint32_t n = tl->tables[SH_TABLE_ENCOUNTER].n_rows,
                   n_settled = tl->tables[SH_TABLE_SETTLEMENT].n_rows;
    const int32_t *encounter = sh_i32(tl, SH_TABLE_SETTLEMENT, at->settlement.encounter);
    const int8_t *refund = sh_i8(tl, SH_TABLE_SETTLEMENT, at->settlement.refund);
    uint8_t *seen = sh_new(tl->arena, uint8_t, (size_t)n + 1); /* 1: an undone one, 2: a standing one */
    if (!seen)
        return out_of_room(err);
    for (uint32_t i = 0; encounter && i < n_settled; i++)
        if (encounter[i] >= 0)
            seen[encounter[i]] |= settled[i] && !sh_flag(refund, i) ? 2 : 1;
    const int64_t *from = sh_i64(tl, SH_TABLE_ENCOUNTER, at->encounter.from);
    for (uint32_t i = 0; i < n; i++) {
        if (seen[i] == 1)
            alive[i] = 0;
        if (from && from[i] != SH_MISSING && sh_day_of_time(from[i]) > tl->plan->options.as_of)
            alive[i] = 0;
    }
    return SH_OK;
}

static int compare_u64(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t sh_orphan_hash(int64_t encounter_key, int32_t item, int32_t person) {
    const uint64_t of = (uint64_t)(uint32_t)person << 32 | (uint32_t)item;
    return sh_hash_mix((uint64_t)encounter_key ^ sh_hash_mix(of + 1));
}

/* Room for the orphan refunds among n lines. */
static sh_code orphans_make(struct sh_timeline *tl, const int8_t *refund, uint32_t n, struct sh_err *err) {
    size_t cap = 0;
    for (uint32_t i = 0; refund && i < n; i++)
        cap += refund[i] == 2;
    tl->orphans = sh_new(tl->arena, uint64_t, cap + 1);
    return tl->orphans ? SH_OK : out_of_room(err);
}

/* Why a line is not there for rules; 0: it is. */
enum { VOID = 1, REFUND = 2, ORPHAN = 4, LATER = 8 };

/* What flags say of lines [n], those that are NULL nothing. */
SH_WIDE static void states_by_flag(const int8_t *restrict dead, const int8_t *restrict refund,
                                   uint8_t *restrict state, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        state[i] = dead ? dead[i] == 1 : 0; /* VOID */
    for (uint32_t i = 0; refund && i < n; i++)
        state[i] = (uint8_t)(state[i] | (refund[i] >= 1 ? REFUND : 0) | (refund[i] == 2 ? ORPHAN : 0));
}

/* Lines of which nothing is left, and those behind the day the audit speaks of. */
SH_WIDE static void states_by_value(const int64_t *restrict quantity, const int64_t *restrict amount,
                                    const int64_t *restrict time, int64_t later_from, uint8_t *restrict state,
                                    uint32_t n) {
    for (uint32_t i = 0; quantity && amount && i < n; i++)
        state[i] |= (quantity[i] | amount[i]) == 0 ? REFUND : 0;
    for (uint32_t i = 0; time && later_from != INT64_MAX && i < n; i++)
        state[i] |= time[i] >= later_from ? LATER : 0; /* a missing time is below all others */
}

/* Lines of a settlement that was undone, without one those of an encounter that was. */
static void states_by_join(const struct sh_timeline *tl, uint8_t *state, uint32_t n) {
    const int32_t *encounter = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.encounter),
                  *settlement = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.settlement);
    const uint8_t *encounters = tl->alive[SH_TABLE_ENCOUNTER], *settlements = tl->alive[SH_TABLE_SETTLEMENT];
    for (uint32_t i = 0; i < n; i++) {
        const int32_t e = encounter ? encounter[i] : -1, s = settlement ? settlement[i] : -1;
        if (s >= 0 ? !settlements[s] : e >= 0 && !encounters[e])
            state[i] |= VOID;
    }
}

static sh_code bury_lines(struct sh_timeline *tl, uint8_t *alive, struct sh_err *err) {
    const struct sh_columns *at = &tl->plan->at;
    const int T = SH_TABLE_LINE;
    const uint32_t n = tl->tables[T].n_rows;
    const int8_t *refund = sh_i8(tl, T, at->line.refund_line);
    const int64_t *covered = sh_i64(tl, T, at->line.covered), *key = sh_i64(tl, T, at->line.encounter_key);
    const int32_t *item = sh_i32(tl, T, at->line.item);
    const int32_t as_of = tl->plan->options.as_of;
    const int64_t later_from = as_of == INT32_MAX ? INT64_MAX : ((int64_t)as_of + 1) * SH_DAY_SECONDS;
    SH_TRY(orphans_make(tl, refund, n, err));
    states_by_flag(sh_i8(tl, T, at->line.self_void), refund, alive, n);
    states_by_value(sh_i64(tl, T, at->line.quantity), sh_i64(tl, T, at->line.amount),
                    sh_i64(tl, T, at->line.time), later_from, alive, n);
    states_by_join(tl, alive, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t state = alive[i];
        alive[i] = state == 0;
        if ((state & (VOID | ORPHAN)) == ORPHAN && key && item)
            tl->orphans[tl->n_orphans++] = sh_orphan_hash(key[i], item[i], tl->person_of[T][i]);
        if (state & VOID) {
            tl->void_lines++;
            if (covered && covered[i] != SH_MISSING)
                (void)!__builtin_add_overflow(tl->void_fen, covered[i], &tl->void_fen);
        } else if (state & REFUND) {
            tl->refund_lines++;
        }
    }
    qsort(tl->orphans, tl->n_orphans, sizeof(uint64_t), compare_u64);
    return SH_OK;
}

/* ---- joins -------------------------------------------------------------------------------------- */

static sh_code join_tables(struct sh_timeline *tl, struct key_index *ret_settlements, struct sh_err *err) {
    const struct sh_columns *at = &tl->plan->at;
    struct key_index encounters = {0};
    SH_TRY(key_index_make(tl, SH_TABLE_ENCOUNTER, at->encounter.encounter_key, &encounters, err));
    SH_TRY(key_index_make(tl, SH_TABLE_SETTLEMENT, at->settlement.settlement_key, ret_settlements, err));
    const struct {
        int table, key, target;
    } joins[] = {{SH_TABLE_SETTLEMENT, at->settlement.encounter_key, at->settlement.encounter},
                 {SH_TABLE_DIAGNOSIS, at->diagnosis.encounter_key, at->diagnosis.encounter},
                 {SH_TABLE_OPERATION, at->operation.encounter_key, at->operation.encounter},
                 {SH_TABLE_SETTLEMENT_LIST, at->of[SH_TABLE_SETTLEMENT_LIST].encounter_key,
                  at->of[SH_TABLE_SETTLEMENT_LIST].encounter},
                 {SH_TABLE_LINE, at->line.encounter_key, at->line.encounter}};
    for (size_t j = 0; j < sizeof(joins) / sizeof(joins[0]); j++) {
        const int32_t *rows = NULL;
        const int t = joins[j].table;
        SH_TRY(join_by_key(tl, t, joins[j].key, &encounters, &rows, err));
        tl->columns[t][joins[j].target] = rows;
    }
    return SH_OK;
}

/* line.settlement: by its key, else the only settlement of the encounter. encounter.settlement: the last. */
static sh_code join_settlements(struct sh_timeline *tl, const struct key_index *by_key, struct sh_err *err) {
    const struct sh_columns *at = &tl->plan->at;
    const uint32_t n_encounters = tl->tables[SH_TABLE_ENCOUNTER].n_rows,
                   n_lines = tl->tables[SH_TABLE_LINE].n_rows;
    const int32_t *rows = NULL;
    const int64_t *keys = sh_i64(tl, SH_TABLE_LINE, at->line.settlement_key);
    SH_TRY(join_by_key(tl, SH_TABLE_LINE, at->line.settlement_key, by_key, &rows, err));
    int32_t *last = sh_new_raw(tl->arena, int32_t, (size_t)n_encounters + 1);
    int32_t *only = sh_new_raw(tl->arena, int32_t, (size_t)n_encounters + 1);
    int32_t *line = sh_new_raw(tl->arena, int32_t, (size_t)n_lines + 1);
    if (!last || !only || !line)
        return out_of_room(err);
    for (uint32_t i = 0; i < n_encounters; i++)
        last[i] = only[i] = -1;
    const int32_t *encounter = sh_i32(tl, SH_TABLE_SETTLEMENT, at->settlement.encounter);
    for (uint32_t i = 0; i < tl->tables[SH_TABLE_SETTLEMENT].n_rows; i++) {
        const int32_t e = encounter[i];
        if (e < 0 || !tl->alive[SH_TABLE_SETTLEMENT][i])
            continue;
        last[e] = (int32_t)i;
        only[e] = only[e] == -1 ? (int32_t)i : -2;
    }
    const int32_t *line_encounter = sh_i32(tl, SH_TABLE_LINE, at->line.encounter);
    for (uint32_t i = 0; i < n_lines; i++) {
        line[i] = rows[i];
        if (line[i] < 0 && (!keys || keys[i] == SH_MISSING) && line_encounter[i] >= 0)
            line[i] = only[line_encounter[i]] >= 0 ? only[line_encounter[i]] : -1;
    }
    tl->columns[SH_TABLE_LINE][at->line.settlement] = line;
    tl->columns[SH_TABLE_ENCOUNTER][at->encounter.settlement] = last;
    return SH_OK;
}

/* Rows that hang on an encounter that is not there for rules are not there either. */
static sh_code bury_with_encounter(struct sh_timeline *tl, int t, int c_void, int c_encounter,
                                   struct sh_err *err) {
    uint8_t *alive;
    SH_TRY(alive_by_flag(tl, t, c_void, &alive, err));
    const int32_t *encounter = c_encounter >= 0 ? sh_i32(tl, t, c_encounter) : NULL;
    for (uint32_t i = 0; encounter && i < tl->tables[t].n_rows; i++)
        if (encounter[i] >= 0 && !tl->alive[SH_TABLE_ENCOUNTER][encounter[i]])
            alive[i] = 0;
    return SH_OK;
}

/* Settlement lists, scans, stock and the like: who is there, and the settlement by its key. Dimensions have
 * no rows in a chunk. */
static sh_code join_more(struct sh_timeline *tl, const struct key_index *settlements, struct sh_err *err) {
    for (int t = SH_TABLE_STOCK_MOVE; t < SH_TABLES; t++) {
        const struct sh_common_columns *c = &tl->plan->at.of[t];
        if (!tl->plan->table_needed[t] || sh_table_is_dimension((enum sh_table)t))
            continue;
        if (c->settlement >= 0) {
            const int32_t *rows;
            SH_TRY(join_by_key(tl, t, c->settlement_key, settlements, &rows, err));
            tl->columns[t][c->settlement] = rows;
        }
        SH_TRY(bury_with_encounter(tl, t, c->self_void, c->encounter, err));
    }
    return SH_OK;
}

static void join_persons(struct sh_timeline *tl) {
    for (int t = 0; t < SH_TABLES; t++) {
        const int c = sh_lake_column((enum sh_table)t, "person");
        if (c >= 0 && t != SH_TABLE_PERSON && t != SH_TABLE_NETTING && tl->person_of[t])
            tl->columns[t][c] = tl->person_of[t];
    }
}

sh_code sh_timeline_fill(const struct sh_plan *plan, const struct sh_chunk *chunk, struct sh_arena *arena,
                         struct sh_timeline *ret, struct sh_err *err) {
    assert(plan && chunk && arena && ret);
    *ret = (struct sh_timeline){.plan = plan,
                                .chunk = chunk,
                                .arena = arena,
                                .n_persons = chunk->n_persons,
                                .persons = chunk->persons};
    const struct sh_columns *at = &plan->at;
    SH_TRY(sh_person_codes_begin(ret, err));
    SH_TRY(take_columns(ret, err));
    SH_TRY(room_for_ids(ret, err));
    SH_TRY(number_persons(ret, err));
    SH_TRY(merge_persons(ret, err));
    join_persons(ret);
    struct key_index settlements = {0};
    SH_TRY(join_tables(ret, &settlements, err));
    uint8_t *settled, *encounters, *lines;
    SH_TRY(alive_by_flag(ret, SH_TABLE_SETTLEMENT, at->settlement.self_void, &settled, err));
    SH_TRY(alive_by_flag(ret, SH_TABLE_ENCOUNTER, at->encounter.self_void, &encounters, err));
    SH_TRY(alive_by_flag(ret, SH_TABLE_LINE, at->line.self_void, &lines, err));
    SH_TRY(bury_settlements(ret, settled, &settlements, err));
    SH_TRY(bury_encounters(ret, encounters, settled, err));
    SH_TRY(join_settlements(ret, &settlements, err));
    SH_TRY(bury_lines(ret, lines, err));
    SH_TRY(
        bury_with_encounter(ret, SH_TABLE_DIAGNOSIS, at->diagnosis.self_void, at->diagnosis.encounter, err));
    SH_TRY(
        bury_with_encounter(ret, SH_TABLE_OPERATION, at->operation.self_void, at->operation.encounter, err));
    SH_TRY(join_more(ret, &settlements, err));
    SH_TRY(sh_stays_fill(ret, err));
    SH_TRY(sh_derived_fill(ret, err));
    return sh_texts_fill(ret, err);
}

/* ---- small looks -------------------------------------------------------------------------------- */

sh_code sh_row_id(const struct sh_timeline *tl, int table, int32_t row, struct sh_str *ret,
                  struct sh_err *err) {
    *ret = (struct sh_str){0};
    if (tl->carried) {
        if (row >= 0 && tl->carried->ids[table])
            *ret = tl->carried->ids[table][row];
        return SH_OK;
    }
    if (row < 0 || table >= SH_TABLES || !tl->chunk->tables[table].columns)
        return SH_OK;
    struct sh_str *known = tl->ids[table] ? &tl->ids[table][row] : NULL;
    uint8_t *const has_id = known ? &tl->has_id[table][row >> 3] : NULL;
    const uint8_t bit = (uint8_t)(1u << (row & 7));
    if (known && (*has_id & bit)) {
        *ret = *known;
        return SH_OK;
    }
    SH_TRY(sh_chunk_id(tl->chunk, (enum sh_table)table, (uint32_t)row, tl->arena, ret, err));
    if (known)
        *known = *ret, *has_id |= bit;
    return SH_OK;
}

sh_code sh_person_codes_begin(struct sh_timeline *tl, struct sh_err *err) {
    tl->person_codes = sh_new(tl->arena, struct sh_person_codes, 1);
    return tl->person_codes ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the codes of persons");
}

sh_code sh_code_read(const struct sh_plan *plan, enum sh_dict dict, int64_t id, struct sh_arena *arena,
                     struct sh_str *ret, struct sh_err *err) {
    const struct sh_dicts *dicts = plan->dicts;
    *ret = sh_code_of(plan, dict, id);
    return dicts->views[dict] || !dicts->large_code
               ? SH_OK
               : dicts->large_code(dicts->ctx, dict, id, arena, ret, err);
}

sh_code sh_person_code(const struct sh_timeline *tl, int64_t row, struct sh_str *ret, struct sh_err *err) {
    struct sh_person_codes *const codes = tl->person_codes;
    *ret = (struct sh_str){0};
    if (row < 0 || row >= (int64_t)tl->n_persons)
        return SH_OK;
    if (!codes->at) {
        codes->at = sh_new(tl->arena, struct sh_str, tl->n_persons);
        codes->known = sh_new(tl->arena, uint8_t, tl->n_persons);
        if (!codes->at || !codes->known)
            return sh_fail(err, SH_E_NOMEM, "no room for the codes of persons");
    }
    if (!codes->known[row])
        SH_TRY(sh_code_read(tl->plan, SH_DICT_PERSON, tl->persons[row], tl->arena, &codes->at[row], err));
    codes->known[row] = 1;
    *ret = codes->at[row];
    return SH_OK;
}

sh_code sh_person_codes_check(const struct sh_timeline *tl, struct sh_err *err) {
    return tl->person_codes->failed == SH_OK
               ? SH_OK
               : sh_fail(err, tl->person_codes->failed, "a code could not be read");
}

static int encounter_column(const struct sh_columns *at, int table) {
    if (table < SH_TABLES)
        return at->of[table].encounter;
    return table == SH_MODEL_STAY ? at->stay.encounter : -1;
}

static int institution_column(const struct sh_columns *at, int table) {
    if (table < SH_TABLES)
        return at->of[table].institution;
    return table == SH_MODEL_STAY ? at->stay.institution : -1;
}

int32_t sh_encounter_of(const struct sh_timeline *tl, int table, int32_t row) {
    const int column = encounter_column(&tl->plan->at, table);
    if (row < 0)
        return -1;
    if (table == SH_TABLE_ENCOUNTER)
        return row;
    if (sh_view_of(tl->plan, table)) {
        sh_view_base(tl, &table, &row);
        return sh_view_of(tl->plan, table) ? -1 : sh_encounter_of(tl, table, row);
    }
    const int32_t *rows = column >= 0 ? sh_i32(tl, table, column) : NULL;
    return rows ? rows[row] : -1;
}

int32_t sh_institution_of(const struct sh_timeline *tl, int table, int32_t row) {
    const int column = institution_column(&tl->plan->at, table);
    if (row < 0)
        return -1;
    if (tl->carried && table == tl->carried->table)
        return tl->carried->institution[row];
    if (sh_view_of(tl->plan, table))
        return sh_view_institution(tl, table, row);
    const int own = column < 0 && table >= SH_AUDIT_TABLES
                        ? sh_model_column(tl->plan->model, (uint16_t)table, "institution")
                        : -1;                  /* the columns of the others are known */
    if (own >= 0 && tl->columns[table][own]) { /* tables of institutions, and others that say it themselves */
        const int32_t id = sh_i32(tl, table, own)[row];
        return id >= 0 ? id : -1;
    }
    if (column < 0)
        return sh_institution_of(tl, SH_TABLE_ENCOUNTER, sh_encounter_of(tl, table, row));
    const int32_t *ids = sh_i32(tl, table, column);
    return ids && ids[row] >= 0 ? ids[row] : -1;
}

int32_t sh_subject_day(const struct sh_timeline *tl, int table, int32_t row) {
    const struct sh_columns *at = &tl->plan->at;
    int first = -1, second = -1;
    if (tl->carried && table == tl->carried->table)
        return tl->carried->day[row];
    if (sh_view_of(tl->plan, table))
        return sh_view_day(tl, table, row);
    if (table == SH_TABLE_LINE)
        first = at->line.day;
    else if (table == SH_TABLE_ENCOUNTER)
        first = at->encounter.last_day, second = at->encounter.day;
    else if (table == SH_TABLE_SETTLEMENT)
        first = at->settlement.day;
    else if (table == SH_MODEL_STAY)
        first = at->stay.last_day, second = at->stay.day;
    else if (table == SH_TABLE_OPERATION)
        first = at->operation.day;
    else if (table >= SH_TABLE_SETTLEMENT_LIST && table < SH_TABLES)
        first = at->of[table].day >= 0 ? at->of[table].day : at->of[table].time;
    if (first < 0 && table < SH_TABLES && table != SH_TABLE_DIAGNOSIS) /* tables of their own day */
        first = at->of[table].day;
    const int32_t *days = first >= 0 ? sh_i32(tl, table, first) : NULL;
    if (days && days[row] != SH_MISSING_I32)
        return days[row];
    days = second >= 0 ? sh_i32(tl, table, second) : NULL;
    if (days && days[row] != SH_MISSING_I32)
        return days[row];
    const int32_t encounter = table == SH_TABLE_ENCOUNTER || table == SH_MODEL_STAY || table == SH_TABLE_LINE
                                  ? -1
                                  : sh_encounter_of(tl, table, row);
    return encounter >= 0 ? sh_subject_day(tl, SH_TABLE_ENCOUNTER, encounter) : SH_MISSING_I32;
}

struct sh_str sh_code_of(const struct sh_plan *plan, enum sh_dict dict, int64_t id) {
    const struct sh_dict_view *view = plan->dicts->views[dict];
    return view && id >= 0 && id < (int64_t)view->n ? view->code[id] : (struct sh_str){0};
}

struct sh_str sh_dict_name_of(const struct sh_plan *plan, enum sh_dict dict, int64_t id) {
    const struct sh_dict_view *view = plan->dicts->views[dict];
    return view && view->name && id >= 0 && id < (int64_t)view->n ? view->name[id] : (struct sh_str){0};
}
