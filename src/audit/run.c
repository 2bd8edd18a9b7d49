/* A run over a lake: ranges of buckets to threads, findings to sorted parts, parts to files. */
#include "audit/run.h"
#include "audit/census.h"
#include "audit/lacking.h"
#include "audit/texts.h"
#include "audit/together.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "audit/inner.h"
#include <assert.h>
#include <string.h>

#define CHUNK_ROWS 16384u /* what rules read of a chunk mostly stays in the cache of a core */
#define PART_BYTES_MAX ((size_t)128 << 20) /* findings one thread holds before they go to disk */

/* What one thread has. */
struct lane {
    struct sh_audit_worker *worker;
    struct sh_spool spool;
    struct sh_spool_runs runs;
    struct sh_record_room room;
    int64_t audit_ns;
};

struct run {
    const struct sh_audit_options *options;
    struct sh_session session;
    struct sh_selection selection;
    struct lane *lanes;
    size_t n_lanes;
    const char *parts_dir;
    struct sh_census *census;
    struct sh_bucket_range buckets;
    struct sh_bucket_range *tasks; /* [n_tasks] */
    size_t n_tasks;
    atomic_uint_fast64_t lines_done;
    uint64_t lines_total;
};

static void run_release(struct run *run) {
    for (size_t i = 0; run->lanes && i < run->n_lanes; i++) {
        sh_audit_worker_free(run->lanes[i].worker);
        sh_spool_release(&run->lanes[i].spool);
        sh_free(run->lanes[i].runs.at);
        sh_record_room_release(&run->lanes[i].room);
    }
    sh_free(run->lanes);
    sh_free(run->tasks);
    sh_census_free(run->census);
    sh_session_close(&run->session);
}

static void reader_close(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}

static sh_code keep_findings(struct lane *lane, const struct sh_chunk_findings *found, uint32_t bucket,
                             struct sh_err *err) {
    for (size_t i = 0; i < found->n; i++) {
        struct sh_record record;
        SH_TRY(sh_record_of(lane->worker, &found->findings[i], bucket, &lane->room, &record, err));
        SH_TRY(sh_spool_add(&lane->spool, &record, err));
    }
    return lane->spool.records.len > PART_BYTES_MAX ? sh_spool_cut(&lane->spool, &lane->runs, err) : SH_OK;
}

static sh_code open_lane(struct run *run, struct lane *lane, size_t number, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    if (lane->worker)
        return SH_OK;
    SH_TRY(sh_path_format(path, err, "%s/%zu.part", run->parts_dir, number));
    SH_TRY(sh_spool_open(&lane->spool, path, err));
    (void)!sh_buf_reserve(&lane->spool.records, PART_BYTES_MAX); /* memory is taken as it fills */
    SH_TRY(sh_buf_check(&lane->spool.records, err));
    SH_TRY(sh_audit_worker_new(run->session.plan, &lane->worker, err));
    sh_audit_worker_census(lane->worker, run->census);
    SH_TRY(sh_path_format(path, err, "%s/%zu.rows", run->parts_dir, number));
    return sh_plan_crosses(run->session.plan) ? sh_audit_worker_spill(lane->worker, path, err) : SH_OK;
}

static sh_code audit_buckets(void *ctx, size_t task, size_t number, struct sh_err *err) {
    struct run *run = ctx;
    struct lane *lane = &run->lanes[number];
    SH_TRY(open_lane(run, lane, number, err));
    struct sh_reader *reader SH_CLEANUP(reader_close) = NULL;
    const uint32_t rows = run->options->chunk_rows ? run->options->chunk_rows : CHUNK_ROWS;
    SH_TRY(sh_reader_open(run->session.lake, &run->selection, run->tasks[task], run->options->known, rows,
                          &reader, err));
    for (;;) {
        const struct sh_chunk *chunk;
        struct sh_chunk_findings found;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        const int64_t begun = sh_monotonic_ns();
        SH_TRY(sh_audit_chunk(lane->worker, chunk, &found, err));
        SH_TRY(keep_findings(lane, &found, chunk->bucket, err));
        lane->audit_ns += sh_monotonic_ns() - begun;
        const uint64_t lines = chunk->tables[SH_TABLE_LINE].n_rows;
        const uint64_t done = atomic_fetch_add(&run->lines_done, lines) + lines;
        if (run->options->progress)
            run->options->progress(run->options->progress_ctx, done, run->lines_total);
        if (run->options->control && atomic_load(&run->options->control->stop))
            return sh_fail(err, SH_E_CANCELLED, "the audit was stopped");
    }
}

