/* A small world for tests of the language: a model, a handful of rows, an executor that finds related rows
 * the slow way. */
#pragma once
#include "base/arena.h"
#include "base/date.h"
#include "expr/expr.h"
#include <stdlib.h>

#define M SH_MISSING

enum { T_LINE, T_ENCOUNTER, T_PERSON, T_ITEM, T_DIAGNOSIS, T_K, T_TABLES };
enum { D_INSTITUTION, D_ITEM, D_VISIT, D_INSURANCE, D_DIAGNOSIS, D_SEX, D_DOMAINS };
enum {
    L_PERSON,
    L_ENCOUNTER,
    L_INSTITUTION,
    L_ITEM,
    L_TIME,
    L_EXACT,
    L_QUANTITY,
    L_PRICE,
    L_AMOUNT,
    L_COVERED,
    L_DAYS,
    L_SUPPLY,
    L_PRESCRIPTION,
    L_ID,
    L_UPLOADED,
    L_TAKE_HOME,
    L_COLUMNS
};
enum {
    E_PERSON,
    E_INSTITUTION,
    E_FROM,
    E_TO,
    E_VISIT,
    E_INSURANCE,
    E_LEVEL,
    E_NEWBORN,
    E_INPATIENT,
    E_COLUMNS
};
enum { P_SEX, P_BIRTH, P_DEATH, P_COLUMNS };
enum { I_CODE, I_KIND, I_COLUMNS };
enum { G_ENCOUNTER, G_CODE, G_MAIN, G_COLUMNS };
enum { K_MAX, K_DAYS, K_AGE, K_ICD, K_VISITS, K_INSURANCE, K_LEVEL, K_PERIOD, K_PRICE, K_PAST, K_COLUMNS };
enum { N_LINES = 8, N_ENCOUNTERS = 3, N_PERSONS = 3, N_ITEMS = 4, N_DIAGNOSES = 3, N_K = 3 };

