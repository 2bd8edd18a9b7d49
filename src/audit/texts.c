/* The texts of a run in one archive: one file to make durable instead of two hundred. Stored, not packed: a
 * run is written far more often than it is read. */
#include "audit/texts.h"
#include "base/fs.h"
#include "base/limits.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

enum { ENTRIES_MAX = 1 << 16, FIRST_DOS_DAY = 0x21 /* 1980-01-01 */ };

static sh_code zip_failed(zip_error_t *error, const char *what, struct sh_err *err) {
    const sh_code code = zip_error_code_zip(error) == ZIP_ER_MEMORY  ? SH_E_NOMEM
                         : zip_error_code_zip(error) == ZIP_ER_NOENT ? SH_E_NOTFOUND
                                                                     : SH_E_CORRUPT;
    return sh_fail(err, code, "%s: %s", what, zip_error_strerror(error));
}

/* ---- writing ------------------------------------------------------------------------------------ */

struct keeping {
    zip_t *zip;
    struct sh_arena arena; /* texts, until the archive is closed */
};

static sh_code add_text(struct keeping *k, const char *name, struct sh_str text, struct sh_err *err) {
    zip_source_t *source = zip_source_buffer(k->zip, text.at, text.len, 0);
    const zip_int64_t at = source ? zip_file_add(k->zip, name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (at < 0) {
        zip_source_free(source);
        return zip_failed(zip_get_error(k->zip), name, err);
    }
    if (zip_set_file_compression(k->zip, (zip_uint64_t)at, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(k->zip, (zip_uint64_t)at, 0, FIRST_DOS_DAY, 0) != 0)
        return zip_failed(zip_get_error(k->zip), name, err);
    return SH_OK;
}

/* The files of a folder that end so; nothing where it is not there. */
static sh_code keep_dir(struct keeping *k, const char *from, const char *name, const char *end,
                        struct sh_err *err) {
    const struct sh_dir_entry *entries;
    size_t n;
    char path[SH_PATH_BYTES_MAX], entry[SH_PATH_BYTES_MAX];
    bool there = false;
    if (from)
        SH_TRY(sh_is_dir(from, &there, err));
    if (!there)
        return SH_OK;
    SH_TRY(sh_dir_list(from, &k->arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct sh_str text;
        if (entries[i].kind == SH_ENTRY_DIR || !sh_str_ends_with(sh_str_of(entries[i].name), sh_str_of(end)))
            continue;
        SH_TRY(sh_path_join(path, from, entries[i].name, err));
        SH_TRY(sh_path_join(entry, name, entries[i].name, err));
        SH_TRY(sh_fs_read(path, SH_TEXT_FILE_BYTES_MAX, &k->arena, &text, err));
        SH_TRY(add_text(k, entry, text, err));
    }
    return SH_OK;
}

/* The layers of the place, as they stand beside the rules. */
static sh_code keep_layers(struct keeping *k, const struct sh_audit_options *o, struct sh_err *err) {
    const char *place = o->place ? o->place : "000000";
    char code[7] = "000000", before[7] = "000000";
    for (size_t pair = 0; pair < 3 && strlen(place) == 6; pair++) {
        char from[SH_PATH_BYTES_MAX], name[64];
        memcpy(code, place, 2 * pair + 2);
        if (strcmp(code, before) == 0)
            continue;
        memcpy(before, code, sizeof(code));
        SH_TRY(sh_path_format(from, err, "%s/local/%s", o->rules_dir, code));
        (void)snprintf(name, sizeof(name), "rules/local/%s", code);
        SH_TRY(keep_dir(k, from, name, ".yaml", err));
        SH_TRY(sh_path_format(from, err, "%s/local/%s/knowledge", o->rules_dir, code));
        (void)snprintf(name, sizeof(name), "rules/local/%s/knowledge", code);
        SH_TRY(keep_dir(k, from, name, ".csv", err));
    }
    return SH_OK;
}

static sh_code keep_all(struct keeping *k, const struct sh_audit_options *o, struct sh_err *err) {
    char views[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(views, o->rules_dir, "views", err));
    SH_TRY(keep_dir(k, o->rules_dir, "rules", ".yaml", err));
    SH_TRY(keep_dir(k, o->rules_dir, "rules", ".csv", err));
    SH_TRY(keep_dir(k, views, "rules/views", ".yaml", err));
    SH_TRY(keep_dir(k, o->knowledge_dir, "knowledge", ".csv", err));
    SH_TRY(keep_dir(k, o->params_dir, "params", ".csv", err));
    return keep_layers(k, o, err);
}

/* The bytes of an archive that was written to memory, to disk. */
static sh_code write_archive(zip_source_t *source, const char *path, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf bytes = sh_buf_init(SH_TEXTS_BYTES_MAX);
    zip_stat_t stat;
    if (zip_source_stat(source, &stat) != 0 || zip_source_open(source) != 0)
        return zip_failed(zip_source_error(source), path, err);
    sh_code code = sh_buf_reserve(&bytes, (size_t)stat.size);
    if (code != SH_OK)
        code = sh_fail(err, code, "%s: no room for %llu bytes", path, (unsigned long long)stat.size);
    else if (zip_source_read(source, bytes.at, stat.size) != (zip_int64_t)stat.size)
        code = zip_failed(zip_source_error(source), path, err);
    (void)zip_source_close(source);
    return code == SH_OK ? sh_fs_write(path, (struct sh_str){bytes.at, (size_t)stat.size}, err) : code;
}

sh_code sh_texts_keep(const struct sh_audit_options *o, const char *run_dir, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    zip_error_t error;
    struct keeping k = {.arena = {.limit_bytes = SH_TEXTS_BYTES_MAX}};
    SH_TRY(sh_path_join(path, run_dir, SH_RUN_TEXT, err));
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    k.zip = source ? zip_open_from_source(source, ZIP_TRUNCATE, &error) : NULL;
    if (!k.zip) {
        zip_source_free(source);
        return zip_failed(&error, path, err);
    }
    zip_source_keep(source); /* the archive takes one reference with it when it is closed */
    sh_code code = keep_all(&k, o, err);
    if (code == SH_OK && zip_close(k.zip) == 0) {
        k.zip = NULL;
        code = write_archive(source, path, err);
    } else if (code == SH_OK) {
        code = zip_failed(zip_get_error(k.zip), path, err);
    }
    if (k.zip)
        zip_discard(k.zip);
    zip_source_free(source);
    zip_error_fini(&error);
    sh_arena_free(&k.arena);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static void discard(zip_t **zip) {
    if (*zip)
        zip_discard(*zip);
}

static void file_close(zip_file_t **file) {
    if (*file)
        (void)zip_fclose(*file);
}

/* Only plain names below the folder: no way out of it. */
static bool is_inner(const char *name) {
    struct sh_str rest = sh_str_of(name);
    for (;;) {
        const size_t slash = sh_str_find_char(rest, '/');
        const struct sh_str part = slash == SH_STR_NONE ? rest : sh_str_sub(rest, 0, slash);
        if (!sh_path_is_plain_name(part))
            return false;
        if (slash == SH_STR_NONE)
            return true;
        rest = sh_str_sub(rest, slash + 1, rest.len);
    }
}

static sh_code read_entry(zip_t *zip, zip_uint64_t i, const zip_stat_t *stat, struct sh_arena *arena,
                          struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(file_close) zip_file_t *file = zip_fopen_index(zip, i, 0);
    if (!file)
        return zip_failed(zip_get_error(zip), stat->name, err);
    if (stat->size > SH_TEXT_FILE_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: over %zu bytes", stat->name, SH_TEXT_FILE_BYTES_MAX);
    char *at = sh_new(arena, char, (size_t)stat->size + 1);
    if (!at)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for %llu bytes", stat->name,
                       (unsigned long long)stat->size);
    /* The sum is compared when the end is met. */
    if (zip_fread(file, at, stat->size) != (zip_int64_t)stat->size ||
        zip_fread(file, at + stat->size, 1) != 0)
        return sh_fail(err, SH_E_CORRUPT, "%s: does not read back", stat->name);
    *ret = (struct sh_str){at, (size_t)stat->size};
    return SH_OK;
}

static sh_code unpack_entry(zip_t *zip, zip_uint64_t i, const char *to, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = 2 * SH_TEXT_FILE_BYTES_MAX};
    const zip_uint64_t wanted = ZIP_STAT_NAME | ZIP_STAT_SIZE;
    char path[SH_PATH_BYTES_MAX];
    zip_stat_t stat;
    struct sh_str text = {0};
    if (zip_stat_index(zip, i, 0, &stat) != 0 || (stat.valid & wanted) != wanted)
        return sh_fail(err, SH_E_CORRUPT, "entry %llu has no name or size", (unsigned long long)i);
    if (!is_inner(stat.name))
        return sh_fail(err, SH_E_CORRUPT, "'%s' would lie outside of the run", stat.name);
    SH_TRY(read_entry(zip, i, &stat, &arena, &text, err));
    SH_TRY(sh_path_join(path, to, stat.name, err));
    char *slash = strrchr(path, '/');
    *slash = '\0';
    SH_TRY(sh_mkdir_all(path, err));
    *slash = '/';
    FILE *file = fopen(path, "wxe"); /* nothing that must outlive a crash */
    if (!file)
        return sh_fail_errno(err, "%s", path);
    const bool written = fwrite(text.at, 1, text.len, file) == text.len;
    return fclose(file) == 0 && written ? SH_OK : sh_fail_errno(err, "%s", path);
}

static sh_code open_archive(const char *run_dir, char path[SH_PATH_BYTES_MAX], zip_t **ret,
                            zip_int64_t *ret_n, struct sh_err *err) {
    int number = 0;
    SH_TRY(sh_path_join(path, run_dir, SH_RUN_TEXT, err));
    *ret = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &number);
    if (!*ret) {
        zip_error_t error;
        zip_error_init_with_code(&error, number);
        const sh_code code = zip_failed(&error, path, err);
        zip_error_fini(&error);
        return code;
    }
    *ret_n = zip_get_num_entries(*ret, 0);
    return *ret_n < 0 || *ret_n > ENTRIES_MAX
               ? sh_fail(err, SH_E_LIMIT, "%s: over %d texts", path, ENTRIES_MAX)
               : SH_OK;
}

sh_code sh_texts_unpack(const char *run_dir, const char *to, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_CLEANUP(discard) zip_t *zip = NULL;
    zip_int64_t n = 0;
    SH_TRY(open_archive(run_dir, path, &zip, &n, err));
    for (zip_int64_t i = 0; i < n; i++) {
        const sh_code code = unpack_entry(zip, (zip_uint64_t)i, to, err);
        if (code != SH_OK)
            return sh_err_wrap(err, code, "%s: ", path);
    }
    return SH_OK;
}

/* ---- one rule ----------------------------------------------------------------------------------- */

sh_code sh_rule_texts(const char *run_dir, struct sh_str rule,
                      sh_code (*take)(void *ctx, const char *name, struct sh_str text, struct sh_err *err),
                      void *ctx, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX], end[SH_PATH_BYTES_MAX];
    SH_CLEANUP(discard) zip_t *zip = NULL;
    zip_int64_t n = 0;
    size_t n_taken = 0;
    SH_TRY(open_archive(run_dir, path, &zip, &n, err));
    SH_TRY(sh_path_format(end, err, "/%.*s.yaml", SH_ARG(rule)));
    for (zip_int64_t i = 0; i < n; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = 2 * SH_TEXT_FILE_BYTES_MAX};
        zip_stat_t stat;
        struct sh_str text;
        if (zip_stat_index(zip, (zip_uint64_t)i, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_NAME) ||
            !sh_str_ends_with(sh_str_of(stat.name), sh_str_of(end)))
            continue;
        if (!(stat.valid & ZIP_STAT_SIZE))
            return sh_fail(err, SH_E_CORRUPT, "%s: '%s' has no size", path, stat.name);
        SH_TRY(read_entry(zip, (zip_uint64_t)i, &stat, &arena, &text, err));
        SH_TRY(take(ctx, stat.name, text, err));
        n_taken++;
    }
    return n_taken ? SH_OK : sh_fail(err, SH_E_NOTFOUND, "%s: no rule %.*s", path, SH_ARG(rule));
}
