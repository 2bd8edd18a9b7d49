/* Derived columns of the lake's tables, those that some rule needs; texts become numbers of the chunk. */
#include "audit/inner.h"
#include "base/date.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/wide.h"
#include <string.h>

static const struct sh_columns *columns_at(const struct sh_timeline *tl) {
    return &tl->plan->at;
}

/* Days of times from 1970 on, in 32 bits: a day is 675 times 128 seconds. False: some time is missing or lies
 * elsewhere. */
SH_WIDE static bool days_of_usual(const int64_t *restrict time, int32_t *restrict day, uint32_t n) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < n; i++)
        bits |= (uint64_t)time[i];
    if (bits >> 39)
        return false;
    for (uint32_t i = 0; i < n; i++)
        day[i] = (int32_t)((uint32_t)(time[i] >> 7) / (SH_DAY_SECONDS / 128));
    return true;
}

static const int32_t *day_of(struct sh_timeline *tl, int t, const int64_t *time) {
    enum { AT_ONCE = 128 };
    const uint32_t n = tl->tables[t].n_rows;
    int32_t *day = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t from = 0, to; day && from < n; from = to) {
        to = n - from < AT_ONCE ? n : from + AT_ONCE;
        if (time && days_of_usual(time + from, day + from, to - from))
            continue;
        for (uint32_t i = from; i < to; i++)
            day[i] = time && time[i] != SH_MISSING ? sh_day_of_time(time[i]) : SH_MISSING_I32;
    }
    return day;
}

static const int32_t *span_of(struct sh_timeline *tl, const int64_t *from, const int64_t *to, int32_t more) {
    const uint32_t n = tl->tables[SH_TABLE_ENCOUNTER].n_rows;
    int32_t *days = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; days && i < n; i++)
        days[i] = from && to && from[i] != SH_MISSING && to[i] != SH_MISSING
                      ? sh_day_of_time(to[i]) - sh_day_of_time(from[i]) + more
                      : SH_MISSING_I32;
    return days;
}

/* Sum of the lines' covered by encounter or stay; missing when one is. */
static const int64_t *covered_by(struct sh_timeline *tl, const int32_t *group, uint32_t n_groups) {
    const int64_t *covered = sh_i64(tl, SH_TABLE_LINE, columns_at(tl)->line.covered);
    int64_t *sum = sh_new(tl->arena, int64_t, (size_t)n_groups + 1);
    if (!sum || !group)
        return sum;
    for (uint32_t i = 0; i < tl->tables[SH_TABLE_LINE].n_rows; i++) {
        const int32_t g = group[i];
        if (g < 0 || !tl->alive[SH_TABLE_LINE][i] || sum[g] == SH_MISSING)
            continue;
        if (!covered || covered[i] == SH_MISSING || __builtin_add_overflow(sum[g], covered[i], &sum[g]))
            sum[g] = SH_MISSING;
    }
    return sum;
}

static const int32_t *through(struct sh_timeline *tl, const int32_t *values, const int32_t *map, uint32_t n) {
    int32_t *ret = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++)
        ret[i] = values && values[i] >= 0 && map ? map[values[i]] : SH_MISSING_I32;
    return ret;
}

static const int32_t *line_stay(struct sh_timeline *tl) {
    const int32_t *encounter = sh_i32(tl, SH_TABLE_LINE, columns_at(tl)->line.encounter);
    const int32_t *stay = sh_i32(tl, SH_TABLE_ENCOUNTER, columns_at(tl)->encounter.stay);
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows;
    int32_t *ret = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++)
        ret[i] = encounter[i] >= 0 ? stay[encounter[i]] : -1;
    return ret;
}

