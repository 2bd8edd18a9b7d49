/* One table of the reader: streams over the files of a batch, merged by (lead, time, id bytes). */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/ids.h"
#include "lake/reader.h"
#include "lake/rows.h"
#include <inttypes.h>

#define SIDE_ROWS_MAX ((size_t)1 << 31)

/* ---- open
 * ----------------------------------------------------------------------------------------------------------------
 */

static uint64_t bit(int column) {
    return column < 0 ? 0 : 1ull << column;
}

static bool file_matters(const struct sh_reader *reader, const struct sh_side *side,
                         const struct sh_lake_file *file) {
    return file->kind == SH_FILE_DATA && file->what == (uint32_t)side->table &&
           file->bucket_from < reader->buckets.to && reader->buckets.from < file->bucket_to &&
           sh_manifest_known_day(&reader->lake->manifest, file->batch_from) <= reader->as_known;
}

/* Versions of rows of a table in a bucket that others replace. */
static const struct sh_superseded *find_superseded(const struct sh_reader *reader, enum sh_table table,
                                                   uint32_t bucket, size_t *ret_n) {
    const struct sh_superseded *all = reader->lake->superseded.at;
    size_t ends[2] = {0, 0};
    for (uint32_t e = 0; e < 2; e++) {
        size_t low = 0, high = reader->lake->superseded.n;
        const uint64_t wanted = ((uint64_t)bucket << 32 | (uint32_t)table) + e;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (((uint64_t)all[middle].bucket << 32 | all[middle].table) < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        ends[e] = low;
    }
    *ret_n = ends[1] - ends[0];
    return all ? all + ends[0] : NULL;
}

static bool has_superseded(const struct sh_reader *reader, enum sh_table table) {
    size_t n = 0;
    for (uint32_t b = reader->buckets.from; n == 0 && b < reader->buckets.to; b++)
        (void)find_superseded(reader, table, b, &n);
    return n > 0;
}

static uint64_t needed_columns(const struct sh_side *side, bool has_other_buckets, bool drops_batches) {
    const struct sh_order order = sh_table_order(side->table);
    uint64_t read = side->selected & (bit(sh_stored_columns(side->table)) - 1);
    read |= bit(order.lead);
    if (has_other_buckets)
        read |= bit(SH_C_BUCKET);
    if (side->merges)
        read |= bit(order.time) | (sh_has_split_id(side->table) ? 0 : bit(order.id));
    if (drops_batches || side->has_superseded)
        read |= bit(SH_C_BATCH);
    if (side->has_superseded) {
        uint8_t key[SH_LAKE_COLUMNS_MAX];
        const size_t n = sh_key_columns(side->table, false, key);
        for (size_t i = 0; i < n; i++)
            read |= bit(key[i]);
    }
    return read;
}

/* ---- chains: files one stream can read, one after the other: of the same batches, and each of buckets
 * behind those of the one before. A file that shares a bucket with an earlier one is in a later chain, so
 * that of equal rows the one of the earlier file comes first. */

struct chains {
    const struct sh_lake_file **files; /* [n_files], by batch, then bucket */
    size_t *chain;                     /* [n_files] */
    size_t n_files, n;
};

static void chains_release(struct chains *chains) {
    sh_free(chains->files);
    sh_free(chains->chain);
}

static bool same_batches(const struct sh_lake_file *a, const struct sh_lake_file *b) {
    return a->batch_from == b->batch_from && a->batch_to == b->batch_to;
}

/* First chain that may take file i. */
static size_t chain_of(const struct chains *chains, size_t i) {
    const struct sh_lake_file *file = chains->files[i];
    size_t chain = 0;
    for (size_t j = 0; j < i; j++)
        if (chains->files[j]->bucket_to > file->bucket_from &&
            chains->files[j]->bucket_from < file->bucket_to && chains->chain[j] >= chain)
            chain = chains->chain[j] + 1;
    for (size_t j = i; j-- > 0;) {
        const struct sh_lake_file *last = chains->files[j];
        if (chains->chain[j] != chain)
            continue;
        if (same_batches(last, file) && last->bucket_to <= file->bucket_from)
            return chain;
        chain++;
        j = i;
    }
    return chain;
}

static int by_batch(const void *a, const void *b) {
    const struct sh_lake_file *x = *(const struct sh_lake_file *const *)a,
                              *y = *(const struct sh_lake_file *const *)b;
    if (!same_batches(x, y))
        return x->batch_from != y->batch_from ? (x->batch_from < y->batch_from ? -1 : 1)
                                              : (x->batch_to < y->batch_to ? -1 : 1);
    if (x->bucket_from != y->bucket_from)
        return x->bucket_from < y->bucket_from ? -1 : 1;
    return x < y ? -1 : x > y; /* as the manifest has them */
}

static sh_code make_chains(const struct sh_reader *reader, const struct sh_side *side, struct chains *ret,
                           struct sh_err *err) {
    const struct sh_manifest *manifest = &reader->lake->manifest;
    size_t n = 0;
    for (size_t i = 0; i < manifest->n_files; i++)
        n += file_matters(reader, side, &manifest->files[i]);
    ret->files = sh_alloc_array(n, sizeof *ret->files);
    ret->chain = sh_alloc_array(n, sizeof *ret->chain);
    if (!ret->files || !ret->chain)
        return sh_fail(err, SH_E_NOMEM, "no room to read %zu files", n);
    for (size_t i = 0; i < manifest->n_files; i++)
        if (file_matters(reader, side, &manifest->files[i]))
            ret->files[ret->n_files++] = &manifest->files[i];
    if (n > 1)
        qsort(ret->files, n, sizeof *ret->files, by_batch);
    for (size_t i = 0; i < n; i++) {
        ret->chain[i] = chain_of(ret, i);
        ret->n = ret->chain[i] + 1 > ret->n ? ret->chain[i] + 1 : ret->n;
    }
    return SH_OK;
}

/* Columns to be read, in the order of their places in the batch. */
static size_t list_columns(struct sh_side *side, struct sh_pq_wanted *wanted) {
    uint8_t at = 0;
    for (uint64_t mask = side->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        const struct sh_lake_column *column = &sh_lake_schema[side->table].columns[c];
        wanted[at] = (struct sh_pq_wanted){column->name, sh_physical_of(column->type)};
        side->position[c] = at++;
    }
    if (side->splits) {
        wanted[at] = (struct sh_pq_wanted){"id_head", SH_PSTR};
        side->head_position = at++;
        wanted[at] = (struct sh_pq_wanted){"id_tail", SH_P64};
        side->tail_position = at++;
    }
    return at;
}

/* The files of a chain, as one scan. ret_first: one of them. */
static sh_code open_scan(const struct sh_reader *reader, struct sh_side *side, const struct chains *chains,
                         size_t chain, struct sh_pq_scan *scan, const struct sh_lake_file **ret_first,
                         struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_pq_wanted wanted[SH_LAKE_COLUMNS_MAX + 2];
    const char **paths = sh_new(&arena, const char *, chains->n_files + 1);
    size_t n = 0;
    *ret_first = NULL;
    if (!paths)
        return sh_fail(err, SH_E_NOMEM, "no room to read %zu files", chains->n_files);
    for (size_t i = 0; i < chains->n_files; i++) {
        const struct sh_lake_file *file = chains->files[i];
        char path[SH_PATH_BYTES_MAX];
        if (chains->chain[i] != chain)
            continue;
        SH_TRY(sh_path_join(path, reader->lake->dir, file->path, err));
        paths[n] = sh_arena_dup(&arena, path, strlen(path));
        if (!paths[n++])
            return sh_fail(err, SH_E_NOMEM, "no room to read %zu files", chains->n_files);
        *ret_first = *ret_first ? *ret_first : file;
    }
    const size_t n_columns = list_columns(side, wanted);
    SH_TRY(sh_pq_scan_open(scan, paths, n, wanted, n_columns, err));
    if (side->read >> SH_C_BUCKET & 1)
        sh_pq_scan_range(scan, side->position[SH_C_BUCKET], (int32_t)reader->buckets.from,
                         (int32_t)reader->buckets.to);
    return SH_OK;
}

/* Only what says which rows are wanted comes in batches. */
static sh_code read_late(struct sh_side *side, struct sh_stream *stream, struct sh_err *err) {
    bool late[SH_LAKE_COLUMNS_MAX + 2];
    for (size_t c = 0; c < stream->scan.n_columns; c++)
        late[c] = true;
    late[side->position[SH_C_LEAD]] = false;
    if (side->read >> SH_C_BUCKET & 1)
        late[side->position[SH_C_BUCKET]] = false;
    return sh_pq_scan_late(&stream->scan, late, err);
}

static sh_code open_stream(struct sh_reader *reader, struct sh_side *side, const struct chains *chains,
                           size_t chain, struct sh_err *err) {
    const struct sh_lake_file *first;
    struct sh_stream *stream = &side->streams[chain];
    side->n_streams++;
    SH_TRY(open_scan(reader, side, chains, chain, &stream->scan, &first, err));
    sh_check(first); /* no chain is empty */
    for (uint32_t b = first->batch_from; b <= first->batch_to && reader->as_known < INT32_MAX; b++)
        stream->drops_batches |=
            b != first->batch_from && sh_manifest_known_day(&reader->lake->manifest, b) > reader->as_known;
    const bool needs_drop = stream->drops_batches || side->has_superseded;
    side->is_late = !needs_drop && !side->merges;
    if (side->is_late)
        SH_TRY(read_late(side, stream, err));
    if (needs_drop)
        stream->drop = sh_alloc_array(SH_PQ_BATCH, 1);
    if (side->merges) {
        stream->time = sh_alloc_array(SH_PQ_BATCH, sizeof(int64_t));
        stream->id = sh_alloc_array(SH_PQ_BATCH, sizeof(struct sh_str));
        stream->tail = sh_alloc_array(SH_PQ_BATCH, sizeof(int64_t));
    }
    if ((needs_drop && !stream->drop) || (side->merges && (!stream->time || !stream->id || !stream->tail)))
        return sh_fail(err, SH_E_NOMEM, "no room to read %s", first->path);
    return SH_OK;
}

/* What the files say before they are read: how many rows, and which columns are needed besides those asked
 * for. */
static void look_at_files(const struct sh_reader *reader, struct sh_side *side, const struct chains *chains) {
    uint64_t rows = 0;
    bool drops_batches = false, has_other_buckets = reader->buckets.to - reader->buckets.from > 1;
    for (size_t i = 0; i < chains->n_files; i++) {
        const struct sh_lake_file *file = chains->files[i];
        has_other_buckets |= file->bucket_to - file->bucket_from > 1;
        rows += file->rows / (file->bucket_to - file->bucket_from);
        drops_batches |= reader->as_known < INT32_MAX && file->batch_to != file->batch_from;
    }
    side->merges = chains->n > 1;
    side->has_superseded = has_superseded(reader, side->table);
    side->splits |= side->merges;
    side->splits &= sh_has_split_id(side->table);
    side->expected = rows < reader->max_rows ? (size_t)rows : reader->max_rows;
    side->expected += side->expected / 8 + 1; /* of the last person */
    side->read |= needed_columns(side, has_other_buckets, drops_batches);
    side->copied = side->read & (side->selected | ~(bit(SH_C_BUCKET) | bit(SH_C_BATCH)));
}

static sh_code next_rows(struct sh_reader *reader, struct sh_side *side, struct sh_stream *stream,
                         struct sh_err *err);

sh_code sh_side_open(struct sh_reader *reader, struct sh_side *side, struct sh_err *err) {
    SH_CLEANUP(chains_release) struct chains chains = {0};
    SH_TRY(make_chains(reader, side, &chains, err));
    look_at_files(reader, side, &chains);
    side->streams = sh_alloc_array(chains.n, sizeof *side->streams);
    if (!side->streams)
        return sh_fail(err, SH_E_NOMEM, "no room to read %zu files", chains.n_files);
    for (size_t i = 0; i < chains.n; i++) {
        SH_TRY(open_stream(reader, side, &chains, i, err));
        SH_TRY(next_rows(reader, side, &side->streams[i], err));
    }
    return SH_OK;
}

void sh_side_clear(struct sh_side *side) {
    side->n = 0;
    sh_arena_reset(&side->texts);
}

void sh_side_close(struct sh_side *side) {
    sh_side_clear(side);
    for (size_t i = 0; i < side->n_streams; i++) {
        struct sh_stream *stream = &side->streams[i];
        sh_pq_scan_close(&stream->scan);
        sh_free(stream->drop);
        sh_free(stream->time);
        sh_free(stream->id);
        sh_free(stream->tail);
    }
    for (size_t c = 0; c < SH_LAKE_COLUMNS_MAX; c++)
        sh_free(side->columns[c]);
    sh_free(side->heads);
    sh_free(side->tails);
    sh_arena_free(&side->texts);
    sh_free(side->streams);
    sh_free(side->person_begin);
}

/* ---- chunks of a stream
 * ---------------------------------------------------------------------------------------------------- */

/* Superseded versions of a bucket and table, sorted by row key and batch. */
struct replaced {
    const struct sh_superseded *at;
    size_t n;
};

static bool is_superseded(const struct sh_reader *reader, const struct replaced *replaced, uint64_t row_key,
                          uint32_t batch) {
    size_t low = 0, high = replaced->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct sh_superseded *s = &replaced->at[middle];
        if (s->row_key < row_key || (s->row_key == row_key && s->old_batch < batch))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < replaced->n && replaced->at[low].row_key == row_key && replaced->at[low].old_batch == batch;
         low++)
        if (sh_manifest_known_day(&reader->lake->manifest, replaced->at[low].new_batch) <= reader->as_known)
            return true;
    return false;
}

