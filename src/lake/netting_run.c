/* Netting of a batch: per bucket, which encounters have to be netted anew, their lines old and new, the rows
 * of table netting. */
#include "lake/netting.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/money.h"
#include "lake/landing.h"
#include "lake/rows.h"
#include <duckdb.h>
#include <inttypes.h>

#define NET_MAX ((size_t)1 << 31)

/* Encounters by (person, encounter), a hash set. */
struct encounter {
    int64_t key;
    int32_t person;
    bool is_used, has_nettings, is_affected;
};
struct encounter_set {
    struct encounter *slots;
    size_t n_slots, n, n_affected;
};

/* A line of an affected encounter, read back from the files. */
struct line {
    struct sh_net_line net;
    int64_t encounter;
    int32_t person;
};

struct net_phase {
    struct sh_landing *landing;
    struct sh_rows rows; /* of table netting, all buckets; under the landing's lock */
};

struct net_bucket {
    struct net_phase *phase;
    uint32_t bucket;
    void *connection;
    struct sh_arena arena;
    struct encounter_set set;
    struct line *lines;
    size_t n_lines, cap_lines;
};

static void bucket_release(struct net_bucket *bucket) {
    sh_free(bucket->set.slots);
    sh_free(bucket->lines);
    sh_arena_free(&bucket->arena);
}

/* ---- set
 * --------------------------------------------------------------------------------------------------------------------
 */

static struct encounter *slot_of(const struct encounter_set *set, int32_t person, int64_t key) {
    size_t slot = sh_mix2((uint64_t)key ^ 0x9e3779b97f4a7c15u, (uint64_t)(uint32_t)person << 1 | 1) &
                  (set->n_slots - 1);
    while (set->slots[slot].is_used && (set->slots[slot].key != key || set->slots[slot].person != person))
        slot = (slot + 1) & (set->n_slots - 1);
    return &set->slots[slot];
}

static sh_code add_encounter(struct encounter_set *set, int32_t person, int64_t key, struct encounter **ret,
                             struct sh_err *err) {
    if (2 * (set->n + 1) > set->n_slots) {
        struct encounter_set more = {
            .n_slots = set->n_slots > 0 ? 2 * set->n_slots : 256, .n = set->n, .n_affected = set->n_affected};
        more.slots = sh_alloc_array(more.n_slots, sizeof *more.slots);
        if (!more.slots)
            return sh_fail(err, SH_E_NOMEM, "no room for %zu encounters", set->n);
        for (size_t i = 0; i < set->n_slots; i++)
            if (set->slots[i].is_used)
                *slot_of(&more, set->slots[i].person, set->slots[i].key) = set->slots[i];
        sh_free(set->slots);
        *set = more;
    }
    struct encounter *slot = slot_of(set, person, key);
    if (!slot->is_used) {
        *slot = (struct encounter){.key = key, .person = person, .is_used = true};
        set->n++;
    }
    *ret = slot;
    return SH_OK;
}

static void affect(struct encounter_set *set, struct encounter *encounter) {
    set->n_affected += !encounter->is_affected;
    encounter->is_affected = true;
}

/* ---- files of a bucket
 * ----------------------------------------------------------------------------------------------------------
 */

typedef sh_code (*take_fn)(struct net_bucket *bucket, void *chunk, size_t n, struct sh_err *err);

static sh_code scan(struct net_bucket *bucket, const char *path, const char *columns, take_fn take,
                    struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    SH_CLEANUP(sh_scan_close) struct sh_scan scan = {0};
    (void)sh_buf_addf(&sql, "SELECT %s FROM read_parquet(", columns);
    sh_sql_text(&sql, sh_str_of(path));
    (void)sh_buf_addf(&sql, ") WHERE bucket = %" PRIu32, bucket->bucket);
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(sh_scan_open(bucket->connection, sql.at, &scan, err));
    for (;;) {
        void *chunk = NULL;
        SH_TRY(sh_scan_next(&scan, &chunk, err));
        if (!chunk)
            return SH_OK;
        duckdb_data_chunk handle = chunk;
        const sh_code code = take(bucket, chunk, duckdb_data_chunk_get_size(handle), err);
        duckdb_destroy_data_chunk(&handle);
        SH_TRY(code);
    }
}

