/* Goal: files come whole or not at all; failures name the file. */
#include "base/limits.h"
#include "temp_dir.h"
#include <sys/stat.h>

static void a_file_goes_there_and_back(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_str text;
    (void)temp_path(&dir, "a.txt", path);
    CHECK_OK(sh_fs_write(path, SH_STR("one"), &err), &err);
    CHECK_OK(sh_fs_write(path, SH_STR("two\0x"), &err), &err);
    CHECK_OK(sh_fs_read(path, 100, &arena, &text, &err), &err);
    CHECK_I64(text.len, 5);
    CHECK_I64(text.at[5], 0);
    CHECK_CODE(sh_fs_read(path, 4, &arena, &text, &err), SH_E_LIMIT);
    CHECK_OK(sh_fs_read(path, 5, &arena, &text, &err), &err);
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    CHECK_OK(sh_dir_list(dir.path, &arena, &entries, &n, &err), &err);
    CHECK_I64(n, 1); /* no temporary file is left */
    uint64_t size = 0;
    CHECK_OK(sh_file_size(path, &size, &err), &err);
    CHECK_I64(size, 5);
    CHECK_OK(sh_file_sync(path, &err), &err);
    CHECK_OK(sh_dir_sync(dir.path, &err), &err);
}

static void missing_files_are_not_found(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err;
    struct sh_str text;
    bool is;
    uint64_t size;
    CHECK_CODE(sh_fs_read("/nowhere/x", 10, &arena, &text, &err), SH_E_NOTFOUND);
    CHECK_HAS(err.message, "/nowhere/x");
    CHECK_CODE(sh_fs_write("/nowhere/x", SH_STR("a"), &err), SH_E_NOTFOUND);
    CHECK_CODE(sh_file_size("/nowhere/x", &size, &err), SH_E_NOTFOUND);
    CHECK_OK(sh_fs_exists("/nowhere/x", &is, &err), &err);
    CHECK(!is);
    CHECK_OK(sh_is_dir("/dev", &is, &err), &err);
    CHECK(is);
    CHECK_OK(sh_is_dir("/dev/null", &is, &err), &err);
    CHECK(!is);
    CHECK_OK(sh_remove_file("/nowhere/x", &err), &err);
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    struct sh_err err;
    CHECK_CODE(sh_fd_write(fileno(full), SH_STR("x"), "/dev/full", &err), SH_E_FULL);
    (void)fclose(full);
    uint64_t bytes = 0;
    CHECK_OK(sh_fs_free_bytes("/tmp", &bytes, &err), &err);
    CHECK(bytes > 0);
}

static void much_goes_out_in_few_pieces(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    SH_CLEANUP(sh_out_file_close) struct sh_out_file out = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    (void)temp_path(&dir, "out", path);
    CHECK_OK(sh_out_file_open(&out, path, &err), &err);
    uint64_t size = 1;
    for (int i = 0; i < 50000; i++)
        CHECK_I64(fwrite("abcd", 1, 4, out.file), 4);
    CHECK_OK(sh_file_size(path, &size, &err), &err);
    CHECK_I64(size, 0); /* 200,000 bytes wait */
    CHECK_I64(fflush(out.file), 0);
    CHECK_OK(sh_file_size(path, &size, &err), &err);
    CHECK_I64(size, 200000);
    sh_out_file_close(&out);
    sh_out_file_close(&out);
    CHECK_CODE(sh_out_file_open(&out, "/nowhere/x", &err), SH_E_NOTFOUND);
    CHECK_HAS(err.message, "/nowhere/x");
    CHECK(!out.file && !out.room);
}

static void paths_are_bounded(void **state) {
    (void)state;
    char out[SH_PATH_BYTES_MAX], name[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_join(out, "a", "b", &err), &err);
    CHECK_TEXT(out, "a/b");
    CHECK_OK(sh_path_join(out, "a/", "b", &err), &err);
    CHECK_TEXT(out, "a/b");
    CHECK_OK(sh_path_join(out, "", "b", &err), &err);
    CHECK_TEXT(out, "b");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    CHECK_CODE(sh_path_join(out, "a", name, &err), SH_E_LIMIT);
    CHECK_TEXT(out, "b");
    CHECK_TEXT(sh_path_base("/a/b.c"), "b.c");
    CHECK_TEXT(sh_path_base("b.c"), "b.c");
    CHECK(sh_path_is_plain_name(SH_STR("a.csv")));
    CHECK(!sh_path_is_plain_name(SH_STR("..")));
    CHECK(!sh_path_is_plain_name(SH_STR("a/b")));
    CHECK(!sh_path_is_plain_name(SH_STR("")));
    CHECK(!sh_path_is_plain_name(SH_STR("a\0b")));
}

static void renames_replace_or_refuse(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    char a[SH_PATH_BYTES_MAX], b[SH_PATH_BYTES_MAX];
    struct sh_err err;
    (void)temp_path(&dir, "a", a);
    (void)temp_path(&dir, "b", b);
    CHECK_OK(sh_fs_write(a, SH_STR("a"), &err), &err);
    CHECK_OK(sh_fs_write(b, SH_STR("b"), &err), &err);
    CHECK_CODE(sh_fs_rename_new(a, b, &err), SH_E_CONFLICT);
    CHECK_OK(sh_fs_rename(a, b, &err), &err);
    CHECK_CODE(sh_fs_rename(a, b, &err), SH_E_NOTFOUND);
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    CHECK_OK(sh_file_digest(b, SH_DIGEST_SHA256, digest, &err), &err);
    sh_hex(digest, sizeof(digest), hex);
    CHECK_TEXT(hex, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    CHECK_CODE(sh_file_digest(a, SH_DIGEST_SM3, digest, &err), SH_E_NOTFOUND);
}

static void a_scratch_folder_is_ones_own_where_tmpdir_says(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    char where[SH_PATH_BYTES_MAX], made[SH_PATH_BYTES_MAX], other[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct stat is;
    (void)temp_path(&dir, "x", where);
    *strrchr(where, '/') = '\0';
    CHECK(setenv("TMPDIR", where, 1) == 0);
    CHECK_OK(sh_scratch_dir("mine", made, &err), &err);
    CHECK_OK(sh_scratch_dir("mine", other, &err), &err);
    CHECK(strncmp(made, where, strlen(where)) == 0 && strcmp(made, other) != 0);
    CHECK(stat(made, &is) == 0 && S_ISDIR(is.st_mode) && (is.st_mode & 0777) == 0700);
    CHECK_OK(sh_remove_tree(made, &err), &err);
    CHECK_OK(sh_remove_tree(other, &err), &err);
    CHECK(setenv("TMPDIR", "/no/such/place", 1) == 0);
    CHECK(sh_scratch_dir("mine", made, &err) != SH_OK);
    CHECK(unsetenv("TMPDIR") == 0);
}

static sh_code read_some(void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str text;
    return sh_fs_read("/dev/null", 10, &arena, &text, err);
}

static void each_failing_allocation_is_met(void **state) {
    (void)state;
    check_torture(read_some, NULL);
}

CHECK_MAIN(cmocka_unit_test(a_file_goes_there_and_back), cmocka_unit_test(missing_files_are_not_found),
           cmocka_unit_test(a_full_disk_is_told), cmocka_unit_test(much_goes_out_in_few_pieces),
           cmocka_unit_test(paths_are_bounded), cmocka_unit_test(renames_replace_or_refuse),
           cmocka_unit_test(a_scratch_folder_is_ones_own_where_tmpdir_says),
           cmocka_unit_test(each_failing_allocation_is_met))
