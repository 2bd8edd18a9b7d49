/* Goal: records come back as they were put, runs merge in order, damage and doubles are refused. */
#include "../base/temp_dir.h"
#include "audit/spool.h"
#include "base/fs.h"
#include "base/limits.h"
#include <string.h>

struct seen {
    size_t n;
    char keys[400][8];
};

static sh_code take(void *ctx, const struct sh_record *r, struct sh_err *err) {
    (void)err;
    struct seen *s = ctx;
    (void)snprintf(s->keys[s->n++], sizeof(s->keys[0]), "%.*s", SH_ARG(r->key));
    return SH_OK;
}

static struct sh_record record_of(uint16_t rule, char *key, int n) {
    struct sh_record r = {.rule = rule, .bucket = 3, .receipt = SH_STR("{}")};
    (void)snprintf(key, 8, "k%05d", n);
    r.key = sh_str_of(key);
    memcpy(r.id, key, 6);
    r.cells[SH_CELL_SAY] = SH_STR("说");
    return r;
}

static void runs_merge_in_order(void **state) {
    (void)state;
    struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
    char path[SH_PATH_BYTES_MAX], key[8];
    struct sh_err err;
    SH_CLEANUP(sh_spool_release) struct sh_spool spool;
    struct sh_spool_runs runs = {0};
    CHECK_OK(sh_spool_open(&spool, temp_path(&dir, "p", path), &err), &err);
    for (int run = 0; run < 5; run++) {
        for (int i = 0; i < 60; i++) {
            const struct sh_record r = record_of(0, key, (i * 37 % 60) * 5 + run);
            CHECK_OK(sh_spool_add(&spool, &r, &err), &err);
        }
        CHECK_OK(sh_spool_cut(&spool, &runs, &err), &err);
    }
    struct seen *seen = sh_alloc_array(1, sizeof(*seen));
    CHECK_OK(sh_spool_merge(&runs, take, seen, &err), &err);
    CHECK_I64(seen->n, 300);
    for (size_t i = 1; i < seen->n; i++)
        CHECK(strcmp(seen->keys[i - 1], seen->keys[i]) < 0);
    runs.at[4].bytes -= 3; /* cut short */
    seen->n = 0;
    CHECK_CODE(sh_spool_merge(&runs, take, seen, &err), SH_E_CORRUPT);
    runs.at[4] = runs.at[0]; /* the same findings twice */
    seen->n = 0;
    CHECK_CODE(sh_spool_merge(&runs, take, seen, &err), SH_E_CONFLICT);
    sh_free(seen);
    sh_free(runs.at);
}

static void a_run_in_memory_merges_with_those_on_disk(void **state) {
    (void)state;
    struct temp_dir dir SH_CLEANUP(temp_dir_release) = temp_dir_new();
    char path[SH_PATH_BYTES_MAX], key[8];
    struct sh_err err;
    bool there;
    SH_CLEANUP(sh_spool_release) struct sh_spool spills = {0}, holds = {0};
    struct sh_spool_runs runs = {0};
    CHECK_OK(sh_spool_open(&spills, temp_path(&dir, "a", path), &err), &err);
    CHECK_OK(sh_spool_open(&holds, temp_path(&dir, "b", path), &err), &err);
    for (int i = 0; i < 240; i++) {
        const struct sh_record r = record_of((uint16_t)(i % 2), key, i * 7 % 240);
        CHECK_OK(sh_spool_add(i % 3 ? &spills : &holds, &r, &err), &err);
        if (i == 99)
            CHECK_OK(sh_spool_cut(&spills, &runs, &err), &err);
    }
    CHECK_OK(sh_spool_hold(&spills, &runs, &err), &err);
    CHECK_OK(sh_spool_hold(&holds, &runs, &err), &err);
    CHECK_I64(runs.n, 3);
    CHECK_OK(sh_fs_exists(path, &there, &err), &err);
    CHECK(!there); /* what was never cut never met the disk */
    struct seen *seen = sh_alloc_array(1, sizeof(*seen));
    CHECK_OK(sh_spool_merge(&runs, take, seen, &err), &err);
    CHECK_I64(seen->n, 240);
    for (size_t i = 1; i < seen->n; i++)
        CHECK(i == 120 || strcmp(seen->keys[i - 1], seen->keys[i]) < 0);
    sh_free(seen);
    sh_free(runs.at);
}

static void a_record_reads_back_or_is_refused(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    char key[8];
    struct sh_err err;
    const struct sh_record r = record_of(9, key, 1);
    struct sh_record back;
    size_t len;
    CHECK_OK(sh_spool_record_put(&text, &r, &err), &err);
    CHECK_OK(sh_spool_record_get(sh_buf_view(&text), &back, &len, &err), &err);
    CHECK_I64(len, text.len);
    CHECK_I64(back.rule, 9);
    CHECK_I64(back.bucket, 3);
    CHECK_STR(back.cells[SH_CELL_SAY], "说");
    CHECK_I64(sh_record_compare(&r, &back), 0);
    for (size_t n = 0; n < text.len; n++)
        CHECK_CODE(sh_spool_record_get((struct sh_str){text.at, n}, &back, &len, &err), SH_E_CORRUPT);
}

CHECK_MAIN(cmocka_unit_test(runs_merge_in_order), cmocka_unit_test(a_run_in_memory_merges_with_those_on_disk),
           cmocka_unit_test(a_record_reads_back_or_is_refused))
