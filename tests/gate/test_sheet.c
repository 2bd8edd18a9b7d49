/* Goal: a workbook of ours reads back cell for cell; bytes of any kind are a table or an error, never a
 * crash. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/temp_dir.h"
#include "gate/sheet.h"
#include "gate/workbook.h"

static struct sh_str make_book(struct temp_dir *dir, struct sh_arena *arena) {
    static const char *const titles[] = {"code", "名称", "note"};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_workbook *book = NULL;
    struct sh_str text = {0};
    temp_path(dir, "book.xlsx", path);
    CHECK_OK(sh_workbook_begin(path, SH_STR("名册"), titles, 3, &book, &err), &err);
    for (int i = 0; i < 100; i++) {
        char code[16];
        snprintf(code, sizeof code, "%03d", i);
        sh_workbook_cell(book, sh_str_of(code));
        sh_workbook_cell(book, SH_STR("医院 <甲> & \"乙\""));
        sh_workbook_cell(book, i % 2 ? SH_STR("") : SH_STR("=1+1"));
        CHECK_OK(sh_workbook_row(book, &err), &err);
    }
    CHECK_OK(sh_workbook_end(book, true, &err), &err);
    CHECK_OK(sh_fs_read(path, 1 << 20, arena, &text, &err), &err);
    return text;
}

static void a_workbook_of_ours_reads_back(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    struct sh_csv table;
    struct sh_err err;
    CHECK_OK(sh_sheet_read(make_book(&dir, &arena), &arena, &table, &err), &err);
    CHECK_I64(table.n_rows, 100);
    CHECK_STR(table.header.cells[1], "名称");
    for (size_t i = 0; i < 100; i++) {
        CHECK_I64(table.rows[i].n_cells, 3);
        CHECK_STR(table.rows[i].cells[1], "医院 <甲> & \"乙\"");
        CHECK_STR(table.rows[i].cells[2], i % 2 ? "" : "=1+1");
    }
}

static void a_damaged_workbook_is_an_error_or_a_table(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    const struct sh_str good = make_book(&dir, &arena);
    struct sh_rng rng;
    sh_rng_seed(&rng, 4711);
    for (int round = 0; round < 400; round++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena scratch = {.limit_bytes = 64 << 20};
        char *bytes = sh_arena_dup(&scratch, good.at, good.len);
        size_t len = good.len;
        CHECK(bytes != NULL);
        for (uint64_t i = sh_rng_below(&rng, 4) + 1; i-- > 0;)
            bytes[sh_rng_below(&rng, good.len)] = (char)sh_rng_below(&rng, 256);
        if (round % 4 == 0)
            len = (size_t)sh_rng_below(&rng, good.len);
        struct sh_csv table;
        struct sh_err err;
        const sh_code code = sh_sheet_read((struct sh_str){bytes, len}, &scratch, &table, &err);
        CHECK(code == SH_OK || code == SH_E_INPUT || code == SH_E_LIMIT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workbook_of_ours_reads_back),
        cmocka_unit_test(a_damaged_workbook_is_an_error_or_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
