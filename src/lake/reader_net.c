/* The reader-made columns of line: what is left of quantity, amount and covered once refunds are netted
 * (rules-sketch, item 2). */
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/money.h"
#include "lake/ids.h"
#include "lake/reader.h"

/* ---- nettings of a bucket
 * ------------------------------------------------------------------------------------------------ */

/* One row of the netting table. */
struct sh_netting_row {
    uint64_t encounter; /* hash of person and encounter */
    uint32_t bucket;
    int32_t batch;
    uint64_t refund, line; /* hash of the ids, 0 = none */
    int64_t quantity, amount, covered;
};

void sh_netting_rows_release(struct sh_netting_rows *rows) {
    sh_free(rows->at);
    *rows = (struct sh_netting_rows){0};
}

/* Of an id in parts within an encounter. */
static uint64_t netted_key(uint64_t encounter, struct sh_str head, int64_t tail) {
    return sh_hash64(head.at, head.len, sh_mix2(encounter, (uint64_t)tail ^ 0x9e3779b97f4a7c15u)) | 1;
}

static uint64_t netted_id_key(uint64_t encounter, struct sh_str id) {
    struct sh_str head;
    int64_t tail;
    sh_id_split(id, &head, &tail);
    return netted_key(encounter, head, tail);
}

/* Columns of the netting files, as they are read. */
enum {
    N_BUCKET,
    N_BATCH,
    N_PERSON,
    N_ENCOUNTER,
    N_REFUND,
    N_LINE,
    N_QUANTITY,
    N_AMOUNT,
    N_COVERED,
    N_COLUMNS
};
static const struct sh_pq_wanted netting_columns[N_COLUMNS] = {
    [N_BUCKET] = {"bucket", SH_P32},     [N_BATCH] = {"batch", SH_P32},
    [N_PERSON] = {"person", SH_P32},     [N_ENCOUNTER] = {"encounter_key", SH_P64},
    [N_REFUND] = {"refund", SH_PSTR},    [N_LINE] = {"line", SH_PSTR},
    [N_QUANTITY] = {"quantity", SH_P64}, [N_AMOUNT] = {"amount", SH_P64},
    [N_COVERED] = {"covered", SH_P64}};

/* What is asked of the netting files. */
struct netting_view {
    const struct sh_lake *lake;
    struct sh_bucket_range buckets;
    int32_t as_known;
};

static sh_code take_batch(const struct netting_view *view, void *const *batch, uint32_t n,
                          struct sh_netting_rows *rows, struct sh_err *err) {
    const int32_t *bucket = batch[N_BUCKET], *number = batch[N_BATCH], *person = batch[N_PERSON];
    const int64_t *encounter = batch[N_ENCOUNTER], *quantity = batch[N_QUANTITY], *amount = batch[N_AMOUNT],
                  *covered = batch[N_COVERED];
    const struct sh_str *refund = batch[N_REFUND], *line = batch[N_LINE];
    SH_TRY(sh_grow(&rows->at, &rows->cap, rows->n + n, sizeof(struct sh_netting_row), (size_t)1 << 31, err));
    for (uint32_t i = 0; i < n; i++) {
        if ((uint32_t)bucket[i] < view->buckets.from || (uint32_t)bucket[i] >= view->buckets.to ||
            sh_manifest_known_day(&view->lake->manifest, (uint32_t)number[i]) > view->as_known)
            continue;
        const uint64_t hash = sh_netted_encounter(person[i], encounter[i]);
        rows->at[rows->n++] =
            (struct sh_netting_row){.encounter = hash,
                                    .bucket = (uint32_t)bucket[i],
                                    .batch = number[i],
                                    .refund = refund[i].len > 0 ? netted_id_key(hash, refund[i]) : 0,
                                    .line = line[i].len > 0 ? netted_id_key(hash, line[i]) : 0,
                                    .quantity = quantity[i],
                                    .amount = amount[i],
                                    .covered = covered[i]};
    }
    return SH_OK;
}

static int by_encounter(const void *a, const void *b) {
    const struct sh_netting_row *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    if (x->encounter != y->encounter)
        return x->encounter < y->encounter ? -1 : 1;
    return x->batch == y->batch ? 0 : x->batch > y->batch ? -1 : 1; /* the latest first */
}

static sh_code scan_file(const struct netting_view *view, const struct sh_lake_file *file,
                         struct sh_netting_rows *rows, struct sh_err *err) {
    SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, view->lake->dir, file->path, err));
    SH_TRY(sh_pq_scan_open(&scan, (const char *const[]){path}, 1, netting_columns, N_COLUMNS, err));
    sh_pq_scan_range(&scan, N_BUCKET, (int32_t)view->buckets.from, (int32_t)view->buckets.to);
    for (;;) {
        uint32_t n;
        SH_TRY(sh_pq_scan_next(&scan, &n, err));
        if (n == 0)
            return SH_OK;
        SH_TRY(take_batch(view, scan.batch, n, rows, err));
    }
}

