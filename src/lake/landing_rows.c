/* Rows: blocks of the spill are read back by bucket, get the ids of the lake, are sorted and written. */
#include "base/fs.h"
#include "base/mem.h"
#include "lake/landing.h"
#include "lake/rows.h"
#include <assert.h>
#include <inttypes.h>

/* Rows of a batch that go into one file of a small table, about. */
enum { ROWS_OF_A_SMALL_FILE = 131072, SMALL_FILES_MAX = 4 };

/* One file to be: buckets [from, to) of a table. */
struct row_task {
    enum sh_table table;
    uint32_t from, to;
};

struct row_phase {
    struct sh_landing *landing;
    struct row_task *tasks;
    size_t n_tasks, cap_tasks;
};

/* Rows that do more than land. */
struct special {
    uint32_t row;
    struct sh_old_version old;
};

struct load {
    struct sh_landing *landing;
    struct row_task task;
    struct sh_rows rows;
    uint8_t *verdicts; /* [rows.n] */
    uint32_t *order;   /* rows to be written */
    size_t n_order;
    struct special *specials;
    size_t n_specials, cap_specials;
    uint32_t *selection; /* of a block */
    char *scratch;       /* columns of a block */
    size_t scratch_cap;
};

static void load_release(struct load *load) {
    sh_rows_release(&load->rows);
    sh_free(load->verdicts);
    sh_free(load->order);
    sh_free(load->specials);
    sh_free(load->selection);
    sh_free(load->scratch);
}

/* ---- blocks to columns
 * -------------------------------------------------------------------------------------------------- */

static const struct sh_old_version *find_old(const struct sh_landing *landing, struct sh_old_version key) {
    size_t low = 0, high = landing->n_olds;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct sh_old_version *old = &landing->olds[middle];
        const bool before = old->table != key.table     ? old->table < key.table
                            : old->worker != key.worker ? old->worker < key.worker
                            : old->bucket != key.bucket ? old->bucket < key.bucket
                                                        : old->ordinal < key.ordinal;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low < landing->n_olds);
    return &landing->olds[low];
}

#define COPY(type)                                                                                           \
    for (size_t i = 0; i < n; i++)                                                                           \
        ((type *)to)[first + i] = ((const type *)(const void *)from)[select[i]];

static void copy_codes(const char *from, const uint32_t *select, size_t n, const int32_t *ids, int32_t *to) {
    for (size_t i = 0; i < n; i++) {
        const int32_t local = ((const int32_t *)(const void *)from)[select[i]];
        to[i] = local == SH_MISSING_I32 ? local : ids[local];
    }
}

static void copy_texts(const char *from, const uint32_t *select, size_t n, const char *heap,
                       struct sh_str *to) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t place = ((const uint64_t *)(const void *)from)[select[i]];
        to[i] = (struct sh_str){heap + (place >> 32), (uint32_t)place};
    }
}

static sh_code copy_column(struct load *load, unsigned worker, uint16_t c, const char *from, size_t n,
                           const char *heap, struct sh_err *err) {
    const struct sh_lake_column *column = &sh_lake_schema[load->task.table].columns[c];
    const size_t first = load->rows.n;
    const uint32_t *select = load->selection;
    void *to = sh_rows_column(&load->rows, c);
    if (!to)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rows", load->rows.cap);
    if (column->type == SH_COLUMN_CODE) {
        copy_codes(from, select, n, load->landing->ids[column->dict][worker], (int32_t *)to + first);
        return SH_OK;
    }
    switch (sh_physical_of(column->type)) {
    case SH_P8:
        COPY(int8_t)
        break;
    case SH_P32:
        COPY(int32_t)
        break;
    case SH_P64:
        COPY(int64_t)
        break;
    case SH_PSTR:
    default:
        copy_texts(from, select, n, heap, (struct sh_str *)to + first);
        break;
    }
    return SH_OK;
}

