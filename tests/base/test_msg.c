/* Goal: the language is found where people set it; catalogues agree in both languages. */
#include "base/msg.h"
#include "check.h"

#define TEST_MESSAGES(X) X(MSG_DONE, "完成 %d 行", "%d rows done") X(MSG_BAD, "%s 错", "bad: %d")
enum test_message { TEST_MESSAGES(SH_MSG_ID) MSG_N };
static const struct sh_msg messages[] = {TEST_MESSAGES(SH_MSG_ENTRY)};

static void the_environment_decides(void **state) {
    (void)state;
    static const struct {
        const char *shouhu, *all, *messages, *lang;
        sh_lang want;
    } cases[] = {{"en", "zh_CN.UTF-8", "", "", SH_EN},
                 {"", "en_US.UTF-8", "", "zh_CN", SH_EN},
                 {"", "C", "", "en_GB", SH_EN},
                 {"", "C.UTF-8", "POSIX", "", SH_ZH},
                 {"", "", "", "", SH_ZH},
                 {"", "", "en", "zh", SH_EN},
                 {"zh", "en_US", "", "", SH_ZH},
                 {"", "", "", "de_DE", SH_ZH}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_I64(setenv("SHOUHU_LANG", cases[i].shouhu, 1), 0);
        CHECK_I64(setenv("LC_ALL", cases[i].all, 1), 0);
        CHECK_I64(setenv("LC_MESSAGES", cases[i].messages, 1), 0);
        CHECK_I64(setenv("LANG", cases[i].lang, 1), 0);
        CHECK_I64(sh_lang_from_env(), cases[i].want);
    }
    sh_lang lang = SH_EN;
    struct sh_err err;
    CHECK_OK(sh_lang_parse(SH_STR("zh"), &lang, &err), &err);
    CHECK_I64(lang, SH_ZH);
    CHECK_OK(sh_lang_parse(SH_STR("en"), &lang, &err), &err);
    CHECK_I64(lang, SH_EN);
    CHECK_CODE(sh_lang_parse(SH_STR("fr"), &lang, &err), SH_E_INPUT);
}

static void catalogues_take_the_same_values(void **state) {
    (void)state;
    CHECK_TEXT(sh_msg(messages, MSG_DONE, SH_ZH), "完成 %d 行");
    CHECK_TEXT(sh_msg(messages, MSG_DONE, SH_EN), "%d rows done");
    CHECK(sh_msg_same_values(&messages[MSG_DONE]));
    CHECK(!sh_msg_same_values(&messages[MSG_BAD]));
    CHECK(sh_msg_same_values(&(struct sh_msg){{"100%% %.*s %5zu", "%*s of 100%% at %zu"}}) ==
          sh_msg_same_values(&(struct sh_msg){{"%*s %zu", "%*s %zu"}}));
    CHECK(!sh_msg_same_values(&(struct sh_msg){{"%d %d", "%d"}}));
    CHECK(!sh_msg_same_values(&(struct sh_msg){{"%d", "%ld"}}));
}

CHECK_MAIN(cmocka_unit_test(the_environment_decides), cmocka_unit_test(catalogues_take_the_same_values))
