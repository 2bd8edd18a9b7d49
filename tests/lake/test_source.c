/* Goal: every byte of a foreign file arrives or an error names the file: plain, gzip of any shape, and what
 * is refused. */
#include "base/arena.h"
#include "check.h"
#include "lake/source.h"
#include <zlib.h>

static struct sh_str pack(struct sh_arena *arena, struct sh_str text) {
    unsigned char *to = sh_new(arena, unsigned char, text.len + 256);
    CHECK(to != NULL);
    z_stream z = {.next_out = to, .avail_out = (uInt)(text.len + 256), .avail_in = (uInt)text.len};
    unsigned char *from = sh_new(arena, unsigned char, text.len + 1);
    memcpy(from, text.at, text.len);
    z.next_in = from;
    CHECK_I64(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    CHECK_I64(deflate(&z, Z_FINISH), Z_STREAM_END);
    CHECK_I64(deflateEnd(&z), Z_OK);
    return (struct sh_str){(const char *)to, z.total_out};
}

static struct sh_str join(struct sh_arena *arena, struct sh_str a, struct sh_str b) {
    char *to = sh_new(arena, char, a.len + b.len);
    memcpy(to, a.at, a.len);
    memcpy(to + a.len, b.at, b.len);
    return (struct sh_str){to, a.len + b.len};
}

/* Read all, `step` bytes at a time. */
static sh_code read_all(struct sh_str bytes, size_t step, struct sh_buf *ret, struct sh_err *err) {
    struct sh_source *source = NULL;
    SH_TRY(sh_source_open_bytes("claims.csv.gz", bytes, &source, err));
    sh_code code = SH_OK;
    for (size_t n = 1; n > 0 && code == SH_OK;) {
        CHECK_CODE(sh_buf_reserve(ret, step), SH_OK);
        n = 0;
        code = sh_source_read(source, ret->at + ret->len, step, &n, err);
        ret->len += n;
    }
    sh_source_close(source);
    return code;
}

static void check_content(struct sh_str bytes, const char *want) {
    const size_t steps[] = {1, 7, 100000};
    for (size_t i = 0; i < 3; i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
        struct sh_err err;
        CHECK_OK(read_all(bytes, steps[i], &got, &err), &err);
        CHECK_STR(sh_buf_view(&got), want);
    }
}

static void check_refused(struct sh_str bytes, sh_code want, const char *part) {
    SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
    struct sh_err err = {0};
    CHECK_CODE(read_all(bytes, 100, &got, &err), want);
    CHECK_HAS(err.message, "claims.csv.gz: ");
    CHECK_HAS(err.message, part);
}

static void plain_and_gzip_give_the_same(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_str text = SH_STR("a,b\n1,中文\n");
    check_content(text, "a,b\n1,中文\n");
    check_content(pack(&arena, text), "a,b\n1,中文\n");
    check_content(SH_STR(""), "");
}

static void members_follow_each_other(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_str two = join(&arena, pack(&arena, SH_STR("a,b\n1,")), pack(&arena, SH_STR("2\n")));
    check_content(two, "a,b\n1,2\n");
    check_content(join(&arena, two, (struct sh_str){"\0\0\0\0", 4}), "a,b\n1,2\n");
    check_refused(join(&arena, two, SH_STR("junk")), SH_E_INPUT, "no gzip");
}

static void a_truncated_file_is_an_error(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_str whole = pack(&arena, SH_STR("a,b\n1,2\n3,4\n5,6\n"));
    for (size_t len = 2; len < whole.len; len++)
        check_refused(sh_str_sub(whole, 0, len), SH_E_INPUT, "truncated");
}

static void a_damaged_file_is_an_error(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_str whole = pack(&arena, SH_STR("a,b\n1,2\n3,4\n5,6\n"));
    char *damaged = sh_arena_dup(&arena, whole.at, whole.len);
    damaged[whole.len - 6] ^= 1; /* the checksum */
    check_refused((struct sh_str){damaged, whole.len}, SH_E_INPUT, "damaged");
    damaged[whole.len - 6] ^= 1;
    damaged[whole.len - 1] ^= 1; /* the length */
    check_refused((struct sh_str){damaged, whole.len}, SH_E_INPUT, "damaged");
}

static void other_formats_are_named(void **state) {
    (void)state;
    check_refused((struct sh_str){"\xff\xfe"
                                  "a\0,\0b\0",
                                  8},
                  SH_E_UNSUPPORTED, "UTF-16");
    check_refused((struct sh_str){"\xfe\xff\0a\0,\0b", 8}, SH_E_UNSUPPORTED, "UTF-16");
    check_refused((struct sh_str){"a\0,\0b\0,\0c\0", 10}, SH_E_UNSUPPORTED, "UTF-16");
    check_refused(SH_STR("PK\x03\x04zzz"), SH_E_UNSUPPORTED, "xlsx");
    check_refused(SH_STR("\xd0\xcf\x11\xe0zzz"), SH_E_UNSUPPORTED, "xls");
    check_refused(SH_STR("\x28\xb5\x2f\xfdzzz"), SH_E_UNSUPPORTED, "zstd");
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    struct sh_source *source = NULL;
    struct sh_err err = {0};
    CHECK_CODE(sh_source_open("/nonexistent/x.csv", &source, &err), SH_E_NOTFOUND);
    CHECK_HAS(err.message, "/nonexistent/x.csv");
    CHECK_CODE(sh_source_open("/tmp", &source, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "directory");
}

CHECK_MAIN(cmocka_unit_test(plain_and_gzip_give_the_same), cmocka_unit_test(members_follow_each_other),
           cmocka_unit_test(a_truncated_file_is_an_error), cmocka_unit_test(a_damaged_file_is_an_error),
           cmocka_unit_test(other_formats_are_named), cmocka_unit_test(a_missing_file_is_named))
