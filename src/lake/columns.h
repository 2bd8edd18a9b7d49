/* How columns of the schema lie in memory, which of them are in the files, and in which order rows stand.
 * Inner header of the room. */
#pragma once
#include "expr/expr.h"
#include "lake/lake.h"

enum { SH_LAKE_COLUMNS_MAX = 64 };

typedef enum sh_physical { SH_P8, SH_P32, SH_P64, SH_PSTR } sh_physical;

static inline sh_physical sh_physical_of(enum sh_column_type type) {
    switch (type) {
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        return SH_PSTR;
    case SH_COLUMN_KEY:
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        return SH_P64;
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
        return SH_P8;
    case SH_COLUMN_CODE:
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
    default:
        return SH_P32;
    }
}

/** Bytes of one value in memory: 1, 4, 8, sizeof(struct sh_str). */
static inline size_t sh_physical_size(sh_physical physical) {
    static const uint8_t sizes[] = {1, 4, 8, sizeof(struct sh_str)};
    return sizes[physical];
}

/* Columns every table begins with. */
enum { SH_C_BUCKET = 0, SH_C_BATCH = 1, SH_C_VOID = 2, SH_C_LEAD = 3 };

/** Columns that are in the files; the reader-made ones follow them. */
uint16_t sh_stored_columns(enum sh_table table);

/* Order of rows: (bucket, lead, time, id bytes); -1 where a table has no such column. lead: person, or
 * institution of stock_move. */
struct sh_order {
    int lead, time, id;
};
struct sh_order sh_table_order(enum sh_table table);

/**
 * Columns of the natural key, ascending; gives their number. has_id: whether the row has a source id
 * (stock_move without one is known by its whole content, as a set of facts about a person is).
 */
size_t sh_key_columns(enum sh_table table, bool has_id, uint8_t ret[SH_LAKE_COLUMNS_MAX]);

/** Columns without which a row has no natural key or no place: must not be missing. Gives their number. */
size_t sh_needed_columns(enum sh_table table, uint8_t ret[8]);

/** Two 64-bit words into one; both matter in all bits. */
static inline uint64_t sh_mix2(uint64_t a, uint64_t b) {
    __extension__ const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/** Key columns of a table, looked up once for many rows. */
struct sh_row_keyer {
    enum sh_table table;
    int id; /* stock_move: its id column, decides between the two lists */
    size_t n[2];
    uint8_t columns[2][SH_LAKE_COLUMNS_MAX]; /* with an id; without */
};
struct sh_row_keyer sh_row_keyer(enum sh_table table);
/** 64-bit hash that names a stored row within (table, bucket, batch): of its natural key as stored
 * (dictionary ids, not texts). */
uint64_t sh_row_key(const struct sh_row_keyer *keyer, const void *const *columns, size_t row);
