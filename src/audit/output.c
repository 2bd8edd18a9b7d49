/* The files of a run: CSV, JSON, Parquet; receipts with an index by id. They are written side by side, each
 * by a merge of its own: merging costs little beside writing. */
#include "audit/output.h"
#include "audit/parquet_out.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/pool.h"
#include <string.h>

/* The longest first, so that two threads end together. */
enum part { PARQUET = 1, RECEIPTS = 2, ROWS = 4, ALL = PARQUET | RECEIPTS | ROWS };
enum { PARTS = 3 };

/* Files of other parts are closed. */
struct writer {
    struct sh_out_file csv, receipts, json, records;
    struct sh_parquet_out *parquet;
    struct sh_buf csv_buf, json_buf, record_buf;
    struct sh_csv_writer csv_writer;
    struct sh_index_entry *index;
    size_t n, cap;
    uint64_t offset;
};

static void file_close(FILE **file) {
    if (*file)
        (void)fclose(*file);
    *file = NULL;
}

static void writer_release(struct writer *w) {
    sh_out_file_close(&w->csv);
    sh_out_file_close(&w->receipts);
    sh_out_file_close(&w->json);
    sh_out_file_close(&w->records);
    sh_parquet_out_free(w->parquet);
    sh_buf_free(&w->csv_buf);
    sh_buf_free(&w->json_buf);
    sh_buf_free(&w->record_buf);
    sh_free(w->index);
}

sh_code sh_output_check(const char *out, struct sh_err *err) {
    const struct sh_str name = sh_str_of(out);
    if (!out || sh_str_ends_with(name, SH_STR(".csv")) || sh_str_ends_with(name, SH_STR(".json")) ||
        sh_str_ends_with(name, SH_STR(".parquet")))
        return SH_OK;
    return sh_fail(
        err, SH_E_INPUT,
        "--out '%s': the name must end in .csv, .json or .parquet (`shouhu audit` also writes .xlsx)", out);
}

static sh_code open_file(const char *dir, const char *name, struct sh_out_file *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, name, err));
    return sh_out_file_open(ret, path, err);
}

static sh_code write_bytes(FILE *file, const char *at, size_t len, struct sh_err *err) {
    return len == 0 || fwrite(at, 1, len, file) == len ? SH_OK : sh_fail_errno(err, "writing findings");
}

/* ---- one finding -------------------------------------------------------------------------------- */

static bool is_number(int cell) {
    return cell == SH_CELL_NUMBER || cell == SH_CELL_AMOUNT || cell == SH_CELL_COUNTED ||
           cell == SH_CELL_FUND;
}

static sh_code put_json(struct writer *w, const struct sh_record *r, struct sh_err *err) {
    struct sh_json json;
    sh_buf_clear(&w->json_buf);
    sh_buf_add_text(&w->json_buf, w->n == 0 ? "[\n" : ",\n");
    sh_json_begin(&json, &w->json_buf);
    sh_json_object(&json);
    for (int c = 0; c < SH_CELLS; c++) {
        sh_json_key(&json, sh_cell_names[c]);
        if (r->cells[c].len == 0)
            sh_json_null(&json);
        else if (is_number(c))
            sh_json_raw(&json, r->cells[c]);
        else
            sh_json_str(&json, r->cells[c]);
    }
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    return write_bytes(w->json.file, w->json_buf.at, w->json_buf.len, err);
}

static sh_code put_row(struct writer *w, const struct sh_record *r, struct sh_err *err) {
    if (w->json.file)
        SH_TRY(put_json(w, r, err));
    for (int c = 0; c < SH_CELLS; c++)
        sh_csv_cell(&w->csv_writer, r->cells[c]);
    sh_csv_end_row(&w->csv_writer);
    return SH_OK;
}

static sh_code put_receipt(struct writer *w, const struct sh_record *r, struct sh_err *err) {
    SH_TRY(sh_grow(&w->index, &w->cap, w->n + 1, sizeof(*w->index), UINT32_MAX, err));
    struct sh_index_entry *entry = &w->index[w->n];
    *entry =
        (struct sh_index_entry){.offset = w->offset, .bytes = (uint32_t)r->receipt.len, .bucket = r->bucket};
    memcpy(entry->id, r->id, sizeof(entry->id));
    SH_TRY(write_bytes(w->receipts.file, r->receipt.at, r->receipt.len, err));
    SH_TRY(write_bytes(w->receipts.file, "\n", 1, err));
    w->offset += r->receipt.len + 1;
    if (!w->records.file)
        return SH_OK;
    sh_buf_clear(&w->record_buf);
    SH_TRY(sh_spool_record_put(&w->record_buf, r, err));
    return write_bytes(w->records.file, w->record_buf.at, w->record_buf.len, err);
}

static sh_code take(void *ctx, const struct sh_record *r, struct sh_err *err) {
    struct writer *w = ctx;
    if (w->csv.file)
        SH_TRY(put_row(w, r, err));
    if (w->parquet)
        SH_TRY(sh_parquet_out_row(w->parquet, r->cells, err));
    if (w->receipts.file)
        SH_TRY(put_receipt(w, r, err));
    w->n++;
    return SH_OK;
}

