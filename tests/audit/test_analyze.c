/* Goal: what rules get wrong together is told: layers, gaps, money twice, rules that never speak. */
#include "audit/audit.h"
#include "base/fs.h"
#include "base/limits.h"
#include "check.h"
#include <unistd.h>

#define RULE(id, from, table)                                                                                \
    "rule: " id "\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: " from              \
    "}\nuses: {k: " table "}\nlines: paid\neach: line\nhit: quantity > k.max\nsay: s\ncases:\n  - {about: "  \
    "a, lines: [{item: ZZ, time: 2026-05-01T09:00, covered: 1.00}], hits: []}\n"
#define TABLE "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type max: qty\n"

struct folder {
    char dir[64], rules[96], knowledge[96], params[96];
    char report[4096];
    struct sh_analysis_result result;
};

static void put(const char *dir, const char *name, const char *text) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_join(path, dir, name, &err), &err);
    CHECK_OK(sh_fs_write(path, sh_str_of(text), &err), &err);
}

static void begin(struct folder *f) {
    struct sh_err err;
    memset(f, 0, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/shouhu-analyze-XXXXXX");
    CHECK(mkdtemp(f->dir) != NULL);
    (void)snprintf(f->rules, sizeof f->rules, "%s/rules", f->dir);
    (void)snprintf(f->knowledge, sizeof f->knowledge, "%s/knowledge", f->dir);
    (void)snprintf(f->params, sizeof f->params, "%s/params", f->dir);
    CHECK_OK(sh_mkdir_all(f->rules, &err), &err);
    CHECK_OK(sh_mkdir_all(f->knowledge, &err), &err);
    CHECK_OK(sh_mkdir_all(f->params, &err), &err);
}

static void analyze(struct folder *f, const char *place) {
    struct sh_err err;
    const struct sh_rules_options o = {.rules_dir = f->rules,
                                       .knowledge_dir = f->knowledge,
                                       .params_dir = f->params,
                                       .known_as_of = INT32_MAX,
                                       .place = place};
    FILE *out = fmemopen(f->report, sizeof f->report - 1, "w");
    CHECK(out != NULL);
    const sh_code code = sh_rules_analyze(&o, NULL, SH_EN, out, &f->result, &err);
    (void)fclose(out);
    CHECK_OK(code, &err);
    CHECK_OK(sh_remove_tree(f->dir, &err), &err);
}

static void a_looser_number_of_a_place_is_a_contradiction(void **state) {
    (void)state;
    struct folder f;
    begin(&f);
    put(f.rules, "r.yaml", RULE("r", "2026-01-01", "k"));
    put(f.knowledge, "k.csv",
        TABLE "point,item,max,from,layer,source\np,A,1,2026-01-01,000000,s\nq,B,3,2026-01-01,000000,s\n"
              "p,A,2,2026-01-01,990100,s\nq,B,2,2026-01-01,990100,s\n");
    analyze(&f, "990100");
    CHECK_I64(f.result.contradictions, 1);
    CHECK_HAS(f.report, "p, max: 990100 says 2, looser than the nation's 1");
}

static void days_without_a_row_are_gaps(void **state) {
    (void)state;
    struct folder f;
    begin(&f);
    put(f.rules, "r.yaml", RULE("r", "2026-01-01", "k"));
    put(f.knowledge, "k.csv",
        TABLE "point,item,max,from,to,source\np,A,1,2026-01-01,2026-02-01,s\np,A,1,2026-03-01,,s\n"
              "q,B,1,2026-01-01,2026-02-01,s\nq,B,1,2026-02-01,,s\n");
    analyze(&f, "000000");
    CHECK_I64(f.result.gaps, 1);
    CHECK_HAS(f.report, "k.csv: p: no row is in force from 2026-02-01 to 2026-03-01");
}

static void two_rules_on_one_item_are_an_overlap(void **state) {
    (void)state;
    struct folder f;
    begin(&f);
    put(f.rules, "r.yaml", RULE("r", "2026-01-01", "k"));
    put(f.rules, "t.yaml", RULE("t", "2026-01-01", "m"));
    put(f.knowledge, "k.csv", TABLE "point,item,max,from,source\np,A|B|C,1,2026-01-01,s\n");
    put(f.knowledge, "m.csv", TABLE "point,item,max,from,source\nu,B|C|D,1,2026-01-01,s\n");
    analyze(&f, "000000");
    CHECK_I64(f.result.overlaps, 1);
    CHECK_HAS(f.report, "r and t: 2 items stand in both");
}

static void a_rule_whose_rows_have_ended_is_dead(void **state) {
    (void)state;
    struct folder f;
    begin(&f);
    put(f.rules, "r.yaml", RULE("r", "2026-01-01", "k"));
    put(f.rules, "t.yaml", RULE("t", "2026-01-01", "m"));
    put(f.knowledge, "k.csv", TABLE "point,item,max,from,to,source\np,A,1,2025-01-01,2026-01-01,s\n");
    put(f.knowledge, "m.csv", TABLE "point,item,max,from,source\nu,D,1,2025-12-31,s\n");
    analyze(&f, "000000");
    CHECK_I64(f.result.dead, 1);
    CHECK_HAS(f.report, "r: no row of knowledge k is in force while the rule is");
    CHECK_HAS(f.report, "t: its knowledge binds from 2025-12-31, the rule only from 2026-01-01");
    CHECK_I64(f.result.gaps, 1);
}

CHECK_MAIN(cmocka_unit_test(a_looser_number_of_a_place_is_a_contradiction),
           cmocka_unit_test(days_without_a_row_are_gaps),
           cmocka_unit_test(two_rules_on_one_item_are_an_overlap),
           cmocka_unit_test(a_rule_whose_rows_have_ended_is_dead))
