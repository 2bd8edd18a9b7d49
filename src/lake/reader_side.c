/* One table of the reader: a stream a file, merged by (lead, time, id bytes). */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/reader.h"
#include "lake/rows.h"
#include <duckdb.h>
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
           file->bucket_from <= reader->bucket && reader->bucket < file->bucket_to &&
           sh_manifest_known_day(&reader->lake->manifest, file->batch_from) <= reader->as_known;
}

static void find_superseded(struct sh_reader *reader, struct sh_side *side) {
    const struct sh_superseded *all = reader->lake->superseded.at;
    size_t ends[2] = {0, 0};
    for (uint32_t e = 0; e < 2; e++) {
        size_t low = 0, high = reader->lake->superseded.n;
        const uint64_t wanted = ((uint64_t)reader->bucket << 32 | (uint32_t)side->table) + e;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (((uint64_t)all[middle].bucket << 32 | all[middle].table) < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        ends[e] = low;
    }
    side->superseded = all ? all + ends[0] : NULL;
    side->n_superseded = ends[1] - ends[0];
}

static uint64_t needed_columns(struct sh_reader *reader, struct sh_side *side, size_t n_files,
                               bool drops_batches) {
    const struct sh_order order = sh_table_order(side->table);
    uint64_t read = side->selected & (bit(sh_stored_columns(side->table)) - 1);
    read |= bit(order.lead);
    if (n_files > 1)
        read |= bit(order.time) | bit(order.id);
    if (drops_batches || side->n_superseded > 0)
        read |= bit(SH_C_BATCH);
    if (side->n_superseded > 0) {
        uint8_t key[SH_LAKE_COLUMNS_MAX];
        const size_t n = sh_key_columns(side->table, false, key);
        for (size_t i = 0; i < n; i++)
            read |= bit(key[i]);
    }
    (void)reader;
    return read;
}

static sh_code open_stream(struct sh_reader *reader, struct sh_side *side, const struct sh_lake_file *file,
                           struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_stream *stream = &side->streams[side->n_streams];
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, reader->lake->dir, file->path, err));
    (void)sh_buf_add_text(&sql, "SELECT ");
    uint8_t at = 0;
    for (uint64_t mask = side->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        if (at > 0)
            (void)sh_buf_add_char(&sql, ',');
        sh_sql_name(&sql, sh_lake_schema[side->table].columns[c].name);
        side->position[c] = at++;
    }
    (void)sh_buf_add_text(&sql, " FROM read_parquet(");
    sh_sql_text(&sql, sh_str_of(path));
    (void)sh_buf_add_text(&sql, ")");
    if (file->bucket_to - file->bucket_from > 1)
        (void)sh_buf_addf(&sql, " WHERE bucket = %" PRIu32, reader->bucket);
    SH_TRY(sh_buf_check(&sql, err));
    side->n_streams++;
    SH_TRY(sh_duck_connect(reader->lake->duck, &stream->connection, err));
    SH_TRY(sh_scan_open(stream->connection, sql.at, &stream->scan, err));
    for (uint32_t b = file->batch_from; b <= file->batch_to && reader->as_known < INT32_MAX; b++)
        stream->drops_batches |=
            b != file->batch_from && sh_manifest_known_day(&reader->lake->manifest, b) > reader->as_known;
    if (stream->drops_batches || side->n_superseded > 0)
        stream->drop = sh_alloc_array(reader->vector, 1);
    const bool needs_drop = stream->drops_batches || side->n_superseded > 0;
    if (side->merges) {
        stream->time = sh_alloc_array(reader->vector, sizeof(int64_t));
        stream->id = sh_alloc_array(reader->vector, sizeof(struct sh_str));
    }
    if ((needs_drop && !stream->drop) || (side->merges && (!stream->time || !stream->id)))
        return sh_fail(err, SH_E_NOMEM, "no room to read %s", path);
    return SH_OK;
}

static sh_code next_chunk(struct sh_reader *reader, struct sh_side *side, struct sh_stream *stream,
                          struct sh_err *err);

