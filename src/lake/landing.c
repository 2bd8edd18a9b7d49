/* Push: typed rows to the worker's spill, by table and bucket, with their keys. */
#include "lake/landing.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/money.h"
#include <assert.h>
#include <inttypes.h>

enum { SLICE = 1024 };
#define BLOCKS_MAX ((size_t)1 << 32)
#define REJECTS_MAX ((size_t)1 << 30)
#define REJECT_BYTES ((size_t)1 << 20)

/* Room for one slice of a block. */
struct sh_push_scratch {
    uint32_t index[SLICE]; /* row in the block */
    uint32_t local[SLICE]; /* number of the lead code */
    uint16_t bucket[SLICE];
    uint32_t at[SLICE]; /* row in the buffer of that bucket */
    uint64_t content[SLICE], high[SLICE], low[SLICE];
    uint64_t value[SLICE]; /* what a column gives to the hashes */
    bool missing[SLICE];
    char *target[SH_LAKE_BUCKETS_MAX]; /* regions by bucket */
    struct sh_new_key keys[SLICE];
};

int64_t sh_key_of(const struct sh_landing *landing, struct sh_str id) {
    return (int64_t)(sh_hash64(id.at, id.len, landing->seed[1]) & (uint64_t)INT64_MAX);
}

uint8_t *sh_landing_verdicts(const struct sh_landing *landing, unsigned worker, enum sh_table table,
                             uint32_t bucket) {
    const size_t i = ((size_t)worker * SH_TABLES + (size_t)table) * landing->buckets + bucket;
    return landing->verdicts + landing->verdict_base[i];
}

/* ---- layout
 * ----------------------------------------------------------------------------------------------------- */

static void lay_out(struct sh_landing *landing, enum sh_table table) {
    struct sh_row_layout *layout = &landing->layout[table];
    const struct sh_lake_column *columns = sh_lake_schema[table].columns;
    uint32_t at = 0;
    bool seen[SH_DICTS + 1] = {false};
    layout->n_columns = sh_stored_columns(table);
    for (uint16_t c = SH_C_VOID; c < layout->n_columns; c++) {
        const sh_physical physical = sh_physical_of(columns[c].type);
        layout->width[c] = physical == SH_PSTR ? 8 : (uint32_t)sh_physical_size(physical);
        layout->offset[c] = at;
        at += (layout->width[c] * landing->buffer_rows + 63) & ~63u;
        if (columns[c].type == SH_COLUMN_CODE && !seen[columns[c].dict]) {
            seen[columns[c].dict] = true;
            layout->name_mask |= 1ull << c;
        }
        const struct sh_str name = sh_str_of(columns[c].name);
        for (uint64_t lane = 0; lane < 3; lane++)
            layout->salt[c][lane] =
                sh_hash64(name.at, name.len,
                          landing->seed[lane & 1] + 0x9e37 * (lane + 1) + (uint64_t)table) |
                1;
    }
    layout->order_offset = at;
    layout->region_bytes = at + 8 * (size_t)landing->buffer_rows;
    layout->id = sh_table_order(table).id;
    layout->fen = sh_main_amount_column(table);
    uint8_t some[SH_LAKE_COLUMNS_MAX];
    size_t n = sh_key_columns(table, true, some);
    for (size_t i = 0; i < n; i++)
        layout->key_mask |= 1ull << some[i];
    n = sh_needed_columns(table, some);
    for (size_t i = 0; i < n; i++)
        layout->needed_mask |= 1ull << some[i];
}

int sh_main_amount_column(enum sh_table table) {
    if (table == SH_TABLE_LINE)
        return sh_lake_column(table, "charged_amount");
    if (table == SH_TABLE_SETTLEMENT || table == SH_TABLE_SETTLEMENT_LIST)
        return sh_lake_column(table, "total");
    return table == SH_TABLE_ALLOWANCE || table == SH_TABLE_CARE_SERVICE ? sh_lake_column(table, "amount")
                                                                         : -1;
}

/* ---- buffers to the spill
 * ------------------------------------------------------------------------------------------ */