static bool covers(const struct sh_lake_file *file, enum sh_table table, uint32_t bucket) {
    return file->kind == SH_FILE_DATA && file->what == (uint32_t)table && file->bucket_from <= bucket &&
           bucket < file->bucket_to;
}

static sh_code scan_old(struct net_bucket *bucket, enum sh_table table, const char *columns, take_fn take,
                        struct sh_err *err) {
    const struct sh_landing *landing = bucket->phase->landing;
    for (size_t i = 0; i < landing->before->n_files; i++) {
        char path[SH_PATH_BYTES_MAX];
        if (!covers(&landing->before->files[i], table, bucket->bucket))
            continue;
        SH_TRY(sh_path_join(path, landing->options->lake_dir, landing->before->files[i].path, err));
        SH_TRY(scan(bucket, path, columns, take, err));
    }
    return SH_OK;
}

/* The landing's list of files only grows by this phase's own rows, at its end. */
static sh_code scan_new(struct net_bucket *bucket, enum sh_table table, const char *columns, take_fn take,
                        struct sh_err *err) {
    const struct sh_landing *landing = bucket->phase->landing;
    for (size_t i = 0; i < landing->n_files; i++)
        if (covers(&landing->files[i].entry, table, bucket->bucket))
            SH_TRY(scan(bucket, landing->files[i].temp_path, columns, take, err));
    return SH_OK;
}

/* A column of a chunk in the arena. */
static const void *column(struct net_bucket *bucket, void *chunk, size_t c, sh_physical physical, size_t n) {
    void *to = sh_arena_alloc_array(&bucket->arena, n, sh_physical_size(physical), 16);
    if (to)
        sh_chunk_copy(chunk, c, physical, 0, n, to);
    return to;
}

/* ---- which encounters
 * --------------------------------------------------------------------------------------------------------------
 */

static sh_code take_netted(struct net_bucket *bucket, void *chunk, size_t n, struct sh_err *err) {
    const struct sh_arena_mark mark = sh_arena_mark(&bucket->arena);
    const int32_t *person = column(bucket, chunk, 0, SH_P32, n);
    const int64_t *encounter = column(bucket, chunk, 1, SH_P64, n);
    if (!person || !encounter)
        return sh_fail(err, SH_E_NOMEM, "no room for nettings");
    for (size_t i = 0; i < n; i++) {
        struct encounter *slot = NULL;
        SH_TRY(add_encounter(&bucket->set, person[i], encounter[i], &slot, err));
        sh_check(slot);
        slot->has_nettings = true;
    }
    sh_arena_rewind(&bucket->arena, mark);
    return SH_OK;
}

static sh_code take_new(struct net_bucket *bucket, void *chunk, size_t n, struct sh_err *err) {
    const struct sh_arena_mark mark = sh_arena_mark(&bucket->arena);
    const int32_t *person = column(bucket, chunk, 0, SH_P32, n);
    const int64_t *encounter = column(bucket, chunk, 1, SH_P64, n),
                  *quantity = column(bucket, chunk, 2, SH_P64, n),
                  *amount = column(bucket, chunk, 3, SH_P64, n);
    if (!person || !encounter || !quantity || !amount)
        return sh_fail(err, SH_E_NOMEM, "no room for the lines of a bucket");
    for (size_t i = 0; i < n; i++) {
        const struct sh_net_line line = {.quantity = quantity[i], .amount = amount[i]};
        struct encounter *slot = NULL;
        if (sh_net_is_refund(&line))
            SH_TRY(add_encounter(&bucket->set, person[i], encounter[i], &slot, err));
        else if (bucket->set.n > 0)
            slot = slot_of(&bucket->set, person[i], encounter[i]);
        if (slot && slot->is_used)
            affect(&bucket->set, slot);
    }
    sh_arena_rewind(&bucket->arena, mark);
    return SH_OK;
}

