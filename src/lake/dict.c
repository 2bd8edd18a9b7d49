#include "lake/dict.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/parquet.h"
#include "lake/pq_scan.h"
#include <inttypes.h>

#define DICT_BYTES_MAX ((size_t)64 << 30)
#define DICT_ENTRIES_MAX ((size_t)1 << 30)

void sh_dict_release(struct sh_dict_full *dict) {
    sh_free(dict->code);
    sh_free(dict->name);
    sh_free(dict->kind);
    sh_free(dict->slots);
    sh_arena_free(&dict->arena);
    *dict = (struct sh_dict_full){0};
}

/* Slot of a code, or the free slot where it belongs. */
static uint32_t slot_of(const struct sh_dict_view *dict, struct sh_str code) {
    uint32_t slot = (uint32_t)sh_hash64(code.at, code.len, 0) & (dict->n_slots - 1);
    while (dict->slots[slot] != 0 && !sh_str_eq(dict->code[dict->slots[slot] - 1], code))
        slot = (slot + 1) & (dict->n_slots - 1);
    return slot;
}

int32_t sh_dict_find(const struct sh_dict_view *view, struct sh_str code) {
    if (view->slots)
        return (int32_t)view->slots[slot_of(view, code)] - 1;
    for (uint32_t id = 0; id < view->n; id++)
        if (sh_str_eq(view->code[id], code))
            return (int32_t)id;
    return -1;
}

static sh_code reindex(struct sh_dict_full *dict, size_t need, struct sh_err *err) {
    size_t n = dict->n_slots > 0 ? dict->n_slots : 64;
    while (n < 2 * need)
        n *= 2;
    if (n == dict->n_slots)
        return SH_OK;
    uint32_t *slots = sh_alloc_array(n, sizeof *slots);
    if (!slots)
        return sh_fail(err, SH_E_NOMEM, "no room for a dictionary of %zu codes", need);
    sh_free(dict->slots);
    dict->slots = slots;
    dict->n_slots = (uint32_t)n;
    dict->view.slots = slots;
    dict->view.n_slots = dict->n_slots;
    for (uint32_t id = 0; id < dict->view.n; id++)
        dict->slots[slot_of(&dict->view, dict->code[id])] = id + 1;
    return SH_OK;
}

static sh_code reserve(struct sh_dict_full *dict, size_t need, struct sh_err *err) {
    if (need > DICT_ENTRIES_MAX)
        return sh_fail(err, SH_E_LIMIT, "a dictionary of %zu codes is over the limit of %zu", need,
                       DICT_ENTRIES_MAX);
    if (dict->arena.limit_bytes == 0)
        dict->arena.limit_bytes = DICT_BYTES_MAX;
    size_t cap[3] = {dict->cap, dict->cap, dict->cap};
    SH_TRY(sh_grow(&dict->code, &cap[0], need, sizeof(struct sh_str), DICT_ENTRIES_MAX, err));
    dict->view.code = dict->code;
    if (dict->name)
        SH_TRY(sh_grow(&dict->name, &cap[1], need, sizeof(struct sh_str), DICT_ENTRIES_MAX, err));
    dict->view.name = dict->name;
    if (dict->kind)
        SH_TRY(sh_grow(&dict->kind, &cap[2], need, sizeof(struct sh_str), DICT_ENTRIES_MAX, err));
    dict->view.kind = dict->kind;
    dict->cap = cap[0];
    return reindex(dict, need, err);
}

static sh_code keep(struct sh_dict_full *dict, struct sh_str text, struct sh_str *ret, struct sh_err *err) {
    const char *at = text.len > 0 ? sh_arena_dup(&dict->arena, text.at, text.len) : "";
    if (!at)
        return sh_fail(err, SH_E_NOMEM, "no room for a dictionary's texts");
    *ret = (struct sh_str){at, text.len};
    return SH_OK;
}