static sh_code flush_rows(struct sh_landing *landing, struct sh_landing_worker *worker, enum sh_table table,
                          uint32_t bucket, struct sh_err *err) {
    struct sh_row_buffer *rows = &worker->rows[table][bucket];
    const struct sh_row_layout *layout = &landing->layout[table];
    if (rows->n == 0)
        return SH_OK;
    struct sh_buf *text = &worker->text;
    sh_buf_clear(text);
    for (uint16_t c = SH_C_VOID; c < layout->n_columns; c++)
        if (worker->mask[table] >> c & 1)
            (void)sh_buf_add(text, rows->region + layout->offset[c],
                             sh_block_column_bytes(layout, c, rows->n));
    (void)sh_buf_add(text, rows->region + layout->order_offset, (size_t)rows->n * 8);
    (void)sh_buf_add(text, rows->heap.at, rows->heap.len);
    SH_TRY(sh_buf_check(text, err));
    const struct sh_spill_block block = {.kind = SH_SPILL_ROWS,
                                         .table = (uint8_t)table,
                                         .part = (uint16_t)bucket,
                                         .n = rows->n,
                                         .mask = worker->mask[table]};
    SH_TRY(sh_spill_add(&worker->spill, block, text->at, text->len, err));
    rows->flushed += rows->n;
    rows->n = 0;
    sh_buf_clear(&rows->heap);
    return SH_OK;
}

static sh_code flush_keys(struct sh_landing_worker *worker, enum sh_table table, uint32_t part,
                          struct sh_err *err) {
    const uint32_t n = worker->keys[table][part].n;
    if (n == 0)
        return SH_OK;
    const struct sh_spill_block block = {
        .kind = SH_SPILL_KEYS, .table = (uint8_t)table, .part = (uint16_t)part, .n = n};
    worker->keys[table][part].n = 0;
    return sh_spill_add(&worker->spill, block, worker->keys[table][part].at, n * sizeof(struct sh_new_key),
                        err);
}

sh_code sh_landing_settle_rejects(struct sh_landing_worker *worker, struct sh_err *err) {
    if (worker->rejected.len == 0)
        return SH_OK;
    uint64_t offset;
    SH_TRY(sh_spill_add_bytes(&worker->spill, worker->rejected.at, worker->rejected.len, &offset, err));
    sh_buf_clear(&worker->rejected);
    return SH_OK;
}

sh_code sh_landing_flush(struct sh_landing *landing, struct sh_err *err) {
    for (unsigned w = 0; w < landing->threads; w++) {
        struct sh_landing_worker *worker = &landing->workers[w];
        SH_TRY(sh_landing_settle_rejects(worker, err));
        for (enum sh_table t = 0; t < SH_TABLES; t++) {
            for (uint32_t b = 0; worker->rows[t] && b < landing->buckets; b++)
                SH_TRY(flush_rows(landing, worker, t, b, err));
            for (uint32_t p = 0; p < SH_KEY_PARTS; p++)
                SH_TRY(flush_keys(worker, t, p, err));
        }
    }
    return SH_OK;
}

/* ---- rejects
 * ---------------------------------------------------------------------------------------------------------
 */

/* field, reason, value, record: each behind its length. */
static sh_code add_reject(struct sh_landing_worker *worker, unsigned w, const struct sh_reject *reject,
                          struct sh_err *err) {
    const struct sh_str texts[4] = {sh_str_of(reject->field), sh_str_of(reject->reason), reject->value,
                                    reject->record_text};
    SH_TRY(sh_grow(&worker->rejects, &worker->cap_rejects, worker->n_rejects + 1, sizeof *worker->rejects,
                   REJECTS_MAX, err));
    const size_t from = worker->rejected.len;
    for (size_t i = 0; i < 4; i++) {
        const uint32_t len = (uint32_t)texts[i].len;
        (void)sh_buf_add(&worker->rejected, (const char *)&len, sizeof len);
        (void)sh_buf_add_str(&worker->rejected, texts[i]);
    }
    SH_TRY(sh_buf_check(&worker->rejected, err));
    worker->rejects[worker->n_rejects] =
        (struct sh_reject_place){.file = reject->file,
                                 .bytes = (uint32_t)(worker->rejected.len - from),
                                 .record = reject->record,
                                 .offset = worker->spill.size + from,
                                 .serial = worker->n_rejects,
                                 .table = (uint16_t)reject->table,
                                 .worker = (uint16_t)w};
    worker->n_rejects++;
    return worker->rejected.len >= REJECT_BYTES ? sh_landing_settle_rejects(worker, err) : SH_OK;
}