/* What a thread still holds, findings and rows that must meet, is sorted where it is. */
static sh_code hold_lane(void *ctx, size_t task, size_t number, struct sh_err *err) {
    (void)number;
    struct lane *lane = &((struct run *)ctx)->lanes[task];
    if (!lane->worker)
        return SH_OK;
    SH_TRY(sh_spool_hold(&lane->spool, &lane->runs, err));
    return sh_audit_worker_cut(lane->worker, err);
}

static sh_code run_buckets(struct run *run, struct sh_err *err) {
    const uint32_t n_buckets = run->buckets.to - run->buckets.from;
    size_t threads = run->options->threads ? run->options->threads : sh_processors();
    threads = threads < n_buckets ? threads : n_buckets;
    run->n_lanes = threads > 0 ? threads : 1;
    run->lanes = sh_alloc_array(run->n_lanes, sizeof(*run->lanes));
    run->tasks = sh_alloc_array(n_buckets, sizeof(*run->tasks));
    if (!run->lanes || !run->tasks)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu threads", run->n_lanes);
    run->n_tasks = sh_buckets_split(run->buckets, run->n_lanes, run->tasks);
    SH_TRY(sh_pool_run(run->n_lanes, run->n_tasks, audit_buckets, run, run->options->control, err));
    return sh_pool_run(run->n_lanes, run->n_lanes, hold_lane, run, NULL, err);
}

static void answers_free(struct sh_answers *a) {
    sh_answers_release(a);
}

/* Rows of many persons: judged now that all have come, or kept by a slice for the others. */
static sh_code bring_together(struct run *run, const char *dir, struct sh_spool_runs *runs,
                              struct sh_answers *sum, bool partial, struct sh_err *err) {
    SH_CLEANUP(sh_xruns_release) struct sh_xruns rows = {0};
    char path[SH_PATH_BYTES_MAX];
    if (!sh_plan_crosses(run->session.plan))
        return SH_OK;
    for (size_t i = 0; i < run->n_lanes; i++) {
        const struct sh_xruns *own =
            run->lanes[i].worker ? &sh_worker_exchange(run->lanes[i].worker)->runs : NULL;
        for (size_t r = 0; own && r < own->n; r++)
            SH_TRY(sh_xruns_add(&rows, own->at[r].path, own->at[r].offset, own->at[r].bytes, err));
    }
    if (partial) {
        SH_TRY(sh_path_join(path, dir, SH_RUN_ROWS, err));
        return sh_exchange_write(run->session.plan, &rows, path, err);
    }
    SH_TRY(sh_path_format(path, err, "%s/together.part", run->parts_dir));
    return sh_together(run->session.plan, &rows, path, runs, sum, err);
}

static sh_code gather(struct run *run, const char *dir, struct sh_arena *arena, struct sh_spool_runs *runs,
                      struct sh_run_summary *ret, struct sh_err *err) {
    SH_CLEANUP(answers_free) struct sh_answers sum = {0};
    SH_TRY(sh_answers_init(&sum, sh_plan_rules(run->session.plan), err));
    for (size_t i = 0; i < run->n_lanes; i++) {
        const struct lane *lane = &run->lanes[i];
        if (!lane->worker)
            continue;
        SH_TRY(sh_answers_merge(&sum, sh_audit_worker_answers(lane->worker), err));
        ret->cpu_audit_seconds += (double)lane->audit_ns / 1e9;
        for (size_t r = 0; r < lane->runs.n; r++) {
            SH_TRY(sh_grow(&runs->at, &runs->cap, runs->n + 1, sizeof(*runs->at), UINT32_MAX, err));
            runs->at[runs->n++] = lane->runs.at[r];
        }
    }
    SH_TRY(bring_together(run, dir, runs, &sum, ret->partial, err));
    for (size_t i = 0; i < run->n_lanes; i++) { /* writing needs memory of its own, and none of theirs */
        sh_audit_worker_free(run->lanes[i].worker);
        run->lanes[i].worker = NULL;
    }
    sh_heap_give_back();
    sh_answers_sort(&sum);
    SH_TRY(sh_answers_copy(&sum, arena, &ret->answers, err));
    return sh_run_rules_fill(run->session.plan, arena, &ret->rules, err);
}

static sh_code choose_buckets(struct run *run, struct sh_err *err) {
    const struct sh_audit_options *o = run->options;
    const uint32_t all = sh_lake_buckets(run->session.lake);
    const uint32_t first = o->has_buckets ? o->bucket_first : 0,
                   last = o->has_buckets ? o->bucket_last : all - 1;
    if (first > last || last >= all)
        return sh_fail(err, SH_E_INPUT, "--buckets %u-%u: the lake has buckets 0-%u", first, last, all - 1);
    run->buckets = (struct sh_bucket_range){first, last + 1};
    run->lines_total = sh_lake_rows(run->session.lake, SH_TABLE_LINE);
    run->lines_total = run->lines_total * (last - first + 1) / all;
    return SH_OK;
}

