/* The shipped texts with some of one's own: a copy, where a test writes its files. */
#pragma once
#include "matter/office.h"
#include <sys/stat.h>

/** A file of the office's law, instead of the shipped one. name: "procedures/x.yaml" */
static inline void write_law(const struct office *o, const char *name, const char *text) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_format(path, &err, "%s/law/%s", o->dir, name), &err);
    (void)unlink(path);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
}

/** Copy a shipped file of the law without the lines that begin with `without` (NULL: all lines). */
static inline void copy_law(const struct office *o, const char *name, const char *without) {
    char path[SH_PATH_BYTES_MAX];
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf kept = {0};
    struct sh_str rest = {0}, line;
    struct sh_err err;
    CHECK_OK(sh_path_format(path, &err, "%s/law/%s", getenv("SHOUHU_SOURCE_DIR"), name), &err);
    CHECK_OK(sh_fs_read(path, 1 << 20, &arena, &rest, &err), &err);
    while (rest.len && sh_str_split(&rest, '\n', &line))
        if (!without || !sh_str_starts_with(line, sh_str_of(without)))
            sh_buf_addf(&kept, "%.*s\n", SH_ARG(line));
    CHECK_OK(sh_buf_check(&kept, &err), &err);
    write_law(o, name, kept.at);
}

static inline void copy_folder(const struct office *o, const char *name) {
    char from[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX], file[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err;
    size_t n = 0;
    CHECK_OK(sh_path_format(from, &err, "%s/law/%s", getenv("SHOUHU_SOURCE_DIR"), name), &err);
    CHECK_OK(sh_path_format(to, &err, "%s/law/%s", o->dir, name), &err);
    CHECK(mkdir(to, 0700) == 0);
    CHECK_OK(sh_dir_list(from, &arena, &entries, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        CHECK_OK(sh_path_join(file, name, entries[i].name, &err), &err);
        copy_law(o, file, NULL);
    }
}

/** An office whose law is the shipped one; files are written into it before office_reread. */
static inline struct office office_of_own_law(const char *now) {
    struct office o = office_begin(now);
    static const char *const folders[] = {"params",     "calendars", "fields",
                                          "procedures", "registers", "tables"};
    char law[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_format(law, &err, "%s/law", o.dir), &err);
    CHECK(mkdir(law, 0700) == 0);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        copy_folder(&o, folders[i]);
    copy_law(&o, "roles.yaml", NULL);
    return o;
}

static inline void office_reread(struct office *o) {
    char law[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_format(law, &err, "%s/law", o->dir), &err);
    office_read(o, law);
}
