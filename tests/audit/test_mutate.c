/* Goal: cases that do not notice a changed rule are told by name; all shipped rules are sharp. */
#include "audit/audit.h"
#include "base/fs.h"
#include "base/limits.h"
#include "check.h"
#include <unistd.h>

#define HEAD                                                                                                 \
    "rule: r\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: "     \
    "line\n"

struct folder {
    char dir[64], rules[96], knowledge[96], params[96];
    char report[4096];
    struct sh_rules_mutation_result result;
    struct sh_rules_test_result tested;
};

static void write_rule(struct folder *f, const char *text) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    memset(f, 0, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/shouhu-mutate-XXXXXX");
    CHECK(mkdtemp(f->dir) != NULL);
    (void)snprintf(f->rules, sizeof f->rules, "%s/rules", f->dir);
    (void)snprintf(f->knowledge, sizeof f->knowledge, "%s/knowledge", f->dir);
    (void)snprintf(f->params, sizeof f->params, "%s/params", f->dir);
    CHECK_OK(sh_mkdir_all(f->rules, &err), &err);
    CHECK_OK(sh_mkdir_all(f->knowledge, &err), &err);
    CHECK_OK(sh_mkdir_all(f->params, &err), &err);
    CHECK_OK(sh_path_join(path, f->rules, "r.yaml", &err), &err);
    CHECK_OK(sh_fs_write(path, sh_str_of(text), &err), &err);
}

static struct sh_rules_options options_of(const struct folder *f) {
    return (struct sh_rules_options){.rules_dir = f->rules,
                                     .knowledge_dir = f->knowledge,
                                     .params_dir = f->params,
                                     .known_as_of = INT32_MAX,
                                     .place = "000000"};
}

static void mutate(struct folder *f, const char *text) {
    write_rule(f, text);
    const struct sh_rules_options o = options_of(f);
    struct sh_err err;
    FILE *out = fmemopen(f->report, sizeof f->report - 1, "w");
    CHECK(out != NULL);
    const sh_code code = sh_rules_mutate(&o, out, &f->result, &err);
    (void)fclose(out);
    CHECK_OK(code, &err);
    CHECK_OK(sh_remove_tree(f->dir, &err), &err);
}

static void a_boundary_no_case_shows_is_told(void **state) {
    (void)state;
    struct folder f;
    mutate(&f, HEAD "hit: quantity > 2\nsay: s\ncases:\n"
                    "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 9, covered: 9.00}], "
                    "hits: [{level: certain}]}\n"
                    "  - {about: b, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 1, covered: 9.00}], "
                    "hits: []}\n");
    CHECK_HAS(f.report, "survives: hit: quantity >= 2");
    CHECK_HAS(f.report, "survives: hit: quantity > 3");
    CHECK(strstr(f.report, "survives: hit: quantity <= 2") == NULL);
    CHECK(strstr(f.report, "survives: level: suspected") == NULL);
    CHECK_I64(f.result.below, 1);
    CHECK_I64(f.result.mutants, f.result.killed + f.result.survived);
}

static void sharp_cases_leave_none(void **state) {
    (void)state;
    struct folder f;
    mutate(&f, HEAD
           "hit: unit_price > 2 yuan\nsay: s\ncases:\n"
           "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, unit_price: 2.01, covered: 2.01}], "
           "hits: [{level: certain}]}\n"
           "  - {about: b, lines: [{item: XA, time: 2026-02-01T09:00, unit_price: 2.00, covered: 2.00}], "
           "hits: []}\n"
           "  - {about: c, lines: [{item: XA, time: 2026-02-01T09:00, unit_price: 1.01, covered: 3.00, "
           "ceiling: 9.00}], hits: []}\n");
    CHECK_I64(f.result.survived, 0);
    CHECK_I64(f.result.below, 0);
    CHECK(f.result.mutants >= 5);
}

/* An excuse names a mutant; one that names none, or a mutant the cases do notice, must go. */
static void excuses_count_and_grow_stale(void **state) {
    (void)state;
    struct folder f;
    mutate(&f,
           HEAD "hit: quantity > 2\nsay: s\nequivalent:\n"
                "  - {mutant: 'hit: quantity >= 2', because: nothing costs exactly 2}\n"
                "  - {mutant: 'hit: quantity <= 2', because: not so}\ncases:\n"
                "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 2.5, covered: 9.00}], "
                "hits: [{level: certain}]}\n"
                "  - {about: b, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 1.5, covered: 9.00}], "
                "hits: []}\n");
    CHECK_I64(f.result.equivalent, 1);
    CHECK_I64(f.result.stale, 1);
    CHECK_HAS(f.report, "not an equivalent mutant (any more): hit: quantity <= 2");
    CHECK_I64(f.result.below, 1);
}

