/* Goal: a rule's text becomes the plan it says, and every fault is named at file:line:column. */
#include "kit.h"

#define TABLE                                                                                                \
    "#! title: t\n#! rows: limit\n#! key item: line.item =\n#! type max: qty\n#! type past: days\n#! type "  \
    "scope: scope\n#! type herbs: set "                                                                      \
    "item\npoint,item,max,past,scope,herbs,from,source\np,A,1,week,visit,A|B,2026-01-01,s\n"
#define PAIRS                                                                                                \
    "#! title: t\n#! rows: forbid\n#! key a: line.item =\n#! key b: line.item =\n#! type scope: scope\n"     \
    "point,a,b,scope,from,source\np,A,B,day,2026-01-01,s\n"
#define PAIR_HEAD                                                                                            \
    "rule: r\nname: n\nlevel: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\nuses: {k: pairs}\nsay: "    \
    "x\n"
#define HEAD                                                                                                 \
    "rule: r\nname: n\nlevel: certain\nbasis: [b]\nin_force: {from: 2026-01-01}\nuses: {k: limits}\nsay: "   \
    "x\n"

static struct sh_rule *compile(struct kit *kit, const char *text) {
    kit_write(kit->knowledge, "limits.csv", TABLE);
    kit_write(kit->knowledge, "pairs.csv", PAIRS);
    CHECK_OK(kit_load(kit), &kit->err);
    struct sh_rule *rule = NULL;
    CHECK_OK(sh_rule_compile(sh_str_of(text), "r.yaml", kit->loaded, &kit->arena, &rule, &kit->err),
             &kit->err);
    return rule;
}
static void refuse(const char *text, const char *part) {
    struct kit kit;
    struct sh_rule *rule = NULL;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv", TABLE);
    kit_write(kit.knowledge, "pairs.csv", PAIRS);
    CHECK_OK(kit_load(&kit), &kit.err);
    CHECK_CODE(sh_rule_compile(sh_str_of(text), "r.yaml", kit.loaded, &kit.arena, &rule, &kit.err),
               SH_E_INPUT);
    CHECK_HAS(kit.err.message, part);
    kit_end(&kit);
}

static void each_shape_is_read(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    const struct sh_rule *row = compile(&kit, HEAD "each: line\nlines: paid\nhit: line.quantity > k.max\n");
    CHECK_I64(row->shape, SH_SHAPE_ROW);
    CHECK_I64(row->lines, SH_LINES_PAID);
    CHECK_I64(row->table, SH_TABLE_LINE);
    CHECK_I64(row->amount, SH_AMOUNT_COVERED);
    CHECK_I64(row->knowledge, 1);
    CHECK_I64(strlen(row->version), 16);
    kit_end(&kit);
    kit_begin(&kit);
    const struct sh_rule *group = compile(
        &kit, HEAD "each: [person, institution, k.point, day, ever, course(k)]\nhit: {a: sum(quantity) > "
                   "k.max, b: count() > 9}\namount: excess(sum(quantity), k.max)\nblame: nth() > 1\n");
    CHECK_I64(group->shape, SH_SHAPE_GROUP);
    CHECK_I64(group->n_keys, 5); /* ever is no key */
    CHECK_I64(group->keys[4].kind, SH_RULE_KEY_COURSE);
    CHECK_I64(group->n_hit, 2);
    CHECK_STR(group->hit[1].name, "b");
    CHECK_I64(group->amount, SH_AMOUNT_EXCESS);
    CHECK(group->amount_a && group->amount_b && group->blame);
    kit_end(&kit);
    kit_begin(&kit);
    const struct sh_rule *window =
        compile(&kit, HEAD "each: line\nwindow: {key: [person, k.point], past: k.past}\nhit: "
                           "standing(sum(quantity)) + quantity > k.max\n");
    CHECK_I64(window->shape, SH_SHAPE_WINDOW);
    CHECK_I64(window->n_keys, 2);
    CHECK(window->window_days != NULL);
    kit_end(&kit);
    kit_begin(&kit);
    const struct sh_rule *pair =
        compile(&kit, PAIR_HEAD "pair: {a: line, b: line}\nin: [person]\nwithin: k.scope\nhit: b.covered > 0 "
                                "yuan\namount: the cheaper\n");
    CHECK_I64(pair->shape, SH_SHAPE_PAIR);
    CHECK_I64(pair->subject, 0);
    CHECK_I64(pair->slot_b, 1);
    CHECK_I64(pair->within, SH_SCOPE_NONE);
    CHECK(pair->within_expr != NULL);
    CHECK_I64(pair->amount, SH_AMOUNT_CHEAPER);
    kit_end(&kit);
    kit_begin(&kit);
    const struct sh_rule *stay = compile(
        &kit,
        "rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\nsay: x\neach: stay\nwith: {p: "
        "\"previous(stay in person, institution where open)\"}\nhit: gap(p.to, from) <= param(open.days)\n");
    CHECK_I64(stay->n_with, 1);
    CHECK_I64(stay->with[0].n_scopes, 2);
    CHECK(stay->with[0].where != NULL);
    CHECK_I64(stay->state, SH_STATE_DRAFT);
    kit_end(&kit);
}

