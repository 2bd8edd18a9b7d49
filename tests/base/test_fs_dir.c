/* Goal: directories are made, listed in order, and removed without ever following a link. */
#include "base/limits.h"
#include "temp_dir.h"
#include <unistd.h>

static void directories_are_made_and_listed(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    static const char *const names[] = {"b/c/d", "a", "b", "Z/"};
    for (size_t i = 0; i < 4; i++)
        CHECK_OK(sh_mkdir_all(temp_path(&dir, names[i], path), &err), &err);
    CHECK_OK(sh_fs_write(temp_path(&dir, "file", path), SH_STR("x"), &err), &err);
    CHECK_CODE(sh_mkdir_all(path, &err), SH_E_CONFLICT);
    CHECK(sh_mkdir_all(temp_path(&dir, "file/below", path), NULL) != SH_OK);
    CHECK_I64(symlink("file", temp_path(&dir, "link", path)), 0);
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    CHECK_OK(sh_dir_list(dir.path, &arena, &entries, &n, &err), &err);
    static const char *const want[] = {"Z", "a", "b", "file", "link"};
    static const sh_entry_kind kinds[] = {SH_ENTRY_DIR, SH_ENTRY_DIR, SH_ENTRY_DIR, SH_ENTRY_FILE,
                                          SH_ENTRY_LINK};
    CHECK_I64(n, 5);
    for (size_t i = 0; i < n; i++) {
        CHECK_TEXT(entries[i].name, want[i]);
        CHECK_I64(entries[i].kind, kinds[i]);
    }
    CHECK_CODE(sh_dir_list("/nowhere", &arena, &entries, &n, &err), SH_E_NOTFOUND);
}

static void removal_does_not_follow_links(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir outside = temp_dir_new();
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    char path[SH_PATH_BYTES_MAX], kept[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_fs_write(temp_path(&outside, "kept", kept), SH_STR("x"), &err), &err);
    CHECK_OK(sh_mkdir_all(temp_path(&dir, "t/deep/er", path), &err), &err);
    CHECK_I64(symlink(outside.path, temp_path(&dir, "t/deep/link", path)), 0);
    CHECK_OK(sh_fs_write(temp_path(&dir, "t/deep/f", path), SH_STR("x"), &err), &err);
    CHECK_OK(sh_remove_tree(temp_path(&dir, "t", path), &err), &err);
    bool is = true;
    CHECK_OK(sh_fs_exists(path, &is, &err), &err);
    CHECK(!is);
    CHECK_OK(sh_fs_exists(kept, &is, &err), &err);
    CHECK(is);
    CHECK_OK(sh_remove_tree(path, &err), &err); /* missing is fine */
}

static sh_code list_some(void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    size_t n;
    return sh_dir_list("/dev", &arena, &entries, &n, err);
}

static void each_failing_allocation_is_met(void **state) {
    (void)state;
    check_torture(list_some, NULL);
}

CHECK_MAIN(cmocka_unit_test(directories_are_made_and_listed), cmocka_unit_test(removal_does_not_follow_links),
           cmocka_unit_test(each_failing_allocation_is_met))
