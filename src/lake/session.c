#include "lake/session.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/money.h"
#include <inttypes.h>

struct sh_session {
    const struct sh_import_options *options;
    struct sh_writer writer;
    struct sh_arena arena;
    struct sh_manifest before;
    struct sh_landing *landing;
};

/* ---- begin
 * ---------------------------------------------------------------------------------------------------------------
 */

static sh_code check_options(const struct sh_import_options *options, struct sh_err *err) {
    if (!options->lake_dir || !options->lake_dir[0])
        return sh_fail(err, SH_E_INPUT, "no folder of a lake is given");
    if (options->correction && options->withdrawal)
        return sh_fail(err, SH_E_INPUT, "an import is a correction or a withdrawal, not both");
    const bool must_say = options->correction || options->withdrawal;
    const char *const said[] = {options->reason, options->by, options->approved_by};
    for (size_t i = 0; must_say && i < 3; i++)
        if (!said[i] || sh_str_trim(sh_str_of(said[i])).len == 0)
            return sh_fail(err, SH_E_INPUT,
                           "a correction or a withdrawal must say why, who asked for it and who approved it "
                           "(reason, by, approved by)");
    if (must_say &&
        sh_str_eq(sh_str_trim(sh_str_of(options->by)), sh_str_trim(sh_str_of(options->approved_by))))
        return sh_fail(err, SH_E_INPUT,
                       "who asks for a correction or a withdrawal does not approve it: name another");
    if (options->buckets > SH_LAKE_BUCKETS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%" PRIu32 " buckets are over the limit of %u", options->buckets,
                       SH_LAKE_BUCKETS_MAX);
    if (options->threads > SH_THREADS_MAX)
        return sh_fail(err, SH_E_LIMIT, "%u threads are over the limit of %zu", options->threads,
                       SH_THREADS_MAX);
    return SH_OK;
}

static sh_code open_before(struct sh_session *session, const uint64_t seed[2], struct sh_err *err) {
    const struct sh_import_options *options = session->options;
    uint64_t newest;
    session->arena.limit_bytes = (size_t)8 << 30;
    SH_TRY(sh_manifest_newest(options->lake_dir, &newest, err));
    if (newest == 0) {
        session->before = (struct sh_manifest){.arena = &session->arena,
                                               .buckets = options->buckets > 0 ? options->buckets
                                                                               : SH_LAKE_BUCKETS_DEFAULT};
        if (seed)
            session->before.seed[0] = seed[0], session->before.seed[1] = seed[1];
        else
            SH_TRY(sh_random_bytes(session->before.seed, sizeof session->before.seed, err));
        return SH_OK;
    }
    SH_TRY(sh_manifest_read(options->lake_dir, newest, &session->arena, &session->before, err));
    const uint32_t last = sh_manifest_last_batch(&session->before);
    if (last > 0 && options->known_day < sh_manifest_known_day(&session->before, last))
        return sh_fail(err, SH_E_INPUT,
                       "the known day of the import is before that of batch %" PRIu32
                       ": batches become known in order; check the clock",
                       last);
    if (options->buckets > 0 && options->buckets != session->before.buckets)
        return sh_fail(err, SH_E_INPUT, "%s has %" PRIu32 " buckets, which cannot change to %" PRIu32,
                       options->lake_dir, session->before.buckets, options->buckets);
    return SH_OK;
}

static sh_code begin(struct sh_session *session, const uint64_t seed[2], struct sh_err *err) {
    const struct sh_import_options *options = session->options;
    SH_TRY(check_options(options, err));
    SH_TRY(sh_mkdir_all(options->lake_dir, err));
    SH_TRY(sh_writer_begin(options->lake_dir, "import", &session->writer, err));
    SH_TRY(open_before(session, seed, err));
    SH_TRY(sh_landing_open(options, &session->before, session->writer.temp_dir, &session->landing, err));
    (void)snprintf(session->landing->tag, sizeof session->landing->tag, "%s", session->writer.tag);
    return SH_OK;
}

sh_code sh_session_begin(const struct sh_import_options *options, const uint64_t seed[2],
                         struct sh_session **ret, struct sh_err *err) {
    struct sh_session *session = sh_alloc_array(1, sizeof *session);
    if (!session)
        return sh_fail(err, SH_E_NOMEM, "no room for an import");
    session->options = options;
    const sh_code code = begin(session, seed, err);
    if (code != SH_OK) {
        sh_session_end(session);
        return code;
    }
    *ret = session;
    return SH_OK;
}

void sh_session_end(struct sh_session *session) {
    if (!session)
        return;
    sh_landing_close(session->landing);
    sh_writer_end(&session->writer);
    sh_arena_free(&session->arena);
    sh_free(session);
}

struct sh_landing *sh_session_landing(struct sh_session *session) {
    return session->landing;
}

unsigned sh_session_threads(const struct sh_session *session) {
    return session->landing->threads;
}

/* ---- commit
 * ----------------------------------------------------------------------------------------------------------------
 */

static uint64_t written_rows(const struct sh_landing *landing, enum sh_table table) {
    uint64_t n = 0;
    for (size_t i = 0; i < landing->n_files; i++)
        if (landing->files[i].entry.kind == SH_FILE_DATA && landing->files[i].entry.what == (uint32_t)table)
            n += landing->files[i].entry.rows;
    return n;
}

/* Nothing lost, nothing doubled: what was read is what landed, repeated and was rejected, in rows and in fen.
 */
