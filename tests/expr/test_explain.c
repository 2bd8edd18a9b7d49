/* Goal: why a value is missing, what was read, what would clear a hit, and texts. */
#include "check.h"
#include "small.h"

struct world {
    struct sh_arena arena;
    struct small *s;
    struct sh_eval in;
    struct sh_batch batch, members;
    int32_t line, k;
    uint32_t begin[2];
};

static void open_world(struct world *w, int line, int k) {
    *w = (struct world){.line = line, .k = k};
    w->s = sh_new(&w->arena, struct small, 1);
    small_init(w->s);
    w->in = (struct sh_eval){&w->s->frame, &w->s->world, &w->arena};
    w->members = (struct sh_batch){.n = N_LINES, .rows = {w->s->iota, NULL}};
    int32_t *ks = sh_new(&w->arena, int32_t, N_LINES);
    for (int i = 0; i < N_LINES; i++)
        ks[i] = k;
    w->members.rows[1] = ks;
    w->begin[1] = line == 6 ? 8 : 4; /* with line 6 all lines, else the first four */
    w->batch = (struct sh_batch){
        .n = 1, .rows = {&w->line, &w->k}, .members = &w->members, .member_begin = w->begin};
}
static void close_world(struct world *w) {
    sh_arena_free(&w->arena);
}

struct text_case {
    const char *text;
    int line, k;
    const char *want;
};