static sh_code count_fen(int64_t fen, int64_t *sum, struct sh_err *err) {
    if (fen == SH_MISSING)
        return SH_OK;
    return sh_add(*sum, fen, sum) == SH_OK
               ? SH_OK
               : sh_fail(err, SH_E_OVERFLOW, "the batch's money is over 2^63 fen");
}

static sh_code add_lost(struct sh_landing_worker *worker, uint64_t encounter, struct sh_err *err) {
    SH_TRY(sh_grow(&worker->lost, &worker->cap_lost, worker->n_lost + 1, sizeof encounter, REJECTS_MAX, err));
    worker->lost[worker->n_lost++] = encounter;
    return SH_OK;
}

/* Bytes of rejects wait in `rejected` and get their place in the spill when they are flushed: nothing else
   may be added to the spill in between, or their offsets would be wrong. So each flush of rows or keys is
   preceded by theirs. */
sh_code sh_landing_reject(struct sh_landing *landing, unsigned w, const struct sh_reject *reject,
                          struct sh_err *err) {
    struct sh_landing_worker *worker = &landing->workers[w];
    struct sh_import_count *count = &worker->counts[reject->table];
    SH_TRY(add_reject(worker, w, reject, err));
    count->read++;
    count->rejected++;
    if (landing->layout[reject->table].fen >= 0 && reject->fen == SH_MISSING)
        count->rejected_unknown_fen++;
    SH_TRY(count_fen(reject->fen, &count->read_fen, err));
    SH_TRY(count_fen(reject->fen, &count->rejected_fen, err));
    if (reject->encounter.len > 0)
        SH_TRY(add_lost(worker, (uint64_t)sh_key_of(landing, reject->encounter), err));
    return SH_OK;
}

sh_code sh_landing_refuse(struct sh_landing *landing, unsigned w, enum sh_table table,
                          const struct sh_new_key *key, const char *reason, struct sh_err *err) {
    const struct sh_reject reject = {.table = table,
                                     .file = landing->workers[key->worker].blocks[key->block].file,
                                     .record = key->record,
                                     .field = "",
                                     .reason = reason,
                                     .fen = key->fen};
    return add_reject(&landing->workers[w], w, &reject, err);
}

/* ---- one slice of a block
 * ---------------------------------------------------------------------------------------------- */

struct push {
    struct sh_landing *landing;
    struct sh_landing_worker *worker;
    unsigned number; /* of the worker */
    const struct sh_parsed *in;
    const struct sh_row_layout *layout;
    const struct sh_lake_column *columns;
    uint32_t block;
    size_t n; /* rows of the slice that have a key */
};

static bool is_missing(const struct push *push, uint16_t c, uint32_t row) {
    const void *column = push->in->columns[c];
    if (!column)
        return true;
    switch (push->columns[c].type) {
    case SH_COLUMN_CODE:
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
    case SH_COLUMN_KEY:
        return ((const struct sh_str *)column)[row].len == 0;
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        return ((const int64_t *)column)[row] == SH_MISSING;
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        return ((const int32_t *)column)[row] == SH_MISSING_I32;
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
    default:
        return ((const int8_t *)column)[row] == SH_MISSING_I8;
    }
}

static int64_t fen_of(const struct push *push, uint32_t row) {
    const int c = push->layout->fen;
    return c < 0 || !push->in->columns[c] ? SH_MISSING : ((const int64_t *)push->in->columns[c])[row];
}

