/* Goal: maps, lists and text with exact places; everything fancy is refused at its place. */
#include "base/arena.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "check.h"

static const struct sh_yaml *load(const char *text, struct sh_arena *arena) {
    const struct sh_yaml *root = NULL;
    struct sh_err err;
    CHECK_OK(sh_yaml_load("t.yaml", sh_str_of(text), arena, &root, &err), &err);
    return root;
}

static void check_place(struct sh_yaml_place place, uint32_t line, uint32_t column) {
    if (place.line != line || place.column != column)
        fail_msg("place is %u:%u, wanted %u:%u", place.line, place.column, line, column);
}

static void everything_is_text_with_a_place(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_yaml *root =
        load("# c\n名称: 测试 x\nno: 1.10\nlist:\n  - a\n  - {b: c, 丁: [d]}\nempty:\n", &arena);
    CHECK_I64(root->kind, SH_YAML_MAP);
    CHECK_I64(root->n, 4);
    CHECK_STR(sh_yaml_text(root, "名称"), "测试 x");
    CHECK_STR(sh_yaml_text(root, "no"), "1.10");
    check_place(root->entries[0].key_place, 2, 1);
    check_place(root->entries[0].value->place, 2, 5);
    const struct sh_yaml *list = sh_yaml_get(root, "list");
    CHECK_I64(list->n, 2);
    CHECK_STR(list->items[0]->text, "a");
    check_place(list->items[1]->place, 6, 5);
    check_place(sh_yaml_entry(list->items[1], "丁")->key_place, 6, 12);
    check_place(sh_yaml_get(list->items[1], "丁")->items[0]->place, 6, 16);
    CHECK(sh_yaml_get(root, "empty")->is_empty);
    CHECK(sh_yaml_get(root, "gone") == NULL);
}

static void an_empty_file_is_an_empty_map(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    static const char *const texts[] = {"", "\n \n", "# only a comment\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < 4; i++) {
        const struct sh_yaml *root = load(texts[i], &arena);
        CHECK_I64(root->kind, SH_YAML_MAP);
        CHECK_I64(root->n, 0);
    }
}

/* Each byte 'X', 'Y', 'Z' of the text stands at a known place of the source. */
static void check_marks(const char *source, const char *want_text, const uint32_t places[][2]) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_yaml *node = sh_yaml_get(load(source, &arena), "k");
    CHECK_STR(node->text, want_text);
    for (size_t i = 0; i < 3; i++) {
        const size_t offset = sh_str_find_char(node->text, (char)('X' + i));
        if (offset != SH_STR_NONE)
            check_place(sh_yaml_place_at(node, offset), places[i][0], places[i][1]);
    }
}

static void bytes_of_long_texts_have_places(void **state) {
    (void)state;
    check_marks("k: |\n  X b\n    丁 Y\n\n  Z\n", "X b\n  丁 Y\n\nZ\n",
                (const uint32_t[][2]){{2, 3}, {3, 7}, {5, 3}});
    check_marks("k: >-\n\n  X b\n  c Y\n\n  Z\n", "\nX b c Y\nZ",
                (const uint32_t[][2]){{3, 3}, {4, 5}, {6, 3}});
    check_marks("k: 丁 X a\n  b Y\n\n  Z\n", "丁 X a b Y\nZ", (const uint32_t[][2]){{1, 6}, {2, 5}, {4, 3}});
    check_marks("k: \"a X\n   Y Z\"\n", "a X Y Z", (const uint32_t[][2]){{1, 7}, {2, 4}, {2, 6}});
    check_marks("k: 'X Y Z'\n", "X Y Z", (const uint32_t[][2]){{1, 5}, {1, 7}, {1, 9}});
    check_marks("k: X >= Y\n", "X >= Y", (const uint32_t[][2]){{1, 4}, {1, 9}});
    check_marks("a: 1\r\nk: |\r\n  X\r\n  Y\r\n", "X\nY\n", (const uint32_t[][2]){{3, 3}, {4, 3}});
}

static void fancy_things_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a: &x 1\n", "anchors"},
        {"a: 1\nb: *x\n", "t.yaml:2:4: aliases"},
        {"a: !!str 1\n", "tags"},
        {"a: !x {b: 1}\n", "tags"},
        {"a: &x [b]\n", "anchors"},
        {"a: 1\nb: 2\na: 3\n", "t.yaml:3:1: key \"a\" stands twice, first on line 1"},
        {"a: 1\n---\nb: 2\n", "second document"},
        {"? [a]\n: b\n", "a key must be text"},
        {"a: b\n c: [d\n", "t.yaml:"},
        {"a: {b: c\nd: e\n", "t.yaml:2:2: "},
        {"a:\n\t- b\n", "t.yaml:"},
        {"a: \xff\n", "t.yaml:1:4: not UTF-8"},
        {"a: [1, 2", "t.yaml:"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct sh_yaml *root = NULL;
        struct sh_err err;
        CHECK_CODE(sh_yaml_load("t.yaml", sh_str_of(cases[i].text), &arena, &root, &err), SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].message);
        CHECK(root == NULL);
    }
}

static void limits_hold(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char text[4 * SH_YAML_DEPTH_MAX + 1] = "";
    const struct sh_yaml *root = NULL;
    memset(text, '[', SH_YAML_DEPTH_MAX + 1);
    memset(text + SH_YAML_DEPTH_MAX + 1, ']', SH_YAML_DEPTH_MAX + 1);
    CHECK_CODE(sh_yaml_load("t", sh_str_of(text), &arena, &root, NULL), SH_E_LIMIT);
    CHECK_CODE(sh_yaml_load("t", (struct sh_str){text, SH_YAML_BYTES_MAX + 1}, &arena, &root, NULL),
               SH_E_LIMIT);
    const char bomb[] = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n";
    CHECK_CODE(sh_yaml_load("t", sh_str_of(bomb), &arena, &root, NULL), SH_E_INPUT);
}

static sh_code load_some(void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_yaml *root;
    return sh_yaml_load("t", SH_STR("a: [1, {b: c, d: e}]\nf: |\n  x\n  y\n"), &arena, &root, err);
}

static void each_failing_allocation_is_met(void **state) {
    (void)state;
    check_torture(load_some, NULL);
}

CHECK_MAIN(cmocka_unit_test(everything_is_text_with_a_place), cmocka_unit_test(an_empty_file_is_an_empty_map),
           cmocka_unit_test(bytes_of_long_texts_have_places), cmocka_unit_test(fancy_things_are_refused),
           cmocka_unit_test(limits_hold), cmocka_unit_test(each_failing_allocation_is_met))
