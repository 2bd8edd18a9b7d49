/* Goal: a place adds to, changes and switches off the nation's rules and knowledge without copying them, with
 * a basis, only there and below, and every fault has its place in the layer's own file. */
#include "kit.h"

#define RULE                                                                                                 \
    "# on top\nrule: r\nname: n\nlevel: certain\nstate: certain\nbasis:\n  - law\nin_force: {from: "         \
    "2026-01-01}\n"                                                                                          \
    "uses: {k: limits}\neach: line\nhit: line.quantity > k.max\nsay: \"x\"\ncases:\n  - about: a\n    "      \
    "lines: "                                                                                                \
    "[{item: A, time: 2026-02-03, covered: 1.00}]\n    hits: []\n"
#define TABLE                                                                                                \
    "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type max: "                                   \
    "qty\npoint,item,max,level,from,source\n"                                                                \
    "p,A,3,,2026-01-01,s\nq,B,3,,2026-01-01,s\nq,B,4,,2026-01-01,s\n"
#define CASES                                                                                                \
    "cases:\n  - about: here\n    lines: [{item: A, time: 2026-02-03, covered: 1.00}]\n    hits: []\n"

static void write_local(const struct kit *kit, const char *place, const char *name, const char *text) {
    char dir[SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK_OK(sh_path_format(dir, &err, "%s/local/%s/knowledge", kit->rules, place), &err);
    CHECK_OK(sh_mkdir_all(dir, &err), &err);
    CHECK_OK(sh_path_format(dir, &err, "%s/local/%s", kit->rules, place), &err);
    kit_write(dir, name, text);
}
static void begin(struct kit *kit) {
    kit_begin(kit);
    kit_write(kit->knowledge, "limits.csv", TABLE);
    kit_write(kit->rules, "r.yaml", RULE);
}
static const struct sh_rule *load(struct kit *kit, const char *place) {
    CHECK_OK(kit_load_at(kit, place, INT32_MAX), &kit->err);
    for (size_t i = 0; i < kit->loaded->n_rules; i++)
        if (sh_str_is(kit->loaded->rules[i].id, "r"))
            return &kit->loaded->rules[i];
    return NULL;
}
static void refuse(const char *place, const char *name, const char *text, const char *where,
                   const char *what) {
    struct kit kit;
    begin(&kit);
    write_local(&kit, place, name, text);
    CHECK_CODE(kit_load_at(&kit, place, INT32_MAX), SH_E_INPUT);
    CHECK_HAS(kit.report, where);
    CHECK_HAS(kit.report, what);
    kit_end(&kit);
}

static void a_changed_key_holds_there_and_below_and_nowhere_else(void **state) {
    (void)state;
    struct kit kit;
    begin(&kit);
    write_local(
        &kit, "990100", "r.yaml",
        "overlay: r\nbasis: ['the city''s own']\nhit: line.quantity > 2 * k.max\nlevel: suspected\n" CASES);
    const struct sh_rule *here = load(&kit, "990100");
    CHECK_STR(here->layer, "990100");
    CHECK_I64(here->level, SH_LEVEL_SUSPECTED);
    CHECK_STR(sh_expr_text(here->hit[0].expr), "line.quantity > 2 * k.max");
    CHECK_I64(here->n_basis, 2);
    CHECK_STR(here->basis[0], "law");
    CHECK_STR(here->basis[1], "the city's own");
    CHECK_I64(here->n_cases, 1);
    CHECK_STR(here->cases[0].place, "990100");
    CHECK_STR(sh_expr_text(load(&kit, "990101")->hit[0].expr), "line.quantity > 2 * k.max");
    char version[17];
    memcpy(version, here->version, sizeof(version));
    const char *const elsewhere[] = {"000000", "990000", "990200"};
    for (size_t i = 0; i < 3; i++) {
        const struct sh_rule *other = load(&kit, elsewhere[i]);
        CHECK_I64(other->layer.len, 0);
        CHECK_STR(sh_expr_text(other->hit[0].expr), "line.quantity > k.max");
        CHECK(strcmp(version, other->version) != 0);
    }
    kit_end(&kit);
}
static void the_text_of_both_stands_for_itself(void **state) {
    (void)state;
    struct kit kit;
    begin(&kit);
    write_local(&kit, "990000", "r.yaml",
                "overlay: r\nbasis:\n  - province\nwhere: line.quantity > 1\n" CASES);
    write_local(&kit, "990100", "r.yaml", "overlay: r\nbasis:\n  - city\nsay: \"city\"\n" CASES);
    const struct sh_rule *here = load(&kit, "990100");
    CHECK_I64(here->n_basis, 3);
    struct sh_rule *again = NULL;
    CHECK_OK(sh_rule_compile(here->text, "r.yaml", kit.loaded, &kit.arena, &again, &kit.err), &kit.err);
    CHECK_STR(sh_str_of(again->version), here->version);
    CHECK(again->where != NULL);
    CHECK_I64(again->n_basis, 3);
    kit_end(&kit);
}
static void a_rule_is_switched_off_and_another_added(void **state) {
    (void)state;
    struct kit kit;
    begin(&kit);
    write_local(&kit, "990100", "r.yaml", "overlay: r\nswitch: off\nbasis: [b]\nnote: why\n");
    write_local(&kit, "990100", "own.yaml",
                "rule: own\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: line\nhit: quantity > "
                "9\nsay: x\n");
    const struct sh_rule *here = load(&kit, "990101");
    CHECK(here->is_off);
    CHECK_I64(here->state, SH_STATE_DRAFT);
    CHECK_I64(kit.loaded->n_rules, 2);
    here = load(&kit, "990000");
    CHECK(!here->is_off);
    CHECK_I64(here->state, SH_STATE_CERTAIN);
    CHECK_I64(kit.loaded->n_rules, 1);
    kit_end(&kit);
}
static void faults_of_a_layer_stand_in_its_file(void **state) {
    (void)state;
    refuse("990100", "r.yaml", "overlay: r\nbasis: [b]\nhit: line.quantty > 1\n" CASES,
           "local/990100/r.yaml:3:6:", "did you mean line.quantity");
    refuse("990100", "r.yaml", "overlay: r\nhit: line.quantity > 1\n" CASES,
           "local/990100/r.yaml:", "\"basis\"");
    refuse("990100", "r.yaml", "overlay: r\nbasis: []\n" CASES, "local/990100/r.yaml:", "without a basis");
    refuse("990100", "r.yaml", "overlay: r\nbasis: [b]\nhit: line.quantity > 1\n",
           "local/990100/r.yaml:", "brings its cases");
    refuse("990100", "r.yaml", "overlay: r\nbasis: [b]\neach: stay\n" CASES,
           "local/990100/r.yaml:3:1:", "each");
    refuse("990100", "r.yaml", "overlay: r\nbasis: [b]\nswitch: off\nhit: line.quantity > 1\n",
           "local/990100/r.yaml:3:", "not changed as well");
    refuse("990100", "s.yaml", "overlay: s\nbasis: [b]\nswitch: off\n",
           "local/990100/s.yaml:1:", "no rule 's'");
    refuse("990100", "s.yaml", "overlay: r\nbasis: [b]\nswitch: off\n",
           "local/990100/s.yaml:1:", "named after");
    refuse("990100", "r.yaml", RULE, "local/990100/r.yaml:", "has the rule 'r' already");
    /* what the layer leaves alone keeps its place in the nation's file */
    struct kit kit;
    begin(&kit);
    kit_write(kit.rules, "r.yaml",
              "rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: line\n"
              "hit: line.quantity > 1\nsay: \"{line.amout}\"\n");
    write_local(&kit, "990100", "r.yaml",
                "overlay: r\nbasis: [b, c, d]\nnote: longer\nwhere: quantity > 1\n" CASES);
    CHECK_CODE(kit_load_at(&kit, "990100", INT32_MAX), SH_E_INPUT);
    CHECK_HAS(kit.report, "rules/r.yaml:7:");
    kit_end(&kit);
}

static const struct sh_knowledge_row *row_of(const struct kit *kit, const char *point, size_t *ret_n) {
    const struct sh_knowledge *k = &kit->loaded->knowledge[0];
    const struct sh_knowledge_row *row = NULL;
    *ret_n = 0;
    for (uint32_t i = 0; i < k->n_rows; i++)
        if (sh_str_is(k->points[k->rows[i].point], point))
            row = row ? row : &k->rows[i], ++*ret_n; /* narrow ones stand first */
    return row;
}
static void a_point_is_tightened_in_one_column_added_or_switched_off(void **state) {
    (void)state;
    struct kit kit;
    size_t n;
    begin(&kit);
    write_local(&kit, "990100", "knowledge/limits.csv", "point,max,from,source\np,2,2026-03-01,city paper\n");
    write_local(&kit, "990101", "knowledge/limits.csv",
                "point,item,max,level,from,source\nq,,,off,2026-01-01,county paper\nz,C,9,,2026-01-01,county "
                "paper\n");
    (void)load(&kit, "990100");
    const struct sh_knowledge_row *row = row_of(&kit, "p", &n);
    CHECK_I64(n, 2); /* the nation's until March, the city's from then on */
    CHECK_STR(row->layer, "000000");
    row++;
    CHECK_STR(row->layer, "990100");
    CHECK_STR(row->cells[1], "A");
    CHECK_STR(row->cells[2], "2");
    CHECK_STR(row->source, "city paper");
    CHECK_HAS(row->file, "local/990100/knowledge/limits.csv");
    (void)row_of(&kit, "q", &n);
    CHECK_I64(n, 2);
    (void)load(&kit, "990101");
    (void)row_of(&kit, "q", &n);
    CHECK_I64(n, 0);
    row = row_of(&kit, "z", &n);
    CHECK_I64(n, 1);
    CHECK_STR(row ? row->cells[1] : (struct sh_str){0}, "C");
    (void)load(&kit, "000000");
    (void)row_of(&kit, "z", &n);
    CHECK_I64(n, 0);
    (void)row_of(&kit, "p", &n);
    CHECK_I64(n, 1);
    kit_end(&kit);
}
static void a_layer_says_how_long_and_how_surely_whatever_columns_the_table_has(void **state) {
    (void)state;
    struct kit kit;
    size_t n;
    begin(&kit); /* the nation's table has neither `to` nor `level`, and two rows of point q */
    write_local(&kit, "990100", "knowledge/limits.csv",
                "point,max,from,to,level,source\np,2,2026-03-01,2026-04-01,suspected,city paper\n");
    write_local(&kit, "990101", "knowledge/limits.csv",
                "point,from,to,level,source\nq,2026-02-01,2026-03-01,off,county paper\n");
    (void)load(&kit, "990100");
    const struct sh_knowledge_row *row = row_of(&kit, "p", &n);
    CHECK_I64(n, 3); /* before, meanwhile and after */
    row++;
    CHECK_I64(row->level, SH_LEVEL_SUSPECTED);
    CHECK_I64(row->to - row->from, 31);
    (void)row_of(&kit, "q", &n);
    CHECK_I64(n, 2);
    (void)load(&kit, "990101");
    (void)row_of(&kit, "q", &n);
    CHECK_I64(n, 4); /* each of the two before and after */
    kit_end(&kit);
}
static void faults_of_a_layers_table_stand_in_its_file(void **state) {
    (void)state;
#define AT "local/990100/knowledge/"
    refuse("990100", "knowledge/limits.csv", "point,maks,from,source\np,2,2026-01-01,s\n", AT "limits.csv:1",
           "no such column");
    refuse("990100", "knowledge/limits.csv", "point,max,layer,from,source\np,2,990100,2026-01-01,s\n",
           AT "limits.csv:1", "the folder says");
    refuse("990100", "knowledge/limits.csv", "point,max,from\np,2,2026-01-01\n", AT "limits.csv:1",
           "lacks 'source'");
    refuse("990100", "knowledge/limits.csv", "point,max,from,source\nx,2,2026-01-01,s\n", AT "limits.csv:2",
           "all columns");
    refuse("990100", "knowledge/limits.csv", "point,max,from,source\nq,2,2026-01-01,s\n", AT "limits.csv:2",
           "2 rows of point");
    refuse("990100", "knowledge/limits.csv", "point,max,from,source\np,two,2026-01-01,s\n", AT "limits.csv:2",
           "two");
    refuse("990100", "knowledge/limits.csv", "point,max,from,source\np,2,2026-01-01,\n", AT "limits.csv:2",
           "no row without");
    refuse("990100", "knowledge/other.csv", "point,max,from,source\np,2,2026-01-01,s\n", AT "other.csv:1",
           "no knowledge table");
#undef AT
}

CHECK_MAIN(cmocka_unit_test(a_changed_key_holds_there_and_below_and_nowhere_else),
           cmocka_unit_test(the_text_of_both_stands_for_itself),
           cmocka_unit_test(a_rule_is_switched_off_and_another_added),
           cmocka_unit_test(faults_of_a_layer_stand_in_its_file),
           cmocka_unit_test(a_point_is_tightened_in_one_column_added_or_switched_off),
           cmocka_unit_test(a_layer_says_how_long_and_how_surely_whatever_columns_the_table_has),
           cmocka_unit_test(faults_of_a_layers_table_stand_in_its_file))