static void faults_have_their_place(void **state) {
    (void)state;
    refuse(HEAD "each: line\nhti: quantity > k.max\n", "r.yaml:9:1: ");
    refuse(HEAD "each: line\nhit: quantity > k.mxa\n", "r.yaml:9:");
    refuse(HEAD "each: line\nhit: quantity > k.mxa\n", "max");
    refuse(HEAD "each: lien\nhit: quantity > k.max\n", "did you mean 'line'");
    refuse(HEAD "each: line\nhit: quantity + k.max\n", "not a condition");
    refuse(HEAD "each: line\nhit: quantity > person.sex\n", "r.yaml:9:");
    refuse(HEAD "each: line\nhit: quantity > k.max and person = P1\n", "no rule names one person");
    refuse(HEAD "each: line\nhit: quantity > k.max and encounter.employer in {E1, E2}\n",
           "no rule names one employer");
    refuse(HEAD "each: line\nwindow: {key: [person], past: 3}\nhit: quantity > 1\n",
           "past is a number of days");
    refuse(HEAD "each: line\nhit: quantity > 1\namount: k.max\n", "not money");
    refuse(HEAD "each: line\nhit: quantity > 1\namount: the cheaper\n", "belongs to pairs");
    refuse(HEAD "each: line\nhit: quantity > 1\nblame: quantity > 1\n", "belongs to groups");
    refuse(HEAD "each: line\nhit: quantity > param(age.mx)\n", "age.max");
    refuse(HEAD "hit: quantity > 1\n", "lacks its shape");
    refuse(HEAD "each: line\n", "lacks 'hit'");
    refuse(PAIR_HEAD "pair: {a: line, b: line}\nhit: quantity > 1\n", "needs 'in");
    refuse(HEAD "pair: {a: line, b: stay}\nin: [person]\nwithin: day\nhit: quantity > 1\n", "same table");
    refuse(
        "rule: R\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: line\nhit: quantity > 1\nsay: x\n",
        "lower case");
    refuse(
        "rule: r\nname: n\nbasis: []\nin_force: {from: 2026-01-01}\neach: line\nhit: quantity > 1\nsay: x\n",
        "no rule without a basis");
    refuse(
        "rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-13-01}\neach: line\nhit: quantity > 1\nsay: x\n",
        "is no date");
    refuse("rule: r\nname: n\nlevel: sure\nbasis: [b]\nin_force: {from: 2026-01-01}\neach: line\nhit: "
           "quantity > 1\nsay: x\n",
           "unknown level");
    refuse(HEAD "state: trial\neach: line\nhit: quantity > 1\n", "brings its cases");
    refuse(HEAD "each: line\nhit: quantity > 1\ncases: [{about: c, lines: [{itme: A}], hits: []}]\n", "item");
    refuse(
        HEAD
        "each: line\nhit: quantity > 1\ncases: [{about: c, lines: [{item: A, covered: 1.234}], hits: []}]\n",
        "decimals");
    refuse(HEAD "each: line\nhit: quantity > 1\ncases: [{about: c}]\n", "must come out");
    refuse(HEAD "each: line\nstages: [before]\nhit: encounter.leaving = 5\n", "known from discharge");
    refuse("rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\nuses: {k: lmits}\neach: line\nhit: "
           "quantity > 1\nsay: x\n",
           "did you mean 'limits'");
}

