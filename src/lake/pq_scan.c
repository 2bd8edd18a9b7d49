#include "lake/pq_scan.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOOTER_BYTES_MAX = 64 << 20 };
#define SCAN_BYTES_MAX ((size_t)1 << 30)

void sh_pq_scan_close(struct sh_pq_scan *scan) {
    for (size_t c = 0; scan->columns && c < scan->n_columns; c++)
        sh_pq_column_release(&scan->columns[c]);
    if (scan->fd_plus_1 > 0)
        (void)close(scan->fd_plus_1 - 1);
    sh_arena_free(&scan->footer);
    sh_arena_free(&scan->arena);
    *scan = (struct sh_pq_scan){0};
}

sh_code sh_pq_scan_open(struct sh_pq_scan *scan, const char *const *paths, size_t n_paths,
                        const struct sh_pq_wanted *wanted, size_t n_columns, struct sh_err *err) {
    *scan = (struct sh_pq_scan){.arena = {.limit_bytes = SCAN_BYTES_MAX},
                                .n_paths = n_paths,
                                .n_columns = n_columns,
                                .ranged = n_columns};
    struct sh_arena *arena = &scan->arena;
    struct sh_pq_wanted *columns = sh_new(arena, struct sh_pq_wanted, n_columns + 1);
    scan->paths = sh_new(arena, const char *, n_paths + 1);
    scan->columns = sh_new(arena, struct sh_pq_column, n_columns + 1);
    scan->batch = sh_new(arena, void *, n_columns + 1);
    scan->places = sh_new(arena, size_t, n_columns + 1);
    bool fits = columns && scan->paths && scan->columns && scan->batch && scan->places;
    for (size_t i = 0; fits && i < n_paths; i++)
        fits = (scan->paths[i] = sh_arena_dup(arena, paths[i], strlen(paths[i]))) != NULL;
    for (size_t c = 0; fits && c < n_columns; c++) {
        columns[c] = wanted[c];
        columns[c].name = sh_arena_dup(arena, wanted[c].name, strlen(wanted[c].name));
        scan->columns[c].physical = wanted[c].physical;
        scan->batch[c] = sh_arena_alloc_array(arena, SH_PQ_BATCH, sh_physical_size(wanted[c].physical), 16);
        fits = columns[c].name && scan->batch[c];
    }
    scan->wanted = columns;
    if (fits)
        return SH_OK;
    sh_pq_scan_close(scan);
    return sh_fail(err, SH_E_NOMEM, "no room to read %zu files", n_paths);
}

void sh_pq_scan_range(struct sh_pq_scan *scan, size_t ranged, int32_t from, int32_t to) {
    scan->ranged = ranged;
    scan->from = from;
    scan->to = to;
}

static sh_code read_at(int fd, char *to, size_t n, uint64_t offset, struct sh_err *err) {
    for (size_t done = 0; done < n;) {
        const ssize_t got = pread(fd, to + done, n - done, (off_t)(offset + done));
        if (got < 0)
            return sh_fail_errno(err, "cannot be read");
        if (got == 0)
            return sh_fail(err, SH_E_CORRUPT, "is cut");
        done += (size_t)got;
    }
    return SH_OK;
}

static sh_code read_footer(struct sh_pq_scan *scan, struct sh_err *err) {
    const int fd = scan->fd_plus_1 - 1;
    struct stat stat;
    char end[8];
    uint32_t n;
    if (fstat(fd, &stat) != 0)
        return sh_fail_errno(err, "cannot be read");
    const uint64_t bytes = (uint64_t)stat.st_size;
    if (bytes < 12)
        return sh_fail(err, SH_E_CORRUPT, "is too short for a Parquet file");
    SH_TRY(read_at(fd, end, sizeof end, bytes - 8, err));
    memcpy(&n, end, sizeof n);
    if (memcmp(end + 4, "PAR1", 4) != 0 || n > bytes - 12 || n > FOOTER_BYTES_MAX)
        return sh_fail(err, SH_E_CORRUPT, "has no footer of a Parquet file");
    char *footer = sh_arena_alloc(&scan->footer, n, 1);
    if (!footer)
        return sh_fail(err, SH_E_NOMEM, "no room for a footer");
    SH_TRY(read_at(fd, footer, n, bytes - 8 - n, err));
    return sh_pq_meta_parse((struct sh_str){footer, n}, bytes, &scan->footer, &scan->meta, err);
}

static sh_code find_columns(struct sh_pq_scan *scan, struct sh_err *err) {
    for (size_t c = 0; c < scan->n_columns; c++) {
        size_t i = 0;
        while (i < scan->meta.n_columns && !sh_str_is(scan->meta.names[i], scan->wanted[c].name))
            i++;
        if (i == scan->meta.n_columns)
            return sh_fail(err, SH_E_CORRUPT, "has no column %.64s", scan->wanted[c].name);
        scan->places[c] = i;
    }
    return SH_OK;
}

