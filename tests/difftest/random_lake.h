/* A small random lake as the YAML of a case, kept as rows and fields so that it can be made smaller. Every
 * column of the schema takes part; the pools are narrow so that ties, equal times, refunds and leap days meet
 * each other. */
#pragma once
#include "lake/lake.h"
#include "check.h"
#include <string.h>

struct lake_field {
    const char *name, *value;
    bool gone;
};
struct lake_row {
    const char *list;
    struct lake_field fields[80];
    size_t n;
    bool gone;
};
struct random_lake {
    struct lake_row *rows;
    size_t n;
    const char *incomplete; /* "complete: [...]" or "" */
    bool all_complete;
};

#define LAKE_PICK(rng, array) ((array)[sh_rng_below(rng, sizeof(array) / sizeof((array)[0]))])

static const char *const lake_days[] = {"2024-02-28", "2024-02-29", "2024-03-01", "2025-12-31", "2026-01-01",
                                        "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-03", "2026-02-27",
                                        "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-31"};
static const char *const lake_births[] = {"2008-02-29", "2024-02-29", "2026-01-31", "1966-02-28",
                                          "2007-03-01", "2023-02-28", "1960-01-01", "1943-12-31"};
static const char *const lake_times[] = {"00:00:00", "00:00:00", "00:00:01", "08:59:59", "09:00:00",
                                         "09:00:00", "09:30:00", "15:00:00", "15:00:01", "23:59:59"};
static const char *const lake_items[] = {"0101", "0101", "0102", "0103", "XA", "XA", "XB", "C1", "T1", "ZA1"};
static const char *const lake_money[] = {"0",     "0.01",  "1.00",  "10.00",  "10.00",
                                         "10.05", "33.33", "66.67", "100.00", "99999.99"};
static const char *const lake_quantity[] = {"0", "0.3333", "0.5", "1", "1", "1", "2", "2", "3", "7.5"};
static const char *const lake_price[] = {"0", "1.000000", "3.333333", "10.00", "10.05", "0.000001"};
static const char *const lake_int[] = {"0", "1", "2", "3", "40"};

/* Words of a domain. */
static inline const char *lake_word(struct sh_rng *rng, const char *domain) {
    static const struct {
        const char *domain, *words[6];
    } pools[] = {{"sex", {"男", "女", "女", "未说明", "男", "男"}},
                 {"visit", {"住院", "住院", "门诊", "门诊", "购药", "急诊"}},
                 {"insurance", {"310", "310", "390", "510", "310", "390"}},
                 {"institution", {"H1", "H1", "H2", "P1", "H1", "H2"}},
                 {"diagnosis", {"I10", "I10.1", "K25", "K25.1+", "K25.100", "I1"}},
                 {"payment_mode", {"01", "01", "02", "06", "01", "01"}},
                 {"settlement_kind", {"1", "2", "1", "2", "3", "1"}},
                 {"department", {"H1:A", "H1:B", "H2:A", "H1:A", "H2:B", "H1:A"}},
                 {"charge_category", {"01", "03", "09", "11", "09", "01"}}};
    static const char *const others[] = {"A", "B", "A", "21", "52", "1"};
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++)
        if (strcmp(pools[i].domain, domain) == 0)
            return pools[i].words[sh_rng_below(rng, 6)];
    return strcmp(domain, "item") == 0 ? LAKE_PICK(rng, lake_items) : LAKE_PICK(rng, others);
}

static inline const char *lake_time(struct sh_rng *rng, struct sh_arena *arena) {
    return sh_arena_printf(arena, NULL, "%sT%s", LAKE_PICK(rng, lake_days), LAKE_PICK(rng, lake_times));
}

static inline const char *lake_value(struct sh_rng *rng, struct sh_arena *arena,
                                     const struct sh_lake_column *c) {
    static const char *const flags[] = {"0", "1"};
    const bool minus = sh_rng_chance(rng, 80000);
    switch (c->type) {
    case SH_COLUMN_CODE:
        return lake_word(rng, c->domain);
    case SH_COLUMN_LEVEL: {
        const char *const *words = sh_level_words(c->domain);
        size_t n = 0;
        while (words && words[n])
            n++;
        return n ? words[sh_rng_below(rng, n)] : "";
    }
    case SH_COLUMN_MONEY:
        return sh_arena_printf(arena, NULL, "%s%s", minus ? "-" : "", LAKE_PICK(rng, lake_money));
    case SH_COLUMN_QTY:
    case SH_COLUMN_RATIO:
        return sh_arena_printf(arena, NULL, "%s%s", minus ? "-" : "", LAKE_PICK(rng, lake_quantity));
    case SH_COLUMN_PRICE:
        return LAKE_PICK(rng, lake_price);
    case SH_COLUMN_INT:
        return LAKE_PICK(rng, lake_int);
    case SH_COLUMN_FLAG:
        return strcmp(c->name, "refund_line") == 0 ? lake_int[sh_rng_below(rng, 3)] : LAKE_PICK(rng, flags);
    case SH_COLUMN_DATE:
        return strcmp(c->name, "birth") == 0 ? LAKE_PICK(rng, lake_births) : LAKE_PICK(rng, lake_days);
    case SH_COLUMN_TIME:
        return lake_time(rng, arena);
    case SH_COLUMN_KEY:
    case SH_COLUMN_TEXT:
    case SH_COLUMN_ID:
        break;
    }
    return sh_rng_chance(rng, 500000) ? "T1" : "T2";
}

