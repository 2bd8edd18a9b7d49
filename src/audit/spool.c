/* Sorted runs of records, on disk and in memory, and their merge. Runs on disk are mapped; what was read of
 * them is given back. */
#include "audit/spool.h"
#include "base/limits.h"
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIVE_BACK_BYTES ((size_t)1 << 20)
#define RECORD_BYTES_MAX ((size_t)256 << 20)

const char *const sh_cell_names[SH_CELLS] = {
    "id",     "rule",      "number", "name",  "level",  "point",   "institution", "institution_name",
    "person", "encounter", "day",    "lines", "amount", "counted", "fund_amount", "say",
    "basis",  "receipt"};

/* ---- records ------------------------------------------------------------------------------------ */

/* A record: its head with the lengths of all texts, then the texts: key, cells, receipt. Who wants rows does
 * not touch the receipts, and who wants receipts not the cells. Own machine only: native byte order. */
struct head {
    uint32_t total;
    uint16_t rule, zero;
    uint32_t bucket;
    uint8_t id[16];
    uint32_t key_len, cell_len[SH_CELLS], receipt_len;
};

static char *put_text(char *at, struct sh_str text) {
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

sh_code sh_spool_record_put(struct sh_buf *out, const struct sh_record *record, struct sh_err *err) {
    struct head head = {.rule = record->rule,
                        .bucket = record->bucket,
                        .key_len = (uint32_t)record->key.len,
                        .receipt_len = (uint32_t)record->receipt.len};
    size_t total = sizeof(head) + record->key.len + record->receipt.len;
    for (int c = 0; c < SH_CELLS; c++) {
        head.cell_len[c] = (uint32_t)record->cells[c].len;
        total += record->cells[c].len;
    }
    if (total > RECORD_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "a receipt is over %zu bytes", RECORD_BYTES_MAX);
    (void)!sh_buf_reserve(out, total + 1); /* the buffer remembers a failure */
    SH_TRY(sh_buf_check(out, err));
    head.total = (uint32_t)total;
    memcpy(head.id, record->id, sizeof(head.id));
    char *at = out->at + out->len;
    memcpy(at, &head, sizeof(head));
    at = put_text(at + sizeof(head), record->key);
    for (int c = 0; c < SH_CELLS; c++)
        at = put_text(at, record->cells[c]);
    at = put_text(at, record->receipt);
    *at = '\0';
    out->len += total;
    return SH_OK;
}

sh_code sh_spool_record_get(struct sh_str at, struct sh_record *ret, size_t *ret_len, struct sh_err *err) {
    struct head head;
    if (at.len < sizeof(head))
        return sh_fail(err, SH_E_CORRUPT, "a part of the run is cut short");
    memcpy(&head, at.at, sizeof(head));
    if (head.total < sizeof(head) || head.total > at.len)
        return sh_fail(err, SH_E_CORRUPT, "a part of the run is cut short");
    uint64_t sum = (uint64_t)sizeof(head) + head.key_len + head.receipt_len;
    for (int c = 0; c < SH_CELLS; c++)
        sum += head.cell_len[c];
    if (sum != head.total)
        return sh_fail(err, SH_E_CORRUPT, "a part of the run does not read back");
    ret->rule = head.rule;
    ret->bucket = head.bucket;
    memcpy(ret->id, head.id, sizeof(head.id));
    const char *text = at.at + sizeof(head);
    ret->key = (struct sh_str){text, head.key_len};
    text += head.key_len;
    for (int c = 0; c < SH_CELLS; c++) {
        ret->cells[c] = (struct sh_str){text, head.cell_len[c]};
        text += head.cell_len[c];
    }
    ret->receipt = (struct sh_str){text, head.receipt_len};
    *ret_len = head.total;
    return SH_OK;
}

int sh_record_compare(const struct sh_record *a, const struct sh_record *b) {
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    const int order = sh_str_cmp(a->key, b->key);
    return order != 0 ? order : memcmp(a->id, b->id, sizeof(a->id));
}

/* ---- writing ------------------------------------------------------------------------------------ */

sh_code sh_spool_open(struct sh_spool *spool, const char *path, struct sh_err *err) {
    *spool = (struct sh_spool){0};
    return sh_path_format(spool->path, err, "%s", path);
}

void sh_spool_release(struct sh_spool *spool) {
    sh_out_file_close(&spool->out);
    sh_buf_free(&spool->records);
    sh_free(spool->entries);
    *spool = (struct sh_spool){0};
}

sh_code sh_spool_add(struct sh_spool *spool, const struct sh_record *record, struct sh_err *err) {
    SH_TRY(sh_grow(&spool->entries, &spool->cap, spool->n + 1, sizeof(*spool->entries),
                   SIZE_MAX / sizeof(*spool->entries), err));
    const size_t offset = spool->records.len;
    SH_TRY(sh_spool_record_put(&spool->records, record, err));
    spool->entries[spool->n++] =
        (struct sh_spool_entry){.offset = offset, .key_len = (uint32_t)record->key.len, .rule = record->rule};
    return SH_OK;
}

/* As sh_record_compare, from what lies at the head of each record. */
static int compare_entries(const void *a, const void *b, void *bytes) {
    const struct sh_spool_entry *x = a, *y = b;
    const char *at = bytes;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    const size_t key = sizeof(struct head), id = offsetof(struct head, id);
    const int order = sh_str_cmp((struct sh_str){at + x->offset + key, x->key_len},
                                 (struct sh_str){at + y->offset + key, y->key_len});
    return order != 0 ? order : memcmp(at + x->offset + id, at + y->offset + id, 16);
}

static void sort_entries(struct sh_spool *spool) {
    if (spool->n > 1)
        qsort_r(spool->entries, spool->n, sizeof(*spool->entries), compare_entries, spool->records.at);
}

static sh_code add_run(struct sh_spool_runs *runs, const struct sh_spool_run *run, struct sh_err *err) {
    SH_TRY(sh_grow(&runs->at, &runs->cap, runs->n + 1, sizeof(*runs->at), UINT32_MAX, err));
    runs->at[runs->n++] = *run;
    return SH_OK;
}

static sh_code write_entries(struct sh_spool *spool, struct sh_err *err) {
    if (!spool->out.file)
        SH_TRY(sh_out_file_open(&spool->out, spool->path, err));
    for (size_t i = 0; i < spool->n; i++) {
        uint32_t total;
        const char *at = spool->records.at + spool->entries[i].offset;
        memcpy(&total, at, sizeof(total));
        if (fwrite(at, 1, total, spool->out.file) != total)
            return sh_fail_errno(err, "%s", spool->path);
    }
    return fflush(spool->out.file) == 0 ? SH_OK : sh_fail_errno(err, "%s", spool->path);
}

sh_code sh_spool_cut(struct sh_spool *spool, struct sh_spool_runs *runs, struct sh_err *err) {
    if (spool->n == 0)
        return SH_OK;
    sort_entries(spool);
    SH_TRY(write_entries(spool, err));
    struct sh_spool_run run = {.offset = spool->bytes, .bytes = spool->records.len};
    memcpy(run.path, spool->path, sizeof(run.path));
    SH_TRY(add_run(runs, &run, err));
    spool->bytes += spool->records.len;
    sh_buf_clear(&spool->records);
    spool->n = 0;
    return SH_OK;
}

sh_code sh_spool_hold(struct sh_spool *spool, struct sh_spool_runs *runs, struct sh_err *err) {
    if (spool->n == 0)
        return SH_OK;
    sort_entries(spool);
    return add_run(runs, &(struct sh_spool_run){.bytes = spool->records.len, .held = spool}, err);
}

/* ---- merging ------------------------------------------------------------------------------------ */

/* A run being read: mapped, or the next entry of a spool. */
struct source {
    const struct sh_spool_run *run;
    size_t entry; /* of a run that is held */
    char *map;    /* from the page on which the run begins; NULL: held, or empty */
    size_t bytes; /* of the map */
    size_t at;    /* of the next record in the map */
    size_t given; /* bytes of the map that were given back */
    struct sh_record record;
    bool done;
};

struct sources {
    struct source *at;
    uint32_t *heap; /* numbers of sources, least record first */
    size_t n, n_heap;
};

static void sources_release(struct sources *s) {
    for (size_t i = 0; s->at && i < s->n; i++)
        if (s->at[i].map)
            (void)munmap(s->at[i].map, s->at[i].bytes);
    sh_free(s->at);
    sh_free(s->heap);
}

static sh_code advance_held(struct source *s, struct sh_err *err) {
    const struct sh_spool *held = s->run->held;
    s->done = s->entry == held->n;
    if (s->done)
        return SH_OK;
    const size_t offset = held->entries[s->entry++].offset;
    if (s->entry < held->n) /* the next lies anywhere: it is fetched while this one is written */
        __builtin_prefetch(held->records.at + held->entries[s->entry].offset);
    size_t len;
    return sh_spool_record_get((struct sh_str){held->records.at + offset, held->records.len - offset},
                               &s->record, &len, err);
}

/* The present record is done with when the next is asked for. */
static sh_code advance(struct source *s, struct sh_err *err) {
    if (s->run->held)
        return advance_held(s, err);
    s->done = s->at == s->bytes;
    if (s->done)
        return SH_OK;
    if (s->at - s->given > GIVE_BACK_BYTES) {
        (void)madvise(s->map + s->given, GIVE_BACK_BYTES, MADV_DONTNEED); /* else it only takes memory */
        s->given += GIVE_BACK_BYTES;
    }
    size_t len;
    const sh_code code =
        sh_spool_record_get((struct sh_str){s->map + s->at, s->bytes - s->at}, &s->record, &len, err);
    if (code != SH_OK)
        return sh_err_wrap(err, code, "%s: ", s->run->path);
    s->at += len;
    return SH_OK;
}

static bool is_less(const struct sources *s, uint32_t a, uint32_t b) {
    const int order = sh_record_compare(&s->at[a].record, &s->at[b].record);
    return order != 0 ? order < 0 : a < b;
}

static void sift_down(struct sources *s, size_t i) {
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->n_heap; child++)
            if (is_less(s, s->heap[child], s->heap[least]))
                least = child;
        if (least == i)
            return;
        const uint32_t swap = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = swap;
        i = least;
    }
}