static const int32_t *line_insurance(struct sh_timeline *tl) {
    const struct sh_columns *at = columns_at(tl);
    const int32_t *encounter = sh_i32(tl, SH_TABLE_LINE, at->line.encounter);
    const int32_t *settlement = sh_i32(tl, SH_TABLE_LINE, at->line.settlement);
    const int32_t *of_encounter = sh_i32(tl, SH_TABLE_ENCOUNTER, at->encounter.insurance);
    const int32_t *of_settlement = sh_i32(tl, SH_TABLE_SETTLEMENT, at->settlement.insurance);
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows;
    int32_t *ret = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++) {
        ret[i] = settlement[i] >= 0 && of_settlement ? of_settlement[settlement[i]] : SH_MISSING_I32;
        if (ret[i] < 0)
            ret[i] = encounter[i] >= 0 && of_encounter ? of_encounter[encounter[i]] : SH_MISSING_I32;
    }
    return ret;
}

/* Kind of an item in the model's words: drug 0, herb 1, service 2, consumable 3; see the dictionary table of
 * the plan. */
static const int8_t *item_kinds(const struct sh_timeline *tl) {
    const int c = sh_model_column(tl->plan->model, SH_MODEL_ITEM, "kind");
    return c >= 0 ? (const int8_t *)tl->plan->fixed[SH_MODEL_ITEM].columns[c] : NULL;
}

static const int32_t *line_supply(struct sh_timeline *tl) {
    enum { SERVICE = 2, CONSUMABLE = 3 }; /* words of domain item_kind */
    const struct sh_columns *at = columns_at(tl);
    const int32_t *item = sh_i32(tl, SH_TABLE_LINE, at->line.item);
    const int32_t *encounter = sh_i32(tl, SH_TABLE_LINE, at->line.encounter);
    const int64_t *days = sh_i64(tl, SH_TABLE_LINE, at->line.days);
    const int8_t *home = sh_i8(tl, SH_TABLE_LINE, at->line.take_home);
    const int8_t *inpatient = sh_i8(tl, SH_TABLE_ENCOUNTER, at->encounter.inpatient);
    const int8_t *kinds = item_kinds(tl);
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows;
    int32_t *ret = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++) {
        const int8_t kind = kinds && item && item[i] >= 0 ? kinds[item[i]] : SH_MISSING_I8;
        const bool bed = encounter[i] >= 0 && sh_flag(inpatient, (size_t)encounter[i]) && !sh_flag(home, i);
        if (kind == SERVICE || kind == CONSUMABLE || bed)
            ret[i] = 1;
        else if (!days || days[i] == SH_MISSING || days[i] > (int64_t)INT32_MAX)
            ret[i] = SH_MISSING_I32;
        else
            ret[i] = days[i] <= 10000 ? 1 : (int32_t)((days[i] + 9999) / 10000); /* scale 4, rounded up */
    }
    return ret;
}

/* What the register of items says of the units of each, NULL where it says nothing. */
struct packs {
    uint32_t n;
    const int64_t *pack; /* 10^-4 smallest units in a package */
    const int32_t *pack_unit, *form_unit;
};

/* How many of the smallest units one unit of a line is, 10^-4; SH_MISSING where that cannot be told. */
static int64_t unit_factor(const struct packs *p, int32_t item, int32_t unit) {
    enum { ONE = 10000 };
    if (item < 0 || (uint32_t)item >= p->n)
        return SH_MISSING;
    if (p->pack && p->pack[item] == ONE)
        return ONE;
    if (unit < 0)
        return SH_MISSING;
    if (p->form_unit && p->form_unit[item] == unit)
        return ONE;
    return p->pack && p->pack_unit && p->pack_unit[item] == unit ? p->pack[item] : SH_MISSING;
}

