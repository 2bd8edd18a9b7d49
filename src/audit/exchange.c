/* Sorted runs of records that must meet: see exchange.h. */
#include "audit/exchange.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RUN_BYTES_MAX ((size_t)64 << 20)    /* held in memory by one worker before it goes to disk */
#define READ_BYTES_HELD ((size_t)4 << 20)   /* of a run that was read: given back to the system beyond that */
#define RECORD_BYTES_MAX ((size_t)16 << 20) /* one record */

struct head {
    uint32_t total, key_len, sort_len, unused;
};

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for rows that must meet");
}

static uint16_t rule_of(const struct sh_xrecord *r) {
    return (uint16_t)((uint8_t)r->sort.at[0] << 8 | (uint8_t)r->sort.at[1]);
}

static bool same_key(const struct sh_xrecord *a, const struct sh_xrecord *b) {
    return a->key_len == b->key_len && memcmp(a->sort.at, b->sort.at, a->key_len) == 0;
}

static bool is_merged(const struct sh_plan *plan, uint16_t rule) {
    return plan->active[rule].rule->reach == SH_REACH_MERGED;
}

static sh_code put(struct sh_buf *out, const struct sh_xrecord *r, struct sh_err *err) {
    const struct head head = {.total = (uint32_t)(sizeof(head) + r->sort.len + r->payload.len),
                              .key_len = (uint32_t)r->key_len,
                              .sort_len = (uint32_t)r->sort.len};
    if (r->sort.len + r->payload.len > RECORD_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "a row that must meet others has over %zu bytes", RECORD_BYTES_MAX);
    sh_buf_add(out, (const char *)&head, sizeof(head));
    sh_buf_add_str(out, r->sort);
    sh_buf_add_str(out, r->payload);
    return sh_buf_check(out, err);
}

/* The record at the beginning of `at`; false: cut short or not one. */
static bool get(struct sh_str at, struct sh_xrecord *ret, size_t *ret_len) {
    struct head head;
    if (at.len < sizeof(head))
        return false;
    memcpy(&head, at.at, sizeof(head));
    if (head.total > at.len || head.total < sizeof(head) || head.sort_len > head.total - sizeof(head) ||
        head.key_len > head.sort_len || head.key_len < 3)
        return false;
    ret->sort = (struct sh_str){at.at + sizeof(head), head.sort_len};
    ret->payload =
        (struct sh_str){at.at + sizeof(head) + head.sort_len, head.total - sizeof(head) - head.sort_len};
    ret->key_len = head.key_len;
    *ret_len = head.total;
    return true;
}

/* ---- one worker's records ----------------------------------------------------------------------- */

sh_code sh_exchange_open(struct sh_exchange *x, const struct sh_plan *plan, const char *path,
                         struct sh_err *err) {
    *x = (struct sh_exchange){.plan = plan};
    if (!path)
        return SH_OK;
    (void)snprintf(x->path, sizeof(x->path), "%s", path);
    SH_TRY(sh_out_file_open(&x->out, path, err));
    /* All it will hold, at once: a buffer that grows is copied again and again. Memory is taken as it fills.
     */
    (void)!sh_buf_reserve(&x->records, RUN_BYTES_MAX);
    return sh_buf_check(&x->records, err);
}

void sh_exchange_release(struct sh_exchange *x) {
    sh_out_file_close(&x->out);
    sh_buf_free(&x->records);
    sh_free(x->places);
    sh_free(x->runs.at);
    *x = (struct sh_exchange){0};
}

static uint64_t prefix_of(struct sh_str sort) {
    uint64_t prefix = 0;
    for (size_t i = 0; i < 8; i++)
        prefix = prefix << 8 | (i < sort.len ? (uint8_t)sort.at[i] : 0);
    return prefix;
}

sh_code sh_exchange_add(struct sh_exchange *x, const struct sh_xrecord *record, struct sh_err *err) {
    SH_TRY(sh_grow(&x->places, &x->cap, x->n + 1, sizeof(*x->places), SIZE_MAX / sizeof(*x->places), err));
    x->places[x->n] = (struct sh_xplace){prefix_of(record->sort), x->records.len};
    SH_TRY(put(&x->records, record, err));
    x->n++;
    return x->out.file && x->records.len > RUN_BYTES_MAX ? sh_exchange_cut(x, err) : SH_OK;
}

static int compare_places(const void *a, const void *b, void *ctx) {
    const struct sh_xplace *i = a, *j = b;
    if (i->prefix != j->prefix)
        return i->prefix < j->prefix ? -1 : 1;
    const struct sh_buf *records = ctx;
    struct sh_xrecord x, y;
    size_t len;
    sh_check(get((struct sh_str){records->at + i->offset, records->len - i->offset}, &x, &len));
    sh_check(get((struct sh_str){records->at + j->offset, records->len - j->offset}, &y, &len));
    const int order = sh_str_cmp(x.sort, y.sort);
    return order != 0 ? order : sh_str_cmp(x.payload, y.payload);
}