sh_code sh_netting_load(struct sh_lake *lake, struct sh_bucket_range buckets, int32_t as_known,
                        struct sh_netting_rows *ret, struct sh_err *err) {
    const struct netting_view view = {lake, buckets, as_known};
    for (size_t i = 0; i < lake->manifest.n_files; i++) {
        const struct sh_lake_file *file = &lake->manifest.files[i];
        if (file->kind == SH_FILE_DATA && file->what == SH_TABLE_NETTING && file->bucket_from < buckets.to &&
            buckets.from < file->bucket_to)
            SH_TRY(scan_file(&view, file, ret, err));
    }
    if (ret->n > 0)
        qsort(ret->at, ret->n, sizeof *ret->at, by_encounter);
    return SH_OK;
}

static struct sh_netted *slot_of(struct sh_netting_set *set, uint64_t key) {
    size_t slot = key & (set->n_slots - 1);
    while (set->slots[slot].key != 0 && set->slots[slot].key != key)
        slot = (slot + 1) & (set->n_slots - 1);
    return &set->slots[slot];
}

static void add_missing(int64_t *sum, int64_t v) {
    if (*sum == SH_MISSING || v == SH_MISSING || sh_add(*sum, v, sum) != SH_OK)
        *sum = SH_MISSING;
}

static void put_row(struct sh_netting_set *set, const struct sh_netting_row *row) {
    if (row->refund == 0)
        return; /* says only that the encounter has no refund any more */
    set->filter[row->encounter >> 6 & set->filter_mask] |= 1ull << (row->encounter & 63);
    struct sh_netted *refund = slot_of(set, row->refund);
    set->n += refund->key == 0;
    refund->key = row->refund;
    if (refund->refund_line != 1)
        refund->refund_line = row->line ? 1 : 2;
    if (row->line == 0)
        return;
    struct sh_netted *line = slot_of(set, row->line);
    set->n += line->key == 0;
    line->key = row->line;
    add_missing(&line->quantity, row->quantity);
    add_missing(&line->amount, row->amount);
    add_missing(&line->covered, row->covered);
}

/* First row of a bucket. */
static size_t first_of(const struct sh_netting_rows *rows, uint32_t bucket) {
    size_t low = 0, high = rows->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rows->at[middle].bucket < bucket)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

sh_code sh_netting_set_make(const struct sh_netting_rows *rows, uint32_t bucket, struct sh_netting_set *ret,
                            struct sh_err *err) {
    const size_t from = first_of(rows, bucket), to = first_of(rows, bucket + 1);
    sh_netting_release(ret);
    if (from == to)
        return SH_OK;
    struct sh_netting_set set = {.n_slots = 64};
    while (set.n_slots < 4 * (to - from))
        set.n_slots *= 2;
    set.filter_mask = set.n_slots / 8 - 1;
    set.slots = sh_alloc_array(set.n_slots, sizeof *set.slots);
    set.filter = sh_alloc_array(set.filter_mask + 1, sizeof *set.filter);
    if (!set.slots || !set.filter) {
        sh_netting_release(&set);
        return sh_fail(err, SH_E_NOMEM, "no room for %zu nettings", to - from);
    }
    for (size_t i = from, first = from; i < to; i++) {
        if (rows->at[i].encounter != rows->at[first].encounter)
            first = i;
        if (rows->at[i].batch == rows->at[first].batch)
            put_row(&set, &rows->at[i]);
    }
    *ret = set;
    return SH_OK;
}

static bool may_be_netted(const struct sh_netting_set *set, uint64_t encounter) {
    return set->n > 0 && (set->filter[encounter >> 6 & set->filter_mask] >> (encounter & 63) & 1);
}

const struct sh_netted *sh_netting_find(const struct sh_netting_set *set, uint64_t encounter,
                                        struct sh_str id_head, int64_t id_tail) {
    if (!may_be_netted(set, encounter))
        return NULL;
    const uint64_t key = netted_key(encounter, id_head, id_tail);
    size_t slot = key & (set->n_slots - 1);
    while (set->slots[slot].key != 0 && set->slots[slot].key != key)
        slot = (slot + 1) & (set->n_slots - 1);
    return set->slots[slot].key == key ? &set->slots[slot] : NULL;
}

void sh_netting_release(struct sh_netting_set *set) {
    sh_free(set->slots);
    sh_free(set->filter);
    *set = (struct sh_netting_set){0};
}

/* ---- columns
 * ----------------------------------------------------------------------------------------------------------------
 */

enum { V_QUANTITY, V_AMOUNT, V_COVERED, V_REFUND, V_COLUMNS };

static const int64_t *source(const struct sh_side *side, const char *name) {
    return side->columns[sh_lake_column(SH_TABLE_LINE, name)];
}

/* Room of a reader-made column, as large as the read ones are now. */
static sh_code make(struct sh_side *side, int column, size_t size, void **ret, struct sh_err *err) {
    size_t cap = 0;
    sh_free(side->columns[column]);
    side->columns[column] = NULL;
    SH_TRY(sh_grow(&side->columns[column], &cap, side->n > 0 ? side->n : 1, size, (size_t)1 << 31, err));
    *ret = side->columns[column];
    return SH_OK;
}