/* Values of a column for the rows from `at`. */
static const void *values_of(const struct sh_side *side, const struct sh_stream *stream, int c) {
    const size_t size = sh_physical_size(sh_physical_of(sh_lake_schema[side->table].columns[c].type));
    return (const char *)stream->scan.batch[side->position[c]] + stream->at * size;
}

/* Rows [at, n) of the stream's batch, all of one bucket. */
static void mark_dropped(const struct sh_reader *reader, const struct sh_side *side,
                         struct sh_stream *stream) {
    const struct sh_row_keyer keyer = sh_row_keyer(side->table);
    struct replaced replaced = {0};
    replaced.at = find_superseded(reader, side->table, stream->bucket, &replaced.n);
    const size_t n_key = replaced.n > 0 ? keyer.n[1] : 0, n = stream->n - stream->at;
    const uint8_t *key = keyer.columns[1];
    const void *columns[SH_LAKE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < n_key; i++)
        columns[key[i]] = values_of(side, stream, key[i]);
    const int32_t *batch = values_of(side, stream, SH_C_BATCH);
    uint8_t *drop = stream->drop + stream->at;
    for (size_t i = 0; i < n; i++) {
        drop[i] = stream->drops_batches &&
                  sh_manifest_known_day(&reader->lake->manifest, (uint32_t)batch[i]) > reader->as_known;
        if (!drop[i] && n_key > 0)
            drop[i] = is_superseded(reader, &replaced, sh_row_key(&keyer, columns, i), (uint32_t)batch[i]);
    }
}

