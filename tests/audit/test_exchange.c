/* Goal: rows that must meet come back in order from memory and from many runs on disk, and a file that was
 * cut short or changed is refused. */
#include "../base/temp_dir.h"
#include "audit/exchange.h"
#include "base/fs.h"
#include "base/limits.h"
#include "check.h"
#include <string.h>

struct seen {
    char text[4096];
    size_t n;
};
static sh_code see(void *ctx, const struct sh_xrecord *r, struct sh_err *err) {
    struct seen *s = ctx;
    (void)err;
    CHECK(s->n + r->payload.len < sizeof s->text);
    memcpy(s->text + s->n, r->payload.at, r->payload.len);
    s->n += r->payload.len;
    return SH_OK;
}
static struct sh_plan plan_of(struct sh_rule *rule, struct sh_rule_plan *rp) {
    rule->reach = SH_REACH_EXCHANGED;
    *rp = (struct sh_rule_plan){.rule = rule};
    return (struct sh_plan){.active = rp, .n_active = 1};
}
static void add(struct sh_exchange *x, char key, char order) {
    const char sort[] = {0, 0, key, 0, order}, payload[] = {key, order, ' '};
    struct sh_err err;
    const struct sh_xrecord r = {.sort = {sort, 5}, .payload = {payload, 3}, .key_len = 4};
    CHECK_OK(sh_exchange_add(x, &r, &err), &err);
}

static void records_come_in_order_from_runs_and_memory(void **state) {
    (void)state;
    struct temp_dir dir = temp_dir_new();
    struct sh_rule rule = {0};
    struct sh_rule_plan rp;
    const struct sh_plan plan = plan_of(&rule, &rp);
    struct sh_exchange disk, memory;
    struct sh_err err;
    char path[SH_PATH_BYTES_MAX];
    CHECK_OK(sh_exchange_open(&disk, &plan, temp_path(&dir, "rows", path), &err), &err);
    CHECK_OK(sh_exchange_open(&memory, &plan, NULL, &err), &err);
    add(&disk, 'b', '2'), add(&disk, 'a', '3');
    CHECK_OK(sh_exchange_cut(&disk, &err), &err);
    add(&disk, 'b', '1'), add(&disk, 'c', '1'), add(&disk, 'a', '1');
    CHECK_OK(sh_exchange_cut(&disk, &err), &err);
    add(&memory, 'c', '0'), add(&memory, 'a', '2');
    CHECK_I64(disk.runs.n, 2);
    struct seen seen = {0};
    CHECK_OK(sh_exchange_merge(&plan, &disk.runs, &memory, see, &seen, &err), &err);
    CHECK_STR(((struct sh_str){seen.text, seen.n}), "a1 a2 a3 b1 b2 c0 c1 ");
    sh_exchange_release(&memory);
    sh_exchange_release(&disk);
    temp_dir_release(&dir);
}
static void a_damaged_run_is_refused(void **state) {
    (void)state;
    struct temp_dir dir = temp_dir_new();
    struct sh_rule rule = {0};
    struct sh_rule_plan rp;
    const struct sh_plan plan = plan_of(&rule, &rp);
    struct sh_exchange disk;
    struct sh_err err;
    char path[SH_PATH_BYTES_MAX];
    CHECK_OK(sh_exchange_open(&disk, &plan, temp_path(&dir, "rows", path), &err), &err);
    add(&disk, 'a', '1'), add(&disk, 'b', '2');
    CHECK_OK(sh_exchange_cut(&disk, &err), &err);
    struct sh_xruns longer = {0};
    struct seen seen = {0};
    CHECK_OK(sh_xruns_add(&longer, path, 0, disk.runs.at[0].bytes + 1, &err), &err);
    CHECK_CODE(sh_exchange_merge(&plan, &longer, NULL, see, &seen, &err), SH_E_CORRUPT);
    longer.at[0].bytes = disk.runs.at[0].bytes - 1;
    CHECK_CODE(sh_exchange_merge(&plan, &longer, NULL, see, &seen, &err), SH_E_CORRUPT);
    longer.at[0].bytes = disk.runs.at[0].bytes, longer.at[0].offset = 0;
    CHECK_OK(sh_fs_write(
                 path, SH_STR("hostile bytes, as long as may be, but no record of ours at all, never"), &err),
             &err);
    longer.at[0].bytes = 60;
    CHECK_CODE(sh_exchange_merge(&plan, &longer, NULL, see, &seen, &err), SH_E_CORRUPT);
    CHECK_OK(sh_xruns_add(&longer, "/nonexistent/rows", 0, 8, &err), &err);
    longer.at[0].bytes = 0;
    CHECK(sh_exchange_merge(&plan, &longer, NULL, see, &seen, &err) != SH_OK);
    sh_xruns_release(&longer);
    sh_exchange_release(&disk);
    temp_dir_release(&dir);
}

CHECK_MAIN(cmocka_unit_test(records_come_in_order_from_runs_and_memory),
           cmocka_unit_test(a_damaged_run_is_refused))