/* Covered as charged; where the source is silent, the amount without what the patient bears, if all parts are
 * known. */
static sh_code charged_covered(struct sh_side *side, int column, const int64_t **ret, struct sh_err *err) {
    const int64_t *given = source(side, "charged_covered");
    size_t i = 0;
    *ret = given;
    while (i < side->n && given[i] != SH_MISSING)
        i++;
    if (i == side->n)
        return SH_OK;
    void *to;
    SH_TRY(make(side, column, sizeof(int64_t), &to, err));
    int64_t *covered = to;
    const int64_t *amount = source(side, "charged_amount");
    const int64_t *parts[3] = {source(side, "self_paid"), source(side, "over_ceiling"),
                               source(side, "prepaid")};
    memcpy(covered, given, side->n * sizeof *covered);
    for (; i < side->n; i++) {
        if (given[i] != SH_MISSING)
            continue;
        int64_t rest = amount[i];
        for (size_t p = 0; p < 3; p++)
            if (rest == SH_MISSING || parts[p][i] == SH_MISSING || sh_sub(rest, parts[p][i], &rest) != SH_OK)
                rest = SH_MISSING;
        covered[i] = rest;
    }
    *ret = covered;
    return SH_OK;
}

static void subtract(int64_t *value, int64_t taken) {
    if (*value == SH_MISSING || taken == SH_MISSING || sh_sub(*value, taken, value) != SH_OK)
        *value = SH_MISSING;
}

/* What the netting of a line takes from its values; those not selected are NULL. */
static void patch_row(int64_t *const values[3], size_t row, const struct sh_netted *netted) {
    if (netted->refund_line == 2)
        return;
    for (int v = 0; v < 3; v++) {
        const int64_t taken = v == V_QUANTITY ? netted->quantity
                              : v == V_AMOUNT ? netted->amount
                                              : netted->covered;
        if (!values[v])
            continue;
        if (netted->refund_line == 1)
            values[v][row] = 0;
        else
            subtract(&values[v][row], taken);
    }
}

/* Arrays of the selected values that may be written to; a column of the file is copied first. */
static sh_code own_values(struct sh_reader *reader, struct sh_side *side, const void **out,
                          int64_t *values[3], struct sh_err *err) {
    for (int v = 0; v < 3; v++) {
        const int column = reader->virtual_from + v;
        void *to = side->columns[column];
        if (!out[v])
            continue;
        if (out[v] != to) {
            SH_TRY(make(side, column, sizeof(int64_t), &to, err));
            memcpy(to, out[v], side->n * sizeof(int64_t));
        }
        values[v] = to;
        out[v] = to;
    }
    return SH_OK;
}

static sh_code patch(struct sh_reader *reader, struct sh_side *side, const void **out, struct sh_err *err) {
    int64_t *values[3] = {0};
    int8_t *refunds = NULL;
    SH_TRY(own_values(reader, side, out, values, err));
    if (out[V_REFUND])
        refunds = side->columns[reader->virtual_from + V_REFUND];
    const int32_t *person = side->columns[SH_C_LEAD];
    const int64_t *encounter = source(side, "encounter_key");
    uint64_t hash = 0;
    bool may_be = false; /* lines of an encounter follow each other, and few encounters have refunds */
    for (size_t i = 0; i < side->n; i++) {
        if (i == 0 || encounter[i] != encounter[i - 1] || person[i] != person[i - 1]) {
            hash = sh_netted_encounter(person[i], encounter[i]);
            may_be = may_be_netted(&reader->nettings, hash);
        }
        if (!may_be)
            continue;
        const struct sh_netted *netted =
            sh_netting_find(&reader->nettings, hash, side->heads[i], side->tails[i]);
        if (!netted)
            continue;
        if (refunds)
            refunds[i] = netted->refund_line;
        patch_row(values, i, netted);
    }
    return SH_OK;
}

sh_code sh_reader_net(struct sh_reader *reader, struct sh_err *err) {
    struct sh_side *side = &reader->sides[SH_TABLE_LINE];
    const void *out[V_COLUMNS] = {NULL};
    const uint64_t selected = side->selected >> reader->virtual_from;
    if (side->n == 0)
        return SH_OK;
    if (selected >> V_QUANTITY & 1)
        out[V_QUANTITY] = source(side, "charged_quantity");
    if (selected >> V_AMOUNT & 1)
        out[V_AMOUNT] = source(side, "charged_amount");
    if (selected >> V_COVERED & 1) {
        const int64_t *covered;
        SH_TRY(charged_covered(side, reader->virtual_from + V_COVERED, &covered, err));
        out[V_COVERED] = covered;
    }
    if (selected >> V_REFUND & 1) {
        void *to;
        SH_TRY(make(side, reader->virtual_from + V_REFUND, 1, &to, err));
        memset(to, 0, side->n);
        out[V_REFUND] = to;
    }
    if (reader->nettings.n > 0)
        SH_TRY(patch(reader, side, out, err));
    for (int v = 0; v < V_COLUMNS; v++)
        side->out[reader->virtual_from + v] = out[v];
    return SH_OK;
}