static int by_place(const void *a, const void *b) {
    const struct sh_touched *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return x->encounter == y->encounter ? 0 : x->encounter < y->encounter ? -1 : 1;
}

/* Lines that went away by a correction: their encounter, if it has nettings (whoever the person was). */
static void take_touched(struct net_bucket *bucket) {
    const struct sh_landing *landing = bucket->phase->landing;
    for (size_t s = 0; s < bucket->set.n_slots && landing->n_touched > 0; s++) {
        struct encounter *slot = &bucket->set.slots[s];
        const struct sh_touched wanted = {.bucket = bucket->bucket, .encounter = slot->key};
        if (slot->is_used && slot->has_nettings &&
            bsearch(&wanted, landing->touched, landing->n_touched, sizeof wanted, by_place))
            affect(&bucket->set, slot);
    }
}

/* ---- their lines
 * ----------------------------------------------------------------------------------------------------------------------
 */

enum {
    N_BATCH,
    N_VOID,
    N_PERSON,
    N_INSTITUTION,
    N_ENCOUNTER,
    N_ID,
    N_REFUND_OF,
    N_ITEM,
    N_TIME,
    N_QUANTITY,
    N_PRICE,
    N_AMOUNT,
    N_COVERED,
    N_SELF,
    N_OVER,
    N_PREPAID,
    N_COLUMNS
};
static const char *const line_columns[N_COLUMNS] = {
    "batch",           "void",      "person",       "institution",      "encounter_key", "id",
    "refund_of",       "item",      "time",         "charged_quantity", "unit_price",    "charged_amount",
    "charged_covered", "self_paid", "over_ceiling", "prepaid"};