/* Rows of a block that do anything: their numbers, verdicts, and older versions. */
static sh_code select_rows(struct load *load, unsigned worker, const struct sh_spill_block *block,
                           uint32_t ordinal, size_t *ret_n, struct sh_err *err) {
    const uint8_t *verdicts =
        sh_landing_verdicts(load->landing, worker, load->task.table, block->part) + ordinal;
    size_t n = 0;
    for (uint32_t i = 0; i < block->n; i++) {
        if (verdicts[i] == SH_ROW_REPEATED)
            continue;
        const uint32_t row = (uint32_t)(load->rows.n + n);
        load->verdicts[row] = verdicts[i];
        load->selection[n++] = i;
        if (verdicts[i] != SH_ROW_CORRECTS && verdicts[i] != SH_ROW_WITHDRAWS)
            continue;
        const struct sh_old_version key = {.table = (uint16_t)load->task.table,
                                           .worker = (uint16_t)worker,
                                           .bucket = block->part,
                                           .ordinal = ordinal + i};
        SH_TRY(sh_grow(&load->specials, &load->cap_specials, load->n_specials + 1, sizeof *load->specials,
                       (size_t)1 << 32, err));
        load->specials[load->n_specials++] = (struct special){row, *find_old(load->landing, key)};
    }
    *ret_n = n;
    return SH_OK;
}

static sh_code read_block(struct load *load, unsigned worker, const struct sh_spill_block *block,
                          size_t columns_bytes, char **ret_heap, struct sh_err *err) {
    const struct sh_spill *spill = &load->landing->workers[worker].spill;
    SH_TRY(sh_grow(&load->scratch, &load->scratch_cap, columns_bytes, 1, (size_t)1 << 34, err));
    struct sh_spill_block columns = *block, heap = *block;
    columns.bytes = columns_bytes;
    heap.offset += columns_bytes;
    heap.bytes -= columns_bytes;
    SH_TRY(sh_spill_read(spill, &columns, load->scratch, err));
    *ret_heap = sh_arena_alloc(&load->rows.arena, heap.bytes, 1);
    if (!*ret_heap)
        return sh_fail(err, SH_E_NOMEM, "no room for the texts of %zu rows", load->rows.cap);
    return sh_spill_read(spill, &heap, *ret_heap, err);
}

static sh_code take_block(struct load *load, unsigned worker, const struct sh_spill_block *block,
                          uint32_t ordinal, struct sh_err *err) {
    const struct sh_row_layout *layout = &load->landing->layout[load->task.table];
    size_t n, bytes = 8 * (size_t)block->n, at = 0;
    SH_TRY(select_rows(load, worker, block, ordinal, &n, err));
    if (n == 0)
        return SH_OK;
    for (uint16_t c = SH_C_VOID; c < layout->n_columns; c++)
        bytes += block->mask >> c & 1 ? sh_block_column_bytes(layout, c, block->n) : 0;
    char *heap = NULL;
    SH_TRY(read_block(load, worker, block, bytes, &heap, err));
    for (uint16_t c = SH_C_VOID; c < layout->n_columns; c++) {
        if (!(block->mask >> c & 1))
            continue;
        SH_TRY(copy_column(load, worker, c, load->scratch + at, n, heap, err));
        at += sh_block_column_bytes(layout, c, block->n);
    }
    int32_t *buckets = load->rows.columns[SH_C_BUCKET], *batches = load->rows.columns[SH_C_BATCH];
    for (size_t i = 0; i < n; i++) {
        uint64_t order;
        memcpy(&order, load->scratch + at + 8 * (size_t)load->selection[i], sizeof order);
        const uint64_t rank = load->landing->workers[worker].blocks[order >> 32].rank;
        load->rows.tie[load->rows.n + i] = rank << 32 | (order & 0xffffffffu);
        buckets[load->rows.n + i] = block->part;
        batches[load->rows.n + i] = (int32_t)load->landing->batch;
    }
    load->rows.n += n;
    return SH_OK;
}

static size_t count_rows(const struct load *load, uint32_t *ret_block_max) {
    size_t n = 0;
    for (unsigned w = 0; w < load->landing->threads; w++) {
        const struct sh_landing_worker *worker = &load->landing->workers[w];
        for (uint32_t b = load->task.from; worker->rows[load->task.table] && b < load->task.to; b++) {
            const uint8_t *verdicts = sh_landing_verdicts(load->landing, w, load->task.table, b);
            for (uint32_t i = 0; i < worker->rows[load->task.table][b].flushed; i++)
                n += verdicts[i] != SH_ROW_REPEATED;
        }
    }
    *ret_block_max = load->landing->buffer_rows;
    return n;
}