/* What rows are grouped by is part of the rule: cases of one person and one item do not show it. */
static void keys_no_case_shows_are_told(void **state) {
    (void)state;
    struct folder f;
    static const char rule[] =
        "rule: r\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: "
        "2026-01-01}\neach: [person, item, day]\nof: line\nhit: count() > 1\nsay: s\ncases:\n"
        "  - about: a\n    lines:\n"
        "      - {item: XA, time: 2026-02-01T09:00, covered: 9.00}\n"
        "      - {item: XA, time: 2026-02-01T15:00, covered: 9.00}\n"
        "    hits: [{lines: [1, 2], level: certain}]\n"
        "  - about: b\n    lines:\n"
        "      - {item: XA, time: 2026-02-01T09:00, covered: 9.00}\n"
        "      - {item: XA, time: 2026-02-02T09:00, covered: 9.00}\n"
        "    hits: []\n";
    mutate(&f, rule);
    CHECK_HAS(f.report, "survives: each: [item, day]");
    CHECK_HAS(f.report, "survives: each: [person, day]");
    CHECK(strstr(f.report, "survives: each: [person, item]") == NULL);
    CHECK(strstr(f.report, "survives: each: [person, item, month]") == NULL);
    CHECK_I64(f.result.survived, 2);
}

struct written {
    const char *path, *text; /* below the folder */
};

/* A view or a layer beside the rule, then what `run` says of them. */
static void mutate_beside(struct folder *f, const struct written *files, size_t n,
                          sh_code (*run)(const struct sh_rules_options *, FILE *,
                                         struct sh_rules_mutation_result *, struct sh_err *)) {
    char path[SH_PATH_BYTES_MAX], dir[SH_PATH_BYTES_MAX];
    struct sh_err err;
    write_rule(f, files[0].text);
    for (size_t i = 1; i < n; i++) {
        CHECK_OK(sh_path_join(path, f->dir, files[i].path, &err), &err);
        (void)snprintf(dir, sizeof dir, "%.*s", (int)(sh_path_base(path) - path - 1), path);
        CHECK_OK(sh_mkdir_all(dir, &err), &err);
        CHECK_OK(sh_fs_write(path, sh_str_of(files[i].text), &err), &err);
    }
    const struct sh_rules_options o = options_of(f);
    FILE *out = fmemopen(f->report, sizeof f->report - 1, "w");
    CHECK(out != NULL);
    const sh_code code = run(&o, out, &f->result, &err);
    (void)fclose(out);
    CHECK_OK(code, &err);
    CHECK_OK(sh_remove_tree(f->dir, &err), &err);
}

/* A view has no cases: those of the rule that reads it must notice what it leaves out and what it counts. */
static void views_are_judged_by_the_cases_of_their_rules(void **state) {
    (void)state;
    static const struct written files[] = {
        {NULL, "rule: r\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\n"
               "each: dear\nhit: dear.fee > 2 yuan\nsay: s\ncases:\n"
               "  - about: a\n    lines:\n"
               "      - {item: XA, time: 2026-02-01T09:00, quantity: 3, covered: 3.00}\n"
               "      - {item: XA, time: 2026-02-01T09:00, quantity: 9, covered: 1.00}\n"
               "      - {item: XA, time: 2026-02-01T09:00, quantity: 1, covered: 9.00}\n"
               "    hits: [{level: certain}]\n"},
        {"rules/views/dear.yaml", "view: dear\nname: n\neach: line\nwhere: quantity > 2\nfields:\n"
                                  "  fee: line.covered\n"}};
    struct folder f;
    mutate_beside(&f, files, 2, sh_views_mutate);
    CHECK_I64(f.result.rules, 1);
    CHECK_HAS(f.report, "survives: where: quantity > 1");         /* no line of two */
    CHECK(strstr(f.report, "survives: where: left out") == NULL); /* the dear line of one */
    CHECK(strstr(f.report, "survives: where: quantity > 3") == NULL);
    CHECK_I64(f.result.below, 1);
    CHECK_I64(f.result.mutants, f.result.killed + f.result.survived);
}

