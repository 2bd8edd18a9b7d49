/* Goal: the schema helpers name the file, the place and what was meant. */
#include "base/arena.h"
#include "base/yaml.h"
#include "check.h"

static void needed_keys_have_their_kind(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_yaml *root = NULL, *value = NULL;
    struct sh_err err;
    CHECK_OK(sh_yaml_load("t.yaml", SH_STR("id: A-1\nlist: [a]\nnone:\n"), &arena, &root, &err), &err);
    CHECK_OK(sh_yaml_need(root, "id", SH_YAML_TEXT, &value, &err), &err);
    CHECK_STR(value->text, "A-1");
    CHECK_CODE(sh_yaml_need(root, "list", SH_YAML_MAP, &value, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "t.yaml:2:7: \"list\" must be a map, is a list");
    CHECK_CODE(sh_yaml_need(root, "gone", SH_YAML_TEXT, &value, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "t.yaml:1:1: key \"gone\" is missing");
    CHECK_CODE(sh_yaml_need(root, "none", SH_YAML_TEXT, &value, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "is empty");
    CHECK_CODE(sh_yaml_need(value, "x", SH_YAML_TEXT, &value, &err), SH_E_INPUT);
    CHECK_STR(sh_yaml_text(root, "list"), "");
    CHECK(sh_yaml_get(NULL, "x") == NULL);
}

static void unknown_keys_are_told_with_what_was_meant(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_yaml *root = NULL;
    struct sh_err err;
    static const char *const known[] = {"when", "message"};
    CHECK_OK(sh_yaml_load("t.yaml", SH_STR("when: x\n  \nmesage: y\n"), &arena, &root, &err), &err);
    CHECK_CODE(sh_yaml_only(root, known, 2, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "t.yaml:3:1: unknown key \"mesage\"; did you mean \"message\"?");
    CHECK_CODE(sh_yaml_only(root, known, 1, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "t.yaml:3:1: unknown key \"mesage\"");
    CHECK_CODE(sh_yaml_only(sh_yaml_get(root, "when"), known, 2, &err), SH_E_INPUT);
    static const char *const all[] = {"when", "mesage"};
    CHECK_OK(sh_yaml_only(root, all, 2, &err), &err);
    CHECK_CODE(sh_yaml_fail(NULL, root, "x"), SH_E_INPUT);
    CHECK_CODE(sh_yaml_fail_at(&err, root, (struct sh_yaml_place){7, 8}, "n is %d", 9), SH_E_INPUT);
    CHECK_TEXT(err.message, "t.yaml:7:8: n is 9");
}

CHECK_MAIN(cmocka_unit_test(needed_keys_have_their_kind),
           cmocka_unit_test(unknown_keys_are_told_with_what_was_meant))
