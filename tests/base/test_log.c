/* Goal: one line a call, no forged lines, levels respected. */
#include "base/log.h"
#include "check.h"

static void lines_are_whole_and_honest(void **state) {
    (void)state;
    char text[20000] = "", quoted[32];
    FILE *file = fmemopen(text, sizeof(text) - 1, "w");
    CHECK(file != NULL);
    const struct sh_clock clock = {.is_fixed = true, .fixed_utc = 0};
    const struct sh_log log = {.file = file, .level = SH_LOG_INFO, .clock = &clock};
    sh_log(&log, SH_LOG_DEBUG, "not shown", NULL);
    sh_log(&log, SH_LOG_INFO, "done", "rows=%d", 12);
    sh_log(&log, SH_LOG_ERROR, "a \"b\"", " file=%s",
           sh_log_quote(SH_STR("x\n\"y\""), quoted, sizeof(quoted)));
    sh_log(&log, SH_LOG_WARN, "forged", "v=%s", "1\n1970 error");
    sh_log(&log, SH_LOG_INFO, "long", "v=%06000d", 7);
    sh_log(NULL, SH_LOG_ERROR, "nowhere", NULL);
    CHECK_I64(fclose(file), 0);
    const char *want = "1970-01-01T00:00:00Z info msg=\"done\" rows=12\n"
                       "1970-01-01T00:00:00Z error msg=\"a \\\"b\\\"\" file=\"x?\\\"y\\\"\"\n"
                       "1970-01-01T00:00:00Z warn msg=\"forged\" v=1?1970 error\n";
    CHECK(sh_str_starts_with(sh_str_of(text), sh_str_of(want)));
    const struct sh_str rest = sh_str_sub(sh_str_of(text), strlen(want), sizeof(text));
    CHECK(rest.len > 4000 && rest.len <= 4096);
    CHECK_I64(sh_str_find_char(rest, '\n'), rest.len - 1);
}

static void quotes_fit_their_room(void **state) {
    (void)state;
    char out[16];
    for (size_t size = 3; size <= sizeof(out); size++) {
        (void)sh_log_quote(SH_STR("\xe5\x8c\xbb\xe4\xbf\x9d\"\"\"\"\"\"\"\""), out, size);
        CHECK(strlen(out) < size);
        CHECK(sh_utf8_valid(sh_str_of(out)));
        CHECK_I64(out[strlen(out) - 1], '"');
    }
}

CHECK_MAIN(cmocka_unit_test(lines_are_whole_and_honest), cmocka_unit_test(quotes_fit_their_room))
