/* Goal: the texts of a run come back byte for byte, the same texts give the same archive, and nothing hostile
 * in one is written anywhere. */
#include "../base/temp_dir.h"
#include "audit/texts.h"
#include "base/limits.h"
#include <string.h>
#include <unistd.h>
#include <zip.h>

static void put(const struct temp_dir *dir, const char *name, const char *text) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    (void)temp_path(dir, name, path);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    CHECK_OK(sh_mkdir_all(path, &err), &err);
    *slash = '/';
    CHECK_OK(sh_fs_write(path, sh_str_of(text), &err), &err);
}

static void check_text(const struct temp_dir *dir, const char *name, const char *wanted) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_str text;
    struct sh_err err;
    CHECK_OK(sh_fs_read(temp_path(dir, name, path), 1 << 20, &arena, &text, &err), &err);
    CHECK_STR(text, wanted);
}

static bool is_there(const struct temp_dir *dir, const char *name) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    bool there;
    CHECK_OK(sh_fs_exists(temp_path(dir, name, path), &there, &err), &err);
    return there;
}

static void keep(const struct temp_dir *dir, const char *run) {
    char rules[SH_PATH_BYTES_MAX], knowledge[SH_PATH_BYTES_MAX], params[SH_PATH_BYTES_MAX],
        to[SH_PATH_BYTES_MAX];
    struct sh_err err;
    const struct sh_audit_options o = {.rules_dir = temp_path(dir, "r", rules),
                                       .knowledge_dir = temp_path(dir, "k", knowledge),
                                       .params_dir = temp_path(dir, "p", params),
                                       .place = "990100"};
    CHECK_OK(sh_mkdir_all(temp_path(dir, run, to), &err), &err);
    CHECK_OK(sh_texts_keep(&o, to, &err), &err);
}

static void texts_come_back_as_they_were(void **state) {
    (void)state;
    struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
    char run[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
    struct sh_err err;
    put(&dir, "r/a.yaml", "规则");
    put(&dir, "r/notes.txt", "no rule");
    put(&dir, "r/views/v.yaml", "view");
    put(&dir, "r/local/990000/l.yaml", "");
    put(&dir,
        "r/local/990100/knowledge/"
        "一个很长的名字的知识表，名字里的汉字远远超过三十三个，所以旧的档案格式里一百个字节放不下它.csv",
        "point");
    put(&dir, "r/local/880000/o.yaml", "another place");
    put(&dir, "k/k.csv", "a,b\n1,2\n");
    put(&dir, "p/p.csv", "x");
    keep(&dir, "run");
    CHECK_OK(sh_mkdir_all(temp_path(&dir, "out", to), &err), &err);
    CHECK_OK(sh_texts_unpack(temp_path(&dir, "run", run), to, &err), &err);
    check_text(&dir, "out/rules/a.yaml", "规则");
    check_text(&dir, "out/rules/views/v.yaml", "view");
    check_text(&dir, "out/rules/local/990000/l.yaml", "");
    check_text(
        &dir,
        "out/rules/local/990100/knowledge/"
        "一个很长的名字的知识表，名字里的汉字远远超过三十三个，所以旧的档案格式里一百个字节放不下它.csv",
        "point");
    check_text(&dir, "out/knowledge/k.csv", "a,b\n1,2\n");
    check_text(&dir, "out/params/p.csv", "x");
    CHECK(!is_there(&dir, "out/rules/notes.txt"));
    CHECK(!is_there(&dir, "out/rules/local/880000"));
    keep(&dir, "again");
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str a, b;
    CHECK_OK(sh_fs_read(temp_path(&dir, "run/" SH_RUN_TEXT, run), 1 << 20, &arena, &a, &err), &err);
    CHECK_OK(sh_fs_read(temp_path(&dir, "again/" SH_RUN_TEXT, run), 1 << 20, &arena, &b, &err), &err);
    CHECK(sh_str_eq(a, b));
}

/* An archive with one entry of that name. */
static void craft(const struct temp_dir *dir, const char *run, const char *name) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    int number;
    CHECK_OK(sh_mkdir_all(temp_path(dir, run, path), &err), &err);
    CHECK_OK(sh_path_format(path, &err, "%s/%s/" SH_RUN_TEXT, dir->path, run), &err);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &number);
    CHECK(zip != NULL);
    CHECK(zip_file_add(zip, name, zip_source_buffer(zip, "evil", 4, 0), ZIP_FL_ENC_UTF_8) >= 0);
    CHECK(zip_close(zip) == 0);
}

static void names_that_lead_out_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {"../evil",     "rules/../../evil", "/tmp/shouhu-evil",
                                        "rules//evil", "rules/.",          "rules/../evil",
                                        "rules/"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
        char run[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
        struct sh_err err;
        craft(&dir, "run", names[i]);
        CHECK_OK(sh_mkdir_all(temp_path(&dir, "a/b", to), &err), &err);
        CHECK_CODE(sh_texts_unpack(temp_path(&dir, "run", run), to, &err), SH_E_CORRUPT);
        CHECK_HAS(err.message, names[i]);
        CHECK(!is_there(&dir, "evil") && !is_there(&dir, "a/evil") && !is_there(&dir, "a/b/evil"));
    }
}

static void damage_is_told_not_read(void **state) {
    (void)state;
    struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char run[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX], to[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_str whole;
    put(&dir, "r/a.yaml", "rule: a");
    keep(&dir, "run");
    (void)temp_path(&dir, "run", run);
    CHECK_OK(sh_fs_read(temp_path(&dir, "run/" SH_RUN_TEXT, path), 1 << 20, &arena, &whole, &err), &err);
    char *bytes = sh_arena_dup(&arena, whole.at, whole.len);
    char *text = memmem(bytes, whole.len, "rule: a", 7);
    CHECK(text != NULL);
    text[0] ^= 1; /* one bit of the text */
    CHECK_OK(sh_fs_write(path, (struct sh_str){bytes, whole.len}, &err), &err);
    CHECK_OK(sh_mkdir_all(temp_path(&dir, "out", to), &err), &err);
    CHECK_CODE(sh_texts_unpack(run, to, &err), SH_E_CORRUPT);
    CHECK(!is_there(&dir, "out/rules/a.yaml"));
    for (size_t n = 0; n < whole.len; n++) { /* cut anywhere */
        CHECK_OK(sh_fs_write(path, (struct sh_str){whole.at, n}, &err), &err);
        CHECK_CODE(sh_texts_unpack(run, to, &err), SH_E_CORRUPT);
    }
    CHECK(unlink(path) == 0);
    CHECK_CODE(sh_texts_unpack(run, to, &err), SH_E_NOTFOUND);
    CHECK_HAS(err.message, SH_RUN_TEXT);
}

CHECK_MAIN(cmocka_unit_test(texts_come_back_as_they_were), cmocka_unit_test(names_that_lead_out_are_refused),
           cmocka_unit_test(damage_is_told_not_read))