static inline void lake_add(struct lake_row *row, const char *name, const char *value) {
    for (size_t i = 0; i < row->n; i++)
        if (strcmp(row->fields[i].name, name) == 0) {
            row->fields[i].value = value;
            return;
        }
    row->fields[row->n++] = (struct lake_field){.name = name, .value = value};
}

static inline struct lake_row *lake_row_new(struct random_lake *lake, const char *list, const char *prefix,
                                            size_t number, struct sh_arena *arena) {
    struct lake_row *row = &lake->rows[lake->n++];
    *row = (struct lake_row){.list = list};
    lake_add(row, "id", sh_arena_printf(arena, NULL, "%s%zu", prefix, number + 1));
    return row;
}

/* A random value for each column, with `per_million` of them given, a tenth of these empty. */
static inline void lake_fill(struct lake_row *row, enum sh_table t, uint32_t per_million, struct sh_rng *rng,
                             struct sh_arena *arena) {
    static const char *const fixed[] = {"bucket",        "batch",          "person",  "id",
                                        "encounter_key", "settlement_key", "line_id", "inpatient"};
    for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++) {
        const struct sh_lake_column *column = &sh_lake_schema[t].columns[c];
        bool skip = strncmp(column->name, "charged_", 8) == 0;
        for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
            skip |= strcmp(column->name, fixed[i]) == 0;
        const bool rare = strcmp(column->name, "void") == 0 || strcmp(column->name, "refund_line") == 0 ||
                          strcmp(column->name, "refund") == 0;
        if (!skip && sh_rng_chance(rng, rare ? 60000 : per_million))
            lake_add(row, column->name, sh_rng_chance(rng, 100000) ? "" : lake_value(rng, arena, column));
    }
}

static inline const char *lake_name(struct sh_rng *rng, struct sh_arena *arena, const char *prefix,
                                    size_t n) {
    return sh_arena_printf(arena, NULL, "%s%zu", prefix, (size_t)sh_rng_below(rng, n) + 1);
}

/* A settlement that may take back an earlier one of the same encounter. */
static inline void lake_settlement(struct random_lake *lake, size_t i, size_t n_encounters,
                                   struct sh_rng *rng, struct sh_arena *arena) {
    struct lake_row *row = lake_row_new(lake, "settlements", "S", i, arena);
    lake_add(row, "encounter", lake_name(rng, arena, "E", n_encounters));
    lake_add(row, "fund", LAKE_PICK(rng, lake_money));
    lake_add(row, "covered", LAKE_PICK(rng, lake_money));
    lake_fill(row, SH_TABLE_SETTLEMENT, 600000, rng, arena);
    for (size_t f = 0; f < row->n; f++)
        if (strcmp(row->fields[f].name, "refund_of") == 0)
            row->fields[f].value = i > 0 ? lake_name(rng, arena, "S", i) : "";
}

static inline void lake_line(struct random_lake *lake, size_t i, size_t n_encounters, size_t n_settlements,
                             struct sh_rng *rng, struct sh_arena *arena) {
    struct lake_row *row = lake_row_new(lake, "lines", "L", i, arena);
    lake_add(row, "encounter", lake_name(rng, arena, "E", n_encounters));
    lake_add(row, "settlement",
             n_settlements > 0 && sh_rng_chance(rng, 500000) ? lake_name(rng, arena, "S", n_settlements)
                                                             : "");
    lake_fill(row, SH_TABLE_LINE, 550000, rng, arena);
    const bool refund = sh_rng_chance(rng, 80000);
    lake_add(row, "item", LAKE_PICK(rng, lake_items));
    lake_add(row, "time", lake_time(rng, arena));
    lake_add(row, "quantity",
             sh_arena_printf(arena, NULL, "%s%s", refund ? "-" : "", LAKE_PICK(rng, lake_quantity)));
    if (sh_rng_chance(rng, 900000))
        lake_add(row, "covered",
                 sh_arena_printf(arena, NULL, "%s%s", refund ? "-" : "", LAKE_PICK(rng, lake_money)));
    if (sh_rng_chance(rng, 50000))
        lake_add(row, LAKE_PICK(rng, ((const char *const[]){"time", "quantity", "covered", "item"})), "");
}

