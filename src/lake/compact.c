/*
 * Compact: the files of many batches become one a table, bucket and year, sorted anew, so that one person's
 * history is read in one go. No row is dropped: older versions stay, with their batch, for views as known on
 * a day. DuckDB sorts, and spills when it must.
 */
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/pool.h"
#include "lake/dict.h"
#include "lake/files.h"
#include "lake/intake.h"
#include "lake/keys.h"
#include "lake/parquet.h"
#include "lake/settle.h"
#include <assert.h>
#include <duckdb.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>

struct piece {
    enum sh_table table;
    uint32_t bucket;
};

struct compact {
    const char *dir;
    unsigned threads;
    struct sh_writer writer;
    struct sh_arena arena;
    struct sh_manifest before;
    bool *dropped;
    struct sh_duck *duck;
    void **connections;
    struct piece *pieces;
    size_t n_pieces, cap_pieces;
    struct sh_new_file *files;
    size_t n_files, cap_files;
    pthread_mutex_t lock; /* of files and arena while the pool runs */
};

static bool covers(const struct sh_lake_file *file, enum sh_table table, uint32_t bucket) {
    return file->kind == SH_FILE_DATA && file->what == (uint32_t)table && file->bucket_from <= bucket &&
           bucket < file->bucket_to;
}

static int year_of(int32_t day) {
    return sh_civil_of(day).year;
}

/* ---- what is worth it
 * -------------------------------------------------------------------------------------------------------- */

/* A bucket is in order when each of its files is its own and no two share a year. */
static bool is_in_order(const struct sh_manifest *manifest, enum sh_table table, uint32_t bucket) {
    const bool has_time = sh_table_order(table).time >= 0;
    for (size_t i = 0; i < manifest->n_files; i++) {
        const struct sh_lake_file *a = &manifest->files[i];
        if (!covers(a, table, bucket))
            continue;
        if (a->bucket_to - a->bucket_from > 1)
            return false;
        for (size_t k = i + 1; k < manifest->n_files; k++) {
            const struct sh_lake_file *b = &manifest->files[k];
            if (!covers(b, table, bucket))
                continue;
            if (!has_time || a->first_day > a->last_day || b->first_day > b->last_day ||
                (year_of(a->first_day) <= year_of(b->last_day) &&
                 year_of(b->first_day) <= year_of(a->last_day)))
                return false;
        }
    }
    return true;
}

static sh_code plan(struct compact *compact, struct sh_err *err) {
    const struct sh_manifest *manifest = &compact->before;
    for (enum sh_table t = 0; t < SH_TABLES; t++)
        for (uint32_t b = 0; b < manifest->buckets; b++) {
            if (is_in_order(manifest, t, b))
                continue;
            SH_TRY(sh_grow(&compact->pieces, &compact->cap_pieces, compact->n_pieces + 1,
                           sizeof *compact->pieces, (size_t)1 << 24, err));
            compact->pieces[compact->n_pieces++] = (struct piece){t, b};
            for (size_t i = 0; i < manifest->n_files; i++)
                if (covers(&manifest->files[i], t, b))
                    compact->dropped[i] = true;
        }
    return SH_OK;
}

/* ---- one table and bucket
 * -------------------------------------------------------------------------------------------------------- */

static sh_code new_file(struct compact *compact, struct sh_new_file file, struct sh_err *err) {
    (void)pthread_mutex_lock(&compact->lock);
    const sh_code code = sh_grow(&compact->files, &compact->cap_files, compact->n_files + 1, sizeof file,
                                 (size_t)1 << 24, err);
    if (code == SH_OK)
        compact->files[compact->n_files++] = file;
    (void)pthread_mutex_unlock(&compact->lock);
    return code;
}