static sh_code refuse_keyless(const struct push *push, uint16_t c, uint32_t row, struct sh_err *err) {
    const int encounter = sh_lake_column(push->in->table, "encounter_key");
    struct sh_reject reject = {.table = push->in->table,
                               .file = push->in->file,
                               .record = push->in->record[row],
                               .field = push->columns[c].national,
                               .reason = SH_REASON_KEY_MISSING,
                               .fen = fen_of(push, row)};
    if (encounter >= 0 && push->in->columns[encounter])
        reject.encounter = ((const struct sh_str *)push->in->columns[encounter])[row];
    return sh_landing_reject(push->landing, push->number, &reject, err);
}

/* Which rows have all that a key and a bucket need; the others are rejects. */
static sh_code choose_rows(struct push *push, uint32_t from, uint32_t to, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    push->n = 0;
    for (uint32_t row = from; row < to; row++) {
        uint16_t c = 0;
        uint64_t mask = push->layout->needed_mask;
        for (; mask; mask &= mask - 1) {
            c = (uint16_t)__builtin_ctzll(mask);
            if (is_missing(push, c, row))
                break;
        }
        if (mask)
            SH_TRY(refuse_keyless(push, c, row, err));
        else
            s->index[push->n++] = row;
    }
    return SH_OK;
}

/* Codes of a column to local numbers, hashes of their texts to `value`. Equal neighbours are looked up once.
 */
static sh_code intern_column(struct push *push, uint16_t c, uint32_t *local, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    const enum sh_dict dict = push->columns[c].dict;
    struct sh_intern *intern = &push->worker->dicts[dict];
    const struct sh_str *texts = push->in->columns[c];
    const struct sh_str *names = push->layout->name_mask >> c & 1 ? push->in->names[dict] : NULL;
    const struct sh_str *kinds = push->layout->name_mask >> c & 1 ? push->in->kinds[dict] : NULL;
    struct sh_str last = {0};
    uint32_t number = 0;
    for (size_t i = 0; i < push->n; i++) {
        const uint32_t row = s->index[i];
        const struct sh_str text = texts[row];
        s->missing[i] = text.len == 0;
        local[i] = 0;
        if (text.len == 0)
            continue;
        if (!sh_str_eq(text, last)) {
            const struct sh_sight place = {push->in->sequence, (uint64_t)c << 32 | row};
            SH_TRY(sh_intern_code(intern, text, place, &number, err));
            if (names || kinds)
                SH_TRY(sh_intern_name(intern, number, names ? names[row] : (struct sh_str){0},
                                      kinds ? kinds[row] : (struct sh_str){0}, place, err));
            last = text;
        }
        local[i] = number;
        s->value[i] = intern->entries[number].hash;
    }
    return SH_OK;
}

static void mix(uint64_t *lane, const uint64_t *value, const bool *missing, size_t n, uint64_t salt) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t mixed = sh_mix2(lane[i] ^ value[i] ^ salt, salt) + (lane[i] << 1 | lane[i] >> 63);
        lane[i] = missing[i] ? lane[i] : mixed;
    }
}

#define SCATTER(type, expression)                                                                            \
    for (size_t i = 0; i < n; i++) {                                                                         \
        ((type *)(void *)(s->target[s->bucket[i]] + offset))[s->at[i]] = (expression);                       \
    }

#define TAKE(type, none)                                                                                     \
    do {                                                                                                     \
        const type *from = column;                                                                           \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const type v = from[s->index[i]];                                                                \
            s->missing[i] = v == (none);                                                                     \
            s->value[i] = (uint64_t)(int64_t)v;                                                              \
            ((type *)(void *)(s->target[s->bucket[i]] + offset))[s->at[i]] = v;                              \
        }                                                                                                    \
    } while (0)

static sh_code take_texts(struct push *push, uint16_t c, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    const struct sh_str *texts = push->in->columns[c];
    struct sh_row_buffer *rows = push->worker->rows[push->in->table];
    const uint32_t offset = push->layout->offset[c];
    for (size_t i = 0; i < push->n; i++) {
        const struct sh_str text = texts[s->index[i]];
        struct sh_buf *heap = &rows[s->bucket[i]].heap;
        const uint64_t at = heap->len;
        s->missing[i] = text.len == 0;
        if (text.len > 0) {
            s->value[i] = sh_hash64(text.at, text.len, push->landing->seed[0]);
            if (at + text.len > UINT32_MAX || sh_buf_add_str(heap, text) != SH_OK)
                return sh_fail(err, SH_E_NOMEM, "no room for the texts of a block");
        }
        ((uint64_t *)(void *)(s->target[s->bucket[i]] + offset))[s->at[i]] = at << 32 | (uint32_t)text.len;
    }
    return SH_OK;
}