static void ends_free(size_t **ends) {
    sh_free(*ends);
}

static size_t first_of(const struct sh_index_entry *entry) {
    return (size_t)entry->id[0] << 8 | entry->id[1];
}

static int compare_ids(const void *a, const void *b) {
    return memcmp(((const struct sh_index_entry *)a)->id, ((const struct sh_index_entry *)b)->id, 16);
}

/* Ids are digests, spread evenly: their first two bytes leave few that must be compared. */
static sh_code sort_index(struct writer *w, struct sh_err *err) {
    enum { FIRSTS = 1 << 16 };
    struct sh_index_entry *sorted = sh_alloc_array(w->n, sizeof(*sorted));
    size_t *ends SH_CLEANUP(ends_free) = sh_alloc_array(FIRSTS + 1, sizeof(*ends));
    if (!sorted || !ends) {
        sh_free(sorted);
        return sh_fail(err, SH_E_NOMEM, "no room to sort %zu receipts", w->n);
    }
    for (size_t i = 0; i < w->n; i++)
        ends[first_of(&w->index[i]) + 1]++;
    for (size_t f = 1; f <= FIRSTS; f++)
        ends[f] += ends[f - 1];
    for (size_t i = 0; i < w->n; i++)
        sorted[ends[first_of(&w->index[i])]++] = w->index[i];
    for (size_t f = 0, from = 0; f < FIRSTS; from = ends[f++])
        if (ends[f] - from > 1)
            qsort(sorted + from, ends[f] - from, sizeof(*sorted), compare_ids);
    sh_free(w->index);
    w->index = sorted;
    return SH_OK;
}

static sh_code write_index(const char *dir, struct writer *w, struct sh_err *err) {
    SH_CLEANUP(sh_out_file_close) struct sh_out_file file = {0};
    if (w->n > 1)
        SH_TRY(sort_index(w, err));
    SH_TRY(open_file(dir, SH_RUN_INDEX, &file, err));
    SH_TRY(write_bytes(file.file, (const char *)w->index, w->n * sizeof(*w->index), err));
    return fflush(file.file) == 0 ? SH_OK : sh_fail_errno(err, "%s", SH_RUN_INDEX);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static sh_code copy_file(const char *dir, const char *name, const char *to, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, name, err));
    FILE *from SH_CLEANUP(file_close) = fopen(path, "rbe"), *file SH_CLEANUP(file_close) = NULL;
    if (!from)
        return sh_fail_errno(err, "%s", path);
    file = fopen(to, "wbe");
    if (!file)
        return sh_fail_errno(err, "%s", to);
    char bytes[16384];
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), from)) > 0;)
        if (fwrite(bytes, 1, n, file) != n)
            return sh_fail_errno(err, "%s", to);
    if (ferror(from))
        return sh_fail_errno(err, "%s", path);
    return fflush(file) == 0 ? SH_OK : sh_fail_errno(err, "%s", to);
}

static sh_code finish(struct writer *w, struct sh_err *err) {
    if (w->csv.file)
        SH_TRY(sh_csv_end(&w->csv_writer, err));
    if (w->parquet)
        SH_TRY(sh_parquet_out_end(w->parquet, err));
    if (w->json.file)
        SH_TRY(write_bytes(w->json.file, w->n == 0 ? "[]\n" : "\n]\n", 3, err));
    FILE *const files[] = {w->csv.file, w->receipts.file, w->json.file, w->records.file};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i] && fflush(files[i]) != 0)
            return sh_fail_errno(err, "writing findings");
    return SH_OK;
}

/* Findings stand by rule, so what a rule or a point says alike is a word; the rest is of each finding alone.
 */
static enum sh_parquet_kind kind_of(int cell) {
    switch (cell) {
    case SH_CELL_NUMBER:
        return SH_PARQUET_NUMBER;
    case SH_CELL_DAY:
        return SH_PARQUET_DAY;
    case SH_CELL_AMOUNT:
    case SH_CELL_COUNTED:
    case SH_CELL_FUND:
        return SH_PARQUET_MONEY;
    case SH_CELL_RULE:
    case SH_CELL_NAME:
    case SH_CELL_LEVEL:
    case SH_CELL_POINT:
    case SH_CELL_INSTITUTION:
    case SH_CELL_INSTITUTION_NAME:
    case SH_CELL_BASIS:
        return SH_PARQUET_WORD;
    default:
        return SH_PARQUET_TEXT;
    }
}

static sh_code open_parquet(const char *dir, struct sh_parquet_field fields[SH_CELLS],
                            struct sh_parquet_out **ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, SH_RUN_PARQUET, err));
    for (int c = 0; c < SH_CELLS; c++)
        fields[c] = (struct sh_parquet_field){sh_cell_names[c], kind_of(c)};
    return sh_parquet_out_open(path, fields, SH_CELLS, ret, err);
}

