#include "lake/opened.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* A shared lock on the manifest's own file tells vacuum that somebody reads it. Where that cannot be had (a
   read-only export, a file system without locks) the retention has to do. */
static void take_lease(struct sh_lake *lake, uint64_t number) {
    char path[SH_PATH_BYTES_MAX];
    if (sh_path_format(path, NULL, "%s/manifest/%08" PRIu64 ".json", lake->dir, number) != SH_OK)
        return;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        lake->lease_plus_1 = fd + 1;
    else
        (void)close(fd);
}

static sh_code open_state(struct sh_lake *lake, sh_file_kind kind, const char magic[8], size_t size,
                          struct sh_records *ret, struct sh_err *err) {
    const struct sh_lake_file *file = sh_manifest_file(&lake->manifest, kind);
    char path[SH_PATH_BYTES_MAX];
    if (!file)
        return SH_OK;
    SH_TRY(sh_path_join(path, lake->dir, file->path, err));
    return sh_records_open(path, magic, size, ret, err);
}

static void count_rows(struct sh_lake *lake) {
    for (size_t i = 0; i < lake->manifest.n_files; i++) {
        const struct sh_lake_file *file = &lake->manifest.files[i];
        if (file->kind == SH_FILE_DATA && file->what < SH_TABLES)
            lake->rows[file->what] += file->rows;
    }
}

static sh_code open_lake(struct sh_lake *lake, const char *dir, uint64_t number, struct sh_err *err) {
    _Static_assert(sizeof lake->dir >= PATH_MAX, "realpath writes up to PATH_MAX bytes");
    if (!realpath(dir, lake->dir))
        return sh_fail(err, SH_E_NOTFOUND, "%s: there is no lake here", dir);
    lake->arena.limit_bytes = (size_t)8 << 30;
    if (number == 0)
        SH_TRY(sh_manifest_newest(lake->dir, &number, err));
    take_lease(lake, number);
    SH_TRY(sh_manifest_read(lake->dir, number, &lake->arena, &lake->manifest, err));
    count_rows(lake);
    SH_TRY(open_state(lake, SH_FILE_SUPERSEDED, SH_SUPERSEDED_MAGIC, sizeof(struct sh_superseded),
                      &lake->superseded, err));
    SH_TRY(open_state(lake, SH_FILE_COVERAGE, SH_COVERAGE_MAGIC, sizeof(struct sh_coverage), &lake->coverage,
                      err));
    return open_state(lake, SH_FILE_LOST, SH_LOST_MAGIC, sizeof(uint64_t), &lake->lost, err);
}

sh_code sh_lake_open(const char *dir, uint64_t manifest, struct sh_lake **ret, struct sh_err *err) {
    struct sh_lake *lake = sh_alloc_array(1, sizeof *lake);
    if (!lake)
        return sh_fail(err, SH_E_NOMEM, "no room to open %s", dir);
    (void)pthread_mutex_init(&lake->lock, NULL);
    const sh_code code = open_lake(lake, dir, manifest, err);
    if (code != SH_OK) {
        sh_lake_close(lake);
        return code;
    }
    *ret = lake;
    return SH_OK;
}

void sh_lake_close(struct sh_lake *lake) {
    if (!lake)
        return;
    for (size_t d = 0; d < SH_DICTS; d++)
        sh_dict_release(&lake->dicts[d]), sh_codes_release(&lake->codes[d]);
    sh_records_close(&lake->superseded);
    sh_records_close(&lake->coverage);
    sh_records_close(&lake->lost);
    sh_arena_free(&lake->arena);
    (void)pthread_mutex_destroy(&lake->lock);
    if (lake->lease_plus_1 > 0)
        (void)close(lake->lease_plus_1 - 1);
    sh_free(lake);
}

uint64_t sh_lake_manifest(const struct sh_lake *lake) {
    return lake->manifest.number;
}

uint32_t sh_lake_buckets(const struct sh_lake *lake) {
    return lake->manifest.buckets;
}

uint32_t sh_lake_last_batch(const struct sh_lake *lake) {
    return sh_manifest_last_batch(&lake->manifest);
}

uint64_t sh_lake_rows(const struct sh_lake *lake, enum sh_table table) {
    return table < SH_TABLES ? lake->rows[table] : 0;
}

