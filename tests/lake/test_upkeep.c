/* Goal: compact and vacuum change what lies in the folder, never what is read; verify finds what was damaged.
 */
#include "lake_fixture.h"
#include <fcntl.h>
#include <sys/stat.h>

#define L SH_TABLE_LINE
static const char *const columns[] = {"person",   "id",      "time",        "charged_amount",
                                      "quantity", "covered", "refund_line", "batch"};
#define DUMP(dir, day) fixture_dump(dir, L, columns, 8, day)

/* Four batches over three years: lines, refunds, a correction, a withdrawal. */
static void make_lake(const char *dir) {
    struct sh_import_result result;
    struct sh_err err;
    struct sh_import_options options = fixture_options(dir);
    const struct fixture_row withdrawn[] = {{L, "person=p3 institution=H1 encounter_key=m3 id=b2"}};
    const struct fixture_row corrected[] = {{L, "person=p9 institution=H1 encounter_key=m4 id=b1 "
                                                "time=2024-05-05 charged_quantity=1 charged_amount=3"}};
    for (int batch = 0; batch < 3; batch++) {
        static char texts[120][256];
        struct fixture_row rows[120];
        for (int i = 0; i < 120; i++) {
            const int sign = i % 9 == 8 ? -1 : 1;
            (void)snprintf(texts[i], sizeof texts[i],
                           "person=p%d institution=H1 encounter_key=m%d id=b%d%s item=X%d unit_price=5 "
                           "time=%d-0%d-11 charged_quantity=%d charged_amount=%d "
                           "charged_covered=%d",
                           i % 7, i % 7, i / 7,
                           batch == 0   ? ""
                           : batch == 1 ? "x"
                                        : "y",
                           i % 3, 2024 + (i + batch) % 3, 1 + i % 9, sign * (1 + i % 4),
                           sign * 5 * (1 + i % 4), sign * 4 * (1 + i % 4));
            rows[i] = (struct fixture_row){L, texts[i]};
        }
        options.known_day++;
        CHECK_OK(fixture_import(options, rows, 120, &result, &err), &err);
        CHECK_I64(result.tables[L].landed, 120);
    }
    options.reason = "r", options.by = "b", options.approved_by = "chief", options.withdrawal = true,
    options.known_day++;
    CHECK_OK(FIXTURE_IMPORT(options, withdrawn, &result, &err), &err);
    CHECK_I64(result.tables[L].withdrawn, 1);
    options.withdrawal = false, options.correction = true, options.known_day++;
    CHECK_OK(FIXTURE_IMPORT(options, corrected, &result, &err), &err);
    CHECK_I64(result.tables[L].corrected, 1);
}

static void check_verifies(const char *dir) {
    struct sh_err err;
    uint64_t faults = 77;
    CHECK_OK(sh_lake_verify(dir, stderr, &faults, &err), &err);
    CHECK_I64(faults, 0);
}

static void compaction_and_vacuum_change_nothing_that_is_read(void **state) {
    (void)state;
    char dir[64];
    struct sh_err err;
    uint64_t manifest, files, bytes;
    fixture_dir(dir);
    make_lake(dir);
    check_verifies(dir);
    char *before[7], *after;
    for (int k = 0; k < 7; k++)
        before[k] = DUMP(dir, k == 0 ? INT32_MAX : 20000 + k);
    CHECK(strlen(before[0]) > 5000);
    CHECK(strcmp(before[1], before[2]) != 0);
    CHECK_OK(sh_lake_compact(dir, 2, &manifest, &err), &err);
    CHECK_I64(manifest, 6);
    check_verifies(dir);
    CHECK_OK(sh_lake_vacuum(dir, 1, 0, &files, &bytes, &err), &err);
    CHECK_I64(files, 0); /* all are younger than that */
    struct sh_lake *lease = NULL;
    CHECK_OK(sh_lake_open(dir, 2, &lease, &err), &err);
    CHECK_OK(sh_lake_vacuum(dir, INT64_C(1) << 40, 0, &files, &bytes, &err), &err);
    CHECK(files > 10);
    struct sh_reader *reader = NULL;
    const struct sh_selection all = fixture_all();
    CHECK_OK(sh_reader_open(lease, &all, (struct sh_bucket_range){0, 1}, INT32_MAX, 10, &reader, &err),
             &err); /* its files are still there */
    sh_reader_close(reader);
    sh_lake_close(lease);
    CHECK_OK(sh_lake_vacuum(dir, INT64_C(1) << 40, 0, &files, &bytes, &err), &err);
    CHECK(files > 0);
    for (int k = 0; k < 7; k++) {
        after = DUMP(dir, k == 0 ? INT32_MAX : 20000 + k);
        CHECK_TEXT(after, before[k]);
        sh_free(before[k]);
        sh_free(after);
    }
    check_verifies(dir);
    CHECK_OK(sh_lake_compact(dir, 2, &manifest, &err), &err);
    CHECK_I64(manifest, 6); /* nothing left to do */
    fixture_remove(dir);
}

static void damage_is_found(void **state) {
    (void)state;
    char dir[64], path[SH_PATH_BYTES_MAX], folder[SH_PATH_BYTES_MAX];
    struct sh_err err;
    uint64_t faults;
    fixture_dir(dir);
    make_lake(dir);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    size_t n;
    CHECK_OK(sh_path_join(folder, dir, "data/line", &err), &err);
    CHECK_OK(sh_dir_list(folder, &arena, &entries, &n, &err), &err);
    CHECK_OK(sh_path_join(path, folder, entries[0].name, &err), &err);
    const int fd = open(path, O_RDWR);
    char byte;
    CHECK(pread(fd, &byte, 1, 300) == 1);
    byte ^= 4;
    CHECK(pwrite(fd, &byte, 1, 300) == 1);
    (void)close(fd);
    CHECK_OK(sh_lake_verify(dir, NULL, &faults, &err), &err);
    CHECK_I64(faults, 1);
    CHECK_OK(sh_path_join(path, dir, "manifest/00000005.json", &err), &err);
    struct sh_str text;
    CHECK_OK(sh_fs_read(path, 1 << 20, &arena, &text, &err), &err);
    CHECK_OK(sh_fs_write(path, sh_str_sub(text, 0, text.len / 2), &err), &err);
    struct sh_lake *lake;
    CHECK_CODE(sh_lake_open(dir, 0, &lake, &err), SH_E_CORRUPT);
    CHECK_HAS(err.message, "00000005.json");
    CHECK_OK(sh_lake_open(dir, 4, &lake, &err), &err);
    sh_lake_close(lake);
    CHECK_CODE(sh_lake_open("/tmp", 0, &lake, &err), SH_E_NOTFOUND);
    fixture_remove(dir);
}

CHECK_MAIN(cmocka_unit_test(compaction_and_vacuum_change_nothing_that_is_read),
           cmocka_unit_test(damage_is_found))
