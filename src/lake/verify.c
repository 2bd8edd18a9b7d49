/* Verify: every file against the manifest, every row against the promises of the lake. Each fault is one
 * line. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/money.h"
#include "lake/ids.h"
#include "lake/files.h"
#include "lake/opened.h"
#include "lake/rows.h"
#include "lake/intake.h"
#include <duckdb.h>
#include <inttypes.h>

struct verify {
    struct sh_lake *lake;
    struct sh_duck *duck; /* files are looked at by another reader than the one audits use */
    FILE *out;
    uint64_t faults;
    uint64_t rows[SH_TABLES], keys[SH_TABLES];
    uint32_t dict_size[SH_DICTS];
};

static void fault(struct verify *verify, const char *path, const char *format, ...) SH_PRINTF(3, 4);
static void fault(struct verify *verify, const char *path, const char *format, ...) {
    va_list values;
    verify->faults++;
    if (!verify->out)
        return;
    (void)fprintf(verify->out, "%s: ", path);
    va_start(values, format);
    (void)vfprintf(verify->out, format, values);
    va_end(values);
    (void)fputc('\n', verify->out);
}

/* ---- bytes
 * ------------------------------------------------------------------------------------------------------------------
 */

/* Is the file what the manifest says? Only then is it looked into. */
static sh_code check_bytes(struct verify *verify, const struct sh_lake_file *file, bool *ret_good,
                           struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    uint64_t size;
    struct sh_hash128 hash;
    struct sh_err own;
    *ret_good = false;
    SH_TRY(sh_path_join(path, verify->lake->dir, file->path, err));
    if (sh_file_fingerprint(path, &size, &hash, &own) != SH_OK)
        fault(verify, file->path, "%s", own.message);
    else if (size != file->size)
        fault(verify, file->path, "has %" PRIu64 " bytes, the manifest says %" PRIu64, size, file->size);
    else if (hash.low != file->hash.low || hash.high != file->hash.high)
        fault(verify, file->path, "its bytes have changed (XXH3 differs from the manifest's)");
    else
        *ret_good = true;
    return SH_OK;
}

/* ---- keys
 * --------------------------------------------------------------------------------------------------------------------
 */

static sh_code check_keys(struct verify *verify, const struct sh_lake_file *file, struct sh_err *err) {
    SH_CLEANUP(sh_records_close) struct sh_records records = {0};
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, verify->lake->dir, file->path, err));
    SH_TRY(sh_records_open(path, SH_KEYS_MAGIC, sizeof(struct sh_key), &records, err));
    const struct sh_key *keys = records.at;
    if (records.n != file->rows)
        fault(verify, file->path, "has %zu keys, the manifest says %" PRIu64, records.n, file->rows);
    for (size_t i = 0; i < records.n; i++) {
        const int order = i == 0 ? -1 : sh_key_cmp(keys[i - 1].key, keys[i].key);
        if (order > 0 || (order == 0 && keys[i - 1].batch >= keys[i].batch)) {
            fault(verify, file->path, "key %zu is not behind the one before it", i);
            break;
        }
        verify->keys[file->what] += keys[i].state != SH_KEY_WITHDRAWN;
    }
    return SH_OK;
}

/* ---- rows
 * ----------------------------------------------------------------------------------------------------------------------
 */

struct rows_check {
    struct verify *verify;
    const struct sh_lake_file *file;
    uint64_t read; /* columns */
    uint8_t position[SH_LAKE_COLUMNS_MAX];
    struct sh_order order;
    int amount;
    uint64_t n;
    int64_t fen;
    bool is_sorted, in_bucket, in_batch, in_dict, ids_fit;
    enum sh_table table;
    uint8_t head_position; /* of id_head in the query; id_tail follows */
    /* the row before */
    int32_t bucket, lead;
    int64_t time;
    char id[1024];
    size_t id_len;
};

static int64_t wide(sh_physical physical, const void *column, size_t i) {
    if (physical == SH_P64)
        return ((const int64_t *)column)[i];
    const int32_t v = ((const int32_t *)column)[i];
    return v == SH_MISSING_I32 ? SH_MISSING : v;
}

