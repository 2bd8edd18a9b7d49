/* What the tests of this room share: a small city in a folder of its own. */
#pragma once
#include "check.h"
#include "base/arena.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "synth/synth.h"
#include <unistd.h>

struct test_city {
    char dir[64], book[512];
    struct sh_synth_result result;
};

static inline void test_city_begin(struct test_city *city) {
    (void)snprintf(city->dir, sizeof city->dir, "/tmp/sh-test-synth-XXXXXX");
    assert_non_null(mkdtemp(city->dir));
    (void)check_source_path("synth", city->book, sizeof city->book);
}

static inline void test_city_make(struct test_city *city, struct sh_synth_options options) {
    struct sh_err err;
    options.book_dir = city->book;
    options.out_dir = city->dir;
    CHECK_OK(sh_synth_run(&options, &city->result, &err), &err);
}

static inline void test_city_end(struct test_city *city) {
    struct sh_err err;
    CHECK_OK(sh_remove_tree(city->dir, &err), &err);
}

static inline void test_city_read(const struct test_city *city, const char *file, struct sh_arena *arena,
                                  struct sh_csv *ret) {
    char path[600];
    struct sh_err err;
    (void)snprintf(path, sizeof path, "%s/%s", city->dir, file);
    CHECK_OK(sh_csv_read_file(path, SH_CSV_PLAIN, arena, ret, &err), &err);
}

static inline struct sh_str cell(const struct sh_csv *csv, size_t row, const char *column) {
    const size_t at = sh_csv_column(csv, sh_str_of(column));
    assert_true(at != SH_STR_NONE);
    return csv->rows[row].cells[at];
}

static inline int64_t number(const struct sh_csv *csv, size_t row, const char *column, int scale) {
    const struct sh_str text = cell(csv, row, column);
    int64_t v = 0;
    if (text.len)
        assert_int_equal(sh_decimal_scan(text.at, text.len, scale, &v), SH_DECIMAL_OK);
    return v;
}