static bool is_superseded(const struct sh_landing *landing, uint32_t bucket, uint64_t row_key,
                          uint32_t batch) {
    size_t low = 0, high = landing->n_superseded;
    const struct sh_superseded wanted = {
        .bucket = bucket, .table = SH_TABLE_LINE, .row_key = row_key, .old_batch = batch};
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sh_superseded_cmp(&landing->superseded[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == landing->n_superseded)
        return false;
    const struct sh_superseded *s = &landing->superseded[low];
    return s->bucket == bucket && s->table == SH_TABLE_LINE && s->row_key == row_key && s->old_batch == batch;
}

static int64_t covered_of(const int64_t *const *c, size_t i) {
    int64_t rest = c[N_COVERED][i];
    if (rest != SH_MISSING)
        return rest;
    rest = c[N_AMOUNT][i];
    for (int part = N_SELF; part <= N_PREPAID; part++)
        if (rest == SH_MISSING || c[part][i] == SH_MISSING || sh_sub(rest, c[part][i], &rest) != SH_OK)
            return SH_MISSING;
    return rest;
}

static sh_code keep_text(struct net_bucket *bucket, struct sh_str *text, struct sh_err *err) {
    if (text->len == 0)
        return SH_OK;
    text->at = sh_arena_dup(&bucket->arena, text->at, text->len);
    return text->at ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the ids of lines");
}

static sh_code take_lines(struct net_bucket *bucket, void *chunk, size_t n, struct sh_err *err) {
    const void *c[N_COLUMNS];
    const int64_t *wide[N_COLUMNS];
    const void *by_column[SH_LAKE_COLUMNS_MAX] = {0};
    for (size_t k = 0; k < N_COLUMNS; k++) {
        const int schema = sh_lake_column(SH_TABLE_LINE, line_columns[k]);
        c[k] =
            column(bucket, chunk, k, sh_physical_of(sh_lake_schema[SH_TABLE_LINE].columns[schema].type), n);
        if (!c[k])
            return sh_fail(err, SH_E_NOMEM, "no room for the lines of a bucket");
        by_column[schema] = c[k];
        wide[k] = c[k];
    }
    const struct sh_row_keyer keyer = sh_row_keyer(SH_TABLE_LINE);
    const int32_t *batch = c[N_BATCH], *person = c[N_PERSON], *item = c[N_ITEM];
    for (size_t i = 0; i < n; i++) {
        const struct encounter *slot = slot_of(&bucket->set, person[i], wide[N_ENCOUNTER][i]);
        if (!slot->is_used || !slot->is_affected || ((const int8_t *)c[N_VOID])[i] == 1 ||
            is_superseded(bucket->phase->landing, bucket->bucket, sh_row_key(&keyer, by_column, i),
                          (uint32_t)batch[i]))
            continue;
        struct line line = {.encounter = wide[N_ENCOUNTER][i],
                            .person = person[i],
                            .net = {.id = ((const struct sh_str *)c[N_ID])[i],
                                    .refund_of = ((const struct sh_str *)c[N_REFUND_OF])[i],
                                    .item = item[i],
                                    .time = wide[N_TIME][i],
                                    .quantity = wide[N_QUANTITY][i],
                                    .price = wide[N_PRICE][i],
                                    .amount = wide[N_AMOUNT][i],
                                    .covered = covered_of(wide, i)}};
        SH_TRY(keep_text(bucket, &line.net.id, err));
        SH_TRY(keep_text(bucket, &line.net.refund_of, err));
        SH_TRY(sh_grow(&bucket->lines, &bucket->cap_lines, bucket->n_lines + 1, sizeof line, NET_MAX, err));
        bucket->lines[bucket->n_lines++] = line;
    }
    return SH_OK;
}

static sh_code read_lines(struct net_bucket *bucket, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf columns = {0};
    for (size_t k = 0; k < N_COLUMNS; k++)
        (void)sh_buf_addf(&columns, "%s\"%s\"", k > 0 ? "," : "", line_columns[k]);
    SH_TRY(sh_buf_check(&columns, err));
    SH_TRY(scan_old(bucket, SH_TABLE_LINE, columns.at, take_lines, err));
    return scan_new(bucket, SH_TABLE_LINE, columns.at, take_lines, err);
}

/* ---- rows of table netting
 * --------------------------------------------------------------------------------------------------------------
 */

static int by_line(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    if (x->encounter != y->encounter)
        return x->encounter < y->encounter ? -1 : 1;
    if (x->net.time != y->net.time)
        return x->net.time < y->net.time ? -1 : 1;
    return sh_str_cmp(x->net.id, y->net.id);
}

struct net_row {
    int32_t person;
    int64_t encounter, quantity, amount, covered;
    struct sh_str refund, line;
};

static sh_code keep_row(struct net_phase *phase, uint32_t bucket, const struct net_row *row,
                        struct sh_err *err) {
    struct sh_rows *rows = &phase->rows;
    const enum sh_table t = SH_TABLE_NETTING;
    size_t cap = 0;
    for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++) {
        cap = rows->cap;
        SH_TRY(sh_grow(&rows->columns[c], &cap, rows->n + 1,
                       sh_physical_size(sh_physical_of(sh_lake_schema[t].columns[c].type)), NET_MAX, err));
    }
    rows->cap = cap;
    const size_t i = rows->n;
    struct sh_str texts[2] = {row->refund, row->line};
    for (int k = 0; k < 2; k++) {
        texts[k].at = sh_arena_dup(&rows->arena, texts[k].at, texts[k].len);
        if (!texts[k].at)
            return sh_fail(err, SH_E_NOMEM, "no room for nettings");
    }
    ((int32_t *)rows->columns[SH_C_BUCKET])[i] = (int32_t)bucket;
    ((int32_t *)rows->columns[SH_C_BATCH])[i] = (int32_t)phase->landing->batch;
    ((int8_t *)rows->columns[SH_C_VOID])[i] = SH_MISSING_I8;
    ((int32_t *)rows->columns[SH_C_LEAD])[i] = row->person;
    ((int64_t *)rows->columns[sh_lake_column(t, "encounter_key")])[i] = row->encounter;
    ((struct sh_str *)rows->columns[sh_lake_column(t, "refund")])[i] = texts[0];
    ((struct sh_str *)rows->columns[sh_lake_column(t, "line")])[i] = texts[1];
    ((int64_t *)rows->columns[sh_lake_column(t, "quantity")])[i] = row->quantity;
    ((int64_t *)rows->columns[sh_lake_column(t, "amount")])[i] = row->amount;
    ((int64_t *)rows->columns[sh_lake_column(t, "covered")])[i] = row->covered;
    rows->n++;
    return SH_OK;
}

