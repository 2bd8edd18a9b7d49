/* Goal: every fault of a text is named with its place, counted in characters, and with what was probably
 * meant. */
#include "check.h"
#include "small.h"

struct error_case {
    const char *text, *message; /* behind "r.yaml:14:" */
};

static void run(enum sh_context_kind kind, const struct error_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_err err = {0};
        struct sh_expr *e;
        const sh_code code = small_compile(cases[i].text, kind, &arena, &e, &err);
        if (code != SH_E_INPUT)
            print_error("case: %s\n", cases[i].text);
        CHECK_CODE(code, SH_E_INPUT);
        CHECK(strncmp(err.message, "r.yaml:14:", 10) == 0);
        if (strcmp(err.message + 10, cases[i].message) != 0)
            print_error("case: %s\n", cases[i].text);
        CHECK_TEXT(err.message + 10, cases[i].message);
        CHECK_CODE(small_compile(cases[i].text, kind, &arena, &e, NULL), SH_E_INPUT);
    }
}

static void names(void **state) {
    (void)state;
    const struct error_case cases[] = {
        {"line.amout > 5", "6: unknown field line.amout, did you mean line.amount?"},
        {"5 < line.amout", "10: unknown field line.amout, did you mean line.amount?"},
        {"amout > 5", "6: unknown field amout, did you mean amount?"},
        {"encounter.visit = 住院 and amout > 5", "31: unknown field amout, did you mean amount?"},
        {"institution_level < 二级",
         "6: unknown field institution_level, did you mean encounter.institution_level?"},
        {"encounter.zzzzzzz", "6: unknown field encounter.zzzzzzz; encounter has none of that name"},
        {"encounter.institution_level < 二极", "36: unknown level 二极, did you mean 二级?"},
        {"covered.x > 1", "6: unknown field covered.x"},
        {"line.covered.x > 1", "11: line.covered is no row, it has no fields"},
        {"persn.age > 1", "6: unknown field persn.age, did you mean person.age?"},
        {"person.aeg > 1", "6: unknown field person.aeg, did you mean person.age?"},
        {"param(limt) > 1", "12: unknown parameter limt, did you mean limit?"},
        {"param(zzzzz) > 1",
         "12: unknown parameter zzzzz; a number of law needs a row in the parameters, without "
         "value where each place sets it"},
        {"xsum(covered) > 1", "6: unknown function xsum, did you mean sum?"},
        {"any(lien where covered > 1)",
         "10: any(…) asks for rows of a table; unknown table lien, did you mean line?"},
        {"any(line where amout > 1)", "21: unknown field amout, did you mean amount?"},
        {"any(diagnosis where covered > 1)", "26: unknown field covered, did you mean line.covered?"},
        {"any(line where item.kind = drug)", "21: item.kind may be of the row asked for or of the subject: "
                                             "write row.item.kind or line.item.kind"},
        {"excess(1, 2)", "6: excess(…) is not an expression; it stands alone under amount:"},
    };
    run(SH_CONTEXT_ROW, cases, sizeof cases / sizeof *cases);
}

static void types(void **state) {
    (void)state;
    const struct error_case cases[] = {
        {"covered > days", "6: yuan compared with days: covered and days"},
        {"covered > quantity", "6: yuan compared with number: covered and quantity"},
        {"encounter.insurance = encounter.visit",
         "6: code of insurance compared with code of visit: encounter.insurance and encounter.visit"},
        {"encounter.insurance in k.visits",
         "6: code of insurance compared with set of visit: encounter.insurance in k.visits"},
        {"encounter.visit < 住院", "6: code of visit: codes have no order; use = != in under"},
        {"covered * amount > 1", "6: yuan times yuan: covered * amount"},
        {"days / covered > 1", "6: days divided by yuan: days / covered"},
        {"covered + 1 day", "6: yuan added to days: covered and 1 day"},
        {"covered and true", "6: covered is of type yuan, and needs a condition"},
        {"not covered", "10: covered is of type yuan, not needs a condition"},
        {"newborn + 1", "6: unknown field newborn, did you mean encounter.newborn?"},
        {"take_home + 1 > 2", "6: take_home is of type condition, a sum needs numbers"},
        {"take_home = 1", "6: condition compared with number: take_home and 1"},
        {"day > time", "6: date compared with time: day and time; write day(…) of the time"},
        {"uploaded - time > 6",
         "6: seconds (hours) compared with number: uploaded - time and 6; write a unit: 6 hours"},
        {"day + 3", "6: date plus number: write a unit, as in 15 days or 6 hours"},
        {"day + 3 hours", "6: hours are counted from a time, day is a date"},
        {"day under {1}", "6: under is for codes; day is of type date"},
        {"encounter.visit in 住院", "25: unknown field 住院"},
        {"encounter.visit = k.visits", "6: code of visit compared with set of visit: write in"},
        {"covered = \"abc\"", "16: a quoted word compared with yuan: covered"},
        {"{1, 2}", "6: a set {…} stands only behind in or under"},
        {"hour(day) > 1", "11: hour needs a time; day is a date"},
        {"day(covered)", "10: day needs a date or time; covered is of type yuan"},
        {"overlap(person, person)", "14: a row of person has no beginning and end, it cannot overlap"},
        {"overlap(encounter, encounter) in weeks",
         "39: overlap is counted in nights, days or seconds, not weeks"},
        {"period(k.max)", "13: period needs a cell with a grouping word; k.max is of type number"},
        {"sum(line.item)", "10: sum needs a number; line.item is of type code of item"},
        {"any(line past 3 where true)", "20: past, next and within need days or hours; 3 is of type number"},
        {"min(covered, days)", "6: yuan and days: covered and days"},
        {"99999999999999999999 > 1",
         "6: the number 99999999999999999999 has too many digits; quote it if it is a code"},
    };
    run(SH_CONTEXT_ROW, cases, sizeof cases / sizeof *cases);
}

