/* Verdicts: each new key meets what the lake has, partition by partition. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/money.h"
#include "lake/landing.h"
#include <fcntl.h>
#include <unistd.h>

/* Records of one partition, written to the spill of the worker that made them. */
struct part_out {
    unsigned worker;
    uint64_t offset;
    size_t n;
};

struct key_phase {
    struct sh_landing *landing;
    enum sh_table table;
    struct sh_keyset set;
    bool *merged; /* [set.n] files that go into the new one */
    struct part_out parts[SH_KEY_PARTS];
};

/* The latest version of the key under consideration. */
struct standing {
    bool exists;
    struct sh_key latest;
};

/* One partition under way. */
struct part {
    struct key_phase *phase;
    unsigned worker;
    struct sh_new_key *keys;
    size_t n;
    size_t *at, *end; /* [set.n] into each key file */
    struct sh_key *out;
    size_t n_out, cap_out;
    struct sh_import_count count;
    struct sh_old_version *olds;
    size_t n_olds, cap_olds;
    uint64_t landed;
};

static void part_release(struct part *part) {
    sh_free(part->keys);
    sh_free(part->at);
    sh_free(part->end);
    sh_free(part->out);
    sh_free(part->olds);
}

/* ---- order
 * ----------------------------------------------------------------------------------------------------------
 */

static int by_key(const void *a, const void *b, void *ctx) {
    const struct sh_new_key *x = a, *y = b;
    const struct sh_landing *landing = ctx;
    const int order = sh_key_cmp(x->key, y->key);
    if (order != 0)
        return order;
    const uint64_t s = landing->workers[x->worker].blocks[x->block].sequence;
    const uint64_t t = landing->workers[y->worker].blocks[y->block].sequence;
    if (s != t)
        return s < t ? -1 : 1;
    return x->row == y->row ? 0 : x->row < y->row ? -1 : 1;
}

/* Keys are hashes: spread them by their upper bits into runs of a few, then sort each run. About 4 times as
 * fast as qsort. */
static sh_code sort_keys(struct part *part, struct sh_err *err) {
    const size_t n = part->n;
    unsigned bits = 0;
    while (((size_t)4 << bits) < n && bits < 22)
        bits++;
    const size_t runs = (size_t)1 << bits;
    SH_CLEANUP(sh_free_at) size_t *begin = sh_alloc_array(runs + 1, sizeof *begin);
    struct sh_new_key *sorted = sh_alloc_array(n, sizeof *sorted);
    if (!begin || !sorted) {
        sh_free(sorted);
        return sh_fail(err, SH_E_NOMEM, "no room to sort %zu keys", n);
    }
    const unsigned shift = 58 - bits; /* the upper 6 bits name the partition */
    for (size_t i = 0; i < n; i++)
        begin[(part->keys[i].key.high >> shift & (runs - 1)) + 1]++;
    for (size_t r = 0; r < runs; r++)
        begin[r + 1] += begin[r];
    for (size_t i = 0; i < n; i++)
        sorted[begin[part->keys[i].key.high >> shift & (runs - 1)]++] = part->keys[i];
    for (size_t r = 0, from = 0; r < runs; from = begin[r++]) /* begin[r] is now the end of run r */
        if (begin[r] - from > 1)
            qsort_r(sorted + from, begin[r] - from, sizeof *sorted, by_key, part->phase->landing);
    sh_free(part->keys);
    part->keys = sorted;
    return SH_OK;
}

static sh_code load_keys(struct part *part, uint32_t number, struct sh_err *err) {
    struct sh_landing *landing = part->phase->landing;
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        for (unsigned w = 0; w < landing->threads; w++) {
            const struct sh_spill *spill = &landing->workers[w].spill;
            for (size_t i = 0; i < spill->n; i++) {
                const struct sh_spill_block *block = &spill->blocks[i];
                if (block->kind != SH_SPILL_KEYS || block->table != part->phase->table ||
                    block->part != number)
                    continue;
                if (pass == 1)
                    SH_TRY(sh_spill_read(spill, block, part->keys + at, err));
                at += block->n;
            }
        }
        if (pass == 0) {
            n = at;
            part->keys = sh_alloc_array(n, sizeof *part->keys);
            if (!part->keys)
                return sh_fail(err, SH_E_NOMEM, "no room for %zu keys", n);
        }
    }
    part->n = n;
    return SH_OK;
}