static const int64_t *line_base_quantity(struct sh_timeline *tl) {
    const struct sh_columns *at = columns_at(tl);
    const struct sh_frame_table *items = &tl->plan->fixed[SH_MODEL_ITEM];
    const struct packs packs = {items->n_rows, items->columns[sh_lake_column(SH_TABLE_ITEM, "pack")],
                                items->columns[sh_lake_column(SH_TABLE_ITEM, "pack_unit")],
                                items->columns[sh_lake_column(SH_TABLE_ITEM, "form_unit")]};
    const int32_t *item = sh_i32(tl, SH_TABLE_LINE, at->line.item),
                  *unit = sh_i32(tl, SH_TABLE_LINE, sh_lake_column(SH_TABLE_LINE, "unit"));
    const int64_t *quantity = sh_i64(tl, SH_TABLE_LINE, at->line.quantity);
    const uint32_t n = tl->tables[SH_TABLE_LINE].n_rows;
    int64_t *ret = sh_new_raw(tl->arena, int64_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++) {
        const int64_t factor = unit_factor(&packs, item ? item[i] : -1, unit ? unit[i] : -1);
        ret[i] = SH_MISSING;
        if (factor != SH_MISSING && quantity && quantity[i] != SH_MISSING &&
            sh_div_round((sh_i128)quantity[i] * factor, 10000, &ret[i]) != SH_OK)
            ret[i] = SH_MISSING;
    }
    return ret;
}

static const int32_t *encounter_day(struct sh_timeline *tl) {
    const int32_t *encounter = sh_i32(tl, SH_TABLE_DIAGNOSIS, columns_at(tl)->diagnosis.encounter);
    const int64_t *from = sh_i64(tl, SH_TABLE_ENCOUNTER, columns_at(tl)->encounter.from);
    const uint32_t n = tl->tables[SH_TABLE_DIAGNOSIS].n_rows;
    int32_t *ret = sh_new_raw(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++)
        ret[i] = encounter[i] >= 0 && from && from[encounter[i]] != SH_MISSING
                     ? sh_day_of_time(from[encounter[i]])
                     : SH_MISSING_I32;
    return ret;
}

static const int64_t *time_of(struct sh_timeline *tl, int t) {
    const struct sh_columns *at = columns_at(tl);
    return t == SH_TABLE_LINE        ? sh_i64(tl, t, at->line.time)
           : t == SH_TABLE_ENCOUNTER ? sh_i64(tl, t, at->encounter.from)
                                     : sh_i64(tl, t, at->of[t].time);
}

/* The last living list of each encounter; rows stand in order. */
static const int32_t *encounter_list(struct sh_timeline *tl) {
    const int T = SH_TABLE_SETTLEMENT_LIST;
    const uint32_t n = tl->tables[SH_TABLE_ENCOUNTER].n_rows;
    const int32_t *encounter = sh_i32(tl, T, columns_at(tl)->of[T].encounter);
    int32_t *ret = sh_new(tl->arena, int32_t, (size_t)n + 1);
    for (uint32_t i = 0; ret && i < n; i++)
        ret[i] = -1;
    for (uint32_t i = 0; ret && encounter && i < tl->tables[T].n_rows; i++)
        if (encounter[i] >= 0 && (!tl->alive[T] || tl->alive[T][i]))
            ret[encounter[i]] = (int32_t)i;
    return ret;
}

/* The line of a scan: by its source id, else the only living line of the settlement and item. */
static sh_code line_of_scan(const struct sh_timeline *tl, struct sh_str id, int32_t settlement, int32_t item,
                            uint32_t person, int32_t *ret, struct sh_err *err) {
    const struct sh_columns *at = columns_at(tl);
    const int32_t *settlements = sh_i32(tl, SH_TABLE_LINE, at->line.settlement),
                  *items = sh_i32(tl, SH_TABLE_LINE, at->line.item);
    const uint32_t *begin = tl->person_begin[SH_TABLE_LINE];
    *ret = -1;
    for (uint32_t i = begin[person], n = 0; i < begin[person + 1]; i++) {
        struct sh_str other;
        if (!tl->alive[SH_TABLE_LINE][i] || items[i] != item)
            continue;
        if (id.len > 0) {
            SH_TRY(sh_row_id(tl, SH_TABLE_LINE, (int32_t)i, &other, err));
            if (sh_str_eq(other, id))
                *ret = (int32_t)i;
        } else if (settlement >= 0 && settlements[i] == settlement) {
            *ret = n++ == 0 ? (int32_t)i : -1;
        }
    }
    return SH_OK;
}