/* The hash of a source id. A prescription is part of what a finding is, so its hash is the same in every
 * lake; joins are keyed. */
static int64_t column_key(const struct push *push, uint16_t c, struct sh_str id) {
    if (push->columns[c].domain)
        return (int64_t)(sh_hash64(id.at, id.len, 0) & (uint64_t)INT64_MAX);
    return sh_key_of(push->landing, id);
}

static void take_keys(struct push *push, uint16_t c) {
    struct sh_push_scratch *s = push->worker->scratch;
    const struct sh_str *texts = push->in->columns[c];
    const uint32_t offset = push->layout->offset[c];
    struct sh_str last = {0};
    int64_t key = SH_MISSING;
    for (size_t i = 0; i < push->n; i++) {
        const struct sh_str text = texts[s->index[i]];
        if (i == 0 || !sh_str_eq(text, last))
            key = text.len > 0 ? column_key(push, c, text) : SH_MISSING;
        last = text;
        s->missing[i] = text.len == 0;
        s->value[i] = (uint64_t)key;
        ((int64_t *)(void *)(s->target[s->bucket[i]] + offset))[s->at[i]] = key;
    }
}

/* A column that this block lacks, and earlier ones of the buffer had. */
static void take_nothing(struct push *push, uint16_t c) {
    struct sh_push_scratch *s = push->worker->scratch;
    const uint32_t offset = push->layout->offset[c];
    const size_t n = push->n;
    switch (push->columns[c].type) {
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        SCATTER(uint64_t, 0)
        break;
    case SH_COLUMN_KEY:
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        SCATTER(int64_t, SH_MISSING)
        break;
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
        SCATTER(int8_t, SH_MISSING_I8)
        break;
    case SH_COLUMN_CODE:
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
    default:
        SCATTER(int32_t, SH_MISSING_I32)
        break;
    }
}

static sh_code take_codes(struct push *push, uint16_t c, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    const uint32_t offset = push->layout->offset[c];
    const size_t n = push->n;
    uint32_t local[SLICE];
    SH_TRY(intern_column(push, c, local, err));
    SCATTER(int32_t, s->missing[i] ? SH_MISSING_I32 : (int32_t)local[i])
    return SH_OK;
}

static sh_code take_column(struct push *push, uint16_t c, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    const void *column = push->in->columns[c];
    const uint32_t offset = push->layout->offset[c];
    const size_t n = push->n;
    switch (push->columns[c].type) {
    case SH_COLUMN_CODE:
        return take_codes(push, c, err);
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        return take_texts(push, c, err);
    case SH_COLUMN_KEY:
        take_keys(push, c);
        return SH_OK;
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        TAKE(int64_t, SH_MISSING);
        return SH_OK;
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        TAKE(int32_t, SH_MISSING_I32);
        return SH_OK;
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
    default:
        TAKE(int8_t, SH_MISSING_I8);
        return SH_OK;
    }
}

/* Bucket of each row from the text of its person (institution), and its place in that bucket's buffer. */
static sh_code place_rows(struct push *push, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    struct sh_landing *landing = push->landing;
    SH_TRY(intern_column(push, SH_C_LEAD, s->local, err));
    struct sh_row_buffer *rows = push->worker->rows[push->in->table];
    for (size_t i = 0; i < push->n; i++) {
        const uint32_t bucket = (uint32_t)(s->value[i] % landing->buckets);
        if (!rows[bucket].region) {
            rows[bucket].region = sh_alloc_array(push->layout->region_bytes, 1);
            if (!rows[bucket].region)
                return sh_fail(err, SH_E_NOMEM, "no room for the rows of bucket %" PRIu32, bucket);
        }
        s->bucket[i] = (uint16_t)bucket;
        s->target[bucket] = rows[bucket].region;
        s->at[i] = rows[bucket].n++;
        ((uint64_t *)(void *)(rows[bucket].region + push->layout->order_offset))[s->at[i]] =
            (uint64_t)push->block << 32 | s->index[i];
    }
    return SH_OK;
}

