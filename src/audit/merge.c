/* Joining slices: the same bytes a whole run would have given, or a refusal that says why not. */
#include "audit/lacking.h"
#include "audit/texts.h"
#include "audit/together.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "audit/inner.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct part {
    struct sh_run_file file;
    const char *dir;
};

/* What is joined, and where the whole goes. */
struct joint {
    const char *lake_dir;
    const struct part *parts; /* [n] by bucket */
    size_t n;
    const char *dir, *out;
};

static int by_first_bucket(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    return x->file.summary.bucket_first < y->file.summary.bucket_first
               ? -1
               : x->file.summary.bucket_first > y->file.summary.bucket_first;
}

static sh_code find_dir(const char *lake_dir, const char *run, struct sh_arena *arena, const char **ret,
                        struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    bool is_dir = false;
    if (strchr(run, '/'))
        SH_TRY(sh_is_dir(run, &is_dir, err));
    if (is_dir)
        SH_TRY(sh_path_format(path, err, "%s", run));
    else
        SH_TRY(sh_path_format(path, err, "%s/audits/%s", lake_dir, run));
    *ret = sh_arena_dup(arena, path, strlen(path));
    return *ret ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the name of a run");
}

static sh_code check_parts(const struct part *parts, size_t n, struct sh_err *err) {
    uint32_t next = 0;
    const struct sh_run_summary *first = &parts[0].file.summary;
    for (size_t i = 0; i < n; i++) {
        const struct sh_run_summary *s = &parts[i].file.summary;
        if (s->manifest != first->manifest)
            return sh_fail(
                err, SH_E_INPUT,
                "run %.*s reads manifest %llu, run %.*s reads %llu: audit the same state of the lake",
                SH_ARG(s->run), (unsigned long long)s->manifest, SH_ARG(first->run),
                (unsigned long long)first->manifest);
        if (strcmp(parts[i].file.inputs, parts[0].file.inputs) != 0)
            return sh_fail(err, SH_E_INPUT,
                           "run %.*s and run %.*s differ in rules, knowledge, parameters or options",
                           SH_ARG(s->run), SH_ARG(first->run));
        if (s->bucket_first < next)
            return sh_fail(err, SH_E_INPUT, "run %.*s holds bucket %u, which an earlier one holds too",
                           SH_ARG(s->run), s->bucket_first);
        if (s->bucket_first > next)
            return sh_fail(err, SH_E_INPUT, "no run holds buckets %u-%u", next, s->bucket_first - 1);
        next = s->bucket_last + 1;
    }
    if (next != first->buckets)
        return sh_fail(err, SH_E_INPUT, "no run holds buckets %u-%u", next, first->buckets - 1);
    return SH_OK;
}

static void answers_free(struct sh_answers *a) {
    sh_answers_release(a);
}
static void runs_free(struct sh_spool_runs *runs) {
    sh_free(runs->at);
}

static sh_code add_part(const struct part *part, struct sh_spool_runs *runs, struct sh_answers *sum,
                        struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    bool there;
    uint64_t bytes;
    SH_TRY(sh_answers_merge(sum, &part->file.summary.answers, err));
    SH_TRY(sh_path_join(path, part->dir, SH_RUN_RECORDS, err));
    SH_TRY(sh_fs_exists(path, &there, err));
    if (!there)
        return sh_fail(err, SH_E_NOTFOUND, "run %.*s has no %s: it is not a slice",
                       SH_ARG(part->file.summary.run), SH_RUN_RECORDS);
    SH_TRY(sh_file_size(path, &bytes, err));
    if (bytes == 0)
        return SH_OK;
    SH_TRY(sh_grow(&runs->at, &runs->cap, runs->n + 1, sizeof(*runs->at), UINT32_MAX, err));
    struct sh_spool_run *run = &runs->at[runs->n++];
    *run = (struct sh_spool_run){.offset = 0, .bytes = bytes};
    memcpy(run->path, path, sizeof(run->path));
    return SH_OK;
}

/* The texts of any slice are those of all: their inputs are equal. */
static sh_code copy_texts(const char *from, const char *to, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_str bytes;
    SH_TRY(sh_path_join(path, from, SH_RUN_TEXT, err));
    SH_TRY(sh_fs_read(path, SH_TEXTS_BYTES_MAX, &arena, &bytes, err));
    SH_TRY(sh_path_join(path, to, SH_RUN_TEXT, err));
    return sh_fs_write(path, bytes, err);
}

static sh_code drop_part(const char *dir, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, "together.part", err));
    return unlink(path) == 0 || errno == ENOENT ? SH_OK : sh_fail_errno(err, "%s", path);
}

