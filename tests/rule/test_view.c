/* Goal: a view becomes a table of the model, in the order in which views build on each other; faults are
 * named at file:line:column. */
#include "kit.h"

static void write_view(struct kit *kit, const char *name, const char *text) {
    char dir[128];
    (void)snprintf(dir, sizeof dir, "%s/views", kit->rules);
    CHECK_OK(sh_mkdir_all(dir, &kit->err), &kit->err);
    kit_write(dir, name, text);
}
static void refuse(const char *name, const char *text, const char *part) {
    struct kit kit;
    kit_begin(&kit);
    write_view(&kit, name, text);
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_HAS(kit.report, part);
    kit_end(&kit);
}

static void a_view_is_a_table_with_its_columns(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    write_view(&kit, "a_last.yaml",
               "view: a_last\neach: b_days\nfields: {n: b_days.day, again: b_days.stay}\n");
    write_view(&kit, "b_days.yaml", "view: b_days\nexpand: stay by day\n");
    write_view(
        &kit, "c_sums.yaml",
        "view: c_sums\neach: [encounter, line.item, day]\nof: line\nfields: {money: sum(line.covered), "
        "part: sum(line.quantity) / 3}\n");
    CHECK_OK(kit_load(&kit), &kit.err);
    const struct sh_rules *r = kit.loaded;
    CHECK_I64(r->n_views, 3);
    CHECK_STR(r->views[0].rule->id, "b_days"); /* what others build on comes first */
    CHECK_STR(r->views[2].rule->id, "a_last");
    CHECK_I64(r->views[2].depth, 2);
    const struct sh_rule_model *m = r->model;
    const uint16_t sums = r->views[1].table;
    CHECK_I64(sh_model_column(m, sums, "encounter"), r->views[1].key_columns[0]);
    CHECK(sh_model_column(m, sums, "item") > 0 && sh_model_column(m, sums, "day") > 0);
    const struct sh_model_column *part = &m->model.tables[sums].columns[sh_model_column(m, sums, "part")];
    CHECK_I64(part->type.unit, SH_UNIT_RATIO);
    CHECK_I64(part->type.scale, 6);
    const uint16_t last = r->views[2].table;
    CHECK_I64(m->model.tables[last].columns[sh_model_column(m, last, "again")].join, SH_MODEL_STAY);
    kit_end(&kit);
}
static void a_rule_stands_on_a_view(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    write_view(&kit, "days.yaml", "view: days\nexpand: stay by day\n");
    kit_write(kit.rules, "r.yaml",
              "rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: days\nhit: stay.nights > "
              "3\nsay: x\n");
    CHECK_OK(kit_load(&kit), &kit.err);
    CHECK_I64(kit.loaded->rules[0].table, kit.loaded->views[0].table);
    kit_end(&kit);
}
static void faults_have_their_place(void **state) {
    (void)state;
    refuse("v.yaml", "view: v\neach: lime\nfields: {x: 1}\n",
           "v.yaml:2:7: unknown table 'lime', did you mean 'line'?");
    refuse("v.yaml", "view: v\neach: line\nfields: {x: line.amout}\n",
           "v.yaml:3:13: unknown field line.amout, did you mean line.amount?");
    refuse("v.yaml", "view: v\neach: line\n", "lacks 'fields'");
    refuse("v.yaml", "view: v\neach: line\nfeilds: {x: 1}\n", "did you mean");
    refuse("v.yaml", "view: v\neach: [institution, day]\nof: line\nfields: {n: count()}\n",
           "the rows of a view are of one person each");
    refuse("v.yaml", "view: v\nexpand: line by day\n", "has no beginning and end");
    refuse("v.yaml", "view: v\nexpand: stay by week\n", "expand: TABLE by day");
    refuse("v.yaml", "view: v\neach: line\nfields: {day: 1}\n", "has a column 'day' already");
    refuse("v.yaml", "view: v\neach: v\nfields: {x: 1}\n", "view 'v' builds on itself");
    refuse("w.yaml", "view: v\neach: line\nfields: {x: 1}\n", "is named v.yaml");
    refuse("line.yaml", "view: line\neach: stay\nfields: {x: 1}\n", "'line' is a table already");
}
static void views_in_a_circle_are_refused(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    write_view(&kit, "v.yaml", "view: v\neach: w\nfields: {x: 1}\n");
    write_view(&kit, "w.yaml", "view: w\neach: line\nfields: {x: count(v in person)}\n");
    write_view(&kit, "u.yaml", "view: u\neach: line\nfields: {x: 1}\n");
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_HAS(kit.report, "v.yaml:1:1: view 'v' builds on itself");
    CHECK_HAS(kit.report, "w.yaml:1:1: view 'w' builds on itself");
    kit_end(&kit);
}
static void four_deep_is_too_deep(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    write_view(&kit, "a.yaml", "view: a\neach: line\nfields: {x: 1}\n");
    write_view(&kit, "b.yaml", "view: b\neach: a\nfields: {x: 1}\n");
    write_view(&kit, "c.yaml", "view: c\neach: b\nfields: {x: 1}\n");
    CHECK_OK(kit_load(&kit), &kit.err);
    write_view(&kit, "d.yaml", "view: d\neach: c\nfields: {x: 1}\n");
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_HAS(kit.report, "at most 3 deep");
    kit_end(&kit);
}

CHECK_MAIN(cmocka_unit_test(a_view_is_a_table_with_its_columns), cmocka_unit_test(a_rule_stands_on_a_view),
           cmocka_unit_test(faults_have_their_place), cmocka_unit_test(views_in_a_circle_are_refused),
           cmocka_unit_test(four_deep_is_too_deep))