/* What a place tightened, switched off and counts otherwise. */
static void layers_are_judged_by_cases_settled_there(void **state) {
    (void)state;
    static const struct written files[] = {
        {NULL,
         "rule: r\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\n"
         "each: line\nuses: {k: top}\nhit: quantity > k.max\namount: 0\nsay: s\ncases:\n"
         "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 6, covered: 9.00}], "
         "hits: [{level: certain}]}\n"
         "  - {about: b, place: '990100', lines: [{item: XA, time: 2026-02-01T09:00, quantity: 4, covered: "
         "9.00}], hits: [{level: certain}]}\n"},
        {"rules/off.yaml",
         "rule: off\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\n"
         "each: line\nhit: quantity > 7\namount: 0\nsay: s\ncases:\n"
         "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 8, covered: 9.00}], "
         "hits: [{level: certain}]}\n"},
        {"knowledge/top.csv", "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type max: qty\n"
                              "point,item,max,from,source\np,XA,5,2026-01-01,s\nq,XB,5,2026-01-01,s\n"},
        {"rules/local/990100/knowledge/top.csv",
         "point,max,from,source\np,3,2026-01-01,s\nq,3,2026-01-01,s\n"},
        {"rules/local/990100/off.yaml",
         "overlay: off\nswitch: 'off'\nbasis: [c]\ncases:\n"
         "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 9, "
         "covered: 9.00}], hits: []}\n"},
        {"rules/local/990102/off.yaml", "overlay: off\nswitch: 'off'\nbasis: [c]\n"}};
    struct folder f;
    mutate_beside(&f, files, 6, sh_layers_mutate);
    CHECK(strstr(f.report, "survives: row p: left out") == NULL);
    CHECK(strstr(f.report, "survives: row p: max 4") == NULL);
    CHECK_HAS(f.report, "survives: row p: max 2");
    CHECK_HAS(f.report, "survives: row q: left out");
    CHECK_HAS(f.report, "990102/off.yaml: survives: switch: left out");
    CHECK(strstr(f.report, "990100/off.yaml: survives") == NULL);
}

/* A case of a rule that is off wants nothing there, or it has not understood the place. */
static void a_rule_switched_off_has_cases_that_want_nothing(void **state) {
    (void)state;
    static const char *const hits[] = {"[]", "[{level: certain}]"};
    for (size_t i = 0; i < 2; i++) {
        struct folder f;
        struct sh_err err;
        char text[512], path[SH_PATH_BYTES_MAX];
        write_rule(&f, HEAD "hit: quantity > 2\nsay: s\ncases:\n"
                            "  - {about: a, lines: [{item: XA, time: 2026-02-01T09:00, quantity: 3, covered: "
                            "9.00}], hits: [{level: certain}]}\n");
        CHECK_OK(sh_path_join(path, f.rules, "local/990100", &err), &err);
        CHECK_OK(sh_mkdir_all(path, &err), &err);
        CHECK_OK(sh_path_join(path, f.rules, "local/990100/r.yaml", &err), &err);
        (void)snprintf(
            text, sizeof text,
            "overlay: r\nswitch: 'off'\nbasis: [c]\ncases:\n  - {about: o, lines: [{item: XA, time: "
            "2026-02-01T09:00, quantity: 3, covered: 9.00}], hits: %s}\n",
            hits[i]);
        CHECK_OK(sh_fs_write(path, sh_str_of(text), &err), &err);
        const struct sh_rules_options o = options_of(&f);
        FILE *out = fmemopen(f.report, sizeof f.report - 1, "w");
        CHECK(out != NULL);
        CHECK_OK(sh_rules_test(&o, NULL, out, &f.tested, &err), &err);
        (void)fclose(out);
        CHECK_I64(f.tested.cases, 2);
        CHECK_I64(f.tested.failed, i);
        if (i == 1)
            CHECK_HAS(f.report, "a rule that is switched off finds nothing here");
        CHECK_OK(sh_remove_tree(f.dir, &err), &err);
    }
}

/* A key that is a period of a time: rows of different times share it. */
static void rows_of_one_hour_are_one_group(void **state) {
    (void)state;
    struct folder f;
    struct sh_err err;
    write_rule(&f,
               "rule: r\nname: n\nlevel: certain\nstate: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\n"
               "each: [person, item, hour]\nof: line\nhit: count() > 1\nsay: s\ncases:\n"
               "  - about: a\n    lines:\n"
               "      - {item: XA, time: 2026-02-01T09:00, covered: 9.00}\n"
               "      - {item: XA, time: 2026-02-01T09:59, covered: 9.00}\n"
               "      - {item: XA, time: 2026-02-01T10:00, covered: 9.00}\n"
               "    hits: [{lines: [1, 2]}]\n");
    const struct sh_rules_options o = options_of(&f);
    CHECK_OK(sh_rules_test(&o, NULL, stderr, &f.tested, &err), &err);
    CHECK_I64(f.tested.failed, 0);
    CHECK_I64(f.tested.cases, 1);
    CHECK_OK(sh_remove_tree(f.dir, &err), &err);
}

