/* The front end: some workers take blocks of records in turn, one reading at a time, and turn them into typed
 * rows. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/pool.h"
#include "lake/block.h"
#include "lake/rejects_msg.h"
#include <pthread.h>

enum { BLOCK_BYTES = 1 << 20 };

struct run {
    const struct sh_import_options *options;
    const struct sh_mapping *mapping;
    const struct sh_gb18030 *gb;
    struct sh_arena *arena; /* under the lock once the workers run */
    struct sh_intake *workers;

    pthread_mutex_t lock;             /* of all below: one reads, the others work */
    struct sh_record_reader *records; /* of the file under way, NULL between files */
    const struct sh_intake_file *file;
    size_t next_file;
    uint64_t done_bytes, file_bytes, total_bytes; /* of files as they lie on disk */
    bool is_over;
    uint64_t failed_at; /* (file, block) of the first failure in reading order, UINT64_MAX: none */
    sh_code failed;
    struct sh_err failure;
};

static void sh_record_reader_close_at(struct sh_record_reader **records) {
    sh_record_reader_close(*records);
}

/* Open a file and read its header: which source it is, where its columns are. */
static sh_code open_file(struct run *run, size_t number, struct sh_record_reader **ret_records,
                         const struct sh_intake_file **ret, struct sh_err *err) {
    const char *path = run->options->files[number];
    struct sh_source *source = NULL;
    struct sh_intake_file *file = sh_new(run->arena, struct sh_intake_file, 1);
    if (!file)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory", path);
    file->number = (uint32_t)number;
    SH_TRY(sh_source_open(path, &source, err));
    SH_CLEANUP(sh_record_reader_close_at) struct sh_record_reader *records = NULL;
    SH_TRY(sh_record_reader_open(source, run->mapping->form, run->mapping->encoding, run->gb, run->arena,
                                 &records, &file->header, &file->n_header, err));
    SH_TRY(sh_mapping_recognise(run->mapping, path, file->header, file->n_header, run->arena, &file->source,
                                &file->at, err));
    file->source_number = (size_t)(file->source - run->mapping->sources);
    file->form = *sh_record_reader_form(records);
    file->form.wide = false; /* workers see UTF-8 */
    *ret_records = records, *ret = file;
    records = NULL;
    return SH_OK;
}

/* All headers are looked at before the first row is handed over: a wrong file is found at once. */
static sh_code check_files(struct run *run, struct sh_err *err) {
    for (size_t i = 0; i < run->options->n_files; i++) {
        const struct sh_arena_mark mark = sh_arena_mark(run->arena);
        struct sh_record_reader *records = NULL;
        const struct sh_intake_file *file = NULL;
        SH_TRY(open_file(run, i, &records, &file, err));
        run->total_bytes += sh_source_size(sh_record_reader_source(records));
        sh_record_reader_close(records);
        sh_arena_rewind(run->arena, mark);
    }
    return SH_OK;
}

/* Under the lock: the next block of the worker. *ret_file NULL: no more. */
static sh_code next_block(struct run *run, struct sh_intake *in, const struct sh_intake_file **ret_file,
                          struct sh_err *err) {
    *ret_file = NULL;
    for (;;) {
        if (!run->records) {
            if (run->next_file == run->options->n_files)
                return SH_OK;
            SH_TRY(open_file(run, run->next_file, &run->records, &run->file, err));
            run->next_file++;
        }
        const int64_t begun = sh_monotonic_ns();
        int64_t read_ns = 0;
        SH_TRY(sh_record_reader_next(run->records, BLOCK_BYTES, &in->block, &read_ns, err));
        in->ns[SH_STAGE_READ] += read_ns;
        in->ns[SH_STAGE_FIND] += sh_monotonic_ns() - begun - read_ns;
        run->file_bytes = sh_source_taken(sh_record_reader_source(run->records));
        if (run->options->progress)
            run->options->progress(run->options->progress_ctx, "read", run->done_bytes + run->file_bytes,
                                   run->total_bytes);
        if (in->block.n_spans > 0) {
            *ret_file = run->file;
            return SH_OK;
        }
        run->done_bytes += run->file_bytes;
        sh_record_reader_close(run->records);
        run->records = NULL;
    }
}

/* Keep the failure that comes first in reading order: the same one whatever the number of threads. */
static void note_failure(struct run *run, uint64_t at, sh_code code, const struct sh_err *err) {
    run->is_over = true;
    if (at >= run->failed_at)
        return;
    run->failed_at = at;
    run->failed = code;
    run->failure = *err;
}