struct writing {
    const struct sh_outputs *outputs;
    bool apart; /* each task is a part; else the one task is all */
    uint64_t findings;
};

static sh_code open_rows(const struct sh_outputs *o, struct writer *w, struct sh_err *err) {
    SH_TRY(open_file(o->dir, SH_RUN_CSV, &w->csv, err));
    if (sh_str_ends_with(sh_str_of(o->out), SH_STR(".json")))
        SH_TRY(sh_out_file_open(&w->json, o->out, err));
    w->csv_writer = (struct sh_csv_writer){.buf = &w->csv_buf, .file = w->csv.file};
    for (int c = 0; c < SH_CELLS; c++)
        sh_csv_cell_text(&w->csv_writer, sh_cell_names[c]);
    sh_csv_end_row(&w->csv_writer);
    return SH_OK;
}

static sh_code open_receipts(const struct sh_outputs *o, struct writer *w, struct sh_err *err) {
    SH_TRY(open_file(o->dir, SH_RUN_RECEIPTS, &w->receipts, err));
    return o->keep_records ? open_file(o->dir, SH_RUN_RECORDS, &w->records, err) : SH_OK;
}

static sh_code write_part(void *ctx, size_t task, size_t number, struct sh_err *err) {
    (void)number;
    struct writing *to = ctx;
    const struct sh_outputs *o = to->outputs;
    const unsigned part = to->apart ? 1u << task : ALL;
    SH_CLEANUP(writer_release) struct writer w = {0};
    struct sh_parquet_field fields[SH_CELLS];
    if (part & PARQUET)
        SH_TRY(open_parquet(o->dir, fields, &w.parquet, err));
    if (part & ROWS)
        SH_TRY(open_rows(o, &w, err));
    if (part & RECEIPTS)
        SH_TRY(open_receipts(o, &w, err));
    SH_TRY(sh_spool_merge(o->runs, take, &w, err));
    SH_TRY(finish(&w, err));
    if (part & RECEIPTS) {
        SH_TRY(write_index(o->dir, &w, err));
        to->findings = w.n;
    }
    return SH_OK;
}

sh_code sh_outputs_write(const struct sh_outputs *outputs, uint64_t *ret_findings, struct sh_err *err) {
    const struct sh_str name = sh_str_of(outputs->out);
    struct writing w = {.outputs = outputs, .apart = outputs->threads > 1};
    const size_t threads = outputs->threads < PARTS ? outputs->threads : PARTS;
    SH_TRY(sh_pool_run(w.apart ? threads : 1, w.apart ? PARTS : 1, write_part, &w, NULL, err));
    if (sh_str_ends_with(name, SH_STR(".csv")))
        SH_TRY(copy_file(outputs->dir, SH_RUN_CSV, outputs->out, err));
    if (sh_str_ends_with(name, SH_STR(".parquet")))
        SH_TRY(copy_file(outputs->dir, SH_RUN_PARQUET, outputs->out, err));
    *ret_findings = w.findings;
    return SH_OK;
}

/* ---- finding a receipt again -------------------------------------------------------------------- */

static sh_code seek_entry(FILE *index, const uint8_t id[16], struct sh_index_entry *ret, struct sh_err *err) {
    if (fseek(index, 0, SEEK_END) != 0)
        return sh_fail_errno(err, "%s", SH_RUN_INDEX);
    const long end = ftell(index);
    size_t low = 0, high = end > 0 ? (size_t)end / sizeof(*ret) : 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (fseek(index, (long)(middle * sizeof(*ret)), SEEK_SET) != 0 ||
            fread(ret, sizeof(*ret), 1, index) != 1)
            return sh_fail_errno(err, "%s", SH_RUN_INDEX);
        const int order = memcmp(ret->id, id, 16);
        if (order == 0)
            return SH_OK;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return sh_fail(err, SH_E_NOTFOUND, "the run has no finding of that id");
}

sh_code sh_receipt_find(const char *dir, const uint8_t id[16], struct sh_arena *arena, struct sh_str *ret,
                        uint32_t *ret_bucket, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    FILE *index SH_CLEANUP(file_close) = NULL, *receipts SH_CLEANUP(file_close) = NULL;
    SH_TRY(sh_path_join(path, dir, SH_RUN_INDEX, err));
    index = fopen(path, "rbe");
    if (!index)
        return sh_fail_errno(err, "%s", path);
    struct sh_index_entry entry;
    SH_TRY(seek_entry(index, id, &entry, err));
    SH_TRY(sh_path_join(path, dir, SH_RUN_RECEIPTS, err));
    receipts = fopen(path, "rbe");
    if (!receipts || fseek(receipts, (long)entry.offset, SEEK_SET) != 0)
        return sh_fail_errno(err, "%s", path);
    char *text = sh_new(arena, char, (size_t)entry.bytes + 1);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    if (fread(text, 1, entry.bytes, receipts) != entry.bytes)
        return sh_fail(err, SH_E_CORRUPT, "%s is cut short", path);
    *ret = (struct sh_str){text, entry.bytes};
    *ret_bucket = entry.bucket;
    return SH_OK;
}
