#include "lake/columns.h"
#include "base/hash.h"
#include <assert.h>

uint16_t sh_stored_columns(enum sh_table table) {
    return table == SH_TABLE_LINE ? (uint16_t)sh_lake_column(table, "quantity")
                                  : sh_lake_schema[table].n_columns;
}

/* What orders, names and places the rows of a table. */
static const struct layout {
    const char *time, *id;
    const char *key[5];    /* natural key; none: the whole content */
    const char *needed[5]; /* without these a row has no key or no place */
} layouts[SH_TABLES] = {
    [SH_TABLE_PERSON] = {NULL, NULL, {NULL}, {"person"}},
    [SH_TABLE_ENCOUNTER] = {"from", "id", {"institution", "id"}, {"person", "institution", "id"}},
    [SH_TABLE_SETTLEMENT] = {"time", "id", {"institution", "id"}, {"person", "institution", "id"}},
    [SH_TABLE_DIAGNOSIS] = {NULL,
                            "id",
                            {"encounter_key", "id", "code", "kind"},
                            {"person", "encounter_key", "code"}},
    [SH_TABLE_OPERATION] = {"from",
                            "id",
                            {"encounter_key", "id", "code", "day", "from"},
                            {"person", "encounter_key", "code"}},
    [SH_TABLE_LINE] = {"time",
                       "id",
                       {"institution", "encounter_key", "id"},
                       {"person", "institution", "encounter_key", "id"}},
    [SH_TABLE_NETTING] = {NULL, "refund", {"encounter_key", "refund", "line"}, {"person"}},
    [SH_TABLE_STOCK_MOVE] = {"day", "id", {"institution", "id"}, {"institution"}},
    [SH_TABLE_SETTLEMENT_LIST] = {"from", "id", {"institution", "id"}, {"person", "institution", "id"}},
    [SH_TABLE_CHRONIC_RIGHT] = {"from", "id", {"person", "id"}, {"person", "id"}},
    [SH_TABLE_ENROLMENT] = {"from", "id", {"person", "id"}, {"person", "id"}},
    [SH_TABLE_ALLOWANCE] = {"from", "id", {"person", "id"}, {"person", "id"}},
    [SH_TABLE_CARE_SERVICE] = {"from", "id", {"institution", "id"}, {"person", "institution", "id"}},
    [SH_TABLE_TRACE_SCAN] = {"time", "id", {"institution", "id"}, {"person", "institution", "id"}},
    [SH_TABLE_INSTITUTION] = {"valid_from", NULL, {"institution", "valid_from"}, {"institution"}},
    [SH_TABLE_PRACTITIONER] = {"valid_from",
                               NULL,
                               {"practitioner", "institution", "valid_from"},
                               {"practitioner"}},
    [SH_TABLE_DEPARTMENT] = {"valid_from", NULL, {"department", "valid_from"}, {"department"}},
    [SH_TABLE_ITEM] = {"valid_from", NULL, {"item", "valid_from"}, {"item"}},
};

struct sh_order sh_table_order(enum sh_table table) {
    const struct layout *l = &layouts[table];
    return (struct sh_order){.lead = SH_C_LEAD,
                             .time = l->time ? sh_lake_column(table, l->time) : -1,
                             .id = l->id ? sh_lake_column(table, l->id) : -1};
}

static size_t by_names(enum sh_table table, const char *const names[5], uint8_t *ret) {
    size_t n = 0;
    for (; n < 5 && names[n]; n++) {
        const int c = sh_lake_column(table, names[n]);
        assert(c >= 0);
        ret[n] = (uint8_t)c;
    }
    return n;
}

static size_t all_content(enum sh_table table, uint8_t *ret) {
    size_t n = 0;
    for (uint16_t c = SH_C_VOID; c < sh_stored_columns(table); c++)
        ret[n++] = (uint8_t)c;
    return n;
}

size_t sh_key_columns(enum sh_table table, bool has_id, uint8_t ret[SH_LAKE_COLUMNS_MAX]) {
    const bool by_content = !layouts[table].key[0] || (table == SH_TABLE_STOCK_MOVE && !has_id);
    return by_content ? all_content(table, ret) : by_names(table, layouts[table].key, ret);
}

size_t sh_needed_columns(enum sh_table table, uint8_t ret[8]) {
    return by_names(table, layouts[table].needed, ret);
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