#define COL(n, k, st)                                                                                        \
    { .name = n, .type = {.kind = SH_KIND_##k}, .storage = SH_STORE_##st, .join = -1 }
#define CODED(n, d)                                                                                          \
    { .name = n, .type = {.kind = SH_KIND_CODE, .domain = d}, .storage = SH_STORE_I32, .join = -1 }
#define NUMBER(n, u, s, st)                                                                                  \
    {                                                                                                        \
        .name = n, .type = {.kind = SH_KIND_NUMBER, .unit = SH_UNIT_##u, .scale = s},                        \
        .storage = SH_STORE_##st, .join = -1                                                                 \
    }
#define JOINED(n, t)                                                                                         \
    { .name = n, .type = {.kind = SH_KIND_TEXT}, .storage = SH_STORE_I32, .join = t }

static const struct sh_model_column small_line[L_COLUMNS] = {
    [L_PERSON] = JOINED("person", T_PERSON),
    [L_ENCOUNTER] = JOINED("encounter", T_ENCOUNTER),
    [L_INSTITUTION] = CODED("institution", D_INSTITUTION),
    [L_ITEM] = {.name = "item",
                .type = {.kind = SH_KIND_CODE, .domain = D_ITEM},
                .storage = SH_STORE_I32,
                .join = T_ITEM},
    [L_TIME] = COL("time", TIME, I64),
    [L_EXACT] = COL("time_exact", BOOL, I8),
    [L_QUANTITY] = NUMBER("quantity", NONE, 4, I64),
    [L_PRICE] = NUMBER("unit_price", YUAN, 6, I64),
    [L_AMOUNT] = NUMBER("amount", YUAN, 2, I64),
    [L_COVERED] = NUMBER("covered", YUAN, 2, I64),
    [L_DAYS] = NUMBER("days", DAYS, 4, I64),
    [L_SUPPLY] = NUMBER("supply_days", DAYS, 0, I32),
    [L_PRESCRIPTION] = COL("prescription", TEXT, I64),
    [L_ID] = COL("id", TEXT, I32),
    [L_UPLOADED] = COL("uploaded", TIME, I64),
    [L_TAKE_HOME] = {.name = "take_home",
                     .type = {.kind = SH_KIND_BOOL},
                     .storage = SH_STORE_I8,
                     .join = -1,
                     .empty_none = true},
};
static const struct sh_model_column small_encounter[E_COLUMNS] = {
    [E_PERSON] = JOINED("person", T_PERSON),
    [E_INSTITUTION] = CODED("institution", D_INSTITUTION),
    [E_FROM] = COL("from", TIME, I64),
    [E_TO] = {.name = "to",
              .type = {.kind = SH_KIND_TIME},
              .storage = SH_STORE_I64,
              .join = -1,
              .empty_none = true},
    [E_VISIT] = CODED("visit", D_VISIT),
    [E_INSURANCE] = CODED("insurance", D_INSURANCE),
    [E_LEVEL] = {.name = "institution_level",
                 .type = {.kind = SH_KIND_LEVEL},
                 .storage = SH_STORE_I8,
                 .join = -1},
    [E_NEWBORN] = {.name = "newborn",
                   .type = {.kind = SH_KIND_BOOL},
                   .storage = SH_STORE_I8,
                   .join = -1,
                   .empty_none = true},
    [E_INPATIENT] = COL("inpatient", BOOL, I8),
};
static const struct sh_model_column small_person[P_COLUMNS] = {
    [P_SEX] = CODED("sex", D_SEX),
    [P_BIRTH] = COL("birth", DATE, I32),
    [P_DEATH] = {.name = "death",
                 .type = {.kind = SH_KIND_DATE},
                 .storage = SH_STORE_I32,
                 .join = -1,
                 .empty_none = true},
};
static const struct sh_model_column small_item[I_COLUMNS] = {
    [I_CODE] = CODED("code", D_ITEM),
    [I_KIND] = {.name = "kind",
                .type = {.kind = SH_KIND_LEVEL, .domain = 1},
                .storage = SH_STORE_I8,
                .join = -1},
};
static const struct sh_model_column small_diagnosis[G_COLUMNS] = {
    [G_ENCOUNTER] = JOINED("encounter", T_ENCOUNTER),
    [G_CODE] = CODED("code", D_DIAGNOSIS),
    [G_MAIN] = COL("main", BOOL, I8),
};
static const struct sh_model_column small_k[K_COLUMNS] = {
    [K_MAX] = NUMBER("max", NONE, 0, I64),
    [K_DAYS] = NUMBER("days", DAYS, 0, I32),
    [K_AGE] = {.name = "age",
               .type = {.kind = SH_KIND_RANGE, .member = SH_KIND_NUMBER},
               .storage = SH_STORE_I32,
               .join = -1},
    [K_ICD] = {.name = "icd",
               .type = {.kind = SH_KIND_SET, .member = SH_KIND_CODE, .domain = D_DIAGNOSIS},
               .storage = SH_STORE_I32,
               .join = -1},
    [K_VISITS] = {.name = "visits",
                  .type = {.kind = SH_KIND_SET, .member = SH_KIND_CODE, .domain = D_VISIT},
                  .storage = SH_STORE_I32,
                  .join = -1},
    [K_INSURANCE] = CODED("insurance", D_INSURANCE),
    [K_LEVEL] = {.name = "min_level", .type = {.kind = SH_KIND_LEVEL}, .storage = SH_STORE_I8, .join = -1},
    [K_PERIOD] = COL("period", SCOPE, I32),
    [K_PRICE] = NUMBER("price", YUAN, 6, I64),
    [K_PAST] = NUMBER("past", DAYS, 0, I32),
};
static const struct sh_model_table small_tables[T_TABLES] = {
    [T_LINE] = {"line", small_line, L_COLUMNS, L_TIME, -1, false},
    [T_ENCOUNTER] = {"encounter", small_encounter, E_COLUMNS, E_FROM, E_TO, false},
    [T_PERSON] = {"person", small_person, P_COLUMNS, -1, -1, false},
    [T_ITEM] = {"item", small_item, I_COLUMNS, -1, -1, false},
    [T_DIAGNOSIS] = {"diagnosis", small_diagnosis, G_COLUMNS, -1, -1, false},
    [T_K] = {"frequency", small_k, K_COLUMNS, -1, -1, true},
};
static const char *const small_levels[] = {"未定级", "一级", "二级", "三级", NULL};
static const char *const small_kinds[] = {"drug", "herb", "service", NULL};
static const char *const *const small_level_words[] = {small_levels, small_kinds};
static const char *const small_domains[D_DOMAINS] = {"institution", "item",      "visit",
                                                     "insurance",   "diagnosis", "sex"};
static const struct sh_model small_model = {.tables = small_tables,
                                            .n_tables = T_TABLES,
                                            .level_words = small_level_words,
                                            .n_level_domains = 2,
                                            .domain_names = small_domains,
                                            .n_domains = D_DOMAINS};

/* Dictionaries: the id is the place. */
static const char *const small_words[D_DOMAINS][8] = {
    [D_INSTITUTION] = {"H1", "H2"},
    [D_ITEM] = {"XA10BA001", "XA10BB002", "001102000050000", "T001700233"},
    [D_VISIT] = {"住院", "门诊", "急诊"},
    [D_INSURANCE] = {"310", "390", "工伤"},
    [D_DIAGNOSIS] = {"E11.900", "K72.900", "I10.x00", "Z88.0"},
    [D_SEX] = {"男", "女", "未说明"}};

static inline sh_code small_lookup(void *ctx, int16_t domain, struct sh_str word, bool under,
                                   struct sh_arena *arena, struct sh_set *ret, struct sh_err *err) {
    (void)ctx;
    int32_t *ids = sh_new(arena, int32_t, 8);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no memory");
    *ret = (struct sh_set){ids, 0};
    for (int i = 0; i < 8 && small_words[domain][i]; i++)
        if (under ? sh_str_starts_with(sh_str_of(small_words[domain][i]), word)
                  : sh_str_is(word, small_words[domain][i]))
            ids[ret->n++] = i;
    return SH_OK;
}

/* Parameters by name. */
static inline bool small_param(void *ctx, struct sh_str name, struct sh_type *type, int64_t *value) {
    (void)ctx;
    *type = (struct sh_type){.kind = SH_KIND_NUMBER};
    *value = 2;
    if (sh_str_is(name, "limit"))
        return true;
    if (sh_str_is(name, "arithmetic.tolerance")) {
        type->unit = SH_UNIT_YUAN, type->scale = 2, *value = 5;
        return true;
    }
    if (sh_str_is(name, "split.days")) {
        type->unit = SH_UNIT_DAYS, *value = 3;
        return true;
    }
    *value = M;
    return sh_str_is(name, "unset");
}
static const char *const small_param_names[] = {"limit", "arithmetic.tolerance", "split.days", "unset", NULL};

#define DAY(y, m, d) sh_days_of(y, m, d)
#define AT(y, m, d, h) ((int64_t)sh_days_of(y, m, d) * 86400 + (h)*3600)

struct small {
    int32_t l_person[N_LINES], l_encounter[N_LINES], l_institution[N_LINES], l_item[N_LINES],
        l_supply[N_LINES], l_id[N_LINES];
    int64_t l_time[N_LINES], l_quantity[N_LINES], l_price[N_LINES], l_amount[N_LINES], l_covered[N_LINES],
        l_days[N_LINES], l_prescription[N_LINES], l_uploaded[N_LINES];
    int8_t l_exact[N_LINES], l_take_home[N_LINES];
    int32_t e_person[N_ENCOUNTERS], e_institution[N_ENCOUNTERS], e_visit[N_ENCOUNTERS],
        e_insurance[N_ENCOUNTERS];
    int64_t e_from[N_ENCOUNTERS], e_to[N_ENCOUNTERS];
    int8_t e_level[N_ENCOUNTERS], e_newborn[N_ENCOUNTERS], e_inpatient[N_ENCOUNTERS];
    int32_t p_sex[N_PERSONS], p_birth[N_PERSONS], p_death[N_PERSONS];
    int32_t i_code[N_ITEMS];
    int8_t i_kind[N_ITEMS];
    int32_t g_encounter[N_DIAGNOSES], g_code[N_DIAGNOSES];
    int8_t g_main[N_DIAGNOSES];
    int64_t k_max[N_K], k_price[N_K];
    int32_t k_days[N_K], k_age[N_K], k_icd[N_K], k_visits[N_K], k_insurance[N_K], k_period[N_K], k_past[N_K];
    int8_t k_level[N_K];
    const void *line[L_COLUMNS], *encounter[E_COLUMNS], *person[P_COLUMNS], *item[I_COLUMNS],
        *diagnosis[G_COLUMNS], *k[K_COLUMNS];
    struct sh_frame_table tables[T_TABLES];
    struct sh_frame frame;
    struct sh_world world;
    int64_t complete; /* what complete() answers */
    uint32_t most;    /* longest list of candidates; 0 = any */
    int32_t iota[N_LINES];
};

static inline int32_t small_person_of(const struct small *s, uint16_t table, int32_t row) {
    if (table == T_LINE)
        return s->l_person[row];
    if (table == T_ENCOUNTER)
        return s->e_person[row];
    if (table == T_DIAGNOSIS)
        return s->e_person[s->g_encounter[row]];
    return -1;
}
static inline int32_t small_encounter_of(const struct small *s, uint16_t table, int32_t row) {
    return table == T_LINE ? s->l_encounter[row] : table == T_DIAGNOSIS ? s->g_encounter[row] : row;
}
static inline int32_t small_institution_of(const struct small *s, uint16_t table, int32_t row) {
    return table == T_LINE ? s->l_institution[row] : s->e_institution[small_encounter_of(s, table, row)];
}
static inline int32_t small_day_of(const struct small *s, uint16_t table, int32_t row) {
    return sh_day_of_time(table == T_LINE ? s->l_time[row] : s->e_from[small_encounter_of(s, table, row)]);
}

static inline bool small_in(const struct small *s, uint16_t table, int32_t row, enum sh_expr_scope scope,
                            uint16_t from, int32_t of) {
    const bool person = small_person_of(s, table, row) == small_person_of(s, from, of);
    const bool place = person && small_institution_of(s, table, row) == small_institution_of(s, from, of);
    switch ((int)scope) {
    case SH_SCOPE_ENCOUNTER:
        return small_encounter_of(s, table, row) == small_encounter_of(s, from, of);
    case SH_SCOPE_PERSON:
        return person;
    case SH_SCOPE_INSTITUTION:
        return place;
    case SH_SCOPE_DAY:
        return place && small_day_of(s, table, row) == small_day_of(s, from, of);
    default:
        return false;
    }
}

static inline sh_code small_candidates(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                                       const int32_t *rows, uint32_t n, struct sh_arena *arena,
                                       struct sh_candidates *ret, uint8_t *toolong, struct sh_err *err) {
    const struct small *s = ctx;
    const uint32_t all = s->tables[table].n_rows;
    uint32_t *begin = sh_new(arena, uint32_t, (size_t)n + 1);
    int32_t *found = sh_new(arena, int32_t, (size_t)n * all + 1);
    if (!begin || !found)
        return sh_fail(err, SH_E_NOMEM, "no memory");
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        begin[i] = k;
        for (uint32_t r = 0; r < all && rows[i] >= 0; r++)
            if (small_in(s, table, (int32_t)r, scope, from, rows[i]))
                found[k++] = (int32_t)r;
        if (s->most && k - begin[i] > s->most) {
            k = begin[i];
            toolong[i] = 1;
        }
    }
    begin[n] = k;
    *ret = (struct sh_candidates){begin, found};
    return SH_OK;
}

static inline sh_code small_complete(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                                     const int32_t *rows, uint32_t n, int64_t *ret, struct sh_err *err) {
    const struct small *s = ctx;
    (void)table, (void)scope, (void)from, (void)rows, (void)err;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = s->complete;
    return SH_OK;
}

static inline struct sh_str small_name(void *ctx, struct sh_type type, int64_t value,
                                       struct sh_arena *arena) {
    (void)ctx, (void)arena;
    if (type.kind != SH_KIND_CODE || type.domain >= D_DOMAINS || value >= 8 ||
        !small_words[type.domain][value])
        return (struct sh_str){0};
    return sh_str_of(small_words[type.domain][value]);
}

static const int32_t small_set_icd[] = {0, 2}, small_set_visits[] = {0}; /* E11, I10; 住院 */
static const struct sh_set small_sets[] = {{small_set_icd, 2}, {small_set_visits, 1}, {NULL, 0}};
static const struct sh_range small_ranges[] = {
    {0, 29, SH_UNIT_DAYS}, {3, 13, SH_UNIT_YEARS}, {18, M, SH_UNIT_YEARS}, {0, 600, SH_UNIT_MONTHS}};

/* Lines 0 … 3: person 0, stay at H1, 1 … 4 February 2026. 4, 5: person 1 at H2, 12 February. 6, 7: person 2,
 * much missing. */
static inline void small_lines(struct small *s) {
    static const int32_t person[] = {0, 0, 0, 0, 1, 1, 2, -1}, encounter[] = {0, 0, 0, 0, 1, 1, 2, -1};
    static const int32_t item[] = {0, 0, 2, 3, 1, 2, -1, 0}, place[] = {0, 0, 0, 0, 1, 1, -1, 0};
    static const int64_t quantity[] = {10000, 20000, 5000, 10000, 30000, 10000, M, 0};
    static const int64_t covered[] = {1000, 4000, 0, 1250, 9999, -500, M, 100};
    for (int i = 0; i < N_LINES; i++) {
        s->iota[i] = i;
        s->l_person[i] = person[i], s->l_encounter[i] = encounter[i], s->l_item[i] = item[i],
        s->l_institution[i] = place[i];
        s->l_time[i] = i < 4 ? AT(2026, 2, 1 + i, 9 + i) : AT(2026, 2, 12, 10 + i);
        s->l_exact[i] = i != 5, s->l_take_home[i] = i == 4 ? 1 : i == 5 ? INT8_MIN : 0;
        s->l_quantity[i] = quantity[i], s->l_covered[i] = covered[i],
        s->l_amount[i] = covered[i] == M ? M : covered[i] + 100;
        s->l_price[i] = i == 6 ? M : 10000000 * (i + 1), s->l_days[i] = i == 6 ? M : 10000 * i,
        s->l_supply[i] = i == 6  ? INT32_MIN
                         : i < 4 ? 1
                                 : 7;
        s->l_prescription[i] = i < 6 ? 100 + i / 2 : M, s->l_id[i] = 50 + i,
        s->l_uploaded[i] = s->l_time[i] + 86400 * i;
    }
    s->l_time[7] = M;
}

static inline void small_rest(struct small *s) {
    const int64_t from[] = {AT(2026, 2, 1, 8), AT(2026, 2, 12, 9), AT(2026, 3, 1, 0)},
                  to[] = {AT(2026, 2, 5, 10), M, M};
    for (int i = 0; i < 3; i++) {
        s->e_person[i] = i, s->e_institution[i] = i == 2 ? -1 : i, s->e_from[i] = from[i], s->e_to[i] = to[i];
        s->e_visit[i] = i == 2 ? -1 : i, s->e_insurance[i] = i == 2 ? -1 : i,
        s->e_level[i] = i == 2 ? INT8_MIN : (int8_t)(2 - i);
        s->e_newborn[i] = i == 0 ? 0 : i == 1 ? INT8_MIN : 1, s->e_inpatient[i] = i == 2 ? INT8_MIN : i == 0;
        s->p_sex[i] = i == 2 ? -1 : i, s->g_encounter[i] = i / 2, s->g_code[i] = i == 1 ? -1 : i,
        s->g_main[i] = i != 1;
        s->k_max[i] = i == 2 ? M : 1 + i, s->k_price[i] = 15000000, s->k_days[i] = 2 + i, s->k_age[i] = i,
        s->k_icd[i] = i == 2 ? -1 : 0;
        s->k_visits[i] = i == 2 ? -1 : 1, s->k_insurance[i] = i == 2 ? -7 : i,
        s->k_level[i] = (int8_t)(3 - i);
        s->k_period[i] = i == 0   ? SH_SCOPE_DAY
                         : i == 1 ? SH_SCOPE_ENCOUNTER
                                  : SH_SCOPE_SIX_HOURS,
        s->k_past[i] = 2 * i + 1;
    }
    s->p_birth[0] = DAY(2000, 2, 29), s->p_birth[1] = DAY(1960, 5, 10), s->p_birth[2] = INT32_MIN;
    s->p_death[0] = INT32_MIN, s->p_death[1] = DAY(2026, 2, 10), s->p_death[2] = INT32_MIN;
    for (int i = 0; i < N_ITEMS; i++)
        s->i_code[i] = i, s->i_kind[i] = i < 2 ? 0 : i == 2 ? 2 : 1;
}

static inline void small_init(struct small *s) {
    *s = (struct small){.complete = 1};
    small_lines(s);
    small_rest(s);
    const void *line[] = {s->l_person,       s->l_encounter, s->l_institution, s->l_item,
                          s->l_time,         s->l_exact,     s->l_quantity,    s->l_price,
                          s->l_amount,       s->l_covered,   s->l_days,        s->l_supply,
                          s->l_prescription, s->l_id,        s->l_uploaded,    s->l_take_home};
    const void *encounter[] = {s->e_person,    s->e_institution, s->e_from,    s->e_to,       s->e_visit,
                               s->e_insurance, s->e_level,       s->e_newborn, s->e_inpatient};
    const void *person[] = {s->p_sex, s->p_birth, s->p_death}, *item[] = {s->i_code, s->i_kind};
    const void *diagnosis[] = {s->g_encounter, s->g_code, s->g_main};
    const void *k[] = {s->k_max,       s->k_days,  s->k_age,    s->k_icd,   s->k_visits,
                       s->k_insurance, s->k_level, s->k_period, s->k_price, s->k_past};
    memcpy(s->line, line, sizeof line);
    memcpy(s->encounter, encounter, sizeof encounter);
    memcpy(s->person, person, sizeof person);
    memcpy(s->item, item, sizeof item);
    memcpy(s->diagnosis, diagnosis, sizeof diagnosis);
    memcpy(s->k, k, sizeof k);
    s->tables[T_LINE] = (struct sh_frame_table){N_LINES, s->line};
    s->tables[T_ENCOUNTER] = (struct sh_frame_table){N_ENCOUNTERS, s->encounter};
    s->tables[T_PERSON] = (struct sh_frame_table){N_PERSONS, s->person};
    s->tables[T_ITEM] = (struct sh_frame_table){N_ITEMS, s->item};
    s->tables[T_DIAGNOSIS] = (struct sh_frame_table){N_DIAGNOSES, s->diagnosis};
    s->tables[T_K] = (struct sh_frame_table){N_K, s->k};
    s->frame = (struct sh_frame){&small_model, s->tables, small_sets, small_ranges};
    s->world = (struct sh_world){small_candidates, small_complete, small_name, s};
}

static const struct sh_variable small_variables[] = {{"line", T_LINE, true}, {"k", T_K, false}};
static inline struct sh_context small_context(enum sh_context_kind kind) {
    return (struct sh_context){.model = &small_model,
                               .kind = kind,
                               .variables = small_variables,
                               .n_variables = 2,
                               .subject = 0,
                               .param = small_param,
                               .names = small_param_names};
}
static inline sh_code small_compile(const char *text, enum sh_context_kind kind, struct sh_arena *arena,
                                    struct sh_expr **ret, struct sh_err *err) {
    const struct sh_context context = small_context(kind);
    SH_TRY(sh_expr_compile(sh_str_of(text), (struct sh_place){"r.yaml", 14, 6}, &context, arena, ret, err));
    return sh_expr_bind(*ret, small_lookup, NULL, arena, err);
}