static void check_order(struct rows_check *check, const void *const *columns, size_t i) {
    const enum sh_table table = (enum sh_table)check->file->what;
    const struct sh_order order = check->order;
    const int32_t bucket = ((const int32_t *)columns[SH_C_BUCKET])[i],
                  lead = ((const int32_t *)columns[order.lead])[i];
    const int64_t time = order.time < 0 ? 0
                                        : wide(sh_physical_of(sh_lake_schema[table].columns[order.time].type),
                                               columns[order.time], i);
    const struct sh_str id =
        order.id < 0 ? (struct sh_str){0} : ((const struct sh_str *)columns[order.id])[i];
    const struct sh_str before = {check->id, check->id_len};
    const bool sorted = check->n == 0 || (bucket != check->bucket ? bucket > check->bucket
                                          : lead != check->lead   ? lead > check->lead
                                          : time != check->time
                                              ? time > check->time
                                              : sh_str_cmp(before, sh_str_sub(id, 0, sizeof check->id)) <= 0);
    check->is_sorted &= sorted;
    check->bucket = bucket, check->lead = lead, check->time = time;
    check->id_len = id.len < sizeof check->id ? id.len : sizeof check->id;
    if (check->id_len > 0)
        memcpy(check->id, id.at, check->id_len);
}

static void check_row(struct rows_check *check, const void *const *columns, size_t i) {
    const struct sh_lake_file *file = check->file;
    const struct sh_lake_table *table = &sh_lake_schema[file->what];
    check_order(check, columns, i);
    check->in_bucket &=
        check->bucket >= (int32_t)file->bucket_from && check->bucket < (int32_t)file->bucket_to;
    const uint32_t batch = (uint32_t)((const int32_t *)columns[SH_C_BATCH])[i];
    check->in_batch &= batch >= file->batch_from && batch <= file->batch_to;
    for (uint64_t mask = check->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        if (table->columns[c].type != SH_COLUMN_CODE)
            continue;
        const int32_t id = ((const int32_t *)columns[c])[i];
        check->in_dict &= id == SH_MISSING_I32
                              ? c != SH_C_LEAD
                              : id >= 0 && (uint32_t)id < check->verify->dict_size[table->columns[c].dict];
    }
    const int amount = check->amount;
    if (amount >= 0 && ((const int64_t *)columns[amount])[i] != SH_MISSING)
        check->is_sorted &= sh_add(check->fen, ((const int64_t *)columns[amount])[i], &check->fen) == SH_OK;
    check->n++;
}

/* Ids in parts are the ids. */
static sh_code check_ids(struct rows_check *check, void *chunk, size_t n, const struct sh_str *ids,
                         struct sh_arena *arena, struct sh_err *err) {
    struct sh_str *heads = sh_new(arena, struct sh_str, n + 1);
    int64_t *tails = sh_new(arena, int64_t, n + 1);
    if (!heads || !tails)
        return sh_fail(err, SH_E_NOMEM, "no room to verify rows");
    sh_chunk_copy(chunk, check->head_position, SH_PSTR, 0, n, heads);
    sh_chunk_copy(chunk, check->head_position + 1u, SH_P64, 0, n, tails);
    for (size_t i = 0; i < n; i++) {
        struct sh_str head;
        int64_t tail;
        sh_id_split(ids[i], &head, &tail);
        check->ids_fit &= tail == tails[i] && sh_str_eq(head, heads[i]);
    }
    return SH_OK;
}

static sh_code check_chunk(struct rows_check *check, void *chunk, struct sh_arena *arena,
                           struct sh_err *err) {
    const size_t n = duckdb_data_chunk_get_size(chunk);
    const void *columns[SH_LAKE_COLUMNS_MAX] = {0};
    sh_arena_reset(arena);
    for (uint64_t mask = check->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        const sh_physical physical = sh_physical_of(sh_lake_schema[check->file->what].columns[c].type);
        void *to = sh_arena_alloc_array(arena, n, sh_physical_size(physical), 16);
        if (!to)
            return sh_fail(err, SH_E_NOMEM, "no room to verify rows");
        sh_chunk_copy(chunk, check->position[c], physical, 0, n, to);
        columns[c] = to;
    }
    if (sh_has_split_id(check->table))
        SH_TRY(check_ids(check, chunk, n, columns[check->order.id], arena, err));
    sh_check(columns[SH_C_BUCKET] && columns[SH_C_BATCH]); /* always read, see check_data */
    for (size_t i = 0; i < n; i++)
        check_row(check, columns, i);
    return SH_OK;
}