static void shape(void **state) {
    (void)state;
    const struct error_case cases[] = {
        {"", "6: the expression ends here, a value is missing"},
        {"covered >", "15: the expression ends here, a value is missing"},
        {"covered > > 1", "16: unexpected '>', wanted a value"},
        {"(covered > 1", "6: the bracket opened here is not closed, ')' is missing"},
        {"covered > 1)", "17: ')' closes nothing"},
        {"quantity in {1, 2", "18: the bracket opened here is not closed, '}' is missing"},
        {"quantity in {}", "18: an empty set; name at least one member"},
        {"quantity in [1 2)", "21: unexpected '2', wanted ','"},
        {"1 < covered < 2", "18: two comparisons in a row; join them with and"},
        {"covered > 1 covered", "18: unexpected 'covered' behind the end of the expression"},
        {"covered ≥ 1", "14: unexpected '≥', write >="},
        {"（covered > 1）", "6: unexpected '（', write ("},
        {"covered == 1", "14: unexpected '==', write ="},
        {"covered > 1 && true", "18: unexpected '&', write and"},
        {"covered > 1\n  or amout", "6: unknown field amout, did you mean amount?"},
        {"encounter.visit = 住院 \"", "27: the quote \" is not closed"},
        {"day = 2026-02-30", "12: 2026-02-30 is no date: "},
        {"21a = 1", "6: a number runs into letters; put a space between, or quote the code"},
        {"and true", "6: unexpected 'and', wanted a value"},
        {"covered # 1", "14: unexpected '#'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_err err = {0};
        struct sh_expr *e;
        CHECK_CODE(small_compile(cases[i].text, SH_CONTEXT_ROW, &arena, &e, &err), SH_E_INPUT);
        const size_t len = strlen(cases[i].message);
        const char *behind = strstr(err.message, ":1") + 4; /* line 14 or 15 */
        if (strncmp(behind, cases[i].message, len) != 0)
            print_error("case: %s\n  is \"%s\"\n", cases[i].text, err.message);
        CHECK(strncmp(behind, cases[i].message, len) == 0);
    }
}

static void places(void **state) {
    (void)state;
    const struct error_case row[] = {
        {"sum(covered) > 1", "6: sum(…) is counted over a group or window; here is only one row"},
        {"count() > 1", "6: count(…) is counted over a group or window; here is only one row"},
        {"any(line where any(diagnosis))",
         "21: a related call inside a related call; name the inner one as a view"},
        {"nth() > 1", "6: nth(…) ranks a member of a group; it belongs inside an aggregate or under blame:"},
        {"standing(count()) > 1", "6: standing(…) belongs to a rule over a window"},
        {"any(line in week)",
         "18: related rows are asked in encounter, prescription, day, stay, person or institution"},
    };
    run(SH_CONTEXT_ROW, row, sizeof row / sizeof *row);
    const struct error_case group[] = {
        {"sum(max(covered)) > 1", "10: max(…) cannot stand inside another aggregate"},
        {"any(line in person where covered > sum(covered))",
         "41: sum(…) cannot stand inside a related call; compare outside, or name a view"},
        {"sum(covered / 2) > 1", "10: sum of a computed fraction: covered / 2; divide the results instead"},
        {"standing(sum(covered)) > 1", "6: standing(…) belongs to a rule over a window"},
        {"count(1)",
         "12: 1 is of type number, count(), count(condition) or count(where condition) needs a condition"},
    };
    run(SH_CONTEXT_GROUP, group, sizeof group / sizeof *group);
}

static void limits(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_expr *e;
    struct sh_err err;
    char *text = sh_arena_alloc(&arena, 40000, 1);
    memset(text, '(', 20000);
    CHECK_CODE(small_compile(text, SH_CONTEXT_ROW, &arena, &e, &err), SH_E_LIMIT);
    text[500] = '\0';
    CHECK_CODE(small_compile(text, SH_CONTEXT_ROW, &arena, &e, &err), SH_E_LIMIT);
    for (const char *piece = "not -1+1*"; *piece; piece++) {
        static const char *const units[] = {"not ", "- ", "1+", "1*", "abs("};
        for (size_t u = 0; u < 5; u++) {
            char *at = text;
            for (int i = 0; i < 600; i++)
                at = (char *)memcpy(at, units[u], strlen(units[u])) + strlen(units[u]);
            memcpy(at, "1", 2);
            const sh_code code = small_compile(text, SH_CONTEXT_ROW, &arena, &e, &err);
            CHECK(code == SH_E_LIMIT || code == SH_E_INPUT);
        }
    }
    char *at = text; /* and, or are flat */
    for (int i = 0; i < 600; i++)
        at = (char *)memcpy(at, "true and ", 9) + 9;
    memcpy(at, "true", 5);
    CHECK_OK(small_compile(text, SH_CONTEXT_ROW, &arena, &e, &err), &err);
}

CHECK_MAIN(cmocka_unit_test(names), cmocka_unit_test(types), cmocka_unit_test(shape),
           cmocka_unit_test(places), cmocka_unit_test(limits))