sh_code sh_side_open(struct sh_reader *reader, struct sh_side *side, struct sh_err *err) {
    const struct sh_manifest *manifest = &reader->lake->manifest;
    size_t n = 0;
    uint64_t rows = 0;
    bool drops_batches = false;
    find_superseded(reader, side);
    for (size_t i = 0; i < manifest->n_files; i++) {
        const struct sh_lake_file *file = &manifest->files[i];
        if (!file_matters(reader, side, file))
            continue;
        n++;
        rows += file->rows / (file->bucket_to - file->bucket_from);
        drops_batches |= reader->as_known < INT32_MAX && file->batch_to != file->batch_from;
    }
    side->merges = n > 1;
    side->expected = rows < reader->max_rows ? (size_t)rows : reader->max_rows;
    side->expected += side->expected / 8 + 1; /* of the last person */
    side->read |= needed_columns(reader, side, n, drops_batches);
    side->streams = sh_alloc_array(n, sizeof *side->streams);
    if (!side->streams)
        return sh_fail(err, SH_E_NOMEM, "no room to read %zu files", n);
    for (size_t i = 0; i < manifest->n_files; i++) {
        if (!file_matters(reader, side, &manifest->files[i]))
            continue;
        SH_TRY(open_stream(reader, side, &manifest->files[i], err));
        SH_TRY(next_chunk(reader, side, &side->streams[side->n_streams - 1], err));
    }
    return SH_OK;
}

static void destroy_chunk(void *chunk) {
    duckdb_data_chunk handle = chunk;
    duckdb_destroy_data_chunk(&handle);
}

void sh_side_clear(struct sh_side *side) {
    for (size_t i = 0; i < side->n_kept; i++)
        destroy_chunk(side->kept[i]);
    side->n_kept = 0;
    side->n = 0;
}

void sh_side_close(struct sh_side *side) {
    sh_side_clear(side);
    for (size_t i = 0; i < side->n_streams; i++) {
        struct sh_stream *stream = &side->streams[i];
        if (stream->chunk)
            destroy_chunk(stream->chunk);
        sh_scan_close(&stream->scan);
        sh_duck_disconnect(&stream->connection);
        sh_free(stream->drop);
        sh_free(stream->time);
        sh_free(stream->id);
    }
    for (size_t c = 0; c < SH_LAKE_COLUMNS_MAX; c++)
        sh_free(side->columns[c]);
    sh_free(side->streams);
    sh_free(side->person_begin);
    sh_free(side->kept);
}

/* ---- chunks of a stream
 * ---------------------------------------------------------------------------------------------------- */

static bool is_superseded(const struct sh_reader *reader, const struct sh_side *side, uint64_t row_key,
                          uint32_t batch) {
    size_t low = 0, high = side->n_superseded;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct sh_superseded *s = &side->superseded[middle];
        if (s->row_key < row_key || (s->row_key == row_key && s->old_batch < batch))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < side->n_superseded && side->superseded[low].row_key == row_key &&
           side->superseded[low].old_batch == batch;
         low++)
        if (sh_manifest_known_day(&reader->lake->manifest, side->superseded[low].new_batch) <=
            reader->as_known)
            return true;
    return false;
}

static sh_code mark_dropped(struct sh_reader *reader, struct sh_side *side, struct sh_stream *stream,
                            struct sh_err *err) {
    const struct sh_lake_table *table = &sh_lake_schema[side->table];
    const struct sh_row_keyer keyer = sh_row_keyer(side->table);
    const size_t n_key = side->n_superseded > 0 ? keyer.n[1] : 0;
    const uint8_t *key = keyer.columns[1];
    const void *columns[SH_LAKE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < n_key; i++) {
        const uint8_t c = key[i];
        if (!reader->scratch[c])
            reader->scratch[c] = sh_alloc_array(reader->vector, sizeof(struct sh_str));
        if (!reader->scratch[c])
            return sh_fail(err, SH_E_NOMEM, "no room for keys");
        sh_chunk_copy(stream->chunk, side->position[c], sh_physical_of(table->columns[c].type), 0, stream->n,
                      reader->scratch[c]);
        columns[c] = reader->scratch[c];
    }
    const int32_t *batch =
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(stream->chunk, side->position[SH_C_BATCH]));
    for (size_t i = 0; i < stream->n; i++) {
        stream->drop[i] =
            stream->drops_batches &&
            sh_manifest_known_day(&reader->lake->manifest, (uint32_t)batch[i]) > reader->as_known;
        if (!stream->drop[i] && n_key > 0)
            stream->drop[i] = is_superseded(reader, side, sh_row_key(&keyer, columns, i), (uint32_t)batch[i]);
    }
    return SH_OK;
}