static sh_code scan_rows(struct rows_check *check, const char *path, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    SH_CLEANUP(sh_scan_close) struct sh_scan scan = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    uint8_t at = 0;
    (void)sh_buf_add_text(&sql, "SELECT ");
    for (uint64_t mask = check->read; mask; mask &= mask - 1) {
        const int c = __builtin_ctzll(mask);
        if (at > 0)
            (void)sh_buf_add_char(&sql, ',');
        sh_sql_name(&sql, sh_lake_schema[check->file->what].columns[c].name);
        check->position[c] = at++;
    }
    check->head_position = at;
    if (sh_has_split_id(check->table))
        (void)sh_buf_add_text(&sql, ",id_head,id_tail");
    (void)sh_buf_add_text(&sql, " FROM read_parquet(");
    sh_sql_text(&sql, sh_str_of(path));
    (void)sh_buf_add_text(&sql, ")");
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(sh_scan_open(sh_duck_connection(check->verify->duck), sql.at, &scan, err));
    for (;;) {
        void *chunk = NULL;
        SH_TRY(sh_scan_next(&scan, &chunk, err));
        if (!chunk)
            return SH_OK;
        const sh_code code = check_chunk(check, chunk, &arena, err);
        duckdb_data_chunk handle = chunk;
        duckdb_destroy_data_chunk(&handle);
        SH_TRY(code);
    }
}

static sh_code check_data(struct verify *verify, const struct sh_lake_file *file, struct sh_err *err) {
    const enum sh_table table = (enum sh_table)file->what;
    const struct sh_order order = sh_table_order(table);
    struct rows_check check = {.verify = verify,
                               .file = file,
                               .is_sorted = true,
                               .in_bucket = true,
                               .in_batch = true,
                               .in_dict = true,
                               .ids_fit = true,
                               .table = table,
                               .order = order,
                               .amount = sh_main_amount_column(table),
                               .read = 1u << SH_C_BUCKET | 1u << SH_C_BATCH};
    const int some[] = {order.lead, order.time, order.id, sh_main_amount_column(table)};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err own;
    SH_TRY(sh_path_join(path, verify->lake->dir, file->path, err));
    for (size_t i = 0; i < 4; i++)
        check.read |= some[i] < 0 ? 0 : 1ull << some[i];
    for (uint16_t c = 0; c < sh_stored_columns(table); c++)
        check.read |= (uint64_t)(sh_lake_schema[table].columns[c].type == SH_COLUMN_CODE) << c;
    const sh_code code = scan_rows(&check, path, &own);
    if (code == SH_E_NOMEM)
        return sh_fail(err, code, "%s", own.message);
    if (code != SH_OK)
        fault(verify, file->path, "%s", own.message);
    if (check.n != file->rows)
        fault(verify, file->path, "has %" PRIu64 " rows, the manifest says %" PRIu64, check.n, file->rows);
    if (check.fen != file->fen)
        fault(verify, file->path, "sums to %" PRId64 " fen, the manifest says %" PRId64, check.fen,
              file->fen);
    if (!check.is_sorted)
        fault(verify, file->path, "its rows are not in order (bucket, person, time, id)");
    if (!check.in_bucket)
        fault(verify, file->path, "holds rows of other buckets than %" PRIu32 " … %" PRIu32,
              file->bucket_from, file->bucket_to - 1);
    if (!check.in_batch)
        fault(verify, file->path, "holds rows of other batches than %" PRIu32 " … %" PRIu32, file->batch_from,
              file->batch_to);
    if (!check.ids_fit)
        fault(verify, file->path, "its ids and their parts (id_head, id_tail) differ");
    if (!check.in_dict)
        fault(verify, file->path, "names ids that no dictionary has");
    verify->rows[table] += check.n;
    return SH_OK;
}

/* ---- nettings
 * ------------------------------------------------------------------------------------------------------------------------
 */