static sh_code load_rows(struct load *load, struct sh_err *err) {
    struct sh_landing *landing = load->landing;
    uint32_t block_max;
    const size_t n = count_rows(load, &block_max);
    SH_TRY(sh_rows_reserve(&load->rows, load->task.table, n, err));
    load->rows.tie = sh_alloc_array(n, sizeof(uint64_t));
    load->verdicts = sh_alloc_array(n, 1);
    load->selection = sh_alloc_array(block_max, sizeof(uint32_t));
    load->order = sh_alloc_array(n, sizeof(uint32_t));
    if (!load->rows.tie || !load->verdicts || !load->selection || !load->order ||
        !sh_rows_column(&load->rows, SH_C_BUCKET) || !sh_rows_column(&load->rows, SH_C_BATCH) ||
        !sh_rows_column(&load->rows, SH_C_LEAD))
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rows", n);
    SH_CLEANUP(sh_free_at) uint32_t *ordinal = sh_alloc_array(landing->buckets, sizeof *ordinal);
    if (!ordinal)
        return sh_fail(err, SH_E_NOMEM, "no room for %" PRIu32 " buckets", landing->buckets);
    for (unsigned w = 0; w < landing->threads; w++) {
        const struct sh_spill *spill = &landing->workers[w].spill;
        memset(ordinal, 0, landing->buckets * sizeof *ordinal);
        for (size_t i = 0; i < spill->n; i++) {
            const struct sh_spill_block *block = &spill->blocks[i];
            if (block->kind != SH_SPILL_ROWS || block->table != load->task.table ||
                block->part < load->task.from || block->part >= load->task.to)
                continue;
            SH_TRY(take_block(load, w, block, ordinal[block->part], err));
            ordinal[block->part] += block->n;
        }
    }
    assert(load->rows.n == n);
    return SH_OK;
}

/* ---- what else the rows say
 * ------------------------------------------------------------------------------------------------ */

static sh_code note_specials(struct load *load, struct sh_err *err) {
    struct sh_landing *landing = load->landing;
    uint8_t key[SH_LAKE_COLUMNS_MAX];
    if (load->n_specials == 0)
        return SH_OK;
    const size_t n_key = sh_key_columns(load->task.table, false, key);
    for (size_t i = 0; i < n_key; i++)
        if (!sh_rows_column(&load->rows, key[i]))
            return sh_fail(err, SH_E_NOMEM, "no room for the keys of %zu rows", load->rows.n);
    const int encounter = sh_lake_column(load->task.table, "encounter_key");
    const struct sh_row_keyer keyer = sh_row_keyer(load->task.table);
    (void)pthread_mutex_lock(&landing->lock);
    sh_code code =
        sh_grow(&landing->superseded, &landing->cap_superseded, landing->n_superseded + load->n_specials,
                sizeof *landing->superseded, (size_t)1 << 31, err);
    if (code == SH_OK)
        code = sh_grow(&landing->touched, &landing->cap_touched, landing->n_touched + load->n_specials,
                       sizeof *landing->touched, (size_t)1 << 31, err);
    for (size_t i = 0; i < load->n_specials && code == SH_OK; i++) {
        const struct special *special = &load->specials[i];
        if (special->old.was == SH_KEY_WITHDRAWN)
            continue; /* that one is gone already */
        const bool withdraws = load->verdicts[special->row] == SH_ROW_WITHDRAWS;
        landing->superseded[landing->n_superseded++] = (struct sh_superseded){
            .bucket = special->old.old_bucket,
            .table = (uint32_t)load->task.table,
            .row_key = sh_row_key(&keyer, (const void *const *)load->rows.columns, special->row),
            .old_batch = special->old.batch,
            .new_batch = landing->batch,
            .state = withdraws ? SH_KEY_WITHDRAWN : SH_KEY_CORRECTED};
        if (load->task.table == SH_TABLE_LINE)
            landing->touched[landing->n_touched++] = (struct sh_touched){
                special->old.old_bucket, ((const int64_t *)load->rows.columns[encounter])[special->row]};
    }
    (void)pthread_mutex_unlock(&landing->lock);
    return code;
}

