/* Goal: records end where RFC 4180 says, whatever the block border; a broken record costs one reject and not
 * the file. */
#include "check.h"
#include "base/limits.h"
#include "lake/records.h"
#include <csv.h>

/* Everything that was read, printed: fields in [], records ended by |, rejects as !reason|. */
static sh_code read_text(struct sh_str bytes, struct sh_form form, size_t target, struct sh_buf *ret,
                         struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_source *source = NULL;
    struct sh_record_reader *records = NULL;
    const struct sh_gb18030 *gb = NULL;
    const struct sh_str *header;
    size_t n_header, n_seen = 1;
    if (!sh_utf8_valid(bytes)) /* the tables take some milliseconds */
        SH_TRY(sh_gb18030_new(&arena, &gb, err));
    SH_TRY(sh_source_open_bytes("x.csv", bytes, &source, err));
    SH_TRY(
        sh_record_reader_open(source, form, SH_ENCODING_AUTO, gb, &arena, &records, &header, &n_header, err));
    for (size_t i = 0; i < n_header; i++)
        (void)sh_buf_addf(ret, "[%.*s]", SH_ARG(header[i]));
    (void)sh_buf_add_char(ret, '|');
    struct sh_block b = {0};
    for (;;) {
        CHECK_OK(sh_record_reader_next(records, target, &b, NULL, err), err);
        if (b.n_spans == 0)
            break;
        CHECK_I64(b.first_record, n_seen + 1);
        n_seen += b.n_spans;
        for (size_t s = 0; s < b.n_spans; s++) {
            struct sh_field fields[64];
            size_t n = 0;
            const size_t begin = b.spans[s].begin;
            enum sh_reject_reason fault = (enum sh_reject_reason)b.spans[s].fault;
            if (fault == SH_REJECT_NONE)
                fault = sh_record_split(sh_record_reader_form(records), b.bytes, &b.bits, begin,
                                        begin + b.spans[s].len, fields, 64, &n);
            if (fault == SH_REJECT_NONE && n != n_header)
                fault = SH_REJECT_RECORD_FIELDS;
            for (size_t i = 0; fault == SH_REJECT_NONE && i < n; i++) {
                char *plain = sh_arena_dup(&arena, b.bytes + fields[i].begin, fields[i].len);
                size_t len = fields[i].len;
                if (fields[i].flags & SH_FIELD_DOUBLED)
                    len = sh_field_undouble(b.bytes + fields[i].begin, len, form.quote, plain);
                (void)sh_buf_addf(ret, "[%.*s]", (int)len, plain);
            }
            if (fault != SH_REJECT_NONE)
                (void)sh_buf_addf(ret, "!%s", sh_reject_id(fault));
            (void)sh_buf_add_char(ret, '|');
        }
    }
    sh_block_free(&b);
    sh_record_reader_close(records);
    return sh_buf_check(ret, err);
}

static const struct sh_form comma = {.delimiter = ',', .quote = '"'};

/* The same for every size of block. */
static void check_read(struct sh_str bytes, struct sh_form form, const char *want) {
    const size_t targets[] = {1, 2, 3, 5, 17, 64, 1 << 20};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
        struct sh_err err;
        CHECK_OK(read_text(bytes, form, targets[i], &got, &err), &err);
        CHECK_STR(sh_buf_view(&got), want);
    }
}
#define READS(text, want) check_read(SH_STR(text), comma, want)

static void line_ends_and_marks(void **state) {
    (void)state;
    READS("a,b\n1,2\n3,4\n", "[a][b]|[1][2]|[3][4]|");
    READS("a,b\r\n1,2\r\n3,4", "[a][b]|[1][2]|[3][4]|");
    READS("a,b\r1,2\r3,4\r", "[a][b]|[1][2]|[3][4]|");
    READS("\xef\xbb\xbf"
          "a,b\n1,2\n",
          "[a][b]|[1][2]|");
    READS("a,b\n\n1,2\n\r\n\n3,4\n\n", "[a][b]|[1][2]|[3][4]|");
    READS("a\n", "[a]|");
    READS(" a ,b\n1,2\n", "[a][b]|[1][2]|");
}

