/* Goal: what we write is JSON that jansson reads back; what we read is strict. */
#include "base/json.h"
#include "check.h"

static void a_document_is_written(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    struct sh_json json;
    struct sh_err err;
    sh_json_begin(&json, &buf);
    sh_json_object(&json);
    sh_json_put_text(&json, "name", "\xe5\x8c\xbb \"q\" \\ \n \x01");
    sh_json_put_i64(&json, "n", INT64_MIN);
    sh_json_put_bool(&json, "yes", true);
    sh_json_put_text(&json, "none", NULL);
    sh_json_put_str(&json, "bad",
                    SH_STR("a\xff"
                           "b"));
    sh_json_key(&json, "list");
    sh_json_array(&json);
    sh_json_money(&json, -5);
    sh_json_date(&json, 0);
    sh_json_object(&json);
    sh_json_object_end(&json);
    sh_json_raw(&json, SH_STR("[1]"));
    sh_json_bool(&json, false);
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    CHECK_OK(sh_json_end(&json, &err), &err);
    CHECK_TEXT(
        buf.at,
        "{\"name\":\"\xe5\x8c\xbb \\\"q\\\" \\\\ \\n \\u0001\",\"n\":-9223372036854775808,\"yes\":true,"
        "\"none\":null,\"bad\":\"a\xef\xbf\xbd"
        "b\",\"list\":[-0.05,\"1970-01-01\",{},[1],false]}");
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    CHECK_OK(sh_json_read("t", sh_buf_view(&buf), &root, &err), &err);
    int64_t n = 0;
    CHECK_OK(sh_json_get_i64(root, "n", &n, &err), &err);
    CHECK_I64(n, INT64_MIN);
    struct sh_str name;
    CHECK_OK(sh_json_get_str(root, "name", &name, &err), &err);
    CHECK_STR(name, "\xe5\x8c\xbb \"q\" \\ \n \x01");
    CHECK_CODE(sh_json_get_str(root, "n", &name, &err), SH_E_INPUT);
    CHECK_CODE(sh_json_get_i64(root, "gone", &n, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "\"gone\" is missing");
}

/* Texts are looked at eight bytes at a time: each place, each length, with what must be escaped or is not
 * ASCII. */
static void what_must_be_escaped_is_wherever_it_stands(void **state) {
    (void)state;
    static const char *const odd[] = {"\"", "\\", "\n", "\x1f", "\xc3\xa9", "\xe5\x8c\xbb"};
    for (size_t o = 0; o < sizeof(odd) / sizeof(odd[0]); o++)
        for (size_t before = 0; before < 20; before++)
            for (size_t after = 0; after < 20; after++) {
                SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0}, text = {0};
                SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
                struct sh_json json;
                struct sh_err err;
                struct sh_str back;
                for (size_t i = 0; i < before; i++)
                    sh_buf_add_char(&text, (char)('a' + i));
                sh_buf_add_text(&text, odd[o]);
                for (size_t i = 0; i < after; i++)
                    sh_buf_add_char(&text, (char)('A' + i));
                sh_json_begin(&json, &buf);
                sh_json_object(&json);
                sh_json_put_str(&json, "text", sh_buf_view(&text));
                sh_json_object_end(&json);
                CHECK_OK(sh_json_end(&json, &err), &err);
                CHECK_OK(sh_json_read("t", sh_buf_view(&buf), &root, &err), &err);
                CHECK_OK(sh_json_get_str(root, "text", &back, &err), &err);
                CHECK(sh_str_eq(back, sh_buf_view(&text)));
            }
}

static void strict_reading(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",        "{\"a\":1,\"a\":2}", "[1,]", "{} x", "\"\xff\"", "[9223372036854775808]",
        "{'a':1}", "\"\\u0000\"",       "[01]", "nul",  "\"a",      "\"\xed\xa0\x80\""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *root = NULL;
        struct sh_err err;
        CHECK_CODE(sh_json_read("t.json", sh_str_of(bad[i]), &root, &err), SH_E_INPUT);
        CHECK(sh_str_starts_with(sh_str_of(err.message), SH_STR("t.json:1:")));
    }
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    char text[2 * SH_JSON_DEPTH_MAX + 4] = "";
    for (size_t depth = SH_JSON_DEPTH_MAX; depth <= SH_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
        const sh_code want = depth > SH_JSON_DEPTH_MAX ? SH_E_LIMIT : SH_OK;
        CHECK_CODE(sh_json_read("t", (struct sh_str){text, 2 * depth}, &root, NULL), want);
    }
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    CHECK_CODE(sh_json_read("t", SH_STR("\"[[[[\\\"[[[\""), &root, NULL), SH_OK);
}

static void numbers_with_a_point_keep_their_digits_as_text(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    const struct sh_str text =
        SH_STR("{\"a 1.5 \\\" 2.5\":[90071992547409931.23,-0.10,12,\"3.4\",1e5],\"b\":{\"c\":0.5}}");
    CHECK_CODE(sh_json_quote_reals(text, &buf, NULL), SH_OK);
    CHECK_STR(sh_buf_view(&buf), "{\"a 1.5 \\\" 2.5\":[\"90071992547409931.23\",\"-0.10\",12,\"3.4\",1e5],"
                                 "\"b\":{\"c\":\"0.5\"}}");
}

static void a_full_buffer_is_told_at_the_end(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = sh_buf_init(10);
    struct sh_json json;
    sh_json_begin(&json, &buf);
    sh_json_array(&json);
    for (int i = 0; i < 100; i++)
        sh_json_i64(&json, i);
    sh_json_array_end(&json);
    CHECK_CODE(sh_json_end(&json, NULL), SH_E_LIMIT);
}

CHECK_MAIN(cmocka_unit_test(a_document_is_written),
           cmocka_unit_test(what_must_be_escaped_is_wherever_it_stands), cmocka_unit_test(strict_reading),
           cmocka_unit_test(deep_nesting_is_refused), cmocka_unit_test(a_full_buffer_is_told_at_the_end),
           cmocka_unit_test(numbers_with_a_point_keep_their_digits_as_text))
