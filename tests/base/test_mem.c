/* Goal: growth is bounded and honest about failure; buffers remember the first failure. */
#include "base/arena.h"
#include "base/mem.h"
#include "check.h"

static void an_array_grows_to_its_maximum(void **state) {
    (void)state;
    SH_CLEANUP(sh_free_at) int32_t *array = NULL;
    size_t cap = 0;
    struct sh_err err;
    for (size_t n = 1; n <= 1000; n++) {
        CHECK_OK(sh_grow(&array, &cap, n, sizeof(*array), 1000, &err), &err);
        array[n - 1] = (int32_t)n;
    }
    for (size_t n = 1; n <= 1000; n++)
        CHECK_I64(array[n - 1], n);
    CHECK_I64(cap, 1000);
    CHECK_CODE(sh_grow(&array, &cap, 1001, sizeof(*array), 1000, &err), SH_E_LIMIT);
    CHECK_I64(cap, 1000);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    volatile size_t many = SIZE_MAX / 2 + 1;
    CHECK(sh_realloc_array(NULL, many, 2) == NULL);
    CHECK(sh_alloc_array(many, 2) == NULL);
    SH_CLEANUP(sh_free_at) void *empty = sh_alloc_array(0, 8);
    CHECK(empty != NULL);
}

static void a_buffer_takes_all_kinds(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_err err;
    (void)sh_buf_add(&buf, "ab", 2);
    (void)sh_buf_add_char(&buf, 'c');
    (void)sh_buf_add_str(&buf, SH_STR("de"));
    (void)sh_buf_add_text(&buf, "f");
    (void)sh_buf_addf(&buf, "-%d-%0200d", 5, 7);
    CHECK_OK(sh_buf_check(&buf, &err), &err);
    CHECK_I64(buf.len, 9 + 200);
    CHECK_STR(sh_str_sub(sh_buf_view(&buf), 0, 9), "abcdef-5-");
    CHECK_I64(strlen(buf.at), buf.len);
    sh_buf_clear(&buf);
    CHECK_I64(buf.len, 0);
    CHECK_TEXT(buf.at, "");
}

static void a_full_buffer_stays_full(void **state) {
    (void)state;
    for (size_t max = 1; max < 100; max++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf buf = sh_buf_init(max);
        struct sh_err err;
        for (size_t i = 0; i < max; i++)
            CHECK_OK(sh_buf_addf(&buf, "%c", 'x'), NULL);
        CHECK_OK(sh_buf_check(&buf, &err), &err);
        CHECK_CODE(sh_buf_addf(&buf, "%s", "y"), SH_E_LIMIT);
        CHECK_CODE(sh_buf_add(&buf, "", 0), SH_E_LIMIT);
        CHECK_CODE(sh_buf_check(&buf, &err), SH_E_LIMIT);
        CHECK_I64(buf.len, max);
    }
}

static sh_code fill(void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    for (size_t i = 0; i < 500; i++)
        (void)sh_buf_addf(&buf, "%zu,", i);
    SH_TRY(sh_buf_check(&buf, err));
    for (size_t i = 0; i < 100; i++)
        if (!sh_arena_alloc(&arena, 5000, 8))
            return sh_fail(err, SH_E_NOMEM, "arena");
    return SH_OK;
}

static void each_failing_allocation_is_met(void **state) {
    (void)state;
    check_torture(fill, NULL);
}

CHECK_MAIN(cmocka_unit_test(an_array_grows_to_its_maximum), cmocka_unit_test(sizes_that_overflow_are_refused),
           cmocka_unit_test(a_buffer_takes_all_kinds), cmocka_unit_test(a_full_buffer_stays_full),
           cmocka_unit_test(each_failing_allocation_is_met))