static sh_code scan_line(struct sh_timeline *tl, const void **ret, struct sh_err *err) {
    const int T = SH_TABLE_TRACE_SCAN;
    const uint32_t n = tl->tables[T].n_rows;
    const int32_t *settlement = sh_i32(tl, T, columns_at(tl)->of[T].settlement),
                  *item = sh_i32(tl, T, sh_lake_column(T, "item")), *person = tl->person_of[T];
    const int c = sh_lake_column(T, "line_id");
    const struct sh_str *ids =
        tl->chunk->tables[T].columns ? (const struct sh_str *)tl->chunk->tables[T].columns[c] : NULL;
    int32_t *rows = sh_new(tl->arena, int32_t, (size_t)n + 1);
    if (!rows)
        return sh_fail(err, SH_E_NOMEM, "no room for the lines of scans");
    for (uint32_t i = 0; i < n; i++)
        SH_TRY(line_of_scan(tl, ids ? ids[i] : (struct sh_str){0}, settlement ? settlement[i] : -1,
                            item ? item[i] : SH_MISSING_I32, (uint32_t)person[i], &rows[i], err));
    *ret = rows;
    return SH_OK;
}

static const void *derive(struct sh_timeline *tl, int t, enum sh_derived what, bool *ret_known) {
    const struct sh_columns *at = columns_at(tl);
    const int64_t *from = sh_i64(tl, SH_TABLE_ENCOUNTER, at->encounter.from),
                  *to = sh_i64(tl, SH_TABLE_ENCOUNTER, at->encounter.to);
    const int T_STAY = SH_MODEL_STAY, T_ENCOUNTER = SH_TABLE_ENCOUNTER;
    *ret_known = true;
    switch ((int)what) { /* what the joins and the stays have not filled yet */
    case SH_DERIVED_DAY:
        return day_of(tl, t, time_of(tl, t));
    case SH_DERIVED_LAST_DAY:
        return day_of(tl, t, to);
    case SH_DERIVED_DAYS:
        return span_of(tl, from, to, 1);
    case SH_DERIVED_NIGHTS:
        return span_of(tl, from, to, 0);
    case SH_DERIVED_ENCOUNTER_DAY:
        return encounter_day(tl);
    case SH_DERIVED_JOIN_STAY:
        return line_stay(tl);
    case SH_DERIVED_JOIN_LIST:
        return encounter_list(tl);
    case SH_DERIVED_INSURANCE:
        return line_insurance(tl);
    case SH_DERIVED_SUPPLY_DAYS:
        return line_supply(tl);
    case SH_DERIVED_BASE_QUANTITY:
        return line_base_quantity(tl);
    case SH_DERIVED_CATEGORY:
        return through(tl, sh_i32(tl, t, sh_lake_column((enum sh_table)t, "code")), tl->plan->categories,
                       tl->tables[t].n_rows);
    case SH_DERIVED_MAIN_CATEGORY:
        return through(tl, sh_i32(tl, t, sh_model_column(tl->plan->model, (uint16_t)t, "main_diagnosis")),
                       tl->plan->categories, tl->tables[t].n_rows);
    case SH_DERIVED_COVERED:
        return covered_by(tl, sh_i32(tl, SH_TABLE_LINE, t == T_STAY ? at->line.stay : at->line.encounter),
                          tl->tables[t == T_STAY ? T_STAY : T_ENCOUNTER].n_rows);
    default:
        *ret_known = false;
        return NULL;
    }
}

