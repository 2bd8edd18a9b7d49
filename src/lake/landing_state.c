/* State of the lake that is small and written whole: superseded versions, coverage, incomplete encounters.
 * And the rejects. */
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/landing.h"
#include "lake/rejects_msg.h"

#define STATE_MAX ((size_t)1 << 31)

/* A file of records, one for the whole lake. */
struct state_kind {
    sh_file_kind kind;
    const char *suffix, *magic;
    size_t size; /* of a record, bytes */
};
static const struct state_kind superseded_kind = {SH_FILE_SUPERSEDED, ".superseded", SH_SUPERSEDED_MAGIC,
                                                  sizeof(struct sh_superseded)};
static const struct state_kind coverage_kind = {SH_FILE_COVERAGE, ".coverage", SH_COVERAGE_MAGIC,
                                                sizeof(struct sh_coverage)};
static const struct state_kind lost_kind = {SH_FILE_LOST, ".lost", SH_LOST_MAGIC, sizeof(uint64_t)};

/* Add the records of the lake's file of this kind, if there is one, behind those of the array. */
static sh_code add_old(struct sh_landing *landing, const struct state_kind *kind, void *array, size_t *n,
                       size_t *cap, struct sh_err *err) {
    const struct sh_lake_file *file = sh_manifest_file(landing->before, kind->kind);
    const size_t size = kind->size;
    SH_CLEANUP(sh_records_close) struct sh_records old = {0};
    char path[SH_PATH_BYTES_MAX];
    if (!file)
        return SH_OK;
    SH_TRY(sh_path_join(path, landing->options->lake_dir, file->path, err));
    SH_TRY(sh_records_open(path, kind->magic, size, &old, err));
    SH_TRY(sh_grow(array, cap, *n + old.n, size, STATE_MAX, err));
    void *at;
    memcpy(&at, array, sizeof at);
    if (old.n > 0)
        memcpy((char *)at + *n * size, old.at, old.n * size);
    *n += old.n;
    return SH_OK;
}

static sh_code write_state(struct sh_landing *landing, const struct state_kind *kind, const void *at,
                           size_t n, struct sh_err *err) {
    const struct sh_lake_file *old = sh_manifest_file(landing->before, kind->kind);
    const char *path, *temp;
    if (old)
        landing->dropped[old - landing->before->files] = true;
    SH_TRY(sh_landing_name(landing, "state", kind->suffix, &path, &temp, err));
    SH_TRY(sh_records_write(temp, kind->magic, kind->size, at, n, err));
    const struct sh_lake_file entry = {.kind = kind->kind,
                                       .batch_from = old ? old->batch_from : landing->batch,
                                       .batch_to = landing->batch,
                                       .rows = n,
                                       .path = path,
                                       .first_day = INT32_MAX,
                                       .last_day = INT32_MIN};
    return sh_landing_add_file(landing, &entry, temp, err);
}

sh_code sh_landing_superseded(struct sh_landing *landing, struct sh_err *err) {
    SH_TRY(add_old(landing, &superseded_kind, &landing->superseded, &landing->n_superseded,
                   &landing->cap_superseded, err));
    if (landing->n_superseded > 0)
        qsort(landing->superseded, landing->n_superseded, sizeof *landing->superseded, sh_superseded_cmp);
    return SH_OK;
}

static int by_institution(const void *a, const void *b) {
    const struct sh_coverage *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    return x->institution == y->institution ? 0 : x->institution < y->institution ? -1 : 1;
}

static sh_code state_coverage(struct sh_landing *landing, struct sh_err *err) {
    if (landing->n_coverage == 0)
        return SH_OK;
    SH_TRY(add_old(landing, &coverage_kind, &landing->coverage, &landing->n_coverage, &landing->cap_coverage,
                   err));
    struct sh_coverage *all = landing->coverage;
    qsort(all, landing->n_coverage, sizeof *all, by_institution);
    size_t n = 0;
    for (size_t i = 0; i < landing->n_coverage; i++) {
        if (n == 0 || by_institution(&all[n - 1], &all[i]) != 0) {
            all[n++] = all[i];
            continue;
        }
        all[n - 1].first = all[i].first < all[n - 1].first ? all[i].first : all[n - 1].first;
        all[n - 1].last = all[i].last > all[n - 1].last ? all[i].last : all[n - 1].last;
    }
    landing->n_coverage = n;
    return write_state(landing, &coverage_kind, all, n, err);
}