/* What is left to do when all buckets are done. */
struct ending {
    struct run *run;
    const char *dir;
    struct sh_arena *arena;
    struct sh_spool_runs runs;
    struct sh_run_summary *ret;
};

/* Two tasks side by side: what came together and the findings; and the texts of the run, which wait for the
 * disk. */
static sh_code end_part(void *ctx, size_t task, size_t number, struct sh_err *err) {
    (void)number;
    struct ending *e = ctx;
    const struct sh_audit_options *o = e->run->options;
    if (task == 1)
        return sh_texts_keep(o, e->dir, err);
    SH_TRY(gather(e->run, e->dir, e->arena, &e->runs, e->ret, err));
    const struct sh_outputs outputs = {.dir = e->dir,
                                       .out = o->out,
                                       .keep_records = e->ret->partial,
                                       .runs = &e->runs,
                                       .threads = e->run->n_lanes};
    return sh_outputs_write(&outputs, &e->ret->findings, err);
}

static sh_code finish(struct run *run, const char *dir, int64_t begun, int64_t audited,
                      struct sh_run_summary *ret, struct sh_arena *arena, struct sh_err *err) {
    struct ending ending = {.run = run, .dir = dir, .arena = arena, .ret = ret};
    const sh_code code = sh_pool_run(run->n_lanes < 2 ? 1 : 2, 2, end_part, &ending, NULL, err);
    sh_free(ending.runs.at);
    if (code != SH_OK)
        return code;
    const int64_t now = sh_monotonic_ns();
    ret->merge_seconds = (double)(now - audited) / 1e9;
    ret->seconds = (double)(now - begun) / 1e9;
    struct sh_run_file file = {.summary = *ret,
                               .place = run->options->place ? run->options->place : "000000",
                               .as_of = run->options->as_of,
                               .known = run->options->known,
                               .stage = run->options->stage};
    SH_TRY(sh_run_texts_name(run->session.rules, arena, &file.texts, err));
    SH_TRY(sh_session_inputs(&run->session, run->options, &file.texts, file.inputs, err));
    SH_TRY(sh_lacking_write(dir, ret, run->session.lake, err));
    SH_TRY(sh_run_file_write(dir, &file, err));
    return sh_remove_tree(run->parts_dir, err);
}

sh_code sh_audit_run(const struct sh_audit_options *options, struct sh_arena *arena,
                     struct sh_run_summary *ret, struct sh_err *err) {
    assert(options && arena && ret);
    const int64_t begun = sh_monotonic_ns();
    SH_CLEANUP(run_release) struct run run = {.options = options};
    *ret = (struct sh_run_summary){0};
    SH_TRY(sh_output_check(options->out, err));
    SH_TRY(sh_session_open(options, arena, &run.session, err));
    SH_TRY(choose_buckets(&run, err));
    run.selection = sh_plan_selection(run.session.plan);
    const char *name, *dir;
    char parts[SH_PATH_BYTES_MAX];
    SH_TRY(sh_run_dir_make(options->lake_dir, options->run, options->clock, arena, &name, &dir, err));
    SH_TRY(sh_path_join(parts, dir, "parts", err));
    SH_TRY(sh_mkdir_all(parts, err));
    run.parts_dir = parts;
    ret->run = sh_str_of(name);
    ret->dir = sh_str_of(dir);
    ret->manifest = sh_lake_manifest(run.session.lake);
    ret->buckets = sh_lake_buckets(run.session.lake);
    ret->bucket_first = run.buckets.from;
    ret->bucket_last = run.buckets.to - 1;
    ret->partial = run.buckets.to - run.buckets.from < ret->buckets;
    const int64_t loaded = sh_monotonic_ns();
    ret->load_seconds = (double)(loaded - begun) / 1e9;
    sh_code code = SH_OK;
    if (!ret->partial) /* else rows of other slices are not seen */
        code = sh_census_take(run.session.plan,
                              &(const struct sh_census_of){run.session.lake, options->known, run.buckets,
                                                           options->threads, options->control},
                              &run.census, err);
    if (code == SH_OK)
        code = run_buckets(&run, err);
    const int64_t audited = sh_monotonic_ns();
    ret->audit_seconds = (double)(audited - loaded) / 1e9;
    if (code == SH_OK)
        code = finish(&run, dir, begun, audited, ret, arena, err);
    if (code != SH_OK)
        (void)!sh_remove_tree(dir, NULL); /* a run that failed leaves nothing half done */
    return code;
}
