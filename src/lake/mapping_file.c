/* Loading a mapping and telling by its header which source a file is. */
#include "base/fs.h"
#include "base/limits.h"
#include "lake/mapping.h"

static sh_code fail_unknown(const char *dir, const char *name, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    SH_CLEANUP(sh_buf_free) struct sh_buf there = {0};
    if (sh_dir_list(dir, arena, &entries, &n, NULL) != SH_OK)
        return sh_fail(err, SH_E_NOTFOUND, "there is no folder of mappings at %s", dir);
    for (size_t i = 0; i < n; i++) {
        const struct sh_str file = sh_str_of(entries[i].name);
        if (sh_str_ends_with(file, SH_STR(".sql")))
            (void)sh_buf_addf(&there, "%s%.*s", there.len ? ", " : "", (int)(file.len - 4), file.at);
    }
    return sh_fail(err, SH_E_NOTFOUND, "there is no mapping '%s' in %s; there are: %.*s", name, dir,
                   SH_ARG(sh_buf_view(&there)));
}

sh_code sh_mapping_load(const char *mappings_dir, const char *name, struct sh_arena *arena,
                        const struct sh_mapping **ret, struct sh_err *err) {
    char *path = sh_new(arena, char, SH_PATH_BYTES_MAX);
    struct sh_str text;
    bool exists = false;
    if (!path)
        return sh_fail(err, SH_E_NOMEM, "no memory for a mapping");
    if (!sh_path_is_plain_name(sh_str_of(name)))
        return sh_fail(err, SH_E_INPUT, "'%s' is no name of a mapping: give the name without folder and .sql",
                       name);
    SH_TRY(sh_path_format(path, err, "%s/%s.sql", mappings_dir, name));
    SH_TRY(sh_fs_exists(path, &exists, err));
    if (!exists)
        return fail_unknown(mappings_dir, name, arena, err);
    SH_TRY(sh_fs_read(path, SH_MAPPING_BYTES_MAX, arena, &text, err));
    return sh_mapping_parse(path, text, arena, ret, err);
}

static int32_t position(struct sh_str name, const struct sh_str *header, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq_nocase(header[i], name))
            return (int32_t)i;
    return -1;
}

struct fit {
    uint16_t n_recognising, n_found;
    struct sh_str first_missing;
};

static struct fit fit_of(const struct sh_map_source *source, const struct sh_str *header, size_t n) {
    struct fit fit = {0};
    for (uint16_t c = 0; c < source->n_columns; c++) {
        if (!source->columns[c].is_recognising)
            continue;
        fit.n_recognising++;
        if (position(source->columns[c].name, header, n) >= 0)
            fit.n_found++;
        else if (!fit.first_missing.at)
            fit.first_missing = source->columns[c].name;
    }
    return fit;
}

static sh_code fail_no_source(const struct sh_mapping *m, const char *file, const struct sh_str *header,
                              size_t n, struct sh_err *err) {
    size_t nearest = 0;
    struct fit best = fit_of(&m->sources[0], header, n);
    for (size_t s = 1; s < m->n_sources; s++) {
        const struct fit fit = fit_of(&m->sources[s], header, n);
        /* by share of recognising columns found */
        if ((uint32_t)fit.n_found * best.n_recognising > (uint32_t)best.n_found * fit.n_recognising)
            nearest = s, best = fit;
    }
    if (best.n_found == 0)
        return sh_fail(err, SH_E_INPUT,
                       "%s: none of the columns by which mapping '%.*s' knows its files is in the header "
                       "(%zu columns, first "
                       "'%.*s'); is the delimiter right, is there a header?",
                       file, SH_ARG(m->name), n, SH_ARG(header[0]));
    return sh_fail(
        err, SH_E_INPUT,
        "%s: is none of the sources of mapping '%.*s'; nearest is '%.*s', of which column '%.*s' is missing",
        file, SH_ARG(m->name), SH_ARG(m->sources[nearest].name), SH_ARG(best.first_missing));
}

/* NULL with `err` filled when none or two fit. */
static const struct sh_map_source *choose(const struct sh_mapping *m, const char *file,
                                          const struct sh_str *header, size_t n, sh_code *ret_code,
                                          struct sh_err *err) {
    const struct sh_map_source *best = NULL, *other = NULL;
    uint16_t most = 0;
    for (size_t s = 0; s < m->n_sources; s++) {
        const struct fit fit = fit_of(&m->sources[s], header, n);
        if (fit.n_found < fit.n_recognising || fit.n_found < most)
            continue;
        other = fit.n_found == most ? best : NULL;
        best = &m->sources[s];
        most = fit.n_found;
    }
    if (!best)
        *ret_code = fail_no_source(m, file, header, n, err);
    else if (other)
        *ret_code =
            sh_fail(err, SH_E_INPUT,
                    "%s: may be '%.*s' or '%.*s' of mapping '%.*s': give them more `recognised by` columns",
                    file, SH_ARG(other->name), SH_ARG(best->name), SH_ARG(m->name));
    return other ? NULL : best;
}

/* Flat on purpose: plain values in, plain arrays out, called once a block. */
// NOLINTNEXTLINE(readability-function-size)
sh_code sh_mapping_recognise(const struct sh_mapping *m, const char *file, const struct sh_str *header,
                             size_t n, struct sh_arena *arena, const struct sh_map_source **ret,
                             const int32_t **ret_at, struct sh_err *err) {
    sh_code code = SH_E_INTERNAL;
    const struct sh_map_source *source = choose(m, file, header, n, &code, err);
    if (!source)
        return code;
    int32_t *at = sh_new(arena, int32_t, (size_t)source->n_columns + 1);
    if (!at)
        return sh_fail(err, SH_E_NOMEM, "%s: no memory for the header", file);
    for (uint16_t c = 0; c < source->n_columns; c++) {
        const struct sh_str name = source->columns[c].name;
        at[c] = position(name, header, n);
        if (at[c] < 0 && source->columns[c].is_required)
            return sh_fail(err, SH_E_INPUT,
                           "%s: column '%.*s' is missing, which '%.*s' of mapping '%.*s' needs", file,
                           SH_ARG(name), SH_ARG(source->name), SH_ARG(m->name));
        const size_t behind = at[c] < 0 ? n : (size_t)at[c] + 1;
        if (behind < n && position(name, header + behind, n - behind) >= 0)
            return sh_fail(err, SH_E_INPUT, "%s: column '%.*s' stands twice in the header", file,
                           SH_ARG(name));
    }
    *ret = source, *ret_at = at;
    return SH_OK;
}
