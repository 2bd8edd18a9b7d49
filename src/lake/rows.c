#include "lake/rows.h"
#include "base/date.h"
#include "base/mem.h"
#include "base/money.h"
#include "lake/ids.h"
#include "lake/intake.h"
#include "lake/manifest.h"
#include "lake/parquet.h"

#define ROWS_BYTES_MAX ((size_t)256 << 30)

sh_code sh_rows_reserve(struct sh_rows *rows, enum sh_table table, size_t cap, struct sh_err *err) {
    if (cap > UINT32_MAX - 1)
        return sh_fail(err, SH_E_LIMIT,
                       "%zu rows of %s in one bucket of one batch: import fewer files at a time", cap,
                       sh_lake_schema[table].name);
    *rows = (struct sh_rows){.table = table, .cap = cap, .arena = {.limit_bytes = ROWS_BYTES_MAX}};
    return SH_OK;
}

void sh_rows_release(struct sh_rows *rows) {
    for (size_t c = 0; c < SH_LAKE_COLUMNS_MAX; c++)
        sh_free(rows->columns[c]);
    sh_free(rows->tie);
    sh_arena_free(&rows->arena);
    *rows = (struct sh_rows){0};
}

void sh_fill_missing(void *column, sh_physical physical, size_t from, size_t n) {
    switch (physical) {
    case SH_P8:
        memset((int8_t *)column + from, SH_MISSING_I8, n);
        break;
    case SH_P32:
        for (size_t i = from; i < from + n; i++)
            ((int32_t *)column)[i] = SH_MISSING_I32;
        break;
    case SH_P64:
        for (size_t i = from; i < from + n; i++)
            ((int64_t *)column)[i] = SH_MISSING;
        break;
    case SH_PSTR:
    default:
        for (size_t i = from; i < from + n; i++)
            ((struct sh_str *)column)[i] = (struct sh_str){0};
        break;
    }
}

void *sh_rows_column(struct sh_rows *rows, uint16_t column) {
    if (!rows->columns[column]) {
        const sh_physical physical = sh_physical_of(sh_lake_schema[rows->table].columns[column].type);
        rows->columns[column] = sh_alloc_array(rows->cap + 1, sh_physical_size(physical));
        if (rows->columns[column])
            sh_fill_missing(rows->columns[column], physical, 0, rows->cap);
    }
    return rows->columns[column];
}

/* ---- order
 * ------------------------------------------------------------------------------------------------------------
 */

struct item {
    uint64_t high, low; /* bucket and lead; time */
    uint32_t row;
};

static void load_items(const struct sh_rows *rows, const uint32_t *order, size_t n, struct item *items) {
    const struct sh_order by = sh_table_order(rows->table);
    const int32_t *bucket = rows->columns[SH_C_BUCKET], *lead = rows->columns[by.lead];
    const void *time = by.time < 0 ? NULL : rows->columns[by.time];
    const bool is_date =
        by.time >= 0 && sh_physical_of(sh_lake_schema[rows->table].columns[by.time].type) == SH_P32;
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = order[i];
        const int64_t t = !time ? 0 : is_date ? ((const int32_t *)time)[row] : ((const int64_t *)time)[row];
        items[i] =
            (struct item){.high = (uint64_t)(bucket ? (uint32_t)bucket[row] : 0u) << 32 | (uint32_t)lead[row],
                          .low = (uint64_t)t ^ (1ull << 63),
                          .row = row};
    }
}

/* Radix sort by bytes, lowest first; bytes that are the same everywhere cost nothing. Gives the array that
 * holds the result. */
static struct item *sort_items(struct item *items, struct item *other, size_t n) {
    for (unsigned byte = 0; byte < 16; byte++) {
        size_t count[257] = {0};
        const unsigned shift = byte % 8 * 8;
        for (size_t i = 0; i < n; i++)
            count[((byte < 8 ? items[i].low : items[i].high) >> shift & 255) + 1]++;
        const size_t first = ((byte < 8 ? items[0].low : items[0].high) >> shift & 255) + 1;
        if (count[first] == n)
            continue;
        for (size_t b = 0; b < 256; b++)
            count[b + 1] += count[b];
        for (size_t i = 0; i < n; i++)
            other[count[(byte < 8 ? items[i].low : items[i].high) >> shift & 255]++] = items[i];
        struct item *swap = items;
        items = other;
        other = swap;
    }
    return items;
}

struct tie_ctx {
    const struct sh_str *ids;
    const uint64_t *tie;
};

static int by_id(const void *a, const void *b, void *ctx) {
    const struct item *x = a, *y = b;
    const struct tie_ctx *tie = ctx;
    const int order = tie->ids ? sh_str_cmp(tie->ids[x->row], tie->ids[y->row]) : 0;
    if (order != 0)
        return order;
    const uint64_t s = tie->tie ? tie->tie[x->row] : x->row, t = tie->tie ? tie->tie[y->row] : y->row;
    return s == t ? 0 : s < t ? -1 : 1;
}

static void sort_ties(struct item *items, size_t n, struct tie_ctx *ctx) {
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && items[to].high == items[from].high && items[to].low == items[from].low;
             to++)
            ;
        if (to - from > 1)
            qsort_r(items + from, to - from, sizeof *items, by_id, ctx);
    }
}