static void sort_records(struct sh_exchange *x) {
    if (x->n > 1)
        qsort_r(x->places, x->n, sizeof(*x->places), compare_places, &x->records);
}

/* Parts of one key on their way out: the last one waits for more. */
struct joiner {
    const struct sh_plan *plan;
    struct sh_buf sort, payload;
    size_t key_len;
    bool waits;
    sh_code (*take)(void *ctx, const struct sh_xrecord *record, struct sh_err *err);
    void *ctx;
};
static void joiner_release(struct joiner *j) {
    sh_buf_free(&j->sort);
    sh_buf_free(&j->payload);
}

static struct sh_xrecord waiting(const struct joiner *j) {
    return (struct sh_xrecord){
        .sort = sh_buf_view(&j->sort), .payload = sh_buf_view(&j->payload), .key_len = j->key_len};
}

static sh_code joiner_end(struct joiner *j, struct sh_err *err) {
    if (!j->waits)
        return SH_OK;
    const struct sh_xrecord last = waiting(j);
    j->waits = false;
    return j->take(j->ctx, &last, err);
}

static sh_code joiner_add(struct joiner *j, const struct sh_xrecord *r, struct sh_err *err) {
    if (j->waits) {
        const struct sh_xrecord last = waiting(j);
        if (same_key(&last, r))
            return sh_xpayload_join(j->plan, rule_of(r), &j->payload, r->payload, err);
        SH_TRY(joiner_end(j, err));
    }
    if (!is_merged(j->plan, rule_of(r)))
        return j->take(j->ctx, r, err);
    sh_buf_clear(&j->sort);
    sh_buf_clear(&j->payload);
    sh_buf_add_str(&j->sort, r->sort);
    sh_buf_add_str(&j->payload, r->payload);
    SH_TRY(sh_buf_check(&j->sort, err));
    SH_TRY(sh_buf_check(&j->payload, err));
    j->key_len = r->key_len;
    j->waits = true;
    return SH_OK;
}

static sh_code write_record(void *ctx, const struct sh_xrecord *r, struct sh_err *err) {
    struct sh_exchange *x = ctx;
    const struct head head = {.total = (uint32_t)(sizeof(head) + r->sort.len + r->payload.len),
                              .key_len = (uint32_t)r->key_len,
                              .sort_len = (uint32_t)r->sort.len};
    if (fwrite(&head, 1, sizeof(head), x->out.file) != sizeof(head) ||
        fwrite(r->sort.at, 1, r->sort.len, x->out.file) != r->sort.len ||
        (r->payload.len > 0 && fwrite(r->payload.at, 1, r->payload.len, x->out.file) != r->payload.len))
        return sh_fail_errno(err, "%s", x->path);
    x->bytes += head.total;
    return SH_OK;
}

static sh_code each_own(struct sh_exchange *x, struct joiner *j, struct sh_err *err) {
    for (size_t i = 0; i < x->n; i++) {
        struct sh_xrecord r;
        size_t len;
        const size_t at = x->places[i].offset;
        sh_check(get((struct sh_str){x->records.at + at, x->records.len - at}, &r, &len));
        SH_TRY(joiner_add(j, &r, err));
    }
    return joiner_end(j, err);
}

void sh_xruns_release(struct sh_xruns *runs) {
    sh_free(runs->at);
    *runs = (struct sh_xruns){0};
}

sh_code sh_xruns_add(struct sh_xruns *runs, const char *path, uint64_t offset, uint64_t bytes,
                     struct sh_err *err) {
    SH_TRY(sh_grow(&runs->at, &runs->cap, runs->n + 1, sizeof(*runs->at), UINT32_MAX, err));
    struct sh_xrun *run = &runs->at[runs->n++];
    *run = (struct sh_xrun){.offset = offset, .bytes = bytes};
    (void)snprintf(run->path, sizeof(run->path), "%s", path);
    return SH_OK;
}

sh_code sh_exchange_cut(struct sh_exchange *x, struct sh_err *err) {
    sort_records(x);
    if (!x->out.file || x->n == 0)
        return SH_OK;
    const uint64_t begun = x->bytes;
    SH_CLEANUP(joiner_release) struct joiner j = {.plan = x->plan, .take = write_record, .ctx = x};
    SH_TRY(each_own(x, &j, err));
    if (fflush(x->out.file) != 0)
        return sh_fail_errno(err, "%s", x->path);
    sh_buf_clear(&x->records);
    x->n = 0;
    return sh_xruns_add(&x->runs, x->path, begun, x->bytes - begun, err);
}

/* ---- merging ------------------------------------------------------------------------------------ */

/* A run being read: its bytes as the system maps them. */
struct source {
    char *map;
    size_t map_len, given_back; /* bytes of the map that need not stay in memory */
    struct sh_str rest;
    struct sh_xrecord record;
    const char *path;
    struct sh_exchange *own;
    size_t next; /* of own */
    bool done;
};

struct sources {
    struct source *at;
    uint32_t *heap;
    size_t n, n_heap;
};

