#include "lake/keys.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

size_t sh_keys_seek(const struct sh_key *keys, size_t n, size_t from, struct sh_hash128 key) {
    size_t step = 1, low = from;
    while (low + step < n && sh_key_cmp(keys[low + step].key, key) < 0) {
        low += step;
        step *= 2;
    }
    size_t high = low + step < n ? low + step + 1 : n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sh_key_cmp(keys[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void sh_keys_part(const struct sh_key *keys, size_t n, uint32_t part, uint32_t parts, size_t *ret_from,
                  size_t *ret_to) {
    const uint64_t width = UINT64_MAX / parts + 1; /* parts is a power of two: exact; 0 for a single part */
    const struct sh_hash128 first = {.high = part * width, .low = 0},
                            last = {.high = (part + 1) * width, .low = 0};
    *ret_from = part == 0 ? 0 : sh_keys_seek(keys, n, 0, first);
    *ret_to = part + 1 == parts ? n : sh_keys_seek(keys, n, *ret_from, last);
}

void sh_keyset_close(struct sh_keyset *set) {
    for (size_t i = 0; i < set->n; i++)
        sh_records_close(&set->files[i]);
    sh_free(set->files);
    sh_free(set->entries);
    *set = (struct sh_keyset){0};
}

sh_code sh_keyset_open(const char *lake_dir, const struct sh_manifest *manifest, enum sh_table table,
                       struct sh_keyset *ret, struct sh_err *err) {
    struct sh_keyset set = {0};
    set.files = sh_alloc_array(manifest->n_files + 1, sizeof *set.files);
    set.entries = sh_alloc_array(manifest->n_files + 1, sizeof *set.entries);
    sh_code code =
        set.files && set.entries ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the names of key files");
    for (size_t i = 0; i < manifest->n_files && code == SH_OK; i++) {
        const struct sh_lake_file *file = &manifest->files[i];
        char path[SH_PATH_BYTES_MAX];
        if (file->kind != SH_FILE_KEYS || file->what != (uint32_t)table)
            continue;
        code = sh_path_join(path, lake_dir, file->path, err);
        if (code == SH_OK)
            code = sh_records_open(path, SH_KEYS_MAGIC, sizeof(struct sh_key), &set.files[set.n], err);
        if (code == SH_OK)
            set.entries[set.n++] = file;
    }
    if (code != SH_OK) {
        sh_keyset_close(&set);
        return code;
    }
    *ret = set;
    return SH_OK;
}

int sh_superseded_cmp(const void *a, const void *b) {
    const struct sh_superseded *x = a, *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->row_key != y->row_key)
        return x->row_key < y->row_key ? -1 : 1;
    if (x->old_batch != y->old_batch)
        return x->old_batch < y->old_batch ? -1 : 1;
    return x->new_batch == y->new_batch ? 0 : x->new_batch < y->new_batch ? -1 : 1;
}
