/* Goal: the value in force for a place and day; an unset number is known but has no value. */
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "check.h"
#include "law/law.h"
#include <unistd.h>

static sh_code load(const char *text, struct sh_arena *arena, struct sh_params **ret, struct sh_err *err) {
    char dir[] = "/tmp/shouhu-law-XXXXXX", path[SH_PATH_BYTES_MAX];
    struct sh_err own;
    CHECK(mkdtemp(dir) != NULL);
    CHECK_OK(sh_path_join(path, dir, "p.csv", &own), &own);
    CHECK_OK(sh_fs_write(path, sh_str_of(text), &own), &own);
    const sh_code code = sh_params_load(dir, arena, ret, err);
    CHECK_OK(sh_remove_tree(dir, &own), &own);
    return code;
}
#define HEAD "name,place,from,to,value,unit,basis,note\n"

static void place_and_day_decide(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_params *p = NULL;
    struct sh_err err;
    CHECK_OK(load(HEAD "fee,000000,2021-01-01,2024-01-01,10,yuan,law,\nfee,000000,2024-01-01,,12.5,yuan,law,"
                       "\nfee,620000,,,15,yuan,law,\nfee,620100,2025-01-01,,20,yuan,law,\ndays,000000,,,,"
                       "days,law,\nshare,620100,,,0.5,ratio,law,\n",
                  &arena, &p, &err),
             &err);
    const int32_t early = sh_days_of(2022, 5, 1), late = sh_days_of(2025, 5, 1);
    CHECK_I64(sh_param_find(p, SH_STR("fee"), SH_STR("000000"), early)->value, 1000);
    CHECK_I64(sh_param_find(p, SH_STR("fee"), SH_STR("000000"), late)->value, 1250);
    CHECK_I64(sh_param_find(p, SH_STR("fee"), SH_STR("110000"), late)->value, 1250);
    CHECK_I64(sh_param_find(p, SH_STR("fee"), SH_STR("620102"), late)->value,
              2000); /* district, then its city */
    CHECK_I64(sh_param_find(p, SH_STR("fee"), SH_STR("620100"), early)->value, 1500);
    CHECK_I64(sh_param_find(p, SH_STR("fee"), SH_STR("000000"), sh_days_of(2020, 1, 1))->value, INT64_MIN);
    CHECK_I64(sh_param_find(p, SH_STR("days"), SH_STR("620100"), late)->value, INT64_MIN);
    CHECK_I64(sh_param_find(p, SH_STR("share"), SH_STR("000000"), late)->value, INT64_MIN);
    CHECK_I64(sh_param_find(p, SH_STR("share"), SH_STR("620100"), late)->scale, 1);
    CHECK(sh_param_find(p, SH_STR("nothing"), SH_STR("000000"), late) == NULL);
}

static void faults_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"name,place,from,to,value,unit,note\n", "basis"},
        {HEAD "x,62,,,1,days,law,\n", "division code"},
        {HEAD "x,000000,,,1,day,law,\n", "did you mean 'days'"},
        {HEAD "x,000000,,,one,days,law,\n", "is no number"},
        {HEAD "x,000000,2021-02-30,,1,days,law,\n", "is no date"},
        {HEAD "x,000000,2021-02-01,2021-02-01,1,days,law,\n", "half-open"},
        {HEAD "x,000000,,,1,days,,\n", "without a basis"},
        {HEAD ",000000,,,1,days,law,\n", "is empty"},
        {HEAD "x,000000,,,1,days,law,\nx,000000,2025-01-01,,2,days,law,\n", "stands twice"},
        {HEAD "x,000000,,,1,days,law,\nx,620000,,,2,yuan,law,\n", "two units"},
        {HEAD "x,000000,,,1.1234567,days,law,\n", "decimals"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_params *p = NULL;
        struct sh_err err = {0};
        CHECK_CODE(load(cases[i].text, &arena, &p, &err), SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].part);
    }
}

CHECK_MAIN(cmocka_unit_test(place_and_day_decide), cmocka_unit_test(faults_are_named))