static void copy_order(const struct sh_side *side, struct sh_stream *stream) {
    const struct sh_order order = sh_table_order(side->table);
    void *const *batch = stream->scan.batch;
    const size_t n = stream->all;
    memset(stream->time, 0, n * sizeof(int64_t));
    memset(stream->id, 0, n * sizeof(struct sh_str));
    for (size_t i = 0; i < n; i++)
        stream->tail[i] = SH_MISSING;
    if (side->splits) {
        memcpy(stream->id, batch[side->head_position], n * sizeof(struct sh_str));
        memcpy(stream->tail, batch[side->tail_position], n * sizeof(int64_t));
    } else if (order.id >= 0) {
        memcpy(stream->id, batch[side->position[order.id]], n * sizeof(struct sh_str));
    }
    if (order.time < 0)
        return;
    const void *times = batch[side->position[order.time]];
    if (sh_physical_of(sh_lake_schema[side->table].columns[order.time].type) == SH_P64)
        memcpy(stream->time, times, n * sizeof(int64_t));
    else
        for (size_t i = 0; i < n; i++)
            stream->time[i] = ((const int32_t *)times)[i];
}

static void skip_dropped(struct sh_stream *stream) {
    while (stream->drop && stream->at < stream->n && stream->drop[stream->at])
        stream->at++;
}

