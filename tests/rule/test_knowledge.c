/* Goal: tables are read as written, faults are named at their place, and validity follows supersession, known
 * day and layers. */
#include "kit.h"
#include "base/date.h"

#define HEAD "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type max: qty\n"

static struct sh_knowledge *load_table(struct kit *kit, const char *text, const char *place, int32_t known) {
    kit_write(kit->knowledge, "limits.csv", text);
    CHECK_OK(kit_load_at(kit, place, known), &kit->err);
    CHECK_I64(kit->loaded->n_knowledge, 1);
    return &kit->loaded->knowledge[0];
}
static void refuse(const char *text, const char *part) {
    struct kit kit;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv", text);
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_HAS(kit.report, part);
    kit_end(&kit);
}

static void a_table_is_read(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    const struct sh_knowledge *k =
        load_table(&kit,
                   HEAD "#! note: "
                        "free\npoint,name,item,max,from,to,level,source\np1,床位,A|B,1,2026-01-01,,certain,"
                        "s\np1,床位,C,2,2026-01-01,2026-02-01,suspected,s\n",
                   "000000", INT32_MAX);
    CHECK_STR(k->name, "limits");
    CHECK_I64(k->n_points, 1);
    CHECK_I64(k->n_rows, 2);
    CHECK_I64(k->rows[1].level, SH_LEVEL_SUSPECTED);
    CHECK_I64(k->rows[1].to, sh_days_of(2026, 2, 1));
    CHECK_I64(k->rows[0].to, INT32_MAX);
    CHECK_I64(k->columns[2].type.kind, SH_KIND_SET);
    CHECK_I64(k->columns[3].type.scale, 4);
    kit_end(&kit);
}

static void faults_are_named(void **state) {
    (void)state;
    refuse("#! rows: limit\npoint,from,source\n", "lacks '#! title");
    refuse("#! title: t\n#! rows: some\npoint,from,source\n", ":2:9:");
    refuse("#! title: t\n#! rows: limit\n#! key item: line.itme =\npoint,item,from,source\n",
           ":3:13: no such path");
    refuse("#! title: t\n#! rows: limit\n#! type max: quantity\npoint,max,from,source\n", "unknown type");
    refuse("#! title: t\n#! rows: limit\n#! type who: set person\npoint,who,from,source\n",
           "is no knowledge");
    refuse("#! title: t\n#! rows: limit\n#! key whose: encounter.employer =\npoint,whose,from,source\n",
           "is no knowledge");
    refuse("#! title: t\n#! rows: limit\n#! type mxa: qty\npoint,max,from,source\n", "did you mean 'max'");
    refuse("#! title: t\n#! rows: limit\n#! tpye max: qty\npoint,from,source\n", "did you mean 'type'");
    refuse(HEAD "#! name max: 最多\npoint,item,max,from,source\n", "a name is written 中文 / English");
    refuse(HEAD "#! local: 各地自定\npoint,item,max,from,source\n", "is written 中文 / English");
    refuse(HEAD
           "#! local: 各地自定 / each its own\npoint,item,max,from,layer,source\np,A,1,2026-01-01,990100,s\n"
           "q,A,1,2026-01-01,,s\n",
           "limits.csv:8: column \"point\": is a row of the nation");
    refuse(HEAD "#! name mxa: 最多 / At most\npoint,item,max,from,source\n", "did you mean 'max'");
    refuse("#! title: t\n#! rows: limit\npoint,item,from,source\n", "neither '#! key item");
    refuse("#! title: t\n#! rows: limit\npoint,from\n", "lacks column 'source'");
    refuse(HEAD "point,item,max,from,source\np,A,x,2026-01-01,s\n", "limits.csv:6: column \"max\"");
    refuse(HEAD "point,item,max,from,source\np,A,1,,s\n", "column \"from\": is empty");
    refuse(HEAD "point,item,max,from,source\np,,1,2026-01-01,s\n", "which items");
    refuse(HEAD "point,item,max,from,source\np,A||B,1,2026-01-01,s\n", "an empty code");
    refuse(HEAD "point,item,max,from,source\n,A,1,2026-01-01,s\n", "names its point");
    refuse(HEAD "point,item,max,from,source\np,A,1,2026-01-01,\n", "no row without the paper");
    refuse(HEAD "point,item,max,from,to,source\np,A,1,2026-01-01,2026-01-01,s\n", "is not after");
    refuse(HEAD "point,item,max,from,level,source\np,A,1,2026-01-01,sure,s\n", "is no level");
    refuse(HEAD "point,item,max,from,layer,source\np,A,1,2026-01-01,62,s\n", "division code");
    refuse(HEAD "point,item,max,from,supersedes,source\np,A,1,2026-01-01,q,s\n", "no point 'q'");
    refuse(HEAD "point,item,max,from,supersedes,source\np,A,1,2026-01-01,p,s\n", "supersedes itself");
    refuse("#! title: t\n#! rows: limit\n#! type age: range years\npoint,age,from,source\np,5,2026-01-01,s\n",
           "LOW..HIGH");
    refuse(
        "#! title: t\n#! rows: limit\n#! type age: range years\npoint,age,from,source\np,5..5,2026-01-01,s\n",
        "range is empty");
    refuse("#! title: t\n#! rows: limit\n#! type l: level "
           "institution_level\npoint,l,from,source\np,四级,2026-01-01,s\n",
           "level list");
}