static sh_code net_group(struct net_bucket *bucket, const struct line *lines, size_t n, struct sh_err *err) {
    const struct sh_arena_mark mark = sh_arena_mark(&bucket->arena);
    struct sh_net_line *net = sh_new(&bucket->arena, struct sh_net_line, n);
    struct sh_net_match *matches = NULL;
    size_t n_matches = 0;
    if (!net)
        return sh_fail(err, SH_E_NOMEM, "no room to net %zu lines", n);
    for (size_t i = 0; i < n; i++)
        net[i] = lines[i].net;
    SH_TRY(sh_net_encounter(net, n, &bucket->arena, &matches, &n_matches, err));
    struct encounter *slot = slot_of(&bucket->set, lines->person, lines->encounter);
    slot->has_nettings &= n_matches == 0; /* what is left true needs a row that says "none any more" */
    for (size_t i = 0; i < n_matches; i++) {
        const struct sh_net_match *m = &matches[i];
        const struct net_row row = {.person = lines->person,
                                    .encounter = lines->encounter,
                                    .quantity = m->quantity,
                                    .amount = m->amount,
                                    .covered = m->covered,
                                    .refund = net[m->refund].id,
                                    .line =
                                        m->line == SH_NET_ORPHAN ? (struct sh_str){"", 0} : net[m->line].id};
        SH_TRY(keep_row(bucket->phase, bucket->bucket, &row, err));
    }
    sh_arena_rewind(&bucket->arena, mark);
    return SH_OK;
}

/* Under the landing's lock: rows of all buckets go to one place. */
static sh_code net_groups(struct net_bucket *bucket, struct sh_err *err) {
    if (bucket->n_lines > 0)
        qsort(bucket->lines, bucket->n_lines, sizeof *bucket->lines, by_line);
    for (size_t from = 0, to; from < bucket->n_lines; from = to) {
        for (to = from + 1; to < bucket->n_lines && bucket->lines[to].person == bucket->lines[from].person &&
                            bucket->lines[to].encounter == bucket->lines[from].encounter;
             to++)
            ;
        SH_TRY(net_group(bucket, bucket->lines + from, to - from, err));
    }
    for (size_t s = 0; s < bucket->set.n_slots; s++) {
        const struct encounter *slot = &bucket->set.slots[s];
        if (!slot->is_used || !slot->is_affected || !slot->has_nettings)
            continue;
        const struct net_row none = {
            .person = slot->person, .encounter = slot->key, .refund = {"", 0}, .line = {"", 0}};
        SH_TRY(keep_row(bucket->phase, bucket->bucket, &none, err));
    }
    return SH_OK;
}

static sh_code run_bucket(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct net_phase *phase = ctx;
    SH_CLEANUP(bucket_release)
    struct net_bucket bucket = {.phase = phase,
                                .bucket = (uint32_t)task,
                                .connection = phase->landing->connections[worker],
                                .arena = {.limit_bytes = (size_t)64 << 30}};
    SH_TRY(scan_old(&bucket, SH_TABLE_NETTING, "person, encounter_key", take_netted, err));
    SH_TRY(scan_new(&bucket, SH_TABLE_LINE, "person, encounter_key, charged_quantity, charged_amount",
                    take_new, err));
    take_touched(&bucket);
    if (bucket.set.n_affected == 0)
        return SH_OK;
    SH_TRY(read_lines(&bucket, err));
    (void)pthread_mutex_lock(&phase->landing->lock);
    const sh_code code = net_groups(&bucket, err);
    (void)pthread_mutex_unlock(&phase->landing->lock);
    return code;
}