sh_code sh_derived_fill(struct sh_timeline *tl, struct sh_err *err) {
    /* Lines first: what is summed by stay needs line.stay. */
    static const int order[] = {SH_TABLE_LINE,         SH_TABLE_ENCOUNTER,  SH_TABLE_SETTLEMENT,
                                SH_TABLE_DIAGNOSIS,    SH_TABLE_OPERATION,  SH_TABLE_SETTLEMENT_LIST,
                                SH_TABLE_CARE_SERVICE, SH_TABLE_TRACE_SCAN, SH_MODEL_STAY};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const int t = order[i];
        const struct sh_model_table *table = &tl->plan->model->model.tables[t];
        for (uint16_t c = 0; c < table->n_columns; c++) {
            const enum sh_derived what = tl->plan->model->derived[t][c];
            if (what == SH_DERIVED_NONE || tl->columns[t][c] || !tl->plan->needed[t][c])
                continue;
            bool known;
            if (what == SH_DERIVED_JOIN_LINE) { /* asks for source ids, so it may fail */
                SH_TRY(scan_line(tl, &tl->columns[t][c], err));
                continue;
            }
            tl->columns[t][c] = derive(tl, t, what, &known);
            if (!known)
                return sh_fail(err, SH_E_UNSUPPORTED, "the audit cannot fill column %s.%s", table->name,
                               table->columns[c].name);
            if (!tl->columns[t][c])
                return sh_fail(err, SH_E_NOMEM, "no room for column %s.%s", table->name,
                               table->columns[c].name);
        }
    }
    return SH_OK;
}

/* ---- texts: the same text is the same number within a chunk ------------------------------------- */