static void all_faults_of_all_files_are_reported(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv",
              HEAD "point,item,max,from,source\np,A,x,2026-01-01,s\nq,B,y,2026-01-01,s\n");
    kit_write(kit.knowledge, "other.csv", "#! title: t\npoint,from,source\n");
    kit_write(kit.rules, "r.yaml", "rule: r\n");
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_HAS(kit.report, "limits.csv:6:");
    CHECK_HAS(kit.report, "limits.csv:7:");
    CHECK_HAS(kit.report, "other.csv:1:1:");
    CHECK_HAS(kit.report, "r.yaml:1:");
    kit_end(&kit);
}

static void a_superseding_point_ends_the_old_one(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    const char *text = HEAD "point,item,max,from,known,supersedes,source\nold,A|B,1,2025-05-23,,,s\nnew,A,2,"
                            "2026-01-28,2026-02-10,old,s\n";
    const struct sh_knowledge *k = load_table(&kit, text, "000000", INT32_MAX);
    CHECK_I64(k->n_rows, 2);
    CHECK_I64(k->rows[0].to, sh_days_of(2026, 1, 28)); /* half-open: the new point binds on that day */
    CHECK_I64(k->rows[1].from, sh_days_of(2026, 1, 28));
    /* As known on 9 February the new point did not exist: the old one goes on. */
    const struct sh_knowledge *then = load_table(&kit, text, "000000", sh_days_of(2026, 2, 9));
    CHECK_I64(then->n_rows, 1);
    CHECK_I64(then->rows[0].to, INT32_MAX);
    kit_end(&kit);
}

static void the_narrowest_place_wins(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    const char *text =
        HEAD "point,item,max,from,to,level,layer,source\np,A,1,2025-01-01,,,,s\np,A,2,2026-01-01,2026-07-01,,"
             "990100,s\n"
             "q,B,1,2025-01-01,,,,s\nq,B,,2026-01-01,,off,990000,s\nr,C,1,2025-01-01,,,620100,s\n";
    const struct sh_knowledge *nation = load_table(&kit, text, "000000", INT32_MAX);
    CHECK_I64(nation->n_rows, 2);
    const struct sh_knowledge *city = load_table(&kit, text, "990100", INT32_MAX);
    CHECK_I64(city->n_rows, 4); /* the nation's before the city's row, that row, the nation's after it, q
                                   until it is switched off */
    CHECK_I64(city->rows[0].to, sh_days_of(2026, 1, 1));
    CHECK_STR(city->rows[1].cells[2], "2");
    CHECK_I64(city->rows[2].from, sh_days_of(2026, 7, 1));
    CHECK_I64(city->rows[2].to, INT32_MAX);
    CHECK_I64(city->rows[3].to, sh_days_of(2026, 1, 1));
    kit_end(&kit);
}

static void rows_of_a_point_that_hold_on_the_same_days_are_named(void **state) {
    (void)state;
    static const struct {
        const char *rows, *fault;
    } of[] = {
        {"p,A,1,2026-01-01,2026-06-01,,s\np,A,2,2026-05-31,,,s\n", "limits.csv:7: column \"from\""},
        {"p,A,1,2026-01-01,,,s\np,A,1,2026-01-02,,,s\n", "overlap those of line 6 of point 'p'"},
        {"p,A,1,2026-01-01,,,s\np,A,2,2026-01-01,,,s\n", NULL},           /* alternatives of one day */
        {"p,A,1,2026-01-01,2026-06-01,,s\np,A,2,2026-06-01,,,s\n", NULL}, /* half-open: they meet */
        {"p,A,1,2026-01-01,,,s\np,B,2,2026-01-01,,,s\n", NULL},           /* alternatives */
        {"p,A,1,2026-01-01,,,s\nq,A,2,2026-01-01,,,s\n", NULL},           /* two constraints */
        {"p,A,1,2026-01-01,,,s\np,A,2,2026-01-01,,990100,s\n", NULL},     /* a narrower place */
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct kit kit;
        char text[512];
        kit_begin(&kit);
        (void)snprintf(text, sizeof text, HEAD "point,item,max,from,to,layer,source\n%s", of[i].rows);
        kit_write(kit.knowledge, "limits.csv", text);
        CHECK_CODE(kit_load_at(&kit, "990100", INT32_MAX), of[i].fault ? SH_E_INPUT : SH_OK);
        if (of[i].fault)
            CHECK_HAS(kit.report, of[i].fault);
        kit_end(&kit);
    }
    refuse("#! title: t\n#! rows: allow\n#! key item: line.item =\n#! type max: qty\n"
           "point,item,max,from,source\np,A,1,2026-01-01,s\np,A,2,2026-01-01,s\np,A,1,2026-02-01,s\n",
           "limits.csv:8: column \"from\"");
}