/* A name or kind: most dictionaries have none, and no room for any. */
static sh_code keep_more(struct sh_dict_full *dict, struct sh_str **texts, const struct sh_str **view,
                         uint32_t id, struct sh_str text, struct sh_err *err) {
    if (text.len > 0 && !*texts) {
        *texts = sh_alloc_array(dict->cap, sizeof(struct sh_str));
        if (!*texts)
            return sh_fail(err, SH_E_NOMEM, "no room for a dictionary's texts");
        *view = *texts;
    }
    return *texts ? keep(dict, text, &(*texts)[id], err) : SH_OK;
}

static struct sh_str text_of(const struct sh_str *texts, uint32_t id) {
    return texts ? texts[id] : (struct sh_str){0};
}

sh_code sh_dict_add(struct sh_dict_full *dict, struct sh_str code, struct sh_str name, struct sh_str kind,
                    int32_t *ret_id, struct sh_err *err) {
    const uint32_t id = dict->view.n;
    SH_TRY(reserve(dict, (size_t)id + 1, err));
    SH_TRY(keep(dict, code, &dict->code[id], err));
    SH_TRY(keep_more(dict, &dict->name, &dict->view.name, id, name, err));
    SH_TRY(keep_more(dict, &dict->kind, &dict->view.kind, id, kind, err));
    const uint32_t slot = slot_of(&dict->view, code);
    if (dict->slots[slot] != 0)
        return sh_fail(err, SH_E_CORRUPT, "a dictionary holds '%.*s' twice", SH_ARG(code));
    dict->slots[slot] = id + 1;
    dict->view.n = id + 1;
    *ret_id = (int32_t)id;
    return SH_OK;
}

sh_code sh_dict_improve(struct sh_dict_full *dict, int32_t id, struct sh_str name, struct sh_str kind,
                        bool *ret_changed, struct sh_err *err) {
    *ret_changed = false;
    if (text_of(dict->name, (uint32_t)id).len == 0 && name.len > 0) {
        SH_TRY(keep_more(dict, &dict->name, &dict->view.name, (uint32_t)id, name, err));
        *ret_changed = true;
    }
    if (text_of(dict->kind, (uint32_t)id).len == 0 && kind.len > 0) {
        SH_TRY(keep_more(dict, &dict->kind, &dict->view.kind, (uint32_t)id, kind, err));
        *ret_changed = true;
    }
    return SH_OK;
}

static sh_code check_id(int32_t id, uint32_t n, struct sh_err *err) {
    if (id < 0 || (uint32_t)id > n)
        return sh_fail(err, SH_E_CORRUPT, "id %" PRId32 " where at most %" PRIu32 " is due", id, n);
    return SH_OK;
}

/* One row of a file: the next id, or an earlier one whose name has become known since. */
static sh_code take_row(void *to, int32_t id, const struct sh_str texts[3], struct sh_err *err) {
    struct sh_dict_full *dict = to;
    SH_TRY(check_id(id, dict->view.n, err));
    if ((uint32_t)id == dict->view.n)
        return sh_dict_add(dict, texts[0], texts[1], texts[2], &id, err);
    bool changed;
    if (!sh_str_eq(dict->code[id], texts[0]))
        return sh_fail(err, SH_E_CORRUPT, "id %" PRId32 " has two codes", id);
    return sh_dict_improve(dict, id, texts[1], texts[2], &changed, err);
}

/* As take_row, for codes alone: an earlier id says nothing new. */
static sh_code take_code(void *to, int32_t id, const struct sh_str texts[3], struct sh_err *err) {
    struct sh_codes *codes = to;
    SH_TRY(check_id(id, codes->n, err));
    return (uint32_t)id == codes->n ? sh_codes_add(codes, texts[0], err) : SH_OK;
}

/* A row of a file, as sh_dict_load and sh_dict_codes take it. */
typedef sh_code take_fn(void *to, int32_t id, const struct sh_str texts[3], struct sh_err *err);