/* ---- verdicts
 * ---------------------------------------------------------------------------------------------------------
 */

static sh_code put_out(struct part *part, const struct sh_key *key, struct sh_err *err) {
    SH_TRY(sh_grow(&part->out, &part->cap_out, part->n_out + 1, sizeof *key, (size_t)1 << 33, err));
    part->out[part->n_out++] = *key;
    return SH_OK;
}

/* Move each file's cursor to the key; gives the latest version of it. */
static struct standing look_up(struct part *part, struct sh_hash128 key) {
    struct standing standing = {0};
    for (size_t f = 0; f < part->phase->set.n; f++) {
        const struct sh_key *keys = part->phase->set.files[f].at;
        part->at[f] = sh_keys_seek(keys, part->end[f], part->at[f], key);
        for (size_t i = part->at[f]; i < part->end[f] && sh_key_cmp(keys[i].key, key) == 0; i++)
            if (!standing.exists || keys[i].batch > standing.latest.batch)
                standing.latest = keys[i], standing.exists = true;
    }
    return standing;
}

static sh_code note_old(struct part *part, const struct sh_new_key *key, const struct sh_key *old,
                        struct sh_err *err) {
    SH_TRY(sh_grow(&part->olds, &part->cap_olds, part->n_olds + 1, sizeof *part->olds, (size_t)1 << 31, err));
    part->olds[part->n_olds++] = (struct sh_old_version){.ordinal = key->ordinal,
                                                         .batch = old->batch,
                                                         .table = (uint16_t)part->phase->table,
                                                         .worker = key->worker,
                                                         .bucket = key->bucket,
                                                         .old_bucket = old->bucket,
                                                         .was = old->state};
    return SH_OK;
}

static enum sh_verdict decide(const struct sh_landing *landing, const struct standing *standing,
                              uint64_t content, const char **ret_reason) {
    const bool same = standing->exists && standing->latest.content == content;
    const bool gone = standing->exists && standing->latest.state == SH_KEY_WITHDRAWN;
    const bool ours = standing->exists && standing->latest.batch == landing->batch;
    if (landing->options->withdrawal) {
        *ret_reason = SH_REASON_NOT_THERE;
        return !standing->exists ? SH_ROW_REJECTED : gone ? SH_ROW_REPEATED : SH_ROW_WITHDRAWS;
    }
    *ret_reason = SH_REASON_CONFLICT;
    if (!standing->exists)
        return SH_ROW_LANDS;
    if (landing->options->correction && !ours)
        return same && !gone ? SH_ROW_REPEATED : SH_ROW_CORRECTS;
    return same ? SH_ROW_REPEATED : SH_ROW_REJECTED;
}

static sh_code count_row(struct part *part, enum sh_verdict verdict, int64_t fen, struct sh_err *err) {
    struct sh_import_count *count = &part->count;
    int64_t *sum = &count->landed_fen;
    if (verdict == SH_ROW_REPEATED)
        count->repeated++, sum = &count->repeated_fen;
    else if (verdict == SH_ROW_REJECTED)
        count->rejected++, sum = &count->rejected_fen;
    else
        count->landed++;
    count->corrected += verdict == SH_ROW_CORRECTS;
    count->withdrawn += verdict == SH_ROW_WITHDRAWS;
    part->landed += verdict == SH_ROW_LANDS || verdict == SH_ROW_CORRECTS;
    if (verdict == SH_ROW_REJECTED && fen == SH_MISSING &&
        part->phase->landing->layout[part->phase->table].fen >= 0)
        count->rejected_unknown_fen++;
    if (fen != SH_MISSING && sh_add(*sum, fen, sum) != SH_OK)
        return sh_fail(err, SH_E_OVERFLOW, "the batch's money is over 2^63 fen");
    return SH_OK;
}

