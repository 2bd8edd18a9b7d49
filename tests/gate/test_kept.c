/* Goal: what is kept comes back byte for byte, what was used least lately goes first, and no more is kept
 * than there is room for. */
#include "base/mem.h"
#include "base/temp_dir.h"
#include "gate/kept.h"

enum { ENTRIES = 3, BYTES = 800 };

static sh_code get(struct sh_kept *kept, const char *key, struct sh_arena *arena, struct sh_str *ret) {
    struct sh_err err;
    return sh_kept_get(kept, sh_str_of(key), arena, ret, &err);
}

static void what_is_kept_comes_back_and_the_least_used_goes(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_kept *kept = NULL;
    struct sh_err err;
    struct sh_str value;
    CHECK_OK(sh_kept_new(ENTRIES, BYTES, &kept, &err), &err);
    CHECK_CODE(get(kept, "a", &arena, &value), SH_E_NOTFOUND);
    sh_kept_put(kept, SH_STR("a"), SH_STR("1"));
    sh_kept_put(kept, SH_STR("b"), (struct sh_str){"x\0y", 3});
    sh_kept_put(kept, SH_STR("c"), SH_STR(""));
    CHECK_CODE(get(kept, "a", &arena, &value), SH_OK); /* used: b is the oldest now */
    sh_kept_put(kept, SH_STR("d"), SH_STR("4"));
    CHECK_CODE(get(kept, "b", &arena, &value), SH_E_NOTFOUND);
    CHECK_CODE(get(kept, "a", &arena, &value), SH_OK);
    CHECK_STR(value, "1");
    CHECK_CODE(get(kept, "c", &arena, &value), SH_OK);
    CHECK_I64(value.len, 0);
    sh_kept_put(kept, SH_STR("a"), (struct sh_str){"x\0y", 3}); /* the later word stands, once */
    CHECK_CODE(get(kept, "a", &arena, &value), SH_OK);
    CHECK_I64(value.len, 3);
    CHECK(memcmp(value.at, "x\0y", 3) == 0);
    CHECK_CODE(get(kept, "d", &arena, &value), SH_OK);
    sh_kept_free(kept);
}

static void no_more_is_kept_than_there_is_room_for(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_kept *kept = NULL;
    struct sh_err err;
    struct sh_str value;
    static const char large[BYTES / 8];
    CHECK_OK(sh_kept_new(100, BYTES, &kept, &err), &err);
    sh_kept_put(kept, SH_STR("large"),
                (struct sh_str){large, sizeof large}); /* with its key over an eighth */
    CHECK_CODE(get(kept, "large", &arena, &value), SH_E_NOTFOUND);
    size_t there = 0;
    for (int i = 0; i < 20; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%02d", i);
        sh_kept_put(kept, sh_str_of(key), (struct sh_str){large, 97}); /* 100 bytes with its key */
    }
    for (int i = 0; i < 20; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%02d", i);
        const bool is_there = get(kept, key, &arena, &value) == SH_OK;
        CHECK_I64(is_there, i >= 12); /* the last eight */
        there += is_there;
    }
    CHECK_I64(there, 8);
    sh_alloc_fail_at(1);
    sh_kept_put(kept, SH_STR("want"), SH_STR("of memory"));
    sh_alloc_fail_at(0);
    CHECK_CODE(get(kept, "want", &arena, &value), SH_E_NOTFOUND);
    CHECK_CODE(get(kept, "k19", &arena, &value), SH_OK);
    sh_kept_free(kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_back_and_the_least_used_goes),
        cmocka_unit_test(no_more_is_kept_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
