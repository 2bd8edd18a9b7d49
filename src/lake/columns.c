#include "lake/columns.h"
#include "base/hash.h"
#include <assert.h>

uint16_t sh_stored_columns(enum sh_table table) {
    return table == SH_TABLE_LINE ? (uint16_t)sh_lake_column(table, "quantity")
                                  : sh_lake_schema[table].n_columns;
}

struct sh_order sh_table_order(enum sh_table table) {
    static const char *const times[SH_TABLES] = {
        [SH_TABLE_ENCOUNTER] = "from", [SH_TABLE_SETTLEMENT] = "time", [SH_TABLE_OPERATION] = "from",
        [SH_TABLE_LINE] = "time",      [SH_TABLE_STOCK_MOVE] = "day",
    };
    static const char *const ids[SH_TABLES] = {
        [SH_TABLE_ENCOUNTER] = "id",  [SH_TABLE_SETTLEMENT] = "id", [SH_TABLE_DIAGNOSIS] = "id",
        [SH_TABLE_OPERATION] = "id",  [SH_TABLE_LINE] = "id",       [SH_TABLE_NETTING] = "refund",
        [SH_TABLE_STOCK_MOVE] = "id",
    };
    return (struct sh_order){.lead = SH_C_LEAD,
                             .time = times[table] ? sh_lake_column(table, times[table]) : -1,
                             .id = ids[table] ? sh_lake_column(table, ids[table]) : -1};
}

static size_t by_names(enum sh_table table, const char *const *names, size_t n, uint8_t *ret) {
    for (size_t i = 0; i < n; i++) {
        const int c = sh_lake_column(table, names[i]);
        assert(c >= 0);
        ret[i] = (uint8_t)c;
    }
    return n;
}

#define BY_NAMES(table, ret, ...)                                                                            \
    by_names(table, (const char *const[]){__VA_ARGS__},                                                      \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), ret)

static size_t all_content(enum sh_table table, uint8_t *ret) {
    size_t n = 0;
    for (uint16_t c = SH_C_VOID; c < sh_stored_columns(table); c++)
        ret[n++] = (uint8_t)c;
    return n;
}

size_t sh_key_columns(enum sh_table table, bool has_id, uint8_t ret[SH_LAKE_COLUMNS_MAX]) {
    switch (table) {
    case SH_TABLE_ENCOUNTER:
    case SH_TABLE_SETTLEMENT:
        return BY_NAMES(table, ret, "institution", "id");
    case SH_TABLE_DIAGNOSIS:
        return BY_NAMES(table, ret, "encounter_key", "id", "code", "kind");
    case SH_TABLE_OPERATION:
        return BY_NAMES(table, ret, "encounter_key", "id", "code", "day", "from");
    case SH_TABLE_LINE:
        return BY_NAMES(table, ret, "institution", "encounter_key", "id");
    case SH_TABLE_NETTING:
        return BY_NAMES(table, ret, "encounter_key", "refund", "line");
    case SH_TABLE_STOCK_MOVE:
        if (has_id)
            return BY_NAMES(table, ret, "institution", "id");
        return all_content(table, ret);
    case SH_TABLE_PERSON:
    case SH_TABLES:
    default:
        return all_content(table, ret);
    }
}

size_t sh_needed_columns(enum sh_table table, uint8_t ret[8]) {
    switch (table) {
    case SH_TABLE_ENCOUNTER:
    case SH_TABLE_SETTLEMENT:
        return BY_NAMES(table, ret, "person", "institution", "id");
    case SH_TABLE_DIAGNOSIS:
    case SH_TABLE_OPERATION:
        return BY_NAMES(table, ret, "person", "encounter_key", "code");
    case SH_TABLE_LINE:
        return BY_NAMES(table, ret, "person", "institution", "encounter_key", "id");
    case SH_TABLE_STOCK_MOVE:
        return BY_NAMES(table, ret, "institution");
    case SH_TABLE_PERSON:
    case SH_TABLE_NETTING:
    case SH_TABLES:
    default:
        return BY_NAMES(table, ret, "person");
    }
}

struct sh_row_keyer sh_row_keyer(enum sh_table table) {
    struct sh_row_keyer keyer = {.table = table,
                                 .id = table == SH_TABLE_STOCK_MOVE ? sh_table_order(table).id : -1};
    keyer.n[0] = sh_key_columns(table, true, keyer.columns[0]);
    keyer.n[1] = sh_key_columns(table, false, keyer.columns[1]);
    return keyer;
}

uint64_t sh_row_key(const struct sh_row_keyer *keyer, const void *const *columns, size_t row) {
    const size_t list = keyer->id >= 0 && ((const struct sh_str *)columns[keyer->id])[row].len == 0;
    const uint8_t *key = keyer->columns[list];
    const size_t n = keyer->n[list];
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < n; i++) {
        const void *column = columns[key[i]];
        uint64_t v = 0;
        switch (sh_physical_of(sh_lake_schema[keyer->table].columns[key[i]].type)) {
        case SH_P8:
            v = (uint64_t)(int64_t)((const int8_t *)column)[row];
            break;
        case SH_P32:
            v = (uint64_t)(int64_t)((const int32_t *)column)[row];
            break;
        case SH_P64:
            v = (uint64_t)((const int64_t *)column)[row];
            break;
        case SH_PSTR:
        default:
            v = sh_hash64(((const struct sh_str *)column)[row].at, ((const struct sh_str *)column)[row].len,
                          1);
            break;
        }
        h = sh_mix2(h ^ v ^ (0xa0761d6478bd642fu * (i + 1)), 0xe7037ed1a0b428dbu) + h;
    }
    return h;
}