static sh_code name_file(struct compact *compact, const char *folder, const char *suffix,
                         struct sh_new_file *file, struct sh_err *err) {
    (void)pthread_mutex_lock(&compact->lock);
    file->entry.path = sh_arena_printf(&compact->arena, NULL, "%s/c%08" PRIu64 "-%s%s", folder,
                                       compact->before.number + 1, compact->writer.tag, suffix);
    file->temp_path = sh_arena_printf(&compact->arena, NULL, "%s/%s%s", compact->writer.temp_dir,
                                      strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder, suffix);
    (void)pthread_mutex_unlock(&compact->lock);
    return file->entry.path && file->temp_path ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a file name");
}

/* "read_parquet([…], filename = true, file_row_number = true) WHERE bucket = b" */
static void from_files(const struct compact *compact, struct piece piece, struct sh_buf *sql) {
    bool any = false;
    (void)sh_buf_add_text(sql, " FROM read_parquet([");
    for (size_t i = 0; i < compact->before.n_files; i++) {
        char path[SH_PATH_BYTES_MAX];
        if (!covers(&compact->before.files[i], piece.table, piece.bucket))
            continue;
        if (sh_path_join(path, compact->dir, compact->before.files[i].path, NULL) != SH_OK)
            sql->failed = SH_E_LIMIT;
        if (any)
            (void)sh_buf_add_char(sql, ',');
        sh_sql_text(sql, sh_str_of(path));
        any = true;
    }
    (void)sh_buf_addf(sql, "], filename = true, file_row_number = true) WHERE bucket = %" PRIu32,
                      piece.bucket);
}

/* Numbers of a one-row query. */
static sh_code query_numbers(void *connection, const char *sql, int64_t *ret, size_t n, struct sh_err *err) {
    SH_CLEANUP(sh_scan_close) struct sh_scan scan = {0};
    void *chunk = NULL;
    SH_TRY(sh_scan_open(connection, sql, &scan, err));
    SH_TRY(sh_scan_next(&scan, &chunk, err));
    if (!chunk)
        return sh_fail(err, SH_E_CORRUPT, "DuckDB gives no answer to %.200s", sql);
    for (size_t c = 0; c < n; c++)
        sh_chunk_copy(chunk, c, SH_P64, 0, 1, &ret[c]);
    duckdb_data_chunk handle = chunk;
    duckdb_destroy_data_chunk(&handle);
    return SH_OK;
}

static const char *time_name(enum sh_table table) {
    const int c = sh_table_order(table).time;
    return c < 0 ? NULL : sh_lake_schema[table].columns[c].name;
}

static bool time_is_date(enum sh_table table) {
    const int c = sh_table_order(table).time;
    return c >= 0 && sh_physical_of(sh_lake_schema[table].columns[c].type) == SH_P32;
}

/* Rows, fen, first and last day of a file just written. */
static sh_code measure(void *connection, enum sh_table table, struct sh_new_file *file, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    const int amount = sh_main_amount_column(table);
    const char *time = time_name(table);
    int64_t numbers[4];
    (void)sh_buf_add_text(&sql, "SELECT count(*)::BIGINT, coalesce(sum(");
    if (amount >= 0)
        sh_sql_name(&sql, sh_lake_schema[table].columns[amount].name);
    else
        (void)sh_buf_add_text(&sql, "0");
    (void)sh_buf_add_text(&sql, "), 0)::BIGINT");
    for (size_t k = 0; k < 2; k++) {
        (void)sh_buf_addf(&sql, ", %s(", k == 0 ? "min" : "max");
        if (time)
            sh_sql_name(&sql, time);
        else
            (void)sh_buf_add_text(&sql, "NULL");
        (void)sh_buf_add_text(&sql, ")::BIGINT");
    }
    (void)sh_buf_add_text(&sql, " FROM read_parquet(");
    sh_sql_text(&sql, sh_str_of(file->temp_path));
    (void)sh_buf_add_text(&sql, ")");
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(query_numbers(connection, sql.at, numbers, 4, err));
    file->entry.rows = (uint64_t)numbers[0];
    file->entry.fen = numbers[1];
    file->entry.first_day = INT32_MAX, file->entry.last_day = INT32_MIN;
    if (numbers[2] != SH_MISSING) {
        file->entry.first_day = time_is_date(table) ? (int32_t)numbers[2] : sh_day_of_time(numbers[2]);
        file->entry.last_day = time_is_date(table) ? (int32_t)numbers[3] : sh_day_of_time(numbers[3]);
    }
    return SH_OK;
}