static void quotes(void **state) {
    (void)state;
    READS("a,b\n\"1\",\"2\"\n", "[a][b]|[1][2]|");
    READS("a,b\n\"1,\n1\",\"2\"\"2\"\n3,4\n", "[a][b]|[1,\n1][2\"2]|[3][4]|");
    READS("a,b\n\"\",\"\"\"\"\n", "[a][b]|[][\"]|");
    READS("a,b\n5\" tube,2\n3,4\n", "[a][b]|[5\" tube][2]|[3][4]|");
    READS("a,b\n\"1\"x,2\n3,4\n", "[a][b]|!quote.stray|[3][4]|");
    READS("\"a,a\",b\n1,2\n", "[a,a][b]|[1][2]|");
    check_read(SH_STR("a,b\n'1,1',\"2\n"), (struct sh_form){.delimiter = ',', .quote = '\''},
               "[a][b]|[1,1][\"2]|");
    check_read(SH_STR("a|b\n\"1|2\"\n"), (struct sh_form){.delimiter = '|'}, "[a][b]|[\"1][2\"]|");
}

static void an_open_quote_costs_one_line(void **state) {
    (void)state;
    READS("a,b\n1,2\n3,\"4\n5,6\n7,8\n", "[a][b]|[1][2]|!quote.unclosed|[5][6]|[7][8]|");
    READS("a,b\n1,2\n3,\"4\n5,\"6\"\n7,8\n", "[a][b]|[1][2]|!quote.unclosed|[5][6]|[7][8]|");
    READS("a,b\n1,2\n3,\"4", "[a][b]|[1][2]|!quote.unclosed|");
    READS("a,b\n\"x\ny\"\n3,4\n", "[a][b]|!record.fields|[3][4]|");
    READS("a,b\n1\n1,2,3\n3,4\n", "[a][b]|!record.fields|!record.fields|[3][4]|");
}

static void a_field_too_long_costs_one_record(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    const bool quoted[] = {false, true};
    for (size_t q = 0; q < 2; q++) {
        sh_buf_clear(&text);
        (void)sh_buf_addf(&text, "a,b\n1,2\n3,%s", quoted[q] ? "\"" : "");
        for (int i = 0; i < 10000000 / 10; i++)
            (void)sh_buf_add_text(&text, "0123456789");
        (void)sh_buf_addf(&text, "%s\n5,6\n7,8\n", quoted[q] ? "\"" : "");
        for (size_t target = 1 << 16; target <= 1 << 24; target <<= 4) {
            SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
            struct sh_err err;
            CHECK_OK(read_text(sh_buf_view(&text), comma, target, &got, &err), &err);
            CHECK_STR(sh_buf_view(&got), "[a][b]|[1][2]|!record.too_long|[5][6]|[7][8]|");
        }
    }
}

/* Behind an open quote lie more bytes than a record may have, none of them a quote. */
static void an_open_quote_does_not_swallow_the_file(void **state) {
    (void)state;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
    struct sh_err err;
    (void)sh_buf_add_text(&text, "a,b\n1,\"2\n");
    const size_t n = SH_RECORD_BYTES_MAX / 2;
    for (size_t i = 0; i < n; i++)
        (void)sh_buf_add_text(&text, "3,4\n");
    CHECK_OK(read_text(sh_buf_view(&text), comma, 1 << 20, &got, &err), &err);
    CHECK(sh_str_starts_with(sh_buf_view(&got), SH_STR("[a][b]|!record.too_long|[3][4]|[3][4]|")));
    CHECK_I64(got.len, strlen("[a][b]|!record.too_long|") + n * strlen("[3][4]|"));
}

static void second_bytes_are_no_delimiters(void **state) {
    (void)state;
    /* 0x81 0x7c is one character of GB18030; 0x7c alone is the delimiter */
    const struct sh_str text = SH_STR("a|b\n\xd6\xd0\xce\xc4|\x81\x7c\n\x81\x7c|2\n");
    check_read(text, (struct sh_form){.delimiter = '|', .quote = '"'},
               "[a][b]|[\xd6\xd0\xce\xc4][\x81\x7c]|[\x81\x7c][2]|");
}