static sh_code work(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct run *run = ctx;
    (void)worker;
    (void)err;
    struct sh_intake *in = &run->workers[task];
    struct sh_err fault;
    for (;;) {
        const struct sh_intake_file *file = NULL;
        sh_code code = SH_OK;
        (void)pthread_mutex_lock(&run->lock);
        if (!run->is_over) {
            code = next_block(run, in, &file, &fault);
            if (code != SH_OK)
                note_failure(run, UINT64_MAX - 1, code,
                             &fault); /* all blocks before it are under way or done */
        }
        (void)pthread_mutex_unlock(&run->lock);
        if (!file)
            return SH_OK;
        code = sh_intake_block(in, file, &fault);
        if (code == SH_OK)
            continue;
        (void)pthread_mutex_lock(&run->lock);
        note_failure(run, (uint64_t)file->number << 40 | in->block.number, code, &fault);
        (void)pthread_mutex_unlock(&run->lock);
        return SH_OK;
    }
}

/* Seconds of work, summed over the workers. */
static void time_stage(struct run *run, size_t n_workers, const char *name, unsigned first, unsigned last,
                       struct sh_import_result *ret) {
    int64_t ns = 0;
    for (size_t w = 0; w < n_workers; w++)
        for (unsigned s = first; s <= last; s++)
            ns += run->workers[w].ns[s];
    if (ret->n_stages == sizeof(ret->stages) / sizeof(ret->stages[0]))
        return;
    ret->stages[ret->n_stages].name = name;
    ret->stages[ret->n_stages++].seconds = (double)ns / 1e9;
}

static sh_code collect(struct run *run, size_t n_workers, struct sh_import_result *ret, struct sh_err *err) {
    for (size_t w = 0; w < n_workers; w++)
        for (unsigned t = 0; t < SH_TABLES; t++) {
            struct sh_import_count *count = &ret->tables[t];
            count->read += run->workers[w].read[t];
            if (sh_add(count->read_fen, run->workers[w].read_fen[t], &count->read_fen) != SH_OK)
                return sh_fail(err, SH_E_OVERFLOW, "the sum of amounts leaves int64 fen");
        }
    time_stage(run, n_workers, "read", SH_STAGE_READ, SH_STAGE_FIND, ret);
    time_stage(run, n_workers, "split", SH_STAGE_DECODE, SH_STAGE_SPLIT, ret);
    time_stage(run, n_workers, "map", SH_STAGE_MAP, SH_STAGE_MAP, ret);
    time_stage(run, n_workers, "type", SH_STAGE_TYPE, SH_STAGE_TYPE, ret);
    time_stage(run, n_workers, "push", SH_STAGE_PUSH, SH_STAGE_PUSH, ret);
    return SH_OK;
}

static sh_code run_workers(struct run *run, struct sh_landing *landing, size_t n_workers,
                           struct sh_import_result *ret, struct sh_err *err) {
    sh_code code = SH_OK;
    for (size_t w = 0; w < n_workers && code == SH_OK; w++) {
        struct sh_intake *in = &run->workers[w];
        in->worker = (unsigned)w, in->mapping = run->mapping, in->gb = run->gb, in->landing = landing;
        code = sh_eval_open(run->mapping, &in->eval, err);
    }
    if (code == SH_OK)
        code = sh_eval_check(run->workers[0].eval, err);
    if (code == SH_OK)
        code = sh_pool_run(n_workers, n_workers, work, run, NULL, err);
    if (code == SH_OK && run->failed_at != UINT64_MAX)
        code = err ? (*err = run->failure, run->failed) : run->failed;
    if (code == SH_OK)
        code = collect(run, n_workers, ret, err);
    sh_record_reader_close(run->records);
    for (size_t w = 0; w < n_workers; w++)
        sh_intake_release(&run->workers[w]);
    return code;
}

sh_code sh_frontend_run(const struct sh_import_options *options, struct sh_landing *landing,
                        struct sh_import_result *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct run run = {
        .options = options, .arena = &arena, .lock = PTHREAD_MUTEX_INITIALIZER, .failed_at = UINT64_MAX};
    if (options->n_files == 0 || options->n_files > SH_IMPORT_FILES_MAX)
        return sh_fail(err, SH_E_INPUT, "give 1 to %zu files to import", SH_IMPORT_FILES_MAX);
    SH_TRY(sh_mapping_load(options->mappings_dir, options->mapping, &arena, &run.mapping, err));
    SH_TRY(sh_gb18030_new(&arena, &run.gb, err));
    SH_TRY(check_files(&run, err));
    const size_t threads = options->threads ? options->threads : sh_processors();
    const size_t n_workers = threads < SH_THREADS_MAX ? threads : SH_THREADS_MAX;
    run.workers = sh_new(&arena, struct sh_intake, n_workers);
    if (!run.workers)
        return sh_fail(err, SH_E_NOMEM, "no memory for %zu workers", n_workers);
    const sh_code code = run_workers(&run, landing, n_workers, ret, err);
    (void)pthread_mutex_destroy(&run.lock);
    return code;
}