void sh_lake_days(const struct sh_lake *lake, enum sh_table table, int32_t *ret_first, int32_t *ret_last) {
    *ret_first = INT32_MAX, *ret_last = INT32_MIN;
    for (size_t i = 0; i < lake->manifest.n_files; i++) {
        const struct sh_lake_file *file = &lake->manifest.files[i];
        if (file->kind != SH_FILE_DATA || file->what != (uint32_t)table)
            continue;
        *ret_first = file->first_day < *ret_first ? file->first_day : *ret_first;
        *ret_last = file->last_day > *ret_last ? file->last_day : *ret_last;
    }
}

sh_code sh_lake_dict(struct sh_lake *lake, enum sh_dict dict, const struct sh_dict_view **ret,
                     struct sh_err *err) {
    sh_code code = SH_OK;
    if (!atomic_load_explicit(&lake->has_dict[dict], memory_order_acquire)) {
        (void)pthread_mutex_lock(&lake->lock);
        if (!atomic_load_explicit(&lake->has_dict[dict], memory_order_relaxed))
            code = sh_dict_load(lake->dir, &lake->manifest, dict, &lake->dicts[dict], err);
        if (code == SH_OK)
            atomic_store_explicit(&lake->has_dict[dict], true, memory_order_release);
        (void)pthread_mutex_unlock(&lake->lock);
    }
    if (code == SH_OK)
        *ret = &lake->dicts[dict].view;
    return code;
}

sh_code sh_lake_code(struct sh_lake *lake, enum sh_dict dict, int64_t id, struct sh_arena *arena,
                     struct sh_str *ret, struct sh_err *err) {
    sh_code code = SH_OK;
    if (!atomic_load_explicit(&lake->has_codes[dict], memory_order_acquire)) {
        (void)pthread_mutex_lock(&lake->lock);
        if (!atomic_load_explicit(&lake->has_codes[dict], memory_order_relaxed))
            code = sh_dict_codes(lake->dir, &lake->manifest, dict, &lake->codes[dict], err);
        if (code == SH_OK)
            atomic_store_explicit(&lake->has_codes[dict], true, memory_order_release);
        (void)pthread_mutex_unlock(&lake->lock);
    }
    return code == SH_OK ? sh_codes_get(&lake->codes[dict], id, arena, ret, err) : code;
}

/* Diagnoses, operations and nettings name no institution: their encounters' days stand for them. */
static enum sh_table covering_table(enum sh_table table) {
    return table == SH_TABLE_DIAGNOSIS || table == SH_TABLE_OPERATION || table == SH_TABLE_PERSON
               ? SH_TABLE_ENCOUNTER
           : table == SH_TABLE_NETTING ? SH_TABLE_LINE
                                       : table;
}

/* Registers and dimensions hold whole lists: they are complete once one was loaded. */
static bool is_register(enum sh_table table) {
    return table == SH_TABLE_CHRONIC_RIGHT || table == SH_TABLE_ENROLMENT || table == SH_TABLE_ALLOWANCE ||
           sh_table_is_dimension(table);
}

bool sh_lake_covered(const struct sh_lake *lake, enum sh_table table, int32_t institution, int32_t *ret_first,
                     int32_t *ret_last) {
    const struct sh_coverage *all = lake->coverage.at;
    size_t low = 0, high = lake->coverage.n;
    const uint32_t wanted = (uint32_t)covering_table(table);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (all[middle].table < wanted ||
            (all[middle].table == wanted && all[middle].institution < institution))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == lake->coverage.n || all[low].table != wanted || all[low].institution != institution)
        return false;
    *ret_first = all[low].first, *ret_last = all[low].last;
    return true;
}

bool sh_lake_complete(const struct sh_lake *lake, enum sh_table table, int32_t institution, int32_t first_day,
                      int32_t last_day) {
    int32_t first, last;
    if (sh_lake_rows(lake, table) == 0)
        return false;
    return is_register(table) || (sh_lake_covered(lake, table, institution, &first, &last) &&
                                  first <= first_day && last >= last_day);
}

void sh_lake_lost(const struct sh_lake *lake, const uint64_t **ret_keys, size_t *ret_n) {
    *ret_keys = lake->lost.at;
    *ret_n = lake->lost.n;
}

bool sh_lake_encounter_lost_rows(const struct sh_lake *lake, int64_t encounter_key) {
    const uint64_t *all = lake->lost.at;
    size_t low = 0, high = lake->lost.n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (all[middle] < (uint64_t)encounter_key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lake->lost.n && all[low] == (uint64_t)encounter_key;
}