#define RULE(id, hit)                                                                                        \
    "rule: " id "\nname: n\nlevel: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\n" hit "\nsay: s\n"

static void what_is_at_fault_is_left_out_only_when_asked_for(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    kit_write(kit.knowledge, "good.csv", HEAD "point,item,max,from,source\np,A,1,2026-01-01,s\n");
    kit_write(kit.knowledge, "bad.csv",
              HEAD "point,item,max,from,source\np,A,1,2026-01-01,s\nq,B,x,2026-01-01,s\n");
    kit_write(kit.rules, "a.yaml", RULE("a", "uses: {k: good}\neach: line\nhit: quantity > k.max"));
    kit_write(kit.rules, "b.yaml", RULE("b", "uses: {k: bad}\neach: line\nhit: quantity > k.max"));
    kit_write(kit.rules, "c.yaml", RULE("c", "each: line\nhit: quantty > 1"));
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_OK(kit_load_with(&kit, "000000", INT32_MAX, true), &kit.err);
    CHECK_I64(kit.loaded->n_rules, 1);
    CHECK(sh_str_is(kit.loaded->rules[0].id, "a"));
    CHECK_HAS(kit.report, "bad.csv:7: column \"max\"");
    CHECK_HAS(kit.report, "rule 'b' uses table bad, which is at fault");
    CHECK_HAS(kit.report, "c.yaml:7:6: unknown field quantty");
    CHECK_HAS(kit.report, "3 faults; what is at fault is left out, 1 rules are used");
    /* What other rules say depends on parameters and views: a fault of theirs stops all the same. */
    kit_write(kit.params, "q.csv", "name,place,from,to,value,unit,basis,note\nx,000000,,,y,number,law,\n");
    CHECK_CODE(kit_load_with(&kit, "000000", INT32_MAX, true), SH_E_INPUT);
    kit_write(kit.params, "q.csv", "name,place,from,to,value,unit,basis,note\nx,000000,,,1,number,law,\n");
    CHECK_OK(kit_load_with(&kit, "000000", INT32_MAX, true), &kit.err);
    kit_write(kit.rules, "a.yaml", RULE("a", "each: line\nhit: quantty > 1"));
    CHECK_CODE(kit_load_with(&kit, "000000", INT32_MAX, true), SH_E_INPUT); /* nothing is left to run */
    kit_end(&kit);
}

static void a_window_that_does_not_part_its_points_is_warned_of(void **state) {
    (void)state;
    static const char *const keys[] = {"[person]", "[person, k.point]"};
    for (size_t i = 0; i < 2; i++) {
        struct kit kit;
        char text[512];
        kit_begin(&kit);
        kit_write(kit.knowledge, "good.csv", HEAD "point,item,max,from,source\np,A,1,2026-01-01,s\n");
        (void)snprintf(text, sizeof text,
                       RULE("a", "uses: {k: good}\neach: line\nwindow: {key: %s, past: 3 days}\nhit: "
                                 "sum(quantity) > k.max"),
                       keys[i]);
        kit_write(kit.rules, "a.yaml", text);
        CHECK_OK(kit_load(&kit), &kit.err);
        CHECK((strstr(kit.report, "warning: ") != NULL) == (i == 0));
        if (i == 0)
            CHECK_HAS(kit.report,
                      "a.yaml:8:15: the window counts a line once for each row of its knowledge that "
                      "concerns it; add k.point to the key");
        kit_end(&kit);
    }
}

CHECK_MAIN(cmocka_unit_test(a_table_is_read), cmocka_unit_test(faults_are_named),
           cmocka_unit_test(all_faults_of_all_files_are_reported),
           cmocka_unit_test(a_superseding_point_ends_the_old_one), cmocka_unit_test(the_narrowest_place_wins),
           cmocka_unit_test(rows_of_a_point_that_hold_on_the_same_days_are_named),
           cmocka_unit_test(what_is_at_fault_is_left_out_only_when_asked_for),
           cmocka_unit_test(a_window_that_does_not_part_its_points_is_warned_of))