/* The rows that slices kept for each other, judged by the rules that all of them ran. */
static sh_code bring_together(const struct joint *j, struct sh_arena *arena, struct sh_spool_runs *runs,
                              struct sh_answers *sum, struct sh_err *err) {
    SH_CLEANUP(sh_xruns_release) struct sh_xruns rows = {0};
    SH_CLEANUP(sh_session_close) struct sh_session session = {0};
    char path[SH_PATH_BYTES_MAX];
    for (size_t i = 0; i < j->n; i++) {
        bool there;
        uint64_t bytes;
        SH_TRY(sh_path_join(path, j->parts[i].dir, SH_RUN_ROWS, err));
        SH_TRY(sh_fs_exists(path, &there, err));
        if (!there)
            continue;
        SH_TRY(sh_file_size(path, &bytes, err));
        SH_TRY(sh_xruns_add(&rows, path, 0, bytes, err));
    }
    if (rows.n == 0)
        return SH_OK;
    SH_TRY(sh_run_session_open(j->lake_dir, j->parts[0].dir, &j->parts[0].file, arena, &session, err));
    SH_TRY(sh_path_join(path, j->dir, "together.part", err));
    return sh_together(session.plan, &rows, path, runs, sum, err);
}

static void lake_close(struct sh_lake **lake) {
    if (*lake)
        sh_lake_close(*lake);
}

static sh_code join(const struct joint *j, struct sh_arena *arena, struct sh_run_summary *ret,
                    struct sh_err *err) {
    SH_CLEANUP(runs_free) struct sh_spool_runs runs = {0};
    SH_CLEANUP(answers_free) struct sh_answers sum = {0};
    SH_CLEANUP(lake_close) struct sh_lake *lake = NULL;
    SH_TRY(sh_lake_open(j->lake_dir, ret->manifest, &lake, err));
    SH_TRY(sh_answers_init(&sum, j->parts[0].file.summary.answers.n_rules, err));
    for (size_t i = 0; i < j->n; i++) {
        SH_TRY(add_part(&j->parts[i], &runs, &sum, err));
        SH_TRY(sh_lacking_merge(j->parts[i].dir, &j->parts[i].file.summary, lake, &sum, err));
    }
    SH_TRY(bring_together(j, arena, &runs, &sum, err));
    sh_answers_sort(&sum);
    SH_TRY(sh_answers_copy(&sum, arena, &ret->answers, err));
    SH_TRY(sh_lacking_write(j->dir, ret, lake, err));
    const struct sh_outputs outputs = {
        .dir = j->dir, .out = j->out, .runs = &runs, .threads = sh_processors()};
    SH_TRY(sh_outputs_write(&outputs, &ret->findings, err));
    SH_TRY(drop_part(j->dir, err));
    return copy_texts(j->parts[0].dir, j->dir, err);
}

// NOLINTNEXTLINE(readability-function-size): no two arguments belong together more than the rest
sh_code sh_audit_merge(const char *lake_dir, const char *const *runs, size_t n_runs, const char *out,
                       const char *run, const struct sh_clock *clock, struct sh_arena *arena,
                       struct sh_run_summary *ret, struct sh_err *err) {
    assert(lake_dir && runs && arena && ret);
    const int64_t begun = sh_monotonic_ns();
    if (n_runs == 0)
        return sh_fail(err, SH_E_INPUT, "name the runs to join");
    SH_TRY(sh_output_check(out, err));
    struct part *parts = sh_new(arena, struct part, n_runs);
    if (!parts)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu runs", n_runs);
    for (size_t i = 0; i < n_runs; i++) {
        SH_TRY(find_dir(lake_dir, runs[i], arena, &parts[i].dir, err));
        SH_TRY(sh_run_file_read(parts[i].dir, arena, &parts[i].file, err));
    }
    qsort(parts, n_runs, sizeof(*parts), by_first_bucket);
    SH_TRY(check_parts(parts, n_runs, err));
    const char *name, *dir;
    SH_TRY(sh_run_dir_make(lake_dir, run, clock, arena, &name, &dir, err));
    *ret = parts[0].file.summary;
    ret->run = sh_str_of(name);
    ret->dir = sh_str_of(dir);
    ret->bucket_first = 0;
    ret->bucket_last = ret->buckets - 1;
    ret->partial = false;
    const struct joint joint = {lake_dir, parts, n_runs, dir, out};
    sh_code code = join(&joint, arena, ret, err);
    ret->seconds = ret->merge_seconds = (double)(sh_monotonic_ns() - begun) / 1e9;
    if (code == SH_OK) {
        struct sh_run_file file = parts[0].file;
        file.summary = *ret;
        code = sh_run_file_write(dir, &file, err);
    }
    if (code != SH_OK)
        (void)!sh_remove_tree(dir, NULL);
    return code;
}
