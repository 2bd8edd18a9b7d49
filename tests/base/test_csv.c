/* Goal: RFC 4180 is read exactly, with places; what breaks it is told at line and column. */
#include "base/csv.h"
#include "check.h"

static struct sh_csv read_good(const char *text, unsigned flags, struct sh_arena *arena) {
    struct sh_csv csv = {0};
    struct sh_err err;
    CHECK_OK(sh_csv_read("t.csv", sh_str_of(text), flags, arena, &csv, &err), &err);
    return csv;
}

static void a_table_is_read(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_csv csv = read_good("\xef\xbb\xbf"
                                        " code ,name\r\n1,\"a,\"\"b\"\"\nc\"\n\n2,\n",
                                        0, &arena);
    CHECK_I64(csv.header.n_cells, 2);
    CHECK_STR(csv.header.cells[0], "code");
    CHECK_I64(csv.n_rows, 2);
    CHECK_STR(csv.rows[0].cells[1], "a,\"b\"\nc");
    CHECK_I64(csv.rows[0].line, 2);
    CHECK_I64(csv.rows[1].line, 5);
    CHECK_STR(csv.rows[1].cells[1], "");
    CHECK_I64(sh_csv_column(&csv, SH_STR("name")), 1);
    CHECK(sh_csv_column(&csv, SH_STR("x")) == SH_STR_NONE);
}

static void flags_change_what_is_read(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_csv csv = read_good("# note, \"x\na,b\n#z\n1,2", SH_CSV_COMMENTS, &arena);
    CHECK_I64(csv.n_rows, 1);
    CHECK_STR(csv.rows[0].cells[1], "2");
    csv = read_good("a\nb,c\n\"\"\n", SH_CSV_NO_HEADER | SH_CSV_RAGGED, &arena);
    CHECK_I64(csv.n_rows, 3);
    CHECK_I64(csv.rows[1].n_cells, 2);
    CHECK_STR(csv.rows[2].cells[0], "");
    csv = read_good("", SH_CSV_NO_HEADER, &arena);
    CHECK_I64(csv.n_rows, 0);
}

static void faults_are_told_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a,b\n1\n", "t.csv:2:1: row has 1 cells, the first has 2"},
        {"a,b\n\xe5\x8c\xbb,x\"y\n", "t.csv:2:4: quote inside a cell that is not quoted"},
        {"a,b\n1,\"x\ny\n", "t.csv:2:3: quote is not closed"},
        {"a,b\n\"1\"x,2\n", "t.csv:2:4: text behind a closing quote"},
        {"a,b\n1,\xff\n", "t.csv:2:3: not UTF-8"},
        {"a,b\n1\r2,3\n", "t.csv:2:2: carriage return without line feed"},
        {"a,a\n", "t.csv:1: column \"a\" stands twice"},
        {"a,\n", "t.csv:1: column 2 has no name"},
        {"", "t.csv:1:1: no header"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct sh_csv csv;
        struct sh_err err;
        CHECK_CODE(sh_csv_read("t.csv", sh_str_of(cases[i].text), 0, &arena, &csv, &err), SH_E_INPUT);
        CHECK_TEXT(err.message, cases[i].message);
    }
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_csv csv;
    CHECK_CODE(sh_csv_read("t", (struct sh_str){"a\0b", 3}, 0, &arena, &csv, NULL), SH_E_INPUT);
}

static void columns_are_asked_for_by_name(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_csv csv = read_good("code,amount\n1,x\n", 0, &arena);
    struct sh_err err;
    size_t column = 9;
    CHECK_OK(sh_csv_need_column(&csv, "amount", &column, &err), &err);
    CHECK_I64(column, 1);
    CHECK_CODE(sh_csv_need_column(&csv, "amuont", &column, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "is it \"amount\"?");
    CHECK_CODE(sh_csv_need_column(&csv, "zzzzzz", &column, &err), SH_E_INPUT);
    CHECK_CODE(sh_csv_fail(&err, SH_E_INPUT, &csv, &csv.rows[0], 1, "%s is bad", "x"), SH_E_INPUT);
    CHECK_TEXT(err.message, "t.csv:2: column \"amount\": x is bad");
    CHECK_CODE(sh_csv_fail(&err, SH_E_LIMIT, &csv, &csv.rows[0], SH_STR_NONE, "no"), SH_E_LIMIT);
    CHECK_TEXT(err.message, "t.csv:2: no");
    CHECK_CODE(sh_csv_fail(NULL, SH_E_LIMIT, &csv, &csv.rows[0], 0, "no"), SH_E_LIMIT);
}

static sh_code read_some(void *ctx, struct sh_err *err) {
    (void)ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_csv csv;
    return sh_csv_read("t", SH_STR("a,b\n1,\"x\"\"\"\n3,4\n"), 0, &arena, &csv, err);
}

static void each_failing_allocation_is_met(void **state) {
    (void)state;
    check_torture(read_some, NULL);
}

CHECK_MAIN(cmocka_unit_test(a_table_is_read), cmocka_unit_test(flags_change_what_is_read),
           cmocka_unit_test(faults_are_told_with_their_place),
           cmocka_unit_test(columns_are_asked_for_by_name), cmocka_unit_test(each_failing_allocation_is_met))