static int by_number(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x == y ? 0 : x < y ? -1 : 1;
}

static sh_code state_lost(struct sh_landing *landing, struct sh_err *err) {
    for (unsigned w = 0; w < landing->threads; w++) {
        const struct sh_landing_worker *worker = &landing->workers[w];
        SH_TRY(sh_grow(&landing->lost, &landing->cap_lost, landing->n_lost + worker->n_lost,
                       sizeof *landing->lost, STATE_MAX, err));
        if (worker->n_lost > 0)
            memcpy(landing->lost + landing->n_lost, worker->lost, worker->n_lost * sizeof *worker->lost);
        landing->n_lost += worker->n_lost;
    }
    if (landing->n_lost == 0)
        return SH_OK;
    SH_TRY(add_old(landing, &lost_kind, &landing->lost, &landing->n_lost, &landing->cap_lost, err));
    qsort(landing->lost, landing->n_lost, sizeof *landing->lost, by_number);
    size_t n = 0;
    for (size_t i = 0; i < landing->n_lost; i++)
        if (n == 0 || landing->lost[n - 1] != landing->lost[i])
            landing->lost[n++] = landing->lost[i];
    landing->n_lost = n;
    return write_state(landing, &lost_kind, landing->lost, n, err);
}

sh_code sh_landing_state(struct sh_landing *landing, struct sh_err *err) {
    bool is_new = false;
    for (size_t i = 0; i < landing->n_superseded; i++)
        is_new |= landing->superseded[i].new_batch == landing->batch;
    if (is_new)
        SH_TRY(write_state(landing, &superseded_kind, landing->superseded, landing->n_superseded, err));
    SH_TRY(state_coverage(landing, err));
    return state_lost(landing, err);
}

/* ---- rejects
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* What to tell people about the reasons made in the landing; all others are the front end's. */
static const struct sh_msg *message_of(const char *id) {
    static const struct {
        const char *id;
        struct sh_msg msg;
    } own[] = {
        {SH_REASON_KEY_MISSING,
         {{[SH_ZH] = "缺少主键字段，无法确定此行", [SH_EN] = "a field of the natural key is empty"}}},
        {SH_REASON_CONFLICT,
         {{[SH_ZH] = "主键已入库而内容不同；如为更正请用更正导入",
           [SH_EN] = "the key is in the lake with other content; import corrections as such"}}},
        {SH_REASON_NOT_THERE,
         {{[SH_ZH] = "要撤回的行不在库中", [SH_EN] = "the row to be withdrawn is not in the lake"}}},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i].id, id) == 0)
            return &own[i].msg;
    return sh_reject_message(id);
}

static int by_record(const void *a, const void *b) {
    const struct sh_reject_place *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->worker != y->worker)
        return x->worker < y->worker ? -1 : 1;
    return x->serial == y->serial ? 0 : x->serial < y->serial ? -1 : 1;
}

/* Foreign bytes in a file of ours: what is no UTF-8 is shown as \\xHH, so that the file opens and nothing is
 * hidden. */
static sh_code foreign_cell(struct sh_csv_writer *csv, struct sh_str text, struct sh_err *err) {
    if (sh_utf8_valid(text)) {
        sh_csv_cell(csv, text);
        return SH_OK;
    }
    SH_CLEANUP(sh_buf_free) struct sh_buf shown = {0};
    while (text.len > 0) {
        const size_t good = sh_utf8_invalid_at(text);
        (void)sh_buf_add(&shown, text.at, good);
        text = sh_str_sub(text, good, text.len);
        if (text.len == 0)
            break;
        (void)sh_buf_addf(&shown, "\\x%02X", (unsigned)(unsigned char)text.at[0]);
        text = sh_str_sub(text, 1, text.len);
    }
    SH_TRY(sh_buf_check(&shown, err));
    sh_csv_cell(csv, sh_buf_view(&shown));
    return SH_OK;
}