static void copy_order(const struct sh_side *side, struct sh_stream *stream) {
    const struct sh_order order = sh_table_order(side->table);
    memset(stream->time, 0, stream->n * sizeof(int64_t));
    memset(stream->id, 0, stream->n * sizeof(struct sh_str));
    if (order.id >= 0)
        sh_chunk_copy(stream->chunk, side->position[order.id], SH_PSTR, 0, stream->n, stream->id);
    if (order.time < 0)
        return;
    if (sh_physical_of(sh_lake_schema[side->table].columns[order.time].type) == SH_P64) {
        sh_chunk_copy(stream->chunk, side->position[order.time], SH_P64, 0, stream->n, stream->time);
        return;
    }
    int32_t *days = (int32_t *)(void *)stream->time; /* widened in place, from the end */
    sh_chunk_copy(stream->chunk, side->position[order.time], SH_P32, 0, stream->n, days);
    for (size_t i = stream->n; i-- > 0;) {
        const int64_t day = days[i];
        memcpy(&stream->time[i], &day, sizeof day);
    }
}

/* Chunks with texts are kept until the rows they show are given up; the others go at once. */
static sh_code retire_chunk(struct sh_side *side, struct sh_stream *stream, struct sh_err *err) {
    if (!stream->chunk)
        return SH_OK;
    SH_TRY(sh_grow(&side->kept, &side->cap_kept, side->n_kept + 1, sizeof(void *), (size_t)1 << 30, err));
    side->kept[side->n_kept++] = stream->chunk;
    stream->chunk = NULL;
    return SH_OK;
}

static void skip_dropped(struct sh_stream *stream) {
    while (stream->drop && stream->at < stream->n && stream->drop[stream->at])
        stream->at++;
}

static sh_code next_chunk(struct sh_reader *reader, struct sh_side *side, struct sh_stream *stream,
                          struct sh_err *err) {
    do {
        SH_TRY(retire_chunk(side, stream, err));
        SH_TRY(sh_scan_next(&stream->scan, &stream->chunk, err));
        stream->at = stream->n = 0;
        if (!stream->chunk)
            return SH_OK;
        stream->n = duckdb_data_chunk_get_size(stream->chunk);
        stream->lead =
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(stream->chunk, side->position[SH_C_LEAD]));
        if (stream->drop)
            SH_TRY(mark_dropped(reader, side, stream, err));
        if (side->merges)
            copy_order(side, stream);
        skip_dropped(stream);
    } while (stream->at == stream->n);
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
    for (uint64_t mask = side->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        cap = side->cap;
        SH_TRY(sh_grow(&side->columns[c], &cap, need,
                       sh_physical_size(sh_physical_of(sh_lake_schema[side->table].columns[c].type)),
                       SIDE_ROWS_MAX, err));
    }
    side->cap = cap;
    return SH_OK;
}

static sh_code copy_run(struct sh_side *side, const struct sh_stream *stream, size_t from, size_t to,
                        struct sh_err *err) {
    SH_TRY(reserve(side, side->n + (to - from), err));
    for (uint64_t mask = side->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        const sh_physical physical = sh_physical_of(sh_lake_schema[side->table].columns[c].type);
        sh_chunk_copy(stream->chunk, side->position[c], physical, from, to - from,
                      (char *)side->columns[c] + side->n * sh_physical_size(physical));
    }
    side->n += to - from;
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
    return stream->at == stream->n ? next_chunk(reader, side, stream, err) : SH_OK;
}

static bool comes_before(const struct sh_stream *a, const struct sh_stream *b) {
    if (a->lead[a->at] != b->lead[b->at])
        return a->lead[a->at] < b->lead[b->at];
    if (a->time[a->at] != b->time[b->at])
        return a->time[a->at] < b->time[b->at];
    return sh_str_cmp(a->id[a->at], b->id[b->at]) <
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

/* The stream whose row is next, and the smallest lead of the others. NULL: none is left. */
static struct sh_stream *pick(struct sh_side *side, int32_t *ret_other) {
    struct sh_stream *best = NULL;
    *ret_other = INT32_MAX;
    bool has_other = false;
    for (size_t i = 0; i < side->n_streams; i++) {
        struct sh_stream *stream = &side->streams[i];
        if (!stream->chunk)
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
        struct sh_stream *stream = pick(side, &other);
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

bool sh_side_more(const struct sh_side *side) {
    for (size_t i = 0; i < side->n_streams; i++)
        if (side->streams[i].chunk)
            return true;
    return false;
}
