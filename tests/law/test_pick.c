/* Goal: a number is picked by place and by the day it names itself, inside the bounds of higher rank; what
 * has no value is named with who must set it (V1, V2, V6). */
#include "base/fs.h"
#include "base/limits.h"
#include "law/calendars.h"
#include <unistd.h>

#define HEAD "name,place,from,to,value,unit,basis,note,picked_by,rank,binds,status,set_by,reading\n"

static sh_code load(const char *text, struct sh_arena *arena, struct sh_params **ret, struct sh_err *err) {
    char dir[] = "/tmp/shouhu-pick-XXXXXX", path[SH_PATH_BYTES_MAX];
    struct sh_err own;
    CHECK(mkdtemp(dir) != NULL);
    CHECK_OK(sh_path_join(path, dir, "p.csv", &own), &own);
    CHECK_OK(sh_fs_write(path, sh_str_of(text), &own), &own);
    const sh_code code = sh_params_load(dir, arena, ret, err);
    CHECK_OK(sh_remove_tree(dir, &own), &own);
    return code;
}
static struct sh_param_pick pick(const struct sh_params *p, const char *name, const char *place,
                                 struct sh_param_dates dates) {
    return sh_param_pick(p, sh_str_of(name), sh_str_of(place), dates);
}
static void check_tells(const struct sh_param_pick *is, const char *name, const char *part) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    sh_param_tell(is, sh_str_of(name), SH_STR("620100"), SH_ZH, &out);
    sh_buf_add(&out, "", 1);
    CHECK_HAS(out.at, part);
}

static void the_number_says_which_day_picks_it(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_params *p = NULL;
    struct sh_err err;
    CHECK_OK(load(HEAD "fine,000000,2020-01-01,2021-05-01,1,times,old,,act,law,,F,x,\n"
                       "fine,000000,2021-05-01,,2,times,new,,act,law,,F,x,\n"
                       "days,000000,2020-01-01,2021-05-01,3,wd,old,,step,law,,F,x,\n"
                       "days,000000,2021-05-01,,5,wd,new,,step,law,,F,x,\n"
                       "quota,000000,2020-01-01,2021-05-01,7,percent,old,,period,law,,F,x,\n"
                       "quota,000000,2021-05-01,,9,percent,new,,period,law,,F,x,\n",
                  &arena, &p, &err),
             &err);
    const int32_t old = day_of("2021-04-30"), new = day_of("2021-05-01");
    const struct sh_param_dates a = {.act = old, .step = new, .period = new},
                                b = {.act = new, .step = old, .period = new},
                                c = {.act = new, .step = new, .period = old};
    CHECK_I64(pick(p, "fine", "620100", a).row->value, 1);
    CHECK_I64(pick(p, "fine", "620100", b).row->value, 2);
    CHECK_I64(pick(p, "days", "620100", a).row->value, 5);
    CHECK_I64(pick(p, "days", "620100", b).row->value, 3);
    CHECK_I64(pick(p, "quota", "620100", a).row->value, 9);
    CHECK_I64(pick(p, "quota", "620100", c).row->value, 7);
    const struct sh_param_pick none = pick(p, "fine", "620100", (struct sh_param_dates){INT32_MIN, new, new});
    CHECK_I64(none.state, SH_PARAM_NO_DAY);
    check_tells(&none, "fine", "行为发生日");
    const struct sh_param_pick no_such = pick(p, "fines", "620100", a);
    CHECK_I64(no_such.state, SH_PARAM_NO_SUCH);
    check_tells(&no_such, "fines", "没有参数 fines");
}