static sh_code load_file(const char *path, take_fn *take, void *to, struct sh_err *err) {
    static const struct sh_pq_wanted columns[] = {
        {"id", SH_P32}, {"code", SH_PSTR}, {"name", SH_PSTR}, {"kind", SH_PSTR}};
    SH_CLEANUP(sh_pq_scan_close) struct sh_pq_scan scan = {0};
    SH_TRY(sh_pq_scan_open(&scan, &path, 1, columns, 4, err));
    for (;;) {
        uint32_t n;
        SH_TRY(sh_pq_scan_next(&scan, &n, err));
        const int32_t *ids = scan.batch[0];
        const struct sh_str *code = scan.batch[1], *name = scan.batch[2], *kind = scan.batch[3];
        for (uint32_t i = 0; i < n; i++)
            SH_TRY(take(to, ids[i], (const struct sh_str[]){code[i], name[i], kind[i]}, err));
        if (n == 0)
            return SH_OK;
    }
}

static sh_code load_files(const char *lake_dir, const struct sh_manifest *manifest, enum sh_dict dict,
                          take_fn *take, void *to, struct sh_err *err) {
    for (size_t i = 0; i < manifest->n_files; i++) {
        const struct sh_lake_file *file = &manifest->files[i];
        char path[SH_PATH_BYTES_MAX];
        if (file->kind != SH_FILE_DICT || file->what != (uint32_t)dict)
            continue;
        SH_TRY(sh_path_join(path, lake_dir, file->path, err));
        SH_TRY(load_file(path, take, to, err));
    }
    return SH_OK;
}

sh_code sh_dict_load(const char *lake_dir, const struct sh_manifest *manifest, enum sh_dict dict,
                     struct sh_dict_full *ret, struct sh_err *err) {
    struct sh_dict_full full = {0};
    sh_code code = reserve(&full, 1, err);
    if (code == SH_OK)
        code = load_files(lake_dir, manifest, dict, take_row, &full, err);
    if (code != SH_OK) {
        sh_dict_release(&full);
        return code;
    }
    *ret = full;
    return SH_OK;
}

sh_code sh_dict_codes(const char *lake_dir, const struct sh_manifest *manifest, enum sh_dict dict,
                      struct sh_codes *ret, struct sh_err *err) {
    struct sh_codes codes = {0};
    sh_code code = sh_codes_open(&codes, lake_dir, err);
    if (code == SH_OK)
        code = load_files(lake_dir, manifest, dict, take_code, &codes, err);
    if (code == SH_OK)
        code = sh_codes_settle(&codes, err);
    if (code != SH_OK) {
        sh_codes_release(&codes);
        return code;
    }
    *ret = codes;
    return SH_OK;
}

sh_code sh_dict_write(const struct sh_dict_full *dict, const int32_t *ids, size_t n, void *connection,
                      const char *path, struct sh_err *err) {
    SH_CLEANUP(sh_free_at) uint32_t *order = sh_alloc_array(n, sizeof *order);
    SH_CLEANUP(sh_free_at) int32_t *all = sh_alloc_array(dict->view.n, sizeof *all);
    SH_CLEANUP(sh_free_at) struct sh_str *none = sh_alloc_array(dict->view.n, sizeof *none);
    if (!order || !all || !none)
        return sh_fail(err, SH_E_NOMEM, "no room to write a dictionary");
    for (uint32_t i = 0; i < dict->view.n; i++)
        all[i] = (int32_t)i;
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)ids[i];
    const struct sh_parquet_column columns[] = {{"id", SH_P32, all},
                                                {"code", SH_PSTR, dict->code},
                                                {"name", SH_PSTR, dict->name ? dict->name : none},
                                                {"kind", SH_PSTR, dict->kind ? dict->kind : none}};
    const struct sh_parquet_rows rows = {.columns = columns, .n_columns = 4, .n_rows = n, .order = order};
    return sh_parquet_write(connection, &rows, path, SH_PARQUET_ROW_GROUP, err);
}