static sh_code judge(struct part *part, struct standing *standing, const struct sh_new_key *key,
                     struct sh_err *err) {
    struct sh_landing *landing = part->phase->landing;
    const char *reason = NULL;
    const enum sh_verdict verdict = decide(landing, standing, key->content, &reason);
    sh_landing_verdicts(landing, key->worker, part->phase->table, key->bucket)[key->ordinal] =
        (uint8_t)verdict;
    SH_TRY(count_row(part, verdict, key->fen, err));
    if (verdict == SH_ROW_REPEATED)
        return SH_OK;
    if (verdict == SH_ROW_REJECTED)
        return sh_landing_refuse(landing, part->worker, part->phase->table, key, reason, err);
    if (verdict != SH_ROW_LANDS)
        SH_TRY(note_old(part, key, &standing->latest, err));
    const sh_key_state state = verdict == SH_ROW_LANDS      ? SH_KEY_LANDED
                               : verdict == SH_ROW_CORRECTS ? SH_KEY_CORRECTED
                                                            : SH_KEY_WITHDRAWN;
    standing->latest = (struct sh_key){.key = key->key,
                                       .content = key->content,
                                       .batch = landing->batch,
                                       .bucket = key->bucket,
                                       .state = (uint8_t)state};
    standing->exists = true;
    return put_out(part, &standing->latest, err);
}

/* ---- out
 * ------------------------------------------------------------------------------------------------------------------
 */

static int by_key_batch(const void *a, const void *b) {
    const struct sh_key *x = a, *y = b;
    const int order = sh_key_cmp(x->key, y->key);
    return order != 0 ? order : x->batch == y->batch ? 0 : x->batch < y->batch ? -1 : 1;
}

/* New records and those of the merged files, one sorted run. Two-way merges, smallest files first: each
 * record moves a few times. */
static sh_code merge_in(struct part *part, const struct sh_key *more, size_t n_more, struct sh_err *err) {
    if (n_more == 0)
        return SH_OK;
    struct sh_key *all = sh_alloc_array(part->n_out + n_more, sizeof *all);
    if (!all)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu keys", part->n_out + n_more);
    size_t i = 0, j = 0, n = 0;
    while (i < part->n_out && j < n_more)
        all[n++] = by_key_batch(&part->out[i], &more[j]) <= 0 ? part->out[i++] : more[j++];
    while (i < part->n_out)
        all[n++] = part->out[i++];
    while (j < n_more)
        all[n++] = more[j++];
    sh_free(part->out);
    part->out = all;
    part->n_out = n;
    part->cap_out = n;
    return SH_OK;
}

static sh_code finish_part(struct part *part, uint32_t number, struct sh_err *err) {
    struct key_phase *phase = part->phase;
    struct sh_landing *landing = phase->landing;
    for (size_t f = 0; f < phase->set.n; f++) {
        size_t from, to;
        if (!phase->merged[f])
            continue;
        sh_keys_part(phase->set.files[f].at, phase->set.files[f].n, number, SH_KEY_PARTS, &from, &to);
        SH_TRY(merge_in(part, (const struct sh_key *)phase->set.files[f].at + from, to - from, err));
    }
    struct part_out *out = &phase->parts[number];
    *out = (struct part_out){.worker = part->worker, .n = part->n_out};
    /* Rejects of this worker that still wait for their place in the spill keep it: they are appended at their
     * offset first. */
    SH_TRY(sh_landing_settle_rejects(&landing->workers[part->worker], err));
    SH_TRY(sh_spill_add_bytes(&landing->workers[part->worker].spill, part->out,
                              part->n_out * sizeof *part->out, &out->offset, err));
    (void)pthread_mutex_lock(&landing->lock);
    struct sh_import_count *sum = &landing->counts[phase->table];
    sum->landed += part->count.landed, sum->repeated += part->count.repeated,
        sum->rejected += part->count.rejected;
    sum->corrected += part->count.corrected, sum->withdrawn += part->count.withdrawn;
    sum->rejected_unknown_fen += part->count.rejected_unknown_fen;
    sh_code code = sh_add(sum->landed_fen, part->count.landed_fen, &sum->landed_fen);
    code |= sh_add(sum->repeated_fen, part->count.repeated_fen, &sum->repeated_fen);
    code |= sh_add(sum->rejected_fen, part->count.rejected_fen, &sum->rejected_fen);
    landing->landed[phase->table] += part->landed;
    sh_code grown = sh_grow(&landing->olds, &landing->cap_olds, landing->n_olds + part->n_olds,
                            sizeof *landing->olds, (size_t)1 << 31, err);
    if (grown == SH_OK && part->n_olds > 0) {
        memcpy(landing->olds + landing->n_olds, part->olds, part->n_olds * sizeof *part->olds);
        landing->n_olds += part->n_olds;
    }
    (void)pthread_mutex_unlock(&landing->lock);
    SH_TRY(grown);
    return code == SH_OK ? SH_OK : sh_fail(err, SH_E_OVERFLOW, "the batch's money is over 2^63 fen");
}