static sh_code map_run(struct source *s, int fd, struct sh_err *err) {
    struct stat there;
    if (fstat(fd, &there) != 0)
        return sh_fail_errno(err, "%s", s->run->path);
    if ((uint64_t)there.st_size < s->run->offset + s->run->bytes)
        return sh_fail(err, SH_E_CORRUPT, "%s is cut short", s->run->path);
    if (s->run->bytes == 0)
        return SH_OK;
    const size_t lead = (size_t)(s->run->offset % (uint64_t)sysconf(_SC_PAGESIZE));
    const size_t bytes = lead + (size_t)s->run->bytes;
    void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, (off_t)(s->run->offset - lead));
    if (map == MAP_FAILED)
        return sh_fail_errno(err, "%s", s->run->path);
    s->map = map, s->bytes = bytes, s->at = lead;
    return SH_OK;
}

static sh_code open_source(struct source *s, struct sh_err *err) {
    if (!s->run->held) {
        const int fd = open(s->run->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return sh_fail_errno(err, "%s", s->run->path);
        const sh_code code = map_run(s, fd, err);
        (void)close(fd); /* the map stays */
        SH_TRY(code);
    }
    return advance(s, err);
}

sh_code sh_spool_merge(const struct sh_spool_runs *runs,
                       sh_code (*take)(void *ctx, const struct sh_record *record, struct sh_err *err),
                       void *ctx, struct sh_err *err) {
    SH_CLEANUP(sources_release) struct sources s = {.n = runs->n};
    s.at = sh_alloc_array(runs->n + 1, sizeof(*s.at));
    s.heap = sh_alloc_array(runs->n + 1, sizeof(*s.heap));
    if (!s.at || !s.heap)
        return sh_fail(err, SH_E_NOMEM, "no room to merge %zu runs", runs->n);
    for (size_t i = 0; i < runs->n; i++) {
        s.at[i].run = &runs->at[i];
        SH_TRY(open_source(&s.at[i], err));
        if (!s.at[i].done)
            s.heap[s.n_heap++] = (uint32_t)i;
    }
    for (size_t i = s.n_heap; i-- > 0;)
        sift_down(&s, i);
    uint8_t last[16] = {0};
    uint16_t last_rule = UINT16_MAX;
    while (s.n_heap > 0) {
        struct source *least = &s.at[s.heap[0]];
        if (least->record.rule == last_rule && memcmp(least->record.id, last, sizeof(last)) == 0)
            return sh_fail(err, SH_E_CONFLICT,
                           "finding of rule %.*s appears twice: the same claim lies in two buckets",
                           SH_ARG(least->record.cells[SH_CELL_RULE]));
        last_rule = least->record.rule;
        memcpy(last, least->record.id, sizeof(last));
        SH_TRY(take(ctx, &least->record, err));
        SH_TRY(advance(least, err));
        if (least->done)
            s.heap[0] = s.heap[--s.n_heap];
        sift_down(&s, 0);
    }
    return SH_OK;
}