static sh_code write_reject(struct sh_landing *landing, const struct sh_reject_place *place,
                            struct sh_buf *bytes, struct sh_csv_writer *csv, struct sh_err *err) {
    const struct sh_spill_block block = {.offset = place->offset, .bytes = place->bytes};
    sh_buf_clear(bytes);
    if (sh_buf_reserve(bytes, place->bytes) != SH_OK)
        return sh_fail(err, SH_E_NOMEM, "no room for a reject");
    SH_TRY(sh_spill_read(&landing->workers[place->worker].spill, &block, bytes->at, err));
    struct sh_str texts[4];
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t len;
        memcpy(&len, bytes->at + at, sizeof len);
        texts[i] = (struct sh_str){bytes->at + at + sizeof len, len};
        at += sizeof len + len;
    }
    char id[64];
    (void)snprintf(id, sizeof id, "%.*s", SH_ARG(texts[1]));
    const struct sh_msg *msg = message_of(id);
    const char *file = place->file < landing->options->n_files ? landing->options->files[place->file] : "";
    sh_csv_cell_text(csv, file);
    sh_csv_cell_i64(csv, (int64_t)place->record);
    sh_csv_cell_text(csv, sh_lake_schema[place->table].name);
    sh_csv_cell(csv, texts[0]);
    sh_csv_cell_text(csv, id);
    sh_csv_cell_text(csv, msg ? msg->text[SH_ZH] : "");
    sh_csv_cell_text(csv, msg ? msg->text[SH_EN] : "");
    SH_TRY(foreign_cell(csv, texts[2], err));
    SH_TRY(foreign_cell(csv, texts[3], err));
    sh_csv_end_row(csv);
    return SH_OK;
}

static void close_file_at(FILE **file) {
    if (*file)
        (void)fclose(*file);
}

static sh_code write_all(struct sh_landing *landing, const struct sh_reject_place *places, size_t n,
                         FILE *file, struct sh_err *err) {
    static const char *const header[] = {"file",      "record",    "table", "field", "reason",
                                         "reason_zh", "reason_en", "value", "text"};
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf bytes = {0};
    struct sh_csv_writer csv = {.buf = &text, .file = file, .guard = true};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        sh_csv_cell_text(&csv, header[i]);
    sh_csv_end_row(&csv);
    for (size_t i = 0; i < n; i++)
        SH_TRY(write_reject(landing, &places[i], &bytes, &csv, err));
    return sh_csv_end(&csv, err);
}

sh_code sh_landing_write_rejects(struct sh_landing *landing, const char *path, uint64_t *ret_n,
                                 struct sh_err *err) {
    size_t n = 0;
    for (unsigned w = 0; w < landing->threads; w++)
        n += landing->workers[w].n_rejects;
    *ret_n = n;
    if (n == 0)
        return SH_OK;
    SH_CLEANUP(sh_free_at) struct sh_reject_place *places = sh_alloc_array(n, sizeof *places);
    if (!places)
        return sh_fail(err, SH_E_NOMEM, "no room for the places of %zu rejects", n);
    size_t at = 0;
    for (unsigned w = 0; w < landing->threads; w++) {
        struct sh_landing_worker *worker = &landing->workers[w];
        SH_TRY(sh_landing_settle_rejects(worker, err));
        if (worker->n_rejects > 0)
            memcpy(places + at, worker->rejects, worker->n_rejects * sizeof *places);
        at += worker->n_rejects;
    }
    qsort(places, n, sizeof *places, by_record);
    SH_CLEANUP(close_file_at) FILE *file = fopen(path, "we");
    if (!file)
        return sh_fail_errno(err, "%s: cannot create", path);
    SH_TRY(write_all(landing, places, n, file, err));
    return fflush(file) == 0 ? SH_OK : sh_fail_errno(err, "%s: cannot write", path);
}