sh_code sh_rows_sort(const struct sh_rows *rows, uint32_t *order, size_t n, struct sh_err *err) {
    if (n == 0)
        return SH_OK;
    SH_CLEANUP(sh_free_at) struct item *items = sh_alloc_array(n, sizeof *items);
    SH_CLEANUP(sh_free_at) struct item *other = sh_alloc_array(n, sizeof *other);
    if (!items || !other)
        return sh_fail(err, SH_E_NOMEM, "no room to sort %zu rows", n);
    load_items(rows, order, n, items);
    struct item *sorted = sort_items(items, other, n);
    const int id = sh_table_order(rows->table).id;
    struct tie_ctx ctx = {.ids = id < 0 ? NULL : rows->columns[id], .tie = rows->tie};
    sort_ties(sorted, n, &ctx);
    for (size_t i = 0; i < n; i++)
        order[i] = sorted[i].row;
    return SH_OK;
}

/* ---- out
 * ----------------------------------------------------------------------------------------------------------------
 */

struct sh_rows_days sh_rows_days(const struct sh_rows *rows) {
    const int c = sh_table_order(rows->table).time;
    if (c < 0 || !rows->columns[c])
        return (struct sh_rows_days){0};
    if (sh_physical_of(sh_lake_schema[rows->table].columns[c].type) == SH_P32)
        return (struct sh_rows_days){.days = rows->columns[c]};
    return (struct sh_rows_days){.times = rows->columns[c]};
}

int32_t sh_rows_day(const struct sh_rows_days *days, size_t row) {
    if (days->days)
        return days->days[row];
    return !days->times || days->times[row] == SH_MISSING ? INT32_MIN : sh_day_of_time(days->times[row]);
}

static sh_code measure(const struct sh_rows *rows, const uint32_t *order, size_t n,
                       struct sh_lake_file *entry, struct sh_err *err) {
    const int amount = sh_main_amount_column(rows->table);
    const int64_t *fen = amount < 0 ? NULL : rows->columns[amount];
    const struct sh_rows_days days = sh_rows_days(rows);
    entry->rows = n;
    entry->fen = 0;
    entry->first_day = INT32_MAX, entry->last_day = INT32_MIN;
    for (size_t i = 0; i < n; i++) {
        const int32_t day = sh_rows_day(&days, order[i]);
        if (day != INT32_MIN) {
            entry->first_day = day < entry->first_day ? day : entry->first_day;
            entry->last_day = day > entry->last_day ? day : entry->last_day;
        }
        if (fen && fen[order[i]] != SH_MISSING && sh_add(entry->fen, fen[order[i]], &entry->fen) != SH_OK)
            return sh_fail(err, SH_E_OVERFLOW, "the money of %s is over 2^63 fen",
                           sh_lake_schema[rows->table].name);
    }
    return SH_OK;
}

/* Ids in parts, for all rows; NULL: no row has an id. */
static sh_code split_ids(const struct sh_rows *rows, struct sh_str **ret_heads, int64_t **ret_tails,
                         struct sh_err *err) {
    const struct sh_str *ids = rows->columns[sh_table_order(rows->table).id];
    if (!ids)
        return SH_OK;
    *ret_heads = sh_alloc_array(rows->n, sizeof **ret_heads);
    *ret_tails = sh_alloc_array(rows->n, sizeof **ret_tails);
    if (!*ret_heads || !*ret_tails)
        return sh_fail(err, SH_E_NOMEM, "no room for the ids of %zu rows", rows->n);
    for (size_t i = 0; i < rows->n; i++)
        sh_id_split(ids[i], &(*ret_heads)[i], &(*ret_tails)[i]);
    return SH_OK;
}

sh_code sh_rows_write(struct sh_rows *rows, const uint32_t *order, size_t n,
                      const struct sh_rows_target *target, struct sh_lake_file *entry, struct sh_err *err) {
    const struct sh_lake_table *table = &sh_lake_schema[rows->table];
    struct sh_parquet_column columns[SH_LAKE_COLUMNS_MAX + 2];
    SH_CLEANUP(sh_free_at) struct sh_str *heads = NULL;
    SH_CLEANUP(sh_free_at) int64_t *tails = NULL;
    uint16_t n_columns = sh_stored_columns(rows->table);
    SH_TRY(measure(rows, order, n, entry, err));
    for (uint16_t c = 0; c < n_columns; c++)
        columns[c] = (struct sh_parquet_column){table->columns[c].name,
                                                sh_physical_of(table->columns[c].type), rows->columns[c]};
    if (sh_has_split_id(rows->table)) {
        SH_TRY(split_ids(rows, &heads, &tails, err));
        columns[n_columns++] = (struct sh_parquet_column){"id_head", SH_PSTR, heads};
        columns[n_columns++] = (struct sh_parquet_column){"id_tail", SH_P64, tails};
    }
    const struct sh_parquet_rows out = {
        .columns = columns, .n_columns = n_columns, .n_rows = n, .order = order};
    return sh_parquet_write(target->connection, &out, target->path, target->row_group, err);
}