static void the_reach_follows_from_the_keys(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
#define BODY "rule: r\nname: n\nbasis: [b]\nin_force: {from: 2026-01-01}\nsay: x\n"
    CHECK_I64(compile(&kit, BODY "each: [person, day]\nhit: count() > 1\n")->reach, SH_REACH_TIMELINE);
    CHECK_I64(compile(&kit, BODY "each: [encounter]\nhit: count() > 1\n")->reach, SH_REACH_TIMELINE);
    const struct sh_rule *r = compile(
        &kit,
        BODY "each: [institution, day]\nhit: sum(line.quantity) > 1 and distinct(person) > 1\namount: 0\n");
    CHECK_I64(r->reach, SH_REACH_MERGED);
    CHECK_I64(r->n_partials, 2);
    CHECK_I64(
        compile(&kit, BODY "each: [institution, day]\nhit: distinct(line.item) > 1\namount: 0\n")->reach,
        SH_REACH_EXCHANGED);
    CHECK_I64(compile(&kit, BODY "each: [institution, day]\nhit: count() > 1\n")->reach, SH_REACH_EXCHANGED);
    CHECK_I64(
        compile(&kit, BODY "pair: {a: stay, b: stay}\nin: [institution]\nwithin: ever\nhit: a.nights > 1\n")
            ->reach,
        SH_REACH_EXCHANGED);
    r = compile(
        &kit,
        BODY "each: line\nvalue: sum(line.amount) / count()\nof: [institution]\npeers: [month]\nbound: 3\n");
    CHECK_I64(r->shape, SH_SHAPE_STAT);
    CHECK_I64(r->reach, SH_REACH_MERGED);
    CHECK_I64(r->level, SH_LEVEL_INDICATOR);
    r = compile(&kit,
                BODY "each: [institution, item, month]\nof: [stock_move, line]\nhit: sum(line.quantity) > "
                     "sum(quantity)\namount: 0\n");
    CHECK(r->has_b);
    CHECK_I64(r->reach, SH_REACH_MERGED);
    kit_end(&kit);
    refuse(BODY "stages: [before, after]\neach: [institution, day]\nhit: count() > 1\n", "stages: [after]");
    refuse(BODY "stages: [after]\npair: {a: line, b: line}\nin: [item]\nwithin: day\n"
                "where: any(stay in person where row.open)\nhit: a.person != b.person\n",
           "of many persons");
    refuse(BODY "stages: [after]\nopen: remind\neach: [institution, day]\nhit: count() > 1\n",
           "no one encounter that is open");
    refuse(BODY "each: [institution, day]\nhit: any(line in person where quantity > 1)\n", "of many persons");
    refuse(BODY "each: line\nvalue: distinct(line.item)\nof: [institution]\npeers: [month]\nbound: 3\n",
           "a statistic is made of");
    refuse(BODY "each: line\nvalue: count()\nof: [institution]\npeers: [mounth]\nbound: 3\n",
           "did you mean month?");
    refuse(BODY "each: line\nvalue: count()\nof: [institution]\nbound: 3\n", "peers");
    refuse(BODY "each: line\nvalue: count()\nof: [institution]\npeers: [month]\nbound: 3 days\n",
           "plain number");
    refuse(BODY "level: certain\neach: line\nvalue: count()\nof: [institution]\npeers: [month]\nbound: 3\n",
           "a statistic is an indicator");
    refuse(
        BODY
        "each: [institution, month]\nof: [stock_move, line]\nhit: sum(line.quantity * stock_move.quantity) > "
        "1\namount: 0\n",
        "over one of the two tables");
    refuse(BODY "each: [institution, month]\nof: [stock_move, line]\nhit: sum(line.quantity) > 1\n",
           "its amount is 0 or an expression");
    refuse(
        BODY
        "each: [institution, prescription]\nof: [stock_move, line]\nhit: sum(line.quantity) > 1\namount: 0\n",
        "prescription");
    refuse(BODY "each: stock_move\nhit: quantity > 1\n", "rows of stock_move are of institutions");
    refuse(BODY "each: [institution, month]\nof: stock_move\nhit: sum(quantity where any(line in "
                "institution)) > 1\namount: "
                "0\n",
           "of many persons");
#undef BODY
}
static void refuse_table(const char *table, const char *rule, const char *part) {
    struct kit kit;
    struct sh_rule *compiled = NULL;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv", table);
    CHECK_OK(kit_load(&kit), &kit.err);
    CHECK_CODE(sh_rule_compile(sh_str_of(rule), "r.yaml", kit.loaded, &kit.arena, &compiled, &kit.err),
               SH_E_INPUT);
    CHECK_HAS(kit.err.message, "r.yaml:6:11: table limits");
    CHECK_HAS(kit.err.message, part);
    kit_end(&kit);
}