/* Rows to be written; encounters of refused ones are noted as incomplete. */
static sh_code split_rows(struct load *load, struct sh_err *err) {
    struct sh_landing *landing = load->landing;
    const int encounter = sh_lake_column(load->task.table, "encounter_key");
    sh_code code = SH_OK;
    for (uint32_t i = 0; i < load->rows.n && code == SH_OK; i++) {
        const uint8_t verdict = load->verdicts[i];
        if (verdict == SH_ROW_LANDS || verdict == SH_ROW_CORRECTS)
            load->order[load->n_order++] = i;
        if (verdict != SH_ROW_REJECTED || encounter < 0 || !load->rows.columns[encounter] ||
            landing->options->withdrawal)
            continue;
        (void)pthread_mutex_lock(&landing->lock);
        code = sh_grow(&landing->lost, &landing->cap_lost, landing->n_lost + 1, sizeof *landing->lost,
                       (size_t)1 << 31, err);
        if (code == SH_OK)
            landing->lost[landing->n_lost++] = (uint64_t)((const int64_t *)load->rows.columns[encounter])[i];
        (void)pthread_mutex_unlock(&landing->lock);
    }
    return code;
}

static sh_code note_days(struct load *load, struct sh_err *err) {
    struct sh_landing *landing = load->landing;
    const int c = sh_lake_column(load->task.table, "institution");
    const int32_t *institutions = c < 0 ? NULL : load->rows.columns[c];
    const uint32_t n = landing->dicts[SH_DICT_INSTITUTION].view.n;
    const struct sh_rows_days days = sh_rows_days(&load->rows);
    if (!institutions || load->n_order == 0)
        return SH_OK;
    SH_CLEANUP(sh_free_at) struct sh_coverage *seen = sh_alloc_array(n, sizeof *seen);
    if (!seen)
        return sh_fail(err, SH_E_NOMEM, "no room for the days of %" PRIu32 " institutions", n);
    for (uint32_t i = 0; i < n; i++)
        seen[i] = (struct sh_coverage){(uint32_t)load->task.table, (int32_t)i, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < load->n_order; i++) {
        const int32_t institution = institutions[load->order[i]], day = sh_rows_day(&days, load->order[i]);
        if (institution == SH_MISSING_I32 || day == INT32_MIN)
            continue;
        seen[institution].first = day < seen[institution].first ? day : seen[institution].first;
        seen[institution].last = day > seen[institution].last ? day : seen[institution].last;
    }
    sh_code code = SH_OK;
    (void)pthread_mutex_lock(&landing->lock);
    for (uint32_t i = 0; i < n && code == SH_OK; i++) {
        if (seen[i].first > seen[i].last)
            continue;
        code = sh_grow(&landing->coverage, &landing->cap_coverage, landing->n_coverage + 1, sizeof *seen,
                       (size_t)1 << 31, err);
        if (code == SH_OK)
            landing->coverage[landing->n_coverage++] = seen[i];
    }
    (void)pthread_mutex_unlock(&landing->lock);
    return code;
}

static sh_code write_rows(struct load *load, size_t worker, struct sh_err *err) {
    struct sh_landing *landing = load->landing;
    const char *path, *temp;
    char folder[64], suffix[64] = ".parquet";
    if (load->n_order == 0)
        return SH_OK;
    const bool is_bucket = load->task.to - load->task.from == 1,
               is_all = load->task.from == 0 && load->task.to == landing->buckets;
    if (!is_all)
        (void)snprintf(suffix, sizeof suffix, "-b%04" PRIu32 ".parquet", load->task.from);
    (void)snprintf(folder, sizeof folder, "data/%s", sh_lake_schema[load->task.table].name);
    SH_TRY(sh_landing_name(landing, folder, suffix, &path, &temp, err));
    SH_TRY(sh_rows_sort(&load->rows, load->order, load->n_order, err));
    struct sh_lake_file entry = {.kind = SH_FILE_DATA,
                                 .what = (uint32_t)load->task.table,
                                 .batch_from = landing->batch,
                                 .batch_to = landing->batch,
                                 .bucket_from = load->task.from,
                                 .bucket_to = load->task.to,
                                 .path = path};
    const struct sh_rows_target target = {.connection = landing->connections[worker],
                                          .path = temp,
                                          .row_group = is_bucket ? SH_ROW_GROUP_LARGE : SH_ROW_GROUP_SMALL};
    SH_TRY(sh_rows_write(&load->rows, load->order, load->n_order, &target, &entry, err));
    return sh_landing_add_file(landing, &entry, temp, err);
}