static void the_narrowest_place_wins_inside_higher_bounds(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_params *p = NULL;
    struct sh_err err;
    CHECK_OK(load(HEAD "ban,000000,,,1,years,order 12,,act,order,exact,F,nation,\n"
                       "ban,620100,,,3,years,S4 20,,act,local_paper,,F,city,\n"
                       "ban,620200,,,3,years,S4 20,,act,local_paper,,F,city,stricter is allowed\n"
                       "ban,620300,,,1.0,years,same,,act,local_paper,,F,city,\n"
                       "share,000000,,,5,percent,law,,act,law,min,F,nation,\n"
                       "share,620000,,,4.9,percent,province,,act,local_rule,,F,province,\n"
                       "share,620100,,,5.1,percent,city,,act,local_paper,,F,city,\n"
                       "crime,000000,,,,yuan,court,,act,interpretation,,P,province,\n"
                       "crime,000000,,,3000,yuan,court,,act,interpretation,floor,F,court,\n"
                       "crime,000000,,,10000,yuan,court,,act,interpretation,ceiling,F,court,\n"
                       "crime,620000,,,5000,yuan,province,,act,local_rule,,F,province,\n"
                       "crime,630000,,,10000.01,yuan,province,,act,local_rule,,F,province,\n"
                       "crime,640000,,,2999.99,yuan,province,,act,local_rule,,F,province,\n"
                       "who,000000,,,chief,word,law,,act,law,exact,F,nation,\n"
                       "who,620000,,,deputy,word,rule,,act,local_rule,,F,province,\n",
                  &arena, &p, &err),
             &err);
    const struct sh_param_dates now = {day_of("2026-11-27"), day_of("2026-11-27"), day_of("2026-11-27")};
    static const struct {
        const char *name, *place, *text;
        enum sh_param_state state;
        bool has_bound;
    } cases[] = {
        {"ban", "000000", "1", SH_PARAM_SET, false},
        {"ban", "620102", "3", SH_PARAM_BEYOND, true},
        {"ban", "620200", "3", SH_PARAM_SET, true},
        {"ban", "620300", "1.0", SH_PARAM_SET, false},
        {"share", "620200", "4.9", SH_PARAM_BEYOND, true},
        {"share", "620100", "5.1", SH_PARAM_SET, false},
        {"crime", "620100", "5000", SH_PARAM_SET, false},
        {"crime", "630000", "10000.01", SH_PARAM_BEYOND, true},
        {"crime", "640000", "2999.99", SH_PARAM_BEYOND, true},
        {"crime", "110000", "", SH_PARAM_UNSET, false},
        {"who", "110000", "chief", SH_PARAM_SET, false},
        {"who", "620000", "deputy", SH_PARAM_BEYOND, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_param_pick is = pick(p, cases[i].name, cases[i].place, now);
        CHECK_I64(is.state, cases[i].state);
        CHECK_STR(is.row->text, cases[i].text);
        CHECK_I64(is.bound != NULL, cases[i].has_bound);
    }
    const struct sh_param_pick beyond = pick(p, "ban", "620100", now),
                               unset = pick(p, "crime", "110000", now);
    check_tells(&beyond, "ban", "order 12");
    check_tells(&beyond, "ban", "不予采用");
    check_tells(&unset, "crime", "应由province确定");
    /* What only reads numbers never takes a bound for a value. */
    CHECK_I64(sh_param_find(p, SH_STR("crime"), SH_STR("110000"), now.act)->value, INT64_MIN);
}

static void missing_is_what_has_no_value_for_the_place(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_params *p = NULL;
    struct sh_err err;
    CHECK_OK(
        load(HEAD
             "b,000000,,,,wd,x,,step,law,,P,province,\nb,620000,2026-01-01,,5,wd,x,,step,local_rule,,F,p,\n"
             "a,000000,,,,wd,x,,step,law,,P,province,\nc,000000,,,1,wd,x,,step,law,,F,p,\n",
             &arena, &p, &err),
        &err);
    const struct sh_param *const *list = NULL;
    size_t n = 0;
    CHECK_OK(sh_params_missing(p, SH_STR("620100"), day_of("2026-01-01"), &arena, &list, &n, &err), &err);
    CHECK_I64(n, 1);
    CHECK_STR(list[0]->name, "a");
    CHECK_OK(sh_params_missing(p, SH_STR("620100"), day_of("2025-12-31"), &arena, &list, &n, &err), &err);
    CHECK_I64(n, 2);
    CHECK_STR(list[1]->name, "b");
}

static void check_finds_what_is_beyond_lapsing_or_unsure(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_params *p = NULL;
    struct sh_err err;
    struct sh_law_notes notes = {0};
    CHECK_OK(load(HEAD "ban,000000,,,1,years,order,,act,order,exact,F,n,\n"
                       "ban,620100,2022-01-01,2027-01-01,3,years,S4,,act,local_paper,,F,c,\n" /* beyond; does
                                                                                                 not lapse */
                       "ban,620200,,,3,years,S4,,act,local_paper,,F,c,why\n"
                       "pay,620100,2022-01-01,2027-01-01,3,wd,S4,,step,local_paper,,F,c,\n"
                       "sum,000000,,,3,yuan,x,,step,law,,E,c,\n"
                       "old,620100,2022-01-01,2025-01-01,3,wd,S4,,step,local_paper,,F,c,\n"
                       "law.lapse_ahead,000000,,,180,nd,house,,step,law,,F,n,\n",
                  &arena, &p, &err),
             &err);
    CHECK_OK(sh_params_check(p, day_of("2026-11-27"), SH_ZH, &arena, &notes, &err), &err);
    CHECK_I64(notes.n, 4);
    CHECK_I64(notes.of[0].severity, SH_LAW_ERROR);
    CHECK_I64(notes.of[0].line, 3);
    CHECK_I64(notes.of[1].severity, SH_LAW_WARNING);
    CHECK_I64(notes.of[2].line, 5);
    CHECK(sh_str_find(notes.of[2].text, SH_STR("2027-01-01")) != SH_STR_NONE);
    CHECK_I64(notes.of[3].line, 6);
    notes.n = 0; /* as far ahead as the parameter says, and not a day more */
    CHECK_OK(sh_params_check(p, day_of("2027-01-01") - 181, SH_ZH, &arena, &notes, &err), &err);
    CHECK_I64(notes.n, 3);
    notes.n = 0;
    CHECK_OK(sh_params_check(p, day_of("2027-01-01") - 180, SH_ZH, &arena, &notes, &err), &err);
    CHECK_I64(notes.n, 4);
}

static void faults_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {HEAD "x,000000,,,1,days,b,,step,law,,F,s,\n", "kind of day"},
        {HEAD "x,000000,,,1,wd,b,,,law,,F,s,\n", "which day picks"},
        {HEAD "x,000000,,,1,wd,b,,stp,law,,F,s,\n", "did you mean 'step'"},
        {HEAD "x,000000,,,1,wd,b,,step,laws,,F,s,\n", "did you mean 'law'"},
        {HEAD "x,000000,,,1,wd,b,,step,law,most,F,s,\n", "unknown word 'most'"},
        {HEAD "x,000000,,,1,wd,b,,step,law,,,s,\n", "how well it is known"},
        {HEAD "x,000000,,,1,wd,b,,step,law,,F,,\n", "who sets it"},
        {HEAD "x,000000,,,,wd,b,,step,law,min,P,s,\n", "a bound needs a value"},
        {HEAD "x,000000,,,1,wd,b,,step,law,,P,s,\n", "nobody has set"},
        {HEAD "x,000000,,,,wd,b,,step,law,,F,s,\n", "nobody has set"},
        {HEAD "x,000000,,,02-30,month_day,b,,step,law,,F,s,\n", "is no date"},
        {HEAD "x,000000,,,2025-13-01,date,b,,step,law,,F,s,\n", "is no date"},
        {HEAD "x,000000,,,1,wd,b,,step,law,,F,s,\nx,620000,,,2,wd,b,,act,law,,F,s,\n", "two days"},
        {HEAD "x,000000,,,1,wd,b,,step,law,floor,F,s,\nx,000000,,,2,wd,b,,step,law,floor,F,s,\n",
         "stands twice"},
        {"name,place,from,to,value,unit,basis,note,picked_by\n", "rank"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_params *p = NULL;
        struct sh_err err = {0};
        CHECK_CODE(load(cases[i].text, &arena, &p, &err), SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].part);
    }
}