static void order_by(enum sh_table table, struct sh_buf *sql) {
    const struct sh_order order = sh_table_order(table);
    const struct sh_lake_column *columns = sh_lake_schema[table].columns;
    (void)sh_buf_add_text(sql, " ORDER BY ");
    sh_sql_name(sql, columns[order.lead].name);
    const int then[2] = {order.time, order.id};
    for (size_t k = 0; k < 2; k++)
        if (then[k] >= 0) {
            (void)sh_buf_add_char(sql, ',');
            sh_sql_name(sql, columns[then[k]].name);
            (void)sh_buf_add_text(sql, " NULLS FIRST");
        }
    (void)sh_buf_add_text(sql, ", batch, filename, file_row_number");
}

/* year INT32_MIN: rows without a time; INT32_MAX: all rows. */
static sh_code write_piece(struct compact *compact, struct piece piece, int year, void *connection,
                           struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    char folder[64], suffix[64];
    const char *time = time_name(piece.table);
    struct sh_new_file file = {.entry = {.kind = SH_FILE_DATA,
                                         .what = (uint32_t)piece.table,
                                         .bucket_from = piece.bucket,
                                         .bucket_to = piece.bucket + 1,
                                         .batch_from = UINT32_MAX}};
    for (size_t i = 0; i < compact->before.n_files; i++) {
        const struct sh_lake_file *old = &compact->before.files[i];
        if (!covers(old, piece.table, piece.bucket))
            continue;
        file.entry.batch_from =
            old->batch_from < file.entry.batch_from ? old->batch_from : file.entry.batch_from;
        file.entry.batch_to = old->batch_to > file.entry.batch_to ? old->batch_to : file.entry.batch_to;
    }
    (void)snprintf(folder, sizeof folder, "data/%s", sh_lake_schema[piece.table].name);
    (void)snprintf(suffix, sizeof suffix, "-b%04" PRIu32 "-%d.parquet", piece.bucket,
                   year == INT32_MIN || year == INT32_MAX ? 0 : year);
    SH_TRY(name_file(compact, folder, suffix, &file, err));
    (void)sh_buf_add_text(&sql, "COPY (SELECT * EXCLUDE (filename, file_row_number)");
    from_files(compact, piece, &sql);
    if (year == INT32_MIN) {
        (void)sh_buf_add_text(&sql, " AND ");
        sh_sql_name(&sql, time);
        (void)sh_buf_add_text(&sql, " IS NULL");
    } else if (year != INT32_MAX) {
        const int64_t scale = time_is_date(piece.table) ? 1 : 86400;
        (void)sh_buf_add_text(&sql, " AND ");
        sh_sql_name(&sql, time);
        (void)sh_buf_addf(&sql, " BETWEEN %" PRId64 " AND %" PRId64, sh_days_of(year, 1, 1) * scale,
                          sh_days_of(year + 1, 1, 1) * scale - 1);
    }
    order_by(piece.table, &sql);
    (void)sh_buf_add_text(&sql, ") TO ");
    sh_sql_text(&sql, sh_str_of(file.temp_path));
    (void)sh_buf_addf(&sql, " (FORMAT parquet, " SH_PARQUET_COMPRESSION ", ROW_GROUP_SIZE %d)",
                      SH_PARQUET_ROW_GROUP);
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(sh_duck_query(connection, sql.at, err));
    SH_TRY(measure(connection, piece.table, &file, err));
    return file.entry.rows > 0 ? new_file(compact, file, err) : SH_OK;
}