static sh_code take_columns(struct push *push, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    const uint64_t seed = push->landing->seed[1] ^ (uint64_t)push->in->table;
    for (size_t i = 0; i < push->n; i++)
        s->content[i] = seed, s->high[i] = ~seed, s->low[i] = seed * 3;
    for (uint16_t c = SH_C_VOID; c < push->layout->n_columns; c++) {
        if (!(push->worker->mask[push->in->table] >> c & 1))
            continue;
        if (!push->in->columns[c]) {
            take_nothing(push, c);
            continue;
        }
        SH_TRY(take_column(push, c, err));
        const uint64_t *salt = push->layout->salt[c];
        mix(s->content, s->value, s->missing, push->n, salt[0]);
        if (!(push->layout->key_mask >> c & 1))
            continue;
        mix(s->high, s->value, s->missing, push->n, salt[1]);
        mix(s->low, s->value, s->missing, push->n, salt[2]);
    }
    return SH_OK;
}

static sh_code add_keys(struct push *push, struct sh_err *err) {
    struct sh_push_scratch *s = push->worker->scratch;
    struct sh_landing_worker *worker = push->worker;
    const enum sh_table table = push->in->table;
    const struct sh_row_buffer *rows = worker->rows[table];
    const struct sh_str *ids = push->layout->id >= 0 ? push->in->columns[push->layout->id] : NULL;
    struct sh_import_count *count = &worker->counts[table];
    for (size_t i = 0; i < push->n; i++) {
        const uint32_t row = s->index[i];
        struct sh_new_key key = {.key = {.high = s->high[i], .low = s->low[i]},
                                 .content = s->content[i],
                                 .record = push->in->record[row],
                                 .fen = fen_of(push, row),
                                 .block = push->block,
                                 .row = row,
                                 .ordinal = rows[s->bucket[i]].flushed + s->at[i],
                                 .worker = (uint16_t)push->number,
                                 .bucket = s->bucket[i]};
        if (table == SH_TABLE_STOCK_MOVE && (!ids || ids[row].len == 0))
            key.key = (struct sh_hash128){.high = sh_mix2(s->content[i], push->layout->salt[SH_C_LEAD][1]),
                                          .low = s->content[i]};
        count->read++;
        SH_TRY(count_fen(key.fen, &count->read_fen, err));
        const uint32_t part = (uint32_t)(key.key.high >> 58);
        if (!worker->keys[table][part].at) {
            worker->keys[table][part].at = sh_alloc_array(SH_KEY_BUFFER, sizeof key);
            if (!worker->keys[table][part].at)
                return sh_fail(err, SH_E_NOMEM, "no room for keys");
        }
        worker->keys[table][part].at[worker->keys[table][part].n++] = key;
        if (worker->keys[table][part].n == SH_KEY_BUFFER) {
            SH_TRY(sh_landing_settle_rejects(worker, err));
            SH_TRY(flush_keys(worker, table, part, err));
        }
    }
    return SH_OK;
}

static sh_code flush_full(struct push *push, uint32_t least, struct sh_err *err) {
    SH_TRY(sh_landing_settle_rejects(push->worker, err));
    for (uint32_t b = 0; b < push->landing->buckets; b++)
        if (push->worker->rows[push->in->table][b].n >= least)
            SH_TRY(flush_rows(push->landing, push->worker, push->in->table, b, err));
    return SH_OK;
}