/* ---- out
 * ------------------------------------------------------------------------------------------------------------------------------------
 */

static sh_code write_rows(struct net_phase *phase, uint32_t from, uint32_t to, struct sh_err *err) {
    struct sh_landing *landing = phase->landing;
    const int32_t *buckets = phase->rows.columns[SH_C_BUCKET];
    SH_CLEANUP(sh_free_at) uint32_t *order = sh_alloc_array(phase->rows.n, sizeof *order);
    if (!order)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu nettings", phase->rows.n);
    size_t n = 0;
    for (size_t i = 0; i < phase->rows.n; i++)
        if ((uint32_t)buckets[i] >= from && (uint32_t)buckets[i] < to)
            order[n++] = (uint32_t)i;
    if (n == 0)
        return SH_OK;
    const char *path, *temp;
    char suffix[64] = ".parquet";
    if (to - from < landing->buckets)
        (void)snprintf(suffix, sizeof suffix, "-b%04" PRIu32 ".parquet", from);
    SH_TRY(sh_landing_name(landing, "data/netting", suffix, &path, &temp, err));
    SH_TRY(sh_rows_sort(&phase->rows, order, n, err));
    struct sh_lake_file entry = {.kind = SH_FILE_DATA,
                                 .what = SH_TABLE_NETTING,
                                 .batch_from = landing->batch,
                                 .batch_to = landing->batch,
                                 .bucket_from = from,
                                 .bucket_to = to,
                                 .path = path};
    const struct sh_rows_target target = {.connection = landing->connections[0],
                                          .path = temp,
                                          .row_group =
                                              to - from == 1 ? SH_ROW_GROUP_LARGE : SH_ROW_GROUP_SMALL};
    SH_TRY(sh_rows_write(&phase->rows, order, n, &target, &entry, err));
    return sh_landing_add_file(landing, &entry, temp, err);
}

/* Rows of several workers came in any order; those equal in person and refund are told apart by encounter and
 * line. */
static sh_code order_rows(struct sh_rows *rows, struct sh_err *err) {
    rows->tie = sh_alloc_array(rows->n, sizeof *rows->tie);
    if (!rows->tie)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu nettings", rows->n);
    const struct sh_row_keyer keyer = sh_row_keyer(SH_TABLE_NETTING);
    for (size_t i = 0; i < rows->n; i++)
        rows->tie[i] = sh_row_key(&keyer, (const void *const *)rows->columns, i);
    return SH_OK;
}

sh_code sh_landing_nettings(struct sh_landing *landing, struct sh_err *err) {
    struct net_phase phase = {.landing = landing};
    if (landing->landed[SH_TABLE_LINE] == 0 && landing->n_touched == 0)
        return SH_OK;
    if (landing->n_touched > 0)
        qsort(landing->touched, landing->n_touched, sizeof *landing->touched, by_place);
    SH_TRY(sh_rows_reserve(&phase.rows, SH_TABLE_NETTING, 0, err));
    sh_code code = sh_pool_run(landing->threads, landing->buckets, run_bucket, &phase, NULL, err);
    if (code == SH_OK && phase.rows.n > 0)
        code = order_rows(&phase.rows, err);
    const uint32_t step =
        phase.rows.n < (size_t)SH_SMALL_BUCKET_ROWS * landing->buckets ? landing->buckets : 1;
    for (uint32_t from = 0; code == SH_OK && phase.rows.n > 0 && from < landing->buckets; from += step)
        code = write_rows(&phase, from, from + step, err);
    sh_rows_release(&phase.rows);
    return code;
}
