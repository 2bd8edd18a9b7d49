/* Codes: worker-local numbers become ids of the lake. New ones get theirs in the order in which they first
 * stood in the files. */
#include "base/mem.h"
#include "lake/landing.h"

/* A code that some worker saw and the lake did not have. */
struct candidate {
    const struct sh_intern_entry *entry;
    uint32_t worker, local;
};

static int sight_cmp(struct sh_sight a, struct sh_sight b) {
    return sh_sight_before(a, b) ? -1 : sh_sight_before(b, a);
}

static int by_first_sight(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return sight_cmp(x->entry->first, y->entry->first);
}

/* Order of names is that of their own place: the earliest row that has one. */
static int by_naming(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return sight_cmp(x->entry->named, y->entry->named);
}

struct code_phase {
    struct sh_landing *landing;
    enum sh_dict dict;
    struct candidate *all;
    size_t n_all;
    bool *changed; /* [ids] to be written */
    size_t n_before;
};

static sh_code collect(struct code_phase *phase, struct sh_err *err) {
    struct sh_landing *landing = phase->landing;
    size_t n = 0;
    for (unsigned w = 0; w < landing->threads; w++)
        n += landing->workers[w].dicts[phase->dict].n;
    phase->all = sh_alloc_array(n, sizeof *phase->all);
    landing->ids[phase->dict] = sh_alloc_array(landing->threads, sizeof(int32_t *));
    if (!phase->all || !landing->ids[phase->dict])
        return sh_fail(err, SH_E_NOMEM, "no room for %zu codes", n);
    for (unsigned w = 0; w < landing->threads; w++) {
        const struct sh_intern *intern = &landing->workers[w].dicts[phase->dict];
        landing->ids[phase->dict][w] = sh_alloc_array(intern->n, sizeof(int32_t));
        if (!landing->ids[phase->dict][w])
            return sh_fail(err, SH_E_NOMEM, "no room for %zu codes", intern->n);
        for (size_t i = 0; i < intern->n; i++)
            phase->all[phase->n_all++] = (struct candidate){&intern->entries[i], w, (uint32_t)i};
    }
    return SH_OK;
}

static sh_code give_ids(struct code_phase *phase, struct sh_err *err) {
    struct sh_dict_full *dict = &phase->landing->dicts[phase->dict];
    const struct sh_str none = {0};
    if (phase->n_all > 0)
        qsort(phase->all, phase->n_all, sizeof *phase->all, by_first_sight);
    for (size_t i = 0; i < phase->n_all; i++) {
        const struct candidate *c = &phase->all[i];
        int32_t id = sh_dict_find(&dict->view, c->entry->code);
        if (id < 0)
            SH_TRY(sh_dict_add(dict, c->entry->code, none, none, &id, err));
        phase->landing->ids[phase->dict][c->worker][c->local] = id;
    }
    return SH_OK;
}

static sh_code give_names(struct code_phase *phase, struct sh_err *err) {
    struct sh_dict_full *dict = &phase->landing->dicts[phase->dict];
    size_t n = 0;
    for (size_t i = 0; i < phase->n_all; i++)
        if (phase->all[i].entry->name.len > 0 || phase->all[i].entry->kind.len > 0)
            phase->all[n++] = phase->all[i];
    if (n > 0)
        qsort(phase->all, n, sizeof *phase->all, by_naming);
    phase->changed = sh_alloc_array(dict->view.n, sizeof(bool));
    if (!phase->changed)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of codes");
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &phase->all[i];
        const int32_t id = phase->landing->ids[phase->dict][c->worker][c->local];
        bool changed;
        SH_TRY(sh_dict_improve(dict, id, c->entry->name, c->entry->kind, &changed, err));
        phase->changed[id] |= changed;
    }
    return SH_OK;
}

static sh_code write_new(struct code_phase *phase, struct sh_err *err) {
    struct sh_landing *landing = phase->landing;
    const struct sh_dict_full *dict = &landing->dicts[phase->dict];
    SH_CLEANUP(sh_free_at) int32_t *ids = sh_alloc_array(dict->view.n, sizeof *ids);
    if (!ids)
        return sh_fail(err, SH_E_NOMEM, "no room for the new codes");
    size_t n = 0;
    for (uint32_t i = 0; i < dict->view.n; i++)
        if (i >= phase->n_before || phase->changed[i])
            ids[n++] = (int32_t)i;
    if (n == 0)
        return SH_OK;
    char suffix[64];
    const char *path, *temp;
    (void)snprintf(suffix, sizeof suffix, "-%s.parquet", sh_dict_name(phase->dict));
    SH_TRY(sh_landing_name(landing, "dict", suffix, &path, &temp, err));
    SH_TRY(sh_dict_write(dict, ids, n, landing->connections[0], temp, err));
    const struct sh_lake_file entry = {.kind = SH_FILE_DICT,
                                       .what = (uint32_t)phase->dict,
                                       .batch_from = landing->batch,
                                       .batch_to = landing->batch,
                                       .rows = n,
                                       .path = path,
                                       .first_day = INT32_MAX,
                                       .last_day = INT32_MIN};
    return sh_landing_add_file(landing, &entry, temp, err);
}

static sh_code run_dict(struct code_phase *phase, struct sh_err *err) {
    struct sh_landing *landing = phase->landing;
    SH_TRY(sh_dict_load(landing->options->lake_dir, landing->before, phase->dict,
                        &landing->dicts[phase->dict], err));
    phase->n_before = landing->dicts[phase->dict].view.n;
    SH_TRY(collect(phase, err));
    SH_TRY(give_ids(phase, err));
    SH_TRY(give_names(phase, err));
    return write_new(phase, err);
}

sh_code sh_landing_codes(struct sh_landing *landing, struct sh_err *err) {
    for (enum sh_dict d = 0; d < SH_DICTS; d++) {
        struct code_phase phase = {.landing = landing, .dict = d};
        const sh_code code = run_dict(&phase, err);
        sh_free(phase.all);
        sh_free(phase.changed);
        SH_TRY(code);
    }
    return SH_OK;
}