static sh_code next_batch(struct sh_side *side, struct sh_stream *stream, struct sh_err *err) {
    uint32_t n;
    SH_TRY(sh_pq_scan_next(&stream->scan, &n, err));
    stream->at = stream->n = 0;
    stream->all = n;
    stream->is_open = n > 0;
    if (n == 0)
        return SH_OK;
    stream->lead = stream->scan.batch[side->position[SH_C_LEAD]];
    stream->buckets = side->read >> SH_C_BUCKET & 1 ? stream->scan.batch[side->position[SH_C_BUCKET]] : NULL;
    if (side->merges)
        copy_order(side, stream);
    return SH_OK;
}

/* End of the rows of the bucket that begins at `from`. */
static size_t end_of_bucket(const struct sh_stream *stream, size_t from) {
    size_t low = from + 1, high = stream->all;
    if (!stream->buckets || stream->buckets[high - 1] == stream->buckets[from])
        return high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (stream->buckets[middle] == stream->buckets[from])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The rows behind those that are used up: of the next bucket in the batch, or of the next batch. */
static sh_code next_rows(struct sh_reader *reader, struct sh_side *side, struct sh_stream *stream,
                         struct sh_err *err) {
    while (stream->at == stream->n) {
        if (stream->n == stream->all)
            SH_TRY(next_batch(side, stream, err));
        if (!stream->is_open)
            return SH_OK;
        const uint32_t bucket = stream->buckets ? (uint32_t)stream->buckets[stream->n] : reader->buckets.from;
        const size_t end = end_of_bucket(stream, stream->n);
        if (bucket < reader->buckets.from || bucket >= reader->buckets.to) {
            stream->at = stream->n = end; /* a neighbour in the same row group */
            continue;
        }
        if (bucket < reader->bucket)
            return sh_fail(err, SH_E_CORRUPT,
                           "%s: rows of bucket %" PRIu32 " where those of %" PRIu32 " and later are due",
                           sh_lake_schema[side->table].name, bucket, reader->bucket);
        stream->bucket = bucket;
        stream->n = end;
        if (stream->drop)
            mark_dropped(reader, side, stream);
        skip_dropped(stream);
    }
    return SH_OK;
}

/* ---- rows
 * -------------------------------------------------------------------------------------------------------------------
 */

static sh_code reserve(struct sh_side *side, size_t need, struct sh_err *err) {
    if (need <= side->cap)
        return SH_OK;
    size_t cap = side->cap;
    if (side->cap == 0 && need < side->expected)
        need = side->expected;
    for (uint64_t mask = side->copied; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        cap = side->cap;
        SH_TRY(sh_grow(&side->columns[c], &cap, need,
                       sh_physical_size(sh_physical_of(sh_lake_schema[side->table].columns[c].type)),
                       SIDE_ROWS_MAX, err));
    }
    if (side->splits) {
        cap = side->cap;
        SH_TRY(sh_grow(&side->heads, &cap, need, sizeof *side->heads, SIDE_ROWS_MAX, err));
        cap = side->cap;
        SH_TRY(sh_grow(&side->tails, &cap, need, sizeof *side->tails, SIDE_ROWS_MAX, err));
    }
    side->cap = cap;
    return SH_OK;
}

/* Texts behind the rows that are there. Those of rows behind one another are often the same, which is kept
 * once. */
static sh_code copy_texts(struct sh_side *side, const struct sh_str *from, struct sh_str *column, size_t n,
                          struct sh_err *err) {
    struct sh_str *to = column + side->n;
    struct sh_str last = side->n > 0 ? to[-1] : (struct sh_str){0};
    struct sh_str seen = {0}; /* where the last one was read: most often the next is the same entry */
    for (size_t i = 0; i < n; i++) {
        const struct sh_str text = from[i]; /* from and to may be the same array */
        if (text.len > 0 && text.at == seen.at && text.len == seen.len) {
            to[i] = last;
            continue;
        }
        to[i] = (struct sh_str){0};
        if (text.len == 0)
            continue;
        if (!sh_str_eq(text, last)) {
            last.at = sh_arena_dup(&side->texts, text.at, text.len);
            last.len = text.len;
            if (!last.at)
                return sh_fail(err, SH_E_NOMEM, "no room for the texts of a chunk");
        }
        seen = text;
        to[i] = last;
    }
    return SH_OK;
}

/* Values of rows [from, to) of the batch behind those that are there, without a copy on the way. */
static sh_code take_late(struct sh_side *side, struct sh_stream *stream, size_t from, size_t to,
                         struct sh_err *err) {
    const size_t n = to - from;
    void *into[SH_LAKE_COLUMNS_MAX + 2];
    for (size_t c = 0; c < stream->scan.n_columns; c++)
        into[c] = stream->scan.batch[c]; /* read, but nobody's */
    for (uint64_t mask = side->copied; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        const sh_physical physical = sh_physical_of(sh_lake_schema[side->table].columns[c].type);
        into[side->position[c]] = (char *)side->columns[c] + side->n * sh_physical_size(physical);
    }
    if (side->splits) {
        into[side->head_position] = side->heads + side->n;
        into[side->tail_position] = side->tails + side->n;
    }
    SH_TRY(sh_pq_scan_take(&stream->scan, (uint32_t)from, (uint32_t)to, into, err));
    for (uint64_t mask = side->copied; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        const uint8_t at = side->position[c];
        const sh_physical physical = sh_physical_of(sh_lake_schema[side->table].columns[c].type);
        const size_t size = sh_physical_size(physical);
        if (!stream->scan.late[at])
            memcpy(into[at], (const char *)stream->scan.batch[at] + from * size, n * size);
        else if (physical == SH_PSTR)
            SH_TRY(copy_texts(side, into[at], side->columns[c], n, err));
    }
    if (side->splits)
        SH_TRY(copy_texts(side, into[side->head_position], side->heads, n, err));
    side->n += n;
    return SH_OK;
}

static sh_code copy_run(struct sh_side *side, struct sh_stream *stream, size_t from, size_t to,
                        struct sh_err *err) {
    const size_t n = to - from;
    void *const *batch = stream->scan.batch;
    SH_TRY(reserve(side, side->n + n, err));
    if (side->is_late)
        return take_late(side, stream, from, to, err);
    for (uint64_t mask = side->copied; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        const sh_physical physical = sh_physical_of(sh_lake_schema[side->table].columns[c].type);
        const size_t size = sh_physical_size(physical);
        const char *values = (const char *)batch[side->position[c]] + from * size;
        if (physical == SH_PSTR)
            SH_TRY(copy_texts(side, (const struct sh_str *)(const void *)values, side->columns[c], n, err));
        else
            memcpy((char *)side->columns[c] + side->n * size, values, n * size);
    }
    if (side->splits) {
        SH_TRY(
            copy_texts(side, (const struct sh_str *)batch[side->head_position] + from, side->heads, n, err));
        memcpy(side->tails + side->n, (const int64_t *)batch[side->tail_position] + from,
               n * sizeof(int64_t));
    }
    side->n += n;
    return SH_OK;
}

/* Copy rows [at, to) without the dropped ones and move behind them. */
static sh_code take(struct sh_reader *reader, struct sh_side *side, struct sh_stream *stream, size_t to,
                    struct sh_err *err) {
    if (!stream->drop)
        SH_TRY(copy_run(side, stream, stream->at, to, err));
    for (size_t from = stream->at, end; stream->drop && from < to; from = end) {
        while (from < to && stream->drop[from])
            from++;
        for (end = from; end < to && !stream->drop[end]; end++)
            ;
        if (end > from)
            SH_TRY(copy_run(side, stream, from, end, err));
    }
    stream->at = to;
    skip_dropped(stream);
    return next_rows(reader, side, stream, err);
}

static bool comes_before(const struct sh_stream *a, const struct sh_stream *b) {
    if (a->lead[a->at] != b->lead[b->at])
        return a->lead[a->at] < b->lead[b->at];
    if (a->time[a->at] != b->time[b->at])
        return a->time[a->at] < b->time[b->at];
    return sh_id_compare(a->id[a->at], a->tail[a->at], b->id[b->at], b->tail[b->at]) <
           0; /* equal: the earlier file first, as it is asked first */
}

/* First row behind `at` whose lead is above `lead`. */
static size_t end_of_lead(const struct sh_stream *stream, int32_t lead) {
    size_t low = stream->at, high = stream->n;
    if (stream->lead[high - 1] <= lead)
        return high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (stream->lead[middle] <= lead)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_here(const struct sh_reader *reader, const struct sh_stream *stream) {
    return stream->is_open && stream->bucket == reader->bucket;
}

/* The stream whose row is next, and the smallest lead of the others. NULL: none is left. */
static struct sh_stream *pick(const struct sh_reader *reader, struct sh_side *side, int32_t *ret_other) {
    struct sh_stream *best = NULL;
    *ret_other = INT32_MAX;
    bool has_other = false;
    for (size_t i = 0; i < side->n_streams; i++) {
        struct sh_stream *stream = &side->streams[i];
        if (!is_here(reader, stream))
            continue;
        const struct sh_stream *other = stream;
        if (!best || comes_before(stream, best))
            other = best, best = stream;
        if (!other)
            continue;
        const int32_t lead = other->lead[other->at];
        if (!has_other || lead < *ret_other)
            *ret_other = lead;
        has_other = true;
    }
    return best;
}

/* How far the best stream may be copied in one piece: its own leads below the others', else the one row that
 * is next. */
static size_t run_end(const struct sh_side *side, const struct sh_stream *stream, int32_t other,
                      int32_t last) {
    const int32_t lead = stream->lead[stream->at];
    if (!side->merges)
        return end_of_lead(stream, last);
    if (other == lead)
        return stream->at + 1;
    const int32_t below = other == INT32_MAX ? INT32_MAX : other - 1;
    return end_of_lead(stream, below < last ? below : last);
}

sh_code sh_side_pull(struct sh_reader *reader, struct sh_side *side, size_t limit, int32_t *last,
                     struct sh_err *err) {
    for (;;) {
        int32_t other;
        struct sh_stream *stream = pick(reader, side, &other);
        if (!stream || stream->lead[stream->at] > *last)
            return SH_OK;
        size_t to = run_end(side, stream, other, *last);
        if (limit > 0 && *last == INT32_MAX && side->n + (to - stream->at) >= limit) {
            /* The chunk ends with the person of the row that fills it. */
            const size_t room = limit > side->n ? limit - side->n : 1;
            *last = stream->lead[stream->at + room - 1];
            to = run_end(side, stream, other, *last);
        }
        SH_TRY(take(reader, side, stream, to, err));
    }
}

bool sh_side_more(const struct sh_reader *reader, const struct sh_side *side) {
    for (size_t i = 0; i < side->n_streams; i++)
        if (is_here(reader, &side->streams[i]))
            return true;
    return false;
}
