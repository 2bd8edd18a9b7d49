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

/* By MONEY both count a part of a line, else one of them all of it. */
static void two_rules_that_count_parts_of_one_item_are_an_overlap(void **state) {
    (void)state;
    static const char *const money[] = {"quantity > k.max",
                                        "quantity > k.max\namount: excess(quantity, k.max)"};
    for (size_t i = 0; i < 4; i++) {
        struct folder f;
        char texts[2][512];
        begin(&f);
        for (size_t r = 0; r < 2; r++) {
            const char *form = r == 0 ? RULE("r", "2026-01-01", "k") : RULE("t", "2026-01-01", "m");
            const char *hit = strstr(form, "quantity > k.max");
            (void)snprintf(texts[r], sizeof texts[r], "%.*s%s%s", (int)(hit - form), form, money[i >> r & 1],
                           hit + strlen(money[0]));
        }
        put(f.rules, "r.yaml", texts[0]);
        put(f.rules, "t.yaml", texts[1]);
        put(f.knowledge, "k.csv", TABLE "point,item,max,from,source\np,A|B|C,1,2026-01-01,s\n");
        put(f.knowledge, "m.csv",
            TABLE "point,item,max,from,source\nu,B|C|D,1,2026-01-01,s\nv,C,2,2026-01-01,s\n");
        analyze(&f, "000000");
        CHECK_I64(f.result.overlaps, i == 3);
        CHECK_I64(f.result.settled, i != 3);
        CHECK_HAS(f.report,
                  i == 3 ? "r and t: of 2 items both count a part" : "r and t: 2 items stand in both");
    }
}

static void a_rule_that_says_which_part_it_counts_is_settled_and_names_a_rule_that_is_there(void **state) {
    (void)state;
    static const char *const other[] = {"t", "u"};
    for (size_t i = 0; i < 2; i++) {
        struct folder f;
        char text[640];
        begin(&f);
        (void)snprintf(text, sizeof text,
                       "%sapart:\n  - {rule: %s, because: there the part above the price}\n",
                       RULE("r", "2026-01-01", "k"), other[i]);
        for (size_t r = 0; r < 2; r++) {
            const char *form = r == 0 ? text : RULE("t", "2026-01-01", "m");
            const char *hit = strstr(form, "quantity > k.max");
            char whole[800];
            (void)snprintf(whole, sizeof whole, "%.*squantity > k.max\namount: excess(quantity, k.max)%s",
                           (int)(hit - form), form, hit + strlen("quantity > k.max"));
            put(f.rules, r == 0 ? "r.yaml" : "t.yaml", whole);
        }
        put(f.knowledge, "k.csv", TABLE "point,item,max,from,source\np,A|B,1,2026-01-01,s\n");
        put(f.knowledge, "m.csv", TABLE "point,item,max,from,source\nu,B,1,2026-01-01,s\n");
        analyze(&f, "000000");
        CHECK_I64(f.result.overlaps, i);
        CHECK_I64(f.result.settled, !i);
        CHECK_I64(f.result.dead, i);
        CHECK_HAS(f.report, i == 0
                                ? "r and t: of 1 items both count a part of a line, but not the same part: "
                                  "there the part above the price"
                                : "r: apart names 'u', which is no rule here");
    }
}