static void the_shipped_numbers_are_those_of_the_law(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[1024];
    struct sh_params *p = NULL;
    struct sh_err err;
    CHECK_OK(sh_params_load(check_source_path("law/params", path, sizeof path), &arena, &p, &err), &err);
    const int32_t day = day_of("2026-11-27");
    const struct sh_param_dates now = {day, day, day};
    static const struct {
        const char *name, *place, *length;
    } lengths[] = {
        {"agency.defence", "620102", "5 wd"},
        {"agency.file_decision", "620102", "3 wd"},
        {"case.decide", "620100", "90 nd"},
        {"case.decide_ext1", "620100", "30 nd"},
        {"case.seal", "620100", "30 nd"},
        {"transfer.send", "620100", "24 hours"},
        {"points.appeal", "110000", "10 wd"},
        {"case.litigate", "110000", "6 months"},
        {"agency.reban_breach", "110000", "1 year"},
        {"agency.reban_breach", "620100", "3 years"},
        {"public.publish_within", "310000", "20 wd"},
    };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct sh_param_pick is = pick(p, lengths[i].name, lengths[i].place, now);
        struct sh_length want, have;
        CHECK_I64(is.state, SH_PARAM_SET);
        CHECK_OK(sh_length_of_param(is.row, &have, &err), &err);
        CHECK_OK(sh_length_parse(sh_str_of(lengths[i].length), &want, &err), &err);
        CHECK_I64(have.n, want.n);
        CHECK_I64(have.unit, want.unit);
        CHECK(is.row->basis.len > 0 && is.row->set_by.len > 0);
    }
    CHECK_I64(pick(p, "agency.collective_amount_min", "620100", now).row->value, 5000000); /* fen */
    CHECK_I64(pick(p, "case.defence", "620100", now).state, SH_PARAM_UNSET);
    CHECK_I64(pick(p, "review.explain", "620100", now).state, SH_PARAM_UNSET);
    /* The rule of Lanzhou ends with 2026 and has no successor. */
    CHECK_I64(
        pick(p, "agency.defence", "620100", (struct sh_param_dates){day, day_of("2027-01-01"), day}).state,
        SH_PARAM_UNSET);
    struct sh_length length;
    CHECK_CODE(sh_length_of_param(pick(p, "case.officers_min", "620100", now).row, &length, &err),
               SH_E_INPUT);
    struct sh_law_notes notes = {0};
    CHECK_OK(sh_params_check(p, day, SH_EN, &arena, &notes, &err), &err);
    for (size_t i = 0; i < notes.n; i++)
        CHECK_I64(notes.of[i].severity, SH_LAW_WARNING);
}

CHECK_MAIN(cmocka_unit_test(the_number_says_which_day_picks_it),
           cmocka_unit_test(the_narrowest_place_wins_inside_higher_bounds),
           cmocka_unit_test(missing_is_what_has_no_value_for_the_place),
           cmocka_unit_test(check_finds_what_is_beyond_lapsing_or_unsure), cmocka_unit_test(faults_are_named),
           cmocka_unit_test(the_shipped_numbers_are_those_of_the_law))