static sh_code conserve(struct sh_landing *landing, struct sh_import_result *ret, struct sh_err *err) {
    for (enum sh_table t = 0; t < SH_TABLES; t++) {
        struct sh_import_count sum = landing->counts[t];
        for (unsigned w = 0; w < landing->threads; w++) {
            const struct sh_import_count *count = &landing->workers[w].counts[t];
            sum.read += count->read, sum.rejected += count->rejected,
                sum.rejected_unknown_fen += count->rejected_unknown_fen;
            sh_code code = sh_add(sum.read_fen, count->read_fen, &sum.read_fen);
            code |= sh_add(sum.rejected_fen, count->rejected_fen, &sum.rejected_fen);
            if (code != SH_OK)
                return sh_fail(err, SH_E_OVERFLOW, "the money of the batch is over 2^63 fen");
        }
        int64_t fen = 0;
        const bool sums = sh_add(sum.landed_fen, sum.repeated_fen, &fen) == SH_OK &&
                          sh_add(fen, sum.rejected_fen, &fen) == SH_OK;
        if (!sums || fen != sum.read_fen || sum.read != sum.landed + sum.repeated + sum.rejected ||
            (t != SH_TABLE_NETTING && written_rows(landing, t) != sum.landed - sum.withdrawn))
            return sh_fail(err, SH_E_INTERNAL,
                           "%s: read %" PRIu64 " rows, landed %" PRIu64 ", repeated %" PRIu64
                           ", rejected %" PRIu64
                           ": these do not add up; nothing was written; please report this",
                           sh_lake_schema[t].name, sum.read, sum.landed, sum.repeated, sum.rejected);
        ret->tables[t] = sum;
    }
    return SH_OK;
}

static sh_code settle_rejects(struct sh_session *session, struct sh_import_result *ret, struct sh_err *err) {
    char temp[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    uint64_t n;
    SH_TRY(sh_path_join(temp, session->writer.temp_dir, "rejects.csv", err));
    SH_TRY(sh_landing_write_rejects(session->landing, temp, &n, err));
    if (n == 0)
        return SH_OK;
    SH_TRY(sh_path_format(path, err, "%s/rejects/%08" PRIu32 ".csv", session->options->lake_dir,
                          session->landing->batch));
    SH_TRY(sh_file_sync(temp, err));
    SH_TRY(sh_fs_rename(temp, path, err));
    (void)snprintf(ret->rejects_path, sizeof ret->rejects_path, "%s", path);
    return SH_OK;
}

static sh_code write_manifest(struct sh_session *session, struct sh_import_result *ret, struct sh_err *err) {
    const struct sh_import_options *options = session->options;
    const struct sh_landing *landing = session->landing;
    struct sh_manifest next;
    SH_TRY(sh_manifest_copy(&session->before, landing->dropped, &session->arena, &next, err));
    for (size_t i = 0; i < landing->n_files; i++)
        SH_TRY(sh_manifest_add_file(&next, &landing->files[i].entry, err));
    const struct sh_lake_batch batch = {.id = landing->batch,
                                        .known_day = options->known_day,
                                        .mapping = options->mapping,
                                        .reason = options->reason,
                                        .by = options->by,
                                        .approved_by = options->approved_by,
                                        .kind = options->correction   ? SH_BATCH_CORRECTION
                                                : options->withdrawal ? SH_BATCH_WITHDRAWAL
                                                                      : SH_BATCH_IMPORT};
    SH_TRY(sh_manifest_add_batch(&next, &batch, err));
    SH_TRY(sh_manifest_write(options->lake_dir, &next, err));
    ret->manifest = next.number;
    ret->batch = landing->batch;
    return SH_OK;
}

static sh_code settle(struct sh_landing *landing, struct sh_session *session, struct sh_import_result *ret,
                      struct sh_err *err) {
    SH_TRY(sh_settle(session->options->lake_dir, landing->files, landing->n_files, landing->threads, err));
    SH_TRY(settle_rejects(session, ret, err));
    return write_manifest(session, ret, err);
}

typedef sh_code (*phase_fn)(struct sh_landing *landing, struct sh_err *err);

static void add_stage(struct sh_import_result *ret, const char *name, int64_t since_ns) {
    if (ret->n_stages < sizeof ret->stages / sizeof ret->stages[0]) {
        ret->stages[ret->n_stages].name = name;
        ret->stages[ret->n_stages++].seconds = (double)(sh_monotonic_ns() - since_ns) / 1e9;
    }
}

sh_code sh_session_commit(struct sh_session *session, struct sh_import_result *ret, struct sh_err *err) {
    static const struct {
        const char *stage; /* NULL: together with the next */
        phase_fn run;
    } phases[] = {{NULL, sh_landing_flush},         {"keys", sh_landing_keys},
                  {"codes", sh_landing_codes},      {NULL, sh_landing_rows},
                  {"write", sh_landing_superseded}, {"netting", sh_landing_nettings},
                  {NULL, sh_landing_state}};
    struct sh_landing *landing = session->landing;
    struct sh_import_result result = *ret;
    int64_t since = sh_monotonic_ns();
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (session->options->progress)
            session->options->progress(session->options->progress_ctx,
                                       phases[i].stage ? phases[i].stage : "write", i,
                                       sizeof phases / sizeof phases[0]);
        SH_TRY(phases[i].run(landing, err));
        if (phases[i].stage) {
            add_stage(&result, phases[i].stage, since);
            since = sh_monotonic_ns();
        }
    }
    SH_TRY(conserve(landing, &result, err));
    SH_TRY(settle(landing, session, &result, err));
    add_stage(&result, "commit", since);
    *ret = result;
    return SH_OK;
}