static sh_code run_task(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct row_phase *phase = ctx;
    SH_CLEANUP(load_release) struct load load = {.landing = phase->landing, .task = phase->tasks[task]};
    SH_TRY(load_rows(&load, err));
    SH_TRY(split_rows(&load, err));
    SH_TRY(note_specials(&load, err));
    SH_TRY(note_days(&load, err));
    return write_rows(&load, worker, err);
}

/* ---- which files
 * ----------------------------------------------------------------------------------------------------------------
 */

static sh_code add_task(struct row_phase *phase, struct row_task task, struct sh_err *err) {
    SH_TRY(sh_grow(&phase->tasks, &phase->cap_tasks, phase->n_tasks + 1, sizeof task, (size_t)1 << 24, err));
    phase->tasks[phase->n_tasks++] = task;
    return SH_OK;
}

/* The layout follows from the rows alone, never from the threads. */
static sh_code plan_table(struct row_phase *phase, enum sh_table table, struct sh_err *err) {
    const struct sh_landing *landing = phase->landing;
    const uint64_t n = landing->counts[table].landed + landing->counts[table].rejected;
    if (n == 0)
        return SH_OK;
    uint32_t files = landing->buckets;
    if (n < (uint64_t)SH_SMALL_BUCKET_ROWS * landing->buckets) {
        const uint64_t some = 1 + n / ROWS_OF_A_SMALL_FILE;
        files = some > SMALL_FILES_MAX ? SMALL_FILES_MAX : (uint32_t)some;
        files = files > landing->buckets ? landing->buckets : files;
    }
    for (uint32_t f = 0; f < files; f++)
        SH_TRY(add_task(phase,
                        (struct row_task){table, (uint32_t)((uint64_t)landing->buckets * f / files),
                                          (uint32_t)((uint64_t)landing->buckets * (f + 1) / files)},
                        err));
    return SH_OK;
}

static int by_sequence(const void *a, const void *b) {
    const struct sh_block_info *x = *(struct sh_block_info *const *)a, *y = *(struct sh_block_info *const *)b;
    return x->sequence == y->sequence ? 0 : x->sequence < y->sequence ? -1 : 1;
}

static sh_code rank_blocks(struct sh_landing *landing, struct sh_err *err) {
    size_t n = 0, at = 0;
    for (unsigned w = 0; w < landing->threads; w++)
        n += landing->workers[w].n_blocks;
    SH_CLEANUP(sh_free_at) struct sh_block_info **all = sh_alloc_array(n, sizeof(struct sh_block_info *));
    if (!all)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu blocks", n);
    for (unsigned w = 0; w < landing->threads; w++)
        for (size_t i = 0; i < landing->workers[w].n_blocks; i++)
            all[at++] = &landing->workers[w].blocks[i];
    if (n > 0)
        qsort(all, n, sizeof(struct sh_block_info *), by_sequence);
    for (size_t i = 0; i < n; i++)
        all[i]->rank = (uint32_t)i;
    return SH_OK;
}

sh_code sh_landing_rows(struct sh_landing *landing, struct sh_err *err) {
    struct row_phase phase = {.landing = landing};
    SH_TRY(rank_blocks(landing, err));
    sh_code code = plan_table(&phase, SH_TABLE_LINE, err); /* the largest first */
    for (enum sh_table t = 0; t < SH_TABLES && code == SH_OK; t++)
        if (t != SH_TABLE_LINE && t != SH_TABLE_NETTING)
            code = plan_table(&phase, t, err);
    if (code == SH_OK && phase.n_tasks > 0)
        code = sh_pool_run(landing->threads, phase.n_tasks, run_task, &phase, NULL, err);
    sh_free(phase.tasks);
    return code;
}
