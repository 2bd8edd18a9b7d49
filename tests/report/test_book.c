/* Goal: any name becomes a sheet, text stays text, nothing is cut in silence, a failed file leaves nothing.
 */
#include "../base/temp_dir.h"
#include "report/report.h"
#include "base/limits.h"
#include <stdio.h>

static const struct sh_book_column columns[] = {
    {"a", 10, SH_BOOK_TEXT}, {"b", 10, SH_BOOK_MONEY}, {"c", 12, SH_BOOK_DAY}};

static void put_row(struct sh_book *book, struct sh_str text, int64_t fen, int32_t day) {
    struct sh_err err;
    sh_book_text(book, text);
    sh_book_money(book, fen);
    sh_book_day(book, day);
    CHECK_OK(sh_book_row(book, &err), &err);
}

/* Uncompressed bytes of a part of the file. */
static struct sh_str part_of(const char *path, const char *part, struct sh_arena *arena) {
    char command[SH_PATH_BYTES_MAX + 200];
    (void)snprintf(
        command, sizeof command,
        "python3 -c \"import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile('%s').read('%s'))\"", path,
        part);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char *text = sh_new(arena, char, 65536);
    assert_non_null(text);
    const size_t len = fread(text, 1, 65535, pipe);
    CHECK_I64(pclose(pipe), 0);
    return (struct sh_str){text, len};
}

static void any_name_becomes_a_sheet_of_its_own(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_book *book = NULL;
    CHECK_OK(sh_book_open(temp_path(&dir, "n.xlsx", path), &book, &err), &err);
    const char *names[] = {"药品[限]:儿童*?/\\使用", "Same", "SAME", "'quoted'",
                           "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK_OK(sh_book_sheet(book, sh_str_of(names[i]), columns, 3, &err), &err);
        put_row(book, SH_STR("x"), 1, 0);
    }
    CHECK_OK(sh_book_close(book, &err), &err);
    const struct sh_str workbook = part_of(path, "xl/workbook.xml", &arena);
    CHECK(sh_str_find(workbook, SH_STR("药品 限  儿童    使用")) != SH_STR_NONE);
    CHECK(sh_str_find(workbook, SH_STR("\"SAME (2)\"")) != SH_STR_NONE);
    CHECK(
        sh_str_find(workbook, SH_STR("\"一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一\"")) !=
        SH_STR_NONE);
}

static void text_is_never_a_formula_and_money_is_exact(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_book *book = NULL;
    CHECK_OK(sh_book_open(temp_path(&dir, "t.xlsx", path), &book, &err), &err);
    CHECK_OK(sh_book_sheet(book, SH_STR("s"), columns, 3, &err), &err);
    put_row(book, SH_STR("=HYPERLINK(\"x\")&<b>"), -1005, 20487);
    put_row(book, SH_STR("n"), INT64_MAX, -40000); /* beyond what a double and the format hold */
    CHECK_OK(sh_book_close(book, &err), &err);
    const struct sh_str sheet = part_of(path, "xl/worksheets/sheet1.xml", &arena);
    CHECK(sh_str_find(sheet, SH_STR("<f>")) == SH_STR_NONE);
    CHECK(sh_str_find(sheet, SH_STR("=HYPERLINK(\"x\")&amp;&lt;b&gt;")) != SH_STR_NONE);
    CHECK(sh_str_find(sheet, SH_STR("<v>-10.05</v>")) != SH_STR_NONE);
    CHECK(sh_str_find(sheet, SH_STR("92233720368547758.07")) != SH_STR_NONE);
    CHECK(sh_str_find(sheet, SH_STR("1860-")) != SH_STR_NONE);
}

static void a_text_too_long_for_a_cell_is_named(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    struct sh_book *book = NULL;
    char *text = sh_new(&arena, char, 32768);
    assert_non_null(text);
    memset(text, 'x', 32768);
    CHECK_OK(sh_book_open(temp_path(&dir, "l.xlsx", path), &book, &err), &err);
    CHECK_OK(sh_book_sheet(book, SH_STR("s"), columns, 3, &err), &err);
    put_row(book, (struct sh_str){text, 32767}, 0, 0);
    sh_book_text(book, (struct sh_str){text, 32768});
    sh_book_money(book, 0);
    sh_book_empty(book);
    CHECK_CODE(sh_book_row(book, &err), SH_E_LIMIT);
    CHECK_HAS(err.message, "row 3, column 'a'");
    sh_book_discard(book);
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    CHECK_OK(sh_dir_list(dir.path, &arena, &entries, &n, &err), &err);
    CHECK_I64(n, 0); /* nothing is left of it */
}

static void a_file_that_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct sh_err err;
    struct sh_book *book = NULL;
    CHECK_CODE(sh_book_open("/nowhere/x.xlsx", &book, &err), SH_E_NOTFOUND);
    CHECK_HAS(err.message, "/nowhere/x.xlsx");
}

CHECK_MAIN(cmocka_unit_test(any_name_becomes_a_sheet_of_its_own),
           cmocka_unit_test(text_is_never_a_formula_and_money_is_exact),
           cmocka_unit_test(a_text_too_long_for_a_cell_is_named),
           cmocka_unit_test(a_file_that_cannot_be_written_is_an_error))