/* A service at home, over midnight now and then; its end may be missing or lie before its beginning. */
static inline void lake_care(struct random_lake *lake, size_t i, size_t persons, struct sh_rng *rng,
                             struct sh_arena *arena) {
    struct lake_row *row = lake_row_new(lake, "care_services", "CS", i, arena);
    lake_fill(row, SH_TABLE_CARE_SERVICE, 600000, rng, arena);
    lake_add(row, "person", lake_name(rng, arena, "P", persons));
    lake_add(row, "from", lake_time(rng, arena));
    if (sh_rng_chance(rng, 800000))
        lake_add(row, "to", lake_time(rng, arena));
}

/* A case always has its first person, encounter and institution. */
static inline void lake_make(struct random_lake *lake, struct sh_rng *rng, struct sh_arena *arena) {
    const size_t persons = 1 + sh_rng_below(rng, 3), encounters = persons + sh_rng_below(rng, 5),
                 settlements = sh_rng_below(rng, encounters + 2), lines = 1 + sh_rng_below(rng, 18);
    *lake = (struct random_lake){.rows = sh_new(arena, struct lake_row, 80), .incomplete = ""};
    for (size_t i = 0; i < persons; i++)
        lake_fill(lake_row_new(lake, "people", "P", i, arena), SH_TABLE_PERSON, 700000, rng, arena);
    for (size_t i = 0; i < encounters; i++) {
        struct lake_row *row = lake_row_new(lake, "encounters", "E", i, arena);
        lake_add(row, "person", lake_name(rng, arena, "P", persons));
        lake_fill(row, SH_TABLE_ENCOUNTER, 650000, rng, arena);
        lake_add(row, "visit", lake_word(rng, "visit"));
    }
    for (size_t i = 0; i < settlements; i++)
        lake_settlement(lake, i, encounters, rng, arena);
    for (size_t i = 0, n = sh_rng_below(rng, 6); i < n; i++) {
        struct lake_row *row = lake_row_new(lake, "diagnoses", "G", i, arena);
        lake_add(row, "encounter", lake_name(rng, arena, "E", encounters));
        lake_add(row, "code", lake_word(rng, "diagnosis"));
        lake_fill(row, SH_TABLE_DIAGNOSIS, 600000, rng, arena);
    }
    for (size_t i = 0, n = sh_rng_below(rng, 4); i < n; i++) {
        struct lake_row *row = lake_row_new(lake, "operations", "O", i, arena);
        lake_add(row, "encounter", lake_name(rng, arena, "E", encounters));
        lake_fill(row, SH_TABLE_OPERATION, 700000, rng, arena);
    }
    for (size_t i = 0; i < lines; i++)
        lake_line(lake, i, encounters, settlements, rng, arena);
    for (size_t i = 0, n = sh_rng_below(rng, 5); i < n; i++)
        lake_care(lake, i, persons, rng, arena);
    if (sh_rng_chance(rng, 200000))
        lake->incomplete = "complete: [line, encounter, person]\n";
}

/* The YAML of a case without hits; `indent` leads every line. */
static inline void lake_print(const struct random_lake *lake, const char *indent, struct sh_buf *out) {
    static const char *const lists[] = {"people",     "encounters", "settlements",  "diagnoses",
                                        "operations", "lines",      "care_services"};
    if (*lake->incomplete && !lake->all_complete)
        sh_buf_addf(out, "%s%s", indent, lake->incomplete);
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        bool begun = false;
        for (size_t i = 0; i < lake->n; i++) {
            const struct lake_row *row = &lake->rows[i];
            if (row->gone || strcmp(row->list, lists[l]) != 0)
                continue;
            if (!begun)
                sh_buf_addf(out, "%s%s:\n", indent, lists[l]);
            begun = true;
            const char *comma = "";
            sh_buf_addf(out, "%s  - {", indent);
            for (size_t f = 0; f < row->n; f++) {
                if (row->fields[f].gone)
                    continue;
                sh_buf_addf(out, "%s%s: \"%s\"", comma, row->fields[f].name, row->fields[f].value);
                comma = ", ";
            }
            sh_buf_add_text(out, "}\n");
        }
    }
}