/* No line is netted below nothing, no refund goes unexplained. */
static void check_nettings(struct verify *verify, const struct sh_chunk *chunk, uint32_t bucket) {
    const void *const *columns = chunk->tables[SH_TABLE_LINE].columns;
    const int64_t *charged = columns[sh_lake_column(SH_TABLE_LINE, "charged_quantity")];
    const int64_t *quantity = columns[sh_lake_column(SH_TABLE_LINE, "quantity")];
    const int8_t *refund = columns[sh_lake_column(SH_TABLE_LINE, "refund_line")],
                 *is_void = columns[SH_C_VOID];
    for (uint32_t i = 0; i < chunk->tables[SH_TABLE_LINE].n_rows; i++) {
        if (charged[i] == SH_MISSING || quantity[i] == SH_MISSING || is_void[i] == 1)
            continue;
        const bool good = charged[i] < 0 ? refund[i] != 0 : quantity[i] >= 0 && quantity[i] <= charged[i];
        if (good)
            continue;
        fault(verify, "netting",
              "bucket %" PRIu32 ": a line of charged quantity %" PRId64 " is netted to %" PRId64, bucket,
              charged[i], quantity[i]);
        return;
    }
}

static sh_code verify_bucket(struct verify *verify, uint32_t bucket, struct sh_err *err) {
    struct sh_selection what = {{0}};
    static const char *const names[] = {"void", "charged_quantity", "quantity", "refund_line"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        what.columns[SH_TABLE_LINE] |= 1ull << sh_lake_column(SH_TABLE_LINE, names[i]);
    struct sh_reader *reader = NULL;
    SH_TRY(sh_reader_open(verify->lake, &what, (struct sh_bucket_range){bucket, bucket + 1}, INT32_MAX, 65536,
                          &reader, err));
    const struct sh_chunk *chunk = NULL;
    sh_code code;
    while ((code = sh_reader_next(reader, &chunk, err)) == SH_OK && chunk)
        check_nettings(verify, chunk, bucket);
    sh_reader_close(reader);
    return code;
}

/* ---- all
 * ------------------------------------------------------------------------------------------------------------------------------
 */

static sh_code load_dicts(struct verify *verify, struct sh_err *err) {
    for (enum sh_dict d = 0; d < SH_DICTS; d++) {
        const struct sh_dict_view *view = NULL;
        struct sh_err own;
        const sh_code code = sh_lake_dict(verify->lake, d, &view, &own);
        if (code == SH_E_NOMEM)
            return sh_fail(err, code, "%s", own.message);
        if (code != SH_OK)
            fault(verify, sh_dict_name(d), "%s", own.message);
        else
            verify->dict_size[d] = view->n;
    }
    return SH_OK;
}

static sh_code verify_all(struct verify *verify, struct sh_err *err) {
    const struct sh_manifest *manifest = &verify->lake->manifest;
    SH_TRY(load_dicts(verify, err));
    for (size_t i = 0; i < manifest->n_files; i++) {
        const struct sh_lake_file *file = &manifest->files[i];
        bool good;
        SH_TRY(check_bytes(verify, file, &good, err));
        if (good && file->kind == SH_FILE_KEYS)
            SH_TRY(check_keys(verify, file, err));
        if (good && file->kind == SH_FILE_DATA)
            SH_TRY(check_data(verify, file, err));
    }
    if (verify->faults > 0)
        return SH_OK; /* the rest would only repeat it */
    for (enum sh_table t = 0; t < SH_TABLES; t++)
        if (t != SH_TABLE_NETTING && verify->rows[t] != verify->keys[t])
            fault(verify, sh_lake_schema[t].name, "has %" PRIu64 " rows and %" PRIu64 " keys",
                  verify->rows[t], verify->keys[t]);
    for (uint32_t b = 0; b < manifest->buckets; b++)
        SH_TRY(verify_bucket(verify, b, err));
    return SH_OK;
}

sh_code sh_lake_verify(const char *dir, FILE *out, uint64_t *ret_faults, struct sh_err *err) {
    struct verify verify = {.out = out};
    SH_TRY(sh_lake_open(dir, 0, &verify.lake, err));
    const char *dirs[] = {verify.lake->dir};
    sh_code code = sh_duck_open(dirs, 1, 1, 0, "", &verify.duck, err);
    if (code == SH_OK)
        code = verify_all(&verify, err);
    sh_duck_close(verify.duck);
    sh_lake_close(verify.lake);
    SH_TRY(code);
    *ret_faults = verify.faults;
    return SH_OK;
}