/* Years of the rows' times, as bits from SH_YEAR_MIN; missing: whether some have none. */
static sh_code find_years(struct compact *compact, struct piece piece, void *connection, bool *years,
                          size_t n_years, bool *missing, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    SH_CLEANUP(sh_scan_close) struct sh_scan scan = {0};
    (void)sh_buf_add_text(&sql, "SELECT DISTINCT ");
    sh_sql_name(&sql, time_name(piece.table));
    (void)sh_buf_add_text(&sql, time_is_date(piece.table) ? "::BIGINT" : " // 86400");
    from_files(compact, piece, &sql);
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(sh_scan_open(connection, sql.at, &scan, err));
    for (;;) {
        void *chunk = NULL;
        SH_TRY(sh_scan_next(&scan, &chunk, err));
        if (!chunk)
            return SH_OK;
        duckdb_data_chunk handle = chunk;
        const size_t n = duckdb_data_chunk_get_size(handle);
        for (size_t i = 0; i < n; i++) {
            int64_t day;
            sh_chunk_copy(chunk, 0, SH_P64, i, 1, &day);
            const int year = day == SH_MISSING ? 0 : year_of((int32_t)day), index = year - SH_YEAR_MIN + 1;
            if (day == SH_MISSING)
                *missing = true;
            else if (index >= 0 && (size_t)index < n_years)
                years[index] = true;
        }
        duckdb_destroy_data_chunk(&handle);
    }
}

static sh_code run_piece(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct compact *compact = ctx;
    const struct piece piece = compact->pieces[task];
    void *connection = compact->connections[worker];
    bool years[SH_YEAR_MAX - SH_YEAR_MIN + 3] = {false}, missing = false;
    if (!time_name(piece.table))
        return write_piece(compact, piece, INT32_MAX, connection, err);
    SH_TRY(find_years(compact, piece, connection, years, sizeof years, &missing, err));
    if (missing)
        SH_TRY(write_piece(compact, piece, INT32_MIN, connection, err));
    for (size_t y = 0; y < sizeof years; y++)
        if (years[y])
            SH_TRY(write_piece(compact, piece, SH_YEAR_MIN - 1 + (int)y, connection, err));
    return SH_OK;
}

/* ---- keys and dictionaries
 * ----------------------------------------------------------------------------------------------------------
 */