/* Where a text stands or would stand; texts: those numbered from `first` on. */
static struct sh_text_slot *slot_of(struct sh_text_slot *slots, size_t n_slots, const struct sh_str *texts,
                                    size_t first, struct sh_str text, uint64_t hash) {
    size_t at = hash & (n_slots - 1);
    while (slots[at].id &&
           (slots[at].hash != hash || !sh_str_eq(texts[(size_t)slots[at].id - 1 - first], text)))
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

sh_code sh_known_texts_make(struct sh_plan *plan, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_bound *bound = plan->bound;
    for (plan->n_known_slots = 16; plan->n_known_slots < bound->n_texts * 2;)
        plan->n_known_slots *= 2;
    plan->known_slots = sh_new(arena, struct sh_text_slot, plan->n_known_slots);
    if (!plan->known_slots)
        return sh_fail(err, SH_E_NOMEM, "no room for the texts of the knowledge");
    for (size_t i = 0; i < bound->n_texts; i++) {
        const uint64_t hash = sh_hash64(bound->texts[i].at, bound->texts[i].len, 0);
        struct sh_text_slot *slot =
            slot_of(plan->known_slots, plan->n_known_slots, bound->texts, 0, bound->texts[i], hash);
        if (slot->id == 0)
            *slot = (struct sh_text_slot){hash, (int32_t)i + 1};
    }
    return SH_OK;
}

/* A text the knowledge names has the number it has there. */
static sh_code text_id(struct sh_timeline *tl, struct sh_str text, int32_t *ret, struct sh_err *err) {
    const struct sh_plan *plan = tl->plan;
    const size_t first = plan->bound->n_texts;
    if (text.len == 0) {
        *ret = SH_MISSING_I32;
        return SH_OK;
    }
    const uint64_t hash = sh_hash64(text.at, text.len, 0);
    struct sh_text_slot *slot = slot_of(tl->text_slots, tl->n_text_slots, tl->texts, first, text, hash);
    if (slot->id == 0) {
        const struct sh_text_slot *known =
            slot_of(plan->known_slots, plan->n_known_slots, plan->bound->texts, 0, text, hash);
        if (known->id != 0) {
            *ret = known->id - 1;
            return SH_OK;
        }
        if (tl->n_texts >= tl->cap_texts)
            return sh_fail(err, SH_E_INTERNAL, "more texts than rows in a chunk");
        tl->texts[tl->n_texts] = text;
        *slot = (struct sh_text_slot){hash, (int32_t)(tl->n_texts++ + first) + 1};
    }
    *ret = slot->id - 1;
    return SH_OK;
}

static bool is_text_needed(const struct sh_timeline *tl, int t, int c) {
    const enum sh_column_type type = sh_lake_schema[t].columns[c].type;
    return (type == SH_COLUMN_ID || type == SH_COLUMN_TEXT) && tl->plan->needed[t][c] == 2 &&
           tl->chunk->tables[t].columns && tl->chunk->tables[t].columns[c];
}

static sh_code fill_texts(struct sh_timeline *tl, int t, int c, struct sh_err *err) {
    const struct sh_str *from = (const struct sh_str *)tl->chunk->tables[t].columns[c];
    int32_t *ids = sh_new(tl->arena, int32_t, (size_t)tl->chunk->tables[t].n_rows + 1);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for the texts of a chunk");
    for (uint32_t i = 0; i < tl->chunk->tables[t].n_rows; i++)
        if (i > 0 && from[i].len > 0 && sh_str_eq(from[i], from[i - 1]))
            ids[i] = ids[i - 1]; /* lines of one prescription stand together */
        else
            SH_TRY(text_id(tl, from[i], &ids[i], err));
    tl->columns[t][c] = ids;
    return SH_OK;
}

sh_code sh_texts_fill(struct sh_timeline *tl, struct sh_err *err) {
    size_t n = 0;
    for (int t = 0; t < SH_TABLES; t++)
        for (int c = 0; c < sh_lake_schema[t].n_columns; c++)
            n += is_text_needed(tl, t, c) ? tl->chunk->tables[t].n_rows : 0;
    if (n == 0)
        return SH_OK;
    for (tl->n_text_slots = 16; tl->n_text_slots < n * 2;)
        tl->n_text_slots *= 2;
    tl->cap_texts = n;
    tl->texts = sh_new(tl->arena, struct sh_str, n);
    tl->text_slots = sh_new(tl->arena, struct sh_text_slot, tl->n_text_slots);
    if (!tl->texts || !tl->text_slots)
        return sh_fail(err, SH_E_NOMEM, "no room for the texts of a chunk");
    for (int t = 0; t < SH_TABLES; t++)
        for (int c = 0; c < sh_lake_schema[t].n_columns; c++)
            if (is_text_needed(tl, t, c))
                SH_TRY(fill_texts(tl, t, c, err));
    return SH_OK;
}

struct sh_str sh_name_of(const struct sh_timeline *tl, struct sh_type type, int64_t value,
                         struct sh_arena *arena) {
    if (value == SH_MISSING)
        return (struct sh_str){0};
    if (type.kind == SH_KIND_TEXT && type.domain < 0) {
        const struct sh_bound *bound = tl->plan->bound;
        if (value >= 0 && (size_t)value < bound->n_texts)
            return bound->texts[value];
        if (value >= 0 && (size_t)value < bound->n_texts + tl->n_texts)
            return tl->texts[(size_t)value - bound->n_texts];
        size_t len;
        const char *text = sh_arena_printf(arena, &len, "%016llx", (unsigned long long)value);
        return text ? (struct sh_str){text, len} : (struct sh_str){0};
    }
    if (type.domain < 0 || type.domain >= (int16_t)tl->plan->model->model.n_domains)
        return (struct sh_str){0};
    const enum sh_dict dict = tl->plan->model->domain_dicts[type.domain];
    const struct sh_str name = sh_dict_name_of(tl->plan, dict, value);
    if (type.kind == SH_KIND_TEXT && name.len > 0)
        return name;
    struct sh_str code;
    const sh_code failed = dict == SH_DICT_PERSON /* the frame numbers persons by row */
                               ? sh_person_code(tl, value, &code, NULL)
                               : sh_code_read(tl->plan, dict, value, arena, &code, NULL);
    if (failed != SH_OK)
        tl->person_codes->failed = failed;
    return code;
}