static void causes(void **state) {
    (void)state;
    static const struct text_case cases[] = {
        {"covered > 1", 0, 0, ""},
        {"covered > 1", 6, 0, "line.covered"},
        {"quantity * unit_price > 1", 6, 0, "line.quantity"},
        {"true and covered > quantity * k.price", 6, 0, "line.covered"},
        {"covered > k.price * k.max", 0, 2, "frequency.max"},
        {"person.age > 1", 6, 0, "person.birth"},
        {"person.sex = 男", 7, 0, "line.person"},
        {"line.encounter.person.sex = 男", 7, 0, "line.encounter"},
        {"encounter.visit = 住院", 6, 0, "encounter.visit"},
        {"covered > 1", -1, 0, "line"},
        {"quantity > param(unset)", 0, 0, "param(unset)"},
        {"covered / 0 > 1", 0, 0, "division by zero"},
        {"covered / (covered - 10) > 1", 0, 0, "division by zero"},
        {"covered * 99999999999 * 99999999999 * 99999999999 * 99999999999 > 1", 0, 0, "overflow"},
        {"uploaded > time", 5, 0, "line.time_exact"},
        {"hour(time) > 1", 7, 0, "line.time"},
        {"person.death", 0, 0, "person.death"},
        {"encounter.visit in k.visits", 0, 2, "frequency.visits"},
        {"person.age in k.age", 6, 0, "person.birth"},
        {"period(k.period)", 0, 2, "6 hours"},
        {"any(line where covered > 90)", 6, 0, "line.covered"},
        {"any(diagnosis where code under I10)", 0, 0, "diagnosis.code"},
        {"count(line in person past 2 days)", 7, 0, "line.time"},
        {"first(line.covered where quantity > 9)", 0, 0, "no row of line"},
        {"overlap(encounter, encounter) in nights", 4, 0, "encounter.to"},
        {"covered > 5 or any(line where covered > 90)", 6, 0, "line.covered"},
        {"days - 1 day > 1", 6, 0, "line.days"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        open_world(&w, cases[i].line, cases[i].k);
        struct sh_err err;
        struct sh_expr *e;
        struct sh_str got;
        CHECK_OK(small_compile(cases[i].text, SH_CONTEXT_ROW, &w.arena, &e, &err), &err);
        CHECK_OK(sh_expr_missing(e, &w.in, &w.batch, 0, &got, &err), &err);
        if (!sh_str_is(got, cases[i].want))
            print_error("case: %s\n", cases[i].text);
        CHECK_STR(got, cases[i].want);
        close_world(&w);
    }
}

static void causes_in_many_rows(void **state) {
    (void)state;
    static const struct text_case cases[] = {{"sum(covered) > 1", 6, 0, "line.covered"},
                                             {"sum(quantity * unit_price) > k.price", 6, 0, "line.quantity"},
                                             {"days() > 1", 6, 0, "line.supply_days"},
                                             {"distinct(item) > 1", 6, 0, "line.item"},
                                             {"any(covered > 900)", 6, 0, "line.covered"},
                                             {"sum(quantity) > k.max", 0, 2, "frequency.max"},
                                             {"count(covered > 10) > 1", 6, 0, "line.covered"},
                                             {"sum(quantity where covered > 0) > 1", 6, 0, "line.quantity"},
                                             {"any(nth(item) > 9)", 6, 0, "line.item"},
                                             {"span() > 1", 6, 0, "line.time"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        open_world(&w, cases[i].line, cases[i].k);
        struct sh_err err;
        struct sh_expr *e;
        struct sh_str got;
        CHECK_OK(small_compile(cases[i].text, SH_CONTEXT_GROUP, &w.arena, &e, &err), &err);
        CHECK_OK(sh_expr_missing(e, &w.in, &w.batch, 0, &got, &err), &err);
        if (!sh_str_is(got, cases[i].want))
            print_error("case: %s\n", cases[i].text);
        CHECK_STR(got, cases[i].want);
        close_world(&w);
    }
}

static void absence_needs_completeness(void **state) {
    (void)state;
    struct world w;
    open_world(&w, 0, 0);
    w.s->complete = 0;
    static const struct {
        const char *text;
        int64_t want;
        const char *cause;
    } cases[] = {{"none(line in person where covered > 90)", M, "complete(line in person)"},
                 {"none(line in person where covered > 30)", 0, ""},
                 {"every(line where quantity > 0)", M, "complete(line in encounter)"},
                 {"every(line where quantity > 1)", 0, ""},
                 {"any(line where covered > 90)", 0, ""},
                 {"complete(line in person)", 0, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sh_err err;
        struct sh_expr *e;
        struct sh_str got;
        int64_t value;
        CHECK_OK(small_compile(cases[i].text, SH_CONTEXT_ROW, &w.arena, &e, &err), &err);
        CHECK_OK(sh_expr_eval(e, &w.in, &w.batch, &value, &err), &err);
        CHECK_I64(value, cases[i].want);
        CHECK_OK(sh_expr_missing(e, &w.in, &w.batch, 0, &got, &err), &err);
        CHECK_STR(got, cases[i].cause);
    }
    struct sh_err err;
    struct sh_expr *e;
    struct sh_str got;
    int64_t value;
    w.s->most = 2;
    CHECK_OK(small_compile("any(line where covered > 1)", SH_CONTEXT_ROW, &w.arena, &e, &err), &err);
    CHECK_OK(sh_expr_eval(e, &w.in, &w.batch, &value, &err), &err);
    CHECK_I64(value, M);
    CHECK_OK(sh_expr_missing(e, &w.in, &w.batch, 0, &got, &err), &err);
    CHECK_STR(got, "timeline too long");
    close_world(&w);
}

static void clearing(void **state) {
    (void)state;
    static const struct text_case row[] = {
        {"covered > k.price", 1, 0, "covered <= 15.00"},
        {"k.price < covered", 1, 0, "covered <= 15.00"},
        {"covered > 1", 6, 0, ""},
        {"k.max = 1 and covered > 1", 0, 0, "covered <= 1.00"},
        {"day > person.death", 4, 0, "day <= 2026-02-10"},
        {"covered > 1 or quantity > 0", 0, 0, "covered <= 1.00 and quantity <= 0"},
        {"not (covered < 1)", 0, 0, "covered < 1.00"},
        {"person.age not in k.age", 0, 1, "person.age in [3, 13)"},
        {"encounter.visit not in k.visits", 4, 0, "encounter.visit in {住院}"},
        {"encounter.visit = 住院", 0, 0, "encounter.visit != 住院"},
        {"item in {XA10BA001, T001700233}", 0, 0, "item not in {XA10BA001, T001700233}"},
        {"none(line where covered > 90)", 0, 0, "any(line where covered > 90)"},
        {"any(line where covered > 5)", 0, 0, "none(line where covered > 5)"},
        {"encounter.inpatient", 0, 0, "not encounter.inpatient"},
        {"quantity in [1, 3)", 0, 0, "quantity not in [1, 3)"},
        {"encounter.insurance != k.insurance", 0, 1, "encounter.insurance = 390"},
        {"k.max = 1", 0, 0, ""},
        {"item under {XA10BA}", 0, 0, "item not under XA10BA"}};
    for (size_t i = 0; i < sizeof row / sizeof *row + 1; i++) {
        const bool last = i == sizeof row / sizeof *row;
        const struct text_case c =
            last ? (struct text_case){"sum(line.quantity) > k.max", 0, 0, "sum(line.quantity) <= 1"} : row[i];
        struct world w;
        open_world(&w, c.line, c.k);
        struct sh_err err;
        struct sh_expr *e;
        struct sh_str got;
        CHECK_OK(small_compile(c.text, last ? SH_CONTEXT_GROUP : SH_CONTEXT_ROW, &w.arena, &e, &err), &err);
        CHECK_OK(sh_expr_clearing(e, &w.in, &w.batch, 0, &got, &err), &err);
        if (!sh_str_is(got, c.want))
            print_error("case: %s\n", c.text);
        CHECK_STR(got, c.want);
        close_world(&w);
    }
}

static void values(void **state) {
    (void)state;
    struct world w;
    open_world(&w, 0, 1);
    struct sh_err err;
    struct sh_expr *e;
    struct sh_value_read *v;
    size_t n;
    CHECK_OK(small_compile("sum(line.quantity) > k.max and person.age not in k.age and day(time) = "
                           "2026-02-01 and param(limit) = 2 and "
                           "encounter.visit = 住院 and k.max > 0 and any(line where covered > 5) and "
                           "gap(encounter.from, day) < 3",
                           SH_CONTEXT_GROUP, &w.arena, &e, &err),
             &err);
    CHECK_OK(sh_expr_values(e, &w.in, &w.batch, 0, &v, &n, &err), &err);
    static const char *const want[][2] = {{"sum(line.quantity)", "4.5"},
                                          {"k.max", "2"},
                                          {"person.age", "25"},
                                          {"k.age", "[3, 13)"},
                                          {"time", "2026-02-01 09:00:00"},
                                          {"param(limit)", "2"},
                                          {"encounter.visit", "住院"},
                                          {"any(line where covered > 5)", "true"},
                                          {"encounter.from", "2026-02-01"},
                                          {"day", "2026-02-01"}};
    CHECK_I64(n, sizeof want / sizeof *want);
    for (size_t i = 0; i < n; i++) {
        CHECK_STR(v[i].name, want[i][0]);
        CHECK_STR(v[i].value, want[i][1]);
    }
    close_world(&w);
}

static void templates(void **state) {
    (void)state;
    struct world w;
    open_world(&w, 1, 0);
    struct sh_err err;
    struct sh_template *t;
    struct sh_str got;
    struct sh_need *needs;
    size_t n;
    const struct sh_context context = small_context(SH_CONTEXT_GROUP);
    const struct sh_place at = {"r.yaml", 20, 7};
    CHECK_OK(sh_template_compile(SH_STR("{item}：{day} 计费 {sum(line.quantity)} 次，限 {k.max} "
                                        "次，{covered} 元，{covered / 3} 元，{{x}} {person.death}"
                                        "{encounter.institution_level}{any(quantity in {1, 2})}"),
                                 at, &context, &w.arena, &t, &err),
             &err);
    CHECK_OK(sh_template_bind(t, small_lookup, NULL, &w.arena, &err), &err);
    CHECK_OK(sh_template_needs(t, &w.arena, &needs, &n, &err), &err);
    CHECK(n > 5);
    CHECK_OK(sh_template_print(t, &w.in, &w.batch, 0, &got, &err), &err);
    CHECK_STR(got, "XA10BA001：2026-02-02 计费 4.5 次，限 1 次，40.00 元，13.33 元，{x} ?二级true");
    CHECK_CODE(sh_template_compile(SH_STR("计费 {sum(amout)} 次"), at, &context, &w.arena, &t, &err),
               SH_E_INPUT);
    CHECK_TEXT(err.message, "r.yaml:20:15: unknown field amout, did you mean amount?");
    CHECK_CODE(sh_template_compile(SH_STR("计费 {sum(amount)"), at, &context, &w.arena, &t, &err),
               SH_E_INPUT);
    CHECK_TEXT(err.message, "r.yaml:20:10: '{' is not closed; write {{ for the sign itself");
    CHECK_CODE(sh_template_compile(SH_STR("计费 } 次"), at, &context, &w.arena, &t, &err), SH_E_INPUT);
    CHECK_OK(sh_template_compile(SH_STR("nothing"), at, &context, &w.arena, &t, &err), &err);
    CHECK_OK(sh_template_needs(t, &w.arena, &needs, &n, &err), &err);
    CHECK_I64(n, 0);
    close_world(&w);
}

static void needs_are_named_once(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err;
    struct sh_expr *e;
    struct sh_need *needs;
    size_t n;
    CHECK_OK(small_compile("person.age > 3 and person.age < 9 and none(diagnosis where code under I10)",
                           SH_CONTEXT_ROW, &arena, &e, &err),
             &err);
    CHECK_OK(sh_expr_needs(e, &arena, &needs, &n, &err), &err);
    static const struct sh_need want[] = {{T_LINE, L_PERSON},
                                          {T_LINE, L_TIME},
                                          {T_PERSON, P_BIRTH},
                                          {T_DIAGNOSIS, G_CODE},
                                          {T_DIAGNOSIS, UINT16_MAX}};
    CHECK_I64(n, 5);
    for (size_t i = 0; i < n; i++) {
        CHECK_I64(needs[i].table, want[i].table);
        CHECK_I64(needs[i].column, want[i].column);
    }
}

CHECK_MAIN(cmocka_unit_test(causes), cmocka_unit_test(causes_in_many_rows),
           cmocka_unit_test(absence_needs_completeness), cmocka_unit_test(clearing), cmocka_unit_test(values),
           cmocka_unit_test(templates), cmocka_unit_test(needs_are_named_once))