static sh_code run_part(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    struct key_phase *phase = ctx;
    SH_CLEANUP(part_release) struct part part = {.phase = phase, .worker = (unsigned)worker};
    SH_TRY(load_keys(&part, (uint32_t)task, err));
    SH_TRY(sort_keys(&part, err));
    part.at = sh_alloc_array(phase->set.n + 1, sizeof *part.at);
    part.end = sh_alloc_array(phase->set.n + 1, sizeof *part.end);
    if (!part.at || !part.end)
        return sh_fail(err, SH_E_NOMEM, "no room for cursors");
    for (size_t f = 0; f < phase->set.n; f++)
        sh_keys_part(phase->set.files[f].at, phase->set.files[f].n, (uint32_t)task, SH_KEY_PARTS, &part.at[f],
                     &part.end[f]);
    struct standing standing = {0};
    for (size_t i = 0; i < part.n; i++) {
        if (i == 0 || sh_key_cmp(part.keys[i].key, part.keys[i - 1].key) != 0)
            standing = look_up(&part, part.keys[i].key);
        SH_TRY(judge(&part, &standing, &part.keys[i], err));
    }
    return finish_part(&part, (uint32_t)task, err);
}

/* ---- one table
 * ----------------------------------------------------------------------------------------------------------------
 */

static uint64_t pushed_rows(const struct sh_landing *landing, enum sh_table table) {
    uint64_t n = 0;
    for (unsigned w = 0; w < landing->threads; w++)
        for (uint32_t b = 0; landing->workers[w].rows[table] && b < landing->buckets; b++)
            n += landing->workers[w].rows[table][b].flushed;
    return n;
}

/* Which older key files to merge: the smaller ones, as long as each is at most three times what has come
   together; so a record is rewritten a logarithm of times, and the number of files stays as small. */
static void choose_merged(struct key_phase *phase, uint64_t n_new) {
    uint64_t sum = n_new;
    for (bool more = phase->set.n >= 4; more;) {
        size_t best = phase->set.n;
        for (size_t f = 0; f < phase->set.n; f++)
            if (!phase->merged[f] &&
                (best == phase->set.n || phase->set.files[f].n < phase->set.files[best].n))
                best = f;
        more = best < phase->set.n && phase->set.files[best].n <= 3 * sum;
        if (more) {
            phase->merged[best] = true;
            sum += phase->set.files[best].n;
        }
    }
}