static void a_case_outside_the_validity_fails(void **state) {
    (void)state;
    struct folder f;
    struct sh_err err;
    write_rule(&f, HEAD "hit: unit_price > 2 yuan\nsay: s\ncases:\n"
                        "  - {about: a, lines: [{item: XA, time: 2025-02-01T09:00, covered: 9.00}], "
                        "not_evaluated: line.unit_price}\n");
    const struct sh_rules_options o = options_of(&f);
    FILE *out = fmemopen(f.report, sizeof f.report - 1, "w");
    CHECK(out != NULL);
    CHECK_OK(sh_rules_test(&o, NULL, out, &f.tested, &err), &err);
    (void)fclose(out);
    CHECK_HAS(f.report, "no date of this case lies in the rule's validity");
    CHECK_I64(f.tested.failed, 1);
    CHECK_OK(sh_remove_tree(f.dir, &err), &err);
}

static void all_shipped_rules_are_sharp(void **state) {
    (void)state;
    static char paths[3][SH_PATH_BYTES_MAX];
    const struct sh_rules_options o = {
        .rules_dir = check_source_path("rules", paths[0], SH_PATH_BYTES_MAX),
        .knowledge_dir = check_source_path("knowledge", paths[1], SH_PATH_BYTES_MAX),
        .params_dir = check_source_path("law/params", paths[2], SH_PATH_BYTES_MAX),
        .known_as_of = INT32_MAX,
        .place = "000000"};
    struct sh_rules_mutation_result r, v, l;
    struct sh_err err;
    CHECK_OK(sh_rules_mutate(&o, stderr, &r, &err), &err);
    CHECK_OK(sh_views_mutate(&o, stderr, &v, &err), &err);
    CHECK_OK(sh_layers_mutate(&o, stderr, &l, &err), &err);
    CHECK_I64(r.survived + v.survived + l.survived, 0);
    CHECK_I64(r.stale + v.stale + l.stale, 0);
    CHECK(r.mutants > 1000);
    CHECK(v.mutants > 80);
    CHECK(l.mutants > 20);
    /* at most 2 % may be excused */
    CHECK((r.equivalent + v.equivalent + l.equivalent) * 50 <= r.mutants + v.mutants + l.mutants);
}

/* A national rule we lack is shown, not left out. */
static void coverage_shows_what_is_missing(void **state) {
    (void)state;
    struct folder f;
    struct sh_err err;
    struct sh_coverage_result r;
    char path[SH_PATH_BYTES_MAX];
    write_rule(&f, "rule: r\nname: n\nnational: {number: 2}\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: "
                   "line\nhit: unit_price > 2 yuan\nsay: s\n");
    CHECK_OK(sh_path_join(path, f.rules, "national.csv", &err), &err);
    CHECK_OK(
        sh_fs_write(path, SH_STR("number,code,class,subclass,name\n1,G1,c,s,first\n2,,c,s,second\n"), &err),
        &err);
    const struct sh_rules_options o = options_of(&f);
    FILE *out = fmemopen(f.report, sizeof f.report - 1, "w");
    CHECK(out != NULL);
    CHECK_OK(sh_rules_coverage(&o, NULL, NULL, SH_EN, out, &r, &err), &err);
    (void)fclose(out);
    CHECK_I64(r.national, 2);
    CHECK_I64(r.missing, 1);
    CHECK_HAS(f.report, "missing");
    CHECK_HAS(f.report, "NEW");
    CHECK_HAS(f.report, "2 national rules: 1 covered, 1 missing");
    CHECK_OK(sh_remove_tree(f.dir, &err), &err);
}

CHECK_MAIN(cmocka_unit_test(coverage_shows_what_is_missing),
           cmocka_unit_test(a_boundary_no_case_shows_is_told), cmocka_unit_test(sharp_cases_leave_none),
           cmocka_unit_test(excuses_count_and_grow_stale), cmocka_unit_test(keys_no_case_shows_are_told),
           cmocka_unit_test(rows_of_one_hour_are_one_group),
           cmocka_unit_test(views_are_judged_by_the_cases_of_their_rules),
           cmocka_unit_test(layers_are_judged_by_cases_settled_there),
           cmocka_unit_test(a_rule_switched_off_has_cases_that_want_nothing),
           cmocka_unit_test(a_case_outside_the_validity_fails), cmocka_unit_test(all_shipped_rules_are_sharp))