/* Looked up by anything but the item of a line, every row would be hit. */
static void a_table_that_cannot_be_looked_up_is_refused(void **state) {
    (void)state;
    static const char pair[] =
        HEAD "pair: {a: line, b: line}\nin: [person]\nwithin: day\nhit: a.item != b.item\n";
    static const char row[] = HEAD "each: line\nhit: line.quantity > 1\n";
#define ROWS(keys, columns, cells)                                                                           \
    "#! title: t\n#! rows: forbid\n" keys "point," columns ",from,source\np," cells ",2026-01-01,s\n"
    refuse_table(ROWS("#! key a: operation.code under\n#! key b: operation.code under\n", "a,b", "A,B"), pair,
                 "key a joins operation.code");
    refuse_table(ROWS("#! key a: line.item =\n#! key b: line.category =\n", "a,b", "A,B"), pair,
                 "key b joins line.category");
    refuse_table(ROWS("#! key a: line.item =\n", "a", "A"), pair, "has no key 'b'");
    refuse_table(ROWS("#! key item: line.item =\n", "item", "A"), pair, "has no key 'a'");
    refuse_table(ROWS("#! key a: line.item =\n#! key b: line.item =\n", "a,b", "A,B"), row,
                 "is one of pairs");
    refuse_table(ROWS("#! key item: line.operation_code =\n", "item", "A"), row,
                 "key item joins line.operation_code");
    refuse_table(ROWS("#! key a: line.item =\n#! key b: line.item =\n", "a,b", "A,B"),
                 HEAD "pair: {a: stay, b: stay}\nin: [person]\nwithin: ever\nhit: a.covered > b.covered\n",
                 "the rows of this rule are of table stay");
    refuse_table(ROWS("#! key item: line.item =\n", "item", "A"), HEAD "each: diagnosis\nhit: main\n",
                 "the rows of this rule are of table diagnosis");
#undef ROWS
}

static void a_changing_parameter_needs_two_rules(void **state) {
    (void)state;
    refuse("rule: r\nname: n\nbasis: [b]\nin_force: {from: 2024-01-01}\neach: line\nhit: quantity > "
           "param(moving)\nsay: x\n",
           "changes while the rule is in force");
    struct kit kit;
    kit_begin(&kit);
    (void)compile(&kit, HEAD "each: line\nhit: quantity > param(age.max) / 1 year\n");
    kit_end(&kit);
}

static void everything_is_reported_not_the_first_only(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv", TABLE);
    kit_write(kit.rules, "r.yaml",
              HEAD
              "each: line\nwhere: quantity > nothing\nhit: quantity > k.nothing\ndoubt: person.sxe = 男\n");
    CHECK_CODE(kit_load(&kit), SH_E_INPUT);
    CHECK_HAS(kit.report, "r.yaml:9:");
    CHECK_HAS(kit.report, "r.yaml:10:");
    CHECK_HAS(kit.report, "r.yaml:11:");
    kit_end(&kit);
}

CHECK_MAIN(cmocka_unit_test(each_shape_is_read), cmocka_unit_test(faults_have_their_place),
           cmocka_unit_test(the_reach_follows_from_the_keys),
           cmocka_unit_test(a_table_that_cannot_be_looked_up_is_refused),
           cmocka_unit_test(a_changing_parameter_needs_two_rules),
           cmocka_unit_test(everything_is_reported_not_the_first_only))