/* `after` with a span counts lines whole; without, a part of the days that a line supplies. */
static void days_beyond_a_span_are_whole_lines(void **state) {
    (void)state;
    for (int span = 0; span < 2; span++) {
        struct folder f;
        char table[256];
        begin(&f);
        put(f.rules, "r.yaml",
            "rule: r\nname: n\nlevel: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\nuses: {k: k}\n"
            "lines: paid\neach: [person, k.point]\nof: line\nhit: days() > k.days\namount: after(k.days, "
            "k.span)\nsay: s\nstate: certain\ncases:\n  - {about: a, lines: [{item: ZZ, time: "
            "2026-05-01T09:00, covered: 1.00}], hits: []}\n");
        put(f.rules, "t.yaml",
            "rule: t\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: "
            "2026-01-01}\nuses: {k: m}\n"
            "lines: paid\neach: line\nhit: quantity > k.max\namount: excess(quantity, k.max)\nsay: "
            "s\ncases:\n  - {about: "
            "a, lines: [{item: ZZ, time: 2026-05-01T09:00, covered: 1.00}], hits: []}\n");
        (void)snprintf(
            table, sizeof table,
            "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type days: days\n#! type span: "
            "flag\npoint,item,days,span,from,source\np,A,3,%d,2026-01-01,s\n",
            span);
        put(f.knowledge, "k.csv", table);
        put(f.knowledge, "m.csv", TABLE "point,item,max,from,source\nu,A,1,2026-01-01,s\n");
        analyze(&f, "000000");
        CHECK_I64(f.result.overlaps, !span);
        CHECK_I64(f.result.settled, span);
    }
}

static void a_table_says_why_each_place_has_its_own_rows(void **state) {
    (void)state;
    static const char *const places[] = {"000000", "990100"};
    for (size_t i = 0; i < 2; i++) {
        struct folder f;
        begin(&f);
        put(f.rules, "r.yaml", RULE("r", "2026-01-01", "k"));
        put(f.rules, "t.yaml", RULE("t", "2026-01-01", "m"));
        put(f.knowledge, "k.csv",
            "#! local: 各地自定 / each sets its own\n" TABLE
            "point,item,max,from,layer,source\np,A,1,2026-01-01,990100,s\n");
        put(f.knowledge, "m.csv", TABLE "point,item,max,from,layer,source\nu,D,1,2026-01-01,990100,s\n");
        analyze(&f, places[i]);
        CHECK_I64(f.result.local, i == 0);
        CHECK_I64(f.result.dead, i == 0);
        if (i == 0) {
            CHECK_HAS(f.report,
                      "r: rows of knowledge k are each place's own, and 000000 has none yet: each sets "
                      "its own");
            CHECK_HAS(f.report, "t: knowledge m has no point in 000000");
        }
    }
}

/* What is shipped waits for the rows of places where its tables say why, and counts no part of a line twice.
 */
static void no_shipped_rule_is_dead_or_counts_what_another_does_without_a_reason(void **state) {
    (void)state;
    char dirs[3][SH_PATH_BYTES_MAX];
    struct sh_analysis_result r;
    struct sh_err err;
    static const char *const places[] = {"000000", "990100"};
    for (size_t i = 0; i < 2; i++) {
        const struct sh_rules_options o = {
            .rules_dir = check_source_path("rules", dirs[0], SH_PATH_BYTES_MAX),
            .knowledge_dir = check_source_path("knowledge", dirs[1], SH_PATH_BYTES_MAX),
            .params_dir = check_source_path("law/params", dirs[2], SH_PATH_BYTES_MAX),
            .known_as_of = INT32_MAX,
            .place = places[i]};
        FILE *out = fopen("/dev/null", "w");
        CHECK(out != NULL);
        const sh_code code = sh_rules_analyze(&o, NULL, SH_EN, out, &r, &err);
        (void)fclose(out);
        CHECK_OK(code, &err);
        CHECK_I64(r.dead, 0);
        CHECK((r.local > 0) == (i == 0) && r.settled > 0);
        CHECK_I64(r.overlaps, 0);
        CHECK_I64(r.gaps, 0);
        CHECK_I64(r.contradictions, 0);
    }
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
           cmocka_unit_test(two_rules_that_count_parts_of_one_item_are_an_overlap),
           cmocka_unit_test(a_rule_that_says_which_part_it_counts_is_settled_and_names_a_rule_that_is_there),
           cmocka_unit_test(days_beyond_a_span_are_whole_lines),
           cmocka_unit_test(a_table_says_why_each_place_has_its_own_rows),
           cmocka_unit_test(no_shipped_rule_is_dead_or_counts_what_another_does_without_a_reason),
           cmocka_unit_test(a_rule_whose_rows_have_ended_is_dead))