static void close_fd_at(int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

static sh_code copy_parts(const struct key_phase *phase, int fd, const char *path, struct sh_err *err) {
    uint64_t at = sizeof(struct sh_records_header);
    for (size_t p = 0; p < SH_KEY_PARTS; p++) {
        const struct part_out *out = &phase->parts[p];
        const size_t bytes = out->n * sizeof(struct sh_key);
        SH_CLEANUP(sh_free_at) char *text = sh_alloc_array(bytes, 1);
        if (!text)
            return sh_fail(err, SH_E_NOMEM, "no room for a partition of keys");
        const struct sh_spill_block block = {.offset = out->offset, .bytes = bytes};
        SH_TRY(sh_spill_read(&phase->landing->workers[out->worker].spill, &block, text, err));
        SH_TRY(sh_fd_write_at(fd, text, bytes, at, path, err));
        at += bytes;
    }
    return SH_OK;
}

static sh_code write_file(const struct key_phase *phase, struct sh_err *err) {
    struct sh_landing *landing = phase->landing;
    const char *path, *temp;
    char suffix[64];
    struct sh_lake_file entry = {.kind = SH_FILE_KEYS,
                                 .what = (uint32_t)phase->table,
                                 .batch_from = landing->batch,
                                 .batch_to = landing->batch,
                                 .first_day = INT32_MAX,
                                 .last_day = INT32_MIN};
    for (size_t p = 0; p < SH_KEY_PARTS; p++)
        entry.rows += phase->parts[p].n;
    for (size_t f = 0; f < phase->set.n; f++)
        if (phase->merged[f]) {
            const struct sh_lake_file *file = phase->set.entries[f];
            entry.batch_from = file->batch_from < entry.batch_from ? file->batch_from : entry.batch_from;
            landing->dropped[file - landing->before->files] = true;
        }
    if (entry.rows == 0)
        return SH_OK;
    (void)snprintf(suffix, sizeof suffix, "-%s.keys", sh_lake_schema[phase->table].name);
    SH_TRY(sh_landing_name(landing, "keys", suffix, &path, &temp, err));
    SH_CLEANUP(close_fd_at) int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot create", temp);
    struct sh_records_header header = {.record_bytes = sizeof(struct sh_key), .n = entry.rows};
    memcpy(header.magic, SH_KEYS_MAGIC, 8);
    SH_TRY(sh_fd_write_at(fd, &header, sizeof header, 0, temp, err));
    SH_TRY(copy_parts(phase, fd, temp, err));
    entry.path = path;
    return sh_landing_add_file(landing, &entry, temp, err);
}

static sh_code run_table(struct key_phase *phase, struct sh_err *err) {
    const uint64_t n = pushed_rows(phase->landing, phase->table);
    phase->merged = sh_alloc_array(phase->set.n + 1, sizeof(bool));
    if (!phase->merged)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of key files");
    choose_merged(phase, n);
    SH_TRY(sh_pool_run(phase->landing->threads, SH_KEY_PARTS, run_part, phase, NULL, err));
    return write_file(phase, err);
}

static sh_code number_rows(struct sh_landing *landing, struct sh_err *err) {
    const size_t n = (size_t)landing->threads * SH_TABLES * landing->buckets;
    landing->verdict_base = sh_alloc_array(n + 1, sizeof *landing->verdict_base);
    if (!landing->verdict_base)
        return sh_fail(err, SH_E_NOMEM, "no room for the verdicts");
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t w = i / landing->buckets / SH_TABLES, t = i / landing->buckets % SH_TABLES,
                     b = i % landing->buckets;
        landing->verdict_base[i] = sum;
        sum += landing->workers[w].rows[t] ? landing->workers[w].rows[t][b].flushed : 0;
    }
    landing->verdict_base[n] = sum;
    landing->verdicts = sh_alloc_array(sum, 1);
    return landing->verdicts
               ? SH_OK
               : sh_fail(err, SH_E_NOMEM, "no room for the verdicts of %llu rows", (unsigned long long)sum);
}

static int by_place(const void *a, const void *b) {
    const struct sh_old_version *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->worker != y->worker)
        return x->worker < y->worker ? -1 : 1;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return x->ordinal == y->ordinal ? 0 : x->ordinal < y->ordinal ? -1 : 1;
}

sh_code sh_landing_keys(struct sh_landing *landing, struct sh_err *err) {
    SH_TRY(number_rows(landing, err));
    for (enum sh_table t = 0; t < SH_TABLES; t++) {
        struct key_phase phase = {.landing = landing, .table = t};
        if (t == SH_TABLE_NETTING || pushed_rows(landing, t) == 0)
            continue;
        SH_TRY(sh_keyset_open(landing->options->lake_dir, landing->before, t, &phase.set, err));
        const sh_code code = run_table(&phase, err);
        sh_free(phase.merged);
        sh_keyset_close(&phase.set);
        SH_TRY(code);
    }
    if (landing->n_olds > 0)
        qsort(landing->olds, landing->n_olds, sizeof *landing->olds, by_place);
    return SH_OK;
}
