/* Codes of persons on disk: what goes in comes out, of any length, in any order, from many threads. */
#include "check.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/pool.h"
#include "lake/codes.h"
#include <unistd.h>

enum { MANY = 2000 };

/* Lengths from 0 over the place's own room to some kilobytes; told from each other by their bytes. */
static struct sh_str code_of(uint32_t id, char room[8192]) {
    static const size_t lengths[] = {0, 1, 20, 30, 43, 44, 45, 64, 4096, 8000};
    const size_t len = lengths[id % (sizeof lengths / sizeof lengths[0])];
    for (size_t i = 0; i < len; i++)
        room[i] = (char)(id * 31 + i * 7);
    return (struct sh_str){room, len};
}

static void fill(struct sh_codes *codes, const char *dir, struct sh_err *err) {
    char room[8192];
    CHECK_OK(sh_codes_open(codes, dir, err), err);
    for (uint32_t id = 0; id < MANY; id++)
        CHECK_OK(sh_codes_add(codes, code_of(id, room), err), err);
    CHECK_OK(sh_codes_settle(codes, err), err);
}

static sh_code read_all(void *ctx, size_t task, size_t number, struct sh_err *err) {
    (void)number;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char room[8192];
    for (uint32_t i = 0; i < MANY; i++) {
        const uint32_t id = (uint32_t)((i * 977 + task * 131) % MANY);
        struct sh_str text;
        SH_TRY(sh_codes_get(ctx, id, &arena, &text, err));
        if (!sh_str_eq(text, code_of(id, room)))
            return sh_fail(err, SH_E_CORRUPT, "the code of %u", id);
    }
    return SH_OK;
}

static void codes_of_any_length_are_read_by_many_threads(void **state) {
    (void)state;
    struct sh_err err = {0};
    SH_CLEANUP(sh_codes_release) struct sh_codes codes = {0};
    fill(&codes, ".", &err);
    CHECK_I64(codes.n, MANY);
    CHECK_OK(sh_pool_run(4, 8, read_all, &codes, NULL, &err), &err);
}

static void an_id_that_is_not_there_has_no_code(void **state) {
    (void)state;
    struct sh_err err = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_codes_release) struct sh_codes codes = {0};
    fill(&codes, ".", &err);
    const int64_t ids[] = {-1, INT32_MIN, MANY, INT32_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct sh_str text = SH_STR("before");
        CHECK_OK(sh_codes_get(&codes, ids[i], &arena, &text, &err), &err);
        CHECK_I64(text.len, 0);
    }
}

/* A lake on a medium that takes no files is audited all the same; nothing with a name stays behind anywhere.
 */
static void where_no_file_can_be_the_systems_place_serves(void **state) {
    (void)state;
    struct sh_err err = {0};
    SH_CLEANUP(sh_codes_release) struct sh_codes codes = {0};
    fill(&codes, "/proc/self", &err);
    CHECK_OK(read_all(&codes, 0, 0, &err), &err);
}

static void no_file_with_a_name_is_left(void **state) {
    (void)state;
    struct sh_err err = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_codes_release) struct sh_codes codes = {0};
    char dir[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries;
    size_t n;
    CHECK_OK(sh_scratch_dir("codes", dir, &err), &err);
    fill(&codes, dir, &err);
    CHECK_OK(sh_dir_list(dir, &arena, &entries, &n, &err), &err);
    CHECK_I64(n, 0);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}

static void what_is_cut_short_is_said(void **state) {
    (void)state;
    struct sh_err err = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_codes_release) struct sh_codes codes = {0};
    struct sh_str text;
    fill(&codes, ".", &err);
    CHECK(ftruncate(fileno(codes.places), 100) == 0);
    CHECK_CODE(sh_codes_get(&codes, MANY - 1, &arena, &text, &err), SH_E_CORRUPT);
}

CHECK_MAIN(cmocka_unit_test(codes_of_any_length_are_read_by_many_threads),
           cmocka_unit_test(an_id_that_is_not_there_has_no_code),
           cmocka_unit_test(where_no_file_can_be_the_systems_place_serves),
           cmocka_unit_test(no_file_with_a_name_is_left), cmocka_unit_test(what_is_cut_short_is_said))