static sh_code open_file(struct sh_pq_scan *scan, struct sh_err *err) {
    const int fd = open(scan->paths[scan->path], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "cannot be opened");
    scan->fd_plus_1 = fd + 1;
    scan->group = 0;
    sh_arena_reset(&scan->footer);
    SH_TRY(read_footer(scan, err));
    return find_columns(scan, err);
}

static bool is_out_of_range(const struct sh_pq_scan *scan, const struct sh_pq_chunk *chunks) {
    if (scan->ranged >= scan->n_columns)
        return false;
    const struct sh_pq_chunk *chunk = &chunks[scan->places[scan->ranged]];
    return chunk->has_range && (chunk->max < scan->from || chunk->min >= scan->to);
}

/* Go to rows that are to be read; without any, all files are done. */
static sh_code next_group(struct sh_pq_scan *scan, struct sh_err *err) {
    while (scan->left == 0 && scan->path < scan->n_paths) {
        if (scan->fd_plus_1 == 0)
            SH_TRY(open_file(scan, err));
        if (scan->group == scan->meta.n_groups) {
            (void)close(scan->fd_plus_1 - 1);
            scan->fd_plus_1 = 0;
            scan->path++;
            continue;
        }
        const size_t group = scan->group++;
        const struct sh_pq_chunk *chunks = scan->meta.chunks + group * scan->meta.n_columns;
        if (is_out_of_range(scan, chunks))
            continue;
        for (size_t c = 0; c < scan->n_columns; c++)
            SH_TRY(sh_pq_column_begin(&scan->columns[c], scan->fd_plus_1 - 1, &chunks[scan->places[c]],
                                      scan->meta.optional[scan->places[c]], err));
        scan->left = scan->meta.group_rows[group];
    }
    return SH_OK;
}

/* Pass late values by, up to row `to` of the batch. */
static sh_code pass_by(struct sh_pq_scan *scan, uint32_t to, struct sh_err *err) {
    for (size_t c = 0; c < scan->n_columns && scan->late_at < to; c++)
        if (scan->late[c])
            SH_TRY(sh_pq_column_read(&scan->columns[c], scan->batch[c], to - scan->late_at, err));
    scan->late_at = to;
    return SH_OK;
}

static sh_code read_batch(struct sh_pq_scan *scan, uint32_t *ret_n, struct sh_err *err) {
    if (scan->late && scan->left > 0) /* the next batch is of the same row group */
        SH_TRY(pass_by(scan, scan->rows, err));
    SH_TRY(next_group(scan, err));
    const uint32_t n = scan->left < SH_PQ_BATCH ? (uint32_t)scan->left : SH_PQ_BATCH;
    for (size_t c = 0; c < scan->n_columns && n > 0; c++)
        if (!scan->late || !scan->late[c])
            SH_TRY(sh_pq_column_read(&scan->columns[c], scan->batch[c], n, err));
    scan->left -= n;
    scan->rows = n;
    scan->late_at = 0;
    *ret_n = n;
    return SH_OK;
}

static sh_code take(struct sh_pq_scan *scan, uint32_t from, uint32_t to, void *const *ret,
                    struct sh_err *err) {
    SH_TRY(pass_by(scan, from, err));
    for (size_t c = 0; c < scan->n_columns; c++)
        if (scan->late[c])
            SH_TRY(sh_pq_column_read(&scan->columns[c], ret[c], to - from, err));
    scan->late_at = to;
    return SH_OK;
}

sh_code sh_pq_scan_take(struct sh_pq_scan *scan, uint32_t from, uint32_t to, void *const *ret,
                        struct sh_err *err) {
    sh_check(scan->late && scan->late_at <= from && from <= to && to <= scan->rows);
    const sh_code code = take(scan, from, to, ret, err);
    return code == SH_OK ? code : sh_err_wrap(err, code, "%s: ", scan->paths[scan->path]);
}

sh_code sh_pq_scan_late(struct sh_pq_scan *scan, const bool *late, struct sh_err *err) {
    sh_check(scan->rows == 0);
    scan->late = sh_new(&scan->arena, bool, scan->n_columns + 1);
    if (!scan->late)
        return sh_fail(err, SH_E_NOMEM, "no room to read %zu columns", scan->n_columns);
    if (scan->n_columns > 0)
        memcpy(scan->late, late, scan->n_columns * sizeof(bool));
    return SH_OK;
}

sh_code sh_pq_scan_next(struct sh_pq_scan *scan, uint32_t *ret_n, struct sh_err *err) {
    const sh_code code = read_batch(scan, ret_n, err);
    return code == SH_OK ? code : sh_err_wrap(err, code, "%s: ", scan->paths[scan->path]);
}