static void close_fd_at(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

static sh_code merge_keys(const struct sh_keyset *set, int fd, const char *path, struct sh_err *err) {
    enum { STEP = 16384 };
    SH_CLEANUP(sh_free_at) size_t *at = sh_alloc_array(set->n, sizeof *at);
    SH_CLEANUP(sh_free_at) struct sh_key *out = sh_alloc_array(STEP, sizeof *out);
    if (!at || !out)
        return sh_fail(err, SH_E_NOMEM, "no room to merge keys");
    uint64_t offset = sizeof(struct sh_records_header);
    for (size_t n = 0;;) {
        const struct sh_key *best = NULL;
        size_t from = 0;
        for (size_t f = 0; f < set->n; f++) {
            if (at[f] == set->files[f].n)
                continue;
            const struct sh_key *key = (const struct sh_key *)set->files[f].at + at[f];
            const int order = best ? sh_key_cmp(key->key, best->key) : -1;
            if (order < 0 || (order == 0 && key->batch < best->batch))
                best = key, from = f;
        }
        if (best)
            out[n++] = *best, at[from]++;
        if (n == STEP || (!best && n > 0)) {
            SH_TRY(sh_fd_write_at(fd, out, n * sizeof *out, offset, path, err));
            offset += n * sizeof *out;
            n = 0;
        }
        if (!best)
            return SH_OK;
    }
}

static sh_code compact_keys(struct compact *compact, enum sh_table table, const struct sh_keyset *set,
                            struct sh_err *err) {
    struct sh_new_file file = {.entry = {.kind = SH_FILE_KEYS,
                                         .what = (uint32_t)table,
                                         .batch_from = UINT32_MAX,
                                         .first_day = INT32_MAX,
                                         .last_day = INT32_MIN}};
    char suffix[64];
    for (size_t f = 0; f < set->n; f++) {
        const struct sh_lake_file *old = set->entries[f];
        file.entry.rows += set->files[f].n;
        file.entry.batch_from =
            old->batch_from < file.entry.batch_from ? old->batch_from : file.entry.batch_from;
        file.entry.batch_to = old->batch_to > file.entry.batch_to ? old->batch_to : file.entry.batch_to;
        compact->dropped[old - compact->before.files] = true;
    }
    (void)snprintf(suffix, sizeof suffix, "-%s.keys", sh_lake_schema[table].name);
    SH_TRY(name_file(compact, "keys", suffix, &file, err));
    SH_CLEANUP(close_fd_at) int fd = open(file.temp_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot create", file.temp_path);
    struct sh_records_header header = {.record_bytes = sizeof(struct sh_key), .n = file.entry.rows};
    memcpy(header.magic, SH_KEYS_MAGIC, 8);
    SH_TRY(sh_fd_write_at(fd, &header, sizeof header, 0, file.temp_path, err));
    SH_TRY(merge_keys(set, fd, file.temp_path, err));
    return new_file(compact, file, err);
}

static sh_code compact_all_keys(struct compact *compact, struct sh_err *err) {
    for (enum sh_table t = 0; t < SH_TABLES; t++) {
        SH_CLEANUP(sh_keyset_close) struct sh_keyset set = {0};
        SH_TRY(sh_keyset_open(compact->dir, &compact->before, t, &set, err));
        if (set.n > 1)
            SH_TRY(compact_keys(compact, t, &set, err));
    }
    return SH_OK;
}

static sh_code write_dict(struct compact *compact, enum sh_dict dict, struct sh_err *err) {
    SH_CLEANUP(sh_dict_release) struct sh_dict_full full = {0};
    struct sh_new_file file = {.entry = {.kind = SH_FILE_DICT,
                                         .what = (uint32_t)dict,
                                         .batch_from = 1,
                                         .first_day = INT32_MAX,
                                         .last_day = INT32_MIN,
                                         .batch_to = sh_manifest_last_batch(&compact->before)}};
    char suffix[64];
    SH_TRY(sh_dict_load(compact->dir, &compact->before, dict, &full, err));
    SH_CLEANUP(sh_free_at) int32_t *ids = sh_alloc_array(full.view.n, sizeof *ids);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for a dictionary");
    for (uint32_t i = 0; i < full.view.n; i++)
        ids[i] = (int32_t)i;
    file.entry.rows = full.view.n;
    (void)snprintf(suffix, sizeof suffix, "-%s.parquet", sh_dict_name(dict));
    SH_TRY(name_file(compact, "dict", suffix, &file, err));
    SH_TRY(sh_dict_write(&full, ids, full.view.n, compact->connections[0], file.temp_path, err));
    return new_file(compact, file, err);
}

static sh_code compact_dicts(struct compact *compact, struct sh_err *err) {
    for (enum sh_dict d = 0; d < SH_DICTS; d++) {
        size_t n = 0;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < compact->before.n_files; i++) {
                const bool is_ours = compact->before.files[i].kind == SH_FILE_DICT &&
                                     compact->before.files[i].what == (uint32_t)d;
                n += pass == 0 && is_ours;
                if (pass == 1 && is_ours && n > 1)
                    compact->dropped[i] = true;
            }
        if (n > 1)
            SH_TRY(write_dict(compact, d, err));
    }
    return SH_OK;
}

/* ---- all
 * ------------------------------------------------------------------------------------------------------------------------------
 */

/* The rows of a table are the same before and after. */
static sh_code conserve(const struct compact *compact, struct sh_err *err) {
    for (enum sh_table t = 0; t < SH_TABLES; t++) {
        uint64_t before = 0, after = 0;
        for (size_t i = 0; i < compact->before.n_files; i++)
            if (compact->dropped[i] && compact->before.files[i].kind == SH_FILE_DATA &&
                compact->before.files[i].what == (uint32_t)t)
                before += compact->before.files[i].rows;
        for (size_t i = 0; i < compact->n_files; i++)
            if (compact->files[i].entry.kind == SH_FILE_DATA && compact->files[i].entry.what == (uint32_t)t)
                after += compact->files[i].entry.rows;
        if (before != after)
            return sh_fail(err, SH_E_INTERNAL,
                           "%s: %" PRIu64 " rows became %" PRIu64
                           " when compacted; nothing was changed; please report this",
                           sh_lake_schema[t].name, before, after);
    }
    return SH_OK;
}

/* A file over several buckets goes only as a whole: then all its buckets are pieces, for none of them is in
 * order. */
static sh_code run(struct compact *compact, uint64_t *ret_manifest, struct sh_err *err) {
    const char *dirs[] = {compact->dir};
    compact->arena.limit_bytes = (size_t)8 << 30;
    SH_TRY(sh_writer_begin(compact->dir, "compact", &compact->writer, err));
    SH_TRY(sh_manifest_read(compact->dir, 0, &compact->arena, &compact->before, err));
    compact->dropped = sh_alloc_array(compact->before.n_files, sizeof(bool));
    compact->connections = sh_alloc_array(compact->threads, sizeof(void *));
    if (!compact->dropped || !compact->connections)
        return sh_fail(err, SH_E_NOMEM, "no room to compact");
    SH_TRY(sh_duck_open(dirs, 1, 1, 0, compact->writer.temp_dir, &compact->duck, err));
    SH_TRY(sh_parquet_register(compact->duck, err));
    for (unsigned w = 0; w < compact->threads; w++)
        SH_TRY(sh_duck_connect(compact->duck, &compact->connections[w], err));
    SH_TRY(plan(compact, err));
    if (compact->n_pieces > 0)
        SH_TRY(sh_pool_run(compact->threads, compact->n_pieces, run_piece, compact, NULL, err));
    SH_TRY(compact_all_keys(compact, err));
    SH_TRY(compact_dicts(compact, err));
    SH_TRY(conserve(compact, err));
    *ret_manifest = compact->before.number;
    if (compact->n_files == 0)
        return SH_OK;
    SH_TRY(sh_settle(compact->dir, compact->files, compact->n_files, compact->threads, err));
    struct sh_manifest next;
    SH_TRY(sh_manifest_copy(&compact->before, compact->dropped, &compact->arena, &next, err));
    for (size_t i = 0; i < compact->n_files; i++)
        SH_TRY(sh_manifest_add_file(&next, &compact->files[i].entry, err));
    SH_TRY(sh_manifest_write(compact->dir, &next, err));
    *ret_manifest = next.number;
    return SH_OK;
}

sh_code sh_lake_compact(const char *dir, unsigned threads, uint64_t *ret_manifest, struct sh_err *err) {
    struct compact compact = {.dir = dir, .threads = threads > 0 ? threads : (unsigned)sh_processors()};
    uint64_t newest;
    SH_TRY(sh_manifest_newest(dir, &newest, err));
    if (newest == 0)
        return sh_fail(err, SH_E_NOTFOUND, "%s: there is no lake here", dir);
    (void)pthread_mutex_init(&compact.lock, NULL);
    const sh_code code = run(&compact, ret_manifest, err);
    for (unsigned w = 0; compact.connections && w < compact.threads; w++)
        sh_duck_disconnect(&compact.connections[w]);
    sh_duck_close(compact.duck);
    sh_writer_end(&compact.writer);
    sh_free(compact.dropped);
    sh_free(compact.connections);
    sh_free(compact.pieces);
    sh_free(compact.files);
    sh_arena_free(&compact.arena);
    (void)pthread_mutex_destroy(&compact.lock);
    return code;
}
