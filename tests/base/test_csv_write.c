/* Goal: what is written reads back the same; formulas are defused; a full disk is told. */
#include "base/arena.h"
#include "base/csv.h"
#include "base/date.h"
#include "check.h"

static void cells_are_quoted_when_needed(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_csv_writer w = {.buf = &buf};
    struct sh_err err;
    sh_csv_cell_text(&w, "plain");
    sh_csv_cell_text(&w, "a,b");
    sh_csv_cell_text(&w, "say \"x\"");
    sh_csv_cell_i64(&w, -7);
    sh_csv_cell_money(&w, 123456);
    sh_csv_cell_date(&w, sh_days_of(2024, 2, 29));
    sh_csv_cellf(&w, "%d%%", 5);
    sh_csv_end_row(&w);
    sh_csv_cell_text(&w, "");
    sh_csv_end_row(&w);
    CHECK_OK(sh_csv_end(&w, &err), &err);
    CHECK_TEXT(buf.at, "plain,\"a,b\",\"say \"\"x\"\"\",-7,1234.56,2024-02-29,5%\n\"\"\n");
}

static void formulas_are_defused(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_csv_writer w = {.buf = &buf, .guard = true};
    struct sh_err err;
    sh_csv_cell_text(&w, "=1+1");
    sh_csv_cell_text(&w, "-5.20");
    sh_csv_cell_text(&w, "-cmd|\"x\"");
    sh_csv_end_row(&w);
    CHECK_OK(sh_csv_end(&w, &err), &err);
    CHECK_TEXT(buf.at, "\"'=1+1\",-5.20,\"'-cmd|\"\"x\"\"\"\n");
}

static void any_table_reads_back(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(8));
    for (size_t round = 0; round < 3000; round++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_csv_writer w = {.buf = &buf};
        char cells[5][3][6] = {{{0}}};
        for (size_t r = 0; r < 5; r++) {
            for (size_t c = 0; c < 3; c++) {
                for (size_t i = 0, n = sh_rng_below(&rng, 6); i < n; i++)
                    cells[r][c][i] = "ab,\"\n\r #"[sh_rng_below(&rng, 8)];
                sh_csv_cell_text(&w, cells[r][c]);
            }
            sh_csv_end_row(&w);
        }
        struct sh_csv csv;
        struct sh_err err;
        CHECK_OK(sh_csv_end(&w, &err), &err);
        CHECK_OK(sh_csv_read("t", sh_buf_view(&buf), SH_CSV_NO_HEADER | SH_CSV_COMMENTS, &arena, &csv, &err),
                 &err);
        CHECK_I64(csv.n_rows, 5);
        for (size_t i = 0; i < 15; i++)
            CHECK_STR(csv.rows[i / 3].cells[i % 3], cells[i / 3][i % 3]);
    }
}

static void a_file_gets_all_rows(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    FILE *file = tmpfile();
    CHECK(file != NULL);
    struct sh_csv_writer w = {.buf = &buf, .file = file};
    for (int64_t i = 0; i < 50000; i++) {
        sh_csv_cell_i64(&w, i);
        sh_csv_cell_text(&w, "xy");
        sh_csv_end_row(&w);
    }
    struct sh_err err;
    CHECK_OK(sh_csv_end(&w, &err), &err);
    CHECK_I64(ftell(file), 10 * 5 + 90 * 6 + 900 * 7 + 9000 * 8 + 40000 * 9);
    CHECK_I64(fclose(file), 0);
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    FILE *file = fopen("/dev/full", "w");
    if (!file)
        skip();
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_csv_writer w = {.buf = &buf, .file = file};
    struct sh_err err;
    for (int i = 0; i < 100000; i++) {
        sh_csv_cell_text(&w, "row");
        sh_csv_end_row(&w);
    }
    CHECK_CODE(sh_csv_end(&w, &err), SH_E_FULL);
    (void)fclose(file);
}

CHECK_MAIN(cmocka_unit_test(cells_are_quoted_when_needed), cmocka_unit_test(formulas_are_defused),
           cmocka_unit_test(any_table_reads_back), cmocka_unit_test(a_file_gets_all_rows),
           cmocka_unit_test(a_full_disk_is_told))