/* Buffers of the table, with all columns of this block among theirs. */
static sh_code prepare(struct push *push, struct sh_err *err) {
    struct sh_landing_worker *worker = push->worker;
    const enum sh_table table = push->in->table;
    uint64_t given = 0;
    for (uint16_t c = SH_C_VOID; c < push->layout->n_columns; c++)
        given |= (uint64_t)(push->in->columns[c] != NULL) << c;
    if (!worker->scratch)
        worker->scratch = sh_alloc_array(1, sizeof *worker->scratch);
    if (!worker->rows[table])
        worker->rows[table] = sh_alloc_array(push->landing->buckets, sizeof(struct sh_row_buffer));
    if (!worker->scratch || !worker->rows[table])
        return sh_fail(err, SH_E_NOMEM, "no room for the rows of %s", sh_lake_schema[table].name);
    if (given & ~worker->mask[table]) {
        SH_TRY(flush_full(push, 1, err));
        worker->mask[table] |= given;
    }
    SH_TRY(sh_grow(&worker->blocks, &worker->cap_blocks, worker->n_blocks + 1, sizeof *worker->blocks,
                   BLOCKS_MAX, err));
    push->block = (uint32_t)worker->n_blocks;
    worker->blocks[worker->n_blocks++] =
        (struct sh_block_info){.sequence = push->in->sequence, .file = push->in->file};
    return SH_OK;
}

sh_code sh_landing_push(struct sh_landing *landing, unsigned number, const struct sh_parsed *rows,
                        struct sh_err *err) {
    assert(landing && rows && number < landing->threads && rows->table < SH_TABLES &&
           rows->table != SH_TABLE_NETTING);
    struct push push = {.landing = landing,
                        .worker = &landing->workers[number],
                        .number = number,
                        .in = rows,
                        .layout = &landing->layout[rows->table],
                        .columns = sh_lake_schema[rows->table].columns};
    if (rows->n_rows == 0)
        return SH_OK;
    SH_TRY(prepare(&push, err));
    const uint32_t slice = landing->flush_at < SLICE ? landing->flush_at : SLICE;
    for (uint32_t from = 0; from < rows->n_rows; from += slice) {
        SH_TRY(choose_rows(&push, from, rows->n_rows - from < slice ? rows->n_rows : from + slice, err));
        if (push.n == 0)
            continue;
        SH_TRY(place_rows(&push, err));
        SH_TRY(take_columns(&push, err));
        SH_TRY(add_keys(&push, err));
        SH_TRY(flush_full(&push, landing->flush_at, err));
    }
    return SH_OK;
}

/* ---- open and close
 * ------------------------------------------------------------------------------------------------------ */

static void release_worker(struct sh_landing *landing, struct sh_landing_worker *worker) {
    for (size_t d = 0; d < SH_DICTS; d++)
        sh_intern_release(&worker->dicts[d]);
    for (size_t t = 0; t < SH_TABLES; t++) {
        for (uint32_t b = 0; worker->rows[t] && b < landing->buckets; b++) {
            sh_free(worker->rows[t][b].region);
            sh_buf_free(&worker->rows[t][b].heap);
        }
        sh_free(worker->rows[t]);
        for (size_t p = 0; p < SH_KEY_PARTS; p++)
            sh_free(worker->keys[t][p].at);
    }
    sh_free(worker->blocks);
    sh_free(worker->scratch);
    sh_free(worker->rejects);
    sh_free(worker->lost);
    sh_buf_free(&worker->text);
    sh_buf_free(&worker->rejected);
    sh_spill_close(&worker->spill);
}

void sh_landing_close(struct sh_landing *landing) {
    if (!landing)
        return;
    for (unsigned w = 0; landing->workers && w < landing->threads; w++)
        release_worker(landing, &landing->workers[w]);
    for (size_t d = 0; d < SH_DICTS; d++) {
        for (unsigned w = 0; landing->ids[d] && w < landing->threads; w++)
            sh_free(landing->ids[d][w]);
        sh_free(landing->ids[d]);
        sh_dict_release(&landing->dicts[d]);
    }
    for (unsigned w = 0; landing->connections && w < landing->threads; w++)
        sh_duck_disconnect(&landing->connections[w]);
    sh_free(landing->connections);
    sh_duck_close(landing->duck);
    sh_free(landing->workers);
    sh_free(landing->verdicts);
    sh_free(landing->verdict_base);
    sh_free(landing->olds);
    sh_free(landing->superseded);
    sh_free(landing->coverage);
    sh_free(landing->touched);
    sh_free(landing->lost);
    sh_free(landing->files);
    sh_free(landing->dropped);
    sh_arena_free(&landing->arena);
    (void)pthread_mutex_destroy(&landing->lock);
    sh_free(landing);
}