static void a_file_without_header_is_refused(void **state) {
    (void)state;
    const char *const empty[] = {"", "\n\n", "\xef\xbb\xbf", "\r\n"};
    for (size_t i = 0; i < 4; i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
        struct sh_err err = {0};
        CHECK_CODE(read_text(sh_str_of(empty[i]), comma, 100, &got, &err), SH_E_INPUT);
        CHECK_HAS(err.message, "x.csv: the file is empty");
    }
}

static void both_classifiers_agree(void **state) {
    (void)state;
    if (!__builtin_cpu_supports("avx2"))
        return;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(3));
    for (int round = 0; round < 2000; round++) {
        char text[64 * 4];
        uint64_t a[3][4], b[3][4];
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] =
                sh_rng_below(&rng, 2) ? ",\"\n\x80\xac"[sh_rng_below(&rng, 5)] : (char)sh_rng_next(&rng);
        sh_classify_scalar(text, 4, ',', '"', '\n', a[0], a[1], a[2]);
        sh_classify_avx2(text, 4, ',', '"', '\n', b[0], b[1], b[2]);
        CHECK(memcmp(a, b, sizeof(a)) == 0);
    }
}

static void libcsv_field(void *at, size_t len, void *ctx) {
    (void)sh_buf_addf(ctx, "[%.*s]", (int)len, (const char *)at);
}
static void libcsv_row(int c, void *ctx) {
    (void)c;
    (void)sh_buf_add_char(ctx, '|');
}

/* Well-formed tables of random cells, read by us in blocks of random size and by libcsv. */
static void libcsv_reads_the_same(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(7));
    for (int round = 0; round < 3000; round++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        SH_CLEANUP(sh_buf_free) struct sh_buf got = {0};
        SH_CLEANUP(sh_buf_free) struct sh_buf want = {0};
        const size_t n_columns = sh_rng_below(&rng, 6) + 2, n_rows = sh_rng_below(&rng, 30) + 1;
        const char *end = sh_rng_below(&rng, 2) ? "\r\n" : "\n";
        for (size_t r = 0; r < n_rows; r++)
            for (size_t c = 0; c < n_columns; c++) {
                const bool is_quoted = sh_rng_below(&rng, 3) == 0 && r > 0;
                if (is_quoted)
                    (void)sh_buf_add_char(&text, '"');
                for (uint64_t i = sh_rng_below(&rng, 12); i > 0; i--)
                    if (is_quoted)
                        (void)sh_buf_add_text(&text, (const char *[]){"\"\"", ",", "\n", "\r\n", "x",
                                                                      "医"}[sh_rng_below(&rng, 6)]);
                    else
                        (void)sh_buf_add_text(&text,
                                              (const char *[]){"x", "1", "医", ";"}[sh_rng_below(&rng, 4)]);
                if (r == 0)
                    (void)sh_buf_addf(&text, "h%zu", c);
                (void)sh_buf_addf(&text, "%s%s", is_quoted ? "\"" : "", c + 1 < n_columns ? "," : end);
            }
        struct csv_parser parser;
        CHECK_I64(csv_init(&parser, CSV_STRICT), 0);
        CHECK_I64(csv_parse(&parser, text.at, text.len, libcsv_field, libcsv_row, &want), text.len);
        CHECK_I64(csv_fini(&parser, libcsv_field, libcsv_row, &want), 0);
        csv_free(&parser);
        struct sh_err err;
        CHECK_OK(read_text(sh_buf_view(&text), comma, sh_rng_below(&rng, 200) + 1, &got, &err), &err);
        CHECK(sh_str_eq(sh_buf_view(&got), sh_buf_view(&want)));
    }
}

CHECK_MAIN(cmocka_unit_test(line_ends_and_marks), cmocka_unit_test(quotes),
           cmocka_unit_test(an_open_quote_costs_one_line),
           cmocka_unit_test(a_field_too_long_costs_one_record),
           cmocka_unit_test(an_open_quote_does_not_swallow_the_file),
           cmocka_unit_test(second_bytes_are_no_delimiters),
           cmocka_unit_test(a_file_without_header_is_refused), cmocka_unit_test(both_classifiers_agree),
           cmocka_unit_test(libcsv_reads_the_same))