static void sources_release(struct sources *s) {
    for (size_t i = 0; s->at && i < s->n; i++)
        if (s->at[i].map)
            (void)munmap(s->at[i].map, s->at[i].map_len);
    sh_free(s->at);
    sh_free(s->heap);
}

static sh_code map_run(struct source *s, const struct sh_xrun *run, struct sh_err *err) {
    s->path = run->path;
    s->done = run->bytes == 0;
    if (s->done)
        return SH_OK;
    const int fd = open(run->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "%s", run->path);
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), begin = run->offset / page * page;
    s->map_len = (size_t)(run->offset + run->bytes - begin);
    const off_t size = lseek(fd, 0, SEEK_END);
    void *map = size >= 0 && (uint64_t)size >= run->offset + run->bytes
                    ? mmap(NULL, s->map_len, PROT_READ, MAP_PRIVATE, fd, (off_t)begin)
                    : MAP_FAILED;
    (void)close(fd);
    if (map == MAP_FAILED)
        return sh_fail(err, SH_E_CORRUPT, "%s is cut short or cannot be read", run->path);
    (void)madvise(map, s->map_len, MADV_SEQUENTIAL);
    s->map = map;
    s->rest = (struct sh_str){(const char *)map + (run->offset - begin), (size_t)run->bytes};
    return SH_OK;
}

/* A run that is merged lies in memory only a little at a time, however long it is. */
static void give_back(struct source *s) {
    const size_t read = (size_t)(s->rest.at - s->map);
    if (read < s->given_back + READ_BYTES_HELD)
        return;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), to = read / page * page;
    (void)madvise(s->map + s->given_back, to - s->given_back, MADV_DONTNEED);
    s->given_back = to;
}

static sh_code advance(struct source *s, struct sh_err *err) {
    size_t len;
    if (s->own) {
        s->done = s->next == s->own->n;
        if (s->done)
            return SH_OK;
        const size_t at = s->own->places[s->next++].offset;
        sh_check(get((struct sh_str){s->own->records.at + at, s->own->records.len - at}, &s->record, &len));
        return SH_OK;
    }
    s->done = s->rest.len == 0;
    if (s->done)
        return SH_OK;
    if (!get(s->rest, &s->record, &len))
        return sh_fail(err, SH_E_CORRUPT, "%s does not read back", s->path);
    give_back(s); /* what lies before the record at hand */
    s->rest = (struct sh_str){s->rest.at + len, s->rest.len - len};
    return SH_OK;
}

static bool is_less(const struct sources *s, uint32_t a, uint32_t b) {
    int order = sh_str_cmp(s->at[a].record.sort, s->at[b].record.sort);
    if (order == 0)
        order = sh_str_cmp(s->at[a].record.payload, s->at[b].record.payload);
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

sh_code sh_exchange_merge(const struct sh_plan *plan, const struct sh_xruns *runs, struct sh_exchange *own,
                          sh_code (*take)(void *ctx, const struct sh_xrecord *record, struct sh_err *err),
                          void *ctx, struct sh_err *err) {
    const size_t n = (runs ? runs->n : 0) + (own != NULL);
    SH_CLEANUP(sources_release) struct sources s = {.n = n};
    SH_CLEANUP(joiner_release) struct joiner j = {.plan = plan, .take = take, .ctx = ctx};
    s.at = sh_alloc_array(n + 1, sizeof(*s.at));
    s.heap = sh_alloc_array(n + 1, sizeof(*s.heap));
    if (!s.at || !s.heap)
        return out_of_room(err);
    for (size_t i = 0; i < n; i++) {
        if (runs && i < runs->n) {
            SH_TRY(map_run(&s.at[i], &runs->at[i], err));
        } else {
            sort_records(own);
            s.at[i].own = own;
        }
        SH_TRY(advance(&s.at[i], err));
        if (!s.at[i].done)
            s.heap[s.n_heap++] = (uint32_t)i;
    }
    for (size_t i = s.n_heap; i-- > 0;)
        sift_down(&s, i);
    while (s.n_heap > 0) {
        struct source *least = &s.at[s.heap[0]];
        if (rule_of(&least->record) >= plan->n_active)
            return sh_fail(err, SH_E_CORRUPT, "%s names a rule that is not there",
                           least->path ? least->path : "?");
        SH_TRY(joiner_add(&j, &least->record, err));
        SH_TRY(advance(least, err));
        if (least->done)
            s.heap[0] = s.heap[--s.n_heap];
        sift_down(&s, 0);
    }
    return joiner_end(&j, err);
}

sh_code sh_exchange_write(const struct sh_plan *plan, const struct sh_xruns *runs, const char *path,
                          struct sh_err *err) {
    SH_CLEANUP(sh_exchange_release) struct sh_exchange out = {0};
    SH_TRY(sh_exchange_open(&out, plan, path, err));
    SH_TRY(sh_exchange_merge(plan, runs, NULL, write_record, &out, err));
    return fflush(out.out.file) == 0 ? SH_OK : sh_fail_errno(err, "%s", path);
}