static sh_code open_parts(struct sh_landing *landing, struct sh_err *err) {
    const char *dirs[] = {landing->options->lake_dir};
    const size_t n = landing->threads;
    landing->workers = sh_alloc_array(n, sizeof *landing->workers);
    landing->connections = sh_alloc_array(n, sizeof *landing->connections);
    landing->dropped = sh_alloc_array(landing->before->n_files + 1, sizeof(bool));
    if (!landing->workers || !landing->connections || !landing->dropped)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu workers", n);
    SH_TRY(sh_duck_open(dirs, 1, 1, 0, landing->temp_dir, &landing->duck, err));
    SH_TRY(sh_parquet_register(landing->duck, err));
    for (unsigned w = 0; w < n; w++) {
        SH_TRY(sh_duck_connect(landing->duck, &landing->connections[w], err));
        SH_TRY(sh_spill_open(landing->temp_dir, &landing->workers[w].spill, err));
        for (size_t d = 0; d < SH_DICTS; d++)
            landing->workers[w].dicts[d].seed = landing->seed[0];
    }
    for (enum sh_table t = 0; t < SH_TABLES; t++)
        lay_out(landing, t);
    return SH_OK;
}

sh_code sh_landing_open(const struct sh_import_options *options, const struct sh_manifest *before,
                        const char *temp_dir, struct sh_landing **ret, struct sh_err *err) {
    struct sh_landing *landing = sh_alloc_array(1, sizeof *landing);
    if (!landing)
        return sh_fail(err, SH_E_NOMEM, "no room for an import");
    (void)pthread_mutex_init(&landing->lock, NULL);
    landing->options = options;
    landing->before = before;
    landing->temp_dir = temp_dir;
    landing->batch = sh_manifest_last_batch(before) + 1;
    landing->buckets = before->buckets;
    landing->seed[0] = before->seed[0], landing->seed[1] = before->seed[1];
    landing->threads = options->threads > 0 ? options->threads : (unsigned)sh_processors();
    /* All row buffers together stay near 256 MB: about 400 bytes a row of line, in every bucket of every
     * worker. */
    const uint64_t room = ((uint64_t)160 << 20) / (400ull * landing->threads * landing->buckets);
    landing->flush_at = room > SLICE ? SLICE : room < 32 ? 32 : (uint32_t)room;
    landing->buffer_rows = 2 * landing->flush_at;
    const sh_code code = open_parts(landing, err);
    if (code != SH_OK) {
        sh_landing_close(landing);
        return code;
    }
    *ret = landing;
    return SH_OK;
}

sh_code sh_landing_add_file(struct sh_landing *landing, const struct sh_lake_file *entry,
                            const char *temp_path, struct sh_err *err) {
    (void)pthread_mutex_lock(&landing->lock);
    const sh_code code = sh_grow(&landing->files, &landing->cap_files, landing->n_files + 1,
                                 sizeof *landing->files, (size_t)1 << 24, err);
    if (code == SH_OK)
        landing->files[landing->n_files++] = (struct sh_new_file){*entry, temp_path};
    (void)pthread_mutex_unlock(&landing->lock);
    return code;
}

sh_code sh_landing_name(struct sh_landing *landing, const char *folder, const char *suffix,
                        const char **ret_path, const char **ret_temp, struct sh_err *err) {
    (void)pthread_mutex_lock(&landing->lock);
    const char *path = sh_arena_printf(&landing->arena, NULL, "%s/%08" PRIu32 "-%s%s", folder, landing->batch,
                                       landing->tag, suffix);
    char *temp = path ? sh_arena_printf(&landing->arena, NULL, "%s/%s", landing->temp_dir, path) : NULL;
    (void)pthread_mutex_unlock(&landing->lock);
    if (!temp)
        return sh_fail(err, SH_E_NOMEM, "no room for a file name");
    for (char *c = temp + strlen(landing->temp_dir) + 1; *c; c++)
        if (*c == '/')
            *c = '-'; /* one flat folder */
    *ret_path = path;
    *ret_temp = temp;
    return SH_OK;
}
